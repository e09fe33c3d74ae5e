"""How a request travels: one adapter for urllib3, which Client uses, and one for aiohttp, which AsyncClient uses.

A transport sends one request and gives back its answer; a body that is gzip or deflate is unpacked as it is read. It
follows no redirection, keeps no cookie, signs nothing in and repeats nothing: all that is the session's. It adds no
header but Host and Content-Length (and the Proxy-Authorization that the environment asks for).

Whatever goes wrong is raised as one of :mod:`activesync.errors`, the same for both adapters:

====================  =================================================================================================
AddressError          the host's name does not resolve, or the URL has none
ConnectError          refused, unreachable, no TLS there; the proxy cannot be reached, or refuses
CertificateError      the certificate is untrusted, out of date or another host's
TimedOutError         connecting, or a silence before or within the answer, took too long
ConnectionLostError   the connection ended early. Raised by ``send``: before the head of the answer was whole. Raised by
                      ``read``: within its body (less than its Content-Length, a broken chunk, a reset)
NotActiveSyncError    what came is not HTTP
CutOffError,          a packed body ends too early, or is broken. As far as HTTP goes it was whole, so these are the
DamagedError          errors of a document that is not whole, whether it came packed or not
UsageError            a header or timeout cannot be used, a CA file cannot be read, aiohttp is not installed
====================  =================================================================================================

Messages name the host and its port, never the query (it holds the user's name) and never a credential. The exception
beneath is chained, except where its own text would tell these.

The proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, looked up when the transport is made, as urllib does it.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError, ProxyError
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.util import SKIP_HEADER

from .effects import Head, Request
from .errors import AnswerError, UsageError
from .route import Certificate, Proxies, Route, Trust, Verify, unsendable
from .unpack import Unpacker

if TYPE_CHECKING:
    import asyncio

    import aiohttp

#: How many packed bytes are taken from the network at once, while unpacking.
_PACKED_PIECE = 1 << 16

#: The longest line of an answer's head: http.client's limit, set for aiohttp too.
_LINE_LIMIT = 1 << 16

#: How often, in seconds, to look whether a silent connection still is one.
_LOOK = 0.5

_Failures: TypeAlias = tuple[type[Exception], ...]


class Answer(Protocol):
    """An answer whose head has come and whose body waits to be read, or closed."""

    @property
    def head(self) -> Head:
        """The answer's status, headers and cookies."""

    def read(self, size: int = 1 << 16) -> bytes:
        """The next bytes of the body as soon as there are any, at most ``size`` (1 or more); b"" at its end."""

    def close(self) -> None:
        """Drop what is left of the body, and the connection with it. May be called at any time, and again."""


class Transport(Protocol):
    """What Client needs to reach a server. One made elsewhere fits as well, where it keeps to this module's errors."""

    def send(self, request: Request) -> Answer:
        """The answer to the request, once its head has come. Sends the request once at most."""

    def close(self) -> None:
        """Close all connections."""


class AsyncAnswer(Protocol):
    """The same as :class:`Answer`, awaited."""

    @property
    def head(self) -> Head:
        """The answer's status, headers and cookies."""

    async def read(self, size: int = 1 << 16) -> bytes:
        """The next bytes of the body as soon as there are any, at most ``size`` (1 or more); b"" at its end."""

    async def close(self) -> None:
        """Drop what is left of the body, and the connection with it. May be called at any time, and again."""


class AsyncTransport(Protocol):
    """The same as :class:`Transport`, awaited. Many clients of one event loop may share it."""

    async def send(self, request: Request) -> AsyncAnswer:
        """The answer to the request, once its head has come. Sends the request once at most."""

    async def close(self) -> None:
        """Close all connections."""


