"""The documents as typed objects: Models for wbxml, and msgspec Structs that are derived from them, field by field."""

from __future__ import annotations

import dataclasses
import typing
from base64 import b64encode
from datetime import datetime
from functools import cache
from typing import Any

from wbxml import (
    AirSync,
    AirSyncBase,
    Calendar,
    Contacts,
    Email,
    Email2,
    FolderHierarchy,
    Model,
    field,
)


class Folder(Model, tag=FolderHierarchy.Add):
    server_id: str | None = field(FolderHierarchy.ServerId)
    parent_id: str | None = field(FolderHierarchy.ParentId)
    name: str | None = field(FolderHierarchy.DisplayName)
    type: int | None = field(FolderHierarchy.Type)


class Changes(Model, tag=FolderHierarchy.Changes):
    count: int | None = field(FolderHierarchy.Count)
    added: list[Folder] = field()


class Folders(Model, tag=FolderHierarchy.FolderSync):
    status: int | None = field(FolderHierarchy.Status)
    sync_key: str | None = field(FolderHierarchy.SyncKey)
    changes: Changes | None = field(FolderHierarchy.Changes)


class Body(Model, tag=AirSyncBase.Body):
    type: int | None = field(AirSyncBase.Type)
    size: int | None = field(AirSyncBase.EstimatedDataSize)
    data: str | None = field(AirSyncBase.Data)


class Flag(Model, tag=Email.Flag):
    status: int | None = field(Email.Status)


class Mail(Model, tag=AirSync.ApplicationData):
    to: str | None = field(Email.To)
    sender: str | None = field(Email.From)
    subject: str | None = field(Email.Subject)
    reply_to: str | None = field(Email.ReplyTo)
    received: datetime | None = field(Email.DateReceived)
    display_to: str | None = field(Email.DisplayTo)
    topic: str | None = field(Email.ThreadTopic)
    importance: int | None = field(Email.Importance)
    read: bool | None = field(Email.Read)
    body: Body | None = field(AirSyncBase.Body)
    message_class: str | None = field(Email.MessageClass)
    code_page: int | None = field(Email.InternetCPID)
    flag: Flag | None = field(Email.Flag)
    content_class: str | None = field(Email.ContentClass)
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)
    conversation_id: bytes | None = field(Email2.ConversationId)
    conversation_index: bytes | None = field(Email2.ConversationIndex)


class Contact(Model, tag=AirSync.ApplicationData):
    file_as: str | None = field(Contacts.FileAs)
    first_name: str | None = field(Contacts.FirstName)
    last_name: str | None = field(Contacts.LastName)
    email: str | None = field(Contacts.Email1Address)
    mobile: str | None = field(Contacts.MobilePhoneNumber)
    phone: str | None = field(Contacts.BusinessPhoneNumber)
    company: str | None = field(Contacts.CompanyName)
    department: str | None = field(Contacts.Department)
    job: str | None = field(Contacts.JobTitle)
    city: str | None = field(Contacts.BusinessAddressCity)
    street: str | None = field(Contacts.BusinessAddressStreet)
    postal_code: str | None = field(Contacts.BusinessAddressPostalCode)
    home_city: str | None = field(Contacts.HomeAddressCity)
    birthday: datetime | None = field(Contacts.Birthday)
    page: str | None = field(Contacts.WebPage)
    categories: list[str] = field(Contacts.Category, within=Contacts.Categories)


class Attendee(Model, tag=Calendar.Attendee):
    email: str | None = field(Calendar.Email)
    name: str | None = field(Calendar.Name)
    status: int | None = field(Calendar.AttendeeStatus)
    type: int | None = field(Calendar.AttendeeType)


class Recurrence(Model, tag=Calendar.Recurrence):
    type: int | None = field(Calendar.Type)
    interval: int | None = field(Calendar.Interval)
    day_of_week: int | None = field(Calendar.DayOfWeek)
    occurrences: int | None = field(Calendar.Occurrences)


