"""What a client's commands in a Sync do to a folder. Source: [MS-ASCMD] sections 2.2.3.7.2, .24, .42.2 and .67.2."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import wbxml

from ..check.bounds import bounded
from ..commands import (
    Add,
    AddResponse,
    Change,
    ChangeResponse,
    Collection,
    Conflict,
    Delete,
    DeleteResponse,
    Fetch,
    FetchResponse,
    FolderType,
    SupportedCalendar,
    SupportedContacts,
    read_as,
)
from ..items import (
    MODELS,
    BodyType,
    CalendarEvent,
    Contact,
    Email,
    EventException,
    Flag,
    Importance,
    Item,
    Recurrence,
    Task,
)
from .attached import files_after
from .attached import told as told_of
from .call import Call
from .content import Content, content_of, parse
from .device import Relation
from .fitting import fields_of
from .mailbox import MARKS, Folder, Stored, with_first_day
from .present import present

Response = AddResponse | ChangeResponse | DeleteResponse | FetchResponse

_SUCCESS, _MALFORMED, _CONFLICT, _NOT_FOUND = 1, 6, 7, 8

# What a client cannot take away by leaving it out: the server's own, and what [MS-ASCMD] section 2.2.3.24 (R876, R878)
# names. The body is looked at apart.
_KEPT = {
    "appointment_reply_time",
    "client_uid",
    "dt_stamp",
    "exceptions",
    "instance_id",
    "last_modified_date",
    "organizer_email",
    "organizer_name",
    "picture",
    "response_type",
    "uid",
}
# [MS-ASCAL]: what no client may send from 16.0 on (R2088, R2112, R2168, R2174, R2221), and in no version.
_NOT_IN_16 = ("uid", "instance_id", "dt_stamp", "organizer_name", "organizer_email", "exceptions")
_NEVER = ("appointment_reply_time", "response_type")
# What no version is asked about: these are no properties.
_OUTSIDE = ("unknown", "problems")
# [MS-ASEMAIL] section 2.2.2.31: all four, or none (R408, R409).
_FLAG_DATES = ("start_date", "due_date", "utc_start_date", "utc_due_date")


@dataclass(slots=True)
class Applied:
    """What became of a client's commands; ``delta`` and ``added`` as in a Step."""

    responses: list[Response] = field(default_factory=list)
    delta: dict[str, int | None] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)


class _Refused(Exception):
    """A command that is not carried out, with its Status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def apply(call: Call, folder: Folder, relation: Relation, collection: Collection, known: dict[str, int]) -> Applied:
    """Carries out the commands of a Collection, each for itself; ``known`` is what the device has of the folder."""
    applied = Applied()
    for command in collection.commands:
        if isinstance(command, Add):
            applied.responses.append(_add(call, folder, relation, command, applied))
        elif isinstance(command, Fetch):
            applied.responses.append(_fetch(call, folder, relation, command))
        else:
            # Of these only failures are told ([MS-ASCMD] section 2.2.3.7.2, R759).
            try:
                if isinstance(command, Change):
                    _change(call, folder, relation, command, known, applied)
                else:
                    _delete(call, folder, relation, collection, command, known, applied)
            except _Refused as refused:
                kind = ChangeResponse if isinstance(command, Change) else DeleteResponse
                applied.responses.append(
                    kind(server_id=command.server_id, instance_id=command.instance_id, status=refused.status)
                )
    return applied


def _add(call: Call, folder: Folder, relation: Relation, command: Add, applied: Applied) -> AddResponse:
    client_id = command.client_id
    mailbox = call.mailbox
    try:
        if not client_id or len(client_id) > 64:
            raise _Refused(_MALFORMED)
        told: Item | None = None
        server_id = relation.added.get(client_id)
        if server_id is None or server_id not in folder.items:
            item, content = _readable(folder, command.item, call.version)
            if isinstance(item, Email):
                # [MS-ASCMD] section 2.2.3.7.2, R755; drafts may be added from 16.0 on ([MS-ASEMAIL] section 2.2.2.42).
                if call.version < "16.0" or folder.type is not FolderType.DRAFTS:
                    raise _Refused(_MALFORMED)
                name = hashlib.sha256(f"{mailbox.address} {client_id}".encode()).digest()
                item.conversation_id, item.conversation_index = name[:16], name[16:21]
                if command.send:
                    mailbox.add(FolderType.SENT_ITEMS, replace(item, is_draft=None, read=True), content=content)
                    return AddResponse(client_id=client_id, status=_SUCCESS)
                item.is_draft = True
            if isinstance(item, CalendarEvent):
                _take_times(item, mailbox.now())
            twin = _same_event(folder, item) if isinstance(item, CalendarEvent) else None
            content = replace(content, files=files_after(content.files, item))
            server_id = twin or mailbox.add(folder, _bare(item), content=content)
            told = _told(folder.items[server_id], item)
    except (KeyError, ValueError):
        return AddResponse(client_id=client_id, status=_MALFORMED)
    except _Refused as refused:
        return AddResponse(client_id=client_id, status=refused.status)
    applied.added[client_id] = server_id
    applied.delta[server_id] = folder.items[server_id].revision
    return AddResponse(client_id=client_id, server_id=server_id, status=_SUCCESS, item=told)


def _bare(item: Item) -> Item:
    """The item without what a client has said of its attachments: those that it has now are the mailbox's to tell."""
    return replace(item, attachments=[]) if isinstance(item, Email | CalendarEvent) and item.attachments else item


