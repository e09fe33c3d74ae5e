"""Contacts, events and tasks to put over DAV, each with what must then arrive by ActiveSync."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One object.

    Attributes: `path` and `text` for Dav.put(); `server_id` by which ActiveSync knows it; `expected` the text of
    elements below ApplicationData, by their path of tags (the time zone and Categories, a list, are not among them).
    """

    path: str
    text: str
    server_id: str
    expected: Mapping[str, str]


def _text(lines: str) -> str:
    return lines.strip().replace("\n", "\r\n") + "\r\n"


def _calendar(component: str) -> str:
    """The iCalendar object around one component; Berlin's rules come along where the component names them."""
    zone = _BERLIN if "Europe/Berlin" in component else ""
    return _text(
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//activesync//tests//EN\n{zone}{component.strip()}\nEND:VCALENDAR"
    )


_BERLIN = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""

CONTACTS = (
    Sample(
        path="Contacts/personal/ada.vcf",
        server_id="ada.vcf",
        text=_text("""
BEGIN:VCARD
VERSION:3.0
UID:ada
FN:Ada Lovelace
N:Lovelace;Ada;King;Countess;PhD
NICKNAME:Enchantress
ORG:Analytical Engines;Programs
TITLE:Mathematician
EMAIL;TYPE=work:ada@example.test
EMAIL;TYPE=home:ada@home.example
TEL;TYPE=work:+44 20 7946 0001
TEL;TYPE=home:+44 20 7946 0002
TEL;TYPE=fax:+44 20 7946 0003
TEL;TYPE=cell:+44 7700 900001
TEL;TYPE=pager:+44 7700 900002
ADR;TYPE=work:;;12 St James's Square;London;Greater London;SW1Y 4JH;United Kingdom
ADR;TYPE=home:;;Ockham Park;Ockham;Surrey;GU23 6NQ;United Kingdom
URL;TYPE=work:https://example.test/ada
BDAY:1815-12-10
CATEGORIES:Friend,Science
NOTE:Wrote the first program.\\nA second line\\, with a comma.
END:VCARD"""),
        expected={
            "Contacts:LastName": "Lovelace",
            "Contacts:FirstName": "Ada",
            "Contacts:MiddleName": "King",
            "Contacts:Title": "Countess",
            "Contacts:Suffix": "PhD",
            "Contacts:FileAs": "Ada Lovelace",
            "Contacts2:NickName": "Enchantress",
            "Contacts:CompanyName": "Analytical Engines",
            "Contacts:Department": "Programs",
            "Contacts:JobTitle": "Mathematician",
            "Contacts:Email1Address": "ada@example.test",
            "Contacts:Email2Address": "ada@home.example",
            "Contacts:BusinessPhoneNumber": "+44 20 7946 0001",
            "Contacts:HomePhoneNumber": "+44 20 7946 0002",
            "Contacts:BusinessFaxNumber": "+44 20 7946 0003",
            "Contacts:MobilePhoneNumber": "+44 7700 900001",
            "Contacts:PagerNumber": "+44 7700 900002",
            "Contacts:BusinessAddressStreet": "12 St James's Square",
            "Contacts:BusinessAddressCity": "London",
            "Contacts:BusinessAddressState": "Greater London",
            "Contacts:BusinessAddressPostalCode": "SW1Y 4JH",
            "Contacts:BusinessAddressCountry": "United Kingdom",
            "Contacts:HomeAddressStreet": "Ockham Park",
            "Contacts:HomeAddressCity": "Ockham",
            "Contacts:HomeAddressState": "Surrey",
            "Contacts:HomeAddressPostalCode": "GU23 6NQ",
            "Contacts:HomeAddressCountry": "United Kingdom",
            "Contacts:WebPage": "https://example.test/ada",
            "Contacts:Birthday": "1815-12-10T00:00:00.000Z",
            "AirSyncBase:Body/AirSyncBase:Data": "Wrote the first program.\nA second line, with a comma.",
        },
    ),
    Sample(
        path="Contacts/personal/zoe.vcf",
        server_id="zoe.vcf",
        text=_text("""
BEGIN:VCARD
VERSION:3.0
UID:zoe
FN:Zoë Ångström-Müller 😀
N:Ångström-Müller;Zoë;;;
EMAIL;TYPE=work:zoe@example.test
NOTE:<b>&amp\\; "quotes"</b>
END:VCARD"""),
        expected={
            "Contacts:LastName": "Ångström-Müller",
            "Contacts:FirstName": "Zoë",
            "Contacts:FileAs": "Zoë Ångström-Müller 😀",
            "Contacts:Email1Address": "zoe@example.test",
            "AirSyncBase:Body/AirSyncBase:Data": '<b>&amp; "quotes"</b>',
        },
    ),
    Sample(
        path="Contacts/personal/company.vcf",
        server_id="company.vcf",
        text=_text("""
BEGIN:VCARD
VERSION:3.0
UID:company
FN:Example Limited
N:;;;;
ORG:Example Limited
TEL;TYPE=work:+44 20 7946 0100
END:VCARD"""),
        expected={
            "Contacts:FileAs": "Example Limited",
            "Contacts:CompanyName": "Example Limited",
            "Contacts:BusinessPhoneNumber": "+44 20 7946 0100",
        },
    ),
)

