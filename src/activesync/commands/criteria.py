"""What is searched for in a mailbox or a document library. Source: [MS-ASCMD] section 2.2.3.142.2."""

from __future__ import annotations

from datetime import datetime

from wbxml import AirSync, DocumentLibrary, Email, Model, field
from wbxml import Search as Page


class GreaterThan(Model, tag=Page.GreaterThan):
    """Later than ``value``."""

    date_received: bool = field(Email.DateReceived, flag=True)
    value: datetime | None = field(Page.Value)


class LessThan(Model, tag=Page.LessThan):
    """Earlier than ``value``."""

    date_received: bool = field(Email.DateReceived, flag=True)
    value: datetime | None = field(Page.Value)


class EqualTo(Model, tag=Page.EqualTo):
    """At this address: how a document library is searched."""

    link_id: bool = field(DocumentLibrary.LinkId, flag=True)
    value: str | None = field(Page.Value)


class Criteria(Model):
    """What And, Or and Query hold. Of several classes or folders, any will do."""

    and_: And | None = field()
    or_: Or | None = field()
    classes: list[str] = field(AirSync.Class)
    collection_ids: list[str] = field(AirSync.CollectionId)
    free_text: str | None = field(Page.FreeText)
    conversation_id: bytes | None = field(Page.ConversationId)
    equal_to: EqualTo | None = field()
    greater_than: GreaterThan | None = field()
    less_than: LessThan | None = field()


class And(Criteria, tag=Page.And):
    """What an item must be in all respects."""


class Or(Criteria, tag=Page.Or):
    """What an item must be in one respect. Servers answer Status 8 to it, "too complex": Exchange and SOGo do."""


class Query(Criteria, tag=Page.Query):
    """What is searched for: best within ``and_`` in a mailbox, ``equal_to`` in a document library.

    SOGo knows no other form; Exchange takes a ``free_text`` or a ``conversation_id`` alone, too.
    """
