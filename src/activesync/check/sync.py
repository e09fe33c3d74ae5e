"""What a Sync must keep to. Source: [MS-ASCMD] sections 2.2.1.21 and 2.2.3."""

from __future__ import annotations

from collections.abc import Iterator

from wbxml import AirSync, Calendar, Element, Notes

from .breach import Breach, repeated
from .items import item

_ORDER = (
    *(AirSync.Class, AirSync.SyncKey, AirSync.CollectionId, AirSync.Supported, AirSync.DeletesAsMoves),
    *(AirSync.GetChanges, AirSync.WindowSize, AirSync.ConversationMode, AirSync.Options, AirSync.Commands),
)
_COMMANDS = (AirSync.Add, AirSync.Change, AirSync.Delete, AirSync.Fetch)
_MOST_COMMANDS = 200
# Without these no server can keep an event: [MS-ASCMD] section 2.2.3.179.
_KEPT_OF_EVENTS = frozenset(
    {
        *(Calendar.DtStamp, Calendar.Categories, Calendar.Sensitivity, Calendar.BusyStatus, Calendar.UID),
        *(Calendar.Timezone, Calendar.StartTime, Calendar.Subject, Calendar.Location, Calendar.EndTime),
        *(Calendar.Recurrence, Calendar.AllDayEvent, Calendar.Reminder, Calendar.Exceptions),
    }
)
_DATA_OF_NOTES = frozenset(str(tag) for tag in Notes)


def sync(root: Element, version: str) -> Iterator[Breach]:
    """What is wrong with a Sync request."""
    wait, heartbeat = root.find(AirSync.Wait), root.find(AirSync.HeartbeatInterval)
    if wait is not None and heartbeat is not None:
        yield Breach("MS-ASCMD_R3161", "Wait and HeartbeatInterval exclude each other", heartbeat.offset)
    partial = root.find(AirSync.Partial)
    if partial is not None and len(root) == 1:
        yield Breach("MS-ASCMD_R3642", "Partial goes with something that has changed", partial.offset)
    commands = 0
    for collection in root.findall("AirSync:Collections/AirSync:Collection"):
        yield from _collection(collection)
        for holder in collection.findall(AirSync.Commands):
            children = [child for child in holder if child.tag in _COMMANDS]
            commands += len(children)
            if not children:
                yield Breach("MS-ASCMD_R2053", "Commands holds at least one", holder.offset)
            yield from _client_ids(children)
            for child in children:
                yield from item(child, version)
    if commands > _MOST_COMMANDS:
        message = f"{commands} commands: at most {_MOST_COMMANDS} go into one request"
        yield Breach("MS-ASCMD_R5658", message, root.offset)


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
    if supported is not None:
        if key != "0":
            yield Breach("MS-ASCMD_R4547", "Supported goes with the SyncKey 0 only", supported.offset)
        if any(str(child.tag) in _DATA_OF_NOTES for child in supported) or (
            collection.findtext(AirSync.Class) == "Notes"
        ):
            yield Breach("MS-ASNOTE_R80", "Supported is not for notes", supported.offset)
        kept = {child.tag for child in supported if child.tag.namespace == "Calendar"}
        if kept and not kept >= _KEPT_OF_EVENTS:
            missing = ", ".join(sorted(tag.name for tag in _KEPT_OF_EVENTS - kept))
            yield Breach("MS-ASCMD_R4555", f"Supported for events is without {missing}", supported.offset)
    yield from _options(collection)


def _options(collection: Element) -> Iterator[Breach]:
    blocks = collection.findall(AirSync.Options)
    named = [block.findtext(AirSync.Class) for block in blocks]
    for name in repeated(named):
        yield Breach("MS-ASCMD_R929", f"two Options of one Collection are for {name}", blocks[-1].offset)
    if len(blocks) > 1 and "SMS" not in named:
        yield Breach("MS-ASCMD_R3600", "of two Options, one is for SMS", blocks[-1].offset)
    for kind in collection.findall("AirSync:Options/AirSyncBase:BodyPartPreference/AirSyncBase:Type"):
        if kind.text != "2":
            yield Breach("MS-ASAIRS_R324", f"Type of BodyPartPreference is {kind.text}: only 2 (HTML)", kind.offset)
    for block in blocks:
        for body in repeated(one.findtext("AirSyncBase:Type") for one in block.findall("AirSyncBase:BodyPreference")):
            yield Breach("MS-ASAIRS_R158", f"two BodyPreferences of one Options have the Type {body}", block.offset)


def _client_ids(commands: list[Element]) -> Iterator[Breach]:
    adds = [command for command in commands if command.tag == AirSync.Add]
    for name in repeated(add.findtext(AirSync.ClientId) for add in adds):
        first = next(add for add in adds if add.findtext(AirSync.ClientId) == name)
        yield Breach("MS-ASCMD_R961", f"two Adds of a request have the ClientId {name}", first.offset)


__all__ = ["sync"]
