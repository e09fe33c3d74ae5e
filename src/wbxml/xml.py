"""XML text: documents as Microsoft's specifications print them, and back.

The namespace of the root's code page is the default one, those of other code pages have prefixes, all declared on the
root as in the examples of [MS-ASCMD]. What XML alone cannot say is marked: trees.py lists the marks. Opaque data is
base64; it needs no mark in an element that the specification types as a byte array, where text is what needs one.

A processing instruction before or behind the root, where no element can stand, is written as one that XML can always
carry: <?wbxml-instruction ["name", "value"]?>, in JSON, where opaque data is ["base64", "..."].
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from typing import cast
from xml.parsers import expat

from .errors import EncodeError
from .kernel import kernel
from .trees import ATTRIBUTE, EMPTY_STRING, EXTENSION, INSTRUCTION, LITERAL, MARKS, OPAQUE, TEXT, TreeWriter, root_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._kernel_py import BytesLike, Document, Element
    from .codepages import CodePages, Tag
    from .constructs import Extension, Instruction

_DECLARATION = '<?xml version="1.0"?>\n'
_SPACE = " \t\r\n"
# XML 1.0 section 2.2, Char: what is not in it cannot even stand as a character reference.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What an attribute may be named like without a second thought: XML has further names, and keeps some for itself.
_NAME = re.compile(r"(?!xml)[A-Za-z_][A-Za-z0-9_.-]*|xml:(?:lang|space)", re.ASCII)
_XML = "http://www.w3.org/XML/1998/namespace}"
_INSTRUCTION = "wbxml-instruction"


def to_xml(
    data_or_doc: BytesLike | Document | Element, *, indent: int | None = None, pages: CodePages | None = None
) -> str:
    """The document as XML text, with the namespaces of [MS-ASCMD]'s examples; from_xml() takes it back.

    ``data_or_doc`` is a document in bytes, decoded by ``pages``, or a Document, or an Element. With ``indent`` each
    element that stands among elements only has a line of its own, indented by so many spaces a level.
    It is a str without a declared encoding: write it as UTF-8. Raises DecodeError where the bytes are not a document.
    """
    root = root_of(data_or_doc, pages)
    names = _Names(root.tag)
    document = root.document
    whole = root == document.root
    out: list[str] = []
    _write(root, names, out, -1 if indent is None else indent)
    # Which namespaces there are is known only now; the root's name comes first.
    out[0] += names.declarations()
    prolog = [f"{_instruction(one)}\n" for one in document.prolog] if whole else []
    epilog = [f"\n{_instruction(one)}" for one in document.epilog] if whole else []
    return "".join([_DECLARATION, *prolog, *out, *epilog])


def _instruction(instruction: Instruction) -> str:
    name, value = instruction
    held = value if isinstance(value, str) else ["base64", b64encode(value).decode()]
    return f"<?{_INSTRUCTION} {json.dumps([name, held]).replace('?', chr(92) + 'u003f')}?>"


class _Names:
    """The spelling of each tag, and the prefixes that this takes."""

    __slots__ = ("_default", "_prefixes", "_spelled", "marked")

    def __init__(self, root: Tag) -> None:
        self._default = root.namespace if _has_name(root) else ""
        self._prefixes: dict[str, str] = {}
        self._spelled: dict[Tag, tuple[str, str]] = {}
        self.marked = False

    def spell(self, tag: Tag) -> tuple[str, str]:
        """What stands in the tag's start tag and in its end tag."""
        spelled = self._spelled.get(tag)
        if spelled is None:
            if not tag.namespace:
                self.marked = True
                name, marks = _escaped_attribute(tag.name)
                marks = marks and ' name-escaped="true"'  # the other mark would be one of the content
                spelled = f'w:{LITERAL} name="{name}"{marks}', f"w:{LITERAL}"
            elif not _has_name(tag):
                self.marked = True
                spelled = f'w:tag page="{tag.page}" token="0x{tag.token:02X}"', "w:tag"
            elif tag.namespace == self._default:
                spelled = tag.name, tag.name
            else:
                name = f"{self._prefix(tag.namespace)}:{tag.name}"
                spelled = name, name
            self._spelled[tag] = spelled
        return spelled

    def mark(self, kind: str) -> str:
        self.marked = True
        return f' w:type="{kind}"'

    def _prefix(self, namespace: str) -> str:
        prefix = self._prefixes.get(namespace)
        if prefix is None:
            prefix = namespace.lower()
            # Not those that XML keeps for itself, that of the marks, or one that is taken.
            while prefix.startswith("xml") or prefix == "w" or prefix in self._prefixes.values():
                prefix = f"_{prefix}"
            self._prefixes[namespace] = prefix
        return prefix

    def declarations(self) -> str:
        found = [f' xmlns="{self._default}"'] if self._default else []
        found += [f' xmlns:{prefix}="{namespace}"' for namespace, prefix in self._prefixes.items()]
        if self.marked:
            found.append(f' xmlns:w="{MARKS}"')
        return "".join(found)


