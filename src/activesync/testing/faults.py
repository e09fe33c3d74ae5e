"""Faults: what may go wrong between a client and a server, to be put into ``server.faults``.

    server.faults.append(faults.dropped(after=True, command="Sync"))    # the next Sync is carried out, its answer lost

A fault is a Fault around a function that gets the request, and a CarryOut, which carries it out and returns the Answer:
it calls that, or does not, and returns what the client gets. The first fault that fits a request acts; the others wait:
so those that last, with ``times`` None, go behind those that do not.
"""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from xml.etree.ElementTree import Element

import wbxml
from wbxml import AirSync, FolderHierarchy, Settings

from ..commands import COMMANDS, SyncResponse
from ..state import FIRST_KEY
from .request import Answer, Request

if TYPE_CHECKING:
    from .device import Device, Step
    from .mailbox import Mailbox


class CarryOut(Protocol):
    """Carries the request out when it is called, and returns the Answer.

    ``mailbox`` is that of the request's user, ``device`` what the server remembers of who asks: None where it has not
    come yet. Use either under ``mailbox.lock``.
    """

    def __call__(self) -> Answer: ...

    @property
    def mailbox(self) -> Mailbox: ...

    @property
    def device(self) -> Device | None: ...


#: A document of which a text is to follow: the header, AirSync:Sync, AirSync:Status, and STR_I.
BEGUN = b"\x03\x01\x6a\x00\x45\x4e\x03"

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

    def passed(self) -> None:
        """Takes the last hit back: there was nothing to act on, so the request does not count."""
        self.hits -= 1


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


