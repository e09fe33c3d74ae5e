"""Sync and GetItemEstimate as the server does them. Source: [MS-ASCMD] sections 2.2.1.21, 2.2.1.8 and 3.1.5.9."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import wbxml
from wbxml import AirSync, Element

from ..commands import (
    FILTERS,
    Add,
    Change,
    Collection,
    CollectionEstimate,
    CollectionResponse,
    Delete,
    EstimateCollection,
    EstimateCollection121,
    EstimateResponse,
    FilterType,
    FolderType,
    GetItemEstimate,
    GetItemEstimate121,
    GetItemEstimateResponse,
    Options,
    SoftDelete,
    Sync,
    SyncResponse,
)
from ..items import MODELS, CalendarEvent, Email, ItemClass, Task
from ..state import FIRST_KEY
from .apply import Applied, apply
from .call import Call, problems
from .device import Queue, Relation, Step
from .folders import outdated, visible
from .mailbox import Folder, Stored
from .present import marks, present

# [MS-ASCMD] section 2.2.3.177.17.
_SUCCESS, _INVALID_KEY, _PROTOCOL_ERROR, _NOT_FOUND = 1, 3, 4, 8
_HIERARCHY_CHANGED, _INCOMPLETE, _WRONG_WAIT, _TOO_MANY = 12, 13, 14, 15
# Section 3.1.5.10: how many Add, Change, Delete and Fetch one request may have; section 2.2.3.199: the largest window.
_MOST_COMMANDS, _LARGEST_WINDOW, _DEFAULT_WINDOW = 200, 512, 100

# The order of a Collection's elements is strict: section 2.2.3.29.2, R975 and R976.
_ORDER = (
    AirSync.Class,
    AirSync.SyncKey,
    AirSync.CollectionId,
    AirSync.Supported,
    AirSync.DeletesAsMoves,
    AirSync.GetChanges,
    AirSync.WindowSize,
    AirSync.ConversationMode,
    AirSync.Options,
    AirSync.Commands,
)

_DAYS = {
    FilterType.ONE_DAY: 1,
    FilterType.THREE_DAYS: 3,
    FilterType.ONE_WEEK: 7,
    FilterType.TWO_WEEKS: 14,
    FilterType.ONE_MONTH: 31,
    FilterType.THREE_MONTHS: 92,
    FilterType.SIX_MONTHS: 183,
}
_ADD, _CHANGE, _DELETE, _SOFT_DELETE = "add", "change", "delete", "soft delete"


def sync(call: Call, request: Sync | None) -> SyncResponse | None:
    """The answer to a Sync, None for an empty one. ``request`` is None where the request was empty."""
    device = call.device
    cached = device.cached
    if request is None or request.partial:
        # Section 2.2.1.21.1, R673; an empty or partial request without a full one before it: R4456.
        if cached is None or (request is not None and problems(request)):
            return SyncResponse(status=_INCOMPLETE)
        request = cached if request is None else _completed(cached, request)
    elif not _in_order(call.document.root):
        return SyncResponse(status=_PROTOCOL_ERROR)
    device.cached = None  # R674
    seconds = (request.wait or 0) * 60 or request.heartbeat_interval or 0
    if not _sound(call, request):
        return SyncResponse(status=_PROTOCOL_ERROR)
    if len(request.collections) > call.rules.most_collections:
        return SyncResponse(status=_TOO_MANY, limit=call.rules.most_collections)
    shortest, longest = call.rules.heartbeat
    if seconds and not shortest <= seconds <= longest:
        limit = shortest if seconds < shortest else longest
        return SyncResponse(status=_WRONG_WAIT, limit=limit // 60 if request.wait else limit)
    if device.hierarchy is None:
        return SyncResponse(status=_HIERARCHY_CHANGED)
    if not any(collection.commands for collection in request.collections):
        device.cached = request  # R666
    answers = _carry_out(call, request)
    if seconds and not answers:
        answers = _hold(call, request, seconds)
    if answers:
        return SyncResponse(collections=answers)
    if call.rules.empty_answers:
        return None
    return SyncResponse(
        collections=[
            CollectionResponse(sync_key=one.sync_key, collection_id=one.collection_id, status=_SUCCESS)
            for one in request.collections
        ]
    )


def _completed(cached: Sync, request: Sync) -> Sync:
    """A partial request with what the one before it has told: section 2.2.3.131."""
    given = {one.collection_id: one for one in request.collections}
    collections = [given.pop(one.collection_id, one) for one in cached.collections]
    return Sync(
        collections=[*collections, *given.values()],
        wait=request.wait or cached.wait,
        heartbeat_interval=request.heartbeat_interval or cached.heartbeat_interval,
        window_size=cached.window_size if request.window_size is None else request.window_size,
    )


def _in_order(root: Element) -> bool:
    for collection in root.findall("AirSync:Collections/AirSync:Collection"):
        last = 0
        for child in collection:
            if child.tag not in _ORDER or _ORDER.index(child.tag) < last:
                return False
            last = _ORDER.index(child.tag)
    return True


def _sound(call: Call, request: Sync) -> bool:
    """Whether a request keeps to the rules; one that does not is not carried out at all."""
    identifiers = [one.collection_id for one in request.collections]
    if not identifiers or len(set(identifiers)) < len(identifiers) or problems(request):
        return False
    if request.wait is not None and request.heartbeat_interval is not None:
        return False  # section 2.2.3.198, R4748
    if sum(len(one.commands) for one in request.collections) > _MOST_COMMANDS:
        return False
    return all(_sound_collection(call, one) for one in request.collections)


def _sound_collection(call: Call, collection: Collection) -> bool:
    preferences = [preference for options in collection.options for preference in options.body_preferences]
    if problems(collection, *collection.options, *preferences):
        return False
    if not collection.sync_key or not collection.collection_id:
        return False
    if len(collection.sync_key) > 64 or len(collection.collection_id) > 64:
        return False
    if collection.cls is not None and call.version >= "14.0":
        return False  # R6319: it has moved into Options and Add
    if collection.sync_key == FIRST_KEY and (collection.get_changes or collection.commands):
        return False  # section 2.2.3.84, R3128
    folder = visible(call).get(collection.collection_id)
    if folder is None or folder.item_class is None:
        return True
    if folder.item_class is ItemClass.NOTES and collection.sync_key == FIRST_KEY and collection.supported is not None:
        return False  # [MS-ASNOTE] R114
    if not _fits(folder, collection):
        return False  # R935, R2117
    if any(not _filters(folder, options) for options in collection.options):
        return False  # R3080
    # Section 2.2.3.7.2, R756.
    return not (folder.type is FolderType.RECIPIENT_INFORMATION_CACHE and collection.commands)


def _filters(folder: Folder, options: Options) -> bool:
    """Whether the folder's class knows the filter. Contacts and notes take any, and heed none (R3078)."""
    return options.filter_type is None or options.filter_type in FILTERS.get(folder.item_class, FilterType)


