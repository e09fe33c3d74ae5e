"""The items of a mailbox: a Model for each class. Source: [MS-ASEMAIL], [MS-ASCNTC], [MS-ASCAL], [MS-ASTASK] …"""

from types import MappingProxyType

from .body import (
    Attachment,
    AttachmentAdd,
    AttachmentDelete,
    AttachmentMethod,
    Body,
    BodyPart,
    BodyPartPreference,
    BodyPreference,
    BodyType,
    Location,
    MIMESupport,
)
from .calendar import (
    Attendee,
    AttendeeStatus,
    AttendeeType,
    CalendarEvent,
    EventException,
    MeetingStatus,
    Recurrence,
    ResponseType,
)
from .contact import Contact
from .directory import DocumentEntry, GALEntry, GALPicture
from .email import (
    Email,
    Flag,
    FlagStatus,
    Forwardee,
    InstanceType,
    LastVerb,
    MeetingMessageType,
    MeetingRecurrence,
    MeetingRequest,
)
from .meaning import MessageKind, addresses, message_kind, with_defaults
from .note import Note
from .rights import RightsManagementLicense
from .task import Task, TaskRecurrence
from .values import BusyStatus, CalendarType, Importance, ItemClass, RecurrenceType, Sensitivity, Weekday

Item = Email | Contact | CalendarEvent | Task | Note
"""An item of any class. Where the class is not told, the code page of the first property that only one has decides."""

MODELS: MappingProxyType[str, type[Email | Contact | CalendarEvent | Task | Note]] = MappingProxyType(
    {
        ItemClass.EMAIL: Email,
        ItemClass.CONTACTS: Contact,
        ItemClass.CALENDAR: CalendarEvent,
        ItemClass.TASKS: Task,
        ItemClass.NOTES: Note,
        ItemClass.SMS: Email,
    }
)
"""The Model of each class, by the class's name on the wire."""

__all__ = [
    "MODELS",
    "Attachment",
    "AttachmentAdd",
    "AttachmentDelete",
    "AttachmentMethod",
    "Attendee",
    "AttendeeStatus",
    "AttendeeType",
    "Body",
    "BodyPart",
    "BodyPartPreference",
    "BodyPreference",
    "BodyType",
    "BusyStatus",
    "CalendarEvent",
    "CalendarType",
    "Contact",
    "DocumentEntry",
    "Email",
    "EventException",
    "Flag",
    "FlagStatus",
    "Forwardee",
    "GALEntry",
    "GALPicture",
    "Importance",
    "InstanceType",
    "Item",
    "ItemClass",
    "LastVerb",
    "Location",
    "MIMESupport",
    "MeetingMessageType",
    "MeetingRecurrence",
    "MeetingRequest",
    "MeetingStatus",
    "MessageKind",
    "Note",
    "Recurrence",
    "RecurrenceType",
    "ResponseType",
    "RightsManagementLicense",
    "Sensitivity",
    "Task",
    "TaskRecurrence",
    "Weekday",
    "addresses",
    "message_kind",
    "with_defaults",
]
