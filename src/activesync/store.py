"""Where a client keeps its state: keys, the device id, the folders. MemoryStore forgets, SqliteStore does not.

A store maps an account and a name to a text. What it must give is in :class:`StateStore`; AsyncClient also takes one
whose methods are coroutines, :class:`AsyncStateStore`, for a database of the caller's own.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

from .errors import StoreError

#: The layout of the table. A higher one is refused: an older program would not know what it must keep.
_SCHEMA = 1

_RESTORE = (
    "Put a copy in its place, or remove it: the next synchronisation then brings everything again, as a new device"
)

#: What an error of SQLite means, by the name of its primary code, and what to do.
_TROUBLE = {
    "SQLITE_BUSY": "is held by another process: wait until that is done, or end it",
    "SQLITE_LOCKED": "is held by another process: wait until that is done, or end it",
    "SQLITE_NOTADB": "is no SQLite database: give another path, or move that file away",
    "SQLITE_CORRUPT": f"is damaged. {_RESTORE}",
    "SQLITE_READONLY": "cannot be written: look at who may write the file and its directory",
    "SQLITE_CANTOPEN": "cannot be opened: look at who may write its directory, where SQLite keeps its journal",
    "SQLITE_FULL": "has no room: the disk is full; nothing of this was saved",
    "SQLITE_IOERR": "cannot be read or written: the disk or its file system fails",
}

_COMMIT = "COMMIT"

# Where a file is damaged, sqlite3 may fail to read the text of SQLite's own error.
_ERRORS = (sqlite3.Error, UnicodeDecodeError)


class StateStore(Protocol):
    """What Client asks of a store. AsyncClient takes one too, and calls it between its awaits: it must be quick.

    Every method may raise StoreError. A store may be shared by any number of clients and accounts.
    """

    def load(self, account: str, name: str) -> str | None:
        """The value kept under this name, or None."""

    def save(self, account: str, values: Mapping[str, str | None]) -> None:
        """Keep these values under these names, all or none of them, for good once it returns. None deletes."""

    def names(self, account: str, prefix: str = "") -> list[str]:
        """The names that begin so and have a value, sorted."""

    def transaction(self, account: str) -> AbstractContextManager[Any]:
        """A block whose saves, and whatever else the caller writes by the handle it gives, are kept all or not at all.

        They are kept when the block ends and dropped when it raises. While one is open no other is begun: a second
        one within it is a StoreError, another thread waits. What is saved by others meanwhile is not part of it.
        """

    def close(self) -> None:
        """End the use of the store."""


class AsyncStateStore(Protocol):
    """The same as :class:`StateStore`, awaited; ``transaction`` gives an asynchronous context manager."""

    async def load(self, account: str, name: str) -> str | None:
        """The value kept under this name, or None."""

    async def save(self, account: str, values: Mapping[str, str | None]) -> None:
        """Keep these values under these names, all or none of them, for good once it returns. None deletes."""

    async def names(self, account: str, prefix: str = "") -> list[str]:
        """The names that begin so and have a value, sorted."""

    def transaction(self, account: str) -> AbstractAsyncContextManager[Any]:
        """A block whose saves, and whatever else the caller writes by the handle it gives, are kept all or not at all.

        A save belongs to the transaction of the task that calls it, if that task has one open.
        """

    async def close(self) -> None:
        """End the use of the store."""


class _Turn:
    """Lets one thread or task at a time use a store, and knows whose transaction is open.

    A thread waits for another one's transaction. A task cannot: the one that has it open runs in the same thread and
    would never get on. So it is refused; which happens only where a transaction awaits something within.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._lock = threading.Lock()
        self._owner: tuple[int, object] | None = None

    @contextlib.contextmanager
    def taken(self) -> Iterator[bool]:
        """A turn for one call; gives whether it belongs to an open transaction."""
        here = _here()
        if self._owner == here:
            yield True
        else:
            self._wait(here)
            try:
                yield False
            finally:
                self._lock.release()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """A turn for a whole transaction."""
        here = _here()
        if self._owner == here:
            raise StoreError("a transaction of this store is open already: one cannot be within another")
        self._wait(here)
        self._owner = here
        try:
            yield
        finally:
            self._owner = None
            self._lock.release()

    def _wait(self, here: tuple[int, object]) -> None:
        owner = self._owner
        if owner is not None and owner[0] == here[0]:
            raise StoreError("another task has a transaction of this store open: do not await anything else within one")
        if not self._lock.acquire(timeout=self._timeout):
            raise StoreError(f"other threads have kept the store busy for {self._timeout:g} s: make that shorter")


def _here() -> tuple[int, object]:
    """What runs now: the thread, and the task of asyncio in it or None."""
    asyncio = sys.modules.get("asyncio")  # not imported: then there is no task, and this need not take the time
    task = None
    if asyncio is not None:
        with contextlib.suppress(RuntimeError):
            task = asyncio.current_task()
    return threading.get_ident(), task


