"""How a client signs in: by password, by token, or by NTLM. Source: [MS-ASHTTP] section 2.2.1.1.2.

``auth=`` of a client is any function that returns an Authorization header. It is asked before each request, and once
more where the server answers 401: a token that has run out is told by another one then. One that has a method
``answer`` is given the server's challenge instead.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, runtime_checkable

from .errors import UsageError

Authorization: TypeAlias = Callable[[], str]


@runtime_checkable
class Challenged(Protocol):
    """An ``auth=`` that answers challenges, as NTLM does."""

    def __call__(self) -> str:
        """The Authorization header with which a request begins."""

    def answer(self, challenge: str) -> str | None:
        """The header that answers these WWW-Authenticate headers; None where there is nothing more to say."""


def basic(user: str, password: str) -> Authorization:
    """A function that gives the Authorization header of HTTP Basic (RFC 7617), in UTF-8."""
    if ":" in user:
        raise UsageError("a user name with a colon cannot be sent by HTTP Basic")
    try:
        value = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    except UnicodeEncodeError:
        # The error's own text and data would hold the password.
        raise UsageError("user and password must be text: these have bytes that are not UTF-8") from None
    return lambda: value


def bearer(token: Callable[[], str]) -> Authorization:
    """A function that gives the Authorization header of OAuth (RFC 6750). ``token`` gives a token that is valid now.

    It is called before each request, so it should keep the token until that runs out; and once more after a 401.
    """
    return lambda: f"Bearer {token()}"


class NTLM:
    """Signs in by NTLM, which some servers of companies ask for: needs the extra ``ntlm`` (pyspnego).

    ``user`` may be DOMAIN\\user or an address. NTLM signs in connections, so a transport that several clients share is
    none for it. Raises UsageError where pyspnego is not installed.
    """

    def __init__(self, user: str, password: str) -> None:
        try:
            import spnego
        except ImportError as error:
            raise UsageError("NTLM needs pyspnego: pip install 'activesync[ntlm]'") from error
        self._spnego = spnego
        self._user, self._password = user, password
        self._context: Any = None

    def __repr__(self) -> str:
        return f"NTLM({self._user!r}, ...)"

    def __call__(self) -> str:
        """The header that begins to sign in."""
        self._context = self._spnego.client(self._user, self._password, service="http", protocol="ntlm")
        return self._step(None)

    def answer(self, challenge: str) -> str | None:
        """The header that answers the server's challenge; None where it has none, as after a wrong password."""
        found = re.search(r"\bNTLM +([A-Za-z0-9+/]+=*)", challenge)
        if found is None or self._context is None or self._context.complete:
            return None
        try:
            return self._step(base64.b64decode(found[1], validate=True))
        except Exception:  # noqa: BLE001 - of a broken challenge the library raises what its parser runs into
            return None

    def _step(self, token: bytes | None) -> str:
        return "NTLM " + base64.b64encode(self._context.step(token) or b"").decode()


def offered(challenge: str) -> list[str]:
    """The schemes that WWW-Authenticate headers name, such as "Basic"."""
    # A scheme is a word at the start of an item that is no parameter (name=value).
    found = re.findall(
        r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s*(?:,|$)|\s+[^\s=,])", re.sub(r'"[^"]*"', '""', challenge)
    )
    return list(dict.fromkeys(found))


__all__ = ["NTLM", "Authorization", "Challenged", "basic", "bearer", "offered"]
