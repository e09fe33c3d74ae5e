"""tokens() and dump(): all of WBXML's grammar, and any other bytes as well."""

from __future__ import annotations

import random
from typing import Any

import pytest

import wbxml
from wbxml import AirSync, Token

from .samples import CAPTURES, HEADER, MICROSOFT, bounded, document

# WBXML 1.3 section 8.2: a card with attributes, a string table, an entity and no code pages of ours.
XYZ = bytes.fromhex(
    "01 01 6A 12 61 62 63 00 20 45 6E 74 65 72 20 6E 61 6D 65 3A 20 00 47 C5 09 83 00 05 01 88 06 86 08 03 78 79 7A 00"
    "85 03 2F 73 00 01 83 04 86 07 0A 03 4E 00 01 01 01"
)


def rows(data: bytes) -> list[tuple[Any, ...]]:
    """What the tokens behind the header are."""
    return [token[2:7] for token in wbxml.tokens(data)][4:]


def token(kind: str, value: Any = None, page: int | None = None, tag: str | None = None, expected: Any = None) -> Any:
    return (kind, page, value, tag, expected)


def test_the_tokens_of_the_primer() -> None:
    # Microsoft's "An ActiveSync Primer" takes these bytes apart in the same way.
    data = (MICROSOFT / "blog-primer-foldersync-request.wbxml").read_bytes()
    sync, key = wbxml.FolderHierarchy.FolderSync, wbxml.FolderHierarchy.SyncKey
    assert list(wbxml.tokens(data)) == [
        Token(0, b"\x03", "version", None, "1.3"),
        Token(1, b"\x01", "public_id", None, 1),
        Token(2, b"\x6a", "charset", None, 106),
        Token(3, b"\x00", "string_table", None, b""),
        Token(4, b"\x00\x07", "switch_page", 7, 7),
        Token(6, b"\x56", "tag", 7, 0x16, sync),
        Token(7, b"\x52", "tag", 7, 0x12, key),
        Token(8, b"\x032\x00", "str_i", None, "2"),
        Token(11, b"\x01", "end", None, "element", key),
        Token(12, b"\x01", "end", None, "element", sync),
    ]


def test_the_example_of_wbxml() -> None:
    header = [token.value for token in wbxml.tokens(XYZ)][:4]
    assert header == ["1.1", 1, 106, b"abc\0 Enter name: \0"]
    assert rows(XYZ) == [
        token("tag", 7, 0, "AirSync:Add"),
        token("tag", 5, 0, "AirSync:Sync"),
        token("attribute", 9, 0),
        token("str_t", "abc"),
        token("attribute", 5, 0),
        token("end", "attributes", tag="AirSync:Sync"),
        token("tag", 8, 0, "AirSync:Change"),
        token("attribute", 6, 0),
        token("attribute_value", 0x86, 0),
        token("attribute", 8, 0),
        token("str_i", "xyz"),
        token("attribute_value", 0x85, 0),
        token("str_i", "/s"),
        token("end", "attributes", tag="AirSync:Change"),
        token("str_t", " Enter name: "),
        token("tag", 6, 0, "AirSync:Responses"),
        token("attribute", 7, 0),
        token("attribute", 10, 0),
        token("str_i", "N"),
        token("end", "attributes", tag="AirSync:Responses"),
        token("end", "element", tag="AirSync:Sync"),
        token("end", "element", tag="AirSync:Add"),
    ]


def test_flags_of_tags() -> None:
    found = {t.raw[0]: (t.content, t.attributes) for t in wbxml.tokens(XYZ) if t.kind == "tag"}
    assert found == {0x47: (True, False), 0xC5: (True, True), 0x88: (False, True), 0x86: (False, True)}
    assert not any(t.content or t.attributes for t in wbxml.tokens(XYZ) if t.kind != "tag")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("05", [token("tag", 5, 0, "AirSync:Sync")]),
        ("7F 01", [token("tag", 0x3F, 0, "AirSync:0x3F"), token("end", "element", tag="AirSync:0x3F")]),
        ("00 2A 05", [token("switch_page", 42, 42), token("tag", 5, 42, "Page42:0x05")]),
        ("45 C3 02 61 62 01", [..., token("opaque", b"ab"), ...]),
        ("45 C3 00 01", [..., token("opaque", b""), ...]),
        ("45 03 00 01", [..., token("str_i", ""), ...]),
        ("45 03 FF 00 01", [..., token("str_i", b"\xff", expected="text in UTF-8"), ...]),
        ("45 02 81 20 01", [..., token("entity", "\xa0"), ...]),
        ("45 02 B0 00 01", [..., token("entity", "\u1800"), ...]),
        ("45 02 83 B0 00 01", [..., token("entity", expected="the number of a character, not 55296"), ...]),
        ("45 02 C4 80 00 01", [..., token("entity", expected="the number of a character, not 1114112"), ...]),
        ("45 40 61 00 01", [..., token("ext_i", "a"), ...]),
        ("45 82 81 00 01", [..., token("ext_t", 128), ...]),
        ("45 C1 01", [..., token("ext"), ...]),
        ("45 83 00 01", [..., token("str_t", expected="a place in the string table of 0 bytes, not 0"), ...]),
    ],
)
def test_kinds(body: str, expected: list[Any]) -> None:
    found = rows(document(body))
    if expected[0] is ...:
        found, expected = found[1:-1], expected[1:-1]
    assert found == expected


