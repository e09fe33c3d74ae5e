"""Runs both fuzzers for a while and tells what they did: python -m tests.fuzz.run SECONDS.

What they find is kept in tests/fuzz/found, and what they learn in build/fuzz/learnt. Exit code 1: they found something.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "tests/fuzz/found"
BUILT = ROOT / "build/fuzz"


def main(seconds: int) -> int:
    FOUND.mkdir(exist_ok=True)
    before = set(FOUND.iterdir())
    environment = {
        **os.environ,
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "PYTHONPATH": f"{BUILT / 'site'}:{ROOT}",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "WBXML_IMPL": "c",
    }
    preloaded = Path(atheris.__file__).parents[1] / "asan_with_fuzzer.so"
    half = max(1, seconds // 2)
    runs = {
        "libFuzzer": ([str(BUILT / "harness")], {**environment, "PYTHONHOME": sys.base_prefix}),
        "atheris": (
            [sys.executable, "-m", "tests.fuzz.atheris_target"],
            {**environment, "LD_PRELOAD": str(preloaded)},
        ),
    }
    done = {name: run(name, command, half, settings) for name, (command, settings) in runs.items()}
    for name, (executions, code) in done.items():
        print(f"{name}: {executions} executions in {half} s, exit code {code}")
    found = sorted(set(FOUND.iterdir()) - before)
    for path in found:
        print(f"found: {path.relative_to(ROOT)}: {path.read_bytes()[:60].hex()}")
    return 1 if found or any(code for _, code in done.values()) else 0


def run(name: str, command: list[str], seconds: int, environment: dict[str, str]) -> tuple[int, int]:
    """How many executions there were, and the exit code."""
    learnt = BUILT / "learnt" / name
    learnt.mkdir(parents=True, exist_ok=True)
    command = [*command, str(learnt), "tests/fuzz/corpus", f"-max_total_time={seconds}", "-max_len=4096"]
    command += [f"-artifact_prefix={FOUND}/", "-print_final_stats=1"]
    result = subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, errors="replace")
    executions = re.findall(r"number_of_executed_units: (\d+)|Done (\d+) runs", result.stderr)
    if result.returncode:
        print(result.stderr[-6000:], file=sys.stderr)
    return max((int(first or second) for first, second in executions), default=0), result.returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
