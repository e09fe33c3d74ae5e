"""The command that copies a mailbox into a SQLite store, and what others choose folders by."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click

from ..client import Client
from ..commands import FilterType
from ..errors import StatusError, UnknownFolderError, UsageError
from ..hierarchy import Folder, Hierarchy
from ..items import BodyType
from ..mirror import Mirror, Taken
from .account import Account, account_options
from .output import Bar, emit, size, table

F = TypeVar("F", bound=Callable[..., Any])

_BODIES = {"text": BodyType.PLAIN_TEXT, "html": BodyType.HTML, "rtf": BodyType.RTF, "mime": BodyType.MIME}


def _named(*flags: str, values: dict[str, Any], help: str) -> Callable[[F], F]:
    """An option whose value is chosen by its name."""
    return click.option(
        *flags,
        type=click.Choice(list(values)),
        callback=lambda context, option, name: None if name is None else values[name],
        help=help,
    )


filter_option = _named(
    "--filter",
    "filter_type",
    values={one.name.lower().replace("_", "-"): one for one in FilterType},
    help="Take mails and events no older than this, or incomplete tasks alone, in folders whose class knows it.",
)


def choose(hierarchy: Hierarchy, names: Sequence[str]) -> list[Folder]:
    """The folders with these names, roles or ids; all that can be synchronised where none are named."""
    if not names:
        return [folder for folder in hierarchy if folder.item_class is not None]
    chosen = []
    for name in names:
        folder = hierarchy.get(name) or hierarchy.named(name)
        if folder is None:
            raise UnknownFolderError(f"there is no folder {name!r}: `activesync folders` shows all")
        if folder.item_class is None:
            raise UnknownFolderError(f"the folder {folder.name!r} holds nothing that can be synchronised")
        chosen.append(folder)
    return list({folder.collection_id: folder for folder in chosen}.values())


@dataclass(slots=True)
class Copied:
    """What a synchronisation has done: the changes of each folder, and the time it took, in seconds."""

    folders: dict[Folder, Taken] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def items(self) -> int:
        """How many items were added, changed or deleted."""
        return sum(one.added + one.changed + one.deleted for one in self.folders.values())


def copy(
    eas: Client, mirror: Mirror, folders: Iterable[Folder], bar: Bar, *, expected: int | None = None, **options: Any
) -> Copied:
    """Brings the copy of these folders up to date, page by page; ``expected`` is how many items will come, if known.

    ``options`` are those of Client.sync.
    """
    started = time.perf_counter()
    copied = Copied({folder: Taken() for folder in folders})
    by_id = {folder.collection_id: taken for folder, taken in copied.folders.items()}
    if expected is None and bar.shown:
        bar.about("counting")
        expected = _expected(eas, copied.folders, options.get("filter_type"))
    if expected is not None:
        bar.expect(expected)
    for page in eas.sync(*copied.folders, **options):
        bar.about(page.folder.name)
        with page.transaction() as db:
            by_id[page.folder.collection_id] += mirror.take(page, db)
        bar.advance(len(page.changes))
    copied.totals = mirror.counts()
    copied.seconds = time.perf_counter() - started
    return copied


def _expected(eas: Client, folders: Iterable[Folder], filter_type: FilterType | None) -> int:
    count = 0
    for folder in folders:
        # The bar can do without, where a server does not estimate.
        with contextlib.suppress(StatusError):
            count += eas.estimate(folder, filter_type=filter_type)
    return count


@click.command(
    epilog="""\b
Examples:
  activesync sync --url https://mail.example.com --user alice --store alice.db
  activesync sync --store alice.db inbox Projects --filter one-week --body mime
  sqlite3 alice.db 'SELECT start, subject, location FROM events ORDER BY start'"""
)
@click.argument("names", metavar="[FOLDER]...", nargs=-1)
@click.option(
    "--window", type=click.IntRange(1, 512), default=100, show_default=True, help="Items in one answer at most."
)
@filter_option
@_named("--body", values=_BODIES, help="The form of bodies; without it HTML for mails and text for the rest.")
@account_options
def sync(
    account: Account,
    as_json: bool,
    names: tuple[str, ...],
    window: int,
    filter_type: FilterType | None,
    body: BodyType | None,
) -> None:
    """Copy the mailbox, or these folders of it, into the store.

    FOLDER is a name, a role such as inbox, or an id. The next run brings only what has changed. The store is a SQLite
    file: tables items and folders, views emails, contacts, events, tasks and notes.
    """
    if account.store is None:
        raise UsageError("sync needs --store: the file that the mailbox is copied into")
    with account.client() as eas, Bar(eas.stats, shown=not account.verbose) as bar:
        bar.about("folders")
        hierarchy = eas.folders()
        chosen = choose(hierarchy, names)
        mirror = Mirror(eas.store, eas.session.account)
        mirror.take_folders(hierarchy)
        copied = copy(eas, mirror, chosen, bar, window=window, filter_type=filter_type, body=body)
        stats = eas.stats
    shown = [(folder, taken, copied.totals.get(folder.collection_id, 0)) for folder, taken in copied.folders.items()]
    data = {
        "folders": [
            {
                "collection_id": folder.collection_id,
                "name": folder.name,
                "class": folder.item_class,
                "added": taken.added,
                "changed": taken.changed,
                "deleted": taken.deleted,
                "total": total,
            }
            for folder, taken, total in shown
        ],
        "seconds": round(copied.seconds, 3),
        "items": copied.items,
        "requests": stats.requests,
        "bytes_sent": stats.sent,
        "bytes_received": stats.received,
    }

    def draw() -> None:
        table(
            ("Folder", "Added", "Changed", "Deleted", "Total"),
            [(folder.name, taken.added, taken.changed, taken.deleted, total) for folder, taken, total in shown],
            numbers="Added Changed Deleted Total",
        )
        speed = copied.items / copied.seconds if copied.seconds else 0.0
        click.echo(
            f"{copied.items} items in {copied.seconds:.1f} s, {speed:.0f} a second,"
            f" {size(stats.received)} received in {stats.requests} requests"
        )

    emit(as_json, data, draw)


__all__ = ["Copied", "choose", "copy", "filter_option", "sync"]
