"""A way to the server on which answers get lost."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Cutter:
    """Passes connections on to a server, one answer each, and cuts those answers short that it is told to.

    Attributes: `url` the server's address by this way; `cuts` after how many bytes each of the next answers ends, None
    for not at all; `cut` how many were.
    """

    def __init__(self, url: str) -> None:
        """Listens on a free port of loopback; connections are passed on to `url`, an address with http and a port."""
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._server = parts.hostname, parts.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{self._listener.getsockname()[1]}"))
        self.cuts: list[int | None] = []
        self.cut = 0
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self) -> None:
        # One connection after the other: a client has one request under way at a time, and SOGo answers one on each.
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, socket.create_connection(self._server) as server:
                    request = threading.Thread(target=_copy, args=(client, server))
                    request.start()
                    with suppress(OSError):
                        self._answer(server, client)
                    # Before the sockets are closed, whose numbers the next ones take: the thread must not read theirs.
                    _end(client)
                    request.join()

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        """Passes the answer on, up to where it is to be cut."""
        left: int | None = None
        begun = False
        while piece := server.recv(1 << 16):
            if not begun:
                begun = True
                left = self.cuts.pop(0) if self.cuts else None
            if left is not None and len(piece) >= left:
                client.sendall(piece[:left])
                self.cut += 1
                return
            left = None if left is None else left - len(piece)
            client.sendall(piece)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    _end(target)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
