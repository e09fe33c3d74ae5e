"""Mails, as [MS-ASEMAIL] and [MS-ASAIRS] have them: drafts and their attachments, flags, meetings, voice, bodies."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import wbxml
from activesync import (
    Add,
    Attachment,
    Body,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Email,
    Flag,
    FolderType,
    Importance,
    errors,
)
from activesync.calendars import global_obj_id, uid
from activesync.calendars.globalobjid import instance_of
from activesync.commands import Collection, Options, Sync, SyncResponse
from activesync.items import (
    AttachmentAdd,
    AttachmentDelete,
    AttachmentMethod,
    BusyStatus,
    FlagStatus,
    InstanceType,
    MeetingRequest,
    MessageKind,
    message_kind,
)
from activesync.testing import EASServer, Mailbox, sample_mailbox

from .broken import broken_within
from .clients import COLLECTION, client, sent
from .samples import DATA, microsoft

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=4, contacts=2, events=2)) as running:
        yield running


def mails(name: str) -> list[Any]:
    """The mails of an example of Microsoft's."""
    answer = wbxml.decode(microsoft(name), type=SyncResponse)
    return [one.item for one in answer.collections[0].commands]


# Drafts

WHOLE = {
    "to": "bob@example.test", "cc": "cid@example.test", "bcc": "dan@example.test", "subject": "Draft",
    "importance": Importance.HIGH, "reply_to": "eve@example.test", "read": True, "flag": Flag(),
    "body": Body(type=BodyType.PLAIN_TEXT, data="x"),
}  # fmt: skip
AS_MIME = {
    "importance": Importance.HIGH, "read": True, "flag": Flag(),
    "body": Body(type=BodyType.MIME, data="From: a@example.test\r\nTo: b@example.test\r\nSubject: M\r\n\r\nx"),
}  # fmt: skip
FILE = AttachmentAdd(
    client_id="f1", method=AttachmentMethod.NORMAL, content=b"hello", display_name="a.txt", content_type="text/plain"
)


@pytest.mark.parametrize(
    ("kind", "values", "other", "requirement"),
    [
        pytest.param(kind, values, other, id_, marks=pytest.mark.spec(id_), id=id_)
        for kind, values, other, id_ in (
            (Add, WHOLE, {"thread_topic": "t"}, "MS-ASEMAIL_R1489"),
            (Change, WHOLE, {"date_received": NOON}, "MS-ASEMAIL_R1490"),
            (Add, AS_MIME, {"to": "bob@example.test"}, "MS-ASEMAIL_R14890"),
            (Change, AS_MIME, {"subject": "s"}, "MS-ASEMAIL_R14900"),
        )
    ],
)
def test_what_a_draft_may_hold(
    server: EASServer, kind: Any, values: dict[str, Any], other: dict[str, Any], requirement: str
) -> None:
    who = {"client_id": "1"} if kind is Add else {"server_id": "1"}
    assert broken_within(kind(**who, item=Email(**values, attachments=[FILE])), "16.1") == []
    assert broken_within(kind(**who, item=Email(**values, **other)), "16.1") == [requirement]
    with client(server, versions=("16.1",)) as eas:
        list(eas.sync("drafts"))
        if kind is Change:
            known = server.mailbox.add(FolderType.DRAFTS, Email(subject="before", is_draft=True))
            list(eas.sync("drafts"))
            command: Any = Change(server_id=known, item=Email(**values))
        else:
            command = Add(item=Email(**values))
        (result,) = eas.apply("drafts", [command])
        assert result.ok, result
        kept = server.mailbox.item(result.server_id)
        assert isinstance(kept, Email) and kept.importance is Importance.HIGH
        assert kept.subject == values.get("subject", "M")


