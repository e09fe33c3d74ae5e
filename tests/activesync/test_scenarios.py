"""What a client does from end to end, by the sequences and the prose of Microsoft's specifications: each test is a job
of a user's, done against the embedded server, and looks at what went over the wire. Up to eight requirements a test.
"""

from __future__ import annotations

import copy
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

import wbxml
from activesync import (
    Add,
    Body,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Contact,
    Delete,
    DeviceInformation,
    Email,
    Fetch,
    FilterType,
    Flag,
    FolderType,
    Importance,
    Note,
    Oof,
    OofMessage,
    OofState,
    SoftDelete,
    Task,
    errors,
    flows,
)
from activesync.commands import (
    POLICY_TYPE,
    And,
    Collection,
    DeviceInformationRequest,
    DevicePassword,
    DevicePasswordRequest,
    EASProvisionDoc,
    EstimateCollection,
    FolderAdd,
    FolderChanges,
    FolderSyncResponse,
    GALEntry,
    GALPicture,
    GALStore,
    GetItemEstimate,
    GreaterThan,
    LessThan,
    OofGet,
    OofRequest,
    Options,
    PictureOptions,
    PolicyApplied,
    PolicyRequest,
    Provision,
    Query,
    Search,
    SearchGAL,
    SearchOptions,
    SearchStore,
    Settings,
    SupportedContacts,
    Sync,
    UserInformationRequest,
)
from activesync.items import FlagStatus, Location, MeetingRequest
from activesync.state import CollectionState, state_name
from activesync.testing import Answer, EASServer, Mailbox, faults, misbehave, sample_directory, sample_mailbox

from .clients import COLLECTION, client, collections, sent
from .script import Canned, Script, session

NOON = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", "secret", mails=30, contacts=6, events=6, tasks=4, notes=2)
    with EASServer(mailbox, directory=sample_directory()) as running:
        yield running


def keys(server: EASServer) -> list[str]:
    """The SyncKeys of all Syncs, in their order."""
    return [root.findtext(f"{COLLECTION}/AirSync:SyncKey", "") for root in sent(server, "Sync")]


def primed(eas: Client, collection: str) -> str:
    """A folder's first key: what a Sync with 0 answers."""
    return eas.run(Sync(collections=[Collection(sync_key="0", collection_id=collection)])).collections[0].sync_key


def added(eas: Client, folder: str, **options: Any) -> list[Any]:
    return [change.item for page in eas.sync(folder, **options) for change in page.changes if isinstance(change, Add)]


# Folders


@pytest.mark.spec(
    *("MS-ASCMD_R115", "MS-ASCMD_R117", "MS-ASCMD_R118", "MS-ASCMD_R5007", "MS-ASCMD_R5021", "MS-ASCMD_R5022"),
    *("MS-ASCMD_R5023", "MS-ASCMD_R4579"),
)
def test_the_hierarchy_is_fetched_once_and_then_its_changes(eas: Client, server: EASServer) -> None:
    first = eas.folders()
    server.mailbox.add_folder("Later")
    second = eas.folders()
    requests = sent(server, "FolderSync")
    assert [root.findtext("FolderHierarchy:SyncKey") for root in requests] == ["0", first.sync_key]
    assert all(len(root) == 1 for root in requests), "there is nothing but the key in them"
    assert {folder.name for folder in second} == {folder.name for folder in first} | {"Later"}
    assert all(folder.collection_id and folder.name for folder in second)


@pytest.mark.spec("MS-ASCMD_R5011", "MS-ASCMD_R5012", "MS-ASCMD_R5009", "MS-ASCMD_R5591", "MS-ASCMD_R2035")
def test_the_hierarchy_may_be_fetched_anew_and_its_ids_stay(eas: Client, server: EASServer) -> None:
    before = {folder.collection_id: folder.name for folder in eas.folders()}
    server.faults.append(faults.status(9, command="FolderSync"))
    assert {folder.collection_id: folder.name for folder in eas.folders()} == before
    assert sent(server, "FolderSync")[-1].findtext("FolderHierarchy:SyncKey") == "0"
    inbox = eas.folders().named("inbox")
    assert inbox and added(eas, "inbox")
    assert sent(server, "Sync")[-1].findtext(f"{COLLECTION}/AirSync:CollectionId") == inbox.collection_id


@pytest.mark.spec("MS-ASCMD_R3915", "MS-ASCMD_R3624", "MS-ASCMD_R4582", "MS-ASCMD_R5763", "MS-ASCMD_R5764")
def test_ids_of_folders_are_any_text(tmp_path: Any) -> None:
    odd, parent = "mail%2F{ü}" + "x" * 54, "/.." + "y" * 61
    changes = FolderChanges(
        changes=[
            FolderAdd(server_id=parent, parent_id="0", display_name="Top", type=FolderType.INBOX),
            FolderAdd(server_id=odd, parent_id=parent, display_name="Odd", type=FolderType.USER_MAIL),
        ]
    )
    script = Script([FolderSyncResponse(status=1, sync_key="k" * 64, changes=changes)])
    hierarchy = script.run(flows.folders(session()))
    assert (len(odd), len(parent)) == (64, 64)
    assert hierarchy.get(odd).parent_id == parent and hierarchy.get(parent).name == "Top"
    assert hierarchy.sync_key == "k" * 64


# Sync, downwards


@pytest.mark.spec(
    *("MS-ASCMD_R645", "MS-ASCMD_R646", "MS-ASCMD_R4605", "MS-ASCMD_R4607", "MS-ASCMD_R5033", "MS-ASCMD_R5035"),
    *("MS-ASCMD_R5036", "MS-ASCMD_R4603"),
)
def test_a_folder_is_primed_and_each_answer_brings_the_next_key(eas: Client, server: EASServer) -> None:
    assert len(added(eas, "inbox", window=10)) == len(server.mailbox.items(FolderType.INBOX))
    used = keys(server)
    assert used[0] == "0" and "0" not in used[1:] and len(set(used)) == len(used)
    first, second = sent(server, "Sync")[:2]
    assert first.find(f"{COLLECTION}/AirSync:GetChanges") is None
    assert second.findtext(f"{COLLECTION}/AirSync:GetChanges") == "1"


@pytest.mark.spec(
    *("MS-ASCMD_R5040", "MS-ASCMD_R5041", "MS-ASCMD_R5042", "MS-ASCMD_R5062", "MS-ASCMD_R5014", "MS-ASCMD_R5016"),
    *("MS-ASCMD_R4766", "MS-ASCMD_R4775"),
)
def test_a_window_breaks_a_folder_into_pages(eas: Client, server: EASServer) -> None:
    pages = list(eas.sync("inbox", window=7))
    total = len(server.mailbox.items(FolderType.INBOX))
    assert [len(page.changes) for page in pages] == [7] * (total // 7) + ([total % 7] if total % 7 else [])
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert {root.findtext(f"{COLLECTION}/AirSync:WindowSize") for root in sent(server, "Sync")[1:]} == {"7"}


@pytest.mark.spec(
    *("MS-ASCMD_R5044", "MS-ASCMD_R650", "MS-ASCMD_R652", "MS-ASCMD_R750", "MS-ASCMD_R869", "MS-ASCMD_R2153"),
    *("MS-ASCMD_R871", "MS-ASCMD_R2059"),
)
def test_afterwards_only_what_has_changed_comes(eas: Client, server: EASServer) -> None:
    known = list(server.mailbox.items(FolderType.CONTACTS))
    assert len(added(eas, "contacts")) == len(known)
    new = server.mailbox.add(FolderType.CONTACTS, Contact(last_name="New"))
    server.mailbox.change(known[0], last_name="Other")
    server.mailbox.change(known[1], last_name="Another")
    server.mailbox.delete(known[2])
    (page,) = eas.sync("contacts")
    told = {(type(change).__name__, change.server_id) for change in page.changes}
    new_id = new if isinstance(new, str) else new.server_id
    assert told == {("Add", new_id), ("Change", known[0]), ("Change", known[1]), ("Delete", known[2])}
    assert list(eas.sync("contacts")) == []


@pytest.mark.spec("MS-ASCMD_R655", "MS-ASCMD_R656", "MS-ASCMD_R5594")
def test_where_nothing_has_changed_the_answer_is_empty(eas: Client, server: EASServer) -> None:
    added(eas, "notes")
    key = keys(server)[-1]
    received = eas.stats.received
    assert list(eas.sync("notes")) == []
    assert eas.stats.received == received, "not a byte of a body"
    assert list(eas.sync("notes")) == [] and keys(server)[-1] == keys(server)[-2] != key


@pytest.mark.spec(
    "MS-ASCMD_R977", "MS-ASCMD_R978", "MS-ASCMD_R979", "MS-ASCMD_R2047", "MS-ASCMD_R2046", "MS-ASCMD_R972"
)
def test_several_folders_go_into_one_request(eas: Client) -> None:
    wanted = [folder.collection_id for folder in eas.folders().of_type(FolderType.INBOX, FolderType.CONTACTS)]
    answer = eas.run(Sync(collections=[Collection(sync_key="0", collection_id=one) for one in wanted]))
    assert [one.collection_id for one in answer.collections] == wanted
    keys_of = {one.collection_id: one.sync_key for one in answer.collections}
    both = eas.run(Sync(collections=[Collection(sync_key=key, collection_id=one) for one, key in keys_of.items()]))
    assert all(one.commands for one in both.collections)


@pytest.mark.spec(
    *("MS-ASCMD_R3062", "MS-ASCMD_R5551", "MS-ASCMD_R5552", "MS-ASCMD_R3076", "MS-ASCMD_R3072", "MS-ASCMD_R2986"),
)
def test_a_filter_keeps_a_window_of_time(eas: Client, server: EASServer) -> None:
    server.mailbox.add(FolderType.INBOX, Email(subject="old", date_received=datetime.now(UTC) - timedelta(days=20)))
    server.mailbox.add(FolderType.INBOX, Email(subject="new", date_received=datetime.now(UTC) - timedelta(days=1)))
    found = {item.subject for item in added(eas, "inbox", filter_type=FilterType.ONE_WEEK)}
    assert "new" in found and "old" not in found
    everything = {change.item.subject for page in eas.sync("inbox") for change in page.changes}
    assert "old" in everything, "without a filter all comes, whatever its age"
    left = [change for page in eas.sync("inbox", filter_type=FilterType.THREE_DAYS) for change in page.changes]
    assert left and all(isinstance(change, SoftDelete) for change in left)


@pytest.mark.spec("MS-ASCMD_R2955", "MS-ASCMD_R2956", "MS-ASCMD_R775", "MS-ASCMD_R774")
def test_an_item_that_was_cut_is_fetched_whole(eas: Client, server: EASServer) -> None:
    mail = Email(subject="long", date_received=NOON, body=Body(type=BodyType.PLAIN_TEXT, data="word " * 500))
    server.mailbox.add(FolderType.INBOX, mail)
    options = Options(body_preferences=[BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=100)])
    (cut,) = [
        change
        for page in eas.sync("inbox", options=options)
        for change in page.changes
        if isinstance(change, Add) and change.item is not None and change.item.subject == "long"
    ]
    assert cut.item and cut.item.body and cut.item.body.truncated and len(cut.item.body.data or "") <= 100
    (whole,) = eas.apply("inbox", [Fetch(server_id=cut.server_id)])
    assert whole.ok and whole.item and isinstance(whole.item, Email) and whole.item.subject == "long"


