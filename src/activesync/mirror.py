"""A local copy of a mailbox, in tables of a SQLite store that a person can read with ``sqlite3``.

    with Client(url, user, password, store="alice.db") as eas:
        mirror = Mirror(eas.store, eas.session.account)
        mirror.take_folders(eas.folders())
        for page in eas.sync():
            with page.transaction() as db:
                mirror.take(page, db)

Table ``items`` has one row for each item, ``data`` with all that is known of it as JSON (see plain) and a few columns
that people look for; table ``folders`` has one for each folder; the views ``emails``, ``contacts``, ``events``,
``tasks`` and ``notes`` name what they show. Dates are text such as 2026-07-01T08:30:00.000Z, in UTC.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from .commands import Add, Change, Delete, Fetch, SoftDelete
from .errors import UsageError
from .flows import Contents, Result, ServerChange
from .hierarchy import Folder
from .items import CalendarEvent, Email, Item
from .plain import plain, plain_fields
from .state import row_name, state_name
from .store import StateStore

_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS folders (
        account TEXT NOT NULL, collection_id TEXT NOT NULL, parent_id TEXT NOT NULL, name TEXT NOT NULL,
        type TEXT NOT NULL, class TEXT,
        PRIMARY KEY (account, collection_id)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS items (
        account TEXT NOT NULL, collection_id TEXT NOT NULL, server_id TEXT NOT NULL, class TEXT,
        subject TEXT, sender TEXT, date TEXT, start TEXT, finish TEXT, due TEXT, read INTEGER, data TEXT NOT NULL,
        PRIMARY KEY (account, collection_id, server_id)
    )
    """,
)

# What each view shows beside account, folder and server_id: the name of a column, and where it comes from.
_VIEWS: Final = {
    "emails": (
        ("Email", "SMS"),
        {
            "received": "date",
            "sender": "sender",
            "recipients": "$.to",
            "cc": "$.cc",
            "subject": "subject",
            "read": "read",
            "flag": "$.flag.status",
            "importance": "$.importance",
            "attachments": "coalesce(json_array_length(data, '$.attachments'), 0)",
            "body": "$.body.data",
        },
    ),
    "contacts": (
        ("Contacts",),
        {
            "name": "subject",
            "first_name": "$.first_name",
            "last_name": "$.last_name",
            "company": "$.company_name",
            "email": "$.email1_address",
            "mobile_phone": "$.mobile_phone_number",
            "business_phone": "$.business_phone_number",
            "home_phone": "$.home_phone_number",
            "birthday": "$.birthday",
            "body": "$.body.data",
        },
    ),
    "events": (
        ("Calendar",),
        {
            "start": "start",
            "finish": "finish",
            "subject": "subject",
            "location": "coalesce(json_extract(data, '$.location'), json_extract(data, '$.place.display_name'))",
            "organizer": "sender",
            "all_day": "$.all_day_event",
            "recurs": "json_extract(data, '$.recurrence') IS NOT NULL",
            "busy": "$.busy_status",
            "body": "$.body.data",
        },
    ),
    "tasks": (
        ("Tasks",),
        {
            "due": "due",
            "start": "start",
            "subject": "subject",
            "complete": "$.complete",
            "completed": "$.date_completed",
            "importance": "$.importance",
            "body": "$.body.data",
        },
    ),
    "notes": (("Notes",), {"modified": "date", "subject": "subject", "body": "$.body.data"}),
}

# What a change of a whole item leaves as it was where it says nothing of it ([MS-ASCMD] section 2.2.3.24, R876, R878).
_KEPT: Final = ("body", "native_body_type", "picture", "exceptions")


@dataclass(slots=True)
class Taken:
    """How many items were new, changed and deleted in the copy."""

    added: int = 0
    changed: int = 0
    deleted: int = 0

    def __iadd__(self, other: Taken) -> Self:
        self.added += other.added
        self.changed += other.changed
        self.deleted += other.deleted
        return self


