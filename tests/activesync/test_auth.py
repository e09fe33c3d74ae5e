"""How clients sign in: to the embedded server, to the NTLM of pyspnego, and with certificates that trustme makes."""

from __future__ import annotations

import base64
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spnego
import trustme

from activesync import AuthenticationError, Client, ConnectionLostError, UsageError
from activesync.auth import NTLM, bearer, offered
from activesync.effects import Request as Sent
from activesync.testing import Answer, EASServer, Mailbox
from activesync.testing.request import Request

from ..blocking import Blocking
from .clients import Open
from .script import Canned, Script, session
from .test_session import FOLDERS, run

ALICE = "Basic " + base64.b64encode(b"alice:secret").decode()


@pytest.fixture(params=[Client, Blocking], ids=["sync", "async"])
def connect(request: pytest.FixtureRequest) -> Iterator[Open]:
    clients: list[Any] = []

    def open_client(server: EASServer, user: str = "alice", password: str | None = None, **options: Any) -> Any:
        clients.append(request.param(server.url, user, password, **{"allow_http": True} | options))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


def signed(script: Script) -> list[str | None]:
    """The Authorization headers of all requests."""
    return [request.headers.get("Authorization") for request in script.requests]


# Tokens


class Tokens(EASServer):
    """Takes the token that is valid now."""

    valid = "first"

    def answer(self, request: Request, authorization: str) -> Answer:
        if authorization != f"Bearer {self.valid}":
            return Answer(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return super().answer(request, ALICE)


@pytest.mark.spec("MS-ASHTTP_R1411", "MS-ASHTTP_R1412")
def test_a_token_that_has_run_out_is_asked_for_again_once(connect: Open) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append("x")
        return server.valid if len(asked) > 1 else "old"

    with Tokens(Mailbox("alice", "secret")) as server:
        eas = connect(server, auth=bearer(token))
        assert eas.folders()
        assert len(asked) == 3  # OPTIONS, once more, FolderSync
        server.valid = "second"
        assert eas.folders()


def test_a_token_that_is_refused_again_is_an_error(connect: Open) -> None:
    tokens = iter(range(100))
    with Tokens(Mailbox("alice", "secret")) as server:
        with pytest.raises(AuthenticationError, match=r"does not accept the token \(HTTP 401\)"):
            connect(server, auth=bearer(lambda: f"token {next(tokens)}")).options()
        assert next(tokens) == 3


def test_the_same_token_is_not_sent_twice() -> None:
    script = Script([Canned(status=401, headers={"www-authenticate": "Bearer"})])
    with pytest.raises(AuthenticationError):
        script.run(session_with(bearer(lambda: "same")).options())
    assert signed(script) == ["Bearer same"]


def session_with(auth: Any) -> Any:
    made = session()
    made.authorization = auth
    return made


def test_a_password_is_sent_once_and_what_the_server_takes_is_told() -> None:
    script = Script([Canned(status=401, headers={"www-authenticate": 'NTLM, Negotiate, Basic realm="x, y z"'})])
    with pytest.raises(AuthenticationError, match=r"does not accept user and password .*; it takes NTLM, Negotiate"):
        run(script)
    assert len(script.requests) == 1


def test_a_lost_answer_is_asked_for_with_a_token_that_is_valid_then() -> None:
    tokens = iter(("a", "b", "c"))
    script = Script([ConnectionLostError("gone"), Canned(FOLDERS)])
    run(script, session_with(bearer(lambda: next(tokens))))
    assert signed(script) == ["Bearer a", "Bearer b"]


@pytest.mark.parametrize(
    ("challenge", "schemes"),
    [
        ("", []),
        ("Basic", ["Basic"]),
        ('Basic realm="a, b=c, d"', ["Basic"]),
        ("NTLM TlRMTVNTUAACAAAA==", ["NTLM"]),
        ('Negotiate, NTLM, Basic realm="mail"', ["Negotiate", "NTLM", "Basic"]),
        ('Bearer client_id="x", trusted_issuers="y", token_types="z", Basic realm=""', ["Bearer", "Basic"]),
    ],
)
def test_the_schemes_that_a_server_names(challenge: str, schemes: list[str]) -> None:
    assert offered(challenge) == schemes


# NTLM


class WindowsServer(EASServer):
    """Lets pyspnego look at who comes, as IIS does it: a challenge for the first message, the answer for the second."""

    context: Any = None

    def answer(self, request: Request, authorization: str) -> Answer:
        scheme, _, text = authorization.partition(" ")
        if scheme != "NTLM":
            return Answer(401, headers={"WWW-Authenticate": 'Negotiate, NTLM, Basic realm="x"'})
        token = base64.b64decode(text)
        if token[8] == 1:
            self.context = spnego.server(protocol="ntlm")
        try:
            challenge = self.context.step(token)
        except spnego.exceptions.SpnegoError:
            return Answer(401, headers={"WWW-Authenticate": "Negotiate, NTLM"})
        if not self.context.complete:
            return Answer(401, headers={"WWW-Authenticate": f"NTLM {base64.b64encode(challenge).decode()}"})
        return super().answer(request, ALICE)


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowsServer]:
    users = tmp_path / "users"
    users.write_text("EXAMPLE:alice:s3cret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    with WindowsServer(Mailbox("alice", "secret")) as server:
        yield server


def test_ntlm(connect: Open, windows: WindowsServer) -> None:
    eas = connect(windows, auth=NTLM("EXAMPLE\\alice", "s3cret"))
    assert eas.folders().named("inbox")
    assert windows.context.client_principal == "EXAMPLE\\alice"
    assert [page.folder.name for page in eas.sync("inbox")] == []


def test_ntlm_with_a_wrong_password(connect: Open, windows: WindowsServer) -> None:
    with pytest.raises(AuthenticationError, match="does not accept the sign-in by NTLM"):
        connect(windows, auth=NTLM("EXAMPLE\\alice", "wrong")).folders()


def test_a_password_where_ntlm_is_wanted(connect: Open, windows: WindowsServer) -> None:
    with pytest.raises(AuthenticationError, match="it takes Negotiate, NTLM"):
        connect(windows, password="secret").folders()


@pytest.mark.parametrize("challenge", ["NTLM !!!", "NTLM", "NTLM AAAA", "Basic", "NTLM TlRMTVNTUAACAAAA"])
def test_a_challenge_that_is_none(challenge: str) -> None:
    auth = NTLM("alice", "s3cret")
    script = Script([Canned(status=401, headers={"www-authenticate": challenge})])
    with pytest.raises(AuthenticationError):
        script.run(session_with(auth).options())
    assert auth.answer(challenge) is None


def test_ntlm_shows_no_password() -> None:
    assert repr(NTLM("alice", "s3cret")) == "NTLM('alice', ...)"


def test_ntlm_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(UsageError, match=r"activesync\[ntlm\]"):
        NTLM("alice", "s3cret")


# Certificates


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


class Certified(EASServer):
    """Wants a certificate of its authority, and no password."""

    def answer(self, request: Request, authorization: str) -> Answer:
        assert not authorization
        return super().answer(request, ALICE)


@pytest.fixture
def certified(ca: trustme.CA) -> Iterator[Certified]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with Certified(Mailbox("alice", "secret"), tls=context) as server:
        yield server


def test_a_client_shows_its_certificate(connect: Open, certified: Certified, ca: trustme.CA, tmp_path: Path) -> None:
    one, pair = tmp_path / "both.pem", (tmp_path / "cert.pem", tmp_path / "key.pem")
    made = ca.issue_cert("alice@example.test")
    made.private_key_and_cert_chain_pem.write_to_path(str(one))
    made.cert_chain_pems[0].write_to_path(str(pair[0]))
    made.private_key_pem.write_to_path(str(pair[1]))
    authority = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(authority))
    for certificate in (one, pair):
        assert connect(certified, verify=authority, certificate=certificate).folders()
    with pytest.raises(UsageError, match="must hold a certificate and its key"):
        connect(certified, verify=authority, certificate=pair[0])
    with pytest.raises(UsageError, match=r"nowhere\.pem, cannot be read: No such file"):
        connect(certified, verify=authority, certificate=tmp_path / "nowhere.pem")
    with pytest.raises(UsageError, match="load_cert_chain"):
        connect(certified, verify=ssl.create_default_context(), certificate=one)


def test_a_client_needs_something_to_sign_in_with(connect: Open, certified: Certified) -> None:
    with pytest.raises(UsageError, match="give a password, a certificate, or auth="):
        connect(certified)


def test_a_function_of_ones_own() -> None:
    def own() -> str:
        return "Signature keyId=x"

    script = Script([Canned(FOLDERS)])
    run(script, session_with(own))
    (request,) = script.requests
    assert isinstance(request, Sent) and signed(script) == ["Signature keyId=x"]
