"""Every tag of every ActiveSync code page, written down once.

Source: [MS-ASWBXML] section 2.1.2.1 (608 tags) and 49 legacy tags that the specification no longer lists but that
servers and older clients still know. Both kernels, the models and the XML side take their tables from here.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, without the 2 ms that importing typing takes
if TYPE_CHECKING:
    from collections.abc import Iterator
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


class Tag(str):
    """A tag such as ``"AirSync:SyncKey"``: a str, equal to its spelling, one shared object for each tag.

    Attributes: ``namespace`` ("AirSync"), ``name`` ("SyncKey"), ``page`` and ``token`` (the token without its content
    bit), ``versions`` (the protocol versions that have it, empty for a legacy or unknown tag) and ``binary`` (whether
    the specification types it as a byte array, which is sent as OPAQUE: [MS-ASDTYPE] section 2.7.1).
    """

    __slots__ = ("binary", "code", "name", "namespace", "page", "token", "versions")

    namespace: str
    name: str
    page: int
    token: int
    code: int
    versions: tuple[str, ...]
    binary: bool

    def __new__(
        cls, namespace: str, name: str, page: int, token: int, versions: tuple[str, ...] = LEGACY, binary: bool = False
    ) -> Self:
        self = super().__new__(cls, f"{namespace}:{name}")
        self.namespace = namespace
        self.name = name
        self.page = page
        self.token = token
        self.code = page << 6 | token
        self.versions = versions
        self.binary = binary
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Tag, (self.namespace, self.name, self.page, self.token, self.versions, self.binary))

    def __copy__(self) -> Tag:
        return self

    def __deepcopy__(self, memo: object) -> Tag:
        return self


def _tag(token: int, versions: tuple[str, ...] = VERSIONS, *, binary: bool = False) -> Tag:
    """A tag of the class in whose body it stands: the class knows the rest, see CodePageType."""
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

    ``pages`` are CodePage classes. ``by_code`` maps page * 64 + token to the Tag, ``by_name`` its spelling.
    """

    __slots__ = ("_made", "_paths", "by_code", "by_name", "kernel_names", "namespaces")

    def __init__(self, *pages: CodePageType) -> None:
        self.by_code: dict[int, Tag] = {}
        self.by_name: dict[str, Tag] = {}
        self.namespaces: dict[int, str] = {}
        for page in pages:
            self.namespaces[page.page] = page.__name__
            for tag in page.tags.values():
                self.by_code[tag.page << 6 | tag.token] = tag
                self.by_name[tag] = tag
        # At most 256 * 64 entries, so input cannot grow it without bound.
        self._made: dict[int, Tag] = {}
        self._paths: dict[str, tuple[int, ...]] = {}
        # The compiled kernel's own table of the tags, made when it first meets these code pages.
        self.kernel_names: object = None

    def path(self, path: str) -> tuple[int, ...]:
        """The codes of the tags in a path such as "AirSync:Collections/AirSync:Collection".

        Raises ValueError where a name is not a tag of these code pages.
        """
        codes = self._paths.get(path)
        if codes is None:
            codes = tuple([self.lookup(name).code for name in path.split("/")])
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

    def __reduce__(self) -> str | tuple[Any, ...]:
        if self is ACTIVESYNC:
            return "ACTIVESYNC"
        raise TypeError("only the ActiveSync code pages can be pickled")


def _hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return -1


class AirSync(CodePage, page=0):
    Sync = _tag(0x05)
    Responses = _tag(0x06)
    Add = _tag(0x07)
    Change = _tag(0x08)
    Delete = _tag(0x09)
    Fetch = _tag(0x0A)
    SyncKey = _tag(0x0B)
    ClientId = _tag(0x0C)
    ServerId = _tag(0x0D)
    Status = _tag(0x0E)
    Collection = _tag(0x0F)
    Class = _tag(0x10)
    Version = _tag(0x11, LEGACY)
    CollectionId = _tag(0x12)
    GetChanges = _tag(0x13)
    MoreAvailable = _tag(0x14)
    WindowSize = _tag(0x15)
    Commands = _tag(0x16)
    Options = _tag(0x17)
    FilterType = _tag(0x18)
    Truncation = _tag(0x19, V2_5)
    RTFTruncation = _tag(0x1A, LEGACY)
    Conflict = _tag(0x1B)
    Collections = _tag(0x1C)
    ApplicationData = _tag(0x1D)
    DeletesAsMoves = _tag(0x1E)
    NotifyGUID = _tag(0x1F, LEGACY)
    Supported = _tag(0x20)
    SoftDelete = _tag(0x21)
    MIMESupport = _tag(0x22)
    MIMETruncation = _tag(0x23)
    Wait = _tag(0x24, V12_1)
    Limit = _tag(0x25, V12_1)
    Partial = _tag(0x26, V12_1)
    ConversationMode = _tag(0x27, V14_0)
    MaxItems = _tag(0x28, V14_0)
    HeartbeatInterval = _tag(0x29, V14_0)


