"""Notes, from 14.0 on. Source: [MS-ASNOTE]."""

from __future__ import annotations

from datetime import datetime

from wbxml import AirSyncBase, Model, field
from wbxml import Notes as Page

from .body import Body


class Note(Model):
    """A note. ``None`` is a property that was not sent; ``message_class`` is "IPM.StickyNote"."""

    subject: str | None = field(Page.Subject)
    message_class: str | None = field(Page.MessageClass)
    last_modified_date: datetime | None = field(Page.LastModifiedDate, compact=True)
    categories: list[str] | None = field(Page.Category, within=Page.Categories)
    body: Body | None = field()
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)
