"""make stress: what loses nothing under failure, tried at random and at size, with the figures that it is held to.

    python -m tests.stress [--short] [--json]

The whole of it takes about three quarters of an hour, --short a few minutes. It fails where something was lost, came
twice or is not true; a figure of speed that is missed on a busy machine is told, and does not fail it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import wbxml

from . import accounts, kill, schedules, size


@dataclass
class Figure:
    """One line of the table: what was tried, what came out, what is wanted, and whether that is so; None: no matter."""

    what: str
    figure: str
    wanted: str
    met: bool | None


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A line on a terminal that says how far it is."""
    begun = time.monotonic()

    def tell(done: int) -> None:
        if sys.stderr.isatty() and (done % 25 == 0 or done == total):
            left = (time.monotonic() - begun) / max(done, 1) * (total - done)
            print(f"\r{what}: {done} of {total}, {left:.0f} s left ", end="", file=sys.stderr, flush=True)

    yield tell
    if sys.stderr.isatty():
        print("\r" + " " * 78 + "\r", end="", file=sys.stderr, flush=True)


def _schedules(count: int) -> list[Figure]:
    found = []
    for name, asynchronous in (("Client", False), ("AsyncClient", True)):
        requests = crashes = resyncs = 0
        with _progress(f"schedules, {name}", count // 2) as tell:
            for seed in range(count // 2):
                told = schedules.play(seed, asynchronous=asynchronous)
                requests, crashes = requests + told.requests, crashes + told.crashes
                resyncs += told.resyncs
                tell(seed + 1)
        done = f"{requests:,} requests, {crashes:,} crashes, {resyncs:,} folders that started over: nothing lost"
        found.append(
            Figure(f"{count // 2:,} random fault schedules, {name}", done, "nothing lost, doubled or wrong", True)
        )
    return found


def _killed(count: int, directory: Path) -> list[Figure]:
    with _progress("kill -9", count) as tell:
        done = kill.run(directory, count, tell=tell)
    said = f"{done.requests:,} requests, {done.intents:,} times of changes of its own, {done.items:,} items: exact"
    return [Figure(f"kill -9, {done.kills} times, and started again", said, "nothing lost or doubled", True)]


def _sized(mails: int, directory: Path) -> list[Figure]:
    found = []
    with size.serving(mails, directory) as (plain, secure):
        typed = size.measured("typed", plain, directory)
        kept = size.measured("sqlite", plain, directory)
        os.environ["REQUESTS_CA_BUNDLE"] = str(directory / "ca.pem")
        os.environ.pop("CURL_CA_BUNDLE", None)
        both = size.measured("typed", secure, directory), size.measured("peer", secure, directory, min(mails, 10_000))
    what = f"{mails:,} mails of {size.BODY} bytes, pages of {size.WINDOW}"
    compiled = wbxml.__impl__ == "c"
    for took, most in ((typed, 8.0), (kept, 30.0)):
        into = "typed objects" if took is typed else "SQLite"
        met = took.cpu <= most if compiled else None
        found.append(Figure(f"{what}, into {into}: processor", f"{took.cpu:.1f} µs a mail", f"at most {most:.0f}", met))
        found.append(Figure(f"{what}, into {into}: memory", f"{took.memory:.1f} MB more", "under 20", took.memory < 20))
    ours, peer = both
    ratio = peer.cpu / ours.cpu
    told = f"{peer.cpu:.0f} µs to {ours.cpu:.1f} µs: {ratio:.1f} times"
    found.append(Figure("pyactivesync for the same pages, over TLS", told, "at least 5 times", ratio >= 5))
    return found


def _together(count: int, mails: int) -> list[Figure]:
    done = accounts.run(count, mails)
    ratio = done.slowest / done.median
    told = f"{done.items:,} items in {done.seconds:.1f} s, the slowest {ratio:.2f} times the median"
    return [Figure(f"{count} accounts at once in one process", told, "at most 3 times", ratio <= 3)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description="Synchronisation under failure.")
    parser.add_argument("--short", action="store_true", help="a tenth of it and less, in a few minutes")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    options = parser.parse_args()
    begun, short = time.monotonic(), options.short
    found: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            found += _schedules(1_000 if short else 10_000)
            found += _killed(15 if short else 300, directory)
            found += _sized(5_000 if short else 100_000, directory)
            found += _together(30 if short else 300, 20)
    except schedules.Wrong as error:
        print(f"WRONG: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
        return 0
    widths = [max(len(row[column]) for row in (_row(one) for one in found)) for column in range(3)]
    for one in found:
        mark = {True: "yes", False: "missed", None: ""}[one.met]
        print("  ".join(text.ljust(width) for text, width in zip(_row(one), widths, strict=True)), mark)
    print(f"in {time.monotonic() - begun:.0f} s; the table for SQLite: {' '.join(size.SCHEMA.split())}")
    return 0


def _row(one: Figure) -> tuple[str, str, str]:
    return one.what, one.figure, one.wanted


if __name__ == "__main__":
    sys.exit(main())