@pytest.mark.spec("MS-ASEMAIL_R1388")
@pytest.mark.spec("MS-ASEMAIL_R1389", "MS-ASEMAIL_R1494", "MS-ASCMD_R6240")
def test_a_draft_is_kept_until_it_is_sent(server: EASServer) -> None:
    with client(server, versions=("16.1",)) as eas:
        list(eas.sync("drafts"))
        (result,) = eas.apply("drafts", [Add(item=Email(to="bob@example.test", subject="Draft"))])
        assert list(server.mailbox.items(FolderType.DRAFTS)) == [result.server_id]
        before = len(server.mailbox.items(FolderType.SENT_ITEMS))
        known = result.server_id
        assert eas.apply("drafts", [Change(server_id=known, send=True, item=Email(subject="Sent"))])[0].ok
        assert not server.mailbox.items(FolderType.DRAFTS)
        (gone,) = list(server.mailbox.items(FolderType.SENT_ITEMS).values())[before:]
        assert isinstance(gone, Email) and gone.subject == "Sent" and not gone.is_draft
        kept, sending = (root.find(f"{COLLECTION}/AirSync:Commands")[0] for root in sent(server, "Sync")[-2:])
        assert kept.find("Email2:Send") is None and sending.find("Email2:Send") is not None


VERSIONS_OF_FILES = {
    "16.0": ("MS-ASEMAIL_R1184", "MS-ASEMAIL_R1190", "MS-ASAIRS_R1367", "MS-ASAIRS_R1052"),
    "16.1": ("MS-ASEMAIL_R11850", "MS-ASEMAIL_R11910", "MS-ASAIRS_R1001000", "MS-ASAIRS_R1000955"),
}


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=pytest.mark.spec(*ids)) for version, ids in VERSIONS_OF_FILES.items()]
)
@pytest.mark.spec("MS-ASAIRS_R1369", "MS-ASAIRS_R1373", "MS-ASAIRS_R1082", "MS-ASAIRS_R1336")
def test_attachments_are_given(version: str) -> None:
    """To drafts and to events: the answer names each by its ClientId, and what it is from now on."""
    with EASServer(Mailbox("alice", "secret"), versions=(version,)) as server, client(server) as eas:
        for folder, item in with_a_file().items():
            list(eas.sync(folder))
            (result,) = eas.apply(folder, [Add(item=item)])
            assert result.ok
            (told,) = result.item.attachments
            assert isinstance(told, Attachment) and told.client_id == "f1" and told.file_reference
            if folder == "drafts":
                assert len(result.item.conversation_id) == 16 and len(result.item.conversation_index) == 5
            (kept,) = server.mailbox.item(result.server_id).attachments
            assert (kept.display_name, kept.file_reference) == ("a.txt", told.file_reference)


def with_a_file() -> dict[str, Any]:
    return {
        "drafts": Email(to="bob@example.test", subject="s", attachments=[FILE]),
        "calendar": CalendarEvent(subject="s", start_time=NOON, end_time=NOON, attachments=[FILE]),
    }


@pytest.mark.parametrize("version", VERSIONS_OF_FILES)
@pytest.mark.spec("MS-ASAIRS_R1370", "MS-ASAIRS_R1372", "MS-ASAIRS_R1374")
def test_attachments_are_taken_away(version: str) -> None:
    """By the reference that was told when they were given, while others stay or come."""
    with EASServer(Mailbox("alice", "secret"), versions=(version,)) as server, client(server) as eas:
        for folder, item in with_a_file().items():
            list(eas.sync(folder))
            (result,) = eas.apply(folder, [Add(item=item)])
            (told,) = result.item.attachments
            second = AttachmentAdd(client_id="f2", content=b"more", display_name="b.txt")
            gone = AttachmentDelete(file_reference=told.file_reference)
            changed = type(item)(attachments=[second, gone])
            (result,) = eas.apply(folder, [Change(server_id=result.server_id, item=changed)])
            assert result.ok and [one.client_id for one in result.item.attachments] == ["f2"]
            (kept,) = server.mailbox.item(result.server_id).attachments
            assert kept.display_name == "b.txt" and kept.file_reference != told.file_reference
            again = type(item)(attachments=[gone])
            assert not eas.apply(folder, [Change(server_id=result.server_id, item=again)])[0].ok


