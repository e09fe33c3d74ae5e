"""Client and AsyncClient: two small drivers over the same flows, and the pages that they hand out.

A driver performs the effects that a flow yields: it sends, reads, loads, saves, waits, and draws random numbers.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import wbxml

from . import flows
from .auth import Authorization, basic
from .commands import (
    Command,
    DeviceInformation,
    EASProvisionDoc,
    FilterType,
    FindProperties,
    FindResult,
    FolderType,
    GALEntry,
    Oof,
    Options,
    PolicyApplied,
    SearchResult,
    SupportedCalendar,
    SupportedContacts,
    UserInformation,
)
from .effects import (
    Claim,
    Close,
    Deliver,
    Effect,
    Flow,
    GaveWay,
    Head,
    Hold,
    Load,
    Now,
    Part,
    Random,
    Read,
    Request,
    Rest,
    Save,
    Send,
    Sleep,
)
from .errors import ActiveSyncError, StoreError, UsageError
from .flows import HEARTBEAT, ClientChange, Event, Result
from .hierarchy import Folder, Hierarchy
from .items import BodyPreference, BodyType, DocumentEntry
from .lease import Leases
from .metrics import Meter, OnExchange
from .pace import Limits, Turn
from .pages import (
    AsyncEvents,
    AsyncPage,
    AsyncPages,
    AsyncStreamedPage,
    AsyncStreamedPages,
    Page,
    Parked,
    StreamedPage,
)
from .session import VERSIONS, ServerOptions, Session, Stats, device_id_for
from .store import AsyncStateStore, MemoryStore, SqliteStore, StateStore, async_transaction, awaited

if TYPE_CHECKING:
    import asyncio

    from .route import Certificate, Verify
    from .transport import Answer, AsyncAnswer, AsyncTransport, Transport

# urllib3, aiohttp and asyncio are imported where a client first needs them: they take longer than all the rest.

T = TypeVar("T")
R = TypeVar("R", bound=wbxml.Model)


def _opened(store: str | os.PathLike[str] | None) -> MemoryStore | SqliteStore:
    """The store that a client opens itself, and closes."""
    return MemoryStore() if store is None else SqliteStore(store)


class _Base:
    """What both clients are made of: a session."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str | None,
        auth: Authorization | None,
        certified: bool,
        stateless: bool,
        device: str | None,
        device_type: str,
        device_information: DeviceInformation | None,
        timeout: float,
        allow_http: bool,
        trust_redirects: bool,
        versions: tuple[str, ...],
        user_agent: str,
        base64_query: bool,
        check: bool,
        on_policy: Callable[[EASProvisionDoc], PolicyApplied] | None,
        language: str | None,
        supported: Sequence[SupportedContacts | SupportedCalendar],
        on_exchange: OnExchange | None,
        limits: Limits | None,
    ) -> None:
        if auth is None and password is None and not certified:
            raise UsageError("give a password, a certificate, or auth=: a function that returns the header")
        if auth is None and password is not None:
            auth = basic(user, password)
        self._leases = Leases()
        self.session = Session(
            url,
            user,
            authorization=auth,
            device_id=device or (device_id_for(url, user) if stateless else None),
            device_type=device_type,
            device=device_information,
            versions=versions,
            user_agent=user_agent,
            timeout=timeout,
            allow_http=allow_http,
            trust_redirects=trust_redirects,
            base64_query=base64_query,
            check=check,
            on_policy=on_policy,
            language=language,
            supported=supported,
        )
        self._meter = Meter(self.session, on_exchange)
        self._limits = limits
        self._place: Turn | None = None

    def _leave(self) -> None:
        """Gives the turn back that an exchange had."""
        if self._place is not None:
            self._place.end()
            self._place = None

    def _lost(self, error: BaseException) -> None:
        """The exchange has failed: others may have its turn, also while this one is tried again."""
        self._meter.failed(error)
        self._leave()

    def _aside(self, effect: Effect) -> Any:
        """What an effect gives that waits for nothing."""
        if isinstance(effect, Now):
            return time.time()
        if isinstance(effect, Random):
            return os.urandom(effect.count)
        if isinstance(effect, Hold):
            if self._limits is not None:
                self._limits.hold(self.session.account, effect.seconds, effect.throttle)
            return None
        raise UsageError(f"this flow delivers pages: it cannot be run for a result ({type(effect).__name__})")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.session.host}>"

    @property
    def password_expires(self) -> int | None:
        """In how many days the password expires, where the server has said so of late; 0 for less than a day."""
        return self.session.password_expires

    @property
    def stats(self) -> Stats:
        """What the client has done so far: requests, bytes, items."""
        return self.session.stats


