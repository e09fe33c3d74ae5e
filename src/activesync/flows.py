"""The jobs of a client as flows over a Session: what to send, what to make of the answer, what to keep, and when.

A key is kept only with what it stands for: the folders' with the hierarchy, a collection's when the caller has
committed the page ([MS-ASCMD] section 2.2.1.21, R648). A request that changes something is kept before it is sent, and
sent again byte for byte where its answer was lost (section 3.1.5.9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, cast
from uuid import uuid4

import wbxml

from .commands import (
    Add,
    AddResponse,
    And,
    Change,
    ChangeResponse,
    Collection,
    Command,
    Delete,
    DeleteResponse,
    DeviceInformation,
    DeviceInformationRequest,
    EASProvisionDoc,
    EstimateCollection,
    EstimateCollection121,
    ExecuteSearch,
    Fetch,
    FetchResponse,
    FilterType,
    Find,
    FindOptions,
    FindPictures,
    FindProperties,
    FindQuery,
    FindResult,
    FolderAdd,
    FolderChange,
    FolderCreate,
    FolderDelete,
    FolderRemoval,
    FolderSync,
    FolderType,
    FolderUpdate,
    GALCriterion,
    GALEntry,
    GALStore,
    GetItemEstimate,
    GetItemEstimate121,
    MailboxCriterion,
    Oof,
    OofGet,
    OofMessage,
    OofRequest,
    OofState,
    Options,
    Query,
    Search,
    SearchGAL,
    SearchOptions,
    SearchResult,
    SearchStore,
    Settings,
    SettingsResponse,
    SoftDelete,
    Sync,
    UserInformation,
    UserInformationRequest,
)
from .effects import Deliver, Flow, Head, Load, Random, Read, Save
from .errors import (
    ActiveSyncError,
    AnswerError,
    DamagedError,
    HTTPError,
    InvalidSyncKeyError,
    ProvisionError,
    RemoteWipeRequested,
    StatusError,
    StoreError,
    UncommittedPageError,
    UnknownFolderError,
    UsageError,
    WrongDocumentError,
)
from .hierarchy import Folder, Hierarchy
from .items import MODELS, BodyPreference, BodyType, CalendarEvent, Email, Item, ItemClass, MIMESupport
from .session import Session
from .state import FIRST_KEY, CollectionState, state_name
from .status import Action, status

ClientChange: TypeAlias = Add | Change | Delete | Fetch
ServerChange: TypeAlias = Add | Change | Delete | SoftDelete
Response: TypeAlias = AddResponse | ChangeResponse | DeleteResponse | FetchResponse

MOST_COMMANDS: Final = 200
"""How many changes one Sync may carry ([MS-ASCMD] section 3.1.5.10)."""

_LONGEST_KEY: Final = 64  # characters: [MS-ASCMD] section 2.2.3.181.4, R4604
# Pages in a row that say "more" under the key of before, and such that bring no item: a server that goes on like this
# never ends. A few of either are allowed ([MS-ASCMD] section 2.2.3.116, R3452).
_STUCK_PAGES: Final = 5
_IDLE_PAGES: Final = 100
# How often in one loop a collection starts over, asks for the folders, or is tried again.
_TRIES: Final = 3
# After these HTTP errors the same request may succeed later.
_PASSING: Final = frozenset({401, 403, 404, 408, 429, 451, 502, 503, 504, 507})


class EarlierChangesError(UsageError):
    """An earlier request's answer had been lost; its fate is now known: ``results``. The new changes were not sent."""

    exit_code = 7

    def __init__(self, results: list[Result]) -> None:
        super().__init__(
            f"{len(results)} earlier changes, whose answer had been lost, are settled: see .results, then apply again"
        )
        self.results = results


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change.

    ``status`` 1 is success, 0 that nobody knows; ``server_id`` is what the server calls a new item; ``partial`` says
    that what a Change left out of its item stays as it was.
    """

    change: ClientChange
    status: int
    meaning: str
    server_id: str | None
    item: Item | None = None
    partial: bool = False

    @property
    def ok(self) -> bool:
        """Whether the server has taken the change."""
        return self.status == 1


@dataclass(slots=True)
class Contents:
    """What a page holds: the changes of one folder in one answer.

    ``resync`` says that the server has started over: what the caller has of the folder and does not come again is gone.
    ``more`` says that further pages follow. ``results`` tell of earlier changes of ours whose answer had been lost.
    """

    folder: Folder
    changes: list[ServerChange]
    results: list[Result] = field(default_factory=list)
    resync: bool = False
    more: bool = False


def provision(session: Session) -> Flow[EASProvisionDoc | None]:
    """Gets the server's policy and acknowledges it, whether it asks for that or not; None where there is none."""
    yield from session.begin()
    return (yield from session.provision())


def acknowledge_wipe(session: Session, *, account_only: bool, done: bool) -> Flow[None]:
    """Answers the server's demand for a wipe. Nothing is erased."""
    yield from session.begin()
    yield from session.acknowledge_wipe(account_only=account_only, done=done)


# Folders


