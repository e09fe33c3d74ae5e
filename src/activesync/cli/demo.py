"""The demonstration: the embedded server's mailbox is synchronised, changed on both sides, and compared."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import wbxml

from ..client import Client
from ..commands import Add, Change, Delete, FolderType, OofState
from ..errors import ActiveSyncError, UsageError
from ..flows import ClientChange
from ..hierarchy import Hierarchy
from ..items import BodyType, Contact, Email, Note
from ..mirror import Mirror
from ..plain import plain_fields
from .account import json_option
from .output import Bar, emit, size, table
from .sync import copy

if TYPE_CHECKING:
    from ..testing import Mailbox

# A word that no mail of the sample has.
_WORD = "Quittenmarmelade"


class DemoError(ActiveSyncError):
    """Something came out otherwise than it must."""


@dataclass(slots=True)
class Step:
    """One part of the demonstration: how many items it was about, how long it took, and what came from the server."""

    name: str
    items: int = 0
    seconds: float = 0.0
    bytes: int = 0


@dataclass(slots=True)
class Demo:
    """What has been done so far, for whom, and where."""

    eas: Client
    mirror: Mirror
    mailbox: Mailbox
    bar: Bar
    steps: list[Step] = field(default_factory=list)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Measures a part."""
        self.bar.about(name)
        step = Step(name)
        received, started = self.eas.stats.received, time.perf_counter()
        yield step
        step.seconds = time.perf_counter() - started
        step.bytes = self.eas.stats.received - received
        self.steps.append(step)

    def run(self) -> None:
        """Does everything. Raises DemoError where something is not right, and ActiveSyncError."""
        with self.step("folders") as step:
            hierarchy = self.eas.folders()
            self.mirror.take_folders(hierarchy)
            step.items = len(hierarchy)
        self.synchronise("first synchronisation", hierarchy, self.estimate("first estimate", hierarchy))
        self.compare("comparison with the server", hierarchy)
        with self.step("changes on the server") as step:
            step.items = changed = self.change_server()
        with self.step("changes on the client") as step:
            step.items = self.change_client(hierarchy)
        due = self.estimate("second estimate", hierarchy)
        # Those of the server, and the mail that we have deleted: it has moved to the deleted ones.
        expect("items that are due", due, changed + 1)
        self.synchronise("second synchronisation", hierarchy, due)
        self.compare("comparison with the server", hierarchy)
        expect("items that are still due", self.estimate("third estimate", hierarchy), 0)
        with self.step("search of the mailbox") as step:
            found = self.eas.search(_WORD)
            step.items = len(found)
        expect("mails found", [getattr(one.properties, "subject", None) for one in found], [_WORD])
        with self.step("search of the address list") as step:
            people = self.eas.search_gal("Zoë")
            step.items = len(people)
        expect("people found", [one.display_name for one in people], ["Zoë Müller"])
        with self.step("out-of-office replies") as step:
            step.items = self.change_oof()

    def estimate(self, name: str, hierarchy: Hierarchy) -> int:
        """How many items the next synchronisation is going to bring."""
        with self.step(name) as step:
            step.items = sum(self.eas.estimate(folder) for folder in hierarchy if folder.item_class)
        return step.items

    def synchronise(self, name: str, hierarchy: Hierarchy, due: int) -> None:
        """Brings the copy up to date with everything that is due."""
        folders = [folder for folder in hierarchy if folder.item_class]
        with self.step(name) as step:
            copied = copy(self.eas, self.mirror, folders, self.bar, expected=due, window=512, body=BodyType.PLAIN_TEXT)
            step.items = copied.items
        expect(f"items of the {name}", step.items, due)

    def compare(self, name: str, hierarchy: Hierarchy) -> None:
        """Compares each item of the copy with the server's own."""
        from ..testing.fitting import fitting

        with self.step(name) as step:
            for folder in hierarchy:
                mine = self.mirror.items(folder)
                theirs = self.mailbox.items(folder.collection_id)
                expect(f"items in {folder.name}", sorted(mine), sorted(theirs))
                for server_id, item in theirs.items():
                    there = plain_fields(fitting(item, self.eas.session.version))
                    expect(f"item {server_id} in {folder.name}", _content(mine[server_id]), _content(there))
                step.items += len(theirs)

    def change_server(self) -> int:
        """How many changes another program has made on the server."""
        mailbox = self.mailbox
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Bea <bea@example.test>", mailbox.address, _WORD
        message.set_content("There are three jars left.\n")
        mailbox.deliver(message)
        inbox, contacts, events, tasks = (
            list(mailbox.items(one))
            for one in (FolderType.INBOX, FolderType.CONTACTS, FolderType.CALENDAR, FolderType.TASKS)
        )
        mailbox.change(inbox[0], read=not getattr(mailbox.item(inbox[0]), "read", False))
        mailbox.change(contacts[0], mobile_phone_number="+49 30 5550100", job_title=None)
        mailbox.change(events[0], subject="Moved to the garden")
        mailbox.delete(tasks[0])
        mailbox.add(FolderType.NOTES, Note(subject="Jars", body=None))
        return 6

    def change_client(self, hierarchy: Hierarchy) -> int:
        """How many changes the client has made, all of which the server has taken."""
        (inbox,), (contacts,) = hierarchy.of_type(FolderType.INBOX), hierarchy.of_type(FolderType.CONTACTS)
        mails = list(self.mirror.items(inbox))
        done = 0
        of_mails: list[ClientChange] = [Change(server_id=mails[1], item=Email(read=True)), Delete(server_id=mails[2])]
        of_contacts = [Add(item=Contact(first_name="Zoë", last_name="Quitte", file_as="Quitte, Zoë"))]
        for folder, changes in ((inbox, of_mails), (contacts, of_contacts)):
            results = self.eas.apply(folder, changes)
            expect(f"changes taken in {folder.name}", [one.meaning for one in results if not one.ok], [])
            self.mirror.take_results(folder, results)
            done += len(results)
        return done

    def change_oof(self) -> int:
        """How many times the out-of-office replies were set, each with the effect that it must have."""
        text = "Back when the jam is eaten."
        self.eas.set_oof(text)
        replies = self.eas.oof()
        expect("state of the replies", replies.oof_state, OofState.ENABLED)
        expect("texts of the replies", {one.reply_message for one in replies.messages}, {text})
        self.eas.set_oof(None)
        expect("state of the replies", self.eas.oof().oof_state, OofState.DISABLED)
        return 2