def _told(stored: Stored, item: Item) -> Item | None:
    """What the answer tells of an item besides its ServerId, from 16.0 on; None for nothing."""
    attachments: list[Any] = [*told_of(item, stored)]
    if isinstance(stored.item, Email) and stored.item.is_draft:
        # [MS-ASEMAIL] sections 2.2.2.21, R1184, and 2.2.2.22, R1190.
        known = stored.item
        return Email(
            conversation_id=known.conversation_id,
            conversation_index=known.conversation_index,
            attachments=attachments,
        )
    return CalendarEvent(attachments=attachments) if attachments else None


def _take_times(event: CalendarEvent, now: datetime) -> None:
    """Puts in the start or the end that a client has left out: [MS-ASCAL] section 3.2.4.4, R52511 to R52518."""
    half = timedelta(minutes=30)
    rounded = datetime.fromtimestamp(round(now.timestamp() / 1800) * 1800, UTC)
    start, end = event.start_time, event.end_time
    if start is None:
        if end is not None and end < rounded:
            raise _Refused(_MALFORMED)
        event.start_time, event.end_time = rounded, end or rounded + half
    elif end is None:
        if start > now:
            raise _Refused(_MALFORMED)
        event.end_time = rounded + half


def _same_event(folder: Folder, item: CalendarEvent) -> str | None:
    """The event that has this ClientUid already ([MS-ASCAL] section 2.2.2.13)."""
    if item.client_uid is None:
        return None
    for server_id, kept in folder.items.items():
        if isinstance(kept.item, CalendarEvent) and kept.item.client_uid == item.client_uid:
            return server_id
    return None


def _fetch(call: Call, folder: Folder, relation: Relation, command: Fetch) -> FetchResponse:
    kept = folder.items.get(command.server_id or "")
    if kept is None:
        return FetchResponse(server_id=command.server_id, status=_NOT_FOUND)
    item = present(kept, call.version, relation.options, whole=True)
    return FetchResponse(server_id=command.server_id, status=_SUCCESS, item=item)


def _conflict(kept: Stored, relation: Relation, known: dict[str, int], applied: Applied) -> bool:
    """Whether the item has changed since the device was sent it."""
    had = (known.get(kept.server_id), relation.own.get(kept.server_id))
    return kept.revision not in had and kept.server_id not in applied.delta


def _delete(
    call: Call,
    folder: Folder,
    relation: Relation,
    collection: Collection,
    command: Delete,
    known: dict[str, int],
    applied: Applied,
) -> None:
    server_id = command.server_id or ""
    kept = folder.items.get(server_id)
    if kept is None:
        if server_id not in known or command.instance_id is not None:
            raise _Refused(_NOT_FOUND)
        # Both sides have deleted it.
    elif command.instance_id is not None:
        conflict = _conflict(kept, relation, known, applied)
        _change_instance(call, kept, EventException(instance_id=command.instance_id, deleted=True))
        if not conflict:
            applied.delta[kept.server_id] = kept.revision
        return
    elif collection.deletes_as_moves is False or folder.type is FolderType.DELETED_ITEMS:
        call.mailbox.delete(server_id)
    else:
        call.mailbox.move(server_id, FolderType.DELETED_ITEMS)
    applied.delta[server_id] = None


