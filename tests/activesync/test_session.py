"""One exchange and its recovery, by canned answers: versions, provisioning, redirects, lost answers, bad answers."""

from __future__ import annotations

import base64
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

import wbxml
from activesync import errors, flows
from activesync.auth import basic
from activesync.commands import (
    POLICY_TYPE,
    Command,
    FolderSync,
    FolderSyncResponse,
    FolderType,
    PolicyResponse,
    ProvisionResponse,
    Settings,
    SettingsResponse,
    Sync,
)
from activesync.hierarchy import Folder, Hierarchy
from activesync.session import Session, device_id_for
from activesync.status import Action, status

from .script import Canned, Script, session

DATA = Path(__file__).parent.parent / "data"
FOLDERS = (DATA / "sogo" / "FolderSync-initial.response.wbxml").read_bytes()
NO_POLICY = (DATA / "sogo" / "Provision-1.response.wbxml").read_bytes()
OFFER = {
    "ms-asprotocolversions": "2.5,12.0,12.1,14.0,14.1",
    "ms-asprotocolcommands": "Sync,FolderSync,Settings,Sync",
}


def policy(key: str | None, status: int = 1) -> ProvisionResponse:
    return ProvisionResponse(
        status=1, policies=[PolicyResponse(policy_type=POLICY_TYPE, status=status, policy_key=key)]
    )


def run(script: Script, on: Session | None = None) -> Any:
    return script.run((on or session()).run(FolderSync(sync_key="0")))


# Addresses, devices, headers


def test_an_address_without_a_path_gets_the_usual_one() -> None:
    assert session().url == "https://mail.example.test/Microsoft-Server-ActiveSync"


def test_an_address_keeps_its_own_path() -> None:
    there = Session("https://h/SOGo/Microsoft-Server-ActiveSync/", "u", authorization=None)
    assert there.url == "https://h/SOGo/Microsoft-Server-ActiveSync"


def test_http_is_refused_unless_allowed() -> None:
    with pytest.raises(errors.InsecureURLError):
        Session("http://mail.example.test", "alice", authorization=basic("alice", "s3cret"))
    assert Session("http://h", "u", authorization=None, allow_http=True).url.startswith("http://h/")


@pytest.mark.parametrize("url", ["ftp://mail.example.test", "https://", "https://alice:s3cret@mail.example.test"])
def test_other_addresses_are_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(errors.UsageError) as caught:
        Session(url, "alice", authorization=None)
    assert "s3cret" not in str(caught.value)


def test_what_cannot_be_an_address_or_a_password_is_not_shown() -> None:
    with pytest.raises(errors.UsageError) as address:
        Session("https://alice:s3cret\u2100@host", "alice", authorization=None)
    with pytest.raises(errors.UsageError) as password:
        basic("alice", "s3cret\udcff")
    for caught in (address, password):
        assert "s3cret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_a_device_id_is_made_once_and_kept() -> None:
    script = Script([Canned(headers=OFFER), Canned(FOLDERS)], kept={})
    run(script)
    kept = script.store["device"]
    assert kept == bytes(range(16)).hex().upper()
    assert f"DeviceId={kept}" in script.requests[1].url
    again = Script([Canned(FOLDERS)], kept=script.store)
    run(again)
    assert again.store["device"] == kept and again.commands == ["FolderSync"]


def test_without_a_store_the_device_id_follows_from_host_and_user() -> None:
    one = device_id_for("https://mail.example.test/a", "alice")
    assert one == device_id_for("https://mail.example.test/b", "alice") != device_id_for("https://h", "alice")
    assert len(one) == 32 and one.isalnum()