def expect(what: str, found: object, wanted: object) -> None:
    """Raises DemoError where what was found is not what was wanted."""
    if found != wanted:
        raise DemoError(f"{what}: {_short(found)}, where it must be {_short(wanted)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _content(data: dict[str, Any]) -> dict[str, Any]:
    """An item without what tells of the way it was sent in, and of which a server's own item has nothing."""
    body = data.get("body") or {}
    kept = {name: value for name, value in data.items() if name not in ("native_body_type", "timezone")}
    return kept | {"body": body.get("data") or ""}


@click.command(
    epilog="""\b
Example:
  activesync demo --keep demo.db
  sqlite3 demo.db 'SELECT start, subject, location FROM events LIMIT 3'"""
)
@click.option("--keep", type=click.Path(dir_okay=False, path_type=Path), help="Keep the copy in this new SQLite file.")
@json_option
def demo(as_json: bool, keep: Path | None) -> None:
    """Show what this program does, on this machine alone.

    A server with 2,500 items is started on loopback. They are copied into a SQLite store, changed on both sides, copied
    again and compared, one by one. An exit code other than 0 says that something was not right.
    """
    from ..testing import EASServer, sample_directory, sample_mailbox

    if keep is not None and keep.exists():
        raise UsageError(f"{keep} exists already: the copy goes into a new file")
    started = time.perf_counter()
    mailbox = sample_mailbox()
    with contextlib.ExitStack() as stack:
        path = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="activesync-"))) / "demo.db"
        server = stack.enter_context(EASServer(mailbox, directory=sample_directory()))
        eas = stack.enter_context(Client(server.url, mailbox.user, mailbox.password, store=path, allow_http=True))
        bar = stack.enter_context(Bar(eas.stats))
        shown = Demo(eas, Mirror(eas.store, eas.session.account), mailbox, bar)
        shown.run()
        stats, version = eas.stats, eas.session.version
    seconds = time.perf_counter() - started
    data = {
        "steps": shown.steps,
        "kernel": wbxml.__impl__,
        "version": version,
        "requests": stats.requests,
        "bytes_sent": stats.sent,
        "bytes_received": stats.received,
        "seconds": round(seconds, 3),
        "store": str(keep) if keep else None,
    }

    def draw() -> None:
        table(
            ("Step", "Items", "Seconds", "Items/s", "Received"),
            [
                (one.name, one.items, f"{one.seconds:.2f}", f"{one.items / one.seconds:.0f}", size(one.bytes))
                for one in shown.steps
            ],
            numbers="Items Seconds Items/s Received",
        )
        click.echo(
            f"All as it must be, in {seconds:.1f} s: protocol {version}, {stats.requests} requests,"
            f" {size(stats.received)} received, {'compiled' if wbxml.__impl__ == 'c' else 'Python'} kernel."
        )
        if keep:
            click.echo(f"Look at it: sqlite3 {keep} 'SELECT received, sender, subject FROM emails LIMIT 5'")

    emit(as_json, data, draw)


__all__ = ["Demo", "DemoError", "Step", "demo"]
