"""What a client tells of its exchanges: on_exchange, the log, and what is in neither."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from activesync import Add, Contact, Email, Exchange, FolderType, errors
from activesync.auth import bearer
from activesync.commands import DevicePassword, DevicePasswordRequest, EASProvisionDoc, Settings
from activesync.testing import EASServer, faults, sample_mailbox

from .clients import Open

PASSWORD, TOKEN, COOKIE = "s3cret-p4ss", "t0ken-1234567890", "c00kie-value"
SUBJECT, NAME, SEARCHED, AWAY, PIN = (
    "Budget Falcon",
    "Okonkwo",
    "Quarterly",
    "On Mars until May",
    "pin-8642",
)


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", PASSWORD, mails=12, contacts=2, events=0, tasks=0, notes=0)
    mailbox.add(FolderType.INBOX, Email(subject=SUBJECT, sender=f"{NAME} <boss@example.com>"))
    with EASServer(mailbox) as running:
        yield running


@pytest.fixture
def told() -> list[Exchange]:
    return []


def open_client(connect: Open, **options: Any) -> Any:
    return connect(PASSWORD, **options)


# The hook


def test_every_exchange_is_told_of(connect: Open, server: EASServer, told: list[Exchange]) -> None:
    eas = open_client(connect, on_exchange=told.append)
    changes = [change for page in eas.sync("inbox", window=5) for change in page.changes]
    assert [one.command for one in told][:3] == ["OPTIONS", "FolderSync", "Sync"]
    assert {one.account for one in told} == {"alice@127.0.0.1"}
    assert [one.version for one in told][:2] == ["", "16.1"]
    assert {one.status for one in told} == {200}
    assert {(one.error, one.resent, one.retries, one.queued) for one in told} == {(None, False, 0, 0.0)}
    assert sum(one.items for one in told) == len(changes) == 11
    assert [one.items for one in told if one.command == "Sync"] == [0, 5, 5, 1]
    assert sum(one.sent for one in told) == eas.stats.sent > 0
    assert sum(one.received for one in told) == eas.stats.received > 0
    assert len(told) == eas.stats.requests == len(server.requests)
    assert all(one.waiting > 0 and one.reading >= 0 for one in told)


def test_a_page_is_told_of_before_the_caller_has_it(connect: Open, told: list[Exchange]) -> None:
    eas = open_client(connect, on_exchange=told.append)
    for page in eas.sync("inbox", window=5):
        assert told[-1].items == len(page.changes)


def test_an_answer_that_is_lost_and_asked_for_again(connect: Open, server: EASServer, told: list[Exchange]) -> None:
    eas = open_client(connect, on_exchange=told.append)
    eas.folders()
    del told[:]
    server.faults += [faults.dropped(after=True, command="FolderSync"), faults.cut(9, command="FolderSync")]
    eas.folders()
    assert [(one.status, one.error, one.resent, one.retries) for one in told] == [
        (None, "ConnectionLostError", False, 0),
        (200, "ConnectionLostError", True, 1),
        (200, None, True, 2),
    ]
    eas.folders()
    assert (told[-1].resent, told[-1].retries) == (False, 0)


def test_a_busy_server_is_told_of_before_the_pause(connect: Open, server: EASServer, told: list[Exchange]) -> None:
    eas = open_client(connect, on_exchange=told.append)
    eas.folders()
    del told[:]
    server.faults.append(faults.busy("0", command="FolderSync"))
    eas.folders()
    assert [(one.status, one.resent, one.retries) for one in told] == [(503, False, 0), (200, False, 1)]


def test_what_ends_in_an_error_is_told_of(connect: Open, told: list[Exchange]) -> None:
    with pytest.raises(errors.AuthenticationError):
        connect("wrong", on_exchange=told.append).folders()
    assert [(one.command, one.status, one.error) for one in told] == [("OPTIONS", 401, None)]


def test_a_server_that_is_not_there(connect: Open, server: EASServer, told: list[Exchange]) -> None:
    eas = open_client(connect, on_exchange=told.append)
    server.stop()
    with pytest.raises(errors.ConnectError):
        eas.folders()
    assert [(one.status, one.error, one.received) for one in told] == [(None, "ConnectError", 0)]


def test_a_hook_that_fails_changes_nothing_and_is_logged_once(connect: Open, caplog: pytest.LogCaptureFixture) -> None:
    def fails(exchange: Exchange) -> None:
        raise ZeroDivisionError("no gauge")

    eas = open_client(connect, on_exchange=fails)
    assert sum(len(page.changes) for page in eas.sync("inbox", window=5)) == 11
    assert [record.levelname for record in caplog.records if record.name == "activesync"] == ["ERROR"]
    assert "no gauge" in caplog.text


# The log


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "activesync"]


def test_the_log_has_a_line_an_exchange(connect: Open, server: EASServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "activesync")
    eas = open_client(connect)
    server.faults.append(faults.dropped(after=True, command="FolderSync"))
    eas.folders()
    digest = hashlib.sha256(b"alice@127.0.0.1").hexdigest()[:8]
    shown = lines(caplog)
    assert len(shown) == len(server.requests)
    assert all(line.endswith(f", account {digest} at {server.host}") for line in shown)
    lost, came = shown[-2:]
    assert lost.startswith("FolderSync: ConnectionLostError after ") and "retries: 0" in lost
    assert came.startswith("FolderSync: HTTP 200 after ") and "retries: 1" in came


def test_nothing_is_logged_that_was_not_asked_for(connect: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    open_client(connect).folders()
    assert lines(caplog) == []


@pytest.mark.parametrize("base64_query", [False, True])
@pytest.mark.parametrize("token", [False, True])
def test_no_secret_and_no_content_is_shown_in_a_whole_session(
    connect: Open, server: EASServer, caplog: pytest.LogCaptureFixture, base64_query: bool, token: bool
) -> None:
    server.rules.policy = EASProvisionDoc(device_password_enabled=True)
    shown: list[str] = []
    caplog.set_level(logging.DEBUG)

    def failing(expected: type[Exception], call: Any, *arguments: Any) -> None:
        with pytest.raises(expected) as caught:
            call(*arguments)
        error = caught.value
        shown.extend([str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))])

    def cookie(request: Any, carry_out: Any) -> Any:
        answer = carry_out()
        answer.headers["Set-Cookie"] = f"session={COOKIE}; path=/"
        return answer

    options: dict[str, Any] = {"base64_query": base64_query, "on_exchange": lambda one: shown.append(repr(one))}
    if token:
        # The server knows passwords alone: the token is refused, and another one after it.
        tokens = iter([TOKEN, TOKEN + "-2", TOKEN + "-2"])
        failing(errors.AuthenticationError, connect(None, auth=bearer(lambda: next(tokens)), **options).folders)
    server.faults.append(faults.Fault(cookie, "OPTIONS"))
    eas = open_client(connect, **options)
    folders = eas.folders()
    assert eas.session.cookies == {"session": COOKIE}
    for _ in eas.sync("inbox", window=5):
        pass
    eas.apply("contacts", [Add(item=Contact(last_name=NAME))])
    eas.search(SEARCHED)
    eas.set_oof(AWAY)
    eas.run(Settings(device_password=DevicePasswordRequest(set=DevicePassword(password=PIN))))
    for fault in (
        faults.html(), faults.http(500, body=b"what happened"), faults.busy("999"), faults.other_document(),
        faults.cut_off(times=3), faults.http(451, {"X-MS-Location": "https://other.example/?User=alice"}),
    ):  # fmt: skip
        server.faults[:] = [replace(fault)]
        failing(errors.ActiveSyncError, eas.search, SEARCHED)
    del server.faults[:]
    server.faults.append(faults.http(401, {"WWW-Authenticate": "Basic"}))
    failing(errors.AuthenticationError, eas.search, SEARCHED)
    failing(errors.UnknownFolderError, eas.estimate, "nowhere")
    server.wipe(eas.session.device_id)
    failing(errors.RemoteWipeRequested, eas.folders)
    eas.acknowledge_wipe()
    shown += [repr(eas), repr(eas.session), str(eas.session), repr(eas.stats), repr(folders)]
    seen = lines(caplog) + shown
    # urllib3 and aiohttp log on their own account what they do; no line of theirs has a header or a body.
    everything = "\n".join([*seen, caplog.text])
    secrets = [PASSWORD, TOKEN, COOKIE, "Basic ", "Bearer ", SUBJECT, NAME, SEARCHED, AWAY, PIN]
    assert [secret for secret in secrets if secret in everything.replace("Basic realm", "")] == []
    ours = "\n".join(lines(caplog))
    assert "alice" not in ours
    assert eas.session.device_id not in ours
    assert len(lines(caplog)) > 20


def test_a_request_does_not_show_its_headers_and_body(connect: Open) -> None:
    eas = open_client(connect)
    sent: list[Any] = []
    transport = getattr(eas, "_client", eas)._transport
    send = transport.send
    transport.send = lambda request: (sent.append(request), send(request))[1]
    with contextlib.suppress(errors.ActiveSyncError):
        eas.search(SEARCHED)
    assert sent and all(one.headers for one in sent)
    shown = repr(sent)
    assert PASSWORD not in shown and "Basic" not in shown and SEARCHED not in shown