def test_another_device_forgets_what_the_one_before_had() -> None:
    kept = {
        "device": "OLD",
        "session": json.dumps({"version": "14.1", "policy_key": "77"}),
        "folders": Hierarchy("5", [Folder("7", "0", "Inbox", FolderType.INBOX)]).to_json(),
        "collection/7": '{"sync_key": "3", "pending": null, "resync": false, "known": [0, null, 2, 0, 2, 0]}',
    }
    script = Script([Canned(headers=OFFER), Canned(FOLDERS)], kept=kept)
    run(script, session(device_id="NEW"))
    assert script.requests[1].headers["X-MS-PolicyKey"] == "0"
    assert script.store["device"] == "NEW"
    assert "5" not in script.store["folders"]
    state = json.loads(script.store["collection/7"])
    assert (state["sync_key"], state["resync"], state["known"]) == ("0", True, [0, 2, 2, 0, 2, 0])


@pytest.mark.spec("MS-ASHTTP_R407")
def test_what_a_request_carries() -> None:
    script = Script([Canned(headers=OFFER), Canned(FOLDERS)], kept={})
    run(script)
    offer, request = script.requests
    assert offer.method == "OPTIONS" and not offer.body and "Content-Type" not in offer.headers
    assert "X-MS-PolicyKey" not in offer.headers
    assert request.url.endswith(
        "?Cmd=FolderSync&User=alice&DeviceId=000102030405060708090A0B0C0D0E0F&DeviceType=Python"
    )
    assert request.headers["MS-ASProtocolVersion"] == "14.1"
    assert request.headers["X-MS-PolicyKey"] == "0"
    assert request.headers["Content-Type"] == "application/vnd.ms-sync.wbxml"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"alice:s3cret").decode()
    # The very bytes of a client that was recorded against a real server.
    assert request.body == (DATA / "sogo" / "FolderSync-initial.request.wbxml").read_bytes()


def test_a_password_does_not_show() -> None:
    script = Script([Canned(FOLDERS)])
    one = session()
    run(script, one)
    assert "s3cret" not in repr(one) + repr(script.requests)
    encoded = base64.b64encode(b"alice:s3cret").decode()
    assert encoded not in repr(one) + repr(script.requests)


def test_a_password_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.HTTPError):
        run(Script([Canned(status=500, body=b"no")]))
    assert "s3cret" not in caplog.text


# Versions


@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        ("2.5,12.0,12.1,14.0,14.1,16.0,16.1", "16.1"),
        ("16.1, 16.0 ,14.1", "16.1"),
        ("12.0,12.1,14.0", "14.0"),
        ("2.5,12.0,12.1", "12.1"),
        ("14.1,14.1,12.1", "14.1"),
    ],
)
def test_the_best_common_version_is_spoken(offered: str, spoken: str) -> None:
    script = Script([Canned(headers={"ms-asprotocolversions": offered}), Canned(FOLDERS)], kept={})
    one = session()
    run(script, one)
    assert one.version == spoken == script.requests[1].headers["MS-ASProtocolVersion"]
    assert json.loads(script.store["session"])["version"] == spoken


def test_lists_of_the_offer_are_sets() -> None:
    script = Script([Canned(headers=OFFER)])
    options = script.run(session().options())
    assert options.commands == ("Sync", "FolderSync", "Settings")
    assert options.version == "14.1"


def test_no_common_version_is_an_error_of_its_own() -> None:
    with pytest.raises(errors.VersionError, match=r"speaks 2\.5"):
        run(Script([Canned(headers={"ms-asprotocolversions": "2.5"})], kept={}))


def test_a_web_server_is_told_from_an_activesync_server() -> None:
    with pytest.raises(errors.NotActiveSyncError):
        run(Script([Canned(b"<html>", headers={"content-type": "text/html"})], kept={}))


# Provisioning


