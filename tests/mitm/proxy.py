"""mitmproxy between a client and the embedded server: as a program of its own, on loopback."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import secrets
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

BIN = Path(sys.executable).parent
SECONDS = 20  # for whatever a program is waited for

Flow = dict[str, Any]


def script() -> str:
    """The script that mitmproxy is to load, as the documentation has it found."""
    command = [sys.executable, "-m", "activesync.mitm"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout.strip()


def wait(until: Callable[[], Any], what: str, log: Callable[[], str] = str) -> Any:
    """What ``until`` returns, once that is true. Raises TimeoutError, with the end of the log."""
    end = time.monotonic() + SECONDS
    while not (found := until()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}\n{log()[-2000:]}")
        time.sleep(0.05)
    return found


def free_port() -> int:
    """A port of loopback that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def environment(**values: str) -> dict[str, str]:
    """The environment of a program, without what this one's says of proxies and of mitmproxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("MITMPROXY_")
    }
    return kept | values


class Proxy:
    """A program of mitmproxy's with the views loaded, before ``upstream``, within ``with``.

    ``url`` is where clients reach it; without ``upstream`` it is a proxy as HTTPS_PROXY names one. ``folder`` is for
    its certificates, settings and log. ``line`` is a command as a person types it, in place of all else.
    """

    program = "mitmdump"

    def __init__(
        self,
        folder: Path,
        upstream: str | None,
        *arguments: str,
        scripts: tuple[str, ...] = (),
        line: str | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"{self.program}-{self.port}.log"
        own = [
            "--listen-host", "127.0.0.1", "--listen-port", str(self.port), "--set", f"confdir={folder}", *arguments,
        ]  # fmt: skip
        if line is None:
            mode = "regular"
            if upstream is not None:
                mode = f"reverse:{upstream.removesuffix('/Microsoft-Server-ActiveSync')}"
            self.command = [str(BIN / self.program), "--mode", mode, *own]
            for one in (script(), *scripts):
                self.command += ["-s", one]
        else:
            self.command = ["sh", "-c", f'exec {line} "$@"', "sh", *own]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self._folder,
                env=environment(PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait(self._is_up, f"{self.program} does not start", lambda: self.log)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.program} has ended:\n{self.log}")
        return f"listening at 127.0.0.1:{self.port}" in self.log

    def _stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Web(Proxy):
    """mitmweb, asked by its HTTP interface."""

    program = "mitmweb"

    def __init__(self, folder: Path, upstream: str | None, *arguments: str, line: str | None = None) -> None:
        self._web, self._password = f"http://127.0.0.1:{free_port()}", secrets.token_hex(16)
        own = (
            "--no-web-open-browser", "--web-host", "127.0.0.1", "--web-port", self._web.rpartition(":")[2],
            "--set", f"web_password={self._password}",
        )  # fmt: skip
        # Its cookie comes with the first answer: checking the password takes a tenth of a second each time.
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor())
        super().__init__(folder, upstream, *own, *arguments, line=line)

    def _is_up(self) -> bool:
        return super()._is_up() and "Web server listening" in self.log

    def page(self, flow: Flow, part: str) -> str:
        """The address for a browser of a flow's "request" or "response"."""
        return f"{self._web}/?token={self._password}#/flows/{flow['id']}/{part}"

    def asked(self, path: str) -> Any:
        """What mitmweb answers, read as JSON."""
        request = Request(f"{self._web}{path}", headers={"Authorization": f"Bearer {self._password}"})
        with self._opener.open(request, timeout=SECONDS) as answer:
            return json.load(answer)

    def flows(self) -> list[Flow]:
        """All that has gone through, once each has its answer, or the error that ended it."""

        def ended() -> list[Flow]:
            found: list[Flow] = self.asked("/flows")
            return found if all(flow.get("response") or flow.get("error") for flow in found) else []

        return wait(ended, "an answer is missing")

    def shown(self, flow: Flow, part: str, view: str = "auto") -> dict[str, str]:
        """What a view makes of a flow's "request" or "response": text, view_name, description."""
        return self.asked(f"/flows/{flow['id']}/{part}/content/{view.replace(' ', '%20')}.json")


def command_of(text: str) -> str:
    """The command that the header of a text names."""
    found = re.match(r"(?:<!--|#) ActiveSync (\w+) (?:request|answer)", text)
    assert found, text
    return found[1]


def document_of(text: str) -> str:
    """The XML of a text, "" where there is none."""
    return text.partition(" -->")[2].strip()


class Console(Proxy):
    """mitmproxy's own interface, on a terminal of 120 by 40 characters; ``editor`` is what it edits a text with."""

    program = "mitmproxy"

    def __init__(self, folder: Path, upstream: str, *arguments: str, editor: str) -> None:
        super().__init__(folder, upstream, *arguments)
        self._editor = editor
        self._written = bytearray()

    def __enter__(self) -> Self:
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        try:
            self._process = subprocess.Popen(
                self.command,
                env=environment(MITMPROXY_EDITOR=self._editor, TERM="xterm", LC_ALL="C.UTF-8"),
                stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(inner)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            wait(self._is_up, f"{self.program} does not start", lambda: self.log)
        except BaseException:
            self._stop()
            raise
        return self

    @property
    def log(self) -> str:
        """What it has drawn so far, without the commands of the terminal."""
        return re.sub(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[()].|.)", "", self._written.decode("utf-8", "replace"))

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def insist(self, keys: str, until: Callable[[], Any]) -> None:
        """Types these keys, and again every few seconds, until that is true: while it draws, it may miss some."""
        typed = 0.0

        def done() -> Any:
            nonlocal typed
            if time.monotonic() > typed + 3:
                os.write(self._terminal, keys.encode())
                typed = time.monotonic()
            return until()

        wait(done, f"{keys} does not do it", lambda: self.log)

    def _read(self) -> None:
        with suppress(OSError):  # the terminal has gone with the program
            while piece := os.read(self._terminal, 1 << 16):
                self._written += piece

    def _is_up(self) -> bool:
        if not self.runs:
            raise RuntimeError(f"{self.program} has ended:\n{self.log}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _stop(self) -> None:
        super()._stop()
        self._reader.join(SECONDS)
        os.close(self._terminal)
