"""Options: what of a folder is to be sent, and how; in Sync and in GetItemEstimate.

Source: [MS-ASCMD] sections 2.2.3.125.6 and 2.2.3.125.2.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from wbxml import AirSync, Model, RightsManagement, field

from ..items import BodyPartPreference, BodyPreference, ItemClass, MIMESupport


class FilterType(IntEnum):
    """How far back a folder is synchronised: [MS-ASCMD] section 2.2.3.68.2. Which values go depends on the class."""

    ALL = 0
    ONE_DAY = 1
    THREE_DAYS = 2
    ONE_WEEK = 3
    TWO_WEEKS = 4
    ONE_MONTH = 5
    THREE_MONTHS = 6
    SIX_MONTHS = 7
    INCOMPLETE_TASKS = 8


# Which filters a class knows; another one is refused with Status 4 ([MS-ASCMD] section 2.2.3.68.2).
FILTERS: Final[dict[ItemClass | None, range | tuple[int, ...]]] = {
    ItemClass.EMAIL: range(6),
    ItemClass.CALENDAR: (0, 4, 5, 6, 7),
    ItemClass.TASKS: (0, 8),
}


class Conflict(IntEnum):
    """Whose change stays where both sides have changed an item: [MS-ASCMD] section 2.2.3.34."""

    CLIENT_WINS = 0
    SERVER_WINS = 1


class MIMETruncation(IntEnum):
    """How many characters of a MIME message are sent, about: [MS-ASCMD] section 2.2.3.111."""

    NOTHING = 0
    UP_TO_4096 = 1
    UP_TO_5120 = 2
    UP_TO_7168 = 3
    UP_TO_10240 = 4
    UP_TO_20480 = 5
    UP_TO_51200 = 6
    UP_TO_102400 = 7
    EVERYTHING = 8


class Options(Model, tag=AirSync.Options):
    """What of a folder is to be sent, and how. The server keeps it until the next one, which replaces it as a whole."""

    filter_type: FilterType | None = field(AirSync.FilterType)
    cls: str | None = field(AirSync.Class, since="14.0")
    mime_support: MIMESupport | None = field(AirSync.MIMESupport)
    mime_truncation: MIMETruncation | None = field(AirSync.MIMETruncation)
    body_preferences: list[BodyPreference] = field()
    body_part_preference: BodyPartPreference | None = field()
    conflict: Conflict | None = field(AirSync.Conflict)
    max_items: int | None = field(AirSync.MaxItems)
    rights_management_support: bool | None = field(RightsManagement.RightsManagementSupport)
