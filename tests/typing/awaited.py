"""The same of AsyncClient, and of the embedded server."""

from __future__ import annotations

from typing import assert_type

from activesync import AsyncClient, AsyncPage, AsyncStreamedPage, Event, Hierarchy, Result, ServerOptions
from activesync.commands import FolderSync, FolderSyncResponse
from activesync.testing import EASServer, Mailbox, sample_mailbox


async def run() -> None:
    async with AsyncClient("https://mail.example.com", "alice", "secret") as eas:
        assert_type(eas, AsyncClient)
        assert_type(await eas.options(), ServerOptions)
        folders = await eas.folders()
        assert_type(folders, Hierarchy)
        async for page in eas.sync(*folders):
            assert_type(page, AsyncPage)
            await page.commit()
        async for part in eas.stream(*folders):
            assert_type(part, AsyncStreamedPage)
        async for event in eas.watch(duration=1.0):
            assert_type(event, Event)
        assert_type(await eas.apply("5", []), list[Result])
        assert_type(await eas.run(FolderSync(sync_key="0")), FolderSyncResponse)


def server() -> None:
    mailbox = sample_mailbox()
    assert_type(mailbox, Mailbox)
    with EASServer(mailbox) as running:
        assert_type(running, EASServer)
        assert_type(running.url, str)
