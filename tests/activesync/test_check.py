"""What is refused before it is sent, by Microsoft's ids."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

import wbxml
from activesync import Client, RequestError
from activesync.check import breaches, check
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

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sync(*commands: Any, **values: Any) -> Sync:
    given = {"sync_key": "k", "collection_id": "1"} | values
    return Sync(collections=[Collection(commands=list(commands), **given)])


def added(**values: Any) -> Sync:
    return sync(Add(client_id="1", item=CalendarEvent(subject="s", **values)))


def breached(command: Any, version: str = "16.1") -> list[str]:
    """The requirements that a request breaks, whatever its version has."""
    return [breach.requirement for breach in breaches(wbxml.decode(wbxml.encode(command)), version)]


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
    assert breached(command) == [requirement]
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
        document = wbxml.decode(wbxml.from_xml(xml % inner))
        assert [breach.requirement for breach in breaches(document, "16.1")] == expected


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
    assert breached(command, version) == []


@pytest.mark.spec("MS-ASPROV_R608")
def test_older_versions_tell_of_the_device_by_settings() -> None:
    information = DeviceInformationRequest(set=DeviceInformation(model="m"))
    assert breached(Provision(device_information=information), "14.0") == ["MS-ASPROV_R608"]
    assert breached(Provision(device_information=information), "14.1") == []


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
