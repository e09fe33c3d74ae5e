"""The tokens of a document, one by one and without loss, and their annotated dump. Any bytes will do.

The grammar is that of WBXML 1.0 to 1.3 (section 5.3 of the last), with attributes, string tables and the rest of it,
not only what ActiveSync uses.
"""

from __future__ import annotations

from typing import NamedTuple

from .codepages import ACTIVESYNC, TOKEN_MASK
from .constructs import charset_name, codec_of, decode_text, find_nul, mb_u_int32, width_of, writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._kernel_py import BytesLike
    from .codepages import CodePages, Tag

# Global tokens: WBXML 1.3 section 7.1.
_SWITCH_PAGE, _END, _ENTITY, _STR_I, _LITERAL = range(5)
_EXT_I, _PI, _STR_T, _OPAQUE = 0x40, 0x43, 0x83, 0xC3
_CONTENT, _ATTRIBUTES = 0x40, 0x80


class Token(NamedTuple):
    """A token: ``raw`` are its bytes at ``offset``, with all that belongs to it, such as a string behind STR_I.

    ``kind`` says what it is, and ``value`` what it holds:

    - the header's "version" ("1.3"), "public_id" (a number, or a str from the string table), "charset" (its MIBenum)
      and "string_table" (bytes)
    - "switch_page" (the page's number) and "end" (of an "element", of "attributes" or of a "pi")
    - "tag" (its token, without the bits for content and attributes), "literal" (its name), "pi", "attribute" (its token
      or name) and "attribute_value" (its token)
    - "str_i" and "str_t" (the str, or bytes where these are no text), "opaque" (bytes), "entity" (the character)
    - "ext_i" (a str), "ext_t" (a number) and "ext"
    - "unknown": bytes that cannot be read as a token, or none where the document ends too early

    ``page`` is the code page in which a tag or attribute stands, and that to which "switch_page" changes. ``tag`` is
    that of a tag, and of the element that an "end" closes. ``expected`` is None for a token that is in its place, and
    else says what should have been there. ``codec`` is Python's name of the character set that strings are in.
    """

    offset: int
    raw: bytes
    kind: str
    page: int | None = None
    value: str | bytes | int | None = None
    tag: Tag | None = None
    expected: str | None = None
    codec: str = "utf-8"

    def changed(self, value: str | bytes | int) -> Token:
        """This token with another value, and the bytes for it; what refers to the string table takes a place in it.

        Joined with the ``raw`` of the others it makes a changed document. Any value that has bytes will do, also one
        that makes no sense in a document: that is for whoever tests decoders. Raises ValueError for one that has none.
        """
        data = _raw(self, value)
        return self._replace(raw=data, value=value, tag=None if self.kind == "tag" else self.tag, expected=None)

    @property
    def content(self) -> bool:
        """Whether a tag or literal says that content follows."""
        return self.kind in ("tag", "literal") and bool(self.raw[0] & _CONTENT)

    @property
    def attributes(self) -> bool:
        """Whether a tag or literal says that attributes follow."""
        return self.kind in ("tag", "literal") and bool(self.raw[0] & _ATTRIBUTES)


def _raw(token: Token, value: str | bytes | int) -> bytes:
    """The bytes of a token with this value."""
    kind, head = token.kind, token.raw[:1]
    if isinstance(value, int):
        if value < 0 or value > 0xFFFF_FFFF:
            raise ValueError(f"{value} does not fit 32 bits")
        if kind in ("public_id", "charset"):
            return mb_u_int32(value)
        if kind in ("str_t", "ext_t", "literal", "entity"):
            return head + mb_u_int32(value)
        if kind == "attribute" and not isinstance(token.value, int):
            return head + mb_u_int32(value)
        if kind == "switch_page" and value < 256:
            return head + bytes((value,))
        if kind == "tag" and value <= TOKEN_MASK:
            return bytes((head[0] & ~TOKEN_MASK | value,))
        if kind in ("attribute", "attribute_value") and value < 256:
            return bytes((value,))
    elif kind in ("opaque", "string_table") and isinstance(value, bytes):
        return (head if kind == "opaque" else b"") + mb_u_int32(len(value)) + value
    elif kind in ("str_i", "ext_i"):
        data = value if isinstance(value, bytes) else value.encode(writing(token.codec))
        return head + data + bytes(width_of(token.codec))
    elif kind == "entity" and isinstance(value, str) and len(value) == 1:
        return head + mb_u_int32(ord(value))
    elif kind == "version" and value in ("1.0", "1.1", "1.2", "1.3"):
        return bytes((int(value[2:]),))
    elif kind == "unknown" and isinstance(value, bytes):
        return value
    raise ValueError(f"a token of kind {kind!r} cannot have the value {value!r}")


