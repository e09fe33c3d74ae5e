"""The codec of pyactivesync (its module ``_wbxml``, as of version 0.17) on this one: the same names, calls and trees.

    import wbxml.compat.pyactivesync
    wbxml.compat.pyactivesync.install()      # from here on, pyactivesync.Client reads and writes by wbxml

A tree is a list of nodes ``(name, None, children)`` with names such as "AirSync.SyncKey"; text is a node
``("#text", text, [])`` among the children, opaque data ``("#opaque", data, [])``.

On purpose it differs in this:

- All tags of all code pages have their names. pyactivesync knows 295 of them, and calls others "page4.0x26" or
  "Email.0x1D"; of the Find page it has MaxPictures, MaxSize and Picture under the tokens of nothing. Names are its own
  where the specification's are others: ItemEstimate for GetItemEstimate, ComposeMail.MIME, Find.GALSearchCriterion.
- Bytes that are no document raise wbxml.DecodeError, a ValueError with the offset. pyactivesync gives a part of the
  tree, or of an HTML page a tree of made-up names, or an IndexError, UnicodeDecodeError or RecursionError.
- String tables, entities, literals, attributes and processing instructions are read; the last two are left out.
- A NUL in a text raises wbxml.EncodeError, and so does a second root; pyactivesync writes what reads as other tags.
- A WBXMLWriter has no ``body`` and ``current_page``, a WBXMLReader neither ``pos`` nor ``page``. A name that is no tag
  raises KeyError as there, by wtag() at once.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module

from ..codepages import ACTIVESYNC
from ..kernel import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .._kernel_py import BytesLike, Writer
    from ..codepages import Tag

    Node = tuple[str, str | bytes | None, list[Any]]
    NodeBuilder = Callable[["WBXMLWriter"], None]
else:
    Node = tuple
    NodeBuilder = object  # for annotations alone

SWITCH_PAGE, END, ENTITY, STR_I, LITERAL, OPAQUE = 0x00, 0x01, 0x02, 0x03, 0x04, 0xC3

_PAGE_NAMES = {"GetItemEstimate": "ItemEstimate"}
_NAMES_THERE = {"ComposeMail:Mime": "MIME", "Find:GalSearchCriterion": "GALSearchCriterion"}


def _tables() -> tuple[dict[str, dict[str, Tag]], dict[str, str]]:
    """The tags by their names there, page by page, and the names in trees by the names of tags here."""
    tags: dict[str, dict[str, Tag]] = {}
    names: dict[str, str] = {}
    for tag in ACTIVESYNC.by_name.values():
        page = _PAGE_NAMES.get(tag.namespace, tag.namespace)
        name = _NAMES_THERE.get(tag, tag.name)
        tags.setdefault(page, {})[name] = tag
        names[tag] = f"{page}.{name}"
    return tags, names


_TAGS, _NAMES = _tables()


class WBXMLWriter:
    """Writes one document: tag() for its root, whose children are what wtag() returns, then render()."""

    __slots__ = ("_writer",)

    _writer: Writer

    def __init__(self) -> None:
        self._writer = kernel.Writer()

    def tag(
        self,
        page_name: str,
        name: str,
        children: Iterable[NodeBuilder] | None = None,
        text: str | None = None,
        opaque: bytes | None = None,
    ) -> WBXMLWriter:
        """This writer, having written an element: its text, then its opaque data, then its children.

        Raises KeyError for a name that is no tag, EncodeError for what cannot be written.
        """
        _write(_TAGS[page_name][name], children, text, opaque, self)
        return self

    def render(self) -> bytes:
        """The document. Raises EncodeError where there is none yet."""
        return self._writer.finish()


def wtag(
    page: str,
    name: str,
    children: Iterable[NodeBuilder] | None = None,
    text: str | None = None,
    opaque: bytes | None = None,
) -> NodeBuilder:
    """A function that writes an element into the WBXMLWriter that it is given. Raises KeyError for no tag."""
    return partial(_write, _TAGS[page][name], children, text, opaque)


def _write(
    tag: Tag, children: Iterable[NodeBuilder] | None, text: str | None, opaque: bytes | None, into: WBXMLWriter
) -> None:
    writer = into._writer
    writer.start(tag)
    if text is not None:
        writer.text(text)
    if opaque is not None:
        writer.opaque(opaque)
    if children:
        # Nested no deeper than the writer lets elements be.
        for child in children:
            child(into)
    writer.end()


class WBXMLReader:
    """Reads one document: parse() gives its tree."""

    __slots__ = ("data",)

    data: BytesLike

    def __init__(self, data: BytesLike) -> None:
        self.data = data

    def parse(self) -> list[Node]:
        """The tree: a list of its root. Raises DecodeError where the bytes are no document."""
        element_type, names = kernel.Element, _NAMES
        found: list[Node] = []
        # An open element each. What is below it is made before what follows it, so that little is alive at a time: the
        # garbage collector would look at all of it again and again.
        levels: list[tuple[list[Node], Iterator[Any]]] = [(found, iter([kernel.decode(self.data).root]))]
        while levels:
            nodes, pieces = levels[-1]
            for piece in pieces:
                if type(piece) is element_type:
                    children: list[Node] = []
                    tag = piece.tag
                    nodes.append((names.get(tag) or _name(tag), None, children))
                    inner: list[Any] = piece.pieces
                    if len(inner) == 1 and type(inner[0]) is str:
                        children.append(("#text", inner[0], []))
                    elif inner:
                        levels.append((children, iter(inner)))
                        break
                elif type(piece) is memoryview:
                    nodes.append(("#opaque", bytes(piece), []))
                else:
                    nodes.append(("#text", str(piece), []))
            else:
                levels.pop()
        return found


def _name(tag: Tag) -> str:
    """The name of a tag that the code pages do not have: "AirSync.0x3F", "page42.0x05", a literal's as it is."""
    if tag.page is None:
        return tag.name
    page = _PAGE_NAMES.get(tag.namespace, ACTIVESYNC.namespaces.get(tag.page, f"page{tag.page}"))
    return f"{page}.{tag.name}"


