"""Zones, rules and names of meetings, against Microsoft's examples, IANA's database and libraries that are not ours."""

from __future__ import annotations

import base64
import copy
import csv
import pickle
import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import dateutil.rrule
import icalendar
import pytest
import tzlocal.windows_tz
from hypothesis import given
from hypothesis import strategies as st
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

import wbxml
from activesync import CalendarEvent, Change
from activesync.calendars import Switch, TimeZone, from_rrule, from_zone, global_obj_id, to_rrule, to_zone, uid
from activesync.calendars.globalobjid import instance_of
from activesync.calendars.windowszones import ZONES
from activesync.commands import SyncResponse
from activesync.items import (
    CalendarType,
    MeetingRecurrence,
    Recurrence,
    RecurrenceType,
    TaskRecurrence,
    Weekday,
)

from .samples import DATA, microsoft, sogo


def items(data: bytes) -> list[Any]:
    """The items of a Sync answer."""
    found: Any = wbxml.decode(data, type=SyncResponse).collections[0].commands
    return [one.item for one in found]


def example(name: str) -> bytes:
    """The TimeZone of one of Microsoft's examples."""
    (event, *_) = items(microsoft(name))
    zone: bytes = event.timezone
    return zone


# TimeZone


@pytest.mark.spec("MS-ASDTYPE_R111", "MS-ASDTYPE_R113", "MS-ASDTYPE_R118")
@pytest.mark.spec("MS-ASDTYPE_R103", "MS-ASDTYPE_R104", "MS-ASDTYPE_R107", "MS-ASDTYPE_R110", "MS-ASDTYPE_R112")
def test_the_fields_of_a_time_zone() -> None:
    zone = TimeZone.from_bytes(example("ascal-4.1-sync-response"))
    assert zone == TimeZone(
        bias=480,
        standard=Switch(month=11, week=1, weekday=0, hour=2),
        daylight=Switch(month=3, week=2, weekday=0, hour=2),
        standard_name="Pacific Standard Time",
        daylight_name="Pacific Daylight Time",
        standard_bias=0,
        daylight_bias=-60,
    )
    assert zone.to_bytes() == example("ascal-4.1-sync-response")
    assert to_zone(zone, year=2026) == ZoneInfo("America/Los_Angeles")


@pytest.mark.spec("MS-ASDTYPE_R114", "MS-ASDTYPE_R117", "MS-ASDTYPE_R119")
@pytest.mark.spec("MS-ASDTYPE_R120", "MS-ASDTYPE_R121")
def test_a_time_zone_is_base64_and_its_switch_counts_minutes() -> None:
    blob = example("ascal-4.1-sync-response")
    zone = TimeZone.from_bytes(blob)
    assert (zone.bias + zone.standard_bias, zone.bias + zone.daylight_bias) == (8 * 60, 7 * 60)
    (written,) = wbxml.decode(wbxml.encode(Change(item=CalendarEvent(timezone=blob)))).root.iter(
        wbxml.Calendar.Timezone
    )
    assert base64.b64decode(written.text or "", validate=True) == blob and len(blob) == 172


@pytest.mark.spec("MS-ASDTYPE_R108", "MS-ASDTYPE_R109", "MS-ASDTYPE_R115", "MS-ASDTYPE_R116")
def test_the_names_of_a_time_zone_are_for_people() -> None:
    blob = example("ascal-4.2-sync-response")
    zone = TimeZone.from_bytes(blob)
    assert zone.standard_name == "(GMT-08:00) Pacific Time (US & C"  # all 32 characters, and no NUL after them
    assert zone.to_bytes() == blob
    assert to_zone(zone, year=2026) == ZoneInfo("America/Los_Angeles")
    assert TimeZone(bias=0).to_bytes() == bytes(172)
    with pytest.raises(ValueError, match="at most 32 characters"):
        TimeZone(bias=0, standard_name="x" * 33).to_bytes()


