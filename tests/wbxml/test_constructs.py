"""What WBXML has beyond what ActiveSync uses: every construct read, written, and carried through XML and ElementTree.

Documents come from the specification of WBXML, from that of Service Indication, and from libwbxml; what no tool at hand
writes (entities, extensions, instructions, other character sets) is put together here, byte by byte from the grammar,
with its text encoded by Python's codecs.
"""

from __future__ import annotations

import io
import pickle
import re
from types import ModuleType
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wbxml
from wbxml import (
    ACTIVESYNC,
    AirSync,
    CodePages,
    DecodeError,
    EncodeError,
    Extension,
    Instruction,
    LimitError,
    Model,
    field,
    literal,
)

from .languages import SERVICE_INDICATION, SI, WML_1_1
from .samples import DATA, HEADER, document

FOREIGN = DATA / "foreign"


def foreign(name: str) -> bytes:
    return (FOREIGN / f"{name}.wbxml").read_bytes()


def tree(element: Any) -> Any:
    """An element as plain values: its tag, attributes and content."""
    content = []
    for node in element.nodes:
        if isinstance(node, Extension):
            content.append((node.token, node.value, str(node)))
        elif isinstance(node, memoryview):
            content.append(bytes(node))
        elif isinstance(node, (str, Instruction)):
            content.append(node)
        else:
            content.append(tree(node))
    return [str(element.tag), element.attrib, content]


class Row(NamedTuple):
    """A document, the tree in it, and what encode() makes of it; None: the document itself."""

    name: str
    data: bytes
    tree: Any
    written: bytes | None = None
    pages: CodePages = ACTIVESYNC


TABLED = b"\x03\x01\x6a\x06ab\x00cd\x00"


def tabled(body: str) -> bytes:
    return TABLED + bytes.fromhex(body)


def charset(number: str, codec: str, *texts: str, nul: bytes = b"\0") -> bytes:
    """A document in another character set: a Sync with a SyncKey for each text."""
    found = b"".join([b"\x4b\x03" + text.encode(codec) + nul + b"\x01" for text in texts])
    return b"\x03\x01" + bytes.fromhex(number) + b"\x00\x45" + found + b"\x01"


def in_utf_8(*texts: str) -> bytes:
    return charset("6a", "utf-8", *texts)


def sync(*content: Any, **attributes: str) -> Any:
    return ["AirSync:Sync", attributes, list(content)]


def keys(*texts: str) -> Any:
    return sync(*[["AirSync:SyncKey", {}, [text]] for text in texts])


