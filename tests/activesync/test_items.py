"""The Models of the items against real mail, contacts, events and tasks, and against Microsoft's examples."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

import wbxml
from activesync import commands, items
from activesync.commands import Add, AddResponse, Change, CollectionResponse, Sync, SyncResponse
from activesync.items import (
    MODELS,
    Attachment,
    AttachmentAdd,
    AttachmentDelete,
    AttachmentMethod,
    Attendee,
    AttendeeStatus,
    AttendeeType,
    Body,
    BodyPart,
    BodyType,
    BusyStatus,
    CalendarEvent,
    CalendarType,
    Contact,
    Email,
    EventException,
    Flag,
    FlagStatus,
    Forwardee,
    Importance,
    InstanceType,
    ItemClass,
    LastVerb,
    Location,
    MeetingMessageType,
    MeetingRecurrence,
    MeetingRequest,
    MeetingStatus,
    MessageKind,
    Note,
    Recurrence,
    RecurrenceType,
    ResponseType,
    RightsManagementLicense,
    Sensitivity,
    Task,
    TaskRecurrence,
    Weekday,
    addresses,
    message_kind,
    with_defaults,
)

from .samples import DATA, faults, microsoft, sogo, texts

EXAMPLES = sorted(
    path.name.removesuffix(".xml")
    for path in (DATA / "microsoft").glob("*sync-response*.xml")
    if path.name.startswith(("ascal", "ascntc", "asemail"))
)
# Not base64 where a byte array belongs: ConversationIndex in hexadecimal, and a picture that was cut short.
MISPRINTED = {"asemail-4.1.1-sync-response", "asemail-4.1.2-sync-response", "ascntc-4-sync-response"}
RECURRENCES = sorted(
    path.name.removesuffix(".wbxml") for path in (DATA / "libwbxml").glob("ascal-4.4-recurrence-*.wbxml")
)


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type, misc]


def collection(data: bytes) -> CollectionResponse:
    (found,) = wbxml.decode(data, type=SyncResponse).collections
    assert faults(found) == []
    return found


def received(data: bytes) -> list[Any]:
    """The items that a Sync answer brings."""
    return [one.item for one in collection(data).commands if isinstance(one, Add | Change)]


def sent(data: bytes) -> Any:
    """The one item that a Sync request sends, once it is known to be written as it was read."""
    request = wbxml.decode(data, type=Sync)
    assert faults(request) == []
    assert wbxml.encode(request) == data
    (command,) = request.collections[0].commands
    assert isinstance(command, Add | Change)
    return command.item


def change(item: Any, version: str | None = None) -> bytes:
    """An item as a whole document: within a Change, since items have no element of their own."""
    return wbxml.encode(Change(item=item), version=version)


# Mails


def test_a_mail_with_all_that_sogo_says_of_it() -> None:
    first, second, third = received(sogo("Sync-email-text.response"))
    assert first == Email(
        to='"Alice Example" <alice@example.test>',
        display_to="Alice Example",
        from_='"Bob Example" <bob@example.test>',
        subject="Message 0 (text) \u2013 ünïcødé 日本",
        thread_topic="Message 0 (text) \u2013 ünïcødé 日本",
        date_received=at(2026, 11, 23, 2, 44, 55),
        importance=Importance.NORMAL,
        read=False,
        message_class="IPM.Note",
        content_class="urn:content-classes:message",
        reply_to="Bob Example <bob@example.test>",
        internet_cpid="65001",
        body=Body(
            type=BodyType.PLAIN_TEXT,
            truncated=False,
            preview="",
            data="Hello plain 0\r\nline two äöü 😀\r\n" + "x" * 60 + "\r\n",
            estimated_data_size=128,
        ),
        flag=Flag(status=FlagStatus.CLEARED),
        categories=[],
        conversation_id=b"<m0.text.1795401895228084255@example.test>",
        last_verb_executed=LastVerb.UNKNOWN,
        native_body_type=1,
    )
    assert [one.body.type for one in (second, third)] == [1, 1]


def test_a_mail_as_mime() -> None:
    first, *_ = received(sogo("Sync-email-mime.response"))
    assert first.body.type is BodyType.MIME
    assert first.body.data.startswith("From: Bob Example <bob@example.test>\r\n")


def test_a_mail_as_a_message() -> None:
    first, *_ = received(sogo("Sync-email-mime.response"))
    message = first.body.message()
    assert message["From"].addresses[0].addr_spec == "bob@example.test"
    assert message["Subject"] == first.subject
    assert not message.defects
    first.body.data = first.body.data[:40]
    assert first.body.message()["Subject"] is None  # it is cut off before that
    with pytest.raises(ValueError, match="only a body of type MIME holds a mail"):
        Body(type=BodyType.HTML, data="<p>").message()
    with pytest.raises(ValueError, match="this is no data"):
        Body(type=BodyType.MIME).message()


def test_a_large_page_of_mails() -> None:
    found = received(sogo("Sync-page-m20k-100.response"))
    assert len(found) == 100
    assert {type(one) for one in found} == {Email}
    assert [one.subject.split()[2] for one in found] == [str(number) for number in range(100, 200)]
    assert all(one.body.type is BodyType.PLAIN_TEXT and one.body.data.endswith("\r\n") for one in found)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in MISPRINTED])
def test_an_item_of_the_specifications_is_read_whole(name: str) -> None:
    found = collection(microsoft(name))
    assert wbxml.decode(wbxml.encode(found), type=CollectionResponse) == found


@pytest.mark.spec("MS-ASEMAIL_R437")
def test_an_empty_flag_is_not_an_absent_one() -> None:
    (mail,) = received(microsoft("asemail-4.1.3.2-sync-response-attachment"))
    assert mail.flag == Flag()
    assert mail.categories == []
    assert [name for name, _ in texts(change(Email(flag=Flag(), categories=[])))][2:] == [
        "Flag",
        "Categories",
    ]
    assert texts(change(Email(categories=None)))[1:] == [("ApplicationData", None)]


def test_a_mail_with_an_attachment() -> None:
    (mail,) = received(microsoft("asemail-4.1.3.2-sync-response-attachment"))
    assert mail.attachments == [
        Attachment(
            display_name="Test.txt",
            file_reference="5%3a3%3a0",
            method=AttachmentMethod.NORMAL,
            estimated_data_size=84,
        )
    ]
    assert mail.date_received == datetime(2009, 3, 4, 22, 48, 41, 211000, UTC)


def test_a_voice_mail() -> None:
    (mail,) = received(microsoft("asemail-4.1.3.1-sync-response-voicemail"))
    assert (mail.um_caller_id, mail.um_user_notes) == ("7125550123", "7125550123")
    assert (mail.attachments[0].um_att_order, mail.attachments[0].um_att_duration) == (1, 3)


def test_an_invitation() -> None:
    (mail,) = received(microsoft("asemail-4.1.5.1-sync-response-meeting"))
    meeting = mail.meeting_request
    assert len(meeting.time_zone) == 172
    assert meeting.time_zone[:4] == (360).to_bytes(4, "little")
    assert meeting.global_obj_id.startswith(bytes.fromhex("040000008200E00074C5B7101A82E008"))
    meeting.time_zone = meeting.global_obj_id = None
    assert meeting == MeetingRequest(
        all_day_event=False,
        start_time=at(2009, 2, 20, 15, 30),
        dt_stamp=at(2009, 2, 19, 8, 35, 15, 786000),
        end_time=at(2009, 2, 20, 16, 30),
        instance_type=InstanceType.SINGLE,
        location="Cafe",
        organizer='"Device User2" <someone2@example.com>',
        reminder=900,
        response_requested=True,
        sensitivity=Sensitivity.NORMAL,
        busy_status=BusyStatus.BUSY,
    )


def test_an_invitation_to_a_meeting_that_recurs() -> None:
    (mail,) = received(microsoft("asemail-4.1.5.2-sync-response-recurring-meeting"))
    assert mail.meeting_request.instance_type is InstanceType.MASTER
    assert mail.meeting_request.recurrences == [
        MeetingRecurrence(
            type=RecurrenceType.MONTHLY_NTH,
            interval=1,
            until=at(2009, 12, 29, 21),
            week_of_month=3,
            day_of_week=4,
        )
    ]


def test_a_flag_is_set() -> None:
    mail = Email(
        read=True,
        flag=Flag(
            status=FlagStatus.ACTIVE,
            flag_type="for Follow Up",
            start_date=at(2009, 2, 24, 8),
            utc_start_date=at(2009, 2, 24, 8),
            due_date=at(2009, 2, 25, 12),
            utc_due_date=at(2009, 2, 25, 12),
            reminder_set=False,
        ),
    )
    assert sent(microsoft("asemail-4.2.1-sync-request-flag")) == mail
    (reminded,) = received(microsoft("asemail-4.2.1-sync-response-flag"))
    assert (reminded.flag.subject, reminded.flag.reminder_set) == ("With Reminder", True)
    assert reminded.flag.reminder_time == at(2009, 2, 19, 21)


def test_a_draft_and_its_attachments() -> None:
    (response,) = collection(microsoft("asemail-4.4-sync-response-draft")).responses
    assert isinstance(response, AddResponse)
    assert isinstance(response.item, Email)
    assert [type(one) for one in response.item.attachments] == [Attachment] * 3
    assert {one.client_id for one in response.item.attachments if isinstance(one, Attachment)} == {
        "0a450577-71d6-41b3-ac12-98717a3a95d7",
        "4c5bcc06-0418-4ce8-a364-408925025ce1",
        "92e9835a-4345-4fe6-a287-337a21d01640",
    }
    draft = Email(
        to="a@example.test",
        bcc="b@example.test",
        attachments=[
            AttachmentAdd(
                client_id="1",
                method=AttachmentMethod.NORMAL,
                content_type="image/png",
                content_id="c",
                content=b"\x89PNG",
                display_name="a.png",
                is_inline=True,
            ),
            AttachmentDelete(file_reference="4:1"),
        ],
    )
    data = change(draft, "16.1")
    assert wbxml.decode(data, type=Change).item == draft
    content = wbxml.decode(data).root.find(
        "AirSync:ApplicationData/AirSyncBase:Attachments/AirSyncBase:Add/AirSyncBase:Content"
    )
    assert content is not None
    assert content.data == b"\x89PNG"


@pytest.mark.spec("MS-ASEMAIL_R345", "MS-ASEMAIL_R354")
def test_byte_arrays_are_opaque() -> None:
    data = change(Email(conversation_id=b"\x00\xff", conversation_index=b"\x01"))
    found = [one.data for one in wbxml.decode(data).root[0]]
    assert found == [b"\x00\xff", b"\x01"]


def test_the_parts_of_a_conversation() -> None:
    part = BodyPart(status=176, type=BodyType.HTML, estimated_data_size=1)
    data = change(Email(subject="s", body_part=part), "14.1")
    assert wbxml.decode(data, type=Change).item == Email(subject="s", body_part=part)


def test_all_properties_of_a_mail_round_trip() -> None:
    mail = Email(
        cc="c",
        sender="s",
        last_verb_execution_time=at(2026, 1, 2),
        received_as_bcc=True,
        account_id="1",
        is_draft=False,
        categories=["red", "blue"],
        meeting_request=MeetingRequest(
            place=Location(display_name="Room", latitude="47.5", longitude="-122.1"),
            meeting_message_type=MeetingMessageType.FULL_UPDATE,
            uid="u",
            proposed_start_time=at(2026, 1, 2),
            proposed_end_time=at(2026, 1, 3),
            forwardees=[Forwardee(name="N", email="n@example.test")],
            recurrences=[
                MeetingRecurrence(
                    type=RecurrenceType.WEEKLY,
                    calendar_type=CalendarType.GREGORIAN,
                    is_leap_month=False,
                    first_day_of_week=Weekday.MONDAY,
                )
            ],
        ),
        rights_management_license=RightsManagementLicense(
            owner=True, content_owner="o", content_expiry_date=at(2030, 1, 1), template_id="t"
        ),
    )
    data = change(mail, "16.1")
    assert wbxml.decode(data, type=Change).item == mail


# Contacts


def test_a_contact_that_is_sent() -> None:
    contact = sent(sogo("Sync-contacts-add.request"))
    assert contact.picture.startswith(b"\xff\xd8\xff\xe0")
    contact.picture = None
    assert contact == Contact(
        first_name="Zoë",
        last_name="Müller",
        file_as="Müller, Zoë",
        email1_address='"Zoë Müller" <zoe@example.test>',
        mobile_phone_number="+1 555 9",
        company_name="A & B <Co>",
        birthday=at(1990, 5, 6),
        categories=["Red", "Grün"],
        nick_name="zz",
        im_address="zoe@im",
        body=Body(type=BodyType.PLAIN_TEXT, estimated_data_size=5, data="note!"),
    )


def test_a_contact_that_is_received() -> None:
    (contact,) = received(sogo("Sync-contacts-initial.response"))
    assert contact == Contact(
        last_name="Doe",
        first_name="Jané",
        middle_name="M",
        title="Dr.",
        suffix="Jr.",
        file_as="Jané Doe",
        company_name="Acme",
        department="R&D",
        categories=["Red", "Blue"],
        im_address="",
        nick_name="",
        job_title="Boss",
        email1_address="jane@example.test",
        business_phone_number="+1 555 2",
        mobile_phone_number="+1 555 1",
        business_address_street="1 Main St",
        business_address_city="Town",
        business_address_state="ST",
        business_address_postal_code="12345",
        business_address_country="Land",
        birthday=at(1980, 2, 29),
        body=Body(type=BodyType.PLAIN_TEXT, estimated_data_size=13, data=contact.body.data),
    )
    assert contact.body.data.startswith("A note é")


def test_a_contact_with_a_picture_that_is_no_base64_is_read_without_it() -> None:
    (answer,) = wbxml.decode(microsoft("ascntc-4-sync-response"), type=SyncResponse).collections
    (add,) = answer.commands
    assert isinstance(add, Add)
    assert isinstance(add.item, Contact)
    assert (add.item.file_as, add.item.web_page, add.item.picture) == ("Kerry, Anat", "http://www.contoso.com/", None)
    assert [problem.tag for problem in add.item.problems] == ["Contacts:Picture"]


# Events


def test_an_event_that_is_sent() -> None:
    event = sent(sogo("Sync-calendar-add.request"))
    assert event == CalendarEvent(
        timezone=bytes(172),
        all_day_event=False,
        busy_status=BusyStatus.BUSY,
        dt_stamp=at(2026, 11, 23),
        start_time=at(2026, 12, 10, 10),
        end_time=at(2026, 12, 10, 11),
        subject="New event é",
        location="Ort ü",
        uid="cal-uid-1",
        sensitivity=Sensitivity.NORMAL,
        reminder=10,
        meeting_status=MeetingStatus.APPOINTMENT,
        recurrence=Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=8, occurrences=5),
        body=Body(type=BodyType.PLAIN_TEXT, data="agenda"),
    )


def test_an_event_that_is_received() -> None:
    (event,) = received(sogo("Sync-calendar-initial.response"))
    assert len(event.timezone) == 172
    assert event.recurrence == Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=10, occurrences=10)
    assert event.exceptions == [EventException(deleted=True, exception_start_time=at(2026, 11, 30, 9))]
    assert (event.subject, event.start_time) == ("Stand-up \u2713", at(2026, 11, 25, 9))
    assert event.attendees is None


def test_a_meeting_with_an_attendee() -> None:
    (event,) = received(microsoft("ascal-4.3-sync-response-accepted"))
    assert event.attendees == [
        Attendee(
            email="chris@fourthcoffee.com",
            name="Chris Gray",
            attendee_status=AttendeeStatus.ACCEPTED,
            attendee_type=AttendeeType.REQUIRED,
        )
    ]
    assert event.meeting_status is MeetingStatus.ORGANIZER


def test_an_appointment_with_a_deleted_occurrence() -> None:
    (event,) = received(microsoft("ascal-4.2-sync-response"))
    assert event.exceptions == [EventException(deleted=True, exception_start_time=at(2009, 4, 24, 17))]
    assert event.recurrence == Recurrence(type=RecurrenceType.WEEKLY, interval=1, occurrences=3, day_of_week=32)
    assert (event.response_requested, event.response_type) == (True, ResponseType.ORGANIZER)


@pytest.mark.parametrize("name", RECURRENCES)
def test_a_recurrence_of_the_specifications_is_written_byte_for_byte(name: str) -> None:
    data = (DATA / "libwbxml" / f"{name}.wbxml").read_bytes()
    recurrence = wbxml.decode(data, type=Recurrence)
    assert faults(recurrence) == []
    assert wbxml.encode(recurrence) == data


WHOLE = CalendarEvent(
    subject="Team", location="Room 1", start_time=at(2026, 3, 2, 9), end_time=at(2026, 3, 2, 10), reminder=15,
    all_day_event=False, busy_status=BusyStatus.BUSY, sensitivity=Sensitivity.PRIVATE, categories=["a"],
    meeting_status=MeetingStatus.ORGANIZER, attendees=[Attendee(email="bob@example.test")], body=Body(data="whole"),
    recurrence=Recurrence(), exceptions=[],
)  # fmt: skip
INHERITED = {
    # What an exception does not say is as in the whole event; "" where only the section says so.
    "all_day_event": (True, "MS-ASCAL_R82"),
    "attendees": ([Attendee(email="eve@example.test")], "MS-ASCAL_R108"),
    "location": ("Room 2", "MS-ASCAL_R298"),
    "reminder": (5, "MS-ASCAL_R394"),
    "sensitivity": (Sensitivity.NORMAL, "MS-ASCAL_R425"),
    "subject": ("Other", "MS-ASCAL_R442"),
    "busy_status": (BusyStatus.FREE, "MS-ASCAL_R135"),
    "categories": (["b"], ""),
    "body": (Body(data="other"), ""),
    "meeting_status": (MeetingStatus.CANCELLED_ORGANIZER, "MS-ASCAL_R306"),
    "dt_stamp": (at(2026, 3, 1), "MS-ASCAL_R600"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, marks=pytest.mark.spec(id_) if id_ else (), id=name)
        for name, (value, id_) in INHERITED.items()
    ],
)
def test_an_instance_is_the_event_but_for_its_exception(name: str, value: Any) -> None:
    silent = WHOLE.instance(EventException(exception_start_time=at(2026, 3, 9, 9)))
    assert silent is not None and getattr(silent, name) == getattr(WHOLE, name)
    told = WHOLE.instance(EventException(exception_start_time=at(2026, 3, 9, 9), **{name: value}))
    assert told is not None and getattr(told, name) == value
    assert (told.recurrence, told.exceptions) == (None, None)
    others = {one for one in INHERITED if one != name}
    assert all(getattr(told, one) == getattr(WHOLE, one) for one in others)


@pytest.mark.spec("MS-ASCAL_R210")
def test_a_deleted_instance_is_none() -> None:
    assert WHOLE.instance(EventException(deleted=True)) is None


@pytest.mark.spec("MS-ASCAL_R238", "MS-ASCAL_R436")
def test_an_instance_is_as_long_as_the_others() -> None:
    day = at(2026, 3, 9, 9)
    for which in ({"exception_start_time": day}, {"instance_id": day}):
        same = WHOLE.instance(EventException(**which, subject="Other"))
        assert same is not None and (same.start_time, same.end_time) == (day, at(2026, 3, 9, 10))
    moved = WHOLE.instance(EventException(exception_start_time=day, start_time=at(2026, 3, 9, 11)))
    assert moved is not None and (moved.start_time, moved.end_time) == (at(2026, 3, 9, 11), at(2026, 3, 9, 12))
    longer = WHOLE.instance(EventException(exception_start_time=day, end_time=at(2026, 3, 9, 17)))
    assert longer is not None and (longer.start_time, longer.end_time) == (day, at(2026, 3, 9, 17))


def test_all_properties_of_an_exception_round_trip() -> None:
    exception = EventException(
        instance_id=at(2026, 11, 30, 9),
        subject="moved",
        start_time=at(2026, 11, 30, 10),
        end_time=at(2026, 11, 30, 11),
        body=Body(type=BodyType.HTML, data="<p>"),
        place=Location(display_name="elsewhere", location_uri="x"),
        attachments=[Attachment(file_reference="1")],
        categories=[],
        sensitivity=Sensitivity.CONFIDENTIAL,
        busy_status=BusyStatus.WORKING_ELSEWHERE,
        all_day_event=False,
        reminder=5,
        meeting_status=MeetingStatus.RECEIVED,
        attendees=[Attendee(email="a@example.test", name="A", proposed_start_time=at(2026, 11, 30, 12))],
        response_type=ResponseType.TENTATIVE,
        online_meeting_external_link="",
    )
    event = CalendarEvent(client_uid="c", exceptions=[exception])
    data = change(event, "16.1")
    assert wbxml.decode(data, type=Change).item == event


# Tasks and notes


def test_a_task_that_is_sent() -> None:
    assert sent(sogo("Sync-tasks-add.request")) == Task(
        subject="New task ö",
        importance=Importance.HIGH,
        utc_due_date=at(2026, 12, 9, 19),
        due_date=at(2026, 12, 9, 19),
        complete=False,
        reminder_set=False,
        sensitivity=Sensitivity.NORMAL,
        body=Body(type=BodyType.PLAIN_TEXT, data="task body"),
    )
    assert sent(sogo("Sync-tasks-change.request")) == Task(
        subject="New task 2", complete=True, date_completed=at(2026, 12, 9)
    )


def test_a_task_that_is_received() -> None:
    (task,) = received(sogo("Sync-tasks-initial.response"))
    assert task == Task(
        complete=False,
        due_date=at(2026, 11, 30, 17),
        utc_due_date=at(2026, 11, 30, 17),
        importance=Importance.HIGH,
        reminder_set=False,
        sensitivity=Sensitivity.NORMAL,
        subject="Task one",
        body=Body(type=BodyType.PLAIN_TEXT, estimated_data_size=5, data="do it"),
    )


def test_a_task_that_recurs_round_trips() -> None:
    task = Task(
        recurrence=TaskRecurrence(
            type=RecurrenceType.MONTHLY,
            start=at(2026, 1, 1),
            until=at(2027, 1, 1),
            interval=2,
            day_of_month=15,
            regenerate=False,
            dead_occur=False,
            first_day_of_week=Weekday.SUNDAY,
        ),
        ordinal_date=at(2026, 1, 1),
        sub_ordinal_date="5",
    )
    data = change(task, "14.1")
    assert wbxml.decode(data, type=Change).item == task


def test_a_note() -> None:
    data = wbxml.from_xml(
        "<Change xmlns='AirSync' xmlns:n='Notes' xmlns:b='AirSyncBase'><ServerId>1</ServerId><ApplicationData>"
        "<b:Body><b:Type>1</b:Type><b:Data>milk</b:Data></b:Body><n:Subject>shopping</n:Subject>"
        "<n:MessageClass>IPM.StickyNote</n:MessageClass><n:LastModifiedDate>20261123T024455Z</n:LastModifiedDate>"
        "<n:Categories><n:Category>home</n:Category></n:Categories></ApplicationData></Change>"
    )
    note = Note(
        subject="shopping",
        message_class="IPM.StickyNote",
        last_modified_date=at(2026, 11, 23, 2, 44, 55),
        categories=["home"],
        body=Body(type=BodyType.PLAIN_TEXT, data="milk"),
    )
    assert wbxml.decode(data, type=Change).item == note
    assert texts(change(note, "14.0"))[2:5] == [
        ("Subject", "shopping"),
        ("MessageClass", "IPM.StickyNote"),
        ("LastModifiedDate", "20261123T024455Z"),
    ]
    with pytest.raises(wbxml.EncodeError, match=r"not in version 12\.1"):
        change(note, "12.1")


# All of them

WHEN = at(2004, 12, 25, 8, 35)
DASHED, COMPACT = "2004-12-25T08:35:00.000Z", "20041225T083500Z"


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (Email(date_received=WHEN), DASHED),
        (Email(last_verb_execution_time=WHEN), DASHED),
        (Email(flag=Flag(due_date=WHEN)), DASHED),
        (Email(flag=Flag(complete_time=WHEN)), DASHED),
        (Email(meeting_request=MeetingRequest(start_time=WHEN)), DASHED),
        (Email(meeting_request=MeetingRequest(recurrence_id=WHEN)), DASHED),
        (Email(meeting_request=MeetingRequest(proposed_start_time=WHEN)), COMPACT),
        (Email(meeting_request=MeetingRequest(recurrences=[MeetingRecurrence(until=WHEN)])), COMPACT),
        (Contact(birthday=WHEN), DASHED),
        (Contact(anniversary=WHEN), DASHED),
        (Task(due_date=WHEN), DASHED),
        (Task(recurrence=TaskRecurrence(until=WHEN)), DASHED),
        (CalendarEvent(dt_stamp=WHEN), COMPACT),
        (CalendarEvent(start_time=WHEN), COMPACT),
        (CalendarEvent(appointment_reply_time=WHEN), COMPACT),
        (CalendarEvent(recurrence=Recurrence(until=WHEN)), COMPACT),
        (CalendarEvent(exceptions=[EventException(exception_start_time=WHEN)]), COMPACT),
        (CalendarEvent(exceptions=[EventException(instance_id=WHEN)]), COMPACT),
        (CalendarEvent(attendees=[Attendee(proposed_end_time=WHEN)]), COMPACT),
        (Note(last_modified_date=WHEN), COMPACT),
    ],
)
def test_a_date_is_written_as_its_element_demands_and_read_in_both_ways(item: wbxml.Model, text: str) -> None:
    data = change(item)
    assert [found for _, found in texts(data) if found] == [text]
    for other in (DASHED, COMPACT):
        assert wbxml.decode(data.replace(text.encode(), other.encode()), type=Change).item == item


@pytest.mark.parametrize(
    ("item", "version"),
    [
        (Email(is_draft=True), "14.1"),
        (Email(conversation_id=b"1"), "12.1"),
        (Email(account_id="1"), "14.0"),
        (CalendarEvent(place=Location(city="x")), "14.1"),
        (CalendarEvent(location="x"), "16.0"),
        (CalendarEvent(attachments=[Attachment()]), "14.1"),
        (CalendarEvent(client_uid="x"), "14.1"),
        (CalendarEvent(exceptions=[EventException(exception_start_time=WHEN)]), "16.0"),
        (CalendarEvent(exceptions=[EventException(attendees=[])]), "12.1"),
        (Email(meeting_request=MeetingRequest(uid="x")), "14.1"),
        (Email(meeting_request=MeetingRequest(global_obj_id=b"x")), "16.0"),
        (Contact(weighted_rank=1), "12.1"),
        (Task(recurrence=TaskRecurrence(first_day_of_week=Weekday.MONDAY)), "14.0"),
    ],
)
def test_a_property_is_refused_in_a_version_that_does_not_have_it(item: wbxml.Model, version: str) -> None:
    with pytest.raises(wbxml.EncodeError, match=f"not in version {re.escape(version)}"):
        change(item, version)


def test_each_class_has_its_model() -> None:
    assert dict(MODELS) == {
        "Email": Email,
        "Contacts": Contact,
        "Calendar": CalendarEvent,
        "Tasks": Task,
        "Notes": Note,
        "SMS": Email,
    }
    assert set(MODELS) == set(ItemClass)


@pytest.mark.parametrize(
    "item",
    [
        Contact(body=Body(data="x"), native_body_type=1, first_name="A"),
        Contact(native_body_type=1, nick_name="A"),
        CalendarEvent(native_body_type=1, subject="A"),
        Task(native_body_type=1, subject="A"),
        Note(native_body_type=1, subject="A"),
        Email(native_body_type=1, is_draft=True),
    ],
)
def test_what_all_classes_have_does_not_decide_which_it_is(item: wbxml.Model) -> None:
    # All of AirSyncBase first, as some servers do.
    children = sorted(wbxml.to_etree(change(item))[0], key=lambda child: "AirSyncBase" not in child.tag)
    tree = wbxml.to_etree(wbxml.encode(Change(item=Email())))
    tree[0].extend(children)
    assert wbxml.decode(wbxml.encode(tree), type=Change).item == item


# What waits for its command: GetHierarchy, and the lifting of rights.
WAITING = {
    "FolderHierarchy": {"Folders", "Folder"},
    "RightsManagement": {"RemoveRightsManagementProtection"},
}


def described() -> set[str]:
    """The tags of all Models of commands and items."""
    models = [
        one
        for one in chain(vars(commands).values(), vars(items).values())
        if isinstance(one, type) and issubclass(one, wbxml.Model)
    ]
    found: set[str] = set()
    for model in models:
        declared: Any = model
        found |= {tag for one in declared.__wbxml_fields__.values() for tag in (one.tag, one.within) if tag}
        found |= {declared.__wbxml_tag__} - {None}
    return found


@pytest.mark.parametrize(
    "page",
    [
        *(wbxml.AirSync, wbxml.AirSyncBase, wbxml.Email, wbxml.Email2, wbxml.Contacts, wbxml.Contacts2),
        *(wbxml.Calendar, wbxml.Tasks, wbxml.Notes, wbxml.GAL, wbxml.DocumentLibrary, wbxml.RightsManagement),
        *(wbxml.FolderHierarchy, wbxml.GetItemEstimate, wbxml.Search, wbxml.Find, wbxml.Settings, wbxml.Provision),
    ],
    ids=lambda page: page.__name__,
)
def test_every_element_from_12_1_on_is_described(page: Any) -> None:
    current = {tag for tag in page if set(tag.versions) & {"12.1", "14.0", "14.1", "16.0", "16.1"}}
    missing = {tag.name for tag in current if tag not in described()}
    assert missing == WAITING.get(page.__name__, set())


def test_what_is_false_shows_and_what_is_absent_does_not() -> None:
    assert repr(Email(read=False, subject="x")) == "Email(subject='x', read=False)"


# What it means

KINDS = [
    ("IPM.Note", MessageKind.MAIL, "R590"),
    ("IPM.Note.SMIME", MessageKind.ENCRYPTED, "R591"),
    ("IPM.Note.SMIME.MultipartSigned", MessageKind.SIGNED, "R592"),
    ("IPM.Note.Receipt.SMIME", MessageKind.SECURE_RECEIPT, "R593"),
    ("IPM.InfoPathForm", MessageKind.FORM, "R594"),
    ("IPM.Schedule.Meeting", MessageKind.MEETING, "R595"),
    ("IPM.Notification.Meeting", MessageKind.MEETING_NOTIFICATION, "R596"),
    ("IPM.Post", MessageKind.POST, "R597"),
    ("IPM.Octel.Voice", MessageKind.VOICE, "R598"),
    ("IPM.Voicenotes", MessageKind.VOICE, "R599"),
    ("IPM.Sharing", MessageKind.SHARING, "R600"),
    ("REPORT.IPM.NOTE.NDR", MessageKind.NOT_DELIVERED, "R604"),
    ("REPORT.IPM.NOTE.DR", MessageKind.DELIVERED, "R605"),
    ("REPORT.IPM.NOTE.DELAYED", MessageKind.DELAYED, "R606"),
    ("X.REPORT.IPM.NOTE.IPNRN", MessageKind.READ, "R607"),
    ("X.REPORT.IPM.NOTE.IPNNRN", MessageKind.NOT_READ, "R608"),
    ("REPORT.IPM.SCHEDULE.MEETING.REQUEST.NDR", MessageKind.NOT_DELIVERED, "R609"),
    ("REPORT.IPM.SCHEDULE.MEETING.RESP.POS.NDR", MessageKind.NOT_DELIVERED, "R610"),
    ("REPORT.IPM.SCHEDULE.MEETING.RESP.TENT.NDR", MessageKind.NOT_DELIVERED, "R611"),
    ("REPORT.IPM.SCHEDULE.MEETING.CANCELED.NDR", MessageKind.NOT_DELIVERED, "R612"),
    ("REPORT.IPM.NOTE.SMIME.NDR", MessageKind.NOT_DELIVERED, "R613"),
    ("REPORT.IPM.NOTE.SMIME.DR", MessageKind.DELIVERED, "R614"),
    ("X.REPORT.IPM.NOTE.SMIME.MULTIPARTSIGNED.NDR", MessageKind.NOT_DELIVERED, "R615"),
    ("REPORT.IPM.NOTE.SMIME.MULTIPARTSIGNED.DR", MessageKind.DELIVERED, "R616"),
    ("IPM.Schedule.Meeting.Request", MessageKind.MEETING, ""),
    ("IPM.Note.Microsoft.Voicemail.UM.CA", MessageKind.VOICE, ""),
    ("ipm.note.custom", MessageKind.MAIL, ""),
    ("IPM.Notebook", MessageKind.OTHER, ""),
    ("REPORT.IPM.NOTE.NEW", MessageKind.OTHER, ""),
    ("", MessageKind.MAIL, ""),
    (None, MessageKind.MAIL, ""),
]


@pytest.mark.parametrize(
    ("message_class", "kind"),
    [
        pytest.param(name, kind, marks=pytest.mark.spec(f"MS-ASEMAIL_{id_}") if id_ else (), id=str(name))
        for name, kind, id_ in KINDS
    ],
)
def test_what_a_mail_is(message_class: str | None, kind: MessageKind) -> None:
    assert message_kind(message_class) is kind


DEFAULTS = [
    (Email(), "importance", Importance.NORMAL, Importance.HIGH, "MS-ASEMAIL_R487"),
    (Flag(), "reminder_set", False, True, "MS-ASEMAIL_R693"),
    (MeetingRequest(), "busy_status", BusyStatus.BUSY, BusyStatus.FREE, "MS-ASEMAIL_R270"),
    (MeetingRequest(), "sensitivity", Sensitivity.NORMAL, Sensitivity.PRIVATE, "MS-ASEMAIL_R735"),
    (
        MeetingRequest(), "meeting_message_type", MeetingMessageType.UNSPECIFIED, MeetingMessageType.INITIAL,
        "MS-ASEMAIL_R540",
    ),
    (MeetingRequest(), "disallow_new_time_proposal", False, True, "MS-ASEMAIL_R389"),
    (MeetingRecurrence(), "is_leap_month", False, True, "MS-ASEMAIL_R509"),
    (Recurrence(), "is_leap_month", False, True, "MS-ASCAL_R293"),
    (TaskRecurrence(), "is_leap_month", False, True, "MS-ASTASK_R204"),
    (TaskRecurrence(), "dead_occur", False, True, "MS-ASTASK_R158"),
    (TaskRecurrence(), "regenerate", False, True, "MS-ASTASK_R245"),
    (Task(), "sensitivity", Sensitivity.NORMAL, Sensitivity.PRIVATE, "MS-ASTASK_R264"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "name", "default", "other"),
    [pytest.param(*row[:4], marks=pytest.mark.spec(row[4]), id=row[4]) for row in DEFAULTS],
)
def test_what_was_not_sent_has_its_default(model: Any, name: str, default: Any, other: Any) -> None:
    assert getattr(with_defaults(model), name) == default and getattr(model, name) is None
    said = type(model)(**{name: other})
    assert getattr(with_defaults(said), name) == other


def test_defaults_go_into_what_an_item_holds() -> None:
    mail = with_defaults(Email(meeting_request=MeetingRequest(recurrences=[MeetingRecurrence()])))
    assert mail.meeting_request is not None and mail.meeting_request.busy_status is BusyStatus.BUSY
    assert mail.meeting_request.recurrences[0].is_leap_month is False
    assert mail.subject is None, "what has no default stays as it is"


@pytest.mark.spec(
    *("MS-ASCAL_R31811", "MS-ASCAL_R31812", "MS-ASCAL_R3181211", "MS-ASCAL_R31813", "MS-ASCAL_R3181311"),
    *("MS-ASCAL_R31814", "MS-ASCAL_R3181411", "MS-ASCAL_R3181511"),
)
@pytest.mark.parametrize("status", MeetingStatus)
def test_the_bits_of_a_meeting_status(status: MeetingStatus) -> None:
    bits = (status.is_meeting, status.is_received, status.is_cancelled)
    assert bits == (status % 2 == 1, status // 2 % 2 == 1, status // 4 % 2 == 1)
    assert status.is_meeting == (status is not MeetingStatus.APPOINTMENT)
    assert status.is_cancelled == status.name.startswith("CANCELLED")
    assert status.is_received == ("RECEIVED" in status.name)


@pytest.mark.spec(
    *("MS-ASEMAIL_R330", "MS-ASEMAIL_R331", "MS-ASEMAIL_R786", "MS-ASEMAIL_R787", "MS-ASEMAIL_R710", "MS-ASEMAIL_R711"),
    *("MS-ASEMAIL_R399", "MS-ASEMAIL_R400"),
)
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"Ann Lee" <ann@example.test>, bob@example.test', [("Ann Lee", "ann@example.test"), ("", "bob@example.test")]),
        ('"Lee, Ann" <ann@example.test>', [("Lee, Ann", "ann@example.test")]),
        ('"a; b" <a@example.test>; b@example.test', [("a; b", "a@example.test"), ("", "b@example.test")]),
        ("Ann Lee; Bob Ray", [("Ann Lee", ""), ("Bob Ray", "")]),
        ("", []),
        (None, []),
        (" , ;; ", []),
        ('"', []),
    ],
)
def test_the_addresses_of_a_mail(text: str | None, found: list[tuple[str, str]]) -> None:
    assert addresses(text) == found


@pytest.mark.spec("MS-ASAIRS_R372")
def test_a_body_of_a_type_of_its_own_comes_with_that_type_told() -> None:
    text = '<Body xmlns="AirSyncBase"><Type>9</Type><Data>x</Data></Body>'
    body = wbxml.decode(wbxml.from_xml(text), type=Body)
    assert body.data == "x" and [(one.tag, one.value) for one in body.problems] == [(wbxml.AirSyncBase.Type, "9")]


@pytest.mark.spec("MS-ASCAL_R508")
def test_an_exception_can_take_away_what_the_series_has() -> None:
    reminder = wbxml.decode(wbxml.from_xml('<Reminder xmlns="Calendar"/>')).root
    exception = EventException(location="", categories=[], unknown=(reminder,))
    sent = change(CalendarEvent(subject="s", exceptions=[exception]), "14.1")
    (element,) = wbxml.decode(sent).root.iter(wbxml.Calendar.Exception)
    assert [(child.tag.name, child.text, len(child)) for child in element] == [
        ("Location", None, 0), ("Categories", None, 0), ("Reminder", None, 0),
    ]  # fmt: skip
