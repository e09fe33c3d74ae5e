"""The drop-in modules beside the codecs that they stand in for: the same calls, with the same results.

pyactivesync's own codec runs here; what ASWBXML makes was recorded (aswbxml_reference.py), and where mitmproxy is
installed, its copy runs too.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from importlib import import_module
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pyactivesync._wbxml
import pyactivesync.client
import pytest
from pyactivesync._codepages import CODEPAGES, PAGE_INDEX

import wbxml
import wbxml.compat.pyactivesync
from wbxml.compat import aswbxml
from wbxml.diff import compare

from .samples import CAPTURES, DATA, HEADER, LIBWBXML, capture, document

THEIRS: Any = pyactivesync._wbxml
OURS: Any = wbxml.compat.pyactivesync
each_codec = pytest.mark.parametrize("codec", [THEIRS, OURS], ids=["theirs", "ours"])

# Those that hold tags which pyactivesync has a name for, and nothing that it misreads.
NAMED_THERE = {tag for page, tags in CODEPAGES.items() for tag in (f"{page}.{name}" for name in tags)}


def names_of(nodes: list[Any]) -> set[str]:
    found, waiting = set(), list(nodes)
    while waiting:
        name, _, children = waiting.pop()
        found.add(name)
        waiting += children
    return found


def known_there(name: str) -> bool:
    return names_of(OURS.WBXMLReader(capture(name)).parse()) <= NAMED_THERE | {"#text", "#opaque"}


KNOWN_THERE = [name for name in CAPTURES if known_there(name)]


# -- pyactivesync ----------------------------------------------------------------------------------------------------


def test_there_are_captures_that_both_know() -> None:
    commands = {name.partition("-")[0].partition(".")[0] for name in KNOWN_THERE}
    assert commands >= {
        "FolderSync",
        "FolderCreate",
        "GetItemEstimate",
        "Ping",
        "Provision",
        "Search",
        "Settings",
        "Sync",
    }
    assert len(KNOWN_THERE) > 100


@pytest.mark.parametrize("name", KNOWN_THERE)
def test_both_read_the_same_tree(name: str) -> None:
    data = capture(name)
    ours, theirs = OURS.WBXMLReader(data).parse(), THEIRS.WBXMLReader(data).parse()
    assert ours == theirs
    assert OURS.leaves(ours) == THEIRS.leaves(theirs)
    for path in names_of(theirs):
        found = THEIRS.find(theirs, path)
        assert OURS.find(ours, path) == found
        assert OURS.find_all(ours, path) == THEIRS.find_all(theirs, path)
        assert OURS.text_of(found) == THEIRS.text_of(found)
        assert OURS.opaque_of(found) == THEIRS.opaque_of(found)
    # Of the same tree, whoever made it.
    assert OURS.find_all(theirs, "AirSync.Add") == THEIRS.find_all(ours, "AirSync.Add")


@each_codec
def test_what_is_not_there(codec: Any) -> None:
    tree = codec.WBXMLReader(capture("FolderSync-initial.response")).parse()
    assert codec.find(tree, "AirSync.Sync") is None
    assert codec.find_all(tree, "AirSync.Sync") == []
    assert (codec.text_of(None), codec.opaque_of(None), codec.leaves([])) == (None, None, {})
    assert codec.text_of(codec.find(tree, "FolderHierarchy.Changes")) is None


@each_codec
def test_content_of_several_pieces(codec: Any) -> None:
    data = document("45 4B 03 61 00 03 62 00 C3 01 FF 01 46 01 47 03 63 00 08 03 64 00 01 4B 03 7A 00 01 01")
    assert codec.WBXMLReader(data).parse() == [
        ("AirSync.Sync", None, [
            ("AirSync.SyncKey", None, [("#text", "a", []), ("#text", "b", []), ("#opaque", b"\xff", [])]),
            ("AirSync.Responses", None, []),
            ("AirSync.Add", None, [("#text", "c", []), ("AirSync.Change", None, []), ("#text", "d", [])]),
            ("AirSync.SyncKey", None, [("#text", "z", [])]),
        ])
    ]  # fmt: skip
    tree = codec.WBXMLReader(data).parse()
    assert codec.leaves(tree) == {"AirSync.SyncKey": "z", "AirSync.Add": "c"}
    assert codec.opaque_of(codec.find(tree, "AirSync.SyncKey")) == b"\xff"


def written(codec: Any) -> list[bytes]:
    """Documents as pyactivesync's client builds them, and what it does not build."""
    wtag, made = codec.wtag, []

    def render(*arguments: Any, **named: Any) -> None:
        writer = codec.WBXMLWriter()
        assert writer.tag(*arguments, **named) is writer
        made.append(writer.render())

    render("FolderHierarchy", "FolderSync", children=[wtag("FolderHierarchy", "SyncKey", text="0")])
    render("Provision", "Provision", [
        wtag("Settings", "DeviceInformation", [wtag("Settings", "Set", [wtag("Settings", "Model", text="Größe")])]),
        wtag("Provision", "Policies", [wtag("Provision", "Policy", [wtag("Provision", "PolicyType", text="x")])]),
    ])  # fmt: skip
    render("ComposeMail", "SendMail", [
        wtag("ComposeMail", "ClientId", text=""),
        wtag("ComposeMail", "SaveInSentItems"),
        wtag("ComposeMail", "MIME", opaque=b"\x00\xff" * 100),
    ])  # fmt: skip
    render("ItemEstimate", "GetItemEstimate", [wtag("ItemEstimate", "Collections", [])])
    render("AirSync", "Sync", [wtag("AirSync", "Add", [wtag("AirSync", "Fetch")], "text", b"opaque")])
    render("Find", "Find", [wtag("Find", "GALSearchCriterion", text="a")])
    # Whatever takes a writer is a builder.
    render("AirSync", "Sync", [lambda writer: writer.tag("Email", "Subject", text="b")])
    return made


