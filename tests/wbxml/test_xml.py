"""XML and ElementTree, both ways: namespaces as in [MS-ASCMD], and marks for what they cannot say."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from lxml import etree

import wbxml
from wbxml import EncodeError

from .samples import CAPTURES, HEADER, MICROSOFT, bounded, capture, document

W = 'xmlns:w="urn:activesync:wbxml"'
MARKS = "{urn:activesync:wbxml}"


def test_namespaces_are_declared_on_the_root() -> None:
    text = wbxml.to_xml((MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes())
    assert text == (
        '<?xml version="1.0"?>\n'
        '<Sync xmlns="AirSync" xmlns:airsyncbase="AirSyncBase" xmlns:contacts="Contacts"><Collections><Collection>'
        "<Class>Contacts</Class><SyncKey>2</SyncKey><CollectionId>2</CollectionId><Status>1</Status><Commands><Add>"
        "<ServerId>2:1</ServerId><ApplicationData><airsyncbase:Body><airsyncbase:Type>1</airsyncbase:Type>"
        "<airsyncbase:EstimatedDataSize>0</airsyncbase:EstimatedDataSize><airsyncbase:Truncated>1"
        "</airsyncbase:Truncated></airsyncbase:Body><contacts:FileAs>Funk, Don</contacts:FileAs>"
        "<contacts:FirstName>Don</contacts:FirstName><contacts:LastName>Funk</contacts:LastName>"
        "<airsyncbase:NativeBodyType>1</airsyncbase:NativeBodyType></ApplicationData></Add></Commands></Collection>"
        "</Collections></Sync>"
    )


def test_indented_it_is_what_the_specification_prints() -> None:
    # [MS-ASWBXML] section 3, but for the XML declaration's encoding: a str has none.
    printed = (MICROSOFT / "aswbxml-3-contact.xml").read_text("utf-8").strip()
    text = wbxml.to_xml((MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes(), indent=2)
    assert text.splitlines()[1:] == printed.splitlines()[1:]


def test_a_document_or_an_element_will_do() -> None:
    doc = wbxml.decode(document("45 4B 03 31 00 01 01"))
    assert wbxml.to_xml(doc) == wbxml.to_xml(doc.root) == wbxml.to_xml(bytearray(doc.raw))
    assert wbxml.to_xml(doc.root[0]) == '<?xml version="1.0"?>\n<SyncKey xmlns="AirSync">1</SyncKey>'


# Each body in both directions; the XML without its declaration.
BOTH_WAYS = [
    ("05", '<Sync xmlns="AirSync"/>'),
    ("00 07 16", '<FolderSync xmlns="FolderHierarchy"/>'),
    ("00 10 45 03 61 00 01", '<DisplayName xmlns="GAL">a</DisplayName>'),
    ("45 00 02 11 00 16 05 00 02 12 01", None),
    ("45 03 61 00 01", '<Sync xmlns="AirSync">a</Sync>'),
    ("45 03 C3 BC E2 82 AC F0 9F 98 80 00 01", '<Sync xmlns="AirSync">ü€😀</Sync>'),
    ("45 03 3C 26 3E 22 27 5D 5D 3E 00 01", '<Sync xmlns="AirSync">&lt;&amp;&gt;"\']]&gt;</Sync>'),
    ("45 03 61 0D 0A 62 0D 63 09 0A 00 01", '<Sync xmlns="AirSync">a&#13;\nb&#13;c\t\n</Sync>'),
    ("45 03 C2 85 E2 80 A8 00 01", '<Sync xmlns="AirSync">\x85\u2028</Sync>'),
    # White space in an element without child elements is text.
    ("45 03 20 00 01", '<Sync xmlns="AirSync"> </Sync>'),
    ("45 03 0A 20 09 00 01", '<Sync xmlns="AirSync">\n \t</Sync>'),
    # Marks.
    ("45 03 00 01", f'<Sync xmlns="AirSync" {W} w:type="empty-string"/>'),
    ("45 C3 02 61 62 01", f'<Sync xmlns="AirSync" {W} w:type="opaque">YWI=</Sync>'),
    ("45 C3 00 01", f'<Sync xmlns="AirSync" {W} w:type="opaque"/>'),
    ("00 15 50 C3 02 61 62 01", '<Mime xmlns="ComposeMail">YWI=</Mime>'),
    ("00 15 50 C3 00 01", f'<Mime xmlns="ComposeMail" {W} w:type="opaque"/>'),
    ("00 15 10", '<Mime xmlns="ComposeMail"/>'),
    ("00 15 50 03 61 62 00 01", f'<Mime xmlns="ComposeMail" {W} w:type="text">ab</Mime>'),
    ("00 15 50 03 00 01", f'<Mime xmlns="ComposeMail" {W} w:type="empty-string"/>'),
    # What XML cannot carry.
    ("45 03 01 5C 61 00 01", f'<Sync xmlns="AirSync" {W} w:escaped="true">\\u0001\\\\a</Sync>'),
    ("45 03 5C 75 30 30 30 31 00 01", '<Sync xmlns="AirSync">\\u0001</Sync>'),
    ("45 03 1F 7F EF BF BE EF BF BF EF BF BD 00 01", None),
    ("00 15 50 03 08 00 01", f'<Mime xmlns="ComposeMail" {W} w:type="text" w:escaped="true">\\u0008</Mime>'),
    # Unknown tags.
    ("00 2A 05", f'<w:tag page="42" token="0x05" {W}/>'),
    ("7F 00 FF 05 01", f'<w:tag page="0" token="0x3F" {W}><w:tag page="255" token="0x05"/></w:tag>'),
    (
        "45 7F C3 01 61 01 01",
        f'<Sync xmlns="AirSync" {W}><w:tag page="0" token="0x3F" w:type="opaque">YQ==</w:tag></Sync>',
    ),
    ("00 2A 45 00 00 05 00 11 06 01", None),
    # Several pieces.
    ("45 03 61 00 06 03 62 00 01", '<Sync xmlns="AirSync">a<Responses/>b</Sync>'),
    ("45 03 61 00 03 62 00 01", f'<Sync xmlns="AirSync" {W}>a<w:text>b</w:text></Sync>'),
    ("45 03 00 03 00 01", f'<Sync xmlns="AirSync" {W}><w:text></w:text><w:text></w:text></Sync>'),
    (
        "45 03 20 00 06 03 20 00 01",
        f'<Sync xmlns="AirSync" {W}><w:text> </w:text><Responses/><w:text> </w:text></Sync>',
    ),
    ("45 C3 01 61 C3 00 01", f'<Sync xmlns="AirSync" {W}><w:opaque>YQ==</w:opaque><w:opaque></w:opaque></Sync>'),
    ("45 03 61 00 C3 01 61 03 62 00 01", f'<Sync xmlns="AirSync" {W}>a<w:opaque>YQ==</w:opaque>b</Sync>'),
    ("45 03 01 00 06 01", f'<Sync xmlns="AirSync" {W}><w:text w:escaped="true">\\u0001</w:text><Responses/></Sync>'),
    (
        "00 15 50 03 61 00 C3 01 61 01",
        f'<Mime xmlns="ComposeMail" {W}><w:text>a</w:text><w:opaque>YQ==</w:opaque></Mime>',
    ),
]


@pytest.mark.parametrize(("body", "text"), BOTH_WAYS)
@pytest.mark.parametrize("indent", [None, 0, 2])
def test_both_ways(body: str, text: str | None, indent: int | None) -> None:
    data = document(body)
    made = wbxml.to_xml(data, indent=indent)
    if indent is None and text is not None:
        assert made == f'<?xml version="1.0"?>\n{text}'
    assert wbxml.from_xml(made) == data
    assert wbxml.from_xml(made.encode()) == data
    assert wbxml.from_xml(made.encode("utf-16")) == data
    ElementTree.fromstring(made)


@pytest.mark.parametrize(("body", "text"), BOTH_WAYS)
def test_elements_both_ways(body: str, text: str | None) -> None:
    data = document(body)
    assert wbxml.encode(wbxml.to_etree(data)) == data


@pytest.mark.parametrize("name", CAPTURES)
def test_captures_both_ways(name: str) -> None:
    data = CAPTURES[name].read_bytes()
    for indent in (None, 1):
        text = wbxml.to_xml(data, indent=indent)
        ElementTree.fromstring(text)
        assert wbxml.from_xml(text) == data
    assert wbxml.encode(wbxml.to_etree(data)) == data


def test_only_elements_among_elements_are_indented() -> None:
    text = wbxml.to_xml(document("45 5C 03 61 00 4F 06 01 01 4B 03 31 00 01 01"), indent=2)
    assert text.splitlines()[1:] == [
        '<Sync xmlns="AirSync">',
        "  <Collections>a<Collection>",
        "      <Responses/>",
        "    </Collection></Collections>",
        "  <SyncKey>1</SyncKey>",
        "</Sync>",
    ]


def test_prefixes_do_not_clash() -> None:
    from wbxml import CodePage, CodePages
    from wbxml.codepages import CodePageType, tag

    def page(name: str, number: int) -> Any:
        return CodePageType(name, (CodePage,), {"A": tag(0x05)}, page=number)

    pages = CodePages(page("Root", 0), page("W", 1), page("w", 2), page("XMLish", 3), page("xml", 4))
    data = document("45 00 01 05 00 02 05 00 03 05 00 04 05 00 07 05 01")
    text = wbxml.to_xml(data, pages=pages)
    assert text.splitlines()[1] == (
        '<A xmlns="Root" xmlns:_w="W" xmlns:__w="w" xmlns:_xmlish="XMLish" xmlns:_xml="xml" '
        f'{W}><_w:A/><__w:A/><_xmlish:A/><_xml:A/><w:tag page="7" token="0x05"/></A>'
    )
    assert wbxml.from_xml(text, pages=pages) == data


MARKS_THERE_ARE = (
    "w:nonsense is not a mark: there are w:tag, w:literal, w:text, w:opaque, w:ext, w:attr and w:instruction"
)
NOT_OURS = "processing instruction 'php': only wbxml-instruction is one of WBXML's"


# What others write.
@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('<?xml version="1.0" encoding="utf-8"?><Sync xmlns="AirSync:"/>', "05"),
        ('<a:Sync xmlns:a="AirSync:" xmlns:b="AirSyncBase"><b:Type>1</b:Type></a:Sync>', "45 00 11 46 03 31 00 01 01"),
        ('<Sync xmlns="AirSync"><Type xmlns="AirSyncBase:">1</Type></Sync>', "45 00 11 46 03 31 00 01 01"),
        ('<Sync xmlns="AirSync"><Add/><!-- no --><Delete/></Sync>', "45 07 09 01"),
        ('<Sync xmlns="AirSync">a<!-- no -->b</Sync>', "45 03 61 62 00 01"),
        ('<Sync xmlns="AirSync">\n  <Add/>\r\n\t</Sync>\n', "45 07 01"),
        ('<Sync xmlns="AirSync"></Sync>', "05"),
        ('<Sync xmlns="AirSync"><![CDATA[<&]]>]]&gt;</Sync>', "45 03 3C 26 5D 5D 3E 00 01"),
        ('<Sync xmlns="AirSync">&#x20AC;&#13;&quot;</Sync>', "45 03 E2 82 AC 0D 22 00 01"),
        ('<Sync xmlns="AirSync">a\r\nb\rc</Sync>', "45 03 61 0A 62 0A 63 00 01"),  # XML 1.0 section 2.11
        ('<Mime xmlns="ComposeMail">\n  YW\n  I=\n</Mime>', "00 15 50 C3 02 61 62 01"),
        ('<Mime xmlns="ComposeMail">\n</Mime>', "00 15 10"),
        (f'<Sync xmlns="AirSync" {W} w:type="opaque"> YWI= </Sync>', "45 C3 02 61 62 01"),
        (f'<Sync xmlns="AirSync" {W} w:type="text">ab</Sync>', "45 03 61 62 00 01"),
        (f'<Sync xmlns="AirSync" {W} w:type="text"/>', "05"),
        (f'<Sync xmlns="AirSync" {W} w:type="empty-string">\n</Sync>', "45 03 00 01"),
        (f'<Sync xmlns="AirSync" {W} w:escaped="false">\\u0001</Sync>', "45 03 5C 75 30 30 30 31 00 01"),
        (f'<w:tag {W} page="0x2A" token="5"/>', "00 2A 05"),
        (f'<w:tag {W} page="0" token="0x05"/>', "05"),  # not unknown at all
        ('<DisplayName xmlns="Gal:"/>', "00 10 05"),
    ],
)
def test_other_spellings(text: str, body: str) -> None:
    assert wbxml.from_xml(text) == document(body)


def test_encodings() -> None:
    text = '<?xml version="1.0" encoding="{}"?><Sync xmlns="AirSync">é</Sync>'
    expected = document("45 03 C3 A9 00 01")
    for encoding in ("utf-8", "utf-16", "iso-8859-1", "windows-1252"):
        assert wbxml.from_xml(text.format(encoding).encode(encoding)) == expected
        # A str has been decoded already, whatever it declares.
        assert wbxml.from_xml(text.format(encoding)) == expected
    assert wbxml.from_xml(b"\xef\xbb\xbf" + text.format("utf-8").encode()) == expected
    assert wbxml.from_xml(memoryview(text.format("utf-8").encode())) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "no element found"),
        ("Sync", 1, 1, "syntax error"),
        ('<Sync xmlns="AirSync">\n  <Add>\n</Sync>', 3, 3, "mismatched tag"),
        ('<Sync xmlns="AirSync">', 1, 23, "no element found"),
        ('<Sync xmlns="AirSync"/><Sync/>', 1, 24, "junk after document element"),
        ('<Sync xmlns="AirSync">\0</Sync>', 1, 23, "not well-formed (invalid token)"),
        ('<Sync xmlns="AirSync">&#1;</Sync>', 1, 23, "reference to invalid character number"),
        ('<Sync xmlns="AirSync">&nbsp;</Sync>', 1, 23, "undefined entity"),
        ('<a:Sync xmlns="AirSync"/>', 1, 1, "unbound prefix"),
        ('<Sync xmlns="AirSync">\n\n ü<Nonsense/></Sync>', 3, 3, "Nonsense is not a tag of AirSync"),
        (
            '<Sync xmlns="AirSync">\n <FileAs/></Sync>',
            2,
            2,
            "FileAs is not a tag of AirSync; FileAs is a tag of Contacts",
        ),
        ("<Nonsense/>", 1, 1, "Nonsense has no namespace, and it is not the root of a command"),
        (
            '<Subject xmlns="URI"/>',
            1,
            1,
            (
                "Subject: 'URI' is not the namespace of a code page, and it is not the root of a command; "
                "Subject is a tag of Email and Calendar and Tasks and Notes"
            ),
        ),
        ('<Sync xmlns="AirSync" id="1"/>', 1, 1, "AirSync:Sync: attribute 'id': ActiveSync WBXML has no attributes"),
        ('<Sync xmlns="AirSync"><?php x?></Sync>', 1, 23, NOT_OURS),
        (
            '<Mime xmlns="ComposeMail">\nSubject of x</Mime>',
            1,
            1,
            'ComposeMail:Mime: expected base64 (text in a byte array is marked w:type="text")',
        ),
        (f'<Sync xmlns="AirSync" {W} w:type="opaque">YWI</Sync>', 1, 1, "AirSync:Sync: expected base64"),
        (f'<Sync xmlns="AirSync" {W} w:type="opaque">é</Sync>', 1, 1, "AirSync:Sync: expected base64"),
        (
            f'<Sync xmlns="AirSync" {W} w:type="opaque"><Add/></Sync>',
            1,
            70,
            "AirSync:Sync: an element marked 'opaque' cannot hold elements",
        ),
        (
            f'<Sync xmlns="AirSync" {W} w:type="empty-string">a</Sync>',
            1,
            1,
            "AirSync:Sync: an element marked 'empty-string' holds nothing",
        ),
        (f'<Sync xmlns="AirSync" {W} w:type="int"/>', 1, 1, "AirSync:Sync: 'int' is no value for w:type"),
        (f'<Sync xmlns="AirSync" {W} w:escaped="1"/>', 1, 1, "AirSync:Sync: '1' is no value for w:escaped"),
        (
            f'<Sync xmlns="AirSync" {W} w:escaped="true">\\x</Sync>',
            1,
            1,
            "AirSync:Sync: in escaped text a backslash is followed by uXXXX or a second one",
        ),
        (
            f'<Sync xmlns="AirSync" {W} w:escaped="true">\\u0000</Sync>',
            1,
            1,
            "AirSync:Sync: a NUL at character 0 cannot be written",
        ),
        (
            f'<Sync xmlns="AirSync" {W} w:escaped="true">a\\ud800</Sync>',
            1,
            1,
            "AirSync:Sync: a lone surrogate at character 1 cannot be written",
        ),
        (f"<w:nonsense {W}/>", 1, 1, MARKS_THERE_ARE),
        (f"<w:text {W}/>", 1, 1, "w:text stands for a piece of an element and cannot be the root"),
        (f"<w:tag {W}/>", 1, 1, 'w:tag needs page="0" to "255" and token="0x05" to "0x3F"'),
        (f'<w:tag {W} page="256" token="0x05"/>', 1, 1, 'w:tag needs page="0" to "255" and token="0x05" to "0x3F"'),
        (f'<w:tag {W} page="0" token="0x45"/>', 1, 1, 'w:tag needs page="0" to "255" and token="0x05" to "0x3F"'),
        (f'<w:tag {W} page="x" token="y"/>', 1, 1, 'w:tag needs page="0" to "255" and token="0x05" to "0x3F"'),
        (
            f'<Sync xmlns="AirSync" {W}><w:text><Add/></w:text></Sync>',
            1,
            62,
            "w:text: an element marked 'text' cannot hold elements",
        ),
        (
            f'<Sync xmlns="AirSync" {W}><w:text w:type="opaque"/></Sync>',
            1,
            54,
            "w:text says its type itself",
        ),
        ("<Sync>\ud800</Sync>", 1, 7, "a lone surrogate is not a character"),
        ("<Sync>\n a\udfff", 2, 3, "a lone surrogate is not a character"),
    ],
)
def test_what_is_refused(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        wbxml.from_xml(text)
    assert str(caught.value) == f"line {line}, column {column}: {message}"
    assert (caught.value.line, caught.value.column) == (line, column)


DTD = "document types and entities are refused"


@pytest.mark.parametrize(
    "text",
    [
        '\n<!DOCTYPE Sync>\n<Sync xmlns="AirSync"/>',
        '\n<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '\n<!DOCTYPE a [<!ENTITY % x SYSTEM "http://192.0.2.1/"> %x;]><a/>',
        '\n<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    ],
)
def test_document_types_are_refused(text: str) -> None:
    with pytest.raises(EncodeError, match=rf"^line 2, column \d+: {DTD}$"):
        wbxml.from_xml(text)


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
        b'<Sync xmlns="AirSync">\xff</Sync>',
        b"\xff\xfe",
        b"\x00",
        HEADER,
    ],
)
def test_bytes_that_are_refused(data: bytes) -> None:
    with pytest.raises(EncodeError, match=r"^line 1, column \d+: "):
        wbxml.from_xml(data)


def _laughs() -> str:
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    return f'<!DOCTYPE a [<!ENTITY l0 "ha">{entities}]><a>&l12;</a>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (_laughs(), DTD),
        ('<Sync xmlns="AirSync">' * 100_000, "AirSync:Sync: elements are nested deeper than 256"),
        ('<Sync xmlns="AirSync">' + "<" + "a" * (1 << 22), "unclosed token"),
        ('<Sync xmlns="AirSync"><' + "a" * (1 << 22) + "/></Sync>", "is not a tag of AirSync"),
        ('<Sync xmlns="AirSync" ' + " ".join(f'a{n}=""' for n in range(100_000)) + "/>", "attribute 'a0'"),
        ('<Sync xmlns="AirSync">' + "&#0;" * 100_000, "reference to invalid character number"),
    ],
    ids=["billion-laughs", "deep", "tag-without-end", "long-tag", "attributes", "references"],
)
def test_large_input_that_is_refused(text: str, message: str) -> None:
    with bounded(len(text)), pytest.raises(EncodeError, match=re.escape(message)):
        wbxml.from_xml(text)


def test_large_documents() -> None:
    data = HEADER + b"\x45" + b"\x0b" * 100_000 + b"\x4b\x03" + b"x\r\n" * 1_000_000 + b"\x00\x01\x01"
    with bounded(len(data)):
        assert wbxml.from_xml(wbxml.to_xml(data)) == data


def test_depth() -> None:
    data = HEADER + b"\x45" * 255 + b"\x05" + b"\x01" * 255
    assert wbxml.from_xml(wbxml.to_xml(data, indent=1)) == data
    # A document beyond the limit of writing can still be looked at.
    deep = wbxml.decode(HEADER + b"\x45" * 5000 + b"\x01" * 5000, limits=wbxml.Limits(max_depth=5000))
    assert wbxml.to_xml(deep).count("<Sync") == 5000


@pytest.mark.parametrize("value", [None, 3, ["<Sync/>"]])
def test_what_is_no_text(value: Any) -> None:
    with pytest.raises(TypeError):
        wbxml.from_xml(value)


def test_bytes_that_are_no_document() -> None:
    for function in (wbxml.to_xml, wbxml.to_etree):
        with pytest.raises(wbxml.DecodeError, match="not WBXML"):
            function(b"<Sync/>")


# ElementTree.


def test_elements() -> None:
    root = wbxml.to_etree(capture("SendMail.request"))
    assert root.tag == "{ComposeMail}SendMail"
    assert [(child.tag, type(child.text).__name__) for child in root] == [
        ("{ComposeMail}ClientId", "str"),
        ("{ComposeMail}SaveInSentItems", "NoneType"),
        ("{ComposeMail}Mime", "bytes"),
    ]
    mime: Any = root[2].text
    assert mime.startswith(b"From: ")
    assert root.findtext("{ComposeMail}ClientId", "").startswith("cid-")


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("05", ("Sync", {}, None, [], None)),
        ("45 03 61 00 01", ("Sync", {}, "a", [], None)),
        ("45 C3 00 01", ("Sync", {}, b"", [], None)),
        ("45 03 00 01", ("Sync", {f"{MARKS}type": "empty-string"}, None, [], None)),
        ("45 03 61 00 06 C3 01 62 01", ("Sync", {}, "a", [("Responses", {}, None, [], b"b")], None)),
        ("45 03 61 00 03 62 00 01", ("Sync", {}, "a", [(f"{MARKS}text", {}, "b", [], None)], None)),
        ("45 03 61 00 C3 01 62 01", ("Sync", {}, "a", [(f"{MARKS}opaque", {}, b"b", [], None)], None)),
    ],
)
def test_elements_for_content(body: str, shape: Any) -> None:
    def shown(element: ElementTree.Element) -> Any:
        children = [shown(child) for child in element]
        return (element.tag.removeprefix("{AirSync}"), element.attrib, element.text, children, element.tail)

    assert shown(wbxml.to_etree(document(body))) == shape


def test_elements_for_unknown_tags() -> None:
    assert wbxml.to_etree(document("00 2A 45 00 00 3F 01"))[0].tag == "{AirSync}0x3F"
    assert wbxml.to_etree(document("00 2A 05")).tag == "{Page42}0x05"


def test_elements_are_ones_own() -> None:
    root = wbxml.to_etree(document("45 4B 03 31 00 01 01"))
    root[0].text = "2"
    ElementTree.SubElement(root, "{AirSyncBase}Type").text = "1"
    assert wbxml.encode(root) == document("45 4B 03 32 00 01 00 11 46 03 31 00 01 01")


def test_marked_elements_are_encoded() -> None:
    text = f'<Sync xmlns="AirSync" {W}><SyncKey w:type="opaque">YWI=</SyncKey><w:tag page="0" token="0x3F"/></Sync>'
    assert wbxml.encode(ElementTree.fromstring(text)) == document("45 4B C3 02 61 62 01 3F 01")


@pytest.mark.parametrize("name", CAPTURES)
def test_xml_that_another_parser_read(name: str) -> None:
    data = CAPTURES[name].read_bytes()
    assert wbxml.encode(ElementTree.fromstring(wbxml.to_xml(data, indent=1))) == data


def test_text_in_a_byte_array() -> None:
    root = wbxml.to_etree(document("00 15 50 03 61 62 00 01"))
    assert (root.text, root.attrib) == ("ab", {f"{MARKS}type": "text"})
    element = ElementTree.Element("{ComposeMail}Mime")
    element.text = "From someone"
    with pytest.raises(EncodeError, match="ComposeMail:Mime: expected base64"):
        wbxml.encode(element)


def test_bytes_where_a_mark_says_text() -> None:
    element = ElementTree.Element("{ComposeMail}Mime", {f"{MARKS}type": "text"})
    element.text = b"ab"  # type: ignore[assignment]
    with pytest.raises(EncodeError, match="ComposeMail:Mime: bytes in an element marked 'text'"):
        wbxml.encode(element)


@pytest.mark.parametrize("name", CAPTURES)
def test_trees_of_lxml(name: str) -> None:
    data = CAPTURES[name].read_bytes()
    assert wbxml.encode(etree.fromstring(wbxml.to_xml(data))) == data
