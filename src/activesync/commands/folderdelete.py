"""FolderDelete: the end of a folder. It takes and moves on the key of FolderSync.

Source: [MS-ASCMD] section 2.2.1.4.
"""

from __future__ import annotations

from wbxml import FolderHierarchy, Model, field

from .command import Command


class FolderDeleteResponse(Model, tag=FolderHierarchy.FolderDelete):
    """The key that stands for having done it."""

    status: int | None = field(FolderHierarchy.Status)
    sync_key: str | None = field(FolderHierarchy.SyncKey)


class FolderDelete(Command[FolderDeleteResponse], tag=FolderHierarchy.FolderDelete):
    """Deletes a folder with all that is in it."""

    name = "FolderDelete"
    response = FolderDeleteResponse

    sync_key: str | None = field(FolderHierarchy.SyncKey)
    server_id: str | None = field(FolderHierarchy.ServerId)
