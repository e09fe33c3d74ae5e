"""A client that is killed with SIGKILL at random moments, its state in SQLite, and started again.

The child synchronises two folders into a table of its own and changes contacts, with a journal of what it meant to do;
the parent has the server, changes the mailbox too, kills the child, and looks at what came of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from ast import literal_eval
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from activesync import Client, SqliteStore
from activesync.commands import Add, Change, Delete, FolderType, SoftDelete
from activesync.flows import EarlierChangesError
from activesync.items import Contact, Email
from activesync.testing import EASServer, Mailbox

from .schedules import Wrong, compare, shown

_NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
_ROOT = Path(__file__).parents[2]
_TABLES = """
    CREATE TABLE IF NOT EXISTS copy (folder TEXT, server_id TEXT, shown TEXT, PRIMARY KEY (folder, server_id));
    CREATE TABLE IF NOT EXISTS intents (client_id TEXT PRIMARY KEY, fate TEXT);
"""


# The child


def _take(db: sqlite3.Connection, folder: str, changes: Any, replaced: Any) -> None:
    for change in changes:
        key = (folder, change.server_id)
        row = db.execute("SELECT shown FROM copy WHERE folder = ? AND server_id = ?", key).fetchone()
        if isinstance(change, (Delete, SoftDelete)):
            db.execute("DELETE FROM copy WHERE folder = ? AND server_id = ?", key)
            continue
        if isinstance(change, Add) and (row is not None) != (change.server_id in replaced):
            raise SystemExit(f"{change.server_id} came twice, or replaces what was never there")
        before = literal_eval(row[0]) if row and isinstance(change, Change) and isinstance(change.item, Email) else None
        db.execute("INSERT OR REPLACE INTO copy VALUES (?, ?, ?)", (*key, repr(shown(change.item, before))))


def _settle(db: sqlite3.Connection, folder: str, results: Any) -> None:
    for result in results:
        change = result.change
        if isinstance(change, Add):
            fate = "done" if result.ok else "open" if result.status == 0 else "refused"
            db.execute("UPDATE intents SET fate = ? WHERE client_id = ?", (fate, change.client_id))
        if not result.ok:
            continue
        if isinstance(change, Delete):
            db.execute("DELETE FROM copy WHERE folder = ? AND server_id = ?", (folder, result.server_id))
        else:
            values = (folder, result.server_id, repr(shown(change.item)))
            db.execute("INSERT OR REPLACE INTO copy VALUES (?, ?, ?)", values)


def child(url: str, path: str, seed: int, *, last: bool) -> None:
    """Synchronises and changes until it is killed; where it is the ``last`` one, synchronises to the end."""
    random = Random(seed)
    store = SqliteStore(path)
    store.connection.executescript(_TABLES)
    with Client(url, "alice", "secret", store=store, allow_http=True, timeout=20) as eas:
        for number in range(3 if last else 1_000_000):
            for page in eas.sync("inbox", "contacts", window=random.choice([3, 20, 100])):
                with page.transaction() as db:
                    folder = page.folder.collection_id
                    _settle(db, folder, page.results)
                    _take(db, folder, page.changes, page.replaced)
            if last:
                continue
            folder = eas.folders().named("contacts").collection_id  # type: ignore[union-attr]
            known = [
                row[0] for row in store.connection.execute("SELECT server_id FROM copy WHERE folder = ?", [folder])
            ]
            client_id = f"{seed}.{number}"
            changes: list[Any] = [Add(client_id=client_id, item=Contact(last_name=client_id))]
            for name in random.sample(known, k=min(len(known), random.randrange(3))):
                if random.random() < 0.5:
                    changes.append(Delete(server_id=name))
                else:
                    changes.append(Change(server_id=name, item=Contact(last_name=f"changed {seed}.{number}.{name}")))
            store.connection.execute("INSERT INTO intents VALUES (?, 'open')", [client_id])
            try:
                results = eas.apply("contacts", changes)
            except EarlierChangesError as error:
                results = error.results
            with store.transaction("alice") as db:
                _settle(db, folder, results)


# The parent


@dataclass
class Killed:
    """What was done: how often the child was killed, how often within a request, and what it came to."""

    kills: int
    requests: int
    items: int
    intents: int
    seconds: float


def run(directory: Path, kills: int, *, seed: int = 1, tell: Callable[[int], None] = lambda done: None) -> Killed:
    """Kills the child so often. Raises Wrong."""
    random, begun = Random(seed), time.monotonic()
    mailbox = Mailbox("alice", "secret")
    for number in range(40):
        _change(mailbox, random, number)
    path = directory / "alice.db"
    with EASServer(mailbox) as server:
        answered = change = 0
        for number in range(kills):
            process = _started(server.url, path, number, last=False)
            try:
                # Mostly within its work, now and then before it has begun.
                until = time.monotonic() + (30 if random.random() < 0.9 else random.random() / 2)
                waiting = True
                while time.monotonic() < until and process.poll() is None:
                    if waiting and server.requests:
                        waiting, until = False, time.monotonic() + random.random() ** 2 / 2
                    change += 1
                    _change(mailbox, random, change)
                    time.sleep(0.002 if server.requests else 0.02)
                answered += len(server.requests)
                server.requests.clear()
                if process.poll() is not None:
                    raise Wrong(f"the client ended by itself: {_said(process)}")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGKILL)
                process.wait()
                if process.stderr is not None:
                    process.stderr.close()
            tell(number + 1)
        process = _started(server.url, path, kills, last=True)
        try:
            process.wait(timeout=60)
            if process.returncode:
                raise Wrong(f"the client ended by itself: {_said(process)}")
        finally:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        return Killed(kills, answered, *_check(mailbox, path), time.monotonic() - begun)


def _started(url: str, path: Path, seed: int, *, last: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.stress.kill", url, str(path), str(seed), "last" if last else "on"]
    return subprocess.Popen(command, cwd=_ROOT, stderr=subprocess.PIPE, text=True, env=os.environ)


def _said(process: subprocess.Popen[str]) -> str:
    return process.stderr.read()[-2000:] if process.stderr is not None else ""


def _change(mailbox: Mailbox, random: Random, number: int) -> None:
    kind = random.choice([FolderType.INBOX, FolderType.CONTACTS])
    names = list(mailbox.folder(kind).items)
    what = random.random()
    with contextlib.suppress(KeyError):  # the client may have deleted it meanwhile
        if what < 0.5 or len(names) < 20:
            if kind is FolderType.INBOX:
                when = _NOON + timedelta(seconds=number)
                mailbox.add(kind, Email(subject=f"mail {number}", date_received=when, read=False))
            else:
                mailbox.add(kind, Contact(last_name=f"name {number}", company_name="server"))
        elif what < 0.8:
            name = random.choice(names)
            if kind is FolderType.INBOX:
                mailbox.change(name, read=random.random() < 0.5)
            else:
                mailbox.change(name, company_name=f"company {number}")
        else:
            mailbox.delete(random.choice(names))


def _check(mailbox: Mailbox, path: Path) -> tuple[int, int]:
    count = 0
    with contextlib.closing(sqlite3.connect(path)) as db:
        for kind in (FolderType.INBOX, FolderType.CONTACTS):
            folder = mailbox.folder(kind).server_id
            rows = db.execute("SELECT server_id, shown FROM copy WHERE folder = ?", [folder]).fetchall()
            compare(mailbox, kind, {name: literal_eval(text) for name, text in rows})
            count += len(rows)
        contacts = mailbox.items(FolderType.CONTACTS).values()
        ever = Counter(item.last_name for item in contacts if isinstance(item, Contact))
        intents = dict(db.execute("SELECT client_id, fate FROM intents").fetchall())
    for name, times in ever.items():
        if name in intents and (times > 1 or intents[name] == "refused"):
            raise Wrong(f"{name}, {intents[name]}, is there {times} times")
    return count, len(intents)


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2], int(sys.argv[3]), last=sys.argv[4] == "last")
