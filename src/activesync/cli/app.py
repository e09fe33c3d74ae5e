"""The group of all commands, and how each of them ends."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import ActiveSyncError, StoreError
from .account import profile_options
from .ask import estimate, folders, oof, search, settings
from .completion import completion
from .demo import demo
from .login import login, logout
from .output import clean
from .probe import probe
from .profiles import config_file, profile, profiles
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
  activesync --profile work search agenda
  activesync demo

\b
ACTIVESYNC_URL, ACTIVESYNC_USER and ACTIVESYNC_STORE stand for --url, --user and
--store. The password comes from --password-file, from ACTIVESYNC_PASSWORD, from
the keyring (activesync login) or from a prompt. Failures are one line on stderr,
each kind with an exit code of its own.

\b
A profile has options of an account under a name, in a file of TOML:
  [profiles.work]
  url = "https://mail.example.com"
  user = "alice"
  store = "~/mail/work.db"
Options go before the environment, and that before the profile.""",
)
@click.option(
    "--profile",
    "name",
    metavar="NAME",
    envvar="ACTIVESYNC_PROFILE",
    show_envvar=True,
    shell_complete=lambda context, param, begun: _names(context, begun),
    help="Take what the options of an account do not say from this profile.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="ACTIVESYNC_CONFIG",
    show_envvar=True,
    show_default=f"{config_file()}",
    help="The file with the profiles.",
)
@click.version_option(__version__, prog_name="activesync")
@click.pass_context
def app(context: click.Context, name: str | None, config: Path | None) -> None:
    """A client for Exchange ActiveSync: e-mail, contacts, calendars, tasks and notes."""
    if name is not None:
        values = profile(name, config or config_file(), profile_options(folders))
        context.default_map = dict.fromkeys(app.commands, values)


def _names(context: click.Context, begun: str) -> list[str]:
    """The profiles whose names begin so, for a shell; none where they cannot be read."""
    try:
        found = profiles(context.params.get("config") or config_file())
    except ActiveSyncError:
        return []
    return [name for name in found if name.startswith(begun)]


for _command in (
    probe, folders, estimate, sync, watch, search, oof, settings, login, logout, completion, demo, serve,
):  # fmt: skip
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
