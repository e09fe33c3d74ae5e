"""Which event a meeting request is about. Source: [MS-ASEMAIL] section 3.1.4.7."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar

from ..items import CalendarEvent, InstanceType, MeetingRequest
from .globalobjid import uid

K = TypeVar("K")

_OF_A_SERIES: Final = (InstanceType.INSTANCE, InstanceType.EXCEPTION)


def find_meeting(request: MeetingRequest, events: Mapping[K, CalendarEvent]) -> tuple[K, datetime | None] | None:
    """The event that a meeting request is about: its key in ``events``, and which of its instances, by the start that
    the series gives it; None for the whole of the event. None where there is no such event.

    One who was invited to single instances of a series has several events with one UID, each for itself: then it is
    that with the request's RecurrenceId.
    """
    wanted = request.uid
    if wanted is None and request.global_obj_id is not None:
        wanted = uid(request.global_obj_id)
    if not wanted:
        return None
    known = {key: event for key, event in events.items() if event.uid is not None and _same(event.uid, wanted)}
    instance = request.recurrence_id
    if instance is not None:
        for key, event in known.items():
            if event.instance_id == instance:
                return key, None
    for key, event in known.items():
        if event.instance_id is None:
            return key, instance if event.recurrence is not None or request.instance_type in _OF_A_SERIES else None
    return None


def _same(one: str, other: str) -> bool:
    # Those that Outlook makes are hexadecimal digits, which servers write either way.
    return one == other or (one.upper() == other.upper() and one.startswith("04000000"))


__all__ = ["find_meeting"]