@pytest.mark.spec("MS-ASPROV_R618", "MS-ASPROV_R626", "MS-ASPROV_R311")
def test_both_phases_of_provisioning_and_their_keys() -> None:
    script = Script([FolderSyncResponse(status=142), policy("temporary"), policy("final"), Canned(FOLDERS)])
    assert run(script).status == 1
    assert script.commands == ["FolderSync", "Provision", "Provision", "FolderSync"]
    assert [request.headers["X-MS-PolicyKey"] for request in script.requests] == ["0", "0", "temporary", "final"]
    first, second = script.sent(1), script.sent(2)
    assert first.findtext("Settings:DeviceInformation/Settings:Set/Settings:Model")
    assert second.find("Settings:DeviceInformation") is None
    acknowledged = second.find("Provision:Policies/Provision:Policy")
    assert acknowledged is not None
    assert [(child.tag.name, child.text) for child in acknowledged] == [
        ("PolicyType", POLICY_TYPE), ("PolicyKey", "temporary"), ("Status", "1")
    ]  # fmt: skip
    assert json.loads(script.store["session"])["policy_key"] == "final"


@pytest.mark.parametrize("code", [142, 143, 144])
@pytest.mark.spec("MS-ASCMD_R7561")
def test_status_142_to_144_provision_and_go_on(code: int) -> None:
    script = Script([SettingsResponse(status=code), policy("a"), policy("b"), SettingsResponse(status=1)])
    assert script.run(session().run(Settings())).status == 1


def test_http_449_provisions_and_sends_the_same_bytes_again() -> None:
    script = Script([Canned(status=449), policy("a"), policy("b"), Canned(FOLDERS)])
    run(script)
    assert script.requests[0].body == script.requests[3].body
    assert script.requests[3].headers["X-MS-PolicyKey"] == "b"


@pytest.mark.spec("MS-ASPROV_R368")
@pytest.mark.parametrize("version", ["12.1", "14.0"])
def test_before_14_1_the_device_is_not_described_in_provision(version: str) -> None:
    kept = {"session": json.dumps({"version": version}), "device": "D"}
    script = Script([Canned(status=449), policy("a"), policy("b"), Canned(FOLDERS)], kept=kept)
    run(script)
    assert script.sent(1).find("Settings:DeviceInformation") is None


def test_no_policy_is_a_success_with_nothing_to_acknowledge() -> None:
    script = Script([Canned(status=449), Canned(NO_POLICY), Canned(FOLDERS)])
    assert run(script).status == 1
    assert script.requests[2].headers["X-MS-PolicyKey"] == "0"


def test_a_missing_outer_status_counts_as_success() -> None:
    without = ProvisionResponse(policies=[PolicyResponse(status=1, policy_key="k")])
    script = Script([Canned(status=449), without, policy("final"), Canned(FOLDERS)])
    run(script)
    assert script.requests[-1].headers["X-MS-PolicyKey"] == "final"


def test_provisioning_that_never_settles_ends() -> None:
    forever = [FolderSyncResponse(status=142), policy("a"), policy("b")] * 3
    with pytest.raises(errors.ProvisionError):
        run(Script(forever))


def test_449_that_never_settles_ends() -> None:
    with pytest.raises(errors.ProvisionError):
        run(Script([Canned(status=449), policy("a"), policy("b")] * 2 + [Canned(status=449)]))


def test_a_refused_policy_is_an_error_that_names_it() -> None:
    with pytest.raises(errors.ProvisionError) as caught:
        run(Script([Canned(status=449), policy(None, status=3)]))
    assert caught.value.status == 3 and caught.value.scope == "Policy"


@pytest.mark.parametrize(
    ("answer", "account_only"),
    [
        (ProvisionResponse(status=1, remote_wipe=True), False),
        (ProvisionResponse(status=1, account_only_remote_wipe=True), True),
    ],
)
def test_a_wipe_is_told_and_nothing_is_acknowledged(answer: ProvisionResponse, account_only: bool) -> None:
    script = Script([FolderSyncResponse(status=140), answer])
    with pytest.raises(errors.RemoteWipeRequested) as caught:
        run(script)
    assert caught.value.account_only is account_only
    assert script.commands == ["FolderSync", "Provision"]


