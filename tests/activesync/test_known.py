"""What the caller has of a folder, by which one that starts over tells true changes only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from activesync import Client
from activesync.commands import Add, Change, Delete, FilterType, FolderType, SoftDelete
from activesync.effects import Load
from activesync.flows import known
from activesync.items import Body, BodyType, CalendarEvent, Contact, Email, Flag, FlagStatus, LastVerb, Note, Task
from activesync.state import CollectionState, state_name
from activesync.testing import EASServer, faults, sample_mailbox

from .clients import Open, client
from .test_flows import INBOX

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=30, contacts=6, events=6, tasks=4, notes=2)) as running:
        yield running


def mail(**values: Any) -> Email:
    whole: dict[str, Any] = {
        "subject": "Subject", "from_": "a@example.test", "date_received": NOON, "read": False, "flag": Flag(),
        "body": Body(type=BodyType.PLAIN_TEXT, data="Text of it", estimated_data_size=10),
    }  # fmt: skip
    return Email(**(whole | values))


def digest(item: Any, kind: Any = Add) -> str:
    (entry,) = known.entries_of([kind(server_id="1", item=item)]).values()
    assert entry is not None
    return entry


OTHERS = [
    mail(subject="Other"),
    mail(date_received=NOON.replace(second=1)),
    mail(date_received=NOON.replace(day=1)),
    mail(body=Body(type=BodyType.PLAIN_TEXT, data="Text")),
    mail(read=True),
    mail(read=None),
    mail(flag=Flag(status=FlagStatus.ACTIVE)),
    mail(flag=Flag(status=FlagStatus.COMPLETE)),
    mail(categories=["a"]),
    mail(categories=["b"]),
    mail(last_verb_executed=LastVerb.REPLY),
    mail(last_verb_executed=LastVerb.REPLY, last_verb_execution_time=NOON),
    mail(is_draft=True),
    mail(is_draft=True, to="b@example.test"),
]


def test_a_mail_that_is_another_has_another_digest() -> None:
    assert len({digest(one) for one in [mail(), *OTHERS]}) == 1 + len(OTHERS)
    assert digest(mail()) == digest(mail(flag=None, categories=[])), "no flag is as good as an empty one"


@pytest.mark.parametrize("kind", [Contact, CalendarEvent, Task, Note])
def test_of_other_classes_all_counts(kind: Any) -> None:
    first = "first_name" if kind is Contact else "subject"
    items = [
        kind(**{first: "A"}), kind(**{first: "B"}), kind(**{first: "A"}, body=Body(data="x")), kind(**{first: ""}),
        kind(**{first: "A"}, categories=["c"]),
    ]  # fmt: skip
    assert len({digest(one) for one in items}) == len(items)
    assert digest(items[0]) == digest(items[0], Change)


@pytest.mark.parametrize(
    ("marks", "after"),
    [
        ({"read": True}, mail(read=True)),
        ({"flag": Flag(status=FlagStatus.ACTIVE)}, mail(flag=Flag(status=FlagStatus.ACTIVE))),
        ({"categories": ["a"], "read": True}, mail(categories=["a"], read=True)),
        ({"flag": Flag(), "categories": []}, mail()),
    ],
)
def test_a_change_of_marks_leaves_the_rest_as_it_was(marks: dict[str, Any], after: Email) -> None:
    first, then = Add(server_id="1", item=mail()), Change(server_id="1", item=Email(**marks))
    assert known.entries_of([first, then]) == known.entries_of([Add(server_id="1", item=after)])
    (unknown,) = known.entries_of([then]).values()
    assert unknown is not None and unknown.startswith("="), "an earlier row tells what the mail is"


def copy_of(pages: Any, copy: dict[str, Any]) -> list[str]:
    """Takes pages into a copy, strictly: an Add is new, or said to replace; a Change and a Delete are of something."""
    told = []
    for page in pages:
        for change in page.changes:
            name = change.server_id
            told.append(type(change).__name__)
            if isinstance(change, (Delete, SoftDelete)):
                del copy[name]
            elif isinstance(change, Add):
                assert (name in copy) == (name in page.replaced)
                copy[name] = change.item
            else:
                copy[name] = copy[name]  # it is there
    return told


@pytest.mark.parametrize("window", [1, 7, 100])
def test_a_folder_that_starts_over_tells_what_is_true(connect: Open, server: EASServer, window: int) -> None:
    eas, copy = connect(), {}
    copy_of(eas.sync("inbox", window=window), copy)
    first, second, third, *_ = copy
    server.mailbox.delete(first)
    server.mailbox.change(second, read=not copy[second].read)
    server.mailbox.change(third, subject="Another")
    new = server.mailbox.add(FolderType.INBOX, Email(subject="New", date_received=NOON))
    server.faults.append(faults.status(3, command="Sync"))
    pages = list(eas.sync("inbox", window=window))
    assert [page.resync for page in pages] == [True] + [False] * (len(pages) - 1)
    assert sorted(copy_of(pages, copy)) == ["Add", "Add", "Add", "Delete"]
    assert {name for page in pages for name in page.replaced} == {second, third}
    assert set(copy) == set(server.mailbox.items(FolderType.INBOX)) and new in copy
    assert copy[third].subject == "Another" and first not in copy
    assert not list(eas.sync("inbox"))


def test_what_left_the_filter_may_still_be_there(connect: Open, server: EASServer) -> None:
    eas = connect()
    (page,) = eas.sync("inbox", filter_type=FilterType.ONE_MONTH)
    server.mailbox.delete(page.changes[0].server_id)
    server.faults.append(faults.status(3, command="Sync"))
    (again,) = eas.sync("inbox", filter_type=FilterType.ONE_MONTH)
    assert [type(change) for change in again.changes] == [SoftDelete], "nobody can tell"


def test_a_folder_that_starts_over_twice_and_is_left_in_between(connect: Open, server: EASServer) -> None:
    eas, copy = connect(), {}
    copy_of(eas.sync("inbox"), copy)
    gone = list(copy)[-3:]
    for name in gone:
        server.mailbox.delete(name)
    server.faults.append(faults.status(3, command="Sync"))
    for page in eas.sync("inbox", window=5):  # the first page is committed by the second, which is left
        copy_of([page], copy) if page.resync else None
        if not page.resync:
            break
    server.faults.append(faults.status(3, command="Sync"))
    pages = list(eas.sync("inbox", window=5))
    assert pages[0].resync
    assert copy_of(pages, copy) == ["Delete"] * 3
    assert set(copy) == set(server.mailbox.items(FolderType.INBOX))


def test_a_store_goes_to_another_device(server: EASServer, tmp_path: Any) -> None:
    store = tmp_path / "alice.db"
    with client(server, store=store, device="one") as eas:
        (page,) = eas.sync("contacts")
    server.mailbox.delete(page.changes[0].server_id)
    with client(server, store=store, device="two") as eas:
        (again,) = eas.sync("contacts")
    assert again.resync and [type(change) for change in again.changes] == [Delete]


def test_many_rows_become_one(connect: Open, server: EASServer) -> None:
    eas = connect()
    list(eas.sync("contacts"))
    folder = eas.folders().named("contacts")
    for number in range(140):
        server.mailbox.add(folder.collection_id, Contact(last_name=f"New {number}"))
        assert len(list(eas.sync("contacts"))) == 1
    rows = [name for name in eas.store.names(eas.session.account) if name.startswith("known/")]
    assert len(rows) < 20
    state = json.loads(eas.store.load(eas.session.account, state_name(folder.collection_id)))
    assert state["known"][2] - state["known"][0] == len(rows)
    server.faults.append(faults.status(3, command="Sync"))
    assert [(page.resync, page.changes) for page in eas.sync("contacts")] == [(True, [])]
    eas.folders()
    server.mailbox.remove_folder(folder.collection_id)
    eas.folders()
    assert not [
        name
        for name in eas.store.names(eas.session.account)
        if f"{folder.collection_id}/" in f"{name}/" and "lease" not in name
    ]


def test_a_mailbox_that_is_empty_now() -> None:
    with EASServer(sample_mailbox("alice", "secret", mails=5)) as server, client(server) as eas:
        (page,) = eas.sync("inbox")
        for name in list(server.mailbox.items(FolderType.INBOX)):
            server.mailbox.delete(name)
        server.faults.append(faults.status(3, command="Sync"))
        (again,) = eas.sync("inbox")
        assert again.resync and {type(change) for change in again.changes} == {Delete}
        assert {change.server_id for change in again.changes} == {change.server_id for change in page.changes}
        assert isinstance(eas, Client)


def test_a_mail_that_was_marked_since_is_as_it_was_told(connect: Open, server: EASServer) -> None:
    eas = connect()
    assert list(eas.sync("inbox"))
    for number in (5, 7):
        server.mailbox.change(f"1:{number}", read=True)
        server.mailbox.change(f"1:{number}", read=False)
        server.mailbox.change(f"1:{number}", read=True, flag=Flag(status=FlagStatus.ACTIVE))
    assert [len(page.changes) for page in eas.sync("inbox")] == [2]
    server.mailbox.change("1:7", read=False)
    server.faults.append(faults.status(3, command="Sync"))
    (page,) = eas.sync("inbox")
    assert [change.server_id for change in page.changes] == ["1:7"] and page.replaced == {"1:7"}


# The rows


def kept_rows(values: dict[str, str | None], rows: dict[str, str]) -> None:
    for name, value in values.items():
        if value is None:
            rows.pop(name, None)
        else:
            rows[name] = value


def kept(state: CollectionState, rows: dict[str, str], told: Any, *, more: bool = False) -> CollectionState:
    """The state after a page, its rows in place; as a flow it may only load them."""
    flow = known.keep(INBOX, state, dict(told), more=more)
    result: Any = None
    try:
        while True:
            effect = flow.send(result)
            assert isinstance(effect, Load)
            result = rows.get(effect.name)
    except StopIteration as end:
        state, values = end.value
    kept_rows(values, rows)
    assert sorted(rows) == sorted(state.rows(INBOX.collection_id)), "no row too many, none too few"
    return state


def test_many_small_pages_become_few_rows_and_lose_nothing() -> None:
    random, state, rows, truth = Random(5), CollectionState(sync_key="1"), dict[str, str](), dict[str, str | None]()
    most = 0
    for page in range(6000):
        told: dict[str, str | None] = {}
        for _ in range(random.randint(1, 6)):
            name = f"1:{random.randrange(300)}"
            told[name] = random.choice([f"{page:x}.1,0,,,,", f"{page:x}.1,1,,,,", None])
        truth |= told
        state = kept(state, rows, told)
        most = max(most, len(rows))
    assert state_of(state, rows) == {name: digest for name, digest in truth.items() if digest is not None}
    assert most < 300 and sum(len(json.loads(row)) for row in rows.values()) < 3 * 65_536


def state_of(state: CollectionState, rows: dict[str, str]) -> dict[str, str]:
    told: dict[str, str | None] = {}
    for name in state.rows(INBOX.collection_id):
        known.merge(told, json.loads(rows[name]))
    return {name: digest for name, digest in told.items() if digest is not None}


def test_the_rows_of_a_large_folder_are_never_read_together_while_it_grows() -> None:
    state, rows = CollectionState(sync_key="1"), dict[str, str]()
    for page in range(400):
        state = kept(state, rows, {f"1:{page}.{number}": "a.1,0,,,," for number in range(512)}, more=page < 399)
    assert len(rows) == 400 and state.full == state.count and state.packed == 399
    # Later changes, a few a page, are packed once there are as many rows of them as of the rest.
    for page in range(150):
        state = kept(state, rows, {f"1:{page}.{number}": "=,1,=,=,=,=" for number in range(10)})
    assert len(rows) < 400 + 60
    assert state_of(state, rows)["1:7.3"] == "a.1,1,,,," and len(state_of(state, rows)) == 400 * 512


def test_what_is_told_twice_is_packed() -> None:
    state, rows = CollectionState(sync_key="1"), dict[str, str]()
    for page in range(300):
        state = kept(state, rows, {f"1:{number}": f"{page:x}.1,0,,,," for number in range(600)})
    assert len(rows) <= 2 * 1 + 128 and len(state_of(state, rows)) == 600
    assert set(state_of(state, rows).values()) == {f"{299:x}.1,0,,,,"}
