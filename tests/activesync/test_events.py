"""Events, as [MS-ASCAL] has them: what a client may send of them, what becomes of it, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wbxml
from activesync import Add, CalendarEvent, Change, Client, Contact, Delete, FolderType, errors
from activesync.calendars import find_meeting, global_obj_id, to_rrule
from activesync.commands import Collection, SupportedCalendar, SupportedContacts, Sync
from activesync.items import (
    Attendee,
    EventException,
    InstanceType,
    Location,
    MeetingRecurrence,
    MeetingRequest,
    MeetingStatus,
    Recurrence,
    RecurrenceType,
    Task,
    TaskRecurrence,
    Weekday,
)
from activesync.testing import EASServer, Mailbox

from .broken import broken, broken_within
from .clients import COLLECTION, client, sent

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
DAY, HOUR, WEEK = timedelta(days=1), timedelta(hours=1), timedelta(weeks=1)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(Mailbox("alice", "secret")) as running:
        yield running


def kept(server: EASServer, server_id: str | None) -> CalendarEvent:
    item = server.mailbox.item(server_id or "")
    assert isinstance(item, CalendarEvent)
    return item


def in_version(server: EASServer, version: str, **options: Any) -> Client:
    opened: Client = client(server, versions=(version,), **options)
    list(opened.sync("calendar"))
    return opened


# Which event a meeting request is about

OUTLOOK = bytes.fromhex("040000008200E00074C5B7101A82E008") + bytes(20) + b"\x10\0\0\0" + bytes(range(16))


@pytest.mark.spec(
    *("MS-ASEMAIL_R1478", "MS-ASEMAIL_R14780", "MS-ASEMAIL_R1479", "MS-ASEMAIL_R14790", "MS-ASEMAIL_R1481"),
    *("MS-ASCAL_R46311",),
)
def test_a_meeting_request_is_found_by_its_uid() -> None:
    events = {"a": CalendarEvent(uid="one"), "b": CalendarEvent(uid=OUTLOOK.hex().upper()), "c": CalendarEvent()}
    assert find_meeting(MeetingRequest(uid="one"), events) == ("a", None)
    assert find_meeting(MeetingRequest(global_obj_id=global_obj_id("one")), events) == ("a", None)
    assert find_meeting(MeetingRequest(global_obj_id=OUTLOOK), events) == ("b", None)
    assert find_meeting(MeetingRequest(uid=OUTLOOK.hex()), events) == ("b", None)
    assert find_meeting(MeetingRequest(uid="ONE"), events) is None
    assert find_meeting(MeetingRequest(), events) is None


@pytest.mark.spec("MS-ASEMAIL_R679", "MS-ASEMAIL_R1350", "MS-ASEMAIL_R1355", "MS-ASEMAIL_R13550")
@pytest.mark.spec("MS-ASEMAIL_R1480", "MS-ASEMAIL_R1482", "MS-ASEMAIL_R14820", "MS-ASEMAIL_R1483")
def test_of_orphan_instances_that_of_the_request_is_meant() -> None:
    events = {day: CalendarEvent(uid="one", instance_id=NOON + day * DAY) for day in range(3)}
    for day in range(3):
        request = MeetingRequest(uid="one", recurrence_id=NOON + day * DAY, instance_type=InstanceType.ORPHAN)
        assert find_meeting(request, events) == (day, None)
    assert find_meeting(MeetingRequest(uid="one", recurrence_id=NOON + 9 * DAY), events) is None


@pytest.mark.spec(
    *("MS-ASEMAIL_R1484", "MS-ASEMAIL_R14840", "MS-ASEMAIL_R1485", "MS-ASEMAIL_R14850", "MS-ASEMAIL_R1486"),
    *("MS-ASEMAIL_R14860", "MS-ASEMAIL_R1487"),
)
@pytest.mark.parametrize("kind", [InstanceType.INSTANCE, InstanceType.EXCEPTION])
def test_an_instance_is_one_of_its_series(kind: InstanceType) -> None:
    series = CalendarEvent(uid="one", start_time=NOON, recurrence=Recurrence(type=RecurrenceType.DAILY, interval=1))
    request = MeetingRequest(uid="one", recurrence_id=NOON + DAY, instance_type=kind)
    assert find_meeting(request, {"a": series}) == ("a", NOON + DAY)
    assert find_meeting(MeetingRequest(uid="one", instance_type=InstanceType.MASTER), {"a": series}) == ("a", None)


@pytest.mark.spec("MS-ASAIRS_R1176")
def test_an_orphan_instance_says_which_it_is(server: EASServer) -> None:
    event = CalendarEvent(uid="one", subject="Only today", start_time=NOON, end_time=NOON + HOUR, instance_id=NOON)
    known = server.mailbox.add(FolderType.CALENDAR, event)
    for version, expected in (("14.1", None), ("16.1", NOON)):
        with client(server, versions=(version,)) as eas:
            (add,) = [change for page in eas.sync("calendar") for change in page.changes]
            assert isinstance(add, Add) and isinstance(add.item, CalendarEvent)
            assert (add.server_id, add.item.instance_id) == (known, expected)


# What a server takes

WRONG = {
    "MS-ASCAL_R53913": Recurrence(type=RecurrenceType.MONTHLY, interval=1, day_of_month=1, calendar_type=16),
    "MS-ASCAL_R53914": Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=2, first_day_of_week=7),
    "MS-ASCAL_R53916": Recurrence(type=RecurrenceType.DAILY, interval=1, day_of_month=1),
    "MS-ASCAL_R53917": Recurrence(type=RecurrenceType.MONTHLY, interval=1, day_of_month=1, day_of_week=2),
    "MS-ASCAL_R53918": Recurrence(type=RecurrenceType.MONTHLY, interval=1, day_of_month=1, month_of_year=2),
    "MS-ASCAL_R53919": Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=2, week_of_month=1),
}


@pytest.mark.parametrize(
    "recurrence", [pytest.param(one, marks=pytest.mark.spec(id_), id=id_) for id_, one in WRONG.items()]
)
def test_a_recurrence_that_cannot_be_is_refused_on_either_side(server: EASServer, recurrence: Recurrence) -> None:
    event = CalendarEvent(subject="s", start_time=NOON, end_time=NOON + HOUR, recurrence=recurrence)
    with in_version(server, "14.1", check=False) as eas:
        (result,) = eas.apply("calendar", [Add(item=event)])
        assert (result.ok, result.status) == (False, 6)
        assert not server.mailbox.items(FolderType.CALENDAR)
    if recurrence.first_day_of_week != 7:
        assert broken_within(Add(client_id="1", item=event))


@pytest.mark.spec(
    *("MS-ASCAL_R341", "MS-ASCAL_R467", "MS-ASCAL_R53911", "MS-ASCAL_R5391111", "MS-ASTASK_R215", "MS-ASTASK_R216"),
    *("MS-ASTASK_R302", "MS-ASTASK_R303"),
)
def test_a_recurrence_has_one_end(server: EASServer) -> None:
    both: dict[str, Any] = {"type": RecurrenceType.DAILY, "interval": 1, "occurrences": 5, "until": NOON}
    event = CalendarEvent(subject="s", start_time=NOON, end_time=NOON + HOUR, recurrence=Recurrence(**both))
    assert broken_within(Add(client_id="1", item=event)) == ["MS-ASCAL_R341"]
    task = Task(subject="s", recurrence=TaskRecurrence(start=NOON, **both))
    assert broken_within(Add(client_id="1", item=task)) == ["MS-ASTASK_R215"]
    for one in ("occurrences", "until"):
        single = Recurrence(**{name: value for name, value in both.items() if name != one})
        assert broken_within(Add(client_id="1", item=CalendarEvent(subject="s", recurrence=single))) == []
    with in_version(server, "14.1", check=False) as eas:
        (result,) = eas.apply("calendar", [Add(item=event)])
        there = kept(server, result.server_id).recurrence
        assert there is not None and (there.occurrences, there.until) == (5, None)


ROUNDED = timedelta(minutes=15)
TIMES: dict[str, tuple[timedelta | None, timedelta | None, Any]] = {
    "MS-ASCAL_R52514": (None, None, (timedelta(0), timedelta(minutes=30))),
    "MS-ASCAL_R52515": (None, -DAY, 6),
    "MS-ASCAL_R52516": (None, DAY, (timedelta(0), DAY)),
    "MS-ASCAL_R52517": (-DAY, None, (-DAY, timedelta(minutes=30))),
    "MS-ASCAL_R52518": (DAY, None, 6),
    "MS-ASCAL_R5251611": (None, -HOUR, 6),
    "MS-ASCAL_R52511": (-HOUR, HOUR, (-HOUR, HOUR)),
}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [pytest.param(*row, marks=pytest.mark.spec(id_), id=id_) for id_, row in TIMES.items()],
)
def test_times_that_are_left_out(
    server: EASServer, start: timedelta | None, end: timedelta | None, expected: Any
) -> None:
    """As far as the server can tell them: from the time of now, to the half hour."""
    now = datetime.now(UTC).replace(microsecond=0)
    given = [None if one is None else now + one for one in (start, end)]
    with in_version(server, "14.1") as eas:
        (result,) = eas.apply(
            "calendar", [Add(item=CalendarEvent(subject="s", start_time=given[0], end_time=given[1]))]
        )
        if expected == 6:
            assert (result.ok, result.status) == (False, 6)
            return
        event = kept(server, result.server_id)
        for when, told, wanted in zip((event.start_time, event.end_time), given, expected, strict=True):
            assert when is not None
            assert when == told if told is not None else abs(when - (now + wanted)) <= ROUNDED + timedelta(seconds=5)
            assert told is not None or when.minute in (0, 30)


def series(server: EASServer) -> str:
    """A series with an exception."""
    moved = EventException(instance_id=NOON + WEEK, exception_start_time=NOON + WEEK, subject="Moved")
    event = CalendarEvent(
        subject="Team", start_time=NOON, end_time=NOON + HOUR, exceptions=[moved],
        recurrence=Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=2, occurrences=5),
    )  # fmt: skip
    return server.mailbox.add(FolderType.CALENDAR, event)


PATTERN = Recurrence(type=RecurrenceType.DAILY, interval=1)


@pytest.mark.parametrize(
    ("change", "ends"),
    [
        pytest.param({"start_time": NOON + HOUR}, True, marks=pytest.mark.spec("MS-ASCAL_R2202", "MS-ASCAL_R2114")),
        pytest.param({"end_time": NOON + 2 * HOUR}, True, marks=pytest.mark.spec("MS-ASCAL_R2097", "MS-ASCAL_R2114")),
        pytest.param({"recurrence": PATTERN}, True, marks=pytest.mark.spec("MS-ASCAL_R2180", "MS-ASCAL_R2114")),
        pytest.param({"subject": "Other"}, False, marks=pytest.mark.spec("MS-ASCAL_R2231", "MS-ASCAL_R2232")),
    ],
    ids=["start", "end", "recurrence", "subject"],
)
def test_a_series_that_moves_has_no_exceptions_any_more(server: EASServer, change: dict[str, Any], ends: bool) -> None:
    known = series(server)
    with in_version(server, "16.1") as eas:
        (result,) = eas.apply("calendar", [Change(server_id=known, item=CalendarEvent(**change))])
        assert result.ok
        event = kept(server, known)
        assert (not event.exceptions) is ends
        assert event.subject == change.get("subject", "Team"), "what is not sent stays"
        (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
        assert len(told) == 1, "only what has changed goes"


@pytest.mark.spec("MS-ASCAL_R2180001", "MS-ASCAL_R2180002", "MS-ASAIRS_R1001013")
def test_parts_of_an_event_are_taken_away_by_empty_elements(server: EASServer) -> None:
    known = series(server)
    with in_version(server, "16.1") as eas:
        place = CalendarEvent(place=Location(display_name="Room 1"))
        assert eas.apply("calendar", [Change(server_id=known, item=place)])[0].ok
        untyped = CalendarEvent(recurrence=Recurrence(interval=2))
        assert eas.apply("calendar", [Change(server_id=known, item=untyped)])[0].ok
        recurrence = kept(server, known).recurrence
        assert recurrence is not None and (recurrence.type, recurrence.interval) == (RecurrenceType.WEEKLY, 2)
        single = CalendarEvent(recurrence=Recurrence(), place=Location())
        assert eas.apply("calendar", [Change(server_id=known, item=single)])[0].ok
        event = kept(server, known)
        assert (event.recurrence, event.subject) == (None, "Team")
        assert event.place is None or event.place.display_name is None
        (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
        assert [(child.tag.name, len(child)) for child in told] == [("Location", 0), ("Recurrence", 0)]


@pytest.mark.spec("MS-ASCAL_R2113", "MS-ASCMD_R6238", "MS-ASCMD_R6420")
def test_an_instance_is_changed_by_its_day_from_16_0_on(server: EASServer) -> None:
    known = series(server)
    with in_version(server, "16.1") as eas:
        other = Change(server_id=known, instance_id=NOON + 2 * WEEK, item=CalendarEvent(subject="Other"))
        assert eas.apply("calendar", [other])[0].ok
        (change,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.Change)
        assert [child.tag.name for child in change] == ["ServerId", "InstanceId", "ApplicationData"]
        assert change.findtext("AirSyncBase:InstanceId") == f"{NOON + 2 * WEEK:%Y%m%dT%H%M%SZ}"
        names = {one.instance_id: one.subject for one in kept(server, known).exceptions or []}
        assert names == {NOON + WEEK: "Moved", NOON + 2 * WEEK: "Other"}


def test_an_instance_is_deleted_of_an_event_that_has_changed_meanwhile(server: EASServer) -> None:
    known = series(server)
    with in_version(server, "16.1") as eas:
        list(eas.sync("calendar"))
        server.mailbox.change(known, subject="Changed")
        assert eas.apply("calendar", [Delete(server_id=known, instance_id=NOON + 2 * WEEK)])[0].ok
        ((change,),) = [page.changes for page in eas.sync("calendar")]
        assert isinstance(change, Change) and isinstance(change.item, CalendarEvent)
        assert change.item.subject == "Changed", "which nobody had told"
        assert [one.deleted for one in change.item.exceptions or []] == [None, True]


def test_an_instance_is_deleted_of_an_event_that_is_gone(server: EASServer) -> None:
    known = series(server)
    with in_version(server, "16.1") as eas:
        list(eas.sync("calendar"))
        server.mailbox.delete(known)
        assert eas.apply("calendar", [Delete(server_id=known, instance_id=NOON + 2 * WEEK)])[0].status == 8
        ((change,),) = [page.changes for page in eas.sync("calendar")]
        assert isinstance(change, Delete) and change.server_id == known, "of the whole, the client did not know"


@pytest.mark.spec("MS-ASDTYPE_R99")
@pytest.mark.spec("MS-ASCAL_R537")
@pytest.mark.spec("MS-ASCAL_R213", "MS-ASCAL_R230", "MS-ASCAL_R234", "MS-ASCAL_R430", "MS-ASCAL_R186", "MS-ASCAL_R187")
def test_what_an_event_may_leave_out_and_hold(server: EASServer) -> None:
    names = [f"c{number}" for number in range(300)]
    event = CalendarEvent(
        subject="s", start_time=NOON, end_time=NOON + HOUR, categories=names,
        attendees=[Attendee(name="Bob", email="any string at all", attendee_type=1)],
    )  # fmt: skip
    with in_version(server, "14.1") as eas, client(server, versions=("14.1",)) as other:
        (result,) = eas.apply("calendar", [Add(item=event)])
        assert result.ok
        (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
        there = {child.tag.name for child in told}
        assert {"StartTime", "EndTime"} <= there and "DisallowNewTimeProposal" not in there
        (add,) = [change for page in other.sync("calendar") for change in page.changes]
        assert isinstance(add, Add) and isinstance(add.item, CalendarEvent)
        assert add.item.categories == names
        assert [one.email for one in add.item.attendees or []] == ["any string at all"]


# What an item says

TEN = timedelta(days=10)


@pytest.mark.spec("MS-ASCAL_R31815", "MS-ASCAL_R30311")
def test_the_bits_of_a_meeting_status() -> None:
    seen = {(one.is_meeting, one.is_received, one.is_cancelled) for one in MeetingStatus}
    assert seen == {
        (False, False, False), (True, False, False), (True, True, False), (True, False, True), (True, True, True)
    }  # fmt: skip
    assert all(one & ~0b1111 == 0 for one in MeetingStatus), "no other bit is ever set"


@pytest.mark.spec("MS-ASCAL_R342", "MS-ASCAL_R468")
@pytest.mark.spec("MS-ASCAL_R38915", "MS-ASCAL_R389161", "MS-ASCAL_R389162")
@pytest.mark.parametrize("kind", [RecurrenceType.DAILY, RecurrenceType.WEEKLY, RecurrenceType.MONTHLY])
def test_a_recurrence_ends_or_goes_on(kind: RecurrenceType) -> None:
    values: dict[str, Any] = {
        RecurrenceType.WEEKLY: {"day_of_week": 2}, RecurrenceType.MONTHLY: {"day_of_month": 3}
    }.get(kind, {})  # fmt: skip
    rules = [
        to_rrule(Recurrence(type=kind, interval=1, **values, **end))
        for end in ({"occurrences": 4}, {"until": datetime(2027, 1, 1, tzinfo=UTC)}, {})
    ]
    assert rules[0].endswith(";COUNT=4") and rules[1].endswith(";UNTIL=20270101T000000Z")
    assert "COUNT" not in rules[2] and "UNTIL" not in rules[2]


_RT = RecurrenceType
RULES = {
    "MS-ASCAL_R38921": (Recurrence(type=_RT(0), interval=3), "FREQ=DAILY;INTERVAL=3"),
    "MS-ASCAL_R3892311": (Recurrence(type=_RT(0), interval=2), "FREQ=DAILY;INTERVAL=2"),
    "MS-ASCAL_R3892312": (Recurrence(type=_RT(0), interval=2, day_of_week=2), "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
    "MS-ASCAL_R38926": (Recurrence(type=_RT(1), interval=1, day_of_week=65), "FREQ=WEEKLY;BYDAY=SU,SA"),
    "MS-ASCAL_R38932": (Recurrence(type=_RT(2), interval=1, day_of_month=9), "FREQ=MONTHLY;BYMONTHDAY=9"),
    "MS-ASCAL_R3893711": (
        Recurrence(type=_RT(3), interval=1, day_of_week=2, week_of_month=2), "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=2"
    ),
    "MS-ASCAL_R3893714": (
        Recurrence(type=_RT(3), interval=1, day_of_week=127, week_of_month=3), "FREQ=MONTHLY;BYMONTHDAY=3"
    ),
    "MS-ASCAL_R3893715": (
        Recurrence(type=_RT(3), interval=1, day_of_week=62, week_of_month=3),
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3",
    ),
    "MS-ASCAL_R3893716": (
        Recurrence(type=_RT(3), interval=1, day_of_week=65, week_of_month=4), "FREQ=MONTHLY;BYDAY=SU,SA;BYSETPOS=4"
    ),
    "MS-ASCAL_R477": (
        Recurrence(type=_RT(3), interval=1, day_of_week=2, week_of_month=5), "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"
    ),
    "MS-ASCAL_R38939": (
        Recurrence(type=_RT(5), interval=1, day_of_month=24, month_of_year=12),
        "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
    ),
    "MS-ASCAL_R38946": (
        Recurrence(type=_RT(6), interval=1, day_of_week=2, week_of_month=5, month_of_year=5),
        "FREQ=YEARLY;BYMONTH=5;BYDAY=MO;BYSETPOS=-1",
    ),
    "MS-ASTASK_R149": (
        TaskRecurrence(type=_RT(3), interval=1, day_of_week=127, week_of_month=5), "FREQ=MONTHLY;BYMONTHDAY=-1"
    ),
    "MS-ASTASK_R318": (
        TaskRecurrence(type=_RT(3), interval=1, day_of_week=4, week_of_month=5), "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=-1"
    ),
}  # fmt: skip


def parts(rule: str) -> dict[str, str]:
    """A rule's parts: an INTERVAL of 1 and a position before a single day are other ways of saying the same."""
    found = dict(part.partition("=")[::2] for part in rule.split(";"))
    found["BYDAY"] = ",".join(sorted(found.get("BYDAY", "").split(",")))
    if "BYSETPOS" in found and "," not in found["BYDAY"]:
        found["BYDAY"] = found.pop("BYSETPOS") + found["BYDAY"]
    if found.get("INTERVAL") == "1":
        del found["INTERVAL"]
    return found


