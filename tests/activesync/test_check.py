"""What is refused before it is sent, by Microsoft's ids."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

import wbxml
from activesync import Client, RequestError
from activesync.check import check
from activesync.check.bounds import bounded
from activesync.check.tables import BOUNDS, BYTES, COUNT, NEVER, RESERVED, TYPES, VALUE, Bound, Never, Reserved
from activesync.commands import (
    Add,
    Change,
    Collection,
    Delete,
    DeviceInformation,
    DeviceInformationRequest,
    DevicePassword,
    DevicePasswordRequest,
    EstimateCollection,
    FolderCreate,
    GetItemEstimate,
    Options,
    PolicyRequest,
    Provision,
    RemoteWipe,
    Settings,
    SupportedContacts,
    Sync,
)
from activesync.items import Attendee, BodyPartPreference, BodyType, CalendarEvent, Email, EventException, Flag
from activesync.testing import EASServer, sample_mailbox

from .broken import broken

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sync(*commands: Any, **values: Any) -> Sync:
    given = {"sync_key": "k", "collection_id": "1"} | values
    return Sync(collections=[Collection(commands=list(commands), **given)])


def added(**values: Any) -> Sync:
    return sync(Add(client_id="1", item=CalendarEvent(subject="s", **values)))


CASES = [
    ("MS-ASCMD_R5838", sync(sync_key="0", get_changes=True)),
    ("MS-ASCMD_R4604", sync(sync_key="k" * 65)),
    ("MS-ASCMD_R2036", sync(collection_id="1" * 65)),
    ("MS-ASCMD_R959", sync(Add(client_id="1" * 65))),
    ("MS-ASCMD_R961", sync(Add(client_id="1"), Add(client_id="1"))),
    ("MS-ASCMD_R4547", sync(supported=SupportedContacts())),
    ("MS-ASCMD_R4763", sync(window_size=513)),
    ("MS-ASCMD_R4763", Sync(window_size=513)),
    ("MS-ASCMD_R3161", Sync(wait=5, heartbeat_interval=60)),
    ("MS-ASCMD_R5658", sync(*[Delete(server_id=str(number)) for number in range(201)])),
    (
        "MS-ASAIRS_R324",
        sync(options=[Options(body_part_preference=BodyPartPreference(type=BodyType.PLAIN_TEXT))]),
    ),
    ("MS-ASCAL_R92", added(appointment_reply_time=NOON)),
    ("MS-ASCAL_R404", added(response_type=1)),
    ("MS-ASCAL_R2028", added(attendees=[Attendee(email="a@example.test", attendee_status=3)])),
    ("MS-ASCAL_R2088", added(dt_stamp=NOON)),
    ("MS-ASCAL_R2135", added(location="Room 1")),
    ("MS-ASCAL_R2168", added(organizer_email="a@example.test")),
    ("MS-ASCAL_R2174", added(organizer_name="A")),
    ("MS-ASCAL_R2221", added(uid="u")),
    (
        "MS-ASCAL_R2112",
        sync(Change(server_id="1", item=CalendarEvent(exceptions=[EventException(subject="other")]))),
    ),
    ("MS-ASEMAIL_R408", sync(Change(server_id="1", item=Email(flag=Flag(status=2, start_date=NOON))))),
    ("MS-ASCMD_R969", GetItemEstimate(collections=[EstimateCollection(collection_id="1")] * 301)),
    ("MS-ASCMD_R985", GetItemEstimate(collections=[EstimateCollection(collection_id="1" * 65)])),
    ("MS-ASCMD_R3620", FolderCreate(sync_key="1", parent_id="1" * 65)),
    ("MS-ASCMD_R3660", Settings(device_password=DevicePasswordRequest(set=DevicePassword(password="p" * 256)))),
    ("MS-ASPROV_R368", Provision(policies=[PolicyRequest(policy_type="MS-EAS-Provisioning-WBXML")])),
    ("MS-ASPROV_R607", Provision(device_information=DeviceInformationRequest(set=DeviceInformation(os="o")))),
]


@pytest.mark.parametrize(
    ("requirement", "command"),
    [
        pytest.param(id_, command, marks=pytest.mark.spec(id_), id=f"{id_}-{n}")
        for n, (id_, command) in enumerate(CASES)
    ],
)
def test_what_is_refused(requirement: str, command: Any) -> None:
    assert broken(command, "16.1") == [requirement]
    document = wbxml.decode(wbxml.encode(command))
    with pytest.raises(RequestError, match=requirement) as caught:
        check(document, "16.1")
    assert caught.value.requirement == requirement
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.requirement, str(again)) == (requirement, str(caught.value))


@pytest.mark.spec("MS-ASCMD_R3128", "MS-ASCMD_R976", "MS-ASCMD_R975")
def test_what_no_model_can_say() -> None:
    """An empty GetChanges, and elements in another order, come from other clients only."""
    xml = '<Sync xmlns="AirSync"><Collections><Collection>%s</Collection></Collections></Sync>'
    for inner, expected in (
        ("<SyncKey>0</SyncKey><CollectionId>1</CollectionId><GetChanges/>", ["MS-ASCMD_R3128"]),
        ("<CollectionId>1</CollectionId><SyncKey>0</SyncKey>", ["MS-ASCMD_R976"]),
        ("<SyncKey>0</SyncKey><CollectionId>1</CollectionId><GetChanges>0</GetChanges>", []),
    ):
        assert broken(wbxml.from_xml(xml % inner), "16.1") == expected


@pytest.mark.parametrize(
    ("command", "version"),
    [
        (added(dt_stamp=NOON, uid="u", organizer_name="A", location="Room 1"), "14.1"),
        (sync(Change(server_id="1", item=CalendarEvent(exceptions=[EventException(subject="o")]))), "14.1"),
        (sync(sync_key="0", supported=SupportedContacts(), window_size=512), "14.1"),
        (sync(Change(server_id="1", item=Email(flag=Flag(status=0)))), "16.1"),
        (Provision(remote_wipe=RemoteWipe(status=1)), "16.1"),
        (Provision(policies=[PolicyRequest(policy_key="1", status=1)]), "16.1"),
    ],
)
def test_what_is_not_refused(command: Any, version: str) -> None:
    assert broken(command, version) == []


@pytest.mark.spec("MS-ASPROV_R608")
def test_older_versions_tell_of_the_device_by_settings() -> None:
    information = DeviceInformationRequest(set=DeviceInformation(model="m"))
    assert broken(Provision(device_information=information), "14.0") == ["MS-ASPROV_R608"]
    assert broken(Provision(device_information=information), "14.1") == []


def test_a_client_sends_what_it_is_told_to() -> None:
    with EASServer(sample_mailbox("alice", "secret", mails=1)) as server:
        with Client(server.url, "alice", "secret", allow_http=True) as eas:
            eas.folders()
            sent = len(server.requests)
            with pytest.raises(RequestError, match="R4763"):
                eas.run(sync(window_size=513))
            assert len(server.requests) == sent
            assert eas.run(sync(window_size=513), check=False) is not None
            assert len(server.requests) == sent + 1
        with Client(server.url, "alice", "secret", allow_http=True, check=False) as eas:
            assert eas.run(sync(window_size=513)) is not None


# The tables


def document(path: str, text: str = "", copies: int = 1) -> wbxml.Document:
    """A request of any command that holds such elements: the path is an element, or a parent and an element."""
    *above, name = path.split("/")
    root = "AirSync:Collection" if not above else above[0]
    writer = wbxml.Writer()
    outer = root if root != "Search:Search" else ""
    if outer:
        writer.start(wbxml.AirSync.Sync)
    writer.start(wbxml.ACTIVESYNC.by_name[root])
    for _ in range(copies):
        writer.start(wbxml.ACTIVESYNC.by_name[name])
        if text:
            writer.text(text)
        writer.end()
    writer.end()
    if outer:
        writer.end()
    return wbxml.decode(writer.finish())


def found(path: str, text: str = "", copies: int = 1, version: str = "14.1") -> list[str]:
    return [breach.requirement for breach in bounded(document(path, text, copies).root, version)]


@pytest.mark.parametrize(
    "bound",
    [pytest.param(row, marks=pytest.mark.spec(row.requirement), id=f"{row.requirement}-{row.what}") for row in BOUNDS],
)
def test_a_bound_is_kept_to_the_last_and_no_further(bound: Bound) -> None:
    if bound.what == COUNT:
        assert found(bound.path, "", bound.most) == []
        assert found(bound.path, "", bound.most + 1) == [bound.requirement]
    elif bound.what == VALUE:
        for value in (bound.least, bound.most):
            assert bound.requirement not in found(bound.path, str(value))
        assert bound.requirement in found(bound.path, str(bound.most + 1))
        assert bound.least == 0 or bound.requirement in found(bound.path, str(bound.least - 1))
        assert found(bound.path, "many") == []
    else:
        letter = "x" if bound.what == BYTES else "é"
        assert found(bound.path, letter * bound.most) == []
        assert found(bound.path, letter * (bound.most + 1)) == [bound.requirement]
        assert bound.least == 0 or found(bound.path, "") == [bound.requirement]


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=pytest.mark.spec(row.requirement), id=row.requirement) for row in NEVER]
)
def test_what_no_request_holds(row: Never) -> None:
    assert found(row.path, version="16.1") == [row.requirement]
    assert found(row.path, version="14.1") == ([] if row.since else [row.requirement])


@pytest.mark.parametrize(("path", "row"), TYPES.items(), ids=TYPES.keys())
def test_what_the_type_of_a_recurrence_needs(path: str, row: tuple[Any, str, Any, str]) -> None:
    needed, why_needed, allowed, why_not = row
    namespace = path.partition(":")[0]
    for kind in (0, 1, 2, 3, 5, 6):
        for there in (True, False):
            writer = wbxml.Writer()
            for name in ("Recurrence", "Type"):
                writer.start(wbxml.ACTIVESYNC.by_name[f"{namespace}:{name}"])
            writer.text(str(kind))
            writer.end()
            if there:
                writer.start(wbxml.ACTIVESYNC.by_name[path])
                writer.text("1")
                writer.end()
            writer.end()
            root = wbxml.decode(writer.finish()).root
            breached = {breach.requirement for breach in bounded(root, "14.1")}
            assert (why_needed in breached) == (not there and kind in needed)
            assert (bool(why_not) and why_not in breached) == (there and bool(why_not) and kind not in allowed)


def settings(inner: str) -> list[str]:
    """What is wrong with a Settings request."""
    xml = f'<Settings xmlns="Settings">{inner}</Settings>'
    return broken(wbxml.from_xml(xml))


OOF = "<Oof><Set><OofState>{}</OofState>{}</Set></Oof>"
REPLY = "<OofMessage><AppliesToInternal/><Enabled>1</Enabled><ReplyMessage>x</ReplyMessage>{}</OofMessage>"
TYPED = REPLY.format("<BodyType>Text</BodyType>")
TIMES = "<StartTime>2026-01-01T00:00:00.000Z</StartTime>", "<EndTime>2026-02-01T00:00:00.000Z</EndTime>"


@pytest.mark.parametrize(
    ("requirement", "inner"),
    [
        pytest.param(id_, inner, marks=pytest.mark.spec(id_), id=f"{id_}-{number}")
        for number, (id_, inner) in enumerate(
            [
                ("MS-ASCMD_R824", "<Oof><Get></Get></Oof>"),
                ("MS-ASCMD_R824", "<Oof><Get><BodyType/></Get></Oof>"),
                ("MS-ASCMD_R3785", OOF.format(1, REPLY.format(""))),
                ("MS-ASCMD_R3526", OOF.format(1, TYPED + TYPED)),
                ("MS-ASCMD_R3991", OOF.format(2, TIMES[0])),
                ("MS-ASCMD_R3991", OOF.format(2, TIMES[1])),
                ("MS-ASCMD_R3534", OOF.format(1, "".join(TIMES))),
                ("MS-ASCMD_R3867", "<RightsManagementInformation/>"),
            ]
        )
    ],
)
def test_settings_that_are_refused(requirement: str, inner: str) -> None:
    assert settings(inner) == [requirement]


@pytest.mark.spec("MS-ASCMD_R2271", "MS-ASCMD_R825")
def test_settings_that_are_not_refused() -> None:
    assert settings(OOF.format(2, "".join(TIMES) + TYPED)) == []
    assert settings(OOF.format(0, "") + "<RightsManagementInformation><Get/></RightsManagementInformation>") == []
    assert settings("<Oof><Get><BodyType>HTML</BodyType></Get></Oof>") == []


ESTIMATE = (
    '<GetItemEstimate xmlns="GetItemEstimate" xmlns:a="AirSync"><Collections><Collection><a:SyncKey>1</a:SyncKey>'
    "<CollectionId>{}</CollectionId>{}</Collection></Collections></GetItemEstimate>"
)
SEARCH = (
    '<Search xmlns="Search" xmlns:e="Email"><Store><Name>Mailbox</Name><Query><And>{}</And></Query>'
    "<Options><Range>{}</Range></Options></Store></Search>"
)
SYNC = (
    '<Sync xmlns="AirSync" xmlns:b="AirSyncBase" xmlns:e="Email" xmlns:t="Tasks">{}<Collections><Collection>'
    "<SyncKey>1</SyncKey><CollectionId>1</CollectionId>{}</Collection></Collections></Sync>"
)
CHANGE = "<Commands><Change><ServerId>1</ServerId><ApplicationData>{}</ApplicationData></Change></Commands>"
DATES = "".join(
    f"<t:{name}>{{{number}}}</t:{name}>"
    for number, name in enumerate(("StartDate", "DueDate", "UtcStartDate", "UtcDueDate"))
)
EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"
PREFERENCE = "<b:BodyPreference><b:Type>1</b:Type></b:BodyPreference>"
MORE = [
    ("MS-ASCMD_R903", ESTIMATE.format("1", "<a:Options><a:Class>Email</a:Class></a:Options>" * 2)),
    ("MS-ASCMD_R3541", ESTIMATE.format("1", "<a:Options/>")),
    ("MS-ASCMD_R3264", ESTIMATE.format("1", "<a:Options><a:MaxItems>5</a:MaxItems></a:Options>")),
    ("", ESTIMATE.format("RI", "<a:Options><a:MaxItems>5</a:MaxItems></a:Options>")),
    ("MS-ASCMD_R3141", SEARCH.format(f"<GreaterThan><Value>{EARLY}</Value><e:DateReceived/></GreaterThan>", "0-9")),
    ("MS-ASCMD_R3218", SEARCH.format(f"<LessThan><Value>{EARLY}</Value></LessThan>", "0-9")),
    ("", SEARCH.format(f"<LessThan><e:DateReceived/><Value>{EARLY}</Value></LessThan>", "0-9")),
    ("MS-ASCMD_R3725", SEARCH.format("", "9-0")),
    ("MS-ASCMD_R3725", SEARCH.format("", "all")),
    (
        "MS-ASCMD_R37071811",
        (
            '<Find xmlns="Find"><ExecuteSearch><GalSearchCriterion><Options><Range>5</Range></Options>'
            "</GalSearchCriterion></ExecuteSearch></Find>"
        ),
    ),
    ("MS-ASCMD_R3642", '<Sync xmlns="AirSync"><Partial/></Sync>'),
    ("", '<Sync xmlns="AirSync"><HeartbeatInterval>60</HeartbeatInterval><Partial/></Sync>'),
    ("MS-ASCMD_R2053", SYNC.format("", "<Commands/>")),
    ("MS-ASCMD_R929", SYNC.format("", "<Options><Class>SMS</Class></Options>" * 2)),
    ("MS-ASCMD_R3600", SYNC.format("", "<Options><Class>Email</Class></Options><Options/>")),
    ("", SYNC.format("", "<Options><Class>Email</Class></Options><Options><Class>SMS</Class></Options>")),
    ("MS-ASAIRS_R158", SYNC.format("", f"<Options>{PREFERENCE * 2}</Options>")),
    ("MS-ASNOTE_R80", SYNC.format("", '<Supported><n:Subject xmlns:n="Notes"/></Supported>').replace(">1<", ">0<", 1)),
    *(
        (id_, SYNC.format("", CHANGE.format(f"<e:Flag>{DATES.format(*dates)}</e:Flag>")))
        for id_, dates in (
            ("MS-ASEMAIL_R406", (LATE, EARLY, EARLY, LATE)),
            ("MS-ASEMAIL_R850", (EARLY, LATE, LATE, EARLY)),
            ("", (EARLY, EARLY, EARLY, LATE)),
        )
    ),
    *(
        (id_, SYNC.format("", CHANGE.format(f"<e:Flag><e:Status>1</e:Status>{inner}</e:Flag>")))
        for id_, inner in (
            ("MS-ASEMAIL_R334", f"<t:DateCompleted>{EARLY}</t:DateCompleted>"),
            ("MS-ASEMAIL_R358", f"<e:CompleteTime>{EARLY}</e:CompleteTime>"),
            ("", f"<e:CompleteTime>{EARLY}</e:CompleteTime><t:DateCompleted>{EARLY}</t:DateCompleted>"),
        )
    ),
    *(
        (id_, SYNC.format("", CHANGE.format(f'<n:MessageClass xmlns:n="Notes">{name}</n:MessageClass>')))
        for id_, name in (
            ("MS-ASNOTE_R57", "IPM.Note"),
            ("MS-ASNOTE_R57", "IPM.StickyNotes"),
            ("", "IPM.StickyNote"),
            ("", "IPM.StickyNote.Own"),
        )
    ),
    ("MS-ASEMAIL_R701", SYNC.format("", CHANGE.format("<e:Flag><t:ReminderSet>1</t:ReminderSet></e:Flag>"))),
]


@pytest.mark.spec(
    "MS-ASEMAIL_R738", "MS-ASEMAIL_R861", "MS-ASEMAIL_R852", "MS-ASEMAIL_R863", "MS-ASEMAIL_R359", "MS-ASNOTE_R86"
)
@pytest.mark.parametrize(
    ("requirement", "xml"),
    [
        pytest.param(id_, xml, marks=pytest.mark.spec(id_) if id_ else (), id=f"{id_ or 'right'}-{number}")
        for number, (id_, xml) in enumerate(MORE)
    ],
)
def test_what_takes_more_than_a_line(requirement: str, xml: str) -> None:
    breached = broken(wbxml.from_xml(xml), "16.1")
    assert breached == ([requirement] if requirement else [])


@pytest.mark.parametrize("version", ["12.1", "14.0", "16.1"])
@pytest.mark.parametrize("cls", ["Email", "Contacts", "Calendar", "Tasks", "SMS", "Notes", "Other"])
def test_a_class_has_its_versions(cls: str, version: str) -> None:
    expected = ["MS-ASCMD_R6298"] if cls in ("SMS", "Notes") and version == "12.1" else []
    assert found("AirSync:Options/AirSync:Class", cls, version=version) == expected


@pytest.mark.parametrize(
    ("requirement", "element"),
    [
        pytest.param(id_, element, marks=pytest.mark.spec(id_), id=element)
        for id_, element in (
            ("MS-ASCAL_R499", "Calendar:Subject"),
            ("MS-ASCNTC_R451", "Contacts:LastName"),
            ("MS-ASCNTC_R451", "Contacts2:NickName"),
            ("MS-ASEMAIL_R37", "Email:Subject"),
            ("MS-ASEMAIL_R37", "Email2:IsDraft"),
            ("MS-ASNOTE_R76", "Notes:Subject"),
            ("MS-ASTASK_R336", "Tasks:Subject"),
        )
    ],
)
def test_no_search_holds_elements_of_items(requirement: str, element: str) -> None:
    space, _, name = element.partition(":")
    xml = SEARCH.format(f'<x:{name} xmlns:x="{space}">a</x:{name}>', "0-9")
    breached = broken(wbxml.from_xml(xml))
    assert requirement in breached


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=pytest.mark.spec(row.requirement), id=row.requirement) for row in RESERVED]
)
def test_reserved_values(row: Reserved) -> None:
    version = row.version or "14.1"
    assert found(row.path, row.value, version=version) == [row.requirement]
    assert found(row.path, "1", version=version) == []
    other = "16.1" if version != "16.1" else "14.1"
    assert (row.requirement in found(row.path, row.value, version=other)) is not bool(row.version)
