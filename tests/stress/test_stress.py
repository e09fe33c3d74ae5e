"""The short form of ``make stress``, and that its checks notice what they look for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from activesync import state
from activesync.commands import FolderChange, SoftDelete
from activesync.effects import Save
from activesync.flows import course, known, up
from activesync.flows.course import Course
from activesync.hierarchy import Hierarchy
from activesync.items import CalendarEvent
from activesync.session import Session

from . import schedules

SHORT = 500
# The module, whose name in the package is that of its function.
folders: Any = import_module("activesync.flows.folders")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["Client", "AsyncClient"])
def test_nothing_is_lost_doubled_or_wrong(asynchronous: bool) -> None:
    total: Counter[str] = Counter()
    met: Counter[str] = Counter()
    done: Counter[str] = Counter()
    for seed in range(SHORT):
        told = schedules.play(seed, asynchronous=asynchronous)
        total.update(requests=told.requests, pages=told.pages, crashes=told.crashes, resyncs=told.resyncs)
        met.update(told.faults)
        done.update(told.done)
    # They are what they are made for: full of faults.
    assert total["crashes"] > SHORT and total["resyncs"] > SHORT // 3 and total["pages"] > 3 * SHORT
    assert set(met) == {name for name, _ in schedules.FAULTS}
    assert set(done) == schedules.EVENTS and min(done.values()) > SHORT // 100, done


def loses_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of a page is not delivered, and its key is kept."""
    deliver = course.Deliver

    def early(page: Any, values: Any, expected: Any) -> Any:
        del page.changes[:1]
        return deliver(page, values, expected)

    monkeypatch.setattr(course, "Deliver", early)


def takes_silence_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose answer was lost counts as not done."""

    def refused(session: Any, folder: Any, kept: state.CollectionState) -> Any:
        return [up._told(change, 3) for change in up._pending_changes(kept)], kept
        yield

    monkeypatch.setattr(up, "_settle_earlier", refused)


def sends_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose answer was lost is made anew, with other ids, as naive clients do."""
    settle = up._settle

    def anew(session: Any, folder: Any, kept: state.CollectionState, resent: int | None = None) -> Any:
        assert kept.pending is not None
        if resent is None:
            kept = replace(kept, pending=kept.pending.replace(b"\x03c", b"\x03d"))
        return (yield from settle(session, folder, kept, resent))

    monkeypatch.setattr(up, "_settle", anew)


def keeps_what_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that starts over does not tell of deletions."""
    monkeypatch.setattr(known.StartingOver, "gone", lambda self, **options: [])


def sees_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that starts over takes every item for what it was."""
    monkeypatch.setattr(known, "_digest", lambda change: "0,0,,,,")


def tells_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that starts over tells what the caller has."""
    monkeypatch.setattr(known.StartingOver, "sifted", lambda self, changes, told: (changes, set()))


def keeps_folders_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of a folder stays when the folder goes."""

    def kept(known: Hierarchy, changed: Hierarchy) -> Any:
        yield Save({"folders": changed.to_json()})
        return changed

    monkeypatch.setattr(folders, "_keep_folders", kept)


def forgets_all_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folders are asked for anew, what is kept of each goes."""
    keep = folders._keep_folders

    def anew(known: Hierarchy, changed: Hierarchy) -> Any:
        if known.sync_key == state.FIRST_KEY:
            yield from keep(known, Hierarchy())
        return (yield from keep(known, changed))

    monkeypatch.setattr(folders, "_keep_folders", anew)


def misses_new_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stays where it is, and is called what it was."""
    changed = Hierarchy.changed

    def unchanged(self: Hierarchy, key: str, changes: Any) -> Hierarchy:
        return changed(self, key, [one for one in changes if not isinstance(one, FolderChange)])

    monkeypatch.setattr(Hierarchy, "changed", unchanged)


def mixes_up_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two accounts of one server have one name in the store."""
    monkeypatch.setattr(Session, "account", property(lambda self: "alice@localhost"))


def lets_nothing_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a filter takes out of the folder is not told."""
    deliver = course.Deliver

    def without(page: Any, values: Any, expected: Any) -> Any:
        page.changes[:] = [one for one in page.changes if not isinstance(one, SoftDelete)]
        return deliver(page, values, expected)

    monkeypatch.setattr(course, "Deliver", without)


def sees_no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that starts over takes a series for what it was, whatever has become of its instances."""
    digest = known._digest

    def without(change: Any) -> str:
        if isinstance(change.item, CalendarEvent):
            change = replace(change, item=replace(change.item, exceptions=None))
        return digest(change)

    monkeypatch.setattr(known, "_digest", without)


def hands_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was handed out before an answer was lost comes again with the next one."""
    began = Course.began

    def anew(self: Course) -> None:
        began(self)
        self._repeated = None

    monkeypatch.setattr(Course, "began", anew)


def takes_what_is_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come of a folder counts though the folder was changed while the caller had another one's page."""
    took = Course.took

    def alone(self: Course, answer: Any, asked: Any) -> Any:
        answer.collections = dict(enumerate(answer.of(self.folder)))
        return (yield from took(self, answer, [self.folder.collection_id]))

    monkeypatch.setattr(Course, "took", alone)


SABOTEURS = [
    loses_a_page,
    takes_silence_for_a_refusal,
    sends_anew,
    keeps_what_is_gone,
    sees_no_difference,
    tells_everything,
    keeps_folders_that_are_gone,
    forgets_all_folders,
    misses_new_names,
    mixes_up_accounts,
    lets_nothing_grow_old,
    sees_no_exceptions,
    hands_out_twice,
    takes_what_is_out_of_date,
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("spoil", SABOTEURS, ids=lambda one: one.__name__)
def test_a_client_that_does_it_wrong_is_noticed(
    spoil: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    with pytest.raises(schedules.Wrong):
        for seed in range(400):
            schedules.play(seed, asynchronous=False)