class Mirror:
    """The copy of one account's mailbox in a SqliteStore; makes its tables where there are none.

    ``account`` is the account's name in the store, ``client.session.account``. Raises UsageError for another kind of
    store, StoreError where it cannot be written.
    """

    def __init__(self, store: StateStore, account: str) -> None:
        self._store = store
        self.account = account
        with store.transaction(account) as db:
            if not isinstance(db, sqlite3.Connection):
                raise UsageError(f"a Mirror lives in a SqliteStore, not in a {type(store).__name__}")
            for table in _TABLES:
                db.execute(table)
            for name, (classes, columns) in _VIEWS.items():
                db.execute(_view(name, classes, columns))

    def take_folders(self, folders: Iterable[Folder]) -> None:
        """Makes the copy's folders these; the items of those that are gone go with them.

        A folder that the copy did not have starts afresh: whatever was synchronised of it before is not in the copy.
        """
        with self._store.transaction(self.account) as db:
            found = db.execute("SELECT collection_id FROM folders WHERE account = ?", [self.account])
            known = {collection_id for (collection_id,) in found}
            rows = {
                folder.collection_id: (
                    self.account,
                    folder.collection_id,
                    folder.parent_id,
                    folder.name,
                    folder.type.name.lower(),
                    folder.item_class,
                )
                for folder in folders
            }
            db.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?, ?, ?, ?, ?)", rows.values())
            for gone in known - rows.keys():
                for table in ("folders", "items"):
                    db.execute(f"DELETE FROM {table} WHERE account = ? AND collection_id = ?", (self.account, gone))
            names = [
                name
                for new in rows.keys() - known
                for name in (state_name(new), *self._store.names(self.account, row_name(new, "")))
            ]
            self._store.save(self.account, dict.fromkeys(names))

    def take(self, page: Contents, db: sqlite3.Connection) -> Taken:
        """Puts the changes of a page into the copy; ``db`` is what ``page.transaction()`` gives."""
        taken = Taken()
        for change in page.changes:
            taken += self._take_change(page.folder, change, db)
        taken += self._take_results(page.folder, page.results, db)
        return taken

    def take_results(self, folder: Folder, results: Iterable[Result]) -> Taken:
        """Puts those of our changes that the server has taken, as ``apply()`` tells, into the copy.

        No page brings them: a server does not send back what came from the client.
        """
        with self._store.transaction(self.account) as db:
            return self._take_results(folder, results, db)

    def items(self, folder: Folder) -> dict[str, dict[str, Any]]:
        """The items that the copy has of a folder, by their ServerId: what ``plain`` made of them."""
        with self._store.transaction(self.account) as db:
            rows = db.execute(
                "SELECT server_id, data FROM items WHERE account = ? AND collection_id = ?",
                (self.account, folder.collection_id),
            )
            return {server_id: json.loads(data) for server_id, data in rows}

    def counts(self) -> dict[str, int]:
        """How many items the copy has of each folder, by its CollectionId; those without any are left out."""
        with self._store.transaction(self.account) as db:
            rows = db.execute(
                "SELECT collection_id, count(*) FROM items WHERE account = ? GROUP BY collection_id", [self.account]
            )
            return dict(rows)

    def _take_results(self, folder: Folder, results: Iterable[Result], db: sqlite3.Connection) -> Taken:
        taken = Taken()
        for result in results:
            change = result.change
            if not result.ok or not result.server_id:
                continue
            if isinstance(change, Fetch):
                change = Add(server_id=result.server_id, item=result.item)
            elif isinstance(change, Add):
                change = replace(change, server_id=result.server_id)
            taken += self._take_change(folder, change, db, partial=result.partial)
        return taken

    def _take_change(
        self, folder: Folder, change: ServerChange, db: sqlite3.Connection, *, partial: bool = False
    ) -> Taken:
        key = (self.account, folder.collection_id, change.server_id or "")
        row = db.execute(f"SELECT class, data FROM items {_WHERE}", key).fetchone()
        known: dict[str, Any] = json.loads(row[1]) if row else {}
        instance = change.instance_id if isinstance(change, (Change, Delete)) else None
        if isinstance(change, SoftDelete) or (isinstance(change, Delete) and (instance is None or row is None)):
            db.execute(f"DELETE FROM items {_WHERE}", key)
            return Taken(deleted=1 if row else 0)
        item = None if isinstance(change, Delete) else change.item
        new: dict[str, Any] = plain_fields(item)
        if instance is not None:
            which = {"instance_id": plain(instance)}
            data = _with_instance(known, which | ({"deleted": True} if isinstance(change, Delete) else new))
        elif isinstance(change, Change):
            data = known | new if partial else _changed(known, new, item)
        else:
            data = new
        cls = change.cls or (row[0] if row else folder.item_class)
        values = (*key, cls, *_columns(data), json.dumps(data, ensure_ascii=False))
        db.execute(f"INSERT OR REPLACE INTO items VALUES ({', '.join('?' * len(values))})", values)
        return Taken(changed=1) if row else Taken(added=1)


_WHERE: Final = "WHERE account = ? AND collection_id = ? AND server_id = ?"


def _changed(known: dict[str, Any], new: dict[str, Any], item: Item | None) -> dict[str, Any]:
    """The item after a Change. Some name the whole item, in which what is absent is gone, and some only what is new."""
    # A mail's marks come alone, or with all of it, which never loses anything. An event's start is left out where no
    # more than its time stamp or its attendees have changed ([MS-ASCAL] section 2.2.2.42, R434).
    if item is None or isinstance(item, Email) or (isinstance(item, CalendarEvent) and item.start_time is None):
        return known | new
    return {name: known[name] for name in _KEPT if name in known} | new


def _with_instance(known: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """The recurring event after a change of one instance, which stands among its exceptions."""
    others = [one for one in known.get("exceptions", []) if one.get("instance_id") != changed["instance_id"]]
    return known | {"exceptions": [*others, changed]}


def _columns(data: dict[str, Any]) -> tuple[object, ...]:
    """What stands in the columns subject, sender, date, start, finish, due and read."""
    name = data.get("file_as") or " ".join(data[part] for part in ("first_name", "last_name") if data.get(part))
    return (
        data.get("subject") or name or data.get("company_name") or data.get("email1_address"),
        data.get("from") or data.get("organizer_email") or data.get("organizer_name"),
        data.get("date_received") or data.get("last_modified_date"),
        data.get("start_time") or data.get("start_date"),
        data.get("end_time"),
        data.get("due_date"),
        data.get("read"),
    )


def _view(name: str, classes: tuple[str, ...], columns: dict[str, str]) -> str:
    shown = []
    for column, source in columns.items():
        value = f"json_extract(data, '{source}')" if source.startswith("$") else source
        shown.append(f"{value} AS {column}")
    wanted = ", ".join(f"'{cls}'" for cls in classes)
    return (
        f"CREATE VIEW IF NOT EXISTS {name} AS"
        f" SELECT items.account, folders.name AS folder, server_id, {', '.join(shown)}"
        f" FROM items LEFT JOIN folders USING (account, collection_id) WHERE items.class IN ({wanted})"
    )


__all__ = ["Mirror", "Taken"]