def find(nodes: list[Node], path: str) -> Node | None:
    """The first node with this name ("AirSync.SyncKey") among the nodes and all below them, in order, or None."""
    return next(_named(nodes, path), None)


def find_all(nodes: list[Node], path: str) -> list[Node]:
    """All nodes with this name among the nodes and all below them, in order."""
    return list(_named(nodes, path))


def _named(nodes: list[Node], path: str) -> Iterator[Node]:
    levels = [iter(nodes)]
    while levels:
        for node in levels[-1]:
            name, _, children = node
            if name == path:
                yield node
            # Most nodes hold one text and nothing else.
            if children and (len(children) > 1 or children[0][2] or children[0][0] == path):
                levels.append(iter(children))
                break
        else:
            levels.pop()


def text_of(node: Node | None) -> str | None:
    """The first text of the node, or None where it has none or there is no node."""
    value = _first(node, "#text")
    return None if value is None else str(value)


def opaque_of(node: Node | None) -> bytes | None:
    """The first opaque data of the node, or None where it has none or there is no node."""
    value = _first(node, "#opaque")
    return None if value is None else bytes(value)


def _first(node: Node | None, kind: str) -> Any:
    return next((value for name, value, _ in node[2] if name == kind), None) if node else None


def leaves(nodes: list[Node]) -> dict[str, str]:
    """The first text of each node that has one, by name; of a name that comes again, the last one's."""
    found: dict[str, Any] = {}
    levels = [iter(nodes)]
    while levels:
        for node in levels[-1]:
            children = node[2]
            text = children[0][1] if children and children[0][0] == "#text" else _first(node, "#text")
            if text is not None:
                found[node[0]] = text
            elif children:
                levels.append(iter(children))
                break
        else:
            levels.pop()
    return found


def install() -> Callable[[], None]:
    """A function that undoes this: from now on pyactivesync uses this module in place of its own codec.

    It makes no difference whether its client is imported already. Raises ImportError where pyactivesync is not
    installed, or where its codec has names that are not here.
    """
    theirs, ours = import_module("pyactivesync._wbxml"), sys.modules[__name__]
    if theirs is ours:
        return lambda: None
    made_there = {
        name: value
        for name, value in vars(theirs).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == theirs.__name__
    }
    if missing := sorted(made_there.keys() - set(__all__)):
        raise ImportError(f"pyactivesync's codec has names that are not known here: {', '.join(missing)}")
    package = sys.modules[theirs.__package__ or ""]
    replaced: list[tuple[dict[str, Any], str, Any]] = [
        (sys.modules, theirs.__name__, ours),
        (vars(package), "_wbxml", ours),
    ]
    # Who has imported names from it already holds them himself.
    for place, module in list(sys.modules.items()):
        if place.startswith(f"{package.__name__}.") and module is not theirs:
            held = vars(module)
            replaced += [
                (held, name, getattr(ours, name)) for name, value in made_there.items() if held.get(name) is value
            ]
    before = [(names, name, names[name]) for names, name, _ in replaced]
    for names, name, value in replaced:
        names[name] = value

    def undo() -> None:
        for names, name, value in before:
            names[name] = value

    return undo


__all__ = [
    "END",
    "ENTITY",
    "LITERAL",
    "OPAQUE",
    "STR_I",
    "SWITCH_PAGE",
    "Node",
    "NodeBuilder",
    "WBXMLReader",
    "WBXMLWriter",
    "find",
    "find_all",
    "install",
    "leaves",
    "opaque_of",
    "text_of",
    "wtag",
]
