"""One Sync with one folder: the request, the answer as it arrives, and what has to be done about it.

Source: [MS-ASCMD] sections 2.2.1.21 and 2.2.3.177.17.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection as Group
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import wbxml

from ..commands import (
    Add,
    AddResponse,
    Change,
    ChangeResponse,
    Collection,
    Delete,
    DeleteResponse,
    FetchResponse,
    SoftDelete,
    SupportedCalendar,
    SupportedContacts,
    Sync,
    SyncResponse,
)
from ..effects import Flow, Head, Read
from ..errors import (
    ActiveSyncError,
    DamagedError,
    InvalidSyncKeyError,
    StatusError,
    UnknownFolderError,
    WrongDocumentError,
)
from ..hierarchy import Folder
from ..items import ItemClass
from ..session import Session
from ..state import FIRST_KEY, CollectionState
from ..status import Action, status
from .contents import Response, ServerChange
from .folders import folders

_LONGEST_KEY: Final = 64  # characters: [MS-ASCMD] section 2.2.3.181.4, R4604
# How often in one loop a collection starts over, asks for the folders, or is tried again.
TRIES: Final = 3


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

_TEXT: Final = "text in UTF-8"
_OF_SYNC: Final = "AirSync:Sync/"
_CHANGES: Final = frozenset(path for path in _SELECT if path.startswith("AirSync:Collection/AirSync:Commands/"))
_RESPONSES: Final = frozenset(path for path in _SELECT if path.startswith("AirSync:Collection/AirSync:Responses/"))


@dataclass(slots=True)
class CollectionAnswer:
    sync_key: str = ""
    collection_id: str = ""
    status: int | None = None
    more: bool = False
    changes: list[ServerChange] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)


@dataclass(slots=True)
class Answer:
    """A Sync answer; ``empty`` where the body was: nothing has changed ([MS-ASCMD] section 2.2.1.21.2, R666)."""

    status: int | None = None
    limit: int | None = None
    empty: bool = False
    collections: dict[int, CollectionAnswer] = field(default_factory=dict)

    def of(self, folder: Folder) -> list[CollectionAnswer]:
        """What it says of a folder: one Collection, where the server is in its right mind, or none."""
        return [one for one in self.collections.values() if one.collection_id == folder.collection_id]


class Arriving(Protocol):
    """Who wants the items of a folder before the answer is whole."""

    folder: Folder

    def began(self) -> None:
        """An answer begins to arrive; where one was lost before, again."""

    def arriving(self, adds: list[ServerChange]) -> Flow[None]:
        """Takes some Adds of it."""


def _read_answer(session: Session, arriving: Arriving | None = None) -> Callable[[Head], Flow[Answer]]:
    """Reads a Sync answer while it arrives."""

    def read(head: Head) -> Flow[Answer]:
        answer = Answer()
        if arriving is not None:
            arriving.began()
        decoder = wbxml.Decoder(_SELECT)
        start = b""
        found = size = 0
        try:
            while chunk := (yield Read()):
                session.stats.received += len(chunk)
                size = session.checked_size(size + len(chunk))
                start = start or chunk[:16]
                matches = decoder.feed(chunk)
                found += len(matches)
                _take(answer, matches)
                if arriving is not None and (adds := _adds(answer, arriving.folder)):
                    yield from arriving.arriving(adds)
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


def _read_leniently(session: Session) -> Callable[[Head], Flow[Answer]]:
    """Reads a Sync answer in which a text is none, which stands in the place of what cannot be read.

    Raises what reading it strictly does where more is wrong with it: then its key may be, too.
    """

    def read(head: Head) -> Flow[Answer]:
        data = yield from session.read_all(head)
        answer = Answer(empty=not data)
        if not data:
            return answer
        document = wbxml.decode(data, lenient=True)
        try:
            if any(problem.expected != _TEXT for problem in document.problems):
                wbxml.decode(data)
            response = wbxml.decode(document, type=SyncResponse)
        except wbxml.DecodeError as error:
            raise session.answer_error(error, head, data[:16]) from error
        answer.status, answer.limit = response.status, response.limit
        for number, one in enumerate(response.collections):
            answer.collections[number] = CollectionAnswer(
                one.sync_key or "", one.collection_id or "", one.status, one.more_available, one.commands, one.responses
            )
        return answer

    return read


def _take(answer: Answer, matches: list[wbxml.Match]) -> None:
    # Nearly all are Adds of one Collection: the loop is what reading costs beside decoding.
    anchor = -1
    changes: list[ServerChange] = []
    for match in matches:
        path, value = match.path, match.value
        if match.anchor != anchor and not path.startswith(_OF_SYNC):
            anchor = match.anchor
            collection = answer.collections.setdefault(anchor, CollectionAnswer())
            changes = collection.changes
        if path in _CHANGES:
            changes.append(value)
        elif path in _RESPONSES:
            collection.responses.append(value)
        elif path == "AirSync:Sync/AirSync:Status":
            answer.status = _number(value.text)
        elif path == "AirSync:Sync/AirSync:Limit":
            answer.limit = _number(value.text)
        elif path == "AirSync:Collection/AirSync:SyncKey":
            collection.sync_key = value.text or ""
        elif path == "AirSync:Collection/AirSync:CollectionId":
            collection.collection_id = value.text or ""
        elif path == "AirSync:Collection/AirSync:Status":
            collection.status = _number(value.text)
        else:
            collection.more = True


def _adds(answer: Answer, folder: Folder) -> list[ServerChange]:
    """The Adds that may be handed out before the answer is whole, taken out of it.

    All else waits: a Change that does not come again, where the answer is lost, could not be taken back. An Add of an
    item that something else is told of keeps its place behind that.
    """
    if len(answer.collections) != 1 or answer.status not in (None, 1):
        return []
    collection = next(iter(answer.collections.values()))
    if collection.status != 1 or collection.collection_id != folder.collection_id or _key_problem(collection):
        return []
    waiting = {change.server_id for change in collection.changes if type(change) is not Add}
    adds, rest = collection.changes, []
    if waiting:
        rest = [change for change in adds if type(change) is not Add or change.server_id in waiting]
        adds = [change for change in adds if type(change) is Add and change.server_id not in waiting]
    collection.changes = rest
    return adds


def _key_problem(collection: CollectionAnswer) -> str | None:
    """What is wrong with the key of an answer that is a success."""
    if not collection.sync_key or collection.sync_key == FIRST_KEY:
        return "without a new SyncKey"
    if len(collection.sync_key) > _LONGEST_KEY:
        return f"with a SyncKey of {len(collection.sync_key)} characters: {_LONGEST_KEY} at most"
    return None


def _number(text: str | None) -> int:
    """A Status as a number; one that is none becomes -1, which no table knows."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def first_collection(session: Session, folder: Folder) -> Collection:
    """What asks for the first key of a collection. It asks for no changes: [MS-ASCMD] section 2.2.3.84, R3128."""
    return collection_of(session, folder, sync_key=FIRST_KEY, supported=_supported(session, folder))


