"""The query string of a request, as plain text or in base64. Source: [MS-ASHTTP] section 2.2.1.1.1."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qs, quote, unquote

from .errors import UsageError

COMMAND_CODES: MappingProxyType[str, int] = MappingProxyType(
    {
        "Sync": 0,
        "SendMail": 1,
        "SmartForward": 2,
        "SmartReply": 3,
        "GetAttachment": 4,
        "FolderSync": 9,
        "FolderCreate": 10,
        "FolderDelete": 11,
        "FolderUpdate": 12,
        "MoveItems": 13,
        "GetItemEstimate": 14,
        "MeetingResponse": 15,
        "Search": 16,
        "Settings": 17,
        "Ping": 18,
        "ItemOperations": 19,
        "Provision": 20,
        "ResolveRecipients": 21,
        "ValidateCert": 22,
        "Find": 23,
    }
)
"""The commands by their names, with the numbers of section 2.2.1.1.1.1.2."""
PARAMETER_TAGS: MappingProxyType[str, int] = MappingProxyType(
    {"AttachmentName": 0, "CollectionId": 1, "ItemId": 3, "LongId": 4, "Occurrence": 6, "Options": 7, "User": 8}
)
"""The parameters by their names, with the tags of section 2.2.1.1.1.1.3."""
OPTIONS: MappingProxyType[str, int] = MappingProxyType({"SaveInSent": 1, "AcceptMultiPart": 2})
"""The flags in the parameter Options, each of which is "T" in plain text; AcceptMultiPart is a header there."""
_MULTIPART = "ms-asacceptmultipart"
# Those that have no field of their own.
_PARAMETERS = {name: tag for name, tag in PARAMETER_TAGS.items() if name not in ("User", "Options")}
_PLAIN = {name.lower(): name for name in (*_PARAMETERS, "SaveInSent")}
_NAMES = {code: name for name, code in COMMAND_CODES.items()}
_ENGLISH = 0x0409


@dataclass(frozen=True, slots=True)
class Query:
    """What the query string of a request says.

    ``version`` and ``policy_key`` stand there in base64 only; in plain text they are headers. ``parameters`` are those
    of single commands: AttachmentName, CollectionId, ItemId, LongId, Occurrence, and "T" or "F" for SaveInSent and
    AcceptMultiPart.
    """

    command: str
    user: str = ""
    device_id: str = ""
    device_type: str = ""
    version: str = ""
    policy_key: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    def plain(self) -> str:
        """The parameters as text: section 2.2.1.1.1.2."""
        return (
            f"Cmd={self.command}&User={quote(self.user, safe='')}&DeviceId={quote(self.device_id, safe='')}"
            f"&DeviceType={quote(self.device_type, safe='')}"
        ) + "".join(
            f"&{name}={quote(value, safe='')}"
            for name, value in self.parameters.items()
            if name != "AcceptMultiPart"  # a header, MS-ASAcceptMultiPart
        )

    def encoded(self) -> str:
        """The same in base64, with version and policy key: section 2.2.1.1.1.1.

        Raises UsageError where a value does not fit: a command without a number, or a text over 255 bytes.
        """
        if self.command not in COMMAND_CODES:
            raise UsageError(f"the command {self.command} has no number: send it in a plain query string")
        if not self.device_id:
            raise UsageError("a device id is needed")
        if unknown := self.parameters.keys() - PARAMETER_TAGS.keys() - OPTIONS.keys():
            raise UsageError(f"there is no number for the parameter {min(unknown)}")
        key = b"" if self.policy_key is None else int(self.policy_key).to_bytes(4, "little")
        data = bytes([int(self.version.replace(".", "")), COMMAND_CODES[self.command]]) + _ENGLISH.to_bytes(2, "little")
        for value in (self.device_id.encode(), key, self.device_type.encode()):
            data += _counted(value)
        for name, text in self.parameters.items():
            if name not in OPTIONS:
                data += bytes([PARAMETER_TAGS[name]]) + _counted(text.encode())
        if flags := sum(flag for name, flag in OPTIONS.items() if self.parameters.get(name) == "T"):
            data += bytes([PARAMETER_TAGS["Options"], 1, flags])
        if self.user:
            data += bytes([PARAMETER_TAGS["User"]]) + _counted(self.user.encode())
        return base64.b64encode(data).decode("ascii")


def _counted(value: bytes) -> bytes:
    if len(value) > 255:
        raise UsageError(f"a value of {len(value)} bytes is too long for a query string in base64: at most 255 fit")
    return bytes([len(value)]) + value


def parse_query(query: str, headers: Mapping[str, str]) -> Query:
    """What a query string says, plain or base64; ``headers`` have lower-case names. Raises ValueError for another."""
    if "=" in query.rstrip("="):
        given = {name.lower(): values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        return Query(
            given.get("cmd", ""),
            given.get("user", ""),
            given.get("deviceid", ""),
            given.get("devicetype", ""),
            headers.get("ms-asprotocolversion", ""),
            headers.get("x-ms-policykey"),
            _plain_parameters(given, headers),
        )
    try:
        query = unquote(query).rstrip("=")
        data = base64.b64decode(query + "=" * (-len(query) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("the query string is neither plain text nor base64") from error
    try:
        return _parse_bytes(data)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("the query string ends too early") from error


def _plain_parameters(given: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    found = {_PLAIN[name]: value for name, value in given.items() if name in _PLAIN}
    if _MULTIPART in headers:
        found["AcceptMultiPart"] = headers[_MULTIPART]
    return found


def _parse_bytes(data: bytes) -> Query:
    """The fields of section 2.2.1.1.1.1. Raises IndexError where the data end before them."""
    version, code = str(data[0]), data[1]
    pos = 4  # after two bytes of locale

    def take() -> bytes:
        nonlocal pos
        length = data[pos]
        if pos + 1 + length > len(data):
            raise IndexError
        value = data[pos + 1 : pos + 1 + length]
        pos += 1 + length
        return value

    device_id, policy_key, device_type = take(), take(), take()
    parameters = {}
    while pos < len(data):
        tag = data[pos]
        pos += 1
        parameters[tag] = take()
    return Query(
        _NAMES.get(code, f"command {code}"),
        parameters.get(PARAMETER_TAGS["User"], b"").decode(),
        # A GUID stands there as bytes that are no text.
        device_id.decode() if device_id.isascii() and device_id.isalnum() else device_id.hex().upper(),
        device_type.decode(),
        f"{version[:-1]}.{version[-1]}",
        str(int.from_bytes(policy_key, "little")) if policy_key else None,
        _packed_parameters(parameters),
    )


def _packed_parameters(given: dict[int, bytes]) -> dict[str, str]:
    found = {name: given[tag].decode() for name, tag in _PARAMETERS.items() if tag in given}
    flags = given.get(PARAMETER_TAGS["Options"], b"")[:1]
    return found | {name: "T" for name, flag in OPTIONS.items() if flags and flags[0] & flag}
