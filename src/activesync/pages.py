"""What clients hand out: pages and events, whole or while they arrive, and what keeps them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Generic, Self, TypeVar

from .effects import Deliver, Flow, Part
from .errors import UsageError
from .flows import Contents, Event, Result, ServerChange, Skipped
from .hierarchy import Folder
from .metrics import Measured
from .store import async_transaction, awaited

if TYPE_CHECKING:
    from .client import AsyncClient, Client

# How much of a body is encoded at once on its way into a file, in characters.
_PIECE: Final = 1 << 20


class _Delivered(Contents):
    """A page that was handed out, with what keeps it."""

    def __init__(self, client: Client | AsyncClient, effect: Deliver) -> None:
        contents: Contents = effect.page
        super().__init__(*(getattr(contents, one.name) for one in fields(Contents)))
        self._base = client
        self._effect = effect
        self.committed = False

    def _check(self, kept: str | None, expected: str | None) -> None:
        if kept != expected:
            raise UsageError(f"a later page of {self.folder.name} was committed: this one is out of date")

    def _done(self) -> None:
        self.committed = True
        self._base.session.uncommitted.discard(self.folder.collection_id)


class Page(_Delivered):
    """The changes of one folder in one answer: see Contents.

    It is committed, so that it does not come again, by commit(), by transaction(), by asking for the next page, or by
    the loop running to its end. Leaving the loop early or by an exception commits nothing.
    """

    def __init__(self, client: Client, effect: Deliver) -> None:
        super().__init__(client, effect)
        self._client = client

    def commit(self) -> None:
        """Keeps the key that stands for this page, once. Raises UsageError where the folder has moved on meanwhile."""
        if not self.committed:
            with self.transaction():
                pass

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """Commits the page and the caller's own rows together: ``with page.transaction() as db`` gives the store's
        database (a sqlite3.Connection for a SqliteStore). An exception rolls both back.
        """
        with self._client.store.transaction(self._client.session.account) as handle:
            yield handle
            self._keep()
        self._done()

    def _keep(self) -> None:
        """Saves the key, within a transaction."""
        store, account = self._client.store, self._client.session.account
        for name, value in self._effect.expected.items():
            self._check(store.load(account, name), value)
        store.save(account, self._effect.values)


class AsyncPage(_Delivered):
    """The page of an AsyncClient: ``await page.commit()``, ``async with page.transaction() as db``."""

    def __init__(self, client: AsyncClient, effect: Deliver) -> None:
        super().__init__(client, effect)
        self._client = client

    async def commit(self) -> None:
        """Keeps the key that stands for this page, once. Raises UsageError where the folder has moved on meanwhile."""
        if not self.committed:
            async with self.transaction():
                pass

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Commits the page and the caller's own rows together: gives the store's database. An exception rolls back."""
        async with async_transaction(self._client.store, self._client.session.account) as handle:
            yield handle
            await self._keep()
        self._done()

    async def _keep(self) -> None:
        """Saves the key, within a transaction."""
        store, account = self._client.store, self._client.session.account
        for name, value in self._effect.expected.items():
            self._check(await awaited(store.load(account, name)), value)
        await awaited(store.save(account, self._effect.values))


P = TypeVar("P", bound=_Delivered)


class Parked:
    """What a page that is still arriving leaves behind while its caller has some of its changes."""

    __slots__ = ("answer", "measured")

    def __init__(self) -> None:
        self.answer: Any = None
        self.measured: Measured | None = None


