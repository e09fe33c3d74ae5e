"""The command that runs the embedded server, for trying things out."""

from __future__ import annotations

import contextlib
import signal
import threading

import click

from .account import json_option
from .output import emit, facts


@click.command(epilog="\b\nExample:\n  activesync serve --port 8008")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="Listen on this port."
)
@json_option
def serve(as_json: bool, port: int) -> None:
    """Run a server with a mailbox to play with.

    It is an ActiveSync server that listens on loopback only and speaks http. It forgets everything when it ends, which
    it does on Ctrl-C.
    """
    from ..testing import EASServer, sample_directory, sample_mailbox

    # A request to end is as good as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    mailbox = sample_mailbox()
    with EASServer(mailbox, port=port, directory=sample_directory()) as server:
        shown = {"url": server.url, "user": mailbox.user, "password": mailbox.password}

        def draw() -> None:
            facts([("Address", server.url), ("User", mailbox.user), ("Password", mailbox.password)])
            click.echo(f"Try: activesync probe --url {server.url} --user {mailbox.user} --allow-http")
            click.echo("Ctrl-C ends it.")

        emit(as_json, shown, draw)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


__all__ = ["serve"]
