"""Records one session of the client with the embedded server in three ways; tests/data/mitmproxy/README.md says how.

    python -m tests.record_captures MITMDUMP FOLDER

MITMDUMP is mitmproxy's command, in an environment of its own. In the folder, session.flow is its dump, session.har the
same as HAR, and session.pcapng what dumpcap (Debian: wireshark-common; as root) saw on the loopback interface between
proxy and server. The session has plain query strings and then ones in base64, a synchronisation and a change each.
tls.pcapng is a short session over TLS, tls.keys what SSLKEYLOGFILE made the client write of it.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

import trustme

from activesync import Change, Client, Email
from activesync.testing import EASServer, sample_mailbox

PORT = 18391


def session(url: str) -> None:
    for encoded in (False, True):
        with Client(url, "alice", "secret", allow_http=True, base64_query=encoded) as eas:
            eas.folders()
            page = next(iter(eas.sync("inbox")))
            page.commit()
            eas.apply("inbox", [Change(server_id=page.changes[0].server_id, item=Email(read=True))])
            eas.search_gal("Zoë")


@contextmanager
def listening(url: str, target: Path) -> Iterator[None]:
    """dumpcap at work, which writes what goes to and from the server with this address."""
    port = urlsplit(url).port
    # It may not write into every folder, even as root.
    with tempfile.TemporaryDirectory() as temporary:
        seen = Path(temporary) / "seen"
        dumpcap = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(seen)])
        try:
            time.sleep(2)  # until it listens
            yield
            time.sleep(2)  # until it has written what it saw
        finally:
            dumpcap.terminate()
            dumpcap.wait(20)
        target.write_bytes(seen.read_bytes())


@contextmanager
def proxied(mitmdump: str, url: str, flow: Path, har: Path) -> Iterator[str]:
    """The address of a mitmdump before the server."""
    with tempfile.TemporaryDirectory() as temporary:
        settings = ["--set", f"confdir={temporary}", "--set", f"hardump={har}", "-w", str(flow), "-q"]
        settings += ["--mode", f"reverse:http://{urlsplit(url).netloc}", "--listen-host", "127.0.0.1"]
        proxy = subprocess.Popen([mitmdump, *settings, "--listen-port", str(PORT)])
        try:
            for _ in range(100):
                time.sleep(0.2)
                try:
                    create_connection(("127.0.0.1", PORT)).close()
                    break
                except OSError:
                    continue
            yield f"http://127.0.0.1:{PORT}"
        finally:
            proxy.terminate()
            proxy.wait(20)


def main() -> None:
    mitmdump, folder = sys.argv[1], Path(sys.argv[2])
    with (
        EASServer(sample_mailbox(mails=3)) as server,
        listening(server.url, folder / "session.pcapng"),
        proxied(mitmdump, server.url, folder / "session.flow", folder / "session.har") as url,
    ):
        session(url)
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    keys = folder / "tls.keys"
    keys.unlink(missing_ok=True)
    os.environ["SSLKEYLOGFILE"] = str(keys)
    with (
        authority.cert_pem.tempfile() as certificates,
        EASServer(sample_mailbox(mails=3), tls=context) as server,
        listening(server.url, folder / "tls.pcapng"),
        Client(server.url, "alice", "secret", verify=certificates) as eas,
    ):
        eas.folders()


if __name__ == "__main__":
    main()
