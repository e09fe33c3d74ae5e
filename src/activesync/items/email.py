"""Mails, and text messages, which have the same elements. Source: [MS-ASEMAIL], [MS-ASMS]."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from wbxml import AirSyncBase, Calendar, ComposeMail, Email2, MeetingResponse, Model, Tasks, field
from wbxml import Email as Page

from .body import Attachment, AttachmentAdd, AttachmentDelete, Body, BodyPart, Location
from .rights import RightsManagementLicense
from .values import BusyStatus, CalendarType, Importance, RecurrenceType, Sensitivity, Weekday


class FlagStatus(IntEnum):
    """Whether a mail is flagged for follow-up: [MS-ASEMAIL] section 2.2.2.74."""

    CLEARED = 0
    COMPLETE = 1
    ACTIVE = 2


class LastVerb(IntEnum):
    """What was last done with a mail: [MS-ASEMAIL] section 2.2.2.44."""

    UNKNOWN = 0
    REPLY = 1
    REPLY_ALL = 2
    FORWARD = 3


class InstanceType(IntEnum):
    """What of a recurring meeting a request is about: [MS-ASEMAIL] section 2.2.2.39."""

    SINGLE = 0
    MASTER = 1
    INSTANCE = 2
    EXCEPTION = 3
    ORPHAN = 4


class MeetingMessageType(IntEnum):
    """What a meeting request does: [MS-ASEMAIL] section 2.2.2.47."""

    UNSPECIFIED = 0
    INITIAL = 1
    FULL_UPDATE = 2
    INFORMATIONAL_UPDATE = 3
    OUTDATED = 4
    DELEGATORS_COPY = 5
    DELEGATED = 6


class Flag(Model, tag=Page.Flag):
    """A mail's flag for follow-up. An empty one says that there is none.

    The start and due dates are set all four together, or none: [MS-ASEMAIL] section 2.2.2.31.
    """

    status: FlagStatus | None = field(Page.Status)
    flag_type: str | None = field(Page.FlagType)
    complete_time: datetime | None = field(Page.CompleteTime)
    start_date: datetime | None = field(Tasks.StartDate)
    utc_start_date: datetime | None = field(Tasks.UtcStartDate)
    due_date: datetime | None = field(Tasks.DueDate)
    utc_due_date: datetime | None = field(Tasks.UtcDueDate)
    date_completed: datetime | None = field(Tasks.DateCompleted)
    reminder_set: bool | None = field(Tasks.ReminderSet)
    reminder_time: datetime | None = field(Tasks.ReminderTime)
    subject: str | None = field(Tasks.Subject)
    ordinal_date: datetime | None = field(Tasks.OrdinalDate)
    sub_ordinal_date: str | None = field(Tasks.SubOrdinalDate)


class MeetingRecurrence(Model, tag=Page.Recurrence):
    """When a meeting recurs. ``day_of_week`` is a sum: 1 Sunday, 2 Monday, 4 Tuesday … 64 Saturday."""

    type: RecurrenceType | None = field(Page.Type)
    interval: int | None = field(Page.Interval)
    until: datetime | None = field(Page.Until, compact=True)
    occurrences: int | None = field(Page.Occurrences)
    week_of_month: int | None = field(Page.WeekOfMonth)
    day_of_month: int | None = field(Page.DayOfMonth)
    day_of_week: int | None = field(Page.DayOfWeek)
    month_of_year: int | None = field(Page.MonthOfYear)
    calendar_type: CalendarType | None = field(Email2.CalendarType)
    is_leap_month: bool | None = field(Email2.IsLeapMonth)
    first_day_of_week: Weekday | None = field(Email2.FirstDayOfWeek)


class Forwardee(Model, tag=ComposeMail.Forwardee):
    """Someone to whom a meeting request was forwarded."""

    name: str | None = field(ComposeMail.Name)
    email: str | None = field(ComposeMail.Email)


class MeetingRequest(Model, tag=Page.MeetingRequest):
    """The meeting to which a mail invites. ``reminder`` is in seconds, unlike that of an event.

    ``time_zone`` and ``global_obj_id`` are the blobs of [MS-ASDTYPE] section 2.7.4 and [MS-ASEMAIL] section 2.2.2.37.
    Up to 14.1 the place is the text ``location``, from 16.0 on the Location ``place``.
    """

    all_day_event: bool | None = field(Page.AllDayEvent)
    start_time: datetime | None = field(Page.StartTime)
    dt_stamp: datetime | None = field(Page.DtStamp)
    end_time: datetime | None = field(Page.EndTime)
    instance_type: InstanceType | None = field(Page.InstanceType)
    location: str | None = field(Page.Location)
    place: Location | None = field(AirSyncBase.Location)
    organizer: str | None = field(Page.Organizer)
    recurrence_id: datetime | None = field(Page.RecurrenceId)
    reminder: int | None = field(Page.Reminder)
    response_requested: bool | None = field(Page.ResponseRequested)
    recurrences: list[MeetingRecurrence] = field(within=Page.Recurrences)
    sensitivity: Sensitivity | None = field(Page.Sensitivity)
    busy_status: BusyStatus | None = field(Page.BusyStatus)
    time_zone: bytes | None = field(Page.TimeZone)
    global_obj_id: bytes | None = field(Page.GlobalObjId)
    disallow_new_time_proposal: bool | None = field(Page.DisallowNewTimeProposal)
    meeting_message_type: MeetingMessageType | None = field(Email2.MeetingMessageType)
    uid: str | None = field(Calendar.UID, since="16.0")
    proposed_start_time: datetime | None = field(MeetingResponse.ProposedStartTime, compact=True)
    proposed_end_time: datetime | None = field(MeetingResponse.ProposedEndTime, compact=True)
    forwardees: list[Forwardee] = field(within=ComposeMail.Forwardees)


class Email(Model):
    """A mail. ``None`` is a property that was not sent."""

    to: str | None = field(Page.To)
    cc: str | None = field(Page.Cc)
    bcc: str | None = field(Email2.Bcc)
    from_: str | None = field(Page.From)
    sender: str | None = field(Email2.Sender)
    reply_to: str | None = field(Page.ReplyTo)
    subject: str | None = field(Page.Subject)
    date_received: datetime | None = field(Page.DateReceived)
    display_to: str | None = field(Page.DisplayTo)
    thread_topic: str | None = field(Page.ThreadTopic)
    body: Body | None = field()
    body_part: BodyPart | None = field()
    importance: Importance | None = field(Page.Importance)
    read: bool | None = field(Page.Read)
    attachments: list[Attachment | AttachmentAdd | AttachmentDelete] = field(within=AirSyncBase.Attachments)
    message_class: str | None = field(Page.MessageClass)
    meeting_request: MeetingRequest | None = field()
    internet_cpid: str | None = field(Page.InternetCPID)
    flag: Flag | None = field()
    content_class: str | None = field(Page.ContentClass)
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)
    categories: list[str] | None = field(Page.Category, within=Page.Categories)
    um_caller_id: str | None = field(Email2.UmCallerID)
    um_user_notes: str | None = field(Email2.UmUserNotes)
    conversation_id: bytes | None = field(Email2.ConversationId)
    conversation_index: bytes | None = field(Email2.ConversationIndex)
    last_verb_executed: LastVerb | None = field(Email2.LastVerbExecuted)
    last_verb_execution_time: datetime | None = field(Email2.LastVerbExecutionTime)
    received_as_bcc: bool | None = field(Email2.ReceivedAsBcc)
    account_id: str | None = field(Email2.AccountId)
    is_draft: bool | None = field(Email2.IsDraft)
    rights_management_license: RightsManagementLicense | None = field()