@pytest.mark.spec("MS-ASAIRS_R1368")
def test_the_example_of_a_draft_with_attachments() -> None:
    answer = wbxml.decode(microsoft("asemail-4.4-sync-response-draft"), type=SyncResponse)
    (response,) = answer.collections[0].responses
    assert len(response.item.attachments) == 3
    assert all(one.client_id and one.file_reference for one in response.item.attachments)


# Flags


def flag(**values: Any) -> Flag:
    return Flag(**values)


DATES = {"start_date": NOON, "utc_start_date": NOON, "due_date": NOON, "utc_due_date": NOON}
DONE = {"complete_time": NOON, "date_completed": NOON}
UP = "Flag for follow up"
FLAGS = {
    "a mail is flagged": (
        flag(status=FlagStatus.ACTIVE, flag_type=UP, **DONE),
        ("MS-ASEMAIL_R941", "MS-ASEMAIL_R436", "MS-ASEMAIL_R45", "MS-ASEMAIL_R1059"),
    ),
    "a task is flagged": (
        flag(status=FlagStatus.ACTIVE, flag_type=UP, subject="own", reminder_set=True, reminder_time=NOON, **DATES),
        ("MS-ASEMAIL_R942", "MS-ASEMAIL_R692", "MS-ASEMAIL_R1072"),
    ),
    "a task is flagged as it was": (flag(status=FlagStatus.ACTIVE, **DONE), ("MS-ASEMAIL_R943",)),
    "a task is complete": (
        flag(status=FlagStatus.COMPLETE, **DONE), ("MS-ASEMAIL_R87", "MS-ASEMAIL_R335", "MS-ASEMAIL_R336")
    ),
    "a task is cleared": (flag(status=FlagStatus.CLEARED), ("MS-ASEMAIL_R89",)),
    "a flag is taken away": (flag(), ("MS-ASEMAIL_R8900",)),
    "a flag has other words": (
        flag(status=FlagStatus.ACTIVE, flag_type="other", subject="other"),
        ("MS-ASEMAIL_R90", "MS-ASEMAIL_R91", "MS-ASEMAIL_R471"),
    ),
    "a flag without words": (flag(status=FlagStatus.ACTIVE), ("MS-ASEMAIL_R470", "MS-ASEMAIL_R1058")),
    "all dates": (flag(status=FlagStatus.ACTIVE, **DATES), ("MS-ASEMAIL_R1068", "MS-ASEMAIL_R740")),
}  # fmt: skip


@pytest.mark.parametrize(
    "wanted", [pytest.param(one, marks=pytest.mark.spec(*ids), id=name) for name, (one, ids) in FLAGS.items()]
)
def test_what_is_done_to_a_flag(eas: Client, server: EASServer, wanted: Flag) -> None:
    list(eas.sync("inbox"))
    known = next(iter(server.mailbox.items(FolderType.INBOX)))
    before = flag(status=FlagStatus.ACTIVE, flag_type=UP, subject="own", reminder_set=False)
    server.mailbox.change(known, flag=before)
    list(eas.sync("inbox"))
    (result,) = eas.apply("inbox", [Change(server_id=known, item=Email(flag=wanted))])
    assert result.ok
    (told,) = sent(server, "Sync")[-1].iter(wbxml.Email.Flag)
    given = {name for name in Flag.__dataclass_fields__ if getattr(wanted, name) not in (None, ())}
    assert len(told) == len(given), "what has changed, and nothing else"
    kept = server.mailbox.item(known)
    assert isinstance(kept, Email) and kept.flag is not None
    assert all(getattr(kept.flag, name) == getattr(wanted, name) for name in given)
    three = dict(list(DATES.items())[:3])
    assert "MS-ASEMAIL_R408" in broken_within(Change(server_id="1", item=Email(flag=flag(**three))), "16.1")


