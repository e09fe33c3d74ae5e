"""What a store keeps of an account, as text: of each collection its key, and a request whose answer is not known."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from .errors import StoreError

FIRST_KEY: Final = "0"
"""The key of a client that has nothing yet ([MS-ASCMD] section 2.2.3.181)."""

_UNREADABLE: Final = "the store is damaged: what is kept of this account cannot be read; take another store, or mend it"


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What is kept of a collection.

    Its key; a request that the caller was not told the fate of, and how often the server has failed on it; what became
    of it, once that is known, as flows.up writes it; and whether the caller has yet to be told that the folder starts
    over.

    What the caller has by then stands in rows of their own, from ``first`` to before ``count`` (see flows.known). While
    a folder starts over, those before ``base`` are what the caller had, and the others what has come again. Those from
    ``full`` on are small, with ``loose`` entries together; and ``packed`` is how many rows there were when they held
    nothing twice.
    """

    sync_key: str = FIRST_KEY
    pending: bytes | None = None
    failures: int = 0
    resync: bool = False
    first: int = 0
    base: int | None = None
    count: int = 0
    full: int = 0
    loose: int = 0
    packed: int = 0
    results: list[Any] | None = None

    def restarted(self) -> Self:
        """The state of a collection that starts over; a request whose answer is not known stays to be settled."""
        return replace(self, sync_key=FIRST_KEY, failures=0, resync=True, base=self.count)

    def told(self) -> Self:
        """The state once the caller knows what became of the pending request."""
        return replace(self, pending=None, failures=0, results=None)

    @property
    def known(self) -> tuple[int, int | None, int]:
        """Where its rows begin, which of them are of before, and where they end."""
        return self.first, self.base, self.count

    def rows(self, collection_id: str) -> list[str]:
        """The names of its rows."""
        return [row_name(collection_id, number) for number in range(self.first, self.count)]

    def to_json(self) -> str:
        """The state as it is kept in a store."""
        pending = None if self.pending is None else base64.b64encode(self.pending).decode()
        values: dict[str, Any] = {"sync_key": self.sync_key, "pending": pending, "resync": self.resync}
        if self.failures:
            values["failures"] = self.failures
        if self.count or self.base is not None:
            values["known"] = [*self.known, self.full, self.loose, self.packed]
        if self.results is not None:
            values["results"] = self.results
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str | None) -> Self:
        """The state that to_json() wrote; that of a collection that is new for None. Raises StoreError."""
        if not text:
            return cls()
        state = unpacked(text)
        try:
            pending = None if state["pending"] is None else base64.b64decode(state["pending"])
            known = state.get("known", (0, 0 if state["resync"] else None, 0, 0, 0, 0))
            first, base, count, full, loose, packed = known
            made = cls(
                sync_key=state["sync_key"],
                pending=pending,
                failures=state.get("failures", 0),
                resync=state["resync"],
                first=first,
                base=base,
                count=count,
                full=full,
                loose=loose,
                packed=packed,
                results=state.get("results"),
            )
            numbers = (made.failures, first, first if base is None else base, count, full, loose, packed)
            if not isinstance(made.sync_key, str) or not all(isinstance(one, int) for one in numbers):
                raise TypeError
            if not isinstance(made.results, list | None):
                raise TypeError
            return made
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(
                "the store is damaged: the state of a folder cannot be read; take another store"
            ) from error


def unpacked(text: str) -> dict[str, Any]:
    """What a JSON object of the store says. Raises StoreError where it is none."""
    try:
        state = json.loads(text)
        if isinstance(state, dict):
            return state
    except ValueError:
        pass
    raise StoreError(_UNREADABLE)


def unpacked_texts(text: str) -> dict[str, str]:
    """What a JSON object of the store says, all of whose values are texts. Raises StoreError where it is none."""
    state = unpacked(text)
    if all(isinstance(value, str) for value in state.values()):
        return state
    raise StoreError(_UNREADABLE)


def state_name(collection_id: str) -> str:
    """The name under which a store keeps the state of a collection."""
    return f"collection/{collection_id}"


def lease_name(collection_id: str) -> str:
    """The name of the lease of a collection."""
    return f"lease/{collection_id}"


def row_name(collection_id: str, number: int | str) -> str:
    """The name under which a store keeps one row of what the caller has of a collection; with "", how all begin."""
    return f"known/{collection_id}/{number}"


__all__ = ["FIRST_KEY", "CollectionState", "lease_name", "row_name", "state_name", "unpacked_texts"]
