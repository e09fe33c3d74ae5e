"""Random schedules of faults: a mailbox that changes, a client that synchronises and changes it too, and dies at times.

Beside it stands what is right: the server's own mailbox, in which nothing happens unnoticed. After the last fault the
client's copy must be what the mailbox is, and each of the client's changes must have been done once, or never where it
was told that it was not.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest import mock

from activesync import Client, MemoryStore, errors
from activesync.commands import Add, Change, Delete, EASProvisionDoc, FolderType, SoftDelete
from activesync.flows import EarlierChangesError
from activesync.items import Contact, Email
from activesync.session import VERSIONS
from activesync.state import CollectionState, state_name
from activesync.testing import EASServer, Mailbox, faults
from activesync.testing.faults import Fault
from activesync.testing.request import Answer

from ..blocking import Blocking
from .within import AsyncWithin, Within

FOLDERS = (FolderType.INBOX, FolderType.CONTACTS)
_NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
_STEPS = 14


class Crash(BaseException):
    """The process ends here, at once."""


class Wrong(AssertionError):
    """Something was lost, came twice, or is not true."""


class FrailStore(MemoryStore):
    """A store whose process may end before or after any step of it."""

    def __init__(self) -> None:
        super().__init__()
        self.crash_in: int | None = None
        self.crash_after = False

    @contextmanager
    def _step(self) -> Iterator[None]:
        now = False
        if self.crash_in is not None:
            self.crash_in -= 1
            now = self.crash_in < 0
        if now:
            self.crash_in = None
        if now and not self.crash_after:
            raise Crash
        yield
        if now:
            raise Crash

    def save(self, account: str, values: Any) -> None:
        """See MemoryStore."""
        with self._step():
            super().save(account, values)


Shown = tuple[Any, ...]


def shown(item: Any, before: Shown | None = None) -> Shown:
    """What counts of an item. ``before`` is what an Email keeps of what a Change of it leaves out."""
    if isinstance(item, Contact):
        return (item.last_name, item.company_name)
    values = (item.subject, item.read, None if item.flag is None else (item.flag.status,))
    return tuple(old if new is None else new for old, new in zip(before or (None,) * 3, values, strict=True))


def compare(mailbox: Mailbox, kind: FolderType, copy: dict[str, Shown]) -> None:
    """Raises Wrong where the copy of a folder is not what the mailbox has."""

    def at_last(values: Shown) -> Shown:
        # A mail without a flag is as good as one whose flag was cleared.
        return (*values[:2], values[2] or (None,)) if kind is FolderType.INBOX else values

    right = {name: at_last(shown(item)) for name, item in mailbox.items(kind).items()}
    copy = {name: at_last(values) for name, values in copy.items()}
    if copy != right:
        lost, more = sorted(right.keys() - copy.keys()), sorted(copy.keys() - right.keys())
        other = [(name, copy[name], right[name]) for name in right if name in copy and copy[name] != right[name]]
        raise Wrong(f"{kind.name}: lost {lost}, too many {more}, wrong {other}")


@dataclass
class Intent:
    """A change that the client has sent, and what it was told of it: "open", "done", "refused" or "lost"."""

    change: Add | Change | Delete
    folder: str
    fate: str = "open"


@dataclass
class Told:
    """What a schedule went through."""

    requests: int = 0
    crashes: int = 0
    pages: int = 0
    resyncs: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


class Schedule:
    """One schedule, the same for the same seed."""

    def __init__(self, seed: int, *, asynchronous: bool) -> None:
        self.random = Random(seed)
        self.asynchronous = asynchronous
        self.told = Told()
        self.mailbox = Mailbox("alice", "secret")
        self.mailbox.now = lambda: _NOON
        self.server = EASServer(self.mailbox, host="localhost")
        self.version = self.random.choice(VERSIONS)
        if self.random.random() < 0.3:
            self.server.rules.policy = EASProvisionDoc()
        self.store = FrailStore()
        self.copy: dict[str, dict[str, Shown]] = self.store.rows
        self.intents: list[Intent] = []
        self.number = 0
        self.eas: Any = None
        self.ending: Any = None
        for _ in range(self.random.randrange(3, 30)):
            self.server_adds()
        self.ids = {kind: self.mailbox.folder(kind).server_id for kind in FOLDERS}

    # What happens

    def play(self) -> Told:
        """Plays it to its end. Raises Wrong."""
        steps: list[tuple[Callable[[], None], int]] = [
            (self.server_adds, 3), (self.server_changes, 3), (self.server_deletes, 2), (self.server_forgets, 1),
            (self.synchronise, 6), (self.change, 4), (self.leave_off, 1),
        ]  # fmt: skip
        with mock.patch.object(time, "sleep"), mock.patch.object(asyncio, "sleep", _no_time):
            for _ in range(_STEPS):
                (step,) = self.random.choices([step for step, _ in steps], [weight for _, weight in steps])
                self.break_something()
                self.guarded(step)
            self.server.faults.clear()
            self.store.crash_in = None
            # Twice: what became of a change of ours comes first, and then a folder may start over.
            for _ in range(2):
                for page in self.client().sync("inbox", "contacts"):
                    with page.transaction() as rows:
                        self.take(page, rows)
            self.end()
        self.check()
        self.told.requests = len(self.server.requests)
        return self.told

    def guarded(self, step: Callable[[], None]) -> None:
        """A step that may fail, and after which the process may be gone."""
        try:
            step()
        except Crash:
            self.told.crashes += 1
            if self.eas is None:
                self.eas = self.ending  # it died while it was closed
            self.end(clean=False)
        except errors.ActiveSyncError as error:
            self.told.errors[type(error).__name__] += 1

    def client(self) -> Any:
        """The client, opened where there is none."""
        if self.eas is None:
            kind: Any = Blocking if self.asynchronous else Client
            transport: Any = AsyncWithin if self.asynchronous else Within
            self.eas = kind(
                "http://localhost", "alice", "secret", store=self.store, allow_http=True, trust_redirects=True,
                transport=transport(self.server, self.random.choice([7, 500, 1 << 16])), versions=(self.version,),
            )  # fmt: skip
        return self.eas

    def end(self, *, clean: bool = True) -> None:
        """The process ends: in order, or at once."""
        if self.eas is None:
            return
        self.ending, self.eas = self.eas, None
        if not clean:
            # What its close() would do does not happen; the leases of a process that is gone are nobody's.
            self.ending.session.told.clear()
            self.ending._leases.held.clear()
            for name in self.store.names("alice@localhost", "lease/"):
                super(FrailStore, self.store).save("alice@localhost", {name: None})
        self.ending.close()

    # On the server

    def server_adds(self) -> None:
        """A mail or a contact is new."""
        self.number += 1
        if self.random.random() < 0.6:
            when = _NOON + timedelta(seconds=self.number)
            item: Any = Email(subject=f"mail {self.number}", date_received=when, read=False)
            self.mailbox.add(FolderType.INBOX, item)
        else:
            self.mailbox.add(FolderType.CONTACTS, Contact(last_name=f"name {self.number}", company_name="server"))

    def server_changes(self) -> None:
        """An item is another."""
        found = self.any_item()
        if found is not None:
            folder, name = found
            self.number += 1
            if folder is FolderType.CONTACTS:
                self.mailbox.change(name, company_name=f"company {self.number}")
            elif self.random.random() < 0.7:
                self.mailbox.change(name, read=not self.mailbox.item(name).read)  # type: ignore[union-attr]
            else:
                self.mailbox.change(name, subject=f"changed {self.number}")

    def server_deletes(self) -> None:
        """An item is gone."""
        found = self.any_item()
        if found is not None:
            self.mailbox.delete(found[1])

    def server_forgets(self) -> None:
        """The server knows the keys of a device no more."""
        for device in self.server.devices.values():
            device.collections.clear()

    def any_item(self) -> tuple[FolderType, str] | None:
        """One of the server's items."""
        kind = self.random.choice(FOLDERS)
        names = list(self.mailbox.folder(kind).items)
        return (kind, self.random.choice(names)) if names else None

    # What goes wrong

    def break_something(self) -> None:
        """Puts a fault or two in the way of what comes."""
        if self.random.random() < 0.45:
            for _ in range(self.random.choice([1, 1, 1, 2, 4])):
                name, made = self.random.choice(FAULTS)
                fault: Fault = made(self.random)
                fault.command = self.random.choice([None, "Sync", "Sync", "Sync", "FolderSync"])
                fault.skip = self.random.choice([0, 0, 1, 2, 3])
                self.server.faults.append(fault)
                self.told.faults[name] += 1
        if self.random.random() < 0.15:
            self.store.crash_in = self.random.randrange(0, 12)
            self.store.crash_after = self.random.random() < 0.5

    # In the client

    def synchronise(self) -> None:
        """Takes what is new into the copy."""
        folders = self.random.sample(FOLDERS, k=self.random.choice([1, 2, 2]))
        names = ["inbox" if kind is FolderType.INBOX else "contacts" for kind in folders]
        left = self.random.randrange(1, 4) if self.random.random() < 0.15 else None
        for number, page in enumerate(self.client().sync(*names, window=self.random.choice([1, 2, 5, 100]))):
            if left is not None and number >= left:
                return  # the last page was never taken
            self.told.pages += 1
            self.told.resyncs += page.resync
            how = self.random.random()
            with page.transaction() as rows:
                self.take(page, rows)
                if how < 0.03:
                    raise Crash
            if how > 0.97:
                raise Crash

    def take(self, page: Any, rows: dict[str, dict[str, Shown]]) -> None:
        """Takes one page in. Raises Wrong where it tells what cannot be."""
        folder = page.folder.collection_id
        copy = dict(rows.get(folder, {}))
        for result in page.results:
            self.settle(folder, result, copy)
        for change in page.changes:
            name = change.server_id
            if isinstance(change, (Delete, SoftDelete)):
                # A Delete of ours whose answer was lost comes back as the server's.
                copy.pop(name, None)
            elif isinstance(change, Add):
                if name in copy and name not in page.replaced:
                    raise Wrong(f"{name} came twice")
                if name not in copy and name in page.replaced:
                    raise Wrong(f"{name} replaces what was never there")
                copy[name] = shown(change.item)
            else:
                if name not in copy:
                    raise Wrong(f"{name} was changed and never came")
                copy[name] = shown(change.item, copy[name] if isinstance(change.item, Email) else None)
        rows[folder] = copy

    def change(self) -> None:
        """Changes something from the client's side."""
        folder = self.ids[FolderType.CONTACTS]
        known = list(self.copy.get(folder, {}))
        changes: list[Any] = []
        for _ in range(self.random.randrange(1, 4)):
            self.number += 1
            what = self.random.random()
            taken = {change.server_id for change in changes if not isinstance(change, Add)}
            free = [name for name in known if name not in taken]
            if what < 0.5 or not free:
                changes.append(Add(client_id=f"c{self.number}", item=Contact(last_name=f"own {self.number}")))
            elif what < 0.8:
                name = self.random.choice(free)
                item = Contact(last_name=f"own {self.number}", company_name="client")
                changes.append(Change(server_id=name, item=item))
            else:
                changes.append(Delete(server_id=self.random.choice(free)))
        mine = [Intent(change, folder) for change in changes]
        before = len(self.intents)
        self.intents += mine
        try:
            results = self.client().apply("contacts", changes)
        except EarlierChangesError as error:
            del self.intents[before:]
            rows = dict(self.copy.get(folder, {}))
            for result in error.results:
                self.settle(folder, result, rows)
            self.copy[folder] = rows
            return
        except errors.ActiveSyncError:
            if CollectionState.from_json(self.store.load("alice@localhost", state_name(folder))).pending is None:
                for intent in mine:
                    intent.fate = "refused"
            raise
        if self.random.random() < 0.1:
            raise Crash  # before anything was made of them
        rows = dict(self.copy.get(folder, {}))
        for result in results:
            self.settle(folder, result, rows)
        self.copy[folder] = rows

    def settle(self, folder: str, result: Any, copy: dict[str, Shown]) -> None:
        """What the client was told of a change of its own."""
        change = result.change
        for intent in self.intents:
            same = intent.change.server_id == change.server_id and type(intent.change) is type(change)
            if isinstance(change, Add):
                same = isinstance(intent.change, Add) and intent.change.client_id == change.client_id
            if same and intent.fate == "open" and intent.folder == folder:
                intent.fate = "done" if result.ok else "lost" if result.status == 0 else "refused"
        if not result.ok or result.server_id is None:
            return
        if isinstance(change, Delete):
            copy.pop(result.server_id, None)
        else:
            copy[result.server_id] = shown(change.item)

    def leave_off(self) -> None:
        """The program ends, as it should, and is started again later."""
        self.end()

    # What is right

    def check(self) -> None:
        """Raises Wrong where the copy is not what the mailbox is, or a change was done twice or not at all."""
        for kind, folder in self.ids.items():
            compare(self.mailbox, kind, self.copy.get(folder, {}))
        names = Counter(item.last_name for item in self.mailbox.items(FolderType.CONTACTS).values())  # type: ignore[union-attr]
        for name, count in names.items():
            if count > 1:
                raise Wrong(f"{name} was added {count} times")
        for intent in self.intents:
            item = intent.change.item if isinstance(intent.change, Add) else None
            if isinstance(item, Contact) and intent.fate in ("open", "refused") and names[item.last_name]:
                raise Wrong(f"{item.last_name} is there, and nobody told: {intent.fate}")


