"""Questions that leave no state behind: estimates, searches, settings, the policy and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar
from uuid import uuid4

from ..commands import (
    And,
    DeviceInformation,
    DeviceInformationRequest,
    EASProvisionDoc,
    EqualTo,
    EstimateCollection,
    EstimateCollection121,
    ExecuteSearch,
    FilterType,
    Find,
    FindOptions,
    FindPictures,
    FindProperties,
    FindQuery,
    FindResult,
    GALCriterion,
    GALEntry,
    GALStore,
    GetItemEstimate,
    GetItemEstimate121,
    MailboxCriterion,
    Oof,
    OofGet,
    OofMessage,
    OofRequest,
    OofState,
    Options,
    PictureOptions,
    Query,
    Search,
    SearchGAL,
    SearchOptions,
    SearchResult,
    SearchStore,
    Settings,
    SettingsResponse,
    UserInformation,
    UserInformationRequest,
)
from ..effects import Flow, Load
from ..errors import DamagedError, UsageError
from ..hierarchy import Folder
from ..items import BodyPreference, DocumentEntry, ItemClass
from ..session import Session
from ..state import FIRST_KEY, CollectionState, state_name
from ..status import Action, status
from .answers import prime
from .down import conversation_mode, known_filter
from .folders import find_folder, folders

T = TypeVar("T")
_Page: TypeAlias = tuple[int | None, list[T], int | None]
"""A page of what was found: its Status, the results, and how many there are in all."""


def provision(session: Session) -> Flow[EASProvisionDoc | None]:
    """Gets the server's policy and acknowledges it, whether it asks for that or not; None where there is none."""
    yield from session.begin()
    return (yield from session.provision())


def acknowledge_wipe(session: Session, *, account_only: bool, done: bool) -> Flow[None]:
    """Answers the server's demand for a wipe. Nothing is erased."""
    yield from session.begin()
    yield from session.acknowledge_wipe(account_only=account_only, done=done)


def estimate(
    session: Session, wanted: Folder | str, *, filter_type: FilterType | None = None, conversations: bool = False
) -> Flow[int]:
    """How many items the next synchronisation of the folder would bring. Source: [MS-ASCMD] section 2.2.1.9."""
    yield from session.begin()
    folder = yield from find_folder(session, wanted)
    state = CollectionState.from_json((yield Load(state_name(folder.collection_id))))
    if state.sync_key == FIRST_KEY:
        # The server estimates against a key; this one stands for nothing and is not kept.
        state = yield from prime(session, folder, state)
    for _ in range(2):
        mode = conversation_mode(folder, conversations)
        command = _estimate_command(session, folder, state.sync_key, known_filter(folder, filter_type), mode)
        response = yield from session.run(command)
        if not response.responses and not response.status:
            raise DamagedError(f"{session.host} answers GetItemEstimate with nothing")
        answers = response.responses
        code = answers[0].status if answers else response.status
        if code in (None, 1) and answers and answers[0].collection is not None:
            return answers[0].collection.estimate or 0
        if status("GetItemEstimate", code or 0).action is not Action.RESYNC:
            break
        state = yield from prime(session, folder, CollectionState())
    raise session.status_error("GetItemEstimate", "GetItemEstimate", code or 0)


def _estimate_command(
    session: Session, folder: Folder, sync_key: str, filter_type: FilterType | None, mode: bool | None
) -> GetItemEstimate | GetItemEstimate121:
    cls = folder.item_class.value if folder.item_class else None
    if session.version == "12.1":
        old = EstimateCollection121(
            cls=cls,
            collection_id=folder.collection_id,
            filter_type=filter_type or FilterType.ALL,  # required here: [MS-ASCMD] section 2.2.3.68.1, R6554
            sync_key=sync_key,
        )
        return GetItemEstimate121(collections=[old])
    options = [] if filter_type is None else [Options(cls=cls, filter_type=filter_type)]
    collection = EstimateCollection(
        sync_key=sync_key, collection_id=folder.collection_id, conversation_mode=mode, options=options
    )
    return GetItemEstimate(collections=[collection])


