"""Bodies that came packed, as their Content-Encoding says (RFC 9110, 8.4.1)."""

from __future__ import annotations

import zlib

from .effects import Head
from .errors import CutOffError, DamagedError


class Unpacker:
    """Unpacks a body whose Content-Encoding is gzip or deflate, never more of it at once than is asked for.

    It is fed packed bytes and gives unpacked ones. A gzip body may have several members (RFC 1952, 2.2); what follows
    the last and is none is ignored, as other clients do. "deflate" is zlib's format, or the bare one of old servers.
    """

    __slots__ = ("_encoding", "_inflater", "_packed", "_place", "_unfinished")

    def __init__(self, encoding: str, place: str) -> None:
        self._encoding = encoding
        self._place = place
        self._packed = b""
        self._inflater: zlib._Decompress | None = None
        self._unfinished = False  # zlib may have taken all that was packed, and not have given all that it makes

    @classmethod
    def of(cls, head: Head, place: str) -> Unpacker | None:
        """The unpacker that the body needs, or None."""
        encoding = head.headers.get("content-encoding", "").strip().lower()
        return None if encoding in ("", "identity") else cls(encoding.removeprefix("x-"), place)

    def feed(self, packed: bytes) -> None:
        """Take packed bytes. All that were taken before must have been unpacked."""
        self._packed += packed

    def take(self, size: int) -> bytes:
        """Unpacked bytes, at most ``size``; b"" where more packed ones are needed. Raises DamagedError."""
        piece = b""
        while (self._packed or self._unfinished) and not piece:
            inflater = self._inflater
            if inflater is None:
                inflater = self._inflater = self._made(self._packed[0])
            elif inflater.eof:
                if self._encoding != "gzip" or self._packed[0] != 0x1F:
                    self._packed = b""
                    break
                inflater = self._inflater = self._made(0x1F)
            try:
                piece = inflater.decompress(self._packed, size)
            except zlib.error as error:
                raise DamagedError(f"the answer of {self._place} is broken within its {self._encoding}") from error
            self._packed = inflater.unconsumed_tail or inflater.unused_data
            self._unfinished = len(piece) == size and not inflater.eof
        return piece

    def close(self) -> None:
        """Check that the body was whole; one of no bytes at all is. Raises CutOffError."""
        if self._inflater is not None and not self._inflater.eof:
            raise CutOffError(f"the answer of {self._place} ends within its {self._encoding}")

    def _made(self, first: int) -> zlib._Decompress:
        if self._encoding == "gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        if self._encoding == "deflate":
            # RFC 1950, 2.2: in zlib's format the lower half of the first byte is 8, the method. RFC 1951, 3.2.3: bare,
            # these bits would be a block that is stored, not the last, and padded with something else than zeros.
            return zlib.decompressobj(zlib.MAX_WBITS if first & 0x0F == 8 else -zlib.MAX_WBITS)
        raise DamagedError(f"the answer of {self._place} is packed as {self._encoding!r:.40}, which was not asked for")
