"""Recurrences of events, meeting requests and tasks, to and from the RRULE of iCalendar (RFC 5545, RFC 7529).

    to_rrule(Recurrence(type=RecurrenceType.WEEKLY, day_of_week=62))         # "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
    from_rrule("FREQ=MONTHLY;BYDAY=-1FR", Recurrence, start=event.start_time)

Sources: [MS-ASCAL] section 2.2.2.37, [MS-ASEMAIL] section 2.2.2.60, [MS-ASTASK] section 2.2.2.20.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

from ..items import CalendarType, MeetingRecurrence, Recurrence, RecurrenceType, TaskRecurrence, Weekday

AnyRecurrence: TypeAlias = Recurrence | MeetingRecurrence | TaskRecurrence
R = TypeVar("R", Recurrence, MeetingRecurrence, TaskRecurrence)

DAYS: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_ALL: Final = 127
_LAST: Final = 5
_SCALES: Final = {
    CalendarType.HEBREW: "HEBREW",
    CalendarType.CHINESE_LUNAR: "CHINESE",
    CalendarType.KOREAN_LUNAR: "DANGI",
    CalendarType.HIJRI: "ISLAMIC-CIVIL",
    CalendarType.UM_AL_QURA: "ISLAMIC-UMALQURA",
}
"""The calendars of RFC 7529, which names them as CLDR does. Those that count the months of Gregory's need no name."""
_LUNAR: Final = frozenset({CalendarType.JAPANESE_LUNAR, CalendarType.CHINESE_LUNAR_ETO, CalendarType.KOREAN_LUNAR_ETO})
_UNNAMED: Final = _LUNAR | {CalendarType.SAKA, CalendarType.JAPANESE_ROKUYOU_LUNAR}


def to_rrule(recurrence: AnyRecurrence) -> str:
    """The value of an RRULE, without the name before it.

    A month that is too short for its DayOfMonth is left out by an RRULE, where Exchange takes its last day. Raises
    ValueError where the recurrence says what cannot be, such as a monthly one without a day, or what an RRULE cannot
    say: a calendar that has no name there, or a task that is made anew when it is done.
    """
    if getattr(recurrence, "regenerate", None):
        raise ValueError("a task that is made anew when it is done has no rule")
    if recurrence.type is None:
        raise ValueError("a recurrence without a Type has no rule")
    scale = _scale(recurrence.calendar_type)
    parts = {"RSCALE": scale} if scale else {}
    parts |= _period(recurrence)
    if recurrence.occurrences is not None and recurrence.until is not None:
        raise ValueError("a recurrence ends by Occurrences or by Until, not by both")
    if recurrence.occurrences is not None:
        parts["COUNT"] = str(_within(recurrence.occurrences, 1, 999, "Occurrences"))
    if recurrence.until is not None:
        parts["UNTIL"] = f"{recurrence.until.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if recurrence.first_day_of_week is not None:
        parts["WKST"] = DAYS[recurrence.first_day_of_week]
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _scale(calendar: CalendarType | None) -> str | None:
    if calendar in _UNNAMED:
        raise ValueError(f"an RRULE has no name for the calendar {calendar.name if calendar else ''}")
    return None if calendar is None else _SCALES.get(calendar)


def _within(value: int | None, least: int, most: int, name: str) -> int:
    if value is None or not least <= value <= most:
        raise ValueError(f"{name} of this recurrence must be {least} to {most}, not {value}")
    return value


def _period(recurrence: AnyRecurrence) -> dict[str, str]:
    kind = recurrence.type
    # 0 is allowed and means what 1 does: [MS-ASCAL] section 2.2.2.25, R28311.
    interval = _within(1 if recurrence.interval is None else recurrence.interval, 0, 999, "Interval")
    parts = {"INTERVAL": str(interval)} if interval > 1 else {}
    if kind in (RecurrenceType.DAILY, RecurrenceType.WEEKLY):
        days = _days(recurrence, needed=False)
        # With days a daily one is weekly, and its Interval counts weeks: [MS-ASCAL] section 2.2.2.37.1, R3892312.
        frequency = "WEEKLY" if days or kind is RecurrenceType.WEEKLY else "DAILY"
        return {"FREQ": frequency, **parts, **({"BYDAY": days} if days else {})}
    parts = {"FREQ": "MONTHLY" if kind in (RecurrenceType.MONTHLY, RecurrenceType.MONTHLY_NTH) else "YEARLY", **parts}
    if kind in (RecurrenceType.YEARLY, RecurrenceType.YEARLY_NTH):
        month = _within(recurrence.month_of_year, 1, 12, "MonthOfYear")
        # With the months of Gregory's calendar it has no effect: [MS-ASCAL] section 2.2.2.26, R290.
        leap = recurrence.is_leap_month and _scale(recurrence.calendar_type) is not None
        parts["BYMONTH"] = f"{month}L" if leap else str(month)
    if kind in (RecurrenceType.MONTHLY, RecurrenceType.YEARLY):
        parts["BYMONTHDAY"] = str(_within(recurrence.day_of_month, 1, 31, "DayOfMonth"))
        return parts
    days = _days(recurrence, needed=True)
    week = _within(recurrence.week_of_month, 1, 5, "WeekOfMonth")
    number = "-1" if week == _LAST else str(week)
    if recurrence.day_of_week == _ALL:  # the nth or last day of the month
        return {**parts, "BYMONTHDAY": number}
    if "," not in days:
        return {**parts, "BYDAY": f"{number}{days}"}
    return {**parts, "BYDAY": days, "BYSETPOS": number}


