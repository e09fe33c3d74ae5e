"""The way of a request: the certificates it trusts, the proxies it goes through, and what it means where it fails.

Both transports take these from here, so that they go the same way and fail alike.
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

from urllib3.exceptions import ReadTimeoutError

from .effects import Request
from .errors import (
    ActiveSyncError,
    AddressError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    NotActiveSyncError,
    TimedOutError,
    UsageError,
)

Verify: TypeAlias = bool | str | os.PathLike[str] | ssl.SSLContext
Certificate: TypeAlias = str | os.PathLike[str] | tuple[str | os.PathLike[str], str | os.PathLike[str]]


class Trust:
    """The SSLContext that ``verify`` asks for, made when it is first needed; a named file is read at once.

    ``certificate`` is what the client shows of itself: a PEM file with certificate and key, or a file of each.
    """

    def __init__(self, verify: Verify, certificate: Certificate | None = None) -> None:
        self._verify = verify
        self._certificate = certificate
        self._context: ssl.SSLContext | None = None
        if certificate is not None and isinstance(verify, ssl.SSLContext):
            raise UsageError("load the client's certificate into the SSLContext: load_cert_chain()")
        if not isinstance(verify, bool) or certificate is not None:
            self._context = self._made()

    @property
    def context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = self._made()
        return self._context

    def _made(self) -> ssl.SSLContext:
        context = self._trusting()
        if self._certificate is not None:
            one = self._certificate
            files = one if isinstance(one, tuple) else (one, None)
            named = " and ".join(os.fspath(file) for file in files if file is not None)
            try:
                context.load_cert_chain(*files)
            except ssl.SSLError as error:
                raise UsageError(f"{named} must hold a certificate and its key, in PEM form") from error
            except OSError as error:
                raise UsageError(f"the client's certificate, {named}, cannot be read: {error.strerror}") from error
        return context

    def _trusting(self) -> ssl.SSLContext:
        verify = self._verify
        if isinstance(verify, ssl.SSLContext):
            return verify
        if isinstance(verify, bool):
            context = ssl.create_default_context()
            if not verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            return context
        path = os.fspath(verify)
        try:
            if os.path.isdir(path):
                return ssl.create_default_context(capath=path)
            return ssl.create_default_context(cafile=path)
        except ssl.SSLError as error:
            raise UsageError(f"the CA file {path} holds no certificate in PEM form") from error
        except OSError as error:
            raise UsageError(f"the CA file {path} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its URL without credentials, host and port for messages, and the Proxy-Authorization it wants."""

    url: str
    place: str
    authorization: str | None = field(repr=False)


class Proxies:
    """The proxies that the environment names."""

    def __init__(self) -> None:
        self._by_scheme = urllib.request.getproxies_environment()

    def choose(self, scheme: str, place: str) -> Proxy | None:
        """The proxy for a host and port, or None. Raises ConnectError where its URL cannot be used."""
        url = self._by_scheme.get(scheme)
        # What the environment says on every platform, though typeshed knows only proxy_bypass, which asks more than it.
        if not url or urllib.request.proxy_bypass_environment(place, self._by_scheme):  # type: ignore[attr-defined]
            return None
        if "://" not in url:
            url = f"http://{url}"
        variable = f"{scheme.upper()}_PROXY"
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ConnectError(f"the proxy in {variable} cannot be used: write http://host:port") from None
        if parts.scheme not in ("http", "https") or not host:
            raise ConnectError(f"the proxy in {variable} cannot be used: write http://host:port")
        if port is None:
            port = 443 if parts.scheme == "https" else 80
        authorization = None
        if parts.username is not None:
            credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = "Basic " + base64.b64encode(credentials.encode()).decode("ascii")
        place = _place(host, port)
        return Proxy(f"{parts.scheme}://{place}", place, authorization)


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


#: What to do, by OpenSSL's code of why a certificate was refused (X509_V_ERR_…).
_CERTIFICATE_ADVICE = {
    9: "it is not valid yet: look at the clock of this machine",
    10: "it has expired: the server needs a new one",
    18: "if it is the server's own, name its file: verify=CA file",
    19: "if it is signed by your own authority, name its file: verify=CA file",
    20: "if it is signed by your own authority, name its file: verify=CA file",
    21: "the server does not send the certificates between: let it do so, or name their file: verify=CA file",
    62: "use the name that it was made for",
    64: "use the name that it was made for",
}

#: How http.client says that a proxy answered CONNECT with something else than 200.
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (.*)")

