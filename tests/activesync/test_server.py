"""The embedded server, driven by raw HTTP requests: with bytes of other programs where there are any, with our Models
where there are none. Each test tells the rule that it is about by Microsoft's id.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme

import wbxml
from activesync.commands import (
    COMMANDS,
    POLICY_TYPE,
    Add,
    And,
    Change,
    Collection,
    Conflict,
    Delete,
    DeviceInformation,
    DeviceInformationRequest,
    EASProvisionDoc,
    EstimateCollection,
    EstimateCollection121,
    Fetch,
    FilterType,
    FolderAdd,
    FolderChange,
    FolderRemoval,
    FolderSync,
    FolderType,
    GALStore,
    GetItemEstimate,
    GetItemEstimate121,
    GreaterThan,
    LessThan,
    Oof,
    OofGet,
    OofMessage,
    OofRequest,
    OofState,
    Options,
    Or,
    PictureOptions,
    PolicyRequest,
    Provision,
    Query,
    RemoteWipe,
    Search,
    SearchGAL,
    SearchOptions,
    SearchStore,
    Settings,
    SoftDelete,
    SupportedContacts,
    Sync,
    UserInformationRequest,
)
from activesync.items import (
    Body,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Contact,
    Email,
    EventException,
    Flag,
    FlagStatus,
    Location,
    MIMESupport,
    Note,
    Recurrence,
    RecurrenceType,
    Task,
)
from activesync.testing import (
    Answer,
    EASServer,
    Fault,
    File,
    Folder,
    Mailbox,
    faults,
    plugin,
    sample_directory,
    sample_mailbox,
)
from activesync.testing.content import Content, body_for

from .schemas import faults as schema_faults

DATA = Path(__file__).parent.parent / "data"
PATH = "/Microsoft-Server-ActiveSync"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def captured(name: str) -> bytes:
    return (DATA / "sogo" / f"{name}.wbxml").read_bytes()


class Phone:
    """A client of one connection that sends what it is told."""

    def __init__(
        self,
        server: EASServer,
        *,
        version: str = "16.1",
        user: str = "alice",
        password: str = "secret",
        device: str = "phone1",
        context: ssl.SSLContext | None = None,
    ) -> None:
        host, _, port = server.host.partition(":")
        self.connection = (
            http.client.HTTPConnection(host, int(port), timeout=20)
            if context is None
            else http.client.HTTPSConnection(host, int(port), timeout=20, context=context)
        )
        self.version = version
        self.user = user
        self.device = device
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        self.policy_key: str | None = None

    def send(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(method, target, body or None, {**self.headers, **(headers or {})})
        response = self.connection.getresponse()
        return response, response.read()

    def post(self, command: str, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {"MS-ASProtocolVersion": self.version}
        if body:
            headers["Content-Type"] = "application/vnd.ms-sync.wbxml"
        if self.policy_key is not None:
            headers["X-MS-PolicyKey"] = self.policy_key
        query = f"Cmd={command}&User={self.user}&DeviceId={self.device}&DeviceType=Phone"
        return self.send("POST", f"{PATH}?{query}", body, headers)

    def run(self, command: Any) -> Any:
        """The response to a command, None for an empty one; ``command`` may be a name and bytes."""
        name, body = (
            command if isinstance(command, tuple) else (command.name, wbxml.encode(command, version=self.version))
        )
        response, data = self.post(name, body)
        assert response.status == 200, (response.status, data)
        return wbxml.decode(data, type=COMMANDS[name].response) if data else None

    def folders(self, key: str = "0") -> Any:
        return self.run(FolderSync(sync_key=key))

    def sync(self, key: str, folder: str = "1", **values: Any) -> Any:
        """The answer for one collection, None where there is none."""
        answer = self.run(Sync(collections=[Collection(sync_key=key, collection_id=folder, **values)]))
        if answer is None:
            return None
        assert answer.status is None, answer.status
        return answer.collections[0]

    def status(self, **values: Any) -> int:
        """The Status of the whole Sync, for requests that are refused."""
        answer = self.run(Sync(**values))
        assert not answer.collections
        return int(answer.status)

    def start(self, folder: str = "1", **values: Any) -> str:
        """The first key of a folder."""
        return str(self.sync("0", folder, **values).sync_key)

    def all(self, folder: str = "1", **values: Any) -> tuple[str, list[Any]]:
        """The last key and everything that the server has to say."""
        key, found = self.start(folder), []
        while (answer := self.sync(key, folder, **values)) is not None:
            key = answer.sync_key
            found += answer.commands
            if not answer.more_available:
                break
        return key, found


def mail(subject: str = "Hello", when: datetime = NOW, **values: Any) -> Email:
    return Email(subject=subject, from_="bob@example.test", to="alice@example.test", date_received=when, **values)


@pytest.fixture(autouse=True)
def valid(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All that the server answers of itself in these tests is as Microsoft's schemas have it, from 14.1 on."""
    wrong: list[tuple[str, list[str]]] = []
    carry_out = EASServer._carry_out

    def looked_at(self: EASServer, request: Any, authorization: str) -> Answer:
        answer = carry_out(self, request, authorization)
        if answer.status == 200 and answer.body and request.version >= "14.1":
            found = schema_faults(request.command, answer.body)
            wrong.extend([(request.command, found)] if found else [])
        return answer

    monkeypatch.setattr(EASServer, "_carry_out", looked_at)
    yield
    assert wrong == []


@pytest.fixture
def mailbox() -> Mailbox:
    made = Mailbox("alice", "secret", name="Alice Example")
    made.now = lambda: NOW
    return made


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[EASServer]:
    with EASServer(mailbox) as running:
        yield running


@pytest.fixture
def phone(server: EASServer) -> Iterator[Phone]:
    made = Phone(server)
    made.folders()
    yield made
    made.connection.close()


@contextmanager
def closing(phone: Phone) -> Iterator[Phone]:
    yield phone
    phone.connection.close()


# HTTP


@pytest.mark.spec("MS-ASHTTP_R168")
def test_options_and_posts_share_a_connection(phone: Phone) -> None:
    response, body = phone.send("OPTIONS", PATH)
    assert (response.status, body) == (200, b"")
    assert response.headers["MS-ASProtocolVersions"] == "12.1,14.0,14.1,16.0,16.1"
    assert {"FolderSync", "Sync", "Search"} < set(response.headers["MS-ASProtocolCommands"].split(",")) <= set(COMMANDS)
    port = phone.connection.sock.getsockname()
    response, _ = phone.post("FolderSync", captured("FolderSync-initial.request"))
    assert response.headers["Content-Type"] == "application/vnd.ms-sync.wbxml"
    assert phone.connection.sock.getsockname() == port


def test_versions_can_be_chosen() -> None:
    with EASServer(versions=["12.1", "14.1"]) as server, closing(phone := Phone(server)):
        assert phone.send("OPTIONS", PATH)[0].headers["MS-ASProtocolVersions"] == "12.1,14.1"
        assert phone.post("FolderSync", captured("FolderSync-initial.request"))[0].status == 400
    with pytest.raises(ValueError, match=r"2\.5"):
        EASServer(versions=["2.5"])


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("mallory", "secret"), ("", "")])
def test_wrong_passwords_are_refused_and_the_connection_stays(server: EASServer, user: str, password: str) -> None:
    with closing(phone := Phone(server, user=user, password=password)):
        for _ in range(2):
            response, _ = phone.post("FolderSync", captured("FolderSync-initial.request"))
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Basic ")
        phone.headers = {}
        assert phone.send("OPTIONS", PATH)[0].status == 401
    assert "secret" not in repr(server) + repr(server.mailbox) + repr(server.requests)


@pytest.mark.parametrize("user", ["ALICE", "EXAMPLE\\alice", "alice@example.test"])
def test_a_user_has_several_names(server: EASServer, user: str) -> None:
    with closing(phone := Phone(server, user=user)):
        assert phone.send("OPTIONS", PATH)[0].status == 200


def test_what_is_no_request_for_activesync_is_refused(phone: Phone) -> None:
    assert phone.send("GET", PATH)[0].status == 405
    assert phone.send("POST", "/elsewhere")[0].status == 404
    assert phone.post("FlyToTheMoon", b"")[0].status == 501
    assert phone.post("FolderSync", b"")[0].status == 400
    assert phone.post("FolderSync", b"<?xml version='1.0'?><FolderSync/>")[0].status == 400
    assert phone.post("FolderSync", captured("FolderSync-initial.request")[:-1])[0].status == 400
    assert phone.post("FolderSync", captured("Settings-Oof-get.request"))[0].status == 400
    phone.version = "13.0"
    assert phone.post("FolderSync", captured("FolderSync-initial.request"))[0].status == 400
    phone.version, phone.device = "16.1", ""
    assert phone.post("FolderSync", captured("FolderSync-initial.request"))[0].status == 400
    response, _ = phone.send("POST", PATH + "?!!!", b"x", {"MS-ASProtocolVersion": "16.1"})
    assert response.status == 400
    phone.connection.putrequest("POST", PATH)
    phone.connection.putheader("Transfer-Encoding", "chunked")
    phone.connection.endheaders(b"0\r\n\r\n")
    assert phone.connection.getresponse().status == 411


def test_one_user_cannot_ask_for_another(server: EASServer) -> None:
    server.users["bob"] = Mailbox("bob", "pw")
    with closing(phone := Phone(server)):
        phone.user = "bob"
        assert phone.post("FolderSync", captured("FolderSync-initial.request"))[0].status == 403
    with closing(bob := Phone(server, user="bob", password="pw")):
        assert bob.folders().status == 1


