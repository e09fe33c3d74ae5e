"""Clients of the embedded server's Alice, and what they sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urllib3

import wbxml
from activesync import Client
from activesync.auth import basic
from activesync.testing import EASServer

COLLECTION = "AirSync:Collections/AirSync:Collection"
"""Where the Collections of a Sync and of its answer stand."""

Open = Callable[..., Any]
"""Opens a client of Alice's, of the kind that the test runs with."""


def client(server: EASServer, password: str = "secret", *, kind: Any = Client, **options: Any) -> Any:
    """A client of Alice's, over http."""
    return kind(server.url, "alice", password, **{"allow_http": True} | options)


def post(server: EASServer, command: str, body: bytes, *, version: str = "14.1", device_id: str = "d1") -> bytes:
    """The answer to a document that is posted as it is, in Alice's name."""
    query = f"Cmd={command}&User=alice&DeviceId={device_id}&DeviceType=SP"
    headers = {
        "Authorization": basic("alice", "secret")(), "Content-Type": "application/vnd.ms-sync.wbxml",
        "MS-ASProtocolVersion": version, "X-MS-PolicyKey": "0",
    }  # fmt: skip
    answer = requested(server, "POST", query, headers, body)
    assert answer.status == 200, answer.data
    return answer.data


def requested(
    server: EASServer, method: str, query: str, headers: dict[str, str], body: bytes = b""
) -> urllib3.BaseHTTPResponse:
    """The answer of HTTP to a request with these headers; its connection is closed."""
    url = f"{server.url}?{query}" if query else server.url
    with urllib3.PoolManager() as pool:
        return pool.request(method, url, body=body, headers=headers, retries=False, timeout=10)


def sent(server: EASServer, command: str) -> list[wbxml.Element]:
    """The roots of the documents of all requests of a command."""
    return [wbxml.decode(one.body).root for one in server.requests if one.command == command and one.body]


def collections(server: EASServer) -> list[wbxml.Element]:
    """The Collections of all Syncs."""
    return [one for root in sent(server, "Sync") for one in root.findall(COLLECTION)]