# Sync, upwards


@pytest.mark.spec(
    *("MS-ASCMD_R5045", "MS-ASCMD_R744", "MS-ASCMD_R746", "MS-ASCMD_R956", "MS-ASCMD_R960", "MS-ASCMD_R2049"),
    *("MS-ASCMD_R2050", "MS-ASCMD_R5765"),
)
def test_a_client_adds_changes_and_deletes(eas: Client, server: EASServer) -> None:
    added(eas, "contacts")
    results = eas.apply("contacts", [Add(item=Contact(last_name="A")), Add(item=Contact(last_name="B"))])
    ids = [result.server_id for result in results]
    commands = [root for root in sent(server, "Sync") if root.find(f"{COLLECTION}/AirSync:Commands") is not None][-1]
    temporary = [one.findtext("AirSync:ClientId") for one in commands.iter(wbxml.AirSync.Add)]
    assert None not in temporary and len(set(temporary)) == 2 and None not in ids
    changed, deleted = eas.apply(
        "contacts", [Change(server_id=ids[0], item=Contact(last_name="C")), Delete(server_id=ids[1])]
    )
    assert changed.ok and deleted.ok
    names = {one.last_name for one in server.mailbox.items(FolderType.CONTACTS).values() if isinstance(one, Contact)}
    assert "C" in names and not {"A", "B"} & names


@pytest.mark.spec(
    *("MS-ASCMD_R758", "MS-ASCMD_R760", "MS-ASCMD_R6233", "MS-ASCMD_R6235", "MS-ASCMD_R6412", "MS-ASCMD_R6414"),
    *("MS-ASCMD_R3834", "MS-ASCMD_R3835"),
)
def test_what_is_not_answered_has_succeeded(eas: Client, server: EASServer) -> None:
    added(eas, "tasks")
    first, second = list(server.mailbox.items(FolderType.TASKS))[:2]
    results = eas.apply("tasks", [Change(server_id=first, item=Task(subject="x")), Delete(server_id=second)])
    assert all(result.ok for result in results)
    answers: list[Answer] = []
    key = keys(server)[-1]

    def listen(request: Any, carry_out: Any) -> Answer:
        answers.append(carry_out())
        return answers[-1]

    server.faults.append(faults.Fault(listen, "Sync"))
    third = list(server.mailbox.items(FolderType.TASKS))[1]
    eas.apply("tasks", [Change(server_id=third, item=Task(subject="y"))])
    assert wbxml.decode(answers[0].body).root.find(f"{COLLECTION}/AirSync:Responses") is None
    assert key != keys(server)[-1]


@pytest.mark.spec("MS-ASCMD_R2061", "MS-ASCMD_R2068", "MS-ASCMD_R2070", "MS-ASCMD_R2071", "MS-ASCMD_R2076")
def test_of_two_changes_one_stays(eas: Client, server: EASServer) -> None:
    added(eas, "contacts")
    one, other = list(server.mailbox.items(FolderType.CONTACTS))[:2]
    server.mailbox.change(one, last_name="Server")
    (result,) = eas.apply("contacts", [Change(server_id=one, item=Contact(last_name="Client"))])
    assert (result.ok, result.status) == (False, 7)
    assert server.mailbox.item(one).last_name == "Server"  # type: ignore[union-attr]
    server.mailbox.change(other, last_name="Server")
    eas.apply("contacts", [Delete(server_id=other)])
    assert other not in server.mailbox.items(FolderType.CONTACTS), "a Delete takes precedence"


@pytest.mark.spec("MS-ASCMD_R2157", "MS-ASCMD_R2158", "MS-ASCMD_R754")
def test_mails_are_moved_to_the_deleted_ones_and_never_added(eas: Client, server: EASServer) -> None:
    added(eas, "inbox")
    first = next(iter(server.mailbox.items(FolderType.INBOX)))
    before = len(server.mailbox.items(FolderType.DELETED_ITEMS))
    assert eas.apply("inbox", [Delete(server_id=first)])[0].ok
    assert len(server.mailbox.items(FolderType.DELETED_ITEMS)) == before + 1
    with client(server, versions=("14.1",), device="old", check=False) as old:
        added(old, "inbox")
        (refused,) = old.apply("inbox", [Add(item=Email(subject="mine"))])
        assert not refused.ok


@pytest.mark.spec(
    *("MS-ASEMAIL_R19", "MS-ASEMAIL_R20", "MS-ASEMAIL_R21", "MS-ASEMAIL_R940", "MS-ASEMAIL_R86", "MS-ASEMAIL_R88"),
    *("MS-ASEMAIL_R8800", "MS-ASEMAIL_R766"),
)
def test_a_mail_is_flagged_completed_and_cleared(eas: Client, server: EASServer) -> None:
    added(eas, "inbox")
    mail = next(iter(server.mailbox.items(FolderType.INBOX)))
    active = Flag(
        status=FlagStatus.ACTIVE, flag_type="Flag for follow up", start_date=NOON, due_date=NOON,
        utc_start_date=NOON, utc_due_date=NOON, subject=server.mailbox.item(mail).subject,  # type: ignore[union-attr]
    )  # fmt: skip
    done = Flag(status=FlagStatus.COMPLETE, complete_time=NOON, date_completed=NOON)
    for flag in (active, done, Flag(status=FlagStatus.CLEARED), active, Flag()):
        assert eas.apply("inbox", [Change(server_id=mail, item=Email(flag=flag))])[0].ok
        kept = server.mailbox.item(mail)
        assert isinstance(kept, Email) and kept.subject
        expected = flag.status or None
        assert (kept.flag.status if kept.flag and kept.flag.status else None) == expected
    written = wbxml.decode(wbxml.encode(Change(item=Email(flag=Flag())))).root
    (empty,) = written.iter(wbxml.Email.Flag)
    assert not len(empty)


@pytest.mark.spec("MS-ASEMAIL_R319", "MS-ASEMAIL_R320", "MS-ASCMD_R660", "MS-ASCMD_R4537")
def test_what_a_change_does_not_say_stays_and_an_empty_list_clears(eas: Client, server: EASServer) -> None:
    added(eas, "inbox")
    mail = next(iter(server.mailbox.items(FolderType.INBOX)))
    for categories, expected in ((["a", "b"], ["a", "b"]), (None, ["a", "b"]), ([], [])):
        item = Email(read=True, categories=categories)
        assert eas.apply("inbox", [Change(server_id=mail, item=item)])[0].ok
        kept = server.mailbox.item(mail)
        assert isinstance(kept, Email) and (kept.categories or []) == expected


# Estimates


@pytest.mark.spec(
    *("MS-ASCMD_R171", "MS-ASCMD_R5013", "MS-ASCMD_R5039", "MS-ASCMD_R986", "MS-ASCMD_R988", "MS-ASCMD_R989"),
    *("MS-ASCMD_R3542", "MS-ASCMD_R2970"),
)
def test_an_estimate_is_what_then_comes(eas: Client, server: EASServer) -> None:
    estimated = eas.estimate("inbox")
    assert estimated == len(added(eas, "inbox")) and eas.estimate("inbox") == 0
    server.mailbox.add(FolderType.INBOX, Email(subject="x", date_received=NOON))
    assert eas.estimate("inbox") == 1
    inbox = eas.folders().named("inbox")
    (asked,) = {
        root.findtext("GetItemEstimate:Collections/GetItemEstimate:Collection/GetItemEstimate:CollectionId")
        for root in sent(server, "GetItemEstimate")
    }
    assert inbox and asked == inbox.collection_id