def _change(
    call: Call, folder: Folder, relation: Relation, command: Change, known: dict[str, int], applied: Applied
) -> None:
    kept = folder.items.get(command.server_id or "")
    if kept is None:
        raise _Refused(_NOT_FOUND)
    conflict = _conflict(kept, relation, known, applied)
    if conflict and relation.options.conflict is not Conflict.CLIENT_WINS:
        raise _Refused(_CONFLICT)
    item, content = _readable(folder, command.item, call.version)
    if command.instance_id is not None:
        exception = EventException(instance_id=command.instance_id)
        for one in fields(exception):
            value = getattr(item, one.name, None)
            if value and one.name not in ("instance_id", *_OUTSIDE):
                setattr(exception, one.name, value)
        _change_instance(call, kept, exception)
        if not conflict:
            applied.delta[kept.server_id] = kept.revision
        return
    changed: Item
    if isinstance(item, Email):
        changed, content = _changed_mail(call, folder, kept, item, content)
    else:
        changed = _merged(kept.item, item, relation.supported, call.version)
        # A body that is left out stays (R878).
        content = (
            kept.content if item.body is None or item.body.data is None else replace(content, files=kept.content.files)
        )
    attached = isinstance(item, Email | CalendarEvent) and bool(item.attachments)
    if attached:
        if isinstance(item, Email) and folder.type is not FolderType.DRAFTS:
            raise _Refused(_MALFORMED)
        try:
            content = replace(content, files=files_after(kept.content.files, item))
        except KeyError:
            raise _Refused(_NOT_FOUND) from None
        except ValueError:
            raise _Refused(_MALFORMED) from None
    call.mailbox.replace(kept.server_id, changed, content)
    if attached:
        told = _told(kept, item)
        applied.responses.append(ChangeResponse(server_id=kept.server_id, status=_SUCCESS, item=told))
    if command.send and isinstance(changed, Email) and folder.type is FolderType.DRAFTS:
        call.mailbox.change(kept.server_id, is_draft=None)
        call.mailbox.move(kept.server_id, FolderType.SENT_ITEMS)
        applied.delta[kept.server_id] = None
    elif not conflict:
        # After a conflict the device is sent the item, which may have more than its own changes.
        applied.delta[kept.server_id] = kept.revision


def _readable(folder: Folder, item: Item | None, version: str) -> tuple[Item, Content]:
    """What a client has sent, as an item of the folder's class. Raises _Refused where it does not fit.

    Without a property of its own class an item may have been taken for one of another.
    """
    model = MODELS.get(folder.item_class or "")
    if item is None or model is None:
        raise _Refused(_MALFORMED)
    if isinstance(item, Task) and [str(one.tag) for one in item.problems] == ["Tasks:Importance"]:
        item.importance = Importance.NORMAL  # [MS-ASTASK] section 2.2.2.14, R187 and R550
    elif item.problems:
        raise _Refused(_MALFORMED)
    if not isinstance(item, model):
        item = read_as(item, model)
        if not isinstance(item, model) or item.unknown or item.problems:
            raise _Refused(_MALFORMED)
    known = fields_of(model, version)
    if any(getattr(item, one.name) not in (None, (), []) for one in fields(item) if one.name not in known + _OUTSIDE):
        raise _Refused(_MALFORMED)  # a property of another version
    if isinstance(item, CalendarEvent):
        forbidden = _NEVER + _NOT_IN_16 if version >= "16.0" else _NEVER
        if any(getattr(item, name) is not None for name in forbidden):
            raise _Refused(_MALFORMED)
    if isinstance(item, CalendarEvent | Task) and item.recurrence is not None:
        if item.recurrence.problems:
            raise _Refused(_MALFORMED)
        if item.recurrence.occurrences is not None:
            item.recurrence.until = None  # R53911: of the two, that one counts
        recurrence = wbxml.decode(wbxml.encode(item.recurrence)).root
        if next(bounded(recurrence, version), None) is not None:
            raise _Refused(_MALFORMED)  # [MS-ASCAL] section 3.2.5.3, R53913 to R53919
    if isinstance(item, Email):
        if item.flag is not None and not _sound(item.flag):
            raise _Refused(_MALFORMED)
        if item.body is not None and item.body.type is BodyType.MIME and item.body.data is not None:
            mail, content = parse(item.body.data.encode())
            for name in MARKS:
                setattr(mail, name, getattr(item, name))
            mail.importance = item.importance or mail.importance
            return mail, content
    return item, content_of(item.body)


