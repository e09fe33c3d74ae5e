"""Drives a flow with canned answers: no server, no network, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import wbxml
from activesync.auth import basic
from activesync.effects import (
    Claim,
    Close,
    Deliver,
    Flow,
    Head,
    Hold,
    Load,
    Now,
    Random,
    Read,
    Request,
    Rest,
    Save,
    Send,
    Sleep,
)
from activesync.session import Session

WBXML = "application/vnd.ms-sync.wbxml"


@dataclass
class Canned:
    """An answer to a request: its status, headers, and body, which arrives in pieces of ``piece`` bytes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    piece: int = 1 << 16
    cut: Exception | None = None


Answer = Canned | Exception | wbxml.Model


class Script:
    """What answers the effects of a flow: canned answers in their order, and a store that is a dict.

    Deliver is taken as committed, unless ``commit`` says otherwise; an answer may be a function of the request. Time
    passes where such a function changes ``now``, and in a Rest.
    """

    def __init__(
        self,
        answers: Iterable[Answer | Callable[[Request], Answer]],
        kept: dict[str, str] | None = None,
        *,
        spare: bool = False,
    ) -> None:
        self.answers = list(answers)
        self.spare = spare
        self.store: dict[str, str] = {"session": '{"version": "14.1"}', "device": "D" * 32} if kept is None else kept
        self.requests: list[Request] = []
        self.pages: list[Any] = []
        self.slept: list[float] = []
        self.held: list[Hold] = []
        self.rested: list[float] = []
        self.now = 1_800_000_000.0
        self.commit: Callable[[Any], bool] = lambda page: True

    @property
    def commands(self) -> list[str]:
        """The command of each request, "" for OPTIONS."""
        return [parse_qs(urlsplit(request.url).query).get("Cmd", [""])[0] for request in self.requests]

    def sent(self, index: int) -> wbxml.Element:
        """The root of the document that a request carried."""
        return wbxml.decode(self.requests[index].body).root

    def run(self, flow: Flow[Any]) -> Any:
        """What the flow returns; every answer must have been asked for, but for spare ones."""
        body = b""
        piece = 1
        cut: Exception | None = None
        result: Any = None
        try:
            effect = next(flow)
            while True:
                failure: Exception | None = None
                match effect:
                    case Send(request):
                        self.requests.append(request)
                        assert self.answers, f"nobody expected this request: {request.url}"
                        answer = self.answers.pop(0)
                        if callable(answer) and not isinstance(answer, (Canned, Exception)):
                            answer = answer(request)
                        if isinstance(answer, Exception):
                            failure = answer
                        else:
                            if not isinstance(answer, Canned):
                                answer = Canned(wbxml.encode(answer))
                            body, piece, cut = answer.body, answer.piece, answer.cut
                            result = Head(answer.status, {"content-type": WBXML} | answer.headers, answer.cookies)
                    case Read(size):
                        step = min(size, piece)
                        result, body = body[:step], body[step:]
                        if not result and cut is not None:
                            failure, cut = cut, None
                    case Close():
                        result, body = None, b""
                    case Load(name):
                        result = self.store.get(name)
                    case Claim():
                        result = None
                    case Save(values):
                        self._save(values)
                        result = None
                    case Deliver(page, values, expected):
                        for name, value in expected.items():
                            assert self.store.get(name) == value
                        self.pages.append(page)
                        if not self.commit(page):
                            flow.close()
                            return None
                        self._save(values)
                        result = None
                    case Sleep(seconds):
                        self.slept.append(seconds)
                        result = None
                    case Hold():
                        self.held.append(effect)
                        result = None
                    case Rest(seconds):
                        self.rested.append(seconds)
                        self.now += seconds
                        result = None
                    case Now():
                        result = self.now
                    case Random(count):
                        result = bytes(range(count))
                effect = flow.send(result) if failure is None else flow.throw(failure)
        except StopIteration as end:
            assert self.spare or not self.answers, f"{len(self.answers)} answers were not asked for"
            return end.value

    def _save(self, values: Any) -> None:
        for name, value in values.items():
            if value is None:
                self.store.pop(name, None)
            else:
                self.store[name] = value


def session(**options: Any) -> Session:
    """A session of Alice's with a server that is not there."""
    return Session("https://mail.example.test", "alice", authorization=basic("alice", "s3cret"), **options)
