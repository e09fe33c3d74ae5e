"""The kernel in Python: reference, fallback where nothing was compiled, and type stub of the compiled one.

It holds the same public names in the same order as _kernel.pyx, and gives the same results and the same errors:
a change here is a change there, in the same commit.

A document is scanned once into a tape of slots, five lists in step: code (page * 64 + token), kind, offset, length and
next. An element's offset is that of its tag; a leaf's text starts two bytes later, behind the STR_I token. The length
is that of the text or opaque, or the number of child elements; next is the slot after the element's last one.

What ActiveSync has no use for (attributes, literals, entities, other character sets ...) has slots too, of which the
kernels know where they end; what they stand for is asked of constructs.py.
"""

from __future__ import annotations

import re
from _thread import allocate_lock
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from datetime import UTC, datetime
from operator import index as to_index

from . import errors
from .codepages import ACTIVESYNC, LITERAL, TOKEN_MASK, VERSIONS
from .errors import DecodeError, EncodeError, LimitError, Problem, TruncatedError, decode_error
from .limits import DEFAULT
from .pickles import restore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Protocol, Self, TypeVar, overload

    from .codepages import CodePages, Tag
    from .constructs import Coding, Extension, Instruction, Reading
    from .limits import Limits

    _Write = Callable[[list[str], list[bytes], Any, int, str, int, int], int]

    T = TypeVar("T")
    BytesLike = bytes | bytearray | memoryview

    class PlanField(Protocol):
        """What a Plan needs to know of a field; model.Field has it."""

        name: str
        kind: int
        tag: Tag | None
        within: Tag | None
        many: bool
        optional: bool
        versions: tuple[str, ...]
        plans: tuple[Plan, ...]
        enum: dict[Any, Any]
        compact: bool
        pages: dict[int, Plan]


IMPL = "python"

# Tokens of WBXML 1.3 section 7.1; the first five are those that ActiveSync uses ([MS-ASWBXML] section 2.1.2).
SWITCH_PAGE = 0x00
END = 0x01
STR_I = 0x03
OPAQUE = 0xC3
WITH_CONTENT = 0x40
ATTRIBUTES = 0x80
_ENTITY = 0x02
_EXT_I = 0x40  # to 0x42
_PI = 0x43
_EXT_T = 0x80  # to 0x82
_STR_T = 0x83

# Kinds of slot. An element is of one of the first four kinds; a piece is a text or opaque that stands in a container.
# Of the kinds from _PIECE_OTHER on, constructs.py knows what they stand for. The code of the last two is the code page
# in which their attributes start, and their length that of the bytes; an element with attributes is a container.
_EMPTY, _TEXT, _OPAQUE, _CONTAINER, _PIECE_TEXT, _PIECE_OPAQUE, _PIECE_OTHER, _ATTRIBUTES, _INSTRUCTION = range(9)

# Kinds of field in a plan.
STR, INT, BOOL, FLAG, BYTES, DATETIME, INT_ENUM, STR_ENUM, MODEL = range(9)

# Codes from here on stand for selected names that documents bring themselves: all others have 14 bits.
_FIRST_LITERAL = 0x4000

# Models may nest in themselves (a query within a query); the deepest sensible one is far below this.
_MODEL_DEPTH = 100

_HEADER = b"\x03\x01\x6a\x00"
_UTF_8 = (0, 3, 106)  # 0 is "unknown", which WBXML 1.3 section 5.6 leaves to the transport, and 3 is US-ASCII
_CHARSETS = {0: "UTF-8", 3: "US-ASCII", 106: "UTF-8"}


class _Scanner:
    """Scans one element into a tape; can stop where the bytes end and go on when there are more."""

    __slots__ = (
        "attribute_page",
        "closing",
        "codes",
        "constructs",
        "depth",
        "kinds",
        "lengths",
        "max_depth",
        "max_elements",
        "nexts",
        "offsets",
        "open",
        "page",
        "pos",
        "searched",
        "started",
        "width",
        "within",
    )

    def __init__(self, page: int, limits: Limits, width: int = 0, attribute_page: int = 0) -> None:
        self.codes: list[int] = []
        self.kinds: list[int] = []
        self.offsets: list[int] = []
        self.lengths: list[int] = []
        self.nexts: list[int] = []
        self.page = page
        self.pos = 0
        self.open = -1
        self.depth = 0
        self.searched = 0
        self.width = width  # of a NUL in a character set that is not UTF-8, 0 for UTF-8
        self.constructs = False  # whether there is a slot that constructs.py must look at
        self.attribute_page = attribute_page
        self.within = -1  # the slot of the attributes or the instruction that has not ended yet
        self.started = False  # whether an attribute has started in it
        self.closing = False  # whether the element around it ends with it
        self.max_depth = limits.max_depth
        self.max_elements = limits.max_elements

    def run(self, data: bytes | bytearray, origin: int, base: int, valid: bool) -> bool:
        """True when the element that starts at ``data[origin]`` is scanned to its end, False when ``data`` ends first.

        Offsets on the tape count from ``origin``; ``base`` is what to add to them for those of errors. ``valid`` says
        that all of ``data`` is known to be ASCII. Raises DecodeError.
        """
        codes, kinds, offsets, lengths, nexts = self.codes, self.kinds, self.offsets, self.lengths, self.nexts
        find = data.find
        end = len(data)
        last = end - 1
        searched = origin + self.searched
        pos = origin + self.pos
        page = self.page << 6
        parent = self.open
        depth = self.depth
        max_depth = self.max_depth
        limit = self.max_elements
        utf_8 = not self.width
        within = self.within >= 0
        done = False
        try:
            while pos < end:
                if within:
                    self.pos = pos - origin
                    within = not self._attributes(data, origin, base)
                    pos = origin + self.pos
                    if within:
                        break
                    if self.closing:
                        self.closing = False
                        above = nexts[parent]
                        nexts[parent] = len(codes)
                        parent = above
                        depth -= 1
                        if parent < 0:
                            done = True
                            break
                    continue
                token = data[pos]
                if 0x44 < token < 0x80 and utf_8 and parent >= 0 and depth < max_depth and pos >= searched:
                    # Elements with a text, one after another, are most of what there is: as a run, half the time.
                    first, begun = len(codes), pos
                    for _ in range(limit - first):
                        if not 0x44 < token < 0x80 or pos >= last or data[pos + 1] != STR_I:
                            break
                        zero = find(0, pos + 2)
                        if not 0 <= zero < last or data[zero + 1] != END:
                            break
                        codes.append(page | token & TOKEN_MASK)
                        offsets.append(pos - origin)
                        lengths.append(zero - pos - 2)
                        pos = zero + 2
                        if pos >= last:
                            break
                        token = data[pos]
                        if not token:
                            page = data[pos + 1] << 6
                            pos += 2
                            if pos >= last:
                                break
                            token = data[pos]
                    count = len(codes) - first
                    if count:
                        kinds += [_TEXT] * count
                        nexts.extend(range(first + 1, first + count + 1))
                        lengths[parent] += count
                        if not valid:
                            self._check_texts(data, begun, pos, first, origin, base)
                        continue
                if token & 0x3F > 4:
                    if depth >= max_depth:
                        raise decode_error(errors.TOO_DEEP, base + pos - origin, max_depth)
                    if len(codes) >= limit:
                        raise decode_error(errors.TOO_MANY, base + pos - origin, limit)
                    if token & ATTRIBUTES:
                        kind, length, after = _CONTAINER, 0, pos + 1
                    elif not token & WITH_CONTENT:
                        kind, length, after = _EMPTY, 0, pos + 1
                    else:
                        if pos + 1 >= end:
                            break
                        follows = data[pos + 1]
                        kind, length, after = _CONTAINER, 0, pos + 1
                        if follows == STR_I and utf_8:
                            zero = find(0, max(pos + 2, origin + self.searched))
                            if zero < 0:
                                self.searched = end - origin
                                break
                            if zero + 1 >= end:
                                break
                            if data[zero + 1] == END:
                                kind, length, after = _TEXT, zero - pos - 2, zero + 2
                                if not valid:
                                    _check_text(data, pos + 2, zero, base + pos + 1 - origin)
                        elif follows == OPAQUE:
                            size = _integer(data, pos + 2, end, base + pos + 1 - origin)
                            if size is None:
                                break
                            length, start = size
                            after = start + length + 1
                            if after > end:
                                break
                            if data[after - 1] == END:
                                kind = _OPAQUE
                            else:
                                length, after = 0, pos + 1
                        elif follows == END:
                            kind, after = _EMPTY, pos + 2
                    if parent >= 0:
                        lengths[parent] += 1
                    index = len(codes)
                    codes.append(page | token & TOKEN_MASK)
                    kinds.append(kind)
                    offsets.append(pos - origin)
                    lengths.append(length)
                    if kind == _CONTAINER:
                        depth += 1
                        nexts.append(parent)
                        parent = index
                        if token & ATTRIBUTES:
                            within = True
                            self._open(_ATTRIBUTES, after, origin, base)
                            self.closing = not token & WITH_CONTENT
                    else:
                        nexts.append(index + 1)
                        if parent < 0:
                            pos = after
                            done = True
                            break
                    pos = after
                elif token == END:
                    pos += 1
                    above = nexts[parent]
                    nexts[parent] = len(codes)
                    parent = above
                    depth -= 1
                    if parent < 0:
                        done = True
                        break
                elif token == SWITCH_PAGE:
                    if pos + 1 >= end:
                        break
                    page = data[pos + 1] << 6
                    pos += 2
                elif (token == STR_I and utf_8) or token == OPAQUE:
                    if len(codes) >= limit:
                        raise decode_error(errors.TOO_MANY, base + pos - origin, limit)
                    if token == STR_I:
                        zero = find(0, max(pos + 1, origin + self.searched))
                        if zero < 0:
                            self.searched = end - origin
                            break
                        if not valid:
                            _check_text(data, pos + 1, zero, base + pos - origin)
                        kind, length, after = _PIECE_TEXT, zero - pos - 1, zero + 1
                    else:
                        size = _integer(data, pos + 1, end, base + pos - origin)
                        if size is None:
                            break
                        length, start = size
                        after = start + length
                        if after > end:
                            break
                        kind = _PIECE_OPAQUE
                    codes.append(0)
                    kinds.append(kind)
                    offsets.append(pos - origin)
                    lengths.append(length)
                    nexts.append(len(codes))
                    pos = after
                elif token & TOKEN_MASK == LITERAL:
                    if depth >= max_depth:
                        raise decode_error(errors.TOO_DEEP, base + pos - origin, max_depth)
                    if len(codes) >= limit:
                        raise decode_error(errors.TOO_MANY, base + pos - origin, limit)
                    named = _integer(data, pos + 1, end, base + pos - origin)
                    if named is None:
                        break
                    after = named[1]
                    self.constructs = True
                    if parent >= 0:
                        lengths[parent] += 1
                    index = len(codes)
                    codes.append(LITERAL)
                    kinds.append(_CONTAINER if token & ~TOKEN_MASK else _EMPTY)
                    offsets.append(pos - origin)
                    lengths.append(0)
                    pos = after
                    if token & ~TOKEN_MASK:
                        depth += 1
                        nexts.append(parent)
                        parent = index
                        if token & ATTRIBUTES:
                            within = True
                            self._open(_ATTRIBUTES, after, origin, base)
                            self.closing = not token & WITH_CONTENT
                    else:
                        nexts.append(index + 1)
                        if parent < 0:
                            done = True
                            break
                elif token == _PI:
                    within = True
                    self._open(_INSTRUCTION, pos, origin, base)
                    pos += 1
                else:
                    if len(codes) >= limit:
                        raise decode_error(errors.TOO_MANY, base + pos - origin, limit)
                    after = self._delimit(data, pos, origin, base)
                    if after < 0:
                        break
                    self.constructs = True
                    codes.append(0)
                    kinds.append(_PIECE_OTHER)
                    offsets.append(pos - origin)
                    lengths.append(after - pos)
                    nexts.append(len(codes))
                    pos = after
        finally:
            self.pos = pos - origin
            self.page = page >> 6
            self.open = parent
            self.depth = depth
        return done

    def _open(self, kind: int, pos: int, origin: int, base: int) -> None:
        """Adds the slot of attributes or of an instruction, whose end is still to come."""
        if len(self.codes) >= self.max_elements:
            raise decode_error(errors.TOO_MANY, base + pos - origin, self.max_elements)
        self.constructs = True
        self.within = len(self.codes)
        self.started = False
        self.codes.append(self.attribute_page)
        self.kinds.append(kind)
        self.offsets.append(pos - origin)
        self.lengths.append(0)
        self.nexts.append(len(self.codes))

    def _check_texts(self, data: bytes | bytearray, start: int, end: int, first: int, origin: int, base: int) -> None:
        """Raises DecodeError where a text is not UTF-8 in a run of elements with a text, which begins at a slot."""
        try:
            # All at once: what stands between the texts is ASCII, but for the number of a large code page.
            data[start:end].decode()
        except UnicodeDecodeError:
            for offset, length in zip(self.offsets[first:], self.lengths[first:], strict=True):
                text = origin + offset + 2
                _check_text(data, text, text + length, base + offset + 1)

    def _attributes(self, data: bytes | bytearray, origin: int, base: int) -> bool:
        """True when the attributes or the instruction have come to their END, False when ``data`` ends first."""
        pos = origin + self.pos
        end = len(data)
        index = self.within
        try:
            while pos < end:
                token = data[pos]
                started = _attribute(token, self.started, self.kinds[index] == _INSTRUCTION, base + pos - origin)
                if token == END:
                    pos += 1
                    self.lengths[index] = pos - origin - self.offsets[index]
                    self.within = -1
                    return True
                after = self._delimit(data, pos, origin, base)
                if after < 0:
                    break
                if token == SWITCH_PAGE:
                    self.attribute_page = data[pos + 1]
                self.started = started
                pos = after
        finally:
            self.pos = pos - origin
        return False

    def _delimit(self, data: bytes | bytearray, pos: int, origin: int, base: int) -> int:
        """Where the token at ``pos`` ends that is no tag, -1 where the bytes end first. Raises DecodeError."""
        end = len(data)
        token = data[pos]
        if token == STR_I or _EXT_I <= token < _PI:
            width = self.width or 1
            zero = _find_nul(data, pos + 1, max(pos + 1, origin + self.searched), width)
            if zero < 0:
                self.searched = end - (end - pos - 1) % width - origin
                return -1
            return zero + width
        if token == OPAQUE:
            size = _integer(data, pos + 1, end, base + pos - origin)
            if size is None or size[0] > end - size[1]:
                return -1
            return size[0] + size[1]
        return _short_end(data, pos, base + pos - origin)


