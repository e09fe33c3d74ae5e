"""HTTP exchanges out of captures, for the command line: HAR, mitmproxy's dumps, and pcap files by way of tshark.

Here alone is something known of HTTP, and only what names a document: whose body it is. The codec needs none of it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from typing import NamedTuple
from urllib.parse import unquote

from .errors import DecodeError, WBXMLError
from .kernel import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

HAR, MITMPROXY, PCAP = "HAR", "mitmproxy dump", "pcap"

_ENDPOINT = "/microsoft-server-activesync"
_MULTIPART = "application/vnd.ms-sync.multipart"
_PCAP_MAGICS = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\n\r\r\n")
_DUMP = re.compile(rb"[1-9][0-9]{0,11}:[1-9][0-9]{0,3}:[a-z_]+[,;]")
_HAR_HEAD = 4096  # "log" is the one name at the top, but a comment or the creator may stand before its entries
_MAX_NESTING = 64  # a flow has six levels
_MAX_DIGITS = 40
_MAX_BODY = 256 << 20  # what a body may unpack to: far above any real answer, and no bomb
_TSHARK_SECONDS = 600


class CaptureError(WBXMLError):
    """The capture cannot be read, or not here."""


class Body(NamedTuple):
    """What went one way in one exchange.

    ``number`` counts the exchanges of the capture from 1, ``direction`` is "request" or "response". ``command`` is
    the one in the query string, or that of the root element of either body, "" where nothing says it. ``status`` is
    the response's, None in a request. ``data`` are the document's bytes, b"" where there is none: no body, or one of
    another kind, as ``trouble`` says; None where there is one that cannot be had, and ``trouble`` says why.
    """

    number: int
    direction: str
    command: str
    method: str
    url: str
    status: int | None
    content_type: str
    data: bytes | None
    trouble: str


def kind_of(data: bytes) -> str:
    """What the bytes are a capture of, HAR, MITMPROXY or PCAP, by how they start; "" for none: WBXML is none."""
    if data.startswith(_PCAP_MAGICS):
        return PCAP
    if _DUMP.match(data):
        return MITMPROXY
    head = data[:_HAR_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    return HAR if re.match(rb'\{\s*"(log|\$schema|_?comment)"', head) and b'"log"' in head else ""


def read(data: bytes, *, keys: str = "") -> list[Body]:
    """The bodies of all exchanges of ActiveSync or with WBXML, requests and responses in turn.

    ``keys`` is the path of a file with the keys of TLS sessions, as SSLKEYLOGFILE makes it, for a pcap file. Raises
    CaptureError.
    """
    kind = kind_of(data)
    try:
        exchanges = _pcap(data, keys) if kind == PCAP else {HAR: _har, MITMPROXY: _mitmproxy}[kind](data)
        return [body for number, one in enumerate(exchanges, 1) for body in _bodies(number, one)]
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
        if isinstance(error, CaptureError):
            raise
        raise CaptureError(f"this {kind} file is damaged, or of a kind that is not known here: {error!r}") from error


class _Message(NamedTuple):
    content_type: str
    data: bytes | None
    trouble: str = ""


class _Exchange(NamedTuple):
    method: str
    url: str
    request: _Message
    status: int | None
    response: _Message | None


def _bodies(number: int, exchange: _Exchange) -> Iterator[Body]:
    path, _, query = exchange.url.partition("?")
    messages = [one for one in (exchange.request, exchange.response) if one is not None]
    if not path.lower().rstrip("/").endswith(_ENDPOINT) and not any("wbxml" in one.content_type for one in messages):
        return
    judged = [_judged(one) for one in messages]
    command = _command(query)
    if not command or command.startswith("command "):
        roots = [_root(one.data) for one in judged]
        command = next((root for root in roots if root), command)
    for direction, message in zip(("request", "response"), judged, strict=False):
        status = exchange.status if direction == "response" else None
        yield Body(number, direction, command, exchange.method, exchange.url, status, *message)


def _judged(message: _Message) -> _Message:
    """The message with its document for its data: the first part of a multipart body, nothing where it is no WBXML."""
    data = message.data
    if not data:
        return message
    if _MULTIPART in message.content_type:
        # [MS-ASCMD] section 2.2.1.10.1: the number of parts, and where each starts and how long it is.
        start, length = (int.from_bytes(data[place : place + 4], "little") for place in (4, 8))
        return message._replace(data=data[start : start + length], trouble="" if length else "no first part")
    if data[0] > 3 and "wbxml" not in message.content_type:
        what = message.content_type or "unknown content"
        return message._replace(data=b"", trouble=f"no WBXML: {len(data)} bytes of {what}")
    return message


def _command(query: str) -> str:
    """The command in a query string, plain or base64 ([MS-ASHTTP] section 2.2.1.1.1), there by its number alone."""
    plain = re.search(r"(?:^|&)cmd=([A-Za-z]+)", query, re.IGNORECASE)
    if plain:
        return plain[1]
    try:
        return f"command {b64decode(unquote(query) + '==')[1]}"
    except (Base64Error, IndexError, ValueError):
        return ""


def _root(data: bytes | None) -> str:
    """The name of the root element, which is that of the command."""
    try:
        return kernel.decode(data).root.tag.name if data else ""
    except DecodeError:
        return ""


def _unpacked(data: bytes, coding: str) -> tuple[bytes | None, str]:
    """What a body is without its content coding, or None and why there is nothing."""
    coding = coding.strip().lower()
    if not data or coding in ("", "identity"):
        return data, ""
    if coding not in ("gzip", "x-gzip", "deflate"):
        return None, f"packed by {coding}, which cannot be undone here"
    # "deflate" is sent with zlib's head, and without it.
    for bits in (zlib.MAX_WBITS | 32, *([-zlib.MAX_WBITS] if coding == "deflate" else [])):
        try:
            unpacker = zlib.decompressobj(bits)
            found = unpacker.decompress(data, _MAX_BODY)
        except zlib.error:
            continue
        return (found, "") if unpacker.eof else (None, f"packed by {coding}, and cut off or over {_MAX_BODY} bytes")
    return None, f"packed by {coding}, and damaged"


# -- HAR -------------------------------------------------------------------------------------------------------------


def _har(data: bytes) -> Iterator[_Exchange]:
    """Source: HAR 1.2, the format that browsers and proxies export."""
    try:
        entries = json.loads(data.decode("utf-8-sig"))["log"]["entries"]
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"this is no HAR file: {error}") from None
    for entry in entries:
        request, response = entry["request"], entry.get("response") or {}
        posted = request.get("postData") or {}
        content = response.get("content") or {}
        status = int(response.get("status") or 0)
        yield _Exchange(
            str(request["method"]),
            str(request["url"]),
            _from_text(posted, request.get("bodySize")),
            status or None,
            _from_text(content, content.get("size")) if status else None,
        )


def _from_text(content: Mapping[str, Any], size: Any) -> _Message:
    """A body out of JSON. Only of a response it has to be base64; what else bytes can become is undone where it can."""
    text, kind = content.get("text"), str(content.get("mimeType") or "").lower()
    if not text:
        is_lost = isinstance(size, int) and size > 0
        return (
            _Message(kind, None, f"lost: its {size} bytes are not in the capture") if is_lost else _Message(kind, b"")
        )
    if "base64" in (content.get("encoding"), content.get("_encoding")):
        try:
            return _Message(kind, b64decode("".join(text.split()), validate=True))
        except (Base64Error, ValueError) as error:
            return _Message(kind, None, f"no base64: {error}")
    if "\ufffd" in text:
        return _Message(kind, None, "lost: bytes that are no text were replaced by U+FFFD when the capture was made")
    found = []
    # A character for each byte; UTF-8; UTF-8 with a mark for each byte that is none.
    for codec, errors in (("latin-1", "strict"), ("utf-8", "surrogateescape")):
        try:
            data = text.encode(codec, errors)
            if data not in found:
                found.append(data)
        except UnicodeEncodeError:
            continue
    if not found:
        return _Message(kind, None, "lost: the capture has characters that stand for no bytes")
    found = [data for data in found if len(data) == size] or found
    return _Message(kind, next((data for data in found if _root(data)), found[0]))


# -- mitmproxy -------------------------------------------------------------------------------------------------------


def _mitmproxy(data: bytes) -> Iterator[_Exchange]:
    """The flows of a dump: dicts written as tnetstrings, one behind the other."""
    position = 0
    while position < len(data):
        flow, position = _tnetstring(data, position)
        if flow.get("type") != "http":
            continue
        request, response = flow["request"], flow.get("response")
        yield _Exchange(
            _text(request["method"]),
            f"{_text(request.get('scheme') or 'http')}://{_text(request.get('host') or '')}{_text(request['path'])}",
            _from_flow(request),
            int(response["status_code"]) if response else None,
            _from_flow(response) if response else None,
        )


def _from_flow(message: Mapping[str, Any]) -> _Message:
    headers = {_text(name).lower(): _text(value) for name, value in message["headers"]}
    kind = headers.get("content-type", "").lower()
    if message.get("content") is None:
        return _Message(kind, None, "not in the capture: it was streamed")
    return _Message(kind, *_unpacked(message["content"], headers.get("content-encoding", "")))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _tnetstring(data: bytes, position: int) -> tuple[Any, int]:
    """The value that starts here, and where it ends: LENGTH ":" BYTES TYPE, within lists and dicts the same again."""
    levels: list[tuple[str, list[Any], int]] = []
    bound = len(data)
    while True:
        colon = data.find(b":", position, min(position + 13, bound))
        if colon < 0 or not data[position:colon].isdigit():
            raise CaptureError(f"mitmproxy dump: a length was expected at byte {position}")
        start = colon + 1
        end = start + int(data[position:colon])
        if end >= bound:
            raise CaptureError(f"mitmproxy dump: the value at byte {position} is longer than the file or what it is in")
        kind = chr(data[end])
        position = end + 1
        if kind in "]}":
            if len(levels) == _MAX_NESTING:
                raise CaptureError(f"mitmproxy dump: nested deeper than {_MAX_NESTING} at byte {start}")
            levels.append((kind, [], end))
            position, bound = start, end
        else:
            value = _scalar(kind, data[start:end], start)
            if not levels:
                return value, position
            levels[-1][1].append(value)
        while position == levels[-1][2]:
            kind, items, end = levels.pop()
            made = items if kind == "]" else dict(zip(items[::2], items[1::2], strict=True))
            position = end + 1
            if not levels:
                return made, position
            levels[-1][1].append(made)
            bound = levels[-1][2]


def _scalar(kind: str, data: bytes, start: int) -> Any:
    if kind == ",":
        return data
    if kind == ";":
        return data.decode()
    if kind in "#^" and len(data) <= _MAX_DIGITS:
        return float(data)
    if kind in "!~":
        return data == b"true" if kind == "!" else None
    raise CaptureError(f"mitmproxy dump: no value of the type {kind!r} at byte {start}")


# -- pcap ------------------------------------------------------------------------------------------------------------


def _pcap(data: bytes, keys: str) -> Iterator[_Exchange]:
    """What tshark finds of HTTP: it puts streams together, undoes chunks and content codings."""
    command = shutil.which("tshark")
    if command is None:
        raise CaptureError(
            "this is a pcap file, which is read by tshark, and that is not installed: install Wireshark "
            "(Debian, Ubuntu: apt install tshark; macOS: brew install wireshark)"
        )
    options = ["-n", "-r", "-", "-Y", "http", "--no-duplicate-keys", "-T", "json", "-x", "-J", "frame http"]
    if keys:
        options += ["-o", f"tls.keylog_file:{keys}"]
    try:
        done = subprocess.run(
            [command, *options], input=data, capture_output=True, check=False, timeout=_TSHARK_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise CaptureError(f"tshark has not read this pcap file within {_TSHARK_SECONDS} seconds") from None
    if done.returncode and not done.stdout.strip():
        raise CaptureError(f"tshark: {done.stderr.decode(errors='replace').strip() or done.returncode}")
    requests: dict[str, tuple[str, str, _Message]] = {}
    answers: dict[str, tuple[int, _Message]] = {}
    for packet in json.loads(done.stdout.decode("utf-8", "replace") or "[]"):
        layers = packet["_source"]["layers"]
        frame = str(layers["frame"]["frame.number"])
        for http in layers["http"] if isinstance(layers["http"], list) else [layers["http"]]:
            body = http.get("http.file_data_raw")
            message = _Message(str(http.get("http.content_type", "")).lower(), bytes.fromhex(body[0]) if body else b"")
            first = next((value for value in http.values() if isinstance(value, dict)), {})
            if "http.request" in http:
                url = str(http.get("http.request.full_uri") or first.get("http.request.uri", ""))
                requests[frame] = str(first.get("http.request.method", "")), url, message
            elif "http.response" in http:
                answers[str(http.get("http.request_in", f"?{frame}"))] = int(first["http.response.code"]), message
    if not requests and not answers:
        raise CaptureError(
            "tshark finds no HTTP in this pcap file: where it is encrypted, --keys names the file with the keys that "
            "SSLKEYLOGFILE made the client write"
        )
    for frame, (method, url, message) in requests.items():
        yield _Exchange(method, url, message, *answers.pop(frame, (None, None)))
    for status, message in answers.values():
        yield _Exchange("", "", _Message("", None, "not in the capture"), status, message)


__all__ = ["Body", "CaptureError", "kind_of", "read"]