def delayed(seconds: float, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """An answer that is made at once, and comes after so many seconds of silence, or when the server is stopped."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        answer.delay = seconds
        return answer

    return Fault(act, command, times, skip)


def stalled(seconds: float, at: int = 0, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """An answer that falls silent after its head and ``at`` bytes of its body, for so many seconds or until stop()."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        answer.stall, answer.stall_at = seconds, at
        return answer

    return Fault(act, command, times, skip)


def damaged_gzip(
    damage: Literal["flipped", "cut", "behind", "checksum"],
    *,
    command: str | None = None,
    times: int | None = 1,
    skip: int = 0,
) -> Fault:
    """A body in gzip with a byte "flipped", "cut" to its half, with something "behind" it, or with a wrong "checksum".

    An answer without a body goes out as it is, and does not count.
    """

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        if not answer.body:
            made.passed()
            return answer
        # A flipped byte lies in a block that is not compressed: so the checksum alone can tell it.
        packed = bytearray(gzip.compress(answer.body, 0 if damage == "flipped" else 6))
        if damage == "flipped":
            packed[len(packed) // 2] ^= 1
        elif damage == "cut":
            del packed[len(packed) // 2 :]
        elif damage == "behind":
            packed += b"\r\nand more"
        else:
            packed[-8] ^= 1  # RFC 1952, 2.3: CRC32 and size, of four bytes each
        answer.body = bytes(packed)
        answer.headers["Content-Encoding"] = "gzip"
        return answer

    made = Fault(act, command, times, skip)
    return made


def endless(size: int = 10 << 30, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """A document of ``size`` bytes, ten gigabytes, all but the first in one text. It is made while it is sent."""

    def pieces() -> Iterator[bytes]:
        yield BEGUN
        piece = b"1" * (1 << 16)
        for start in range(0, size, len(piece)):
            yield piece[: size - start]

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = _document(b"")
        answer.pieces = pieces()
        return answer

    return Fault(act, command, times, skip)


def clock(by: timedelta, *, command: str | None = None, times: int | None = 1, skip: int = 0) -> Fault:
    """The server's clock jumps ``by`` so much, forth or back, before a request is carried out, and goes on from there.

    It is that of the mailbox, ``Mailbox.now``, by which the header Date, DtStamp, LastModifiedDate, the time at which a
    mail comes in and the filters go.
    """

    def act(request: Request, carry_out: CarryOut) -> Answer:
        with carry_out.mailbox.lock:
            before = carry_out.mailbox.now
            carry_out.mailbox.now = lambda: before() + by
        return carry_out()

    return Fault(act, command, times, skip)


# Of Sync alone


def forgotten(*, times: int | None = 1, skip: int = 0) -> Fault:
    """The server forgets how far the device has got in the folders of a Sync, and answers it: Status 3 in each.

    A Sync that has first keys alone does not count.
    """

    def act(request: Request, carry_out: CarryOut) -> Answer:
        with carry_out.mailbox.lock:
            known = carry_out.device.collections if carry_out.device else {}
            gone = [name for name, key in _keys(request).items() if key != FIRST_KEY and name in known]
            for name in gone:
                del known[name]
        if not gone:
            made.passed()
        return carry_out()

    made = Fault(act, "Sync", times, skip)
    return made


def empty_page(*, times: int | None = 1, skip: int = 0) -> Fault:
    """MoreAvailable and a new key without any item: what was due comes under that key. Only where items were due."""
    return _other_page(lambda earlier: [], times, skip)


def repeated_page(*, times: int | None = 1, skip: int = 0) -> Fault:
    """The items of the page before once more, under a new key; what was due comes under that. Only where both were."""
    return _other_page(lambda earlier: earlier, times, skip, earlier_needed=True)


def poison(*server_ids: str, body: bool = False, times: int | None = None, skip: int = 0) -> Fault:
    """HTTP 500 in place of each Sync answer that would have one of these items in it, for as long as it is there.

    What the Sync itself has sent was carried out. An answer without them goes out as it is, and does not count; with
    ``body``, one that has nothing of their bodies does, too.
    """

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        found = _data(answer, server_ids)[1]
        if body:
            found = [data for data in found if data.findtext(f"{_BODY}Body/{_BODY}Data")]
        if found:
            _undo(request, carry_out)
            return Answer(500, b"the server has failed", {"Content-Type": "text/plain; charset=utf-8"})
        made.passed()
        return answer

    made = Fault(act, "Sync", times, skip)
    return made


def undecodable(*server_ids: str, times: int | None = None, skip: int = 0) -> Fault:
    """These items have a text that is no UTF-8, wherever a Sync brings them; all else in its answer is right."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        root, found = _data(answer, server_ids)
        if not found:
            made.passed()
            return answer
        mark = secrets.token_hex(16)
        for data in found:
            next((one for one in data.iter() if isinstance(one.text, str)), data).text = mark
        answer.body = wbxml.encode(root).replace(mark.encode(), b"\xff" * len(mark))
        return answer

    made = Fault(act, "Sync", times, skip)
    return made


def _document(body: bytes) -> Answer:
    return Answer(200, body, {"Content-Type": "application/vnd.ms-sync.wbxml"})


_COLLECTION = f"{AirSync.Collections}/{AirSync.Collection}"
_BODY = "{AirSyncBase}"
_SYNC = "{AirSync}"


def _keys(request: Request) -> dict[str, str]:
    """The key of each folder in a Sync, by CollectionId; none for a request that is empty or no document."""
    try:
        root = wbxml.decode(request.body).root
    except wbxml.DecodeError:
        return {}
    return {
        one.findtext(AirSync.CollectionId, ""): one.findtext(AirSync.SyncKey, "") for one in root.findall(_COLLECTION)
    }


def _data(answer: Answer, server_ids: Sequence[str]) -> tuple[Element, list[Element]]:
    """The document of a Sync answer, and what it brings of these items. Without a document: none, and nothing."""
    if answer.status != 200 or not answer.body:
        return Element("none"), []
    root = wbxml.to_etree(answer.body)
    items = [item for item in root.iter() if item.findtext(f"{_SYNC}ServerId") in server_ids]
    return root, [data for item in items if (data := item.find(f"{_SYNC}ApplicationData")) is not None]


def _undo(request: Request, carry_out: CarryOut) -> None:
    """Takes back the answer to this Sync, which was never made; what the device has changed by it stays changed."""
    with carry_out.mailbox.lock:
        known = carry_out.device.collections if carry_out.device else {}
        for name in _keys(request):
            relation = known.get(name)
            if relation is not None and relation.step is not None:
                relation.own, relation.added, relation.step = relation.step.own, relation.step.added, None


def _other_page(
    page: Callable[[list[Any]], list[Any]], times: int | None, skip: int, *, earlier_needed: bool = False
) -> Fault:
    """A Sync answer with other items than are due, made of those of the page before; the due ones stay due."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        with carry_out.mailbox.lock:
            steps = _steps(carry_out)
            earlier = {
                name: list(steps[name].response.commands)
                for name, key in _keys(request).items()
                if name in steps and steps[name].key == key
            }
            answer = carry_out()
            if answer.status != 200 or not answer.body:
                made.passed()
                return answer
            response = wbxml.decode(answer.body, type=SyncResponse)
            changed = False
            for place, told in enumerate(response.collections):
                step = _steps(carry_out).get(told.collection_id or "")
                before = earlier.get(told.collection_id or "", [])
                if step is None or step.key != told.sync_key or not step.response.commands:
                    continue
                if earlier_needed and not before:
                    continue
                changed = True
                for one in step.response.commands:
                    step.delta.pop(one.server_id, None)
                # The step is changed as well: where this answer is lost, the same comes again.
                step.response.commands, step.response.more_available = page(before), True
                step.queue, step.position = None, 0
                response.collections[place] = step.response
            if changed:
                answer.body = wbxml.encode(response, version=request.version)
            else:
                made.passed()
            return answer

    made = Fault(act, "Sync", times, skip)
    return made


def _steps(carry_out: CarryOut) -> dict[str, Step]:
    """The last step of the device in each folder."""
    known = carry_out.device.collections if carry_out.device else {}
    return {name: relation.step for name, relation in known.items() if relation.step is not None}
