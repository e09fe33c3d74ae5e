"""Random schedules of faults: a mailbox that changes, a client that synchronises and changes it too, and dies at times.

Beside it stands what is right: the server's own mailbox, in which nothing happens unnoticed. After the last fault the
client's folders must be those of the mailbox and its copy of each what that folder has, the store must keep nothing of
folders that are gone, and each of the client's changes must have been done once, or never where it was told that it was
not. Only results are looked at: which request asks for which folder is the client's own affair.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import Any
from unittest import mock

from activesync import Client, MemoryStore, errors
from activesync.commands import Add, Change, Delete, EASProvisionDoc, FilterType, FolderType, SoftDelete
from activesync.flows import EarlierChangesError
from activesync.hierarchy import ROOT, Hierarchy
from activesync.items import Note
from activesync.session import VERSIONS
from activesync.state import CollectionState, state_name
from activesync.testing import EASServer, Mailbox, faults
from activesync.testing.faults import Fault
from activesync.testing.mailbox import Folder
from activesync.testing.request import Answer

from ..blocking import Blocking
from .kinds import KINDS, NOON, UNREAD, Shown, alike, inside, kind_of, kind_of_item, marks_of, shown, with_instance
from .within import AsyncWithin, Within

_STEPS = 14
_FILTERS = (FilterType.ALL, FilterType.ONE_DAY, FilterType.TWO_WEEKS, FilterType.ONE_MONTH, FilterType.INCOMPLETE_TASKS)
EVENTS = frozenset(
    {
        *("applied", "meanwhile", "moved", "folder added", "folder removed", "folder removed under a change of ours"),
        *("folder created", "folder updated", "folder deleted", "two accounts at once"),
    }
)
"""What may happen besides faults, as Told.done counts it."""
# So many folders of the users' own there are at most, so that the last synchronisation stays short.
_MOST_FOLDERS = 3


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


def compare(
    mailbox: Mailbox, folder: FolderType | str, copy: dict[str, Shown], filter_type: FilterType | None = None
) -> None:
    """Raises Wrong where the copy of a folder is not what the mailbox has, as far as a filter lets it through."""
    place = mailbox.folder(folder)
    kind = kind_of(place.type)
    # A deleted item of any class lies among the deleted mails: it is not synchronised with them.
    items = {name: item for name, item in mailbox.items(place).items() if kind_of_item(item) is kind}
    right = {name: shown(item) for name, item in items.items() if inside(place.type, item, filter_type)}
    lost, more = sorted(right.keys() - copy.keys()), sorted(copy.keys() - right.keys())
    both = right.keys() & copy.keys()
    other = [(name, copy[name], right[name]) for name in sorted(both) if not alike(place.type, copy[name], right[name])]
    if lost or more or other:
        raise Wrong(f"{place.name}: lost {lost}, too many {more}, wrong {other}")


@dataclass
class Intent:
    """A change that the client has sent, and what it was told of it: "open", "done", "refused" or "lost"."""

    change: Add | Change | Delete
    folder: str
    fate: str = "open"

    def is_of(self, folder: str, change: Any) -> bool:
        """Whether this change of this folder, which may come out of the store, is the one that was meant."""
        mine: Any = self.change
        if self.folder != folder or type(mine) is not type(change) or mine.server_id != change.server_id:
            return False
        if isinstance(mine, Add):
            return bool(mine.client_id == change.client_id)
        if isinstance(mine, Change) and [*marks_of(mine.item)] != [*marks_of(change.item)]:
            return False
        return bool(mine.instance_id == change.instance_id)


@dataclass
class Told:
    """What a schedule went through; ``done`` counts what happened besides, by its name."""

    requests: int = 0
    crashes: int = 0
    pages: int = 0
    resyncs: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)


class Account:
    """A user with a mailbox, and his program, which keeps a copy of it."""

    def __init__(self, schedule: Schedule, mailbox: Mailbox) -> None:
        self.schedule = schedule
        self.random = schedule.random
        self.told = schedule.told
        self.store = schedule.store
        self.mailbox = mailbox
        mailbox.now = lambda: NOON
        self.name = f"{mailbox.user}@localhost"
        self.version = self.random.choice(VERSIONS)
        kinds = [kind for kind in KINDS if self.version >= kind.since]
        self.kinds = self.random.sample(kinds, k=self.random.choice([1, 1, 2, 2, 3]))
        self.types = {one for kind in self.kinds for one in (kind.standard, kind.user)}
        if self.random.random() < 0.2:
            self.types.add(FolderType.DELETED_ITEMS)
        self.intents: list[Intent] = []
        self.created: set[str] = set()
        self.ever: list[str] = []
        self.hierarchy = Hierarchy()
        self.busy: set[str] = set()  # the folders that the program was last at, whose trouble is the best
        self.eas: Any = None
        self.ending: Any = None
        for _ in range(self.random.choice([0, 1, 1, 2])):
            self.server_adds_folder()
        for _ in range(self.random.randrange(3, 24)):
            self.server_adds()

    # The program

    def client(self) -> Any:
        """The client, opened where there is none."""
        if self.eas is None:
            asynchronous = self.schedule.asynchronous
            kind: Any = Blocking if asynchronous else Client
            transport: Any = AsyncWithin if asynchronous else Within
            self.eas = kind(
                "http://localhost", self.mailbox.user, "secret", store=self.store, allow_http=True,
                trust_redirects=True, versions=(self.version,),
                transport=transport(self.schedule.server, self.random.choice([7, 500, 1 << 16])),
            )  # fmt: skip
        return self.eas

    def end(self) -> None:
        """The program ends, as it should, and is started again later."""
        if self.eas is not None:
            self.ending, self.eas = self.eas, None
            self.ending.close()
            self.ending = None

    def die(self) -> None:
        """The process ends at once, maybe while it was closing its client."""
        if self.eas is not None:
            self.ending, self.eas = self.eas, None
        if self.ending is not None:
            # What its close() would do does not happen; the leases of a process that is gone are nobody's.
            self.ending.session.told.clear()
            self.ending._leases.held.clear()
            for name in self.store.names(self.name, "lease/"):
                super(FrailStore, self.store).save(self.name, {name: None})
            self.ending.close()
            self.ending = None

    def rows_of(self, folder: str, rows: dict[Any, Any] | None = None) -> dict[str, Shown]:
        """The copy of a folder, to be put back with keep()."""
        return dict((self.store.rows if rows is None else rows).get((self.name, folder), {}))

    def keep(self, folder: str, copy: dict[str, Shown], rows: dict[Any, Any] | None = None) -> None:
        """Keeps the copy of a folder."""
        (self.store.rows if rows is None else rows)[self.name, folder] = copy

    # On the server

    def folders(self) -> list[Folder]:
        """The server's folders that are played with."""
        return [folder for folder in self.mailbox.folders.values() if folder.type in self.types]

    def own_folders(self) -> list[Folder]:
        """Those of them that can be renamed and deleted."""
        return [folder for folder in self.folders() if folder.type >= FolderType.USER_MAIL]

    def any_item(self) -> tuple[Folder, str] | None:
        """One of the server's items."""
        folder = self.random.choice(self.folders())
        names = list(folder.items)
        return (folder, self.random.choice(names)) if names else None

    def server_adds(self) -> None:
        """An item is new."""
        folder = self.random.choice(self.folders())
        item = kind_of(folder.type).made(self.random, self.schedule.next_number(), None)
        assert item is not None
        self.mailbox.add(folder, item)

    def server_changes(self) -> None:
        """An item is another."""
        if found := self.any_item():
            item: Any = self.mailbox.item(found[1])
            values = kind_of_item(item).changed(self.random, self.schedule.next_number(), item)
            self.mailbox.change(found[1], **values)

    def server_deletes(self) -> None:
        """An item is gone."""
        if found := self.any_item():
            self.mailbox.delete(found[1])

    def server_moves(self) -> None:
        """An item is in another folder."""
        if found := self.any_item():
            kind = kind_of_item(self.mailbox.item(found[1]))
            others = [one for one in self.folders() if kind_of(one.type) is kind and one is not found[0]]
            if others:
                self.mailbox.move(found[1], self.random.choice(others))
                self.told.done["moved"] += 1

    def server_forgets(self) -> None:
        """The server knows the keys of a device no more, at times not even that of its folders."""
        for device in self.schedule.server.devices.values():
            device.collections.clear()
            if self.random.random() < 0.3:
                device.hierarchy = None

    def server_adds_folder(self) -> None:
        """A folder is new, at times with items."""
        if len(self.own_folders()) < _MOST_FOLDERS:
            kind = self.random.choice(self.kinds)
            number = self.schedule.next_number()
            folder = self.mailbox.add_folder(f"folder {number}", kind.user, self.any_parent())
            self.ever.append(folder.server_id)
            for _ in range(self.random.choice([0, 1, 5])):
                item = kind.made(self.random, self.schedule.next_number(), None)
                assert item is not None
                self.mailbox.add(folder, item)
            self.told.done["folder added"] += 1

    def server_changes_folder(self) -> None:
        """A folder has another name, another place, or is gone with all that is in it."""
        own = self.own_folders()
        if not own:
            self.server_adds_folder()
            return
        busy = [folder for folder in own if folder.server_id in self.busy]
        folder = self.random.choice(busy if busy and self.random.random() < 0.7 else own)
        what = self.random.random()
        if what < 0.3:
            self.mailbox.rename_folder(folder, f"renamed {self.schedule.next_number()}")
        elif what < 0.6:
            self.mailbox.rename_folder(folder, folder.name, self.any_parent(folder))
        else:
            self.mailbox.remove_folder(folder)
            kept = CollectionState.from_json(self.store.load(self.name, state_name(folder.server_id)))
            pending = " under a change of ours" if kept.pending is not None else ""
            self.told.done[f"folder removed{pending}"] += 1

    def any_parent(self, moved: Folder | None = None) -> str:
        """Where a folder may lie: not within itself."""
        folders = self.mailbox.folders
        parent = self.random.choice([ROOT, ROOT, *(one.server_id for one in self.folders())])
        inside_of = parent
        while inside_of in folders:
            if moved is not None and inside_of == moved.server_id:
                return ROOT
            inside_of = folders[inside_of].parent_id
        return parent

    # In the client

    def synchronise(self) -> Iterator[None]:
        """Takes what is new into the copy, page by page."""
        wanted = self.some_folders()
        window = self.random.choice([1, 3, 5, 100])
        filter_type = self.random.choice(_FILTERS) if self.random.random() < 0.3 else None
        left = self.random.randrange(1, 4) if self.random.random() < 0.15 else None
        streams = self.random.random() < 0.4
        client = self.client()
        pages = (client.stream if streams else client.sync)(*wanted, window=window, filter_type=filter_type)
        with closing(pages):
            for number, page in enumerate(pages):
                if left is not None and number >= left:
                    return  # the last page was never taken
                self.told.pages += 1
                how = self.random.random()
                self.do_besides(0.04)
                early = []
                if streams and self.random.random() < 0.3:
                    # Some of it before the transaction, with whatever else may be done before the rest is taken.
                    early = list(islice(page.changes, self.random.randrange(1, 4)))
                    self.do_besides(0.2)
                    self.random.choice(self.meanwhile())()
                with page.transaction() as rows:
                    self.take(page, [*early, *page.changes], rows)
                    self.told.resyncs += page.resync
                    if how < 0.03:
                        raise Crash
                if how > 0.97:
                    raise Crash
                if self.random.random() < 0.2:
                    self.random.choice(self.meanwhile())()
                self.do_besides(0.04)
                yield

    def do_besides(self, chance: float) -> None:
        """Something else, at times, that the program does between two pages, or before it commits one."""
        if self.random.random() < chance:
            self.random.choice([self.change, self.change_folders, self.learn_folders, self.learn_folders])()

    def some_folders(self) -> list[Any]:
        """Folders to synchronise, by role, CollectionId or as they were when last asked for; none stands for all."""
        if self.random.random() < 0.03:
            return []
        folders = self.folders()
        chosen = self.random.sample(folders, k=min(len(folders), self.random.choice([1, 2, 2, 3])))
        self.busy = {one.server_id for one in chosen}
        names: list[Any] = [self.called(one) for one in chosen]
        if self.ever and self.random.random() < 0.05:
            gone = self.random.choice(self.ever)
            names = [name for name in names if name != gone] + [self.hierarchy.get(gone) or gone]
        return names

    def called(self, folder: Folder) -> Any:
        """What the caller calls a folder."""
        known = self.hierarchy.get(folder.server_id)
        if known is not None and self.random.random() < 0.2:
            return known
        return folder.type.name.lower() if folder.type < FolderType.USER_MAIL else folder.server_id

    def meanwhile(self) -> list[Callable[[], None]]:
        """What others may do while the client is at work."""
        return [
            self.server_adds, self.server_changes, self.server_deletes, self.server_moves, self.server_moves,
            self.server_changes_folder, self.server_changes_folder,
        ]  # fmt: skip

    def take(self, page: Any, changes: list[Any], rows: dict[Any, Any]) -> None:
        """Takes one page in, and all its changes. Raises Wrong where it tells what cannot be."""
        folder = page.folder.collection_id
        copy = self.rows_of(folder, rows)
        for result in page.results:
            self.settle(folder, result, copy)
        skipped = {one.server_id for one in page.skipped}
        # Of a page that was handed out in parts, whose answer was lost meanwhile, an Add may come again as another.
        again = Counter(change.server_id for change in changes if isinstance(change, Add))
        for change in changes:
            name = change.server_id
            if isinstance(change, (Delete, SoftDelete)):
                # A Delete of ours whose answer was lost comes back as the server's.
                copy.pop(name, None)
                continue
            if isinstance(change, Add):
                if name in copy and name not in page.replaced:
                    raise Wrong(f"{name} came twice")
                again[name] -= 1
                if name not in copy and name in page.replaced and not again[name]:
                    raise Wrong(f"{name} replaces what was never there")
                values = shown(change.item)
            else:
                if name not in copy:
                    raise Wrong(f"{name} was changed and never came")
                values = shown(change.item, copy[name])
            if name in skipped and isinstance(change.item, Note):
                values = (values[0], UNREAD)
            copy[name] = values
        self.keep(folder, copy, rows)

    def change(self) -> None:
        """Changes something from the client's side."""
        place = self.random.choice(self.folders())
        folder, wanted = place.server_id, self.called(place)
        self.busy = {folder}
        copy = self.rows_of(folder)
        changes: list[Any] = []
        for _ in range(self.random.randrange(1, 4)):
            number, what = self.schedule.next_number(), self.random.random()
            taken = {change.server_id for change in changes if not isinstance(change, Add)}
            free = [name for name in copy if name not in taken]
            if what < 0.4 or not free:
                item = kind_of(place.type).made(self.random, number, self.version)
                if item is not None:
                    changes.append(Add(client_id=f"c{number}", item=item))
            elif what < 0.8:
                name = self.random.choice(free)
                changes.append(kind_of(place.type).change(self.random, number, self.version, name, copy[name]))
            else:
                changes.append(Delete(server_id=self.random.choice(free)))
        if not changes:
            return
        mine = [Intent(change, folder) for change in changes]
        before = len(self.intents)
        self.intents += mine
        self.told.done["applied"] += 1
        try:
            results = self.client().apply(wanted, changes)
        except EarlierChangesError as error:
            del self.intents[before:]
            results = error.results
        except errors.ActiveSyncError:
            if CollectionState.from_json(self.store.load(self.name, state_name(folder))).pending is None:
                for intent in mine:
                    intent.fate = "refused"
            raise
        else:
            if self.random.random() < 0.1:
                raise Crash  # before anything was made of them
        copy = self.rows_of(folder)
        for result in results:
            self.settle(folder, result, copy)
        self.keep(folder, copy)

    def settle(self, folder: str, result: Any, copy: dict[str, Shown]) -> None:
        """What the client was told of a change of its own."""
        change, name = result.change, result.server_id
        for intent in self.intents:
            if intent.fate == "open" and intent.is_of(folder, change):
                intent.fate = "done" if result.ok else "lost" if result.status == 0 else "refused"
        if not result.ok or name is None:
            return
        if not isinstance(change, Add) and change.instance_id is not None:
            copy[name] = with_instance(copy[name], change)
        elif isinstance(change, Delete):
            copy.pop(name, None)
        else:
            copy[name] = shown(change.item, copy.get(name), own=True, partial=result.partial)

    def learn_folders(self) -> None:
        """Asks for the folders, and drops the copies of those that are gone."""
        self.hierarchy = self.client().folders()
        for owner, folder in list(self.store.rows):
            if owner == self.name and self.hierarchy.get(folder) is None:
                del self.store.rows[owner, folder]

    def change_folders(self) -> None:
        """Makes a folder, changes or deletes one, from the client's side."""
        if not len(self.hierarchy) or self.random.random() < 0.5:
            self.learn_folders()
        own = [folder for folder in self.hierarchy if folder.type in self.types and folder.type >= FolderType.USER_MAIL]
        what, number = self.random.random(), self.schedule.next_number()
        if what < 0.4 or not own:
            if len(self.own_folders()) >= _MOST_FOLDERS:
                return
            new = f"created {number}"
            self.created.add(new)
            kind = self.random.choice(self.kinds)
            folder = self.client().create_folder(new, parent=self.any_parent(), type=kind.user)
            self.ever.append(folder.collection_id)
            self.told.done["folder created"] += 1
            return
        folder = self.random.choice(own)
        if what < 0.7:
            place = self.mailbox.folders.get(folder.collection_id)
            parent = None if self.random.random() < 0.4 else self.any_parent(place)
            name = f"updated {number}" if parent is None or self.random.random() < 0.5 else None
            self.client().update_folder(folder, name, parent=parent)
            self.told.done["folder updated"] += 1
        else:
            self.client().delete_folder(folder)
            self.told.done["folder deleted"] += 1
            if folder.collection_id in self.mailbox.folders:
                raise Wrong(f"{folder.name} was deleted, and is there")

    def finish(self) -> FilterType | None:
        """Synchronises to the end, and returns by which filter."""
        filter_type = self.random.choice(_FILTERS) if self.random.random() < 0.3 else None
        # Twice: an answer that was lost is repeated as it was, and what has happened since comes with the next one. A
        # third time there is nothing left.
        for turn in range(self.random.choice([2, 2, 2, 2, 3])):
            self.learn_folders()
            wanted = [one.server_id for one in self.folders() if turn or self.hierarchy.get(one.server_id)]
            self.random.shuffle(wanted)
            for page in self.client().sync(*wanted, window=100, filter_type=filter_type):
                with page.transaction() as rows:
                    self.take(page, page.changes, rows)
                if turn == 2:
                    raise Wrong(f"{page.folder.name} has changed, and nobody has changed it")
        self.end()
        return filter_type

    # What is right

    def check(self, filter_type: FilterType | None) -> None:
        """Raises Wrong where the copy is not what the mailbox is, or a change was done twice or not at all."""
        self.check_folders()
        for folder in self.folders():
            compare(self.mailbox, folder.server_id, self.rows_of(folder.server_id), filter_type)
        names = Counter(
            text for folder in self.folders() for kept in folder.items.values() for text in marks_of(kept.item)
        )
        for name, count in names.items():
            if count > 1:
                raise Wrong(f"{name} was made {count} times")
        for intent in self.intents:
            # What became of a change in a folder that is gone nobody is told.
            if intent.folder not in self.mailbox.folders or isinstance(intent.change, Delete):
                continue
            for name in marks_of(intent.change.item):
                if intent.fate in ("open", "refused") and names[name]:
                    raise Wrong(f"{name} is there, and nobody told: {intent.fate}")

    def check_folders(self) -> None:
        """Raises Wrong where the client's folders are not the server's, or the store keeps what nobody needs."""
        right = {
            (one.server_id, one.parent_id, one.name, one.type)
            for one in self.mailbox.folders.values()
            if self.version >= kind_of(one.type).since
        }
        kept = Hierarchy.from_json(self.store.load(self.name, "folders"))
        for what, hierarchy in (("told", self.hierarchy), ("kept", kept)):
            mine = {(one.collection_id, one.parent_id, one.name, one.type) for one in hierarchy}
            if mine != right:
                raise Wrong(f"folders as they are {what}: {sorted(mine - right)}, and not {sorted(right - mine)}")
        for name, count in Counter(one.name for one in self.mailbox.folders.values()).items():
            if name in self.created and count > 1:
                raise Wrong(f"the folder {name} was made {count} times")
        needed = {"device", "session", "folders"}
        for one in kept:
            state = CollectionState.from_json(self.store.load(self.name, state_name(one.collection_id)))
            if state.pending is not None or state.results is not None:
                raise Wrong(f"the store keeps a change of {one.name} that was told")
            needed |= {state_name(one.collection_id), *state.rows(one.collection_id)}
            if missing := [name for name in state.rows(one.collection_id) if self.store.load(self.name, name) is None]:
                raise Wrong(f"the store lacks {missing}")
        if more := sorted(set(self.store.names(self.name)) - needed):
            raise Wrong(f"the store keeps {more}, which nobody needs")


