"""Answers that no server should give, by name: what a client must live through.

    server.faults.append(misbehave.fault("a key that is empty"))

Each is a Fault (see faults.py) that acts on the next answer that brings items, or folders, and changes it; NAMES lists
them. They are made from what the server really has to say, so that everything else about them is right.
"""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Callable
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, SubElement

import wbxml

from . import faults
from .faults import CarryOut, Fault
from .request import Answer, Request

Edit: TypeAlias = Callable[[Element], None]

_SYNC = "{AirSync}"
_COLLECTION = f"{_SYNC}Collections/{_SYNC}Collection"
_DATA = f"{_COLLECTION}/{_SYNC}Commands/{_SYNC}Add/{_SYNC}ApplicationData"


def fault(name: str, *, times: int | None = 1) -> Fault:
    """The fault of this name. Raises KeyError for one that is not in NAMES."""
    return _FAULTS[name](times)


def edited(edit: Edit, *, command: str = "Sync", times: int | None = 1) -> Fault:
    """An answer whose document was changed by ``edit``, which gets its root as ElementTree has it.

    Of Sync it is one that brings items: an answer without any goes out as it is, and does not count.
    """
    return _edited(lambda root, request: edit(root), command, times)


def _edited(edit: Callable[[Element, Request], None], command: str, times: int | None) -> Fault:
    made = Fault(lambda request, carry_out: carry_out(), command, times)

    def act(request: Request, carry_out: CarryOut) -> Answer:
        answer = carry_out()
        root = wbxml.to_etree(answer.body) if answer.body else None
        if root is None or (command == "Sync" and root.find(f"{_COLLECTION}/{_SYNC}Commands") is None):
            made.passed()
            return answer
        edit(root, request)
        answer.body = wbxml.encode(root)
        return answer

    made.act = act
    return made


def _one(root: Element, path: str) -> Element:
    found = root.find(path)
    assert found is not None, path
    return found


def _text(path: str, text: str) -> Edit:
    """Another text in an element."""

    def edit(root: Element) -> None:
        _one(root, path).text = text

    return edit


def _without(path: str, name: str) -> Edit:
    """A child that is missing."""

    def edit(root: Element) -> None:
        parent = _one(root, path)
        parent.remove(_one(parent, name))

    return edit


def _twice(path: str, name: str) -> Edit:
    """A child that stands there twice."""

    def edit(root: Element) -> None:
        parent = _one(root, path)
        parent.append(_one(parent, name))

    return edit


def _command(name: str, server_id: str | None = None) -> Edit:
    """One more command: of the id of the first Add, or of another one."""

    def edit(root: Element) -> None:
        commands = _one(root, f"{_COLLECTION}/{_SYNC}Commands")
        first = _one(commands, f"{_SYNC}Add")
        added = SubElement(commands, f"{_SYNC}{name}")
        SubElement(added, f"{_SYNC}ServerId").text = server_id or _one(first, f"{_SYNC}ServerId").text
        if name in ("Add", "Change"):
            added.append(_one(first, f"{_SYNC}ApplicationData"))

    return edit


def _anew(parent: Element, tag: str) -> Element:
    """A child in place of those of this tag that there may be."""
    for old in parent.findall(tag):
        parent.remove(old)
    return SubElement(parent, tag)


def _property(tag: str, text: str | bytes, parent: str | None = None) -> Edit:
    """A property of the first item, in place of the one that it may have."""

    def edit(root: Element) -> None:
        data = _one(root, _DATA)
        if parent is not None:
            data = _anew(data, parent)
        _anew(data, tag).text = text  # type: ignore[assignment]  # bytes are opaque: see wbxml.to_etree

    return edit


def _recurrence(**values: str) -> Edit:
    def edit(root: Element) -> None:
        recurrence = _anew(_one(root, _DATA), "{Calendar}Recurrence")
        for name, text in values.items():
            SubElement(recurrence, f"{{Calendar}}{name}").text = text

    return edit


def _attachment(name: str) -> Edit:
    def edit(root: Element) -> None:
        data = _one(root, _DATA)
        attachment = SubElement(SubElement(data, "{AirSyncBase}Attachments"), "{AirSyncBase}Attachment")
        SubElement(attachment, "{AirSyncBase}DisplayName").text = name
        SubElement(attachment, "{AirSyncBase}FileReference").text = name

    return edit


def _unmoved(times: int | None) -> Fault:
    """The key that the request had, and MoreAvailable."""

    def edit(root: Element, request: Request) -> None:
        key = wbxml.decode(request.body).root.findtext("AirSync:Collections/AirSync:Collection/AirSync:SyncKey", "")
        collection = _one(root, _COLLECTION)
        _one(collection, f"{_SYNC}SyncKey").text = key
        if collection.find(f"{_SYNC}MoreAvailable") is None:
            SubElement(collection, f"{_SYNC}MoreAvailable")

    return _edited(edit, "Sync", times)