@pytest.mark.spec("MS-ASEMAIL_R41", "MS-ASCMD_R874")
def test_marks_of_a_mail_go_alone(eas: Client, server: EASServer) -> None:
    list(eas.sync("inbox"))
    known = next(iter(server.mailbox.items(FolderType.INBOX)))
    for mark, name in (
        (Email(read=True), "Read"),
        (Email(flag=Flag()), "Flag"),
        (Email(categories=["a"]), "Categories"),
    ):
        assert eas.apply("inbox", [Change(server_id=known, item=mark)])[0].ok
        (data,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
        assert [child.tag.name for child in data] == [name]


@pytest.mark.spec("MS-ASEMAIL_R42")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_what_is_added_before_16_0_is_an_sms(version: str) -> None:
    mail = Email(to="a@example.test", subject="s")
    assert broken_within(Add(client_id="1", item=mail), version) == (["MS-ASEMAIL_R42"] if version < "16.0" else [])
    if version > "12.1":
        assert broken_within(Add(cls="SMS", client_id="1", item=mail), version) == []


# Meetings


@pytest.mark.spec(
    *("MS-ASEMAIL_R20003", "MS-ASEMAIL_R20005", "MS-ASEMAIL_R20007", "MS-ASEMAIL_R20009", "MS-ASEMAIL_R20010"),
    *("MS-ASEMAIL_R20011", "MS-ASEMAIL_R10000", "MS-ASEMAIL_R1001"),
)
@pytest.mark.parametrize("row", [0, 1])
def test_the_head_of_a_global_obj_id(row: int) -> None:
    """CLASSID INSTDATE NOW RESERVED BYTECOUNT, and the data: by Microsoft's two examples."""
    blob, expected = examples()[row]
    classid, year, month, day, now, reserved, count = struct.unpack("<16s2sBB8s8sI", blob[:40])
    assert classid.hex().upper() == "040000008200E00074C5B7101A82E008"
    assert (year, month, day) == ((b"\x07\xd4", 9, 16) if row == 0 else (b"\0\0", 0, 0))
    assert instance_of(blob) == (date(2004, 9, 16) if row == 0 else None)
    if row == 0:
        # 100 nanoseconds each since 1601, in little-endian order.
        made = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=int.from_bytes(now, "little") // 10)
        assert made.year == 2004
    assert reserved == bytes(8) and count == len(blob) - 40
    assert uid(blob) == expected


@pytest.mark.spec(
    *("MS-ASEMAIL_R20014", "MS-ASEMAIL_R20015", "MS-ASEMAIL_R20017", "MS-ASEMAIL_R20021", "MS-ASEMAIL_R20022"),
    *("MS-ASEMAIL_R1002",),
)
def test_the_data_of_a_global_obj_id() -> None:
    """OUTLOOKID, as long as BYTECOUNT says; or VCALSTRING VERSION UID and a NUL."""
    (outlook, _), (foreign, name) = examples()
    assert int.from_bytes(outlook[36:40], "little") == len(outlook[40:]) == 16
    assert foreign[40:52] == b"vCal-Uid\x01\0\0\0"
    assert foreign[52:] == name.encode() + b"\0"
    own = global_obj_id("ä@example.test", date(2026, 11, 27))
    assert own[16:20] == bytes([0x07, 0xEA, 11, 27]) and own[52:] == "ä@example.test".encode() + b"\0"
    assert (uid(own), instance_of(own)) == ("ä@example.test", date(2026, 11, 27))


def examples() -> list[tuple[bytes, str]]:
    lines = (DATA / "microsoft" / "globalobjid.tsv").read_text("utf-8").splitlines()[1:]
    return [(base64.b64decode(blob), expected) for blob, expected in (line.split("\t") for line in lines)]


@pytest.mark.spec(
    *("MS-ASEMAIL_R683", "MS-ASEMAIL_R684", "MS-ASEMAIL_R502", "MS-ASEMAIL_R715", "MS-ASEMAIL_R544"),
    "MS-ASEMAIL_R1060",
)
def test_the_example_of_a_recurring_meeting() -> None:
    (mail,) = mails("asemail-4.1.5.2-sync-response-recurring-meeting")
    meeting = mail.meeting_request
    assert meeting.instance_type is InstanceType.MASTER and meeting.response_requested is True
    (recurrence,) = meeting.recurrences
    assert recurrence.type is not None and recurrence.interval == 1
    assert recurrence.is_leap_month is None, "it may be left out"
    assert "MeetingRequest" not in {tag.name for tag in wbxml.Calendar}
    assert not hasattr(CalendarEvent(), "meeting_request")


@pytest.mark.spec("MS-ASEMAIL_R91100", "MS-ASEMAIL_R91110", "MS-ASEMAIL_R91120")
def test_times_that_were_proposed_come_in_16_1() -> None:
    meeting = (
        '<e:MeetingRequest xmlns:e="Email" xmlns:m="MeetingResponse" xmlns:c="ComposeMail">'
        "<m:ProposedStartTime>20261127T120000Z</m:ProposedStartTime>"
        "<m:ProposedEndTime>20261127T130000Z</m:ProposedEndTime><c:Forwardees><c:Forwardee><c:Name>Bob</c:Name>"
        "<c:Email>bob@example.test</c:Email></c:Forwardee></c:Forwardees></e:MeetingRequest>"
    )
    read = wbxml.decode(wbxml.from_xml(meeting), type=MeetingRequest)
    assert read.proposed_start_time == datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert read.proposed_end_time == datetime(2026, 11, 27, 13, tzinfo=UTC)
    assert [(one.name, one.email) for one in read.forwardees] == [("Bob", "bob@example.test")]
    assert MeetingRequest().forwardees == [] and MeetingRequest().proposed_end_time is None


# What kind of a mail it is


@pytest.mark.spec("MS-ASEMAIL_R585", "MS-ASEMAIL_R589", "MS-ASEMAIL_R1312", "MS-ASEMAIL_R587", "MS-ASEMAIL_R588")
@pytest.mark.parametrize(
    "name",
    [
        *("IPM.Note", "IPM.Note.SMIME", "IPM.Note.SMIME.MultipartSigned", "IPM.Note.Receipt.SMIME", "IPM.InfoPathForm"),
        *("IPM.Schedule.Meeting", "IPM.Notification.Meeting", "IPM.Post", "IPM.Octel.Voice", "IPM.Voicenotes"),
        "IPM.Sharing",
    ],
)
def test_classes_of_mails_in_any_case_and_those_derived_from_them(name: str) -> None:
    kind = message_kind(name)
    assert kind is not MessageKind.OTHER
    assert {message_kind(one) for one in (name.upper(), name.lower(), f"{name}.Own", f"{name.swapcase()}.x")} == {kind}


@pytest.mark.spec("MS-ASEMAIL_R601", "MS-ASEMAIL_R602", "MS-ASEMAIL_R603", "MS-ASEMAIL_R1313")
@pytest.mark.parametrize("of", ["NOTE", "NOTE.SMIME", "NOTE.SMIME.MULTIPARTSIGNED", "SCHEDULE.MEETING.REQUEST"])
def test_reports_begin_with_report_and_end_with_what_they_tell(of: str) -> None:
    for suffix, kind in (("NDR", MessageKind.NOT_DELIVERED), ("DR", MessageKind.DELIVERED)):
        for name in (f"REPORT.IPM.{of}.{suffix}", f"report.ipm.{of.lower()}.{suffix.lower()}"):
            assert message_kind(name) is kind
    assert message_kind("REPORT.IPM.NOTE.IPNRN") is MessageKind.READ


@pytest.mark.spec(
    *("MS-ASEMAIL_R802", "MS-ASEMAIL_R804", "MS-ASEMAIL_R805", "MS-ASEMAIL_R809", "MS-ASEMAIL_R811", "MS-ASEMAIL_R814"),
    *("MS-ASEMAIL_R878", "MS-ASEMAIL_R879"),
)
def test_the_example_of_a_voice_message() -> None:
    (mail,) = mails("asemail-4.1.3.1-sync-response-voicemail")
    assert message_kind(mail.message_class) is MessageKind.VOICE
    (attachment,) = mail.attachments
    assert (attachment.um_att_duration, attachment.um_att_order) == (3, 1), "the latest one is the first"
    assert (mail.um_caller_id, mail.um_user_notes) == ("7125550123", "7125550123")
    for name in ("asemail-4.1.1-sync-response", "asemail-4.1.3.2-sync-response-attachment"):
        text = (DATA / "microsoft" / f"{name}.xml").read_text("utf-8")
        assert "IPM.Note<" in text and "Um" not in text, "in no other mail"


@pytest.mark.spec(
    *("MS-ASEMAIL_R722", "MS-ASEMAIL_R1066", "MS-ASEMAIL_R80333", "MS-ASEMAIL_R80888", "MS-ASEMAIL_R827"),
    *("MS-ASEMAIL_R844",),
)
@pytest.mark.parametrize(
    "item",
    [
        Email(sender="bob@example.test"),
        Email(um_caller_id="1"),
        Email(um_user_notes="n"),
        Email(attachments=[Attachment(um_att_duration=3)]),
        Email(attachments=[Attachment(um_att_order=1)]),
    ],
    ids=["Sender", "UmCallerID", "UmUserNotes", "UmAttDuration", "UmAttOrder"],
)
def test_what_only_a_server_says_of_a_mail(eas: Client, server: EASServer, item: Email) -> None:
    list(eas.sync("inbox"))
    known = next(iter(server.mailbox.items(FolderType.INBOX)))
    before = len(server.requests)
    with pytest.raises(errors.RequestError):
        eas.apply("inbox", [Change(server_id=known, item=item)])
    assert len(server.requests) == before


@pytest.mark.spec("MS-ASEMAIL_R221", "MS-ASEMAIL_R222")
@pytest.mark.spec("MS-ASEMAIL_R721", "MS-ASEMAIL_R724", "MS-ASEMAIL_R1073", "MS-ASEMAIL_R725", "MS-ASEMAIL_R939")
def test_one_sends_on_anothers_behalf(server: EASServer) -> None:
    """Sender sent it, for From; and of an account that the server lists nowhere a mail comes like any other."""
    mail = Email(from_="Boss <boss@example.test>", sender="bob@example.test", account_id="gone", subject="s")
    known = server.mailbox.add(FolderType.INBOX, mail)
    with client(server, versions=("16.1",)) as eas:
        assert eas.user_information() is not None
        found = {change.server_id: change.item for page in eas.sync("inbox") for change in page.changes}
        read = found[known]
        assert (read.from_, read.sender, read.account_id, read.problems) == (mail.from_, mail.sender, "gone", ())


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("12.1", BusyStatus.BUSY, marks=pytest.mark.spec("MS-ASEMAIL_R1152")),
        pytest.param("14.0", BusyStatus.BUSY, marks=pytest.mark.spec("MS-ASEMAIL_R1153")),
        pytest.param("14.1", BusyStatus.BUSY, marks=pytest.mark.spec("MS-ASEMAIL_R1154")),
        ("16.0", BusyStatus.WORKING_ELSEWHERE),
        ("16.1", BusyStatus.WORKING_ELSEWHERE),
    ],
)
def test_one_works_elsewhere_from_16_0_on(server: EASServer, version: str, expected: BusyStatus) -> None:
    elsewhere = BusyStatus.WORKING_ELSEWHERE
    mail = Email(subject="m", meeting_request=MeetingRequest(uid="u", start_time=NOON, busy_status=elsewhere))
    known = server.mailbox.add(FolderType.INBOX, mail)
    event = server.mailbox.add(FolderType.CALENDAR, CalendarEvent(subject="e", busy_status=elsewhere))
    with client(server, versions=(version,)) as eas:
        found = {
            change.server_id: change.item
            for page in eas.sync("inbox", "calendar")
            for change in page.changes
            if isinstance(change, Add)
        }
        assert found[known].meeting_request.busy_status is expected
        assert found[event].busy_status is expected


