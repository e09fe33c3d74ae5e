"""Models: each kind of field in both directions, what does not fit, versions, and what a class may not say."""

from __future__ import annotations

import copy
import dataclasses
import enum
import gc
import inspect
import pickle
import sys
import threading
import time
import weakref
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar

import pytest

import wbxml
from wbxml import (
    AirSync,
    AirSyncBase,
    Calendar,
    ComposeMail,
    Contacts,
    DecodeError,
    Email,
    Email2,
    EncodeError,
    FolderHierarchy,
    LimitError,
    Model,
    Problem,
    Search,
    Settings,
    Tasks,
    field,
)

from .samples import MICROSOFT, SOGO, bounded, capture, document


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2


class Kind(enum.StrEnum):
    MAIL = "Email"
    CONTACT = "Contacts"
    EVENT = "Calendar"
    TASK = "Tasks"


class Folder(Model, tag=FolderHierarchy.Add):
    """A folder."""

    server_id: str | None = field(FolderHierarchy.ServerId)
    parent_id: str | None = field(FolderHierarchy.ParentId)
    display_name: str | None = field(FolderHierarchy.DisplayName)
    type: int | None = field(FolderHierarchy.Type)


class Changes(Model):
    """What a FolderSync brings; it has no tag of its own."""

    count: int | None = field(FolderHierarchy.Count)
    adds: list[Folder] = field()


class FolderSync(Model, tag=FolderHierarchy.FolderSync):
    """A FolderSync answer."""

    status: int | None = field(FolderHierarchy.Status)
    sync_key: str | None = field(FolderHierarchy.SyncKey)
    changes: Changes | None = field(FolderHierarchy.Changes)


class Body(Model, tag=AirSyncBase.Body):
    type: int | None = field(AirSyncBase.Type)
    size: int | None = field(AirSyncBase.EstimatedDataSize)
    truncated: bool | None = field(AirSyncBase.Truncated)


class Contact(Model):
    body: Body | None = field()
    file_as: str | None = field(Contacts.FileAs)
    first_name: str | None = field(Contacts.FirstName)
    last_name: str | None = field(Contacts.LastName)
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)


class Task(Model):
    subject: str | None = field(Tasks.Subject)
    body: Body | None = field()


