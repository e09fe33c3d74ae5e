"""The TimeZone blob of events and meeting requests. Source: [MS-ASDTYPE] section 2.7.4.

    zone = TimeZone.from_bytes(event.timezone)
    event.start_time.astimezone(zone)

It is a tzinfo by itself; zones.py finds the zone of IANA's database that it stands for.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Self

SIZE: Final = 172
"""The length of a blob, in bytes."""

_FORM: Final = struct.Struct("<i64s16si64s16si")
_DATE: Final = struct.Struct("<8H")
_NAME: Final = 32  # WCHARs


@dataclass(frozen=True, slots=True)
class Switch:
    """When the clocks are changed, in the time that is left: on the ``week``-th (5: the last) ``weekday`` of ``month``.

    ``weekday`` is 0 for Sunday. With a ``year`` it is that year's alone, and ``week`` is the day of the month.
    """

    month: int
    week: int
    weekday: int
    hour: int
    minute: int = 0
    second: int = 0
    millisecond: int = 0
    year: int = 0

    def on(self, year: int) -> datetime | None:
        """The naive local time of the change in this year; None where it is another year's."""
        time = (self.hour, self.minute, self.second, self.millisecond * 1000)
        if self.year:
            return datetime(year, self.month, self.week, *time) if year == self.year else None  # noqa: DTZ001
        first = datetime(year, self.month, 1, *time)  # noqa: DTZ001
        # isoweekday() is 7 for Sunday.
        day = 1 + (self.weekday - first.isoweekday()) % 7 + 7 * (self.week - 1)
        month = first.replace(day=28) + timedelta(days=4) if (year, self.month) != (9999, 12) else None
        days = 31 if month is None else (month - timedelta(days=month.day)).day
        return first.replace(day=day if day <= days else day - 7)

    def to_bytes(self) -> bytes:
        """The SYSTEMTIME of [MS-DTYP]."""
        return _DATE.pack(
            *(self.year, self.month, self.weekday, self.week),
            *(self.hour, self.minute, self.second, self.millisecond),
        )

    @classmethod
    def from_bytes(cls, packed: bytes, name: str) -> Self:
        """What a SYSTEMTIME says. Raises ValueError, which calls it by its name, where it says what cannot be."""
        year, month, weekday, day, hour, minute, second, millisecond = _DATE.unpack(packed)
        found = cls(month, day, weekday, hour, minute, second, millisecond, year)
        try:
            if not 1 <= day <= (31 if year else 5) or weekday > 6 or millisecond > 999:
                raise ValueError
            found.on(year or 2000)
        except ValueError:
            raise ValueError(
                f"{name} of a TimeZone cannot be: year {year}, month {month}, weekday {weekday}, week {day}, "
                f"{hour}:{minute:02}:{second:02}.{millisecond:03}"
            ) from None
        return found


