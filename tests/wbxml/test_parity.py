"""Both kernels side by side: the same result for any input, or an error of the same class, text and offset."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from importlib import import_module
from inspect import getdoc
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import wbxml
from tests.wbxml.samples import CAPTURES, HEADER, SOGO
from wbxml import (
    ACTIVESYNC,
    GAL,
    AirSync,
    AirSyncBase,
    Calendar,
    CodePages,
    Contacts,
    Email,
    Email2,
    Instruction,
    Limits,
    Model,
    Notes,
    Tag,
    field,
    model,
)
from wbxml import _kernel_py as python

compiled: ModuleType = import_module("wbxml._kernel")  # where it was not built, conftest.py leaves this file out
KERNELS: tuple[ModuleType, ...] = (compiled, python)

SMALL = {name: path.read_bytes() for name, path in CAPTURES.items() if path.stat().st_size < 900}
FILES = {path.name: path.read_bytes() for path in sorted(SOGO.glob("*.wbxml"))}


def examples(count: int) -> settings:
    """Settings for this many examples, however slow the machine is just now."""
    return settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the call returns, or the error it raises as (class, text, offset)."""
    try:
        return call(*arguments, **options)
    except wbxml.WBXMLError as error:
        return type(error), str(error), getattr(error, "offset", None)
    except (TypeError, ValueError, IndexError) as error:
        return type(error), str(error)


