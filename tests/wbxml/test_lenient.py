"""Lenient decoding: of any bytes, what can be read, and what is out of place."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wbxml
from wbxml import AirSync, DecodeError, EncodeError, Limits, Model, field
from wbxml.lenient import MAX_PROBLEMS

from .bad_inputs import TABLE, Bad
from .samples import CAPTURES, HEADER, bounded, document


def shown(element: Any) -> Any:
    return [
        str(element.tag),
        *[
            shown(one) if hasattr(one, "tag") else bytes(one) if isinstance(one, memoryview) else one
            for one in element.pieces
        ],
    ]


END = "the end of the document"


@pytest.mark.parametrize(
    ("data", "roots", "problems"),
    [
        # No document at all.
        (b"", [], [(0, "", "a version, 0x00 to 0x03", b"")]),
        (b"<html>", [], [(0, "", "a version, 0x00 to 0x03", b"<html>")]),
        (b"\x03\x01", [], [(2, "", "a character set, which is cut off", b"")]),
        (HEADER, [], [(4, "", "a root element", b"")]),
        # Cut off: what was complete is there.
        (
            document("45 4B 03 31 00"),
            [["AirSync:Sync", ["AirSync:SyncKey", "1"]]],
            [(9, "AirSync:SyncKey", "END of AirSync:SyncKey and of 1 more", b"")],
        ),
        (
            document("45 4B 03 31"),
            [["AirSync:Sync", ["AirSync:SyncKey"]]],
            [(6, "AirSync:SyncKey", "a string that ends with NUL", b"\x031")],
        ),
        (
            document("45 C3 05 61"),
            [["AirSync:Sync"]],
            [(5, "AirSync:Sync", "5 bytes of opaque data, 1 are left", b"\xc3\x05a")],
        ),
        # Too much.
        (document("45 01 01"), [["AirSync:Sync"]], [(6, "", END, b"\x01")]),
        (document("05 4B 03 31 00 01"), [["AirSync:Sync"], ["AirSync:SyncKey", "1"]], [(5, "", END, b"\x4b")]),
        (document("05 03 61 00"), [["AirSync:Sync"]], [(5, "", END, "a")]),
        (document("05 C3 02 0D 0A"), [["AirSync:Sync"]], [(5, "", END, b"\r\n")]),
        (document("05 00 07"), [["AirSync:Sync"]], [(5, "", END, b"\x00\x07")]),
        # Text that is none.
        (
            document("45 03 61 FF 62 00 01"),
            [["AirSync:Sync", "a\ufffdb"]],
            [(5, "AirSync:Sync", "text in UTF-8", b"a\xffb")],
        ),
        (
            b"\x03\x01\x11\x00\x45\x03\x81\x00\x01",
            [["AirSync:Sync", "\ufffd"]],
            [(5, "AirSync:Sync", "text in SHIFT_JIS", b"\x81")],
        ),
        # References that lead nowhere.
        (
            document("45 83 05 01"),
            [["AirSync:Sync", "\ufffd"]],
            [(5, "AirSync:Sync", "a place in the string table of 0 bytes, not 5", b"\x83\x05")],
        ),
        (
            document("45 04 05 01"),
            [["AirSync:Sync", ["\ufffd"]]],
            [(5, "AirSync:Sync", "a place in the string table of 0 bytes, not 5", b"\x04\x05")],
        ),
        (
            document("45 02 00 01"),
            [["AirSync:Sync", "\ufffd"]],
            [(5, "AirSync:Sync", "the number of a character, not 0", b"\x02\x00")],
        ),
        # An instruction before the root, whose value is none.
        (
            document("43 05 03 61 00 C3 01 62 01 05"),
            [["AirSync:Sync"]],
            [(5, "", "attributes that can be told", "an attribute's value is text and opaque data")],
        ),
        # Unknown tags and pages keep their numbers: no problem.
        (document("7F 00 2A 45 03 61 00 01 01 01"), [["AirSync:0x3F", ["Page42:0x05", "a"]]], [(13, "", END, b"\x01")]),
        # An unknown character set is read as UTF-8.
        (
            b"\x03\x01\x01\x00\x45\x03a\x00\x01",
            [["AirSync:Sync", "a"]],
            [(2, "", "a character set that is known here (UTF-8 is 106)", b"\x01")],
        ),
        # An integer of more than 32 bits: from there on nothing can be read.
        (
            document("45 4B 01 C3 FF FF FF FF FF 01"),
            [["AirSync:Sync", ["AirSync:SyncKey"]]],
            [(7, "AirSync:Sync", "the length of opaque data of at most 32 bits", b"\xc3\xff\xff\xff\xff\xff\x01")],
        ),
    ],
)
def test_what_is_read_and_what_is_wrong(kernel: ModuleType, data: bytes, roots: Any, problems: Any) -> None:
    doc = kernel.decode(data, lenient=True)
    assert doc.raw is data
    assert [shown(root) for root in doc.roots] == roots
    assert [(one.offset, one.tag, one.expected, one.value) for one in doc.problems] == problems
    with pytest.raises(DecodeError):
        kernel.decode(data)
    again = pickle.loads(pickle.dumps(doc))
    assert ([shown(root) for root in again.roots], again.problems) == (roots, doc.problems)


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_every_bad_input_has_a_result(kernel: ModuleType, row: Bad) -> None:
    with bounded(len(row.data)):  # lenient reading is the same Python with each kernel
        doc = kernel.decode(row.data, lenient=True)
    assert doc.raw is row.data
    offsets = [problem.offset for problem in doc.problems]
    assert offsets == sorted(offsets)
    # Strict reading stops within what the first problem is about.
    first = doc.problems[0]
    width = len(first.value) if isinstance(first.value, bytes) else 0
    assert first.offset <= row.offset <= first.offset + width


@pytest.mark.parametrize(
    ("body", "attributes", "expected"),
    [
        ("86 05 03 61 00 01", {"0x05": "a"}, None),
        ("86 05 85 01", {}, "attributes that can be told"),
        ("86 01", {}, "an attribute"),
        ("86 05 43 01", {}, "an attribute or END"),
        ("86 05 03 FF 00 01", {}, "text in UTF-8"),
        ("C6 05 05 01 01", {}, "attributes that can be told"),
        ("86 05 03", {}, "a string that ends with NUL"),
    ],
)
def test_attributes(kernel: ModuleType, body: str, attributes: Any, expected: str | None) -> None:
    doc = kernel.decode(document(f"45 {body}"), lenient=True)
    assert doc.root[0].attrib == attributes
    assert [one.expected for one in doc.problems][: 1 if expected else 0] == [expected][: 1 if expected else 0]


@pytest.mark.parametrize("name", CAPTURES)
def test_what_is_right_is_decoded_as_ever(kernel: ModuleType, name: str) -> None:
    data = CAPTURES[name].read_bytes()
    doc = kernel.decode(data, lenient=True)
    assert doc.problems == ()
    assert kernel.encode(doc) == data


def test_no_root(kernel: ModuleType) -> None:
    doc = kernel.decode(b"", lenient=True)
    assert doc.roots == ()
    assert repr(doc) == "<Document without a root, 0 bytes>"
    with pytest.raises(wbxml.TruncatedError, match="the document ends too early at offset 0"):
        doc.root  # noqa: B018
    with pytest.raises(EncodeError, match="a document needs a root element"):
        kernel.encode(doc)
    with pytest.raises(wbxml.TruncatedError):
        wbxml.decode(b"", lenient=True, type=SyncKey)


def test_two_roots(kernel: ModuleType) -> None:
    doc = kernel.decode(document("05 0B 05"), lenient=True)
    assert [root.tag for root in doc.roots] == ["AirSync:Sync", "AirSync:SyncKey", "AirSync:Sync"]
    assert doc.root == doc.roots[0]
    with pytest.raises(EncodeError, match="a document has one root element, not 3"):
        kernel.encode(doc)
    assert kernel.encode(doc.roots[1]) == document("0B")


class SyncKey(Model, tag=AirSync.Sync):
    key: str | None = field(AirSync.SyncKey)


def test_a_model_of_what_can_be_read() -> None:
    assert wbxml.decode(document("45 4B 03 31 00 01 4E"), type=SyncKey, lenient=True).key == "1"


def test_limits_end_the_reading(kernel: ModuleType) -> None:
    deep = kernel.decode(HEADER + b"\x45" * 300, lenient=True)
    assert deep.problems[-1].expected == "no more than max_depth = 256 levels"
    assert len(list(deep.root.iter())) == 256
    many = kernel.decode(HEADER + b"\x45" + b"\x05" * 100, lenient=True, limits=Limits(max_elements=10))
    assert many.problems[-1].expected == "no more than max_elements = 10"
    assert len(many.root) == 9
    large = kernel.decode(document("05"), lenient=True, limits=Limits(max_size=3))
    assert large.problems[-1].expected == "no more than max_size = 3 bytes"


def test_problems_have_an_end(kernel: ModuleType) -> None:
    data = HEADER + b"\x05" + b"\x01" * 1_000_000
    with bounded(len(data)):
        doc = kernel.decode(data, lenient=True)
    assert len(doc.problems) == MAX_PROBLEMS
    assert doc.problems[-1].expected == f"no more than {MAX_PROBLEMS} problems"


@settings(deadline=None)
@given(data=st.one_of(st.binary(), st.binary().map(lambda body: HEADER + b"\x45" + body)))
def test_any_bytes(data: bytes) -> None:
    from wbxml import _kernel_py

    found = []
    for kernel in (wbxml.kernel.kernel, _kernel_py):  # type: ignore[attr-defined]
        doc = kernel.decode(data, lenient=True)
        found.append(([shown(root) for root in doc.roots], doc.problems))
        assert pickle.loads(pickle.dumps(doc)).problems == doc.problems
    assert found[0] == found[1]
