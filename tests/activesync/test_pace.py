"""Limits: how much is under way, in which order, who waits for a busy server; and what cancelling leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import pytest

from activesync import (
    Add,
    AsyncClient,
    Client,
    EarlierChangesError,
    FolderType,
    Limits,
    Note,
    UsageError,
    errors,
)
from activesync.effects import Hold, Request
from activesync.session import LONGEST_PAUSE
from activesync.testing import EASServer, Mailbox, faults, sample_mailbox
from activesync.transport import AiohttpTransport, AsyncAnswer

from .clients import Open
from .script import Canned, Script, session

MAILS = 12


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", "secret", mails=MAILS, contacts=0, events=0, tasks=0, notes=0)
    with EASServer(mailbox, Mailbox("bob", "secret")) as running:
        yield running


def a_client(server: EASServer, user: str = "alice", **options: Any) -> AsyncClient:
    return AsyncClient(server.url, user, "secret", allow_http=True, **options)


def is_idle(limits: Limits) -> bool:
    """Whether nobody has a turn or waits for one, and nothing is remembered of those who had."""
    return not (limits.under_way or limits.waiting or limits._servers or limits._accounts)


class Crowd:
    """A fault that lets each request take a while, and counts how many are carried out at once."""

    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds
        self.most = self._now = 0
        self._lock = threading.Lock()

    def __call__(self, request: Any, carry_out: Callable[[], Any]) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self.seconds)
        with self._lock:
            self._now -= 1
        return carry_out()


# Turns


def test_no_more_are_under_way_than_may_be() -> None:
    limits = Limits(per_server=3, per_account=1)
    now: dict[str, int] = {}
    most: dict[str, int] = {}

    async def one(account: str) -> None:
        turn = await limits.enter_async("host", account)
        for name in ("host", account):
            now[name] = now.get(name, 0) + 1
            most[name] = max(most.get(name, 0), now[name])
        await asyncio.sleep(0.001)
        for name in ("host", account):
            now[name] -= 1
        turn.end()
        turn.end()

    async def main() -> None:
        await asyncio.gather(*[one(f"account {number % 7}") for number in range(70)])

    asyncio.run(main())
    assert most.pop("host") == 3
    assert set(most.values()) == {1}
    assert is_idle(limits)


def test_first_come_first_served_and_nobody_waits_for_another_account() -> None:
    limits = Limits(per_server=2, per_account=1)
    order: list[str] = []

    async def one(account: str, name: str) -> None:
        turn = await limits.enter_async("host", account)
        order.append(name)
        await asyncio.sleep(0.002)
        turn.end()

    async def main() -> None:
        names = ["a1", "a2", "a3", "b1", "b2", "c1"]
        await asyncio.gather(*[one(name[0], name) for name in names])

    asyncio.run(main())
    # b1 does not wait for a2, which waits for its account; within an account, and among those who can, order is kept.
    assert order == ["a1", "b1", "a2", "b2", "a3", "c1"]


def test_threads_and_event_loops_share_limits() -> None:
    limits = Limits(per_server=1)
    turn = limits.enter("host", "a")
    got: list[str] = []

    def thread() -> None:
        mine = limits.enter("host", "b")
        got.append("thread")
        mine.end()

    async def task() -> None:
        mine = await limits.enter_async("host", "c")
        got.append("task")
        mine.end()

    threads = [threading.Thread(target=thread), threading.Thread(target=lambda: asyncio.run(task()))]
    for number, one in enumerate(threads, 1):
        one.start()
        while limits.waiting < number:
            time.sleep(0.001)
    assert got == [] and repr(limits) == "<Limits: 1 under way, 2 waiting>"
    turn.end()
    for one in threads:
        one.join(5)
    assert got == ["thread", "task"]
    assert is_idle(limits)


def test_starts_are_spread_evenly() -> None:
    limits = Limits(per_second=20)
    starts: list[float] = []
    began = time.monotonic()

    async def one(number: int) -> None:
        turn = await limits.enter_async("host", f"account {number}")
        starts.append(time.monotonic())
        turn.end()

    async def main() -> None:
        await asyncio.gather(*[one(number) for number in range(6)])

    asyncio.run(main())
    # None comes before its time; where one is late, the next need not be.
    assert len(starts) == 6
    assert all(start - began >= 0.05 * number for number, start in enumerate(starts))


def test_one_that_is_cancelled_while_it_waits_leaves_the_queue() -> None:
    limits = Limits(per_server=1)

    async def main() -> None:
        turn = await limits.enter_async("host", "a")
        waiting = [asyncio.create_task(limits.enter_async("host", "b")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting[0]
        assert limits.waiting == 2
        # Given, and cancelled before it could know.
        turn.end()
        waiting[1].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            (await waiting[1]).end()
        (await waiting[2]).end()

    asyncio.run(main())
    assert is_idle(limits)


def test_a_ping_is_not_counted() -> None:
    limits = Limits(per_server=1, per_account=1)
    ping = limits.enter("host", "a", counted=False)
    limits.enter("host", "a").end()
    ping.end()
    assert is_idle(limits)


@pytest.mark.parametrize("wrong", [{"per_server": 0}, {"per_account": -1}, {"per_second": 0.0}])
def test_a_limit_that_lets_nothing_through_is_a_mistake(wrong: Any) -> None:
    with pytest.raises(UsageError):
        Limits(**wrong)


# Accounts that are held


def test_an_account_that_is_held_waits_and_others_do_not() -> None:
    limits = Limits(per_server=1)
    started = time.monotonic()
    limits.hold("a", 0.2, "CommandFrequency")
    limits.hold("a", 0.1)  # less than it is: nothing changes

    async def main() -> None:
        held = asyncio.create_task(limits.enter_async("host", "a"))
        await asyncio.sleep(0)
        (await limits.enter_async("host", "b")).end()
        assert time.monotonic() - started < 0.15
        (await held).end()

    asyncio.run(main())
    assert time.monotonic() - started >= 0.2
    limits.enter("host", "a").end()
    assert is_idle(limits)


def test_those_who_wait_already_are_held_too() -> None:
    limits = Limits(per_server=1)

    async def main() -> None:
        turn = await limits.enter_async("host", "b")
        waiting = asyncio.create_task(limits.enter_async("host", "a"))
        await asyncio.sleep(0)
        limits.hold("a", 0.1)
        turn.end()
        await asyncio.sleep(0.02)
        assert not waiting.done()
        (await waiting).end()

    asyncio.run(main())
    assert limits.under_way == limits.waiting == 0


def test_who_waits_for_a_turn_is_refused_when_the_server_asks_for_too_much() -> None:
    limits = Limits(per_server=1)

    async def main() -> None:
        turn = await limits.enter_async("host", "b")
        waiting = asyncio.create_task(limits.enter_async("host", "a"))
        await asyncio.sleep(0)
        limits.hold("a", LONGEST_PAUSE + 30, "RecentCommands")
        with pytest.raises(errors.ServerBusyError, match="RecentCommands") as caught:
            await waiting
        assert 89 < (caught.value.retry_after or 0) <= 90
        assert caught.value.throttle == "RecentCommands"
        turn.end()

    asyncio.run(main())
    assert limits.under_way == limits.waiting == 0


@pytest.mark.parametrize(
    ("headers", "held"),
    [
        ({"retry-after": "3"}, [Hold(3.0)]),
        ({"retry-after": "3", "x-ms-asthrottle": "RecentCommands"}, [Hold(3.0, "RecentCommands")]),
        ({"x-ms-asthrottle": "CommandFrequency"}, [Hold(2.0, "CommandFrequency")]),
        ({}, []),
        ({"retry-after": "nonsense"}, []),
    ],
)
def test_what_a_busy_server_says_holds_the_account(headers: dict[str, str], held: list[Hold]) -> None:
    script = Script(
        [Canned(status=503, headers=headers), Canned(headers={"ms-asprotocolversions": "14.1"})], spare=True
    )
    with contextlib.suppress(errors.ServerBusyError):
        script.run(session().options())
    assert script.held == held


def test_all_clients_of_an_account_wait_for_a_busy_server(server: EASServer) -> None:
    limits = Limits()

    async def main() -> None:
        refused = asyncio.Event()
        async with (
            a_client(server, limits=limits, on_exchange=lambda one: one.status == 503 and refused.set()) as one,
            a_client(server, limits=limits) as two,
            a_client(server, "bob", limits=limits) as bob,
        ):
            for eas in (one, two, bob):
                await eas.folders()
            server.faults.append(faults.busy("1", command="FolderSync"))
            started = time.monotonic()
            first = asyncio.create_task(one.folders())
            await refused.wait()
            before = len(server.requests)
            second = asyncio.create_task(two.folders())
            await bob.folders()
            assert time.monotonic() - started < 0.9
            assert len(server.requests) == before + 1
            await asyncio.gather(first, second)
            assert time.monotonic() - started >= 1
        assert limits.under_way == limits.waiting == 0

    asyncio.run(main())


def test_no_client_asks_a_server_again_that_wants_longer_than_a_session_waits(connect: Open, server: EASServer) -> None:
    limits = Limits()
    one, two = connect(limits=limits), connect(limits=limits)
    one.folders(), two.folders()
    headers = {"Retry-After": "500", "X-MS-ASThrottle": "RecentCommands"}
    server.faults.append(faults.http(503, headers, command="FolderSync"))
    with pytest.raises(errors.ServerBusyError):
        one.folders()
    before = len(server.requests)
    for eas in (one, two):
        with pytest.raises(errors.ServerBusyError, match="RecentCommands") as caught:
            eas.folders()
        assert 490 < (caught.value.retry_after or 0) <= 500
    assert len(server.requests) == before
    assert limits.under_way == limits.waiting == 0


# Clients


def test_many_clients_of_one_loop_keep_to_the_limits(server: EASServer) -> None:
    limits = Limits(per_server=3, per_account=2)
    crowd = Crowd()
    server.faults.append(faults.Fault(crowd, times=None))

    async def one(user: str, device: str) -> None:
        async with a_client(server, user, limits=limits, device=device) as eas:
            async for _ in eas.sync("inbox", window=5):
                pass

    async def main() -> None:
        await asyncio.gather(*[one(user, f"D{number}") for user in ("alice", "bob") for number in range(4)])

    asyncio.run(main())
    assert crowd.most == 3
    assert is_idle(limits)


def test_a_page_takes_no_turn(connect: Open) -> None:
    limits = Limits(per_server=1)
    one, two = connect(limits=limits), connect(limits=limits)
    for _ in one.sync("inbox", window=5):
        two.folders()
    assert is_idle(limits)


def test_a_request_that_fails_gives_its_turn_back(connect: Open, server: EASServer) -> None:
    limits = Limits(per_server=1)
    eas = connect(limits=limits)
    eas.folders()
    server.faults += [faults.dropped(after=True, command="FolderSync"), faults.cut(9, command="FolderSync")]
    eas.folders()
    server.faults[:] = [faults.html(500, times=None)]
    with pytest.raises(errors.HTTPError):
        eas.folders()
    server.stop()
    with pytest.raises(errors.TransportError):
        eas.folders()
    assert is_idle(limits)


def test_a_client_that_is_cancelled_in_the_queue_or_in_a_pause_can_go_on(server: EASServer) -> None:
    limits = Limits(per_server=1)

    async def main() -> None:
        async with a_client(server, limits=limits) as eas:
            await eas.folders()
            turn = await limits.enter_async(server.host, "somebody else")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(eas.folders(), 0.05)
            assert (limits.under_way, limits.waiting) == (1, 0)
            turn.end()
            limits.hold(eas.session.account, 0.2)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(eas.folders(), 0.05)
            server.faults.append(faults.busy("1", command="FolderSync"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(eas.folders(), 0.5)
            assert (limits.under_way, limits.waiting) == (0, 0)
            await eas.folders()

    asyncio.run(main())
    assert limits.under_way == limits.waiting == 0


def test_a_client_in_a_thread_waits_for_its_turn(server: EASServer) -> None:
    limits = Limits(per_server=1)
    crowd = Crowd()
    server.faults.append(faults.Fault(crowd, times=None))

    def one() -> None:
        with Client(server.url, "alice", "secret", allow_http=True, limits=limits) as eas:
            eas.folders()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert crowd.most == 1
    assert is_idle(limits)


# Cancelled at every await


class Points:
    """Counts awaits, and cancels the task at the ``target``-th."""

    def __init__(self, target: int | None = None) -> None:
        self.target = target
        self.count = 0

    async def __call__(self) -> None:
        self.count += 1
        if self.count == self.target:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        await asyncio.sleep(0)


class PointedAnswer:
    def __init__(self, answer: AsyncAnswer, point: Points) -> None:
        self._answer, self._point = answer, point
        self.head = answer.head

    async def read(self, size: int = 1 << 16) -> bytes:
        await self._point()
        chunk = await self._answer.read(min(size, 1500))
        await self._point()
        return chunk

    async def close(self) -> None:
        await self._answer.close()
        await self._point()


class PointedTransport:
    """AiohttpTransport with points before and after each call; small reads, so that there are many."""

    def __init__(self, point: Points) -> None:
        self.transport, self.point = AiohttpTransport(), point

    async def send(self, request: Request) -> AsyncAnswer:
        await self.point()
        answer = await self.transport.send(request)
        try:
            await self.point()
        except BaseException:
            await answer.close()
            raise
        return PointedAnswer(answer, self.point)

    async def close(self) -> None:
        await self.transport.close()


class PointedStore:
    """A store in memory whose every call has points before and after; ``rows`` are the caller's own."""

    def __init__(self) -> None:
        self.point = Points()
        self.values: dict[tuple[str, str], str] = {}
        self.rows: list[str] = []

    async def load(self, account: str, name: str) -> str | None:
        await self.point()
        value = self.values.get((account, name))
        await self.point()
        return value

    async def save(self, account: str, values: Mapping[str, str | None]) -> None:
        await self.point()
        for name, value in values.items():
            if value is None:
                self.values.pop((account, name), None)
            else:
                self.values[account, name] = value
        await self.point()

    async def names(self, account: str, prefix: str = "") -> list[str]:
        return sorted(name for owner, name in self.values if owner == account and name.startswith(prefix))

    @contextlib.asynccontextmanager
    async def transaction(self, account: str) -> AsyncIterator[list[str]]:
        await self.point()
        values, rows = dict(self.values), list(self.rows)
        try:
            yield self.rows
            await self.point()
        except BaseException:
            self.values, self.rows[:] = values, rows
            raise

    async def close(self) -> None:
        pass


