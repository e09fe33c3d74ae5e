"""`activesync probe`: what it says of a server, and what to do where something is not in order there."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from activesync.cli.probe import in_words
from activesync.commands import EASProvisionDoc, FilterType
from activesync.testing import EASServer, faults, sample_mailbox

from .terminal import Ended, run

PASSWORD = "Pa55wort-größer"


class Probe:
    """Runs `activesync probe` for Alice in this process, on a server with TLS."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.capsys = capsys
        self.folder = folder
        self.authority = trustme.CA(organization_name="Example Authority")
        self.authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    def certificate(self, *names: str, **how: Any) -> tuple[str, str]:
        path = self.folder / "server.pem"
        issued = self.authority.issue_cert(*names, **how)
        issued.private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path), str(path)

    def ask(self, server: EASServer, *options: str, trusted: bool = True) -> tuple[Ended, dict[str, Any]]:
        """How it has ended, its output in words, and the same as data."""
        url = server.url.replace("127.0.0.1", "localhost")
        known = ["--ca-file", str(self.folder / "ca.pem")] if trusted else []
        given = ("probe", "--url", url, "--user", "alice", *known, *options)
        ended = run(self.capsys, *given)
        as_data = run(self.capsys, *given, "--json")
        assert as_data.code == ended.code
        assert as_data.out.count("\n") == 1
        for text in (ended.out, ended.err, as_data.out, as_data.err):
            assert PASSWORD not in text
        return ended, json.loads(as_data.out)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Probe:
    for name in [*os.environ]:
        if name.startswith("ACTIVESYNC_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", PASSWORD)
    return Probe(capsys, tmp_path)


@pytest.fixture
def server(probe: Probe) -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", PASSWORD, mails=2, contacts=1, events=1, tasks=1, notes=1)
    with EASServer(mailbox, host="localhost", tls=probe.certificate("localhost")) as server:
        yield server


def problem(found: dict[str, Any]) -> tuple[str, str]:
    """The only thing that is not in order, and what to do."""
    (one,) = found["problems"]
    return one["what"], one["advice"]


def test_all_in_order(probe: Probe, server: EASServer) -> None:
    ended, found = probe.ask(server)
    assert (ended.code, ended.err) == (0, "")
    assert found["problems"] == []
    assert found["certificate"]["trusted"] is True
    assert found["certificate"]["names"] == ["localhost"]
    assert re.search(
        r"^Certificate: +in order: of .*, signed by .*, valid until \d{4}-\d\d-\d\d$", ended.out, re.MULTILINE
    )
    assert "Not in order" not in ended.out


# Certificates


def test_nobody_known_has_signed(probe: Probe, server: EASServer) -> None:
    ended, found = probe.ask(server, trusted=False)
    assert ended.code == 13
    what, then = problem(found)
    assert what.startswith("this machine does not know who signed the certificate: ")
    assert "--ca-file" in then
    assert found["certificate"]["trusted"] is False
    assert "NOT TO BE TRUSTED" in ended.out
    assert f"What to do: {then}" in ended.out
    assert ended.err.startswith("activesync: the certificate of localhost:")
    assert not server.requests


def test_expired(probe: Probe) -> None:
    past = datetime.now(UTC) - timedelta(days=3)
    with EASServer(sample_mailbox("alice", PASSWORD), tls=probe.certificate("localhost", not_after=past)) as server:
        ended, found = probe.ask(server)
        assert ended.code == 13
        what, then = problem(found)
        assert what == f"the certificate expired on {past:%Y-%m-%d}"
        assert "renew" in then
        assert "clock" in then
        assert not server.requests


def test_expires_soon(probe: Probe) -> None:
    soon = datetime.now(UTC) + timedelta(days=5)
    with EASServer(sample_mailbox("alice", PASSWORD), tls=probe.certificate("localhost", not_after=soon)) as server:
        ended, found = probe.ask(server)
        assert (ended.code, ended.err) == (0, "")
        assert problem(found)[0] == f"the certificate expires on {soon:%Y-%m-%d}"


def test_of_another_host(probe: Probe) -> None:
    other = probe.certificate("mail.example.com", "autodiscover.example.com")
    with EASServer(sample_mailbox("alice", PASSWORD), tls=other) as server:
        ended, found = probe.ask(server)
        assert ended.code == 13
        what, then = problem(found)
        assert what == (
            "the certificate was made for mail.example.com, autodiscover.example.com, and not for localhost"
        )
        assert "--url" in then


def test_signed_by_itself(probe: Probe, tmp_path: Path) -> None:
    authority = trustme.CA()
    path = tmp_path / "own.pem"
    authority.private_key_pem.write_to_path(str(path))
    authority.cert_pem.write_to_path(str(path), append=True)
    with EASServer(sample_mailbox("alice", PASSWORD), tls=(path, path)) as server:
        ended, found = probe.ask(server)
        assert ended.code == 13
        what, then = problem(found)
        assert what == "the server has signed its certificate itself"
        assert "--ca-file" in then


def test_unverified(probe: Probe, server: EASServer) -> None:
    ended, found = probe.ask(server, "--insecure-no-verify", trusted=False)
    assert ended.code == 0
    assert found["certificate"]["names"] == ["localhost"]


# Redirections


def test_a_redirection_to_another_host(probe: Probe, server: EASServer) -> None:
    there = {"X-MS-Location": "https://other.example.test/Microsoft-Server-ActiveSync"}
    server.faults.append(faults.http(451, there, command="Provision", times=None))
    ended, found = probe.ask(server)
    assert ended.code == 25
    what, then = problem(found)
    assert "other.example.test" in what
    assert "--url" in then
    assert "consent" in then


