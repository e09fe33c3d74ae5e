"""The kinds of items that a schedule plays with: how the server and the client make and change them, and what counts.

What counts of an item is a tuple, its ``Shown``. Each kind says how to take one in that leaves parts as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, Protocol

from activesync.commands import FILTERS, Change, Delete, FilterType, FolderType
from activesync.items import (
    Body,
    BodyType,
    CalendarEvent,
    Contact,
    Email,
    EventException,
    Flag,
    FlagStatus,
    Importance,
    Item,
    Location,
    Note,
    Recurrence,
    RecurrenceType,
    Task,
)

NOON: Final = datetime(2026, 11, 27, 12, tzinfo=UTC)
"""What the clock of every mailbox shows, all the time."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# How old a mail or an event is, in days: on either side of most filters.
_AGES = (0, 0, 0, 2, 10, 40, 100)
_DAYS = {FilterType.ONE_DAY: 1, FilterType.THREE_DAYS: 3, FilterType.TWO_WEEKS: 14, FilterType.ONE_MONTH: 31}
UNREAD: Final = "a body that was left out"
"""Stands for a text which the page has said that it does not bring."""

Shown = tuple[Any, ...]


class Kind(Protocol):
    """A class of items, the folders that there are for it, and the first version that has them."""

    standard: FolderType
    user: FolderType
    since: str

    def made(self, random: Random, number: int, version: str | None) -> Item | None:
        """A new item: the server's, or for a version that of a client, None where a client cannot make one."""

    def changed(self, random: Random, number: int, item: Any) -> dict[str, Any]:
        """What of this item is another on the server."""

    def change(self, random: Random, number: int, version: str, server_id: str, had: Shown) -> Change | Delete:
        """A change of the client's of what it has of an item."""

    def shown(self, item: Any, had: Shown | None, *, own: bool, partial: bool) -> Shown:
        """What counts of an item that replaces what the caller had, None for a new one.

        ``own`` is what the caller himself has sent, ``partial`` where what it leaves out stays.
        """


def _else(values: Shown, had: Shown | None) -> Shown:
    """The values, and where there is none that of before."""
    return tuple(old if new is None else new for old, new in zip(had or (None,) * len(values), values, strict=True))


class _Mails:
    standard, user, since = FolderType.INBOX, FolderType.USER_MAIL, "12.1"

    def made(self, random: Random, number: int, version: str | None) -> Item | None:
        if version is not None:
            return None
        when = NOON + timedelta(seconds=number) - random.choice(_AGES) * _DAY
        return Email(subject=f"mail {number}", date_received=when, read=False)

    def changed(self, random: Random, number: int, item: Email) -> dict[str, Any]:
        what = random.random()
        if what < 0.5:
            return {"read": not item.read}
        if what < 0.7:
            return {"flag": _flag(random)}
        return {"subject": f"changed {number}"}

    def change(self, random: Random, number: int, version: str, server_id: str, had: Shown) -> Change:
        item = Email(read=not had[1]) if random.random() < 0.7 else Email(flag=_flag(random))
        return Change(server_id=server_id, item=item)

    def shown(self, item: Email, had: Shown | None, *, own: bool = False, partial: bool = True) -> Shown:
        return _else((item.subject, item.read, None if item.flag is None else (item.flag.status,)), had)


def _flag(random: Random) -> Flag:
    if random.random() < 0.5:
        return Flag(status=FlagStatus.ACTIVE, flag_type="Follow up")
    return Flag(status=FlagStatus.COMPLETE, flag_type="Follow up", complete_time=NOON, date_completed=NOON)


class _Contacts:
    standard, user, since = FolderType.CONTACTS, FolderType.USER_CONTACTS, "12.1"

    def made(self, random: Random, number: int, version: str | None) -> Item | None:
        return Contact(last_name=f"name {number}", company_name=None if version else "server")

    def changed(self, random: Random, number: int, item: Contact) -> dict[str, Any]:
        return {"company_name": f"company {number}"}

    def change(self, random: Random, number: int, version: str, server_id: str, had: Shown) -> Change:
        return Change(server_id=server_id, item=Contact(last_name=f"own {number}", company_name="client"))

    def shown(self, item: Contact, had: Shown | None, *, own: bool = False, partial: bool = False) -> Shown:
        return (item.last_name, item.company_name)


