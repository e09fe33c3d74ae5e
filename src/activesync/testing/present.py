"""An item as it is sent to a client: in its version, with its body in the form that the client asks for."""

from __future__ import annotations

from ..commands import Options, SearchOptions
from ..items import CalendarEvent, Contact, Email, Flag, Item
from .content import body_for
from .fitting import fitting
from .mailbox import MARKS, Stored


def present(kept: Stored, version: str, options: Options | SearchOptions, *, whole: bool = False) -> Item:
    """The item with its body; ``whole`` leaves nothing out of it."""
    item = fitting(kept.item, version)
    body = body_for(
        kept.content,
        options.body_preferences,
        mime=kept.mime if isinstance(item, Email) else None,
        mime_support=options.mime_support,
        mime_truncation=options.mime_truncation if isinstance(options, Options) else None,
        whole=whole,
    )
    item.body = fitting(body, version)
    if not isinstance(item, Contact):
        item.native_body_type = int(kept.content.native)
    if isinstance(item, CalendarEvent) and item.all_day_event and version >= "16.0":
        item.timezone = None  # [MS-ASCAL] section 2.2.2.1, R2004: such an event has no time zone
    return item


def marks(kept: Stored, version: str) -> Item:
    """A mail of which only the marks have changed: these alone. An empty Flag says that there is none."""
    assert isinstance(kept.item, Email)
    values = {name: getattr(kept.item, name) for name in MARKS}
    return fitting(Email(**(values | {"flag": values["flag"] or Flag()})), version)
