"""The jobs as flows, by canned answers: what is sent, what is kept and when, and what becomes of bad answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wbxml
from activesync import errors, flows
from activesync.commands import (
    Add,
    AddResponse,
    Change,
    ChangeResponse,
    CollectionEstimate,
    CollectionResponse,
    Delete,
    EstimateResponse,
    Fetch,
    FilterType,
    FolderAdd,
    FolderChange,
    FolderChanges,
    FolderRemoval,
    FolderSyncResponse,
    FolderType,
    GALEntry,
    GetItemEstimateResponse,
    Oof,
    OofResponse,
    OofState,
    SearchResponse,
    SearchResponses,
    SearchResult,
    SearchStoreResponse,
    SettingsResponse,
    SoftDelete,
    SyncResponse,
)
from activesync.effects import Request
from activesync.hierarchy import Folder, Hierarchy
from activesync.items import Body, BodyType, Contact, Email, Note

from .clients import COLLECTION
from .script import Answer, Canned, Script, session

SOGO = Path(__file__).parent.parent / "data" / "sogo"
INBOX = Folder("inbox", "0", "Inbox", FolderType.INBOX)
CONTACTS = Folder("people", "0", "Contacts", FolderType.CONTACTS)
NOTES = Folder("notes", "0", "Notes", FolderType.NOTES)


def capture(name: str) -> Canned:
    return Canned((SOGO / f"{name}.response.wbxml").read_bytes())


def answer(key: str = "", *changes: Any, folder: Folder = INBOX, **rest: Any) -> SyncResponse:
    rest = {"status": 1} | rest
    return SyncResponse(
        collections=[
            CollectionResponse(sync_key=key or None, collection_id=folder.collection_id, commands=list(changes), **rest)
        ]
    )


def add(number: int) -> Add:
    return Add(server_id=f"inbox:{number}", item=Email(subject=f"mail {number}"))


def state(script: Script, folder: Folder = INBOX) -> dict[str, Any]:
    """What is kept of a folder, without what the caller has of it: see test_known."""
    found: dict[str, Any] = json.loads(script.store[f"collection/{folder.collection_id}"])
    found.pop("known", None)
    return found


def settled(script: Script, *codes: int) -> dict[str, Any]:
    """What is kept of the contacts once results with these Statuses were told, which stay until the caller goes on."""
    found = state(script, CONTACTS)
    assert [row[0] for row in found.pop("results")] == list(codes) and found.pop("pending") is not None
    return found


def kept(key: str, folder: Folder = INBOX, **rest: Any) -> dict[str, str]:
    value = {"sync_key": key, "pending": None, "resync": False} | rest
    return {
        "session": '{"version": "14.1"}',
        "device": "D",
        f"collection/{folder.collection_id}": json.dumps(value),
        "folders": Hierarchy("h1", [INBOX, CONTACTS, NOTES]).to_json(),
    }


def names(element: wbxml.Element | None) -> list[str]:
    assert element is not None
    return [child.tag.name for child in element]


# Folders


def test_folders_of_a_real_server() -> None:
    script = Script([capture("FolderSync-initial")])
    hierarchy = script.run(flows.folders(session()))
    assert [(folder.name, folder.type) for folder in hierarchy][:2] == [
        ("INBOX", FolderType.INBOX),
        ("Drafts", FolderType.DRAFTS),
    ]
    assert len(hierarchy) == 9 and hierarchy.named("calendar").type is FolderType.CALENDAR
    assert Hierarchy.from_json(script.store["folders"]) == hierarchy


def test_changes_of_folders_are_merged_and_kept() -> None:
    changes = FolderChanges(
        changes=[
            FolderAdd(server_id="new", parent_id="inbox", display_name="New", type=FolderType.USER_MAIL),
            FolderChange(server_id="people", parent_id="0", display_name="People"),
            FolderRemoval(server_id="notes"),
            FolderRemoval(server_id="never there"),
        ]
    )
    script = Script([FolderSyncResponse(status=1, sync_key="h2", changes=changes)], kept("7", NOTES))
    hierarchy = script.run(flows.folders(session()))
    assert script.sent(0).findtext("FolderHierarchy:SyncKey") == "h1"
    assert [folder.name for folder in hierarchy] == ["Inbox", "New", "People"]
    assert hierarchy.get("people").type is FolderType.CONTACTS
    assert "collection/notes" not in script.store, "the key of a folder that is gone goes with it"


@pytest.mark.spec("MS-ASCMD_R4581")
def test_an_invalid_hierarchy_key_starts_the_folders_over() -> None:
    changes = FolderChanges(
        changes=[FolderAdd(server_id="only", parent_id="0", display_name="Only", type=FolderType.INBOX)]
    )
    script = Script(
        [FolderSyncResponse(status=9), FolderSyncResponse(status=1, sync_key="h9", changes=changes)], kept("7")
    )
    assert [folder.name for folder in script.run(flows.folders(session()))] == ["Only"]
    assert script.sent(1).findtext("FolderHierarchy:SyncKey") == "0"


@pytest.mark.parametrize("status", [9, 10, 12, 77, 126])
def test_folders_that_are_refused_leave_the_store_as_it_was(status: int) -> None:
    script = Script([FolderSyncResponse(status=status)] * (1 if status != 9 else 2), kept("7"))
    before = dict(script.store)
    with pytest.raises(errors.StatusError) as caught:
        script.run(flows.folders(session()))
    assert caught.value.status == status
    assert isinstance(caught.value, errors.UnknownStatusError) == (status == 77)
    assert script.store == before


def test_folders_that_lie_in_each_other_do_not_vanish() -> None:
    hierarchy = Hierarchy("1", [Folder("a", "b", "A"), Folder("b", "a", "B"), Folder("c", "gone", "C")])
    assert {folder.name for folder in hierarchy} == {"A", "B", "C"}


# Sync, downwards


@pytest.mark.spec("MS-ASCMD_R3128", "MS-ASCMD_R975")
def test_the_first_request_asks_for_a_key_only() -> None:
    script = Script([answer("1"), answer("2", add(1))])
    script.run(flows.sync(session(), [INBOX]))
    first, second = (script.sent(index).find(COLLECTION) for index in (0, 1))
    assert names(first) == ["SyncKey", "CollectionId"]
    assert names(second) == ["SyncKey", "CollectionId", "GetChanges", "WindowSize", "Options"]
    assert second is not None and second.findtext("AirSync:SyncKey") == "1"


@pytest.mark.spec("MS-ASCMD_R6319")
def test_up_to_12_1_the_class_comes_first() -> None:
    store = {"session": '{"version": "12.1"}', "device": "D"}
    script = Script([answer("1"), answer("2", add(1))], store)
    script.run(flows.sync(session(), [INBOX]))
    assert names(script.sent(0).find(COLLECTION)) == ["Class", "SyncKey", "CollectionId"]


@pytest.mark.spec("MS-ASCMD_R648", "MS-ASCMD_R3452")
def test_pages_come_until_there_is_no_more_and_each_key_is_kept_with_its_page() -> None:
    script = Script([answer("1"), answer("2", add(1), more_available=True), answer("3", add(2))])
    keys = []
    script.commit = lambda page: keys.append(state(script)["sync_key"]) is None
    script.run(flows.sync(session(), [INBOX]))
    assert [[change.item.subject for change in page.changes] for page in script.pages] == [["mail 1"], ["mail 2"]]
    assert [page.more for page in script.pages] == [True, False]
    assert keys == ["1", "2"], "the key of a page is not kept before the page is"
    assert state(script)["sync_key"] == "3"


def test_a_page_that_is_not_committed_comes_again() -> None:
    script = Script([answer("2", add(1))], kept("1"))
    script.commit = lambda page: False
    script.run(flows.sync(session(), [INBOX]))
    assert state(script)["sync_key"] == "1"
    again = Script([answer("2", add(1))], script.store)
    again.run(flows.sync(session(), [INBOX]))
    assert again.requests[0].body == script.requests[0].body
    assert state(again)["sync_key"] == "2"


@pytest.mark.parametrize("piece", [1, 7, 1000, 1 << 16])
def test_a_real_answer_in_pieces(piece: int) -> None:
    canned = capture("Sync-email-text")
    canned.piece = piece
    folder = Folder("mail%2Fe9675726a6a8036b5a30000083ecc375", "0", "INBOX", FolderType.INBOX)
    last = capture("Sync-email-nochange")
    script = Script([canned, last], kept("-1", folder))
    script.run(flows.sync(session(), [folder], window=3))
    assert [change.item.subject[:9] for change in script.pages[0].changes] == ["Message 0", "Message 1", "Message 2"]
    assert not any(change.item.problems for change in script.pages[0].changes)


@pytest.mark.spec("MS-ASCMD_R666")
def test_an_empty_answer_means_no_change() -> None:
    script = Script([Canned(b"")], kept("5"))
    script.run(flows.sync(session(), [INBOX]))
    assert not script.pages and state(script)["sync_key"] == "5"


@pytest.mark.spec("MS-ASCMD_R4780")
def test_a_collection_that_is_missing_has_no_changes() -> None:
    script = Script([SyncResponse(status=1)], kept("5"))
    script.run(flows.sync(session(), [INBOX]))
    assert not script.pages and state(script)["sync_key"] == "5"


def test_an_answer_without_changes_moves_the_key_and_makes_no_page() -> None:
    script = Script([answer("6")], kept("5"))
    script.run(flows.sync(session(), [INBOX]))
    assert not script.pages and state(script)["sync_key"] == "6"


@pytest.mark.spec("MS-ASCMD_R4427")
def test_status_3_starts_over_and_says_so_on_the_first_page_alone() -> None:
    script = Script(
        [answer(status=3), answer("1"), answer("2", add(1), more_available=True), answer("3", add(2))], kept("old")
    )
    script.run(flows.sync(session(), [INBOX]))
    assert [page.resync for page in script.pages] == [True, False]


def test_a_resync_of_an_empty_folder_is_told_too() -> None:
    script = Script([answer(status=3), answer("1"), answer("2")], kept("old"))
    script.run(flows.sync(session(), [INBOX]))
    assert [(page.resync, page.changes) for page in script.pages] == [(True, [])]
    assert state(script) == {"sync_key": "2", "pending": None, "resync": False}


def test_a_resync_that_was_not_committed_is_told_again() -> None:
    script = Script([answer(status=3), answer("1"), answer("2", add(1))], kept("old"))
    script.commit = lambda page: False
    script.run(flows.sync(session(), [INBOX]))
    again = Script([answer("2", add(1))], script.store)
    again.run(flows.sync(session(), [INBOX]))
    assert [page.resync for page in again.pages] == [True]


def test_a_key_that_is_refused_again_and_again_ends() -> None:
    refused = [answer(status=3), answer("1")] * 3 + [answer(status=3)]
    with pytest.raises(errors.InvalidSyncKeyError):
        Script(refused, kept("old")).run(flows.sync(session(), [INBOX]))


def test_a_first_key_that_is_refused_is_an_invalid_key() -> None:
    with pytest.raises(errors.InvalidSyncKeyError):
        Script([answer(status=3)]).run(flows.sync(session(), [INBOX]))


def test_a_folder_that_is_gone_may_give_no_first_key() -> None:
    # As SOGo does: an empty answer, instead of a Status.
    gone = FolderChanges(changes=[FolderRemoval(server_id="inbox")])
    script = Script([Canned(b""), FolderSyncResponse(status=1, sync_key="h2", changes=gone)], kept("0"))
    with pytest.raises(errors.UnknownFolderError, match="Inbox"):
        script.run(flows.sync(session(), [INBOX]))


def test_no_first_key_for_a_folder_that_is_there_is_damage() -> None:
    script = Script([Canned(b""), FolderSyncResponse(status=1, sync_key="h2")], kept("0"))
    with pytest.raises(errors.DamagedError, match="first SyncKey"):
        script.run(flows.sync(session(), [INBOX]))


@pytest.mark.spec("MS-ASCMD_R4455")
def test_a_full_request_that_is_called_incomplete_is_sent_again() -> None:
    script = Script([SyncResponse(status=13), answer("2", add(1))], kept("1"))
    script.run(flows.sync(session(), [INBOX]))
    assert script.requests[0].body == script.requests[1].body
    assert len(script.pages) == 1


@pytest.mark.spec("MS-ASCMD_R4454")
def test_status_12_asks_for_the_folders_and_goes_on() -> None:
    script = Script(
        [SyncResponse(status=12), FolderSyncResponse(status=1, sync_key="h2"), answer("2", add(1))], kept("1")
    )
    script.run(flows.sync(session(), [INBOX]))
    assert script.commands == ["Sync", "FolderSync", "Sync"] and len(script.pages) == 1


def test_a_folder_that_is_gone_is_named() -> None:
    gone = FolderChanges(changes=[FolderRemoval(server_id="inbox")])
    script = Script([answer(status=8), FolderSyncResponse(status=1, sync_key="h2", changes=gone)], kept("1"))
    with pytest.raises(errors.UnknownFolderError, match="Inbox"):
        script.run(flows.sync(session(), [INBOX]))


@pytest.mark.parametrize("status", [4, 9, 14, 111, 2000])
@pytest.mark.parametrize("top", [True, False])
def test_other_statuses_are_errors_and_leave_the_store_as_it_was(status: int, top: bool) -> None:
    bad = SyncResponse(status=status) if top else answer(status=status)
    script = Script([bad], kept("1"))
    before = dict(script.store)
    with pytest.raises(errors.StatusError) as caught:
        script.run(flows.sync(session(), [INBOX]))
    assert caught.value.status == status and script.store == before


@pytest.mark.spec("MS-ASCMD_R7561")
def test_a_sync_that_must_be_provisioned_first() -> None:
    no_policy = capture("Provision-1")
    script = Script([SyncResponse(status=142), no_policy, answer("2", add(1))], kept("1"))
    script.run(flows.sync(session(), [INBOX]))
    assert script.commands == ["Sync", "Provision", "Sync"] and script.requests[0].body == script.requests[2].body


@pytest.mark.parametrize("key", ["", "0"])
def test_a_new_key_that_is_none_is_damage(key: str) -> None:
    script = Script([answer(key, add(1))], kept("1"))
    with pytest.raises(errors.DamagedError):
        script.run(flows.sync(session(), [INBOX]))
    assert state(script)["sync_key"] == "1"


def test_an_answer_for_another_folder_is_damage() -> None:
    with pytest.raises(errors.DamagedError, match="another folder"):
        Script([answer("2", folder=NOTES)], kept("1")).run(flows.sync(session(), [INBOX]))


@pytest.mark.parametrize("changes", [[], [add(1)]])
def test_more_under_the_same_key_ends(changes: list[Add]) -> None:
    script = Script([answer("1", *changes, more_available=True)] * 5, kept("1"))
    with pytest.raises(errors.DamagedError, match="again and again"):
        script.run(flows.sync(session(), [INBOX]))


def test_more_under_new_keys_without_an_item_ends() -> None:
    script = Script([answer(f"k{number}", more_available=True) for number in range(100)], kept("1"))
    with pytest.raises(errors.DamagedError, match="again and again"):
        script.run(flows.sync(session(), [INBOX]))


def test_two_answers_for_one_folder_are_damage() -> None:
    twice = answer("2", add(1))
    twice.collections += answer("3", add(2)).collections
    script = Script([twice], kept("1"))
    with pytest.raises(errors.DamagedError, match="twice"):
        script.run(flows.sync(session(), [INBOX]))
    assert state(script)["sync_key"] == "1"


def test_the_trouble_of_one_folder_does_not_keep_the_others_back() -> None:
    store = kept("1") | {f"collection/{CONTACTS.collection_id}": json.dumps(json.loads(kept("1")["collection/inbox"]))}
    someone = Add(server_id="people:1", item=Contact(first_name="Ada"))
    both = answer(status=4)
    both.collections += answer("2", someone, folder=CONTACTS).collections
    script = Script([both], store)
    with pytest.raises(errors.StatusError) as caught:
        script.run(flows.sync(session(), [INBOX, CONTACTS]))
    assert caught.value.status == 4
    assert [page.folder for page in script.pages] == [CONTACTS]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>", errors.NotActiveSyncError),
        (wbxml.encode(answer("2", add(1)))[:-9], errors.CutOffError),
        (wbxml.encode(FolderSyncResponse(status=1)), errors.WrongDocumentError),
        (wbxml.encode(answer("2", add(1))) + b"\0", errors.DamagedError),
    ],
)
def test_bad_answers_have_their_class_and_leave_the_store_as_it_was(body: bytes, error: type[Exception]) -> None:
    # What is cut off is asked for again; one that is damaged for ever fewer items, and then without their bodies.
    times = {errors.CutOffError: 3, errors.DamagedError: 8}
    script = Script([Canned(body)] * times.get(error, 1), kept("1"))
    before = dict(script.store)
    with pytest.raises(errors.AnswerError) as caught:
        script.run(flows.sync(session(), [INBOX]))
    assert type(caught.value) is error and script.store == before and not script.pages


def test_an_answer_cut_while_it_is_read_is_asked_for_again_and_comes_once() -> None:
    whole = wbxml.encode(answer("2", add(1), add(2)))
    script = Script([Canned(whole[:-20], cut=errors.ConnectionLostError("lost")), Canned(whole)], kept("1"))
    script.run(flows.sync(session(), [INBOX]))
    assert script.requests[0].body == script.requests[1].body
    assert [len(page.changes) for page in script.pages] == [2]


def test_a_change_with_a_body_alone_has_the_class_of_its_folder() -> None:
    bare = Change(server_id="notes:1", item=Note(body=Body(type=BodyType.PLAIN_TEXT, data="new text")))
    script = Script([answer("2", bare, folder=NOTES)], kept("1", NOTES))
    script.run(flows.sync(session(), [NOTES]))
    item = script.pages[0].changes[0].item
    assert isinstance(item, Note) and item.body is not None and item.body.data == "new text"


@pytest.mark.spec("MS-ASCMD_R3964")
def test_a_soft_delete_is_not_a_delete() -> None:
    script = Script([answer("2", SoftDelete(server_id="a"), Delete(server_id="b"))], kept("1"))
    script.run(flows.sync(session(), [INBOX]))
    assert [type(change) for change in script.pages[0].changes] == [SoftDelete, Delete]


def test_folders_are_found_by_name_and_role() -> None:
    script = Script([answer("2", add(1))], kept("1"))
    script.run(flows.sync(session(), ["INBOX"]))
    assert script.pages[0].folder == INBOX


def test_a_folder_nobody_has_is_named() -> None:
    script = Script([FolderSyncResponse(status=1, sync_key="h2")], kept("1"))
    with pytest.raises(errors.UnknownFolderError, match="Nowhere"):
        script.run(flows.sync(session(), ["Nowhere"]))


@pytest.mark.spec("MS-ASCMD_R4764")
@pytest.mark.parametrize("window", [0, 513, -1])
def test_windows_that_no_server_takes_are_refused(window: int) -> None:
    with pytest.raises(errors.UsageError):
        Script([]).run(flows.sync(session(), [INBOX], window=window))


def test_filters_go_to_the_classes_that_know_them() -> None:
    assert flows.default_options(INBOX, filter_type=FilterType.ONE_WEEK).filter_type is FilterType.ONE_WEEK
    assert flows.default_options(INBOX, filter_type=FilterType.SIX_MONTHS).filter_type is None
    assert flows.default_options(CONTACTS, filter_type=FilterType.ONE_WEEK).filter_type is None


# Sync, upwards


def test_changes_go_up_and_each_has_its_result() -> None:
    def reply(request: Request) -> Answer:
        sent = wbxml.decode(request.body).root.find(f"{COLLECTION}/AirSync:Commands/AirSync:Add")
        assert sent is not None
        client_id = sent.findtext("AirSync:ClientId")
        return answer(
            "2",
            folder=CONTACTS,
            responses=[
                AddResponse(client_id=client_id, server_id="people:9", status=1),
                ChangeResponse(server_id="people:2", status=8),
            ],
        )

    script = Script([reply], kept("1", CONTACTS))
    changes = [
        Add(item=Contact(first_name="Ada")),
        Change(server_id="people:1", item=Contact(first_name="Grace")),
        Change(server_id="people:2", item=Contact(first_name="Alan")),
        Delete(server_id="people:3"),
    ]
    results = script.run(flows.apply(session(), CONTACTS, changes))
    assert [(result.status, result.server_id) for result in results] == [
        (1, "people:9"), (1, "people:1"), (8, "people:2"), (1, "people:3")
    ]  # fmt: skip
    assert [result.ok for result in results] == [True, True, False, True]
    assert "no longer exists" in results[2].meaning
    assert settled(script, 1, 1, 8, 1) == {"sync_key": "2", "resync": False}
    collection = script.sent(0).find(COLLECTION)
    assert collection is not None and collection.findtext("AirSync:GetChanges") == "0"


def test_real_answers_to_real_changes() -> None:
    folder = Folder("vcard%2Fpersonal", "0", "Contacts", FolderType.CONTACTS)
    script = Script([capture("Sync-contacts-add")], kept("1", folder))
    (result,) = script.run(flows.apply(session(), folder, [Add(client_id="c-1", item=Contact(last_name="X"))]))
    assert result.ok and result.server_id == "3073-6B03A880-1-6FA03280.vcf"


def test_a_request_is_kept_before_it_is_sent_and_sent_again_after_a_crash() -> None:
    lost = [errors.ConnectionLostError("lost")] * 3
    script = Script(lost, kept("1", CONTACTS))
    with pytest.raises(errors.ConnectionLostError):
        script.run(flows.apply(session(), CONTACTS, [Add(item=Contact(first_name="Ada"))]))
    assert len({request.body for request in script.requests}) == 1
    assert state(script, CONTACTS)["pending"] is not None and state(script, CONTACTS)["sync_key"] == "1"

    # Another process, later: the same bytes, and the caller is told what became of them.
    client_id = script.sent(0).findtext(f"{COLLECTION}/AirSync:Commands/AirSync:Add/AirSync:ClientId")
    done = answer("2", folder=CONTACTS, responses=[AddResponse(client_id=client_id, server_id="people:1", status=1)])
    again = Script([done], script.store)
    with pytest.raises(flows.EarlierChangesError) as caught:
        again.run(flows.apply(session(), CONTACTS, [Add(item=Contact(first_name="Grace"))]))
    assert again.requests[0].body == script.requests[0].body and len(again.requests) == 1
    (result,) = caught.value.results
    assert result.ok and result.server_id == "people:1" and result.change.item.first_name == "Ada"
    assert settled(again, 1) == {"sync_key": "2", "resync": False}


def test_a_sync_settles_earlier_changes_first_and_tells() -> None:
    script = Script([errors.ConnectionLostError("lost")] * 3, kept("1", CONTACTS))
    with pytest.raises(errors.ConnectionLostError):
        script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    again = Script([answer("2", folder=CONTACTS), answer("3", folder=CONTACTS)], script.store)
    again.run(flows.sync(session(), [CONTACTS]))
    assert [[result.ok for result in page.results] for page in again.pages] == [[True]]
    assert state(again, CONTACTS)["sync_key"] == "3"


def test_changes_against_a_lost_key_are_told_as_not_done() -> None:
    script = Script([answer(status=3, folder=CONTACTS)], kept("1", CONTACTS))
    (result,) = script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    assert result.status == 3 and not result.ok
    assert settled(script, 3) == {"sync_key": "0", "resync": True}


def test_changes_that_are_refused_as_a_whole_are_not_sent_for_ever() -> None:
    script = Script([SyncResponse(status=4)], kept("1", CONTACTS))
    with pytest.raises(errors.StatusError):
        script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    assert state(script, CONTACTS) == {"sync_key": "1", "pending": None, "resync": False}


def pending(script: Script) -> Script:
    """The script after a request of it was lost for good."""
    with pytest.raises(errors.ConnectionLostError):
        script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    return script


def lost() -> Script:
    return pending(Script([errors.ConnectionLostError("lost")] * 3, kept("1", CONTACTS)))


def test_of_earlier_changes_that_are_refused_nobody_knows_what_became() -> None:
    # The answer that was lost may have said that they were carried out.
    script = Script([SyncResponse(status=4)], lost().store)
    with pytest.raises(flows.EarlierChangesError) as caught:
        script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:9")]))
    (result,) = caught.value.results
    assert (result.change.server_id, result.status, result.ok) == ("people:3", 0, False)
    assert "4" in result.meaning
    assert settled(script, 0) == {"sync_key": "0", "resync": True}


@pytest.mark.parametrize("bad", [answer("", folder=CONTACTS), Canned(status=500), Canned(b"<html>")])
def test_earlier_changes_on_which_the_server_fails_do_not_block_the_folder_for_ever(bad: Answer) -> None:
    store = lost().store
    for _ in range(2):
        with pytest.raises(errors.ActiveSyncError):
            Script([bad], store).run(flows.sync(session(), [CONTACTS]))
        assert json.loads(store["collection/people"])["pending"] is not None
    someone = Add(server_id="people:1", item=Contact(first_name="Ada"))
    script = Script([bad, answer("1", folder=CONTACTS), answer("2", someone, folder=CONTACTS)], store)
    script.run(flows.sync(session(), [CONTACTS]))
    told, fresh = script.pages
    assert [(result.status, result.ok) for result in told.results] == [(0, False)]
    assert "nobody knows" in told.results[0].meaning
    assert fresh.resync


def test_changes_while_a_folder_starts_over_come_down_with_it() -> None:
    script = Script([answer("1", folder=CONTACTS), answer("2", folder=CONTACTS)], kept("0", CONTACTS, resync=True))
    script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    assert settled(script, 1) == {"sync_key": "0", "resync": True}


def test_a_damaged_store_is_named() -> None:
    for damaged in ("{", "[]", '{"sync_key": 1}', '{"sync_key": "1", "pending": "%%%", "resync": false}'):
        script = Script([], kept("1") | {"collection/inbox": damaged})
        with pytest.raises(errors.StoreError):
            script.run(flows.sync(session(), [INBOX]))
    for name in ("folders", "session"):
        with pytest.raises(errors.StoreError):
            Script([], kept("1") | {name: "{"}).run(flows.folders(session()))


def test_changes_that_are_put_off_stay_pending() -> None:
    script = Script([SyncResponse(status=111)], kept("1", CONTACTS))
    with pytest.raises(errors.StatusError):
        script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    assert state(script, CONTACTS)["pending"] is not None


@pytest.mark.parametrize(("code", "stays"), [(400, False), (501, False), (500, True), (502, True), (401, True)])
def test_changes_that_end_in_an_http_error(code: int, stays: bool) -> None:
    script = Script([Canned(status=code)], kept("1", CONTACTS))
    with pytest.raises(errors.HTTPError):
        script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    assert (state(script, CONTACTS)["pending"] is not None) is stays


def test_an_add_that_the_answer_does_not_mention_is_not_called_done() -> None:
    script = Script([answer("2", folder=CONTACTS)], kept("1", CONTACTS))
    (result,) = script.run(flows.apply(session(), CONTACTS, [Add(item=Contact(first_name="Ada"))]))
    assert not result.ok and result.server_id is None


def test_a_first_change_fetches_a_key_first() -> None:
    script = Script([answer("1", folder=CONTACTS), answer("2", folder=CONTACTS)])
    script.run(flows.apply(session(), CONTACTS, [Delete(server_id="people:3")]))
    assert script.sent(1).findtext(f"{COLLECTION}/AirSync:SyncKey") == "1"


@pytest.mark.parametrize("count", [0, 201])
def test_no_changes_or_too_many_are_refused(count: int) -> None:
    with pytest.raises(errors.UsageError):
        Script([]).run(flows.apply(session(), CONTACTS, [Fetch(server_id="x")] * count))


def test_a_change_that_cannot_be_written_leaves_nothing_pending() -> None:
    script = Script([], kept("1", CONTACTS))
    with pytest.raises(errors.UsageError, match="NUL"):
        script.run(flows.apply(session(), CONTACTS, [Add(item=Contact(first_name="A\0"))]))
    assert state(script, CONTACTS)["pending"] is None


# Estimates, searches, settings


def estimated(count: int | None, status: int = 1) -> GetItemEstimateResponse:
    return GetItemEstimateResponse(
        responses=[
            EstimateResponse(status=status, collection=CollectionEstimate(collection_id="inbox", estimate=count))
        ]
    )


@pytest.mark.spec("MS-ASCMD_R984")
def test_an_estimate_and_its_form_from_14_0_on() -> None:
    script = Script([estimated(12)], kept("7"))
    assert script.run(flows.estimate(session(), INBOX, filter_type=FilterType.ONE_WEEK)) == 12
    collection = script.sent(0).find("GetItemEstimate:Collections/GetItemEstimate:Collection")
    assert [str(child.tag) for child in collection or ()] == [
        "AirSync:SyncKey", "GetItemEstimate:CollectionId", "AirSync:Options"
    ]  # fmt: skip


@pytest.mark.spec("MS-ASCMD_R4589")
def test_an_estimate_up_to_12_1() -> None:
    script = Script([estimated(12)], kept("7") | {"session": '{"version": "12.1"}'})
    assert script.run(flows.estimate(session(), INBOX, filter_type=FilterType.ONE_WEEK)) == 12
    collection = script.sent(0).find("GetItemEstimate:Collections/GetItemEstimate:Collection")
    assert [str(child.tag) for child in collection or ()] == [
        "GetItemEstimate:Class", "GetItemEstimate:CollectionId", "AirSync:FilterType", "AirSync:SyncKey"
    ]  # fmt: skip


def test_an_estimate_leaves_out_the_filters_that_a_sync_leaves_out() -> None:
    script = Script([estimated(12)], kept("7", CONTACTS))
    script.run(flows.estimate(session(), CONTACTS, filter_type=FilterType.ONE_WEEK))
    collection = script.sent(0).find("GetItemEstimate:Collections/GetItemEstimate:Collection")
    assert collection is not None
    assert collection.find("AirSync:Options") is None


def test_an_estimate_of_a_folder_without_a_key_keeps_none() -> None:
    script = Script([answer("1"), estimated(3)])
    assert script.run(flows.estimate(session(), INBOX)) == 3
    assert "collection/inbox" not in script.store


def test_an_estimate_of_a_real_server() -> None:
    folder = Folder("mail%2Fe9675726a6a8036b5a30000083ecc375", "0", "INBOX", FolderType.INBOX)
    script = Script([capture("GetItemEstimate")], kept("-1", folder))
    assert script.run(flows.estimate(session(), folder)) == int(
        wbxml.decode(capture("GetItemEstimate").body).root.findtext(
            "GetItemEstimate:Response/GetItemEstimate:Collection/GetItemEstimate:Estimate", ""
        )
    )


def test_an_estimate_that_is_refused() -> None:
    with pytest.raises(errors.StatusError):
        Script([estimated(None, 2)], kept("7")).run(flows.estimate(session(), INBOX))


def hits(first: int, count: int, total: int) -> SearchResponse:
    results = [SearchResult(long_id=f"{n}", properties=Email(subject=f"hit {n}")) for n in range(first, first + count)]
    store = SearchStoreResponse(status=1, results=results, range=f"{first}-{first + count - 1}", total=total)
    return SearchResponse(status=1, response=SearchResponses(store=store))


def test_a_search_goes_on_to_its_end() -> None:
    script = Script([hits(0, 100, 130), hits(100, 30, 130)])
    found = script.run(flows.search(session(), "hit", limit=500))
    assert [result.properties.subject for result in found] == [f"hit {n}" for n in range(130)]
    ranges = [script.sent(n).findtext("Search:Store/Search:Options/Search:Range") for n in (0, 1)]
    assert ranges == ["0-99", "100-199"]


def test_a_search_of_a_real_server() -> None:
    script = Script([capture("Search-Mailbox")])
    found = script.run(flows.search(session(), "html"))
    assert [result.properties.subject for result in found] == [
        "Message 1 (html) – ünïcødé 日本", "Message 3 (inline) – ünïcødé 日本"
    ]  # fmt: skip


def test_a_search_of_people_of_a_real_server() -> None:
    script = Script([capture("Search-GAL")])
    (found,) = script.run(flows.search_gal(session(), "ali"))
    assert isinstance(found, GALEntry) and found.email_address == "bob@example.test"


def test_a_search_without_a_hit() -> None:
    assert Script([capture("Search-GAL-none")]).run(flows.search_gal(session(), "nobody")) == []


def test_a_search_that_is_refused() -> None:
    refused = SearchResponse(status=1, response=SearchResponses(store=SearchStoreResponse(status=8)))
    with pytest.raises(errors.StatusError) as caught:
        Script([refused]).run(flows.search(session(), "x"))
    assert caught.value.scope == "Search store" and caught.value.name == "TooComplex"


def test_out_of_office_of_a_real_server() -> None:
    replies = Script([capture("Settings-Oof-get3")]).run(flows.oof(session()))
    assert replies.oof_state is OofState.ENABLED and replies.messages[0].reply_message == "Away plain"


@pytest.mark.parametrize(
    ("replies", "state_", "messages"),
    [("Away.", "1", 3), (None, "0", 0), (Oof(oof_state=OofState.SCHEDULED), "2", 0)],
)
def test_out_of_office_is_set(replies: Any, state_: str, messages: int) -> None:
    script = Script([SettingsResponse(status=1, oof=OofResponse(status=1))])
    script.run(flows.set_oof(session(), replies))
    sent = script.sent(0).find("Settings:Oof/Settings:Set")
    assert sent is not None and sent.findtext("Settings:OofState") == state_
    assert len(sent.findall("Settings:OofMessage")) == messages


def test_a_part_of_settings_that_is_refused() -> None:
    with pytest.raises(errors.StatusError) as caught:
        Script([SettingsResponse(status=1, oof=OofResponse(status=7))]).run(flows.set_oof(session(), "x"))
    assert caught.value.name == "DeniedByPolicy"


def test_what_a_real_server_knows_of_the_user() -> None:
    user = Script([capture("Settings-UserInformation")]).run(flows.user_information(session()))
    assert user.accounts[0].email_addresses.primary_smtp_address == "alice@example.test"


JOBS: list[Callable[[Any], Any]] = [
    lambda on: flows.folders(on),
    lambda on: flows.sync(on, [INBOX]),
    lambda on: flows.apply(on, INBOX, [Delete(server_id="x")]),
    lambda on: flows.estimate(on, INBOX),
    lambda on: flows.search(on, "x"),
    lambda on: flows.search_gal(on, "x"),
    lambda on: flows.oof(on),
    lambda on: flows.user_information(on),
]


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("code", [130, 9999])
def test_every_job_ends_with_the_status_that_it_met(job: Callable[[Any], Any], code: int) -> None:
    def refuse(request: Request) -> Answer:
        root = wbxml.decode(request.body).root
        writer = wbxml.Writer()
        writer.start(root.tag)
        writer.start(f"{root.tag.namespace}:Status")
        writer.text(str(code))
        writer.end()
        writer.end()
        return Canned(writer.finish())

    with pytest.raises(errors.StatusError) as caught:
        Script([refuse], kept("1")).run(job(session()))
    assert caught.value.status == code
    assert isinstance(caught.value, errors.UnknownStatusError) == (code == 9999)
