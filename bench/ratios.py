"""The figures that the project is held to: how many times faster than others, and how much memory.

    python -m bench.ratios [--rounds 15] [--json FILE] [--docs FOLDER]

Everything is measured in turns within one process, over eight different documents of each kind, so that what else the
machine does is shared by all. What counts is the best of the rounds. Objects to be encoded are built anew each time;
the garbage collector is on. With --docs, benchmarks.md and its pictures are written there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import wbxml

from . import documents
from .contenders import Contender, Sample, available

Cell = tuple[str, str]  # a contender and its job

SLOW = {"libwbxml", "pyactivesync", "json", "lxml", "ElementTree"}
"""Measured in every third round alone: they take most of the time."""


@dataclass(frozen=True)
class Figure:
    """A ratio: how many times longer ``theirs`` takes than ``ours``, as the geometric mean over kinds of documents."""

    title: str
    ours: Cell
    theirs: Cell
    kinds: str
    must: float
    aim: float


MODELS = "wbxml, models"
DECODE, ENCODE = ("wbxml", "decode"), (MODELS, "encode")
PYACTIVESYNC = ("pyactivesync", "decode"), ("pyactivesync", "encode")
TYPED = ("msgspec, typed", "decode")
RATIOS = [
    Figure("decode, against orjson.loads", ("wbxml", "decode"), ("orjson", "decode"), "bcdefg", 8, 12),
    Figure("decode, against libwbxml to XML", ("wbxml", "decode"), ("libwbxml", "decode"), "bcdefg", 70, 95),
    Figure("decode, against pyactivesync", ("wbxml", "decode"), ("pyactivesync", "decode"), "bcfg", 150, 230),
    Figure("decode and read two fields of every item", ("wbxml", "fields"), ("orjson", "fields"), "cdefg", 4.5, 7.5),
    Figure("the same for folders", ("wbxml", "fields"), ("orjson", "fields"), "b", 1.8, 2.3),
    Figure("decode and walk, against orjson and a walk", ("wbxml", "walk"), ("orjson", "walk"), "bcdefg", 1.5, 2.5),
    Figure("decode to models, against msgspec Structs", (MODELS, "decode"), TYPED, "bcdefg", 1.3, 1.8),
    Figure("encode models, against orjson.dumps", ENCODE, ("orjson, typed", "encode"), "bcdefg", 1.5, 2.2),
    Figure("encode models, against pyactivesync", (MODELS, "encode"), ("pyactivesync", "encode"), "bcfg", 40, 75),
    Figure("encode models, against libwbxml from XML", (MODELS, "encode"), ("libwbxml", "encode"), "bcdefg", 60, 100),
    Figure("a tiny document: decode, against orjson", ("wbxml", "decode"), ("orjson", "decode"), "a", 3, 6),
    Figure("a tiny document: encode, against orjson", ENCODE, ("orjson, typed", "encode"), "a", 2, 2.7),
]  # fmt: skip
PYTHON_RATIOS = [
    Figure("Python kernel: decode, against pyactivesync", DECODE, PYACTIVESYNC[0], "bcfg", 3, 4),
    Figure("Python kernel: encode, against pyactivesync", ENCODE, PYACTIVESYNC[1], "bcfg", 1.5, 2),
]  # fmt: skip


@dataclass(frozen=True)
class Reached:
    """A figure as it came out. ``least`` is whether more is worse; ``each`` has it for each kind of document."""

    title: str
    value: float
    must: float
    aim: float
    unit: str = "times"
    least: bool = False
    each: dict[str, float] | None = None

    @property
    def ok(self) -> bool:
        if self.least:
            return self.value <= self.must
        # No single document may fall far behind.
        return self.value >= self.must and all(one >= self.must * 2 / 3 for one in (self.each or {}).values())


def measure(cells: dict[Cell, Contender], samples: list[Sample], rounds: int) -> dict[Cell, float]:
    """The seconds that a document takes in each cell, at best."""
    kind = samples[0].kind
    # A tiny document many times over, since the clock is too coarse for it.
    many = 60 if kind == "a" else 1
    kept: dict[Cell, list[Any]] = {}
    best: dict[Cell, float] = {}
    for (name, job), contender in cells.items():
        for sample in samples[:2]:
            contender.check(job, sample)
        best[name, job] = math.inf
    for number in range(rounds):
        for cell, contender in cells.items():
            name, job = cell
            if name in SLOW and number % 3:
                continue
            fresh = job == "encode" and name not in SLOW
            if not fresh and cell not in kept:
                kept[cell] = contender.arguments(job, samples) * many
            call = contender.call(job, kind)
            # Some passes over the documents: the first finds the processor's caches full of somebody else's work.
            passes, spent = 0, 0.0
            while passes < 5 and spent < 0.05:
                if fresh:
                    arguments = [one for _ in range(many) for one in contender.arguments(job, samples)]
                else:
                    arguments = kept[cell]
                start = time.perf_counter()
                deque(map(call, arguments), 0)
                taken = time.perf_counter() - start
                best[cell] = min(best[cell], taken / len(arguments))
                spent += taken
                passes += 1
    return best


def measure_all(figures: list[Figure], kinds: str, rounds: int, *, everything: bool) -> dict[str, dict[Cell, float]]:
    """The seconds of each cell, by kinds of documents: those that the figures need, or with ``everything`` all."""
    contenders, missing = available()
    for name, reason in missing.items():
        print(f"{name} is not installed, and left out: {reason}", file=sys.stderr)
    times: dict[str, dict[Cell, float]] = {}
    for kind in kinds:
        needed = {cell for one in figures if kind in one.kinds for cell in (one.ours, one.theirs)}
        cells: dict[Cell, Contender] = {}
        for name, contender in contenders.items():
            for job, able in contender.jobs.items():
                if kind in able and ((name, job) in needed or (everything and job in ("decode", "encode"))):
                    cells[name, job] = contender
        samples = [Sample(kind, seed) for seed in documents.SEEDS]
        note(
            f"{kind}: {documents.KINDS[kind][0]}, {sum(len(one.data) for one in samples) // len(samples):,} bytes each"
        )
        times[kind] = measure(cells, samples, rounds if kind != "e" else max(3, rounds // 3))
        documents.content.cache_clear()
    return times


def reached(figures: list[Figure], times: dict[str, dict[Cell, float]]) -> list[Reached]:
    """What came out for each figure whose contenders are there."""
    found = []
    for one in figures:
        each = {
            kind: times[kind][one.theirs] / times[kind][one.ours]
            for kind in one.kinds
            if one.theirs in times.get(kind, {}) and one.ours in times[kind]
        }
        if each:
            mean = math.exp(sum(math.log(value) for value in each.values()) / len(each))
            found.append(Reached(one.title, mean, one.must, one.aim, each=each))
    return found


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# -- Figures of other kinds -------------------------------------------------------------------------------------------


def large_opaque() -> list[Reached]:
    """Decoding and encoding a message of 10 MB."""
    from wbxml import ComposeMail, Model, field

    class SendMail(Model, tag=ComposeMail.SendMail):
        client_id: str | None = field(ComposeMail.ClientId)
        save: bool = field(ComposeMail.SaveInSentItems, flag=True)
        mime: bytes | None = field(ComposeMail.Mime)

    data = Sample("h", 0).data
    best = math.inf
    for _ in range(200):
        start = time.perf_counter()
        view = wbxml.decode(data).root[2].view
        best = min(best, time.perf_counter() - start)
    assert len(view) == 10 << 20
    model = wbxml.decode(data, type=SendMail)
    tracemalloc.start()
    try:
        written = wbxml.encode(model)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written == data
    return [
        Reached("one opaque of 10 MB: decode and .view", best * 1e6, 5, 5, "µs", least=True),
        Reached(
            "one opaque of 10 MB: peak of memory while encoding", peak / len(data), 1.05, 1.05, "times", least=True
        ),
    ]


def two_threads() -> Reached:
    """How much more two threads decode than one."""
    datas = [Sample("d", seed).data for seed in documents.SEEDS] * 40

    def work() -> None:
        deque(map(wbxml.decode, datas), 0)

    best = 0.0
    # Often, since whoever else uses the second core for a moment takes it from one of the two.
    for _ in range(40):
        start = time.perf_counter()
        work()
        alone = time.perf_counter() - start
        threads = [threading.Thread(target=work) for _ in range(2)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = max(best, 2 * alone / (time.perf_counter() - start))
    return Reached("two threads decoding, against one", best, 1.7, 1.9)


def retained() -> Reached:
    """The memory that a Document keeps beyond its input, an element."""
    each = {}
    for kind in "bcdefg":
        sample = Sample(kind, 0)
        wbxml.decode(sample.data)
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            document = wbxml.decode(sample.data)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert document.raw is sample.data
        each[kind] = (after - before) / sample.count
    return Reached("memory of a Document, an element", max(each.values()), 24, 16, "bytes", least=True, each=each)


def large_stream() -> list[Reached]:
    """Decoding 1 GB while it arrives, in a process of its own."""
    code = "from bench.ratios import stream; stream(1 << 30)"
    found = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    return [
        Reached("iterdecode of 1 GB: memory over the start", found["memory"] / (1 << 20), 64, 64, "MB", least=True),
        Reached("iterdecode of 1 GB: speed", found["speed"] / 1e9, 0.7, 2, "GB/s"),
    ]


def stream(size: int) -> None:
    """Prints as JSON what it takes to decode an answer with mails of 2 KB as it arrives."""
    answers = [Sample("d", seed).data for seed in documents.SEEDS]
    # The mails alone, on the page on which the answer leaves them.
    spans = [(data.index(b"\x47\x4d\x03"), len(data) - 4) for data in answers]
    head = answers[0][: spans[0][0]]
    parts = [data[start:end] for (start, end), data in zip(spans, answers, strict=True)]
    count = 0

    def chunks() -> Iterator[bytes]:
        yield head
        sent = 0
        while sent < size:
            for part in parts:
                for start in range(0, len(part), 1 << 16):
                    yield part[start : start + (1 << 16)]
                sent += len(part)
        yield b"\x01" * 4

    def peak() -> int:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) << 10

    before = peak()
    start = time.perf_counter()
    for _ in wbxml.iterdecode(chunks(), ["AirSync:Add"]):
        count += 1
    taken = time.perf_counter() - start
    assert count >= size // (1 << 12)
    print(json.dumps({"memory": peak() - before, "speed": size / taken, "count": count}))


def importing() -> Reached:
    """The time that `import wbxml` takes over a bare interpreter."""
    source = str(Path(wbxml.__file__).parents[1])
    codes = ["pass", "import wbxml"]
    best = [math.inf, math.inf]
    for _ in range(25):
        for number, code in enumerate(codes):
            command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"]
            start = time.perf_counter()
            subprocess.run(command, check=True)
            best[number] = min(best[number], time.perf_counter() - start)
    return Reached("import wbxml, over a bare interpreter", (best[1] - best[0]) * 1e3, 10, 5, "ms", least=True)


def python_kernel(rounds: int) -> list[Reached]:
    """The figures of the Python kernel, in a process that has it."""
    code = (
        "import json; from dataclasses import asdict; from bench.ratios import *;"
        f"times = measure_all(PYTHON_RATIOS, 'bcfg', {rounds}, everything=False);"
        "print(json.dumps([asdict(one) for one in reached(PYTHON_RATIOS, times)]))"
    )
    environment = {**os.environ, "WBXML_IMPL": "python"}
    text = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    return [Reached(**one) for one in json.loads(text)]


# -- What is printed --------------------------------------------------------------------------------------------------


def shown(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(found: list[Reached]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| what | reached | must reach | aim for | |", "|---|--:|--:|--:|---|"]
    for one in found:
        verdict = (
            "missed" if not one.ok else "" if (one.value <= one.aim if one.least else one.value >= one.aim) else "met"
        )
        verdict = verdict or "met, and the aim"
        lines.append(f"| {one.title} | {shown(one.value)} {one.unit} | {one.must:g} | {one.aim:g} | {verdict} |")
    return "\n".join(lines)


def machine() -> str:
    """The machine and the Python, in a line."""
    found = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        found = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    name = found or platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the figures that the project is held to.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--kinds", default="abcdefg", help="the kinds of documents, by their letters")
    parser.add_argument("--json", type=Path, help="a file for the results")
    parser.add_argument("--docs", type=Path, help="the folder in which benchmarks.md and its pictures are written")
    options = parser.parse_args()
    times = measure_all(RATIOS, options.kinds, options.rounds, everything=True)
    found = reached(RATIOS, times)
    note("a large opaque, threads, memory, a large stream, the import, the Python kernel")
    found += [*large_opaque(), two_threads(), retained(), *large_stream(), importing()]
    found += python_kernel(max(3, options.rounds // 3))
    print(table(found))
    for one in found:
        if one.each:
            print(f"{one.title}: {', '.join(f'{kind} {shown(value)}' for kind, value in one.each.items())}")
    if options.json:
        results = {
            "machine": machine(),
            "kernel": wbxml.__impl__,
            "figures": [asdict(one) for one in found],
            "times": {kind: [[*cell, value] for cell, value in cells.items()] for kind, cells in times.items()},
        }
        options.json.write_text(json.dumps(results, indent=1))
    if options.docs:
        from .page import write

        write(options.docs, found, times, machine())
    return 0 if all(one.ok for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
