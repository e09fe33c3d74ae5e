"""An ActiveSync server over mailboxes in memory, for tests and for trying things out. It listens on loopback only.

    with EASServer(Mailbox("alice", "secret")) as server:
        client = Client(server.url, "alice", "secret", allow_http=True)

Each request is carried out under the mailbox's lock, so that one answer shows one state of it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import gzip
import hmac
import logging
import os
import select
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import wbxml

from ..commands import COMMANDS, EASProvisionDoc
from ..items import DocumentEntry, GALEntry
from . import find, folders, ping, provision, search, settings, sync
from .call import Call, Rules
from .device import Device
from .faults import Fault
from .mailbox import Mailbox
from .request import Answer, Request

PATH = "/Microsoft-Server-ActiveSync"
VERSIONS = ("12.1", "14.0", "14.1", "16.0", "16.1")

_CONTENT_TYPE = "application/vnd.ms-sync.wbxml"
_LARGEST_BODY = 64 << 20
_NEED_PROVISIONING = 449

_CARRY_OUT: MappingProxyType[str, Callable[[Call, Any], wbxml.Model | None]] = MappingProxyType(
    {
        "Find": find.find,
        "FolderCreate": folders.folder_create,
        "FolderDelete": folders.folder_delete,
        "FolderSync": folders.folder_sync,
        "FolderUpdate": folders.folder_update,
        "GetItemEstimate": sync.get_item_estimate,
        "Ping": ping.ping,
        "Provision": provision.provision,
        "Search": search.search,
        "Settings": settings.settings,
        "Sync": sync.sync,
    }
)

_log = logging.getLogger("activesync.testing")


class EASServer:
    """A server for the users of these mailboxes, running within ``with``, or between start() and stop().

    ``tls`` is an SSLContext, or a certificate file and a key file: then it speaks https. ``versions`` are those that it
    offers. ``policy`` is what devices must provision with, None where they need not. ``directory`` is the global
    address list; without one, it is made of the users. ``documents`` are the files and folders of its document library,
    by their links. ``compress`` sends gzip to clients that take it, ``chunk`` sends answers in chunks of that many
    bytes. ``rules`` and ``faults`` may be changed at any time. ``requests`` are the last ones.
    """

    def __init__(
        self,
        *mailboxes: Mailbox,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
        versions: Iterable[str] = VERSIONS,
        policy: EASProvisionDoc | None = None,
        directory: Iterable[GALEntry] | None = None,
        documents: Iterable[DocumentEntry] = (),
        empty_answers: bool = True,
        compress: bool = False,
        chunk: int | None = None,
    ) -> None:
        self.users = {mailbox.user: mailbox for mailbox in mailboxes or (Mailbox(),)}
        self.versions = tuple(versions)
        unknown = set(self.versions) - set(VERSIONS)
        if unknown or not self.versions:
            raise ValueError(f"versions must be of {', '.join(VERSIONS)}, not {', '.join(sorted(unknown)) or 'none'}")
        self.rules = Rules(policy=policy, empty_answers=empty_answers)
        self.directory = [_entry(one) for one in self.users.values()] if directory is None else list(directory)
        self.documents = list(documents)
        self.compress = compress
        self.chunk = chunk
        self.faults: list[Fault] = []
        self.requests: deque[Request] = deque(maxlen=500)
        self.devices: dict[tuple[str, str], Device] = {}
        self._host, self._port = host, port
        self._tls = _context(tls)
        self._arrived = threading.Condition()
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def __repr__(self) -> str:
        where = self.url if self._listener is not None else "not started"
        return f"<EASServer {where}, {', '.join(self.users)}>"

    # Running

    def start(self) -> Self:
        """Starts to listen, and returns the server."""
        if self._listener is not None:
            raise RuntimeError("the server is running already")
        self._stopping.clear()
        self._listener = _Listener((self._host, self._port), self, self._tls)
        self._port = self._listener.server_address[1]
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="EASServer", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops listening and ends all connections. What devices have is kept: the server may be started again."""
        listener, thread = self._listener, self._thread
        if listener is None or thread is None:
            return
        self._stopping.set()
        for mailbox in self.users.values():
            with mailbox.lock:
                mailbox.changed.notify_all()
        listener.shutdown()
        thread.join()
        listener.server_close()
        listener.end_connections()
        self._listener = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """Host and port, as in a URL."""
        return f"{self._host}:{self._port}"

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"{'http' if self._tls is None else 'https'}://{self.host}{PATH}"

    def wait(self, seconds: float) -> None:
        """Returns after so many seconds, or as soon as the server is stopped."""
        self._stopping.wait(seconds)

    def wait_for(self, command: str, count: int = 1, *, timeout: float = 10.0) -> list[Request]:
        """The requests of a command among the last ones, oldest first, as soon as there are ``count`` of them or more.

        They have come by then; their answers may be on their way. Raises TimeoutError after so many seconds.
        """
        found: list[Request] = []

        def enough() -> bool:
            found[:] = [request for request in self.requests if request.command == command]
            return len(found) >= count

        with self._arrived:
            if self._arrived.wait_for(enough, timeout):
                return found
        raise TimeoutError(f"{len(found)} requests of {command} have come in {timeout:g} s, not {count}")

    # State

    @property
    def mailbox(self) -> Mailbox:
        """The first user's mailbox, which is the only one in most tests."""
        return next(iter(self.users.values()))

    def device(self, device_id: str, user: str | None = None) -> Device:
        """What the server remembers of a device. Raises KeyError where the device has not come yet."""
        return self.devices[user or self.mailbox.user, device_id]

    def wipe(self, device_id: str, *, account_only: bool = False, user: str | None = None) -> None:
        """Asks a device to erase all its data, or those of this account, when it comes next."""
        self.device(device_id, user).wipe = "account" if account_only else "device"

    # Answering

    def answer(self, request: Request, authorization: str) -> Answer:
        """The answer to a request, made by the first fault that fits it, or by carrying it out."""
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
            fault = next((one for one in self.faults if one.fits(request)), None)

        carry_out = _CarryOut(self, request, authorization)
        return carry_out() if fault is None else fault.act(request, carry_out)

    def _carry_out(self, request: Request, authorization: str) -> Answer:
        mailbox = self._authenticated(authorization)
        if mailbox is None:
            return Answer(401, headers={"WWW-Authenticate": 'Basic realm="ActiveSync"'})
        if request.method == "OPTIONS":
            return Answer(
                headers={
                    "Allow": "OPTIONS,POST",
                    "Public": "OPTIONS,POST",
                    "MS-ASProtocolVersions": ",".join(self.versions),
                    "MS-ASProtocolCommands": ",".join(_CARRY_OUT),
                }
            )
        if request.command not in _CARRY_OUT:
            return _refused(501, f"this server does not know the command {request.command[:40]!r}")
        if request.version not in self.versions:
            return _refused(400, f"MS-ASProtocolVersion must be one of {', '.join(self.versions)}")
        if not request.device_id or not request.device_type:
            return _refused(400, "a request names its DeviceId and DeviceType")
        if self._mailbox_of(request.user) not in (None, mailbox):
            return _refused(403, "this is another user's mailbox")
        command = COMMANDS[request.command]
        try:
            document = wbxml.decode(request.body) if request.body else None
            model = None
            if document is not None:
                model = wbxml.decode(document, type=command.form(document, request.version))
        except wbxml.DecodeError as error:
            return _refused(400, f"the body is not what {request.command} sends: {error}")
        if model is None and request.command not in ("Ping", "Provision", "Sync"):
            return _refused(400, f"{request.command} needs a body")
        with mailbox.lock:
            call = Call(
                mailbox,
                self._device(mailbox, request),
                request.version,
                self.rules,
                self.directory,
                self.documents,
                document,
                self._stopping,
                request.gone,
            )
            # A Ping has no policy key ([MS-ASPROV] section 3.1.5.1): what the device has acknowledged counts.
            key = call.device.policy_key if request.command == "Ping" else request.policy_key
            status = 0 if request.command == "Provision" else provision.refusal(call, key)
            if status and request.version < "14.0":
                return _refused(_NEED_PROVISIONING, "Provision first")
            if status:
                response: wbxml.Model | None = command.response(status=status)
            else:
                if model is None and request.command == "Provision":
                    model = COMMANDS["Provision"]()
                response = _CARRY_OUT[request.command](call, model)
        if response is None:
            return Answer()
        try:
            body = wbxml.encode(response, version=request.version)
        except wbxml.EncodeError as error:
            return _refused(500, f"the mailbox holds what cannot be sent: {error}")
        return Answer(200, body, {"Content-Type": _CONTENT_TYPE})

    def _authenticated(self, authorization: str) -> Mailbox | None:
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        mailbox = self._mailbox_of(user)
        if mailbox is None or not colon:
            return None
        return mailbox if hmac.compare_digest(mailbox.password.encode(), password.encode()) else None

    def _mailbox_of(self, user: str) -> Mailbox | None:
        """The mailbox of a user, who may be named by address or with a domain, DOMAIN\\user."""
        name = user.rpartition("\\")[2].lower()
        for mailbox in self.users.values():
            if name in (mailbox.user.lower(), mailbox.address.lower()):
                return mailbox
        return None

    def _device(self, mailbox: Mailbox, request: Request) -> Device:
        key = (mailbox.user, request.device_id)
        device = self.devices.get(key)
        if device is None:
            device = self.devices[key] = Device(request.device_id, request.device_type)
        return device


