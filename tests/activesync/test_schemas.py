"""What the embedded server answers, and what SOGo and Microsoft print, against Microsoft's schemas."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

import wbxml
from activesync import Client, errors
from activesync.calendars import from_zone
from activesync.commands import (
    Add,
    Change,
    DevicePassword,
    DevicePasswordRequest,
    EASProvisionDoc,
    FolderCreate,
    FolderDelete,
    FolderType,
    FolderUpdate,
    RightsManagementInformationRequest,
    Settings,
    UserInformationRequest,
)
from activesync.items import (
    Attendee,
    Body,
    BodyType,
    CalendarEvent,
    Contact,
    Email,
    Importance,
    Note,
    Recurrence,
    RecurrenceType,
    Task,
    TaskRecurrence,
    Weekday,
)
from activesync.testing import sample_directory, sample_mailbox

from .clients import COLLECTION, client
from .samples import microsoft
from .schemas import Checked, faults, faults_of_items

DATA = "AirSync:ApplicationData"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


ITEMS: dict[str, Any] = {
    "contacts": Contact(first_name="Ann", last_name="Lee", birthday=NOON, categories=["a"], children=["b"]),
    "calendar": CalendarEvent(
        subject="Team", start_time=NOON, end_time=NOON + timedelta(hours=1), reminder=15,
        attendees=[Attendee(email="bob@example.test", name="Bob")],
        recurrence=Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=2),
        body=Body(type=BodyType.PLAIN_TEXT, data="x"),
    ),
    "tasks": Task(subject="Buy", due_date=NOON, utc_due_date=NOON, complete=False),
    "notes": Note(subject="N", body=Body(type=BodyType.PLAIN_TEXT, data="x"), categories=["a"]),
}  # fmt: skip


@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_the_answers_of_the_embedded_server(version: str) -> None:
    mailbox = sample_mailbox("alice", "secret", mails=30, contacts=6, events=8, tasks=4, notes=3)
    with Checked(mailbox, versions=(version,), policy=EASProvisionDoc(), directory=sample_directory()) as server:
        with Client(server.url, "alice", "secret", allow_http=True) as eas:
            eas.folders()
            for body in (None, BodyType.HTML, BodyType.MIME):
                list(eas.sync(window=7, body=body))
            for folder, item in ITEMS.items():
                (result,) = eas.apply(folder, [Add(item=item)])
                assert result.ok, result
                list(eas.sync(folder))
                assert eas.apply(folder, [Change(server_id=result.server_id, item=type(item)(**named(item)))])[0].ok
                eas.apply(folder, [Change(server_id="none", item=item)])
            for kind in (FolderType.INBOX, FolderType.CALENDAR):
                for server_id in list(server.mailbox.items(kind))[:3]:
                    server.mailbox.change(server_id, subject="Changed")
            server.mailbox.delete(next(iter(server.mailbox.items(FolderType.INBOX))))
            list(eas.sync())
            eas.estimate("inbox")
            eas.search("the", limit=5)
            eas.search_gal("a")
            if version == "16.1":
                eas.find("the", limit=5)
                eas.find_gal("a", pictures=True)
            eas.set_oof("away")
            eas.oof(body_type="HTML")
            eas.user_information()
            eas.run(
                Settings(
                    device_password=DevicePasswordRequest(set=DevicePassword(password="p")),
                    user_information=UserInformationRequest(get=True),
                    rights_management_information=RightsManagementInformationRequest(get=True),
                )
            )
            key = eas.folders().sync_key
            made = eas.run(FolderCreate(sync_key=key, parent_id="0", display_name="N", type=FolderType.USER_MAIL))
            moved = eas.run(
                FolderUpdate(sync_key=made.sync_key, server_id=made.server_id, parent_id="0", display_name="M")
            )
            eas.run(FolderDelete(sync_key=moved.sync_key, server_id=made.server_id))
            eas.run(FolderDelete(sync_key="none", server_id="none"))
            server.wipe(eas.session.device_id)
            with pytest.raises(errors.RemoteWipeRequested):
                eas.folders()
            eas.acknowledge_wipe(done=False)
        expected = {"FolderSync", "FolderCreate", "FolderUpdate", "FolderDelete", "Sync", "GetItemEstimate", "Search"}
        expected |= {"Settings", "Provision"} | ({"Find"} if version == "16.1" else set())
        assert server.seen == expected


def named(item: Any) -> dict[str, Any]:
    """What a Change of an item says: another subject or name."""
    return {"last_name": "Other"} if isinstance(item, Contact) else {"subject": "Other"}


def test_a_fault_is_found() -> None:
    inside = '<Sync xmlns="AirSync"><Collections><Collection><Wait/></Collection></Collections></Sync>'
    assert faults("Sync", wbxml.from_xml(inside))
    assert faults("FolderSync", wbxml.from_xml('<FolderSync xmlns="FolderHierarchy"><Status>x</Status></FolderSync>'))


WHOLE: dict[str, tuple[str, Any, tuple[str, ...]]] = {
    "Calendar": (
        "calendar",
        CalendarEvent(
            timezone=from_zone(ZoneInfo("Europe/Zurich")).to_bytes(), all_day_event=False, busy_status=2,
            subject="Team", start_time=NOON, end_time=NOON + timedelta(hours=1), reminder=15, sensitivity=0,
            meeting_status=1, categories=["a", "b"], body=Body(type=BodyType.PLAIN_TEXT, data="x"),
            attendees=[Attendee(email="bob@example.test", name="Bob", attendee_type=1)], response_requested=True,
            recurrence=Recurrence(
                type=RecurrenceType.WEEKLY, interval=1, day_of_week=2, until=NOON, first_day_of_week=Weekday.MONDAY
            ),
            disallow_new_time_proposal=True,
        ),
        (
            *("MS-ASCAL_R12", "MS-ASCAL_R13", "MS-ASCAL_R14", "MS-ASCAL_R1311", "MS-ASCAL_R483", "MS-ASCAL_R485"),
            *("MS-ASCAL_R614", "MS-ASCAL_R48311"),
        ),
    ),
    "Contacts": (
        "contacts",
        Contact(
            first_name="Ann", last_name="Lee", file_as="Lee, Ann", birthday=NOON, anniversary=NOON, categories=["a"],
            children=["b"], email1_address="ann@example.test", business_phone_number="1", home_address_city="Bern",
            nick_name="A", im_address="ann", picture=b"GIF89a", body=Body(type=BodyType.PLAIN_TEXT, data="x"),
        ),
        (
            *("MS-ASCNTC_R1", "MS-ASCNTC_R2", "MS-ASCNTC_R3", "MS-ASCNTC_R4", "MS-ASCNTC_R435", "MS-ASCNTC_R437"),
            *("MS-ASCNTC_R469",),
        ),
    ),
    "Email": (
        "drafts",
        Email(
            to="bob@example.test", cc="cid@example.test", subject="Draft", importance=Importance.HIGH, read=True,
            body=Body(type=BodyType.HTML, data="<p>x</p>"),
        ),
        (
            *("MS-ASEMAIL_R6", "MS-ASEMAIL_R9", "MS-ASEMAIL_R50", "MS-ASEMAIL_R107", "MS-ASEMAIL_R108"),
            *("MS-ASEMAIL_R109", "MS-ASEMAIL_R110", "MS-ASAIRS_R3"),
        ),
    ),
    "Notes": (
        "notes",
        Note(
            subject="N", message_class="IPM.StickyNote", categories=["a"],
            body=Body(type=BodyType.PLAIN_TEXT, data="x"),
        ),
        (
            *("MS-ASNOTE_R1", "MS-ASNOTE_R2", "MS-ASNOTE_R3", "MS-ASNOTE_R4", "MS-ASNOTE_R64", "MS-ASNOTE_R67"),
            *("MS-ASNOTE_R90",),
        ),
    ),
    "Tasks": (
        "tasks",
        Task(
            subject="Buy", importance=Importance.LOW, utc_start_date=NOON, start_date=NOON, utc_due_date=NOON,
            due_date=NOON, categories=["a"], complete=True, date_completed=NOON, sensitivity=0, reminder_set=True,
            reminder_time=NOON, body=Body(type=BodyType.PLAIN_TEXT, data="x"),
            recurrence=TaskRecurrence(type=RecurrenceType.DAILY, start=NOON, interval=2, occurrences=3),
        ),
        (
            *("MS-ASTASK_R1", "MS-ASTASK_R2", "MS-ASTASK_R3", "MS-ASTASK_R2112", "MS-ASTASK_R324", "MS-ASTASK_R326"),
            *("MS-ASTASK_R345",),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("folder", "item"),
    [pytest.param(folder, item, marks=pytest.mark.spec(*ids), id=cls) for cls, (folder, item, ids) in WHOLE.items()],
)
def test_whole_items_are_sent_and_answered_by_the_schemas(folder: str, item: Any) -> None:
    """An item of each class, as WBXML and within a command and its answer: by Microsoft's schema of its namespace."""
    with Checked(sample_mailbox("alice", "secret")) as server:
        for version in ("14.1", "16.1"):
            with client(server, versions=(version,)) as eas, client(server, versions=(version,)) as other:
                if folder == "drafts" and version == "14.1":
                    continue  # drafts are synchronised from 16.0 on
                list(eas.sync(folder))
                (result,) = eas.apply(folder, [Add(item=item)])
                assert result.ok
                asked = server.requests[-1].body
                assert asked[:4] == b"\x03\x01\x6a\x00"  # version 1.3, no public id, UTF-8, no string table
                assert ElementTree.fromstring(wbxml.to_xml(asked)).tag == "{AirSync}Sync"
                assert faults_of_items(asked) == []
                (data,) = wbxml.decode(asked).root.findall(f"{COLLECTION}/AirSync:Commands/AirSync:Add/{DATA}")
                assert len(data) >= 4
                pages = [change for page in other.sync(folder) for change in page.changes]
                (received,) = [change.item for change in pages if change.server_id == result.server_id]
                for one in fields(item):
                    if one.name not in ("body", "timezone", "until") and getattr(item, one.name) not in (None, [], ()):
                        assert getattr(received, one.name) == getattr(item, one.name), one.name
        assert server.seen >= {"Sync", "FolderSync"}