#: An SSLError that says no more than that the connection was ended.
_TLS_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes and by what way; and what to raise where it fails on the way."""

    scheme: str
    host: str
    place: str
    proxy: Proxy | None
    connect_timeout: float
    timeout: float

    @classmethod
    def of(cls, request: Request, proxies: Proxies, connect_timeout: float) -> Route:
        """The route of the request. Raises AddressError where its URL has no host."""
        try:
            parts = urlsplit(request.url)
            host, port = parts.hostname or "", parts.port
        except ValueError:  # whose text is a part of the URL: of a password, it may be
            raise AddressError("the address cannot be understood: write https://host:port/") from None
        # RFC 1035, 2.3.4; the libraries fail on other labels, each in its own way.
        if parts.scheme not in ("http", "https") or not all(
            0 < len(label) < 64 for label in host.removesuffix(".").split(".")
        ):
            raise AddressError("the address is none of http or https: write https://host:port/")
        if parts.username is not None:
            raise UsageError("the address has a user name in it: give user and password apart from it")
        place = _place(host, port or (443 if parts.scheme == "https" else 80))
        return cls(parts.scheme, host, place, proxies.choose(parts.scheme, place), connect_timeout, request.timeout)

    @property
    def needs_tls(self) -> bool:
        return self.scheme == "https" or (self.proxy is not None and self.proxy.url.startswith("https:"))

    def failure(self, error: Exception, *, connecting: bool = False, reading: bool = False) -> ActiveSyncError:
        """What to raise for an exception of a library.

        What matters is what lies beneath it: the same OSError or SSLError for both libraries. ``connecting``: it is
        sure that no connection was made. ``reading``: the answer's head had come.
        """
        causes = list(_beneath(error))
        via = f" (by way of the proxy {self.proxy.place})" if self.proxy else ""
        if untrusted := _deepest(causes, ssl.SSLCertVerificationError):
            return self._untrusted(untrusted)
        if _deepest(causes, socket.gaierror):
            return self.unresolved()
        if _deepest(causes, TimeoutError) or _deepest(causes, ReadTimeoutError):
            if connecting:
                return TimedOutError(f"{self.place} could not be reached within {self.connect_timeout:g} s{via}")
            if reading:
                return TimedOutError(f"{self.place} fell silent for {self.timeout:g} s within its answer{via}")
            seconds = f"{self.connect_timeout:g} s to connect, {self.timeout:g} s for its answer"
            return TimedOutError(f"{self.place} did not answer in time{via}: {seconds}")
        broken = _deepest(causes, OSError)
        if isinstance(broken, ssl.SSLError) and not reading and not isinstance(broken, _TLS_ENDED):
            reason = (broken.reason or "the handshake failed").replace("_", " ").lower()
            return ConnectError(f"{self.place} does not speak TLS as it should{via}: {reason}; look at the port")
        if broken and (refused := _TUNNEL_REFUSED.search(str(broken))):
            return self.refused_by_proxy(refused.group(1))
        if broken and connecting:
            peer = f"the proxy {self.proxy.place}" if self.proxy else self.place
            reason = os.strerror(broken.errno) if broken.errno else " ".join(str(broken).split())
            return ConnectError(f"{peer} cannot be connected to: {reason}")
        if not reading and not broken and _deepest(causes, http.client.HTTPException):
            return self.not_http()
        when = "within" if reading else "before"
        return ConnectionLostError(f"{self.place} ended the connection {when} its answer{via}")

    def unresolved(self) -> ActiveSyncError:
        """The host's name does not resolve; or the proxy's, which else would resolve the host's."""
        if self.proxy:
            return ConnectError(f"the name of the proxy {self.proxy.place} does not resolve")
        return AddressError(f"{self.host} does not resolve: look at the address, and at the network of this machine")

    def refused_by_proxy(self, reason: str) -> ActiveSyncError:
        """The proxy answered CONNECT with something else than 200."""
        proxy = self.proxy.place if self.proxy else ""
        advice = ": HTTPS_PROXY needs a user and password, or others" if reason.startswith("407") else ""
        return ConnectError(f"the proxy {proxy} does not connect to {self.place} ({' '.join(reason.split())}){advice}")

    def not_http(self) -> ActiveSyncError:
        """Something came that is not HTTP, or has a head beyond all measure."""
        return NotActiveSyncError(f"what came from {self.place} is not HTTP: look at the address and its port")

    def _untrusted(self, error: ssl.SSLCertVerificationError) -> CertificateError:
        reason = error.verify_message.rstrip(".")
        advice = _CERTIFICATE_ADVICE.get(error.verify_code)
        return CertificateError(
            f"the certificate of {self.place} is not to be trusted: {reason}" + (f" ({advice})" if advice else "")
        )


def unsendable() -> UsageError:
    """What to raise for a request that a library refuses; it is not told what of it, which may be the password."""
    return UsageError(
        "the request cannot be sent: a header holds a line break or letters beyond Latin-1, or a timeout is not above 0"
    )


E = TypeVar("E", bound=BaseException)


def _deepest(causes: list[BaseException], kind: type[E]) -> E | None:
    # The deepest, since aiohttp's own errors are OSError and SSLError too, but empty ones.
    return next((cause for cause in reversed(causes) if isinstance(cause, kind)), None)


def _beneath(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it was made from, by whichever means: as its cause, or as one of its arguments."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [cause for cause in (*one.args, one.__cause__) if isinstance(cause, BaseException)]
