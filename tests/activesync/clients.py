"""Clients of the embedded server's Alice, and what they sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wbxml
from activesync import Client
from activesync.testing import EASServer

Open = Callable[..., Any]
"""Opens a client of Alice's, of the kind that the test runs with."""


def client(server: EASServer, password: str = "secret", *, kind: Any = Client, **options: Any) -> Any:
    """A client of Alice's, over http."""
    return kind(server.url, "alice", password, **{"allow_http": True} | options)


def sent(server: EASServer, command: str) -> list[wbxml.Element]:
    """The roots of the documents of all requests of a command."""
    return [wbxml.decode(one.body).root for one in server.requests if one.command == command and one.body]
