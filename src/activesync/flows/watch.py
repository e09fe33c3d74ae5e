"""Push: one Ping after the other, and what they tell as events. Source: [MS-ASCMD] sections 2.2.1.13 and 3.1.5.8.

Nothing is read and no key moves, so that no event can lose anything: what was not synchronised is told again.

How long a Ping may last is found out: it is let last longer as long as it comes to its end, and is cut down where it is
lost before, with a ceiling below what was lost that is lifted only after many that were not. What was found is kept for
the next time.

A server that cannot be reached is waited for, and asked by a Ping that it answers at once whether it is back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final, TypeAlias

from ..commands import FolderType, Ping, PingFolder, PingResponse
from ..effects import Deliver, Flow, GaveWay, Load, Now, Rest, Save
from ..errors import (
    ActiveSyncError,
    CertificateError,
    ConnectionLostError,
    CutOffError,
    DamagedError,
    HTTPError,
    PushNotSupportedError,
    ServerBusyError,
    TimedOutError,
    TransportError,
    UnknownFolderError,
    UsageError,
)
from ..hierarchy import Folder, Hierarchy
from ..session import LONGEST_HOLD, Session
from ..state import FIRST_KEY, CollectionState, state_name
from ..status import Action, status
from .folders import find_folder, folders, with_items

HEARTBEAT: Final = (60, 1740)
"""How long a Ping lasts at least and at most, in seconds. Below a minute Exchange refuses it, and many firewalls end a
connection that is silent for half an hour."""

# With which heartbeat, in seconds, a client begins that knows nothing of the way to its server.
_FIRST_HEARTBEAT: Final = 480
# A Ping that ends within this many seconds says nothing about the way: the server had closed a connection that was kept
# open, or fails by itself.
_AT_ONCE: Final = 5.0
# What part of its heartbeat a Ping without news must have lasted, for the server to have kept to it.
_WHOLE: Final = 0.9
# How often in a row a Ping may fail, where a shorter heartbeat is no help.
_FAILURES: Final = 5
# After how many that came to their end a longer one is tried again, at first: each loss doubles it, up to the second.
# What was lost may have been the network for a moment, or the way may be another one by now.
_TRUST: Final = (8, 128)
# The longest pause, in seconds, before the next Ping: after failures, or while the same is told again and again.
_LONGEST_PAUSE: Final = 60.0
# The same while the server is lost, so that one that comes back is not met by all of its clients at once.
_LONGEST_OUTAGE: Final = 300.0
# The heartbeat, in seconds, of a Ping that asks whether the server is back. It answers at once, though it may only say
# that this is too short: so it is known before a quiet mailbox has news.
_PROBE: Final = 1
# How long, in seconds, the next Ping waits at most after one that was cut: a server may hold each of them to its end.
_GIVEN_WAY: Final = 16.0
# HTTP statuses by which a gateway ends a request that takes too long.
_TOO_LONG: Final = (408, 502, 504)
# HTTP status of a server that fails, for the moment perhaps.
_FAILED: Final = 500
# HTTP statuses with which a server answers a command that it does not have.
_NO_COMMAND: Final = (400, 404, 405, 501)

# Which folders matter most, where the server does not watch all, and which matter least.
_FIRST: Final = (FolderType.INBOX, FolderType.CALENDAR, FolderType.CONTACTS, FolderType.TASKS, FolderType.NOTES)
_LAST: Final = (FolderType.DRAFTS, FolderType.DELETED_ITEMS, FolderType.SENT_ITEMS, FolderType.OUTBOX)

_NAME: Final = "heartbeat"


@dataclass(frozen=True, slots=True)
class Changed:
    """Something is new in these folders, or they were never synchronised: ``sync(*event.folders)`` brings it."""

    folders: tuple[Folder, ...]


@dataclass(frozen=True, slots=True)
class HierarchyChanged:
    """Folders have come, gone, or changed name or place: ``hierarchy`` are all of them, as they are kept now."""

    hierarchy: Hierarchy = field(hash=False)


@dataclass(frozen=True, slots=True)
class Unwatched:
    """The server watches no more than ``most`` folders, and so not these: ``sync(*event.folders)`` them now and then.

    It comes once, and again when others are left out. Those that are named first are watched; where none are named the
    inbox, calendar, contacts, tasks and notes, then the user's own folders, then drafts and what was sent or deleted.
    """

    folders: tuple[Folder, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The server is lost: ``error`` is what went wrong, and may pass. watch() tries again until Reachable tells of it.

    What happens meanwhile is told afterwards: nothing has to be done.
    """

    error: ActiveSyncError


