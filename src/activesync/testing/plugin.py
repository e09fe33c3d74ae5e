"""A pytest plugin: the fixture ``eas_server``, a running server with one user and a small mailbox.

    def test_my_application(eas_server):
        with Client(eas_server.url, "alice", "secret", allow_http=True) as eas:
            ...

It is there as soon as the distribution is installed. ``eas_server.mailbox`` is what the user "alice" with the password
"secret" has: 20 mails, 5 contacts, 5 events, 3 tasks and 2 notes. Each test gets a server of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .server import EASServer


@pytest.fixture
def eas_server() -> Iterator[EASServer]:
    """A running ActiveSync server on loopback, over http: see the module activesync.testing."""
    # Loaded here, so that a test run that does not use the fixture does not pay for it.
    from .sample import sample_directory, sample_mailbox
    from .server import EASServer

    mailbox = sample_mailbox("alice", "secret", mails=20, contacts=5, events=5, tasks=3, notes=2)
    with EASServer(mailbox, directory=sample_directory()) as server:
        yield server
