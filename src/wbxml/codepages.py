"""Every tag of every ActiveSync code page, written down once.

Source: [MS-ASWBXML] section 2.1.2.1 (608 tags) and 49 legacy tags that the specification no longer lists but that
servers and older clients still know. Both kernels, the models and the XML side take their tables from here.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without the 2 ms that importing typing takes
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from re import Pattern
    from typing import Any, Self

VERSIONS = ("2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1")
"""The protocol versions, oldest first."""

V2_5 = VERSIONS[:1]
V12_0 = VERSIONS[1:]
V12_1 = VERSIONS[2:]
V14_0 = VERSIONS[3:]
V14_1 = VERSIONS[4:]
V16_0 = VERSIONS[5:]
V16_1 = VERSIONS[6:]
TO_12_1 = VERSIONS[:3]
TO_14_1 = VERSIONS[:5]
LEGACY: tuple[str, ...] = ()

_PATHS_KEPT = 4096
TOKEN_MASK = 0x3F
"""The six bits of a tag token that name the tag; 0x40 says that content follows, 0x80 that attributes do."""

LITERAL = 0x04
"""The token, without its bits for content and attributes, of an element whose name stands in the string table."""


class Tag(str):
    """A tag such as ``"AirSync:SyncKey"``: a str, equal to its spelling, one shared object for each tag.

    Attributes: ``namespace`` ("AirSync"), ``name`` ("SyncKey"), ``page`` and ``token`` (the token without its content
    bit), ``versions`` (the protocol versions that have it, empty for a legacy or unknown tag) and ``binary`` (whether
    the specification types it as a byte array, which is sent as OPAQUE: [MS-ASDTYPE] section 2.7.1).
    A name that a document brings itself (a LITERAL) has the namespace "", and neither page nor token.
    """

    __slots__ = ("binary", "code", "name", "namespace", "page", "token", "versions")

    namespace: str
    name: str
    page: int | None
    token: int | None
    code: int
    versions: tuple[str, ...]
    binary: bool

    def __new__(
        cls,
        namespace: str,
        name: str,
        page: int | None,
        token: int | None,
        versions: tuple[str, ...] = LEGACY,
        binary: bool = False,
    ) -> Self:
        self = super().__new__(cls, f"{namespace}:{name}" if namespace else name)
        self.namespace = namespace
        self.name = name
        self.page = page
        self.token = token
        self.code = LITERAL if page is None or token is None else page << 6 | token
        self.versions = versions
        self.binary = binary
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Tag, (self.namespace, self.name, self.page, self.token, self.versions, self.binary))

    def __copy__(self) -> Tag:
        return self

    def __deepcopy__(self, memo: object) -> Tag:
        return self


def tag(token: int, versions: tuple[str, ...] = VERSIONS, *, binary: bool = False) -> Tag:
    """The tag with this token, 0x05 to 0x3F, in the body of a CodePage class, which knows the rest of it."""
    return (token, versions, binary)  # type: ignore[return-value]


class CodePageType(type):
    """The type of a code page: turns the tokens of the class body into Tags."""

    page: int
    tags: dict[int, Tag]

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], page: int = -1) -> CodePageType:
        tags: dict[int, Tag] = {}
        for key, value in body.items():
            if type(value) is tuple and len(value) == 3:
                token, versions, binary = value
                tags[token] = body[key] = Tag(name, key, page, token, versions, binary)
        cls = super().__new__(mcs, name, bases, body)
        cls.page = page
        cls.tags = tags
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], page: int = -1) -> None:
        super().__init__(name, bases, body)

    def __iter__(cls) -> Iterator[Tag]:
        return iter(cls.tags.values())

    def __len__(cls) -> int:
        return len(cls.tags)


class CodePage(metaclass=CodePageType):
    """A code page: its tags are its attributes, its name is their namespace."""


class CodePages:
    """A set of code pages: one language for WBXML.

    ``pages`` are CodePage classes. ``public_id`` is the language's public identifier, a number or a str, and what
    encode() writes into the header. What ActiveSync has no use for:

    ``attributes`` maps tokens (page * 256 + token, 0x05 to 0x7F) to names, or to pairs of a name and what its value
    starts with; ``values`` maps tokens (from 0x85) to the text that they stand for. ``extensions`` maps the tokens of
    extensions to what they stand for as text: "$({})" takes the extension's value, "$({string})" the string that its
    number refers to. ``opaques`` maps names of attributes whose value is opaque to two functions, from bytes to str and
    back, which raise ValueError for what they cannot turn.

    ``by_code`` maps page * 64 + token to the Tag, ``by_name`` its spelling.
    """

    __slots__ = (
        "_made",
        "_pages",
        "_paths",
        "attribute_names",
        "attributes",
        "by_code",
        "by_name",
        "extensions",
        "kernel_names",
        "namespaces",
        "opaques",
        "public_id",
        "value_pattern",
        "value_tokens",
        "values",
    )

    def __init__(
        self,
        *pages: CodePageType,
        public_id: int | str = 1,
        attributes: Mapping[int, str | tuple[str, str]] | None = None,
        values: Mapping[int, str] | None = None,
        extensions: Mapping[int, str] | None = None,
        opaques: Mapping[str, tuple[Callable[[bytes], str], Callable[[str], bytes]]] | None = None,
    ) -> None:
        self._pages = pages
        self.public_id = public_id
        self.attributes = {
            token: (found, "") if isinstance(found, str) else found for token, found in (attributes or {}).items()
        }
        self.values = dict(values or {})
        self.extensions = dict(extensions or {})
        self.opaques = dict(opaques or {})
        if not all(token & 0x3F >= 5 and token & 0xFF < 0x80 and token >> 8 < 256 for token in self.attributes):
            raise ValueError("the token of an attribute is page * 256 + 0x05 to 0x7F")
        if not all(token & 0x3F >= 5 and token & 0xFF >= 0x80 and token >> 8 < 256 for token in self.values):
            raise ValueError("the token of an attribute's value is page * 256 + 0x85 to 0xFF")
        # By name, the tokens by what the value starts with; and of values, the tokens and where they are in a text.
        self.attribute_names: dict[str, dict[str, int]] = {}
        for token, (name, prefix) in self.attributes.items():
            self.attribute_names.setdefault(name, {}).setdefault(prefix, token)
        self.value_tokens = {text: token for token, text in reversed(self.values.items()) if text}
        self.value_pattern: Pattern[str] | None = None
        if self.value_tokens:
            import re

            longest = sorted(self.value_tokens, key=len, reverse=True)
            self.value_pattern = re.compile(f"({'|'.join(map(re.escape, longest))})")
        self.by_code: dict[int, Tag] = {}
        self.by_name: dict[str, Tag] = {}
        self.namespaces: dict[int, str] = {}
        for page in pages:
            self.namespaces[page.page] = page.__name__
            for tag in page.tags.values():
                self.by_code[tag.code] = tag
                self.by_name[tag] = tag
        # At most 256 * 64 entries, so input cannot grow it without bound.
        self._made: dict[int, Tag] = {}
        self._paths: dict[str, tuple[int, ...]] = {}
        # The compiled kernel's own table of the tags, made when it first meets these code pages.
        self.kernel_names: object = None

    def path(self, path: str) -> tuple[int, ...]:
        """The codes of the tags in a path such as "AirSync:Collections/AirSync:Collection".

        Names without a namespace are those that documents bring themselves; all of them have the code LITERAL. Raises
        ValueError where another name is not a tag of these code pages.
        """
        codes = self._paths.get(path)
        if codes is None:
            codes = tuple([self.lookup(name).code if ":" in name else LITERAL for name in path.split("/")])
            if (
                len(self._paths) >= _PATHS_KEPT
            ):  # programs hold a few dozen; a program that makes them up must not grow us
                self._paths.clear()
            self._paths[path] = codes
        return codes

    def tag(self, code: int) -> Tag:
        """The Tag with this code (page * 64 + token); an unknown one is named by its numbers, once."""
        tag = self.by_code.get(code) or self._made.get(code)
        if tag is None:
            page, token = code >> 6, code & TOKEN_MASK
            namespace = self.namespaces.get(page, f"Page{page}")
            # setdefault: two threads that meet the same unknown tag must end with the same object.
            tag = self._made.setdefault(code, Tag(namespace, f"0x{token:02X}", page, token))
        return tag

    def lookup(self, name: str) -> Tag:
        """The Tag with this spelling, "AirSync:SyncKey" or for an unknown one "AirSync:0x3F" or "Page42:0x05".

        Raises ValueError for a name that no document in these code pages can hold.
        """
        tag = self.by_name.get(name)
        if tag is not None:
            return tag
        namespace, _, local = name.partition(":")
        if len(local) == 4 and local.startswith("0x"):
            for page in range(256):
                if self.namespaces.get(page, f"Page{page}") == namespace:
                    token = _hex(local)
                    if 5 <= token <= TOKEN_MASK:
                        made = self.tag(page << 6 | token)
                        if made == name:
                            return made
        raise ValueError(f"{name!r} is not a tag of these code pages")

    def attribute(self, page: int, token: int) -> tuple[str, str]:
        """The name of an attribute and what its value starts with; an unknown one is named "0x05" or "Page1:0x05"."""
        found = self.attributes.get(page << 8 | token)
        return found or (f"Page{page}:0x{token:02X}" if page else f"0x{token:02X}", "")

    def attribute_number(self, name: str) -> int | None:
        """The token (page * 256 + token) that the name of an unknown attribute stands for, None for another name."""
        page, _, local = name.rpartition(":")
        number, token = page.removeprefix("Page") or "0", _hex(local) if local.startswith("0x") else -1
        if not number.isdecimal() or token & 0x3F < 5 or not 0 <= token < 0x80 or not int(number) < 256:
            return None
        return int(number) << 8 | token if self.attribute(int(number), token) == (name, "") else None

    def __reduce__(self) -> str | tuple[Any, ...]:
        if self is ACTIVESYNC:
            return "ACTIVESYNC"
        return (_restore, (self._pages, self.public_id, self.attributes, self.values, self.extensions, self.opaques))


def _restore(pages: tuple[CodePageType, ...], public_id: int | str, *tables: Any) -> CodePages:
    attributes, values, extensions, opaques = tables
    return CodePages(
        *pages, public_id=public_id, attributes=attributes, values=values, extensions=extensions, opaques=opaques
    )


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return -1


class AirSync(CodePage, page=0):
    Sync = tag(0x05)
    Responses = tag(0x06)
    Add = tag(0x07)
    Change = tag(0x08)
    Delete = tag(0x09)
    Fetch = tag(0x0A)
    SyncKey = tag(0x0B)
    ClientId = tag(0x0C)
    ServerId = tag(0x0D)
    Status = tag(0x0E)
    Collection = tag(0x0F)
    Class = tag(0x10)
    Version = tag(0x11, LEGACY)
    CollectionId = tag(0x12)
    GetChanges = tag(0x13)
    MoreAvailable = tag(0x14)
    WindowSize = tag(0x15)
    Commands = tag(0x16)
    Options = tag(0x17)
    FilterType = tag(0x18)
    Truncation = tag(0x19, V2_5)
    RTFTruncation = tag(0x1A, LEGACY)
    Conflict = tag(0x1B)
    Collections = tag(0x1C)
    ApplicationData = tag(0x1D)
    DeletesAsMoves = tag(0x1E)
    NotifyGUID = tag(0x1F, LEGACY)
    Supported = tag(0x20)
    SoftDelete = tag(0x21)
    MIMESupport = tag(0x22)
    MIMETruncation = tag(0x23)
    Wait = tag(0x24, V12_1)
    Limit = tag(0x25, V12_1)
    Partial = tag(0x26, V12_1)
    ConversationMode = tag(0x27, V14_0)
    MaxItems = tag(0x28, V14_0)
    HeartbeatInterval = tag(0x29, V14_0)


class Contacts(CodePage, page=1):
    Anniversary = tag(0x05)
    AssistantName = tag(0x06)
    AssistantPhoneNumber = tag(0x07)
    Birthday = tag(0x08)
    Body = tag(0x09, V2_5)
    BodySize = tag(0x0A, V2_5)
    BodyTruncated = tag(0x0B, V2_5)
    Business2PhoneNumber = tag(0x0C)
    BusinessAddressCity = tag(0x0D)
    BusinessAddressCountry = tag(0x0E)
    BusinessAddressPostalCode = tag(0x0F)
    BusinessAddressState = tag(0x10)
    BusinessAddressStreet = tag(0x11)
    BusinessFaxNumber = tag(0x12)
    BusinessPhoneNumber = tag(0x13)
    CarPhoneNumber = tag(0x14)
    Categories = tag(0x15)
    Category = tag(0x16)
    Children = tag(0x17)
    Child = tag(0x18)
    CompanyName = tag(0x19)
    Department = tag(0x1A)
    Email1Address = tag(0x1B)
    Email2Address = tag(0x1C)
    Email3Address = tag(0x1D)
    FileAs = tag(0x1E)
    FirstName = tag(0x1F)
    Home2PhoneNumber = tag(0x20)
    HomeAddressCity = tag(0x21)
    HomeAddressCountry = tag(0x22)
    HomeAddressPostalCode = tag(0x23)
    HomeAddressState = tag(0x24)
    HomeAddressStreet = tag(0x25)
    HomeFaxNumber = tag(0x26)
    HomePhoneNumber = tag(0x27)
    JobTitle = tag(0x28)
    LastName = tag(0x29)
    MiddleName = tag(0x2A)
    MobilePhoneNumber = tag(0x2B)
    OfficeLocation = tag(0x2C)
    OtherAddressCity = tag(0x2D)
    OtherAddressCountry = tag(0x2E)
    OtherAddressPostalCode = tag(0x2F)
    OtherAddressState = tag(0x30)
    OtherAddressStreet = tag(0x31)
    PagerNumber = tag(0x32)
    RadioPhoneNumber = tag(0x33)
    Spouse = tag(0x34)
    Suffix = tag(0x35)
    Title = tag(0x36)
    WebPage = tag(0x37)
    YomiCompanyName = tag(0x38)
    YomiFirstName = tag(0x39)
    YomiLastName = tag(0x3A)
    CompressedRTF = tag(0x3B, LEGACY)
    Picture = tag(0x3C)
    Alias = tag(0x3D, V14_0)
    WeightedRank = tag(0x3E, V14_0)


class Email(CodePage, page=2):
    Attachment = tag(0x05, V2_5)
    Attachments = tag(0x06, V2_5)
    AttName = tag(0x07, V2_5)
    AttSize = tag(0x08, V2_5)
    AttOid = tag(0x09, V2_5)
    AttMethod = tag(0x0A, V2_5)
    AttRemoved = tag(0x0B, LEGACY)
    Body = tag(0x0C, V2_5)
    BodySize = tag(0x0D, V2_5)
    BodyTruncated = tag(0x0E, V2_5)
    DateReceived = tag(0x0F)
    DisplayName = tag(0x10, V2_5)
    DisplayTo = tag(0x11)
    Importance = tag(0x12)
    MessageClass = tag(0x13)
    Subject = tag(0x14)
    Read = tag(0x15)
    To = tag(0x16)
    Cc = tag(0x17)
    From = tag(0x18)
    ReplyTo = tag(0x19)
    AllDayEvent = tag(0x1A)
    Categories = tag(0x1B, V14_0)
    Category = tag(0x1C, V14_0)
    DtStamp = tag(0x1D)
    EndTime = tag(0x1E)
    InstanceType = tag(0x1F)
    BusyStatus = tag(0x20)
    Location = tag(0x21, TO_14_1)
    MeetingRequest = tag(0x22)
    Organizer = tag(0x23)
    RecurrenceId = tag(0x24)
    Reminder = tag(0x25)
    ResponseRequested = tag(0x26)
    Recurrences = tag(0x27)
    Recurrence = tag(0x28)
    Type = tag(0x29)
    Until = tag(0x2A)
    Occurrences = tag(0x2B)
    Interval = tag(0x2C)
    DayOfWeek = tag(0x2D)
    DayOfMonth = tag(0x2E)
    WeekOfMonth = tag(0x2F)
    MonthOfYear = tag(0x30)
    StartTime = tag(0x31)
    Sensitivity = tag(0x32)
    TimeZone = tag(0x33)
    GlobalObjId = tag(0x34, TO_14_1)
    ThreadTopic = tag(0x35)
    MIMEData = tag(0x36, V2_5)
    MIMETruncated = tag(0x37, V2_5)
    MIMESize = tag(0x38, V2_5)
    InternetCPID = tag(0x39)
    Flag = tag(0x3A, V12_0)
    Status = tag(0x3B, V12_0)
    ContentClass = tag(0x3C, V12_0)
    FlagType = tag(0x3D, V12_0)
    CompleteTime = tag(0x3E, V12_0)
    DisallowNewTimeProposal = tag(0x3F, V14_0)


class AirNotify(CodePage, page=3):
    Notify = tag(0x05, LEGACY)
    Notification = tag(0x06, LEGACY)
    Version = tag(0x07, LEGACY)
    LifeTime = tag(0x08, LEGACY)
    DeviceInfo = tag(0x09, LEGACY)
    Enable = tag(0x0A, LEGACY)
    Folder = tag(0x0B, LEGACY)
    ServerId = tag(0x0C, LEGACY)
    DeviceAddress = tag(0x0D, LEGACY)
    ValidCarrierProfiles = tag(0x0E, LEGACY)
    CarrierProfile = tag(0x0F, LEGACY)
    Status = tag(0x10, LEGACY)
    Responses = tag(0x11, LEGACY)
    Devices = tag(0x12, LEGACY)
    Device = tag(0x13, LEGACY)
    Id = tag(0x14, LEGACY)
    Expiry = tag(0x15, LEGACY)
    NotifyGUID = tag(0x16, LEGACY)
    DeviceFriendlyName = tag(0x17, LEGACY)


class Calendar(CodePage, page=4):
    Timezone = tag(0x05)
    AllDayEvent = tag(0x06)
    Attendees = tag(0x07)
    Attendee = tag(0x08)
    Email = tag(0x09)
    Name = tag(0x0A)
    Body = tag(0x0B, V2_5)
    BodyTruncated = tag(0x0C, V2_5)
    BusyStatus = tag(0x0D)
    Categories = tag(0x0E)
    Category = tag(0x0F)
    Compressed_RTF = tag(0x10, LEGACY)
    DtStamp = tag(0x11)
    EndTime = tag(0x12)
    Exception = tag(0x13)
    Exceptions = tag(0x14)
    Deleted = tag(0x15)
    ExceptionStartTime = tag(0x16, TO_14_1)
    Location = tag(0x17, TO_14_1)
    MeetingStatus = tag(0x18)
    OrganizerEmail = tag(0x19)
    OrganizerName = tag(0x1A)
    Recurrence = tag(0x1B)
    Type = tag(0x1C)
    Until = tag(0x1D)
    Occurrences = tag(0x1E)
    Interval = tag(0x1F)
    DayOfWeek = tag(0x20)
    DayOfMonth = tag(0x21)
    WeekOfMonth = tag(0x22)
    MonthOfYear = tag(0x23)
    Reminder = tag(0x24)
    Sensitivity = tag(0x25)
    Subject = tag(0x26)
    StartTime = tag(0x27)
    UID = tag(0x28)
    AttendeeStatus = tag(0x29, V12_0)
    AttendeeType = tag(0x2A, V12_0)
    Attachment = tag(0x2B, LEGACY)
    Attachments = tag(0x2C, LEGACY)
    AttName = tag(0x2D, LEGACY)
    AttSize = tag(0x2E, LEGACY)
    AttOid = tag(0x2F, LEGACY)
    AttMethod = tag(0x30, LEGACY)
    AttRemoved = tag(0x31, LEGACY)
    DisplayName = tag(0x32, LEGACY)
    DisallowNewTimeProposal = tag(0x33, V14_0)
    ResponseRequested = tag(0x34, V14_0)
    AppointmentReplyTime = tag(0x35, V14_0)
    ResponseType = tag(0x36, V14_0)
    CalendarType = tag(0x37, V14_0)
    IsLeapMonth = tag(0x38, V14_0)
    FirstDayOfWeek = tag(0x39, V14_1)
    OnlineMeetingConfLink = tag(0x3A, V14_1)
    OnlineMeetingExternalLink = tag(0x3B, V14_1)
    ClientUid = tag(0x3C, V16_0)


class Move(CodePage, page=5):
    MoveItems = tag(0x05)
    Move = tag(0x06)
    SrcMsgId = tag(0x07)
    SrcFldId = tag(0x08)
    DstFldId = tag(0x09)
    Response = tag(0x0A)
    Status = tag(0x0B)
    DstMsgId = tag(0x0C)


class GetItemEstimate(CodePage, page=6):
    GetItemEstimate = tag(0x05)
    Version = tag(0x06, LEGACY)
    Collections = tag(0x07)
    Collection = tag(0x08)
    Class = tag(0x09, TO_12_1)
    CollectionId = tag(0x0A)
    DateTime = tag(0x0B, LEGACY)
    Estimate = tag(0x0C)
    Response = tag(0x0D)
    Status = tag(0x0E)


class FolderHierarchy(CodePage, page=7):
    Folders = tag(0x05, TO_12_1)
    Folder = tag(0x06, TO_12_1)
    DisplayName = tag(0x07)
    ServerId = tag(0x08)
    ParentId = tag(0x09)
    Type = tag(0x0A)
    Response = tag(0x0B, LEGACY)
    Status = tag(0x0C)
    ContentClass = tag(0x0D, LEGACY)
    Changes = tag(0x0E)
    Add = tag(0x0F)
    Delete = tag(0x10)
    Update = tag(0x11)
    SyncKey = tag(0x12)
    FolderCreate = tag(0x13)
    FolderDelete = tag(0x14)
    FolderUpdate = tag(0x15)
    FolderSync = tag(0x16)
    Count = tag(0x17)
    Version = tag(0x18, LEGACY)


class MeetingResponse(CodePage, page=8):
    CalendarId = tag(0x05)
    CollectionId = tag(0x06)
    MeetingResponse = tag(0x07)
    RequestId = tag(0x08)
    Request = tag(0x09)
    Result = tag(0x0A)
    Status = tag(0x0B)
    UserResponse = tag(0x0C)
    Version = tag(0x0D, LEGACY)
    InstanceId = tag(0x0E, V14_1)
    ProposedStartTime = tag(0x10, V16_1)
    ProposedEndTime = tag(0x11, V16_1)
    SendResponse = tag(0x12, V16_0)


class Tasks(CodePage, page=9):
    Body = tag(0x05, V2_5)
    BodySize = tag(0x06, V2_5)
    BodyTruncated = tag(0x07, V2_5)
    Categories = tag(0x08)
    Category = tag(0x09)
    Complete = tag(0x0A)
    DateCompleted = tag(0x0B)
    DueDate = tag(0x0C)
    UtcDueDate = tag(0x0D)
    Importance = tag(0x0E)
    Recurrence = tag(0x0F)
    Type = tag(0x10)
    Start = tag(0x11)
    Until = tag(0x12)
    Occurrences = tag(0x13)
    Interval = tag(0x14)
    DayOfMonth = tag(0x15)
    DayOfWeek = tag(0x16)
    WeekOfMonth = tag(0x17)
    MonthOfYear = tag(0x18)
    Regenerate = tag(0x19)
    DeadOccur = tag(0x1A)
    ReminderSet = tag(0x1B)
    ReminderTime = tag(0x1C)
    Sensitivity = tag(0x1D)
    StartDate = tag(0x1E)
    UtcStartDate = tag(0x1F)
    Subject = tag(0x20)
    CompressedRTF = tag(0x21, LEGACY)
    OrdinalDate = tag(0x22, V12_0)
    SubOrdinalDate = tag(0x23, V12_0)
    CalendarType = tag(0x24, V14_0)
    IsLeapMonth = tag(0x25, V14_0)
    FirstDayOfWeek = tag(0x26, V14_1)


class ResolveRecipients(CodePage, page=10):
    ResolveRecipients = tag(0x05)
    Response = tag(0x06)
    Status = tag(0x07)
    Type = tag(0x08)
    Recipient = tag(0x09)
    DisplayName = tag(0x0A)
    EmailAddress = tag(0x0B)
    Certificates = tag(0x0C)
    Certificate = tag(0x0D)
    MiniCertificate = tag(0x0E)
    Options = tag(0x0F)
    To = tag(0x10)
    CertificateRetrieval = tag(0x11)
    RecipientCount = tag(0x12)
    MaxCertificates = tag(0x13)
    MaxAmbiguousRecipients = tag(0x14)
    CertificateCount = tag(0x15)
    Availability = tag(0x16, V14_0)
    StartTime = tag(0x17, V14_0)
    EndTime = tag(0x18, V14_0)
    MergedFreeBusy = tag(0x19, V14_0)
    Picture = tag(0x1A, V14_1)
    MaxSize = tag(0x1B, V14_1)
    Data = tag(0x1C, V14_1, binary=True)
    MaxPictures = tag(0x1D, V14_1)


class ValidateCert(CodePage, page=11):
    ValidateCert = tag(0x05)
    Certificates = tag(0x06)
    Certificate = tag(0x07)
    CertificateChain = tag(0x08)
    CheckCRL = tag(0x09)
    Status = tag(0x0A)


class Contacts2(CodePage, page=12):
    CustomerId = tag(0x05)
    GovernmentId = tag(0x06)
    IMAddress = tag(0x07)
    IMAddress2 = tag(0x08)
    IMAddress3 = tag(0x09)
    ManagerName = tag(0x0A)
    CompanyMainPhone = tag(0x0B)
    AccountName = tag(0x0C)
    NickName = tag(0x0D)
    MMS = tag(0x0E)


class Ping(CodePage, page=13):
    Ping = tag(0x05)
    AutdState = tag(0x06, LEGACY)
    Status = tag(0x07)
    HeartbeatInterval = tag(0x08)
    Folders = tag(0x09)
    Folder = tag(0x0A)
    Id = tag(0x0B)
    Class = tag(0x0C)
    MaxFolders = tag(0x0D)


class Provision(CodePage, page=14):
    Provision = tag(0x05)
    Policies = tag(0x06)
    Policy = tag(0x07)
    PolicyType = tag(0x08)
    PolicyKey = tag(0x09)
    Data = tag(0x0A)
    Status = tag(0x0B)
    RemoteWipe = tag(0x0C)
    EASProvisionDoc = tag(0x0D, V12_0)
    DevicePasswordEnabled = tag(0x0E, V12_0)
    AlphanumericDevicePasswordRequired = tag(0x0F, V12_0)
    RequireStorageCardEncryption = tag(0x10, V12_1)
    PasswordRecoveryEnabled = tag(0x11, V12_0)
    DocumentBrowseEnabled = tag(0x12, LEGACY)
    AttachmentsEnabled = tag(0x13, V12_0)
    MinDevicePasswordLength = tag(0x14, V12_0)
    MaxInactivityTimeDeviceLock = tag(0x15, V12_0)
    MaxDevicePasswordFailedAttempts = tag(0x16, V12_0)
    MaxAttachmentSize = tag(0x17, V12_0)
    AllowSimpleDevicePassword = tag(0x18, V12_0)
    DevicePasswordExpiration = tag(0x19, V12_0)
    DevicePasswordHistory = tag(0x1A, V12_0)
    AllowStorageCard = tag(0x1B, V12_1)
    AllowCamera = tag(0x1C, V12_1)
    RequireDeviceEncryption = tag(0x1D, V12_1)
    AllowUnsignedApplications = tag(0x1E, V12_1)
    AllowUnsignedInstallationPackages = tag(0x1F, V12_1)
    MinDevicePasswordComplexCharacters = tag(0x20, V12_1)
    AllowWiFi = tag(0x21, V12_1)
    AllowTextMessaging = tag(0x22, V12_1)
    AllowPOPIMAPEmail = tag(0x23, V12_1)
    AllowBluetooth = tag(0x24, V12_1)
    AllowIrDA = tag(0x25, V12_1)
    RequireManualSyncWhenRoaming = tag(0x26, V12_1)
    AllowDesktopSync = tag(0x27, V12_1)
    MaxCalendarAgeFilter = tag(0x28, V12_1)
    AllowHTMLEmail = tag(0x29, V12_1)
    MaxEmailAgeFilter = tag(0x2A, V12_1)
    MaxEmailBodyTruncationSize = tag(0x2B, V12_1)
    MaxEmailHTMLBodyTruncationSize = tag(0x2C, V12_1)
    RequireSignedSMIMEMessages = tag(0x2D, V12_1)
    RequireEncryptedSMIMEMessages = tag(0x2E, V12_1)
    RequireSignedSMIMEAlgorithm = tag(0x2F, V12_1)
    RequireEncryptionSMIMEAlgorithm = tag(0x30, V12_1)
    AllowSMIMEEncryptionAlgorithmNegotiation = tag(0x31, V12_1)
    AllowSMIMESoftCerts = tag(0x32, V12_1)
    AllowBrowser = tag(0x33, V12_1)
    AllowConsumerEmail = tag(0x34, V12_1)
    AllowRemoteDesktop = tag(0x35, V12_1)
    AllowInternetSharing = tag(0x36, V12_1)
    UnapprovedInROMApplicationList = tag(0x37, V12_1)
    ApplicationName = tag(0x38, V12_1)
    ApprovedApplicationList = tag(0x39, V12_1)
    Hash = tag(0x3A, V12_1)
    AccountOnlyRemoteWipe = tag(0x3B, V16_1)


class Search(CodePage, page=15):
    Search = tag(0x05)
    Store = tag(0x07)
    Name = tag(0x08)
    Query = tag(0x09)
    Options = tag(0x0A)
    Range = tag(0x0B)
    Status = tag(0x0C)
    Response = tag(0x0D)
    Result = tag(0x0E)
    Properties = tag(0x0F)
    Total = tag(0x10)
    EqualTo = tag(0x11, V12_0)
    Value = tag(0x12, V12_0)
    And = tag(0x13, V12_0)
    Or = tag(0x14, V12_0)
    FreeText = tag(0x15, V12_0)
    DeepTraversal = tag(0x17, V12_0)
    LongId = tag(0x18, V12_0)
    RebuildResults = tag(0x19, V12_0)
    LessThan = tag(0x1A, V12_0)
    GreaterThan = tag(0x1B, V12_0)
    Schema = tag(0x1C, LEGACY)
    Supported = tag(0x1D, LEGACY)
    UserName = tag(0x1E, V12_1)
    Password = tag(0x1F, V12_1)
    ConversationId = tag(0x20, V14_0, binary=True)
    Picture = tag(0x21, V14_1)
    MaxSize = tag(0x22, V14_1)
    MaxPictures = tag(0x23, V14_1)


class GAL(CodePage, page=16):
    DisplayName = tag(0x05)
    Phone = tag(0x06)
    Office = tag(0x07)
    Title = tag(0x08)
    Company = tag(0x09)
    Alias = tag(0x0A)
    FirstName = tag(0x0B)
    LastName = tag(0x0C)
    HomePhone = tag(0x0D)
    MobilePhone = tag(0x0E)
    EmailAddress = tag(0x0F)
    Picture = tag(0x10, V14_1)
    Status = tag(0x11, V14_1)
    Data = tag(0x12, V14_1, binary=True)


class AirSyncBase(CodePage, page=17):
    BodyPreference = tag(0x05, V12_0)
    Type = tag(0x06, V12_0)
    TruncationSize = tag(0x07, V12_0)
    AllOrNone = tag(0x08, V12_0)
    Body = tag(0x0A, V12_0)
    Data = tag(0x0B, V12_0)
    EstimatedDataSize = tag(0x0C, V12_0)
    Truncated = tag(0x0D, V12_0)
    Attachments = tag(0x0E, V12_0)
    Attachment = tag(0x0F, V12_0)
    DisplayName = tag(0x10, V12_0)
    FileReference = tag(0x11, V12_0)
    Method = tag(0x12, V12_0)
    ContentId = tag(0x13, V12_0)
    ContentLocation = tag(0x14, V12_0)
    IsInline = tag(0x15, V12_0)
    NativeBodyType = tag(0x16, V12_0)
    ContentType = tag(0x17, V12_0)
    Preview = tag(0x18, V14_0)
    BodyPartPreference = tag(0x19, V14_1)
    BodyPart = tag(0x1A, V14_1)
    Status = tag(0x1B, V14_1)
    Add = tag(0x1C, V16_0)
    Delete = tag(0x1D, V16_0)
    ClientId = tag(0x1E, V16_0)
    Content = tag(0x1F, V16_0, binary=True)
    Location = tag(0x20, V16_0)
    Annotation = tag(0x21, V16_0)
    Street = tag(0x22, V16_0)
    City = tag(0x23, V16_0)
    State = tag(0x24, V16_0)
    Country = tag(0x25, V16_0)
    PostalCode = tag(0x26, V16_0)
    Latitude = tag(0x27, V16_0)
    Longitude = tag(0x28, V16_0)
    Accuracy = tag(0x29, V16_0)
    Altitude = tag(0x2A, V16_0)
    AltitudeAccuracy = tag(0x2B, V16_0)
    LocationUri = tag(0x2C, V16_0)
    InstanceId = tag(0x2D, V16_0)


class Settings(CodePage, page=18):
    Settings = tag(0x05, V12_0)
    Status = tag(0x06, V12_0)
    Get = tag(0x07, V12_0)
    Set = tag(0x08, V12_0)
    Oof = tag(0x09, V12_0)
    OofState = tag(0x0A, V12_0)
    StartTime = tag(0x0B, V12_0)
    EndTime = tag(0x0C, V12_0)
    OofMessage = tag(0x0D, V12_0)
    AppliesToInternal = tag(0x0E, V12_0)
    AppliesToExternalKnown = tag(0x0F, V12_0)
    AppliesToExternalUnknown = tag(0x10, V12_0)
    Enabled = tag(0x11, V12_0)
    ReplyMessage = tag(0x12, V12_0)
    BodyType = tag(0x13, V12_0)
    DevicePassword = tag(0x14, V12_0)
    Password = tag(0x15, V12_0)
    DeviceInformation = tag(0x16, V12_0)
    Model = tag(0x17, V12_0)
    IMEI = tag(0x18, V12_0)
    FriendlyName = tag(0x19, V12_0)
    OS = tag(0x1A, V12_0)
    OSLanguage = tag(0x1B, V12_0)
    PhoneNumber = tag(0x1C, V12_0)
    UserInformation = tag(0x1D, V12_0)
    EmailAddresses = tag(0x1E, V12_0)
    SMTPAddress = tag(0x1F, V12_0)
    UserAgent = tag(0x20, V12_1)
    EnableOutboundSMS = tag(0x21, V14_0)
    MobileOperator = tag(0x22, V14_0)
    PrimarySmtpAddress = tag(0x23, V14_1)
    Accounts = tag(0x24, V14_1)
    Account = tag(0x25, V14_1)
    AccountId = tag(0x26, V14_1)
    AccountName = tag(0x27, V14_1)
    UserDisplayName = tag(0x28, V14_1)
    SendDisabled = tag(0x29, V14_1)
    RightsManagementInformation = tag(0x2B, V14_1)


class DocumentLibrary(CodePage, page=19):
    LinkId = tag(0x05, V12_0)
    DisplayName = tag(0x06, V12_0)
    IsFolder = tag(0x07, V12_0)
    CreationDate = tag(0x08, V12_0)
    LastModifiedDate = tag(0x09, V12_0)
    IsHidden = tag(0x0A, V12_0)
    ContentLength = tag(0x0B, V12_0)
    ContentType = tag(0x0C, V12_0)


class ItemOperations(CodePage, page=20):
    ItemOperations = tag(0x05, V12_0)
    Fetch = tag(0x06, V12_0)
    Store = tag(0x07, V12_0)
    Options = tag(0x08, V12_0)
    Range = tag(0x09, V12_0)
    Total = tag(0x0A, V12_0)
    Properties = tag(0x0B, V12_0)
    Data = tag(0x0C, V12_0)
    Status = tag(0x0D, V12_0)
    Response = tag(0x0E, V12_0)
    Version = tag(0x0F, V12_0)
    Schema = tag(0x10, V12_0)
    Part = tag(0x11, V12_0)
    EmptyFolderContents = tag(0x12, V12_0)
    DeleteSubFolders = tag(0x13, V12_0)
    UserName = tag(0x14, V12_1)
    Password = tag(0x15, V12_1)
    Move = tag(0x16, V14_0)
    DstFldId = tag(0x17, V14_0)
    ConversationId = tag(0x18, V14_0, binary=True)
    MoveAlways = tag(0x19, V14_0)


class ComposeMail(CodePage, page=21):
    SendMail = tag(0x05, V14_0)
    SmartForward = tag(0x06, V14_0)
    SmartReply = tag(0x07, V14_0)
    SaveInSentItems = tag(0x08, V14_0)
    ReplaceMime = tag(0x09, V14_0)
    Type = tag(0x0A, LEGACY)
    Source = tag(0x0B, V14_0)
    FolderId = tag(0x0C, V14_0)
    ItemId = tag(0x0D, V14_0)
    LongId = tag(0x0E, V14_0)
    InstanceId = tag(0x0F, V14_0)
    Mime = tag(0x10, V14_0, binary=True)
    ClientId = tag(0x11, V14_0)
    Status = tag(0x12, V14_0)
    AccountId = tag(0x13, V14_1)
    Forwardees = tag(0x15, V16_0)
    Forwardee = tag(0x16, V16_0)
    Name = tag(0x17, V16_0)
    Email = tag(0x18, V16_0)


class Email2(CodePage, page=22):
    UmCallerID = tag(0x05, V14_0)
    UmUserNotes = tag(0x06, V14_0)
    UmAttDuration = tag(0x07, V14_0)
    UmAttOrder = tag(0x08, V14_0)
    ConversationId = tag(0x09, V14_0, binary=True)
    ConversationIndex = tag(0x0A, V14_0, binary=True)
    LastVerbExecuted = tag(0x0B, V14_0)
    LastVerbExecutionTime = tag(0x0C, V14_0)
    ReceivedAsBcc = tag(0x0D, V14_0)
    Sender = tag(0x0E, V14_0)
    CalendarType = tag(0x0F, V14_0)
    IsLeapMonth = tag(0x10, V14_0)
    AccountId = tag(0x11, V14_1)
    FirstDayOfWeek = tag(0x12, V14_1)
    MeetingMessageType = tag(0x13, V14_1)
    IsDraft = tag(0x15, V16_0)
    Bcc = tag(0x16, V16_0)
    Send = tag(0x17, V16_0)


class Notes(CodePage, page=23):
    Subject = tag(0x05, V14_0)
    MessageClass = tag(0x06, V14_0)
    LastModifiedDate = tag(0x07, V14_0)
    Categories = tag(0x08, V14_0)
    Category = tag(0x09, V14_0)


class RightsManagement(CodePage, page=24):
    RightsManagementSupport = tag(0x05, V14_1)
    RightsManagementTemplates = tag(0x06, V14_1)
    RightsManagementTemplate = tag(0x07, V14_1)
    RightsManagementLicense = tag(0x08, V14_1)
    EditAllowed = tag(0x09, V14_1)
    ReplyAllowed = tag(0x0A, V14_1)
    ReplyAllAllowed = tag(0x0B, V14_1)
    ForwardAllowed = tag(0x0C, V14_1)
    ModifyRecipientsAllowed = tag(0x0D, V14_1)
    ExtractAllowed = tag(0x0E, V14_1)
    PrintAllowed = tag(0x0F, V14_1)
    ExportAllowed = tag(0x10, V14_1)
    ProgrammaticAccessAllowed = tag(0x11, V14_1)
    Owner = tag(0x12, V14_1)
    ContentExpiryDate = tag(0x13, V14_1)
    TemplateID = tag(0x14, V14_1)
    TemplateName = tag(0x15, V14_1)
    TemplateDescription = tag(0x16, V14_1)
    ContentOwner = tag(0x17, V14_1)
    RemoveRightsManagementProtection = tag(0x18, V14_1)


class Find(CodePage, page=25):
    Find = tag(0x05, V16_1)
    SearchId = tag(0x06, V16_1)
    ExecuteSearch = tag(0x07, V16_1)
    MailBoxSearchCriterion = tag(0x08, V16_1)
    Query = tag(0x09, V16_1)
    Status = tag(0x0A, V16_1)
    FreeText = tag(0x0B, V16_1)
    Options = tag(0x0C, V16_1)
    Range = tag(0x0D, V16_1)
    DeepTraversal = tag(0x0E, V16_1)
    Response = tag(0x11, V16_1)
    Result = tag(0x12, V16_1)
    Properties = tag(0x13, V16_1)
    Preview = tag(0x14, V16_1)
    HasAttachments = tag(0x15, V16_1)
    Total = tag(0x16, V16_1)
    DisplayCc = tag(0x17, V16_1)
    DisplayBcc = tag(0x18, V16_1)
    GalSearchCriterion = tag(0x19, V16_1)
    MaxPictures = tag(0x20, V16_1)
    MaxSize = tag(0x21, V16_1)
    Picture = tag(0x22, V16_1)


class WindowsLive(CodePage, page=254):
    Annotations = tag(0x05, LEGACY)
    Annotation = tag(0x06, LEGACY)
    Name = tag(0x07, LEGACY)
    Value = tag(0x08, LEGACY)


ACTIVESYNC = CodePages(
    AirSync,
    Contacts,
    Email,
    AirNotify,
    Calendar,
    Move,
    GetItemEstimate,
    FolderHierarchy,
    MeetingResponse,
    Tasks,
    ResolveRecipients,
    ValidateCert,
    Contacts2,
    Ping,
    Provision,
    Search,
    GAL,
    AirSyncBase,
    Settings,
    DocumentLibrary,
    ItemOperations,
    ComposeMail,
    Email2,
    Notes,
    RightsManagement,
    Find,
    WindowsLive,
)
"""The code pages of ActiveSync: 0 to 25, and 254."""