@pytest.mark.spec("MS-ASCMD_R3543", "MS-ASCMD_R4590", "MS-ASCMD_R968", "MS-ASCMD_R6257")
def test_several_folders_are_estimated_at_once(eas: Client, server: EASServer) -> None:
    for name in ("inbox", "contacts"):
        list(eas.sync(name))
    added_mail = server.mailbox.add(FolderType.INBOX, Email(subject="x", date_received=NOON))
    assert added_mail
    folders = {folder.name: folder.collection_id for folder in eas.folders()}
    state = {
        name: CollectionState.from_json(eas.store.load(eas.session.account, state_name(folders[name]))).sync_key
        for name in ("Inbox", "Contacts")
    }
    asked = [
        EstimateCollection(sync_key=state[name], collection_id=folders[name], options=options)
        for name, options in (("Inbox", [Options(cls="Email", filter_type=FilterType.ALL)]), ("Contacts", []))
    ]
    answers = eas.run(GetItemEstimate(collections=asked)).responses
    assert [one.status for one in answers] == [1, 1] and all(one.collection is not None for one in answers)


# Searches


@pytest.mark.spec(
    *("MS-ASCMD_R434", "MS-ASCMD_R435", "MS-ASCMD_R431", "MS-ASCMD_R3726", "MS-ASCMD_R3727", "MS-ASCMD_R3729"),
    *("MS-ASCMD_R3490", "MS-ASCMD_R3753"),
)
def test_a_search_is_paged_by_ranges(eas: Client, server: EASServer) -> None:
    eas.folders()
    for number in range(25):
        server.mailbox.add(FolderType.INBOX, Email(subject=f"needle {number}", date_received=NOON))

    def asked(range_: str) -> Any:
        query = Query(and_=And(classes=["Email"], free_text="needle"))
        options = SearchOptions(range=range_)
        return eas.run(Search(store=SearchStore(name="Mailbox", query=query, options=options))).store

    first, second = asked("0-9"), asked("10-19")
    assert (len(first.results), len(second.results), first.total) == (10, 10, 25)
    assert not {one.long_id for one in first.results} & {one.long_id for one in second.results}
    assert len(asked("0-0").results) == 1
    assert len(eas.search("needle", limit=25)) == 25


@pytest.mark.spec(
    *("MS-ASCMD_R3142", "MS-ASCMD_R3217", "MS-ASCMD_R3219", "MS-ASCMD_R2030"),
    *("MS-ASCMD_R3703", "MS-ASCMD_R3704"),
)
def test_a_search_by_dates_and_folders(eas: Client, server: EASServer) -> None:
    folders = eas.folders()
    days = [NOON - timedelta(days=one) for one in (1, 5, 9)]
    for day in days:
        server.mailbox.add(FolderType.INBOX, Email(subject=f"needle {day:%d}", date_received=day))
    server.mailbox.add(FolderType.SENT_ITEMS, Email(subject="needle sent", date_received=days[1]))
    inbox, out = (folders.of_type(kind)[0].collection_id for kind in (FolderType.INBOX, FolderType.SENT_ITEMS))

    def subjects(**criteria: Any) -> set[str]:
        query = Query(and_=And(classes=["Email"], free_text="needle", **criteria))
        store = eas.run(Search(store=SearchStore(name="Mailbox", query=query))).store
        assert store is not None
        return {str(one.properties.subject) for one in store.results if isinstance(one.properties, Email)}

    after = GreaterThan(date_received=True, value=NOON - timedelta(days=6))
    before = LessThan(date_received=True, value=NOON - timedelta(days=3))
    assert subjects(greater_than=after, less_than=before) == {f"needle {days[1]:%d}", "needle sent"}
    assert subjects(collection_ids=[inbox], less_than=before) == {f"needle {days[1]:%d}", f"needle {days[2]:%d}"}
    assert len(subjects(collection_ids=[inbox, out])) == 4


@pytest.mark.spec("MS-ASCMD_R2031", "MS-ASCMD_R5856", "MS-ASCMD_R5421", "MS-ASCMD_R5752")
def test_a_search_goes_as_deep_as_it_is_told(eas: Client, server: EASServer) -> None:
    below = server.mailbox.add_folder("Below", parent_id=server.mailbox.folder(FolderType.INBOX).server_id)
    server.mailbox.add(below, Email(subject="needle below", date_received=NOON))
    inbox = eas.folders().named("inbox")
    assert inbox is not None
    query = Query(and_=And(collection_ids=[inbox.collection_id], free_text="need"))
    for deep in (False, True):
        options = SearchOptions(range="0-9", deep_traversal=deep)
        store = eas.run(Search(store=SearchStore(name="Mailbox", query=query, options=options))).store
        assert store is not None and store.total == int(deep)


@pytest.mark.spec(
    *("MS-ASCMD_R415", "MS-ASCMD_R418", "MS-ASCMD_R424", "MS-ASCMD_R425", "MS-ASCMD_R3493", "MS-ASCMD_R5286"),
    *("MS-ASCMD_R5293", "MS-ASCMD_R5330"),
)
def test_people_are_found_by_what_is_indexed_of_them(server: EASServer) -> None:
    server.directory = [
        GALEntry(
            display_name="Ann Lee", alias="annl", first_name="Ann", last_name="Lee", email_address="lee@example.test",
            company="Example", home_phone="1", office="2",
        ),
        GALEntry(display_name="Bob Ray", alias="br", email_address="bob@example.test"),
    ]  # fmt: skip
    with client(server) as eas:
        for text in ("Ann", "annl", "Lee", "lee@example.test"):
            (found,) = eas.search_gal(text)
            assert (found.alias, found.company, found.home_phone) == ("annl", "Example", "1")
        one = eas.run(SearchGAL(store=GALStore(name="GAL", query="example", options=SearchOptions(range="0-0"))))
        assert one.store is not None and len(one.store.results) == 1 and one.store.total == 2
        (mail,) = eas.search("the", limit=1)
        assert not isinstance(mail.properties, GALEntry)


@pytest.mark.spec("MS-ASCMD_R3294")
@pytest.mark.spec("MS-ASCMD_R3311", "MS-ASCMD_R416")
def test_people_come_with_their_pictures_where_these_are_wanted(eas: Client, server: EASServer) -> None:
    server.directory[:0] = [GALEntry(display_name=name, picture=GALPicture(data=b"jpeg")) for name in ("Eve", "Ed")]
    options = SearchOptions(range="0-9", picture=PictureOptions(max_size=50000, max_pictures=1))
    answer = eas.run(SearchGAL(store=GALStore(name="GAL", query="e", options=options)))
    assert answer.store is not None
    pictures = [one.properties.picture for one in answer.store.results if isinstance(one.properties, GALEntry)]
    assert pictures and all(picture is not None for picture in pictures)
    assert len([picture for picture in pictures if picture and picture.data]) == 1
    assert {picture.status for picture in pictures if picture} == {1, 173, 175}
    assert len(answer.store.results) == min(answer.store.total or 0, 10)


# Settings


@pytest.mark.spec(
    *("MS-ASCMD_R464", "MS-ASCMD_R3498", "MS-ASCMD_R3499", "MS-ASCMD_R3502", "MS-ASCMD_R3509", "MS-ASCMD_R3937"),
    *("MS-ASCMD_R2268", "MS-ASCMD_R3988"),
)
def test_replies_for_a_time(eas: Client) -> None:
    start, end = NOON + timedelta(days=1), NOON + timedelta(days=9)
    message = OofMessage(applies_to_internal=True, enabled=True, reply_message="Away", body_type="Text")
    eas.set_oof(Oof(oof_state=OofState.SCHEDULED, start_time=start, end_time=end, messages=[message]))
    kept = eas.oof()
    assert (kept.oof_state, kept.start_time, kept.end_time) == (OofState.SCHEDULED, start, end)
    eas.set_oof(None)
    assert eas.oof().oof_state is OofState.DISABLED


@pytest.mark.spec(
    *("MS-ASCMD_R3513", "MS-ASCMD_R3518", "MS-ASCMD_R3519", "MS-ASCMD_R3520", "MS-ASCMD_R5866", "MS-ASCMD_R5867"),
    *("MS-ASCMD_R3790", "MS-ASCMD_R3784"),
)
def test_each_audience_has_its_reply(eas: Client) -> None:
    audiences = ("applies_to_internal", "applies_to_external_known", "applies_to_external_unknown")
    messages = [
        OofMessage(**{audience: True}, enabled=True, reply_message=f"to {audience}", body_type="Text")
        for audience in audiences
    ]
    eas.set_oof(Oof(oof_state=OofState.ENABLED, messages=messages))
    kept = eas.oof().messages
    for audience in audiences:
        (mine,) = [message for message in kept if getattr(message, audience)]
        assert (mine.enabled, mine.reply_message) == (True, f"to {audience}")
        assert [getattr(mine, other) for other in audiences if other != audience] == [False, False]


