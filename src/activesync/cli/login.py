"""The commands that keep a password in the system's keyring, and take it out again."""

from __future__ import annotations

import click

from ..errors import UsageError
from . import passwords
from .account import Account, account_options
from .output import clean, emit


@click.command(epilog="\b\nExample:\n  activesync login --url https://mail.example.com --user alice")
@account_options
def login(account: Account, as_json: bool) -> None:
    """Keep the password in the system's keyring, once the server has accepted it.

    The other commands then take it from there, where neither --password-file nor ACTIVESYNC_PASSWORD gives another.
    It needs the extra keyring: pip install 'activesync[keyring]'.
    """
    password = account.given_password() or account.asked_password()
    with account.client(password) as eas:
        eas.options()
    passwords.keep(account.url, account.user, password)
    emit(
        as_json,
        {"user": account.user, "kept": True},
        lambda: click.echo(f"The password of {clean(account.user)} is right, and is in the keyring."),
    )


@click.command(epilog="\b\nExample:\n  activesync logout --url https://mail.example.com --user alice")
@account_options
def logout(account: Account, as_json: bool) -> None:
    """Take the password out of the system's keyring."""
    if not passwords.forget(account.url, account.user):
        raise UsageError(f"the keyring has no password of {account.user} for this server")
    emit(
        as_json,
        {"user": account.user, "kept": False},
        lambda: click.echo(f"The password of {clean(account.user)} is no longer in the keyring."),
    )


__all__ = ["login", "logout"]
