"""Profiles: what the options say of an account, kept in a file under a name. A password is never among it."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UsageError

_PATHS = ("ca_file", "certificate", "password_file", "store")
_SECRETS = ("password", "token")


def config_file() -> Path:
    """Where the profiles are, when nobody says otherwise: the place for settings on this system."""
    import platformdirs

    return platformdirs.user_config_path("activesync", appauthor=False) / "config.toml"


def profiles(file: Path) -> dict[str, Any]:
    """The profiles in the file by their names, as they stand there. Raises UsageError where they cannot be read."""
    try:
        with file.open("rb") as opened:
            # Who can write it could send the password to a server of his own.
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise UsageError(f"others can write {file}, and so say where passwords go: chmod go-w {file}")
            found = tomllib.load(opened)
    except OSError as error:
        raise UsageError(f"the profiles cannot be read from {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no TOML: {error}") from None
    if _secret(found):
        raise UsageError(
            f"{file} holds a password or token, and must not: `activesync login` keeps a password in the system's"
            " keyring, and password-file = … names a file of its own"
        )
    named = found.get("profiles", {})
    if not isinstance(named, dict) or not all(isinstance(one, dict) for one in named.values()):
        raise UsageError(f"{file}: a profile is a table such as [profiles.work]")
    return named


def profile(name: str, file: Path, options: Mapping[str, str]) -> dict[str, str | bool]:
    """The values of one profile; ``options`` has the parameters' names by those of the options.

    Relative paths count from the file's own directory. Raises UsageError.
    """
    named = profiles(file)
    if name not in named:
        there = ", ".join(named) or "none"
        raise UsageError(f"there is no profile {name!r} in {file}; those there are: {there}")
    values: dict[str, str | bool] = {}
    for option, value in named[name].items():
        if option not in options:
            raise UsageError(f"{file}: {option!r} in profile {name!r} is none of {', '.join(sorted(options))}")
        if not isinstance(value, str | int | float):
            raise UsageError(f"{file}: {option!r} in profile {name!r} is to be a text, a number, true or false")
        parameter = options[option]
        if parameter in _PATHS and value != "-":
            value = str(file.parent / Path(str(value)).expanduser())
        values[parameter] = value if isinstance(value, bool) else str(value)
    return values


def _secret(table: Mapping[str, Any]) -> bool:
    waiting = [table]
    while waiting:
        one = waiting.pop()
        if any(name.lower() in _SECRETS for name in one):
            return True
        waiting += [value for value in one.values() if isinstance(value, dict)]
    return False


__all__ = ["config_file", "profile", "profiles"]