ROWS = [
    # Headers.
    Row("version-1.0", bytes.fromhex("00 01 00 45 03 61 00 01"), sync("a"), document("45 03 61 00 01")),
    Row("public-id-in-table", b"\x03\x00\x03" + TABLED[2:] + b"\x05", sync(), document("05")),
    Row("public-id-of-bytes", bytes.fromhex("03 A4 01 6A 00 05"), sync(), document("05")),
    Row("unused-table", tabled("05"), sync(), document("05")),
    # Strings.
    Row("str-t", tabled("45 83 00 01"), sync("ab"), document("45 03 61 62 00 01")),
    Row("str-t-in-the-middle", tabled("45 83 01 01"), sync("b"), document("45 03 62 00 01")),
    Row("str-t-at-a-nul", tabled("45 83 02 01"), sync(""), document("45 03 00 01")),
    Row("str-t-not-shortest", tabled("45 83 80 80 80 80 03 01"), sync("cd"), document("45 03 63 64 00 01")),
    Row(
        "str-t-mixed",
        tabled("45 83 00 4B 83 03 01 03 78 00 83 03 01"),
        sync("ab", ["AirSync:SyncKey", {}, ["cd"]], "x", "cd"),
        document("45 03 61 62 00 4B 03 63 64 00 01 03 78 00 03 63 64 00 01"),
    ),
    Row("entity", document("45 02 81 20 01"), sync("\xa0"), document("45 03 C2 A0 00 01")),
    Row(
        "entity-largest",
        document("45 02 C3 FF 7F 01"),
        sync("\U0010ffff"),
        HEADER + b"\x45\x03\xf4\x8f\xbf\xbf\x00\x01",
    ),
    Row(
        "entity-between",
        document("45 03 61 00 02 26 03 62 00 01"),
        sync("a", "&", "b"),
        document("45 03 61 00 03 26 00 03 62 00 01"),
    ),
    Row("text-and-opaque", document("45 03 61 00 C3 01 FF 01"), sync("a", b"\xff")),
    # Literals.
    Row(
        "literal", tabled("45 04 00 01"), sync(["ab", {}, []]), b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex("45 04 00 01")
    ),
    Row(
        "literal-c",
        tabled("45 44 03 03 78 00 01 01"),
        sync(["cd", {}, ["x"]]),
        b"\x03\x01\x6a\x03cd\x00" + bytes.fromhex("45 44 00 03 78 00 01 01"),
    ),
    Row("literal-c-empty", tabled("44 00 01"), ["ab", {}, []], b"\x03\x01\x6a\x03ab\x00\x04\x00"),
    Row("literal-a", tabled("84 00 05 01"), ["ab", {"0x05": ""}, []], b"\x03\x01\x6a\x03ab\x00\x84\x00\x05\x01"),
    Row(
        "literal-ac",
        tabled("C4 00 04 03 03 78 00 01 0B 01"),
        ["ab", {"cd": "x"}, [["AirSync:SyncKey", {}, []]]],
        TABLED + bytes.fromhex("C4 00 04 03 03 78 00 01 0B 01"),
    ),
    Row("literals-of-one-name", tabled("44 00 04 00 04 03 01"), ["ab", {}, [["ab", {}, []], ["cd", {}, []]]]),
    # Attributes.
    Row("attributes", document("85 05 03 61 00 06 01"), sync(**{"0x05": "a", "0x06": ""})),
    Row(
        "attributes-and-content",
        document("C5 05 03 61 00 01 0B 01"),
        ["AirSync:Sync", {"0x05": "a"}, [["AirSync:SyncKey", {}, []]]],
    ),
    Row("attributes-without-content", document("C5 05 01 01"), sync(**{"0x05": ""}), document("85 05 01")),
    Row(
        "attribute-pages",
        document("45 8B 05 00 01 06 01 8B 07 01 01"),
        sync(["AirSync:SyncKey", {"0x05": "", "Page1:0x06": ""}, []], ["AirSync:SyncKey", {"Page1:0x07": ""}, []]),
    ),
    Row(
        "attribute-pages-are-their-own",
        document("00 07 85 00 01 05 01"),
        ["FolderHierarchy:Folders", {"Page1:0x05": ""}, []],
    ),
    Row(
        "attribute-of-pieces",
        tabled("85 05 03 61 00 83 00 02 81 20 03 62 00 01"),
        sync(**{"0x05": "aab\xa0b"}),
        HEADER + b"\x85\x05\x03aab\xc2\xa0b\x00\x01",
    ),
    Row("attribute-opaque", document("85 05 C3 02 FF 00 01"), ["AirSync:Sync", {"0x05": b"\xff\x00"}, []]),
    Row(
        "attribute-literal",
        tabled("85 04 03 83 00 01"),
        sync(cd="ab"),
        b"\x03\x01\x6a\x03cd\x00\x85\x04\x00\x03ab\x00\x01",
    ),
    # Extensions.
    Row(
        "ext-i", document("45 40 61 00 41 00 42 C3 BC 00 01"), sync((0x40, "a", ""), (0x41, "", ""), (0x42, "\xfc", ""))
    ),
    Row(
        "ext-t",
        document("45 80 00 81 7F 82 8F FF FF FF 7F 01"),
        sync((0x80, 0, ""), (0x81, 127, ""), (0x82, 0xFFFFFFFF, "")),
    ),
    Row("ext", document("45 C0 C1 C2 01"), sync((0xC0, None, ""), (0xC1, None, ""), (0xC2, None, ""))),
    Row("ext-and-text", document("45 03 61 00 C0 03 62 00 01"), sync("a", (0xC0, None, ""), "b")),
    Row(
        "variables",
        b"\x03\x04\x6a\x02x\x00\x7f\x60\x42name\x00\x82\x00\x01\x01",
        ["WML:wml", {}, [["WML:p", {}, [(0x42, "name", "$(name)"), (0x82, 0, "$(x)")]]]],
        b"",
        WML_1_1,
    ),
    Row(
        "variable-in-an-attribute",
        bytes.fromhex("03 04 6A 00 FF 36 03 61 00 42 78 00 01 60 01 01"),
        ["WML:wml", {"title": "a$(x)"}, [["WML:p", {}, []]]],
        bytes.fromhex("03 04 6A 00 FF 36 03 61 24 28 78 29 00 01 20 01"),
        WML_1_1,
    ),
    # Processing instructions.
    Row("pi", document("45 43 05 03 61 00 01 01"), sync(Instruction("0x05", "a"))),
    Row("pi-between", document("45 03 78 00 43 05 01 03 79 00 01"), sync("x", Instruction("0x05", ""), "y")),
    Row("pi-opaque", document("45 43 05 C3 01 FF 01 01"), sync(Instruction("0x05", b"\xff"))),
    Row(
        "pi-literal",
        tabled("45 43 04 00 83 03 01 01"),
        sync(Instruction("ab", "cd")),
        b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex("45 43 04 00 03 63 64 00 01 01"),
    ),
    Row("pi-before-and-behind", document("43 05 03 3F 3E 00 01 43 06 01 05 43 00 01 05 C3 01 FF 01"), sync()),
    # Character sets.
    Row("latin-1", charset("04", "latin-1", "caf\xe9", "\xa0"), keys("caf\xe9", "\xa0"), in_utf_8("caf\xe9", "\xa0")),
    Row("latin-2", charset("05", "iso8859-2", "\u0159"), keys("\u0159"), in_utf_8("\u0159")),
    Row("latin-9", charset("6f", "iso8859-15", "\u20ac"), keys("\u20ac"), in_utf_8("\u20ac")),
    Row(
        "utf-16",
        charset("87 77", "utf-16-be", "a", "\u0100", "\U0001f600", nul=b"\0\0"),
        keys("a", "\u0100", "\U0001f600"),
        in_utf_8("a", "\u0100", "\U0001f600"),
    ),
    Row(
        "utf-16-bom",
        charset("87 77", "utf-16", "ab", "\u0100", nul=b"\0\0"),
        keys("ab", "\u0100"),
        in_utf_8("ab", "\u0100"),
    ),
    Row(
        "utf-16-le",
        charset("87 76", "utf-16-le", "\u0100\u0001", nul=b"\0\0"),
        keys("\u0100\u0001"),
        in_utf_8("\u0100\u0001"),
    ),
    Row(
        "ucs-2",
        charset("87 68", "utf-16-be", "\u0100\u0101", nul=b"\0\0"),
        keys("\u0100\u0101"),
        in_utf_8("\u0100\u0101"),
    ),
    Row(
        "ucs-4",
        charset("87 69", "utf-32-be", "a\U0001f600", nul=bytes(4)),
        keys("a\U0001f600"),
        in_utf_8("a\U0001f600"),
    ),
    Row(
        "shift-jis",
        charset("11", "shift_jis", "\u65e5\u672c\u8a9e", "\uff76"),
        keys("\u65e5\u672c\u8a9e", "\uff76"),
        in_utf_8("\u65e5\u672c\u8a9e", "\uff76"),
    ),
    Row("windows-1252", charset("91 4c", "cp1252", "\u20ac\u2019"), keys("\u20ac\u2019"), in_utf_8("\u20ac\u2019")),
    Row("koi8-r", charset("90 24", "koi8-r", "\u043f\u0440"), keys("\u043f\u0440"), in_utf_8("\u043f\u0440")),
    Row("big5", charset("8f 6a", "big5", "\u4e2d"), keys("\u4e2d"), in_utf_8("\u4e2d")),
    Row(
        "utf-16-table",
        b"\x03\x01\x87\x77\x06\0a\0b\0\0" + bytes.fromhex("C5 04 00 03 00 78 00 00 01 83 02 42 00 78 00 00 01"),
        ["AirSync:Sync", {"ab": "x"}, ["b", (0x42, "x", "")]],
        b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex("C5 04 00 03 78 00 01 03 62 00 42 78 00 01"),
    ),
]
ROWS_BY_NAME = {row.name: row for row in ROWS}