def folders(session: Session) -> Flow[Hierarchy]:
    """The folders, brought up to date with the server and kept. Source: [MS-ASCMD] section 2.2.1.5."""
    yield from session.begin()
    known = hierarchy = Hierarchy.from_json((yield Load("folders")))
    for _ in range(_TRIES):
        response = yield from session.run(FolderSync(sync_key=hierarchy.sync_key))
        if response.status is None:
            raise DamagedError(f"{session.host} answers FolderSync without a Status")
        code = response.status
        action = status("FolderSync", code).action
        if action is Action.RESYNC and hierarchy.sync_key != FIRST_KEY:
            # The hierarchy's own key is gone: 9 here, where a collection has 3 (section 2.2.3.177.4).
            hierarchy = Hierarchy()
        elif action is Action.RETRY:
            yield from session.pause(1.0)
        else:
            break
    if action is not Action.OK:
        raise session.status_error("FolderSync", "FolderSync", code)
    if not response.sync_key or response.sync_key == FIRST_KEY:
        raise DamagedError(f"{session.host} answers FolderSync without a new SyncKey")
    changes = response.changes.changes if response.changes else []
    hierarchy = hierarchy.changed(response.sync_key, changes)
    # What is kept of folders that are gone goes with them.
    gone: dict[str, str | None] = {
        state_name(folder.collection_id): None for folder in known if hierarchy.get(folder.collection_id) is None
    }
    yield Save(gone | {"folders": hierarchy.to_json()})
    return hierarchy


def create_folder(
    session: Session, name: str, *, parent: Folder | str | None = None, type: FolderType = FolderType.USER_MAIL
) -> Flow[Folder]:
    """The new folder. Source: [MS-ASCMD] section 2.2.1.3."""
    yield from session.begin()
    parent_id = "0" if parent is None else (yield from _find(session, parent)).collection_id
    hierarchy, key, server_id = yield from _change_folders(
        session, lambda key: FolderCreate(sync_key=key, parent_id=parent_id, display_name=name, type=type)
    )
    if not server_id:
        raise DamagedError(f"{session.host} answers FolderCreate without a ServerId")
    added = FolderAdd(server_id=server_id, parent_id=parent_id, display_name=name, type=type)
    yield from _keep_folders(session, hierarchy, key, added)
    return Folder(server_id, parent_id, name, type)


def update_folder(
    session: Session, wanted: Folder | str, name: str | None, *, parent: Folder | str | None = None
) -> Flow[Folder]:
    """The folder under another name or in another one. Source: [MS-ASCMD] section 2.2.1.6."""
    yield from session.begin()
    folder = yield from _find(session, wanted)
    parent_id = folder.parent_id if parent is None else (yield from _find(session, parent)).collection_id
    changed = replace(folder, name=folder.name if name is None else name, parent_id=parent_id)
    hierarchy, key, _ = yield from _change_folders(
        session,
        lambda key: FolderUpdate(
            sync_key=key, server_id=folder.collection_id, parent_id=parent_id, display_name=changed.name
        ),
    )
    told = FolderChange(
        server_id=folder.collection_id, parent_id=parent_id, display_name=changed.name, type=folder.type
    )
    yield from _keep_folders(session, hierarchy, key, told)
    return changed


def delete_folder(session: Session, wanted: Folder | str) -> Flow[None]:
    """Deletes a folder with all that is in it. Source: [MS-ASCMD] section 2.2.1.4."""
    yield from session.begin()
    folder = yield from _find(session, wanted)
    hierarchy, key, _ = yield from _change_folders(
        session, lambda key: FolderDelete(sync_key=key, server_id=folder.collection_id)
    )
    yield from _keep_folders(session, hierarchy, key, FolderRemoval(server_id=folder.collection_id))


def _change_folders(
    session: Session, command: Callable[[str], FolderCreate | FolderUpdate | FolderDelete]
) -> Flow[tuple[Hierarchy, str, str | None]]:
    """The folders as they were, their new key, and the id of a new folder, after a command that changes them."""
    hierarchy = Hierarchy.from_json((yield Load("folders")))
    for fresh in (hierarchy.sync_key == FIRST_KEY, True, True):
        if fresh:
            hierarchy = yield from folders(session)
        asked = command(hierarchy.sync_key)
        response = yield from session.run(cast("Command[Any]", asked))
        # The key of another device's change is no longer the server's: the folders are asked for, and then again.
        if response.status is None or status(asked.name, response.status).action is not Action.RESYNC:
            break
    if response.status != 1:
        raise session.status_error(asked.name, asked.name, response.status or 0)
    if not response.sync_key:
        raise DamagedError(f"{session.host} answers {asked.name} without a new SyncKey")
    return hierarchy, response.sync_key, getattr(response, "server_id", None)


def _keep_folders(
    session: Session, hierarchy: Hierarchy, sync_key: str, change: FolderAdd | FolderChange | FolderRemoval
) -> Flow[None]:
    """Keeps the new key with what it stands for: the server tells nobody of his own changes."""
    changed = hierarchy.changed(sync_key, [change])
    gone: dict[str, str | None] = {
        state_name(folder.collection_id): None for folder in hierarchy if changed.get(folder.collection_id) is None
    }
    yield Save(gone | {"folders": changed.to_json()})


