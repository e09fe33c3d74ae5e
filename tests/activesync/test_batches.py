"""Many folders in one request: their shares, their troubles, and the windows that they are asked with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

import wbxml
from activesync import Add, Change, errors, flows
from activesync.commands import FolderType, SyncResponse
from activesync.effects import Request
from activesync.hierarchy import Folder
from activesync.items import Body, BodyType, Contact, Email, Note
from activesync.testing import EASServer, Rules, faults, sample_mailbox

from .clients import COLLECTION, Open, sent
from .script import Canned, Script
from .test_flows import CONTACTS, INBOX, NOTES, add, answer, kept, session, state

FOLDERS = [INBOX, CONTACTS, NOTES]


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=40, contacts=12, events=6, tasks=4, notes=3)) as running:
        yield running


def all_kept(key: str) -> dict[str, str]:
    return {name: value for folder in FOLDERS for name, value in kept(key, folder).items()}


def person(name: str) -> Add:
    return Add(server_id=f"people:{name}", item=Contact(first_name=name))


def together(*answers: SyncResponse, **rest: Any) -> SyncResponse:
    return SyncResponse(collections=[one for each in answers for one in each.collections], **rest)


def asked(script: Script, index: int) -> dict[str, int]:
    """The folders that a request is about, and how many items of each it asks for."""
    return {
        one.findtext("AirSync:CollectionId", ""): int(one.findtext("AirSync:WindowSize", "0"))
        for one in script.sent(index).findall(COLLECTION)
    }


def test_folders_without_news_take_one_request(connect: Open, server: EASServer) -> None:
    eas = connect()
    folders = [folder.collection_id for folder in eas.folders() if folder.item_class is not None]
    assert sum(len(page.changes) for page in eas.sync()) > 50
    first = len(sent(server, "Sync"))
    assert first < len(folders), "the first keys of all come in one request, too"
    assert list(eas.sync()) == []
    assert len(sent(server, "Sync")) == first + 1
    news = server.mailbox.add(FolderType.CONTACTS, Contact(first_name="Ada"))
    assert [change.server_id for page in eas.sync() for change in page.changes] == [news]
    assert len(sent(server, "Sync")) == first + 2


def test_one_with_many_items_does_not_keep_the_others_waiting(connect: Open, server: EASServer) -> None:
    for number in range(600):
        server.mailbox.add(FolderType.INBOX, Email(subject=str(number)))
    eas = connect()
    seen = [
        (page.folder.name, len(page.changes)) for page in eas.sync("inbox", "contacts", "notes", "tasks", window=300)
    ]
    assert [name for name, _ in seen[:4]] == ["Inbox", "Contacts", "Notes", "Tasks"]
    assert seen[0] == ("Inbox", 128), "a quarter of 512"
    assert {name for name, _ in seen[4:]} == {"Inbox"} and max(size for _, size in seen[4:]) == 300


def test_a_page_that_went_out_of_date_meanwhile_is_asked_for_again(connect: Open, server: EASServer) -> None:
    eas = connect()
    assert sum(len(page.changes) for page in eas.sync("inbox", "contacts")) > 0
    server.mailbox.change("1:5", read=True)
    there = [server.mailbox.add(FolderType.CONTACTS, Contact(first_name=f"New {number}")) for number in range(3)]
    found: list[Any] = []
    for page in eas.sync("inbox", "contacts"):
        if page.folder.name == "Inbox":
            # Its answer has come already, with the page of the contacts behind it.
            (made,) = eas.apply("contacts", [Add(item=Contact(first_name="Mine"))])
            assert made.ok
        found += [change.server_id for change in page.changes]
    assert sorted(found) == sorted(["1:5", *there])
    assert list(eas.sync("inbox", "contacts")) == []


def test_the_limit_of_the_server_is_kept_to(connect: Open, server: EASServer) -> None:
    server.rules = Rules(most_collections=2)
    eas = connect()
    assert {page.folder.name for page in eas.sync("inbox", "contacts", "notes", "tasks", "calendar")} == {
        "Inbox", "Contacts", "Notes", "Tasks", "Calendar"
    }  # fmt: skip
    sizes = [len(root.findall(COLLECTION)) for root in sent(server, "Sync")]
    assert sizes[0] == 5 and max(sizes[1:]) == 2


def test_too_many_without_a_limit_is_tried_with_fewer() -> None:
    too_many = SyncResponse(status=15)
    script = Script(
        [too_many, answer("2", add(1)), answer("2", person("Ada"), folder=CONTACTS), Canned()], all_kept("1")
    )
    script.run(flows.sync(session(), FOLDERS))
    assert [len(asked(script, number)) for number in range(4)] == [3, 1, 1, 1]
    assert [page.folder for page in script.pages] == [INBOX, CONTACTS]


def test_what_ails_the_request_as_a_whole_is_looked_for_folder_by_folder() -> None:
    script = Script(
        [SyncResponse(status=4), answer("2", add(1)), SyncResponse(status=4), answer("2", folder=NOTES)], all_kept("1")
    )
    with pytest.raises(errors.StatusError) as caught:
        script.run(flows.sync(session(), FOLDERS))
    assert caught.value.status == 4
    assert [list(asked(script, number)) for number in range(4)] == [
        ["inbox", "people", "notes"], ["inbox"], ["people"], ["notes"]
    ]  # fmt: skip
    assert [page.folder for page in script.pages] == [INBOX] and state(script, NOTES)["sync_key"] == "2"


@pytest.mark.parametrize("failure", [Canned(b"", 500), Canned(wbxml.encode(answer("2", add(1))) + b"\0")])
def test_an_item_that_makes_the_server_fail_spoils_its_folder_alone(failure: Canned) -> None:
    def of_contacts(request: Request) -> Any:
        return failure

    note = answer("2", Add(server_id="n", item=Note(subject="x")), folder=NOTES)
    # The contacts are asked for 100, 50, 25, 12, 6, 3, 1, and that one without its body; each time they go to the end.
    script = Script([failure, answer("2", add(1)), *[of_contacts] * 8, note], all_kept("1"))
    with pytest.raises((errors.HTTPError, errors.DamagedError)):
        script.run(flows.sync(session(), FOLDERS))
    assert {page.folder for page in script.pages} == {INBOX, NOTES}


@pytest.mark.parametrize("poisoned", [partial(faults.poison, body=True), faults.undecodable])
def test_the_others_come_whole_where_one_has_such_an_item(connect: Open, server: EASServer, poisoned: Any) -> None:
    bad = server.mailbox.add(
        FolderType.INBOX, Email(subject="bad", body=Body(type=BodyType.PLAIN_TEXT, data="bad text"))
    )
    server.faults.append(poisoned(bad))
    eas = connect()
    found: dict[str, int] = {}
    skipped: list[str] = []
    for page in eas.sync("inbox", "contacts", "notes"):
        found[page.folder.name] = found.get(page.folder.name, 0) + len(page.changes)
        skipped += [one.server_id for one in page.skipped]
    assert found == {"Inbox": 37, "Contacts": 12, "Notes": 3} and skipped == [bad]


def test_one_that_is_left_out_of_a_full_answer_is_asked_for_again() -> None:
    script = Script(
        [
            together(answer("2", add(1), more_available=True)),
            together(answer("3", add(2), more_available=True), answer("2", person("Ada"), folder=CONTACTS)),
            answer("4", add(3)),
        ],
        all_kept("1"),
    )
    script.run(flows.sync(session(), [INBOX, CONTACTS]))
    assert [list(asked(script, number)) for number in range(3)] == [["inbox", "people"], ["inbox", "people"], ["inbox"]]
    assert [page.folder for page in script.pages] == [INBOX, INBOX, CONTACTS, INBOX]


def test_an_answer_about_a_folder_that_nobody_asked_for_is_damage() -> None:
    other = Folder("other", "0", "Other", FolderType.USER_MAIL)
    script = Script([together(answer("2", add(1)), answer("2", folder=other))], all_kept("1"))
    with pytest.raises(errors.DamagedError, match="another folder"):
        script.run(flows.sync(session(), [CONTACTS, NOTES]))
    assert not script.pages


def test_a_folder_that_is_named_twice_is_asked_for_once() -> None:
    script = Script([answer("2", add(1))], kept("1"))
    script.run(flows.sync(session(), [INBOX, "inbox", INBOX]))
    assert len(script.pages) == 1


def test_results_that_are_told_first_may_be_acted_on(connect: Open, server: EASServer) -> None:
    eas = connect()
    assert sum(len(page.changes) for page in eas.sync("inbox", "contacts")) > 0
    server.faults.append(faults.dropped(after=True, command="Sync", times=3))
    with pytest.raises(errors.TransportError):
        eas.apply("contacts", [Add(item=Contact(first_name="Mine"))])
    pages = 0
    for page in eas.sync("inbox", "contacts"):
        pages += 1
        assert page.folder.name == "Contacts" and [result.ok for result in page.results] == [True]
        # The caller goes on with the other folder, whose turn in the same request is still to come.
        assert eas.apply("inbox", [Change(server_id="1:5", item=Email(read=True))])[0].ok
    assert pages == 1 and list(eas.sync("inbox", "contacts")) == []


# Windows


def slow(script: Script, seconds: float, model: SyncResponse) -> Any:
    def answered(request: Request) -> Any:
        script.now += seconds
        return model

    return answered


def test_a_server_that_takes_long_is_asked_for_less() -> None:
    script = Script([], kept("1"))
    more = [answer(str(number), add(number), more_available=True) for number in range(2, 8)]
    script.answers = [
        slow(script, 25, more[0]), slow(script, 21, more[1]), slow(script, 15, more[2]), slow(script, 1, more[3]),
        slow(script, 1, more[4]), answer("9", add(9)),
    ]  # fmt: skip
    script.run(flows.sync(session(), [INBOX], window=100))
    assert [asked(script, number)["inbox"] for number in range(6)] == [100, 50, 25, 25, 50, 100]


def test_large_answers_are_asked_for_in_smaller_ones() -> None:
    def large(key: str, size: int, **rest: Any) -> SyncResponse:
        body = Body(type=BodyType.PLAIN_TEXT, data="x" * size)
        return answer(key, Add(server_id=key, item=Email(body=body)), **rest)

    script = Script(
        [large("2", 17 << 20, more_available=True), large("3", 9 << 20, more_available=True), large("4", 10)], kept("1")
    )
    script.run(flows.sync(session(), [INBOX], window=512))
    assert [asked(script, number)["inbox"] for number in range(3)] == [512, 256, 256]


def test_a_clock_that_jumps_does_no_harm() -> None:
    script = Script([], kept("1"))
    script.answers = [
        slow(script, -1e9, answer("2", add(2), more_available=True)),
        slow(script, 1e9, answer("3", add(3), more_available=True)),
        answer("4", add(4)),
    ]
    script.run(flows.sync(session(), [INBOX], window=8))
    assert [asked(script, number)["inbox"] for number in range(3)] == [8, 8, 4]


def test_the_requests_are_small() -> None:
    folders = [Folder(f"f{number}", "0", f"F{number}", FolderType.USER_MAIL) for number in range(40)]
    script = Script([Canned(), Canned()], {name: value for one in folders for name, value in kept("1", one).items()})
    script.run(flows.sync(session(), folders))
    assert [len(asked(script, number)) for number in range(2)] == [30, 10]
    assert set(asked(script, 0).values()) == {17}
    assert len(wbxml.encode(script.sent(0))) < 2500
