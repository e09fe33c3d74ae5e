"""Push: what watch() tells, what it sends meanwhile, and how it gives way; by both kinds of client, and as a flow."""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import trustme

import wbxml
from activesync import (
    AsyncClient,
    Changed,
    Contact,
    Email,
    Event,
    Folder,
    FolderType,
    HierarchyChanged,
    MemoryStore,
    PushNotSupportedError,
    Reachable,
    Unreachable,
    Unwatched,
    UsageError,
    errors,
    flows,
)
from activesync.commands import (
    FolderAdd,
    FolderChanges,
    FolderSyncResponse,
    Ping,
    PingFolder,
    PingResponse,
)
from activesync.effects import Flow, GaveWay, Request
from activesync.hierarchy import Hierarchy
from activesync.testing import EASServer, Fault, Mailbox, faults

from .broken import broken
from .clients import Open, client, post, sent
from .script import Answer, Canned, Script, session

INBOX = Folder("inbox", "0", "Inbox", FolderType.INBOX)
CONTACTS = Folder("people", "0", "Contacts", FolderType.CONTACTS)
PROJECT = Folder("project", "0", "Project", FolderType.USER_MAIL)
FOLDER = FolderAdd(server_id="project", parent_id="0", display_name="Project", type=FolderType.USER_MAIL)
HELD = (1, 30)


@pytest.fixture
def mailbox() -> Mailbox:
    made = Mailbox("alice", "secret")
    made.add(FolderType.INBOX, Email(subject="there already"))
    return made


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[EASServer]:
    with EASServer(mailbox) as running:
        running.rules.heartbeat = (1, 3540)
        yield running


def soon(seconds: float, what: Callable[[], Any]) -> None:
    """Does something in another thread, a little later."""
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    timer.start()


def synchronise(eas: Any, *folders: Folder | str) -> int:
    """How many changes came."""
    return sum(len(page.changes) for page in eas.sync(*folders))


def names(event: Event) -> list[str]:
    assert isinstance(event, Changed)
    return [folder.name for folder in event.folders]


# With the embedded server


