"""Every command and every option that SOGo has, in each version that both know, as text queries and in base64."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from activesync import (
    Add,
    Body,
    BodyPreference,
    BodyType,
    CalendarEvent,
    Change,
    Client,
    Contact,
    Delete,
    DeviceInformation,
    Email,
    Fetch,
    FilterType,
    Flag,
    Folder,
    FolderType,
    Importance,
    MIMESupport,
    Oof,
    OofMessage,
    OofState,
    Options,
    SupportedContacts,
    Task,
    errors,
)
from activesync.calendars import TimeZone, from_rrule, from_zone, to_rrule, to_zone
from activesync.commands import (
    And,
    Collection,
    GALStore,
    GreaterThan,
    LessThan,
    MIMETruncation,
    Query,
    Search,
    SearchGAL,
    SearchOptions,
    SearchStore,
    Sync,
)
from activesync.items import Attendee, FlagStatus, Recurrence

from . import corpus
from .clients import changes, items, mime, plain
from .sogo import SOGoServer, User
from .test_items import wait_for_the_next_second

pytestmark = pytest.mark.interop


@pytest.fixture(params=["12.1", "14.0", "14.1"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["text", "base64"])
def eas(request: pytest.FixtureRequest, sogo: SOGoServer, user: User, version: str) -> Iterator[Client]:
    """A client of one version; of a user whom no other test knows."""
    with Client(
        sogo.url, user.name, user.password, allow_http=True, versions=(version,), base64_query=request.param
    ) as client:
        yield client


def of(eas: Client, kind: FolderType) -> Folder:
    (folder,) = eas.folders().of_type(kind)
    return folder


def test_folders_are_made_renamed_moved_and_deleted(eas: Client, sogo: SOGoServer, user: User, version: str) -> None:
    names = {folder.name for folder in eas.folders()}
    made = eas.create_folder("Päpste")
    assert eas.session.version == version
    assert {folder.name for folder in eas.folders()} == names | {"Päpste"}
    within = eas.create_folder("Younger", parent=made)
    assert within.parent_id == made.collection_id
    assert eas.update_folder(made, "Popes").name == "Popes"
    eas.delete_folder(within)
    with fresh(eas, sogo, user, "other") as other:
        assert {folder.name for folder in other.folders()} == names | {"Popes"}
    eas.delete_folder("Popes")
    assert {folder.name for folder in eas.folders()} == names


HTML = plain("html", "<p>Gr&uuml;&szlig;e</p>").replace(b"text/plain", b"text/html")


def test_mails_in_every_form_and_window(eas: Client, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append([HTML, *corpus.many(6), plain("Grüße", "Text with ümlauts")])
        truth = mailbox.fetch()
    inbox = of(eas, FolderType.INBOX)
    pages = list(eas.sync(inbox, window=3))
    assert [len(page.changes) for page in pages] == [3, 3, 2]
    assert [page.more for page in pages] == [True, True, False]
    for number, kind in enumerate((BodyType.PLAIN_TEXT, BodyType.HTML, BodyType.MIME)):
        with fresh(eas, sogo, user, f"form{number}") as other:
            found = items(other, inbox, body=kind)
            assert len(found) == 8
            if kind is BodyType.MIME:
                assert {int(uid): mime(item) for uid, item in found.items()} == truth
            else:
                assert all(isinstance(item, Email) for item in found.values())
                assert any(item.body is not None and item.body.type is kind for item in found.values())  # type: ignore[union-attr]


def fresh(eas: Client, sogo: SOGoServer, user: User, device: str) -> Client:
    """Another device of the same user, version and form of query."""
    session = eas.session
    return Client(
        sogo.url, user.name, user.password, allow_http=True, versions=(session.version,),
        base64_query=session.base64_query, device=device,
    )  # fmt: skip


def test_the_options_of_a_mail_folder(eas: Client, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append([plain("long", "word " * 3000)])
    inbox = of(eas, FolderType.INBOX)
    cut = Options(
        mime_support=MIMESupport.ALWAYS,
        mime_truncation=MIMETruncation.UP_TO_4096,
        body_preferences=[BodyPreference(type=BodyType.MIME)],
    )
    (mail,) = items(eas, inbox, options=cut).values()
    assert isinstance(mail, Email) and mail.body is not None and mail.body.data is not None
    assert mail.body.truncated and len(mail.body.data) <= 4096 + 200
    (whole,) = eas.apply(inbox, [Fetch(server_id="1")])
    assert whole.item is not None
    with fresh(eas, sogo, user, "weeks") as other:
        assert len(items(other, inbox, filter_type=FilterType.ONE_MONTH)) <= 1
    assert eas.estimate(inbox) >= 0
    assert eas.estimate(inbox, filter_type=FilterType.ONE_MONTH) >= 0


def test_mails_are_read_flagged_categorised_and_deleted(eas: Client, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(3))
    inbox = of(eas, FolderType.INBOX)
    items(eas, inbox)
    flag = Flag(status=FlagStatus.ACTIVE, flag_type="for Follow Up")
    results = eas.apply(
        inbox,
        [
            Change(server_id="1", item=Email(read=True)),
            Change(server_id="2", item=Email(flag=flag)),
            Delete(server_id="3"),
        ],
    )
    assert all(result.ok for result in results)
    with fresh(eas, sogo, user, "later") as other:
        found = items(other, inbox)
    assert set(found) == {"1", "2"}
    first, second = found["1"], found["2"]
    assert isinstance(first, Email) and isinstance(second, Email)
    assert first.read is True and second.flag is not None and second.flag.status is FlagStatus.ACTIVE
    assert changes(eas, inbox) == []


def test_contacts_events_and_tasks_go_up_and_come_down(eas: Client, sogo: SOGoServer, user: User) -> None:
    zone = from_zone(ZoneInfo("Europe/Berlin"))
    start = datetime(2026, 12, 1, 9, tzinfo=UTC)
    rule = "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=5"
    wanted: dict[FolderType, tuple[Any, Any]] = {
        FolderType.CONTACTS: (
            Contact(first_name="Zoë", last_name="Ångström", file_as="Ångström, Zoë", email1_address="z@example.test"),
            Contact(first_name="Zoë", last_name="Öberg", file_as="Öberg, Zoë"),
        ),
        FolderType.CALENDAR: (
            CalendarEvent(
                subject="Weekly", timezone=zone.to_bytes(), start_time=start, end_time=start + timedelta(hours=1),
                dt_stamp=start, uid="weekly-1", location="Room 1", reminder=15, all_day_event=False,
                attendees=[Attendee(email="bob@example.test", name="Bob")],
                recurrence=from_rrule(rule, Recurrence, start=start),
                body=Body(type=BodyType.PLAIN_TEXT, data="bring cake"),
            ),
            CalendarEvent(
                subject="Moved", timezone=zone.to_bytes(), start_time=start, end_time=start + timedelta(hours=2),
                dt_stamp=start, uid="weekly-1", all_day_event=False,
            ),
        ),
        FolderType.TASKS: (
            Task(subject="Buy", importance=Importance.HIGH, utc_due_date=start, due_date=start, complete=False),
            Task(subject="Bought", complete=True, date_completed=start),
        ),
    }  # fmt: skip
    for kind, (first, second) in wanted.items():
        folder = of(eas, kind)
        items(eas, folder)
        (added,) = eas.apply(folder, [Add(item=first)])
        assert added.ok and added.server_id
        with fresh(eas, sogo, user, f"see{int(kind)}") as other:
            (arrived,) = items(other, folder).values()
            name = "last_name" if kind is FolderType.CONTACTS else "subject"
            assert getattr(arrived, name) == getattr(first, name)
            if isinstance(arrived, CalendarEvent):
                assert (arrived.start_time, arrived.end_time) == (first.start_time, first.end_time)
                assert arrived.recurrence is not None and arrived.timezone is not None
                assert sorted(to_rrule(arrived.recurrence).split(";")) == sorted(rule.split(";"))
                assert to_zone(TimeZone.from_bytes(arrived.timezone)) is not None
        wait_for_the_next_second()
        # The first key of an empty folder stands for nothing, and SOGo gives it again: it starts over, and says so.
        list(eas.sync(folder))
        (changed,) = eas.apply(folder, [Change(server_id=added.server_id, item=second)])
        assert changed.ok
        with fresh(eas, sogo, user, f"again{int(kind)}") as other:
            (arrived,) = items(other, folder).values()
            assert getattr(arrived, name) == getattr(second, name)
        (deleted,) = eas.apply(folder, [Delete(server_id=added.server_id)])
        assert deleted.ok


def test_estimates(eas: Client, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(4))
    inbox = of(eas, FolderType.INBOX)
    assert eas.estimate(inbox) == 4
    items(eas, inbox)
    assert eas.estimate(inbox) in (0, 1)  # 1 for a change that then is none
    assert eas.estimate(of(eas, FolderType.CALENDAR), filter_type=FilterType.SIX_MONTHS) == 0


def test_searches_of_a_mailbox_with_every_criterion(eas: Client, sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append([*corpus.many(5), plain("needle", "Quetzalcoatl flies")])
    inbox = of(eas, FolderType.INBOX)
    since, until = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    for criteria in (
        And(classes=["Email"], free_text="quetzalcoatl"),
        And(classes=["Email"], collection_ids=[inbox.collection_id], free_text="quetzalcoatl"),
        And(
            classes=["Email"],
            free_text="quetzalcoatl",
            greater_than=GreaterThan(date_received=True, value=since),
            less_than=LessThan(date_received=True, value=until),
        ),
    ):
        options = SearchOptions(
            rebuild_results=True, range="0-9", deep_traversal=True,
            body_preferences=[BodyPreference(type=BodyType.PLAIN_TEXT)],
        )  # fmt: skip
        answer = eas.run(Search(store=SearchStore(name="Mailbox", query=Query(and_=criteria), options=options)))
        assert answer.store is not None and answer.store.total == 1
        (hit,) = answer.store.results
        assert isinstance(hit.properties, Email) and hit.properties.subject == "needle"


def test_searches_of_people(eas: Client, user: User) -> None:
    assert [entry.display_name for entry in eas.search_gal("alice")] == ["Alice Archer"]
    answer = eas.run(SearchGAL(store=GALStore(name="GAL", query="example", options=SearchOptions(range="0-1"))))
    assert answer.store is not None and answer.store.range is not None


def test_settings(eas: Client, user: User, version: str) -> None:
    eas.device_information(DeviceInformation(model="Model", friendly_name="Una's", os="Debian 12", user_agent="a"))
    told = eas.user_information()
    # It looks for the version in a header, which a query in base64 takes the place of.
    if version == "14.1" and not eas.session.base64_query:
        assert told.accounts[0].email_addresses is not None
    else:
        assert told.email_addresses is not None and told.email_addresses.smtp_addresses == [user.mail]
    for body_type in ("Text", "HTML"):
        assert eas.oof(body_type=body_type).oof_state is OofState.DISABLED
    message = OofMessage(applies_to_internal=True, enabled=True, reply_message="Away", body_type="Text")
    start = datetime(2026, 7, 1, 8, tzinfo=UTC)
    eas.set_oof(
        Oof(oof_state=OofState.SCHEDULED, start_time=start, end_time=start + timedelta(days=9), messages=[message])
    )
    assert eas.oof().oof_state is OofState.SCHEDULED
    eas.set_oof(None)
    assert eas.oof().oof_state is OofState.DISABLED


def test_a_policy_is_asked_for(eas: Client) -> None:
    assert eas.provision() is None  # there is none for anybody
    assert eas.folders()


def test_a_held_sync_and_what_sogo_does_not_keep(eas: Client, version: str) -> None:
    inbox = of(eas, FolderType.INBOX)
    list(eas.sync(inbox))
    if version >= "14.0":
        collection = Collection(sync_key="0", collection_id=inbox.collection_id)
        answer = eas.run(Sync(collections=[collection]))
        key = answer.collections[0].sync_key
        held = Sync(collections=[Collection(sync_key=key, collection_id=inbox.collection_id)], heartbeat_interval=60)
        assert eas.run(held, check=False, timeout=90.0) is not None
    # The request that an empty or partial one stands for: 13 asks for the whole one.
    partial = eas.run(Sync(partial=True, window_size=9))
    assert partial.status == 13


def test_conversations_are_asked_for(eas: Client, sogo: SOGoServer, user: User, version: str) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(3))
    inbox = of(eas, FolderType.INBOX)
    found = changes(eas, inbox, filter_type=FilterType.ALL, conversations=version >= "14.0")
    assert len(found) == 3
    assert eas.estimate(inbox, conversations=version >= "14.0") in (0, 1)


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ((), (None, None)),
        (("last_name", "first_name"), ("Ann", None)),
        (("last_name", "first_name", "company_name"), ("Ann", "Example")),
    ],
)
def test_sogo_takes_supported_the_other_way_round(
    sogo: SOGoServer, user: User, version: str, named: tuple[str, ...], left: tuple[str | None, str | None]
) -> None:
    """What it names stays where a Change leaves it out. [MS-ASCMD] R5907, R5911 and R5912 say that of all others."""
    kept = [SupportedContacts(**dict.fromkeys(named, True))] if named else []
    with Client(sogo.url, user.name, user.password, allow_http=True, versions=(version,), supported=kept) as eas:
        contacts = of(eas, FolderType.CONTACTS)
        changes(eas, contacts)
        contact = Contact(first_name="Ann", last_name="Lee", company_name="Example")
        (added,) = eas.apply(contacts, [Add(item=contact)])
        assert added.ok and added.server_id
        wait_for_the_next_second()
        # The first key of an empty folder stands for nothing, and SOGo gives it again: it starts over, and says so.
        list(eas.sync(contacts))
        (changed,) = eas.apply(contacts, [Change(server_id=added.server_id, item=Contact(last_name="Other"))])
        assert changed.ok
    with Client(sogo.url, user.name, user.password, allow_http=True, versions=(version,), device="second") as other:
        (read,) = items(other, of(other, FolderType.CONTACTS)).values()
    assert isinstance(read, Contact) and read.last_name == "Other"
    assert (read.first_name or None, read.company_name) == left


def test_what_sogo_does_not_have_is_told(eas: Client) -> None:
    with pytest.raises(errors.HTTPError) as caught:
        eas.search_documents("\\\\server\\share")
    assert caught.value.status == 500
    with pytest.raises(errors.UsageError, match=r"16\.1"):
        eas.find("needle")
    assert eas.folders(), "and the client goes on"