# HTTP


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, errors.AuthenticationError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (405, errors.NotFoundError),
        (302, errors.RedirectError),
        (451, errors.HTTPError),
        (500, errors.HTTPError),
        (501, errors.HTTPError),
    ],
)
def test_each_http_error_has_its_class(status: int, error: type[errors.HTTPError]) -> None:
    with pytest.raises(error) as caught:
        run(Script([Canned(b"Unable to do it.", status=status)]))
    assert type(caught.value) is error and caught.value.status == status


@pytest.mark.spec("MS-ASHTTP_R275")
def test_a_503_is_waited_for_as_long_as_it_says() -> None:
    script = Script([Canned(status=503, headers={"retry-after": "7"}), Canned(FOLDERS)])
    run(script)
    assert 7 <= script.slept[0] <= 7 * 1.25


def test_a_503_with_a_date_is_waited_for() -> None:
    script = Script([Canned(status=503, headers={"retry-after": "Fri, 15 Jan 2027 08:00:10 GMT"}), Canned(FOLDERS)])
    run(script)
    assert 10 <= script.slept[0] <= 12.5


@pytest.mark.parametrize("pause", ["1000000000", "-5", "soon", "", "99999999999999999999"])
def test_a_503_with_a_pause_that_cannot_be_meant_is_the_callers(pause: str) -> None:
    script = Script([Canned(status=503, headers={"retry-after": pause})])
    with pytest.raises(errors.ServerBusyError):
        run(script)
    assert not script.slept


def test_a_451_on_the_same_host_is_followed_and_kept() -> None:
    there = {"x-ms-location": "https://mail.example.test/eu/Microsoft-Server-ActiveSync"}
    script = Script([Canned(status=451, headers=there), Canned(FOLDERS)])
    run(script)
    assert script.requests[1].url.startswith("https://mail.example.test/eu/")
    again = Script([Canned(FOLDERS)], kept=script.store)
    run(again)
    assert again.requests[0].url.startswith("https://mail.example.test/eu/")


@pytest.mark.parametrize("location", ["https://evil.example/x", "http://mail.example.test/x"])
def test_a_451_to_elsewhere_or_to_http_is_not_followed(location: str) -> None:
    script = Script([Canned(status=451, headers={"x-ms-location": location})])
    with pytest.raises(errors.RedirectError):
        run(script)
    assert len(script.requests) == 1


def test_a_451_to_itself_ends() -> None:
    there = {"x-ms-location": "https://mail.example.test/Microsoft-Server-ActiveSync"}
    with pytest.raises(errors.RedirectError, match="without end"):
        run(Script([Canned(status=451, headers=there)] * 4))


@pytest.mark.spec("MS-ASHTTP_R270")
def test_a_451_to_another_host_is_followed_where_the_caller_says_so() -> None:
    there = {"x-ms-location": "https://eu.example.test/Microsoft-Server-ActiveSync"}
    script = Script([Canned(status=451, headers=there), Canned(FOLDERS)])
    run(script, session(trust_redirects=True))
    assert script.requests[1].url.startswith("https://eu.example.test/")
    # The next run goes there at once, and keeps its state where it was; without that consent it does not.
    again = Script([Canned(FOLDERS)], kept=script.store)
    one = session(trust_redirects=True)
    run(again, one)
    assert again.requests[0].url.startswith("https://eu.example.test/")
    assert one.account == "alice@mail.example.test"
    careful = Script([Canned(FOLDERS)], kept=script.store)
    run(careful)
    assert careful.requests[0].url.startswith("https://mail.example.test/")


