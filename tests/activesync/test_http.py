"""Requests as HTTP carries them. Source: [MS-ASHTTP] sections 2.1, 2.2.1 and 3.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import wbxml
from activesync import Client, MemoryStore, errors
from activesync.auth import basic
from activesync.commands import EASProvisionDoc, FolderSync
from activesync.query import COMMAND_CODES, Query, parse_query
from activesync.status import status
from activesync.testing import EASServer, faults, sample_mailbox
from activesync.testing.request import Request

from .clients import requested
from .samples import DATA
from .script import WBXML, Canned, Script, session
from .wire import Wire

# Section 2.2.1.1.1.
PLAIN = "Cmd=Sync&User=rmjones&DeviceId=v140Device&DeviceType=SmartPhone"
ENCODED = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=3)) as running:
        yield running


def requests(server: EASServer, *, encoded: bool = False) -> list[Request]:
    """What a client sends to learn of its folders and its mails."""
    with Client(server.url, "alice", "secret", allow_http=True, base64_query=encoded) as eas:
        eas.folders()
        for page in eas.sync("inbox"):
            page.commit()
    return list(server.requests)


@pytest.mark.spec(
    *("MS-ASHTTP_R1", "MS-ASHTTP_R319", "MS-ASHTTP_R6", "MS-ASHTTP_R7", "MS-ASHTTP_R8", "MS-ASHTTP_R3"),
    *("MS-ASHTTP_R5", "MS-ASHTTP_R401"),
)
def test_commands_are_posts_with_wbxml(server: EASServer) -> None:
    first, *others = requests(server)
    assert (first.method, first.body) == ("OPTIONS", b"")
    assert {request.method for request in others} == {"POST"}
    for request in others:
        assert wbxml.decode(request.body).root.tag.name == request.command


@pytest.mark.spec(
    *("MS-ASHTTP_R12", "MS-ASHTTP_R13", "MS-ASHTTP_R15", "MS-ASHTTP_R16", "MS-ASHTTP_R402", "MS-ASHTTP_R403")
)
def test_both_forms_of_the_query_say_the_same() -> None:
    plain = parse_query(PLAIN, {"ms-asprotocolversion": "14.0"})
    encoded = parse_query(ENCODED, {})
    # The user stands in the credentials as well, and is left out of Microsoft's base64.
    assert (plain.command, plain.device_id, plain.device_type, plain.version) == (
        *(encoded.command, encoded.device_id, encoded.device_type),
        encoded.version,
    )
    assert plain.plain() == PLAIN


@pytest.mark.spec(
    *("MS-ASHTTP_R98", "MS-ASHTTP_R99", "MS-ASHTTP_R100", "MS-ASHTTP_R101", "MS-ASHTTP_R103", "MS-ASHTTP_R106"),
    "MS-ASHTTP_R107",
)
@pytest.mark.parametrize("command", COMMAND_CODES)
def test_a_plain_query_has_four_parts_in_this_order(command: str) -> None:
    text = Query(command, "älice@example.test", "d1", "My Type").plain()
    found = re.fullmatch(r"Cmd=(\w+)&User=([\w%.-]+)&DeviceId=(\w+)&DeviceType=([\w%]+)", text)
    assert found and found[1] == command and found[4] == "My%20Type"
    assert parse_query(text, {}).user == "älice@example.test"


@pytest.mark.spec("MS-ASHTTP_R102", "MS-ASHTTP_R104", "MS-ASHTTP_R105", "MS-ASHTTP_R110")
def test_a_device_keeps_its_id_and_its_type(server: EASServer) -> None:
    store = MemoryStore()
    for _ in range(2):
        with Client(server.url, "alice", "secret", allow_http=True, store=store) as eas:
            eas.folders()
    posts = [request for request in server.requests if request.method == "POST"]
    assert len({(request.device_id, request.device_type) for request in posts}) == 1
    assert posts[0].device_id.isalnum()
    with Client(server.url, "alice", "secret", allow_http=True) as other:
        other.folders()
    assert server.requests[-1].device_id != posts[0].device_id


@pytest.mark.spec("MS-ASHTTP_R128", "MS-ASHTTP_R139", "MS-ASHTTP_R140")
def test_microsofts_example_of_credentials() -> None:
    assert basic("fakeuser", "x$pIAK9@p9!")() == "Basic ZmFrZXVzZXI6eCRwSUFLOUBwOSE="


@pytest.mark.spec("MS-ASHTTP_R130", "MS-ASHTTP_R142", "MS-ASHTTP_R143")
def test_the_content_type_is_that_of_wbxml(server: EASServer) -> None:
    for request in requests(server):
        expected = "application/vnd.ms-sync.wbxml" if request.body else None
        assert request.headers.get("content-type") == expected


@pytest.mark.spec(
    *("MS-ASHTTP_R404", "MS-ASHTTP_R157", "MS-ASHTTP_R158", "MS-ASHTTP_R1581", "MS-ASHTTP_R408", "MS-ASHTTP_R409")
)
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
@pytest.mark.parametrize("encoded", [False, True])
def test_the_version_stands_in_a_header_or_in_the_query(version: str, encoded: bool) -> None:
    with EASServer(sample_mailbox("alice", "secret", mails=1), versions=(version,)) as server:
        posts = [request for request in requests(server, encoded=encoded) if request.method == "POST"]
    assert {request.version for request in posts} == {version}
    assert {request.headers.get("ms-asprotocolversion") for request in posts} == {None if encoded else version}


@pytest.mark.spec("MS-ASHTTP_R405", "MS-ASHTTP_R410", "MS-ASHTTP_R411", "MS-ASHTTP_R415")
def test_every_request_names_the_same_user_agent(server: EASServer) -> None:
    (agent,) = {request.headers.get("user-agent") for request in requests(server)}
    assert agent and re.fullmatch(r"[\w.!#$%&'*+^`|~-]+(/[\w.-]+)?", agent)


@pytest.mark.spec("MS-ASHTTP_R162")
@pytest.mark.spec("MS-ASHTTP_R137", "MS-ASHTTP_R159", "MS-ASHTTP_R160")
@pytest.mark.parametrize("encoded", [False, True])
def test_the_policy_key_stands_in_a_header_or_in_the_query(server: EASServer, encoded: bool) -> None:
    for request in requests(server, encoded=encoded):
        if request.method == "POST":
            assert request.policy_key == "0"
            assert request.headers.get("x-ms-policykey") == (None if encoded else "0")


@pytest.mark.spec("MS-ASHTTP_R10", "MS-ASHTTP_R11")
def test_the_address_has_a_scheme_a_host_a_path_and_a_query() -> None:
    script = Script([Canned((DATA / "sogo" / "FolderSync-initial.response.wbxml").read_bytes())])
    script.run(session().run(FolderSync(sync_key="0")))
    parts = urlsplit(script.requests[0].url)
    assert (script.requests[0].method, parts.scheme, parts.hostname) == ("POST", "https", "mail.example.test")
    assert parts.path == "/Microsoft-Server-ActiveSync"
    assert parse_query(parts.query, {}).command == "FolderSync"


# The bytes


@pytest.mark.spec("MS-ASHTTP_R439")
@pytest.mark.spec(
    *("MS-ASHTTP_R9", "MS-ASHTTP_R124", "MS-ASHTTP_R125", "MS-ASHTTP_R163", "MS-ASHTTP_R234", "MS-ASHTTP_R413"),
    *("MS-ASHTTP_R414",),
)
def test_a_request_is_a_line_headers_an_empty_line_and_a_body() -> None:
    folders = (DATA / "sogo" / "FolderSync-initial.response.wbxml").read_bytes()
    offer = (
        b"HTTP/1.1 200 OK\r\nMS-ASProtocolVersions: 14.1\r\nMS-ASProtocolCommands: Sync\r\nContent-Length: 0\r\n\r\n"
    )
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {WBXML}\r\nContent-Length: {len(folders)}\r\n\r\n".encode()
    with Wire([(offer,), (head + folders,)]) as wire:
        with Client(f"http://127.0.0.1:{wire.port}", "alice", "secret", allow_http=True) as eas:
            assert eas.folders()
        asked, posted = wire.requests
    for request, method in ((asked, "OPTIONS"), (posted, "POST")):
        assert re.fullmatch(method + r" /Microsoft-Server-ActiveSync(\?[^ ]+)? HTTP/1\.1", request.line), (
            "a relative URI"
        )
        names = {name.lower() for name, _ in request.headers}
        assert {"host", "authorization"} <= names and "ms-asacceptmultipart" not in names
        assert bool(request.body) is (method == "POST")
    assert wbxml.decode(posted.body).root.tag.name == "FolderSync"


@pytest.mark.spec("MS-ASHTTP_R108", "MS-ASHTTP_R497", "MS-ASHTTP_R109")
@pytest.mark.parametrize("kind", ["SP", "PPC", "iPhone15C4", "Python"])
def test_the_type_of_the_device_is_what_the_caller_says(server: EASServer, kind: str) -> None:
    with Client(server.url, "alice", "secret", allow_http=True, device_type=kind) as eas:
        eas.folders()
    assert {request.device_type for request in server.requests if request.method == "POST"} == {kind}


POSTED = "Cmd=FolderSync&User=alice&DeviceId=d1&DeviceType=SP"


@pytest.mark.spec("MS-ASHTTP_R281", "MS-ASHTTP_R450", "MS-ASHTTP_R1108")
@pytest.mark.spec("MS-ASHTTP_R438", "MS-ASHTTP_R282", "MS-ASHTTP_R1009", "MS-ASHTTP_R284", "MS-ASHTTP_R1106")
def test_the_embedded_server_takes_either_content_type(server: EASServer) -> None:
    body = wbxml.encode(FolderSync(sync_key="0"))
    for kind in ("application/vnd.ms-sync.wbxml", "application/vnd.ms-sync"):
        headers = {
            "Authorization": basic("alice", "secret")(), "Content-Type": kind, "MS-ASProtocolVersion": "14.1",
            "X-MS-PolicyKey": "0",
        }  # fmt: skip
        posted = requested(server, "POST", POSTED, headers, body)
        assert posted.status == 200 and wbxml.decode(posted.data).root.tag.name == "FolderSync"
    asked = requested(server, "OPTIONS", "", headers)
    assert asked.status == 200 and "Sync" in asked.headers["MS-ASProtocolCommands"]


# Statuses of HTTP


@pytest.mark.spec("MS-ASHTTP_R262")
@pytest.mark.parametrize("code", [200, 201, 202, 299])
def test_every_status_of_two_hundred_is_a_success(code: int) -> None:
    folders = Canned((DATA / "sogo" / "FolderSync-initial.response.wbxml").read_bytes(), code)
    answered = Script([folders]).run(session().run(FolderSync(sync_key="0")))
    assert answered.status == 1


@pytest.mark.spec("MS-ASHTTP_R277", "MS-ASHTTP_R278")
def test_a_busy_server_is_left_alone_for_longer_and_longer() -> None:
    folders = Canned((DATA / "sogo" / "FolderSync-initial.response.wbxml").read_bytes())
    script = Script([Canned(status=503), Canned(status=503), folders])
    script.run(session().run(FolderSync(sync_key="0")))
    assert len(script.slept) == 2 and 0 < script.slept[0] < 15
    assert script.slept[0] < script.slept[1] <= 120
    never = Script([Canned(status=503)] * 20, spare=True)
    with pytest.raises(errors.ServerBusyError):
        never.run(session().run(FolderSync(sync_key="0")))
    assert len(never.requests) <= 5 and max(never.slept) <= 120


OLD = [
    (403, errors.ForbiddenError, "FolderSync", ("MS-ASCMD_R7556",)),
    (500, errors.HTTPError, "Provision", ("MS-ASCMD_R7557",)),
    (400, errors.HTTPError, "FolderSync", ("MS-ASCMD_R7559",)),
    (505, errors.HTTPError, "FolderSync", ("MS-ASCMD_R7560",)),
    (404, errors.NotFoundError, "FolderSync", ("MS-ASHTTP_R441",)),
    (501, errors.HTTPError, "FolderSync", ("MS-ASHTTP_R186",)),
]


@pytest.mark.parametrize(
    ("code", "kind", "command"),
    [pytest.param(*row[:3], marks=pytest.mark.spec(*row[3]), id=f"{row[0]}-{row[2]}") for row in OLD],
)
@pytest.mark.spec("MS-ASCMD_R7463")
def test_what_12_1_says_by_a_status_of_http(code: int, kind: type[Exception], command: str) -> None:
    with EASServer(sample_mailbox("alice", "secret", mails=1), versions=("12.1",)) as server:
        server.rules.policy = EASProvisionDoc()
        server.faults.append(faults.http(code, command=command, times=2))
        with Client(server.url, "alice", "secret", allow_http=True) as eas, pytest.raises(kind) as caught:
            eas.folders()
        assert isinstance(caught.value, errors.HTTPError) and caught.value.status == code


SCOPES = [
    ("FolderCreate", 2, "MS-ASCMD_R4786"),
    ("FolderDelete", 3, "MS-ASCMD_R4787"),
    ("FolderSync", 12, "MS-ASCMD_R4788"),
    ("FolderUpdate", 5, "MS-ASCMD_R4789"),
    ("GetItemEstimate", 2, "MS-ASCMD_R4790"),
    ("Provision", 2, "MS-ASCMD_R4795"),
    ("Search store", 8, "MS-ASCMD_R4797"),
    ("Settings", 5, "MS-ASCMD_R4799"),
    ("Sync", 4, "MS-ASCMD_R4802"),
]


@pytest.mark.parametrize(
    ("scope", "code"), [pytest.param(*row[:2], marks=pytest.mark.spec(row[2]), id=row[0]) for row in SCOPES]
)
def test_each_command_has_statuses_of_its_own(scope: str, code: int) -> None:
    known = status(scope, code)
    assert known.name != "Unknown" and known != status("", code)
    # What all commands share has the same meaning in each.
    assert status(scope, 110) == status("", 110)


@pytest.mark.spec("MS-ASCMD_R7460", "MS-ASCMD_R7464", "MS-ASHTTP_R283")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_what_a_server_says_depends_on_the_version_of_the_request(version: str) -> None:
    """Without a policy key: 449 up to 12.1, the Status 142 from 14.0 on."""
    mailbox = sample_mailbox("alice", "secret", mails=1)
    with EASServer(mailbox, versions=(version,), policy=EASProvisionDoc()) as server:
        headers = {
            "Authorization": basic("alice", "secret")(), "Content-Type": WBXML, "MS-ASProtocolVersion": version,
        }  # fmt: skip
        body = wbxml.encode(FolderSync(sync_key="0"))
        posted = requested(server, "POST", POSTED, headers, body)
        if version == "12.1":
            assert posted.status == 449
        else:
            assert (posted.status, wbxml.decode(posted.data).root.findtext("FolderHierarchy:Status")) == (200, "142")
