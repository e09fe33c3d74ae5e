"""Client and AsyncClient against the embedded server: the contract of pages, commits and transactions, and all jobs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import wbxml
from activesync import (
    Add,
    AsyncClient,
    Body,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Contact,
    Delete,
    DeviceInformation,
    EarlierChangesError,
    Email,
    FilterType,
    FolderType,
    InsecureURLError,
    MemoryStore,
    Note,
    OofState,
    SqliteStore,
    UncommittedPageError,
    UsageError,
    errors,
)
from activesync.commands import (
    DevicePassword,
    DevicePasswordRequest,
    EASProvisionDoc,
    ExecuteSearch,
    Find,
    FindOptions,
    FindQuery,
    FolderSync,
    MailboxCriterion,
    PolicyApplied,
    RightsManagementInformationRequest,
    RightsManagementTemplate,
    Settings,
    UserInformationRequest,
)
from activesync.mirror import Mirror
from activesync.plain import plain
from activesync.testing import EASServer, faults, misbehave, sample_mailbox

from .clients import Open

MAILS, CONTACTS, EVENTS, TASKS, NOTES = 60, 12, 12, 6, 4


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", "secret", mails=MAILS, contacts=CONTACTS, events=EVENTS, tasks=TASKS, notes=NOTES)
    with EASServer(mailbox) as running:
        yield running


def added(pages: Any) -> list[str]:
    """The ServerIds of all Adds in these pages."""
    return [change.server_id for page in pages for change in page.changes if isinstance(change, Add)]


# The main job


def test_everything_arrives_once_and_a_second_run_brings_nothing(connect: Open, server: EASServer) -> None:
    eas = connect(store=MemoryStore())
    assert eas.options().version == "16.1"
    folders = eas.folders()
    counts: dict[str, int] = {}
    seen: set[str] = set()
    for page in eas.sync(window=7):
        assert len(page.changes) <= 7
        for change in page.changes:
            assert isinstance(change, Add)
            assert change.server_id is not None and change.server_id not in seen
            assert change.item is not None and not change.item.problems and not change.item.unknown
            seen.add(change.server_id)
            counts[type(change.item).__name__] = counts.get(type(change.item).__name__, 0) + 1
    assert counts == {"Email": MAILS, "Contact": CONTACTS, "CalendarEvent": EVENTS, "Task": TASKS, "Note": NOTES}
    assert list(eas.sync()) == []
    assert eas.stats.items == len(seen)
    assert folders == eas.folders()


def test_changes_of_the_server_arrive(connect: Open, server: EASServer) -> None:
    eas = connect()
    list(eas.sync())
    (server_id, mail), (gone, _), *_ = server.mailbox.items(FolderType.INBOX).items()
    server.mailbox.change(server_id, read=not mail.read)
    server.mailbox.delete(gone)
    (page,) = eas.sync("inbox")
    changed = {type(change): change for change in page.changes}
    assert changed[Change].server_id == server_id and changed[Change].item.read is not mail.read
    assert changed[Delete].server_id == gone


def test_changes_of_the_client_reach_the_server(connect: Open, server: EASServer) -> None:
    eas = connect()
    list(eas.sync())
    (server_id, mail), (gone, _), *_ = server.mailbox.items(FolderType.INBOX).items()
    results = eas.apply("inbox", [Change(server_id=server_id, item=Email(read=not mail.read)), Delete(server_id=gone)])
    assert [result.ok for result in results] == [True, True]
    assert server.mailbox.items(FolderType.INBOX)[server_id].read is not mail.read
    assert gone not in server.mailbox.items(FolderType.INBOX)
    (result,) = eas.apply("contacts", [Add(item=Contact(first_name="Ada", last_name="Lovelace"))])
    assert server.mailbox.items(FolderType.CONTACTS)[result.server_id].last_name == "Lovelace"
    assert all(not page.changes for page in eas.sync("inbox", "contacts")), "our own changes do not come back"


def test_a_filter_and_a_form_of_body(connect: Open, server: EASServer) -> None:
    eas = connect()
    week = added(eas.sync("inbox", filter_type=FilterType.ONE_WEEK))
    assert 0 < len(week) < len(server.mailbox.items(FolderType.INBOX))
    (page,) = eas.sync("sent items", body=BodyType.MIME)
    assert all(change.item.body.type is BodyType.MIME for change in page.changes)


def test_an_estimate_is_what_then_comes(connect: Open, server: EASServer) -> None:
    eas = connect()
    expected = eas.estimate("inbox")
    assert expected == sum(len(page.changes) for page in eas.sync("inbox", window=10)) > 0
    assert eas.estimate("inbox") == 0


def test_searches_settings_and_any_command(connect: Open, server: EASServer) -> None:
    eas = connect()
    _, mail = next(iter(server.mailbox.items(FolderType.INBOX).items()))
    found = eas.search(mail.subject.split()[0], limit=3)
    assert found and all(result.properties is not None for result in found)
    assert [entry.email_address for entry in eas.search_gal("alice")] == ["alice@example.test"]
    assert eas.oof().oof_state is OofState.DISABLED
    eas.set_oof("Away until Monday.")
    replies = eas.oof()
    assert replies.oof_state is OofState.ENABLED and replies.messages[0].reply_message == "Away until Monday."
    eas.set_oof(None)
    assert eas.oof().oof_state is OofState.DISABLED
    eas.device_information(DeviceInformation(model="Test"))
    assert eas.user_information().accounts[0].email_addresses.primary_smtp_address == "alice@example.test"
    answer = eas.run(FolderSync(sync_key="0"))
    assert answer.status == 1 and len(answer.changes.changes) == len(eas.folders())


@pytest.mark.spec("MS-ASCMD_R7098101802", "MS-ASCMD_R70981808", "MS-ASCMD_R3707101814")
def test_find_pages_with_one_id(connect: Open, server: EASServer) -> None:
    """Every request of a search has its id, and the first one a range from 0."""
    eas = connect()
    mails = [mail for mail in server.mailbox.items(FolderType.INBOX).values() if mail.subject]
    word = mails[0].subject.split()[0]
    found = eas.find(word, folder="inbox")
    assert found and all(result.cls == "Email" and result.properties is not None for result in found)
    assert {result.properties.subject for result in found} <= {mail.subject for mail in mails}
    known = {folder.collection_id for folder in eas.folders()}
    assert all(result.collection_id in known and result.server_id for result in eas.find(word))
    sent = [wbxml.decode(request.body, type=Find) for request in server.requests if request.command == "Find"]
    assert len({find.search_id for find in sent}) == len(sent) == 2
    assert all(find.execute.mailbox.options.range.startswith("0-") for find in sent)
    with pytest.raises(UsageError, match="limit"):
        eas.find(word, limit=0)


def test_find_of_people(connect: Open) -> None:
    eas = connect()
    (alice,) = eas.find_gal("alice", pictures=True)
    assert alice.email_address == "alice@example.test" and alice.picture is not None
    assert eas.find_gal("alice")[0].picture is None
    assert eas.find_gal("nobody of this name") == []


def test_find_is_in_16_1_only() -> None:
    mailbox = sample_mailbox("alice", "secret", mails=1)
    with (
        EASServer(mailbox, versions=("14.1",)) as older,
        Client(older.url, "alice", "secret", allow_http=True) as eas,
        pytest.raises(UsageError, match=r"16\.1 only.*search"),
    ):
        eas.find("word")


@pytest.mark.spec("MS-ASCMD_R72172516")
def test_the_statuses_of_find(server: EASServer, connect: Open) -> None:
    eas = connect()
    eas.folders()

    def ask(**values: Any) -> Any:
        return eas.run(Find(**values))

    query = ExecuteSearch(mailbox=MailboxCriterion(query=FindQuery(free_text="word")))
    assert ask(execute=query).status == 2
    assert ask(search_id="1").status == 2
    later = ExecuteSearch(mailbox=MailboxCriterion(query=query.mailbox.query, options=FindOptions(range="5-9")))
    assert ask(search_id="1", execute=later).response.status == 4
    elsewhere = ExecuteSearch(mailbox=MailboxCriterion(query=FindQuery(free_text="word", collection_id="none")))
    assert ask(search_id="1", execute=elsewhere).status == 3


def test_recovery_password_and_templates_of_rights(connect: Open, server: EASServer) -> None:
    """Several parts of one Settings request, each with a status of its own."""
    server.mailbox.rights_templates = [
        RightsManagementTemplate(template_id="t1", template_name="Internal", template_description="For us")
    ]
    eas = connect()
    request = Settings(
        device_password=DevicePasswordRequest(set=DevicePassword(password="1234")),
        rights_management_information=RightsManagementInformationRequest(get=True),
        user_information=UserInformationRequest(get=True),
    )
    assert "1234" not in repr(request)
    answer = eas.run(request)
    assert answer.status == answer.device_password.status == answer.user_information.status == 1
    assert answer.rights_management_information.get.templates == server.mailbox.rights_templates
    assert [device.recovery_password for device in server.devices.values()] == ["1234"]
    wrong = eas.run(Settings(device_password=DevicePasswordRequest()))
    assert (wrong.status, wrong.device_password.status) == (1, 2)


# Pages


def test_a_page_left_by_break_or_an_exception_comes_again(connect: Open) -> None:
    eas = connect()
    first = next(iter(eas.sync("inbox", window=10)))
    with pytest.raises(ZeroDivisionError):
        for page in eas.sync("inbox", window=10):
            assert page.changes == first.changes
            raise ZeroDivisionError
    for page in eas.sync("inbox", window=10):
        assert page.changes == first.changes
        break
    everything = added(eas.sync("inbox", window=10))
    assert len(everything) == MAILS * 9 // 10
    assert everything[:10] == added([first])


def test_asking_for_the_next_page_commits_the_one_before(connect: Open) -> None:
    eas = connect()
    pages = iter(eas.sync("inbox", window=10))
    first, second = next(pages), next(pages)
    assert first.committed and not second.committed
    pages.close()  # type: ignore[attr-defined]
    again = next(iter(eas.sync("inbox", window=10)))
    assert again.changes == second.changes


def test_a_page_can_be_committed_by_itself_and_twice(connect: Open) -> None:
    eas = connect()
    for page in eas.sync("inbox", window=10):
        page.commit()
        page.commit()
        break
    assert next(iter(eas.sync("inbox", window=10))).changes != page.changes


def test_a_page_that_was_overtaken_cannot_be_committed(connect: Open) -> None:
    eas = connect()
    old = next(iter(eas.sync("inbox", window=10)))
    for page in eas.sync("inbox", window=10):
        page.commit()
        break
    with pytest.raises(UsageError, match="out of date"):
        old.commit()


def test_no_changes_go_up_while_a_page_is_out(connect: Open) -> None:
    eas = connect()
    for page in eas.sync("inbox", window=10):
        change = Delete(server_id=page.changes[0].server_id)
        for name in ("inbox", page.folder):
            with pytest.raises(UncommittedPageError):
                eas.apply(name, [change])
        page.commit()
        assert eas.apply("inbox", [change])[0].ok
        break


def test_a_transaction_keeps_rows_and_key_together(connect: Open, tmp_path: Path) -> None:
    path = tmp_path / "alice.db"
    eas = connect(store=path)
    with pytest.raises(ZeroDivisionError):
        for page in eas.sync("inbox", window=10):
            with page.transaction() as db:
                db.execute("CREATE TABLE IF NOT EXISTS mail (server_id TEXT PRIMARY KEY)")
                db.executemany("INSERT INTO mail VALUES (?)", [(change.server_id,) for change in page.changes])
                if page.more:
                    continue
                raise ZeroDivisionError
    eas.close()
    db = sqlite3.connect(path)
    before = db.execute("SELECT count(*) FROM mail").fetchone()[0]
    assert before and before % 10 == 0, "the rows of the page that failed are not there"
    again = connect(store=path)
    for page in again.sync("inbox", window=10):
        with page.transaction() as handle:
            handle.executemany("INSERT INTO mail VALUES (?)", [(change.server_id,) for change in page.changes])
    inbox = db.execute("SELECT count(*) FROM mail").fetchone()[0]
    assert inbox == MAILS * 9 // 10
    db.close()


def test_a_store_remembers_between_runs(connect: Open, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "alice.db"
    one = connect(store=path)
    list(one.sync())
    device = one.session.device_id
    one.close()
    two = connect(store=str(path))
    assert list(two.sync()) == [] and two.session.device_id == device
    assert {request.device_id for request in server.requests if request.command != "OPTIONS"} == {device}


# Faults


def test_an_answer_that_is_lost_is_not_missed_and_not_doubled(connect: Open, server: EASServer) -> None:
    eas = connect()
    server.faults += [faults.dropped(after=True, command="Sync", skip=skip) for skip in (0, 2, 5)]
    everything = added(eas.sync("inbox", window=10))
    assert len(everything) == MAILS * 9 // 10 == len(set(everything))
    server.faults.append(faults.dropped(after=True, command="Sync"))
    (result,) = eas.apply("contacts", [Add(item=Contact(last_name="Once"))])
    names = [contact.last_name for contact in server.mailbox.items(FolderType.CONTACTS).values()]
    assert result.ok and names.count("Once") == 1


def test_a_change_whose_answer_never_came_is_settled_by_the_next_run(
    connect: Open, server: EASServer, tmp_path: Path
) -> None:
    path = tmp_path / "alice.db"
    one = connect(store=path)
    list(one.sync("contacts"))
    server.faults.append(faults.dropped(after=True, command="Sync", times=3))
    with pytest.raises(errors.ConnectionLostError):
        one.apply("contacts", [Add(item=Contact(last_name="Once"))])
    one.close()
    two = connect(store=path)
    with pytest.raises(EarlierChangesError) as caught:
        two.apply("contacts", [Add(item=Contact(last_name="Later"))])
    names = [contact.last_name for contact in server.mailbox.items(FolderType.CONTACTS).values()]
    assert names.count("Once") == 1 and names.count("Later") == 0
    assert caught.value.results[0].ok
    assert two.apply("contacts", [Add(item=Contact(last_name="Later"))])[0].ok


def test_results_are_told_again_where_their_caller_has_died(connect: Open, server: EASServer, tmp_path: Path) -> None:
    store = tmp_path / "alice.db"
    eas = connect(store=store)
    list(eas.sync("contacts"))
    (first,) = eas.apply("contacts", [Add(item=Contact(last_name="One"))])
    eas.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    with pytest.raises(ZeroDivisionError), connect(store=store) as again:
        (page,) = again.sync("contacts")  # what the first client was told may be lost
        (told,) = page.results
        assert (told.server_id, told.status, told.change.item) == (first.server_id, 1, Contact(last_name="One"))
        (second,) = again.apply("contacts", [Add(item=Contact(last_name="Two"))])
        raise ZeroDivisionError
    with connect(store=store) as again:
        with pytest.raises(EarlierChangesError) as caught:
            again.apply("contacts", [Add(item=Contact(last_name="Three"))])
        assert [result.server_id for result in caught.value.results] == [second.server_id]
        # Who goes on, or closes the client, knows them.
        again.apply("contacts", [Add(item=Contact(last_name="Three"))])
        again.apply("contacts", [Add(item=Contact(last_name="Four"))])
    with connect(store=store) as again:
        assert not list(again.sync("contacts"))
    names = [item.last_name for item in server.mailbox.items(FolderType.CONTACTS).values()]
    assert [names.count(name) for name in ("One", "Two", "Three", "Four")] == [1, 1, 1, 1]


@pytest.mark.spec(
    "MS-ASPROV_R384", "MS-ASPROV_R385", "MS-ASPROV_R386", "MS-ASPROV_R387", "MS-ASPROV_R388", "MS-ASPROV_R389"
)
@pytest.mark.parametrize("applied", PolicyApplied)
def test_a_policy_is_shown_and_told_as_it_was_applied(connect: Open, server: EASServer, applied: PolicyApplied) -> None:
    server.rules.policy = EASProvisionDoc(device_password_enabled=True, min_device_password_length=6)
    shown: list[EASProvisionDoc] = []
    eas = connect(on_policy=lambda policy: (shown.append(policy), applied)[1])
    if applied in (PolicyApplied.FULLY, PolicyApplied.PARTLY):
        assert eas.provision() == server.rules.policy
        assert eas.folders()
    else:
        with pytest.raises(errors.ProvisionError, match="DeviceNotFullyProvisionable"):
            eas.provision()
    assert shown == [server.rules.policy]
    told = wbxml.decode([one for one in server.requests if one.command == "Provision"][1].body)
    assert told.root.findtext("Provision:Policies/Provision:Policy/Provision:Status") == str(int(applied))


def test_a_server_without_a_policy(connect: Open, server: EASServer) -> None:
    assert connect(on_policy=lambda policy: pytest.fail("there is none")).provision() is None


@pytest.mark.spec("MS-ASHTTP_R708", "MS-ASHTTP_R800")
@pytest.mark.spec("MS-ASHTTP_R263", "MS-ASHTTP_R226", "MS-ASHTTP_R227", "MS-ASHTTP_R210", "MS-ASHTTP_R1105")
def test_a_server_that_was_upgraded_asks_to_start_over(connect: Open, server: EASServer, tmp_path: Path) -> None:
    server.versions = ("12.1", "14.0")
    store = tmp_path / "alice.db"
    eas = connect(store=store)
    assert len(added(eas.sync("inbox", "contacts"))) > CONTACTS
    eas.apply("contacts", [Add(item=Contact(last_name="New"))])
    assert eas.session.version == "14.0"
    server.versions = ("12.1", "14.0", "14.1")
    server.faults.append(faults.start_over("12.1,14.0,14.1", command="GetItemEstimate"))
    eas.estimate("inbox")
    assert eas.session.starts_over
    eas.close()
    again = connect(store=store)  # what was asked for is not forgotten
    pages = list(again.sync("inbox", "contacts"))
    assert again.session.version == "14.1"
    assert [page.folder.name for page in pages if page.resync] == ["Inbox", "Contacts"]
    # Of what the server has made of a contact of ours it had told nothing: that comes, and what was as it is does not.
    assert [change.item.last_name for page in pages for change in page.changes] == ["New"]
    assert [page.replaced for page in pages] == [frozenset(), {pages[1].changes[0].server_id}]
    assert not list(again.sync("inbox", "contacts"))


def test_a_folder_starts_over_in_the_middle(connect: Open, server: EASServer) -> None:
    eas = connect()
    server.faults.append(faults.start_over("14.1,16.1", command="Sync", skip=1))
    pages = list(eas.sync("inbox", window=20))
    assert [(page.resync, len(page.changes)) for page in pages] == [(False, 20), (True, 0), (False, 20), (False, 14)]
    told = [change.server_id for page in pages for change in page.changes]
    assert len(told) == len(set(told)) == MAILS * 9 // 10


@pytest.mark.spec("MS-ASHTTP_R907")
def test_a_first_folder_sync_need_not_start_over(connect: Open, server: EASServer) -> None:
    server.faults.append(faults.start_over(command="FolderSync"))
    eas = connect()
    assert eas.folders() and not eas.session.starts_over


def test_a_server_that_asks_to_start_over_without_end(connect: Open, server: EASServer) -> None:
    server.faults.append(faults.start_over("16.1", command="Sync", times=None))
    eas = connect()
    with pytest.raises(errors.DamagedError, match="asks again and again to start over"):
        list(eas.sync("inbox", window=20))
    assert len(server.requests) < 20


@pytest.mark.spec("MS-ASHTTP_R9052")
def test_a_server_says_why_it_throttles(connect: Open, server: EASServer) -> None:
    headers = {"X-MS-ASThrottle": "CommandFrequency", "Retry-After": "3600"}
    server.faults.append(faults.http(503, headers))
    with pytest.raises(errors.ServerBusyError, match="it says CommandFrequency") as caught:
        connect().folders()
    assert (caught.value.throttle, caught.value.retry_after) == ("CommandFrequency", 3600)


@pytest.mark.spec(
    *("MS-ASCMD_R79", "MS-ASCMD_R80", "MS-ASCMD_R139", "MS-ASCMD_R140", "MS-ASCMD_R97", "MS-ASCMD_R3901"),
    *("MS-ASCMD_R4571", "MS-ASCMD_R5761"),
)
def test_folders_are_made_changed_and_deleted(connect: Open, server: EASServer) -> None:
    eas = connect()
    made = eas.create_folder("Projects")
    assert (made.name, made.parent_id, made.type) == ("Projects", "0", FolderType.USER_MAIL)
    within = eas.create_folder("2026", parent="Projects", type=FolderType.USER_CALENDAR)
    assert within.parent_id == made.collection_id
    before = len(server.requests)
    assert [page.folder for page in eas.sync("2026")] == []
    assert "FolderSync" not in [one.command for one in list(server.requests)[before:]], "it is known already"
    assert eas.update_folder("2026", "2027").name == "2027"
    moved = eas.update_folder("2027", parent="inbox")
    assert (moved.name, moved.parent_id) == ("2027", eas.folders().named("inbox").collection_id)
    assert eas.folders().get(within.collection_id) == moved
    eas.delete_folder(moved)
    assert eas.store.load(eas.session.account, f"collection/{within.collection_id}") is None
    assert eas.folders().get(within.collection_id) is None
    with pytest.raises(errors.UnknownFolderError):
        eas.delete_folder("2027")
    with pytest.raises(errors.StatusError, match="FolderExists"):
        eas.create_folder("Projects")
    with pytest.raises(errors.StatusError, match="SpecialFolder"):
        eas.delete_folder("inbox")


def test_folders_that_another_device_has_changed_are_asked_for_first(connect: Open, server: EASServer) -> None:
    eas = connect()
    eas.folders()
    server.faults.append(faults.status(9, command="FolderCreate"))
    server.mailbox.add_folder("From elsewhere")
    made = eas.create_folder("Projects")
    commands = [request.command for request in server.requests][-3:]
    assert commands == ["FolderCreate", "FolderSync", "FolderCreate"]
    assert {"From elsewhere", "Projects"} <= {folder.name for folder in eas.folders()}
    server.faults.append(faults.status(9, command="FolderDelete", times=None))
    with pytest.raises(errors.StatusError, match="InvalidSyncKey"):
        eas.delete_folder(made)
    server.faults.clear()
    server.faults.append(faults.dropped(after=True, command="FolderDelete"))
    eas.delete_folder(made)  # its answer was lost: asked for again, byte for byte
    assert made.name not in {folder.name for folder in eas.folders()}


@pytest.mark.parametrize("gone", ["SyncKey", "ServerId"])
def test_a_folder_that_is_made_without_key_or_id(connect: Open, server: EASServer, gone: str) -> None:
    def edit(root: Any) -> None:
        root.remove(root.find(f"{{FolderHierarchy}}{gone}"))

    server.faults.append(misbehave.edited(edit, command="FolderCreate"))
    with pytest.raises(errors.DamagedError, match=f"without a .*{gone}"):
        connect().create_folder("Projects")


@pytest.mark.parametrize("versions", [("12.1",), ("14.0",), ("14.1",), ("16.0",), ("16.1",)])
def test_every_version_with_a_policy(connect: Open, server: EASServer, versions: tuple[str, ...]) -> None:
    server.versions = versions
    server.rules.policy = EASProvisionDoc()
    eas = connect()
    assert len(added(eas.sync("inbox"))) == MAILS * 9 // 10
    assert eas.session.version == versions[0] and eas.session.policy_key != "0"
    assert eas.estimate("calendar") == EVENTS
    assert [request.command for request in server.requests].count("Provision") == 2


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (lambda: faults.html(), errors.NotActiveSyncError),
        (lambda: faults.http(401), errors.AuthenticationError),
        (lambda: faults.http(404), errors.NotFoundError),
        (lambda: faults.busy("3600"), errors.ServerBusyError),
        (lambda: faults.http(500, times=6), errors.HTTPError),  # for each window, down to one mail
        (lambda: faults.cut_off(times=3), errors.CutOffError),
        (lambda: faults.other_document(), errors.WrongDocumentError),
        (lambda: faults.status(999), errors.UnknownStatusError),
    ],
)
def test_faults_end_as_what_they_are_and_nothing_is_lost(
    connect: Open, server: EASServer, made: Callable[[], faults.Fault], error: type[Exception]
) -> None:
    eas = connect()
    eas.folders()
    fault = made()
    fault.command, fault.skip = "Sync", 2
    server.faults.append(fault)
    got: list[str] = []
    with pytest.raises(error):
        for page in eas.sync("inbox", window=10):
            got += added([page])
    got += added(eas.sync("inbox", window=10))
    assert len(got) == MAILS * 9 // 10 == len(set(got))


def test_a_wrong_password(connect: Open) -> None:
    with pytest.raises(errors.AuthenticationError):
        connect("wrong").folders()


def test_a_password_does_not_go_over_http_and_is_not_logged(
    connect: Open, server: EASServer, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InsecureURLError):
        connect(allow_http=False)
    with caplog.at_level(logging.DEBUG):
        eas = connect()
        eas.folders()
    assert "FolderSync: HTTP 200" in caplog.text
    ours = [record.getMessage() for record in caplog.records if record.name == "activesync"]
    assert not any("alice" in line for line in ours), "our own lines do not name the user"
    assert "secret" not in caplog.text
    assert "YWxpY2U6" not in caplog.text
    assert "secret" not in repr(eas) + repr(eas.session)


def test_neither_password_nor_auth_is_a_mistake(server: EASServer) -> None:
    with pytest.raises(UsageError, match="password"):
        Client(server.url, "alice", allow_http=True)


def test_another_way_to_sign_in(connect: Open, server: EASServer) -> None:
    eas = connect(None, auth=lambda: "Bearer token")
    with pytest.raises(errors.AuthenticationError):
        eas.folders()


def test_a_flow_of_pages_is_closed_with_its_loop(connect: Open) -> None:
    eas = connect()
    for _ in eas.sync("inbox", window=10):
        break
    assert not eas.session.uncommitted


def test_a_client_serves_one_thread_at_a_time(server: EASServer) -> None:
    server.faults.append(faults.delayed(0.5, command="FolderSync"))
    caught: list[BaseException] = []
    found: list[Any] = []
    with Client(server.url, "alice", "secret", allow_http=True) as eas:
        eas.options()

        def second() -> None:
            try:
                found.append(eas.folders())
            except UsageError as error:
                caught.append(error)

        threads = [threading.Thread(target=second) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(caught) == 1
    assert len(found) == 1, "the one that came first is not disturbed"


def test_tasks_may_share_an_async_client(server: EASServer) -> None:
    async def main() -> None:
        async with AsyncClient(server.url, "alice", "secret", allow_http=True) as eas:
            folders, count, found, replies = await asyncio.gather(
                eas.folders(), eas.estimate("inbox"), eas.search_gal("alice"), eas.oof()
            )
            assert folders and count and found and replies.oof_state is OofState.DISABLED

            async def count_of(name: str) -> int:
                return sum([len(page.changes) async for page in eas.sync(name, window=5)])

            assert await asyncio.gather(count_of("inbox"), count_of("contacts")) == [MAILS * 9 // 10, CONTACTS]

    asyncio.run(main())


def test_an_async_client_that_is_cancelled_leaves_the_store_right(server: EASServer) -> None:
    store = MemoryStore()

    async def main() -> None:
        async with AsyncClient(server.url, "alice", "secret", allow_http=True, store=store) as eas:
            await eas.folders()
            server.faults.append(faults.delayed(5.0, command="Sync", skip=2))
            got = 0
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    async for page in eas.sync("inbox", window=10):
                        got += len(page.changes)
            assert got == 10
            server.faults.clear()
            async for page in eas.sync("inbox", window=10):
                got += len(page.changes)
            # The page that was out when the loop was cancelled comes again; nothing else does.
            assert got in (MAILS * 9 // 10, MAILS * 9 // 10 + 10)

    asyncio.run(main())


class AsyncStore:
    """A store whose methods are coroutines, around one whose methods are not."""

    def __init__(self) -> None:
        self.inner = MemoryStore()

    async def load(self, account: str, name: str) -> str | None:
        await asyncio.sleep(0)
        return self.inner.load(account, name)

    async def save(self, account: str, values: Any) -> None:
        await asyncio.sleep(0)
        self.inner.save(account, values)

    async def names(self, account: str, prefix: str = "") -> list[str]:
        return self.inner.names(account, prefix)

    @contextlib.asynccontextmanager
    async def transaction(self, account: str) -> AsyncIterator[Any]:
        with self.inner.transaction(account) as handle:
            yield handle

    async def close(self) -> None:
        self.inner.close()


def test_an_async_client_takes_a_store_of_coroutines(server: EASServer) -> None:
    store = AsyncStore()

    async def main() -> None:
        async with AsyncClient(server.url, "alice", "secret", allow_http=True, store=store) as eas:
            assert sum([len(page.changes) async for page in eas.sync("inbox")]) == MAILS * 9 // 10
            assert [page async for page in eas.sync("inbox")] == []

    asyncio.run(main())


def test_a_sqlite_store_serves_several_accounts(server: EASServer, tmp_path: Path) -> None:
    server.users["bob"] = sample_mailbox("bob", "hush", mails=3, contacts=1, events=1, tasks=1, notes=1)
    with SqliteStore(tmp_path / "all.db") as store:
        for user, password, count in (("alice", "secret", MAILS), ("bob", "hush", 3)):
            with Client(server.url, user, password, store=store, allow_http=True) as eas:
                found = [change for page in eas.sync() for change in page.changes]
                assert len([change for change in found if isinstance(change.item, Email)]) == count
        assert store.load("alice@127.0.0.1", "device") != store.load("bob@127.0.0.1", "device")


def test_bodies_come_whole(connect: Open, server: EASServer) -> None:
    long = "0123456789abcdef" * 20_000
    server_id = server.mailbox.add(
        FolderType.NOTES, Note(subject="long", body=Body(type=BodyType.PLAIN_TEXT, data=long))
    )
    (page,) = connect().sync("notes")
    (item,) = [change.item for change in page.changes if change.server_id == server_id]
    assert item.body.data == long


@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_a_copy_follows_our_own_partial_changes(connect: Open, server: EASServer, tmp_path: Path, version: str) -> None:
    server.versions = (version,)
    eas = connect(store=tmp_path / "alice.db")
    mirror = Mirror(eas.store, eas.session.account)
    folders = eas.folders()
    mirror.take_folders(folders)
    calendar = folders.named("calendar")
    server_id, event = next(
        (one, event)
        for one, event in server.mailbox.items(FolderType.CALENDAR).items()
        if event.recurrence is None and not event.all_day_event
    )
    for page in eas.sync(calendar):
        with page.transaction() as db:
            mirror.take(page, db)
    moved = CalendarEvent(start_time=event.start_time + timedelta(days=1), end_time=event.end_time + timedelta(days=1))
    results = eas.apply(calendar, [Change(server_id=server_id, item=moved)])
    assert [result.ok for result in results] == [True]
    mirror.take_results(calendar, results)
    theirs = server.mailbox.items(FolderType.CALENDAR)[server_id]
    ours = mirror.items(calendar)[server_id]
    assert ours["start_time"] == plain(theirs.start_time)
    assert ours.get("subject") == theirs.subject
    assert (theirs.subject is not None) is (version == "16.1")


def test_what_goes_up_while_a_folder_starts_over_is_not_lost_to_a_copy(
    connect: Open, server: EASServer, tmp_path: Path
) -> None:
    eas = connect(store=tmp_path / "alice.db")
    mirror = Mirror(eas.store, eas.session.account)
    folders = eas.folders()
    mirror.take_folders(folders)
    contacts = folders.named("contacts")

    def copy() -> None:
        for page in eas.sync(contacts):
            with page.transaction() as db:
                mirror.take(page, db)

    copy()
    name = f"collection/{contacts.collection_id}"
    eas.store.save(eas.session.account, {name: '{"sync_key": "gone", "pending": null, "resync": false}'})
    (refused,) = eas.apply(contacts, [Add(item=Contact(last_name="Early"))])
    assert refused.status == 3
    (taken,) = eas.apply(contacts, [Add(item=Contact(last_name="Late"))])
    assert taken.ok
    mirror.take_results(contacts, [taken])
    copy()
    assert set(mirror.items(contacts)) == set(server.mailbox.items(FolderType.CONTACTS))
