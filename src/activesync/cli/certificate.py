"""What a server's certificate is, also of one that is not to be trusted."""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ..route import Certificate, Proxies, Trust, Verify

#: A certificate that is to be renewed within so many days is told of.
_SOON = 14

# Of OpenSSL, which ssl does not name: a certificate's dates are not looked at (X509_V_FLAG_NO_CHECK_TIME).
_ANY_TIME = 0x200000

_NOT_YET, _EXPIRED, _OWN = 9, 10, 18
_UNKNOWN = (19, 20, 21)
_OTHER_NAME = (62, 64)


@dataclass(frozen=True, slots=True)
class Seen:
    """A certificate as a server shows it; ``code`` is OpenSSL's for why it is not trusted, None where it is."""

    host: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    since: datetime
    until: datetime
    code: int | None

    def trouble(self, now: datetime) -> tuple[str, str] | None:
        """What is wrong with it and what to do, in words; None where it is in order."""
        if self.code is None:
            days = (self.until - now).days
            if days >= _SOON:
                return None
            return f"the certificate expires on {self.until:%Y-%m-%d}", "the server's administrator is to renew it now"
        if self.code == _EXPIRED:
            return (
                f"the certificate expired on {self.until:%Y-%m-%d}",
                "the server's administrator is to renew it; if that date is to come, set the clock of this machine",
            )
        if self.code == _NOT_YET:
            return (
                f"the certificate is valid from {self.since:%Y-%m-%d} on",
                "set the clock of this machine; if it is right, the server was given its certificate too early",
            )
        if self.code in _OTHER_NAME:
            made_for = ", ".join(self.names) or self.subject
            return (
                f"the certificate was made for {made_for}, and not for {self.host}",
                "give one of these names in --url, if that is the same server; else somebody is in between",
            )
        if self.code == _OWN:
            return (
                "the server has signed its certificate itself",
                (
                    "ask its administrator for the certificate's file, and give that by --ca-file; else somebody may"
                    " be in between"
                ),
            )
        if self.code in _UNKNOWN:
            return (
                f"this machine does not know who signed the certificate: {self.issuer}",
                (
                    "if that is your organisation's own authority, give its certificate by --ca-file; if it is a public"
                    " one, the server does not send the certificates between, and its administrator is to add them"
                ),
            )
        return "the certificate is not to be trusted", "ask the server's administrator"


def look(url: str, verify: Verify, certificate: Certificate | None, timeout: float) -> Seen | None:
    """The certificate of the server at this address; None where there is none to be seen.

    That is so for http, by way of a proxy, and where no connection comes about. Only TLS is spoken: no name and no
    password is sent. Raises UsageError for a CA file that cannot be read.
    """
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        return None
    if parts.scheme != "https" or not host or Proxies().choose("https", f"{host}:{port}") is not None:
        return None
    context = Trust(verify, certificate).context
    code = None
    with contextlib.suppress(OSError, UnicodeError):
        try:
            found, packed = _shake_hands(context, host, port, timeout)
        except ssl.SSLCertVerificationError as error:
            code = error.verify_code
            anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            anything.check_hostname = False
            anything.verify_mode = ssl.CERT_NONE
            found, packed = _shake_hands(anything, host, port, timeout)
        if not found:
            # Only what is verified is taken apart: so once more, with the certificate for its own authority.
            itself = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            itself.check_hostname = False
            itself.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _ANY_TIME
            itself.load_verify_locations(cadata=packed)
            found, _ = _shake_hands(itself, host, port, timeout)
        return Seen(
            host=host,
            subject=_name(found.get("subject", ())),
            issuer=_name(found.get("issuer", ())),
            names=tuple(name for _, name in found.get("subjectAltName", ())),
            since=_date(found["notBefore"]),
            until=_date(found["notAfter"]),
            code=code,
        )
    return None


def _shake_hands(context: ssl.SSLContext, host: str, port: int, timeout: float) -> tuple[dict[str, Any], bytes]:
    """The certificate taken apart, which is empty where it was not verified, and in DER."""
    with (
        socket.create_connection((host, port), timeout) as raw,
        context.wrap_socket(raw, server_hostname=host) as connection,
    ):
        return dict(connection.getpeercert() or {}), connection.getpeercert(binary_form=True) or b""


def _name(parts: Any) -> str:
    """A distinguished name as people read it: the common name, else the organisation, else all of it."""
    values = {key: value for part in parts for key, value in part}
    every = ", ".join(values.values())
    return values.get("commonName") or values.get("organizationName") or every or "no name"


def _date(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


__all__ = ["Seen", "look"]
