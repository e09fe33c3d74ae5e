"""Sync, downwards: the changes of folders, page by page."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import wbxml

from ..commands import FILTERS, FilterType, Options
from ..effects import Flow, Load, Now
from ..errors import (
    ActiveSyncError,
    DamagedError,
    HTTPError,
    LeaseError,
    ProvisionError,
    RemoteWipeRequested,
    StatusError,
    UnknownFolderError,
    UsageError,
)
from ..hierarchy import Folder
from ..items import BodyPreference, BodyType, ItemClass, MIMESupport
from ..session import Session
from .answers import TRIES, encoded, exchange
from .course import Course
from .folders import find_folder, folders, with_items

# What a server, or a proxy that waits for one, answers where it fails on what it has to send.
_FAILURES: Final = frozenset({500, 502, 504})
# How many folders one request carries, and how many items its answer may bring, shared among them.
_MOST_FOLDERS: Final = 30
MOST_ITEMS: Final = 512
_TOO_MANY: Final = (
    15  # [MS-ASCMD] section 2.2.3.177.17: more folders than the server takes; Limit says how many it does
)

_OF_A_FOLDER: Final = (StatusError, UnknownFolderError, DamagedError, LeaseError, HTTPError)


def known_filter(folder: Folder, filter_type: FilterType | None) -> FilterType | None:
    """The filter where the folder's class knows it, else None."""
    return filter_type if filter_type in FILTERS.get(folder.item_class, ()) else None


def conversation_mode(folder: Folder, wanted: bool) -> bool | None:
    """The ConversationMode for a folder: only one of mails may have it ([MS-ASCMD] section 2.2.3.36.2, R2117)."""
    return True if wanted and folder.item_class is ItemClass.EMAIL else None


def default_options(folder: Folder, *, filter_type: FilterType | None = None, body: BodyType | None = None) -> Options:
    """The Options for a folder: everything whole, bodies as text, those of mails as HTML where they are HTML.

    ``filter_type`` counts for folders whose class knows it, ``body`` asks for one form of body alone.
    """
    filter_type = known_filter(folder, filter_type)
    wanted = [body] if body is not None else [BodyType.PLAIN_TEXT]
    if body is None and folder.item_class is ItemClass.EMAIL:
        # The one that the mail has: [MS-ASAIRS] section 2.2.2.3.2, R77. SOGo looks at the last one alone.
        wanted = [BodyType.PLAIN_TEXT, BodyType.HTML]
    return Options(
        filter_type=filter_type,
        # MIME is sent only where this asks for it: [MS-ASCMD] section 2.2.3.110.
        mime_support=MIMESupport.ALWAYS if body is BodyType.MIME else None,
        body_preferences=[BodyPreference(type=one) for one in wanted],
    )