# Bodies


def asked(eas: Client, server: EASServer, *preferences: BodyPreference) -> tuple[Body, list[wbxml.Element]]:
    """The body of a mail of HTML with these preferences, and the elements that asked for it."""
    page = next(iter(eas.sync("inbox", options=Options(body_preferences=list(preferences)))))
    (change,) = [change for change in page.changes if change.item.subject == "long"]
    return change.item.body, list(sent(server, "Sync")[-1].iter(wbxml.AirSyncBase.BodyPreference))


HTML = f"<html><body><p>{'word ' * 40}</p></body></html>"


@pytest.mark.spec("MS-ASAIRS_R76", "MS-ASAIRS_R399", "MS-ASAIRS_R155", "MS-ASAIRS_R196")
@pytest.mark.parametrize("room", [50, 5000])
def test_of_several_preferences_the_first_that_fits_counts(eas: Client, server: EASServer, room: int) -> None:
    """The example of [MS-ASAIRS] section 2.2.2.3.2: HTML whole or not at all, else some text."""
    server.mailbox.add(FolderType.INBOX, Email(subject="long"), html=HTML)
    html = BodyPreference(type=BodyType.HTML, all_or_none=True, truncation_size=room)
    text = BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=20)
    body, told = asked(eas, server, html, text)
    assert [[(child.tag.name, child.text) for child in one] for one in told] == [
        [("Type", "2"), ("TruncationSize", str(room)), ("AllOrNone", "1")],
        [("Type", "1"), ("TruncationSize", "20")],
    ]
    if room == 50:
        assert (body.type, body.data, body.truncated) == (BodyType.PLAIN_TEXT, "word " * 4, True)
        assert body.estimated_data_size is not None and body.estimated_data_size >= 190, "of the whole, in bytes"
    else:
        assert (body.type, body.data) == (BodyType.HTML, HTML)


