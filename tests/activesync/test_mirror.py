"""The copy of a mailbox in SQLite, and the JSON that it is made of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import wbxml
from activesync import (
    Add,
    Attachment,
    Body,
    BodyType,
    CalendarEvent,
    Change,
    Contact,
    Delete,
    Email,
    Fetch,
    Flag,
    Folder,
    FolderType,
    Importance,
    MemoryStore,
    Note,
    Recurrence,
    Result,
    SoftDelete,
    SqliteStore,
    Task,
    UsageError,
)
from activesync.flows import Contents, ServerChange
from activesync.hierarchy import Hierarchy
from activesync.items import EventException
from activesync.mirror import Mirror, Taken
from activesync.plain import plain, plain_fields

ACCOUNT = "alice@mail.example.test"
INBOX = Folder("1", "0", "Inbox", FolderType.INBOX)
CALENDAR = Folder("2", "0", "Calendar", FolderType.CALENDAR)
CONTACTS = Folder("3", "0", "Contacts", FolderType.CONTACTS)
TASKS = Folder("4", "0", "Tasks", FolderType.TASKS)
NOTES = Folder("5", "0", "Notes", FolderType.NOTES)
FOLDERS = (INBOX, CALENDAR, CONTACTS, TASKS, NOTES)
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "alice.db") as store:
        yield store


@pytest.fixture
def mirror(store: SqliteStore) -> Mirror:
    mirror = Mirror(store, ACCOUNT)
    mirror.take_folders(FOLDERS)
    return mirror


def take(mirror: Mirror, store: SqliteStore, folder: Folder, *changes: ServerChange) -> Taken:
    with store.transaction(ACCOUNT) as db:
        return mirror.take(Contents(folder, list(changes)), db)


def rows(store: SqliteStore, query: str) -> list[dict[str, Any]]:
    """What another program reads from the file."""
    path = store.connection.execute("PRAGMA database_list").fetchone()[2]
    reader = sqlite3.connect(path)
    reader.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in reader.execute(query)]
    finally:
        reader.close()


MAIL = Email(
    from_="Bob <bob@example.test>",
    to="alice@example.test",
    subject="Grüße",
    date_received=NOON,
    read=False,
    importance=Importance.HIGH,
    flag=Flag(),
    attachments=[Attachment(display_name="a.pdf", file_reference="1:1/0")],
    body=Body(type=BodyType.PLAIN_TEXT, data="Hello"),
)


# plain


def test_a_model_becomes_a_dict_without_what_is_absent() -> None:
    assert plain(MAIL) == {
        "to": "alice@example.test",
        "from": "Bob <bob@example.test>",
        "subject": "Grüße",
        "date_received": "2026-07-01T12:00:00.000Z",
        "importance": "high",
        "read": False,
        "attachments": [{"display_name": "a.pdf", "file_reference": "1:1/0"}],
        "body": {"type": "plain_text", "data": "Hello"},
        "flag": {},
    }


def test_an_empty_list_counts_where_it_is_told_apart_from_none() -> None:
    assert plain(Contact(categories=[])) == {"categories": []}
    assert plain(Contact()) == {}
    assert plain(Email()) == {}
    assert plain(Add(server_id="1", send=False)) == {"server_id": "1"}
    assert plain(Add(cls="Email", send=True)) == {"class": "Email", "send": True}


def test_dates_are_in_utc_and_sort_as_text() -> None:
    later = datetime(2026, 7, 1, 15, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    assert plain([NOON, later]) == ["2026-07-01T12:00:00.000Z", "2026-07-01T13:30:00.250Z"]


def test_bytes_are_base64_and_dataclasses_are_dicts() -> None:
    assert plain(Contact(picture=b"\x00\xff")) == {"picture": "AP8="}
    assert plain_fields(INBOX) == {"collection_id": "1", "parent_id": "0", "name": "Inbox", "type": "inbox"}
    assert plain_fields(None) == {}


def test_what_no_field_describes_and_what_does_not_fit_is_told() -> None:
    document = wbxml.from_xml(
        '<Change xmlns="AirSync" xmlns:e="Email"><ServerId>1</ServerId><ApplicationData>'
        "<e:Subject>x</e:Subject><e:Read>perhaps</e:Read><Wait>5</Wait></ApplicationData></Change>"
    )
    change = wbxml.decode(document, type=Change)
    data = json.loads(json.dumps(plain(change.item)))
    assert data["subject"] == "x"
    assert data["unknown"] == [{"tag": "AirSync:Wait", "text": "5"}]
    (problem,) = data["problems"]
    assert (problem["tag"], problem["value"]) == ("Email:Read", "perhaps")


def test_what_has_no_place_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no place in JSON"):
        plain({"x": object()})


# The copy


def test_every_class_has_a_view_that_people_can_read(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, INBOX, Add(server_id="1:1", item=MAIL))
    take(
        mirror,
        store,
        CALENDAR,
        Add(
            server_id="2:1",
            item=CalendarEvent(
                subject="Lunch",
                start_time=NOON,
                end_time=NOON + timedelta(hours=1),
                location="Café",
                organizer_email="bob@example.test",
                recurrence=Recurrence(interval=1),
            ),
        ),
    )
    take(
        mirror,
        store,
        CONTACTS,
        Add(server_id="3:1", item=Contact(first_name="Zoë", last_name="Ø", email1_address="zoe@example.test")),
    )
    take(mirror, store, TASKS, Add(server_id="4:1", item=Task(subject="Tax", due_date=NOON, complete=False)))
    take(mirror, store, NOTES, Add(server_id="5:1", item=Note(subject="Idea", last_modified_date=NOON)))
    stamp = "2026-07-01T12:00:00.000Z"
    (mail,) = rows(store, "SELECT * FROM emails")
    assert mail == {
        "account": ACCOUNT,
        "folder": "Inbox",
        "server_id": "1:1",
        "received": stamp,
        "sender": "Bob <bob@example.test>",
        "recipients": "alice@example.test",
        "cc": None,
        "subject": "Grüße",
        "read": 0,
        "flag": None,
        "importance": "high",
        "attachments": 1,
        "body": "Hello",
    }
    (event,) = rows(store, "SELECT * FROM events")
    assert (event["start"], event["finish"]) == (stamp, "2026-07-01T13:00:00.000Z")
    assert (event["subject"], event["location"], event["recurs"]) == ("Lunch", "Café", 1)
    assert rows(store, "SELECT name, email FROM contacts") == [{"name": "Zoë Ø", "email": "zoe@example.test"}]
    assert rows(store, "SELECT subject, due, complete FROM tasks") == [{"subject": "Tax", "due": stamp, "complete": 0}]
    assert rows(store, "SELECT subject, modified FROM notes") == [{"subject": "Idea", "modified": stamp}]
    assert rows(store, "SELECT subject FROM items WHERE class = 'Email' AND date > '2026-06'") == [{"subject": "Grüße"}]
    assert mirror.counts() == {"1": 1, "2": 1, "3": 1, "4": 1, "5": 1}


def test_a_change_of_a_mails_marks_leaves_the_rest(mirror: Mirror, store: SqliteStore) -> None:
    assert take(mirror, store, INBOX, Add(server_id="1:1", item=MAIL)) == Taken(added=1)
    assert take(mirror, store, INBOX, Change(server_id="1:1", item=Email(read=True))) == Taken(changed=1)
    assert rows(store, "SELECT read, subject, body FROM emails") == [{"read": 1, "subject": "Grüße", "body": "Hello"}]


@pytest.mark.spec("MS-ASCMD_R878", "MS-ASCMD_R876")
def test_a_change_of_another_item_is_the_whole_item(mirror: Mirror, store: SqliteStore) -> None:
    old = Contact(first_name="Zoë", mobile_phone_number="1", picture=b"x", body=Body(data="friend"))
    take(mirror, store, CONTACTS, Add(server_id="3:1", item=old))
    take(mirror, store, CONTACTS, Change(server_id="3:1", item=Contact(first_name="Zoe")))
    assert mirror.items(CONTACTS) == {"3:1": {"first_name": "Zoe", "picture": "eA==", "body": {"data": "friend"}}}


@pytest.mark.spec("MS-ASCAL_R434")
def test_a_change_of_an_event_is_partial_without_its_start(mirror: Mirror, store: SqliteStore) -> None:
    event = CalendarEvent(start_time=NOON, subject="Lunch", location="Café", exceptions=[EventException(deleted=True)])
    take(mirror, store, CALENDAR, Add(server_id="2:1", item=event))
    take(mirror, store, CALENDAR, Change(server_id="2:1", item=CalendarEvent(dt_stamp=NOON)))
    assert mirror.items(CALENDAR)["2:1"]["location"] == "Café"
    take(mirror, store, CALENDAR, Change(server_id="2:1", item=CalendarEvent(start_time=NOON, subject="Lunch")))
    (kept,) = mirror.items(CALENDAR).values()
    assert "location" not in kept
    assert kept["exceptions"] == [{"deleted": True}]


def test_one_instance_of_a_series_is_no_whole_event(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, CALENDAR, Add(server_id="2:1", item=CalendarEvent(start_time=NOON, subject="Daily")))
    take(mirror, store, CALENDAR, Change(server_id="2:1", instance_id=NOON, item=CalendarEvent(subject="Moved")))
    assert mirror.items(CALENDAR)["2:1"]["subject"] == "Daily"
    assert take(mirror, store, CALENDAR, Delete(server_id="2:1", instance_id=NOON)) == Taken(changed=1)
    stamp = "2026-07-01T12:00:00.000Z"
    assert mirror.items(CALENDAR)["2:1"]["exceptions"] == [{"instance_id": stamp, "deleted": True}]
    assert take(mirror, store, CALENDAR, Delete(server_id="2:9", instance_id=NOON)) == Taken()


@pytest.mark.spec("MS-ASCMD_R757")
def test_an_add_of_a_known_item_changes_it(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, TASKS, Add(server_id="4:1", item=Task(subject="a", complete=True)))
    assert take(mirror, store, TASKS, Add(server_id="4:1", item=Task(subject="b"))) == Taken(changed=1)
    assert mirror.items(TASKS) == {"4:1": {"subject": "b"}}


def test_deletes_of_both_kinds_drop_the_row_and_unknown_ones_do_nothing(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, INBOX, Add(server_id="1:1", item=MAIL), Add(server_id="1:2", item=MAIL))
    assert take(mirror, store, INBOX, Delete(server_id="1:1"), SoftDelete(server_id="1:2")) == Taken(deleted=2)
    assert take(mirror, store, INBOX, Delete(server_id="1:1")) == Taken()
    assert mirror.items(INBOX) == {}


def test_a_change_of_an_unknown_item_is_kept(mirror: Mirror, store: SqliteStore) -> None:
    assert take(mirror, store, INBOX, Change(server_id="1:7", item=Email(read=True))) == Taken(added=1)


def test_an_add_of_what_is_there_replaces_it(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, INBOX, Add(server_id="1:1", item=MAIL), Add(server_id="1:2", item=MAIL))
    taken = take(mirror, store, INBOX, Add(server_id="1:2", item=Email(subject="other")), Delete(server_id="1:1"))
    assert taken == Taken(changed=1, deleted=1)
    assert mirror.items(INBOX) == {"1:2": {"subject": "other"}}


def test_what_the_server_took_of_ours_is_in_the_copy(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, CONTACTS, Add(server_id="3:1", item=Contact(first_name="Old")))
    taken = mirror.take_results(
        CONTACTS,
        [
            Result(Add(client_id="c", item=Contact(first_name="New")), 1, "", "3:2"),
            Result(Add(client_id="d", item=Contact(first_name="Refused")), 6, "", None),
            Result(Change(server_id="3:1", item=Contact(first_name="Changed")), 1, "", "3:1"),
            Result(Fetch(server_id="3:3"), 1, "", "3:3", Contact(first_name="Fetched")),
            Result(Delete(server_id="3:9"), 8, "", "3:9"),
        ],
    )
    assert taken == Taken(added=2, changed=1)
    assert {key: data["first_name"] for key, data in mirror.items(CONTACTS).items()} == {
        "3:1": "Changed",
        "3:2": "New",
        "3:3": "Fetched",
    }
    with store.transaction(ACCOUNT) as db:
        page = Contents(CONTACTS, [], [Result(Delete(server_id="3:1"), 1, "", "3:1")])
        assert mirror.take(page, db) == Taken(deleted=1)


def test_a_page_that_fails_leaves_no_trace(mirror: Mirror, store: SqliteStore) -> None:
    changes: list[ServerChange] = [Add(server_id="1:1", item=MAIL), Add(server_id=object(), item=MAIL)]  # type: ignore[arg-type]
    with pytest.raises(sqlite3.Error), store.transaction(ACCOUNT) as db:
        mirror.take(Contents(INBOX, changes), db)
    assert mirror.items(INBOX) == {}


# Folders


def test_folders_that_are_gone_take_their_items_along(mirror: Mirror, store: SqliteStore) -> None:
    take(mirror, store, INBOX, Add(server_id="1:1", item=MAIL))
    take(mirror, store, NOTES, Add(server_id="5:1", item=Note()))
    mirror.take_folders(Hierarchy("2", [INBOX, Folder("4", "1", "To do", FolderType.TASKS)]))
    assert rows(store, "SELECT collection_id, parent_id, name, type, class FROM folders ORDER BY 1") == [
        {"collection_id": "1", "parent_id": "0", "name": "Inbox", "type": "inbox", "class": "Email"},
        {"collection_id": "4", "parent_id": "1", "name": "To do", "type": "tasks", "class": "Tasks"},
    ]
    assert mirror.counts() == {"1": 1}


def test_a_folder_that_is_new_to_the_copy_starts_afresh(store: SqliteStore) -> None:
    store.save(ACCOUNT, {"collection/1": '{"sync_key": "7"}', "device": "D"})
    mirror = Mirror(store, ACCOUNT)
    mirror.take_folders([INBOX])
    assert store.names(ACCOUNT) == ["device"]
    store.save(ACCOUNT, {"collection/1": '{"sync_key": "8"}'})
    Mirror(store, ACCOUNT).take_folders([INBOX])
    assert store.names(ACCOUNT) == ["collection/1", "device"]


def test_accounts_do_not_meet(mirror: Mirror, store: SqliteStore) -> None:
    other = Mirror(store, "bob@mail.example.test")
    other.take_folders([INBOX])
    take(mirror, store, INBOX, Add(server_id="1:1", item=MAIL))
    other.take_folders([])
    assert other.items(INBOX) == {}
    assert set(mirror.items(INBOX)) == {"1:1"}
    assert [row["account"] for row in rows(store, "SELECT account FROM emails")] == [ACCOUNT]


def test_another_kind_of_store_is_refused() -> None:
    with pytest.raises(UsageError, match="SqliteStore, not in a MemoryStore"):
        Mirror(MemoryStore(), ACCOUNT)