EVENTS = (
    Sample(
        path="Calendar/personal/review.ics",
        server_id="review",
        text=_calendar("""
BEGIN:VEVENT
UID:review
DTSTAMP:20260102T120000Z
DTSTART:20260302T090000Z
DTEND:20260302T103000Z
SUMMARY:Design review & <plans>
LOCATION:Room 7\\, first floor
DESCRIPTION:Bring the drawings.\\nGrüße an alle.
CATEGORIES:Work
CLASS:PRIVATE
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
DESCRIPTION:Soon
END:VALARM
END:VEVENT"""),
        expected={
            "Calendar:UID": "review",
            "Calendar:DtStamp": "20260102T120000Z",
            "Calendar:StartTime": "20260302T090000Z",
            "Calendar:EndTime": "20260302T103000Z",
            "Calendar:AllDayEvent": "0",
            "Calendar:Subject": "Design review & <plans>",
            "Calendar:Location": "Room 7, first floor",
            "Calendar:Sensitivity": "2",
            "Calendar:BusyStatus": "2",
            "Calendar:MeetingStatus": "0",
            "Calendar:Reminder": "15",
            "AirSyncBase:Body/AirSyncBase:Data": "Bring the drawings.\nGrüße an alle.",
        },
    ),
    Sample(
        path="Calendar/personal/holiday.ics",
        server_id="holiday",
        text=_calendar("""
BEGIN:VEVENT
UID:holiday
DTSTAMP:20260102T120000Z
DTSTART;VALUE=DATE:20260406
DTEND;VALUE=DATE:20260407
SUMMARY:Easter Monday
TRANSP:TRANSPARENT
END:VEVENT"""),
        expected={
            "Calendar:UID": "holiday",
            "Calendar:StartTime": "20260406T000000Z",
            "Calendar:EndTime": "20260407T000000Z",
            "Calendar:AllDayEvent": "1",
            "Calendar:Subject": "Easter Monday",
            "Calendar:BusyStatus": "0",
        },
    ),
    Sample(
        path="Calendar/personal/standup.ics",
        server_id="standup",
        text=_calendar("""
BEGIN:VEVENT
UID:standup
DTSTAMP:20260102T120000Z
DTSTART;TZID=Europe/Berlin:20260302T091500
DTEND;TZID=Europe/Berlin:20260302T093000
RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=12
EXDATE;TZID=Europe/Berlin:20260306T091500
SUMMARY:Stand-up
END:VEVENT"""),
        expected={
            "Calendar:UID": "standup",
            "Calendar:StartTime": "20260302T081500Z",
            "Calendar:EndTime": "20260302T083000Z",
            "Calendar:Subject": "Stand-up",
            "Calendar:Recurrence/Calendar:Type": "1",
            "Calendar:Recurrence/Calendar:Interval": "1",
            "Calendar:Recurrence/Calendar:DayOfWeek": "42",
            "Calendar:Recurrence/Calendar:Occurrences": "12",
            "Calendar:Exceptions/Calendar:Exception/Calendar:Deleted": "1",
            "Calendar:Exceptions/Calendar:Exception/Calendar:ExceptionStartTime": "20260306T081500Z",
        },
    ),
    Sample(
        path="Calendar/personal/lunch.ics",
        server_id="lunch",
        text=_calendar("""
BEGIN:VEVENT
UID:lunch
DTSTAMP:20260102T120000Z
DTSTART;TZID=Europe/Berlin:20260701T121500
DTEND;TZID=Europe/Berlin:20260701T131500
SUMMARY:Lunch with Carol
ORGANIZER;CN=Dave Dean:mailto:dave@elsewhere.example
ATTENDEE;CN=Carol Cole;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:carol@elsewhere.example
END:VEVENT"""),
        expected={
            "Calendar:UID": "lunch",
            "Calendar:StartTime": "20260701T101500Z",
            "Calendar:EndTime": "20260701T111500Z",
            "Calendar:Subject": "Lunch with Carol",
            "Calendar:OrganizerName": "Dave Dean",
            "Calendar:OrganizerEmail": "dave@elsewhere.example",
            "Calendar:Attendees/Calendar:Attendee/Calendar:Name": "Carol Cole",
            "Calendar:Attendees/Calendar:Attendee/Calendar:Email": "carol@elsewhere.example",
            "Calendar:Attendees/Calendar:Attendee/Calendar:AttendeeStatus": "3",
            "Calendar:Attendees/Calendar:Attendee/Calendar:AttendeeType": "1",
        },
    ),
)

