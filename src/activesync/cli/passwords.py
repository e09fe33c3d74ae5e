"""Passwords in the keyring of the system, by the extra ``keyring``."""

from __future__ import annotations

from types import ModuleType
from typing import cast
from urllib.parse import urlsplit

from ..errors import UsageError


def kept(url: str, user: str) -> str | None:
    """The password that the keyring has for this user of this server; None without one, and without a keyring."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        return cast("str | None", keyring.get_password(_service(url), user))
    except keyring.errors.KeyringError:
        # Locked, or none on this system: the password may come from elsewhere.
        return None


def keep(url: str, user: str, password: str) -> None:
    """Puts the password into the keyring. Raises UsageError where that cannot be."""
    keyring = _needed()
    try:
        keyring.set_password(_service(url), user, password)
    except keyring.errors.KeyringError as error:
        raise UsageError(f"the keyring does not take the password: {error}") from error


def forget(url: str, user: str) -> bool:
    """Takes the password out of the keyring; False where it had none. Raises UsageError."""
    keyring = _needed()
    try:
        if keyring.get_password(_service(url), user) is None:
            return False
        keyring.delete_password(_service(url), user)
    except keyring.errors.KeyringError as error:
        raise UsageError(f"the keyring does not let the password go: {error}") from error
    return True


def _service(url: str) -> str:
    """The server's name in the keyring: of host and port, so that no other server is given its passwords."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return f"activesync {parts.netloc.rpartition('@')[2].lower()}"


def _keyring() -> ModuleType | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    return keyring


def _needed() -> ModuleType:
    keyring = _keyring()
    if keyring is None:
        raise UsageError("the keyring needs one more package: pip install 'activesync[keyring]'")
    return keyring


__all__ = ["forget", "keep", "kept"]