@pytest.mark.spec("MS-ASCMD_R3117")
@pytest.mark.spec("MS-ASCMD_R817", "MS-ASCMD_R822", "MS-ASCMD_R823", "MS-ASCMD_R3503")
def test_replies_in_either_form(eas: Client) -> None:
    message = OofMessage(applies_to_internal=True, enabled=True, reply_message="<b>Away</b>", body_type="HTML")
    eas.set_oof(Oof(oof_state=OofState.ENABLED, messages=[message]))
    html, text = eas.oof(body_type="HTML").messages, eas.oof(body_type="Text").messages
    assert "<b>Away</b>" in (html[0].reply_message or "") and html[0].body_type == "HTML"
    assert (text[0].reply_message or "").strip() == "Away" and text[0].body_type == "Text"


@pytest.mark.spec(
    *("MS-ASCMD_R468", "MS-ASCMD_R469", "MS-ASCMD_R5713", "MS-ASCMD_R466", "MS-ASCMD_R467", "MS-ASCMD_R471"),
    *("MS-ASCMD_R2170", "MS-ASCMD_R3496"),
)
def test_several_settings_in_one_request_have_their_own_statuses(eas: Client) -> None:
    answer = eas.run(
        Settings(
            oof=OofRequest(get=OofGet(body_type="Text")),
            device_information=DeviceInformationRequest(set=DeviceInformation(model="M")),
            device_password=DevicePasswordRequest(set=DevicePassword(password="p")),
            user_information=UserInformationRequest(get=True),
        )
    )
    parts = (answer.oof, answer.device_information, answer.device_password, answer.user_information)
    assert answer.status == 1 and all(part is not None and part.status == 1 for part in parts)
    assert answer.oof and answer.oof.get and answer.user_information and answer.user_information.get


@pytest.mark.spec("MS-ASCMD_R3661", "MS-ASCMD_R465")
def test_a_recovery_password_is_cleared_by_an_empty_one(eas: Client) -> None:
    for password in ("1234", ""):
        command = Settings(device_password=DevicePasswordRequest(set=DevicePassword(password=password)))
        answer = eas.run(command)
        assert answer.device_password and answer.device_password.status == 1
    (element,) = wbxml.decode(wbxml.encode(command)).root.iter(wbxml.Settings.Password)
    assert (element.text or "", len(element)) == ("", 0)


@pytest.mark.spec(
    *("MS-ASCMD_R2169", "MS-ASCMD_R2174", "MS-ASCMD_R2176", "MS-ASCMD_R2177", "MS-ASCMD_R2178", "MS-ASCMD_R5543"),
    *("MS-ASCMD_R6433", "MS-ASCMD_R6434"),
)
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_the_device_is_told_of_in_the_way_of_the_version(server: EASServer, version: str) -> None:
    device = DeviceInformation(model="M", imei="1", friendly_name="F", os="O", os_language="L", phone_number="2")
    server.rules.policy = EASProvisionDoc()
    with client(server, versions=(version,), device_information=device) as eas:
        eas.folders()
        first = sent(server, "Provision")[0].find("Settings:DeviceInformation")
        assert (first is not None) == (version >= "14.1")
        eas.device_information(device)
        (told,) = sent(server, "Settings")[-1].findall("Settings:DeviceInformation")
        assert [child.tag.name for child in told] == ["Set"]
        assert told.findtext("Settings:Set/Settings:Model") == "M"
        assert server.device(eas.session.device_id).information == device


@pytest.mark.spec(
    *("MS-ASCMD_R474", "MS-ASCMD_R3941", "MS-ASCMD_R5003", "MS-ASCMD_R5003101801", "MS-ASCMD_R5003101802"),
)
@pytest.mark.parametrize("policy", [None, EASProvisionDoc()])
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_the_device_is_told_of_before_the_folders_and_once(
    server: EASServer, tmp_path: Path, version: str, policy: EASProvisionDoc | None
) -> None:
    server.rules.policy = policy
    device = DeviceInformation(model="M", enable_outbound_sms=False, mobile_operator="O")
    kept = tmp_path / "state.db"
    tells = "Settings" if version < "14.1" else "Provision"
    for _ in range(2):
        with client(server, versions=(version,), device_information=device, store=kept) as eas:
            eas.folders()
            eas.folders()
    commands = [one.command for one in server.requests]
    if version < "14.1" or policy is not None:
        assert commands.index(tells) < len(commands) - 1 - commands[::-1].index("FolderSync")
        told = server.device(eas.session.device_id).information
        assert told is not None and told.model == "M"
        assert told.mobile_operator == (None if version == "12.1" else "O"), "12.1 does not have it"
    assert commands.count("Settings") == (0 if tells == "Provision" else 1 if policy is None else 2)

    # Another telephone, for instance: it is told once more.
    device.friendly_name = "new"
    with client(server, versions=(version,), device_information=device, store=kept) as eas:
        eas.folders()
        eas.folders()
    later = [one.command for one in server.requests][len(commands) :]
    unasked = version >= "14.1" and policy is None
    assert later == ["FolderSync", "FolderSync"] if unasked else ["Settings", "FolderSync", "FolderSync"]


@pytest.mark.parametrize("code", [400, 404, 500, 501])
def test_a_server_without_settings_gives_its_folders_all_the_same(server: EASServer, code: int) -> None:
    server.faults.append(faults.http(code, command="Settings", times=None))
    with client(server, versions=("14.0",)) as eas:
        assert eas.folders() and eas.folders()
    assert [one.command for one in server.requests] == ["OPTIONS", "Settings", "FolderSync", "FolderSync"]


@pytest.mark.parametrize(
    ("code", "kind"), [(401, errors.AuthenticationError), (403, errors.ForbiddenError), (503, errors.ServerBusyError)]
)
def test_one_who_may_not_come_in_is_told_so_at_once(server: EASServer, code: int, kind: type[Exception]) -> None:
    server.faults.append(faults.http(code, {"Retry-After": "100"}, command="Settings"))
    with client(server, versions=("14.0",)) as eas, pytest.raises(kind):
        eas.folders()
    assert [one.command for one in server.requests] == ["OPTIONS", "Settings"]


# Provisioning


@pytest.mark.spec(
    *("MS-ASPROV_R416", "MS-ASPROV_R418", "MS-ASPROV_R421", "MS-ASPROV_R634", "MS-ASPROV_R436", "MS-ASPROV_R637"),
    *("MS-ASPROV_R638", "MS-ASPROV_R425"),
)
def test_a_policy_is_asked_for_and_acknowledged(server: EASServer) -> None:
    server.rules.policy = EASProvisionDoc(device_password_enabled=True)
    with client(server) as eas:
        assert eas.provision() == server.rules.policy
        eas.folders()
        asked, acknowledged = sent(server, "Provision")
        policy = "Provision:Policies/Provision:Policy"
        assert asked.findtext(f"{policy}/Provision:PolicyType") == "MS-EAS-Provisioning-WBXML"
        assert acknowledged.findtext(f"{policy}/Provision:Status") == "1"
        assert [child.tag.name for child in acknowledged] == ["Policies"]
        assert server.requests[-1].headers["x-ms-policykey"] == eas.session.policy_key
        assert eas.session.policy_key != acknowledged.findtext(f"{policy}/Provision:PolicyKey")


@pytest.mark.spec("MS-ASPROV_R611", "MS-ASPROV_R612", "MS-ASCMD_R4993", "MS-ASCMD_R4994", "MS-ASCMD_R4988")
def test_a_policy_that_has_changed_is_fetched_anew(server: EASServer) -> None:
    server.rules.policy = EASProvisionDoc(allow_camera=True)
    shown: list[EASProvisionDoc] = []

    def look(policy: EASProvisionDoc) -> Any:
        shown.append(policy)
        return PolicyApplied.FULLY

    with client(server, on_policy=look) as eas:
        eas.folders()
        key = eas.session.policy_key
        server.rules.policy = EASProvisionDoc(allow_camera=False)
        eas.folders()
        assert eas.session.policy_key != key
    assert [policy.allow_camera for policy in shown] == [True, False]


@pytest.mark.spec(
    *(
        "MS-ASPROV_R623",
        "MS-ASPROV_R641",
        "MS-ASPROV_R64501",
        "MS-ASPROV_R64503",
        "MS-ASPROV_R64505",
        "MS-ASPROV_R6904",
    ),
    *("MS-ASPROV_R400", "MS-ASPROV_R324"),
)
@pytest.mark.parametrize("account_only", [False, True])
def test_a_wipe_is_acknowledged_at_once(server: EASServer, account_only: bool) -> None:
    with client(server) as eas:
        eas.folders()
        server.wipe(eas.session.device_id, account_only=account_only)
        with pytest.raises(errors.RemoteWipeRequested) as caught:
            eas.folders()
        before = len(server.requests)
        eas.acknowledge_wipe(account_only=caught.value.account_only)
        assert [one.command for one in list(server.requests)[before:]] == ["Provision"]
        (told,) = sent(server, "Provision")[-1]
        assert told.tag.name == ("AccountOnlyRemoteWipe" if account_only else "RemoteWipe")
        assert [(child.tag.name, child.text) for child in told] == [("Status", "1")]


# The transport