@pytest.mark.spec("MS-ASCMD_R5630", "MS-ASCMD_R4237", "MS-ASCMD_R4238", "MS-ASCMD_R314")
@pytest.mark.spec("MS-ASCMD_R306", "MS-ASCMD_R307", "MS-ASCMD_R5710", "MS-ASCMD_R3175")
def test_a_new_item_is_told_at_once(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    eas = connect()
    synchronise(eas)
    soon(0.2, lambda: mailbox.add(FolderType.CONTACTS, Contact(first_name="Ada")))
    began = time.monotonic()
    for event in eas.watch(heartbeat=HELD, timeout=2):
        assert names(event) == ["Contacts"]
        assert 0.1 < time.monotonic() - began < 1
        assert synchronise(eas, *event.folders) == 1
        break
    (ping,) = sent(server, "Ping")
    assert {one.findtext("Ping:Id") for one in ping.iter("Ping:Folder")} == set(mailbox.folders)
    assert ping.findtext("Ping:HeartbeatInterval") == "2", "no longer than the caller waits"
    assert {one.findtext("Ping:Class") for one in ping.iter("Ping:Folder")} == {
        "Email", "Calendar", "Contacts", "Tasks", "Notes",
    }  # fmt: skip


def test_what_was_not_synchronised_is_told_again(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    eas = connect()
    synchronise(eas, "inbox")
    mailbox.add(FolderType.INBOX, Email(subject="new"))
    events = iter(eas.watch("inbox", heartbeat=HELD, timeout=5))
    assert names(next(events)) == names(next(events)) == ["Inbox"]
    events.close()
    assert synchronise(eas, "inbox") == 1


@pytest.mark.spec("MS-ASCMD_R5637")
def test_a_folder_that_was_never_synchronised_is_told_of_without_a_ping(connect: Open, server: EASServer) -> None:
    eas = connect()
    events = iter(eas.watch("inbox", "contacts", heartbeat=HELD, timeout=0.5))
    event = next(events)
    assert names(event) == ["Inbox", "Contacts"]
    assert sent(server, "Ping") == []
    synchronise(eas, *event.folders)
    assert list(events) == []
    assert len(sent(server, "Ping")) == 1


def test_a_caller_that_never_synchronises_is_told_with_pauses(connect: Open, server: EASServer) -> None:
    began = time.monotonic()
    events = iter(connect().watch("inbox", heartbeat=HELD, timeout=5))
    assert names(next(events)) == names(next(events)) == ["Inbox"]
    assert time.monotonic() - began > 0.9
    events.close()


@pytest.mark.spec("MS-ASCMD_R4259")
def test_a_new_folder_is_told_with_all_folders(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    eas = connect()
    synchronise(eas)
    soon(0.2, lambda: mailbox.add_folder("Project"))
    events = iter(eas.watch(heartbeat=HELD, timeout=2))
    event = next(events)
    assert isinstance(event, HierarchyChanged)
    assert event.hierarchy.named("Project") is not None
    assert names(next(events)) == ["Project"], "which was never synchronised"
    events.close()


def test_a_renamed_folder_is_told(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    project = mailbox.add_folder("Project")
    eas = connect()
    synchronise(eas, "inbox")
    soon(0.2, lambda: mailbox.rename_folder(project, "Plan"))
    event = next(iter(eas.watch("inbox", heartbeat=HELD, timeout=2)))
    assert isinstance(event, HierarchyChanged) and event.hierarchy.named("Plan") is not None


def test_folders_that_are_gone_end_the_watch(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    project = mailbox.add_folder("Project")
    eas = connect()
    synchronise(eas, "project")
    soon(0.2, lambda: mailbox.remove_folder(project))
    events = iter(eas.watch("project", heartbeat=HELD, timeout=2))
    assert isinstance(next(events), HierarchyChanged)
    with pytest.raises(errors.UnknownFolderError, match="gone"):
        next(events)


@pytest.mark.spec("MS-ASCMD_R315", "MS-ASCMD_R313", "MS-ASCMD_R4233", "MS-ASCMD_R4234")
def test_quiet_pings_follow_each_other_and_last_longer(connect: Open, server: EASServer) -> None:
    store = MemoryStore()
    eas = connect(store=store)
    synchronise(eas, "inbox")
    store.save("alice@127.0.0.1", {"heartbeat": "1"})
    assert list(eas.watch("inbox", heartbeat=(1, 9), timeout=2.4)) == []
    assert [ping.findtext("Ping:HeartbeatInterval") for ping in sent(server, "Ping")][:1] == ["1"]
    assert len(sent(server, "Ping")) > 1
    assert int(store.load("alice@127.0.0.1", "heartbeat") or 0) > 1, "kept for the next time"


def test_the_time_without_an_event_is_kept_to(connect: Open, server: EASServer) -> None:
    server.rules.heartbeat = (60, 3540)
    eas = connect()
    synchronise(eas, "inbox")
    began = time.monotonic()
    assert list(eas.watch("inbox", timeout=0.4)) == []
    assert 0.3 < time.monotonic() - began < 1.5
    assert eas.estimate("inbox") == 0


def test_other_calls_go_between_the_events(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    eas = connect()
    synchronise(eas, "inbox")
    soon(0.1, lambda: mailbox.add(FolderType.INBOX, Email(subject="one")))
    seen = []
    for event in eas.watch("inbox", heartbeat=HELD, timeout=1.2):
        seen.append((names(event), eas.estimate("inbox")))
        synchronise(eas, *event.folders)
        if len(seen) == 1:
            mailbox.add(FolderType.INBOX, Email(subject="two"))
    assert seen == [(["Inbox"], 1), (["Inbox"], 1)]


def test_one_watch_at_a_time(connect: Open, server: EASServer) -> None:
    eas = connect()
    first = iter(eas.watch("inbox", heartbeat=HELD))
    next(first)
    with pytest.raises(UsageError, match="watched already"):
        next(iter(eas.watch("contacts")))
    first.close()
    second = iter(eas.watch("contacts", heartbeat=HELD))
    assert names(next(second)) == ["Contacts"]
    second.close()


@pytest.mark.parametrize("heartbeat", [(0, 5), (9, 5)])
def test_a_heartbeat_that_cannot_be(connect: Open, heartbeat: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="shortest and the longest"):
        next(iter(connect().watch(heartbeat=heartbeat)))


def test_a_folder_without_items(connect: Open, mailbox: Mailbox) -> None:
    mailbox.add_folder("Diary", FolderType.USER_JOURNAL)
    with pytest.raises(UsageError, match="nothing to watch"):
        next(iter(connect().watch("Diary")))


@pytest.mark.parametrize("status", [400, 404, 501])
def test_a_server_without_ping(connect: Open, server: EASServer, status: int) -> None:
    server.faults.append(faults.http(status, command="Ping"))
    eas = connect()
    synchronise(eas, "inbox")
    with pytest.raises(PushNotSupportedError, match=rf"has no Ping \(it answers HTTP {status}\): call sync"):
        list(eas.watch("inbox"))


def test_a_lost_connection_is_begun_anew(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    server.faults.append(faults.dropped(after=False, command="Ping"))
    eas = connect()
    synchronise(eas, "inbox")
    mailbox.add(FolderType.INBOX, Email(subject="new"))
    assert names(next(iter(eas.watch("inbox", heartbeat=HELD, timeout=2)))) == ["Inbox"]
    assert len(sent(server, "Ping")) == 2


# A server that is lost


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses that are short."""
    # By its name: the package has a function that is called like the module.
    monkeypatch.setattr(importlib.import_module("activesync.flows.watch"), "_pause", lambda *_: 0.1)


@pytest.mark.usefixtures("soon_again")
def test_a_server_that_is_down_for_a_while(connect: Open, server: EASServer, mailbox: Mailbox) -> None:
    eas = connect()
    synchronise(eas, "inbox")

    def outage() -> None:
        server.stop()
        mailbox.add(FolderType.INBOX, Email(subject="new"))
        time.sleep(0.4)
        server.start()

    soon(0.3, outage)
    events = iter(eas.watch("inbox", heartbeat=(20, 30), timeout=5))
    lost, back = next(events), next(events)
    assert isinstance(lost, Unreachable) and isinstance(lost.error, errors.TransportError)
    assert isinstance(back, Reachable) and 0 < back.seconds < 5
    assert names(next(events)) == ["Inbox"], "what has happened meanwhile"
    assert synchronise(eas, "inbox") == 1
    soon(0.2, lambda: mailbox.add(FolderType.INBOX, Email(subject="later")))
    assert names(next(events)) == ["Inbox"]
    events.close()


@pytest.mark.usefixtures("soon_again")
def test_a_server_that_is_down_at_first(connect: Open, server: EASServer) -> None:
    server.stop()
    soon(0.4, server.start)
    events = iter(connect().watch("inbox", heartbeat=HELD, timeout=5))
    assert [type(next(events)) for _ in range(3)] == [Unreachable, Reachable, Changed]
    events.close()


@pytest.mark.usefixtures("soon_again")
@pytest.mark.parametrize(
    "fault",
    [
        faults.http(500, command="Ping", times=4),
        faults.http(502, command="Ping", times=4),
        faults.busy("0", command="Ping", times=3),
        faults.busy(None, command="Ping"),
        faults.dropped(after=False, command="Ping", times=4),
        faults.dropped(after=True, command="Ping", times=4),
        faults.cut_off(command="Ping", times=4),
    ],
    ids=["500", "502", "busy", "busy without a time", "dropped", "answer dropped", "cut off"],
)
def test_a_server_that_fails_for_a_while(connect: Open, server: EASServer, mailbox: Mailbox, fault: Fault) -> None:
    server.faults.append(replace(fault))
    eas = connect()
    synchronise(eas, "inbox")
    mailbox.add(FolderType.INBOX, Email(subject="new"))
    events = iter(eas.watch("inbox", heartbeat=HELD, timeout=5))
    assert [type(next(events)) for _ in range(3)] == [Unreachable, Reachable, Changed]
    assert synchronise(eas, "inbox") == 1
    events.close()


@pytest.mark.usefixtures("soon_again")
def test_a_server_that_stays_away(connect: Open, server: EASServer) -> None:
    eas = connect()
    synchronise(eas, "inbox")
    server.stop()
    events = iter(eas.watch("inbox", patience=0.3))
    assert isinstance(next(events), Unreachable)
    with pytest.raises(errors.ConnectError):
        next(events)
    assert list(eas.watch("inbox", duration=0.3))[1:] == [], "it may be begun anew, and ends in time"


# AsyncClient: giving way


def test_a_watch_of_a_lost_server_lets_others_go(server: EASServer, mailbox: Mailbox) -> None:
    server.faults.append(faults.http(502, command="Ping", times=3))

    async def main() -> None:
        async with client(server, kind=AsyncClient) as eas:
            await arrived(eas, "inbox")
            task = watching(eas, seen := asyncio.Queue())
            assert isinstance(await asyncio.wait_for(seen.get(), 1), Unreachable)
            mailbox.add(FolderType.INBOX, Email(subject="new"))
            began = time.monotonic()
            assert await eas.estimate("inbox") == 1
            assert time.monotonic() - began < 0.5
            assert len(sent(server, "Ping")) == 2, "it waits still"
            assert isinstance(await asyncio.wait_for(seen.get(), 4), Reachable)
            assert names(await asyncio.wait_for(seen.get(), 1)) == ["Inbox"]
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


def test_a_watch_of_a_lost_server_can_be_cancelled(server: EASServer) -> None:
    async def main() -> None:
        async with client(server, kind=AsyncClient) as eas:
            await arrived(eas, "inbox")
            server.stop()
            task = watching(eas, seen := asyncio.Queue())
            assert isinstance(await asyncio.wait_for(seen.get(), 1), Unreachable)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            server.start()
            assert await eas.estimate("inbox") == 0
            assert isinstance(await anext(eas.watch("contacts", heartbeat=HELD)), Changed)

    asyncio.run(main())


def watching(eas: AsyncClient, seen: asyncio.Queue[Event]) -> asyncio.Task[None]:
    """A task that puts all events of the inbox into a queue."""

    async def watch() -> None:
        async for event in eas.watch("inbox", heartbeat=(20, 30)):
            seen.put_nowait(event)

    return asyncio.create_task(watch())


async def begun(server: EASServer, count: int = 1) -> None:
    """Waits until so many Pings have come."""

    def reached() -> None:
        ends = time.monotonic() + 2.5
        while len(sent(server, "Ping")) < count and time.monotonic() < ends:
            time.sleep(0.01)

    await asyncio.to_thread(reached)
    assert len(sent(server, "Ping")) == count


async def arrived(eas: AsyncClient, *folders: Folder | str) -> int:
    return sum([len(page.changes) async for page in eas.sync(*folders)])


def test_a_watch_gives_way_and_goes_on(server: EASServer, mailbox: Mailbox) -> None:
    async def main() -> None:
        async with client(server, kind=AsyncClient) as eas:
            await arrived(eas, "inbox")
            task = watching(eas, seen := asyncio.Queue())
            await begun(server)
            await asyncio.sleep(0.1)
            began = time.monotonic()
            assert await eas.estimate("inbox") == 0
            assert (await eas.folders()).named("inbox") is not None
            assert time.monotonic() - began < 0.5
            assert len(sent(server, "Ping")) == 1, "not sent anew between two calls"
            await begun(server, 2)
            mailbox.add(FolderType.INBOX, Email(subject="new"))
            assert names(await asyncio.wait_for(seen.get(), 1)) == ["Inbox"]
            assert await arrived(eas, "inbox") == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


def test_cancelling_leaves_the_client_usable(server: EASServer, mailbox: Mailbox) -> None:
    store = MemoryStore()

    async def main() -> None:
        async with client(server, kind=AsyncClient, store=store) as eas:
            await arrived(eas, "inbox")
            task = watching(eas, asyncio.Queue())
            await begun(server)
            before = dict(store._values)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert store._values == before
            mailbox.add(FolderType.INBOX, Email(subject="new"))
            assert await arrived(eas, "inbox") == 1
            events = eas.watch("contacts", heartbeat=HELD)
            assert names(await anext(events)) == ["Contacts"], "one that was cancelled watches no more"

    asyncio.run(main())


def test_a_watch_that_rests_lets_others_go(server: EASServer) -> None:
    async def main() -> None:
        async with client(server, kind=AsyncClient) as eas:
            task = watching(eas, seen := asyncio.Queue())
            await asyncio.wait_for(seen.get(), 1)
            began = time.monotonic()
            await arrived(eas, "inbox")
            assert time.monotonic() - began < 0.5
            await begun(server)
            task.cancel()

    asyncio.run(main())


def test_many_calls_at_once_go_before_the_watch(server: EASServer) -> None:
    async def main() -> None:
        async with client(server, kind=AsyncClient) as eas:
            await arrived(eas, "inbox")
            task = watching(eas, asyncio.Queue())
            await begun(server)
            async with asyncio.timeout(1):
                assert await asyncio.gather(*(eas.estimate("inbox") for _ in range(20))) == [0] * 20
            assert len(sent(server, "Ping")) == 1
            task.cancel()

    asyncio.run(main())


# The server's Ping


def pinged(server: EASServer, body: Ping | bytes = b"") -> PingResponse:
    data = body if isinstance(body, bytes) else wbxml.encode(body)
    return wbxml.decode(post(server, "Ping", data), type=PingResponse)


def ready(server: EASServer) -> None:
    """A device that has the folders, and a key of the inbox."""
    with client(server, device="d1") as eas:
        synchronise(eas, "inbox")


def ping(seconds: int | None = 1, *folders: str, cls: str = "Email") -> Ping:
    return Ping(
        heartbeat_interval=seconds, folders=[PingFolder(collection_id=one, cls=cls) for one in folders or ("1",)]
    )


@pytest.mark.spec("MS-ASCMD_R5836", "MS-ASCMD_R335", "MS-ASCMD_R322", "MS-ASCMD_R5831", "MS-ASCMD_R5832")
@pytest.mark.spec("MS-ASCMD_R3151", "MS-ASCMD_R3152", "MS-ASCMD_R321")
def test_what_the_device_has_said_need_not_be_said_again(server: EASServer, mailbox: Mailbox) -> None:
    ready(server)
    assert pinged(server, ping()).status == 1
    mailbox.add(FolderType.INBOX, Email(subject="new"))
    for request in (b"", ping(None), Ping(heartbeat_interval=30)):
        answer = pinged(server, request)
        assert (answer.status, answer.folders) == (2, ["1"])


@pytest.mark.spec("MS-ASCMD_R4239", "MS-ASCMD_R4240", "MS-ASCMD_R4241")
@pytest.mark.parametrize("request_", [b"", ping(None), Ping(heartbeat_interval=30)])
def test_what_the_device_has_never_said_is_missed(server: EASServer, request_: Ping | bytes) -> None:
    ready(server)
    assert pinged(server, request_).status == 3


@pytest.mark.spec("MS-ASCMD_R4243", "MS-ASCMD_R6699")
@pytest.mark.parametrize("request_", [ping(1, "1", "1"), ping(1, "1", cls="Calendar"), ping(1, "")])
def test_a_ping_that_is_malformed(server: EASServer, request_: Ping) -> None:
    ready(server)
    assert pinged(server, request_).status == 4


@pytest.mark.spec("MS-ASCMD_R4246", "MS-ASCMD_R4247", "MS-ASCMD_R4248", "MS-ASCMD_R5690", "MS-ASCMD_R5691")
def test_the_limits_of_the_server(server: EASServer, mailbox: Mailbox) -> None:
    server.rules.heartbeat = (60, 3540)
    ready(server)
    assert [(one.status, one.heartbeat_interval) for one in (pinged(server, ping(59)), pinged(server, ping(3541)))] == [
        (5, 60), (5, 3540),
    ]  # fmt: skip


@pytest.mark.spec("MS-ASCMD_R4252", "MS-ASCMD_R4253", "MS-ASCMD_R3257")
def test_the_server_watches_so_many_folders(server: EASServer) -> None:
    server.rules.most_pinged = 1
    ready(server)
    answer = pinged(server, ping(1, "1", "2"))
    assert (answer.status, answer.max_folders) == (6, 1)


@pytest.mark.spec("MS-ASCMD_R4256", "MS-ASCMD_R4257")
def test_folders_that_have_changed(server: EASServer, mailbox: Mailbox) -> None:
    ready(server)
    assert pinged(server, ping(1, "nowhere")).status == 7
    soon(0.2, lambda: mailbox.add_folder("new"))
    assert pinged(server, ping(20)).status == 7


@pytest.mark.spec("MS-ASCMD_R5638", "MS-ASCMD_R5639", "MS-ASCMD_R5641", "MS-ASCMD_R4235", "MS-ASCMD_R4236")
def test_only_what_is_new_ends_the_wait(server: EASServer, mailbox: Mailbox) -> None:
    ready(server)
    (server_id,) = mailbox.items(FolderType.INBOX)
    soon(0.2, lambda: mailbox.change(server_id, read=True))
    began = time.monotonic()
    assert pinged(server, ping()).status == 2, "told at the end"
    assert time.monotonic() - began > 0.9
    soon(0.2, lambda: mailbox.add(FolderType.INBOX, Email(subject="new")))
    began = time.monotonic()
    answer = pinged(server, ping(20))
    assert (answer.status, answer.folders) == (2, ["1"])
    assert time.monotonic() - began < 1


def test_a_held_ping_stops_nobody(server: EASServer, mailbox: Mailbox) -> None:
    ready(server)
    thread = threading.Thread(target=lambda: pinged(server, ping(20)))
    thread.start()
    with client(server) as eas:
        began = time.monotonic()
        assert synchronise(eas, "inbox") == 1
        assert time.monotonic() - began < 0.5
    began = time.monotonic()
    server.stop()
    thread.join(2)
    assert not thread.is_alive() and time.monotonic() - began < 1.5


def test_a_ping_ends_with_its_client(server: EASServer) -> None:
    with client(server, timeout=0.2) as eas:
        synchronise(eas, "inbox")
        assert list(eas.watch("inbox", heartbeat=(30, 60), timeout=0.3)) == []
    held = server.requests[-1]
    assert held.command == "Ping" and held.gone()
    ends = time.monotonic() + 1
    while [one for one in threading.enumerate() if "process_request" in one.name] and time.monotonic() < ends:
        time.sleep(0.02)
    assert [one.name for one in threading.enumerate() if "process_request" in one.name] == []


def test_a_ping_is_held_within_tls_too(mailbox: Mailbox) -> None:
    authority = trustme.CA()
    here, there = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(here)
    authority.issue_cert("127.0.0.1").configure_cert(there)
    with EASServer(mailbox, tls=there) as server:
        server.rules.heartbeat = (1, 3540)
        with client(server, verify=here) as eas:
            synchronise(eas, "inbox")
            soon(0.6, lambda: mailbox.add(FolderType.INBOX, Email(subject="new")))
            began = time.monotonic()
            assert names(next(iter(eas.watch("inbox", heartbeat=HELD)))) == ["Inbox"]
            assert 0.5 < time.monotonic() - began < 1.5
            assert len(sent(server, "Ping")) == 1
        assert server.requests[-1].gone()


# The flow, by canned answers


class Watched(Script):
    """A script for an account whose folders all have a key; ``heartbeat`` is what was found out before."""

    def __init__(self, *answers: Any, heartbeat: int | None = None, folders: tuple[Folder, ...] = (INBOX,)) -> None:
        hierarchy = Hierarchy("h1", folders)
        kept = {"session": '{"version": "14.1"}', "device": "D", "folders": hierarchy.to_json()}
        if heartbeat is not None:
            kept["heartbeat"] = str(heartbeat)
        super().__init__([FolderSyncResponse(status=1, sync_key="h1"), *answers], kept)
        for folder in folders:
            self.key(folder, "1")

    def key(self, folder: Folder, key: str) -> None:
        """What a Sync leaves behind."""
        self.store[f"collection/{folder.collection_id}"] = json.dumps(
            {"sync_key": key, "pending": None, "resync": False}
        )

    def after(self, seconds: float, answer: Answer) -> Callable[[Request], Answer]:
        """An answer that comes after so many seconds."""

        def come(request: Request) -> Answer:
            self.now += seconds
            return answer

        return come

    @property
    def heartbeats(self) -> list[int]:
        """The HeartbeatInterval of each Ping."""
        pings = [number for number, command in enumerate(self.commands) if command == "Ping"]
        return [int(self.sent(number).findtext("Ping:HeartbeatInterval") or 0) for number in pings]

    def watch(self, *folders: str, **options: Any) -> list[Event]:
        """The events until the canned answers run out."""
        with pytest.raises(AssertionError, match="nobody expected"):
            self.run(watch(*folders, **options))
        return self.pages


def watch(*folders: str, **options: Any) -> Flow[None]:
    return flows.watch(session(), folders or ["inbox"], **options)


def quiet(script: Watched, seconds: float) -> Callable[[Request], Answer]:
    return script.after(seconds, PingResponse(status=1))


@pytest.mark.spec("MS-ASCMD_R5631", "MS-ASCMD_R5633")
def test_the_heartbeat_begins_moderately_and_grows_while_it_is_quiet() -> None:
    script = Watched()
    script.answers += [quiet(script, 480), quiet(script, 600), quiet(script, 750)]
    assert script.watch(heartbeat=(60, 800)) == []
    assert script.heartbeats == [480, 600, 750, 800]
    assert script.store["heartbeat"] == "800"
    assert {request.timeout for request in script.requests[1:]} == {540.0, 660.0, 810.0, 860.0}
    assert script.sent(1).findtext("Ping:Folders/Ping:Folder/Ping:Id") == "inbox"


def test_the_heartbeat_begins_with_what_was_found_out_before() -> None:
    for kept, begins in ((600, 600), (5, 60), (5000, 1740)):
        script = Watched(heartbeat=kept)
        script.watch()
        assert script.heartbeats == [begins]
    script = Watched()
    script.store["heartbeat"] = "nonsense"
    script.watch()
    assert script.heartbeats == [480]


@pytest.mark.parametrize(
    "lost",
    [
        errors.ConnectionLostError("the connection ended"),
        errors.TimedOutError("nothing came"),
        Canned(b"", 504),
        Canned(b"", 408),
        Canned(b""),
    ],
    ids=["lost", "silent", "gateway", "408", "empty"],
)
def test_the_heartbeat_is_cut_down_where_it_is_lost(lost: Answer) -> None:
    script = Watched()
    script.answers += [script.after(540, lost), quiet(script, 240), quiet(script, 300), script.after(420, lost)]
    script.answers += [quiet(script, 180), quiet(script, 225), quiet(script, 270)]
    assert script.watch() == []
    assert script.heartbeats == [480, 240, 300, 360, 180, 225, 270, 270]
    assert script.rested == []


def test_a_heartbeat_that_was_lost_is_tried_again_after_many_that_were_not() -> None:
    script = Watched(heartbeat=400)
    script.answers += [script.after(100, errors.ConnectionLostError("gone"))]
    script.answers += [quiet(script, seconds) for seconds in (200, 250, *[300] * 14, 375)]
    script.watch()
    assert script.heartbeats == [400, 200, 250, *[300] * 14, 375, 375]


def test_a_connection_that_is_not_made_says_nothing_about_the_way() -> None:
    script = Watched()
    script.answers += [script.after(10, errors.TimedOutError("no connection")), script.after(9, Canned(b"", 500))]
    script.watch()
    assert script.heartbeats == [480, 480, 1] and script.rested == [1]
    assert "heartbeat" not in script.store


def test_a_connection_that_was_kept_open_says_nothing_about_the_way() -> None:
    script = Watched()
    script.answers += [script.after(0.1, errors.ConnectionLostError("gone")), quiet(script, 480)]
    script.watch()
    assert script.heartbeats == [480, 480, 600]


def test_a_shorter_wait_than_was_asked_for_is_kept_to() -> None:
    script = Watched()
    script.answers += [quiet(script, 100), quiet(script, 100)]
    script.watch()
    assert script.heartbeats == [480, 100, 100]


def test_a_server_that_never_waits_is_asked_with_pauses() -> None:
    script = Watched(*[PingResponse(status=1)] * 8)
    assert script.watch() == []
    assert script.rested == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(script.heartbeats) == {480}


def test_failures_that_go_on_are_told() -> None:
    script = Watched(*[Canned(b"")] * 6)
    with pytest.raises(errors.DamagedError, match="answers Ping with nothing"):
        script.run(watch())
    assert script.rested == [1, 2, 4, 8]


def test_what_only_the_caller_can_mend_is_told_at_once() -> None:
    for answer, kind in (
        (errors.CertificateError("it has expired"), errors.CertificateError),
        (Canned(b"", 401), errors.AuthenticationError),
        (Canned(b"", 403), errors.ForbiddenError),
        (PingResponse(status=129), errors.StatusError),
        (PingResponse(status=137), PushNotSupportedError),
    ):
        script = Watched(answer)
        with pytest.raises(kind):
            script.run(watch())
    script = Watched(PingResponse(status=1), Canned(b"", 404))
    with pytest.raises(errors.NotFoundError):
        script.run(watch())


# A server that is lost, by canned answers

REFUSED = errors.ConnectError("nothing listens there")
GONE = errors.ConnectionLostError("the connection ended")
BACK = PingResponse(status=5, heartbeat_interval=60)


@pytest.mark.parametrize(
    "lost",
    [
        REFUSED,
        GONE,
        errors.AddressError("it does not resolve"),
        errors.TimedOutError("no connection"),
        errors.CutOffError("it is cut off"),
        Canned(b"", 500),
        Canned(b"", 502),
        Canned(b"", 504),
    ],
    ids=["refused", "lost", "unresolved", "silent", "cut off", "500", "502", "504"],
)
def test_a_server_that_is_lost_is_waited_for(lost: Answer) -> None:
    script = Watched(*[lost] * 11, BACK)
    unreachable, reachable = script.watch()
    error = lost if isinstance(lost, Exception) else unreachable.error
    assert unreachable == Unreachable(error) and reachable == Reachable(sum(script.rested))
    assert script.rested == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert script.heartbeats == [480, 480, *[1] * 10, 480], "a lost server is asked for what it answers at once"
    assert script.commands == ["FolderSync", *["Ping"] * 13]
    assert script.slept == [], "others may go meanwhile"


def test_one_failure_is_no_outage() -> None:
    script = Watched(REFUSED)
    script.answers += [quiet(script, 480), GONE, quiet(script, 600)]
    assert script.watch() == []
    assert script.rested == []


def test_each_outage_is_told_once_and_begins_with_a_short_pause() -> None:
    script = Watched(*[REFUSED] * 4, BACK)
    script.answers += [quiet(script, 480), *[GONE] * 3, BACK]
    assert [type(event) for event in script.watch()] == [Unreachable, Reachable] * 2
    assert script.rested == [1, 2, 4, 1, 2]


def test_what_has_happened_meanwhile_is_told() -> None:
    news = PingResponse(status=2, folders=["inbox"])
    script = Watched(REFUSED, REFUSED, REFUSED, news, news)
    assert script.watch() == [Unreachable(REFUSED), Reachable(3), Changed((INBOX,))]
    assert script.heartbeats[-2:] == [480, 480]


def test_a_folder_that_could_not_be_synchronised_is_told_again() -> None:
    script = Watched(REFUSED, REFUSED, BACK, folders=(INBOX, PROJECT))
    script.key(PROJECT, "0")
    assert script.watch("inbox", "project") == [
        Changed((PROJECT,)), Unreachable(REFUSED), Reachable(1), Changed((PROJECT,)),
    ]  # fmt: skip


def test_a_server_that_is_lost_from_the_beginning_is_waited_for() -> None:
    script = Watched()
    script.answers[:0] = [REFUSED, REFUSED, Canned(b"", 502), *[GONE] * 3]
    assert script.watch() == [Unreachable(REFUSED), Reachable(7)]
    assert script.commands == ["FolderSync"] * 7 + ["Ping"]
    assert script.heartbeats == [480]


def test_a_server_that_is_lost_while_folders_are_asked_for_is_waited_for() -> None:
    script = Watched(PingResponse(status=7), REFUSED, REFUSED, PingResponse(status=7), PingResponse(status=7))
    script.answers += [FolderSyncResponse(status=1, sync_key="h2", changes=FolderChanges(changes=[FOLDER]))]
    events = script.watch()
    assert [type(event) for event in events] == [Unreachable, Reachable, HierarchyChanged]


def test_a_busy_server_is_left_alone_as_long_as_it_wants() -> None:
    script = Watched(*[Canned(b"", 503, {"retry-after": "90", "x-ms-asthrottle": "RecentCommands"})] * 2, BACK)
    unreachable, reachable = script.watch()
    assert isinstance(unreachable.error, errors.ServerBusyError) and unreachable.error.throttle == "RecentCommands"
    assert script.rested == [90, 90] and reachable == Reachable(180)
    assert [held.seconds for held in script.held] == [90, 90] and script.slept == []
    script = Watched(Canned(b"", 503), BACK)
    script.watch()
    assert script.rested == [2], "a few seconds, where it says nothing"
    script = Watched(Canned(b"", 503, {"retry-after": "3600000"}), BACK)
    script.watch()
    assert script.rested == [3600], "which it has meant in milliseconds"


def test_pauses_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Watched(*[REFUSED] * 3, BACK)
    drawn = session()
    monkeypatch.setattr(drawn, "jittered", lambda seconds: later(seconds * 1.2))
    with pytest.raises(AssertionError, match="nobody expected"):
        script.run(flows.watch(drawn, ["inbox"]))
    assert script.rested == [1.2, 2.4]


def later(seconds: float) -> Flow[float]:
    return seconds
    yield


def test_patience_ends() -> None:
    script = Watched(*[REFUSED] * 6)
    with pytest.raises(errors.ConnectError):
        script.run(watch(patience=10))
    assert script.rested == [1, 2, 4, 3], "the last time when it is over"
    script = Watched(Canned(b"", 503, {"retry-after": "90"}))
    with pytest.raises(errors.ServerBusyError):
        script.run(watch(patience=60))
    assert script.rested == [] and [type(event) for event in script.pages] == [Unreachable]
    script = Watched()
    script.answers[:0] = [REFUSED] * 3
    with pytest.raises(errors.ConnectError):
        script.run(watch(patience=1))
    assert script.rested == [1]


def test_patience_is_for_each_outage() -> None:
    script = Watched(*[REFUSED] * 5, BACK)
    script.answers += [quiet(script, 480), *[REFUSED] * 5, BACK]
    script.watch(patience=8)
    assert script.rested == [1, 2, 4, 1] * 2


def test_the_loop_ends_in_an_outage_too() -> None:
    script = Watched(*[REFUSED] * 4)
    script.run(watch(timeout=5))
    assert script.rested == [1, 2, 2] and len(script.pages) == 1


def test_what_cannot_pass_ends_an_outage() -> None:
    script = Watched(REFUSED, REFUSED, Canned(b"", 401))
    with pytest.raises(errors.AuthenticationError):
        script.run(watch())
    assert [type(event) for event in script.pages] == [Unreachable]


def test_a_server_that_answers_no_long_pings_is_asked_ever_more_rarely() -> None:
    script = Watched(GONE, *[GONE, BACK] * 10)
    assert [type(event) for event in script.watch()] == [Unreachable, Reachable] * 10
    assert script.rested == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert script.heartbeats == [480, *[480, 1] * 10, 480]
    script = Watched(GONE, *[GONE, BACK] * 4, GONE)
    with pytest.raises(errors.ConnectionLostError):
        script.run(watch(patience=60))


def test_an_outage_says_nothing_about_the_way() -> None:
    script = Watched(heartbeat=900)
    script.answers += [script.after(300, GONE), REFUSED, REFUSED, REFUSED, BACK, quiet(script, 900)]
    script.watch()
    assert script.heartbeats == [900, 450, 450, 1, 1, 900, 1125]
    script = Watched(heartbeat=900)
    script.answers += [script.after(60, Canned(b"", 504)) for _ in range(7)] + [BACK]
    script.watch()
    assert script.heartbeats == [900, 450, 225, 112, 60, 60, 1, 1, 900]


def test_a_lost_server_is_asked_after_other_calls() -> None:
    script = Watched(REFUSED, REFUSED, GaveWay(), GaveWay(), REFUSED, BACK)
    script.watch()
    assert script.rested == [1, 1, 2, 2]
    assert script.heartbeats == [480, 480, 1, 1, 1, 1, 480]


def test_a_watch_lasts_so_long_and_no_longer() -> None:
    script = Watched()
    news = PingResponse(status=2, folders=["inbox"])
    script.answers += [script.after(30, news)] * 2 + [script.after(40, errors.TimedOutError("nothing came"))]
    script.run(watch(timeout=50, duration=100))
    assert len(script.pages) == 2 and script.heartbeats == [60, 60, 60]
    assert [request.timeout for request in script.requests[1:]] == [50, 50, 40]


@pytest.mark.spec("MS-ASCMD_R4263", "MS-ASCMD_R4242", "MS-ASCMD_R4245", "MS-ASCMD_R4794")
@pytest.mark.parametrize("code", [3, 4, 8, 99, 111])
def test_a_status_that_may_pass_is_tried_again(code: int) -> None:
    script = Watched(*[PingResponse(status=code)] * 2)
    script.watch()
    assert script.heartbeats == [480] * 3 and script.rested == [1]
    assert all(script.sent(number).find("Ping:Folders") is not None for number in (1, 2, 3)), "all is said again"
    script = Watched(*[PingResponse(status=code)] * 6)
    with pytest.raises(errors.UnknownStatusError if code == 99 else errors.StatusError) as caught:
        script.run(watch())
    assert (caught.value.command, caught.value.status) == ("Ping", code)


@pytest.mark.spec("MS-ASCMD_R4250", "MS-ASCMD_R4251")
def test_the_servers_limits_of_the_heartbeat_are_kept_to() -> None:
    script = Watched(PingResponse(status=5, heartbeat_interval=120))
    script.answers += [quiet(script, 120)]
    script.watch()
    assert script.heartbeats == [480, 120, 120], "it is the longest"
    script = Watched(PingResponse(status=5, heartbeat_interval=900))
    script.answers += [quiet(script, 900), script.after(100, errors.ConnectionLostError("gone"))]
    script.watch(heartbeat=(1, 600))
    assert script.heartbeats == [480, 900, 900, 900], "it is the shortest, whatever the caller wants"
    script = Watched(*[PingResponse(status=5, heartbeat_interval=limit) for limit in (120, 900) * 3])
    with pytest.raises(errors.StatusError, match="status 5"):
        script.run(watch())
    script = Watched(*[PingResponse(status=5, heartbeat_interval=480)] * 6)
    with pytest.raises(errors.StatusError, match="status 5"):
        script.run(watch())


@pytest.mark.spec("MS-ASCMD_R4255")
def test_folders_beyond_the_servers_limit_are_told() -> None:
    folders = (PROJECT, CONTACTS, INBOX)
    script = Watched(PingResponse(status=6, max_folders=2), folders=folders)
    script.answers += [quiet(script, 480)]
    assert script.watch("inbox", "people", "project") == [Unwatched((PROJECT,), 2)]
    assert [len(script.sent(number).findall("Ping:Folders/Ping:Folder")) for number in (1, 2, 3)] == [3, 2, 2]
    script = Watched(*[PingResponse(status=6, max_folders=0)] * 6)
    with pytest.raises(errors.StatusError, match="status 6"):
        script.run(watch())


def test_where_none_are_named_the_standard_folders_come_first() -> None:
    drafts = Folder("drafts", "0", "Drafts", FolderType.DRAFTS)
    diary = Folder("diary", "0", "Diary", FolderType.JOURNAL)
    sent_items = Folder("sent", "0", "Sent", FolderType.SENT_ITEMS)
    script = Watched(folders=(sent_items, PROJECT, CONTACTS, drafts, diary, INBOX))
    with pytest.raises(AssertionError, match="nobody expected"):
        script.run(flows.watch(session(), []))
    watched = [(one.findtext("Ping:Id"), one.findtext("Ping:Class")) for one in script.sent(1).iter("Ping:Folder")]
    assert watched == [("people", "Contacts"), ("inbox", "Email"), ("project", "Email"), ("sent", "Email")]


@pytest.mark.spec("MS-ASCMD_R4258", "MS-ASCMD_R4259")
def test_folders_that_have_changed_are_asked_for() -> None:
    script = Watched(
        PingResponse(status=7), FolderSyncResponse(status=1, sync_key="h2", changes=FolderChanges(changes=[FOLDER]))
    )
    assert script.watch() == [HierarchyChanged(Hierarchy("h2", [INBOX, PROJECT]))]
    assert script.commands == ["FolderSync", "Ping", "FolderSync", "Ping"]
    script = Watched(*[PingResponse(status=7), FolderSyncResponse(status=1, sync_key="h1")] * 6)
    with pytest.raises(errors.StatusError, match="status 7"):
        script.run(watch())


def test_folders_that_another_call_has_asked_for_are_told_too() -> None:
    script = Watched()

    def other(request: Request) -> Answer:
        script.store["folders"] = Hierarchy("h2", [INBOX, PROJECT]).to_json()
        return GaveWay()

    script.answers += [other]
    assert script.watch() == [HierarchyChanged(Hierarchy("h2", [INBOX, PROJECT]))]


def test_the_same_news_again_and_again_are_told_with_pauses() -> None:
    script = Watched(*[PingResponse(status=2, folders=["inbox"])] * 8)
    assert script.watch() == [Changed((INBOX,))] * 8
    assert script.rested == [1, 1, 2, 4, 8, 16, 32, 60]


def test_a_key_that_moves_though_nothing_is_new_is_no_busy_loop() -> None:
    script = Watched(*[PingResponse(status=2, folders=["inbox"])] * 8)

    def synchronised(page: Any) -> bool:
        script.key(INBOX, str(len(script.pages)))
        return True

    script.commit = synchronised
    script.watch()
    assert script.rested == [1] * 8


def test_news_after_a_while_are_told_without_a_pause() -> None:
    script = Watched()
    script.answers += [script.after(30, PingResponse(status=2, folders=["inbox"]))] * 3
    script.answers += [script.after(30, PingResponse(status=2, folders=["who"]))]
    assert script.watch() == [Changed((INBOX,))] * 4, "any folder, where none is known"
    assert script.rested == []


def test_a_ping_that_gave_way_waits_a_little() -> None:
    script = Watched(*[GaveWay()] * 6)
    script.answers += [script.after(20, GaveWay())]
    script.watch()
    assert script.rested == [1, 2, 4, 8, 16, 16, 1]
    assert set(script.heartbeats) == {480}, "which says nothing about the way"


def test_a_ping_carries_no_policy_key_and_provisions_where_it_must() -> None:
    script = Watched(Canned(b"", 449), Canned(b"", 403))
    with pytest.raises(errors.ForbiddenError):
        script.run(watch())
    assert script.commands == ["FolderSync", "Ping", "Provision"]
    assert "X-MS-PolicyKey" not in script.requests[1].headers


def test_the_time_without_an_event_ends_the_loop() -> None:
    script = Watched()
    script.answers += [script.after(100, errors.TimedOutError("nothing came"))]
    script.run(watch(timeout=100))
    assert script.heartbeats == [100] and script.requests[1].timeout == 100
    assert "heartbeat" not in script.store
    script = Watched(*[PingResponse(status=1)] * 3)
    script.run(watch(timeout=5))
    assert script.rested == [1, 2, 2]


@pytest.mark.spec("MS-ASCMD_R323", "MS-ASCMD_R3173", "MS-ASCMD_R914", "MS-ASCMD_R3176", "MS-ASCMD_R5635")
def test_what_a_ping_must_keep_to() -> None:
    assert broken(Ping()) == ["MS-ASCMD_R323"]
    assert broken(ping(60)) == broken(ping(None)) == broken(Ping(heartbeat_interval=60)) == []
    assert broken(ping(60, "1", "1")) == ["MS-ASCMD_R6699"]
    assert broken(ping(60, "")) == ["MS-ASCMD_R3173"]
    assert broken(Ping(folders=[PingFolder(collection_id="1")])) == ["MS-ASCMD_R914"]
    assert broken(ping(60, "1" * 64)) == []
    assert broken(ping(60, "1" * 65)) == ["MS-ASCMD_R3176"]


@pytest.mark.spec("MS-ASCMD_R916", "MS-ASCMD_R6277", "MS-ASCMD_R6282", "MS-ASCMD_R6283")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_the_classes_that_a_ping_knows(version: str) -> None:
    for cls in ("Email", "Calendar", "Contacts", "Tasks"):
        assert broken(ping(60, "1", cls=cls), version) == []
    assert broken(ping(60, "1", cls="Notes"), version) == (["MS-ASCMD_R6282"] if version == "12.1" else [])
    assert broken(ping(60, "1", cls="SMS"), version) == ["MS-ASCMD_R6277"]