def written(row: Row) -> bytes:
    return row.data if row.written is None else row.written


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_decode(kernel: ModuleType, name: str) -> None:
    row = ROWS_BY_NAME[name]
    doc = kernel.decode(row.data, pages=row.pages)
    assert tree(doc.root) == row.tree
    assert doc.raw is row.data
    assert doc.problems == ()
    assert doc.roots == (doc.root,)
    # A view is the same whichever way it is reached.
    for element in doc.root.iter():
        assert [child for child in element.nodes if isinstance(child, kernel.Element)] == list(element)
        assert [node for node in element.nodes if not isinstance(node, Instruction)] == element.pieces
        texts = [piece for piece in element.pieces if isinstance(piece, str)]
        assert element.text == ("".join(texts) if texts else None)


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_encode(kernel: ModuleType, name: str) -> None:
    row = ROWS_BY_NAME[name]
    doc = kernel.decode(row.data, pages=row.pages)
    found = kernel.encode(doc)
    if row.written != b"":
        assert found == written(row)
    again = kernel.decode(found, pages=row.pages)
    assert (tree(again.root), again.prolog, again.epilog) == (row.tree, doc.prolog, doc.epilog)
    assert kernel.encode(again) == found
    assert kernel.encode(doc.root) == kernel.encode(kernel.decode(kernel.encode(doc.root), pages=row.pages))
    compact = kernel.encode(doc, string_table=True)
    assert len(compact) <= len(found)
    assert tree(kernel.decode(compact, pages=row.pages).root) == row.tree


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_xml_and_back(name: str) -> None:
    row = ROWS_BY_NAME[name]
    doc = wbxml.decode(row.data, pages=row.pages)
    for indent in (None, 2):
        text = wbxml.to_xml(doc, indent=indent)
        assert wbxml.from_xml(text, pages=row.pages) == wbxml.encode(doc)
        ElementTree.fromstring(text)  # any parser must take it


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_elementtree_and_back(name: str) -> None:
    row = ROWS_BY_NAME[name]
    doc = wbxml.decode(row.data, pages=row.pages)
    assert wbxml.encode(wbxml.to_etree(doc), pages=row.pages) == wbxml.encode(doc.root)


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_tokens(name: str) -> None:
    row = ROWS_BY_NAME[name]
    found = list(wbxml.tokens(row.data, pages=row.pages))
    assert b"".join([token.raw for token in found]) == row.data
    assert [token.expected for token in found if token.expected] == []
    assert wbxml.dump(row.data, pages=row.pages).count("\n") == len(found)


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_every_truncation(kernel: ModuleType, name: str) -> None:
    row = ROWS_BY_NAME[name]
    for length in range(len(row.data)):
        # Where instructions may follow the root, less of them is a document, too.
        with pytest.raises(wbxml.TruncatedError) as caught:
            doc = kernel.decode(row.data[:length], pages=row.pages)
            assert name == "pi-before-and-behind"
            assert doc.epilog == ()
            raise wbxml.TruncatedError("the root alone", length)
        assert caught.value.offset == length
        lenient = kernel.decode(row.data[:length], pages=row.pages, lenient=True)
        assert lenient.problems or name == "pi-before-and-behind"


