"""What SECURITY.md promises of credentials, by servers with TLS under two names; most of its tests stand elsewhere."""

from __future__ import annotations

import base64
import logging
import pickle
import ssl
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from activesync import AuthenticationError, CertificateError, Client, HTTPError, RedirectError, SqliteStore
from activesync.auth import NTLM, basic, bearer
from activesync.route import Trust
from activesync.testing import EASServer, faults, sample_mailbox

from ..blocking import Blocking

PASSWORD = "Pa55wort-größer"
TOKEN = "eyJhbGciOi.t0ken"


class Two:
    """Two servers with TLS: one by the name of localhost, and one by its address, which is another host to a client."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        self.ca_file = folder / "ca.pem"
        self.one, self.other = (self._serving(authority, folder, host) for host in ("localhost", "127.0.0.1"))

    @staticmethod
    def _serving(authority: trustme.CA, folder: Path, host: str) -> EASServer:
        path = folder / f"{host}.pem"
        authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(str(path))
        return EASServer(sample_mailbox("alice", PASSWORD, mails=1), host=host, tls=(path, path))

    def client(self, kind: Any, **options: Any) -> Any:
        given = {"password": PASSWORD, "verify": self.ca_file} | options
        return kind(self.one.url.replace("127.0.0.1", "localhost"), "alice", **given)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    two = Two(tmp_path)
    with two.one, two.other:
        yield two


@pytest.fixture(params=[Client, Blocking], ids=["Client", "AsyncClient"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


# Redirections


@pytest.mark.parametrize("code", [451, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("command", ["OPTIONS", "FolderSync"])
def test_another_site_gets_no_credentials(kind: Any, two: Two, tmp_path: Path, code: int, command: str) -> None:
    header = "X-MS-Location" if code == 451 else "Location"
    two.one.faults.append(faults.http(code, {header: two.other.url}, command=command, times=None))
    with two.client(kind, store=tmp_path / "alice.db") as eas:
        with pytest.raises(RedirectError) as caught:
            eas.folders()
        assert caught.value.status == code
        assert two.other.host in str(caught.value)  # so that it can be consented to
    two.one.faults.clear()
    # Nor does what is kept lead there.
    with two.client(kind, store=tmp_path / "alice.db") as eas:
        eas.folders()
    assert not two.other.requests


def test_with_consent_a_451_is_followed_and_takes_no_cookie_along(kind: Any, two: Two) -> None:
    seen: list[dict[str, str]] = []

    def look(request: Any, carry_out: Any) -> Any:
        seen.append(dict(request.headers))
        return carry_out()

    def with_cookie(request: Any, carry_out: Any) -> Any:
        answer = carry_out()
        answer.headers["Set-Cookie"] = "session=of-one"
        return answer

    two.one.faults.append(faults.Fault(with_cookie, "OPTIONS"))
    two.one.faults.append(faults.http(451, {"X-MS-Location": two.other.url}, times=None))
    two.other.faults.append(faults.Fault(look, times=None))
    with two.client(kind, trust_redirects=True) as eas:
        eas.folders()
    assert "of-one" in repr([request.headers for request in two.one.requests])
    assert seen
    assert "of-one" not in repr(seen)


@pytest.mark.parametrize("consent", [False, True])
def test_no_redirection_leads_to_http(kind: Any, two: Two, consent: bool) -> None:
    with EASServer(sample_mailbox("alice", PASSWORD, mails=1), host="localhost") as plain:
        there = plain.url.replace("127.0.0.1", "localhost")
        assert there.startswith("http://localhost:")
        two.one.faults.append(faults.http(451, {"X-MS-Location": there}, times=None))
        with two.client(kind, trust_redirects=consent) as eas, pytest.raises(RedirectError, match="to http"):
            eas.folders()
        assert not plain.requests


# TLS


def test_without_a_word_the_systems_store_counts(kind: Any, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    with two.client(kind, verify=True) as eas, pytest.raises(CertificateError):
        eas.folders()
    assert not two.one.requests
    monkeypatch.setenv("SSL_CERT_FILE", str(two.ca_file))  # the system's store, as far as OpenSSL is concerned
    with two.client(kind, verify=True) as eas:
        eas.folders()


def test_verifying_is_whole_and_tls_is_not_old(two: Two) -> None:
    for trust in (Trust(True), Trust(two.ca_file)):
        assert trust.context.verify_mode is ssl.CERT_REQUIRED
        assert trust.context.check_hostname
        assert trust.context.minimum_version >= ssl.TLSVersion.TLSv1_2


# Secrets


def spellings() -> list[str]:
    """The secrets, in each form in which they might show."""
    encoded = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    return [PASSWORD, PASSWORD.encode("unicode_escape").decode(), ascii(PASSWORD)[1:-1], encoded, TOKEN]


@pytest.mark.parametrize("by", ["password", "token"])
def test_secrets_are_in_no_repr_log_or_traceback(
    kind: Any, two: Two, caplog: pytest.LogCaptureFixture, tmp_path: Path, by: str
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    def fails(expected: type[Exception], eas: Any) -> None:
        with pytest.raises(expected) as caught:
            eas.folders()
        error = caught.value
        told.extend([str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))])
        told.append(repr(pickle.dumps(error)))

    options = {"password": None, "auth": bearer(lambda: TOKEN)} if by == "token" else {}
    store = tmp_path / "alice.db"
    with two.client(kind, store=store, on_exchange=lambda one: told.append(repr(one)), **options) as eas:
        if by == "token":
            fails(AuthenticationError, eas)  # the server knows passwords alone
        else:
            eas.folders()
        for code in (401, 403, 404, 451, 500, 503):
            two.one.faults[:] = [faults.http(code, times=None), faults.http(code, command="OPTIONS", times=None)]
            fails(HTTPError, eas)
        told += [repr(eas), repr(eas.session), repr(eas.session.__dict__), repr(eas.stats)]
    with two.client(kind, verify=True, **options) as eas:
        fails(CertificateError, eas)
    told += [repr(basic("alice", PASSWORD)), repr(bearer(lambda: TOKEN)), repr(NTLM("alice", PASSWORD)), caplog.text]
    everything = "\n".join(told)
    assert "OPTIONS" in everything
    assert [one for one in spellings() if one in everything] == []
    kept = store.read_bytes()
    assert [one for one in spellings() if one.encode() in kept] == []


def test_a_store_keeps_no_credentials(two: Two, tmp_path: Path) -> None:
    path = tmp_path / "alice.db"
    with SqliteStore(path) as store, two.client(Client, store=store) as eas:
        for _ in eas.sync():
            pass
    for file in tmp_path.glob("alice.db*"):
        assert [one for one in spellings() if one.encode() in file.read_bytes()] == []