class Contacts(CodePage, page=1):
    Anniversary = _tag(0x05)
    AssistantName = _tag(0x06)
    AssistantPhoneNumber = _tag(0x07)
    Birthday = _tag(0x08)
    Body = _tag(0x09, V2_5)
    BodySize = _tag(0x0A, V2_5)
    BodyTruncated = _tag(0x0B, V2_5)
    Business2PhoneNumber = _tag(0x0C)
    BusinessAddressCity = _tag(0x0D)
    BusinessAddressCountry = _tag(0x0E)
    BusinessAddressPostalCode = _tag(0x0F)
    BusinessAddressState = _tag(0x10)
    BusinessAddressStreet = _tag(0x11)
    BusinessFaxNumber = _tag(0x12)
    BusinessPhoneNumber = _tag(0x13)
    CarPhoneNumber = _tag(0x14)
    Categories = _tag(0x15)
    Category = _tag(0x16)
    Children = _tag(0x17)
    Child = _tag(0x18)
    CompanyName = _tag(0x19)
    Department = _tag(0x1A)
    Email1Address = _tag(0x1B)
    Email2Address = _tag(0x1C)
    Email3Address = _tag(0x1D)
    FileAs = _tag(0x1E)
    FirstName = _tag(0x1F)
    Home2PhoneNumber = _tag(0x20)
    HomeAddressCity = _tag(0x21)
    HomeAddressCountry = _tag(0x22)
    HomeAddressPostalCode = _tag(0x23)
    HomeAddressState = _tag(0x24)
    HomeAddressStreet = _tag(0x25)
    HomeFaxNumber = _tag(0x26)
    HomePhoneNumber = _tag(0x27)
    JobTitle = _tag(0x28)
    LastName = _tag(0x29)
    MiddleName = _tag(0x2A)
    MobilePhoneNumber = _tag(0x2B)
    OfficeLocation = _tag(0x2C)
    OtherAddressCity = _tag(0x2D)
    OtherAddressCountry = _tag(0x2E)
    OtherAddressPostalCode = _tag(0x2F)
    OtherAddressState = _tag(0x30)
    OtherAddressStreet = _tag(0x31)
    PagerNumber = _tag(0x32)
    RadioPhoneNumber = _tag(0x33)
    Spouse = _tag(0x34)
    Suffix = _tag(0x35)
    Title = _tag(0x36)
    WebPage = _tag(0x37)
    YomiCompanyName = _tag(0x38)
    YomiFirstName = _tag(0x39)
    YomiLastName = _tag(0x3A)
    CompressedRTF = _tag(0x3B, LEGACY)
    Picture = _tag(0x3C)
    Alias = _tag(0x3D, V14_0)
    WeightedRank = _tag(0x3E, V14_0)


class Email(CodePage, page=2):
    Attachment = _tag(0x05, V2_5)
    Attachments = _tag(0x06, V2_5)
    AttName = _tag(0x07, V2_5)
    AttSize = _tag(0x08, V2_5)
    AttOid = _tag(0x09, V2_5)
    AttMethod = _tag(0x0A, V2_5)
    AttRemoved = _tag(0x0B, LEGACY)
    Body = _tag(0x0C, V2_5)
    BodySize = _tag(0x0D, V2_5)
    BodyTruncated = _tag(0x0E, V2_5)
    DateReceived = _tag(0x0F)
    DisplayName = _tag(0x10, V2_5)
    DisplayTo = _tag(0x11)
    Importance = _tag(0x12)
    MessageClass = _tag(0x13)
    Subject = _tag(0x14)
    Read = _tag(0x15)
    To = _tag(0x16)
    Cc = _tag(0x17)
    From = _tag(0x18)
    ReplyTo = _tag(0x19)
    AllDayEvent = _tag(0x1A)
    Categories = _tag(0x1B, V14_0)
    Category = _tag(0x1C, V14_0)
    DtStamp = _tag(0x1D)
    EndTime = _tag(0x1E)
    InstanceType = _tag(0x1F)
    BusyStatus = _tag(0x20)
    Location = _tag(0x21, TO_14_1)
    MeetingRequest = _tag(0x22)
    Organizer = _tag(0x23)
    RecurrenceId = _tag(0x24)
    Reminder = _tag(0x25)
    ResponseRequested = _tag(0x26)
    Recurrences = _tag(0x27)
    Recurrence = _tag(0x28)
    Type = _tag(0x29)
    Until = _tag(0x2A)
    Occurrences = _tag(0x2B)
    Interval = _tag(0x2C)
    DayOfWeek = _tag(0x2D)
    DayOfMonth = _tag(0x2E)
    WeekOfMonth = _tag(0x2F)
    MonthOfYear = _tag(0x30)
    StartTime = _tag(0x31)
    Sensitivity = _tag(0x32)
    TimeZone = _tag(0x33)
    GlobalObjId = _tag(0x34, TO_14_1)
    ThreadTopic = _tag(0x35)
    MIMEData = _tag(0x36, V2_5)
    MIMETruncated = _tag(0x37, V2_5)
    MIMESize = _tag(0x38, V2_5)
    InternetCPID = _tag(0x39)
    Flag = _tag(0x3A, V12_0)
    Status = _tag(0x3B, V12_0)
    ContentClass = _tag(0x3C, V12_0)
    FlagType = _tag(0x3D, V12_0)
    CompleteTime = _tag(0x3E, V12_0)
    DisallowNewTimeProposal = _tag(0x3F, V14_0)