def _find(session: Session, wanted: Folder | str) -> Flow[Folder]:
    """The folder with this CollectionId, name or role."""
    if isinstance(wanted, Folder):
        return wanted
    hierarchy = Hierarchy.from_json((yield Load("folders")))
    folder = hierarchy.get(wanted) or hierarchy.named(wanted)
    if folder is None:
        hierarchy = yield from folders(session)
        folder = hierarchy.get(wanted) or hierarchy.named(wanted)
    if folder is None:
        raise UnknownFolderError(f"there is no folder {wanted!r}: see folders()")
    return folder


# Sync, downwards


_SELECT: Final[dict[str, type[wbxml.Model] | None]] = {
    "AirSync:Sync/AirSync:Status": None,
    "AirSync:Sync/AirSync:Limit": None,
    "AirSync:Collection/AirSync:SyncKey": None,
    "AirSync:Collection/AirSync:CollectionId": None,
    "AirSync:Collection/AirSync:Status": None,
    "AirSync:Collection/AirSync:MoreAvailable": None,
    "AirSync:Collection/AirSync:Commands/AirSync:Add": Add,
    "AirSync:Collection/AirSync:Commands/AirSync:Change": Change,
    "AirSync:Collection/AirSync:Commands/AirSync:Delete": Delete,
    "AirSync:Collection/AirSync:Commands/AirSync:SoftDelete": SoftDelete,
    "AirSync:Collection/AirSync:Responses/AirSync:Add": AddResponse,
    "AirSync:Collection/AirSync:Responses/AirSync:Change": ChangeResponse,
    "AirSync:Collection/AirSync:Responses/AirSync:Delete": DeleteResponse,
    "AirSync:Collection/AirSync:Responses/AirSync:Fetch": FetchResponse,
}


@dataclass(slots=True)
class _CollectionAnswer:
    sync_key: str = ""
    collection_id: str = ""
    status: int | None = None
    more: bool = False
    changes: list[ServerChange] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)


@dataclass(slots=True)
class _Answer:
    """A Sync answer; ``empty`` where the body was: nothing has changed ([MS-ASCMD] section 2.2.1.21.2, R666)."""

    status: int | None = None
    limit: int | None = None
    empty: bool = False
    collections: dict[int, _CollectionAnswer] = field(default_factory=dict)

    def of(self, folder: Folder) -> list[_CollectionAnswer]:
        """What it says of a folder: one Collection, where the server is in its right mind, or none."""
        return [one for one in self.collections.values() if one.collection_id == folder.collection_id]


def _read_answer(session: Session) -> Callable[[Head], Flow[_Answer]]:
    """Reads a Sync answer while it arrives."""

    def read(head: Head) -> Flow[_Answer]:
        answer = _Answer()
        decoder = wbxml.Decoder(_SELECT)
        start = b""
        found = size = 0
        try:
            while chunk := (yield Read()):
                session.stats.received += len(chunk)
                size = session.checked_size(size + len(chunk))
                start = start or chunk[:16]
                for match in decoder.feed(chunk):
                    found += 1
                    _take(answer, match)
            if not start:
                answer.empty = True
                return answer
            decoder.close()
        except wbxml.DecodeError as error:
            raise session.answer_error(error, head, start) from error
        if not found:
            raise WrongDocumentError(f"{session.host} answers Sync with another document")
        return answer

    return read


def _take(answer: _Answer, match: wbxml.Match) -> None:
    parent, _, name = match.path.rpartition("/")
    if parent == "AirSync:Sync":
        number = _number(match.value.text)
        if name == "AirSync:Status":
            answer.status = number
        else:
            answer.limit = number
        return
    collection = answer.collections.setdefault(match.anchor, _CollectionAnswer())
    if parent == "AirSync:Collection/AirSync:Commands":
        collection.changes.append(match.value)
    elif parent == "AirSync:Collection/AirSync:Responses":
        collection.responses.append(match.value)
    elif name == "AirSync:SyncKey":
        collection.sync_key = match.value.text or ""
    elif name == "AirSync:CollectionId":
        collection.collection_id = match.value.text or ""
    elif name == "AirSync:Status":
        collection.status = _number(match.value.text)
    else:
        collection.more = True


def _number(text: str | None) -> int:
    """A Status as a number; one that is none becomes -1, which no table knows."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


# Which filters a class knows; another one is refused with Status 4 ([MS-ASCMD] section 2.2.3.68.2).
FILTERS: Final[dict[ItemClass | None, range | tuple[int, ...]]] = {
    ItemClass.EMAIL: range(6),
    ItemClass.CALENDAR: (0, 4, 5, 6, 7),
    ItemClass.TASKS: (0, 8),
}


def _known_filter(folder: Folder, filter_type: FilterType | None) -> FilterType | None:
    """The filter where the folder's class knows it, else None."""
    return filter_type if filter_type in FILTERS.get(folder.item_class, ()) else None