class Add(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    item: Contact | Task | None = field(AirSync.ApplicationData)


class Delete(Model, tag=AirSync.Delete):
    server_id: str | None = field(AirSync.ServerId)


class Collection(Model, tag=AirSync.Collection):
    cls: Kind | None = field(AirSync.Class)
    sync_key: str | None = field(AirSync.SyncKey)
    collection_id: str | None = field(AirSync.CollectionId)
    status: int | None = field(AirSync.Status)
    more: bool = field(AirSync.MoreAvailable, flag=True)
    commands: list[Add | Delete] = field(within=AirSync.Commands)


class Sync(Model, tag=AirSync.Sync):
    collections: list[Collection] = field(within=AirSync.Collections)


class Values(Model, tag=AirSync.Sync):
    """One field of each kind."""

    text: str | None = field(AirSync.SyncKey)
    number: int | None = field(AirSync.WindowSize)
    truth: bool | None = field(AirSync.GetChanges)
    flag: bool = field(AirSync.MoreAvailable, flag=True)
    opaque: bytes | None = field(ComposeMail.Mime)
    coded: bytes | None = field(Contacts.Picture)
    dashed: datetime | None = field(Email.DateReceived)
    compact: datetime | None = field(Calendar.StartTime, compact=True)
    colour: Colour | None = field(AirSync.FilterType)
    kind: Kind | None = field(AirSync.Class)
    child: Body | None = field()
    texts: list[str] = field(Contacts.Child)
    numbers: list[int] = field(AirSync.Status, within=AirSync.Options)
    wrapped: list[str] | None = field(AirSync.ServerId, within=AirSync.Supported)


# In bytes, by hand: [MS-ASDTYPE] for the forms of values, WBXML 1.3 section 5 for the rest.
GOLDEN: list[tuple[dict[str, Any], str]] = [
    ({}, "05"),
    ({"text": "ü"}, "45 4B 03 C3 BC 00 01 01"),
    ({"text": ""}, "45 0B 01"),
    ({"number": 0}, "45 55 03 30 00 01 01"),
    ({"number": -12}, "45 55 03 2D 31 32 00 01 01"),
    ({"truth": True}, "45 53 03 31 00 01 01"),
    ({"truth": False}, "45 53 03 30 00 01 01"),
    ({"flag": True}, "45 14 01"),
    ({"opaque": b"ab"}, "45 00 15 50 C3 02 61 62 01 01"),
    ({"opaque": b""}, "45 00 15 50 C3 00 01 01"),
    ({"coded": b"ab"}, "45 00 01 7C 03 59 57 49 3D 00 01 01"),
    (
        {"dashed": datetime(2004, 12, 25, 8, 35, tzinfo=UTC)},
        "45 00 02 4F 03" + b"2004-12-25T08:35:00.000Z".hex() + "00 01 01",
    ),
    (
        {"compact": datetime(2004, 12, 25, 8, 35, tzinfo=UTC)},
        "45 00 04 67 03" + b"20041225T083500Z".hex() + "00 01 01",
    ),
    ({"colour": Colour.BLUE}, "45 58 03 32 00 01 01"),
    ({"kind": Kind.MAIL}, "45 50 03" + b"Email".hex() + "00 01 01"),
    ({"child": Body()}, "45 00 11 0A 01"),
    ({"child": Body(type=1)}, "45 00 11 4A 46 03 31 00 01 01 01"),
    ({"texts": ["a", ""]}, "45 00 01 58 03 61 00 01 18 01"),
    ({"numbers": [1, 2]}, "45 57 4E 03 31 00 01 4E 03 32 00 01 01 01"),
    ({"wrapped": ["a"]}, "45 60 4D 03 61 00 01 01 01"),
    ({"wrapped": []}, "45 20 01"),
]


@pytest.mark.parametrize(("values", "body"), GOLDEN)
def test_both_ways(values: dict[str, Any], body: str) -> None:
    model = Values(**values)
    data = document(body)
    assert wbxml.encode(model) == data
    again = wbxml.decode(data, type=Values)
    assert again == model
    assert type(again) is Values
    assert again.unknown == again.problems == ()
    assert wbxml.decode(wbxml.decode(data), type=Values) == model


def test_fields_are_written_in_their_order() -> None:
    model = Values(wrapped=[], truth=True, text="1", child=Body(truncated=True, type=2))
    expected = "45 4B 03 31 00 01 53 03 31 00 01 00 11 4A 46 03 32 00 01 4D 03 31 00 01 01 00 00 20 01"
    assert wbxml.encode(model) == document(expected)


def test_fields_are_read_in_any_order() -> None:
    data = document("45 53 03 31 00 01 4B 03 31 00 01 01")
    assert wbxml.decode(data, type=Values) == Values(text="1", truth=True)


@pytest.mark.spec("MS-ASWBXML_R655")
def test_the_example_of_the_specification() -> None:
    data = (MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes()
    sync = Sync(
        collections=[
            Collection(
                cls=Kind.CONTACT,
                sync_key="2",
                collection_id="2",
                status=1,
                commands=[
                    Add(
                        server_id="2:1",
                        item=Contact(
                            body=Body(type=1, size=0, truncated=True),
                            file_as="Funk, Don",
                            first_name="Don",
                            last_name="Funk",
                            native_body_type=1,
                        ),
                    )
                ],
            )
        ]
    )
    assert wbxml.decode(data, type=Sync) == sync
    assert wbxml.encode(sync) == data


def test_a_captured_answer() -> None:
    answer = wbxml.decode(capture("FolderSync-initial.response"), type=FolderSync)
    root = wbxml.decode(capture("FolderSync-initial.response")).root
    assert (answer.status, answer.sync_key) == (1, root.findtext(FolderHierarchy.SyncKey))
    assert answer.changes is not None
    assert answer.changes.count == len(answer.changes.adds) > 3
    assert [folder.display_name for folder in answer.changes.adds] == [
        element.text for element in root.iter(FolderHierarchy.DisplayName)
    ]
    assert wbxml.encode(answer) == capture("FolderSync-initial.response")


@pytest.mark.parametrize("path", sorted(SOGO.glob("Sync-*.response.wbxml")), ids=lambda path: path.stem)
def test_what_a_model_does_not_describe_is_kept(path: Any) -> None:
    data = path.read_bytes()
    if not data:
        pytest.skip("an empty answer")
    root = wbxml.decode(data).root
    sync = wbxml.decode(data, type=Sync)

    def tags(one: Any) -> list[str]:
        return sorted(element.tag for element in one.iter())

    # Elements may move among their siblings, but none is lost, and nothing in it.
    again = wbxml.decode(wbxml.encode(sync)).root
    assert tags(again) == tags(root)
    assert sorted(element.text or "" for element in again.iter()) == sorted(e.text or "" for e in root.iter())


# What servers send beside the one form that we write.
@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("4B C3 02 C3 BC 01", {"text": "ü"}),  # UTF-8 in an opaque
        ("4B C3 00 01", {"text": ""}),
        ("4B 03 61 00 03 62 00 01", {"text": "ab"}),  # split strings
        ("4B 03 00 01", {"text": ""}),
        ("55 03 20 30 31 32 0A 00 01", {"number": 12}),
        ("55 03 2B 37 00 01", {"number": 7}),
        ("55 C3 02 31 32 01", {"number": 12}),
        ("13", {"truth": True}),  # an empty element is true: [MS-ASDTYPE] section 2.1, R6
        ("53 01", {"truth": True}),
        ("53 03 74 72 75 65 00 01", {"truth": True}),
        ("53 03 66 61 6C 73 65 00 01", {"truth": False}),
        ("53 03 20 30 20 00 01", {"truth": False}),
        ("54 03 30 00 01", {"flag": True}),  # a flag is there or not, whatever it holds
        ("54 4B 03 30 00 01 01", {"flag": True}),
        ("00 15 50 03 59 57 49 3D 00 01", {"opaque": b"ab"}),  # base64 where a byte array belongs
        ("00 15 50 03 59 57 0D 0A 49 3D 00 01", {"opaque": b"ab"}),
        ("00 15 50 C3 01 61 C3 01 62 01", {"opaque": b"ab"}),
        ("00 15 10", {"opaque": b""}),
        ("00 01 7C C3 02 FF FE 01", {"coded": b"\xff\xfe"}),
        ("00 11 0A", {"child": Body()}),
    ],
)
def test_other_forms_are_read(body: str, values: dict[str, Any]) -> None:
    model = wbxml.decode(document(f"45 {body} 01"), type=Values)
    assert model == Values(**values)
    assert model.problems == ()