def with_table(body: str) -> bytes:
    """A document with the string table "ab", "c" and, without a NUL, "d"."""
    return b"\x03\x01\x6a\x06ab\0c\0d" + bytes.fromhex(body)


@pytest.mark.parametrize(
    ("body", "value", "expected"),
    [
        ("83 00", "ab", None),
        ("83 01", "b", None),  # into the middle of a string
        ("83 02", "", None),
        ("83 03", "c", None),
        ("83 05", "d", "a string that ends with NUL in the string table"),
        ("83 06", None, "a place in the string table of 6 bytes, not 6"),
        ("83 8F FF FF FF 7F", None, "a place in the string table of 6 bytes, not 4294967295"),
    ],
)
def test_string_table(body: str, value: str | None, expected: str | None) -> None:
    assert rows(with_table(f"45 {body} 01"))[1] == token("str_t", value, expected=expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("04 00", [token("literal", "ab")]),
        ("44 03 01", [token("literal", "c"), token("end", "element")]),
        ("84 00 05 01", [token("literal", "ab"), token("attribute", 5, 0), token("end", "attributes")]),
        (
            "C4 00 04 03 03 78 00 01 03 79 00 01",
            [
                token("literal", "ab"),
                token("attribute", "c"),
                token("str_i", "x"),
                token("end", "attributes"),
                token("str_i", "y"),
                token("end", "element"),
            ],
        ),
        ("04 06", [token("literal", expected="a place in the string table of 6 bytes, not 6")]),
        (
            "43 05 85 01 05",
            [
                token("pi"),
                token("attribute", 5, 0),
                token("attribute_value", 0x85, 0),
                token("end", "pi"),
                token("tag", 5, 0, "AirSync:Sync"),
            ],
        ),
        (
            "05 43 04 00 01",
            [token("tag", 5, 0, "AirSync:Sync"), token("pi"), token("attribute", "ab"), token("end", "pi")],
        ),
        (  # tags and attributes have a code page each
            "85 00 02 06 01 00 03",
            [
                token("tag", 5, 0, "AirSync:Sync"),
                token("switch_page", 2, 2),
                token("attribute", 6, 2),
                token("end", "attributes", tag="AirSync:Sync"),
                token("switch_page", 3, 3, expected="the end of the document"),
            ],
        ),
        (
            "C5 05 C3 01 61 40 78 00 80 01 C0 02 20 83 00 01 00 01 05 01",
            [
                token("tag", 5, 0, "AirSync:Sync"),
                token("attribute", 5, 0),
                token("opaque", b"a"),
                token("ext_i", "x"),
                token("ext_t", 1),
                token("ext"),
                token("entity", " "),
                token("str_t", "ab"),
                token("end", "attributes", tag="AirSync:Sync"),
                token("switch_page", 1, 1),
                token("tag", 5, 1, "Contacts:Anniversary"),
                token("end", "element", tag="AirSync:Sync"),
            ],
        ),
        (  # what has no place among attributes
            "85 44 00 43 01",
            [
                token("tag", 5, 0, "AirSync:Sync"),
                token("attribute", "ab", expected="an attribute or END"),
                token("pi", expected="an attribute or END"),
                token("end", "attributes", tag="AirSync:Sync", expected="an attribute"),
            ],
        ),
    ],
)
def test_literals_attributes_and_instructions(body: str, expected: list[Any]) -> None:
    assert rows(with_table(body)) == expected


def header(data: str) -> list[tuple[Any, ...]]:
    return [(t.kind, t.value, t.expected) for t in wbxml.tokens(bytes.fromhex(data))][:-1]


