"""An HTTP request as the server sees it, and the answer to it. Source: [MS-ASHTTP] section 2.2.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ``command`` is "OPTIONS" for that method; ``headers`` have lower-case names and no Authorization."""

    method: str
    command: str = ""
    user: str = ""
    device_id: str = ""
    device_type: str = ""
    version: str = ""
    policy_key: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Answer:
    """An answer, or what is to become of it on its way.

    ``dropped`` ends the connection without an answer. ``cut`` sends that many bytes of the body, though the head
    promises all of them, and ends the connection. ``stall`` keeps silent for so many seconds after the head.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False
    cut: int | None = None
    stall: float = 0.0
