"""README.md, run as it is written.

Its examples speak to https://mail.example.com as alice@example.com. Here that host exists: HTTPS_PROXY names a proxy
that leads to an embedded server with a small sample mailbox, and SSL_CERT_FILE the authority that signed its
certificate. The password is "secret"; ACTIVESYNC_URL, ACTIVESYNC_USER and ACTIVESYNC_PASSWORD hold all three. The
examples run in an empty folder with the project's tests and examples in it.

- ``python`` blocks run from top to bottom as one program.
- ``console`` blocks run as one shell program each: every line that starts with ``$ ``, and the next ones after a
  backslash. The lines under a command are what it prints, with ``...`` for any text; without such lines it may print
  what it likes. Commands that set something up or never end are left out (see NOT_RUN).
- ``sh`` blocks are the same without ``$ `` and without output.
- A block right after ``<!-- not run: why -->`` is not run.
"""

import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest
import trustme

from activesync.testing import EASServer, sample_directory, sample_mailbox

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOST = "mail.example.com"
USER = "alice@example.com"
PASSWORD = "secret"
NOT_RUN = ("make", "pip", "git", "cd", "python3 -m venv", "activesync demo", "activesync serve")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the number of its first line in README.md, and its text."""

    language: str
    line: int
    text: str

    def commands(self) -> list[tuple[str, str]]:
        """The shell commands to run, each with the output that is printed under it ("" for none)."""
        prompt = "$ " if self.language == "console" else ""
        text = self.text.replace("\\\n", "\0")
        if not prompt:
            found = [(line, "") for line in text.splitlines() if line and not line.startswith("#")]
        else:
            found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
        return [(command.replace("\0", "\\\n"), output) for command, output in found if not command.startswith(NOT_RUN)]


def blocks() -> list[Block]:
    """The blocks of README.md that are to be run."""
    text = (ROOT / "README.md").read_text("utf-8")
    return [
        Block(found["language"], text.count("\n", 0, found.start("text")) + 1, found["text"])
        for found in re.finditer(
            r"^(?P<left_out><!-- not run: .+ -->\n)?```(?P<language>python|console|sh)\n(?P<text>.*?)^```$",
            text,
            re.MULTILINE | re.DOTALL,
        )
        if not found["left_out"]
    ]


def matches(printed: str, expected: str) -> bool:
    """Whether the text is what was expected, where ``...`` stands for any text and spaces at the ends do not count."""

    def tidy(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = ".*?".join(re.escape(part) for part in tidy(expected).split("..."))
    return re.fullmatch(pattern, tidy(printed), re.DOTALL) is not None


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
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
        }.items():
            monkeypatch.setenv(name, value)
        yield here
        proxy.shutdown()
        thread.join()


def test_readme_has_examples_of_each_kind() -> None:
    assert {block.language for block in blocks()} >= {"python", "console"}


def test_python_examples_run_from_top_to_bottom(world: Path) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks():
        if block.language == "python":
            # Lines are numbered as in README.md, for the traceback.
            exec(compile("\n" * (block.line - 1) + block.text, ROOT / "README.md", "exec"), names)


@pytest.mark.skipif(not (BIN / "activesync").exists(), reason="run from the tree: activesync is not installed")
@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_commands_run_and_print_what_is_shown(world: Path) -> None:
    for block in blocks():
        if block.language == "python" or not (commands := block.commands()):
            continue
        # Each command's output ends with a NUL.
        program = "".join(f"{command}\nprintf '\\0'\n" for command, _ in commands)
        done = subprocess.run(
            ["sh", "-e", "-c", program],
            cwd=world,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
        )
        assert done.returncode == 0, f"README.md, line {block.line}:\n{done.stdout}{done.stderr}".replace("\0", "")
        for (command, expected), printed in zip(commands, done.stdout.split("\0"), strict=False):
            assert not expected or matches(printed, expected), f"{command}\nprints\n{printed}\nnot\n{expected}"


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
