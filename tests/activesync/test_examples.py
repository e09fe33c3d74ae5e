"""The examples do what they say."""

from __future__ import annotations

import json
import random
import re
import runpy
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from activesync import ActiveSyncError, Client, FolderType
from activesync.auth import basic
from activesync.testing import Answer, EASServer, Request, sample_mailbox

from .clients import requested
from .samples import sogo
from .terminal import environment

EXAMPLES = Path(__file__).parents[2] / "examples"
SYNC_APP = EXAMPLES / "sync_app.py"
WORKER = EXAMPLES / "worker.py"
MITMPROXY_FUZZ = EXAMPLES / "mitmproxy_fuzz.py"


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
    assert len(MITMPROXY_FUZZ.read_text(encoding="utf-8").splitlines()) < 70
    FuzzProxy = runpy.run_path(str(MITMPROXY_FUZZ))["FuzzProxy"]
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


def example(name: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        env=environment(**variables), capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip


def test_a_mailbox_is_kept_as_eml_files(tmp_path: Path) -> None:
    with EASServer(sample_mailbox(mails=20, contacts=2, events=2, tasks=1, notes=1)) as server:
        mailbox = server.mailbox
        deeper = mailbox.add_folder("../up: what?", FolderType.USER_MAIL, mailbox.add_folder("Projects").server_id)
        moved = mailbox.move(next(iter(mailbox.items(FolderType.INBOX))), deeper)
        top = tmp_path / "mails"

        def run(password: str = "secret") -> subprocess.CompletedProcess[str]:
            return example("eml.py", server.url, "alice", top, "--allow-http", ACTIVESYNC_PASSWORD=password)

        def compare() -> int:
            """How many files there are, each of which is a mail of the server's, and none is missing."""
            found = {}
            for file in top.rglob("*.eml"):
                message = message_from_bytes(file.read_bytes(), policy=policy.default)
                assert not message.defects
                found[file.stem.replace("%3A", ":")] = message["Subject"]
            mails = [one for one in mailbox.folders.values() if one.item_class == "Email"]
            there = {key: item.subject for one in mails for key, item in mailbox.items(one).items()}
            assert {key: subject or None for key, subject in there.items()} == {
                key: subject and str(subject) for key, subject in found.items()
            }
            return len(found)

        first = run()
        assert (first.returncode, first.stderr) == (0, "")
        assert compare() == first.stdout.count("+ ") == 20
        assert [file.parent.parent.name for file in top.rglob(f"{moved.replace(':', '%3A')}.eml")] == ["Projects"]
        assert not list(tmp_path.rglob("*.part")) and {one.name for one in tmp_path.iterdir()} == {"mails"}
        gone = next(iter(mailbox.items(FolderType.INBOX)))
        mailbox.delete(gone)
        again = run()
        assert again.returncode == 0 and f"- {top / 'Inbox' / gone.replace(':', '%3A')}.eml" in again.stdout
        compare()
        refused = run("wrong")
        assert refused.returncode == 21 and refused.stderr.startswith("eml: ") and refused.stderr.count("\n") == 1


def test_the_tests_with_a_fake_server_pass(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "test_fake_server.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_fake_server.py"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout


def test_the_fuzzing_proxy_damages_answers_and_the_client_outlives_it(tmp_path: Path) -> None:
    proxies = runpy.run_path(str(EXAMPLES / "fuzzing_proxy.py"))
    told: list[str] = []
    outcomes: Counter[str] = Counter()
    with EASServer(sample_mailbox(mails=10, contacts=2, events=2, tasks=1, notes=1)) as server:
        with proxies["Proxy"](server.url, seed=1, share=0.4, told=told.append) as proxy:
            thread = threading.Thread(target=proxy.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{proxy.server_address[1]}/Microsoft-Server-ActiveSync"
            for _ in range(20):
                try:
                    with Client(url, "alice", "secret", allow_http=True, timeout=5) as eas:
                        for page in eas.sync("inbox"):
                            page.commit()
                    outcomes["fine"] += 1
                except ActiveSyncError as error:  # and nothing else
                    outcomes[type(error).__name__] += 1
            proxy.shutdown()
            thread.join()
        with Client(server.url, "alice", "secret", allow_http=True) as eas:
            assert sum(len(page.changes) for page in eas.sync("inbox")) == 9
    assert len(told) > 10 and len({line.split()[-1] for line in told}) > 3
    assert outcomes["fine"] and len(outcomes) > 2
    # The same seed gives the same damage.
    damage, data = (
        proxies["damage"],
        (EXAMPLES.parent / "tests/data/sogo/FolderSync-initial.response.wbxml").read_bytes(),
    )
    assert [damage(data, random.Random(seed)) for seed in range(20)] == [
        damage(data, random.Random(seed)) for seed in range(20)
    ]


class _Bearing(EASServer):
    """A server that takes no passwords, but one token at first and then another, as if the first had run out."""

    valid = ("token-1", "token-2")

    def answer(self, request: Request, authorization: str) -> Answer:
        if authorization != f"Bearer {self.valid[request.method != 'OPTIONS']}":
            return Answer(401, headers={"WWW-Authenticate": "Bearer"})
        return super().answer(request, basic("alice", "secret")())


# What of msal the example calls, by the names and arguments that it has there. No test reaches Microsoft.
_MSAL = """
class PublicClientApplication:
    def __init__(self, client_id, *, authority):
        assert (client_id, authority) == ("app", "https://login.microsoftonline.com/example.test")
        self.cached, self.count = [], 0

    def get_accounts(self, username=None):
        return self.cached

    def acquire_token_silent(self, scopes, account):
        self.count += 1
        return {"access_token": f"token-{min(self.count, 2)}"}

    def initiate_device_flow(self, scopes):
        assert scopes == ["https://outlook.office.com/EAS.AccessAsUser.All"]
        return {"message": "Go to https://login.example.test and type ABCD", "user_code": "ABCD"}

    def acquire_token_by_device_flow(self, flow):
        assert flow["user_code"] == "ABCD"
        if REFUSED:
            return {"error": "authorization_declined", "error_description": "you said no"}
        self.cached = [{"username": "alice"}]
        return {"access_token": "token-1"}
"""


@pytest.mark.parametrize("how", ["signed in", "refused", "wrong token"])
def test_exchange_online_is_asked_with_a_token(tmp_path: Path, how: str) -> None:
    (tmp_path / "msal.py").write_text(f"REFUSED = {how == 'refused'}\n{_MSAL}")
    with _Bearing(sample_mailbox(mails=5, contacts=1, events=1, tasks=1, notes=1)) as server:
        if how == "wrong token":
            server.valid = ("another", "another")
        done = example(
            "exchange_online.py", "alice", "--client-id", "app", "--tenant", "example.test", "--url", server.url,
            "--store", tmp_path / "o.db", "--allow-http", PYTHONPATH=str(tmp_path),
        )  # fmt: skip
    assert "token-" not in done.stdout + done.stderr
    if how == "refused":
        assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "no token: you said no")
        return
    assert done.stderr.startswith("Go to https://login.example.test and type ABCD\n")
    if how == "wrong token":
        assert done.returncode == 21 and "does not accept the token" in done.stderr
    else:
        assert (done.returncode, done.stdout.count("Add 1:")) == (0, 4), done.stderr
