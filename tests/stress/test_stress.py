"""The short form of ``make stress``, and that its checks notice what they look for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from activesync import state
from activesync.flows import down, known, up

from . import schedules

SHORT = 500


@pytest.mark.timeout(900)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["Client", "AsyncClient"])
def test_nothing_is_lost_doubled_or_wrong(asynchronous: bool) -> None:
    total: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for seed in range(SHORT):
        told = schedules.play(seed, asynchronous=asynchronous)
        total.update(requests=told.requests, pages=told.pages, crashes=told.crashes, resyncs=told.resyncs)
        met.update(told.faults)
    # They are what they are made for: full of faults.
    assert total["crashes"] > SHORT and total["resyncs"] > SHORT // 3 and total["pages"] > 4 * SHORT
    assert set(met) == {name for name, _ in schedules.FAULTS}


def loses_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of a page is not delivered, and its key is kept."""
    deliver = down.Deliver

    def early(page: Any, values: Any, expected: Any) -> Any:
        del page.changes[:1]
        return deliver(page, values, expected)

    monkeypatch.setattr(down, "Deliver", early)


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
            kept = up.replace(kept, pending=kept.pending.replace(b"\x03c", b"\x03d"))
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
    monkeypatch.setattr(known.StartingOver, "sifted", lambda self, changes, told: (changes, frozenset()))


SABOTEURS = [
    loses_a_page,
    takes_silence_for_a_refusal,
    sends_anew,
    keeps_what_is_gone,
    sees_no_difference,
    tells_everything,
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("spoil", SABOTEURS, ids=lambda one: one.__name__)
def test_a_client_that_does_it_wrong_is_noticed(
    spoil: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    with pytest.raises(schedules.Wrong):
        for seed in range(150):
            schedules.play(seed, asynchronous=False)
