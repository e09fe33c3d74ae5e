"""Writes trees as WBXML: ElementTree elements (lxml's, too) and, for xml.py, the elements of XML text.

What a tree of names and text cannot say by itself is said by marks, names in the namespace MARKS (prefix ``w`` in XML):

    w:type="opaque"        on an element: its text is base64, and stands for opaque data
    w:type="text"          on an element that is a byte array: its text is text
    w:type="empty-string"  on an element: it holds an inline string of no characters
    w:escaped="true"       on an element: its text is written with \\uXXXX for what XML cannot carry, and \\\\ for \\
    <w:tag page= token=>   an element whose tag the code pages do not know, by its numbers
    <w:literal name=>      an element that the document names itself; name-escaped="true" is as w:escaped, for the name
    <w:text>, <w:opaque>   one piece of content of the element around it, where text alone would run into its neighbours
    <w:ext token= value=>  an extension, whose text is what it stands for, and is passed over; string= has the string
                           that its number refers to
    <w:attr name=>         an attribute of the element around it, before its content, that cannot be written as one:
                           where the code pages have no attributes, where its name or a character of it is none of
                           XML's, and, with w:type="opaque", where it is opaque data
    <w:instruction name=>  a processing instruction; what is said of <w:attr> goes for its content, too
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error

from .codepages import ACTIVESYNC, TOKEN_MASK, ComposeMail
from .errors import EncodeError
from .kernel import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ._kernel_py import BytesLike, Document, Element, Writer
    from .codepages import CodePages, Tag
    from .constructs import Extension

MARKS = "urn:activesync:wbxml"
"""The XML namespace of the marks."""

TEXT, OPAQUE, EMPTY_STRING = "text", "opaque", "empty-string"
LITERAL, EXTENSION, ATTRIBUTE, INSTRUCTION = "literal", "ext", "attr", "instruction"

_TYPE = f"{{{MARKS}}}type"
_ESCAPED = f"{{{MARKS}}}escaped"
_SPACE = " \t\r\n"
_MESSAGE = re.compile(r"\s*[!-9;-~]+:", re.ASCII)  # a header's name; a colon is no character of base64
_NO_SPACE = str.maketrans("", "", _SPACE)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(\\)|)")
# Other spellings of namespaces: [MS-ASWBXML] calls page 16 Gal, the schemas and [MS-ASCMD] call it GAL.
_ALIASES = {"Gal": "GAL"}


def root_of(source: BytesLike | Document | Element, pages: CodePages | None) -> Element:
    """The root element of a document, decoded by these code pages where it is still bytes. Raises DecodeError."""
    if isinstance(source, kernel.Element):
        return source
    if not isinstance(source, kernel.Document):
        source = kernel.decode(source, pages=pages)
    return source.root


class TreeWriter:
    """Takes the start, content and end of elements, marked or not, and hands them to a Writer.

    White space between elements is layout and is dropped. Text in an element that is a byte array is base64, unless it
    is marked as text, or is a message in ComposeMail:Mime. In ActiveSync, an element whose namespace is none of a code
    page is the one with that name that may stand there.
    """

    __slots__ = ("_levels", "_pages", "_tags", "_text", "_writer")

    def __init__(self, writer: Writer, *, pages: CodePages | None = None) -> None:
        self._writer = writer
        self._pages = pages or ACTIVESYNC
        self._levels: list[_Level] = []
        self._tags: dict[tuple[str, str, Tag | None], Tag] = {}  # the names that were met, by what they stood in
        self._text: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Opens the element ``name``, "{AirSync}Sync". Raises EncodeError for a name or attribute that has no place."""
        namespace, _, local = name.removeprefix("{").rpartition("}")
        parent = self._levels[-1] if self._levels else None
        if parent is not None:
            self._flush(last=False)
            if parent.type:
                raise EncodeError(f"{parent.name}: an element marked {parent.type!r} cannot hold elements")
            if parent.piece:
                raise EncodeError(f"{parent.name} holds no elements")
            if namespace != MARKS or local != ATTRIBUTE:
                self._begin(parent)
                parent.mixed = True
            elif parent.begun:
                raise EncodeError(f"{parent.name}: w:{ATTRIBUTE} stands before all content")
        if namespace == MARKS and local not in ("tag", LITERAL):
            self._levels.append(_piece(local, attributes, has_parent=parent is not None))
            return
        if namespace != MARKS:
            tag = self._tag(namespace, local, parent)
        elif local == LITERAL:
            tag, attributes = _by_itself(attributes)
        else:
            tag, attributes = _by_number(attributes, self._pages)
        level = _Level(tag, tag)
        if attributes:
            _mark(level, attributes, self._pages)
        level.encoded = tag.binary and not level.type
        self._levels.append(level)

    def text(self, text: str) -> None:
        """Takes text, which may come in parts."""
        self._text.append(text)

    def opaque(self, data: BytesLike) -> None:
        """Writes opaque data into the open element."""
        self._flush(last=False)
        level = self._levels[-1]
        if level.type and level.type != OPAQUE:
            raise EncodeError(f"{level.name}: bytes in an element marked {level.type!r}")
        level.mixed = True
        if level.piece in (ATTRIBUTE, INSTRUCTION):
            level.value = bytes(data)
            return
        self._begin(level)
        self._writer.opaque(data)

    def end(self) -> None:
        """Closes the element that was opened last."""
        self._flush(last=True)
        level = self._levels.pop()
        if level.tag is not None:
            self._begin(level)
            self._writer.end()
        elif level.piece == ATTRIBUTE:
            self._levels[-1].attributes[level.label] = level.value
        elif level.piece == INSTRUCTION:
            self._writer.instruction(level.label, level.value)
        elif level.extension is not None:
            self._writer.extension(level.extension)

    def _tag(self, namespace: str, local: str, parent: _Level | None) -> Tag:
        """The tag with this name, here. Raises EncodeError."""
        key = namespace, local, None if parent is None else parent.tag
        tag = self._tags.get(key)
        if tag is None:
            tag = self._tags[key] = _by_name(namespace, local, self._pages, key[2])
        return tag

    def instruction(self, name: str, value: str | bytes) -> None:
        """Writes a processing instruction before the root or behind it."""
        self._writer.instruction(name, value)

    def _begin(self, level: _Level) -> None:
        """Writes the element's tag, when its attributes are known."""
        if not level.begun and level.tag is not None:
            self._writer.start(level.tag, level.attributes or None)
            level.begun = True

    def _flush(self, *, last: bool) -> None:
        """Writes the text since the last start or end; ``last`` says that the element ends here."""
        level = self._levels[-1]
        if not self._text and not (last and (level.type or level.piece)):
            return
        text = "".join(self._text)
        self._text.clear()
        whole = last and not level.mixed
        if level.piece in (ATTRIBUTE, INSTRUCTION):
            if whole and level.type == OPAQUE:
                level.value = _from_base64(text, level)
            elif whole:
                level.value = _unescaped(text, level) if level.escaped else text
            return
        if level.extension is not None:
            return
        if whole or text.strip(_SPACE):
            self._begin(level)
        if level.type == EMPTY_STRING:
            if text.strip(_SPACE):
                raise EncodeError(f"{level.name}: an element marked {EMPTY_STRING!r} holds nothing")
            if last:
                self._writer.text("")
        elif whole and level.type == OPAQUE:
            self._writer.opaque(_from_base64(text, level))
        elif whole and level.tag is None:
            self._writer.text(_unescaped(text, level) if level.escaped else text)
        elif text and (whole or text.strip(_SPACE)):
            if level.encoded:
                data = _from_base64(text, level)
                if data:
                    self._writer.opaque(data)
            else:
                self._writer.text(_unescaped(text, level) if level.escaped else text)


