"""Captures as input of `wbxml decode` and `wbxml dump`: HAR, mitmproxy's dumps, pcap files.

The files are one session, recorded three ways by mitmdump and dumpcap: tests/data/mitmproxy/README.md.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

import wbxml
from wbxml.captures import CaptureError, kind_of, read

from .peers import TSHARK, _capture
from .samples import CAPTURES, DATA, bounded, capture, document
from .test_cli import Run

RECORDED = DATA / "mitmproxy"
FLOW, SESSION_HAR, WIRE = (RECORDED / f"session.{kind}" for kind in ("flow", "har", "pcapng"))
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark (Debian: tshark) is not installed")
each_file = pytest.mark.parametrize(
    "path", [FLOW, SESSION_HAR, pytest.param(WIRE, marks=needs_tshark)], ids=lambda path: path.suffix
)
EXCHANGES = [
    (number + more, direction, command)
    for more in (0, 6)  # with plain query strings, and with ones in base64
    for number, command in enumerate(["", "FolderSync", "Sync", "Sync", "Sync", "Search"], 1)
    for direction in ("request", "response")
]
SMALL = document("4B 03 61 00 01")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return Run(monkeypatch, capfdbinary)


def har(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def entry(posted: Any = None, content: Any = None, url: str = "", status: int = 200, **more: Any) -> dict[str, Any]:
    request = {"method": "POST", "url": url or "https://x/Microsoft-Server-ActiveSync?Cmd=Sync", **more}
    if posted is not None:
        request["postData"] = {"mimeType": "application/vnd.ms-sync.wbxml", **posted}
    content = {"mimeType": "application/vnd.ms-sync.wbxml", **(content or {})}
    return {"request": request, "response": {"status": status, "content": content}}


def tnetstring(value: Any) -> bytes:
    """The value as mitmproxy writes it. Source: tnetstrings.org; text has the type ";" there."""
    if value is None:
        data, kind = b"", b"~"
    elif isinstance(value, bool):
        data, kind = str(value).lower().encode(), b"!"
    elif isinstance(value, bytes):
        data, kind = value, b","
    elif isinstance(value, str):
        data, kind = value.encode(), b";"
    elif isinstance(value, int):
        data, kind = str(value).encode(), b"#"
    elif isinstance(value, list):
        data, kind = b"".join(map(tnetstring, value)), b"]"
    else:
        data, kind = b"".join(tnetstring(one) for pair in value.items() for one in pair), b"}"
    return b"%d:%b%b" % (len(data), data, kind)


def flow(body: bytes | None, *headers: list[bytes], path: bytes = b"/Microsoft-Server-ActiveSync?Cmd=Sync") -> bytes:
    message = {"headers": [[b"Content-Type", b"application/vnd.ms-sync.wbxml"], *headers], "content": body}
    request = {"method": b"POST", "scheme": b"https", "host": "x", "path": path, **message}
    return tnetstring({"type": "http", "request": request, "response": {"status_code": 200, **message}})


def one_of(data: bytes) -> tuple[bytes | None, str]:
    """The document of the request of a capture's only exchange, and what is said about it."""
    body = read(data)[0]
    return body.data, body.trouble


# -- What was recorded -----------------------------------------------------------------------------------------------


@each_file
def test_the_exchanges_of_a_session(path: Path) -> None:
    bodies = read(path.read_bytes())
    assert [(body.number, body.direction, body.command) for body in bodies] == EXCHANGES
    for body in bodies:
        is_request = body.direction == "request"
        assert body.status == (None if is_request else 200)
        assert body.method == ("POST" if body.command else "OPTIONS")
        assert body.trouble == ""
        assert bool(body.data) == bool(body.command)
        if body.data:
            assert wbxml.decode(body.data).root.tag.name == body.command
    queries = [wbxml.decode(body.data).root for body in bodies if body.command == "Search" and body.data]
    assert [root.findtext("Search:Store/Search:Query") for root in queries[::2]] == ["Zoë", "Zoë"]


@needs_tshark
def test_all_three_are_the_same() -> None:
    found = [[body.data for body in read(path.read_bytes())] for path in (FLOW, SESSION_HAR, WIRE)]
    assert found[0] == found[1] == found[2]


