"""Settings: out-of-office replies, the device, its recovery password, the user and templates. [MS-ASCMD] 2.2.1.18."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import wbxml
from activesync import Client, DeviceInformation, Oof, OofMessage, OofState, errors
from activesync.check import breaches
from activesync.commands import (
    DeviceInformationRequest,
    DevicePassword,
    DevicePasswordRequest,
    EASProvisionDoc,
    OofGet,
    OofRequest,
    OofResponse,
    RightsManagementInformationRequest,
    RightsManagementTemplate,
    Settings,
    SettingsResponse,
    UserInformationRequest,
)
from activesync.testing import EASServer, sample_mailbox

from .clients import client, sent

NOON = datetime.now(UTC).replace(microsecond=0)
AUDIENCES = {
    "AppliesToInternal": (
        "applies_to_internal",
        (
            *("MS-ASCMD_R802", "MS-ASCMD_R3514", "MS-ASCMD_R3787", "MS-ASCMD_R3791", "MS-ASCMD_R3786"),
            *("MS-ASCMD_R3501", "MS-ASCMD_R3508", "MS-ASCMD_R798"),
        ),
    ),
    "AppliesToExternalKnown": (
        "applies_to_external_known",
        ("MS-ASCMD_R779", "MS-ASCMD_R783", "MS-ASCMD_R3515", "MS-ASCMD_R3788", "MS-ASCMD_R3792"),
    ),
    "AppliesToExternalUnknown": (
        "applies_to_external_unknown",
        ("MS-ASCMD_R789", "MS-ASCMD_R793", "MS-ASCMD_R3516", "MS-ASCMD_R3789", "MS-ASCMD_R3793", "MS-ASCMD_R5731"),
    ),
}


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=1)) as running:
        yield running


# Replies


@pytest.mark.parametrize(
    ("element", "field"),
    [
        pytest.param(element, field, marks=pytest.mark.spec(*ids), id=element)
        for element, (field, ids) in AUDIENCES.items()
    ],
)
def test_a_reply_is_for_one_audience(eas: Client, server: EASServer, element: str, field: str) -> None:
    """Its peers in the OofMessage are that audience's settings alone."""
    message = OofMessage(**{field: True}, enabled=True, reply_message="Away", body_type="Text")
    eas.set_oof(Oof(oof_state=OofState.ENABLED, messages=[message]))
    (told,) = sent(server, "Settings")[-1].iter(wbxml.Settings.OofMessage)
    assert [child.tag.name for child in told] == [element, "Enabled", "ReplyMessage", "BodyType"]
    assert not len(told[0]) and told[0].text is None
    kept = {name: next(one for one in eas.oof().messages if getattr(one, name)) for name, _ in AUDIENCES.values()}
    assert (kept[field].enabled, kept[field].reply_message) == (True, "Away")
    assert all(not kept[other].enabled for other, _ in AUDIENCES.values() if other != field)


@pytest.mark.spec("MS-ASCMD_R2250", "MS-ASCMD_R2251", "MS-ASCMD_R2252")
@pytest.mark.parametrize("enabled", [True, False])
def test_a_reply_is_sent_or_not(eas: Client, server: EASServer, enabled: bool) -> None:
    message = OofMessage(applies_to_internal=True, enabled=enabled, reply_message="Away", body_type="Text")
    eas.set_oof(Oof(oof_state=OofState.ENABLED, messages=[message]))
    (told,) = sent(server, "Settings")[-1].iter(wbxml.Settings.Enabled)
    assert told.text == ("1" if enabled else "0")
    assert next(one for one in eas.oof().messages if one.applies_to_internal).enabled is enabled


@pytest.mark.spec("MS-ASCMD_R2270", "MS-ASCMD_R3990", "MS-ASCMD_R3938", "MS-ASCMD_R3939")
def test_times_stand_in_what_is_set_and_in_what_is_got(eas: Client, server: EASServer) -> None:
    messages = [
        OofMessage(**{field: True}, enabled=True, reply_message=field, body_type="Text")
        for field, _ in AUDIENCES.values()
    ]
    start, end = NOON + timedelta(days=1), NOON + timedelta(days=2)
    eas.set_oof(Oof(oof_state=OofState.SCHEDULED, start_time=start, end_time=end, messages=messages))
    (told,) = sent(server, "Settings")[-1].iter(wbxml.Settings.Set)
    assert told.find("Settings:StartTime") is not None and told.find("Settings:EndTime") is not None
    kept = eas.oof()
    assert (kept.start_time, kept.end_time, len(kept.messages)) == (start, end, 3)