def sync(
    session: Session,
    wanted: Sequence[Folder | str],
    *,
    window: int = 100,
    filter_type: FilterType | None = None,
    body: BodyType | None = None,
    conversations: bool = False,
    options: Options | Callable[[Folder], Options] | None = None,
    parts: bool = False,
) -> Flow[None]:
    """Delivers the changes of these folders, page by page; of all that can be synchronised where none are named, up to
    14.1 without the drafts. With ``conversations`` those of mails come whole.

    One request asks for many folders, each of which has the same share of its answer: so one with many items does not
    keep the others waiting, and folders without news cost next to nothing. With ``parts`` the folders come one after
    the other, and each page in parts, while it arrives. Where one fails by itself, the others come first, and then its
    error is raised.
    """
    if not 1 <= window <= MOST_ITEMS:
        raise UsageError(f"window must be 1 to {MOST_ITEMS} items, not {window}")
    yield from session.begin()
    waiting: deque[Course] = deque()
    for folder in (yield from _chosen(session, wanted)):
        if options is None:
            its_options = default_options(folder, filter_type=filter_type, body=body)
        else:
            its_options = options(folder) if callable(options) else options
        waiting.append(Course(session, folder, window, its_options, conversation_mode(folder, conversations)))
    most = 1 if parts else _MOST_FOLDERS
    times = 0
    failed: ActiveSyncError | None = None
    while waiting:
        if session.starts_over:
            times += 1
            if times > TRIES:
                raise DamagedError(f"{session.host} asks again and again to start over (X-MS-RP)")
            yield from session.start_over()
        batch = _next_batch(waiting, most)
        ready = []
        for course in batch:
            try:
                yield from course.settled()
                ready.append(course)
            except _OF_A_FOLDER as error:
                failed = failed or _of_a_folder(error, course)
        # Only now, when nothing more is delivered before the request: the caller may have changed any of them.
        asked = {}
        for course in ready:
            collection = yield from course.asked(MOST_ITEMS // len(ready))
            if collection is None:
                waiting.append(course)
            else:
                asked[course] = collection
        if not asked:
            continue
        batch = list(asked)
        received, began = session.stats.received, (yield Now())
        arriving, lenient = (batch[0] if parts else None), batch[0].leniently
        try:
            answer = yield from exchange(session, encoded(session, *asked.values()), lenient=lenient, arriving=arriving)
        except (HTTPError, DamagedError) as error:
            if _ask_for_less(batch, error):
                waiting.extendleft(reversed(batch))
            else:
                failed = failed or _of_a_folder(error, batch[0])
            continue
        if len(batch) > 1 and answer.status not in (None, 1):
            # It is about the request as a whole: too many folders, or something with one of them, which shows alone.
            if answer.status == _TOO_MANY:
                most = min(answer.limit or len(batch) // 2, len(batch) - 1)
            else:
                _part_ways(batch)
            waiting.extendleft(reversed(batch))
            continue
        # With parts, the caller's own time is in it.
        seconds = 0.0 if parts else (yield Now()) - began
        names = [course.folder.collection_id for course in batch]
        there = (yield Load("folders")) if len(batch) > 1 else None
        for course in batch:
            if len(batch) > 1 and (yield Load("folders")) != there:
                # Meanwhile folders have come or gone: what has come of this one may be of one that is no more.
                waiting.append(course)
                continue
            if not parts or lenient:
                course.began()
            course.paced(session.stats.received - received, seconds)
            try:
                yield from course.took(answer, names)
            except _OF_A_FOLDER as error:
                failed = failed or _of_a_folder(error, course)
                continue
            if not course.done and parts:
                waiting.appendleft(course)
            elif not course.done:
                waiting.append(course)
    if failed is not None:
        raise failed


def _chosen(session: Session, wanted: Sequence[Folder | str]) -> Flow[list[Folder]]:
    if not wanted:
        return with_items(session, (yield from folders(session)))
    chosen: dict[str, Folder] = {}
    for one in wanted:
        found = yield from find_folder(session, one)
        chosen.setdefault(found.collection_id, found)  # a request may name a folder once
    return list(chosen.values())


def _next_batch(waiting: deque[Course], most: int) -> list[Course]:
    """The folders for the next request."""
    batch = [waiting.popleft()]
    if not batch[0].alone:
        batch += [course for course in waiting if not course.alone][: most - 1]
        for course in batch[1:]:
            waiting.remove(course)
    return batch


def _part_ways(batch: list[Course]) -> None:
    for course in batch:
        course.alone = True


def _ask_for_less(batch: list[Course], error: HTTPError | DamagedError) -> bool:
    """Whether to ask again after a request that the server failed on, or whose answer cannot be read: for each folder
    by itself, and then for fewer of its items.
    """
    if isinstance(error, HTTPError) and error.status not in _FAILURES:
        return False
    if len(batch) > 1:
        _part_ways(batch)
        return True
    # One of the items that were due may be why.
    of_an_item = isinstance(error, HTTPError) or isinstance(error.__cause__, wbxml.DecodeError)
    return of_an_item and batch[0].narrowed(error)


def _of_a_folder(error: ActiveSyncError, course: Course) -> ActiveSyncError:
    """The error, where it is one folder's trouble: the others have their turn before it is told. Else it is raised; and
    so where the caller has a page of the folder that will never be whole.
    """
    if course.half_told or isinstance(error, ProvisionError | RemoteWipeRequested):
        raise error
    if isinstance(error, HTTPError) and error.status not in _FAILURES:
        raise error
    return error
