"""Sync by the prose of [MS-ASCMD] sections 2.2.1.21 and 2.2.3: what a request says, and what an answer may bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import wbxml
from activesync import (
    Add,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Contact,
    Delete,
    Email,
    FilterType,
    FolderType,
    Task,
    errors,
)
from activesync.commands import (
    Collection,
    EstimateCollection,
    GetItemEstimate,
    MIMETruncation,
    Options,
    Sync,
    SyncResponse,
)
from activesync.items import MIMESupport
from activesync.testing import EASServer, Mailbox, faults, sample_mailbox

from .broken import broken
from .clients import COLLECTION, client, collections, post, sent

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=12, contacts=3, events=3, tasks=3, notes=2)) as running:
        yield running


# What is sent


@pytest.mark.spec("MS-ASCMD_R745", "MS-ASCMD_R776", "MS-ASCMD_R963", "MS-ASCMD_R5534")
def test_an_add_and_its_answer(eas: Client, server: EASServer) -> None:
    """All within AirSync but for the data, whose form is that of its class; each Add has an id of its own."""
    list(eas.sync("tasks"))
    results = eas.apply("tasks", [Add(item=Task(subject=f"s{number}")) for number in range(5)])
    assert all(one.ok for one in results)
    adds = list(sent(server, "Sync")[-1].iter(wbxml.AirSync.Add))
    names = [add.findtext("AirSync:ClientId") for add in adds]
    assert len(set(names)) == 5
    for add in adds:
        assert {child.tag.namespace for child in add} == {"AirSync"}
        assert [str(child.tag) for child in add.find("AirSync:ApplicationData")] == ["Tasks:Subject"]


@pytest.mark.spec("MS-ASCMD_R904", "MS-ASCMD_R931", "MS-ASCMD_R909", "MS-ASCMD_R945", "MS-ASCMD_R9945")
@pytest.mark.parametrize("version", ["12.1", "14.1", "16.1"])
def test_the_class_of_a_folder_need_not_be_said(server: EASServer, version: str) -> None:
    with client(server, versions=(version,)) as eas:
        for folder, kind in (("contacts", Contact), ("calendar", CalendarEvent), ("tasks", Task), ("inbox", Email)):
            found = [change.item for page in eas.sync(folder) for change in page.changes]
            assert found and all(isinstance(one, kind) for one in found)
    for collection in collections(server):
        assert (collection.find("AirSync:Class") is not None) is (version == "12.1")
        assert collection.findtext("AirSync:Class") in (None, "Contacts", "Calendar", "Tasks", "Email")
    for cls in ("Tasks", "Email", "Calendar", "Contacts", "SMS", "Notes"):
        request = Sync(collections=[Collection(sync_key="1", collection_id="1", options=[Options(cls=cls)])])
        assert broken(request) == []


@pytest.mark.spec("MS-ASCMD_R6254", "MS-ASCMD_R6255", "MS-ASCMD_R6256", "MS-ASCMD_R6259", "MS-ASCMD_R1407")
def test_where_the_class_of_an_estimate_stands(server: EASServer) -> None:
    recent = FilterType.ONE_MONTH
    for version, path in (("12.1", "GetItemEstimate:Class"), ("14.1", "AirSync:Options/AirSync:Class")):
        with client(server, versions=(version,)) as eas:
            for folder, cls in (("inbox", "Email"), ("calendar", "Calendar")):
                eas.estimate(folder, filter_type=recent)
                (collection,) = sent(server, "GetItemEstimate")[-1].findall(
                    "GetItemEstimate:Collections/GetItemEstimate:Collection"
                )
                assert collection.findtext(path) == cls


@pytest.mark.spec("MS-ASCMD_R3269")
def test_a_limit_of_items_is_for_the_cache_of_recipients(eas: Client, server: EASServer) -> None:
    eas.folders()
    inbox = server.mailbox.folder(FolderType.INBOX).server_id
    limit = EstimateCollection(sync_key="1", collection_id=inbox, options=[Options(max_items=5)])
    with pytest.raises(errors.RequestError, match="MS-ASCMD_R3264"):
        eas.run(GetItemEstimate(collections=[limit]))


@pytest.mark.spec("MS-ASCMD_R3274", "MS-ASCMD_R3275", "MS-ASCMD_R3276")
def test_a_limit_of_items_in_a_sync() -> None:
    limited = Options(max_items=5)
    request = Sync(collections=[Collection(sync_key="1", collection_id="4", options=[limited])])
    (told,) = wbxml.decode(wbxml.encode(request)).root.iter(wbxml.AirSync.MaxItems)
    assert told.text == "5"
    assert broken(request, "14.1") == []


@pytest.mark.spec("MS-ASCMD_R3405", "MS-ASCMD_R3406", "MS-ASCMD_R3407")
def test_mime_is_asked_for_by_two_elements(eas: Client, server: EASServer) -> None:
    list(eas.sync("inbox", body=BodyType.MIME))
    (options,) = sent(server, "Sync")[-1].iter(wbxml.AirSync.Options)
    assert options.findtext("AirSync:MIMESupport") == "2"
    assert options.findtext("AirSyncBase:BodyPreference/AirSyncBase:Type") == "4"


@pytest.mark.spec("MS-ASCMD_R3427", "MS-ASCMD_R3428")
def test_a_message_is_cut_at_about_the_size_that_was_said(server: EASServer) -> None:
    text = "ä" * 9000
    server.mailbox.deliver(f"Subject: long\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode())
    options = Options(
        mime_support=MIMESupport.ALWAYS, mime_truncation=MIMETruncation.UP_TO_4096,
        body_preferences=[BodyPreference(type=BodyType.MIME)],
    )  # fmt: skip
    with client(server) as eas:
        pages = eas.sync("inbox", options=options)
        bodies = [change.item.body for page in pages for change in page.changes if change.item.subject == "long"]
    (body,) = bodies
    assert body.truncated and 0 < len((body.data or "").encode()) <= 4096


# What comes back


@pytest.mark.spec("MS-ASCMD_R657")
def test_an_empty_answer_is_no_change_of_keys(eas: Client, server: EASServer) -> None:
    """After it the same request may be sent again, even without a body."""
    list(eas.sync("inbox"))
    list(eas.sync("inbox"))
    first = collections(server)[-1].findtext("AirSync:SyncKey")
    assert post(server, "Sync", b"", device_id=eas.session.device_id) == b""
    list(eas.sync("inbox"))
    assert collections(server)[-1].findtext("AirSync:SyncKey") == first
    server.mailbox.add(FolderType.INBOX, Email(subject="new"))
    again = wbxml.decode(post(server, "Sync", b"", device_id=eas.session.device_id), type=SyncResponse)
    (collection,) = again.collections
    assert [one.item.subject for one in collection.commands] == ["new"]


@pytest.mark.spec("MS-ASCMD_R3450", "MS-ASCMD_R3453", "MS-ASCMD_R3454")
def test_more_is_asked_for_until_there_is_no_more(server: EASServer) -> None:
    """However few changes a page has; and the caller may stop after any of them, and go on later."""
    with client(server) as eas:
        for page in eas.sync("inbox", window=3):
            assert len(page.changes) == 3
            break
        rest = [change.server_id for page in eas.sync("inbox", window=2) for change in page.changes]
        everything = set(server.mailbox.items(FolderType.INBOX))
        assert set(rest) == everything and len(rest) == len(everything), "the page that was not committed comes again"
        assert all(one.find("AirSync:MoreAvailable") is None for one in collections(server))


@pytest.mark.spec("MS-ASCMD_R3066")
def test_events_of_the_future_are_within_every_filter(server: EASServer) -> None:
    with EASServer(Mailbox("alice", "secret")) as empty:
        for days in (-400, -3, 3, 400):
            start = NOW + timedelta(days=days)
            event = CalendarEvent(subject=str(days), start_time=start, end_time=start + timedelta(hours=1))
            empty.mailbox.add(FolderType.CALENDAR, event)
        with client(empty) as eas:
            pages = eas.sync("calendar", filter_type=FilterType.TWO_WEEKS)
            assert {change.item.subject for page in pages for change in page.changes} == {"-3", "3", "400"}


@pytest.mark.spec("MS-ASCMD_R2964", "MS-ASCMD_R2984", "MS-ASCMD_R3052", "MS-ASCMD_R3068")
def test_filters_that_a_class_does_not_know(eas: Client, server: EASServer) -> None:
    for folder, fine, wrong in (("inbox", 3, 8), ("calendar", 4, 8), ("tasks", 8, 3)):
        place = eas.folders().named(folder)
        assert place is not None
        list(eas.sync(folder))
        key = collections(server)[0].findtext("AirSync:SyncKey")
        assert key is not None
        list(eas.sync(folder, filter_type=FilterType(fine)))
        # One that does not fit is left out: the server would refuse the folder.
        list(eas.sync(folder, filter_type=FilterType(wrong)))
        told = [one.findtext("AirSync:Options/AirSync:FilterType") for one in collections(server)[-2:]]
        assert told == [str(fine), None]
    xml = '<Options xmlns="AirSync"><FilterType>9</FilterType></Options>'
    assert wbxml.decode(wbxml.from_xml(xml), type=Options).problems, "9 is no filter"


@pytest.mark.spec("MS-ASCMD_R2056")
def test_commands_without_any_are_not_sent(eas: Client, server: EASServer) -> None:
    with pytest.raises(errors.UsageError, match="1 to 200"):
        eas.apply("inbox", [])
    assert not sent(server, "Sync")
    inner = "<SyncKey>1</SyncKey><CollectionId>1</CollectionId><Commands/>"
    xml = f'<Sync xmlns="AirSync"><Collections><Collection>{inner}</Collection></Collections></Sync>'
    assert broken(wbxml.from_xml(xml)) == ["MS-ASCMD_R2053"]


@pytest.mark.spec("MS-ASCMD_R4430", "MS-ASCMD_R5778", "MS-ASCMD_R4439", "MS-ASCMD_R5098")
def test_errors_of_one_item_and_of_all(eas: Client, server: EASServer) -> None:
    """Status 6 is one item's, and the others are done; Status 4 is the folder's or the request's, and an error."""
    list(eas.sync("tasks"))
    mail = server.mailbox.folder(FolderType.INBOX)
    assert mail.items
    bad = Add(item=CalendarEvent(subject="no task", start_time=NOW))
    good = Add(item=Task(subject="a task"))
    results = eas.apply("tasks", [bad, good])
    assert [(one.ok, one.status) for one in results] == [(False, 6), (True, 1)]
    server.faults.append(faults.status(4, command="Sync", times=9))
    with pytest.raises(errors.StatusError) as caught:
        list(eas.sync("tasks"))
    assert (caught.value.status, caught.value.scope) == (4, "Sync")


