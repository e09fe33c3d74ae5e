"""GlobalObjId, by which a meeting request names its meeting, to and from the UID of iCalendar and of events.

Source: [MS-ASEMAIL] sections 2.2.2.37 and 3.1.4.7.
"""

from __future__ import annotations

import struct
from datetime import date
from typing import Final

_CLASS: Final = bytes.fromhex("040000008200E00074C5B7101A82E008")
_HEAD: Final = 40  # class, date of the instance, time of creation, eight zeros, length of the data
_INSTANCE: Final = slice(16, 20)  # year (big-endian), month, day
_VCAL: Final = b"vCal-Uid\x01\x00\x00\x00"


def uid(global_obj_id: bytes) -> str:
    """The UID of the meeting: what is in the blob after "vCal-Uid", else the blob in hexadecimal.

    That of an instance is that of its series: the date of the instance is left out. Raises ValueError for a blob that
    is shorter than its head.
    """
    if len(global_obj_id) < _HEAD:
        raise ValueError(f"a GlobalObjId has {_HEAD} bytes or more, this one has {len(global_obj_id)}")
    size = struct.unpack_from("<I", global_obj_id, _HEAD - 4)[0]
    data = global_obj_id[_HEAD:]
    # R26: 12 bytes of a mark and a NUL are in the length, which must be within the blob.
    if len(global_obj_id) >= 53 and data.startswith(_VCAL) and 13 <= size <= len(data):
        return data[len(_VCAL) : size - 1].decode("utf-8", "replace")
    return (global_obj_id[:16] + bytes(4) + global_obj_id[20:]).hex().upper()


def global_obj_id(uid: str, instance: date | None = None) -> bytes:
    """The blob for a UID, as Exchange makes it for meetings that others have named; ``instance`` names one of a series.

    A UID that is the hexadecimal form of a blob gives that blob. Raises ValueError for an empty UID.
    """
    if not uid:
        raise ValueError("a UID has at least one character")
    blob = _from_hex(uid)
    if blob is None:
        data = _VCAL + uid.encode() + b"\0"
        blob = _CLASS + bytes(20) + struct.pack("<I", len(data)) + data
    day = bytes(4) if instance is None else struct.pack(">HBB", instance.year, instance.month, instance.day)
    return blob[: _INSTANCE.start] + day + blob[_INSTANCE.stop :]


def instance_of(global_obj_id: bytes) -> date | None:
    """The day of the instance that a blob names; None for a whole series or a single meeting, or where it is no day."""
    year, month, day = struct.unpack_from(">HBB", global_obj_id.ljust(_HEAD, b"\0"), _INSTANCE.start)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _from_hex(uid: str) -> bytes | None:
    try:
        blob = bytes.fromhex(uid)
    except ValueError:
        return None
    return blob if len(blob) >= _HEAD and blob.startswith(_CLASS) else None


__all__ = ["global_obj_id", "instance_of", "uid"]
