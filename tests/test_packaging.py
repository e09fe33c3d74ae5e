"""What a user installs: the files of the sdist, the types, the imports and the version."""

import importlib.metadata
import importlib.resources
import os
import re
import subprocess
import sys
import tarfile
import time
import tomllib
from pathlib import Path

import pytest

import activesync

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
ENTRY_POINTS = [*PROJECT["scripts"].values(), *PROJECT["entry-points"]["pytest11"].values()]


def run_python(code: str) -> str:
    """What a new interpreter prints for ``code``."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an sdist of this tree, by their path under its one folder."""
    folder = tmp_path_factory.mktemp("sdist")
    # Built without a list of files from before, which would bring along what MANIFEST.in does not name.
    command = [sys.executable, "setup.py", "--quiet", "egg_info", "--egg-base", folder, "sdist", "--dist-dir", folder]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=os.environ | {"WBXML_BUILD": "python"})
    (archive,) = folder.glob("*.tar.gz")
    assert archive.name == f"activesync-{PROJECT['version']}.tar.gz"
    with tarfile.open(archive) as files:
        return {
            member.name.partition("/")[2]: content.read()
            for member in files.getmembers()
            if (content := files.extractfile(member)) is not None
        }


def test_sdist_is_whole(sdist: dict[str, bytes]) -> None:
    for name in (
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "pyproject.toml",
        "setup.py",
        "src/wbxml/_kernel.pyx",
        "src/wbxml/_block.h",
        "src/wbxml/_tape.h",
    ):
        assert name in sdist
    for folder in ("src", "tests", "bench", "examples"):
        sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")}
        assert sources - sdist.keys() == set()
    data = (path for path in (ROOT / "tests" / "data").rglob("*") if path.is_file())
    assert {path.relative_to(ROOT).as_posix() for path in data} - sdist.keys() == set()


def test_sdist_holds_nothing_built(sdist: dict[str, bytes]) -> None:
    built = re.compile(r"\.(so|pyd|py[co]|o|db)$|__pycache__|\.egg-info/.*\.(so|c)$|src/.*\.c$")
    assert [name for name in sdist if built.search(name)] == []


@pytest.mark.parametrize("package", ["wbxml", "activesync"])
def test_types_are_told(package: str, sdist: dict[str, bytes]) -> None:
    assert importlib.resources.files(package).joinpath("py.typed").is_file()
    assert f"src/{package}/py.typed" in sdist


def test_wbxml_needs_the_standard_library_alone() -> None:
    foreign = run_python(
        "import sys; before = set(sys.modules)\n"
        "import wbxml, wbxml.captures, wbxml.cli, wbxml.compat.aswbxml, wbxml.compat.pyactivesync, wbxml.diff\n"
        "for name in wbxml.__all__: getattr(wbxml, name)\n"
        "tops = {name.partition('.')[0] for name in sys.modules.keys() - before}\n"
        "print(*sorted(tops - sys.stdlib_module_names - {'wbxml'}))"
    )
    # What Cython compiles registers names of its own, without any file.
    assert [name for name in foreign.split() if not name.startswith(("cython_runtime", "_cython_"))] == []


def test_import_of_wbxml_loads_no_dataclasses() -> None:
    """They cost more than all the rest of it, so only who asks for a Model pays."""
    assert run_python("import sys, wbxml; print('dataclasses' in sys.modules, 'wbxml.model' in sys.modules)") == (
        "False False"
    )


LATER = ("aiohttp", "asyncio", "dataclasses", "logging", "sqlite3", "ssl", "typing", "urllib3")


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import activesync", ""),
        ("from activesync import Client", "dataclasses logging sqlite3 typing"),
        (
            "from activesync import Client; Client('https://mail.example.com', 'alice', 'secret').close()",
            "dataclasses logging sqlite3 ssl typing urllib3",
        ),
    ],
)
def test_import_of_activesync_loads_what_is_used(code: str, loaded: str) -> None:
    """The rest takes longer than all of activesync: only who uses it pays."""
    assert run_python(f"import sys; {code}; print(*sorted(set({LATER}) & sys.modules.keys()))") == loaded


def test_import_of_activesync_takes_150_ms_at_most(tmp_path: Path) -> None:
    """Over a bare interpreter and with bytecode, the least of some runs: what else the machine does is not counted."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    taken: dict[str, list[float]] = {"pass": [], "import activesync": [], "from activesync import Client": []}
    for _ in range(6):
        for code, times in taken.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)
            times.append(time.perf_counter() - started)
    bare, package, client = (min(times) for times in taken.values())
    print(f"import activesync: {(package - bare) * 1000:.0f} ms; import of Client: {(client - bare) * 1000:.0f} ms")
    assert package - bare <= 0.150


def test_the_command_loads_only_what_it_uses() -> None:
    rare = ["wbxml.captures", "wbxml.diff", "wbxml.compat", "subprocess", "activesync"]
    assert run_python(f"import sys, wbxml.cli; print([name for name in {rare} if name in sys.modules])") == "[]"


def test_activesync_imports_without_its_extras() -> None:
    extras = ("aiohttp", "click", "keyring", "platformdirs", "pytest", "rich", "trustme")
    code = f"import sys; sys.modules.update(dict.fromkeys({extras}))\nimport activesync, activesync.testing"
    assert run_python(code) == ""


@pytest.mark.parametrize("package", ["wbxml", "activesync"])
def test_public_names_are_there(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize("target", ENTRY_POINTS)
def test_entry_points_lead_somewhere(target: str) -> None:
    module, _, function = target.partition(":")
    loaded = importlib.import_module(module)
    assert not function or callable(getattr(loaded, function))


def test_version_is_the_same_everywhere() -> None:
    assert activesync.__version__ == PROJECT["version"]
    latest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert latest
    assert latest[1] == PROJECT["version"]


def test_installed_version_is_this_one() -> None:
    try:
        installed = importlib.metadata.version("activesync")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from the tree: activesync is not installed")
    assert installed == PROJECT["version"]
