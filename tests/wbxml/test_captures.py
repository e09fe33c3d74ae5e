"""Documents that we did not make: a real server's, Microsoft's, and what libwbxml makes of both."""

from __future__ import annotations

import csv
import re
import shutil
import signal
import subprocess
from base64 import b64encode
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

import wbxml
from wbxml import ACTIVESYNC

from .peers import ENVIRONMENT
from .samples import CAPTURES, HEADER, LIBWBXML, MICROSOFT, NO_DOCUMENTS, SOGO, bounded


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


EXAMPLES = {row["file"]: row for row in table(MICROSOFT / "examples.tsv")}

# Text where a byte array belongs: [MS-ASDTYPE] section 2.7.1. Printed so, it says nothing about bytes.
UNENCODABLE = {
    "asemail-4.1.1-sync-response.xml": "Email2:ConversationIndex: expected base64",
    "asemail-4.1.2-sync-response.xml": "Email2:ConversationIndex: expected base64",
    "asemail-4.4-sync-request-draft.xml": "AirSyncBase:Content: expected base64",
}
PRINTED = sorted(path.name for path in MICROSOFT.glob("*.xml") if path.name not in UNENCODABLE)


@pytest.mark.parametrize("name", CAPTURES)
def test_captures_byte_for_byte(kernel: ModuleType, name: str) -> None:
    # All of them are in the form that we write.
    data = CAPTURES[name].read_bytes()
    doc = kernel.decode(data)
    assert kernel.encode(doc) == data
    assert kernel.encode(doc.root) == data
    assert all(element.tag in ACTIVESYNC.by_name for element in doc.root.iter())


@pytest.mark.parametrize("name", sorted(NO_DOCUMENTS))
def test_what_is_no_document(kernel: ModuleType, name: str) -> None:
    with pytest.raises(wbxml.DecodeError):
        kernel.decode((SOGO / f"{name}.wbxml").read_bytes())


def test_a_part_of_an_answer_in_parts(kernel: ModuleType) -> None:
    # [MS-ASCMD] section 2.2.1.10.1.1: a count, then offset and length of each part.
    data = (SOGO / "ItemOperations-fetch-multipart.response.wbxml").read_bytes()
    offset, length = int.from_bytes(data[4:8], "little"), int.from_bytes(data[8:12], "little")
    doc = kernel.decode(memoryview(data)[offset : offset + length])
    assert doc.root.tag == "ItemOperations:ItemOperations"
    assert doc.root.offset == 6


# Microsoft's examples.


@pytest.mark.parametrize("name", sorted(path.name for path in MICROSOFT.glob("*.wbxml")))
def test_printed_bytes(kernel: ModuleType, name: str) -> None:
    data = (MICROSOFT / name).read_bytes()
    text = (MICROSOFT / name).with_suffix(".xml").read_bytes()
    assert wbxml.from_xml(text) == data
    assert kernel.encode(kernel.decode(data)) == data
    assert wbxml.encode(ElementTree.fromstring(text)) == data


@pytest.mark.parametrize("name", PRINTED)
def test_printed_xml(name: str) -> None:
    text = (MICROSOFT / name).read_bytes()
    data = wbxml.from_xml(text)
    again = wbxml.to_xml(data)
    assert wbxml.from_xml(again) == data
    if name != "ashttp-4.4-sendmail-request.xml":  # the message, which comes out as base64
        assert shown(ElementTree.fromstring(again)) == shown(ElementTree.fromstring(text))
    if EXAMPLES[name]["http_length"]:
        assert len(data) == int(EXAMPLES[name]["http_length"])


@pytest.mark.parametrize("name", sorted(UNENCODABLE))
def test_printed_xml_that_lacks_base64(name: str) -> None:
    with pytest.raises(wbxml.EncodeError, match=rf"^line \d+, column \d+: {UNENCODABLE[name]}"):
        wbxml.from_xml((MICROSOFT / name).read_bytes())


# libwbxml.

# The names that it gives to tags, where they are not those of the specifications.
THEIR_NAMES = {f"{row['namespace']}:{row['tag']}": row["libwbxml"] for row in table(LIBWBXML / "names.tsv")}
# Byte arrays that it prints as base64 even where they were text: see the README there.
BASE64 = {tag for tag in ACTIVESYNC.by_name.values() if tag.binary}


@pytest.mark.parametrize("name", sorted(path.name for path in LIBWBXML.glob("*.wbxml")))
def test_bytes_of_libwbxml(name: str) -> None:
    theirs = (LIBWBXML / name).read_bytes()
    source = (MICROSOFT / name).with_suffix(".xml")
    assert wbxml.from_xml(source.read_bytes()) == theirs
    assert wbxml.encode(wbxml.decode(theirs)) == theirs


def shown(element: ElementTree.Element) -> Any:
    """Names and content of a tree, without layout, the colon of older namespaces and the spelling Gal for GAL."""
    children = list(element)
    text = element.text or ""
    if children:
        assert not text.strip()
        text = ""
    return (re.sub(":?}", "}", element.tag).replace("{Gal}", "{GAL}"), text, [shown(child) for child in children])


def ours_in_their_words(data: bytes) -> Any:
    """What libwbxml should print for a document, by our decoding of it."""

    def words(element: Any) -> Any:
        tag = element.tag
        content = element.data if element.data is not None else (element.text or "").encode()
        text = b64encode(content).decode() if tag in BASE64 and content else content.decode()
        # XML's own normalisation of line ends, which libwbxml leaves to happen.
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return (f"{{{tag.namespace}}}{THEIR_NAMES.get(tag, tag.name)}", text, [words(child) for child in element])

    return words(wbxml.decode(data).root)


@pytest.mark.parametrize("row", table(LIBWBXML / "wbxml2xml.tsv"), ids=lambda row: row["file"])
def test_xml_of_libwbxml(row: dict[str, str]) -> None:
    theirs = (LIBWBXML / row["file"]).read_bytes()
    data = (LIBWBXML.parent / row["made_from"]).read_bytes()
    assert shown(ElementTree.fromstring(theirs)) == ours_in_their_words(data)


WBXML2XML = shutil.which("wbxml2xml")


@pytest.mark.skipif(WBXML2XML is None, reason="wbxml2xml (Debian: libwbxml2-utils) is not installed")
@pytest.mark.parametrize("name", CAPTURES)
def test_live_against_libwbxml(name: str, tmp_path: Path) -> None:
    assert WBXML2XML
    target = tmp_path / "out.xml"
    command = [WBXML2XML, "-k", "-m", "0", "-l", "ACTIVESYNC", "-o", str(target), str(CAPTURES[name])]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, timeout=30)
    theirs = target.read_bytes()
    assert shown(ElementTree.fromstring(theirs)) == ours_in_their_words(CAPTURES[name].read_bytes())


@pytest.mark.skipif(WBXML2XML is None, reason="wbxml2xml (Debian: libwbxml2-utils) is not installed")
def test_libwbxml_crashes_on_nested_elements(kernel: ModuleType, tmp_path: Path) -> None:
    data = HEADER + b"\x45" * 200_000 + b"\x01" * 200_000
    (tmp_path / "nested.wbxml").write_bytes(data)
    assert WBXML2XML
    command = [WBXML2XML, "-l", "ACTIVESYNC", "-o", str(tmp_path / "out.xml"), str(tmp_path / "nested.wbxml")]
    done = subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True, timeout=30)
    assert done.returncode == -signal.SIGSEGV
    with bounded(len(data), kernel.IMPL), pytest.raises(wbxml.LimitError):
        kernel.decode(data)