class AirNotify(CodePage, page=3):
    Notify = _tag(0x05, LEGACY)
    Notification = _tag(0x06, LEGACY)
    Version = _tag(0x07, LEGACY)
    LifeTime = _tag(0x08, LEGACY)
    DeviceInfo = _tag(0x09, LEGACY)
    Enable = _tag(0x0A, LEGACY)
    Folder = _tag(0x0B, LEGACY)
    ServerId = _tag(0x0C, LEGACY)
    DeviceAddress = _tag(0x0D, LEGACY)
    ValidCarrierProfiles = _tag(0x0E, LEGACY)
    CarrierProfile = _tag(0x0F, LEGACY)
    Status = _tag(0x10, LEGACY)
    Responses = _tag(0x11, LEGACY)
    Devices = _tag(0x12, LEGACY)
    Device = _tag(0x13, LEGACY)
    Id = _tag(0x14, LEGACY)
    Expiry = _tag(0x15, LEGACY)
    NotifyGUID = _tag(0x16, LEGACY)
    DeviceFriendlyName = _tag(0x17, LEGACY)


class Calendar(CodePage, page=4):
    Timezone = _tag(0x05)
    AllDayEvent = _tag(0x06)
    Attendees = _tag(0x07)
    Attendee = _tag(0x08)
    Email = _tag(0x09)
    Name = _tag(0x0A)
    Body = _tag(0x0B, V2_5)
    BodyTruncated = _tag(0x0C, V2_5)
    BusyStatus = _tag(0x0D)
    Categories = _tag(0x0E)
    Category = _tag(0x0F)
    Compressed_RTF = _tag(0x10, LEGACY)
    DtStamp = _tag(0x11)
    EndTime = _tag(0x12)
    Exception = _tag(0x13)
    Exceptions = _tag(0x14)
    Deleted = _tag(0x15)
    ExceptionStartTime = _tag(0x16, TO_14_1)
    Location = _tag(0x17, TO_14_1)
    MeetingStatus = _tag(0x18)
    OrganizerEmail = _tag(0x19)
    OrganizerName = _tag(0x1A)
    Recurrence = _tag(0x1B)
    Type = _tag(0x1C)
    Until = _tag(0x1D)
    Occurrences = _tag(0x1E)
    Interval = _tag(0x1F)
    DayOfWeek = _tag(0x20)
    DayOfMonth = _tag(0x21)
    WeekOfMonth = _tag(0x22)
    MonthOfYear = _tag(0x23)
    Reminder = _tag(0x24)
    Sensitivity = _tag(0x25)
    Subject = _tag(0x26)
    StartTime = _tag(0x27)
    UID = _tag(0x28)
    AttendeeStatus = _tag(0x29, V12_0)
    AttendeeType = _tag(0x2A, V12_0)
    Attachment = _tag(0x2B, LEGACY)
    Attachments = _tag(0x2C, LEGACY)
    AttName = _tag(0x2D, LEGACY)
    AttSize = _tag(0x2E, LEGACY)
    AttOid = _tag(0x2F, LEGACY)
    AttMethod = _tag(0x30, LEGACY)
    AttRemoved = _tag(0x31, LEGACY)
    DisplayName = _tag(0x32, LEGACY)
    DisallowNewTimeProposal = _tag(0x33, V14_0)
    ResponseRequested = _tag(0x34, V14_0)
    AppointmentReplyTime = _tag(0x35, V14_0)
    ResponseType = _tag(0x36, V14_0)
    CalendarType = _tag(0x37, V14_0)
    IsLeapMonth = _tag(0x38, V14_0)
    FirstDayOfWeek = _tag(0x39, V14_1)
    OnlineMeetingConfLink = _tag(0x3A, V14_1)
    OnlineMeetingExternalLink = _tag(0x3B, V14_1)
    ClientUid = _tag(0x3C, V16_0)