async def _synchronised(eas: AsyncClient, rows: list[str]) -> None:
    async for page in eas.sync("inbox", window=5):
        async with page.transaction() as db:
            db += [change.server_id for change in page.changes if isinstance(change, Add)]


async def _streamed(eas: AsyncClient, rows: list[str]) -> None:
    async for page in eas.stream("inbox", window=5):
        async with page.transaction() as db:
            async for change in page.changes:
                if isinstance(change, Add):
                    db.append(change.server_id)


async def _cancelled_at(server: EASServer, target: int | None, job: Any) -> tuple[int, PointedStore]:
    """How many awaits the job had, and the store after it was cancelled at one of them and done again by each client:
    the one that was cancelled, and a new one.
    """
    store, limits, point = PointedStore(), Limits(per_server=1, per_account=1), Points(target)
    store.point = point
    transport = PointedTransport(point)
    async with a_client(server, limits=limits, store=store, transport=transport, device="D1") as eas:
        task = asyncio.create_task(job(eas, store.rows))
        try:
            await task
            assert target is None
        except asyncio.CancelledError:
            assert target is not None
        count = point.count
        assert is_idle(limits)
        assert eas.session.uncommitted == set()
        await _synchronised(eas, store.rows)
    await transport.close()
    async with a_client(server, limits=limits, store=store, device="D1") as other:
        await _synchronised(other, store.rows)
    assert is_idle(limits)
    return count, store