@dataclass(frozen=True, slots=True)
class _CarryOut:
    """What a fault is given to carry a request out with: see faults.CarryOut."""

    _server: EASServer
    _request: Request
    _authorization: str

    def __call__(self) -> Answer:
        return self._server._carry_out(self._request, self._authorization)

    @property
    def mailbox(self) -> Mailbox:
        return self._server._mailbox_of(self._request.user) or self._server.mailbox

    @property
    def device(self) -> Device | None:
        return self._server.devices.get((self.mailbox.user, self._request.device_id))


def _refused(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _gone(connection: socket.socket) -> bool:
    """Whether the client has ended the connection, from which nothing is to be read while a request is held."""
    try:
        if not select.select([connection], [], [], 0)[0]:
            return False
        # Beneath TLS, whose own end is a message, too; else there may be the client's next request already.
        return isinstance(connection, ssl.SSLSocket) or not connection.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):
        return True


def _entry(mailbox: Mailbox) -> GALEntry:
    first, _, last = mailbox.name.partition(" ")
    return GALEntry(
        display_name=mailbox.name,
        alias=mailbox.user.partition("@")[0],
        first_name=first,
        last_name=last or None,
        email_address=mailbox.address,
    )


def _context(
    tls: ssl.SSLContext | tuple[str | os.PathLike[str], str | os.PathLike[str]] | None,
) -> ssl.SSLContext | None:
    if tls is None or isinstance(tls, ssl.SSLContext):
        return tls
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    return context


