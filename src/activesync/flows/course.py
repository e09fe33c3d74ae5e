"""One folder on its way through a synchronisation: what to ask for next, and what to make of what has come.

A key is kept only when the caller has committed the page that it stands for ([MS-ASCMD] section 2.2.1.21, R648).
"""

from __future__ import annotations

from collections.abc import Collection as Group
from dataclasses import replace
from typing import Final

from ..commands import Add, Change, Collection, Delete, FilterType, Options, read_as
from ..effects import Claim, Deliver, Flow, Load, Part, Save
from ..errors import ActiveSyncError, DamagedError, HTTPError
from ..hierarchy import Folder
from ..items import MODELS, BodyPreference, BodyType, Email
from ..session import Session
from ..state import FIRST_KEY, CollectionState, lease_name, state_name
from ..status import Action
from .answers import (
    TRIES,
    Answer,
    CollectionAnswer,
    collection_of,
    first_collection,
    judge,
    no_first_key,
    recover,
    refusal,
)
from .contents import Contents, ServerChange, Skipped
from .known import UNKNOWN, Entries, Sieve, StartingOver, entries_of, keep, merge
from .up import earlier

# Pages in a row that say "more" under the key of before, and such that bring no item: a server that goes on like this
# never ends. A few of either are allowed ([MS-ASCMD] section 2.2.3.116, R3452).
_STUCK_PAGES: Final = 5
_IDLE_PAGES: Final = 100
# An answer that is larger, in bytes, or takes longer, in seconds, halves what is asked for: proxies give up after a
# minute, and a page is held as a whole.
_LARGE: Final = 16 << 20
_LONG: Final = 20.0


