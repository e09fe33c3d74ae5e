"""What the other commands must keep to: GetItemEstimate, Ping, Search, Find, Settings, Provision."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wbxml import AirSync, Element, Email, Find, Ping, Provision, Search, Settings, Tag
from wbxml import GetItemEstimate as Estimate

from .breach import Breach, repeated

_ITEMS = {
    "Calendar": "MS-ASCAL_R499",
    "Contacts": "MS-ASCNTC_R451",
    "Contacts2": "MS-ASCNTC_R451",
    "Email": "MS-ASEMAIL_R37",
    "Email2": "MS-ASEMAIL_R37",
    "Notes": "MS-ASNOTE_R76",
    "Tasks": "MS-ASTASK_R336",
}
_PINGED = ("Email", "Calendar", "Contacts", "Tasks", "Notes")
_LAST_OF_FIND = 999
_OOF = "Settings:Oof/Settings:Set"


def get_item_estimate(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a GetItemEstimate request."""
    for collection in root.findall("GetItemEstimate:Collections/GetItemEstimate:Collection"):
        blocks = collection.findall(AirSync.Options)
        for name in repeated(block.findtext(AirSync.Class) for block in blocks):
            yield Breach("MS-ASCMD_R903", f"two Options of one Collection are for {name}", collection.offset)
        for block in blocks:
            if not len(block):
                yield Breach("MS-ASCMD_R3541", "Options holds at least one element", block.offset)
            limit = block.find(AirSync.MaxItems)
            if limit is not None and collection.findtext(Estimate.CollectionId) != "RI":
                message = "MaxItems is for the recipient information cache, RI"
                yield Breach("MS-ASCMD_R3264", message, limit.offset)


def ping(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a Ping request."""
    folders = root.findall("Ping:Folders/Ping:Folder")
    if root.find(Ping.HeartbeatInterval) is None and not folders:
        yield Breach("MS-ASCMD_R323", "a Ping has HeartbeatInterval, Folders, or both", root.offset)
    for name in repeated(folder.findtext(Ping.Id) for folder in folders):
        yield Breach("MS-ASCMD_R6699", f"two Folders of one Ping have the Id {name}", root.offset)
    for folder in folders:
        cls = folder.findtext(Ping.Class)
        if not folder.findtext(Ping.Id):
            yield Breach("MS-ASCMD_R3173", "a Folder of a Ping has an Id", folder.offset)
        if cls is None:
            yield Breach("MS-ASCMD_R914", "a Folder of a Ping has a Class", folder.offset)
        elif cls not in _PINGED:
            yield Breach("MS-ASCMD_R6277", f"the Class of a Ping is one of {', '.join(_PINGED)}", folder.offset)
        elif cls == "Notes" and version < "14.0":
            yield Breach("MS-ASCMD_R6282", f"Ping knows the Class Notes from 14.0 on, not in {version}", folder.offset)


def search(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a Search request."""
    for tag, which in ((Search.GreaterThan, "MS-ASCMD_R3141"), (Search.LessThan, "MS-ASCMD_R3218")):
        for bound in root.iter(tag):
            names = [child.tag.name for child in bound]
            if names[:2] != ["DateReceived", "Value"]:
                yield Breach(which, f"{tag.name} holds DateReceived, and after it Value", bound.offset)
    part = root.find("Search:Store/Search:Options/AirSyncBase:BodyPartPreference")
    if part is not None and next(iter(root.iter(Search.ConversationId)), None) is None:
        yield Breach("MS-ASCMD_R5568", "BodyPartPreference goes with a ConversationId", part.offset)
    for element in root.iter():
        item = _ITEMS.get(element.tag.namespace)
        if item is not None and element.tag != Email.DateReceived:
            yield Breach(item, f"{element.tag} belongs to items, which no Search holds", element.offset)
    yield from _ranges(root, Search.Range, "MS-ASCMD_R3725")


def find(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a Find request."""
    yield from _ranges(root, Find.Range, "MS-ASCMD_R37071811")
    for element in root.iter(Find.Range):
        last = (element.text or "").rpartition("-")[2]
        if last.isdecimal() and int(last[:9]) > _LAST_OF_FIND:
            yield Breach("MS-ASCMD_R37071812", f"Range ends at {last}: {_LAST_OF_FIND} at most", element.offset)
    cls = root.find("Find:ExecuteSearch/Find:MailBoxSearchCriterion/Find:Query/AirSync:Class")
    if cls is not None and cls.text != "Email":
        yield Breach("MS-ASCMD_R901100613", f"Find looks for the Class Email alone, not for {cls.text}", cls.offset)


def _ranges(root: Element, tag: Tag, which: str) -> Iterator[Breach]:
    for element in root.iter(tag):
        found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", element.text or "")
        if found is None or int(found[1]) > int(found[2]):
            yield Breach(which, f"Range is {element.text!r}: it is two numbers, m-n", element.offset)


def settings(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a Settings request."""
    asked = root.find("Settings:Oof/Settings:Get")
    if asked is not None and not asked.findtext(Settings.BodyType):
        yield Breach("MS-ASCMD_R824", "Get of Oof says which BodyType it wants", asked.offset)
    information = root.find(Settings.RightsManagementInformation)
    if information is not None and information.find(Settings.Get) is None:
        yield Breach("MS-ASCMD_R3867", "RightsManagementInformation holds Get", information.offset)
    replies = root.find(_OOF)
    if replies is not None:
        yield from _oof(replies)


def _oof(replies: Element) -> Iterator[Breach]:
    times = [replies.find(tag) for tag in (Settings.StartTime, Settings.EndTime)]
    if (times[0] is None) != (times[1] is None):
        yield Breach("MS-ASCMD_R3991", "Oof has both StartTime and EndTime, or neither", replies.offset)
    elif times[0] is not None and replies.findtext(Settings.OofState) != "2":
        yield Breach("MS-ASCMD_R3534", "Oof with StartTime and EndTime has the OofState 2", replies.offset)
    messages = replies.findall(Settings.OofMessage)
    for message in messages:
        if message.findtext(Settings.ReplyMessage) and not message.findtext(Settings.BodyType):
            yield Breach("MS-ASCMD_R3785", "an OofMessage with a ReplyMessage has a BodyType", message.offset)
    for name in repeated(child.tag.name for message in messages for child in message):
        if name.startswith("AppliesTo"):
            yield Breach("MS-ASCMD_R3526", f"two OofMessages have {name}", replies.offset)


def provision(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a Provision request."""
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


__all__ = ["find", "get_item_estimate", "ping", "provision", "search", "settings"]