class _Listener(ThreadingHTTPServer):
    """The socket, a thread for each connection, and the means to end them all."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], server: EASServer, tls: ssl.SSLContext | None) -> None:
        self.eas = server
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._guard = threading.Condition()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self._tls is not None:
            # The handshake is made in the connection's own thread, by its first read: so no client stops the others.
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._guard:
            self._open.discard(request)
            self._guard.notify_all()

    def end_connections(self) -> None:
        """Ends all connections, and waits until their threads have seen it: an answer that is being made, as that to a
        held request, is still sent, where that takes no more than two seconds.
        """
        with self._guard:
            for how, seconds in ((socket.SHUT_RD, 2), (socket.SHUT_RDWR, 5)):
                for connection in self._open:
                    with contextlib.suppress(OSError):
                        # Shut down, not closed: the thread that reads from it sees the end, and closes it.
                        socket.socket.shutdown(connection, how)
                if self._guard.wait_for(lambda: not self._open, timeout=seconds):
                    return

    def handle_error(self, request: Any, client_address: Any) -> None:
        if isinstance(sys.exc_info()[1], OSError):
            _log.debug("a connection ended", exc_info=True)
        else:
            _log.error("a request could not be answered", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection and writes their answers."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one piece
    timeout = 600

    def version_string(self) -> str:
        return "activesync.testing"

    def date_time_string(self, timestamp: float | None = None) -> str:
        # The header Date goes by the mailbox's clock, as all that the server says of time does.
        return super().date_time_string(self.server.eas.mailbox.now().timestamp() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:
        _log.debug(format, *args)

    def do_OPTIONS(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._write(Answer(405, headers={"Allow": "OPTIONS,POST"}))

    def _serve(self) -> None:
        body = self._read()
        if body is None:
            return
        parts = urlsplit(self.path)
        if parts.path.rstrip("/").lower() != PATH.lower():
            self._write(_refused(404, f"ActiveSync is at {PATH}"))
            return
        headers, gone = dict(self.headers.items()), partial(_gone, self.connection)
        try:
            request, authorization = Request.received(self.command, parts.query, headers, body, gone)
        except ValueError as error:
            self._write(_refused(400, str(error)))
            return
        self._write(self.server.eas.answer(request, authorization))

    def _read(self) -> bytes | None:
        """The body, or None where there is none to be had and an answer was written."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self.close_connection = True
            self._write(_refused(411, "a request names its Content-Length"))
            return None
        text = self.headers.get("Content-Length", "0")
        length = int(text) if text.isascii() and text.isdigit() else -1
        if not 0 <= length <= _LARGEST_BODY:
            self.close_connection = True
            self._write(_refused(400 if length < 0 else 413, "this Content-Length cannot be"))
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _write(self, answer: Answer) -> None:
        eas = self.server.eas
        if answer.delay:
            eas.wait(answer.delay)
        if answer.dropped:
            self.close_connection = True
            return
        body = answer.body
        taken = "gzip" in self.headers.get("Accept-Encoding", "") and "Content-Encoding" not in answer.headers
        if eas.compress and len(body) > 500 and taken:
            body = gzip.compress(body, 1)
            answer.headers["Content-Encoding"] = "gzip"
        self.send_response(answer.status, "Retry after sending a PROVISION command" if answer.status == 449 else None)
        self.send_header("MS-Server-ActiveSync", max(eas.versions))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        chunked = answer.pieces is not None or (eas.chunk is not None and answer.cut is None and len(body) > 0)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if answer.cut is not None:
            body = body[: answer.cut]
            self.close_connection = True
        for piece in self._pieces(answer, body) if answer.pieces is None else answer.pieces:
            if chunked:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
            else:
                self.wfile.write(piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _pieces(self, answer: Answer, body: bytes) -> Iterator[bytes]:
        """The body in the pieces in which it goes out, and the silence within it."""
        eas = self.server.eas
        if answer.stall:
            if begun := body[: answer.stall_at]:
                yield begun
            self.wfile.flush()
            eas.wait(answer.stall)
            body = body[answer.stall_at :]
        size = eas.chunk or len(body) or 1
        for start in range(0, len(body), size):
            yield body[start : start + size]
