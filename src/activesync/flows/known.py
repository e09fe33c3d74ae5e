"""What the caller has of a folder: each item by its ServerId, with a digest of what it was told.

It is what makes a folder that starts over tell true changes only: the server sends everything again, and what is as it
was is left out (source: [MS-ASCMD] section 2.2.3.177.17, Status 3). It costs a row for each page, kept together with
the page's key; the rows are read only when a folder starts over, and small ones to make one of many.

A digest is a text of six parts with commas between: the item without the marks of a mail, and each of these. A part is
"=" where it is as before, and "?" where nobody knows; neither compares as equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Final, TypeAlias
from zlib import crc32

import wbxml

from ..commands import Add, Change, Delete, Fetch, SoftDelete
from ..effects import Flow, Load
from ..errors import StoreError
from ..hierarchy import Folder
from ..items import Email, Flag
from ..state import FIRST_KEY, CollectionState, row_name
from .contents import Result, ServerChange

Entries: TypeAlias = dict[str, str | None]
"""Digests by ServerId; None where the item is gone."""

# What changes of a mail that was received: a Change that names these alone leaves the rest as it was.
_MARKS: Final = ("read", "flag", "categories", "last_verb_executed", "last_verb_execution_time")
_marks_of = attrgetter(*_MARKS)
_rest_of = attrgetter(*(name for name in Email.__dataclass_fields__ if name not in _MARKS and name != "problems"))
_SAME: Final = "="
UNKNOWN: Final = ",".join("?" * (1 + len(_MARKS)))
_NO_MARKS: Final = "," * len(_MARKS)
# Version, public id, character set, no string table, and the tag, which differs between an Add and a Change.
_BEGINNING: Final = 5
# Rows of fewer entries than this become one, once there are so many of them, or they have so many together: what is
# held in memory at once does not grow with the folder.
_FULL_ROW: Final = 512
_MOST_ROWS: Final = 128
# How many entries a row has where all that is known was packed.
_PACKED_ROW: Final = 4096


def entries_of(changes: Iterable[ServerChange]) -> Entries:
    """What a page tells of its items."""
    told: Entries = {}
    for change in changes:
        name = change.server_id
        if name is None:
            continue
        # By their types: isinstance() of a Model takes longer than all the rest.
        if type(change) is Add:
            told[name] = _digest(change)
        elif type(change) is Change:
            told[name] = _after(told.get(name), _digest(change))
        else:
            instance = type(change) is Delete and change.instance_id is not None
            told[name] = UNKNOWN if instance else None
    return told


def entries_of_results(results: Iterable[Result]) -> Entries:
    """What the results of changes of ours tell: the server has these, and may have made more of them."""
    told: Entries = {}
    for result in results:
        name, change = result.server_id, result.change
        if not result.ok or name is None or isinstance(change, Fetch):
            continue
        if isinstance(change, Delete) and change.instance_id is None:
            told[name] = None
        elif isinstance(change, Change) and isinstance(change.item, Email):
            digest = _digest(change)
            # What the server makes of more than marks, it does not say.
            told[name] = _after(told.get(name), digest) if digest.startswith(_SAME) else UNKNOWN
        else:
            told[name] = UNKNOWN
    return told


def _digest(change: Add | Change) -> str:
    item = change.item
    if item is None or item.problems:
        return UNKNOWN
    if type(item) is not Email:
        return UNKNOWN if isinstance(change, Change) and change.instance_id is not None else _whole(change) + _NO_MARKS
    if type(change) is Change and not any(_rest_of(item)):
        return ",".join([_SAME, *(_SAME if mark is None else _mark(mark) for mark in _marks_of(item))])
    date = item.date_received
    if date is None or item.is_draft:
        return _whole(change) + _NO_MARKS
    # A mail that was received stays what it is: servers send no changes of more than its marks ([MS-ASCMD] section
    # 2.2.3.24). This tells it from another one to which a server gives the same number, as IMAP may: by its date, the
    # length of its body, and its subject.
    body, subject, flag = item.body, item.subject, item.flag
    when = 86400 * date.toordinal() + 3600 * date.hour + 60 * date.minute + date.second
    if body is not None and body.data is not None:
        when += len(body.data) << 16
    content = crc32(subject.encode() if subject else b"", when)
    if (flag is None or flag.status is None) and not item.categories and item.last_verb_executed is None:
        read = item.read
        return f"{content:x},,,,," if read is None else f"{content:x},1,,,," if read else f"{content:x},0,,,,"
    return ",".join([f"{content:x}", *("" if mark is None else _mark(mark) for mark in _marks_of(item))])


def _whole(change: Add | Change) -> str:
    try:
        data = wbxml.encode(change)
    except wbxml.EncodeError:
        return "?"  # something that was read and cannot be written
    return f"{crc32(data[_BEGINNING:]):x}.{len(data):x}"


def _mark(value: Any) -> str:
    """A mark as text. A mail without categories has none, or an empty list of them; and so with flags."""
    if value is True or value is False:
        return "1" if value else "0"
    if isinstance(value, Flag):
        return "" if value.status is None else f"{crc32(wbxml.encode(value)):x}"
    return f"{crc32(repr(value).encode()):x}" if value else ""


def _after(known: str | None, told: str) -> str:
    """The digest after another one that may leave parts as they were."""
    if known is None or _SAME not in told:
        return told
    return ",".join(old if new == _SAME else new for old, new in zip(known.split(","), told.split(","), strict=True))


def merge(known: Entries, told: Mapping[str, str | None]) -> None:
    """Adds to what is known what is told later."""
    for name, digest in told.items():
        known[name] = digest if digest is None or _SAME not in digest else _after(known.get(name), digest)


def _read(folder: Folder, first: int, end: int) -> Flow[Entries]:
    """The rows of these numbers, one after another."""
    known: Entries = {}
    for number in range(first, end):
        text = yield Load(row_name(folder.collection_id, number))
        try:
            merge(known, json.loads(text or "{}"))
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"the store is damaged: what it knows of the items of {folder.name} cannot be read; take another store"
            ) from error
    return known


def keep(
    folder: Folder, state: CollectionState, told: Entries, *, more: bool = False
) -> Flow[tuple[CollectionState, dict[str, str | None]]]:
    """The state with what was told, and what has to be saved with it. ``more`` says that the folder is catching up."""
    if not told:
        return state, {}
    values: dict[str, str | None] = {}

    def row(number: int, entries: Entries) -> None:
        values[row_name(folder.collection_id, number)] = json.dumps(entries, separators=(",", ":"))

    if state.base is not None:
        row(state.count, told)
        state = replace(state, count=state.count + 1)
        if state.sync_key == FIRST_KEY:
            state = replace(state, base=state.count)  # it went up before the folder starts over, and will come again
        return state, values
    loose = state.loose + len(told)
    if loose < _FULL_ROW and state.count - state.full < _MOST_ROWS:
        row(state.count, told)
        return replace(state, count=state.count + 1, loose=loose), values
    # One row for those that are not full. Of what is gone nothing need be kept where there is nothing older.
    known = yield from _read(folder, state.full, state.count)
    merge(known, told)
    if state.full == state.first:
        known = {name: digest for name, digest in known.items() if digest is not None}
    values |= dict.fromkeys(row_name(folder.collection_id, number) for number in range(state.full, state.count))
    row(state.full, known)
    state = replace(state, count=state.full + 1, loose=len(known))
    if len(known) < _FULL_ROW // 2:
        return state, values
    state = replace(state, full=state.count, loose=0)
    if more:
        state = replace(state, packed=state.count - state.first)
    elif state.count - state.first > 2 * state.packed + _MOST_ROWS:
        # By now much of it is told twice. Those of this size are packed once for as many changes as they hold.
        everything = yield from _read(folder, state.first, state.full - 1)
        merge(everything, known)
        live = [(name, digest) for name, digest in everything.items() if digest is not None]
        values |= dict.fromkeys(state.rows(folder.collection_id))
        first = number = state.count
        for start in range(0, len(live), _PACKED_ROW):
            row(number, dict(live[start : start + _PACKED_ROW]))
            number += 1
        state = replace(state, first=first, count=number, full=number, packed=number - first)
    return state, values


@dataclass(slots=True)
class Sieve:
    """What the caller had of items that come again, and which have come so far."""

    had: Entries
    seen: set[str] = field(default_factory=set)

    def sifted(self, changes: list[ServerChange], told: Entries) -> tuple[list[ServerChange], set[str]]:
        """The changes that are none to the caller left out; and which of the Adds he has in another form."""
        true: list[ServerChange] = []
        replaced = set()
        for change in changes:
            name = change.server_id or ""
            before = None if name in self.seen else self.had.get(name)
            if isinstance(change, Add) and before is not None:
                if before == told.get(name) and "?" not in before:
                    continue
                replaced.add(name)
            true.append(change)
        return true, replaced


@dataclass(slots=True)
class StartingOver(Sieve):
    """A folder that starts over: what the caller had, and what has come again so far."""

    folder: Folder = field(kw_only=True)
    place: tuple[int, int | None, int] = field(kw_only=True)

    @classmethod
    def begun(cls, folder: Folder, state: CollectionState) -> Flow[StartingOver]:
        """As far as the store knows it."""
        assert state.base is not None
        had = yield from _read(folder, state.first, state.base)
        again = yield from _read(folder, state.base, state.count)
        had = {name: digest for name, digest in had.items() if digest is not None}
        return cls(had, set(again), folder=folder, place=state.known)

    def at(self, state: CollectionState) -> bool:
        """Whether this is where the store is."""
        return self.place == state.known

    def gone(self, *, filtered: bool) -> list[ServerChange]:
        """What has not come again. With a filter nobody can tell whether it still is on the server."""
        left = [name for name in self.had if name not in self.seen]
        return [SoftDelete(server_id=name) if filtered else Delete(server_id=name) for name in left]

    def went_on(self, state: CollectionState, told: Entries) -> None:
        """After a page."""
        self.seen.update(told)
        self.place = state.known

    def ended(self, state: CollectionState) -> tuple[CollectionState, dict[str, str | None]]:
        """The state once all has come again, and what has to be saved with it."""
        assert state.base is not None
        old = replace(state, count=state.base).rows(self.folder.collection_id)
        packed = state.count - state.base
        return replace(state, first=state.base, base=None, full=state.count, loose=0, packed=packed), dict.fromkeys(old)


__all__ = ["UNKNOWN", "Entries", "Sieve", "StartingOver", "entries_of", "entries_of_results", "keep", "merge"]