def no_first_key(session: Session, folder: Folder) -> Flow[DamagedError]:
    """The error where the server gives no first key. Raises UnknownFolderError where the folder is gone."""
    yield from recover(session, folder, Action.FOLDER_SYNC)  # SOGo answers so for one that is
    return DamagedError(f"{session.host} gives no first SyncKey for {folder.name}")


def prime(session: Session, folder: Folder, state: CollectionState) -> Flow[CollectionState]:
    """The first key of a collection."""
    request = first_collection(session, folder)
    for _ in range(TRIES):
        answer = yield from exchange(session, encoded(session, request))
        collection, action = judge(session, folder, answer)
        if collection is not None:
            return replace(state, sync_key=collection.sync_key)
        if action is None:
            raise (yield from no_first_key(session, folder))
        if action is Action.RESYNC:
            break
        yield from recover(session, folder, action)
    raise refusal(session, folder, answer)


def _supported(session: Session, folder: Folder) -> SupportedContacts | SupportedCalendar | None:
    """Which properties of the folder's items the client keeps. Of events all are ghosted from 16.0 on: R7309."""
    kinds: dict[ItemClass, type] = {ItemClass.CONTACTS: SupportedContacts}
    if session.version < "16.0":
        kinds[ItemClass.CALENDAR] = SupportedCalendar
    kind = kinds.get(folder.item_class) if folder.item_class is not None else None
    return next((one for one in session.supported if type(one) is kind), None)


