"""Tasks. Source: [MS-ASTASK]."""

from __future__ import annotations

from datetime import datetime

from wbxml import AirSyncBase, Model, field
from wbxml import Tasks as Page

from .body import Body
from .values import CalendarType, Importance, RecurrenceType, Sensitivity, Weekday


class TaskRecurrence(Model, tag=Page.Recurrence):
    """When a task recurs. ``day_of_week`` is a sum: 1 Sunday, 2 Monday, 4 Tuesday … 64 Saturday.

    With ``regenerate`` the next one is made when this one is completed; ``dead_occur`` marks one that was completed.
    """

    type: RecurrenceType | None = field(Page.Type)
    start: datetime | None = field(Page.Start)
    until: datetime | None = field(Page.Until)
    occurrences: int | None = field(Page.Occurrences)
    interval: int | None = field(Page.Interval)
    day_of_week: int | None = field(Page.DayOfWeek)
    day_of_month: int | None = field(Page.DayOfMonth)
    week_of_month: int | None = field(Page.WeekOfMonth)
    month_of_year: int | None = field(Page.MonthOfYear)
    regenerate: bool | None = field(Page.Regenerate)
    dead_occur: bool | None = field(Page.DeadOccur)
    calendar_type: CalendarType | None = field(Page.CalendarType)
    is_leap_month: bool | None = field(Page.IsLeapMonth)
    first_day_of_week: Weekday | None = field(Page.FirstDayOfWeek)


class Task(Model):
    """A task. ``None`` is a property that was not sent.

    ``start_date`` and ``due_date`` are the user's local times, although the wire writes them like UTC: [MS-ASTASK]
    sections 2.2.2.26 and 2.2.2.12. Ordinal dates sort tasks.
    """

    subject: str | None = field(Page.Subject)
    importance: Importance | None = field(Page.Importance)
    utc_start_date: datetime | None = field(Page.UtcStartDate)
    start_date: datetime | None = field(Page.StartDate)
    utc_due_date: datetime | None = field(Page.UtcDueDate)
    due_date: datetime | None = field(Page.DueDate)
    complete: bool | None = field(Page.Complete)
    date_completed: datetime | None = field(Page.DateCompleted)
    reminder_set: bool | None = field(Page.ReminderSet)
    reminder_time: datetime | None = field(Page.ReminderTime)
    sensitivity: Sensitivity | None = field(Page.Sensitivity)
    categories: list[str] | None = field(Page.Category, within=Page.Categories)
    recurrence: TaskRecurrence | None = field()
    ordinal_date: datetime | None = field(Page.OrdinalDate)
    sub_ordinal_date: str | None = field(Page.SubOrdinalDate)
    body: Body | None = field()
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)
