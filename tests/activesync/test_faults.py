"""Faults of the embedded server, from the client's side.

Each ends as a documented error, or is recovered from; and once the server is well, everything was delivered once.
"""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

import wbxml
from activesync import Add, Change, Client, Delete, FilterType, FolderType, errors, session
from activesync.auth import basic
from activesync.commands import Collection, Options, Sync, SyncResponse
from activesync.items import BodyPreference, BodyType, CalendarEvent, Email, Note
from activesync.mirror import Mirror
from activesync.store import SqliteStore
from activesync.testing import EASServer, Fault, faults, misbehave, sample_mailbox

from .clients import Open, collections, post

MAILS = 40
WINDOW = 8
# No test here may take longer, in seconds: each takes less than half of it on a machine that is idle.
LIMIT = 6.0


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=MAILS, contacts=2, events=3, tasks=1, notes=2)) as running:
        yield running


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < LIMIT


def inbox(server: EASServer) -> set[str]:
    """The ServerIds of all mails in the inbox."""
    return set(server.mailbox.items(FolderType.INBOX))


def delivered(pages: Iterable[Any]) -> list[str]:
    """The ServerIds of all that these pages bring, in their order."""
    return [change.server_id for page in pages for change in page.changes]


# What the client recovers from within one run.


def moved(server: EASServer) -> Fault:
    return faults.http(451, {"X-MS-Location": f"{server.url}/"})


RECOVERED: dict[str, Callable[[EASServer], Fault]] = {
    "lost before it was carried out": lambda server: faults.dropped(after=False),
    "lost after it was carried out": lambda server: faults.dropped(after=True),
    "lost twice": lambda server: faults.dropped(after=True, times=2),
    "cut before the body": lambda server: faults.cut(0),
    "cut at a byte": lambda server: faults.cut(100),
    "a document that is cut off": lambda server: faults.cut_off(100),
    "delayed": lambda server: faults.delayed(0.2),
    "delayed for longer than the client waits": lambda server: faults.delayed(1.0),
    "stalled": lambda server: faults.stalled(0.2, 100),
    "stalled for longer than the client waits": lambda server: faults.stalled(1.0, 100),
    "503 with Retry-After": lambda server: faults.busy("0"),
    "449": lambda server: faults.http(449),
    "142": lambda server: faults.status(142),
    "451": moved,
    "gzip that is cut": lambda server: faults.damaged_gzip("cut"),
    "gzip with something behind": lambda server: faults.damaged_gzip("behind"),
    "a page without items": lambda server: faults.empty_page(),
    "several pages without items": lambda server: faults.empty_page(times=5),
    "a clock that jumps forth": lambda server: faults.clock(timedelta(days=400)),
    "a clock that jumps back": lambda server: faults.clock(timedelta(days=-400)),
}


@pytest.mark.parametrize("name", RECOVERED)
def test_what_the_client_recovers_from(connect: Open, server: EASServer, name: str) -> None:
    eas = connect(timeout=0.5 if "longer" in name else 30)
    eas.folders()
    fault = RECOVERED[name](server)
    fault.command, fault.skip = "Sync", 2
    server.faults.append(fault)
    pages = list(eas.sync("inbox", window=WINDOW))
    assert fault.hits == fault.times
    got = delivered(pages)
    assert set(got) == inbox(server) and len(got) == len(set(got))
    assert not any(page.resync for page in pages)
    assert not list(eas.sync("inbox"))


