"""FolderUpdate: another name or place for a folder. It takes and moves on the key of FolderSync.

Source: [MS-ASCMD] section 2.2.1.6.
"""

from __future__ import annotations

from wbxml import FolderHierarchy, Model, field

from .command import Command


class FolderUpdateResponse(Model, tag=FolderHierarchy.FolderUpdate):
    """The key that stands for having done it."""

    status: int | None = field(FolderHierarchy.Status)
    sync_key: str | None = field(FolderHierarchy.SyncKey)


class FolderUpdate(Command[FolderUpdateResponse], tag=FolderHierarchy.FolderUpdate):
    """Renames a folder or moves it; ``parent_id`` "0" is the top."""

    name = "FolderUpdate"
    response = FolderUpdateResponse

    sync_key: str | None = field(FolderHierarchy.SyncKey)
    server_id: str | None = field(FolderHierarchy.ServerId)
    parent_id: str | None = field(FolderHierarchy.ParentId)
    display_name: str | None = field(FolderHierarchy.DisplayName)
