"""What the classes of items hold: every element of their code pages; contacts, tasks and notes one by one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

import wbxml
from activesync import (
    Add,
    Body,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Contact,
    Email,
    FilterType,
    FolderType,
    Importance,
    Note,
    Task,
    errors,
)
from activesync.calendars import to_rrule
from activesync.commands import Options
from activesync.items import (
    Attendee,
    CalendarType,
    DocumentEntry,
    Forwardee,
    Location,
    MeetingRequest,
    RecurrenceType,
    TaskRecurrence,
)
from activesync.testing import EASServer, sample_mailbox
from wbxml import _kernel_py as kernel

from .broken import broken_within
from .clients import COLLECTION, client, post, sent
from .samples import DATA

NOON = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=2, contacts=2, events=1, tasks=2, notes=2)) as running:
        yield running


def answered(eas: Client, server: EASServer, kind: FolderType, name: str, inner: str) -> wbxml.Element | None:
    """What the server says of a command that no model can say, sent in the client's name; None for nothing."""
    folder = server.mailbox.folder(kind)
    for _ in range(2):  # the second time with the key that the first has brought
        list(eas.sync(folder.server_id))
    key = wbxml.decode(server.requests[-1].body).root.findtext(f"{COLLECTION}/AirSync:SyncKey")
    commands = f"<Commands><{name}>{inner}</{name}></Commands>"
    collection = f"<SyncKey>{key}</SyncKey><CollectionId>{folder.server_id}</CollectionId>{commands}"
    xml = f'<Sync xmlns="AirSync"><Collections><Collection>{collection}</Collection></Collections></Sync>'
    answer = wbxml.decode(post(server, "Sync", wbxml.from_xml(xml), device_id=eas.session.device_id)).root
    return answer.find(f"{COLLECTION}/AirSync:Responses/AirSync:{name}")


def read_tags(plan: Any, seen: set[str]) -> set[str]:
    """The elements that a Model reads, those of the Models within it as well."""
    if plan.name in seen:
        return set()
    seen.add(plan.name)
    found = set()
    for field in plan.fields:
        found |= {str(tag) for tag in (field.tag, field.within) if tag is not None}
        for inner in field.plans:
            found |= read_tags(inner, seen) | ({str(inner.tag)} if inner.tag is not None else set())
    return found


# Every element of the pages is read

PAGES = [
    (CalendarEvent, ("Calendar",), ("MS-ASCAL_R29", "MS-ASCAL_R30")),
    (Contact, ("Contacts", "Contacts2"), ("MS-ASCNTC_R22",)),
    (Email, ("Email", "Email2"), ("MS-ASEMAIL_R139", "MS-ASEMAIL_R141")),
    (Note, ("Notes",), ("MS-ASNOTE_R20",)),
    (Task, ("Tasks",), ("MS-ASTASK_R20", "MS-ASTASK_R21")),
    (DocumentEntry, ("DocumentLibrary",), ("MS-ASDOC_R17",)),
]


@pytest.mark.parametrize(
    ("model", "pages"),
    [pytest.param(model, pages, marks=pytest.mark.spec(*ids), id=pages[0]) for model, pages, ids in PAGES],
)
def test_every_element_of_a_class_is_in_its_model(model: Any, pages: tuple[str, ...]) -> None:
    """By Microsoft's table of code pages; what only 2.5 had is left out, and what stands in no item."""
    rows = [line.split("\t") for line in (DATA / "codepages.tsv").read_text("utf-8").splitlines()[1:]]
    wanted = {
        f"{row[1]}:{row[3]}"
        for row in rows
        if row[1] in pages and {"All", "12.1", "14.0", "14.1", "16.0", "16.1"} & set(row[4].split(","))
    }
    mine = read_tags(model.__wbxml_plan__, set())
    outside = {"Email2:Send"}  # beside the item
    assert len(wanted) > 4 and wanted - mine - outside == set()
    assert {tag.partition(":")[0] for tag in mine} - {"AirSyncBase", "Tasks", "Email", "Email2", "Calendar"} <= {
        *pages, "RightsManagement", "ComposeMail", "MeetingResponse", "ItemOperations"
    }  # fmt: skip