@pytest.mark.spec(
    *("MS-ASHTTP_R600", "MS-ASHTTP_R4071", "MS-ASHTTP_R4072", "MS-ASHTTP_R4073", "MS-ASHTTP_R4075", "MS-ASHTTP_R4076")
)
def test_cookies_are_returned_and_bounded() -> None:
    flood = tuple(f"c{number}={'x' * 10}; Path=/; HttpOnly" for number in range(500))
    script = Script(
        [Canned(headers=OFFER, cookies=("a=1; Secure", "b=" + "y" * 9000, *flood)), Canned(FOLDERS)], kept={}
    )
    run(script)
    sent = script.requests[1].headers["Cookie"]
    assert sent.startswith("a=1; c0=xxxxxxxxxx; ") and "b=" not in sent
    assert sent.count(";") == 49


@pytest.mark.parametrize(
    ("command", "timeout"),
    [
        (FolderSync(sync_key="0"), 60),
        (Sync(heartbeat_interval=3540), 3600),
        (Sync(wait=10), 660),
    ],
)
def test_a_read_outlasts_what_the_server_may_wait(command: Command[Any], timeout: float) -> None:
    script = Script([Canned(b"")])
    script.run(session().run(command))
    assert script.requests[0].timeout == timeout


# Lost and damaged answers


@pytest.mark.spec("MS-ASCMD_R5105")
@pytest.mark.spec("MS-ASCMD_R5106")
@pytest.mark.parametrize("error", [errors.ConnectionLostError("lost"), errors.TimedOutError("late")])
def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(error: Exception) -> None:
    script = Script([error, Canned(FOLDERS)])
    one = session()
    run(script, one)
    assert script.requests[0].body == script.requests[1].body
    assert one.stats.resent == 1
    assert not script.slept


def test_an_answer_lost_while_it_is_read_is_asked_for_again() -> None:
    script = Script([Canned(FOLDERS[:100], piece=10, cut=errors.ConnectionLostError("lost")), Canned(FOLDERS)])
    assert run(script).status == 1


def test_answers_that_are_always_lost_end_as_what_they_are() -> None:
    script = Script([errors.ConnectionLostError("lost")] * 3)
    with pytest.raises(errors.ConnectionLostError):
        run(script)


@pytest.mark.parametrize("error", [errors.ConnectError, errors.AddressError, errors.CertificateError])
def test_what_cannot_get_better_is_not_tried_again(error: type[Exception]) -> None:
    script = Script([error("no")])
    with pytest.raises(error):
        run(script)
    assert not script.slept


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"<html>please sign in</html>", "text/html; charset=utf-8", errors.NotActiveSyncError),
        (b"<html>please sign in</html>", "application/vnd.ms-sync.wbxml", errors.NotActiveSyncError),
        (b'{"error": 1}', "application/json", errors.NotActiveSyncError),
        (FOLDERS[:-1], "application/vnd.ms-sync.wbxml", errors.CutOffError),
        (FOLDERS[:3], "application/vnd.ms-sync.wbxml", errors.CutOffError),
        (FOLDERS + b"\x01", "application/vnd.ms-sync.wbxml", errors.DamagedError),
        (b"\x03\x01\x6a\x00\x02", "application/vnd.ms-sync.wbxml", errors.DamagedError),
        (NO_POLICY, "application/vnd.ms-sync.wbxml", errors.WrongDocumentError),
    ],
)
def test_each_bad_answer_has_its_class(body: bytes, kind: str, error: type[Exception]) -> None:
    # What is cut off counts as lost: it is asked for again before it is given up.
    answers = [Canned(body, headers={"content-type": kind}) for _ in range(3 if error is errors.CutOffError else 1)]
    with pytest.raises(errors.AnswerError) as caught:
        run(Script(answers))
    assert type(caught.value) is error


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activesync.session.LARGEST_ANSWER", 500)
    with pytest.raises(errors.DamagedError, match="in one answer"):
        run(Script([Canned(FOLDERS, piece=100)]))
    with pytest.raises(errors.DamagedError, match="in one answer"):
        script = Script([Canned(b"\x03\x01\x6a\x00\x45\x5c\x4f\x4b\x03" + b"x" * 1000, piece=100)])
        script.store["collection/inbox"] = json.dumps({"sync_key": "1", "pending": None, "resync": False})
        script.run(flows.sync(session(), [Folder("inbox", "0", "Inbox", FolderType.INBOX)]))


