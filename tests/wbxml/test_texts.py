"""Texts of every width as they are written: what CPython's own encoder makes of them must stand in the document.

The compiled kernel writes characters of one, two and three bytes 8 or 16 at once, and so where each stands matters.
"""

from __future__ import annotations

import sys
from random import Random

import pytest

import wbxml
from wbxml import AirSync, EncodeError, Model, field

from .samples import HEADER


class Key(Model, tag=AirSync.Collection):
    sync_key: str | None = field(AirSync.SyncKey)
    status: int | None = field(AirSync.Status)


def by_writer(text: str) -> bytes:
    writer = wbxml.Writer()
    writer.start(AirSync.Collection)
    for tag, content in ((AirSync.SyncKey, text), (AirSync.Status, "1")):
        writer.start(tag)
        writer.text(content)
        writer.end()
    writer.end()
    return writer.finish()


EDGES = "\x01\x7f\x80\xff\u0100\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
BASES = {"ASCII": "a", "Latin-1": "é", "two bytes": "я", "three bytes": "中", "four bytes": "😀", "mixed": "aя中é"}


def keys(text: str) -> bytes:
    """A Collection with the text as its SyncKey, by hand but for CPython's own UTF-8."""
    return HEADER + b"\x4f\x4b\x03" + text.encode() + b"\x00\x01\x4e\x031\x00\x01\x01"


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_a_character_of_every_width_at_every_place(base: str) -> None:
    for length in (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50):
        row = (base * length)[:length]
        for at in range(length):
            for character in EDGES:
                text = row[:at] + character + row[at + 1 :]
                written = wbxml.encode(Key(sync_key=text, status=1))
                assert written == keys(text), ascii(text)
                assert by_writer(text) == written, ascii(text)


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_a_character_that_cannot_be_written_at_every_place(base: str) -> None:
    for length in (1, 8, 16, 33, 50):
        row = (base * length)[:length]
        for at in range(length):
            for character, what in (("\0", "NUL"), ("\ud800", "lone surrogate"), ("\udfff", "lone surrogate")):
                with pytest.raises(EncodeError, match=rf"a {what} at character {at} cannot be written"):
                    wbxml.encode(Key(sync_key=row[:at] + character + row[at + 1 :]))


def test_every_character() -> None:
    characters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    Random(4).shuffle(characters)
    # In turns of a few, so that a text has characters of one width and of several.
    for group in (characters[:70000], sorted(characters[:9000]), [one for one in characters if one < "\u0900"]):
        for start in range(0, len(group), 3000):
            text = "".join(group[start : start + 3000])
            assert wbxml.encode(Key(sync_key=text, status=1)) == keys(text)


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
@pytest.mark.parametrize("length", [4095, 4096, 4097, 8192, 20000])
def test_long_texts_of_every_width(base: str, length: int) -> None:
    text = (base * length)[: length - 1] + "€"
    assert wbxml.encode(Key(sync_key=text, status=1)) == keys(text)
    for at in (0, 4095, length - 1):
        with pytest.raises(EncodeError, match=rf"a NUL at character {at} cannot be written"):
            wbxml.encode(Key(sync_key=text[:at] + "\0" + text[at + 1 :], status=1))


def test_a_large_document_behind_small_ones() -> None:
    """The room that the last document took is a guess for the next, whichever is the larger."""
    for length in (10, 100_000, 10, 5000, 300_000, 1, 1_000_000, 6000):
        text = "a" * length
        written = wbxml.encode(Key(sync_key=text, status=1))
        assert written == keys(text)
        assert sys.getsizeof(written) == sys.getsizeof(keys(text))
