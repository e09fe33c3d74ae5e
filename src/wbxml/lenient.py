"""Decoding of any bytes: what can be read of them as a Document, and what is out of place as its problems.

Tokens are read one by one by tokenstream.py. An END that closes nothing is passed over, what was not closed ends with
the bytes, further roots are roots too, and text that is none in its character set has U+FFFD where it is wrong. Where
bytes cannot be read as tokens any more, the rest of them is the value of the last problem.
"""

from __future__ import annotations

from .codepages import LITERAL
from .constructs import PIECE_OTHER, SLOT_ATTRIBUTES, SLOT_PI, Reading, codec_of, find_nul, integer
from .errors import DecodeError, Problem
from .tokenstream import tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._kernel_py import Document
    from .codepages import CodePages
    from .limits import Limits
    from .tokenstream import Token

MAX_PROBLEMS = 1000
"""How many problems are told; behind the last of them nothing is read. Nobody reads more, and each takes memory."""

_REPLACED = "\ufffd"
# Kinds of slot, as in _kernel_py.py.
_EMPTY, _CONTAINER, _PIECE_TEXT, _PIECE_OPAQUE = 0, 3, 4, 5


def read(assemble: Callable[..., Document], raw: bytes, pages: CodePages, limits: Limits) -> Document:
    """The Document in bytes that could not be decoded strictly. ``assemble`` is the kernel's own."""
    reader = _Reader(raw, pages, limits)
    if len(raw) > limits.max_size:
        reader.problem(limits.max_size, "", f"no more than max_size = {limits.max_size} bytes", None)
    else:
        reader.run()
    return assemble(raw, pages, *reader.header, reader.reading, *reader.tape(), tuple(reader.problems))


class _StopError(Exception):
    """Nothing more is read."""


class _LenientReading(Reading):
    """A Reading that has something to say for any bytes."""

    __slots__ = ()

    def text(self, data: bytes, start: int, end: int, offset: int) -> str:
        try:
            return super().text(data, start, end, offset)
        except DecodeError:
            return data[start:end].decode(self.codec, "replace")

    def string(self, index: int, offset: int) -> str:
        if index >= len(self.table):
            return _REPLACED
        end = find_nul(self.table, index, self.width)
        return self.text(self.table, index, end if end >= 0 else len(self.table), offset)

    def piece(self, data: bytes, offset: int) -> str:
        try:
            return super().piece(data, offset)
        except DecodeError:
            return _REPLACED

    def attributes(self, data: bytes, pos: int, page: int) -> dict[str, str | bytes]:
        try:
            return super().attributes(data, pos, page)
        except DecodeError:
            return {}


