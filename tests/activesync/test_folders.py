"""Folders: FolderSync, FolderCreate, FolderUpdate and FolderDelete by [MS-ASCMD] sections 2.2.1.3 to 2.2.1.6."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activesync import Client, FolderType, errors
from activesync.commands import Add, FolderAdd, FolderRemoval, FolderSync
from activesync.items import Contact
from activesync.testing import EASServer, faults, sample_mailbox

from .clients import client, sent


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", "secret", mails=4, contacts=2, events=2)) as running:
        yield running


@pytest.mark.spec(
    *("MS-ASCMD_R113", "MS-ASCMD_R5775", "MS-ASCMD_R5029", "MS-ASCMD_R4566", "MS-ASCMD_R883", "MS-ASCMD_R741"),
)
def test_the_hierarchy_comes_without_items(eas: Client, server: EASServer) -> None:
    folders = eas.folders()
    assert {folder.name for folder in folders} >= {"Inbox", "Calendar", "Contacts"}
    assert [one.command for one in server.requests] == ["OPTIONS", "FolderSync"]
    assert folders.sync_key and folders.sync_key != "0"
    found = [change for page in eas.sync("inbox") for change in page.changes]
    changes = eas.run(FolderSync(sync_key="0")).changes
    assert changes is not None
    for add in changes.changes:
        assert isinstance(add, FolderAdd) and add.server_id and add.parent_id and add.display_name and add.type
    assert len(found) == len(server.mailbox.items(FolderType.INBOX)) > 0, "and now its contents"


@pytest.mark.spec(
    *("MS-ASCMD_R98", "MS-ASCMD_R3618", "MS-ASCMD_R3619", "MS-ASCMD_R3628", "MS-ASCMD_R3630", "MS-ASCMD_R3899"),
    *("MS-ASCMD_R3900", "MS-ASCMD_R2197"),
)
def test_a_folder_is_made_moved_and_deleted_by_its_id(eas: Client, server: EASServer) -> None:
    eas.folders()
    top = eas.create_folder("Top")
    inner = eas.create_folder("Inner", parent=top)
    (first, second) = sent(server, "FolderCreate")
    assert first.findtext("FolderHierarchy:ParentId") == "0", "the root of the mailbox"
    assert second.findtext("FolderHierarchy:ParentId") == top.collection_id, "as FolderCreate has told it"
    moved = eas.update_folder(inner, "Other", parent="0")
    (update,) = sent(server, "FolderUpdate")
    assert update.findtext("FolderHierarchy:ServerId") == inner.collection_id == moved.collection_id
    assert update.findtext("FolderHierarchy:ParentId") == "0"
    with client(server) as other:
        names = {folder.name: folder.parent_id for folder in other.folders()}
        assert names["Other"] == "0" and names["Top"] == "0"
        adds = FolderSync(sync_key="0")
        changes = other.run(adds).changes
        assert changes is not None
        assert all(one.display_name for one in changes.changes if isinstance(one, FolderAdd))
    eas.delete_folder(moved)
    delete = sent(server, "FolderDelete")[-1]
    assert delete.findtext("FolderHierarchy:ServerId") == inner.collection_id
    assert inner.collection_id not in server.mailbox.folders


def test_folders_within_a_deleted_one_go_with_it(eas: Client, server: EASServer) -> None:
    top = eas.create_folder("Top")
    inner = eas.create_folder("Inner", parent=top, type=FolderType.USER_CONTACTS)
    least = eas.create_folder("Least", parent=inner)
    list(eas.sync(inner))
    eas.delete_folder(top)
    assert not {one.collection_id for one in (top, inner, least)} & {one.collection_id for one in eas.folders()}
    assert not eas.store.names(eas.session.account, f"collection/{inner.collection_id}")
    assert eas.folders().sync_key != "0"


def test_a_folder_that_is_gone_takes_changes_with_it_that_were_not_told(eas: Client, server: EASServer) -> None:
    made = eas.create_folder("Contacts of old", type=FolderType.USER_CONTACTS)
    list(eas.sync(made))
    server.faults += [faults.dropped(after=True, command="Sync"), faults.http(500, command="Sync")]
    with pytest.raises(errors.HTTPError):
        eas.apply(made, [Add(client_id="1", item=Contact(last_name="Lee"))])
    assert len(server.mailbox.items(made.collection_id)) == 1
    server.mailbox.remove_folder(made.collection_id)
    for _ in range(2):
        with pytest.raises(errors.UnknownFolderError):
            list(eas.sync(made))
    assert not [name for name in eas.store.names(eas.session.account) if f"/{made.collection_id}" in name[8:]]


@pytest.mark.spec("MS-ASCMD_R3908", "MS-ASCMD_R3909", "MS-ASCMD_R3919", "MS-ASCMD_R3920", "MS-ASCMD_R3921")
def test_ids_of_folders_are_kept_between_runs(server: EASServer, tmp_path: Path) -> None:
    with client(server, store=tmp_path / "state.db") as eas:
        made = eas.create_folder("Kept")
    before = len(server.requests)
    with client(server, store=tmp_path / "state.db") as eas:
        assert eas.update_folder(made.collection_id, "Renamed").collection_id == made.collection_id
        eas.delete_folder(made.collection_id)
    keys = [
        root.findtext("FolderHierarchy:SyncKey")
        for command in ("FolderUpdate", "FolderDelete")
        for root in sent(server, command)
    ]
    assert len(set(keys)) == 2 and "0" not in keys
    assert all(one.command != "FolderSync" or one.body for one in list(server.requests)[before:])
    ids = [folder.server_id for folder in server.mailbox.folders.values()]
    assert len(set(ids)) == len(ids), "one id for each"


@pytest.mark.spec("MS-ASCMD_R5860")
def test_new_folders_come_and_gone_ones_go(eas: Client, server: EASServer) -> None:
    before = {folder.collection_id for folder in eas.folders()}
    made = server.mailbox.add_folder("New")
    assert {folder.collection_id for folder in eas.folders()} - before == {made.server_id}
    server.mailbox.delete_folder(made.server_id) if hasattr(server.mailbox, "delete_folder") else None
    raw = eas.run(FolderSync(sync_key=eas.folders().sync_key))
    assert raw.status == 1 and (
        raw.changes is None or all(isinstance(one, FolderRemoval) for one in raw.changes.changes)
    )


@pytest.mark.spec("MS-ASCMD_R4046", "MS-ASCMD_R4655", "MS-ASCMD_R2037", "MS-ASCMD_R2038")
@pytest.mark.parametrize("kind", [FolderType.INBOX, FolderType.DRAFTS, FolderType.CONTACTS, FolderType.CALENDAR])
def test_a_special_folder_is_not_deleted(eas: Client, server: EASServer, kind: FolderType) -> None:
    cache = server.mailbox.add_folder("Cache", FolderType.RECIPIENT_INFORMATION_CACHE)
    (folder,) = eas.folders().of_type(kind)
    for one in (folder.collection_id, cache.server_id):
        with pytest.raises(errors.StatusError) as caught:
            eas.delete_folder(one)
        assert caught.value.status == 3 and one in server.mailbox.folders
    # 2 to 11 and 19 are the default ones: each once at most, and no user makes one.
    for reserved in (*range(2, 12), 19):
        with pytest.raises(errors.ActiveSyncError):
            eas.create_folder("Own", type=FolderType(reserved))


@pytest.mark.spec("MS-ASCMD_R1689", "MS-ASCMD_R2807", "MS-ASCMD_R2589", "MS-ASCMD_R1711")
def test_the_roots_of_the_requests(eas: Client, server: EASServer) -> None:
    eas.folders()
    made = eas.create_folder("Top")
    eas.delete_folder(eas.update_folder(made, "Other"))
    for command, names in {
        "FolderSync": ["SyncKey"], "FolderUpdate": ["SyncKey", "ServerId", "ParentId", "DisplayName"],
        "FolderDelete": ["SyncKey", "ServerId"],
    }.items():  # fmt: skip
        root = sent(server, command)[-1]
        assert (str(root.tag), [child.tag.name for child in root]) == (f"FolderHierarchy:{command}", names)


@pytest.mark.spec("MS-ASCMD_R4654", "MS-ASCMD_R2192")
@pytest.mark.parametrize("kind", [1, *range(12, 18)])
def test_types_of_folders_that_a_user_makes(eas: Client, server: EASServer, kind: int) -> None:
    made = eas.create_folder("Own name", type=FolderType(kind))
    (told,) = sent(server, "FolderCreate")
    assert told.findtext("FolderHierarchy:Type") == str(kind)
    with client(server, device="other") as other:
        found = other.folders().get(made.collection_id)
        assert found is not None and (found.name, int(found.type)) == ("Own name", kind)


@pytest.mark.spec("MS-ASCMD_R2198", "MS-ASCMD_R5416")
def test_names_within_a_folder_are_unique(eas: Client, server: EASServer) -> None:
    top = eas.create_folder("Top")
    names = [eas.create_folder(f"Inner {number}", parent=top).name for number in range(10)]
    for name in names:
        with pytest.raises(errors.StatusError) as caught:
            eas.create_folder(name, parent=top)
        assert caught.value.status == 2
    assert eas.create_folder(names[0]).parent_id == "0", "elsewhere it is free"


@pytest.mark.spec("MS-ASCMD_R5590", "MS-ASCMD_R5592")
def test_a_hierarchy_that_the_server_has_forgotten_is_fetched_anew(eas: Client, server: EASServer) -> None:
    before = {folder.collection_id for folder in eas.folders()}
    server.faults.append(faults.status(9, command="FolderCreate"))
    eas.create_folder("New")
    keys = [root.findtext("FolderHierarchy:SyncKey") for root in sent(server, "FolderSync")]
    assert len(keys) == 2 and len(sent(server, "FolderCreate")) == 2, "nothing was changed by the first one"
    server.faults.append(faults.status(9, command="FolderSync"))
    after = {folder.collection_id for folder in eas.folders()}
    assert after > before
    assert [root.findtext("FolderHierarchy:SyncKey") for root in sent(server, "FolderSync")][-1] == "0"


@pytest.mark.spec("MS-ASCMD_R887")
def test_ids_may_come_anew_with_the_names_of_before(eas: Client, server: EASServer) -> None:
    made = server.mailbox.add_folder("Same")
    assert eas.folders().named("Same") is not None
    server.mailbox.remove_folder(made)
    again = server.mailbox.add_folder("Same")
    found = eas.folders().named("Same")
    assert found is not None and found.collection_id == again.server_id != made.server_id
    server.faults.append(faults.start_over(command="Sync"))
    list(eas.sync("inbox"))
    assert eas.folders().named("Same") == found
