"""FolderSync: the folders of a mailbox. Source: [MS-ASCMD] section 2.2.1.5."""

from __future__ import annotations

from enum import IntEnum

from wbxml import FolderHierarchy, Model, field

from ..items import ItemClass
from .command import Command


class FolderType(IntEnum):
    """What a folder is for: [MS-ASCMD] section 2.2.3.186.3."""

    USER_GENERIC = 1
    INBOX = 2
    DRAFTS = 3
    DELETED_ITEMS = 4
    SENT_ITEMS = 5
    OUTBOX = 6
    TASKS = 7
    CALENDAR = 8
    CONTACTS = 9
    NOTES = 10
    JOURNAL = 11
    USER_MAIL = 12
    USER_CALENDAR = 13
    USER_CONTACTS = 14
    USER_TASKS = 15
    USER_JOURNAL = 16
    USER_NOTES = 17
    UNKNOWN = 18
    RECIPIENT_INFORMATION_CACHE = 19

    @property
    def item_class(self) -> ItemClass | None:
        """The class of the items in such a folder, or None where it holds none of the five: journals, unknown ones."""
        return _ITEM_CLASS.get(self)


_ITEM_CLASS = {
    FolderType.USER_GENERIC: ItemClass.EMAIL,
    FolderType.INBOX: ItemClass.EMAIL,
    FolderType.DRAFTS: ItemClass.EMAIL,
    FolderType.DELETED_ITEMS: ItemClass.EMAIL,
    FolderType.SENT_ITEMS: ItemClass.EMAIL,
    FolderType.OUTBOX: ItemClass.EMAIL,
    FolderType.TASKS: ItemClass.TASKS,
    FolderType.CALENDAR: ItemClass.CALENDAR,
    FolderType.CONTACTS: ItemClass.CONTACTS,
    FolderType.NOTES: ItemClass.NOTES,
    FolderType.USER_MAIL: ItemClass.EMAIL,
    FolderType.USER_CALENDAR: ItemClass.CALENDAR,
    FolderType.USER_CONTACTS: ItemClass.CONTACTS,
    FolderType.USER_TASKS: ItemClass.TASKS,
    FolderType.USER_NOTES: ItemClass.NOTES,
    FolderType.RECIPIENT_INFORMATION_CACHE: ItemClass.CONTACTS,
}


class FolderAdd(Model, tag=FolderHierarchy.Add):
    """A folder that is new. ``parent_id`` is "0" at the top."""

    server_id: str | None = field(FolderHierarchy.ServerId)
    parent_id: str | None = field(FolderHierarchy.ParentId)
    display_name: str | None = field(FolderHierarchy.DisplayName)
    type: FolderType | None = field(FolderHierarchy.Type)


class FolderChange(Model, tag=FolderHierarchy.Update):
    """A folder with a new name or parent."""

    server_id: str | None = field(FolderHierarchy.ServerId)
    parent_id: str | None = field(FolderHierarchy.ParentId)
    display_name: str | None = field(FolderHierarchy.DisplayName)
    type: FolderType | None = field(FolderHierarchy.Type)


class FolderRemoval(Model, tag=FolderHierarchy.Delete):
    """A folder that is gone."""

    server_id: str | None = field(FolderHierarchy.ServerId)


class FolderChanges(Model, tag=FolderHierarchy.Changes):
    """What has happened to the folders, in the order of the answer; ``count`` is how many folders that concerns."""

    count: int | None = field(FolderHierarchy.Count)
    changes: list[FolderChange | FolderRemoval | FolderAdd] = field()


class FolderSyncResponse(Model, tag=FolderHierarchy.FolderSync):
    """The changes since the key of the request, and the key that stands for having them."""

    status: int | None = field(FolderHierarchy.Status)
    sync_key: str | None = field(FolderHierarchy.SyncKey)
    changes: FolderChanges | None = field()


class FolderSync(Command[FolderSyncResponse], tag=FolderHierarchy.FolderSync):
    """Asks for the folders that have changed since ``sync_key``; "0" asks for all of them."""

    name = "FolderSync"
    response = FolderSyncResponse

    sync_key: str | None = field(FolderHierarchy.SyncKey)