class _Level:
    """An open element, or a piece (<w:text>, <w:attr> ...), which has no tag."""

    __slots__ = (
        "attributes",
        "begun",
        "encoded",
        "escaped",
        "extension",
        "label",
        "mixed",
        "name",
        "piece",
        "tag",
        "type",
        "value",
    )

    def __init__(self, name: str, tag: Tag | None, piece: str = "") -> None:
        self.name = name
        self.tag = tag
        self.piece = piece
        self.attributes: dict[str, str | bytes] = {}
        self.begun = False  # whether the tag is written
        self.label = ""  # of an attribute or instruction, its name
        self.value: str | bytes = ""
        self.extension: Extension | None = None
        self.type = ""
        self.escaped = False
        self.encoded = False  # text is base64 though no mark says so
        self.mixed = False  # something beside one text stands in it


def _piece(local: str, attributes: Mapping[str, str], *, has_parent: bool) -> _Level:
    if local not in (TEXT, OPAQUE, EXTENSION, ATTRIBUTE, INSTRUCTION):
        marks = "w:tag, w:literal, w:text, w:opaque, w:ext, w:attr and w:instruction"
        raise EncodeError(f"w:{local} is not a mark: there are {marks}")
    level = _Level(f"w:{local}", None, local)
    if not has_parent:
        raise EncodeError(f"{level.name} stands for a piece of an element and cannot be the root")
    others = dict(attributes)
    if local in (ATTRIBUTE, INSTRUCTION):
        if "name" not in others:
            raise EncodeError(f"{level.name} needs a name")
        level.label = others.pop("name")
    token, value, string = "", None, None
    if local == EXTENSION:
        token, value, string = others.pop("token", ""), others.pop("value", None), others.pop("string", None)
    _mark(level, others, None)
    if local in (ATTRIBUTE, INSTRUCTION):
        level.label = _unescaped(level.label, level) if level.escaped else level.label
    elif level.type:
        raise EncodeError(f"{level.name} says its type itself")
    if local in (TEXT, OPAQUE):
        level.type = local
    elif local == EXTENSION:
        level.extension = _extension(level, token, value, string)
    return level


