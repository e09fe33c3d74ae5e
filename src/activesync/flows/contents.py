"""What flows hand out: pages of changes from the server, and what became of changes of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..commands import (
    Add,
    AddResponse,
    Change,
    ChangeResponse,
    Delete,
    DeleteResponse,
    Fetch,
    FetchResponse,
    SoftDelete,
)
from ..errors import UsageError
from ..hierarchy import Folder
from ..items import Item

ClientChange: TypeAlias = Add | Change | Delete | Fetch
ServerChange: TypeAlias = Add | Change | Delete | SoftDelete
Response: TypeAlias = AddResponse | ChangeResponse | DeleteResponse | FetchResponse


class EarlierChangesError(UsageError):
    """An earlier request's answer had been lost; its fate is now known: ``results``. The new changes were not sent."""

    exit_code = 7

    def __init__(self, results: list[Result]) -> None:
        super().__init__(
            f"{len(results)} earlier changes, whose answer had been lost, are settled: see .results, then apply again"
        )
        self.results = results


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change.

    ``status`` 1 is success, 0 that nobody knows; ``server_id`` is what the server calls a new item; ``partial`` says
    that what a Change left out of its item stays as it was.
    """

    change: ClientChange
    status: int
    meaning: str
    server_id: str | None
    item: Item | None = None
    partial: bool = False

    @property
    def ok(self) -> bool:
        """Whether the server has taken the change."""
        return self.status == 1


@dataclass(frozen=True, slots=True)
class Skipped:
    """An item that made the server fail, or the reading of its answer: what could be had of it is among the changes.

    ``reason`` says what went wrong.
    """

    server_id: str
    reason: str


@dataclass(slots=True)
class Contents:
    """What a page holds: the changes of one folder in one answer.

    ``resync`` says that the server has started over: from this page on all items of the folder come again, of which
    ``changes`` are those that differ from what the caller was told before. Then ``replaced`` are the ServerIds of such
    Adds as put an item in the place of one that the caller has. ``more`` says that further pages follow. ``results``
    tell of earlier changes of ours whose answer had been lost; ``skipped`` names items that came without their bodies,
    or with letters that nobody can read, because the server fails on them.
    """

    folder: Folder
    changes: list[ServerChange]
    results: list[Result] = field(default_factory=list)
    resync: bool = False
    more: bool = False
    replaced: frozenset[str] = frozenset()
    skipped: tuple[Skipped, ...] = ()