def _attribute(token: int, started: bool, instruction: bool, offset: int) -> bool:
    """Whether an attribute has started, with this token at the latest. Raises DecodeError where it has no place."""
    if token & TOKEN_MASK > LITERAL or token == LITERAL:
        if started if token >= 0x80 else not (started and instruction):
            return True
    elif token == SWITCH_PAGE or (started and token != _PI and token & TOKEN_MASK != LITERAL):
        return started
    raise decode_error(errors.BAD_ATTRIBUTE, offset, token)


def _short_end(data: bytes | bytearray, pos: int, offset: int) -> int:
    """Where the token at ``pos`` ends, which has no more than a number with it, -1 where the bytes end first."""
    token = data[pos]
    if token == SWITCH_PAGE:
        return pos + 2 if pos + 1 < len(data) else -1
    if token in (_ENTITY, _STR_T, LITERAL) or _EXT_T <= token < _STR_T:
        number = _integer(data, pos + 1, len(data), offset)
        return -1 if number is None else number[1]
    return pos + 1


def _find_nul(data: bytes | bytearray, start: int, searched: int, width: int) -> int:
    """Where the string that starts at ``start`` has its NUL, -1 where there is none from ``searched`` on."""
    zero = data.find(bytes(width), searched)
    while zero >= 0 and (zero - start) % width:
        zero = data.find(bytes(width), zero + 1)
    return zero


def _check_text(data: bytes | bytearray, start: int, end: int, offset: int) -> None:
    try:
        data[start:end].decode()
    except UnicodeDecodeError:
        raise decode_error(errors.BAD_TEXT, offset) from None


