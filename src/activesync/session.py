"""The state of the protocol between one device and one server, and one exchange with all its recovery.

Everything here is a flow (see effects): nothing sends, sleeps or stores by itself. Source: [MS-ASHTTP] sections 2.2 and
3.1.5, [MS-ASPROV] section 3.1.5, [MS-ASCMD] section 2.2.2.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

import wbxml

from .auth import Authorization, Challenged, offered
from .check import check as check_request
from .commands import (
    POLICY_TYPE,
    AccountOnlyRemoteWipe,
    Command,
    DeviceInformation,
    DeviceInformationRequest,
    EASProvisionDoc,
    PolicyApplied,
    PolicyRequest,
    PolicyResponse,
    Provision,
    ProvisionResponse,
    RemoteWipe,
    SupportedCalendar,
    SupportedContacts,
)
from .effects import Close, Flow, Head, Hold, Load, Now, Random, Read, Request, Save, Send, Sleep
from .errors import (
    AuthenticationError,
    ConnectionLostError,
    CutOffError,
    DamagedError,
    ForbiddenError,
    HTTPError,
    InsecureURLError,
    NotActiveSyncError,
    NotFoundError,
    PasswordExpiredError,
    ProvisionError,
    RedirectError,
    RemoteWipeRequested,
    ServerBusyError,
    StatusError,
    TimedOutError,
    UnknownStatusError,
    UsageError,
    VersionError,
    WrongDocumentError,
)
from .hierarchy import Hierarchy
from .query import Query
from .state import FIRST_KEY, CollectionState, state_name, unpacked_texts
from .status import Action, status

T = TypeVar("T")
R = TypeVar("R", bound=wbxml.Model)

VERSIONS: Final = ("16.1", "16.0", "14.1", "14.0", "12.1")
"""The protocol versions that a session can speak, best first."""

CONTENT_TYPE: Final = "application/vnd.ms-sync.wbxml"
NO_POLICY: Final = "0"

# A lost answer is asked for again with the same bytes ([MS-ASCMD] section 3.1.5.9), this often.
_RESENDS: Final = 2
# Where a busy server names no pause, the first one is this long, in seconds, and the next one twice that.
_PAUSE: Final = 2.0
# A server that names a longer pause than this, in seconds, is not waited for: the caller decides.
LONGEST_PAUSE: Final = 60.0
# How long, in seconds, a server that names its pause is left alone at most: one that says more is asked again then,
# since a mistake of its own (Retry-After in milliseconds, say) must not keep an account still for days.
LONGEST_HOLD: Final = 3600.0
_REDIRECTS: Final = 3
# How often in one exchange a 401 is answered: NTLM needs one, a token that has run out another.
_SIGN_INS: Final = 2
# The largest answer, in bytes as they are after gzip: a page of 512 mails of a megabyte each stays below. A server
# that sends more is broken or hostile, and gzip makes gigabytes of a megabyte.
LARGEST_ANSWER: Final = 1 << 29
# What is read of an error page, in bytes: those of Exchange and nginx are far shorter.
_ERROR_PAGE: Final = 1 << 16
# A server with more is broken or hostile; the largest real set (Exchange Online) is under ten.
_MOST_COOKIES: Final = 50
_LONGEST_COOKIE: Final = 4096


@dataclass(slots=True)
class Stats:
    """What a session has done so far: counts, and bytes of bodies."""

    requests: int = 0
    sent: int = 0
    received: int = 0
    items: int = 0
    resent: int = 0


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server offers: protocol versions and commands, as it names them, and the version that was agreed on."""

    versions: tuple[str, ...]
    commands: tuple[str, ...]
    version: str


def _split(url: str) -> SplitResult:
    """The parts of an address, which is one of https where it does not say. Raises UsageError."""
    try:
        return urlsplit(url if "://" in url else f"https://{url}")
    except ValueError:
        # Neither the address nor the reason is shown: both may hold a password.
        raise UsageError("not an address of a server; one looks like https://mail.example.com") from None


def device_id_for(url: str, user: str) -> str:
    """The device id of a client that keeps none: the same for the same host and user.

    32 hexadecimal digits, which every server takes ([MS-ASHTTP] section 2.2.1.1.1.1.3).
    """
    host = _split(url).hostname or ""
    return hashlib.sha256(f"activesync|{host}|{user}".encode()).hexdigest()[:32].upper()