@dataclass(frozen=True, slots=True)
class Reachable:
    """The server answers again, ``seconds`` after Unreachable was told."""

    seconds: float


Event: TypeAlias = Changed | HierarchyChanged | Unwatched | Unreachable | Reachable


def watch(
    session: Session,
    wanted: Sequence[Folder | str],
    *,
    heartbeat: tuple[int, int] = HEARTBEAT,
    timeout: float | None = None,
    duration: float | None = None,
    patience: float | None = None,
) -> Flow[None]:
    """Delivers an Event whenever there is one; ends after ``timeout`` seconds without, or ``duration`` in any case.

    A server that is lost is waited for, and what is wrong with it raised once it has been so for ``patience`` seconds.
    """
    if not 1 <= heartbeat[0] <= heartbeat[1]:
        raise UsageError(f"heartbeat must be the shortest and the longest, in seconds, not {heartbeat}")
    if session.watched:
        raise UsageError("this account is watched already: one watch() at a time, with all folders")
    session.watched = True
    try:
        yield from _Watch(session, heartbeat, timeout, patience).run(wanted, duration)
    finally:
        session.watched = False


class _Watch:
    """A watch that is under way: the heartbeat as it was found out, and what went wrong of late."""

    def __init__(
        self, session: Session, heartbeat: tuple[int, int], timeout: float | None, patience: float | None
    ) -> None:
        self.session = session
        self.shortest, self.longest = heartbeat
        self.heartbeat = _FIRST_HEARTBEAT
        self.ceiling = self.longest
        self.trust, self.whole = _TRUST[0], 0
        self.shortened: tuple[int, int, int] | None = None  # heartbeat, ceiling and trust before what may be an outage
        self.timeout, self.patience = timeout, patience
        self.until: float | None = None
        self.end: float | None = None
        self.hierarchy: Hierarchy | None = None
        self.most: int | None = None  # folders in one Ping
        self.left_out: tuple[Folder, ...] = ()
        self.named: tuple[str, ...] = ()
        self.told: dict[str, str] = {}  # by CollectionId: the key under which a folder was last told to have changed
        self.failures = 0  # how often in a row a Ping has failed of a server that could be reached
        self.lost_at: float | None = None  # when the server was told to be lost; None while it is not
        self.tries = 0  # how often it was asked for since
        self.given_up = False
        self.idle = 0  # how often in a row nothing has come of a Ping that did not wait
        self.cuts = 0
        self.answered = False

    def run(self, wanted: Sequence[Folder | str], duration: float | None) -> Flow[None]:
        if duration is not None:
            self.end = (yield Now()) + duration
        yield from self._rewind()
        going = True
        while going:
            try:
                if self.hierarchy is None:
                    self.hierarchy = yield from self._begin(wanted)
                going = yield from self._go_on(self.hierarchy)
            except ActiveSyncError as error:
                if self.given_up or not _passes(error):
                    raise
                going = yield from self._fail(error)

    def _begin(self, wanted: Sequence[Folder | str]) -> Flow[Hierarchy]:
        yield from self.session.begin()
        yield from self._begin_heartbeat()
        hierarchy = yield from folders(self.session)
        named = []
        for one in wanted:
            folder = yield from find_folder(self.session, one)
            if folder.item_class is None:
                raise UsageError(f"{folder.name} holds nothing that can be synchronised, and so nothing to watch")
            named.append(folder.collection_id)
        self.named = tuple(dict.fromkeys(named))
        yield from self._back()
        return hierarchy

    def _go_on(self, known: Hierarchy) -> Flow[bool]:
        """Tells what there is to tell, or else waits for something new by a Ping; tells whether there is time left."""
        hierarchy = Hierarchy.from_json((yield Load("folders")))
        if hierarchy.sync_key == FIRST_KEY:  # another flow has started everything over
            hierarchy = yield from folders(self.session)
            yield from self._back()
        self.hierarchy = hierarchy
        if set(hierarchy) != set(known):
            self.failures = 0
            yield from self._deliver(HierarchyChanged(hierarchy))
            return True
        keys = yield from self._keys(hierarchy)
        new = [
            folder for folder, key in keys.items() if key == FIRST_KEY and self.told.get(folder.collection_id) != key
        ]
        if new:
            yield from self._deliver_changed(keys, new)
            return True
        watched = [folder for folder, key in keys.items() if key != FIRST_KEY]
        if not watched:
            # All were told, and the caller has not synchronised yet: another task may be at it.
            self.told.clear()
            return (yield from self._pace())
        left_out = tuple(watched[self.most :]) if self.most is not None else ()
        if set(left_out) - set(self.left_out):
            self.left_out = left_out
            yield from self._deliver(Unwatched(left_out, self.most or 0))
            return True
        return (yield from self._ping(keys, watched[: self.most]))

    # The folders

    def _keys(self, hierarchy: Hierarchy) -> Flow[dict[Folder, str]]:
        """The folders to watch, those first that are to be watched before all others, and their keys."""
        if self.named:
            chosen = [folder for name in self.named if (folder := hierarchy.get(name)) is not None]
            if not chosen:
                raise UnknownFolderError("the folders that were watched are gone from the server")
        else:
            chosen = with_items(self.session, hierarchy)
            chosen.sort(key=lambda folder: (folder.type in _LAST, folder.type not in _FIRST))
        keys = {}
        for folder in chosen:
            keys[folder] = CollectionState.from_json((yield Load(state_name(folder.collection_id)))).sync_key
        return keys

    # The events

    def _deliver(self, event: Event) -> Flow[None]:
        yield Deliver(event)
        yield from self._rewind()

    def _deliver_changed(self, keys: dict[Folder, str], changed: Sequence[Folder]) -> Flow[None]:
        self.told |= {folder.collection_id: keys[folder] for folder in changed}
        yield from self._deliver(Changed(tuple(changed)))

    def _rewind(self) -> Flow[None]:
        """The time without an event begins anew."""
        self.until = self.end
        if self.timeout is not None:
            until = (yield Now()) + self.timeout
            self.until = until if self.end is None else min(until, self.end)

    # The pauses

    def _pace(self) -> Flow[bool]:
        """Waits, the longer the more often nothing has come of it, and tells whether there is time left."""
        self.idle += 1
        return (yield from self._rest(_pause(self.idle)))

    def _rest(self, seconds: float) -> Flow[bool]:
        if self.until is None:
            yield Rest(seconds)
            return True
        now: float = yield Now()
        left = max(0.0, self.until - now)
        yield Rest(min(seconds, left))
        return left > seconds

    def _spread(self, began: float) -> Flow[bool]:
        """Waits where the last Ping began less than a second ago, so that no server makes a busy loop."""
        since = (yield Now()) - began
        return (yield from self._rest(1.0 - since)) if 0.0 <= since < 1.0 else True

    # One Ping

    def _ping(self, keys: dict[Folder, str], watched: Sequence[Folder]) -> Flow[bool]:
        """Waits for something new in these folders, and sees to what comes; tells whether there is time left."""
        began: float = yield Now()
        left = None if self.until is None else self.until - began
        if left is not None and left <= 0:
            return False
        # No longer than the caller waits, lest the server wait for nobody.
        seconds = self.heartbeat if left is None else max(self.shortest, min(self.heartbeat, ceil(left)))
        if self.lost_at is not None:
            seconds = _PROBE
        longest = seconds + self.session.timeout
        command = Ping(
            heartbeat_interval=seconds,
            folders=[PingFolder(collection_id=one.collection_id, cls=str(one.item_class)) for one in watched],
        )
        trouble: ActiveSyncError
        try:
            response = yield from self.session.run(
                command, timeout=longest if left is None else min(longest, left), held=True
            )
        except GaveWay:
            if (yield Now()) - began >= _GIVEN_WAY:
                self.cuts = 0
            self.cuts += 1
            return (yield from self._rest(min(_pause(self.cuts), _GIVEN_WAY)))
        except (ConnectionLostError, TimedOutError, CutOffError) as error:
            trouble = error
        except HTTPError as error:
            if error.status in _NO_COMMAND and not self.answered:
                raise self._unsupported(f"HTTP {error.status}") from error
            if error.status not in (*_TOO_LONG, _FAILED):
                raise
            trouble = error
        else:
            self.cuts = 0
            return (yield from self._take(response, keys, watched, seconds, began))
        self.cuts = 0
        lasted = (yield Now()) - began
        if isinstance(trouble, TimedOutError):
            if left is not None and left <= longest and lasted >= _WHOLE * left:
                return False
            if lasted < seconds:  # there was no connection yet
                return (yield from self._fail(trouble))
        if isinstance(trouble, HTTPError) and trouble.status == _FAILED:
            return (yield from self._fail(trouble))
        return (yield from self._lost(trouble, seconds, lasted))

    def _take(
        self, response: PingResponse, keys: dict[Folder, str], watched: Sequence[Folder], seconds: int, began: float
    ) -> Flow[bool]:
        code = response.status
        lasted = (yield Now()) - began
        if code is None:  # from a proxy that does not wait any longer, perhaps
            empty = DamagedError(f"{self.session.host} answers Ping with nothing")
            return (yield from self._lost(empty, seconds, lasted))
        if self.lost_at is not None:  # the next Ping tells the rest
            yield from self._back()
            return True
        self.answered, self.shortened = True, None
        action = status("Ping", code).action
        if action is Action.OK:
            self.failures = 0
            return (yield from self._quiet(seconds, lasted))
        if action is Action.SYNC:
            self.failures = 0
            return (yield from self._changed(response, keys, watched, began))
        if action is Action.FOLDER_SYNC:
            before = Hierarchy.from_json((yield Load("folders")))
            after = yield from folders(self.session)
            if set(before) != set(after):
                yield from self._spread(began)
                return True  # it is told next
        elif action is Action.USE_LIMIT and response.heartbeat_interval:
            yield from self._limit(seconds, response.heartbeat_interval)
        elif action is Action.SPLIT and 0 < (response.max_folders or 0) < len(watched):
            self.most = response.max_folders
        trouble = self.session.status_error("Ping", "Ping", code)
        if trouble.name == "CommandNotSupported":
            raise self._unsupported(f"Status {code}") from trouble
        if action in (Action.ASK_USER, Action.RESYNC) or (action is Action.GIVE_UP and trouble.name != "Unknown"):
            raise trouble
        return (yield from self._fail(trouble))

    def _quiet(self, seconds: int, lasted: float) -> Flow[bool]:
        if lasted >= _WHOLE * seconds:
            self.idle = 0
            if seconds == self.heartbeat:
                yield from self._grow()
            return True
        # The server, or something before it, has a limit of its own and keeps to that.
        if lasted >= _AT_ONCE:
            self.ceiling, self.whole = max(self.shortest, int(lasted)), 0
            yield from self._set_heartbeat(self.ceiling)
            return True
        return (yield from self._pace())

    def _changed(
        self, response: PingResponse, keys: dict[Folder, str], watched: Sequence[Folder], began: float
    ) -> Flow[bool]:
        at_once = (yield Now()) - began < _AT_ONCE
        # Without a folder that is known, it can be any of them.
        named = [folder for folder in watched if folder.collection_id in response.folders] or watched
        again = all(self.told.get(folder.collection_id) == keys[folder] for folder in named)
        yield from self._deliver_changed(keys, named)
        if again and at_once:
            # The caller has not synchronised, or there was nothing: no reason to ask at once again.
            return (yield from self._pace())
        self.idle = 0
        # Some servers give another key though there is nothing new.
        return (yield from self._spread(began))

    def _lost(self, trouble: ActiveSyncError, seconds: int, lasted: float) -> Flow[bool]:
        """Tries a shorter heartbeat, where the one that was lost had lasted at all and can be shortened."""
        if self.lost_at is None and lasted >= _AT_ONCE and (yield from self._shorten(seconds)):
            return True
        return (yield from self._fail(trouble))

    def _fail(self, trouble: ActiveSyncError) -> Flow[bool]:
        """Tries again, with a pause but for the first time; raises what went wrong where that was often enough."""
        if self.lost_at is None:
            self.failures += 1
            passes = _passes(trouble)
            # A server that answers short Pings and no others is lost each time, and asked ever more rarely.
            if self.failures > _FAILURES and not (passes and self.patience is None):
                self.given_up = True
                raise trouble
            if self.failures == 1 and not isinstance(trouble, ServerBusyError):
                return True
            if not passes:
                return (yield from self._rest(_pause(self.failures - 1)))
            self.lost_at, self.tries = (yield Now()), 0
            yield from self._deliver(Unreachable(trouble))
        else:
            # The shortest Ping has failed, too: it was the server, not how long the ones before were to last.
            self.failures = 0
            yield from self._lengthen()
        return (yield from self._outlast(trouble))

    # A server that is lost

    def _outlast(self, trouble: ActiveSyncError) -> Flow[bool]:
        """Waits, longer each time; raises what is wrong where patience ends before the server is to be asked again."""
        self.tries += 1
        least = 0.0
        if isinstance(trouble, ServerBusyError):
            least = min(trouble.retry_after or 0.0, LONGEST_HOLD)
        pause = _pause(max(self.tries, self.failures - 1), _LONGEST_OUTAGE)
        seconds = yield from self.session.jittered(max(pause, least))
        if self.patience is not None and self.lost_at is not None:
            left = self.lost_at + self.patience - (yield Now())
            if left <= least:
                self.given_up = True
                raise trouble
            seconds = min(seconds, left)
        return (yield from self._rest(seconds))

    def _back(self) -> Flow[None]:
        """The server has answered: that is told where it was lost."""
        if self.lost_at is not None:
            seconds = max(0.0, (yield Now()) - self.lost_at)
            self.lost_at = None
            self.told.clear()  # who was told of a folder may not have been able to synchronise it
            yield from self._deliver(Reachable(seconds))

    def _unsupported(self, answer: str) -> PushNotSupportedError:
        return PushNotSupportedError(
            f"{self.session.host} has no Ping (it answers {answer}): call sync() every few minutes instead"
        )

    # The heartbeat

    def _begin_heartbeat(self) -> Flow[None]:
        kept = (yield Load(_NAME)) or ""
        if kept.isascii() and kept.isdigit() and len(kept) < 6:
            self.heartbeat = int(kept)
        self.heartbeat = min(max(self.heartbeat, self.shortest), self.longest)

    def _set_heartbeat(self, seconds: int) -> Flow[None]:
        seconds = min(max(seconds, self.shortest), self.ceiling)
        if seconds != self.heartbeat:
            self.heartbeat = seconds
            yield Save({_NAME: str(seconds)})

    def _grow(self) -> Flow[None]:
        self.whole += 1
        if self.whole >= self.trust:
            self.whole = 0
            self.ceiling = min(_longer(self.ceiling), self.longest)
        yield from self._set_heartbeat(_longer(self.heartbeat))

    def _shorten(self, seconds: int) -> Flow[bool]:
        """Halves a heartbeat that was lost, and keeps well below it; tells whether it could be shortened."""
        before = self.heartbeat
        self.shortened = self.shortened or (before, self.ceiling, self.trust)
        self.ceiling, self.whole = max(self.shortest, seconds * 3 // 4), 0
        self.trust = min(2 * self.trust, _TRUST[1])
        yield from self._set_heartbeat(seconds // 2)
        return self.heartbeat < before

    def _lengthen(self) -> Flow[None]:
        """Takes back what was shortened since the last answer."""
        if self.shortened is not None:
            heartbeat, self.ceiling, self.trust = self.shortened
            self.shortened = None
            yield from self._set_heartbeat(heartbeat)

    def _limit(self, seconds: int, told: int) -> Flow[None]:
        """Keeps to the server's limit, even where the caller has wanted another."""
        if told > seconds:
            self.shortest = told
            self.longest = max(self.longest, told)
            self.ceiling = max(self.ceiling, told)
        elif told < seconds:
            self.longest = self.ceiling = told
            self.shortest = min(self.shortest, told)
        yield from self._set_heartbeat(told)


def _longer(seconds: int) -> int:
    return seconds + max(seconds // 4, 1)


def _pause(times: int, longest: float = _LONGEST_PAUSE) -> float:
    """A second the first time, twice as long each time after that, ``longest`` at most."""
    return min(2.0 ** min(times - 1, 10), longest)


def _passes(error: ActiveSyncError) -> bool:
    """Whether the server, or the way to it, may only be down for a while."""
    if isinstance(error, HTTPError):
        return isinstance(error, ServerBusyError) or error.status in (_FAILED, *_TOO_LONG)
    return isinstance(error, (TransportError, CutOffError)) and not isinstance(error, CertificateError)


__all__ = ["HEARTBEAT", "Changed", "Event", "HierarchyChanged", "Reachable", "Unreachable", "Unwatched", "watch"]