class MemoryStore:
    """A store that lasts as long as the program.

    The handle of a transaction is ``rows``, a dict for whatever the caller wants to keep together with the keys. An
    exception restores what it held; put new values in rather than changing those within, which are not copied.
    """

    def __init__(self) -> None:
        self.rows: dict[Any, Any] = {}
        self._values: dict[tuple[str, str], str] = {}
        self._turn = _Turn(timeout=5.0)

    def load(self, account: str, name: str) -> str | None:
        """The value kept under this name, or None."""
        with self._turn.taken():
            return self._values.get((account, name))

    def save(self, account: str, values: Mapping[str, str | None]) -> None:
        """Keep these values under these names. None deletes."""
        with self._turn.taken():
            for name, value in values.items():
                if value is None:
                    self._values.pop((account, name), None)
                else:
                    self._values[account, name] = value

    def names(self, account: str, prefix: str = "") -> list[str]:
        """The names that begin so and have a value, sorted."""
        with self._turn.taken():
            return sorted(name for owner, name in self._values if owner == account and name.startswith(prefix))

    @contextlib.contextmanager
    def transaction(self, account: str) -> Iterator[dict[Any, Any]]:
        """A block whose saves and changes of ``rows``, which it gives, are kept all or not at all."""
        with self._turn.kept():
            values, rows = dict(self._values), dict(self.rows)
            try:
                yield self.rows
            except BaseException:
                self._values = values
                self.rows.clear()  # in place: the caller may hold it
                self.rows.update(rows)
                raise

    def close(self) -> None:
        """Nothing: what was kept stays while the object lives."""


