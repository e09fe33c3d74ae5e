"""A large mailbox from the embedded server in another process: what the client takes of memory and processor.

    python -m tests.stress.size serve MAILS DIRECTORY
    python -m tests.stress.size typed|sqlite|peer URL DIRECTORY [MAILS]

The first prints its addresses over http and https and waits for the end of its input, the others print what they took.
"""

from __future__ import annotations

import json
import resource
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from activesync import Client
from activesync.commands import Add, EASProvisionDoc, FolderType
from activesync.flows import ServerChange
from activesync.items import Body, BodyType, Email
from activesync.testing import EASServer, Mailbox

WINDOW = 512
BODY = 2048
# What the caller of the SQLite form keeps: one table, and an index for the order in which mails are shown.
SCHEMA = """
    CREATE TABLE mails (
        folder TEXT, server_id TEXT, subject TEXT, sender TEXT, received TEXT, read INTEGER, body TEXT,
        PRIMARY KEY (folder, server_id)
    );
    CREATE INDEX mails_by_date ON mails (folder, received);
"""
_NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
_ROOT = Path(__file__).parents[2]
_WORDS = (
    "the of and to a in is that for it as was with be by on not he his but at are this have from or had an they which"
    " one you were her all she there would their we him been has when who will more no if out so said what up its about"
).split()


@dataclass
class Took:
    """What a run took: microseconds of processor time a mail, megabytes that its memory rose by, and seconds."""

    what: str
    mails: int
    cpu: float
    memory: float
    seconds: float


def mailbox(mails: int) -> Mailbox:
    """Mails of about 2 KB, as people write them, the same each time."""
    random, made = Random(1), Mailbox("alice", "secret")
    made.now = lambda: _NOON
    for number in range(mails):
        text = " ".join(random.choices(_WORDS, k=BODY // 4))[:BODY]
        made.add(
            FolderType.INBOX,
            Email(
                subject=f"{' '.join(random.choices(_WORDS, k=6))} {number}",
                from_=f'"Person {number % 97}" <person{number % 97}@example.test>',
                to='"Alice Example" <alice@example.test>',
                date_received=_NOON - timedelta(minutes=number),
                read=bool(number % 3),
                body=Body(type=BodyType.PLAIN_TEXT, data=text),
            ),
        )
    return made


def _serve(mails: int, directory: Path) -> None:
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    made = mailbox(mails)
    with EASServer(made) as plain, EASServer(made, tls=context, policy=EASProvisionDoc()) as secure:
        for server in (plain, secure):
            server.requests = type(server.requests)(maxlen=1)
        print(plain.url, secure.url, flush=True)
        sys.stdin.read()


@contextmanager
def serving(mails: int, directory: Path) -> Iterator[tuple[str, str]]:
    """The addresses over http and https of a server in a process of its own."""
    command = [sys.executable, "-m", "tests.stress.size", "serve", str(mails), str(directory)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            plain, secure = process.stdout.readline().split()
            yield plain, secure
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def measured(what: str, url: str, directory: Path, mails: int = 0) -> Took:
    """What a run in a process of its own took: "typed", "sqlite", or "peer", which is pyactivesync."""
    command = [sys.executable, "-m", "tests.stress.size", what, url, str(directory), str(mails)]
    done = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=1800)
    return Took(**json.loads(done.stdout))


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _client(url: str, directory: Path, store: Path | None) -> Client:
    verify = str(directory / "ca.pem")
    return Client(url, "alice", "secret", store=store, allow_http=True, verify=verify if "https" in url else True)


def _typed(url: str, directory: Path) -> Took:
    with _client(url, directory, None) as eas:
        eas.folders()
        before, cpu, begun, count = _memory(), time.process_time(), time.monotonic(), 0
        for page in eas.stream("inbox", window=WINDOW):
            for change in page.changes:
                assert type(change) is Add
                count += 1
        took = time.process_time() - cpu, time.monotonic() - begun
        return Took("typed", count, 1e6 * took[0] / count, _memory() - before, took[1])


def _row(folder: str, change: ServerChange) -> tuple[object, ...]:
    assert type(change) is Add
    mail = change.item
    assert type(mail) is Email and mail.date_received is not None and mail.body is not None
    received = mail.date_received.isoformat()
    return (folder, change.server_id, mail.subject, mail.from_, received, mail.read, mail.body.data)


def _sqlite(url: str, directory: Path) -> Took:
    path = directory / "size.db"
    path.unlink(missing_ok=True)
    with _client(url, directory, path) as eas:
        eas.folders()
        eas.store.connection.executescript(SCHEMA)  # type: ignore[attr-defined]
        before, cpu, begun, count = _memory(), time.process_time(), time.monotonic(), 0
        for page in eas.stream("inbox", window=WINDOW):
            folder = page.folder.collection_id
            with page.transaction() as db:
                rows = (_row(folder, change) for change in page.changes)
                count += db.executemany("INSERT OR REPLACE INTO mails VALUES (?, ?, ?, ?, ?, ?, ?)", rows).rowcount
        took = time.process_time() - cpu, time.monotonic() - begun
        found = eas.store.connection.execute("SELECT count(*) FROM mails").fetchone()  # type: ignore[attr-defined]
        assert found == (count,)
        return Took("sqlite", count, 1e6 * took[0] / count, _memory() - before, took[1])


def _peer(url: str, mails: int) -> Took:
    import pyactivesync

    with closing(pyactivesync.Client(url.split("/")[2], "alice", "secret", device_id="pyactivesync1")) as client:
        client.list_folders()
        key, count = client.sync_folder("1").sync_key, 0
        before, cpu, begun = _memory(), time.process_time(), time.monotonic()
        while count < mails:
            page = client.sync_folder("1", key, window_size=WINDOW)
            key = page.sync_key
            count += len(page.added)
        took = time.process_time() - cpu, time.monotonic() - begun
        return Took("pyactivesync", count, 1e6 * took[0] / count, _memory() - before, took[1])


def _main(what: str, url: str, directory: Path, mails: int) -> None:
    if what == "serve":
        _serve(int(url), directory)
        return
    took = {"typed": _typed, "sqlite": _sqlite}[what](url, directory) if what != "peer" else _peer(url, mails)
    print(json.dumps(took.__dict__))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 0)


__all__ = ["BODY", "SCHEMA", "WINDOW", "Took", "mailbox", "measured", "serving"]
