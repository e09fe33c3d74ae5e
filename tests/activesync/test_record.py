"""Recordings: a session in a file, without its secrets and contents, that is played again without a server."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wbxml
from activesync import (
    Add,
    AsyncClient,
    Body,
    BodyType,
    Change,
    Client,
    Contact,
    Delete,
    Email,
    FolderType,
    UsageError,
    errors,
    redact,
)
from activesync.commands import DevicePassword, DevicePasswordRequest, EASProvisionDoc, Settings
from activesync.effects import Request
from activesync.record import AsyncRecorder, AsyncReplay, Recorder, Replay, ReplayError
from activesync.testing import EASServer, Mailbox, faults
from activesync.transport import AiohttpTransport, Urllib3Transport

from ..blocking import Blocking

PASSWORD, USER = "s3cret-p4ss", "alice.liddell"
SUBJECT, TEXT, NAME, ADDRESS = "Budget Falcon", "the eagle lands at noon", "Okonkwo", "boss@falcon.example"
SEARCHED, AWAY, PIN = "Falcon", "On Mars until May", "pin-8642"
SECRETS = (PASSWORD, USER, PIN, base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
CONTENTS = (SUBJECT, TEXT, NAME, ADDRESS, AWAY, SEARCHED, "Caf\u00e9", "Personal plans")


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = Mailbox(USER, PASSWORD)
    for number in range(7):
        subject = f"{SUBJECT} {number} Café"
        body = Body(type=BodyType.PLAIN_TEXT, data=TEXT)
        mailbox.add(FolderType.INBOX, Email(subject=subject, sender=f"{NAME} <{ADDRESS}>", body=body))
    mailbox.add_folder("Personal plans")
    with EASServer(mailbox, policy=EASProvisionDoc(device_password_enabled=True)) as running:
        yield running


class Kind:
    """What records and replays with a client of one kind."""

    def __init__(self, client: Any, transport: Any, recorder: Any, replay: Any) -> None:
        self.client, self.transport, self.recorder, self.replay = client, transport, recorder, replay

    def recorded(self, server: EASServer, path: Path, job: Callable[[Any], Any], **options: Any) -> Any:
        transport = self.recorder(path, self.transport(), **options)
        with self.client(server.url, USER, PASSWORD, allow_http=True, transport=transport) as eas:
            try:
                return job(eas)
            finally:
                # Its own loop closes what belongs to it.
                closed = transport.close()
                if closed is not None:
                    eas._runner.run(closed)

    def replayed(self, path: Path, job: Callable[[Any], Any]) -> Any:
        with self.client("https://nowhere.invalid", "somebody", "anything", transport=self.replay(path)) as eas:
            return job(eas)


@pytest.fixture(
    params=[(Client, Urllib3Transport, Recorder, Replay), (Blocking, AiohttpTransport, AsyncRecorder, AsyncReplay)],
    ids=["Client", "AsyncClient"],
)
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(*request.param)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def shown(path: Path) -> str:
    """All that is in a recording, with what is in base64."""
    text = path.read_text("utf-8")
    for line in lines(path):
        for part in ("request", "answer"):
            body = base64.b64decode(line.get(part, {}).get("body", ""))
            text += body.decode("utf-8", "replace") + body.decode("latin-1")
    return text


def session(eas: Any) -> dict[str, Any]:
    """Folders, a sync in pages, changes, a search, the out-of-office replies; and what came of it."""
    found: dict[str, Any] = {"folders": [(one.collection_id, one.type, one.name) for one in eas.folders()]}
    found["pages"] = [(page.folder.collection_id, page.changes, page.more) for page in eas.sync("inbox", window=3)]
    found["applied"] = [
        (result.status, result.server_id)
        for result in eas.apply(
            "contacts", [Add(item=Contact(last_name=NAME)), Add(item=Contact(email1_address=ADDRESS))]
        )
    ]
    found["search"] = [one.long_id for one in eas.search(SEARCHED)]
    eas.set_oof(AWAY)
    found["oof"] = eas.oof().oof_state
    eas.run(Settings(device_password=DevicePasswordRequest(set=DevicePassword(password=PIN))))
    return found


def test_a_session_is_replayed_without_its_server(kind: Kind, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    came = kind.recorded(server, path, session, contents=True)
    server.stop()
    assert kind.replayed(path, session) == came
    assert len(came["pages"]) == 3 and all(server_id for _, server_id in came["applied"]) and came["search"]
    text = shown(path)
    assert [secret for secret in SECRETS if secret in text] == []
    assert SUBJECT in text


def test_a_recording_holds_neither_secrets_nor_contents(kind: Kind, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    came = kind.recorded(server, path, session, xml=True)
    server.stop()
    text = shown(path)
    assert [word for word in (*SECRETS, *CONTENTS) if word in text] == []
    replayed = kind.replayed(path, session)
    for same in ("applied", "search", "oof"):
        assert replayed[same] == came[same]
    assert [(one, kind) for one, kind, _ in replayed["folders"]] == [(one, kind) for one, kind, _ in came["folders"]]
    assert [(one, more, [type(change) for change in changes]) for one, changes, more in replayed["pages"]] == [
        (one, more, [type(change) for change in changes]) for one, changes, more in came["pages"]
    ]
    pairs = [
        (change, real)
        for (_, changes, _), (_, reals, _) in zip(replayed["pages"], came["pages"], strict=True)
        for change, real in zip(changes, reals, strict=True)
    ]
    assert len(pairs) == 7
    for change, real in pairs:
        assert change.server_id == real.server_id
        assert change.item.date_received == real.item.date_received
        assert change.item.subject == "Xxxxxx Xxxxxx 0 Xxxä"
        assert change.item.sender == "Xxxxxxx <xxxx@xxxxxx.xxxxxxx>"
        assert (change.item.problems, change.problems) == ((), ())
        assert len(change.item.body.data) == len(real.item.body.data)


def test_a_line_says_what_was_sent_and_what_came(kind: Kind, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    kind.recorded(server, path, lambda eas: eas.folders(), xml=True)
    options, refused, *_, folders = lines(path)
    assert options["command"] == "OPTIONS" and options["answer"]["headers"]["ms-asprotocolversions"]
    assert refused["command"] == "FolderSync" and refused["contents"] is False
    assert folders["request"]["headers"]["Authorization"] == "Basic redacted"
    assert folders["request"]["url"].endswith("?Cmd=FolderSync&User=user1&DeviceId=device1&DeviceType=Python")
    assert folders["request"]["headers"]["X-MS-PolicyKey"].isdigit()
    assert folders["answer"]["status"] == 200
    assert folders["answer"]["xml"].startswith("<?xml")
    assert wbxml.decode(base64.b64decode(folders["answer"]["body"])).root.tag == "FolderHierarchy:FolderSync"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "fault",
    [
        lambda: faults.dropped(after=True, command="Sync", skip=1),
        lambda: faults.cut(40, command="Sync", skip=1),
        lambda: faults.cut_off(command="Sync", skip=1),
        lambda: faults.http(401, {"WWW-Authenticate": "Basic"}, command="Sync", skip=1),
        lambda: faults.busy("0", command="Sync", skip=1),
    ],
    ids=["no answer", "half an answer", "half a document", "refused", "busy"],
)
@pytest.mark.parametrize("contents", [False, True])
def test_a_fault_is_replayed_where_it_was(
    kind: Kind, server: EASServer, tmp_path: Path, fault: Callable[[], Any], contents: bool
) -> None:
    path = tmp_path / "session.jsonl"

    def job(eas: Any) -> Any:
        pages: list[Any] = []
        try:
            pages.extend([change.server_id for change in page.changes] for page in eas.sync("inbox", window=4))
        except errors.ActiveSyncError as error:
            pages.append(str(error).replace("nowhere.invalid", server.host))
        return pages, eas.stats.resent, eas.stats.received if contents else None

    server.faults.append(fault())
    came = kind.recorded(server, path, job, contents=contents)
    server.stop()
    assert server.faults[0].hits == 1
    assert kind.replayed(path, job) == came


def test_another_session_than_was_recorded(kind: Kind, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"

    def twice(eas: Any) -> None:
        eas.folders()
        eas.search("hidden words")

    kind.recorded(server, path, twice)

    def other_command(eas: Any) -> None:
        eas.folders()
        eas.oof()

    def other_body(eas: Any) -> None:
        eas.folders()
        eas.search("hidden words", limit=5)

    def more(eas: Any) -> None:
        twice(eas)
        eas.oof()

    with pytest.raises(ReplayError, match="has Search next; Settings came") as caught:
        kind.replayed(path, other_command)
    assert (caught.value.expected, caught.value.came) == ("Search", "Settings")
    with pytest.raises(ReplayError, match=r"another Search") as caught:
        kind.replayed(path, other_body)
    assert "-" in str(caught.value) and "<Range>0-4</Range>" in str(caught.value)
    assert "hidden" not in str(caught.value)
    with pytest.raises(ReplayError, match="ends here; Settings came") as caught:
        kind.replayed(path, more)
    assert caught.value.expected is None


def test_changes_of_what_was_replayed_fit_the_recording(kind: Kind, server: EASServer, tmp_path: Path) -> None:
    """What is made of redacted items redacts to what was recorded."""
    path = tmp_path / "session.jsonl"

    def job(eas: Any) -> list[int]:
        changes = [change for page in eas.sync("inbox") for change in page.changes]
        first = changes[0]
        eas.apply("inbox", [Change(server_id=first.server_id, item=Email(read=True))])
        eas.search(first.item.subject)
        return [result.status for result in eas.apply("inbox", [Delete(server_id=first.server_id)])]

    assert kind.recorded(server, path, job) == kind.replayed(path, job) == [1]


def test_base64_queries_are_redacted_too(kind: Kind, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    transport = kind.recorder(path, kind.transport())
    with kind.client(server.url, USER, PASSWORD, allow_http=True, transport=transport, base64_query=True) as eas:
        eas.folders()
        device_id = eas.session.device_id
        closed = transport.close()
        if closed is not None:
            eas._runner.run(closed)
    packed = [base64.b64decode(line["request"]["url"].partition("?")[2]) for line in lines(path)[1:]]
    assert packed and all(b"user1" in query and b"device1" in query for query in packed)
    assert not any(USER.encode() in query or device_id.encode() in query for query in packed)


def test_an_answer_is_passed_on_as_it_arrives(server: EASServer, tmp_path: Path) -> None:
    """Each read of the recorder is one of the transport's; and nothing is written before the end."""
    sizes: list[int] = []

    class Answer:
        def __init__(self, answer: Any) -> None:
            self.answer, self.head = answer, answer.head

        def read(self, size: int = 1 << 16) -> bytes:
            chunk: bytes = self.answer.read(min(size, 100))
            sizes.append(len(chunk))
            return chunk

        def close(self) -> None:
            self.answer.close()

    class Slow(Urllib3Transport):
        def send(self, request: Request) -> Any:
            return Answer(super().send(request))

    path = tmp_path / "session.jsonl"
    recorder = Recorder(path, Slow())
    request = Request("OPTIONS", f"{server.url}", {"Authorization": "Basic nothing"})
    answer = recorder.send(request)
    assert path.read_text() == ""
    answer.close()
    answer.close()
    assert len(lines(path)) == 1
    with Client(server.url, USER, PASSWORD, allow_http=True, transport=recorder) as eas:
        eas.folders()
    assert len(sizes) > 10
    recorder.close()
    recorder.close()


