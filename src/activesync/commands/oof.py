"""The out-of-office replies of Settings. Source: [MS-ASCMD] sections 2.2.3.122 to 2.2.3.124."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from wbxml import Model, field
from wbxml import Settings as Page


class OofState(IntEnum):
    """Whether replies are sent: [MS-ASCMD] section 2.2.3.124."""

    DISABLED = 0
    ENABLED = 1
    SCHEDULED = 2


class OofMessage(Model, tag=Page.OofMessage):
    """The reply to those to whom it applies: the own organisation, known others, or unknown others.

    ``body_type`` is "Text" or "HTML".
    """

    applies_to_internal: bool = field(Page.AppliesToInternal, flag=True)
    applies_to_external_known: bool = field(Page.AppliesToExternalKnown, flag=True)
    applies_to_external_unknown: bool = field(Page.AppliesToExternalUnknown, flag=True)
    enabled: bool | None = field(Page.Enabled)
    reply_message: str | None = field(Page.ReplyMessage)
    body_type: str | None = field(Page.BodyType)


class Oof(Model):
    """The out-of-office replies: what Get brings and Set takes. The times count where the state is SCHEDULED."""

    oof_state: OofState | None = field(Page.OofState)
    start_time: datetime | None = field(Page.StartTime)
    end_time: datetime | None = field(Page.EndTime)
    messages: list[OofMessage] = field()


class OofGet(Model):
    """Asks for the replies as "Text" or "HTML"."""

    body_type: str | None = field(Page.BodyType)


class OofRequest(Model, tag=Page.Oof):
    """Asks for the out-of-office replies, or sets them."""

    get: OofGet | None = field(Page.Get)
    set: Oof | None = field(Page.Set)


class OofResponse(Model, tag=Page.Oof):
    """The out-of-office replies, where they were asked for."""

    status: int | None = field(Page.Status)
    get: Oof | None = field(Page.Get)
