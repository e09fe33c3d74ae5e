"""Microsoft's schemas of responses, put together from tests/data/xsd, and what they say of an answer."""

from __future__ import annotations

import copy
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

import wbxml
from activesync.testing import Answer, EASServer
from activesync.testing.request import Request

from .samples import DATA

XS = "{http://www.w3.org/2001/XMLSchema}"
FOLDER = DATA / "xsd"
# The two elements of MeetingResponse that items hold: the schema of its requests, which has them, is printed nowhere.
MEETING = f"""<xs:schema xmlns:xs="{XS[1:-1]}" targetNamespace="MeetingResponse" elementFormDefault="qualified">
<xs:element name="ProposedStartTime" type="xs:string"/><xs:element name="ProposedEndTime" type="xs:string"/>
</xs:schema>"""


class Checked(EASServer):
    """Holds every answer against the schema of its command, and keeps it; ``seen`` are the commands."""

    def __init__(self, *mailboxes: Any, **options: Any) -> None:
        super().__init__(*mailboxes, **options)
        self.answers: list[bytes] = []
        self.seen: set[str] = set()

    def answer(self, request: Request, authorization: str) -> Answer:
        answer = super().answer(request, authorization)
        if answer.status == 200 and answer.body:
            wrong = faults(request.command, answer.body)
            assert not wrong, (request.command, wrong, wbxml.to_xml(answer.body, indent=1)[:3000])
            self.answers.append(answer.body)
            self.seen.add(request.command)
        return answer


def faults(command: str, body: bytes) -> list[str]:
    """What of the answer to a command is not as its schema has it: a line each, [] for a valid one."""
    # What a response defines takes the place of what its request does; Provision answers with a part of Settings.
    responses = (f"{command}Response", *(["SettingsResponse"] if command == "Provision" else []))
    return _faults(_tree(body), _schema(*responses))


def faults_of_items(body: bytes) -> list[str]:
    """What of the properties of all items in a document is not as the schema of their namespace has it."""
    return [
        fault
        for data in _tree(body).iter("{AirSync}ApplicationData")
        for child in data
        for fault in _faults(copy.deepcopy(child), _schema(etree.QName(child).namespace))
    ]


def _tree(body: bytes) -> etree._Element:
    tree = etree.fromstring(wbxml.to_xml(body).encode())
    for element in tree.iter():
        for name in list(element.attrib):  # what is opaque is marked so, which no schema knows
            del element.attrib[name]
    return tree


def _faults(tree: etree._Element, schema: etree.XMLSchema) -> list[str]:
    schema.validate(tree)
    return [f"{error.line}: {error.message}" for error in schema.error_log]


@cache
def _schema(*names: str) -> etree.XMLSchema:
    """The schema of the first of these files, with those of all that it may hold; the files come before all others."""
    common = sorted(path.stem for path in FOLDER.glob("*.xsd") if not path.stem.endswith("Response"))
    documents = [etree.parse(str(FOLDER / f"{name}.xsd")).getroot() for name in dict.fromkeys((*names, *common))]
    documents.append(etree.fromstring(MEETING))
    spaces: dict[str, list[etree._Element]] = {}
    for document in documents:
        spaces.setdefault(document.get("targetNamespace") or "", []).append(document)
    with tempfile.TemporaryDirectory() as folder:
        for space, parts in spaces.items():
            etree.ElementTree(_merged(space, parts, [other for other in spaces if other != space])).write(
                str(Path(folder) / f"{space}.xsd")
            )
        root = documents[0].get("targetNamespace")
        return etree.XMLSchema(etree.parse(str(Path(folder) / f"{root}.xsd")))


def _merged(space: str, parts: list[etree._Element], others: list[str]) -> etree._Element:
    """One schema of a namespace, which imports the others; of what is defined twice the first counts."""
    prefixes: dict[str | None, str] = {"xs": XS[1:-1], None: space}
    for part in parts:
        prefixes |= {prefix: name for prefix, name in part.nsmap.items() if prefix}
    merged = etree.Element(
        f"{XS}schema",
        attrib={"targetNamespace": space, "elementFormDefault": "qualified"},
        nsmap=prefixes,
    )
    for other in others:
        etree.SubElement(merged, f"{XS}import", namespace=other, schemaLocation=f"{other}.xsd")
    seen = set()
    for part in parts:
        for child in part:
            key = (child.tag, child.get("name"))
            if isinstance(child.tag, str) and child.tag != f"{XS}import" and key not in seen:
                seen.add(key)
                merged.append(copy.deepcopy(child))
    return merged
