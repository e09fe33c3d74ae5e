"""The group of all commands, and how each of them ends."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

import click

from .. import __version__
from ..errors import ActiveSyncError, StoreError
from .ask import estimate, folders, oof, probe, search, settings
from .demo import demo
from .output import clean
from .serve import serve
from .sync import sync
from .watch import watch

_INTERRUPTED = 130  # what a shell says of a program that Ctrl-C has ended


class _Group(click.Group):
    """A group whose commands end with an exit code and, where they fail, with one line on stderr."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        args = sys.argv[1:] if args is None else args
        try:
            code = super().main(list(args) or ["--help"], "activesync", complete_var, standalone_mode=False, **extra)
        except click.Abort:
            code = _INTERRUPTED
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "activesync"
            code = _failed(f"{error.format_message().rstrip('.')} (see {where} --help)", error.exit_code)
        except click.ClickException as error:
            code = _failed(error.format_message(), error.exit_code)
        except ActiveSyncError as error:
            code = _failed(str(error), error.exit_code)
        except sqlite3.Error as error:
            code = _failed(f"the store cannot be used: {error}", StoreError.exit_code)
        except OSError as error:
            code = _failed(f"{error.strerror or error}", 1)
        return sys.exit(code if isinstance(code, int) else 0)


def _failed(message: str, code: int) -> int:
    click.echo(f"activesync: {clean(message)}", err=True)
    return code


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  activesync probe --url https://mail.example.com --user alice
  activesync sync --url https://mail.example.com --user alice --store alice.db
  sqlite3 alice.db 'SELECT received, sender, subject FROM emails LIMIT 5'
  activesync demo

\b
ACTIVESYNC_URL, ACTIVESYNC_USER and ACTIVESYNC_STORE stand for --url, --user and
--store. The password comes from --password-file, from ACTIVESYNC_PASSWORD or from
a prompt. Failures are one line on stderr, each kind with an exit code of its own.""",
)
@click.version_option(__version__, prog_name="activesync")
def app() -> None:
    """A client for Exchange ActiveSync: e-mail, contacts, calendars, tasks and notes."""


for _command in (probe, folders, estimate, sync, watch, search, oof, settings, demo, serve):
    app.add_command(_command)


def run() -> int:
    """The exit code of the command that sys.argv asks for."""
    for stream in (sys.stdout, sys.stderr):
        # What the terminal's encoding does not know is written as an escape.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app.main()
    except SystemExit as end:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        return end.code if isinstance(end.code, int) else 0
    return 0


__all__ = ["app", "run"]