@pytest.mark.spec("MS-ASHTTP_R18", "MS-ASHTTP_R426")
def test_a_base64_query_says_the_same(phone: Phone, server: EASServer) -> None:
    def field(value: bytes) -> bytes:
        return bytes([len(value)]) + value

    raw = bytes([161, 9, 9, 4]) + field(b"phone1") + field((77).to_bytes(4, "little")) + field(b"Phone")
    raw += bytes([8]) + field(b"alice")
    query = base64.b64encode(raw).decode()
    response, body = phone.send("POST", f"{PATH}?{query}", captured("FolderSync-initial.request"))
    assert response.status == 200
    assert wbxml.decode(body).root.tag == "FolderHierarchy:FolderSync"
    last = server.requests[-1]
    assert (last.command, last.device_id, last.device_type) == ("FolderSync", "phone1", "Phone")
    assert (last.version, last.policy_key, last.user) == ("16.1", "77", "alice")
    # The example of the specification, section 2.2.1.1.1.1: Provision is 20, FolderSync 9, here with version 14.0.
    response, _ = phone.send("POST", f"{PATH}?jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", captured("Sync-empty.request"))
    assert response.status == 200
    last = server.requests[-1]
    assert (last.command, last.version, last.device_id) == ("Sync", "14.0", "v140Device")
    assert phone.send("POST", f"{PATH}?jAAJBAp2")[0].status == 400


def test_answers_can_be_compressed_and_chunked() -> None:
    mailbox = sample_mailbox(mails=20, contacts=0, events=0, tasks=0, notes=0)
    with EASServer(mailbox, compress=True, chunk=1000) as server, closing(phone := Phone(server)):
        phone.folders()
        key = phone.start()
        phone.headers["Accept-Encoding"] = "gzip"
        body = wbxml.encode(Sync(collections=[Collection(sync_key=key, collection_id="1")]))
        response, data = phone.post("Sync", body)
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(wbxml.decode(gzip.decompress(data)).root.findall("AirSync:Collections/AirSync:Collection")) == 1
        del phone.headers["Accept-Encoding"]
        response, plain = phone.post("Sync", body)
        assert plain == gzip.decompress(data)


