"""Alice's clients of the server that a test module runs: its fixture `server`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from activesync import Client
from activesync.testing import EASServer

from ..blocking import Blocking
from .clients import Open, client


@pytest.fixture
def eas(server: EASServer) -> Iterator[Client]:
    """A client of Alice's."""
    with client(server) as opened:
        yield opened


@pytest.fixture(params=[Client, Blocking], ids=["Client", "AsyncClient"])
def connect(request: pytest.FixtureRequest, server: EASServer) -> Iterator[Open]:
    """A function that opens a client of Alice's; what it opened is closed at the end."""
    with ExitStack() as stack:

        def opened(*arguments: Any, **options: Any) -> Any:
            return stack.enter_context(client(server, *arguments, kind=request.param, **options))

        yield opened