def same(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The outcome of the call, which takes a kernel first, asserted to be the same with both kernels."""
    first, second = [outcome(call, kernel, *arguments, **options) for kernel in KERNELS]
    assert first == second
    return first


def pieces(element: Any) -> list[Any]:
    return [
        piece if isinstance(piece, str) else bytes(piece) if isinstance(piece, memoryview) else piece.offset
        for piece in element.pieces
    ]


def walk(element: Any) -> list[Any]:
    """All that can be seen of an element and what is in it."""
    return [
        (
            one.tag,
            one.tag.code,
            one.offset,
            one.text,
            one.data,
            None if one.view is None else bytes(one.view),
            pieces(one),
            one.attrib,
            [node if isinstance(node, Instruction) else type(node).__name__ for node in one.nodes],
            len(one),
            [child.offset for child in one],
            repr(one),
            bool(one),
        )
        for one in element.iter()
    ]


def decoded(kernel: ModuleType, data: Any, **options: Any) -> Any:
    doc = kernel.decode(data, **options)
    assert pickle.loads(pickle.dumps(doc)).raw == doc.raw
    return (
        doc.version,
        doc.public_id,
        doc.charset,
        doc.raw,
        repr(doc),
        walk(doc.root),
        outcome(kernel.encode, doc),
        outcome(kernel.encode, doc, pages=CodePages(AirSync, GAL)),
    )


# -- Documents --------------------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20).map(str.encode),
    st.binary(max_size=6).map(lambda data: data.replace(b"\0", b"x")),
    st.sampled_from([b"\xed\xa0\x80", b"\xe0\x9f\xbf", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xf0\x8f\xbf\xbf", b"\xc3"]),
    st.integers(0, 200).map(lambda size: b"a" * size),
    st.integers(0, 100).map(lambda size: b"a" * size + "€é𝄞".encode()),
)
LENGTHS = st.one_of(st.integers(0, 5), st.sampled_from([127, 128, 0x3FFF, 0xFFFF_FFFF]))


def mb_u_int32(value: int, *, pad: int = 0) -> bytes:
    out = [value & 0x7F]
    while value > 0x7F:
        value >>= 7
        out.append(value & 0x7F | 0x80)
    return bytes([0x80] * pad + out[::-1])


TOKENS = st.one_of(
    st.sampled_from([b"\x01", b"\x01", b"\x01", b"\x4f", b"\x45", b"\x05", b"\x7f", b"\x3f"]),
    TEXTS.map(lambda text: b"\x4b\x03" + text + b"\0\x01"),
    TEXTS.map(lambda text: b"\x03" + text + b"\0"),
    st.binary(max_size=5).map(lambda data: b"\x50\xc3" + mb_u_int32(len(data)) + data + b"\x01"),
    st.binary(max_size=5).map(lambda data: b"\xc3" + mb_u_int32(len(data), pad=1) + data),
    st.integers(0, 255).map(lambda page: bytes([0, page])),
    LENGTHS.map(lambda length: b"\xc3" + mb_u_int32(length)),
    st.integers(0, 255).map(lambda token: bytes([token])),
    st.binary(min_size=1, max_size=3),
    st.builds(
        lambda token, value: bytes([token]) + mb_u_int32(value),
        st.sampled_from([0x02, 0x83, 0x04, 0x44, 0x80, 0x82]),
        st.one_of(st.integers(0, 5), st.sampled_from([0x20AC, 0xD800, 0x110000])),
    ),
    st.builds(lambda token, text: bytes([token]) + text + b"\0", st.sampled_from([0x40, 0x42]), TEXTS),
    st.lists(
        st.one_of(
            st.sampled_from([b"\x05", b"\x06", b"\x04\x00", b"\x85", b"\x03ab\0", b"\xc3\x01z", b"\xc0", b"\0\x01"]),
            st.binary(min_size=1, max_size=2),
        ),
        max_size=4,
    ).flatmap(
        lambda found: st.sampled_from([b"\x85", b"\xc5", b"\x84\x00", b"\x43"]).map(
            lambda token: token + b"\x05" * (token != b"\xc5") + b"".join(found) + b"\x01"
        )
    ),
)
HEADERS = st.one_of(
    st.just(HEADER),
    st.builds(
        lambda version, public, charset, table: bytes([version]) + public + charset + table,
        st.integers(0, 4),
        st.sampled_from([b"\x01", b"\x00\x01", b"\x81\x02", b"\xff\xff\xff\xff\xff"]),
        st.sampled_from([b"\x6a", b"\x00", b"\x03", b"\x04", b""]),
        st.sampled_from([b"\x00", b"\x02ab", b"\x02a", b"\x8f\xff\xff\xff\x7f", b"\x90\x80\x80\x80\x00"]),
    ),
)
BODIES = st.lists(TOKENS, max_size=12).map(b"".join)
WHOLE = BODIES.map(lambda body: b"\x45" + body + b"\x01")
DOCUMENTS = st.builds(lambda header, body: header + body, HEADERS, st.one_of(BODIES, WHOLE, WHOLE))


@given(st.one_of(st.binary(max_size=40), DOCUMENTS))
@examples(1000)
@example(b"")
@example(HEADER)
@example(HEADER + b"\x00")
@example(HEADER + b"\x00\x07")
@example(HEADER + b"\x05")
@example(HEADER + b"\x45\x03a\0")
@example(HEADER + b"\x45\xc3\x02ab")
@example(HEADER + b"\x45\xc3\x02ab\x03\0\x01")
@example(HEADER + b"\x45\x03\xff\0")
@example(HEADER + b"\x45\x03\xff\0\x01")
def test_any_bytes(data: bytes) -> None:
    same(decoded, data)


@given(
    DOCUMENTS,
    st.builds(
        Limits,
        max_depth=st.one_of(st.integers(1, 4), st.just(1 << 80)),
        max_elements=st.integers(1, 6),
        max_size=st.integers(4, 40),
    ),
)
@examples(500)
def test_limits(data: bytes, limits: Limits) -> None:
    same(decoded, data, limits=limits)
    for size in (1, len(data)):
        same(fed, data, ["AirSync:Collection"], size, limits=limits)


@pytest.mark.parametrize("name", FILES)
def test_captures(name: str) -> None:
    same(decoded, FILES[name])
    same(decoded, bytearray(FILES[name]))
    same(decoded, memoryview(b"." + FILES[name])[1:])


@pytest.mark.parametrize("name", SMALL)
def test_truncations(name: str) -> None:
    data = SMALL[name]
    for size in range(len(data)):
        kind, _, offset = same(decoded, data[:size])
        assert kind is wbxml.TruncatedError and offset == size


@given(st.sampled_from(sorted(SMALL)), st.data())
@examples(800)
def test_mutations(name: str, draw: st.DataObject) -> None:
    data = bytearray(SMALL[name])
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data)))
        gone = draw.draw(st.integers(0, 3))
        data[at : at + gone] = draw.draw(st.one_of(TOKENS, st.binary(max_size=3)))
    whole = bytes(data)
    same(decoded, whole)
    same(fed, whole, [], 7)


def test_long_texts_and_many_elements() -> None:
    for size in (15, 16, 17, 63, 64, 65, 127, 128, 129, 4096, 100_000):
        for end in ("", "é", "€", "😀"):
            text = "a" * size + end
            body = b"\x4f" + (b"\x4b\x03" + text.encode() + b"\0\x01") * 20 + b"\x0b" * 3000 + b"\x01"
            same(decoded, HEADER + b"\x45" + body * 2 + b"\x01")
            for wrong in (b"\xff", b"\xc3", b"\xed\xa0\x80"):
                bad = HEADER + b"\x4b\x03" + text.encode() + wrong + b"\0\x01"
                same(decoded, bad)


def offsets(find: Callable[[Any], Any], what: Any) -> list[int]:
    return [element.offset for element in find(what)]


PATHS = [
    "AirSync:Collections",
    "AirSync:Collections/AirSync:Collection",
    "AirSync:Collections/AirSync:Collection/AirSync:Commands/AirSync:Add",
    "AirSync:Collections/AirSync:Collection/AirSync:Commands/AirSync:Add/AirSync:ApplicationData/Email:Subject",
    "/".join(["AirSync:Collections"] * 20),
    "AirSync:0x3F",
    "Page42:0x05",
    "AirSync",
    "",
    "nothing",
]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("response.wbxml")])
def test_finding(name: str) -> None:
    def look(kernel: ModuleType) -> list[Any]:
        root = kernel.decode(FILES[name]).root
        seen: list[Any] = []
        for path in PATHS:
            found = outcome(root.find, path)
            seen.append(found if found is None or isinstance(found, tuple) else found.offset)
            seen.append(outcome(root.findtext, path))
            seen.append(outcome(root.findtext, path, 5))
            seen.append(outcome(offsets, root.findall, path))
            seen.append(outcome(offsets, root.iter, path))
        return seen + [
            outcome(offsets, lambda at: [root[at]], index) for index in (0, 1, -1, -2, 7, 1 << 70, -(1 << 70), 1.0, "1")
        ]

    same(look)


def test_a_crafted_pickle_is_an_error() -> None:
    for raw in (b"", b"\x01", b"\x03a\0\x01", b"\x45", b"\x45\x01", b"\xc3\x01a\x01", b"\x45\x01\x01"):

        def restore(kernel: ModuleType, raw: bytes = raw) -> Any:
            doc = kernel._restore(raw, ACTIVESYNC, 0, 100, 3, 1, -1, 106, 4, b"", False)
            return doc.raw, walk(doc.root)

        same(restore)


# -- Decoder ----------------------------------------------------------------------------------------------------------

SELECTS: list[Any] = [
    ["AirSync:Collection"],
    ["AirSync:SyncKey", "AirSync:Status"],
    ["AirSync:Sync"],
    ["AirSync:Commands/AirSync:Add", "AirSync:Responses/AirSync:Add", "AirSync:Collection/AirSync:SyncKey"],
    "AirSync:Collections/AirSync:Collection/AirSync:Commands",
    ["FolderHierarchy:Add", "FolderHierarchy:Changes/FolderHierarchy:Add", "FolderHierarchy:Status"],
    ["Settings:Oof", "Page42:0x05", "AirSync:0x3F"],
]


def fed(kernel: ModuleType, data: bytes, select: Any, *sizes: int, limits: Limits = wbxml.DEFAULT) -> list[Any]:
    """What a Decoder makes of the data in pieces of these sizes, the last of them repeated."""
    decoder = kernel.Decoder(select or SELECTS[3], limits=limits)
    seen: list[Any] = []
    at = 0
    steps = list(sizes)
    while at < len(data):
        size = max(steps.pop(0) if len(steps) > 1 else steps[0], 1)
        seen.append(outcome(feed, decoder, data[at : at + size]))
        at += size
    seen.append(outcome(decoder.close))
    seen.append(outcome(feed, decoder, b""))
    return seen


def feed(decoder: Any, chunk: bytes) -> list[Any]:
    return [shown(match) for match in decoder.feed(chunk)]


def shown(match: Any) -> Any:
    value = match.value
    seen = value if isinstance(value, Model) else (walk(value), value.document.raw, value.document.version)
    path, same_value = match
    assert path == match.path and same_value is match.value
    return match.path, match.anchor, plain(seen) if isinstance(seen, Model) else seen


@pytest.mark.parametrize("name", SMALL)
def test_every_split(name: str) -> None:
    data = SMALL[name]
    for select in SELECTS:
        same(fed, data, select, 1)
    for size in range(1, len(data)):
        same(fed, data, SELECTS[size % len(SELECTS)], size, len(data))


@given(DOCUMENTS, st.sampled_from(SELECTS), st.lists(st.integers(1, 12), min_size=1, max_size=8))
@examples(1000)
def test_any_bytes_in_any_chunks(data: bytes, select: Any, sizes: list[int]) -> None:
    same(fed, data, select, *sizes)


@pytest.mark.parametrize("sizes", [(1 << 20,), (1000,), (8192,), (70_000, 100), (100, 70_000)])
def test_a_large_answer_in_chunks(sizes: tuple[int, ...]) -> None:
    mail = FILES["Sync-email-html.response.wbxml"].removeprefix(HEADER)
    data = HEADER + b"\x45" + b"".join([mail, b"\0\0", b"\x0b\xc3\x83\x08" + b"a" * 520]) * 5 + b"\x01"
    for select in SELECTS:
        same(fed, data, select, *sizes)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.binary(max_size=4), st.integers(1, 9))
@examples(500)
def test_text_that_nobody_selected_is_checked(text: str, wrong: bytes, size: int) -> None:
    for body in (text.encode(), text.encode() + wrong, wrong + text.encode()):
        data = HEADER + b"\x45\x03" + body.replace(b"\0", b"") + b"\0\x4b\x03x\0\x01\x01"
        same(fed, data, ["AirSync:SyncKey"], size)


@pytest.mark.parametrize(
    "select",
    [
        [],
        {},
        ["AirSync"],
        ["AirSync:Add", "AirSync:Add/AirSync:ServerId"],
        ["AirSync:Add/AirSync:Add"],
        ["AirSync:Add", "AirSync:Commands/AirSync:Add"],
        {"AirSync:Add": None},
        {"AirSync:Add": int},
        "AirSync:Add",
    ],
)
def test_selections(select: Any) -> None:
    same(lambda kernel: kernel.Decoder(select) and None)


# -- Writer -----------------------------------------------------------------------------------------------------------

CALLS = st.lists(
    st.one_of(
        st.sampled_from(["AirSync:Sync", "Email:Subject", "Page42:0x05", "AirSync:0x3F", "nothing"]).map(
            lambda tag: ("start", tag)
        ),
        st.just(("start", "AirSync:Sync")),
        st.just(("end",)),
        st.text(max_size=40).map(lambda text: ("text", text)),
        st.sampled_from(["\0", "a\0", "\ud800", "é\0", "€\udfff", "𝄞" * 20 + "\0", "a" * 40 + "\0", "", None]).map(
            lambda text: ("text", text)
        ),
        st.one_of(st.binary(max_size=200), st.just(bytearray(b"ab")), st.just(memoryview(b"abcd")[::2])).map(
            lambda data: ("opaque", data)
        ),
        st.integers(0, 9).map(lambda at: ("copy", at)),
        st.just(("finish",)),
    ),
    max_size=12,
)


@given(CALLS, st.sampled_from([None, CodePages(AirSync, GAL)]))
@examples(800)
def test_writer(calls: list[tuple[Any, ...]], pages: CodePages | None) -> None:
    def write(kernel: ModuleType) -> list[Any]:
        elements = list(kernel.decode(SMALL["FolderSync-initial.response"]).root.iter())
        writer = kernel.Writer(pages=pages)
        seen = []
        for name, *arguments in [("start", "AirSync:Sync"), *calls, ("end",), ("end",), ("finish",)]:
            given = [elements[arguments[0]]] if name == "copy" else arguments
            seen.append(outcome(getattr(writer, name), *given))
        return seen

    same(write)


@given(
    st.text(st.characters(exclude_characters="\0"), max_size=80), st.integers(0, 90), st.sampled_from("aé€😀\0\ud800")
)
@examples(800)
def test_texts_of_every_width(text: str, at: int, other: str) -> None:
    written = text[:at] + other + text[at:] + "b" * at

    def write(kernel: ModuleType) -> Any:
        writer = kernel.Writer()
        writer.start("AirSync:SyncKey")
        writer.text(written)
        writer.end()
        data = writer.finish()
        assert kernel.decode(data).root.text == written
        return data

    same(write)


# -- Models -----------------------------------------------------------------------------------------------------------


class Word(StrEnum):
    ONE = "one"
    TWO = "two words"


class Number(IntEnum):
    ONE = 1
    MINUS = -7


class Leaf(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    subject: str | None = field(Email.Subject)


class Other(Model, tag=AirSync.Change):
    server_id: str | None = field(AirSync.ServerId)
    name: str | None = field(Contacts.FileAs)
    again: Everything | None = field(AirSync.Options)


class Watched(Model, tag=AirSync.Delete):
    """A Model whose instances are not made by storing into slots."""

    server_id: str | None = field(AirSync.ServerId)
    flags: list[str] = field(AirSync.Class)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


class Everything(Model, tag=AirSync.Sync):
    text: str | None = field(AirSync.SyncKey)
    number: int | None = field(AirSync.Status, since="12.1", until="14.1")
    truth: bool | None = field(AirSync.DeletesAsMoves)
    flag: bool = field(AirSync.MoreAvailable, flag=True)
    data: bytes | None = field(Email2.ConversationId)
    coded: bytes | None = field(AirSyncBase.ContentId)
    when: datetime | None = field(Email.DateReceived)
    short: datetime | None = field(Calendar.StartTime, compact=True)
    choice: Number | None = field(AirSync.FilterType)
    word: Word | None = field(AirSync.Class)
    leaf: Leaf | None = field()
    either: Leaf | Other | None = field(AirSync.ApplicationData)
    texts: list[str] = field(Contacts.Category)
    numbers: list[int] | None = field(AirSync.WindowSize, within=AirSync.Supported)
    dates: list[datetime] = field(Notes.LastModifiedDate, within=Notes.Categories)
    commands: list[Leaf | Other | Watched] = field(within=AirSync.Commands)
    deeper: Everything | None = field(AirSync.Collection)
    loose: list[Other | Watched] = field()


class Bare(Model):
    text: str | None = field(AirSync.SyncKey)


MODELS = (Leaf, Other, Watched, Everything, Bare)


def plans(kernel: ModuleType) -> dict[Any, Any]:
    """The Plans of the Models above as this kernel has them."""
    made: dict[Any, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "kernel", kernel)
        for one in MODELS:
            model._plan(one, made)
    return made


PLANS = [plans(kernel) for kernel in KERNELS]


@contextmanager
def using(kernel: ModuleType) -> Iterator[None]:
    """Gives the Models this kernel's Plans for a while."""
    before = {one: one.__dict__["__wbxml_plan__"] for one in MODELS}
    for one in MODELS:
        type.__setattr__(one, "__wbxml_plan__", PLANS[KERNELS.index(kernel)][one])
    try:
        yield
    finally:
        for one in MODELS:
            type.__setattr__(one, "__wbxml_plan__", before[one])


def plain(value: Any) -> Any:
    """A Model instance as values that compare, whichever kernel made it."""
    if isinstance(value, Model):
        return (
            type(value),
            [(name, plain(getattr(value, name))) for name in type(value).__wbxml_fields__],
            [walk(element) for element in value.unknown],
            value.problems,
        )
    if isinstance(value, list):
        return [plain(one) for one in value]
    return type(value), value


def document_of(kernel: ModuleType, data: bytes) -> Any:
    return kernel.decode(data)


def root_of(kernel: ModuleType, data: bytes) -> Any:
    return kernel.decode(data).root


def child_of(kernel: ModuleType, data: bytes) -> Any:
    return kernel.decode(data).root[0]


def built(
    kernel: ModuleType, data: Any, cls: Any = Everything, source: Callable[[ModuleType, bytes], Any] | None = None
) -> Any:
    """The Model in the data or in what `source` makes of it, and what that Model is encoded as again."""
    with using(kernel):
        made = kernel.decode(data if source is None else source(kernel, data), type=cls)
        if cls is None:
            return walk(made.root)
        return (
            plain(made),
            outcome(kernel.encode, made),
            [outcome(kernel.encode, made, version=version) for version in ("2.5", "14.1", "16.1")],
        )


VALUES = st.one_of(
    st.sampled_from(
        ["1", "0", "-7", "+3", "12345678901234567890", "123456789012345678", "1.5", "0x1", "1_0", "²", "٣"]
    ),
    st.sampled_from(["true", "false", "one", "two words", "AAEC", "AAE", "AAE=", "A", "A==="]),
    st.sampled_from(
        [" 1 ", "\t-7\n", "", " ", "\x0b1", "é", " one ", "two  words", "AA EC\r\n", "AAEC\x0b", "AAEC=", "=AAE"]
    ),
    st.sampled_from(
        [
            "2004-12-25T08:35:00.000Z",
            "20041225T083500Z",
            " 2004-12-25T08:35:00Z ",
            "2004-12-25T08:35:00.123456789Z",
            "2004-12-25T08:35:00.1234567890Z",
            "2004-12-25T08:35:00.Z",
            "2004-12-25T08:35:00.5",
            "2004-12-25",
            "20041225",
            "20041225Z",
            "2004-1225",
            "200412-25",
            "2004-12-25T08:3500Z",
            "2004-12-25T0835:00Z",
            "2004-12-25T083500Z",
            "20041225T08:35:00Z",
            "2004-12-25T08:35:00ZZ",
            "2004-12-25T24:00:00Z",
            "2004-12-25T08:60:00Z",
            "2004-12-25T08:35:60Z",
            "2004-13-25",
            "2004-00-25",
            "0000-12-25",
            "2004-02-29",
            "2003-02-29",
            "1900-02-29",
            "2000-02-29",
            "2004-12-32",
            "2004-12-00",
            "9999-12-31T23:59:59.999Z",
            "2004-12-25T08:35",
            "2004-12-25T",
            "20041225T",
            "2004",
            "",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.integers().map(str),
    st.datetimes().map(datetime.isoformat),
)


def leaf_bytes(text: str) -> bytes:
    return b"\x03" + text.encode() + b"\0"


CONTENTS = st.one_of(
    VALUES.map(leaf_bytes),
    VALUES.map(leaf_bytes),
    VALUES.map(lambda text: b"\xc3" + mb_u_int32(len(text.encode())) + text.encode()),
    st.binary(max_size=5).map(lambda data: b"\xc3" + mb_u_int32(len(data)) + data),
    st.tuples(VALUES, VALUES).map(lambda both: leaf_bytes(both[0]) + leaf_bytes(both[1])),
    st.tuples(VALUES, st.binary(max_size=3)).map(
        lambda both: leaf_bytes(both[0]) + b"\xc3" + mb_u_int32(len(both[1])) + both[1]
    ),
    st.just(b""),
)
# The scalar fields of Everything, then its wrappers and Models, then what it does not know.
SCALARS: list[Tag] = [
    AirSync.SyncKey,
    AirSync.Status,
    AirSync.DeletesAsMoves,
    AirSync.MoreAvailable,
    AirSync.FilterType,
    AirSync.Class,
    Email2.ConversationId,
    AirSyncBase.ContentId,
    Email.DateReceived,
    Calendar.StartTime,
    Contacts.Category,
    Notes.LastModifiedDate,
]
TAGS: list[Tag] = [
    *SCALARS,
    AirSync.ServerId,
    AirSync.Add,
    AirSync.Change,
    AirSync.Delete,
    AirSync.ApplicationData,
    AirSync.WindowSize,
    AirSync.Supported,
    AirSync.Commands,
    AirSync.Collection,
    AirSync.Options,
    AirSync.Sync,
    AirSync.Fetch,
    Email.Subject,
    Contacts.FileAs,
    Notes.Categories,
    ACTIVESYNC.tag(42 << 6 | 5),
]
# An element: its tag, and its content or the elements in it with what stands between them.
ELEMENTS: st.SearchStrategy[Any] = st.recursive(
    st.tuples(st.sampled_from(TAGS), st.one_of(CONTENTS, st.none())),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(st.one_of(inner, inner, inner, CONTENTS), max_size=6)),
    max_leaves=20,
)


def encoded(elements: list[Any]) -> bytes:
    """A document whose root is AirSync:Sync, with these elements in it."""
    out = bytearray(HEADER + b"\x45")
    page = 0

    def add(element: Any) -> None:
        nonlocal page
        if isinstance(element, bytes):
            out.extend(element)
            return
        tag, content = element
        if tag.page != page:
            page = tag.page
            out.extend([0, page])
        out.append(tag.token | (0x40 if content is not None else 0))
        if content is not None:
            for one in content if isinstance(content, list) else [content]:
                add(one)
            out.append(1)

    for element in elements:
        add(element)
    return bytes(out) + b"\x01"


@given(st.lists(st.one_of(ELEMENTS, ELEMENTS, CONTENTS), max_size=8))
@examples(1666)
def test_models_of_any_document(elements: list[Any]) -> None:
    same(built, encoded(elements))


@given(st.sampled_from(SCALARS), CONTENTS)
@examples(1666)
def test_models_of_any_value(tag: Tag, content: bytes) -> None:
    wrapper = {Notes.LastModifiedDate: Notes.Categories}.get(tag)
    element = (tag, content)
    same(built, encoded([(wrapper, [element])] if wrapper else [element]))


@given(st.lists(ELEMENTS, max_size=5), st.integers(1, 30))
@examples(300)
def test_models_while_the_document_arrives(elements: list[Any], size: int) -> None:
    data = encoded(
        [(AirSync.Collections, [(AirSync.Collection, [(AirSync.Add, elements)])]), (AirSync.Change, elements)]
    )
    select = {"AirSync:Collection/AirSync:Add": Leaf, "AirSync:Sync/AirSync:Change": Other, "AirSync:SyncKey": Bare}

    def run(kernel: ModuleType) -> Any:
        with using(kernel):
            return fed(kernel, data, select, size)

    same(run)


@pytest.mark.parametrize("name", FILES)
def test_models_of_captures(name: str) -> None:
    same(built, FILES[name])


def test_models_of_elements_and_other_roots() -> None:
    data = encoded([(AirSync.Add, [(AirSync.ServerId, leaf_bytes("5"))]), (AirSync.SyncKey, leaf_bytes("7"))])
    for cls in (*MODELS, int, None):
        same(built, data, cls)
        for source in (document_of, root_of, child_of):
            same(built, data, cls, source)


@pytest.mark.parametrize("depth", [1, 50, 98, 99, 100, 101, 120])
def test_models_within_models(depth: int) -> None:
    data = HEADER + b"\x45" + b"\x4f" * depth + b"\x4b\x03x\0\x01" + b"\x01" * depth + b"\x01"
    same(built, data)

    def write(kernel: ModuleType) -> Any:
        with using(kernel):
            inner: Any = Everything(text="x")
            for _ in range(depth):
                inner = Everything(deeper=inner)
            return kernel.encode(inner)

    same(write)


STRINGS = st.one_of(
    st.text(max_size=12), st.sampled_from(["\0", "a\0b", "\ud800", "é\0", "€", "😀" * 30, "a" * 5000, "é" * 5000])
)
DATETIMES = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.sampled_from([timezone(timedelta(hours=5)), timezone(-timedelta(hours=7, minutes=30))])),
    st.datetimes(),
)
NAIVE = datetime(2020, 1, 1)  # noqa: DTZ001
ANYTHING = st.sampled_from([None, 1, "1", b"1", True, 1.5, [], ["a"], (1,), NAIVE, Word.ONE, Number.MINUS])
LEAVES: st.SearchStrategy[Any] = st.builds(
    Leaf, server_id=st.one_of(st.none(), STRINGS, ANYTHING), subject=st.one_of(st.none(), st.text(max_size=9))
)
OTHERS: st.SearchStrategy[Any] = st.builds(Other, server_id=st.one_of(st.none(), st.text(max_size=9)))
WATCHED: st.SearchStrategy[Any] = st.builds(
    Watched, server_id=st.one_of(st.none(), st.text(max_size=9)), flags=st.lists(st.text(max_size=3), max_size=2)
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": STRINGS,
    "number": st.one_of(st.integers(), st.just(Number.MINUS), st.just(True)),
    "truth": st.booleans(),
    "flag": st.booleans(),
    "data": st.one_of(st.binary(max_size=300), st.just(bytearray(b"a")), st.just(memoryview(b"abcd")[::2])),
    "coded": st.one_of(st.binary(max_size=30), st.just(bytearray(b"a")), st.just(memoryview(b"abcd"))),
    "when": DATETIMES,
    "short": DATETIMES,
    "choice": st.sampled_from([*Number, 5]),
    "word": st.sampled_from([*Word, "x"]),
    "leaf": LEAVES,
    "either": st.one_of(LEAVES, OTHERS, WATCHED),
    "texts": st.lists(STRINGS, max_size=3),
    "numbers": st.one_of(st.none(), st.lists(st.integers(), max_size=3), st.just((1, 2))),
    "dates": st.lists(DATETIMES, max_size=3),
    "commands": st.lists(st.one_of(LEAVES, OTHERS, WATCHED, ANYTHING), max_size=3),
    "loose": st.lists(st.one_of(OTHERS, WATCHED), max_size=3),
}