def _integer(data: bytes | bytearray, pos: int, end: int, offset: int) -> tuple[int, int] | None:
    """The mb_u_int32 at ``pos`` and where it ends, or None where the bytes end first. ``offset`` is for the error."""
    value = 0
    for count in range(5):
        if pos + count >= end:
            return None
        byte = data[pos + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            if value > 0xFFFF_FFFF:
                break
            return value, pos + count + 1
    raise decode_error(errors.BAD_INTEGER, offset)


class _Header:
    """A document's header: version, public id, character set; ``end`` is where the body starts."""

    __slots__ = ("charset", "end", "public_id", "reference", "table", "version")

    def __init__(self, version: int, public_id: int, reference: int, charset: int, table: int, end: int) -> None:
        self.version = version
        self.public_id = public_id
        self.reference = reference  # where in the string table it stands, -1: it is a number
        self.charset = charset
        self.table = table
        self.end = end


def _read_header(data: bytes | bytearray) -> _Header | None:
    """The header, up to but without the string table, or None where the bytes end first. Raises DecodeError."""
    size = len(data)
    if not size:
        return None
    version = data[0]
    if version > 3:
        raise decode_error(errors.BAD_VERSION, 0, version)
    public = _integer(data, 1, size, 1)
    if public is None:
        return None
    public_id, pos = public
    reference = -1
    if public_id == 0:
        place = _integer(data, pos, size, pos)
        if place is None:
            return None
        reference, pos = place
    charset = 106
    if version > 0:
        number = _integer(data, pos, size, pos)
        if number is None:
            return None
        charset = number[0]
        _width(charset, pos)
        pos = number[1]
    table = _integer(data, pos, size, pos)
    if table is None:
        return None
    if reference >= table[0]:
        raise decode_error(errors.BAD_PUBLIC_ID, 1)
    return _Header(version, public_id, reference, charset, *table)


def _width(charset: int, offset: int) -> int:
    """How wide a NUL is in this character set, 0 for UTF-8. Raises DecodeError where it is not known."""
    if charset in _UTF_8:
        return 0
    from .constructs import codec_of, width_of

    codec = codec_of(charset)
    if codec is None:
        raise decode_error(errors.BAD_CHARSET, offset, charset)
    return width_of(codec)


class Document:
    """A decoded document, immutable and safe to share between threads. Made by decode().

    ``raw`` are the bytes that it came from, ``root`` its root Element, ``version`` the WBXML version ("1.3"),
    ``public_id`` the number of its public identifier (or what that is) and ``charset`` the name of its character set.
    A value of a Decoder is a Document too: its ``raw`` is the one element, without a header.
    """

    __slots__ = (
        "_base",
        "_codes",
        "_header",
        "_kinds",
        "_lengths",
        "_nexts",
        "_offsets",
        "_page",
        "_pages",
        "_problems",
        "_reading",
        "raw",
    )

    raw: bytes

    def __new__(cls) -> Self:
        raise TypeError("a Document is made by wbxml.decode()")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Document is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Document is immutable")

    @property
    def root(self) -> Element:
        """The root element. Raises DecodeError where lenient decoding found none."""
        if not self._codes:
            raise decode_error(errors.TRUNCATED, len(self.raw))
        return _element(self, 0)

    @property
    def roots(self) -> tuple[Element, ...]:
        """All elements that stand in no other: one, but for lenient decoding."""
        found = []
        slot = 0
        while slot < len(self._codes):
            if self._kinds[slot] < _PIECE_TEXT:
                found.append(_element(self, slot))
            slot = self._nexts[slot]
        return tuple(found)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What lenient decoding found out of place, in order; () for all that was decoded strictly."""
        return self._problems

    @property
    def prolog(self) -> tuple[Instruction, ...]:
        """The processing instructions before the root."""
        return () if self._reading is None else self._reading.prolog

    @property
    def epilog(self) -> tuple[Instruction, ...]:
        """The processing instructions behind the root."""
        return () if self._reading is None else self._reading.epilog

    @property
    def string_table(self) -> bytes:
        """The string table, with the NULs between its strings."""
        return b"" if self._reading is None else self._reading.table

    @property
    def version(self) -> str:
        """The version of WBXML that the header names, such as "1.3"."""
        return f"1.{self._header.version}"

    @property
    def public_id(self) -> int | str:
        """The number of the public identifier in the header, or the str that it is; ActiveSync uses 1, "unknown"."""
        header = self._header
        if header.reference < 0 or self._reading is None:
            return header.public_id
        return self._reading.string(header.reference, 1)

    @property
    def charset(self) -> str:
        """The name of the character set in the header."""
        charset = self._header.charset
        if charset in _UTF_8:
            return _CHARSETS[charset]
        from .constructs import charset_name

        return charset_name(charset)

    @property
    def pages(self) -> CodePages:
        """The code pages by which the document was decoded."""
        return self._pages

    def __repr__(self) -> str:
        return f"<Document {self.root.tag if self._codes else 'without a root'}, {len(self.raw)} bytes>"

    def __copy__(self) -> Document:
        return self

    def __deepcopy__(self, memo: object) -> Document:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        header = self._header
        return (
            restore,
            (
                self.raw,
                self._pages,
                self._page,
                self._base,
                header.version,
                header.public_id,
                header.reference,
                header.charset,
                header.end,
                self.string_table,
                bool(self._problems),
            ),
        )

    if TYPE_CHECKING:
        _pages: CodePages
        _header: _Header
        _page: int
        _base: int
        _reading: Reading | None
        _problems: tuple[Problem, ...]
        _codes: list[int]
        _kinds: list[int]
        _offsets: list[int]
        _lengths: list[int]
        _nexts: list[int]


def _document(
    raw: bytes,
    pages: CodePages,
    header: _Header,
    page: int,
    base: int,
    scanner: _Scanner,
    reading: Reading | None,
    problems: tuple[Problem, ...] = (),
) -> Document:
    self: Document = object.__new__(Document)
    put = object.__setattr__
    put(self, "raw", raw)
    put(self, "_pages", pages)
    put(self, "_header", header)
    put(self, "_page", page)
    put(self, "_base", base)
    put(self, "_codes", scanner.codes)
    put(self, "_kinds", scanner.kinds)
    put(self, "_offsets", scanner.offsets)
    put(self, "_lengths", scanner.lengths)
    put(self, "_nexts", scanner.nexts)
    put(self, "_reading", reading)
    put(self, "_problems", problems)
    return self


def _read(pages: CodePages, header: _Header, table: bytes, base: int, wanted: bool) -> Reading | None:
    """What constructs.py needs to know of a document, None for one that has nothing for it."""
    if not wanted and not table and header.charset in _UTF_8:
        return None
    from .constructs import Reading

    return Reading(pages, header.charset, table, base)


def _read_any(pages: CodePages, header: _Header) -> Reading:
    """What constructs.py needs to know of a document that has no string table."""
    reading = _read(pages, header, b"", 0, True)
    assert reading is not None
    return reading


def _check(reading: Reading, raw: bytes, scanner: _Scanner, max_expanded: int) -> None:
    """Checks what the constructs that were scanned stand for. Raises DecodeError."""
    codes, kinds, offsets = scanner.codes, scanner.kinds, scanner.offsets
    total = 0
    for slot in range(len(codes)):
        kind = kinds[slot]
        if (kind >= _PIECE_OTHER and slot != scanner.within) or (codes[slot] == LITERAL and kind < _PIECE_TEXT):
            total += reading.check(kind, raw, offsets[slot], codes[slot])
            if total > max_expanded:
                raise decode_error(errors.TOO_EXPANDED, reading.base + offsets[slot], max_expanded)


def _restore(
    raw: bytes,
    pages: CodePages,
    page: int,
    base: int,
    version: int,
    public_id: int,
    reference: int,
    charset: int,
    end: int,
    table: bytes,
    lenient: bool,
) -> Document:
    """The Document that was pickled; it was checked when it was decoded, so its limits need not be known."""
    limits = type(DEFAULT)(max_depth=1 << 30, max_elements=0xFFFF_FFFE, max_size=0xFFFF_FFFF, max_expanded=0xFFFF_FFFF)
    if lenient:
        return _parse_any(raw, pages, limits)
    if page < 0:
        return _parse(raw, pages, limits)
    if raw and raw[0] & TOKEN_MASK < LITERAL:
        raise decode_error(errors.NO_ROOT, base, raw[0])
    scanner = _Scanner(page & 0xFF, limits, _width(charset, base), page >> 8)
    if not scanner.run(raw, 0, base, raw.isascii()):
        raise decode_error(errors.TRUNCATED, base + len(raw))
    header = _Header(version, public_id, reference, charset, 0, end)
    reading = _read(pages, header, table, base, scanner.constructs)
    if reading is not None and scanner.constructs:
        _check(reading, raw, scanner, limits.max_expanded)
    return _document(raw, pages, header, page, base, scanner, reading)


def _parse(raw: bytes, pages: CodePages, limits: Limits) -> Document:
    size = len(raw)
    if size > limits.max_size:
        raise decode_error(errors.TOO_LARGE, limits.max_size, limits.max_size)
    header = _read_header(raw)
    if header is None:
        raise decode_error(errors.TRUNCATED, size)
    if header.table > limits.max_size:
        raise decode_error(errors.TOO_LARGE, header.end, limits.max_size)
    pos = header.end + header.table
    if pos > size:
        raise decode_error(errors.TRUNCATED, size)
    table = raw[header.end : header.end + header.table]
    reading = _read(pages, header, table, 0, False)
    if reading is not None and header.reference >= 0:
        reading.string(header.reference, 1)
    page = attribute_page = 0
    prolog: tuple[Instruction, ...] = ()
    while pos < size and (raw[pos] == SWITCH_PAGE or raw[pos] == _PI):
        if raw[pos] == _PI:
            prolog, pos, attribute_page = _instructions(raw, pages, header, pos, attribute_page, limits, prolog)
            continue
        if pos + 1 >= size:
            raise decode_error(errors.TRUNCATED, size)
        page = raw[pos + 1]
        pos += 2
    if pos >= size:
        raise decode_error(errors.TRUNCATED, size)
    if raw[pos] & TOKEN_MASK < LITERAL:
        raise decode_error(errors.NO_ROOT, pos, raw[pos])
    scanner = _Scanner(page, limits, _width(header.charset, 0), attribute_page)
    scanner.pos = pos
    try:
        if not scanner.run(raw, 0, 0, raw.isascii()):
            raise decode_error(errors.TRUNCATED, size)
    except TruncatedError:
        raise
    except DecodeError:
        # What is wrong before is told before.
        if scanner.constructs:
            _check(reading or _read_any(pages, header), raw, scanner, limits.max_expanded)
        raise
    epilog: tuple[Instruction, ...] = ()
    if scanner.constructs:
        reading = reading or _read_any(pages, header)
        _check(reading, raw, scanner, limits.max_expanded)
    pos = scanner.pos
    if pos < size and raw[pos] == _PI:
        epilog, pos, _ = _instructions(raw, pages, header, pos, scanner.attribute_page, limits, epilog)
    if pos < size:
        raise decode_error(errors.AFTER_ROOT, pos, raw[pos])
    if prolog or epilog:
        reading = reading or _read_any(pages, header)
        reading.prolog = prolog
        reading.epilog = epilog
    return _document(raw, pages, header, -1, 0, scanner, reading)


def _parse_any(raw: bytes, pages: CodePages, limits: Limits) -> Document:
    """The Document in any bytes."""
    try:
        return _parse(raw, pages, limits)
    except DecodeError:
        from .lenient import read

        return read(_assemble, raw, pages, limits)


def _assemble(
    raw: bytes,
    pages: CodePages,
    version: int,
    public_id: int,
    reference: int,
    charset: int,
    end: int,
    reading: Reading,
    codes: list[int],
    kinds: list[int],
    offsets: list[int],
    lengths: list[int],
    nexts: list[int],
    problems: tuple[Problem, ...],
) -> Document:
    """The Document with this tape, which lenient.py has made."""
    scanner = _Scanner(0, DEFAULT)
    scanner.codes, scanner.kinds, scanner.offsets = codes, kinds, offsets
    scanner.lengths, scanner.nexts = lengths, nexts
    header = _Header(version, public_id, reference, charset, 0, end)
    return _document(raw, pages, header, -1, 0, scanner, reading, problems)


def _instructions(
    raw: bytes,
    pages: CodePages,
    header: _Header,
    pos: int,
    page: int,
    limits: Limits,
    before: tuple[Instruction, ...],
) -> tuple[tuple[Instruction, ...], int, int]:
    """The processing instructions from ``pos`` on, behind those before, where they end, and the attribute page then.

    Both kernels leave these to this function: no document outside of specifications has any.
    """
    from .constructs import Reading

    reading = Reading(pages, header.charset, raw[header.end : header.end + header.table])
    scanner = _Scanner(0, limits, _width(header.charset, 0), page)
    scanner.pos = pos
    found = []
    total = 0
    while scanner.pos < len(raw) and raw[scanner.pos] == _PI:
        start, page = scanner.pos, scanner.attribute_page
        scanner._open(_INSTRUCTION, start, 0, 0)
        scanner.pos += 1
        if not scanner._attributes(raw, 0, 0):
            raise decode_error(errors.TRUNCATED, len(raw))
        found.append(reading.instruction(raw, start, page))
        total += len(found[-1].value)
        if total > limits.max_expanded:
            raise decode_error(errors.TOO_EXPANDED, start, limits.max_expanded)
    return (*before, *found), scanner.pos, scanner.attribute_page


def _owned(data: BytesLike) -> bytes:
    """The data as bytes: itself where it cannot change, else a copy."""
    if type(data) is bytes:
        return data
    view = memoryview(data)
    whole = view.obj
    if type(whole) is bytes and view.contiguous and view.nbytes == len(whole):
        return whole
    return view.tobytes()


class Element:
    """An element of a Document: a view that makes Python objects only of what is asked for.

    It is a sequence of its child elements, and always true. Elements are equal where they are the same element of the
    same Document.
    """

    __slots__ = ("_doc", "_index")

    _doc: Document
    _index: int

    def __new__(cls) -> Self:
        raise TypeError("an Element is made by the Document that it is part of")

    @property
    def document(self) -> Document:
        """The Document that the element is part of."""
        return self._doc

    @property
    def tag(self) -> Tag:
        """The tag, such as "AirSync:SyncKey"."""
        return _tag_at(self._doc, self._index)

    @property
    def offset(self) -> int:
        """The offset of the tag's byte in the document or, for a value of a Decoder, in the stream."""
        return self._doc._base + self._doc._offsets[self._index]

    @property
    def text(self) -> str | None:
        """All text pieces joined (an inline "" gives ""), or None where there is none."""
        doc, index = self._doc, self._index
        kind = doc._kinds[index]
        if kind == _TEXT:
            start = doc._offsets[index] + 2
            return doc.raw[start : start + doc._lengths[index]].decode()
        if kind == _CONTAINER:
            pieces = [piece for piece in self.pieces if isinstance(piece, str)]
            if pieces:
                return "".join(pieces)
        return None

    @property
    def data(self) -> bytes | None:
        """All opaque pieces joined, or None where there is none."""
        kind = self._doc._kinds[self._index]
        if kind == _OPAQUE or kind == _CONTAINER:
            pieces = [piece for piece in self.pieces if type(piece) is memoryview]
            if pieces:
                return b"".join(pieces)
        return None

    @property
    def view(self) -> memoryview | None:
        """The opaque as a memoryview of the document's bytes, nothing copied; None unless there is exactly one."""
        kind = self._doc._kinds[self._index]
        if kind == _OPAQUE or kind == _CONTAINER:
            pieces = [piece for piece in self.pieces if type(piece) is memoryview]
            if len(pieces) == 1:
                return pieces[0]
        return None

    @property
    def pieces(self) -> list[str | memoryview | Element]:
        """The content in document order: a str a text, a memoryview an opaque, an Element a child.

        An extension is a str too, an Extension. Processing instructions are left out: ``nodes`` has them.
        """
        return _content(self._doc, self._index, False)

    @property
    def nodes(self) -> list[str | memoryview | Element | Instruction]:
        """The content as in ``pieces``, with the processing instructions."""
        return _content(self._doc, self._index, True)

    @property
    def attrib(self) -> dict[str, str | bytes]:
        """The attributes by their names, as the code pages have them; bytes where the value is opaque.

        An unknown one is named "0x05" or "Page1:0x05". ActiveSync has none.
        """
        doc, slot = self._doc, self._index + 1
        if doc._reading is None or slot >= doc._nexts[self._index] or doc._kinds[slot] != _ATTRIBUTES:
            return {}
        return doc._reading.attributes(doc.raw, doc._offsets[slot], doc._codes[slot])

    def find(self, path: str) -> Element | None:
        """The first descendant at this path of exact tags ("AirSync:Collections/AirSync:Collection"), or None.

        Raises ValueError where a name is not a tag of the document's code pages.
        """
        doc = self._doc
        codes = doc._pages.path(path)
        if LITERAL in codes:
            found = _at_literals(self, path)
            return found[0] if found else None
        if len(codes) == 1:
            index = _first(doc, self._index, codes[0])
        else:
            index = next(_at_path(doc, self._index, codes), -1)
        return None if index < 0 else _element(doc, index)

    if TYPE_CHECKING:

        @overload
        def findtext(self, path: str) -> str | None: ...
        @overload
        def findtext(self, path: str, default: T) -> str | T: ...

    def findtext(self, path: str, default: Any = None) -> Any:
        """The text of the first descendant at this path, "" where it has none, or ``default`` where it is not there.

        Raises ValueError where a name is not a tag of the document's code pages.
        """
        found = self.find(path)
        return default if found is None else found.text or ""

    def findall(self, path: str) -> list[Element]:
        """All descendants at this path, in document order. Raises ValueError as find() does."""
        doc = self._doc
        codes = doc._pages.path(path)
        if LITERAL in codes:
            return _at_literals(self, path)
        return [_element(doc, index) for index in _at_path(doc, self._index, codes)]

    def iter(self, tag: str | None = None) -> Iterator[Element]:
        """The element itself and all its descendants in document order; only those with this tag, where one is given.

        Raises ValueError where the name is not a tag of the document's code pages.
        """
        doc = self._doc
        if tag is None or ":" in tag or not doc._reading:
            return _iterate(doc, self._index, -1 if tag is None else doc._pages.lookup(tag).code)
        return (element for element in _iterate(doc, self._index, LITERAL) if element.tag == tag)

    def __len__(self) -> int:
        return self._doc._lengths[self._index] if self._doc._kinds[self._index] == _CONTAINER else 0

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: int) -> Element:
        count = len(self)
        index = to_index(index)
        wanted = index + count if index < 0 else index
        if not 0 <= wanted < count:
            raise IndexError(f"{self.tag} has {count} child elements, no index {index}")
        for position, child in enumerate(self):
            if position == wanted:
                return child
        raise AssertionError("unreachable")

    def __iter__(self) -> Iterator[Element]:
        doc, index = self._doc, self._index
        return (_element(doc, child) for child in _children(doc, index))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Element):
            return NotImplemented
        return self._doc is other._doc and self._index == other._index

    def __hash__(self) -> int:
        return hash((id(self._doc), self._index))

    def __repr__(self) -> str:
        return f"<Element {self.tag} at offset {self.offset}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("an Element cannot be pickled: pickle its Document, or encode() it")

    def __copy__(self) -> Element:
        return self

    def __deepcopy__(self, memo: object) -> Element:
        return self


