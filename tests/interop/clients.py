"""Client and AsyncClient under one face, so that each test is written once, and what the tests do with either."""

from typing import Any, Protocol, TypeVar

from activesync import Add, BodyType, Client, Email, Folder, Item
from activesync.flows import ServerChange

from .sogo import User

T = TypeVar("T")


class Connect(Protocol):
    """Opens a client of a user on SOGo, over http unless a `url` is given. What it opened is closed with the test."""

    def __call__(
        self, user: User, password: str | None = None, *, url: str | None = None, **options: Any
    ) -> Client: ...


class Tell(Protocol):
    """Has a line printed at the end of the run, once however often it is told: what was measured, and found."""

    def __call__(self, line: str) -> None: ...


def changes(client: Client, *folders: Folder | str, **options: Any) -> list[ServerChange]:
    """All that a sync brings, its pages committed; no page may say that the server has started over."""
    found: list[ServerChange] = []
    for page in client.sync(*folders, **options):
        assert not page.resync
        found += page.changes
    return found


def items(client: Client, *folders: Folder | str, **options: Any) -> dict[str, Item]:
    """All items of a first sync by their ServerIds: nothing but an Add each, understood to its last element."""
    found: dict[str, Item] = {}
    for change in changes(client, *folders, **options):
        assert isinstance(change, Add), change
        assert change.server_id is not None and change.item is not None
        assert change.server_id not in found, "it came twice"
        assert (change.item.unknown, change.item.problems) == ((), ())
        found[change.server_id] = change.item
    return found


def told(found: list[ServerChange]) -> set[tuple[str, str | None]]:
    """What was told of which item: ("Change", "17"). Each may be told of once."""
    named = {(type(change).__name__, change.server_id) for change in found}
    assert len(named) == len(found)
    return named


def plain(subject: str, text: str) -> bytes:
    """A mail of one text part."""
    return (
        f"From: Bob Baker <bob@example.test>\r\nTo: una@example.test\r\nSubject: {subject}\r\n"
        "Date: Mon, 03 Nov 2025 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    ).encode()


def mime(item: object) -> bytes:
    """The bytes of a mail that was fetched as MIME."""
    assert isinstance(item, Email) and item.body is not None and item.body.data is not None
    assert (item.body.type, item.body.truncated) == (BodyType.MIME, False)
    return item.body.data.encode()