def test_tls_with_a_context_or_with_files(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(own)
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for part in certificate.cert_chain_pems:
        with chain.open("ab") as file:
            file.write(part.bytes())
    certificate.private_key_pem.write_to_path(str(key))
    for tls in (own, (chain, key)):
        with EASServer(tls=tls) as server:
            assert server.url.startswith("https://127.0.0.1:")
            # Someone who says nothing does not keep the others out.
            silent = socket.create_connection(("127.0.0.1", int(server.host.partition(":")[2])))
            with closing(phone := Phone(server, context=context)):
                assert phone.send("OPTIONS", PATH)[0].status == 200
            with closing(phone := Phone(server, context=ssl.create_default_context())), pytest.raises(ssl.SSLError):
                phone.send("OPTIONS", PATH)
            silent.close()


def test_a_server_can_be_stopped_and_started_again(mailbox: Mailbox) -> None:
    server = EASServer(mailbox)
    with server, closing(phone := Phone(server)):
        key = phone.folders().sync_key
        url = server.url
        with pytest.raises(RuntimeError):
            server.start()
    with pytest.raises(OSError, match="refused"):
        Phone(server).send("OPTIONS", PATH)
    with server, closing(phone := Phone(server)):
        assert server.url == url
        assert phone.folders(key).status == 1
    server.stop()


# Provision


POLICY = EASProvisionDoc(device_password_enabled=True, min_device_password_length=6)
INFORMATION = DeviceInformationRequest(set=DeviceInformation(model="Phone 1"))


def ask(phone: Phone, **values: Any) -> Any:
    return phone.run(Provision(policies=[PolicyRequest(policy_type=POLICY_TYPE)], **values))


def acknowledge(phone: Phone, key: str, status: int = 1) -> Any:
    return phone.run(Provision(policies=[PolicyRequest(policy_type=POLICY_TYPE, policy_key=key, status=status)]))


@pytest.mark.spec("MS-ASPROV_R379")
def test_no_policy_is_a_success(phone: Phone) -> None:
    answer = phone.run(("Provision", captured("Provision-1.request")))
    assert (answer.status, answer.device_information.status) == (1, 1)
    assert (answer.policies[0].status, answer.policies[0].policy_key) == (2, None)
    assert phone.folders().status == 1


@pytest.mark.spec("MS-ASPROV_R626", "MS-ASPROV_R639", "MS-ASPROV_R382", "MS-ASPROV_R607", "MS-ASCMD_R4905")
def test_provisioning_in_two_phases(mailbox: Mailbox) -> None:
    with EASServer(mailbox, policy=POLICY) as server, closing(phone := Phone(server)):
        assert phone.folders().status == 142
        phone.policy_key = "0"
        assert phone.run(Settings(user_information=UserInformationRequest(get=True))).status == 142
        phone.policy_key = "12345"
        assert phone.run(Sync(collections=[Collection(sync_key="0", collection_id="1")])).status == 144
        phone.policy_key = None
        assert ask(phone).status == 165  # 14.1 and later tell of the device at once
        offered = ask(phone, device_information=INFORMATION).policies[0]
        assert offered.data.eas_provision_doc == POLICY
        assert server.device("phone1").information == INFORMATION.set
        phone.policy_key = offered.policy_key
        assert phone.folders().status == 144  # the first key is good for the acknowledgement alone
        assert acknowledge(phone, "1").policies[0].status == 5
        assert acknowledge(phone, offered.policy_key, 3).status == 139
        final = acknowledge(phone, offered.policy_key).policies[0]
        assert final.policy_key not in (None, "0", offered.policy_key)
        # Asked again, because the answer was lost, the server gives the same.
        assert acknowledge(phone, offered.policy_key).policies[0].policy_key == final.policy_key
        phone.policy_key = final.policy_key
        assert phone.folders().status == 1
        server.rules.policy = EASProvisionDoc(device_password_enabled=False)
        assert phone.folders().status == 143
        offered = ask(phone, device_information=INFORMATION).policies[0]
        assert phone.folders().status == 143  # offered is not acknowledged
        phone.policy_key = acknowledge(phone, offered.policy_key).policies[0].policy_key
        assert phone.folders().status == 1
        wrong = Provision(device_information=INFORMATION, policies=[PolicyRequest(policy_type="MS-WAP")])
        assert phone.run(wrong).policies[0].status == 3


@pytest.mark.spec("MS-ASCMD_R7564", "MS-ASPROV_R608")
def test_before_14_0_provisioning_is_asked_for_by_http(mailbox: Mailbox) -> None:
    with EASServer(mailbox, policy=POLICY) as server, closing(phone := Phone(server, version="12.1")):
        assert phone.post("FolderSync", captured("FolderSync-initial.request"))[0].status == 449
        phone.policy_key = acknowledge(phone, ask(phone).policies[0].policy_key).policies[0].policy_key
        assert phone.folders().status == 1


@pytest.mark.spec("MS-ASCMD_R5280", "MS-ASPROV_R402", "MS-ASPROV_R622")
def test_a_wipe_is_asked_for_and_acknowledged(phone: Phone, server: EASServer) -> None:
    server.wipe("phone1")
    assert phone.folders().status == 140
    assert phone.run(Provision()).remote_wipe
    phone.run(Provision(remote_wipe=RemoteWipe(status=1)))
    assert server.device("phone1").wiped
    server.wipe("phone1", account_only=True)
    answer = phone.run(Provision())
    assert answer.account_only_remote_wipe and not answer.remote_wipe


# FolderSync


@pytest.mark.spec("MS-ASCMD_R4578", "MS-ASCMD_R4581")
def test_folders_are_told_once_and_their_changes_later(phone: Phone, mailbox: Mailbox) -> None:
    first = phone.run(("FolderSync", captured("FolderSync-initial.request")))
    assert {(add.display_name, add.type) for add in first.changes.changes} == {
        (folder.name, folder.type) for folder in mailbox.folders.values()
    }
    assert first.changes.count == len(mailbox.folders) == 9
    nothing = phone.folders(first.sync_key)
    assert (nothing.status, nothing.sync_key, nothing.changes.count) == (1, first.sync_key, 0)

    made = mailbox.add_folder("Würfel", parent_id="1")
    mailbox.rename_folder(FolderType.NOTES, "Zettel")
    mailbox.remove_folder(FolderType.TASKS)
    later = phone.folders(first.sync_key)
    assert later.changes.changes == [
        FolderChange(server_id="9", parent_id="0", display_name="Zettel", type=FolderType.NOTES),
        FolderRemoval(server_id="8"),
        FolderAdd(server_id=made.server_id, parent_id="1", display_name="Würfel", type=FolderType.USER_MAIL),
    ]
    assert later.sync_key != first.sync_key
    # The answer was lost: the same again. Once its key was used, the one before is gone.
    assert phone.folders(first.sync_key) == later
    assert phone.folders(later.sync_key).changes.count == 0
    assert phone.folders(first.sync_key).status == 9
    mailbox.remove_folder("1")  # and with it what is inside
    assert [change.server_id for change in phone.folders(later.sync_key).changes.changes] == ["1", made.server_id]


@pytest.mark.spec("MS-ASCMD_R4581")
def test_hierarchy_keys_that_stand_for_nothing(phone: Phone, server: EASServer) -> None:
    answer = phone.folders("nonsense")
    assert (answer.status, answer.sync_key) == (9, None)
    assert phone.run(FolderSync()).status == 10
    with closing(other := Phone(server, device="phone2")):
        assert other.folders("1").status == 9


def test_notes_are_hidden_from_early_versions(server: EASServer) -> None:
    with closing(old := Phone(server, version="12.1")):
        assert "Notes" not in [add.display_name for add in old.folders().changes.changes]
        assert old.sync("0", "9").status == 8


@pytest.mark.spec("MS-ASCMD_R4569", "MS-ASCMD_R4570", "MS-ASCMD_R5783", "MS-ASCMD_R5784", "MS-ASCMD_R4573")
def test_a_client_changes_folders(phone: Phone, mailbox: Mailbox) -> None:
    create, update, delete = (COMMANDS[f"Folder{name}"] for name in ("Create", "Update", "Delete"))
    key = phone.folders().sync_key

    def ask(command: Any, **values: Any) -> Any:
        return phone.run(command(**{"sync_key": key, **values}))

    new = {"parent_id": "0", "display_name": "Projekte", "type": FolderType.USER_MAIL}
    made = ask(create, **new)
    assert (made.status, mailbox.folders[made.server_id].name) == (1, "Projekte")
    assert ask(create, **new) == made  # sent again, since the answer was lost
    assert len(mailbox.folders) == 10
    key = made.sync_key
    assert phone.folders(key).changes.count == 0
    for values, status in (
        ({}, 2),
        ({"parent_id": "99"}, 5),
        ({"type": FolderType.INBOX}, 10),
        ({"display_name": ""}, 10),
        ({"sync_key": "nonsense"}, 9),
    ):
        answer = ask(create, **{**new, **values})
        assert (answer.status, answer.sync_key) == (status, None)
    inside = ask(create, **{**new, "parent_id": made.server_id})
    key = inside.sync_key
    for values, status in (
        ({"server_id": "99"}, 4),
        ({"server_id": "1"}, 2),
        ({"parent_id": inside.server_id}, 5),
        ({"parent_id": "0", "display_name": "inbox"}, 2),
    ):
        moved = {"server_id": made.server_id, "parent_id": "1", "display_name": "Archiv", **values}
        answer = ask(update, **moved)
        assert (answer.status, answer.sync_key) == (status, None)
    key = ask(update, server_id=made.server_id, parent_id="1", display_name="Archiv").sync_key
    assert (mailbox.folders[made.server_id].parent_id, mailbox.folders[made.server_id].name) == ("1", "Archiv")
    assert [ask(delete, server_id=one).status for one in ("1", "99")] == [3, 4]
    key = ask(delete, server_id=made.server_id).sync_key
    assert len(mailbox.folders) == 9
    # The one within has gone with it, which the next FolderSync tells.
    assert [one.server_id for one in phone.folders(key).changes.changes] == [inside.server_id]
    assert phone.run(("FolderCreate", captured("FolderCreate.request"))).status == 9


# The keys of Sync


@pytest.mark.spec("MS-ASCMD_R4454", "MS-ASCMD_R4447")
def test_folders_come_first(server: EASServer, mailbox: Mailbox) -> None:
    with closing(phone := Phone(server)):
        assert phone.status(collections=[Collection(sync_key="0", collection_id="1")]) == 12
        key = phone.folders().sync_key
        assert phone.sync("0", "99").status == 8  # the device could know
        mailbox.remove_folder(FolderType.NOTES)
        assert phone.sync("0", "9").status == 12  # the device has to ask
        phone.folders(key)
        assert phone.sync("0", "9").status == 8
        assert phone.run(("Sync", captured("Sync-badfolder.request"))).collections[0].status == 8


@pytest.mark.spec("MS-ASCMD_R3128", "MS-ASCMD_R5838", "MS-ASCMD_R3129", "MS-ASCMD_R5839", "MS-ASCMD_R5555")
def test_the_first_request_asks_for_nothing(phone: Phone, mailbox: Mailbox) -> None:
    mailbox.add(FolderType.INBOX, mail())
    for get_changes in (None, False):
        answer = phone.sync("0", get_changes=get_changes)
        assert (answer.status, answer.commands) == (1, [])
        assert not answer.sync_key.isdigit()
    assert phone.status(collections=[Collection(sync_key="0", collection_id="1", get_changes=True)]) == 4
    empty = wbxml.from_xml(
        '<Sync xmlns="AirSync"><Collections><Collection><SyncKey>0</SyncKey><CollectionId>1</CollectionId><GetChanges/>'
        "</Collection></Collections></Sync>"
    )
    assert phone.run(("Sync", empty)).status == 4


@pytest.mark.spec("MS-ASCMD_R4425", "MS-ASCMD_R4427")
def test_keys_advance_and_older_ones_are_refused(phone: Phone, mailbox: Mailbox) -> None:
    for number in range(3):
        mailbox.add(FolderType.INBOX, mail(f"mail {number}"))
    keys = [phone.start()]
    for _ in range(3):
        keys.append(phone.sync(keys[-1], window_size=1).sync_key)
    assert len(set(keys)) == 4
    for old in keys[:2]:
        answer = phone.sync(old, window_size=1)
        assert (answer.status, answer.sync_key, answer.commands) == (3, "0", [])
    assert phone.sync("nonsense").status == 3
    assert phone.run(("Sync", captured("Sync-contacts-badkey.request"))).collections[0].status == 8
    assert phone.sync(keys[-1]) is None


@pytest.mark.spec("MS-ASCMD_R5121", "MS-ASCMD_R5122")
def test_a_lost_answer_is_sent_again(phone: Phone, mailbox: Mailbox) -> None:
    for number in range(5):
        mailbox.add(FolderType.INBOX, mail(f"mail {number}"))
    body = wbxml.encode(Sync(collections=[Collection(sync_key=phone.start(), collection_id="1", window_size=2)]))
    _, first = phone.post("Sync", body)
    mailbox.add(FolderType.INBOX, mail("meanwhile"))
    assert phone.post("Sync", body)[1] == first
    # With a new connection, too.
    phone.connection.close()
    assert phone.post("Sync", body)[1] == first
    key = wbxml.decode(first).root.findtext("AirSync:Collections/AirSync:Collection/AirSync:SyncKey")
    rest = phone.sync(key, window_size=10)
    assert [add.item.subject for add in rest.commands] == ["meanwhile", "mail 2", "mail 1", "mail 0"]
    assert not rest.more_available
    answer = wbxml.decode(phone.post("Sync", body)[1], type=COMMANDS["Sync"].response)
    assert answer.collections[0].status == 3


@pytest.mark.spec("MS-ASCMD_R5121", "MS-ASCMD_R962")
def test_changes_of_a_lost_answer_are_made_once(phone: Phone, mailbox: Mailbox) -> None:
    old = mailbox.add(FolderType.CONTACTS, Contact(first_name="Old"))
    key, _ = phone.all("7")
    commands = [
        Add(client_id="c1", item=Contact(first_name="New")),
        Change(server_id=old, item=Contact(first_name="Changed")),
    ]
    first = phone.sync(key, "7", commands=commands)
    assert phone.sync(key, "7", commands=commands) == first
    assert [item.first_name for item in mailbox.items(FolderType.CONTACTS).values()] == ["Changed", "New"]
    # Another request with the old key: the answer will never come. The known ClientId gets the ServerId it had.
    commands.append(Add(client_id="c2", item=Contact(first_name="Newer")))
    second = phone.sync(key, "7", commands=commands)
    assert second.responses[0] == first.responses[0]
    assert second.sync_key != first.sync_key
    assert [item.first_name for item in mailbox.items(FolderType.CONTACTS).values()] == ["Changed", "New", "Newer"]
    assert second.commands == []
    assert phone.sync(first.sync_key, "7").status == 3
    # A client that has forgotten its Adds is sent them as the server's.
    third = phone.sync(key, "7")
    assert [(type(one), one.item.first_name) for one in third.commands] == [
        (Change, "Changed"),
        (Add, "Newer"),
        (Add, "New"),
    ]


def test_a_lost_delete_is_no_failure(phone: Phone, mailbox: Mailbox) -> None:
    old = mailbox.add(FolderType.CONTACTS, Contact(first_name="Old"))
    key, _ = phone.all("7")
    assert phone.sync(key, "7", commands=[Delete(server_id=old)]).responses == []
    other = phone.sync(key, "7", get_changes=False, commands=[Delete(server_id=old)])
    assert (other.status, other.responses) == (1, [])


# Sync: what comes down


@pytest.mark.spec("MS-ASCMD_R4767", "MS-ASCMD_R4768", "MS-ASCMD_R4765", "MS-ASCMD_R4771", "MS-ASCMD_R3456")
@pytest.mark.parametrize(("window", "first"), [(None, 100), (0, 512), (600, 512), (512, 512), (7, 7)])
def test_windows(phone: Phone, mailbox: Mailbox, window: int | None, first: int) -> None:
    for number in range(520):
        mailbox.add(FolderType.INBOX, mail(f"mail {number}", read=True))
    key = phone.start()
    answer = phone.sync(key, window_size=window)
    assert (len(answer.commands), answer.more_available) == (first, True)
    assert answer.commands[0].item.subject == "mail 519"
    found = [*answer.commands]
    while answer.more_available:
        answer = phone.sync(answer.sync_key, window_size=512)
        found += answer.commands
    assert sorted(add.server_id for add in found) == sorted(mailbox.items(FolderType.INBOX))
    assert phone.sync(answer.sync_key) is None


@pytest.mark.spec("MS-ASCMD_R4776", "MS-ASCMD_R4777", "MS-ASCMD_R4778", "MS-ASCMD_R4782", "MS-ASCMD_R4783")
def test_several_collections_share_the_window(phone: Phone, mailbox: Mailbox) -> None:
    for number in range(10):
        mailbox.add(FolderType.INBOX, mail(f"mail {number}"))
        mailbox.add(FolderType.CONTACTS, Contact(first_name=f"contact {number}"))
        mailbox.add(FolderType.TASKS, Task(subject=f"task {number}"))
    first = phone.run(Sync(collections=[Collection(sync_key="0", collection_id=one) for one in ("1", "7", "8")]))
    keys = {one.collection_id: one.sync_key for one in first.collections}
    collections = [Collection(sync_key=keys[one], collection_id=one, window_size=6) for one in ("1", "7", "8")]
    answer = phone.run(Sync(window_size=8, collections=collections))
    assert [(one.collection_id, len(one.commands), one.more_available) for one in answer.collections] == [
        ("1", 6, True),
        ("7", 2, True),
    ]
    keys |= {one.collection_id: one.sync_key for one in answer.collections}
    # What a client sends is carried out, though there is no room for changes of the server.
    collections = [
        Collection(sync_key=keys["1"], collection_id="1"),
        Collection(sync_key=keys["7"], collection_id="7"),
        Collection(sync_key=keys["8"], collection_id="8", commands=[Add(client_id="c", item=Task(subject="mine"))]),
    ]
    answer = phone.run(Sync(window_size=5, collections=collections))
    assert [(one.collection_id, len(one.commands), one.more_available) for one in answer.collections] == [
        ("1", 4, False),
        ("7", 1, True),
        ("8", 0, True),
    ]
    assert answer.collections[2].responses[0].status == 1


@pytest.mark.spec("MS-ASCMD_R667", "MS-ASCMD_R673", "MS-ASCMD_R4456", "MS-ASCMD_R674")
def test_empty_requests_and_answers(phone: Phone, mailbox: Mailbox) -> None:
    assert phone.run(("Sync", captured("Sync-empty.request"))).status == 13
    assert phone.run(("Sync", captured("Sync-partial.request"))).status == 13
    key, contacts = phone.start(), phone.start("7")
    collections = [Collection(sync_key=key, collection_id="1"), Collection(sync_key=contacts, collection_id="7")]
    assert phone.run(Sync(collections=collections)) is None
    assert phone.run(("Sync", b"")) is None
    mailbox.add(FolderType.CONTACTS, Contact(first_name="Zoë"))
    answer = phone.run(("Sync", b""))
    assert [one.collection_id for one in answer.collections] == ["7"]
    # Of a partial request the rest is known.
    changed = Collection(sync_key=answer.collections[0].sync_key, collection_id="7")
    mailbox.add(FolderType.INBOX, mail())
    answer = phone.run(Sync(partial=True, collections=[changed]))
    assert [one.collection_id for one in answer.collections] == ["1"]
    # A request with changes is not repeated.
    phone.sync(changed.sync_key or "", "7", commands=[Add(client_id="c", item=Contact(first_name="A"))])
    assert phone.run(("Sync", b"")).status == 13


def test_empty_answers_can_be_spelt_out(phone: Phone, server: EASServer) -> None:
    key = phone.start()
    server.rules.empty_answers = False
    answer = phone.sync(key)
    assert (answer.status, answer.sync_key, answer.commands) == (1, key, [])


@pytest.mark.spec("MS-ASCMD_R5556", "MS-ASCMD_R3125")
def test_get_changes(phone: Phone, mailbox: Mailbox) -> None:
    key = phone.start("7")
    mailbox.add(FolderType.CONTACTS, Contact(first_name="server's"))
    assert phone.sync(key, "7", get_changes=False) is None
    answer = phone.sync(key, "7", get_changes=False, commands=[Add(client_id="c", item=Contact(first_name="client's"))])
    assert (answer.commands, answer.more_available, answer.responses[0].status) == ([], False, 1)
    answer = phone.sync(answer.sync_key, "7")
    assert [one.item.first_name for one in answer.commands] == ["server's"]


def test_changes_of_the_server(phone: Phone, mailbox: Mailbox) -> None:
    kept = mailbox.add(FolderType.INBOX, mail("kept"))
    read = mailbox.add(FolderType.INBOX, mail("read"))
    gone = mailbox.add(FolderType.INBOX, mail("gone"))
    moved = mailbox.add(FolderType.INBOX, mail("moved"))
    key, found = phone.all()
    assert [add.server_id for add in found] == [moved, gone, read, kept]
    contact = mailbox.add(FolderType.CONTACTS, Contact(first_name="Zoë", last_name="Müller"))
    contacts, _ = phone.all("7")

    mailbox.change(read, read=True)
    mailbox.change(kept, subject="changed", body="new text")
    mailbox.delete(gone)
    mailbox.move(moved, FolderType.DELETED_ITEMS)
    mailbox.change(contact, last_name=None)
    answer = phone.sync(key)
    changes = {change.server_id: change for change in answer.commands}
    # Of a mail that was only read or flagged, that alone is told.
    assert changes[read].item == Email(read=True, flag=Flag(), categories=[])
    assert (changes[kept].item.subject, changes[kept].item.body.data) == ("changed", "new text")
    assert [type(changes[one]) for one in (gone, moved)] == [Delete, Delete]
    assert [add.item.subject for add in phone.all("3")[1]] == ["moved"]
    assert phone.sync(contacts, "7").commands[0].item.last_name is None
    assert phone.sync(answer.sync_key) is None


@pytest.mark.spec("MS-ASCMD_R3064", "MS-ASCMD_R3063", "MS-ASCMD_R3967", "MS-ASCMD_R3599")
def test_filters_of_mail(phone: Phone, mailbox: Mailbox) -> None:
    new = mailbox.add(FolderType.INBOX, mail("new", NOW - timedelta(hours=20)))
    old = mailbox.add(FolderType.INBOX, mail("old", NOW - timedelta(days=2)))
    week = [Options(filter_type=FilterType.ONE_WEEK)]
    key = phone.start(options=week)
    answer = phone.sync(key)  # the options stay until there are others
    assert {add.server_id for add in answer.commands} == {new, old}
    answer = phone.sync(answer.sync_key, options=[Options(filter_type=FilterType.ONE_DAY)])
    assert answer.commands == [SoftDelete(server_id=old)]
    mailbox.now = lambda: NOW + timedelta(days=1)
    answer = phone.sync(answer.sync_key)
    assert answer.commands == [SoftDelete(server_id=new)]
    # Options that do not name a filter take it away.
    answer = phone.sync(answer.sync_key, options=[Options(conflict=Conflict.SERVER_WINS)])
    assert {add.server_id for add in answer.commands} == {new, old}


@pytest.mark.spec("MS-ASCMD_R3065", "MS-ASCMD_R5878", "MS-ASCMD_R3067")
def test_filters_of_events_and_tasks(phone: Phone, mailbox: Mailbox) -> None:
    def event(subject: str, days: int, recurrence: Recurrence | None = None) -> CalendarEvent:
        start = NOW + timedelta(days=days)
        return CalendarEvent(
            subject=subject, start_time=start, end_time=start + timedelta(hours=1), recurrence=recurrence
        )

    daily = Recurrence(type=RecurrenceType.DAILY, interval=1)
    until = Recurrence(type=RecurrenceType.DAILY, interval=1, until=NOW - timedelta(days=90))
    for one in (
        event("future", 30),
        event("recent", -10),
        event("long ago", -60),
        event("for ever", -300, daily),
        event("ended", -300, until),
    ):
        mailbox.add(FolderType.CALENDAR, one)
    options = [Options(filter_type=FilterType.TWO_WEEKS)]
    _, found = phone.all("6", options=options)
    assert {add.item.subject for add in found} == {"future", "recent", "for ever"}
    mailbox.add(FolderType.TASKS, Task(subject="done", complete=True))
    todo = mailbox.add(FolderType.TASKS, Task(subject="to do"))
    options = [Options(filter_type=FilterType.INCOMPLETE_TASKS)]
    key, found = phone.all("8", options=options)
    assert [add.server_id for add in found] == [todo]
    mailbox.change(todo, complete=True)
    assert phone.sync(key, "8").commands == [SoftDelete(server_id=todo)]


@pytest.mark.spec("MS-ASCMD_R3080", "MS-ASCMD_R3041", "MS-ASCMD_R3045", "MS-ASCMD_R3055", "MS-ASCMD_R3079")
@pytest.mark.parametrize(("folder", "wrong"), [("1", 8), ("1", 6), ("6", 1), ("6", 8), ("8", 2)])
def test_filters_that_a_class_does_not_know(phone: Phone, folder: str, wrong: int) -> None:
    options = [Options(filter_type=FilterType(wrong))]
    assert phone.status(collections=[Collection(sync_key="0", collection_id=folder, options=options)]) == 4
    for other in ("7", "9"):
        assert phone.sync("0", other, options=options).status == 1


@pytest.mark.spec("MS-ASAIRS_R300", "MS-ASAIRS_R202", "MS-ASCMD_R5567", "MS-ASCMD_R3399", "MS-ASAIRS_R2412")
def test_body_preferences(phone: Phone, mailbox: Mailbox) -> None:
    text, rich = "Grüße\r\n" * 20, "<html><body><p>Grüße</p></body></html>"
    plain = mailbox.add(FolderType.INBOX, mail("plain", body=Body(type=BodyType.PLAIN_TEXT, data=text)))
    html = mailbox.add(FolderType.INBOX, mail("html"), html=rich, files=[File("a.csv", "text/csv", b"1;2\r\n")])

    def bodies(*preferences: BodyPreference, **values: Any) -> dict[str, Email]:
        options = [Options(body_preferences=list(preferences), **values)]
        return {add.server_id: add.item for add in phone.all(options=options)[1]}

    found = bodies()
    assert (found[plain].body.type, found[plain].body.data) == (BodyType.PLAIN_TEXT, text)
    assert (found[html].body.type, found[html].body.data) == (BodyType.PLAIN_TEXT, "Grüße")
    assert (found[plain].native_body_type, found[html].native_body_type) == (1, 2)
    found = bodies(BodyPreference(type=BodyType.HTML, truncation_size=30))
    assert (found[html].body.type, found[html].body.truncated) == (BodyType.HTML, True)
    assert (found[html].body.data, found[html].body.estimated_data_size) == (rich[:28], 40)
    assert found[plain].body.data.startswith("<html><body>Gr")
    # What was written in one form goes before what is made of it; a cut leaves no half character.
    found = bodies(
        BodyPreference(type=BodyType.HTML), BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=3, preview=4)
    )
    assert [found[one].body.type for one in (plain, html)] == [BodyType.PLAIN_TEXT, BodyType.HTML]
    assert (found[plain].body.data, found[plain].body.preview) == ("Gr", "Grüß")
    assert found[html].body.truncated is False
    found = bodies(BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=0))
    assert (found[plain].body.data, found[plain].body.estimated_data_size) == (None, len(text.encode()))
    # MIME only where MIMESupport says so.
    found = bodies(BodyPreference(type=BodyType.MIME))
    assert [found[one].body.type for one in (plain, html)] == [BodyType.PLAIN_TEXT, BodyType.HTML]
    found = bodies(BodyPreference(type=BodyType.MIME), mime_support=MIMESupport.ALWAYS)
    assert [found[one].body.type for one in (plain, html)] == [BodyType.MIME, BodyType.MIME]
    assert found[html].body.data.startswith("From: bob@example.test\r\n")
    assert "a.csv" in found[html].body.data and rich in found[html].body.data
    again = bodies(BodyPreference(type=BodyType.MIME), mime_support=MIMESupport.ALWAYS, mime_truncation=0)
    assert again[html].body.estimated_data_size == len(found[html].body.data.encode())
    assert (again[html].body.truncated, again[html].body.data) == (True, None)
    attachment = found[html].attachments[0]
    assert (attachment.display_name, attachment.estimated_data_size) == ("a.csv", 5)


