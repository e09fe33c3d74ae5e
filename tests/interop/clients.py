"""Client and AsyncClient under one face, so that each test is written once, and what the tests do with either."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar, cast

from activesync import Add, AsyncClient, AsyncPage, BodyType, Client, Email, Folder, Item, Page
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


class Blocking:
    """An AsyncClient with the face of Client: every call runs its coroutine to the end, in an event loop of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = AsyncClient(*arguments, **options)
        self._closed = False

    def close(self) -> None:
        """Closes the client, and the loop. May be called again."""
        if not self._closed:
            self._closed = True
            with self._runner:
                self._runner.run(self._client.close())

    def sync(self, *folders: Folder | str, **options: Any) -> Iterator[Page]:
        """The pages, each with the face of Page."""
        pages: Any = self._client.sync(*folders, **options)
        try:
            while True:
                try:
                    page = self._runner.run(anext(pages))
                except StopAsyncIteration:
                    return
                yield cast(Page, _BlockingPage(self._runner, page))
        finally:
            self._runner.run(pages.aclose())

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        return _blocking(self._runner, value) if inspect.iscoroutinefunction(value) else value


class _BlockingPage:
    def __init__(self, runner: asyncio.Runner, page: AsyncPage) -> None:
        self._runner = runner
        self._page = page

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        # One task from end to end: a transaction belongs to the task that has begun it.
        loop = self._runner.get_loop()
        begun, end = loop.create_future(), loop.create_future()

        async def whole() -> None:
            async with self._page.transaction() as db:
                begun.set_result(db)
                if (error := await end) is not None:
                    raise error

        task = loop.create_task(whole())
        loop.run_until_complete(asyncio.wait([begun, task], return_when=asyncio.FIRST_COMPLETED))
        if task.done():
            task.result()
        try:
            yield begun.result()
        except BaseException as error:
            end.set_result(error)
            loop.run_until_complete(task)  # raises it
            raise
        end.set_result(None)
        loop.run_until_complete(task)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._page, name)
        return _blocking(self._runner, value) if inspect.iscoroutinefunction(value) else value


def _blocking(runner: asyncio.Runner, function: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
    return lambda *arguments, **options: runner.run(function(*arguments, **options))


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
