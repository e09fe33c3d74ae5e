"""Query strings, plain and in base64. Source: [MS-ASHTTP] section 2.2.1.1.1."""

from __future__ import annotations

import base64

import pytest

from activesync import Client, UsageError
from activesync.query import Query, parse_query
from activesync.testing import EASServer, sample_mailbox

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
