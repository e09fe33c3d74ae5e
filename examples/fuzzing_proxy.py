"""A fuzzing proxy: stands between an ActiveSync client and its server, and damages some of the answers.

    activesync serve --port 8008
    python fuzzing_proxy.py http://127.0.0.1:8008 --port 8009 --seed 1 --share 0.3
    ACTIVESYNC_PASSWORD=secret activesync sync --url http://127.0.0.1:8009 --user alice --store alice.db --allow-http

Each line says what was done to which answer; the same seed and the same requests give the same damage. It speaks http
on loopback alone, and is for servers and mailboxes that are made for tests.
"""

import argparse
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import urllib3

import wbxml

HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding", "date", "server"}


def damage(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """What was done to the document, in words, and what has become of it."""
    pieces = [token.raw for token in wbxml.tokens(data)]
    at = chance.randrange(len(pieces))
    match chance.choice(["left out", "doubled", "swapped", "cut off", "one bit"]):
        case "left out":
            return f"token {at} left out", b"".join(pieces[:at] + pieces[at + 1 :])
        case "doubled":
            return f"token {at} doubled", b"".join([*pieces[:at], pieces[at], *pieces[at:]])
        case "swapped":
            other = chance.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
            return f"tokens {at} and {other} swapped", b"".join(pieces)
        case "cut off":
            return f"cut off at token {at}", b"".join(pieces[:at])
        case _:
            bit = chance.randrange(8 * len(data))
            return f"bit {bit} turned", bytes(
                byte ^ (1 << bit % 8) if place == bit // 8 else byte for place, byte in enumerate(data)
            )


class Proxy(ThreadingHTTPServer):
    """Passes requests on to ``upstream``; a ``share`` of the answers is damaged. ``told`` gets a line for each."""

    daemon_threads = True

    def __init__(self, upstream: str, *, port: int = 0, seed: int = 0, share: float = 0.2, told=print) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        parts = urlsplit(upstream)
        self.upstream = f"{parts.scheme}://{parts.netloc}"
        self.pool = urllib3.PoolManager()
        self.chance, self.share, self.told, self.count = random.Random(seed), share, told, 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        proxy = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in (*HOP_BY_HOP, "host")}
        # gzip would hide the document: it is not asked for.
        kept["Accept-Encoding"] = "identity"
        answer = proxy.pool.request(
            self.command, proxy.upstream + self.path, body=body, headers=kept, redirect=False, retries=False
        )
        data = answer.data
        if answer.status == 200 and data and proxy.chance.random() < proxy.share:
            proxy.count += 1
            what, data = damage(data, proxy.chance)
            command = parse_qs(urlsplit(self.path).query).get("Cmd", ["?"])[0]
            proxy.told(f"{proxy.count} {command}: {what}")
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_OPTIONS = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """The lines of told() are enough."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Damages some of the answers of an ActiveSync server.")
    parser.add_argument("upstream", help="such as http://127.0.0.1:8008")
    parser.add_argument("--port", type=int, default=8009)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.2, help="of the answers, 0 to 1 (default: 0.2)")
    options = parser.parse_args()
    with Proxy(options.upstream, port=options.port, seed=options.seed, share=options.share) as running:
        running.serve_forever()