@pytest.mark.spec("MS-ASHTTP_R518")
@pytest.mark.spec("MS-ASHTTP_R1415", "MS-ASHTTP_R1383", "MS-ASHTTP_R1384")
def test_a_client_with_a_certificate_sends_no_authorization(tmp_path: Any) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    shown, trusted = tmp_path / "alice.pem", tmp_path / "ca.pem"
    authority.issue_cert("alice@example.test").private_key_and_cert_chain_pem.write_to_path(str(shown))
    authority.cert_pem.write_to_path(str(trusted))
    seen: list[str] = []

    class Certified(EASServer):
        def answer(self, request: Any, authorization: str) -> Answer:
            seen.append(authorization)
            return super().answer(request, "Basic YWxpY2U6c2VjcmV0")

    with (
        Certified(Mailbox("alice", "secret"), tls=context) as server,
        Client(server.url, "alice", certificate=shown, verify=trusted) as eas,
    ):
        assert eas.folders()
    assert set(seen) == {""}


@pytest.mark.spec("MS-ASCMD_R4986")
@pytest.mark.spec(
    "MS-ASHTTP_R252", "MS-ASHTTP_R232", "MS-ASHTTP_R233", "MS-ASHTTP_R236", "MS-ASHTTP_R237", "MS-ASHTTP_R256"
)
def test_versions_are_asked_for_first(eas: Client, server: EASServer) -> None:
    eas.folders()
    first, second = list(server.requests)[:2]
    assert (first.method, second.method) == ("OPTIONS", "POST")
    offered = eas.options()
    assert offered.version in offered.versions and "Sync" in offered.commands
    assert eas.session.url.endswith("/Microsoft-Server-ActiveSync")


@pytest.mark.spec("MS-ASHTTP_R182", "MS-ASHTTP_R177")
def test_failures_that_pass_are_waited_for_and_others_are_told(server: EASServer) -> None:
    with client(server) as eas:
        server.faults.append(faults.busy("0", command="FolderSync"))
        assert eas.folders()
        for code, kind in ((404, errors.NotFoundError), (400, errors.HTTPError)):
            server.faults.append(faults.http(code, command="FolderSync"))
            before = len(server.requests)
            with pytest.raises(kind):
                eas.folders()
            assert len(server.requests) == before + 1, "what fails once fails again"


@pytest.mark.spec("MS-ASCAL_R2005", "MS-ASCAL_R2004")
def test_an_event_of_a_whole_day_has_no_zone(eas: Client, server: EASServer) -> None:
    list(eas.sync("calendar"))
    day = datetime(2026, 12, 24, tzinfo=UTC)
    event = CalendarEvent(subject="Eve", all_day_event=True, start_time=day, end_time=day + timedelta(days=1))
    (result,) = eas.apply("calendar", [Add(item=event)])
    assert result.ok and result.server_id
    (written,) = [root for root in sent(server, "Sync") if root.find(f"{COLLECTION}/AirSync:Commands") is not None]
    assert next(iter(written.iter(wbxml.Calendar.Timezone)), None) is None
    kept = server.mailbox.item(result.server_id)
    assert isinstance(kept, CalendarEvent) and kept.start_time == day


# Each class of item