class Move(CodePage, page=5):
    MoveItems = _tag(0x05)
    Move = _tag(0x06)
    SrcMsgId = _tag(0x07)
    SrcFldId = _tag(0x08)
    DstFldId = _tag(0x09)
    Response = _tag(0x0A)
    Status = _tag(0x0B)
    DstMsgId = _tag(0x0C)


class GetItemEstimate(CodePage, page=6):
    GetItemEstimate = _tag(0x05)
    Version = _tag(0x06, LEGACY)
    Collections = _tag(0x07)
    Collection = _tag(0x08)
    Class = _tag(0x09, TO_12_1)
    CollectionId = _tag(0x0A)
    DateTime = _tag(0x0B, LEGACY)
    Estimate = _tag(0x0C)
    Response = _tag(0x0D)
    Status = _tag(0x0E)


class FolderHierarchy(CodePage, page=7):
    Folders = _tag(0x05, TO_12_1)
    Folder = _tag(0x06, TO_12_1)
    DisplayName = _tag(0x07)
    ServerId = _tag(0x08)
    ParentId = _tag(0x09)
    Type = _tag(0x0A)
    Response = _tag(0x0B, LEGACY)
    Status = _tag(0x0C)
    ContentClass = _tag(0x0D, LEGACY)
    Changes = _tag(0x0E)
    Add = _tag(0x0F)
    Delete = _tag(0x10)
    Update = _tag(0x11)
    SyncKey = _tag(0x12)
    FolderCreate = _tag(0x13)
    FolderDelete = _tag(0x14)
    FolderUpdate = _tag(0x15)
    FolderSync = _tag(0x16)
    Count = _tag(0x17)
    Version = _tag(0x18, LEGACY)


class MeetingResponse(CodePage, page=8):
    CalendarId = _tag(0x05)
    CollectionId = _tag(0x06)
    MeetingResponse = _tag(0x07)
    RequestId = _tag(0x08)
    Request = _tag(0x09)
    Result = _tag(0x0A)
    Status = _tag(0x0B)
    UserResponse = _tag(0x0C)
    Version = _tag(0x0D, LEGACY)
    InstanceId = _tag(0x0E, V14_1)
    ProposedStartTime = _tag(0x10, V16_1)
    ProposedEndTime = _tag(0x11, V16_1)
    SendResponse = _tag(0x12, V16_0)


class Tasks(CodePage, page=9):
    Body = _tag(0x05, V2_5)
    BodySize = _tag(0x06, V2_5)
    BodyTruncated = _tag(0x07, V2_5)
    Categories = _tag(0x08)
    Category = _tag(0x09)
    Complete = _tag(0x0A)
    DateCompleted = _tag(0x0B)
    DueDate = _tag(0x0C)
    UtcDueDate = _tag(0x0D)
    Importance = _tag(0x0E)
    Recurrence = _tag(0x0F)
    Type = _tag(0x10)
    Start = _tag(0x11)
    Until = _tag(0x12)
    Occurrences = _tag(0x13)
    Interval = _tag(0x14)
    DayOfMonth = _tag(0x15)
    DayOfWeek = _tag(0x16)
    WeekOfMonth = _tag(0x17)
    MonthOfYear = _tag(0x18)
    Regenerate = _tag(0x19)
    DeadOccur = _tag(0x1A)
    ReminderSet = _tag(0x1B)
    ReminderTime = _tag(0x1C)
    Sensitivity = _tag(0x1D)
    StartDate = _tag(0x1E)
    UtcStartDate = _tag(0x1F)
    Subject = _tag(0x20)
    CompressedRTF = _tag(0x21, LEGACY)
    OrdinalDate = _tag(0x22, V12_0)
    SubOrdinalDate = _tag(0x23, V12_0)
    CalendarType = _tag(0x24, V14_0)
    IsLeapMonth = _tag(0x25, V14_0)
    FirstDayOfWeek = _tag(0x26, V14_1)