@dataclass(frozen=True)
class TimeZone(tzinfo):
    """The rules of a zone. A bias is what is added to local time to give UTC, in minutes: 480 for Pacific time.

    The other two are added to it in standard time (mostly 0) and in daylight time (mostly -60). ``standard`` and
    ``daylight`` are when these begin, None where the clocks are not changed.
    """

    bias: int
    standard: Switch | None = None
    daylight: Switch | None = None
    standard_name: str = ""
    daylight_name: str = ""
    standard_bias: int = 0
    daylight_bias: int = 0

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """What a blob says. Where one of its dates has month 0 the clocks are not changed, whatever the other says.

        Raises ValueError for one of another length, or with a date or bias that cannot be.
        """
        if len(blob) != SIZE:
            raise ValueError(f"a TimeZone has {SIZE} bytes, this one has {len(blob)}")
        bias, standard_name, standard, standard_bias, daylight_name, daylight, daylight_bias = _FORM.unpack(blob)
        changed = _DATE.unpack(standard)[1] and _DATE.unpack(daylight)[1]
        found = cls(
            bias,
            Switch.from_bytes(standard, "StandardDate") if changed else None,
            Switch.from_bytes(daylight, "DaylightDate") if changed else None,
            _read_name(standard_name),
            _read_name(daylight_name),
            standard_bias if changed else 0,
            daylight_bias if changed else 0,
        )
        for minutes in (bias, found.bias + found.standard_bias, found.bias + found.daylight_bias):
            if abs(minutes) >= 24 * 60:
                raise ValueError(f"a TimeZone is less than a day from UTC, this one is {minutes} minutes")
        return found

    def to_bytes(self) -> bytes:
        """The blob. Raises ValueError for a name of more than 32 characters."""
        return _FORM.pack(
            self.bias,
            _written_name(self.standard_name),
            self.standard.to_bytes() if self.standard else bytes(_DATE.size),
            self.standard_bias,
            _written_name(self.daylight_name),
            self.daylight.to_bytes() if self.daylight else bytes(_DATE.size),
            self.daylight_bias,
        )

    def changes(self, year: int) -> tuple[tuple[datetime, int], ...]:
        """When the clocks are changed in a year, in naive UTC, and the minutes from UTC after that, in order."""
        if self.standard is None or self.daylight is None:
            return ()
        to_standard, to_daylight = self.standard.on(year), self.daylight.on(year)
        if to_standard is None or to_daylight is None:
            return ()
        standard, daylight = self._offsets
        found = ((_moved(to_standard, -daylight), standard), (_moved(to_daylight, -standard), daylight))
        return found if found[0] < found[1] else found[::-1]

    # As a tzinfo

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (
            *(self.bias, self.standard, self.daylight, self.standard_name, self.daylight_name),
            *(self.standard_bias, self.daylight_bias),
        )

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        """What is added to UTC; None, where it changes, without a time."""
        if when is None:
            return None if self.standard else timedelta(minutes=self._offsets[0])
        return timedelta(minutes=self._at(when.replace(tzinfo=None)))

    def dst(self, when: datetime | None) -> timedelta | None:
        """How far from standard time it is."""
        offset = self.utcoffset(when)
        return None if offset is None else offset - timedelta(minutes=self._offsets[0])

    def tzname(self, when: datetime | None) -> str:
        """The name that the blob has for it, or how far it is from UTC."""
        name = self.daylight_name if when is not None and self.dst(when) else self.standard_name
        return name or f"UTC{-self.bias / 60:+g}"

    def fromutc(self, when: datetime) -> datetime:
        """The local time of a time in UTC."""
        bare = when.replace(tzinfo=None)
        minutes = self._after(bare)
        local = bare + timedelta(minutes=minutes)
        # Of two equal local times the second is the one after the change.
        return local.replace(tzinfo=self, fold=int(self._at(local) != minutes))

    @property
    def _offsets(self) -> tuple[int, int]:
        """The minutes from UTC, in standard and in daylight time."""
        return -self.bias - self.standard_bias, -self.bias - self.daylight_bias

    def _after(self, moment: datetime) -> int:
        """The minutes from UTC at a moment of naive UTC."""
        years = range(max(moment.year - 1, 1), min(moment.year + 1, 9999) + 1)
        before = [minutes for year in years for when, minutes in self.changes(year) if when <= moment]
        return before[-1] if before else self._offsets[0]

    def _at(self, local: datetime) -> int:
        """The minutes from UTC at a local time; ``fold`` says which, where there are two, or none at all (PEP 495)."""
        offsets = sorted(set(self._offsets if self.standard else self._offsets[:1]))
        fitting = [minutes for minutes in offsets if self._after(_moved(local, -minutes)) == minutes]
        if fitting:
            return fitting[0 if local.fold else -1]
        return offsets[-1 if local.fold else 0]


def _moved(when: datetime, minutes: int) -> datetime:
    try:
        return when.replace(fold=0) + timedelta(minutes=minutes)
    except OverflowError:  # on the first or last day that there is
        return when.replace(fold=0)


def _read_name(packed: bytes) -> str:
    return packed.decode("utf-16-le", "replace").partition("\0")[0]


def _written_name(name: str) -> bytes:
    packed = name.encode("utf-16-le")
    if len(packed) > 2 * _NAME:
        raise ValueError(f"the name of a TimeZone has at most {_NAME} characters: {name!r}")
    return packed.ljust(2 * _NAME, b"\0")


__all__ = ["SIZE", "Switch", "TimeZone"]