CLASSES = {
    "Calendar": (
        "calendar", CalendarEvent(subject="needle", start_time=NOON, end_time=NOON), {"Calendar", "AirSyncBase"},
        (
            *("MS-ASCAL_R28", "MS-ASCAL_R484", "MS-ASCAL_R486", "MS-ASCAL_R501", "MS-ASCAL_R502", "MS-ASCAL_R503"),
            *("MS-ASCAL_R520", "MS-ASCAL_R518"),
        ),
        ("MS-ASCAL_R487", "MS-ASCAL_R498", "MS-ASCAL_R522", "MS-ASCAL_R524"),
    ),
    "Contacts": (
        "contacts", Contact(last_name="needle", nick_name="n"), {"Contacts", "Contacts2", "AirSyncBase"},
        ("MS-ASCNTC_R21", "MS-ASCNTC_R438", "MS-ASCNTC_R453", "MS-ASCNTC_R454", "MS-ASCNTC_R472"),
        ("MS-ASCNTC_R439", "MS-ASCNTC_R450", "MS-ASCNTC_R474", "MS-ASCNTC_R476"),
    ),
    "Email": (
        "inbox", Email(read=True), {"Email", "Email2", "AirSyncBase", "Tasks", "RightsManagement"},
        (
            *("MS-ASEMAIL_R137", "MS-ASEMAIL_R7", "MS-ASEMAIL_R10", "MS-ASEMAIL_R39", "MS-ASEMAIL_R40"),
            *("MS-ASEMAIL_R54", "MS-ASEMAIL_R70"),
        ),
        ("MS-ASEMAIL_R12", "MS-ASEMAIL_R36", "MS-ASEMAIL_R56", "MS-ASEMAIL_R58"),
    ),
    "Notes": (
        "notes", Note(subject="needle", message_class="IPM.StickyNote"), {"Notes", "AirSyncBase"},
        ("MS-ASNOTE_R19", "MS-ASNOTE_R68", "MS-ASNOTE_R78", "MS-ASNOTE_R79", "MS-ASNOTE_R95", "MS-ASNOTE_R66"),
        ("MS-ASNOTE_R69", "MS-ASNOTE_R75", "MS-ASNOTE_R97", "MS-ASNOTE_R99"),
    ),
    "Tasks": (
        "tasks", Task(subject="needle", importance=Importance.HIGH), {"Tasks", "AirSyncBase"},
        ("MS-ASTASK_R19", "MS-ASTASK_R327", "MS-ASTASK_R338", "MS-ASTASK_R339", "MS-ASTASK_R340", "MS-ASTASK_R348"),
        ("MS-ASTASK_R328", "MS-ASTASK_R335", "MS-ASTASK_R350", "MS-ASTASK_R352"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "folder", "item", "spaces"),
    [
        pytest.param(cls, folder, item, spaces, marks=pytest.mark.spec(*ids), id=cls)
        for cls, (folder, item, spaces, ids, _) in CLASSES.items()
    ],
)
def test_each_class_is_synchronised(
    eas: Client, server: EASServer, cls: str, folder: str, item: Any, spaces: Any
) -> None:
    """Begun by the client, in both directions, with the elements of the class within ApplicationData."""
    received = added(eas, folder)
    assert received and all(type(one) is type(item) for one in received)
    if cls == "Email":
        (result,) = eas.apply(folder, [Change(server_id=next(iter(server.mailbox.items(FolderType.INBOX))), item=item)])
    else:
        (result,) = eas.apply(folder, [Add(item=item)])
    assert result.ok
    (data,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.ApplicationData)
    assert {child.tag.namespace for child in data} <= spaces and len(data)
    outside = [one for one in sent(server, "Sync")[-1].iter() if one.tag.namespace in spaces - {"AirSyncBase", "Tasks"}]
    assert len(outside) == len([one for one in data.iter() if one.tag.namespace in spaces - {"AirSyncBase", "Tasks"}])
    declared = {tag.namespace for tag in wbxml.ACTIVESYNC.by_name.values()}
    assert spaces <= declared


@pytest.mark.parametrize(
    ("cls", "folder", "item"),
    [
        pytest.param(cls, folder, item, marks=pytest.mark.spec(*ids), id=cls)
        for cls, (folder, item, _, _, ids) in CLASSES.items()
    ],
)
def test_each_class_is_searched_and_fetched(eas: Client, server: EASServer, cls: str, folder: str, item: Any) -> None:
    list(eas.sync(folder))
    kind = next(one.type for one in eas.folders() if one.name.casefold() == folder)
    server.mailbox.add(kind, Email(subject="needle", date_received=NOON) if cls == "Email" else item)
    query = Query(and_=And(classes=[cls], free_text="needle"))
    store = eas.run(Search(store=SearchStore(name="Mailbox", query=query))).store
    assert store is not None and [type(one.properties) for one in store.results] == [type(item)]
    known = next(iter(server.mailbox.items(kind)))
    (fetched,) = eas.apply(folder, [Fetch(server_id=known)])
    assert fetched.ok and type(fetched.item) is type(item)


@pytest.mark.spec(
    "MS-ASDTYPE_R5", "MS-ASDTYPE_R7", "MS-ASDTYPE_R20", "MS-ASDTYPE_R87", "MS-ASDTYPE_R91", "MS-ASDTYPE_R502"
)
def test_all_but_byte_arrays_are_inline_strings() -> None:
    event = CalendarEvent(all_day_event=True, start_time=NOON, subject="text", reminder=15)
    mail = Email(read=False, date_received=NOON, conversation_id=b"\x00\xff")
    place = CalendarEvent(place=Location(latitude="47.5", longitude="8.25"))
    for item in (event, mail, place):
        values = [token for token in wbxml.tokens(wbxml.encode(Change(item=item))) if token.kind in ("str_i", "opaque")]
        texts = [token.value for token in values if token.kind == "str_i"]
        assert values and len(texts) == len(values) - (item is mail)
        assert set(texts) & {"1", "0", "text", "47.5"}


# What a server may want of a client besides


@pytest.mark.spec(
    "MS-ASHTTP_R1381", "MS-ASHTTP_R1382", "MS-ASCMD_R412", "MS-ASCMD_R413", "MS-ASCMD_R10031992", "MS-ASCMD_R10031993"
)
def test_searches_go_by_the_language_of_the_client(server: EASServer) -> None:
    for language in ("de-DE", None):
        with client(server, language=language) as eas:
            eas.folders()
            eas.search("the")
            eas.search_gal("a")
            eas.find("the")
        assert {one.headers.get("accept-language") for one in list(server.requests)[-3:]} == {language}


@pytest.mark.spec("MS-ASHTTP_R1007", "MS-ASHTTP_R1008", "MS-ASHTTP_R1000")
def test_a_password_that_has_expired(eas: Client, server: EASServer) -> None:
    url = "https://portal.example.test/ChangePassword.aspx"
    server.faults.append(faults.http(457, {"X-MS-Credential-Service-Url": f"{url}?user=alice"}))
    with pytest.raises(errors.PasswordExpiredError, match="set another one at https://portal") as caught:
        eas.folders()
    assert caught.value.url == url and len(server.requests) == 2, "it is not tried again"
    server.faults.append(faults.http(457))
    with pytest.raises(errors.PasswordExpiredError) as without:
        eas.folders()
    assert without.value.url is None
    server.faults.append(faults.http(456))
    with pytest.raises(errors.ForbiddenError, match="ask its administrator"):
        eas.folders()


def test_a_password_that_is_about_to_expire(eas: Client, server: EASServer) -> None:
    def warn(request: Any, carry_out: Any) -> Answer:
        answer: Answer = carry_out()
        answer.headers["X-MS-Credentials-Expire"] = "13"
        return answer

    assert eas.password_expires is None
    server.faults.append(faults.Fault(warn, "FolderSync"))
    eas.folders()
    eas.folders()
    assert eas.password_expires == 13


@pytest.mark.spec(
    *("MS-ASPROV_R1033", "MS-ASPROV_R640", "MS-ASPROV_R636", "MS-ASPROV_R606", "MS-ASPROV_R604", "MS-ASPROV_R971"),
    *("MS-ASPROV_R306", "MS-ASPROV_R320"),
)
def test_policies_of_another_type_are_passed_over(server: EASServer) -> None:
    def edit(root: Any) -> None:
        policies = root.find("{Provision}Policies")
        first = policies[0]
        other = copy.deepcopy(first)
        other.find("{Provision}PolicyType").text = "MS-WAP-Provisioning-XML"
        other.find("{Provision}PolicyKey").text = "666"
        policies.insert(0, other)

    server.rules.policy = EASProvisionDoc(allow_camera=False)
    server.faults.append(misbehave.edited(edit, command="Provision"))
    with client(server) as eas:
        assert eas.provision() == server.rules.policy
    asked, acknowledged = sent(server, "Provision")
    policy = "Provision:Policies/Provision:Policy"
    key = acknowledged.findtext(f"{policy}/Provision:PolicyKey", "")
    assert key != "666" and 0 < int(key) < 2**32
    assert [child.tag.name for child in asked.find(policy) or ()] == ["PolicyType"]
    assert asked.findtext(f"{policy}/Provision:PolicyType") == "MS-EAS-Provisioning-WBXML"


@pytest.mark.spec("MS-ASPROV_R401")
@pytest.mark.spec("MS-ASPROV_R438", "MS-ASPROV_R642", "MS-ASPROV_R323", "MS-ASPROV_R6905", "MS-ASPROV_R64502")
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("account_only", [True, False])
def test_what_became_of_a_wipe_is_told(server: EASServer, account_only: bool, done: bool) -> None:
    with client(server) as eas:
        eas.folders()
        assert not sent(server, "Provision"), "without a directive no wipe is spoken of"
        server.wipe(eas.session.device_id, account_only=account_only)
        with pytest.raises(errors.RemoteWipeRequested):
            eas.folders()
        eas.acknowledge_wipe(account_only=account_only, done=done)
    name = "AccountOnlyRemoteWipe" if account_only else "RemoteWipe"
    told = wbxml.to_xml(server.requests[-1].body)
    assert f"<{name}><Status>{1 if done else 2}</Status></{name}>" in "".join(told.split())


@pytest.mark.spec("MS-ASPROV_R66613", "MS-ASPROV_R66615")
@pytest.mark.spec("MS-ASPROV_R653", "MS-ASPROV_R654", "MS-ASPROV_R66612", "MS-ASPROV_R66614")
def test_a_wipe_is_only_in_the_answer_where_it_was_asked_for(server: EASServer) -> None:
    server.rules.policy = EASProvisionDoc()
    with client(server, versions=("16.1",)) as eas:
        device = DeviceInformationRequest(set=DeviceInformation(model="M"))
        asked = Provision(device_information=device, policies=[PolicyRequest(policy_type=POLICY_TYPE)])
        for wipe in (None, False, True):
            if wipe is not None:
                server.wipe(eas.session.device_id, account_only=wipe)
            answer = eas.run(asked)
            assert (answer.remote_wipe, answer.account_only_remote_wipe) == (wipe is False, wipe is True)


@pytest.mark.spec("MS-ASPROV_R610", "MS-ASPROV_R61101", "MS-ASPROV_R1029", "MS-ASPROV_R1030", "MS-ASPROV_R61102")
@pytest.mark.parametrize("version", ["12.1", "16.1"])
def test_a_device_is_provisioned_where_the_server_asks(server: EASServer, version: str) -> None:
    with client(server, versions=(version,)) as eas:
        assert eas.provision() is None, "there is no policy, and asking does no harm"
        server.rules.policy = EASProvisionDoc()
        before = len(server.requests)
        eas.folders()
        commands = [one.command for one in list(server.requests)[before:]]
        first = ["FolderSync"] if version >= "14.1" else ["Settings"]
        assert commands == [*first, "Provision", "Provision", *first[: version < "14.1"], "FolderSync"]


@pytest.mark.spec(
    "MS-ASHTTP_R247",
    "MS-ASHTTP_R254",
    "MS-ASHTTP_R1107",
    "MS-ASHTTP_R260",
    "MS-ASHTTP_R261",
    "MS-ASHTTP_R235",
    "MS-ASHTTP_R296",
)
def test_the_greatest_version_of_both_is_spoken(server: EASServer) -> None:
    for offered, spoken in ((("12.1", "14.1"), "14.1"), (("16.1", "14.0"), "16.1"), (("12.1",), "12.1")):
        server.versions = offered
        with client(server) as eas:
            told = eas.options()
            assert (told.version, set(told.versions)) == (spoken, set(offered))
            assert {"Sync", "FolderSync", "Provision"} <= set(told.commands)
            eas.folders()
            assert server.requests[-1].version == spoken


@pytest.mark.spec("MS-ASRM_R340")
@pytest.mark.spec("MS-ASHTTP_R1416", "MS-ASHTTP_R1417", "MS-ASHTTP_R258", "MS-ASCMD_R3581")
def test_http_is_not_spoken_unless_it_is_wanted() -> None:
    with pytest.raises(errors.InsecureURLError, match="readable on the way"):
        Client("http://mail.example.test", "alice", "secret")
    with Client("mail.example.test", "alice", "secret") as eas:
        assert eas.session.url.startswith("https://")


@pytest.mark.spec("MS-ASCMD_R4806", "MS-ASCMD_R4807", "MS-ASCMD_R4808", "MS-ASCMD_R5428")
def test_a_status_has_a_scope(eas: Client, server: EASServer) -> None:
    """Of the whole request, of one item in it, of one policy."""
    server.faults.append(faults.status(4, command="Sync"))
    with pytest.raises(errors.StatusError) as whole:
        list(eas.sync("inbox"))
    (item,) = eas.apply("contacts", [Change(server_id="none", item=Contact(last_name="x"))])
    assert (whole.value.scope, whole.value.status) == ("Sync", 4)
    assert (item.ok, item.status) == (False, 8)
    server.rules.policy = EASProvisionDoc()

    def edit(root: Any) -> None:
        root.find("{Provision}Policies/{Provision}Policy/{Provision}Status").text = "3"

    server.faults.append(misbehave.edited(edit, command="Provision"))
    with pytest.raises(errors.ProvisionError) as policy:
        eas.provision()
    assert (policy.value.scope, policy.value.status) == ("Policy", 3)


# More of Sync


@pytest.mark.spec("MS-ASCMD_R5916", "MS-ASEMAIL_R1488", "MS-ASEMAIL_R14880")
@pytest.mark.parametrize("version", ["12.1", "14.1", "16.0", "16.1"])
def test_drafts_are_synchronised_from_16_0_on(server: EASServer, version: str) -> None:
    server.mailbox.add(FolderType.DRAFTS, Email(subject="draft", date_received=NOON, is_draft=True))
    with client(server, versions=(version,)) as eas:
        found = {page.folder.type for page in eas.sync()}
    assert (FolderType.DRAFTS in found) == (version >= "16.0")
    assert {FolderType.INBOX, FolderType.CONTACTS, FolderType.CALENDAR} <= found


@pytest.mark.spec(
    *("MS-ASCMD_R5095", "MS-ASCMD_R5107", "MS-ASCMD_R5109", "MS-ASCMD_R5110", "MS-ASCMD_R5113", "MS-ASCMD_R5116"),
    *("MS-ASCMD_R5120", "MS-ASCMD_R5104"),
)
@pytest.mark.parametrize("after", [False, True])
def test_a_request_or_an_answer_that_is_lost_is_sent_again(eas: Client, server: EASServer, after: bool) -> None:
    added(eas, "contacts")
    server.faults.append(faults.dropped(after=after, command="Sync"))
    new = server.mailbox.add(FolderType.CONTACTS, Contact(last_name="New"))
    assert new and [item.last_name for item in added(eas, "contacts")] == ["New"]
    first, second = [one.body for one in server.requests if one.command == "Sync"][-2:]
    assert first == second
    server.faults.append(faults.dropped(after=after, command="Sync", times=None))
    with pytest.raises(errors.ConnectionLostError):
        list(eas.sync("contacts"))


@pytest.mark.spec("MS-ASCMD_R5114", "MS-ASCMD_R5118", "MS-ASCMD_R5788")
def test_a_held_request_is_waited_for_longer(eas: Client, server: EASServer) -> None:
    inbox = eas.folders().named("inbox")
    assert inbox is not None
    list(eas.sync(inbox))
    state = CollectionState.from_json(eas.store.load(eas.session.account, state_name(inbox.collection_id)))
    held = Sync(
        collections=[Collection(sync_key=state.sync_key, collection_id=inbox.collection_id)], heartbeat_interval=60
    )
    timer = threading.Timer(0.3, lambda: server.mailbox.add(FolderType.INBOX, Email(subject="x", date_received=NOON)))
    timer.start()
    begun = time.monotonic()
    answer = eas.run(held)
    timer.join()
    assert 0.2 < time.monotonic() - begun < 20 and len(answer.collections[0].commands) == 1
    script = Script([errors.TimedOutError("silence"), Canned(b"")])
    script.run(session(timeout=7.0).run(held))
    assert [request.timeout for request in script.requests] == [67.0, 67.0]
    assert script.requests[0].body == script.requests[1].body


@pytest.mark.spec(
    *("MS-ASCMD_R606", "MS-ASCMD_R644", "MS-ASCMD_R651", "MS-ASCMD_R4598", "MS-ASCMD_R4601", "MS-ASCMD_R5030"),
    *("MS-ASCMD_R5031", "MS-ASCMD_R5038"),
)
def test_any_folder_is_synchronised_from_the_start_or_on(eas: Client, server: EASServer) -> None:
    for name, kind in (("inbox", FolderType.INBOX), ("calendar", FolderType.CALENDAR), ("tasks", FolderType.TASKS)):
        before = len(keys(server))
        assert len(added(eas, name)) == len(server.mailbox.items(kind))
        assert keys(server)[before] == "0"
        assert list(eas.sync(name)) == [] and keys(server)[-1] != "0"
        server.faults.append(faults.status(3, command="Sync"))
        pages = list(eas.sync(name))
        assert [(page.resync, page.changes) for page in pages] == [(True, [])], "all is as it was"


@pytest.mark.spec("MS-ASCMD_R3119", "MS-ASCMD_R3124", "MS-ASCMD_R3126", "MS-ASCMD_R5554", "MS-ASCMD_R3125")
def test_changes_come_where_they_are_asked_for(eas: Client, server: EASServer) -> None:
    list(eas.sync("contacts"))
    people = eas.folders().named("contacts")
    assert people is not None
    server.mailbox.add(FolderType.CONTACTS, Contact(last_name="New"))
    name = state_name(people.collection_id)
    key = CollectionState.from_json(eas.store.load(eas.session.account, name)).sync_key

    def asked(**values: Any) -> int:
        answer = eas.run(Sync(collections=[Collection(sync_key=key, collection_id=people.collection_id, **values)]))
        return len(answer.collections[0].commands) if answer.collections else 0

    assert (asked(get_changes=False), asked(get_changes=True)) == (0, 1)
    assert asked() == 1, "with a key, an absent one asks for them"


@pytest.mark.spec("MS-ASCMD_R3457", "MS-ASCMD_R3460", "MS-ASCMD_R4773", "MS-ASCMD_R4781")
def test_no_page_has_more_than_512_changes(eas: Client, server: EASServer) -> None:
    for number in range(600):
        server.mailbox.add(FolderType.CONTACTS, Contact(last_name=str(number)))
    pages = list(eas.sync("contacts", window=512))
    assert [len(page.changes) for page in pages] == [512, len(server.mailbox.items(FolderType.CONTACTS)) - 512]
    assert [page.more for page in pages] == [True, False]
    with pytest.raises(errors.UsageError):
        list(eas.sync("contacts", window=513))


@pytest.mark.spec("MS-ASCMD_R3591", "MS-ASCMD_R3592", "MS-ASCMD_R3593", "MS-ASCMD_R3594", "MS-ASCMD_R3595")
def test_each_folder_has_its_options(eas: Client, server: EASServer) -> None:
    wanted = {"inbox": BodyType.HTML, "notes": BodyType.PLAIN_TEXT}

    def options(folder: Any) -> Options:
        kind = wanted[folder.name.casefold()]
        return Options(body_preferences=[BodyPreference(type=kind, truncation_size=50)])

    for page in eas.sync(*wanted, options=options):
        for change in page.changes:
            body = change.item.body  # type: ignore[union-attr]
            assert body is None or (len((body.data or "").encode()) <= 50)
    kind = "AirSync:Options/AirSyncBase:BodyPreference/AirSyncBase:Type"
    asked = {
        one.findtext("AirSync:CollectionId"): one.findtext(kind)
        for one in collections(server)
        if one.find("AirSync:Options") is not None
    }
    ids = {folder.name.casefold(): folder.collection_id for folder in eas.folders()}
    assert asked == {ids[name]: str(int(kind)) for name, kind in wanted.items()}


@pytest.mark.spec(
    "MS-ASCMD_R659", "MS-ASCMD_R661", "MS-ASCMD_R4554", "MS-ASCMD_R2787", "MS-ASCMD_R4542", "MS-ASCMD_R4544"
)
def test_a_client_says_which_properties_it_manages() -> None:
    every = SupportedContacts(
        **{one.name: True for one in fields(SupportedContacts) if one.name not in ("unknown", "problems")}
    )
    first = Sync(collections=[Collection(sync_key="0", collection_id="2", supported=every)])
    (collection,) = wbxml.decode(wbxml.encode(first, version="16.1")).root.findall(COLLECTION)
    assert [child.tag.name for child in collection] == ["SyncKey", "CollectionId", "Supported"]
    managed = {str(child.tag) for child in collection[2]}
    contact = {str(tag) for tag in (*wbxml.Contacts, *wbxml.Contacts2) if "14.1" in tag.versions}
    # Not those within others, nor what is the server's.
    inner = {"Contacts:Category", "Contacts:Child", "Contacts:Alias", "Contacts:WeightedRank"}
    assert contact - managed <= inner | {one for one in contact if one.endswith(("Body", "BodySize", "BodyTruncated"))}


@pytest.mark.spec("MS-ASCMD_R5067")
@pytest.mark.spec(
    "MS-ASCMD_R5081", "MS-ASCMD_R5083", "MS-ASCMD_R5084", "MS-ASCMD_R5063", "MS-ASCMD_R7484", "MS-ASEMAIL_R543"
)
def test_a_meeting_request_comes_with_the_mails(eas: Client, server: EASServer) -> None:
    request = MeetingRequest(start_time=NOON, end_time=NOON, organizer="bob@example.test", uid="meeting-1")
    kind = "IPM.Schedule.Meeting.Request"
    server.mailbox.add(
        FolderType.INBOX,
        Email(subject="Invitation", date_received=NOON, message_class=kind, meeting_request=request),
    )
    invitations = [item for item in added(eas, "inbox") if item.meeting_request is not None]
    assert "meeting-1" in {item.meeting_request.uid for item in invitations}
    assert all(item.message_class.startswith("IPM.Schedule.Meeting") for item in invitations)
    asked = sent(server, "Sync")[1]
    assert asked.findtext(f"{COLLECTION}/AirSync:GetChanges") == "1"
    assert asked.findtext(f"{COLLECTION}/AirSync:WindowSize") == "100"


@pytest.mark.spec("MS-ASCMD_R7476", "MS-ASCAL_R2061", "MS-ASCAL_R2222", "MS-ASCAL_R2219")
@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_a_meeting_is_made_by_its_organizer(server: EASServer, version: str) -> None:
    """Up to 14.1 the client makes the UID, later it may give a name of its own, which stays the same."""
    name = {"client_uid": "mine-1"} if version >= "16.0" else {"uid": "mine-1", "dt_stamp": NOON}
    event = CalendarEvent(subject="Team", start_time=NOON, end_time=NOON + timedelta(hours=1), **name)
    with client(server, versions=(version,)) as eas:
        list(eas.sync("calendar"))
        (result,) = eas.apply("calendar", [Add(item=event)])
        assert result.ok and result.server_id
        kept = server.mailbox.item(result.server_id)
        assert isinstance(kept, CalendarEvent) and kept.subject == "Team" and kept.uid
        tag = wbxml.Calendar.ClientUid if version >= "16.0" else wbxml.Calendar.UID
        assert [one.text for one in sent(server, "Sync")[-1].iter(tag)] == ["mine-1"]


@pytest.mark.spec("MS-ASNOTE_R83", "MS-ASNOTE_R124", "MS-ASNOTE_R37")
def test_a_note_need_not_say_when_it_was_changed(eas: Client, server: EASServer) -> None:
    list(eas.sync("notes"))
    note = Note(subject="n", message_class="IPM.StickyNote", body=Body(type=BodyType.PLAIN_TEXT, data="x"))
    (result,) = eas.apply("notes", [Add(item=note)])
    assert result.ok and not list(sent(server, "Sync")[-1].iter(wbxml.Notes.LastModifiedDate))
    kept = server.mailbox.item(str(result.server_id))
    assert isinstance(kept, Note) and kept.last_modified_date is not None


# More of GetItemEstimate


@pytest.mark.spec("MS-ASCMD_R2966", "MS-ASCMD_R2974", "MS-ASCMD_R3005", "MS-ASCMD_R3006", "MS-ASCMD_R3007")
@pytest.mark.spec("MS-ASCMD_R3019", "MS-ASCMD_R3020", "MS-ASCMD_R2972")
@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (FolderType.INBOX, {0, 1, 2, 3, 4, 5}),
        (FolderType.CALENDAR, {0, 4, 5, 6, 7}),
        (FolderType.TASKS, {0, 8}),
        (FolderType.CONTACTS, set(range(9))),
    ],
)
def test_which_filters_an_estimate_takes(eas: Client, kind: FolderType, taken: set[int]) -> None:
    """The table of [MS-ASCMD] section 2.2.3.68.1; contacts are counted whatever the filter."""
    folder = eas.folders().of_type(kind)[0]
    key = primed(eas, folder.collection_id)
    answered = {}
    for value in FilterType:
        options = [Options(filter_type=value)]
        one = EstimateCollection(sync_key=key, collection_id=folder.collection_id, options=options)
        answered[int(value)] = eas.run(GetItemEstimate(collections=[one]), check=False).responses[0].status
        assert flows.default_options(folder, filter_type=value).filter_type in (None, value)
    assert answered == {value: 1 if value in taken else 110 for value in range(9)}