NOON = datetime(2004, 12, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2004-12-25T12:00:00.000Z", NOON),
        ("20041225T120000Z", NOON),
        ("2004-12-25T12:00:00Z", NOON),
        ("2004-12-25T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2004-12-25T12:00:00.123456789Z", NOON.replace(microsecond=123_456)),
        ("20041225T120000.000Z", NOON),
        ("2004-12-25T12:00:00.000", NOON),  # a Z that was forgotten: there is no other zone
        ("20041225", NOON.replace(hour=0)),  # 16.x, of all-day events
        ("2004-12-25", NOON.replace(hour=0)),
        (" 2004-12-25T12:00:00.000Z\r\n", NOON),
        ("0001-01-01T00:00:00.000Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999Z", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("2004-02-29T00:00:00.000Z", datetime(2004, 2, 29, tzinfo=UTC)),
        ("2005-02-29T00:00:00.000Z", None),
        ("2004-13-25T12:00:00.000Z", None),
        ("2004-12-25T24:00:00.000Z", None),
        ("2004-12-25T12:00:60.000Z", None),
        ("0000-12-25T12:00:00.000Z", None),
        ("2004-1225T12:00:00Z", None),
        ("2004-12-25T12:0000Z", None),
        ("2004-12-25 12:00:00Z", None),
        ("2004-12-25T12:00Z", None),
        ("2004-12-25T12:00:00+01:00", None),
        ("2004-12-25T12:00:00.Z", None),
        ("２004-12-25T12:00:00Z", None),
        ("12345678901234567890", None),
        ("tomorrow", None),
        ("", None),
    ],
)
def test_dates(text: str, value: datetime | None) -> None:
    for page, token in ((2, 0x4F), (4, 0x67)):
        data = document(f"45 00 {page:02X} {token:02X} 03 {text.encode().hex()} 00 01 01")
        model = wbxml.decode(data, type=Values)
        found = model.dashed if page == 2 else model.compact
        assert found == value
        if value is not None:
            assert found is not None
            assert found.tzinfo is UTC
        else:
            assert [problem.expected for problem in model.problems] == ["a date and time"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NOON, "2004-12-25T12:00:00.000Z"),
        (NOON.astimezone(timezone(timedelta(hours=-5))), "2004-12-25T12:00:00.000Z"),
        (NOON.replace(microsecond=999_999), "2004-12-25T12:00:00.999Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_dates_are_written_in_utc(value: datetime, text: str) -> None:
    assert text.encode() in wbxml.encode(Values(dashed=value))


@pytest.mark.parametrize(
    ("body", "offset", "tag", "expected", "value"),
    [
        ("55 03 78 00 01", 5, "AirSync:WindowSize", "an integer", "x"),
        ("15", 5, "AirSync:WindowSize", "an integer", ""),
        ("55 03 31 2E 30 00 01", 5, "AirSync:WindowSize", "an integer", "1.0"),
        ("55 03 31 5F 30 00 01", 5, "AirSync:WindowSize", "an integer", "1_0"),
        ("55 03 30 78 31 00 01", 5, "AirSync:WindowSize", "an integer", "0x1"),
        ("55 03 D9 A1 00 01", 5, "AirSync:WindowSize", "an integer", "\u0661"),
        ("55 03" + "39" * 19 + "00 01", 5, "AirSync:WindowSize", "an integer", "9" * 19),
        ("55 C3 01 FF 01", 5, "AirSync:WindowSize", "an integer", b"\xff"),
        ("55 0B 01", 5, "AirSync:WindowSize", "an integer", None),
        ("53 03 79 65 73 00 01", 5, "AirSync:GetChanges", "a boolean", "yes"),
        ("53 03 32 00 01", 5, "AirSync:GetChanges", "a boolean", "2"),
        ("4B C3 01 FF 01", 5, "AirSync:SyncKey", "text", b"\xff"),
        ("4B 0B 01", 5, "AirSync:SyncKey", "text", None),
        ("4B 03 61 00 C3 01 62 01", 5, "AirSync:SyncKey", "text", b"b"),
        ("00 15 50 03 3F 00 01", 7, "ComposeMail:Mime", "opaque data or base64", "?"),
        ("00 15 50 03 59 57 49 00 01", 7, "ComposeMail:Mime", "opaque data or base64", "YWI"),
        ("58 03 33 00 01", 5, "AirSync:FilterType", "one of the known numbers", "3"),
        ("58 03 78 00 01", 5, "AirSync:FilterType", "one of the known numbers", "x"),
        ("50 03 53 4D 53 00 01", 5, "AirSync:Class", "one of the known words", "SMS"),
        ("00 11 4A 03 61 00 01", 7, "AirSyncBase:Body", "elements", "a"),
        ("00 11 4A C3 01 FF 01", 7, "AirSyncBase:Body", "elements", b"\xff"),
        ("57 03 61 00 01", 5, "AirSync:Options", "elements", "a"),
        ("57 4E 03 61 00 01 01", 6, "AirSync:Status", "an integer", "a"),
        ("03 61 00", 4, "AirSync:Sync", "elements", "a"),
    ],
)
def test_what_does_not_fit_is_told(body: str, offset: int, tag: str, expected: str, value: str | bytes | None) -> None:
    model = wbxml.decode(document(f"45 {body} 01"), type=Values)
    problems = model.problems + (model.child.problems if model.child else ())
    assert [(problem.offset, problem.tag, problem.value) for problem in problems] == [(offset, tag, value)]
    assert type(problems[0].value) is type(value)
    assert problems[0].expected == expected
    for name in ("text", "number", "truth", "opaque", "coded", "dashed", "compact", "colour", "kind"):
        assert getattr(model, name) is None
    # What is only elements in the wrong place comes back when it is encoded.
    assert [element.tag for element in model.unknown] == ([tag] if value is None else [])


def test_white_space_between_elements_is_no_problem() -> None:
    model = wbxml.decode(document("45 03 0A 20 00 4B 03 31 00 01 03 0A 00 01"), type=Values)
    assert model == Values(text="1")
    assert model.problems == ()


def test_of_duplicates_the_first_counts() -> None:
    data = document("45 4B 03 31 00 01 4B 03 32 00 01 57 4E 03 31 00 01 01 57 4E 03 32 00 01 01 01")
    model = wbxml.decode(data, type=Values)
    assert (model.text, model.numbers) == ("1", [1])
    assert [(element.tag, element.offset) for element in model.unknown] == [
        ("AirSync:SyncKey", 10),
        ("AirSync:Options", 22),
    ]
    # Written again: behind the fields, in their order.
    assert wbxml.encode(model) == document(
        "45 4B 03 31 00 01 57 4E 03 31 00 01 01 4B 03 32 00 01 57 4E 03 32 00 01 01 01"
    )


def test_unknown_elements_within_a_wrapper_go_back_into_it() -> None:
    data = document("45 57 4E 03 31 00 01 58 03 35 00 01 01 01")
    model = wbxml.decode(data, type=Values)
    assert model.numbers == [1]
    assert [element.tag for element in model.unknown] == ["AirSync:FilterType"]
    assert wbxml.encode(model) == data


def test_unknown_tags_survive() -> None:
    data = document("45 00 2A 45 C3 01 FF 01 00 00 7F 03 61 00 01 01")
    model = wbxml.decode(data, type=Values)
    assert [element.tag for element in model.unknown] == ["Page42:0x05", "AirSync:0x3F"]
    assert wbxml.encode(model) == data


def test_unknown_elements_do_not_make_models_differ_only_if_equal() -> None:
    data = document("45 7F 03 61 00 01 01")
    one, other = wbxml.decode(data, type=Values), wbxml.decode(data, type=Values)
    assert one != Values()
    assert other.unknown[0] != one.unknown[0]  # elements of two documents


def test_a_choice_is_made_by_content() -> None:
    def item(body: str) -> Any:
        add = wbxml.decode(document(f"45 5C 4F 56 47 {body} 01 01 01 01 01"), type=Sync).collections[0].commands[0]
        assert isinstance(add, Add)
        return add.item

    assert item("5D 00 09 60 03 61 00 01 01") == Task(subject="a")
    assert item("5D 00 01 5E 03 61 00 01 01") == Contact(file_as="a")
    # The body's page belongs to both: it does not decide.
    assert item("5D 00 11 4A 46 03 31 00 01 01 00 09 60 03 61 00 01 01") == Task(subject="a", body=Body(type=1))
    assert item("5D 00 11 4A 46 03 31 00 01 01 01") == Contact(body=Body(type=1))
    assert item("1D") == Contact()
    assert item("4D 03 61 00 01") is None


def test_lists_keep_the_order_on_the_wire() -> None:
    data = document("45 5C 4F 56 49 4D 03 61 00 01 01 47 4D 03 62 00 01 01 49 4D 03 63 00 01 01 01 01 01 01")
    sync = wbxml.decode(data, type=Sync)
    commands = sync.collections[0].commands
    assert commands == [Delete(server_id="a"), Add(server_id="b"), Delete(server_id="c")]
    assert wbxml.encode(sync) == data


def test_the_root_must_be_the_models() -> None:
    data = document("00 07 16")
    with pytest.raises(DecodeError) as caught:
        wbxml.decode(data, type=Sync)
    assert caught.value.args == ("expected AirSync:Sync, found FolderHierarchy:FolderSync", 6)
    element = wbxml.decode(document("45 0B 01")).root[0]
    with pytest.raises(DecodeError, match="expected AirSync:Sync, found AirSync:SyncKey at offset 5"):
        wbxml.decode(element, type=Sync)


def test_a_model_from_an_element() -> None:
    doc = wbxml.decode(document("45 5C 4F 4B 03 31 00 01 01 01 01"))
    assert wbxml.decode(doc.root[0][0], type=Collection) == Collection(sync_key="1")
    assert wbxml.decode(doc, type=Sync).collections == [Collection(sync_key="1")]


def test_a_model_without_a_tag_takes_any_root() -> None:
    assert wbxml.decode(document("45 00 01 5E 03 61 00 01 01"), type=Contact) == Contact(file_as="a")
    with pytest.raises(EncodeError, match="Contact has no tag of its own: encode what it is part of"):
        wbxml.encode(Contact())


def test_structural_errors_are_raised() -> None:
    with pytest.raises(wbxml.TruncatedError):
        wbxml.decode(document("45 4B 03 31 00"), type=Values)
    with pytest.raises(LimitError):
        wbxml.decode(document("45 4B 03 31 00 01 01"), type=Values, limits=wbxml.Limits(max_depth=1))
    with pytest.raises(TypeError, match="type must be a Model class"):
        wbxml.decode(document("05"), type=int)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"text": 1}, "Values.text: expected a str, not int"),
        ({"text": b"a"}, "Values.text: expected a str, not bytes"),
        ({"text": "a\0"}, "AirSync:SyncKey: a NUL at character 1 cannot be written"),
        ({"text": "\udfff"}, "AirSync:SyncKey: a lone surrogate at character 0 cannot be written"),
        ({"number": "1"}, "Values.number: expected an int, not str"),
        ({"number": 1.0}, "Values.number: expected an int, not float"),
        ({"truth": 1}, "Values.truth: expected a bool, not int"),
        ({"opaque": "a"}, "Values.opaque: expected bytes, not str"),
        ({"coded": "YQ=="}, "Values.coded: expected bytes, not str"),
        ({"dashed": "2004-12-25"}, "Values.dashed: expected a datetime with a time zone, not str"),
        (
            {"dashed": datetime(2004, 12, 25)},  # noqa: DTZ001
            "Values.dashed: expected a datetime with a time zone, not a datetime without one",
        ),
        ({"colour": "1"}, "Values.colour: expected an int, not str"),
        ({"kind": 1}, "Values.kind: expected a str, not int"),
        ({"child": Delete()}, "Values.child: expected Body, not Delete"),
        ({"child": "x"}, "Values.child: expected Body, not str"),
        ({"texts": "ab"}, "Values.texts: expected a list, not str"),
        ({"texts": [1]}, "Values.texts: expected a str, not int"),
        ({"numbers": [None]}, "Values.numbers: expected an int, not NoneType"),
        ({"numbers": 3}, "Values.numbers: expected a list, not int"),
    ],
)
def test_values_that_cannot_be_written(values: dict[str, Any], message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        wbxml.encode(Values(**values))
    assert str(caught.value) == message


def test_a_date_that_is_none_in_utc() -> None:
    with pytest.raises(EncodeError, match="cannot be written in UTC"):
        wbxml.encode(Values(dashed=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))))


