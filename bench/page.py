"""Writes docs/benchmarks.md and its pictures from what ratios.py measured."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from . import compat, documents, limited
from .contenders import available

if TYPE_CHECKING:
    from .ratios import Cell, Reached


INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not change it by hand. To reproduce it, run that from a checkout, or this alone:

<!-- not run: it takes some minutes -->
```sh
python -m bench.ratios --docs docs
```

It ran on {machine}, with the {kernel} kernel. Everything was measured in turns within one process, over eight different
documents of each kind, each answer checked before it was timed. A figure is the best of its rounds; objects to be
encoded are built anew each time, and the garbage collector is on.
"""

PICTURES = """
![Decoding: megabytes of WBXML a second, by library]({decode})

![Encoding: megabytes of WBXML a second, by library]({encode})

The others have the same content in their own format: JSON, MessagePack, CBOR or XML. A bar is the geometric mean over
the kinds of documents b to g (below) that the library can do, in megabytes of the WBXML a second.

"wbxml" is a Document: checked in full, but its strings are made when they are asked for. "wbxml, models" makes typed
objects of everything, as "msgspec, typed" does.
"""

FIGURES = """
## What it is held to

{table}

A figure over several kinds of documents is their geometric mean, and counts as met only where no kind falls below two
thirds of it. By kind:

{kinds}

{missed}{limits}
## The documents

| | what | bytes of WBXML |
|---|---|--:|
{documents}

They are made from seeds by `bench/documents.py`: a mail is in one of five languages, people and headers recur, a
calendar's items have attendees and recurrences.

## Every library

Microseconds that a document takes, at best; in brackets how many times as long as wbxml's (models, for encoding).

### Decoding

{decoding}

### Encoding

{encoding}

Versions: {versions}.{missing}

## Drop-in modules

How long pyactivesync takes with its own codec, and with `wbxml.compat.pyactivesync` in its place
([compat.md](compat.md)). Its trees stay lists and tuples, and making these is what takes most of the time; in the last
rows, what its client does with an answer counts, too (`python -m bench.compat`):

{compat}

## The Limited API

One wheel for all versions of Python would do if the kernel kept to the [Limited API](
https://docs.python.org/3/c-api/stable.html). What it does most with Python's objects, as it ships and that way
(`python -m bench.limited`):

{limited}

Scanning touches no object, and would lose nothing. But to build or to write a Model is to store or to read fields, and
dates among them: added up for a mail of 17 fields with one date, it would take half as long again to build one, and
twice as long to write it. Text that is not ASCII could only be read as a copy of its UTF-8. So there is a wheel for
each version, and the Python kernel where there is none.
"""

LIMITS = {
    "decode, against orjson.loads": """\
{scan} an element and no time for anything else: by instruction counts (100 mails), scan() is 77 % and the check of \
UTF-8 in texts of other scripts 22 %. What is left to win is in the branches of scan(), one for each kind of token.""",
    "decode, against libwbxml to XML": "As against orjson: there is only scan().",
    "decode and read two fields of every item": """\
For contacts, scan() is 37 % of the instructions and checking UTF-8 9 %; the rest is Python's: an Element, a tuple and \
two str an item, and its evaluation loop, which orjson's side has too.""",
    "the same for folders": """\
A seventh of the time is scan(); the rest is Python's calls and objects, two findtext() and a tuple for each folder of \
45 bytes.""",
    "decode and walk, against orjson and a walk": """\
An Element for each element, made and let go, and two attributes read by way of descriptors: Python's own part is over \
half, and a dict of str, which is what orjson makes, needs none of it.""",
    "decode to models, against msgspec Structs": """\
By instruction counts (100 mails): scanning and checking 26 %, build() 19 %, text in other scripts 15 %, and the rest \
allocates and frees objects, as msgspec must as well.""",
    "encode models, against pyactivesync": """\
{encode} an element, of which text in other scripts takes 38 % (100 mails, by instruction counts) and each field 80 to \
90 instructions: to look at its kind, to check its type, and to write its tag.""",
    "encode models, against libwbxml from XML": "As against pyactivesync.",
    "a tiny document: decode, against orjson": """\
About 100 ns in all: a third is scan(), a fifth makes the Document and copies the tape, and the rest is the call and \
the memory for both.""",
    "a tiny document: encode, against orjson": """\
About 65 ns in all, of which some 14 are the loop that calls, 12 the allocation of the bytes and 5 the lookup of the \
Model's plan; the eight elements take half.""",
    "import wbxml, over a bare interpreter": """\
Making the tags of all code pages is half of it, and loading the kernel a fifth.""",
    "Python kernel: decode, against pyactivesync": """\
One turn of the loop for each element, which appends to three lists: more cannot be left to functions in C.""",
    "Python kernel: encode, against pyactivesync": """\
A test of the type, a search for NUL and an f-string for each field.""",
}
"""What limits a figure that falls short of its aim, from profiles (perf) and instruction counts (callgrind)."""