def test_a_fault_of_an_item_is_found() -> None:
    data = '<ApplicationData><c:BusyStatus xmlns:c="Calendar">many</c:BusyStatus></ApplicationData>'
    inside = f"<Commands><Add>{data}</Add></Commands>"
    body = f'<Sync xmlns="AirSync"><Collections><Collection>{inside}</Collection></Collections></Sync>'
    assert faults_of_items(wbxml.from_xml(body))
    assert faults_of_items(wbxml.from_xml(body.replace("many", "2"))) == []


EXAMPLES = ("ascal-4.2-sync-response", "ascmd-4.24.2-sync-response-first", "asemail-4.1.3.2-sync-response-attachment")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_microsoft_are_valid(name: str) -> None:
    assert faults("Sync", microsoft(name)) == []


@pytest.mark.spec(
    *("MS-ASCON_R3", "MS-ASCON_R5", "MS-ASCON_R6", "MS-ASCON_R7", "MS-ASCON_R601", "MS-ASCON_R151", "MS-ASCON_R334"),
)
def test_conversations_are_elements_of_the_schemas() -> None:
    with Checked(sample_mailbox("alice", "secret", mails=5)) as server, client(server) as eas:
        found = [change.item for page in eas.sync("inbox", conversations=True) for change in page.changes]
        assert found and all(len(one.conversation_id) == 16 and one.conversation_index for one in found)
        asked = server.requests[-1].body
        assert asked[:2] == b"\x03\x01" and ElementTree.fromstring(wbxml.to_xml(asked)) is not None
        (mode,) = wbxml.decode(asked).root.iter(wbxml.AirSync.ConversationMode)
        assert mode.text == "1" and "Sync" in server.seen
