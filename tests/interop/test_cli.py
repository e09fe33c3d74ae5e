"""The command line: a mailbox of SOGo's in a file, read back with sqlite3."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from activesync import AuthenticationError, CertificateError, NotFoundError

from ..activesync.terminal import environment, in_pipe, on_terminal
from . import corpus
from .clients import plain
from .samples import CONTACTS, EVENTS, TASKS
from .sogo import FOLDERS, SOGoServer, User

pytestmark = pytest.mark.interop


@pytest.fixture
def env(sogo: SOGoServer, user: User, tmp_path: Path) -> dict[str, str]:
    """The environment that names the user's account, on the way by nginx."""
    return environment(
        ACTIVESYNC_URL=sogo.tls_url,
        ACTIVESYNC_USER=user.name,
        ACTIVESYNC_PASSWORD=user.password,
        ACTIVESYNC_STORE=str(tmp_path / "mail.db"),
    )


def activesync(sogo: SOGoServer, env: Mapping[str, str], *arguments: str) -> Any:
    """What a command prints as JSON."""
    done = in_pipe(*arguments, "--json", "--ca-file", sogo.ca_file, env=env)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def sqlite3(env: Mapping[str, str], query: str) -> list[list[str]]:
    """What the program sqlite3 prints for a query, as lines of columns."""
    command = ["sqlite3", "-batch", "-separator", "\t", env["ACTIVESYNC_STORE"], query]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_a_mailbox_in_a_file(sogo: SOGoServer, user: User, env: dict[str, str]) -> None:
    messages = list(corpus.many(60))
    for sample in (*CONTACTS, *EVENTS, *TASKS):
        sogo.dav(user).put(sample.path, sample.text)
    with sogo.imap(user) as mailbox:
        mailbox.append(messages)
        mailbox.append(corpus.messages().values(), "Junk")
        done = activesync(sogo, env, "sync", "--body", "mime", "--window", "25")
        total = len(messages) + len(corpus.messages()) + len(CONTACTS) + len(EVENTS) + len(TASKS)
        assert done["items"] == total
        assert sqlite3(env, "SELECT class, count(*) FROM items GROUP BY class ORDER BY class") == [
            ["Calendar", str(len(EVENTS))],
            ["Contacts", str(len(CONTACTS))],
            ["Email", str(len(messages) + len(corpus.messages()))],
            ["Tasks", str(len(TASKS))],
        ]
        (sender, subject, read), *others = sqlite3(
            env, "SELECT sender, subject, read FROM emails WHERE folder = 'INBOX' ORDER BY received"
        )
        assert (sender, subject[-3:], read, len(others)) == ('"Ada Lovelace" <ada@example.test>', " #0", "0", 59)
        assert sqlite3(env, "SELECT name, email, company FROM contacts WHERE birthday < '1900'") == [
            ["Ada Lovelace", "ada@example.test", "Analytical Engines"]
        ]
        assert sqlite3(env, "SELECT start, location FROM events WHERE subject = 'Design review & <plans>'") == [
            ["2026-03-02T09:00:00.000Z", "Room 7, first floor"]
        ]
        assert sqlite3(env, "SELECT subject, due FROM tasks WHERE NOT complete AND due IS NOT NULL") == [
            ["Write the report", "2026-03-10T16:00:00.000Z"]
        ]

        assert activesync(sogo, env, "sync", "--body", "mime")["items"] == 0
        mailbox.set_flags([1], "\\Seen")
        mailbox.delete([2])
        mailbox.append([messages[0]])
        inbox = activesync(sogo, env, "sync", "inbox")["folders"][0]
        assert (inbox["added"], inbox["changed"], inbox["deleted"], inbox["total"]) == (1, 1, 1, 60)
        assert sqlite3(env, "SELECT server_id FROM emails WHERE folder = 'INBOX' AND read") == [["1"]]


def test_on_a_terminal_it_shows_progress(sogo: SOGoServer, user: User, env: dict[str, str]) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(200))
    del env["ACTIVESYNC_PASSWORD"]
    typed = [(f"Password of {user.name}", f"{user.password}\n")]
    done = on_terminal("sync", "--window", "20", "--ca-file", sogo.ca_file, env=env, typed=typed)
    assert done.code == 0
    assert user.password not in done.out
    assert "/200 items" in done.out and "items/s" in done.out
    assert "200 items in" in done.out
    assert sqlite3(env, "SELECT count(*) FROM emails") == [["200"]]


def test_the_other_commands(sogo: SOGoServer, user: User, env: dict[str, str]) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(6))
        mailbox.append([plain("Vertigo", "Quetzalcoatl")])
    probed = activesync(sogo, env, "probe")
    assert (probed["version"], probed["provisioning"], probed["policy"]) == ("14.1", False, None)
    folders = activesync(sogo, env, "folders")["folders"]
    assert {folder["name"] for folder in folders} >= set(FOLDERS)
    assert activesync(sogo, env, "estimate", "inbox")["total"] == 7
    (hit,) = activesync(sogo, env, "search", "quetzalcoatl", "--folder", "inbox")["results"]
    assert "Vertigo" in json.dumps(hit)
    (person,) = activesync(sogo, env, "search", "--gal", "alice")["results"]
    assert "alice@example.test" in json.dumps(person)
    assert user.mail in json.dumps(activesync(sogo, env, "settings", "--model", "Model 7"))
    activesync(sogo, env, "oof", "--text", "Away", "--from", "2026-08-01T08:00Z", "--until", "2026-08-10T18:00Z")
    shown = json.dumps(activesync(sogo, env, "oof"))
    assert all(part in shown for part in ("scheduled", "Away", "2026-08-01T08:00:00.000Z", "2026-08-10T18:00:00.000Z"))
    activesync(sogo, env, "oof", "--off")
    assert "disabled" in json.dumps(activesync(sogo, env, "oof"))


def test_failures(sogo: SOGoServer, user: User, env: dict[str, str]) -> None:
    trust = ("--ca-file", sogo.ca_file)
    wrong = in_pipe("sync", *trust, env=env | {"ACTIVESYNC_PASSWORD": "wrong"})
    assert wrong.code == AuthenticationError.exit_code
    assert "password" in wrong.failure and "wrong" not in wrong.failure
    assert in_pipe("sync", env=env).code == CertificateError.exit_code
    elsewhere = in_pipe("probe", *trust, env=env | {"ACTIVESYNC_URL": urljoin(sogo.tls_url, "/elsewhere")})
    assert elsewhere.code == NotFoundError.exit_code
    assert "What to do: look at the address" in elsewhere.out
    assert "there is no ActiveSync at" in elsewhere.err
    assert not sqlite3(env, "SELECT * FROM eas_state WHERE name LIKE 'collection/%'")