@pytest.mark.spec("MS-ASAIRS_R144")
@pytest.mark.spec("MS-ASAIRS_R10000", "MS-ASAIRS_R10001", "MS-ASAIRS_R143", "MS-ASAIRS_R157", "MS-ASAIRS_R242")
def test_a_preference_stays_until_another_one_comes(eas: Client, server: EASServer) -> None:
    folder = eas.folders().named("inbox")
    assert folder is not None

    def synced(key: str, *options: Options) -> Any:
        collection = Collection(sync_key=key, collection_id=folder.collection_id, options=list(options))
        return eas.run(Sync(collections=[collection])).collections[0]

    key = synced("0").sync_key
    for kind in (BodyType.HTML, BodyType.PLAIN_TEXT):
        server.mailbox.add(FolderType.INBOX, Email(subject="before"))
        first = synced(key, Options(body_preferences=[BodyPreference(type=kind)]))
        (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSyncBase.Type)
        assert told.tag.page == 17, "the code page of AirSyncBase is in the request"
        known = server.mailbox.add(FolderType.INBOX, Email(subject="long"), html=HTML)
        second = synced(first.sync_key)
        assert next(iter(sent(server, "Sync")[-1].iter(wbxml.AirSync.Options)), None) is None
        (change,) = second.commands
        assert (change.server_id, change.item.body.type) == (known, kind)
        key = second.sync_key