@pytest.mark.parametrize("step", [1, 2, 3, 7])
@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_in_chunks(kernel: ModuleType, name: str, step: int) -> None:
    row = ROWS_BY_NAME[name]
    whole = kernel.decode(row.data, pages=row.pages)
    tags = {str(element.tag) for element in whole.root.iter()}
    for tag in tags:
        if ":" not in tag and row.pages is ACTIVESYNC:
            with pytest.raises(ValueError, match="not a tag of these code pages"):
                kernel.Decoder([tag], pages=row.pages)
            continue
        decoder = kernel.Decoder([tag], pages=row.pages)
        found = []
        for start in range(0, len(row.data), step):
            found += decoder.feed(row.data[start : start + step])
        decoder.close()
        wanted = [element for element in whole.root.iter() if element.tag == tag]
        first = wanted[0]
        assert tree(found[0].value) == tree(first)
        assert found[0].value.offset == first.offset
        again = pickle.loads(pickle.dumps(found[0].value.document))
        assert tree(again.root) == tree(first)


@pytest.mark.parametrize("name", ROWS_BY_NAME)
def test_pickle(kernel: ModuleType, name: str) -> None:
    row = ROWS_BY_NAME[name]
    doc = kernel.decode(row.data, pages=row.pages)
    again = pickle.loads(pickle.dumps(doc))
    assert (tree(again.root), again.prolog, again.epilog) == (row.tree, doc.prolog, doc.epilog)
    assert (again.version, again.public_id, again.charset) == (doc.version, doc.public_id, doc.charset)


def test_headers(kernel: ModuleType) -> None:
    doc = kernel.decode(ROWS_BY_NAME["public-id-in-table"].data)
    assert (doc.public_id, doc.string_table) == ("cd", b"ab\0cd\0")
    assert kernel.decode(foreign("syncml")).public_id == 0x1201
    assert kernel.decode(ROWS_BY_NAME["version-1.0"].data).version == "1.0"
    doc = kernel.decode(ROWS_BY_NAME["pi-before-and-behind"].data)
    assert doc.prolog == (Instruction("0x05", "?>"), Instruction("0x06", ""))
    assert doc.epilog == (Instruction("Page1:0x05", b"\xff"),)


# -- Documents of others ----------------------------------------------------------------------------------------------

INDICATION = [
    "SI:si",
    {},
    [
        [
            "SI:indication",
            {
                "href": "http://www.xyz.com/email/123/abc.wml",
                "created": "1999-06-25T15:23:15Z",
                "si-expires": "2099-06-30T00:00:00Z",
            },
            ["You have 4 new e-mails"],
        ]
    ],
]


def with_version(data: bytes, version: int) -> bytes:
    return bytes([version]) + data[1:]


def test_service_indication(kernel: ModuleType) -> None:
    doc = kernel.decode(foreign("si"), pages=SERVICE_INDICATION)
    assert (doc.version, doc.public_id) == ("1.2", 5)
    assert tree(doc.root) == INDICATION
    assert doc.root.find("SI:indication").text == "You have 4 new e-mails"
    # The tokens that libwbxml chose are those that we choose.
    assert kernel.encode(doc) == with_version(foreign("si"), 3)


