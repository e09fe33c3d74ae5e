"""What the server remembers of each device: its policy key, and how far it has got in each collection."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from ..commands import DeviceInformation, EASProvisionDoc, Options, Ping, SupportedCalendar, SupportedContacts, Sync


@dataclass(frozen=True, slots=True)
class Queue:
    """The operations that were found to be due in a collection, for as long as nothing in it changes."""

    touched: int
    filter: tuple[int, bool]
    operations: list[tuple[str, str]]


@dataclass(slots=True)
class Step:
    """What led from one key to the next: the request, its answer, and what the device has by it.

    ``delta`` are the revisions of items by ServerId, None for those that are gone; ``own`` are those that the client's
    commands have led to, and ``added`` the ServerIds of its new items by ClientId; ``position`` is how far the answer
    went in ``queue``.
    """

    key: str
    request: bytes
    response: Any
    delta: dict[str, int | None]
    own: dict[str, int] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    queue: Queue | None = None
    position: int = 0


@dataclass(slots=True)
class Relation:
    """How far a device has got in one collection, or in the hierarchy of folders.

    ``known`` is what it has by ``key``: the revision of each item; ``own`` and ``added`` are what its commands have
    done in a request whose answer it has never seen. The answer that gave the next key is kept until that key is used,
    so that it can be sent again if it was lost ([MS-ASCMD] section 3.1.5.9, R5121 and R5122). Earlier keys stand for
    nothing any more.
    """

    key: str
    known: dict[str, int] = field(default_factory=dict)
    step: Step | None = None
    own: dict[str, int] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    supported: SupportedContacts | SupportedCalendar | None = None
    queue: Queue | None = None
    position: int = 0

    def knows(self, key: str) -> bool:
        """Whether the key is the last or the one before."""
        return key == self.key or (self.step is not None and key == self.step.key)

    def begin(self, key: str, request: bytes) -> Step | None:
        """The step that this very request has led to already, or None where there is something to do.

        A request with the last key says that its answer has arrived. Another request with the key before says that it
        never will: what was sent in it is due again, while what it has changed on the server stays. Raises KeyError for
        any other key.
        """
        if not self.knows(key):
            raise KeyError(key)
        step = self.step
        if step is None:
            return None
        if key == step.key:
            self.key = key
            _merge(self.known, step.delta)
            self.queue, self.position = step.queue, step.position
            self.own, self.added = {}, {}
        elif step.request == request:
            return step
        else:
            self.own, self.added = step.own, step.added
        self.step = None
        return None

    def view(self, key: str) -> dict[str, int]:
        """What the device has by this key. Where it is ``known`` itself, it is not to be changed."""
        if self.step is None or key == self.key:
            return self.known
        known = dict(self.known)
        _merge(known, self.step.delta)
        return known


def _merge(known: dict[str, int], delta: dict[str, int | None]) -> None:
    for name, revision in delta.items():
        if revision is None:
            known.pop(name, None)
        else:
            known[name] = revision


@dataclass(slots=True)
class Offer:
    """A policy that was offered with a key for its acknowledgement, and the key that was given for that."""

    policy: EASProvisionDoc
    key: str = field(repr=False)
    final_key: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Device:
    """One device of one user.

    ``cached`` is the Sync that an empty one repeats ([MS-ASCMD] section 2.2.1.21.1), ``pinged`` what a Ping need not
    say again, and ``searches`` are the ids of those that Find has begun; ``search_folder`` is the query of the last
    Search, and the folders and items that it has found: they stay until another one comes or it is to be rebuilt.
    """

    device_id: str
    device_type: str = ""
    information: DeviceInformation | None = None
    policy: EASProvisionDoc | None = field(default=None, repr=False)
    policy_key: str | None = field(default=None, repr=False)
    offer: Offer | None = None
    wipe: str | None = None
    wiped: bool = False
    hierarchy: Relation | None = None
    collections: dict[str, Relation] = field(default_factory=dict)
    cached: Sync | None = None
    pinged: Ping | None = None
    searches: set[str] = field(default_factory=set)
    search_folder: tuple[bytes, list[tuple[str, str]]] = (b"", [])
    recovery_password: str | None = field(default=None, repr=False)
    _token: str = field(default_factory=lambda: secrets.token_hex(4), repr=False)
    _count: int = 0

    def new_key(self) -> str:
        """A SyncKey that this device never had: no number, so that nobody takes it for one."""
        self._count += 1
        return f"{self._token}-{self._count}"
