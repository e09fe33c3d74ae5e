"""Ping as the server does it. Source: [MS-ASCMD] sections 2.2.1.13, 2.2.3.177.11 and 3.1.5.8."""

from __future__ import annotations

import time

from ..commands import Ping, PingFolder, PingResponse
from .call import Call, problems
from .folders import outdated, visible
from .sync import anything_changed, anything_new

_QUIET, _CHANGED, _MISSING, _SYNTAX = 1, 2, 3, 4
_WRONG_HEARTBEAT, _TOO_MANY, _HIERARCHY_CHANGED = 5, 6, 7
# How often, in seconds, to look whether the client of a held request still is there.
_LOOK = 0.25


def ping(call: Call, request: Ping | None) -> PingResponse:
    """The answer to a Ping, once there is something to tell; ``request`` is None where it was empty."""
    cached = call.device.pinged
    if request is None or not (request.folders and request.heartbeat_interval is not None):
        if cached is None:
            return PingResponse(status=_MISSING)
        request = request or Ping()  # R322, R5831, R5832
        seconds = cached.heartbeat_interval if request.heartbeat_interval is None else request.heartbeat_interval
        request = Ping(heartbeat_interval=seconds, folders=request.folders or cached.folders)
    identifiers = [folder.collection_id for folder in request.folders]
    if problems(request, *request.folders) or not all(_sound(call, one) for one in request.folders):
        return PingResponse(status=_SYNTAX)
    if len(set(identifiers)) < len(identifiers):
        return PingResponse(status=_SYNTAX)  # R6699
    seconds, (shortest, longest) = request.heartbeat_interval or 0, call.rules.heartbeat
    if not shortest <= seconds <= longest:
        limit = shortest if seconds < shortest else longest
        return PingResponse(status=_WRONG_HEARTBEAT, heartbeat_interval=limit)
    if len(identifiers) > call.rules.most_pinged:
        return PingResponse(status=_TOO_MANY, max_folders=call.rules.most_pinged)
    call.device.pinged = request
    return _hold(call, request, seconds)


def _sound(call: Call, folder: PingFolder) -> bool:
    known = visible(call).get(folder.collection_id or "")
    return bool(folder.collection_id and folder.cls) and (known is None or known.item_class == folder.cls)


def _hold(call: Call, request: Ping, seconds: float) -> PingResponse:
    until = time.monotonic() + seconds
    mailbox = call.mailbox
    seen: int | None = None
    while True:
        left = until - time.monotonic()
        over = left <= 0 or call.stopping.is_set() or call.gone()
        if not over and seen == mailbox.revision:
            mailbox.changed.wait(min(left, _LOOK))
            continue
        seen = mailbox.revision
        folders = [visible(call).get(folder.collection_id or "") for folder in request.folders]
        if outdated(call, renamed=True) or None in folders:
            return PingResponse(status=_HIERARCHY_CHANGED)
        # Only what is new ends the wait; at its end all that has changed is told: R5639 and R5641.
        told = anything_changed if over else anything_new
        changed = [folder.server_id for folder in folders if folder is not None and told(call, folder)]
        if changed:
            return PingResponse(status=_CHANGED, folders=changed)
        if over:
            return PingResponse(status=_QUIET)
