"""AsyncClient under the face of Client, so that a test is written once and runs with both."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Self, TypeVar, cast

from activesync import AsyncClient, AsyncPage, AsyncStreamedPage, Event, Folder, Page, StreamedPage

T = TypeVar("T")


class Blocking:
    """An AsyncClient with the face of Client: every call runs its coroutine to the end, in an event loop of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._client = AsyncClient(*arguments, **options)
        self._runner = asyncio.Runner()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if not self._closed:
            self._closed = True
            with self._runner:
                self._runner.run(self._client.__aexit__(*error))

    def close(self) -> None:
        """Closes the client, and the loop. May be called again."""
        if not self._closed:
            self._closed = True
            with self._runner:
                self._runner.run(self._client.close())

    def sync(self, *folders: Folder | str, **options: Any) -> Iterator[Page]:
        """The pages, each with the face of Page."""
        return self._each(
            self._client.sync(*folders, **options), lambda page: cast(Page, _BlockingPage(self._runner, page))
        )

    def stream(self, *folders: Folder | str, **options: Any) -> Iterator[StreamedPage]:
        """The pages of stream(), each with the face of StreamedPage."""
        return self._each(
            self._client.stream(*folders, **options),
            lambda page: cast(StreamedPage, _BlockingStreamedPage(self._runner, page)),
        )

    def watch(self, *folders: Folder | str, **options: Any) -> Iterator[Event]:
        """The events."""
        return self._each(self._client.watch(*folders, **options), lambda event: event)

    def _each(self, items: Any, face: Callable[[Any], T]) -> Iterator[T]:
        """What an asynchronous iterator gives, each with another face; it is left when the loop is."""
        try:
            while True:
                try:
                    item = self._runner.run(anext(items))
                except StopAsyncIteration:
                    return
                yield face(item)
        finally:
            # A traceback may have kept the loop alive, till the client is closed or within what another one does.
            if not self._closed and not self._runner.get_loop().is_running() and not _runs():
                self._runner.run(items.aclose())

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        return _blocking(self._runner, value) if inspect.iscoroutinefunction(value) else value


class _BlockingPage:
    def __init__(self, runner: asyncio.Runner, page: AsyncPage | AsyncStreamedPage) -> None:
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


class _BlockingStreamedPage(_BlockingPage):
    @property
    def changes(self) -> Iterator[Any]:
        """The changes as they come."""
        changes = self._page.changes
        while True:
            try:
                yield self._runner.run(anext(changes))  # type: ignore[arg-type]
            except StopAsyncIteration:
                return


def _runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _blocking(runner: asyncio.Runner, function: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
    return lambda *arguments, **options: runner.run(function(*arguments, **options))
