"""FolderSync as the server does it, and the commands by which a client changes folders.

Source: [MS-ASCMD] sections 2.2.1.3 to 2.2.1.6, and 2.2.3.177.3 to 2.2.3.177.6 for their Statuses.
"""

from __future__ import annotations

from typing import Any, TypeVar

import wbxml

from ..commands import (
    FolderAdd,
    FolderChange,
    FolderChanges,
    FolderCreate,
    FolderCreateResponse,
    FolderDelete,
    FolderDeleteResponse,
    FolderRemoval,
    FolderSync,
    FolderSyncResponse,
    FolderType,
    FolderUpdate,
    FolderUpdateResponse,
)
from ..hierarchy import ROOT
from ..items import ItemClass
from ..state import FIRST_KEY
from .call import Call, problems
from .device import Relation, Step
from .mailbox import Folder

A = TypeVar("A", FolderSyncResponse, FolderCreateResponse, FolderUpdateResponse, FolderDeleteResponse)

_SUCCESS, _EXISTS, _SPECIAL, _NOT_FOUND, _NO_PARENT, _INVALID_KEY, _MALFORMED = 1, 2, 3, 4, 5, 9, 10

# Those that a client may make, rename and delete; there is one of each of the others, and it stays.
_USER_TYPES = frozenset({FolderType.USER_GENERIC, *range(FolderType.USER_MAIL, FolderType.USER_NOTES + 1)})


def visible(call: Call) -> dict[str, Folder]:
    """The folders that the call's version knows, by ServerId. Notes and the cache of recipients have come with 14.0."""
    folders = call.mailbox.folders
    if call.version >= "14.0":
        return folders
    return {
        key: folder
        for key, folder in folders.items()
        if folder.item_class is not ItemClass.NOTES and folder.type is not FolderType.RECIPIENT_INFORMATION_CACHE
    }


def outdated(call: Call, *, renamed: bool = False) -> bool:
    """Whether folders that the device knows of are gone or new ones have come since its last FolderSync; with
    ``renamed`` also whether one has another name or another place.
    """
    relation = call.device.hierarchy
    if relation is None:
        return True
    known = relation.view((relation.step or relation).key)
    folders = {key: folder.revision for key, folder in visible(call).items()}
    return known != folders if renamed else known.keys() != folders.keys()


def folder_sync(call: Call, request: FolderSync) -> FolderSyncResponse:
    """The folders that have changed since the key, and the next key."""
    if not request.sync_key or problems(request):
        return FolderSyncResponse(status=_MALFORMED)
    if request.sync_key == FIRST_KEY:
        call.device.hierarchy = Relation(FIRST_KEY)
    response, relation = _begin(call, request, request.sync_key)
    if relation is None:
        return response or FolderSyncResponse(status=_INVALID_KEY)
    known, folders = relation.known, visible(call)
    changes: list[FolderAdd | FolderChange | FolderRemoval] = []
    delta: dict[str, int | None] = {}
    for server_id in known:
        if server_id not in folders:
            changes.append(FolderRemoval(server_id=server_id))
            delta[server_id] = None
    for server_id, folder in folders.items():
        if known.get(server_id) == folder.revision:
            continue
        kind = FolderChange if server_id in known else FolderAdd
        changes.append(
            kind(server_id=server_id, parent_id=folder.parent_id, display_name=folder.name, type=folder.type)
        )
        delta[server_id] = folder.revision
    answer = FolderSyncResponse(
        status=_SUCCESS,
        sync_key=request.sync_key,
        changes=FolderChanges(count=len(changes), changes=sorted(changes, key=_rank)),
    )
    return _done(call, relation, request, answer, delta) if changes or request.sync_key == FIRST_KEY else answer