def test_headers() -> None:
    # Version 1.0 has no character set.
    assert header("00 01 00 05") == [("version", "1.0", None), ("public_id", 1, None), ("string_table", b"", None)]
    assert header("03 9F 7D 03 00 05")[1:3] == [("public_id", 0xFFD, None), ("charset", 3, None)]
    assert header("03 00 01 6A 03 61 62 00 05")[1] == ("public_id", "b", None)
    wrong = "a place in the string table of 3 bytes, not 3"
    assert header("03 00 03 6A 03 61 62 00 05")[1] == ("public_id", None, wrong)
    wrong = "a character set that is known here (UTF-8 is 106)"
    assert header("03 01 8F 50 00 05")[2] == ("charset", 2000, wrong)


@pytest.mark.parametrize(
    ("charset", "text", "value"),
    [
        ("04", "E9 00", "é"),  # ISO-8859-1
        ("08", "E9 00", "щ"),  # ISO-8859-5
        ("11", "83 41 00", "ア"),  # Shift_JIS
        ("6F", "A4 00", "€"),  # ISO-8859-15
        ("87 68", "20 AC 00 00", "€"),  # UCS-2
        ("87 75", "01 00 00 61 00 00", "Āa"),  # UTF-16BE: the first two zeros are no NUL
        ("87 76", "AC 20 00 00", "€"),  # UTF-16LE
        ("87 77", "20 AC 00 00", "€"),  # UTF-16 without a mark
        ("87 77", "FF FE AC 20 00 00", "€"),  # and with one
        ("91 4C", "80 00", "€"),  # windows-1252
        ("8F 50", "C3 A9 00", "é"),  # unknown: as UTF-8
    ],
)
def test_character_sets(charset: str, text: str, value: str) -> None:
    data = bytes.fromhex(f"03 01 {charset} 00 45 03 {text} 01")
    assert rows(data)[1:] == [token("str_i", value), token("end", "element", tag="AirSync:Sync")]
    in_table = bytes.fromhex(f"03 01 {charset} {len(bytes.fromhex(text)):02X} {text} 45 83 00 01")
    assert rows(in_table)[1] == token("str_t", value)


# Where the bytes are no document.
@pytest.mark.parametrize(
    ("data", "offset", "raw", "expected"),
    [
        (b"", 0, b"", "a version, 0x00 to 0x03"),
        (b"<html>", 0, b"<html>", "a version, 0x00 to 0x03"),
        (b"\x03", 1, b"", "a public identifier, which is cut off"),
        (b"\x03\x81", 1, b"\x81", "a public identifier, which is cut off"),
        (b"\x03\x00", 1, b"\x00", "the place of a public identifier, which is cut off"),
        (b"\x03\x01", 2, b"", "a character set, which is cut off"),
        (b"\x03\x01\x6a", 3, b"", "the length of the string table, which is cut off"),
        (b"\x03\x01\x6a\x05abc", 3, b"\x05abc", "a string table of 5 bytes, 3 are left"),
        (b"\x03" + b"\x80" * 6, 1, b"\x80" * 6, "a public identifier of at most 32 bits"),
        (b"\x03\x90\x80\x80\x80\x00\x6a", 1, b"\x90\x80\x80\x80\x00\x6a", "a public identifier of at most 32 bits"),
        (HEADER, 4, b"", "a root element"),
        (document("00 11"), 6, b"", "a root element"),
        (document("00"), 4, b"\x00", "the number of a page"),
        (document("45"), 5, b"", "END of AirSync:Sync"),
        (document("45 46 47"), 7, b"", "END of AirSync:Add and of 2 more"),
        (document("85"), 5, b"", "END of the attributes"),
        (document("45 43 05"), 7, b"", "END of the pi"),
        (document("85 00"), 5, b"\x00", "the number of a page"),
        (document("45 03 61 62"), 5, b"\x03ab", "a string that ends with NUL"),
        (document("45 40 61"), 5, b"\x40a", "a string that ends with NUL"),
        (document("45 C3 05 61 62"), 5, b"\xc3\x05ab", "5 bytes of opaque data, 2 are left"),
        (
            document("45 C3 8F FF FF FF 7F"),
            5,
            b"\xc3\x8f\xff\xff\xff\x7f",
            "4294967295 bytes of opaque data, 0 are left",
        ),
        (document("45 C3 81"), 5, b"\xc3\x81", "the length of opaque data, which is cut off"),
        (document("45 02"), 5, b"\x02", "the number of a character, which is cut off"),
        (
            document("45 02 FF FF FF FF 7F"),
            5,
            b"\x02\xff\xff\xff\xff\x7f",
            "the number of a character of at most 32 bits",
        ),
        (document("45 80"), 5, b"\x80", "the number of an extension, which is cut off"),
        (document("45 83"), 5, b"\x83", "the place of a string, which is cut off"),
        (document("04"), 4, b"\x04", "the place of a name, which is cut off"),
        (bytes.fromhex("03 01 04 01 00 44 00"), 7, b"", "END of a literal"),
    ],
)
def test_the_rest_is_unknown(data: bytes, offset: int, raw: bytes, expected: str) -> None:
    found = list(wbxml.tokens(data))
    assert found[-1] == Token(offset, raw, "unknown", expected=expected)
    assert all(token.kind != "unknown" for token in found[:-1])
    assert b"".join(token.raw for token in found) == data


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("01 05", [token("end", "element", expected="a root element"), token("tag", 5, 0, "AirSync:Sync")]),
        (
            "03 61 00 05",
            [token("str_i", "a", expected="a root element"), token("tag", 5, 0, "AirSync:Sync")],
        ),
        (
            "05 46 07 01",
            [
                token("tag", 5, 0, "AirSync:Sync"),
                token("tag", 6, 0, "AirSync:Responses", "the end of the document"),
                token("tag", 7, 0, "AirSync:Add"),
                token("end", "element", tag="AirSync:Responses"),
            ],
        ),
        (
            "05 00 00 C3 00 01",
            [
                token("tag", 5, 0, "AirSync:Sync"),
                token("switch_page", 0, 0, expected="the end of the document"),
                token("opaque", b"", expected="the end of the document"),
                token("end", "element", expected="the end of the document"),
            ],
        ),
    ],
)
def test_what_is_out_of_place_is_told(body: str, expected: list[Any]) -> None:
    assert rows(document(body)) == expected


