"""Requests as HTTP carries them. Source: [MS-ASHTTP] sections 2.1, 2.2.1 and 3.1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import wbxml
from activesync import Client, MemoryStore
from activesync.auth import basic
from activesync.commands import FolderSync
from activesync.query import COMMAND_CODES, Query, parse_query
from activesync.testing import EASServer, sample_mailbox
from activesync.testing.request import Request

from .samples import DATA
from .script import Canned, Script, session

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
