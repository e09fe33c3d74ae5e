"""What is inferred of wbxml: documents, elements, Models of one's own."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, assert_type

import wbxml
from wbxml import AirSync, Document, Element, Match, Model, Tag, TagInfo, Token, field


class Colour(enum.IntEnum):
    RED = 1


class Add(Model, tag=AirSync.Add):
    server_id: str | None = field(AirSync.ServerId)


class Sync(Model, tag=AirSync.Sync):
    sync_key: str | None = field(AirSync.SyncKey)
    window: int | None = field(AirSync.WindowSize)
    more: bool = field(AirSync.MoreAvailable, flag=True)
    colour: Colour | None = field(AirSync.FilterType)
    adds: list[Add] = field(within=AirSync.Commands)


def models(data: bytes) -> None:
    sync = wbxml.decode(data, type=Sync)
    assert_type(sync, Sync)
    assert_type(sync.sync_key, str | None)
    assert_type(sync.more, bool)
    assert_type(sync.colour, Colour | None)
    assert_type(sync.adds[0].server_id, str | None)
    assert_type(sync.unknown, tuple[Element, ...])
    assert_type(wbxml.decode(wbxml.decode(data), type=Add), Add)
    assert_type(wbxml.encode(Sync(sync_key="1", adds=[Add(server_id="2")]), version="14.1"), bytes)


def documents(data: bytearray) -> None:
    doc = wbxml.decode(data)
    assert_type(doc, Document)
    root = doc.root
    assert_type(root, Element)
    assert_type(root.tag, Tag)
    assert_type(root.text, str | None)
    assert_type(root.data, bytes | None)
    assert_type(root.find("AirSync:SyncKey"), Element | None)
    assert_type(root.findtext(AirSync.SyncKey), str | None)
    assert_type(root.findtext(AirSync.SyncKey, "0"), str)
    assert_type(root.findall("AirSync:Collections/AirSync:Collection"), list[Element])
    assert_type([one.tag for one in root], list[Tag])
    assert_type(wbxml.to_xml(doc), str)
    assert_type(wbxml.from_xml("<Sync xmlns='AirSync'/>"), bytes)
    assert_type(wbxml.dump(data), str)
    assert_type(wbxml.tokens(data), Iterator[Token])
    assert_type(wbxml.describe(AirSync.SyncKey), TagInfo)
    assert_type(wbxml.__impl__, str)


def streams(chunks: list[bytes]) -> None:
    decoder = wbxml.Decoder({"AirSync:Add": Add})
    for chunk in chunks:
        assert_type(decoder.feed(chunk), list[Match])
    assert_type(wbxml.iterdecode(chunks, {"AirSync:Add": Add}), Iterator[Any])


def mistakes(data: bytes) -> None:
    """Each is one that both type checkers see: where they do not, the comment is an error itself."""
    wbxml.decode(data, type="Sync")  # type: ignore
    wbxml.decode("text")  # type: ignore
    Sync(sync_key=1)  # type: ignore
    Sync("1")  # type: ignore
    Sync(synckey="1")  # type: ignore
    Sync(sync_key="1").window = "1"  # type: ignore