def _has_name(tag: Tag) -> bool:
    # The names of unknown tags are their tokens, "0x3F", which no XML name can be.
    return not tag.name.startswith("0x")


class _Level:
    """An open element: the content still to be written, its tag and end tag, and how that content is laid out."""

    __slots__ = ("after_text", "end", "indented", "pieces", "tag")

    def __init__(self, tag: Tag, end: str, pieces: list[str | memoryview | Element | Instruction], indent: int) -> None:
        self.tag = tag
        self.end = end
        self.pieces: Iterator[str | memoryview | Element | Instruction] = iter(pieces)
        # White space beside text or opaque would be content.
        self.indented = indent >= 0 and bool(pieces) and all(type(piece) is kernel.Element for piece in pieces)
        self.after_text = False


def _write(root: Element, names: _Names, out: list[str], indent: int) -> None:
    levels: list[_Level] = []
    _element(root, names, out, levels, indent)
    while levels:
        level = levels[-1]
        piece = next(level.pieces, None)
        if piece is None:
            levels.pop()
            if level.indented:
                out.append("\n" + " " * (indent * len(levels)))
            out.append(f"</{level.end}>")
        elif type(piece) is str:
            _text(piece, level, names, out)
            level.after_text = True
        elif isinstance(piece, str):
            _extension(cast("Extension", piece), names, out)
            level.after_text = False
        elif isinstance(piece, memoryview):
            names.marked = True
            out.append(f"<w:opaque>{b64encode(piece).decode()}</w:opaque>")
            level.after_text = False
        elif isinstance(piece, tuple):
            _named(INSTRUCTION, piece[0], piece[1], names, out)
            level.after_text = False
        else:
            if level.indented:
                out.append("\n" + " " * (indent * len(levels)))
            _element(piece, names, out, levels, indent)
            level.after_text = False


def _element(element: Element, names: _Names, out: list[str], levels: list[_Level], indent: int) -> None:
    """Writes an element that holds one text, one opaque or nothing; of another one, the start tag."""
    tag = element.tag
    start, end = names.spell(tag)
    pieces = element.nodes
    out.append(f"<{start}")
    marked = _attributes(element, out)
    if marked:
        out.append(">")
        for name, value in marked:
            _named(ATTRIBUTE, name, value, names, out)
        levels.append(_Level(tag, end, pieces, indent))
        return
    if not pieces:
        out.append("/>")
        return
    only = pieces[0]
    if len(pieces) > 1 or type(only) not in (str, memoryview):
        out.append(">")
        levels.append(_Level(tag, end, pieces, indent))
    elif isinstance(only, str):
        if not only:
            out.append(f"{names.mark(EMPTY_STRING)}/>")
            return
        marks = names.mark(TEXT) if tag.binary else ""
        if _ILLEGAL.search(only):
            marks += ' w:escaped="true"'
            names.marked = True
            only = _escaped(only)
        out.append(f"{marks}>{_quoted(only)}</{end}>")
    elif isinstance(only, memoryview):
        # Nothing between the tags would be no content at all.
        marks = "" if tag.binary and len(only) else names.mark(OPAQUE)
        out.append(f"{marks}>{b64encode(only).decode()}</{end}>" if len(only) else f"{marks}/>")


def _attributes(element: Element, out: list[str]) -> list[tuple[str, str | bytes]]:
    """Writes the attributes that XML can carry as such, and returns the others."""
    attributes = element.attrib
    if not attributes:
        return []
    marked = []
    plain = bool(element.document.pages.attributes) and element.tag.namespace and _has_name(element.tag)
    for name, value in attributes.items():
        if plain and isinstance(value, str) and _NAME.fullmatch(name) and not _ILLEGAL.search(value):
            out.append(f' {name}="{_quoted_attribute(value)}"')
        else:
            marked.append((name, value))
    return marked


def _named(kind: str, name: str, value: str | bytes, names: _Names, out: list[str]) -> None:
    """Writes an attribute or an instruction as an element."""
    marks = ""
    if isinstance(value, bytes):
        marks = f' w:type="{OPAQUE}"'
    if _ILLEGAL.search(name) or (isinstance(value, str) and _ILLEGAL.search(value)):
        marks += ' w:escaped="true"'
        name = _escaped(name)
        value = _escaped(value) if isinstance(value, str) else value
    names.marked = True
    content = _quoted(value) if isinstance(value, str) else b64encode(value).decode()
    out.append(f'<w:{kind} name="{_quoted_attribute(name)}"{marks}>{content}</w:{kind}>')


def _extension(extension: Extension, names: _Names, out: list[str]) -> None:
    marks = value = ""
    if isinstance(extension.value, str):
        value, marks = _escaped_attribute(extension.value)
        value = f' value="{value}"'
    elif extension.string is not None:
        value, marks = _escaped_attribute(extension.string)
        value = f' string="{value}"'
    elif extension.value is not None:
        value = f' value="{extension.value}"'
    names.marked = True
    shown = _quoted(_ILLEGAL.sub("\ufffd", str(extension)))
    out.append(f'<w:{EXTENSION} token="0x{extension.token:02X}"{value}{marks}>{shown}</w:{EXTENSION}>')


