"""A small synchronisation application: the folders of an account (FolderSync), then all that is in them (Sync).

    activesync serve --port 8008
    ACTIVESYNC_PASSWORD=secret python sync_app.py http://127.0.0.1:8008 alice --allow-http
    sqlite3 mailbox.db 'SELECT received, sender, subject FROM emails LIMIT 5'

Run it again, and only what has changed comes. Interrupt it, and the next run goes on where this one has ended.
"""

import argparse
import getpass
import os
import sys

from activesync import ActiveSyncError, Client
from activesync.mirror import Mirror


def synchronise(eas: Client) -> None:
    """Prints the folders, and copies what is new in them into the store."""
    mirror = Mirror(eas.store, eas.session.account)

    folders = eas.folders()
    mirror.take_folders(folders)
    for depth, folder in folders.tree():
        print(f"{'  ' * depth}{folder.name} ({folder.type.name.lower()})")

    for page in eas.sync(window=100):
        # The page's changes and the key that stands for them are kept together, or not at all.
        with page.transaction() as db:
            taken = mirror.take(page, db)
        print(f"{page.folder.name}: {taken.added} new, {taken.changed} changed, {taken.deleted} deleted")


def main() -> int:
    """The exit code: 0, or that of the error."""
    parser = argparse.ArgumentParser(description="Copies a mailbox into a SQLite file.")
    parser.add_argument("url", help="such as https://mail.example.com")
    parser.add_argument("user")
    parser.add_argument("--store", default="mailbox.db", help="the file (default: mailbox.db)")
    parser.add_argument("--allow-http", action="store_true", help="send the password over http")
    given = parser.parse_args()
    password = os.environ.get("ACTIVESYNC_PASSWORD") or getpass.getpass()
    try:
        with Client(given.url, given.user, password, store=given.store, allow_http=given.allow_http) as eas:
            synchronise(eas)
    except ActiveSyncError as error:
        print(f"sync_app: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
