"""Documents as ElementTree elements; encode() takes these back."""

from __future__ import annotations

from xml.etree import ElementTree

from .kernel import kernel
from .trees import EMPTY_STRING, MARKS, OPAQUE, TEXT, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._kernel_py import BytesLike, Document, Element
    from .codepages import CodePages

    # An element being filled, what is left of its content, and whether it is a byte array.
    _Level = tuple[ElementTree.Element, Iterator[str | memoryview | Element], bool]

_SPACE = " \t\r\n"


def to_etree(data_or_doc: BytesLike | Document | Element, *, pages: CodePages | None = None) -> ElementTree.Element:
    """The document as ElementTree elements named "{AirSync}Sync", whose text is bytes where it was opaque.

    ``data_or_doc`` is a document in bytes, decoded by ``pages``, or a Document, or an Element. What such a tree cannot
    say by itself is marked as in XML (see trees.py): an inline string of no characters, text in an element that is a
    byte array, and pieces of text or opaque that run into each other. Unknown tags are named "{Page42}0x05".
    Raises DecodeError where the bytes are no document.
    """
    source = root_of(data_or_doc, pages)
    root = ElementTree.Element(_name(source))
    levels: list[_Level] = []
    _fill(root, source, levels)
    while levels:
        element, pieces, binary = levels[-1]
        piece = next(pieces, None)
        if piece is None:
            levels.pop()
        elif isinstance(piece, kernel.Element):
            _fill(ElementTree.SubElement(element, _name(piece)), piece, levels)
        else:
            _add(element, piece, binary)
    return root


def _name(element: Element) -> str:
    return f"{{{element.tag.namespace}}}{element.tag.name}"


def _fill(target: ElementTree.Element, source: Element, levels: list[_Level]) -> None:
    """Takes over the content where it is one text or opaque, else leaves it to a new level."""
    pieces = source.pieces
    if not pieces:
        return
    only: Any = pieces[0]
    if len(pieces) > 1 or isinstance(only, kernel.Element):
        levels.append((target, iter(pieces), source.tag.binary))
    elif only == "":
        target.set(f"{{{MARKS}}}type", EMPTY_STRING)
    elif isinstance(only, str):
        if source.tag.binary:
            target.set(f"{{{MARKS}}}type", TEXT)
        target.text = only
    else:
        target.text = bytes(only)  # type: ignore[assignment]


def _add(element: ElementTree.Element, piece: str | memoryview, binary: bool) -> None:
    """Puts a piece behind what is in the element: as its text or a tail, where that is free, else as an element."""
    content: Any = piece if isinstance(piece, str) else bytes(piece)
    last = element[-1] if len(element) else None
    free = element.text is None if last is None else last.tail is None
    # White space between elements would be taken for layout, and text in a byte array for base64.
    if not free or (isinstance(content, str) and (binary or not content.strip(_SPACE))):
        name = TEXT if isinstance(content, str) else OPAQUE
        ElementTree.SubElement(element, f"{{{MARKS}}}{name}").text = content
    elif last is None:
        element.text = content
    else:
        last.tail = content


__all__ = ["to_etree"]