def _fits(folder: Folder, collection: Collection | EstimateCollection) -> bool:
    """Whether conversations and classes are asked for where there are such: of two classes, only mails and SMS."""
    mails = folder.item_class is ItemClass.EMAIL
    allowed = (None, folder.item_class, ItemClass.SMS if mails else folder.item_class)
    return (mails or collection.conversation_mode is None) and all(one.cls in allowed for one in collection.options)


def _window(asked: int | None) -> int:
    """How many changes are sent at most: section 2.2.3.199, R4767 and R4768."""
    if asked is None:
        return _DEFAULT_WINDOW
    return asked if 0 < asked <= _LARGEST_WINDOW else _LARGEST_WINDOW


def _carry_out(call: Call, request: Sync) -> list[CollectionResponse]:
    """The answers for the collections in which there is something to tell."""
    answers = []
    # Without a window of its own the request as a whole is not limited: each collection is.
    room = None if request.window_size is None else _window(request.window_size)
    for collection in request.collections:
        if room == 0 and not collection.commands and collection.sync_key != FIRST_KEY:
            continue  # R4782: what is left over comes next time
        answer = _collection(call, collection, room)
        if answer is not None:
            answers.append(answer)
            if room is not None:
                room -= min(len(answer.commands), room)
    return answers


def _hold(call: Call, request: Sync, seconds: float) -> list[CollectionResponse]:
    """The answers as soon as an item is new in a collection, or after this time: section 3.1.5.4, R5595 to R5598."""
    until = time.monotonic() + seconds
    mailbox = call.mailbox
    while True:
        mailbox.changed.wait(until - time.monotonic())
        if call.stopping.is_set() or time.monotonic() >= until or _anything_new(call, request):
            return _carry_out(call, request)


def _anything_new(call: Call, request: Sync) -> bool:
    for collection in request.collections:
        folder = visible(call).get(collection.collection_id or "")
        if folder is None or anything_new(call, folder, collection.sync_key):
            return True
    return False


def anything_new(call: Call, folder: Folder, key: str | None = None) -> bool:
    """Whether the folder has an item that the device does not, by this key of its, or by the last one given to it."""
    return _ADD in _kinds(call, folder, key)


def anything_changed(call: Call, folder: Folder) -> bool:
    """Whether the folder has changed in any way since the last key that was given to the device."""
    return bool(_kinds(call, folder, None))


def _kinds(call: Call, folder: Folder, key: str | None) -> set[str]:
    """The kinds of operations that are due; a folder that was never synchronised is new as a whole."""
    relation = call.device.collections.get(folder.server_id)
    if relation is None:
        return {_ADD}
    known = relation.view(key or (relation.step or relation).key)
    return {kind for kind, _ in _operations(call, folder, known, relation.options)}