def _element(doc: Document, index: int) -> Element:
    self: Element = object.__new__(Element)
    self._doc = doc
    self._index = index
    return self


def _at_literals(element: Element, path: str) -> list[Element]:
    """The descendants at a path with names that documents bring themselves. Raises ValueError where this one cannot."""
    if not element._doc._reading:
        raise ValueError(f"{path!r} is not a tag of these code pages")
    from .constructs import walk

    return walk(element, path)


def _tag_at(doc: Document, index: int) -> Tag:
    code = doc._codes[index]
    if code == LITERAL and doc._reading is not None:
        return doc._reading.tag(doc.raw, doc._offsets[index])
    return doc._pages.tag(code)


def _content(doc: Document, index: int, instructions: bool) -> list[Any]:
    """The content of an element in document order, with or without processing instructions."""
    kind = doc._kinds[index]
    if kind == _EMPTY:
        return []
    if kind == _TEXT:
        return [_text_at(doc, index, 2)]
    if kind == _OPAQUE:
        return [_opaque_at(doc, index, 2)]
    content: list[Any] = []
    child, end = index + 1, doc._nexts[index]
    while child < end:
        kind = doc._kinds[child]
        if kind < _PIECE_TEXT:
            content.append(_element(doc, child))
        elif kind == _PIECE_OPAQUE:
            content.append(_opaque_at(doc, child, 1))
        elif kind <= _PIECE_OTHER:
            content.append(_text_at(doc, child, 1))
        elif kind == _INSTRUCTION and instructions:
            assert doc._reading is not None
            content.append(doc._reading.instruction(doc.raw, doc._offsets[child], doc._codes[child]))
        child = doc._nexts[child]
    return content


def _text_at(doc: Document, index: int, skip: int) -> str:
    if doc._kinds[index] == _PIECE_OTHER:
        assert doc._reading is not None
        return doc._reading.piece(doc.raw, doc._offsets[index])
    start = doc._offsets[index] + skip
    return doc.raw[start : start + doc._lengths[index]].decode()


def _opaque_at(doc: Document, index: int, skip: int) -> memoryview:
    start = doc._offsets[index] + skip
    raw = doc.raw
    while raw[start] & 0x80:
        start += 1
    start += 1
    return memoryview(raw)[start : start + doc._lengths[index]]


def _children(doc: Document, index: int) -> Iterator[int]:
    kinds, nexts = doc._kinds, doc._nexts
    if kinds[index] == _CONTAINER:
        child, end = index + 1, nexts[index]
        while child < end:
            if kinds[child] < _PIECE_TEXT:
                yield child
            child = nexts[child]


def _first(doc: Document, index: int, code: int) -> int:
    codes, kinds, nexts = doc._codes, doc._kinds, doc._nexts
    if kinds[index] == _CONTAINER:
        child, end = index + 1, nexts[index]
        while child < end:
            if codes[child] == code and kinds[child] < _PIECE_TEXT:
                return child
            child = nexts[child]
    return -1


def _at_path(doc: Document, index: int, codes: tuple[int, ...]) -> Iterator[int]:
    """The slots at this path below the element, without recursion: a path may be as long as its text."""
    tape = doc._codes
    levels = [_children(doc, index)]
    while levels:
        child = next(levels[-1], -1)
        if child < 0:
            levels.pop()
        elif tape[child] == codes[len(levels) - 1]:
            if len(levels) == len(codes):
                yield child
            else:
                levels.append(_children(doc, child))


def _iterate(doc: Document, index: int, code: int) -> Iterator[Element]:
    codes, kinds = doc._codes, doc._kinds
    for slot in range(index, doc._nexts[index]):
        if kinds[slot] < _PIECE_TEXT and (code < 0 or codes[slot] == code):
            yield _element(doc, slot)


class Match:
    """A selected value of a Decoder: ``path`` as it was given, and ``value``, an Element or a Model instance.

    ``anchor`` is the stream offset of the element that the first name of the path matched: values with the same anchor
    come from the same one. ``path, value = match`` works.
    """

    __slots__ = ("anchor", "path", "value")
    __match_args__ = ("path", "value")

    path: str
    value: Any
    anchor: int

    def __init__(self, path: str, value: Any, anchor: int = 0) -> None:
        self.path = path
        self.value = value
        self.anchor = anchor

    def __iter__(self) -> Iterator[Any]:
        return iter((self.path, self.value))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Match):
            return NotImplemented
        return self.path == other.path and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Match(path={self.path!r}, value={self.value!r}, anchor={self.anchor})"


class _Selection:
    """One selected path: its codes, innermost first, and the Plan for its values or where to write them, if any."""

    __slots__ = ("codes", "path", "plan", "target")

    def __init__(self, path: str, codes: tuple[int, ...], plan: Plan | None, target: Any) -> None:
        self.path = path
        self.codes = codes[::-1]
        self.plan = plan
        self.target = target


