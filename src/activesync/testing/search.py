"""Search as the server does it. Source: [MS-ASCMD] sections 2.2.1.16, 2.2.3.143.3 and 2.2.3.177.13."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import wbxml

from ..commands import (
    And,
    Query,
    Search,
    SearchGAL,
    SearchOptions,
    SearchResponse,
    SearchResponses,
    SearchResult,
    SearchStore,
    SearchStoreResponse,
)
from ..items import MODELS, Email, Item
from .call import Call, problems
from .directory import photographs, words
from .fitting import fitting
from .folders import visible
from .mailbox import Folder, Stored
from .present import present

_SUCCESS, _INVALID, _NOT_FOUND, _TOO_COMPLEX, _FOLDER_SYNC, _END_OF_RANGE = 1, 2, 6, 8, 11, 12
# Section 2.2.3.143.3, R3733 and R3735: how many results a search gives at most, and without a Range.
_MOST_RESULTS = 100


class _Refused(Exception):
    """A search that is not carried out, with the Status of its Store."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def search(call: Call, request: Search | SearchGAL) -> SearchResponse:
    """What was found, within the Range that was asked for."""
    store = request.store
    try:
        if store is None or problems(request, store, store.options):
            raise _Refused(_INVALID)
        options = store.options or SearchOptions()
        first, last = _range(options.range)
        if isinstance(request, SearchGAL):
            answer = _in_directory(call, request.store.query if request.store else None, options, first, last)
        elif request.store is not None and (request.store.name or "").lower() == "mailbox":
            answer = _in_mailbox(call, request.store.query, options, first, last)
        else:
            answer = _in_library(call, request.store, options, first, last)
    except _Refused as refused:
        answer = SearchStoreResponse(status=refused.status)
    return SearchResponse(status=_SUCCESS, response=SearchResponses(store=answer))


def _range(text: str | None) -> tuple[int, int]:
    if text is None:
        return 0, _MOST_RESULTS - 1
    match = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise _Refused(_INVALID)
    if int(match[2]) >= _MOST_RESULTS:
        raise _Refused(_END_OF_RANGE)  # R3736
    return int(match[1]), int(match[2])


def _answer(results: list[SearchResult], first: int, total: int) -> SearchStoreResponse:
    if first and first >= total:
        raise _Refused(_END_OF_RANGE)
    # "0-0" stands for nothing as well as for one result: Total tells.
    shown = f"{first}-{first + max(len(results) - 1, 0)}"
    return SearchStoreResponse(status=_SUCCESS, results=results, range=shown, total=total)


def matcher(text: str) -> re.Pattern[str]:
    """Finds all words of a text, each as the beginning of a word (section 2.2.3.142.2, R3696), in any order.

    Words of scripts that put no spaces between them are found anywhere.
    """
    words = re.sub(r"\W+", " ", text).lower().split()
    return re.compile("".join(f"(?=.*{' ' if word.isascii() else ''}{re.escape(word)})" for word in words), re.DOTALL)


def _in_mailbox(call: Call, query: Query | None, options: SearchOptions, first: int, last: int) -> SearchStoreResponse:
    if query is None or query.problems:
        raise _Refused(_INVALID)
    if query.unknown or query.equal_to is not None or query.or_ is not None or query.classes:
        raise _Refused(_TOO_COMPLEX)  # a Class outside And: section 2.2.3.27.5, R923
    both = query.and_
    if query == Query():
        raise _Refused(_INVALID)
    if both is None:
        raise _Refused(_TOO_COMPLEX)  # R2086, R3105, R3143, R3220: criteria stand within And
    if both.and_ is not None or both.or_ is not None:
        raise _Refused(_TOO_COMPLEX)
    if problems(both, both.greater_than, both.less_than):
        raise _Refused(_INVALID)
    for bound in (both.greater_than, both.less_than):
        if bound is not None and (not bound.date_received or bound.value is None):
            raise _Refused(_INVALID)
    if both.free_text is None and both.conversation_id is None:
        raise _Refused(_INVALID)
    if call.device.hierarchy is None:
        raise _Refused(_FOLDER_SYNC)
    asked = wbxml.encode(query) + bytes([options.deep_traversal])
    if options.rebuild_results or call.device.search_folder[0] != asked:
        hits = [(folder, kept) for folder in _places(call, both, options) for kept in _found(folder, both)]
        hits.sort(key=lambda one: _date(one[1]), reverse=True)
        call.device.search_folder = asked, [(folder.server_id, kept.server_id) for folder, kept in hits]
    folders = visible(call)
    found = [
        (folders[place], folders[place].items[known])
        for place, known in call.device.search_folder[1]
        if place in folders and known in folders[place].items
    ]
    results = []
    for folder, kept in found[first : last + 1]:
        item = present(kept, call.version, options)
        if not options.body_preferences:
            item.body = None
        results.append(
            SearchResult(
                cls=folder.item_class,
                long_id=f"{folder.server_id}/{kept.server_id}" if call.version >= "14.1" else None,
                collection_id=folder.server_id,
                properties=item,
            )
        )
    return _answer(results, first, len(found))