def search(
    session: Session,
    text: str,
    *,
    folder: Folder | str | None = None,
    limit: int = 100,
    body: BodyPreference | None = None,
) -> Flow[list[SearchResult]]:
    """The first ``limit`` mails that hold the text, in one folder or in all. Source: [MS-ASCMD] section 2.2.1.16."""
    yield from session.begin()
    where = [] if folder is None else [(yield from find_folder(session, folder)).collection_id]

    def command(first: int, last: int) -> Search:
        return Search(
            store=SearchStore(
                name="Mailbox",
                # Within And even where it stands alone: SOGo knows no other form.
                query=Query(and_=And(classes=[ItemClass.EMAIL.value], collection_ids=where, free_text=text)),
                options=SearchOptions(
                    rebuild_results=first == 0,
                    range=f"{first}-{last}",
                    deep_traversal=True,
                    body_preferences=[body] if body else [],
                ),
            )
        )

    return (yield from _search(session, command, limit))


def search_gal(session: Session, text: str, *, limit: int = 100, pictures: bool = False) -> Flow[list[GALEntry]]:
    """The first ``limit`` people of the address list whose name or address begins so, with pictures where wanted."""
    yield from session.begin()

    def command(first: int, last: int) -> SearchGAL:
        options = SearchOptions(range=f"{first}-{last}", picture=PictureOptions() if pictures else None)
        return SearchGAL(store=GALStore(name="GAL", query=text, options=options))

    results = yield from _search(session, command, limit)
    return [result.properties for result in results if isinstance(result.properties, GALEntry)]


def search_documents(session: Session, link: str, *, limit: int = 100) -> Flow[list[DocumentEntry]]:
    """The file at this address of a document library; of a folder, itself and then the first of what it holds."""
    yield from session.begin()

    def command(first: int, last: int) -> Search:
        query = Query(equal_to=EqualTo(link_id=True, value=link))
        options = SearchOptions(range=f"{first}-{last}")
        return Search(store=SearchStore(name="DocumentLibrary", query=query, options=options))

    results = yield from _search(session, command, limit)
    return [result.properties for result in results if isinstance(result.properties, DocumentEntry)]


def find(
    session: Session, text: str, *, folder: Folder | str | None = None, limit: int = 100
) -> Flow[list[FindResult]]:
    """The first ``limit`` mails with this text, from 16.1 on. Source: [MS-ASCMD] section 2.2.1.2."""
    yield from session.begin()
    where = None if folder is None else (yield from find_folder(session, folder)).collection_id

    def execute(options: FindOptions) -> ExecuteSearch:
        query = FindQuery(cls=ItemClass.EMAIL.value, collection_id=where, free_text=text)
        options.deep_traversal = where is not None
        return ExecuteSearch(mailbox=MailboxCriterion(query=query, options=options))

    return (yield from _find_pages(session, execute, limit))


def find_gal(session: Session, text: str, *, limit: int = 100, pictures: bool = False) -> Flow[list[FindProperties]]:
    """The first ``limit`` people of the address list, from 16.1 on, with their pictures where these are wanted."""
    yield from session.begin()

    def execute(options: FindOptions) -> ExecuteSearch:
        options.picture = FindPictures() if pictures else None
        return ExecuteSearch(gal=GALCriterion(query=text, options=options))

    results = yield from _find_pages(session, execute, limit)
    return [result.properties for result in results if result.properties is not None]


_FOLDERS_CHANGED: Final = 3  # of Find; of Search, the table of its store's Statuses says so


def _find_pages(
    session: Session, execute: Callable[[FindOptions], ExecuteSearch], limit: int
) -> Flow[list[FindResult]]:
    if session.version < "16.1":
        raise UsageError(f"Find is in 16.1 only, and {session.host} speaks {session.version}: use search()")
    # Pages of one search have one id: [MS-ASCMD] section 2.2.3.160, R70981808.
    search_id = str(uuid4())

    def ask(first: int, last: int) -> Flow[_Page[FindResult]]:
        options = FindOptions(range=f"{first}-{last}")
        response = yield from session.run(Find(search_id=search_id, execute=execute(options)))
        if response.status == _FOLDERS_CHANGED:
            return response.status, [], None
        if response.status not in (None, 1):
            raise session.status_error("Find", "Find", response.status)
        page = response.response
        if page is None:
            raise DamagedError(f"{session.host} answers Find without a response")
        if page.status not in (None, 1):
            raise session.status_error("Find", "Find", page.status)
        return None, page.results, page.total

    return (yield from _pages(session, "Find", ask, limit))


