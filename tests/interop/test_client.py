"""The account as a whole: options, provisioning, folders, searches, settings, the ways to the server, and bad input."""

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from activesync import (
    AuthenticationError,
    Body,
    BodyPreference,
    BodyType,
    CertificateError,
    Change,
    Changed,
    Client,
    DeviceInformation,
    Email,
    Folder,
    FolderType,
    GALEntry,
    HTTPError,
    InsecureURLError,
    MemoryStore,
    NotActiveSyncError,
    NotFoundError,
    Oof,
    OofMessage,
    OofState,
    SqliteStore,
    UnknownFolderError,
    VersionError,
)
from activesync.commands import POLICY_TYPE, FolderSync, PolicyRequest, Provision

from . import corpus
from .clients import Connect, changes, items, mime, plain, told
from .samples import CONTACTS
from .sogo import FOLDERS, SOGoServer, User

pytestmark = pytest.mark.interop


# Versions, provisioning


def test_options(connect: Connect, user: User) -> None:
    offered = connect(user).options()
    assert offered.versions == ("2.5", "12.0", "12.1", "14.0", "14.1")
    assert offered.version == "14.1"
    assert {"FolderSync", "Sync", "GetItemEstimate", "Search", "Settings"} <= set(offered.commands)
    assert len(set(offered.commands)) == len(offered.commands)


@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1"])
def test_each_version_that_both_know(connect: Connect, sogo: SOGoServer, user: User, version: str) -> None:
    with sogo.imap(user) as mailbox:
        uids = mailbox.append(corpus.many(3))
    sogo.dav(user).put(CONTACTS[0].path, CONTACTS[0].text)
    eas = connect(user, versions=("16.1", version))
    inbox, contacts = eas.folders().of_type(FolderType.INBOX, FolderType.CONTACTS)
    assert eas.session.version == version
    assert eas.estimate(inbox) == 3
    assert set(items(eas, inbox)) == {str(uid) for uid in uids}
    assert set(items(eas, contacts)) == {CONTACTS[0].server_id}
    assert changes(eas) == []


def test_no_version_in_common(connect: Connect, user: User) -> None:
    with pytest.raises(VersionError, match=r"14\.1.*16\.1"):
        connect(user, versions=("16.1", "16.0")).folders()


def test_there_is_no_policy(connect: Connect, user: User) -> None:
    eas = connect(user)
    eas.provision()
    assert eas.session.policy_key == "0"
    # It wants to know nothing of the device, which is against the rules (MS-ASPROV_R368).
    answer = eas.run(Provision(policies=[PolicyRequest(policy_type=POLICY_TYPE)]), check=False)
    assert (answer.status, answer.policies[0].status, answer.policies[0].policy_key) == (1, 2, None)
    assert eas.folders()


# Push


def test_push(connect: Connect, sogo: SOGoServer, user: User) -> None:
    eas = connect(user)
    assert items(eas, "inbox") == {}

    def deliver() -> None:
        with sogo.imap(user) as mailbox:
            mailbox.append([plain("Lunch", "At noon?")])

    timer = threading.Timer(2, deliver)
    timer.start()
    began = time.monotonic()
    for event in eas.watch("inbox", heartbeat=(20, 40), timeout=40):
        assert isinstance(event, Changed)
        assert 1 < time.monotonic() - began < 15, "SOGo looks every five seconds"
        assert [folder.type for folder in event.folders] == [FolderType.INBOX]
        assert list(items(eas, *event.folders)) == ["1"]
        break
    else:
        pytest.fail("nothing was told")
    timer.join()


# Folders


def test_folders(connect: Connect, user: User) -> None:
    eas = connect(user)
    folders = eas.folders()
    assert [(folder.name, folder.type) for folder in folders if folder.name in FOLDERS] == [
        ("INBOX", FolderType.INBOX),
        ("Drafts", FolderType.DRAFTS),
        ("Sent", FolderType.SENT_ITEMS),
        ("Trash", FolderType.DELETED_ITEMS),
        ("Junk", FolderType.USER_MAIL),
        ("Templates", FolderType.USER_MAIL),
    ]
    others = {folder.type: folder.item_class for folder in folders if folder.name not in FOLDERS}
    assert others == {
        FolderType.CALENDAR: "Calendar",
        FolderType.CONTACTS: "Contacts",
        FolderType.TASKS: "Tasks",
    }

    again = eas.run(FolderSync(sync_key=folders.sync_key))
    assert (again.status, again.changes and (again.changes.count, again.changes.changes)) == (1, (0, []))
    assert eas.folders() == folders


