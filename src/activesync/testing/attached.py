"""Attachments that a client gives to a draft or an event, or takes away, from 16.0 on. Source: [MS-ASAIRS] sections
2.2.2.2 and 2.2.2.24.
"""

from __future__ import annotations

from ..items import Attachment, AttachmentAdd, AttachmentDelete, CalendarEvent, Email, Item
from .content import File
from .mailbox import Stored


def files_after(kept: tuple[File, ...], item: Item) -> tuple[File, ...]:
    """The files as the item's attachments leave them: those that stay, then the new ones.

    Raises KeyError for one to be taken away that is not there, ValueError for one without its bytes or its ClientId.
    """
    if not isinstance(item, Email | CalendarEvent):
        return kept
    gone = {one.file_reference for one in item.attachments if isinstance(one, AttachmentDelete)}
    if not gone <= {file.reference for file in kept}:
        raise KeyError(gone)
    return (*(file for file in kept if file.reference not in gone), *(_file(one) for one in _given(item)))


def told(item: Item, stored: Stored) -> list[Attachment]:
    """How the client is told of those that it has given: by its ClientId, the reference by which it may be deleted."""
    given = _given(item) if isinstance(item, Email | CalendarEvent) else []
    files = stored.content.files[len(stored.content.files) - len(given) :]
    return [
        Attachment(client_id=one.client_id, file_reference=file.reference)
        for one, file in zip(given, files, strict=True)
    ]


def _given(item: Email | CalendarEvent) -> list[AttachmentAdd]:
    return [one for one in item.attachments if isinstance(one, AttachmentAdd)]


def _file(given: AttachmentAdd) -> File:
    if given.content is None or not given.client_id:
        raise ValueError("an attachment has a ClientId and Content")
    name, kind = given.display_name or "attachment", given.content_type or "application/octet-stream"
    return File(name, kind, given.content, given.content_id)
