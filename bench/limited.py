"""What the Limited API would cost the kernel: python -m bench.limited.

limited.c does what the kernel does most with Python's objects. It is compiled twice, once as the kernel is and once
with Py_LIMITED_API for Python 3.11, and both are timed in turns.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import math
import subprocess
import sys
import sysconfig
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_suffix(".c")
TIMES = 20_000
TEXT = b"alice@example.test"


class Fields:
    """As a Model's instance with eight fields."""

    __slots__ = ("a", "b", "c", "d", "e", "f", "g", "h")

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, None)


PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
WORK = {
    "make_str": ("make a str of 18 ASCII characters", lambda: (TEXT, None)),
    "read_str": ("read a str that is new", lambda: ([(b"%d%b" % (i, TEXT)).decode() for i in range(TIMES)], None)),
    "set_fields": ("store 8 fields of an instance", lambda: (Fields(), Fields.__slots__)),
    "get_fields": ("read 8 fields of an instance", lambda: (Fields(), Fields.__slots__)),
    "make_datetime": ("make a datetime", lambda: (datetime, UTC)),
    "read_datetime": ("read a datetime", lambda: (datetime.now(UTC), PARTS)),
}
"""What is done by the names of limited.c, in words, and on what."""


def compiled(folder: Path, *options: str) -> Any:
    """The module that limited.c is with these options of the compiler. Raises OSError or CalledProcessError."""
    target = folder / "limited.so"
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    include = sysconfig.get_path("include")
    subprocess.run([*compiler, "-shared", "-fPIC", "-O3", *options, f"-I{include}", SOURCE, "-o", target], check=True)
    loader = importlib.machinery.ExtensionFileLoader("limited", str(target))
    spec = importlib.util.spec_from_loader("limited", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def measured() -> list[tuple[str, float, float]]:
    """What is done, and the seconds it takes as the kernel does it and by the Limited API."""
    found = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        modules = [compiled(Path(one)), compiled(Path(other), "-DPy_LIMITED_API=0x030B0000")]
        for name, (words, arguments) in WORK.items():
            best = [math.inf, math.inf]
            for _ in range(25):
                for number, module in enumerate(modules):
                    a, b = arguments()
                    start = time.perf_counter()
                    getattr(module, name)(a, b, TIMES)
                    best[number] = min(best[number], (time.perf_counter() - start) / TIMES)
            found.append((words, best[0], best[1]))
    return found


def table(found: list[tuple[str, float, float]]) -> str:
    """The same in Markdown, in nanoseconds."""
    lines = ["| | as it ships | Limited API | |", "|---|--:|--:|--:|"]
    for words, ours, limited in found:
        lines.append(f"| {words} | {ours * 1e9:.0f} ns | {limited * 1e9:.0f} ns | {limited / ours:.1f} times |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.implementation.name != "cpython":
        sys.exit("bench.limited: only CPython has what is compared here")
    print(table(measured()))