class Session:
    """Protocol state: address, user, device, version, policy key, cookies. Its methods that are flows change it."""

    def __init__(
        self,
        url: str,
        user: str,
        *,
        authorization: Authorization | None,
        device_id: str | None = None,
        device_type: str = "Python",
        device: DeviceInformation | None = None,
        versions: tuple[str, ...] = VERSIONS,
        user_agent: str = "activesync",
        timeout: float = 60.0,
        allow_http: bool = False,
        trust_redirects: bool = False,
        base64_query: bool = False,
        check: bool = True,
        on_policy: Callable[[EASProvisionDoc], PolicyApplied] | None = None,
        language: str | None = None,
        supported: Sequence[SupportedContacts | SupportedCalendar] = (),
    ) -> None:
        unknown = [version for version in versions if version not in VERSIONS]
        if unknown or not versions:
            raise UsageError(f"versions must be of {', '.join(VERSIONS)}, not {', '.join(unknown) or 'none'}")
        self.allow_http = allow_http
        self.url = self._checked(url)
        self.user = user
        self.authorization = authorization
        self.device_id = device_id or ""
        self.device_type = device_type
        self.device = device or DeviceInformation(
            model="Python client", friendly_name="activesync", user_agent=user_agent
        )
        self.versions = versions
        self.user_agent = user_agent
        self.timeout = timeout
        self.trust_redirects = trust_redirects
        self.base64_query = base64_query
        self.check = check
        self.on_policy = on_policy
        self.language = language
        self.supported = tuple(supported)
        self.password_expires: int | None = None
        self.version = ""
        self.policy_key = NO_POLICY
        self.told_device = ""  # which DeviceInformation the server has: see device_told()
        self.cookies: dict[str, str] = {}
        self.stats = Stats()
        self.uncommitted: set[str] = set()  # the CollectionIds of pages that were handed out
        self.unsure = 0  # how often a request went out again that may have been carried out before
        self.told: set[str] = set()  # those whose results were, which the store has until the caller goes on
        self.watched = False  # whether a watch() is under way: there is one at a time
        self._first_url = self.url
        self._start_over: str | None = None
        self._loaded = False

    def __repr__(self) -> str:
        return f"<Session {self.host}, version {self.version or 'not agreed on'}>"

    @property
    def host(self) -> str:
        """The server's name, with its port where one is given."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def account(self) -> str:
        """The name under which a store keeps this session's state."""
        # By the address that the caller gave: a redirection must not move what is kept.
        return f"{self.user}@{urlsplit(self._first_url).hostname}"

    def _checked(self, url: str) -> str:
        parts = _split(url)
        if parts.username or parts.password:
            raise UsageError("give user and password apart from the address, where they would be shown and logged")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"not an address of a server: {url!r}; it looks like https://mail.example.com")
        if parts.scheme == "http" and not self.allow_http:
            raise InsecureURLError(
                f"{parts.netloc} would get the password over http, readable on the way; use https, or allow_http=True"
            )
        path = parts.path.rstrip("/") or "/Microsoft-Server-ActiveSync"
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))

    # State that outlives the session

    def begin(self) -> Flow[None]:
        """Loads what the store keeps, makes a device id where there is none, and agrees on a version."""
        yield from self._load()
        if self.starts_over:
            yield from self.start_over()
        if not self.version:
            yield from self.options()

    def _load(self) -> Flow[None]:
        if self._loaded:
            return
        kept = yield Load("device")
        if not self.device_id:
            self.device_id = kept or (yield Random(16)).hex().upper()
        if kept is None:
            yield Save({"device": self.device_id})
        elif kept != self.device_id:
            # Policy and keys belong to the device: with another one all folders start over.
            values = yield from self._all_keys_first()
            yield Save(values | {"session": None, "device": self.device_id})
        state = unpacked_texts((yield Load("session")) or "{}")
        if state.get("version") in self.versions:
            self.version = state["version"]
        self.policy_key = state.get("policy_key", NO_POLICY)
        self.told_device = state.get("told", "")
        self._start_over = state.get("start_over")
        moved: str = state.get("url", self.url)
        same_host = urlsplit(moved).hostname == urlsplit(self.url).hostname
        if state.get("from") == self.url and (same_host or self.trust_redirects):
            self.url = self._checked(moved)
        self._loaded = True

    def _keep(self) -> Flow[None]:
        yield Save({"session": self._kept()})

    def _kept(self) -> str:
        state = {"version": self.version, "policy_key": self.policy_key, "from": self._first_url, "url": self.url}
        state |= {"told": self.told_device}
        return json.dumps(state if self._start_over is None else state | {"start_over": self._start_over})

    # Starting over

    @property
    def starts_over(self) -> bool:
        """Whether the server has asked for everything to be synchronised anew, and it has not begun yet."""
        return self._start_over is not None

    def _heed(self, command: str, body: bytes, head: Head) -> Flow[None]:
        """Remembers that an answer asks to start over, and which versions it offers ([MS-ASHTTP] section 3.1.5.1)."""
        versions = head.headers.get("x-ms-rp")
        if versions is None or command in ("", "Provision"):
            return
        if command == "FolderSync" and wbxml.decode(body).root.findtext("FolderHierarchy:SyncKey") == FIRST_KEY:
            return  # R907: it does so already
        self._start_over = head.headers.get("ms-asprotocolversions") or versions
        yield from self._keep()

    def start_over(self) -> Flow[None]:
        """Sets all keys back to the first one, and takes the best version that the server has offered with it.

        What was sent and never answered is kept: it is settled first.
        """
        offered_now = _listed(self._start_over or "")
        self._start_over = None
        self.version = next((version for version in self.versions if version in offered_now), self.version)
        values = yield from self._all_keys_first()
        yield Save(values | {"session": self._kept()})

    def _all_keys_first(self) -> Flow[dict[str, str | None]]:
        """What to save so that everything is synchronised anew, and told where it differs from what was known."""
        text = yield Load("folders")
        values: dict[str, str | None] = {}
        if text:
            hierarchy = Hierarchy.from_json(text)
            values["folders"] = Hierarchy(FIRST_KEY, hierarchy).to_json()
            for folder in hierarchy:
                name = state_name(folder.collection_id)
                if kept := (yield Load(name)):
                    values[name] = CollectionState.from_json(kept).restarted().to_json()
        return values

    # One request

    def _headers(self, command: str, body: bytes, signed: str | None) -> Iterator[tuple[str, str]]:
        yield "User-Agent", self.user_agent
        yield "Accept-Encoding", "gzip"
        if self.language is not None:
            yield "Accept-Language", self.language
        if signed is not None:
            yield "Authorization", signed
        if self.cookies:
            yield "Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if command:
            # Both stand in a query string in base64 ([MS-ASHTTP] section 2.2.1.1.1.1).
            if not self.base64_query:
                yield "MS-ASProtocolVersion", self.version
                # [MS-ASPROV] section 3.1.5.1: every command but Ping carries the policy key.
                if command != "Ping":
                    yield "X-MS-PolicyKey", self.policy_key
            # [MS-ASHTTP] section 2.2.1.1.2.3, R407: without a body there is no content type.
            if body:
                yield "Content-Type", CONTENT_TYPE

    def _request(self, command: str, body: bytes, signed: str | None, timeout: float) -> Request:
        if not command:
            return Request("OPTIONS", self.url, dict(self._headers("", b"", signed)), b"", timeout)
        key = None if command == "Ping" else self.policy_key
        query = Query(command, self.user, self.device_id, self.device_type, self.version, key)
        text = query.encoded() if self.base64_query else query.plain()
        headers = dict(self._headers(command, body, signed))
        return Request("POST", f"{self.url}?{text}", headers, body, timeout, command)

    def exchange(
        self,
        command: str,
        body: bytes,
        read: Callable[[Head], Flow[T]],
        *,
        timeout: float | None = None,
        held: bool = False,
    ) -> Flow[T]:
        """What ``read`` makes of the answer to one request; ``command`` is "" for OPTIONS.

        Where the answer is lost on its way, the same bytes are sent again, and a server that is busy is waited for,
        unless the request is ``held`` (see Send): its caller sees to both, and lets others go meanwhile. Provisions and
        follows where the server asks for it by HTTP status. Raises TransportError, HTTPError, AnswerError or
        StatusError, and GaveWay where it is held.
        """
        lost = pauses = redirects = provisioned = refused = 0
        again: str | None = None
        while True:
            try:
                signed, again = again or (self.authorization and self.authorization()), None
                head = yield Send(self._request(command, body, signed, timeout or self.timeout), held)
                self.stats.requests += 1
                self.stats.sent += len(body)
                self._take_cookies(head)
                if 200 <= head.status < 300:  # [MS-ASHTTP] section 3.1.5.1, R262
                    result = yield from read(head)
                    self._look_at_password(head)
                    yield from self._heed(command, body, head)
                    return result
                text = yield from self._explanation()
            except (ConnectionLostError, TimedOutError, CutOffError):
                lost += 1
                if held or lost > _RESENDS:
                    raise
                self.stats.resent += 1
                self.unsure += 1
                # At once the first time: mostly a server has closed a connection that was kept open (SOGo does).
                if lost > 1:
                    yield from self.pause(1.0)
                continue
            if head.status == 401 and refused < _SIGN_INS:
                refused += 1
                again = self._signed_again(head, signed)
                if again is None:
                    raise self._refused(head, signed)
            elif head.status == 449 and command not in ("", "Provision"):
                # [MS-ASHTTP] section 2.2.2.1.1: the device must be provisioned before it may go on.
                provisioned += 1
                if provisioned > 2:
                    raise ProvisionError(
                        command, "HTTP", 449, "NeedProvisioning", "the server asks for it again and again"
                    )
                yield from self.provision()
            elif head.status == 451 and "x-ms-location" in head.headers:
                redirects += 1
                if redirects > _REDIRECTS:
                    raise RedirectError(f"{self.host} redirects without end", 451)
                yield from self._follow(head.headers["x-ms-location"])
            elif head.status == 503:
                seconds = yield from self._retry_after(head)
                if seconds is None and "retry-after" not in head.headers:
                    # A few seconds, and then more: [MS-ASHTTP] section 3.1.5.2.3, R277 and R278.
                    seconds = _PAUSE * 2**pauses
                pauses += 1
                throttle = head.headers.get("x-ms-asthrottle", "")[:80]
                if seconds is not None and (throttle or "retry-after" in head.headers):
                    yield Hold(seconds, throttle or None)
                if held or seconds is None or seconds > LONGEST_PAUSE or pauses > 2:
                    why = f"; it says {throttle}" if throttle else ""
                    message = f"{self.host} is busy (HTTP 503); try again later{why}"
                    raise ServerBusyError(message, 503, seconds, throttle or None)
                self.unsure += 1  # a proxy that says so may have passed the request on all the same
                yield from self.pause(max(seconds, 0.1))
            else:
                raise self._refused(head, signed) if head.status == 401 else self._http_error(head, text)

    def _signed_again(self, head: Head, signed: str | None) -> str | None:
        """The Authorization header for another try after a 401; None where there is none but the one of before."""
        if self.authorization is None:
            return None
        if isinstance(self.authorization, Challenged):
            return self.authorization.answer(head.headers.get("www-authenticate", ""))
        other = self.authorization()
        return None if other == signed else other

    def _refused(self, head: Head, signed: str | None) -> AuthenticationError:
        scheme = (signed or "").partition(" ")[0]
        what = {"Basic": "user and password", "Bearer": "the token", "": "a client that does not sign in"}
        wanted = [one for one in offered(head.headers.get("www-authenticate", "")) if one.lower() != scheme.lower()]
        hint = f"; it takes {', '.join(wanted)}" if wanted and scheme != "NTLM" else ""
        said = what.get(scheme, f"the sign-in by {scheme}")
        return AuthenticationError(f"{self.host} does not accept {said} (HTTP 401){hint}", 401)

    def _explanation(self) -> Flow[str]:
        """An error page's start, as text for people."""
        data = b""
        # To its end where it is short, so that the connection can be used again.
        while len(data) < _ERROR_PAGE and (chunk := (yield Read())):
            self.stats.received += len(chunk)
            data += chunk
        yield Close()
        if not data.isascii() or b"<" in data[:64] or b"\0" in data:
            return ""
        return " ".join(data[:2048].decode().split())[:200]

    def pause(self, seconds: float) -> Flow[None]:
        """Waits this long, or a little longer."""
        yield Sleep((yield from self.jittered(seconds)))

    def jittered(self, seconds: float) -> Flow[float]:
        """So many seconds, or up to a quarter more."""
        # So that clients which lost the same server do not come back all at once.
        return seconds * (1 + (yield Random(1))[0] / 1024)  # type: ignore[no-any-return]

    def _retry_after(self, head: Head) -> Flow[float | None]:
        text = head.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return float(text)
        from email.utils import parsedate_to_datetime

        try:
            when = parsedate_to_datetime(text).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
        now: float = yield Now()
        return max(when - now, 0.0)

    def _look_at_password(self, head: Head) -> None:
        days = head.headers.get("x-ms-credentials-expire", "").strip()
        if days.isascii() and days.isdigit() and len(days) < 6:
            self.password_expires = int(days)

    def _http_error(self, head: Head, text: str) -> HTTPError:
        code = head.status
        said = f": {text}" if text else ""
        if code == 456:
            return ForbiddenError(f"{self.host} has blocked the account (HTTP 456): ask its administrator", code)
        if code == 457:
            url = head.headers.get("x-ms-credential-service-url", "").partition("?")[0] or None
            where = f" at {url}" if url else ""
            return PasswordExpiredError(f"the password has expired: set another one{where} (HTTP 457)", code, url)
        if code == 403:
            return ForbiddenError(f"{self.host} forbids ActiveSync to this user or device (HTTP 403){said}", code)
        if code in (404, 405):  # 405: a web server has something there, to be read alone
            return NotFoundError(f"there is no ActiveSync at {self.url} (HTTP {code})", code)
        if code in (301, 302, 303, 307, 308):
            where = head.headers.get("location", "elsewhere")
            return RedirectError(
                f"{self.host} redirects to {where.partition('?')[0]}: give that address if you trust it", code
            )
        return HTTPError(f"{self.host} answers HTTP {code}{said}", code)

    def _follow(self, location: str) -> Flow[None]:
        """Takes the address of a 451 for this and all later requests ([MS-ASHTTP] section 3.1.5.2.2)."""
        try:
            there = urlsplit(location)
        except ValueError:
            raise RedirectError(f"{self.host} sends us to an address that is none", 451) from None
        if there.hostname != urlsplit(self.url).hostname and not self.trust_redirects:
            raise RedirectError(
                f"{self.host} sends us to {there.netloc}, which would get the password: "
                "give that address, or trust_redirects=True",
                451,
            )
        if there.scheme != "https" and not self.allow_http:
            raise RedirectError(f"{self.host} sends us to http, where a password can be read on the way", 451)
        self.url = self._checked(location)
        self.cookies.clear()
        yield from self._keep()

    def _take_cookies(self, head: Head) -> None:
        # [MS-ASHTTP] section 2.2.1.1.2.4, R4075: cookies are returned. They live as long as the session.
        for line in head.cookies:
            name, equals, value = line.partition(";")[0].strip().partition("=")
            known = name in self.cookies or len(self.cookies) < _MOST_COOKIES
            if equals and name and known and len(name) + len(value) <= _LONGEST_COOKIE:
                self.cookies[name] = value

    # Reading answers

    def read_all(self, head: Head) -> Flow[bytes]:
        """The whole body of the answer."""
        chunks = []
        size = 0
        while chunk := (yield Read()):
            self.stats.received += len(chunk)
            size = self.checked_size(size + len(chunk))
            chunks.append(chunk)
        return b"".join(chunks)

    def checked_size(self, size: int) -> int:
        """The size of an answer so far. Raises DamagedError for one that no server means."""
        if size > LARGEST_ANSWER:
            raise DamagedError(f"{self.host} sends more than {LARGEST_ANSWER >> 20} MB in one answer")
        return size

    def answer_error(self, error: wbxml.DecodeError, head: Head, start: bytes) -> Exception:
        """The error for a body that is no document; ``start`` are its first bytes."""
        kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
        if start[:1] in (b"<", b"{") or (kind.startswith(("text/", "application/json")) and start[:1] > b"\x03"):
            return NotActiveSyncError(
                f"{self.host} answers with {kind or 'a page'}, not WBXML: is the address right, or is a proxy between?"
            )
        if isinstance(error, wbxml.TruncatedError):
            return CutOffError(f"the answer of {self.host} is cut off: {error}")
        return DamagedError(f"the answer of {self.host} is not WBXML: {error}")

    def _read_document(self, command: Command[R]) -> Callable[[Head], Flow[R]]:
        model: type[R] = type(command).response

        def read(head: Head) -> Flow[R]:
            body = yield from self.read_all(head)
            if not body:
                return model()
            try:
                document = wbxml.decode(body)
                if document.root.tag != model.__wbxml_tag__:
                    raise WrongDocumentError(
                        f"{self.host} answers {command.name} with a document of {document.root.tag}"
                    )
                return wbxml.decode(document, type=model)
            except wbxml.DecodeError as error:
                raise self.answer_error(error, head, body[:16]) from error

        return read

    # Commands

    def encoded(self, command: Command[Any], *, check: bool | None = None) -> bytes:
        """The command in the version of the session.

        Raises UsageError where it cannot be written so, and RequestError where it breaks a rule, unless ``check`` is
        False, or that of the session where it is not given.
        """
        try:
            body = wbxml.encode(command, version=self.version)
        except wbxml.EncodeError as error:
            raise UsageError(str(error)) from error
        if self.check if check is None else check:
            check_request(wbxml.decode(body), self.version)
        return body

    def options(self) -> Flow[ServerOptions]:
        """What the server offers, by HTTP OPTIONS; agrees on the best common version ([MS-ASHTTP] section 2.2.3)."""

        def read(head: Head) -> Flow[Head]:
            yield from self._explanation()  # the body means nothing here
            return head

        yield from self._load()
        head = yield from self.exchange("", b"", read)
        offered = _listed(head.headers.get("ms-asprotocolversions", ""))
        commands = _listed(head.headers.get("ms-asprotocolcommands", ""))
        if not offered:
            raise NotActiveSyncError(f"{self.host} answers, but not as an ActiveSync server: it names no versions")
        for version in self.versions:
            if version in offered:
                changed = version != self.version
                self.version = version
                if changed:
                    yield from self._keep()
                return ServerOptions(offered, commands, version)
        raise VersionError(f"{self.host} speaks {', '.join(offered)}; this client speaks {', '.join(self.versions)}")

    def run(
        self, command: Command[R], *, timeout: float | None = None, check: bool | None = None, held: bool = False
    ) -> Flow[R]:
        """The response to a command, with nothing set where its body is empty; only provisioning is seen to.

        ``timeout`` is how long the server may keep silent; without one, the session's, and as long as the command lets
        the server wait on top of it. ``check`` looks at the request before it is sent (check.py). ``held`` is as in
        exchange().

        Raises what exchange() raises, and AnswerError where the answer is no response to this command.
        """
        yield from self.begin()
        read = self._read_document(command)
        if timeout is None:
            timeout = self.timeout + _held(command)
        for _ in range(3):
            # Encoded anew after provisioning: what goes out is for the version, and the key is a header.
            body = self.encoded(command, check=check)
            response = yield from self.exchange(command.name, body, read, timeout=timeout, held=held)
            code: int | None = getattr(response, "status", None)
            if code is None or not (yield from self.provision_for(command.name, code)):
                return response
        raise self.status_error(command.name, command.name, code or 0, ProvisionError)

    def provision_for(self, command: str, code: int) -> Flow[bool]:
        """Whether this top-level Status asked for provisioning, which then was done. Raises RemoteWipeRequested."""
        action = status(command, code).action
        if action is Action.PROVISION and command != "Provision":
            yield from self.provision()
            return True
        if action is Action.WIPE:
            yield from self._look_for_a_wipe()
        return False

    def status_error(self, command: str, scope: str, code: int, kind: type[StatusError] | None = None) -> StatusError:
        """The error for a Status that is no success."""
        known = status(scope, code)
        if kind is None:
            kind = UnknownStatusError if known.name == "Unknown" else StatusError
        return kind(command, scope, code, known.name, known.meaning)

    def provision(self) -> Flow[EASProvisionDoc | None]:
        """Gets the policy, acknowledges it, keeps its key and returns it ([MS-ASPROV] section 3.1.5.1).

        How far it was applied is what ``on_policy`` says, and without one: in full, which a caller who may not say that
        must not leave to it. None where there is no policy for this client. Raises ProvisionError where the server
        refuses, RemoteWipeRequested where it asks for a wipe instead.
        """
        self.policy_key = NO_POLICY
        first = self.first_provision()
        policy = yield from self._provision(first)
        document = policy.data.eas_provision_doc if policy and policy.data else None
        if policy is not None:
            applied = PolicyApplied.FULLY
            if self.on_policy is not None:
                applied = self.on_policy(document or EASProvisionDoc())
            # The first key is good for the acknowledgement alone, as header and as element (R618, R626).
            self.policy_key = policy.policy_key or NO_POLICY
            acknowledged = PolicyRequest(policy_type=POLICY_TYPE, policy_key=self.policy_key, status=applied)
            final = yield from self._provision(Provision(policies=[acknowledged]))
            self.policy_key = (final and final.policy_key) or NO_POLICY
        if first.device_information is not None:
            self.told_device = self._told_now()
        yield from self._keep()
        return document

    def first_provision(self) -> Provision:
        """The request that asks for the policy. Up to 14.0 it has nothing of the device, later it must (R368, R608)."""
        device = DeviceInformationRequest(set=self.device) if self.version >= "14.1" else None
        return Provision(device_information=device, policies=[PolicyRequest(policy_type=POLICY_TYPE)])

    # What the server knows of the device

    def _told_now(self) -> str:
        # A digest: what is kept needs to tell no telephone number.
        return hashlib.sha256(repr(self.device).encode()).hexdigest()[:16]

    @property
    def owes_device(self) -> bool:
        """Whether Settings has to tell of the device before the folders are asked for ([MS-ASCMD] section 2.2.3.45).

        Up to 14.0 it does; later Provision has done so, unless the device has changed since.
        """
        by_settings = self.version < "14.1" or self.policy_key != NO_POLICY
        return by_settings and self.told_device != self._told_now()

    def device_told(self) -> Flow[None]:
        """Remembers that the server was told of the device as it is now."""
        self.told_device = self._told_now()
        yield from self._keep()

    def acknowledge_wipe(self, *, account_only: bool, done: bool) -> Flow[None]:
        """Tells the server that the wipe it asked for will be done, or not ([MS-ASPROV] section 3.1.5.1.2.2).

        The specification wants this before anything is erased (R645), which is the caller's. Raises ProvisionError.
        """
        code = 1 if done else 2
        if account_only:
            command = Provision(account_only_remote_wipe=AccountOnlyRemoteWipe(status=code))
        else:
            command = Provision(remote_wipe=RemoteWipe(status=code))
        response = yield from self._exchange_provision(command)
        if response.status not in (None, 1):
            raise self.status_error("Provision", "Provision", response.status, ProvisionError)
        self.policy_key = NO_POLICY
        yield from self._keep()

    def _look_for_a_wipe(self) -> Flow[None]:
        """Raises RemoteWipeRequested where an empty Provision is answered with a wipe ([MS-ASPROV] 3.1.5.1.2.1)."""
        response = yield from self._exchange_provision(Provision())
        self._check_for_wipe(response)

    def _check_for_wipe(self, response: ProvisionResponse) -> None:
        if response.remote_wipe or response.account_only_remote_wipe:
            only = not response.remote_wipe
            raise RemoteWipeRequested(
                "Provision",
                "Provision",
                140,
                "RemoteWipeRequested",
                f"the server asks to wipe {'this account' if only else 'the device'}; nothing was erased",
                only,
            )

    def _exchange_provision(self, command: Provision) -> Flow[ProvisionResponse]:
        return (yield from self.exchange("Provision", self.encoded(command), self._read_document(command)))

    def _provision(self, command: Provision) -> Flow[PolicyResponse | None]:
        """The policy in the answer, or None where there is none for this client."""
        response = yield from self._exchange_provision(command)
        self._check_for_wipe(response)
        # Some servers leave the outer Status out; then the policy's own speaks.
        if response.status not in (None, 1):
            raise self.status_error("Provision", "Provision", response.status, ProvisionError)
        # Those of another type are passed over ([MS-ASPROV] section 3.1.5.1.1, R1033); some servers name none.
        policies = [one for one in response.policies if one.policy_type in (POLICY_TYPE, None, "")]
        policy = policies[0] if policies else None
        if policy is None:
            raise DamagedError(f"{self.host} answers Provision without a policy")
        if policy.status == 2:  # "there is no policy for this client" is a success ([MS-ASPROV] section 2.2.2.54.1)
            return None
        if policy.status not in (None, 1):
            raise self.status_error("Provision", "Policy", policy.status, ProvisionError)
        return policy


def _held(command: Command[R]) -> float:
    """How long, in seconds, the command lets the server hold its answer back: the wait for it must outlast that."""
    minutes: int = getattr(command, "wait", None) or 0
    seconds: int = getattr(command, "heartbeat_interval", None) or 0
    return 60.0 * minutes + seconds


def _listed(header: str) -> tuple[str, ...]:
    """The names in a header, each once: servers repeat them."""
    return tuple(dict.fromkeys(name.strip() for name in header.split(",") if name.strip()))
