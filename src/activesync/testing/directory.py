"""The global address list as it is searched, by Search and by Find: words to look for, and photographs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields

from ..commands import FindPictures, FindProperties, PictureOptions
from ..items import GALEntry, GALPicture

_THERE, _NONE, _TOO_LARGE, _ONE_TOO_MANY = 1, 173, 174, 175


def words(entry: GALEntry) -> str:
    """The words of an entry of the directory, as matcher() takes them."""
    texts: Sequence[object] = [getattr(entry, one.name) for one in fields(entry)]
    return " " + re.sub(r"\W+", " ", " ".join(text for text in texts if isinstance(text, str))).lower()


def photographs(
    entries: Sequence[GALEntry | FindProperties], wanted: PictureOptions | FindPictures | None
) -> list[GALPicture | None]:
    """The photograph of each entry of an answer, or the Status that says why it is not there: MaxSize, MaxPictures.

    None for all where none are wanted. Source: [MS-ASCMD] sections 2.2.3.105, 2.2.3.106 and 2.2.3.136.
    """
    if wanted is None:
        return [None] * len(entries)
    shown: list[GALPicture | None] = []
    given = 0
    for entry in entries:
        data = entry.picture.data if entry.picture is not None else None
        if data is None:
            shown.append(GALPicture(status=_NONE))
        elif wanted.max_size is not None and len(data) > wanted.max_size:
            shown.append(GALPicture(status=_TOO_LARGE))
        elif wanted.max_pictures is not None and given >= wanted.max_pictures:
            shown.append(GALPicture(status=_ONE_TOO_MANY))
        else:
            given += 1
            shown.append(GALPicture(status=_THERE, data=data))
    return shown


__all__ = ["photographs", "words"]
