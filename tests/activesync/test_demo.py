"""The demonstration: it does what it says, and fails where something is not right."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wbxml
from activesync import Change, FolderType
from activesync.cli.demo import DemoError, expect
from activesync.flows import Contents
from activesync.mirror import Mirror, Taken
from activesync.testing import Mailbox, sample_mailbox

from .terminal import environment, in_pipe, on_terminal, run


def test_it_synchronises_everything_and_says_how_fast(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = tmp_path / "demo.db"
    ended = run(capsys, "demo", "--json", "--keep", str(store))
    assert (ended.code, ended.err) == (0, "")
    shown = json.loads(ended.out)
    steps = {step["name"]: step for step in shown["steps"]}
    assert steps["first estimate"]["items"] == steps["first synchronisation"]["items"] == 2500
    assert steps["second estimate"]["items"] == steps["second synchronisation"]["items"] > 5
    assert steps["third estimate"]["items"] == 0
    for name in ("changes on the server", "changes on the client", "search of the mailbox", "out-of-office replies"):
        assert steps[name]["items"] > 0
    assert shown["kernel"] == wbxml.__impl__
    assert shown["store"] == str(store)
    assert 0 < shown["seconds"] < 30
    assert shown["bytes_received"] > 1_000_000
    reader = sqlite3.connect(store)
    try:
        counts = dict(reader.execute("SELECT class, count(*) FROM items GROUP BY class").fetchall())
    finally:
        reader.close()
    # One mail came and one went to the deleted ones; a contact and a note came, a task went.
    assert counts == {"Email": 2001, "Contacts": 201, "Calendar": 200, "Tasks": 49, "Notes": 51}


def test_it_prints_a_table_in_a_pipe_and_a_bar_on_a_terminal(tmp_path: Path) -> None:
    ended = in_pipe("demo", env=environment())
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"^first synchronisation +2500 +\d+\.\d\d +\d+ +3\.\d MB$", ended.out, re.MULTILINE)
    assert re.search(
        r"^All as it must be, in \d+\.\d s: protocol 16\.1, .* (compiled|Python) kernel\.$", ended.out, re.MULTILINE
    )
    assert "items/s " not in ended.out
    ended = on_terminal("demo", "--keep", str(tmp_path / "demo.db"), env=environment())
    assert ended.code == 0
    assert re.search(r"\d+/2500 items  \d+ items/s", ended.out)
    assert "Look at it: sqlite3" in ended.out


def test_it_does_not_write_into_a_file_that_exists(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = tmp_path / "demo.db"
    store.write_text("mine")
    ended = run(capsys, "demo", "--keep", str(store))
    assert ended.code == 2
    assert "exists already" in ended.failure
    assert store.read_text() == "mine"


def _forget_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Mirror.take

    def forgetful(self: Mirror, page: Contents, db: Any) -> Taken:
        page.changes[:] = [change for change in page.changes if not isinstance(change, Change)]
        return take(self, page, db)

    monkeypatch.setattr(Mirror, "take", forgetful)


def _garble_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Mirror.take

    def careless(self: Mirror, page: Contents, db: Any) -> Taken:
        taken = take(self, page, db)
        db.execute("UPDATE items SET data = replace(data, 'Quittenmarmelade', 'Jam')")
        return taken

    monkeypatch.setattr(Mirror, "take", careless)


def _lose_a_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    delete = Mailbox.delete

    def unwilling(self: Mailbox, server_id: str) -> None:
        if server_id not in self.items(FolderType.TASKS):
            delete(self, server_id)

    monkeypatch.setattr(Mailbox, "delete", unwilling)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_forget_a_change, "items of the second synchronisation: "),
        (_garble_an_item, "in Inbox: "),
        (_lose_a_delete, "items that are due: "),
    ],
)
def test_it_fails_where_something_is_not_right(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[pytest.MonkeyPatch], None],
    words: str,
) -> None:
    monkeypatch.setattr(
        "activesync.testing.sample_mailbox",
        lambda: sample_mailbox(mails=20, contacts=3, events=3, tasks=3, notes=3),
    )
    spoil(monkeypatch)
    ended = run(capsys, "demo")
    assert ended.code == DemoError.exit_code != 0
    assert words in ended.failure
    assert "where it must be" in ended.failure


def test_an_expectation_that_fails_is_short() -> None:
    expect("number", 1, 1)
    with pytest.raises(DemoError, match=r"^list: \[0, 0, .*…, where it must be \[\]$") as error:
        expect("list", [0] * 10_000, [])
    assert len(str(error.value)) < 400
