"""Element: what it holds, how it is searched, and that it is only a view."""

from __future__ import annotations

import copy
import gc
import pickle
from types import ModuleType
from typing import Any

import pytest

from wbxml import AirSync, AirSyncBase, Contacts

from .samples import HEADER, MICROSOFT, capture, document

CONTACT = (MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes()
# <Sync>a<SyncKey/><Add>1</Add>[bc]<Add><SyncKey>2</SyncKey></Add></Sync>
MIXED = document("45 03 61 00 0B 47 03 31 00 01 C3 02 62 63 47 4B 03 32 00 01 01 01")


@pytest.fixture
def root(kernel: ModuleType) -> Any:
    return kernel.decode(MIXED).root


def test_tag(root: Any) -> None:
    assert root.tag is AirSync.Sync
    assert [child.tag for child in root] == [AirSync.SyncKey, AirSync.Add, AirSync.Add]
    assert root[1].tag is root[2].tag
    assert (root.tag.namespace, root.tag.name, root.tag.page, root.tag.token) == ("AirSync", "Sync", 0, 5)


def test_offset(root: Any) -> None:
    assert [element.offset for element in root.iter()] == [4, 8, 9, 18, 19]
    assert [MIXED[element.offset] & 0x3F for element in root.iter()] == [e.tag.token for e in root.iter()]


@pytest.mark.parametrize(
    ("body", "text", "data", "view", "pieces"),
    [
        ("05", None, None, None, []),
        ("45 01", None, None, None, []),
        ("45 03 00 01", "", None, None, [""]),
        ("45 03 61 00 01", "a", None, None, ["a"]),
        ("45 03 61 00 03 62 00 01", "ab", None, None, ["a", "b"]),
        ("45 C3 00 01", None, b"", b"", [b""]),
        ("45 C3 02 61 62 01", None, b"ab", b"ab", [b"ab"]),
        ("45 C3 01 61 C3 01 62 01", None, b"ab", None, [b"a", b"b"]),
        ("45 03 61 00 C3 01 62 01", "a", b"b", b"b", ["a", b"b"]),
        ("45 C3 01 62 03 61 00 01", "a", b"b", b"b", [b"b", "a"]),
        ("45 03 00 03 00 01", "", None, None, ["", ""]),
    ],
)
def test_content(
    kernel: ModuleType, body: str, text: str | None, data: bytes | None, view: bytes | None, pieces: list[str | bytes]
) -> None:
    root = kernel.decode(document(body)).root
    assert root.text == text
    assert root.data == data
    assert type(root.data) is type(data)
    assert root.view == view
    assert root.pieces == pieces
    assert all(type(piece) in (str, memoryview) for piece in root.pieces)
    assert root.attrib == {}
    assert len(root) == 0


def test_pieces_are_in_document_order(root: Any) -> None:
    assert root.pieces == ["a", root[0], root[1], b"bc", root[2]]
    assert (root.text, root.data, bytes(root.view)) == ("a", b"bc", b"bc")
    assert [child.text for child in root] == [None, "1", None]


def test_a_view_copies_nothing(kernel: ModuleType) -> None:
    doc = kernel.decode(document("45 C3 02 61 62 01"))
    assert doc.root.view.obj is doc.raw
    assert doc.root.view.readonly
    assert doc.root.pieces[0].obj is doc.raw


def test_a_view_keeps_the_bytes(kernel: ModuleType) -> None:
    view = kernel.decode(bytearray(document("45 C3 02 61 62 01"))).root.view
    gc.collect()
    assert bytes(view) == b"ab"


def test_an_element_keeps_its_document(kernel: ModuleType) -> None:
    element = kernel.decode(bytearray(MIXED)).root[2][0]
    gc.collect()
    assert element.text == "2"
    assert element.document.raw == MIXED


def test_is_a_sequence(root: Any) -> None:
    assert len(root) == 3
    assert [len(child) for child in root] == [0, 0, 1]
    assert [root[index] for index in range(3)] == list(root)
    assert root[-1] == root[2]
    assert root[-3] == root[0]
    for index in (3, -4, 1 << 40, -(1 << 40), 1 << 80):
        with pytest.raises(IndexError):
            root[index]
    for wrong in ("0", None, 1.0, slice(0, 1)):
        with pytest.raises(TypeError):
            root[wrong]


def test_iterators_are_independent(root: Any) -> None:
    first, second = iter(root), iter(root)
    assert next(first) == root[0]
    assert [next(second), next(second)] == [root[0], root[1]]
    assert list(first) == [root[1], root[2]]
    assert list(first) == []


def test_is_always_true(root: Any) -> None:
    assert all(bool(element) is True for element in root.iter())


def test_equality_is_by_document_and_place(kernel: ModuleType, root: Any) -> None:
    again = root.document.root
    assert again == root
    assert (again != root) is False
    assert hash(again) == hash(root)
    assert {root[1], again[1], root[2]} == {root[1], root[2]}
    assert root[1] != root[2]
    other = kernel.decode(MIXED).root
    assert other != root
    assert root != "AirSync:Sync"
    assert (root == 1) is False
    assert {other, root} == {root, other}
    assert len({other, root}) == 2


def test_elements_have_no_order(root: Any) -> None:
    with pytest.raises(TypeError):
        root < root[0]  # noqa: B015


def test_find(kernel: ModuleType) -> None:
    root = kernel.decode(CONTACT).root
    collection = root.find("AirSync:Collections/AirSync:Collection")
    assert collection == root[0][0]
    assert root.find(AirSync.Collections) == root[0]
    assert root.find(AirSync.Collection) is None  # not a child
    assert root.find("AirSync:Collections/AirSync:Add") is None
    assert root.find("AirSync:Collections/Page42:0x05") is None
    assert root.find(AirSync.Sync) is None  # itself is not below itself


def test_find_takes_any_branch(root: Any) -> None:
    # The first Add has no SyncKey, the second has.
    assert root.find("AirSync:Add/AirSync:SyncKey") == root[2][0]
    assert root.find("AirSync:Add") == root[1]


def test_findall(root: Any) -> None:
    assert root.findall(AirSync.Add) == [root[1], root[2]]
    assert root.findall("AirSync:Add/AirSync:SyncKey") == [root[2][0]]
    assert root.findall(AirSync.Delete) == []


def test_findtext(kernel: ModuleType, root: Any) -> None:
    assert root.findtext("AirSync:Add") == "1"
    assert root.findtext("AirSync:SyncKey") == ""  # there, but empty
    assert root.findtext("AirSync:Delete") is None
    assert root.findtext("AirSync:Delete", "0") == "0"
    assert root.findtext("AirSync:Delete", default=7) == 7
    assert root.findtext("AirSync:Add/AirSync:SyncKey", "0") == "2"
    assert root.findtext("AirSync:SyncKey", "0") == ""
    opaque = kernel.decode(document("45 4B C3 01 61 01 01")).root
    assert opaque.findtext("AirSync:SyncKey", "0") == ""


def test_iter(root: Any) -> None:
    assert [element.offset for element in root.iter()] == [4, 8, 9, 18, 19]
    assert list(root.iter(AirSync.SyncKey)) == [root[0], root[2][0]]
    assert list(root.iter("AirSync:Sync")) == [root]
    assert list(root[1].iter()) == [root[1]]
    assert list(root.iter(AirSync.Delete)) == []
    assert list(root.iter(tag=AirSync.Add)) == [root[1], root[2]]


@pytest.mark.parametrize("path", ["SyncKey", "*", ".", "", "AirSync:Add/", "//AirSync:Add", "AirSync:Nonsense"])
def test_names_must_be_exact(root: Any, path: str) -> None:
    for search in (root.find, root.findtext, root.findall, lambda tag: list(root.iter(tag))):
        with pytest.raises(ValueError, match="is not a tag of these code pages"):
            search(path)


def test_a_large_capture(kernel: ModuleType) -> None:
    root = kernel.decode(capture("Sync-page-m20k-100.response")).root
    adds = root.findall("AirSync:Collections/AirSync:Collection/AirSync:Commands/AirSync:Add")
    assert len(adds) == 100
    assert len({add.findtext(AirSync.ServerId) for add in adds}) == 100
    types = root.findall(
        "AirSync:Collections/AirSync:Collection/AirSync:Commands/AirSync:Add/AirSync:ApplicationData"
        "/AirSyncBase:Body/AirSyncBase:Type"
    )
    assert len(types) == len(list(root.iter(AirSyncBase.Type)))
    assert not list(root.iter(Contacts.FileAs))


def test_a_deep_path(kernel: ModuleType) -> None:
    root = kernel.decode(HEADER + b"\x45" * 255 + b"\x05" + b"\x01" * 255).root
    deepest = root.find("/".join(["AirSync:Sync"] * 255))
    assert deepest.offset == 4 + 255
    assert deepest.find("/".join(["AirSync:Sync"] * 10_000)) is None
    assert root.find("/".join(["AirSync:Sync"] * 256)) is None


def test_repr(root: Any) -> None:
    assert repr(root[0]) == "<Element AirSync:SyncKey at offset 8>"


def test_is_not_made_or_changed_or_pickled(kernel: ModuleType, root: Any) -> None:
    with pytest.raises(TypeError):
        kernel.Element()
    for name in ("tag", "text", "data", "offset", "attrib", "document", "other"):
        with pytest.raises(AttributeError):
            setattr(root, name, "x")
    with pytest.raises(TypeError):
        root[0] = root[1]
    with pytest.raises(TypeError):
        del root[0]
    with pytest.raises(TypeError, match="an Element cannot be pickled"):
        pickle.dumps(root)


def test_a_copy_is_the_element_itself(root: Any) -> None:
    assert copy.copy(root) == root
    assert copy.deepcopy(root) == root


def test_attrib_is_nobodys_to_change(root: Any) -> None:
    root.attrib["a"] = "b"
    assert root.attrib == {}