def _collection(call: Call, collection: Collection, room: int | None) -> CollectionResponse | None:
    """The answer for one collection, None where there is nothing to tell; ``room`` is what the request has left."""
    key, identifier = collection.sync_key, collection.collection_id
    assert key is not None and identifier is not None
    folder = visible(call).get(identifier)
    if folder is None or folder.item_class is None:
        # The device may know by FolderSync that there is no such folder; if not, that is what it has to do first.
        status = _HIERARCHY_CHANGED if outdated(call) else _NOT_FOUND
        return CollectionResponse(sync_key=key, collection_id=identifier, status=status)
    cls = str(folder.item_class) if call.version < "14.0" else None
    relations = call.device.collections
    if key == FIRST_KEY:
        relation = relations[identifier] = Relation(call.device.new_key(), supported=collection.supported)
        _take_options(relation, collection)
        return CollectionResponse(cls=cls, sync_key=relation.key, collection_id=identifier, status=_SUCCESS)
    relation = relations.get(identifier, Relation(FIRST_KEY))
    asked = wbxml.encode(collection)
    try:
        step = relation.begin(key, asked)
    except KeyError:
        return CollectionResponse(cls=cls, sync_key=FIRST_KEY, collection_id=identifier, status=_INVALID_KEY)
    if step is not None:
        lost: CollectionResponse = step.response
        return lost
    _take_options(relation, collection)
    applied = apply(call, folder, relation, collection, relation.known)
    answer = CollectionResponse(cls=cls, collection_id=identifier, status=_SUCCESS, responses=list(applied.responses))
    delta = applied.delta
    own = {server_id: revision for server_id, revision in delta.items() if revision is not None}
    queue, position = None, 0
    if collection.get_changes is not False:
        window = _window(collection.window_size)
        queue, position = _due(call, folder, relation, applied, whole=bool(collection.conversation_mode))
        end = position + (window if room is None else min(window, room))
        for kind, server_id in queue.operations[position:end]:
            answer.commands.append(_command(call, folder, relation, kind, server_id))
            kept = folder.items.get(server_id)
            delta[server_id] = kept.revision if kept is not None and kind in (_ADD, _CHANGE) else None
        answer.more_available = end < len(queue.operations)
        position = min(end, len(queue.operations))
    if not collection.commands and not answer.commands and not answer.more_available:
        return None
    answer.sync_key = call.device.new_key()
    relation.step = Step(
        answer.sync_key,
        asked,
        answer,
        delta,
        relation.own | own,
        relation.added | applied.added,
        queue,
        position,
    )
    return answer


def _take_options(relation: Relation, collection: Collection) -> None:
    """Options stay until others come, and then are replaced as a whole: section 2.2.3.125.6, R3597 to R3599."""
    for options in collection.options:
        if options.cls != ItemClass.SMS:
            relation.options = options


def _due(call: Call, folder: Folder, relation: Relation, applied: Applied, *, whole: bool) -> tuple[Queue, int]:
    """The operations that bring the device up to date, and how many of them it has had already."""
    queue = relation.queue
    filter_type = relation.options.filter_type or FilterType.ALL
    # With a window of time the next moment may take items out of it: then nothing is kept.
    lasting = filter_type in (FilterType.ALL, FilterType.INCOMPLETE_TASKS)
    if queue is not None and lasting and queue.touched == folder.touched and queue.filter == (filter_type, whole):
        return queue, relation.position
    known = relation.known
    if applied.delta:
        known = {key: value for key, value in known.items() if key not in applied.delta}
        known.update({key: value for key, value in applied.delta.items() if value is not None})
    operations = _operations(call, folder, known, relation.options, whole=whole)
    return Queue(folder.touched, (filter_type, whole), operations), 0


def _operations(
    call: Call, folder: Folder, known: dict[str, int], options: Options, *, whole: bool = False
) -> list[tuple[str, str]]:
    """What a device that knows so much of a folder has to be sent, new items last and the newest of them first.

    With ``whole`` conversations they are expanded by the mails outside of the filter: section 2.2.3.36.2, R2110.
    """
    items = folder.items
    inside: Callable[[Stored], bool] = _filter(folder, options, call.mailbox.now())
    if whole:
        inside = _expanded(folder, inside)
    found = []
    for server_id, revision in known.items():
        kept = items.get(server_id)
        if kept is None:
            found.append((_DELETE, server_id))
        elif not inside(kept):
            found.append((_SOFT_DELETE, server_id))
        elif kept.revision != revision:
            found.append((_CHANGE, server_id))
    found += [
        (_ADD, server_id) for server_id, kept in reversed(items.items()) if server_id not in known and inside(kept)
    ]
    return found


