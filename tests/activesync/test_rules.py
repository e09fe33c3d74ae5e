"""The rules that naive clients get wrong, forty of them, a test each: on the wire against the embedded server, against
canned answers where a server must misbehave, and with bytes of SOGo and of Microsoft.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

import wbxml
from activesync import Client, MemoryStore, errors, flows
from activesync.calendars import TimeZone, to_zone, uid
from activesync.commands import (
    Add,
    Change,
    Collection,
    CollectionResponse,
    Command,
    Delete,
    EASProvisionDoc,
    EstimateCollection,
    EstimateCollection121,
    FilterType,
    FolderCreate,
    FolderSyncResponse,
    FolderType,
    GetItemEstimate,
    GetItemEstimate121,
    Options,
    PolicyResponse,
    ProvisionResponse,
    SearchResponse,
    SearchResponses,
    SearchStoreResponse,
    SoftDelete,
    SupportedContacts,
    Sync,
    SyncResponse,
)
from activesync.items import (
    Body,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Contact,
    Email,
    Flag,
    Location,
    MeetingRequest,
    Note,
    Recurrence,
    Task,
)
from activesync.query import parse_query
from activesync.status import Action, status
from activesync.testing import EASServer, faults, sample_mailbox

from .broken import broken
from .clients import COLLECTION, client, collections, sent
from .samples import microsoft, sogo
from .script import Canned, Script, session
from .test_calendars import pairs
from .test_flows import CONTACTS, INBOX, add, answer, kept, names, state

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=12, contacts=4, events=4, tasks=3, notes=2)) as running:
        yield running


def request(*collections: Collection, **values: Any) -> bytes:
    return wbxml.encode(Sync(collections=list(collections), **values))


# Sync state


@pytest.mark.spec("MS-ASCMD_R3128", "MS-ASCMD_R5838", "MS-ASCMD_R3129")
def test_rule_01_the_first_sync_asks_for_no_changes(eas: Client, server: EASServer) -> None:
    list(eas.sync("inbox"))
    first = collections(server)[0]
    assert names(first) == ["SyncKey", "CollectionId"] and first.findtext("AirSync:SyncKey") == "0"
    for changes in (True, None):
        wrong = wbxml.from_xml(
            '<Sync xmlns="AirSync"><Collections><Collection><SyncKey>0</SyncKey><CollectionId>1</CollectionId>'
            f"<GetChanges>{1 if changes else ''}</GetChanges></Collection></Collections></Sync>"
        )
        assert broken(wrong) in (["MS-ASCMD_R5838"], ["MS-ASCMD_R3128"])
        refused = eas.run(wbxml.decode(wrong, type=Sync), check=False)
        assert (refused.status or refused.collections[0].status) == 4


@pytest.mark.spec("MS-ASCMD_R5556")
def test_rule_02_sending_changes_asks_for_none(eas: Client, server: EASServer) -> None:
    list(eas.sync("contacts"))
    server.mailbox.add(FolderType.CONTACTS, Contact(last_name="Meanwhile"))
    assert eas.apply("contacts", [Add(item=Contact(last_name="Mine"))])[0].ok
    assert collections(server)[-1].findtext("AirSync:GetChanges") == "0"
    (page,) = eas.sync("contacts")
    assert [change.item.last_name for change in page.changes] == ["Meanwhile"]


@pytest.mark.spec("MS-ASCMD_R975", "MS-ASCMD_R976", "MS-ASCMD_R4546", "MS-ASCMD_R6319")
def test_rule_03_the_children_of_a_collection_have_an_order(server: EASServer) -> None:
    everything = Collection(
        sync_key="0", collection_id="2", supported=SupportedContacts(), deletes_as_moves=True, get_changes=False,
        window_size=9, conversation_mode=True, options=[Options(filter_type=FilterType.ALL)],
        commands=[Delete(server_id="1")],
    )  # fmt: skip
    written = wbxml.decode(request(everything)).root.find(COLLECTION)
    assert " ".join(names(written)) == (
        "SyncKey CollectionId Supported DeletesAsMoves GetChanges WindowSize ConversationMode Options Commands"
    )
    swapped = wbxml.from_xml(
        '<Sync xmlns="AirSync"><Collections><Collection><CollectionId>1</CollectionId><SyncKey>0</SyncKey>'
        "</Collection></Collections></Sync>"
    )
    assert broken(swapped) == ["MS-ASCMD_R976"]
    for version, first in (("12.1", "Class"), ("14.0", "SyncKey"), ("16.1", "SyncKey")):
        with client(server, versions=(version,)) as eas:
            list(eas.sync("inbox"))
        assert names(collections(server)[-1])[0] == first


@pytest.mark.spec("MS-ASCMD_R5106", "MS-ASCMD_R5122", "MS-ASCMD_R5117")
def test_rule_04_a_lost_answer_is_asked_for_with_the_same_bytes(eas: Client, server: EASServer) -> None:
    list(eas.sync("contacts"))
    server.faults.append(faults.dropped(after=True, command="Sync"))
    assert eas.apply("contacts", [Add(item=Contact(last_name="Once"))])[0].ok
    first, again = [one.body for one in server.requests if one.command == "Sync"][-2:]
    assert first == again
    lasts = [item.last_name for item in server.mailbox.items(FolderType.CONTACTS).values() if isinstance(item, Contact)]
    assert lasts.count("Once") == 1


@pytest.mark.spec("MS-ASCMD_R648", "MS-ASCMD_R649", "MS-ASCMD_R4600")
def test_rule_05_a_key_is_kept_after_what_it_stands_for() -> None:
    script = Script([answer("2", add(1))], kept("1"))
    during = []
    script.commit = lambda page: during.append(state(script)["sync_key"]) is None
    script.run(flows.sync(session(), [INBOX]))
    assert (during, state(script)["sync_key"]) == (["1"], "2")
    # SOGo answers an Add with the key that it got: the next one may be the same.
    same = Script([answer("2", responses=[])], kept("2", CONTACTS), spare=True)
    same.answers = [answer("2", folder=CONTACTS)]
    same.run(flows.apply(session(), CONTACTS, [Delete(server_id="x")]))
    assert state(same, CONTACTS)["sync_key"] == "2"


@pytest.mark.spec("MS-ASCMD_R4604")
def test_rule_06_a_key_is_any_text() -> None:
    key = "{6f9c-Ünï}:1/2&<>" + "x" * 47
    assert len(key) == 64
    script = Script([answer(key), answer("2", add(1))])
    script.run(flows.sync(session(), [INBOX]))
    assert script.sent(1).findtext(f"{COLLECTION}/AirSync:SyncKey") == key
    assert broken(request(Collection(sync_key=key + "y", collection_id="1"))) == ["MS-ASCMD_R4604"]


@pytest.mark.spec("MS-ASCMD_R4427", "MS-ASCMD_R4428")
def test_rule_07_a_lost_key_starts_the_folder_over_and_says_so() -> None:
    script = Script([answer(status=3), answer("n1"), answer("n2", add(1))], kept("7"))
    script.run(flows.sync(session(), [INBOX]))
    (page,) = script.pages
    assert page.resync and [change.server_id for change in page.changes] == ["inbox:1"]
    assert script.sent(1).findtext(f"{COLLECTION}/AirSync:SyncKey") == "0"


@pytest.mark.spec("MS-ASCMD_R4454")
def test_rule_08_changed_folders_come_first_then_the_same_request() -> None:
    unchanged = FolderSyncResponse(status=1, sync_key="h2")
    script = Script([answer(status=12), unchanged, answer("8", add(1))], kept("7"))
    script.run(flows.sync(session(), [INBOX]))
    assert script.commands == ["Sync", "FolderSync", "Sync"]
    assert script.requests[0].body == script.requests[2].body
    assert status("Search store", 11).action is Action.FOLDER_SYNC
    found = wbxml.decode(sogo("Search-Mailbox.response"), type=SearchResponse)
    store = SearchResponse(status=1, response=SearchResponses(store=SearchStoreResponse(status=11)))
    again = Script([store, unchanged, found], kept("7"))
    assert again.run(flows.search(session(), "x", limit=2))
    assert again.commands == ["Search", "FolderSync", "Search"]


@pytest.mark.spec("MS-ASCMD_R4573", "MS-ASCMD_R4581", "MS-ASCMD_R4570")
def test_rule_09_the_hierarchy_has_a_key_and_codes_of_its_own(eas: Client, server: EASServer) -> None:
    assert [status(scope, 9).action for scope in ("FolderSync", "FolderCreate", "FolderUpdate", "FolderDelete")] == (
        [Action.RESYNC] * 4
    )
    assert status("FolderSync", 10).action is Action.FIX_REQUEST
    assert status("GetItemEstimate", 4).action is Action.RESYNC and status("Sync", 3).action is Action.RESYNC
    key = eas.folders().sync_key
    made = eas.run(FolderCreate(sync_key=key, parent_id="0", display_name="New", type=FolderType.USER_MAIL))
    assert made.status == 1 and made.sync_key not in (None, key)
    failed = eas.run(FolderCreate(sync_key="stale", parent_id="0", display_name="Other", type=FolderType.USER_MAIL))
    assert (failed.status, failed.sync_key) == (9, None)


@pytest.mark.spec("MS-ASCMD_R4455")
def test_rule_10_a_status_means_what_its_place_says() -> None:
    assert (status("Sync", 4).name, status("Sync item", 4).name) == ("ProtocolError", "ProtocolError")
    assert (status("Sync", 8).action, status("Sync item", 8).action) == (Action.FOLDER_SYNC, Action.SYNC)
    empty = wbxml.decode(sogo("Sync-empty.response"), type=SyncResponse)  # 13 to 15 stand under Sync
    assert empty.status == 13 and not empty.collections
    item = wbxml.from_xml(
        '<Sync xmlns="AirSync"><Collections><Collection><SyncKey>8</SyncKey><CollectionId>people</CollectionId>'
        "<Status>1</Status><Responses><Change><ServerId>p</ServerId><Status>7</Status></Change></Responses>"
        "</Collection></Collections></Sync>"
    )
    script = Script([Canned(item)], kept("7", CONTACTS))
    (result,) = script.run(flows.apply(session(), CONTACTS, [Change(server_id="p", item=Contact(last_name="B"))]))
    assert (result.ok, result.status) == (False, 7)
    assert state(script, CONTACTS)["sync_key"] == "8", "the folder itself was told Status 1"


@pytest.mark.spec("MS-ASCMD_R759", "MS-ASCMD_R6234", "MS-ASCMD_R6413")
def test_rule_11_what_the_answer_does_not_mention_has_succeeded() -> None:
    changes = [Change(server_id="p", item=Contact(last_name="B")), Delete(server_id="q")]
    script = Script([answer("8", folder=CONTACTS)], kept("7", CONTACTS))
    assert [one.ok for one in script.run(flows.apply(session(), CONTACTS, changes))] == [True, True]
    # SOGo tells of successes too.
    answered = wbxml.decode(sogo("Sync-contacts-change.response"), type=SyncResponse).collections[0]
    assert all(one.status in (None, 1) for one in answered.responses)


@pytest.mark.spec("MS-ASCMD_R666", "MS-ASCMD_R4928")
def test_rule_12_an_empty_answer_changes_nothing() -> None:
    script = Script([Canned(b"")], kept("7"))
    script.run(flows.sync(session(), [INBOX]))
    assert (script.pages, state(script)["sync_key"]) == ([], "7")
    assert status("Sync", 13).action is status("Sync", 149).action is Action.FULL_REQUEST


@pytest.mark.spec("MS-ASCMD_R3597", "MS-ASCMD_R3598", "MS-ASCMD_R3599")
def test_rule_13_options_are_replaced_as_a_whole(eas: Client, server: EASServer) -> None:
    (folder,) = eas.folders().of_type(FolderType.INBOX)

    def pull(key: str, **values: Any) -> Any:
        collection = Collection(sync_key=key, collection_id=folder.collection_id, **values)
        return eas.run(Sync(collections=[collection])).collections[0]

    html = Options(body_preferences=[BodyPreference(type=BodyType.HTML)])
    first = pull(pull("0").sync_key, window_size=1, options=[html])
    kept_as_it_was = pull(first.sync_key, window_size=1)  # no block: as before
    other = pull(kept_as_it_was.sync_key, window_size=1, options=[Options(filter_type=FilterType.ALL)])
    kinds = [
        next(iter(one.commands)).item.body.type if next(iter(one.commands)).item.body else None
        for one in (first, kept_as_it_was, other)
    ]
    assert kinds[:2] == [BodyType.HTML, BodyType.HTML] and kinds[2] is not BodyType.HTML
    list(eas.sync("inbox", window=5))
    assert all(one.find("AirSync:Options") for one in collections(server)[-2:]), "the client names all of them"


@pytest.mark.spec("MS-ASCMD_R3452", "MS-ASCMD_R4764", "MS-ASCMD_R4772")
def test_rule_14_more_is_there_even_where_a_page_is_empty() -> None:
    pages = [answer("2", more_available=True), answer("3", add(1), more_available=True), answer("4", add(2))]
    script = Script(pages, kept("1"))
    script.run(flows.sync(session(), [INBOX], window=100))
    assert [page.changes[0].server_id for page in script.pages] == ["inbox:1", "inbox:2"]
    (more,) = wbxml.decode(wbxml.encode(pages[0])).root.iter(wbxml.AirSync.MoreAvailable)
    assert more.text is None and not len(more)


@pytest.mark.spec("MS-ASCMD_R4767", "MS-ASCMD_R4768", "MS-ASCMD_R4776", "MS-ASCMD_R4780")
def test_rule_15_a_window_has_bounds_and_a_missing_folder_has_nothing(eas: Client) -> None:
    folders = eas.folders()
    inbox, contacts = (folders.of_type(one)[0].collection_id for one in (FolderType.INBOX, FolderType.CONTACTS))

    def primed() -> list[Collection]:
        """Both folders with new keys."""
        first = [Collection(sync_key="0", collection_id=one) for one in (inbox, contacts)]
        answers = eas.run(Sync(collections=first)).collections
        return [Collection(sync_key=one.sync_key, collection_id=one.collection_id) for one in answers]

    both = primed()
    assert sum(len(one.commands) for one in eas.run(Sync(collections=both, window_size=3)).collections) == 3
    for size in (0, 513):
        found = eas.run(Sync(collections=primed(), window_size=size), check=False).collections
        assert sum(len(one.commands) for one in found) > 10
    assert broken(request(both[0], window_size=513)) == ["MS-ASCMD_R4763"]
    with pytest.raises(errors.UsageError, match="1 to 512"):
        list(eas.sync("inbox", window=0))
    script = Script([SyncResponse(status=1)], kept("7"))
    script.run(flows.sync(session(), [INBOX]))
    assert script.pages == []


@pytest.mark.spec("MS-ASCMD_R3964", "MS-ASCMD_R3967")
def test_rule_16_what_leaves_the_window_is_not_deleted(eas: Client, server: EASServer) -> None:
    server.mailbox.add(FolderType.INBOX, Email(subject="old", date_received=datetime.now(UTC) - timedelta(days=40)))
    list(eas.sync("inbox"))
    gone = [change for page in eas.sync("inbox", filter_type=FilterType.ONE_WEEK) for change in page.changes]
    assert gone and all(type(change) is SoftDelete for change in gone)
    assert any(item.subject == "old" for item in server.mailbox.items(FolderType.INBOX).values())


@pytest.mark.spec("MS-ASCMD_R3043", "MS-ASCMD_R3045", "MS-ASCMD_R3050", "MS-ASCMD_R3061")
def test_rule_17_a_filter_belongs_to_a_class(eas: Client) -> None:
    by_type = {folder.type: folder for folder in eas.folders()}
    for kind, good, bad in (
        (FolderType.INBOX, FilterType.ONE_WEEK, FilterType.INCOMPLETE_TASKS),
        (FolderType.CALENDAR, FilterType.SIX_MONTHS, FilterType.ONE_DAY),
        (FolderType.TASKS, FilterType.INCOMPLETE_TASKS, FilterType.ONE_WEEK),
    ):
        folder = by_type[kind]
        assert flows.default_options(folder, filter_type=good).filter_type is good
        assert flows.default_options(folder, filter_type=bad).filter_type is None
        key = eas.run(Sync(collections=[Collection(sync_key="0", collection_id=folder.collection_id)])).collections[0]
        wrong = Collection(
            sync_key=key.sync_key, collection_id=folder.collection_id, options=[Options(filter_type=bad)]
        )
        refused = eas.run(Sync(collections=[wrong]), check=False)
        assert (refused.status or refused.collections[0].status) == 4


@pytest.mark.spec("MS-ASCMD_R3161", "MS-ASCMD_R3162", "MS-ASCMD_R4747")
def test_rule_18_wait_and_heartbeat_exclude_each_other(eas: Client) -> None:
    inbox = eas.folders().of_type(FolderType.INBOX)[0].collection_id
    key = eas.run(Sync(collections=[Collection(sync_key="0", collection_id=inbox)])).collections[0].sync_key
    one = Collection(sync_key=key, collection_id=inbox)
    assert broken(request(one, wait=5, heartbeat_interval=300)) == ["MS-ASCMD_R3161"]
    assert eas.run(Sync(collections=[one], wait=5, heartbeat_interval=300), check=False).status == 4
    for values, limit in (({"wait": 60}, 59), ({"heartbeat_interval": 59}, 60), ({"heartbeat_interval": 3541}, 3540)):
        refused = eas.run(Sync(collections=[one], **values), check=False, timeout=5)
        assert (refused.status, refused.limit) == (14, limit)
    assert status("Sync", 14).action is Action.USE_LIMIT and status("Sync", 15).action is Action.SPLIT


@pytest.mark.spec("MS-ASCMD_R4547", "MS-ASCMD_R5912")
def test_rule_19_what_is_not_ghosted_is_deleted_when_left_out(eas: Client, server: EASServer) -> None:
    people = eas.folders().of_type(FolderType.CONTACTS)[0].collection_id
    supported = SupportedContacts(last_name=True, job_title=True)
    one = eas.run(Sync(collections=[Collection(sync_key="0", collection_id=people, supported=supported)]))
    key = one.collections[0].sync_key
    server_id = next(iter(server.mailbox.items(FolderType.CONTACTS)))
    server.mailbox.change(server_id, last_name="Old", job_title="Baker", nick_name="Kept")
    found = eas.run(Sync(collections=[Collection(sync_key=key, collection_id=people)])).collections[0]
    change = Change(server_id=server_id, item=Contact(last_name="New"))
    collection = Collection(sync_key=found.sync_key, collection_id=people, get_changes=False, commands=[change])
    eas.run(Sync(collections=[collection]))
    after = server.mailbox.item(server_id)
    assert isinstance(after, Contact)
    assert (after.last_name, after.job_title, after.nick_name) == ("New", None, "Kept")
    assert broken(request(Collection(sync_key="5", collection_id=people, supported=supported))) == ["MS-ASCMD_R4547"]
    empty = wbxml.decode(request(Collection(sync_key="0", collection_id=people, supported=SupportedContacts())))
    assert empty.root.find(f"{COLLECTION}/AirSync:Supported") is not None, "an empty one is not an absent one"


@pytest.mark.spec("MS-ASCAL_R434", "MS-ASCMD_R757")
def test_rule_20_a_change_from_the_server_may_be_a_part(eas: Client, server: EASServer) -> None:
    (page,) = eas.sync("calendar")
    server_id = page.changes[0].server_id
    server.mailbox.change(server_id, start_time=NOW, end_time=NOW + timedelta(hours=1))
    (page,) = eas.sync("calendar")
    (change,) = page.changes
    assert type(change) is Change and change.server_id == server_id
    assert change.item.start_time == NOW


@pytest.mark.spec("MS-ASCMD_R2159", "MS-ASCMD_R2160", "MS-ASCMD_R2161")
def test_rule_21_a_delete_moves_unless_it_says_otherwise(eas: Client, server: EASServer) -> None:
    (page,) = eas.sync("inbox")
    first, second = (change.server_id for change in page.changes[:2])
    before = len(server.mailbox.items(FolderType.DELETED_ITEMS))
    assert eas.apply("inbox", [Delete(server_id=first)])[0].ok
    assert len(server.mailbox.items(FolderType.DELETED_ITEMS)) == before + 1
    inbox = eas.folders().of_type(FolderType.INBOX)[0].collection_id
    key = wbxml.decode(server.requests[-2].body).root.findtext(f"{COLLECTION}/AirSync:SyncKey")
    assert key
    fresh = eas.run(Sync(collections=[Collection(sync_key="0", collection_id=inbox)])).collections[0].sync_key
    pulled = eas.run(Sync(collections=[Collection(sync_key=fresh, collection_id=inbox)])).collections[0]
    hard = Collection(
        sync_key=pulled.sync_key, collection_id=inbox, deletes_as_moves=False, get_changes=False,
        commands=[Delete(server_id=second)],
    )  # fmt: skip
    eas.run(Sync(collections=[hard]))
    assert len(server.mailbox.items(FolderType.DELETED_ITEMS)) == before + 1


@pytest.mark.spec("MS-ASCMD_R5658", "MS-ASCMD_R969")
def test_rule_22_a_request_has_a_largest_size(eas: Client) -> None:
    commands: list[Any] = [Delete(server_id=str(number)) for number in range(201)]
    assert broken(request(Collection(sync_key="1", collection_id="1", commands=commands))) == ["MS-ASCMD_R5658"]
    with pytest.raises(errors.UsageError, match="1 to 200 changes"):
        eas.apply("inbox", commands)
    many = GetItemEstimate(collections=[EstimateCollection(sync_key="1", collection_id=str(one)) for one in range(301)])
    assert broken(wbxml.encode(many)) == ["MS-ASCMD_R969"]


@pytest.mark.spec("MS-ASCMD_R961", "MS-ASCMD_R962", "MS-ASCMD_R959")
def test_rule_23_a_client_id_survives_a_lost_answer(server: EASServer, tmp_path: Any) -> None:
    store = tmp_path / "alice.db"
    with client(server, store=store) as one:
        list(one.sync("contacts"))
        server.faults.append(faults.dropped(after=True, command="Sync", times=None))
        with pytest.raises(errors.ConnectionLostError):
            one.apply("contacts", [Add(client_id="mine", item=Contact(last_name="Once"))])
    server.faults.clear()
    with client(server, store=store) as two, pytest.raises(errors.UsageError) as caught:
        two.apply("contacts", [Delete(server_id="x")])
    (result,) = caught.value.results  # type: ignore[attr-defined]
    assert result.change.client_id == "mine" and result.ok and server.mailbox.item(result.server_id)
    twice = [Add(client_id="a", item=Contact(last_name="A")), Add(client_id="a", item=Contact(last_name="B"))]
    assert "MS-ASCMD_R961" in broken(request(Collection(sync_key="1", collection_id="1", commands=twice)))
    long = [Add(client_id="a" * 65, item=Contact(last_name="A"))]
    assert broken(request(Collection(sync_key="1", collection_id="1", commands=long))) == ["MS-ASCMD_R959"]


# Transport, signing in, provisioning


@pytest.mark.spec("MS-ASCMD_R7563", "MS-ASCMD_R7565", "MS-ASCMD_R7564")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_rule_24_every_version_asks_for_provisioning_in_its_way(server: EASServer, version: str) -> None:
    for signal in (None, faults.http(449), faults.status(142), faults.status(143), faults.status(144)):
        server.faults = [signal] if signal else []
        server.rules.policy = EASProvisionDoc() if signal is None else None
        before = len(server.requests)
        with client(server, versions=(version,)) as eas:
            assert eas.folders()
        commands = [one.command for one in list(server.requests)[before:]]
        first = "FolderSync" if version >= "14.1" else "Settings"  # which tells of the device where Provision does not
        assert commands[:3] == ["OPTIONS", first, "Provision"] and commands[-1] == "FolderSync"


@pytest.mark.spec("MS-ASPROV_R618", "MS-ASPROV_R626", "MS-ASPROV_R635", "MS-ASPROV_R311", "MS-ASPROV_R61103")
def test_rule_25_a_policy_key_is_temporary_at_first(server: EASServer) -> None:
    server.rules.policy = EASProvisionDoc()
    with client(server) as eas:
        eas.folders()
        final = eas.session.policy_key
    options, refused, first, acknowledged, folders = list(server.requests)[-5:]
    assert [one.headers.get("x-ms-policykey") for one in (options, refused, first)] == [None, "0", "0"]
    policy = wbxml.decode(acknowledged.body).root.find("Provision:Policies/Provision:Policy")
    assert names(policy) == ["PolicyType", "PolicyKey", "Status"]
    temporary = policy.findtext("Provision:PolicyKey") if policy is not None else None
    assert acknowledged.headers["x-ms-policykey"] == temporary != final == folders.headers["x-ms-policykey"]
    headers = dict(session()._headers("Ping", b"", None))
    assert "X-MS-PolicyKey" not in headers and "MS-ASProtocolVersion" in headers


@pytest.mark.spec("MS-ASPROV_R368", "MS-ASPROV_R607", "MS-ASPROV_R608", "MS-ASCMD_R4954")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_rule_26_the_first_provision_tells_of_the_device(server: EASServer, version: str) -> None:
    server.rules.policy = EASProvisionDoc()
    with client(server, versions=(version,)) as eas:
        eas.folders()
    first, acknowledged = sent(server, "Provision")
    model = first.findtext("Settings:DeviceInformation/Settings:Set/Settings:Model")
    assert bool(model) == (version >= "14.1")
    assert acknowledged.find("Settings:DeviceInformation") is None
    bare = wbxml.from_xml(
        '<Provision xmlns="Provision"><Policies><Policy><PolicyType>MS-EAS-Provisioning-WBXML</PolicyType></Policy>'
        "</Policies></Provision>"
    )
    assert broken(bare, version) == (["MS-ASPROV_R368"] if version >= "14.1" else [])


@pytest.mark.spec("MS-ASPROV_R379")
def test_rule_27_no_policy_is_a_success() -> None:
    need = FolderSyncResponse(status=142)
    none = ProvisionResponse(status=None, policies=[PolicyResponse(policy_type="MS-EAS-Provisioning-WBXML", status=2)])
    script = Script([need, none, FolderSyncResponse(status=1, sync_key="h1")])
    script.run(flows.folders(session()))
    assert script.commands == ["FolderSync", "Provision", "FolderSync"]
    assert status("Policy", 2).action is Action.OK


@pytest.mark.spec("MS-ASPROV_R645")
@pytest.mark.parametrize("account_only", [False, True])
def test_rule_28_a_wipe_is_told_and_answered_by_the_caller(server: EASServer, account_only: bool) -> None:
    store = MemoryStore()
    with client(server, store=store) as eas:
        eas.folders()
        server.wipe(eas.session.device_id, account_only=account_only)
        with pytest.raises(errors.RemoteWipeRequested, match="nothing was erased") as caught:
            eas.folders()
        assert caught.value.account_only is account_only
        assert not len(sent(server, "Provision")[-1]), "an empty Provision asks which wipe is meant"
        assert store.load(eas.session.account, "folders"), "the library erases nothing"
        eas.acknowledge_wipe(account_only=account_only)
        assert server.device(eas.session.device_id).wiped
        name = "AccountOnlyRemoteWipe" if account_only else "RemoteWipe"
        assert sent(server, "Provision")[-1].findtext(f"Provision:{name}/Provision:Status") == "1"
        server.wipe(eas.session.device_id, account_only=account_only)
        eas.acknowledge_wipe(account_only=account_only, done=False)
        assert not server.device(eas.session.device_id).wiped


@pytest.mark.spec("MS-ASHTTP_R404", "MS-ASHTTP_R157")
def test_rule_29_a_query_in_base64_takes_the_place_of_headers(server: EASServer) -> None:
    with client(server, base64_query=True) as eas:
        eas.folders()
    last = server.requests[-1]
    assert not {"ms-asprotocolversion", "x-ms-policykey"} & last.headers.keys()
    assert (last.command, last.version, last.policy_key) == ("FolderSync", "16.1", "0")
    script = Script([FolderSyncResponse(status=1, sync_key="1")])
    script.run(flows.folders(session(base64_query=True)))
    packed = base64.b64decode(urlsplit(script.requests[0].url).query)
    assert packed[:5] == bytes([141, 9, 0x09, 0x04, 32])
    assert parse_query(urlsplit(script.requests[0].url).query, {}).device_type == "Python"


@pytest.mark.spec("MS-ASHTTP_R407", "MS-ASHTTP_R104", "MS-ASHTTP_R411")
def test_rule_30_no_body_has_no_content_type(server: EASServer) -> None:
    for _ in range(2):
        with client(server) as eas:
            eas.folders()
    assert len({(one.device_id, one.device_type) for one in server.requests if one.command != "OPTIONS"}) == 1
    assert len({one.headers["user-agent"] for one in server.requests}) == 1
    assert all(one.device_id.isalnum() for one in server.requests if one.command != "OPTIONS")
    headers = dict(session()._headers("Sync", b"", None))
    assert "Content-Type" not in headers


@pytest.mark.spec("MS-ASHTTP_R4075", "MS-ASHTTP_R4076", "MS-ASHTTP_R263")
def test_rule_31_cookies_go_back_and_a_server_may_ask_to_start_over(eas: Client, server: EASServer) -> None:
    ended = FolderSyncResponse(status=1, sync_key="1")
    on = session()
    Script([Canned(wbxml.encode(ended), cookies=("a=1; Path=/; Secure", "b=2"))]).run(flows.folders(on))
    script = Script([ended])
    script.run(flows.folders(on))
    assert script.requests[0].headers["Cookie"] == "a=1; b=2"
    list(eas.sync("inbox"))
    server.faults.append(faults.start_over("16.1", command="FolderSync"))
    eas.folders()
    (page,) = eas.sync("inbox")
    assert page.resync


@pytest.mark.spec("MS-ASHTTP_R1001")
def test_rule_32_a_failure_says_what_to_do() -> None:
    there = {"x-ms-location": "https://other.mail.example.test/Microsoft-Server-ActiveSync"}
    ended = FolderSyncResponse(status=1, sync_key="1")
    on = session(trust_redirects=True)
    first, second = Script([Canned(status=451, headers=there), ended]), Script([ended])
    first.run(flows.folders(on))
    second.run(flows.folders(on))
    for moved in (first.requests[1], second.requests[0]):
        assert urlsplit(moved.url).hostname == "other.mail.example.test"
    for code, error in ((401, errors.AuthenticationError), (403, errors.ForbiddenError), (456, errors.HTTPError)):
        with pytest.raises(error):
            Script([Canned(status=code)]).run(flows.folders(session()))
    waited = Script([Canned(status=503, headers={"retry-after": "7"}), ended])
    waited.run(flows.folders(session()))
    assert 7 <= waited.slept[0] < 9
    twice = Script([Canned(headers={"ms-asprotocolversions": "14.1,14.1,16.1", "ms-asprotocolcommands": "Sync,Sync"})])
    assert twice.run(session().options()).commands == ("Sync",)


# Data and commands


@pytest.mark.spec("MS-ASDTYPE_R6")
def test_rule_33_an_empty_boolean_is_true() -> None:
    body = '<ApplicationData xmlns="AirSync" xmlns:email="Email"><email:Read/></ApplicationData>'
    read = wbxml.decode(wbxml.from_xml(f'<Change xmlns="AirSync"><ServerId>1</ServerId>{body}</Change>'), type=Change)
    assert isinstance(read.item, Email) and read.item.read is True
    absent = wbxml.decode(wbxml.encode(Change(server_id="1", item=Email(subject="x"))), type=Change)
    assert isinstance(absent.item, Email) and absent.item.read is None
    flags = wbxml.decode(wbxml.encode(SyncResponse(collections=[CollectionResponse(more_available=True)])))
    assert flags.root.find(f"{COLLECTION}/AirSync:MoreAvailable") is not None


@pytest.mark.spec("MS-ASAIRS_R1180")
def test_rule_34_each_element_has_its_form_of_date() -> None:
    dashed, compact = "2026-11-23T12:00:00.000Z", "20261123T120000Z"
    for item, tag, text in (
        (Email(date_received=NOW), wbxml.Email.DateReceived, dashed),
        (Task(due_date=NOW), wbxml.Tasks.DueDate, dashed),
        (Contact(birthday=NOW), wbxml.Contacts.Birthday, dashed),
        (CalendarEvent(start_time=NOW), wbxml.Calendar.StartTime, compact),
        (Note(last_modified_date=NOW), wbxml.Notes.LastModifiedDate, compact),
    ):
        written = wbxml.encode(Change(item=item))
        assert next(wbxml.decode(written).root.iter(tag)).text == text
        for other in (dashed, compact, "2026-11-23T12:00:00Z"):
            mixed = wbxml.from_xml(wbxml.to_xml(written).replace(text, other))
            assert wbxml.decode(mixed, type=Change).item == item


@pytest.mark.spec("MS-ASDTYPE_R122")
def test_rule_35_a_time_zone_is_text_of_base64() -> None:
    data = microsoft("ascal-4.1-sync-response")
    element = next(wbxml.decode(data).root.iter(wbxml.Calendar.Timezone))
    assert element.data is None and element.text
    zone = TimeZone.from_bytes(base64.b64decode(element.text))
    assert zone.bias == 480 and to_zone(zone, year=2026) == ZoneInfo("America/Los_Angeles")
    written = wbxml.encode(Change(item=CalendarEvent(timezone=zone.to_bytes())))
    assert next(wbxml.decode(written).root.iter(wbxml.Calendar.Timezone)).text == element.text


@pytest.mark.spec("MS-ASEMAIL_R22", "MS-ASEMAIL_R1253")
def test_rule_36_a_meeting_is_known_by_its_uid() -> None:
    blob, _ = pairs()[1]
    assert uid(blob) == "{81412D3C-2A24-4E9D-B20E-11F7BBE92799}"
    with pytest.raises(wbxml.EncodeError):
        wbxml.encode(Change(item=Email(meeting_request=MeetingRequest(global_obj_id=blob))), version="16.0")
    assert wbxml.encode(Change(item=Email(meeting_request=MeetingRequest(uid="x"))), version="16.0")


@pytest.mark.spec(
    *("MS-ASCAL_R2088", "MS-ASCAL_R2135", "MS-ASCAL_R2168", "MS-ASCAL_R2174", "MS-ASCAL_R2221", "MS-ASCAL_R92")
)
@pytest.mark.parametrize(
    ("values", "requirement"),
    [
        ({"uid": "x"}, "MS-ASCAL_R2221"),
        ({"dt_stamp": NOW}, "MS-ASCAL_R2088"),
        ({"organizer_name": "A"}, "MS-ASCAL_R2174"),
        ({"organizer_email": "a@example.test"}, "MS-ASCAL_R2168"),
        ({"location": "Here"}, "MS-ASCAL_R2135"),
    ],
)
def test_rule_37_a_16_x_request_leaves_out_what_the_server_knows(values: dict[str, Any], requirement: str) -> None:
    document = request(Collection(sync_key="1", collection_id="1", commands=[Add(item=CalendarEvent(**values))]))
    assert (broken(document, "16.1"), broken(document, "14.1")) == ([requirement], [])
    never = request(
        Collection(sync_key="1", collection_id="1", commands=[Add(item=CalendarEvent(appointment_reply_time=NOW))])
    )
    assert broken(never, "14.1") == ["MS-ASCAL_R92"]
    place = CalendarEvent(place=Location(display_name="Here"), recurrence=Recurrence())
    assert broken(request(Collection(sync_key="1", collection_id="1", commands=[Add(item=place)])), "16.1") == []


@pytest.mark.spec("MS-ASDTYPE_R98", "MS-ASCON_R73", "MS-ASEMAIL_R348", "MS-ASEMAIL_R1003")
def test_rule_38_byte_arrays_are_opaque_and_the_rest_is_text() -> None:
    item = Email(conversation_id=b"\xff\x00", conversation_index=b"\x01", body=Body(type=BodyType.MIME, data="A\r\nB"))
    root = wbxml.decode(wbxml.encode(Change(item=item))).root
    assert next(root.iter(wbxml.Email2.ConversationId)).data == b"\xff\x00"
    assert next(root.iter(wbxml.AirSyncBase.Data)).text == "A\r\nB"
    picture = wbxml.decode(wbxml.encode(Change(item=Contact(picture=b"\xff\xd8")))).root
    assert next(picture.iter(wbxml.Contacts.Picture)).text == "/9g="
    # Some servers send base64 as text there.
    writer = wbxml.Writer()
    for tag in (wbxml.AirSync.Change, wbxml.AirSync.ApplicationData, wbxml.Email2.ConversationId):
        writer.start(tag)
    writer.text("/wA=")
    for _ in range(3):
        writer.end()
    read = wbxml.decode(writer.finish(), type=Change)
    assert isinstance(read.item, Email) and read.item.conversation_id == b"\xff\x00"


class SendMailResponse(wbxml.Model, tag=wbxml.ComposeMail.SendMail):
    status: int | None = wbxml.field(wbxml.ComposeMail.Status)


class SendMail(Command[SendMailResponse], tag=wbxml.ComposeMail.SendMail):
    """A command that this library does not have, as a caller would write it."""

    name = "SendMail"
    response = SendMailResponse

    client_id: str | None = wbxml.field(wbxml.ComposeMail.ClientId)
    save_in_sent_items: bool = wbxml.field(wbxml.ComposeMail.SaveInSentItems, flag=True)
    mime: bytes | None = wbxml.field(wbxml.ComposeMail.Mime)


def test_rule_39_a_mail_that_was_sent_is_answered_by_nothing() -> None:
    script = Script([Canned(b"")])
    command = SendMail(client_id="c1", save_in_sent_items=True, mime=b"Subject: x\r\n\r\ny\r\n")
    assert script.run(session().run(command)).status is None
    assert script.sent(0).findtext("ComposeMail:ClientId") == "c1"
    assert script.sent(0).find("ComposeMail:Mime").data == command.mime  # type: ignore[union-attr]
    again = Script([SendMailResponse(status=118)]).run(session().run(command))
    assert status("SendMail", again.status).action is Action.OK, "sent before is a success"


@pytest.mark.spec("MS-ASCMD_R984", "MS-ASCMD_R4589", "MS-ASCMD_R6554", "MS-ASEMAIL_R408", "MS-ASEMAIL_R409")
def test_rule_40_elements_stand_in_the_namespace_of_their_command(eas: Client) -> None:
    new = GetItemEstimate(
        collections=[EstimateCollection(sync_key="1", collection_id="5", options=[Options(cls="Email")])]
    )
    found = wbxml.decode(wbxml.encode(new)).root.find("GetItemEstimate:Collections/GetItemEstimate:Collection")
    assert found is not None
    assert [str(child.tag) for child in found] == ["AirSync:SyncKey", "GetItemEstimate:CollectionId", "AirSync:Options"]
    old_collection = EstimateCollection121(cls="Email", collection_id="5", filter_type=FilterType.ALL, sync_key="1")
    old = wbxml.decode(wbxml.encode(GetItemEstimate121(collections=[old_collection]))).root
    (collection,) = old.findall("GetItemEstimate:Collections/GetItemEstimate:Collection")
    assert [str(child.tag) for child in collection] == [
        *("GetItemEstimate:Class", "GetItemEstimate:CollectionId", "AirSync:FilterType", "AirSync:SyncKey")
    ]
    dates = Email(flag=Flag(status=None, start_date=NOW))
    breach = broken(request(Collection(sync_key="1", collection_id="1", commands=[Change(server_id="1", item=dates)])))
    assert breach == ["MS-ASEMAIL_R408"]
    assert eas.search("nothing like this at all") == []


def test_each_rule_has_a_test() -> None:
    found = sorted(name for name in globals() if name.startswith("test_rule_"))
    assert [int(name[10:12]) for name in found] == list(range(1, 41))