def _extension(level: _Level, token: str, value: str | None, string: str | None) -> Extension:
    from .constructs import EXT_T, STR_T, Extension

    try:
        number = int(token, 0)
        if string is not None:
            return Extension(number, 0, string=_unescaped(string, level) if level.escaped else string)
        held: str | int | None = value
        if value is not None:
            held = int(value) if EXT_T <= number < STR_T else _unescaped(value, level) if level.escaped else value
        return Extension(number, held)
    except ValueError:
        raise EncodeError(
            'w:ext needs token="0x40" to "0x42" and a value, "0x80" to "0x82" and a number, or "0xC0" to "0xC2"'
        ) from None


def _by_itself(attributes: Mapping[str, str]) -> tuple[Tag, dict[str, str]]:
    """The tag that <w:literal name="br"> names, and the other attributes."""
    from .constructs import literal

    others = dict(attributes)
    name = others.pop("name", None)
    if name is None:
        raise EncodeError("w:literal needs a name")
    if others.pop("name-escaped", "") == "true":
        name = _unescaped(name, _Level("w:literal", None))
    return literal(name), others


def _mark(level: _Level, attributes: Mapping[str, str], pages: CodePages | None) -> None:
    """Takes the marks among the attributes, and others where the code pages have such. Raises EncodeError."""
    for name, value in attributes.items():
        if name == _TYPE and value in (TEXT, OPAQUE, EMPTY_STRING):
            level.type = value
        elif name == _ESCAPED and value in ("true", "false"):
            level.escaped = value == "true"
        elif name in (_TYPE, _ESCAPED):
            raise EncodeError(f"{level.name}: {value!r} is no value for w:{name.rpartition('}')[2]}")
        elif pages is not None and pages.attributes and "}" not in name:
            level.attributes[name] = value
        else:
            raise EncodeError(f"{level.name}: attribute {name!r}: ActiveSync WBXML has no attributes")


def _by_number(attributes: Mapping[str, str], pages: CodePages) -> tuple[Tag, dict[str, str]]:
    """The tag that <w:tag page="42" token="0x05"> names, and the other attributes."""
    others = dict(attributes)
    try:
        page, token = int(others.pop("page"), 0), int(others.pop("token"), 0)
    except (KeyError, ValueError):
        page = token = -1
    if not 0 <= page <= 255 or not 5 <= token <= TOKEN_MASK:
        raise EncodeError('w:tag needs page="0" to "255" and token="0x05" to "0x3F"')
    return pages.tag(page << 6 | token), others


def _by_name(namespace: str, local: str, pages: CodePages, parent: Tag | None) -> Tag:
    """The tag with this name. "AirSync:" with a colon is the older spelling of the namespace "AirSync"."""
    page = namespace.removesuffix(":")
    page = _ALIASES.get(page, page) if pages is ACTIVESYNC else page
    try:
        return pages.lookup(f"{page}:{local}")
    except ValueError:
        pass
    if page not in pages.namespaces.values():
        if pages is ACTIVESYNC:
            return _by_context(namespace, local, parent)
        # Other languages have no namespaces: Service Indication is printed as <si><indication>.
        found = [tag for tag in pages.by_name.values() if tag.name == local]
        if len(found) == 1 and not namespace:
            return found[0]
    elif pages is ACTIVESYNC:
        from .knowledge import ALIASES

        name = ALIASES.get(f"{page}:{local}")
        if name is not None:
            return pages.by_name[f"{page}:{name}"]
    raise EncodeError(_no_such_tag(namespace, page, local, pages))