def test_the_body_of_an_offer_is_not_read_without_end() -> None:
    script = Script([Canned(b"x" * (1 << 20), headers=OFFER), Canned(FOLDERS)], kept={})
    one = session()
    run(script, one)
    assert one.stats.received < 1 << 18


def test_errors_can_be_pickled() -> None:
    for error in (
        errors.ServerBusyError("busy", 503, 3.0),
        errors.NotFoundError("no", 404),
        errors.StatusError("Sync", "Sync", 4, "ProtocolError", "no"),
        errors.RemoteWipeRequested("Provision", "Provision", 140, "x", "y", True),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error) and vars(again) == vars(error)


def test_every_error_has_its_own_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = [kind.exit_code for kind in kinds]
    assert len(set(codes)) == len(codes) > 25
    assert all(0 < code < 126 for code in codes)


def test_any_body_ends_in_an_answer_or_an_error_of_ours() -> None:
    start = wbxml.encode(FolderSyncResponse(status=1, sync_key="1"))
    for cut in range(len(start)):
        for body in (start[:cut], start[:cut] + b"\xff" + start[cut + 1 :]):
            try:
                run(Script([Canned(body)] * 3, spare=True))
            except errors.ActiveSyncError:
                pass


INSTEAD = [
    # The Status, the HTTP status that stands for it up to 12.1, and the requirement.
    (101, 400, "MS-ASCMD_R7546"),
    (103, 400, "MS-ASCMD_R7547"),
    (110, 500, "MS-ASCMD_R7550"),
    (111, 503, "MS-ASCMD_R7551"),
    (112, 403, "MS-ASCMD_R7552"),
    (113, 507, "MS-ASCMD_R7553"),
    (125, 403, "MS-ASCMD_R7554"),
    (126, 403, "MS-ASCMD_R7555"),
    (137, 501, "MS-ASCMD_R7558"),
    (140, 403, "MS-ASCMD_R7561"),
    (140, 449, "MS-ASCMD_R7562"),
    (141, 449, "MS-ASCMD_R7563"),
    (142, 449, "MS-ASCMD_R7564"),
    (143, 449, "MS-ASCMD_R7565"),
    (144, 449, "MS-ASCMD_R7566"),
    (147, 400, "MS-ASCMD_R7567"),
    (147, 501, "MS-ASCMD_R7567"),
]


@pytest.mark.parametrize(
    ("code", "http"),
    [pytest.param(code, http, marks=pytest.mark.spec(id_), id=f"{code}-{http}") for code, http, id_ in INSTEAD],
)
def test_older_versions_say_it_by_http(code: int, http: int) -> None:
    """What is mended by provisioning or waiting is, whichever way it is said; the rest is an error of its own."""
    action = status("FolderSync", code).action
    none = ProvisionResponse(status=1, policies=[PolicyResponse(status=2)])
    store = {"session": '{"version": "12.1"}', "device": "D"}
    if http == 449:
        script = Script([Canned(status=449), none, Canned(FOLDERS)], store)
        run(script, session(versions=("12.1",)))
        assert script.commands == ["FolderSync", "Provision", "FolderSync"]
        assert action in (Action.PROVISION, Action.WIPE)
    elif http == 503:
        script = Script([Canned(status=503, headers={"retry-after": "1"}), Canned(FOLDERS)], store)
        run(script, session(versions=("12.1",)))
        assert action is Action.RETRY_LATER and script.slept
    else:
        kind = errors.ForbiddenError if http == 403 else errors.HTTPError
        with pytest.raises(kind, match=f"HTTP {http}") as caught:
            run(Script([Canned(status=http)], store), session(versions=("12.1",)))
        assert caught.value.status == http
        assert action not in (Action.PROVISION, Action.RETRY, Action.RETRY_LATER)
