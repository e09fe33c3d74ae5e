"""What an item in a request must keep to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wbxml import AirSync, Calendar, Element, Email, Email2, Notes, Tasks

from .breach import Breach

_DRAFT_AS_MIME = frozenset({Email.Importance, Email.Read, Email.Flag})
_DRAFT = _DRAFT_AS_MIME | {Email.To, Email.Cc, Email2.Bcc, Email.Subject, Email.ReplyTo}
_FLAG_DATES = (Tasks.StartDate, Tasks.DueDate, Tasks.UtcStartDate, Tasks.UtcDueDate)


def item(command: Element, version: str) -> Iterator[Breach]:
    """What is wrong with the item of an Add or a Change."""
    data = command.find(AirSync.ApplicationData)
    if data is None:
        return
    exceptions = data.find(Calendar.Exceptions)
    if version >= "16.0" and exceptions is not None and command.tag == AirSync.Change:
        message = f"in {version} an exception is changed by a Change of its own, with its InstanceId"
        yield Breach("MS-ASCAL_R2112", message, exceptions.offset)
    body = data.find("AirSyncBase:Body/AirSyncBase:Type")
    if version >= "16.0" and body is not None and body.text not in ("1", "2") and _is_event(data):
        which = "MS-ASAIRS_R1400" if version == "16.0" else "MS-ASAIRS_R14000918"
        yield Breach(which, f"in {version} the Type of an event's body is 1 or 2, not {body.text}", body.offset)
    kind = data.find(Notes.MessageClass)
    if kind is not None and not f"{kind.text}.".startswith("IPM.StickyNote."):
        message = f"the MessageClass of a note is IPM.StickyNote or begins so, not {kind.text}"
        yield Breach("MS-ASNOTE_R57", message, kind.offset)
    if command.findtext(AirSync.Class) != "SMS":
        if version >= "16.0":
            yield from _mail(command, data)
        elif command.tag == AirSync.Add and any(child.tag.namespace == "Email" for child in data):
            yield Breach(
                "MS-ASEMAIL_R42", f"in {version} an Add of what a mail has is an SMS: say so by Class", data.offset
            )
    organizer = data.find(Calendar.OrganizerEmail)
    if organizer is not None and organizer.text and not re.fullmatch(r"[^@\s]+@[^@\s]+", organizer.text):
        message = f"OrganizerEmail is an address, local-part@domain, not {organizer.text[:80]}"
        yield Breach("MS-ASCAL_R364", message, organizer.offset)
    for attendee in data.iter(Calendar.Attendee):
        proposed = [attendee.find(f"MeetingResponse:Proposed{name}Time") for name in ("Start", "End")]
        for own, other, which in ((0, 1, "MS-ASCMD_R69901704"), (1, 0, "MS-ASCMD_R69901725")):
            if proposed[own] is not None and proposed[other] is None:
                yield Breach(which, "the times that an attendee proposes go together", attendee.offset)
    flag = data.find(Email.Flag)
    if flag is not None:
        yield from _flag(flag)


def _is_event(data: Element) -> bool:
    return any(child.tag.namespace == "Calendar" for child in data)


def _mail(command: Element, data: Element) -> Iterator[Breach]:
    """From 16.0 on mails are written: what a draft may hold, and what a mail that was received."""
    mime = data.findtext("AirSyncBase:Body/AirSyncBase:Type") == "4"
    allowed = _DRAFT_AS_MIME if mime else _DRAFT
    if command.tag == AirSync.Change:
        allowed = allowed | {Email.Categories}
    which = {
        (AirSync.Add, False): "MS-ASEMAIL_R1489",
        (AirSync.Change, False): "MS-ASEMAIL_R1490",
        (AirSync.Add, True): "MS-ASEMAIL_R14890",
        (AirSync.Change, True): "MS-ASEMAIL_R14900",
    }[command.tag, mime]
    for child in data:
        if child.tag.namespace in ("Email", "Email2") and child.tag not in allowed:
            where = "a draft as MIME" if mime else "a draft"
            yield Breach(which, f"{where} is sent without {child.tag}", child.offset)


def _flag(flag: Element) -> Iterator[Breach]:
    there = [tag for tag in _FLAG_DATES if flag.find(tag) is not None]
    if there and len(there) < len(_FLAG_DATES):
        missing = ", ".join(tag.name for tag in _FLAG_DATES if tag not in there)
        yield Breach("MS-ASEMAIL_R408", f"a flag has all of its four dates or none: {missing} missing", flag.offset)
    # Dates of one form compare as text.
    for start, due, which in (
        (Tasks.StartDate, Tasks.DueDate, "MS-ASEMAIL_R406"),
        (Tasks.UtcStartDate, Tasks.UtcDueDate, "MS-ASEMAIL_R850"),
    ):
        first, last = flag.findtext(start), flag.findtext(due)
        if first and last and first > last:
            yield Breach(which, f"{due.name} of a flag is before {start.name}: {last} and {first}", flag.offset)
    if flag.findtext(Email.Status) == "1":
        for tag, which in ((Email.CompleteTime, "MS-ASEMAIL_R334"), (Tasks.DateCompleted, "MS-ASEMAIL_R358")):
            if flag.find(tag) is None:
                yield Breach(which, f"a flag that is complete has a {tag.name}", flag.offset)
    if flag.findtext(Tasks.ReminderSet) == "1" and flag.find(Tasks.ReminderTime) is None:
        yield Breach("MS-ASEMAIL_R701", "a flag with ReminderSet has a ReminderTime", flag.offset)


__all__ = ["item"]
