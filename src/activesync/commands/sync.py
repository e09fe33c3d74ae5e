"""Sync: the items of folders, in both directions. Source: [MS-ASCMD] section 2.2.1.21."""

from __future__ import annotations

from datetime import datetime

from wbxml import AirSync, AirSyncBase, Email2, Model, decode, encode, field

from ..items import Item
from .command import Command
from .options import Options
from .supported import SupportedCalendar, SupportedContacts


class Add(Model, tag=AirSync.Add):
    """A new item: from the client with ``client_id``, from the server with ``server_id``."""

    cls: str | None = field(AirSync.Class, since="14.0")
    client_id: str | None = field(AirSync.ClientId)
    server_id: str | None = field(AirSync.ServerId)
    send: bool = field(Email2.Send, flag=True)
    item: Item | None = field(AirSync.ApplicationData)


class Change(Model, tag=AirSync.Change):
    """An item, or from 16.0 one instance of a recurring event, with new values."""

    cls: str | None = field(AirSync.Class, since="14.0")
    server_id: str | None = field(AirSync.ServerId)
    instance_id: datetime | None = field(AirSyncBase.InstanceId, compact=True)
    send: bool = field(Email2.Send, flag=True)
    item: Item | None = field(AirSync.ApplicationData)


class Delete(Model, tag=AirSync.Delete):
    """An item, or from 16.0 one instance of a recurring event, that is deleted."""

    cls: str | None = field(AirSync.Class, since="14.0")
    server_id: str | None = field(AirSync.ServerId)
    instance_id: datetime | None = field(AirSyncBase.InstanceId, compact=True)


class SoftDelete(Model, tag=AirSync.SoftDelete):
    """An item that has left the filter: the client drops its copy, the server keeps the item."""

    server_id: str | None = field(AirSync.ServerId)


class Fetch(Model, tag=AirSync.Fetch):
    """Asks for a whole item."""

    server_id: str | None = field(AirSync.ServerId)


class AddResponse(Model, tag=AirSync.Add):
    """What became of an Add: the ``server_id`` that now stands for its ``client_id``."""

    cls: str | None = field(AirSync.Class, since="14.0")
    client_id: str | None = field(AirSync.ClientId)
    server_id: str | None = field(AirSync.ServerId)
    status: int | None = field(AirSync.Status)
    item: Item | None = field(AirSync.ApplicationData)


class ChangeResponse(Model, tag=AirSync.Change):
    """What became of a Change. From 14.1 on only failures come, and changes to attachments."""

    cls: str | None = field(AirSync.Class, since="14.0")
    server_id: str | None = field(AirSync.ServerId)
    instance_id: datetime | None = field(AirSyncBase.InstanceId, compact=True)
    status: int | None = field(AirSync.Status)
    item: Item | None = field(AirSync.ApplicationData)


class DeleteResponse(Model, tag=AirSync.Delete):
    """Why a Delete failed."""

    cls: str | None = field(AirSync.Class, since="14.0")
    server_id: str | None = field(AirSync.ServerId)
    instance_id: datetime | None = field(AirSyncBase.InstanceId, compact=True)
    status: int | None = field(AirSync.Status)


class FetchResponse(Model, tag=AirSync.Fetch):
    """The item that a Fetch asked for."""

    server_id: str | None = field(AirSync.ServerId)
    status: int | None = field(AirSync.Status)
    item: Item | None = field(AirSync.ApplicationData)


class CollectionResponse(Model, tag=AirSync.Collection):
    """The changes of one folder, what became of the client's changes, and the key that stands for both."""

    cls: str | None = field(AirSync.Class, until="12.1")
    sync_key: str | None = field(AirSync.SyncKey)
    collection_id: str | None = field(AirSync.CollectionId)
    status: int | None = field(AirSync.Status)
    more_available: bool = field(AirSync.MoreAvailable, flag=True)
    commands: list[Add | Change | Delete | SoftDelete] = field(within=AirSync.Commands)
    responses: list[AddResponse | ChangeResponse | DeleteResponse | FetchResponse] = field(within=AirSync.Responses)


class SyncResponse(Model, tag=AirSync.Sync):
    """The folders in which something has happened; ``limit`` explains the statuses 14 and 15."""

    status: int | None = field(AirSync.Status)
    limit: int | None = field(AirSync.Limit)
    collections: list[CollectionResponse] = field(within=AirSync.Collections)


class Collection(Model, tag=AirSync.Collection):
    """One folder of a request. The order of its elements is strict: [MS-ASCMD] section 2.2.3.29.2."""

    cls: str | None = field(AirSync.Class, until="12.1")
    sync_key: str | None = field(AirSync.SyncKey)
    collection_id: str | None = field(AirSync.CollectionId)
    supported: SupportedContacts | SupportedCalendar | None = field(AirSync.Supported)
    deletes_as_moves: bool | None = field(AirSync.DeletesAsMoves)
    get_changes: bool | None = field(AirSync.GetChanges)
    window_size: int | None = field(AirSync.WindowSize)
    conversation_mode: bool | None = field(AirSync.ConversationMode)
    options: list[Options] = field()
    commands: list[Add | Change | Delete | Fetch] = field(within=AirSync.Commands)


class Sync(Command[SyncResponse], tag=AirSync.Sync):
    """Sends changes and asks for changes. ``wait`` is in minutes, ``heartbeat_interval`` in seconds; never both."""

    name = "Sync"
    response = SyncResponse

    collections: list[Collection] = field(within=AirSync.Collections)
    wait: int | None = field(AirSync.Wait)
    heartbeat_interval: int | None = field(AirSync.HeartbeatInterval)
    window_size: int | None = field(AirSync.WindowSize)
    partial: bool = field(AirSync.Partial, flag=True)


def read_as(item: Item, model: type[Item]) -> Item:
    """The item as one of this class: one with a Body alone, for instance, which all classes have, looks like a mail."""
    written = decode(encode(Change(item=item))).root[0]
    read: Item = decode(written, type=model)
    return read
