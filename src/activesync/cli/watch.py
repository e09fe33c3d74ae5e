"""The command that tells what happens in a mailbox, as it happens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from ..client import Client
from ..commands import Options
from ..errors import HTTPError, TransportError
from ..flows import Changed, Event, HierarchyChanged, Reachable, Unreachable, Unwatched
from ..hierarchy import Folder, Hierarchy
from ..items import BodyPreference, BodyType
from .account import Account, account_options
from .output import clean, emit
from .sync import choose


@click.command(
    epilog="""\b
Examples:
  activesync watch --url https://mail.example.com --user alice inbox
  activesync watch --store alice.db | while read -r event; do activesync sync --store alice.db; done"""
)
@click.argument("names", metavar="[FOLDER]...", nargs=-1)
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End after so many seconds.",
)
@account_options
def watch(account: Account, as_json: bool, names: tuple[str, ...], count: int | None, seconds: float | None) -> None:
    """Tell what happens in the mailbox, or in these folders of it, one line an event.

    FOLDER is a name, a role such as inbox, or an id. With a store, new is what the next sync with it would bring, and
    is told again, ever more rarely, until that is done: nothing is synchronised here. Without one, new is what comes
    from now on. A server that is down for a while is waited for. Ctrl-C ends it.
    """
    with account.client() as eas:
        hierarchy = eas.folders()
        chosen = choose(hierarchy, names) if names else []
        if account.store is None:
            _take_note(eas, chosen)
        for number, event in enumerate(eas.watch(*chosen, duration=seconds), 1):
            _tell(as_json, event, hierarchy)
            if number == count:
                break
            if isinstance(event, HierarchyChanged):
                hierarchy = event.hierarchy
            elif isinstance(event, Changed) and account.store is None:
                # Where the server is lost just now, the watch says so, and tells of this again.
                with contextlib.suppress(TransportError, HTTPError):
                    _take_note(eas, event.folders)


def _take_note(eas: Client, folders: Sequence[Folder]) -> None:
    """Synchronises these folders, or all, for their keys alone."""
    bare = Options(body_preferences=[BodyPreference(type=BodyType.PLAIN_TEXT, truncation_size=0)])
    for _ in eas.sync(*folders, window=512, options=bare):
        pass


def _tell(as_json: bool, event: Event, before: Hierarchy) -> None:
    now = datetime.now(UTC)
    name, data, words = _described(event, before)
    emit(
        as_json,
        {"time": now, "event": name, **data},
        lambda: click.echo(f"{now.astimezone():%Y-%m-%d %H:%M:%S}  {clean(words)}"),
    )


def _described(event: Event, before: Hierarchy) -> tuple[str, dict[str, Any], str]:
    """The name of an event, what it says as data, and in words; ``before`` are the folders as they were."""
    match event:
        case Changed(folders):
            return "changed", {"folders": _plain(folders)}, f"{_names(folders)}: something is new"
        case Unwatched(folders, most):
            words = f"{_names(folders)}: not watched, the server takes no more than {most} at once"
            return "unwatched", {"folders": _plain(folders), "most": most}, words
        case HierarchyChanged(after):
            new = [folder for folder in after if before.get(folder.collection_id) is None]
            gone = [folder for folder in before if after.get(folder.collection_id) is None]
            changed = [folder for folder in after if before.get(folder.collection_id) not in (None, folder)]
            kinds = {"new": new, "gone": gone, "changed": changed}
            words = "; ".join(f"{_names(some)}: {kind}" for kind, some in kinds.items() if some)
            return "hierarchy_changed", {kind: _plain(some) for kind, some in kinds.items()}, f"folders: {words}"
        case Unreachable(error):
            return "unreachable", {"error": type(error).__name__, "reason": str(error)}, f"the server is lost: {error}"
        case Reachable(seconds):
            return "reachable", {"seconds": round(seconds, 3)}, f"the server is back, after {seconds:.0f} s"


def _plain(folders: Iterable[Folder]) -> list[dict[str, str]]:
    return [{"collection_id": one.collection_id, "name": one.name} for one in folders]


def _names(folders: Iterable[Folder]) -> str:
    return ", ".join(one.name for one in folders)


__all__ = ["watch"]