class Urllib3Transport:
    """Sends requests with urllib3, and keeps connections for the next one.

    ``verify``: True trusts the system's certificates (SSL_CERT_FILE is heeded), the name of a file or directory those
    in there instead, an SSLContext is taken as it is, False verifies nothing, which leaves the password to whoever
    listens. ``certificate``: what the client shows of itself, a PEM file with certificate and key, or a pair of files.
    ``connect_timeout``: seconds for each step of connecting (TCP, proxy, TLS); how long the answer may take is
    the request's own ``timeout``. ``pool_size``: how many idle connections to a host are kept.
    May be shared between threads. Raises UsageError for a CA file that cannot be read.
    """

    def __init__(
        self,
        *,
        verify: Verify = True,
        certificate: Certificate | None = None,
        connect_timeout: float = 10.0,
        pool_size: int = 4,
    ) -> None:
        self._trust = Trust(verify, certificate)
        self._proxies = Proxies()
        self._connect_timeout = connect_timeout
        self._pool_size = pool_size
        self._managers: dict[tuple[str, bool], urllib3.PoolManager] = {}

    def send(self, request: Request) -> Answer:
        """The answer to the request, once its head has come."""
        route = Route.of(request, self._proxies, self._connect_timeout)
        try:
            response = self._manager(route).urlopen(
                request.method,
                request.url,
                body=request.body or None,  # None, so that an OPTIONS carries no Content-Length
                headers={"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER} | dict(request.headers),
                timeout=urllib3.Timeout(connect=self._connect_timeout, read=request.timeout),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (NewConnectionError, ConnectTimeoutError, ProxyError) as error:
            raise route.failure(error, connecting=True) from error
        except LocationValueError:  # whose text is the whole URL
            raise route.unresolved() from None
        except (Urllib3Error, http.client.HTTPException, OSError) as error:
            raise route.failure(error) from error
        except ValueError:  # whose text is the header's value: the password, it may be
            raise unsendable() from None
        return _Urllib3Answer(route, response)

    def close(self) -> None:
        """Close all connections. The transport may be used again after that."""
        while self._managers:
            self._managers.popitem()[1].clear()

    def _manager(self, route: Route) -> urllib3.PoolManager:
        # TLS only where it is needed: reading the system's certificates takes longer than a request.
        proxy = route.proxy
        key = (proxy.url if proxy else "", route.needs_tls)
        manager = self._managers.get(key)
        if manager is None:
            options: dict[str, Any] = {"maxsize": self._pool_size}
            if route.needs_tls:
                context = self._trust.context
                options["ssl_context"] = context
                if not context.check_hostname:
                    options["assert_hostname"] = False  # else urllib3 compares the name by itself
            if proxy is None:
                manager = urllib3.PoolManager(**options)
            else:
                manager = urllib3.ProxyManager(
                    proxy.url,
                    proxy_headers={"Proxy-Authorization": proxy.authorization} if proxy.authorization else None,
                    proxy_ssl_context=self._trust.context if proxy.url.startswith("https:") else None,
                    **options,
                )
            manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
            manager = self._managers.setdefault(key, manager)
        return manager


class _Urllib3Answer:
    __slots__ = ("_body", "_response", "_route", "_unpacker", "head")

    def __init__(self, route: Route, response: urllib3.BaseHTTPResponse) -> None:
        self.head = _head(response.status, response.headers.items())
        self._route = route
        self._response = response
        # http.client's own response: what urllib3 does around each read of it takes longer than all else.
        self._body: http.client.HTTPResponse = response._fp  # type: ignore[attr-defined]
        self._unpacker = Unpacker.of(self.head, route.place)

    def read(self, size: int = 1 << 16) -> bytes:
        unpacker = self._unpacker
        try:
            if unpacker is None:
                return self._piece(size)
            while not (piece := unpacker.take(size)):
                packed = self._piece(_PACKED_PIECE)
                if not packed:
                    unpacker.close()
                    return b""
                unpacker.feed(packed)
            return piece
        except (Urllib3Error, http.client.HTTPException, OSError) as error:
            self.close()
            raise self._route.failure(error, reading=True) from error
        except AnswerError:
            self.close()
            raise

    def _piece(self, size: int) -> bytes:
        body = self._body
        piece = body.read1(size)
        if not piece:
            if body.length:  # the connection has ended, which http.client takes for the end of the body
                raise http.client.IncompleteRead(b"", body.length)
            body.close()  # the response, not its connection, which may serve again
            self._response.release_conn()
        return piece

    def close(self) -> None:
        if not self._response.closed:  # closed: the body was read to its end, and its connection may serve again
            self._response.close()
        self._response.release_conn()


class AiohttpTransport:
    """Sends requests with aiohttp (the extra ``async``), and keeps connections for the next one.

    Arguments as of :class:`Urllib3Transport`; ``connect_timeout`` is for resolving and connecting together. There is
    no limit of connections at once: how many requests an account has under way is its client's affair.
    It belongs to the event loop in which it sends its first request. Cancelling a ``send`` or ``read`` closes that
    connection. aiohttp itself repeats an OPTIONS, and nothing else, where a kept connection turns out to be dead.
    Raises UsageError where aiohttp is not installed, or for a CA file that cannot be read.
    """

    def __init__(
        self, *, verify: Verify = True, certificate: Certificate | None = None, connect_timeout: float = 10.0
    ) -> None:
        try:
            import aiohttp
            from aiohttp.http_exceptions import HttpProcessingError
        except ImportError as error:
            raise UsageError("AsyncClient needs aiohttp: pip install 'activesync[async]'") from error
        self._aiohttp = aiohttp
        # Without its C extensions, aiohttp lets its parser's own errors through to who reads a body.
        self._failures = (aiohttp.ClientError, HttpProcessingError, OSError)
        self._trust = Trust(verify, certificate)
        self._proxies = Proxies()
        self._connect_timeout = connect_timeout
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: Request) -> AsyncAnswer:
        """The answer to the request, once its head has come."""
        from yarl import URL  # aiohttp's own

        aiohttp = self._aiohttp
        route = Route.of(request, self._proxies, self._connect_timeout)
        headers = dict(request.headers)
        tunnel_headers = None
        if route.proxy and route.proxy.authorization:
            authorization = {"Proxy-Authorization": route.proxy.authorization}
            if route.scheme == "https":
                tunnel_headers = authorization
            else:
                headers |= authorization
        try:
            response = await self._opened().request(
                request.method,
                URL(request.url, encoded=True),
                data=_sendable(request.body),
                headers=headers,
                allow_redirects=False,
                proxy=route.proxy.url if route.proxy else None,
                proxy_headers=tunnel_headers,
                ssl=self._trust.context if route.needs_tls else True,
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_timeout, sock_read=request.timeout),
            )
        except aiohttp.ClientHttpProxyError as error:  # its text, as that of some below, is the whole URL
            raise route.refused_by_proxy(f"{error.status} {error.message}") from None
        except aiohttp.ClientResponseError:
            raise route.not_http() from None
        except aiohttp.ClientConnectorDNSError as error:
            raise route.unresolved() from error
        except aiohttp.ConnectionTimeoutError as error:
            raise route.failure(error, connecting=True) from None
        except aiohttp.ClientConnectorError as error:
            raise route.failure(error, connecting=True) from error
        except aiohttp.InvalidURL:
            raise route.unresolved() from None
        except (aiohttp.ClientError, OSError) as error:
            raise route.failure(error) from error
        except ValueError:  # whose text is the header's value: the password, it may be
            raise unsendable() from None
        return _AiohttpAnswer(route, response, self._failures)

    async def close(self) -> None:
        """Close all connections. The transport may be used again after that."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        import asyncio

        loop = asyncio.get_running_loop()
        if self._session is not None and self._loop is not loop:
            raise UsageError("this transport belongs to another event loop: make one AsyncClient for each loop")
        if self._session is None:
            aiohttp = self._aiohttp
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # Unpacker does it, as for urllib3: bounded, and told when it is cut off
                trust_env=False,  # Proxies does it; aiohttp would also sign in with what ~/.netrc says
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                max_line_size=_LINE_LIMIT,
                max_field_size=_LINE_LIMIT,
            )
        return self._session


def _sendable(body: bytes) -> bytes | io.BytesIO | None:
    # Above 1 MB as a file, which aiohttp sends piece by piece: bytes would hold the event loop up, of which it warns.
    return io.BytesIO(body) if len(body) > 1 << 20 else body or None


class _AiohttpAnswer:
    __slots__ = ("_failures", "_response", "_route", "_unpacker", "head")

    def __init__(self, route: Route, response: aiohttp.ClientResponse, failures: _Failures) -> None:
        pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
        self.head = _head(response.status, pairs)  # latin-1, as http.client has it
        self._route = route
        self._response = response
        self._failures = failures
        self._unpacker = Unpacker.of(self.head, route.place)

    async def read(self, size: int = 1 << 16) -> bytes:
        import asyncio  # as aiohttp does; with urllib3 nobody needs it

        unpacker = self._unpacker
        try:
            if unpacker is None:
                return await self._piece(size)
            while not (piece := unpacker.take(size)):
                packed = await self._piece(_PACKED_PIECE)
                if not packed:
                    unpacker.close()
                    return b""
                unpacker.feed(packed)
            return piece
        except self._failures as error:
            self._response.close()
            raise self._route.failure(error, reading=True) from error
        except (AnswerError, asyncio.CancelledError):
            self._response.close()
            raise

    async def _piece(self, size: int) -> bytes:
        # aiohttp forgets to wake its reader up, and its timeout too, where a chunk is broken (seen in 3.14). So now and
        # then, while nothing comes, look whether there still is a connection.
        import asyncio

        while True:
            try:
                async with asyncio.timeout(_LOOK) as pause:
                    return await self._response.content.read(size)
            except TimeoutError:
                if not pause.expired():
                    raise
                connection = self._response.connection
                if connection is None or connection.closed:
                    raise ConnectionResetError("the connection has been closed") from None

    async def close(self) -> None:
        self._response.close()


def _head(status: int, pairs: Iterable[tuple[str, str]]) -> Head:
    """The head of an answer. What comes in several lines is joined by commas, but not Set-Cookie, which must not be."""
    headers: dict[str, str] = {}
    cookies = []
    for name, value in pairs:
        name, value = name.lower(), value.strip()
        if name == "set-cookie":
            cookies.append(value)
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Head(status, headers, tuple(cookies))


# -- http.client, which takes a head that is cut off for a whole one ---------------------------------------------------
#
# To it, the end of the connection ends the head. So an answer that is cut off behind one of its header lines would be a
# whole one without the others, and without a body: to a Sync, that would say that there is nothing new.


class _Lines:
    """The lines of an answer's head; ``cut`` where the connection ended within them."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.cut = False

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self.file.readline(limit)
        if not line.endswith(b"\n") and len(line) != limit:
            self.cut = True
        return line

    def close(self) -> None:
        self.file.close()


class _Response(http.client.HTTPResponse):
    def begin(self) -> None:
        lines = _Lines(self.fp)
        self.fp = cast("Any", lines)
        try:
            super().begin()
        except http.client.BadStatusLine:
            if not lines.cut:
                raise
        finally:
            if self.fp is not None:  # None: there is no body, and http.client has closed it
                self.fp = lines.file
        if lines.cut:
            raise http.client.RemoteDisconnected("the connection ended within the head of the answer")


class _HTTPConnection(HTTPConnection):
    response_class = _Response


class _HTTPSConnection(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        # Else urllib3 warns on stderr of every request without verification, which is what verify=False asks for.
        self.is_verified = True


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection
