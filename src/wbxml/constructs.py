"""What WBXML has beyond what ActiveSync's documents use: how it is read from bytes, and how it is written.

String tables, literals, attributes, entities, extensions, processing instructions and character sets other than UTF-8.
Both kernels only find where such a construct ends; what it stands for is asked of this module, which is loaded when a
document has one.

Source: WBXML 1.3, sections 5 and 7.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import NamedTuple

from . import errors
from .codepages import LITERAL, TOKEN_MASK, Tag
from .errors import DecodeError, EncodeError, decode_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codecs import IncrementalDecoder
    from collections.abc import Mapping
    from typing import Self

    from ._kernel_py import Document, Element, Writer
    from .codepages import CodePages

# Global tokens: WBXML 1.3 section 7.1. Of the extensions, the first of three each.
SWITCH_PAGE, END, ENTITY, STR_I = range(4)
EXT_I, PI, EXT_T, STR_T, EXT, OPAQUE = 0x40, 0x43, 0x80, 0x83, 0xC0, 0xC3
CONTENT, ATTRIBUTES = 0x40, 0x80

EXTENSIONS = (*range(EXT_I, EXT_I + 3), *range(EXT_T, EXT_T + 3), *range(EXT, EXT + 3))

# Kinds of slot that the kernels leave to this module: PIECE_OTHER is a piece of text, the others say what they are.
PIECE_OTHER, SLOT_ATTRIBUTES, SLOT_PI = 6, 7, 8

_HEADER = b"\x03\x01\x6a\x00"

# Character sets by their MIBenum (IANA; WBXML 1.3 section 5.6), as Python calls them.
_CODECS = {
    0: "utf-8",  # unknown: left to the transport, and UTF-8 wherever ActiveSync is spoken
    3: "utf-8",  # US-ASCII, of which UTF-8 is the larger
    **{4 + part: f"iso8859-{part + 1}" for part in range(9)},
    13: "iso8859-10",
    17: "shift_jis",
    18: "euc_jp",
    37: "iso2022_kr",
    38: "euc_kr",
    39: "iso2022_jp",
    40: "iso2022_jp_2",
    103: "utf-7",  # UNICODE-1-1-UTF-7
    106: "utf-8",
    109: "iso8859-13",
    110: "iso8859-14",
    111: "iso8859-15",
    112: "iso8859-16",
    113: "gbk",
    114: "gb18030",
    1000: "utf-16-be",  # UCS-2
    1001: "utf-32-be",  # UCS-4
    1012: "utf-7",
    1013: "utf-16-be",
    1014: "utf-16-le",
    1015: "utf-16",
    1017: "utf-32",
    1018: "utf-32-be",
    1019: "utf-32-le",
    2004: "hp_roman8",
    2009: "cp850",
    2010: "cp852",
    2011: "cp437",
    2013: "cp862",
    2024: "cp932",
    2025: "gb2312",
    2026: "big5",
    2027: "mac_roman",
    2028: "cp037",
    2046: "cp855",
    2047: "cp857",
    2048: "cp860",
    2049: "cp861",
    2050: "cp863",
    2051: "cp864",
    2052: "cp865",
    2054: "cp869",
    2084: "koi8-r",
    2085: "hz",
    2086: "cp866",
    2087: "cp775",
    2088: "koi8-u",
    2089: "cp858",
    2101: "big5hkscs",
    2109: "cp874",
    2250: "cp1250",
    2251: "cp1251",
    2252: "cp1252",
    2253: "cp1253",
    2254: "cp1254",
    2255: "cp1255",
    2256: "cp1256",
    2257: "cp1257",
    2258: "cp1258",
    2259: "tis_620",
}
_NAMES = {"utf-8": "UTF-8", "shift_jis": "Shift_JIS", "cp932": "Windows-31J", "gb2312": "GB2312"}


def codec_of(number: int) -> str | None:
    """Python's codec for the character set with this MIBenum, or None for one that is not known."""
    return _CODECS.get(number)