def default_options(folder: Folder, *, filter_type: FilterType | None = None, body: BodyType | None = None) -> Options:
    """The Options for a folder: everything whole, bodies as text, those of mails as HTML where they are HTML.

    ``filter_type`` counts for folders whose class knows it, ``body`` asks for one form of body alone.
    """
    filter_type = _known_filter(folder, filter_type)
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
    options: Options | Callable[[Folder], Options] | None = None,
) -> Flow[None]:
    """Delivers the changes of these folders (of all that can be synchronised where none are named), page by page.

    Where one folder fails by itself, the others come first, and then its error is raised.
    """
    if not 1 <= window <= 512:
        raise UsageError(f"window must be 1 to 512 items, not {window}")
    yield from session.begin()
    if wanted:
        chosen = []
        for one in wanted:
            found = yield from _find(session, one)
            chosen.append(found)
    else:
        chosen = [folder for folder in (yield from folders(session)) if folder.item_class is not None]
    failed: ActiveSyncError | None = None
    for folder in chosen:
        if options is None:
            chosen_options = default_options(folder, filter_type=filter_type, body=body)
        else:
            chosen_options = options(folder) if callable(options) else options
        try:
            yield from _sync_folder(session, folder, window, chosen_options)
        except (ProvisionError, RemoteWipeRequested):
            raise
        except (StatusError, UnknownFolderError, DamagedError) as error:
            # One folder's trouble: the others have their turn before it is told.
            failed = failed or error
    if failed is not None:
        raise failed


def _sync_folder(session: Session, folder: Folder, window: int, options: Options) -> Flow[None]:
    name = state_name(folder.collection_id)
    tries = stuck = idle = 0
    while True:
        if session.starts_over:
            tries += 1
            if tries > _TRIES:
                raise DamagedError(f"{session.host} asks again and again to start over (X-MS-RP)")
            yield from session.start_over()
        kept = yield Load(name)
        state = CollectionState.from_json(kept)
        if state.pending is not None:
            results, state = yield from _settle_earlier(session, folder, state)
            if results:
                yield Deliver(Contents(folder, [], results), {name: state.to_json()}, {name: kept})
            else:
                yield Save({name: state.to_json()})
            continue
        if state.sync_key == FIRST_KEY:
            state = yield from _prime(session, folder, state)
            kept = state.to_json()
            yield Save({name: kept})
        body = _encode(
            session,
            _collection(
                session, folder, sync_key=state.sync_key, get_changes=True, window_size=window, options=[options]
            ),
        )
        answer = yield from _exchange(session, body)
        collection, action = _judge(session, folder, answer)
        if action is Action.RESYNC and tries < _TRIES:
            tries += 1
            yield Save({name: CollectionState(resync=True).to_json()})
            continue
        if action is not None and tries < _TRIES:
            tries += 1
            yield from _recover(session, folder, action)
            continue
        if action is not None:
            raise _refusal(session, folder, answer)
        if collection is None:
            if state.resync:
                yield Deliver(
                    Contents(folder, [], resync=True), {name: CollectionState(state.sync_key).to_json()}, {name: kept}
                )
            return
        new = CollectionState(collection.sync_key).to_json()
        changes = [_as_class(change, folder) for change in collection.changes]
        session.stats.items += len(changes)
        stuck = stuck + 1 if collection.sync_key == state.sync_key else 0
        idle = 0 if changes else idle + 1
        if collection.more and (stuck >= _STUCK_PAGES or idle >= _IDLE_PAGES):
            raise DamagedError(f"{session.host} says again and again that {folder.name} has more, and does not get on")
        if changes or state.resync:
            contents = Contents(folder, changes, resync=state.resync, more=collection.more)
            yield Deliver(contents, {name: new}, {name: kept})
        else:
            yield Save({name: new})
        if not collection.more:
            return


def _prime(session: Session, folder: Folder, state: CollectionState) -> Flow[CollectionState]:
    """The first key of a collection. Its request asks for no changes: [MS-ASCMD] section 2.2.3.84, R3128."""
    for _ in range(_TRIES):
        answer = yield from _exchange(session, _encode(session, _collection(session, folder, sync_key=FIRST_KEY)))
        collection, action = _judge(session, folder, answer)
        if collection is not None:
            return replace(state, sync_key=collection.sync_key)
        if action is None:
            # SOGo answers so for a folder that is gone.
            yield from _recover(session, folder, Action.FOLDER_SYNC)
            raise DamagedError(f"{session.host} gives no first SyncKey for {folder.name}")
        if action is Action.RESYNC:
            break
        yield from _recover(session, folder, action)
    raise _refusal(session, folder, answer)


def _collection(session: Session, folder: Folder, **values: Any) -> Collection:
    # Class stands here up to 12.1, and nowhere later: [MS-ASCMD] section 2.2.3.29.2, R6319.
    cls = folder.item_class.value if session.version == "12.1" and folder.item_class is not None else None
    return Collection(cls=cls, collection_id=folder.collection_id, **values)