def test_a_zone_whose_rules_have_changed() -> None:
    zone = TimeZone.from_bytes(example("ascal-4.3-sync-response-new"))  # as it was until 2006
    assert to_zone(zone, year=2006) == ZoneInfo("America/Los_Angeles")
    assert to_zone(zone, year=2026) is None
    local = datetime(2026, 4, 6, 18, tzinfo=UTC).astimezone(zone)
    assert local.isoformat() == "2026-04-06T11:00:00-07:00"


def test_a_meeting_request_has_one_too() -> None:
    (mail,) = items(microsoft("asemail-4.1.5.1-sync-response-meeting"))
    zone = TimeZone.from_bytes(mail.meeting_request.time_zone)
    assert to_zone(zone, year=2026) == ZoneInfo("America/Chicago")


@pytest.mark.parametrize("name", sorted(path.stem for path in (DATA / "sogo").glob("Sync*response.wbxml")))
def test_the_zones_of_sogo(name: str) -> None:
    """They hold uninitialised memory where there is no daylight time."""
    data = sogo(name)
    if not data:
        return
    for element in wbxml.decode(data).root.iter(wbxml.Calendar.Timezone):
        zone = TimeZone.from_bytes(base64.b64decode(element.text or ""))
        assert (zone.bias, zone.standard, zone.daylight) == (0, None, None)
        assert to_zone(zone, "Africa/Abidjan", year=2026) == ZoneInfo("Africa/Abidjan")
        assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone).utcoffset() == timedelta(0)


SERIES = [
    # [MS-ASDTYPE] section 2.3.2: a call on Fridays, at first at 18:00 in UTC, planned in Seattle or in Arizona; what
    # the clocks say in Seattle, Arizona and New York.
    ("America/Los_Angeles", 4, [10, 11, 13]),
    ("America/Los_Angeles", 11, [10, 10, 13]),
    ("America/Phoenix", 4, [10, 11, 13]),
    ("America/Phoenix", 11, [11, 11, 14]),
]


def made(key: str, year: int) -> TimeZone:
    """The TimeZone of a zone, as it comes out of a blob."""
    return TimeZone.from_bytes(from_zone(ZoneInfo(key), year).to_bytes())


@pytest.mark.spec("MS-ASDTYPE_R56", "MS-ASDTYPE_R57", "MS-ASDTYPE_R58", "MS-ASDTYPE_R68", "MS-ASDTYPE_R77")
@pytest.mark.parametrize(("origin", "day", "hours"), SERIES)
def test_a_series_keeps_the_hour_of_its_origin(origin: str, day: int, hours: list[int]) -> None:
    first = datetime(2003, 4, 4, 18, tzinfo=UTC).astimezone(made(origin, 2003))
    instance = first.replace(day=day)
    places = ("America/Los_Angeles", "America/Phoenix", "America/New_York")
    assert [instance.astimezone(made(place, 2003)).hour for place in places] == hours
    assert [instance.astimezone(ZoneInfo(place)).hour for place in places] == hours


TWICE = ("Africa/Casablanca", "America/Santiago", "Europe/Dublin")


@pytest.mark.parametrize("key", [*sorted(set(ZONES.values()))[::4], *TWICE])
def test_a_zone_of_the_database_and_back(key: str) -> None:
    zone = ZoneInfo(key)
    ours = made(key, 2026)
    assert to_zone(ours, key, year=2026) == zone
    for day in range(365):
        moment = datetime(2026, 1, 1, day % 24, tzinfo=UTC) + timedelta(days=day)
        local = moment.astimezone(ours)
        assert local.replace(tzinfo=None) == moment.astimezone(zone).replace(tzinfo=None)
        assert local.astimezone(UTC) == moment


@given(st.sampled_from(sorted(available_timezones())), st.integers(0, 365 * 24 * 60 - 1))
def test_any_zone_says_what_the_database_says(key: str, minute: int) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    zone = from_zone(ZoneInfo(key), 2026)
    ours, theirs = moment.astimezone(zone), moment.astimezone(ZoneInfo(key))
    assert (ours.replace(tzinfo=None), ours.fold) == (theirs.replace(tzinfo=None), theirs.fold)


