"""Sample content, the same for the same seed: mails in several languages, contacts, events, tasks and notes.

mailbox = sample_mailbox()                       # 2,000 mails, 200 contacts, 200 events, 50 tasks, 50 notes
mailbox = sample_mailbox("bob", "pw", mails=10, contacts=5, events=5, tasks=2, notes=2)
"""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime, timedelta
from html import escape
from random import Random

from ..commands import FolderType
from ..items import (
    Attendee,
    AttendeeStatus,
    AttendeeType,
    Body,
    BodyType,
    BusyStatus,
    CalendarEvent,
    Contact,
    Email,
    EventException,
    Flag,
    FlagStatus,
    GALEntry,
    Importance,
    Location,
    MeetingStatus,
    Note,
    Recurrence,
    RecurrenceType,
    ResponseType,
    Sensitivity,
    Task,
)
from .content import Content, File
from .mailbox import Mailbox

_PEOPLE = (
    ("Zoë", "Müller", "Brücke & Söhne GmbH", "Berlin", "Germany"),
    ("Bob", "Example", "Example Ltd", "London", "United Kingdom"),
    ("Åsa", "Lindström", "Nordljus AB", "Göteborg", "Sweden"),
    ("José", "Ibáñez", "Talleres Ibáñez", "Zaragoza", "Spain"),
    ("花子", "山田", "山田商店", "東京", "日本"),
    ("Дмитрий", "Орлов", "Орлов и партнёры", "Казань", "Россия"),
    ("Ελένη", "Παππά", "Παππάς ΑΕ", "Αθήνα", "Ελλάδα"),
    ("נועה", "לוי", "לוי ושות׳", "חיפה", "ישראל"),
    ("Chloé", "Lefèvre", "L'Atelier Lefèvre", "Lyon", "France"),
    ("Grace", "Okafor", "Okafor Logistics", "Lagos", "Nigeria"),
    ("Ravi", "Patel", "Patel Textiles", "Pune", "India"),
    ("Łukasz", "Żak", "Żak i Wspólnicy", "Łódź", "Poland"),
)
_SUBJECTS = (
    "Minutes of our meeting on {day}",
    "Re: offer no. {number}",
    "Rechnung {number} für Größe und Maß",
    "Invitation: lunch on {day}",
    "Réunion de {day}: ordre du jour",
    "ご注文 {number} の確認",
    "Счёт № {number}",
    "Fw: tickets for {day} 🎟",
    "Προσφορά {number}",
    "Weekly figures {number}",
    "Your parcel {number} is on its way",
    "Zażółć gęślą jaźń ({number})",
)
_SENTENCES = (
    "Thank you for your message of yesterday; here is what we have agreed on.",
    "The figures for the second quarter are in the table below, with the usual reservations.",
    "Könnten Sie bitte prüfen, ob die Größe der Lieferung stimmt?",
    "Nous avons bien reçu votre commande et vous en remercions.",
    "お手数をおかけしますが、ご確認のほどよろしくお願いいたします。",
    "Пожалуйста, подтвердите получение до конца недели.",
    "Σας ευχαριστούμε για την άμεση απάντηση.",
    "If x < y & y > z, then the order of the list is wrong: see the second page.",
    "The train leaves at 7:42 from platform 3; tickets are waiting at the counter.",
    "We would rather move the meeting to Thursday, since half of us are travelling. ✈️",
    "Proszę o potwierdzenie terminu dostawy.",
    "Please treat this as confidential until it has been announced.",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_TITLES = (
    "Stand-up",
    "Review of the quarter",
    "Zahnarzt",
    "Déjeuner avec Chloé",
    "定例会議",
    "Board",
    "Swimming",
    "Call",
)
_JOBS = ("Manager", "Engineer", "Buchhalterin", "Architecte", "営業", "Lawyer")
_TASKS = ("Send the invoice", "Book the train", "Steuererklärung", "Renew the passport", "確認メール", "Read the draft")
_CATEGORIES = ("Business", "Personal", "Grün", "重要")
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def _zone(bias: int, name: str, daylight: bool) -> bytes:
    """A TimeZone blob: [MS-ASDTYPE] section 2.7.4. Where there is summer time it is that of the European Union."""

    def text(value: str) -> bytes:
        return value.encode("utf-16-le").ljust(64, b"\0")

    ends = struct.pack("<8H", 0, 10, 0, 5, 3, 0, 0, 0) if daylight else bytes(16)
    begins = struct.pack("<8H", 0, 3, 0, 5, 2, 0, 0, 0) if daylight else bytes(16)
    saved = -60 if daylight else 0
    return struct.pack("<l", bias) + text(name) + ends + bytes(4) + text(name) + begins + struct.pack("<l", saved)


_ZONES = (
    _zone(-60, "W. Europe Standard Time", True),
    _zone(0, "UTC", False),
    _zone(-540, "Tokyo Standard Time", False),
)


def sample_mailbox(
    user: str = "alice",
    password: str = "secret",
    *,
    mails: int = 2000,
    contacts: int = 200,
    events: int = 200,
    tasks: int = 50,
    notes: int = 50,
    seed: int = 1,
    now: datetime | None = None,
) -> Mailbox:
    """A mailbox with so many items. ``now`` is the time shortly before which the newest mail has come in.

    Nine in ten mails are in the inbox, the others in the folder "Archive" or among the sent ones.
    """
    random = Random(seed)
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    mailbox = Mailbox(user, password, name=f"{user.partition('@')[0].title()} Example")
    archive = mailbox.add_folder("Archive – 保管", FolderType.USER_MAIL)
    inbox, sent = mailbox.folder(FolderType.INBOX), mailbox.folder(FolderType.SENT_ITEMS)
    for number in range(mails):
        # Oldest first, as they come in; over a year and a bit, denser towards the end.
        age = timedelta(seconds=round(400 * 86400 * ((mails - number) / mails) ** 2))
        place = inbox if number % 10 else (archive if number % 20 else sent)
        item, content = _mail(random, mailbox, number, now - age)
        mailbox.add(place, item, content=content)
    for number in range(contacts):
        mailbox.add(FolderType.CONTACTS, _contact(random, number))
    for number in range(events):
        mailbox.add(FolderType.CALENDAR, _event(random, mailbox, number, now))
    for number in range(tasks):
        mailbox.add(FolderType.TASKS, _task(random, number, now))
    for number in range(notes):
        body = Body(type=BodyType.PLAIN_TEXT, data=_text(random, 2))
        note = Note(subject=f"{random.choice(_TASKS)} {number}", categories=_categories(random), body=body)
        mailbox.add(FolderType.NOTES, note)
    return mailbox


def sample_directory() -> list[GALEntry]:
    """A global address list: those who write the sample mails."""
    return [
        GALEntry(
            display_name=f"{first} {last}",
            phone=f"+1 555 01{number:02}",
            office=f"Room {number + 100}",
            title=_JOBS[number % len(_JOBS)],
            company=company,
            alias=f"person{number}",
            first_name=first,
            last_name=last,
            mobile_phone=f"+1 555 09{number:02}",
            email_address=_address(number),
        )
        for number, (first, last, company, _, _) in enumerate(_PEOPLE)
    ]


def _address(number: int) -> str:
    return f"person{number}@example.test"


def _text(random: Random, sentences: int) -> str:
    return "\r\n".join(random.choices(_SENTENCES, k=sentences))


def _categories(random: Random) -> list[str]:
    return random.sample(_CATEGORIES, random.randrange(1, 3)) if random.random() < 0.2 else []


def _mail(random: Random, mailbox: Mailbox, number: int, received: datetime) -> tuple[Email, Content]:
    who = random.randrange(len(_PEOPLE))
    first, last, company, _, _ = _PEOPLE[who]
    subject = random.choice(_SUBJECTS).format(day=random.choice(_DAYS), number=1000 + number)
    to = f'"{mailbox.name}" <{mailbox.address}>'
    sentences = random.choices(_SENTENCES, k=random.randrange(2, 25))
    signature = f"{first} {last}\r\n{company}"
    text = f"Dear {mailbox.name},\r\n\r\n" + "\r\n".join(sentences) + f"\r\n\r\n-- \r\n{signature}\r\n"
    rich = None
    if number % 3:
        paragraphs = "".join(f"<p>{escape(sentence, quote=False)}</p>\r\n" for sentence in sentences)
        rich = (
            "<html><head><style>p { font-family: sans-serif }</style></head><body>\r\n"
            f"<p>Dear <b>{mailbox.name}</b>,</p>\r\n{paragraphs}"
            f"<p>{escape(signature, quote=False)}</p></body></html>\r\n"
        )
    files: tuple[File, ...] = ()
    if number % 25 == 0:
        files = (File(f"report {number} – Größe.csv", "text/csv", f"number;{number}\r\n".encode() * 40),)
    elif number % 40 == 1:
        files = (File("logo.png", "image/png", _PIXEL, f"<logo{number}@example.test>"),)
    due = received + timedelta(days=7)
    item = Email(
        to=to,
        cc=_address((who + 1) % len(_PEOPLE)) if number % 7 == 0 else None,
        from_=f'"{first} {last}" <{_address(who)}>',
        subject=subject,
        reply_to=f'"{first} {last}" <{_address(who)}>',
        date_received=received,
        display_to=mailbox.name,
        thread_topic=subject.removeprefix("Re: ").removeprefix("Fw: "),
        importance=Importance.HIGH if number % 30 == 0 else Importance.NORMAL,
        read=random.random() < 0.8,
        message_class="IPM.Note",
        internet_cpid="65001",
        flag=Flag(
            status=FlagStatus.ACTIVE,
            flag_type="Follow up",
            start_date=received,
            due_date=due,
            utc_start_date=received,
            utc_due_date=due,
        )
        if number % 50 == 0
        else Flag(),
        content_class="urn:content-classes:message",
        categories=_categories(random),
        conversation_id=random.randbytes(16),
        conversation_index=random.randbytes(5),
    )
    return item, Content(text, rich, files)


def _contact(random: Random, number: int) -> Contact:
    first, last, company, city, country = random.choice(_PEOPLE)
    return Contact(
        first_name=first,
        last_name=f"{last} {number}",
        file_as=f"{last} {number}, {first}",
        company_name=company,
        job_title=random.choice(_JOBS),
        email1_address=f'"{first} {last}" <contact{number}@example.test>',
        mobile_phone_number=f"+1 555 {number:04}",
        business_phone_number=f"+1 555 {number + 5000:04}" if number % 2 else None,
        business_address_street=f"Main Street {number + 1}",
        business_address_city=city,
        business_address_country=country,
        birthday=datetime(1950 + number % 50, 1 + number % 12, 1 + number % 28, 11, 59, tzinfo=UTC)
        if number % 4 == 0
        else None,
        categories=_categories(random) or None,
        web_page=f"https://example.test/{number}" if number % 5 == 0 else None,
        picture=_PIXEL if number % 10 == 0 else None,
        body=Body(type=BodyType.PLAIN_TEXT, data=_text(random, random.randrange(1, 4))),
    )


def _event(random: Random, mailbox: Mailbox, number: int, now: datetime) -> CalendarEvent:
    day = now.replace(hour=0, minute=0, second=0) + timedelta(days=random.randrange(-300, 120))
    start = day + timedelta(hours=random.randrange(7, 18), minutes=random.choice((0, 15, 30)))
    event = CalendarEvent(
        timezone=_ZONES[number % len(_ZONES)],
        all_day_event=False,
        busy_status=BusyStatus.BUSY,
        start_time=start,
        end_time=start + timedelta(minutes=random.choice((30, 60, 90))),
        subject=f"{random.choice(_TITLES)} {number}",
        place=Location(display_name=f"Room {number % 9}, {random.choice(_PEOPLE)[3]}"),
        uid=f"sample-{number}@example.test",
        sensitivity=Sensitivity.PRIVATE if number % 11 == 0 else Sensitivity.NORMAL,
        reminder=15 if number % 2 else None,
        meeting_status=MeetingStatus.APPOINTMENT,
        categories=_categories(random) or None,
        body=Body(type=BodyType.PLAIN_TEXT, data=_text(random, random.randrange(1, 5))),
    )
    if number % 10 == 3:
        event.all_day_event = True
        event.start_time, event.end_time = day, day + timedelta(days=1)
        event.busy_status = BusyStatus.FREE
    if number % 4 == 0:
        _invite(event, mailbox, number)
    if number % 5 == 0:
        weekday = 1 << (start.isoweekday() % 7)
        event.recurrence = Recurrence(type=RecurrenceType.WEEKLY, interval=1 + number % 2, day_of_week=weekday)
        if number % 3 == 0:
            event.recurrence.occurrences = 10
        elif number % 3 == 1:
            event.recurrence.until = start + timedelta(days=100)
    if number % 15 == 0:
        second, third = (start + timedelta(weeks=weeks * (1 + number % 2)) for weeks in (1, 2))
        event.exceptions = [
            EventException(deleted=True, exception_start_time=second, instance_id=second),
            EventException(
                exception_start_time=third,
                instance_id=third,
                subject=f"{event.subject} (moved)",
                start_time=third + timedelta(hours=1),
                end_time=third + timedelta(hours=2),
            ),
        ]
    return event


def _invite(event: CalendarEvent, mailbox: Mailbox, number: int) -> None:
    """Makes a meeting of an event: every other one is the user's own."""
    own = number % 8 == 0
    others = [(number + step) % len(_PEOPLE) for step in range(1, 4)]
    first, last, *_ = _PEOPLE[others[0]]
    event.organizer_name, event.organizer_email = mailbox.name, mailbox.address
    if not own:
        event.organizer_name, event.organizer_email = f"{first} {last}", _address(others[0])
    event.meeting_status = MeetingStatus.ORGANIZER if own else MeetingStatus.RECEIVED
    event.response_type = ResponseType.ORGANIZER if own else ResponseType.ACCEPTED
    event.response_requested = True
    event.attendees = [
        Attendee(
            email=_address(who),
            name=f"{_PEOPLE[who][0]} {_PEOPLE[who][1]}",
            attendee_status=(AttendeeStatus.ACCEPTED, AttendeeStatus.TENTATIVE, AttendeeStatus.UNKNOWN)[index],
            attendee_type=AttendeeType.OPTIONAL if index == 2 else AttendeeType.REQUIRED,
        )
        for index, who in enumerate(others)
    ]


def _task(random: Random, number: int, now: datetime) -> Task:
    start = now.replace(hour=0, minute=0, second=0) + timedelta(days=random.randrange(-60, 60))
    due = start + timedelta(days=3)
    done = number % 3 == 0
    return Task(
        subject=f"{random.choice(_TASKS)} {number}",
        importance=random.choice(list(Importance)),
        utc_start_date=start,
        start_date=start,
        utc_due_date=due,
        due_date=due,
        complete=done,
        date_completed=due if done else None,
        reminder_set=number % 2 == 1,
        reminder_time=due - timedelta(hours=8) if number % 2 else None,
        sensitivity=Sensitivity.NORMAL,
        categories=_categories(random) or None,
        body=Body(type=BodyType.PLAIN_TEXT, data=_text(random, 1)),
    )