def _days(recurrence: AnyRecurrence, *, needed: bool) -> str:
    if recurrence.day_of_week is None and not needed:
        return ""
    days = _within(recurrence.day_of_week, 1, _ALL, "DayOfWeek")
    # As calendars write it, from Monday on.
    return ",".join(DAYS[number] for number in (1, 2, 3, 4, 5, 6, 0) if days >> number & 1)


def from_rrule(text: str, model: type[R], *, start: datetime) -> R:
    """The recurrence that an RRULE stands for; ``start`` is the first time of it, in the zone of the series.

    Raises ValueError for what is no RRULE, and for what ActiveSync cannot say, by its name: hours, several days of the
    month, several months.
    """
    parts = _parts(text)
    frequency = parts.pop("FREQ", "")
    values: dict[str, Any] = {"interval": _number(parts.pop("INTERVAL", "1"), 1, 999, "INTERVAL")}
    if "COUNT" in parts:
        values["occurrences"] = _number(parts.pop("COUNT"), 1, 999, "COUNT")
    if "UNTIL" in parts:
        values["until"] = _until(parts.pop("UNTIL"), start)
    if "WKST" in parts:
        values["first_day_of_week"] = Weekday(_day(parts.pop("WKST")))
    if (scale := parts.pop("RSCALE", "GREGORIAN")) != "GREGORIAN":
        values["calendar_type"] = next((kind for kind, name in _SCALES.items() if name == scale), None)
        if values["calendar_type"] is None:
            raise ValueError(f"ActiveSync has no calendar for RSCALE={scale}")
    if frequency in ("DAILY", "WEEKLY"):
        daily = frequency == "DAILY" and "BYDAY" not in parts
        if frequency == "DAILY" and not daily and values["interval"] > 1:
            raise ValueError("ActiveSync cannot say FREQ=DAILY with INTERVAL and BYDAY together")
        values["type"] = RecurrenceType.DAILY if daily else RecurrenceType.WEEKLY
        days = _mask(parts.pop("BYDAY", "")) or (1 << start.isoweekday() % 7 if frequency == "WEEKLY" else None)
        values["day_of_week"] = days
    elif frequency in ("MONTHLY", "YEARLY"):
        values |= _month_or_year(frequency, parts, start)
    else:
        raise ValueError(f"ActiveSync has no recurrence for FREQ={frequency}")
    if parts:
        raise ValueError(f"ActiveSync has no {', '.join(sorted(parts))} with FREQ={frequency}")
    return model(**values)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().removeprefix("RRULE:").upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise ValueError(f"not an RRULE: {part!r} in {text!r}")
        parts[name] = value
    return parts


def _month_or_year(frequency: str, parts: dict[str, str], start: datetime) -> dict[str, Any]:
    yearly = frequency == "YEARLY"
    values: dict[str, Any] = {}
    if yearly:
        if "BYMONTH" not in parts and ("BYDAY" in parts or "BYMONTHDAY" in parts):
            raise ValueError("ActiveSync has no yearly recurrence by days without BYMONTH")
        month = parts.pop("BYMONTH", str(start.month))
        if month.endswith("L"):
            values["is_leap_month"] = True
        values["month_of_year"] = _number(month.removesuffix("L"), 1, 12, "BYMONTH")
    if "BYDAY" not in parts:
        day = parts.pop("BYMONTHDAY", str(start.day))
        if day == "-1":
            return values | _nth(yearly, _ALL, _LAST)
        number = _number(day, 1, 31, "BYMONTHDAY")
        kind = RecurrenceType.YEARLY if yearly else RecurrenceType.MONTHLY
        return values | {"type": kind, "day_of_month": number}
    days = parts.pop("BYDAY")
    position = parts.pop("BYSETPOS", "")
    if found := re.fullmatch(r"([+-]?\d)([A-Z]{2})", days):
        if position not in ("", "1"):
            raise ValueError(f"ActiveSync has no BYSETPOS={position} with BYDAY={days}")
        days, position = found[2], found[1]
    if not position:
        raise ValueError(f"ActiveSync has no BYDAY={days} without a number with FREQ={frequency}")
    week = _LAST if position == "-1" else _number(position.removeprefix("+"), 1, 4, "the number of BYDAY")
    return values | _nth(yearly, _mask(days) or 0, week)


def _nth(yearly: bool, days: int, week: int) -> dict[str, Any]:
    kind = RecurrenceType.YEARLY_NTH if yearly else RecurrenceType.MONTHLY_NTH
    return {"type": kind, "day_of_week": days, "week_of_month": week}


def _mask(days: str) -> int | None:
    return sum(1 << number for number in {_day(day) for day in days.split(",")}) if days else None


def _day(text: str) -> int:
    if text not in DAYS:
        raise ValueError(f"ActiveSync has no day {text!r} there: it has {', '.join(DAYS)}")
    return DAYS.index(text)


def _number(text: str, least: int, most: int, name: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not least <= int(text) <= most:
        raise ValueError(f"{name} must be {least} to {most}, not {text}")
    return int(text)


def _until(text: str, start: datetime) -> datetime:
    """UNTIL in UTC; a date alone is the whole day, in the zone of the series."""
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59, second=59, tzinfo=start.tzinfo or UTC)
        return datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(
            tzinfo=UTC if text.endswith("Z") else start.tzinfo or UTC
        )
    except ValueError:
        raise ValueError(f"UNTIL must be a date or a time, not {text}") from None


__all__ = ["AnyRecurrence", "from_rrule", "to_rrule"]