class ResolveRecipients(CodePage, page=10):
    ResolveRecipients = _tag(0x05)
    Response = _tag(0x06)
    Status = _tag(0x07)
    Type = _tag(0x08)
    Recipient = _tag(0x09)
    DisplayName = _tag(0x0A)
    EmailAddress = _tag(0x0B)
    Certificates = _tag(0x0C)
    Certificate = _tag(0x0D)
    MiniCertificate = _tag(0x0E)
    Options = _tag(0x0F)
    To = _tag(0x10)
    CertificateRetrieval = _tag(0x11)
    RecipientCount = _tag(0x12)
    MaxCertificates = _tag(0x13)
    MaxAmbiguousRecipients = _tag(0x14)
    CertificateCount = _tag(0x15)
    Availability = _tag(0x16, V14_0)
    StartTime = _tag(0x17, V14_0)
    EndTime = _tag(0x18, V14_0)
    MergedFreeBusy = _tag(0x19, V14_0)
    Picture = _tag(0x1A, V14_1)
    MaxSize = _tag(0x1B, V14_1)
    Data = _tag(0x1C, V14_1, binary=True)
    MaxPictures = _tag(0x1D, V14_1)


class ValidateCert(CodePage, page=11):
    ValidateCert = _tag(0x05)
    Certificates = _tag(0x06)
    Certificate = _tag(0x07)
    CertificateChain = _tag(0x08)
    CheckCRL = _tag(0x09)
    Status = _tag(0x0A)


class Contacts2(CodePage, page=12):
    CustomerId = _tag(0x05)
    GovernmentId = _tag(0x06)
    IMAddress = _tag(0x07)
    IMAddress2 = _tag(0x08)
    IMAddress3 = _tag(0x09)
    ManagerName = _tag(0x0A)
    CompanyMainPhone = _tag(0x0B)
    AccountName = _tag(0x0C)
    NickName = _tag(0x0D)
    MMS = _tag(0x0E)


class Ping(CodePage, page=13):
    Ping = _tag(0x05)
    AutdState = _tag(0x06, LEGACY)
    Status = _tag(0x07)
    HeartbeatInterval = _tag(0x08)
    Folders = _tag(0x09)
    Folder = _tag(0x0A)
    Id = _tag(0x0B)
    Class = _tag(0x0C)
    MaxFolders = _tag(0x0D)


class Provision(CodePage, page=14):
    Provision = _tag(0x05)
    Policies = _tag(0x06)
    Policy = _tag(0x07)
    PolicyType = _tag(0x08)
    PolicyKey = _tag(0x09)
    Data = _tag(0x0A)
    Status = _tag(0x0B)
    RemoteWipe = _tag(0x0C)
    EASProvisionDoc = _tag(0x0D, V12_0)
    DevicePasswordEnabled = _tag(0x0E, V12_0)
    AlphanumericDevicePasswordRequired = _tag(0x0F, V12_0)
    RequireStorageCardEncryption = _tag(0x10, V12_1)
    PasswordRecoveryEnabled = _tag(0x11, V12_0)
    DocumentBrowseEnabled = _tag(0x12, LEGACY)
    AttachmentsEnabled = _tag(0x13, V12_0)
    MinDevicePasswordLength = _tag(0x14, V12_0)
    MaxInactivityTimeDeviceLock = _tag(0x15, V12_0)
    MaxDevicePasswordFailedAttempts = _tag(0x16, V12_0)
    MaxAttachmentSize = _tag(0x17, V12_0)
    AllowSimpleDevicePassword = _tag(0x18, V12_0)
    DevicePasswordExpiration = _tag(0x19, V12_0)
    DevicePasswordHistory = _tag(0x1A, V12_0)
    AllowStorageCard = _tag(0x1B, V12_1)
    AllowCamera = _tag(0x1C, V12_1)
    RequireDeviceEncryption = _tag(0x1D, V12_1)
    AllowUnsignedApplications = _tag(0x1E, V12_1)
    AllowUnsignedInstallationPackages = _tag(0x1F, V12_1)
    MinDevicePasswordComplexCharacters = _tag(0x20, V12_1)
    AllowWiFi = _tag(0x21, V12_1)
    AllowTextMessaging = _tag(0x22, V12_1)
    AllowPOPIMAPEmail = _tag(0x23, V12_1)
    AllowBluetooth = _tag(0x24, V12_1)
    AllowIrDA = _tag(0x25, V12_1)
    RequireManualSyncWhenRoaming = _tag(0x26, V12_1)
    AllowDesktopSync = _tag(0x27, V12_1)
    MaxCalendarAgeFilter = _tag(0x28, V12_1)
    AllowHTMLEmail = _tag(0x29, V12_1)
    MaxEmailAgeFilter = _tag(0x2A, V12_1)
    MaxEmailBodyTruncationSize = _tag(0x2B, V12_1)
    MaxEmailHTMLBodyTruncationSize = _tag(0x2C, V12_1)
    RequireSignedSMIMEMessages = _tag(0x2D, V12_1)
    RequireEncryptedSMIMEMessages = _tag(0x2E, V12_1)
    RequireSignedSMIMEAlgorithm = _tag(0x2F, V12_1)
    RequireEncryptionSMIMEAlgorithm = _tag(0x30, V12_1)
    AllowSMIMEEncryptionAlgorithmNegotiation = _tag(0x31, V12_1)
    AllowSMIMESoftCerts = _tag(0x32, V12_1)
    AllowBrowser = _tag(0x33, V12_1)
    AllowConsumerEmail = _tag(0x34, V12_1)
    AllowRemoteDesktop = _tag(0x35, V12_1)
    AllowInternetSharing = _tag(0x36, V12_1)
    UnapprovedInROMApplicationList = _tag(0x37, V12_1)
    ApplicationName = _tag(0x38, V12_1)
    ApprovedApplicationList = _tag(0x39, V12_1)
    Hash = _tag(0x3A, V12_1)
    AccountOnlyRemoteWipe = _tag(0x3B, V16_1)


