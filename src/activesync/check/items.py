"""What an item in a request must keep to."""

from __future__ import annotations

from collections.abc import Iterator

from wbxml import AirSync, Calendar, Element, Email, Notes, Tasks

from .breach import Breach

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
    kind = data.find(Notes.MessageClass)
    if kind is not None and not f"{kind.text}.".startswith("IPM.StickyNote."):
        message = f"the MessageClass of a note is IPM.StickyNote or begins so, not {kind.text}"
        yield Breach("MS-ASNOTE_R57", message, kind.offset)
    flag = data.find(Email.Flag)
    if flag is not None:
        yield from _flag(flag)


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
