"""What is inferred of activesync: what the methods of a client give, what a command's answer is, errors."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import activesync
from activesync import (
    ActiveSyncError,
    Add,
    Change,
    Client,
    Command,
    Delete,
    Email,
    Event,
    Exchange,
    Fetch,
    Folder,
    GALEntry,
    Hierarchy,
    Limits,
    Oof,
    Page,
    Result,
    SearchResult,
    ServerOptions,
    SoftDelete,
    SqliteStore,
    Stats,
    StatusError,
    StreamedPage,
    UserInformation,
)
from activesync.commands import FolderSync, FolderSyncResponse, Ping, PingResponse
from activesync.items import Item


def told(exchange: Exchange) -> None:
    assert_type(exchange.status, int | None)


def run(path: Path) -> None:
    with Client(
        "https://mail.example.com", "alice", "secret", store=path, on_exchange=told, limits=Limits(per_server=4)
    ) as eas:
        assert_type(eas, Client)
        assert_type(eas.options(), ServerOptions)
        folders = eas.folders()
        assert_type(folders, Hierarchy)
        assert_type(list(folders), list[Folder])
        for page in eas.sync(*folders, window=50):
            assert_type(page, Page)
            assert_type(page.folder, Folder)
            for change in page.changes:
                match change:
                    case Add(server_id=key, item=Email(subject=subject)):
                        assert_type(key, str | None)
                        assert_type(subject, str | None)
                    case Add() | Change():
                        assert_type(change.item, Item | None)
                    case Delete() | SoftDelete():
                        assert_type(change.server_id, str | None)
            page.commit()
        for part in eas.stream(*folders):
            assert_type(part, StreamedPage)
        for event in eas.watch(duration=1.0):
            assert_type(event, Event)
        assert_type(eas.apply("5", [Delete(server_id="5:1"), Fetch(server_id="5:2")]), list[Result])
        assert_type(eas.estimate("5"), int)
        assert_type(eas.search("text"), list[SearchResult])
        assert_type(eas.search_gal("smith"), list[GALEntry])
        assert_type(eas.oof(), Oof)
        assert_type(eas.user_information(), UserInformation)
        assert_type(eas.password_expires, int | None)
        assert_type(eas.stats, Stats)


def commands(eas: Client) -> None:
    assert_type(eas.run(FolderSync(sync_key="0")), FolderSyncResponse)
    assert_type(eas.run(Ping(heartbeat_interval=60)), PingResponse)
    command: Command[FolderSyncResponse] = FolderSync(sync_key="0")
    answer = eas.run(command)
    assert_type(answer, FolderSyncResponse)
    assert_type(answer.status, int | None)


def errors(eas: Client) -> None:
    try:
        eas.folders()
    except StatusError as error:
        assert_type(error.status, int)
        assert_type(error.command, str)
    except ActiveSyncError as error:
        assert_type(error.exit_code, int)


def stores(path: Path) -> None:
    store = SqliteStore(path)
    assert_type(store.load("account", "name"), str | None)
    Client("https://mail.example.com", "alice", "secret", store=store)
    assert_type(activesync.__version__, str)


def mistakes(eas: Client) -> None:
    """Each is one that both type checkers see: where they do not, the comment is an error itself."""
    Client("https://mail.example.com")  # type: ignore
    eas.run("FolderSync")  # type: ignore
    eas.run(FolderSync(sync_key=0))  # type: ignore
    eas.apply("5", ["5:1"])  # type: ignore
    eas.folder()  # type: ignore
    eas.estimate(5)  # type: ignore
