"""Transports that reach an embedded server in the same process, without a network between, and so much faster."""

from __future__ import annotations

from urllib.parse import urlsplit

from activesync import effects, errors
from activesync.testing import EASServer
from activesync.testing.request import Answer, Request


class WithinAnswer:
    """The server's Answer as a transport gives it: its body in pieces, and what was to become of it on its way."""

    def __init__(self, answer: Answer, piece: int) -> None:
        self.head = effects.Head(answer.status, {name.lower(): value for name, value in answer.headers.items()})
        self._body = answer.body if answer.cut is None else answer.body[: answer.cut]
        self._lost = answer.cut is not None and answer.cut < len(answer.body)
        self._piece = piece

    def read(self, size: int = 1 << 16) -> bytes:
        """The next piece."""
        size = min(size, self._piece)
        piece, self._body = self._body[:size], self._body[size:]
        if not piece and self._lost:
            raise errors.ConnectionLostError("the connection ended within the answer")
        return piece

    def close(self) -> None:
        """Drops the rest."""
        self._body, self._lost = b"", False


class Within:
    """A Transport to this server. ``piece`` is how many bytes of an answer come at once."""

    def __init__(self, server: EASServer, piece: int = 1 << 16) -> None:
        self._server = server
        self._piece = piece

    def send(self, request: effects.Request) -> WithinAnswer:
        """The server's answer."""
        query = urlsplit(request.url).query
        asked, authorization = Request.received(request.method, query, request.headers, request.body)
        answer = self._server.answer(asked, authorization)
        if answer.dropped:
            raise errors.ConnectionLostError("the connection ended without an answer")
        return WithinAnswer(answer, self._piece)

    def close(self) -> None:
        """Nothing."""


class _AsyncAnswer:
    def __init__(self, answer: WithinAnswer) -> None:
        self.head = answer.head
        self._answer = answer

    async def read(self, size: int = 1 << 16) -> bytes:
        """The next piece."""
        return self._answer.read(size)

    async def close(self) -> None:
        """Drops the rest."""
        self._answer.close()


class AsyncWithin:
    """The same for an AsyncClient."""

    def __init__(self, server: EASServer, piece: int = 1 << 16) -> None:
        self._within = Within(server, piece)

    async def send(self, request: effects.Request) -> _AsyncAnswer:
        """The server's answer."""
        return _AsyncAnswer(self._within.send(request))

    async def close(self) -> None:
        """Nothing."""


__all__ = ["AsyncWithin", "Within"]