@pytest.mark.spec("MS-ASCMD_R3506", "MS-ASCMD_R3507", "MS-ASCMD_R3522", "MS-ASCMD_R3525")
def test_audiences_that_an_administrator_does_not_allow() -> None:
    """One that is not told of is not the client's to set; one that is disabled is told of, without a reply."""
    inner = (
        "<OofState>1</OofState><OofMessage><AppliesToInternal/><Enabled>1</Enabled><ReplyMessage>Away</ReplyMessage>"
        "<BodyType>Text</BodyType></OofMessage><OofMessage><AppliesToExternalKnown/><Enabled>0</Enabled></OofMessage>"
    )
    xml = f'<Settings xmlns="Settings"><Status>1</Status><Oof><Status>1</Status><Get>{inner}</Get></Oof></Settings>'
    answer = wbxml.decode(wbxml.from_xml(xml), type=SettingsResponse)
    assert isinstance(answer.oof, OofResponse) and answer.oof.get is not None
    internal, known = answer.oof.get.messages
    assert internal.applies_to_internal and (known.applies_to_external_known, known.enabled) == (True, False)
    assert known.reply_message is None
    refused = '<Settings xmlns="Settings"><Status>1</Status><Oof><Status>3</Status></Oof></Settings>'
    part = wbxml.decode(wbxml.from_xml(refused), type=SettingsResponse).oof
    assert part is not None and part.status == 3


# The device


@pytest.mark.spec("MS-ASCMD_R3445")
@pytest.mark.spec("MS-ASCMD_R3942", "MS-ASCMD_R3946", "MS-ASCMD_R5005", "MS-ASCMD_R475", "MS-ASCMD_R3956")
def test_the_device_in_any_order(eas: Client, server: EASServer) -> None:
    names = ("Model", "IMEI", "FriendlyName", "OS", "OSLanguage", "PhoneNumber", "UserAgent", "MobileOperator")
    for order in (names, names[::-1]):
        parts = "".join(f"<{name}>{name} 1</{name}>" for name in order)
        xml = f'<Settings xmlns="Settings"><DeviceInformation><Set>{parts}</Set></DeviceInformation></Settings>'
        read = wbxml.decode(wbxml.from_xml(xml), type=Settings)
        assert read.device_information is not None and read.device_information.problems == ()
        device = read.device_information.set
        assert device is not None and device.imei == "IMEI 1" and device.mobile_operator == "MobileOperator 1"
        eas.device_information(device)
        assert server.device(eas.session.device_id).information == device
    (part,) = sent(server, "Settings")[-1]
    assert (part.tag.name, [child.tag.name for child in part]) == ("DeviceInformation", ["Set"])


@pytest.mark.spec("MS-ASCMD_R6429", "MS-ASCMD_R6430", "MS-ASCMD_R6435", "MS-ASCMD_R7279", "MS-ASCMD_R7281")
@pytest.mark.parametrize("version", ["12.1", "14.0"])
def test_before_14_1_settings_alone_tell_of_the_device(server: EASServer, version: str) -> None:
    server.rules.policy = EASProvisionDoc()
    device = DeviceInformation(model="M")
    with client(server, versions=(version,)) as eas:
        eas.folders()
        assert all(root.find("Settings:DeviceInformation") is None for root in sent(server, "Provision"))
        answer = eas.run(Settings(device_information=DeviceInformationRequest(set=device)))
        assert answer.device_information is not None and (answer.status, answer.device_information.status) == (1, 1)
        assert server.device(eas.session.device_id).information == device


@pytest.mark.spec(
    *("MS-ASCMD_R3111", "MS-ASCMD_R3183", "MS-ASCMD_R3184", "MS-ASCMD_R3443", "MS-ASCMD_R3603", "MS-ASCMD_R3611"),
    *("MS-ASCMD_R3664", "MS-ASCMD_R4698"),
)
def test_what_a_device_says_of_itself_is_what_it_likes(server: EASServer) -> None:
    """The agent is that of the header, where nothing else is said; the rest is any text of up to 1,024 characters."""
    with client(server, user_agent="Mailer/1.0") as eas:
        eas.folders()
        eas.device_information(eas.session.device)
        told = server.device(eas.session.device_id).information
        assert told is not None and told.user_agent == "Mailer/1.0" == server.requests[-1].headers["user-agent"]
        device = DeviceInformation(
            model="ä" * 1024, imei="490154203237518", friendly_name="Ann's", os="Debian 13", os_language="German",
            phone_number="+1 555 0100",
        )  # fmt: skip
        eas.device_information(device)
        assert server.device(eas.session.device_id).information == device
        for name in ("model", "imei", "friendly_name", "os", "os_language", "phone_number", "user_agent"):
            with pytest.raises(errors.RequestError, match="at most 1024"):
                eas.device_information(DeviceInformation(**{name: "x" * 1025}))