@pytest.mark.spec("MS-ASAIRS_R78", "MS-ASAIRS_R385", "MS-ASAIRS_R75")
def test_all_or_none(phone: Phone) -> None:
    content = Content("t" * 60, "<p>" + "h" * 60)
    first = BodyPreference(type=BodyType.HTML, truncation_size=50, all_or_none=True)
    text = BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=50)
    assert body_for(content, [first, text]) == Body(
        type=BodyType.PLAIN_TEXT, estimated_data_size=60, truncated=True, data="t" * 50
    )
    none = body_for(content, [first])
    assert (none.type, none.truncated, none.data, none.estimated_data_size) == (BodyType.HTML, True, None, 63)
    first.truncation_size = None
    assert body_for(content, [first, text]).data == content.html
    rtf = BodyPreference(type=BodyType.RTF)
    assert body_for(content, [rtf]).data == content.html


def test_a_message_arrives_as_it_was_sent(phone: Phone, mailbox: Mailbox) -> None:
    message = EmailMessage()
    message["From"] = "Åsa <asa@example.test>"
    message["To"] = "alice@example.test"
    message["Subject"] = "Grüße aus Göteborg"
    message["Date"] = "Mon, 23 Nov 2026 10:00:00 +0100"
    message["Importance"] = "high"
    message.set_content("Hej!\n")
    message.add_alternative("<p>Hej!</p>", subtype="html")
    message.add_attachment(b"\0\1", maintype="application", subtype="octet-stream", filename="blob.bin")
    server_id = mailbox.deliver(message, read=True)
    options = [Options(mime_support=MIMESupport.ALWAYS, body_preferences=[BodyPreference(type=BodyType.MIME)])]
    _, (add,) = phone.all(options=options)
    assert add.server_id == server_id
    item = add.item
    assert (item.subject, item.from_, item.read, item.importance) == (
        "Grüße aus Göteborg",
        "Åsa <asa@example.test>",
        True,
        2,
    )
    assert item.date_received == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert item.body.data.encode() == mailbox.stored(server_id)[1].mime()
    assert item.attachments[0].display_name == "blob.bin"
    mailbox.deliver(b"Subject: broken\r\nDate: nonsense\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff")
    assert "broken" in [add.item.subject for add in phone.all()[1]]


