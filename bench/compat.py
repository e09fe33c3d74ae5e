"""How much faster pyactivesync is with our drop-in module: python -m bench.compat.

Both codecs do the same calls on the same documents, in turns within one process; what comes out is compared before it
is timed, by the processor's time. The collector of cyclic garbage is on, and has nothing left to do when a pass starts:
whoever makes as many objects as these trees have would else pay for the other one's.
"""

from __future__ import annotations

import argparse
import gc
import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import wbxml.compat.aswbxml
import wbxml.compat.pyactivesync

from . import documents
from .contenders import PyActiveSync, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = documents.SEEDS[:4]


@dataclass(frozen=True)
class Job:
    """The same work by two codecs: ``theirs`` and ``ours`` are called with each source."""

    title: str
    kind: str
    sources: list[Any]
    theirs: Callable[[Any], Any]
    ours: Callable[[Any], Any]
    outcome: Callable[[Any], Any] = lambda made: made

    def times(self, rounds: int) -> tuple[float, float]:
        """The processor's seconds that a document takes each of both, at best.

        Raises AssertionError where what they make is not the same.
        """
        for source in self.sources:
            assert self.outcome(self.theirs(source)) == self.outcome(self.ours(source)), self.title
        best = [math.inf, math.inf]
        for _ in range(rounds):
            for number, call in enumerate((self.theirs, self.ours)):
                gc.collect()
                start = time.process_time()
                for source in self.sources:
                    call(source)
                best[number] = min(best[number], time.process_time() - start)
        return best[0] / len(self.sources), best[1] / len(self.sources)


def writing(codec: Any, content: Any) -> bytes:
    """The document for the content, by the calls with which pyactivesync's client writes its requests."""

    def built(one: Any) -> Any:
        tag, value = one
        if isinstance(value, list):
            return codec.wtag(tag.namespace, tag.name, [built(inner) for inner in value] or None)
        if isinstance(value, bytes):
            return codec.wtag(tag.namespace, tag.name, opaque=value)
        return codec.wtag(tag.namespace, tag.name, text=value)

    tag, value = content
    writer = codec.WBXMLWriter()
    writer.tag(tag.namespace, tag.name, [built(inner) for inner in value])
    made: bytes = writer.render()
    return made


def syncing(client: Any, data: bytes) -> Any:
    """What sync_folder() of pyactivesync's client makes of an answer, which comes without a network."""
    client._transport.post = lambda *_, **__: data
    return client.sync_folder("1", "1")


@contextmanager
def installed(installing: bool) -> Iterator[None]:
    """pyactivesync with our codec or, where it is not ``installing``, with its own."""
    undo = wbxml.compat.pyactivesync.install() if installing else lambda: None
    try:
        yield
    finally:
        undo()


def jobs() -> Iterator[Job]:
    """All that is compared. Raises ImportError where pyactivesync is not installed."""
    ours: Any = wbxml.compat.pyactivesync
    theirs: Any = import_module("pyactivesync._wbxml")
    clients: Any = import_module("pyactivesync")
    lending = PyActiveSync()  # it knows neither page 4 nor 22: for writing, it is lent ours
    for kind in "bcfg":
        samples = [Sample(kind, seed) for seed in SEEDS]
        datas = [sample.data for sample in samples]

        def read(codec: Any) -> Callable[[bytes], Any]:
            return lambda data: codec.WBXMLReader(data).parse()

        yield Job("read", kind, datas, read(theirs), read(ours), texts_of)
        for sample in samples:
            lending.arguments("encode", [sample])
        yield Job(
            "write",
            kind,
            [sample.content for sample in samples],
            lambda content: writing(theirs, content),
            lambda content: writing(ours, content),
        )
    client = clients.Client("localhost", "alice", "secret", device_id="bench")
    client._provisioned = True

    def sync(installing: bool) -> Callable[[bytes], Any]:
        def call(data: bytes) -> Any:
            with installed(installing):
                return syncing(client, data)

        return call

    for kind in "cf":
        datas = [Sample(kind, seed).data for seed in SEEDS]
        yield Job(
            "client.sync_folder()",
            kind,
            datas,
            sync(False),
            sync(True),
            items_of,
        )


def items_of(result: Any) -> list[Any]:
    """What a result of sync_folder() holds, without the names: pyactivesync makes some up."""
    return [(item.server_id, list(item.fields.values())) for item in result.added]


def texts_of(tree: list[Any]) -> list[Any]:
    """The content of a tree in order, without the names: pyactivesync makes some up."""
    found, waiting = [], tree[::-1]
    while waiting:
        name, value, children = waiting.pop()
        found.append(value if name.startswith("#") else None)
        waiting += children[::-1]
    return found


def measured(rounds: int = 15) -> list[tuple[str, str, float, float]]:
    """Each job's title and kind of documents, and the processor's seconds that it takes theirs and ours."""
    return [(job.title, job.kind, *job.times(rounds)) for job in jobs()]


def table(found: list[tuple[str, str, float, float]]) -> str:
    """The figures in Markdown."""
    lines = [
        f"| pyactivesync {version('pyactivesync')} | document | its own codec | wbxml.compat.pyactivesync | |",
        "|---|---|--:|--:|--:|",
    ]
    for title, kind, theirs, ours in found:
        name = documents.KINDS[kind][0]
        lines.append(
            f"| {title} | {name} | {theirs * 1e6:,.0f} µs | {ours * 1e6:,.0f} µs | {theirs / ours:.1f} times |"
        )
    return "\n".join(lines)


def main() -> None:
    from .ratios import machine

    parser = argparse.ArgumentParser(description="Measures pyactivesync with its own codec and with ours.")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"{machine()}, kernel {wbxml.__impl__}\n\n{table(measured(options.rounds))}")


if __name__ == "__main__":
    main()
