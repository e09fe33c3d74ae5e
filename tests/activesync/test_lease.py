"""Two clients with one store: one synchronises a folder, the other is told so."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activesync import LeaseError, SqliteStore, UsageError, lease
from activesync.commands import Add, FolderType
from activesync.items import Contact
from activesync.lease import SECONDS, Leases
from activesync.testing import EASServer, sample_mailbox

from .clients import Open, client

CHILD = """
import sys, time
from activesync import Client
eas = Client(sys.argv[1], "alice", "secret", store=sys.argv[2], allow_http=True)
for page in eas.sync("inbox", window=1):
    print("synchronises", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=60, contacts=3, events=3, tasks=0, notes=0)) as running:
        yield running


def test_the_second_client_is_told_and_the_first_goes_on(connect: Open, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    first, second = connect(store=store), connect(store=store)
    pages = first.sync("inbox", window=20)
    assert next(pages).changes
    for refused in (lambda: list(second.sync("inbox")), lambda: second.apply("inbox", [Add(item=Contact())])):
        with pytest.raises(LeaseError, match=rf"process {os.getpid()} on \S+ synchronises this folder"):
            refused()
    assert list(second.sync("contacts")), "another folder is free"
    # The others have their turn, and the trouble is told at the end.
    others = second.sync("inbox", "calendar")
    assert next(others).folder.name == "Calendar"
    with pytest.raises(LeaseError):
        next(others)
    rest = [change.server_id for page in pages for change in page.changes]
    assert len(rest) == len(server.mailbox.items(FolderType.INBOX)) - 20
    first.close()
    assert not list(second.sync("inbox")), "who closes his client gives it back"


def test_a_process_that_was_killed_holds_nothing(connect: Open, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    command = [sys.executable, "-c", CHILD, server.url, str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "synchronises\n"
        with pytest.raises(LeaseError, match=f"process {child.pid} on"):
            list(connect(store=store).sync("inbox"))
        child.send_signal(signal.SIGKILL)
    (page, *_) = connect(store=store).sync("inbox")
    assert len(page.changes) > 1, "at once"


def kept(store: Path, name: str = "lease/1") -> Any:
    with_store = SqliteStore(store)
    try:
        return json.loads(with_store.load("alice@127.0.0.1", name) or "null")
    finally:
        with_store.close()


def test_a_lease_ends_and_is_renewed(
    connect: Open, server: EASServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now = tmp_path / "alice.db", time.time()
    first, second = connect(store=store), connect(store=store)
    pages = first.sync("inbox", window=10)
    next(pages)
    until = kept(store)["until"]
    assert 0 < until - now <= SECONDS + 5
    next(pages)
    assert kept(store)["until"] == until, "it is not written for each page"
    monkeypatch.setattr(time, "time", lambda: now + SECONDS * 0.6)
    next(pages)
    assert kept(store)["until"] == now + SECONDS * 1.6
    monkeypatch.setattr(time, "time", lambda: now + SECONDS * 1.7)
    list(second.sync("inbox"))
    with pytest.raises(UsageError, match="out of date"):
        next(pages)  # which would commit the page before: the second client has gone on from it


def test_what_is_no_lease_is_none() -> None:
    mine = Leases()
    for text in (None, "", "x", "[]", "{}", '{"client": 1}', '{"client": "a", "until": "b", "machine": "m"}'):
        assert json.loads(mine.taken("lease/1", text, 1000.0))["until"] == 1000.0 + SECONDS
        assert not mine.is_mine(text)


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        ({}, True),
        ({"process": 2**22 + 1}, False),
        ({"process": 2**22 + 1, "machine": "elsewhere 1"}, True),
        ({"process": "x"}, True),
        ({"until": 999.0}, False),
        ({"until": 1000.0 + 10 * SECONDS}, False),
    ],
)
def test_whose_lease_counts(changed: dict[str, Any], held: bool) -> None:
    owner = Leases()
    other = json.loads(owner.taken("lease/1", None, 1000.0)) | changed
    mine = Leases()
    if held:
        with pytest.raises(LeaseError):
            mine.taken("lease/1", json.dumps(other), 1000.0)
    else:
        assert mine.is_mine(mine.taken("lease/1", json.dumps(other), 1000.0))


def test_where_processes_cannot_be_asked_the_end_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    other = json.loads(Leases().taken("lease/1", None, 1000.0)) | {"process": 2**22 + 1}
    monkeypatch.setattr(lease.os, "name", "nt")
    with pytest.raises(LeaseError):
        Leases().taken("lease/1", json.dumps(other), 1000.0)


def test_a_client_that_was_dropped_without_being_closed_holds_nothing(server: EASServer, tmp_path: Path) -> None:
    first = client(server, store=SqliteStore(tmp_path / "alice.db"))
    pages = first.sync("inbox", window=20)
    next(pages)
    with client(server, store=tmp_path / "alice.db") as second:
        with pytest.raises(LeaseError):
            list(second.sync("inbox"))
        pages.close()
        del first, pages
        gc.collect()
        assert list(second.sync("inbox"))