def _encode(session: Session, *collections: Collection) -> bytes:
    return session.encoded(Sync(collections=list(collections)))


def _exchange(session: Session, body: bytes) -> Flow[_Answer]:
    """The answer to a Sync; provisions where its Status asks for it."""
    read = _read_answer(session)
    for _ in range(_TRIES):
        answer = yield from session.exchange("Sync", body, read)
        if answer.status is None or not (yield from session.provision_for("Sync", answer.status)):
            return answer
    raise session.status_error("Sync", "Sync", answer.status or 0)


def _judge(session: Session, folder: Folder, answer: _Answer) -> tuple[_CollectionAnswer | None, Action | None]:
    """What came for the folder, or None; and what has to be done before asking again, or None for success.

    Raises StatusError for what only the caller can mend, DamagedError for an answer that cannot be true.
    """
    if answer.empty:
        return None, None
    mine = answer.of(folder)
    if answer.status not in (None, 1):
        scope, code = "Sync", answer.status or 0
    elif not mine:
        # A collection that is missing has no changes ([MS-ASCMD] section 2.2.3.199, R4780); another's is no answer.
        if answer.collections:
            raise DamagedError(f"{session.host} answers for another folder than {folder.name}")
        return None, None
    else:
        if len(mine) > 1:
            raise DamagedError(f"{session.host} answers twice for {folder.name}")
        collection = mine[0]
        if collection.status in (None, 1):
            if not collection.sync_key or collection.sync_key == FIRST_KEY:
                raise DamagedError(f"{session.host} answers for {folder.name} without a new SyncKey")
            if len(collection.sync_key) > _LONGEST_KEY:
                size = len(collection.sync_key)
                raise DamagedError(
                    f"{session.host} answers with a SyncKey of {size} characters: {_LONGEST_KEY} at most"
                )
            return collection, None
        scope, code = "Sync", collection.status or 0
    action = status(scope, code).action
    if action is Action.FULL_REQUEST:
        # All of ours are: SOGo says so, now and then, while it is still at the one before.
        action = Action.RETRY
    if action in (Action.RESYNC, Action.FOLDER_SYNC, Action.RETRY):
        return None, action
    raise session.status_error("Sync", scope, code)


def _recover(session: Session, folder: Folder, action: Action) -> Flow[None]:
    """Does what has to be done before the same request is sent again."""
    if action is Action.FOLDER_SYNC:
        hierarchy = yield from folders(session)
        if hierarchy.get(folder.collection_id) is None:
            raise UnknownFolderError(f"the folder {folder.name} is gone from the server")
    else:
        yield from session.pause(1.0)


def _refusal(session: Session, folder: Folder, answer: _Answer) -> ActiveSyncError:
    mine = answer.of(folder)
    code = answer.status if answer.status not in (None, 1) or not mine else mine[0].status
    kind: type[StatusError] | None = None
    if code is not None and status("Sync", code).action is Action.RESYNC:
        kind = InvalidSyncKeyError
    return session.status_error("Sync", "Sync", code or 0, kind)


def _as_class(change: ServerChange, folder: Folder) -> ServerChange:
    """The change with its item in the class of the folder.

    An item that has only elements which all classes share, a body alone for instance, is told by its folder.
    """
    if not isinstance(change, (Add, Change)) or change.item is None or folder.item_class is None:
        return change
    model = MODELS[folder.item_class]
    if isinstance(change.item, model) or not isinstance(change.item, Email):
        return change
    written = wbxml.decode(wbxml.encode(Change(item=change.item)))
    change.item = wbxml.decode(written.root[0], type=model)
    return change


# Sync, upwards


def apply(session: Session, wanted: Folder | str, changes: Iterable[ClientChange]) -> Flow[list[Result]]:
    """What became of these changes, one Result for each. Source: [MS-ASCMD] section 2.2.1.21.

    Raises EarlierChangesError where an earlier request had to be settled first, and StatusError where the server
    refuses the request as a whole: then nothing was applied. The new key is kept before the results are returned: a
    caller that dies in between has to synchronise from the start to learn the ServerIds of what it added.
    """
    yield from session.begin()
    folder = yield from _find(session, wanted)
    listed = list(changes)
    if not 1 <= len(listed) <= MOST_COMMANDS:
        raise UsageError(f"apply takes 1 to {MOST_COMMANDS} changes at a time, not {len(listed)}")
    if folder.collection_id in session.uncommitted:
        raise UncommittedPageError(f"a page of {folder.name} was not committed: commit it before changing the folder")
    name = state_name(folder.collection_id)
    state = CollectionState.from_json((yield Load(name)))
    if state.pending is not None:
        results, state = yield from _settle_earlier(session, folder, state)
        yield Save({name: state.to_json()})
        if results:
            raise EarlierChangesError(results)
    if state.sync_key == FIRST_KEY:
        state = yield from _prime(session, folder, state)
        yield Save({name: state.to_json()})
    ready = []
    for change in listed:
        if isinstance(change, Add) and change.client_id is None:
            change = replace(change, client_id=(yield Random(16)).hex())
        ready.append(change)
    # GetChanges 0: an absent one means 1, and the answer would bring changes with it (section 2.2.3.84, R5556).
    body = _encode(session, _collection(session, folder, sync_key=state.sync_key, get_changes=False, commands=ready))
    state = replace(state, pending=body)
    yield Save({name: state.to_json()})
    try:
        results, state = yield from _settle(session, folder, state)
    except (HTTPError, StatusError) as error:
        if _is_refusal(error):
            # Nothing of it was done, which the caller learns by this error.
            yield Save({name: replace(state, pending=None).to_json()})
        raise
    yield Save({name: state.to_json()})
    return results


