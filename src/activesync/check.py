"""What a request must keep to, looked at before it is sent, with the requirement of Microsoft's that says so.

It looks at the document, whoever made it, and so serves those who read other people's requests as well: breaches()
gives all of them, check() raises at the first. What a version does not have at all is refused when a Model is encoded.
Sources: [MS-ASCMD], [MS-ASCAL], [MS-ASEMAIL], [MS-ASAIRS] and [MS-ASPROV], by the ids of their requirements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from wbxml import (
    AirSync,
    Calendar,
    Document,
    Element,
    Email,
    FolderHierarchy,
    GetItemEstimate,
    Provision,
    Settings,
    Tag,
    Tasks,
)

from .errors import RequestError


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that a request must not be: the requirement, and what is wrong in a sentence, with the place of it."""

    requirement: str
    message: str
    offset: int


def check(document: Document, version: str) -> None:
    """Raises RequestError for the first breach in a request of this protocol version."""
    for breach in breaches(document, version):
        raise RequestError(breach.requirement, breach.message)


def breaches(document: Document, version: str) -> Iterator[Breach]:
    """All breaches in a request of this protocol version, in no certain order."""
    root = document.root
    yield from _lengths(root)
    if root.tag == AirSync.Sync:
        yield from _sync(root, version)
    elif root.tag == GetItemEstimate.GetItemEstimate:
        folders = len(root.findall("GetItemEstimate:Collections/GetItemEstimate:Collection"))
        if folders > 300:
            yield Breach("MS-ASCMD_R969", f"{folders} collections: at most 300 go into one request", root.offset)
    elif root.tag == Provision.Provision:
        yield from _provision(root, version)


# How long a text may be, in characters.
_LONGEST: dict[Tag, tuple[int, str]] = {
    AirSync.SyncKey: (64, "MS-ASCMD_R4604"),
    AirSync.CollectionId: (64, "MS-ASCMD_R2036"),
    AirSync.ClientId: (64, "MS-ASCMD_R959"),
    GetItemEstimate.CollectionId: (64, "MS-ASCMD_R985"),
    FolderHierarchy.ParentId: (64, "MS-ASCMD_R3620"),
    Settings.Password: (255, "MS-ASCMD_R3660"),
}


def _lengths(root: Element) -> Iterator[Breach]:
    for element in root.iter():
        longest = _LONGEST.get(element.tag)
        if longest is not None and len(element.text or "") > longest[0]:
            size = len(element.text or "")
            yield Breach(longest[1], f"{element.tag} has {size} characters: at most {longest[0]}", element.offset)


_ORDER = (
    *(AirSync.Class, AirSync.SyncKey, AirSync.CollectionId, AirSync.Supported, AirSync.DeletesAsMoves),
    *(AirSync.GetChanges, AirSync.WindowSize, AirSync.ConversationMode, AirSync.Options, AirSync.Commands),
)
_COMMANDS = (AirSync.Add, AirSync.Change, AirSync.Delete, AirSync.Fetch)


def _sync(root: Element, version: str) -> Iterator[Breach]:
    wait, heartbeat = root.find(AirSync.Wait), root.find(AirSync.HeartbeatInterval)
    if wait is not None and heartbeat is not None:
        yield Breach("MS-ASCMD_R3161", "Wait and HeartbeatInterval exclude each other", heartbeat.offset)
    yield from _window(root)
    commands = 0
    for collection in root.findall("AirSync:Collections/AirSync:Collection"):
        yield from _collection(collection)
        for command in collection.findall(AirSync.Commands):
            children = [child for child in command if child.tag in _COMMANDS]
            commands += len(children)
            yield from _client_ids(children)
            for child in children:
                yield from _item(child, version)
    if commands > 200:
        yield Breach("MS-ASCMD_R5658", f"{commands} commands: at most 200 go into one request", root.offset)


def _window(element: Element) -> Iterator[Breach]:
    size = element.find(AirSync.WindowSize)
    if size is not None and (text := size.text or "").isdecimal() and int(text) > 512:
        yield Breach("MS-ASCMD_R4763", f"WindowSize is {text}: at most 512", size.offset)