@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_each_version_gets_what_it_knows(version: str) -> None:
    mailbox = sample_mailbox(mails=60, contacts=20, events=40, tasks=10, notes=5, now=NOW)
    with EASServer(mailbox) as server, closing(phone := Phone(server, version=version)):
        folders = phone.folders().changes.changes
        counts = {}
        for folder in folders:
            if folder.type is FolderType.OUTBOX:
                continue
            _, found = phone.all(folder.server_id)
            counts[folder.type] = len(found)
            for add in found:
                assert not add.item.problems
                if isinstance(add.item, CalendarEvent):
                    assert (add.item.location is None) == (version >= "16.0")
                    assert (add.item.place is None) == (version < "16.0")
                if isinstance(add.item, Email):
                    assert (add.item.conversation_id is None) == (version < "14.0")
        assert counts[FolderType.INBOX] == 54
        assert (counts[FolderType.CALENDAR], counts[FolderType.TASKS]) == (40, 10)
        assert (FolderType.NOTES in counts) == (version >= "14.0")
        # Up to 12.1 the class is told with the collection.
        answer = phone.sync("0")
        assert answer.cls == ("Email" if version == "12.1" else None)


# Sync: what goes up


@pytest.mark.spec("MS-ASCMD_R759", "MS-ASCMD_R6234", "MS-ASCMD_R6413", "MS-ASCMD_R5846", "MS-ASCMD_R957")
def test_only_failures_of_changes_are_told(phone: Phone, mailbox: Mailbox) -> None:
    contact = mailbox.add(FolderType.CONTACTS, Contact(first_name="A"))
    other = mailbox.add(FolderType.CONTACTS, Contact(first_name="B"))
    key, _ = phone.all("7")
    answer = phone.sync(
        key,
        "7",
        commands=[
            Change(server_id=contact, item=Contact(first_name="Changed")),
            Change(server_id="7:999", item=Contact(first_name="Nobody")),
            Delete(server_id=other),
            Delete(server_id="7:998"),
            Add(client_id="c1", item=Contact(first_name="New")),
            Add(client_id="c2"),
            Add(client_id="c3", item=Task(subject="no contact")),
            Fetch(server_id=contact),
            Fetch(server_id="7:997"),
        ],
    )
    shown = [(type(one).__name__, getattr(one, "client_id", None), one.status) for one in answer.responses]
    assert shown == [
        ("ChangeResponse", None, 8),
        ("DeleteResponse", None, 8),
        ("AddResponse", "c1", 1),
        ("AddResponse", "c2", 6),
        ("AddResponse", "c3", 6),
        ("FetchResponse", None, 1),
        ("FetchResponse", None, 8),
    ]
    assert answer.responses[5].item.first_name == "Changed"
    assert answer.commands == []  # what the client has done itself does not come back
    assert [item.first_name for item in mailbox.items(FolderType.CONTACTS).values()] == ["Changed", "New"]
    assert answer.responses[2].server_id in mailbox.items(FolderType.CONTACTS)
    assert phone.sync(answer.sync_key, "7") is None


@pytest.mark.spec("MS-ASCMD_R2159", "MS-ASCMD_R2161", "MS-ASCMD_R5874", "MS-ASCMD_R5875")
def test_deletes_move_unless_told_otherwise(phone: Phone, mailbox: Mailbox) -> None:
    first, second, third = (mailbox.add(FolderType.INBOX, mail(name)) for name in ("first", "second", "third"))
    key, _ = phone.all()
    key = phone.sync(key, commands=[Delete(server_id=first)]).sync_key
    key = phone.sync(key, deletes_as_moves=False, commands=[Delete(server_id=second)]).sync_key
    phone.sync(key, deletes_as_moves=True, commands=[Delete(server_id=third)])
    assert [item.subject for item in mailbox.items(FolderType.DELETED_ITEMS).values()] == ["first", "third"]
    key, found = phone.all("3")
    phone.sync(key, "3", commands=[Delete(server_id=found[0].server_id)])
    assert len(mailbox.items(FolderType.DELETED_ITEMS)) == 1


@pytest.mark.spec("MS-ASCMD_R873", "MS-ASCMD_R5825", "MS-ASCMD_R755", "MS-ASEMAIL_R408", "MS-ASEMAIL_R409")
def test_mails_are_marked_and_not_rewritten(phone: Phone, mailbox: Mailbox) -> None:
    server_id = mailbox.add(FolderType.INBOX, mail("mine", body=Body(type=BodyType.PLAIN_TEXT, data="text")))
    key, _ = phone.all()
    flag = Flag(status=FlagStatus.ACTIVE, flag_type="Follow up")
    dated = Flag(status=FlagStatus.ACTIVE, flag_type="Follow up", start_date=NOW)
    answer = phone.sync(
        key,
        commands=[
            Change(server_id=server_id, item=Email(read=True, flag=flag, subject="yours")),
            Change(server_id=server_id, item=Email(flag=dated)),
            Add(client_id="c", item=mail("from the client")),
        ],
    )
    assert [one.status for one in answer.responses] == [6, 6]
    item = mailbox.item(server_id)
    assert isinstance(item, Email)
    assert (item.subject, item.read, item.flag) == ("mine", True, flag)
    phone.sync(answer.sync_key, commands=[Change(server_id=server_id, item=Email(flag=Flag()))])
    item = mailbox.item(server_id)
    assert isinstance(item, Email) and item.flag == Flag() and item.read


def test_drafts_from_16_0_on(phone: Phone, mailbox: Mailbox, server: EASServer) -> None:
    key = phone.start("2")
    draft = Email(to="bob@example.test", subject="Draft", body=Body(type=BodyType.PLAIN_TEXT, data="text"))
    message = EmailMessage()
    message["Subject"] = "As MIME"
    message.set_content("whole\n")
    mime = Email(read=True, body=Body(type=BodyType.MIME, data=message.as_string()))
    commands = [
        Add(client_id="a", item=draft),
        Add(client_id="b", item=mime),
        Add(client_id="c", send=True, item=draft),
    ]
    answer = phone.sync(key, "2", commands=commands)
    assert [one.status for one in answer.responses] == [1, 1, 1]
    assert answer.responses[2].server_id is None
    first, second = mailbox.items(FolderType.DRAFTS).values()
    assert isinstance(first, Email) and isinstance(second, Email)
    assert (first.subject, first.is_draft) == ("Draft", True)
    assert (second.subject, second.read) == ("As MIME", True)
    assert second.body is not None and second.body.data == "whole\r\n"
    sent = list(mailbox.items(FolderType.SENT_ITEMS).values())
    assert [getattr(item, "subject", "") for item in sent] == ["Draft"]
    server_id = answer.responses[0].server_id
    change = Change(server_id=server_id, item=Email(subject="Final", body=Body(type=BodyType.PLAIN_TEXT, data="new")))
    key = phone.sync(answer.sync_key, "2", commands=[change]).sync_key
    changed = mailbox.item(server_id)
    assert isinstance(changed, Email) and changed.subject == "Final" and changed.to == "bob@example.test"
    phone.sync(key, "2", commands=[Change(server_id=server_id, send=True, item=Email(read=True))])
    assert len(mailbox.items(FolderType.SENT_ITEMS)) == 2
    with closing(old := Phone(server, version="14.1", device="old")):
        old.folders()
        answer = old.sync(old.start("2"), "2", get_changes=False, commands=[Add(client_id="a", item=draft)])
        assert answer.responses[0].status == 6