@pytest.mark.parametrize("name", ["si", "si-info"])
def test_service_indication_from_xml(name: str) -> None:
    # As printed, but for the document type, which is refused.
    text = re.sub("<!DOCTYPE.*?>", "", (FOREIGN / f"{name}.xml").read_text("utf-8"))
    assert wbxml.from_xml(text, pages=SERVICE_INDICATION) == with_version(foreign(name), 3)
    with pytest.raises(EncodeError, match=r"line 2, .*: document types and entities are refused"):
        wbxml.from_xml((FOREIGN / f"{name}.xml").read_bytes(), pages=SERVICE_INDICATION)


def test_service_indication_to_xml() -> None:
    doc = wbxml.decode(foreign("si"), pages=SERVICE_INDICATION)
    assert wbxml.to_xml(doc) == (
        '<?xml version="1.0"?>\n'
        '<si xmlns="SI"><indication href="http://www.xyz.com/email/123/abc.wml" created="1999-06-25T15:23:15Z" '
        'si-expires="2099-06-30T00:00:00Z">You have 4 new e-mails</indication></si>'
    )
    assert wbxml.from_xml(wbxml.to_xml(doc), pages=SERVICE_INDICATION) == wbxml.encode(doc)


def test_service_indication_with_literals(kernel: ModuleType) -> None:
    doc = kernel.decode(foreign("si-literal"), pages=SERVICE_INDICATION)
    assert tree(doc.root) == [
        "SI:si",
        {},
        [
            ["SI:indication", {"href": "http://www.xyz.com/", "x-new": "one.org/two"}, ["text"]],
            ["unknown", {}, []],
            ["unknown", {"x-new": "v"}, ["inner", ["SI:item", {}, ["i"]], "text"]],
            ["deep", {}, [["deeper", {"si-id": "1"}, []]]],
        ],
    ]
    unknown = doc.root[1].tag
    assert (unknown, unknown.namespace, unknown.name) == ("unknown", "", "unknown")
    assert (unknown.page, unknown.token) == (None, None)
    assert doc.root[2].tag is unknown
    assert doc.root.find("deep/deeper").attrib == {"si-id": "1"}
    assert doc.root.findtext("unknown/SI:item") == "i"
    assert doc.root.findtext("deep", "") == ""
    assert doc.root.findtext("nowhere", "no") == "no"
    assert doc.root.find("deep/nowhere") is None
    assert [element.attrib for element in doc.root.findall("unknown")] == [{}, {"x-new": "v"}]
    assert len(list(doc.root.iter("unknown"))) == 2
    assert tree(kernel.decode(kernel.encode(doc), pages=SERVICE_INDICATION).root) == tree(doc.root)


def test_literals_in_chunks(kernel: ModuleType) -> None:
    data = foreign("si-literal")
    whole = kernel.decode(data, pages=SERVICE_INDICATION)
    for step in (1, 5, len(data)):
        decoder = kernel.Decoder(["unknown", "deep/deeper", "SI:indication"], pages=SERVICE_INDICATION)
        found = [match for start in range(0, len(data), step) for match in decoder.feed(data[start : start + step])]
        decoder.close()
        assert [match.path for match in found] == ["SI:indication", "unknown", "unknown", "deep/deeper"]
        assert [tree(match.value) for match in found] == [
            tree(whole.root[0]), tree(whole.root[1]), tree(whole.root[2]), tree(whole.root[3][0]),
        ]  # fmt: skip


def test_wml(kernel: ModuleType) -> None:
    doc = kernel.decode(foreign("wml"), pages=WML_1_1)
    assert doc.root.find("WML:card").attrib == {"id": "main", "title": "A $(title) card"}
    assert [node if isinstance(node, str) else node.tag.name for node in doc.root[0][1].nodes] == [
        "Hello",
        "b",
        "world",
    ]
    assert doc.root[0][2][0].attrib == {"href": "http://www.example.com/x.wml"}
    assert kernel.encode(doc) == foreign("wml")


def test_a_string_table_of_libwbxml(kernel: ModuleType) -> None:
    # It says that its table has a byte more than it has: see the README there.
    with pytest.raises(DecodeError, match="nothing may follow the root element, found 0x01 at offset 173"):
        kernel.decode(foreign("wml-table"), pages=WML_1_1)
    doc = kernel.decode(foreign("wml-table"), pages=WML_1_1, lenient=True)
    assert doc.string_table == b"Hello\0text\0\x7f"
    assert doc.root.tag == "WML:card"
    assert doc.root[0].pieces[0] == "Hello"
    assert doc.root[0].text.endswith("Text ext ext ext ext ext")
    assert [(problem.offset, problem.expected) for problem in doc.problems] == [(173, "the end of the document")]


