"""How many instructions the compiled kernel takes, counted by valgrind, which another's load does not change.

    make instructions [ARGS=--keep]

Six cases are counted and compared with bench/instructions.json; one that takes over 10 % more is a failure, and so is
one that takes over 10 % less, since then the kept figure no longer guards what was won. --keep writes the figures
anew. Only what runs in the kernel's own code counts, so that the processor (by which the C library chooses its
functions) is of no matter; the compiler is, and with another than the kept one nothing is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_suffix(".json")
ROOM = 0.1
CASES = {
    "decode a tiny request": ("a", "decode"),
    "encode a tiny request from models": ("a", "encode"),
    "decode 100 mails": ("c", "decode"),
    "decode 100 mails to models": ("c", "models"),
    "encode 100 mails from models": ("c", "encode"),
    "read two fields of 500 contacts": ("f", "fields"),
}
FEW, MANY = 2, 12
"""How often each of eight documents is taken; what the process takes beside that is the same both times."""


def calls(kind: str, job: str) -> Callable[[], None]:
    """What does the job once for each of eight documents."""
    from . import documents
    from .contenders import Sample, Wbxml, WbxmlModels

    samples = [Sample(kind, seed) for seed in documents.SEEDS]
    contender = WbxmlModels() if job in ("models", "encode") else Wbxml()
    name = "decode" if job == "models" else job
    call: Callable[[Any], Any] = contender.call(name, kind)
    arguments = contender.arguments(name, samples)

    def run() -> None:
        for argument in arguments:
            call(argument)

    return run


def counted(case: str, times: int, folder: Path) -> int:
    """The instructions in the kernel of a process that does a case so many times."""
    kind, job = CASES[case]
    out = folder / f"{kind}-{job}-{times}"
    code = f"from bench.instructions import calls; run = calls({kind!r}, {job!r}); [run() for _ in range({times})]"
    command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", sys.executable, "-c", code]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0", "WBXML_IMPL": "c"})
    return of_kernel(out.read_text())


def of_kernel(profile: str) -> int:
    """The sum of what a profile has for the kernel: callgrind's format, where names stand once and then as numbers."""
    names: dict[str, str] = {}
    total, here, skip = 0, False, False
    for line in profile.splitlines():
        if found := re.match(r"(c?)ob=\((\d+)\)(?: (.*))?", line):
            called, number, name = found.groups()
            if name:
                names[number] = name
            if not called:
                here = "_kernel." in names[number]
        elif line.startswith("calls="):
            skip = True  # the line behind it is what the called function took
        elif found := re.match(r"[+*\-\d]\S* (\d+)$", line):
            if here and not skip:
                total += int(found[1])
            skip = False
    return total


def figures() -> dict[str, int]:
    """The instructions that each case takes for one document."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        found = {case: [pool.submit(counted, case, times, Path(folder)) for times in (FEW, MANY)] for case in CASES}
        return {case: (many.result() - few.result()) // (8 * (MANY - FEW)) for case, (few, many) in found.items()}


def compiler() -> str:
    """The compiler and the Python that figures are for."""
    version = subprocess.check_output(["gcc", "-dumpfullversion"], text=True).strip()
    return f"gcc {version}, Python {sys.version_info.major}.{sys.version_info.minor}, {os.uname().machine}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts the instructions that the compiled kernel takes.")
    parser.add_argument("--keep", action="store_true", help="write the figures to bench/instructions.json")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("bench.instructions: valgrind is not installed: apt-get install valgrind", file=sys.stderr)
        return 2
    found, by = figures(), compiler()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"by": by, "figures": {}}
    if options.keep:
        KEPT.write_text(json.dumps({"by": by, "figures": found}, indent=2) + "\n")
        kept = {"by": by, "figures": found}
    if kept["by"] != by:
        print(f"The kept figures are for {kept['by']}, and this is {by}: nothing is compared.")
        kept["figures"] = {}
    wrong = 0
    print("| instructions a document | now | kept | |\n|---|--:|--:|--:|")
    for case, now in found.items():
        before = kept["figures"].get(case)
        change = "" if not before else f"{(now - before) / before:+.1%}"
        odd = bool(before) and abs(now - before) > before * ROOM
        wrong += odd
        print(f"| {case} | {now:,} | {before or '-'} | {change}{' !' if odd else ''} |")
    if wrong:
        print(
            f"{wrong} differ by more than {ROOM:.0%}: mend what is slower, or keep what is meant by"
            " make instructions ARGS=--keep"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