class Event(Model, tag=AirSync.ApplicationData):
    time_zone: str | None = field(Calendar.Timezone)
    all_day: bool | None = field(Calendar.AllDayEvent)
    busy_status: int | None = field(Calendar.BusyStatus)
    organizer_name: str | None = field(Calendar.OrganizerName)
    organizer_email: str | None = field(Calendar.OrganizerEmail)
    stamp: datetime | None = field(Calendar.DtStamp, compact=True)
    end: datetime | None = field(Calendar.EndTime, compact=True)
    location: str | None = field(Calendar.Location)
    reminder: int | None = field(Calendar.Reminder)
    sensitivity: int | None = field(Calendar.Sensitivity)
    subject: str | None = field(Calendar.Subject)
    start: datetime | None = field(Calendar.StartTime, compact=True)
    uid: str | None = field(Calendar.UID)
    meeting_status: int | None = field(Calendar.MeetingStatus)
    attendees: list[Attendee] = field(within=Calendar.Attendees)
    recurrence: Recurrence | None = field(Calendar.Recurrence)


class MailAdd(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    item: Mail | None = field(AirSync.ApplicationData)


class ContactAdd(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    item: Contact | None = field(AirSync.ApplicationData)


class EventAdd(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    item: Event | None = field(AirSync.ApplicationData)


class _Answer(Model, tag=AirSync.Collection):
    sync_key: str | None = field(AirSync.SyncKey)
    collection_id: str | None = field(AirSync.CollectionId)
    status: int | None = field(AirSync.Status)
    more: bool = field(AirSync.MoreAvailable, flag=True)


class AskedFolder(Model, tag=AirSync.Collection):
    sync_key: str | None = field(AirSync.SyncKey)
    collection_id: str | None = field(AirSync.CollectionId)
    deletes_as_moves: bool | None = field(AirSync.DeletesAsMoves)
    get_changes: bool = field(AirSync.GetChanges, flag=True)
    window_size: int | None = field(AirSync.WindowSize)


class Request(Model, tag=AirSync.Sync):
    collections: list[AskedFolder] = field(within=AirSync.Collections)


class MailAnswer(_Answer):
    added: list[MailAdd] = field(within=AirSync.Commands)


class ContactAnswer(_Answer):
    added: list[ContactAdd] = field(within=AirSync.Commands)


class EventAnswer(_Answer):
    added: list[EventAdd] = field(within=AirSync.Commands)


class Mails(Model, tag=AirSync.Sync):
    collections: list[MailAnswer] = field(within=AirSync.Collections)


class People(Model, tag=AirSync.Sync):
    collections: list[ContactAnswer] = field(within=AirSync.Collections)


class Events(Model, tag=AirSync.Sync):
    collections: list[EventAnswer] = field(within=AirSync.Collections)


ROOTS: dict[str, type[Model]] = {
    "a": Request, "b": Folders, "c": Mails, "d": Mails, "e": Mails, "f": People, "g": Events,
}  # fmt: skip
"""The Model of each kind's documents."""

_ADDED = ("unknown", "problems")


def values(model: Any) -> Any:
    """The model as plain values: objects by field names, what is not there left out."""
    if isinstance(model, Model):
        found = [(one, getattr(model, one.name)) for one in dataclasses.fields(model)]  # type: ignore[arg-type]
        return {
            one.name: values(value)
            for one, value in found
            if one.name not in _ADDED and value is not one.default and value != []
        }
    if isinstance(model, list):
        return [values(value) for value in model]
    return b64encode(model).decode() if isinstance(model, bytes) else model


@cache
def struct_of(model: type[Model]) -> Any:
    """The msgspec Struct with the same fields, of the same types."""
    import msgspec

    hints = typing.get_type_hints(model)
    fields: list[tuple[str, Any, Any]] = []
    for one in dataclasses.fields(model):  # type: ignore[arg-type]
        if one.name not in _ADDED:
            hint = _in_structs(hints[one.name])
            default = False if hint is bool else msgspec.field(default_factory=list)
            fields.append((one.name, hint, default if typing.get_origin(hint) is list or hint is bool else None))
    return msgspec.defstruct(model.__name__, fields)


def _in_structs(hint: Any) -> Any:
    """The annotation, with Structs for the Models in it."""
    if isinstance(hint, type) and issubclass(hint, Model):
        return struct_of(hint)
    if typing.get_origin(hint) is list:
        return list[_in_structs(typing.get_args(hint)[0])]  # type: ignore[misc]
    found = [_in_structs(one) for one in typing.get_args(hint)]
    if not found:
        return hint
    made = found[0]
    for one in found[1:]:
        made = made | one
    return made