def test_libwbxml_is_wrong_about_version_1_0(kernel: ModuleType) -> None:
    with pytest.raises(wbxml.TruncatedError):
        kernel.decode(foreign("emn"))
    assert kernel.decode(b"\x00\x0d" + foreign("emn")[3:], lenient=True).root.tag.token == 5


# -- Code pages of a caller -------------------------------------------------------------------------------------------


def test_dates_that_are_none(kernel: ModuleType) -> None:
    with pytest.raises(DecodeError, match=r"the opaque of the attribute created: a date has up to 14 .* at offset 6"):
        kernel.decode(bytes.fromhex("03 05 6A 00 45 86 0A C3 01 FF 01 01"), pages=SERVICE_INDICATION)
    writer = kernel.Writer(pages=SERVICE_INDICATION)
    with pytest.raises(EncodeError, match="SI:si created: 'soon' is not a date"):
        writer.start(SI.si, {"created": "soon"})


def test_what_no_attribute_can_be(kernel: ModuleType) -> None:
    for token in (0x04, 0x40, 0x80, 0x85, 0x10000 | 5, -5):
        with pytest.raises(ValueError, match="the token of an attribute"):
            CodePages(attributes={token: "a"})
    for token in (0x05, 0x84, 0xC3):
        with pytest.raises(ValueError, match="the token of an attribute's value"):
            CodePages(values={token: "a"})
    writer = kernel.Writer()
    with pytest.raises(EncodeError, match="AirSync:Sync a: expected a str or bytes, not int"):
        writer.start(AirSync.Sync, {"a": 1})
    with pytest.raises(EncodeError, match="AirSync:Sync a: a NUL at character 1"):
        writer.start(AirSync.Sync, {"a": "b\0"})


def test_attributes_in_activesync_xml_are_refused() -> None:
    with pytest.raises(EncodeError, match="ActiveSync WBXML has no attributes"):
        wbxml.from_xml('<Sync xmlns="AirSync" a="b"/>')


# -- Writing ----------------------------------------------------------------------------------------------------------


def test_every_header(kernel: ModuleType) -> None:
    for version in ("1.0", "1.1", "1.2", "1.3"):
        for public_id in (1, 0x1201, 0xFFFFFFFF, "-//X//Y"):
            writer = kernel.Writer(version=version, public_id=public_id)
            writer.start(AirSync.Sync)
            writer.text("\u20ac")
            writer.end()
            doc = kernel.decode(writer.finish())
            assert (doc.version, doc.public_id, doc.root.text) == (version, public_id, "\u20ac")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("UTF-8", "a\u20ac"),
        ("ISO-8859-1", "\xe9"),
        ("ISO-8859-15", "\u20ac"),
        ("UTF-16", "a\u0100\U0001f600"),
        ("UTF-16BE", "\u0100"),
        ("UTF-16LE", "\u0100a"),
        ("UTF-32", "\U0001f600"),
        ("Shift_JIS", "\u65e5"),
        ("windows-1252", "\u2019"),
        ("GB18030", "\u4e2d\U0001f600"),
        ("KOI8-R", "\u043f"),
    ],
)
def test_every_charset(kernel: ModuleType, name: str, text: str) -> None:
    writer = kernel.Writer(charset=name)
    writer.start(AirSync.Sync, {text: text})
    writer.text(text)
    writer.entity(0x1F600)
    writer.extension(Extension(0x40, text))
    writer.start(literal(text))
    writer.end()
    writer.instruction("0x05", text)
    writer.opaque(b"\0\xff")
    writer.end()
    data = writer.finish()
    doc = kernel.decode(data)
    assert tree(doc.root) == [
        "AirSync:Sync",
        {text: text},
        [text, "\U0001f600", (0x40, text, ""), [text, {}, []], Instruction("0x05", text), b"\0\xff"],
    ]
    assert [token.expected for token in wbxml.tokens(data) if token.expected] == []
    decoder = kernel.Decoder(["AirSync:SyncKey"])
    for byte in data:
        decoder.feed(bytes([byte]))
    decoder.close()


