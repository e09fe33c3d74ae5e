"""What ActiveSync says in blobs and numbers, to and from what calendars say elsewhere: zones, RRULE and UID."""

from .globalobjid import global_obj_id, uid
from .meeting import find_meeting
from .recurrence import from_rrule, to_rrule
from .timezone import Switch, TimeZone
from .zones import from_zone, to_zone

__all__ = [
    "Switch",
    "TimeZone",
    "find_meeting",
    "from_rrule",
    "from_zone",
    "global_obj_id",
    "to_rrule",
    "to_zone",
    "uid",
]
