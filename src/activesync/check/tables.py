"""What a request must keep to as far as a line can say it: one row a requirement.

A path is an element, or a parent and an element. tests/spec reads the rows against the texts of the requirements.
"""

from __future__ import annotations

from dataclasses import dataclass

CHARACTERS, VALUE, COUNT, BYTES = "characters", "value", "count", "bytes"


@dataclass(frozen=True, slots=True)
class Bound:
    """``least`` and ``most`` characters of an element's text, or bytes of it as they are sent, or its value as a
    number, or how many of it a parent holds.
    """

    path: str
    what: str
    least: int
    most: int
    requirement: str


@dataclass(frozen=True, slots=True)
class Never:
    """An element that no request holds: from the version ``since`` on, or in any."""

    path: str
    requirement: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class Reserved:
    """A value that no request gives an element: in this version, or in any."""

    path: str
    value: str
    requirement: str
    version: str = ""


_FLAG = "Email:Flag/"
_SET = "Settings:Set/Settings:"
_OPTIONS, _SEARCH, _FIND = "AirSync:Options/", "Search:Options/Search:", "Find:Picture/Find:"
_CAL, _TASK = "Calendar:Recurrence/Calendar:", "Tasks:Recurrence/Tasks:"

BOUNDS = (
    # Keys and ids
    Bound("AirSync:SyncKey", CHARACTERS, 0, 64, "MS-ASCMD_R4604"),
    Bound("FolderHierarchy:SyncKey", CHARACTERS, 0, 64, "MS-ASCMD_R4574"),
    Bound("AirSync:CollectionId", CHARACTERS, 0, 64, "MS-ASCMD_R2036"),
    Bound("AirSync:ServerId", CHARACTERS, 0, 64, "MS-ASCMD_R3931"),
    Bound("AirSync:ClientId", CHARACTERS, 0, 64, "MS-ASCMD_R959"),
    Bound("GetItemEstimate:CollectionId", CHARACTERS, 0, 64, "MS-ASCMD_R985"),
    Bound("FolderHierarchy:ServerId", CHARACTERS, 0, 64, "MS-ASCMD_R3922"),
    Bound("FolderHierarchy:ParentId", CHARACTERS, 0, 64, "MS-ASCMD_R3620"),
    # Folders
    Bound("FolderHierarchy:DisplayName", CHARACTERS, 1, 256, "MS-ASCMD_R2194"),
    # Sync
    Bound("AirSync:Wait", VALUE, 1, 59, "MS-ASCMD_R4745"),
    Bound("AirSync:WindowSize", VALUE, 0, 512, "MS-ASCMD_R4763"),
    Bound(f"{_OPTIONS}AirSync:Class", COUNT, 0, 1, "MS-ASCMD_R936"),
    Bound(f"{_OPTIONS}AirSync:Conflict", COUNT, 0, 1, "MS-ASCMD_R2073"),
    Bound(f"{_OPTIONS}AirSync:FilterType", COUNT, 0, 1, "MS-ASCMD_R3077"),
    Bound(f"{_OPTIONS}AirSync:MaxItems", COUNT, 0, 1, "MS-ASCMD_R3278"),
    Bound(f"{_OPTIONS}AirSync:MIMESupport", COUNT, 0, 1, "MS-ASCMD_R3401"),
    Bound(f"{_OPTIONS}AirSync:MIMETruncation", COUNT, 0, 1, "MS-ASCMD_R3430"),
    # Bodies
    Bound("AirSyncBase:BodyPreference/AirSyncBase:AllOrNone", COUNT, 0, 1, "MS-ASAIRS_R72"),
    Bound("AirSyncBase:BodyPreference/AirSyncBase:Preview", COUNT, 0, 1, "MS-ASAIRS_R267"),
    Bound("AirSyncBase:BodyPreference/AirSyncBase:TruncationSize", COUNT, 0, 1, "MS-ASAIRS_R296"),
    Bound("AirSyncBase:BodyPreference/AirSyncBase:Type", COUNT, 0, 1, "MS-ASAIRS_R326"),
    Bound("AirSyncBase:BodyPartPreference/AirSyncBase:AllOrNone", COUNT, 0, 1, "MS-ASAIRS_R57"),
    Bound("AirSyncBase:BodyPartPreference/AirSyncBase:Preview", COUNT, 0, 1, "MS-ASAIRS_R262"),
    Bound("AirSyncBase:BodyPartPreference/AirSyncBase:TruncationSize", COUNT, 0, 1, "MS-ASAIRS_R290"),
    Bound("AirSyncBase:BodyPartPreference/AirSyncBase:Type", COUNT, 0, 1, "MS-ASAIRS_R320"),
    Bound("AirSyncBase:Body/AirSyncBase:Type", COUNT, 0, 1, "MS-ASAIRS_R310"),
    Bound("AirSyncBase:BodyPreference/AirSyncBase:Preview", VALUE, 0, 255, "MS-ASAIRS_R266"),
    Bound("AirSyncBase:BodyPartPreference/AirSyncBase:Preview", VALUE, 0, 255, "MS-ASAIRS_R261"),
    Bound("AirSyncBase:BodyPreference/AirSyncBase:TruncationSize", VALUE, 0, 4294967295, "MS-ASAIRS_R299"),
    Bound("AirSyncBase:BodyPartPreference/AirSyncBase:TruncationSize", VALUE, 0, 4294967295, "MS-ASAIRS_R293"),
    # Mails
    Bound("Email:To", CHARACTERS, 0, 32768, "MS-ASEMAIL_R788"),
    Bound("Email:From", CHARACTERS, 0, 32768, "MS-ASEMAIL_R477"),
    Bound("Email:Location", CHARACTERS, 0, 32768, "MS-ASEMAIL_R527"),
    Bound(f"{_FLAG}Email:CompleteTime", COUNT, 0, 1, "MS-ASEMAIL_R338"),
    Bound(f"{_FLAG}Email:FlagType", COUNT, 0, 1, "MS-ASEMAIL_R472"),
    Bound(f"{_FLAG}Email:Status", COUNT, 0, 1, "MS-ASEMAIL_R758"),
    Bound(f"{_FLAG}Tasks:DateCompleted", COUNT, 0, 1, "MS-ASEMAIL_R361"),
    Bound(f"{_FLAG}Tasks:DueDate", COUNT, 0, 1, "MS-ASEMAIL_R411"),
    Bound(f"{_FLAG}Tasks:OrdinalDate", COUNT, 0, 1, "MS-ASEMAIL_R631"),
    Bound(f"{_FLAG}Tasks:ReminderSet", COUNT, 0, 1, "MS-ASEMAIL_R694"),
    Bound(f"{_FLAG}Tasks:ReminderTime", COUNT, 0, 1, "MS-ASEMAIL_R703"),
    Bound(f"{_FLAG}Tasks:StartDate", COUNT, 0, 1, "MS-ASEMAIL_R743"),
    Bound(f"{_FLAG}Tasks:Subject", COUNT, 0, 1, "MS-ASEMAIL_R768"),
    Bound(f"{_FLAG}Tasks:SubOrdinalDate", COUNT, 0, 1, "MS-ASEMAIL_R774"),
    Bound(f"{_FLAG}Tasks:UtcDueDate", COUNT, 0, 1, "MS-ASEMAIL_R855"),
    Bound(f"{_FLAG}Tasks:UtcStartDate", COUNT, 0, 1, "MS-ASEMAIL_R866"),
    # Contacts
    Bound("Contacts:Categories/Contacts:Category", COUNT, 0, 300, "MS-ASCNTC_R183"),
    Bound("Contacts:Children/Contacts:Child", COUNT, 0, 300, "MS-ASCNTC_R194"),
    Bound("Contacts:Picture", BYTES, 0, 49152, "MS-ASCNTC_R381"),
    # Events
    Bound("Calendar:ClientUid", CHARACTERS, 0, 300, "MS-ASCAL_R2060"),
    Bound("Calendar:UID", CHARACTERS, 0, 300, "MS-ASCAL_R463"),
    Bound("Calendar:Exceptions/Calendar:Exception", COUNT, 0, 256, "MS-ASCAL_R243"),
    Bound(f"{_CAL}DayOfMonth", VALUE, 1, 31, "MS-ASCAL_R193"),
    Bound(f"{_CAL}DayOfWeek", VALUE, 0, 127, "MS-ASCAL_R201"),
    Bound(f"{_CAL}Interval", VALUE, 0, 999, "MS-ASCAL_R28311"),
    Bound(f"{_CAL}MonthOfYear", VALUE, 1, 12, "MS-ASCAL_R326"),
    Bound(f"{_CAL}Occurrences", VALUE, 0, 999, "MS-ASCAL_R345"),
    Bound(f"{_CAL}WeekOfMonth", VALUE, 1, 5, "MS-ASCAL_R476"),
    # Tasks
    Bound(f"{_TASK}DayOfMonth", VALUE, 1, 31, "MS-ASTASK_R525"),
    Bound(f"{_TASK}Interval", VALUE, 0, 999, "MS-ASTASK_R192"),
    Bound(f"{_TASK}MonthOfYear", VALUE, 1, 12, "MS-ASTASK_R210"),
    Bound(f"{_TASK}WeekOfMonth", VALUE, 1, 5, "MS-ASTASK_R317"),
    Bound("Tasks:Sensitivity", VALUE, 0, 3, "MS-ASTASK_R259"),
    # GetItemEstimate
    Bound("GetItemEstimate:Collections/GetItemEstimate:Collection", COUNT, 0, 300, "MS-ASCMD_R969"),
    # Ping
    Bound("Ping:Folder/Ping:Id", CHARACTERS, 0, 64, "MS-ASCMD_R3176"),
    # Search and Find
    Bound("Search:Store/Search:Name", CHARACTERS, 0, 256, "MS-ASCMD_R3488"),
    Bound("Search:Search/Search:Store", COUNT, 0, 1, "MS-ASCMD_R4533"),
    Bound("Search:ConversationId", COUNT, 0, 1, "MS-ASCMD_R2087"),
    Bound(f"{_SEARCH}DeepTraversal", COUNT, 0, 1, "MS-ASCMD_R2141"),
    Bound("Search:EqualTo", COUNT, 0, 1, "MS-ASCMD_R2275"),
    Bound("Search:GreaterThan", COUNT, 0, 1, "MS-ASCMD_R3135"),
    Bound("Search:LessThan", COUNT, 0, 1, "MS-ASCMD_R3211"),
    Bound("Search:Options/AirSync:MIMESupport", COUNT, 0, 1, "MS-ASCMD_R3372"),
    Bound(f"{_SEARCH}UserName", CHARACTERS, 0, 100, "MS-ASCMD_R4719"),
    Bound(f"{_SEARCH}Password", CHARACTERS, 0, 100, "MS-ASCMD_R3656"),
    Bound("Search:Value", BYTES, 0, 1024, "MS-ASCMD_R5263"),
    Bound("Search:Picture/Search:MaxSize", VALUE, 0, 102400, "MS-ASCMD_R3309"),
    Bound(f"{_FIND}MaxSize", VALUE, 0, 102400, "MS-ASCMD_R3300101608"),
    # Settings
    Bound(f"{_SET}Model", CHARACTERS, 0, 1024, "MS-ASCMD_R3441"),
    Bound(f"{_SET}IMEI", CHARACTERS, 0, 1024, "MS-ASCMD_R3179"),
    Bound(f"{_SET}FriendlyName", CHARACTERS, 0, 1024, "MS-ASCMD_R3110"),
    Bound(f"{_SET}OS", CHARACTERS, 0, 1024, "MS-ASCMD_R3605"),
    Bound(f"{_SET}OSLanguage", CHARACTERS, 0, 1024, "MS-ASCMD_R3612"),
    Bound(f"{_SET}PhoneNumber", CHARACTERS, 0, 1024, "MS-ASCMD_R3665"),
    Bound(f"{_SET}UserAgent", CHARACTERS, 0, 1024, "MS-ASCMD_R4696"),
    Bound(f"{_SET}MobileOperator", CHARACTERS, 0, 1024, "MS-ASCMD_R3437"),
    Bound("Settings:Password", CHARACTERS, 0, 255, "MS-ASCMD_R3660"),
)

