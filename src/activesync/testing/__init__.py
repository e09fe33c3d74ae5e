"""An ActiveSync server for tests: a real one for its size, over mailboxes in memory, with faults to order.

    with EASServer(sample_mailbox("alice", "secret", mails=100)) as server:
        server.mailbox.deliver(message)
        server.faults.append(faults.dropped(after=True, command="Sync"))

It knows OPTIONS, Provision, FolderSync, FolderCreate, FolderUpdate, FolderDelete, Sync, Ping, GetItemEstimate, Search,
Find and Settings, in the versions 12.1 to 16.1. The pytest plugin in activesync.testing.plugin offers one as the
fixture ``eas_server``.
"""

from __future__ import annotations

from . import faults, misbehave
from .call import Rules
from .content import Content, File
from .device import Device
from .faults import Fault
from .mailbox import Folder, Mailbox
from .request import Answer, Request
from .sample import sample_directory, sample_mailbox
from .server import EASServer

__all__ = [
    "Answer",
    "Content",
    "Device",
    "EASServer",
    "Fault",
    "File",
    "Folder",
    "Mailbox",
    "Request",
    "Rules",
    "faults",
    "misbehave",
    "sample_directory",
    "sample_mailbox",
]