def _collection(collection: Element) -> Iterator[Breach]:
    key = collection.findtext(AirSync.SyncKey, "")
    places = [_ORDER.index(child.tag) for child in collection if child.tag in _ORDER]
    if places != sorted(places):
        names = ", ".join(tag.name for tag in _ORDER)
        yield Breach("MS-ASCMD_R976", f"the order of a Collection's elements is {names}", collection.offset)
    changes = collection.find(AirSync.GetChanges)
    if key == "0" and changes is not None and changes.text in (None, "", "1"):
        which = "MS-ASCMD_R5838" if changes.text == "1" else "MS-ASCMD_R3128"
        yield Breach(which, "GetChanges asks for changes, and the SyncKey 0 stands for none", changes.offset)
    supported = collection.find(AirSync.Supported)
    if supported is not None and key != "0":
        yield Breach("MS-ASCMD_R4547", "Supported goes with the SyncKey 0 only", supported.offset)
    yield from _window(collection)
    for kind in collection.findall("AirSync:Options/AirSyncBase:BodyPartPreference/AirSyncBase:Type"):
        if kind.text != "2":
            yield Breach("MS-ASAIRS_R324", f"Type of BodyPartPreference is {kind.text}: only 2 (HTML)", kind.offset)


def _client_ids(commands: list[Element]) -> Iterator[Breach]:
    named = [(command.findtext(AirSync.ClientId), command) for command in commands if command.tag == AirSync.Add]
    counts = Counter(name for name, _ in named)
    for name, command in named:
        if name is not None and counts.pop(name, 0) > 1:
            yield Breach("MS-ASCMD_R961", f"two Adds of a request have the ClientId {name}", command.offset)


# What a request never holds, and what it does not hold in 16.x.
_NEVER = {Calendar.AppointmentReplyTime: "MS-ASCAL_R92", Calendar.ResponseType: "MS-ASCAL_R404"}
_NOT_IN_16 = {
    Calendar.AttendeeStatus: "MS-ASCAL_R2028",
    Calendar.DtStamp: "MS-ASCAL_R2088",
    Calendar.Location: "MS-ASCAL_R2135",
    Calendar.OrganizerEmail: "MS-ASCAL_R2168",
    Calendar.OrganizerName: "MS-ASCAL_R2174",
    Calendar.UID: "MS-ASCAL_R2221",
}
_FLAG_DATES = (Tasks.StartDate, Tasks.DueDate, Tasks.UtcStartDate, Tasks.UtcDueDate)


def _item(command: Element, version: str) -> Iterator[Breach]:
    data = command.find(AirSync.ApplicationData)
    if data is None:
        return
    newer = version >= "16.0"
    for element in data.iter():
        which = _NEVER.get(element.tag) or (_NOT_IN_16.get(element.tag) if newer else None)
        if which is not None:
            when = f"in {version}" if element.tag in _NOT_IN_16 else "in any version"
            yield Breach(which, f"a request holds no {element.tag} {when}", element.offset)
    exceptions = data.find(Calendar.Exceptions)
    if newer and exceptions is not None and command.tag == AirSync.Change:
        message = f"in {version} an exception is changed by a Change of its own, with its InstanceId"
        yield Breach("MS-ASCAL_R2112", message, exceptions.offset)
    flag = data.find(Email.Flag)
    if flag is not None:
        there = [tag for tag in _FLAG_DATES if flag.find(tag) is not None]
        if there and len(there) < len(_FLAG_DATES):
            missing = ", ".join(tag.name for tag in _FLAG_DATES if tag not in there)
            yield Breach("MS-ASEMAIL_R408", f"a flag has all of its four dates or none: {missing} missing", flag.offset)


def _provision(root: Element, version: str) -> Iterator[Breach]:
    device = root.find(Settings.DeviceInformation)
    if version < "14.1":
        if device is not None:
            yield Breach("MS-ASPROV_R608", f"in {version} DeviceInformation goes into Settings", device.offset)
        return
    acknowledges = root.find("Provision:Policies/Provision:Policy/Provision:Status") is not None
    wiping = root.find(Provision.RemoteWipe) is not None or root.find(Provision.AccountOnlyRemoteWipe) is not None
    # An empty one asks which wipe is meant: [MS-ASPROV] section 3.1.5.1.2.1.
    if device is None and not acknowledges and not wiping and len(root):
        yield Breach("MS-ASPROV_R368", "the first Provision tells of the device: DeviceInformation", root.offset)
    if device is not None and device.find("Settings:Set/Settings:Model") is None:
        yield Breach("MS-ASPROV_R607", "DeviceInformation holds Set, and that at least Model", device.offset)


__all__ = ["Breach", "breaches", "check"]
