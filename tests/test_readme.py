"""README.md, run as it is written; examples.py says how.

Its examples speak to https://mail.example.com as alice@example.com. Here that host exists: HTTPS_PROXY names a proxy
that leads to an embedded server with a small sample mailbox, and SSL_CERT_FILE the authority that signed its
certificate. The password is "secret"; ACTIVESYNC_URL, ACTIVESYNC_USER and ACTIVESYNC_PASSWORD hold all three. The
examples run in an empty folder with the project's tests and examples in it.
"""

import os
import re
import shutil
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest
import trustme

from activesync import commands, items
from activesync.testing import EASServer, sample_directory, sample_mailbox

from .examples import BIN, ROOT, blocks, matches, run_commands, run_python

README = ROOT / "README.md"
HOST = "mail.example.com"
USER = "alice@example.com"
PASSWORD = "secret"


def proxy_to(target: SplitResult) -> type[socketserver.StreamRequestHandler]:
    """A handler for CONNECT to the README's host, which leads to ``target``; any other host is refused."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = self.rfile.readline().decode()
            while self.rfile.readline().strip():
                pass
            if not request.startswith(f"CONNECT {HOST}:443 "):
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            with socket.create_connection((target.hostname, target.port)) as server:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pump, args=(server, self.connection))
                back.start()
                pump(self.connection, server)
                back.join()

    def pump(source: socket.socket, to: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:  # the other side is gone
            source.close()

    return Handler


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that the README's examples are run in, where they reach its server."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    here = tmp_path / "here"
    here.mkdir()
    for name in ("tests", "examples"):
        (here / name).symlink_to(ROOT / name)
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(here)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    mailbox = sample_mailbox(USER, PASSWORD, mails=20, contacts=5, events=5, tasks=3, notes=2)
    with (
        EASServer(mailbox, directory=sample_directory(), tls=tls) as server,
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), proxy_to(urlsplit(server.url))) as proxy,
    ):
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        for name, value in {
            "ACTIVESYNC_PASSWORD": PASSWORD,
            "ACTIVESYNC_URL": f"https://{HOST}",
            "ACTIVESYNC_USER": USER,
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
            "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
        }.items():
            monkeypatch.setenv(name, value)
        yield here
        proxy.shutdown()
        thread.join()


def test_readme_has_examples_of_each_kind() -> None:
    assert {block.language for block in blocks(README)} >= {"python", "console"}


def test_python_examples_run_from_top_to_bottom(world: Path) -> None:
    run_python(README)


@pytest.mark.skipif(not (BIN / "activesync").exists(), reason="run from the tree: activesync is not installed")
@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_commands_run_and_print_what_is_shown(world: Path) -> None:
    run_commands(README, world)


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a  \nb\n", "a\nb\n", True),
        ("a 12 ms\nb\n", "a ... ms\nb\n", True),
        ("a\nx\ny\nb\n", "a\n...\nb\n", True),
        ("a\nb\nc\n", "a\nb\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_shown_output_is_compared(printed: str, expected: str, same: bool) -> None:
    assert matches(printed, expected) is same


def test_the_table_of_versions_is_that_of_the_models() -> None:
    rows = re.findall(r"^\| [^|]+ \|((?: (?:yes)? ?\|){5}) `(\w+)\.(\w+)` \|$", README.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 15
    for cells, model, name in rows:
        cls = getattr(commands, model, None) or getattr(items, model)
        plan = cls.__wbxml_plan__
        (field,) = [one for one in plan.fields if one.name == name]
        within = plan.tag.versions if plan.tag is not None and plan.tag.versions else field.versions
        shown = ["yes" in cell for cell in cells.split("|")[:5]]
        versions = ("12.1", "14.0", "14.1", "16.0", "16.1")
        assert shown == [version in field.versions and version in within for version in versions], f"{model}.{name}"