def test_a_list_of_other_models() -> None:
    with pytest.raises(EncodeError, match=r"Collection\.commands: expected Add or Delete, not Collection"):
        wbxml.encode(Sync(collections=[Collection(commands=[Collection()])]))  # type: ignore[list-item]


def test_members_that_an_enum_does_not_have_can_be_written() -> None:
    # What a newer server accepts is not for us to refuse.
    assert wbxml.encode(Values(colour=3, kind="SMS")) == document("45 58 03 33 00 01 50 03 53 4D 53 00 01 01")  # type: ignore[arg-type]


class Versioned(Model, tag=Settings.Settings):
    always: str | None = field(Settings.Status)
    from_14_0: str | None = field(Settings.UserAgent, since="14.0")
    to_12_1: str | None = field(Settings.FriendlyName, until="12.1")
    by_tag: bytes | None = field(Email2.ConversationId)


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("always", "1", "12.0 12.1 14.0 14.1 16.0 16.1"),
        ("from_14_0", "x", "14.0 14.1 16.0 16.1"),
        ("to_12_1", "x", "12.0 12.1"),
        ("by_tag", b"x", "14.0 14.1 16.0 16.1"),
    ],
)
def test_versions(name: str, value: Any, valid: str) -> None:
    model = Versioned(**{name: value})
    for version in ("12.0", "12.1", "14.0", "14.1", "16.0", "16.1"):
        if version in valid.split():
            assert wbxml.encode(model, version=version) == wbxml.encode(model)
        else:
            with pytest.raises(EncodeError, match=rf"Versioned\.{name}: \S+ is not in version {version}"):
                wbxml.encode(model, version=version)


