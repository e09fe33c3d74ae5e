"""A mailbox in memory: folders, items, and what has happened to them. A test changes it as the server's other users do.

mailbox = Mailbox("alice", "secret")
sid = mailbox.add(FolderType.CONTACTS, Contact(first_name="Zoë"))
mailbox.change(sid, last_name="Müller")
mailbox.deliver(message)                     # an EmailMessage, or bytes
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from ..commands import FolderType, Oof, OofMessage, OofState, RightsManagementTemplate
from ..hierarchy import ROOT
from ..items import (
    MODELS,
    Attachment,
    AttachmentMethod,
    Body,
    BodyType,
    CalendarEvent,
    Contact,
    Email,
    Flag,
    Item,
    ItemClass,
    Location,
    Note,
    Recurrence,
    RecurrenceType,
    Task,
    Weekday,
)
from .content import Content, File, compose, content_of, parse, text_of

# What a mail carries for its reader: a change of these alone is no change of the mail itself.
MARKS = frozenset({"read", "flag", "categories", "last_verb_executed", "last_verb_execution_time"})

_STANDARD = (
    ("Inbox", FolderType.INBOX),
    ("Drafts", FolderType.DRAFTS),
    ("Deleted Items", FolderType.DELETED_ITEMS),
    ("Sent Items", FolderType.SENT_ITEMS),
    ("Outbox", FolderType.OUTBOX),
    ("Calendar", FolderType.CALENDAR),
    ("Contacts", FolderType.CONTACTS),
    ("Tasks", FolderType.TASKS),
    ("Notes", FolderType.NOTES),
)


@dataclass(slots=True)
class Stored:
    """An item as it is kept: without its body, which is its content.

    ``revision`` is that of the mailbox at the last change, ``substance`` at the last change of more than MARKS.
    """

    server_id: str
    item: Item
    content: Content
    revision: int
    substance: int
    _words: str | None = None

    def mime(self) -> bytes:
        """The whole message; only for mails."""
        if self.content.mime is None:
            assert isinstance(self.item, Email)
            mime = compose(self.item, self.content, self.server_id.replace(":", "."))
            self.content = replace(self.content, mime=mime)
            return mime
        return self.content.mime

    def words(self) -> str:
        """All words of the item in lower case, with a space before each, for a search."""
        if self._words is None:
            texts = [self.content.text, *_texts(self.item)]
            self._words = " " + re.sub(r"\W+", " ", " ".join(texts)).lower()
        return self._words


def _texts(model: Any) -> Iterable[str]:
    for one in fields(model):
        value = getattr(model, one.name)
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, str):
                yield part
            elif hasattr(part, "__wbxml_fields__"):
                yield from _texts(part)


@dataclass(slots=True)
class Folder:
    """A folder with its items by ServerId, oldest first.

    ``revision`` is that of the mailbox when the folder itself was last changed, ``touched`` when an item of it was.
    """

    server_id: str
    parent_id: str
    name: str
    type: FolderType
    revision: int
    touched: int = 0
    items: dict[str, Stored] = field(default_factory=dict, repr=False)

    @property
    def item_class(self) -> ItemClass | None:
        """The class of items that is synchronised with this folder."""
        return self.type.item_class


class Mailbox:
    """A user with a password and a mailbox. Its methods may be called from any thread, while a server serves it.

    ``now`` gives the time by which the server judges how old an item is; a test may put its own clock there.
    ``rights_templates`` are the templates of rights that Settings tells of.
    """

    def __init__(
        self, user: str = "alice", password: str = "secret", *, name: str | None = None, address: str | None = None
    ) -> None:
        self.user = user
        self.password = password
        self.name = name or user.partition("@")[0].title()
        self.address = address or (user if "@" in user else f"{user}@example.test")
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.oof = Oof(
            oof_state=OofState.DISABLED,
            messages=[
                OofMessage(applies_to_internal=True, enabled=False),
                OofMessage(applies_to_external_known=True, enabled=False),
                OofMessage(applies_to_external_unknown=True, enabled=False),
            ],
        )
        self.rights_templates: list[RightsManagementTemplate] = []
        self.folders: dict[str, Folder] = {}
        self.revision = 0
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._last_folder = 0
        self._last_item = self._last_file = 0
        for title, kind in _STANDARD:
            self.add_folder(title, kind)

    def __repr__(self) -> str:
        count = sum(len(folder.items) for folder in self.folders.values())
        return f"<Mailbox {self.user}: {len(self.folders)} folders, {count} items>"

    # Folders

    def add_folder(self, name: str, type: FolderType = FolderType.USER_MAIL, parent_id: str = ROOT) -> Folder:
        """The new folder."""
        with self.lock:
            self._last_folder += 1
            server_id = str(self._last_folder)
            folder = Folder(server_id, parent_id, name, type, self._next())
            self.folders[server_id] = folder
            return folder

    def folder(self, wanted: FolderType | str | Folder) -> Folder:
        """The folder of this type, or with this ServerId. Raises KeyError where there is none."""
        if isinstance(wanted, Folder):
            return wanted
        if not isinstance(wanted, FolderType):
            return self.folders[wanted]
        for folder in self.folders.values():
            if folder.type is wanted:
                return folder
        raise KeyError(wanted)

    def rename_folder(self, wanted: FolderType | str | Folder, name: str, parent_id: str | None = None) -> None:
        """Gives a folder another name, or another parent."""
        with self.lock:
            folder = self.folder(wanted)
            folder.name = name
            folder.parent_id = folder.parent_id if parent_id is None else parent_id
            folder.revision = self._next()

    def remove_folder(self, wanted: FolderType | str | Folder) -> None:
        """Deletes a folder, with those in it, and all their items."""
        with self.lock:
            folder = self.folder(wanted)
            for child in [one for one in self.folders.values() if one.parent_id == folder.server_id]:
                self.remove_folder(child)
            del self.folders[folder.server_id]
            self._next()

    # Items

    def add(
        self,
        folder: FolderType | str | Folder,
        item: Item,
        *,
        html: str | None = None,
        files: Iterable[File] = (),
        content: Content | None = None,
    ) -> str:
        """The ServerId of a new item. Its body is that of ``item``, or ``html``, or ``content``.

        Raises TypeError where the item is of another class than the folder, ValueError where its values do not fit.
        """
        with self.lock:
            place = self.folder(folder)
            if not isinstance(item, MODELS.get(place.item_class or "", ())):
                raise TypeError(f"{place.name} holds {place.item_class}, not {type(item).__name__}")
            if content is None:
                content = content_of(item.body)
                if html is not None:
                    content = replace(content, html=html) if content.text else Content(text_of(html), html)
                content = replace(content, files=tuple(files))
            return self._put(place, replace(item, body=None), content).server_id

    def _put(self, place: Folder, item: Item, content: Content) -> Stored:
        self._last_item += 1
        server_id = f"{place.server_id}:{self._last_item}"
        item, content = self._attached(server_id, item, content)
        revision = self._touch(place)
        stored = Stored(server_id, self._complete(item), content, revision, revision)
        place.items[server_id] = stored
        return stored

    def _attached(self, server_id: str, item: Item, content: Content) -> tuple[Item, Content]:
        """The item with its files as attachments, each with a reference of its own that no other one ever has."""
        if not isinstance(item, Email | CalendarEvent) or not content.files:
            return item, content
        files = []
        for file in content.files:
            if file.reference is None:
                self._last_file += 1
                file = replace(file, reference=f"{server_id}/{self._last_file}")
            files.append(file)
        return replace(item, attachments=_attachments(files)), replace(content, files=tuple(files))

    def _complete(self, item: Item) -> Item:
        """The item with what a server adds to each."""
        if isinstance(item, CalendarEvent):
            if item.place is not None:
                item.location = item.place.display_name
            elif item.location is not None:
                item.place = Location(display_name=item.location)
            if item.exceptions:
                # The same under two names: the first up to 14.1, the second from 16.0 on.
                item.exceptions = [
                    replace(one, exception_start_time=start, instance_id=start)
                    for one in item.exceptions
                    for start in (one.exception_start_time or one.instance_id,)
                ]
            item.dt_stamp = self.now().replace(microsecond=0)
            item.recurrence = with_first_day(item.recurrence)
            item.uid = item.uid or item.client_uid or f"event-{self._last_item}@{self.address}"
        elif isinstance(item, Note):
            item.last_modified_date = self.now().replace(microsecond=0)
            item.message_class = item.message_class or "IPM.StickyNote"
        elif isinstance(item, Email):
            item.date_received = item.date_received or self.now()
            item.read = bool(item.read)
            item.message_class = item.message_class or "IPM.Note"
            item.flag = Flag() if item.flag is None else item.flag
            item.categories = item.categories or []
        elif isinstance(item, Contact) and item.file_as is None:
            item.file_as = " ".join(name for name in (item.first_name, item.last_name) if name) or None
        elif isinstance(item, Task):
            item.complete = bool(item.complete)
        return item

    def deliver(
        self, message: bytes | EmailMessage, folder: FolderType | str | Folder = FolderType.INBOX, **values: Any
    ) -> str:
        """The ServerId of a mail that has come in. ``values`` are properties of it, such as read=True."""
        item, content = parse(message)
        return self.add(folder, replace(item, **values), content=content)

    def stored(self, server_id: str) -> tuple[Folder, Stored]:
        """The item with this ServerId as it is kept, and its folder. Raises KeyError where there is none."""
        folder = self.folders[server_id.partition(":")[0]]
        return folder, folder.items[server_id]

    def item(self, server_id: str) -> Item:
        """The item, its body as text. Raises KeyError where there is none."""
        with self.lock:
            kept = self.stored(server_id)[1]
            return replace(kept.item, body=Body(type=BodyType.PLAIN_TEXT, data=kept.content.text))

    def items(self, folder: FolderType | str | Folder) -> dict[str, Item]:
        """All items of a folder by ServerId, oldest first, their bodies as text."""
        with self.lock:
            return {server_id: self.item(server_id) for server_id in self.folder(folder).items}

    def change(self, server_id: str, **values: Any) -> None:
        """Changes properties of an item; ``body`` may be a Body or text. Raises KeyError where there is none."""
        with self.lock:
            kept = self.stored(server_id)[1]
            content = kept.content
            if isinstance(kept.item, CalendarEvent) and "location" in values:
                values.setdefault("place", None)
            if "body" in values:
                content = content_of(values.pop("body"))
            self.replace(server_id, replace(kept.item, **values), content)

    def replace(self, server_id: str, item: Item, content: Content) -> Stored:
        """Puts another item in the place of one, under the same ServerId. Raises KeyError where there is none."""
        with self.lock:
            folder, kept = self.stored(server_id)
            only_marks = kept.content is content and all(
                getattr(item, one.name) == getattr(kept.item, one.name) for one in fields(item) if one.name not in MARKS
            )
            if content.files != kept.content.files and isinstance(item, Email | CalendarEvent):
                item, content = self._attached(server_id, replace(item, attachments=[]), content)
            kept.revision = self._touch(folder)
            if not (only_marks and isinstance(item, Email)):
                kept.substance = kept.revision
                # The message as it came is no longer what the item is.
                content = replace(content, mime=None) if content is kept.content else content
            kept.item, kept.content, kept._words = self._complete(replace(item, body=None)), content, None
            return kept

    def delete(self, server_id: str) -> None:
        """Deletes an item for good. Raises KeyError where there is none."""
        with self.lock:
            folder, kept = self.stored(server_id)
            del folder.items[kept.server_id]
            self._touch(folder)

    def move(self, server_id: str, folder: FolderType | str | Folder) -> str:
        """The ServerId that an item has in the folder to which it was moved. Raises KeyError where there is none."""
        with self.lock:
            kept = self.stored(server_id)[1]
            place = self.folder(folder)
            self.delete(server_id)
            return self._put(place, kept.item, kept.content).server_id

    def _next(self) -> int:
        self.revision += 1
        self.changed.notify_all()
        return self.revision

    def _touch(self, folder: Folder) -> int:
        folder.touched = self._next()
        return folder.touched


def with_first_day(recurrence: Recurrence | None) -> Recurrence | None:
    """The recurrence with the day on which a week begins.

    It is the user's own day where the client names none ([MS-ASCAL] section 3.2.5, R52523 and R52524): Sunday here.
    """
    if recurrence is None or recurrence.type is not RecurrenceType.WEEKLY or recurrence.first_day_of_week is not None:
        return recurrence
    return replace(recurrence, first_day_of_week=Weekday.SUNDAY)


def _attachments(files: Iterable[File]) -> list[Any]:
    return [
        Attachment(
            display_name=file.name,
            file_reference=file.reference,
            method=AttachmentMethod.NORMAL,
            estimated_data_size=len(file.data),
            content_id=file.content_id,
            is_inline=True if file.content_id else None,
        )
        for file in files
    ]
