"""Two small languages other than ActiveSync, as a caller would define them: Service Indication, and a part of WML."""

from __future__ import annotations

import re

from wbxml import CodePage, CodePages, tag


# A date is opaque: its digits, two a byte, without the zeros at its end (WAP-167 section 8.2.1).
def date_to_text(data: bytes) -> str:
    digits = data.hex().ljust(14, "0")
    if not digits.isdecimal() or len(digits) != 14:
        raise ValueError("a date has up to 14 decimal digits")
    return re.sub(r"(....)(..)(..)(..)(..)(..)", r"\1-\2-\3T\4:\5:\6Z", digits)


def date_from_text(text: str) -> bytes:
    digits = re.sub(r"[-:TZ]", "", text)
    if not digits.isdecimal() or len(digits) != 14:
        raise ValueError(f"{text!r} is not a date such as 1999-06-25T15:23:15Z")
    return bytes.fromhex(re.sub(r"(00)+$", "", digits))


class SI(CodePage, page=0):
    si = tag(0x05)
    indication = tag(0x06)
    info = tag(0x07)
    item = tag(0x08)


SERVICE_INDICATION = CodePages(
    SI,
    public_id=5,
    attributes={
        0x05: ("action", "signal-none"),
        0x06: ("action", "signal-low"),
        0x07: ("action", "signal-medium"),
        0x08: ("action", "signal-high"),
        0x09: ("action", "delete"),
        0x0A: "created",
        0x0B: "href",
        0x0C: ("href", "http://"),
        0x0D: ("href", "http://www."),
        0x0E: ("href", "https://"),
        0x0F: ("href", "https://www."),
        0x10: "si-expires",
        0x11: "si-id",
        0x12: "class",
    },
    values={0x85: ".com/", 0x86: ".edu/", 0x87: ".net/", 0x88: ".org/"},
    opaques=dict.fromkeys(("created", "si-expires"), (date_to_text, date_from_text)),
)
"""Service Indication 1.0, whole: WAP-167, section 8.3."""


class WML(CodePage, page=0):
    a = tag(0x1C)
    p = tag(0x20)
    b = tag(0x24)
    br = tag(0x26)
    card = tag(0x27)
    wml = tag(0x3F)


WML_1_1 = CodePages(
    WML,
    public_id=4,
    attributes={0x36: "title", 0x4A: "href", 0x4B: ("href", "http://"), 0x55: "id"},
    values={0x85: ".com/", 0xA1: "www."},
    extensions={
        0x40: "$({}:escape)",
        0x41: "$({}:unesc)",
        0x42: "$({})",
        0x80: "$({string}:escape)",
        0x81: "$({string}:unesc)",
        0x82: "$({string})",
    },
)
"""What the tests need of WML 1.1 (section 14.3), with its variables."""