class _Streamed(Generic[P]):
    """What both clients' streamed pages are made of."""

    def __init__(self, client: Client | AsyncClient, first: Deliver | Part, spool: int | None) -> None:
        self.folder: Folder = first.folder if isinstance(first, Part) else first.page.folder
        self.files: dict[str, BinaryIO] = {}
        self._base: Client | AsyncClient = client
        self._spool = spool
        self._page: P | None = None
        self._finished = False
        client.session.uncommitted.add(self.folder.collection_id)

    def _handed(self, changes: list[ServerChange]) -> list[ServerChange]:
        """The changes, large bodies of theirs put into files."""
        if self._spool is not None:
            for change in changes:
                body = getattr(getattr(change, "item", None), "body", None)
                if body is not None and body.data is not None and len(body.data) > self._spool and change.server_id:
                    self.files[change.server_id] = _filed(body.data)
                    body.data = None
        return changes

    @property
    def _whole(self) -> P:
        if self._page is None or not self._finished:
            raise UsageError(f"a page of {self.folder.name} is still arriving: take all its changes first")
        return self._page

    @property
    def more(self) -> bool:
        """Whether further pages follow."""
        return self._whole.more

    @property
    def resync(self) -> bool:
        """Whether the server has started over: see Contents."""
        return self._whole.resync

    @property
    def results(self) -> list[Result]:
        """What became of earlier changes of ours whose answer had been lost."""
        return self._whole.results

    @property
    def replaced(self) -> frozenset[str]:
        """The ServerIds of Adds that put an item in the place of one that the caller has."""
        return self._whole.replaced

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The items that came without their bodies, because the server fails on them."""
        return self._whole.skipped

    def _close(self) -> None:
        self._base.session.uncommitted.discard(self.folder.collection_id)
        for file in self.files.values():
            file.close()


class StreamedPage(_Streamed[Page]):
    """A page of Client.stream(): ``changes`` gives each change once, while the page arrives.

    When it has given all, the page is what Page is: commit() and transaction() keep it, and ``more``, ``resync``,
    ``results``, ``replaced`` and ``skipped`` say what Contents says; until then, all of these raise UsageError.
    ``files`` has, by ServerId, the bodies that were put into files, open for reading, in UTF-8, until the next page.
    """

    def __init__(
        self, client: Client, flow: Flow[None], first: Deliver | Part, parked: Parked, spool: int | None
    ) -> None:
        super().__init__(client, first, spool)
        self._client = client
        self.changes: Iterator[ServerChange] = self._arriving(flow, first, parked)

    def _arriving(self, flow: Flow[None], effect: Deliver | Part | None, parked: Parked) -> Iterator[ServerChange]:
        while isinstance(effect, Part):
            yield from self._handed(effect.changes)
            effect = self._client._next_page(flow, parked)
        assert effect is not None
        self._page = Page(self._client, effect)
        yield from self._handed(self._page.changes)
        self._finished = True

    def commit(self) -> None:
        """See Page.commit."""
        self._whole.commit()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """See Page.transaction. The changes may be taken within it; when it ends, there must be none left."""
        with self._client.store.transaction(self._client.session.account) as handle:
            yield handle
            self._whole._keep()
        self._whole._done()


class AsyncStreamedPage(_Streamed[AsyncPage]):
    """The page of AsyncClient.stream(): ``async for change in page.changes``, ``await page.commit()``,
    ``async with page.transaction() as db``.
    """

    def __init__(
        self, client: AsyncClient, flow: Flow[None], first: Deliver | Part, parked: Parked, spool: int | None
    ) -> None:
        super().__init__(client, first, spool)
        self._client = client
        self.changes: AsyncIterator[ServerChange] = self._arriving(flow, first, parked)

    async def _arriving(
        self, flow: Flow[None], effect: Deliver | Part | None, parked: Parked
    ) -> AsyncIterator[ServerChange]:
        while isinstance(effect, Part):
            for change in self._handed(effect.changes):
                yield change
            effect = await self._client._next_page(flow, parked)
        assert effect is not None
        self._page = AsyncPage(self._client, effect)
        for change in self._handed(self._page.changes):
            yield change
        self._finished = True

    async def commit(self) -> None:
        """See Page.commit."""
        await self._whole.commit()

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """See StreamedPage.transaction."""
        async with async_transaction(self._client.store, self._client.session.account) as handle:
            yield handle
            await self._whole._keep()
        self._whole._done()


def _filed(text: str) -> BinaryIO:
    """The text in a file without a name, which goes with the last who has it open."""
    import tempfile  # most never need it

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller of stream() has it until the next page
    for start in range(0, len(text), _PIECE):
        file.write(text[start : start + _PIECE].encode())
    file.seek(0)
    return file


class AsyncPages:
    """The pages of AsyncClient.sync().

    No asynchronous generator: one that is left by a break ends only some time later, and with it the page that is out.
    """

    def __init__(self, client: AsyncClient, flow: Flow[None]) -> None:
        self._client = client
        self._flow = flow
        self._page: AsyncPage | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AsyncPage:
        try:
            if self._page is not None:
                await self._page.commit()
            effect = await self._client._next_page(self._flow)
        except BaseException:
            self._end()
            raise
        if not isinstance(effect, Deliver):
            raise StopAsyncIteration
        self._page = AsyncPage(self._client, effect)
        self._client.session.uncommitted.add(self._page.folder.collection_id)
        return self._page

    async def aclose(self) -> None:
        """Leaves the loop: a page that was not committed comes again."""
        self._end()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        self._flow.close()
        if self._page is not None:
            self._client.session.uncommitted.discard(self._page.folder.collection_id)


class AsyncStreamedPages:
    """The pages of AsyncClient.stream(). No asynchronous generator either."""

    def __init__(self, client: AsyncClient, flow: Flow[None], spool: int | None) -> None:
        self._client = client
        self._flow = flow
        self._spool = spool
        self._parked = Parked()
        self._page: AsyncStreamedPage | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AsyncStreamedPage:
        try:
            if self._page is not None:
                async for _ in self._page.changes:
                    pass
                await self._page.commit()
                self._page._close()
                self._page = None
            effect = await self._client._next_page(self._flow, self._parked)
        except BaseException:
            await self.aclose()
            raise
        if effect is None:
            raise StopAsyncIteration
        self._page = AsyncStreamedPage(self._client, self._flow, effect, self._parked, self._spool)
        return self._page

    async def aclose(self) -> None:
        """Leaves the loop: a page that was not committed comes again."""
        answer, self._parked.answer = self._parked.answer, None
        self._end()
        if answer is not None:
            await answer.close()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        self._flow.close()
        self._client._left(self._parked)
        if self._page is not None:
            self._page._close()


class AsyncEvents:
    """The events of AsyncClient.watch(): no asynchronous generator either, lest a loop that was left go on watching."""

    def __init__(self, client: AsyncClient, flow: Flow[None]) -> None:
        self._client = client
        self._flow = flow

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            effect = await self._client._next_page(self._flow)
        except BaseException:
            self._flow.close()
            raise
        if not isinstance(effect, Deliver):
            raise StopAsyncIteration
        event: Event = effect.page
        return event

    async def aclose(self) -> None:
        """Leaves the loop."""
        self._flow.close()

    def __del__(self) -> None:
        self._flow.close()


__all__ = [
    "AsyncEvents",
    "AsyncPage",
    "AsyncPages",
    "AsyncStreamedPage",
    "AsyncStreamedPages",
    "Page",
    "Parked",
    "StreamedPage",
]
