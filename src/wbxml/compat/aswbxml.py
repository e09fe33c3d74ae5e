"""ASWBXML and ASCommandResponse of PyWBXMLDecoder, which mitmproxy has a copy of, on this codec: the same calls.

    from wbxml.compat import aswbxml as ASCommandResponse

    ASCommandResponse.ASCommandResponse(data).xmlString

The XML is theirs, without namespaces and in the spelling of their code pages (Recurrence_Type, where the specification
now has Type); wbxml.to_xml() gives XML that can become WBXML again. On purpose it differs in this:

- Text is read as UTF-8. Theirs has a character for each byte, and so "Ã¼" for "ü".
- Opaque data is CDATA where it is text; where it is not, it is base64 and the element has the attribute
  encoding="base64". Theirs writes a character for each byte, and so XML that no parser takes.
- The tags of versions 16.0 and 16.1, those of pages 3, 25 and 254, and older ones are known. Theirs refuses the pages,
  and at an unknown tag fails with KeyError; here that is UNKNOWN_TAG_3F, as was meant there.
- String tables, entities, literals and the rest of WBXML are read. Attributes, of which ActiveSync has none, are left
  out; characters that XML cannot carry are U+FFFD.
- What is no document raises InvalidDataException, with wbxml's error as its cause. Theirs waits forever where the data
  are cut off within a token, and takes them for whole where only END is missing.
- Each loadBytes() starts a new document; where it fails, the one before stays.
- getWBXMLBytes() gives the bytes; theirs raises AttributeError.
"""

from __future__ import annotations

import re
from base64 import b64encode
from xml.dom.minidom import Document, parseString

from ..errors import DecodeError
from ..kernel import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any
    from xml.dom.minidom import Element as Node

    from .._kernel_py import BytesLike
    from ..codepages import Tag

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")

_RECURRING = ("Email", "Calendar", "Tasks")
_RECURRENCE = "Type Until Occurrences Interval DayOfWeek DayOfMonth WeekOfMonth MonthOfYear"
_ADDRESS = "City Country PostalCode State Street"
# Their spelling where it is not the specification's.
_SPELLINGS = {
    **{f"{page}:{name}": f"Recurrence_{name}" for page in _RECURRING for name in _RECURRENCE.split()},
    **{f"Tasks:{name}": f"Recurrence_{name}" for name in ("Start", "Regenerate", "DeadOccur")},
    **{
        f"Contacts:{place}Address{name}": f"{place}{name}"
        for place in ("Business", "Home", "Other")
        for name in _ADDRESS.split()
    },
    "Contacts:AssistantPhoneNumber": "AssistantTelephoneNumber",
    "Contacts:WebPage": "Webpage",
    "Email:Cc": "CC",
    "Email:DtStamp": "DTStamp",
    "Email:Status": "FlagStatus",
    "Calendar:Timezone": "TimeZone",
    "Calendar:Email": "Attendee_Email",
    "Calendar:Name": "Attendee_Name",
    "Calendar:DtStamp": "DTStamp",
    "Calendar:Deleted": "Exception_Deleted",
    "Calendar:ExceptionStartTime": "Exception_StartTime",
    "Calendar:OrganizerEmail": "Organizer_Email",
    "Calendar:OrganizerName": "Organizer_Name",
    "Calendar:AttendeeStatus": "Attendee_Status",
    "Calendar:AttendeeType": "Attendee_Type",
    "Tasks:UtcDueDate": "UTCDueDate",
    "Tasks:UtcStartDate": "UTCStartDate",
    "Settings:SMTPAddress": "SmtpAddress",
    "ComposeMail:Mime": "MIME",
    "RightsManagement:Owner": "RMOwner",
    "RightsManagement:RemoveRightsManagementProtection": "RemoveRightsManagementDistribution",
}


class InvalidDataException(Exception):
    """The bytes are no document; ``__cause__`` is the DecodeError that says where."""


class ASWBXML:
    """One document: loadBytes() or loadXml() reads it, getXml() writes it. ``xmlDoc`` is its minidom Document."""

    def __init__(self) -> None:
        self.xmlDoc = Document()

    def loadBytes(self, byteWBXML: BytesLike) -> None:
        """Reads a document of WBXML. Raises InvalidDataException."""
        try:
            root = kernel.decode(byteWBXML).root
        except DecodeError as error:
            raise InvalidDataException(str(error)) from error
        made = Document()
        levels: list[tuple[Any, Iterator[Any]]] = [(made, iter([root]))]
        while levels:
            parent, pieces = levels[-1]
            piece = next(pieces, None)
            if piece is None:
                levels.pop()
            elif isinstance(piece, kernel.Element):
                node = parent.appendChild(made.createElement(_name(piece.tag)))
                levels.append((node, iter(piece.pieces)))
            else:
                _add(made, parent, piece)
        self.xmlDoc = made

    def loadXml(self, strXML: str | bytes) -> None:
        """Reads XML, which is kept as it is. Raises xml.parsers.expat.ExpatError where it is none."""
        self.xmlDoc = parseString(strXML)

    def getXml(self) -> str:
        """The document as XML, four spaces a level; of an object that has read none, the declaration alone."""
        return self.xmlDoc.toprettyxml(indent="    ", newl="\n")


class ASCommandResponse:
    """A body of a request or an answer, decoded: ``xmlString`` is its XML, ``wbxmlBody`` the bytes.

    Raises ValueError where it is empty or no document.
    """

    def __init__(self, response: BytesLike) -> None:
        self.wbxmlBody = response
        self.xmlString: str | None = None
        if not len(memoryview(response)):
            raise ValueError("Error: Empty WBXML body passed")
        try:
            self.xmlString = self.decodeWBXML(response)
        except InvalidDataException as error:
            raise ValueError(f"Error: {error}") from error

    def getWBXMLBytes(self) -> BytesLike:
        """The bytes that it was made from."""
        return self.wbxmlBody

    def getXMLString(self) -> str | None:
        """The XML."""
        return self.xmlString

    def decodeWBXML(self, body: BytesLike) -> str:
        """The XML of another body; ``instance`` is the ASWBXML that has read it. Raises InvalidDataException."""
        self.instance = ASWBXML()
        self.instance.loadBytes(body)
        return self.instance.getXml()


def _name(tag: Tag) -> str:
    if tag.token is None:
        return tag.name if _XML_NAME.fullmatch(tag.name) else f"UNKNOWN_TAG_{tag.code:02X}"
    if not tag.versions and tag.name == f"0x{tag.token:02X}":
        return f"UNKNOWN_TAG_{tag.token:02X}"
    return _SPELLINGS.get(tag, tag.name)


def _add(made: Document, parent: Node, piece: str | memoryview) -> None:
    if isinstance(piece, str):
        parent.appendChild(made.createTextNode(_NO_XML.sub("\ufffd", piece)))
        return
    data = bytes(piece)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if _NO_XML.search(text):
        parent.setAttribute("encoding", "base64")
        text = b64encode(data).decode()
    # What would end a CDATA section can stand in none.
    parent.appendChild(made.createTextNode(text) if "]]>" in text else made.createCDATASection(text))


__all__ = ["ASWBXML", "ASCommandResponse", "InvalidDataException"]
