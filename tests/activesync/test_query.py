"""Query strings, plain and in base64. Source: [MS-ASHTTP] section 2.2.1.1.1."""

from __future__ import annotations

import base64
import re

import pytest

from activesync import Client, UsageError
from activesync.query import COMMAND_CODES, PARAMETER_TAGS, Query, parse_query
from activesync.testing import EASServer, sample_mailbox

from .samples import DATA

# Section 2.2.1.1.1.1.
EXAMPLE = "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"


@pytest.mark.spec("MS-ASHTTP_R18", "MS-ASHTTP_R19", "MS-ASHTTP_R20", "MS-ASHTTP_R21", "MS-ASHTTP_R22")
def test_microsofts_example() -> None:
    query = Query("Sync", device_id="v140Device", device_type="SmartPhone", version="14.0")
    assert query.encoded() == EXAMPLE
    assert parse_query(EXAMPLE, {}) == query


@pytest.mark.spec(
    *("MS-ASHTTP_R23", "MS-ASHTTP_R24", "MS-ASHTTP_R26", "MS-ASHTTP_R451", "MS-ASHTTP_R33", "MS-ASHTTP_R29"),
)
@pytest.mark.parametrize("version", ["12.1", "14.0", "14.1", "16.0", "16.1"])
def test_version_command_and_locale(version: str) -> None:
    """Three numbers before all else: the version without its dot, the command, and the language of the answer."""
    data = base64.b64decode(Query("Settings", device_id="d", version=version).encoded())
    assert data[:4] == bytes([int(version.replace(".", "")), 17]) + b"\x09\x04"
    assert parse_query(base64.b64encode(data).decode(), {}).version == version


@pytest.mark.spec("MS-ASHTTP_R31", "MS-ASHTTP_R32", "MS-ASHTTP_R34", "MS-ASHTTP_R36")
def test_device_id() -> None:
    data = base64.b64decode(Query("Sync", device_id="abc", version="14.1").encoded())
    assert data[4:8] == b"\x03abc"
    with pytest.raises(UsageError, match="device id"):
        Query("Sync", version="14.1").encoded()


@pytest.mark.spec("MS-ASHTTP_R37", "MS-ASHTTP_R38", "MS-ASHTTP_R39", "MS-ASHTTP_R40", "MS-ASHTTP_R41")
@pytest.mark.parametrize(
    ("key", "written"), [(None, b"\0"), ("0", b"\4\0\0\0\0"), ("3942919513", b"\4\x59\x2d\x04\xeb")]
)
def test_policy_key(key: str | None, written: bytes) -> None:
    query = Query("Sync", device_id="d", version="14.1", policy_key=key)
    assert base64.b64decode(query.encoded())[6 : 6 + len(written)] == written
    assert parse_query(query.encoded(), {}).policy_key == key
    assert "3942919513" not in repr(query)


@pytest.mark.spec("MS-ASHTTP_R42", "MS-ASHTTP_R43", "MS-ASHTTP_R45")
def test_device_type() -> None:
    data = base64.b64decode(Query("Sync", device_id="d", device_type="PC", version="14.1").encoded())
    assert data[7:] == b"\x02PC"


@pytest.mark.spec(
    *("MS-ASHTTP_R46", "MS-ASHTTP_R47", "MS-ASHTTP_R49", "MS-ASHTTP_R51", "MS-ASHTTP_R52", "MS-ASHTTP_R53"),
    "MS-ASHTTP_R54",
)
def test_parameters() -> None:
    """A tag, a length and a value for each; none where there is nothing to say."""
    query = Query("Sync", user="älice", device_id="d", version="14.1")
    assert base64.b64decode(query.encoded())[8:] == bytes([8, 6]) + "älice".encode()
    assert parse_query(query.encoded(), {}).user == "älice"
    with pytest.raises(UsageError, match="255"):
        Query("Sync", user="u" * 256, device_id="d", version="14.1").encoded()
    with pytest.raises(UsageError, match="no number"):
        Query("Ring", device_id="d", version="14.1").encoded()


@pytest.mark.parametrize("text", ["", "jA", "jAAJ", "jAAJBAp2", "*", "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25lCA"])
def test_query_strings_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="query string"):
        parse_query(text, {})


@pytest.mark.spec("MS-ASHTTP_R2", "MS-ASHTTP_R509")
@pytest.mark.parametrize("encoded", [False, True])
def test_a_client_sends_either(encoded: bool) -> None:
    with (
        EASServer(sample_mailbox("alice", "secret", mails=3)) as server,
        Client(server.url, "alice", "secret", allow_http=True, base64_query=encoded) as eas,
    ):
        assert eas.folders()
        assert sum(len(page.changes) for page in eas.sync("inbox")) == 2
        for request in server.requests:
            if request.method == "POST":
                assert (request.user, request.version) == ("alice", "16.1")
                assert ("ms-asprotocolversion" in request.headers) is not encoded


