"""Our tokens beside those of tshark and Horde, where these are installed; docs/wbxml.md says where they are wrong."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import wbxml

from .languages import SERVICE_INDICATION, WML_1_1
from .peers import PHP, TSHARK, Row, horde, tshark
from .samples import CAPTURES, DATA

FOREIGN = DATA / "foreign"
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark (Debian: tshark) is not installed")
needs_horde = pytest.mark.skipif(PHP is None, reason="Horde (Debian: php-cli, php-horde-xml-wbxml) is not installed")

# How tshark 4.0 spells tags otherwise than the specifications. Four are mistakes: it has one tag under another one's
# name ("JobTitle" for LastName, "DueDate" for UtcDueDate), and so does not know the other one.
UNKNOWN = "(Requested"
THEIR_NAMES = {
    "Calendar:AllDayEvent": "AllDAyEvent",
    "Calendar:DayOfWeek": "Recurrence_DayOfWeek",
    "Calendar:Deleted": "Exception_Deleted",
    "Calendar:DtStamp": "DTStamp",
    "Calendar:ExceptionStartTime": "Exception_StartTime",
    "Calendar:Interval": "Recurrence_Interval",
    "Calendar:Occurrences": "Recurrence_Occurrences",
    "Calendar:Timezone": "TimeZone",
    "Calendar:Type": "Recurrence_Type",
    "ComposeMail:Mime": "MIME",
    "Contacts:BusinessAddressCity": "BusinessCity",
    "Contacts:BusinessAddressCountry": "BusinessCountry",
    "Contacts:BusinessAddressPostalCode": "BusinessPostalCode",
    "Contacts:BusinessAddressState": "BusinessState",
    "Contacts:BusinessAddressStreet": "BusinessStreet",
    "Contacts:JobTitle": UNKNOWN,
    "Contacts:LastName": "JobTitle",
    "Email:Status": "FlagStatus",
    "Tasks:DueDate": UNKNOWN,
    "Tasks:UtcDueDate": "DueDate",
}
# Of a long document tshark shows only the first part.
SHOWN_WHOLE = 20_000


def tags_of(rows: list[Row]) -> list[tuple[int, str]]:
    """The tokens and names of the tags, in order, as tshark has them."""
    found = []
    for _, token, shown in rows:
        number = re.match(r"(?:Known |Unknown )?Tag 0x(..)", token)
        if number:
            name = re.match(r"<([^ >/]*)", shown)
            found.append((int(number[1], 16), name[1] if name else shown.partition(" ")[0]))
    return found


@needs_tshark
def test_tshark_reads_the_same_tags(tmp_path: Path) -> None:
    chosen = {name: path.read_bytes() for name, path in CAPTURES.items() if path.stat().st_size < SHOWN_WHOLE}
    found = tshark(list(chosen.values()), "application/vnd.ms-sync.wbxml", tmp_path)
    for (name, data), rows in zip(chosen.items(), found, strict=True):
        tags = [token.tag for token in wbxml.tokens(data) if token.tag is not None and token.kind == "tag"]
        assert tags_of(rows) == [(tag.token, THEIR_NAMES.get(str(tag), tag.name)) for tag in tags], name


@needs_tshark
@pytest.mark.parametrize(
    ("name", "content_type", "pages"),
    [
        ("si", "application/vnd.wap.sic", SERVICE_INDICATION),
        ("si-info", "application/vnd.wap.sic", SERVICE_INDICATION),
        ("wml", "application/vnd.wap.wmlc", WML_1_1),
    ],
)
def test_tshark_reads_the_same_attributes(tmp_path: Path, name: str, content_type: str, pages: Any) -> None:
    data = (FOREIGN / f"{name}.wbxml").read_bytes()
    (rows,) = tshark([data], content_type, tmp_path)
    doc = wbxml.decode(data, pages=pages)
    found: list[str] = []
    for state, token, shown in rows:
        if token.startswith("Known attrStart"):
            found.append(re.sub(r"^([\w-]+)=('?)(.*?)'?$", r"\1=\3", shown))
        elif state == "Attr":
            found[-1] += shown.removeprefix("%DateTime: ").strip("'")
    wanted = [f"{key}={value}" for element in doc.root.iter() for key, value in element.attrib.items()]
    assert found == wanted


@needs_horde
def test_horde_reads_the_same_elements() -> None:
    data = (FOREIGN / "syncml.wbxml").read_bytes()
    rows = json.loads(horde(data))
    doc = wbxml.decode(data)
    texts = [piece for element in doc.root.iter() for piece in element.pieces if isinstance(piece, str)]
    assert [row[1:] for row in rows if row[0] == "="] == texts
    depth, depths = 0, []
    for row in rows:
        if row[0] == "<":
            depths.append(depth)
        depth += {"<": 1, ">": -1}.get(row[0], 0)
    levels = {doc.root: 0}
    for element in doc.root.iter():
        levels.update(dict.fromkeys(element, levels[element] + 1))
    assert depths == [levels[element] for element in doc.root.iter()]


@needs_horde
@pytest.mark.parametrize("data", [FOREIGN / "si.wbxml", CAPTURES["FolderSync-initial.request"]], ids=lambda p: p.stem)
def test_horde_stops_at_other_languages(data: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        horde(data.read_bytes())
