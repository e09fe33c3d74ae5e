"""What a server's Status says and what to do next: one table of scope and code.

The same number means different things in different places, so a Status is looked up with its scope: the name of a
command, or of a part of it ("Sync item", "Search store", "Settings Oof", "Policy"). A part falls back to its command,
and all fall back to the codes that every command shares. Source: [MS-ASCMD] sections 2.2.2 and 2.2.3.177; for
Provision and Policy [MS-ASPROV] sections 2.2.2.54 and 3.1.5.2. The names above 100 are Microsoft's, the others ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Action(Enum):
    """What a client does next."""

    OK = "nothing: it is a success"
    RETRY = "send the same request again: the trouble is passing"
    RETRY_LATER = "send the same request again after a while"
    FULL_REQUEST = "send the whole request: the server no longer knows the one that was left out"
    SYNC = "synchronise the folder, and look at what came"
    RESYNC = "go back to SyncKey 0 and start over"
    FOLDER_SYNC = "synchronise the folders, then send the request again"
    PROVISION = "provision, then send the request again"
    WIPE = "provision to learn which wipe is asked for, and leave it to the caller"
    USE_LIMIT = "send the request again with the limit that the answer tells"
    SPLIT = "ask for less in one request"
    FIX_REQUEST = "correct the request or the item: sending it again does not help"
    ASK_USER = "let the user decide or make room"
    GIVE_UP = "stop: only an administrator can help, or nobody"


@dataclass(frozen=True, slots=True)
class Status:
    """One Status: its ``code``, its ``name``, what that means in a sentence, and what to do next."""

    code: int
    name: str
    meaning: str
    action: Action


def status(scope: str, code: int) -> Status:
    """The Status of ``code`` in ``scope``; one with the name "Unknown" where no specification has such a code."""
    while scope:
        known = _TABLE.get((scope, code))
        if known is not None:
            return known
        scope = scope.rpartition(" ")[0]
    return _TABLE.get(("", code)) or Status(code, "Unknown", f"no specification knows status {code}", Action.GIVE_UP)


def statuses(scope: str = "") -> list[Status]:
    """All the Statuses that are listed for exactly this scope, by their codes; without one those of every command."""
    return sorted((known for (place, _), known in _TABLE.items() if place == scope), key=lambda known: known.code)


_OK, _RETRY, _LATER, _FULL, _SYNC = Action.OK, Action.RETRY, Action.RETRY_LATER, Action.FULL_REQUEST, Action.SYNC
_RESYNC, _FOLDERS, _PROVISION, _WIPE = Action.RESYNC, Action.FOLDER_SYNC, Action.PROVISION, Action.WIPE
_LIMIT, _SPLIT, _FIX, _USER, _STOP = Action.USE_LIMIT, Action.SPLIT, Action.FIX_REQUEST, Action.ASK_USER, Action.GIVE_UP

_Row = tuple[int, str, Action, str]

# Those of every command. Up to 12.1 an HTTP status comes in place of them.
_COMMON: tuple[_Row, ...] = (
    (1, "Success", _OK, "done"),
    (101, "InvalidContent", _FIX, "the body of the request is not what the command wants, or is missing"),
    (102, "InvalidWBXML", _FIX, "the server cannot decode the request"),
    (103, "InvalidXML", _FIX, "the request does not follow the protocol: an element is wrong, missing or out of place"),
    (104, "InvalidDateTime", _FIX, "a date in the request cannot be read"),
    (105, "InvalidCombinationOfIDs", _FIX, "the ids in the request do not go together"),
    (106, "InvalidIDs", _FIX, "an id in the request is malformed"),
    (107, "InvalidMIME", _FIX, "the MIME in the request cannot be read"),
    (108, "DeviceIdMissingOrInvalid", _FIX, "the device id is missing or malformed"),
    (109, "DeviceTypeMissingOrInvalid", _FIX, "the device type is missing or malformed"),
    (110, "ServerError", _STOP, "the server failed, and says that trying later does not help"),
    (111, "ServerErrorRetryLater", _LATER, "the server failed, and asks to try later"),
    (112, "ActiveDirectoryAccessDenied", _STOP, "the server has no access to the directory"),
    (113, "MailboxQuotaExceeded", _USER, "the mailbox is full"),
    (114, "MailboxServerOffline", _LATER, "the server that holds the mailbox is offline"),
    (115, "SendQuotaExceeded", _USER, "the user may not send that much"),
    (116, "MessageRecipientUnresolved", _USER, "a recipient has no known address"),
    (117, "MessageReplyNotAllowed", _STOP, "this mail may not be answered"),
    (118, "MessagePreviouslySent", _OK, "the mail with this ClientId has been sent before"),
    (119, "MessageHasNoRecipient", _FIX, "the mail has no recipient"),
    (120, "MailSubmissionFailed", _USER, "the server could not hand the mail on: look at its recipients"),
    (121, "MessageReplyFailed", _STOP, "the server could not make a reply"),
    (122, "AttachmentIsTooLarge", _USER, "an attachment is too large"),
    (123, "UserHasNoMailbox", _STOP, "the user has no mailbox"),
    (124, "UserCannotBeAnonymous", _FIX, "the request came without credentials"),
    (125, "UserPrincipalCouldNotBeFound", _STOP, "the directory does not have this user"),
    (126, "UserDisabledForSync", _STOP, "this user may not use ActiveSync"),
    (127, "UserOnNewMailboxCannotSync", _STOP, "users of this server may not synchronise"),
    (128, "UserOnLegacyMailboxCannotSync", _STOP, "users whose mailbox is on an older server may not synchronise"),
    (129, "DeviceIsBlockedForThisUser", _STOP, "this device is blocked, or waits for approval"),
    (130, "AccessDenied", _STOP, "the user may not do this"),
    (131, "AccountDisabled", _STOP, "the account is disabled"),
    (132, "SyncStateNotFound", _RETRY, "the server has lost its state of this device; the key may be refused next"),
    (133, "SyncStateLocked", _LATER, "the server's state of this device is locked: the mailbox may be on the move"),
    (134, "SyncStateCorrupt", _RESYNC, "the server's state of this device is damaged"),
    (135, "SyncStateAlreadyExists", _LATER, "two first synchronisations run at once"),
    (136, "SyncStateVersionInvalid", _RESYNC, "the server's state of this device is of another version"),
    (137, "CommandNotSupported", _STOP, "the server does not have this command"),
    (138, "VersionNotSupported", _FIX, "the command does not exist in this protocol version"),
    (139, "DeviceNotFullyProvisionable", _STOP, "the policy demands more than this client has applied"),
    (140, "RemoteWipeRequested", _WIPE, "the server asks for a wipe"),
    (141, "LegacyDeviceOnStrictPolicy", _PROVISION, "the server wants a policy key, and the request had none"),
    (142, "DeviceNotProvisioned", _PROVISION, "there is a policy that has not been acknowledged"),
    (143, "PolicyRefresh", _PROVISION, "the policy is due to be fetched anew"),
    (144, "InvalidPolicyKey", _PROVISION, "the policy key is invalid: the policy may have changed"),
    (145, "ExternallyManagedDevicesNotAllowed", _PROVISION, "the policy must be applied, and not by a third party"),
    (146, "NoRecurrenceInCalendar", _FIX, "an instance was forwarded of a meeting that does not recur"),
    (147, "UnexpectedItemClass", _FIX, "the server does not know this class of item"),
    (148, "RemoteServerHasNoSSL", _STOP, "the server that holds the mailbox has no TLS, so it is not asked"),
    (149, "InvalidStoredRequest", _FULL, "the stored request that an empty one stands for cannot be run again"),
    (150, "ItemNotFound", _SYNC, "the item to reply to or to forward does not exist"),
    (151, "TooManyFolders", _USER, "the mailbox has more folders than the server allows"),
    (152, "NoFoldersFound", _STOP, "the mailbox has no folders"),
    (153, "ItemsLostAfterMove", _SYNC, "some items could not be found after the move"),
    (154, "FailureInMoveOperation", _LATER, "the mailbox server failed to move the items"),
    (155, "MoveCommandDisallowedForNonPersistentMoveAction", _FIX, "moving a conversation needs MoveAlways"),
    (156, "MoveCommandInvalidDestinationFolder", _FOLDERS, "the folder to move to is invalid"),
    (160, "AvailabilityTooManyRecipients", _SPLIT, "availability of so many people cannot be asked for at once"),
    (161, "AvailabilityDLLimitReached", _SPLIT, "the distribution list is too large to ask for availability"),
    (162, "AvailabilityTransientFailure", _LATER, "availability could not be found out for the moment"),
    (163, "AvailabilityFailure", _STOP, "availability could not be found out"),
    (164, "BodyPartPreferenceTypeNotSupported", _FIX, "a BodyPartPreference allows type 2 only, HTML"),
    (165, "DeviceInformationRequired", _FIX, "the first Provision must carry DeviceInformation"),
    (166, "InvalidAccountId", _FIX, "the user has no account with this id"),
    (167, "AccountSendDisabled", _USER, "this account may not send"),
    (168, "IRM_FeatureDisabled", _STOP, "rights management is switched off"),
    (169, "IRM_TransientError", _LATER, "rights management failed for the moment"),
    (170, "IRM_PermanentError", _STOP, "rights management failed"),
    (171, "IRM_InvalidTemplateID", _FIX, "there is no rights management template with this id"),
    (172, "IRM_OperationNotPermitted", _STOP, "rights management does not allow this"),
    (173, "NoPicture", _STOP, "this person has no photograph"),
    (174, "PictureTooLarge", _FIX, "the photograph is larger than MaxSize allows"),
    (175, "PictureLimitReached", _FIX, "there are more photographs than MaxPictures allows"),
    (176, "BodyPart_ConversationTooLarge", _FIX, "the conversation is too large: ask for the body without body parts"),
    (177, "MaximumDevicesReached", _USER, "the account has too many devices: remove one on the server"),
    (178, "InvalidMimeBodyCombination", _FIX, "Forwardees or Body do not go with the other elements"),
    (179, "InvalidSmartForwardParameters", _FIX, "Forwardees or Body cannot be read"),
    (183, "InvalidRecipients", _USER, "the draft has no recipient, or one whose address is malformed"),
    (184, "OneOrMoreExceptionsFailed", _FIX, "some exceptions of the series were not saved: send those again"),
)

_SERVER_ERROR: _Row = (6, "ServerError", _RETRY, "the server failed, often for a moment only")
_HIERARCHY_KEY: _Row = (9, "InvalidSyncKey", _RESYNC, "the key of the folder hierarchy is invalid or lost")
_MALFORMED: _Row = (10, "InvalidRequest", _FIX, "the request is malformed")

_ROWS: dict[str, tuple[_Row, ...]] = {
    "": _COMMON,
    "Sync": (
        (3, "InvalidSyncKey", _RESYNC, "the SyncKey is invalid, or the server has lost its state of this folder"),
        (4, "ProtocolError", _FIX, "the request breaks the protocol"),
        (5, "ServerError", _RETRY, "the server failed, often for a moment only"),
        (6, "ConversionError", _FIX, "the item is malformed; it must not be sent again as it is"),
        (7, "Conflict", _SYNC, "the server's own change of the item stays; the client's was dropped"),
        (8, "ObjectNotFound", _FOLDERS, "the folder no longer exists"),
        (9, "CannotComplete", _USER, "the command cannot be completed: the mailbox may be full"),
        (12, "FolderHierarchyChanged", _FOLDERS, "the folders have changed"),
        (13, "IncompleteRequest", _FULL, "the server no longer knows what an empty or partial request stands for"),
        (14, "InvalidWait", _LIMIT, "the time to wait is out of range; Limit is the nearest allowed"),
        (15, "TooManyCollections", _SPLIT, "too many folders in one request; Limit is the most"),
        (16, "Retry", _RETRY, "the server asks to send the request again"),
    ),
    "Sync item": (
        (4, "ProtocolError", _FIX, "the change of this item breaks the protocol"),
        (8, "ObjectNotFound", _SYNC, "the item no longer exists"),
    ),
    "FolderSync": (
        _SERVER_ERROR,
        _HIERARCHY_KEY,
        _MALFORMED,
        (11, "UnknownError", _RETRY, "the server failed for an unknown reason, often for a moment only"),
        (12, "CodeUnknown", _STOP, "the server failed in an unusual way"),
    ),
    "FolderCreate": (
        (2, "FolderExists", _USER, "the parent folder has a folder of this name already"),
        (3, "SpecialParent", _FIX, "the parent folder takes no folders"),
        (5, "ParentNotFound", _FOLDERS, "the parent folder does not exist"),
        _SERVER_ERROR,
        _HIERARCHY_KEY,
        _MALFORMED,
        (11, "UnknownError", _STOP, "the server failed for an unknown reason"),
        (12, "CodeUnknown", _STOP, "the server failed in an unusual way"),
    ),
    "FolderUpdate": (
        (2, "FolderExists", _USER, "there is a folder of this name already, or this one may not be changed"),
        (3, "SpecialFolder", _FIX, "this folder may not be changed"),
        (4, "FolderNotFound", _FOLDERS, "the folder does not exist"),
        (5, "ParentNotFound", _FOLDERS, "the parent folder does not exist"),
        _SERVER_ERROR,
        _HIERARCHY_KEY,
        _MALFORMED,
        (11, "UnknownError", _STOP, "the server failed for an unknown reason"),
    ),
    "FolderDelete": (
        (3, "SpecialFolder", _FIX, "this folder may not be deleted"),
        (4, "FolderNotFound", _FOLDERS, "the folder does not exist"),
        _SERVER_ERROR,
        _HIERARCHY_KEY,
        _MALFORMED,
        (11, "UnknownError", _STOP, "the server failed for an unknown reason"),
    ),
    "GetItemEstimate": (
        (2, "InvalidCollection", _FOLDERS, "the folder does not exist, or cannot be estimated"),
        (3, "NotPrimed", _RESYNC, "the folder has not been synchronised yet: Sync with key 0 comes first"),
        (4, "InvalidSyncKey", _RESYNC, "the SyncKey is invalid, or the server has lost its state of this folder"),
    ),
    "Ping": (
        (1, "NoChanges", _OK, "nothing was new within the heartbeat interval: wait again"),
        (2, "Changes", _SYNC, "something is new in the folders that the answer names"),
        (3, "MissingParameters", _FULL, "heartbeat interval or folders are missing, and the server remembers none"),
        (4, "SyntaxError", _FIX, "the request is malformed"),
        (5, "InvalidHeartbeat", _LIMIT, "the heartbeat interval is out of range; HeartbeatInterval is the nearest"),
        (6, "TooManyFolders", _SPLIT, "too many folders to watch; MaxFolders is the most"),
        (7, "FolderHierarchyChanged", _FOLDERS, "the folders have changed"),
        (8, "ServerError", _RETRY, "the server failed, often for a moment only"),
    ),
    "Search": ((3, "ServerError", _RETRY, "the server failed"),),
    "Search store": (
        (2, "InvalidRequest", _FIX, "a parameter of the search is invalid"),
        (3, "ServerError", _RETRY, "the server failed, often for a moment only"),
        (4, "BadLink", _USER, "the link is malformed"),
        (5, "AccessDenied", _STOP, "the user may not read this"),
        (6, "NotFound", _USER, "there is nothing at this place"),
        (7, "ConnectionFailed", _LATER, "the server could not reach the place"),
        (8, "TooComplex", _FIX, "the query is too complex"),
        (10, "TimedOut", _RETRY, "the search took too long; try it with other options if this goes on"),
        (11, "FolderSyncRequired", _FOLDERS, "the folders have changed"),
        (12, "EndOfRange", _OK, "the range goes beyond the results that can be fetched: there are no more"),
        (13, "AccessBlocked", _STOP, "the place is blocked"),
        (14, "CredentialsRequired", _USER, "this needs a user name and a password in the request"),
    ),
    "Find": (
        (2, "InvalidRequest", _FIX, "a parameter of the search is invalid"),
        (3, "FolderSyncRequired", _FOLDERS, "the folders have changed"),
        (4, "StartWithRangeZero", _FIX, "the first range of a search begins with 0"),
    ),
    "Settings": (
        (2, "ProtocolError", _FIX, "the request is malformed"),
        (3, "AccessDenied", _STOP, "the user may not do this"),
        (4, "ServerUnavailable", _LATER, "the server is not available"),
        (5, "InvalidArguments", _FIX, "a value is invalid"),
        (6, "ConflictingArguments", _FIX, "values contradict each other"),
        (7, "DeniedByPolicy", _STOP, "the administrator does not allow this"),
    ),
    "Settings DevicePassword": (
        (5, "InvalidArguments", _FIX, "the password is too long"),
        (7, "DeniedByPolicy", _STOP, "the administrator has switched password recovery off"),
    ),
    "Provision": (
        (2, "ProtocolError", _FIX, "the request is malformed"),
        (3, "ServerError", _RETRY, "the server failed, often for a moment only"),
    ),
    "Policy": (
        (2, "NoPolicy", _OK, "there is no policy for this client, and nothing to acknowledge"),
        (3, "UnknownPolicyType", _FIX, "the server does not know this type of policy"),
        (4, "PolicyCorrupt", _STOP, "the policy on the server is damaged"),
        (5, "PolicyKeyMismatch", _PROVISION, "another policy was acknowledged than the one in force"),
    ),
}

_TABLE = MappingProxyType(
    {
        (scope, code): Status(code, name, meaning, action)
        for scope, rows in _ROWS.items()
        for code, name, action, meaning in rows
    }
)