@each_file
def test_it_is_shown(run: Run, path: Path) -> None:
    code, out, err = run("decode", path)
    assert (code, err) == (0, "")
    text = out.decode()
    heads = [line for line in text.splitlines() if line.startswith("# ")]
    assert heads[:4] == [
        "# 1 request OPTIONS: no body", "# 1 response OPTIONS 200: no body",
        "# 2 request FolderSync", "# 2 response FolderSync 200",
    ]  # fmt: skip
    assert len(heads) == len(EXCHANGES)
    assert text.count("<Query>Zoë</Query>") == 2
    # By standard input, where there is no name to go by.
    assert run("decode", stdin=path.read_bytes())[1] == out


@each_file
def test_it_is_shown_as_json(run: Run, path: Path) -> None:
    code, out, _ = run("decode", "--json", path)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(one["exchange"], one["direction"], one["command"]) for one in lines] == EXCHANGES
    assert lines[2]["document"]["root"]["tag"] == "FolderHierarchy:FolderSync"
    assert (lines[2]["size"], lines[2]["status"], lines[3]["status"]) == (13, None, 200)
    assert "document" not in lines[0]


def test_it_is_dumped(run: Run) -> None:
    code, out, _ = run("dump", FLOW)
    assert code == 0
    first = read(FLOW.read_bytes())[2]
    assert first.data is not None
    assert f"# 2 request FolderSync\n{wbxml.dump(first.data)}\n".encode() in out
    line = json.loads(run("dump", "--json", FLOW)[1].splitlines()[2])
    assert [token["kind"] for token in line["document"]][:2] == ["version", "public_id"]


@needs_tshark
def test_a_session_over_tls(run: Run) -> None:
    encrypted = RECORDED / "tls.pcapng"
    code, out, err = run("decode", encrypted)
    assert (code, out) == (1, b"")
    assert "--keys" in err and "no HTTP" in err
    code, out, err = run("decode", "--keys", RECORDED / "tls.keys", encrypted)
    assert (code, err) == (0, "")
    assert b"# 2 response FolderSync 200\n" in out and b"<DisplayName>Inbox</DisplayName>" in out


@needs_tshark
def test_a_pcap_file_of_the_older_kind() -> None:
    names = ["FolderSync-initial.response", "Sync-page-m20k-100.response"]
    data = _capture([capture(name) for name in names], "application/vnd.ms-sync.wbxml")
    found = read(data)
    assert [body.data for body in found if body.direction == "response"] == [capture(name) for name in names]
    assert [body.command for body in found if body.direction == "response"] == ["FolderSync", "Sync"]


