"""The two content views, and what they say of a request beside its document.

They have what mitmproxy's Contentview and InteractiveContentview ask for, and need none of it themselves: what they
read of its objects is declared here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Final, Protocol

import wbxml

from .. import multipart
from ..errors import DamagedError
from ..query import Query, parse_query
from ..status import status

CONTENT_TYPES: Final = ("application/vnd.ms-sync.wbxml", "application/vnd.ms-sync")
"""The types of a document; the second is the shorter form of [MS-ASHTTP] section 2.2.1.1.2.3."""

# How many lines are shown of what is wrong with a document, and how many bytes of a part that is no text.
_PROBLEMS_SHOWN: Final = 20
_BYTES_SHOWN: Final = 512

_TITLE: Final = "ActiveSync"
_PATH: Final = "/microsoft-server-activesync"
_DECLARATION: Final = '<?xml version="1.0"?>\n'
# mitmproxy shows a dot for it, which an edit would take for one; so it does for others, which to_xml() escapes.
_DELETE: Final = "\x7f"
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")

# What it means that there is no body, by [MS-ASCMD] sections 2.2.1.21.1, 2.2.1.13 and 2.2.1.7, [MS-ASHTTP] 2.2.3 ...
_EMPTY_REQUESTS: Final[Mapping[str, str]] = {
    "GetAttachment": "the query names the attachment",
    "OPTIONS": "it asks for the versions and commands of the server",
    "Ping": "the folders and the heartbeat interval of the last Ping that had a body",
    "Sync": "the same as the last Sync that had a body",
}
# ... and sections 2.2.1.21.2, 2.2.1.17 to 2.2.1.20.
_EMPTY_ANSWERS: Final[Mapping[str, str]] = {
    "OPTIONS": "versions and commands are in the headers",
    "SendMail": "the mail was sent",
    "SmartForward": "the mail was sent",
    "SmartReply": "the mail was sent",
    "Sync": "nothing has changed",
}
# [MS-ASHTTP] section 2.2.2.1.1; 449 is told by [MS-ASPROV] section 3.1.5.1.
_EMPTY_ERRORS: Final[Mapping[int, str]] = {
    401: "the user has to sign in",
    403: "the user or the device may not do this",
    449: "the device has to provision first",
    451: "the mailbox is on another server, X-MS-Location says which",
    503: "the server is busy, Retry-After may say how long",
    507: "the mailbox is full",
}


class Message(Protocol):
    """Of mitmproxy's Request and Response, what is read here; the rest is looked for, since either lacks some of it."""

    @property
    def content(self) -> bytes | None:
        """The body, unpacked. Raises ValueError where it cannot be."""

    @property
    def raw_content(self) -> bytes | None:
        """The body as it came."""


class Metadata(Protocol):
    """Of mitmproxy's Metadata, what is read here."""

    @property
    def flow(self) -> object:
        """The request and its answer; a flow of another protocol than HTTP has no ``request``."""

    @property
    def http_message(self) -> Message | None:
        """Which of both is shown."""

    @property
    def content_type(self) -> str | None:
        """Its type, without parameters."""

    @property
    def original_data(self) -> bytes | None:
        """What is being edited, where that is told."""


