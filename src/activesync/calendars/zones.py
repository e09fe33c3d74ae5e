"""Which zone of IANA's database a TimeZone stands for, and the TimeZone of a zone.

    to_zone(TimeZone.from_bytes(event.timezone))                    # ZoneInfo("America/Los_Angeles")
    from_zone(ZoneInfo("Europe/Berlin")).to_bytes()

A blob tells the rules of one year, and no name that could be relied on: so the rules are compared.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from .timezone import Switch, TimeZone
from .windowszones import ZONES

_YEARS: Final = 7  # how far the rules of a zone are looked at, to tell the last week of a month from the fourth
_NAME: Final = 32  # characters

_LARGE: Final = (
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Sao_Paulo"),
    *("Europe/London", "Europe/Berlin", "Europe/Athens", "Europe/Moscow", "Asia/Kolkata", "Asia/Shanghai"),
    *("Asia/Tokyo", "Australia/Sydney"),
)
"""What most people would expect, where the rules of several zones are the same."""

_Changes: TypeAlias = tuple[tuple[datetime, int, int], ...]


def to_zone(timezone: TimeZone, *prefer: str, year: int | None = None) -> ZoneInfo | None:
    """A zone of IANA's database with the same rules in a year, this one if none is given; None where there is none.

    Of several it is the first of ``prefer`` that fits, then what Windows means by the name, then a large one.
    """
    year = datetime.now(UTC).year if year is None else year
    meant = [ZONES[timezone.standard_name]] if timezone.standard_name in ZONES else []
    known = available_timezones()
    for key in dict.fromkeys((*prefer, *meant, *_LARGE, *ZONES.values(), *sorted(known))):
        if key in known and _same(timezone, key, year):
            return ZoneInfo(key)
    return None


def from_zone(zone: ZoneInfo, year: int | None = None) -> TimeZone:
    """The rules of a zone as they are in a year, this one if none is given, under the name that Windows has for it.

    A blob can tell of clocks that are changed twice a year: of others, what they show at the end of the year counts.
    """
    year = datetime.now(UTC).year if year is None else year
    name = next((name for name, key in ZONES.items() if key == zone.key), zone.key)[:_NAME]
    changes = _changes(zone, year)
    if len(changes) != 2:
        return TimeZone(-_minutes(zone, datetime(year, 12, 31, 12, tzinfo=UTC)), None, None, name, name)
    standard, daylight = sorted(range(2), key=lambda number: changes[number][2])
    return TimeZone(
        -changes[standard][2],
        _described(zone, year, standard),
        _described(zone, year, daylight),
        name,
        name.replace("Standard", "Daylight"),
        0,
        changes[standard][2] - changes[daylight][2],
    )


def _same(timezone: TimeZone, key: str, year: int) -> bool:
    """Whether the clocks of both are changed at the same moments. Windows says 23:59:59.999 for midnight."""
    changes, wanted = _changes(ZoneInfo(key), year), timezone.changes(year)
    if not changes and not wanted:
        return _minutes(ZoneInfo(key), datetime(year, 7, 1, tzinfo=UTC)) == -timezone.bias - timezone.standard_bias
    return len(changes) == len(wanted) and all(
        minutes == after and abs(when - moment.replace(tzinfo=None)) <= timedelta(seconds=1)
        for (when, minutes), (moment, _, after) in zip(wanted, changes, strict=True)
    )


def _minutes(zone: tzinfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)


@lru_cache(4096)
def _changes(zone: ZoneInfo, year: int) -> _Changes:
    """When the clocks of a zone are changed in a year: the moment in UTC, and the minutes from UTC before and after."""
    found = []
    start = datetime(year, 1, 1, tzinfo=UTC)
    last = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    before = _minutes(zone, start)
    while start < last:
        end = min(start + timedelta(days=7), last)
        after = _minutes(zone, end)
        if after != before:
            low, high = start, end
            while high - low > timedelta(milliseconds=100):
                middle = low + (high - low) / 2
                low, high = (low, middle) if _minutes(zone, middle) == after else (middle, high)
            # Clocks are changed on a full second.
            found.append(((high + timedelta(milliseconds=500)).replace(microsecond=0), before, after))
        start, before = end, after
    return tuple(found)


def _described(zone: ZoneInfo, year: int, number: int) -> Switch:
    """The change of that number in a year, by week and weekday."""
    years = (_changes(zone, one) for one in range(year, min(year + _YEARS, 9999)))
    found = [changes[number] for changes in years if len(changes) == 2]
    times = [(when + timedelta(minutes=before)).replace(tzinfo=None) for when, before, _ in found]
    first = times[0]
    last = all((when + timedelta(days=7)).month != when.month for when in times)
    week = 5 if last else min((first.day - 1) // 7 + 1, 5)
    return Switch(first.month, week, first.isoweekday() % 7, first.hour, first.minute, first.second)


__all__ = ["from_zone", "to_zone"]
