"""What a command is carried out with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from wbxml import Model

from ..commands import EASProvisionDoc
from ..items import DocumentEntry, GALEntry
from .device import Device
from .mailbox import Mailbox


@dataclass(slots=True)
class Rules:
    """How a server behaves where the specification leaves it a choice.

    ``policy`` is what devices have to agree to, None where nothing is asked of them. ``empty_answers`` sends nothing at
    all where a Sync has nothing to tell. ``most_collections`` may stand in one Sync, ``most_pinged`` in one Ping. What
    either lets the server wait lies within ``heartbeat``, in seconds.
    """

    policy: EASProvisionDoc | None = None
    empty_answers: bool = True
    most_collections: int = 300
    most_pinged: int = 300
    heartbeat: tuple[int, int] = (60, 3540)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of one device: whose mailbox it is about, in which version, and the document that came.

    One that is held ends when the server is ``stopping``, or its client is ``gone``.
    """

    mailbox: Mailbox
    device: Device
    version: str
    rules: Rules
    directory: Sequence[GALEntry]
    documents: Sequence[DocumentEntry]
    document: Any = None
    stopping: threading.Event = field(default_factory=threading.Event)
    gone: Callable[[], bool] = lambda: False


def problems(*models: Model | None) -> bool:
    """Whether one of these has a value that does not fit, or an element that does not belong there."""
    return any(model is not None and bool(model.problems or model.unknown) for model in models)