class Search(CodePage, page=15):
    Search = _tag(0x05)
    Store = _tag(0x07)
    Name = _tag(0x08)
    Query = _tag(0x09)
    Options = _tag(0x0A)
    Range = _tag(0x0B)
    Status = _tag(0x0C)
    Response = _tag(0x0D)
    Result = _tag(0x0E)
    Properties = _tag(0x0F)
    Total = _tag(0x10)
    EqualTo = _tag(0x11, V12_0)
    Value = _tag(0x12, V12_0)
    And = _tag(0x13, V12_0)
    Or = _tag(0x14, V12_0)
    FreeText = _tag(0x15, V12_0)
    DeepTraversal = _tag(0x17, V12_0)
    LongId = _tag(0x18, V12_0)
    RebuildResults = _tag(0x19, V12_0)
    LessThan = _tag(0x1A, V12_0)
    GreaterThan = _tag(0x1B, V12_0)
    Schema = _tag(0x1C, LEGACY)
    Supported = _tag(0x1D, LEGACY)
    UserName = _tag(0x1E, V12_1)
    Password = _tag(0x1F, V12_1)
    ConversationId = _tag(0x20, V14_0, binary=True)
    Picture = _tag(0x21, V14_1)
    MaxSize = _tag(0x22, V14_1)
    MaxPictures = _tag(0x23, V14_1)


class GAL(CodePage, page=16):
    DisplayName = _tag(0x05)
    Phone = _tag(0x06)
    Office = _tag(0x07)
    Title = _tag(0x08)
    Company = _tag(0x09)
    Alias = _tag(0x0A)
    FirstName = _tag(0x0B)
    LastName = _tag(0x0C)
    HomePhone = _tag(0x0D)
    MobilePhone = _tag(0x0E)
    EmailAddress = _tag(0x0F)
    Picture = _tag(0x10, V14_1)
    Status = _tag(0x11, V14_1)
    Data = _tag(0x12, V14_1, binary=True)


class AirSyncBase(CodePage, page=17):
    BodyPreference = _tag(0x05, V12_0)
    Type = _tag(0x06, V12_0)
    TruncationSize = _tag(0x07, V12_0)
    AllOrNone = _tag(0x08, V12_0)
    Body = _tag(0x0A, V12_0)
    Data = _tag(0x0B, V12_0)
    EstimatedDataSize = _tag(0x0C, V12_0)
    Truncated = _tag(0x0D, V12_0)
    Attachments = _tag(0x0E, V12_0)
    Attachment = _tag(0x0F, V12_0)
    DisplayName = _tag(0x10, V12_0)
    FileReference = _tag(0x11, V12_0)
    Method = _tag(0x12, V12_0)
    ContentId = _tag(0x13, V12_0)
    ContentLocation = _tag(0x14, V12_0)
    IsInline = _tag(0x15, V12_0)
    NativeBodyType = _tag(0x16, V12_0)
    ContentType = _tag(0x17, V12_0)
    Preview = _tag(0x18, V14_0)
    BodyPartPreference = _tag(0x19, V14_1)
    BodyPart = _tag(0x1A, V14_1)
    Status = _tag(0x1B, V14_1)
    Add = _tag(0x1C, V16_0)
    Delete = _tag(0x1D, V16_0)
    ClientId = _tag(0x1E, V16_0)
    Content = _tag(0x1F, V16_0, binary=True)
    Location = _tag(0x20, V16_0)
    Annotation = _tag(0x21, V16_0)
    Street = _tag(0x22, V16_0)
    City = _tag(0x23, V16_0)
    State = _tag(0x24, V16_0)
    Country = _tag(0x25, V16_0)
    PostalCode = _tag(0x26, V16_0)
    Latitude = _tag(0x27, V16_0)
    Longitude = _tag(0x28, V16_0)
    Accuracy = _tag(0x29, V16_0)
    Altitude = _tag(0x2A, V16_0)
    AltitudeAccuracy = _tag(0x2B, V16_0)
    LocationUri = _tag(0x2C, V16_0)
    InstanceId = _tag(0x2D, V16_0)


