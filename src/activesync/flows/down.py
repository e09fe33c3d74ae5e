"""Sync, downwards: the changes of folders, page by page.

A key is kept only when the caller has committed the page that it stands for ([MS-ASCMD] section 2.2.1.21, R648).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import wbxml

from ..commands import FILTERS, Add, Change, FilterType, Options, read_as
from ..effects import Claim, Deliver, Flow, Load, Save
from ..errors import (
    ActiveSyncError,
    DamagedError,
    HTTPError,
    LeaseError,
    ProvisionError,
    RemoteWipeRequested,
    StatusError,
    UnknownFolderError,
    UsageError,
)
from ..hierarchy import Folder
from ..items import MODELS, BodyPreference, BodyType, Email, ItemClass, MIMESupport
from ..session import Session
from ..state import FIRST_KEY, CollectionState, lease_name, state_name
from ..status import Action
from .answers import TRIES, CollectionAnswer, collection_of, encoded, exchange, judge, prime, recover, refusal
from .contents import Contents, ServerChange, Skipped
from .folders import find_folder, folders, with_items
from .known import UNKNOWN, StartingOver, entries_of, keep
from .up import earlier

# Pages in a row that say "more" under the key of before, and such that bring no item: a server that goes on like this
# never ends. A few of either are allowed ([MS-ASCMD] section 2.2.3.116, R3452).
_STUCK_PAGES: Final = 5
_IDLE_PAGES: Final = 100
# What a server, or a proxy that waits for one, answers where it fails on what it has to send.
_FAILURES: Final = frozenset({500, 502, 504})


def known_filter(folder: Folder, filter_type: FilterType | None) -> FilterType | None:
    """The filter where the folder's class knows it, else None."""
    return filter_type if filter_type in FILTERS.get(folder.item_class, ()) else None


def conversation_mode(folder: Folder, wanted: bool) -> bool | None:
    """The ConversationMode for a folder: only one of mails may have it ([MS-ASCMD] section 2.2.3.36.2, R2117)."""
    return True if wanted and folder.item_class is ItemClass.EMAIL else None


def default_options(folder: Folder, *, filter_type: FilterType | None = None, body: BodyType | None = None) -> Options:
    """The Options for a folder: everything whole, bodies as text, those of mails as HTML where they are HTML.

    ``filter_type`` counts for folders whose class knows it, ``body`` asks for one form of body alone.
    """
    filter_type = known_filter(folder, filter_type)
    wanted = [body] if body is not None else [BodyType.PLAIN_TEXT]
    if body is None and folder.item_class is ItemClass.EMAIL:
        # The one that the mail has: [MS-ASAIRS] section 2.2.2.3.2, R77. SOGo looks at the last one alone.
        wanted = [BodyType.PLAIN_TEXT, BodyType.HTML]
    return Options(
        filter_type=filter_type,
        # MIME is sent only where this asks for it: [MS-ASCMD] section 2.2.3.110.
        mime_support=MIMESupport.ALWAYS if body is BodyType.MIME else None,
        body_preferences=[BodyPreference(type=one) for one in wanted],
    )


def sync(
    session: Session,
    wanted: Sequence[Folder | str],
    *,
    window: int = 100,
    filter_type: FilterType | None = None,
    body: BodyType | None = None,
    conversations: bool = False,
    options: Options | Callable[[Folder], Options] | None = None,
) -> Flow[None]:
    """Delivers the changes of these folders, page by page; of all that can be synchronised where none are named, up to
    14.1 without the drafts. With ``conversations`` those of mails come whole.

    Where one folder fails by itself, the others come first, and then its error is raised.
    """
    if not 1 <= window <= 512:
        raise UsageError(f"window must be 1 to 512 items, not {window}")
    yield from session.begin()
    if wanted:
        chosen = []
        for one in wanted:
            found = yield from find_folder(session, one)
            chosen.append(found)
    else:
        chosen = with_items(session, (yield from folders(session)))
    failed: ActiveSyncError | None = None
    for folder in chosen:
        if options is None:
            chosen_options = default_options(folder, filter_type=filter_type, body=body)
        else:
            chosen_options = options(folder) if callable(options) else options
        try:
            yield from _sync_folder(session, folder, window, chosen_options, conversation_mode(folder, conversations))
        except (ProvisionError, RemoteWipeRequested):
            raise
        except (StatusError, UnknownFolderError, DamagedError, LeaseError, HTTPError) as error:
            if isinstance(error, HTTPError) and error.status not in _FAILURES:
                raise
            # One folder's trouble: the others have their turn before it is told.
            failed = failed or error
    if failed is not None:
        raise failed