@pytest.mark.spec("MS-ASCMD_R6300", "MS-ASCMD_R6419", "MS-ASCMD_R944")
def test_a_deletion_says_no_class(eas: Client, server: EASServer) -> None:
    list(eas.sync("inbox"))
    known = next(iter(server.mailbox.items(FolderType.INBOX)))
    server.mailbox.delete(known)
    (change,) = [change for page in eas.sync("inbox") for change in page.changes]
    assert isinstance(change, Delete) and (change.server_id, change.cls) == (known, None)
    xml = f'<Delete xmlns="AirSync"><ServerId>{known}</ServerId></Delete>'
    assert wbxml.decode(wbxml.from_xml(xml), type=Delete) == change
    sms = '<Add xmlns="AirSync"><Class>SMS</Class><ServerId>1</ServerId></Add>'
    assert wbxml.decode(wbxml.from_xml(sms), type=Add).cls == "SMS", "it stands beside the mails"


# Keys


@pytest.mark.spec("MS-ASCMD_R4576", "MS-ASCMD_R4588", "MS-ASCMD_R4593")
def test_a_key_is_the_servers_to_compare(eas: Client, server: EASServer) -> None:
    list(eas.sync("inbox"))
    known = [one.findtext("AirSync:SyncKey") for one in collections(server)]
    assert known[0] == "0" and len(set(known)) == len(known)
    folder = server.mailbox.folder(FolderType.INBOX).server_id
    right, wrong = (
        eas.run(GetItemEstimate(collections=[EstimateCollection(sync_key=key, collection_id=folder)]))
        for key in (known[-1], "unknown")
    )
    assert (right.responses[0].status, wrong.responses[0].status) == (1, 4)