@pytest.mark.parametrize(
    "local", ["03-08T01:59", "03-08T02:30", "03-08T03:00", "11-01T00:59", "11-01T01:30", "11-01T02:00"]
)
@pytest.mark.parametrize("fold", [0, 1])
def test_hours_that_are_missing_or_come_twice(local: str, fold: int) -> None:
    when = datetime.fromisoformat(f"2026-{local}").replace(fold=fold)
    zone = TimeZone.from_bytes(example("ascal-4.1-sync-response"))
    database = when.replace(tzinfo=ZoneInfo("America/Los_Angeles"))
    ours = when.replace(tzinfo=zone)
    assert (ours.utcoffset(), ours.dst()) == (database.utcoffset(), database.dst())


def test_a_time_zone_is_a_tzinfo() -> None:
    zone = TimeZone.from_bytes(example("ascal-4.1-sync-response"))
    assert zone.tzname(None) == "Pacific Standard Time"
    assert datetime(2026, 7, 1, tzinfo=zone).tzname() == "Pacific Daylight Time"
    assert TimeZone(-330).tzname(None) == "UTC+5.5"
    assert zone.utcoffset(None) is None and TimeZone(-330).utcoffset(None) == timedelta(minutes=330)
    assert copy.copy(zone) == zone == pickle.loads(pickle.dumps(zone))
    for year in (1, 9999):
        assert datetime(year, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=-8)
        assert datetime(year, 12, 31, 23, 59, tzinfo=zone).utcoffset() == timedelta(hours=-8)
    once = TimeZone(60, Switch(10, 25, 0, 3, year=2026), Switch(3, 29, 0, 2, year=2026), daylight_bias=-60)
    assert TimeZone.from_bytes(once.to_bytes()) == once
    assert [datetime(year, 7, 1, tzinfo=once).utcoffset() for year in (2026, 2027)] == [
        timedelta(0),
        timedelta(hours=-1),
    ]
    assert Switch(12, 5, 0, 2).on(9999) == datetime.fromisoformat("9999-12-26T02:00")