def test_a_field_without_a_value_is_in_no_version() -> None:
    assert wbxml.encode(Versioned(), version="2.5") == document("00 12 05")


def test_a_version_must_exist() -> None:
    with pytest.raises(EncodeError, match=r"'15\.0' is not a protocol version: 2\.5, 12\.0"):
        wbxml.encode(Versioned(), version="15.0")
    for bounds in ({"since": "15.0"}, {"until": "17"}):
        with pytest.raises(ValueError, match="is not a protocol version"):
            field(Settings.Status, **bounds)  # type: ignore[arg-type]


class Query(Model, tag=Search.And):
    text: str | None = field(Search.FreeText)
    query: Query | None = field()
    others: list[Query] = field(within=Search.Or)


def test_a_model_may_hold_itself() -> None:
    model = Query(text="a", query=Query(query=Query(text="b")), others=[Query(text="c"), Query(others=[Query()])])
    assert wbxml.decode(wbxml.encode(model), type=Query) == model


def test_circles_are_collected() -> None:
    # The compiled kernel keeps instances from the garbage collector, but not those that can be in a circle.
    class Held(str):
        pass

    model = wbxml.decode(wbxml.encode(Query(text="a", query=Query(text="b"))), type=Query)
    assert model.query is not None
    model.query.query = model
    held = Held("c")
    seen = weakref.ref(held)
    model.text = held
    del held
    gc.collect()
    assert seen() is not None
    del model
    gc.collect()
    assert seen() is None


