"""WBXML, and every code page of ActiveSync: bytes to documents and models, and back."""

from __future__ import annotations

from .codepages import (
    ACTIVESYNC,
    GAL,
    AirNotify,
    AirSync,
    AirSyncBase,
    Calendar,
    CodePage,
    CodePages,
    ComposeMail,
    Contacts,
    Contacts2,
    DocumentLibrary,
    Email,
    Email2,
    Find,
    FolderHierarchy,
    GetItemEstimate,
    ItemOperations,
    MeetingResponse,
    Move,
    Notes,
    Ping,
    Provision,
    ResolveRecipients,
    RightsManagement,
    Search,
    Settings,
    Tag,
    Tasks,
    ValidateCert,
    WindowsLive,
    tag,
)
from .errors import DecodeError, EncodeError, LimitError, Problem, TruncatedError, WBXMLError
from .kernel import kernel as _chosen
from .limits import DEFAULT, Limits
from .stream import iterdecode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._kernel_py import Decoder, Document, Element, Match, Writer, decode, encode
    from .constructs import Extension, Instruction, literal
    from .etree import to_etree
    from .knowledge import TagInfo, describe
    from .model import Model, field
    from .tokenstream import Token, dump, tokens
    from .xml import from_xml, to_xml
else:
    Document = _chosen.Document
    Element = _chosen.Element
    Match = _chosen.Match
    Decoder = _chosen.Decoder
    Writer = _chosen.Writer
    decode = _chosen.decode
    encode = _chosen.encode

    _LAZY = {
        "Extension": "constructs",
        "Instruction": "constructs",
        "Model": "model",
        "TagInfo": "knowledge",
        "Token": "tokenstream",
        "describe": "knowledge",
        "dump": "tokenstream",
        "field": "model",
        "from_xml": "xml",
        "literal": "constructs",
        "to_etree": "etree",
        "to_xml": "xml",
        "tokens": "tokenstream",
    }

    def __getattr__(name):
        # Loaded when asked for: the codec alone imports in a few milliseconds.
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value


__impl__: str = _chosen.IMPL
"""The kernel in use: "c" or "python"."""

__all__ = [
    "ACTIVESYNC",
    "DEFAULT",
    "GAL",
    "AirNotify",
    "AirSync",
    "AirSyncBase",
    "Calendar",
    "CodePage",
    "CodePages",
    "ComposeMail",
    "Contacts",
    "Contacts2",
    "DecodeError",
    "Decoder",
    "Document",
    "DocumentLibrary",
    "Element",
    "Email",
    "Email2",
    "EncodeError",
    "Extension",
    "Find",
    "FolderHierarchy",
    "GetItemEstimate",
    "Instruction",
    "ItemOperations",
    "LimitError",
    "Limits",
    "Match",
    "MeetingResponse",
    "Model",
    "Move",
    "Notes",
    "Ping",
    "Problem",
    "Provision",
    "ResolveRecipients",
    "RightsManagement",
    "Search",
    "Settings",
    "Tag",
    "TagInfo",
    "Tasks",
    "Token",
    "TruncatedError",
    "ValidateCert",
    "WBXMLError",
    "WindowsLive",
    "Writer",
    "decode",
    "describe",
    "dump",
    "encode",
    "field",
    "from_xml",
    "iterdecode",
    "literal",
    "tag",
    "to_etree",
    "to_xml",
    "tokens",
]