# Contacts


@pytest.mark.spec("MS-ASCNTC_R109001", "MS-ASCNTC_R999", "MS-ASDTYPE_R15", "MS-ASDTYPE_R16")
def test_a_birthday_is_a_day_whatever_the_time(server: EASServer) -> None:
    """A server may send 11:59 with it: the date is the same in any zone of less than half a day."""
    xml = (
        '<ApplicationData xmlns="AirSync" xmlns:c="Contacts"><c:Anniversary>2001-02-03T11:59:00.000Z</c:Anniversary>'
        "<c:Birthday>1980-05-06T11:59:00.000Z</c:Birthday></ApplicationData>"
    )
    contact = wbxml.decode(wbxml.from_xml(xml), type=Contact)
    assert contact.birthday is not None and contact.anniversary is not None
    for hours in (-11, 0, 11):
        assert (contact.birthday + timedelta(hours=hours)).date() == contact.birthday.date()
    (written,) = wbxml.decode(wbxml.encode(Change(item=Contact(birthday=contact.birthday)))).root.iter(
        wbxml.Contacts.Birthday
    )
    assert written.text == "1980-05-06T11:59:00.000Z"


@pytest.mark.spec("MS-ASCNTC_R517", "MS-ASCNTC_R182", "MS-ASCNTC_R508", "MS-ASCNTC_R193")
@pytest.mark.parametrize("count", [0, 1, 300])
def test_labels_and_children_of_a_contact(eas: Client, server: EASServer, count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    list(eas.sync("contacts"))
    (result,) = eas.apply("contacts", [Add(item=Contact(last_name="Lee", categories=names, children=names))])
    assert result.ok
    kept = server.mailbox.item(result.server_id or "")
    assert isinstance(kept, Contact) and (kept.categories or []) == (kept.children or []) == names
    assert broken_within(Add(client_id="1", item=Contact(children=[*names, *["x"] * 301])))


@pytest.mark.spec("MS-ASCNTC_R374", "MS-ASCNTC_R382", "MS-ASCNTC_R1021", "MS-ASCNTC_R383")
def test_a_picture_is_base64_and_small(eas: Client, server: EASServer) -> None:
    """At most 48 KB of base64, which are 36 KB of a picture."""
    list(eas.sync("contacts"))
    picture = bytes(range(256)) * 144
    assert len(picture) == 36 * 1024 and len(base64.b64encode(picture)) == 48 * 1024
    (result,) = eas.apply("contacts", [Add(item=Contact(last_name="Lee", picture=picture))])
    assert result.ok
    (told,) = sent(server, "Sync")[-1].iter(wbxml.Contacts.Picture)
    assert base64.b64decode(told.text or "") == picture
    with pytest.raises(errors.RequestError, match="MS-ASCNTC_R381"):
        eas.apply("contacts", [Add(item=Contact(picture=picture + b"x"))])


@pytest.mark.spec(
    *("MS-ASCNTC_R219", "MS-ASCNTC_R1011", "MS-ASCNTC_R1017", "MS-ASCNTC_R413", "MS-ASCNTC_R2000", "MS-ASCNTC_R478"),
)
def test_the_recipient_information_cache_is_a_folder_of_contacts(server: EASServer) -> None:
    cache = server.mailbox.add_folder("Cache", FolderType.RECIPIENT_INFORMATION_CACHE)
    for rank, name in ((5, "Ann"), (9, "Bob")):
        server.mailbox.add(cache, Contact(file_as=name, email1_address=f"{name}@example.test", weighted_rank=rank))
    server.mailbox.add(FolderType.CONTACTS, Contact(file_as="Lee, Ann", email1_address="Ann@example.test"))
    with client(server, versions=("14.1",)) as eas:
        eas.folders()
        found = [change.item for page in eas.sync(cache.server_id) for change in page.changes]
        by_rank = sorted(found, key=lambda contact: contact.weighted_rank, reverse=True)
        assert [(one.file_as, one.email1_address) for one in by_rank] == [
            ("Bob", "Bob@example.test"), ("Ann", "Ann@example.test")
        ]  # fmt: skip
        assert sent(server, "Sync")[-1].findtext(f"{COLLECTION}/AirSync:CollectionId") == cache.server_id
        own = [change.item for page in eas.sync("contacts") for change in page.changes]
        assert "Lee, Ann" in {one.file_as for one in own}, "another name for the same in her own folder"


@pytest.mark.spec("MS-ASCNTC_R2261", "MS-ASCNTC_R2262")
@pytest.mark.parametrize(("version", "there"), [("12.1", False), ("14.0", True), ("16.1", True)])
def test_the_recipient_information_cache_has_come_with_14_0(server: EASServer, version: str, there: bool) -> None:
    server.mailbox.add_folder("Cache", FolderType.RECIPIENT_INFORMATION_CACHE)
    with client(server, versions=(version,)) as eas:
        assert bool(eas.folders().of_type(FolderType.RECIPIENT_INFORMATION_CACHE)) is there


@pytest.mark.spec(
    *("MS-ASCNTC_R1015", "MS-ASCNTC_R457", "MS-ASCNTC_R458", "MS-ASCNTC_R462", "MS-ASCNTC_R1120", "MS-ASAIRS_R104"),
)
def test_the_notes_of_a_contact_are_cut_where_the_client_says(eas: Client, server: EASServer) -> None:
    body = Body(type=BodyType.PLAIN_TEXT, data="word " * 40)
    known = server.mailbox.add(FolderType.CONTACTS, Contact(last_name="Lee", body=body))
    preference = BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=20)
    pages = eas.sync("contacts", options=Options(body_preferences=[preference]))
    found = {change.server_id: change.item for page in pages for change in page.changes}
    cut = found[known].body
    assert (cut.data, cut.truncated, cut.estimated_data_size) == ("word " * 4, True, 200)
    assert eas.apply("contacts", [Change(server_id=known, item=Contact(last_name="Other"))])[0].ok
    (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
    assert told.find("AirSyncBase:Body") is None
    assert server.mailbox.stored(known)[1].content.text.strip() == ("word " * 40).strip(), "left out, it stays"


# Tasks


@pytest.mark.spec("MS-ASTASK_R402", "MS-ASTASK_R636")
@pytest.mark.spec("MS-ASTASK_R395", "MS-ASTASK_R183", "MS-ASTASK_R275")
def test_what_a_task_holds(eas: Client, server: EASServer) -> None:
    list(eas.sync("tasks"))
    for importance in Importance:
        task = Task(subject="Buy", importance=importance, categories=[f"c{number}" for number in range(300)])
        (result,) = eas.apply("tasks", [Add(item=task)])
        kept = server.mailbox.item(result.server_id or "")
        assert isinstance(kept, Task)
        assert (kept.subject, kept.importance, len(kept.categories or [])) == ("Buy", importance, 300)
    assert [int(one) for one in Importance] == [0, 1, 2]


@pytest.mark.spec(
    "MS-ASTASK_R397", "MS-ASTASK_R631", "MS-ASTASK_R244", "MS-ASTASK_R423", "MS-ASTASK_R425", "MS-ASTASK_R141"
)
def test_patterns_of_tasks() -> None:
    daily: dict[str, Any] = {"type": RecurrenceType.DAILY, "interval": 1, "start": NOON}
    patterns = [
        (TaskRecurrence(**daily), "DAILY"),
        (TaskRecurrence(**daily | {"type": RecurrenceType.WEEKLY, "day_of_week": 2 + 8}), "WEEKLY"),
        (TaskRecurrence(**daily | {"type": RecurrenceType.MONTHLY, "day_of_month": 1}), "MONTHLY"),
        (TaskRecurrence(**daily | {"type": RecurrenceType.YEARLY, "day_of_month": 1, "month_of_year": 5}), "YEARLY"),
    ]
    for recurrence, frequency in patterns:
        assert to_rrule(recurrence).startswith(f"FREQ={frequency}")
        assert broken_within(Add(client_id="1", item=Task(subject="s", recurrence=recurrence))) == []
    for day in (1, 2, 4, 8, 16, 32, 64, 127, 62, 65):
        weekly = TaskRecurrence(**daily | {"type": RecurrenceType.WEEKLY, "day_of_week": day})
        assert to_rrule(weekly).count(",") == day.bit_count() - 1
    without = TaskRecurrence(type=RecurrenceType.DAILY, interval=1)
    assert broken_within(Add(client_id="1", item=Task(subject="s", recurrence=without))) == ["MS-ASTASK_R423"]


@pytest.mark.spec("MS-ASTASK_R156", "MS-ASTASK_R157")
def test_an_instance_of_a_task_that_is_done_is_dead() -> None:
    recurrence = TaskRecurrence(type=RecurrenceType.DAILY, interval=1, start=NOON, dead_occur=True)
    done = Task(subject="s", complete=True, date_completed=NOON, recurrence=recurrence)
    (written,) = wbxml.decode(wbxml.encode(Change(item=done))).root.iter(wbxml.Tasks.DeadOccur)
    assert written.text == "1"


@pytest.mark.spec(
    *("MS-ASTASK_R199", "MS-ASCAL_R289", "MS-ASCAL_R288", "MS-ASCAL_R290", "MS-ASTASK_R198", "MS-ASTASK_R200"),
)
def test_years_with_a_leap_month() -> None:
    """Those of the Hebrew and the Chinese calendar, which RFC 7529 knows as well."""
    for calendar, name in ((CalendarType.HEBREW, "HEBREW"), (CalendarType.CHINESE_LUNAR, "CHINESE")):
        yearly = TaskRecurrence(
            type=RecurrenceType.YEARLY, interval=1, start=NOON, day_of_month=1, month_of_year=5, calendar_type=calendar,
            is_leap_month=True,
        )  # fmt: skip
        rule = to_rrule(yearly)
        assert f"RSCALE={name}" in rule and "BYMONTH=5L" in rule
        assert "BYMONTH=5;" in to_rrule(replace(yearly, calendar_type=CalendarType.GREGORIAN))


# Notes


@pytest.mark.spec("MS-ASNOTE_R38", "MS-ASNOTE_R39", "MS-ASNOTE_R40", "MS-ASNOTE_R41", "MS-ASNOTE_R47")
@pytest.mark.parametrize("kind", [BodyType.PLAIN_TEXT, BodyType.HTML])
@pytest.mark.parametrize("labels", [[], ["a"], ["a", "b"]])
def test_a_note_has_a_body_and_labels(eas: Client, server: EASServer, kind: BodyType, labels: list[str]) -> None:
    list(eas.sync("notes"))
    note = Note(
        subject="N", message_class="IPM.StickyNote", body=Body(type=kind, data="<p>x</p>"), categories=labels
    )  # fmt: skip
    (result,) = eas.apply("notes", [Add(item=note)])
    assert result.ok
    (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSyncBase.Body)
    assert [(child.tag.name, child.text) for child in told] == [("Type", str(int(kind))), ("Data", "<p>x</p>")]
    kept = server.mailbox.item(result.server_id or "")
    assert isinstance(kept, Note) and (kept.categories or []) == labels
    assert server.mailbox.stored(result.server_id or "")[1].content.native is kind
    assert [int(one) for one in BodyType][:3] == [1, 2, 3]


@pytest.mark.spec("MS-ASNOTE_R81", "MS-ASNOTE_R111")
def test_a_note_is_changed_as_a_whole(eas: Client, server: EASServer) -> None:
    found = {change.server_id: change.item for page in eas.sync("notes") for change in page.changes}
    known, note = next(iter(found.items()))
    note.subject = "Other"
    assert eas.apply("notes", [Change(server_id=known, item=note)])[0].ok
    (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
    assert {"Subject", "MessageClass"} <= {child.tag.name for child in told}
    kept = server.mailbox.item(known)
    assert isinstance(kept, Note) and kept.subject == "Other" and kept.message_class == note.message_class


# Numbers and texts


@pytest.mark.spec("MS-ASDTYPE_R123", "MS-ASDTYPE_R83")
@pytest.mark.parametrize("value", ["0", "5", "8", "9", "255", "256", "-1"])
def test_values_of_a_fixed_set(value: str) -> None:
    xml = f'<Options xmlns="AirSync"><FilterType>{value}</FilterType></Options>'
    options = wbxml.decode(wbxml.from_xml(xml), type=Options)
    fine = value in {str(int(one)) for one in FilterType}
    assert (options.filter_type is not None, bool(options.problems)) == (fine, not fine)


@pytest.mark.spec("MS-ASEMAIL_R643")
@pytest.mark.parametrize(("value", "status"), [("maybe", "6"), ("2", "6"), ("1", None), ("0", None)])
def test_a_mail_is_read_or_not(eas: Client, server: EASServer, value: str, status: str | None) -> None:
    mail = next(iter(server.mailbox.items(FolderType.INBOX)))
    data = f'<ApplicationData><e:Read xmlns:e="Email">{value}</e:Read></ApplicationData>'
    told = answered(eas, server, FolderType.INBOX, "Change", f"<ServerId>{mail}</ServerId>{data}")
    assert (None if told is None else told.findtext("AirSync:Status")) == status


@pytest.mark.spec("MS-ASDTYPE_R18", "MS-ASDTYPE_R12211", "MS-ASDTYPE_R12213")
def test_times_of_events_have_no_punctuation() -> None:
    event = CalendarEvent(start_time=NOON, end_time=NOON, dt_stamp=NOON)
    (data,) = wbxml.decode(wbxml.encode(Change(item=event))).root
    assert {child.text for child in data} == {"20261127T120000Z"}
    # year month day "T" hour minute seconds "Z", in that many digits.
    assert re.fullmatch(r"\d{4}(0\d|1[0-2])([0-2]\d|3[01])T([01]\d|2[0-3])[0-5]\d[0-5]\dZ", data[0].text or "")


@pytest.mark.spec(
    *("MS-ASDTYPE_R4", "MS-ASDTYPE_R9", "MS-ASDTYPE_R12", "MS-ASDTYPE_R86", "MS-ASDTYPE_R90", "MS-ASDTYPE_R94"),
    "MS-ASDTYPE_R125",
)
def test_types_are_those_of_the_schemas() -> None:
    """What a schema declares a boolean, a dateTime, a number or text is read as such; a container is a Model."""
    kinds = {
        "xs:boolean": {"bool"}, "xs:dateTime": {"datetime"}, "xs:unsignedByte": {"int", "bool"},
        "xs:unsignedInt": {"int"}, "xs:unsignedShort": {"int"}, "xs:integer": {"int"},
        "xs:string": {"str", "datetime", "bytes", "int", "bool"},
    }  # fmt: skip
    plans = {plan.name: plan for model in (CalendarEvent, Contact, Email, Note, Task) for plan in all_plans(model)}
    read: dict[str, set[str]] = {}
    for plan in plans.values():
        for field in plan.fields:
            if field.tag is not None:
                read.setdefault(str(field.tag), set()).add(KINDS[field.kind])
    compared = 0
    for path in sorted((DATA / "xsd").glob("*.xsd")):
        if path.stem in ("Calendar", "Contacts", "Contacts2", "Email", "Email2", "Notes", "Tasks", "AirSyncBase"):
            for element in ElementTree.parse(path).getroot().iter(f"{XS}element"):
                name, kind = f"{path.stem}:{element.get('name')}", element.get("type") or ""
                if name in read and kind in kinds:
                    compared += 1
                    assert read[name] & kinds[kind], (name, kind, read[name])
                elif (
                    name in read
                    and not kind
                    and element.find("{http://www.w3.org/2001/XMLSchema}complexType") is not None
                ):
                    assert "model" in read[name] or read[name] == {"str"}, (name, read[name])
    assert compared > 100


XS = "{http://www.w3.org/2001/XMLSchema}"
KINDS = {
    kernel.STR: "str", kernel.INT: "int", kernel.BOOL: "bool", kernel.FLAG: "bool", kernel.BYTES: "bytes",
    kernel.DATETIME: "datetime", kernel.INT_ENUM: "int", kernel.STR_ENUM: "str", kernel.MODEL: "model",
}  # fmt: skip


def all_plans(model: Any) -> Iterator[Any]:
    """The plan of a Model and those of the Models within it."""
    waiting, seen = [model.__wbxml_plan__], set()
    while waiting:
        plan = waiting.pop()
        if plan.name not in seen:
            seen.add(plan.name)
            waiting += [inner for field in plan.fields for inner in field.plans]
            yield plan


@pytest.mark.spec("MS-ASDTYPE_R97", "MS-ASDTYPE_R8", "MS-ASDTYPE_R88", "MS-ASHTTP_R127")
@pytest.mark.parametrize(("size", "length"), [(16, b"\x10"), (127, b"\x7f"), (128, b"\x81\x00"), (300, b"\x82\x2c")])
def test_a_byte_array_is_a_length_and_bytes(size: int, length: bytes) -> None:
    """The length in the multi-byte form of WBXML: seven bits a byte, the highest first."""
    data = bytes(number % 256 for number in range(size))
    written = wbxml.encode(Change(item=Email(conversation_id=data, subject="ä字😀")))
    assert b"\xc3" + length + data in written
    assert written[2] == 0x6A and b"\x03" + "ä字😀".encode() + b"\0" in written, "the charset is UTF-8"
    read = wbxml.decode(written, type=Change).item
    assert (read.conversation_id, read.subject) == (data, "ä字😀")
    (container,) = wbxml.decode(written).root
    assert len(container) == 2 and container.text is None


@pytest.mark.spec("MS-ASTASK_R187", "MS-ASTASK_R550")
@pytest.mark.parametrize(("value", "kept"), [("0", 0), ("2", 2), ("7", 1), ("many", 1)])
def test_a_task_of_no_known_importance_is_of_the_normal_one(
    eas: Client, server: EASServer, value: str, kept: int
) -> None:
    data = f'<t:Subject xmlns:t="Tasks">s</t:Subject><t:Importance xmlns:t="Tasks">{value}</t:Importance>'
    add = f"<ClientId>c</ClientId><ApplicationData>{data}</ApplicationData>"
    told = answered(eas, server, FolderType.TASKS, "Add", add)
    assert told is not None and told.findtext("AirSync:Status") == "1"
    task = server.mailbox.item(told.findtext("AirSync:ServerId") or "")
    assert isinstance(task, Task) and task.importance == kept


@pytest.mark.spec("MS-ASAIRS_R1226", "MS-ASWBXML_R821", "MS-ASWBXML_R822", "MS-ASEMAIL_R12540")
@pytest.mark.parametrize("version", ["12.1", "14.1", "16.0", "16.1"])
def test_places_and_ids_of_before_and_after_16_0(server: EASServer, version: str) -> None:
    new = version >= "16.0"
    for item, fine in (
        (CalendarEvent(location="Room"), not new),
        (CalendarEvent(place=Location(display_name="Room")), new),
        (Email(meeting_request=MeetingRequest(location="Room")), not new),
        (Email(meeting_request=MeetingRequest(uid="u")), new),
    ):
        try:
            wbxml.encode(Change(item=item), version=version)
        except wbxml.EncodeError:
            assert not fine
        else:
            assert fine or item == CalendarEvent(location="Room")
    meeting = MeetingRequest(uid="u", global_obj_id=bytes(40), start_time=NOON)
    known = server.mailbox.add(FolderType.INBOX, Email(subject="m", meeting_request=meeting))
    with client(server, versions=(version,)) as eas:
        found = {change.server_id: change.item for page in eas.sync("inbox") for change in page.changes}
        read = found[known].meeting_request
        assert (read.uid, read.global_obj_id) == (("u", None) if new else (None, bytes(40)))


@pytest.mark.spec("MS-ASAIRS_R1340", "MS-ASAIRS_R1347", "MS-ASAIRS_R197")
def test_attachments_that_a_text_refers_to() -> None:
    parts = (
        "<b:DisplayName>a.png</b:DisplayName><b:FileReference>1</b:FileReference><b:Method>1</b:Method>"
        "<b:EstimatedDataSize>900</b:EstimatedDataSize><b:ContentId>logo@example.test</b:ContentId>"
        "<b:ContentLocation>http://example.test/a.png</b:ContentLocation><b:IsInline>1</b:IsInline>"
    )
    xml = (
        '<ApplicationData xmlns="AirSync" xmlns:b="AirSyncBase"><b:Attachments><b:Attachment>'
        f"{parts}</b:Attachment></b:Attachments></ApplicationData>"
    )
    (attachment,) = wbxml.decode(wbxml.from_xml(xml), type=Email).attachments
    assert (attachment.content_id, attachment.content_location) == ("logo@example.test", "http://example.test/a.png")
    assert (attachment.estimated_data_size, attachment.is_inline) == (900, True)


@pytest.mark.spec("MS-ASCAL_R103001", "MS-ASCAL_R103002")
@pytest.mark.spec("MS-ASCMD_R69901704", "MS-ASCMD_R69901725")
def test_the_times_that_an_attendee_proposes_go_together() -> None:
    for values, expected in (
        ({"proposed_start_time": NOON, "proposed_end_time": NOON}, []),
        ({"proposed_start_time": NOON}, ["MS-ASCMD_R69901704"]),
        ({"proposed_end_time": NOON}, ["MS-ASCMD_R69901725"]),
    ):
        event = CalendarEvent(subject="s", attendees=[Attendee(email="a@example.test", name="A", **values)])
        assert broken_within(Add(client_id="1", item=event), "16.1") == expected


@pytest.mark.spec(
    *("MS-ASCMD_R6485100803", "MS-ASCMD_R6485100812", "MS-ASCMD_R6485100813", "MS-ASCMD_R6485100814"),
    "MS-ASCMD_R6485100816",
)
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_forwardees_have_come_with_the_last_version(version: str) -> None:
    mail = Email(meeting_request=MeetingRequest(forwardees=[Forwardee(email="a@example.test", name="A")]))
    if version < "16.0":
        with pytest.raises(wbxml.EncodeError, match="orwardee"):
            wbxml.encode(Change(item=mail), version=version)
        return
    (forwardee,) = wbxml.decode(wbxml.encode(Change(item=mail), version=version)).root.iter(wbxml.ComposeMail.Forwardee)
    assert [str(child.tag) for child in forwardee] == ["ComposeMail:Name", "ComposeMail:Email"]


@pytest.mark.spec("MS-ASWBXML_R652")
def test_notes_have_come_with_14_0() -> None:
    with pytest.raises(wbxml.EncodeError, match=r"12\.1"):
        wbxml.encode(Change(item=Note(subject="N")), version="12.1")
    for version in ("14.0", "14.1", "16.0", "16.1"):
        assert wbxml.encode(Change(item=Note(subject="N")), version=version)


@pytest.mark.spec("MS-ASCAL_R364", "MS-ASDTYPE_R100")
@pytest.mark.parametrize(
    ("address", "fine"), [("a@example.test", True), ("a", False), ("@b", False), ("a@", False), ("a b@c", False)]
)
def test_the_organizer_has_an_address(address: str, fine: bool) -> None:
    event = CalendarEvent(subject="s", organizer_email=address)
    assert broken_within(Add(client_id="1", item=event)) == ([] if fine else ["MS-ASCAL_R364"])
