"""Builds the compiled kernel otherwise than it ships: python -m tests.fuzz.build KIND FOLDER.

KIND is "fuzz" (clang; with sanitizers, coverage for libFuzzer, and its harness), "sanitize" (gcc; with sanitizers),
"plain" (gcc; the C for a processor that has neither SSE2 nor NEON), "threads" (gcc; the C for a Python without a GIL,
with the thread sanitizer) or "aarch64" (a cross compiler; for the Python that
tests/aarch64.sh has put into FOLDER/root). In FOLDER/site stands the package then, to be imported with PYTHONPATH.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKS = ["-g", "-O1", "-fno-omit-frame-pointer"]
SANITIZERS = "address,undefined"


def build(kind: str, folder: Path) -> None:
    site = folder / "site"
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(ROOT / "src", site, ignore=shutil.ignore_patterns("*.so", "*.egg-info", "__pycache__", "_kernel.c"))
    source = folder / "_kernel.c"
    run(sys.executable, "-m", "cython", "-3", "-o", source, ROOT / "src/wbxml/_kernel.pyx")
    include = [f"-I{sysconfig.get_path('include')}", f"-I{ROOT / 'src/wbxml'}"]
    target = site / "wbxml" / f"_kernel{sysconfig.get_config_var('EXT_SUFFIX')}"
    if kind == "aarch64":
        compiler, headers = "aarch64-linux-gnu-gcc", folder / "root/usr/include"
        target = site / "wbxml/_kernel.cpython-311-aarch64-linux-gnu.so"
        include = [f"-I{headers}/python3.11", f"-I{headers}", f"-I{ROOT / 'src/wbxml'}"]
        run(compiler, "-shared", "-fPIC", "-O3", "-g0", *include, source, "-o", target)
        return
    if kind == "plain":
        run("gcc", "-shared", "-fPIC", "-O3", "-g0", "-DWBXML_PLAIN", *include, source, "-o", target)
        return
    if kind == "threads":
        # Cython's caches of objects and of names are not there without a GIL.
        without = ["-DWBXML_NO_GIL", "-DCYTHON_USE_FREELISTS=0", "-DCYTHON_USE_DICT_VERSIONS=0"]
        run("gcc", "-shared", "-fPIC", "-fsanitize=thread", *without, *CHECKS, *include, source, "-o", target)
        return
    if kind == "sanitize":
        flags = [f"-fsanitize={SANITIZERS}", "-fno-sanitize-recover=undefined", *CHECKS]
        run("gcc", "-shared", "-fPIC", *flags, *include, source, "-o", target)
        return
    flags = [f"-fsanitize=fuzzer-no-link,{SANITIZERS}", "-fno-sanitize-recover=undefined", *CHECKS]
    run("clang", "-shared", "-fPIC", *flags, *include, source, "-o", target)
    library = sysconfig.get_config_var("LIBDIR")
    python = [f"-L{library}", f"-Wl,-rpath,{library}", f"-lpython{sysconfig.get_config_var('VERSION')}"]
    harness = ROOT / "tests/fuzz/harness.c"
    flags = [f"-fsanitize=fuzzer,{SANITIZERS}", *CHECKS, *include, "-rdynamic"]
    run("clang", *flags, harness, *python, "-o", folder / "harness")


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    build(sys.argv[1], Path(sys.argv[2]))