@pytest.mark.spec("MS-ASCMD_R879", "MS-ASCMD_R878")
def test_what_a_contact_leaves_out_is_deleted(phone: Phone, mailbox: Mailbox) -> None:
    body = Body(type=BodyType.PLAIN_TEXT, data="a note")
    server_id = mailbox.add(
        FolderType.CONTACTS,
        Contact(first_name="A", last_name="B", title="Dr", categories=["x"], picture=b"png", body=body),
    )
    key, _ = phone.all("7")
    change = Change(server_id=server_id, item=Contact(first_name="A", title=""))
    key = phone.sync(key, "7", commands=[change]).sync_key
    item = mailbox.item(server_id)
    assert item == Contact(first_name="A", title="", picture=b"png", file_as="A", body=body)
    # A change that has nothing of a contact's own is one of a contact nevertheless.
    body = Body(type=BodyType.PLAIN_TEXT, data="another note")
    phone.sync(key, "7", commands=[Change(server_id=server_id, item=Contact(body=body))])
    assert mailbox.item(server_id) == Contact(picture=b"png", body=body)


@pytest.mark.spec("MS-ASCMD_R5906", "MS-ASCMD_R5909", "MS-ASCMD_R5911", "MS-ASCMD_R5912", "MS-ASCMD_R4552")
@pytest.mark.parametrize(
    ("supported", "title", "department"),
    [
        (None, None, None),
        (SupportedContacts(), "Dr", "Sales"),
        (SupportedContacts(title=True, first_name=True), None, "Sales"),
    ],
)
def test_ghosted_properties_stay(
    phone: Phone, mailbox: Mailbox, supported: Any, title: str | None, department: str | None
) -> None:
    server_id = mailbox.add(FolderType.CONTACTS, Contact(first_name="A", title="Dr", department="Sales"))
    key = phone.sync("0", "7", supported=supported).sync_key
    key = phone.sync(key, "7", supported=SupportedContacts()).sync_key  # too late: ignored
    phone.sync(key, "7", commands=[Change(server_id=server_id, item=Contact(first_name="B"))])
    item = mailbox.item(server_id)
    assert isinstance(item, Contact)
    assert (item.first_name, item.title, item.department) == ("B", title, department)


@pytest.mark.spec("MS-ASCMD_R6236", "MS-ASCMD_R6237", "MS-ASCMD_R877", "MS-ASCAL_R2088", "MS-ASCAL_R2135")
def test_events_keep_what_is_left_out_from_16_0_on(server: EASServer, mailbox: Mailbox) -> None:
    start = NOW + timedelta(days=1)
    event = CalendarEvent(
        subject="Lunch",
        location="Room 1",
        start_time=start,
        end_time=start + timedelta(hours=1),
        recurrence=Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=2),
        reminder=15,
    )
    first, second = mailbox.add(FolderType.CALENDAR, event), mailbox.add(FolderType.CALENDAR, event)
    with closing(new := Phone(server)), closing(old := Phone(server, version="14.1", device="old")):
        for phone in (new, old):
            phone.folders()
        key, found = new.all("6")
        assert found[0].item.place == Location(display_name="Room 1")
        instance = start + timedelta(weeks=1)
        answer = new.sync(
            key,
            "6",
            commands=[
                Change(server_id=first, item=CalendarEvent(subject="Dinner", place=Location(display_name="Room 2"))),
                Change(server_id=first, instance_id=instance, item=CalendarEvent(subject="Late lunch")),
                Delete(server_id=first, instance_id=instance + timedelta(weeks=1)),
                Change(server_id=first, item=CalendarEvent(uid="x", subject="no")),
                Add(
                    client_id="c1", item=CalendarEvent(client_uid="u1", subject="New", start_time=start, end_time=start)
                ),
                Add(
                    client_id="c2", item=CalendarEvent(client_uid="u1", subject="New", start_time=start, end_time=start)
                ),
            ],
        )
        assert [one.status for one in answer.responses] == [6, 1, 1]
        assert answer.responses[1].server_id == answer.responses[2].server_id
        item = mailbox.item(first)
        assert isinstance(item, CalendarEvent)
        assert (item.subject, item.location, item.reminder, item.recurrence is not None) == (
            "Dinner",
            "Room 2",
            15,
            True,
        )
        assert item.exceptions is not None
        assert [(one.subject, one.deleted) for one in item.exceptions] == [("Late lunch", None), (None, True)]

        commands = [Change(server_id=first, item=CalendarEvent(location="of another version"))]
        collection = Collection(sync_key=answer.sync_key, collection_id="6", commands=list(commands))
        answer = new.run(("Sync", wbxml.encode(Sync(collections=[collection])))).collections[0]
        assert answer.responses[0].status == 6

        key, found = old.all("6")
        shown = next(add.item for add in found if add.server_id == first)
        assert shown.exceptions[0].exception_start_time == instance and shown.exceptions[0].instance_id is None
        again = CalendarEvent(
            subject="Late again",
            recurrence=event.recurrence,
            exceptions=[EventException(exception_start_time=instance, subject="Later still")],
        )
        short = CalendarEvent(subject="Short", location="Room 3")
        commands = [Change(server_id=first, item=again), Change(server_id=second, item=short)]
        assert old.sync(key, "6", commands=commands).responses == []
        item = mailbox.item(first)
        assert isinstance(item, CalendarEvent) and item.exceptions is not None
        # An exception that is left out stays as it is.
        assert [(one.subject, one.deleted) for one in item.exceptions] == [(None, True), ("Later still", None)]
        assert item.exceptions[1].instance_id == instance
        item = mailbox.item(second)
        assert isinstance(item, CalendarEvent)
        assert (item.subject, item.reminder, item.recurrence) == ("Short", None, None)
        assert item.place == Location(display_name="Room 3") and item.uid is not None


@pytest.mark.spec("MS-ASCMD_R2066", "MS-ASCMD_R2067", "MS-ASCMD_R2069")
@pytest.mark.parametrize("conflict", [None, Conflict.SERVER_WINS, Conflict.CLIENT_WINS])
def test_conflicts(phone: Phone, mailbox: Mailbox, conflict: Conflict | None) -> None:
    server_id = mailbox.add(FolderType.CONTACTS, Contact(first_name="A", file_as="a"))
    key, _ = phone.all("7", options=[Options(conflict=conflict)])
    mailbox.change(server_id, first_name="server's")
    answer = phone.sync(
        key, "7", commands=[Change(server_id=server_id, item=Contact(first_name="client's", file_as="a"))]
    )
    wins = "client's" if conflict is Conflict.CLIENT_WINS else "server's"
    assert [one.status for one in answer.responses] == ([] if conflict is Conflict.CLIENT_WINS else [7])
    assert [change.item.first_name for change in answer.commands] == [wins]
    item = mailbox.item(server_id)
    assert isinstance(item, Contact) and item.first_name == wins
    assert phone.sync(answer.sync_key, "7") is None
    # An item that is gone is not found, and the client told to delete it.
    mailbox.delete(server_id)
    answer = phone.sync(answer.sync_key, "7", commands=[Change(server_id=server_id, item=Contact(first_name="x"))])
    assert (answer.responses[0].status, answer.commands) == (8, [Delete(server_id=server_id)])


# Sync: requests that are refused


@pytest.mark.spec("MS-ASCMD_R975", "MS-ASCMD_R4546", "MS-ASCMD_R4545")
@pytest.mark.parametrize(
    "inside",
    [
        "<CollectionId>1</CollectionId><SyncKey>0</SyncKey>",
        "<SyncKey>0</SyncKey><CollectionId>1</CollectionId><WindowSize>5</WindowSize><GetChanges>0</GetChanges>",
        "<SyncKey>0</SyncKey>",
        "<CollectionId>1</CollectionId>",
        "<Class>Email</Class><SyncKey>0</SyncKey><CollectionId>1</CollectionId>",
        "<SyncKey>0</SyncKey><CollectionId>1</CollectionId><Options><FilterType>9</FilterType></Options>",
        "<SyncKey>0</SyncKey><CollectionId>1</CollectionId><WindowSize>many</WindowSize>",
        "<SyncKey>0</SyncKey><CollectionId>1</CollectionId><Truncation>4</Truncation>",
        "<SyncKey>0</SyncKey><CollectionId>1</CollectionId>" * 2,
        "</Collection><Collection>".join(["<SyncKey>0</SyncKey><CollectionId>1</CollectionId>"] * 2),
        "",
    ],
)
def test_collections_that_break_the_rules(phone: Phone, inside: str) -> None:
    document = f'<Sync xmlns="AirSync"><Collections><Collection>{inside}</Collection></Collections></Sync>'
    assert phone.run(("Sync", wbxml.from_xml(document))).status == 4


def test_the_class_belongs_into_collections_up_to_12_1(server: EASServer) -> None:
    with closing(phone := Phone(server, version="12.1")):
        phone.folders()
        assert phone.sync("0", cls="Email").status == 1


@pytest.mark.spec("MS-ASCMD_R5659", "MS-ASCMD_R4748", "MS-ASCMD_R4746", "MS-ASCMD_R4464", "MS-ASNOTE_R114")
def test_limits(phone: Phone, server: EASServer) -> None:
    key = phone.start("7")

    def collections(number: int = 0, **values: Any) -> list[Collection]:
        commands = [Add(client_id=str(one), item=Contact(first_name="A")) for one in range(number)]
        return [Collection(sync_key=key, collection_id="7", commands=list(commands), **values)]

    assert phone.status(collections=collections(201)) == 4
    assert phone.status(collections=[]) == 4
    assert phone.status(collections=collections(), wait=1, heartbeat_interval=60) == 4
    answer = phone.run(Sync(collections=collections(), wait=60))
    assert (answer.status, answer.limit) == (14, 59)
    answer = phone.run(Sync(collections=collections(), heartbeat_interval=10))
    assert (answer.status, answer.limit) == (14, 60)
    server.rules.most_collections = 1
    two = [Collection(sync_key="0", collection_id=one) for one in ("1", "2")]
    answer = phone.run(Sync(collections=two))
    assert (answer.status, answer.limit) == (15, 1)
    notes = Collection(sync_key="0", collection_id="9", supported=SupportedContacts())
    assert phone.status(collections=[notes]) == 4
    assert (
        phone.status(collections=[Collection(sync_key="0", collection_id="7", commands=[Delete(server_id="7:1")])]) == 4
    )
    assert len(phone.sync(key, "7", commands=collections(200)[0].commands).responses) == 200


