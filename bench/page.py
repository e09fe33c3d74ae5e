"""Writes docs/benchmarks.md and its pictures from what ratios.py measured."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from . import documents
from .contenders import available

if TYPE_CHECKING:
    from .ratios import Cell, Reached


INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not change it by hand. To reproduce it, run that from a checkout, or this alone:

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

{missed}
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
"""


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
    )
    (folder / "benchmarks.md").write_text(text, "utf-8")


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