def test_what_a_writer_refuses(kernel: ModuleType) -> None:
    for arguments, message in [
        ({"version": "1.4"}, "'1.4' is not a version of WBXML: 1.0 to 1.3"),
        ({"charset": "nonsense"}, "'nonsense' is not a character set"),
        ({"charset": "rot13"}, "'rot13' is not a character set"),
        ({"version": "1.0", "charset": "latin-1"}, "WBXML 1.0 cannot name a character set"),
    ]:
        with pytest.raises(EncodeError, match=message):
            kernel.Writer(**arguments)
    writer = kernel.Writer(charset="latin-1")
    writer.start(AirSync.Sync)
    with pytest.raises(EncodeError, match="AirSync:Sync: '\u20ac' at character 1 is not in ISO-8859-1"):
        writer.text("a\u20ac")
    with pytest.raises(EncodeError, match="a NUL at character 0"):
        writer.text("\0")
    with pytest.raises(EncodeError, match="a lone surrogate at character 0"):
        writer.text("\ud800")
    with pytest.raises(EncodeError, match="expected a str, not int"):
        writer.text(1)
    for code in (0, -1, 0xD800, 0x110000):
        with pytest.raises(EncodeError, match=f"{code} is not the number of a character"):
            writer.entity(code)
    writer.end()
    for public_id in (0, -1, 1 << 32):
        writer = kernel.Writer(public_id=public_id)
        writer.start(AirSync.Sync)
        writer.end()
        with pytest.raises(EncodeError, match="is not the number of a public identifier"):
            writer.finish()
    for token, value in [(0x40, None), (0x40, 1), (0x80, "a"), (0xC0, ""), (0x43, "a"), (0x3F, None)]:
        with pytest.raises(ValueError, match="is not an extension"):
            Extension(token, value)  # type: ignore[arg-type]
    writer = kernel.Writer()
    writer.start(AirSync.Sync)
    with pytest.raises(EncodeError, match="does not fit an extension"):
        writer.extension(Extension(0x80, 1 << 32))
    for call in (lambda: kernel.Writer().entity(5), lambda: kernel.Writer().extension(Extension(0xC0))):
        with pytest.raises(EncodeError, match="no element is open"):
            call()


class Item(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)
    status: int | None = field(AirSync.Status)


def test_models_read_constructs(kernel: ModuleType) -> None:
    data = b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex("47 4D 83 00 02 21 01 4E 02 34 01 01")
    item = wbxml.decode(data, type=Item)
    assert (item.server_id, item.status) == ("ab!", 4)
    latin = charset("04", "latin-1", "x").replace(b"\x45\x4b\x03x\0\x01", b"\x47\x4d\x03\xe9\0\x01")
    assert wbxml.decode(latin, type=Item).server_id == "\xe9"


def test_models_keep_constructs() -> None:
    data = b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex("47 4D 83 00 01 CB 05 03 78 00 01 83 00 02 21 01 44 00 C0 01 01")
    item = wbxml.decode(data, type=Item)
    assert [tree(element) for element in item.unknown] == [
        ["AirSync:SyncKey", {"0x05": "x"}, ["ab", "!"]],
        ["ab", {}, [(0xC0, None, "")]],
    ]
    again = wbxml.encode(item)
    assert [tree(element) for element in wbxml.decode(again, type=Item).unknown] == [tree(one) for one in item.unknown]
    assert wbxml.decode(again).string_table == b"ab\0"


def test_attributes_of_a_model_are_a_problem() -> None:
    item = wbxml.decode(document("C7 05 03 78 00 01 4D 03 31 00 01 01"), type=Item)
    assert item.server_id == "1"
    assert [(problem.expected, problem.value) for problem in item.problems] == [("no attributes", "{'0x05': 'x'}")]


# -- String tables ----------------------------------------------------------------------------------------------------


def test_a_string_table_where_it_pays(kernel: ModuleType) -> None:
    writer = kernel.Writer()
    writer.start(AirSync.Sync)
    for text in ("a long enough text", "a", "a long enough text", "a", "once only, and so inline"):
        writer.start(AirSync.SyncKey)
        writer.text(text)
        writer.end()
    writer.end()
    doc = kernel.decode(writer.finish())
    data = kernel.encode(doc, string_table=True)
    found = kernel.decode(data)
    assert found.string_table == b"a long enough text\0"
    assert tree(found.root) == tree(doc.root)
    assert len(data) < len(doc.raw)
    assert kernel.encode(found) == doc.raw
    # Nothing repeats: nothing is gained.
    assert kernel.encode(kernel.decode(in_utf_8("a long text")), string_table=True) == in_utf_8("a long text")


def test_limits_of_what_is_referred_to(kernel: ModuleType) -> None:
    data = b"\x03\x01\x6a\x81\x01" + b"x" * 128 + b"\x00" + b"\x45" + b"\x83\x00" * 10 + b"\x01"
    limits = wbxml.Limits(max_expanded=1280)
    assert len(kernel.decode(data, limits=limits).root.text) == 1280
    limits = wbxml.Limits(max_expanded=1279)
    for call in (
        lambda: kernel.decode(data, limits=limits),
        lambda: kernel.Decoder(["AirSync:Sync"], limits=limits).feed(data),
    ):
        with pytest.raises(LimitError, match="more than max_expanded = 1279 characters at offset 153"):
            call()
    lenient = kernel.decode(data, limits=limits, lenient=True)
    assert "max_expanded = 1279" in lenient.problems[-1].expected


