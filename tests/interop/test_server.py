"""The harness itself: the server is up, what is put into it is there, and nothing of it remains."""

import os
import signal
import ssl
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from . import corpus
from .daemons import Daemons, StartError
from .samples import CONTACTS, EVENTS, TASKS
from .sogo import FOLDERS, SOGoServer, User

pytestmark = pytest.mark.interop

FOLDER_SYNC = bytes.fromhex("03 01 6a 00  00 07 56 52 03 30 00 01 01")
"""FolderSync with SyncKey 0: header, page 7, FolderSync, SyncKey, "0", two ENDs."""


def post(
    url: str,
    user: User,
    command: str,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    trust: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """Status and body of the answer to one request, made without the library under test; `headers` replace ours."""
    address = urlsplit(url)
    connection = (
        HTTPConnection(address.netloc, timeout=60)
        if trust is None
        else HTTPSConnection(address.netloc, timeout=60, context=trust)
    )
    ours = {
        "Authorization": user.authorization,
        "Content-Type": "application/vnd.ms-sync.wbxml",
        "MS-ASProtocolVersion": "14.1",
    }
    query = f"Cmd={command}&User={user.name}&DeviceId=harness&DeviceType=test"
    try:
        connection.request("POST", f"{address.path}?{query}", body, ours | (headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def assert_folders(answer: tuple[int, bytes]) -> None:
    status, body = answer
    assert status == 200
    assert body.startswith(b"\x03\x01\x6a\x00\x00\x07\x56"), "a WBXML document with FolderSync on page 7"
    for folder in FOLDERS:
        assert b"\x03" + folder.encode() + b"\x00" in body


def test_activesync_over_http(sogo: SOGoServer) -> None:
    assert_folders(post(sogo.url, sogo.alice, "FolderSync", FOLDER_SYNC))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_activesync_over_tls(sogo: SOGoServer, host: str) -> None:
    trust = ssl.create_default_context(cafile=sogo.ca_file)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    url = sogo.tls_url.replace("127.0.0.1", host)
    assert_folders(post(url, sogo.alice, "FolderSync", FOLDER_SYNC, trust=trust))


def test_certificate_is_not_trusted_unasked(sogo: SOGoServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        post(sogo.tls_url, sogo.alice, "FolderSync", FOLDER_SYNC, trust=ssl.create_default_context())


def test_wrong_password(sogo: SOGoServer) -> None:
    wrong = replace(sogo.alice, password="wrong").authorization
    assert post(sogo.url, sogo.alice, "FolderSync", FOLDER_SYNC, {"Authorization": wrong})[0] == 401


def test_a_new_user_is_known_at_once(sogo: SOGoServer) -> None:
    for _ in range(5):
        assert_folders(post(sogo.url, sogo.add_user(), "FolderSync", FOLDER_SYNC))


def test_imap_has_what_was_appended(sogo: SOGoServer, user: User) -> None:
    messages = list(corpus.messages().values())
    with sogo.imap(user) as mailbox:
        uids = mailbox.append(messages, flags=["\\Seen"])
        assert mailbox.uids() == uids
        assert mailbox.fetch() == dict(zip(uids, messages, strict=True))
        mailbox.set_flags(uids[:2], "\\Flagged")
        mailbox.clear_flags(uids[1:3], "\\Seen")
        assert list(mailbox.flags().values())[:4] == [{"\\Seen", "\\Flagged"}, {"\\Flagged"}, set(), {"\\Seen"}]
        mailbox.delete(uids[1:])
        assert mailbox.uids() == uids[:1]


def test_two_thousand_messages(sogo: SOGoServer, user: User) -> None:
    messages = list(corpus.many(2000))
    assert len(set(messages)) == 2000
    with sogo.imap(user) as mailbox:
        mailbox.create("Archive")
        uids = mailbox.append(messages, "Archive")
        assert mailbox.fetch("Archive") == dict(zip(uids, messages, strict=True))
        assert mailbox.uids() == []


def test_dav_keeps_what_was_put(sogo: SOGoServer, user: User) -> None:
    dav = sogo.dav(user)
    for sample in CONTACTS + EVENTS + TASKS:
        dav.put(sample.path, sample.text)
        stored = dav.get(sample.path)
        assert stored is not None
        named = {line for line in sample.text.splitlines() if line.startswith(("UID:", "FN:", "SUMMARY:"))}
        assert named <= set(stored.replace("\r\n ", "").splitlines())
    dav.put(CONTACTS[0].path, CONTACTS[0].text.replace("Mathematician", "Poet"))
    assert "Poet" in (dav.get(CONTACTS[0].path) or "")
    dav.delete(CONTACTS[0].path)
    assert dav.get(CONTACTS[0].path) is None


def test_mail_is_delivered(sogo: SOGoServer, user: User) -> None:
    mail = f"From: {user.mail}\r\nTo: {sogo.bob.mail}\r\nSubject: Hello Bob\r\n\r\nGreetings\r\n".encode()
    headers = {"Content-Type": "message/rfc822", "MS-ASProtocolVersion": "12.1"}
    status, _ = post(sogo.url, user, "SendMail", mail, headers)
    assert status == 200
    with sogo.imap(sogo.bob) as mailbox:
        assert any(b"Subject: Hello Bob" in message and b"Greetings" in message for message in mailbox.fetch().values())


def test_a_failed_start_names_the_process_and_shows_its_log() -> None:
    daemons = Daemons("sogo")
    try:
        daemons.start("liar", "/bin/sh", "-c", "echo the reason; exit 3")
        with pytest.raises(StartError, match=r"(?s)liar ended with code 3.*the reason"):
            daemons.wait("liar", lambda: False)
    finally:
        daemons.stop()
    assert not daemons.root.exists()


def test_two_servers_side_by_side(sogo: SOGoServer) -> None:
    with SOGoServer() as other:
        assert other.url != sogo.url
        assert_folders(post(other.url, other.alice, "FolderSync", FOLDER_SYNC))
        root = Path(other.ca_file).parent
        assert processes_of(root)
    assert_gone(root)
    assert_folders(post(sogo.url, sogo.alice, "FolderSync", FOLDER_SYNC))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_an_interrupted_run(end: signal.Signals) -> None:
    script = f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parents[2])!r})
        from tests.interop.sogo import SOGoServer
        with SOGoServer() as server:
            print(server.ca_file, flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert run.stdout is not None
    root = Path(run.stdout.readline().strip()).parent
    assert processes_of(root)
    run.send_signal(end)
    run.communicate(timeout=30)
    assert_gone(root)


def processes_of(root: Path) -> list[str]:
    """The command lines of all processes that work in the server's folder or name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            folder = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(root) in command or folder.startswith(str(root)):
            found.append(command)
    return found


def assert_gone(root: Path) -> None:
    """Fails unless processes and folder are gone within seconds: an interrupted run ends before they do."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (processes_of(root) or root.exists()):
        time.sleep(0.05)
    assert processes_of(root) == []
    assert not root.exists()
