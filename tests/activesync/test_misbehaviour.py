"""Answers that no server should give: each ends as a documented error, or the page comes with the error beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import wbxml
from activesync import Client, Delete, FolderType, errors, session
from activesync.calendars import TimeZone, to_rrule, uid
from activesync.items import Attachment
from activesync.mirror import Mirror
from activesync.testing import EASServer, misbehave, sample_mailbox

from .clients import Open

MAILS, EVENTS = 6, 3


@pytest.fixture
def server() -> Iterator[EASServer]:
    mailbox = sample_mailbox("alice", "secret", mails=MAILS, contacts=2, events=EVENTS, tasks=1, notes=1)
    with EASServer(mailbox) as running:
        yield running


RAISED: dict[str, type[Exception]] = {
    "a Status that is no number": errors.UnknownStatusError,
    "a Status below zero": errors.UnknownStatusError,
    "a Status beyond all numbers": errors.UnknownStatusError,
    "folders without a Status": errors.DamagedError,
    "two Collections of one folder": errors.DamagedError,
    "a key of 65 characters": errors.DamagedError,
    "a key that is empty": errors.DamagedError,
    "the first key again": errors.DamagedError,
    "more under the same key": errors.DamagedError,
    "a gzip bomb": errors.DamagedError,
    "silence after the head": errors.TimedOutError,
    "a page for people": errors.NotActiveSyncError,
    "Provision, again and again": errors.ProvisionError,
    "a redirection to itself": errors.RedirectError,
    "a redirection to http": errors.RedirectError,
    "a redirection to another host": errors.RedirectError,
    "a pause below zero": errors.ServerBusyError,
    "a pause of thirty years": errors.ServerBusyError,
}
"""What ends as an error."""


def zone(item: Any) -> None:
    with pytest.raises(ValueError, match="TimeZone"):
        TimeZone.from_bytes(item.timezone)


def told(item: Any) -> None:
    """The value that does not fit stands beside the item, whose other values are there."""
    (problem,) = item.problems
    assert problem.value in ("yesterday", "very", "!!!")
    assert item.subject


def no_rule(item: Any) -> None:
    with pytest.raises(ValueError, match="DayOfWeek"):
        to_rrule(item.recurrence)


BESIDE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a date that is none": ("inbox", told),
    "a number that is none": ("inbox", told),
    "a TimeZone that is too short": ("calendar", zone),
    "a TimeZone with a month 13": ("calendar", zone),
    "a TimeZone that is no base64": ("calendar", told),
    "a GlobalObjId longer than it is": ("inbox", lambda item: uid(item.meeting_request.global_obj_id)),
    "a recurrence every 0 days": ("calendar", lambda item: to_rrule(item.recurrence) == "FREQ=DAILY"),
    "a recurrence on no day": ("calendar", no_rule),
    "a recurrence that ends before it begins": ("calendar", lambda item: to_rrule(item.recurrence)),
    "an attachment named as a path": ("inbox", lambda item: item.attachments[0].file_name == "passwd"),
}
"""What comes with its item, and what to make of it."""

DELIVERED: dict[str, tuple[int, type[Any] | None, str | None]] = {
    "no Status": (0, None, None),
    "a key that stands there twice": (0, None, None),
    "an Add of a known id": (1, None, None),
    "a Change of an unknown id": (1, None, "never heard of"),
    "a Delete of an unknown id": (1, Delete, "never heard of"),
    "an Add and a Delete of one id": (1, Delete, None),
    "an id that is a path": (0, None, "../../etc/passwd"),
    "an id that is empty": (0, None, ""),
    "a pause until a date that has passed": (0, None, None),
}
"""What is delivered as it came: how many changes more than there are mails, of what class, and an id among them."""


def test_each_of_them_has_its_end() -> None:
    assert sorted([*RAISED, *BESIDE, *DELIVERED]) == sorted(misbehave.NAMES)


@pytest.mark.parametrize("name", RAISED)
def test_what_ends_as_an_error(connect: Open, server: EASServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LARGEST_ANSWER", 1 << 24)
    eas = connect(timeout=0.5 if name == "silence after the head" else 30.0)
    if name != "folders without a Status":
        eas.folders()
    server.faults.append(misbehave.fault(name, times=None))
    begun = time.monotonic()
    with pytest.raises(errors.ActiveSyncError) as caught:
        list(eas.sync("inbox", window=2))
    assert type(caught.value) is RAISED[name], caught.value
    assert time.monotonic() - begun < 20
    assert len(server.requests) < 40
    assert "secret" not in str(caught.value)
    # It was the server's fault: once it is well, everything comes.
    server.faults.clear()
    fresh = {change.server_id for page in eas.sync("inbox") for change in page.changes}
    assert fresh <= set(server.mailbox.items(FolderType.INBOX)) and len(fresh) >= MAILS // 2


@pytest.mark.parametrize("name", BESIDE)
def test_what_comes_with_the_error_beside_it(connect: Open, server: EASServer, name: str) -> None:
    folder, look = BESIDE[name]
    eas = connect()
    server.faults.append(misbehave.fault(name))
    (page,) = eas.sync(folder)
    kept = FolderType.INBOX if folder == "inbox" else FolderType.CALENDAR
    assert len(page.changes) == len(server.mailbox.items(kept)), "the rest of the page is there"
    assert look(page.changes[0].item) is not False
    assert not any(change.item.problems for change in page.changes[1:])


@pytest.mark.parametrize("name", DELIVERED)
def test_what_is_delivered_as_it_came(connect: Open, server: EASServer, name: str, tmp_path: Any) -> None:
    more, cls, server_id = DELIVERED[name]
    eas = connect()
    server.faults.append(misbehave.fault(name))
    (page,) = eas.sync("inbox")
    assert len(page.changes) == len(server.mailbox.items(FolderType.INBOX)) + more
    if cls is not None:
        assert isinstance(page.changes[-1], cls)
    if server_id is not None:
        assert server_id in [change.server_id for change in page.changes]


@pytest.mark.parametrize("name", DELIVERED)
def test_a_mirror_outlives_it(server: EASServer, name: str, tmp_path: Any) -> None:
    """Its rows are those of the server, and no file lies elsewhere."""
    server.faults.append(misbehave.fault(name))
    with Client(server.url, "alice", "secret", allow_http=True, store=tmp_path / "mirror.db") as eas:
        mirror = Mirror(eas.store, eas.session.account)
        for page in eas.sync("inbox"):
            with page.transaction() as db:
                mirror.take(page, db)
        assert len(list(eas.sync("inbox"))) == 0
    assert [path.name.partition("-")[0] for path in tmp_path.iterdir()] == ["mirror.db"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../x", "x"),
        ("C:\\Windows\\system32\\x.dll", "x.dll"),
        ("a\0b\n?.txt", "a_b__.txt"),
        ("..", "attachment"),
        (None, "attachment"),
        ("", "attachment"),
        ("ü" * 300, "ü" * 200),
    ],
)
def test_a_name_to_save_an_attachment_under(name: str | None, safe: str) -> None:
    assert Attachment(display_name=name).file_name == safe


def test_an_edit_of_ones_own(connect: Open, server: EASServer) -> None:
    def edit(root: Any) -> None:
        root.find("{FolderHierarchy}Status").text = "6"

    server.faults.append(misbehave.edited(edit, command="FolderSync", times=None))
    with pytest.raises(errors.StatusError, match="ServerError"):
        connect().folders()
    with pytest.raises(KeyError):
        misbehave.fault("nothing of the kind")
    assert wbxml.decode(server.requests[-1].body).root.tag == "FolderHierarchy:FolderSync"
