"""Builds the compiled kernel of wbxml; everything else of the distribution is declared in pyproject.toml.

Without a compiler or without Cython the distribution is installed all the same, with the Python kernel alone.
WBXML_BUILD=python leaves the compiled kernel out on purpose.
"""

from __future__ import annotations

import os
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

_WITHOUT = "wbxml: no compiled kernel here, the Python kernel is used"


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
            ext.extra_compile_args = ["/O2"] if self.compiler.compiler_type == "msvc" else ["-O3", "-g0"]
            super().build_extension(ext)
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__} {error}".split())
            print(f"{_WITHOUT} ({reason[:100]})", file=sys.stderr)


_KERNEL = Extension(
    "wbxml._kernel",
    ["src/wbxml/_kernel.pyx"],
    include_dirs=["src/wbxml"],
    depends=["src/wbxml/_tape.h", "src/wbxml/_block.h"],
    optional=True,
)
# Where Cython is missing, setuptools would look for a C file that was never there.
_KERNEL.sources = ["src/wbxml/_kernel.pyx"]

setup(
    cmdclass={"build_ext": BuildKernel},
    ext_modules=[] if os.environ.get("WBXML_BUILD") == "python" else [_KERNEL],
)
