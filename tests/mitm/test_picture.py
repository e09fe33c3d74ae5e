"""The picture of mitmweb in the documentation, by Debian's Chromium: it shows what it is said to show."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from activesync import Add, Client, Contact
from activesync.testing import EASServer

from .proxy import Web, command_of, environment

# In seconds of the page's own clock, which runs ahead of ours as far as nothing is to be done: 10.
_LOADING = "--virtual-time-budget=10000"


def chromium(folder: Path, address: str, *arguments: str) -> str:
    """What the browser prints, started anew for this page alone."""
    program = shutil.which("chromium")
    assert program, "chromium is not installed: sh tests/mitm/install.sh"
    return subprocess.run(
        [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
            f"--user-data-dir={folder / 'browser'}", "--window-size=1180,860", _LOADING, *arguments, address,
        ],
        env=environment(HOME=str(folder)), capture_output=True, text=True, check=True, timeout=50,
    ).stdout  # fmt: skip


@pytest.mark.timeout(150)
def test_the_picture_shows_a_request(server: EASServer, tmp_path: Path) -> None:
    with Web(tmp_path, server.url) as web:
        with Client(web.url, "alice@example.test", "secret", allow_http=True, base64_query=True) as eas:
            list(eas.sync("contacts"))
            eas.apply("contacts", [Add(item=Contact(first_name="Ada", last_name="Lovelace", file_as="Lovelace, Ada"))])
        shown = [(flow, web.shown(flow, "request")["text"]) for flow in web.flows()]
        (flow,) = [flow for flow, text in shown if command_of(text) == "Sync" and "Lovelace" in text]
        page = chromium(tmp_path, web.page(flow, "request"), "--dump-dom")
        for text in ("ActiveSync Sync request", "alice@example.test", "policy key", "Lovelace, Ada"):
            assert text in page
        made = tmp_path / "mitmproxy.png"
        chromium(tmp_path, web.page(flow, "request"), f"--screenshot={made}")
    picture = made.read_bytes()
    assert picture.startswith(b"\x89PNG") and 20_000 < len(picture) < 200_000
    if place := os.environ.get("PICTURE"):
        Path(place).write_bytes(picture)
