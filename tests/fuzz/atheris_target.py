"""The target for atheris: coverage of the Python modules, and of the compiled kernel where it is built for fuzzing.

make fuzz runs it; by hand: python -m tests.fuzz.atheris_target CORPUS -max_total_time=60
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["wbxml"]):
    from .check import check

if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