def test_cancelling_is_recorded(server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"

    async def main() -> None:
        recorder = AsyncRecorder(path, AiohttpTransport())
        async with AsyncClient(server.url, USER, PASSWORD, allow_http=True, transport=recorder) as eas:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(eas.folders(), 0)
            task = asyncio.create_task(eas.folders())
            for _ in range(3):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await recorder.close()

    asyncio.run(main())
    assert lines(path)[-1]["error"] == {"type": "CancelledError", "message": ""}
    with (
        Client("https://nowhere.invalid", "a", "b", transport=Replay(path)) as eas,
        pytest.raises(ReplayError, match="its caller left"),
    ):
        eas.folders()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        Recorder(tmp_path / "no" / "folder", Urllib3Transport())
    with pytest.raises(UsageError, match="cannot be read"):
        Replay(tmp_path / "nothing")
    path = tmp_path / "other"
    path.write_text("not json\n")
    with pytest.raises(UsageError, match="no recording"):
        Replay(path)
    path.write_text('{"command": "OPTIONS"}\n')
    with Client("https://nowhere.invalid", "a", "b", transport=Replay(path)) as eas, pytest.raises(UsageError):
        eas.folders()


# What is redacted


def test_text_keeps_its_length_and_its_kinds_of_characters() -> None:
    value = "Dr. Zoë O'Neil, 23 Rue de l’Église — 日本 🎉"
    other = redact.text(value)
    assert other.startswith("Xx. Xxä X'Xxxx, 00 Xxx xx x")
    assert len(other) == len(value) and len(other.encode()) == len(value.encode())
    assert redact.text(other) == other
    assert redact.data(b"\xff\xd8\x00picture") == bytes(10)


SOGO = sorted((Path(__file__).parents[1] / "data" / "sogo").glob("*.wbxml"))


@pytest.mark.parametrize("path", [one for one in SOGO if "multipart" not in one.name], ids=lambda path: path.name)
def test_real_documents_keep_their_shape(path: Path) -> None:
    body = path.read_bytes()
    redacted = redact.document(body)
    before, after = list(wbxml.tokens(body)), list(wbxml.tokens(redacted))
    assert [(one.kind, one.tag) for one in before] == [(one.kind, one.tag) for one in after]
    assert redact.document(redacted) == redacted
    # Cut off anywhere, a document is as long as before, and as broken.
    for end in range(0, len(body), len(body) // 20 + 1):
        cut = redact.document(body[:end])
        assert len(cut) == end
        assert [one.kind for one in wbxml.tokens(cut)] == [one.kind for one in wbxml.tokens(body[:end])]


def test_a_document_with_everything_in_other_places() -> None:
    secret = b"hunter2"
    table = b"plain hunter2\0"
    # A literal, a string of the table, an entity, and text in an attribute.
    body = (
        b"\x03\x01\x6a"
        + bytes([len(table)])
        + table
        + b"\xc4\x06\x04\x06\x03hunter2\0\x01\x83\x06\x02\x68\x03hunter2\0\x01"
    )
    redacted = redact.document(body)
    assert secret not in redacted and len(redacted) == len(body)
    assert secret not in redact.document(b"\x03\x01\x6a\x00\x45\x03hunter2")
    assert secret not in redact.document(b"<html>hunter2</html>")
    assert redact.document(b"<html>hunter2</html>").startswith(b"<xxxx>")


def test_a_string_that_is_no_text_is_still_a_string() -> None:
    body = b"\x03\x01\x6a\x00\x45\x03hunter2\x86\x00\x01"
    assert redact.document(body) == b"\x03\x01\x6a\x00\x45\x03xxxxxxxx\x00\x01"


def test_numbers_are_kept_where_a_number_is_meant_and_nothing_else_is() -> None:
    def redacted(tag: str, text: str) -> str | None:
        writer = wbxml.Writer()
        writer.start(wbxml.ACTIVESYNC.lookup(tag))
        writer.text(text)
        writer.end()
        return wbxml.decode(redact.document(writer.finish())).root.text

    assert redacted("AirSync:Status", "3") == "3"
    assert redacted("AirSync:Status", "call 555") == "xxxx 000"
    assert redacted("Email:DateReceived", "2026-11-27T08:00:00.000Z") == "2026-11-27T08:00:00.000Z"
    assert redacted("Contacts:Birthday", "1980-05-01T00:00:00.000Z") == "1900-01-01T00:00:00.000Z"
    assert redacted("Contacts:MobilePhoneNumber", "+44 20 7946") == "+00 00 0000"
    assert redacted("Settings:Password", "1") == "redacted"
    assert redacted("Page42:0x05", "12") == "00"


def test_multipart_answers() -> None:
    inner = wbxml.from_xml('<ItemOperations xmlns="ItemOperations"><Status>1</Status></ItemOperations>')
    content = b"the eagle lands"
    table = (2).to_bytes(4, "little")
    for offset, size in ((20, len(inner)), (20 + len(inner), len(content))):
        table += offset.to_bytes(4, "little") + size.to_bytes(4, "little")
    kind = "application/vnd.ms-sync.multipart"
    body = table + inner + content
    assert redact.answer_body(body, kind) == table + inner + b"xxx xxxxx xxxxx"
    assert redact.answer_body(body, kind, contents=True) == body
    assert redact.answer_body(body[:30], kind) == bytes(30)


def test_headers_that_are_not_the_protocols_are_left_out() -> None:
    headers = redact.answer_headers(
        {
            "retry-after": "3",
            "x-ms-location": "https://other.example/EAS?User=alice",
            "www-authenticate": 'Basic realm="Alice", NTLM TlRMTVNTUAAC',
            "x-backend": "alice@server",
        }
    )
    assert headers == {
        "retry-after": "3",
        "x-ms-location": "https://other.example/EAS",
        "www-authenticate": "Basic, NTLM",
        "x-backend": "redacted",
    }
    assert redact.cookie("session=abc; path=/") == "session=redacted"
    assert redact.request_headers({"Authorization": "Bearer abc", "Cookie": "session=abc"}) == {
        "Authorization": "Bearer redacted",
        "Cookie": "redacted",
    }


@given(
    st.binary(max_size=200) | st.binary(max_size=100).map(lambda end: b"\x03\x01\x6a\x00\x45\x5c\x4f" + end),
    st.booleans(),
)
def test_any_bytes_can_be_redacted_and_are_redacted_at_once(body: bytes, contents: bool) -> None:
    redacted = redact.document(body, contents=contents)
    assert redact.document(redacted, contents=contents) == redacted
    assert redact.answer_body(body, "application/vnd.ms-sync.multipart") is not None