@pytest.mark.spec("MS-ASAIRS_R237", "MS-ASAIRS_R238", "MS-ASAIRS_R239", "MS-ASAIRS_R236", "MS-ASAIRS_R303")
def test_a_body_says_how_it_was_written(eas: Client, server: EASServer) -> None:
    html = server.mailbox.add(FolderType.INBOX, Email(subject="h"), html=HTML)
    text = server.mailbox.add(FolderType.INBOX, Email(subject="t", body=Body(type=BodyType.PLAIN_TEXT, data="x")))
    found = {change.server_id: change.item for page in eas.sync("inbox") for change in page.changes}
    assert (found[html].native_body_type, found[text].native_body_type) == (BodyType.HTML, BodyType.PLAIN_TEXT)
    assert [int(one) for one in BodyType] == [1, 2, 3, 4]
    (voice,) = mails("asemail-4.1.3.1-sync-response-voicemail")
    assert voice.native_body_type == BodyType.RTF


@pytest.mark.spec("MS-ASAIRS_R1381", "MS-ASAIRS_R1140")
@pytest.mark.spec("MS-ASAIRS_R1382", "MS-ASAIRS_R1383", "MS-ASAIRS_R215")
def test_an_attachment_stands_within_the_text_or_not() -> None:
    for inline in (True, False):
        item = Email(attachments=[AttachmentAdd(client_id="1", content=b"x", is_inline=inline)])
        (add,) = wbxml.decode(wbxml.encode(Change(item=item))).root.iter(wbxml.AirSyncBase.Add)
        assert (add.find("AirSyncBase:IsInline") is not None) is inline
        read = wbxml.decode(wbxml.encode(Change(item=item)), type=Change)
        (attachment,) = read.item.attachments
        assert attachment.is_inline is inline
    reference = wbxml.decode(wbxml.encode(AttachmentDelete(file_reference="1"))).root[0]
    assert len(reference) == 0 and reference.text == "1"