class _Events:
    standard, user, since = FolderType.CALENDAR, FolderType.USER_CALENDAR, "12.1"

    def made(self, random: Random, number: int, version: str | None) -> Item | None:
        start = NOON + number * timedelta(minutes=1) - random.choice(_AGES) * _DAY
        event = CalendarEvent(subject=f"event {number}", start_time=start, end_time=start + _HOUR)
        if random.random() < 0.5:
            weekly = random.random() < 0.3
            event.recurrence = Recurrence(
                type=RecurrenceType.WEEKLY if weekly else RecurrenceType.DAILY,
                interval=random.choice([1, 2]),
                day_of_week=2 if weekly else None,
                occurrences=random.choice([None, 9]),
            )
            # From 16.0 on a client sends each exception by itself: [MS-ASCAL] section 2.2.2.22.
            if (version or "") < "16.0":
                event.exceptions = []
                for one in range(random.randrange(3)):
                    event.exceptions = _among(event.exceptions, _exception(random, f"{number}.{one}", start))
        _put(event, random.choice([None, f"Room {number}"]), version or "16.1")
        return event

    def changed(self, random: Random, number: int, item: CalendarEvent) -> dict[str, Any]:
        what = random.random()
        assert item.start_time is not None
        if item.recurrence is not None and what < 0.4:
            one = _exception(random, str(number), item.start_time)
            return {"exceptions": _among(item.exceptions or [], one)}
        if item.recurrence is not None and item.exceptions and what < 0.6:
            return {"exceptions": item.exceptions[1:]}
        if what < 0.8:
            return {"subject": f"changed {number}"}
        return {"start_time": item.start_time + _DAY, "end_time": item.start_time + _DAY + _HOUR}

    def change(self, random: Random, number: int, version: str, server_id: str, had: Shown) -> Change | Delete:
        _, place, start, recurrence, _ = had
        what = random.random()
        recurs = recurrence is not None
        if version >= "16.0":
            if recurs and what < 0.4:
                one = _exception(random, str(number), start)
                day = one.exception_start_time
                if one.deleted:
                    return Delete(server_id=server_id, instance_id=day)
                return Change(server_id=server_id, instance_id=day, item=CalendarEvent(subject=one.subject))
            item = CalendarEvent(subject=f"own {number}")
            if what > 0.8:
                item.start_time, item.end_time = start + _HOUR, start + 2 * _HOUR
            return Change(server_id=server_id, item=item)
        # Up to 14.1 what is left out is deleted: all of it goes.
        item = CalendarEvent(subject=f"own {number}", start_time=start, end_time=start + _HOUR)
        _put(item, place, version)
        if recurs:
            kind, interval, day_of_week, occurrences = recurrence
            item.recurrence = Recurrence(type=kind, interval=interval, day_of_week=day_of_week, occurrences=occurrences)
            if what < 0.5:
                item.exceptions = [_exception(random, str(number), start)]
        return Change(server_id=server_id, item=item)

    def shown(self, item: CalendarEvent, had: Shown | None, *, own: bool = False, partial: bool = False) -> Shown:
        place = item.place.display_name if item.place is not None else item.location
        one = item.recurrence
        recurrence = None if one is None else (one.type, one.interval, one.day_of_week, one.occurrences)
        exceptions = None if item.exceptions is None else _shown_exceptions(item.exceptions)
        values: Shown = (item.subject, place, item.start_time, recurrence, exceptions)
        if not own or had is None:
            return (*values[:4], exceptions or ())
        if partial:
            values = _else(values, had)
            # A series that moves has no exceptions any more: [MS-ASCAL] section 2.2.2.22, R2114.
            return (*values[:4], had[4] if values[2:4] == had[2:4] else ())
        # Instances that are left out stay as they are: [MS-ASCMD] section 2.2.3.24, R877.
        named = {one[0] for one in exceptions or ()}
        return (*values[:4], tuple(sorted([*(one for one in had[4] if one[0] not in named), *(exceptions or ())])))


def _put(event: CalendarEvent, place: str | None, version: str) -> None:
    """Puts an event in a place, as the version says it."""
    if version >= "16.0":
        event.place = None if place is None else Location(display_name=place)
    else:
        event.location = place


def _exception(random: Random, name: str, start: datetime) -> EventException:
    day = start + random.randrange(1, 5) * _DAY
    if random.random() < 0.3:
        return EventException(exception_start_time=day, deleted=True)
    return EventException(exception_start_time=day, subject=f"instance {name}")


def _among(exceptions: list[EventException], one: EventException) -> list[EventException]:
    """The exceptions with another one, in the place of the one on the same day."""
    return [*(old for old in exceptions if old.exception_start_time != one.exception_start_time), one]


def _shown_exceptions(exceptions: list[EventException]) -> Shown:
    days = [(one.exception_start_time or one.instance_id, bool(one.deleted), one.subject or "") for one in exceptions]
    return tuple(sorted(days))


def with_instance(had: Shown, change: Change | Delete) -> Shown:
    """What counts of an event of which the caller has changed or deleted one instance."""
    if isinstance(change, Delete):
        one = (change.instance_id, True, "")
    else:
        assert isinstance(change.item, CalendarEvent)
        one = (change.instance_id, False, change.item.subject or "")
    return (*had[:4], tuple(sorted([*(old for old in had[4] if old[0] != one[0]), one])))