def test_models_are_nested_so_deep_only() -> None:
    model = Query()
    for _ in range(99):
        model = Query(query=model)
    data = wbxml.encode(model)
    assert wbxml.decode(data, type=Query) == model
    with pytest.raises(EncodeError, match="Query is nested deeper than 100"):
        wbxml.encode(Query(query=model))
    deeper = data[:6] + data[6:7] * 101 + b"\x01" * 101
    with pytest.raises(LimitError, match="Query is nested deeper than 100"):
        wbxml.decode(deeper, type=Query)
    cycle = Query()
    cycle.query = cycle
    with bounded(0), pytest.raises(EncodeError, match="nested deeper"):
        wbxml.encode(cycle)


def test_a_model_is_a_dataclass() -> None:
    model = Delete(server_id="a")
    assert [one.name for one in dataclasses.fields(model)] == ["unknown", "problems", "server_id"]
    assert dataclasses.replace(model, server_id="b") == Delete(server_id="b")
    assert dataclasses.asdict(model) == {"unknown": (), "problems": (), "server_id": "a"}
    assert repr(model) == "Delete(server_id='a')"
    assert repr(Values(text="a", texts=[], flag=False, number=0)) == "Values(text='a', number=0)"
    assert model != Delete(server_id="b")
    assert Add(server_id="a").__eq__(model) is NotImplemented
    assert not hasattr(model, "__dict__")
    with pytest.raises(AttributeError):
        model.other = 1  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Delete("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Delete(other="a")  # type: ignore[call-arg]


def test_defaults() -> None:
    model = Values()
    assert model.text is None
    assert model.flag is False
    assert (model.texts, model.numbers) == ([], [])
    assert model.texts is not Values().texts
    assert model.wrapped is None
    assert model.unknown == model.problems == ()
    decoded = wbxml.decode(document("05"), type=Values)
    assert decoded == model
    assert decoded.texts is not wbxml.decode(document("05"), type=Values).texts


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(again: Any) -> None:
    data = document("45 4B 03 31 00 01 55 03 78 00 01 7F 03 61 00 01 01")
    model = wbxml.decode(data, type=Values)
    other = again(model)
    assert type(other) is Values
    assert (other.text, other.number, other.problems) == ("1", None, model.problems)
    assert [(element.tag, element.text) for element in other.unknown] == [("AirSync:0x3F", "a")]
    assert wbxml.encode(other) == wbxml.encode(model)


def test_inheritance() -> None:
    class Base(Model, tag=AirSync.Add):
        server_id: str | None = field(AirSync.ServerId)

    class Derived(Base):
        status: int | None = field(AirSync.Status)
        shared: ClassVar[int] = 3

        @property
        def good(self) -> bool:
            return self.status == 1

    model = Derived(server_id="a", status=1)
    assert model.good
    assert wbxml.encode(model) == document("47 4D 03 61 00 01 4E 03 31 00 01 01")
    assert wbxml.decode(wbxml.encode(model), type=Derived) == model
    assert wbxml.decode(wbxml.encode(model), type=Base).server_id == "a"

    class Elsewhere(Base, tag=AirSync.Change):
        pass

    assert wbxml.encode(Elsewhere()) == document("08")


def test_plans_are_compiled_once_for_all_threads() -> None:
    class Fresh(Model, tag=AirSync.Sync):
        text: str | None = field(AirSync.SyncKey)

    data = document("45 4B 03 31 00 01 01")
    barrier = threading.Barrier(8)
    found: list[Any] = []

    def work() -> None:
        barrier.wait()
        found.append(wbxml.decode(data, type=Fresh))

    threads = [threading.Thread(target=work) for _ in range(8)]
    with wbxml.model._COMPILING:  # all of them come to it before the first has compiled it
        for thread in threads:
            thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert found == [Fresh(text="1")] * 8


def test_what_a_class_may_not_say() -> None:
    with pytest.raises(TypeError, match="tag must be a Tag"):

        class Tagged(Model, tag="AirSync:Sync"):
            pass

    with pytest.raises(TypeError, match="a field's tag must be a Tag"):
        field("AirSync:Sync")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Plain\.x: every attribute of a Model is made by field\(\)"):

        class Plain(Model):
            x: int = 3

    with pytest.raises(TypeError, match=r"Bare\.x: a field needs an annotation"):

        class Bare(Model):
            x = field(AirSync.Sync)


# Told when the class is first used, since annotations may name what comes later.


class NoTag(Model):
    x: str | None = field()


class NoType(Model):
    x: complex | None = field(AirSync.Sync)


class NoSuchName(Model):
    x: Nowhere | None = field(AirSync.Sync)  # type: ignore[name-defined]  # noqa: F821


class Mixed(Model):
    x: Delete | str | None = field(AirSync.Sync)


class TaglessInList(Model):
    x: list[Contact] = field()


class TaggedList(Model):
    x: list[Delete] = field(AirSync.Add)


class WithinSingle(Model):
    x: str | None = field(AirSync.Add, within=AirSync.Commands)


class TaglessChoice(Model):
    x: Add | Delete | None = field()


class TwoStrings(Model):
    x: str | int | None = field(AirSync.Add)


class FlagOfText(Model):
    x: str | None = field(AirSync.Add, flag=True)


class Twice(Model):
    x: str | None = field(AirSync.Add)
    y: str | None = field(AirSync.Add)


class TwiceInList(Model):
    x: list[Add | Delete] = field()
    y: str | None = field(AirSync.Delete)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (NoTag, r"NoTag\.x: field\(\) needs a tag"),
        (NoType, r"NoType\.x: a field's type is one of str, int, bool, bytes, datetime, an IntEnum"),
        (NoSuchName, "NoSuchName: an annotation names 'Nowhere', which its module does not have"),
        (Mixed, r"Mixed\.x: Models and other types cannot be mixed"),
        (TaglessInList, r"TaglessInList\.x: Contact has no tag"),
        (TaggedList, r"TaggedList\.x: each Model in a list brings its own tag"),
        (WithinSingle, r"WithinSingle\.x: within= is for lists"),
        (TaglessChoice, r"TaglessChoice\.x: a choice of Models needs the tag"),
        (TwoStrings, r"TwoStrings\.x: a field's type is one of"),
        (FlagOfText, r"FlagOfText\.x: a field's type is one of"),
        (Twice, r"Twice\.y: another field has the tag AirSync:Add"),
        (TwiceInList, r"TwiceInList\.y: another field has the tag AirSync:Delete"),
    ],
)
def test_what_a_class_may_not_be(cls: Any, message: str) -> None:
    for _ in range(2):
        with pytest.raises((TypeError, ValueError), match=message):
            wbxml.decode(document("05"), type=cls)


