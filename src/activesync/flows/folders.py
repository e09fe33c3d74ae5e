"""The hierarchy of folders: brought up to date, searched, and changed. Source: [MS-ASCMD] sections 2.2.1.3 to 2.2.1.6.

Its key is kept with what it stands for (section 2.2.3.181.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

from ..commands import (
    Command,
    DeviceInformationRequest,
    FolderAdd,
    FolderChange,
    FolderCreate,
    FolderDelete,
    FolderRemoval,
    FolderSync,
    FolderType,
    FolderUpdate,
    Settings,
)
from ..effects import Flow, Load, Save
from ..errors import (
    AnswerError,
    AuthenticationError,
    DamagedError,
    ForbiddenError,
    HTTPError,
    ServerBusyError,
    UnknownFolderError,
)
from ..hierarchy import ROOT, Folder, Hierarchy
from ..session import Session
from ..state import FIRST_KEY, CollectionState, state_name
from ..status import Action, status

# How often the folders are asked for, before it is told that they cannot be had.
TRIES: Final = 3


def folders(session: Session) -> Flow[Hierarchy]:
    """The folders, brought up to date with the server and kept. Source: [MS-ASCMD] section 2.2.1.5."""
    yield from session.begin()
    if session.owes_device:
        yield from _tell_of_device(session)
    known = hierarchy = Hierarchy.from_json((yield Load("folders")))
    if known.sync_key == FIRST_KEY:
        hierarchy = Hierarchy()  # what does not come again is gone
    for _ in range(TRIES):
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
    return (yield from _keep_folders(known, hierarchy.changed(response.sync_key, changes)))


def with_items(session: Session, hierarchy: Hierarchy) -> list[Folder]:
    """The folders that can be synchronised."""
    # [MS-ASCMD] section 3.1.5.4, R5916: drafts are synchronised from 16.0 on only.
    left_out = () if session.version >= "16.0" else (FolderType.DRAFTS,)
    return [folder for folder in hierarchy if folder.item_class is not None and folder.type not in left_out]


def _tell_of_device(session: Session) -> Flow[None]:
    """Tells the server about the device, which decides by it what the device may have: [MS-ASCMD] section 2.2.3.45."""
    device = session.device
    if session.version == "12.1":
        device = replace(device, enable_outbound_sms=None, mobile_operator=None)  # of 14.0 and later: R6433, R6434
    try:
        yield from session.run(Settings(device_information=DeviceInformationRequest(set=device)))
    except (AuthenticationError, ForbiddenError, ServerBusyError):
        raise
    except (HTTPError, AnswerError):
        pass  # a server without Settings: the folders are there all the same
    yield from session.device_told()


def create_folder(
    session: Session, name: str, *, parent: Folder | str | None = None, type: FolderType = FolderType.USER_MAIL
) -> Flow[Folder]:
    """The new folder. Source: [MS-ASCMD] section 2.2.1.3."""
    yield from session.begin()
    parent_id = yield from _parent(session, ROOT if parent is None else parent)
    hierarchy, key, server_id = yield from _change_folders(
        session, lambda key: FolderCreate(sync_key=key, parent_id=parent_id, display_name=name, type=type)
    )
    if not server_id:
        raise DamagedError(f"{session.host} answers FolderCreate without a ServerId")
    added = FolderAdd(server_id=server_id, parent_id=parent_id, display_name=name, type=type)
    yield from _keep_folders(hierarchy, hierarchy.changed(key, [added]))
    return Folder(server_id, parent_id, name, type)


def update_folder(
    session: Session, wanted: Folder | str, name: str | None, *, parent: Folder | str | None = None
) -> Flow[Folder]:
    """The folder under another name or in another one. Source: [MS-ASCMD] section 2.2.1.6."""
    yield from session.begin()
    folder = yield from find_folder(session, wanted)
    parent_id = folder.parent_id if parent is None else (yield from _parent(session, parent))
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
    yield from _keep_folders(hierarchy, hierarchy.changed(key, [told]))
    return changed


def _parent(session: Session, wanted: Folder | str) -> Flow[str]:
    return ROOT if wanted == ROOT else (yield from find_folder(session, wanted)).collection_id


def delete_folder(session: Session, wanted: Folder | str) -> Flow[None]:
    """Deletes a folder with all that is in it. Source: [MS-ASCMD] section 2.2.1.4."""
    yield from session.begin()
    folder = yield from find_folder(session, wanted)
    hierarchy, key, _ = yield from _change_folders(
        session, lambda key: FolderDelete(sync_key=key, server_id=folder.collection_id)
    )
    removed = FolderRemoval(server_id=folder.collection_id)
    yield from _keep_folders(hierarchy, hierarchy.changed(key, [removed]))


def _change_folders(
    session: Session, command: Callable[[str], FolderCreate | FolderUpdate | FolderDelete]
) -> Flow[tuple[Hierarchy, str, str | None]]:
    """The folders as they were, their new key, and the id of a new folder, after a command that changes them.

    The caller keeps the key with the change that it stands for: the server does not tell a client of its own.
    """
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


def _keep_folders(known: Hierarchy, changed: Hierarchy) -> Flow[Hierarchy]:
    """Keeps the folders as they are now; what is kept of those that are gone goes with them."""
    gone: dict[str, str | None] = {}
    for folder in known:
        if changed.get(folder.collection_id) is None:
            name = state_name(folder.collection_id)
            state = CollectionState.from_json((yield Load(name)))
            gone |= dict.fromkeys([name, *state.rows(folder.collection_id)])
    yield Save(gone | {"folders": changed.to_json()})
    return changed


def find_folder(session: Session, wanted: Folder | str) -> Flow[Folder]:
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
