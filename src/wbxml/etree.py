"""Documents as ElementTree elements; encode() takes these back."""

from __future__ import annotations

from xml.etree import ElementTree

from .kernel import kernel
from .trees import ATTRIBUTE, EMPTY_STRING, EXTENSION, INSTRUCTION, LITERAL, MARKS, OPAQUE, TEXT, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._kernel_py import BytesLike, Document, Element
    from .codepages import CodePages
    from .constructs import Instruction

    # An element being filled, what is left of its content, and whether it is a byte array.
    _Level = tuple[ElementTree.Element, Iterator[str | memoryview | Element | Instruction], bool]

_SPACE = " \t\r\n"


def to_etree(data_or_doc: BytesLike | Document | Element, *, pages: CodePages | None = None) -> ElementTree.Element:
    """The document as ElementTree elements named "{AirSync}Sync", whose text is bytes where it was opaque.

    ``data_or_doc`` is a document in bytes, decoded by ``pages``, or a Document, or an Element. What such a tree cannot
    say by itself is marked as in XML (see trees.py): an inline string of no characters, text in an element that is a
    byte array, and pieces of text or opaque that run into each other. Unknown tags are named "{Page42}0x05".
    Processing instructions before and behind the root are not in the tree.
    Raises DecodeError where the bytes are no document.
    """
    source = root_of(data_or_doc, pages)
    root = ElementTree.Element(*_start(source))
    levels: list[_Level] = []
    _fill(root, source, levels)
    while levels:
        element, pieces, binary = levels[-1]
        piece = next(pieces, None)
        if piece is None:
            levels.pop()
        elif isinstance(piece, kernel.Element):
            _fill(ElementTree.SubElement(element, *_start(piece)), piece, levels)
        elif not isinstance(piece, (str, memoryview)):
            _mark(element, INSTRUCTION, piece[0], piece[1])
        elif type(piece) is not str and isinstance(piece, str):
            _extension(element, piece)
        else:
            _add(element, piece, binary)
    return root


def _start(element: Element) -> tuple[str, dict[str, str]]:
    """The name of an element, and the attributes that can be written as such."""
    tag = element.tag
    if not tag.namespace:
        return f"{{{MARKS}}}{LITERAL}", {"name": tag.name}
    attributes = {}
    if element.document.pages.attributes:
        attributes = {name: value for name, value in element.attrib.items() if isinstance(value, str)}
    return f"{{{tag.namespace}}}{tag.name}", attributes


def _mark(parent: ElementTree.Element, kind: str, name: str, value: str | bytes) -> None:
    made = ElementTree.SubElement(parent, f"{{{MARKS}}}{kind}", name=name)
    made.text = value  # type: ignore[assignment]


def _extension(parent: ElementTree.Element, extension: Any) -> None:
    made = ElementTree.SubElement(parent, f"{{{MARKS}}}{EXTENSION}", token=f"0x{extension.token:02X}")
    if extension.string is not None:
        made.set("string", extension.string)
    elif extension.value is not None:
        made.set("value", str(extension.value))
    made.text = str(extension)


def _fill(target: ElementTree.Element, source: Element, levels: list[_Level]) -> None:
    """Takes over the content where it is one text or opaque, else leaves it to a new level."""
    for name, value in source.attrib.items():
        if not (isinstance(value, str) and source.tag.namespace and source.document.pages.attributes):
            _mark(target, ATTRIBUTE, name, value)
    pieces = source.nodes
    if not pieces:
        return
    only: Any = pieces[0]
    if len(pieces) > 1 or len(target) or type(only) not in (str, memoryview):
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