def _expanded(folder: Folder, inside: Callable[[Stored], bool]) -> Callable[[Stored], bool]:
    def conversation(kept: Stored) -> bytes | None:
        return kept.item.conversation_id if isinstance(kept.item, Email) else None

    alive = {conversation(kept) for kept in folder.items.values() if inside(kept)} - {None}
    return lambda kept: inside(kept) or conversation(kept) in alive


@dataclass(frozen=True, slots=True)
class _Filter:
    """Which items of a folder are synchronised."""

    model: type
    since: datetime | None
    incomplete: bool

    def __call__(self, kept: Stored) -> bool:
        item = kept.item
        if not isinstance(item, self.model):
            return False
        if self.since is not None:
            if isinstance(item, Email):
                return item.date_received is None or item.date_received >= self.since
            if isinstance(item, CalendarEvent):
                return _lasts_until(item, self.since)
        return not (self.incomplete and isinstance(item, Task) and item.complete)


def _lasts_until(event: CalendarEvent, when: datetime) -> bool:
    """Whether an event, or an instance of it, ends after this: section 2.2.3.68.2, R3065 and R5878."""
    recurrence = event.recurrence
    if recurrence is not None and (recurrence.until is None or recurrence.until >= when):
        return True
    end = event.end_time or event.start_time
    return end is None or end >= when


def _filter(folder: Folder, options: Options, now: datetime) -> _Filter:
    days = _DAYS.get(options.filter_type or FilterType.ALL)
    assert folder.item_class is not None
    dated = folder.item_class in (ItemClass.EMAIL, ItemClass.CALENDAR)
    since = None if days is None or not dated else now - timedelta(days=days)
    return _Filter(MODELS[folder.item_class], since, options.filter_type is FilterType.INCOMPLETE_TASKS)


def _command(
    call: Call, folder: Folder, relation: Relation, kind: str, server_id: str
) -> Add | Change | Delete | SoftDelete:
    if kind == _DELETE:
        return Delete(server_id=server_id)
    if kind == _SOFT_DELETE:
        return SoftDelete(server_id=server_id)
    kept = folder.items[server_id]
    if kind == _CHANGE:
        if isinstance(kept.item, Email) and relation.known.get(server_id, 0) >= kept.substance:
            return Change(server_id=server_id, item=marks(kept, call.version))
        return Change(server_id=server_id, item=present(kept, call.version, relation.options))
    return Add(server_id=server_id, item=present(kept, call.version, relation.options))


# GetItemEstimate: [MS-ASCMD] section 2.2.3.177.7, and 2.2.3.68.1 for the filters.

_UNKNOWN_COLLECTION, _NOT_PRIMED, _WRONG_KEY, _WRONG_FILTER, _INVALID_XML = 2, 3, 4, 110, 103
_WRONG_CLASSES = 4
_MOST_ESTIMATES = 1000


def get_item_estimate(call: Call, request: GetItemEstimate | GetItemEstimate121) -> GetItemEstimateResponse:
    """How many changes a Sync of each folder would bring. It changes no key (R4591)."""
    if not request.collections or problems(request) or len(request.collections) > _MOST_ESTIMATES:
        return GetItemEstimateResponse(status=_INVALID_XML)
    answers = []
    for collection in request.collections:
        status, estimate = _estimate(call, collection)
        told = CollectionEstimate(collection_id=collection.collection_id, estimate=estimate)
        answers.append(EstimateResponse(status=status, collection=told if status == _SUCCESS else None))
    return GetItemEstimateResponse(responses=answers)


def _estimate(call: Call, collection: EstimateCollection | EstimateCollection121) -> tuple[int, int | None]:
    folder = visible(call).get(collection.collection_id or "")
    if folder is None or folder.item_class is None:
        return _UNKNOWN_COLLECTION, None
    relation = call.device.collections.get(folder.server_id)
    if relation is None or collection.sync_key == FIRST_KEY:
        return _NOT_PRIMED, None
    if not collection.sync_key or not relation.knows(collection.sync_key):
        return _WRONG_KEY, None
    whole = False
    if isinstance(collection, EstimateCollection):
        whole = bool(collection.conversation_mode)
        options = next((one for one in collection.options if one.cls != ItemClass.SMS), Options())
        if problems(collection, *collection.options):
            return _INVALID_XML, None
        if not _fits(folder, collection):
            return (_INVALID_XML if collection.conversation_mode is not None else _WRONG_CLASSES), None  # R2100, R908
    else:
        options = Options(filter_type=collection.filter_type)
        if problems(collection):
            return _INVALID_XML, None
    if not _filters(folder, options):
        return _WRONG_FILTER, None
    known = relation.view(collection.sync_key)
    return _SUCCESS, len(_operations(call, folder, known, options, whole=whole))
