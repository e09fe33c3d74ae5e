"""Sync, upwards: changes of the caller's, each applied once.

A request that changes something is kept before it is sent, and sent again byte for byte where its answer was lost
([MS-ASCMD] section 3.1.5.9).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import wbxml

from ..commands import (
    Add,
    AddResponse,
    Change,
    ChangeResponse,
    Delete,
    DeleteResponse,
    Fetch,
    FetchResponse,
    Sync,
)
from ..effects import Claim, Flow, Load, Random, Save
from ..errors import (
    AnswerError,
    HTTPError,
    ProvisionError,
    RemoteWipeRequested,
    StatusError,
    StoreError,
    UncommittedPageError,
    UsageError,
)
from ..hierarchy import Folder
from ..items import CalendarEvent, Email
from ..session import Session
from ..state import FIRST_KEY, CollectionState, lease_name, state_name
from ..status import Action, status
from .answers import TRIES, collection_of, encoded, exchange, judge, prime, recover, refusal
from .contents import ClientChange, EarlierChangesError, Response, Result
from .folders import find_folder
from .known import entries_of_results, keep

MOST_COMMANDS: Final = 200
"""How many changes one Sync may carry ([MS-ASCMD] section 3.1.5.10)."""

# After these HTTP errors the same request may succeed later.
_PASSING: Final = frozenset({401, 403, 404, 408, 429, 451, 502, 503, 504, 507})


def apply(session: Session, wanted: Folder | str, changes: Iterable[ClientChange]) -> Flow[list[Result]]:
    """What became of these changes, one Result for each. Source: [MS-ASCMD] section 2.2.1.21.

    The results stay in the store until the caller goes on with the folder, or closes the client: where he dies before,
    they are told again. Raises EarlierChangesError where an earlier request had to be settled first, and StatusError
    where the server refuses the request as a whole: then nothing was applied.
    """
    yield from session.begin()
    folder = yield from find_folder(session, wanted)
    listed = list(changes)
    if not 1 <= len(listed) <= MOST_COMMANDS:
        raise UsageError(f"apply takes 1 to {MOST_COMMANDS} changes at a time, not {len(listed)}")
    if folder.collection_id in session.uncommitted:
        raise UncommittedPageError(f"a page of {folder.name} was not committed: commit it before changing the folder")
    yield Claim(lease_name(folder.collection_id))
    name = state_name(folder.collection_id)
    state = CollectionState.from_json((yield Load(name)))
    results, state = yield from earlier(session, folder, state)
    if results:
        session.told.add(folder.collection_id)
        raise EarlierChangesError(results)
    if state.sync_key == FIRST_KEY:
        state = yield from prime(session, folder, state)
        yield Save({name: state.to_json()})
    ready = []
    for change in listed:
        if isinstance(change, Add) and change.client_id is None:
            change = replace(change, client_id=(yield Random(16)).hex())
        ready.append(change)
    # GetChanges 0: an absent one means 1, and the answer would bring changes with it (section 2.2.3.84, R5556).
    body = encoded(session, collection_of(session, folder, sync_key=state.sync_key, get_changes=False, commands=ready))
    state = replace(state, pending=body)
    yield Save({name: state.to_json()})
    unsure = session.unsure
    try:
        results, state = yield from _settle(session, folder, state, unsure)
    except (HTTPError, StatusError) as error:
        if _is_refusal(error) and unsure == session.unsure:
            # Nothing of it was done, which the caller learns by this error. With an answer that was lost before, it
            # may have been: then the request stays, to be settled.
            yield Save({name: state.told().to_json()})
        raise
    yield from _save(folder, state, results)
    session.told.add(folder.collection_id)
    return results


def earlier(session: Session, folder: Folder, state: CollectionState) -> Flow[tuple[list[Result], CollectionState]]:
    """What became of a request of before that the caller was not told the fate of, and the state, which is kept.

    The results stay with it until they are told: in session.told stands whose were.
    """
    if state.results is not None and folder.collection_id in session.told:
        state = state.told()
        yield Save({state_name(folder.collection_id): state.to_json()})
    session.told.discard(folder.collection_id)
    if state.pending is None:
        return [], state
    if state.results is None:
        results, state = yield from _settle_earlier(session, folder, state)
        state = yield from _save(folder, state, results)
    return _results(state), state


def acknowledge(session: Session) -> Flow[None]:
    """Forgets the results that the caller was told."""
    values: dict[str, str | None] = {}
    for name in map(state_name, sorted(session.told)):
        state = CollectionState.from_json((yield Load(name)))
        if state.results is not None:
            values[name] = state.told().to_json()
    yield Save(values)
    session.told.clear()


def _save(folder: Folder, state: CollectionState, results: list[Result]) -> Flow[CollectionState]:
    """Keeps what became of changes of ours."""
    state, values = yield from keep(folder, state, entries_of_results(results))
    state = replace(state, results=[_written(result) for result in results])
    yield Save(values | {state_name(folder.collection_id): state.to_json()})
    return state


def _written(result: Result) -> list[Any]:
    """A Result as JSON, without its change, which the request has."""
    item = None if result.item is None else base64.b64encode(wbxml.encode(Add(item=result.item))).decode()
    return [result.status, result.meaning, result.server_id, item, result.partial]


def _results(state: CollectionState) -> list[Result]:
    """The results that a state keeps."""
    results = []
    for change, row in zip(_pending_changes(state), state.results or (), strict=True):
        code, meaning, server_id, data, partial = row
        item = None if data is None else wbxml.decode(base64.b64decode(data), type=Add).item
        results.append(Result(change, code, meaning, server_id, item, partial))
    return results


def _settle(
    session: Session, folder: Folder, state: CollectionState, unsure: int | None = None
) -> Flow[tuple[list[Result], CollectionState]]:
    """What became of the pending request, which is sent, or sent again; and the state after it.

    Where the server knows the key no more, the results say so and the state starts over. ``unsure`` is
    session.unsure before the request went out, None where it may have gone out before.
    """
    assert state.pending is not None
    changes = _pending_changes(state)
    for _ in range(TRIES):
        answer = yield from exchange(session, state.pending)
        collection, action = judge(session, folder, answer)
        if action is Action.RESYNC:
            if unsure == session.unsure:
                return [_told(change, 3) for change in changes], state.restarted()
            return _lost(changes, "the server knows the folder's key no more"), state.restarted()
        if action is None:
            break
        yield from recover(session, folder, action)
    else:
        raise refusal(session, folder, answer)
    if collection is None:
        return [_result(session, change, []) for change in changes], state
    results = [_result(session, change, collection.responses) for change in changes]
    # While the folder has to start over, the new key is not kept: under it, what went up here would not come down.
    return results, replace(state, sync_key=FIRST_KEY if state.resync else collection.sync_key)


def _settle_earlier(
    session: Session, folder: Folder, state: CollectionState
) -> Flow[tuple[list[Result], CollectionState]]:
    """_settle() for a request of before, whose caller is gone: what the server refuses becomes Results as well.

    It may have been carried out before it was refused. Then, and where the server fails on it again and again, nobody
    can know what became of it: the folder starts over, which shows it. Of a folder that is gone nothing is kept.
    """
    try:
        return (yield from _settle(session, folder, state))
    except (HTTPError, StatusError, AnswerError) as error:
        changes = _pending_changes(state)
        if isinstance(error, (ProvisionError, RemoteWipeRequested)):
            raise
        if isinstance(error, HTTPError) and error.status in _PASSING:
            raise
        if state.failures + 1 < TRIES and not _is_refusal(error):
            yield Save({state_name(folder.collection_id): replace(state, failures=state.failures + 1).to_json()})
            raise
        return _lost(changes, str(error)), state.restarted()


def _pending_changes(state: CollectionState) -> list[ClientChange]:
    assert state.pending is not None
    try:
        return list(wbxml.decode(state.pending, type=Sync).collections[0].commands)
    except (wbxml.DecodeError, IndexError) as error:
        raise StoreError("the store is damaged: a request that it keeps cannot be read; take another store") from error


def _is_refusal(error: Exception) -> bool:
    """Whether the server has refused a request as a whole, so that nothing of it was done and never will be."""
    if isinstance(error, StatusError):
        return status(error.scope, error.status).action is not Action.RETRY_LATER
    # SOGo answers 501 to a change of a contact that it does not have.
    return isinstance(error, HTTPError) and error.status not in _PASSING and (error.status < 500 or error.status == 501)


def _lost(changes: list[ClientChange], why: str) -> list[Result]:
    """The Results of changes that may have been carried out, or not."""
    return [Result(change, 0, f"nobody knows what became of it: {why}", None) for change in changes]


def _told(change: ClientChange, code: int) -> Result:
    """The Result of a change that was not done, for this Status of the whole request."""
    return Result(change, code, status("Sync", code).meaning, None)


_ANSWERS: Final = {Add: AddResponse, Change: ChangeResponse, Delete: DeleteResponse, Fetch: FetchResponse}


def _result(session: Session, change: ClientChange, responses: list[Response]) -> Result:
    """The Result of one change. A Change or Delete that the answer does not mention has succeeded (R759, R6413)."""
    found: Response | None = None
    for response in responses:
        if type(response) is not _ANSWERS[type(change)]:
            continue
        if isinstance(response, AddResponse):
            if isinstance(change, Add) and response.client_id == change.client_id:
                found = response
        elif response.server_id == change.server_id:
            found = response
    partial = isinstance(change, Change) and (
        # What is left out of a mail, and from 16.0 on of an event, stays: [MS-ASCMD] section 2.2.3.24, R6236.
        isinstance(change.item, Email) or (isinstance(change.item, CalendarEvent) and session.version >= "16.0")
    )
    if found is None:
        if isinstance(change, (Change, Delete)):
            return Result(change, 1, status("Sync item", 1).meaning, change.server_id, partial=partial)
        return Result(change, 0, "the server's answer does not mention it: synchronise, and look", None)
    code = 1 if found.status is None else found.status
    item = None if isinstance(found, DeleteResponse) else found.item
    return Result(
        change, code, status("Sync item", code).meaning, found.server_id or change.server_id, item, partial=partial
    )
