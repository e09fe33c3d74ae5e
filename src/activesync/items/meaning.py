"""What the properties of an item mean where the specification says more than a type: classes of mail, and defaults.

Sources: [MS-ASEMAIL] section 2.2.2.49; the sections of the elements that have a default.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from wbxml import Model

from .calendar import Recurrence
from .email import Email, Flag, MeetingMessageType, MeetingRecurrence, MeetingRequest
from .task import Task, TaskRecurrence
from .values import BusyStatus, Importance, Sensitivity

M = TypeVar("M", bound=Model)


class MessageKind(StrEnum):
    """What a mail is, by its MessageClass."""

    MAIL = "mail"
    ENCRYPTED = "mail that is encrypted or signed"
    SIGNED = "mail that is signed and can be read by all"
    SECURE_RECEIPT = "secure read receipt"
    FORM = "form of InfoPath"
    MEETING = "meeting request, answer or cancellation"
    MEETING_NOTIFICATION = "meeting notification"
    POST = "post"
    VOICE = "voice message"
    SHARING = "shared message"
    NOT_DELIVERED = "report that a message was not delivered"
    DELIVERED = "report that a message was delivered"
    DELAYED = "report that a message is delayed"
    READ = "report that a message was read"
    NOT_READ = "report that a message was not read"
    OTHER = "something else"


_REPORTS: Final = {
    "NDR": MessageKind.NOT_DELIVERED,
    "DR": MessageKind.DELIVERED,
    "DELAYED": MessageKind.DELAYED,
    "IPNRN": MessageKind.READ,
    "IPNNRN": MessageKind.NOT_READ,
}
_CLASSES: Final = {
    # The longer ones first: a class stands for all that begin with it.
    "IPM.NOTE.SMIME.MULTIPARTSIGNED": MessageKind.SIGNED,
    "IPM.NOTE.SMIME": MessageKind.ENCRYPTED,
    "IPM.NOTE.RECEIPT.SMIME": MessageKind.SECURE_RECEIPT,
    "IPM.NOTE.MICROSOFT.VOICEMAIL": MessageKind.VOICE,
    "IPM.NOTE.RPMSG.MICROSOFT.VOICEMAIL": MessageKind.VOICE,
    "IPM.NOTE.MICROSOFT.MISSED.VOICE": MessageKind.VOICE,
    "IPM.NOTE": MessageKind.MAIL,
    "IPM.INFOPATHFORM": MessageKind.FORM,
    "IPM.SCHEDULE.MEETING": MessageKind.MEETING,
    "IPM.NOTIFICATION.MEETING": MessageKind.MEETING_NOTIFICATION,
    "IPM.POST": MessageKind.POST,
    "IPM.OCTEL.VOICE": MessageKind.VOICE,
    "IPM.VOICENOTES": MessageKind.VOICE,
    "IPM.SHARING": MessageKind.SHARING,
}


def message_kind(message_class: str | None) -> MessageKind:
    """What a mail of this MessageClass is; one without a class is a mail."""
    name = (message_class or "IPM.Note").upper()
    if "REPORT." in name:
        return _REPORTS.get(name.rpartition(".")[2], MessageKind.OTHER)
    for known, kind in _CLASSES.items():
        if name == known or name.startswith(f"{known}."):
            return kind
    return MessageKind.OTHER


def addresses(text: str | None) -> list[tuple[str, str]]:
    """The names and addresses in a To, Cc, ReplyTo or DisplayTo: ("", address) without a name, (name, "") without one.

    Addresses are separated by commas, those of ReplyTo and the names of DisplayTo by semicolons; either is taken.
    """
    from email.utils import parseaddr  # brings sockets along, which items do without

    found = []
    for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,;"])+|"', text or ""):
        name, address = parseaddr(part) if "<" in part or "@" in part else (part.strip().strip('"'), "")
        if name or address:
            found.append((name, address))
    return found


_DEFAULTS: Final[dict[type[Model], dict[str, Any]]] = {
    Email: {"importance": Importance.NORMAL},
    Flag: {"reminder_set": False},
    MeetingRequest: {
        "busy_status": BusyStatus.BUSY,
        "sensitivity": Sensitivity.NORMAL,
        "meeting_message_type": MeetingMessageType.UNSPECIFIED,
        "disallow_new_time_proposal": False,
    },
    Recurrence: {"is_leap_month": False},
    MeetingRecurrence: {"is_leap_month": False},
    Task: {"sensitivity": Sensitivity.NORMAL},
    TaskRecurrence: {"is_leap_month": False, "dead_occur": False, "regenerate": False},
}


def with_defaults(model: M) -> M:
    """The item, or a part of one, as it is to be understood: with the defaults of what was not sent.

    Not for an item in a Change, where what was not sent has not changed.
    """
    changed: dict[str, Any] = {}
    for one in fields(model):  # type: ignore[arg-type]
        value = getattr(model, one.name)
        if value is None:
            value = _DEFAULTS.get(type(model), {}).get(one.name)
        elif isinstance(value, Model):
            value = with_defaults(value)
        elif isinstance(value, list):
            value = [with_defaults(part) if isinstance(part, Model) else part for part in value]
        changed[one.name] = value
    return replace(model, **changed)  # type: ignore[type-var]


__all__ = ["MessageKind", "addresses", "message_kind", "with_defaults"]