def charset_name(number: int) -> str:
    """The usual name of the character set with this MIBenum, such as "ISO-8859-1"."""
    if number == 3:
        return "US-ASCII"
    codec = _CODECS.get(number, "unknown")
    if codec in _NAMES:
        return _NAMES[codec]
    if codec.startswith("cp125"):
        return f"windows-{codec[2:]}"
    return codec.replace("iso8859", "iso-8859").replace("_", "-").upper()


def charset_number(name: str) -> int:
    """The MIBenum of a character set by any name that Python knows. Raises ValueError for one that has none."""
    from codecs import lookup

    try:
        wanted = lookup(name).name
        # UTF-8 is 106, not the 0 and 3 that are read as it.
        return next(number for number, codec in reversed(_CODECS.items()) if lookup(codec).name == wanted)
    except (LookupError, StopIteration):
        raise ValueError(f"{name!r} is not a character set that has a number here") from None


def writing(codec: str) -> str:
    """The codec to write strings by that are read by this one: each would need a byte order mark of its own."""
    return f"{codec}-be" if codec in ("utf-16", "utf-32") else codec


def width_of(codec: str) -> int:
    """How many bytes a NUL takes in this codec: a string ends with one (WBXML 1.3 section 5.8.4.1)."""
    return 4 if codec.startswith("utf-32") else 2 if codec.startswith("utf-16") else 1


def find_nul(data: bytes | bytearray, start: int, width: int) -> int:
    """Where the NUL of ``width`` bytes is that ends the string at ``start``, or -1 where there is none."""
    end = data.find(bytes(width), start)
    while end >= 0 and (end - start) % width:
        end = data.find(bytes(width), end + 1)
    return end


def decode_text(data: bytes | bytearray, codec: str) -> str:
    """The text in these bytes. Raises UnicodeDecodeError.

    UTF-16 and UTF-32 without a byte order mark are big-endian: RFC 2781 section 4.3.
    """
    if codec == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16-be"
    elif codec == "utf-32" and data[:4] not in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        codec = "utf-32-be"
    return data.decode(codec)


class Reader:
    """Decodes the text of one string while it arrives."""

    __slots__ = ("_codec", "_decoder", "_kept")

    def __init__(self, charset: int) -> None:
        self._codec = _CODECS[charset]
        self._kept = b""
        self._decoder: IncrementalDecoder | None = None
        if self._codec not in ("utf-16", "utf-32"):
            self._decoder = getincrementaldecoder(self._codec)()

    def decode(self, data: bytes | bytearray, final: bool) -> str:
        """The text that these bytes complete. Raises UnicodeError."""
        if self._decoder is None:
            # The first four bytes tell the order of the others.
            self._kept += data
            if len(self._kept) < 4 and not final:
                return ""
            codec = self._codec
            if codec == "utf-16" and self._kept[:2] not in (b"\xff\xfe", b"\xfe\xff"):
                codec = "utf-16-be"
            if codec == "utf-32" and self._kept[:4] not in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
                codec = "utf-32-be"
            self._decoder = getincrementaldecoder(codec)()
            data = self._kept
        return self._decoder.decode(bytes(data), final)


class Instruction(NamedTuple):
    """A processing instruction: its target, and what follows that (bytes where that is opaque)."""

    target: str
    value: str | bytes


class Extension(str):
    """A document-type-specific extension among the pieces of an element: as a str, the text that it stands for.

    That text is what CodePages say, and "" where they say nothing. ``token`` is 0x40 to 0x42 (EXT_I), 0x80 to 0x82
    (EXT_T) or 0xC0 to 0xC2 (EXT); ``value`` is the str of an EXT_I, the number of an EXT_T, and None for an EXT.
    ``string`` is what the number of an EXT_T refers to in the string table, where the code pages say that it does; when
    it is written, the number follows from it.
    Source: WBXML 1.3 section 5.8.4.2.
    """

    __slots__ = ("string", "token", "value")

    token: int
    value: str | int | None
    string: str | None

    def __new__(cls, token: int, value: str | int | None = None, text: str = "", *, string: str | None = None) -> Self:
        wanted: type = str if EXT_I <= token < PI else int if EXT_T <= token < STR_T else type(None)
        if token not in EXTENSIONS or type(value) is not wanted or (string is not None and wanted is not int):
            raise ValueError(f"0x{token:02X} with {value!r} is not an extension")
        self = super().__new__(cls, text)
        self.token = token
        self.value = value
        self.string = string
        return self

    def __repr__(self) -> str:
        string = "" if self.string is None else f", string={self.string!r}"
        return f"Extension(0x{self.token:02X}, {self.value!r}, {str(self)!r}{string})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_extension, (self.token, self.value, str(self), self.string))