def test_503_without_retry_after(eas: Client, server: EASServer, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    server.faults.append(faults.busy(None, command="Sync", times=2))
    assert set(delivered(eas.sync("inbox"))) == inbox(server)
    assert len(slept) == 2 and 2 <= slept[0] < slept[1] <= 5, "a few seconds, and then more"


def test_401_once_with_another_authorization(connect: Open, server: EASServer) -> None:
    """One who can sign in otherwise does so; a password that was refused once is not sent again."""
    headers = iter([basic("alice", "secret")()] * 3 + [basic("alice@example.test", "secret")()] * 100)
    eas = connect(None, auth=lambda: next(headers))
    server.faults.append(faults.http(401, command="Sync"))
    assert sorted(delivered(eas.sync("inbox", window=WINDOW))) == sorted(inbox(server))


# What ends as an error, after which the next run brings the rest.

ENDS: dict[str, tuple[Callable[[], Fault], tuple[type[Exception], ...]]] = {
    "lost again and again": (lambda: faults.dropped(after=True, times=3), (errors.ConnectionLostError,)),
    "cut again and again": (lambda: faults.cut(100, times=3), (errors.ConnectionLostError,)),
    "delayed again and again": (lambda: faults.delayed(0.5, times=3), (errors.TimedOutError,)),
    "stalled again and again": (lambda: faults.stalled(0.5, 100, times=3), (errors.TimedOutError,)),
    "503 for too long": (lambda: faults.busy("3600"), (errors.ServerBusyError,)),
    "401": (lambda: faults.http(401), (errors.AuthenticationError,)),
    "449 again and again": (lambda: faults.http(449, times=3), (errors.ProvisionError,)),
    "142 again and again": (lambda: faults.status(142, times=3), (errors.StatusError,)),
    "451 to elsewhere": (
        lambda: faults.http(451, {"X-MS-Location": "https://elsewhere.example.test/"}),
        (errors.RedirectError,),
    ),
    "gzip with a flipped byte": (
        lambda: faults.damaged_gzip("flipped", times=3),
        (errors.DamagedError, errors.CutOffError),
    ),
    "gzip with a wrong checksum": (lambda: faults.damaged_gzip("checksum"), (errors.DamagedError,)),
    "gzip that is cut again and again": (lambda: faults.damaged_gzip("cut", times=3), (errors.CutOffError,)),
    "500 for every window": (lambda: faults.http(500, times=20), (errors.HTTPError,)),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_ends_as_an_error(connect: Open, server: EASServer, name: str) -> None:
    made, kinds = ENDS[name]
    eas = connect(timeout=0.3 if name.startswith(("delayed", "stalled")) else 30)
    fault = made()
    fault.command, fault.skip = "Sync", 2
    server.faults.append(fault)
    got: list[str] = []
    with pytest.raises(kinds):
        for page in eas.sync("inbox", window=WINDOW):
            got += delivered([page])
    assert len(got) == WINDOW
    server.faults.clear()
    got += delivered(eas.sync("inbox", window=WINDOW))
    assert set(got) == inbox(server) and len(got) == len(set(got))


# Starting over, and pages that come twice


def mirrored(eas: Client, folder: str = "inbox", **options: Any) -> tuple[list[Any], set[str]]:
    """The pages of a run, and the ServerIds that a copy of the folder has after it."""
    assert isinstance(eas.store, SqliteStore)
    mirror = Mirror(eas.store, eas.session.account)
    pages = []
    for page in eas.sync(folder, **options):
        with page.transaction() as db:
            mirror.take(page, db)
        pages.append(page)
    return pages, {row[0] for row in eas.store.connection.execute("SELECT server_id FROM items")}


def test_status_3_in_the_middle_of_a_window(connect: Open, server: EASServer) -> None:
    eas = connect(store=(store := SqliteStore(":memory:")))
    with closing(store):
        server.faults.append(faults.forgotten(skip=3))
        pages, copied = mirrored(eas, window=WINDOW)
        assert copied == inbox(server)
        over = [page.resync for page in pages]
        assert over.count(True) == 1 and over.index(True) == 2
        got = delivered(pages)
        assert set(got) == inbox(server) and len(got) == len(set(got)), "each came once, and what was known not again"
        # What has gone meanwhile goes from the copy as well.
        server.mailbox.delete(min(inbox(server)))
        server.faults.append(faults.forgotten())
        assert mirrored(eas, window=WINDOW)[1] == inbox(server)


def test_status_3_again_and_again(connect: Open, server: EASServer) -> None:
    eas = connect()
    server.faults.append(faults.forgotten(times=None))
    with pytest.raises(errors.InvalidSyncKeyError):
        list(eas.sync("inbox"))
    assert server.faults[0].hits < 10
    server.faults.clear()
    (page,) = eas.sync("inbox")
    assert page.resync and set(delivered([page])) == inbox(server)


def test_a_change_that_goes_up_after_the_server_has_forgotten_the_folder(connect: Open, server: EASServer) -> None:
    eas = connect()
    list(eas.sync("inbox"))
    server.faults.append(faults.forgotten())
    gone = min(inbox(server))
    (result,) = eas.apply("inbox", [Delete(server_id=gone)])
    assert result.status == 3 and gone in inbox(server), "it was not done, and that is told"
    (page,) = eas.sync("inbox")
    assert page.resync and not page.changes, "all is as it was"


@pytest.mark.parametrize("skip", [2, 4])
def test_a_page_that_comes_twice(connect: Open, server: EASServer, skip: int) -> None:
    eas = connect(store=(store := SqliteStore(":memory:")))
    with closing(store):
        server.faults.append(faults.repeated_page(skip=skip))
        pages, copied = mirrored(eas, window=WINDOW)
        assert copied == inbox(server)
        assert store.connection.execute("SELECT count(*) FROM items").fetchone() == (len(copied),)
        twice = [
            page for page, before in zip(pages[1:], pages, strict=False) if delivered([page]) == delivered([before])
        ]
        assert len(twice) == 1
        pages.remove(twice[0])
        got = delivered(pages)
        assert set(got) == inbox(server) and len(got) == len(set(got)), "nothing else comes twice"


def test_pages_without_items_have_an_end(connect: Open, server: EASServer) -> None:
    server.faults.append(faults.empty_page(times=None))
    with pytest.raises(errors.DamagedError, match="does not get on"):
        list(connect().sync("inbox"))


def test_a_lost_page_without_items(connect: Open, server: EASServer) -> None:
    """Where that answer is lost, too, the same comes again."""

    def act(request: Any, carry_out: faults.CarryOut) -> Any:
        answer = faults.empty_page().act(request, carry_out)
        answer.dropped = True
        return answer

    server.faults.append(Fault(act, "Sync", skip=2))
    got = delivered(connect().sync("inbox", window=WINDOW))
    assert set(got) == inbox(server) and len(got) == len(set(got))


# The clock


@pytest.mark.parametrize("days", [-20000, -1, 1, 20000])
def test_a_clock_that_jumps(connect: Open, server: EASServer, days: int) -> None:
    """The server tells of its own time: the client keeps to its keys, and nothing is lost or doubled."""
    eas = connect()
    list(eas.sync("calendar", "notes", "inbox"))
    server.faults.append(faults.clock(timedelta(days=days), command="FolderSync"))
    eas.folders()
    told = server.mailbox.now()
    assert abs(told - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=1)
    event = server.mailbox.add(FolderType.CALENDAR, CalendarEvent(subject="Jump", start_time=told, end_time=told))
    note = server.mailbox.add(FolderType.NOTES, Note(subject="Jump"))
    mail = server.mailbox.add(FolderType.INBOX, Email(subject="Jump"))
    pages = {page.folder.name: page.changes for page in eas.sync("calendar", "notes", "inbox")}
    assert [change.server_id for changes in pages.values() for change in changes] == [event, note, mail]
    for change, stamp in ((pages["Calendar"][0], "dt_stamp"), (pages["Notes"][0], "last_modified_date")):
        assert abs(getattr(change.item, stamp) - told) < timedelta(minutes=1), "the time of a server is told as it is"
    assert abs(pages["Inbox"][0].item.date_received - told) < timedelta(minutes=1)


def test_the_header_date_goes_by_that_clock(server: EASServer) -> None:
    server.faults.append(faults.clock(timedelta(days=-400), command="OPTIONS"))
    with urllib3.PoolManager() as pool:
        date = pool.request("OPTIONS", server.url, retries=False).headers["Date"]
    assert abs(parsedate_to_datetime(date) - datetime.now(UTC) + timedelta(days=400)) < timedelta(minutes=1)


def test_a_clock_takes_items_out_of_a_filter(connect: Open, server: EASServer) -> None:
    eas = connect()
    first = delivered(eas.sync("inbox", filter_type=FilterType.ONE_MONTH))
    server.faults.append(faults.clock(timedelta(days=4000)))
    eas.folders()
    gone = [change for page in eas.sync("inbox", filter_type=FilterType.ONE_MONTH) for change in page.changes]
    assert sorted(change.server_id for change in gone) == sorted(first)
    server.faults.append(faults.clock(timedelta(days=-4000)))
    eas.folders()
    assert sorted(delivered(eas.sync("inbox", filter_type=FilterType.ONE_MONTH))) == sorted(first)


# Answers without measure


@pytest.mark.parametrize(
    "made",
    [
        lambda: faults.endless(command="FolderSync"),
        lambda: faults.endless(command="Sync"),
        lambda: misbehave.fault("a gzip bomb"),
    ],
    ids=["ten gigabytes of folders", "ten gigabytes of changes", "a gzip bomb"],
)
def test_answers_without_measure(
    connect: Open, server: EASServer, made: Callable[[], Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client stops at its limit, and so the server does; neither holds more than a little of it."""
    monkeypatch.setattr(session, "LARGEST_ANSWER", 1 << 22)
    eas = connect()
    server.faults.append(made())
    tracemalloc.start()
    try:
        with pytest.raises(errors.DamagedError, match="more than 4 MB"):
            list(eas.sync("inbox"))
        assert tracemalloc.get_traced_memory()[1] < 1 << 25
    finally:
        tracemalloc.stop()
    assert set(delivered(eas.sync("inbox"))) == inbox(server)


def test_as_many_bytes_as_were_asked_for(server: EASServer) -> None:
    server.faults.append(faults.endless(100_000, command="Sync"))
    body = post(server, "Sync", b"")
    assert len(body) == 100_007 and body.endswith(b"1" * 100_000)
    with pytest.raises(wbxml.TruncatedError):
        wbxml.decode(body)


# Silence, and the end of the server


@pytest.mark.parametrize("made", [lambda: faults.delayed(600), lambda: faults.stalled(600, 50)])
def test_a_silence_ends_with_the_server(connect: Open, server: EASServer, made: Callable[[], Fault]) -> None:
    eas = connect(timeout=30.0)
    eas.folders()
    fault = made()
    fault.command = "Sync"
    server.faults.append(fault)
    done: list[object] = []

    def run() -> None:
        try:
            done.append(len(list(eas.sync("inbox"))))
        except errors.ActiveSyncError as error:
            done.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not fault.hits:
        time.sleep(0.01)
    server.stop()
    thread.join(LIMIT)
    # What was begun is still sent; what comes next finds nobody.
    assert len(done) == 1 and isinstance(done[0], (int, errors.TransportError))


@pytest.mark.parametrize("chunk", [None, 64])
def test_a_stall_within_chunks(connect: Open, server: EASServer, chunk: int | None) -> None:
    server.chunk = chunk
    server.faults.append(faults.stalled(0.1, 100, times=3))
    assert set(delivered(connect().sync("inbox"))) == inbox(server)


def test_requests_are_waited_for(eas: Client, server: EASServer) -> None:
    thread = threading.Thread(target=lambda: list(eas.sync("inbox", window=WINDOW)))
    thread.start()
    waited = server.wait_for("Sync", 3, timeout=LIMIT)
    thread.join()
    assert len(waited) >= 3 and {request.command for request in waited} == {"Sync"}
    with pytest.raises(TimeoutError, match=r"of Search have come in 0\.1 s, not 1"):
        server.wait_for("Search", timeout=0.1)


# An item that breaks the server, or its answer. How the client gets around one is the matter of flows.


class Raw:
    """Synchronises the inbox by documents posted as they are, so that the server's side can be seen alone."""

    def __init__(self, server: EASServer) -> None:
        self.server = server
        post(
            server,
            "FolderSync",
            wbxml.from_xml('<FolderSync xmlns="FolderHierarchy"><SyncKey>0</SyncKey></FolderSync>'),
        )
        self.key = "0"
        self.folder = server.mailbox.folder(FolderType.INBOX).server_id
        self.sync(None)

    def sync(self, window: int | None) -> list[str]:
        """The ServerIds of the next window; the key moves on. Raises AssertionError for a status other than 200."""
        options = [Options(body_preferences=[BodyPreference(type=BodyType.PLAIN_TEXT)])]
        collection = Collection(sync_key=self.key, collection_id=self.folder)
        if window is not None:
            collection.get_changes, collection.window_size, collection.options = True, window, options
        body = post(self.server, "Sync", wbxml.encode(Sync(collections=[collection]), version="14.1"))
        if not body:
            return []
        (answer,) = wbxml.decode(body, type=SyncResponse).collections
        assert answer.status == 1 and answer.sync_key
        self.key = answer.sync_key
        return [command.server_id or "" for command in answer.commands]


def test_a_poison_item_fails_each_window_that_has_it(server: EASServer) -> None:
    newest_first = list(reversed(server.mailbox.items(FolderType.INBOX)))
    poisoned = newest_first[5]
    raw = Raw(server)
    fault = faults.poison(poisoned)
    server.faults.append(fault)
    for _ in range(2):
        with pytest.raises(AssertionError, match="has failed"):
            raw.sync(10)
    assert raw.sync(5) == newest_first[:5], "a smaller window goes past it, under the same key"
    for window in (5, 1):
        with pytest.raises(AssertionError, match="has failed"):
            raw.sync(window)
    assert fault.hits == 4
    # Once it is gone, or the server is mended, all goes on: nothing was lost by the failures.
    server.mailbox.delete(poisoned)
    assert raw.sync(512) == newest_first[6:]
    assert fault.hits == 4 and raw.sync(512) == []


def test_a_poison_item_fails_what_is_changed_and_not_what_is_deleted(server: EASServer) -> None:
    raw = Raw(server)
    everything = raw.sync(512)
    server.faults.append(faults.poison(everything[0], everything[1]))
    server.mailbox.change(everything[0], subject="Poison")
    with pytest.raises(AssertionError, match="has failed"):
        raw.sync(10)
    server.mailbox.delete(everything[0])
    assert raw.sync(10) == [everything[0]]


def test_an_item_that_cannot_be_decoded(server: EASServer) -> None:
    newest_first = list(reversed(server.mailbox.items(FolderType.INBOX)))
    raw = Raw(server)
    fault = faults.undecodable(newest_first[2])
    server.faults.append(fault)
    with pytest.raises(wbxml.DecodeError, match="UTF-8"):
        raw.sync(5)
    assert raw.sync(2) == newest_first[:2]
    with pytest.raises(wbxml.DecodeError, match="UTF-8"):
        raw.sync(1)
    assert fault.hits == 2
    server.faults.clear()
    assert raw.sync(512) == newest_first[2:], "nothing was lost by it"


def test_an_item_on_whose_body_the_server_fails_comes_without_it(connect: Open, server: EASServer) -> None:
    eas, poisoned = connect(), sorted(inbox(server))[3]
    server.faults.append(faults.poison(poisoned, body=True))
    pages = list(eas.sync("inbox", window=WINDOW))
    got = {change.server_id: change.item for page in pages for change in page.changes}
    assert set(got) == inbox(server)
    assert [name for name, item in got.items() if not item.body.data] == [poisoned]
    (skipped,) = [one for page in pages for one in page.skipped]
    assert skipped.server_id == poisoned and "HTTP 500" in skipped.reason
    # The window is as large again after it; halving takes few requests.
    windows = [one.findtext("AirSync:WindowSize") for one in collections(server)[1:]]
    assert windows.count("1") <= 4 and windows[-1] != "1"
    assert len(windows) <= len(inbox(server)) // WINDOW + 12
    assert not list(eas.sync("inbox"))
    # Nobody knows what it is like: after a folder has started over it comes again, and nothing else.
    server.faults[:] = [faults.status(3, command="Sync")]
    assert [change.server_id for page in eas.sync("inbox") for change in page.changes] == [poisoned]


def test_an_item_that_cannot_be_read_comes_with_what_can(connect: Open, server: EASServer) -> None:
    eas, broken = connect(), sorted(inbox(server))[3]
    server.faults.append(faults.undecodable(broken))
    pages = list(eas.sync("inbox", window=WINDOW))
    got = {change.server_id: change.item for page in pages for change in page.changes}
    assert set(got) == inbox(server)
    (skipped,) = [one for page in pages for one in page.skipped]
    assert skipped.server_id == broken and "UTF-8" in skipped.reason
    assert any("\ufffd" in str(getattr(got[broken], name)) for name in ("subject", "to", "from_"))
    assert not any("\ufffd" in str(item) for name, item in got.items() if name != broken)


def test_an_item_that_fails_in_every_form_holds_up_its_folder_alone(connect: Open, server: EASServer) -> None:
    eas, poisoned = connect(), sorted(inbox(server))[3]
    server.faults.append(faults.poison(poisoned))
    got = set()
    with pytest.raises(errors.HTTPError) as caught:
        for page in eas.sync("inbox", "calendar", window=WINDOW):
            got |= {change.server_id for change in page.changes}
    assert caught.value.status == 500 and poisoned not in got
    assert got >= set(server.mailbox.items(FolderType.CALENDAR)), "the other folders have their turn"
    before = [name for name in got if name in inbox(server)]
    server.faults.clear()
    rest = [change.server_id for page in eas.sync("inbox") for change in page.changes]
    assert {*before, *rest} == inbox(server) and not {*before} & {*rest}


def test_all_but_the_text_of_an_undecodable_item_is_as_it_was(server: EASServer) -> None:
    raw = Raw(server)
    whole = raw.sync(3)
    raw.key = "0"
    raw.sync(None)
    server.faults.append(faults.undecodable(whole[1]))
    collection = Collection(sync_key=raw.key, collection_id=raw.folder, get_changes=True, window_size=3)
    body = post(server, "Sync", wbxml.encode(Sync(collections=[collection]), version="14.1"))
    assert body.count(b"\xff" * 32) == 1
    mended = wbxml.decode(body.replace(b"\xff" * 32, b"x" * 32), type=SyncResponse)
    assert [command.server_id for command in mended.collections[0].commands] == whole
    assert not any(isinstance(command, Change) for command in mended.collections[0].commands)


# Names that are paths


def test_ids_that_are_paths_name_no_file(server: EASServer, tmp_path: Path) -> None:
    """The folder and all its items are called so."""
    mailbox = server.mailbox
    folder = mailbox.folders.pop(mailbox.folder(FolderType.INBOX).server_id)
    folder.server_id = "../../x"
    mailbox.folders[folder.server_id] = folder
    for number, (name, kept) in enumerate(list(folder.items.items())):
        kept.server_id = f"../../x:/../../{number}\\..\\y"
        folder.items[kept.server_id] = folder.items.pop(name)
    home = tmp_path / "a" / "b" / "c"
    home.mkdir(parents=True)
    with Client(server.url, "alice", "secret", allow_http=True, store=home / "alice.db") as eas:
        copied = mirrored(eas)[1]
        assert copied == set(folder.items)
        assert eas.apply("inbox", [Delete(server_id=min(copied))])[0].ok
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path).partition(".db")[0] for path in files} == {"a/b/c/alice"}


# The client's own Adds, though what it was answered is lost or damaged


@pytest.mark.parametrize(
    "made",
    [
        lambda: faults.dropped(after=False),
        lambda: faults.dropped(after=True),
        lambda: faults.cut(10),
        lambda: faults.delayed(0.5),
        lambda: faults.stalled(0.5, 10),
        lambda: faults.damaged_gzip("cut"),
        lambda: faults.busy("0"),
        lambda: faults.http(449),
        lambda: faults.status(142),
    ],
)
def test_what_goes_up_arrives_once(connect: Open, server: EASServer, made: Callable[[], Fault]) -> None:
    eas = connect(timeout=0.3)
    list(eas.sync("notes"))
    fault = made()
    fault.command = "Sync"
    server.faults.append(fault)
    (result,) = eas.apply("notes", [Add(item=Note(subject="Once"))])
    assert result.ok and fault.hits == 1
    notes = server.mailbox.items(FolderType.NOTES)
    assert [name for name, item in notes.items() if getattr(item, "subject", None) == "Once"] == [result.server_id]