class Settings(CodePage, page=18):
    Settings = _tag(0x05, V12_0)
    Status = _tag(0x06, V12_0)
    Get = _tag(0x07, V12_0)
    Set = _tag(0x08, V12_0)
    Oof = _tag(0x09, V12_0)
    OofState = _tag(0x0A, V12_0)
    StartTime = _tag(0x0B, V12_0)
    EndTime = _tag(0x0C, V12_0)
    OofMessage = _tag(0x0D, V12_0)
    AppliesToInternal = _tag(0x0E, V12_0)
    AppliesToExternalKnown = _tag(0x0F, V12_0)
    AppliesToExternalUnknown = _tag(0x10, V12_0)
    Enabled = _tag(0x11, V12_0)
    ReplyMessage = _tag(0x12, V12_0)
    BodyType = _tag(0x13, V12_0)
    DevicePassword = _tag(0x14, V12_0)
    Password = _tag(0x15, V12_0)
    DeviceInformation = _tag(0x16, V12_0)
    Model = _tag(0x17, V12_0)
    IMEI = _tag(0x18, V12_0)
    FriendlyName = _tag(0x19, V12_0)
    OS = _tag(0x1A, V12_0)
    OSLanguage = _tag(0x1B, V12_0)
    PhoneNumber = _tag(0x1C, V12_0)
    UserInformation = _tag(0x1D, V12_0)
    EmailAddresses = _tag(0x1E, V12_0)
    SMTPAddress = _tag(0x1F, V12_0)
    UserAgent = _tag(0x20, V12_1)
    EnableOutboundSMS = _tag(0x21, V14_0)
    MobileOperator = _tag(0x22, V14_0)
    PrimarySmtpAddress = _tag(0x23, V14_1)
    Accounts = _tag(0x24, V14_1)
    Account = _tag(0x25, V14_1)
    AccountId = _tag(0x26, V14_1)
    AccountName = _tag(0x27, V14_1)
    UserDisplayName = _tag(0x28, V14_1)
    SendDisabled = _tag(0x29, V14_1)
    RightsManagementInformation = _tag(0x2B, V14_1)


class DocumentLibrary(CodePage, page=19):
    LinkId = _tag(0x05, V12_0)
    DisplayName = _tag(0x06, V12_0)
    IsFolder = _tag(0x07, V12_0)
    CreationDate = _tag(0x08, V12_0)
    LastModifiedDate = _tag(0x09, V12_0)
    IsHidden = _tag(0x0A, V12_0)
    ContentLength = _tag(0x0B, V12_0)
    ContentType = _tag(0x0C, V12_0)


class ItemOperations(CodePage, page=20):
    ItemOperations = _tag(0x05, V12_0)
    Fetch = _tag(0x06, V12_0)
    Store = _tag(0x07, V12_0)
    Options = _tag(0x08, V12_0)
    Range = _tag(0x09, V12_0)
    Total = _tag(0x0A, V12_0)
    Properties = _tag(0x0B, V12_0)
    Data = _tag(0x0C, V12_0)
    Status = _tag(0x0D, V12_0)
    Response = _tag(0x0E, V12_0)
    Version = _tag(0x0F, V12_0)
    Schema = _tag(0x10, V12_0)
    Part = _tag(0x11, V12_0)
    EmptyFolderContents = _tag(0x12, V12_0)
    DeleteSubFolders = _tag(0x13, V12_0)
    UserName = _tag(0x14, V12_1)
    Password = _tag(0x15, V12_1)
    Move = _tag(0x16, V14_0)
    DstFldId = _tag(0x17, V14_0)
    ConversationId = _tag(0x18, V14_0, binary=True)
    MoveAlways = _tag(0x19, V14_0)


