"""The folders of a mailbox as the client keeps them. Source: [MS-ASCMD] section 2.2.1.5."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Final, overload

from .commands import FolderAdd, FolderChange, FolderRemoval, FolderType
from .errors import StoreError
from .items import ItemClass
from .state import FIRST_KEY

ROOT: Final = "0"
"""The ParentId of what is in no folder: [MS-ASCMD] section 2.2.3.129."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: ``collection_id`` names it to the server, ``parent_id`` the one it lies in ("0": none)."""

    collection_id: str
    parent_id: str
    name: str
    type: FolderType = FolderType.UNKNOWN

    @property
    def item_class(self) -> ItemClass | None:
        """The class of its items, or None where they cannot be synchronised."""
        return self.type.item_class


class Hierarchy(Sequence[Folder]):
    """All folders of a mailbox, a sequence in the order of the tree: each parent before its children.

    ``sync_key`` is the key that stands for this state.
    """

    def __init__(self, sync_key: str = FIRST_KEY, folders: Iterable[Folder] = ()) -> None:
        self.sync_key = sync_key
        self._by_id = {folder.collection_id: folder for folder in folders}
        self._order = tuple(folder for _, folder in self.tree())

    def __repr__(self) -> str:
        return f"Hierarchy({', '.join(folder.name for folder in self)})"

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> Folder: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Folder, ...]: ...

    def __getitem__(self, index: int | slice) -> Folder | tuple[Folder, ...]:
        return self._order[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hierarchy):
            return NotImplemented
        return self.sync_key == other.sync_key and self._by_id == other._by_id

    __hash__ = None  # type: ignore[assignment]

    def get(self, collection_id: str) -> Folder | None:
        """The folder with this CollectionId, or None."""
        return self._by_id.get(collection_id)

    def named(self, name: str) -> Folder | None:
        """The first folder whose name or type is this, whatever its case ("inbox", "Projects"), or None."""
        wanted = name.casefold()
        for folder in self:
            if folder.name.casefold() == wanted:
                return folder
        for folder in self:
            if folder.type.name.casefold() == wanted:
                return folder
        return None

    def of_type(self, *types: FolderType) -> list[Folder]:
        """The folders of these types."""
        return [folder for folder in self if folder.type in types]

    def tree(self) -> Iterator[tuple[int, Folder]]:
        """Each folder with its depth (0 at the top), parents first; one whose parent is missing stands at the top."""
        children: dict[str, list[Folder]] = {}
        for folder in self._by_id.values():
            parent = folder.parent_id if folder.parent_id in self._by_id else ROOT
            children.setdefault(parent, []).append(folder)
        waiting = [(0, folder) for folder in reversed(children.get(ROOT, []))]
        reached = set()
        while waiting:
            depth, folder = waiting.pop()
            reached.add(folder.collection_id)
            yield depth, folder
            waiting.extend((depth + 1, child) for child in reversed(children.get(folder.collection_id, [])))
        # Folders that lie in each other in a circle have no top; they must not vanish.
        yield from ((0, folder) for folder in self._by_id.values() if folder.collection_id not in reached)

    def changed(self, sync_key: str, changes: Iterable[FolderAdd | FolderChange | FolderRemoval]) -> Hierarchy:
        """The hierarchy after these changes. What names no folder is passed over; an Add of a known one changes it."""
        folders = dict(self._by_id)
        for change in changes:
            if not change.server_id:
                continue
            if isinstance(change, FolderRemoval):
                folders.pop(change.server_id, None)
                continue
            old = folders.get(change.server_id)
            folders[change.server_id] = Folder(
                change.server_id,
                change.parent_id or (old.parent_id if old else ROOT),
                change.display_name if change.display_name is not None else (old.name if old else change.server_id),
                change.type or (old.type if old else FolderType.UNKNOWN),
            )
        return Hierarchy(sync_key, folders.values())

    def to_json(self) -> str:
        """The hierarchy as it is kept in a store."""
        return json.dumps({"sync_key": self.sync_key, "folders": [asdict(folder) for folder in self._by_id.values()]})

    @classmethod
    def from_json(cls, text: str | None) -> Hierarchy:
        """The hierarchy that to_json() wrote; an empty one for None. Raises StoreError for anything else."""
        if not text:
            return cls()
        try:
            state: dict[str, Any] = json.loads(text)
            folders = [Folder(**{**folder, "type": FolderType(folder["type"])}) for folder in state["folders"]]
            texts = [(one.collection_id, one.parent_id, one.name) for one in folders]
            if not all(isinstance(text, str) for text in (state["sync_key"], *chain.from_iterable(texts))):
                raise TypeError
            return cls(state["sync_key"], folders)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError("the store is damaged: its folders cannot be read; take another store") from error
