"""What a client tells of its exchanges: to a function of the caller's, and to the log.

The log gets one line an exchange, at DEBUG, from the logger "activesync". It names the command, the status, bytes,
seconds and retries, and the account by a digest: neither a user's name nor a header, a query string or a body is in it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from .effects import Request
from .session import Session

_log = logging.getLogger("activesync")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One HTTP request and what came of it.

    ``account`` is the name under which the store keeps the account, "user@host"; ``command`` that of the request, or
    "OPTIONS"; ``version`` the protocol version that was spoken, "" before one is agreed on.

    ``status`` is the HTTP status, None where no answer came. ``error`` is the name of the error's class where the
    request or its answer was lost on its way, or the caller left ("CancelledError"); what is wrong with an answer that
    arrived whole is raised to the caller, and is not here.

    ``sent`` and ``received`` are the bytes of the bodies, the latter unpacked. ``items`` is how many changes of items
    came down in a Sync answer. ``resent`` says that the same bytes had gone out before and their answer was lost;
    ``retries`` how often this request had gone out just before, for whatever reason: a lost answer, a busy server, a
    redirection, another way to sign in.

    Seconds: ``queued`` for a turn, where the client has Limits; ``waiting`` from then until the head of the answer was
    there, connecting and sending included; ``reading`` for the body, while nothing else could be done. What the program
    did between two reads, decoding for instance, is in none of them.
    """

    account: str
    command: str
    version: str
    status: int | None
    error: str | None
    sent: int
    received: int
    items: int
    resent: bool
    retries: int
    queued: float
    waiting: float
    reading: float


OnExchange: TypeAlias = Callable[[Exchange], object]


@dataclass(slots=True)
class Measured:
    """An exchange that is under way, with the counts of the session as they were when it began."""

    request: Request
    command: str
    version: str
    queued: float
    resent: bool
    retries: int
    received: int
    items: int
    began: float
    status: int | None = None
    error: str | None = None
    waiting: float = 0.0
    reading: float = 0.0


class Place(Protocol):
    """Where an exchange is left that others come between."""

    measured: Measured | None


class Meter:
    """Measures the exchanges of a client, and reports each once it has ended.

    It ends when the flow goes on to something else, not with its last byte: only then its items were counted.
    """

    __slots__ = ("_before", "_hook", "_hook_failed", "_now", "_resent", "_session")

    def __init__(self, session: Session, hook: OnExchange | None) -> None:
        self._session = session
        self._hook = hook
        self._hook_failed = False
        self._now: Measured | None = None
        self._before: Measured | None = None  # the last one of this flow
        self._resent = 0  # how many the session had sent again when the last request went out

    def begin(self, request: Request, queued: float) -> None:
        """A request is about to be sent, after so many seconds in a queue; the one before was reported."""
        stats = self._session.stats
        resent, self._resent = stats.resent > self._resent, stats.resent
        if self._hook is None and not _log.isEnabledFor(logging.DEBUG):
            return
        command = request.command
        before = self._before
        # The session sends the very same object again.
        again = before is not None and before.command == command and before.request.body is request.body
        self._now = Measured(
            request,
            command,
            self._session.version,
            queued,
            resent,
            before.retries + 1 if before is not None and again else 0,
            stats.received,
            stats.items,
            time.perf_counter(),
        )

    def head(self, status: int) -> None:
        """The head of the answer has come."""
        if self._now is not None:
            self._now.status = status
            self._now.waiting = time.perf_counter() - self._now.began

    def read(self, seconds: float) -> None:
        """So many seconds were spent in waiting for bytes of the body."""
        if self._now is not None:
            self._now.reading += seconds

    def failed(self, error: BaseException) -> None:
        """The request, or the rest of its answer, is lost."""
        if self._now is not None:
            self._now.error = type(error).__name__
            if self._now.status is None:
                self._now.waiting = time.perf_counter() - self._now.began

    def park(self, place: Place) -> None:
        """Leaves the exchange that is under way there, to go on with later: others are measured first."""
        place.measured, self._now = self._now, None
        self._since(place.measured)

    def resumed(self, place: Place) -> None:
        """Goes on with the exchange that was left there."""
        self._now, place.measured = place.measured, None
        self._since(self._now)

    def _since(self, now: Measured | None) -> None:
        """Turns the counts of an exchange from what they were before it into what it has added, and back."""
        if now is not None:
            stats = self._session.stats
            now.received, now.items = stats.received - now.received, stats.items - now.items

    def rest(self) -> None:
        """The flow has ended: what is sent next is no retry."""
        self.report()
        self._before = None

    def report(self) -> None:
        """Tells of the exchange that was begun last, once."""
        now, self._now = self._now, None
        if now is None:
            return
        self._before = now
        stats = self._session.stats
        exchange = Exchange(
            account=self._session.account,
            command=now.command,
            version=now.version,
            status=now.status,
            error=now.error,
            sent=len(now.request.body),
            received=stats.received - now.received,
            items=stats.items - now.items,
            resent=now.resent,
            retries=now.retries,
            queued=now.queued,
            waiting=now.waiting,
            reading=now.reading,
        )
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s", _line(exchange, self._session.host))
        if self._hook is None:
            return
        try:
            self._hook(exchange)
        except Exception:  # noqa: BLE001 - whatever it raises, the synchronisation must go on
            if not self._hook_failed:
                self._hook_failed = True
                _log.exception("on_exchange has failed; it is called again, and this is not said again")


def _line(exchange: Exchange, host: str) -> str:
    """The exchange as a line of the log."""
    came = [] if exchange.status is None else [f"HTTP {exchange.status}"]
    came += [] if exchange.error is None else [exchange.error]
    digest = hashlib.sha256(exchange.account.encode("utf-8", "replace")).hexdigest()[:8]
    return (
        f"{exchange.command}: {' '.join(came)} after {exchange.waiting + exchange.reading:.3f} s,"
        f" {exchange.sent} bytes sent, {exchange.received} received, retries: {exchange.retries},"
        f" account {digest} at {host}"
    )


__all__ = ["Exchange", "Measured", "Meter", "OnExchange"]