def test_without_tshark(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code, out, err = run("decode", WIRE)
    assert (code, out) == (1, b"")
    assert err.startswith(f"wbxml: {WIRE}: this is a pcap file, which is read by tshark, and that is not installed: ")
    assert "apt install tshark" in err


@needs_tshark
def test_a_damaged_pcap_file(run: Run) -> None:
    for data in (WIRE.read_bytes()[:4], WIRE.read_bytes()[:4] + b"\xff" * 100):
        code, out, err = run("decode", stdin=data)
        assert (code, out, err.count("\n")) == (1, b"", 1)


# -- By content ------------------------------------------------------------------------------------------------------


def test_kinds_by_content() -> None:
    assert [kind_of(path.read_bytes()) for path in (FLOW, SESSION_HAR, WIRE)] == ["mitmproxy dump", "HAR", "pcap"]
    assert kind_of(b'\xef\xbb\xbf\n{ "log": {') == "HAR"
    for data in (b"", b"<html>", b"{}", b'{"a": 1}', b"03:01:6a:00:05", b"4:true!", b"\x03\x01\x6a\x00\x05"):
        assert kind_of(data) == ""
    assert not any(kind_of(path.read_bytes()) for path in CAPTURES.values())


def test_what_is_no_capture_is_told_as_before(run: Run) -> None:
    assert "not WBXML" in run("decode", stdin=b'{"a": 1}')[2]
    # Digits that are asked to be read as such are no capture.
    assert run("decode", "--hex", stdin=b"03016a0005")[0] == 0


# -- HAR -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SMALL.decode("latin-1"), SMALL.decode()], ids=["latin-1", "utf-8"])
def test_har_text(text: str) -> None:
    assert one_of(har(entry({"text": text}))) == (SMALL, "")


def test_har_text_of_bytes_that_are_no_ascii() -> None:
    accented = document("4B 03 C3 BC 00 01")
    opaque = document("4B C3 02 FF FE 01")
    for data in (accented, opaque):
        # A character for each byte, as browsers have it; bytes that are no UTF-8 marked, as mitmproxy has it; base64.
        assert one_of(har(entry({"text": data.decode("latin-1")}))) == (data, "")
        assert one_of(har(entry({"text": data.decode("utf-8", "surrogateescape")}))) == (data, "")
        assert one_of(har(entry({"text": b64encode(data).decode(), "encoding": "base64"}))) == (data, "")
    # Both readings are documents: the length in the capture says which it is.
    doubled = document("4B 03 C3 83 C2 BC 00 01")
    for data in (accented, doubled):
        assert one_of(har(entry({"text": accented.decode("latin-1")}, bodySize=len(data))))[0] == data


def test_har_text_that_is_lost(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lost.har"
    text = document("4B C3 02 FF FE 01").decode("utf-8", "replace")
    path.write_bytes(har(entry({"text": text}, {"text": b64encode(SMALL).decode(), "encoding": "base64"})))
    code, out, err = run("decode", path)
    assert (code, err) == (1, "")
    head, rest = out.decode().split("\n", 1)
    assert head == ("# 1 request Sync: lost: bytes that are no text were replaced by U+FFFD when the capture was made")
    assert '<SyncKey xmlns="AirSync">a</SyncKey>' in rest
    assert one_of(har(entry({"text": "\x03\x01j\x00\u4e00\ud800"}))) == (
        None, "lost: the capture has characters that stand for no bytes",
    )  # fmt: skip
    assert one_of(har(entry({"text": "*", "encoding": "base64"})))[1].startswith("no base64")
    missing = read(har(entry(None, {"size": 5})))[1]
    assert (missing.data, missing.trouble) == (None, "lost: its 5 bytes are not in the capture")
    assert read(har(entry(None, {"size": -1})))[1].data == b""


def test_har_of_others() -> None:
    page = {"mimeType": "text/html", "text": "<html>"}
    assert read(har(entry(None, page, url="https://x/index.html"))) == []
    (request, response) = read(har(entry(None, page, status=401)))
    assert (response.data, response.trouble) == (b"", "no WBXML: 6 bytes of text/html")
    assert (request.status, response.status) == (None, 401)
    # Another place, but WBXML.
    encoded = {"text": b64encode(SMALL).decode(), "encoding": "base64"}
    assert [body.data for body in read(har(entry(None, encoded, url="https://x/other")))] == [b"", SMALL]
    # Never answered.
    assert len(read(har(entry(None, None, status=0)))) == 1


def test_no_wbxml_is_no_failure(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(har(entry(None, {"mimeType": "text/html", "text": "<html>"}, status=401)))
    code, out, _ = run("decode", path)
    assert (code, out.splitlines()[2]) == (0, b"# 1 response Sync 401: no WBXML: 6 bytes of text/html")


@pytest.mark.parametrize(
    "data",
    [
        b'{"log": ', b'{"log": {}}', b'{"log": []}', b'{"log": {"entries": [1]}}', b'{"log": {"entries": [{}]}}',
        b'{"log": ' + b"[" * 100_000, b'{"log": {"entries": [{"request": {"method": 1, "url": 2, "postData": "x"}}]}}',
        b'{"log": {"entries": "\xff"}}',
    ],
    ids=range(8),
)  # fmt: skip
def test_damaged_har(data: bytes) -> None:
    with pytest.raises(CaptureError):
        read(data)


# -- mitmproxy -------------------------------------------------------------------------------------------------------


def test_content_codings() -> None:
    packed = zlib.compressobj(wbits=-15)
    plain = packed.compress(SMALL) + packed.flush()
    for coding, body in [(b"gzip", gzip.compress(SMALL)), (b"deflate", zlib.compress(SMALL)), (b"deflate", plain)]:
        assert one_of(flow(body, [b"content-encoding", coding])) == (SMALL, "")
    assert one_of(flow(SMALL, [b"Content-Encoding", b"identity"])) == (SMALL, "")
    assert one_of(flow(b"x", [b"Content-Encoding", b"br"])) == (None, "packed by br, which cannot be undone here")
    assert one_of(flow(b"xxxx", [b"Content-Encoding", b"gzip"]))[1] == "packed by gzip, and damaged"
    assert "cut off" in one_of(flow(gzip.compress(SMALL * 99)[:-9], [b"Content-Encoding", b"gzip"]))[1]


def test_a_body_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wbxml.captures._MAX_BODY", 1 << 20)
    bomb = flow(gzip.compress(bytes(100 << 20)), [b"Content-Encoding", b"gzip"])
    with bounded(len(bomb)):
        assert "over 1048576 bytes" in one_of(bomb)[1]


def test_streamed_and_other_flows() -> None:
    assert one_of(flow(None)) == (None, "not in the capture: it was streamed")
    assert read(tnetstring({"type": "tcp", "messages": []}) + flow(SMALL))[0].number == 1
    assert read(flow(SMALL) * 3)[-1].number == 3


def test_multipart() -> None:
    body = capture("Sync-email-text.response")
    parts = (
        b"\x02\0\0\0" + b"".join(n.to_bytes(4, "little") for n in (20, len(body), 20 + len(body), 3)) + body + b"abc"
    )
    content = {"mimeType": "application/vnd.ms-sync.multipart", "text": b64encode(parts).decode(), "encoding": "base64"}
    assert read(har(entry(None, content)))[1].data == body


def test_commands_in_query_strings() -> None:
    def command(query: str, body: bytes = b"") -> str:
        return read(flow(body, path=f"/Microsoft-Server-ActiveSync{query}".encode()))[0].command

    assert command("?User=a&Cmd=MoveItems&DeviceId=1") == "MoveItems"
    assert command("?cmd=Ping") == "Ping"
    # In base64 it is a number there (Ping's is 18); the root element has its name.
    encoded = "?" + b64encode(b"\xa1\x12\x09\x04\x01d").decode()
    assert command(encoded) == "command 18"
    assert command(encoded.replace("=", "%3D"), SMALL) == "SyncKey"
    assert command("") == command("?") == command("?%%%") == ""


@pytest.mark.parametrize("cut", [1, 3, 10, 100, 1000, 5000])
def test_a_dump_that_is_cut_off(cut: int) -> None:
    data = FLOW.read_bytes()
    with pytest.raises(CaptureError):
        read(data[:-cut])


def test_hostile_dumps() -> None:
    start = b"900:4:type;"
    nested = b""
    for _ in range(5000):
        nested = b"%d:%b]" % (len(nested), nested)
    inner = b"4:type;" + nested
    bad = [
        start, b"9:4:type;4:h", b"20:4:type;4:http;3:abc?}", b"15:4:type;999:http;}", b"7:4:type;}", b"6:1:a;1:}}",
        b"%d:%b}" % (len(inner), inner), b"13:4:type;1:x#1:}", b"60:4:type;50:%b#}" % (b"9" * 50),
        tnetstring({"type": "http"}), tnetstring({"type": "http", "request": 1}), flow(SMALL) + b"x",
    ]  # fmt: skip
    for data in bad:
        if kind_of(data):
            with bounded(len(data)), pytest.raises(CaptureError):
                read(data)
    assert sum(1 for data in bad if kind_of(data)) >= 9
    wide = tnetstring({"type": "tcp", "messages": [b"", None, True] * 100_000})
    with bounded(len(wide)):
        assert read(wide) == []


def test_nothing_that_a_terminal_obeys(run: Run) -> None:
    _, out, _ = run("decode", stdin=har(entry(None, {"mimeType": "a\x1b[31m\n", "text": "<html>"}, status=500)))
    assert b"\x1b" not in out and out.count(b"\n") == 4
    odd = har(entry(url="https://x/Microsoft-Server-ActiveSync?\ud800"))
    assert [run("decode", *options, stdin=odd)[0] for options in ([], ["--json"])] == [0, 0]