class ComposeMail(CodePage, page=21):
    SendMail = _tag(0x05, V14_0)
    SmartForward = _tag(0x06, V14_0)
    SmartReply = _tag(0x07, V14_0)
    SaveInSentItems = _tag(0x08, V14_0)
    ReplaceMime = _tag(0x09, V14_0)
    Type = _tag(0x0A, LEGACY)
    Source = _tag(0x0B, V14_0)
    FolderId = _tag(0x0C, V14_0)
    ItemId = _tag(0x0D, V14_0)
    LongId = _tag(0x0E, V14_0)
    InstanceId = _tag(0x0F, V14_0)
    Mime = _tag(0x10, V14_0, binary=True)
    ClientId = _tag(0x11, V14_0)
    Status = _tag(0x12, V14_0)
    AccountId = _tag(0x13, V14_1)
    Forwardees = _tag(0x15, V16_0)
    Forwardee = _tag(0x16, V16_0)
    Name = _tag(0x17, V16_0)
    Email = _tag(0x18, V16_0)


class Email2(CodePage, page=22):
    UmCallerID = _tag(0x05, V14_0)
    UmUserNotes = _tag(0x06, V14_0)
    UmAttDuration = _tag(0x07, V14_0)
    UmAttOrder = _tag(0x08, V14_0)
    ConversationId = _tag(0x09, V14_0, binary=True)
    ConversationIndex = _tag(0x0A, V14_0, binary=True)
    LastVerbExecuted = _tag(0x0B, V14_0)
    LastVerbExecutionTime = _tag(0x0C, V14_0)
    ReceivedAsBcc = _tag(0x0D, V14_0)
    Sender = _tag(0x0E, V14_0)
    CalendarType = _tag(0x0F, V14_0)
    IsLeapMonth = _tag(0x10, V14_0)
    AccountId = _tag(0x11, V14_1)
    FirstDayOfWeek = _tag(0x12, V14_1)
    MeetingMessageType = _tag(0x13, V14_1)
    IsDraft = _tag(0x15, V16_0)
    Bcc = _tag(0x16, V16_0)
    Send = _tag(0x17, V16_0)


class Notes(CodePage, page=23):
    Subject = _tag(0x05, V14_0)
    MessageClass = _tag(0x06, V14_0)
    LastModifiedDate = _tag(0x07, V14_0)
    Categories = _tag(0x08, V14_0)
    Category = _tag(0x09, V14_0)


class RightsManagement(CodePage, page=24):
    RightsManagementSupport = _tag(0x05, V14_1)
    RightsManagementTemplates = _tag(0x06, V14_1)
    RightsManagementTemplate = _tag(0x07, V14_1)
    RightsManagementLicense = _tag(0x08, V14_1)
    EditAllowed = _tag(0x09, V14_1)
    ReplyAllowed = _tag(0x0A, V14_1)
    ReplyAllAllowed = _tag(0x0B, V14_1)
    ForwardAllowed = _tag(0x0C, V14_1)
    ModifyRecipientsAllowed = _tag(0x0D, V14_1)
    ExtractAllowed = _tag(0x0E, V14_1)
    PrintAllowed = _tag(0x0F, V14_1)
    ExportAllowed = _tag(0x10, V14_1)
    ProgrammaticAccessAllowed = _tag(0x11, V14_1)
    Owner = _tag(0x12, V14_1)
    ContentExpiryDate = _tag(0x13, V14_1)
    TemplateID = _tag(0x14, V14_1)
    TemplateName = _tag(0x15, V14_1)
    TemplateDescription = _tag(0x16, V14_1)
    ContentOwner = _tag(0x17, V14_1)
    RemoveRightsManagementProtection = _tag(0x18, V14_1)


class Find(CodePage, page=25):
    Find = _tag(0x05, V16_1)
    SearchId = _tag(0x06, V16_1)
    ExecuteSearch = _tag(0x07, V16_1)
    MailBoxSearchCriterion = _tag(0x08, V16_1)
    Query = _tag(0x09, V16_1)
    Status = _tag(0x0A, V16_1)
    FreeText = _tag(0x0B, V16_1)
    Options = _tag(0x0C, V16_1)
    Range = _tag(0x0D, V16_1)
    DeepTraversal = _tag(0x0E, V16_1)
    Response = _tag(0x11, V16_1)
    Result = _tag(0x12, V16_1)
    Properties = _tag(0x13, V16_1)
    Preview = _tag(0x14, V16_1)
    HasAttachments = _tag(0x15, V16_1)
    Total = _tag(0x16, V16_1)
    DisplayCc = _tag(0x17, V16_1)
    DisplayBcc = _tag(0x18, V16_1)
    GalSearchCriterion = _tag(0x19, V16_1)
    MaxPictures = _tag(0x20, V16_1)
    MaxSize = _tag(0x21, V16_1)
    Picture = _tag(0x22, V16_1)


class WindowsLive(CodePage, page=254):
    Annotations = _tag(0x05, LEGACY)
    Annotation = _tag(0x06, LEGACY)
    Name = _tag(0x07, LEGACY)
    Value = _tag(0x08, LEGACY)


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
