"""GetItemEstimate: how many changes a Sync would bring. Source: [MS-ASCMD] section 2.2.1.9.

SyncKey, Options and FilterType come from the AirSync code page, CollectionId from GetItemEstimate's own: section
2.2.3.30.2. Up to 12.1 the Collection has another form, in another order.
"""

from __future__ import annotations

from typing import Any

from wbxml import AirSync, Document, Model, field
from wbxml import GetItemEstimate as Page

from .command import Command
from .options import FilterType, Options


class CollectionEstimate(Model, tag=Page.Collection):
    """The number of changes in one folder."""

    cls: str | None = field(Page.Class)
    collection_id: str | None = field(Page.CollectionId)
    estimate: int | None = field(Page.Estimate)


class EstimateResponse(Model, tag=Page.Response):
    """The answer for one folder."""

    status: int | None = field(Page.Status)
    collection: CollectionEstimate | None = field()


class GetItemEstimateResponse(Model, tag=Page.GetItemEstimate):
    """The answers for the folders of the request."""

    status: int | None = field(Page.Status)
    responses: list[EstimateResponse] = field()


class EstimateCollection(Model, tag=Page.Collection):
    """One folder of a request, from 14.0 on."""

    sync_key: str | None = field(AirSync.SyncKey)
    collection_id: str | None = field(Page.CollectionId)
    conversation_mode: bool | None = field(AirSync.ConversationMode)
    options: list[Options] = field()


class EstimateCollection121(Model, tag=Page.Collection):
    """One folder of a request, up to 12.1."""

    cls: str | None = field(Page.Class)
    collection_id: str | None = field(Page.CollectionId)
    filter_type: FilterType | None = field(AirSync.FilterType, until="12.1")
    sync_key: str | None = field(AirSync.SyncKey)


class GetItemEstimate(Command[GetItemEstimateResponse], tag=Page.GetItemEstimate):
    """Asks for the number of changes in folders, from 14.0 on. They need a SyncKey other than "0"."""

    name = "GetItemEstimate"
    response = GetItemEstimateResponse

    collections: list[EstimateCollection] = field(within=Page.Collections, since="14.0")

    @classmethod
    def form(cls, document: Document, version: str) -> type[Command[Any]]:
        """The Model for the request of ``version``."""
        return GetItemEstimate121 if version in ("2.5", "12.0", "12.1") else GetItemEstimate


class GetItemEstimate121(Command[GetItemEstimateResponse], tag=Page.GetItemEstimate):
    """Asks for the number of changes in folders, up to 12.1."""

    name = "GetItemEstimate"
    response = GetItemEstimateResponse

    collections: list[EstimateCollection121] = field(within=Page.Collections, until="12.1")
