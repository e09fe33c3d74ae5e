"""encode() and Writer: canonical bytes, trees of other libraries, and what cannot be written."""

from __future__ import annotations

import mmap
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

import wbxml
from wbxml import AirSync, AirSyncBase, ComposeMail, EncodeError, FolderHierarchy

from .samples import HEADER, MICROSOFT, bounded, document

E = ElementTree.Element


def tree(*parts: Any) -> ElementTree.Element:
    """An element from its tag, then text, bytes and child elements as they come."""
    element = E(parts[0])
    for part in parts[1:]:
        if isinstance(part, ElementTree.Element):
            element.append(part)
        elif len(element):
            element[-1].tail = part
        else:
            element.text = part
    return element


def test_the_primer_by_hand(kernel: ModuleType) -> None:
    # Bytes that Microsoft printed: "An ActiveSync Primer".
    writer = kernel.Writer()
    writer.start(FolderHierarchy.FolderSync)
    writer.start("FolderHierarchy:SyncKey")
    writer.text("2")
    writer.end()
    writer.end()
    assert writer.finish() == (MICROSOFT / "blog-primer-foldersync-request.wbxml").read_bytes()


def test_the_example_of_the_specification_by_hand(kernel: ModuleType) -> None:
    # [MS-ASWBXML] section 3.
    writer = kernel.Writer()

    def leaf(tag: str, text: str) -> None:
        writer.start(tag)
        writer.text(text)
        writer.end()

    for tag in (AirSync.Sync, AirSync.Collections, AirSync.Collection):
        writer.start(tag)
    leaf(AirSync.Class, "Contacts")
    leaf(AirSync.SyncKey, "2")
    leaf(AirSync.CollectionId, "2")
    leaf(AirSync.Status, "1")
    writer.start(AirSync.Commands)
    writer.start(AirSync.Add)
    leaf(AirSync.ServerId, "2:1")
    writer.start(AirSync.ApplicationData)
    writer.start(AirSyncBase.Body)
    leaf(AirSyncBase.Type, "1")
    leaf(AirSyncBase.EstimatedDataSize, "0")
    leaf(AirSyncBase.Truncated, "1")
    writer.end()
    leaf(wbxml.Contacts.FileAs, "Funk, Don")
    leaf(wbxml.Contacts.FirstName, "Don")
    leaf(wbxml.Contacts.LastName, "Funk")
    leaf(AirSyncBase.NativeBodyType, "1")
    for _ in range(6):
        writer.end()
    assert writer.finish() == (MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes()


@pytest.mark.parametrize(
    ("data", "canonical"),
    [
        ("03 01 6A 00 45 01", "03 01 6A 00 05"),
        ("00 01 00 05", "03 01 6A 00 05"),
        ("03 05 03 03 61 62 63 05", "03 01 6A 00 05"),
        ("03 01 6A 00 00 00 05", "03 01 6A 00 05"),
        ("03 01 6A 00 00 01 00 07 05", "03 01 6A 00 00 07 05"),
        ("03 01 6A 00 45 00 11 00 00 46 03 31 00 00 05 01 01", "03 01 6A 00 45 46 03 31 00 01 01"),
        ("03 01 6A 00 45 C3 80 02 61 62 01", "03 01 6A 00 45 C3 02 61 62 01"),
        ("03 01 6A 00 45 03 00 01", "03 01 6A 00 45 03 00 01"),
        ("03 01 6A 00 45 03 61 00 03 62 00 01", "03 01 6A 00 45 03 61 00 03 62 00 01"),
        ("03 01 6A 00 45 03 61 00 06 C3 00 01", "03 01 6A 00 45 03 61 00 06 C3 00 01"),
        ("03 01 6A 00 00 2A 7F 01", "03 01 6A 00 00 2A 3F"),
    ],
)
def test_canonical_form(kernel: ModuleType, data: str, canonical: str) -> None:
    doc = kernel.decode(bytes.fromhex(data))
    assert kernel.encode(doc) == bytes.fromhex(canonical)
    assert kernel.encode(doc.root) == bytes.fromhex(canonical)


def test_an_element_is_written_as_a_document(kernel: ModuleType) -> None:
    doc = kernel.decode(document("45 5C 00 11 46 03 31 00 01 01 06 01"))
    assert kernel.encode(doc.root[0]) == document("5C 00 11 46 03 31 00 01 01")
    assert kernel.encode(doc.root[0][0]) == document("00 11 46 03 31 00 01")
    assert kernel.encode(doc.root[1]) == document("00 11 06")


def test_copy(kernel: ModuleType) -> None:
    doc = kernel.decode(document("45 4B 03 31 00 01 00 11 46 C3 01 61 03 62 00 01 01"))
    writer = kernel.Writer()
    writer.start(AirSync.Collections)
    for child in doc.root:
        writer.copy(child)
    writer.end()
    assert writer.finish() == document("5C 4B 03 31 00 01 00 11 46 C3 01 61 03 62 00 01 01")


@pytest.mark.parametrize(
    ("length", "size"),
    [
        (0, "00"),
        (1, "01"),
        (0x7F, "7F"),
        (0x80, "81 00"),
        (0x3FFF, "FF 7F"),
        (0x4000, "81 80 00"),
        (0x1FFFFF, "FF FF 7F"),
        (0x200000, "81 80 80 00"),
    ],
)
def test_lengths(kernel: ModuleType, length: int, size: str) -> None:
    # WBXML 1.3 section 5.1.
    writer = kernel.Writer()
    writer.start(AirSync.Sync)
    writer.opaque(bytes(length))
    writer.end()
    data = writer.finish()
    assert data[:-1].startswith(HEADER + b"\x45\xc3" + bytes.fromhex(size))
    assert len(data) == 7 + len(bytes.fromhex(size)) + length
    assert kernel.decode(data).root.data == bytes(length)


@pytest.mark.parametrize("data", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_opaque_data_is_any_bytes_like_object(kernel: ModuleType, data: Any) -> None:
    writer = kernel.Writer()
    writer.start(ComposeMail.Mime)
    writer.opaque(data)
    writer.end()
    assert writer.finish() == document("00 15 50 C3 02 61 62 01")


@pytest.mark.parametrize(
    ("element", "body"),
    [
        (tree("{AirSync}Sync"), "05"),
        (tree("{AirSync:}Sync"), "05"),
        (tree("{AirSync}Sync", ""), "05"),
        (tree("{AirSync}Sync", "ü"), "45 03 C3 BC 00 01"),
        (tree("{AirSync}Sync", " "), "45 03 20 00 01"),
        (tree("{AirSync}Sync", b"ab"), "45 C3 02 61 62 01"),
        (tree("{AirSync}Sync", b""), "45 C3 00 01"),
        (tree("{AirSync}Sync", "\n  ", tree("{AirSync}SyncKey", "0"), "\n"), "45 4B 03 30 00 01 01"),
        (tree("{AirSync}Sync", "a", tree("{AirSync}SyncKey"), "b"), "45 03 61 00 0B 03 62 00 01"),
        (tree("{AirSync}Sync", tree("{AirSyncBase}Type"), tree("{AirSync}Add")), "45 00 11 06 00 00 07 01"),
        (tree("{Page42}0x05", tree("{AirSync}0x3F")), "00 2A 45 00 00 3F 01"),
        (tree("{Gal}DisplayName"), "00 10 05"),
    ],
)
def test_trees(kernel: ModuleType, element: ElementTree.Element, body: str) -> None:
    assert kernel.encode(element) == document(body)


def test_a_tree_as_deep_as_the_limit(kernel: ModuleType) -> None:
    root = element = E("{AirSync}Sync")
    for _ in range(255):
        element = ElementTree.SubElement(element, "{AirSync}Sync")
    assert kernel.encode(root) == HEADER + b"\x45" * 255 + b"\x05" + b"\x01" * 255


def _cycle() -> ElementTree.Element:
    root = E("{AirSync}Sync")
    ElementTree.SubElement(root, "{AirSync}Add").append(root)
    return root


def _deep(depth: int) -> ElementTree.Element:
    root = element = E("{AirSync}Sync")
    for _ in range(depth):
        element = ElementTree.SubElement(element, "{AirSync}Sync")
    return root


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tree("{AirSync}Sync", "a\0b"), "AirSync:Sync: a NUL at character 1 cannot be written"),
        (lambda: tree("{AirSync}Sync", "ab\ud800"), "AirSync:Sync: a lone surrogate at character 2 cannot be written"),
        (lambda: tree("{AirSync}Sync", 3), "the content of an element is a str or bytes, not int"),
        (lambda: tree("{AirSync}Nonsense"), "Nonsense is not a tag of AirSync"),
        (lambda: tree("{AirSync}FileAs"), "FileAs is not a tag of AirSync; FileAs is a tag of Contacts"),
        (
            lambda: tree("{Nowhere}FileAs"),
            (
                "FileAs: 'Nowhere' is not the namespace of a code page, and it is not the root of a command; "
                "FileAs is a tag of Contacts"
            ),
        ),
        (lambda: tree("Nonsense"), "Nonsense has no namespace, and it is not the root of a command"),
        (lambda: tree("{AirSync}0x05"), "0x05 is not a tag of AirSync"),
        (
            lambda: E("{AirSync}Sync", {"id": "1"}),
            "AirSync:Sync: attribute 'id': ActiveSync WBXML has no attributes",
        ),
        (
            lambda: tree("{AirSync}Sync", ElementTree.Comment("no")),
            "comments and processing instructions cannot be written as WBXML",
        ),
        (_cycle, "AirSync:Sync: elements are nested deeper than 256"),
        (lambda: _deep(256), "AirSync:Sync: elements are nested deeper than 256"),
        (lambda: _deep(100_000), "AirSync:Sync: elements are nested deeper than 256"),
        (lambda: None, "cannot encode a NoneType"),
        (lambda: b"bytes", "cannot encode a bytes"),
        (lambda: "AirSync:Sync", "cannot encode a str"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_written(kernel: ModuleType, make: Any, message: str) -> None:
    value = make()
    with bounded(1 << 20), pytest.raises(EncodeError) as caught:
        kernel.encode(value)
    assert str(caught.value) == message
    # A deep tree is taken apart level by level: its own destructor would be the one to recurse.
    while isinstance(value, ElementTree.Element) and len(value) == 1 and message.endswith("256"):
        value, below = value[0], value
        del below[0]


def _written(kernel: ModuleType, *calls: tuple[Any, ...]) -> bytes:
    writer = kernel.Writer()
    for name, *arguments in calls:
        getattr(writer, name)(*arguments)
    data: bytes = writer.finish()
    return data


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([], "a document needs a root element"),
        ([("start", "AirSync:Sync")], "AirSync:Sync: the element is still open"),
        ([("end",)], "no element is open"),
        ([("text", "a")], "no element is open"),
        ([("opaque", b"a")], "no element is open"),
        ([("start", "AirSync:Sync"), ("end",), ("end",)], "no element is open"),
        (
            [("start", "AirSync:Sync"), ("end",), ("start", "AirSync:Add")],
            "AirSync:Add: a document has one root element",
        ),
        ([("start", "Sync")], "'Sync' is not a tag of these code pages"),
        ([("start", "AirSync:Sync"), ("text", b"a")], "AirSync:Sync: expected a str, not bytes"),
        ([("start", "AirSync:Sync"), ("text", None)], "AirSync:Sync: expected a str, not NoneType"),
        ([("start", "AirSync:Sync"), ("text", "\0")], "AirSync:Sync: a NUL at character 0 cannot be written"),
        ([("start", "AirSync:Sync"), ("text", "é\0")], "AirSync:Sync: a NUL at character 1 cannot be written"),
        (
            [("start", "AirSync:Sync"), ("text", "\U0001f600\udc00")],
            "AirSync:Sync: a lone surrogate at character 1 cannot be written",
        ),
    ],
)
def test_what_a_writer_refuses(kernel: ModuleType, calls: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        _written(kernel, *calls)
    assert str(caught.value) == message


def test_a_writer_takes_opaque_data_only_as_bytes(kernel: ModuleType) -> None:
    with pytest.raises(TypeError):
        _written(kernel, ("start", "AirSync:Sync"), ("opaque", "text"))


def test_opaque_data_of_more_than_32_bits(kernel: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("w+b") as file:
        file.truncate(1 << 32)  # sparse: takes no room
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            writer = kernel.Writer()
            writer.start(ComposeMail.Mime)
            with bounded(0), pytest.raises(EncodeError) as caught:
                writer.opaque(mapped)
            message = str(caught.value)
            # The traceback holds on to views of what is mapped.
            del caught
    assert message == "ComposeMail:Mime: 4294967296 bytes do not fit an opaque, whose length has 32 bits"


def test_a_writer_goes_on_after_what_it_refused(kernel: ModuleType) -> None:
    writer = kernel.Writer()
    writer.start(AirSync.Sync)
    for call, value in ((writer.text, "\0"), (writer.text, 3), (writer.start, "Nonsense")):
        with pytest.raises(EncodeError):
            call(value)
    with pytest.raises(TypeError):
        writer.opaque("text")
    writer.end()
    assert writer.finish() == document("05")
