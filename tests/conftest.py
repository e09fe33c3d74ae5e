"""What all tests share: the kernels of wbxml.

Tests that call a kernel's functions take the fixture `kernel` and so run with each kernel there is. Everything built
upon the kernels (models, XML, the client) runs with the one that WBXML_IMPL chooses: `make test` chooses each in turn.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

import wbxml


def _kernels() -> list[ModuleType]:
    try:
        compiled = import_module("wbxml._kernel")
    except ImportError:
        return [import_module("wbxml._kernel_py")]
    return [compiled, import_module("wbxml._kernel_py")]


KERNELS = _kernels()

# Comparing the kernels takes two; the header below says how many there are.
collect_ignore = [] if len(KERNELS) > 1 else ["wbxml/test_parity.py"]


def pytest_report_header(config: pytest.Config) -> str:
    names = " and ".join(kernel.IMPL for kernel in KERNELS)
    return f"wbxml: kernel in use {wbxml.__impl__}; tests of kernels run with {names}"


@pytest.fixture(params=KERNELS, ids=[kernel.IMPL for kernel in KERNELS])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    """Each kernel there is, as its module."""
    module: ModuleType = request.param
    return module