class Decoder:
    """Decodes a document while it arrives.

    ``select`` names what is wanted: paths of tags, or a mapping from paths to Model classes (None: Elements). A path
    such as "AirSync:Commands/AirSync:Add" matches elements whose tag and parents end so. Where two paths match the same
    element, the longer one has it. Of everything else the structure is checked, and it is dropped.

    A path may also be mapped to a binary file, or anything else with a write(), or to a function without arguments that
    opens one for each element: the text (as UTF-8) and opaque data that stand in the element itself are written as they
    arrive, and the value of the Match is the file.

    Memory is bounded by the largest selected value, which ``limits`` apply to, and the string table. Raises ValueError
    for a path that could only match inside of what another one selects, or that holds a name which is no tag of the
    code pages.
    """

    __slots__ = (
        "_anchor",
        "_attribute_page",
        "_base",
        "_buffer",
        "_by_code",
        "_closing",
        "_failed",
        "_free",
        "_header",
        "_limits",
        "_literals",
        "_page",
        "_pages",
        "_phase",
        "_reading",
        "_scanner",
        "_scanner_page",
        "_selected",
        "_skip",
        "_stack",
        "_started",
        "_table",
        "_target",
        "_target_depth",
        "_text",
        "_text_offset",
        "_width",
        "_within",
    )

    def __init__(
        self,
        select: Iterable[str] | Mapping[str, Any],
        *,
        pages: CodePages | None = None,
        limits: Limits = DEFAULT,
    ) -> None:
        self._pages = pages or ACTIVESYNC
        self._limits = limits
        self._literals: dict[str, int] = {}  # the codes that stand for selected names which documents bring themselves
        self._by_code = _selections(select, self._pages, self._literals)
        self._buffer = bytearray()
        self._base = 0  # stream offset of the buffer's first byte
        self._phase = 0  # 0 header, 1 before the root, 2 within it, 3 behind it
        self._header = _Header(3, 1, -1, 106, 0, 0)
        self._table = b""
        self._reading: Reading | None = None  # for what is not selected
        self._width = 0
        self._page = 0
        self._attribute_page = 0
        self._within = 0  # _ATTRIBUTES or _INSTRUCTION while these have not ended
        self._started = False
        self._closing = False
        self._stack: list[tuple[int, int]] = []  # code and stream offset of each open element
        self._skip = 0  # bytes still to come of an opaque that nobody selected
        self._text: Any = None  # the incremental decoder while within a text that nobody selected
        self._text_offset = 0
        self._scanner: _Scanner | None = None  # set while a selected element is incomplete
        self._scanner_page = 0
        self._selected: _Selection | None = None
        self._anchor = 0
        self._target: Any = None  # what the open element's content is written to
        self._target_depth = 0
        self._failed: DecodeError | None = None
        self._free = allocate_lock()

    def feed(self, chunk: BytesLike) -> list[Match]:
        """The values whose ends came with this chunk, in order.

        Raises DecodeError where the bytes are not a document; values found before that point are returned first, and
        the error is raised by the next call.
        """
        if not self._free.acquire(blocking=False):
            raise RuntimeError("a Decoder serves one thread at a time")
        try:
            if self._failed is not None:
                raise self._failed
            self._buffer += chunk
            found: list[Match] = []
            try:
                used = self._run(found)
            except DecodeError as error:
                self._failed = error
                self._buffer = bytearray()
                if not found:
                    raise
                return found
            del self._buffer[:used]
            self._base += used
            return found
        finally:
            self._free.release()

    def close(self) -> None:
        """None where the document was whole. Raises TruncatedError where it was not, or the error that feed() met."""
        if self._failed is not None:
            raise self._failed
        if self._free.locked():
            raise RuntimeError("a Decoder serves one thread at a time")
        if self._phase != 3 or self._within or self._text is not None or self._skip or self._buffer:
            raise decode_error(errors.TRUNCATED, self._base + len(self._buffer))

    def _run(self, found: list[Match]) -> int:
        """How many bytes of the buffer are done with; the others wait for more."""
        data, base = self._buffer, self._base
        size = len(data)
        pos = 0
        if self._phase == 0:
            pos = self._head(data)
            if not pos:
                return 0
        while True:
            if self._scanner is not None:
                end = self._scan(self._scanner, found, pos)
                if end < 0:
                    return pos
                pos = end
            if self._skip:
                step = min(self._skip, size - pos)
                if self._writing():
                    self._target.write(bytes(data[pos : pos + step]))
                self._skip -= step
                pos += step
            if pos >= size:
                return pos
            if self._text is not None:
                pos = self._pass(data, pos)
                if self._text is not None:
                    return pos
                continue
            token = data[pos]
            offset = base + pos
            started = self._started
            if self._within:
                started = _attribute(token, started, self._within == _INSTRUCTION, offset)
                if token == END:
                    self._within = 0
                    pos += 1
                    if self._closing:
                        self._closing = False
                        self._end(found)
                    continue
            elif self._phase == 3:
                if token != _PI:
                    raise decode_error(errors.AFTER_ROOT, offset, token)
            elif token & TOKEN_MASK >= LITERAL:
                code = self._page << 6 | token & TOKEN_MASK
                after = pos + 1
                if token & TOKEN_MASK == LITERAL:
                    named = _integer(data, pos + 1, size, offset)
                    if named is None:
                        return pos
                    code = self._literal(named[0], offset)
                    after = named[1]
                self._start(token, code, offset, found)
                if self._scanner is None:
                    pos = after
                continue
            elif token == END and self._phase == 2:
                pos += 1
                self._end(found)
                continue
            elif self._phase == 1 and token != SWITCH_PAGE and token != _PI:
                raise decode_error(errors.NO_ROOT, offset, token)
            if token == STR_I or _EXT_I <= token < _PI:
                from .constructs import Reader

                self._text = Reader(self._header.charset)
                self._text_offset = offset
                pos += 1
            elif token == OPAQUE:
                length = _integer(data, pos + 1, size, offset)
                if length is None:
                    return pos
                self._skip, pos = length
            elif token == _PI:
                self._within = _INSTRUCTION
                started = False
                pos += 1
            else:
                after = _short_end(data, pos, offset)
                if after < 0:
                    return pos
                if token == SWITCH_PAGE:
                    if self._within:
                        self._attribute_page = data[pos + 1]
                    else:
                        self._page = data[pos + 1]
                elif not self._within:
                    piece = self._pieces().piece_at(bytes(data[pos:after]), offset)
                    if self._writing():
                        self._target.write(piece.encode())
                pos = after
            self._started = started

    def _head(self, data: bytearray) -> int:
        """Where the body starts, 0 where the bytes end before that."""
        header = _read_header(data)
        if header is None:
            return 0
        if header.table > self._limits.max_size:
            raise decode_error(errors.TOO_LARGE, header.end, self._limits.max_size)
        end = header.end + header.table
        if len(data) < end:
            return 0
        self._header = header
        self._width = _width(header.charset, 0)
        self._table = bytes(data[header.end : end])
        if header.reference >= 0:
            self._pieces().string(header.reference, 1)
        self._phase = 1
        return end

    def _pieces(self) -> Reading:
        """What knows the string table."""
        if self._reading is None:
            self._reading = _read(self._pages, self._header, self._table, 0, True)
        assert self._reading is not None
        return self._reading

    def _literal(self, place: int, offset: int) -> int:
        """The code of a LITERAL: its own, or that of the selected name that it has."""
        name = self._pieces().string(place, offset)
        return self._literals.get(name, LITERAL)

    def _writing(self) -> bool:
        return self._target is not None and len(self._stack) == self._target_depth and not self._within

    def _pass(self, data: bytearray, pos: int) -> int:
        """Where the text that nobody selected ends, or how far it is read where the bytes end first."""
        width = self._width or 1
        zero = _find_nul(data, pos, pos, width)
        stop = len(data) - (len(data) - pos) % width if zero < 0 else zero
        try:
            text = self._text.decode(data[pos:stop], zero >= 0)
        except UnicodeError:
            code = errors.BAD_CHARSET_TEXT if self._width else errors.BAD_TEXT
            raise decode_error(code, self._text_offset, self._header.charset) from None
        if self._writing() and text:
            self._target.write(text.encode())
        if zero < 0:
            return stop
        self._text = None
        return zero + width

    def _start(self, token: int, code: int, offset: int, found: list[Match]) -> None:
        """Takes note of a tag: as the start of a selected element, or of another one that is only passed through."""
        if len(self._stack) >= self._limits.max_depth:
            raise decode_error(errors.TOO_DEEP, offset, self._limits.max_depth)
        self._phase = 2
        for selection in () if self._target is not None else self._by_code.get(code, ()):
            parents = selection.codes[1:]
            if len(parents) <= len(self._stack) and all(
                above == parent for (above, _), parent in zip(reversed(self._stack), parents, strict=False)
            ):
                self._selected = selection
                self._anchor = self._stack[-len(parents)][1] if parents else offset
                if selection.target is not None:
                    self._target = selection.target if hasattr(selection.target, "write") else selection.target()
                    self._target_depth = len(self._stack) + 1
                    break
                self._scanner = _Scanner(self._page, self._limits, self._width, self._attribute_page)
                self._scanner.depth = len(self._stack)
                self._scanner_page = self._attribute_page << 8 | self._page
                return
        self._stack.append((code, offset))
        if token & ATTRIBUTES:
            self._within = _ATTRIBUTES
            self._started = False
            self._closing = not token & WITH_CONTENT
        elif not token & WITH_CONTENT:
            self._end(found)

    def _end(self, found: list[Match]) -> None:
        """Closes the element that was opened last."""
        if self._target is not None and len(self._stack) == self._target_depth:
            assert self._selected is not None
            found.append(Match(self._selected.path, self._target, self._anchor))
            self._target = None
        self._stack.pop()
        if not self._stack:
            self._phase = 3

    def _scan(self, scanner: _Scanner, found: list[Match], pos: int) -> int:
        """Where the selected element that starts at ``pos`` ends, or -1 where the bytes end first."""
        data, start = self._buffer, self._base + pos
        try:
            done = scanner.run(data, pos, start, False)
        except DecodeError:
            if scanner.constructs:
                reading = _read(self._pages, self._header, self._table, start, True)
                assert reading is not None
                _check(reading, bytes(data[pos:]), scanner, self._limits.max_expanded)
            raise
        reached = scanner.pos if done else len(data) - pos
        if reached > self._limits.max_size:
            raise decode_error(errors.TOO_LARGE, start, self._limits.max_size)
        if not done:
            return -1
        raw = bytes(data[pos : pos + reached])
        reading = _read(self._pages, self._header, self._table, start, scanner.constructs)
        if reading is not None and scanner.constructs:
            _check(reading, raw, scanner, self._limits.max_expanded)
        doc = _document(raw, self._pages, self._header, self._scanner_page, start, scanner, reading)
        assert self._selected is not None
        plan = self._selected.plan
        value = _element(doc, 0) if plan is None else _build(doc, 0, plan, 0)
        found.append(Match(self._selected.path, value, self._anchor))
        self._page = scanner.page
        self._attribute_page = scanner.attribute_page
        self._scanner = None
        if not self._stack:
            self._phase = 3
        return pos + reached


def _selections(
    select: Iterable[str] | Mapping[str, Any], pages: CodePages, literals: dict[str, int]
) -> dict[int, list[_Selection]]:
    """The selections by the code of their last tag, the longest first. Adds the names that are no tags to literals."""
    if isinstance(select, str):
        select = (select,)
    models: Mapping[str, Any] = select if hasattr(select, "keys") else dict.fromkeys(select)  # type: ignore[assignment]
    chosen = []
    for path, wanted in models.items():
        target = plan = None
        if hasattr(wanted, "write") or (callable(wanted) and not isinstance(wanted, type)):
            target = wanted
        elif wanted is not None:
            plan = plan_of(wanted)
        codes = pages.path(path)
        if LITERAL in codes:
            if pages is ACTIVESYNC:
                raise ValueError(f"{path!r} is not a tag of these code pages")
            names = zip(path.split("/"), codes, strict=True)
            codes = tuple([
                literals.setdefault(name, _FIRST_LITERAL + len(literals)) if code == LITERAL else code
                for name, code in names
            ])  # fmt: skip
        chosen.append(_Selection(path, codes, plan, target))
    if not chosen:
        raise ValueError("select names no path")
    if len(literals) > 0x4000:
        raise ValueError("select has more names without a namespace than can be told apart")
    for one in chosen:
        for other in chosen:
            for skip in range(1, len(other.codes)):
                if other.codes[skip : skip + len(one.codes)] == one.codes:
                    raise ValueError(f"{other.path!r} can only match inside of what {one.path!r} selects")
    by_code: dict[int, list[_Selection]] = {}
    for one in sorted(chosen, key=lambda selection: -len(selection.codes)):
        by_code.setdefault(one.codes[0], []).append(one)
    return by_code


