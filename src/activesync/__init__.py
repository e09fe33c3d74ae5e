"""A client for Exchange ActiveSync: e-mail, contacts, calendars, tasks and notes, the same on every device."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import AsyncClient, Client
    from .commands import (
        Add,
        Change,
        Command,
        Delete,
        DeviceInformation,
        Fetch,
        FilterType,
        FolderType,
        GALEntry,
        Oof,
        OofMessage,
        OofState,
        Options,
        SearchResult,
        SoftDelete,
        SupportedCalendar,
        SupportedContacts,
        UserInformation,
    )
    from .errors import (
        ActiveSyncError,
        AddressError,
        AnswerError,
        AuthenticationError,
        CertificateError,
        ConnectError,
        ConnectionLostError,
        CutOffError,
        DamagedError,
        ForbiddenError,
        HTTPError,
        InsecureURLError,
        InvalidSyncKeyError,
        LeaseError,
        NotActiveSyncError,
        NotFoundError,
        PasswordExpiredError,
        ProvisionError,
        PushNotSupportedError,
        RedirectError,
        RemoteWipeRequested,
        RequestError,
        ServerBusyError,
        StatusError,
        StoreError,
        TimedOutError,
        TransportError,
        UncommittedPageError,
        UnknownFolderError,
        UnknownStatusError,
        UsageError,
        VersionError,
        WrongDocumentError,
    )
    from .flows import (
        Changed,
        EarlierChangesError,
        Event,
        HierarchyChanged,
        Reachable,
        Result,
        Unreachable,
        Unwatched,
        default_options,
    )
    from .hierarchy import Folder, Hierarchy
    from .items import (
        Attachment,
        Body,
        BodyPreference,
        BodyType,
        CalendarEvent,
        Contact,
        Email,
        Flag,
        Importance,
        Item,
        ItemClass,
        MIMESupport,
        Note,
        Recurrence,
        Task,
    )
    from .metrics import Exchange
    from .pace import Limits
    from .pages import AsyncPage, AsyncStreamedPage, Page, StreamedPage
    from .session import ServerOptions, Stats
    from .store import MemoryStore, SqliteStore, StateStore
else:
    # The same names again, by module: tests/test_packaging.py compares the two. Modules without names are those that
    # `import activesync` makes reachable too.
    _NAMES = {
        "auth": "",
        "check": "",
        "client": "AsyncClient Client",
        "commands": (
            "Add Change Command Delete DeviceInformation Fetch FilterType FolderType GALEntry Oof OofMessage "
            "OofState Options SearchResult SoftDelete SupportedCalendar SupportedContacts UserInformation"
        ),
        "errors": (
            "ActiveSyncError AddressError AnswerError AuthenticationError CertificateError ConnectError "
            "ConnectionLostError CutOffError DamagedError ForbiddenError HTTPError InsecureURLError "
            "InvalidSyncKeyError LeaseError NotActiveSyncError NotFoundError PasswordExpiredError ProvisionError "
            "PushNotSupportedError RedirectError RemoteWipeRequested RequestError ServerBusyError StatusError "
            "StoreError TimedOutError TransportError UncommittedPageError UnknownFolderError UnknownStatusError "
            "UsageError VersionError WrongDocumentError"
        ),
        "flows": (
            "Changed EarlierChangesError Event HierarchyChanged Reachable Result Unreachable Unwatched default_options"
        ),
        "hierarchy": "Folder Hierarchy",
        "items": (
            "Attachment Body BodyPreference BodyType CalendarEvent Contact Email Flag Importance Item ItemClass "
            "MIMESupport Note Recurrence Task"
        ),
        "metrics": "Exchange",
        "pace": "Limits",
        "pages": "AsyncPage AsyncStreamedPage Page StreamedPage",
        "query": "",
        "session": "ServerOptions Stats",
        "status": "",
        "store": "MemoryStore SqliteStore StateStore",
        "transport": "",
    }
    _MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

    def __getattr__(name):
        # Loaded when asked for: so a program pays for what it uses, and only once it does.
        from importlib import import_module

        if name in _NAMES:
            return import_module(f".{name}", __name__)
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f".{module}", __name__), name)
        return value

    def __dir__():
        return sorted({*globals(), *_MODULES, *_NAMES})


__version__ = "0.1.0"

__all__ = [
    "ActiveSyncError",
    "Add",
    "AddressError",
    "AnswerError",
    "AsyncClient",
    "AsyncPage",
    "AsyncStreamedPage",
    "Attachment",
    "AuthenticationError",
    "Body",
    "BodyPreference",
    "BodyType",
    "CalendarEvent",
    "CertificateError",
    "Change",
    "Changed",
    "Client",
    "Command",
    "ConnectError",
    "ConnectionLostError",
    "Contact",
    "CutOffError",
    "DamagedError",
    "Delete",
    "DeviceInformation",
    "EarlierChangesError",
    "Email",
    "Event",
    "Exchange",
    "Fetch",
    "FilterType",
    "Flag",
    "Folder",
    "FolderType",
    "ForbiddenError",
    "GALEntry",
    "HTTPError",
    "Hierarchy",
    "HierarchyChanged",
    "Importance",
    "InsecureURLError",
    "InvalidSyncKeyError",
    "Item",
    "ItemClass",
    "LeaseError",
    "Limits",
    "MIMESupport",
    "MemoryStore",
    "NotActiveSyncError",
    "NotFoundError",
    "Note",
    "Oof",
    "OofMessage",
    "OofState",
    "Options",
    "Page",
    "PasswordExpiredError",
    "ProvisionError",
    "PushNotSupportedError",
    "Reachable",
    "Recurrence",
    "RedirectError",
    "RemoteWipeRequested",
    "RequestError",
    "Result",
    "SearchResult",
    "ServerBusyError",
    "ServerOptions",
    "SoftDelete",
    "SqliteStore",
    "StateStore",
    "Stats",
    "StatusError",
    "StoreError",
    "StreamedPage",
    "SupportedCalendar",
    "SupportedContacts",
    "Task",
    "TimedOutError",
    "TransportError",
    "UncommittedPageError",
    "UnknownFolderError",
    "UnknownStatusError",
    "Unreachable",
    "Unwatched",
    "UsageError",
    "UserInformation",
    "VersionError",
    "WrongDocumentError",
    "default_options",
]
