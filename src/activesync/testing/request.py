"""An HTTP request as the server sees it, and the answer to it. Source: [MS-ASHTTP] section 2.2.1."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

# [MS-ASHTTP] section 2.2.1.1.1.1.2.
_COMMAND_CODES = {
    0: "Sync",
    1: "SendMail",
    2: "SmartForward",
    3: "SmartReply",
    4: "GetAttachment",
    9: "FolderSync",
    10: "FolderCreate",
    11: "FolderDelete",
    12: "FolderUpdate",
    13: "MoveItems",
    14: "GetItemEstimate",
    15: "MeetingResponse",
    16: "Search",
    17: "Settings",
    18: "Ping",
    19: "ItemOperations",
    20: "Provision",
    21: "ResolveRecipients",
    22: "ValidateCert",
    23: "Find",
}
# Section 2.2.1.1.1.1.3.
_USER_PARAMETER = 8


@dataclass(frozen=True, slots=True)
class Request:
    """A request. ``command`` is "OPTIONS" for that method; ``headers`` have lower-case names and no Authorization."""

    method: str
    command: str = ""
    user: str = ""
    device_id: str = ""
    device_type: str = ""
    version: str = ""
    policy_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Answer:
    """An answer, or what is to become of it on its way.

    ``dropped`` ends the connection without an answer. ``cut`` sends that many bytes of the body, though the head
    promises all of them, and ends the connection.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False
    cut: int | None = None


def parse_query(query: str, headers: Mapping[str, str]) -> dict[str, str | None]:
    """The parameters of a POST by name: command, user, device_id, device_type, version, policy_key.

    A query string is plain text, or base64 of bytes that stand for headers, too. Raises ValueError where it is neither.
    """
    if "=" in query.rstrip("="):
        given = {name.lower(): values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        return {
            "command": given.get("cmd", ""),
            "user": given.get("user", ""),
            "device_id": given.get("deviceid", ""),
            "device_type": given.get("devicetype", ""),
            "version": headers.get("ms-asprotocolversion", ""),
            "policy_key": headers.get("x-ms-policykey"),
        }
    try:
        query = unquote(query).rstrip("=")
        data = base64.b64decode(query + "=" * (-len(query) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("the query string is neither plain text nor base64") from error
    try:
        return _parse_bytes(data)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("the query string ends too early") from error


def _parse_bytes(data: bytes) -> dict[str, str | None]:
    """The fields of [MS-ASHTTP] section 2.2.1.1.1.1. Raises IndexError where the data end before them."""
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
    return {
        "command": _COMMAND_CODES.get(code, f"command {code}"),
        "user": parameters.get(_USER_PARAMETER, b"").decode(),
        # A GUID stands there as bytes that are no text.
        "device_id": device_id.decode() if device_id.isascii() and device_id.isalnum() else device_id.hex().upper(),
        "device_type": device_type.decode(),
        "version": f"{version[:-1]}.{version[-1]}",
        "policy_key": str(int.from_bytes(policy_key, "little")) if policy_key else None,
    }