class Writer:
    """Writes a document token by token: start(), text(), opaque() and end(), then finish().

    SWITCH_PAGE is written where the page changes, and a tag gets its content bit when content follows. ``version`` is
    that of WBXML, "1.0" to "1.3", ``charset`` the name of the character set, and ``public_id`` a number or a str, by
    default that of the code pages.
    """

    __slots__ = ("_coding", "_done", "_out", "_page", "_pages", "_stack", "_tags")

    def __init__(
        self,
        *,
        pages: CodePages | None = None,
        version: str = "1.3",
        charset: str = "UTF-8",
        public_id: int | str | None = None,
    ) -> None:
        self._pages = pages or ACTIVESYNC
        self._out = bytearray(_HEADER)
        self._page = 0
        self._stack: list[int] = []  # where the tag byte of each open element stands
        self._tags: list[str] = []
        self._done = False
        self._coding: Coding | None = None  # for what only constructs.py can write
        if version != "1.3" or charset != "UTF-8" or public_id is not None or self._pages.public_id != 1:
            self._coding = _coding(self._pages, version, charset, public_id)

    def start(self, tag: str, attrib: Mapping[str, str | bytes] | None = None) -> None:
        """Opens an element, with attributes. A Tag of literal() is written with its name in the string table.

        Raises EncodeError for an unknown tag, a second root, or nesting without end.
        """
        named = getattr(tag, "namespace", None) == ""
        known = None if named else _tag_of(tag, self._pages)
        if self._done and not self._stack:
            raise EncodeError(f"{tag}: a document has one root element")
        if len(self._stack) >= DEFAULT.max_depth:
            raise EncodeError(f"{tag}: elements are nested deeper than {DEFAULT.max_depth}")
        named_by = self._constructs().literal(tag) if named else b""
        attributes = self._constructs().attributes(attrib, tag) if attrib else b""
        if self._stack:
            self._content()
        self._done = True
        out = self._out
        if known is None:
            token = LITERAL
        else:
            assert known.page is not None and known.token is not None
            token = known.token
            if known.page != self._page:
                self._page = known.page
                out.append(SWITCH_PAGE)
                out.append(known.page)
        self._stack.append(len(out))
        self._tags.append(tag)
        out.append(token | ATTRIBUTES if attributes else token)
        out += named_by
        out += attributes

    def text(self, text: str) -> None:
        """Writes an inline string into the open element. Raises EncodeError for a NUL or a lone surrogate."""
        self._check_open()
        if self._coding is not None:
            self._put(self._coding.text(text, self._tags[-1]))
            return
        data = _encode_text(text, self._tags[-1])
        self._content()
        self._out.append(STR_I)
        self._out += data
        self._out.append(0)

    def entity(self, code: int) -> None:
        """Writes a character by its number into the open element."""
        self._check_open()
        self._put(self._constructs().entity(code, self._tags[-1]))

    def extension(self, extension: Extension) -> None:
        """Writes an Extension into the open element."""
        self._check_open()
        self._put(self._constructs().extension(extension, self._tags[-1]))

    def instruction(self, target: str, value: str | bytes = "") -> None:
        """Writes a processing instruction, into the open element, before the root or behind it."""
        self._put(self._constructs().instruction(target, value))

    def _put(self, data: bytes) -> None:
        if self._stack:
            self._content()
        self._out += data

    def _constructs(self) -> Coding:
        if self._coding is None:
            self._coding = _coding(self._pages)
        return self._coding

    def opaque(self, data: BytesLike) -> None:
        """Writes opaque data into the open element."""
        self._check_open()
        view = memoryview(data).cast("B")
        length = _mb_u_int32(len(view), self._tags[-1])
        self._content()
        self._out.append(OPAQUE)
        self._out += length
        self._out += view

    def end(self) -> None:
        """Closes the element that was opened last."""
        self._check_open()
        position = self._stack.pop()
        self._tags.pop()
        if self._out[position] & WITH_CONTENT:
            self._out.append(END)

    def copy(self, element: Element) -> None:
        """Writes an Element of a Document with all that is in it. Raises EncodeError where other code pages name it."""
        doc = element._doc
        if doc._reading is not None or self._coding is not None:
            self._copy(element)
            return
        kinds, nexts = doc._kinds, doc._nexts
        depth = len(self._stack)
        ends: list[int] = []
        try:
            for slot in range(element._index, nexts[element._index]):
                while ends and slot >= ends[-1]:
                    ends.pop()
                    self.end()
                kind = kinds[slot]
                if kind == _PIECE_TEXT:
                    self.text(_text_at(doc, slot, 1))
                elif kind == _PIECE_OPAQUE:
                    self.opaque(_opaque_at(doc, slot, 1))
                else:
                    self.start(doc._pages.tag(doc._codes[slot]))
                    if kind == _TEXT:
                        self.text(_text_at(doc, slot, 2))
                    elif kind == _OPAQUE:
                        self.opaque(_opaque_at(doc, slot, 2))
                    if kind == _CONTAINER:
                        ends.append(nexts[slot])
                    else:
                        self.end()
            for _ in ends:
                self.end()
        except EncodeError:
            # What was opened here is not the caller's to close.
            del self._stack[depth:], self._tags[depth:]
            raise

    def _copy(self, element: Element) -> None:
        from .constructs import copy

        depth = len(self._stack)
        try:
            copy(self, element)
        except EncodeError:
            del self._stack[depth:], self._tags[depth:]
            raise

    def finish(self) -> bytes:
        """The document. Raises EncodeError where no root was written or an element is still open."""
        if self._stack:
            raise EncodeError(f"{self._tags[-1]}: the element is still open")
        if not self._done:
            raise EncodeError("a document needs a root element")
        if self._coding is not None:
            return self._coding.finish(bytes(self._out))
        return bytes(self._out)

    def _check_open(self) -> None:
        if not self._stack:
            raise EncodeError("no element is open")

    def _content(self) -> None:
        self._out[self._stack[-1]] |= WITH_CONTENT


def _coding(pages: CodePages, *header: Any) -> Coding:
    from .constructs import Coding

    return Coding(pages, *header)


def _tag_of(tag: str, pages: CodePages) -> Tag:
    known = pages.by_name.get(tag)
    if known is None:
        try:
            known = pages.lookup(tag)
        except ValueError as error:
            raise EncodeError(str(error)) from None
    return known


def _encode_text(text: str, where: str) -> bytes:
    if not isinstance(text, str):
        raise EncodeError(f"{where}: expected a str, not {type(text).__name__}")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(f"{where}: a lone surrogate at character {error.start} cannot be written") from None
    if 0 in data:
        raise EncodeError(f"{where}: a NUL at character {text.index(chr(0))} cannot be written")
    return data


def _mb_u_int32(value: int, where: str) -> bytes:
    if value > 0xFFFF_FFFF:
        raise EncodeError(f"{where}: {value} bytes do not fit an opaque, whose length has 32 bits")
    out = [value & 0x7F]
    while value > 0x7F:
        value >>= 7
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


class Plan:
    """A Model compiled for the kernels: which tag goes to which field, and how. Made by model.py."""

    __slots__ = ("by_code", "cls", "defaults", "fields", "name", "tag", "write")

    cls: type[Any]
    tag: Tag | None
    name: str
    fields: tuple[PlanField, ...]
    defaults: list[Any]
    by_code: dict[int, tuple[int, Plan | None]]
    write: _Write

    def __init__(self, cls: type[Any], tag: Tag | None) -> None:
        self.cls = cls
        self.tag = tag
        self.name = cls.__name__
        self.fields = ()
        self.defaults = []
        self.by_code = {}
        self.write = self._compile_and_write

    def define(self, fields: Sequence[PlanField]) -> None:
        """Takes the fields; apart from the constructor, so that Models can refer to each other.

        Raises ValueError where two fields want the same tag.
        """
        self.fields = tuple(fields)
        for index, field in enumerate(self.fields):
            self.defaults.append(False if field.kind == FLAG and not field.many else None)
            entries: list[tuple[Tag | None, Plan | None]]
            if field.within is not None:
                entries = [(field.within, None)]
            elif field.kind == MODEL and field.many:
                entries = [(plan.tag, plan) for plan in field.plans]
            else:
                entries = [(field.tag, None)]
            for tag, plan in entries:
                assert tag is not None
                if tag.code in self.by_code:
                    raise ValueError(f"{self.name}.{field.name}: another field has the tag {tag}")
                self.by_code[tag.code] = (index, plan)

    def _compile_and_write(self, *arguments: Any) -> int:
        """What ``write`` is before it is first called: most Models of a program are never written."""
        self.write = _compile(self)
        return self.write(*arguments)


def _is_exact(tag: Tag) -> bool:
    """Whether the tag is the one that ActiveSync's code pages have."""
    return ACTIVESYNC.by_name.get(tag) is tag


def plan_of(model: type[Any]) -> Plan:
    """The Plan of a Model class, compiled on first use. Raises TypeError for anything else."""
    plan = getattr(model, "__wbxml_plan__", None)
    if not isinstance(plan, Plan):
        raise TypeError(f"type must be a Model class, not {model!r}")
    return plan


def _build(doc: Document, index: int, plan: Plan, depth: int) -> Any:
    """An instance of the plan's Model from the element in slot ``index``."""
    if depth >= _MODEL_DEPTH:
        raise LimitError(f"{plan.name} is nested deeper than {_MODEL_DEPTH}", doc._base + doc._offsets[index])
    codes, kinds, nexts = doc._codes, doc._kinds, doc._nexts
    values = plan.defaults.copy()
    fields = plan.fields
    by_code = plan.by_code
    seen = 0
    unknown: list[Element] = []
    problems: list[Problem] = []
    if kinds[index] == _CONTAINER:
        child, end = index + 1, nexts[index]
        while child < end:
            kind = kinds[child]
            entry = by_code.get(codes[child]) if kind < _PIECE_TEXT else None
            if entry is None:
                if kind < _PIECE_TEXT:
                    unknown.append(_element(doc, child))
                else:
                    _stray(doc, index, child, 1, problems)
            else:
                number, alternative = entry
                field = fields[number]
                if field.many and field.within is None:
                    value = _value(doc, child, field, alternative, unknown, problems, depth)
                    if value is not None:
                        if values[number] is None:
                            values[number] = []
                        values[number].append(value)
                elif seen >> number & 1:
                    unknown.append(_element(doc, child))
                elif field.many:
                    values[number] = _list(doc, child, field, unknown, problems, depth)
                else:
                    values[number] = _value(doc, child, field, None, unknown, problems, depth)
                seen |= 1 << number
            child = nexts[child]
    else:
        _stray(doc, index, index, 2, problems)
    instance: Any = object.__new__(plan.cls)
    for field, value in zip(fields, values, strict=True):
        setattr(instance, field.name, [] if value is None and field.many and not field.optional else value)
    instance.unknown = tuple(unknown)
    instance.problems = tuple(problems)
    return instance


_SPACE = " \t\r\n"


def _stray(doc: Document, index: int, slot: int, skip: int, problems: list[Problem]) -> None:
    """Tells of text or opaque in ``slot`` that stands where the element ``index`` should hold elements only."""
    kind = doc._kinds[slot]
    if kind == _TEXT or kind == _PIECE_TEXT or kind == _PIECE_OTHER:
        text = _text_at(doc, slot, skip)
        if text.strip(_SPACE):
            problems.append(_problem(doc, index, "elements", text))
    elif kind == _OPAQUE or kind == _PIECE_OPAQUE:
        problems.append(_problem(doc, index, "elements", _as_text(bytes(_opaque_at(doc, slot, skip)))))
    elif kind == _ATTRIBUTES:
        problems.append(_problem(doc, index, "no attributes", repr(_element(doc, index).attrib)))


