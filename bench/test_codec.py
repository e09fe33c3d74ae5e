"""What the codec takes on real answers of a server, beside json and orjson on the same content as JSON.

One round is one pass over the documents of a kind. A Document is checked in full but makes its strings only when they
are asked for; "walk" asks for all of them, and is what compares with a JSON library, which makes everything at once.
"""

import json
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import wbxml
from activesync.commands import FolderSyncResponse, SyncResponse
from bench.contenders import plain_of, walk_values

CAPTURES = Path(__file__).parents[1] / "tests" / "data" / "sogo"
KINDS: dict[str, tuple[type[wbxml.Model], list[str]]] = {
    "folders": (FolderSyncResponse, ["FolderSync-initial", "FolderSync-serverchange", "FolderSync-afterupdate"]),
    "mails": (SyncResponse, ["Sync-page-m20k-100", "Sync-email-html", "Sync-email-badkey2"]),
}


def _json_libraries() -> list[Any]:
    found = [json]
    try:
        found.append(import_module("orjson"))
    except ImportError:
        print("orjson is not installed: left out")
    return found


LIBRARIES = _json_libraries()
each_library = pytest.mark.parametrize("library", LIBRARIES, ids=[library.__name__ for library in LIBRARIES])
every_kind = pytest.mark.parametrize("kind", KINDS)
decoding = pytest.mark.benchmark(group=f"decode, wbxml with its {wbxml.__impl__} kernel")
encoding = pytest.mark.benchmark(group=f"encode, wbxml with its {wbxml.__impl__} kernel")


def _captures(kind: str) -> list[bytes]:
    return [(CAPTURES / f"{name}.response.wbxml").read_bytes() for name in KINDS[kind][1]]


def _plains(kind: str) -> list[Any]:
    return [plain_of(wbxml.decode(data).root, bytes.decode) for data in _captures(kind)]


def _walk_document(data: bytes) -> int:
    return sum(1 for element in wbxml.decode(data).root.iter() if element.tag and (element.text or not len(element)))


def _each(function: Callable[[Any], Any], values: list[Any]) -> list[Any]:
    return [function(value) for value in values]


@every_kind
@decoding
def test_decode_to_document(benchmark: Any, kind: str) -> None:
    captures = _captures(kind)
    assert all(plain_of(wbxml.decode(data).root, bytes.decode) for data in captures)
    benchmark(_each, wbxml.decode, captures)


@every_kind
@decoding
def test_decode_and_walk(benchmark: Any, kind: str) -> None:
    captures = _captures(kind)
    assert _each(_walk_document, captures) == [walk_values(content) for content in _plains(kind)]
    benchmark(_each, _walk_document, captures)


@every_kind
@decoding
def test_decode_to_models(benchmark: Any, kind: str) -> None:
    captures = _captures(kind)
    decode = partial(wbxml.decode, type=KINDS[kind][0])
    written = _each(wbxml.encode, _each(decode, captures))
    assert [plain_of(wbxml.decode(data).root, bytes.decode) for data in written] == _plains(kind)
    benchmark(_each, decode, captures)


@each_library
@every_kind
@decoding
def test_loads(benchmark: Any, kind: str, library: Any) -> None:
    contents = _plains(kind)
    texts = _each(library.dumps, contents)
    assert _each(library.loads, texts) == contents
    benchmark(_each, library.loads, texts)


@each_library
@every_kind
@decoding
def test_loads_and_walk(benchmark: Any, kind: str, library: Any) -> None:
    contents = _plains(kind)
    texts = _each(library.dumps, contents)
    benchmark(_each, lambda text: walk_values(library.loads(text)), texts)


@every_kind
@encoding
def test_encode_document(benchmark: Any, kind: str) -> None:
    documents = _each(wbxml.decode, _captures(kind))
    assert _each(wbxml.encode, documents) == _captures(kind)
    benchmark(_each, wbxml.encode, documents)


@every_kind
@encoding
def test_encode_models(benchmark: Any, kind: str) -> None:
    # Fresh objects each round: a model that was encoded once may keep what helps it the second time.
    models = partial(_each, partial(wbxml.decode, type=KINDS[kind][0]), _captures(kind))
    assert all(_each(wbxml.encode, models()))
    benchmark.pedantic(_each, setup=lambda: ((wbxml.encode, models()), {}), rounds=300, warmup_rounds=10)


@each_library
@every_kind
@encoding
def test_dumps(benchmark: Any, kind: str, library: Any) -> None:
    # Fresh objects here too: a str keeps its UTF-8 once it was asked for.
    texts = _each(json.dumps, _plains(kind))
    assert _each(library.loads, _each(library.dumps, _each(json.loads, texts))) == _plains(kind)
    benchmark.pedantic(
        _each, setup=lambda: ((library.dumps, _each(json.loads, texts)), {}), rounds=300, warmup_rounds=10
    )
