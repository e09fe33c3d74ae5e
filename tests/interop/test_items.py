"""Contacts, events and tasks: those made over DAV arrive with their fields, those made by the client show in DAV."""

import time
from datetime import UTC, datetime

import pytest

import wbxml
from activesync import (
    Add,
    Body,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Contact,
    Delete,
    FilterType,
    Folder,
    FolderType,
    Importance,
    Item,
    Task,
)
from activesync.items import AttendeeStatus, BusyStatus, MeetingStatus, RecurrenceType, Sensitivity

from .clients import Connect, changes, items, told
from .dav import Dav
from .samples import CONTACTS, EVENTS, TASKS
from .sogo import SOGoServer, User

pytestmark = pytest.mark.interop

FOLDERS = (FolderType.CONTACTS, FolderType.CALENDAR, FolderType.TASKS)
SAMPLES = (CONTACTS, EVENTS, TASKS)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def three(eas: Client) -> list[Folder]:
    """The address book, the calendar and the tasks; the names of the last two are the same."""
    folders = eas.folders()
    return [folders.of_type(kind)[0] for kind in FOLDERS]


def put_all(dav: Dav) -> None:
    for sample in (*CONTACTS, *EVENTS, *TASKS):
        dav.put(sample.path, sample.text)


def wait_for_the_next_second() -> None:
    """SOGo's keys for contacts and events are seconds: what changes in the second of a Sync is not seen by the next."""
    time.sleep(1.1)


def elements(item: Item, path: str) -> list[str | None]:
    """The texts at a path of tags below the item, as it goes over the wire again."""
    written = wbxml.decode(wbxml.encode(Change(item=item), version="14.1"))
    return [element.text for element in written.root.findall(f"AirSync:ApplicationData/{path}")]


# From DAV


def test_those_made_over_dav_arrive_with_their_fields(connect: Connect, sogo: SOGoServer, user: User) -> None:
    put_all(sogo.dav(user))
    eas = connect(user)
    for folder, samples in zip(three(eas), SAMPLES, strict=True):
        arrived = items(eas, folder)
        assert arrived.keys() == {sample.server_id for sample in samples}
        for sample in samples:
            found = {path: elements(arrived[sample.server_id], path) for path in sample.expected}
            assert found == {path: [text] for path, text in sample.expected.items()}
    assert changes(eas) == []


def test_fields_have_their_types(connect: Connect, sogo: SOGoServer, user: User) -> None:
    put_all(sogo.dav(user))
    eas = connect(user)
    found = items(eas, *three(eas))

    ada, zoe = found["ada.vcf"], found["zoe.vcf"]
    assert isinstance(ada, Contact) and isinstance(zoe, Contact)
    assert ada.birthday == datetime(1815, 12, 10, tzinfo=UTC)
    assert ada.categories == ["Friend", "Science"]
    # Sent as an empty element, and not sent at all.
    assert (zoe.middle_name, zoe.birthday) == ("", None)

    review, standup, lunch, holiday = (found[name] for name in ("review", "standup", "lunch", "holiday"))
    assert isinstance(review, CalendarEvent) and isinstance(standup, CalendarEvent)
    assert isinstance(lunch, CalendarEvent) and isinstance(holiday, CalendarEvent)
    assert (review.reminder, review.all_day_event, holiday.all_day_event) == (15, False, True)
    assert (review.sensitivity, review.busy_status) == (Sensitivity.PRIVATE, BusyStatus.BUSY)
    assert review.categories == ["Work"]
    assert review.timezone is not None and len(review.timezone) == 172
    assert standup.timezone is not None and standup.timezone[:4] == (-60).to_bytes(4, "little", signed=True)
    assert standup.recurrence is not None
    assert (standup.recurrence.type, standup.recurrence.day_of_week) == (RecurrenceType.WEEKLY, 2 + 8 + 32)
    assert standup.exceptions is not None
    assert [(one.deleted, one.exception_start_time) for one in standup.exceptions] == [
        (True, datetime(2026, 3, 6, 8, 15, tzinfo=UTC))
    ]
    assert lunch.start_time == datetime(2026, 7, 1, 10, 15, tzinfo=UTC)
    assert lunch.attendees is not None
    assert [(one.email, one.attendee_status) for one in lunch.attendees] == [
        ("carol@elsewhere.example", AttendeeStatus.ACCEPTED)
    ]

    report, call = found["report.ics"], found["call.ics"]
    assert isinstance(report, Task) and isinstance(call, Task)
    assert (report.complete, report.importance, report.categories) == (False, Importance.HIGH, ["Work"])
    assert report.due_date == report.utc_due_date == datetime(2026, 3, 10, 16, tzinfo=UTC)
    assert (call.complete, call.date_completed) == (True, datetime(2026, 1, 5, 9, tzinfo=UTC))