class _Tasks:
    standard, user, since = FolderType.TASKS, FolderType.USER_TASKS, "12.1"

    def made(self, random: Random, number: int, version: str | None) -> Item | None:
        return _task(f"task {number}", random.random() < 0.3, random.choice(list(Importance)))

    def changed(self, random: Random, number: int, item: Task) -> dict[str, Any]:
        if random.random() < 0.5:
            return {"subject": f"changed {number}"}
        return {"complete": not item.complete, "date_completed": None if item.complete else NOON}

    def change(self, random: Random, number: int, version: str, server_id: str, had: Shown) -> Change:
        complete = had[1] if random.random() < 0.6 else not had[1]
        return Change(server_id=server_id, item=_task(f"own {number}", complete, had[2]))

    def shown(self, item: Task, had: Shown | None, *, own: bool = False, partial: bool = False) -> Shown:
        return (item.subject, item.complete, item.importance)


def _task(subject: str, complete: bool, importance: Importance) -> Task:
    return Task(subject=subject, complete=complete, date_completed=NOON if complete else None, importance=importance)


class _Notes:
    standard, user, since = FolderType.NOTES, FolderType.USER_NOTES, "14.0"

    def made(self, random: Random, number: int, version: str | None) -> Item | None:
        return Note(subject=f"note {number}", message_class="IPM.StickyNote", body=_text(f"text {number}"))

    def changed(self, random: Random, number: int, item: Note) -> dict[str, Any]:
        if random.random() < 0.5:
            return {"subject": f"changed {number}"}
        return {"body": f"other text {number}"}

    def change(self, random: Random, number: int, version: str, server_id: str, had: Shown) -> Change:
        body = _text(f"own text {number}") if random.random() < 0.5 else None
        item = Note(subject=f"own {number}", message_class="IPM.StickyNote", body=body)
        return Change(server_id=server_id, item=item)

    def shown(self, item: Note, had: Shown | None, *, own: bool = False, partial: bool = False) -> Shown:
        text = None if item.body is None else item.body.data
        # A body that is left out stays: [MS-ASCMD] section 2.2.3.24, R878.
        return (item.subject, had[1] if own and had is not None and text is None else text)


def _text(text: str) -> Body:
    return Body(type=BodyType.PLAIN_TEXT, data=text)


KINDS: Final[tuple[Kind, ...]] = (_Mails(), _Contacts(), _Events(), _Tasks(), _Notes())
_BY_MODEL: Final[dict[type, Kind]] = dict(zip((Email, Contact, CalendarEvent, Task, Note), KINDS, strict=True))


def kind_of(folder: FolderType) -> Kind:
    """The kind of the items in such a folder."""
    return next(kind for kind in KINDS if kind.standard.item_class is folder.item_class)


def kind_of_item(item: Any) -> Kind:
    """The kind of an item, wherever it is."""
    return _BY_MODEL[type(item)]


def shown(item: Any, had: Shown | None = None, *, own: bool = False, partial: bool = False) -> Shown:
    """What counts of an item: see Kind.shown()."""
    return kind_of_item(item).shown(item, had, own=own, partial=partial)


def marks_of(item: Any) -> Iterator[str]:
    """The texts by which an item, or what a client has made of it, is told from all others."""
    for name in ("subject", "last_name"):
        if text := getattr(item, name, None):
            yield text
    for one in getattr(item, "exceptions", None) or ():
        if one.subject:
            yield one.subject


def alike(folder: FolderType, values: Shown, right: Shown) -> bool:
    """Whether a copy of an item is what the item is."""
    if kind_of(folder).standard is FolderType.INBOX:
        # A mail without a flag is as good as one whose flag was cleared.
        return (*values[:2], values[2] or (None,)) == (*right[:2], right[2] or (None,))
    return len(values) == len(right) and all(one in (UNREAD, other) for one, other in zip(values, right, strict=True))


def inside(folder: FolderType, item: Any, filter_type: FilterType | None) -> bool:
    """Whether a filter lets an item of such a folder through: [MS-ASCMD] section 2.2.3.68.2."""
    if filter_type not in FILTERS.get(folder.item_class, ()):
        return True
    if filter_type is FilterType.INCOMPLETE_TASKS:
        return not item.complete
    if filter_type is None or filter_type not in _DAYS:
        return True
    since = NOON - _DAYS[filter_type] * _DAY
    if isinstance(item, Email):
        return item.date_received is not None and item.date_received >= since
    # An event counts by its end, a series that does not say when it ends always: R3065.
    return item.recurrence is not None or item.end_time >= since


__all__ = [
    "KINDS",
    "NOON",
    "UNREAD",
    "Kind",
    "Shown",
    "alike",
    "inside",
    "kind_of",
    "kind_of_item",
    "marks_of",
    "shown",
    "with_instance",
]