def _extension(token: int, value: str | int | None, text: str, string: str | None) -> Extension:
    return Extension(token, value, text, string=string)


def literal(name: str) -> Tag:
    """The Tag of an element that is named in the document itself: its namespace is "", its page and token are None."""
    return Tag("", name, None, None)


class Reading:
    """What it takes to read the constructs of one document: its code pages, character set and string table.

    Offsets in errors are ``base`` more than those in the bytes that are given. ``prolog`` and ``epilog`` are the
    processing instructions before and behind the root. Immutable once the document is decoded.
    """

    __slots__ = ("_literals", "base", "charset", "codec", "epilog", "pages", "prolog", "table", "width")

    def __init__(self, pages: CodePages, charset: int, table: bytes, base: int = 0) -> None:
        self.pages = pages
        self.charset = charset
        self.codec = _CODECS[charset]
        self.width = width_of(self.codec)
        self.table = table
        self.base = base
        self.prolog: tuple[Instruction, ...] = ()
        self.epilog: tuple[Instruction, ...] = ()
        self._literals: dict[int, Tag] = {}

    def text(self, data: bytes, start: int, end: int, offset: int) -> str:
        """The text in these bytes, of the token at ``offset``. Raises DecodeError."""
        try:
            return decode_text(data[start:end], self.codec)
        except UnicodeError:
            code = errors.BAD_TEXT if self.codec == "utf-8" else errors.BAD_CHARSET_TEXT
            raise decode_error(code, self.base + offset, self.charset) from None

    def string(self, index: int, offset: int) -> str:
        """The string at this place of the string table, also in the middle of one. Raises DecodeError."""
        end = find_nul(self.table, index, self.width) if index < len(self.table) else -1
        if end < 0:
            raise decode_error(errors.BAD_REFERENCE, self.base + offset, index)
        return self.text(self.table, index, end, offset)

    def tag(self, data: bytes, offset: int) -> Tag:
        """The Tag of the LITERAL at ``offset``, one object a name. Raises DecodeError."""
        index, _ = integer(data, offset + 1)
        tag = self._literals.get(index)
        if tag is None:
            tag = self._literals.setdefault(index, literal(self.string(index, offset)))
        return tag

    def piece(self, data: bytes, offset: int) -> str:
        """The text, or the Extension, that the token at ``offset`` stands for. Raises DecodeError."""
        token = data[offset]
        if token == STR_I:
            return self.text(data, offset + 1, find_nul(data, offset + 1, self.width), offset)
        if token == STR_T:
            return self.string(integer(data, offset + 1)[0], offset)
        if token == ENTITY:
            code = integer(data, offset + 1)[0]
            if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise decode_error(errors.BAD_ENTITY, self.base + offset, code)
            return chr(code)
        value: str | int | None = None
        if token < PI:
            value = self.text(data, offset + 1, find_nul(data, offset + 1, self.width), offset)
        elif token < STR_T:
            value = integer(data, offset + 1)[0]
        shown = self.pages.extensions.get(token)
        if shown is None:
            return Extension(token, value)
        string = self.string(value, offset) if "{string}" in shown and type(value) is int else None
        return Extension(token, value, shown.format("" if value is None else value, string=string), string=string)

    def piece_at(self, token: bytes, offset: int) -> str:
        """As piece(), for a token that stands at this offset of a stream."""
        try:
            return self.piece(token, 0)
        except DecodeError as error:
            error.offset = offset
            error.args = (error.args[0], offset)
            raise

    def attributes(self, data: bytes, pos: int, page: int) -> dict[str, str | bytes]:
        """The attributes whose list starts at ``pos``, in the attribute code page ``page``. Raises DecodeError.

        The kernel has found their END already.
        """
        found: dict[str, str | bytes] = {}
        while data[pos] != END:
            start = pos
            name, value, pos, page = self._attribute(data, pos, page)
            if name is None:  # a page was switched to, and no attribute came
                break
            if name in found:
                raise DecodeError(f"the attribute {name} stands there twice", self.base + start)
            found[name] = value
        return found

    def instruction(self, data: bytes, offset: int, page: int) -> Instruction:
        """The processing instruction whose PI token is at ``offset``. Raises DecodeError."""
        name, value = self._attribute(data, offset + 1, page)[:2]
        assert name is not None
        return Instruction(name, value)

    def _attribute(self, data: bytes, pos: int, page: int) -> tuple[str | None, str | bytes, int, int]:
        """An attribute's name (None: there is none), its value, where it ends, and the attribute code page then."""
        name: str | None = None
        texts: list[str] = []
        opaques: list[bytes] = []
        start = pos
        while True:
            token = data[pos]
            here = pos
            if token == END:
                break
            if token == SWITCH_PAGE:
                # Where it stands before the next attribute, that one reads it again, to the same effect.
                page = data[pos + 1]
                pos += 2
                continue
            if token < EXT_T and (token & TOKEN_MASK > LITERAL or token == LITERAL):
                if name is not None:
                    break
                start = here
                pos += 1
                if token == LITERAL:
                    index, pos = integer(data, pos)
                    name = self.string(index, here)
                else:
                    name, prefix = self.pages.attribute(page, token)
                    texts.append(prefix)
            elif token == OPAQUE:
                length, pos = integer(data, pos + 1)
                opaques.append(data[pos : pos + length])
                pos += length
            elif token & TOKEN_MASK > LITERAL:
                value = self.pages.values.get(page << 8 | token)
                if value is None:
                    raise decode_error(errors.BAD_VALUE, self.base + here, token)
                texts.append(value)
                pos += 1
            else:
                piece = self.piece(data, here)
                if isinstance(piece, Extension) and token not in self.pages.extensions:
                    raise decode_error(errors.BAD_EXTENSION, self.base + here, token)
                texts.append(str(piece))
                pos = end_of(data, here, self.width)
        text = "".join(texts)
        if not opaques:
            return name, text, pos, page
        opaque = b"".join(opaques)
        hook = None if name is None else self.pages.opaques.get(name)
        if hook is not None:
            try:
                return name, text + hook[0](opaque), pos, page
            except ValueError as error:
                raise DecodeError(f"the opaque of the attribute {name}: {error}", self.base + start) from None
        if text:
            raise decode_error(errors.MIXED_ATTRIBUTE, self.base + start)
        return name, opaque, pos, page

    def check(self, kind: int, data: bytes, offset: int, page: int) -> int:
        """How many characters a slot of this kind stands for beyond its bytes. Raises DecodeError for a bad value.

        Called once for each slot of a construct, when the document is decoded.
        """
        if kind == PIECE_OTHER:
            piece = self.piece(data, offset)
            token = data[offset]
            return 0 if token == STR_I or token < LITERAL else len(piece)
        if kind == SLOT_ATTRIBUTES:
            return sum(map(len, self.attributes(data, offset, page).values()))
        if kind == SLOT_PI:
            return len(self.instruction(data, offset, page).value)
        return len(self.tag(data, offset))