def test_folders_that_come_and_go(connect: Connect, sogo: SOGoServer, user: User) -> None:
    eas = connect(user)
    before = set(eas.folders())
    with sogo.imap(user) as mailbox:
        mailbox.create("Projects")
        mailbox.create("Projects/2026")
        mailbox.append(corpus.many(2), "Projects/2026")
        (projects,) = (folder for folder in eas.folders() if folder.name == "Projects")
        (year,) = set(eas.folders()) - before - {projects}
        assert (year.name, year.parent_id, year.type) == ("2026", projects.collection_id, FolderType.USER_MAIL)
        assert len(items(eas, year)) == 2

        mailbox.rename("Projects/2026", "Projects/2027")
        renamed = eas.folders().get(year.collection_id)
        assert renamed is not None and renamed.name == "2027"
        assert changes(eas, year) == []

        mailbox.remove("Projects/2027")
        mailbox.remove("Projects")
    assert set(eas.folders()) == before
    assert eas.store.load(eas.session.account, f"collection/{year.collection_id}") is None


# Searches


def test_search_of_mails(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.create("Archive")
        mailbox.append(corpus.many(30))
        mailbox.append([plain("Grüße", "the word is Quetzalcoatl & co.")], "Archive")
        mailbox.append([plain("second", "Quetzalcoatl again")])
    eas = connect(user)
    archive = eas.folders().named("Archive")
    assert archive is not None
    (found,) = eas.search("quetzalcoatl", folder=archive, body=BodyPreference(type=BodyType.PLAIN_TEXT))
    assert isinstance(found.properties, Email)
    assert found.properties.subject == "Grüße"
    assert found.properties.body == Body(
        type=BodyType.PLAIN_TEXT,
        estimated_data_size=40,  # of the text as XML
        truncated=False,
        data="the word is Quetzalcoatl & co.\r\n",
        preview="",
    )
    everywhere = [hit.properties for hit in eas.search("quetzalcoatl")]
    assert {mail.subject for mail in everywhere if isinstance(mail, Email)} == {"Grüße", "second"}
    assert eas.search("nowhere to be found") == []
    assert len(eas.search("example.test", folder="inbox", limit=7)) == 7


def test_search_of_people(connect: Connect, sogo: SOGoServer) -> None:
    user = sogo.add_user(given_name="Zoë", surname="Ångström & Sons")
    eas = connect(user)
    expected = GALEntry(
        display_name="Zoë Ångström & Sons",
        first_name="Zoë",
        last_name="Ångström & Sons",
        company="Example Limited",
        email_address=user.mail,
        phone="",
        mobile_phone="",
        title="",
    )
    # By its ASCII letters: SOGo looks in vain for others.
    assert [entry for entry in eas.search_gal("ngstr") if entry.email_address == user.mail] == [expected]
    assert [entry.display_name for entry in eas.search_gal("alice")] == ["Alice Archer"]
    # SOGo leaves out the last one of a range.
    assert 1 <= len(eas.search_gal("example", limit=2)) <= 2
    assert eas.search_gal("nobody of that name") == []


# Settings


def test_out_of_office(connect: Connect, user: User) -> None:
    eas = connect(user)
    assert eas.oof().oof_state is OofState.DISABLED

    eas.set_oof("Grüße from the beach.\nBack soon.")
    replies = eas.oof()
    assert replies.oof_state is OofState.ENABLED
    assert own(replies) == (True, "Grüße from the beach.\nBack soon.")

    start, end = datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 15, 18, 30, tzinfo=UTC)
    message = OofMessage(applies_to_internal=True, enabled=True, reply_message="Away in July", body_type="Text")
    eas.set_oof(Oof(oof_state=OofState.SCHEDULED, start_time=start, end_time=end, messages=[message]))
    replies = eas.oof()
    assert (replies.oof_state, replies.start_time, replies.end_time) == (OofState.SCHEDULED, start, end)
    assert own(replies) == (True, "Away in July")

    eas.set_oof(None)
    assert eas.oof().oof_state is OofState.DISABLED


def own(replies: Oof) -> tuple[bool | None, str | None]:
    """The reply to the user's own organisation: whether it is sent, and its text."""
    (message,) = (message for message in replies.messages if message.applies_to_internal)
    return message.enabled, message.reply_message


