"""The mail that the server is seeded with: a real corpus, and thousands of messages made from it."""

import re
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import format_datetime
from itertools import cycle, islice
from pathlib import Path

from .rewrites import expected_mime

_DEBIAN = "/usr/lib/python3.11"
"""Where Debian's package libpython3.11-testsuite puts the corpus, for interpreters built without one."""

_PEOPLE = (
    "Ada Lovelace",
    "Alan Turing",
    "Barbara Liskov",
    "Edsger Dijkstra",
    "Grace Hopper",
    "Radia Perlman",
    "Tony Hoare",
)
_REPLACED = re.compile(rb"(?im)^(?:From|To|Cc|Subject|Date|Message-ID):.*\r\n(?:[ \t].*\r\n)*")


def messages() -> dict[str, bytes]:
    """CPython's own e-mail test corpus by file name: mail of every shape, much of it malformed on purpose, with CRLF.

    Errors: FileNotFoundError, with what to do, where neither the interpreter nor Debian brings the corpus.
    """
    for library in (sysconfig.get_path("stdlib"), _DEBIAN):
        files = sorted(Path(library, "test", "test_email", "data").glob("msg_*.txt"))
        if files:
            return {file.name: re.sub(rb"\r\n|\r|\n", b"\r\n", file.read_bytes()) for file in files}
    raise FileNotFoundError(
        "CPython's e-mail test corpus (test/test_email/data/msg_*.txt) is not in "
        f"{sysconfig.get_path('stdlib')}: install libpython3.11-testsuite, or run tests/interop/install.sh again"
    )


def many(count: int) -> Iterator[bytes]:
    """`count` distinct mails, always the same ones: well-formed messages of the corpus in turn, with fresh headers.

    Sender, subject, date and Message-ID are new; structure, body and the other headers stay. The subjects end in
    ``#0`` to ``#{count - 1}``, and each date is 37 minutes after the one before.
    """
    start = datetime(2025, 9, 1, 8, 0, tzinfo=UTC)
    for number, original in enumerate(islice(cycle(_well_formed()), count)):
        sender = _PEOPLE[number % len(_PEOPLE)]
        subject = " ".join(message_from_bytes(original)["Subject"].split())
        head, rest = original.split(b"\r\n\r\n", 1)
        fresh = (
            f'From: "{sender}" <{sender.split()[0].lower()}@example.test>\r\n'
            "To: Alice Archer <alice@example.test>\r\n"
            f"Subject: {subject} #{number}\r\n"
            f"Date: {format_datetime(start + timedelta(minutes=37 * number))}\r\n"
            f"Message-ID: <{number}.corpus@example.test>\r\n"
        )
        yield fresh.encode() + _REPLACED.sub(b"", head + b"\r\n") + b"\r\n" + rest


def _well_formed() -> list[bytes]:
    """Messages with a subject, in which the standard library finds nothing wrong, and that SOGo hands out unchanged."""
    found = []
    for message in messages().values():
        parsed = message_from_bytes(message)
        defects = message.startswith(b"From ") or any(part.defects for part in parsed.walk())
        if parsed["Subject"] and not defects and expected_mime(message) == message:
            found.append(message)
    return found
