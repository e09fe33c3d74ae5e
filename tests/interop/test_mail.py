"""E-mail: every message exactly once and as IMAP has it, and changes in both directions."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest

from activesync import (
    Add,
    BodyType,
    Change,
    Delete,
    Email,
    Fetch,
    FilterType,
    Flag,
    FolderType,
    HTTPError,
    Item,
    MemoryStore,
)
from activesync.items import FlagStatus

from . import corpus
from .clients import Connect, Tell, changes, items, mime, plain, told
from .rewrites import expected_mime, reason, texts
from .sogo import SOGoServer, User

pytestmark = pytest.mark.interop


# Everything once, and whole


def test_every_message_of_the_corpus_as_imap_has_it(connect: Connect, sogo: SOGoServer, user: User, tell: Tell) -> None:
    names = dict(enumerate(corpus.messages(), start=1))
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.messages().values())
        truth = mailbox.fetch()
    assert truth.keys() == names.keys()
    eas = connect(user)
    assert eas.estimate("inbox") == len(truth)
    arrived = items(eas, "inbox", window=10, body=BodyType.MIME)
    assert arrived.keys() == {str(uid) for uid in truth}
    anew = []
    for uid, message in truth.items():
        got, expected = mime(arrived[str(uid)]), expected_mime(message)
        if expected is None:
            anew.append(f"  {names[uid]}: {reason(message)}")
            assert texts(got) == texts(message)
        else:
            assert got == expected
            if why := reason(message):
                anew.append(f"  {names[uid]}: {why}")
    assert len(anew) < len(truth) / 4
    tell(f"MIME of {len(truth)} messages of CPython's corpus is as IMAP has it, byte for byte, but for {len(anew)}:")
    for line in anew:
        tell(line)
    assert changes(eas, "inbox", body=BodyType.MIME) == []


@pytest.mark.parametrize("body", [None, BodyType.PLAIN_TEXT, BodyType.HTML], ids=["default", "text", "html"])
def test_every_message_of_the_corpus_in_other_forms(
    connect: Connect, sogo: SOGoServer, user: User, body: BodyType | None
) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.messages().values())
        truth = mailbox.fetch()
    eas = connect(user)
    arrived = items(eas, "inbox", window=20, body=body)
    assert arrived.keys() == {str(uid) for uid in truth}
    allowed = {BodyType.PLAIN_TEXT} if body is BodyType.PLAIN_TEXT else {BodyType.PLAIN_TEXT, BodyType.HTML}
    compared = 0
    for uid, message in truth.items():
        # SOGo sends no body where it finds no text: in attached messages alone, or none at all.
        if (sent := arrived[str(uid)].body) is not None:
            assert sent.type in allowed and sent.truncated is False and sent.data is not None
            parsed = message_from_bytes(message)
            in_ascii = parsed.get_content_charset("us-ascii") == "us-ascii"
            if in_ascii and parsed.get_content_type() == "text/plain" and not parsed.defects:
                assert sent.data.replace("\r\n", "\n").strip("\n") == texts(message)[0]
                compared += 1
    assert compared > 5
    assert changes(eas, "inbox", body=body) == []


def test_text_and_html(connect: Connect, sogo: SOGoServer, user: User) -> None:
    alternative = (
        b"From: Bob <bob@example.test>\r\nSubject: alternative\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"Gr=FC=DFe & <plain>\r\nline two=20\r\n\r\n--x\r\n"
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"PHA+R3LDvMOfZSAmYW1wOyA8Yj5odG1sPC9iPiDwn5iAPC9wPg==\r\n--x--\r\n"
    )
    text = "Grüße & <plain>\r\nline two \r\n"
    html = "<p>Grüße &amp; <b>html</b> 😀</p>"
    with sogo.imap(user) as mailbox:
        mailbox.append([alternative, plain("text", "a line 😀\r\n.\r\n\r\n\ttabbed <&>"), b"Subject: nothing\r\n\r\n"])
    forms = {
        BodyType.PLAIN_TEXT: (BodyType.PLAIN_TEXT, text),
        BodyType.HTML: (BodyType.HTML, html),
        None: (BodyType.HTML, html),
    }
    for body, expected in forms.items():
        first, second, third = items(connect(user, store=MemoryStore()), "inbox", body=body).values()
        assert form(first) == expected
        assert form(second) == (BodyType.PLAIN_TEXT, "a line 😀\r\n.\r\n\r\n\ttabbed <&>\r\n")
        assert form(third)[1] == ""


def form(item: Item) -> tuple[BodyType | None, str | None]:
    assert item.body is not None
    return item.body.type, item.body.data


UNDECLARED = plain("x", "Grüße, ÿ €, 漢字, 😀, e\u0301, \u2028, \ufffd, \ufeff").replace(b"; charset=utf-8", b"")
LATIN_1 = plain("x", "Grüße").replace("Grüße".encode(), "Grüße".encode("latin-1"))


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(UNDECLARED, id="utf-8 that does not say so"),
        pytest.param(LATIN_1, id="latin-1 that says utf-8"),
        pytest.param(plain("x", "a\x07b\x0cc\x1b$Bd\x01\x08"), id="control characters"),
        pytest.param(plain("x", "]]> &#1; &amp; <![CDATA[ <?xml ?> \x7f \x85 a\rb"), id="what XML minds"),
        pytest.param(plain("x", "long " * 30_000), id="150 kB in one line"),
        pytest.param(plain("x", "line\r\n" * 200_000), id="1.2 MB"),
        pytest.param(plain("x", "")[:-4], id="no body"),
        pytest.param(b"no header at all", id="no header"),
    ],
)
def test_messages_that_are_hard_to_carry(connect: Connect, sogo: SOGoServer, user: User, message: bytes) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append([message])
        (truth,) = mailbox.fetch().values()
    (arrived,) = items(connect(user), "inbox", body=BodyType.MIME).values()
    assert mime(arrived) == expected_mime(truth)


def test_headers(connect: Connect, sogo: SOGoServer, user: User) -> None:
    messages = list(corpus.many(40))
    with sogo.imap(user) as mailbox:
        mailbox.append(messages, flags=["\\Seen"])
    for message, mail in zip(messages, items(connect(user), "inbox").values(), strict=True):
        header = message_from_bytes(message)
        assert isinstance(mail, Email)
        assert (mail.from_, mail.subject) == (header["From"], header["Subject"])
        assert mail.to == '"Alice Archer" <alice@example.test>'
        assert mail.date_received == parsedate_to_datetime(header["Date"])
        assert mail.read is True


def test_every_folder(connect: Connect, sogo: SOGoServer, user: User) -> None:
    expected = {"INBOX": 5, "Drafts": 1, "Sent": 2, "Junk": 3, "Über & <unter>/x": 4}
    with sogo.imap(user) as mailbox:
        # IMAP's own UTF-7 (RFC 3501, section 5.1.3).
        mailbox.create("&ANw-ber &- <unter>")
        mailbox.create("&ANw-ber &- <unter>/x")
        for name, count in expected.items():
            mailbox.append(corpus.many(count), name.replace("&", "&-").replace("Ü", "&ANw-"))
    eas = connect(user)
    found = {}
    for page in eas.sync():
        assert not page.more and not page.resync
        found[page.folder.name] = len(page.changes)
    counts = {name.rpartition("/")[2]: count for name, count in expected.items()}
    # Up to 14.1 drafts are synchronised only where they are named ([MS-ASCMD] R5916).
    drafts = counts.pop("Drafts")
    assert found == counts
    assert [len(page.changes) for page in eas.sync("drafts")] == [drafts]
    assert eas.folders().named("Über & <unter>") is not None
    assert changes(eas) == []


# Changes on either side


def test_flags_set_by_the_client_show_in_imap(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(3))
        eas = connect(user)
        items(eas, "inbox")
        flagged = Flag(status=FlagStatus.ACTIVE, flag_type="for Follow Up")
        done = eas.apply(
            "inbox",
            [
                Change(server_id="1", item=Email(read=True)),
                Change(server_id="2", item=Email(flag=flagged)),
                Change(server_id="3", item=Email(read=True, flag=flagged)),
            ],
        )
        assert [result.ok for result in done] == [True] * 3
        assert mailbox.flags() == {1: {"\\Seen"}, 2: {"\\Flagged"}, 3: {"\\Seen", "\\Flagged"}}
        # What came from the client does not come back to it.
        assert changes(eas, "inbox") == []
        unread, cleared = Email(read=False), Email(flag=Flag())
        eas.apply("inbox", [Change(server_id="1", item=unread), Change(server_id="3", item=cleared)])
        assert mailbox.flags() == {1: set(), 2: {"\\Flagged"}, 3: {"\\Seen"}}
        assert changes(eas, "inbox") == []


def test_changes_over_imap_arrive(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(6))
        eas = connect(user)
        items(eas, "inbox")
        mailbox.set_flags([1, 2], "\\Seen")
        mailbox.set_flags([2, 3], "\\Flagged")
        mailbox.delete([4, 5])
        mailbox.append(corpus.many(1), flags=["\\Seen"])
        arrived = changes(eas, "inbox", window=3)
        assert told(arrived) == {
            ("Change", "1"),
            ("Change", "2"),
            ("Change", "3"),
            ("Delete", "4"),
            ("Delete", "5"),
            ("Add", "7"),
        }
        states = {
            change.server_id: (change.item.read, change.item.flag and change.item.flag.status)
            for change in arrived
            if isinstance(change, (Add, Change)) and isinstance(change.item, Email)
        }
        assert states == {
            "1": (True, FlagStatus.CLEARED),
            "2": (True, FlagStatus.ACTIVE),
            "3": (False, FlagStatus.ACTIVE),
            "7": (True, FlagStatus.CLEARED),
        }
        assert changes(eas, "inbox") == []
        mailbox.clear_flags([1, 2], "\\Seen", "\\Flagged")
        assert told(changes(eas, "inbox")) == {("Change", "1"), ("Change", "2")}
        assert changes(eas, "inbox") == []


def test_a_delete_by_the_client_removes_the_mail(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(3))
        truth = mailbox.fetch()
        eas = connect(user)
        items(eas, "inbox")
        (result,) = eas.apply("inbox", [Delete(server_id="2")])
        assert result.ok
        # Gone into the trash. What is left is marked, and goes when somebody expunges.
        left = [uid for uid, flags in mailbox.flags().items() if "\\Deleted" not in flags]
        assert left == [1, 3]
        assert list(mailbox.fetch("Trash").values()) == [truth[2]]
        assert changes(eas, "inbox") == []
        (mail,) = items(eas, eas.folders().of_type(FolderType.DELETED_ITEMS)[0], body=BodyType.MIME).values()
        assert mime(mail) == truth[2]


def test_mail_from_another_user_arrives(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        eas = connect(user)
        assert changes(eas, "inbox") == []
        for number in range(3):
            mailbox.append([plain(f"number {number}", "text")])
            (change,) = changes(eas, "inbox")
            assert isinstance(change, Add) and isinstance(change.item, Email)
            assert change.item.subject == f"number {number}"


def test_mail_moved_over_imap(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.create("Archive")
        mailbox.append(corpus.many(3))
        eas = connect(user)
        archive = eas.folders().named("archive")
        assert archive is not None
        items(eas, "inbox", archive)
        mailbox.move([2], "Archive")
        assert told(changes(eas, "inbox", archive)) == {("Delete", "2"), ("Add", "1")}
        assert changes(eas, "inbox", archive) == []


def test_fetch(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(2))
        truth = mailbox.fetch()
    eas = connect(user)
    items(eas, "inbox", body=BodyType.MIME)
    first, second = eas.apply("inbox", [Fetch(server_id="2"), Fetch(server_id="1")])
    assert first.item is not None and second.item is not None
    assert [mime(first.item), mime(second.item)] == [truth[2], truth[1]]
    assert changes(eas, "inbox", body=BodyType.MIME) == []


def test_a_request_that_sogo_chokes_on_is_not_sent_for_ever(connect: Connect, user: User) -> None:
    eas = connect(user)
    (contacts,) = eas.folders().of_type(FolderType.CONTACTS)
    assert changes(eas, contacts) == []
    with pytest.raises(HTTPError, match="501"):
        eas.apply(contacts, [Fetch(server_id="missing.vcf")])
    assert changes(eas, contacts) == []


# Estimates and filters


def test_estimates_are_what_then_arrives(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(20))
        eas = connect(user)
        assert eas.estimate("inbox") == 20 == len(items(eas, "inbox"))
        # From then on SOGo counts the last changes of before once more: those that its key names.
        assert changes(eas, "inbox") == []
        assert eas.estimate("inbox") <= 1
        mailbox.set_flags([1, 2], "\\Seen")
        assert 2 == len(changes(eas, "inbox")) <= eas.estimate("inbox") <= 2 + 1
        mailbox.append(corpus.many(3))
        mailbox.delete([4, 5, 6])
        estimate = eas.estimate("inbox")
        assert 6 == len(changes(eas, "inbox")) <= estimate <= 6 + 2


def test_filters(connect: Connect, sogo: SOGoServer, user: User) -> None:
    days = {
        FilterType.ALL: {0, 2, 5, 10, 20, 60, 200},
        FilterType.ONE_DAY: {0},
        FilterType.THREE_DAYS: {0, 2},
        FilterType.ONE_WEEK: {0, 2, 5},
        FilterType.TWO_WEEKS: {0, 2, 5, 10},
        FilterType.ONE_MONTH: {0, 2, 5, 10, 20},
        # No filters for mails: they are left out.
        FilterType.THREE_MONTHS: {0, 2, 5, 10, 20, 60, 200},
        FilterType.INCOMPLETE_TASKS: {0, 2, 5, 10, 20, 60, 200},
    }
    with sogo.imap(user) as mailbox:
        for age in sorted(days[FilterType.ALL]):
            mailbox.append([plain(str(age), "text")], received=datetime.now(UTC) - timedelta(days=age))
    for filter_type, expected in days.items():
        eas = connect(user, store=MemoryStore())
        assert eas.estimate("inbox", filter_type=filter_type) == len(expected)
        found = items(eas, "inbox", filter_type=filter_type).values()
        assert {int(mail.subject or "") for mail in found if isinstance(mail, Email)} == expected
        assert changes(eas, "inbox", filter_type=filter_type) == []
