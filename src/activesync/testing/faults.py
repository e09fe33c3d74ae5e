"""Faults: what may go wrong between a client and a server, to be put into ``server.faults``.

    server.faults.append(faults.dropped(after=True, command="Sync"))    # the next Sync is carried out, its answer lost

A fault is a Fault around a function that gets the request, and a function that carries it out and returns the Answer:
it calls that, or does not, and returns what the client gets. The first fault that fits a request acts; the others wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import wbxml
from wbxml import FolderHierarchy, Settings

from ..commands import COMMANDS
from .request import Answer, Request

CarryOut: TypeAlias = Callable[[], Answer]
Act: TypeAlias = Callable[[Request, CarryOut], Answer]


@dataclass(slots=True)
class Fault:
    """Lets ``act`` have the next ``times`` requests of ``command`` after ``skip``. None is any command but "OPTIONS".

    ``times`` None lets it have all. ``hits`` counts them.
    """

    act: Act
    command: str | None = None
    times: int | None = 1
    skip: int = 0
    hits: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False, repr=False)

    def fits(self, request: Request) -> bool:
        """Whether this request is the fault's to act on; counts it if so."""
        if request.command != self.command if self.command else request.command == "OPTIONS":
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self._seen += 1
        if self._seen <= self.skip:
            return False
        self.hits += 1
        return True


def html(status: int = 200, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """A page for people, as a proxy or a login form sends it."""
    page = b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>"

    def act(request: Request, carry_out: CarryOut) -> Answer:
        return Answer(status, page, {"Content-Type": "text/html; charset=utf-8"})

    return Fault(act, command, times, skip)


def http(
    status: int,
    headers: dict[str, str] | None = None,
    *,
    body: bytes = b"",
    command: str | None = None,
    times: int | None = 1,
    skip: int = 0,
) -> Fault:
    """An HTTP status in place of the answer: 401, 403, 449, 451 with X-MS-Location, 503 with Retry-After …"""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        return Answer(status, body, dict(headers or {}))

    return Fault(act, command, times, skip)


def busy(retry_after: str | None = "1", *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """HTTP 503, with Retry-After or without."""
    return http(
        503, {} if retry_after is None else {"Retry-After": retry_after}, command=command, times=times, skip=skip
    )


def status(code: int, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """A document that has this Status alone, which no one may know."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        model = COMMANDS[request.command].response
        return _document(wbxml.encode(model(status=code)))

    return Fault(act, command, times, skip)


def start_over(
    versions: str = "12.1,14.0,14.1", *, command: str | None = None, times: int | None = 1, skip: int = 0
) -> Fault:
    """An answer that asks, by X-MS-RP, for everything to be synchronised anew in one of these versions."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        answer.headers |= {
            "X-MS-RP": versions,
            "MS-ASProtocolVersions": versions,
            # [MS-ASHTTP] sections 2.2.2.1.2.7 and 2.2.2.1.2.8.
            "MS-ASProtocolCommands": "Sync,FolderSync,GetItemEstimate,Search,Settings,Provision",
        }
        return answer

    return Fault(act, command, times, skip)


def other_document(*, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """The document of another command."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        writer = wbxml.Writer()
        page = (
            (Settings.Settings, Settings.Status)
            if request.command == "FolderSync"
            else (
                FolderHierarchy.FolderSync,
                FolderHierarchy.Status,
            )
        )
        writer.start(page[0])
        writer.start(page[1])
        writer.text("1")
        writer.end()
        writer.end()
        return _document(writer.finish())

    return Fault(act, command, times, skip)


def cut_off(at: int | None = None, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """An answer that is whole for HTTP, and whose document ends after ``at`` bytes, None: at half of it."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        answer.body = answer.body[: len(answer.body) // 2 if at is None else at]
        return answer

    return Fault(act, command, times, skip)


def dropped(*, after: bool, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """No answer: the connection ends before the request was carried out, or ``after`` it was."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        if after:
            carry_out()
        return Answer(dropped=True)

    return Fault(act, command, times, skip)


def cut(at: int, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """The connection ends after ``at`` bytes of the body, while the request was carried out."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        answer.cut = at
        return answer

    return Fault(act, command, times, skip)


def _document(body: bytes) -> Answer:
    return Answer(200, body, {"Content-Type": "application/vnd.ms-sync.wbxml"})
