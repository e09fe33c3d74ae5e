"""What is not a document: the class, the words and the offset of each error, whole and byte by byte."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType

import pytest

from wbxml import DecodeError, EncodeError, LimitError, Problem, TruncatedError, WBXMLError

from .bad_inputs import MB, NO_ROOT, ONLY_SELECTED, TABLE, Bad
from .samples import CAPTURES, HEADER, bounded, feed


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_bad_input(kernel: ModuleType, row: Bad) -> None:
    with bounded(len(row.data), kernel.IMPL), pytest.raises(WBXMLError) as caught:
        kernel.decode(row.data)
    error = caught.value
    assert type(error) is row.kind
    assert error.args == (row.message, row.offset)
    assert error.offset == row.offset
    assert str(error) == f"{row.message} at offset {row.offset}"


@pytest.mark.parametrize("step", [1, 3, MB])
@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_bad_input_in_chunks(kernel: ModuleType, row: Bad, step: int) -> None:
    if len(row.data) > 10_000 and step == 1:
        step = 1000
    # A path that nothing matches, and one that the root does: both ways through the Decoder.
    for path in ("Page200:0x3F", "AirSync:Sync"):
        if path == "Page200:0x3F" and row.name in ONLY_SELECTED:
            continue
        with bounded(len(row.data), kernel.IMPL), pytest.raises(WBXMLError) as caught:
            feed(kernel.Decoder([path]), row.data, step)
        assert type(caught.value) is row.kind
        assert caught.value.args == (row.message, row.offset)


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_as_root(kernel: ModuleType, byte: int) -> None:
    data = HEADER + bytes([byte])
    token = byte & 0x3F
    if byte in (0, 0x43) or token == 4 or (token > 4 and byte & 0xC0):
        expected: DecodeError = TruncatedError("the document ends too early", 5)
    elif token < 4:
        expected = DecodeError(NO_ROOT.format(byte), 4)
    else:
        assert kernel.decode(data).root.tag.token == token
        return
    with pytest.raises(DecodeError) as caught:
        kernel.decode(data)
    assert (type(caught.value), caught.value.args) == (type(expected), expected.args)


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_in_the_root(kernel: ModuleType, byte: int) -> None:
    data = HEADER + b"\x45" + bytes([byte, 0x01, 0x01, 0x01])
    try:
        doc = kernel.decode(data)
    except DecodeError as error:
        offset = error.offset
    else:
        offset = len(doc.raw)
    assert 5 <= offset <= len(data)


@pytest.mark.parametrize("name", CAPTURES)
def test_every_truncation(kernel: ModuleType, name: str) -> None:
    data = CAPTURES[name].read_bytes()
    # All of a short document; of a long one, what is near its ends, and samples.
    lengths = [n for n in range(len(data)) if n < 600 or n > len(data) - 100 or n % 1009 == 0]
    for length in lengths:
        with pytest.raises(TruncatedError) as caught:
            kernel.decode(data[:length])
        assert caught.value.offset == length


def test_the_tree_of_errors() -> None:
    assert issubclass(WBXMLError, ValueError)
    assert issubclass(DecodeError, WBXMLError)
    assert issubclass(TruncatedError, DecodeError)
    assert issubclass(LimitError, DecodeError)
    assert issubclass(EncodeError, WBXMLError)
    assert not issubclass(EncodeError, DecodeError)


@pytest.mark.parametrize("kind", [DecodeError, TruncatedError, LimitError])
def test_errors_pickle(kind: type[DecodeError]) -> None:
    error = kind("words", 7)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert (str(again), again.offset) == ("words at offset 7", 7)


def test_problems() -> None:
    problem = Problem(7, "AirSync:Status", "a number", "x")
    assert str(problem) == "AirSync:Status at offset 7: expected a number, found 'x'"
    assert repr(problem) == "Problem(offset=7, tag='AirSync:Status', expected='a number', value='x')"
    assert str(Problem(7, "AirSync:Add", "text", None)) == "AirSync:Add at offset 7: expected text, found elements"
    again = pickle.loads(pickle.dumps(problem))
    assert again == problem
    assert hash(again) == hash(problem)
    assert problem != Problem(8, "AirSync:Status", "a number", "x")
    assert problem != "x"
