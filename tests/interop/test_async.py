"""What AsyncClient alone can do: tasks share it or run side by side, loops are left, calls are cancelled."""

import asyncio

import pytest

from activesync import Add, AsyncClient, Change, Email, MemoryStore, ServerBusyError, UncommittedPageError

from . import corpus
from .sogo import SOGoServer, User

pytestmark = pytest.mark.interop


def opened(sogo: SOGoServer, user: User, store: MemoryStore | None = None) -> AsyncClient:
    return AsyncClient(sogo.url, user.name, user.password, allow_http=True, store=store)


async def arrived(eas: AsyncClient) -> list[str | None]:
    return [change.server_id async for page in eas.sync("inbox", window=10) for change in page.changes]


def test_tasks_share_a_client(sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(30))

    async def main() -> None:
        async with opened(sogo, user) as eas:
            folders, count, mails, people, replies = await asyncio.gather(
                eas.folders(), eas.estimate("inbox"), arrived(eas), eas.search_gal("alice"), eas.oof()
            )
        assert folders[0].name == "INBOX"
        assert count == 30
        assert mails == [str(uid) for uid in range(1, 31)]
        assert [person.display_name for person in people] == ["Alice Archer"]
        assert replies.messages

    asyncio.run(main())


def test_users_side_by_side(sogo: SOGoServer) -> None:
    users = [sogo.add_user() for _ in range(6)]
    for number, user in enumerate(users, start=1):
        with sogo.imap(user) as mailbox:
            mailbox.append(corpus.many(10 * number))

    async def one(user: User) -> int:
        async with opened(sogo, user) as eas:
            return len(await arrived(eas))

    async def main() -> list[int]:
        return await asyncio.gather(*(one(user) for user in users))

    assert asyncio.run(main()) == [10, 20, 30, 40, 50, 60]


def test_a_page_belongs_to_its_loop(sogo: SOGoServer, user: User) -> None:
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(15))
    read = [Change(server_id="1", item=Email(read=True))]

    async def main() -> None:
        async with opened(sogo, user) as eas:
            async for _page in eas.sync("inbox", window=10):
                with pytest.raises(UncommittedPageError):
                    await eas.apply("inbox", read)
                break
            # Left without a commit: the page is out no more, and comes again.
            assert await arrived(eas) == [str(uid) for uid in range(1, 16)]
            with pytest.raises(ZeroDivisionError):
                async for page in eas.sync("inbox"):
                    raise AssertionError(page)
                raise ZeroDivisionError
            (result,) = await eas.apply("inbox", read)
            assert result.ok

    asyncio.run(main())


def test_cancelled_at_any_time(sogo: SOGoServer, user: User) -> None:
    """A sync is cancelled after ever more milliseconds, until one comes through: each mail has come exactly once."""
    with sogo.imap(user) as mailbox:
        mailbox.append(corpus.many(100))

    async def main() -> list[str]:
        kept: list[str] = []

        async def keep(eas: AsyncClient) -> None:
            async for page in eas.sync("inbox", window=10):
                kept.extend(change.server_id or "" for change in page.changes if isinstance(change, Add))
                await page.commit()

        async with opened(sogo, user) as eas:
            # A user's very first request must be let alone by others: SOGo makes a table then.
            await eas.folders()
            for milliseconds in range(0, 2000, 7):
                task = asyncio.create_task(keep(eas))
                await asyncio.wait([task], timeout=milliseconds / 1000)
                task.cancel()
                try:
                    await task
                    break
                except asyncio.CancelledError:
                    pass
                except ServerBusyError:
                    pass  # SOGo is still at the request before
            assert await arrived(eas) == []
        return kept

    assert sorted(asyncio.run(main()), key=int) == [str(uid) for uid in range(1, 101)]
