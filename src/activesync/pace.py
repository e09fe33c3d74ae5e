"""How much is asked of a server at once: Limits, which any number of clients share, in threads and event loops.

    limits = Limits(per_server=20, per_account=2)
    AsyncClient(url, user, password, limits=limits)

A request takes a turn before it is sent, and gives it back when its answer was read or dropped. Turns are given first
come, first served; one that has to wait for its account holds up no other account. A server that says for how long it
wants to be left alone, by HTTP 503 ([MS-ASHTTP] section 3.1.5.2.3), is left alone by all clients of that account.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from .errors import ServerBusyError, UsageError
from .session import LONGEST_HOLD, LONGEST_PAUSE

# A start that comes late by less than this, in seconds, does not make the next one late: timers are no better, and the
# rate would never be reached. Longer than that, the host was idle, and nothing is made up for.
_LATE: Final = 0.05


@dataclass(slots=True)
class _Server:
    """A host: the turns that wait for it, in the order in which they came, and how many have theirs.

    ``next_start`` is when the next request may begin, and ``timed`` the turn that looks again then.
    """

    waiting: dict[Turn, None] = field(default_factory=dict)
    under_way: int = 0
    next_start: float = 0.0
    timed: Turn | None = None


@dataclass(slots=True)
class _Account:
    """An account: its turns, those of them that were given, at which hosts; until when it is held, and why."""

    turns: int = 0
    under_way: int = 0
    servers: set[str] = field(default_factory=set)
    held_until: float = 0.0
    throttle: str | None = None


class Turn:
    """The right to have one request under way; until it is given, a place in the queue for it."""

    __slots__ = ("_limits", "account", "counted", "given", "over", "server", "wake")

    def __init__(self, limits: Limits, server: str, account: str, counted: bool, wake: Callable[[], object]) -> None:
        self._limits = limits
        self.server = server
        self.account = account
        self.counted = counted
        self.wake = wake
        self.given = self.over = False

    def end(self) -> None:
        """Gives the turn back, or leaves the queue. May be called again."""
        self._limits._end(self)


class Limits:
    """Limits that any number of clients share: of one account or of many, in any threads and event loops.

    ``per_server`` is how many requests may be under way at a host at once, ``per_account`` how many of one account, and
    ``per_second`` how many may be begun at a host in a second, evenly spread; None is no limit. A request counts from
    when it is sent until its answer was read or dropped, not while the caller has a page. A Ping, which a server
    answers only once something happens, waits for its account and is not counted. ``under_way`` and ``waiting`` say how
    many requests there are. Raises UsageError for a limit that lets nothing through.
    """

    def __init__(
        self, *, per_server: int | None = None, per_account: int | None = None, per_second: float | None = None
    ) -> None:
        for name, limit in (("per_server", per_server), ("per_account", per_account)):
            if limit is not None and limit < 1:
                raise UsageError(f"{name} must be 1 or more, not {limit}")
        if per_second is not None and not per_second > 0:
            raise UsageError(f"per_second must be more than 0, not {per_second}")
        self._per_server = per_server
        self._per_account = per_account
        self._between = 0.0 if per_second is None else 1 / per_second
        # Taken for a moment, never while something is waited for: so an event loop may take it, too.
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}
        self._accounts: dict[str, _Account] = {}

    def __repr__(self) -> str:
        return f"<Limits: {self.under_way} under way, {self.waiting} waiting>"

    @property
    def under_way(self) -> int:
        """How many requests are under way."""
        with self._lock:
            return sum(server.under_way for server in self._servers.values())

    @property
    def waiting(self) -> int:
        """How many requests wait for a turn."""
        with self._lock:
            return sum(len(server.waiting) for server in self._servers.values())

    def hold(self, account: str, seconds: float, throttle: str | None = None) -> None:
        """Keeps all clients of an account from sending for so many seconds, an hour at most.

        ``throttle`` is the server's reason, for those who ask meanwhile.
        """
        with self._lock:
            held = self._accounts.setdefault(account, _Account())
            until = time.monotonic() + min(seconds, LONGEST_HOLD)
            if until <= held.held_until:
                return
            held.held_until, held.throttle = until, throttle
            for name in held.servers:
                server = self._servers.get(name)
                for turn in server.waiting if server is not None else ():
                    if turn.account == account:
                        turn.wake()  # it has something else to wait for now

    def enter(self, server: str, account: str, *, counted: bool = True) -> Turn:
        """A turn, as soon as there is one. Raises ServerBusyError where the account is held for longer than a session
        waits by itself.
        """
        event = threading.Event()
        turn = self._join(Turn(self, server, account, counted, event.set))
        try:
            while (seconds := self._look(turn)) != 0:
                event.wait(seconds)
                event.clear()
        except BaseException:
            turn.end()
            raise
        return turn

    async def enter_async(self, server: str, account: str, *, counted: bool = True) -> Turn:
        """The same as enter(), awaited. Cancelling it leaves the queue."""
        import asyncio

        event = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # From any thread. In a loop that is closed nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

        turn = self._join(Turn(self, server, account, counted, wake))
        try:
            while (seconds := self._look(turn)) != 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await event.wait()
                event.clear()
        except BaseException:
            turn.end()
            raise
        return turn

    # The queue

    def _join(self, turn: Turn) -> Turn:
        with self._lock:
            account = self._accounts.setdefault(turn.account, _Account())
            account.turns += 1
            account.servers.add(turn.server)
            if turn.counted:
                self._servers.setdefault(turn.server, _Server()).waiting[turn] = None
        return turn

    def _look(self, turn: Turn) -> float | None:
        """0 where the turn is given; else in how many seconds to look again, None for when it is woken."""
        with self._lock:
            account = self._accounts[turn.account]
            now = time.monotonic()
            held = account.held_until - now
            if held > LONGEST_PAUSE:
                why = f"; it says {account.throttle}" if account.throttle else ""
                raise ServerBusyError(
                    f"{turn.server} was busy (HTTP 503) and is not asked again for {held:.0f} s{why}",
                    503, held, account.throttle,
                )  # fmt: skip
            if not turn.counted:
                return max(held, 0.0)
            if not turn.given:
                self._give(turn.server, now)
            if turn.given:
                return 0
            if held > 0:
                return held
            server = self._servers[turn.server]
            return max(server.next_start - now, 0.001) if server.timed is turn else None

    def _give(self, name: str, now: float) -> None:
        """Gives the turns of a host that can be given, in their order."""
        server = self._servers.get(name)
        if server is None:
            return
        given = []
        timed = None
        for turn in server.waiting:
            if self._per_server is not None and server.under_way >= self._per_server:
                break
            account = self._accounts[turn.account]
            if account.held_until > now:
                continue  # looks again by itself
            if self._per_account is not None and account.under_way >= self._per_account:
                continue
            if server.next_start > now:
                timed = turn
                break
            on_time = now - server.next_start < _LATE
            server.next_start = (server.next_start if on_time else now) + self._between
            server.under_way += 1
            account.under_way += 1
            turn.given = True
            given.append(turn)
        for turn in given:
            del server.waiting[turn]
            turn.wake()
        if timed is not None and timed is not server.timed:
            timed.wake()
        server.timed = timed

    def _end(self, turn: Turn) -> None:
        with self._lock:
            if turn.over:
                return
            turn.over = True
            now = time.monotonic()
            account = self._accounts[turn.account]
            account.turns -= 1
            if turn.counted:
                server = self._servers[turn.server]
                if turn.given:
                    account.under_way -= 1
                    server.under_way -= 1
                else:
                    del server.waiting[turn]
                for name in account.servers:
                    self._give(name, now)
                if not server.under_way and not server.waiting and server.next_start <= now:
                    del self._servers[turn.server]
            # Nothing is kept of who has nothing to do, however many come and go.
            if not account.turns and account.held_until <= now:
                del self._accounts[turn.account]


__all__ = ["Limits"]