def integer(data: bytes, pos: int) -> tuple[int, int]:
    """The mb_u_int32 at ``pos``, which the kernel has checked, and where it ends."""
    value = 0
    while True:
        byte = data[pos]
        pos += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, pos


def end_of(data: bytes, pos: int, width: int) -> int:
    """Where the text, entity or extension at ``pos`` ends, which the kernel has checked."""
    token = data[pos]
    if token == STR_I or EXT_I <= token < PI:
        return find_nul(data, pos + 1, width) + width
    if token >= EXT:
        return pos + 1
    return integer(data, pos + 1)[1]


def walk(element: Element, path: str) -> list[Element]:
    """The descendants at a path in which a name is one that documents bring themselves (a LITERAL), in order."""
    names = path.split("/")
    found: list[Element] = []
    levels = [iter(element)]
    while levels:
        child = next(levels[-1], None)
        if child is None:
            levels.pop()
        elif child.tag == names[len(levels) - 1]:
            if len(levels) == len(names):
                found.append(child)
            else:
                levels.append(iter(child))
    return found


class Coding:
    """What it takes to write the constructs of one document: collects the string table, knows the character set."""

    __slots__ = ("_page", "_places", "_table", "charset", "codec", "pages", "public_id", "version", "width")

    def __init__(
        self, pages: CodePages, version: str = "1.3", charset: str = "UTF-8", public_id: int | str | None = None
    ) -> None:
        if version not in ("1.0", "1.1", "1.2", "1.3"):
            raise EncodeError(f"{version!r} is not a version of WBXML: 1.0 to 1.3")
        try:
            self.charset = charset_number(charset)
        except ValueError as error:
            raise EncodeError(str(error)) from None
        self.pages = pages
        self.version = int(version[2:])
        self.codec = writing(_CODECS[self.charset])
        if self.version == 0 and self.codec != "utf-8":
            raise EncodeError("WBXML 1.0 cannot name a character set")
        self.width = width_of(self.codec)
        self.public_id = pages.public_id if public_id is None else public_id
        self._table = bytearray()
        self._places: dict[bytes, int] = {}
        self._page = 0

    def place(self, string: str, where: str) -> int:
        """The place of a string in the string table, where it is put now unless it is there already."""
        data = self._encoded(string, where)
        place = self._places.get(data)
        if place is None:
            place = self._places[data] = len(self._table)
            self._table += data + bytes(self.width)
        return place

    def text(self, text: str, where: str) -> bytes:
        """The STR_I token for a text."""
        return b"\x03" + self._encoded(text, where) + bytes(self.width)

    def _encoded(self, text: str, where: str) -> bytes:
        if not isinstance(text, str):
            raise EncodeError(f"{where}: expected a str, not {type(text).__name__}")
        if "\0" in text:
            raise EncodeError(f"{where}: a NUL at character {text.index(chr(0))} cannot be written")
        try:
            data = text.encode(self.codec)
        except UnicodeEncodeError as error:
            if 0xD800 <= ord(text[error.start]) <= 0xDFFF:
                what = f"a lone surrogate at character {error.start} cannot be written"
            else:
                what = f"{text[error.start]!r} at character {error.start} is not in {charset_name(self.charset)}"
            raise EncodeError(f"{where}: {what}") from None
        if find_nul(data, 0, self.width) >= 0:
            raise EncodeError(f"{where}: text that holds a NUL in {charset_name(self.charset)}")
        return data

    def entity(self, code: int, where: str) -> bytes:
        """The ENTITY token for the number of a character."""
        if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise EncodeError(f"{where}: {code} is not the number of a character")
        return b"\x02" + mb_u_int32(code)

    def extension(self, extension: Extension, where: str) -> bytes:
        """The token of an extension."""
        value = extension.value
        head = bytes((extension.token,))
        if extension.string is not None:
            return head + mb_u_int32(self.place(extension.string, where))
        if isinstance(value, str):
            return head + self._encoded(value, where) + bytes(self.width)
        if value is None:
            return head
        if not 0 <= value <= 0xFFFF_FFFF:
            raise EncodeError(f"{where}: {value} does not fit an extension, which has 32 bits")
        return head + mb_u_int32(value)

    def literal(self, name: str) -> bytes:
        """What follows a LITERAL token: where its name stands."""
        return mb_u_int32(self.place(name, "a literal's name"))

    def attributes(self, attributes: Mapping[str, str | bytes], where: str) -> bytes:
        """The list of attributes with its END; names that the code pages do not know are written as literals."""
        out = bytearray()
        for name, value in attributes.items():
            self._attribute(out, name, value, f"{where} {name}")
        out.append(END)
        return bytes(out)

    def instruction(self, target: str, value: str | bytes) -> bytes:
        """A processing instruction, PI to END."""
        out = bytearray((PI,))
        self._attribute(out, target, value, f"instruction {target}")
        out.append(END)
        return bytes(out)

    def _attribute(self, out: bytearray, name: str, value: str | bytes, where: str) -> None:
        pages = self.pages
        rest: str | bytes = value
        prefix = ""
        code = pages.attribute_number(name)
        if code is None and name in pages.attribute_names:
            if isinstance(value, str):
                # The longest beginning that has a token of its own.
                choices = [item for item in pages.attribute_names[name].items() if value.startswith(item[0])]
                if choices:
                    prefix, code = max(choices, key=lambda item: len(item[0]))
                    rest = value[len(prefix) :]
            else:
                code = pages.attribute_names[name].get("")
        if code is None:
            out.append(LITERAL)
            out += mb_u_int32(self.place(name, where))
        else:
            self._switch(out, code >> 8)
            out.append(code & 0xFF)
        hook = pages.opaques.get(name)
        if hook is not None and isinstance(rest, str) and rest:
            try:
                rest = hook[1](rest)
            except ValueError as error:
                raise EncodeError(f"{where}: {error}") from None
        if isinstance(rest, str):
            self._value(out, rest, where)
        elif isinstance(rest, (bytes, bytearray, memoryview)):
            out.append(OPAQUE)
            out += mb_u_int32(len(rest)) + bytes(rest)
        else:
            raise EncodeError(f"{where}: expected a str or bytes, not {type(rest).__name__}")

    def _value(self, out: bytearray, text: str, where: str) -> None:
        tokens, pattern = self.pages.value_tokens, self.pages.value_pattern
        parts = (text,) if pattern is None else pattern.split(text)
        for number, part in enumerate(parts):
            if number & 1:
                code = tokens[part]
                self._switch(out, code >> 8)
                out.append(code & 0xFF)
            elif part:
                out += self.text(part, where)

    def _switch(self, out: bytearray, page: int) -> None:
        if page != self._page:
            self._page = page
            out += bytes((SWITCH_PAGE, page))

    def finish(self, document: bytes) -> bytes:
        """The document that was written with the usual header, now with the header and string table that it needs."""
        header = bytearray((self.version,))
        if isinstance(self.public_id, str):
            place = self.place(self.public_id, "the public identifier")
            header += b"\0" + mb_u_int32(place)
        elif 0 < self.public_id <= 0xFFFF_FFFF:
            header += mb_u_int32(self.public_id)
        else:
            raise EncodeError(f"{self.public_id} is not the number of a public identifier")
        if self.version:
            header += mb_u_int32(self.charset)
        header += mb_u_int32(len(self._table))
        return bytes(header + self._table) + document[len(_HEADER) :]


def mb_u_int32(value: int) -> bytes:
    """The shortest mb_u_int32 for a number: WBXML 1.3 section 5.1."""
    out = [value & 0x7F]
    while value > 0x7F:
        value >>= 7
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def copy_document(writer: Writer, document: Document) -> None:
    """Writes a Document with its processing instructions; see copy()."""
    for instruction in document.prolog:
        writer.instruction(*instruction)
    copy(writer, document.root)
    for instruction in document.epilog:
        writer.instruction(*instruction)


def copy(writer: Writer, source: Element) -> None:
    """Writes an Element with all that is in it, construct by construct.

    Where attribute values or names have tokens, these are used again; text from the string table, in other character
    sets or by entities becomes plain text.
    """
    writer.start(source.tag, source.attrib)
    levels = [iter(source.nodes)]
    while levels:
        node = next(levels[-1], None)
        if node is None:
            levels.pop()
            writer.end()
        elif isinstance(node, Extension):
            writer.extension(node)
        elif isinstance(node, str):
            writer.text(node)
        elif isinstance(node, memoryview):
            writer.opaque(node)
        elif isinstance(node, Instruction):
            writer.instruction(*node)
        else:
            writer.start(node.tag, node.attrib)
            levels.append(iter(node.nodes))