def test_page_by_page(connect: Connect, sogo: SOGoServer, user: User) -> None:
    put_all(sogo.dav(user))
    eas = connect(user)
    for folder, samples in zip(three(eas), SAMPLES, strict=True):
        pages = [[change.server_id for change in page.changes] for page in eas.sync(folder, window=1)]
        assert sorted(pages) == sorted([sample.server_id] for sample in samples)
    assert changes(eas) == []


def test_estimates(connect: Connect, sogo: SOGoServer, user: User) -> None:
    put_all(sogo.dav(user))
    eas = connect(user)
    contacts, events, tasks = three(eas)
    assert eas.estimate(contacts) == 3 == len(items(eas, contacts))
    # SOGo keeps events and tasks in one folder, and counts both for either.
    assert eas.estimate(events) == eas.estimate(tasks) == len(items(eas, events)) + len(items(eas, tasks)) == 4 + 3


def test_changes_over_dav_arrive(connect: Connect, sogo: SOGoServer, user: User) -> None:
    dav = sogo.dav(user)
    put_all(dav)
    eas = connect(user)
    folders = three(eas)
    items(eas, *folders)
    wait_for_the_next_second()
    new = {"Mathematician": "Poet", "Room 7": "Room 9", "All chapters": "No chapter"}
    for (changed, deleted, *_), (old, text) in zip(SAMPLES, new.items(), strict=True):
        assert old in changed.text
        dav.put(changed.path, changed.text.replace(old, text))
        dav.delete(deleted.path)
    dav.put("Contacts/personal/new.vcf", CONTACTS[2].text.replace("UID:company", "UID:new"))
    arrived = changes(eas, *folders)
    assert told(arrived) == {
        *(("Change", samples[0].server_id) for samples in SAMPLES),
        *(("Delete", samples[1].server_id) for samples in SAMPLES),
        ("Add", "new.vcf"),
    }
    by_id = {change.server_id: change.item for change in arrived if isinstance(change, Change)}
    ada, review, report = (by_id[samples[0].server_id] for samples in SAMPLES)
    assert isinstance(ada, Contact) and ada.job_title == "Poet"
    assert isinstance(review, CalendarEvent) and review.location == "Room 9, first floor"
    assert isinstance(report, Task) and report.body is not None and report.body.data == "No chapter."
    assert changes(eas) == []


def test_filters(connect: Connect, sogo: SOGoServer, user: User) -> None:
    dav = sogo.dav(user)
    put_all(dav)
    this_year = datetime.now(UTC).year
    for year in (this_year - 3, this_year + 1):
        text = EVENTS[0].text.replace("20260302", f"{year}0302").replace("UID:review", f"UID:y{year}")
        dav.put(f"Calendar/personal/y{year}.ics", text)
    eas = connect(user)
    contacts, events, tasks = three(eas)
    recent = items(eas, events, filter_type=FilterType.ONE_MONTH)
    assert f"y{this_year + 1}" in recent and f"y{this_year - 3}" not in recent
    # Contacts have no filter, and this one is for tasks alone.
    assert len(items(eas, contacts, filter_type=FilterType.ONE_MONTH)) == len(CONTACTS)
    assert {sample.server_id for sample in TASKS} >= items(eas, tasks, filter_type=FilterType.INCOMPLETE_TASKS).keys()