@pytest.mark.spec("MS-ASCMD_R2180", "MS-ASCMD_R2183", "MS-ASCMD_R2184", "MS-ASCMD_R5737", "MS-ASCMD_R3940")
def test_a_recovery_password_is_kept_for_who_forgets_it(eas: Client, server: EASServer) -> None:
    for password, kept in (("1234", "1234"), ("5678", "5678"), ("", None)):
        answer = eas.run(Settings(device_password=DevicePasswordRequest(set=DevicePassword(password=password))))
        assert answer.device_password is not None and answer.device_password.status == 1
        assert server.device(eas.session.device_id).recovery_password == kept
        (told,) = sent(server, "Settings")[-1]
        assert (told.tag.name, [child.tag.name for child in told]) == ("DevicePassword", ["Set"])


# The user


@pytest.mark.spec("MS-ASCMD_R4707", "MS-ASCMD_R4708", "MS-ASCMD_R4709", "MS-ASCMD_R4710", "MS-ASCMD_R3114")
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.1"])
def test_the_addresses_of_the_user_are_read_only(server: EASServer, version: str) -> None:
    with client(server, versions=(version,)) as eas:
        user = eas.user_information()
        addresses = user.accounts[0].email_addresses if version >= "14.1" else user.email_addresses
        assert addresses is not None and addresses.smtp_addresses == [server.mailbox.address]
        (told,) = sent(server, "Settings")[-1]
        assert (told.tag.name, [(child.tag.name, len(child)) for child in told]) == ("UserInformation", [("Get", 0)])
        assert [
            name for name in UserInformationRequest.__dataclass_fields__ if name not in ("unknown", "problems")
        ] == ["get"]


@pytest.mark.spec("MS-ASCMD_R5435", "MS-ASCMD_R5436")
@pytest.mark.parametrize("value", ["0", "1"])
def test_an_account_may_be_for_reading_alone(value: str) -> None:
    account = f"<Account><AccountId>1</AccountId><SendDisabled>{value}</SendDisabled></Account>"
    inner = f"<Status>1</Status><Get><Accounts>{account}</Accounts></Get>"
    xml = f'<Settings xmlns="Settings"><Status>1</Status><UserInformation>{inner}</UserInformation></Settings>'
    answer = wbxml.decode(wbxml.from_xml(xml), type=SettingsResponse)
    assert answer.user_information is not None and answer.user_information.get is not None
    (read,) = answer.user_information.get.accounts
    assert read.send_disabled is (value == "1")


@pytest.mark.spec(
    *("MS-ASCMD_R3864", "MS-ASRM_R313", "MS-ASRM_R202", "MS-ASRM_R307", "MS-ASRM_R354"),
)
def test_templates_of_rights_are_asked_for(server: EASServer) -> None:
    template = RightsManagementTemplate(template_id="t1", template_name="Secret", template_description="For us alone")
    server.mailbox.rights_templates = [template]
    with client(server, versions=("16.1",)) as eas:
        asked = Settings(rights_management_information=RightsManagementInformationRequest(get=True))
        answer = eas.run(asked).rights_management_information
        assert answer is not None and answer.get is not None and answer.get.templates == [template]
        (told,) = sent(server, "Settings")[-1]
        assert (told.tag.name, [child.tag.name for child in told]) == ("RightsManagementInformation", ["Get"])


def test_a_part_that_asks_and_sets_at_once_is_refused_by_the_server(server: EASServer) -> None:
    both = OofRequest(get=OofGet(body_type="Text"), set=Oof(oof_state=OofState.ENABLED))
    command = Settings(oof=both)
    assert not list(breaches(wbxml.decode(wbxml.encode(command)), "14.1"))
    with client(server) as eas:
        answer: Any = eas.run(command)
        assert answer.oof.status == 2


@pytest.mark.spec("MS-ASCMD_R477", "MS-ASCMD_R476", "MS-ASCMD_R479")
def test_up_to_five_properties_each_once(eas: Client, server: EASServer) -> None:
    parts: dict[str, Any] = {
        "oof": OofRequest(get=OofGet(body_type="Text")),
        "device_password": DevicePasswordRequest(set=DevicePassword(password="p")),
        "device_information": DeviceInformationRequest(set=DeviceInformation(model="M")),
        "user_information": UserInformationRequest(get=True),
        "rights_management_information": RightsManagementInformationRequest(get=True),
    }
    assert Settings.__wbxml_fields__.keys() == parts.keys()
    for count in range(1, 6):
        answer = eas.run(Settings(**dict(list(parts.items())[:count])))
        told = [child.tag.name for child in sent(server, "Settings")[-1]]
        assert len(told) == len(set(told)) == count
        assert all(getattr(answer, name).status == 1 for name in list(parts)[:count])
