"""decode(): what the header and the body may look like, and what may be given as data."""

from __future__ import annotations

import array
import copy
import mmap
import pickle
from pathlib import Path
from types import ModuleType

import pytest

import wbxml
from wbxml import ACTIVESYNC, AirSync, CodePage, CodePages

from .samples import HEADER, MICROSOFT, bounded, document

CONTACT = (MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes()


@pytest.mark.spec("MS-ASWBXML_R655")
def test_the_example_of_the_specification(kernel: ModuleType) -> None:
    # [MS-ASWBXML] section 3.
    doc = kernel.decode(CONTACT)
    assert doc.raw is CONTACT
    assert (doc.version, doc.public_id, doc.charset) == ("1.3", 1, "UTF-8")
    assert doc.pages is ACTIVESYNC
    assert repr(doc) == "<Document AirSync:Sync, 106 bytes>"
    assert [(element.tag, element.text) for element in doc.root.iter()] == [
        ("AirSync:Sync", None),
        ("AirSync:Collections", None),
        ("AirSync:Collection", None),
        ("AirSync:Class", "Contacts"),
        ("AirSync:SyncKey", "2"),
        ("AirSync:CollectionId", "2"),
        ("AirSync:Status", "1"),
        ("AirSync:Commands", None),
        ("AirSync:Add", None),
        ("AirSync:ServerId", "2:1"),
        ("AirSync:ApplicationData", None),
        ("AirSyncBase:Body", None),
        ("AirSyncBase:Type", "1"),
        ("AirSyncBase:EstimatedDataSize", "0"),
        ("AirSyncBase:Truncated", "1"),
        ("Contacts:FileAs", "Funk, Don"),
        ("Contacts:FirstName", "Don"),
        ("Contacts:LastName", "Funk"),
        ("AirSyncBase:NativeBodyType", "1"),
    ]


@pytest.mark.parametrize(
    ("header", "version", "public_id", "charset"),
    [
        ("03 01 6A 00", "1.3", 1, "UTF-8"),
        ("02 01 6A 00", "1.2", 1, "UTF-8"),
        ("01 01 6A 00", "1.1", 1, "UTF-8"),
        ("00 01 00", "1.0", 1, "UTF-8"),  # version 1.0 has no character set
        ("03 01 03 00", "1.3", 1, "US-ASCII"),
        ("03 01 00 00", "1.3", 1, "UTF-8"),  # 0: unknown
        ("03 05 6A 00", "1.3", 5, "UTF-8"),
        ("03 9F 7D 6A 00", "1.3", 0xFFD, "UTF-8"),
        ("03 8F FF FF FF 7F 6A 00", "1.3", 0xFFFFFFFF, "UTF-8"),
        ("03 01 80 80 80 80 00 00", "1.3", 1, "UTF-8"),  # as long as five bytes may be
        ("03 01 80 6A 00", "1.3", 1, "UTF-8"),  # not the shortest form, but legal
        ("03 01 6A 04 61 62 63 00", "1.3", 1, "UTF-8"),  # a string table that nothing refers to
        ("03 01 6A 03 61 62 63", "1.3", 1, "UTF-8"),  # one without a NUL
        ("03 00 00 6A 03 2D 2F 00", "1.3", "-/", "UTF-8"),  # the public identifier is in the string table
        ("03 00 02 6A 03 2D 2F 00", "1.3", "", "UTF-8"),
        ("03 01 04 00", "1.3", 1, "ISO-8859-1"),
        ("03 01 87 77 00", "1.3", 1, "UTF-16"),
        ("03 01 11 00", "1.3", 1, "Shift_JIS"),
        ("03 01 91 4C 00", "1.3", 1, "windows-1252"),
    ],
)
def test_headers(kernel: ModuleType, header: str, version: str, public_id: int | str, charset: str) -> None:
    doc = kernel.decode(bytes.fromhex(header + "05"))
    assert (doc.version, doc.public_id, doc.charset) == (version, public_id, charset)
    assert doc.root.tag is AirSync.Sync
    assert doc.root.offset == len(bytes.fromhex(header))


@pytest.mark.parametrize(
    ("body", "tag", "offset"),
    [
        ("05", "AirSync:Sync", 4),
        ("45 01", "AirSync:Sync", 4),  # the content bit, but no content
        ("00 07 05", "FolderHierarchy:Folders", 6),
        ("00 01 00 00 05", "AirSync:Sync", 8),
        ("00 03 05", "AirNotify:Notify", 6),
        ("00 1A 05", "Page26:0x05", 6),
        ("00 48 3F", "Page72:0x3F", 6),
        ("00 FE 05", "WindowsLive:Annotations", 6),
        ("00 FF 05", "Page255:0x05", 6),
        ("3F", "AirSync:0x3F", 4),
    ],
)
def test_roots(kernel: ModuleType, body: str, tag: str, offset: int) -> None:
    root = kernel.decode(document(body)).root
    assert (root.tag, root.offset) == (tag, offset)
    assert (len(root), root.text, root.data, root.pieces) == (0, None, None, [])


def test_a_code_page_lasts(kernel: ModuleType) -> None:
    # [MS-ASWBXML] section 2.1.2.1: across siblings and past END, until the next SWITCH_PAGE.
    root = kernel.decode(document("45 00 11 46 05 01 06 00 00 06 01")).root
    assert [element.tag for element in root.iter()] == [
        "AirSync:Sync",
        "AirSyncBase:Type",
        "AirSyncBase:BodyPreference",
        "AirSyncBase:Type",
        "AirSync:Responses",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "45 00 11 46 03 31 00 01 01",  # before the tag
        "45 00 05 00 11 46 03 31 00 01 01",  # twice
        "45 00 11 46 03 31 00 01 00 00 01",  # also before END
        "45 00 11 46 00 07 03 31 00 01 01",  # between the tag and its text
        "45 00 11 46 03 31 00 00 07 01 01",  # between its text and END
    ],
)
def test_a_code_page_may_change_anywhere(kernel: ModuleType, body: str) -> None:
    root = kernel.decode(document(body)).root
    assert [(element.tag, element.text) for element in root.iter()] == [
        ("AirSync:Sync", None),
        ("AirSyncBase:Type", "1"),
    ]


