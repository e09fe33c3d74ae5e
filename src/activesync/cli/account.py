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
from urllib3.exceptions import InsecureRequestWarning

from ..auth import NTLM, Authorization, bearer
from ..client import Client
from ..errors import InsecureURLError, UsageError
from ..session import VERSIONS

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

    def client(self) -> Client:
        """The client, which the caller closes. Raises UsageError, StoreError."""
        if self.url.lower().startswith("http://") and not self.allow_http:
            # Before anybody types a password; the client's own words speak of Python.
            raise InsecureURLError("over http everybody on the way could read the password: use https, or --allow-http")
        if self.ca_file is not None and self.insecure:
            raise UsageError("--ca-file and --insecure-no-verify contradict each other")
        if self.insecure:
            # The option's own name says as much.
            warnings.simplefilter("ignore", InsecureRequestWarning)
        password, auth = self._signing()
        return Client(
            self.url,
            self.user,
            password,
            auth=auth,
            certificate=self.certificate,
            store=self.store,
            verify=False if self.insecure else self.ca_file or True,
            allow_http=self.allow_http,
            timeout=self.timeout,
            versions=(self.protocol,) if self.protocol else VERSIONS,
        )

    def _signing(self) -> tuple[str | None, Authorization | None]:
        """The password or what signs in otherwise; neither, where a certificate is to do."""
        if token := os.environ.get("ACTIVESYNC_TOKEN"):
            return None, bearer(lambda: token)
        if self.certificate and not self.password_file and not os.environ.get("ACTIVESYNC_PASSWORD"):
            return None, None
        password = _password(self.user, self.password_file)
        return (None, NTLM(self.user, password)) if self.ntlm else (password, None)


def _password(user: str, file: str | None) -> str:
    """The password from the file, from the environment or from a prompt, in this order."""
    password: str | None
    if file is not None:
        try:
            with click.open_file(file, encoding="utf-8") as lines:
                password = lines.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"the password cannot be read from {file}: {why}") from error
        if not password:
            raise UsageError(f"the password is to stand in the first line of {file}, which is empty")
        return password
    if password := os.environ.get("ACTIVESYNC_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise UsageError("no password: set ACTIVESYNC_PASSWORD, or give --password-file, or run this in a terminal")
    asked: str = click.prompt(f"Password of {user}", hide_input=True, err=True)
    return asked


_FILE = click.Path(dir_okay=False)

_OPTIONS = (
    click.option("--url", required=True, envvar="ACTIVESYNC_URL", show_envvar=True, help="The server's address."),
    click.option("--user", required=True, envvar="ACTIVESYNC_USER", show_envvar=True, help="The user's name."),
    click.option(
        "--password-file",
        type=click.Path(dir_okay=False, allow_dash=True),
        help="File with the password in its first line, - for standard input. Without it the password comes from"
        " ACTIVESYNC_PASSWORD, or is asked for. A token for OAuth may stand in ACTIVESYNC_TOKEN instead.",
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
        account = Account(**{name: options.pop(name) for name in names})
        if account.verbose:
            logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
            logging.getLogger("activesync").setLevel(logging.DEBUG)
        command(account, **options)

    decorated = json_option(with_account)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


__all__ = ["Account", "account_options", "json_option"]