def test_both_write_the_same_bytes() -> None:
    assert written(OURS) == written(THEIRS)


def test_each_of_their_tags_is_written_alike() -> None:
    wrong = {f"Find.{name}" for name in ("MaxPictures", "MaxSize", "Picture")}  # these three have other tokens
    for page, tags in CODEPAGES.items():
        for name in tags:
            made = [codec.WBXMLWriter().tag(page, name).render() for codec in (OURS, THEIRS)]
            assert (made[0] == made[1]) is (f"{page}.{name}" not in wrong), name
            assert OURS.WBXMLReader(made[0]).parse() == [(f"{page}.{name}", None, [])]
    assert wbxml.decode(OURS.WBXMLWriter().tag("Find", "Picture").render()).root.tag == wbxml.Find.Picture


def test_each_tag_has_a_name() -> None:
    for tag in wbxml.ACTIVESYNC.by_name.values():
        ((name, _, _),) = OURS.WBXMLReader(wbxml.encode(ElementTree.Element(f"{{{tag.namespace}}}{tag.name}"))).parse()
        page, _, local = name.partition(".")
        assert wbxml.decode(OURS.WBXMLWriter().tag(page, local).render()).root.tag == tag
        # The pages are called as there.
        assert PAGE_INDEX.get(page, tag.page) == tag.page
    assert OURS.WBXMLReader(document("00 2A 3F")).parse() == [("page42.0x3F", None, [])]
    assert OURS.WBXMLReader(document("3F")).parse() == [("AirSync.0x3F", None, [])]
    assert OURS.WBXMLReader(document("00 06 3F")).parse() == [("ItemEstimate.0x3F", None, [])]


@each_codec
def test_a_name_that_is_no_tag(codec: Any) -> None:
    for page, name in (("AirSync", "Nonsense"), ("Nonsense", "Sync")):
        with pytest.raises(KeyError):
            codec.WBXMLWriter().tag(page, name)
        with pytest.raises(KeyError):
            codec.WBXMLWriter().tag("AirSync", "Sync", [codec.wtag(page, name)])


@pytest.mark.parametrize(
    "data", [b"", b"\x03\x01", b"<html>", document("45 4B 03 61"), document("45"), document("45 01 FF")], ids=bytes.hex
)
def test_bytes_that_are_no_document(data: bytes) -> None:
    with pytest.raises(wbxml.DecodeError):
        OURS.WBXMLReader(data).parse()