@pytest.mark.spec("MS-ASCMD_R2100", "MS-ASCMD_R2117", "MS-ASCMD_R908", "MS-ASCMD_R935", "MS-ASCMD_R907")
@pytest.mark.spec("MS-ASCMD_R934", "MS-ASCMD_R906", "MS-ASCMD_R933")
def test_conversations_and_classes_are_asked_for_where_they_are(eas: Client) -> None:
    by_type = {folder.type: folder.collection_id for folder in eas.folders()}
    inbox, contacts = by_type[FolderType.INBOX], by_type[FolderType.CONTACTS]
    for collection, told, estimated, synced in (
        (inbox, {"conversation_mode": True}, 1, 1),
        (contacts, {"conversation_mode": True}, 103, 4),
        (inbox, {"options": [Options(cls="Email"), Options(cls="SMS")]}, 1, 1),
        (inbox, {"options": [Options(cls="Email"), Options(cls="Tasks")]}, 4, 4),
        (contacts, {"options": [Options(cls="Contacts"), Options(cls="SMS")]}, 4, 4),
    ):
        key = primed(eas, collection)
        count = EstimateCollection(sync_key=key, collection_id=collection, **told)
        assert eas.run(GetItemEstimate(collections=[count]), check=False).responses[0].status == estimated
        pulled = eas.run(Sync(collections=[Collection(sync_key=key, collection_id=collection, **told)]), check=False)
        statuses = {pulled.status, *(one.status for one in pulled.collections)} - {None}
        assert statuses == {synced}


