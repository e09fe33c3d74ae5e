"""The jobs of a client as flows over a Session: what to send, what to make of the answer, what to keep, and when.

A key is kept only with what it stands for: the folders' with the hierarchy, a collection's when the caller has
committed the page. A request that changes something is kept before it is sent.

folders.py, down.py (from the server), up.py (to it), watch.py and ask.py hold the jobs; answers.py what both ways of
Sync share, and known.py what the caller has of a folder.
"""

from .ask import (
    acknowledge_wipe,
    device_information,
    estimate,
    find,
    find_gal,
    oof,
    provision,
    search,
    search_documents,
    search_gal,
    set_oof,
    user_information,
)
from .contents import ClientChange, Contents, EarlierChangesError, Result, ServerChange, Skipped
from .down import default_options, sync
from .folders import create_folder, delete_folder, folders, update_folder
from .up import acknowledge, apply
from .watch import HEARTBEAT, Changed, Event, HierarchyChanged, Reachable, Unreachable, Unwatched, watch

__all__ = [
    "HEARTBEAT",
    "Changed",
    "ClientChange",
    "Contents",
    "EarlierChangesError",
    "Event",
    "HierarchyChanged",
    "Reachable",
    "Result",
    "ServerChange",
    "Skipped",
    "Unreachable",
    "Unwatched",
    "acknowledge",
    "acknowledge_wipe",
    "apply",
    "create_folder",
    "default_options",
    "delete_folder",
    "device_information",
    "estimate",
    "find",
    "find_gal",
    "folders",
    "oof",
    "provision",
    "search",
    "search_documents",
    "search_gal",
    "set_oof",
    "sync",
    "update_folder",
    "user_information",
    "watch",
]