def test_problems_have_the_offset_of_the_element() -> None:
    data = document("45 5C 4F 56 47 5D 00 11 4A 46 03 78 00 01 01 01 01 01 01 01 01")
    (collection,) = wbxml.decode(data, type=Sync).collections
    (add,) = collection.commands
    assert isinstance(add, Add)
    assert add.item is not None
    assert add.item.body is not None
    assert add.item.body.problems == (Problem(13, "AirSyncBase:Type", "an integer", "x"),)


def test_a_model_of_other_code_pages() -> None:
    pages = wbxml.CodePages(AirSync)
    data = document("45 4B 03 31 00 01 00 15 50 C3 01 61 01 01")
    assert wbxml.decode(data, type=Values, pages=pages) == Values(text="1", opaque=b"a")


def test_what_dataclass_makes_is_made_on_first_use() -> None:
    class Fresh(Model, tag=AirSync.Sync):
        text: str | None = field(AirSync.SyncKey)
        texts: list[str] = field(Contacts.Child)

    def lazy() -> set[str]:
        return {name for name, value in vars(Fresh).items() if type(value).__name__ == "_Lazy"}

    data = document("45 4B 03 31 00 01 01")
    decoded = wbxml.decode(data, type=Fresh)
    assert decoded.texts == []
    assert wbxml.encode(decoded) == data
    assert lazy() >= {"__init__", "__eq__", "__dataclass_fields__"}  # the kernels need none of it
    assert decoded == Fresh(text="1")
    assert lazy() == set()
    assert dataclasses.is_dataclass(Fresh)
    assert str(inspect.signature(Fresh)).startswith("(*, unknown: ")
    assert Fresh.__doc__ is not None
    assert Fresh.__doc__.startswith("Fresh(*, unknown: ")
    assert Fresh.__init__.__qualname__.endswith("Fresh.__init__")
    assert Folder.__doc__ == "A folder."


