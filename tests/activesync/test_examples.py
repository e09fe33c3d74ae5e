"""The examples do what they say."""

from __future__ import annotations

import json
import re
import runpy
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from activesync.auth import basic
from activesync.testing import EASServer, sample_mailbox

from .clients import requested
from .samples import sogo
from .terminal import environment

SYNC_APP = Path(__file__).parents[2] / "examples" / "sync_app.py"
WORKER = SYNC_APP.with_name("worker.py")
FUZZ_PROXY = SYNC_APP.with_name("fuzz_proxy.py")


def sync_app(server: EASServer, store: Path, password: str = "secret") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SYNC_APP), server.url, "alice", "--allow-http", "--store", str(store)],
        env=environment(ACTIVESYNC_PASSWORD=password),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )


def test_the_small_application_synchronises_an_account(tmp_path: Path) -> None:
    assert len(SYNC_APP.read_text(encoding="utf-8").splitlines()) < 60
    store = tmp_path / "mailbox.db"
    with EASServer(sample_mailbox(mails=20, contacts=5, events=5, tasks=3, notes=2)) as server:
        first = sync_app(server, store)
        assert (first.returncode, first.stderr) == (0, "")
        assert "Inbox (inbox)\n" in first.stdout
        assert "Inbox: 18 new, 0 changed, 0 deleted\n" in first.stdout
        again = sync_app(server, store)
        assert again.returncode == 0
        assert not re.search(r"\d new", again.stdout)
        refused = sync_app(server, store, "wrong")
        assert refused.returncode == 21
        assert refused.stderr.startswith("sync_app: ")
        assert refused.stderr.count("\n") == 1
        mails = server.mailbox.items("1")
    reader = sqlite3.connect(store)
    try:
        found = reader.execute("SELECT count(*) FROM emails WHERE folder = 'Inbox'").fetchone()
    finally:
        reader.close()
    assert found == (len(mails),)


def test_a_worker_synchronises_many_accounts(tmp_path: Path) -> None:
    assert len(WORKER.read_text(encoding="utf-8").splitlines()) < 60
    store, accounts = tmp_path / "worker.db", tmp_path / "accounts.json"
    users = {f"user{number}": f"secret{number}" for number in range(8)}
    accounts.write_text(json.dumps(users | {"user3": "wrong"}))
    boxes = [
        sample_mailbox(user, secret, mails=10, contacts=2, events=2, tasks=1, notes=1) for user, secret in users.items()
    ]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(WORKER), server.url, str(store), str(accounts), "--allow-http", "--at-once", "3"],
            env=environment(), capture_output=True, text=True, encoding="utf-8", timeout=60,
        )  # fmt: skip

    with EASServer(*boxes) as server:
        first = run()
        assert first.returncode == 0 and sorted(first.stdout.splitlines()) == [
            f"user{number}: 16 changes" for number in (0, 1, 2, 4, 5, 6, 7)
        ]
        assert first.stderr.startswith("user3: ") and "does not accept user and password" in first.stderr
        accounts.write_text(json.dumps(users))
        again = run()
        assert (again.returncode, again.stderr) == (0, "")
        assert sorted(again.stdout.splitlines())[3] == "user3: 16 changes" and again.stdout.count(" 0 changes") == 7
    reader = sqlite3.connect(store)
    try:
        found = reader.execute("SELECT account, count(*) FROM items GROUP BY account").fetchall()
    finally:
        reader.close()
    assert found == [(f"{user}@127.0.0.1", 16) for user in users]


def test_a_fuzzing_proxy_changes_documents_by_its_seed() -> None:
    """Without mitmproxy, which tests/mitm has around it; the embedded server answers whatever comes."""
    assert len(FUZZ_PROXY.read_text(encoding="utf-8").splitlines()) < 70
    FuzzProxy = runpy.run_path(str(FUZZ_PROXY))["FuzzProxy"]
    bodies = {
        name: sogo(f"{name}.request")
        for name in ("FolderSync-initial", "Search-GAL", "Settings-Oof-set", "Sync-contacts-add")
    }

    def fuzzed(seed: str, every: int = 1, most: int = 1000, type: str = "application/vnd.ms-sync.wbxml") -> list[Any]:
        """(name, document, comment) of many requests that went through."""
        proxy, out = FuzzProxy(seed, every, most), []
        for name in [*bodies] * 60:
            request = SimpleNamespace(content=bodies[name], headers={"content-type": type})
            flow = SimpleNamespace(request=request, comment="")
            proxy.request(flow)
            out.append((name, request.content, flow.comment))
        return out

    def touched(given: list[Any]) -> int:
        return sum(bool(comment) for *_, comment in given)

    first = fuzzed("1")
    assert first == fuzzed("1") != fuzzed("2") and touched(first) == len(first)
    assert {comment.partition(" ")[0] for *_, comment in first} == {"drop", "double", "move", "value", "cut", "byte"}
    assert all(len(document) < 2 * len(bodies[name]) + 6000 for name, document, _ in first)
    assert sum(document != bodies[name] for name, document, _ in first) > 0.8 * len(first)
    assert touched(fuzzed("1", most=7)) == 7 and 40 < touched(fuzzed("1", every=3)) < 120
    assert touched(fuzzed("1", type="message/rfc822")) == 0
    with EASServer(sample_mailbox(mails=5, contacts=1, events=1, tasks=1, notes=1)) as server:
        headers = {
            "Authorization": basic("alice", "secret")(), "Content-Type": "application/vnd.ms-sync.wbxml",
            "MS-ASProtocolVersion": "14.1",
        }  # fmt: skip
        for name, document, comment in first:
            query = f"Cmd={name.partition('-')[0]}&User=alice&DeviceId=d1&DeviceType=SP"
            assert requested(server, "POST", query, headers, document).status in (200, 400), comment
