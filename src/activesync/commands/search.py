"""Search: mails and other items of a mailbox, and people of the address list. Source: [MS-ASCMD] section 2.2.1.16."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from wbxml import AirSync, Document, Model, RightsManagement, field
from wbxml import Search as Page

from ..items import BodyPartPreference, BodyPreference, DocumentEntry, GALEntry, Item, MIMESupport
from .command import Command
from .criteria import Query


class SearchResult(Model, tag=Page.Result):
    """One thing that was found. ``properties`` is a GALEntry where people were searched for, else an item."""

    cls: str | None = field(AirSync.Class)
    long_id: str | None = field(Page.LongId, since="14.1")
    collection_id: str | None = field(AirSync.CollectionId)
    properties: Item | GALEntry | DocumentEntry | None = field(Page.Properties)


class SearchStoreResponse(Model, tag=Page.Store):
    """What was found. ``range`` is "first-last", counted from 0; ``total`` is how many there are in all."""

    status: int | None = field(Page.Status)
    results: list[SearchResult] = field()
    range: str | None = field(Page.Range)
    total: int | None = field(Page.Total)


class SearchResponses(Model, tag=Page.Response):
    """The element around the answer of the one store that can be asked."""

    store: SearchStoreResponse | None = field()


class SearchResponse(Model, tag=Page.Search):
    """The answer to a Search."""

    status: int | None = field(Page.Status)
    response: SearchResponses | None = field()

    @property
    def store(self) -> SearchStoreResponse | None:
        """The answer of the store, or None where there is none, which ``status`` explains."""
        return None if self.response is None else self.response.store


class PictureOptions(Model, tag=Page.Picture):
    """Asks for photographs: of at most ``max_size`` bytes each, and at most ``max_pictures``."""

    max_size: int | None = field(Page.MaxSize)
    max_pictures: int | None = field(Page.MaxPictures)


class SearchOptions(Model, tag=Page.Options):
    """How much of what was found is sent, and how.

    ``user_name`` and ``password`` are for document libraries, where the answer was Status 14; they show in no repr.
    """

    rebuild_results: bool = field(Page.RebuildResults, flag=True)
    range: str | None = field(Page.Range)
    deep_traversal: bool = field(Page.DeepTraversal, flag=True)
    mime_support: MIMESupport | None = field(AirSync.MIMESupport)
    body_preferences: list[BodyPreference] = field()
    body_part_preference: BodyPartPreference | None = field()
    rights_management_support: bool | None = field(RightsManagement.RightsManagementSupport)
    user_name: str | None = field(Page.UserName)
    password: str | None = field(Page.Password)
    picture: PictureOptions | None = field()

    def __repr__(self) -> str:
        shown = ((one.name, getattr(self, one.name)) for one in fields(self))
        told = (
            f"{name}={'...' if name in ('user_name', 'password') else repr(value)}" for name, value in shown if value
        )
        return f"SearchOptions({', '.join(told)})"


class SearchStore(Model, tag=Page.Store):
    """Where to search, and for what: ``name`` is "Mailbox" or "DocumentLibrary"."""

    name: str | None = field(Page.Name)
    query: Query | None = field()
    options: SearchOptions | None = field()


class GALStore(Model, tag=Page.Store):
    """The people to search for: ``name`` is "GAL", ``query`` a prefix of a name, an alias, a telephone number …"""

    name: str | None = field(Page.Name)
    query: str | None = field(Page.Query)
    options: SearchOptions | None = field()


class Search(Command[SearchResponse], tag=Page.Search):
    """Searches a mailbox or a document library."""

    name = "Search"
    response = SearchResponse

    store: SearchStore | None = field()

    @classmethod
    def form(cls, document: Document, version: str) -> type[Command[Any]]:
        """SearchGAL where the address list is asked, whose query is text instead of elements."""
        name = document.root.findtext("Search:Store/Search:Name", "")
        return SearchGAL if name.upper() == "GAL" else Search


class SearchGAL(Command[SearchResponse], tag=Page.Search):
    """Searches the global address list."""

    name = "Search"
    response = SearchResponse

    store: GALStore | None = field()