# -- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
def test_values_written_as_they_arrive(kernel: ModuleType, step: int) -> None:
    data = b"\x03\x01\x6a\x03ab\x00" + bytes.fromhex(
        "45 4B 03 C3 A9 00 C3 03 FF 00 FE 83 00 02 21 4E 03 6E 00 01 01 4B 01 CB 05 03 78 00 01 01 01"
    )
    files: list[io.BytesIO] = []

    def opened() -> io.BytesIO:
        files.append(io.BytesIO())
        return files[-1]

    decoder = kernel.Decoder({"AirSync:SyncKey": opened})
    found = [match for start in range(0, len(data), step) for match in decoder.feed(data[start : start + step])]
    decoder.close()
    assert [match.value for match in found] == files
    assert [match.path for match in found] == ["AirSync:SyncKey"] * 3
    assert [file.getvalue() for file in files] == ["\xe9".encode() + b"\xff\x00\xfe" + b"ab!", b"", b""]


def test_one_file_for_all(kernel: ModuleType) -> None:
    data = charset("87 77", "utf-16-be", "\u20ac", "b", nul=b"\0\0")
    file = io.BytesIO()
    decoder = kernel.Decoder({"AirSync:SyncKey": file})
    for byte in data:
        decoder.feed(bytes([byte]))
    decoder.close()
    assert file.getvalue() == "\u20acb".encode()


# -- Any constructs ---------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
NAMES = st.text(st.characters(exclude_characters="\0:", exclude_categories=["Cs"]), min_size=1, max_size=6)
ATTRIBUTES = st.dictionaries(
    st.one_of(NAMES, st.sampled_from(["0x05", "Page1:0x7F", "href", "created"])),
    st.one_of(TEXTS, st.binary(max_size=4)),
    max_size=3,
)
PIECES = st.one_of(
    TEXTS,
    st.binary(max_size=4),
    st.builds(Extension, st.sampled_from([0x40, 0x42]), TEXTS),
    st.builds(Extension, st.just(0x81), st.integers(0, 0xFFFFFFFF)),
    st.builds(Extension, st.just(0xC2)),
    st.builds(Instruction, NAMES, st.one_of(TEXTS, st.binary(max_size=3))),
)
TAGS = st.one_of(
    st.sampled_from([AirSync.Sync, AirSync.SyncKey, wbxml.ComposeMail.Mime, "Page42:0x05"]), NAMES.map(literal)
)
TREES = st.recursive(
    st.tuples(TAGS, ATTRIBUTES, st.lists(PIECES, max_size=3)),
    lambda inner: st.tuples(TAGS, ATTRIBUTES, st.lists(st.one_of(PIECES, inner), max_size=4)),
    max_leaves=6,
)


def write(writer: Any, found: Any) -> None:
    tag, attributes, content = found
    writer.start(tag, attributes)
    for node in content:
        if isinstance(node, Extension):
            writer.extension(node)
        elif isinstance(node, Instruction):
            writer.instruction(*node)
        elif isinstance(node, str):
            writer.text(node)
        elif isinstance(node, bytes):
            writer.opaque(node)
        else:
            write(writer, node)
    writer.end()


@settings(deadline=None, max_examples=200)
@given(found=TREES, before=st.lists(st.tuples(NAMES, TEXTS), max_size=2), step=st.integers(1, 9))
def test_any_tree(found: Any, before: list[tuple[str, str]], step: int) -> None:
    made = []
    for kernel in (wbxml.kernel.kernel, wbxml._kernel_py):  # type: ignore[attr-defined]
        writer = kernel.Writer()
        for instruction in before:
            writer.instruction(*instruction)
        write(writer, found)
        data = writer.finish()
        doc = kernel.decode(data)
        assert kernel.encode(doc) == data
        assert doc.prolog == tuple(before)
        root = str(doc.root.tag)
        values: list[Any] = []
        if ":" in root:
            decoder = kernel.Decoder([root])
            for start in range(0, len(data), step):
                values += [tree(match.value) for match in decoder.feed(data[start : start + step])]
            decoder.close()
            assert values == [tree(doc.root)]
        made.append((data, tree(doc.root)))
    assert made[0] == made[1]
    data = made[0][0]
    assert wbxml.from_xml(wbxml.to_xml(data)) == data
    assert wbxml.from_xml(wbxml.to_xml(data, indent=1)) == data
    assert wbxml.encode(wbxml.to_etree(data)) == wbxml.encode(wbxml.decode(data).root)
    assert b"".join([token.raw for token in wbxml.tokens(data)]) == data
    compact = wbxml.encode(wbxml.decode(data), string_table=True)
    assert tree(wbxml.decode(compact).root) == made[0][1]