@pytest.mark.parametrize(
    ("recurrence", "rule"),
    [pytest.param(*row, marks=pytest.mark.spec(id_), id=id_) for id_, row in RULES.items()],
)
def test_recurrences_as_rules(recurrence: Recurrence | TaskRecurrence, rule: str) -> None:
    assert parts(to_rrule(recurrence)) == parts(rule)
    if isinstance(recurrence, Recurrence):
        event = CalendarEvent(subject="s", recurrence=recurrence)
        assert broken_within(Add(client_id="1", item=event)) == [], "the elements that the Type supports"


@pytest.mark.spec("MS-ASCAL_R38911", "MS-ASCAL_R38912", "MS-ASCAL_R38954")
def test_one_sequence_in_two_patterns() -> None:
    """Every working day, by a daily pattern with days and by a weekly one ([MS-ASCAL] section 4.5)."""
    daily = Recurrence(type=RecurrenceType.DAILY, interval=1, day_of_week=62)
    weekly = Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=62)
    assert parts(to_rrule(daily)) == parts(to_rrule(weekly)) == parts("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")


# Ghosts


@pytest.mark.spec(
    *("MS-ASCAL_R504", "MS-ASCAL_R505", "MS-ASCAL_R511", "MS-ASCAL_R512", "MS-ASCAL_R545", "MS-ASCAL_R546"),
    *("MS-ASCAL_R547", "MS-ASCMD_R4551"),
)
def test_properties_of_events_that_a_client_does_not_keep(server: EASServer) -> None:
    """What it keeps, and leaves out of a Change, is deleted; what it does not name stays."""
    keeps = SupportedCalendar(
        dt_stamp=True, categories=True, sensitivity=True, busy_status=True, uid=True, timezone=True, start_time=True,
        subject=True, location=True, end_time=True, recurrence=True, all_day_event=True, reminder=True, exceptions=True,
    )  # fmt: skip
    event = CalendarEvent(
        subject="s", start_time=NOON, end_time=NOON + HOUR, location="Room 1", categories=["a"], organizer_name="A",
        disallow_new_time_proposal=True, response_requested=True,
    )  # fmt: skip
    known = server.mailbox.add(FolderType.CALENDAR, event)
    with in_version(server, "14.1", supported=[keeps]) as eas:
        first, *others = [root.find(COLLECTION) for root in sent(server, "Sync")]
        supported = {child.tag.name for child in first.find("AirSync:Supported")}
        assert {"DtStamp", "Categories", "Sensitivity", "BusyStatus", "UID", "Timezone", "StartTime"} <= supported
        assert first.findtext("AirSync:SyncKey") == "0"
        assert others and all(one.find("AirSync:Supported") is None for one in others)
        change = CalendarEvent(subject="other", start_time=NOON, end_time=NOON + HOUR)
        assert eas.apply("calendar", [Change(server_id=known, item=change)])[0].ok
        (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
        assert {child.tag.name for child in told} <= supported
        now = kept(server, known)
        assert (now.location, now.categories or []) == (None, []), "it keeps these, and has deleted them"
        assert (now.disallow_new_time_proposal, now.response_requested) == (True, True), "these are ghosts"


@pytest.mark.spec("MS-ASCMD_R5675")
@pytest.mark.spec(
    *("MS-ASCNTC_R455", "MS-ASCNTC_R463", "MS-ASCNTC_R464", "MS-ASCNTC_R496", "MS-ASCNTC_R497", "MS-ASCNTC_R498"),
)
@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_properties_of_contacts_that_a_client_does_not_keep(server: EASServer, version: str) -> None:
    keeps = SupportedContacts(last_name=True, first_name=True, mobile_phone_number=True)
    contact = Contact(last_name="Lee", first_name="Ann", mobile_phone_number="1", company_name="C", nick_name="N")
    known = server.mailbox.add(FolderType.CONTACTS, contact)
    with client(server, versions=(version,), supported=[keeps, SupportedCalendar()]) as eas:
        list(eas.sync("contacts"))
        first = sent(server, "Sync")[0].find(f"{COLLECTION}/AirSync:Supported")
        assert {child.tag.name for child in first} == {"LastName", "FirstName", "MobilePhoneNumber"}
        change = Change(server_id=known, item=Contact(last_name="Other"))
        assert eas.apply("contacts", [change])[0].ok
        now = server.mailbox.item(known)
        assert isinstance(now, Contact)
        assert (now.last_name, now.first_name, now.mobile_phone_number) == ("Other", None, None)
        assert (now.company_name, now.nick_name) == ("C", "N")


@pytest.mark.spec("MS-ASCMD_R880", "MS-ASCMD_R881")
def test_without_a_word_of_what_it_keeps_all_is_kept(server: EASServer) -> None:
    known = server.mailbox.add(FolderType.CONTACTS, Contact(last_name="Lee", company_name="C"))
    with client(server) as eas:
        list(eas.sync("contacts"))
        assert eas.apply("contacts", [Change(server_id=known, item=Contact(last_name="Other"))])[0].ok
        now = server.mailbox.item(known)
        assert isinstance(now, Contact) and (now.last_name, now.company_name) == ("Other", None)


@pytest.mark.spec("MS-ASCMD_R7309", "MS-ASCMD_R7308")
def test_events_are_ghosts_from_16_0_on(server: EASServer) -> None:
    with in_version(server, "16.1", supported=[SupportedCalendar(subject=True)]):
        assert all(root.find(f"{COLLECTION}/AirSync:Supported") is None for root in sent(server, "Sync"))
    old = SupportedCalendar(response_requested=True, disallow_new_time_proposal=True)
    with (
        client(server, versions=("12.1",), supported=[old]) as eas,
        pytest.raises(errors.ActiveSyncError, match=r"12\.1"),
    ):
        list(eas.sync("calendar"))
    assert {one.name for one in fields(SupportedCalendar)} > {"response_requested"}


@pytest.mark.spec("MS-ASCMD_R4555", "MS-ASCAL_R506")
def test_what_of_events_every_client_keeps(server: EASServer) -> None:
    names = [
        *("dt_stamp", "categories", "sensitivity", "busy_status", "uid", "timezone", "start_time", "subject"),
        *("location", "end_time", "recurrence", "all_day_event", "reminder", "exceptions"),
    ]
    whole = dict.fromkeys(names, True)
    for left_out in (None, *names):
        supported = SupportedCalendar(**{name: True for name in whole if name != left_out})
        request = Sync(collections=[Collection(sync_key="0", collection_id="1", supported=supported)])
        assert broken(request) == ([] if left_out is None else ["MS-ASCMD_R4555"])


@pytest.mark.spec(
    *("MS-ASEMAIL_R369", "MS-ASEMAIL_R370", "MS-ASEMAIL_R375", "MS-ASEMAIL_R376", "MS-ASEMAIL_R620", "MS-ASEMAIL_R873"),
    *("MS-ASEMAIL_R503", "MS-ASEMAIL_R385"),
)
def test_what_a_recurring_meeting_needs() -> None:
    needed: dict[RecurrenceType, dict[str, int]] = {
        RecurrenceType.MONTHLY: {"day_of_month": 9},
        RecurrenceType.MONTHLY_NTH: {"day_of_week": 2, "week_of_month": 1},
        RecurrenceType.YEARLY: {"day_of_month": 9, "month_of_year": 5},
        RecurrenceType.YEARLY_NTH: {"day_of_week": 2, "week_of_month": 1, "month_of_year": 5},
    }
    for kind, values in needed.items():
        assert "INTERVAL=2" in to_rrule(MeetingRecurrence(type=kind, interval=2, **values))
        for name in values:
            less = {other: value for other, value in values.items() if other != name}
            with pytest.raises(ValueError, match="of this recurrence must be"):
                to_rrule(MeetingRecurrence(type=kind, interval=1, **less))
    for days in (1, 2, 4, 8, 16, 32, 64, 1 + 64, 127):
        weekly = to_rrule(MeetingRecurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=days))
        assert weekly.partition("BYDAY=")[2].count(",") + 1 == days.bit_count()


@pytest.mark.spec("MS-ASCAL_R52523", "MS-ASCAL_R52524", "MS-ASEMAIL_R422", "MS-ASEMAIL_R438", "MS-ASCAL_R11028")
def test_a_week_begins_on_the_users_day_where_the_client_does_not_say(server: EASServer) -> None:
    with in_version(server, "14.1") as eas, client(server, versions=("14.1",)) as other:
        for day in (None, Weekday.MONDAY):
            weekly = Recurrence(type=RecurrenceType.WEEKLY, interval=2, day_of_week=2, first_day_of_week=day)
            event = CalendarEvent(subject=str(day), start_time=NOON, end_time=NOON + HOUR, recurrence=weekly)
            assert eas.apply("calendar", [Add(item=event)])[0].ok
        found = {
            change.item.subject: change.item.recurrence for page in other.sync("calendar") for change in page.changes
        }
        days = {name: recurrence.first_day_of_week for name, recurrence in found.items()}
        assert days == {str(None): Weekday.SUNDAY, str(Weekday.MONDAY): Weekday.MONDAY}