def tokens(data: BytesLike, *, pages: CodePages | None = None) -> Iterator[Token]:
    """The tokens of ``data`` in order: joined, their ``raw`` are ``data``, whatever it is.

    Tags are named by ``pages``, by default those of ActiveSync. A token out of place is given with what was
    ``expected`` there; where the bytes cannot be read as tokens any more, the rest of them is one "unknown" token.
    """
    lexer = _Lexer(data if type(data) is bytes else memoryview(data).tobytes(), pages or ACTIVESYNC)
    try:
        yield from lexer.header()
        yield from lexer.body()
    except _BrokenError as broken:
        yield Token(lexer.start, lexer.data[lexer.start :], "unknown", expected=str(broken))


class _BrokenError(Exception):
    """From here on the bytes are no tokens; says what was expected."""


class _Lexer:
    """Reads tokens off bytes. ``start`` is where the token that is being read starts, ``pos`` how far it is read."""

    __slots__ = (
        "_attribute_page",
        "_codec",
        "_has_started",
        "_of",
        "_opened",
        "_page",
        "_pages",
        "_rooted",
        "_table",
        "_width",
        "_within",
        "data",
        "pos",
        "start",
    )

    def __init__(self, data: bytes, pages: CodePages) -> None:
        self.data = data
        self.start = 0
        self.pos = 0
        self._pages = pages
        self._codec = "utf-8"
        self._width = 1  # bytes of a NUL
        self._table = b""
        self._page = 0
        self._attribute_page = 0
        self._opened: list[Tag | None] = []  # None: a literal
        self._within = ""  # "attributes" or "pi" while in the code space of attributes
        self._has_started = False  # an attribute, there
        self._of: Tag | None = None  # the element that these attributes belong to
        self._rooted = False

    def _token(
        self,
        kind: str,
        value: str | bytes | int | None = None,
        *,
        page: int | None = None,
        tag: Tag | None = None,
        expected: str | None = None,
    ) -> Token:
        """The token that ends here."""
        start = self.start
        self.start = self.pos
        return Token(start, self.data[start : self.pos], kind, page, value, tag, expected, self._codec)

    def _byte(self, expected: str) -> int:
        if self.pos >= len(self.data):
            raise _BrokenError(expected)
        self.pos += 1
        return self.data[self.pos - 1]

    def _integer(self, what: str) -> int:
        value = 0
        for _ in range(5):
            byte = self._byte(f"{what}, which is cut off")
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                if value > 0xFFFF_FFFF:
                    break
                return value
        raise _BrokenError(f"{what} of at most 32 bits")

    def _string(self) -> tuple[str | bytes, str | None]:
        """The string that starts here, and what was expected where it is no text."""
        end = find_nul(self.data, self.pos, self._width)
        if end < 0:
            raise _BrokenError("a string that ends with NUL")
        found = self.data[self.pos : end]
        self.pos = end + self._width
        return self._text(found)

    def _text(self, found: bytes) -> tuple[str | bytes, str | None]:
        try:
            return decode_text(found, self._codec), None
        except UnicodeError:
            return found, f"text in {self._codec.upper()}"

    def _from_table(self, table: bytes, index: int) -> tuple[str | bytes | None, str | None]:
        """The string at this place of the string table, and what was expected where there is none."""
        if index >= len(table):
            return None, f"a place in the string table of {len(table)} bytes, not {index}"
        end = find_nul(table, index, self._width)
        if end < 0:
            return self._text(table[index:])[0], "a string that ends with NUL in the string table"
        return self._text(table[index:end])

    def _charset(self, number: int) -> str | None:
        """Takes note of the character set; what was expected where it is not known."""
        codec = codec_of(number)
        self._codec = codec or "utf-8"
        self._width = width_of(self._codec)
        return None if codec else "a character set that is known here (UTF-8 is 106)"

    def header(self) -> Iterator[Token]:
        """The tokens before the body. Raises _BrokenError."""
        version = self._byte("a version, 0x00 to 0x03")
        if version > 3:
            raise _BrokenError("a version, 0x00 to 0x03")
        yield self._token("version", f"1.{version}")
        public_id = self._integer("a public identifier")
        if public_id:
            yield self._token("public_id", public_id)
        else:
            index = self._integer("the place of a public identifier")
            name, expected = self._from_table(self._table_ahead(version), index)
            yield self._token("public_id", name, expected=expected)
        if version:
            number = self._integer("a character set")
            yield self._token("charset", number, expected=self._charset(number))
        length = self._integer("the length of the string table")
        if length > len(self.data) - self.pos:
            raise _BrokenError(f"a string table of {length} bytes, {len(self.data) - self.pos} are left")
        self._table = self.data[self.pos : self.pos + length]
        self.pos += length
        yield self._token("string_table", self._table)

    def _table_ahead(self, version: int) -> bytes:
        """The string table, which stands behind the public identifier that may refer to it; b"" if it is broken."""
        here = self.pos
        try:
            if version:
                self._charset(self._integer(""))
            length = self._integer("")
            return self.data[self.pos : self.pos + length]
        except _BrokenError:
            return b""
        finally:
            self.pos = here

    def body(self) -> Iterator[Token]:
        """The tokens of the body. Raises _BrokenError."""
        data = self.data
        while self.pos < len(data):
            byte = data[self.pos]
            self.pos += 1
            yield self._in_attributes(byte) if self._within else self._in_content(byte)
        if self._within:
            raise _BrokenError(f"END of the {self._within}")
        if self._opened:
            more = f" and of {len(self._opened) - 1} more" if len(self._opened) > 1 else ""
            raise _BrokenError(f"END of {self._opened[-1] or 'a literal'}{more}")
        if not self._rooted:
            raise _BrokenError("a root element")

    def _in_content(self, byte: int) -> Token:
        """The token that starts with this byte, outside of attributes."""
        top = None if self._opened else "the end of the document" if self._rooted else "a root element"
        if byte == _END:
            tag = self._opened.pop() if self._opened else None
            return self._token("end", "element", tag=tag, expected=top)
        if byte == _SWITCH_PAGE:
            self._page = self._byte("the number of a page")
            return self._token("switch_page", self._page, page=self._page, expected=top if self._rooted else None)
        if byte == _PI:
            self._within, self._of, self._has_started = "pi", None, False
            return self._token("pi")
        if byte & TOKEN_MASK < _LITERAL:
            return self._piece(byte, top)
        expected = top if self._rooted else None
        name: str | bytes | int | None = byte & TOKEN_MASK
        tag = None
        if byte & TOKEN_MASK > _LITERAL:
            tag = self._pages.tag(self._page << 6 | byte & TOKEN_MASK)
        else:
            name, nameless = self._from_table(self._table, self._integer("the place of a name"))
            expected = expected or nameless
        self._rooted = True
        if byte & _CONTENT:
            self._opened.append(tag)
        if byte & _ATTRIBUTES:
            self._within, self._of, self._has_started = "attributes", tag, False
        if tag is None:
            return self._token("literal", name, expected=expected)
        return self._token("tag", name, page=self._page, tag=tag, expected=expected)

    def _in_attributes(self, byte: int) -> Token:
        """The token that starts with this byte, among the attributes of an element or in a processing instruction."""
        if byte == _END:
            within, self._within = self._within, ""
            return self._token("end", within, tag=self._of, expected=None if self._has_started else "an attribute")
        if byte == _SWITCH_PAGE:
            self._attribute_page = self._byte("the number of a page")
            return self._token("switch_page", self._attribute_page, page=self._attribute_page)
        if byte & TOKEN_MASK > _LITERAL:
            kind = "attribute_value" if byte & 0x80 else "attribute"
            return self._token(kind, byte, page=self._attribute_page, expected=self._started(byte))
        if byte & TOKEN_MASK == _LITERAL:
            name, expected = self._from_table(self._table, self._integer("the place of a name"))
            wrong = self._started(byte) if byte == _LITERAL else "an attribute or END"
            return self._token("attribute", name, expected=wrong or expected)
        if byte == _PI:
            return self._token("pi", expected="an attribute or END")
        return self._piece(byte, self._started(byte))

    def _started(self, byte: int) -> str | None:
        """Takes note of what starts an attribute; what was expected where this token has no place."""
        if (byte & TOKEN_MASK > _LITERAL and byte < 0x80) or byte == _LITERAL:
            wrong = "END of the instruction" if self._within == "pi" and self._has_started else None
            self._has_started = True
            return wrong
        return None if self._has_started else "an attribute"

    def _piece(self, byte: int, expected: str | None) -> Token:
        """The token of text, opaque data, a character or an extension that starts with this byte."""
        value: str | bytes | int | None = None
        wrong = None
        if byte == _STR_I:
            kind = "str_i"
            value, wrong = self._string()
        elif byte == _STR_T:
            kind = "str_t"
            value, wrong = self._from_table(self._table, self._integer("the place of a string"))
        elif byte == _OPAQUE:
            kind = "opaque"
            length = self._integer("the length of opaque data")
            if length > len(self.data) - self.pos:
                raise _BrokenError(f"{length} bytes of opaque data, {len(self.data) - self.pos} are left")
            value = self.data[self.pos : self.pos + length]
            self.pos += length
        elif byte == _ENTITY:
            kind = "entity"
            code = self._integer("the number of a character")
            if not 0 < code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                wrong = f"the number of a character, not {code}"
            else:
                value = chr(code)
        elif byte & 0xC0 == 0x40:
            kind = "ext_i"
            value, wrong = self._string()
        elif byte & 0xC0 == 0x80:
            kind = "ext_t"
            value = self._integer("the number of an extension")
        else:
            kind = "ext"
        return self._token(kind, value, expected=expected or wrong)