TASKS = (
    Sample(
        path="Calendar/personal/report.ics",
        server_id="report.ics",
        text=_calendar("""
BEGIN:VTODO
UID:report
DTSTAMP:20260102T120000Z
DTSTART:20260301T080000Z
DUE:20260310T160000Z
SUMMARY:Write the report
DESCRIPTION:All chapters.
PRIORITY:1
STATUS:IN-PROCESS
CATEGORIES:Work
END:VTODO"""),
        expected={
            "Tasks:Subject": "Write the report",
            "Tasks:Complete": "0",
            "Tasks:Importance": "2",
            "Tasks:StartDate": "2026-03-01T08:00:00.000Z",
            "Tasks:UtcStartDate": "2026-03-01T08:00:00.000Z",
            "Tasks:DueDate": "2026-03-10T16:00:00.000Z",
            "Tasks:UtcDueDate": "2026-03-10T16:00:00.000Z",
            "Tasks:Sensitivity": "0",
            "Tasks:ReminderSet": "0",
            "AirSyncBase:Body/AirSyncBase:Data": "All chapters.",
        },
    ),
    Sample(
        path="Calendar/personal/call.ics",
        server_id="call.ics",
        text=_calendar("""
BEGIN:VTODO
UID:call
DTSTAMP:20260102T120000Z
SUMMARY:Call the bank
PRIORITY:9
STATUS:COMPLETED
COMPLETED:20260105T090000Z
PERCENT-COMPLETE:100
END:VTODO"""),
        expected={
            "Tasks:Subject": "Call the bank",
            "Tasks:Complete": "1",
            "Tasks:DateCompleted": "2026-01-05T09:00:00.000Z",
            "Tasks:Importance": "0",
        },
    ),
    Sample(
        path="Calendar/personal/thought.ics",
        server_id="thought.ics",
        text=_calendar("""
BEGIN:VTODO
UID:thought
DTSTAMP:20260102T120000Z
SUMMARY:Überlegen
STATUS:NEEDS-ACTION
END:VTODO"""),
        expected={"Tasks:Subject": "Überlegen", "Tasks:Complete": "0", "Tasks:Importance": "1"},
    ),
)
