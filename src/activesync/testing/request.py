"""An HTTP request as the server sees it, and the answer to it. Source: [MS-ASHTTP] section 2.2.1."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from ..query import parse_query


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ``command`` is "OPTIONS" for that method; ``headers`` have lower-case names and no Authorization.

    ``gone`` tells whether its client has ended the connection meanwhile.
    """

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
    gone: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)

    @classmethod
    def received(
        cls, method: str, query: str, headers: Mapping[str, str], body: bytes, gone: Callable[[], bool] = lambda: False
    ) -> tuple[Self, str]:
        """The request that has come by HTTP, and its Authorization. Raises ValueError for a query that is none."""
        lower = {name.lower(): value for name, value in headers.items()}
        authorization = lower.pop("authorization", "")
        given: dict[str, Any] = asdict(parse_query(query, lower)) if method == "POST" else {"command": "OPTIONS"}
        return cls(method=method, headers=lower, body=body, gone=gone, **given), authorization


@dataclass(slots=True)
class Answer:
    """An answer, or what is to become of it on its way.

    ``dropped`` ends the connection without an answer. ``cut`` sends that many bytes of the body, though the head
    promises all of them, and ends the connection. ``delay`` keeps silent for so many seconds before the head, ``stall``
    after ``stall_at`` bytes of the body; both end where the server is stopped. ``pieces`` go out in place of the body,
    each as soon as it is made, and the head tells no length.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False
    cut: int | None = None
    delay: float = 0.0
    stall: float = 0.0
    stall_at: int = 0
    pieces: Iterable[bytes] | None = field(default=None, repr=False)