class _Exchange:
    """What is known of the message that is shown, from its flow."""

    def __init__(self, metadata: Metadata) -> None:
        message = metadata.http_message
        request = getattr(metadata.flow, "request", None)
        self.content_type = (metadata.content_type or "").lower()
        self.is_answer = message is not None and message is not request
        self.code = int(getattr(message, "status_code", 0))
        path, _, query = str(getattr(request, "path", "")).partition("?")
        self.is_activesync = path.lower().startswith(_PATH)
        self.method = str(getattr(request, "method", ""))
        self.form = "none"
        self.query: Query | None = None
        self.unread = ""
        if not query:
            return
        self.form = "plain" if "=" in query.rstrip("=") else "base64"
        headers = getattr(request, "headers", {})
        try:
            self.query = parse_query(query, {str(name).lower(): str(value) for name, value in headers.items()})
        except ValueError as error:
            self.unread = str(error)

    @property
    def command(self) -> str:
        """The command, "OPTIONS" where that is the method, "" where it is not known."""
        if self.method.upper() == "OPTIONS":
            return "OPTIONS"
        return self.query.command if self.query else ""

    @property
    def is_document(self) -> bool:
        """Whether its type says that it is WBXML, alone or with other parts."""
        return self.content_type in (*CONTENT_TYPES, multipart.CONTENT_TYPE)

    @property
    def is_multipart(self) -> bool:
        """Whether its type says that it has parts."""
        return self.content_type == multipart.CONTENT_TYPE

    def header(self) -> list[str]:
        """What there is to say of it, a line each. Who signs in is not: mitmproxy shows the headers."""
        words = [_TITLE, self.command, f"answer {self.code or ''}" if self.is_answer else "request"]
        lines = [" ".join(" ".join(words).split())]
        query = self.query
        if self.unread:
            lines.append(f"query           {self.unread}")
        if query is None:
            return lines
        device = f"{query.device_id} ({query.device_type})" if query.device_type else query.device_id
        rows = {"user": query.user, "device": device, "version": query.version, "policy key": query.policy_key}
        rows |= dict(sorted(query.parameters.items())) | {"query": self.form}
        # A parameter's name and the command of a plain query are the client's words, as the values are.
        return lines + [f"{name:<16}{value}" for name, value in rows.items() if value]

    def absence(self) -> str:
        """What it means that there is no body."""
        command = self.command
        if not self.is_answer:
            return _EMPTY_REQUESTS.get(command) or f"no {command or 'command'} is known that has none"
        if 200 <= self.code < 300 or not self.code:
            return _EMPTY_ANSWERS.get(command) or f"an answer to {command or 'a command'} has one"
        return _EMPTY_ERRORS.get(self.code) or f"the HTTP status {self.code} says all"


class _Shown:
    """A message as text: a header of comments, the XML of its document, and the parts behind that."""

    def __init__(self, data: bytes, exchange: _Exchange) -> None:
        self.data = data
        self.bodies: list[bytes] = []
        self.refusal = ""  # why this cannot be edited
        lines = exchange.header()
        self.xml, self.tail = "", ""
        if not data:
            lines.append(f"no body         {exchange.absence()}")
        elif exchange.is_multipart:
            try:
                first, *others = multipart.parts(data)
            except DamagedError as error:
                lines.append(f"broken          {error}")
                self.refusal = "a multipart answer whose parts cannot be told from each other cannot be edited here"
                self.tail = _separated("all of it", data)
            else:
                self.bodies = [bytes(other) for other in others]
                self.xml = _document(bytes(first), exchange.command, lines)
                count = len(self.bodies)
                self.tail = "".join(
                    [_separated(f"part {number} of {count}", body) for number, body in enumerate(self.bodies, 1)]
                )
        elif data[0] <= 3:  # a version of WBXML
            self.xml = _document(data, exchange.command, lines)
        else:
            lines.append(f"no WBXML        its type is {exchange.content_type or 'not told'}")
            self.refusal = "this is no WBXML: edit it in another view"
            self.tail = "\n" + _plain(data)
        self.header = f"<!-- {_commented(lines)} -->"
        self.text = f"{self.header}\n{self.xml}".rstrip("\n") + self.tail

    def encoded(self, text: str) -> bytes:
        """The bytes for the text, edited. Raises ValueError for what cannot be taken back."""
        text = _one_newline(text)
        if text.rstrip() == _one_newline(self.text).rstrip():
            return self.data
        if self.refusal:
            raise ValueError(self.refusal)
        if not text.strip():
            return b""
        if text.lstrip().startswith(f"<!-- {_TITLE}") and self.header not in text:
            raise ValueError("line 1: the comments are not taken back; edit the query or the headers of the request")
        if not self.bodies:
            return wbxml.from_xml(text)
        tail = _one_newline(self.tail).rstrip()
        if not text.rstrip().endswith(tail):
            raise ValueError("only the document of a multipart answer can be edited here, not the parts behind it")
        parts = [wbxml.from_xml(text.rstrip().removesuffix(tail)), *self.bodies]
        table, offset = [struct.pack("<I", len(parts))], 4 + 8 * len(parts)
        for part in parts:
            table.append(struct.pack("<II", offset, len(part)))
            offset += len(part)
        return b"".join(table + parts)


