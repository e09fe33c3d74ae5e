"""A user's mail over IMAP: what the tests put into the server, and the truth they compare its answers with."""

import imaplib
import re
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, Self

_LITERAL_HEAD = re.compile(rb"\d+ \(.*\bUID (\d+)\b")
_FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)")
_UID = re.compile(rb"\bUID (\d+)\b")
_APPENDED = re.compile(rb"\[APPENDUID \d+ (\d+)\]")

_PIPELINED = 64
"""How many commands go out before their answers are read: few enough that these fit into the socket's buffer."""


class Mailbox:
    """One IMAP connection, a context manager. Every method names its folder, the inbox unless told otherwise."""

    def __init__(self, port: int, user: str, password: str) -> None:
        """Connects to loopback and logs in."""
        self._imap = imaplib.IMAP4("127.0.0.1", port, timeout=60)
        self._imap.login(user, password)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._imap.logout()

    def append(
        self,
        messages: Iterable[bytes],
        folder: str = "INBOX",
        *,
        flags: Iterable[str] = (),
        received: datetime | None = None,
    ) -> list[int]:
        """The UIDs of the messages, in their order, after each was stored by a command of its own.

        Each has its own modification sequence then, as mail has that was delivered. SOGo needs that: its keys are made
        of them, and where one MULTIAPPEND stored all, a page that is asked for again costs those behind it.
        Literals that need no go-ahead (RFC 7888) let many commands go out as one stream; imaplib sends one at a time.

        Arguments: `messages` with CRLF line ends, without NUL; `flags` as IMAP spells them; `received` an aware
        time, the server's arrival time, now if None.
        """
        head = f"append APPEND {_quoted(folder)} ({' '.join(flags)}) "
        if received is not None:
            head += imaplib.Time2Internaldate(received) + " "
        uids = []
        waiting = iter(messages)
        while batch := list(islice(waiting, _PIPELINED)):
            for message in batch:
                self._imap.send(b"%s{%d+}\r\n%s\r\n" % (head.encode(), len(message), message))
            uids += [self._appended(folder) for _ in batch]
        return uids

    def _appended(self, folder: str) -> int:
        """The UID that the answer to an APPEND tells."""
        while not (line := self._imap.readline()).startswith(b"append "):
            if not line:
                raise ConnectionError("the IMAP server hung up during APPEND")
        if (appended := _APPENDED.search(line)) is None:
            raise AssertionError(f"APPEND to {folder} failed: {line!r}")
        return int(appended[1])

    def uids(self, folder: str = "INBOX") -> list[int]:
        """The UIDs of all messages, ascending."""
        self._select(folder, readonly=True)
        return [int(uid) for line in _ok(self._imap.uid("SEARCH", "ALL")) if line for uid in line.split()]

    def fetch(self, folder: str = "INBOX") -> dict[int, bytes]:
        """Every message by its UID, as the server has it, without marking it as read."""
        self._select(folder, readonly=True)
        found = {}
        for part in _ok(self._imap.uid("FETCH", "1:*", "(UID BODY.PEEK[])")):
            if isinstance(part, tuple) and (head := _LITERAL_HEAD.match(part[0])):
                found[int(head[1])] = part[1]
        return found

    def flags(self, folder: str = "INBOX") -> dict[int, frozenset[str]]:
        r"""The flags of every message by its UID, as IMAP spells them (``\Seen``), but for ``\Recent``."""
        self._select(folder, readonly=True)
        found = {}
        for line in _ok(self._imap.uid("FETCH", "1:*", "(UID FLAGS)")):
            if line and (uid := _UID.search(line)) and (flags := _FLAGS.search(line)):
                found[int(uid[1])] = frozenset(flags[1].decode().split()) - {"\\Recent"}
        return found

    def set_flags(self, uids: Iterable[int], *flags: str, folder: str = "INBOX") -> None:
        """Nothing; adds the flags to the messages."""
        self._store(uids, "+FLAGS.SILENT", flags, folder)

    def clear_flags(self, uids: Iterable[int], *flags: str, folder: str = "INBOX") -> None:
        """Nothing; takes the flags from the messages."""
        self._store(uids, "-FLAGS.SILENT", flags, folder)

    def delete(self, uids: Iterable[int], folder: str = "INBOX") -> None:
        """Nothing; the messages are gone afterwards, not moved to the trash."""
        uids = list(uids)
        self._store(uids, "+FLAGS.SILENT", ("\\Deleted",), folder)
        _ok(self._imap.uid("EXPUNGE", _set(uids)))

    def move(self, uids: Iterable[int], target: str, folder: str = "INBOX") -> None:
        """Nothing; the messages are in the other folder afterwards, with UIDs of that."""
        self._select(folder)
        _ok(self._imap.uid("MOVE", _set(uids), _quoted(target)))

    def create(self, folder: str) -> None:
        """Nothing; makes a folder (``/`` separates levels) and subscribes to it: SOGo shows no other."""
        _ok(self._imap.create(_quoted(folder)))
        _ok(self._imap.subscribe(_quoted(folder)))
        self.prime([folder])

    def rename(self, folder: str, name: str) -> None:
        """Nothing; the folder has another name, with its messages and its identity."""
        _ok(self._imap.rename(_quoted(folder), _quoted(name)))
        _ok(self._imap.unsubscribe(_quoted(folder)))
        _ok(self._imap.subscribe(_quoted(name)))

    def remove(self, folder: str) -> None:
        """Nothing; the folder is gone afterwards, with its messages."""
        _ok(self._imap.delete(_quoted(folder)))
        _ok(self._imap.unsubscribe(_quoted(folder)))

    def prime(self, folders: Iterable[str]) -> None:
        """Nothing; opens each folder once with CONDSTORE.

        SOGo takes changes from the folder's HIGHESTMODSEQ. Dovecot keeps none before it is asked for, and until then
        SOGo answers the first Sync with "no changes" whatever the folder holds.
        """
        self._imap.enable("CONDSTORE")
        for folder in folders:
            self._select(folder)
            self._imap.close()

    def _store(self, uids: Iterable[int], action: str, flags: Iterable[str], folder: str) -> None:
        self._select(folder)
        _ok(self._imap.uid("STORE", _set(uids), action, f"({' '.join(flags)})"))

    def _select(self, folder: str, *, readonly: bool = False) -> None:
        _ok(self._imap.select(_quoted(folder), readonly))


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of imaplib's answer; AssertionError where the server refused."""
    status, data = answer
    if status != "OK":
        raise AssertionError(f"IMAP answered {status}: {data!r}")
    return data


def _quoted(folder: str) -> str:
    return f'"{folder}"'


def _set(uids: Iterable[int]) -> str:
    return ",".join(map(str, uids))