def spoilt(offset: int, form: str, *values: int) -> bytes:
    """The blob of Pacific time with other numbers at an offset."""
    blob = bytearray(example("ascal-4.1-sync-response"))
    struct.pack_into(form, blob, offset, *values)
    return bytes(blob)


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"", "has 172 bytes, this one has 0"),
        (bytes(171), "has 172 bytes, this one has 171"),
        (bytes(173), "has 172 bytes, this one has 173"),
        (spoilt(70, "<H", 13), "StandardDate of a TimeZone cannot be: year 0, month 13"),
        (spoilt(154, "<H", 13), "DaylightDate of a TimeZone cannot be: year 0, month 13"),
        (spoilt(72, "<H", 7), "StandardDate of a TimeZone cannot be"),
        (spoilt(74, "<H", 0), "week 0"),
        (spoilt(74, "<H", 6), "week 6"),
        (spoilt(76, "<H", 24), "24:00:00.000"),
        (spoilt(78, "<H", 60), "2:60:00.000"),
        (spoilt(82, "<H", 1000), "2:00:00.1000"),
        (spoilt(68, "<4H", 2026, 2, 0, 29), "year 2026, month 2"),
        (spoilt(68, "<H", 10000), "year 10000"),
        (spoilt(0, "<i", -(2**31)), "less than a day from UTC"),
        (spoilt(168, "<i", 1440), "less than a day from UTC"),
    ],
)
def test_a_time_zone_that_cannot_be(blob: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TimeZone.from_bytes(blob)


@given(st.binary(min_size=172, max_size=172))
def test_any_blob_is_read_or_refused(blob: bytes) -> None:
    try:
        zone = TimeZone.from_bytes(blob)
    except ValueError:
        return
    assert TimeZone.from_bytes(zone.to_bytes()) == zone
    assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(zone).astimezone(UTC) == datetime(2026, 7, 1, tzinfo=UTC)


def test_the_names_of_windows() -> None:
    for others in (tzlocal.windows_tz.win_tz, WINDOWS_TO_OLSON):
        both = ZONES.keys() & others.keys()
        assert len(both) > 130
        assert {name: ZONES[name] for name in both} == {name: others[name] for name in both}


# RRULE

RULES = {
    "01-daily": "FREQ=DAILY",
    "02-every-other-day": "FREQ=DAILY;INTERVAL=2",
    "03-weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "04-saturdays": "FREQ=WEEKLY;BYDAY=SA",
    "05-first-of-month": "FREQ=MONTHLY;BYMONTHDAY=1",
    "06-last-of-month": "FREQ=MONTHLY;BYMONTHDAY=-1",
    "07-first-saturday": "FREQ=MONTHLY;BYDAY=1SA",
    "08-first-weekday": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
    "09-first-weekend-day": "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1",
    "10-first-of-june": "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1",
    "11-first-saturday-of-june": "FREQ=YEARLY;BYMONTH=6;BYDAY=1SA",
    "12-last-of-june": "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=-1",
}
DAILY = {"type": RecurrenceType.DAILY}
START = datetime(2026, 11, 2, 9, tzinfo=UTC)  # a Monday


@pytest.mark.spec("MS-ASCAL_R202", "MS-ASCAL_R203", "MS-ASCAL_R20011", "MS-ASCAL_R59811", "MS-ASCAL_R59911")
@pytest.mark.parametrize(("name", "rule"), RULES.items())
def test_the_recurrences_of_the_specification(name: str, rule: str) -> None:
    recurrence = wbxml.decode(microsoft(f"ascal-4.4-recurrence-{name}"), type=Recurrence)
    assert to_rrule(recurrence) == rule
    assert sorted(icalendar.vRecur.from_ical(rule).to_ical().decode().split(";")) == sorted(rule.split(";"))
    back = from_rrule(rule, Recurrence, start=START)
    assert to_rrule(back) == rule
    for field in ("type", "interval", "week_of_month", "day_of_week", "day_of_month", "month_of_year"):
        assert getattr(back, field) == getattr(recurrence, field), field


@pytest.mark.spec("MS-ASCAL_R274", "MS-ASTASK_R168", "MS-ASEMAIL_R421")
@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=4;WKST=SU", ["11-02", "11-06", "11-16", "11-20"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270131T000000Z", ["11-27", "12-25", "01-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", ["11-30", "12-31"]),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-1;COUNT=2", ["11-29", "12-27"]),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=2", ["11-03", "11-10"]),
    ],
)
@pytest.mark.parametrize("model", [Recurrence, MeetingRecurrence, TaskRecurrence])
def test_a_rule_means_what_it_meant(rule: str, dates: list[str], model: type[Recurrence]) -> None:
    again = to_rrule(from_rrule(rule, model, start=START))
    assert sorted(again.split(";")) == sorted(rule.split(";"))
    assert [f"{when:%m-%d}" for when in dateutil.rrule.rrulestr(again, dtstart=START)] == dates


