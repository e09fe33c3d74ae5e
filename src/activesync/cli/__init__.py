"""The command ``activesync``. It needs the extra ``cli``, click and rich; without them it says how to get them."""

from __future__ import annotations

import sys


def main() -> int:
    """The exit code, for the operating system; see activesync.errors for what each means."""
    try:
        import click  # noqa: F401
        import platformdirs  # noqa: F401
        import rich  # noqa: F401
    except ImportError:
        print("activesync: the command line needs more packages: pip install 'activesync[cli]'", file=sys.stderr)
        return 2
    from .app import run

    return run()


__all__ = ["main"]
