"""Properties that hold for documents made at random, and for any bytes at all."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

import wbxml
from wbxml import ACTIVESYNC, DecodeError, EncodeError

from .samples import CAPTURES, HEADER, capture, document

# A kernel does not change between examples.
SETTINGS = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
TAGS = st.one_of(
    st.sampled_from(sorted(ACTIVESYNC.by_name.values())),
    st.builds(lambda page, token: ACTIVESYNC.tag(page << 6 | token), st.integers(0, 255), st.integers(5, 63)),
)
# An element as its tag and its pieces.
LEAVES = st.one_of(TEXTS, st.binary(max_size=20))
ELEMENTS: st.SearchStrategy[Any] = st.recursive(
    st.tuples(TAGS, st.lists(LEAVES, max_size=2)),
    lambda below: st.tuples(TAGS, st.lists(st.one_of(LEAVES, below, below), max_size=4)),
    max_leaves=20,
)
# Bytes that are often nearly a document: tokens in any order.
TOKENS = st.one_of(
    st.sampled_from([b"\x00\x00", b"\x00\x11", b"\x01", b"\x01", b"\x05", b"\x45", b"\x4b", b"\x7f", b"\x03", b"\xc3"]),
    st.builds(lambda text: b"\x03" + text.encode() + b"\0", TEXTS),
    st.builds(lambda data: b"\xc3" + bytes([len(data)]) + data, st.binary(max_size=20)),
    st.binary(max_size=3),
)
NEARLY = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda parts: HEADER + b"".join(parts), st.lists(TOKENS, max_size=20)),
    st.builds(lambda parts: HEADER + b"\x45" + b"".join(parts) + b"\x01", st.lists(TOKENS, max_size=20)),
)


def written(kernel: ModuleType, root: Any) -> bytes:
    """The document for an element of the strategy."""
    writer = kernel.Writer()
    writer.start(root[0])
    levels = [iter(root[1])]
    while levels:
        piece = next(levels[-1], None)
        if piece is None:
            levels.pop()
            writer.end()
        elif isinstance(piece, str):
            writer.text(piece)
        elif isinstance(piece, bytes):
            writer.opaque(piece)
        else:
            writer.start(piece[0])
            levels.append(iter(piece[1]))
    data: bytes = writer.finish()
    return data


def read(element: Any) -> Any:
    """An element as the strategy has it."""
    pieces: list[Any] = []
    for piece in element.pieces:
        if isinstance(piece, str):
            pieces.append(piece)
        else:
            pieces.append(bytes(piece) if isinstance(piece, memoryview) else read(piece))
    return (element.tag, pieces)


def outcome(function: Any, *arguments: Any) -> Any:
    """What a call gives, or the error that it raises; any error but those of wbxml goes through."""
    try:
        return function(*arguments)
    except DecodeError as error:
        return type(error), error.args


def decoded(kernel: ModuleType, data: bytes) -> Any:
    return read(kernel.decode(data).root)


def chunked(kernel: ModuleType, data: bytes, sizes: list[int], path: str) -> Any:
    decoder = kernel.Decoder([path])
    found = []
    start = 0
    while start < len(data):
        size = sizes[start % len(sizes)]
        found += decoder.feed(data[start : start + size])
        start += size
    decoder.close()
    return [(match.value.offset, read(match.value)) for match in found]


@SETTINGS
@given(root=ELEMENTS)
def test_what_is_written_is_read(kernel: ModuleType, root: Any) -> None:
    data = written(kernel, root)
    doc = kernel.decode(data)
    assert read(doc.root) == root
    assert kernel.encode(doc) == data
    assert read(pickle.loads(pickle.dumps(doc)).root) == root


@SETTINGS
@given(root=ELEMENTS)
def test_xml_and_elements_lose_nothing(root: Any) -> None:
    data = written(wbxml, root)
    for indent in (None, 2):
        assert wbxml.from_xml(wbxml.to_xml(data, indent=indent)) == data
    assert wbxml.encode(wbxml.to_etree(data)) == data


@SETTINGS
@given(root=ELEMENTS)
def test_an_element_holds_what_its_pieces_hold(kernel: ModuleType, root: Any) -> None:
    found = kernel.decode(written(kernel, root)).root
    for element in found.iter():
        pieces = element.pieces
        texts = [piece for piece in pieces if isinstance(piece, str)]
        opaques = [piece for piece in pieces if isinstance(piece, memoryview)]
        assert element.text == ("".join(texts) if texts else None)
        assert element.data == (b"".join(opaques) if opaques else None)
        assert element.view == (opaques[0] if len(opaques) == 1 else None)
        children = list(element)
        assert children == [piece for piece in pieces if not isinstance(piece, (str, memoryview))]
        assert len(element) == len(children)
        assert [element[index] for index in range(-len(children), 0)] == children
        for child in children:
            same = [other for other in children if other.tag == child.tag]
            assert element.findall(child.tag) == same
            assert element.find(child.tag) == same[0]
        assert list(element.iter())[1:] == [below for child in children for below in child.iter()]


@SETTINGS
@given(data=NEARLY)
@example(data=b"")
@example(data=HEADER)
def test_any_bytes_give_a_document_or_an_error(kernel: ModuleType, data: bytes) -> None:
    result = outcome(decoded, kernel, data)
    if isinstance(result[0], type):
        kind, (message, offset) = result
        assert issubclass(kind, DecodeError)
        assert 0 <= offset <= len(data)
        assert (kind is wbxml.TruncatedError) == (message == "the document ends too early")
        assert kind is not wbxml.TruncatedError or offset == len(data)
    else:
        doc = kernel.decode(data)
        assert doc.raw == data
        assert read(kernel.decode(kernel.encode(doc)).root) == result


@SETTINGS
@given(data=NEARLY, sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5))
def test_any_bytes_in_any_chunks(kernel: ModuleType, data: bytes, sizes: list[int]) -> None:
    whole = outcome(decoded, kernel, data)
    root = "AirSync:Sync"
    # What attributes come to is checked where they are selected.
    attributes = any(token.kind == "attribute" for token in wbxml.tokens(data))
    for path in (root, "AirSync:SyncKey", "Page200:0x05"):
        found = outcome(chunked, kernel, data, sizes, path)
        assert found == outcome(chunked, kernel, data, [len(data) + 1], path)
        if isinstance(whole[0], type) and not attributes:
            # A text that is neither whole nor UTF-8 may be either error, as it is seen whole or in parts.
            assert isinstance(found, tuple)
            assert issubclass(found[0], DecodeError)
            if whole[0] is not wbxml.TruncatedError:
                assert found == whole
        elif not isinstance(whole[0], type):
            assert isinstance(found, list)
            if path == whole[0] == root:
                assert [value for _, value in found] == [whole]


@SETTINGS
@given(root=ELEMENTS, sizes=st.lists(st.integers(1, 10), min_size=1, max_size=3))
def test_values_in_chunks_are_those_of_the_whole(kernel: ModuleType, root: Any, sizes: list[int]) -> None:
    data = written(kernel, root)
    elements = list(kernel.decode(data).root.iter())
    for tag in {element.tag for element in elements}:
        found = chunked(kernel, data, sizes, str(tag))
        outermost: list[Any] = []
        ends: dict[int, int] = {}
        for element in elements:
            if element.tag == tag and not any(start < element.offset < end for start, end in ends.items()):
                outermost.append((element.offset, read(element)))
                last = list(element.iter())[-1]
                ends[element.offset] = last.offset + 1
        assert found == outermost


@SETTINGS
@given(data=NEARLY)
def test_tokens_lose_nothing(data: bytes) -> None:
    tokens = list(wbxml.tokens(data))
    assert b"".join(token.raw for token in tokens) == data
    assert wbxml.dump(data).count("\n") == len(tokens)
    try:
        doc = wbxml.decode(data)
    except DecodeError:
        return
    # Where there is a document, the tokens say the same.
    assert all(token.expected is None for token in tokens)
    assert [t.tag for t in tokens if t.kind == "tag"] == [element.tag for element in doc.root.iter()]
    assert [t.offset for t in tokens if t.kind == "tag"] == [element.offset for element in doc.root.iter()]


@SETTINGS
@given(data=NEARLY)
def test_what_tokens_call_a_document_is_one(data: bytes) -> None:
    tokens = list(wbxml.tokens(data))
    beyond = {"literal", "pi", "attribute", "str_t", "entity", "ext", "ext_i", "ext_t"}
    if any(token.expected or token.attributes or token.kind in beyond for token in tokens):
        return
    if next(token.value for token in tokens if token.kind == "public_id") is None:
        return
    if [token.value for token in tokens if token.kind == "charset"] not in ([], [0], [3], [106]):
        return
    assert wbxml.decode(data).raw == data


@SETTINGS
@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=200)))
@example(text='<Sync xmlns="AirSync" xmlns:w="urn:activesync:wbxml" w:escaped="true">\\</Sync>')
def test_any_text_gives_a_document_or_an_error(text: str | bytes) -> None:
    try:
        data = wbxml.from_xml(text)
    except EncodeError as error:
        place = error.line, error.column
    else:
        assert wbxml.encode(wbxml.decode(data)) == data
        return
    assert all(number is not None and number >= 1 for number in place)


@SETTINGS
@given(text=st.text(max_size=30))
def test_text_is_refused_or_comes_back(kernel: ModuleType, text: str) -> None:
    writer = kernel.Writer()
    writer.start("AirSync:Sync")
    surrogate = any(0xD800 <= ord(character) <= 0xDFFF for character in text)
    if "\0" in text or surrogate:
        with pytest.raises(
            EncodeError, match=r"^AirSync:Sync: a (NUL|lone surrogate) at character \d+ cannot be written$"
        ):
            writer.text(text)
    else:
        writer.text(text)
        writer.end()
        assert kernel.decode(writer.finish()).root.text == text


@pytest.mark.parametrize("name", ["Sync-page-m20k-100.response", "SendMail.request", "Search-GAL.response"])
def test_threads_share_a_document(kernel: ModuleType, name: str) -> None:
    data = CAPTURES[name].read_bytes()
    doc = kernel.decode(data)
    expected = read(kernel.decode(data).root)

    def work(_: int) -> bool:
        return bool(read(doc.root) == expected and kernel.encode(doc) == data and doc.root == doc.root.document.root)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(24)))


def test_threads_share_unknown_tags(kernel: ModuleType) -> None:
    pages = wbxml.CodePages(wbxml.AirSync)
    data = HEADER + b"\x45" + b"".join(bytes([0, page, 0x05]) for page in range(30, 200)) + b"\x01"

    def work(_: int) -> list[int]:
        return [id(element.tag) for element in kernel.decode(data, pages=pages).root]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(50)))
    assert all(one == found[0] for one in found)


def test_a_small_document_of_everything(kernel: ModuleType) -> None:
    # What the strategies above are made of, once by hand.
    data = document("45 03 61 00 00 2A 45 C3 01 FF 01 03 00 00 00 06 01")
    root = ("AirSync:Sync", ["a", ("Page42:0x05", [b"\xff"]), "", ("AirSync:Responses", [])])
    assert read(kernel.decode(data).root) == root
    assert written(kernel, root) == data
    assert capture("FolderSync-initial.response").startswith(HEADER)