def _by_context(namespace: str, local: str, parent: Tag | None) -> Tag:
    """The tag with this name that may stand in ``parent`` (None: be the root), where no namespace says which it is.

    Where none may, the one in the parent's own code page: this is no check of documents. Raises EncodeError.
    """
    from difflib import get_close_matches

    from .knowledge import ALIASES, may_stand_in

    found = may_stand_in(local, parent)
    if not found and parent is not None:
        name = f"{parent.namespace}:{local}"
        tag = ACTIVESYNC.by_name.get(f"{parent.namespace}:{ALIASES.get(name, local)}")
        found = [] if tag is None else [tag]
    if len(found) == 1:
        return found[0]
    what = (
        f"{local} has no namespace" if not namespace else f"{local}: {namespace!r} is not the namespace of a code page"
    )
    if found:
        raise EncodeError(f"{what}, and in {parent} it may be {' or '.join(found)}")
    if parent is None:
        raise EncodeError(f"{what}, and it is not the root of a command{_owners(local, ACTIVESYNC)}")
    names = [tag.name for tag in ACTIVESYNC.by_name.values() if tag.page == parent.page]
    near = get_close_matches(local, names, 1) if len(local) <= 64 else []
    hint = f"; did you mean {near[0]}?" if near else _owners(local, ACTIVESYNC)
    raise EncodeError(f"{what}, and none such may stand in {parent}{hint}")


def _owners(local: str, pages: CodePages) -> str:
    owners = [tag.namespace for tag in pages.by_name.values() if tag.name == local]
    return f"; {local} is a tag of {' and '.join(owners)}" if owners else ""


def _no_such_tag(namespace: str, page: str, local: str, pages: CodePages) -> str:
    hint = _owners(local, pages)
    if not namespace:
        return f"{local} has no namespace, and so no code page{hint}"
    if page not in pages.namespaces.values():
        return f"{local}: {namespace!r} is not the namespace of a code page{hint}"
    return f"{local} is not a tag of {page}{hint}"


def _from_base64(text: str, level: _Level) -> bytes:
    if level.tag == ComposeMail.Mime and not level.type and _MESSAGE.match(text):
        # Microsoft prints the message itself: [MS-ASHTTP] section 4.4. Its lines end with CRLF (RFC 5322 section 2.3).
        return re.sub("\r?\n", "\r\n", text.lstrip()).encode()
    try:
        return b64decode(text.translate(_NO_SPACE), validate=True)
    except (Base64Error, ValueError):
        hint = "" if level.type else f' (text in a byte array is marked w:type="{TEXT}")'
        raise EncodeError(f"{level.name}: expected base64{hint}") from None


def _unescaped(text: str, level: _Level) -> str:
    def character(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2]:
            return "\\"
        raise EncodeError(f"{level.name}: in escaped text a backslash is followed by uXXXX or a second one")

    return _ESCAPE.sub(character, text)


def write_tree(writer: Writer, root: Any, *, pages: CodePages | None = None) -> None:
    """Writes an element with ``.tag`` ("{AirSync}Sync"), ``.text``, ``.tail`` and children through the Writer.

    Text that is bytes is written as opaque, and so is base64 in an element that is a byte array and not marked. White
    space between child elements is dropped. Raises EncodeError for attributes that are no marks, unknown tags and other
    objects, and for trees that are nested without end.
    """
    if not hasattr(root, "tag") or not hasattr(root, "attrib"):
        raise EncodeError(f"cannot encode a {type(root).__name__}")
    out = TreeWriter(writer, pages=pages)
    _open(out, root)
    levels: list[tuple[Any, Iterator[Any]]] = [(root, iter(root))]
    while levels:
        element, children = levels[-1]
        child = next(children, None)
        if child is None:
            levels.pop()
            out.end()
            if levels:
                _content(out, element.tail)
        else:
            _open(out, child)
            levels.append((child, iter(child)))


def _open(out: TreeWriter, element: Any) -> None:
    if not isinstance(element.tag, str):
        raise EncodeError("comments and processing instructions cannot be written as WBXML")
    out.start(element.tag, element.attrib)
    _content(out, element.text)


def _content(out: TreeWriter, content: Any) -> None:
    if content is None or content == "":
        return
    if isinstance(content, str):
        out.text(content)
    elif isinstance(content, (bytes, bytearray, memoryview)):
        out.opaque(content)
    else:
        raise EncodeError(f"the content of an element is a str or bytes, not {type(content).__name__}")