def test_days_of_a_daily_rule_are_those_of_a_weekly_one() -> None:
    """[MS-ASCAL] section 2.2.2.37.1: with DayOfWeek the Interval of a daily recurrence counts weeks."""
    again = to_rrule(from_rrule("FREQ=DAILY;BYDAY=TU;COUNT=2", Recurrence, start=START))
    assert sorted(again.split(";")) == ["BYDAY=TU", "COUNT=2", "FREQ=WEEKLY"]
    with pytest.raises(ValueError, match="INTERVAL and BYDAY"):
        from_rrule("FREQ=DAILY;INTERVAL=2;BYDAY=TU", Recurrence, start=START)


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("RRULE:FREQ=WEEKLY", {"type": RecurrenceType.WEEKLY, "day_of_week": 2}),
        ("FREQ=MONTHLY", {"type": RecurrenceType.MONTHLY, "day_of_month": 2}),
        ("FREQ=YEARLY", {"type": RecurrenceType.YEARLY, "day_of_month": 2, "month_of_year": 11}),
        ("FREQ=YEARLY;BYMONTH=2", {"type": RecurrenceType.YEARLY, "day_of_month": 2, "month_of_year": 2}),
        ("freq=monthly;byday=+2tu", {"type": RecurrenceType.MONTHLY_NTH, "day_of_week": 4, "week_of_month": 2}),
        ("FREQ=DAILY;UNTIL=20261231", DAILY | {"until": datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)}),
        ("FREQ=DAILY;UNTIL=20261231T100000", DAILY | {"until": datetime(2026, 12, 31, 10, tzinfo=UTC)}),
        (
            "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=1",
            {
                "type": RecurrenceType.YEARLY, "month_of_year": 5, "is_leap_month": True, "day_of_month": 1,
                "calendar_type": CalendarType.CHINESE_LUNAR,
            },
        ),
        ("FREQ=DAILY;WKST=MO", {"type": RecurrenceType.DAILY, "first_day_of_week": Weekday.MONDAY}),
    ],
)  # fmt: skip
def test_what_a_rule_leaves_to_its_start(rule: str, values: dict[str, Any]) -> None:
    assert from_rrule(rule, Recurrence, start=START) == Recurrence(interval=1, **values)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "not an RRULE"),
        ("FREQ", "not an RRULE: 'FREQ'"),
        ("FREQ=DAILY;FREQ=DAILY", "not an RRULE"),
        ("FREQ=HOURLY", "no recurrence for FREQ=HOURLY"),
        ("INTERVAL=2", "no recurrence for FREQ="),
        ("FREQ=DAILY;BYHOUR=9", "no BYHOUR with FREQ=DAILY"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "BYMONTHDAY must be 1 to 31, not 1,15"),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "BYMONTHDAY must be 1 to 31"),
        ("FREQ=MONTHLY;BYDAY=MO", "without a number"),
        ("FREQ=MONTHLY;BYDAY=5MO", "must be 1 to 4, not 5"),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO;BYSETPOS=1", "no day '1MO'"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2", "no BYSETPOS=2"),
        ("FREQ=YEARLY;BYMONTHDAY=1", "without BYMONTH"),
        ("FREQ=YEARLY;BYDAY=20MO", "without BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=1,7", "BYMONTH must be 1 to 12, not 1,7"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be 1 to 999, not 0"),
        ("FREQ=DAILY;COUNT=1000", "COUNT must be 1 to 999"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL must be a date"),
        ("FREQ=DAILY;WKST=XX", "no day 'XX'"),
        ("RSCALE=ETHIOPIC;FREQ=DAILY", "no calendar for RSCALE=ETHIOPIC"),
    ],
)
def test_a_rule_that_activesync_cannot_say(rule: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_rrule(rule, Recurrence, start=START)


@pytest.mark.spec("MS-ASCAL_R193", "MS-ASCAL_R201", "MS-ASCAL_R28311")
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "without a Type"),
        ({"type": RecurrenceType.WEEKLY, "day_of_week": 0}, "DayOfWeek of this recurrence must be 1 to 127, not 0"),
        ({"type": RecurrenceType.WEEKLY, "day_of_week": 128}, "DayOfWeek"),
        ({"type": RecurrenceType.MONTHLY}, "DayOfMonth of this recurrence must be 1 to 31, not None"),
        ({"type": RecurrenceType.MONTHLY, "day_of_month": 32}, "DayOfMonth"),
        ({"type": RecurrenceType.MONTHLY_NTH, "day_of_week": 2}, "WeekOfMonth"),
        ({"type": RecurrenceType.YEARLY, "day_of_month": 1, "month_of_year": 13}, "MonthOfYear"),
        ({"type": RecurrenceType.DAILY, "interval": 1000}, "Interval"),
        ({"type": RecurrenceType.DAILY, "occurrences": 0}, "Occurrences"),
        ({"type": RecurrenceType.DAILY, "occurrences": 1, "until": START}, "not by both"),
        ({"type": RecurrenceType.MONTHLY, "day_of_month": 1, "calendar_type": CalendarType.SAKA}, "SAKA"),
    ],
)
def test_a_recurrence_that_is_no_rule(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_rrule(Recurrence(**values))


def test_an_interval_of_nothing_is_one() -> None:
    assert to_rrule(Recurrence(type=RecurrenceType.DAILY, interval=0)) == "FREQ=DAILY"


def test_a_task_that_is_made_anew_has_no_rule() -> None:
    with pytest.raises(ValueError, match="made anew"):
        to_rrule(TaskRecurrence(type=RecurrenceType.DAILY, regenerate=True))


def test_an_end_before_the_start_is_a_rule_without_days() -> None:
    rule = to_rrule(Recurrence(type=RecurrenceType.DAILY, until=datetime(2020, 1, 1, tzinfo=UTC)))
    assert list(dateutil.rrule.rrulestr(rule, dtstart=START)) == []


# GlobalObjId


def pairs() -> list[tuple[bytes, str]]:
    """What Microsoft prints: [MS-ASEMAIL] section 4.3."""
    with (DATA / "microsoft" / "globalobjid.tsv").open(encoding="utf-8") as file:
        return [(base64.b64decode(row["global_obj_id"]), row["uid"]) for row in csv.DictReader(file, delimiter="\t")]


@pytest.mark.spec(
    "MS-ASEMAIL_R22",
    "MS-ASEMAIL_R23",
    "MS-ASEMAIL_R25",
    "MS-ASEMAIL_R28",
    "MS-ASEMAIL_R29",
    "MS-ASEMAIL_R30",
    "MS-ASEMAIL_R20020",
    "MS-ASEMAIL_R3000",
)
@pytest.mark.parametrize(("blob", "name"), pairs())
def test_the_examples_of_the_specification(blob: bytes, name: str) -> None:
    assert uid(blob) == name


@pytest.mark.spec(
    "MS-ASEMAIL_R121",
    "MS-ASEMAIL_R20000",
    "MS-ASEMAIL_R20012",
    "MS-ASEMAIL_R20013",
    "MS-ASEMAIL_R20016",
    "MS-ASEMAIL_R20018",
    "MS-ASEMAIL_R20019",
    "MS-ASEMAIL_R1000",
)
def test_a_blob_for_the_uid_of_others() -> None:
    blob, name = pairs()[1]
    assert global_obj_id(name) == blob
    assert global_obj_id(pairs()[0][1])[20:] == pairs()[0][0][20:]
    with pytest.raises(ValueError, match="at least one character"):
        global_obj_id("")


@pytest.mark.spec(
    "MS-ASEMAIL_R20001", "MS-ASEMAIL_R20002", "MS-ASEMAIL_R20004", "MS-ASEMAIL_R20006", "MS-ASEMAIL_R20008"
)
def test_an_instance_of_a_series() -> None:
    blob, name = pairs()[0]
    assert blob[16:20] == bytes([0x07, 0xD4, 9, 16])  # as printed
    assert instance_of(blob) == date(2004, 9, 16)
    assert global_obj_id(name, date(2004, 9, 16)) == blob
    assert instance_of(pairs()[1][0]) is None


@pytest.mark.spec("MS-ASEMAIL_R1009", "MS-ASEMAIL_R26", "MS-ASEMAIL_R27")
@pytest.mark.parametrize("change", ["short", "another mark", "length 12", "length beyond", "length of 2^32 - 1"])
def test_what_is_no_vcal_id_is_hexadecimal(change: str) -> None:
    blob = bytearray(pairs()[1][0])
    if change == "short":
        del blob[52:]
    elif change == "another mark":
        blob[40] ^= 1
    else:
        size = {"length 12": 12, "length beyond": len(blob) - 39, "length of 2^32 - 1": 2**32 - 1}[change]
        struct.pack_into("<I", blob, 36, size)
    assert uid(bytes(blob)) == bytes(blob).hex().upper()


@pytest.mark.parametrize("size", [0, 39])
def test_a_blob_that_is_too_short(size: int) -> None:
    with pytest.raises(ValueError, match=f"40 bytes or more, this one has {size}"):
        uid(pairs()[0][0][:size])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_uid_comes_back(name: str) -> None:
    assert uid(global_obj_id(name)) == name


@given(st.binary())
def test_any_blob_has_a_uid_or_is_refused(blob: bytes) -> None:
    try:
        assert isinstance(uid(blob), str)
    except ValueError:
        assert len(blob) < 40
    instance_of(blob)
