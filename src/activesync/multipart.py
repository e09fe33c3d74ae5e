"""The parts of a multipart answer (application/vnd.ms-sync.multipart). Source: [MS-ASCMD] section 2.2.1.10.1.1.

    document, *bodies = parts(data)

ItemOperations answers so where MS-ASAcceptMultiPart asks for it: the first part is the WBXML, whose elements Part say
which of the others takes the place of their Data.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Final

from .errors import DamagedError

CONTENT_TYPE: Final = "application/vnd.ms-sync.multipart"


def parts(data: bytes) -> list[memoryview]:
    """The parts in their order, the WBXML first, as views of the data.

    Raises DamagedError where there is no part, or one lies beyond the data, within the table or across another one.
    """
    view = memoryview(data)
    if len(view) < 4:
        raise DamagedError(f"a multipart answer begins with the number of its parts; this one has {len(view)} bytes")
    count = int.from_bytes(view[:4], "little")
    start = 4 + 8 * count
    if not count or start > len(view):
        raise DamagedError(f"a multipart answer of {len(view)} bytes cannot have {count} parts")
    table = list(struct.iter_unpack("<II", view[4:start]))
    for number, (offset, size) in enumerate(table):
        if offset < start or offset + size > len(view):
            raise DamagedError(
                f"part {number} of a multipart answer is to be bytes {offset} to {offset + size}, where parts lie from "
                f"{start} to {len(view)}"
            )
    for (offset, size), (following, _) in pairwise(sorted(table)):
        if offset + size > following:
            raise DamagedError(f"two parts of a multipart answer overlap at byte {following}")
    return [view[offset : offset + size] for offset, size in table]


__all__ = ["CONTENT_TYPE", "parts"]