# From the client


def test_a_contact_of_the_client(connect: Connect, sogo: SOGoServer, user: User) -> None:
    dav = sogo.dav(user)
    eas = connect(user)
    put_all(dav)
    contacts = three(eas)[0]
    items(eas, contacts)
    person = Contact(
        first_name="Zoë",
        last_name="Ångström & <Sons>",
        file_as="Ångström, Zoë",
        email1_address="zoe@example.test",
        mobile_phone_number="+46 70 000 00 00",
        business_address_city="Malmö",
        birthday=datetime(1990, 5, 6, tzinfo=UTC),
        body=Body(type=BodyType.PLAIN_TEXT, data="first line\nsecond; line, 😀"),
    )
    (added,) = eas.apply(contacts, [Add(item=person)])
    assert added.ok and added.server_id
    path = f"Contacts/personal/{added.server_id}"
    assert lines(dav, path) >= {
        "N:Ångström & <Sons>;Zoë",
        "FN:Ångström\\, Zoë",
        "EMAIL;TYPE=work:zoe@example.test",
        "TEL;TYPE=cell:+46 70 000 00 00",
        "BDAY:1990-05-06",
        "NOTE:first line\\nsecond\\; line\\, 😀",
    }
    assert changes(eas, contacts) == []

    person.email1_address, person.mobile_phone_number, person.body = "new@example.test", None, None
    (changed,) = eas.apply(contacts, [Change(server_id=added.server_id, item=person)])
    assert changed.ok
    after = lines(dav, path)
    assert "EMAIL;TYPE=work:new@example.test" in after
    # What a Change leaves out is gone, but for the body: [MS-ASCMD] section 2.2.3.24.
    assert not any(line.startswith("TEL") for line in after)
    assert "NOTE:first line\\nsecond\\; line\\, 😀" in after

    arrived = items(connect(user, device="another"), contacts)[added.server_id]
    assert isinstance(arrived, Contact)
    assert (arrived.last_name, arrived.birthday) == (person.last_name, person.birthday)
    assert (arrived.email1_address, arrived.business_address_city) == ("new@example.test", "Malmö")

    (deleted,) = eas.apply(contacts, [Delete(server_id=added.server_id)])
    assert deleted.ok
    assert dav.get(path) is None
    wait_for_the_next_second()
    assert changes(eas, contacts) == []


def test_an_event_of_the_client(connect: Connect, sogo: SOGoServer, user: User) -> None:
    dav = sogo.dav(user)
    eas = connect(user)
    put_all(dav)
    calendar = three(eas)[1]
    items(eas, calendar)
    event = CalendarEvent(
        all_day_event=False,
        busy_status=BusyStatus.BUSY,
        dt_stamp=datetime(2026, 1, 1, tzinfo=UTC),
        start_time=datetime(2026, 5, 1, 9, tzinfo=UTC),
        end_time=datetime(2026, 5, 1, 10, 30, tzinfo=UTC),
        subject="Frühstück & <mehr>",
        location="Küche",
        uid="made-by-the-client",
        sensitivity=Sensitivity.NORMAL,
        reminder=10,
        meeting_status=MeetingStatus.APPOINTMENT,
    )
    (added,) = eas.apply(calendar, [Add(item=event)])
    assert added.ok and added.server_id == event.uid
    path = f"Calendar/personal/{event.uid}.ics"
    expected = {"SUMMARY:Frühstück & <mehr>", "LOCATION:Küche", "DTSTART;TZID=Etc/UTC:20260501T090000"}
    assert lines(dav, path) >= expected | {"DTEND;TZID=Etc/UTC:20260501T103000"}

    event.end_time = datetime(2026, 5, 1, 11, tzinfo=UTC)
    (changed,) = eas.apply(calendar, [Change(server_id=added.server_id, item=event)])
    assert changed.ok
    assert lines(dav, path) >= expected | {"DTEND;TZID=Etc/UTC:20260501T110000"}
    wait_for_the_next_second()
    assert changes(eas, calendar) == []

    (deleted,) = eas.apply(calendar, [Delete(server_id=added.server_id)])
    assert deleted.ok
    assert dav.get(path) is None


