"""The requirements that tests name, as pytest collects them: in a process of its own, of which this is a plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
MOST = 8
"""How many requirements a test that was written by hand may name."""
_RESULT = "ACTIVESYNC_SPEC_MARKS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Writes down what the tests name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    crowded = set()
    for item in items:
        named = {id_ for mark in item.iter_markers("spec") for id_ in mark.args}
        if len(named) > MOST:
            crowded.add(item.nodeid)
        for id_ in named:
            found[id_].add(item.nodeid.partition("[")[0])
    written = {"found": {id_: sorted(tests) for id_, tests in found.items()}, "crowded": sorted(crowded)}
    Path(os.environ[_RESULT]).write_text(json.dumps(written), "utf-8")


def marked() -> tuple[dict[str, list[str]], list[str]]:
    """The tests that name each requirement, and the tests that name more than they may.

    Raises RuntimeError where the tests cannot be collected.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "marks.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "tests.spec.marks", "tests"]
        environment = {**os.environ, _RESULT: str(result)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"the tests cannot be collected:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        read = json.loads(result.read_text("utf-8"))
    return read["found"], read["crowded"]
