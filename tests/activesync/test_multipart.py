"""Multipart answers: the one that Microsoft prints, those of SOGo, and such as no server should send."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wbxml
from activesync import DamagedError
from activesync.multipart import parts

from .samples import DATA, sogo


def printed() -> bytes:
    """[MS-ASCMD] section 4.10.5.2."""
    return bytes.fromhex((DATA / "microsoft" / "ascmd-4.10.5.2-multipart-response.hex").read_text("ascii"))


@pytest.mark.spec(
    "MS-ASCMD_R5507", "MS-ASCMD_R5509", "MS-ASCMD_R5510", "MS-ASCMD_R5512", "MS-ASCMD_R5514", "MS-ASCMD_R5517"
)
def test_the_example_of_the_specification() -> None:
    document, body = parts(printed())
    assert (len(document), bytes(body)) == (500, b"This is the body.\r\n")  # lengths as the section says
    root = wbxml.decode(document).root
    properties = "ItemOperations:Response/ItemOperations:Fetch/ItemOperations:Properties"
    assert root.findtext(f"{properties}/Email:Subject") == "Test Multipart Response"
    assert root.findtext(f"{properties}/AirSyncBase:Body/ItemOperations:Part") == "1"


@pytest.mark.parametrize("name", ["ItemOperations-fetch-multipart", "ItemOperations-attachment-multipart"])
def test_the_answers_of_sogo(name: str) -> None:
    data = sogo(f"{name}.response")
    document, body = parts(data)
    root = wbxml.decode(document).root
    (part,) = root.iter(wbxml.ItemOperations.Part)
    assert part.text == "1" and len(body) > 10
    assert len(document) + len(body) + 20 == len(data)


def made(count: int, *table: tuple[int, int], size: int = 0) -> bytes:
    """A multipart answer with such a table, and so many bytes after it."""
    return struct.pack("<I", count) + b"".join(struct.pack("<II", *one) for one in table) + bytes(size)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this one has 0 bytes"),
        (b"\1\0\0", "this one has 3 bytes"),
        (made(0), "cannot have 0 parts"),
        (made(1), "cannot have 1 parts"),
        (made(2**32 - 1, (0, 0)), "cannot have 4294967295 parts"),
        (made(1, (0, 12), size=9), "part 0 .* bytes 0 to 12"),
        (made(1, (12, 10), size=9), "bytes 12 to 22, where parts lie from 12 to 21"),
        (made(1, (2**32 - 1, 2**32 - 1), size=9), "bytes 4294967295 to 8589934590"),
        (made(2, (20, 5), (24, 5), size=9), "overlap at byte 24"),
        (made(2, (24, 5), (20, 5), size=9), "overlap at byte 24"),
        (b"<html><body>Sorry</body></html>", "cannot have"),
        (printed()[:-1], "part 1 of a multipart answer"),
    ],
)
def test_answers_that_cannot_be(data: bytes, message: str) -> None:
    with pytest.raises(DamagedError, match=message):
        parts(data)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    try:
        found = parts(data)
    except DamagedError:
        return
    assert sum(map(len, found)) <= len(data)


@given(st.lists(st.binary(), min_size=1, max_size=20))
def test_parts_come_back(pieces: list[bytes]) -> None:
    offset, table = 4 + 8 * len(pieces), []
    for piece in pieces:
        table.append((offset, len(piece)))
        offset += len(piece)
    assert [bytes(part) for part in parts(made(len(pieces), *table) + b"".join(pieces))] == pieces