class Schedule:
    """One schedule, the same for the same seed."""

    def __init__(self, seed: int, *, asynchronous: bool) -> None:
        self.random = Random(seed)
        self.asynchronous = asynchronous
        self.told = Told()
        self.number = 0
        self.store = FrailStore()
        users = ["alice", "bob"] if self.random.random() < 0.15 else ["alice"]
        mailboxes = [Mailbox(user, "secret") for user in users]
        self.server = EASServer(*mailboxes, host="localhost")
        if self.random.random() < 0.3:
            self.server.rules.policy = EASProvisionDoc()
        self.accounts = [Account(self, mailbox) for mailbox in mailboxes]

    def next_number(self) -> int:
        """A number that no item and no folder has yet."""
        self.number += 1
        return self.number

    # What happens

    def play(self) -> Told:
        """Plays it to its end. Raises Wrong."""
        one = Account
        steps: list[tuple[Callable[[Account], None], int]] = [
            (one.server_adds, 3), (one.server_changes, 3), (one.server_deletes, 2), (one.server_moves, 2),
            (one.server_adds_folder, 1), (one.server_changes_folder, 2), (one.server_forgets, 3),
            (self.synchronise, 8), (one.change, 5), (one.change_folders, 2), (one.learn_folders, 1), (one.end, 1),
        ]  # fmt: skip
        with mock.patch.object(time, "sleep"), mock.patch.object(asyncio, "sleep", _no_time):
            for _ in range(_STEPS):
                (step,) = self.random.choices([step for step, _ in steps], [weight for _, weight in steps])
                account = self.random.choice(self.accounts)
                self.break_something(_FOLDER_COMMANDS if step is one.change_folders else ())
                self.guarded(step, account)
            self.server.faults.clear()
            self.store.crash_in = None
            for account in self.accounts:
                try:
                    filter_type = account.finish()
                except errors.ActiveSyncError as error:
                    raise Wrong(f"nothing is in the way any more, and yet: {error}") from error
                account.check(filter_type)
        self.told.requests = len(self.server.requests)
        return self.told

    def guarded(self, step: Callable[[Account], None], account: Account) -> None:
        """A step that may fail, and after which the process may be gone."""
        try:
            step(account)
        except Crash:
            self.told.crashes += 1
            for one in self.accounts:
                one.die()
        except errors.ActiveSyncError as error:
            self.told.errors[type(error).__name__] += 1

    def synchronise(self, account: Account) -> None:
        """Synchronises an account, or all of them at a time."""
        accounts = self.accounts if self.random.random() < 0.4 else [account]
        if len(accounts) > 1:
            self.told.done["two accounts at once"] += 1
        with ExitStack() as stack:
            running = [stack.enter_context(closing(one.synchronise())) for one in accounts]  # type: ignore[type-var]
            while running:
                one = self.random.choice(running)
                if next(one, self) is self:
                    running.remove(one)

    # What goes wrong

    def break_something(self, likely: tuple[str, ...] = ()) -> None:
        """Puts a fault or two in the way of what comes; ``likely`` are the commands of that."""
        if self.random.random() < 0.45:
            for _ in range(self.random.choice([1, 1, 1, 2, 4])):
                name, made = self.random.choice(FAULTS)
                self.put(made(self.random), likely)
                self.told.faults[name] += 1
        if self.random.random() < 0.15:
            self.put(Fault(self.meanwhile, times=self.random.choice([1, 2])), likely)
        if self.random.random() < 0.15:
            self.store.crash_in = self.random.randrange(0, 12)
            self.store.crash_after = self.random.random() < 0.5

    def put(self, fault: Fault, likely: tuple[str, ...]) -> None:
        """Puts a fault in the way of some request."""
        fault.command = self.random.choice([None, "Sync", "Sync", "Sync", "FolderSync", *likely])
        fault.skip = self.random.choice([0, 0, 1, 2, 3])
        self.server.faults.append(fault)

    def meanwhile(self, request: Any, carry_out: faults.CarryOut) -> Answer:
        """Something happens in the mailbox between two requests."""
        account = next(one for one in self.accounts if one.mailbox is carry_out.mailbox)
        self.random.choice(account.meanwhile())()
        self.told.done["meanwhile"] += 1
        return carry_out()


_FOLDER_COMMANDS = ("FolderCreate", "FolderUpdate", "FolderDelete") * 2


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
    ("Status 9", lambda random: faults.status(9)),
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


__all__ = ["EVENTS", "FAULTS", "Account", "Schedule", "Told", "Wrong", "compare", "play", "shown"]
