"""Bytes that are no document, and the error that says so."""

from __future__ import annotations

import gzip
from typing import NamedTuple

from wbxml import DecodeError, LimitError, TruncatedError

from .samples import HEADER, document


class Bad(NamedTuple):
    """Bytes that are no document, and the error that says so."""

    name: str
    data: bytes
    kind: type[DecodeError]
    message: str
    offset: int


def cut_off(name: str, data: bytes) -> Bad:
    return Bad(name, data, TruncatedError, "the document ends too early", len(data))


def bad(name: str, data: bytes, offset: int, message: str) -> Bad:
    return Bad(name, data, DecodeError, message, offset)


NOT_WBXML = "not WBXML: the version byte must be 0x00 to 0x03, found 0x{:02X}"
INTEGER = "an integer of more than 32 bits"
PUBLIC_ID = "a public identifier outside of the string table"
CHARSET = "character set {} is not known (UTF-8 is 106)"
CHARACTERS = "text is not in the document's character set, {}"
ENTITY = "{} is not the number of a character"
REFERENCE = "there is no string at place {} of the string table"
ATTRIBUTE = "an attribute was expected, found token 0x{:02X}"
ATTRIBUTE_MIXED = "an attribute's value is text and opaque data"
EXTENSION = "the code pages have no text for extension 0x{:02X} in an attribute"
TABLED = b"\x03\x01\x6a\x04abc\x00"
TEXT = "text is not UTF-8"
NO_ROOT = "a root element was expected, found token 0x{:02X}"
AFTER = "nothing may follow the root element, found 0x{:02X}"
MB = 1 << 20

