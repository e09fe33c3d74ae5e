"""Leases: of two clients that share a store, one synchronises a folder, and the other is told so.

A lease is a row of the store with its owner and its end. It is taken when a folder is first synchronised or changed,
renewed on the way, and given back when the client is closed. One whose process is gone, on this machine, holds nothing,
nor does one of a client in this process that nobody has any more.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Final
from weakref import WeakValueDictionary

from .errors import LeaseError

SECONDS: Final = 300.0
"""How long a lease lasts that nobody renews: longer than any answer is waited for."""


# Of the clients of this process, by what they call themselves in their leases.
_LIVING: Final[WeakValueDictionary[str, Leases]] = WeakValueDictionary()


class Leases:
    """Those that one client holds, by their names in the store; the client reads and writes the rows."""

    def __init__(self) -> None:
        name = os.urandom(8).hex()
        self._me = {"machine": _machine(), "process": os.getpid(), "client": name}
        self.held: dict[str, float] = {}
        _LIVING[name] = self

    def fresh(self, name: str, now: float) -> bool:
        """Whether a lease is held and has most of its time before it. ``now`` is in seconds since 1970."""
        # One from the future is of a clock that was set back: it is renewed.
        return now + SECONDS / 2 < self.held.get(name, 0.0) <= now + SECONDS

    def taken(self, name: str, kept: str | None, now: float) -> str:
        """What the store is to keep, so that the lease is this client's. Raises LeaseError where it is another's."""
        other = _read(kept)
        if other is not None and other["client"] != self._me["client"]:
            left = other["until"] - now
            if 0 < left <= SECONDS and not self._is_gone(other):
                raise LeaseError(
                    f"process {other['process']} on {str(other['machine']).partition(' ')[0]} synchronises this folder"
                    f" with the same store: end it, or close its client; without either, its lease ends in {left:.0f} s"
                )
        self.held[name] = now + SECONDS
        return json.dumps(self._me | {"until": self.held[name]})

    def is_mine(self, kept: str | None) -> bool:
        """Whether this is what taken() gave."""
        other = _read(kept)
        return other is not None and other["client"] == self._me["client"]

    def _is_gone(self, other: dict[str, Any]) -> bool:
        """Whether the owner has ended, as far as can be told from here."""
        if other["machine"] != self._me["machine"]:
            return False
        if other["process"] == os.getpid():
            return other["client"] not in _LIVING
        if os.name != "posix":
            return False
        try:
            os.kill(int(other["process"]), 0)
        except ProcessLookupError:
            return True
        except (OSError, ValueError):
            pass  # another user's, or no number
        return False


def _machine() -> str:
    """This machine, and on Linux the numbering of processes that holds here: a container has its own."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _read(kept: str | None) -> dict[str, Any] | None:
    """A lease, or None where there is none that could be read."""
    try:
        found = json.loads(kept or "")
        return found if isinstance(found["client"], str) and found["until"] + 0 and found["machine"] else None
    except (ValueError, TypeError, KeyError):
        return None


__all__ = ["SECONDS", "Leases"]