# How much of a token a line of the dump shows.
_BYTES_SHOWN = 8
_CHARACTERS_SHOWN = 60
_LEVELS_SHOWN = 24

_RESET = "\x1b[0m"
_COLOURS = {
    "tag": "\x1b[36m",
    "literal": "\x1b[36m",
    "end": "\x1b[2;36m",
    "str_i": "\x1b[32m",
    "str_t": "\x1b[32m",
    "entity": "\x1b[32m",
    "opaque": "\x1b[35m",
    "switch_page": "\x1b[33m",
    "unknown": "\x1b[31m",
}
_DIM, _RED = "\x1b[2m", "\x1b[1;31m"


def dump(data: BytesLike, *, pages: CodePages | None = None, colour: bool = False) -> str:
    """The tokens of ``data`` as text, a line each: offset and bytes in hexadecimal, kind, code page, and what it holds.

    Long values are shortened, elements indented by their depth. What is out of place is followed by what was expected.
    ``colour`` adds the escape sequences of terminals. Never fails, whatever the bytes.
    """
    pages = pages or ACTIVESYNC
    depth = 0
    lines = []
    for token in tokens(data, pages=pages):
        if token.kind == "end" and token.value == "element":
            depth = max(0, depth - 1)
        lines.append(_line(token, min(depth, _LEVELS_SHOWN), pages, colour))
        if token.content:
            depth += 1
    return "".join(lines)