def test_the_device_and_the_user(connect: Connect, user: User) -> None:
    eas = connect(user)
    eas.device_information(DeviceInformation(model="Model <7>", friendly_name="Una's & mine", os="Debian 12"))
    (account,) = eas.user_information().accounts
    assert account.user_display_name == user.display_name
    assert account.email_addresses is not None
    assert account.email_addresses.primary_smtp_address == user.mail


def test_user_information_of_old(connect: Connect, user: User) -> None:
    addresses = connect(user, versions=("14.0",)).user_information().email_addresses
    assert addresses is not None
    assert addresses.smtp_addresses == [user.mail]


# TLS


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_over_tls(connect: Connect, sogo: SOGoServer, user: User, tmp_path: Path, host: str) -> None:
    messages = list(corpus.many(25))
    sogo.dav(user).put(CONTACTS[0].path, CONTACTS[0].text)
    # Without its path, which is the usual one.
    url = sogo.tls_url.replace("127.0.0.1", host).removesuffix("/Microsoft-Server-ActiveSync")
    with sogo.imap(user) as mailbox:
        uids = mailbox.append(messages)
        eas = connect(user, url=url, verify=sogo.ca_file, store=tmp_path / "store.db")
        assert eas.options().version == "14.1"
        inbox, contacts = eas.folders().of_type(FolderType.INBOX, FolderType.CONTACTS)
        assert eas.estimate(inbox) == len(messages)
        arrived = items(eas, inbox, window=10, body=BodyType.MIME)
        assert {uid: mime(item) for uid, item in arrived.items()} == dict(zip(map(str, uids), messages, strict=True))
        assert set(items(eas, contacts)) == {CONTACTS[0].server_id}
        assert changes(eas) == []

        (result,) = eas.apply(inbox, [Change(server_id="1", item=Email(read=True))])
        assert result.ok and mailbox.flags()[1] == {"\\Seen"}
        mailbox.set_flags([2], "\\Seen")
        mailbox.delete([3])
        assert told(changes(eas)) == {("Change", "2"), ("Delete", "3")}
    assert len(eas.search("example.test", limit=5)) == 5
    assert [person.display_name for person in eas.search_gal("bob")] == ["Bob Baker"]
    assert eas.oof().oof_state is OofState.DISABLED
    # nginx keeps connections open, and the client uses them.
    assert eas.stats.resent == 0


def test_a_certificate_that_nobody_vouches_for(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with pytest.raises(CertificateError, match="self-signed"):
        connect(user, url=sogo.tls_url).folders()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_no_certificate_is_looked_at(connect: Connect, sogo: SOGoServer, user: User) -> None:
    assert connect(user, url=sogo.tls_url, verify=False).folders()


def test_no_password_over_http_unless_told(connect: Connect, sogo: SOGoServer, user: User) -> None:
    with pytest.raises(InsecureURLError, match="allow_http=True"):
        connect(user, url=sogo.url)


# Bad input. Whatever comes, the store is as it was, and nothing is lost


def test_wrong_password(connect: Connect, sogo: SOGoServer, user: User, tmp_path: Path) -> None:
    first = connect(user, store=tmp_path / "store.db")
    seeded(first, sogo, user)
    first.close()  # two clients with one store take turns
    before = state(tmp_path / "store.db")
    eas = connect(user, "wrong", store=tmp_path / "store.db")
    for call in (eas.options, eas.folders, eas.oof, lambda: changes(eas, "inbox")):
        with pytest.raises(AuthenticationError) as caught:
            call()
        assert "wrong" not in str(caught.value)
    eas.close()
    assert state(tmp_path / "store.db") == before
    assert told(changes(connect(user, store=tmp_path / "store.db"), "inbox")) == {("Add", "3")}


def test_an_unknown_user(connect: Connect, user: User) -> None:
    with pytest.raises(AuthenticationError):
        connect(User(name="nobody", password="secret", given_name="No", surname="Body")).folders()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        # SOGo answers a page for people on any path, nginx 405.
        ("/SOGo/Microsoft-Server-ActiveSyn", NotActiveSyncError),
        ("/elsewhere", NotFoundError),
    ],
)
def test_wrong_path(
    connect: Connect, sogo: SOGoServer, user: User, tmp_path: Path, path: str, expected: type[Exception]
) -> None:
    server = sogo.url if path.startswith("/SOGo") else sogo.tls_url
    options: dict[str, Any] = {"url": urljoin(server, path), "verify": sogo.ca_file, "allow_http": True}
    with pytest.raises(expected):
        connect(user, **options).folders()
    first = connect(user, store=tmp_path / "store.db")
    seeded(first, sogo, user)
    first.close()  # two clients with one store take turns
    before = state(tmp_path / "store.db")
    with pytest.raises(expected):
        changes(connect(user, store=tmp_path / "store.db", **options), "inbox")
    assert state(tmp_path / "store.db") == before