TABLE = [
    # The header.
    cut_off("empty", b""),
    cut_off("header-1", b"\x03"),
    cut_off("header-2", b"\x03\x01"),
    cut_off("header-3", b"\x03\x01\x6a"),
    cut_off("header-only", HEADER),
    cut_off("version-1.0", b"\x00\x01\x00"),
    bad("version-4", b"\x04\x01\x6a\x00\x05", 0, NOT_WBXML.format(4)),
    bad("version-255", b"\xff\x01\x6a\x00\x05", 0, NOT_WBXML.format(255)),
    bad("html", b"<html><body>502 Bad Gateway</body></html>", 0, NOT_WBXML.format(0x3C)),
    bad("json", b'{"error": "unauthorised"}', 0, NOT_WBXML.format(0x7B)),
    bad("gzip", gzip.compress(HEADER + b"\x05"), 0, NOT_WBXML.format(0x1F)),
    bad("text", b"Unable to create folder", 0, NOT_WBXML.format(0x55)),
    bad("byte-order-mark", b"\xef\xbb\xbf" + HEADER + b"\x05", 0, NOT_WBXML.format(0xEF)),
    cut_off("public-id-cut", b"\x03\x81"),
    cut_off("public-id-reference-cut", b"\x03\x00\x81"),
    bad("public-id-no-table", b"\x03\x00\x00\x6a\x00\x05", 1, PUBLIC_ID),
    bad("public-id-beyond-table", b"\x03\x00\x04\x6a\x04abc\x00\x05", 1, PUBLIC_ID),
    bad("public-id-far-beyond", b"\x03\x00\x8f\xff\xff\xff\x7f\x6a\x04abc\x00\x05", 1, PUBLIC_ID),
    bad("charset-none", b"\x03\x01\x01\x00\x05", 2, CHARSET.format(1)),
    bad("charset-unknown", b"\x03\x01\x8f\x50\x00\x05", 2, CHARSET.format(2000)),
    bad("charset-largest", b"\x03\x01\x8f\xff\xff\xff\x7f\x00\x05", 2, CHARSET.format(0xFFFFFFFF)),
    cut_off("charset-cut", b"\x03\x01\x87"),
    cut_off("table-longer", b"\x03\x01\x6a\x05abc\x00"),
    cut_off("table-longer-by-far", b"\x03\x01\x6a\xa0\x80\x80\x00abc\x00"),
    Bad(
        "table-longest",
        b"\x03\x01\x6a\x8f\xff\xff\xff\x7fabc\x00",
        LimitError,
        "the document is larger than max_size = 2147483647 bytes",
        8,
    ),
    cut_off("table-all-there-is", b"\x03\x01\x6a\x04abc\x00"),
    # Integers.
    bad("integer-6-bytes", b"\x03\x80\x80\x80\x80\x80\x01\x6a\x00\x05", 1, INTEGER),
    bad("integer-2**32", b"\x03\x90\x80\x80\x80\x00\x6a\x00\x05", 1, INTEGER),
    bad("integer-2**35-1", b"\x03\xff\xff\xff\xff\x7f\x6a\x00\x05", 1, INTEGER),
    bad("integer-1-mb-of-80", b"\x03" + b"\x80" * MB, 1, INTEGER),
    bad("integer-1-mb-of-ff", b"\x03" + b"\xff" * MB, 1, INTEGER),
    bad("integer-in-reference", b"\x03\x00" + b"\xff" * 6, 2, INTEGER),
    bad("integer-in-charset", b"\x03\x01" + b"\xff" * 6, 2, INTEGER),
    bad("integer-in-table-length", b"\x03\x01\x6a" + b"\xff" * 6, 3, INTEGER),
    cut_off("integer-cut", b"\x03\x80\x80\x80\x80"),
    # Structure.
    cut_off("open-root", document("45")),
    cut_off("open-child", document("45 46 01")),
    cut_off("tag-at-end", document("45 46")),
    cut_off("page-without-number", document("00")),
    cut_off("page-without-number-in-root", document("45 00")),
    cut_off("page-but-no-root", document("00 11")),
    cut_off("pages-but-no-root", HEADER + b"\x00\x11" * MB),
    bad("end-as-root", document("01"), 4, NO_ROOT.format(1)),
    bad("text-as-root", document("03 61 00"), 4, NO_ROOT.format(3)),
    bad("opaque-as-root", document("C3 00"), 4, NO_ROOT.format(0xC3)),
    bad("text-after-page", document("00 11 03 61 00"), 6, NO_ROOT.format(3)),
    bad("extra-end", document("45 01 01"), 6, AFTER.format(1)),
    bad("end-after-empty-root", document("05 01"), 5, AFTER.format(1)),
    bad("two-roots", document("05 05"), 5, AFTER.format(5)),
    bad("two-roots-with-content", document("45 01 45 01"), 6, AFTER.format(0x45)),
    bad("two-documents", document("05 03 01 6A 00 05"), 5, AFTER.format(3)),
    bad("page-after-root", document("05 00 00"), 5, AFTER.format(0)),
    bad("zeros-after-root", document("05") + bytes(1000), 5, AFTER.format(0)),
    bad("crlf-after-root", document("45 01 0D 0A"), 6, AFTER.format(0x0D)),
    Bad(
        "depth-257",
        HEADER + b"\x45" * 257 + b"\x01" * 257,
        LimitError,
        "elements are nested deeper than max_depth = 256",
        4 + 256,
    ),
    Bad(
        "depth-10-million",
        HEADER + b"\x45" * 10_000_000,
        LimitError,
        "elements are nested deeper than max_depth = 256",
        4 + 256,
    ),
    # Text and opaque.
    cut_off("text-without-nul", document("45 03 61 62")),
    cut_off("text-of-nothing", document("45 03")),
    cut_off("long-text-without-nul", HEADER + b"\x45\x03" + b"x" * MB),
    cut_off("text-without-end", document("45 03 61 00")),
    cut_off("second-text-without-nul", document("45 03 61 00 03 62")),
    bad("utf-8-lone-continuation", document("45 03 61 80 00 01"), 5, TEXT),
    bad("utf-8-cut", document("45 03 61 E2 82 00 01"), 5, TEXT),
    bad("utf-8-overlong", document("45 03 C0 AF 00 01"), 5, TEXT),
    bad("utf-8-overlong-nul", document("45 03 C0 80 00 01"), 5, TEXT),
    bad("utf-8-overlong-3", document("45 03 E0 80 AF 00 01"), 5, TEXT),
    bad("utf-8-surrogate", document("45 03 ED A0 80 00 01"), 5, TEXT),
    bad("utf-8-surrogate-pair", document("45 03 ED A0 BD ED B8 80 00 01"), 5, TEXT),
    bad("utf-8-beyond-unicode", document("45 03 F4 90 80 80 00 01"), 5, TEXT),
    bad("utf-8-5-bytes", document("45 03 F8 88 80 80 80 00 01"), 5, TEXT),
    bad("utf-8-ff", document("45 03 FF 00 01"), 5, TEXT),
    bad("latin-1", document("45 46 01 47 03 E9 74 E9 00 01 01"), 8, TEXT),
    bad("utf-8-in-second-piece", document("45 03 61 00 03 FF 00 01"), 8, TEXT),
    bad("utf-8-far-in", HEADER + b"\x45\x03" + b"x" * MB + b"\xff\x00\x01", 5, TEXT),
    cut_off("opaque-without-length", document("45 C3")),
    cut_off("opaque-with-half-a-length", document("45 C3 81")),
    cut_off("opaque-cut", document("45 C3 03 61 62")),
    cut_off("opaque-without-end", document("45 C3 02 61 62")),
    cut_off("opaque-2**31-1", document("45 C3 87 FF FF FF 7F 61 62")),
    cut_off("opaque-2**31", document("45 C3 88 80 80 80 00 61 62")),
    cut_off("opaque-2**32-1", document("45 C3 8F FF FF FF 7F 61 62")),
    bad("opaque-2**32", document("45 C3 90 80 80 80 00 61 62 01"), 5, INTEGER),
    bad("opaque-6-byte-length", document("45 C3 80 80 80 80 80 01 61 01"), 5, INTEGER),
    bad("opaque-length-in-second-piece", document("45 03 61 00 C3 90 80 80 80 00"), 8, INTEGER),
    # What WBXML has and ActiveSync has not ([MS-ASWBXML] section 2.1.3).
    bad("entity-0", document("45 02 00 01"), 5, ENTITY.format(0)),
    bad("entity-d800", document("45 02 83 B0 00 01"), 5, ENTITY.format(0xD800)),
    bad("entity-110000", document("45 02 C4 80 00 01"), 5, ENTITY.format(0x110000)),
    bad("entity-2**32-1", document("45 02 8F FF FF FF 7F 01"), 5, ENTITY.format(0xFFFFFFFF)),
    bad("entity-2**32", document("45 02 90 80 80 80 00 01"), 5, INTEGER),
    cut_off("entity-cut", document("45 02 81")),
    bad("literal-without-table", document("45 04 00 01"), 5, REFERENCE.format(0)),
    bad("literal-beyond", b"\x03\x01\x6a\x04abc\x00\x45\x04\x04\x01", 9, REFERENCE.format(4)),
    cut_off("literal-cut", document("45 04 81")),
    cut_off("literal-c-without-end", TABLED + b"\x44\x00\x03a\x00"),
    cut_off("literal-a-without-end", TABLED + b"\x84\x00\x05"),
    cut_off("ext-i-without-nul", document("45 40 61")),
    cut_off("ext-t-cut", document("45 80 81")),
    bad("ext-t-2**32", document("45 80 90 80 80 80 00 01"), 5, INTEGER),
    bad("ext-i-not-utf-8", document("45 40 FF 00 01"), 5, TEXT),
    bad("str-t-without-table", document("45 83 00 01"), 5, REFERENCE.format(0)),
    bad("str-t-beyond", TABLED + b"\x45\x83\x04\x01", 9, REFERENCE.format(4)),
    bad("str-t-minus-1", TABLED + b"\x45\x83\x8f\xff\xff\xff\x7f\x01", 9, REFERENCE.format(0xFFFFFFFF)),
    bad("str-t-without-nul", b"\x03\x01\x6a\x03abc\x45\x83\x00\x01", 8, REFERENCE.format(0)),
    bad("str-t-not-utf-8", b"\x03\x01\x6a\x02\xff\x00\x45\x83\x00\x01", 7, TEXT),
    cut_off("pi-cut", document("45 43")),
    cut_off("pi-without-end", document("45 43 05")),
    bad("pi-of-nothing", document("45 43 01 01"), 6, ATTRIBUTE.format(1)),
    bad("pi-of-two", document("45 43 05 06 01 01"), 7, ATTRIBUTE.format(6)),
    bad("pi-of-a-value", document("45 43 85 01 01"), 6, ATTRIBUTE.format(0x85)),
    bad("pi-within-pi", document("45 43 05 43 05 01 01 01"), 7, ATTRIBUTE.format(0x43)),
    cut_off("pi-but-no-root", document("43 05 01")),
    cut_off("pi-before-root-cut", document("43 05 03")),
    bad("pi-after-root-cut-value", document("05 43 03"), 6, ATTRIBUTE.format(3)),
    cut_off("pi-after-root-cut", document("05 43 05")),
    bad("element-after-pi", document("05 43 05 01 05"), 8, AFTER.format(5)),
    cut_off("attributes-missing", document("85")),
    cut_off("attributes-without-end", document("C5 05 03 61 00")),
    bad("attributes-empty", document("45 86 01 01"), 6, ATTRIBUTE.format(1)),
    bad("attribute-value-first", document("45 86 85 05 01 01"), 6, ATTRIBUTE.format(0x85)),
    bad("attribute-text-first", document("45 86 03 61 00 01 01"), 6, ATTRIBUTE.format(3)),
    bad("attribute-unknown-value", document("45 86 05 85 01 01"), 7, "the code pages have no attribute value 0x85"),
    bad("attribute-literal-c", document("45 86 05 44 00 01 01"), 7, ATTRIBUTE.format(0x44)),
    bad("attribute-literal-a", document("45 86 05 84 00 01 01"), 7, ATTRIBUTE.format(0x84)),
    bad("attribute-pi", document("45 86 05 43 05 01 01 01"), 7, ATTRIBUTE.format(0x43)),
    bad("attribute-ext", document("45 86 05 C0 01 01"), 7, EXTENSION.format(0xC0)),
    bad(
        "attribute-mixed",
        document("45 86 05 03 61 00 C3 01 62 01 01"),
        6,
        ATTRIBUTE_MIXED,
    ),
    bad("attribute-twice", document("45 86 05 05 01 01"), 7, "the attribute 0x05 stands there twice"),
    bad("attribute-not-utf-8", document("45 86 05 03 FF 00 01 01"), 7, TEXT),
    bad("attribute-entity", document("45 86 05 02 00 01 01"), 7, ENTITY.format(0)),
    bad("attribute-literal-beyond", document("45 86 04 00 01 01"), 6, REFERENCE.format(0)),
    cut_off("page-among-attributes-cut", document("85 05 00")),
    bad("root-without-name", document("04 00"), 4, REFERENCE.format(0)),
    # Other character sets.
    bad("ascii-2", b"\x03\x01\x12\x00\x45\x03\xff\x00\x01", 5, "text is not in the document's character set, 18"),
    bad("utf-16-cut", b"\x03\x01\x87\x77\x00\x45\x03\xd8\x00\x00\x00\x01", 6, CHARACTERS.format(1015)),
    cut_off("utf-16-one-nul", b"\x03\x01\x87\x77\x00\x45\x03\x00\x61\x00"),
    cut_off("utf-16-nul-across", b"\x03\x01\x87\x77\x00\x45\x03\x61\x00\x00\x61"),
    Bad(
        "string-table-bomb",
        b"\x03\x01\x6a\xf5\x19" + b"x" * 15_000 + b"\x00" + b"\x45" + b"\x83\x00" * 7_500 + b"\x01",
        LimitError,
        "strings that are referred to come to more than max_expanded = 16777216 characters",
        15_007 + 2 * (16777216 // 15_000),
    ),
]


# A Decoder checks the structure of what nobody selected, but not what its attributes and references come to.
ONLY_SELECTED = {
    "attribute-entity",
    "attribute-ext",
    "attribute-literal-beyond",
    "attribute-mixed",
    "attribute-twice",
    "attribute-unknown-value",
    "string-table-bomb",
}