NEVER = (
    Never("AirSyncBase:Attachment", "MS-ASAIRS_R88"),
    Never("AirSyncBase:BodyPart", "MS-ASAIRS_R123"),
    Never("ItemOperations:Part", "MS-ASAIRS_R245"),
    Never("Calendar:AppointmentReplyTime", "MS-ASCAL_R92"),
    Never("Calendar:OnlineMeetingConfLink", "MS-ASCAL_R349"),
    Never("Calendar:OnlineMeetingExternalLink", "MS-ASCAL_R356"),
    Never("Calendar:ResponseType", "MS-ASCAL_R404"),
    Never("Email2:ConversationId", "MS-ASEMAIL_R346"),
    Never("Email2:ConversationIndex", "MS-ASCON_R94"),
    Never("Email2:IsDraft", "MS-ASEMAIL_R1276"),
    Never("Email2:ReceivedAsBcc", "MS-ASEMAIL_R647"),
    Never("Email2:Sender", "MS-ASEMAIL_R1066"),
    Never("Email2:UmCallerID", "MS-ASEMAIL_R934"),
    Never("Email2:UmUserNotes", "MS-ASEMAIL_R938"),
    Never("Calendar:AttendeeStatus", "MS-ASCAL_R2028", "16.0"),
    Never("Calendar:DtStamp", "MS-ASCAL_R2088", "16.0"),
    Never("Calendar:Location", "MS-ASCAL_R2135", "16.0"),
    Never("Calendar:OrganizerEmail", "MS-ASCAL_R2168", "16.0"),
    Never("Calendar:OrganizerName", "MS-ASCAL_R2174", "16.0"),
    Never("Calendar:UID", "MS-ASCAL_R2221", "16.0"),
)