def test_unknown_folder(connect: Connect, user: User) -> None:
    eas = connect(user)
    for call in (
        lambda: changes(eas, "no such folder"),
        lambda: eas.estimate("no such folder"),
        lambda: eas.apply("no such folder", []),
        lambda: eas.search("text", folder="no such folder"),
    ):
        with pytest.raises(UnknownFolderError, match="no such folder"):
            call()


@pytest.mark.parametrize("collection", ["mail%2Fgone", "vcard%2Fgone", "vevent%2Fgone", "nonsense"])
def test_a_folder_that_is_gone(connect: Connect, user: User, collection: str) -> None:
    eas = connect(user)
    gone = Folder(collection, "0", "Gone", FolderType.USER_MAIL)
    with pytest.raises(UnknownFolderError, match="Gone"):
        changes(eas, gone)
    with pytest.raises(UnknownFolderError, match="Gone"):
        eas.estimate(gone)
    assert eas.store.load(eas.session.account, f"collection/{collection}") is None


def test_a_key_of_another_device(connect: Connect, sogo: SOGoServer, user: User) -> None:
    """The server knows the device not, and none of its keys: it starts over, and says so."""
    known = connect(user, store=MemoryStore())
    seeded(known, sogo, user)
    store = MemoryStore()
    account = known.session.account
    for name in ("folders", f"collection/{known.folders()[0].collection_id}"):
        store.save(account, {name: known.store.load(account, name)})
    eas = connect(user, store=store)
    (page,) = eas.sync("inbox")
    assert page.resync
    assert told(page.changes) == {("Add", "1"), ("Add", "2"), ("Add", "3")}
    assert changes(eas, "inbox") == []


def test_an_invalid_key(connect: Connect, sogo: SOGoServer, user: User) -> None:
    """SOGo knows none for what it is: it answers HTTP 501 to one of nonsense, and others it takes for a lost answer."""
    eas = connect(user, store=MemoryStore())
    seeded(eas, sogo, user)
    name = f"collection/{eas.folders()[0].collection_id}"
    good = eas.store.load(eas.session.account, name)
    assert good is not None
    with_key(eas, name, "nonsense")
    before = eas.store.load(eas.session.account, name)
    with pytest.raises(HTTPError, match="501"):
        changes(eas, "inbox")
    assert eas.store.load(eas.session.account, name) == before

    eas.store.save(eas.session.account, {name: good})
    assert told(changes(eas, "inbox")) == {("Add", "3")}
    assert changes(eas, "inbox") == []


def test_an_invalid_key_of_the_folders(connect: Connect, user: User) -> None:
    """SOGo gives any key back, and says that nothing has changed: what is known stays."""
    eas = connect(user, store=MemoryStore())
    folders = eas.folders()
    with_key(eas, "folders", "nonsense")
    assert list(eas.folders()) == list(folders)


def test_an_invalid_key_of_contacts(connect: Connect, sogo: SOGoServer, user: User) -> None:
    for sample in CONTACTS:
        sogo.dav(user).put(sample.path, sample.text)
    eas = connect(user, store=MemoryStore())
    (contacts,) = eas.folders().of_type(FolderType.CONTACTS)
    first = items(eas, contacts)
    with_key(eas, f"collection/{contacts.collection_id}", "nonsense")
    again = changes(eas, contacts)
    assert {change.server_id for change in again} == first.keys()
    assert changes(eas, contacts) == []


# What several of them need


def seeded(eas: Client, sogo: SOGoServer, user: User) -> None:
    """Synchronises two mails, and puts a third one beside them."""
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(2))
        assert told(changes(eas, "inbox")) == {("Add", "1"), ("Add", "2")}
        mailbox.append(corpus.many(1))


def state(path: Path) -> list[tuple[str, str, str]]:
    """All that a store keeps, without the leases of clients that are open."""
    with SqliteStore(path) as store:
        found = store.connection.execute("SELECT * FROM eas_state WHERE name NOT LIKE 'lease/%' ORDER BY 1, 2")
        return found.fetchall()


def with_key(eas: Client, name: str, key: str) -> None:
    """Puts a key into the store by hand."""
    account = eas.session.account
    kept = json.loads(eas.store.load(account, name) or "")
    eas.store.save(account, {name: json.dumps(kept | {"sync_key": key})})
