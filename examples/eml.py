"""A mailbox as .eml files: a folder for each folder, a file for each mail, kept up to date.

    activesync serve --port 8008
    ACTIVESYNC_PASSWORD=secret python eml.py http://127.0.0.1:8008 alice mails --allow-http

Run it again, and only what has changed comes. A page is committed once its files are written: where the program ends
before, the page comes again and the files are written again.
"""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from activesync import ActiveSyncError, Add, BodyType, Change, Client, Folder, Page


def name(text: str) -> str:
    """The text as the name of a file, whatever the server calls its folders and mails."""
    return re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*%]', lambda found: f"%{ord(found[0]):02X}", text).strip(" .") or "%"


def places(eas: Client, top: Path) -> dict[Folder, Path]:
    """Where the mails of each folder go."""
    found, way = {}, [top]
    for depth, folder in eas.folders().tree():
        way[depth + 1 :] = [way[depth] / name(folder.name)]
        if folder.item_class == "Email":
            found[folder] = way[-1]
    return found


def save(page: Page, place: Path) -> Iterator[str]:
    """Writes and removes the files of one page, and tells what it did."""
    place.mkdir(parents=True, exist_ok=True)
    for change in page.changes:
        file = place / f"{name(change.server_id or '')}.eml"
        body = change.item.body if isinstance(change, Add | Change) and change.item is not None else None
        if body is not None and body.type is BodyType.MIME and body.data is not None:
            part = file.with_suffix(".part")
            part.write_text(body.data, encoding="utf-8", newline="")
            part.replace(file)
            yield f"+ {file}"
        elif not isinstance(change, Add | Change):
            file.unlink(missing_ok=True)
            yield f"- {file}"


def main() -> int:
    """The exit code: 0, or that of the error."""
    parser = argparse.ArgumentParser(description="Keeps the mails of a mailbox as .eml files.")
    parser.add_argument("url", help="such as https://mail.example.com")
    parser.add_argument("user")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--allow-http", action="store_true", help="send the password over http")
    given = parser.parse_args()
    password = os.environ.get("ACTIVESYNC_PASSWORD") or getpass.getpass()
    given.directory.mkdir(parents=True, exist_ok=True)
    store = given.directory / "state.db"
    try:
        with Client(given.url, given.user, password, store=store, allow_http=given.allow_http) as eas:
            folders = places(eas, given.directory)
            for page in eas.sync(*folders, body=BodyType.MIME):
                for line in save(page, folders[page.folder]):
                    print(line)
    except ActiveSyncError as error:
        print(f"eml: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