def collection_of(session: Session, folder: Folder, **values: Any) -> Collection:
    # Class stands here up to 12.1, and nowhere later: [MS-ASCMD] section 2.2.3.29.2, R6319.
    cls = folder.item_class.value if session.version == "12.1" and folder.item_class is not None else None
    return Collection(cls=cls, collection_id=folder.collection_id, **values)


def encoded(session: Session, *collections: Collection) -> bytes:
    return session.encoded(Sync(collections=list(collections)))


def exchange(session: Session, body: bytes, *, lenient: bool = False, arriving: Arriving | None = None) -> Flow[Answer]:
    """The answer to a Sync; provisions where its Status asks for it.

    What is ``arriving`` is handed out before the answer is whole, and is not in it.
    """
    read = _read_leniently(session) if lenient else _read_answer(session, arriving)
    for _ in range(TRIES):
        answer = yield from session.exchange("Sync", body, read)
        if answer.status is None or not (yield from session.provision_for("Sync", answer.status)):
            return answer
    raise session.status_error("Sync", "Sync", answer.status or 0)


def judge(
    session: Session, folder: Folder, answer: Answer, asked: Group[str] = ()
) -> tuple[CollectionAnswer | None, Action | None]:
    """What came for the folder, or None; and what has to be done before asking again, or None for success.

    ``asked`` are the CollectionIds of all folders that the request was about.

    Raises StatusError for what only the caller can mend, DamagedError for an answer that cannot be true.
    """
    if answer.empty:
        return None, None
    mine = answer.of(folder)
    if answer.status not in (None, 1):
        scope, code = "Sync", answer.status or 0
    elif not mine:
        # A collection that is missing has no changes ([MS-ASCMD] section 2.2.3.199, R4780); another's is no answer.
        if any(one.collection_id not in asked for one in answer.collections.values()):
            raise DamagedError(f"{session.host} answers for another folder than {folder.name}")
        return None, None
    else:
        if len(mine) > 1:
            raise DamagedError(f"{session.host} answers twice for {folder.name}")
        collection = mine[0]
        if collection.status in (None, 1):
            if problem := _key_problem(collection):
                raise DamagedError(f"{session.host} answers for {folder.name} {problem}")
            return collection, None
        scope, code = "Sync", collection.status or 0
    action = status(scope, code).action
    if action is Action.FULL_REQUEST:
        # All of ours are: SOGo says so, now and then, while it is still at the one before.
        action = Action.RETRY
    if action in (Action.RESYNC, Action.FOLDER_SYNC, Action.RETRY):
        return None, action
    raise session.status_error("Sync", scope, code)


def recover(session: Session, folder: Folder, action: Action) -> Flow[None]:
    """Does what has to be done before the same request is sent again."""
    if action is Action.FOLDER_SYNC:
        hierarchy = yield from folders(session)
        if hierarchy.get(folder.collection_id) is None:
            raise UnknownFolderError(f"the folder {folder.name} is gone from the server")
    else:
        yield from session.pause(1.0)


def refusal(session: Session, folder: Folder, answer: Answer) -> ActiveSyncError:
    mine = answer.of(folder)
    code = answer.status if answer.status not in (None, 1) or not mine else mine[0].status
    kind: type[StatusError] | None = None
    if code is not None and status("Sync", code).action is Action.RESYNC:
        kind = InvalidSyncKeyError
    return session.status_error("Sync", "Sync", code or 0, kind)
