"""Documents that several tests use, and a measure of what a call takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
SOGO = DATA / "sogo"
MICROSOFT = DATA / "microsoft"
LIBWBXML = DATA / "libwbxml"

HEADER = b"\x03\x01\x6a\x00"
"""WBXML 1.3, public identifier unknown, UTF-8, no string table: [MS-ASWBXML] section 2.1.2."""

# What the captures hold beside documents; see the README there.
NO_DOCUMENTS = {
    "FolderCreate-dup.response",
    "ItemOperations-attachment-multipart.response",
    "ItemOperations-fetch-multipart.response",
    "Ping-empty.request",
    "SendMail.response",
    "Sync-empty.request",
}

CAPTURES = {path.stem: path for path in sorted(SOGO.glob("*.wbxml")) if path.stem not in NO_DOCUMENTS}
"""The captured documents by their names, such as "FolderSync-initial.response"."""


def capture(name: str) -> bytes:
    """The captured document with this name."""
    return CAPTURES[name].read_bytes()


def document(body: str) -> bytes:
    """A document whose body is given in hexadecimal."""
    return HEADER + bytes.fromhex(body)


def feed(decoder: Any, data: bytes, step: int) -> list[Any]:
    """What a Decoder finds in a whole document that is fed in chunks of ``step`` bytes."""
    found = [match for start in range(0, len(data), step) for match in decoder.feed(data[start : start + step])]
    decoder.close()
    return found


# What any input may take at most of the processor's time, by the kernel that reads it: others may use the machine, too.
# A sanitizer takes time and memory of its own, and so does an emulated processor (tests/aarch64.sh).
SECONDS = {"c": 1, "python": 5}
_HINDERED = "ASAN_OPTIONS" in os.environ or "QEMU_LD_PREFIX" in os.environ
_BYTES = 32 << 20
_BYTES_PER_BYTE = 256


@contextmanager
def bounded(size: int, kernel: str = "python") -> Iterator[None]:
    """Asserts that what is done within it takes no longer than it may, and memory in proportion to ``size`` bytes.

    The memory is the resident set at its highest, which counts what a compiled kernel takes, too. Only Linux tells it.
    """
    before = _reset_peak()
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS[kernel] * (10 if _HINDERED else 1)
    if before:
        assert _peak() - before < _BYTES + _BYTES_PER_BYTE * size


def _reset_peak() -> int:
    """The resident set now, in bytes, having made it the peak so far; 0 where that is not possible or means nothing."""
    if _HINDERED:
        return 0
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return _peak()
    except OSError:
        return 0


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmHWM in /proc/self/status")