class DocumentView:
    """The view "ActiveSync": what the query says, and the document as XML, which can be edited.

    Any bytes give a text: of broken ones what can be read, with what is wrong. Nothing is left out of a document, also
    not the passwords in it.
    """

    name = "ActiveSync"
    syntax_highlight = "xml"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """The message as text."""
        return _Shown(data, _Exchange(metadata)).text

    def reencode(self, prettified: str, metadata: Metadata) -> bytes:
        """The message for its text, edited; the very same bytes where nothing was.

        An edited document comes in canonical form: WBXML 1.3, UTF-8, without a string table. No text at all gives no
        body. Raises ValueError, with line and column where it is in the XML, for what cannot be taken back.
        """
        data = metadata.original_data
        message = metadata.http_message
        if data is None and message is not None:
            try:
                data = message.content
            except ValueError:
                data = message.raw_content
        return _Shown(data or b"", _Exchange(metadata)).encoded(prettified)

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """2 for what is ActiveSync's, above mitmproxy's own view of WBXML with 1; -1 for all else."""
        exchange = _Exchange(metadata)
        if exchange.is_document or (exchange.is_activesync and (not data or not exchange.content_type)):
            return 2.0
        return -1.0


class DumpView:
    """The view "ActiveSync dump": every token of the document with its offset, bytes and name, whatever the bytes."""

    name = "ActiveSync dump"
    syntax_highlight = "none"

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        """The message as text."""
        exchange = _Exchange(metadata)
        lines = exchange.header()
        if not data:
            lines.append(f"no body         {exchange.absence()}")
        out = [f"# {_printable(line)}" for line in lines]
        bodies: list[bytes] = [data] if data else []
        if data and exchange.is_multipart:
            try:
                bodies = [bytes(part) for part in multipart.parts(data)]
            except DamagedError as error:
                out.append(f"# broken          {error}")
                return "\n".join([*out, "", _hex(data)])
        if bodies:
            out += ["", wbxml.dump(bodies[0]).rstrip("\n")]
        for number, body in enumerate(bodies[1:], 1):
            out += ["", f"# part {number} of {len(bodies) - 1}: {len(body)} bytes", _hex(body)]
        return "\n".join(out)

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        """Never first by itself: this view is one to choose."""
        return 0.0


def _document(data: bytes, command: str, lines: list[str]) -> str:
    """The document as XML, without a declaration; what there is to say of it is added to ``lines``."""
    document = wbxml.decode(data, lenient=True)
    problems = document.problems
    if problems:
        lines.append("broken          this is what can be read of it:")
        lines += [f"  {problem}" for problem in problems[:_PROBLEMS_SHOWN]]
        if len(problems) > _PROBLEMS_SHOWN:
            lines.append(f"  and {len(problems) - _PROBLEMS_SHOWN} more")
    if len(document.roots) == 1:
        root = document.root
        value = root.findtext(f"{root.tag.namespace}:Status") or ""
        if value.isdecimal() and len(value) < 6:
            known = status(command or root.tag.name, int(value))
            lines.append(f"status          {known.code} {known.name}: {known.meaning}")
        texts = [wbxml.to_xml(document, indent=2)]
    else:
        texts = [wbxml.to_xml(one, indent=2) for one in document.roots]
    # A declaration may stand before all else only, and there is the header.
    return "\n".join([text.removeprefix(_DECLARATION) for text in texts]).replace(_DELETE, "&#127;")


def _separated(what: str, data: bytes) -> str:
    return f"\n\n<!-- {what}: {len(data)} bytes -->\n{_plain(data)}"


def _plain(data: bytes) -> str:
    """Text as it is, other bytes in hexadecimal digits."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _hex(data)
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _hex(data: bytes) -> str:
    shown = data[:_BYTES_SHOWN]
    lines = [f"{offset:08x}  {shown[offset : offset + 16].hex(' ')}" for offset in range(0, len(shown), 16)]
    if len(shown) < len(data):
        lines.append(f"and {len(data) - len(shown)} bytes more")
    return "\n".join(lines)


def _commented(lines: list[str]) -> str:
    """The lines within a comment: XML 1.0 section 2.5 has no two hyphens there, nor one at its end."""
    text = "\n     ".join([_printable(line) for line in lines])
    return re.sub(r"-(?=-|$)", r"\\x2d", text)


def _printable(line: str) -> str:
    # A lone surrogate can be in no text that is written as UTF-8.
    line = line.encode("utf-8", "backslashreplace").decode()
    return _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", line)


def _one_newline(text: str) -> str:
    """The text as an editor may give it back: with line feeds alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


__all__ = ["DocumentView", "DumpView", "Metadata"]