@pytest.mark.parametrize("job", [_synchronised, _streamed])
def test_a_sync_cancelled_at_any_await_loses_nothing_and_brings_nothing_twice(server: EASServer, job: Any) -> None:
    inbox = sorted(server.mailbox.items(FolderType.INBOX))
    assert len(inbox) == 10

    async def main() -> None:
        count, store = await _cancelled_at(server, None, job)
        assert sorted(store.rows) == inbox
        assert count > 40
        for target in range(1, count + 1):
            _, store = await _cancelled_at(server, target, job)
            assert sorted(store.rows) == inbox, f"cancelled at await {target} of {count}"

    asyncio.run(main())


def test_changes_cancelled_at_any_await_are_applied_once(server: EASServer) -> None:
    folder = FolderType.NOTES

    async def job(eas: AsyncClient, rows: list[str]) -> None:
        await eas.apply("notes", [Add(client_id="c1", item=Note(subject="once"))])

    async def main() -> None:
        count, _ = await _cancelled_at(server, None, job)
        for target in range(1, count + 1):
            for server_id in list(server.mailbox.items(folder)):
                server.mailbox.delete(server_id)
            _, store = await _cancelled_at(server, target, job)
            async with a_client(server, store=store, device="D1") as eas:
                # Where the request was kept, its result is told when the folder is used next; else it was never sent.
                try:
                    async for page in eas.sync("notes"):
                        await page.commit()
                except EarlierChangesError:
                    pytest.fail("a sync gives results as a page")
            assert len(server.mailbox.items(folder)) <= 1, f"cancelled at await {target} of {count}"
            pending = [value for (_, name), value in store.values.items() if name.startswith("collection/")]
            assert not any('"pending": "' in value for value in pending)

    asyncio.run(main())
