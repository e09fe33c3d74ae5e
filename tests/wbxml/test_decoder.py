"""Decoder and iterdecode: any split of the bytes gives the values of the whole, in the memory of one of them."""

from __future__ import annotations

import gc
import io
import pickle
import tracemalloc
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import wbxml
from wbxml import AirSync, AirSyncBase, DecodeError, FolderHierarchy, Limits, Model, TruncatedError, field

from .samples import CAPTURES, HEADER, MICROSOFT, bounded, capture, document, feed

CONTACT = (MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes()
COLLECTION = "AirSync:Collections/AirSync:Collection"
# Two collections, each with a key and two adds.
TWO = document(
    "45 5C"
    "4F 4B 03 31 00 01 56 47 4D 03 61 00 01 01 47 4D 03 62 00 01 01 01 01"
    "4F 4B 03 32 00 01 56 47 4D 03 63 00 01 01 47 4D 03 64 00 01 01 01 01"
    "01 01"
)


def shown(element: Any) -> list[tuple[Any, ...]]:
    """All that an element holds, with offsets, so that two of them can be compared."""
    return [
        (one.tag, one.offset, len(one), [piece if isinstance(piece, str) else None for piece in one.pieces], one.data)
        for one in element.iter()
    ]


def all_matches(kernel: ModuleType, data: bytes, select: Any, step: int) -> list[tuple[Any, ...]]:
    return [(match.path, match.anchor, shown(match.value)) for match in feed(kernel.Decoder(select), data, step)]


def test_values_are_those_of_the_whole(kernel: ModuleType) -> None:
    select = {"AirSync:SyncKey", "AirSync:ApplicationData", "AirSync:Status"}
    whole = [element for element in kernel.decode(CONTACT).root.iter() if element.tag in select]
    found = feed(kernel.Decoder(select), CONTACT, len(CONTACT))
    assert [match.path for match in found] == [element.tag for element in whole]
    assert [shown(match.value) for match in found] == [shown(element) for element in whole]


@pytest.mark.parametrize("data", [CONTACT, TWO, document("45 00 11 46 03 C3 BC 00 01 00 00 47 C3 03 61 00 01 01 01")])
@pytest.mark.parametrize(
    "select", ["AirSync:Sync", "AirSync:Add", "AirSync:SyncKey", "AirSyncBase:Type", "Page200:0x05"]
)
def test_every_split(kernel: ModuleType, data: bytes, select: str) -> None:
    whole = all_matches(kernel, data, select, len(data))
    for first in range(len(data) + 1):
        decoder = kernel.Decoder([select])
        found = decoder.feed(data[:first]) + decoder.feed(data[first:])
        decoder.close()
        assert [(match.path, match.anchor, shown(match.value)) for match in found] == whole


@pytest.mark.parametrize("name", CAPTURES)
def test_byte_by_byte(kernel: ModuleType, name: str) -> None:
    data = CAPTURES[name].read_bytes()
    root = kernel.decode(data).root
    step = 1 if len(data) < 20_000 else 13
    for select in {str(root.tag), str(next(iter(root), root).tag), "AirSync:Add", "AirSync:Status", "Search:Result"}:
        assert all_matches(kernel, data, [select], step) == all_matches(kernel, data, [select], len(data))


def test_values_come_with_their_ends(kernel: ModuleType) -> None:
    decoder = kernel.Decoder(["AirSync:SyncKey"])
    end = TWO.index(b"\x4b\x03\x31\x00\x01") + 5
    assert decoder.feed(TWO[: end - 1]) == []
    (match,) = decoder.feed(TWO[end - 1 : end])
    assert match.value.text == "1"
    assert decoder.feed(b"") == []


def test_a_match(kernel: ModuleType) -> None:
    (match,) = feed(kernel.Decoder(["FolderHierarchy:SyncKey"]), document("00 07 56 52 03 32 00 01 01"), 100)
    assert match.path == "FolderHierarchy:SyncKey"
    assert match.value.tag is FolderHierarchy.SyncKey
    path, value = match
    assert (path, value) == (match.path, match.value)
    assert match == kernel.Match(match.path, match.value, anchor=999)
    assert match != kernel.Match("other", match.value)
    assert match != ("FolderHierarchy:SyncKey", match.value)
    with pytest.raises(TypeError):
        hash(match)
    match match:
        case kernel.Match(path, value):
            assert value.text == "2"
        case _:
            raise AssertionError
    assert "anchor=7" in repr(match)


def test_paths_match_the_end(kernel: ModuleType) -> None:
    def keys(select: str) -> list[str]:
        return [match.value.text for match in feed(kernel.Decoder([select]), TWO, 5)]

    assert keys("AirSync:SyncKey") == ["1", "2"]
    assert keys("AirSync:Collection/AirSync:SyncKey") == ["1", "2"]
    assert keys("AirSync:Sync/AirSync:Collections/AirSync:Collection/AirSync:SyncKey") == ["1", "2"]
    assert keys("AirSync:Collections/AirSync:SyncKey") == []
    assert keys("AirSync:Add/AirSync:Sync/AirSync:Collections/AirSync:Collection/AirSync:SyncKey") == []
    assert keys("AirSync:ServerId") == ["a", "b", "c", "d"]


def test_anchors_group_values(kernel: ModuleType) -> None:
    select = ["AirSync:Collection/AirSync:SyncKey", "AirSync:Collection/AirSync:Commands/AirSync:Add"]
    found = [(match.anchor, match.value.tag.name, match.value.offset) for match in feed(kernel.Decoder(select), TWO, 3)]
    first, second = TWO.index(b"\x4f"), TWO.rindex(b"\x4f")
    assert found == [
        (first, "SyncKey", first + 1),
        (first, "Add", first + 7),
        (first, "Add", first + 14),
        (second, "SyncKey", second + 1),
        (second, "Add", second + 7),
        (second, "Add", second + 14),
    ]
    # With a path of one name, the value is its own anchor.
    assert all(match.anchor == match.value.offset for match in feed(kernel.Decoder(["AirSync:Add"]), TWO, 3))


def test_the_longer_path_has_the_element(kernel: ModuleType) -> None:
    select = ["AirSync:SyncKey", "AirSync:Collection/AirSync:SyncKey"]
    for paths in (select, select[::-1]):
        found = feed(kernel.Decoder(paths), TWO, 4)
        assert [match.path for match in found] == ["AirSync:Collection/AirSync:SyncKey"] * 2


@pytest.mark.parametrize(
    "select",
    [
        ["AirSync:Collection", "AirSync:Collection/AirSync:SyncKey"],
        ["AirSync:Collection/AirSync:SyncKey", "AirSync:Collection"],
        ["AirSync:Collection", "AirSync:Collections/AirSync:Collection/AirSync:Commands/AirSync:Add"],
        ["AirSync:Collections/AirSync:Collection", "AirSync:Collections/AirSync:Collection/AirSync:Commands"],
        ["AirSync:Add/AirSync:Add", "AirSync:Add"],
    ],
)
def test_nested_selections_are_refused(kernel: ModuleType, select: list[str]) -> None:
    with pytest.raises(ValueError, match="can only match inside of what"):
        kernel.Decoder(select)


def test_what_cannot_be_selected(kernel: ModuleType) -> None:
    nothing: list[Any] = [[], (), {}, iter("")]
    for select in nothing:
        with pytest.raises(ValueError, match="select names no path"):
            kernel.Decoder(select)
    for select in (["Sync"], ["AirSync:Nonsense"], [""], {"AirSync:Add/": None}):
        with pytest.raises(ValueError, match="is not a tag of these code pages"):
            kernel.Decoder(select)
    with pytest.raises(TypeError, match="type must be a Model class"):
        kernel.Decoder({"AirSync:Add": str})


def test_select_may_be_any_iterable(kernel: ModuleType) -> None:
    for select in (
        "AirSync:SyncKey",
        AirSync.SyncKey,
        {"AirSync:SyncKey"},
        ("AirSync:SyncKey",),
        iter(["AirSync:SyncKey"]),
        {"AirSync:SyncKey": None},
    ):
        assert [match.value.text for match in feed(kernel.Decoder(select), TWO, 9)] == ["1", "2"]


def test_values_own_their_bytes(kernel: ModuleType) -> None:
    chunk = bytearray(TWO)
    decoder = kernel.Decoder(["AirSync:Add"])
    found = decoder.feed(chunk)
    chunk[:] = bytes(len(chunk))
    del decoder
    gc.collect()
    assert [match.value.findtext(AirSync.ServerId) for match in found] == ["a", "b", "c", "d"]
    value = found[2].value
    assert value.document.root == value
    assert value.document.raw == TWO[value.offset : value.offset + 7]
    assert kernel.encode(value) == document("47 4D 03 63 00 01 01")


def test_values_of_another_code_page(kernel: ModuleType) -> None:
    # The page is that of before the value, and after the value that of its end.
    data = document("45 00 11 4A 46 03 31 00 01 01 4A 00 00 0B 01 0B 01")
    found = feed(kernel.Decoder([AirSyncBase.Body, AirSync.SyncKey]), data, 1)
    assert [[element.tag for element in match.value.iter()] for match in found] == [
        ["AirSyncBase:Body", "AirSyncBase:Type"],
        ["AirSyncBase:Body", "AirSync:SyncKey"],
        ["AirSync:SyncKey"],
    ]
    assert [kernel.encode(match.value) for match in found] == [
        document("00 11 4A 46 03 31 00 01 01"),
        document("00 11 4A 00 00 0B 01"),
        document("0B"),
    ]


def test_values_pickle_as_their_documents(kernel: ModuleType) -> None:
    data = document("45 00 11 4A 46 03 31 00 01 01 01")
    (match,) = feed(kernel.Decoder([AirSyncBase.Body]), data, 1)
    again = pickle.loads(pickle.dumps(match.value.document))
    assert shown(again.root) == shown(match.value)
    assert again.root.offset == 7


def test_the_root_can_be_selected(kernel: ModuleType) -> None:
    for data in (TWO, document("05"), document("45 01"), document("45 03 61 00 01")):
        (match,) = feed(kernel.Decoder(["AirSync:Sync"]), data, 1)
        assert shown(match.value) == shown(kernel.decode(data).root)
        assert match.anchor == match.value.offset == 4


@pytest.mark.parametrize("path", ["AirSync:Add", "Page200:0x05"])
def test_cut_off(kernel: ModuleType, path: str) -> None:
    for length in range(len(TWO)):
        decoder = kernel.Decoder([path])
        decoder.feed(TWO[:length])
        with pytest.raises(TruncatedError) as caught:
            decoder.close()
        assert caught.value.args == ("the document ends too early", length)


def test_an_error_comes_after_the_values_before_it(kernel: ModuleType) -> None:
    data = TWO[:-2] + b"\x02\x00\x01\x01"
    decoder = kernel.Decoder(["AirSync:SyncKey"])
    assert [match.value.text for match in decoder.feed(data)] == ["1", "2"]
    for call in (lambda: decoder.feed(b"\x01"), lambda: decoder.feed(b""), decoder.close):
        with pytest.raises(DecodeError) as caught:
            call()
        assert caught.value.args == ("0 is not the number of a character", len(TWO) - 2)


def test_an_error_without_values_is_raised_at_once(kernel: ModuleType) -> None:
    decoder = kernel.Decoder(["AirSync:SyncKey"])
    decoder.feed(HEADER + b"\x45")
    for _ in range(2):
        with pytest.raises(DecodeError, match="0 is not the number of a character at offset 5"):
            decoder.feed(b"\x02\x00")


def test_nothing_may_follow(kernel: ModuleType) -> None:
    decoder = kernel.Decoder(["AirSync:Sync"])
    assert len(decoder.feed(document("05"))) == 1
    decoder.close()
    with pytest.raises(DecodeError, match="nothing may follow the root element, found 0x00 at offset 5"):
        decoder.feed(b"\x00")


def test_chunks_are_bytes_like(kernel: ModuleType) -> None:
    decoder = kernel.Decoder(["AirSync:SyncKey"])
    decoder.feed(memoryview(TWO)[:20])
    decoder.feed(bytearray(TWO[20:]))
    decoder.close()
    with pytest.raises(TypeError):
        kernel.Decoder(["AirSync:SyncKey"]).feed("text")


def large(values: int, size: int) -> Iterator[bytes]:
    """A document of many values, in chunks, each a text between two that nobody selects."""
    yield HEADER + b"\x45"
    for number in range(values):
        text = b"%d" % number + b"x" * size
        yield b"\x46\x03" + text + b"\x00\x01"
        yield b"\x47\x4d\x03" + text
        yield b"\x00\x01\x01"
        yield b"\x46\xc3\x8f\x80\x00" + bytes(0x3C000) + b"\x01"
    yield b"\x01"


def test_memory_is_that_of_one_value(kernel: ModuleType) -> None:
    total = 0
    tracemalloc.start()
    try:
        # 200 values of 10 kB and as much again that is dropped: 50 MB.
        with bounded(10_000):
            decoder = kernel.Decoder(["AirSync:Add"])
            for chunk in large(200, 10_000):
                total += sum(len(match.value.findtext(AirSync.ServerId)) for match in decoder.feed(chunk))
            decoder.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == sum(10_000 + len(str(number)) for number in range(200))
    assert peak < 2 << 20


@pytest.mark.parametrize("start", [b"\x03", b"\xc3\xa0\x80\x80\x00"], ids=["text", "opaque"])
def test_a_value_in_a_file_takes_no_memory(kernel: ModuleType, start: bytes) -> None:
    class Count(io.RawIOBase):
        size = 0

        def write(self, data: Any) -> int:
            self.size += len(data)
            return len(data)

    size = 64 << 20
    chunk = b"x" * 65_536
    file = Count()
    decoder = kernel.Decoder({"AirSync:Add": file})
    decoder.feed(HEADER + b"\x45\x47" + start)
    tracemalloc.start()
    try:
        for _ in range(size // len(chunk)):
            decoder.feed(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (match,) = decoder.feed((b"\0" if start == b"\x03" else b"") + b"\x01\x01")
    decoder.close()
    assert match.value is file
    assert file.size == size
    assert peak < 1 << 20


def test_what_nobody_selects_is_not_kept(kernel: ModuleType) -> None:
    decoder = kernel.Decoder(["AirSync:Add"])
    decoder.feed(HEADER + b"\x45\x46\x03")
    chunk = b"x" * 65_536
    tracemalloc.start()
    try:
        for _ in range(1000):
            decoder.feed(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_utf_8_across_chunks(kernel: ModuleType) -> None:
    data = HEADER + b"\x45\x46\x03" + "aü€😀".encode() + b"\x00\x01\x01"
    assert feed(kernel.Decoder(["AirSync:Add"]), data, 1) == []
    for cut in (b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"):
        with pytest.raises(DecodeError, match="text is not UTF-8 at offset 6"):
            feed(kernel.Decoder(["AirSync:Add"]), HEADER + b"\x45\x46\x03" + cut + b"\x00\x01\x01", 1)


def test_a_large_value_in_small_chunks(kernel: ModuleType) -> None:
    # Looking at it from its start with each chunk would take minutes.
    data = HEADER + b"\x45\x03" + b"x" * 1_000_000 + b"\x00\x01"
    for path in ("AirSync:Sync", "AirSync:Add"):
        with bounded(len(data)):
            found = feed(kernel.Decoder([path]), data, 64)
        assert [len(match.value.text) for match in found] == [1_000_000] * (path == "AirSync:Sync")


def test_many_elements_in_small_chunks(kernel: ModuleType) -> None:
    data = HEADER + b"\x45" + b"\x46\x03a\x00\x01" * 30_000 + b"\x01"
    with bounded(len(data)):
        (match,) = feed(kernel.Decoder(["AirSync:Sync"]), data, 16)
    assert len(match.value) == 30_000


# Models and iterdecode go with the kernel in use.


class Item(Model, tag=AirSync.Add):
    """An Add."""

    server_id: str | None = field(AirSync.ServerId)


def test_models() -> None:
    select = {"AirSync:Collection/AirSync:SyncKey": None, "AirSync:Commands/AirSync:Add": Item}
    decoder = wbxml.Decoder(select)
    found = [(match.path, match.value) for match in feed(decoder, TWO, 2)]
    assert found[1] == ("AirSync:Commands/AirSync:Add", Item(server_id="a"))
    assert found[0][1].text == "1"
    assert [value.server_id for _, value in found if isinstance(value, Item)] == ["a", "b", "c", "d"]


def test_iterdecode() -> None:
    chunks = [TWO[start : start + 11] for start in range(0, len(TWO), 11)]
    assert list(wbxml.iterdecode(chunks, {AirSync.Add: Item})) == [Item(server_id=name) for name in "abcd"]
    assert [element.text for element in wbxml.iterdecode(iter(chunks), [AirSync.SyncKey])] == ["1", "2"]


def test_iterdecode_checks_the_end() -> None:
    values = wbxml.iterdecode([TWO[:-1]], [AirSync.SyncKey])
    assert [next(values).text, next(values).text] == ["1", "2"]
    with pytest.raises(TruncatedError):
        next(values)


def test_iterdecode_is_lazy() -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(TWO), 5):
            taken.append(start)
            yield TWO[start : start + 5]

    values = wbxml.iterdecode(chunks(), [AirSync.SyncKey], limits=Limits(max_depth=10))
    assert next(values).text == "1"
    assert len(taken) <= 3


def test_a_page_of_a_hundred_mails() -> None:
    data = capture("Sync-page-m20k-100.response")
    chunks = [data[start : start + 4096] for start in range(0, len(data), 4096)]
    adds = list(wbxml.iterdecode(chunks, {"AirSync:Commands/AirSync:Add": Item}))
    root = wbxml.decode(data).root
    commands = root.find(f"{COLLECTION}/AirSync:Commands")
    assert commands is not None
    assert [add.server_id for add in adds] == [element.findtext(AirSync.ServerId) for element in commands]