@pytest.mark.spec(
    *("MS-ASHTTP_R48", "MS-ASHTTP_R50", "MS-ASHTTP_R56", "MS-ASHTTP_R30", "MS-ASHTTP_R510", "MS-ASHTTP_R517"),
    *("MS-ASHTTP_R435", "MS-ASHTTP_R73"),
)
def test_parameters_of_single_commands() -> None:
    """Each by its tag in base64, by its name in plain text."""
    given = {"CollectionId": "5", "ItemId": "5:1", "LongId": "~1", "Occurrence": "2026-11-27T12:00:00.000Z"}
    for command, code in (("SmartForward", 2), ("SmartReply", 3), ("Settings", 17)):
        query = Query(command, "alice", "d1", "SP", "14.1", "1", given)
        packed = base64.b64decode(query.encoded())
        assert packed[:4] == bytes([141, code]) + b"\x09\x04", "the locale of English, in little-endian order"
        assert parse_query(query.encoded(), {}) == query
        # After the device's id, the key and the device's type: a tag, a length and a value each.
        assert packed[15:].startswith(b"\x01\x015\x03\x035:1\x04\x02~1\x06\x18")
        plain = parse_query(query.plain(), {"ms-asprotocolversion": "14.1", "x-ms-policykey": "1"})
        assert plain == query
    assert parse_query("Cmd=GetAttachment&AttachmentName=a%2Fb&User=a&DeviceId=d&DeviceType=t", {}).parameters == {
        "AttachmentName": "a/b"
    }
    with pytest.raises(UsageError, match="Other"):
        Query("Sync", "alice", "d1", "SP", "14.1", None, {"Other": "1"}).encoded()


@pytest.mark.spec(
    *("MS-ASHTTP_R89", "MS-ASHTTP_R92", "MS-ASHTTP_R94", "MS-ASHTTP_R121", "MS-ASHTTP_R437", "MS-ASHTTP_R122"),
    *("MS-ASHTTP_R492", "MS-ASHTTP_R91"),
)
@pytest.mark.parametrize(
    ("flags", "parameters"),
    [
        (1, {"SaveInSent": "T"}),
        (2, {"AcceptMultiPart": "T"}),
        (3, {"SaveInSent": "T", "AcceptMultiPart": "T"}),
        (0, {}),
    ],
)
def test_flags_of_the_options(flags: int, parameters: dict[str, str]) -> None:
    query = Query("SmartReply", "", "d1", "SP", "14.1", None, parameters)
    packed = base64.b64decode(query.encoded())
    assert packed[11:] == (bytes([7, 1, flags]) if flags else b"")
    assert parse_query(query.encoded(), {}).parameters == parameters
    assert ("SaveInSent=T" in query.plain()) is bool(flags & 1)
    unset = Query("SmartReply", "", "d1", "SP", "14.1", None, {"SaveInSent": "F"})
    assert parse_query(unset.encoded(), {}).parameters == {} and "SaveInSent=F" in unset.plain()


@pytest.mark.spec(
    *("MS-ASHTTP_R133", "MS-ASHTTP_R149", "MS-ASHTTP_R150", "MS-ASHTTP_R154", "MS-ASHTTP_R155", "MS-ASHTTP_R440"),
)
@pytest.mark.parametrize("value", ["T", "F", None])
def test_multipart_is_asked_for_in_a_header_or_by_a_flag(value: str | None) -> None:
    headers = {} if value is None else {"ms-asacceptmultipart": value}
    parameters = parse_query("Cmd=ItemOperations&User=a&DeviceId=d&DeviceType=t", headers).parameters
    assert parameters.get("AcceptMultiPart", "F") == (value or "F")
    query = Query("ItemOperations", "a", "d", "t", "14.1", None, parameters)
    assert "MultiPart" not in query.plain()
    assert parse_query(query.encoded(), {}).parameters.get("AcceptMultiPart") == ("T" if value == "T" else None)


@pytest.mark.spec("MS-ASHTTP_R55", "MS-ASHTTP_R79", "MS-ASHTTP_R113")
def test_numbers_are_those_of_the_tables() -> None:
    """As Microsoft's requirements have them, one line each."""
    text = (DATA / "spec" / "MS-ASHTTP.txt").read_text("utf-8")
    codes = dict(re.findall(r"\[The numeric code of command\] (\w+) \[is\] (\d+)", text))
    codes["Settings"] = codes.pop("Setting")
    known = {name: str(code) for name, code in COMMAND_CODES.items()}
    assert len(codes) >= 18 and codes.items() <= known.items()
    tags = dict(map(reversed, re.findall(r"\[Tag value of\] (\d+) \[corresponds to parameter name\] (\w+)", text)))
    assert {name: str(tag) for name, tag in PARAMETER_TAGS.items()} == tags
    assert set(tags.values()) == {"0", "1", "3", "4", "6", "7", "8"}
