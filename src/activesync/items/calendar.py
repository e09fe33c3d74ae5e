"""Appointments and meetings. Source: [MS-ASCAL]. All dates of this class are written in the compact form."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import IntEnum

from wbxml import AirSyncBase, MeetingResponse, Model, field
from wbxml import Calendar as Page

from .body import Attachment, AttachmentAdd, AttachmentDelete, Body, Location
from .values import BusyStatus, CalendarType, RecurrenceType, Sensitivity, Weekday


class MeetingStatus(IntEnum):
    """What an event is to the user: [MS-ASCAL] section 2.2.2.28. Each of 9 to 15 means what 1 to 7 mean."""

    APPOINTMENT = 0
    ORGANIZER = 1
    RECEIVED = 3
    CANCELLED_ORGANIZER = 5
    CANCELLED_RECEIVED = 7
    ORGANIZER_9 = 9
    RECEIVED_11 = 11
    CANCELLED_ORGANIZER_13 = 13
    CANCELLED_RECEIVED_15 = 15

    @property
    def is_meeting(self) -> bool:
        """Whether others are invited."""
        return bool(self & 1)

    @property
    def is_received(self) -> bool:
        """Whether somebody else is the organizer."""
        return bool(self & 2)

    @property
    def is_cancelled(self) -> bool:
        """Whether it will not take place."""
        return bool(self & 4)


class AttendeeStatus(IntEnum):
    """What an attendee has answered: [MS-ASCAL] section 2.2.2.5."""

    UNKNOWN = 0
    TENTATIVE = 2
    ACCEPTED = 3
    DECLINED = 4
    NOT_RESPONDED = 5


class AttendeeType(IntEnum):
    """What an attendee is for: [MS-ASCAL] section 2.2.2.6."""

    REQUIRED = 1
    OPTIONAL = 2
    RESOURCE = 3


class ResponseType(IntEnum):
    """What the user has answered: [MS-ASCAL] section 2.2.2.40. Only servers send it."""

    NONE = 0
    ORGANIZER = 1
    TENTATIVE = 2
    ACCEPTED = 3
    DECLINED = 4
    NOT_RESPONDED = 5


class Attendee(Model, tag=Page.Attendee):
    """Someone who is invited."""

    email: str | None = field(Page.Email)
    name: str | None = field(Page.Name)
    attendee_status: AttendeeStatus | None = field(Page.AttendeeStatus)
    attendee_type: AttendeeType | None = field(Page.AttendeeType)
    proposed_start_time: datetime | None = field(MeetingResponse.ProposedStartTime, compact=True)
    proposed_end_time: datetime | None = field(MeetingResponse.ProposedEndTime, compact=True)


class Recurrence(Model, tag=Page.Recurrence):
    """When an event recurs. ``day_of_week`` is a sum: 1 Sunday, 2 Monday, 4 Tuesday … 64 Saturday."""

    type: RecurrenceType | None = field(Page.Type)
    interval: int | None = field(Page.Interval)
    week_of_month: int | None = field(Page.WeekOfMonth)
    day_of_week: int | None = field(Page.DayOfWeek)
    day_of_month: int | None = field(Page.DayOfMonth)
    month_of_year: int | None = field(Page.MonthOfYear)
    occurrences: int | None = field(Page.Occurrences)
    until: datetime | None = field(Page.Until, compact=True)
    calendar_type: CalendarType | None = field(Page.CalendarType)
    is_leap_month: bool | None = field(Page.IsLeapMonth)
    first_day_of_week: Weekday | None = field(Page.FirstDayOfWeek)


class EventException(Model, tag=Page.Exception):
    """One instance of a recurring event that is ``deleted`` or differs; what is None is as in the whole event.

    An empty text or list takes away what the whole event has; a number, its empty element among ``unknown``.
    ``exception_start_time`` says which instance up to 14.1, ``instance_id`` from 16.0 on.
    """

    deleted: bool | None = field(Page.Deleted)
    exception_start_time: datetime | None = field(Page.ExceptionStartTime, compact=True)
    instance_id: datetime | None = field(AirSyncBase.InstanceId, compact=True)
    subject: str | None = field(Page.Subject)
    start_time: datetime | None = field(Page.StartTime, compact=True)
    end_time: datetime | None = field(Page.EndTime, compact=True)
    body: Body | None = field()
    location: str | None = field(Page.Location)
    place: Location | None = field(AirSyncBase.Location)
    attachments: list[Attachment | AttachmentAdd | AttachmentDelete] = field(
        within=AirSyncBase.Attachments, since="16.0"
    )
    categories: list[str] | None = field(Page.Category, within=Page.Categories)
    sensitivity: Sensitivity | None = field(Page.Sensitivity)
    busy_status: BusyStatus | None = field(Page.BusyStatus)
    all_day_event: bool | None = field(Page.AllDayEvent)
    reminder: int | None = field(Page.Reminder)
    dt_stamp: datetime | None = field(Page.DtStamp, compact=True)
    meeting_status: MeetingStatus | None = field(Page.MeetingStatus)
    attendees: list[Attendee] | None = field(within=Page.Attendees, since="14.0")
    appointment_reply_time: datetime | None = field(Page.AppointmentReplyTime, compact=True)
    response_type: ResponseType | None = field(Page.ResponseType)
    online_meeting_conf_link: str | None = field(Page.OnlineMeetingConfLink)
    online_meeting_external_link: str | None = field(Page.OnlineMeetingExternalLink)


class CalendarEvent(Model):
    """An appointment or meeting. ``None`` is a property that was not sent; ``reminder`` is in minutes.

    ``timezone`` is the blob of [MS-ASDTYPE] section 2.7.4. Up to 14.1 the place is the text ``location``, from 16.0 on
    the Location ``place``. ``instance_id`` has the event of one who was invited to that instance of a series alone.
    """

    timezone: bytes | None = field(Page.Timezone)
    all_day_event: bool | None = field(Page.AllDayEvent)
    busy_status: BusyStatus | None = field(Page.BusyStatus)
    organizer_name: str | None = field(Page.OrganizerName)
    organizer_email: str | None = field(Page.OrganizerEmail)
    dt_stamp: datetime | None = field(Page.DtStamp, compact=True)
    start_time: datetime | None = field(Page.StartTime, compact=True)
    end_time: datetime | None = field(Page.EndTime, compact=True)
    subject: str | None = field(Page.Subject)
    location: str | None = field(Page.Location)
    place: Location | None = field(AirSyncBase.Location)
    uid: str | None = field(Page.UID)
    instance_id: datetime | None = field(AirSyncBase.InstanceId, compact=True)
    client_uid: str | None = field(Page.ClientUid)
    sensitivity: Sensitivity | None = field(Page.Sensitivity)
    reminder: int | None = field(Page.Reminder)
    meeting_status: MeetingStatus | None = field(Page.MeetingStatus)
    attendees: list[Attendee] | None = field(within=Page.Attendees)
    categories: list[str] | None = field(Page.Category, within=Page.Categories)
    recurrence: Recurrence | None = field()
    exceptions: list[EventException] | None = field(within=Page.Exceptions)
    response_requested: bool | None = field(Page.ResponseRequested)
    appointment_reply_time: datetime | None = field(Page.AppointmentReplyTime, compact=True)
    response_type: ResponseType | None = field(Page.ResponseType)
    disallow_new_time_proposal: bool | None = field(Page.DisallowNewTimeProposal)
    online_meeting_conf_link: str | None = field(Page.OnlineMeetingConfLink)
    online_meeting_external_link: str | None = field(Page.OnlineMeetingExternalLink)
    attachments: list[Attachment | AttachmentAdd | AttachmentDelete] = field(
        within=AirSyncBase.Attachments, since="16.0"
    )
    body: Body | None = field()
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)

    def instance(self, exception: EventException) -> CalendarEvent | None:
        """The event as it is on the day of an exception, without a recurrence; None where that day was deleted.

        What the exception does not say is as in the whole event: [MS-ASCAL] section 2.2.2.21. Where it has no start of
        its own, that is when the day would have begun, and the length stays.
        """
        if exception.deleted:
            return None
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        told = {one.name: getattr(exception, one.name) for one in fields(exception) if one.name in own}
        start = exception.start_time or exception.exception_start_time or exception.instance_id or self.start_time
        end = self.end_time
        if start is not None and self.start_time is not None and self.end_time is not None:
            end = start + (self.end_time - self.start_time)
        moved = {"start_time": start, "end_time": end, "recurrence": None, "exceptions": None}
        said = {name: value for name, value in told.items() if value not in (None, [], ())}
        return CalendarEvent(**(own | moved | said))