class Course:
    """A folder that is synchronised: where it is, and what has gone wrong so far.

    ``done`` says that it is up to date, ``alone`` that its requests carry no other folder any more. Until it is done,
    what settled() and then asked() give is sent, and the answer given to took().
    """

    def __init__(
        self, session: Session, folder: Folder, window: int, options: Options, conversation_mode: bool | None
    ) -> None:
        self.folder = folder
        self.alone = self.done = False
        self._session = session
        self._window = self._size = window
        self._options = options
        self._conversation_mode = conversation_mode
        self._name = state_name(folder.collection_id)
        self._kept: str | None = None
        self._state = CollectionState()
        self._tries = self._stuck = self._idle = 0
        self._again: StartingOver | None = None
        self._broken: ActiveSyncError | None = None
        # Of this page: what the server tells; what was handed out already, also of answers that were lost; the same,
        # where such an answer comes again.
        self._told: Entries = {}
        self._handed: Entries = {}
        self._repeated: Sieve | None = None
        self._replaced: set[str] = set()

    @property
    def leniently(self) -> bool:
        """Whether the answer is to be read as far as it goes: it is the one with an item that cannot be read."""
        return self._broken is not None

    @property
    def half_told(self) -> bool:
        """Whether the caller has a part of a page whose rest has not come yet."""
        return bool(self._handed)

    def settled(self) -> Flow[None]:
        """Earlier changes of ours, whose fate the caller does not know, are told first."""
        session, folder = self._session, self.folder
        while True:
            yield Claim(lease_name(folder.collection_id))
            state = CollectionState.from_json((yield Load(self._name)))
            if state.pending is None:
                return
            results, state = yield from earlier(session, folder, state)
            if not results:
                return
            kept = {self._name: state.to_json()}
            yield Deliver(Contents(folder, [], results), {self._name: state.told().to_json()}, kept)

    def asked(self, share: int) -> Flow[Collection | None]:
        """What to ask for the folder, of which at most ``share`` items; None where changes are to be settled first."""
        session, folder = self._session, self.folder
        self._kept = yield Load(self._name)
        self._state = state = CollectionState.from_json(self._kept)
        if state.pending is not None:
            return None
        if state.sync_key == FIRST_KEY:
            return first_collection(session, folder)
        if state.base is not None and (self._again is None or not self._again.at(state)):
            self._again = yield from StartingOver.begun(folder, state)
        return collection_of(
            session,
            folder,
            sync_key=state.sync_key,
            get_changes=True,
            window_size=min(self._size, max(share, 1)),
            conversation_mode=self._conversation_mode,
            options=[self._options if self._broken is None else _without_bodies(self._options)],
        )

    def narrowed(self, error: HTTPError | DamagedError) -> bool:
        """Whether to ask again for less, where the server failed or its answer could not be read: an item is looked
        for that makes it so.
        """
        if self._broken is not None:
            return False
        self._size, self._broken = (self._size // 2, None) if self._size > 1 else (1, error)
        return True

    def paced(self, size: int, seconds: float) -> None:
        """Asks for less where an answer had so many bytes, or took so many seconds, and for more where it did not."""
        if size > _LARGE or seconds > _LONG:
            self._size = max(self._size // 2, 1)
        elif 2 * size <= _LARGE and 2 * seconds <= _LONG:
            self._size = min(2 * self._size, self._window)

    def began(self) -> None:
        """An answer begins to arrive, for the first time or again."""
        self._told = {}
        self._repeated = Sieve(dict(self._handed)) if self._handed else None

    def arriving(self, adds: list[ServerChange]) -> Flow[None]:
        """Hands out items of a page whose rest is still on its way."""
        changes = self._true(adds)
        if changes:
            told = self._told
            self._handed |= {name: told.get(name) for change in changes if (name := change.server_id)}
            yield Part(self.folder, changes)

    def took(self, answer: Answer, asked: Group[str]) -> Flow[None]:
        """Takes the answer to a request that carried these folders: hands the page out, or does what has to be done
        before asking again. Raises StatusError and DamagedError.
        """
        session, folder, state = self._session, self.folder, self._state
        collection, action = judge(session, folder, answer, asked)
        if len(asked) > 1 and (yield Load(self._name)) != self._kept:
            return  # changed while the caller had a page of another folder: what has come is out of date
        if state.sync_key == FIRST_KEY:
            yield from self._primed(answer, collection, action)
            return
        if action is not None:
            self._tries += 1
            if self._tries > TRIES:
                raise refusal(session, folder, answer)
            if action is Action.RESYNC:
                yield Save({self._name: state.restarted().to_json()})
            else:
                yield from recover(session, folder, action)
            return
        if collection is None:
            if state.base is None and not self._handed:
                # Nothing new; or others have filled the answer before its turn (section 2.2.3.199, R4780 to R4783).
                self.done = not any(one.more for one in answer.collections.values())
                return
            collection = CollectionAnswer(sync_key=state.sync_key)  # nothing more: all has come again
        changes = self._true(collection.changes)
        self._stuck = self._stuck + 1 if collection.sync_key == state.sync_key else 0
        self._idle = 0 if self._told else self._idle + 1
        if collection.more and (self._stuck >= _STUCK_PAGES or self._idle >= _IDLE_PAGES):
            raise DamagedError(f"{session.host} says again and again that {folder.name} has more, and does not get on")
        # Handed out by an answer that was lost, and not in the one that came in its place: gone meanwhile.
        changes += [Delete(server_id=name) for name in self._handed if name not in self._told]
        yield from self._page(changes, collection)
        self.done = not collection.more

    def _primed(self, answer: Answer, collection: CollectionAnswer | None, action: Action | None) -> Flow[None]:
        """Takes the first key."""
        if collection is not None:
            yield Save({self._name: replace(self._state, sync_key=collection.sync_key).to_json()})
            return
        self._tries += 1
        if action is None:
            raise (yield from no_first_key(self._session, self.folder))
        if action is Action.RESYNC or self._tries > TRIES:
            raise refusal(self._session, self.folder, answer)
        yield from recover(self._session, self.folder, action)

    def _true(self, changes: list[ServerChange]) -> list[ServerChange]:
        """Those of the changes that the caller does not know of, each item in the class of the folder."""
        changes = _in_class(changes, self.folder)
        self._session.stats.items += len(changes)
        told = entries_of(changes)
        if self._broken is not None:
            told |= {name: UNKNOWN for name, digest in told.items() if digest is not None}
        merge(self._told, told)
        if self._again is not None and self._state.base is not None:
            changes, replaced = self._again.sifted(changes, told)
            self._replaced |= replaced
        if self._repeated is not None:
            changes, replaced = self._repeated.sifted(changes, told)
            self._repeated.seen.update(told)
            self._replaced |= replaced
        return changes

    def _page(self, changes: list[ServerChange], collection: CollectionAnswer) -> Flow[None]:
        state, again, told = self._state, self._again, self._told
        after = replace(state, sync_key=collection.sync_key, resync=False)
        after, values = yield from keep(self.folder, after, told, more=collection.more)
        if again is not None and state.base is not None:
            again.went_on(after, told)
            if not collection.more:
                changes += again.gone(filtered=self._options.filter_type not in (None, FilterType.ALL))
                after, dropped = again.ended(after)
                values |= dropped
        values[self._name] = after.to_json()
        contents = Contents(self.folder, changes, resync=state.resync, more=collection.more)
        contents.replaced = frozenset(self._replaced)
        if self._broken is not None:
            names = [item for item, digest in told.items() if digest is not None]
            contents.skipped = tuple(Skipped(item, str(self._broken)) for item in names)
            self._broken = None
        shown = bool(self._handed or changes or state.resync)
        self._handed, self._replaced = {}, set()
        if shown:
            yield Deliver(contents, values, {self._name: self._kept})
        else:
            yield Save(values)


def _without_bodies(options: Options) -> Options:
    """The Options for an item on which the server fails: the filter as it is, which what is due hangs on, no bodies."""
    bare = BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=0)
    return Options(cls=options.cls, filter_type=options.filter_type, body_preferences=[bare])


def _in_class(changes: list[ServerChange], folder: Folder) -> list[ServerChange]:
    """The changes with their items in the class of the folder.

    An item that has only elements which all classes share, a body alone for instance, is told by its folder.
    """
    model = MODELS.get(folder.item_class) if folder.item_class is not None else None
    if model is not None and model is not Email:
        for change in changes:
            if isinstance(change, (Add, Change)) and isinstance(change.item, Email):
                change.item = read_as(change.item, model)
    return changes