RESERVED = (
    Reserved("Calendar:BusyStatus", "-1", "MS-ASCAL_R2235001", "12.1"),
    Reserved("Calendar:BusyStatus", "-1", "MS-ASCAL_R2043001", "14.0"),
    Reserved("Calendar:BusyStatus", "-1", "MS-ASCAL_R2044001", "14.1"),
    Reserved("Calendar:BusyStatus", "-1", "MS-ASCAL_R2044003", "16.0"),
    Reserved("Calendar:BusyStatus", "-1", "MS-ASCAL_R2044005", "16.1"),
    Reserved("Calendar:BusyStatus", "4", "MS-ASCAL_R2235", "12.1"),
    Reserved("Calendar:BusyStatus", "4", "MS-ASCAL_R2043", "14.0"),
    Reserved("Calendar:BusyStatus", "4", "MS-ASCAL_R2044", "14.1"),
    Reserved("Calendar:BusyStatus", "4", "MS-ASCAL_R2044002", "16.0"),
    Reserved("Calendar:BusyStatus", "4", "MS-ASCAL_R2044004", "16.1"),
    Reserved(f"{_CAL}CalendarType", "13", "MS-ASCAL_R148"),
    Reserved(f"{_CAL}CalendarType", "16", "MS-ASCAL_R152"),
    Reserved(f"{_CAL}CalendarType", "17", "MS-ASCAL_R156"),
    Reserved(f"{_CAL}CalendarType", "18", "MS-ASCAL_R160"),
    Reserved(f"{_CAL}CalendarType", "19", "MS-ASCAL_R164"),
    Reserved(f"{_CAL}CalendarType", "21", "MS-ASCAL_R167"),
    Reserved(f"{_CAL}CalendarType", "22", "MS-ASCAL_R170"),
    Reserved(f"{_CAL}CalendarType", "23", "MS-ASCAL_R174"),
    Reserved(f"{_TASK}CalendarType", "16", "MS-ASTASK_R382"),
    Reserved(f"{_TASK}CalendarType", "17", "MS-ASTASK_R384"),
    Reserved(f"{_TASK}CalendarType", "18", "MS-ASTASK_R386"),
    Reserved(f"{_TASK}CalendarType", "19", "MS-ASTASK_R388"),
    Reserved(f"{_TASK}CalendarType", "23", "MS-ASTASK_R390"),
    Reserved("Calendar:Reminder", "", "MS-ASCAL_R2185", "12.1"),
    Reserved("Calendar:Reminder", "", "MS-ASCAL_R2185", "14.0"),
    Reserved("AirSyncBase:Add/AirSyncBase:Method", "6", "MS-ASAIRS_R1390"),
)

