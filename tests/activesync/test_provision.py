"""Provisioning by [MS-ASPROV], and mails with restricted rights by [MS-ASRM]."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import wbxml
from activesync import Client, Email, FolderType, errors
from activesync.commands import (
    POLICY_TYPE,
    EASProvisionDoc,
    Options,
    PolicyApplied,
    PolicyRequest,
    PolicyResponse,
    Provision,
    ProvisionResponse,
    SearchOptions,
)
from activesync.items import RightsManagementLicense
from activesync.status import Action, status
from activesync.testing import Answer, EASServer, sample_mailbox
from activesync.testing.request import Request

from .clients import client, sent
from .schemas import Checked, faults_of_items

POLICY = "Provision:Policies/Provision:Policy"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Checked]:
    with Checked(sample_mailbox("alice", "secret", mails=1), policy=EASProvisionDoc(allow_camera=False)) as running:
        yield running


# The phases


@pytest.mark.spec(
    *("MS-ASPROV_R482", "MS-ASPROV_R613", "MS-ASPROV_R614", "MS-ASPROV_R646", "MS-ASPROV_R647", "MS-ASPROV_R1037"),
    *("MS-ASPROV_R600", "MS-ASPROV_R1"),
)
def test_a_request_and_an_acknowledgement(eas: Client, server: Checked) -> None:
    assert eas.provision() == EASProvisionDoc(allow_camera=False)
    asked, acknowledged = sent(server, "Provision")
    assert [child.tag.name for child in asked.find(POLICY)] == ["PolicyType"]
    assert [child.tag.name for child in acknowledged.find(POLICY)] == ["PolicyType", "PolicyKey", "Status"]
    first, second = (wbxml.decode(body, type=ProvisionResponse).policies[0] for body in server.answers[-2:])
    assert first.data is not None and second.data is None
    assert first.policy_key != second.policy_key


@pytest.mark.spec("MS-ASPROV_R1047")
@pytest.mark.spec("MS-ASPROV_R616", "MS-ASPROV_R649", "MS-ASPROV_R399", "MS-ASPROV_R322")
@pytest.mark.parametrize("account_only", [False, True])
def test_a_wipe_is_acknowledged_in_a_form_of_its_own(eas: Client, server: Checked, account_only: bool) -> None:
    eas.folders()
    server.wipe(eas.session.device_id, account_only=account_only)
    with pytest.raises(errors.RemoteWipeRequested):
        eas.folders()
    name = "AccountOnlyRemoteWipe" if account_only else "RemoteWipe"
    directive = wbxml.decode(server.answers[-1]).root.find(f"Provision:{name}")
    assert directive is not None and len(directive) == 0
    eas.acknowledge_wipe(account_only=account_only)
    (told,) = sent(server, "Provision")[-1]
    assert [(child.tag.name, child.text) for child in told] == [("Status", "1")]
    read = wbxml.decode(server.requests[-1].body, type=Provision)
    part = read.account_only_remote_wipe if account_only else read.remote_wipe
    assert part is not None and part.status == 1
    assert wbxml.decode(server.answers[-1], type=ProvisionResponse).status == 1


@pytest.mark.spec(
    *("MS-ASPROV_R1008", "MS-ASPROV_R609", "MS-ASPROV_R1032", "MS-ASPROV_R1038", "MS-ASCMD_R5537", "MS-ASCMD_R5538"),
    *("MS-ASCMD_R5539", "MS-ASCMD_R5540"),
)
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_the_device_is_in_the_first_request_alone(version: str) -> None:
    mailbox = sample_mailbox("alice", "secret", mails=1)
    with EASServer(mailbox, versions=(version,), policy=EASProvisionDoc()) as server, client(server) as eas:
        eas.provision()
        asked, acknowledged = sent(server, "Provision")
        device = asked.find("Settings:DeviceInformation")
        assert acknowledged.find("Settings:DeviceInformation") is None
        assert len(asked.findall("Settings:DeviceInformation")) == (0 if version < "14.1" else 1)
        if version < "14.1":
            assert device is None
        else:
            assert [child.tag.name for child in device] == ["Set"] and device.findtext("Settings:Set/Settings:Model")


@pytest.mark.spec("MS-ASPROV_R383")
@pytest.mark.parametrize("applied", PolicyApplied)
def test_the_status_of_a_policy_is_told(applied: PolicyApplied) -> None:
    request = PolicyRequest(policy_type=POLICY_TYPE, policy_key="1", status=applied)
    (written,) = wbxml.decode(wbxml.encode(request)).root.iter(wbxml.Provision.Status)
    assert written.text == str(int(applied))


@pytest.mark.spec(
    *("MS-ASCMD_R5025", "MS-ASCMD_R5027", "MS-ASCMD_R4991", "MS-ASCMD_R4995", "MS-ASCMD_R4997"),
    *("MS-ASPROV_R435", "MS-ASPROV_R615", "MS-ASPROV_R648"),
)
def test_the_sequence_of_a_policy(eas: Client, server: Checked) -> None:
    """The type that is wanted; the policy; that it is applied, at once; and the key that stands for it from then on."""
    eas.provision()
    first, second = [one for one in server.requests if one.command == "Provision"]
    between = list(server.requests)
    assert between.index(second) == between.index(first) + 1
    asked, acknowledged = sent(server, "Provision")
    assert asked.findtext(f"{POLICY}/Provision:PolicyType") == POLICY_TYPE
    assert acknowledged.findtext(f"{POLICY}/Provision:Status") == "1"
    offered, agreed = (wbxml.decode(body, type=ProvisionResponse).policies[0] for body in server.answers[-2:])
    assert acknowledged.findtext(f"{POLICY}/Provision:PolicyKey") == offered.policy_key
    assert (agreed.status, offered.status) == (1, 1)
    eas.folders()
    assert server.requests[-1].policy_key == agreed.policy_key


@pytest.mark.spec(
    *("MS-ASPROV_R650", "MS-ASPROV_R657", "MS-ASPROV_R601", "MS-ASPROV_R888", "MS-ASPROV_R309", "MS-ASPROV_R314"),
    *("MS-ASPROV_R316", "MS-ASPROV_R747"),
)
def test_the_first_key_is_good_for_the_acknowledgement_alone(eas: Client, server: Checked) -> None:
    eas.provision()
    offered, agreed = (wbxml.decode(body, type=ProvisionResponse).policies[0] for body in server.answers[-2:])
    assert offered.policy_type == POLICY_TYPE and offered.data is not None and agreed.data is None
    eas.session.policy_key = offered.policy_key or ""
    before = len(server.requests)
    eas.folders()
    commands = [one.command for one in list(server.requests)[before:]]
    assert commands == ["FolderSync", "Provision", "Provision", "FolderSync"], "it does not stand for a policy"
    wrong = PolicyRequest(policy_type=POLICY_TYPE, policy_key="1", status=PolicyApplied.FULLY)
    answer = eas.run(Provision(policies=[wrong]))
    assert answer.policies[0].status == 5


# Failures


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            139,
            marks=pytest.mark.spec("MS-ASPROV_R681", "MS-ASPROV_R455", "MS-ASPROV_R684", "MS-ASPROV_R456"),
        ),
        pytest.param(
            141,
            marks=pytest.mark.spec("MS-ASPROV_R458", "MS-ASPROV_R685", "MS-ASPROV_R1034"),
        ),
        pytest.param(
            145,
            marks=pytest.mark.spec("MS-ASPROV_R686", "MS-ASPROV_R461", "MS-ASPROV_R463", "MS-ASPROV_R464"),
        ),
    ],
)  # fmt: skip
def test_a_device_that_may_not_go_on(code: int) -> None:
    """What it has told of the policy does not suffice: an error that says what the server says, and no loop."""
    told = PolicyApplied.PARTLY if code != 145 else PolicyApplied.BY_THIRD_PARTY

    class Strict(EASServer):
        def answer(self, request: Request, authorization: str) -> Answer:
            if request.command == "Provision":
                read = wbxml.decode(request.body, type=Provision)
                if read.policies and read.policies[0].status == told:
                    return Answer(body=wbxml.encode(ProvisionResponse(status=code)))
            return super().answer(request, authorization)

    mailbox = sample_mailbox("alice", "secret", mails=1)
    with Strict(mailbox, policy=EASProvisionDoc()) as server:
        with client(server, on_policy=lambda policy: told) as eas:
            with pytest.raises(errors.ProvisionError) as caught:
                eas.folders()
            assert caught.value.status == code and caught.value.meaning
            assert len([one for one in server.requests if one.command == "Provision"]) <= 4
        with client(server, on_policy=lambda policy: PolicyApplied.FULLY) as eas:
            assert eas.folders(), "another request, and the policy applied"


@pytest.mark.spec("MS-ASPROV_R711")
@pytest.mark.spec("MS-ASPROV_R460")
@pytest.mark.parametrize("encoded", [False, True])
def test_the_key_goes_into_the_header_or_into_the_query(server: Checked, encoded: bool) -> None:
    with client(server, base64_query=encoded) as eas:
        eas.folders()
        last = server.requests[-1]
        assert last.command == "FolderSync" and 0 < int(last.policy_key or 0) < 2**32
        assert (last.headers.get("x-ms-policykey") == last.policy_key) is not encoded


# Policies

VALUES = [
    ("device_password_expiration", 0, "MS-ASPROV_R220"),
    ("device_password_expiration", 30, "MS-ASPROV_R221"),
    ("max_device_password_failed_attempts", 4, "MS-ASPROV_R253"),
    ("max_device_password_failed_attempts", 16, "MS-ASPROV_R253"),
    ("min_device_password_complex_characters", 4, "MS-ASPROV_R282"),
    ("min_device_password_length", 1, "MS-ASPROV_R288"),
    ("min_device_password_length", 16, "MS-ASPROV_R288"),
    ("device_password_expiration", 365, "MS-ASPROV_R219"),
    ("device_password_history", 0, "MS-ASPROV_R226"),
    ("device_password_history", 50, "MS-ASPROV_R226"),
    ("max_email_body_truncation_size", -1, "MS-ASPROV_R266"),
    ("max_email_body_truncation_size", 4096, "MS-ASPROV_R266"),
    ("max_email_html_body_truncation_size", -1, "MS-ASPROV_R272"),
    ("max_email_html_body_truncation_size", 0, "MS-ASPROV_R272"),
    ("min_device_password_length", 8, "MS-ASPROV_R676"),
    ("max_attachment_size", 4294967295, "MS-ASPROV_R677"),
    ("max_attachment_size", 1, "MS-ASPROV_R671"),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param(*row[:2], marks=pytest.mark.spec(row[2]), id=f"{row[0]}-{row[1]}") for row in VALUES],
)
def test_values_of_a_policy(server: Checked, name: str, value: int) -> None:
    server.rules.policy = EASProvisionDoc(device_password_enabled=True, **{name: value})
    with client(server) as eas:
        read = eas.provision()
        assert read == server.rules.policy and getattr(read, name) == value


@pytest.mark.spec(
    *("MS-ASPROV_R253", "MS-ASPROV_R288", "MS-ASPROV_R668", "MS-ASPROV_R669", "MS-ASPROV_R670", "MS-ASPROV_R672"),
    *("MS-ASPROV_R673", "MS-ASPROV_R674"),
)
@pytest.mark.parametrize("name", ["MinDevicePasswordLength", "MaxDevicePasswordFailedAttempts"])
def test_an_empty_value_says_nothing(name: str) -> None:
    xml = (
        f'<Provision xmlns="Provision"><Status>1</Status><Policies><Policy><PolicyType>{POLICY_TYPE}</PolicyType>'
        f"<Status>1</Status><PolicyKey>1</PolicyKey><Data><EASProvisionDoc><{name}/></EASProvisionDoc></Data></Policy>"
        "</Policies></Provision>"
    )
    read = wbxml.decode(wbxml.from_xml(xml), type=ProvisionResponse)
    (policy,) = read.policies
    assert isinstance(policy, PolicyResponse) and policy.data is not None
    document = policy.data.eas_provision_doc
    assert document is not None
    assert (document.min_device_password_length, document.max_device_password_failed_attempts) == (None, None)


@pytest.mark.spec("MS-ASPROV_R300", "MS-ASPROV_R492", "MS-ASPROV_R629")
def test_what_a_policy_does_not_say() -> None:
    effective = EASProvisionDoc(device_password_enabled=True).effective()
    assert effective.password_recovery_enabled is False
    without = EASProvisionDoc(device_password_enabled=False, password_recovery_enabled=True).effective()
    assert without.password_recovery_enabled is None, "without a password it counts for nothing"


# Rights

LICENSE = RightsManagementLicense(
    content_expiry_date=NOON, content_owner="boss@example.test", edit_allowed=True, export_allowed=True,
    extract_allowed=False, forward_allowed=False, modify_recipients_allowed=False, owner=False, print_allowed=False,
    programmatic_access_allowed=False, reply_all_allowed=True, reply_allowed=True, template_description="For us alone",
    template_id="t1", template_name="Secret",
)  # fmt: skip


@pytest.mark.spec(
    *("MS-ASRM_R1", "MS-ASRM_R2", "MS-ASRM_R3", "MS-ASRM_R36", "MS-ASRM_R55", "MS-ASRM_R78"),
    *("MS-ASRM_R84", "MS-ASEMAIL_R718"),
)
@pytest.mark.parametrize("version", ["14.1", "16.1"])
def test_a_mail_says_what_may_be_done_with_it(server: Checked, version: str) -> None:
    known = server.mailbox.add(FolderType.INBOX, Email(subject="secret", rights_management_license=LICENSE))
    with client(server, versions=(version,)) as eas:
        found = {change.server_id: change.item for page in eas.sync("inbox") for change in page.changes}
        assert found[known].rights_management_license == LICENSE
        assert not faults_of_items(server.answers[-1])
        (element,) = wbxml.decode(server.answers[-1]).root.iter(wbxml.RightsManagement.RightsManagementLicense)
        assert {child.tag.namespace for child in element} == {"RightsManagement"}
        assert element.findtext("RightsManagement:PrintAllowed") == "0"


@pytest.mark.spec(
    *("MS-ASRM_R125", "MS-ASRM_R126", "MS-ASRM_R300", "MS-ASRM_R187", "MS-ASRM_R351", "MS-ASRM_R353", "MS-ASRM_R183"),
)
def test_rights_are_asked_for_by_who_can_keep_them(eas: Client, server: Checked) -> None:
    """Without a word of it a client does not say that it enforces rights."""
    list(eas.sync("inbox"))
    tag = wbxml.RightsManagement.RightsManagementSupport
    assert not [one for root in sent(server, "Sync") for one in root.iter(tag)]
    list(eas.sync("inbox", options=Options(rights_management_support=True)))
    (told,) = sent(server, "Sync")[-1].iter(tag)
    assert (told.text, len(told)) == ("1", 0)
    path = "AirSync:Collections/AirSync:Collection/AirSync:Options/RightsManagement:RightsManagementSupport"
    assert sent(server, "Sync")[-1].find(path) is not None
    search = wbxml.decode(wbxml.encode(SearchOptions(rights_management_support=True))).root
    assert [str(child.tag) for child in search] == ["RightsManagement:RightsManagementSupport"]


STATUSES = [
    ("Provision", 2, Action.FIX_REQUEST, "MS-ASPROV_R440"),
    ("Provision", 3, Action.RETRY, "MS-ASPROV_R440"),
    ("Policy", 2, Action.OK, "MS-ASPROV_R465"),
    ("Policy", 3, Action.FIX_REQUEST, "MS-ASPROV_R465"),
    ("Policy", 4, Action.GIVE_UP, "MS-ASPROV_R465"),
    ("Policy", 5, Action.PROVISION, "MS-ASPROV_R465"),
    ("", 169, Action.RETRY_LATER, "MS-ASRM_R198"),
]


@pytest.mark.parametrize(
    ("scope", "code", "action"),
    [
        pytest.param(scope, code, action, marks=pytest.mark.spec(id_), id=f"{scope}-{code}")
        for scope, code, action, id_ in STATUSES
    ],
)
def test_what_a_client_does_about_a_status(scope: str, code: int, action: Action) -> None:
    known = status(scope, code)
    assert (known.action, bool(known.meaning)) == (action, True)
