"""The code pages against the table of all tags, which was checked against [MS-ASWBXML] and twenty implementations."""

from __future__ import annotations

import copy
import csv
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

import wbxml
from wbxml import ACTIVESYNC, AirSync, CodePage, CodePages, Tag
from wbxml.codepages import LITERAL, VERSIONS

from .samples import DATA

with (DATA / "codepages.tsv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file, delimiter="\t"))


def test_the_table_is_whole() -> None:
    assert len(ROWS) == 657
    assert sum(row["in_ms_aswbxml"] == "yes" for row in ROWS) == 608


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['namespace']}:{row['tag']}" for row in ROWS])
def test_tag(row: dict[str, str]) -> None:
    page, token = int(row["page"]), int(row["token"], 16)
    tag = getattr(getattr(wbxml, row["namespace"]), row["tag"])
    assert type(tag) is Tag
    assert tag == f"{row['namespace']}:{row['tag']}"
    assert (tag.namespace, tag.name, tag.page, tag.token) == (row["namespace"], row["tag"], page, token)
    assert tag.code == page << 6 | token
    assert ACTIVESYNC.tag(tag.code) is tag
    assert ACTIVESYNC.lookup(str(tag)) is tag
    if row["in_ms_aswbxml"] != "yes":
        assert tag.versions == ()
    elif row["versions"] == "All":
        assert tag.versions == VERSIONS
    else:
        assert ",".join(tag.versions) == row["versions"]


def test_there_are_no_other_tags() -> None:
    expected = {f"{row['namespace']}:{row['tag']}" for row in ROWS}
    assert set(ACTIVESYNC.by_name) == expected
    assert len(ACTIVESYNC.by_code) == len(expected)
    assert ACTIVESYNC.namespaces == {int(row["page"]): row["namespace"] for row in ROWS}


def test_byte_arrays() -> None:
    # [MS-ASDTYPE] section 2.7.1 says how these are sent; the sections of the elements say that they are such.
    assert {str(tag) for tag in ACTIVESYNC.by_name.values() if tag.binary} == {
        "AirSyncBase:Content",
        "ComposeMail:Mime",
        "Email2:ConversationId",
        "Email2:ConversationIndex",
        "GAL:Data",
        "ItemOperations:ConversationId",
        "ResolveRecipients:Data",
        "Search:ConversationId",
    }


def test_a_page_holds_its_tags() -> None:
    assert AirSync.page == 0
    assert next(iter(AirSync)) is AirSync.Sync
    assert len(AirSync) == sum(row["page"] == "0" for row in ROWS)
    assert set(AirSync) == set(AirSync.tags.values())


def test_a_tag_is_a_str() -> None:
    assert AirSync.SyncKey == "AirSync:SyncKey"
    assert hash(AirSync.SyncKey) == hash("AirSync:SyncKey")
    assert {AirSync.SyncKey} == {"AirSync:SyncKey"}
    assert isinstance(AirSync.SyncKey, str)


def test_a_tag_can_be_copied_and_pickled() -> None:
    assert copy.copy(AirSync.SyncKey) is AirSync.SyncKey
    assert copy.deepcopy(AirSync.SyncKey) is AirSync.SyncKey
    restored = pickle.loads(pickle.dumps(AirSync.SyncKey))
    assert restored == AirSync.SyncKey
    assert (restored.code, restored.versions, restored.binary) == (AirSync.SyncKey.code, VERSIONS, False)


@pytest.mark.parametrize(
    ("page", "token", "name"),
    [(0, 0x3F, "AirSync:0x3F"), (42, 0x05, "Page42:0x05"), (255, 0x3F, "Page255:0x3F"), (25, 0x10, "Find:0x10")],
)
def test_unknown_tags_have_their_numbers_as_names(page: int, token: int, name: str) -> None:
    tag = ACTIVESYNC.tag(page << 6 | token)
    assert tag == name
    assert (tag.page, tag.token, tag.versions, tag.binary) == (page, token, (), False)
    assert ACTIVESYNC.tag(page << 6 | token) is tag
    assert ACTIVESYNC.lookup(name) is tag


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Sync",
        ":Sync",
        "AirSync:",
        "AirSync:sync",
        "airsync:Sync",
        "Nowhere:Sync",
        "AirSync:0x05",  # has a name
        "Page0:0x3F",  # so has the page
        "AirSync:0x3f",
        "AirSync:0x04",
        "AirSync:0x40",
        "AirSync:0x_5",
        "AirSync:0xZZ",
        "Page256:0x05",
        "Page-1:0x05",
        "Page042:0x05",
    ],
)
def test_names_that_no_document_can_hold(name: str) -> None:
    with pytest.raises(ValueError, match="is not a tag of these code pages"):
        ACTIVESYNC.lookup(name)


def test_an_unknown_tag_is_one_object_for_all_threads() -> None:
    pages = CodePages(AirSync)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: pages.tag(77 << 6 | 0x33), range(1000)))
    assert len({id(tag) for tag in found}) == 1


def test_code_pages_pickle() -> None:
    assert pickle.loads(pickle.dumps(ACTIVESYNC)) is ACTIVESYNC
    pages = CodePages(AirSync, public_id=7, attributes={0x05: ("a", "b"), 0x106: "c"}, values={0x85: "d"})
    again = pickle.loads(pickle.dumps(pages))
    assert again.by_code == {tag.code: tag for tag in AirSync}
    assert (again.public_id, again.attributes, again.values) == (7, {0x05: ("a", "b"), 0x106: ("c", "")}, {0x85: "d"})


def test_paths() -> None:
    path = "AirSync:Collections/AirSync:Collection"
    assert ACTIVESYNC.path(path) == (AirSync.Collections.code, AirSync.Collection.code)
    with pytest.raises(ValueError, match="'Nowhere:Collection' is not a tag"):
        ACTIVESYNC.path("AirSync:Collections/Nowhere:Collection")
    # A name that a document might bring itself.
    assert ACTIVESYNC.path("AirSync:Collections/b") == (AirSync.Collections.code, LITERAL)


def test_many_paths_do_not_stay() -> None:
    pages = CodePages(AirSync)
    for number in range(10_000):
        pages.path("/".join([f"Page{number % 200 + 20}:0x05", f"Page{number // 200 + 20}:0x06"]))
    assert len(pages._paths) <= 4096


def test_other_code_pages() -> None:
    class Colours(CodePage, page=7):
        Red = wbxml.tag(0x05)

    pages = CodePages(Colours)
    assert pages.lookup("Colours:Red") is Colours.Red
    assert pages.tag(7 << 6 | 6) == "Colours:0x06"
    assert pages.tag(5) == "Page0:0x05"
