"""Find, from 16.1 on: mails of a mailbox and people of the address list. Source: [MS-ASCMD] section 2.2.1.2."""

from __future__ import annotations

from datetime import datetime

from wbxml import AirSync, Email, Email2, ItemOperations, Model, field
from wbxml import Find as Page

from ..items import GALEntry, Importance
from .command import Command


class FindProperties(GALEntry, tag=Page.Properties):
    """What is shown of a person, as Search does, or of a mail; ``preview`` is up to 255 characters of its text."""

    subject: str | None = field(Email.Subject)
    date_received: datetime | None = field(Email.DateReceived)
    display_to: str | None = field(Email.DisplayTo)
    display_cc: str | None = field(Page.DisplayCc)
    display_bcc: str | None = field(Page.DisplayBcc)
    importance: Importance | None = field(Email.Importance)
    read: bool | None = field(Email.Read)
    is_draft: bool | None = field(Email2.IsDraft)
    preview: str | None = field(Page.Preview)
    has_attachments: bool | None = field(Page.HasAttachments)
    from_: str | None = field(Email.From)


class FindResult(Model, tag=Page.Result):
    """One thing that was found: a mail with its ``server_id`` in the folder ``collection_id``, or a person."""

    cls: str | None = field(AirSync.Class)
    server_id: str | None = field(AirSync.ServerId)
    collection_id: str | None = field(AirSync.CollectionId)
    properties: FindProperties | None = field()


class FindResults(Model, tag=Page.Response):
    """What was found. ``range`` is "first-last", counted from 0; ``total`` is how many there are in all."""

    store: str | None = field(ItemOperations.Store)
    status: int | None = field(Page.Status)
    results: list[FindResult] = field()
    range: str | None = field(Page.Range)
    total: int | None = field(Page.Total)


class FindResponse(Model, tag=Page.Find):
    """The answer to a Find."""

    status: int | None = field(Page.Status)
    response: FindResults | None = field()


class FindPictures(Model, tag=Page.Picture):
    """Asks for photographs: of at most ``max_size`` bytes each, and at most ``max_pictures``."""

    max_size: int | None = field(Page.MaxSize)
    max_pictures: int | None = field(Page.MaxPictures)


class FindOptions(Model, tag=Page.Options):
    """How much of what was found is sent: ``range`` begins with "0-" in the first request of a search."""

    range: str | None = field(Page.Range)
    deep_traversal: bool = field(Page.DeepTraversal, flag=True)
    picture: FindPictures | None = field()


class FindQuery(Model, tag=Page.Query):
    """The words, and in which folder; ``free_text`` may use the keyword query language."""

    cls: str | None = field(AirSync.Class)
    collection_id: str | None = field(AirSync.CollectionId)
    free_text: str | None = field(Page.FreeText)


class MailboxCriterion(Model, tag=Page.MailBoxSearchCriterion):
    """Looks for mails."""

    query: FindQuery | None = field()
    options: FindOptions | None = field()


class GALCriterion(Model, tag=Page.GalSearchCriterion):
    """Looks for people."""

    query: str | None = field(Page.Query)
    options: FindOptions | None = field()


class ExecuteSearch(Model, tag=Page.ExecuteSearch):
    """The one search of a request: of the mailbox or of the address list."""

    mailbox: MailboxCriterion | None = field()
    gal: GALCriterion | None = field()


class Find(Command[FindResponse], tag=Page.Find):
    """Searches. ``search_id`` is a GUID that stays the same while a client pages through what was found (R70981808)."""

    name = "Find"
    response = FindResponse

    search_id: str | None = field(Page.SearchId)
    execute: ExecuteSearch | None = field()
