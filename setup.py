"""Builds the compiled kernel of wbxml; everything else of the distribution is declared in pyproject.toml.

Without a compiler or without Cython the distribution is installed all the same, with the Python kernel alone.
WBXML_BUILD=python leaves the compiled kernel out on purpose, and WBXML_BUILD=c fails where it cannot be built, as a
wheel must. With SOURCE_DATE_EPOCH in the environment, sdists and wheels are the same bytes wherever they are made.
"""

from __future__ import annotations

import gzip
import os
import sys
import tarfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

_WITHOUT = "wbxml: no compiled kernel here, the Python kernel is used"
_BUILD = os.environ.get("WBXML_BUILD", "")
if _BUILD not in ("", "c", "python"):
    raise SystemExit(f"WBXML_BUILD must be 'c' or 'python', not {_BUILD!r}")


class BuildKernel(build_ext):
    """build_ext that cythonizes where it compiles, and goes without the kernel where it cannot."""

    def build_extension(self, ext: Extension) -> None:
        """Builds one extension, or says in one line that there will be none."""
        try:
            from Cython.Build import cythonize

            # Only the C file is taken from what cythonize() returns: it drops `optional`, and so a machine without a
            # compiler could not install.
            made = cythonize([Extension(ext.name, ext.sources)], build_dir=self.build_temp, quiet=True)
            ext.sources = made[0].sources
            # Nothing in what is built says where, or when: MSVC would note the time, in the object and in the DLL.
            if self.compiler.compiler_type == "msvc":
                ext.extra_compile_args = ["/O2", "/Brepro"]
                ext.extra_link_args = ["/Brepro"]
            else:
                ext.extra_compile_args = ["-O3", "-g0"]
            super().build_extension(ext)
        except (Exception, SystemExit) as error:
            if _BUILD == "c":
                raise
            reason = " ".join(f"{type(error).__name__} {error}".split())
            print(f"{_WITHOUT} ({reason[:100]})", file=sys.stderr)


def _permissions(mode: int) -> int:
    """Those that files have in archives, whatever the umask: executable or not."""
    return 0o755 if mode & 0o100 else 0o644


class Wheel(bdist_wheel):
    """bdist_wheel whose files have the same permissions everywhere."""

    def write_wheelfile(self, *arguments: object, **options: object) -> None:
        """Writes the last file that the wheel lacked."""
        super().write_wheelfile(*arguments, **options)
        for path in Path(self.bdist_dir).rglob("*"):
            if path.is_file():
                path.chmod(_permissions(path.stat().st_mode))


class Sdist(sdist):
    """sdist that leaves out of the archive what differs from one checkout to another."""

    def make_archive(self, base_name: str, format: str, **options: str | None) -> str:
        """The path of the archive of the folder ``base_dir``."""
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if format != "gztar" or not epoch:
            return str(super().make_archive(base_name, format, **options))

        def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = int(epoch)
            member.mode = 0o755 if member.isdir() else _permissions(member.mode)
            return member

        archive = Path(f"{base_name}.tar.gz")
        root = Path(str(options["base_dir"]))
        with (
            archive.open("wb") as file,
            gzip.GzipFile("", "wb", 9, file, int(epoch)) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as files,
        ):
            for path in [root, *sorted(root.rglob("*"))]:
                files.add(path, path.as_posix(), recursive=False, filter=plain)
        return str(archive)


_KERNEL = Extension(
    "wbxml._kernel",
    ["src/wbxml/_kernel.pyx"],
    include_dirs=["src/wbxml"],
    depends=["src/wbxml/_tape.h", "src/wbxml/_block.h"],
    optional=_BUILD != "c",
)
# Where Cython is missing, setuptools would look for a C file that was never there.
_KERNEL.sources = ["src/wbxml/_kernel.pyx"]

setup(
    cmdclass={"bdist_wheel": Wheel, "build_ext": BuildKernel, "sdist": Sdist},
    ext_modules=[] if _BUILD == "python" else [_KERNEL],
)