class _Reader:
    """Builds the tape of a document from its tokens."""

    def __init__(self, raw: bytes, pages: CodePages, limits: Limits) -> None:
        self.problems: list[Problem] = []
        self.header = [3, 1, -1, 106, 0]  # version, public id, its place in the string table, character set, end
        self.reading = _LenientReading(pages, 106, b"")
        self._raw = raw
        self._pages = pages
        self._limits = limits
        self._codes: list[int] = []
        self._kinds: list[int] = []
        self._offsets: list[int] = []
        self._lengths: list[int] = []
        self._nexts: list[int] = []
        self._open: list[int] = []
        self._within = -1  # the slot of the attributes or instruction that are being read, -1: none
        self._broken = False  # whether a token in it was out of place, so that they cannot be told
        self._closing = False  # whether the element ends with its attributes
        self._page = 0  # of attributes
        self._expanded = 0

    def tape(self) -> tuple[list[int], ...]:
        return self._codes, self._kinds, self._offsets, self._lengths, self._nexts

    def problem(self, offset: int, tag: str, expected: str, value: Any) -> None:
        """Takes note of a problem. Raises _StopError with the last one that is told."""
        if len(self.problems) == MAX_PROBLEMS - 1:
            self.problems.append(Problem(offset, tag, f"no more than {MAX_PROBLEMS} problems", None))
            raise _StopError
        self.problems.append(Problem(offset, tag, expected, value))

    def run(self) -> None:
        try:
            for token in tokens(self._raw, pages=self._pages):
                if token.expected is not None:
                    text = token.kind in ("str_i", "str_t", "opaque", "literal") and token.value is not None
                    self.problem(token.offset, self._where(), token.expected, token.value if text else token.raw)
                self._take(token)
        except _StopError:
            pass
        # What is still open ends here; an instruction or attributes that are cut off are not there.
        if self._within >= 0:
            for column in self.tape():
                del column[self._within :]
        while self._open:
            self._nexts[self._open.pop()] = len(self._codes)

    def _where(self) -> str:
        """The name of the innermost open element."""
        if not self._open:
            return ""
        slot = self._open[-1]
        if self._codes[slot] == LITERAL:
            return self.reading.tag(self._raw, self._offsets[slot])
        return self._pages.tag(self._codes[slot])

    def _take(self, token: Token) -> None:
        kind = token.kind
        if self._within >= 0:
            self._attribute(token)
        elif kind in ("tag", "literal"):
            self._element(token)
        elif kind == "end":
            if self._open:
                self._nexts[self._open.pop()] = len(self._codes)
        elif kind == "pi":
            self._list(SLOT_PI, token.offset)
        elif kind in ("str_i", "str_t", "entity", "ext_i", "ext_t", "ext", "opaque"):
            if self._open:
                self._piece(token)
        else:
            self._head(token)

    def _head(self, token: Token) -> None:
        value = token.value
        if token.kind == "version":
            self.header[0] = token.raw[0]
        elif token.kind == "public_id":
            number, pos = integer(token.raw, 0)
            self.header[1] = number
            if not number:
                self.header[2] = integer(token.raw, pos)[0]
        elif token.kind == "charset" and isinstance(value, int) and codec_of(value) is not None:
            self.header[3] = value
        elif token.kind == "string_table":
            length, pos = integer(token.raw, 0)
            self.header[4] = token.offset + pos
            self.reading = _LenientReading(self._pages, self.header[3], token.raw[pos : pos + length])

    def _slot(self, code: int, kind: int, offset: int, length: int) -> None:
        if len(self._codes) >= self._limits.max_elements:
            self.problem(offset, self._where(), f"no more than max_elements = {self._limits.max_elements}", None)
            raise _StopError
        self._codes.append(code)
        self._kinds.append(kind)
        self._offsets.append(offset)
        self._lengths.append(length)
        self._nexts.append(len(self._codes))

    def _element(self, token: Token) -> None:
        if len(self._open) >= self._limits.max_depth:
            self.problem(token.offset, self._where(), f"no more than max_depth = {self._limits.max_depth} levels", None)
            raise _StopError
        if token.kind == "literal":
            code = LITERAL
            self._expand(token)
        else:
            assert token.tag is not None
            code = token.tag.code
        inside = token.content or token.attributes
        self._slot(code, _CONTAINER if inside else _EMPTY, token.offset, 0)
        if self._open:
            self._lengths[self._open[-1]] += 1
        if inside:
            self._open.append(len(self._codes) - 1)
        if token.attributes:
            self._closing = not token.content
            self._list(SLOT_ATTRIBUTES, token.offset + len(token.raw))

    def _piece(self, token: Token) -> None:
        if token.kind == "opaque":
            assert isinstance(token.value, bytes)
            self._slot(0, _PIECE_OPAQUE, token.offset, len(token.value))
        elif token.kind == "str_i" and isinstance(token.value, str) and self.reading.codec == "utf-8":
            self._slot(0, _PIECE_TEXT, token.offset, len(token.raw) - 2)
        else:
            self._slot(0, PIECE_OTHER, token.offset, len(token.raw))
            self._expand(token)

    def _list(self, kind: int, offset: int) -> None:
        self._within = len(self._codes)
        self._broken = False
        self._slot(self._page, kind, offset, 0)

    def _attribute(self, token: Token) -> None:
        self._broken = self._broken or token.expected is not None
        if token.kind == "switch_page":
            self._page = token.raw[1]
        if token.kind != "end":
            return
        slot, self._within = self._within, -1
        offset = self._offsets[slot]
        self._lengths[slot] = token.offset + 1 - offset
        strict = Reading(self._pages, self.header[3], self.reading.table)
        told = not self._broken
        try:
            if told:
                self._count(offset, strict.check(self._kinds[slot], self._raw, offset, self._codes[slot]))
        except DecodeError as error:
            self.problem(error.offset, self._where(), "attributes that can be told", str(error.args[0]))
            told = False
        # Only what stands in an element has a place on the tape.
        if not told or not self._open:
            for column in self.tape():
                del column[slot:]
        if self._closing:
            self._closing = False
            self._nexts[self._open.pop()] = len(self._codes)

    def _expand(self, token: Token) -> None:
        if isinstance(token.value, str) and token.kind != "str_i":
            self._count(token.offset, len(token.value))

    def _count(self, offset: int, characters: int) -> None:
        self._expanded += characters
        if self._expanded > self._limits.max_expanded:
            wanted = f"strings of no more than max_expanded = {self._limits.max_expanded} characters in all"
            self.problem(offset, self._where(), wanted, None)
            raise _StopError