class SqliteStore:
    """A store in a SQLite file: one table, ``eas_state (account, name, value)``, beside any tables of the caller's.

    ``path`` is the file, made readable by its owner alone where there is none, or ":memory:". ``timeout`` is how many
    seconds to wait for another process or thread that is writing. Several processes and threads may use one file.
    The handle of a transaction is ``connection``, an sqlite3.Connection: write by ``execute``, and leave ``commit``,
    ``rollback``, ``with connection`` and ``executescript``, which end a transaction, alone within one. Outside of one,
    every statement is a transaction of its own.

    Raises StoreError, which says what to do, where the file is no database, is damaged, of a newer version, cannot be
    written, or is held by another process.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0) -> None:
        self._path = os.fspath(path)
        self._timeout = timeout
        self._turn = _Turn(timeout)
        if self._path != ":memory:":
            self._make_file()
        try:
            # No isolation_level: sqlite3 begins no transactions by itself. Threads take turns by _Turn.
            self._connection = sqlite3.connect(
                self._path, timeout=timeout, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            self._fail(error)
        # One cursor for all of the store's own statements: a row_factory that the caller sets later does not touch it.
        self._cursor = self._connection.cursor()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<SqliteStore {self._path}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for the caller's own tables. Of several threads, one at a time may use it."""
        return self._connection

    def load(self, account: str, name: str) -> str | None:
        """The value kept under this name, or None."""
        with self._turn.taken():
            found = self._texts("SELECT value FROM eas_state WHERE account = ? AND name = ?", account, name)
        return found[0] if found else None

    def save(self, account: str, values: Mapping[str, str | None]) -> None:
        """Keep these values under these names, all or none of them, on the disk once it returns. None deletes."""
        with self._turn.taken() as within:
            if within:
                self._check_open()
                self._write(account, values)
            else:
                with self._begun():
                    self._write(account, values)

    def names(self, account: str, prefix: str = "") -> list[str]:
        """The names that begin so and have a value, sorted."""
        with self._turn.taken():
            return self._texts(
                "SELECT name FROM eas_state WHERE account = ? AND substr(name, 1, ?) = ? ORDER BY name",
                account, len(prefix), prefix,
            )  # fmt: skip

    @contextlib.contextmanager
    def transaction(self, account: str) -> Iterator[sqlite3.Connection]:
        """A block whose saves, and whatever is written by the connection it gives, are kept all or not at all."""
        with self._turn.kept(), self._begun():
            yield self._connection
            self._check_open()

    def close(self) -> None:
        """Close the file. The store cannot be used after that."""
        with self._turn.taken() as within:
            if within:
                raise StoreError("a transaction of this store is open: close the store after it")
            # The cursor first: a statement of it that has failed would keep the file open.
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed already
                self._cursor.close()
            self._connection.close()

    # The file

    def _make_file(self) -> None:
        # Before SQLite does, which would let everybody read it; it may hold cookies and bodies of mails. SQLite gives
        # the journals beside it the same mode.
        if not self._path:
            raise StoreError("the store has no name: give the path of a file, or ':memory:'")
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))
        except IsADirectoryError as error:
            raise StoreError(f"the store {self._path} is a directory: give the path of a file in it") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StoreError(f"the store {self._path} cannot be made: its directory does not exist") from error
        except OSError as error:
            raise StoreError(f"the store {self._path} cannot be written: {error.strerror}") from error

    def _prepare(self) -> None:
        # Counts for a file that is made now. Rows of mails and of what is known of them are some KB each: in pages of
        # 4 KB, which is SQLite's own, they take half as much room again, and nearly twice the processor's time.
        self._run("PRAGMA page_size = 16384")
        self._use_wal()
        # FULL, which syncs the log at every commit; NORMAL could lose the last ones with the machine's power, and with
        # them the request that was journalled before it was sent. Two syncs a page cost less than the page's way here.
        self._run("PRAGMA synchronous = FULL")
        if not self._texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'eas_state'"):
            with self._begun():
                self._run(
                    "CREATE TABLE IF NOT EXISTS eas_state (account TEXT NOT NULL, name TEXT NOT NULL,"
                    " value TEXT NOT NULL, PRIMARY KEY (account, name)) WITHOUT ROWID"
                )
                # The table's own version, in a row of no account: PRAGMA user_version is the file's, and the caller's.
                self._run("INSERT OR IGNORE INTO eas_state VALUES ('', 'schema', ?)", str(_SCHEMA))
        told = self._texts("SELECT value FROM eas_state WHERE account = '' AND name = 'schema'")
        version = told[0] if told else ""
        if not (version.isascii() and version.isdigit() and len(version) < 10 and int(version) > 0):
            raise self._damaged("it does not say its version")
        if int(version) > _SCHEMA:
            raise StoreError(
                f"the store {self._path} was made by a newer version of activesync (its layout is {version}, this one"
                f" knows {_SCHEMA}): use that version, or another file"
            )

    def _use_wal(self) -> None:
        # WAL: readers and one writer do not wait for each other. Where it cannot be, as on a network's file system,
        # SQLite stays with a rollback journal, and all that is promised holds there too.
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self._cursor.execute("PRAGMA journal_mode = WAL")
                return
            except _ERRORS as error:
                # For this alone SQLite does not wait by itself: another process is doing the same at this moment.
                if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    self._fail(error)
            time.sleep(0.01)

    # Statements

    def _write(self, account: str, values: Mapping[str, str | None]) -> None:
        for name, value in values.items():
            if value is None:
                self._run("DELETE FROM eas_state WHERE account = ? AND name = ?", account, name)
            else:
                self._run("INSERT OR REPLACE INTO eas_state VALUES (?, ?, ?)", account, name, value)

    @contextlib.contextmanager
    def _begun(self) -> Iterator[None]:
        # IMMEDIATE: the right to write is waited for here, where nothing was done yet, and not lost half-way.
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run(_COMMIT)
        except BaseException:
            # SQLite has rolled back by itself after some errors, a full disk for one.
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._cursor.execute("ROLLBACK")
            raise

    def _check_open(self) -> None:
        if not self._connection.in_transaction:
            raise StoreError(
                "the transaction was ended within its block, by commit(), rollback(), `with connection` or"
                " executescript(): the key was not saved. Use execute() alone in there"
            )

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        try:
            return self._cursor.execute(statement, values)
        except _ERRORS as error:
            if isinstance(error, sqlite3.IntegrityError) and statement == _COMMIT:
                raise  # a constraint of the caller's, which SQLite looks at when it commits: his own error
            self._fail(error)

    def _texts(self, statement: str, *values: object) -> list[str]:
        """The only column of the rows that the statement gives."""
        cursor = self._run(statement, *values)
        try:
            found = [row[0] for row in cursor.fetchall()]  # where SQLite finds out what is no UTF-8
        except _ERRORS as error:
            self._fail(error)
        if not all(isinstance(one, str) for one in found):
            raise self._damaged("a value in it is no text")
        return found

    def _damaged(self, why: str) -> StoreError:
        return StoreError(f"the store {self._path} is damaged: {why}. {_RESTORE}")

    def _fail(self, error: Exception) -> NoReturn:
        if isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error):
            raise self._damaged("a text in it is no UTF-8") from error
        # The name of the primary code: SQLITE_IOERR_WRITE is an SQLITE_IOERR.
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        what = _TROUBLE.get(name, "is closed" if "on a closed" in str(error) else "cannot be used")
        raise StoreError(f"the store {self._path} {what} ({error})") from error


@contextlib.asynccontextmanager
async def async_transaction(store: StateStore | AsyncStateStore, account: str) -> AsyncIterator[Any]:
    """A transaction of either kind of store, for who awaits."""
    context = store.transaction(account)
    if isinstance(context, contextlib.AbstractAsyncContextManager):
        async with context as handle:
            yield handle
    else:
        with context as handle:
            yield handle


async def awaited(value: Any) -> Any:
    """What a store's method gives, which may be made of coroutines."""
    return await value if inspect.isawaitable(value) else value
