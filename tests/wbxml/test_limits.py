"""Limits: what they are, and that each holds to the element and the byte."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import Any

import pytest

from wbxml import DEFAULT, LimitError, Limits

from .samples import HEADER, document, feed


def nested(depth: int) -> bytes:
    return HEADER + b"\x45" * (depth - 1) + b"\x05" + b"\x01" * (depth - 1)


def test_defaults() -> None:
    assert repr(DEFAULT) == "Limits(max_depth=256, max_elements=16777216, max_expanded=16777216, max_size=2147483647)"
    assert repr(Limits()) == repr(DEFAULT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_depth": 0},
        {"max_depth": -1},
        {"max_depth": "1"},
        {"max_elements": 0},
        {"max_elements": 1.5},
        {"max_elements": 0xFFFFFFFF},
        {"max_size": 0},
        {"max_size": 1 << 32},
        {"max_size": None},
        {"max_expanded": 0},
    ],
)
def test_what_no_limit_can_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


def test_limits_have_no_other_names() -> None:
    with pytest.raises(TypeError):
        Limits(max_width=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Limits(1)  # type: ignore[call-arg]


def test_limits_do_not_change() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        DEFAULT.max_size = 1
    with pytest.raises(AttributeError, match="immutable"):
        del DEFAULT.max_size


def test_limits_pickle() -> None:
    assert repr(pickle.loads(pickle.dumps(Limits(max_depth=3)))) == repr(Limits(max_depth=3))


@pytest.mark.parametrize("depth", [1, 2, 256, 1000])
def test_depth(kernel: ModuleType, depth: int) -> None:
    data = nested(depth)
    assert len(list(kernel.decode(data, limits=Limits(max_depth=depth)).root.iter())) == depth
    if depth > 1:
        with pytest.raises(LimitError) as caught:
            kernel.decode(data, limits=Limits(max_depth=depth - 1))
        assert caught.value.args == (f"elements are nested deeper than max_depth = {depth - 1}", 4 + depth - 1)


@pytest.mark.parametrize(
    ("body", "elements", "offset"),
    [
        ("45 06 06 01", 3, 6),
        ("45 46 03 61 00 01 46 C3 01 61 01 01", 3, 10),  # a text or opaque alone in an element does not count
        ("45 03 61 00 03 62 00 01", 3, 8),  # pieces do
        ("45 03 61 00 C3 01 62 01", 3, 8),
        ("45 06 03 62 00 01", 3, 6),
    ],
)
def test_elements(kernel: ModuleType, body: str, elements: int, offset: int) -> None:
    data = document(body)
    assert kernel.decode(data, limits=Limits(max_elements=elements)).raw == data
    with pytest.raises(LimitError) as caught:
        kernel.decode(data, limits=Limits(max_elements=elements - 1))
    assert caught.value.args == (f"more elements than max_elements = {elements - 1}", offset)


def test_size(kernel: ModuleType) -> None:
    data = document("45 03 61 62 00 01")
    assert kernel.decode(data, limits=Limits(max_size=len(data))).raw == data
    with pytest.raises(LimitError) as caught:
        kernel.decode(data, limits=Limits(max_size=len(data) - 1))
    assert caught.value.args == (f"the document is larger than max_size = {len(data) - 1} bytes", len(data) - 1)


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_decoder_has_the_same_depth(kernel: ModuleType, step: int) -> None:
    data = nested(20)
    for path, count in (("Page200:0x05", 0), ("AirSync:Sync", 1), ("AirSync:Sync/AirSync:Sync/AirSync:Sync", 1)):
        assert len(feed(kernel.Decoder([path], limits=Limits(max_depth=20)), data, step)) == count
        with pytest.raises(LimitError) as caught:
            feed(kernel.Decoder([path], limits=Limits(max_depth=19)), data, step)
        assert caught.value.args == ("elements are nested deeper than max_depth = 19", 4 + 19)


def test_a_decoder_limits_each_value(kernel: ModuleType) -> None:
    # Ten values of six bytes each: the document is larger than a value may be.
    data = HEADER + b"\x45" + b"\x47\x0b\x0b\x0b\x0b\x01" * 10 + b"\x01"
    decoder = kernel.Decoder(["AirSync:Add"], limits=Limits(max_size=6, max_elements=5))
    assert len(decoder.feed(data)) == 10
    decoder.close()
    with pytest.raises(LimitError) as caught:
        kernel.Decoder(["AirSync:Add"], limits=Limits(max_size=5)).feed(data)
    assert caught.value.args == ("the document is larger than max_size = 5 bytes", 5)
    with pytest.raises(LimitError) as caught:
        kernel.Decoder(["AirSync:Add"], limits=Limits(max_elements=4)).feed(data)
    assert caught.value.args == ("more elements than max_elements = 4", 9)


def test_a_decoder_stops_a_value_that_does_not_end(kernel: ModuleType) -> None:
    data = HEADER + b"\x45\x47\x03" + b"x" * 100_000
    with pytest.raises(LimitError) as caught:
        feed(kernel.Decoder(["AirSync:Add"], limits=Limits(max_size=10_000)), data, 1000)
    assert caught.value.args == ("the document is larger than max_size = 10000 bytes", 5)
