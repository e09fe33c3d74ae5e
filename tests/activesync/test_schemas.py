"""What the embedded server answers, and what SOGo and Microsoft print, against Microsoft's schemas."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wbxml
from activesync import Client, errors
from activesync.commands import (
    Add,
    Change,
    DevicePassword,
    DevicePasswordRequest,
    EASProvisionDoc,
    FolderCreate,
    FolderDelete,
    FolderType,
    FolderUpdate,
    RightsManagementInformationRequest,
    Settings,
    UserInformationRequest,
)
from activesync.items import (
    Attendee,
    Body,
    BodyType,
    CalendarEvent,
    Contact,
    Note,
    Recurrence,
    RecurrenceType,
    Task,
)
from activesync.testing import Answer, EASServer, sample_directory, sample_mailbox
from activesync.testing.request import Request

from .samples import microsoft
from .schemas import faults

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Checked(EASServer):
    """Holds every answer against the schema of its command."""

    seen: set[str]

    def answer(self, request: Request, authorization: str) -> Answer:
        answer = super().answer(request, authorization)
        if answer.status == 200 and answer.body:
            wrong = faults(request.command, answer.body)
            assert not wrong, (request.command, wrong, wbxml.to_xml(answer.body, indent=1)[:3000])
            self.seen.add(request.command)
        return answer


ITEMS: dict[str, Any] = {
    "contacts": Contact(first_name="Ann", last_name="Lee", birthday=NOON, categories=["a"], children=["b"]),
    "calendar": CalendarEvent(
        subject="Team", start_time=NOON, end_time=NOON + timedelta(hours=1), reminder=15,
        attendees=[Attendee(email="bob@example.test", name="Bob")],
        recurrence=Recurrence(type=RecurrenceType.WEEKLY, interval=1, day_of_week=2),
        body=Body(type=BodyType.PLAIN_TEXT, data="x"),
    ),
    "tasks": Task(subject="Buy", due_date=NOON, utc_due_date=NOON, complete=False),
    "notes": Note(subject="N", body=Body(type=BodyType.PLAIN_TEXT, data="x"), categories=["a"]),
}  # fmt: skip


@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_the_answers_of_the_embedded_server(version: str) -> None:
    mailbox = sample_mailbox("alice", "secret", mails=30, contacts=6, events=8, tasks=4, notes=3)
    with Checked(mailbox, versions=(version,), policy=EASProvisionDoc(), directory=sample_directory()) as server:
        server.seen = set()
        with Client(server.url, "alice", "secret", allow_http=True) as eas:
            eas.folders()
            for body in (None, BodyType.HTML, BodyType.MIME):
                list(eas.sync(window=7, body=body))
            for folder, item in ITEMS.items():
                (result,) = eas.apply(folder, [Add(item=item)])
                assert result.ok, result
                list(eas.sync(folder))
                assert eas.apply(folder, [Change(server_id=result.server_id, item=type(item)(**named(item)))])[0].ok
                eas.apply(folder, [Change(server_id="none", item=item)])
            for kind in (FolderType.INBOX, FolderType.CALENDAR):
                for server_id in list(server.mailbox.items(kind))[:3]:
                    server.mailbox.change(server_id, subject="Changed")
            server.mailbox.delete(next(iter(server.mailbox.items(FolderType.INBOX))))
            list(eas.sync())
            eas.estimate("inbox")
            eas.search("the", limit=5)
            eas.search_gal("a")
            if version == "16.1":
                eas.find("the", limit=5)
                eas.find_gal("a", pictures=True)
            eas.set_oof("away")
            eas.oof(body_type="HTML")
            eas.user_information()
            eas.run(
                Settings(
                    device_password=DevicePasswordRequest(set=DevicePassword(password="p")),
                    user_information=UserInformationRequest(get=True),
                    rights_management_information=RightsManagementInformationRequest(get=True),
                )
            )
            key = eas.folders().sync_key
            made = eas.run(FolderCreate(sync_key=key, parent_id="0", display_name="N", type=FolderType.USER_MAIL))
            moved = eas.run(
                FolderUpdate(sync_key=made.sync_key, server_id=made.server_id, parent_id="0", display_name="M")
            )
            eas.run(FolderDelete(sync_key=moved.sync_key, server_id=made.server_id))
            eas.run(FolderDelete(sync_key="none", server_id="none"))
            server.wipe(eas.session.device_id)
            with pytest.raises(errors.RemoteWipeRequested):
                eas.folders()
            eas.acknowledge_wipe(done=False)
        expected = {"FolderSync", "FolderCreate", "FolderUpdate", "FolderDelete", "Sync", "GetItemEstimate", "Search"}
        expected |= {"Settings", "Provision"} | ({"Find"} if version == "16.1" else set())
        assert server.seen == expected


def named(item: Any) -> dict[str, Any]:
    """What a Change of an item says: another subject or name."""
    return {"last_name": "Other"} if isinstance(item, Contact) else {"subject": "Other"}


def test_a_fault_is_found() -> None:
    inside = '<Sync xmlns="AirSync"><Collections><Collection><Wait/></Collection></Collections></Sync>'
    assert faults("Sync", wbxml.from_xml(inside))
    assert faults("FolderSync", wbxml.from_xml('<FolderSync xmlns="FolderHierarchy"><Status>x</Status></FolderSync>'))


EXAMPLES = ("ascal-4.2-sync-response", "ascmd-4.24.2-sync-response-first", "asemail-4.1.3.2-sync-response-attachment")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_microsoft_are_valid(name: str) -> None:
    assert faults("Sync", microsoft(name)) == []