def _problem(doc: Document, index: int, expected: str, value: str | bytes | None) -> Problem:
    return Problem(doc._base + doc._offsets[index], _tag_at(doc, index), expected, value)


def _raw(doc: Document, index: int) -> str | bytes | None:
    """What stands in an element: text ("" where it is empty), bytes for an opaque that is no UTF-8, None: elements."""
    kind = doc._kinds[index]
    if kind == _TEXT:
        return _text_at(doc, index, 2)
    if kind == _EMPTY:
        return ""
    if kind == _OPAQUE:
        return _as_text(bytes(_opaque_at(doc, index, 2)))
    if doc._lengths[index]:
        return None
    element = _element(doc, index)
    data = element.data
    if data is None:
        return element.text or ""
    text = element.text
    return _as_text(data) if text is None else data


def _as_text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _list(
    doc: Document, index: int, field: PlanField, unknown: list[Element], problems: list[Problem], depth: int
) -> list[Any]:
    """The values within the wrapper element in slot ``index``."""
    items: list[Any] = []
    codes, kinds, nexts = doc._codes, doc._kinds, doc._nexts
    if kinds[index] != _CONTAINER:
        _stray(doc, index, index, 2, problems)
        return items
    plans = {plan.tag.code: plan for plan in field.plans if plan.tag is not None}
    code = -1 if field.tag is None else field.tag.code
    child, end = index + 1, nexts[index]
    while child < end:
        if kinds[child] >= _PIECE_TEXT:
            _stray(doc, index, child, 1, problems)
        else:
            plan = plans.get(codes[child])
            if plan is None and codes[child] != code:
                unknown.append(_element(doc, child))
            else:
                value = _value(doc, child, field, plan, unknown, problems, depth)
                if value is not None:
                    items.append(value)
        child = nexts[child]
    return items


def _value(
    doc: Document,
    index: int,
    field: PlanField,
    plan: Plan | None,
    unknown: list[Element],
    problems: list[Problem],
    depth: int,
) -> Any:
    """The value of the element in slot ``index`` as the field wants it, or None where it does not fit."""
    kind = field.kind
    if kind == MODEL:
        return _build(doc, index, plan or _choose(doc, index, field), depth + 1)
    if kind == FLAG:
        return True
    if kind == BYTES:
        if doc._kinds[index] == _OPAQUE:
            return bytes(_opaque_at(doc, index, 2))
        if doc._kinds[index] == _CONTAINER and not doc._lengths[index]:
            data = _element(doc, index).data
            if data is not None:
                return data
    raw = _raw(doc, index)
    value = None
    if type(raw) is str:
        if kind == STR:
            return raw
        value = _CONVERT[kind](raw, field)
    elif raw is None:
        unknown.append(_element(doc, index))
    elif kind == BYTES:
        return raw
    if value is None:
        problems.append(_problem(doc, index, _EXPECTED[kind], raw))
    return value


def _choose(doc: Document, index: int, field: PlanField) -> Plan:
    """The Model for an element that may hold one of several: the first child whose code page has only one decides."""
    if len(field.plans) > 1:
        for child in _children(doc, index):
            plan = field.pages.get(doc._codes[child] >> 6)
            if plan is not None:
                return plan
    return field.plans[0]


# 18 digits: what fits 64 bits, in every kernel.
_INT = re.compile(r"[ \t\r\n]*([+-]?[0-9]{1,18})[ \t\r\n]*", re.ASCII)
_DATETIME = re.compile(
    r"[ \t\r\n]*([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})"
    r"(?:T([0-9]{2})(:?)([0-9]{2})\6([0-9]{2})(?:\.([0-9]{1,9}))?)?Z?[ \t\r\n]*",
    re.ASCII,
)
_BOOLEANS = {"": True, "1": True, "true": True, "0": False, "false": False}


def _to_int(text: str, field: PlanField) -> int | None:
    found = _INT.fullmatch(text)
    return None if found is None else int(found[1])


def _to_bool(text: str, field: PlanField) -> bool | None:
    # An empty element is true: [MS-ASDTYPE] section 2.1, R6.
    return _BOOLEANS.get(text.strip(_SPACE))


def _to_bytes(text: str, field: PlanField) -> bytes | None:
    try:
        return b64decode(text.translate(_NO_SPACE), validate=True)
    except (Base64Error, ValueError):
        return None


def _to_datetime(text: str, field: PlanField) -> datetime | None:
    # Both spellings are read whatever the element calls for, since servers mix them: [MS-ASDTYPE] sections 2.3, 2.7.5.
    found = _DATETIME.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, hour, _, minute, second, fraction = found.groups()
    microsecond = int(f"{fraction:0<6.6}") if fraction else 0
    try:
        return datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, UTC
        )
    except ValueError:
        return None


def _to_int_enum(text: str, field: PlanField) -> Any:
    return field.enum.get(_to_int(text, field))


def _to_str_enum(text: str, field: PlanField) -> Any:
    return field.enum.get(text.strip(_SPACE))


_NO_SPACE = dict.fromkeys(map(ord, _SPACE))
_CONVERT = {
    INT: _to_int,
    BOOL: _to_bool,
    BYTES: _to_bytes,
    DATETIME: _to_datetime,
    INT_ENUM: _to_int_enum,
    STR_ENUM: _to_str_enum,
}
_EXPECTED = {
    STR: "text",
    INT: "an integer",
    BOOL: "a boolean",
    BYTES: "opaque data or base64",
    DATETIME: "a date and time",
    INT_ENUM: "one of the known numbers",
    STR_ENUM: "one of the known words",
}


class _OddError(Exception):
    """There is something in a Model instance that Plan.write() leaves to _emit()."""


def _write_document(instance: Any, plan: Plan) -> bytes:
    """encode() of a Model instance for what nearly all hold, in a quarter of the time that _emit() takes.

    All but opaque data is joined as str and becomes bytes at once. Raises _OddError for the rest, also for what cannot
    be written, where _emit() knows what to say.
    """
    tag = plan.tag
    if tag is None or not _is_plain(tag):
        raise _OddError
    parts: list[str] = []
    opaques: list[bytes] = []
    plan.write(parts, opaques, instance, *_open_tag(tag), 0, 0)
    try:
        text = "".join(parts).encode()
    except UnicodeEncodeError:
        raise _OddError from None
    done = [_HEADER] * (2 * len(opaques) + 2)
    done[1::2] = text.split(_PLACE.encode())
    done[2::2] = opaques
    return b"".join(done)


def _is_plain(tag: Tag) -> bool:
    """Whether a tag is ActiveSync's own, and the number of its page a byte in UTF-8, too."""
    return _is_exact(tag) and tag.code >> 6 < 0x80


def _open_tag(tag: Tag) -> tuple[int, str]:
    """The page of a tag, and the tag as one that has content."""
    return tag.code >> 6, chr(tag.code & TOKEN_MASK | WITH_CONTENT)


def _compile(plan: Plan) -> _Write:
    """Plan.write() as a function made for the Model, as dataclasses has it for __init__().

    It goes straight from field to field, where a loop would ask of each what it is, time and again, and take twice as
    long. It adds an instance to ``parts``, its opaque data to ``opaques``, and returns the last page; or raises
    _OddError.
    """
    lines = [
        "def write(parts, opaques, instance, of_page, tag, page, depth):",
        f"    if instance.unknown or depth >= {_MODEL_DEPTH}:",
        "        raise OddError",
        "    add = parts.append",
        "    if page != of_page:",
        "        page = of_page",
        "        add('\\0' + chr(page))",
        "    add(tag)",
        "    start = len(parts)",
    ]
    names: dict[str, Any] = {
        "OddError": _OddError,
        "UTC": UTC,
        "datetime": datetime,
        "from_datetime": _from_datetime,
        "opaque": _opaque,
    }
    for index, field in enumerate(plan.fields):
        lines.append(f"    value = instance.{field.name}")
        lines.append(
            f"    if value is not None{'' if field.many or field.kind != FLAG else ' and value is not False'}:"
        )
        names[f"inner{index}"] = _inner(field)
        if field.many:
            lines += _lines_of_list(field, index)
        else:
            lines += [f"        {line}" for line in _lines_of_value(field, index)]
    lines += ["    if len(parts) == start:", f"        parts[-1] = chr(ord(tag) & {TOKEN_MASK})", "    else:"]
    lines += ["        add('\\1')", "    return page"]
    exec("\n".join(lines), names)
    write: _Write = names["write"]
    return write


def _inner(field: PlanField) -> dict[type[Any], tuple[Plan, int, str]]:
    """The Models that a field may hold by their classes, each with the page and the tag that it gets there."""
    found = {}
    for plan in field.plans:
        tag = plan.tag if field.many or field.tag is None else field.tag
        if tag is not None and _is_plain(tag):
            found[plan.cls] = (plan, *_open_tag(tag))
    return found


def _lines_of_list(field: PlanField, index: int) -> list[str]:
    within = field.within
    if within is not None and not _is_plain(within):
        return ["        raise OddError"]
    lines = ["        if type(value) is not list:", "            raise OddError"]
    lines.append("        if True:" if within is not None and field.optional else "        if value:")
    if within is not None:
        page, tag = _open_tag(within)
        lines += [f"            {line}" for line in (*_lines_of_page(page), f"add({tag!r})", "inside = len(parts)")]
    lines += [
        "            for value in value:",
        "                if value is None:",
        "                    raise OddError",
    ]
    lines += [f"                {line}" for line in _lines_of_value(field, index)]
    if within is not None:
        lines += ["            if len(parts) == inside:", f"                parts[-1] = {chr(ord(tag) & TOKEN_MASK)!r}"]
        lines += ["            else:", "                add('\\1')"]
    return lines


def _lines_of_page(page: int) -> list[str]:
    return [f"if page != {page}:", f"    page = {page}", f"    add('\\0' {chr(page)!r})"]


