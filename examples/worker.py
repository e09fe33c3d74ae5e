"""A worker for many accounts: one process, one event loop, one SQLite store.

    python worker.py https://mail.example.com worker.db accounts.json --every 300

accounts.json holds an object of user names and passwords. Kill it, and the next run goes on where this one has ended.
"""

import argparse
import asyncio
import json
import sys

from activesync import ActiveSyncError, AsyncClient, SqliteStore
from activesync.mirror import Mirror
from activesync.transport import AiohttpTransport

parser = argparse.ArgumentParser(description="Copies many mailboxes into one SQLite file.")
parser.add_argument("url")
parser.add_argument("store")
parser.add_argument("accounts", type=argparse.FileType(encoding="utf-8"))
parser.add_argument("--every", type=float, default=0, help="seconds between two runs; without it, there is one")
parser.add_argument("--at-once", type=int, default=20, help="accounts at the same time (default: 20)")
parser.add_argument("--allow-http", action="store_true", help="send passwords over http")


async def synchronise(eas: AsyncClient, store: SqliteStore) -> None:
    """Copies what is new; each page is kept together with its key."""
    mirror = Mirror(store, eas.session.account)
    mirror.take_folders(await eas.folders())
    async for page in eas.sync(window=200):
        async with page.transaction() as db:
            mirror.take(page, db)


async def main(given: argparse.Namespace, store: SqliteStore) -> None:
    """Synchronises all accounts; the trouble of one is printed, and keeps no other back."""
    turns, transport = asyncio.Semaphore(given.at_once), AiohttpTransport()
    options = {"store": store, "transport": transport, "allow_http": given.allow_http}

    async def account(user: str, password: str) -> None:
        while True:
            try:
                async with turns, AsyncClient(given.url, user, password, **options) as eas:
                    await synchronise(eas, store)
                    print(f"{user}: {eas.stats.items} changes", flush=True)
            except ActiveSyncError as error:
                print(f"{user}: {error}", file=sys.stderr, flush=True)
            if not given.every:
                return
            await asyncio.sleep(given.every)

    await asyncio.gather(*(account(user, password) for user, password in json.load(given.accounts).items()))
    await transport.close()


if __name__ == "__main__":
    with SqliteStore((options := parser.parse_args()).store) as kept:
        asyncio.run(main(options, kept))