def test_depth() -> None:
    deep = HEADER + b"\x45" * 5000 + b"\x01" * 5000
    with pytest.raises(RecursionError):
        THEIRS.WBXMLReader(deep).parse()
    with pytest.raises(wbxml.LimitError):
        OURS.WBXMLReader(deep).parse()
    tree: list[Any] = []
    for _ in range(100_000):
        tree = [("AirSync.Add", None, tree)]
    assert OURS.find(tree, "AirSync.Sync") is None
    assert len(OURS.find_all(tree, "AirSync.Add")) == 100_000
    assert OURS.leaves(tree) == {}
    # Taken apart from the outside, since freeing it at once would recurse.
    while tree:
        tree = tree.pop()[2]
    builder = OURS.wtag("AirSync", "Add")
    for _ in range(400):
        builder = OURS.wtag("AirSync", "Add", [builder])
    with pytest.raises(wbxml.EncodeError, match="nested deeper than 256"):
        OURS.WBXMLWriter().tag("AirSync", "Sync", [builder])


def test_what_cannot_be_written() -> None:
    with pytest.raises(wbxml.EncodeError, match="NUL"):
        OURS.WBXMLWriter().tag("AirSync", "SyncKey", text="a\0b")
    with pytest.raises(wbxml.EncodeError, match="one root"):
        OURS.WBXMLWriter().tag("AirSync", "Sync").tag("AirSync", "Sync")
    with pytest.raises(wbxml.EncodeError):
        OURS.WBXMLWriter().render()


def test_constructs_that_it_misreads() -> None:
    data = b"\x03\x01\x6a\x04abc\x00" + bytes.fromhex("45 4B 83 00 02 21 01 44 00 03 64 00 01 01")
    assert OURS.WBXMLReader(data).parse() == [
        ("AirSync.Sync", None, [
            ("AirSync.SyncKey", None, [("#text", "abc", []), ("#text", "!", [])]),
            ("abc", None, [("#text", "d", [])]),
        ])
    ]  # fmt: skip


def test_installing_and_undoing() -> None:
    client = pyactivesync.client
    names = ("WBXMLReader", "WBXMLWriter", "find", "find_all", "leaves", "opaque_of", "text_of", "wtag")
    before = {name: getattr(client, name) for name in names}
    undo = OURS.install()
    try:
        assert {name: getattr(client, name) for name in names} == {name: getattr(OURS, name) for name in names}
        assert sys.modules["pyactivesync._wbxml"] is OURS
        assert import_module("pyactivesync._wbxml").wtag is OURS.wtag
        again = OURS.install()
        again()
        assert client.wtag is OURS.wtag
    finally:
        undo()
    assert {name: getattr(client, name) for name in names} == before
    assert sys.modules["pyactivesync._wbxml"] is THEIRS is pyactivesync._wbxml


def test_a_codec_that_has_grown_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode_all() -> None: ...

    encode_all.__module__ = THEIRS.__name__
    monkeypatch.setattr(THEIRS, "encode_all", encode_all, raising=False)
    with pytest.raises(ImportError, match="encode_all"):
        OURS.install()
    assert pyactivesync.client.wtag is THEIRS.wtag


# -- ASWBXML ---------------------------------------------------------------------------------------------------------

REFERENCE = json.loads((DATA / "mitmproxy" / "aswbxml.json").read_text("utf-8"))
RECORDED = REFERENCE["documents"]


def mended(xml: str) -> str:
    """Their XML with text read as UTF-8; newer versions of minidom leave the quotes in text as they are."""
    return xml.encode("latin-1").decode().replace("&quot;", '"')


def theirs_of(name: str) -> list[str]:
    try:
        module: ModuleType = import_module("mitmproxy.contrib.wbxml.ASCommandResponse")
    except ImportError:
        return [RECORDED[name]]
    return [RECORDED[name], module.ASCommandResponse(capture(name)).xmlString]


@pytest.mark.parametrize("name", RECORDED)
def test_the_same_xml(name: str) -> None:
    # As mitmproxy's view calls it.
    response = aswbxml.ASCommandResponse(capture(name))
    assert response.xmlString is not None
    for xml in theirs_of(name):
        assert response.xmlString.replace("&quot;", '"') == mended(xml)
    assert response.getXMLString() == response.xmlString
    assert response.getWBXMLBytes() == response.wbxmlBody == capture(name)
    # As the class alone is used.
    decoder = aswbxml.ASWBXML()
    decoder.loadBytes(capture(name))
    assert decoder.getXml() == response.xmlString == response.instance.getXml()
    decoder.loadXml(response.xmlString)
    assert decoder.xmlDoc.documentElement.tagName in response.xmlString  # type: ignore[union-attr]