def joined(data: bytes) -> list[Token]:
    """The tokens, having checked that they are all there is, each where it says."""
    found = list(wbxml.tokens(data))
    assert b"".join(token.raw for token in found) == data
    place = 0
    for one in found:
        assert one.offset == place
        place += len(one.raw)
    return found


@pytest.mark.parametrize("name", CAPTURES)
def test_captures(name: str) -> None:
    data = CAPTURES[name].read_bytes()
    found = joined(data)
    assert all(token.expected is None for token in found)
    assert [t.tag for t in found if t.kind == "tag"] == [element.tag for element in wbxml.decode(data).root.iter()]
    assert wbxml.dump(data).count("\n") == len(found)


@pytest.mark.parametrize(
    "data", [XYZ, (MICROSOFT / "aswbxml-3-contact.wbxml").read_bytes(), with_table("C4 00 04 03 01 83 00 01")]
)
def test_every_truncation_and_every_changed_byte(data: bytes) -> None:
    for length in range(len(data)):
        found = joined(data[:length])
        assert found[-1].kind == "unknown"
        assert found[-1].expected
        wbxml.dump(data[:length])
        for byte in (0x00, 0x01, 0x04, 0x43, 0x83, 0xC3, data[length] ^ 0x80, data[length] ^ 0x40, 0xFF):
            changed = data[:length] + bytes([byte]) + data[length + 1 :]
            joined(changed)
            wbxml.dump(changed)


def test_random_bytes() -> None:
    source = random.Random(1)
    for _ in range(3000):
        data = source.randbytes(source.randrange(50))
        joined(data)
        joined(HEADER + data)
        assert wbxml.dump(data).endswith("\n")
        assert wbxml.dump(HEADER + data, colour=True).endswith("\n")


@pytest.mark.parametrize(
    "data",
    [
        HEADER + b"\x45" * 200_000,
        HEADER + b"\x45" + b"\x05" * 200_000 + b"\x01",
        HEADER + b"\x05" * 200_000,
        HEADER + b"\x45\x03" + b"x" * (16 << 20) + b"\x00\x01",
        HEADER + b"\x45\x03" + b"x" * (16 << 20),
        b"\x03" + b"\x80" * (16 << 20),
        b"\x03\x01\x87\x75\x00\x45\x03" + b"\x01\x00" * (1 << 20),
        b"\x03\x01\x6a\x8f\xff\xff\xff\x7f",
        bytes(1 << 20),
    ],
    ids=["deep", "siblings", "roots", "text", "text-without-nul", "integer", "utf-16-without-nul", "table", "zeros"],
)
def test_large_input(data: bytes) -> None:
    size = sum(len(token.raw) for token in wbxml.tokens(data))
    with bounded(len(data)):
        for one in wbxml.tokens(data):
            size -= len(one.raw)
    assert size == 0
    if len(data) < 1 << 20:
        with bounded(len(data)):
            wbxml.dump(data)


