"""Many accounts at once: one process of the client, one event loop, and the embedded server in another process.

python -m tests.stress.accounts serve ACCOUNTS MAILS      prints the address, and waits for the end of its input
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from activesync import AsyncClient
from activesync.testing import EASServer, sample_mailbox
from activesync.transport import AiohttpTransport

from .schedules import Wrong

_ROOT = Path(__file__).parents[2]


@dataclass
class Together:
    """What it came to: accounts, items, seconds in all, of the median account and of the slowest."""

    accounts: int
    items: int
    seconds: float
    median: float
    slowest: float


@contextmanager
def serving(accounts: int, mails: int) -> Iterator[str]:
    """The address of a server for these accounts, in a process of its own."""
    command = [sys.executable, "-m", "tests.stress.accounts", "serve", str(accounts), str(mails)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def run(accounts: int, mails: int) -> Together:
    """All accounts synchronise everything, at the same time. Raises Wrong where one of them has not all of it."""
    with serving(accounts, mails) as url:
        return asyncio.run(_all(url, accounts, mails))


async def _all(url: str, accounts: int, mails: int) -> Together:
    transport = AiohttpTransport()
    begun = time.monotonic()

    async def one(number: int) -> tuple[int, float]:
        items = set()
        async with AsyncClient(url, f"user{number}", "secret", transport=transport, allow_http=True) as eas:
            async for page in eas.sync(window=50):
                items |= {change.server_id for change in page.changes}
        return len(items), time.monotonic() - begun

    try:
        async with asyncio.timeout(600):
            done = await asyncio.gather(*(one(number) for number in range(accounts)))
    finally:
        await transport.close()
    wrong = [number for number, (count, _) in enumerate(done) if count != mails + 12]
    if wrong:
        raise Wrong(f"{len(wrong)} accounts have not all of their items: {wrong[:10]}")
    seconds = [took for _, took in done]
    items = sum(count for count, _ in done)
    return Together(accounts, items, time.monotonic() - begun, statistics.median(seconds), max(seconds))


def _serve(accounts: int, mails: int) -> None:
    boxes = [
        sample_mailbox(f"user{number}", "secret", mails=mails, contacts=6, events=3, tasks=2, notes=1)
        for number in range(accounts)
    ]
    with EASServer(*boxes) as server:
        server.requests = type(server.requests)(maxlen=1)
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[2]), int(sys.argv[3]))