def _settle(session: Session, folder: Folder, state: CollectionState) -> Flow[tuple[list[Result], CollectionState]]:
    """What became of the pending request, which is sent, or sent again; and the state after it.

    Where the server knows the key no more, the results say so and the state starts over.
    """
    assert state.pending is not None
    changes = _pending_changes(state)
    for _ in range(_TRIES):
        answer = yield from _exchange(session, state.pending)
        collection, action = _judge(session, folder, answer)
        if action is Action.RESYNC:
            return [_told(change, 3) for change in changes], CollectionState(resync=True)
        if action is None:
            break
        yield from _recover(session, folder, action)
    else:
        raise _refusal(session, folder, answer)
    if collection is None:
        return [_result(session, change, []) for change in changes], replace(state, pending=None, failures=0)
    results = [_result(session, change, collection.responses) for change in changes]
    # While the folder has to start over, the new key is not kept: under it, what went up here would not come down.
    key = FIRST_KEY if state.resync else collection.sync_key
    return results, replace(state, sync_key=key, pending=None, failures=0)


def _settle_earlier(
    session: Session, folder: Folder, state: CollectionState
) -> Flow[tuple[list[Result], CollectionState]]:
    """_settle() for a request of before, whose caller is gone: what the server refuses becomes Results as well.

    Where the server fails on it again and again, so that nobody can know what became of it, the folder starts over.
    """
    try:
        return (yield from _settle(session, folder, state))
    except (HTTPError, StatusError, AnswerError, UnknownFolderError) as error:
        changes = _pending_changes(state)
        if isinstance(error, (ProvisionError, RemoteWipeRequested)):
            raise
        if isinstance(error, StatusError) and _is_refusal(error):
            return [_told(change, error.status) for change in changes], replace(state, pending=None, failures=0)
        if isinstance(error, HTTPError) and error.status in _PASSING:
            raise
        if state.failures + 1 < _TRIES and not _is_refusal(error):
            yield Save({state_name(folder.collection_id): replace(state, failures=state.failures + 1).to_json()})
            raise
        lost = [Result(change, 0, f"nobody knows what became of it: {error}", None) for change in changes]
        return lost, CollectionState(resync=True)


def _pending_changes(state: CollectionState) -> list[ClientChange]:
    assert state.pending is not None
    try:
        return list(wbxml.decode(state.pending, type=Sync).collections[0].commands)
    except (wbxml.DecodeError, IndexError) as error:
        raise StoreError("the store is damaged: a request that it keeps cannot be read; take another store") from error


def _is_refusal(error: Exception) -> bool:
    """Whether the server has refused a request as a whole, so that nothing of it was done and never will be."""
    if isinstance(error, StatusError):
        return status(error.scope, error.status).action is not Action.RETRY_LATER
    # SOGo answers 501 to a change of a contact that it does not have.
    return isinstance(error, HTTPError) and error.status not in _PASSING and (error.status < 500 or error.status == 501)


def _told(change: ClientChange, code: int) -> Result:
    """The Result of a change that was not done, for this Status of the whole request."""
    return Result(change, code, status("Sync", code).meaning, None)


_ANSWERS: Final = {Add: AddResponse, Change: ChangeResponse, Delete: DeleteResponse, Fetch: FetchResponse}


def _result(session: Session, change: ClientChange, responses: list[Response]) -> Result:
    """The Result of one change. A Change or Delete that the answer does not mention has succeeded (R759, R6413)."""
    found: Response | None = None
    for response in responses:
        if type(response) is not _ANSWERS[type(change)]:
            continue
        if isinstance(response, AddResponse):
            if isinstance(change, Add) and response.client_id == change.client_id:
                found = response
        elif response.server_id == change.server_id:
            found = response
    partial = isinstance(change, Change) and (
        # What is left out of a mail, and from 16.0 on of an event, stays: [MS-ASCMD] section 2.2.3.24, R6236.
        isinstance(change.item, Email) or (isinstance(change.item, CalendarEvent) and session.version >= "16.0")
    )
    if found is None:
        if isinstance(change, (Change, Delete)):
            return Result(change, 1, status("Sync item", 1).meaning, change.server_id, partial=partial)
        return Result(change, 0, "the server's answer does not mention it: synchronise, and look", None)
    code = 1 if found.status is None else found.status
    item = None if isinstance(found, DeleteResponse) else found.item
    return Result(
        change, code, status("Sync item", code).meaning, found.server_id or change.server_id, item, partial=partial
    )


