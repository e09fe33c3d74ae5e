"""The table of statuses against Microsoft's own lists of codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from activesync.status import Action, Status, status, statuses

MICROSOFT = Path(__file__).parent.parent / "data" / "microsoft"
# The catalogue's misprints: "Message PreviouslySent" and a lost M.
MISPRINTS = {118: "MessagePreviouslySent", 155: "MoveCommandDisallowedForNonPersistentMoveAction"}
SCOPES = {
    "Sync": ({1, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16}, "MS-ASCMD_R4420"),
    "FolderSync": ({1, 6, 9, 10, 11, 12}, "MS-ASCMD_R4071"),
    "FolderCreate": ({1, 2, 3, 5, 6, 9, 10, 11, 12}, "MS-ASCMD_R4008"),
    "FolderUpdate": ({1, 2, 3, 4, 5, 6, 9, 10, 11}, "MS-ASCMD_R4097"),
    "FolderDelete": ({1, 3, 4, 6, 9, 10, 11}, "MS-ASCMD_R4042"),
    "GetItemEstimate": ({1, 2, 3, 4}, "MS-ASCMD_R4131"),
    "Ping": ({1, 2, 3, 4, 5, 6, 7, 8}, "MS-ASCMD_R4231"),
    "Search": ({1, 3}, "MS-ASCMD_R4321"),
    "Search store": ({1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14}, "MS-ASCMD_R4325"),
    "Find": ({1, 2, 3, 4}, "MS-ASCMD_R72172506"),
    "Settings": ({1, 2, 3, 4, 5, 6, 7}, "MS-ASCMD_R4386"),
    "Provision": ({1, 2, 3}, "MS-ASPROV_R393"),
    "Policy": ({1, 2, 3, 4, 5}, "MS-ASPROV_R377"),
}


def listed() -> list[tuple[str, int, str]]:
    rows = [line.split("\t") for line in (MICROSOFT / "status.tsv").read_text().splitlines()[1:]]
    return [(requirement, int(code), MISPRINTS.get(int(code), name)) for requirement, code, name in rows]


@pytest.mark.parametrize(
    ("code", "name"),
    [pytest.param(code, name, id=name, marks=pytest.mark.spec(requirement)) for requirement, code, name in listed()],
)
def test_common_codes_have_microsofts_names_in_every_scope(code: int, name: str) -> None:
    known = status("", code)
    assert (known.code, known.name) == (code, name)
    assert known.meaning
    for scope in SCOPES:
        assert status(scope, code) is known


def test_there_are_no_common_codes_but_those() -> None:
    assert [known.code for known in statuses()] == [1] + [code for _, code, _ in listed()]


@pytest.mark.parametrize(
    ("scope", "codes"),
    [
        pytest.param(scope, codes, id=scope, marks=pytest.mark.spec(requirement))
        for scope, (codes, requirement) in SCOPES.items()
    ],
)
def test_each_scope_has_the_codes_of_its_table(scope: str, codes: set[int]) -> None:
    assert {code for code in range(100) if status(scope, code).name != "Unknown"} == codes
    assert {known.code for known in statuses(scope)} | {1} == codes


@pytest.mark.parametrize(
    ("scope", "code", "action"),
    [
        pytest.param("Sync", 3, Action.RESYNC, marks=pytest.mark.spec("MS-ASCMD_R4427")),
        pytest.param("Sync", 4, Action.FIX_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4432")),
        pytest.param("Sync", 5, Action.RETRY, marks=pytest.mark.spec("MS-ASCMD_R4437")),
        pytest.param("Sync item", 6, Action.FIX_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4441")),
        pytest.param("Sync item", 8, Action.SYNC, marks=pytest.mark.spec("MS-ASCMD_R4448")),
        pytest.param("Sync item", 9, Action.ASK_USER, marks=pytest.mark.spec("MS-ASCMD_R4451")),
        pytest.param("Sync", 12, Action.FOLDER_SYNC, marks=pytest.mark.spec("MS-ASCMD_R4454")),
        pytest.param("Sync", 13, Action.FULL_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4457")),
        pytest.param("Sync", 14, Action.USE_LIMIT, marks=pytest.mark.spec("MS-ASCMD_R4462")),
        pytest.param("Sync", 15, Action.SPLIT, marks=pytest.mark.spec("MS-ASCMD_R4465")),
        pytest.param("Sync", 16, Action.RETRY, marks=pytest.mark.spec("MS-ASCMD_R4468")),
        pytest.param("FolderSync", 6, Action.RETRY, marks=pytest.mark.spec("MS-ASCMD_R4078")),
        pytest.param("FolderSync", 9, Action.RESYNC, marks=pytest.mark.spec("MS-ASCMD_R4084")),
        pytest.param("FolderSync", 10, Action.FIX_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4087")),
        pytest.param("GetItemEstimate", 2, Action.FOLDER_SYNC, marks=pytest.mark.spec("MS-ASCMD_R4137")),
        pytest.param("GetItemEstimate", 3, Action.RESYNC, marks=pytest.mark.spec("MS-ASCMD_R4141")),
        pytest.param("Ping", 1, Action.OK, marks=pytest.mark.spec("MS-ASCMD_R4234")),
        pytest.param("Ping", 2, Action.SYNC, marks=pytest.mark.spec("MS-ASCMD_R4237")),
        pytest.param("Ping", 3, Action.FULL_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4242")),
        pytest.param("Ping", 4, Action.FIX_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4245")),
        pytest.param("Ping", 5, Action.USE_LIMIT, marks=pytest.mark.spec("MS-ASCMD_R4250")),
        pytest.param("Ping", 6, Action.SPLIT, marks=pytest.mark.spec("MS-ASCMD_R4255")),
        pytest.param("Ping", 7, Action.FOLDER_SYNC, marks=pytest.mark.spec("MS-ASCMD_R4259")),
        pytest.param("Ping", 8, Action.RETRY, marks=pytest.mark.spec("MS-ASCMD_R4263")),
        pytest.param("Search store", 11, Action.FOLDER_SYNC, marks=pytest.mark.spec("MS-ASCMD_R4359")),
        pytest.param("Search store", 12, Action.OK, marks=pytest.mark.spec("MS-ASCMD_R4362")),
        pytest.param("Provision", 3, Action.RETRY, marks=pytest.mark.spec("MS-ASPROV_R454")),
        pytest.param("Policy", 2, Action.OK, marks=pytest.mark.spec("MS-ASPROV_R532")),
        pytest.param("Policy", 5, Action.PROVISION, marks=pytest.mark.spec("MS-ASPROV_R476")),
        pytest.param("Sync", 110, Action.GIVE_UP, marks=pytest.mark.spec("MS-ASCMD_R4832")),
        pytest.param("Sync", 111, Action.RETRY_LATER, marks=pytest.mark.spec("MS-ASCMD_R4834")),
        pytest.param("SendMail", 118, Action.OK, marks=pytest.mark.spec("MS-ASCMD_R4848")),
        pytest.param("Sync", 140, Action.WIPE, marks=pytest.mark.spec("MS-ASCMD_R5281")),
        pytest.param("Search", 142, Action.PROVISION, marks=pytest.mark.spec("MS-ASCMD_R4906")),
        pytest.param("Settings Oof", 143, Action.PROVISION, marks=pytest.mark.spec("MS-ASCMD_R4910")),
        pytest.param("Sync item", 144, Action.PROVISION, marks=pytest.mark.spec("MS-ASCMD_R4915")),
        pytest.param("Sync", 149, Action.FULL_REQUEST, marks=pytest.mark.spec("MS-ASCMD_R4928")),
        pytest.param("Provision", 177, Action.ASK_USER, marks=pytest.mark.spec("MS-ASCMD_R4981")),
    ],
)
def test_the_action_is_the_resolution_of_the_specification(scope: str, code: int, action: Action) -> None:
    assert status(scope, code).action is action


def test_the_same_code_means_different_things_in_different_scopes() -> None:
    assert (
        status("Sync", 3).name == status("GetItemEstimate", 4).name == status("FolderSync", 9).name == "InvalidSyncKey"
    )
    assert len({status(scope, 3).meaning for scope in ("Sync", "GetItemEstimate", "Search store", "Policy")}) == 4
    assert status("Sync", 8).action is Action.FOLDER_SYNC
    assert status("Sync item", 8).action is Action.SYNC


def test_a_part_falls_back_to_its_command_and_then_to_all_commands() -> None:
    assert status("Settings DevicePassword", 5).meaning != status("Settings", 5).meaning
    assert status("Settings DevicePassword", 2) is status("Settings", 2)
    assert status("Settings Oof", 5) is status("Settings", 5)
    assert status("Sync item", 7) is status("Sync", 7)
    assert status("Settings Oof", 130) is status("", 130)
    assert all(status(scope, 1).action is Action.OK for scope in (*SCOPES, "Sync item", "Settings Oof"))


@pytest.mark.parametrize("code", [-1, 0, 2, 99, 157, 185, 2**63])
def test_an_unknown_code_is_a_status_that_says_so(code: int) -> None:
    unknown = status("Sync", code)
    assert unknown == Status(code, "Unknown", f"no specification knows status {code}", Action.GIVE_UP)
    assert status("Nonsense", 7).name == "Unknown"