def test_a_task_of_the_client(connect: Connect, sogo: SOGoServer, user: User) -> None:
    dav = sogo.dav(user)
    eas = connect(user)
    put_all(dav)
    tasks = three(eas)[2]
    items(eas, tasks)
    task = Task(
        subject="Aufräumen & <putzen>",
        importance=Importance.HIGH,
        utc_due_date=datetime(2026, 6, 1, tzinfo=UTC),
        due_date=datetime(2026, 6, 1, tzinfo=UTC),
        complete=False,
        reminder_set=False,
        sensitivity=Sensitivity.NORMAL,
    )
    (added,) = eas.apply(tasks, [Add(item=task)])
    assert added.ok and added.server_id
    path = f"Calendar/personal/{added.server_id}"
    expected = {"BEGIN:VTODO", "SUMMARY:Aufräumen & <putzen>", "PRIORITY:1"}
    assert lines(dav, path) >= expected | {"STATUS:IN-PROCESS", "DUE;TZID=Etc/UTC:20260601T000000"}

    task.complete, task.date_completed = True, datetime(2026, 5, 1, tzinfo=UTC)
    (changed,) = eas.apply(tasks, [Change(server_id=added.server_id, item=task)])
    assert changed.ok
    assert lines(dav, path) >= expected | {"STATUS:COMPLETED"}

    (deleted,) = eas.apply(tasks, [Delete(server_id=added.server_id)])
    assert deleted.ok
    assert dav.get(path) is None


@pytest.mark.parametrize("kind", FOLDERS, ids=lambda kind: kind.name.lower())
def test_the_first_item_of_an_empty_folder(connect: Connect, user: User, kind: FolderType) -> None:
    """SOGo keeps no state of an empty folder: after the first Add it starts over, and takes no change before."""
    new: dict[FolderType, Item] = {
        FolderType.CONTACTS: Contact(first_name="Ada", file_as="Ada"),
        FolderType.CALENDAR: CalendarEvent(subject="x", start_time=NOON, end_time=NOON, uid="x"),
        FolderType.TASKS: Task(subject="x"),
    }
    eas = connect(user)
    (folder,) = eas.folders().of_type(kind)
    assert changes(eas, folder) == []
    (added,) = eas.apply(folder, [Add(item=new[kind])])
    assert added.ok
    (refused,) = eas.apply(folder, [Change(server_id=added.server_id, item=new[kind])])
    # 0 where SOGo has closed a kept connection on the way: then nobody knows what became of the request before.
    assert not refused.ok and refused.status in (0, 3)
    (page,) = eas.sync(folder)
    assert page.resync
    assert told(page.changes) == {("Add", added.server_id)}
    (changed,) = eas.apply(folder, [Change(server_id=added.server_id, item=new[kind])])
    assert changed.ok
    assert changes(eas, folder) == []


def test_many_contacts_at_once(connect: Connect, sogo: SOGoServer, user: User) -> None:
    eas = connect(user)
    (contacts,) = eas.folders().of_type(FolderType.CONTACTS)
    people = [Contact(first_name="Nr.", last_name=str(number), file_as=f"Nr. {number}") for number in range(60)]
    results = eas.apply(contacts, [Add(item=person) for person in people])
    assert all(result.ok for result in results)
    assert [result.change.item for result in results if isinstance(result.change, Add)] == people
    arrived = items(connect(user, device="another"), contacts, window=25)
    assert {server_id: item.file_as for server_id, item in arrived.items() if isinstance(item, Contact)} == {
        result.server_id: person.file_as for result, person in zip(results, people, strict=True)
    }


def lines(dav: Dav, path: str) -> set[str]:
    """The unfolded lines of an object."""
    text = dav.get(path)
    assert text is not None
    return set(text.replace("\r\n ", "").replace("\n ", "").splitlines())
