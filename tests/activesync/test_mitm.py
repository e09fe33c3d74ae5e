"""The views for mitmproxy, without mitmproxy: tests/mitm has them in it."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wbxml
from activesync.mitm import DocumentView, DumpView
from activesync.multipart import parts
from activesync.query import Query

from .samples import DATA, sogo

VIEW, DUMP = DocumentView(), DumpView()
DOCUMENT = "application/vnd.ms-sync.wbxml"
MULTIPART = "application/vnd.ms-sync.multipart"
SOGO = sorted(path.name.removesuffix(".wbxml") for path in (DATA / "sogo").glob("*.wbxml"))
EMPTY = {name for name in SOGO if not sogo(name)}
BROKEN = {"FolderCreate-dup.response"}
"""What SOGo sends as a document is not always one: this is text."""


def type_of(name: str) -> str:
    """The content type that a sample came with."""
    return MULTIPART if name.endswith("-multipart.response") else DOCUMENT


def shown(
    body: bytes = b"", command: str = "Sync", *, code: int = 0, type: str = DOCUMENT, method: str = "POST",
    query: str | None = None, headers: dict[str, str] | None = None,
) -> Any:  # fmt: skip
    """What mitmproxy says of a request with this query, or with ``code`` of the answer to it."""
    if query is None:
        query = f"?Cmd={command}&User=alice&DeviceId=d1&DeviceType=SP"
    given = {"MS-ASProtocolVersion": "14.1"} if headers is None else headers
    request = SimpleNamespace(
        method=method, path=f"/Microsoft-Server-ActiveSync{query}", headers=given, content=body, raw_content=body
    )
    answer = SimpleNamespace(status_code=code, content=body, raw_content=body)
    return SimpleNamespace(
        flow=SimpleNamespace(request=request), http_message=answer if code else request, content_type=type or None,
        original_data=None,
    )  # fmt: skip


def multipart(*parts: bytes) -> bytes:
    """A multipart answer of these parts."""
    offset, table = 4 + 8 * len(parts), struct.pack("<I", len(parts))
    for part in parts:
        table += struct.pack("<II", offset, len(part))
        offset += len(part)
    return table + b"".join(parts)


def test_a_request_is_its_query_and_its_document() -> None:
    body = sogo("Search-GAL.request")
    headers = {"MS-ASProtocolVersion": "14.1", "X-MS-PolicyKey": "77", "Authorization": "Basic c2VjcmV0"}
    assert VIEW.prettify(body, shown(body, "Search", headers=headers)) == (
        "<!-- ActiveSync Search request\n"
        "     user            alice\n"
        "     device          d1 (SP)\n"
        "     version         14.1\n"
        "     policy key      77\n"
        "     query           plain -->\n"
        '<Search xmlns="Search">\n'
        "  <Store>\n"
        "    <Name>GAL</Name>\n"
        "    <Query>bob</Query>\n"
        "    <Options>\n"
        "      <Range>0-9</Range>\n"
        "    </Options>\n"
        "  </Store>\n"
        "</Search>"
    )
    dump = DUMP.prettify(body, shown(body, "Search", headers=headers))
    assert dump.startswith("# ActiveSync Search request\n# user            alice\n")
    assert dump.endswith("\n\n" + wbxml.dump(body).rstrip("\n"))


def test_a_query_in_base64_is_read() -> None:
    query = Query("ItemOperations", "alice", "d1", "SP", "16.1", "77", {"LongId": "x--y", "AcceptMultiPart": "T"})
    text = VIEW.prettify(b"", shown(query=f"?{query.encoded()}", headers={}))
    assert text.splitlines() == [
        "<!-- ActiveSync ItemOperations request",
        "     user            alice",
        "     device          d1 (SP)",
        "     version         16.1",
        "     policy key      77",
        "     AcceptMultiPart T",
        r"     LongId          x\x2d-y",
        "     query           base64",
        "     no body         no ItemOperations is known that has none -->",
    ]


def test_a_query_that_cannot_be_read_is_told() -> None:
    assert "\n     query           the query string ends too early" in VIEW.prettify(b"", shown(query="?AAAA"))
    assert VIEW.prettify(b"", shown(query="")).startswith("<!-- ActiveSync request\n")


@pytest.mark.parametrize(
    ("command", "code", "meaning"),
    [
        ("Sync", 0, "the same as the last Sync that had a body"),
        ("Ping", 0, "the folders and the heartbeat interval of the last Ping that had a body"),
        ("FolderSync", 0, "no FolderSync is known that has none"),
        ("Sync", 200, "nothing has changed"),
        ("SendMail", 200, "the mail was sent"),
        ("FolderSync", 200, "an answer to FolderSync has one"),
        ("FolderSync", 449, "the device has to provision first"),
        ("FolderSync", 418, "the HTTP status 418 says all"),
    ],
)
def test_no_body_has_a_meaning(command: str, code: int, meaning: str) -> None:
    for view in (VIEW, DUMP):
        assert f"no body         {meaning}" in view.prettify(b"", shown(command=command, code=code))


def test_options_needs_no_query() -> None:
    of_request = VIEW.prettify(b"", shown(query="", method="OPTIONS"))
    assert of_request.startswith("<!-- ActiveSync OPTIONS request\n") and "asks for the versions" in of_request
    assert "are in the headers" in VIEW.prettify(b"", shown(query="", method="OPTIONS", code=200))


def test_a_status_is_explained() -> None:
    body = wbxml.from_xml('<FolderSync xmlns="FolderHierarchy"><Status>142</Status></FolderSync>')
    text = VIEW.prettify(body, shown(body, "FolderSync", code=200))
    assert "<!-- ActiveSync FolderSync answer 200\n" in text
    assert (
        "\n     status          142 DeviceNotProvisioned: there is a policy that has not been acknowledged -->" in text
    )


@pytest.mark.parametrize("name", SOGO)
def test_what_was_not_edited_stays_the_same(name: str) -> None:
    body = sogo(name)
    metadata = shown(body, name.partition("-")[0], code=200 if name.endswith("response") else 0, type=type_of(name))
    text = VIEW.prettify(body, metadata)
    assert "broken" not in text and ("no WBXML" in text) == (name in BROKEN)
    # Editors end the last line, some with a carriage return.
    for edited in (text, f"{text}\n", text.replace("\n", "\r\n")):
        assert VIEW.reencode(edited, metadata) == body


@pytest.mark.parametrize("name", [name for name in SOGO if type_of(name) == DOCUMENT and name not in BROKEN | EMPTY])
def test_an_edited_document_comes_in_canonical_form(name: str) -> None:
    body = sogo(name)
    metadata = shown(body)
    edited = VIEW.prettify(body, metadata) + "\n<!-- of the editor -->"
    assert VIEW.reencode(edited, metadata) == wbxml.encode(wbxml.decode(body))


def test_an_edit_is_in_the_bytes() -> None:
    body = sogo("Search-GAL.request")
    metadata = shown(body, "Search")
    text = VIEW.prettify(body, metadata)
    changed = wbxml.decode(VIEW.reencode(text.replace("bob", "b\u00f6b & co".replace("&", "&amp;")), metadata))
    assert changed.root.findtext("Search:Store/Search:Query") == "b\u00f6b & co"
    without_header = text[text.index("<Search") :]
    assert VIEW.reencode(without_header, metadata) == body
    # mitmproxy may say what was edited; it is no matter what else the message has.
    metadata.original_data, metadata.http_message = body, None
    assert VIEW.reencode(text, metadata) == body
    assert VIEW.reencode(" \n", metadata) == b""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</Store>", "</Shop>", "^line 13, column 5: mismatched tag"),
        ("<Name>GAL</Name>", "<Nam>GAL</Nam>", "^line 8, column 5: Nam is not a tag"),
        ("alice", "bob", "^line 1: the comments are not taken back; edit the query or the headers of the request"),
    ],
)
def test_what_cannot_be_taken_back_is_refused_with_its_place(old: str, new: str, message: str) -> None:
    body = sogo("Search-GAL.request")
    metadata = shown(body, "Search")
    with pytest.raises(ValueError, match=message):
        VIEW.reencode(VIEW.prettify(body, metadata).replace(old, new), metadata)


def test_an_empty_request_can_be_given_a_body() -> None:
    metadata = shown(b"")
    text = VIEW.prettify(b"", metadata)
    assert VIEW.reencode(text, metadata) == b""
    body = '<Sync xmlns="AirSync"><Wait>1</Wait></Sync>'
    assert VIEW.reencode(f"{text}\n{body}", metadata) == wbxml.from_xml(body)


def test_the_parts_of_an_answer_are_shown_and_kept() -> None:
    document = wbxml.from_xml('<ItemOperations xmlns="ItemOperations"><Status>1</Status></ItemOperations>')
    body = multipart(document, b"From: bob\r\n\r\nHi --\x0c", bytes([0xFF]) * 600)
    metadata = shown(body, "ItemOperations", code=200, type=MULTIPART)
    text = VIEW.prettify(body, metadata)
    assert "<Status>1</Status>\n</ItemOperations>\n\n<!-- part 1 of 2: 19 bytes -->\nFrom: bob\r\n" in text
    assert text.endswith("\nand 88 bytes more") and "Hi --\\x0c" in text
    assert "# part 2 of 2: 600 bytes\n00000000  ff ff" in DUMP.prettify(body, metadata)
    edited = text.replace("<Status>1<", "<Status>21<").replace("\r", "") + "\n"
    changed = VIEW.reencode(edited, metadata)
    assert changed == multipart(document.replace(b"\x031\0", b"\x0321\0"), *[bytes(one) for one in parts(body)[1:]])
    with pytest.raises(ValueError, match="only the document of a multipart answer"):
        VIEW.reencode(text.replace("bob", "eve"), metadata)


def test_a_multipart_answer_without_a_table_is_shown_and_not_edited() -> None:
    body = b"\5\0\0\0rest"
    metadata = shown(body, "ItemOperations", code=200, type=MULTIPART)
    text = VIEW.prettify(body, metadata)
    assert "broken          a multipart answer of 8 bytes cannot have 5 parts" in text
    assert "# broken " in DUMP.prettify(body, metadata)
    assert VIEW.reencode(text, metadata) == body
    with pytest.raises(ValueError, match="whose parts cannot be told"):
        VIEW.reencode(text + "x", metadata)


def test_what_is_no_document_is_shown_as_text() -> None:
    body = b"From: alice\r\n\r\nHello"
    metadata = shown(body, "SendMail", type="message/rfc822")
    text = VIEW.prettify(body, metadata)
    assert "no WBXML        its type is message/rfc822 -->\nFrom: alice" in text
    assert VIEW.reencode(text, metadata) == body
    with pytest.raises(ValueError, match="no WBXML"):
        VIEW.reencode(text + "!", metadata)


def test_broken_bytes_are_shown_as_far_as_they_go() -> None:
    body = sogo("Search-GAL.request")[:-3]
    metadata = shown(body, "Search")
    text = VIEW.prettify(body, metadata)
    assert "     broken          this is what can be read of it:\n       " in text and "<Query>bob</Query>" in text
    assert VIEW.reencode(text, metadata) == body
    mended = VIEW.reencode(text.replace("bob", "eve"), metadata)
    assert mended == sogo("Search-GAL.request").replace(b"bob", b"eve")
    many = VIEW.prettify(b"\x03\x01\x6a\x00\x45" + b"\xff" * 99, metadata)
    assert many.count("\n") < 60 and " more" in many


@pytest.mark.parametrize("text", ["a\x7fb", "a\tb\rc", "\x80\x85\u2028", "x\n"])
def test_characters_that_mitmproxy_does_not_show_survive_an_edit(text: str) -> None:
    """Those that it replaces by a dot are references, which an edit takes back."""
    body = wbxml.encode(wbxml.decode(sogo("Search-GAL.request")), version=3).replace(b"bob", text.encode())
    metadata = shown(body, "Search")
    as_shown = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", ".", VIEW.prettify(body, metadata))
    assert VIEW.reencode(as_shown + "\n<!-- edited -->", metadata) == body


def test_values_of_the_query_end_no_comment() -> None:
    """Nor do they hide what follows, whatever a client sends as its name."""
    metadata = shown(query="?Cmd=Sync&User=a-->%0A<b>%00%ED%B2%80&DeviceId=-&DeviceType=%EF%BF%BF")
    text = VIEW.prettify(b"", metadata)
    assert text.count("-->") == 1 and "<b>" in text.splitlines()[1]
    body = '<Sync xmlns="AirSync"/>'
    assert VIEW.reencode(f"{text}\n{body}", metadata) == wbxml.from_xml(body)


@pytest.mark.parametrize(
    ("body", "path", "type", "priority"),
    [
        (b"\x03", "/Microsoft-Server-ActiveSync", DOCUMENT, 2),
        (b"\x03", "/elsewhere", "application/vnd.ms-sync", 2),
        (b"\x03", "/elsewhere", MULTIPART, 2),
        (b"", "/microsoft-server-activesync?Cmd=Sync", "", 2),
        (b"\x03", "/Microsoft-Server-ActiveSync", "", 2),
        (b"<html>", "/Microsoft-Server-ActiveSync", "text/html", -1),
        (b"", "/elsewhere", "", -1),
        (b"\x03", "/elsewhere", "application/vnd.wap.wbxml", -1),
    ],
)
def test_it_is_chosen_for_what_is_activesync(body: bytes, path: str, type: str, priority: float) -> None:
    metadata = shown(body, type=type)
    metadata.flow.request.path = path
    assert VIEW.render_priority(body, metadata) == priority
    assert DUMP.render_priority(body, metadata) < 0.1  # mitmproxy's raw view has that


def test_a_flow_without_http_is_shown() -> None:
    body = sogo("Search-GAL.request")
    metadata = SimpleNamespace(flow=object(), http_message=None, content_type=None, original_data=None)
    assert VIEW.prettify(body, metadata).startswith("<!-- ActiveSync request -->\n<Search")  # type: ignore[arg-type]
    assert VIEW.render_priority(body, metadata) == -1  # type: ignore[arg-type]


CHANGED = st.builds(
    lambda body, at, new: body[:at] + new + body[at + 1 :],
    st.sampled_from([sogo(name) for name in SOGO[::9]]), st.integers(0, 300), st.binary(max_size=2),
)  # fmt: skip


@given(
    st.binary(max_size=200) | CHANGED, st.sampled_from((DOCUMENT, MULTIPART, "", "text/html")),
    st.sampled_from((0, 200, 500)), st.text(max_size=40),
)  # fmt: skip
def test_any_bytes_and_query_give_a_text_that_stays_the_same(body: bytes, type: str, code: int, query: str) -> None:
    metadata = shown(body, type=type, code=code, query=f"?{query}")
    text = VIEW.prettify(body, metadata)
    text.encode()
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    assert VIEW.reencode(text, metadata) == body
    assert DUMP.prettify(body, metadata)


def test_the_script_is_where_the_module_says() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "activesync.mitm"], capture_output=True, text=True, check=True, timeout=30
    )
    assert Path(done.stdout.strip()).name == "addon.py" and Path(done.stdout.strip()).is_file()