@pytest.mark.spec("MS-ASCMD_R5595", "MS-ASCMD_R5596", "MS-ASCMD_R5598", "MS-ASCMD_R5599")
def test_a_held_request_returns_with_the_first_new_item(phone: Phone, server: EASServer, mailbox: Mailbox) -> None:
    server.rules.heartbeat = (1, 3540)
    old = mailbox.add(FolderType.INBOX, mail("old"))
    key, _ = phone.all()
    collections = [Collection(sync_key=key, collection_id="1")]
    begun = time.monotonic()
    assert phone.run(Sync(collections=collections, heartbeat_interval=1)) is None
    assert time.monotonic() - begun >= 1

    def later() -> None:
        time.sleep(0.1)
        mailbox.change(old, read=True)  # no reason to answer
        time.sleep(0.2)
        mailbox.add(FolderType.INBOX, mail("new"))

    begun = time.monotonic()
    thread = threading.Thread(target=later)
    thread.start()
    answer = phone.run(Sync(collections=collections, heartbeat_interval=30))
    thread.join()
    assert 0.25 < time.monotonic() - begun < 10
    assert [type(one) for one in answer.collections[0].commands] == [Change, Add]


def test_stopping_ends_a_held_request(mailbox: Mailbox) -> None:
    with EASServer(mailbox) as server, closing(phone := Phone(server)):
        phone.folders()
        collections = [Collection(sync_key=phone.start(), collection_id="1")]
        timer = threading.Timer(0.2, server.stop)
        timer.start()
        assert phone.run(Sync(collections=collections, heartbeat_interval=60)) is None
        timer.join()


# GetItemEstimate


@pytest.mark.spec("MS-ASCMD_R4136", "MS-ASCMD_R4140", "MS-ASCMD_R4594", "MS-ASCMD_R4591", "MS-ASCMD_R3007")
def test_estimates(phone: Phone, mailbox: Mailbox, server: EASServer) -> None:
    for number in range(5):
        mailbox.add(FolderType.INBOX, mail(f"mail {number}", NOW - timedelta(days=number)))

    def estimate(key: str, folder: str = "1", **values: Any) -> tuple[int, int | None]:
        collections = [EstimateCollection(sync_key=key, collection_id=folder, **values)]
        answer = phone.run(GetItemEstimate(collections=collections)).responses[0]
        return answer.status, answer.collection.estimate if answer.collection else None

    assert estimate("0") == (3, None)
    key = phone.start()
    assert estimate(key) == (1, 5)
    assert estimate(key, options=[Options(filter_type=FilterType.ONE_DAY)]) == (1, 2)
    assert estimate(key, options=[Options(filter_type=FilterType.INCOMPLETE_TASKS)]) == (110, None)
    assert estimate("nonsense") == (4, None)
    assert estimate(key, "99") == (2, None)
    assert phone.run(("GetItemEstimate", captured("GetItemEstimate-badfolder.request"))).responses[0].status == 2
    next_key = phone.sync(key, window_size=2).sync_key
    assert estimate(next_key) == (1, 3)
    assert estimate(key) == (1, 5)  # its answer may have been lost
    document = wbxml.from_xml(
        '<GetItemEstimate xmlns="GetItemEstimate" xmlns:airsync="AirSync"><Collections><Collection><airsync:SyncKey>'
        f"{key}</airsync:SyncKey><CollectionId>1</CollectionId><airsync:Options><airsync:FilterType>9"
        "</airsync:FilterType></airsync:Options></Collection></Collections></GetItemEstimate>"
    )
    assert phone.run(("GetItemEstimate", document)).responses[0].status == 103
    assert phone.run(GetItemEstimate()).status == 103
    with closing(old := Phone(server, version="12.1", device="old")):
        old.folders()
        collection = EstimateCollection121(
            cls="Email", collection_id="1", filter_type=FilterType.ONE_DAY, sync_key=old.start()
        )
        assert old.run(GetItemEstimate121(collections=[collection])).responses[0].collection.estimate == 2


# Search


def search(phone: Phone, query: Query, **options: Any) -> Any:
    store = SearchStore(name="Mailbox", query=query, options=SearchOptions(**options))
    answer = phone.run(Search(store=store))
    assert answer.status == 1
    return answer.store


@pytest.mark.spec("MS-ASCMD_R3697", "MS-ASCMD_R3699", "MS-ASCMD_R3736", "MS-ASCMD_R4638", "MS-ASCMD_R921")
def test_search_in_the_mailbox(phone: Phone, mailbox: Mailbox) -> None:
    body = Body(type=BodyType.PLAIN_TEXT, data="Barry Johnson schickt Grüße")
    first = mailbox.add(FolderType.INBOX, mail("first", NOW, body=body))
    second = mailbox.add(FolderType.INBOX, mail("second", NOW - timedelta(days=2), body=body))
    mailbox.add(FolderType.INBOX, mail("James Littlejohn", NOW))
    mailbox.add(FolderType.INBOX, mail("東京の天気", NOW - timedelta(days=9)))
    contact = mailbox.add(FolderType.CONTACTS, Contact(first_name="John", last_name="Frum"))

    def found(query: Query, **options: Any) -> list[str]:
        return [result.long_id.partition("/")[2] for result in search(phone, query, **options).results]

    john = And(free_text="John")
    assert found(Query(and_=john)) == [first, second, contact]
    assert found(Query(and_=And(free_text="john grüße"))) == [first, second]
    assert found(Query(and_=And(classes=["Contacts"], free_text="john"))) == [contact]
    assert found(Query(and_=And(collection_ids=["1"], free_text="john"))) == [first, second]
    assert found(Query(and_=And(collection_ids=["2"], free_text="john"))) == []
    inside = mailbox.add(mailbox.add_folder("Inside", parent_id="1"), mail("john", NOW - timedelta(days=99)))
    assert found(Query(and_=And(collection_ids=["1"], free_text="john")), rebuild_results=True) == [first, second]
    assert found(Query(and_=And(collection_ids=["1"], free_text="john")), deep_traversal=True) == [
        first,
        second,
        inside,
    ]
    assert len(found(Query(and_=And(free_text="天気")))) == 1
    since = GreaterThan(date_received=True, value=NOW - timedelta(days=1))
    until = LessThan(date_received=True, value=NOW - timedelta(days=1))
    assert found(Query(and_=And(free_text="johnson", greater_than=since))) == [first]
    assert found(Query(and_=And(free_text="johnson", less_than=until))) == [second]
    assert search(phone, Query(free_text="johnson", less_than=until)).status == 8

    answer = search(phone, Query(and_=john), range="1-2", body_preferences=[BodyPreference(type=BodyType.PLAIN_TEXT)])
    assert (answer.range, answer.total) == ("1-2", 4)
    result = answer.results[0]
    assert (result.cls, result.collection_id, result.properties.subject) == ("Email", "1", "second")
    assert result.properties.body.data == body.data
    assert search(phone, Query(and_=john)).results[0].properties.body is None
    nothing = search(phone, Query(and_=And(free_text="nobody")))
    assert (nothing.status, nothing.range, nothing.total, nothing.results) == (1, "0-0", 0, [])
    for wrong, status in (("4-9", 12), ("0-100", 12), ("9-1", 2), ("all", 2)):
        assert search(phone, Query(and_=john), range=wrong).status == status


@pytest.mark.spec("MS-ASCMD_R923", "MS-ASCMD_R4358", "MS-ASCMD_R4329")
def test_searches_that_are_refused(phone: Phone, server: EASServer) -> None:
    assert search(phone, Query()).status == 2
    assert search(phone, Query(and_=And(free_text="x", collection_ids=["99"]))).status == 11
    assert search(phone, Query(and_=And(free_text="x", greater_than=GreaterThan(date_received=True)))).status == 2
    outside = wbxml.from_xml(
        '<Search xmlns="Search" xmlns:airsync="AirSync"><Store><Name>Mailbox</Name><Query><airsync:Class>Email'
        "</airsync:Class><FreeText>x</FreeText></Query></Store></Search>"
    )
    assert phone.run(("Search", outside)).store.status == 8
    for complex_ in (Query(or_=Or(free_text="x")), Query(and_=And(free_text="x", or_=Or(free_text="y")))):
        assert search(phone, complex_).status == 8
    assert phone.run(Search(store=SearchStore(name="DocumentLibrary", query=Query(free_text="x")))).store.status == 2
    assert phone.run(Search()).store.status == 2
    with closing(new := Phone(server, device="new")):
        assert search(new, Query(and_=And(free_text="x"))).status == 11
    # The example of the specification, section 4.12.1.1, made into WBXML by libwbxml.
    example = (DATA / "libwbxml" / "ascmd-4.12.1.1-search-mailbox-request.wbxml").read_bytes()
    assert phone.run(("Search", example)).store.status in (1, 11)


@pytest.mark.spec("MS-ASCMD_R3696", "MS-ASCMD_R3690", "MS-ASCMD_R3735", "MS-ASCMD_R4373")
def test_search_in_the_address_list(mailbox: Mailbox) -> None:
    with EASServer(mailbox, directory=sample_directory()) as server, closing(phone := Phone(server)):

        def find(query: str | None, **options: Any) -> Any:
            store = GALStore(name="GAL", query=query, options=SearchOptions(**options))
            return phone.run(SearchGAL(store=store)).store

        answer = find("zo")
        assert (answer.range, answer.total) == ("0-0", 1)
        entry = answer.results[0].properties
        assert (entry.display_name, entry.email_address) == ("Zoë Müller", "person0@example.test")
        assert entry.picture is None
        assert find("müller").results[0].properties == entry
        assert find("+1 555 0100").results[0].properties == entry
        assert find("person").total == 12
        assert len(find("person", range="0-4").results) == 5
        assert find("äller").total == 0
        assert find(None).status == 2
        assert find("zo", picture=PictureOptions(max_size=1000)).results[0].properties.picture.status == 173
        assert phone.run(("Search", captured("Search-GAL-none.request"))).store.total == 0
    with EASServer(mailbox) as server, closing(phone := Phone(server)):
        found = phone.run(("Search", captured("Search-GAL.request"))).store
        assert found.total == 0 or found.results[0].properties.email_address == "alice@example.test"