TYPES = {
    # An element of a Recurrence: the Types that need it, those that allow it, and the requirements of either.
    "Calendar:DayOfMonth": ((2, 5), "MS-ASCAL_R194", (2, 5), "MS-ASCAL_R195"),
    "Calendar:DayOfWeek": ((), "", (0, 1, 3, 6), "MS-ASCAL_R204"),
    "Calendar:MonthOfYear": ((5, 6), "MS-ASCAL_R327", (5, 6), "MS-ASCAL_R328"),
    "Calendar:WeekOfMonth": ((3, 6), "MS-ASCAL_R473", (3, 6), "MS-ASCAL_R478"),
    "Tasks:DayOfMonth": ((2, 5), "MS-ASTASK_R129", (2, 5), "MS-ASTASK_R131"),
    "Tasks:DayOfWeek": ((1, 3, 6), "MS-ASTASK_R411", (0, 1, 3, 6), ""),
    "Tasks:MonthOfYear": ((5, 6), "MS-ASTASK_R208", (5, 6), ""),
    "Tasks:WeekOfMonth": ((3, 6), "MS-ASTASK_R315", (3, 6), "MS-ASTASK_R434"),
    "Tasks:Start": ((0, 1, 2, 3, 5, 6), "MS-ASTASK_R423", (0, 1, 2, 3, 5, 6), ""),
}

CLASSES = {"Email": "", "Contacts": "", "Calendar": "", "Tasks": "", "SMS": "14.0", "Notes": "14.0"}
"""The classes that a request may name, and since when, "" for always: [MS-ASCMD] sections 2.2.1.16 and 2.2.3.27.6."""
