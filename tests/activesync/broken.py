"""Which requirements a request breaks, as the check before it is sent says."""

from __future__ import annotations

import wbxml
from activesync.check import breaches
from activesync.commands import Collection, Sync
from wbxml import Model


def broken(request: Model | bytes, version: str = "14.1") -> list[str]:
    """The requirements that a request breaks, whatever its version has."""
    document = request if isinstance(request, bytes) else wbxml.encode(request)
    return [breach.requirement for breach in breaches(wbxml.decode(document), version)]


def broken_within(command: Model, version: str = "14.1") -> list[str]:
    """The requirements that a Sync with this command breaks."""
    return broken(Sync(collections=[Collection(sync_key="1", collection_id="1", commands=[command])]), version)