@given(
    st.fixed_dictionaries({}, optional=FIELDS),
    st.sampled_from([None, "2.5", "12.1", "14.1", "16.1", "17", 5]),
    st.sampled_from([None, None, CodePages(AirSync, GAL)]),
    st.one_of(st.none(), st.tuples(st.sampled_from(sorted(FIELDS)), ANYTHING)),
)
@examples(1000)
def test_encoding_of_any_model(
    values: dict[str, Any], version: Any, pages: CodePages | None, wrong: tuple[str, Any] | None
) -> None:
    if wrong is not None:
        values[wrong[0]] = wrong[1]
    instance = Everything(**values)

    def write(kernel: ModuleType) -> Any:
        with using(kernel):
            # Without options, calls take a way of their own.
            if version is pages is None:
                return kernel.encode(instance), kernel.encode(instance, version=None)
            return kernel.encode(instance, version=version, pages=pages)

    same(write)


@pytest.mark.parametrize("page", sorted(ACTIVESYNC.namespaces))
def test_encoding_of_each_tag(page: int) -> None:
    """A Model with a text in each tag of a page and one of another page between them, so that every token is met."""
    tags = [tag for tag in ACTIVESYNC.by_code.values() if tag.page == page and ACTIVESYNC.by_name.get(tag) is tag]
    other = Notes.Subject if page != Notes.Subject.page else Email.Subject
    names: dict[str, Any] = {f"f{number}": field(tag) for number, tag in enumerate(tags)}
    names["__annotations__"] = dict.fromkeys(names, str | None)
    names |= {"__module__": __name__, "between": field(other)}
    names["__annotations__"]["between"] = str | None
    cls: Any = type(Model)("Each", (Model,), names, tag=tags[0])
    instance = cls(**{name: name for name in names if not name.startswith("__")})
    made = {}
    for kernel in KERNELS:
        plan = kernel.Plan(cls, tags[0])
        plan.define(cls.__wbxml_plan__.fields)
        kept, cls.__wbxml_plan__ = cls.__wbxml_plan__, plan
        made[kernel] = kernel.encode(instance)
        cls.__wbxml_plan__ = kept
        root = kernel.decode(made[kernel]).root
        assert [child.tag for child in root] == [*tags, other]
        assert [child.text for child in root] == [name for name in names if not name.startswith("__")]
    assert len(set(made.values())) == 1


