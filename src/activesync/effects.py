"""What a flow asks of the one who drives it.

A flow is a generator that holds protocol logic and nothing else: it yields one of these effects, is sent the effect's
result, and returns its own at the end. Client and AsyncClient drive the same flows, each with its own transport, and
tests drive them with canned results. So nothing below the client does I/O, reads a clock or draws a random number.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. ``timeout`` is how long, in seconds, the server may keep silent before or within its answer.

    ``command`` is that of ActiveSync which it carries, "OPTIONS" where it asks what there is.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False, default=b"")
    timeout: float = 60.0
    command: str = "OPTIONS"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an HTTP answer: its status, its headers by lower-case name, and each Set-Cookie line."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the request. Result: the Head of its answer, whose body waits to be read or closed.

    Of one that is ``held`` the server answers only when something happens. Whatever else wants the connection meanwhile
    cuts it, and GaveWay is thrown.
    """

    request: Request
    held: bool = False


class GaveWay(Exception):
    """Thrown into a flow in place of the answer to a request that was held: it was dropped, to let another flow go."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read on in the body of the answer. Result: bytes, b"" at its end."""

    size: int = 1 << 17


@dataclass(frozen=True, slots=True)
class Close:
    """Drop what is left of the answer. Result: None."""


@dataclass(frozen=True, slots=True)
class Load:
    """Load what the store keeps for the account under this name. Result: str or None."""

    name: str


@dataclass(frozen=True, slots=True)
class Save:
    """Keep these values under these names, all or none of them; None deletes. Result: None."""

    values: Mapping[str, str | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """Take the lease of this name in the store, or renew it. Result: None. Raises LeaseError where it is another's."""

    name: str


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait. Result: None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """The server wants this account to be left alone for so many seconds, and may say why: to be told to all who share
    it. Result: None, at once.
    """

    seconds: float
    throttle: str | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """Wait at least so long, while other flows go first. Result: None. Afterwards all that is kept may be another."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """Result: seconds since 1970, a float."""


@dataclass(frozen=True, slots=True)
class Random:
    """Result: this many random bytes."""

    count: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand a page to the caller, who keeps it by saving ``values``, as long as the store still holds ``expected``.

    Result: None, once the caller asks for the next page. Until it was kept, the page comes again. An event of watch()
    is a page that has nothing to be kept.
    """

    page: Any
    values: Mapping[str, str | None] = field(repr=False, default_factory=dict)
    expected: Mapping[str, str | None] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Hand the caller some changes of a folder's page, whose Deliver comes once the rest is there.

    Result: None, once he asks for more. Meanwhile other flows may be driven.
    """

    folder: Any
    changes: Any


Effect: TypeAlias = Send | Read | Close | Load | Save | Claim | Sleep | Rest | Hold | Now | Random | Deliver | Part
Flow: TypeAlias = Generator[Effect, Any, R]
