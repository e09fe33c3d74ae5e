"""What type checkers infer for users of the public API, by mypy; make lint has pyright check the same programs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import activesync

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "tests" / "typing"


def checked(*paths: Path) -> tuple[str, int]:
    """What mypy --strict says of these files, and its exit code."""
    # The project's own configuration names its sources, which make lint checks; a user has none.
    options = ["--strict", "--config-file", os.devnull, "--cache-dir", str(ROOT / ".mypy_cache" / "users")]
    # In a process of its own: mypy raises the limit of recursion, which other tests count on.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *map(str, paths)],
        env=os.environ | {"MYPYPATH": str(ROOT / "src")}, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    return done.stdout + done.stderr, done.returncode


@pytest.mark.timeout(300)
def test_programs_of_users_are_typed_as_they_say() -> None:
    said, code = checked(PROGRAMS)
    assert code == 0, said


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("assert_type(eas.run(FolderSync(sync_key='0')), PingResponse)", "FolderSyncResponse"),
        ("assert_type(wbxml.decode(b'', type=FolderSync), Ping)", "FolderSync"),
        ("assert_type(wbxml.decode(b''), FolderSync)", "Document"),
    ],
)
def test_a_wrong_claim_is_noticed(claim: str, found: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from typing import assert_type\n"
        "import wbxml\n"
        "from activesync import Client\n"
        "from activesync.commands import FolderSync, Ping, PingResponse\n"
        f"def program(eas: Client) -> None:\n    {claim}\n"
    )
    said, code = checked(program)
    assert code == 1
    assert f'Expression is of type "{found}"' in said


def test_names_are_loaded_from_where_type_checkers_see_them() -> None:
    tree = ast.parse((ROOT / "src" / "activesync" / "__init__.py").read_text("utf-8"))
    (choice,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name: node.module for node in choice.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == activesync._MODULES  # type: ignore[attr-defined]
    assert sorted(seen) == sorted(activesync.__all__)


def test_names_are_told_and_found() -> None:
    assert {*activesync.__all__, "errors", "items", "__version__"} <= set(dir(activesync))
    for name in activesync.__all__:
        module = import_module(f"activesync.{activesync._MODULES[name]}")  # type: ignore[attr-defined]
        assert getattr(activesync, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="module 'activesync' has no attribute 'Klient'"):
        activesync.Klient  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Klient'"):
        from activesync import Klient  # type: ignore[attr-defined]  # noqa: F401
