"""Stores: what is promised is kept, by both; and SqliteStore over crashes, processes, threads and damage."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from activesync import Add, Client, FolderType
from activesync.errors import StoreError, UnknownFolderError, UsageError
from activesync.items import Email, Note
from activesync.state import CollectionState
from activesync.store import MemoryStore, SqliteStore
from activesync.testing import EASServer, sample_mailbox

from .clients import Open, client

Store = MemoryStore | SqliteStore


@pytest.fixture(params=["memory", "sqlite", "sqlite in memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    else:
        made = SqliteStore(tmp_path / "alice.db" if request.param == "sqlite" else ":memory:")
    yield made
    made.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "alice.db", timeout=0.3) as made:
        made.connection.execute("CREATE TABLE mail (id TEXT PRIMARY KEY)")
        yield made


def mails(store: SqliteStore) -> list[str]:
    return [row[0] for row in store.connection.execute("SELECT id FROM mail ORDER BY id")]


# Both alike


def test_values_are_kept_replaced_and_deleted(store: Store) -> None:
    assert store.load("a", "device") is None
    store.save("a", {"device": "D1", "session": ""})
    assert store.load("a", "device") == "D1"
    assert store.load("a", "session") == ""
    store.save("a", {"device": "D2", "session": None, "never": None})
    assert store.load("a", "device") == "D2"
    assert store.load("a", "session") is None
    assert store.names("a") == ["device"]


def test_accounts_do_not_see_each_other(store: Store) -> None:
    store.save("a", {"key": "1"})
    store.save("b", {"key": "2"})
    store.save("a", {"key": None})
    assert store.load("a", "key") is None
    assert store.load("b", "key") == "2"
    assert store.names("a") == []


def test_names_by_prefix(store: Store) -> None:
    store.save("a", {"collection/2": "x", "collection/10": "x", "collection%": "x", "device": "x"})
    assert store.names("a", "collection/") == ["collection/10", "collection/2"]
    assert store.names("a", "collection_") == []
    assert len(store.names("a")) == 4


@pytest.mark.parametrize(
    "text", ["", "NUL \0 within", "Grüße, 世界 🙂", "'; DROP TABLE eas_state; --", "x" * 1_000_000]
)
def test_any_text_is_kept(store: Store, text: str) -> None:
    store.save(text, {text: text})
    assert store.load(text, text) == text


def test_a_transaction_keeps_all(store: Store) -> None:
    with store.transaction("a") as handle:
        write(store, handle, "m1")
        store.save("a", {"key": "1"})
        assert store.load("a", "key") == "1"
    assert store.load("a", "key") == "1"
    assert rows(store) == ["m1"]


@pytest.mark.parametrize("reason", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_a_transaction_that_raises_keeps_nothing(store: Store, reason: type[BaseException]) -> None:
    store.save("a", {"key": "1", "other": "kept"})
    with store.transaction("a") as handle:
        write(store, handle, "m1")
    with pytest.raises(reason), store.transaction("a") as handle:
        write(store, handle, "m2")
        store.save("a", {"key": "2", "other": None})
        raise reason
    assert store.load("a", "key") == "1"
    assert store.load("a", "other") == "kept"
    assert rows(store) == ["m1"]
    store.save("a", {"key": "3"})
    assert store.load("a", "key") == "3"


def test_a_transaction_within_another_is_refused(store: Store) -> None:
    with store.transaction("a"):
        store.save("a", {"key": "1"})
        with pytest.raises(StoreError, match="open already"), store.transaction("b"):
            pass
    assert store.load("a", "key") == "1"


def test_a_thread_waits_for_the_transaction_of_another(store: Store) -> None:
    begun, finish, seen = threading.Event(), threading.Event(), []

    def other() -> None:
        begun.set()
        store.save("a", {"other": "1"})
        seen.append(store.load("a", "key"))

    thread = threading.Thread(target=other)
    with store.transaction("a"):
        store.save("a", {"key": "1"})
        thread.start()
        begun.wait(5)
        assert not finish.wait(0.05)
        assert store.load("a", "other") is None
        assert seen == []
    thread.join(5)
    assert seen == ["1"]
    assert store.load("a", "other") == "1"


def test_threads_lose_nothing(store: Store) -> None:
    def count() -> None:
        for _ in range(25):
            with store.transaction("a"):
                store.save("a", {"n": str(int(store.load("a", "n") or "0") + 1)})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert store.load("a", "n") == "100"


def test_another_task_neither_joins_a_transaction_nor_waits_for_ever(store: Store) -> None:
    async def page() -> None:
        with store.transaction("a"):
            store.save("a", {"key": "1"})
            await asyncio.sleep(0.05)  # what one must not do
            raise ValueError

    async def main() -> None:
        task = asyncio.create_task(page())
        await asyncio.sleep(0.01)
        with pytest.raises(StoreError, match="another task"):
            store.save("b", {"key": "2"})
        with pytest.raises(StoreError, match="another task"):
            store.load("a", "key")
        with pytest.raises(ValueError, match=r"^$"):
            await task
        store.save("b", {"key": "3"})

    asyncio.run(main())
    assert store.load("a", "key") is None
    assert store.load("b", "key") == "3"


def test_tasks_that_await_nothing_within_take_turns(store: Store) -> None:
    async def page(account: str) -> None:
        for number in range(10):
            with store.transaction(account):
                store.save(account, {"key": str(number)})
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(page(f"a{number}") for number in range(10)))

    asyncio.run(main())
    assert [store.load(f"a{number}", "key") for number in range(10)] == ["9"] * 10


def write(store: Store, handle: Any, name: str) -> None:
    if isinstance(store, MemoryStore):
        handle.setdefault("mails", ())
        handle["mails"] += (name,)
    else:
        handle.execute("CREATE TABLE IF NOT EXISTS mail (id TEXT PRIMARY KEY)")
        handle.execute("INSERT INTO mail VALUES (?)", (name,))


def rows(store: Store) -> list[str]:
    return list(store.rows["mails"]) if isinstance(store, MemoryStore) else mails(store)


# SqliteStore


def test_what_was_saved_is_there_when_opened_again(tmp_path: Path) -> None:
    with SqliteStore(str(tmp_path / "alice.db")) as store:
        store.save("a", {"key": "1"})
    with SqliteStore(tmp_path / "alice.db") as store:
        assert store.load("a", "key") == "1"
        assert repr(store) == f"<SqliteStore {tmp_path / 'alice.db'}>"
    with sqlite3.connect(tmp_path / "alice.db") as db:
        assert db.execute("SELECT account, name, value FROM eas_state ORDER BY 1").fetchall() == [
            ("", "schema", "1"),
            ("a", "key", "1"),
        ]
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
    db.close()


def test_a_file_of_the_callers_may_hold_the_store(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "own.db")
    db.executescript("PRAGMA user_version = 7; CREATE TABLE mail (id); INSERT INTO mail VALUES ('m1')")
    db.close()
    os.chmod(tmp_path / "own.db", 0o640)
    with SqliteStore(tmp_path / "own.db") as store:
        store.save("a", {"key": "1"})
        assert mails(store) == ["m1"]
        assert store.connection.execute("PRAGMA user_version").fetchone() == (7,)
    assert stat.S_IMODE(os.stat(tmp_path / "own.db").st_mode) == 0o640


def test_only_the_owner_may_read_the_file(sqlite: SqliteStore, tmp_path: Path) -> None:
    sqlite.save("a", {"key": "1"})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"alice.db": 0o600, "alice.db-wal": 0o600, "alice.db-shm": 0o600}


def test_every_commit_is_synced(sqlite: SqliteStore) -> None:
    assert sqlite.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert sqlite.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_row_factory_of_the_callers_changes_nothing(sqlite: SqliteStore) -> None:
    sqlite.connection.row_factory = lambda cursor, row: {"row": row}
    sqlite.save("a", {"key": "1"})
    assert sqlite.load("a", "key") == "1"
    assert sqlite.names("a") == ["key"]


def test_an_error_of_the_callers_own_statement_stays_his(sqlite: SqliteStore) -> None:
    with pytest.raises(sqlite3.IntegrityError), sqlite.transaction("a") as db:
        sqlite.save("a", {"key": "1"})
        db.execute("INSERT INTO mail VALUES ('m1'), ('m1')")
    assert sqlite.load("a", "key") is None
    with pytest.raises(sqlite3.OperationalError, match="no such table"), sqlite.transaction("a") as db:
        db.execute("INSERT INTO absent VALUES (1)")
    assert not sqlite.connection.in_transaction


def test_a_constraint_that_is_looked_at_by_the_commit_rolls_back(sqlite: SqliteStore) -> None:
    sqlite.connection.execute("PRAGMA foreign_keys = ON")
    sqlite.connection.execute("CREATE TABLE part (mail REFERENCES mail DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), sqlite.transaction("a") as db:
        db.execute("INSERT INTO part VALUES ('m9')")
        sqlite.save("a", {"key": "1"})
    assert sqlite.load("a", "key") is None
    sqlite.save("a", {"key": "2"})


def ends_by_commit(db: sqlite3.Connection) -> None:
    db.commit()


def ends_by_rollback(db: sqlite3.Connection) -> None:
    db.rollback()


def ends_by_block(db: sqlite3.Connection) -> None:
    with db:
        db.execute("INSERT OR IGNORE INTO mail VALUES ('m2')")


def ends_by_script(db: sqlite3.Connection) -> None:
    db.executescript("CREATE TABLE IF NOT EXISTS more (x);")


@pytest.mark.parametrize("end", [ends_by_commit, ends_by_rollback, ends_by_block, ends_by_script])
def test_a_transaction_ended_within_its_block_saves_no_key(
    sqlite: SqliteStore, end: Callable[[sqlite3.Connection], None]
) -> None:
    with pytest.raises(StoreError, match="ended within its block"), sqlite.transaction("a") as db:
        db.execute("INSERT INTO mail VALUES ('m1')")
        end(db)
        sqlite.save("a", {"key": "1"})
    with pytest.raises(StoreError, match="ended within its block"), sqlite.transaction("a") as db:
        end(db)
    assert sqlite.load("a", "key") is None
    sqlite.save("a", {"key": "2"})
    assert sqlite.load("a", "key") == "2"


def test_closing(sqlite: SqliteStore) -> None:
    with sqlite.transaction("a"), pytest.raises(StoreError, match="close the store after it"):
        sqlite.close()
    sqlite.close()
    sqlite.close()
    with pytest.raises(StoreError, match="closed"):
        sqlite.load("a", "key")
    with pytest.raises(StoreError, match="closed"):
        sqlite.save("a", {"key": "1"})


# Crashes and processes


def python(script: str, *args: object) -> subprocess.Popen[str]:
    source = Path(sys.modules[SqliteStore.__module__].__file__ or "").parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source)},
    )


@pytest.mark.parametrize(
    ("crash", "kept"),
    [("within", ("1", ["m1"])), ("after the save", ("1", ["m1"])), ("after the end", ("2", ["m1", "m2"]))],
)
def test_a_crash_keeps_the_key_and_the_rows_of_the_last_commit(
    tmp_path: Path, crash: str, kept: tuple[str, list[str]]
) -> None:
    script = """
        import os, sys
        from activesync.store import SqliteStore
        path, crash = sys.argv[1:]
        store = SqliteStore(path)
        store.connection.execute("CREATE TABLE mail (id)")
        with store.transaction("a") as db:
            db.execute("INSERT INTO mail VALUES ('m1')")
            store.save("a", {"key": "1"})
        with store.transaction("a") as db:
            db.execute("INSERT INTO mail VALUES ('m2')")
            if crash == "within":
                os._exit(9)
            store.save("a", {"key": "2"})
            if crash == "after the save":
                os._exit(9)
        os._exit(9)
        """
    with python(script, tmp_path / "alice.db", crash) as child:
        assert child.wait(30) == 9
    with SqliteStore(tmp_path / "alice.db") as store:
        assert (store.load("a", "key"), mails(store)) == kept


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    # Both make it at the same moment, then count together.
    script = """
        import sys
        from activesync.store import SqliteStore
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(10):
            with SqliteStore(f"{sys.argv[1]}/{number}.db", timeout=20) as store:
                for _ in range(10):
                    with store.transaction("a"):
                        store.save("a", {"n": str(int(store.load("a", "n") or "0") + 1)})
        """
    with python(script, tmp_path) as one, python(script, tmp_path) as two:
        for child in (one, two):
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in (one, two):
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        for child in (one, two):
            assert child.wait(60) == 0
    for number in range(10):
        with SqliteStore(tmp_path / f"{number}.db") as store:
            assert store.load("a", "n") == "20"


def test_a_file_that_another_process_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "alice.db"
    script = """
        import sys
        from activesync.store import SqliteStore
        store = SqliteStore(sys.argv[1])
        with store.transaction("a"):
            store.save("a", {"key": "2"})
            print("writing", flush=True)
            sys.stdin.readline()
        """
    with SqliteStore(path, timeout=0.2) as store:
        store.save("a", {"key": "1"})
        with python(script, path) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "writing\n"
            assert store.load("a", "key") == "1"  # reading need not wait
            with pytest.raises(StoreError, match="held by another process"):
                store.save("a", {"key": "3"})
            with pytest.raises(StoreError, match="held by another process"), store.transaction("a"):
                pytest.fail("begun nevertheless")
        assert store.load("a", "key") == "2"
        store.save("a", {"key": "3"})
        assert store.load("a", "key") == "3"


# Bad files


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "alice.db") as store:
        store.save("a", {"key": "1"})
        store.connection.execute("UPDATE eas_state SET value = '2' WHERE account = ''")
    before = (tmp_path / "alice.db").read_bytes()
    with pytest.raises(StoreError, match=r"newer version .*layout is 2, this one knows 1"):
        SqliteStore(tmp_path / "alice.db")
    assert (tmp_path / "alice.db").read_bytes() == before


@pytest.mark.parametrize("version", ["", "x", "-1", "0", "²", "9" * 5000, None])
def test_a_layout_that_is_none(tmp_path: Path, version: str | None) -> None:
    with SqliteStore(tmp_path / "alice.db") as store:
        if version is None:
            store.connection.execute("DELETE FROM eas_state")
        else:
            store.connection.execute("UPDATE eas_state SET value = ?", (version,))
    with pytest.raises(StoreError, match="damaged"):
        SqliteStore(tmp_path / "alice.db")


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("account, name", ("", "schema")),
        ("account, name, value, more", ("", "schema", "1", None)),
        ("account, name, value, more NOT NULL", ("", "schema", "1", 5)),
        ("account, name, value CHECK (length(value) < 2)", ("", "schema", "1")),
        ("account, name, value REFERENCES elsewhere", ("", "schema", "1")),
    ],
)
def test_a_table_of_another_shape(tmp_path: Path, columns: str, row: tuple[object, ...]) -> None:
    """Its rows stay what they were."""
    path = tmp_path / "alice.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"CREATE TABLE eas_state ({columns})")
        db.execute(f"INSERT INTO eas_state VALUES ({', '.join('?' * len(row))})", row)
    with pytest.raises(StoreError, match="cannot be used"), SqliteStore(path) as store:
        store.connection.execute("PRAGMA foreign_keys = ON")
        store.save("a", {"one": "1", "two": "22"})
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM eas_state").fetchall() == [row]


def test_a_table_of_the_same_name_that_is_not_ours(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "alice.db")
    db.execute("CREATE TABLE eas_state (x)")
    db.close()
    with pytest.raises(StoreError, match="no such column"):
        SqliteStore(tmp_path / "alice.db")


@pytest.mark.parametrize("content", [b"hello", b"\x03\x01\x6a\x00" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "alice.db").write_bytes(content)
    with pytest.raises(StoreError, match="no SQLite database"):
        SqliteStore(tmp_path / "alice.db")
    assert (tmp_path / "alice.db").read_bytes() == content


DAMAGED = re.compile(
    r"damaged|no SQLite database|cannot be used \((unsupported file format|no such column)"
    r"|newer version|cannot be written"  # by bytes of its header that tell the version of the format
)


def trouble(action: Callable[[], object]) -> str:
    """What the StoreError says with which an action ends, "" where it ends well."""
    try:
        action()
    except StoreError as error:
        return str(error)
    return ""


def read_all(path: Path) -> None:
    with SqliteStore(path, timeout=0.1) as store:
        for name in store.names("a"):
            assert isinstance(CollectionState.from_json(store.load("a", name)).sync_key, str)


@pytest.mark.parametrize("seed", range(8))
def test_bytes_flipped_at_random(tmp_path: Path, seed: int) -> None:
    """A text or a StoreError, whatever was hit; and a file that is refused is left as it is."""
    path = tmp_path / "alice.db"
    with SqliteStore(path) as store:
        store.save("a", {f"collection/{number}": CollectionState(f"key{number}").to_json() for number in range(60)})
    whole = path.read_bytes()
    random = Random(seed)
    refused = 0
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(random.choice((1, 3, 30, 300))):
            # Half of them in the header and the root of the tables, where a single one matters.
            damaged[random.randrange(random.choice((200, len(damaged))))] = random.randrange(256)
        path.write_bytes(damaged)
        if told := trouble(lambda: read_all(path)):
            assert DAMAGED.search(told), told
            assert path.read_bytes() == damaged
            refused += 1
        for beside in tmp_path.glob("alice.db-*"):
            beside.unlink()
    assert refused > 5


@pytest.mark.parametrize("value", [5, 1.5, b"{}", b"\xff"])
@pytest.mark.parametrize("where", ["a", ""])
def test_a_value_of_another_type(tmp_path: Path, value: object, where: str) -> None:
    path = tmp_path / "alice.db"
    with SqliteStore(path) as store:
        store.save("a", {"key": "1"})
        store.connection.execute("DROP TABLE eas_state")
        store.connection.execute("CREATE TABLE eas_state (account, name, value)")
        rows = [("", "schema", "1"), ("a", "key", "1")]
        store.connection.executemany(
            "INSERT INTO eas_state VALUES (?, ?, ?)",
            [(account, name, value if account == where else kept) for account, name, kept in rows],
        )
    with pytest.raises(StoreError, match="is damaged"), SqliteStore(path) as store:
        store.load("a", "key")


@pytest.mark.parametrize("length", [0, 5, 99, 100, 4095, 4096, 4097, 8192])
def test_a_file_that_is_cut_off(tmp_path: Path, length: int) -> None:
    """Nothing is left of one of no bytes at all: that is a new one. All others are refused, and left as they are."""
    path = tmp_path / "alice.db"
    with SqliteStore(path) as store:
        store.save("a", {f"collection/{number}": "x" * 1000 for number in range(20)})
    cut = path.read_bytes()[:length]
    path.write_bytes(cut)
    if length == 0:
        with SqliteStore(path) as store:
            assert store.names("a") == []
        return
    with pytest.raises(StoreError, match=DAMAGED), SqliteStore(path) as store:
        [store.load("a", name) for name in store.names("a")]
    assert path.read_bytes() == cut


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "alice.db"
    with SqliteStore(path) as store:
        store.save("a", {f"collection/{number}": "x" * 1000 for number in range(200)})
        size = store.connection.execute("PRAGMA page_size").fetchone()[0]
    content = path.read_bytes()
    path.write_bytes(content[:size] + b"\xa5" * (len(content) - size))
    with pytest.raises(StoreError, match="is damaged"):
        SqliteStore(path)
    path.write_bytes(content[: 5 * size])
    with pytest.raises(StoreError, match="is damaged"), SqliteStore(path) as store:
        for number in range(200):
            store.load("a", f"collection/{number}")


def test_paths_that_cannot_be_files(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a directory"):
        SqliteStore(tmp_path)
    with pytest.raises(StoreError, match="directory does not exist"):
        SqliteStore(tmp_path / "nowhere" / "alice.db")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="directory does not exist"):
        SqliteStore(tmp_path / "file" / "alice.db")
    with pytest.raises(StoreError, match="no name"):
        SqliteStore("")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_full_disk(sqlite: SqliteStore) -> None:
    sqlite.save("a", {"key": "1"})
    pages = sqlite.connection.execute("PRAGMA page_count").fetchone()[0]
    sqlite.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="disk is full"):
        sqlite.save("a", {"key": "2", "large": "x" * 100_000})
    with pytest.raises(StoreError, match="disk is full"), sqlite.transaction("a") as db:
        db.execute("INSERT INTO mail VALUES ('m1')")
        sqlite.save("a", {"key": "2", "large": "x" * 100_000})
    assert sqlite.load("a", "key") == "1"
    assert mails(sqlite) == []
    sqlite.save("a", {"key": "3"})


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_store_that_has_failed_lets_go_of_its_file(sqlite: SqliteStore, tmp_path: Path) -> None:
    pages = sqlite.connection.execute("PRAGMA page_count").fetchone()[0]
    sqlite.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match="disk is full"):
        sqlite.save("a", {"large": "x" * 100_000})
    sqlite.close()
    (tmp_path / "text.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="no SQLite database"):
        SqliteStore(tmp_path / "text.db")
    links = [os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()]
    assert [link for link in links if link.startswith(str(tmp_path))] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_file_or_directory_that_may_not_be_written(what: str) -> None:
    with tempfile.TemporaryDirectory() as place:  # not tmp_path, which a user other than root could not enter
        path = Path(place, "alice.db")
        SqliteStore(path).close()
        path.chmod(0o444 if what == "file" else 0o666)
        os.chmod(place, 0o555)
        before = path.read_bytes()
        message = as_nobody(lambda: SqliteStore(path).save("a", {"key": "1"}))
        os.chmod(place, 0o700)
        assert path.read_bytes() == before
        assert os.listdir(place) == ["alice.db"]
    assert message.startswith(f"StoreError the store {path} cannot be ")


def as_nobody(action: Callable[[], object]) -> str:
    """The exception with which an action ends when it is done by a user who, unlike root, may not do everything."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of fork beside threads: this child takes no lock of theirs
        child = os.fork()
    if child == 0:
        message = "no exception"
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            action()
        except BaseException as error:  # noqa: BLE001 (written into the pipe)
            message = f"{type(error).__name__} {error}"
        finally:
            os.write(writing, message.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        message = pipe.read()
    os.waitpid(child, 0)
    return message


# A synchronisation whose store fails it


MAILS, WINDOW = 20, 5


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=MAILS, notes=0)) as running:
        yield running


