"""mitmproxy between a client and the embedded server: as a program of its own, on loopback."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

BIN = Path(sys.executable).parent
SECONDS = 30  # for whatever a program is waited for

Flow = dict[str, Any]


def script() -> str:
    """The script that mitmproxy is to load, as the documentation has it found."""
    command = [sys.executable, "-m", "activesync.mitm"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS).stdout.strip()


def wait(until: Callable[[], Any], what: str) -> Any:
    """What ``until`` returns, once that is true. Raises TimeoutError."""
    end = time.monotonic() + SECONDS
    while not (found := until()):
        if time.monotonic() > end:
            raise TimeoutError(what)
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
    its certificates, settings and log.
    """

    program = "mitmdump"

    def __init__(self, folder: Path, upstream: str | None, *arguments: str, scripts: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"{self.program}-{self.port}.log"
        mode = "regular" if upstream is None else f"reverse:{upstream.removesuffix('/Microsoft-Server-ActiveSync')}"
        self.command = [
            str(BIN / self.program), "--mode", mode, "--listen-host", "127.0.0.1", "--listen-port", str(self.port),
            "--set", f"confdir={folder}", *arguments,
        ]  # fmt: skip
        for one in (script(), *scripts):
            self.command += ["-s", one]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self.command, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait(self._is_up, f"{self.program} does not start:\n{self.log}")
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

    def __init__(self, folder: Path, upstream: str | None, *arguments: str, scripts: tuple[str, ...] = ()) -> None:
        self._web, self._password = f"http://127.0.0.1:{free_port()}", secrets.token_hex(16)
        own = (
            "--no-web-open-browser", "--web-host", "127.0.0.1", "--web-port", self._web.rpartition(":")[2],
            "--set", f"web_password={self._password}",
        )  # fmt: skip
        # Its cookie comes with the first answer: checking the password takes a tenth of a second each time.
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor())
        super().__init__(folder, upstream, *own, *arguments, scripts=scripts)

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
