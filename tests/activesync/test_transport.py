"""Both transports, on the same cases, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import gzip
import random
import socket
import ssl
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from activesync.effects import Head, Request
from activesync.errors import (
    ActiveSyncError,
    AddressError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    CutOffError,
    DamagedError,
    NotActiveSyncError,
    TimedOutError,
    UsageError,
)
from activesync.transport import AiohttpTransport, Answer, AsyncAnswer, Urllib3Transport

from .wire import CUT, RESET, ConnectProxy, Received, Step, Wire, answer, chunked, until_closed

SECRET = "Basic c2VjcmV0OnNlY3JldA=="
BODY = b"\x03\x01\x6a\x00" + bytes(range(256)) * 20


class Blocking:
    """AiohttpTransport as if it were a Transport, so that every case is written once."""

    def __init__(self, **options: Any) -> None:
        self.runner = asyncio.Runner()
        self.transport = AiohttpTransport(**options)

    def send(self, request: Request) -> Answer:
        return BlockingAnswer(self.runner, self.runner.run(self.transport.send(request)))

    def close(self) -> None:
        self.runner.run(self.transport.close())
        self.runner.close()


class BlockingAnswer:
    def __init__(self, runner: asyncio.Runner, answer: AsyncAnswer) -> None:
        self.runner = runner
        self.answer = answer

    @property
    def head(self) -> Head:
        return self.answer.head

    def read(self, size: int = 1 << 16) -> bytes:
        return self.runner.run(self.answer.read(size))

    def close(self) -> None:
        self.runner.run(self.answer.close())


AnyTransport = Urllib3Transport | Blocking
Make = Callable[..., AnyTransport]


@pytest.fixture(params=[Urllib3Transport, Blocking], ids=["urllib3", "aiohttp"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    made: list[AnyTransport] = []

    def maker(**options: Any) -> AnyTransport:
        made.append(request.param(**{"connect_timeout": 5.0} | options))
        return made[-1]

    yield maker
    for transport in made:
        transport.close()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return path


def serving(ca: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("127.0.0.1", "localhost")), **options).configure_cert(context)
    return context


def post(url: str, body: bytes = b"\x03\x01", timeout: float = 5.0, headers: dict[str, str] | None = None) -> Request:
    return Request("POST", url, {"Authorization": SECRET} | (headers or {}), body, timeout)


def body_of(answer: Answer, size: int = 1 << 16) -> bytes:
    pieces = []
    while piece := answer.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    assert answer.read(size) == b""
    return b"".join(pieces)


def fails(error: type[ActiveSyncError], action: Callable[[], object], match: str = ".") -> ActiveSyncError:
    """The error of the action, which must be of exactly this class, on one line, and tell no secret."""
    with pytest.raises(error, match=match) as caught:
        action()
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    shown: BaseException | None = caught.value
    while shown is not None:  # all that a traceback would show
        text = f"{shown!s} {shown!r}"
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
        for secret in ("alice", SECRET, "c2VjcmV0", "proxy-password", base64.b64encode(b"u:proxy-password").decode()):
            assert secret not in text
    return caught.value


# What goes out


def test_a_request_goes_out_as_it_is(make: Make) -> None:
    with Wire([(answer(b"x"),)]) as wire:
        url = (
            f"http://127.0.0.1:{wire.port}/Microsoft-Server-ActiveSync?Cmd=Sync&User=a%40b.c%2Fd+e&x=%c3%bc&y=a/b?c=:@"
        )
        body_of(make().send(post(url, BODY, headers={"User-Agent": "tests", "MS-ASProtocolVersion": "14.1"})))
    request = wire.requests[0]
    assert request.body == BODY
    assert request.line.replace("%C3%BC", "%c3%bc") == f"POST {url.partition(str(wire.port))[2]} HTTP/1.1"
    assert sorted(request.headers) == [
        ("Authorization", SECRET),
        ("Content-Length", str(len(BODY))),
        ("Host", f"127.0.0.1:{wire.port}"),
        ("MS-ASProtocolVersion", "14.1"),
        ("User-Agent", "tests"),
    ]


@pytest.mark.parametrize("query", ["jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", "jAAJ+/ab==", "ab%3D%3D"])
def test_a_query_in_base64_goes_out_as_it_is(make: Make, query: str) -> None:
    with Wire([(answer(),)]) as wire:
        make().send(post(f"http://127.0.0.1:{wire.port}/Microsoft-Server-ActiveSync?{query}"))
    assert wire.requests[0].line == f"POST /Microsoft-Server-ActiveSync?{query} HTTP/1.1"


def test_options_and_empty_posts(make: Make) -> None:
    with Wire([(answer(),), (answer(),)]) as wire:
        transport = make()
        for method in ("OPTIONS", "POST"):
            assert body_of(transport.send(Request(method, wire.url, {}))) == b""
    options, empty = wire.requests
    assert options.headers == [("Host", f"127.0.0.1:{wire.port}")]
    assert sorted(empty.headers) == [("Content-Length", "0"), ("Host", f"127.0.0.1:{wire.port}")]


@pytest.mark.parametrize("value", ["two\r\nX-Lines: 1", "two\nlines", "a\r"])
def test_a_header_that_cannot_be_sent(make: Make, value: str) -> None:
    with Wire() as wire:
        transport = make()
        fails(
            UsageError, lambda: transport.send(post(wire.url, headers={"Cookie": f"{SECRET}{value}"})), "cannot be sent"
        )
        assert wire.requests == []


def test_a_large_request(make: Make) -> None:
    body = random.Random(1).randbytes(3_000_000)
    with Wire([(answer(b"x"),)]) as wire:
        body_of(make().send(post(wire.url, body)))
    assert wire.requests[0].body == body


# What comes back


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 16])
@pytest.mark.parametrize(
    "steps",
    [
        (answer(BODY),),
        (answer(BODY)[:30], 0.01, answer(BODY)[30:100], 0.01, answer(BODY)[100:]),
        (chunked(BODY[:1], BODY[1:3000], BODY[3000:]),),
        (until_closed(BODY), CUT),
    ],
    ids=["length", "in pieces", "chunked", "until closed"],
)
def test_a_body_however_it_is_framed(make: Make, steps: tuple[Step, ...], size: int) -> None:
    with Wire([steps]) as wire:
        assert body_of(make().send(post(wire.url)), size) == BODY


def test_a_head(make: Make) -> None:
    headers = (
        "Set-Cookie: a=1; path=/, b=2",
        "MS-ASProtocolVersions: 12.1,14.0",
        "set-cookie: c=3; Secure",
        "ms-asprotocolversions:   14.1 ",
        "X-Latin: gr\xfcn",
    )
    with Wire([(answer(b"gone", *headers, status="451 Elsewhere"),)]) as wire:
        received = make().send(post(wire.url))
        assert received.head == Head(
            451,
            {"content-length": "4", "ms-asprotocolversions": "12.1,14.0, 14.1", "x-latin": "gr\xfcn"},
            ("a=1; path=/, b=2", "c=3; Secure"),
        )
        assert body_of(received) == b"gone"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "451 Elsewhere"])
def test_redirections_are_not_followed(make: Make, status: str) -> None:
    with Wire() as wire:
        wire.answers += [(answer(b"x", f"Location: {wire.url}", f"X-MS-Location: {wire.url}", status=status),)]
        received = make().send(post(wire.url))
        assert received.head.status == int(status[:3])
        received.close()
    assert len(wire.requests) == 1


def test_cookies_are_not_kept(make: Make) -> None:
    with Wire([(answer(b"x", "Set-Cookie: a=1; Path=/"),), (answer(b"x"),)]) as wire:
        transport = make()
        for _ in range(2):
            body_of(transport.send(post(wire.url)))
    assert wire.requests[1].header("Cookie") == []


@pytest.mark.parametrize("status", ["401 Unauthorized", "407 Proxy Authentication Required", "503 Busy", "500 Oh"])
def test_a_failure_is_an_answer_and_not_repeated(make: Make, status: str) -> None:
    with Wire([(answer(b"x", "Retry-After: 0", "WWW-Authenticate: Basic", status=status),)]) as wire:
        assert make().send(post(wire.url)).head.status == int(status[:3])
    assert len(wire.requests) == 1


def test_a_body_arrives_while_it_is_sent(make: Make) -> None:
    go_on = threading.Event()

    class Slow(Wire):
        def handle(self, sock: socket.socket, request: Received) -> bool:
            sock.sendall(chunked(b"first")[:-5])
            go_on.wait(5)
            sock.sendall(b"6\r\nsecond\r\n0\r\n\r\n")
            return True

    with Slow() as wire:
        received = make().send(post(wire.url))
        assert received.read() == b"first"
        go_on.set()
        assert body_of(received) == b"second"


def test_one_hundred_continue_is_no_answer(make: Make) -> None:
    with Wire([(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"x"),)]) as wire:
        received = make().send(post(wire.url))
        assert received.head.status == 200
        assert body_of(received) == b"x"


# Packed bodies


def packed_as(encoding: str, body: bytes) -> bytes:
    if encoding == "deflate":
        return zlib.compress(body)
    if encoding == "bare deflate":
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(body) + packer.flush()
    return gzip.compress(body)


@pytest.mark.parametrize("size", [1, 1000, 1 << 16])
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate", "bare deflate"])
def test_a_packed_body(make: Make, encoding: str, size: int) -> None:
    packed = packed_as(encoding, BODY)
    header = f"Content-Encoding: {encoding.removeprefix('bare ')}"
    framed = [
        (answer(packed, header),),
        (chunked(packed[:1], packed[1:11], packed[11:], headers=(header,)),),
        (until_closed(packed, header), CUT),
    ]
    for steps in framed:
        with Wire([steps]) as wire:
            assert body_of(make().send(post(wire.url)), size) == BODY


def test_gzip_of_several_members_and_with_something_behind(make: Make) -> None:
    packed = gzip.compress(BODY) + gzip.compress(b"") + gzip.compress(b"more") + b"\0\0\0"
    with Wire(
        [(chunked(*(packed[i : i + 1] for i in range(len(packed))), headers=("Content-Encoding: gzip",)),)]
    ) as wire:
        assert body_of(make().send(post(wire.url))) == BODY + b"more"


def test_what_is_not_said_to_be_packed_is_left_as_it_is(make: Make) -> None:
    packed = gzip.compress(BODY)
    with Wire([(answer(packed),), (answer(packed, "Content-Encoding: identity"),)]) as wire:
        transport = make()
        assert body_of(transport.send(post(wire.url))) == packed
        assert body_of(transport.send(post(wire.url))) == packed


def test_an_empty_body_said_to_be_packed_is_empty(make: Make) -> None:
    with Wire([(answer(b"", "Content-Encoding: gzip"),)]) as wire:
        assert body_of(make().send(post(wire.url))) == b""


def test_a_gzip_bomb_comes_out_by_the_spoonful(make: Make) -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    with Wire([(answer(packed, "Content-Encoding: gzip"),)]) as wire:
        received = make().send(post(wire.url))
        assert [len(received.read(1000)) for _ in range(100)] == [1000] * 100
        received.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packed_body_that_ends_too_early(make: Make, encoding: str) -> None:
    packed = packed_as(encoding, BODY)
    for keep in (1, 5, len(packed) // 2, len(packed) - 1):
        header = f"Content-Encoding: {encoding}"
        for steps in ((answer(packed[:keep], header),), (until_closed(packed[:keep], header), CUT)):
            with Wire([steps]) as wire:
                received = make().send(post(wire.url))
                fails(CutOffError, partial(body_of, received), f"ends within its {encoding}")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packed_body_that_is_broken(make: Make, encoding: str) -> None:
    packed = bytearray(packed_as(encoding, random.Random(2).randbytes(5000)))
    packed[-6] ^= 0xFF  # within the checksum of both
    bodies = [bytes(packed), b"\x03\x01\x6a\x00" * 10, b"<html>not packed at all</html>"]
    for body in bodies[: 2 if encoding == "deflate" else 3]:
        with Wire([(answer(body, f"Content-Encoding: {encoding}"),)]) as wire:
            received = make().send(post(wire.url))
            fails(DamagedError, partial(body_of, received), f"broken within its {encoding}")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 5000])
def test_a_packing_that_was_not_asked_for(make: Make, encoding: str) -> None:
    with Wire([(answer(b"\x1b", f"Content-Encoding: {encoding}"),)]) as wire:
        received = make().send(post(wire.url))
        error = fails(DamagedError, lambda: body_of(received), "was not asked for")
        assert len(str(error)) < 200


# Connections


def test_connections_are_kept(make: Make) -> None:
    packed = gzip.compress(BODY)
    steps: list[tuple[Step, ...]] = [
        (answer(BODY),),
        (chunked(BODY),),
        (answer(packed, "Content-Encoding: gzip"),),
        (answer(),),
        (answer(b"x", status="401 Unauthorized"),),
        (answer(BODY),),
    ]
    with Wire(list(steps)) as wire:
        transport = make()
        for _ in steps:
            received = transport.send(post(wire.url))
            body_of(received)
            received.close()
    assert [request.connection for request in wire.requests] == [1] * len(steps)


def test_closing_an_answer_ends_its_connection_and_no_other(make: Make) -> None:
    with Wire([(answer(BODY)[:-1],), (answer(BODY),)]) as wire:
        transport = make()
        received = transport.send(post(wire.url))
        assert received.read(10)
        received.close()
        received.close()
        assert wire.ended.wait(5)
        assert body_of(transport.send(post(wire.url))) == BODY
    assert [request.connection for request in wire.requests] == [1, 2]


def test_two_answers_at_once(make: Make) -> None:
    with Wire([(answer(b"one"),), (answer(b"two"),)]) as wire:
        transport = make()
        first, second = transport.send(post(wire.url)), transport.send(post(wire.url))
        assert (body_of(second), body_of(first)) == (b"two", b"one")


def test_closing_the_transport_ends_connections_and_it_can_be_used_again(make: Make) -> None:
    with Wire([(answer(b"x"),), (answer(b"x"),)]) as wire:
        transport = make()
        body_of(transport.send(post(wire.url)))
        if isinstance(transport, Blocking):
            transport.runner.run(transport.transport.close())
        else:
            transport.close()
        assert wire.ended.wait(5)
        assert body_of(transport.send(post(wire.url))) == b"x"


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(make: Make) -> None:
    with Wire([(answer(b"x"), CUT), (answer(b"y"),)]) as wire:
        transport = make()
        assert body_of(transport.send(post(wire.url))) == b"x"
        assert wire.ended.wait(5)
        if isinstance(transport, Blocking):
            transport.runner.run(asyncio.sleep(0.02))
        assert body_of(transport.send(post(wire.url))) == b"y"
    assert [request.connection for request in wire.requests] == [1, 2]


@pytest.mark.parametrize("end", [CUT, RESET])
def test_a_kept_connection_that_dies_before_its_answer_is_told_and_nothing_sent_again(make: Make, end: str) -> None:
    with Wire([(answer(b"x"),), (end,), (answer(b"never"),)]) as wire:
        transport = make()
        assert body_of(transport.send(post(wire.url))) == b"x"
        fails(ConnectionLostError, lambda: transport.send(post(wire.url)), "before its answer")
    assert [request.connection for request in wire.requests] == [1, 1]


@pytest.mark.parametrize("end", [CUT, RESET])
def test_a_connection_that_dies_before_its_answer(make: Make, end: str) -> None:
    with Wire([(end,), (answer(b"never"),)]) as wire:
        transport = make()
        fails(ConnectionLostError, lambda: transport.send(post(wire.url, BODY)), "before its answer")
    assert len(wire.requests) == 1


def test_a_head_cut_off_anywhere_is_no_answer(make: Make) -> None:
    whole = answer(b"x", "Content-Type: application/vnd.ms-sync.wbxml", "X-MS-RP: 14.1")
    head = len(whole) - 1
    with Wire([(whole[:keep], CUT) for keep in range(head)]) as wire:
        transport = make()
        for _ in range(head):
            fails(ConnectionLostError, lambda: transport.send(post(wire.url)), "before its answer")
    assert len(wire.requests) == head


@pytest.mark.parametrize("end", [CUT, RESET])
@pytest.mark.parametrize(
    "whole",
    [
        answer(BODY),
        chunked(BODY[:3000], BODY[3000:]),
        answer(gzip.compress(BODY), "Content-Encoding: gzip"),
        chunked(gzip.compress(BODY), headers=("Content-Encoding: gzip",)),
    ],
    ids=["length", "chunked", "gzip", "chunked gzip"],
)
def test_a_body_cut_off_is_told(make: Make, whole: bytes, end: str) -> None:
    head = whole.index(b"\r\n\r\n") + 4
    # The last line end of a chunked body says nothing that was not known before it.
    for keep in (head, head + 1, head + 100, (head + len(whole)) // 2, len(whole) - 5):
        with Wire([(whole[:keep], 0.01, end)]) as wire:
            received = make().send(post(wire.url))
            fails(ConnectionLostError, partial(body_of, received), "within its answer")


@pytest.mark.parametrize("size", [b"zz", b"-5", b"", b"ffffffffffffffffffffffff"])
def test_a_broken_chunk(make: Make, size: bytes) -> None:
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    with Wire([(whole, 0.05, size + b"\r\nabc\r\n", 0.05, CUT)]) as wire:
        received = make().send(post(wire.url))
        fails(ConnectionLostError, lambda: body_of(received), "within its answer")


@pytest.mark.parametrize(
    "garbage",
    [b"220 mail.example.com ESMTP ready\r\n", b"\x15\x03\x01\x00\x02\x02\x46" * 20 + b"\r\n", b"<html>\r\n\r\n"],
)
def test_what_is_not_http(make: Make, garbage: bytes) -> None:
    with Wire([(garbage, 0.05, CUT)]) as wire:
        transport = make()
        fails(NotActiveSyncError, lambda: transport.send(post(wire.url)), "is not HTTP")


def test_a_line_beyond_all_measure(make: Make) -> None:
    with Wire([(answer(b"x", "X-Long: " + "x" * 200_000), 0.05, CUT)]) as wire:
        transport = make()
        fails(NotActiveSyncError, lambda: transport.send(post(wire.url)), "is not HTTP")


def test_a_flood_of_cookies(make: Make) -> None:
    with Wire([(answer(b"x", *(f"Set-Cookie: c{number}=1" for number in range(1000))), 0.05, CUT)]) as wire:
        transport = make()
        try:
            received = transport.send(post(wire.url))  # older versions of aiohttp take them all
        except NotActiveSyncError:
            return
        assert len(received.head.cookies) == 1000


# Addresses, refusals and silence


def test_a_name_that_does_not_resolve(make: Make) -> None:
    transport = make()
    error = fails(AddressError, lambda: transport.send(post("https://nonexistent.invalid/x?User=alice")))
    assert str(error).startswith("nonexistent.invalid does not resolve")
    assert error.__cause__ is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/path",
        "ftp://host/",
        "https:///x",
        "https://host:port/",
        "https://host:99999/",
        "https://[::1/",
        "http://a..b/",
    ],
)
def test_what_is_no_address(make: Make, url: str) -> None:
    transport = make()
    fails(AddressError, lambda: transport.send(post(url)))


def test_a_password_in_the_address_is_refused(make: Make) -> None:
    transport = make()
    fails(UsageError, lambda: transport.send(post("https://u:proxy-password@127.0.0.1/")))
    fails(AddressError, lambda: transport.send(post("https://u:proxy-password/x@127.0.0.1/")))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_where_nothing_listens(make: Make, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = make()
    error = fails(ConnectError, lambda: transport.send(post(f"{scheme}://127.0.0.1:{port}/?User=alice")))
    assert str(error) == f"127.0.0.1:{port} cannot be connected to: Connection refused"
    assert error.__cause__ is not None


def test_a_silence_before_the_answer(make: Make) -> None:
    with Wire([(0.6,)]) as wire:
        transport = make()
        fails(TimedOutError, lambda: transport.send(post(wire.url, timeout=0.2)), "0.2 s for its answer")
        assert wire.ended.wait(5)


def test_a_silence_within_the_answer(make: Make) -> None:
    with Wire([(answer(BODY)[:-10], 0.6)]) as wire:
        received = make().send(post(wire.url, timeout=0.2))
        fails(TimedOutError, lambda: body_of(received), "fell silent for 0.2 s within")
        assert wire.ended.wait(5)


def test_the_timeout_is_of_each_silence_and_of_each_request(make: Make) -> None:
    slow = (0.15, answer(BODY)[:50], 0.15, answer(BODY)[50:100], 0.15, answer(BODY)[100:])
    with Wire([slow, slow, (0.4, answer(b"x")), (0.4,)]) as wire:
        transport = make(connect_timeout=0.1)
        for _ in range(2):
            assert body_of(transport.send(post(wire.url, timeout=0.3))) == BODY
        assert body_of(transport.send(post(wire.url, timeout=3))) == b"x"
        fails(TimedOutError, lambda: transport.send(post(wire.url, timeout=0.1)))
    assert [request.connection for request in wire.requests] == [1, 1, 1, 1]


def test_a_connection_that_is_not_taken_up(make: Make) -> None:
    # A listener whose queue is full: Linux lets further connections wait.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(address)
        try:
            transport = make(connect_timeout=0.2)
            request = post(f"http://127.0.0.1:{address[1]}/?User=alice", timeout=0.5)
            fails(TimedOutError, lambda: transport.send(request), "within 0.2 s" if sys.platform == "linux" else "")
        finally:
            for sock in waiting:
                sock.close()


# TLS


def test_certificates_that_are_trusted(
    make: Make, ca: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(cafile=str(ca_file))
    for verify in (str(ca_file), ca_file, context):
        with Wire([(answer(b"x"),), (answer(b"y"),)], context=serving(ca)) as wire:
            transport = make(verify=verify)
            assert body_of(transport.send(post(wire.url))) == b"x"
            assert body_of(transport.send(post(wire.url.replace("127.0.0.1", "localhost")))) == b"y"
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))  # the system's store, as far as OpenSSL is concerned
    with Wire([(answer(b"x"),)], context=serving(ca)) as wire:
        assert body_of(make().send(post(wire.url))) == b"x"


def test_a_connection_with_tls_is_kept(make: Make, ca: trustme.CA, ca_file: Path) -> None:
    with Wire([(answer(b"x"),)] * 3, context=serving(ca)) as wire:
        transport = make(verify=ca_file)
        for _ in range(3):
            assert body_of(transport.send(post(wire.url))) == b"x"
    assert wire.connections == 1


def test_certificates_that_are_not(make: Make, ca: trustme.CA, ca_file: Path) -> None:
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    other = r"certificate of 127.0.0.1:\d+ is not to be trusted: .*"
    cases: list[tuple[ssl.SSLContext, object, str]] = [
        (serving(trustme.CA()), ca_file, other + "name its file: verify=CA file"),
        (serving(ca), True, other + "name its file: verify=CA file"),
        (serving(ca, "127.0.0.1", not_after=past), ca_file, other + "has expired: the server needs a new one"),
        (serving(ca, "127.0.0.2"), ca_file, other + "use the name that it was made for"),
        (serving(ca, "mail.example.com"), ca_file, other + "use the name that it was made for"),
    ]
    for context, verify, message in cases:
        with Wire(context=context) as wire:
            transport = make(verify=verify)
            error = fails(CertificateError, lambda: transport.send(post(wire.url)), message)  # noqa: B023
            assert error.__cause__ is not None
        assert wire.requests == []


@pytest.mark.filterwarnings("error")
def test_certificates_that_nobody_looks_at(make: Make) -> None:
    name_only = ssl.create_default_context()
    name_only.check_hostname = False
    other = trustme.CA()
    other.configure_trust(name_only)
    for verify, context in ((False, serving(trustme.CA(), "mail.example.com")), (name_only, serving(other, "a.b"))):
        with Wire([(answer(b"x"),)], context=context) as wire:
            assert body_of(make(verify=verify).send(post(wire.url))) == b"x"


def test_a_ca_file_that_is_none(make: Make, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    fails(UsageError, lambda: make(verify=str(tmp_path / "empty.pem")), "holds no certificate")
    fails(UsageError, lambda: make(verify=tmp_path / "absent.pem"), "cannot be read: No such file")


def test_a_port_without_tls(make: Make) -> None:
    with Wire(greets=b"220 mail.example.com ESMTP ready\r\n") as wire:
        transport = make()
        fails(ConnectError, lambda: transport.send(post(wire.url.replace("http:", "https:"))), "does not speak TLS")


def test_a_handshake_that_is_cut_off_or_never_comes(make: Make) -> None:
    class Deaf(Wire):
        def _serve(self, sock: socket.socket, number: int) -> None:
            with contextlib.suppress(OSError):
                sock.recv(10)
                if number > 1:
                    self._stopped.wait(2)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    with Deaf() as wire:
        transport = make(connect_timeout=0.3)
        with pytest.raises((ConnectionLostError, ConnectError)):
            transport.send(post(wire.url.replace("http:", "https:")))
        fails(TimedOutError, lambda: transport.send(post(wire.url.replace("http:", "https:"), timeout=0.3)), r"0\.3 s")


def test_a_cut_below_tls(make: Make, ca: trustme.CA, ca_file: Path) -> None:
    with Wire([(answer(b"x"),), (CUT,), (answer(BODY)[:-10], CUT)], context=serving(ca)) as wire:
        transport = make(verify=ca_file)
        assert body_of(transport.send(post(wire.url))) == b"x"
        fails(ConnectionLostError, lambda: transport.send(post(wire.url)), "before its answer")
        received = transport.send(post(wire.url))
        fails(ConnectionLostError, lambda: body_of(received), "within its answer")
    assert len(wire.requests) == 3


# Proxies


PROXY_LOGIN = "Basic " + base64.b64encode(b"u:proxy-password").decode()


def test_https_goes_through_the_proxy(
    make: Make, ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        Wire([(answer(b"x"),)] * 2, context=serving(ca, "mail.example.invalid")) as wire,
        ConnectProxy(to=wire.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:proxy%2Dpassword@127.0.0.1:{proxy.port}")
        transport = make(verify=ca_file)
        for _ in range(2):
            assert body_of(transport.send(post("https://mail.example.invalid/x?User=alice"))) == b"x"
    assert [request.line.split()[:2] for request in proxy.requests] == [["CONNECT", "mail.example.invalid:443"]]
    assert proxy.requests[0].header("Proxy-Authorization") == [PROXY_LOGIN]
    assert proxy.requests[0].header("Authorization") == []
    assert wire.requests[1].header("Proxy-Authorization") == []
    assert wire.requests[1].header("Authorization") == [SECRET]
    assert wire.requests[1].line == "POST /x?User=alice HTTP/1.1"


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
def test_http_goes_through_the_proxy(make: Make, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with Wire([(answer(b"x"),)]) as proxy:
        monkeypatch.setenv(variable, f"u:proxy-password@127.0.0.1:{proxy.port}")
        assert body_of(make().send(post("http://mail.example.invalid/x?User=alice"))) == b"x"
    assert proxy.requests[0].line == "POST http://mail.example.invalid/x?User=alice HTTP/1.1"
    assert proxy.requests[0].header("Proxy-Authorization") == [PROXY_LOGIN]
    assert proxy.requests[0].header("Authorization") == [SECRET]


@pytest.mark.parametrize("exempt", ["127.0.0.1", "example.com, 127.0.0.1 ", "*", "127.0.0.1:{port}"])
def test_no_proxy(make: Make, monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    with Wire([(answer(b"x"),)]) as wire, Wire([(answer(b"proxy"),)]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", exempt.format(port=wire.port))
        assert body_of(make().send(post(wire.url))) == b"x"
        monkeypatch.setenv("NO_PROXY", "example.com,127.0.0.1:1")
        assert body_of(make().send(post(wire.url))) == b"proxy"  # loopback is as any other


def test_the_proxy_of_the_other_scheme_is_not_used(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire([(answer(b"x"),)]) as wire:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        assert body_of(make().send(post(wire.url))) == b"x"


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            r"407 .*needs a user and password",
        ),
        (b"HTTP/1.1 403 Not for you\r\nContent-Length: 3\r\n\r\nno!", "403 Not for you"),
        (b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "502 Bad Gateway"),
    ],
)
def test_a_proxy_that_refuses(make: Make, monkeypatch: pytest.MonkeyPatch, refusal: bytes, message: str) -> None:
    with ConnectProxy(refusal=refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:proxy-password@127.0.0.1:{proxy.port}")
        transport = make()
        error = fails(ConnectError, lambda: transport.send(post("https://mail.example.invalid/?User=alice")), message)
        assert f"the proxy 127.0.0.1:{proxy.port} does not connect to mail.example.invalid:443" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(make: Make, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"{scheme}://mail.example.invalid/?User=alice"
    cases = {
        f"http://u:proxy-password@127.0.0.1:{port}": f"the proxy 127.0.0.1:{port} cannot be connected to: Connection",
        "http://u:proxy-password@nonexistent.invalid:3128": "the proxy nonexistent.invalid:3128 does not resolve",
        "socks5://u:proxy-password@127.0.0.1:1080": f"proxy in {scheme.upper()}_PROXY cannot be used",
        "http://u:proxy-password@127.0.0.1:port": f"proxy in {scheme.upper()}_PROXY cannot be used",
    }
    for proxy, message in cases.items():
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy)
        transport = make()
        fails(ConnectError, lambda: transport.send(post(url)), message)  # noqa: B023


def test_a_proxy_that_says_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        transport = make(connect_timeout=0.3)
        fails(TimedOutError, lambda: transport.send(post("https://mail.example.invalid/?User=alice", timeout=0.3)))


def test_a_certificate_by_way_of_a_proxy(
    make: Make, ca: trustme.CA, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Wire(context=serving(ca)) as wire, ConnectProxy(to=wire.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        transport = make(verify=ca_file)
        fails(CertificateError, lambda: transport.send(post("https://mail.example.invalid/")), "use the name")


def test_a_password_of_netrc_is_not_sent(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login u password proxy-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Wire([(answer(b"x"),)]) as wire:
        assert body_of(make().send(Request("POST", wire.url, {}))) == b"x"
    assert wire.requests[0].header("Authorization") == []


def test_nothing_secret_is_shown(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://u:proxy-password@127.0.0.1:3128")
    transport = make()
    inner = transport.transport if isinstance(transport, Blocking) else transport
    chosen = inner._proxies.choose("https", "mail.example.com:443")
    assert chosen is not None
    for text in (repr(inner), str(inner), repr(chosen), repr(post("http://x/"))):
        assert "password" not in text
        assert PROXY_LOGIN not in text
        assert SECRET not in text


# Only asynchronous


@pytest.mark.parametrize("begun", [b"", answer(BODY)[:-10]], ids=["send", "read"])
def test_cancelling_closes_the_connection(begun: bytes) -> None:
    arrived = threading.Event()

    class Silent(Wire):
        def handle(self, sock: socket.socket, request: Received) -> bool:
            sock.sendall(begun)
            arrived.set()
            return True  # and waits for the next, so that it sees the end

    async def main(wire: Wire) -> None:
        transport = AiohttpTransport()

        async def fetch() -> None:
            received = await transport.send(post(wire.url))
            while await received.read():
                pass

        task = asyncio.create_task(fetch())
        assert await asyncio.to_thread(arrived.wait, 5)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(wire.ended.wait, 5)
        await transport.close()

    with Silent() as wire:
        asyncio.run(main(wire))


def test_many_at_once() -> None:
    class Echo(Wire):
        def handle(self, sock: socket.socket, request: Received) -> bool:
            sock.sendall(answer(request.body))
            return True

    async def main() -> list[bytes]:
        transport = AiohttpTransport()

        async def one(number: int) -> bytes:
            received = await transport.send(post(wire.url, b"%d" % number))
            return await received.read()

        bodies = await asyncio.gather(*(one(number) for number in range(100)))
        await transport.close()
        return bodies

    with Echo() as wire:
        assert asyncio.run(main()) == [b"%d" % number for number in range(100)]


def test_a_transport_belongs_to_one_loop() -> None:
    with Wire([(answer(b"x"),)] * 3) as wire:

        async def use(close: bool) -> None:
            received = await transport.send(post(wire.url))
            await received.read()
            if close:
                await transport.close()

        transport = AiohttpTransport()
        with asyncio.Runner() as runner:
            runner.run(use(close=False))
            with pytest.raises(UsageError, match="another event loop"):
                asyncio.run(use(close=False))
            runner.run(use(close=True))
        asyncio.run(use(close=True))  # closed there, it may be used anew here
    assert len(wire.requests) == 3


def test_without_aiohttp_there_is_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(UsageError, match=r"pip install 'activesync\[async\]'"):
        AiohttpTransport()