def _sound(flag: Flag) -> bool:
    dates = [getattr(flag, name) is not None for name in _FLAG_DATES]
    return not flag.problems and (all(dates) or not any(dates))


def _changed_mail(call: Call, folder: Folder, kept: Stored, item: Email, content: Content) -> tuple[Email, Content]:
    """A mail with new marks: a client cannot change the rest of it (section 2.2.3.24, R873), but for drafts."""
    assert isinstance(kept.item, Email)
    values: dict[str, Any] = {name: getattr(item, name) for name in MARKS if getattr(item, name) is not None}
    if folder.type is not FolderType.DRAFTS or call.version < "16.0":
        return replace(kept.item, **values), kept.content
    for name in ("to", "cc", "bcc", "subject", "importance"):
        if getattr(item, name) is not None:
            values[name] = getattr(item, name)
    return replace(kept.item, **values), kept.content if item.body is None else content


def _merged(kept: Item, item: Item, supported: SupportedContacts | SupportedCalendar | None, version: str) -> Item:
    """What was kept with what a client has sent.

    What is left out is deleted (R879), unless it is ghosted ([MS-ASCMD] section 2.2.3.179), a version's own that this
    one does not know, or a property of an event in 16.0 and later (R6236).
    """
    ghosted = set()
    if supported is not None and isinstance(item, Contact | CalendarEvent):
        # An empty Supported ghosts all, and does not tell of which class it is.
        kind = SupportedContacts if isinstance(item, Contact) else SupportedCalendar
        ghosted = {one.name for one in fields(kind) if not getattr(supported, one.name, False)}
    in_schema = fields_of(type(item), version)
    values = {}
    for one in fields(kept):
        given = getattr(item, one.name)
        if one.name in ("body", "native_body_type", *_OUTSIDE):
            continue
        if one.name == "attachments":
            values[one.name] = getattr(kept, one.name)  # they follow from the files
            continue
        keep = (
            one.name in _KEPT
            or one.name in ghosted
            or one.name not in in_schema
            or (isinstance(item, CalendarEvent) and version >= "16.0")
        )
        values[one.name] = getattr(kept, one.name) if given is None and keep else given
    if isinstance(item, CalendarEvent) and isinstance(kept, CalendarEvent) and version >= "16.0":
        if item.recurrence is not None:
            values["recurrence"] = with_first_day(_merged_recurrence(kept.recurrence, item.recurrence))
        if any(values[name] != getattr(kept, name) for name in ("recurrence", "start_time", "end_time")):
            values["exceptions"] = None  # [MS-ASCAL] sections 2.2.2.22, R2114, and 2.2.2.37, R2180
    elif isinstance(item, CalendarEvent):
        values["place"] = None  # made anew of the location
        if item.exceptions is not None and isinstance(kept, CalendarEvent):
            # Instances that are left out stay as they are (R877).
            named = {one.exception_start_time for one in item.exceptions}
            others = [one for one in kept.exceptions or [] if one.exception_start_time not in named]
            values["exceptions"] = others + item.exceptions
    return type(item)(**values)


def _merged_recurrence(kept: Recurrence | None, given: Recurrence) -> Recurrence | None:
    """An empty one makes a single event of a series; one without a Type tells what is new ([MS-ASCAL] 2.2.2.37)."""
    told = {one.name: value for one in fields(given) if (value := getattr(given, one.name)) not in (None, ())}
    if not told:
        return None
    return given if kept is None or given.type is not None else replace(kept, **told)


def _change_instance(call: Call, kept: Stored, exception: EventException) -> None:
    """Puts an exception into a recurring event: how 16.0 and later change or delete one of its instances."""
    event = kept.item
    if not isinstance(event, CalendarEvent) or event.recurrence is None:
        raise _Refused(_MALFORMED)
    exception.exception_start_time = exception.instance_id
    others = [one for one in event.exceptions or [] if one.exception_start_time != exception.instance_id]
    call.mailbox.replace(kept.server_id, replace(event, exceptions=[*others, exception]), kept.content)
