"""Pages that are handed out while they arrive: stream()."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import wbxml
from activesync import Add, AsyncClient, Change, Client, Delete, Limits, MemoryStore, SqliteStore, errors, flows
from activesync.commands import FolderType, SyncResponse
from activesync.effects import Part
from activesync.items import Body, BodyType, Email
from activesync.testing import EASServer, Mailbox, faults, sample_mailbox

from .clients import Open, client, sent
from .script import Canned, Script
from .test_flows import INBOX, add, answer, kept, session, state

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=300, contacts=8)) as running:
        yield running


def whole(eas: Any, *folders: str, **options: Any) -> list[tuple[str, str]]:
    return [
        (type(change).__name__, change.server_id) for page in eas.sync(*folders, **options) for change in page.changes
    ]


def streamed(eas: Any, *folders: str, **options: Any) -> list[tuple[str, str]]:
    return [
        (type(change).__name__, change.server_id) for page in eas.stream(*folders, **options) for change in page.changes
    ]


def test_a_stream_brings_what_sync_brings(connect: Open) -> None:
    found = streamed(connect(), window=64)
    assert sorted(found) == sorted(whole(connect(), window=512))
    folders = [name.partition(":")[0] for _, name in found]
    assert folders == sorted(folders, key=folders.index), "one folder after the other"


def test_changes_and_deletions_come_with_the_end_of_the_page(connect: Open, server: EASServer) -> None:
    eas = connect(store=MemoryStore())
    assert len(streamed(eas, "inbox")) == 270
    assert streamed(eas, "inbox") == []
    server.mailbox.change("1:5", read=True)
    server.mailbox.delete("1:3")
    new = [
        server.mailbox.add(
            FolderType.INBOX, Email(subject=f"new {n}", body=Body(type=BodyType.PLAIN_TEXT, data="x" * 9000))
        )
        for n in range(40)
    ]
    assert sorted(streamed(eas, "inbox")) == sorted(
        [("Change", "1:5"), ("Delete", "1:3"), *(("Add", one) for one in new)]
    )


def test_items_come_before_the_page_is_whole(connect: Open, server: EASServer) -> None:
    eas = connect()
    for page in eas.stream("inbox", window=200):
        changes = iter(page.changes)
        next(changes)
        with pytest.raises(errors.UsageError, match="still arriving"):
            assert not page.more
        with pytest.raises(errors.UsageError, match="still arriving"):
            page.commit()
        with pytest.raises(errors.UncommittedPageError):
            eas.apply("inbox", [Delete(server_id="1:1")])
        rest = list(changes)
        assert len(rest) in (199, 69)
        assert page.more == (len(rest) == 199) and not page.resync and not page.results and not page.replaced
    eas.apply("inbox", [Delete(server_id="1:1")])


def test_what_nobody_looked_at_is_passed_over_by_going_on(connect: Open) -> None:
    eas = connect()
    pages = 0
    for page in eas.stream("inbox", window=100):
        next(iter(page.changes))
        pages += 1
    assert pages == 3
    assert whole(eas, "inbox") == []


def test_another_call_meanwhile_does_not_disturb_it(connect: Open, server: EASServer) -> None:
    eas = connect(limits=Limits(per_account=1))
    found = []
    for page in eas.stream("inbox", window=300):
        for number, change in enumerate(page.changes):
            found.append(change.server_id)
            if number % 50 == 0:
                assert eas.estimate("contacts") == 8
    assert len(found) == len(set(found)) == 270
    assert eas.stats.resent == 0


def test_leaving_a_page_commits_nothing(connect: Open) -> None:
    store = MemoryStore()
    eas = connect(store=store)
    for page in eas.stream("inbox", window=200):
        for _ in page.changes:
            break
        break
    eas.close()
    again = connect(store=store)
    assert len(streamed(again, "inbox")) == 270


def test_a_transaction_keeps_the_page_and_the_rows_or_neither(connect: Open) -> None:
    store = SqliteStore(":memory:")
    store.connection.execute("CREATE TABLE mails (id TEXT PRIMARY KEY)")
    eas = connect(store=store)

    def rows() -> int:
        return int(store.connection.execute("SELECT count(*) FROM mails").fetchone()[0])

    with pytest.raises(ZeroDivisionError):
        for page in eas.stream("inbox", window=200):
            with page.transaction() as db:
                for number, change in enumerate(page.changes):
                    db.execute("INSERT INTO mails VALUES (?)", [change.server_id])
                    if number == 100:
                        raise ZeroDivisionError
    assert rows() == 0
    for page in eas.stream("inbox", window=200):
        with pytest.raises(errors.UsageError, match="still arriving"), page.transaction() as db:
            db.execute("INSERT INTO mails VALUES ('x')")
        break
    assert rows() == 0
    for page in eas.stream("inbox", window=200):
        with page.transaction() as db:
            for change in page.changes:
                db.execute("INSERT INTO mails VALUES (?)", [change.server_id])
    assert rows() == 270
    assert whole(eas, "inbox") == []


# An answer that is lost half-way


def test_what_was_handed_out_does_not_come_twice(connect: Open, server: EASServer) -> None:
    eas = connect()
    server.faults.append(faults.cut(150_000, command="Sync", skip=1, times=2))
    found = streamed(eas, "inbox", window=300)
    assert len(found) == len(set(found)) == 270
    assert eas.stats.resent == 2


def test_one_that_stays_lost_is_an_error_and_nothing_is_kept(connect: Open, server: EASServer) -> None:
    store = MemoryStore()
    eas = connect(store=store)
    server.faults.append(faults.cut(150_000, command="Sync", skip=1, times=3))
    with pytest.raises((errors.ConnectionLostError, errors.CutOffError)):
        streamed(eas, "inbox", window=300)
    assert len(streamed(eas, "inbox", window=300)) == 270


def test_a_page_that_will_never_be_whole_is_told_at_once(connect: Open, server: EASServer) -> None:
    eas = connect()
    server.faults += [faults.cut(150_000, command="Sync", skip=1), faults.status(4, command="Sync", skip=1)]
    found = []
    with pytest.raises(errors.StatusError) as caught:
        for page in eas.stream("inbox", "contacts", window=300):
            found.extend(page.folder.name for _ in page.changes)
    assert caught.value.status == 4 and set(found) == {"Inbox"}
    # Where nothing of it was told, the others have their turn.
    server.faults.append(faults.status(4, command="Sync"))
    found.clear()
    with pytest.raises(errors.StatusError):
        for page in eas.stream("inbox", "contacts", window=300):
            found.extend(page.folder.name for _ in page.changes)
    assert found == ["Contacts"] * 8


def parts(script: Script, flow: Any) -> list[Any]:
    """What a flow hands out before its pages, by a script."""
    found: list[Any] = []

    def watched() -> Any:
        result = None
        try:
            effect = next(flow)
            while True:
                if isinstance(effect, Part):
                    found.extend(effect.changes)
                    result = None
                else:
                    try:
                        result = yield effect
                    except errors.ActiveSyncError as error:
                        effect = flow.throw(error)
                        continue
                effect = flow.send(result)
        except StopIteration as end:
            return end.value

    script.run(watched())
    return found


def lost(model: SyncResponse) -> Canned:
    """An answer whose connection ends shortly before its end."""
    return Canned(wbxml.encode(model)[:-20], piece=8, cut=errors.ConnectionLostError("cut"))


def told(script: Script, handed: list[Any]) -> list[tuple[str, str]]:
    """What the caller was told, in its order."""
    return [
        (type(one).__name__, one.server_id)
        for one in [*handed, *(one for page in script.pages for one in page.changes)]
    ]


def test_what_is_gone_or_another_in_the_second_answer_is_told() -> None:
    other = Add(server_id="inbox:2", item=Email(subject="Another subject", date_received=NOON))
    script = Script(
        [lost(answer("2", add(1), add(2), add(3), add(4))), answer("2", other, add(3), add(4), add(5))], kept("1")
    )
    handed = parts(script, flows.sync(session(), [INBOX], parts=True))
    assert told(script, handed) == [
        ("Add", "inbox:1"), ("Add", "inbox:2"), ("Add", "inbox:3"),
        ("Add", "inbox:2"), ("Add", "inbox:4"), ("Add", "inbox:5"), ("Delete", "inbox:1"),
    ]  # fmt: skip
    (page,) = script.pages
    assert page.replaced == {"inbox:2"}


def test_a_key_that_was_lost_while_a_page_arrived() -> None:
    # Half of an answer, then Status 3: the folder starts over, and what was handed out is taken back where it is gone.
    script = Script(
        [lost(answer("2", add(1), add(2), add(3))), answer(status=3), answer("1"), answer("5", add(2))], kept("1")
    )
    handed = parts(script, flows.sync(session(), [INBOX], parts=True))
    assert told(script, handed) == [("Add", "inbox:1"), ("Add", "inbox:2"), ("Delete", "inbox:1")]
    (page,) = script.pages
    assert page.resync
    assert state(script)["sync_key"] == "5"


def test_a_change_of_what_is_added_in_the_same_answer_keeps_its_place() -> None:
    mixed = answer("2", Delete(server_id="inbox:1"), add(1), add(2), Change(server_id="inbox:3", item=Email(read=True)))
    script = Script([Canned(wbxml.encode(mixed), piece=8)], kept("1"))
    handed = parts(script, flows.sync(session(), [INBOX], parts=True))
    (page,) = script.pages
    assert [one.server_id for one in handed] == ["inbox:2"]
    assert [(type(one).__name__, one.server_id) for one in page.changes] == [
        ("Delete", "inbox:1"), ("Add", "inbox:1"), ("Change", "inbox:3")
    ]  # fmt: skip


def test_nothing_of_an_answer_that_is_none_is_handed_out() -> None:
    for bad in (answer("0", add(1)), answer("2" * 65, add(1)), answer("2", add(1), status=4)):
        script = Script([Canned(wbxml.encode(bad), piece=8)], kept("1"))
        flow = flows.sync(session(), [INBOX], parts=True)
        with pytest.raises((errors.DamagedError, errors.StatusError)):
            assert parts(script, flow) == []
        assert not script.pages and state(script)["sync_key"] == "1"


# Memory


def test_large_bodies_go_into_files(connect: Open) -> None:
    texts = {number: chr(0xE0 + number) * (300_000 * number) for number in range(3)}
    made = Mailbox("alice", "secret")
    names = [
        made.add(FolderType.INBOX, Email(subject=str(number), body=Body(type=BodyType.PLAIN_TEXT, data=text)))
        for number, text in texts.items()
    ]
    with EASServer(made) as other, client(other) as eas:
        for page in eas.stream("inbox", spool=100_000):
            bodies = [change.item.body.data for change in page.changes]
            assert sorted(one is None for one in bodies) == [False, True, True]
            assert {name: file.read().decode() for name, file in page.files.items()} == {
                names[1]: texts[1], names[2]: texts[2]
            }  # fmt: skip
            files = list(page.files.values())
        assert all(file.closed for file in files)
        assert whole(eas, "inbox") == []


@pytest.mark.parametrize("items", [8, 64])
def test_memory_does_not_grow_with_the_page(items: int) -> None:
    made = Mailbox("alice", "secret")
    for number in range(items):
        made.add(FolderType.INBOX, Email(subject=str(number), body=Body(type=BodyType.PLAIN_TEXT, data="x" * 400_000)))
    with EASServer(made) as server, client(server) as eas:
        eas.folders()
        server.answer  # noqa: B018 - what the server holds of its own is made before the measurement
        peak = 0
        for page in eas.stream("inbox", window=512):
            tracemalloc.start()
            for _ in page.changes:
                peak = max(peak, tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
    assert peak < 6_000_000, "the whole page has 26 MB, with 64 mails"


def test_tasks_stream_side_by_side(server: EASServer) -> None:
    async def main() -> None:
        async with AsyncClient(server.url, "alice", "secret", allow_http=True) as eas:

            async def one(folder: str) -> int:
                count = 0
                async for page in eas.stream(folder, window=50):
                    async for _ in page.changes:
                        count += 1
                        await asyncio.sleep(0)
                return count

            assert await asyncio.gather(one("inbox"), one("contacts"), one("tasks")) == [270, 8, 50]
            assert eas.stats.resent == 0

    asyncio.run(main())


def test_a_loop_that_is_left_gives_its_connection_back(server: EASServer) -> None:
    async def main() -> None:
        async with AsyncClient(server.url, "alice", "secret", allow_http=True) as eas:
            async for page in eas.stream("inbox", window=300):
                async for _ in page.changes:
                    break
                break
            del page
            assert await eas.estimate("contacts") == 8

    asyncio.run(main())


def test_the_exchanges_are_measured_whole(server: EASServer) -> None:
    told: list[Any] = []
    with client(server, on_exchange=told.append) as eas:
        for page in eas.stream("inbox", window=300):
            for number, _ in enumerate(page.changes):
                if number == 10:
                    eas.estimate("contacts")
    syncs = [one for one in told if one.command == "Sync" and one.items]
    assert [one.items for one in syncs] == [270]
    assert sum(one.received for one in told) == eas.stats.received
    assert len(sent(server, "Sync")) == len([one for one in told if one.command == "Sync"])


def test_a_client_of_a_block_is_what_it_says() -> None:
    with pytest.raises(errors.UsageError, match="window"):
        list(Client("https://x.test", "a", "b").stream("inbox", window=0))