def test_room_that_ends_anywhere() -> None:
    """Whatever is written when the memory on the stack is full, and when that of the first bytes object is."""
    leaf = Leaf(server_id="5", subject="s")
    watched = Watched(server_id="6", flags=["f"])
    deeper = Everything(number=-(10**12), data=b"data", when=datetime(2020, 1, 1, tzinfo=UTC), either=leaf)
    others: list[Any] = [leaf, watched, Other(again=deeper)]
    for start in (2048, 4096):
        for size in range(start - 300, start + 10):
            instance = Everything(text="t" * size, leaf=leaf, numbers=[1, 200], commands=others * 2, deeper=deeper)

            def write(kernel: ModuleType, instance: Any = instance) -> Any:
                with using(kernel):
                    return kernel.encode(instance)

            same(write)


def test_what_calls_may_look_like() -> None:
    instance = Leaf(server_id="5")
    for kernel in KERNELS:
        with using(kernel):
            expected = kernel.encode(instance)
            assert expected == kernel.encode(obj=instance) == kernel.encode(*[instance])
            assert expected == next(map(kernel.encode, [instance]))
            for wrong in ((), (instance, None)):
                with pytest.raises(TypeError, match="encode"):
                    kernel.encode(*wrong)
            with pytest.raises(TypeError, match="encode"):
                kernel.encode(instance, depth=1)
            document = kernel.decode(expected)
            forms = [kernel.decode(data=expected), kernel.decode(*[expected]), kernel.decode(bytearray(expected))]
            assert [form.raw for form in forms] == [document.raw] * 3
            for wrong in ((), (expected, None)):
                with pytest.raises(TypeError, match="decode"):
                    kernel.decode(*wrong)
            root, path = document.root, AirSync.ServerId
            assert root.findtext(path) == root.findtext(path=path) == root.findtext(*[path]) == "5"
            assert root.findtext(Email.Subject) is root.findtext(Email.Subject, None) is None
            assert root.findtext(Email.Subject, "") == root.findtext(Email.Subject, default="") == ""
            for wrong in ((), (path, None, None)):
                with pytest.raises(TypeError, match="findtext"):
                    root.findtext(*wrong)