def _lines_of_value(field: PlanField, index: int) -> list[str]:
    kind, tag = field.kind, field.tag
    if kind == MODEL:
        return [
            f"found = inner{index}.get(type(value))",
            "if found is None:",
            "    raise OddError",
            "page = found[0].write(parts, opaques, value, found[1], found[2], page, depth + 1)",
        ]
    if tag is None or not _is_plain(tag) or (kind == BYTES and not tag.binary):
        return ["raise OddError"]
    page, head = _open_tag(tag)
    empty = chr(ord(head) & TOKEN_MASK)
    literal = (head + chr(STR_I)).replace("{", "{{").replace("}", "}}")
    written = f"f{literal!r}f'{{value}}' '\\0\\1'"
    lines = _lines_of_page(page)
    # Each begins with a test of what the value may not be, before anything is written.
    if kind == STR:
        lines = ["if type(value) is not str or '\\0' in value:", "    raise OddError", *lines]
    elif kind == STR_ENUM:
        lines = ["if not isinstance(value, str) or '\\0' in value:", "    raise OddError", *lines]
        lines += ["value = str.__str__(value)"]
    elif kind == INT or kind == INT_ENUM:
        test = ["if type(value) is not int:", "    if not isinstance(value, int):", "        raise OddError"]
        lines = [*test, "    value = int.__repr__(value)", *lines]
    elif kind == DATETIME:
        lines = ["if type(value) is not datetime or value.tzinfo is not UTC:", "    raise OddError", *lines]
        lines += [f"value = from_datetime(value, {bool(field.compact)})"]
    elif kind == BOOL:
        lines = ["if type(value) is not bool:", "    raise OddError", *lines]
        written = f"{head + chr(STR_I)!r} '1\\0\\1' if value else {head + chr(STR_I)!r} '0\\0\\1'"
    elif kind == FLAG:
        written = repr(empty)
    else:
        lines = ["if type(value) is not bytes:", "    raise OddError", *lines]
        lines += ["opaques.append(opaque(value))"]
        written = repr(head + _PLACE)
    # The empty str is an empty element.
    return [*lines, f"add({written} if value else {empty!r})" if kind in (STR, STR_ENUM) else f"add({written})"]


_PLACE = "\0\x7f"
"""Where opaque data stands among texts: neither the end of a text nor a switch of pages looks so."""


def _opaque(data: bytes) -> bytes:
    """OPAQUE with the data, and the END of the element around it."""
    size = len(data)
    if size < 0x80:
        return b"\xc3%c%b\x01" % (size, data)
    return b"".join((b"\xc3", _mb_u_int32(size, ""), data, b"\x01"))


def _emit(writer: Writer, instance: Any, plan: Plan, tag: Tag, version: str | None, depth: int) -> None:
    """Writes a Model instance as an element with this tag."""
    if depth >= _MODEL_DEPTH:
        raise EncodeError(f"{plan.name} is nested deeper than {_MODEL_DEPTH}")
    writer.start(tag)
    unknown = [(element, _parent_code(element)) for element in instance.unknown]
    for field in plan.fields:
        value = getattr(instance, field.name)
        within = field.within
        # What stood undescribed within a wrapper goes back into it.
        rest = [] if within is None or not unknown else [e for e, parent in unknown if parent == within.code]
        if not rest and (value is None or (value is False and field.kind == FLAG)):
            continue
        if field.many:
            if value is None:
                value = ()
            elif not isinstance(value, (list, tuple)):
                raise EncodeError(f"{plan.name}.{field.name}: expected a list, not {type(value).__name__}")
            if not value and not rest and (within is None or not field.optional):
                continue
        if version is not None and version not in field.versions:
            what = within or field.tag or field.plans[0].tag
            raise EncodeError(f"{plan.name}.{field.name}: {what} is not in version {version}")
        if not field.many:
            _emit_value(writer, value, field, plan, version, depth)
            continue
        if within is not None:
            writer.start(within)
        for item in value:
            _emit_value(writer, item, field, plan, version, depth)
        for element in rest:
            writer.copy(element)
        if within is not None:
            writer.end()
    if unknown:
        wrappers = {field.within.code for field in plan.fields if field.within is not None}
        for element, parent in unknown:
            if parent not in wrappers:
                writer.copy(element)
    writer.end()


def _parent_code(element: Element) -> int:
    """The code of the element's parent, or -1 for a root."""
    doc, index = element._doc, element._index
    for slot in range(index - 1, -1, -1):
        if doc._kinds[slot] == _CONTAINER and doc._nexts[slot] > index:
            return doc._codes[slot]
    return -1


def _emit_value(writer: Writer, value: Any, field: PlanField, plan: Plan, version: str | None, depth: int) -> None:
    kind = field.kind
    if kind == MODEL:
        for chosen in field.plans:
            if type(value) is chosen.cls:
                break
        else:
            names = " or ".join([chosen.name for chosen in field.plans])
            raise EncodeError(f"{plan.name}.{field.name}: expected {names}, not {type(value).__name__}")
        tag = (None if field.many else field.tag) or chosen.tag
        assert tag is not None
        _emit(writer, value, chosen, tag, version, depth + 1)
        return
    assert field.tag is not None
    writer.start(field.tag)
    if kind == STR:
        text = value
    elif kind == FLAG:
        text = ""
    elif kind == BYTES:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise _unfit(plan, field, "bytes", value)
        if field.tag.binary:
            writer.opaque(value)
            text = ""
        else:
            text = b64encode(value).decode()
    elif kind == DATETIME:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise _unfit(plan, field, "a datetime with a time zone", value)
        text = _from_datetime(value, field.compact)
    elif kind == BOOL:
        if type(value) is not bool:
            raise _unfit(plan, field, "a bool", value)
        text = "1" if value else "0"
    elif kind == STR_ENUM:
        if not isinstance(value, str):
            raise _unfit(plan, field, "a str", value)
        text = str.__str__(value)
    else:
        if not isinstance(value, int):
            raise _unfit(plan, field, "an int", value)
        text = int.__repr__(value)
    if not isinstance(text, str):
        raise _unfit(plan, field, "a str", text)
    if text:
        writer.text(text)
    writer.end()


def _unfit(plan: Plan, field: PlanField, expected: str, value: object) -> EncodeError:
    found = "a datetime without one" if isinstance(value, datetime) else type(value).__name__
    return EncodeError(f"{plan.name}.{field.name}: expected {expected}, not {found}")


def _from_datetime(value: datetime, compact: bool) -> str:
    try:
        utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError as error:
        raise EncodeError(f"{value!r} cannot be written in UTC") from error
    # A third of the time of isoformat(), which also writes what the method of a subclass likes.
    pair, year = _PAIRS, utc.year
    if compact:
        return (
            f"{pair[year // 100]}{pair[year % 100]}{pair[utc.month]}{pair[utc.day]}"
            f"T{pair[utc.hour]}{pair[utc.minute]}{pair[utc.second]}Z"
        )
    return (
        f"{pair[year // 100]}{pair[year % 100]}-{pair[utc.month]}-{pair[utc.day]}"
        f"T{pair[utc.hour]}:{pair[utc.minute]}:{pair[utc.second]}.{utc.microsecond // 1000:03}Z"
    )


_PAIRS = [f"{number:02}" for number in range(100)]


if TYPE_CHECKING:

    @overload
    def decode(
        data: BytesLike,
        *,
        type: None = None,
        pages: CodePages | None = None,
        lenient: bool = False,
        limits: Limits = DEFAULT,
    ) -> Document: ...
    @overload
    def decode(
        data: BytesLike | Document | Element,
        *,
        type: type[T],
        pages: CodePages | None = None,
        lenient: bool = False,
        limits: Limits = DEFAULT,
    ) -> T: ...


def decode(
    data: Any,
    *,
    type: type[Any] | None = None,
    pages: CodePages | None = None,
    lenient: bool = False,
    limits: Limits = DEFAULT,
) -> Any:
    """The Document in ``data``, or with ``type`` an instance of that Model, without a tree in between.

    ``data`` is any bytes-like object or, with ``type``, also a Document or an Element. ``pages`` are the code pages,
    those of ActiveSync by default, and ``limits`` what the document may at most be. With ``lenient`` any bytes give a
    Document, whose ``problems`` say what is out of place and whose ``roots`` may be none or several.

    Raises DecodeError where the bytes are not a document (TruncatedError where they end too early, LimitError where it
    is beyond a limit) or, with ``type``, where its root is another one than the Model's.
    Source: WBXML 1.3 section 5; [MS-ASWBXML] section 2.1.
    """
    index = 0
    if isinstance(data, Element):
        doc, index = data._doc, data._index
    elif isinstance(data, Document):
        doc = data
    elif lenient:
        doc = _parse_any(_owned(data), pages or ACTIVESYNC, limits)
    else:
        doc = _parse(_owned(data), pages or ACTIVESYNC, limits)
    if type is None:
        if isinstance(data, (Document, Element)):
            raise TypeError("a Document or Element is decoded already; give type= to make a Model of it")
        return doc
    plan = plan_of(type)
    if not index:
        index = doc.root._index
    if plan.tag is not None and plan.tag.code != doc._codes[index]:
        raise DecodeError(f"expected {plan.tag}, found {_tag_at(doc, index)}", doc._base + doc._offsets[index])
    return _build(doc, index, plan, 0)


def encode(
    obj: Any, *, version: str | None = None, pages: CodePages | None = None, string_table: bool = False
) -> bytes:
    """The WBXML document for a Document, an Element, a Model instance or an ElementTree element.

    It is canonical: version 1.3, UTF-8, the public id of the code pages, SWITCH_PAGE only where the page changes, a
    content bit only where there is content, and no string table, but for names that the code pages do not have. With
    ``version`` ("14.1"), a Model field that this protocol version does not have is refused. ``pages`` are by default
    those that a Document was decoded by, else those of ActiveSync. With ``string_table``, text that stands there more
    than once goes into a string table where that makes the document shorter.

    Raises EncodeError for what cannot be written: a NUL or a lone surrogate in text, a value of another type than its
    field's, an unknown tag. Source: WBXML 1.3 section 5; [MS-ASWBXML] section 2.1.
    """
    if pages is None:
        if isinstance(obj, Document):
            pages = obj._pages
        elif isinstance(obj, Element):
            pages = obj._doc._pages
    if string_table:
        from .stringtable import compact

        return compact(encode(obj, version=version, pages=pages))
    writer = Writer(pages=pages)
    if isinstance(obj, Document):
        if len(obj.roots) > 1:
            raise EncodeError(f"a document has one root element, not {len(obj.roots)}")
        if not obj._codes:
            raise EncodeError("a document needs a root element")
        if obj.prolog or obj.epilog:
            from .constructs import copy_document

            copy_document(writer, obj)
        else:
            writer.copy(obj.root)
    elif isinstance(obj, Element):
        writer.copy(obj)
    else:
        plan = getattr(type(obj), "__wbxml_plan__", None)
        if plan is None:
            from .trees import write_tree

            write_tree(writer, obj, pages=pages)
        else:
            if plan.tag is None:
                raise EncodeError(f"{plan.name} has no tag of its own: encode what it is part of")
            if version is not None and version not in VERSIONS:
                raise EncodeError(f"{version!r} is not a protocol version: {', '.join(VERSIONS)}")
            if version is None and (pages is None or pages is ACTIVESYNC):
                try:
                    return _write_document(obj, plan)
                except _OddError:
                    pass
            _emit(writer, obj, plan, plan.tag, version, 0)
    return writer.finish()