def test_what_was_recorded_is_enough() -> None:
    recorded = "".join(RECORDED.values())
    for name in ("FlagStatus", "TimeZone", "DTStamp", "<![CDATA[", "Ã"):
        assert name in recorded, name


def test_tags_are_spelt_alike() -> None:
    count = 0
    for page, tags in REFERENCE["tags"].items():
        for token, name in tags.items():
            assert xml_of(f"00 {int(page):02X} {token[2:]}") == f"<{name}/>\n"
            count += 1
    assert count > 500


@pytest.mark.parametrize("name", CAPTURES)
def test_each_capture_gives_xml_that_parses(name: str) -> None:
    xml = aswbxml.ASCommandResponse(capture(name)).xmlString
    assert xml is not None
    elements = sum(1 for _ in ElementTree.fromstring(xml).iter())
    assert elements == sum(1 for _ in wbxml.decode(capture(name)).root.iter())


def xml_of(body: str) -> str:
    xml = aswbxml.ASCommandResponse(document(body)).xmlString
    assert xml is not None
    return xml.removeprefix('<?xml version="1.0" ?>\n')


def test_opaque_data() -> None:
    assert xml_of("4B C3 03 61 C3 BC 01") == "<SyncKey><![CDATA[aü]]></SyncKey>\n"
    assert xml_of("4B C3 02 FF FE 01") == '<SyncKey encoding="base64"><![CDATA[//4=]]></SyncKey>\n'
    assert xml_of("4B C3 01 00 01") == '<SyncKey encoding="base64"><![CDATA[AA==]]></SyncKey>\n'
    assert xml_of("4B C3 03 5D 5D 3E 01") == "<SyncKey>]]&gt;</SyncKey>\n"


def test_what_it_does_not_know() -> None:
    assert xml_of("3F") == "<UNKNOWN_TAG_3F/>\n"
    assert xml_of("00 2A 05") == "<UNKNOWN_TAG_05/>\n"
    assert xml_of("00 19 05") == "<Find/>\n"  # page 25, which it refuses
    assert xml_of("00 16 15") == "<IsDraft/>\n"  # of 16.0
    assert xml_of("4B 03 61 0B 00 01") == "<SyncKey>a\ufffd</SyncKey>\n"
    table = b"\x03\x01\x6a\x04a b\x00" + bytes.fromhex("4B 83 00 04 00 01")
    assert "<UNKNOWN_TAG_04/>" in (aswbxml.ASCommandResponse(table).xmlString or "")


@pytest.mark.parametrize("data", [b"\x03", document("45 4B 03 61"), document("45"), document("05 05"), b"<html>"])
def test_what_is_no_document(data: bytes) -> None:
    decoder = aswbxml.ASWBXML()
    decoder.loadBytes(document("05"))
    with pytest.raises(aswbxml.InvalidDataException) as caught:
        decoder.loadBytes(data)
    assert isinstance(caught.value.__cause__, wbxml.DecodeError)
    assert decoder.getXml().endswith("<Sync/>\n")
    with pytest.raises(ValueError, match=r"^Error: "):
        aswbxml.ASCommandResponse(data)


def test_nothing() -> None:
    with pytest.raises(ValueError, match=r"Error: Empty WBXML body"):
        aswbxml.ASCommandResponse(b"")
    assert aswbxml.ASWBXML().getXml() == '<?xml version="1.0" ?>\n'


def test_the_deepest_document() -> None:
    xml = aswbxml.ASCommandResponse(HEADER + b"\x45" * 255 + b"\x05" + b"\x01" * 255).xmlString
    assert xml is not None and xml.count("<Sync") == 256


# -- libwbxml --------------------------------------------------------------------------------------------------------


def rows() -> list[dict[str, str]]:
    with open(LIBWBXML / "wbxml2xml.tsv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["file"])
def test_what_wbxml2xml_wrote(row: dict[str, str]) -> None:
    xml = re.sub("<!DOCTYPE[^>]*>", "", (LIBWBXML / row["file"]).read_text("utf-8"))
    original = wbxml.decode((DATA / row["made_from"]).read_bytes())
    for one in compare(original, wbxml.decode(wbxml.from_xml(xml))):
        # It has written carriage returns as they are, and XML takes CRLF for one end of a line.
        assert one.kind == "changed" and "\r\n" in one.before
        assert one.before.replace("\r\n", "\n") == one.after
    assert compare(original, wbxml.decode(wbxml.from_xml(wbxml.to_xml(original)))) == []