@pytest.mark.parametrize("kernel", KERNELS)
def test_paths_that_are_other_objects_each_time(kernel: ModuleType) -> None:
    data = encoded([(AirSync.Add, [(AirSync.ServerId, leaf_bytes("5")), (Email.Subject, leaf_bytes("s"))])])
    root = kernel.decode(data).root
    add_name, subject = "Add", "Subject"
    for number in range(300):
        assert root.findtext(f"AirSync:Add/AirSync:{'ServerId' if number % 3 else 'Status'}") == (
            "5" if number % 3 else None
        )
        add = root.find(f"AirSync:{add_name}")
        assert add.findtext(f"Email:{subject}") == "s"
        assert add.findtext(f"Email:{subject}/Email:Body") is None
        for name in (f"Own{number}", f"AirSync:No{number}"):
            with pytest.raises(ValueError, match=name):
                root.findtext(name)


def test_encoding_of_other_objects() -> None:
    for thing in (None, 5, "text", b"bytes", Bare(text="x"), object()):

        def write(kernel: ModuleType, thing: Any = thing) -> Any:
            with using(kernel):
                return kernel.encode(thing)

        same(write)


def test_a_missing_field_is_an_attribute_error() -> None:
    for kernel in KERNELS:
        instance = Everything()
        del instance.text
        with using(kernel), pytest.raises(AttributeError, match="text"):
            kernel.encode(instance)