def write(folder: Path, found: list[Reached], times: dict[str, dict[Cell, float]], machine: str) -> None:
    """Writes benchmarks.md, decode.svg and encode.svg into the folder."""
    import wbxml

    from .contenders import Sample
    from .ratios import shown, table

    contenders, missing = available()
    sizes = {kind: len(Sample(kind, 0).data) for kind in documents.KINDS}
    for job in ("decode", "encode"):
        speeds = {}
        for name in contenders:
            rates = [
                sizes[kind] / cells[name, job] / 1e6
                for kind, cells in times.items()
                if (name, job) in cells and kind != "a"
            ]
            if rates:
                speeds[name] = math.exp(sum(math.log(rate) for rate in rates) / len(rates))
        title = f"{'Decoding' if job == 'decode' else 'Encoding'}: MB of WBXML a second"
        (folder / f"{job}.svg").write_text(picture(title, speeds), "utf-8")
    kinds = "\n".join(
        f"- {one.title}: {', '.join(f'{kind} {shown(value)}' for kind, value in one.each.items())}"
        for one in found
        if one.each
    )
    failed = [one.title for one in found if not one.ok]
    text = INTRODUCTION.format(machine=machine, kernel={"c": "compiled"}.get(wbxml.__impl__, "Python"))
    text += PICTURES.format(decode="decode.svg", encode="encode.svg")
    text += FIGURES.format(
        table=table(found),
        kinds=kinds,
        missed=f"Missed in this run: {'; '.join(failed)}.\n" if failed else "All of it is met in this run.\n",
        documents="\n".join(f"| {kind} | {documents.KINDS[kind][0]} | {sizes[kind]:,} |" for kind in documents.KINDS),
        decoding=grid("decode", times, ("wbxml", "decode"), list(contenders)),
        encoding=grid("encode", times, ("wbxml, models", "encode"), list(contenders)),
        versions=", ".join(f"{name} {one.version}" for name, one in contenders.items()),
        missing=f" Not installed, and so left out: {', '.join(missing)}." if missing else "",
        limits=limits(found, times),
        limited=limited.table(limited.measured()),
        compat=compat.table(compat.measured()),
    )
    (folder / "benchmarks.md").write_text(text, "utf-8")


def limits(found: list[Reached], times: dict[str, dict[Cell, float]]) -> str:
    """What keeps each figure that falls short of its aim from it."""

    def each(kind: str, *cell: str) -> str:
        seconds = times.get(kind, {}).get((cell[0], cell[1]))
        return "?" if seconds is None else f"{seconds / Sample(kind, 0).count * 1e9:.1f} ns"

    from .contenders import Sample

    facts = {
        "scan": each("c", "wbxml", "decode"),
        "encode": each("c", "wbxml, models", "encode"),
    }
    lines = [
        f"- {one.title}: {LIMITS[one.title].format(**facts)}"
        for one in found
        if one.title in LIMITS and (one.value > one.aim if one.least else one.value < one.aim)
    ]
    return "\n".join(["What limits the figures that fall short of their aim:", "", *lines, ""]) if lines else ""


def grid(job: str, times: dict[str, dict[Cell, float]], ours: Cell, names: list[str]) -> str:
    """A table of what each library takes for each kind of documents."""
    lines = [f"| | {' | '.join(times)} |", f"|---|{'--:|' * len(times)}"]
    for name in names:
        cells = []
        for found in times.values():
            value = found.get((name, job))
            own = found.get(ours)
            ratio = f" ({value / own:.1f})" if value and own and (name, job) != ours else ""
            cells.append("" if value is None else f"{value * 1e6:,.1f}{ratio}")
        if any(cells):
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(title: str, speeds: dict[str, float]) -> str:
    """Bars as SVG, the fastest first."""
    rows = sorted(speeds.items(), key=lambda row: -row[1])
    left, width, step = 130, 420, 26
    largest = rows[0][1]
    height = 50 + step * len(rows)
    whole = left + width + 90
    size = f'width="{whole}" height="{height}" viewBox="0 0 {whole} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" fill="#fff"/><text x="10" y="24" font-size="15">{escape(title)}</text>',
    ]
    for number, (name, speed) in enumerate(rows):
        y = 40 + step * number
        length = max(1.0, speed / largest * width)
        colour = "#2563eb" if name.startswith("wbxml") else "#9ca3af"
        lines.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        lines.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{step - 7}" fill="{colour}"/>')
        shown = f"{speed:,.0f}" if speed >= 10 else f"{speed:.1f}"
        lines.append(f'<text x="{left + length + 6:.1f}" y="{y + 14}">{shown}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