def test_a_redirection_within_the_host(probe: Probe, server: EASServer) -> None:
    with EASServer(server.mailbox, host="localhost", tls=probe.certificate("localhost")) as other:
        there = other.url
        server.faults.append(faults.http(451, {"X-MS-Location": there}, command="Provision", times=None))
        ended, found = probe.ask(server)
        assert "FolderSync" in {request.command for request in other.requests}
    assert ended.code == 0
    assert found["moved_to"] == there
    assert problem(found) == (f"the server has moved to {there}", "give that address by --url from now on")


@pytest.mark.parametrize("code", [301, 302])
def test_a_page_has_moved(probe: Probe, server: EASServer, code: int) -> None:
    there = {"Location": "https://portal.example.test/login?user=alice"}
    server.faults.append(faults.http(code, there, times=None))
    server.faults.append(faults.http(code, there, command="OPTIONS", times=None))
    ended, found = probe.ask(server)
    assert ended.code == 25
    what, _ = problem(found)
    assert "https://portal.example.test/login" in what
    assert "user=alice" not in what


# Whom the server does not let in


@pytest.mark.parametrize(
    ("status", "headers", "code", "words", "then"),
    [
        (401, {"WWW-Authenticate": "Bearer"}, 21, "does not accept user and password", "ACTIVESYNC_TOKEN"),
        (403, {}, 22, "forbids ActiveSync", "quarantine"),
        (404, {}, 23, "there is no ActiveSync", "path"),
        (456, {}, 22, "blocked the account", "web page"),
        (
            457,
            {"X-MS-Credential-Service-Url": "https://reset.example.test/"},
            37,
            "https://reset.example.test/",
            "set another password",
        ),
        (500, {}, 20, "HTTP 500", "try again later"),
        (
            503,
            {"Retry-After": "3600", "X-MS-ASThrottle": "CommandFrequency"},
            24,
            "busy",
            "(CommandFrequency): wait 3600 s",
        ),
    ],
)
def test_http_says_no(
    probe: Probe, server: EASServer, status: int, headers: dict[str, str], code: int, words: str, then: str
) -> None:
    server.faults.append(faults.http(status, headers, command="OPTIONS", times=None))
    ended, found = probe.ask(server)
    assert ended.code == code
    what, advised = problem(found)
    assert words in what
    assert then in advised
    assert f"Not in order: {what}\n  What to do: {advised}\n" in ended.out


@pytest.mark.parametrize(
    ("status", "then"), [(126, "switch ActiveSync on"), (129, "quarantine"), (177, "remove old ones")]
)
def test_a_status_says_no(probe: Probe, server: EASServer, status: int, then: str) -> None:
    server.faults.append(faults.status(status, command="FolderSync", times=None))
    ended, found = probe.ask(server)
    assert ended.code == 40
    what, advised = problem(found)
    assert f"status {status}" in what
    assert then in advised
    if status == 129:  # by which the administrator finds it
        (device,) = {request.device_id for request in server.requests if request.device_id}
        assert device in advised
    assert found["versions"]  # what could be found out is told all the same


def test_no_version_in_common(probe: Probe, server: EASServer) -> None:
    server.faults.append(faults.http(200, {"MS-ASProtocolVersions": "1.0,2.5"}, command="OPTIONS", times=None))
    ended, found = probe.ask(server)
    assert ended.code == 35
    assert "needs an update" in problem(found)[1]


def test_something_else_answers(probe: Probe, server: EASServer) -> None:
    server.faults.append(faults.html(command="FolderSync", times=None))
    ended, found = probe.ask(server)
    assert ended.code == 31
    assert "page to sign in" in problem(found)[1]


def test_nobody_answers(probe: Probe, server: EASServer) -> None:
    server.stop()
    given = ("probe", "--url", "https://localhost:1", "--user", "alice", "--timeout", "5")
    ended = run(probe.capsys, *given)
    assert ended.code == 12
    assert "What to do: look at host and port" in ended.out


# Policies


def test_a_policy_in_words() -> None:
    policy = EASProvisionDoc(
        device_password_enabled=True,
        min_device_password_length=6,
        max_device_password_failed_attempts=8,
        max_inactivity_time_device_lock=900,
        device_password_expiration=0,
        allow_simple_device_password=False,
        require_device_encryption=True,
        attachments_enabled=True,
        max_attachment_size=5_000_000,
        allow_camera=False,
        allow_wifi=True,
        max_email_age_filter=FilterType.ONE_WEEK,
        max_calendar_age_filter=FilterType.ALL,
        unapproved_in_rom_application_list=["game.exe"],
    )
    assert sorted(in_words(policy)) == [
        "after 8 wrong passwords the device erases itself",
        "attachments above 5.0 MB may not be fetched",
        "mails no older than one week may be synchronised",
        "not allowed: camera",
        "the device locks itself after 900 s without use",
        "the device must have a password",
        "the password has 6 characters or more",
        "the password is none such as 1111 or 1234",
        "unapproved in rom application list: game.exe",
        "what is kept on the device must be encrypted",
    ]
    assert list(in_words(EASProvisionDoc())) == []


def test_the_policy_is_told_in_words(probe: Probe, server: EASServer) -> None:
    server.rules.policy = EASProvisionDoc(device_password_enabled=True, min_device_password_length=6)
    ended, found = probe.ask(server)
    assert ended.code == 0
    assert found["policy_in_words"] == ["the device must have a password", "the password has 6 characters or more"]
    assert "\n- the device must have a password\n" in ended.out
