"""Numbers with a meaning that several classes of item share."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ItemClass(StrEnum):
    """What kind of item it is, as written in an element Class: [MS-ASCMD] section 2.2.3.27.6."""

    EMAIL = "Email"
    CONTACTS = "Contacts"
    CALENDAR = "Calendar"
    TASKS = "Tasks"
    NOTES = "Notes"
    SMS = "SMS"


class Importance(IntEnum):
    """How urgent an item is: [MS-ASEMAIL] section 2.2.2.38, [MS-ASTASK] section 2.2.2.14."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Sensitivity(IntEnum):
    """Whom an item concerns: [MS-ASCAL] section 2.2.2.41, [MS-ASTASK] section 2.2.2.24."""

    NORMAL = 0
    PERSONAL = 1
    PRIVATE = 2
    CONFIDENTIAL = 3


class BusyStatus(IntEnum):
    """What an event does to one's time: [MS-ASCAL] section 2.2.2.9. The first and the last come with 16.x only."""

    UNKNOWN = -1
    FREE = 0
    TENTATIVE = 1
    BUSY = 2
    OUT_OF_OFFICE = 3
    WORKING_ELSEWHERE = 4


class RecurrenceType(IntEnum):
    """By what an item recurs: [MS-ASCAL] section 2.2.2.45. The NTH ones go by the nth such weekday of the month."""

    DAILY = 0
    WEEKLY = 1
    MONTHLY = 2
    MONTHLY_NTH = 3
    YEARLY = 5
    YEARLY_NTH = 6


class CalendarType(IntEnum):
    """The calendar by which an item recurs: [MS-ASCAL] section 2.2.2.10."""

    DEFAULT = 0
    GREGORIAN = 1
    GREGORIAN_US = 2
    JAPANESE = 3
    TAIWAN = 4
    KOREAN = 5
    HIJRI = 6
    THAI = 7
    HEBREW = 8
    GREGORIAN_MIDDLE_EAST_FRENCH = 9
    GREGORIAN_ARABIC = 10
    GREGORIAN_TRANSLITERATED_ENGLISH = 11
    GREGORIAN_TRANSLITERATED_FRENCH = 12
    JAPANESE_LUNAR = 14
    CHINESE_LUNAR = 15
    SAKA = 16
    CHINESE_LUNAR_ETO = 17
    KOREAN_LUNAR_ETO = 18
    JAPANESE_ROKUYOU_LUNAR = 19
    KOREAN_LUNAR = 20
    UM_AL_QURA = 23


class Weekday(IntEnum):
    """The day with which a week begins: [MS-ASCAL] section 2.2.2.24."""

    SUNDAY = 0
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
