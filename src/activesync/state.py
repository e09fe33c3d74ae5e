"""What a store keeps of an account, as text: of each collection its key, and a request whose answer is not known."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any, Final, Self

from .errors import StoreError

FIRST_KEY: Final = "0"
"""The key of a client that has nothing yet ([MS-ASCMD] section 2.2.3.181)."""


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What is kept of a collection.

    Its key; a request whose answer is not known, and how often the server has failed on it; and whether the caller has
    yet to be told that the folder starts over.
    """

    sync_key: str = FIRST_KEY
    pending: bytes | None = None
    failures: int = 0
    resync: bool = False

    def to_json(self) -> str:
        """The state as it is kept in a store."""
        pending = None if self.pending is None else base64.b64encode(self.pending).decode()
        values = {"sync_key": self.sync_key, "pending": pending, "resync": self.resync}
        return json.dumps(values | ({"failures": self.failures} if self.failures else {}))

    @classmethod
    def from_json(cls, text: str | None) -> Self:
        """The state that to_json() wrote; that of a collection that is new for None. Raises StoreError."""
        if not text:
            return cls()
        state = unpacked(text)
        try:
            pending = None if state["pending"] is None else base64.b64decode(state["pending"])
            return cls(state["sync_key"], pending, state.get("failures", 0), state["resync"])
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
    raise StoreError(
        "the store is damaged: what is kept of this account cannot be read; take another store, or mend it"
    )


def state_name(collection_id: str) -> str:
    """The name under which a store keeps the state of a collection."""
    return f"collection/{collection_id}"


__all__ = ["FIRST_KEY", "CollectionState", "state_name", "unpacked"]