@pytest.mark.parametrize(
    ("body", "text", "data"),
    [
        ("45 03 61 62 00 01", "ab", None),
        ("45 03 00 01", "", None),
        ("45 C3 02 61 62 01", None, b"ab"),
        ("45 C3 00 01", None, b""),
        ("45 C3 80 80 80 80 02 61 62 01", None, b"ab"),
        ("45 03 61 00 03 62 00 01", "ab", None),
        ("45 03 00 03 00 01", "", None),
        ("45 C3 01 61 C3 01 62 01", None, b"ab"),
        ("45 03 61 00 C3 01 62 03 63 00 01", "ac", b"b"),
        ("45 C3 05 03 01 6A 00 05 01", None, b"\x03\x01\x6a\x00\x05"),  # a document within
        ("45 03 C3 BC E2 82 AC F0 9F 98 80 00 01", "ü€😀", None),
        ("45 03 EF BF BE 01 1F 0D 0A 5D 5D 3E 00 01", "\ufffe\x01\x1f\r\n]]>", None),  # what XML cannot carry
        ("45 03 EF BB BF 61 00 01", "\ufeffa", None),
        ("45 03 61 00 06 03 62 00 01", "ab", None),  # mixed with elements
    ],
)
def test_text_and_opaque(kernel: ModuleType, body: str, text: str | None, data: bytes | None) -> None:
    root = kernel.decode(document(body)).root
    assert (root.text, root.data) == (text, data)


@pytest.mark.parametrize(
    "make",
    [
        bytes,
        bytearray,
        memoryview,
        lambda data: memoryview(bytearray(data)),
        lambda data: memoryview(b"--" + data + b"--")[2:-2],
        lambda data: memoryview(b"".join([bytes([byte, 0]) for byte in data]))[::2],
        lambda data: array.array("B", data),
        lambda data: type("Bytes", (bytes,), {})(data),
    ],
    ids=["bytes", "bytearray", "view", "view-of-bytearray", "slice", "strided", "array", "subclass"],
)
def test_any_bytes_like_object(kernel: ModuleType, make: object) -> None:
    doc = kernel.decode(make(CONTACT))  # type: ignore[operator]
    assert doc.raw == CONTACT
    assert type(doc.raw) is bytes
    assert doc.root.findtext("AirSync:Collections/AirSync:Collection/AirSync:Class") == "Contacts"


