"""A server that says exactly what a test tells it to, byte by byte; and a proxy. Both on loopback, in threads."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from typing import Final, Self

CUT: Final = "cut"
"""A step of an answer: end the connection."""
RESET: Final = "reset"
"""A step of an answer: break the connection off, so that the client gets a reset."""

Step = bytes | float | str


@dataclass
class Received:
    """A request as it arrived: the number of its connection, its first line, its headers in order, and its body."""

    connection: int
    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        """The values of the header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Wire:
    """Answers one request after the other with the next of ``answers``; each is made of steps.

    bytes are sent, a number is a pause in seconds, CUT and RESET end the connection. ``greets`` is sent as soon as a
    client connects. With ``context`` it speaks TLS. Without an answer left, a request is left without one.
    """

    answers: list[tuple[Step, ...]] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    greets: bytes = b""
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    """Set as soon as a client has ended a connection."""

    def __enter__(self) -> Self:
        self._stopped = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        """An address with a path and a query, as the session makes them."""
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}/Microsoft-Server-ActiveSync?Cmd=Sync&User=alice%40example.com"

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            self.connections += 1
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            if self.greets:
                sock.sendall(self.greets)
            with sock.makefile("rb") as file:
                while self._exchange(sock, file, number):
                    pass
        sock.close()
        self.ended.set()

    def _exchange(self, sock: socket.socket, file: object, number: int) -> bool:
        request = received(file, number)
        if request is None:
            return False
        self.requests.append(request)
        return self.handle(sock, request)

    def handle(self, sock: socket.socket, request: Received) -> bool:
        """Answers a request. Whether the connection goes on."""
        for step in self.answers.pop(0) if self.answers else ():
            if isinstance(step, bytes):
                sock.sendall(step)
            elif isinstance(step, str):
                if step == RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif self._stopped.wait(step):
                return False
        return True


@dataclass
class ConnectProxy(Wire):
    """A proxy that answers CONNECT: with ``refusal``, or by joining the client to the port it asked for."""

    refusal: bytes = b""
    to: int = 0
    """The port to which every tunnel leads, whatever the client asked for."""

    def handle(self, sock: socket.socket, request: Received) -> bool:
        """Answers CONNECT, and passes bytes on in both directions."""
        if self.refusal:
            sock.sendall(self.refusal)
            return False
        with socket.create_connection(("127.0.0.1", self.to)) as there:
            self._sockets.append(there)
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._start(_pass_on, there, sock)
            _pass_on(sock, there)
        return False


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def received(file: object, number: int) -> Received | None:
    """The next request on a connection, None at its end."""
    line = file.readline().decode("latin-1").rstrip("\r\n")  # type: ignore[attr-defined]
    if not line:
        return None
    headers = []
    while header := file.readline().decode("latin-1").rstrip("\r\n"):  # type: ignore[attr-defined]
        name, _, value = header.partition(":")
        headers.append((name, value.strip()))
    length = sum(int(value) for name, value in headers if name.lower() == "content-length")
    return Received(number, line, headers, file.read(length))  # type: ignore[attr-defined]


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(*chunks: bytes, headers: tuple[str, ...] = ()) -> bytes:
    """An HTTP answer in chunks."""
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers, "", ""]
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return "\r\n".join(lines).encode("latin-1") + body


def until_closed(body: bytes, *headers: str) -> bytes:
    """An HTTP answer whose end is that of its connection."""
    return "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *headers, "", ""]).encode("latin-1") + body