# Estimates, searches, settings


def estimate(session: Session, wanted: Folder | str, *, filter_type: FilterType | None = None) -> Flow[int]:
    """How many items the next synchronisation of the folder would bring. Source: [MS-ASCMD] section 2.2.1.9."""
    yield from session.begin()
    folder = yield from _find(session, wanted)
    state = CollectionState.from_json((yield Load(state_name(folder.collection_id))))
    if state.sync_key == FIRST_KEY:
        # The server estimates against a key; this one stands for nothing and is not kept.
        state = yield from _prime(session, folder, state)
    for _ in range(2):
        command = _estimate_command(session, folder, state.sync_key, _known_filter(folder, filter_type))
        response = yield from session.run(command)
        if not response.responses and not response.status:
            raise DamagedError(f"{session.host} answers GetItemEstimate with nothing")
        answers = response.responses
        code = answers[0].status if answers else response.status
        if code in (None, 1) and answers and answers[0].collection is not None:
            return answers[0].collection.estimate or 0
        if status("GetItemEstimate", code or 0).action is not Action.RESYNC:
            break
        state = yield from _prime(session, folder, CollectionState())
    raise session.status_error("GetItemEstimate", "GetItemEstimate", code or 0)


def _estimate_command(
    session: Session, folder: Folder, sync_key: str, filter_type: FilterType | None
) -> GetItemEstimate | GetItemEstimate121:
    cls = folder.item_class.value if folder.item_class else None
    if session.version == "12.1":
        old = EstimateCollection121(
            cls=cls,
            collection_id=folder.collection_id,
            filter_type=filter_type or FilterType.ALL,  # required here: [MS-ASCMD] section 2.2.3.68.1, R6554
            sync_key=sync_key,
        )
        return GetItemEstimate121(collections=[old])
    options = [] if filter_type is None else [Options(cls=cls, filter_type=filter_type)]
    return GetItemEstimate(
        collections=[EstimateCollection(sync_key=sync_key, collection_id=folder.collection_id, options=options)]
    )


def search(
    session: Session,
    text: str,
    *,
    folder: Folder | str | None = None,
    limit: int = 100,
    body: BodyPreference | None = None,
) -> Flow[list[SearchResult]]:
    """The first ``limit`` mails that hold the text, in one folder or in all. Source: [MS-ASCMD] section 2.2.1.16."""
    yield from session.begin()
    where = [] if folder is None else [(yield from _find(session, folder)).collection_id]

    def command(first: int, last: int) -> Search:
        return Search(
            store=SearchStore(
                name="Mailbox",
                # Within And even where it stands alone: SOGo knows no other form.
                query=Query(and_=And(classes=[ItemClass.EMAIL.value], collection_ids=where, free_text=text)),
                options=SearchOptions(
                    rebuild_results=first == 0,
                    range=f"{first}-{last}",
                    deep_traversal=True,
                    body_preferences=[body] if body else [],
                ),
            )
        )

    return (yield from _search(session, command, limit))


def search_gal(session: Session, text: str, *, limit: int = 100) -> Flow[list[GALEntry]]:
    """The first ``limit`` people of the address list whose name or address begins so."""
    yield from session.begin()

    def command(first: int, last: int) -> SearchGAL:
        return SearchGAL(store=GALStore(name="GAL", query=text, options=SearchOptions(range=f"{first}-{last}")))

    results = yield from _search(session, command, limit)
    return [result.properties for result in results if isinstance(result.properties, GALEntry)]


def find(
    session: Session, text: str, *, folder: Folder | str | None = None, limit: int = 100
) -> Flow[list[FindResult]]:
    """The first ``limit`` mails with this text, from 16.1 on. Source: [MS-ASCMD] section 2.2.1.2."""
    yield from session.begin()
    where = None if folder is None else (yield from _find(session, folder)).collection_id

    def execute(options: FindOptions) -> ExecuteSearch:
        query = FindQuery(cls=ItemClass.EMAIL.value, collection_id=where, free_text=text)
        options.deep_traversal = where is not None
        return ExecuteSearch(mailbox=MailboxCriterion(query=query, options=options))

    return (yield from _find_pages(session, execute, limit))


def find_gal(session: Session, text: str, *, limit: int = 100, pictures: bool = False) -> Flow[list[FindProperties]]:
    """The first ``limit`` people of the address list, from 16.1 on, with their pictures where these are wanted."""
    yield from session.begin()

    def execute(options: FindOptions) -> ExecuteSearch:
        options.picture = FindPictures() if pictures else None
        return ExecuteSearch(gal=GALCriterion(query=text, options=options))

    results = yield from _find_pages(session, execute, limit)
    return [result.properties for result in results if result.properties is not None]