def test_what_can_change_is_copied(kernel: ModuleType) -> None:
    data = bytearray(CONTACT)
    doc, read_only = kernel.decode(data), kernel.decode(memoryview(data).toreadonly())
    data[:] = bytes(len(data))
    assert doc.raw == read_only.raw == CONTACT


def test_a_whole_view_of_bytes_is_not_copied(kernel: ModuleType) -> None:
    assert kernel.decode(memoryview(CONTACT)).raw is CONTACT


def test_a_mapped_file(kernel: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "contact.wbxml"
    path.write_bytes(CONTACT)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        doc = kernel.decode(mapped)
    assert doc.raw == CONTACT


@pytest.mark.parametrize("value", ["text", None, 3, [1]])
def test_other_objects_are_refused(kernel: ModuleType, value: object) -> None:
    with pytest.raises(TypeError):
        kernel.decode(value)


def test_a_document_is_decoded_already(kernel: ModuleType) -> None:
    doc = kernel.decode(CONTACT)
    for value in (doc, doc.root, doc.root[0]):
        with pytest.raises(TypeError, match="decoded already"):
            kernel.decode(value)


def test_a_document_is_immutable(kernel: ModuleType) -> None:
    doc = kernel.decode(CONTACT)
    with pytest.raises(AttributeError):
        doc.raw = b""
    with pytest.raises(AttributeError):
        doc.other = 1
    with pytest.raises(TypeError):
        kernel.Document()


def test_a_document_pickles_and_is_loaded_by_the_kernel_in_use(kernel: ModuleType) -> None:
    doc = kernel.decode(CONTACT)
    again = pickle.loads(pickle.dumps(doc))
    assert type(again) is wbxml.Document
    assert (again.raw, again.version, again.public_id, again.charset) == (CONTACT, "1.3", 1, "UTF-8")
    assert again.pages is ACTIVESYNC
    assert [element.offset for element in again.root.iter()] == [element.offset for element in doc.root.iter()]


def test_a_copy_of_a_document_is_the_document(kernel: ModuleType) -> None:
    doc = kernel.decode(CONTACT)
    assert copy.copy(doc) is doc
    assert copy.deepcopy(doc) is doc


def test_a_document_beyond_the_limits_pickles(kernel: ModuleType) -> None:
    from wbxml import Limits

    data = HEADER + b"\x45" * 1000 + b"\x01" * 1000
    doc = kernel.decode(data, limits=Limits(max_depth=1000))
    assert pickle.loads(pickle.dumps(doc)).raw == data


def test_other_code_pages(kernel: ModuleType) -> None:
    class Colours(CodePage, page=0):
        Red = wbxml.tag(0x05)

    pages = CodePages(Colours)
    doc = kernel.decode(document("45 03 31 00 00 01 05 01"), pages=pages)
    assert doc.pages is pages
    assert [element.tag for element in doc.root.iter()] == ["Colours:Red", "Page1:0x05"]
    assert kernel.encode(doc, pages=pages) == document("45 03 31 00 00 01 05 01")


@pytest.mark.parametrize(
    "data",
    [
        HEADER + b"\x45" + b"\x05" * 1_000_000 + b"\x01",
        HEADER + b"\x45" + b"\x46\x01" * 500_000 + b"\x01",
        HEADER + b"\x45" + b"\x03a\x00" * 300_000 + b"\x01",
        HEADER + b"\x45" + b"\xc3\x00" * 500_000 + b"\x01",
        HEADER + b"\x00\x11" * 500_000 + b"\x05",
        HEADER + b"\x45" + b"\x00\x11" * 500_000 + b"\x01",
        HEADER + b"\x45\x03" + b"x" * (64 << 20) + b"\x00\x01",
        HEADER + b"\x45\xc3\xa0\x80\x80\x00" + bytes(64 << 20) + b"\x01",
        HEADER + b"\x45\x03" + "ü".encode() * 1_000_000 + b"\x00\x01",
        b"\x03\x01\x6a\xbd\x84\x40" + bytes(1_000_000) + b"\x05",
    ],
    ids=[
        "elements",
        "ended-elements",
        "texts",
        "opaques",
        "pages-before",
        "pages-within",
        "text",
        "opaque",
        "utf-8",
        "string-table",
    ],
)
def test_large_documents(kernel: ModuleType, data: bytes) -> None:
    with bounded(len(data), kernel.IMPL):
        doc = kernel.decode(data)
    assert doc.raw == data