def _escaped_attribute(text: str) -> tuple[str, str]:
    """The text as the value of an attribute, and the mark that it needs."""
    if _ILLEGAL.search(text):
        return _quoted_attribute(_escaped(text)), ' w:escaped="true"'
    return _quoted_attribute(text), ""


def _quoted_attribute(text: str) -> str:
    # A parser turns white space in an attribute into spaces: XML 1.0 section 3.3.3.
    return _quoted(text).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")


def _text(text: str, level: _Level, names: _Names, out: list[str]) -> None:
    """Writes text that stands beside other content: as it is, where it would be read back as it is."""
    illegal = _ILLEGAL.search(text) is not None
    if not illegal and not level.after_text and not level.tag.binary and text.strip(_SPACE):
        out.append(_quoted(text))
        return
    names.marked = True
    if illegal:
        out.append(f'<w:text w:escaped="true">{_quoted(_escaped(text))}</w:text>')
    else:
        out.append(f"<w:text>{_quoted(text)}</w:text>")


def _escaped(text: str) -> str:
    return _ILLEGAL.sub(lambda found: f"\\u{ord(found[0]):04X}", text.replace("\\", "\\\\"))


def _quoted(text: str) -> str:
    # A parser turns a plain carriage return into a line feed: XML 1.0 section 2.11.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def from_xml(text: str | BytesLike, *, pages: CodePages | None = None) -> bytes:
    """The WBXML document for XML text, as to_xml() writes it and Microsoft's specifications print it.

    ``text`` is a str, or bytes in the encoding that they declare. Namespaces may have the older spelling "AirSync:".
    White space between elements is layout, in an element without child elements it is text. ``pages`` are the code
    pages, those of ActiveSync by default.

    Raises EncodeError with line and column for text that is not XML, for document types and entities (which can make
    any text grow without end, or fetch files), for names that no code page has, and for what WBXML cannot carry.
    """
    reader = _Reader(pages)
    reader.read(text)
    return reader.writer.finish()


class _Reader:
    """Hands what the XML parser finds to a TreeWriter, and adds line and column to errors."""

    __slots__ = ("_parser", "_places", "_tree", "writer")

    def __init__(self, pages: CodePages | None) -> None:
        self.writer = kernel.Writer(pages=pages)
        self._tree = TreeWriter(self.writer, pages=pages)
        self._places: list[tuple[int, int]] = []
        self._parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._tree.text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction

    def read(self, text: str | BytesLike) -> None:
        try:
            self._parser.Parse(text, True)
        except EncodeError:
            raise
        except expat.ExpatError as error:
            raise _at(expat.ErrorString(error.code), error.lineno, error.offset) from None
        except UnicodeEncodeError as error:
            line = error.object.count("\n", 0, error.start) + 1
            column = error.start - error.object.rfind("\n", 0, error.start) - 1
            raise _at("a lone surrogate is not a character", line, column) from None
        except (LookupError, ValueError) as error:  # the declared encoding is one that Python does not know
            raise _at(str(error), 1, 0) from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        place = self._place()
        self._places.append(place)
        if attributes:
            attributes = {_attribute(key): value for key, value in attributes.items()}
        try:
            self._tree.start(name, attributes)
        except EncodeError as error:
            raise _at(str(error), *place) from None

    def _end(self, name: str) -> None:
        place = self._places.pop()
        try:
            self._tree.end()
        except EncodeError as error:
            raise _at(str(error), *place) from None

    def _doctype(self, name: str, *_: object) -> None:
        raise _at("document types and entities are refused", *self._place())

    def _instruction(self, target: str, data: str) -> None:
        place = self._place()
        if target != _INSTRUCTION:
            raise _at(f"processing instruction {target!r}: only {_INSTRUCTION} is one of WBXML's", *place)
        try:
            name, value = json.loads(data)
            if isinstance(value, list):
                value = b64decode(value[1], validate=True)
            self._tree.instruction(name, value)
        except EncodeError as error:
            raise _at(str(error), *place) from None
        except (ValueError, TypeError, IndexError):
            raise _at(f'{_INSTRUCTION} is followed by ["name", "value"]', *place) from None

    def _place(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber


def _attribute(key: str) -> str:
    """The name of an attribute as trees.py has it."""
    if key.startswith(_XML):
        return f"xml:{key.removeprefix(_XML)}"
    return f"{{{key}" if "}" in key else key


def _at(message: str, line: int, column: int) -> EncodeError:
    """The error with its place; the parser counts columns from 0, editors from 1."""
    error = EncodeError(f"line {line}, column {column + 1}: {message}")
    error.line = line
    error.column = column + 1
    return error


__all__ = ["from_xml", "to_xml"]