def _find_pages(
    session: Session, execute: Callable[[FindOptions], ExecuteSearch], limit: int
) -> Flow[list[FindResult]]:
    if limit < 1:
        raise UsageError(f"limit must be 1 or more, not {limit}")
    if session.version < "16.1":
        raise UsageError(f"Find is in 16.1 only, and {session.host} speaks {session.version}: use search()")
    # Pages of one search have one id: [MS-ASCMD] section 2.2.3.160, R70981808.
    search_id = str(uuid4())
    found: list[FindResult] = []
    refreshed = False
    while len(found) < limit:
        last = min(len(found) + 100, limit) - 1
        command = Find(search_id=search_id, execute=execute(FindOptions(range=f"{len(found)}-{last}")))
        response = yield from session.run(command)
        if response.status == _FIND_FOLDER_SYNC and not refreshed:
            refreshed = True
            yield from folders(session)
            continue
        if response.status not in (None, 1):
            raise session.status_error("Find", "Find", response.status)
        page = response.response
        if page is None:
            raise DamagedError(f"{session.host} answers Find without a response")
        if page.status not in (None, 1):
            raise session.status_error("Find", "Find", page.status)
        found += page.results
        if not page.results or page.total is None or len(found) >= page.total:
            break
    return found[:limit]


_FIND_FOLDER_SYNC = 3


def _search(
    session: Session, command: Callable[[int, int], Search | SearchGAL], limit: int
) -> Flow[list[SearchResult]]:
    if limit < 1:
        raise UsageError(f"limit must be 1 or more, not {limit}")
    found: list[SearchResult] = []
    refreshed = False
    while len(found) < limit:
        # A range of at most 100: [MS-ASCMD] section 2.2.3.143, more gives Status 12.
        response = yield from session.run(command(len(found), min(len(found) + 100, limit) - 1))
        if response.status not in (None, 1):
            raise session.status_error("Search", "Search", response.status)
        store = response.store
        if store is None:
            raise DamagedError(f"{session.host} answers Search without a store")
        if store.status is not None:
            action = status("Search store", store.status).action
            if action is Action.FOLDER_SYNC and not refreshed:
                refreshed = True
                yield from folders(session)
                continue
            if action is not Action.OK:
                raise session.status_error("Search", "Search store", store.status)
        # A search without a hit may hold one empty Result ([MS-ASCMD] section 2.2.3.154).
        results = [result for result in store.results if result.properties is not None]
        found += results
        if not results or store.total is None or len(found) >= store.total:
            break
    return found[:limit]


def oof(session: Session, *, body_type: str = "Text") -> Flow[Oof]:
    """The out-of-office replies. ``body_type`` is "Text" or "HTML". Source: [MS-ASCMD] section 2.2.1.18."""
    response = yield from _settings(session, Settings(oof=OofRequest(get=OofGet(body_type=body_type))))
    part = response.oof
    _check_part(session, "Oof", None if part is None else part.status)
    if part is None or part.get is None:
        raise DamagedError(f"{session.host} answers without the out-of-office replies")
    return part.get


def set_oof(session: Session, replies: Oof | str | None) -> Flow[None]:
    """Sets the out-of-office replies: an Oof, a text for everybody from now on, or None to stop them."""
    if replies is None:
        replies = Oof(oof_state=OofState.DISABLED)
    elif isinstance(replies, str):
        audiences = ("applies_to_internal", "applies_to_external_known", "applies_to_external_unknown")
        replies = Oof(
            oof_state=OofState.ENABLED,
            messages=[
                OofMessage(**{audience: True}, enabled=True, reply_message=replies, body_type="Text")
                for audience in audiences
            ],
        )
    response = yield from _settings(session, Settings(oof=OofRequest(set=replies)))
    _check_part(session, "Oof", None if response.oof is None else response.oof.status)


def device_information(session: Session, device: DeviceInformation) -> Flow[None]:
    """Tells the server about the device."""
    session.device = device
    command = Settings(device_information=DeviceInformationRequest(set=device))
    response = yield from _settings(session, command)
    part = response.device_information
    _check_part(session, "DeviceInformation", None if part is None else part.status)


def user_information(session: Session) -> Flow[UserInformation]:
    """What the server knows of the user: addresses, accounts."""
    response = yield from _settings(session, Settings(user_information=UserInformationRequest(get=True)))
    part = response.user_information
    _check_part(session, "UserInformation", None if part is None else part.status)
    if part is None or part.get is None:
        raise DamagedError(f"{session.host} answers without user information")
    return part.get


def _settings(session: Session, command: Settings) -> Flow[SettingsResponse]:
    response = yield from session.run(command)
    if response.status not in (None, 1):
        raise session.status_error("Settings", "Settings", response.status)
    return response


def _check_part(session: Session, part: str, code: int | None) -> None:
    if code not in (None, 1):
        raise session.status_error("Settings", f"Settings {part}", code or 0)


__all__ = [
    "ClientChange",
    "Contents",
    "EarlierChangesError",
    "Result",
    "ServerChange",
    "acknowledge_wipe",
    "apply",
    "create_folder",
    "default_options",
    "delete_folder",
    "device_information",
    "estimate",
    "find",
    "find_gal",
    "folders",
    "oof",
    "provision",
    "search",
    "search_gal",
    "set_oof",
    "sync",
    "update_folder",
    "user_information",
]