async def _no_time(seconds: float, result: Any = None) -> Any:
    return result


def _lost_after(status: int) -> Fault:
    """Carried out, and then an error of a proxy."""

    def act(request: Any, carry_out: Callable[[], Answer]) -> Answer:
        carry_out()
        return Answer(status)

    return Fault(act)


FAULTS: list[tuple[str, Callable[[Random], Fault]]] = [
    ("lost before", lambda random: faults.dropped(after=False)),
    ("lost after", lambda random: faults.dropped(after=True)),
    ("lost after", lambda random: faults.dropped(after=True, times=3)),
    ("cut", lambda random: faults.cut(random.randrange(0, 400))),
    ("cut off", lambda random: faults.cut_off(random.randrange(1, 400))),
    ("502 after", lambda random: _lost_after(502)),
    ("503 after", lambda random: _lost_after(503)),
    ("503", lambda random: faults.busy("1")),
    ("503 without Retry-After", lambda random: faults.busy(None)),
    ("500", lambda random: faults.http(500)),
    ("401", lambda random: faults.http(401)),
    ("449", lambda random: faults.http(449)),
    ("451", lambda random: faults.http(451, {"X-MS-Location": "http://localhost/Microsoft-Server-ActiveSync"})),
    ("142", lambda random: faults.status(142)),
    ("Status 3", lambda random: faults.status(3)),
    ("Status 5", lambda random: faults.status(5)),
    ("Status 12", lambda random: faults.status(12)),
    ("Status 16", lambda random: faults.status(16)),
    ("Status 110", lambda random: faults.status(110)),
    ("Status 111", lambda random: faults.status(111)),
    ("Status 132", lambda random: faults.status(132)),
    ("HTML", lambda random: faults.html()),
    ("another document", lambda random: faults.other_document()),
    ("X-MS-RP", lambda random: faults.start_over(",".join(VERSIONS))),
]


def play(seed: int, *, asynchronous: bool) -> Told:
    """Plays the schedule of this seed. Raises Wrong, with the seed."""
    try:
        return Schedule(seed, asynchronous=asynchronous).play()
    except Wrong as error:
        raise Wrong(f"seed {seed}, {'AsyncClient' if asynchronous else 'Client'}: {error}") from error


__all__ = ["FAULTS", "Schedule", "Told", "Wrong", "compare", "play", "shown"]