def _sync_folder(
    session: Session, folder: Folder, window: int, options: Options, conversation_mode: bool | None
) -> Flow[None]:
    name = state_name(folder.collection_id)
    tries = stuck = idle = 0
    again: StartingOver | None = None
    size = window
    broken: ActiveSyncError | None = None
    while True:
        if session.starts_over:
            tries += 1
            if tries > TRIES:
                raise DamagedError(f"{session.host} asks again and again to start over (X-MS-RP)")
            yield from session.start_over()
        yield Claim(lease_name(folder.collection_id))
        kept = yield Load(name)
        state = CollectionState.from_json(kept)
        if state.pending is not None:
            results, state = yield from earlier(session, folder, state)
            kept = state.to_json()
            if results:
                yield Deliver(Contents(folder, [], results), {name: state.told().to_json()}, {name: kept})
                continue
        if state.sync_key == FIRST_KEY:
            state = yield from prime(session, folder, state)
            kept = state.to_json()
            yield Save({name: kept})
        if state.base is not None and (again is None or not again.at(state)):
            again = yield from StartingOver.begun(folder, state)
        body = encoded(
            session,
            collection_of(
                session,
                folder,
                sync_key=state.sync_key,
                get_changes=True,
                window_size=size,
                conversation_mode=conversation_mode,
                options=[options if broken is None else _without_bodies(options)],
            ),
        )
        try:
            answer = yield from exchange(session, body, lenient=broken is not None)
        except (HTTPError, DamagedError) as error:
            # One item may be what the server fails on, or what cannot be read: it is looked for.
            if broken is not None or not _may_be_an_item(error):
                raise
            size, broken = (size // 2, None) if size > 1 else (1, error)
            continue
        collection, action = judge(session, folder, answer)
        if action is Action.RESYNC and tries < TRIES:
            tries += 1
            yield Save({name: state.restarted().to_json()})
            continue
        if action is not None and tries < TRIES:
            tries += 1
            yield from recover(session, folder, action)
            continue
        if action is not None:
            raise refusal(session, folder, answer)
        if collection is None:
            if state.base is None:
                return
            collection = CollectionAnswer(sync_key=state.sync_key)  # nothing more: all has come again
        changes = _in_class(collection.changes, folder)
        session.stats.items += len(changes)
        stuck = stuck + 1 if collection.sync_key == state.sync_key else 0
        idle = 0 if changes else idle + 1
        if collection.more and (stuck >= _STUCK_PAGES or idle >= _IDLE_PAGES):
            raise DamagedError(f"{session.host} says again and again that {folder.name} has more, and does not get on")
        told = entries_of(changes)
        contents = Contents(folder, changes, resync=state.resync, more=collection.more)
        if broken is not None:
            names = [item for item, digest in told.items() if digest is not None]
            contents.skipped = tuple(Skipped(item, str(broken)) for item in names)
            told |= dict.fromkeys(names, UNKNOWN)
        size, broken = min(2 * size, window), None
        after, values = yield from keep(folder, replace(state, sync_key=collection.sync_key, resync=False), told)
        if again is not None and state.base is not None:
            contents.changes, contents.replaced = again.sifted(changes, told)
            again.went_on(after, told)
            if not collection.more:
                contents.changes += again.gone(filtered=options.filter_type not in (None, FilterType.ALL))
                after, dropped = again.ended(after)
                values |= dropped
        values[name] = after.to_json()
        if contents.changes or contents.resync:
            yield Deliver(contents, values, {name: kept})
        else:
            yield Save(values)
        if not collection.more:
            return


def _may_be_an_item(error: HTTPError | DamagedError) -> bool:
    """Whether one of the items that were due may be why it failed: the server did, or what it sent cannot be read."""
    if isinstance(error, HTTPError):
        return error.status in _FAILURES
    return isinstance(error.__cause__, wbxml.DecodeError)


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
