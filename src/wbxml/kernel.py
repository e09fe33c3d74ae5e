"""The choice of the kernel: compiled where it was built, else Python; WBXML_IMPL ("c" or "python") forces one."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import _kernel_py as kernel
else:
    wanted = os.environ.get("WBXML_IMPL", "")
    if wanted not in ("", "c", "python"):
        raise ImportError(f"WBXML_IMPL must be 'c' or 'python', not {wanted!r}")
    if wanted == "python":
        from . import _kernel_py as kernel
    else:
        try:
            from . import _kernel as kernel
        except ImportError as error:
            if wanted == "c":
                raise ImportError(
                    "WBXML_IMPL=c asks for the compiled kernel, which was not built here (is there a C compiler?)"
                ) from error
            from . import _kernel_py as kernel

__all__ = ["kernel"]
