"""Sessions in files: a Recorder writes each exchange as it happens, redacted, and a Replay answers from the file.

    with Client(url, user, password, transport=Recorder("session.jsonl", Urllib3Transport())) as eas:
        ...
    with Client(url, "anybody", "anything", transport=Replay("session.jsonl")) as eas:
        ...                                     # the same calls: the same answers, and no server

Both are transports. The file has a line of JSON for each exchange: ``command``, ``request`` (``method``, ``url``,
``headers``, ``body``) and ``answer`` (``status``, ``headers``, ``cookies``, ``body``), each body in base64 and, where
``xml=True`` asks for it, as XML for people; ``error`` is what ended it early, the ``type`` of an error of this package
and its ``message``. Who signed in is not in it, nor cookies; the user and the device have other names, the same
throughout; of items, folders and settings only what the protocol goes by is kept (see redact.py).
"""

from __future__ import annotations

import base64
import difflib
import itertools
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import wbxml

from . import errors, redact
from .effects import Head, Request
from .errors import ActiveSyncError, UsageError
from .query import parse_query
from .transport import Answer, AsyncAnswer, AsyncTransport, Transport

_CLIENT_IDS: Final = ("AirSync:ClientId", "ComposeMail:ClientId")
# How much of the difference between two documents an error shows: its beginning tells where a session went astray.
_LINES_SHOWN: Final = 20


class ReplayError(UsageError):
    """The session is another one than was recorded. ``expected`` and ``came`` are commands, None for the end."""

    def __init__(self, message: str, expected: str | None, came: str | None) -> None:
        super().__init__(message)
        self.expected = expected
        self.came = came

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.expected, self.came)


# Recording


