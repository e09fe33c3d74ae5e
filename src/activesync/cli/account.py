"""The options that all commands with a server share, and the client that they make."""

from __future__ import annotations

import functools
import logging
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from urllib3.exceptions import InsecureRequestWarning

from ..auth import NTLM, Authorization, bearer
from ..client import Client
from ..errors import InsecureURLError, UsageError
from ..route import Verify
from ..session import VERSIONS
from .passwords import kept

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Account:
    """What the options say: where, who, and how. The password is asked for when the client is made."""

    url: str
    user: str
    password_file: str | None
    ntlm: bool
    certificate: str | None
    store: str | None
    ca_file: str | None
    insecure: bool
    allow_http: bool
    timeout: float
    protocol: str | None
    verbose: bool

    def client(self, password: str | None = None) -> Client:
        """The client, which the caller closes; ``password`` is one that is known. Raises UsageError, StoreError."""
        if self.url.lower().startswith("http://") and not self.allow_http:
            # Before anybody types a password; the client's own words speak of Python.
            raise InsecureURLError("over http everybody on the way could read the password: use https, or --allow-http")
        if self.ca_file is not None and self.insecure:
            raise UsageError("--ca-file and --insecure-no-verify contradict each other")
        if self.insecure:
            # The option's own name says as much.
            warnings.simplefilter("ignore", InsecureRequestWarning)
        password, auth = self._signing(password)
        return Client(
            self.url,
            self.user,
            password,
            auth=auth,
            certificate=self.certificate,
            store=self.store,
            verify=self.verify,
            allow_http=self.allow_http,
            timeout=self.timeout,
            versions=(self.protocol,) if self.protocol else VERSIONS,
        )

    @property
    def verify(self) -> Verify:
        """What the server's certificate is checked by."""
        return False if self.insecure else self.ca_file or True

    def _signing(self, password: str | None) -> tuple[str | None, Authorization | None]:
        """The password or what signs in otherwise; neither, where a certificate is to do."""
        if password is None:
            if token := os.environ.get("ACTIVESYNC_TOKEN"):
                return None, bearer(lambda: token)
            password = self.given_password()
            if password is None and self.certificate:
                return None, None
            if password is None:
                password = kept(self.url, self.user) or self.asked_password()
        return (None, NTLM(self.user, password)) if self.ntlm else (password, None)

    def given_password(self) -> str | None:
        """The password from the file or from the environment; None where neither is given. Raises UsageError."""
        file = self.password_file
        if file is None:
            return os.environ.get("ACTIVESYNC_PASSWORD") or None
        try:
            with click.open_file(file, encoding="utf-8") as lines:
                password: str = lines.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"the password cannot be read from {file}: {why}") from error
        if not password:
            raise UsageError(f"the password is to stand in the first line of {file}, which is empty")
        return password

    def asked_password(self) -> str:
        """The password that is typed. Raises UsageError where nobody can type."""
        if not sys.stdin.isatty():
            raise UsageError(
                "no password: set ACTIVESYNC_PASSWORD, or give --password-file, or `activesync login` once, or run this"
                " in a terminal"
            )
        asked: str = click.prompt(f"Password of {self.user}", hide_input=True, err=True)
        return asked


_FILE = click.Path(dir_okay=False)

_OPTIONS = (
    click.option("--url", required=True, envvar="ACTIVESYNC_URL", show_envvar=True, help="The server's address."),
    click.option("--user", required=True, envvar="ACTIVESYNC_USER", show_envvar=True, help="The user's name."),
    click.option(
        "--password-file",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="File with the password in its first line, - for standard input. Without it the password comes from"
        " ACTIVESYNC_PASSWORD, from the keyring (`activesync login`), or is asked for. A token for OAuth may stand in"
        " ACTIVESYNC_TOKEN instead.",
    ),
    click.option("--ntlm", is_flag=True, help="Sign in by NTLM instead of HTTP Basic."),
    click.option(
        "--certificate",
        type=_FILE,
        help="PEM file with the certificate and the key that the client shows, instead of a password or beside it.",
    ),
    click.option(
        "--store",
        type=_FILE,
        envvar="ACTIVESYNC_STORE",
        show_envvar=True,
        help="SQLite file that keeps what was synchronised.",
    ),
    click.option("--ca-file", type=_FILE, help="Trust the certificates in this file, not those of the system."),
    click.option(
        "--insecure-no-verify",
        "insecure",
        is_flag=True,
        help="Do not check the server's certificate: whoever is on the way can read the password.",
    ),
    click.option("--allow-http", is_flag=True, help="Send the password over http, readable for everybody on the way."),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True, max=86400),
        default=60.0,
        show_default=True,
        help="How many seconds the server may keep silent.",
    ),
    click.option("--protocol", type=click.Choice(VERSIONS), help="Speak this version and no other."),
    click.option("-v", "--verbose", is_flag=True, help="Log each request, without its contents."),
)


def json_option(command: F) -> F:
    """The command with an option --json, which it gets as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")(command)


def account_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with all options of an account, which it gets as an Account in the first place, and with --json."""
    names = Account.__dataclass_fields__

    @functools.wraps(command)
    def with_account(**options: Any) -> None:
        source = click.get_current_context().get_parameter_source("password_file")
        if source is ParameterSource.DEFAULT_MAP and os.environ.get("ACTIVESYNC_PASSWORD"):
            # What the environment says goes before what a profile says.
            options["password_file"] = None
        account = Account(**{name: options.pop(name) for name in names})
        if account.verbose:
            logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
            logging.getLogger("activesync").setLevel(logging.DEBUG)
        command(account, **options)

    decorated = json_option(with_account)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def profile_options(command: click.Command) -> dict[str, str]:
    """The options of a command that a profile may have: their names, and those of the parameters that they set."""
    return {
        option.removeprefix("--"): param.name
        for param in command.params
        for option in param.opts
        if option.startswith("--") and param.name in Account.__dataclass_fields__ and param.name != "verbose"
    }


__all__ = ["Account", "account_options", "json_option", "profile_options"]