@pytest.mark.spec("MS-ASCMD_R3645")
@pytest.mark.spec("MS-ASCMD_R3643", "MS-ASCMD_R3644", "MS-ASCMD_R3646")
def test_a_partial_request_keeps_what_the_one_before_it_told(eas: Client, server: EASServer) -> None:
    """Of two folders one is told of anew; the other keeps its key and its window."""
    by_type = {folder.type: folder.collection_id for folder in eas.folders()}
    contacts, notes = by_type[FolderType.CONTACTS], by_type[FolderType.NOTES]
    start = [Collection(sync_key=primed(eas, one), collection_id=one, window_size=512) for one in (contacts, notes)]
    at = {one.collection_id: one.sync_key for one in eas.run(Sync(collections=start)).collections}
    whole = [Collection(sync_key=at[one], collection_id=one, window_size=1) for one in (contacts, notes)]
    assert not eas.run(Sync(collections=whole)).collections, "nothing has changed"
    for number in range(3):
        server.mailbox.add(FolderType.NOTES, Note(subject=f"n{number}"))
        server.mailbox.add(FolderType.CONTACTS, Contact(last_name=f"c{number}"))
    changed = Collection(sync_key=at[notes], collection_id=notes, window_size=2)
    answer = eas.run(Sync(partial=True, collections=[changed]))
    assert {one.collection_id: len(one.commands) for one in answer.collections} == {notes: 2, contacts: 1}


# Conversations: [MS-ASCON] section 3.1.4


def conversation(server: EASServer) -> tuple[bytes, list[str]]:
    """A conversation of three mails in the inbox, among others."""
    name = bytes(range(16))
    mails = [Email(subject=f"Re: {n}", date_received=NOON, conversation_id=name, read=False) for n in range(3)]
    return name, [server.mailbox.add(FolderType.INBOX, mail) for mail in mails]


@pytest.mark.spec(
    *("MS-ASCON_R159", "MS-ASCON_R163", "MS-ASCON_R401", "MS-ASCON_R402", "MS-ASCON_R165", "MS-ASCON_R403")
)
def test_what_is_done_to_a_conversation_is_done_to_its_mails(eas: Client, server: EASServer) -> None:
    name, _ = conversation(server)
    inbox = [change for page in eas.sync("inbox") for change in page.changes if isinstance(change, Add)]
    members = [change.server_id for change in inbox if change.item.conversation_id == name]
    assert len(members) == 3 < len(inbox)
    others = [copy.deepcopy(item) for item in server.mailbox.items(FolderType.INBOX).values()][:-3]
    active = Flag(status=FlagStatus.ACTIVE, flag_type="for Follow Up", start_date=NOON, due_date=NOON)
    active.utc_start_date = active.utc_due_date = NOON
    complete = Flag(status=FlagStatus.COMPLETE, complete_time=NOON, date_completed=NOON)
    for item, told, expected in (
        (Email(read=True), members, (True, None)),
        (Email(read=False), members[:1], (False, None)),
        (Email(flag=active), members[:1], (False, FlagStatus.ACTIVE)),
        (Email(flag=complete), members[:1], (False, FlagStatus.COMPLETE)),
        (Email(flag=Flag()), members, (False, None)),
    ):
        assert all(one.ok for one in eas.apply("inbox", [Change(server_id=known, item=item) for known in told]))
        first = server.mailbox.items(FolderType.INBOX)[members[0]]
        assert isinstance(first, Email)
        assert (first.read, first.flag.status if first.flag else None) == expected
    assert all(one.ok for one in eas.apply("inbox", [Delete(server_id=known) for known in members]))
    assert list(server.mailbox.items(FolderType.INBOX).values()) == others


@pytest.mark.spec("MS-ASCON_R177", "MS-ASCON_R178", "MS-ASCON_R179", "MS-ASCMD_R2083")
def test_a_conversation_is_searched_by_its_id(eas: Client, server: EASServer) -> None:
    name, members = conversation(server)
    eas.folders()

    def found(**told: Any) -> set[str]:
        query = Query(and_=And(classes=["Email"], conversation_id=name, **told))
        store = eas.run(Search(store=SearchStore(name="Mailbox", query=query))).store
        assert store is not None
        return {str(one.long_id).rpartition("/")[2] for one in store.results}

    assert found() == set(members)
    assert len(found(less_than=LessThan(date_received=True, value=NOON - timedelta(days=1)))) == 0
    assert found(greater_than=GreaterThan(date_received=True, value=NOON - timedelta(days=1))) == set(members)
    asked = [root.find("Search:Store/Search:Query/Search:And") for root in sent(server, "Search")]
    assert all(one is not None and one.find("Search:ConversationId").data == name for one in asked)


# The recipient information cache


@pytest.mark.spec(
    *("MS-ASCMD_R141", "MS-ASCMD_R142", "MS-ASCMD_R143", "MS-ASCMD_R100", "MS-ASCMD_R101", "MS-ASCMD_R81"),
    *("MS-ASCMD_R5769", "MS-ASCMD_R4103"),
)
def test_the_recipient_information_cache_stays_as_it_is(eas: Client, server: EASServer) -> None:
    cache = server.mailbox.add_folder("RecipientInfo", FolderType.RECIPIENT_INFORMATION_CACHE)
    other = server.mailbox.add_folder("Other")
    before = {folder.collection_id: (folder.name, folder.parent_id) for folder in eas.folders()}
    for refused, status in (
        (lambda: eas.update_folder(cache.server_id, "Mine"), 3),
        (lambda: eas.update_folder(other.server_id, parent=cache.server_id), 3),
        (lambda: eas.delete_folder(cache.server_id), 3),
        (lambda: eas.create_folder("Below", parent=cache.server_id), 3),
        # A type that a client may not make: section 2.2.3.186.2.
        (lambda: eas.create_folder("Second", type=FolderType.RECIPIENT_INFORMATION_CACHE), 10),
    ):
        with pytest.raises(errors.StatusError) as caught:
            refused()
        assert caught.value.status == status
    assert {folder.collection_id: (folder.name, folder.parent_id) for folder in eas.folders()} == before
