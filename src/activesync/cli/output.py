"""What the commands print: JSON, tables, and the bar that shows how far a synchronisation has come."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self, TextIO

import click

from ..plain import plain

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress

    from ..session import Stats


def clean(value: object) -> str:
    """The value as text in one line without control characters, which could write anywhere on a terminal."""
    return "".join(" " if unicodedata.category(one) in _HARMFUL else one for one in str(value))


# Controls, marks that change the direction of text, and ends of lines. Surrogates cannot be written at all.
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def emit(as_json: bool, data: object, draw: Callable[[], None]) -> None:
    """Prints the data as one line of JSON, or draws it for people."""
    if not as_json:
        draw()
        return
    readable = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(plain(data), ensure_ascii=not readable))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", numbers: str = "") -> None:
    """Prints a table: drawn on a terminal, in a pipe as text in columns with nothing cut off.

    ``numbers`` names the columns that are set to the right, separated by spaces.
    """
    right = [column in numbers.split() for column in columns]
    cells = [["" if cell is None else clean(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
        for column, is_right in zip(columns, right, strict=True):
            drawn.add_column(column, justify="right" if is_right else "left", overflow="fold")
        for row in cells:
            drawn.add_row(*(Text(cell) for cell in row))
        Console().print(drawn)
        return
    if title:
        click.echo(title)
    lines = [[column.upper() for column in columns], *cells]
    widths = [max(_width(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        padded = []
        for cell, width, is_right in zip(line, widths, right, strict=True):
            space = " " * (width - _width(cell))
            padded.append(space + cell if is_right else cell + space)
        click.echo("  ".join(padded).rstrip())


def _width(text: str) -> int:
    """How many columns the text takes: wide characters two, combining ones none."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Prints lines of a name and a value; those without a value are left out."""
    shown = [(name, clean(value)) for name, value in pairs if value not in (None, "")]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name + ':':<{width + 1}}  {value}")


def size(count: float) -> str:
    """A number of bytes for people."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


class Bar:
    """A bar on a terminal: items done of those that are expected, items a second, bytes. In a pipe it is nothing.

    ``stats`` are the client's, from which the bytes are read while they arrive. It writes to ``stream``, stderr as a
    rule, so that stdout has the result alone.
    """

    def __init__(self, stats: Stats, *, shown: bool = True, stream: TextIO | None = None) -> None:
        self._progress: Progress | None = None
        self._done = 0
        stream = stream or sys.stderr
        self.shown = shown and stream.isatty()
        if self.shown:
            self._progress = _progress(stats, stream)
            self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def expect(self, count: int) -> None:
        """Says how many items there will be in all, from here on."""
        if self._progress:
            self._done = 0
            self._progress.reset(self._task, total=count)

    def about(self, what: str) -> None:
        """Says what is being done."""
        if self._progress:
            self._progress.update(self._task, description=clean(what))

    def advance(self, count: int) -> None:
        """Says that so many more items are done."""
        if self._progress:
            self._done += count
            total = self._progress.tasks[self._task].total
            # An estimate is no promise: more may come.
            self._progress.update(self._task, completed=self._done, total=total and max(total, self._done))


def _progress(stats: Stats, stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Counts(ProgressColumn):
        def render(self, task: Task) -> Text:
            expected = "" if task.total is None else f"/{task.total:.0f}"
            speed = task.finished_speed or task.speed
            rate = f"{speed:.0f} items/s" if speed else "– items/s"
            return Text(f"{task.completed:.0f}{expected} items  {rate}  {size(stats.received)}")

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            left = task.time_remaining
            return Text("" if task.total is None or left is None else f"{timedelta(seconds=int(left))} left")

    columns: list[Any] = [
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        Counts(),
        TimeElapsedColumn(),
        Left(),
    ]
    return Progress(*columns, console=Console(file=stream), transient=True)


__all__ = ["Bar", "clean", "emit", "facts", "size", "table"]