def test_any_bytes_like_object() -> None:
    data = document("45 C3 01 61 01")
    assert list(wbxml.tokens(bytearray(data))) == list(wbxml.tokens(memoryview(data))) == list(wbxml.tokens(data))
    assert wbxml.dump(memoryview(data)[:3]) == wbxml.dump(data[:3])
    with pytest.raises(TypeError):
        list(wbxml.tokens("text"))  # type: ignore[arg-type]


def test_a_token_can_be_changed_and_the_document_joined() -> None:
    data = (MICROSOFT / "blog-primer-foldersync-request.wbxml").read_bytes()
    changed = [one._replace(raw=b"\x033\x00") if one.kind == "str_i" else one for one in wbxml.tokens(data)]
    doc = wbxml.decode(b"".join(one.raw for one in changed))
    assert doc.root.findtext(wbxml.FolderHierarchy.SyncKey) == "3"


def test_other_code_pages() -> None:
    pages = wbxml.CodePages(wbxml.Contacts)
    assert [t.tag for t in wbxml.tokens(document("05"), pages=pages)][-1] == "Page0:0x05"
    assert "Page0:0x05" in wbxml.dump(document("05"), pages=pages)


def test_dump() -> None:
    assert wbxml.dump(document("45 4B 03 30 00 01 00 11 0A 01 00")) == (
        "00000000  03                          version              1.3\n"
        "00000001  01                          public_id            1\n"
        "00000002  6a                          charset              106 (UTF-8)\n"
        "00000003  00                          string_table         b''\n"
        "00000004  45                          tag               0  <AirSync:Sync>\n"
        "00000005  4b                          tag               0    <AirSync:SyncKey>\n"
        "00000006  03 30 00                    str_i                    '0'\n"
        "00000009  01                          end                    </AirSync:SyncKey>\n"
        "0000000a  00 11                       switch_page      17    AirSyncBase\n"
        "0000000c  0a                          tag              17    <AirSyncBase:Body/>\n"
        "0000000d  01                          end                  </AirSync:Sync>\n"
        "0000000e  00                          unknown              b'\\x00'  <-- expected the number of a page\n"
    )


def test_dump_of_attributes() -> None:
    lines = [line[38:] for line in wbxml.dump(XYZ).splitlines()[4:12]]
    assert lines == [
        "tag               0  <AirSync:Add>",
        "tag               0    <AirSync:Sync ...>",
        "attribute         0      0x09",
        "str_t                    'abc'",
        "attribute         0      0x05",
        "end                      end of attributes",
        "tag               0      <AirSync:Change .../>",
        "attribute         0      0x06",
    ]


def test_dump_shortens() -> None:
    dumped = wbxml.dump(HEADER + b"\x45\x03" + b"x" * 1000 + b"\x00\xc3\x87\x68" + bytes(1000) + b"\x01")
    assert max(map(len, dumped.splitlines())) < 320
    assert "00000005  03 78 78 78 78 78 78 78 ..  str_i" in dumped
    assert f"'{'x' * 60}'.. (1000 characters)\n" in dumped
    assert f"{bytes(60)!r}.. (1000 bytes)\n" in dumped


def test_dump_says_nothing_to_the_terminal() -> None:
    dumped = wbxml.dump(HEADER + b"\x45\x03\x1b]0;x\x07\xc2\x9b\r\n\xe2\x80\xae\x00\x01")
    assert all(character.isprintable() or character == "\n" for character in dumped)
    assert len(dumped.splitlines()) == 7


def test_dump_in_colour() -> None:
    data = document("45 03 61 00 02")
    dumped = wbxml.dump(data, colour=True)
    assert "\x1b[36m<AirSync:Sync>\x1b[0m" in dumped
    assert "\x1b[1;31m  <-- expected" in dumped
    import re

    plain = re.sub("\x1b\\[[0-9;]*m", "", dumped)
    assert [line.rstrip() for line in plain.splitlines()] == wbxml.dump(data).splitlines()


