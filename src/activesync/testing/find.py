"""Find as the server does it. Source: [MS-ASCMD] sections 2.2.1.2, 2.2.3.142.1, 2.2.3.143.1 and 2.2.3.177.2."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..commands import ExecuteSearch, Find, FindOptions, FindProperties, FindResponse, FindResult, FindResults
from ..items import Email, GALEntry, ItemClass
from .call import Call, problems
from .directory import photographs, words
from .folders import visible
from .mailbox import Stored
from .search import beneath, matcher

_SUCCESS, _INVALID, _FOLDER_SYNC, _NOT_FROM_ZERO = 1, 2, 3, 4
_MOST_RESULTS = 1000
_PREVIEW = 255
_SHARED = ("subject", "date_received", "display_to", "importance", "read", "is_draft", "from_")


def find(call: Call, request: Find) -> FindResponse:
    """What was found, within the Range that was asked for."""
    execute = request.execute
    if not request.search_id or execute is None or problems(request, execute):
        return FindResponse(status=_INVALID)
    chosen = execute.mailbox or execute.gal
    options = (chosen.options if chosen else None) or FindOptions()
    bounds = re.fullmatch(r"(\d{1,3})-(\d{1,3})", options.range or "0-99")
    if chosen is None or bounds is None or int(bounds[1]) > int(bounds[2]):
        return FindResponse(status=_INVALID)
    first, last = int(bounds[1]), int(bounds[2])
    # The first request for a search begins at 0: R3707101814.
    if first and request.search_id not in call.device.searches:
        return FindResponse(status=_SUCCESS, response=FindResults(status=_NOT_FROM_ZERO))
    call.device.searches.add(request.search_id)
    status, results = _in_mailbox(call, execute) if execute.mailbox else _in_directory(call, execute)
    if status != _SUCCESS:
        return FindResponse(status=status)
    shown = results[first : last + 1]
    if execute.gal:
        people = [one.properties for one in shown if one.properties is not None]
        for person, picture in zip(people, photographs(people, options.picture), strict=True):
            person.picture = picture
    answer = FindResults(status=_SUCCESS, results=shown, total=len(results))
    answer.range = f"{first}-{first + max(len(shown) - 1, 0)}"
    return FindResponse(status=_SUCCESS, response=answer)


def _in_mailbox(call: Call, execute: ExecuteSearch) -> tuple[int, list[FindResult]]:
    query = execute.mailbox.query if execute.mailbox else None
    options = (execute.mailbox.options if execute.mailbox else None) or FindOptions()
    if query is None or not query.free_text:
        return _INVALID, []
    folders = visible(call)
    if call.device.hierarchy is None or (query.collection_id and query.collection_id not in folders):
        return _FOLDER_SYNC, []
    wanted = {query.collection_id} if query.collection_id else set(folders)
    if options.deep_traversal:
        wanted = beneath(folders, wanted)
    fits = _restricted(query.free_text)
    found = [
        (kept.item, folder.server_id, kept)
        for folder in folders.values()
        if folder.server_id in wanted and folder.item_class == ItemClass.EMAIL
        for kept in folder.items.values()
        if isinstance(kept.item, Email) and fits(kept)
    ]
    found.sort(key=lambda one: one[0].date_received.timestamp() if one[0].date_received else 0, reverse=True)
    return _SUCCESS, [
        FindResult(cls=ItemClass.EMAIL, server_id=kept.server_id, collection_id=folder, properties=_shown(mail, kept))
        for mail, folder, kept in found[:_MOST_RESULTS]
    ]


_PROPERTIES = {"subject": "subject", "from": "from_", "to": "to", "cc": "cc"}


def _restricted(text: str) -> Callable[[Stored], bool]:
    """Whether a mail has these words: in a property that they name ("subject:"), the others anywhere."""
    others, patterns = [], []
    for word in text.split():
        name, colon, rest = word.partition(":")
        if colon and rest and name.lower() in _PROPERTIES:
            patterns.append((_PROPERTIES[name.lower()], matcher(rest)))
        else:
            others.append(word)
    anywhere = matcher(" ".join(others))

    def fits(kept: Stored) -> bool:
        return bool(anywhere.match(kept.words())) and all(
            pattern.match(" " + re.sub(r"\W+", " ", getattr(kept.item, name) or "").lower())
            for name, pattern in patterns
        )

    return fits


def _shown(mail: Email, kept: Stored) -> FindProperties:
    shown = FindProperties(**{name: getattr(mail, name) for name in _SHARED})
    shown.preview = " ".join(kept.content.text.split())[:_PREVIEW] or None
    shown.has_attachments = bool(mail.attachments)
    return shown


def _in_directory(call: Call, execute: ExecuteSearch) -> tuple[int, list[FindResult]]:
    if execute.gal is None or not execute.gal.query:
        return _INVALID, []
    pattern = matcher(execute.gal.query)
    return _SUCCESS, [FindResult(properties=_person(entry)) for entry in call.directory if pattern.match(words(entry))]


def _person(entry: GALEntry) -> FindProperties:
    names = [name for name in GALEntry.__dataclass_fields__ if name in FindProperties.__dataclass_fields__]
    return FindProperties(**{name: getattr(entry, name) for name in names if name not in ("unknown", "problems")})