@pytest.mark.parametrize("first", ["fields", "make", "compare", "replace", "match", "pickle"])
def test_any_use_may_be_the_first(first: str) -> None:
    class Base(Model, tag=AirSync.Add):
        server_id: str | None = field(AirSync.ServerId)

    class Derived(Base):
        status: int | None = field(AirSync.Status)
        texts: list[str] = field(Contacts.Child)

    data = document("47 4D 03 61 00 01 4E 03 31 00 01 01")
    one = wbxml.decode(data, type=Derived)
    if first == "fields":
        names = [each.name for each in dataclasses.fields(Derived)]
        assert names == ["unknown", "problems", "server_id", "status", "texts"]
        assert [each.type for each in dataclasses.fields(Derived)][3:] == ["int | None", "list[str]"]
    elif first == "make":
        assert Derived(server_id="a", texts=["b"]).texts == ["b"]
    elif first == "compare":
        assert one == wbxml.decode(data, type=Derived)
        assert one != wbxml.decode(document("47 4D 03 62 00 01 01"), type=Derived)
    elif first == "replace":
        assert dataclasses.replace(one, server_id="b").server_id == "b"
        if sys.version_info >= (3, 13):
            assert copy.replace(one, server_id="b").server_id == "b"
    elif first == "match":
        match one:
            case Derived(server_id="a", status=number):
                assert number == 1
            case _:
                pytest.fail("it is a Derived")
        assert Derived.__match_args__ == ()
    else:
        assert copy.deepcopy(one) == one
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_a_model_may_bring_methods_of_its_own() -> None:
    class Own(Model, tag=AirSync.Add):
        server_id: str | None = field(AirSync.ServerId)

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __hash__(self) -> int:
            return 1

        def __post_init__(self) -> None:
            self.server_id = (self.server_id or "") + "!"

    class Derived(Own):
        status: int | None = field(AirSync.Status)

        def __init__(self, status: int) -> None:
            super().__init__(server_id="a")
            self.status = status

    assert Own(server_id="a") == Own(server_id="b")
    assert Own(server_id="a").server_id == "a!"
    assert hash(Own()) == 1
    derived = Derived(3)
    assert (derived.server_id, derived.status) == ("a!", 3)
    with pytest.raises(TypeError, match="Bad: the slots of a Model are its fields"):

        class Bad(Model):
            __slots__ = ("more",)


def test_first_use_in_many_threads() -> None:
    class Fresh(Model, tag=AirSync.Sync):
        text: str | None = field(AirSync.SyncKey)

    barrier = threading.Barrier(8)
    found: list[Any] = []

    def work() -> None:
        barrier.wait()
        found.append(Fresh(text="1"))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Fresh(text="1")] * 8