def _places(call: Call, query: And, options: SearchOptions) -> Iterable[Folder]:
    """The folders in which to search, those of the named classes among the named ones."""
    folders = visible(call)
    wanted = set(query.collection_ids)
    if not wanted <= folders.keys():
        raise _Refused(_FOLDER_SYNC)
    if options.deep_traversal:
        wanted = beneath(folders, wanted)
    for folder in folders.values():
        if folder.item_class is None or (wanted and folder.server_id not in wanted):
            continue
        if not query.classes or folder.item_class in query.classes:
            yield folder


def beneath(folders: Mapping[str, Folder], wanted: set[str]) -> set[str]:
    """The folders of these ids, and those within them, however deep."""
    size = -1
    while len(wanted) > size:
        size = len(wanted)
        wanted = wanted | {folder.server_id for folder in folders.values() if folder.parent_id in wanted}
    return wanted


def _found(folder: Folder, query: And) -> Iterable[Stored]:
    pattern = matcher(query.free_text or "")
    after = query.greater_than.value if query.greater_than else None
    before = query.less_than.value if query.less_than else None
    for kept in folder.items.values():
        item = kept.item
        if not isinstance(item, MODELS[folder.item_class or ""]):
            continue
        if after is not None or before is not None or query.conversation_id is not None:
            if not isinstance(item, Email) or item.date_received is None:
                continue
            if query.conversation_id is not None and item.conversation_id != query.conversation_id:
                continue
            if after is not None and item.date_received <= after:
                continue
            if before is not None and item.date_received >= before:
                continue
        if pattern.match(kept.words()):
            yield kept


def _date(kept: Stored) -> float:
    item: Item = kept.item
    when: datetime | None = getattr(item, "date_received", None) or getattr(item, "start_time", None)
    return when.timestamp() if when is not None else float("-inf")


def _in_directory(call: Call, query: str | None, options: SearchOptions, first: int, last: int) -> SearchStoreResponse:
    if not query:
        raise _Refused(_INVALID)
    pattern = matcher(query)
    found = [entry for entry in call.directory if pattern.match(words(entry))]
    shown = found[first : last + 1]
    pictures = photographs(shown, options.picture if call.version >= "14.1" else None)
    results = [
        SearchResult(properties=replace(fitting(entry, call.version), picture=picture))
        for entry, picture in zip(shown, pictures, strict=True)
    ]
    return _answer(results, first, len(found))


def _in_library(
    call: Call, store: SearchStore | None, options: SearchOptions, first: int, last: int
) -> SearchStoreResponse:
    """A file; or a folder and what it holds: section 2.2.3.155.3, R3853."""
    query = store.query if store is not None and (store.name or "").lower() == "documentlibrary" else None
    if query is None or query.equal_to is None or query.greater_than or query.less_than:
        raise _Refused(_INVALID)  # R3138, R3214: bounds are for mailboxes
    if problems(query, query.equal_to):
        raise _Refused(_INVALID)
    wanted = (query.equal_to.value or "").rstrip("\\/").casefold()
    if not query.equal_to.link_id or not wanted:
        raise _Refused(_INVALID)  # [MS-ASDOC] R85
    links = [((entry.link_id or "").rstrip("\\/").casefold(), entry) for entry in call.documents]
    itself = [entry for link, entry in links if link == wanted]
    if not itself:
        raise _Refused(_NOT_FOUND)
    within = [entry for link, entry in links if re.fullmatch(re.escape(wanted) + r"[\\/][^\\/]+", link)]
    found = itself + (within if itself[0].is_folder else [])
    return _answer([SearchResult(properties=entry) for entry in found[first : last + 1]], first, len(found))
