"""The choice of the kernel by WBXML_IMPL, each time in a new interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import wbxml


def run(code: str, impl: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "WBXML_IMPL"}
    if impl is not None:
        environment["WBXML_IMPL"] = impl
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


SHOW = "import wbxml; print(wbxml.__impl__, wbxml.decode.__module__, wbxml.Model.__name__)"
# As where nothing was compiled.
WITHOUT = "import sys; sys.modules['wbxml._kernel'] = None; "


def test_python() -> None:
    assert run(SHOW, "python").stdout == "python wbxml._kernel_py Model\n"


def test_the_compiled_kernel_is_taken_where_there_is_one() -> None:
    result = run(SHOW, None)
    asked = run(SHOW, "c")
    if result.stdout.startswith("c "):
        assert asked.stdout == result.stdout == "c wbxml._kernel Model\n"
    else:
        assert result.stdout == "python wbxml._kernel_py Model\n"
        assert asked.returncode == 1
        assert "WBXML_IMPL=c asks for the compiled kernel" in asked.stderr


def test_without_a_compiled_kernel() -> None:
    for impl in (None, "", "python"):
        assert run(WITHOUT + SHOW, impl).stdout == "python wbxml._kernel_py Model\n"


def test_c_fails_loudly_where_it_cannot() -> None:
    result = run(WITHOUT + SHOW, "c")
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == (
        "ImportError: WBXML_IMPL=c asks for the compiled kernel, which was not built here (is there a C compiler?)"
    )


@pytest.mark.parametrize("impl", ["C", "cython", "py", "1", " c"])
def test_a_kernel_that_there_is_not(impl: str) -> None:
    result = run(SHOW, impl)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"ImportError: WBXML_IMPL must be 'c' or 'python', not {impl!r}"


def test_the_kernel_in_use() -> None:
    assert wbxml.__impl__ in ("c", "python")
    wanted = os.environ.get("WBXML_IMPL")
    assert not wanted or wbxml.__impl__ == wanted


def test_importing_the_codec_loads_little() -> None:
    code = "import sys, wbxml; print(*sorted({'typing', 'dataclasses', 'xml', 'enum', 'json'} & set(sys.modules)))"
    before = "import sys; print(*sorted({'typing', 'dataclasses', 'xml', 'enum', 'json'} & set(sys.modules)))"
    new = set(run(code, None).stdout.split()) - set(run(before, None).stdout.split())
    # The Python kernel needs `re`, and that needs `enum`.
    assert new <= {"enum"}


def test_every_public_name_is_there() -> None:
    assert wbxml.__all__ == sorted(wbxml.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    for name in wbxml.__all__:
        assert getattr(wbxml, name) is not None
    with pytest.raises(AttributeError, match="module 'wbxml' has no attribute 'nonsense'"):
        wbxml.nonsense  # type: ignore[attr-defined] # noqa: B018