def _bomb(times: int | None) -> Fault:
    """A text of a gigabyte, in one megabyte of gzip."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        piece = gzip.compress(b"1" * (1 << 24), 9)
        headers = {"Content-Type": "application/vnd.ms-sync.wbxml", "Content-Encoding": "gzip"}
        return Answer(200, gzip.compress(faults.BEGUN) + piece * 64, headers)

    return Fault(act, "Sync", times)


def _to_itself(times: int | None) -> Fault:
    """A redirection to where the request has come already."""

    def act(request: Request, carry_out: CarryOut) -> Answer:
        return Answer(451, headers={"X-MS-Location": f"http://{request.headers['host']}/Microsoft-Server-ActiveSync"})

    return Fault(act, "Sync", times)


def _headers(status: int, headers: dict[str, str]) -> Callable[[int | None], Fault]:
    return lambda times: faults.http(status, headers, command="Sync", times=times)


def _edit(edit: Edit, command: str = "Sync") -> Callable[[int | None], Fault]:
    return lambda times: edited(edit, command=command, times=times)


_STATUS, _KEY = f"{_COLLECTION}/{_SYNC}Status", f"{_COLLECTION}/{_SYNC}SyncKey"
_ADDED = f"{_COLLECTION}/{_SYNC}Commands/{_SYNC}Add/{_SYNC}ServerId"
_ZONE = bytearray(172)
struct.pack_into("<8H8x", _ZONE, 68, 0, 13, 0, 1, 2, 0, 0, 0)
struct.pack_into("<8H", _ZONE, 152, 0, 3, 0, 2, 2, 0, 0, 0)
_GLOBAL_ID = bytes.fromhex("040000008200E00074C5B7101A82E008") + bytes(20) + b"\xff\xff\xff\x7f" + b"vCal-Uid\1\0\0\0x"

_FAULTS: Final[dict[str, Callable[[int | None], Fault]]] = {
    "a Status that is no number": _edit(_text(_STATUS, "one")),
    "a Status below zero": _edit(_text(_STATUS, "-1")),
    "a Status beyond all numbers": _edit(_text(_STATUS, "9" * 400)),
    "no Status": _edit(_without(_COLLECTION, f"{_SYNC}Status")),
    "folders without a Status": _edit(_without(".", "{FolderHierarchy}Status"), "FolderSync"),
    "a key that stands there twice": _edit(_twice(_COLLECTION, f"{_SYNC}SyncKey")),
    "two Collections of one folder": _edit(_twice(f"{_SYNC}Collections", f"{_SYNC}Collection")),
    "a key of 65 characters": _edit(_text(_KEY, "k" * 65)),
    "a key that is empty": _edit(_text(_KEY, "")),
    "the first key again": _edit(_text(_KEY, "0")),
    "more under the same key": _unmoved,
    "an Add of a known id": _edit(_command("Add")),
    "a Change of an unknown id": _edit(_command("Change", "never heard of")),
    "a Delete of an unknown id": _edit(_command("Delete", "never heard of")),
    "an Add and a Delete of one id": _edit(_command("Delete")),
    "an id that is a path": _edit(_text(_ADDED, "../../etc/passwd")),
    "an id that is empty": _edit(_text(_ADDED, "")),
    "a gzip bomb": _bomb,
    "silence after the head": lambda times: faults.stalled(600.0, command="Sync", times=times),
    "a page for people": lambda times: faults.html(command="Sync", times=times),
    "Provision, again and again": _headers(449, {}),
    "a redirection to itself": _to_itself,
    "a redirection to http": _headers(451, {"X-MS-Location": "http://elsewhere.example.test/"}),
    "a redirection to another host": _headers(451, {"X-MS-Location": "https://elsewhere.example.test/"}),
    "a pause below zero": _headers(503, {"Retry-After": "-5"}),
    "a pause of thirty years": _headers(503, {"Retry-After": "1000000000"}),
    "a pause until a date that has passed": _headers(503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
    "a date that is none": _edit(_property("{Email}DateReceived", "yesterday")),
    "a number that is none": _edit(_property("{Email}Importance", "very")),
    "a TimeZone that is too short": _edit(_property("{Calendar}Timezone", base64.b64encode(bytes(100)).decode())),
    "a TimeZone with a month 13": _edit(_property("{Calendar}Timezone", base64.b64encode(_ZONE).decode())),
    "a TimeZone that is no base64": _edit(_property("{Calendar}Timezone", "!!!")),
    "a GlobalObjId longer than it is": _edit(
        _property("{Email}GlobalObjId", base64.b64encode(_GLOBAL_ID).decode(), "{Email}MeetingRequest")
    ),
    "a recurrence every 0 days": _edit(_recurrence(Type="0", Interval="0")),
    "a recurrence on no day": _edit(_recurrence(Type="1", Interval="1", DayOfWeek="0")),
    "a recurrence that ends before it begins": _edit(_recurrence(Type="0", Interval="1", Until="19990101T000000Z")),
    "an attachment named as a path": _edit(_attachment("../../../etc/passwd")),
}

NAMES: Final = tuple(_FAULTS)
"""The names of all of them."""

__all__ = ["NAMES", "edited", "fault"]
