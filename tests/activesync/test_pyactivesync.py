"""The embedded server answers a client that is not ours: pyactivesync, which has a codec of its own.

It speaks https and 16.1 only and wants a policy key, so it gets a server with a certificate and with a policy. What
this shows is that our encoder and our decoder do not only understand each other.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pyactivesync
import pyactivesync._wbxml
import pytest
import trustme

import wbxml.compat.pyactivesync
from activesync.commands import EASProvisionDoc, FolderType
from activesync.items import Contact
from activesync.testing import EASServer, faults, sample_directory, sample_mailbox


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EASServer]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    # It asks requests to verify, and requests finds the authority here.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    mailbox = sample_mailbox(mails=120, contacts=10, events=10, tasks=3, notes=2)
    policy = EASProvisionDoc(device_password_enabled=False)
    with EASServer(mailbox, tls=context, policy=policy, directory=sample_directory()) as running:
        yield running


@pytest.fixture(params=["its own codec", "ours"])
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The codec that pyactivesync has, having checked that no other one is called."""
    theirs: Any = pyactivesync._wbxml
    ours: Any = wbxml.compat.pyactivesync
    undo = ours.install() if request.param == "ours" else lambda: None
    used, unused = (ours, theirs) if request.param == "ours" else (theirs, ours)
    called: list[Any] = []
    for module in (used, unused):
        monkeypatch.setattr(module.WBXMLReader, "parse", _told(module.WBXMLReader.parse, called, module))
        monkeypatch.setattr(module.WBXMLWriter, "render", _told(module.WBXMLWriter.render, called, module))
    try:
        yield request.param
    finally:
        undo()
    assert called and all(module is used for module in called)


def _told(function: Callable[[Any], Any], called: list[Any], module: Any) -> Callable[[Any], Any]:
    def call(self: Any) -> Any:
        called.append(module)
        return function(self)

    return call


@pytest.fixture
def client(server: EASServer, codec: str) -> Iterator[pyactivesync.Client]:
    with closing(pyactivesync.Client(server.host, "alice", "secret", device_id="pyactivesync1")) as made:
        yield made


def everything(client: pyactivesync.Client, folder: str, window: int = 25) -> tuple[str, list[pyactivesync.SyncItem]]:
    """The last key of a folder, and all items that are sent as new."""
    key, found = client.sync_folder(folder).sync_key, []
    while True:
        page = client.sync_folder(folder, key, window_size=window)
        key = page.sync_key
        found += page.added
        if not page.more_available:
            return key, found


def test_it_provisions_and_lists_the_folders(client: pyactivesync.Client, server: EASServer) -> None:
    listed = {(folder.id, folder.parent_id, folder.name, int(folder.type)) for folder in client.list_folders()}
    assert listed == {
        (folder.server_id, folder.parent_id, folder.name, int(folder.type))
        for folder in server.mailbox.folders.values()
    }
    device = server.device("pyactivesync1")
    assert device.information is not None and device.information.model == "pyactivesync"
    assert [request.command for request in server.requests] == ["Provision", "Provision", "FolderSync"]


def test_it_synchronises_every_mail_once(client: pyactivesync.Client, server: EASServer) -> None:
    client.list_folders()
    key, found = everything(client, "1")
    mails = server.mailbox.items(FolderType.INBOX)
    assert len(found) == len(mails) == 108
    for item in found:
        mail = mails.pop(item.server_id)
        assert item.fields["Email.Subject"] == mail.subject  # type: ignore[union-attr]
        assert item.fields["Email.From"] == mail.from_  # type: ignore[union-attr]
        assert mail.body is not None and item.fields["AirSyncBase.Data"] == mail.body.data
    assert client.sync_folder("1", key) == pyactivesync.SyncResult(sync_key=key)

    message = EmailMessage()
    message["From"] = "Åsa <asa@example.test>"
    message["Subject"] = "Neu: Größe"
    message.set_content("Hej\n")
    new = server.mailbox.deliver(message)
    gone, read = found[0].server_id, found[1].server_id
    server.mailbox.delete(gone)
    server.mailbox.change(read, read=not server.mailbox.item(read).read)  # type: ignore[union-attr]
    page = client.sync_folder("1", key)
    assert [(item.server_id, item.fields["Email.Subject"]) for item in page.added] == [(new, "Neu: Größe")]
    assert (page.deleted, [item.server_id for item in page.changed]) == ([gone], [read])


def test_it_changes_mails_and_contacts(client: pyactivesync.Client, server: EASServer) -> None:
    client.list_folders()
    key, found = everything(client, "1", 512)
    unread, flagged, deleted = (item.server_id for item in found[:3])
    changes = [
        pyactivesync.EmailChange(server_id=unread, read=False),
        pyactivesync.EmailChange(server_id=flagged, flagged=True),
        pyactivesync.EmailChange(server_id=deleted, delete=True),
    ]
    result = client.apply_email_changes("1", key, changes)
    assert set(result.statuses.values()) == {"1"}
    assert server.mailbox.item(unread).read is False  # type: ignore[union-attr]
    assert int(server.mailbox.item(flagged).flag.status) == 2  # type: ignore[union-attr]
    assert deleted not in server.mailbox.items(FolderType.INBOX)
    assert len(server.mailbox.items(FolderType.DELETED_ITEMS)) == 1

    key, found = everything(client, "7")
    assert len(found) == 10
    added = client.create_contact("7", key, pyactivesync.Contact(first_name="Zoë", last_name="Müller"))
    assert added.status == "1"
    kept = server.mailbox.item(added.server_id)
    assert isinstance(kept, Contact) and (kept.first_name, kept.last_name) == ("Zoë", "Müller")
    assert client.sync_folder("7", added.sync_key).added == []


def test_it_estimates_searches_and_leaves_the_office(client: pyactivesync.Client, server: EASServer) -> None:
    client.list_folders()
    key = client.sync_folder("1").sync_key
    assert client.get_item_estimate("1", key) == 108
    assert [entry.email_address for entry in client.search_gal("zo")] == ["person0@example.test"]
    client.set_oof(pyactivesync.OofState.ENABLED, reply_message="Bin weg & zurück am Montag")
    oof = client.get_oof()
    assert oof.state == pyactivesync.OofState.ENABLED
    assert {message.reply_message for message in oof.messages} == {"Bin weg & zurück am Montag"}


def test_it_is_told_that_its_policy_key_is_old(client: pyactivesync.Client, server: EASServer) -> None:
    client.list_folders()
    server.rules.policy = EASProvisionDoc(device_password_enabled=True)
    with pytest.raises(pyactivesync.StatusError, match="143"):
        client.list_folders()
    client.provision()
    assert client.list_folders()


def test_it_tries_again_where_the_server_is_busy(client: pyactivesync.Client, server: EASServer) -> None:
    client.list_folders()
    server.faults.append(faults.busy(None, command="FolderSync"))
    assert len(client.list_folders()) == len(server.mailbox.folders)
