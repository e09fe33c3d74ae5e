"""What of an exchange may be shown: its protocol, and neither who it is about nor what is in the items.

Only what is named here is kept; of all other text each character is replaced by one of its kind, so that documents keep
their shape and size, and what is redacted once stays as it is when it is redacted again.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import wbxml

from . import multipart
from .auth import offered
from .errors import DamagedError, UsageError
from .query import parse_query

REDACTED: Final = "redacted"

# Texts that the protocol goes by: keys, ids, classes, names of types and of stores.
_KEPT: Final = frozenset(
    """
    AirSync:Class AirSync:ClientId AirSync:CollectionId AirSync:ServerId AirSync:SyncKey
    AirSyncBase:ClientId AirSyncBase:ContentType AirSyncBase:FileReference
    Calendar:Timezone
    ComposeMail:AccountId ComposeMail:ClientId ComposeMail:FolderId ComposeMail:ItemId ComposeMail:LongId
    Email:ContentClass Email:MessageClass Email:TimeZone
    Email2:AccountId Email2:ConversationId Email2:ConversationIndex
    FolderHierarchy:ParentId FolderHierarchy:ServerId FolderHierarchy:SyncKey
    GetItemEstimate:Class GetItemEstimate:CollectionId
    ItemOperations:ConversationId ItemOperations:DstFldId ItemOperations:Store
    MeetingResponse:CalendarId MeetingResponse:CollectionId MeetingResponse:RequestId
    Move:DstFldId Move:DstMsgId Move:SrcFldId Move:SrcMsgId
    Notes:MessageClass
    Ping:Class Ping:Id
    Provision:PolicyKey Provision:PolicyType
    RightsManagement:TemplateID
    Search:ConversationId Search:LongId Search:Name
    Settings:AccountId Settings:BodyType Settings:Enabled
    """.split()
)
# Numbers, dates and ranges, though their type is another one or none is known.
_KEPT_NUMBERS: Final = frozenset(
    """
    AirSyncBase:InstanceId Calendar:Reminder Email:InternetCPID Email:Until Find:Range Find:SearchId
    ItemOperations:Range MeetingResponse:InstanceId Provision:DevicePasswordExpiration Provision:MaxAttachmentSize
    Provision:MaxDevicePasswordFailedAttempts Provision:MaxInactivityTimeDeviceLock Provision:MinDevicePasswordLength
    Search:Range
    """.split()
)
_NUMBERS: Final = ("integer", "double", "boolean", "datetime", "flag")
# What a number or a date is made of: whatever else stands where one should is taken for text.
_NUMBER: Final = re.compile(r"[0-9TZ:., +-]{0,40}", re.ASCII)
# A person's own dates. Another one takes their place, which is one still.
_PERSONAL_DATES: Final = frozenset(("Contacts:Anniversary", "Contacts:Birthday"))
_A_DATE: Final = "1900-01-01T00:00:00.000Z"
_A_DATE_TOO: Final = "19000101T000000Z"
# Never kept, whatever is asked for.
_PASSWORDS: Final = frozenset(
    (
        "ItemOperations:Password",
        "ItemOperations:UserName",
        "Search:Password",
        "Search:UserName",
        "Settings:Password",
    )
)

_REQUEST_HEADERS: Final = frozenset(
    """
    accept-encoding accept-language content-type ms-asacceptmultipart ms-asprotocolversion user-agent x-ms-policykey
    """.split()
)
_ANSWER_HEADERS: Final = frozenset(
    """
    content-encoding content-length content-type date ms-asprotocolcommands ms-asprotocolversions ms-server-activesync
    retry-after transfer-encoding x-ms-asthrottle x-ms-credentials-expire x-ms-rp
    """.split()
)
# Addresses: what stands behind a "?" names the user, or is a token.
_ADDRESSES: Final = frozenset(("location", "x-ms-credential-service-url", "x-ms-location"))

_LETTERS: Final = str.maketrans(
    {chr(code): "x" for code in range(ord("a"), ord("z") + 1)}
    | {chr(code): "X" for code in range(ord("A"), ord("Z") + 1)}
    | {chr(code): "0" for code in range(ord("0"), ord("9") + 1)}
)
_OTHERS: Final = re.compile(r"[^\x00-\x7f]")
# One character of each length in UTF-8, so that sizes stay what they were.
_BY_LENGTH: Final = {2: "ä", 3: "中", 4: "𠀀"}


def text(value: str) -> str:
    """Another text of the same length: letters, digits and others each replaced by one of their kind."""
    value = value.translate(_LETTERS)
    if value.isascii():
        return value
    return _OTHERS.sub(lambda found: _BY_LENGTH[len(found[0].encode("utf-8", "surrogatepass"))], value)


def data(value: bytes) -> bytes:
    """As many other bytes: text() of what is text, else zeros."""
    try:
        return text(value.decode()).encode()
    except UnicodeDecodeError:
        return bytes(len(value))


def document(body: bytes, *, contents: bool = False) -> bytes:
    """The document with its structure alone, token by token, also where it is cut off or broken.

    ``contents`` keeps everything but passwords. What is no WBXML is taken for text.
    """
    out = []
    opened: list[wbxml.Tag | None] = []
    apart = False  # among attributes or in an instruction, which ActiveSync does not have
    for token in wbxml.tokens(body):
        raw = token.raw
        if token.kind in ("tag", "literal"):
            if token.content:
                opened.append(token.tag)
            apart = token.attributes
        elif token.kind == "pi":
            apart = True
        elif token.kind == "end":
            if token.value != "element":
                apart = False
            elif opened:
                opened.pop()
        elif token.kind == "unknown" and token.offset == 0:
            return body if contents else data(body)
        elif raw:
            raw = _piece(token, opened[-1] if opened and not apart else None, contents)
        out.append(raw)
    return b"".join(out)


def _piece(token: wbxml.Token, tag: wbxml.Tag | None, contents: bool) -> bytes:
    """The bytes of a token that holds text or data, in this element."""
    kind, value = token.kind, token.value
    if kind in ("version", "charset", "switch_page", "attribute", "attribute_value", "ext_t", "ext"):
        return token.raw
    if kind == "string_table":  # whatever is asked for: a password may be among its strings
        return _covered(token)
    if tag in _PASSWORDS:
        if kind == "opaque":
            return token.changed(REDACTED.encode()).raw
        # One with nothing behind it, where the string is cut off, stands in the string table, or is a character.
        return token.changed(REDACTED).raw if kind == "str_i" else _covered(token)
    if contents or (tag is not None and _is_kept(tag, value)):
        return token.raw
    if kind == "opaque" and isinstance(value, bytes):
        return token.changed(data(value)).raw
    if kind in ("str_i", "ext_i") and isinstance(value, str):
        other = text(value)
        if tag in _PERSONAL_DATES and _NUMBER.fullmatch(value):
            other = _A_DATE if "-" in value else _A_DATE_TOO
        try:
            return token.changed(other).raw
        except ValueError:  # a character set that lacks our characters
            return token.changed("x" * len(value)).raw
    return _covered(token)


def _is_kept(tag: wbxml.Tag, value: str | bytes | int | None) -> bool:
    if tag in _KEPT:
        return True
    if tag in _PERSONAL_DATES or not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return False
    try:
        return tag in _KEPT_NUMBERS or wbxml.describe(tag).type in _NUMBERS
    except ValueError:  # no tag of ActiveSync
        return False


def _covered(token: wbxml.Token) -> bytes:
    """The token with an x for each byte of what it holds, so that it is as long as before, and as broken."""
    raw = token.raw
    if token.kind == "entity":
        return token.changed("x").raw
    if token.kind == "string_table":
        # Its length stands before it, in as many bytes as are left.
        size = len(token.value) if isinstance(token.value, bytes) else 0
        return raw[: len(raw) - size] + _xs(raw[len(raw) - size :])
    if token.kind in ("str_t", "public_id"):
        return raw  # a place in the string table, which was covered
    if raw[:1] == b"\xc3":  # OPAQUE, and the length that it promises
        kept = 1
        while kept < min(len(raw), 6) and raw[kept] & 0x80:
            kept += 1
        kept += 1
        return raw[:kept] + b"x" * (len(raw) - kept)
    return raw[:1] + _xs(raw[1:])


def _xs(held: bytes) -> bytes:
    """An x for each byte but the NULs, which end strings."""
    return bytes(byte and 0x78 for byte in held)


def answer_body(body: bytes, content_type: str, *, contents: bool = False) -> bytes:
    """The body of an answer: a document, the parts of a multipart answer each in its place, or a page."""
    if content_type.partition(";")[0].strip().lower() != multipart.CONTENT_TYPE:
        return document(body, contents=contents)
    if contents:
        return body
    out = bytearray(len(body))  # zeros, where a table leads nowhere
    try:
        parts = multipart.parts(body)
    except DamagedError:
        return bytes(out)
    start = 4 + 8 * len(parts)
    out[:start] = body[:start]
    for number, (part, (offset, size)) in enumerate(zip(parts, struct.iter_unpack("<II", body[4:start]), strict=True)):
        other = data(bytes(part)) if number else document(bytes(part))
        if len(other) == size:
            out[offset : offset + size] = other
    return bytes(out)


def request_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request, the values of those that are not the protocol's left out; of Authorization the scheme
    is kept.
    """
    found = {name: value if name.lower() in _REQUEST_HEADERS else REDACTED for name, value in headers.items()}
    for name in found:
        if name.lower() == "authorization":
            found[name] = f"{headers[name].partition(' ')[0]} {REDACTED}"
    return found


def answer_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The same for the headers of an answer, by their lower-case names; of a challenge the schemes are kept."""
    found = {}
    for name, value in headers.items():
        if name == "www-authenticate":
            value = ", ".join(offered(value))
        elif name in _ADDRESSES:
            value = value.partition("?")[0]
        elif name not in _ANSWER_HEADERS:
            value = REDACTED
        found[name] = value
    return found


def cookie(line: str) -> str:
    """A Set-Cookie line with another value."""
    name, equals, _ = line.partition(";")[0].partition("=")
    return f"{name}={REDACTED}" if equals else REDACTED


def address(url: str, headers: Mapping[str, str], *, user: str, device_id: str) -> str:
    """The address of a request with another user and device; without its query where that cannot be read."""
    parts = urlsplit(url)
    if not parts.query:
        return url
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        query = parse_query(parts.query, lower)
        # The name of an attachment is one of the contents.
        other = {name: text(value) if name == "AttachmentName" else value for name, value in query.parameters.items()}
        query = replace(query, user=user if query.user else "", device_id=device_id, parameters=other)
        written = query.plain() if "=" in parts.query.rstrip("=") else query.encoded()
    except (ValueError, UsageError):
        written = ""
    return urlunsplit(parts._replace(query=written))
