"""What can go wrong between a client and a server.

    ActiveSyncError
      UsageError                      the call does not make sense; nothing was sent
        RequestError                  the request breaks a rule of the protocol; .requirement
        InsecureURLError              a password would travel over http
        UncommittedPageError          the folder has a page that was not committed
        UnknownFolderError            the account has no such folder
        StoreError                    the store cannot be used
        LeaseError                    another client synchronises the folder with the same store
      TransportError                  no answer came
        AddressError                  the host's name does not resolve
        ConnectError                  nothing listens there, or the proxy refuses
        CertificateError              the server's certificate is not to be trusted
        TimedOutError                 the server did not answer in time
        ConnectionLostError           the connection ended before the answer did
      HTTPError                       the answer is an HTTP error; .status
        AuthenticationError           401: user or password are wrong
          PasswordExpiredError        457: the password has expired; .url is where to set another one
        ForbiddenError                403: the user or device may not use ActiveSync
        NotFoundError                 404, 405: there is no ActiveSync at this address
        ServerBusyError               503: try later; .retry_after, .throttle
        RedirectError                 a redirection that must not or cannot be followed
      AnswerError                     an answer came, and is not what was asked for
        NotActiveSyncError            no WBXML: a page for people, perhaps
        CutOffError                   the document ends too early
        DamagedError                  the document is broken
        WrongDocumentError            the document is another command's
        VersionError                  no protocol version in common
      PushNotSupportedError           the server has no Ping: ask it now and then by sync()
      StatusError                     the server says no; .command, .scope, .status, .name, .meaning
        UnknownStatusError            with a code that no specification knows
        InvalidSyncKeyError           the key stands for nothing, and starting over did not help
        ProvisionError                provisioning does not settle
        RemoteWipeRequested           the server asks for a wipe; .account_only. Nothing was erased

Each has an ``exit_code``, with which the command line ends.
"""

from __future__ import annotations


class ActiveSyncError(Exception):
    """Base of all errors of this package."""

    exit_code = 1


class UsageError(ActiveSyncError):
    """The call does not make sense as it stands; nothing was sent."""

    exit_code = 2


class RequestError(UsageError):
    """The request breaks a rule: ``requirement`` is Microsoft's id of it. ``check=False`` sends it all the same."""

    exit_code = 36

    def __init__(self, requirement: str, message: str) -> None:
        super().__init__(f"{message} ({requirement})")
        self.requirement = requirement
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.requirement, self.message)


class InsecureURLError(UsageError):
    """A password would travel over http, where everybody on the way can read it."""

    exit_code = 3


class UncommittedPageError(UsageError):
    """The folder has a page that was not committed: commit it, or leave its loop, before changing the folder."""

    exit_code = 4


class UnknownFolderError(UsageError):
    """The account has no such folder."""

    exit_code = 5


class StoreError(UsageError):
    """The store cannot be used: damaged, read-only, of a newer version, or held by another process."""

    exit_code = 6


class LeaseError(UsageError):
    """Another client synchronises the folder with the same store."""

    exit_code = 8


class TransportError(ActiveSyncError):
    """No answer came."""

    exit_code = 10


class AddressError(TransportError):
    """The host's name does not resolve."""

    exit_code = 11


class ConnectError(TransportError):
    """Nothing listens at the address, or a proxy refuses."""

    exit_code = 12


class CertificateError(TransportError):
    """The server's certificate is not to be trusted."""

    exit_code = 13


class TimedOutError(TransportError):
    """The server did not answer in time."""

    exit_code = 14


class ConnectionLostError(TransportError):
    """The connection ended before the answer did."""

    exit_code = 15


class HTTPError(ActiveSyncError):
    """The answer is an HTTP error. ``status`` is its code."""

    exit_code = 20

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.args[0], self.status))


class AuthenticationError(HTTPError):
    """401: user or password are wrong, or this way of signing in is not accepted."""

    exit_code = 21


class PasswordExpiredError(AuthenticationError):
    """457: the password has expired; ``url`` is where the user may set another one, where the server says so."""

    exit_code = 37

    def __init__(self, message: str, status: int = 457, url: str | None = None) -> None:
        super().__init__(message, status)
        self.url = url

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.args[0], self.status, self.url))


class ForbiddenError(HTTPError):
    """403: the user or the device may not use ActiveSync."""

    exit_code = 22


class NotFoundError(HTTPError):
    """404 or 405: there is no ActiveSync at this address."""

    exit_code = 23


class ServerBusyError(HTTPError):
    """503: the server wants to be left alone. ``retry_after`` is in seconds, or None.

    ``throttle`` is why, where it says so: "CommandFrequency", "RecentCommands" … ([MS-ASHTTP] section 2.2.2.1.2.13).
    """

    exit_code = 24

    def __init__(
        self, message: str, status: int = 503, retry_after: float | None = None, throttle: str | None = None
    ) -> None:
        super().__init__(message, status)
        self.retry_after = retry_after
        self.throttle = throttle

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.args[0], self.status, self.retry_after, self.throttle))


class RedirectError(HTTPError):
    """A redirection that must not be followed (to http, or to another site with a password) or that never ends."""

    exit_code = 25


class AnswerError(ActiveSyncError):
    """An answer came, and is not what was asked for."""

    exit_code = 30


class NotActiveSyncError(AnswerError):
    """The answer is no WBXML: a page for people, perhaps, from a proxy or a wrong address."""

    exit_code = 31


class CutOffError(AnswerError):
    """The document ends too early."""

    exit_code = 32


class DamagedError(AnswerError):
    """The document is broken, or lacks what it must have."""

    exit_code = 33


class WrongDocumentError(AnswerError):
    """The document is another command's."""

    exit_code = 34


class VersionError(AnswerError):
    """Client and server have no protocol version in common."""

    exit_code = 35


class PushNotSupportedError(ActiveSyncError):
    """The server has no Ping, so that nothing can be watched: call sync() every few minutes instead."""

    exit_code = 38


class StatusError(ActiveSyncError):
    """The server says no.

    ``command`` and ``scope`` tell where the status stands, ``status`` is its number, ``name`` what the specification
    calls it and ``meaning`` what that means and what to do.
    """

    exit_code = 40

    def __init__(self, command: str, scope: str, status: int, name: str, meaning: str) -> None:
        super().__init__(command, scope, status, name, meaning)
        self.command = command
        self.scope = scope
        self.status = status
        self.name = name
        self.meaning = meaning

    def __str__(self) -> str:
        return f"{self.command}: status {self.status} ({self.name}): {self.meaning}"


class UnknownStatusError(StatusError):
    """The server says no with a code that no specification knows."""

    exit_code = 41


class InvalidSyncKeyError(StatusError):
    """The key stands for nothing on the server, and starting over did not help."""

    exit_code = 42


class ProvisionError(StatusError):
    """Provisioning was refused, or asked for again and again."""

    exit_code = 43


class RemoteWipeRequested(StatusError):
    """The server asks for a wipe of the device, or of this account alone (``account_only``). Nothing was erased."""

    exit_code = 44

    def __init__(
        self, command: str, scope: str, status: int, name: str, meaning: str, account_only: bool = False
    ) -> None:
        super().__init__(command, scope, status, name, meaning)
        self.account_only = account_only