class Client(_Base):
    """A client of one account on one server. It serves one thread at a time.

    ``url`` is the server's address ("https://mail.example.com"; the usual path is added where there is none). ``auth``
    is a function that returns an Authorization header, for anything but a password: see auth.py. ``store`` keeps keys
    between runs: the path of a SQLite file, or a StateStore; without one every run starts afresh. ``device`` is the
    device id, which otherwise is made once and kept in the store: two stores that share one start over in turn, since
    the server knows one device. ``verify`` is True (the system's store of certificates), the path of a CA file, an
    SSLContext, or False. ``certificate`` is what the client shows of itself: a PEM file with certificate and key, or a
    pair of files. ``timeout`` is how many seconds the server may keep silent.
    ``base64_query`` sends the parameters of requests in base64 ([MS-ASHTTP] section 2.2.1.1.1.1) instead of as text.
    ``check`` looks at each request before it is sent, and refuses what breaks a rule of the protocol; False is for
    those who test servers. ``on_policy`` is given the policy that a server asks to be applied, and says how far it is:
    without one the server is told that it is applied in full. ``language`` is what searches and the names of templates
    go by, "de-DE" for instance; without one it is the server's. ``supported`` says which properties of contacts and, up
    to 14.1, of events the client keeps: those that it does not name stay when a Change leaves them out, the others are
    deleted, and without it all are ([MS-ASCMD] section 2.2.3.179). It counts for folders that are synchronised for the
    first time. ``on_exchange`` is called with an Exchange after every HTTP exchange; what it raises is logged, once.
    ``limits`` say how much is asked of the server at once, together with all others who have the same Limits.

    Raises UsageError (InsecureURLError for http without ``allow_http``) and StoreError; methods raise ActiveSyncError.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str | None = None,
        *,
        auth: Authorization | None = None,
        store: StateStore | str | os.PathLike[str] | None = None,
        device: str | None = None,
        device_type: str = "Python",
        device_information: DeviceInformation | None = None,
        verify: Verify = True,
        certificate: Certificate | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
        allow_http: bool = False,
        trust_redirects: bool = False,
        versions: tuple[str, ...] = VERSIONS,
        user_agent: str = "activesync-python",
        base64_query: bool = False,
        check: bool = True,
        on_policy: Callable[[EASProvisionDoc], PolicyApplied] | None = None,
        language: str | None = None,
        supported: Sequence[SupportedContacts | SupportedCalendar] = (),
        on_exchange: OnExchange | None = None,
        limits: Limits | None = None,
        transport: Transport | None = None,
    ) -> None:
        super().__init__(
            url, user, password, auth, certificate is not None, store is None, device, device_type, device_information,
            timeout, allow_http, trust_redirects, versions, user_agent, base64_query, check, on_policy, language,
            supported, on_exchange, limits,
        )  # fmt: skip
        self._own_transport = transport is None
        self.store: StateStore
        if store is None or isinstance(store, (str, os.PathLike)):
            self.store, self._own_store = _opened(store), True
        else:
            self.store, self._own_store = store, False
        if transport is None:
            from .transport import Urllib3Transport

            transport = Urllib3Transport(verify=verify, certificate=certificate, connect_timeout=connect_timeout)
        self._transport = transport
        self._answer: Answer | None = None
        self._driving = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.session.told.clear()  # whoever was told them may not have got round to it
        self.close()

    def close(self) -> None:
        """Closes the connections, and the store where the client opened it. The results of apply() are done with."""
        # A store that cannot be used must not keep from closing: results are told again, and a lease ends by itself.
        with contextlib.suppress(StoreError):
            if self.session.told:
                self._drive(flows.acknowledge(self.session))
            self._release()
        if self._own_transport:
            self._transport.close()
        if self._own_store:
            self.store.close()

    # The driver

    def _drive(self, flow: Flow[T]) -> T:
        """What the flow returns. Not for flows that deliver pages."""
        with self._turn():
            try:
                effect = next(flow)
                while True:
                    effect = self._step(flow, effect)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """The client, for one flow alone. What is left of an answer at its end is dropped."""
        if self._driving:
            raise UsageError("a Client serves one thread at a time")
        self._driving = True
        try:
            yield
        finally:
            self._meter.rest()
            self._drop()
            self._driving = False

    def _drop(self) -> None:
        """Drops what is left of the answer."""
        self._leave()
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _step(self, flow: Flow[T], effect: Effect) -> Effect:
        try:
            result = self._perform(effect)
        except ActiveSyncError as error:
            return flow.throw(error)
        return flow.send(result)

    def _next_page(self, flow: Flow[None], parked: Parked | None = None) -> Deliver | Part | None:
        """The next page or event, or part of a page, None at the end."""
        while True:
            with self._turn():
                if parked is not None:
                    self._answer, parked.answer = parked.answer, None
                    self._meter.resumed(parked)
                try:
                    effect = flow.send(None)
                    while not isinstance(effect, Deliver | Rest | Part):
                        effect = self._step(flow, effect)
                except StopIteration:
                    return None
                if parked is not None and isinstance(effect, Part):
                    # Another flow may have its turn before the rest is read, with an answer of its own.
                    parked.answer, self._answer = self._answer, None
                    self._meter.park(parked)
            if not isinstance(effect, Rest):
                return effect
            time.sleep(effect.seconds)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Read):
            return self._read(effect.size)
        if isinstance(effect, Load):
            return self.store.load(self.session.account, effect.name)
        if isinstance(effect, Save):
            return self.store.save(self.session.account, effect.values)
        if isinstance(effect, Send):
            return self._send(effect.request)
        if isinstance(effect, Close):
            return self._drop()
        if isinstance(effect, Sleep):
            self._meter.report()
            return time.sleep(effect.seconds)
        if isinstance(effect, Claim):
            return self._claim(effect.name)
        return self._aside(effect)

    def _send(self, request: Request) -> Head:
        self._drop()
        self._meter.report()
        queued = 0.0
        if self._limits is not None:
            started = time.perf_counter()
            self._place = self._limits.enter(self.session.host, self.session.account, counted=request.command != "Ping")
            queued = time.perf_counter() - started
        self._meter.begin(request, queued)
        try:
            self._answer = self._transport.send(request)
        except BaseException as error:
            self._lost(error)
            raise
        head = self._answer.head
        self._meter.head(head.status)
        return head

    def _read(self, size: int) -> bytes:
        assert self._answer is not None
        started = time.perf_counter()
        try:
            chunk = self._answer.read(size)
        except BaseException as error:
            self._lost(error)
            raise
        self._meter.read(time.perf_counter() - started)
        if not chunk:
            self._leave()
        return chunk

    def _claim(self, name: str) -> None:
        now, account = time.time(), self.session.account
        if not self._leases.fresh(name, now):
            with self.store.transaction(account):
                self.store.save(account, {name: self._leases.taken(name, self.store.load(account, name), now)})

    def _release(self) -> None:
        account = self.session.account
        while self._leases.held:
            name, _ = self._leases.held.popitem()
            with self.store.transaction(account):
                if self._leases.is_mine(self.store.load(account, name)):
                    self.store.save(account, {name: None})

    def _pages(self, flow: Flow[None]) -> Generator[Page, None, None]:
        page: Page | None = None
        try:
            while isinstance(effect := self._next_page(flow), Deliver):
                page = Page(self, effect)
                self.session.uncommitted.add(page.folder.collection_id)
                yield page
                page.commit()
        finally:
            flow.close()
            if page is not None:
                self.session.uncommitted.discard(page.folder.collection_id)

    def _streamed(self, flow: Flow[None], spool: int | None) -> Generator[StreamedPage, None, None]:
        page: StreamedPage | None = None
        parked = Parked()
        try:
            while (effect := self._next_page(flow, parked)) is not None:
                page = StreamedPage(self, flow, effect, parked, spool)
                yield page
                for _ in page.changes:
                    pass
                page.commit()
                page._close()
        finally:
            if parked.answer is not None:
                parked.answer.close()
            flow.close()
            if page is not None:
                page._close()

    def _events(self, flow: Flow[None]) -> Generator[Event, None, None]:
        try:
            while isinstance(effect := self._next_page(flow), Deliver):
                yield effect.page
        finally:
            flow.close()

    # The jobs

    def options(self) -> ServerOptions:
        """What the server offers: versions, commands, and the version that is spoken from now on."""
        return self._drive(self.session.options())

    def provision(self) -> EASProvisionDoc | None:
        """The server's policy, acknowledged as ``on_policy`` says; None where there is none for this client."""
        return self._drive(flows.provision(self.session))

    def acknowledge_wipe(self, *, account_only: bool = False, done: bool = True) -> None:
        """Answers a RemoteWipeRequested: that it will be ``done``, or was refused. The library erases nothing.

        The specification has a client say so first and erase then ([MS-ASPROV] section 3.1.5.1.2.2). Raises
        ProvisionError.
        """
        self._drive(flows.acknowledge_wipe(self.session, account_only=account_only, done=done))

    def folders(self) -> Hierarchy:
        """The folders of the mailbox, brought up to date."""
        return self._drive(flows.folders(self.session))

    def create_folder(
        self, name: str, *, parent: Folder | str | None = None, type: FolderType = FolderType.USER_MAIL
    ) -> Folder:
        """Makes a folder, at the top or in ``parent``. Raises StatusError where there is one of this name already."""
        return self._drive(flows.create_folder(self.session, name, parent=parent, type=type))

    def update_folder(
        self, folder: Folder | str, name: str | None = None, *, parent: Folder | str | None = None
    ) -> Folder:
        """The folder under another name, or moved into ``parent``: "0" is the root. Raises StatusError."""
        return self._drive(flows.update_folder(self.session, folder, name, parent=parent))

    def delete_folder(self, folder: Folder | str) -> None:
        """Deletes a folder with all that is in it. Raises StatusError for one that the server keeps."""
        self._drive(flows.delete_folder(self.session, folder))

    def sync(
        self,
        *folders: Folder | str,
        window: int = 100,
        filter_type: FilterType | None = None,
        body: BodyType | None = None,
        conversations: bool = False,
        options: Options | Callable[[Folder], Options] | None = None,
    ) -> Iterator[Page]:
        """The pages of changes in these folders (Folder, CollectionId, name or role), or in all that have items, up to
        14.1 without the drafts ([MS-ASCMD] section 3.1.5.4: older versions do not synchronise them).

        ``window`` is how many items a page holds at most, 512 the highest. ``filter_type`` says how far back mails,
        events or tasks go, ``body`` in which form bodies come. With ``conversations`` a mail that is older comes, too,
        where the folder has one of its conversation that is not (from 14.0 on). ``options`` say all there is to say of
        filters and bodies, in their place: Options(…), or a function that gives them for each folder. See Page for when
        a page is committed.
        """
        return self._pages(
            flows.sync(
                self.session,
                folders,
                window=window,
                filter_type=filter_type,
                body=body,
                conversations=conversations,
                options=options,
            )
        )

    def stream(
        self,
        *folders: Folder | str,
        window: int = 100,
        filter_type: FilterType | None = None,
        body: BodyType | None = None,
        conversations: bool = False,
        options: Options | Callable[[Folder], Options] | None = None,
        spool: int | None = None,
    ) -> Iterator[StreamedPage]:
        """The same as sync(), for large folders: folder by folder, and each page while it arrives. See StreamedPage.

        A page and its items need never be in memory as a whole. New items come as soon as they are there, changes and
        deletions once the answer is complete. Where an answer is lost on its way, it is asked for again, and items that
        were handed out are not handed out again; those that are gone meanwhile come as a Delete.

        ``spool`` puts bodies of more characters than that into files: StreamedPage.files.
        """
        return self._streamed(
            flows.sync(
                self.session,
                folders,
                window=window,
                filter_type=filter_type,
                body=body,
                conversations=conversations,
                options=options,
                parts=True,
            ),
            spool,
        )

    def watch(
        self,
        *folders: Folder | str,
        heartbeat: tuple[int, int] = HEARTBEAT,
        timeout: float | None = None,
        duration: float | None = None,
        patience: float | None = None,
    ) -> Iterator[Event]:
        """What happens in these folders (Folder, CollectionId, name or role), or in all that sync() takes, as soon as
        it does ([MS-ASCMD] section 2.2.1.13): Changed, HierarchyChanged, Unwatched, Unreachable or Reachable.

        An event brings no items: call ``sync(*event.folders)`` before the next one is asked for, or it comes again.
        ``heartbeat`` is how long, in seconds, one request may wait at least and at most; what the way to the server
        allows is found out in between, and kept in the store. The loop ends after ``timeout`` seconds without an event,
        and ``duration`` seconds after it began in any case.

        A server that cannot be reached, is busy, or answers HTTP 408, 500, 502 or 504, is told once by Unreachable, and
        tried again after pauses that grow to five minutes, until Reachable tells that it is back; what has happened in
        between comes next. That is so from the beginning, with an address that is wrong, too. ``patience`` is for how
        many seconds after Unreachable it goes on before it raises what is wrong; None, the default, is for ever.

        Raises PushNotSupportedError where the server has no Ping, UsageError where the account is watched already, what
        does not pass by itself at once (AuthenticationError, CertificateError, ForbiddenError, RemoteWipeRequested …),
        and StatusError or AnswerError where trying again has not helped.
        """
        return self._events(
            flows.watch(
                self.session, folders, heartbeat=heartbeat, timeout=timeout, duration=duration, patience=patience
            )
        )

    def apply(self, folder: Folder | str, changes: Iterable[ClientChange]) -> list[Result]:
        """What became of these changes (Add, Change, Delete, Fetch), one Result each, in their order.

        Raises UncommittedPageError while a page of the folder is out, and EarlierChangesError where the answer to
        earlier changes was lost and had to be settled first.
        """
        return self._drive(flows.apply(self.session, folder, changes))

    def estimate(
        self, folder: Folder | str, *, filter_type: FilterType | None = None, conversations: bool = False
    ) -> int:
        """How many items the next sync of this folder would bring."""
        return self._drive(flows.estimate(self.session, folder, filter_type=filter_type, conversations=conversations))

    def search(
        self, text: str, *, folder: Folder | str | None = None, limit: int = 100, body: BodyPreference | None = None
    ) -> list[SearchResult]:
        """The first ``limit`` mails with this text, in one folder or in all."""
        return self._drive(flows.search(self.session, text, folder=folder, limit=limit, body=body))

    def find(self, text: str, *, folder: Folder | str | None = None, limit: int = 100) -> list[FindResult]:
        """The first ``limit`` mails with this text, in one folder or in all, from 16.1 on."""
        return self._drive(flows.find(self.session, text, folder=folder, limit=limit))

    def find_gal(self, text: str, *, limit: int = 100, pictures: bool = False) -> list[FindProperties]:
        """The first ``limit`` people in the address list that match, from 16.1 on, with ``pictures`` if wanted."""
        return self._drive(flows.find_gal(self.session, text, limit=limit, pictures=pictures))

    def search_gal(self, text: str, *, limit: int = 100, pictures: bool = False) -> list[GALEntry]:
        """The first ``limit`` people in the address list whose name or address begins so.

        With ``pictures``, which 14.1 and later have, their photographs come along: GALEntry.picture.
        """
        return self._drive(flows.search_gal(self.session, text, limit=limit, pictures=pictures))

    def search_documents(self, link: str, *, limit: int = 100) -> list[DocumentEntry]:
        """What a document library has at this address: a file alone; of a folder itself, and then what it holds.

        ``link`` is the UNC path of a file or folder on a share, or the URL of one in a SharePoint library.
        """
        return self._drive(flows.search_documents(self.session, link, limit=limit))

    def oof(self, *, body_type: str = "Text") -> Oof:
        """The out-of-office replies, as "Text" or "HTML"."""
        return self._drive(flows.oof(self.session, body_type=body_type))

    def set_oof(self, replies: Oof | str | None) -> None:
        """Sets the out-of-office replies: an Oof, a text for everybody from now on, or None to stop them."""
        self._drive(flows.set_oof(self.session, replies))

    def device_information(self, device: DeviceInformation) -> None:
        """Tells the server about the device."""
        self._drive(flows.device_information(self.session, device))

    def user_information(self) -> UserInformation:
        """What the server knows of the user: addresses, accounts."""
        return self._drive(flows.user_information(self.session))

    def run(self, command: Command[R], *, timeout: float | None = None, check: bool | None = None) -> R:
        """The answer to any command, its Status left to the caller.

        Raises RequestError where the request breaks a rule; ``check=False`` sends it all the same.
        """
        return self._drive(self.session.run(command, timeout=timeout, check=check))