def inbox(server: EASServer) -> list[str]:
    return sorted(server.mailbox.items(FolderType.INBOX))


def copied(path: Path) -> list[str]:
    """The ServerIds that the caller has kept in his table."""
    with closing(sqlite3.connect(path)) as db:
        return sorted(row[0] for row in db.execute("SELECT id FROM mail"))


def synchronise(
    connect: Open, path: Path, after: Callable[[int, SqliteStore], None] = lambda count, store: None
) -> None:
    """Keeps all mails of the inbox beside their key; ``after`` each page it gets how many there were."""
    with closing(SqliteStore(path, timeout=0.2)) as store:
        # As it is in a process of its own: the lease of one that is gone holds nothing.
        store.connection.execute("DELETE FROM eas_state WHERE name LIKE 'lease/%'")
        if not store.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'mail'").fetchall():
            store.connection.execute("CREATE TABLE mail (id TEXT PRIMARY KEY)")
        for count, page in enumerate(connect(store=store).sync("inbox", window=WINDOW), 1):
            with page.transaction() as db:
                db.executemany("INSERT INTO mail VALUES (?)", [(change.server_id,) for change in page.changes])
            after(count, store)


def raises_within(connect: Open, path: Path, match: str, after: Callable[[int, SqliteStore], None]) -> None:
    """A run that ends by a StoreError after two pages has these; the next one brings the rest, and nothing twice.

    PRIMARY KEY refuses what comes twice.
    """
    with pytest.raises(StoreError, match=match):
        synchronise(connect, path, after)
    assert len(copied(path)) == 2 * WINDOW


