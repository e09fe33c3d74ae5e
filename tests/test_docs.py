"""docs/, run as it is written; and each test that it names is there."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from activesync.commands import COMMANDS
from activesync.testing import faults, misbehave

from .examples import BIN, ROOT, blocks, run_commands, run_python

DOCS = sorted((ROOT / "docs").rglob("*.md"))
NAMING = [document for document in [*DOCS, ROOT / "SECURITY.md"] if "`test_" in document.read_text("utf-8")]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the project's tests in it."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_python_examples_run_from_top_to_bottom(document: Path, here: Path) -> None:
    run_python(document)


@pytest.mark.skipif(not (BIN / "wbxml").exists(), reason="run from the tree: wbxml is not installed")
@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_commands_run_and_print_what_is_shown(document: Path, here: Path) -> None:
    run_commands(document, here)


@pytest.mark.skipif(not (BIN / "activesync").exists(), reason="run from the tree: the plugin is not installed")
def test_the_tests_on_the_page_of_testing_pass(here: Path) -> None:
    """As another project would run them: by pytest, with the plugin that the distribution brings."""
    source = "\n\n".join(block.text for block in blocks(ROOT / "docs" / "testing.md"))
    (here / "own").mkdir()
    (here / "own" / "test_page.py").write_text(source, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "own"],
        cwd=here, capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert done.returncode == 0 and f"{source.count('def test_')} passed" in done.stdout, done.stdout


def test_the_page_of_testing_has_all_faults() -> None:
    text = (ROOT / "docs" / "testing.md").read_text("utf-8")
    functions = inspect.getmembers(faults, inspect.isfunction)
    made = [name for name, value in functions if value.__module__ == faults.__name__ and not name.startswith("_")]
    assert len(made) > 15
    assert [name for name in made if f"| `{name}(" not in text] == []
    assert [name for name in misbehave.NAMES if f"`{name}`" not in text] == []


def test_each_command_has_a_page() -> None:
    assert {path.stem for path in (ROOT / "docs" / "commands").glob("*.md")} == {name.lower() for name in COMMANDS}


def test_the_page_of_constructs_names_tests() -> None:
    assert {"SECURITY.md", "wbxml.md"} <= {document.name for document in NAMING}


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_pictures_and_pages_that_it_links_are_there(document: Path) -> None:
    links = re.findall(r"\]\(\s*([^)#\s]+)", document.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", NAMING, ids=lambda path: path.name)
def test_the_tests_it_names_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    sources: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("*.py"):
        sources[path.name] = sources.get(path.name, "") + path.read_text("utf-8")
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", text)
    assert named
    assert [(file, name) for file, name in named if f"\ndef {name}(" not in sources.get(file, "")] == []
    rows = re.findall(r"`([^`]+)` in `test_\w+\.py::test_\w+`", text)
    assert [row for row in rows if not any(f'"{row}"' in source for source in sources.values())] == []
