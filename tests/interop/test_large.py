"""A mailbox of 2,000 messages: exactly once each, into a database, also where it is interrupted again and again."""

import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

import wbxml
from activesync import (
    Add,
    BodyType,
    Change,
    Client,
    ConnectionLostError,
    Delete,
    EarlierChangesError,
    Email,
    HTTPError,
    Page,
    TransportError,
)

from . import corpus
from .clients import Connect, Tell, changes, mime
from .cutter import Cutter
from .sogo import SOGoServer, User

pytestmark = pytest.mark.interop

COUNT = 2000
WINDOW = 512


@pytest.fixture(scope="module")
def owner(sogo: SOGoServer) -> User:
    """A user with 2,000 messages, which no test changes."""
    owner = sogo.add_user()
    with sogo.imap(owner) as mailbox:
        assert mailbox.append(corpus.many(COUNT)) == list(range(1, COUNT + 1))
    return owner


def test_two_thousand_messages(
    connect: Connect, owner: User, tmp_path: Path, tell: Tell, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "store.db"
    eas = connect(owner, store=path, device=request.node.callspec.id)
    prepare(path)
    name = f"collection/{eas.folders()[0].collection_id}"
    assert eas.estimate("inbox") == COUNT
    seen, keys = [], []
    before, started = memory_reset(), time.perf_counter()
    for page in eas.sync("inbox", window=WINDOW, body=BodyType.MIME):
        keys.append(eas.store.load(eas.session.account, name))
        take(page)
        seen.append((len(page.changes), page.more, page.resync))
    seconds, used = time.perf_counter() - started, memory_peak() - before
    assert seen == [(512, True, False), (512, True, False), (512, True, False), (464, False, False)]
    keys.append(eas.store.load(eas.session.account, name))
    assert len(set(keys)) == len(seen) + 1
    assert stored(path) == dict(enumerate(corpus.many(COUNT), start=1))
    assert changes(eas, "inbox", window=WINDOW, body=BodyType.MIME) == []
    tell(
        f"{COUNT} messages as MIME into SQLite, window {WINDOW}: {len(seen)} pages, {eas.stats.received / 1e6:.1f} MB"
        f" in {seconds:.1f} s, {used / 1e6:.0f} MB of memory"
        f" ({request.node.callspec.id}, kernel {wbxml.__impl__})"
    )
    # A page of 0.9 MB at a time, as bytes of the answer, as text, and as items; never all of the mailbox.
    assert used < 48e6


# Half of the time goes into putting them there: ten minutes in all on a busy machine, of which CI takes a part.
MANY = int(os.environ.get("MANY_MESSAGES", "20000"))


@pytest.mark.timeout(600)
def test_twenty_thousand_messages_over_tls_though_sogo_is_killed(sogo: SOGoServer, tmp_path: Path, tell: Tell) -> None:
    """SOGo is killed twice, and started again; what was synchronised before is not asked for again.

    With one kind of client: both drive the same flows, and the tests around this one run with both.
    """
    owner, path, killed = sogo.add_user(), tmp_path / "store.db", 0
    with sogo.imap(owner) as mailbox:
        for _ in range(MANY // COUNT):
            mailbox.append(corpus.many(COUNT))
    prepare(path)
    eas = Client(sogo.tls_url, owner.name, owner.password, verify=sogo.ca_file, store=path)
    started, pages = time.perf_counter(), 0
    while True:
        try:
            for page in eas.sync("inbox", window=WINDOW, body=BodyType.MIME):
                take(page)
                pages += 1
                if pages in (max(1, MANY // WINDOW // 4), max(2, MANY // WINDOW // 2)):
                    sogo.kill()
                    killed += 1
            break
        except (HTTPError, TransportError):
            sogo.start_again()
    seconds = time.perf_counter() - started
    whole = {number * COUNT + one: text for number in range(MANY // COUNT)
             for one, text in enumerate(corpus.many(COUNT), start=1)}  # fmt: skip
    assert killed == 2 and stored(path) == whole
    assert changes(eas, "inbox", window=WINDOW, body=BodyType.MIME) == []
    eas.close()
    tell(
        f"{MANY} messages over TLS into SQLite, SOGo killed twice: {pages} pages in {seconds:.0f} s, complete and exact"
    )


# Interruptions, with fewer messages


SOME = 500


@pytest.fixture(scope="module")
def other(sogo: SOGoServer) -> User:
    """A user with 500 messages, which no test changes."""
    other = sogo.add_user()
    with sogo.imap(other) as mailbox:
        mailbox.append(corpus.many(SOME))
    return other


def test_interrupted_on_every_page(
    connect: Connect, other: User, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each page comes, is lost by one accident or another, and comes again: to a new client, as after a crash."""
    path = tmp_path / "store.db"
    prepare(path)
    interrupted = 0
    for attempt in range(SOME):
        # A client takes one page, and comes to grief on the next.
        eas = connect(other, store=path, device=request.node.callspec.id)
        before = stored(path)
        try:
            for number, page in enumerate(eas.sync("inbox", window=50, body=BodyType.MIME)):
                if number == 0:
                    take(page)
                    before = stored(path)
                elif attempt % 3 == 0:
                    break  # without a word
                elif attempt % 3 == 1:
                    raise Accident  # with the page in hand
                else:
                    with page.transaction() as db:
                        rows(db, page)
                        raise Accident  # half-way through its own work
            else:
                break
        except Accident:
            pass
        interrupted += 1
        assert stored(path) == before
        eas.close()
    assert interrupted >= SOME / 50 - 1
    assert stored(path) == dict(enumerate(corpus.many(SOME), start=1))
    assert changes(eas, "inbox", body=BodyType.MIME) == []


def test_answers_that_get_lost(
    connect: Connect, sogo: SOGoServer, other: User, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every other answer ends early. The same request goes out again, and SOGo sends the page again."""
    path = tmp_path / "store.db"
    prepare(path)
    with Cutter(sogo.url) as cutter:
        eas = connect(other, url=cutter.url, allow_http=True, store=path, device=f"cut{request.node.callspec.id}")
        eas.folders()
        cutter.cuts = [50_000, None] * SOME
        for page in eas.sync("inbox", window=100, body=BodyType.MIME):
            take(page)
        assert cutter.cut >= 4
        assert eas.stats.resent >= cutter.cut
        assert stored(path) == dict(enumerate(corpus.many(SOME), start=1))

        cutter.cuts = [10] * SOME
        with pytest.raises(ConnectionLostError):
            eas.folders()
        cutter.cuts = []
        assert changes(eas, "inbox", body=BodyType.MIME) == []


def test_changes_whose_answer_gets_lost(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox, Cutter(sogo.url) as cutter:
        mailbox.append(corpus.many(3))
        eas = connect(user, url=cutter.url, allow_http=True)
        assert len(changes(eas, "inbox")) == 3
        # Sent again at once, with success.
        cutter.cuts = [10]
        (result,) = eas.apply("inbox", [Change(server_id="1", item=Email(read=True))])
        assert result.ok and cutter.cut == 1
        # Never answered: it is known only later what became of them.
        cutter.cuts = [10] * 3
        with pytest.raises(ConnectionLostError):
            eas.apply("inbox", [Change(server_id="2", item=Email(read=True)), Delete(server_id="3")])
        with pytest.raises(EarlierChangesError) as earlier:
            eas.apply("inbox", [Change(server_id="1", item=Email(read=False))])
        assert [(one.change.server_id, one.ok) for one in earlier.value.results] == [("2", True), ("3", True)]
        (result,) = eas.apply("inbox", [Change(server_id="1", item=Email(read=False))])
        assert result.ok
        left = {uid: flags for uid, flags in mailbox.flags().items() if "\\Deleted" not in flags}
        assert left == {1: set(), 2: {"\\Seen"}}
        assert changes(eas, "inbox") == []


class Accident(Exception):
    """What the tests interrupt themselves with."""


# The caller's own tables, in the store's database


def prepare(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mails (uid INTEGER PRIMARY KEY, subject TEXT NOT NULL, mime BLOB NOT NULL)")


def take(page: Page) -> None:
    """Puts the page into the table, together with its key."""
    with page.transaction() as db:
        rows(db, page)


def rows(db: sqlite3.Connection, page: Page) -> None:
    for change in page.changes:
        if isinstance(change, Add):
            # A second row of the same mail is an error of SQLite's.
            assert isinstance(change.item, Email)
            values = (int(change.server_id or ""), change.item.subject, mime(change.item))
            db.execute("INSERT INTO mails VALUES (?, ?, ?)", values)
        else:
            # SOGo sends the last mail of the page before along, as a change, where a page comes again.
            assert not isinstance(change, Delete)
            known = db.execute("SELECT 1 FROM mails WHERE uid = ?", [change.server_id]).fetchone()
            assert known is not None


def stored(path: Path) -> dict[int, bytes]:
    with closing(sqlite3.connect(path)) as db:
        return dict(db.execute("SELECT uid, mime FROM mails ORDER BY uid"))


# How much memory this process has and had, as Linux tells


def memory_reset() -> float:
    """What it has now, in bytes; the highest from here on is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def memory_peak() -> float:
    """The most that it had since memory_reset(), in bytes."""
    return _status("VmHWM")


def _status(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