def test_a_store_that_becomes_read_only(connect: Open, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "alice.db"

    def after(count: int, store: SqliteStore) -> None:
        if count == 2:
            store.connection.execute("PRAGMA query_only = ON")

    raises_within(connect, path, "cannot be written", after)
    synchronise(connect, path)
    assert copied(path) == inbox(server)


def test_a_store_that_is_locked_meanwhile(connect: Open, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "alice.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:

        def after(count: int, store: SqliteStore) -> None:
            if count == 2:
                other.execute("BEGIN IMMEDIATE")

        raises_within(connect, path, "held by another process", after)
        other.execute("ROLLBACK")
    synchronise(connect, path)
    assert copied(path) == inbox(server)


def test_a_store_that_is_damaged_meanwhile(connect: Open, server: EASServer, tmp_path: Path) -> None:
    path = tmp_path / "alice.db"

    def after(count: int, store: SqliteStore) -> None:
        if count == 2:
            store.connection.execute("UPDATE eas_state SET value = '{' || value WHERE name LIKE 'collection/%'")

    with pytest.raises((StoreError, UsageError)):
        synchronise(connect, path, after)
    assert len(copied(path)) == 2 * WINDOW
    with pytest.raises(StoreError, match="damaged"):
        synchronise(connect, path)
    assert len(copied(path)) == 2 * WINDOW


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of resources")
def test_a_file_system_without_room(connect: Open, server: EASServer, tmp_path: Path) -> None:
    """No file of the process may grow beyond what it is after two pages: the third cannot be kept."""
    path = tmp_path / "alice.db"
    script = """
        import resource, signal, sys
        from activesync import Client
        from activesync.errors import StoreError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        path, url, window = sys.argv[1:]
        with Client(url, "alice", "secret", allow_http=True, store=path) as eas:
            eas.store.connection.execute("CREATE TABLE mail (id TEXT PRIMARY KEY, filling TEXT)")
            try:
                for count, page in enumerate(eas.sync("inbox", window=int(window)), 1):
                    with page.transaction() as db:
                        for change in page.changes:
                            db.execute("INSERT INTO mail VALUES (?, ?)", (change.server_id, "x" * 10_000))
                    if count == 2:
                        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
            except StoreError as error:
                print(error)
        """
    with python(script, path, server.url, WINDOW) as child:
        told, _ = child.communicate(timeout=30)
    assert told.startswith(f"the store {path} "), told
    assert "disk" in told
    assert len(copied(path)) == 2 * WINDOW
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.execute("ALTER TABLE mail DROP COLUMN filling")
    synchronise(connect, path)
    assert copied(path) == inbox(server)


class Failing(SqliteStore):
    """Refuses to keep anything, once, after so many saves."""

    saves = 1000

    def save(self, account: str, values: Mapping[str, str | None]) -> None:
        self.saves -= 1
        if self.saves == 0:
            raise StoreError("no room")
        super().save(account, values)


@pytest.mark.parametrize("saves", range(1, 13))
def test_each_save_in_turn_fails(connect: Open, server: EASServer, tmp_path: Path, saves: int) -> None:
    """The run ends by that error, whatever was to be kept. The next one brings what was not committed, and no more."""
    with closing(Failing(tmp_path / "alice.db")) as store:
        store.connection.execute("CREATE TABLE mail (id TEXT PRIMARY KEY)")
        eas = connect(store=store)

        def run() -> None:
            for page in eas.sync("inbox", window=WINDOW):
                with page.transaction() as db:
                    db.executemany("INSERT INTO mail VALUES (?)", [(change.server_id,) for change in page.changes])

        store.saves = saves
        told = trouble(run)
        assert told == ("" if store.saves > 0 else "no room")
        run()
        assert mails(store) == inbox(server)


@pytest.mark.parametrize("saves", [1, 2, 3, 4])
def test_a_change_goes_up_once_though_the_store_fails(
    connect: Open, server: EASServer, tmp_path: Path, saves: int
) -> None:
    """What cannot be journalled is not sent. What was sent, and could not be noted as done, is told later."""
    with closing(Failing(tmp_path / "alice.db")) as store:
        eas = connect(store=store)
        eas.folders()
        store.saves = saves
        with pytest.raises(StoreError, match="no room"):
            eas.apply("notes", [Add(item=Note(subject="Once"))])
        sent = saves == 4  # before that: the lease, the first key, the request
        assert names(server) == ["Once"] * sent
        told = [result.ok for page in eas.sync("notes") for result in page.results]
        assert told == [True] * sent
        assert names(server) == ["Once"] * sent


def names(server: EASServer) -> list[str | None]:
    """The subjects of all notes."""
    return [getattr(item, "subject", None) for item in server.mailbox.items(FolderType.NOTES).values()]


def test_two_stores_with_one_device_id(connect: Open, server: EASServer, tmp_path: Path) -> None:
    """The server knows one device: each store is told that its folder starts over where the other was there since."""
    one, two = (connect(store=tmp_path / f"{name}.db", device="D1") for name in ("one", "two"))
    for eas in (one, two):
        (page,) = eas.sync("inbox")
        assert not page.resync and sorted(change.server_id for change in page.changes) == inbox(server)
    for eas in (one, two):
        assert [(page.resync, page.changes) for page in eas.sync("inbox")] == [(True, [])], "he has it all"
    assert not list(two.sync("inbox")), "nothing is new to the one that was there last"


def test_a_device_id_that_is_another_ones_now(connect: Open, server: EASServer, tmp_path: Path) -> None:
    """A store that is opened for another device starts over, as that, and tells what is new to the caller."""
    path = tmp_path / "alice.db"
    with connect(store=path, device="D1") as eas:
        list(eas.sync("inbox"))
    new = server.mailbox.add(FolderType.INBOX, Email(subject="New"))
    again = connect(store=path, device="D2")
    (page,) = again.sync("inbox")
    assert page.resync and [change.server_id for change in page.changes] == [new]
    assert not list(again.sync("inbox"))


WRONG: Any = [None, 5, 1.5, True, [], {}, [{}], [5]]


@pytest.mark.parametrize("name", ["session", "folders", "collection/1"])
def test_what_is_kept_is_not_what_it_should_be(eas: Client, server: EASServer, name: str) -> None:
    """Each value in turn is of another type, missing, or cut off: a run ends as it should, or by a StoreError."""
    list(eas.sync("inbox"))
    account = eas.session.account
    whole = {one: eas.store.load(account, one) for one in ("device", "session", "folders", "collection/1")}
    text = whole[name]
    assert text is not None
    kept = json.loads(text)
    bad = [json.dumps(kept | {key: value}) for key in kept for value in WRONG if value != kept[key]]
    bad += [json.dumps({one: value for one, value in kept.items() if one != key}) for key in kept]
    bad += ["[]", "5", "null", "{", text[: len(text) // 2], "\0"]
    ended = []
    for one in bad:
        store = MemoryStore()
        store.save(account, whole | {name: one})
        told = trouble(partial(again, server, store))
        if told:
            assert "damaged" in told
            assert store.load(account, name) == one, "what is there is left for those who may mend it"
        ended.append(bool(told))
    assert any(ended)


def again(server: EASServer, store: MemoryStore) -> None:
    # An empty list of folders is one: there is nothing wrong with it but that.
    with client(server, store=store) as eas, suppress(UnknownFolderError):
        list(eas.sync("inbox"))


@pytest.mark.parametrize("name", ["../../x", "/x", "..", "\0", "a\\..\\b", "x" * 5000])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    home = tmp_path / "a" / "b" / "c"
    home.mkdir(parents=True)
    with SqliteStore(home / "alice.db") as store:
        store.save(name, {name: name, f"collection/{name}": name})
        assert store.load(name, name) == name
        assert len(store.names(name)) == 2
        with store.transaction(name):
            store.save(name, {name: None})
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()] == [Path("a/b/c/alice.db")]
