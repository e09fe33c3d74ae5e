"""What is known of tags at run time, where it comes from, and how XML without namespaces is read by it."""

from __future__ import annotations

import csv
import time
from typing import Any

import pytest

import wbxml
from wbxml import ACTIVESYNC, AirSync, AirSyncBase, ComposeMail, DecodeError, EncodeError, describe
from wbxml.knowledge import ALIASES

from .samples import CAPTURES, DATA, MICROSOFT, document

STRONGEST = ("container", "bytes", "datetime", "boolean", "double", "integer", "string", "flag")


def facts() -> list[dict[str, str]]:
    with (DATA / "knowledge.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_tag_is_described() -> None:
    for tag in ACTIVESYNC.by_name.values():
        info = describe(tag)
        assert info.tag is tag
        assert (info.page, info.token, info.versions) == (tag.page, tag.token, tag.versions)
        assert describe(str(tag)) is info
        assert describe(page=tag.page, token=tag.token) is info
        assert describe(page=tag.page, token=(tag.token or 0) | 0x40) is info
        assert (info.type == "bytes") == tag.binary
        assert (info.type == "container") == bool(info.children)
        for child in info.children:
            assert tag in describe(child).parents


def test_the_module_says_what_its_sources_say() -> None:
    types: dict[str, set[str]] = {}
    inner: dict[str, set[str]] = {}
    for row in facts():
        if row["kind"] == "in":
            inner.setdefault(row["value"], set()).add(row["tag"])
        else:
            types.setdefault(row["tag"], set()).add(row["value"])
        assert row["source"].endswith(".xsd") or row["source"].startswith(("MS-AS", "[MS-AS"))
    for tag in ACTIVESYNC.by_name.values():
        info = describe(tag)
        assert set(info.children) == inner.get(tag, set())
        said = types.get(tag, set()) | ({"container"} if tag in inner else set()) | ({"bytes"} if tag.binary else set())
        assert info.type == (min(said, key=STRONGEST.index) if said else None)


def test_samples() -> None:
    assert describe("AirSync:GetChanges").type == "boolean"
    assert describe("AirSync:MoreAvailable").type == "flag"
    assert describe("Calendar:DtStamp").type == "datetime"
    assert describe("Email:DateReceived").type == "datetime"
    assert describe("AirSyncBase:Latitude").type == "double"
    assert describe(ComposeMail.Mime).type == "bytes"
    assert describe("WindowsLive:Annotation").type is None
    assert [child.name for child in describe(AirSyncBase.Body).children] == [
        "Type",
        "Data",
        "EstimatedDataSize",
        "Truncated",
        "Preview",
        "Part",
    ]
    assert AirSync.Commands in describe("AirSync:Add").parents
    assert repr(describe("AirSync:Add")) == "<TagInfo AirSync:Add, container>"


def test_what_is_no_tag() -> None:
    for name in ("AirSync:Nonsense", "AirSync:0x3F", "Sync"):
        with pytest.raises(ValueError, match="is not a tag of ActiveSync"):
            describe(name)
    with pytest.raises(ValueError, match="page 0 has no token 63"):
        describe(page=0, token=0x3F)
    arguments: list[dict[str, Any]] = [{}, {"page": 0}, {"tag": "AirSync:Add", "page": 0, "token": 5}]
    for wrong in arguments:
        with pytest.raises(TypeError, match="takes a name, or page= and token="):
            describe(**wrong)
    with pytest.raises(AttributeError):
        describe("AirSync:Add").type = "string"  # type: ignore[misc]


def nested(root: Any) -> list[tuple[str, str]]:
    return [(str(parent.tag), str(child.tag)) for parent in root.iter() for child in parent]


@pytest.mark.parametrize("name", CAPTURES)
def test_captures_nest_so(name: str) -> None:
    try:
        root = wbxml.decode(CAPTURES[name].read_bytes()).root
    except DecodeError:
        return
    for parent, child in nested(root):
        assert child in describe(parent).children


# -- XML without namespaces -------------------------------------------------------------------------------------------

# The requests of the document that the project started from, as it prints them.
SEED = {
    "Sync": (
        '<?xml version="1.0"?> <Sync xmlns="URI"> <Collections> <Collection> <SyncKey>0</SyncKey> '
        "<CollectionId>1</CollectionId> <DeletesAsMoves>1</DeletesAsMoves> <GetChanges>1</GetChanges> "
        "</Collection> </Collections> </Sync>"
    ),
    "FolderSync": ('<?xml version="1.0"?> <FolderSync xmlns="URI"> <SyncKey>0</SyncKey> </FolderSync>'),
    "GetItemEstimate": (
        '<?xml version="1.0"?> <GetItemEstimate xmlns="URI"> <Collections> <Collection> '
        "<SyncKey>1</SyncKey> <CollectionId>1</CollectionId> </Collection> </Collections> "
        "</GetItemEstimate>"
    ),
    "Search": (
        '<?xml version="1.0"?> <Search xmlns="URI"> <Store> <Name>Mailbox</Name> '
        "<Query>test search query</Query> <Options> <Range>0-9</Range> </Options> </Store> </Search>"
    ),
    "Settings": (
        '<?xml version="1.0"?> <Settings xmlns="URI"> <Oof> <OofState>Enabled</OofState> <OofMessages> '
        "<OofMessage> <AppliesToInternal>1</AppliesToInternal> <Enabled>1</Enabled> <Body> "
        "<Type>HTML</Type> <Data>Out of Office message</Data> </Body> </OofMessage> </OofMessages> "
        "</Oof> </Settings>"
    ),
}


def named(text: str, namespace: str) -> bytes:
    return wbxml.from_xml(text.replace('xmlns="URI"', f'xmlns="{namespace}"'))


@pytest.mark.parametrize(
    ("name", "namespace"), [("Sync", "AirSync"), ("FolderSync", "FolderHierarchy"), ("Search", "Search")]
)
def test_placeholder_namespaces(name: str, namespace: str) -> None:
    assert wbxml.from_xml(SEED[name]) == named(SEED[name], namespace)
    assert wbxml.from_xml(SEED[name].replace(' xmlns="URI"', "")) == named(SEED[name], namespace)


def test_a_name_of_two_code_pages_is_told_by_where_it_stands() -> None:
    # SyncKey is AirSync's, CollectionId GetItemEstimate's own: [MS-ASCMD] section 2.2.3.30.2.
    assert wbxml.decode(wbxml.from_xml(SEED["GetItemEstimate"])).root[0][0].find("AirSync:SyncKey") is not None
    tags = [element.tag for element in wbxml.decode(wbxml.from_xml(SEED["GetItemEstimate"])).root.iter()]
    assert tags == [
        "GetItemEstimate:GetItemEstimate",
        "GetItemEstimate:Collections",
        "GetItemEstimate:Collection",
        "AirSync:SyncKey",
        "GetItemEstimate:CollectionId",
    ]


def test_what_no_code_page_has_is_refused() -> None:
    with pytest.raises(EncodeError) as caught:
        wbxml.from_xml(SEED["Settings"])
    assert str(caught.value) == (
        "line 1, column 81: OofMessages: 'URI' is not the namespace of a code page, and none such may stand in "
        "Settings:Oof; did you mean OofMessage?"
    )
    assert (caught.value.line, caught.value.column) == (1, 81)


def test_what_is_ambiguous_is_refused() -> None:
    text = "<Sync><Collections><Collection><Commands><Add><ApplicationData>\n<Subject/>"
    text += "</ApplicationData></Add></Commands></Collection></Collections></Sync>"
    with pytest.raises(EncodeError) as caught:
        wbxml.from_xml(text)
    assert str(caught.value) == (
        "line 2, column 1: Subject has no namespace, and in AirSync:ApplicationData it may be "
        "Email:Subject or Calendar:Subject or Tasks:Subject or Notes:Subject"
    )
    wbxml.from_xml(text.replace("<Subject/>", '<Subject xmlns="Email"/>'))


def test_a_real_namespace_is_taken_literally() -> None:
    with pytest.raises(EncodeError, match="CollectionId is not a tag of Ping; CollectionId is a tag of AirSync and"):
        wbxml.from_xml('<Ping xmlns="Ping"><CollectionId/></Ping>')


def test_elementtree_without_namespaces() -> None:
    from xml.etree import ElementTree

    assert wbxml.encode(ElementTree.fromstring(SEED["FolderSync"])) == named(SEED["FolderSync"], "FolderHierarchy")


def test_a_million_elements_without_a_namespace() -> None:
    start = time.perf_counter()
    wbxml.from_xml("<Sync><Commands>" + "<Add/>" * 300_000 + "</Commands></Sync>")
    plain = time.perf_counter() - start
    start = time.perf_counter()
    wbxml.from_xml('<Sync xmlns="AirSync"><Commands>' + "<Add/>" * 300_000 + "</Commands></Sync>")
    assert plain < 3 * (time.perf_counter() - start) + 1


# -- Other spellings --------------------------------------------------------------------------------------------------


def test_aliases() -> None:
    with (DATA / "codepages.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    seen = {f"{row['namespace']}:{alias}": row for row in rows for alias in row["aliases_seen"].split()}
    assert len(ALIASES) > 130
    for alias, name in ALIASES.items():
        namespace, _, local = alias.partition(":")
        assert seen[alias]["tag"] == name
        assert alias not in ACTIVESYNC.by_name
        tag = ACTIVESYNC.by_name[f"{namespace}:{name}"]
        assert wbxml.decode(wbxml.from_xml(f'<{local} xmlns="{namespace}"/>')).root.tag is tag
    # Those that are left out: another tag's name, or an error.
    assert "Contacts:JobTitle" not in ALIASES
    assert "AirNotify:Version=" not in ALIASES
    assert "Provision:BluetoothEnabled" not in ALIASES
    assert wbxml.from_xml('<Synchronize xmlns="AirSync:"/>') == document("05")
    assert wbxml.from_xml("<Sync><Folders><Folder><FolderId>1</FolderId></Folder></Folders></Sync>") == document(
        "45 5C 4F 52 03 31 00 01 01 01 01"
    )


# In these, byte arrays are printed as what they are not: hexadecimal digits, and a place-holder.
NO_BASE64 = {
    "asemail-4.1.1-sync-response": "line 31, column 13: Email2:ConversationIndex: expected base64",
    "asemail-4.1.2-sync-response": "line 48, column 13: Email2:ConversationIndex: expected base64",
    "asemail-4.4-sync-request-draft": "line 50, column 17: AirSyncBase:Content: expected base64",
}


@pytest.mark.parametrize("path", sorted(MICROSOFT.glob("*.xml")), ids=lambda path: path.stem)
def test_printed_examples_go_in(path: Any) -> None:
    if path.stem in NO_BASE64:
        with pytest.raises(EncodeError, match=NO_BASE64[path.stem]):
            wbxml.from_xml(path.read_bytes())
        return
    data = wbxml.from_xml(path.read_bytes())
    assert wbxml.from_xml(wbxml.to_xml(data)) == data


def test_a_printed_message() -> None:
    data = wbxml.from_xml((MICROSOFT / "ashttp-4.4-sendmail-request.xml").read_bytes())
    message = wbxml.decode(data).root.find(ComposeMail.Mime).data
    assert message is not None
    assert message.startswith(b"From: fakeuser@Contoso.com\r\nTo: fakeuser@Contoso.com\r\n")
    assert message.count(b"\n") == message.count(b"\r\n") == 9
