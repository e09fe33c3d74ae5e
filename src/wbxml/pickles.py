"""What a pickled Document names: so that one pickled with one kernel is loaded with the other."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._kernel_py import Document


def restore(*state: Any) -> Document:
    """The Document with this state, by the kernel in use here. Raises DecodeError where the state is no document."""
    from .kernel import kernel  # the kernels import this module

    return kernel._restore(*state)