def _search(
    session: Session, command: Callable[[int, int], Search | SearchGAL], limit: int
) -> Flow[list[SearchResult]]:
    def ask(first: int, last: int) -> Flow[_Page[SearchResult]]:
        response = yield from session.run(command(first, last))
        if response.status not in (None, 1):
            raise session.status_error("Search", "Search", response.status)
        store = response.store
        if store is None:
            raise DamagedError(f"{session.host} answers Search without a store")
        # A search without a hit may hold one empty Result ([MS-ASCMD] section 2.2.3.154).
        return store.status, [result for result in store.results if result.properties is not None], store.total

    return (yield from _pages(session, "Search store", ask, limit))


def _pages(session: Session, scope: str, ask: Callable[[int, int], Flow[_Page[T]]], limit: int) -> Flow[list[T]]:
    """The first ``limit`` results; where the folders have changed, they are asked for once, and then again."""
    if limit < 1:
        raise UsageError(f"limit must be 1 or more, not {limit}")
    found: list[T] = []
    refreshed = False
    while len(found) < limit:
        # A range of at most 100: [MS-ASCMD] section 2.2.3.143, more gives Status 12.
        code, results, total = yield from ask(len(found), min(len(found) + 100, limit) - 1)
        action = Action.OK if code is None else status(scope, code).action
        if action is Action.FOLDER_SYNC and not refreshed:
            refreshed = True
            yield from folders(session)
            continue
        if action is not Action.OK:
            raise session.status_error(scope.partition(" ")[0], scope, code or 0)
        found += results
        if not results or total is None or len(found) >= total:
            break
    return found[:limit]


def oof(session: Session, *, body_type: str = "Text") -> Flow[Oof]:
    """The out-of-office replies. ``body_type`` is "Text" or "HTML". Source: [MS-ASCMD] section 2.2.1.18."""
    response = yield from _settings(session, Settings(oof=OofRequest(get=OofGet(body_type=body_type))))
    part = response.oof
    _check_part(session, "Oof", None if part is None else part.status)
    if part is None or part.get is None:
        raise DamagedError(f"{session.host} answers without the out-of-office replies")
    return part.get


def set_oof(session: Session, replies: Oof | str | None) -> Flow[None]:
    """Sets the out-of-office replies: an Oof, a text for everybody from now on, or None to stop them."""
    if replies is None:
        replies = Oof(oof_state=OofState.DISABLED)
    elif isinstance(replies, str):
        audiences = ("applies_to_internal", "applies_to_external_known", "applies_to_external_unknown")
        replies = Oof(
            oof_state=OofState.ENABLED,
            messages=[
                OofMessage(**{audience: True}, enabled=True, reply_message=replies, body_type="Text")
                for audience in audiences
            ],
        )
    response = yield from _settings(session, Settings(oof=OofRequest(set=replies)))
    _check_part(session, "Oof", None if response.oof is None else response.oof.status)


def device_information(session: Session, device: DeviceInformation) -> Flow[None]:
    """Tells the server about the device."""
    session.device = device
    response = yield from _settings(session, Settings(device_information=DeviceInformationRequest(set=device)))
    part = response.device_information
    _check_part(session, "DeviceInformation", None if part is None else part.status)
    yield from session.device_told()


def user_information(session: Session) -> Flow[UserInformation]:
    """What the server knows of the user: addresses, accounts."""
    response = yield from _settings(session, Settings(user_information=UserInformationRequest(get=True)))
    part = response.user_information
    _check_part(session, "UserInformation", None if part is None else part.status)
    if part is None or part.get is None:
        raise DamagedError(f"{session.host} answers without user information")
    return part.get


def _settings(session: Session, command: Settings) -> Flow[SettingsResponse]:
    response = yield from session.run(command)
    if response.status not in (None, 1):
        raise session.status_error("Settings", "Settings", response.status)
    return response


def _check_part(session: Session, part: str, code: int | None) -> None:
    if code not in (None, 1):
        raise session.status_error("Settings", f"Settings {part}", code or 0)