def folder_create(call: Call, request: FolderCreate) -> FolderCreateResponse:
    """The ServerId of a new folder, and the next key."""
    if problems(request) or not request.display_name or request.type not in _USER_TYPES or not request.parent_id:
        return FolderCreateResponse(status=_MALFORMED)
    response, relation = _begin(call, request, request.sync_key)
    if relation is None:
        return response or FolderCreateResponse(status=_INVALID_KEY)
    status = _place(call, request.parent_id, request.display_name)
    if status:
        return FolderCreateResponse(status=status)
    assert request.type is not None
    folder = call.mailbox.add_folder(request.display_name, request.type, request.parent_id)
    answer = FolderCreateResponse(status=_SUCCESS, server_id=folder.server_id)
    return _done(call, relation, request, answer, {folder.server_id: folder.revision})


def folder_update(call: Call, request: FolderUpdate) -> FolderUpdateResponse:
    """The key that comes after a folder was renamed or moved."""
    if problems(request) or not request.display_name or not request.parent_id:
        return FolderUpdateResponse(status=_MALFORMED)
    response, relation = _begin(call, request, request.sync_key)
    if relation is None:
        return response or FolderUpdateResponse(status=_INVALID_KEY)
    folder = visible(call).get(request.server_id or "")
    if folder is None:
        return FolderUpdateResponse(status=_NOT_FOUND)
    if folder.type is FolderType.RECIPIENT_INFORMATION_CACHE:
        return FolderUpdateResponse(status=_SPECIAL)  # R143
    status = (
        _EXISTS if folder.type not in _USER_TYPES else _place(call, request.parent_id, request.display_name, folder)
    )
    if status:
        return FolderUpdateResponse(status=status)
    call.mailbox.rename_folder(folder, request.display_name, request.parent_id)
    return _done(call, relation, request, FolderUpdateResponse(status=_SUCCESS), {folder.server_id: folder.revision})


def folder_delete(call: Call, request: FolderDelete) -> FolderDeleteResponse:
    """The key that comes after a folder was deleted. Those within go with it, which the next FolderSync tells."""
    if problems(request):
        return FolderDeleteResponse(status=_MALFORMED)
    response, relation = _begin(call, request, request.sync_key)
    if relation is None:
        return response or FolderDeleteResponse(status=_INVALID_KEY)
    folder = visible(call).get(request.server_id or "")
    if folder is None or folder.type not in _USER_TYPES:
        return FolderDeleteResponse(status=_NOT_FOUND if folder is None else _SPECIAL)
    call.mailbox.remove_folder(folder)
    return _done(call, relation, request, FolderDeleteResponse(status=_SUCCESS), {folder.server_id: None})


def _place(call: Call, parent_id: str, name: str, moved: Folder | None = None) -> int:
    """The Status that keeps a folder from this place, 0 where there is none."""
    folders = visible(call)
    if parent_id != ROOT and parent_id not in folders:
        return _NO_PARENT
    if parent_id != ROOT and folders[parent_id].type is FolderType.RECIPIENT_INFORMATION_CACHE:
        return _SPECIAL  # R142, R5769
    inside = parent_id
    while moved is not None and inside in folders:
        if inside == moved.server_id:
            return _NO_PARENT  # a folder cannot be within itself
        inside = folders[inside].parent_id
    taken = any(
        folder.parent_id == parent_id and folder.name.lower() == name.lower() and folder is not moved
        for folder in folders.values()
    )
    return _EXISTS if taken else 0


def _begin(call: Call, request: wbxml.Model, key: str | None) -> tuple[Any, Relation | None]:
    """The answer that this very request has had already, or the Relation to go on with; neither: the key is wrong."""
    relation = call.device.hierarchy
    if relation is None or key is None:
        return None, None
    try:
        step = relation.begin(key, wbxml.encode(request))
    except KeyError:
        return None, None
    return (step.response, None) if step is not None else (None, relation)


def _done(call: Call, relation: Relation, request: wbxml.Model, answer: A, delta: dict[str, int | None]) -> A:
    """The answer with the next key, which stands for ``delta`` as well."""
    answer.sync_key = call.device.new_key()
    relation.step = Step(answer.sync_key, wbxml.encode(request), answer, delta)
    return answer


def _rank(change: FolderAdd | FolderChange | FolderRemoval) -> int:
    """The schema has Update first, then Delete, then Add."""
    return (FolderChange, FolderRemoval, FolderAdd).index(type(change))