@pytest.mark.spec(
    *("MS-ASAIRS_R1400", "MS-ASAIRS_R14000918", "MS-ASAIRS_R1401", "MS-ASAIRS_R14010918"),
)
@pytest.mark.parametrize("version", ["14.1", "16.0", "16.1"])
def test_the_notes_of_an_event_are_text_or_html(version: str) -> None:
    for kind in BodyType:
        add = Add(client_id="1", item=CalendarEvent(subject="s", body=Body(type=kind, data="x")))
        fine = version < "16.0" or kind in (BodyType.PLAIN_TEXT, BodyType.HTML)
        assert broken_within(add, version) == (
            [] if fine else ["MS-ASAIRS_R1400" if version == "16.0" else "MS-ASAIRS_R14000918"]
        )


@pytest.mark.spec("MS-ASEMAIL_R586", "MS-ASEMAIL_R1414", "MS-ASEMAIL_R1415", "MS-ASEMAIL_R762", "MS-ASEMAIL_R342")
def test_a_mail_comes_as_the_server_says_it(eas: Client, server: EASServer) -> None:
    """Its class is not looked at, and of its two subjects one is its flag's."""
    mail = Email(
        subject="mail's", message_class="IPM.Whatever.It.Is", content_class="urn:content-classes:message",
        flag=flag(status=FlagStatus.ACTIVE, subject="flag's"),
    )  # fmt: skip
    known = server.mailbox.add(FolderType.INBOX, mail)
    found = {change.server_id: change.item for page in eas.sync("inbox") for change in page.changes}
    read = found[known]
    assert (read.subject, read.flag.subject) == ("mail's", "flag's")
    assert (read.message_class, read.content_class) == ("IPM.Whatever.It.Is", "urn:content-classes:message")


@pytest.mark.spec("MS-ASEMAIL_R930", "MS-ASEMAIL_R931", "MS-ASEMAIL_R932")
@pytest.mark.parametrize(
    ("xml", "value"), [("", None), ("<e:UmCallerID/>", ""), ("<e:UmCallerID>1</e:UmCallerID>", "1")]
)
def test_who_called_may_be_unknown(xml: str, value: str | None) -> None:
    kind = '<m:MessageClass xmlns:m="Email">IPM.Note.Microsoft.Voicemail</m:MessageClass>'
    data = f'<ApplicationData xmlns="AirSync" xmlns:e="Email2">{kind}{xml}</ApplicationData>'
    read = wbxml.decode(wbxml.from_xml(data), type=Email)
    assert (read.um_caller_id, read.problems) == (value, ())
