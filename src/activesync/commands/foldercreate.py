"""FolderCreate: a new folder. It takes and moves on the key of FolderSync. Source: [MS-ASCMD] section 2.2.1.3."""

from __future__ import annotations

from wbxml import FolderHierarchy, Model, field

from .command import Command
from .foldersync import FolderType


class FolderCreateResponse(Model, tag=FolderHierarchy.FolderCreate):
    """The new folder's ``server_id``, and the key that stands for having it."""

    status: int | None = field(FolderHierarchy.Status)
    sync_key: str | None = field(FolderHierarchy.SyncKey)
    server_id: str | None = field(FolderHierarchy.ServerId)


class FolderCreate(Command[FolderCreateResponse], tag=FolderHierarchy.FolderCreate):
    """Makes a folder within another; ``parent_id`` "0" is the top."""

    name = "FolderCreate"
    response = FolderCreateResponse

    sync_key: str | None = field(FolderHierarchy.SyncKey)
    parent_id: str | None = field(FolderHierarchy.ParentId)
    display_name: str | None = field(FolderHierarchy.DisplayName)
    type: FolderType | None = field(FolderHierarchy.Type)