# Settings


@pytest.mark.spec("MS-ASCMD_R3504", "MS-ASCMD_R3505", "MS-ASCMD_R3517", "MS-ASCMD_R5583")
def test_out_of_office(phone: Phone, mailbox: Mailbox) -> None:
    def get(form: str = "Text") -> Any:
        return phone.run(Settings(oof=OofRequest(get=OofGet(body_type=form)))).oof.get

    def put(oof: Oof) -> int:
        return int(phone.run(Settings(oof=OofRequest(set=oof))).oof.status)

    answer = phone.run(("Settings", captured("Settings-Oof-get.request")))
    assert (answer.status, answer.oof.status, answer.oof.get.oof_state) == (1, 1, OofState.DISABLED)
    assert [message.enabled for message in answer.oof.get.messages] == [False, False, False]
    answer = phone.run(("Settings", captured("Settings-Oof-set.request")))
    assert (answer.status, answer.oof.status) == (1, 1)
    kept = get()
    assert kept.oof_state is OofState.SCHEDULED
    assert kept.start_time == datetime(2026, 12, 1, tzinfo=UTC)
    assert kept.messages[0] == OofMessage(
        applies_to_internal=True, enabled=True, reply_message="Away & <b>öü</b>", body_type="Text"
    )
    assert not kept.messages[1].enabled
    assert get("HTML").messages[0].reply_message == "Away &amp; &lt;b&gt;öü&lt;/b&gt;"
    assert (
        put(Oof(oof_state=OofState.ENABLED, messages=[OofMessage(applies_to_external_known=True, enabled=True)])) == 1
    )
    assert [message.enabled for message in get().messages] == [True, True, False]
    assert put(Oof(oof_state=OofState.SCHEDULED)) == 5
    assert put(Oof(oof_state=OofState.SCHEDULED, start_time=NOW, end_time=NOW)) == 5
    assert put(Oof(oof_state=OofState.DISABLED, messages=[OofMessage(enabled=True)])) == 2
    twice = [OofMessage(applies_to_internal=True), OofMessage(applies_to_internal=True)]
    assert put(Oof(oof_state=OofState.DISABLED, messages=twice)) == 6
    assert mailbox.oof.oof_state is OofState.ENABLED
    phone.run(("Settings", captured("Settings-Oof-off.request")))
    assert get().oof_state is OofState.DISABLED
    assert phone.run(Settings(oof=OofRequest())).oof.status == 2


@pytest.mark.spec("MS-ASCMD_R3681")
def test_user_and_device_information(phone: Phone, server: EASServer) -> None:
    answer = phone.run(("Settings", captured("Settings-UserInformation.request"))).user_information
    assert answer.status == 1
    account = answer.get.accounts[0]
    assert account.user_display_name == "Alice Example"
    assert account.email_addresses.primary_smtp_address == "alice@example.test"
    assert phone.run(("Settings", captured("Settings-DeviceInformation.request"))).device_information.status == 1
    assert server.device("phone1").information is not None
    assert phone.run(Settings(device_information=DeviceInformationRequest())).device_information.status == 2
    with closing(old := Phone(server, version="14.0", device="old")):
        found = old.run(Settings(user_information=UserInformationRequest(get=True))).user_information.get
        assert (found.accounts, found.email_addresses.smtp_addresses) == ([], ["alice@example.test"])


# Faults


def test_answers_that_are_none(phone: Phone, server: EASServer) -> None:
    server.faults += [faults.html(), faults.http(401), faults.busy("7"), faults.http(449), faults.status(777)]
    initial = captured("FolderSync-initial.request")
    response, body = phone.post("FolderSync", initial)
    assert response.headers["Content-Type"].startswith("text/html") and body.startswith(b"<!DOCTYPE")
    assert phone.post("FolderSync", initial)[0].status == 401
    response, _ = phone.post("FolderSync", initial)
    assert (response.status, response.headers["Retry-After"]) == (503, "7")
    assert phone.post("FolderSync", initial)[0].status == 449
    assert phone.folders().status == 777
    assert phone.folders().status == 1
    server.faults += [faults.other_document(command="Sync"), faults.cut_off(command="Sync", skip=1)]
    assert wbxml.decode(phone.post("FolderSync", initial)[1]).root.tag == "FolderHierarchy:FolderSync"
    body = wbxml.encode(Sync(collections=[Collection(sync_key="0", collection_id="1")]))
    assert wbxml.decode(phone.post("Sync", body)[1]).root.tag == "FolderHierarchy:FolderSync"
    assert wbxml.decode(phone.post("Sync", body)[1]).root.tag == "AirSync:Sync"
    with pytest.raises(wbxml.TruncatedError):
        wbxml.decode(phone.post("Sync", body)[1])
    assert [one.hits for one in server.faults[-2:]] == [1, 1]
    server.faults.append(faults.http(403, command="OPTIONS"))
    assert phone.send("OPTIONS", PATH)[0].status == 403
    assert phone.send("OPTIONS", PATH)[0].status == 200


@pytest.mark.parametrize("after", [False, True])
def test_connections_that_end(phone: Phone, server: EASServer, mailbox: Mailbox, after: bool) -> None:
    key = phone.start("7")
    server.faults.append(faults.dropped(after=after, command="Sync"))
    add = Add(client_id="c", item=Contact(first_name="A"))
    with pytest.raises(http.client.RemoteDisconnected):
        phone.sync(key, "7", commands=[add])
    assert len(mailbox.items(FolderType.CONTACTS)) == after
    assert phone.sync(key, "7", commands=[add]).responses[0].status == 1
    assert len(mailbox.items(FolderType.CONTACTS)) == 1
    server.faults.append(faults.cut(10, command="Sync"))
    with pytest.raises(http.client.IncompleteRead):
        phone.sync(key, "7", commands=[add])


def test_a_fault_of_ones_own(phone: Phone, server: EASServer) -> None:
    def slower(request: Any, carry_out: Any) -> Answer:
        answer: Answer = carry_out()
        answer.headers["Set-Cookie"] = f"seen={request.command}; Secure"
        return answer

    server.faults.append(Fault(slower, times=None))
    for _ in range(2):
        response, _ = phone.post("FolderSync", captured("FolderSync-initial.request"))
        assert response.headers["Set-Cookie"] == "seen=FolderSync; Secure"


# Mailbox and sample


def test_a_mailbox_checks_what_it_is_given(mailbox: Mailbox) -> None:
    with pytest.raises(TypeError, match="Contacts"):
        mailbox.add(FolderType.CONTACTS, Task(subject="no contact"))
    with pytest.raises(KeyError):
        mailbox.change("7:1", first_name="x")
    with pytest.raises(KeyError):
        mailbox.folder(FolderType.USER_NOTES)
    server_id = mailbox.add(FolderType.NOTES, Note(subject="x", body=Body(type=BodyType.HTML, data="<p>a</p><p>b</p>")))
    item = mailbox.item(server_id)
    assert isinstance(item, Note) and item.body is not None
    assert (item.body.data, item.message_class) == ("a\r\nb", "IPM.StickyNote")


def test_what_cannot_be_sent_is_a_server_error(phone: Phone, mailbox: Mailbox) -> None:
    key = phone.start("7")
    mailbox.add(FolderType.CONTACTS, Contact(first_name="a\0b"))
    response, body = phone.post("Sync", wbxml.encode(Sync(collections=[Collection(sync_key=key, collection_id="7")])))
    assert (response.status, b"Contacts:FirstName" in body or b"NUL" in body) == (500, True)


def test_many_threads_change_a_mailbox(mailbox: Mailbox) -> None:
    def work(number: int) -> None:
        for step in range(50):
            server_id = mailbox.add(FolderType.TASKS, Task(subject=f"{number}/{step}"))
            mailbox.change(server_id, complete=True)
            if step % 2:
                mailbox.delete(server_id)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mailbox.items(FolderType.TASKS)) == 200
    assert len({kept.revision for kept in mailbox.folder(FolderType.TASKS).items.values()}) == 200


def test_the_sample_is_the_same_for_the_same_seed() -> None:
    begun = time.perf_counter()
    first = sample_mailbox(now=NOW)
    assert time.perf_counter() - begun < 2
    second = sample_mailbox(now=NOW)
    other = sample_mailbox(now=NOW, seed=2, mails=10)
    sizes = {folder.name: len(folder.items) for folder in first.folders.values()}
    assert (sizes["Inbox"], sizes["Contacts"], sizes["Calendar"], sizes["Tasks"], sizes["Notes"]) == (
        1800,
        200,
        200,
        50,
        50,
    )
    assert sum(sizes.values()) == 2500
    assert first.items("1") == second.items("1")
    assert next(iter(other.items("1").values())) != next(iter(first.items("1").values()))
    mails = [
        kept for folder in first.folders.values() for kept in folder.items.values() if isinstance(kept.item, Email)
    ]
    assert any(kept.content.html is None for kept in mails) and any(kept.content.html for kept in mails)
    assert any(kept.content.files for kept in mails)
    kept = next(kept for kept in mails if kept.content.files and kept.content.html)
    assert kept.mime() == kept.mime() and b"multipart/mixed" in kept.mime()
    events = [item for item in first.items(FolderType.CALENDAR).values() if isinstance(item, CalendarEvent)]
    assert any(event.exceptions for event in events) and any(event.attendees for event in events)
    assert any(event.all_day_event for event in events)
    assert all(event.timezone is not None and len(event.timezone) == 172 for event in events)


# Where the distribution is installed, pytest finds it by itself.
eas_server = plugin.eas_server


def test_the_fixture(eas_server: EASServer) -> None:
    with closing(phone := Phone(eas_server)):
        phone.folders()
        assert len(phone.all()[1]) == 18
    assert isinstance(eas_server.mailbox.folder("1"), Folder)