class AsyncClient(_Base):
    """Client for asyncio: the same names, awaited; sync() and watch() are async iterators, page.commit() is awaited.

    Tasks may share it: their requests go out one after the other, and none waits for a watch(), which gives way.
    Arguments and errors are Client's.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str | None = None,
        *,
        auth: Authorization | None = None,
        store: StateStore | AsyncStateStore | str | os.PathLike[str] | None = None,
        device: str | None = None,
        device_type: str = "Python",
        device_information: DeviceInformation | None = None,
        verify: Verify = True,
        certificate: Certificate | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
        allow_http: bool = False,
        trust_redirects: bool = False,
        versions: tuple[str, ...] = VERSIONS,
        user_agent: str = "activesync-python",
        base64_query: bool = False,
        check: bool = True,
        on_policy: Callable[[EASProvisionDoc], PolicyApplied] | None = None,
        language: str | None = None,
        supported: Sequence[SupportedContacts | SupportedCalendar] = (),
        on_exchange: OnExchange | None = None,
        limits: Limits | None = None,
        transport: AsyncTransport | None = None,
    ) -> None:
        super().__init__(
            url, user, password, auth, certificate is not None, store is None, device, device_type, device_information,
            timeout, allow_http, trust_redirects, versions, user_agent, base64_query, check, on_policy, language,
            supported, on_exchange, limits,
        )  # fmt: skip
        self._own_transport = transport is None
        self.store: StateStore | AsyncStateStore
        if store is None or isinstance(store, (str, os.PathLike)):
            self.store, self._own_store = _opened(store), True
        else:
            self.store, self._own_store = store, False
        import asyncio

        if transport is None:
            from .transport import AiohttpTransport

            transport = AiohttpTransport(verify=verify, certificate=certificate, connect_timeout=connect_timeout)
        self._transport = transport
        self._answer: AsyncAnswer | None = None
        self._orphans: list[AsyncAnswer] = []
        self._lock = asyncio.Lock()
        self._wanted = 0  # how many flows wait for their turn
        self._held: asyncio.Timeout | None = None  # what ends a request that is held

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.session.told.clear()
        await self.close()

    async def close(self) -> None:
        """See Client.close."""
        with contextlib.suppress(StoreError):
            if self.session.told:
                await self._drive(flows.acknowledge(self.session))
            await self._release()
        await self._drop()
        if self._own_transport:
            await self._transport.close()
        if self._own_store:
            await awaited(self.store.close())

    # The driver

    async def _drive(self, flow: Flow[T]) -> T:
        """What the flow returns. Not for flows that deliver pages."""
        async with self._turn():
            try:
                effect = next(flow)
                while True:
                    effect = _resumed(flow, *await self._outcome(effect))
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            finally:
                await self._settle(flow)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """The client, for one flow alone. A request that is held gives way to it."""
        import asyncio

        self._wanted += 1
        try:
            if self._held is not None:
                held, self._held = self._held, None
                held.reschedule(asyncio.get_running_loop().time())
            await self._lock.acquire()
        finally:
            self._wanted -= 1
        try:
            yield
        finally:
            self._lock.release()

    async def _outcome(self, effect: Effect) -> tuple[Any, ActiveSyncError | GaveWay | None]:
        """What the flow is to be sent, or thrown. The caller resumes it: a StopIteration cannot leave a coroutine."""
        try:
            return await self._perform(effect), None
        except (ActiveSyncError, GaveWay) as error:
            return None, error

    async def _settle(self, flow: Flow[T]) -> None:
        flow.close()
        self._meter.rest()
        await self._drop()

    async def _drop(self) -> None:
        """Drops what is left of the answer."""
        self._leave()
        if self._answer is not None:
            answer, self._answer = self._answer, None
            await answer.close()
        while self._orphans:
            await self._orphans.pop().close()

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Read):
            return await self._read(effect.size)
        if isinstance(effect, Load):
            return await awaited(self.store.load(self.session.account, effect.name))
        if isinstance(effect, Save):
            return await awaited(self.store.save(self.session.account, effect.values))
        if isinstance(effect, Send):
            return await self._send(effect.request, held=effect.held)
        if isinstance(effect, Close):
            return await self._drop()
        if isinstance(effect, Sleep):
            import asyncio

            self._meter.report()
            return await asyncio.sleep(effect.seconds)
        if isinstance(effect, Claim):
            return await self._claim(effect.name)
        return self._aside(effect)

    async def _send(self, request: Request, *, held: bool) -> Head:
        await self._drop()
        self._meter.report()
        queued = 0.0
        if self._limits is not None:
            started = time.perf_counter()
            self._place = await self._limits.enter_async(
                self.session.host, self.session.account, counted=request.command != "Ping"
            )
            queued = time.perf_counter() - started
        self._meter.begin(request, queued)
        try:
            self._answer = await (self._hold(request) if held else self._transport.send(request))
        except BaseException as error:
            self._lost(error)
            raise
        head = self._answer.head
        self._meter.head(head.status)
        return head

    async def _read(self, size: int) -> bytes:
        assert self._answer is not None
        started = time.perf_counter()
        try:
            chunk = await self._answer.read(size)
        except BaseException as error:
            self._lost(error)
            raise
        self._meter.read(time.perf_counter() - started)
        if not chunk:
            self._leave()
        return chunk

    async def _claim(self, name: str) -> None:
        now, account = time.time(), self.session.account
        if not self._leases.fresh(name, now):
            async with async_transaction(self.store, account):
                kept = await awaited(self.store.load(account, name))
                await awaited(self.store.save(account, {name: self._leases.taken(name, kept, now)}))

    async def _release(self) -> None:
        account = self.session.account
        while self._leases.held:
            name, _ = self._leases.held.popitem()
            async with async_transaction(self.store, account):
                if self._leases.is_mine(await awaited(self.store.load(account, name))):
                    await awaited(self.store.save(account, {name: None}))

    async def _hold(self, request: Request) -> AsyncAnswer:
        """Sends a request that gives way to whatever else wants the connection. Raises GaveWay where it did."""
        import asyncio

        if self._wanted:
            raise GaveWay
        try:
            async with asyncio.timeout(None) as held:
                self._held = held
                return await self._transport.send(request)
        except TimeoutError:
            if not held.expired():
                raise
            raise GaveWay from None
        finally:
            self._held = None

    async def _next_page(self, flow: Flow[None], parked: Parked | None = None) -> Deliver | Part | None:
        """See Client._next_page."""
        while True:
            async with self._turn():
                try:
                    if parked is not None:
                        await self._drop()
                        self._answer, parked.answer = parked.answer, None
                        self._meter.resumed(parked)
                    effect = flow.send(None)
                    while not isinstance(effect, Deliver | Rest | Part):
                        effect = _resumed(flow, *await self._outcome(effect))
                    if parked is not None and isinstance(effect, Part):
                        parked.answer, self._answer = self._answer, None
                        self._meter.park(parked)
                        self._leave()
                except StopIteration:
                    return None
                except BaseException:
                    await self._settle(flow)
                    raise
                finally:
                    self._meter.rest()
            if not isinstance(effect, Rest):
                return effect
            import asyncio

            await asyncio.sleep(effect.seconds)

    def _left(self, parked: Parked) -> None:
        """Takes the answer that a loop has left behind, to drop it when next something is awaited."""
        if parked.answer is not None:
            self._orphans.append(parked.answer)
            parked.answer = None

    # The jobs

    async def options(self) -> ServerOptions:
        """See Client.options."""
        return await self._drive(self.session.options())

    async def provision(self) -> EASProvisionDoc | None:
        """See Client.provision."""
        return await self._drive(flows.provision(self.session))

    async def acknowledge_wipe(self, *, account_only: bool = False, done: bool = True) -> None:
        """See Client.acknowledge_wipe."""
        await self._drive(flows.acknowledge_wipe(self.session, account_only=account_only, done=done))

    async def folders(self) -> Hierarchy:
        """See Client.folders."""
        return await self._drive(flows.folders(self.session))

    async def create_folder(
        self, name: str, *, parent: Folder | str | None = None, type: FolderType = FolderType.USER_MAIL
    ) -> Folder:
        """See Client.create_folder."""
        return await self._drive(flows.create_folder(self.session, name, parent=parent, type=type))

    async def update_folder(
        self, folder: Folder | str, name: str | None = None, *, parent: Folder | str | None = None
    ) -> Folder:
        """See Client.update_folder."""
        return await self._drive(flows.update_folder(self.session, folder, name, parent=parent))

    async def delete_folder(self, folder: Folder | str) -> None:
        """See Client.delete_folder."""
        await self._drive(flows.delete_folder(self.session, folder))

    def sync(
        self,
        *folders: Folder | str,
        window: int = 100,
        filter_type: FilterType | None = None,
        body: BodyType | None = None,
        conversations: bool = False,
        options: Options | Callable[[Folder], Options] | None = None,
    ) -> AsyncIterator[AsyncPage]:
        """See Client.sync: ``async for page in eas.sync(...)``."""
        return AsyncPages(
            self,
            flows.sync(
                self.session,
                folders,
                window=window,
                filter_type=filter_type,
                body=body,
                conversations=conversations,
                options=options,
            ),
        )

    def stream(
        self,
        *folders: Folder | str,
        window: int = 100,
        filter_type: FilterType | None = None,
        body: BodyType | None = None,
        conversations: bool = False,
        options: Options | Callable[[Folder], Options] | None = None,
        spool: int | None = None,
    ) -> AsyncIterator[AsyncStreamedPage]:
        """See Client.stream."""
        return AsyncStreamedPages(
            self,
            flows.sync(
                self.session,
                folders,
                window=window,
                filter_type=filter_type,
                body=body,
                conversations=conversations,
                options=options,
                parts=True,
            ),
            spool,
        )

    def watch(
        self,
        *folders: Folder | str,
        heartbeat: tuple[int, int] = HEARTBEAT,
        timeout: float | None = None,
        duration: float | None = None,
        patience: float | None = None,
    ) -> AsyncIterator[Event]:
        """See Client.watch: ``async for event in eas.watch()``.

        Any other call of this client goes first: the request that waits is cut, and sent anew afterwards. A task that
        watches may be cancelled, which ends its loop.
        """
        return AsyncEvents(
            self,
            flows.watch(
                self.session, folders, heartbeat=heartbeat, timeout=timeout, duration=duration, patience=patience
            ),
        )

    async def apply(self, folder: Folder | str, changes: Iterable[ClientChange]) -> list[Result]:
        """See Client.apply."""
        return await self._drive(flows.apply(self.session, folder, changes))

    async def estimate(
        self, folder: Folder | str, *, filter_type: FilterType | None = None, conversations: bool = False
    ) -> int:
        """See Client.estimate."""
        return await self._drive(
            flows.estimate(self.session, folder, filter_type=filter_type, conversations=conversations)
        )

    async def search(
        self, text: str, *, folder: Folder | str | None = None, limit: int = 100, body: BodyPreference | None = None
    ) -> list[SearchResult]:
        """See Client.search."""
        return await self._drive(flows.search(self.session, text, folder=folder, limit=limit, body=body))

    async def find(self, text: str, *, folder: Folder | str | None = None, limit: int = 100) -> list[FindResult]:
        """See Client.find."""
        return await self._drive(flows.find(self.session, text, folder=folder, limit=limit))

    async def find_gal(self, text: str, *, limit: int = 100, pictures: bool = False) -> list[FindProperties]:
        """See Client.find_gal."""
        return await self._drive(flows.find_gal(self.session, text, limit=limit, pictures=pictures))

    async def search_gal(self, text: str, *, limit: int = 100, pictures: bool = False) -> list[GALEntry]:
        """See Client.search_gal."""
        return await self._drive(flows.search_gal(self.session, text, limit=limit, pictures=pictures))

    async def search_documents(self, link: str, *, limit: int = 100) -> list[DocumentEntry]:
        """See Client.search_documents."""
        return await self._drive(flows.search_documents(self.session, link, limit=limit))

    async def oof(self, *, body_type: str = "Text") -> Oof:
        """See Client.oof."""
        return await self._drive(flows.oof(self.session, body_type=body_type))

    async def set_oof(self, replies: Oof | str | None) -> None:
        """See Client.set_oof."""
        await self._drive(flows.set_oof(self.session, replies))

    async def device_information(self, device: DeviceInformation) -> None:
        """See Client.device_information."""
        await self._drive(flows.device_information(self.session, device))

    async def user_information(self) -> UserInformation:
        """See Client.user_information."""
        return await self._drive(flows.user_information(self.session))

    async def run(self, command: Command[R], *, timeout: float | None = None, check: bool | None = None) -> R:
        """See Client.run."""
        return await self._drive(self.session.run(command, timeout=timeout, check=check))


def _resumed(flow: Flow[T], result: Any, error: ActiveSyncError | GaveWay | None) -> Effect:
    return flow.send(result) if error is None else flow.throw(error)