def test_the_functions_are_not_hidden_by_their_module() -> None:
    import wbxml.tokenstream

    assert wbxml.tokens is wbxml.tokenstream.tokens
    assert callable(wbxml.dump)
    assert next(wbxml.tokens(HEADER)).tag is None
    assert AirSync.Sync in [t.tag for t in wbxml.tokens(document("05"))]


# -- Tokens with other values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind", "value", "wanted"),
    [
        ("03 01 6A 00 45 03 61 00 01", "str_i", "bc", "03 01 6A 00 45 03 62 63 00 01"),
        ("03 01 6A 00 45 03 61 00 01", "str_i", b"\xff", "03 01 6A 00 45 03 FF 00 01"),
        ("03 01 87 77 00 45 03 00 61 00 00 01", "str_i", "\u0100", "03 01 87 77 00 45 03 01 00 00 00 01"),
        ("03 01 6A 00 45 C3 01 61 01", "opaque", bytes(200), "03 01 6A 00 45 C3 81 48" + "00" * 200 + "01"),
        ("03 01 6A 00 45 01", "tag", 0x0B, "03 01 6A 00 4B 01"),
        ("03 01 6A 00 00 07 05", "switch_page", 8, "03 01 6A 00 00 08 05"),
        ("03 01 6A 00 05", "charset", 1000, "03 01 87 68 00 05"),
        ("03 01 6A 00 05", "public_id", 0x1201, "03 A4 01 6A 00 05"),
        ("03 01 6A 00 05", "version", "1.1", "01 01 6A 00 05"),
        ("03 01 6A 00 05", "string_table", b"ab\0", "03 01 6A 03 61 62 00 05"),
        ("03 01 6A 03 61 62 00 45 83 00 01", "str_t", 1, "03 01 6A 03 61 62 00 45 83 01 01"),
        ("03 01 6A 03 61 62 00 04 00", "literal", 1, "03 01 6A 03 61 62 00 04 01"),
        ("03 01 6A 00 45 02 41 01", "entity", "\xa0", "03 01 6A 00 45 02 81 20 01"),
        ("03 01 6A 00 45 02 41 01", "entity", 0xD800, "03 01 6A 00 45 02 83 B0 00 01"),
        ("03 01 6A 00 45 40 61 00 01", "ext_i", "b", "03 01 6A 00 45 40 62 00 01"),
        ("03 01 6A 00 45 80 01 01", "ext_t", 200, "03 01 6A 00 45 80 81 48 01"),
        ("03 01 6A 00 85 05 01", "attribute", 6, "03 01 6A 00 85 06 01"),
        ("03 01 6A 02 61 00 85 04 00 01", "attribute", 1, "03 01 6A 02 61 00 85 04 01 01"),
        ("03 01 6A 00 85 05 85 01", "attribute_value", 0x86, "03 01 6A 00 85 05 86 01"),
        ("03 01 6A 00 45 03 61", "unknown", b"\x01", "03 01 6A 00 45 01"),
    ],
)
def test_a_changed_token(data: str, kind: str, value: Any, wanted: str) -> None:
    found = list(wbxml.tokens(bytes.fromhex(data)))
    joined = b"".join([one.changed(value).raw if one.kind == kind else one.raw for one in found])
    assert joined == bytes.fromhex(wanted)
    assert next(one.changed(value) for one in found if one.kind == kind).value == value


@pytest.mark.parametrize(
    ("data", "kind", "value"),
    [
        ("03 01 6A 00 45 03 61 00 01", "str_i", 1),
        ("03 01 6A 00 45 03 61 00 01", "end", "element"),
        ("03 01 6A 00 05", "tag", 0x40),
        ("03 01 6A 00 05", "version", "1.4"),
        ("03 01 6A 00 05", "charset", 1 << 32),
        ("03 01 6A 00 05", "charset", -1),
        ("03 01 6A 00 45 C3 00 01", "opaque", "text"),
        ("03 01 6A 00 45 C0 01", "ext", 1),
    ],
)
def test_what_a_token_cannot_be(data: str, kind: str, value: Any) -> None:
    one = next(one for one in wbxml.tokens(bytes.fromhex(data)) if one.kind == kind)
    with pytest.raises(ValueError, match=r"cannot have the value|does not fit 32 bits"):
        one.changed(value)


def test_a_content_bit_without_content_is_told_apart() -> None:
    with_bit, without = (list(wbxml.tokens(HEADER + body)) for body in (b"\x45\x01", b"\x05"))
    assert [one.content for one in with_bit if one.kind == "tag"] == [True]
    assert [one.content for one in without if one.kind == "tag"] == [False]
