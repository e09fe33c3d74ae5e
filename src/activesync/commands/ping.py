"""Ping: tells when something is new in one of many folders, as soon as it is. Source: [MS-ASCMD] section 2.2.1.13."""

from __future__ import annotations

from wbxml import Model, field
from wbxml import Ping as Page

from .command import Command


class PingFolder(Model, tag=Page.Folder):
    """A folder to watch, and the class of its items: "Email", "Calendar", "Contacts", "Tasks" or, from 14.0, "Notes".

    It must have a SyncKey other than "0": the server tells what is new since the last one that it has given out.
    """

    collection_id: str | None = field(Page.Id)
    cls: str | None = field(Page.Class)


class PingResponse(Model, tag=Page.Ping):
    """What has become of the wait: Status 1 is nothing, 2 something new in ``folders``, which are CollectionIds.

    ``heartbeat_interval``, in seconds, comes with Status 5: the nearest that the server allows; ``max_folders`` with
    Status 6: how many it watches at most.
    """

    status: int | None = field(Page.Status)
    folders: list[str] = field(Page.Folder, within=Page.Folders)
    max_folders: int | None = field(Page.MaxFolders)
    heartbeat_interval: int | None = field(Page.HeartbeatInterval)


class Ping(Command[PingResponse], tag=Page.Ping):
    """Waits ``heartbeat_interval`` seconds for something new in ``folders``.

    The server remembers both for the device: either may be left out where it has not changed. Client.watch() does all
    that belongs to it.
    """

    name = "Ping"
    response = PingResponse

    heartbeat_interval: int | None = field(Page.HeartbeatInterval)
    folders: list[PingFolder] = field(within=Page.Folders)