class _File:
    """The file that a recorder appends to."""

    def __init__(self, path: str | os.PathLike[str], contents: bool, xml: bool) -> None:
        self._path = path
        self.contents = contents
        self._xml = xml
        self._names: dict[str, dict[str, str]] = {"user": {}, "device": {}}
        self._lock = threading.Lock()
        try:
            # For the owner alone: with contents=True it holds mails, and the ids in it are theirs in any case.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise UsageError(f"the recording {os.fspath(path)} cannot be written: {error.strerror}") from error

    def write(self, exchange: _Recording) -> None:
        """Appends a line, in one piece."""
        line = json.dumps(self._described(exchange)) + "\n"
        try:
            with self._lock:
                os.write(self._file, line.encode())
        except OSError as error:
            raise UsageError(f"the recording {os.fspath(self._path)} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Closes the file. Further closing does nothing."""
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _named(self, kind: str, value: str) -> str:
        """Another name for a user or a device, the same whenever it is asked for."""
        with self._lock:
            names = self._names[kind]
            return names.setdefault(value, f"{kind}{len(names) + 1}")

    def _described(self, exchange: _Recording) -> dict[str, Any]:
        request, head = exchange.request, exchange.head
        query = parse_query(request.url.partition("?")[2], {}) if "?" in request.url else None
        url = request.url
        if query is not None:
            user, device_id = self._named("user", query.user), self._named("device", query.device_id)
            url = redact.address(url, request.headers, user=user, device_id=device_id)
        described: dict[str, Any] = {
            "command": request.command,
            "contents": self.contents,
            "request": {
                "method": request.method,
                "url": url,
                "headers": redact.request_headers(request.headers),
                **self._body(redact.document(request.body, contents=self.contents)),
            },
        }
        if head is not None:
            kind = head.headers.get("content-type", "")
            described["answer"] = {
                "status": head.status,
                "headers": redact.answer_headers(head.headers),
                "cookies": [redact.cookie(line) for line in head.cookies],
                **self._body(redact.answer_body(b"".join(exchange.chunks), kind, contents=self.contents)),
            }
        if exchange.error is not None:
            ours = isinstance(exchange.error, ActiveSyncError)
            described["error"] = {
                "type": type(exchange.error).__name__,
                "message": str(exchange.error) if ours else "",
            }
        return described

    def _body(self, body: bytes) -> dict[str, str]:
        found = {"body": base64.b64encode(body).decode()}
        if self._xml and body:
            found["xml"] = _xml(body)
        return found


class _Recording:
    """One exchange: the request, and of the answer what has come so far. Written once, when it has ended."""

    def __init__(self, file: _File, request: Request) -> None:
        self._file = file
        self._written = False
        self.request = request
        self.head: Head | None = None
        self.chunks: list[bytes] = []
        self.error: BaseException | None = None

    def took(self, chunk: bytes) -> bytes:
        """The chunk, which is noted; b"" ends the exchange."""
        if chunk:
            self.chunks.append(chunk)
        else:
            self.end()
        return chunk

    def end(self, error: BaseException | None = None) -> None:
        """Writes the exchange, which has come to its end or was ended by this error."""
        if not self._written:
            self._written = True
            self.error = error
            self._file.write(self)


class _RecordedAnswer:
    def __init__(self, answer: Answer, recording: _Recording) -> None:
        self._answer, self._recording = answer, recording
        self.head = recording.head = answer.head

    def read(self, size: int = 1 << 16) -> bytes:
        try:
            chunk = self._answer.read(size)
        except BaseException as error:
            self._recording.end(error)
            raise
        return self._recording.took(chunk)

    def close(self) -> None:
        self._answer.close()
        self._recording.end()


class Recorder:
    """A transport that appends each exchange of ``transport`` to the file ``path``, redacted, once it has ended.

    ``contents=True`` keeps what is in items, folders and settings; who signs in, cookies and passwords are never kept.
    ``xml=True`` adds the documents as XML. The answer is passed on as it arrives; the recorder holds this one alone.
    Closing it closes ``transport``. Raises UsageError where the file cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], transport: Transport, *, contents: bool = False, xml: bool = False
    ) -> None:
        self._file = _File(path, contents, xml)
        self._transport = transport

    def send(self, request: Request) -> Answer:
        """The answer to the request, once its head has come."""
        recording = _Recording(self._file, request)
        try:
            answer = self._transport.send(request)
        except BaseException as error:
            recording.end(error)
            raise
        return _RecordedAnswer(answer, recording)

    def close(self) -> None:
        """Closes the file and all connections."""
        self._file.close()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _AsyncRecordedAnswer:
    def __init__(self, answer: AsyncAnswer, recording: _Recording) -> None:
        self._answer, self._recording = answer, recording
        self.head = recording.head = answer.head

    async def read(self, size: int = 1 << 16) -> bytes:
        try:
            chunk = await self._answer.read(size)
        except BaseException as error:
            self._recording.end(error)
            raise
        return self._recording.took(chunk)

    async def close(self) -> None:
        self._recording.end()
        await self._answer.close()


class AsyncRecorder:
    """The same as :class:`Recorder`, awaited. A line is written between two awaits, as a store's values are."""

    def __init__(
        self, path: str | os.PathLike[str], transport: AsyncTransport, *, contents: bool = False, xml: bool = False
    ) -> None:
        self._file = _File(path, contents, xml)
        self._transport = transport

    async def send(self, request: Request) -> AsyncAnswer:
        """The answer to the request, once its head has come."""
        recording = _Recording(self._file, request)
        try:
            answer = await self._transport.send(request)
        except BaseException as error:
            recording.end(error)
            raise
        return _AsyncRecordedAnswer(answer, recording)

    async def close(self) -> None:
        """Closes the file and all connections."""
        self._file.close()
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


# Replaying


class _Replayed:
    """A recorded answer: what is left of its body, and the error that ended it."""

    def __init__(self, head: Head, body: bytes, error: ActiveSyncError | None) -> None:
        self.head = head
        self._body = memoryview(body)
        self._error = error

    def take(self, size: int) -> bytes:
        chunk, self._body = bytes(self._body[:size]), self._body[size:]
        if not chunk and self._error is not None:
            raise self._error
        return chunk


class _Tape:
    """The exchanges of a file, one after the other."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            lines = Path(path).read_text("utf-8").splitlines()
            self._exchanges: Iterator[Any] = iter([json.loads(line) for line in lines if line])
        except OSError as error:
            raise UsageError(f"the recording {self._path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise UsageError(f"{self._path} is no recording: a line of it is no JSON") from error

    def answer(self, request: Request) -> _Replayed:
        """The recorded answer to the request. Raises ReplayError where it is another one, or the recorded error."""
        came = request.command
        exchange = next(self._exchanges, None)
        if exchange is None:
            raise ReplayError(f"{self._path} ends here; {came} came", None, came)
        try:
            return self._answered(request, came, exchange)
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{self._path} is no recording: a line of it lacks {error}") from error

    def _answered(self, request: Request, came: str, exchange: Any) -> _Replayed:
        expected = exchange["command"]
        if came != expected:
            raise ReplayError(f"{self._path} has {expected} next; {came} came", expected, came)
        recorded = base64.b64decode(exchange["request"]["body"])
        body = redact.document(request.body, contents=exchange["contents"])
        # Those that a flow draws by itself differ from run to run.
        recorded_ids, ids = _client_ids(recorded), _client_ids(body)
        if _with_ids(recorded, dict.fromkeys(recorded_ids, "")) != _with_ids(body, dict.fromkeys(ids, "")):
            raise ReplayError(
                f"{self._path} has another {expected} next than came:\n{_difference(recorded, body)}", expected, came
            )
        error: ActiveSyncError | None = None
        if lost := exchange.get("error"):
            # Others are not the way's: a caller who left, who would have to leave again.
            error = _of_the_way(lost) or ReplayError(
                f"{self._path} has {lost['type']} within {expected}: its caller left", expected, came
            )
        answer = exchange.get("answer")
        if answer is None:
            raise error or KeyError("answer")
        head = Head(answer["status"], answer["headers"], tuple(answer["cookies"]))
        answered = base64.b64decode(answer["body"])
        return _Replayed(head, _with_ids(answered, dict(zip(recorded_ids, ids, strict=False))), error)


class _ReplayedAnswer:
    def __init__(self, replayed: _Replayed) -> None:
        self._replayed = replayed
        self.head = replayed.head

    def read(self, size: int = 1 << 16) -> bytes:
        return self._replayed.take(size)

    def close(self) -> None:
        pass


class Replay:
    """A transport that answers a session from the file that a Recorder made of it, without a server.

    The requests must be those that were recorded, in their order: the same commands with the same documents, compared
    as they are once redacted, but for the ClientIds that a client draws. Otherwise ReplayError says what was expected
    and what came. Errors on the way are raised where they were. Raises UsageError for a file that cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._tape = _Tape(path)

    def send(self, request: Request) -> Answer:
        """The recorded answer."""
        return _ReplayedAnswer(self._tape.answer(request))

    def close(self) -> None:
        """Does nothing: nothing is open."""


class _AsyncReplayedAnswer:
    def __init__(self, replayed: _Replayed) -> None:
        self._replayed = replayed
        self.head = replayed.head

    async def read(self, size: int = 1 << 16) -> bytes:
        return self._replayed.take(size)

    async def close(self) -> None:
        pass


class AsyncReplay:
    """The same as :class:`Replay`, awaited."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._tape = _Tape(path)

    async def send(self, request: Request) -> AsyncAnswer:
        """The recorded answer."""
        return _AsyncReplayedAnswer(self._tape.answer(request))

    async def close(self) -> None:
        """Does nothing: nothing is open."""


def _of_the_way(recorded: Any) -> ActiveSyncError | None:
    """The recorded error, where it is one that a transport raises."""
    kind = getattr(errors, recorded["type"], None)
    if isinstance(kind, type) and issubclass(kind, (errors.TransportError, errors.AnswerError)):
        return kind(recorded["message"])
    return None


def _client_ids(body: bytes) -> list[str]:
    """The ClientIds in a document, each once, in their order."""
    return list(dict.fromkeys(value for _, value in _id_tokens(body) if value is not None))


def _with_ids(body: bytes, others: dict[str, str]) -> bytes:
    """The document with other ClientIds in the place of these."""
    if not others:
        return body
    return b"".join(
        token.raw if value is None else token.changed(others.get(value, value)).raw for token, value in _id_tokens(body)
    )


def _id_tokens(body: bytes) -> Iterator[tuple[wbxml.Token, str | None]]:
    """All tokens of a document, those with a ClientId together with it."""
    opened: list[wbxml.Tag | None] = []
    for token in wbxml.tokens(body):
        value = None
        if token.content:
            opened.append(token.tag)
        elif token.kind == "end" and token.value == "element" and opened:
            opened.pop()
        elif token.kind == "str_i" and isinstance(token.value, str) and opened and opened[-1] in _CLIENT_IDS:
            value = token.value
        yield token, value


def _difference(expected: bytes, came: bytes) -> str:
    """The lines in which two documents differ. Both are redacted."""
    lines = difflib.unified_diff(
        _xml(expected).splitlines(), _xml(came).splitlines(), "expected", "came", lineterm="", n=1
    )
    return "\n".join(itertools.islice(lines, _LINES_SHOWN))


def _xml(body: bytes) -> str:
    """A document as XML, what is none as its tokens."""
    try:
        return wbxml.to_xml(body)
    except wbxml.DecodeError:
        return wbxml.dump(body)


__all__ = ["AsyncRecorder", "AsyncReplay", "Recorder", "Replay", "ReplayError"]