@pytest.mark.spec("MS-ASCMD_R2939", "MS-ASCMD_R2941", "MS-ASCMD_R2942", "MS-ASCMD_R4769", "MS-ASCMD_R4770")
@pytest.mark.parametrize("window", [1, 5, 100, 512])
def test_small_windows_take_more_requests(eas: Client, server: EASServer, window: int) -> None:
    count = len(server.mailbox.items(FolderType.INBOX))
    assert len(list(eas.sync("inbox", window=window))) == -(-count // window)
    asked = [one for one in collections(server) if one.findtext("AirSync:SyncKey") != "0"]
    assert {one.findtext("AirSync:WindowSize") for one in asked} == {str(window)}
    whole = Sync(collections=[Collection(sync_key="1", collection_id="1")], window_size=window)
    root = wbxml.decode(wbxml.encode(whole)).root
    assert root.findtext("AirSync:WindowSize") == str(window) and root.find(f"{COLLECTION}/AirSync:WindowSize") is None


@pytest.mark.spec("MS-ASCMD_R6239")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1"])
def test_instances_are_named_from_16_0_on(server: EASServer, version: str) -> None:
    change = Change(server_id="1", instance_id=NOW, item=CalendarEvent(subject="s"))
    request = Sync(collections=[Collection(sync_key="1", collection_id="1", commands=[change])])
    with pytest.raises(wbxml.EncodeError, match="InstanceId"):
        wbxml.encode(request, version=version)
    assert wbxml.encode(request, version="16.0")
    sending = replace(change, instance_id=None, send=True)
    request = Sync(collections=[Collection(sync_key="1", collection_id="1", commands=[sending])])
    with pytest.raises(wbxml.EncodeError, match="Send"):
        wbxml.encode(request, version=version)


# Meetings


@pytest.mark.spec("MS-ASCMD_R7477")
@pytest.mark.spec("MS-ASEMAIL_R14", "MS-ASEMAIL_R1074", "MS-ASCAL_R489", "MS-ASCAL_R35")
def test_appointments_and_meetings_are_added_by_sync(eas: Client, server: EASServer) -> None:
    list(eas.sync("calendar"))
    before = set(server.mailbox.items(FolderType.CALENDAR))
    single = CalendarEvent(subject="alone", start_time=NOW, end_time=NOW + timedelta(hours=1), meeting_status=0)
    meeting = replace(single, subject="together", meeting_status=1)
    assert all(one.ok for one in eas.apply("calendar", [Add(item=single), Add(item=meeting)]))
    there = [item for known, item in server.mailbox.items(FolderType.CALENDAR).items() if known not in before]
    assert sorted(str(getattr(item, "subject", "")) for item in there) == ["alone", "together"]
    (add, _) = sent(server, "Sync")[-1].iter(wbxml.AirSync.Add)
    assert add.find("AirSync:ApplicationData/Calendar:Subject") is not None


@pytest.mark.spec("MS-ASCMD_R7480", "MS-ASCMD_R7481", "MS-ASCMD_R5077", "MS-ASCMD_R5078", "MS-ASCMD_R5093")
def test_what_meetings_bring_comes_with_the_next_sync(eas: Client, server: EASServer) -> None:
    """A request into the inbox, and an event into the calendar; each folder is synchronised for its own."""
    list(eas.sync("inbox", "calendar"))
    server.mailbox.add(FolderType.INBOX, Email(subject="Invitation", message_class="IPM.Schedule.Meeting.Request"))
    server.mailbox.add(FolderType.CALENDAR, CalendarEvent(subject="Meeting", start_time=NOW, end_time=NOW))
    for folder, subject in (("inbox", "Invitation"), ("calendar", "Meeting")):
        (change,) = [change for page in eas.sync(folder) for change in page.changes]
        assert isinstance(change, Add) and change.item.subject == subject
        assert collections(server)[-1].findtext("AirSync:GetChanges") == "1"


# Bodies, all at once


@pytest.mark.spec("MS-ASAIRS_R340", "MS-ASAIRS_R336", "MS-ASAIRS_R352", "MS-ASAIRS_R335", "MS-ASAIRS_R10019")
def test_what_a_request_says_of_bodies(eas: Client, server: EASServer) -> None:
    preference = BodyPreference(type=BodyType.HTML, truncation_size=9, all_or_none=False, preview=5)
    list(eas.sync("inbox", options=Options(body_preferences=[preference])))
    (told,) = sent(server, "Sync")[-1].iter(wbxml.AirSyncBase.BodyPreference)
    assert [child.tag.name for child in told] == ["Type", "TruncationSize", "AllOrNone", "Preview"]
    assert eas.search("the", body=preference)
    (told,) = sent(server, "Search")[-1].iter(wbxml.AirSyncBase.BodyPreference)
    assert [child.tag.name for child in told] == ["Type", "TruncationSize", "AllOrNone", "Preview"]


# Sequences


@pytest.mark.spec(
    *("MS-ASCMD_R5049", "MS-ASCMD_R5050", "MS-ASCMD_R5052", "MS-ASCMD_R5054", "MS-ASCMD_R5055", "MS-ASCMD_R5057"),
    *("MS-ASCMD_R5058", "MS-ASCMD_R5059"),
)
@pytest.mark.parametrize("estimated", [True, False])
def test_the_sequence_of_a_first_synchronisation(eas: Client, server: EASServer, estimated: bool) -> None:
    """The key 0 for each folder; an estimate of each, which may be left out; then changes, until there are no more."""
    names = ("inbox", "calendar", "contacts", "tasks")
    for _ in range(120):
        server.mailbox.add(FolderType.INBOX, Email(subject="more"))
    eas.folders()
    if estimated:
        assert all(eas.estimate(name) for name in names)
    list(eas.sync(*names))
    asked = collections(server)
    for name in names:
        folder = eas.folders().named(name)
        assert folder is not None
        mine = [one for one in asked if one.findtext("AirSync:CollectionId") == folder.collection_id]
        keys = [one.findtext("AirSync:SyncKey") for one in mine]
        assert keys[0] == "0" and "0" not in keys[-1:]
        later = [one for one in mine if one.findtext("AirSync:SyncKey") != "0"]
        assert all(one.findtext("AirSync:GetChanges") == "1" for one in later)
        assert {one.findtext("AirSync:WindowSize") for one in later} == {"100"}
        assert len(later) == (2 if name == "inbox" else 1)


@pytest.mark.spec("MS-ASCMD_R974", "MS-ASCMD_R2052", "MS-ASCMD_R3540", "MS-ASCMD_R3590")
def test_all_that_a_collection_says_and_what_it_may_leave_out() -> None:
    whole = Collection(
        sync_key="1", collection_id="2", deletes_as_moves=True, get_changes=True, window_size=5, conversation_mode=True,
        options=[Options(max_items=1)], commands=[Delete(server_id="3")],
    )  # fmt: skip
    (written,) = wbxml.decode(wbxml.encode(Sync(collections=[whole]))).root.findall(COLLECTION)
    assert [child.tag.name for child in written] == [
        *("SyncKey", "CollectionId", "DeletesAsMoves", "GetChanges", "WindowSize", "ConversationMode", "Options"),
        "Commands",
    ]
    bare = Collection(sync_key="1", collection_id="2")
    assert broken(Sync(collections=[bare])) == []
    estimate = EstimateCollection(sync_key="1", collection_id="2")
    assert broken(GetItemEstimate(collections=[estimate])) == []
    assert not estimate.options and not bare.options and not bare.commands


@pytest.mark.spec("MS-ASCMD_R3154", "MS-ASCMD_R3159", "MS-ASCMD_R3160")
@pytest.mark.parametrize(("seconds", "limit"), [(59, 60), (3541, 3540)])
def test_a_heartbeat_that_the_server_does_not_take(eas: Client, server: EASServer, seconds: int, limit: int) -> None:
    list(eas.sync("inbox"))
    list(eas.sync("inbox"))
    key = collections(server)[-1].findtext("AirSync:SyncKey")
    folder = server.mailbox.folder(FolderType.INBOX).server_id
    held = Sync(collections=[Collection(sync_key=key, collection_id=folder)], heartbeat_interval=seconds)
    answer = eas.run(held)
    assert (answer.status, answer.limit, answer.collections) == (14, limit, [])


@pytest.mark.spec("MS-ASCMD_R4779")
def test_one_window_for_all_folders(eas: Client, server: EASServer) -> None:
    """What does not fit comes with the next request."""
    places = [server.mailbox.folder(kind).server_id for kind in (FolderType.INBOX, FolderType.CALENDAR)]
    eas.folders()
    first = [Collection(sync_key="0", collection_id=place) for place in places]
    keys = {one.collection_id: one.sync_key for one in eas.run(Sync(collections=first)).collections}
    found: list[int] = []
    for _ in range(9):
        asked = [Collection(sync_key=keys[place], collection_id=place, get_changes=True) for place in places]
        answer = eas.run(Sync(collections=asked, window_size=4))
        keys |= {one.collection_id: one.sync_key for one in answer.collections}
        found.append(sum(len(one.commands) for one in answer.collections))
    everything = sum(len(server.mailbox.items(kind)) for kind in (FolderType.INBOX, FolderType.CALENDAR))
    assert max(found) == 4 and sum(found) == everything > 4


@pytest.mark.spec("MS-ASCMD_R5111")
def test_a_request_that_did_not_arrive_has_done_nothing(server: EASServer) -> None:
    with client(server) as eas:
        list(eas.sync("tasks"))
        before = len(server.mailbox.items(FolderType.TASKS))
        server.faults.append(faults.dropped(after=False, command="Sync", times=9))
        with pytest.raises(errors.ConnectionLostError):
            eas.apply("tasks", [Add(item=Task(subject="new"))])
        assert len(server.mailbox.items(FolderType.TASKS)) == before
        server.faults.clear()
        list(eas.sync("tasks"))
        assert len(server.mailbox.items(FolderType.TASKS)) == before + 1, "and is done once it has come through"
