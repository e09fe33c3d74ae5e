"""Documents such as servers send, made from a seed: each kind differs from seed to seed, and never from run to run.

What a document holds is a tree of (tag, content): content is text, bytes (sent as opaque data), or a list of such
pairs. From it come the WBXML, the same as JSON and XML for the libraries that it is compared with, and the values of
the models in models.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import wbxml
from wbxml import (
    AirSync,
    AirSyncBase,
    Calendar,
    ComposeMail,
    Contacts,
    Email,
    Email2,
    FolderHierarchy,
    Tag,
)

Content = Any  # str | bytes | list[tuple[Tag, Content]]
SEEDS = range(8)
"""One document of a kind for each: a cache of strings that pays when one document is decoded again must not show."""

# What people are called and write about, in the scripts that are met in mailboxes of Europe and beyond.
NAMES = [
    "Anna Schmidt", "Jürgen Groß", "Chloé Lefèvre", "Łukasz Wójcik", "Мария Иванова", "Γιώργος Παπαδόπουλος",
    "田中 太郎", "王小明", "김민준", "محمد علي", "Søren Ågård", "Ana Muñoz", "John Smith", "Emily Jones", "Peter Novák",
    "Fatma Yılmaz", "Olga Petrova", "David Cohen", "Priya Sharma", "Wei Chen",
]  # fmt: skip
# What they write in: a mail is in one language. English is what most business mail is in.
ENGLISH = (
    "the of and to in for is on that by this with you it not or be are from at as your all have new more an was we "
    "will can us about if page my has search free but our one other do no information time they site he up may "
    "which meeting agenda budget report quarter project review minutes draft contract invoice delivery schedule "
    "customer what"
)
GERMAN = (
    "der die das und ist nicht mit für auf den von zu im eine Besprechung Angebot Rechnung Termin Überblick "
    "Entwurf Lieferung Vertrag Grüße können möchten über nächste Woche Änderung bitte schicken anbei Unterlagen"
)
FRENCH = (
    "le la les de des et est pas avec pour sur réunion café déjà facture livraison contrat projet équipe "
    "très bien merci à bientôt pièce jointe prochaine semaine être"
)
RUSSIAN = "и в не на что с по это встреча отчёт договор счёт проект неделя спасибо пожалуйста документы во вложении"
CHINESE = "会议 报告 项目 客户 合同 发票 交货 下周 谢谢 附件 请 查看 我们 的 和 在 是"
LANGUAGES = {ENGLISH: 60, GERMAN: 15, FRENCH: 10, RUSSIAN: 10, CHINESE: 5}
"""The words of each language, and how many in a hundred mails are in it."""
LOCAL_PARTS = ["schmidt", "smith", "office", "sales", "wojcik", "ivanova", "tanaka", "info", "lefevre", "cohen"]
DOMAINS = ["example.com", "example.org", "contoso.example", "fabrikam.example", "mail.example.net"]
CITIES = ["Berlin", "Zürich", "Kraków", "Lyon", "Athens", "東京", "Seoul", "São Paulo", "Chicago", "Oslo"]
STYLE = "font-family:Calibri,Arial,sans-serif;font-size:11pt"


class Maker:
    """Draws the parts of documents from one source of chance."""

    def __init__(self, kind: str, seed: int) -> None:
        self.random = random.Random(f"{kind} {seed}")
        self.speak()
        # The people of a mailbox are the same from one mail to the next.
        self.people = [self._person() for _ in range(30)]

    def _person(self) -> tuple[str, str]:
        name = self.random.choice(NAMES)
        local = f"{self.hexadecimal(2)}.{self.random.choice(LOCAL_PARTS)}{self.random.randrange(1000)}"
        return name, f"{local}@{self.random.choice(DOMAINS)}"

    def speak(self) -> None:
        """Chooses a language for what follows."""
        (words,) = self.random.choices(list(LANGUAGES), list(LANGUAGES.values()))
        self.vocabulary = words.split()

    def address(self) -> str:
        name, address = self.random.choice(self.people)
        return f'"{name}" <{address}>'

    def words(self, least: int, most: int) -> str:
        return " ".join(self.random.choices(self.vocabulary, k=self.random.randint(least, most)))

    def sentence(self) -> str:
        return f"{self.words(4, 16).capitalize()}."

    def hexadecimal(self, digits: int) -> str:
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def moment(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.random.randrange(300 * 86400))

    def date(self) -> str:
        return self.moment().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def compact_date(self) -> str:
        return self.moment().strftime("%Y%m%dT%H%M%SZ")

    def flag(self) -> str:
        return self.random.choice("01")

    def html(self, size: int) -> str:
        """HTML of some ``size`` bytes, as mail programs write it."""
        parts = [f'<html><head><meta charset="utf-8"></head>\r\n<body><div style="{STYLE}">']
        length = len(parts[0])
        while length < size - 30:
            text = " ".join([self.sentence() for _ in range(self.random.randint(1, 5))])
            kind = self.random.randrange(6)
            if kind == 0:
                text = f'<a href="https://{self.random.choice(DOMAINS)}/{self.hexadecimal(16)}">{text[:40]}</a>'
            elif kind == 1:
                text = f"<b>{text}</b>&nbsp;<br>"
            parts.append(f'<p style="margin:0">{text}</p>\r\n')
            length += len(parts[-1].encode())
        parts.append("</div></body></html>")
        return "".join(parts)


def tiny(make: Maker) -> Content:
    """The request for what has changed in a folder, as every client sends it all day."""
    return (
        AirSync.Sync,
        [
            (
                AirSync.Collections,
                [
                    (
                        AirSync.Collection,
                        [
                            (AirSync.SyncKey, str(make.random.randrange(1 << 30, 1 << 31))),
                            (AirSync.CollectionId, str(make.random.randrange(1, 30))),
                            (AirSync.DeletesAsMoves, "1"),
                            (AirSync.GetChanges, []),
                            (AirSync.WindowSize, make.random.choice(["100", "256", "512"])),
                        ],
                    )
                ],
            )
        ],
    )


def folders(make: Maker) -> Content:
    """A hierarchy of 200 folders."""
    added = []
    for number in range(200):
        parent = make.random.randrange(number) if number and make.random.random() < 0.4 else None
        name = make.words(1, 3).capitalize() if make.random.random() < 0.7 else make.random.choice(NAMES)
        content = [
            (FolderHierarchy.ServerId, f"{make.hexadecimal(4)}:{number}"),
            (FolderHierarchy.ParentId, "0" if parent is None else str(parent)),
            (FolderHierarchy.DisplayName, name),
            (FolderHierarchy.Type, make.random.choice(["1", "12", "13", "14", "2", "5", "8", "9"])),
        ]
        added.append((FolderHierarchy.Add, content))
    changes = [(FolderHierarchy.Count, "200"), *added]
    return (
        FolderHierarchy.FolderSync,
        [
            (FolderHierarchy.Status, "1"),
            (FolderHierarchy.SyncKey, str(make.random.randrange(1, 99))),
            (FolderHierarchy.Changes, changes),
        ],
    )


def answer(make: Maker, items: list[Content]) -> Content:
    """An answer to a Sync request that brings these items."""
    collection = str(make.random.randrange(1, 30))
    added = [
        (AirSync.Add, [(AirSync.ServerId, f"{collection}:{number}"), (AirSync.ApplicationData, item)])
        for number, item in enumerate(items, 1)
    ]
    return (
        AirSync.Sync,
        [
            (
                AirSync.Collections,
                [
                    (
                        AirSync.Collection,
                        [
                            (AirSync.SyncKey, str(make.random.randrange(1 << 31))),
                            (AirSync.CollectionId, collection),
                            (AirSync.Status, "1"),
                            (AirSync.MoreAvailable, []),
                            (AirSync.Commands, added),
                        ],
                    )
                ],
            )
        ],
    )


def mail(make: Maker, size: int) -> Content:
    make.speak()
    topic = make.words(2, 8)
    content = [
        (Email.To, ", ".join([make.address() for _ in range(make.random.choice([1, 1, 1, 2, 5]))])),
        (Email.From, make.address()),
        (Email.Subject, f"RE: {topic}" if make.random.random() < 0.5 else topic),
        (Email.ReplyTo, make.address()),
        (Email.DateReceived, make.date()),
        (Email.DisplayTo, make.random.choice(make.people)[0]),
        (Email.ThreadTopic, topic),
        (Email.Importance, make.random.choice("1110")),
        (Email.Read, make.flag()),
    ]
    if size:
        body = make.html(size)
        content.append(
            (
                AirSyncBase.Body,
                [
                    (AirSyncBase.Type, "2"),
                    (AirSyncBase.EstimatedDataSize, str(len(body.encode()))),
                    (AirSyncBase.Data, body),
                ],
            )
        )
    return [
        *content,
        (Email.MessageClass, "IPM.Note"),
        (Email.InternetCPID, "65001"),
        (Email.Flag, []),
        (Email.ContentClass, "urn:content-classes:message"),
        (AirSyncBase.NativeBodyType, "2"),
        (Email2.ConversationId, make.random.randbytes(16)),
        (Email2.ConversationIndex, make.random.randbytes(22)),
    ]


def contact(make: Maker) -> Content:
    make.speak()
    name = make.random.choice(NAMES)
    first, _, last = name.partition(" ")
    content: Content = [
        (Contacts.FileAs, f"{last}, {first}" if last else first),
        (Contacts.FirstName, first),
        (Contacts.LastName, last or first),
        (Contacts.Email1Address, make._person()[1]),
        (Contacts.MobilePhoneNumber, f"+49 {make.random.randrange(10**10)}"),
    ]
    for tag, value in [
        (Contacts.BusinessPhoneNumber, f"+49 {make.random.randrange(10**10)}"),
        (Contacts.CompanyName, make.words(1, 3).title()),
        (Contacts.Department, make.words(1, 2)),
        (Contacts.JobTitle, make.words(1, 3)),
        (Contacts.BusinessAddressCity, make.random.choice(CITIES)),
        (Contacts.BusinessAddressStreet, f"{make.words(1, 2)} {make.random.randrange(200)}"),
        (Contacts.BusinessAddressPostalCode, str(make.random.randrange(10000, 99999))),
        (Contacts.HomeAddressCity, make.random.choice(CITIES)),
        (Contacts.Birthday, make.date()),
        (Contacts.WebPage, f"https://{make.random.choice(DOMAINS)}/"),
    ]:
        if make.random.random() < 0.6:
            content.append((tag, value))
    if make.random.random() < 0.3:
        content.append((Contacts.Categories, [(Contacts.Category, make.words(1, 1)) for _ in range(2)]))
    return content


def event(make: Maker) -> Content:
    make.speak()
    start = make.moment().replace(minute=0, second=0)
    end = start + timedelta(minutes=make.random.choice([30, 60, 90]))
    # A TIME_ZONE_INFORMATION, [MS-ASDTYPE] section 2.7.6: the same all over a calendar, and so in real ones.
    zone = "xP///wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAKAAAABQADAAAAAAAAAAAAAAAA"
    zone += "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAMAAAAFAAIAAAAAAAAAxP///w=="
    content: Content = [
        (Calendar.Timezone, zone),
        (Calendar.AllDayEvent, make.random.choice("0001")),
        (Calendar.BusyStatus, make.random.choice("0123")),
        (Calendar.OrganizerName, make.random.choice(make.people)[0]),
        (Calendar.OrganizerEmail, make.random.choice(make.people)[1]),
        (Calendar.DtStamp, make.compact_date()),
        (Calendar.EndTime, end.strftime("%Y%m%dT%H%M%SZ")),
        (Calendar.Location, make.words(1, 3)),
        (Calendar.Reminder, "15"),
        (Calendar.Sensitivity, "0"),
        (Calendar.Subject, make.words(2, 6)),
        (Calendar.StartTime, start.strftime("%Y%m%dT%H%M%SZ")),
        (Calendar.UID, make.hexadecimal(64).upper()),
        (Calendar.MeetingStatus, make.random.choice("013")),
    ]
    if make.random.random() < 0.5:
        attendees = make.random.sample(make.people, make.random.randint(1, 6))
        content.append(
            (
                Calendar.Attendees,
                [
                    (
                        Calendar.Attendee,
                        [
                            (Calendar.Email, address),
                            (Calendar.Name, name),
                            (Calendar.AttendeeStatus, make.random.choice("02345")),
                            (Calendar.AttendeeType, "1"),
                        ],
                    )
                    for name, address in attendees
                ],
            )
        )
    if make.random.random() < 0.2:
        content.append(
            (
                Calendar.Recurrence,
                [
                    (Calendar.Type, "1"),
                    (Calendar.Interval, "1"),
                    (Calendar.DayOfWeek, str(1 << make.random.randrange(7))),
                    (Calendar.Occurrences, str(make.random.randrange(2, 50))),
                ],
            )
        )
    return content


def message(make: Maker) -> Content:
    """One mail of 10 MB to be sent."""
    return (
        ComposeMail.SendMail,
        [
            (ComposeMail.ClientId, make.hexadecimal(32)),
            (ComposeMail.SaveInSentItems, []),
            (ComposeMail.Mime, make.random.randbytes(10 << 20)),
        ],
    )


KINDS: dict[str, tuple[str, Callable[[Maker], Content]]] = {
    "a": ("tiny request", tiny),
    "b": ("200 folders", folders),
    "c": ("100 mails, no bodies", lambda make: answer(make, [mail(make, 0) for _ in range(100)])),
    "d": ("100 mails, 2 KB of HTML each", lambda make: answer(make, [mail(make, 2000) for _ in range(100)])),
    "e": ("512 mails, 20 KB of HTML each", lambda make: answer(make, [mail(make, 20_000) for _ in range(512)])),
    "f": ("500 contacts", lambda make: answer(make, [contact(make) for _ in range(500)])),
    "g": ("500 calendar items", lambda make: answer(make, [event(make) for _ in range(500)])),
    "h": ("one message of 10 MB", message),
}
"""The kinds by their letters: what it is, and what makes one."""


@cache
def content(kind: str, seed: int) -> Content:
    """What the document of this kind and seed holds."""
    return KINDS[kind][1](Maker(kind, seed))


def wbxml_of(root: Content) -> bytes:
    """The tree as WBXML."""
    writer = wbxml.Writer()
    for tag, value in events(root):
        if tag is None:
            writer.end()
        else:
            writer.start(tag)
            if isinstance(value, str):
                writer.text(value)
            elif isinstance(value, bytes):
                writer.opaque(value)
    return writer.finish()


def events(root: Content) -> Iterator[tuple[Tag | None, Any]]:
    """Each element with its text or bytes, and (None, None) at its end, in the order of the document."""
    levels = [iter([root])]
    while levels:
        found = next(levels[-1], None)
        if found is None:
            levels.pop()
            if levels:
                yield None, None
        else:
            tag, value = found
            yield tag, None if isinstance(value, list) else value
            levels.append(iter(value if isinstance(value, list) else []))


def plain(value: Content) -> Any:
    """The content as JSON has it: an object by tag names, a list where a name comes again, else text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return value
    if not value:
        return None
    found: dict[str, list[Any]] = {}
    for tag, inner in value:
        found.setdefault(tag.name, []).append(plain(inner))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