def _line(token: Token, depth: int, pages: CodePages, colour: bool) -> str:
    shown = token.raw[:_BYTES_SHOWN].hex(" ")
    if len(token.raw) > _BYTES_SHOWN:
        shown += " .."
    offset = f"{token.offset:08x}"
    page = "" if token.page is None else str(token.page)
    text = f"{'  ' * depth}{_describe(token, pages)}"
    wrong = "" if token.expected is None else f"  <-- expected {token.expected}"
    if colour:
        offset = f"{_DIM}{offset}{_RESET}"
        shown = f"{_DIM}{shown:<26}{_RESET}"
        if token.kind in _COLOURS:
            text = f"{_COLOURS[token.kind]}{text}{_RESET}"
        if wrong:
            wrong = f"{_RED}{wrong}{_RESET}"
    return f"{offset}  {shown:<26}  {token.kind:<15} {page:>3}  {text}".rstrip() + f"{wrong}\n"


def _describe(token: Token, pages: CodePages) -> str:
    kind, value = token.kind, token.value
    if kind in ("tag", "literal"):
        name = _shortened(value) if token.tag is None else str(token.tag)
        attributes = " ..." if token.attributes else ""
        return f"<{name}{attributes}>" if token.content else f"<{name}{attributes}/>"
    if kind == "end":
        name = "" if token.tag is None else str(token.tag)
        return f"</{name}>" if value == "element" else f"end of {value!s}"
    if kind == "charset":
        return f"{value} ({charset_name(value)})" if isinstance(value, int) else ""
    if kind == "switch_page":
        return pages.namespaces.get(token.page or 0, "")
    if kind == "attribute" and isinstance(value, int):
        name, prefix = pages.attribute(token.page or 0, value)
        return f"{name}={_shortened(prefix)}.." if prefix else name
    if kind == "attribute_value" and isinstance(value, int):
        text = pages.values.get((token.page or 0) << 8 | value)
        return f"0x{value:02X}" if text is None else _shortened(text)
    if kind == "unknown":
        return _shortened(token.raw)
    if value is None:
        return ""
    # A version is a str, but no text of the document.
    return value if kind == "version" and isinstance(value, str) else _shortened(value)


def _shortened(value: str | bytes | int | None) -> str:
    """The value as Python writes it, without what a terminal could take for a command; a long one cut, and its size."""
    if not isinstance(value, (str, bytes)) or len(value) <= _CHARACTERS_SHOWN:
        return repr(value)
    unit = "characters" if isinstance(value, str) else "bytes"
    return f"{value[:_CHARACTERS_SHOWN]!r}.. ({len(value)} {unit})"


def printable(text: str) -> str:
    """The text without line ends and what a terminal could take for a command: such characters by their numbers."""
    return text if text.isprintable() else "".join([c if c.isprintable() else repr(c)[1:-1] for c in text])


__all__ = ["Token", "dump", "printable", "tokens"]
