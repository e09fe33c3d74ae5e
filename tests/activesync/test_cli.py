"""The command ``activesync``: what it prints, how it fails, and that it keeps its secrets."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner

import wbxml
from activesync import Client, Email, FolderType
from activesync.cli.app import app
from activesync.commands import EASProvisionDoc
from activesync.testing import Answer, EASServer, Fault, Request, faults, sample_directory, sample_mailbox

from .terminal import PROGRAM, Ended, environment, in_pipe, on_terminal, run

PASSWORD = "Pa55wort-größer"
COMMANDS = (
    "probe", "folders", "estimate", "sync", "watch", "search", "oof", "settings", "login", "logout", "demo", "serve",
)  # fmt: skip
# All that is written on a terminal to move its cursor or to change its colours.
ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

Run = Callable[..., Ended]

no_signals = pytest.mark.skipif(sys.platform == "win32", reason="no signals to other programs here")


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", PASSWORD, mails=20, contacts=5, events=5, tasks=3, notes=2)
    with EASServer(mailbox, directory=sample_directory()) as server:
        yield server


@pytest.fixture
def alice(server: EASServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command for Alice in this process."""
    for name in [*os.environ]:
        if name.startswith("ACTIVESYNC_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in of_alice(server).items():
        monkeypatch.setenv(name, value)

    def command(name: str, *arguments: str) -> Ended:
        ended = run(capsys, name, "--allow-http", *arguments)
        assert PASSWORD not in ended.out + ended.err
        return ended

    return command


def of_alice(server: EASServer) -> dict[str, str]:
    return {"ACTIVESYNC_URL": server.url, "ACTIVESYNC_USER": "alice", "ACTIVESYNC_PASSWORD": PASSWORD}


def data(ended: Ended) -> Any:
    """What a command has printed as JSON: one line, and nothing else."""
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("\n") == 1
    return json.loads(ended.out)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What another program reads from a store."""
    reader = sqlite3.connect(path)
    try:
        return reader.execute(query).fetchall()
    finally:
        reader.close()


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    tables = rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return {table: sorted(rows(path, f"SELECT * FROM {table}")) for (table,) in tables}


# The program itself


def test_the_library_loads_neither_click_nor_rich() -> None:
    code = "import sys, activesync, activesync.mirror; print(sorted({'click', 'rich'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("missing", ["click", "platformdirs", "rich"])
def test_without_its_packages_it_says_how_to_get_them(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from activesync.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == ("activesync: the command line needs more packages: pip install 'activesync[cli]'\n")


def test_help_shows_every_command_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ((), ("--help",)):
        ended = run(capsys, *arguments)
        assert ended.code == 0
        assert "Examples:" in ended.out
        assert all(f"\n  {command} " in ended.out for command in COMMANDS)
    for command in COMMANDS:
        ended = run(capsys, command, "--help")
        assert ended.code == 0
        assert re.search(r"Examples?:\n +activesync " + command, ended.out)
        assert "--json" in ended.out
        assert "--password " not in ended.out
    assert run(capsys, "--version").out.startswith("activesync, version 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "No such command 'nothing'"),
        (["folders", "--user", "alice"], "Missing option '--url'"),
        (["folders", "--url", "https://x.test"], "Missing option '--user'"),
        (["sync", "--window", "513"], "513 is not in the range"),
        (["folders", "--protocol", "2.5"], "'2.5'"),
        (["folders", "--no-such-option"], "--no-such-option"),
        (["oof", "--from", "tomorrow"], "'tomorrow' is no date"),
        (["watch", "--count", "0"], "0 is not in the range"),
        (["watch", "--for", "0"], "0.0 is not in the range"),
    ],
)
def test_a_wrong_call_is_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    ended = run(capsys, *arguments)
    assert ended.code == 2
    assert words in ended.failure
    assert ended.failure.endswith("--help)")


def test_it_is_a_click_application_like_any_other() -> None:
    result = CliRunner().invoke(app, ["folders", "--url", "http://127.0.0.1:1", "--user", "alice"])
    assert result.exit_code == 3
    assert "use https, or --allow-http" in result.output


# What the commands show


def test_probe_tells_what_the_server_offers(alice: Run, server: EASServer) -> None:
    shown = data(alice("probe", "--json"))
    assert {"FolderSync", "GetItemEstimate", "Provision", "Search", "Settings", "Sync"} <= set(shown.pop("commands"))
    assert shown == {
        "host": server.host,
        "version": "16.1",
        "versions": ["12.1", "14.0", "14.1", "16.0", "16.1"],
        "commands_missing": [],
        "provisioning": False,
        "policy": None,
        "folders": 10,
        "problems": [],
    }
    text = alice("probe").out
    assert re.search(r"^Version: +16\.1, of 12\.1, ", text, re.MULTILINE)
    assert re.search(r"^Provisioning: +not required$", text, re.MULTILINE)
    assert data(alice("probe", "--json", "--protocol", "14.1"))["version"] == "14.1"


@pytest.mark.parametrize("version", ["12.1", "16.1"])
def test_probe_tells_the_policy(alice: Run, server: EASServer, version: str) -> None:
    server.rules.policy = EASProvisionDoc(device_password_enabled=True, min_device_password_length=6)
    shown = data(alice("probe", "--json", "--protocol", version))
    assert shown["provisioning"] is True
    assert shown["policy"]["min_device_password_length"] == 6
    text = alice("probe", "--protocol", version).out
    assert "required before anything else" in text
    assert re.search(r"^min device password length +6$", text, re.MULTILINE)


def test_probe_goes_on_without_a_policy(alice: Run, server: EASServer) -> None:
    server.faults.append(faults.status(2, command="Provision"))
    ended = alice("probe")
    assert ended.code == 0
    assert "unknown: the server answers with status 2" in ended.out
    (device_id,) = {request.device_id for request in server.requests if request.device_id}
    server.wipe(device_id)
    ended = alice("probe")
    assert ended.code == 44
    assert "nothing was erased" in ended.err
    assert "the server asks for a wipe of this device" in ended.out


def test_folders_are_shown_as_a_tree(alice: Run, server: EASServer) -> None:
    archive = next(one for one in server.mailbox.folders.values() if one.type is FolderType.USER_MAIL)
    server.mailbox.add_folder("Letters", FolderType.USER_MAIL, archive.server_id)
    shown = data(alice("folders", "--json"))["folders"]
    assert shown[0] == {
        "collection_id": "1",
        "parent_id": "0",
        "name": "Inbox",
        "type": "inbox",
        "class": "Email",
        "depth": 0,
    }
    assert [(one["name"], one["depth"]) for one in shown][-2:] == [("Archive – 保管", 0), ("Letters", 1)]
    lines = alice("folders").out.splitlines()
    assert lines[0].split() == ["FOLDER", "TYPE", "CLASS", "ID"]
    assert lines[-1].startswith("  Letters ")


def test_estimate_counts_what_the_next_sync_brings(alice: Run, tmp_path: Path) -> None:
    shown = data(alice("estimate", "--json"))
    assert shown["total"] == 35
    assert {one["name"]: one["estimate"] for one in shown["folders"]}["Contacts"] == 5
    assert data(alice("estimate", "inbox", "contacts", "--json"))["total"] == 23
    store = str(tmp_path / "alice.db")
    assert alice("sync", "--store", store, "inbox").code == 0
    lines = alice("estimate", "--store", store).out.splitlines()
    assert lines[1].split() == ["Inbox", "0"]
    assert lines[-1].split() == ["Total", "17"]


def test_search_finds_mails_and_people(alice: Run, server: EASServer) -> None:
    server.mailbox.add(FolderType.INBOX, Email(subject="Quince jam", from_="Bea <bea@example.test>"))
    (found,) = data(alice("search", "quince", "--json"))["results"]
    assert found["class"] == "Email"
    assert found["properties"]["subject"] == "Quince jam"
    assert found["properties"]["from"] == "Bea <bea@example.test>"
    line = alice("search", "quince", "--folder", "inbox").out.splitlines()[1]
    assert "Bea <bea@example.test>  Quince jam  Inbox" in line
    assert data(alice("search", "quince", "--folder", "drafts", "--json")) == {"results": []}
    (person,) = data(alice("search", "--gal", "zoë", "--json"))["results"]
    assert person["email_address"] == "person0@example.test"
    assert "Zoë Müller" in alice("search", "--gal", "zo").out
    assert len(data(alice("search", "e", "--limit", "3", "--json"))["results"]) == 3
    assert alice("search", "x", "--gal", "--folder", "inbox").code == 2


def test_what_a_server_sends_cannot_move_the_cursor(alice: Run, server: EASServer) -> None:
    server.mailbox.add(FolderType.INBOX, Email(subject="quince\x1b[2J\r\nX-Evil: \u202e\x9b1m"))
    ended = alice("search", "quince")
    assert not ESCAPES.search(ended.out)
    assert "\u202e" not in ended.out
    assert "\x9b" not in ended.out
    assert len(ended.out.splitlines()) == 2
    server.faults.append(faults.http(500, body=b"\x1b[2Jbroken", times=None))
    assert alice("folders").failure.endswith(" [2Jbroken")


def test_oof_is_shown_and_set(alice: Run) -> None:
    assert data(alice("oof", "--json"))["oof_state"] == "disabled"
    assert alice("oof").out.startswith("Out of office:  off\n")
    shown = data(alice("oof", "--text", "Zurück am Montag", "--json"))
    assert shown["oof_state"] == "enabled"
    assert {one["reply_message"] for one in shown["messages"]} == {"Zurück am Montag"}
    assert len(shown["messages"]) == 3
    shown = data(
        alice(
            "oof",
            "--html",
            "<b>Later</b>",
            "--from",
            "2099-08-01T10:00Z",
            "--until",
            "2099-08-10T18:00+02:00",
            "--json",
        )
    )
    assert shown["oof_state"] == "scheduled"
    assert (shown["start_time"], shown["end_time"]) == ("2099-08-01T10:00:00.000Z", "2099-08-10T16:00:00.000Z")
    assert {(one["reply_message"], one["body_type"]) for one in shown["messages"]} == {("<b>Later</b>", "HTML")}
    assert re.search(r"^Until: +2099-08-10 ", alice("oof").out, re.MULTILINE)
    assert data(alice("oof", "--off", "--json"))["oof_state"] == "disabled"
    assert data(alice("oof", "--text", "x", "--until", "2099-01-01", "--json"))["oof_state"] == "scheduled"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--off", "--text", "x"],
        ["--text", "x", "--html", "x"],
        ["--until", "2099-01-01"],
        ["--text", "x", "--from", "2099-01-01"],
        ["--text", "x", "--from", "2099-01-02", "--until", "2099-01-01"],
        ["--text", "x", "--until", "2001-01-01"],
    ],
)
def test_oof_refuses_what_makes_no_sense(alice: Run, server: EASServer, arguments: list[str]) -> None:
    ended = alice("oof", *arguments)
    assert ended.code == 2
    assert ended.failure
    assert not server.requests


def test_settings_show_the_user_and_tell_of_the_device(alice: Run, server: EASServer) -> None:
    shown = data(alice("settings", "--json"))
    assert shown["device"] is None
    assert shown["user"]["accounts"][0]["email_addresses"]["primary_smtp_address"] == "alice@example.test"
    text = alice("settings", "--friendly-name", "Archive", "--os", "Linux").out
    assert "alice@example.test" in text
    assert "friendly name is Archive" in text
    (device,) = server.devices.values()
    assert device.information is not None
    assert (device.information.friendly_name, device.information.os) == ("Archive", "Linux")
    assert device.information.model
    assert "alice@example.test" in alice("settings", "--protocol", "14.0").out


# sync


def test_sync_copies_the_mailbox_and_then_only_what_has_changed(alice: Run, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    shown = data(alice("sync", "--store", str(store), "--window", "7", "--json"))
    assert {one["name"]: one["total"] for one in shown["folders"] if one["total"]} == {
        "Inbox": 18,
        "Archive – 保管": 1,
        "Sent Items": 1,
        "Calendar": 5,
        "Contacts": 5,
        "Tasks": 3,
        "Notes": 2,
    }
    assert shown["items"] == 35
    assert shown["bytes_received"] > 10_000
    assert shown["seconds"] > 0
    inbox = next(one for one in shown["folders"] if one["name"] == "Inbox")
    assert inbox == {
        "collection_id": "1",
        "name": "Inbox",
        "class": "Email",
        "added": 18,
        "changed": 0,
        "deleted": 0,
        "total": 18,
    }
    mailbox = server.mailbox
    for view, folder in (
        ("emails", FolderType.INBOX),
        ("events", FolderType.CALENDAR),
        ("tasks", FolderType.TASKS),
        ("notes", FolderType.NOTES),
    ):
        found = rows(store, f"SELECT server_id, subject FROM {view} WHERE folder = '{mailbox.folder(folder).name}'")
        assert dict(found) == {key: getattr(item, "subject", None) for key, item in mailbox.items(folder).items()}
    assert len(rows(store, "SELECT name FROM contacts WHERE email LIKE '%example.test%'")) == 5

    mails = list(mailbox.items(FolderType.INBOX))
    mailbox.change(mails[0], read=not getattr(mailbox.item(mails[0]), "read", None))
    mailbox.delete(mails[1])
    mailbox.add(FolderType.NOTES, mailbox.items(FolderType.NOTES).popitem()[1])
    shown = data(alice("sync", "--store", str(store), "--json"))
    counts = {
        one["name"]: (one["added"], one["changed"], one["deleted"], one["total"])
        for one in shown["folders"]
        if one["added"] or one["changed"] or one["deleted"]
    }
    assert counts == {"Inbox": (0, 1, 1, 17), "Notes": (1, 0, 0, 3)}
    ((read,),) = rows(store, f"SELECT read FROM emails WHERE server_id = '{mails[0]}'")
    assert bool(read) is getattr(mailbox.item(mails[0]), "read", None)

    text = alice("sync", "--store", str(store)).out
    assert re.search(r"^FOLDER +ADDED +CHANGED +DELETED +TOTAL$", text, re.MULTILINE)
    assert re.search(r"^Inbox +0 +0 +0 +17$", text, re.MULTILINE)
    assert re.search(r"^0 items in \d+\.\d s, 0 a second, \d+ bytes received in \d+ requests$", text, re.MULTILINE)


def test_sync_takes_folders_forms_and_filters(alice: Run, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    server.mailbox.add_folder("Projects", FolderType.USER_MAIL)
    shown = data(
        alice(
            "sync", "INBOX", "projects", "1", "--store", str(store), "--filter", "one-month", "--body", "mime", "--json"
        )
    )
    assert [one["name"] for one in shown["folders"]] == ["Inbox", "Projects"]
    found = rows(store, "SELECT json_extract(data, '$.body.type'), body FROM emails JOIN items USING (server_id)")
    assert 0 < len(found) < 18
    assert all(kind == "mime" and "\nMIME-Version: 1.0" in body.replace("\r", "") for kind, body in found)
    more = data(alice("sync", "inbox", "--store", str(store), "--filter", "all", "--json"))
    assert more["folders"][0]["total"] == 18


def test_sync_drops_what_the_server_has_started_over_without(alice: Run, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    alice("sync", "--store", str(store), "inbox")
    (device,) = server.devices.values()
    device.collections.clear()
    mails = list(server.mailbox.items(FolderType.INBOX))
    server.mailbox.delete(mails[0])
    again = data(alice("sync", "--store", str(store), "inbox", "--json"))["folders"][0]
    assert (again["total"], again["added"], again["changed"], again["deleted"]) == (17, 0, 0, 1)
    assert {key for (key,) in rows(store, "SELECT server_id FROM items")} == set(mails[1:])


def test_sync_needs_a_store_and_a_folder_that_exists(alice: Run, server: EASServer, tmp_path: Path) -> None:
    assert "sync needs --store" in alice("sync").failure
    assert not server.requests
    ended = alice("sync", "--store", str(tmp_path / "alice.db"), "Nowhere")
    assert ended.code == 5
    assert "there is no folder 'Nowhere'" in ended.failure
    server.mailbox.add_folder("Diary", FolderType.JOURNAL)
    ended = alice("sync", "--store", str(tmp_path / "alice.db"), "Diary")
    assert ended.code == 5
    assert "'Diary' holds nothing that can be synchronised" in ended.failure


# What goes wrong


def other_password(server: EASServer) -> None:
    server.mailbox.password = "another"


FAILURES: list[tuple[str, int, Callable[[EASServer], None], str]] = [
    ("wrong password", 21, other_password, "does not accept user and password"),
    ("forbidden", 22, lambda server: server.faults.append(faults.http(403, times=None)), "forbids ActiveSync"),
    ("not found", 23, lambda server: server.faults.append(faults.http(404, times=None)), "there is no ActiveSync at"),
    ("busy", 24, lambda server: server.faults.append(faults.busy("3600", times=None)), "is busy"),
    ("broken server", 20, lambda server: server.faults.append(faults.http(500, times=None)), "answers HTTP 500"),
    ("HTML", 31, lambda server: server.faults.append(faults.html(command="Sync")), "answers with text/html"),
    (
        "HTML for folders",
        31,
        lambda server: server.faults.append(faults.html(command="FolderSync")),
        "answers with text/html",
    ),
    ("cut off", 32, lambda server: server.faults.append(faults.cut_off(command="Sync", times=3)), "is cut off"),
    (
        "damaged",
        33,
        lambda server: server.faults.append(faults.http(200, body=b"\x03\x01\x6a\x00\x02", command="Sync", times=9)),
        "is not WBXML",
    ),
    (
        "another document",
        34,
        lambda server: server.faults.append(faults.other_document(command="Sync")),
        "another document",
    ),
    (
        "another document for folders",
        34,
        lambda server: server.faults.append(faults.other_document(command="FolderSync")),
        "document of Settings:Settings",
    ),
    (
        "unknown status",
        41,
        lambda server: server.faults.append(faults.status(239, command="Sync", times=None)),
        "status 239",
    ),
    (
        "unknown status of folders",
        41,
        lambda server: server.faults.append(faults.status(239, command="FolderSync")),
        "status 239 (Unknown)",
    ),
]


@pytest.mark.parametrize(
    ("code", "break_it", "words"), [one[1:] for one in FAILURES], ids=[one[0].replace(" ", "-") for one in FAILURES]
)
def test_a_failure_is_one_line_and_leaves_the_store_as_it_was(
    alice: Run,
    server: EASServer,
    tmp_path: Path,
    code: int,
    break_it: Callable[[EASServer], None],
    words: str,
) -> None:
    store = tmp_path / "alice.db"
    assert alice("sync", "--store", str(store)).code == 0
    before = contents(store)
    sid = server.mailbox.add(FolderType.INBOX, Email(subject="new"))
    break_it(server)
    ended = alice("sync", "--store", str(store))
    assert ended.code == code
    assert words in ended.failure
    assert contents(store) == before
    # Nothing is lost: once all is well again, what was due comes.
    server.faults.clear()
    server.mailbox.password = PASSWORD
    assert data(alice("sync", "--store", str(store), "--json"))["items"] == 1
    assert rows(store, "SELECT server_id FROM items WHERE subject = 'new'") == [(sid,)]


def test_pages_before_a_failure_stay(alice: Run, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    server.faults.append(faults.cut_off(command="Sync", skip=2, times=3))
    assert alice("sync", "inbox", "--store", str(store), "--window", "5").code == 32
    assert rows(store, "SELECT count(*) FROM items") == [(5,)]
    shown = data(alice("sync", "inbox", "--store", str(store), "--window", "5", "--json"))
    assert shown["folders"][0]["added"] == 13
    assert rows(store, "SELECT count(*) FROM items") == [(18,)]


def test_a_lost_connection(alice: Run, server: EASServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activesync.client.time.sleep", lambda seconds: None)
    server.faults.append(faults.dropped(after=False, times=None))
    ended = alice("folders")
    assert ended.code == 15
    assert server.host in ended.failure


def test_an_address_that_does_not_resolve(alice: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    ended = alice("sync", "--url", "https://nowhere.invalid", "--store", str(tmp_path / "alice.db"))
    assert ended.code == 11
    assert "nowhere.invalid does not resolve" in ended.failure


def test_a_refused_connection(alice: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = alice("folders", "--url", f"http://127.0.0.1:{port}")
    assert ended.code == 12
    assert "Connection refused" in ended.failure


@pytest.mark.parametrize("address", ["", "ftp://example.test", "http://[::1", "https://", "http://127.0.0.1:99999"])
def test_an_address_that_is_none(alice: Run, address: str) -> None:
    ended = alice("folders", "--url", address)
    assert ended.code in (2, 11)
    assert ended.failure


def test_an_address_with_a_password_is_refused_and_not_repeated(alice: Run) -> None:
    for address in (
        "https://alice:geheim@example.test",
        "ftp://alice:geheim@example.test",
        "alice:geheim@example.test",
    ):
        ended = alice("folders", "--url", address)
        assert ended.code == 2
        assert "geheim" not in ended.failure


def test_certificates(alice: Run, server: EASServer, tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    certificate = tmp_path / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    with EASServer(server.mailbox, tls=(certificate, certificate)) as secure:
        ended = alice("folders", "--url", secure.url)
        assert ended.code == 13
        assert "certificate" in ended.failure
        assert not secure.requests
        assert alice("folders", "--url", secure.url, "--ca-file", str(bundle)).code == 0
        assert alice("folders", "--url", secure.url, "--insecure-no-verify").code == 0
        ended = alice("folders", "--url", secure.url, "--insecure-no-verify", "--ca-file", str(bundle))
        assert ended.code == 2
    ended = alice("folders", "--url", "https://127.0.0.1:1", "--ca-file", str(tmp_path / "nothing.pem"))
    assert ended.code == 2
    assert "nothing.pem" in ended.failure


def test_other_ways_to_sign_in(alice: Run, server: EASServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def look(request: Any, authorization: str) -> Answer:
        seen.append(authorization.partition(" ")[0])
        return Answer(401, headers={"WWW-Authenticate": "Kerberos"})

    monkeypatch.setattr(server, "answer", look)
    assert "it takes Kerberos" in alice("folders").failure
    assert alice("folders", "--ntlm").code == 21
    monkeypatch.setenv("ACTIVESYNC_TOKEN", "t")
    assert "does not accept the token" in alice("folders").failure
    monkeypatch.delenv("ACTIVESYNC_TOKEN")
    monkeypatch.delenv("ACTIVESYNC_PASSWORD")
    shown = tmp_path / "alice.pem"
    trustme.CA().issue_cert("alice@example.test").private_key_and_cert_chain_pem.write_to_path(str(shown))
    assert "a client that does not sign in" in alice("folders", "--certificate", str(shown)).failure
    assert seen == ["Basic", "NTLM", "Bearer", ""]


def test_http_is_refused_before_anything_is_sent(server: EASServer, capsys: pytest.CaptureFixture[str]) -> None:
    ended = run(capsys, "folders", "--url", server.url, "--user", "alice")
    assert ended.code == 3
    assert "use https, or --allow-http" in ended.failure
    assert not server.requests


def test_a_store_that_cannot_be_used(alice: Run, tmp_path: Path) -> None:
    for path, words in (
        (tmp_path / "nowhere" / "alice.db", "directory does not exist"),
        (tmp_path, "is a directory"),
        (tmp_path / "text", "no SQLite database"),
    ):
        (tmp_path / "text").write_text("This is a text, and no database at all.\n" * 50)
        ended = alice("folders", "--store", str(path))
        if path == tmp_path:
            assert ended.code == 2
        else:
            assert ended.code == 6
            assert words in ended.failure


# The password


def test_the_password_comes_from_a_file_or_standard_input(server: EASServer, tmp_path: Path) -> None:
    env = environment(**of_alice(server) | {"ACTIVESYNC_PASSWORD": "wrong"})
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\nand more\n", encoding="utf-8")
    given = ("folders", "--allow-http", "--json", "--password-file")
    assert in_pipe(*given, str(file), env=env).code == 0
    assert in_pipe(*given, "-", env=env, text=f"{PASSWORD}\r\n").code == 0
    file.write_bytes(b"")
    assert "which is empty" in in_pipe(*given, str(file), env=env).failure
    file.write_bytes(b"\xff\xfe\n")
    assert "is not UTF-8" in in_pipe(*given, str(file), env=env).failure
    assert "No such file" in in_pipe(*given, str(tmp_path / "nothing"), env=env).failure


def test_without_a_password_a_pipe_is_told_where_it_may_come_from(server: EASServer) -> None:
    env = environment(ACTIVESYNC_URL=server.url, ACTIVESYNC_USER="alice")
    ended = in_pipe("folders", "--allow-http", env=env)
    assert ended.code == 2
    assert "ACTIVESYNC_PASSWORD" in ended.failure
    assert not server.requests


def test_the_password_is_asked_for_on_a_terminal_and_not_shown(server: EASServer) -> None:
    env = environment(ACTIVESYNC_URL=server.url, ACTIVESYNC_USER="alice")
    ended = on_terminal("folders", "--allow-http", env=env, typed=[("Password of alice: ", f"{PASSWORD}\n")])
    assert ended.code == 0
    assert "Inbox" in ended.out
    assert PASSWORD not in ended.out
    ended = on_terminal("folders", "--allow-http", env=env, typed=[("Password of alice: ", "wrong-one\n")])
    assert ended.code == 21
    assert "wrong-one" not in ended.out
    ended = on_terminal("folders", "--allow-http", env=env, typed=[("Password of alice: ", "\x03")])
    assert ended.code == 130


def test_no_option_takes_a_password(alice: Run) -> None:
    ended = alice("folders", "--password", "geheim")
    assert ended.code == 2
    assert "geheim" not in ended.failure


def test_the_log_has_no_secrets(server: EASServer, tmp_path: Path) -> None:
    env = environment(**of_alice(server))
    ended = in_pipe("sync", "--allow-http", "-v", "--store", str(tmp_path / "alice.db"), env=env)
    assert ended.code == 0
    assert re.search(r"FolderSync: HTTP 200 after \d+\.\d+ s", ended.err)
    basic = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, basic, "Authorization"):
        assert secret not in ended.out + ended.err
        assert secret.encode() not in (tmp_path / "alice.db").read_bytes()


# Terminals and pipes


def test_a_pipe_gets_text_and_no_bar(server: EASServer, tmp_path: Path) -> None:
    ended = in_pipe("sync", "--allow-http", "--store", str(tmp_path / "alice.db"), env=environment(**of_alice(server)))
    assert ended.code == 0
    assert ended.err == ""
    assert not ESCAPES.search(ended.out)
    assert "items/s" not in ended.out


def test_a_terminal_gets_a_bar_and_a_drawn_table(server: EASServer, tmp_path: Path) -> None:
    env = environment(**of_alice(server))
    store = str(tmp_path / "alice.db")
    ended = on_terminal("sync", "--allow-http", "--store", store, "--window", "10", env=env)
    assert ended.code == 0
    assert re.search(r"35/35 items  [\d–]+ items/s  \d+\.\d kB", ended.out)
    assert "━" in ended.out
    assert "───" in ended.out
    assert re.search(r"Inbox +18 +0 +0 +18", ended.out)


def test_the_bar_is_no_part_of_the_result(server: EASServer, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    ended = on_terminal(
        "sync", "--allow-http", "--json", "--store", str(tmp_path / "alice.db"),
        env=environment(**of_alice(server)), stdout=str(result),
    )  # fmt: skip
    assert ended.code == 0
    assert "items/s" in ended.out
    assert json.loads(result.read_text())["items"] == 35


def test_an_estimate_that_is_refused_does_not_stop_a_sync(server: EASServer, tmp_path: Path) -> None:
    server.faults.append(faults.status(3, command="GetItemEstimate", times=None))
    env = environment(**of_alice(server))
    ended = on_terminal("sync", "--allow-http", "--store", str(tmp_path / "alice.db"), env=env)
    assert ended.code == 0
    assert rows(tmp_path / "alice.db", "SELECT count(*) FROM items") == [(35,)]


def test_a_reader_that_goes_away_is_no_trouble(server: EASServer) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "folders", "--allow-http"],
        env=environment(**of_alice(server)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    err = program.stderr.read()
    program.stderr.close()
    program.wait(timeout=30)
    assert b"Traceback" not in err
    assert b"Exception" not in err


@no_signals
def test_an_interrupt_ends_with_130_and_keeps_what_was_done(server: EASServer, tmp_path: Path) -> None:
    reached, release = threading.Event(), threading.Event()

    def hang(request: Request, carry_out: Callable[[], Answer]) -> Answer:
        reached.set()
        release.wait(30)
        return Answer(dropped=True)

    server.faults.append(Fault(hang, "Sync", skip=2))
    store = tmp_path / "alice.db"
    program = subprocess.Popen(
        [*PROGRAM, "sync", "inbox", "--allow-http", "--store", str(store), "--window", "5"],
        env=environment(**of_alice(server)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert reached.wait(30)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
    finally:
        release.set()
    assert program.returncode == 130
    assert out == b""
    assert err.strip() == b""
    assert rows(store, "SELECT count(*) FROM items") == [(5,)]


# watch


def soon(what: Callable[[], object]) -> None:
    """Does something in another thread, a little later."""
    timer = threading.Timer(0.5, what)
    timer.daemon = True
    timer.start()


@pytest.fixture
def watched(server: EASServer) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begins to watch in a program of its own, which says JSON into a pipe."""
    programs = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [*PROGRAM, "watch", "--allow-http", "--json", *arguments],
            env=environment(**of_alice(server)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        programs.append(program)
        server.wait_for("Ping", timeout=20)
        return program

    yield begin
    for program in programs:
        program.kill()
        program.communicate()


def test_watch_tells_what_is_new_from_now_on(alice: Run, server: EASServer) -> None:
    soon(lambda: server.mailbox.add(FolderType.INBOX, Email(subject="new")))
    shown = data(alice("watch", "inbox", "contacts", "--count", "1", "--json"))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown.pop("time"))
    assert shown == {"event": "changed", "folders": [{"collection_id": "1", "name": "Inbox"}]}
    soon(lambda: server.mailbox.add(FolderType.INBOX, Email(subject="newer")))
    ended = alice("watch", "--for", "1.5")
    assert (ended.code, ended.err) == (0, "")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  Inbox: something is new\n", ended.out), "once"


def test_watch_asks_for_no_bodies(alice: Run, server: EASServer) -> None:
    assert alice("watch", "inbox", "--for", "0.2").out == ""
    answered = [wbxml.decode(one.body).root for one in server.requests if one.command == "Sync"]
    assert {one.text for root in answered for one in root.iter("AirSyncBase:TruncationSize")} == {"0"}


def test_watch_with_a_store_goes_by_what_that_has(alice: Run, server: EASServer, tmp_path: Path) -> None:
    store = str(tmp_path / "alice.db")
    watch = ("watch", "inbox", "--store", store)
    assert alice(*watch, "--count", "1").out.endswith("  Inbox: something is new\n"), "it was never synchronised"
    assert alice("sync", "--store", store).code == 0
    assert alice(*watch, "--for", "0.3") == Ended(0, "")
    server.mailbox.add(FolderType.INBOX, Email(subject="new"))
    before = rows(tmp_path / "alice.db", "SELECT * FROM items")
    assert alice(*watch, "--for", "2").out.count("Inbox: something is new") in (2, 3), "with pauses that grow"
    assert rows(tmp_path / "alice.db", "SELECT * FROM items") == before
    assert data(alice("sync", "--store", store, "--json"))["items"] == 1
    assert alice(*watch, "--for", "0.3").out == ""


def test_watch_tells_of_folders(alice: Run, server: EASServer) -> None:
    mailbox = server.mailbox
    old, plan = mailbox.add_folder("Old"), mailbox.add_folder("Plan\x1b[2J")

    def change() -> None:
        with mailbox.lock:
            new = mailbox.add_folder("New")
            mailbox.add(new, Email(subject="new"))
            mailbox.remove_folder(old)
            mailbox.rename_folder(plan, "Project\x9b1m")

    soon(change)
    ended = alice("watch", "--count", "2")
    folders, changed = (line.partition("  ")[2] for line in ended.out.splitlines())
    assert folders == "folders: New: new; Old: gone; Project 1m: changed"
    assert changed == "New: something is new"
    server.rules.most_pinged = 2
    shown = data(alice("watch", "inbox", "contacts", "tasks", "--count", "1", "--json"))
    assert shown["event"] == "unwatched"
    assert ([one["name"] for one in shown["folders"]], shown["most"]) == (["Tasks"], 2)
    words = alice("watch", "inbox", "contacts", "tasks", "--count", "1").out.partition("  ")[2]
    assert words == "Tasks: not watched, the server takes no more than 2 at once\n"


def test_watch_outlives_the_server(watched: Callable[..., subprocess.Popen[str]], server: EASServer) -> None:
    program = watched("inbox")
    assert program.stdout is not None
    server.stop()
    lost = json.loads(program.stdout.readline())
    assert lost["event"] == "unreachable" and lost["error"] in ("ConnectError", "ConnectionLostError")
    assert server.host in lost["reason"]
    server.mailbox.add(FolderType.INBOX, Email(subject="meanwhile"))
    server.start()
    back, changed = json.loads(program.stdout.readline()), json.loads(program.stdout.readline())
    assert back["event"] == "reachable" and back["seconds"] > 0
    assert changed["event"] == "changed" and changed["folders"][0]["name"] == "Inbox"


def test_watch_goes_on_where_nothing_can_be_synchronised(alice: Run, server: EASServer) -> None:
    def fail() -> None:
        server.faults.append(faults.http(502, command="Sync", times=None))
        server.mailbox.add(FolderType.INBOX, Email(subject="new"))

    soon(fail)
    assert alice("watch", "inbox", "--count", "2").out.count("Inbox: something is new") == 2


def test_watch_tells_in_words_that_the_server_is_lost(alice: Run, server: EASServer) -> None:
    server.faults.append(faults.http(502, command="Ping", times=2))
    lost, back = alice("watch", "inbox", "--count", "2").out.splitlines()
    assert lost.endswith(f"  the server is lost: {server.host} answers HTTP 502")
    assert back.endswith("  the server is back, after 1 s")


def test_watch_fails_at_once_where_it_cannot_begin(alice: Run, server: EASServer) -> None:
    assert "there is no folder 'Nowhere'" in alice("watch", "Nowhere").failure
    server.faults.append(faults.http(404, command="Ping", times=None))
    assert alice("watch", "inbox").code == 38
    server.stop()
    assert alice("watch").code == 12


@no_signals
def test_an_interrupt_ends_a_watch_quietly(watched: Callable[..., subprocess.Popen[str]]) -> None:
    program = watched("inbox")
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=30)
    assert (program.returncode, out, err.strip()) == (130, "", "")


# serve


@no_signals
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_serve_runs_until_it_is_told_to_end(end: signal.Signals) -> None:
    program = subprocess.Popen(
        [*PROGRAM, "serve", "--json"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        shown = json.loads(program.stdout.readline())
        assert shown["url"].startswith("http://127.0.0.1:")
        with Client(shown["url"], shown["user"], shown["password"], allow_http=True) as eas:
            assert eas.folders().named("inbox") is not None
        program.send_signal(end)
        out, err = program.communicate(timeout=30)
    finally:
        program.kill()
        program.wait()
    assert (program.returncode, out, err) == (0, b"", b"")


def test_serve_on_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = in_pipe("serve", "--port", str(taken.getsockname()[1]), env=environment())
    assert ended.code == 1
    assert "Address already in use" in ended.failure