def test_unknown_elements_of_a_deep_document() -> None:
    """What a Model does not describe may reach the limit of depth when it is written again."""
    for depth in (10, 150, 240, 252, 253, 254):
        inner = b"\x7f" * depth + b"\x01" * depth
        data = HEADER + b"\x45\x4f\x56" + inner + b"\x01\x01\x01"
        same(built, data)


CONSTANTS = ["IMPL", "SWITCH_PAGE", "END", "STR_I", "OPAQUE", "WITH_CONTENT", "ATTRIBUTES"]
CONSTANTS += ["STR", "INT", "BOOL", "FLAG", "BYTES", "DATETIME", "INT_ENUM", "STR_ENUM", "MODEL"]


def public_names(kernel: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(kernel).items()
        if not name.startswith("_") and (name in CONSTANTS or getattr(value, "__module__", None) == kernel.__name__)
    }


def test_names() -> None:
    """The same public names, with the same documentation."""
    assert public_names(compiled) == public_names(python)
    for name in CONSTANTS[1:]:
        assert getattr(compiled, name) == getattr(python, name)
    for name in public_names(python).difference(CONSTANTS):
        first, second = getattr(compiled, name), getattr(python, name)
        assert getdoc(first) == getdoc(second)
        if isinstance(second, type):
            for key, member in vars(second).items():
                if not key.startswith("_") and (callable(member) or isinstance(member, property)):
                    assert getdoc(getattr(first, key)) == getdoc(member)
