"""What is known of ActiveSync's tags beside their tokens: their types, and which may stand in which.

tools/knowledge.py writes the two tables, from Microsoft's schemas and requirements: do not change them by hand.
tests/data/knowledge.tsv has the source of each fact.
"""

from __future__ import annotations

from .codepages import ACTIVESYNC, TOKEN_MASK, Tag

# A tag and its type ("-": none is given), and below it, by their pages, the tags that may stand in it.
_TABLE = """
AirSync:Sync container
    AirSync: Status WindowSize Commands Collections Wait Limit Partial HeartbeatInterval
AirSync:Responses container
    AirSync: Add Change Delete Fetch
AirSync:Add container
    AirSync: ClientId ServerId Status Class ApplicationData
    Email2: Send
AirSync:Change container
    AirSync: ServerId Status Class ApplicationData
    AirSyncBase: InstanceId
    Email2: Send
AirSync:Delete container
    AirSync: ServerId Status Class
    AirSyncBase: InstanceId
AirSync:Fetch container
    AirSync: ServerId Status ApplicationData
AirSync:SyncKey string
AirSync:ClientId string
AirSync:ServerId string
AirSync:Status integer
AirSync:Collection container
    AirSync: Responses SyncKey Status Class CollectionId GetChanges MoreAvailable WindowSize Commands Options
        DeletesAsMoves Supported ConversationMode
AirSync:Class string
AirSync:Version -
AirSync:CollectionId string
AirSync:GetChanges boolean
AirSync:MoreAvailable flag
AirSync:WindowSize integer
AirSync:Commands container
    AirSync: Add Change Delete Fetch Collection SoftDelete
AirSync:Options container
    AirSync: Class FilterType Truncation Conflict MIMESupport MIMETruncation MaxItems
    GetItemEstimate: Class
    AirSyncBase: BodyPreference BodyPartPreference
    RightsManagement: RightsManagementSupport
AirSync:FilterType integer
AirSync:Truncation integer
AirSync:RTFTruncation -
AirSync:Conflict integer
AirSync:Collections container
    AirSync: Collection
AirSync:ApplicationData container
    Contacts: Anniversary AssistantName AssistantPhoneNumber Birthday Body BodySize BodyTruncated
        Business2PhoneNumber BusinessAddressCity BusinessAddressCountry BusinessAddressPostalCode
        BusinessAddressState BusinessAddressStreet BusinessFaxNumber BusinessPhoneNumber CarPhoneNumber Categories
        Children CompanyName Department Email1Address Email2Address Email3Address FileAs FirstName Home2PhoneNumber
        HomeAddressCity HomeAddressCountry HomeAddressPostalCode HomeAddressState HomeAddressStreet HomeFaxNumber
        HomePhoneNumber JobTitle LastName MiddleName MobilePhoneNumber OfficeLocation OtherAddressCity
        OtherAddressCountry OtherAddressPostalCode OtherAddressState OtherAddressStreet PagerNumber RadioPhoneNumber
        Spouse Suffix Title WebPage YomiCompanyName YomiFirstName YomiLastName Picture Alias WeightedRank
    Email: Attachments Body BodySize BodyTruncated DateReceived DisplayTo Importance MessageClass Subject Read To Cc
        From ReplyTo Categories MeetingRequest ThreadTopic MIMEData MIMETruncated MIMESize InternetCPID Flag
        ContentClass
    Calendar: Timezone AllDayEvent Attendees Body BodyTruncated BusyStatus Categories DtStamp EndTime Exceptions
        Location MeetingStatus OrganizerEmail OrganizerName Recurrence Reminder Sensitivity Subject StartTime UID
        DisallowNewTimeProposal ResponseRequested AppointmentReplyTime ResponseType OnlineMeetingConfLink
        OnlineMeetingExternalLink ClientUid
    Tasks: Body BodySize BodyTruncated Categories Complete DateCompleted DueDate UtcDueDate Importance Recurrence
        ReminderSet ReminderTime Sensitivity StartDate UtcStartDate Subject OrdinalDate SubOrdinalDate
    Contacts2: CustomerId GovernmentId IMAddress IMAddress2 IMAddress3 ManagerName CompanyMainPhone AccountName
        NickName MMS
    AirSyncBase: Body Attachments NativeBodyType BodyPart Location InstanceId
    DocumentLibrary: LinkId DisplayName IsFolder CreationDate LastModifiedDate IsHidden ContentLength ContentType
    Email2: UmCallerID UmUserNotes UmAttDuration UmAttOrder ConversationId ConversationIndex LastVerbExecuted
        LastVerbExecutionTime ReceivedAsBcc Sender CalendarType IsLeapMonth AccountId FirstDayOfWeek
        MeetingMessageType IsDraft Bcc Send
    Notes: Subject MessageClass LastModifiedDate Categories
    RightsManagement: RightsManagementLicense
AirSync:DeletesAsMoves boolean
AirSync:NotifyGUID -
AirSync:Supported container
    Contacts: Anniversary AssistantName AssistantPhoneNumber Birthday Business2PhoneNumber BusinessAddressCity
        BusinessAddressCountry BusinessAddressPostalCode BusinessAddressState BusinessAddressStreet
        BusinessFaxNumber BusinessPhoneNumber CarPhoneNumber Categories Children CompanyName Department
        Email1Address Email2Address Email3Address FileAs FirstName Home2PhoneNumber HomeAddressCity
        HomeAddressCountry HomeAddressPostalCode HomeAddressState HomeAddressStreet HomeFaxNumber HomePhoneNumber
        JobTitle LastName MiddleName MobilePhoneNumber OfficeLocation OtherAddressCity OtherAddressCountry
        OtherAddressPostalCode OtherAddressState OtherAddressStreet PagerNumber RadioPhoneNumber Spouse Suffix Title
        WebPage YomiCompanyName YomiFirstName YomiLastName Picture
    Calendar: Timezone AllDayEvent Attendees BusyStatus Categories DtStamp EndTime Exceptions Location MeetingStatus
        OrganizerEmail OrganizerName Recurrence Reminder Sensitivity Subject StartTime UID DisallowNewTimeProposal
        ResponseRequested
    Contacts2: CustomerId GovernmentId IMAddress IMAddress2 IMAddress3 ManagerName CompanyMainPhone AccountName
        NickName MMS
AirSync:SoftDelete container
    AirSync: ServerId
AirSync:MIMESupport integer
AirSync:MIMETruncation integer
AirSync:Wait integer
AirSync:Limit integer
AirSync:Partial flag
AirSync:ConversationMode boolean
AirSync:MaxItems integer
AirSync:HeartbeatInterval integer
Contacts:Anniversary datetime
Contacts:AssistantName string
Contacts:AssistantPhoneNumber string
Contacts:Birthday datetime
Contacts:Body string
Contacts:BodySize integer
Contacts:BodyTruncated integer
Contacts:Business2PhoneNumber string
Contacts:BusinessAddressCity string
Contacts:BusinessAddressCountry string
Contacts:BusinessAddressPostalCode string
Contacts:BusinessAddressState string
Contacts:BusinessAddressStreet string
Contacts:BusinessFaxNumber string
Contacts:BusinessPhoneNumber string
Contacts:CarPhoneNumber string
Contacts:Categories container
    Contacts: Category
Contacts:Category string
Contacts:Children container
    Contacts: Child
Contacts:Child string
Contacts:CompanyName string
Contacts:Department string
Contacts:Email1Address string
Contacts:Email2Address string
Contacts:Email3Address string
Contacts:FileAs string
Contacts:FirstName string
Contacts:Home2PhoneNumber string
Contacts:HomeAddressCity string
Contacts:HomeAddressCountry string
Contacts:HomeAddressPostalCode string
Contacts:HomeAddressState string
Contacts:HomeAddressStreet string
Contacts:HomeFaxNumber string
Contacts:HomePhoneNumber string
Contacts:JobTitle string
Contacts:LastName string
Contacts:MiddleName string
Contacts:MobilePhoneNumber string
Contacts:OfficeLocation string
Contacts:OtherAddressCity string
Contacts:OtherAddressCountry string
Contacts:OtherAddressPostalCode string
Contacts:OtherAddressState string
Contacts:OtherAddressStreet string
Contacts:PagerNumber string
Contacts:RadioPhoneNumber string
Contacts:Spouse string
Contacts:Suffix string
Contacts:Title string
Contacts:WebPage string
Contacts:YomiCompanyName string
Contacts:YomiFirstName string
Contacts:YomiLastName string
Contacts:CompressedRTF -
Contacts:Picture string
Contacts:Alias string
Contacts:WeightedRank integer
Email:Attachment container
    Email: AttName AttSize AttMethod DisplayName
Email:Attachments container
    Email: Attachment
Email:AttName string
Email:AttSize integer
Email:AttOid -
Email:AttMethod integer
Email:AttRemoved -
Email:Body string
Email:BodySize integer
Email:BodyTruncated boolean
Email:DateReceived datetime
Email:DisplayName string
Email:DisplayTo string
Email:Importance integer
Email:MessageClass string
Email:Subject string
Email:Read boolean
Email:To string
Email:Cc string
Email:From string
Email:ReplyTo string
Email:AllDayEvent integer
Email:Categories container
    Email: Category
Email:Category string
Email:DtStamp datetime
Email:EndTime datetime
Email:InstanceType integer
Email:BusyStatus integer
Email:Location string
Email:MeetingRequest container
    Email: AllDayEvent DtStamp EndTime InstanceType BusyStatus Location Organizer RecurrenceId Reminder
        ResponseRequested Recurrences StartTime Sensitivity TimeZone GlobalObjId DisallowNewTimeProposal
    Calendar: UID
    MeetingResponse: ProposedStartTime ProposedEndTime
    AirSyncBase: Location
    ComposeMail: Forwardees
    Email2: MeetingMessageType
Email:Organizer string
Email:RecurrenceId datetime
Email:Reminder integer
Email:ResponseRequested integer
Email:Recurrences container
    Email: Recurrence
Email:Recurrence container
    Email: Type Until Occurrences Interval DayOfWeek DayOfMonth WeekOfMonth MonthOfYear
    Email2: CalendarType IsLeapMonth FirstDayOfWeek
Email:Type integer
Email:Until string
Email:Occurrences integer
Email:Interval integer
Email:DayOfWeek integer
Email:DayOfMonth integer
Email:WeekOfMonth integer
Email:MonthOfYear integer
Email:StartTime datetime
Email:Sensitivity integer
Email:TimeZone string
Email:GlobalObjId string
Email:ThreadTopic string
Email:MIMEData string
Email:MIMETruncated boolean
Email:MIMESize integer
Email:InternetCPID string
Email:Flag container
    Email: Status FlagType CompleteTime
    Tasks: DateCompleted DueDate UtcDueDate ReminderSet ReminderTime StartDate UtcStartDate Subject OrdinalDate
        SubOrdinalDate
Email:Status integer
Email:ContentClass string
Email:FlagType string
Email:CompleteTime datetime
Email:DisallowNewTimeProposal integer
AirNotify:Notify -
AirNotify:Notification -
AirNotify:Version -
AirNotify:LifeTime -
AirNotify:DeviceInfo -
AirNotify:Enable -
AirNotify:Folder -
AirNotify:ServerId -
AirNotify:DeviceAddress -
AirNotify:ValidCarrierProfiles -
AirNotify:CarrierProfile -
AirNotify:Status -
AirNotify:Responses -
AirNotify:Devices -
AirNotify:Device -
AirNotify:Id -
AirNotify:Expiry -
AirNotify:NotifyGUID -
AirNotify:DeviceFriendlyName -
Calendar:Timezone string
Calendar:AllDayEvent integer
Calendar:Attendees container
    Calendar: Attendee
Calendar:Attendee container
    Calendar: Email Name AttendeeStatus AttendeeType
    MeetingResponse: ProposedStartTime ProposedEndTime
Calendar:Email string
Calendar:Name string
Calendar:Body string
Calendar:BodyTruncated boolean
Calendar:BusyStatus integer
Calendar:Categories container
    Calendar: Category
Calendar:Category string
Calendar:Compressed_RTF -
Calendar:DtStamp datetime
Calendar:EndTime datetime
Calendar:Exception container
    Calendar: AllDayEvent Attendees BusyStatus Categories DtStamp EndTime Deleted ExceptionStartTime Location
        MeetingStatus Reminder Sensitivity Subject StartTime AppointmentReplyTime ResponseType OnlineMeetingConfLink
        OnlineMeetingExternalLink
    AirSyncBase: Body Attachments Location InstanceId
Calendar:Exceptions container
    Calendar: Exception
Calendar:Deleted integer
Calendar:ExceptionStartTime datetime
Calendar:Location string
Calendar:MeetingStatus integer
Calendar:OrganizerEmail string
Calendar:OrganizerName string
Calendar:Recurrence container
    Calendar: Type Until Occurrences Interval DayOfWeek DayOfMonth WeekOfMonth MonthOfYear CalendarType IsLeapMonth
        FirstDayOfWeek
Calendar:Type integer
Calendar:Until datetime
Calendar:Occurrences integer
Calendar:Interval integer
Calendar:DayOfWeek integer
Calendar:DayOfMonth integer
Calendar:WeekOfMonth integer
Calendar:MonthOfYear integer
Calendar:Reminder string
Calendar:Sensitivity integer
Calendar:Subject string
Calendar:StartTime datetime
Calendar:UID string
Calendar:AttendeeStatus integer
Calendar:AttendeeType integer
Calendar:Attachment -
Calendar:Attachments -
Calendar:AttName -
Calendar:AttSize -
Calendar:AttOid -
Calendar:AttMethod -
Calendar:AttRemoved -
Calendar:DisplayName -
Calendar:DisallowNewTimeProposal boolean
Calendar:ResponseRequested boolean
Calendar:AppointmentReplyTime datetime
Calendar:ResponseType integer
Calendar:CalendarType integer
Calendar:IsLeapMonth integer
Calendar:FirstDayOfWeek integer
Calendar:OnlineMeetingConfLink string
Calendar:OnlineMeetingExternalLink string
Calendar:ClientUid string
Move:MoveItems container
    Move: Move Response Status
Move:Move container
    Move: SrcMsgId SrcFldId DstFldId
Move:SrcMsgId string
Move:SrcFldId string
Move:DstFldId string
Move:Response container
    Move: SrcMsgId Status DstMsgId
Move:Status integer
Move:DstMsgId string
GetItemEstimate:GetItemEstimate container
    GetItemEstimate: Collections Response Status
GetItemEstimate:Version -
GetItemEstimate:Collections container
    GetItemEstimate: Collection
GetItemEstimate:Collection container
    AirSync: SyncKey Options FilterType ConversationMode
    GetItemEstimate: Class CollectionId Estimate
GetItemEstimate:Class string
GetItemEstimate:CollectionId string
GetItemEstimate:DateTime -
GetItemEstimate:Estimate integer
GetItemEstimate:Response container
    GetItemEstimate: Collection Status
GetItemEstimate:Status integer
FolderHierarchy:Folders container
    FolderHierarchy: Folder
FolderHierarchy:Folder container
    FolderHierarchy: DisplayName ServerId ParentId Type
FolderHierarchy:DisplayName string
FolderHierarchy:ServerId string
FolderHierarchy:ParentId string
FolderHierarchy:Type integer
FolderHierarchy:Response -
FolderHierarchy:Status integer
FolderHierarchy:ContentClass -
FolderHierarchy:Changes container
    FolderHierarchy: Add Delete Update Count
FolderHierarchy:Add container
    FolderHierarchy: DisplayName ServerId ParentId Type
FolderHierarchy:Delete container
    FolderHierarchy: ServerId
FolderHierarchy:Update container
    FolderHierarchy: DisplayName ServerId ParentId Type
FolderHierarchy:SyncKey string
FolderHierarchy:FolderCreate container
    FolderHierarchy: DisplayName ServerId ParentId Type Status SyncKey
FolderHierarchy:FolderDelete container
    FolderHierarchy: ServerId Status SyncKey
FolderHierarchy:FolderUpdate container
    FolderHierarchy: DisplayName ServerId ParentId Status SyncKey
FolderHierarchy:FolderSync container
    FolderHierarchy: Status Changes SyncKey
FolderHierarchy:Count integer
FolderHierarchy:Version -
MeetingResponse:CalendarId string
MeetingResponse:CollectionId string
MeetingResponse:MeetingResponse container
    MeetingResponse: Request Result
MeetingResponse:RequestId string
MeetingResponse:Request container
    MeetingResponse: CollectionId RequestId UserResponse InstanceId SendResponse
    Search: LongId
MeetingResponse:Result container
    MeetingResponse: CalendarId RequestId Status InstanceId
MeetingResponse:Status integer
MeetingResponse:UserResponse integer
MeetingResponse:Version -
MeetingResponse:InstanceId string
MeetingResponse:ProposedStartTime datetime
MeetingResponse:ProposedEndTime datetime
MeetingResponse:SendResponse container
    MeetingResponse: ProposedStartTime ProposedEndTime
Tasks:Body string
Tasks:BodySize integer
Tasks:BodyTruncated boolean
Tasks:Categories container
    Tasks: Category
Tasks:Category string
Tasks:Complete integer
Tasks:DateCompleted datetime
Tasks:DueDate datetime
Tasks:UtcDueDate datetime
Tasks:Importance integer
Tasks:Recurrence container
    Tasks: Type Start Until Occurrences Interval DayOfMonth DayOfWeek WeekOfMonth MonthOfYear Regenerate DeadOccur
        CalendarType IsLeapMonth FirstDayOfWeek
Tasks:Type integer
Tasks:Start datetime
Tasks:Until datetime
Tasks:Occurrences integer
Tasks:Interval integer
Tasks:DayOfMonth integer
Tasks:DayOfWeek integer
Tasks:WeekOfMonth integer
Tasks:MonthOfYear integer
Tasks:Regenerate integer
Tasks:DeadOccur integer
Tasks:ReminderSet integer
Tasks:ReminderTime datetime
Tasks:Sensitivity integer
Tasks:StartDate datetime
Tasks:UtcStartDate datetime
Tasks:Subject string
Tasks:CompressedRTF -
Tasks:OrdinalDate datetime
Tasks:SubOrdinalDate string
Tasks:CalendarType integer
Tasks:IsLeapMonth integer
Tasks:FirstDayOfWeek integer
ResolveRecipients:ResolveRecipients container
    ResolveRecipients: Response Status Options To
ResolveRecipients:Response container
    ResolveRecipients: Status Recipient To RecipientCount
ResolveRecipients:Status integer
ResolveRecipients:Type integer
ResolveRecipients:Recipient container
    ResolveRecipients: Type DisplayName EmailAddress Certificates Availability Picture
ResolveRecipients:DisplayName string
ResolveRecipients:EmailAddress string
ResolveRecipients:Certificates container
    ResolveRecipients: Status Certificate MiniCertificate RecipientCount CertificateCount
ResolveRecipients:Certificate string
ResolveRecipients:MiniCertificate string
ResolveRecipients:Options container
    ResolveRecipients: CertificateRetrieval MaxCertificates MaxAmbiguousRecipients Availability Picture
ResolveRecipients:To string
ResolveRecipients:CertificateRetrieval integer
ResolveRecipients:RecipientCount integer
ResolveRecipients:MaxCertificates -
ResolveRecipients:MaxAmbiguousRecipients integer
ResolveRecipients:CertificateCount integer
ResolveRecipients:Availability container
    ResolveRecipients: Status StartTime EndTime MergedFreeBusy
ResolveRecipients:StartTime datetime
ResolveRecipients:EndTime datetime
ResolveRecipients:MergedFreeBusy string
ResolveRecipients:Picture container
    ResolveRecipients: Status MaxSize Data MaxPictures
ResolveRecipients:MaxSize integer
ResolveRecipients:Data bytes
ResolveRecipients:MaxPictures integer
ValidateCert:ValidateCert container
    ValidateCert: Certificates Certificate CertificateChain CheckCRL Status
ValidateCert:Certificates container
    ValidateCert: Certificate
ValidateCert:Certificate container
    ValidateCert: Status
ValidateCert:CertificateChain container
    ValidateCert: Certificate
ValidateCert:CheckCRL integer
ValidateCert:Status integer
Contacts2:CustomerId string
Contacts2:GovernmentId string
Contacts2:IMAddress string
Contacts2:IMAddress2 string
Contacts2:IMAddress3 string
Contacts2:ManagerName string
Contacts2:CompanyMainPhone string
Contacts2:AccountName string
Contacts2:NickName string
Contacts2:MMS string
Ping:Ping container
    Ping: Status HeartbeatInterval Folders MaxFolders
Ping:AutdState -
Ping:Status integer
Ping:HeartbeatInterval integer
Ping:Folders container
    Ping: Folder
Ping:Folder container
    Ping: Id Class
Ping:Id string
Ping:Class string
Ping:MaxFolders integer
Provision:Provision container
    Provision: Policies Status RemoteWipe AccountOnlyRemoteWipe
    Settings: DeviceInformation
Provision:Policies container
    Provision: Policy
Provision:Policy container
    Provision: PolicyType PolicyKey Data Status
Provision:PolicyType string
Provision:PolicyKey string
Provision:Data container
    Provision: EASProvisionDoc
Provision:Status integer
Provision:RemoteWipe container
    Provision: Status
Provision:EASProvisionDoc container
    Provision: DevicePasswordEnabled AlphanumericDevicePasswordRequired RequireStorageCardEncryption
        PasswordRecoveryEnabled AttachmentsEnabled MinDevicePasswordLength MaxInactivityTimeDeviceLock
        MaxDevicePasswordFailedAttempts MaxAttachmentSize AllowSimpleDevicePassword DevicePasswordExpiration
        DevicePasswordHistory AllowStorageCard AllowCamera RequireDeviceEncryption AllowUnsignedApplications
        AllowUnsignedInstallationPackages MinDevicePasswordComplexCharacters AllowWiFi AllowTextMessaging
        AllowPOPIMAPEmail AllowBluetooth AllowIrDA RequireManualSyncWhenRoaming AllowDesktopSync
        MaxCalendarAgeFilter AllowHTMLEmail MaxEmailAgeFilter MaxEmailBodyTruncationSize
        MaxEmailHTMLBodyTruncationSize RequireSignedSMIMEMessages RequireEncryptedSMIMEMessages
        RequireSignedSMIMEAlgorithm RequireEncryptionSMIMEAlgorithm AllowSMIMEEncryptionAlgorithmNegotiation
        AllowSMIMESoftCerts AllowBrowser AllowConsumerEmail AllowRemoteDesktop AllowInternetSharing
        UnapprovedInROMApplicationList ApprovedApplicationList
Provision:DevicePasswordEnabled boolean
Provision:AlphanumericDevicePasswordRequired boolean
Provision:RequireStorageCardEncryption boolean
Provision:PasswordRecoveryEnabled boolean
Provision:DocumentBrowseEnabled -
Provision:AttachmentsEnabled boolean
Provision:MinDevicePasswordLength -
Provision:MaxInactivityTimeDeviceLock -
Provision:MaxDevicePasswordFailedAttempts -
Provision:MaxAttachmentSize -
Provision:AllowSimpleDevicePassword boolean
Provision:DevicePasswordExpiration -
Provision:DevicePasswordHistory integer
Provision:AllowStorageCard boolean
Provision:AllowCamera boolean
Provision:RequireDeviceEncryption boolean
Provision:AllowUnsignedApplications boolean
Provision:AllowUnsignedInstallationPackages boolean
Provision:MinDevicePasswordComplexCharacters integer
Provision:AllowWiFi boolean
Provision:AllowTextMessaging boolean
Provision:AllowPOPIMAPEmail boolean
Provision:AllowBluetooth integer
Provision:AllowIrDA boolean
Provision:RequireManualSyncWhenRoaming boolean
Provision:AllowDesktopSync boolean
Provision:MaxCalendarAgeFilter integer
Provision:AllowHTMLEmail boolean
Provision:MaxEmailAgeFilter integer
Provision:MaxEmailBodyTruncationSize integer
Provision:MaxEmailHTMLBodyTruncationSize integer
Provision:RequireSignedSMIMEMessages boolean
Provision:RequireEncryptedSMIMEMessages boolean
Provision:RequireSignedSMIMEAlgorithm integer
Provision:RequireEncryptionSMIMEAlgorithm integer
Provision:AllowSMIMEEncryptionAlgorithmNegotiation integer
Provision:AllowSMIMESoftCerts boolean
Provision:AllowBrowser boolean
Provision:AllowConsumerEmail boolean
Provision:AllowRemoteDesktop boolean
Provision:AllowInternetSharing boolean
Provision:UnapprovedInROMApplicationList container
    Provision: ApplicationName
Provision:ApplicationName string
Provision:ApprovedApplicationList container
    Provision: Hash
Provision:Hash string
Provision:AccountOnlyRemoteWipe flag
Search:Search container
    Search: Store Status Response
Search:Store container
    Search: Name Query Options Range Status Result Total
Search:Name string
Search:Query container
    AirSync: Class CollectionId
    Search: EqualTo And Or FreeText LessThan GreaterThan ConversationId
Search:Options container
    AirSync: MIMESupport
    Search: Range DeepTraversal RebuildResults UserName Password Picture
    AirSyncBase: BodyPreference BodyPartPreference
    RightsManagement: RightsManagementSupport
Search:Range string
Search:Status integer
Search:Response container
    Search: Store
Search:Result container
    AirSync: Class CollectionId
    Search: Properties LongId
Search:Properties container
    Contacts: Anniversary AssistantName AssistantPhoneNumber Birthday Business2PhoneNumber BusinessAddressCity
        BusinessAddressCountry BusinessAddressPostalCode BusinessAddressState BusinessAddressStreet
        BusinessFaxNumber BusinessPhoneNumber CarPhoneNumber Categories Children CompanyName Department
        Email1Address Email2Address Email3Address FileAs FirstName Home2PhoneNumber HomeAddressCity
        HomeAddressCountry HomeAddressPostalCode HomeAddressState HomeAddressStreet HomeFaxNumber HomePhoneNumber
        JobTitle LastName MiddleName MobilePhoneNumber OfficeLocation OtherAddressCity OtherAddressCountry
        OtherAddressPostalCode OtherAddressState OtherAddressStreet PagerNumber RadioPhoneNumber Spouse Suffix Title
        WebPage YomiCompanyName YomiFirstName YomiLastName Picture Alias WeightedRank
    Email: DateReceived DisplayTo Importance MessageClass Subject Read To Cc From ReplyTo Categories MeetingRequest
        ThreadTopic InternetCPID Flag ContentClass
    Calendar: Timezone AllDayEvent Attendees BusyStatus DtStamp EndTime Exceptions Location MeetingStatus
        OrganizerEmail OrganizerName Recurrence Reminder Sensitivity Subject StartTime UID DisallowNewTimeProposal
        ResponseRequested AppointmentReplyTime ResponseType
    Tasks: Categories Complete DateCompleted DueDate UtcDueDate Importance Recurrence ReminderSet ReminderTime
        Sensitivity StartDate UtcStartDate Subject
    Contacts2: CustomerId GovernmentId IMAddress IMAddress2 IMAddress3 ManagerName CompanyMainPhone AccountName
        NickName MMS
    Search: Picture
    GAL: DisplayName Phone Office Title Company Alias FirstName LastName HomePhone MobilePhone EmailAddress Picture
    AirSyncBase: Body Attachments NativeBodyType BodyPart Location
    DocumentLibrary: LinkId DisplayName IsFolder CreationDate LastModifiedDate IsHidden ContentLength ContentType
    Email2: UmCallerID UmUserNotes ConversationId ConversationIndex LastVerbExecuted LastVerbExecutionTime
        ReceivedAsBcc Sender IsDraft Bcc
    Notes: Subject MessageClass LastModifiedDate Categories
    RightsManagement: RightsManagementLicense
Search:Total integer
Search:EqualTo container
    Search: Value
    DocumentLibrary: LinkId
Search:Value string
Search:And container
    AirSync: Class CollectionId
    Search: EqualTo And Or FreeText LessThan GreaterThan ConversationId
Search:Or container
    AirSync: Class CollectionId
    Search: EqualTo And Or FreeText LessThan GreaterThan ConversationId
Search:FreeText string
Search:DeepTraversal flag
Search:LongId string
Search:RebuildResults flag
Search:LessThan container
    Email: DateReceived
    Search: Value
Search:GreaterThan container
    Email: DateReceived
    Search: Value
Search:Schema -
Search:Supported -
Search:UserName string
Search:Password string
Search:ConversationId bytes
Search:Picture container
    Search: Status MaxSize MaxPictures
    GAL: Data
Search:MaxSize integer
Search:MaxPictures integer
GAL:DisplayName string
GAL:Phone string
GAL:Office string
GAL:Title string
GAL:Company string
GAL:Alias string
GAL:FirstName string
GAL:LastName string
GAL:HomePhone string
GAL:MobilePhone string
GAL:EmailAddress string
GAL:Picture container
    Search: Status
    GAL: Status Data
GAL:Status integer
GAL:Data bytes
AirSyncBase:BodyPreference container
    AirSyncBase: Type TruncationSize AllOrNone Preview
AirSyncBase:Type integer
AirSyncBase:TruncationSize integer
AirSyncBase:AllOrNone boolean
AirSyncBase:Body container
    AirSyncBase: Type Data EstimatedDataSize Truncated Preview
    ItemOperations: Part
AirSyncBase:Data string
AirSyncBase:EstimatedDataSize integer
AirSyncBase:Truncated boolean
AirSyncBase:Attachments container
    AirSyncBase: Attachment Add Delete
AirSyncBase:Attachment container
    AirSyncBase: EstimatedDataSize DisplayName FileReference Method ContentId ContentLocation IsInline ClientId
    Email2: UmAttDuration UmAttOrder
AirSyncBase:DisplayName string
AirSyncBase:FileReference string
AirSyncBase:Method integer
AirSyncBase:ContentId string
AirSyncBase:ContentLocation string
AirSyncBase:IsInline boolean
AirSyncBase:NativeBodyType integer
AirSyncBase:ContentType string
AirSyncBase:Preview integer
AirSyncBase:BodyPartPreference container
    AirSyncBase: Type TruncationSize AllOrNone Preview
AirSyncBase:BodyPart container
    AirSyncBase: Type Data EstimatedDataSize Truncated Preview Status
AirSyncBase:Status integer
AirSyncBase:Add container
    AirSyncBase: DisplayName Method ContentId ContentLocation IsInline ContentType ClientId Content
AirSyncBase:Delete container
    AirSyncBase: FileReference
AirSyncBase:ClientId string
AirSyncBase:Content bytes
AirSyncBase:Location container
    AirSyncBase: DisplayName Annotation Street City State Country PostalCode Latitude Longitude Accuracy Altitude
        AltitudeAccuracy LocationUri
AirSyncBase:Annotation string
AirSyncBase:Street string
AirSyncBase:City string
AirSyncBase:State string
AirSyncBase:Country string
AirSyncBase:PostalCode string
AirSyncBase:Latitude double
AirSyncBase:Longitude double
AirSyncBase:Accuracy double
AirSyncBase:Altitude double
AirSyncBase:AltitudeAccuracy double
AirSyncBase:LocationUri string
AirSyncBase:InstanceId string
Settings:Settings container
    Settings: Status Oof DevicePassword DeviceInformation UserInformation RightsManagementInformation
Settings:Status integer
Settings:Get container
    Settings: OofState StartTime EndTime OofMessage BodyType EmailAddresses Accounts
    RightsManagement: RightsManagementTemplates
Settings:Set container
    Settings: OofState StartTime EndTime OofMessage Password Model IMEI FriendlyName OS OSLanguage PhoneNumber
        UserAgent EnableOutboundSMS MobileOperator
Settings:Oof container
    Settings: Status Get Set
Settings:OofState integer
Settings:StartTime datetime
Settings:EndTime datetime
Settings:OofMessage container
    Settings: AppliesToInternal AppliesToExternalKnown AppliesToExternalUnknown Enabled ReplyMessage BodyType
Settings:AppliesToInternal flag
Settings:AppliesToExternalKnown flag
Settings:AppliesToExternalUnknown flag
Settings:Enabled string
Settings:ReplyMessage string
Settings:BodyType string
Settings:DevicePassword container
    Settings: Status Set
Settings:Password string
Settings:DeviceInformation container
    Settings: Status Set
Settings:Model string
Settings:IMEI string
Settings:FriendlyName string
Settings:OS string
Settings:OSLanguage string
Settings:PhoneNumber string
Settings:UserInformation container
    Settings: Status Get
Settings:EmailAddresses container
    Settings: SMTPAddress PrimarySmtpAddress
Settings:SMTPAddress string
Settings:UserAgent string
Settings:EnableOutboundSMS integer
Settings:MobileOperator string
Settings:PrimarySmtpAddress string
Settings:Accounts container
    Settings: Account
Settings:Account container
    Settings: EmailAddresses AccountId AccountName UserDisplayName SendDisabled
Settings:AccountId string
Settings:AccountName string
Settings:UserDisplayName string
Settings:SendDisabled boolean
Settings:RightsManagementInformation container
    Settings: Status Get
DocumentLibrary:LinkId string
DocumentLibrary:DisplayName string
DocumentLibrary:IsFolder integer
DocumentLibrary:CreationDate datetime
DocumentLibrary:LastModifiedDate datetime
DocumentLibrary:IsHidden integer
DocumentLibrary:ContentLength integer
DocumentLibrary:ContentType string
ItemOperations:ItemOperations container
    ItemOperations: Fetch Status Response EmptyFolderContents Move
ItemOperations:Fetch container
    AirSync: ServerId Class CollectionId
    Search: LongId
    AirSyncBase: FileReference
    DocumentLibrary: LinkId
    ItemOperations: Store Options Properties Status
    RightsManagement: RemoveRightsManagementProtection
ItemOperations:Store string
ItemOperations:Options container
    AirSync: MIMESupport
    AirSyncBase: BodyPreference BodyPartPreference
    ItemOperations: Range Schema DeleteSubFolders UserName Password MoveAlways
    RightsManagement: RightsManagementSupport
ItemOperations:Range string
ItemOperations:Total integer
ItemOperations:Properties container
    Contacts: Anniversary AssistantName AssistantPhoneNumber Birthday Body BodySize BodyTruncated
        Business2PhoneNumber BusinessAddressCity BusinessAddressCountry BusinessAddressPostalCode
        BusinessAddressState BusinessAddressStreet BusinessFaxNumber BusinessPhoneNumber CarPhoneNumber Categories
        Children CompanyName Department Email1Address Email2Address Email3Address FileAs FirstName Home2PhoneNumber
        HomeAddressCity HomeAddressCountry HomeAddressPostalCode HomeAddressState HomeAddressStreet HomeFaxNumber
        HomePhoneNumber JobTitle LastName MiddleName MobilePhoneNumber OfficeLocation OtherAddressCity
        OtherAddressCountry OtherAddressPostalCode OtherAddressState OtherAddressStreet PagerNumber RadioPhoneNumber
        Spouse Suffix Title WebPage YomiCompanyName YomiFirstName YomiLastName Picture Alias WeightedRank
    Email: Attachments Body BodySize BodyTruncated DateReceived DisplayTo Importance MessageClass Subject Read To Cc
        From ReplyTo Categories MeetingRequest ThreadTopic MIMEData MIMETruncated MIMESize InternetCPID Flag
        ContentClass
    Calendar: Timezone AllDayEvent Attendees Body BodyTruncated BusyStatus Categories DtStamp EndTime Exceptions
        Location MeetingStatus OrganizerEmail OrganizerName Recurrence Reminder Sensitivity Subject StartTime UID
        DisallowNewTimeProposal ResponseRequested AppointmentReplyTime ResponseType OnlineMeetingConfLink
        OnlineMeetingExternalLink
    Tasks: Body BodySize BodyTruncated Categories Complete DateCompleted DueDate UtcDueDate Importance Recurrence
        ReminderSet ReminderTime Sensitivity StartDate UtcStartDate Subject OrdinalDate SubOrdinalDate
    Contacts2: CustomerId GovernmentId IMAddress IMAddress2 IMAddress3 ManagerName CompanyMainPhone AccountName
        NickName MMS
    AirSyncBase: Body Attachments NativeBodyType ContentType BodyPart Location
    DocumentLibrary: LinkId DisplayName IsFolder CreationDate LastModifiedDate IsHidden ContentLength ContentType
    ItemOperations: Range Total Data Version Part
    Email2: UmCallerID UmUserNotes UmAttDuration UmAttOrder ConversationId ConversationIndex LastVerbExecuted
        LastVerbExecutionTime ReceivedAsBcc Sender CalendarType IsLeapMonth AccountId FirstDayOfWeek
        MeetingMessageType IsDraft Bcc Send
    Notes: Subject MessageClass LastModifiedDate Categories
    RightsManagement: RightsManagementLicense
ItemOperations:Data string
ItemOperations:Status integer
ItemOperations:Response container
    ItemOperations: Fetch EmptyFolderContents Move
ItemOperations:Version datetime
ItemOperations:Schema container
    Contacts: Anniversary AssistantName Birthday BusinessAddressCity BusinessAddressCountry
        BusinessAddressPostalCode BusinessAddressState BusinessAddressStreet BusinessFaxNumber Categories Children
        CompanyName Department Email1Address Email2Address Email3Address FileAs FirstName HomeAddressCity
        HomeAddressCountry HomeAddressPostalCode HomeAddressState HomeAddressStreet HomeFaxNumber JobTitle LastName
        MiddleName OfficeLocation OtherAddressCity OtherAddressCountry OtherAddressPostalCode OtherAddressState
        OtherAddressStreet PagerNumber Spouse Suffix Title YomiCompanyName YomiFirstName YomiLastName Picture
    Email: DateReceived DisplayTo Importance MessageClass Subject Read To Cc From ReplyTo MeetingRequest ThreadTopic
        InternetCPID
    Calendar: Timezone AllDayEvent Attendees BusyStatus Categories DtStamp EndTime Exceptions Location MeetingStatus
        OrganizerEmail OrganizerName Recurrence Reminder Sensitivity Subject StartTime UID DisallowNewTimeProposal
        ResponseRequested
    Contacts2: CustomerId GovernmentId IMAddress IMAddress2 IMAddress3 ManagerName CompanyMainPhone AccountName
        NickName MMS
    AirSyncBase: Body Attachments BodyPart Location
ItemOperations:Part integer
ItemOperations:EmptyFolderContents container
    AirSync: CollectionId
    ItemOperations: Options Status
ItemOperations:DeleteSubFolders flag
ItemOperations:UserName string
ItemOperations:Password string
ItemOperations:Move container
    ItemOperations: Options Status DstFldId ConversationId
ItemOperations:DstFldId string
ItemOperations:ConversationId bytes
ItemOperations:MoveAlways flag
ComposeMail:SendMail container
    ComposeMail: SaveInSentItems Mime ClientId Status AccountId
    RightsManagement: TemplateID
ComposeMail:SmartForward container
    ComposeMail: SaveInSentItems ReplaceMime Source Mime ClientId Status AccountId Forwardees
    RightsManagement: TemplateID
ComposeMail:SmartReply container
    ComposeMail: SaveInSentItems ReplaceMime Source Mime ClientId Status AccountId
    RightsManagement: TemplateID
ComposeMail:SaveInSentItems flag
ComposeMail:ReplaceMime flag
ComposeMail:Type -
ComposeMail:Source container
    ComposeMail: FolderId ItemId LongId InstanceId
ComposeMail:FolderId string
ComposeMail:ItemId string
ComposeMail:LongId string
ComposeMail:InstanceId datetime
ComposeMail:Mime bytes
ComposeMail:ClientId string
ComposeMail:Status integer
ComposeMail:AccountId string
ComposeMail:Forwardees container
    ComposeMail: Forwardee
ComposeMail:Forwardee container
    ComposeMail: Name Email
ComposeMail:Name string
ComposeMail:Email string
Email2:UmCallerID string
Email2:UmUserNotes string
Email2:UmAttDuration integer
Email2:UmAttOrder integer
Email2:ConversationId bytes
Email2:ConversationIndex bytes
Email2:LastVerbExecuted integer
Email2:LastVerbExecutionTime datetime
Email2:ReceivedAsBcc boolean
Email2:Sender string
Email2:CalendarType integer
Email2:IsLeapMonth integer
Email2:AccountId string
Email2:FirstDayOfWeek integer
Email2:MeetingMessageType integer
Email2:IsDraft boolean
Email2:Bcc string
Email2:Send -
Notes:Subject string
Notes:MessageClass string
Notes:LastModifiedDate datetime
Notes:Categories container
    Notes: Category
Notes:Category string
RightsManagement:RightsManagementSupport boolean
RightsManagement:RightsManagementTemplates container
    RightsManagement: RightsManagementTemplate
RightsManagement:RightsManagementTemplate container
    RightsManagement: TemplateID TemplateName TemplateDescription
RightsManagement:RightsManagementLicense container
    RightsManagement: EditAllowed ReplyAllowed ReplyAllAllowed ForwardAllowed ModifyRecipientsAllowed ExtractAllowed
        PrintAllowed ExportAllowed ProgrammaticAccessAllowed Owner ContentExpiryDate TemplateID TemplateName
        TemplateDescription ContentOwner
RightsManagement:EditAllowed boolean
RightsManagement:ReplyAllowed boolean
RightsManagement:ReplyAllAllowed boolean
RightsManagement:ForwardAllowed boolean
RightsManagement:ModifyRecipientsAllowed boolean
RightsManagement:ExtractAllowed boolean
RightsManagement:PrintAllowed boolean
RightsManagement:ExportAllowed boolean
RightsManagement:ProgrammaticAccessAllowed boolean
RightsManagement:Owner boolean
RightsManagement:ContentExpiryDate datetime
RightsManagement:TemplateID string
RightsManagement:TemplateName string
RightsManagement:TemplateDescription string
RightsManagement:ContentOwner string
RightsManagement:RemoveRightsManagementProtection flag
Find:Find container
    Find: SearchId ExecuteSearch Status Response
Find:SearchId -
Find:ExecuteSearch container
    Find: MailBoxSearchCriterion GalSearchCriterion
Find:MailBoxSearchCriterion container
    Find: Query Options
Find:Query container
    AirSync: Class CollectionId
    Find: FreeText
Find:Status integer
Find:FreeText string
Find:Options container
    Find: Range DeepTraversal Picture
Find:Range string
Find:DeepTraversal -
Find:Response container
    ItemOperations: Store
    Find: Status Range Result Total
Find:Result container
    AirSync: ServerId Class CollectionId
    Find: Properties
Find:Properties container
    Email: DateReceived DisplayTo Importance Subject Read From
    GAL: DisplayName Phone Office Title Company Alias FirstName LastName HomePhone MobilePhone EmailAddress Picture
    Email2: IsDraft
    Find: Preview HasAttachments DisplayCc DisplayBcc Picture
Find:Preview string
Find:HasAttachments boolean
Find:Total integer
Find:DisplayCc string
Find:DisplayBcc string
Find:GalSearchCriterion container
    Find: Query Options
Find:MaxPictures integer
Find:MaxSize integer
Find:Picture container
    GAL: Data
    Find: Status MaxPictures MaxSize
WindowsLive:Annotations -
WindowsLive:Annotation -
WindowsLive:Name -
WindowsLive:Value -
"""

# Other spellings of tags that are met in the wild, and the name that each stands for.
_ALIASES = """
AirNotify:Lifetime LifeTime
AirNotify:Replies Responses
AirNotify:ServerEntryId ServerId
AirSync:ClientEntryId ClientId
AirSync:Data ApplicationData
AirSync:EntityId ServerId
AirSync:Folder Collection
AirSync:FolderId CollectionId
AirSync:FolderType Class
AirSync:Folders Collections
AirSync:Modify Change
AirSync:Perform Commands
AirSync:Remove Delete
AirSync:Replies Responses
AirSync:RtfTruncation RTFTruncation
AirSync:ServerEntryId ServerId
AirSync:Synchronize Sync
AirSyncBase:BodyPartReference BodyPartPreference
Calendar:AllDAyEvent AllDayEvent
Calendar:Attendee_Email Email
Calendar:Attendee_Name Name
Calendar:Attendee_Status AttendeeStatus
Calendar:Attendee_Type AttendeeType
Calendar:CompressedRTF Compressed_RTF
Calendar:DTStamp DtStamp
Calendar:Exception_Deleted Deleted
Calendar:Exception_StartTime ExceptionStartTime
Calendar:Organizer_Email OrganizerEmail
Calendar:Organizer_Name OrganizerName
Calendar:Recurrence_DayOfMonth DayOfMonth
Calendar:Recurrence_DayOfWeek DayOfWeek
Calendar:Recurrence_Interval Interval
Calendar:Recurrence_MonthOfYear MonthOfYear
Calendar:Recurrence_Occurrences Occurrences
Calendar:Recurrence_Type Type
Calendar:Recurrence_Until Until
Calendar:Recurrence_WeekOfMonth WeekOfMonth
Calendar:Rtf Compressed_RTF
Calendar:TimeZone Timezone
ComposeMail:CollectionId FolderId
ComposeMail:EntityId ItemId
ComposeMail:ForwardeeEmail Email
ComposeMail:ForwardeeName Name
ComposeMail:MIME Mime
Contacts:AssistantTelephoneNumber AssistantPhoneNumber
Contacts:AssistnamePhoneNumber AssistantPhoneNumber
Contacts:BusinessCity BusinessAddressCity
Contacts:BusinessCountry BusinessAddressCountry
Contacts:BusinessPostalCode BusinessAddressPostalCode
Contacts:BusinessState BusinessAddressState
Contacts:BusinessStreet BusinessAddressStreet
Contacts:HomeCity HomeAddressCity
Contacts:HomeCountry HomeAddressCountry
Contacts:HomePostalCode HomeAddressPostalCode
Contacts:HomeState HomeAddressState
Contacts:HomeStreet HomeAddressStreet
Contacts:OtherCity OtherAddressCity
Contacts:OtherCountry OtherAddressCountry
Contacts:OtherPostalCode OtherAddressPostalCode
Contacts:OtherState OtherAddressState
Contacts:OtherStreet OtherAddressStreet
Contacts:Rtf CompressedRTF
Contacts:Webpage WebPage
DocumentLibrary:IsCollection IsFolder
Email2:UmCallerId UmCallerID
Email:Att0Id AttOid
Email:AttOId AttOid
Email:CC Cc
Email:DTStamp DtStamp
Email:FlagStatus Status
Email:Recurrence_DayOfMonth DayOfMonth
Email:Recurrence_DayOfWeek DayOfWeek
Email:Recurrence_Interval Interval
Email:Recurrence_MonthOfYear MonthOfYear
Email:Recurrence_Occurrences Occurrences
Email:Recurrence_Type Type
Email:Recurrence_Until Until
Email:Recurrence_WeekOfMonth WeekOfMonth
Email:Reply-To ReplyTo
Email:ResponseRequest ResponseRequested
Email:Timezone TimeZone
Find:Criterion MailBoxSearchCriterion
Find:GALSearchCriterion GalSearchCriterion
Find:Search ExecuteSearch
FolderHierarchy:Collection Folder
FolderHierarchy:CollectionCreate FolderCreate
FolderHierarchy:CollectionDelete FolderDelete
FolderHierarchy:CollectionSync FolderSync
FolderHierarchy:CollectionUpdate FolderUpdate
FolderHierarchy:Collections Folders
FolderHierarchy:Id ServerId
FolderHierarchy:Name DisplayName
FolderHierarchy:Remove Delete
FolderHierarchy:ServerEntryId ServerId
GetItemEstimate:CollectionType Class
GetItemEstimate:EntityEstimate GetItemEstimate
GetItemEstimate:Folder Collection
GetItemEstimate:FolderId CollectionId
GetItemEstimate:FolderType Class
GetItemEstimate:Folders Collections
ItemOperations:DeleteSubCollections DeleteSubFolders
ItemOperations:EmptyCollectionContent EmptyFolderContents
ItemOperations:EmptyFolderContent EmptyFolderContents
ItemOperations:EntityOperations ItemOperations
MeetingResponse:FolderId CollectionId
Move:Moves MoveItems
Ping:Collection Folder
Ping:CollectionType Class
Ping:Collections Folders
Ping:FolderType Class
Ping:LifeTime HeartbeatInterval
Ping:MaxCollections MaxFolders
Ping:ServerEntryId Id
Provision:DeviceEncryptionEnabled RequireStorageCardEncryption
Provision:MaxHTMLBodyTruncationSize MaxEmailHTMLBodyTruncationSize
Provision:RequireEncryptedSMIMEAlgorithm RequireEncryptionSMIMEAlgorithm
RightsManagement:RMOwner Owner
RightsManagement:RemoveRightsManagementDistribution RemoveRightsManagementProtection
RightsManagement:TemplateId TemplateID
Settings:Device DeviceInformation
Settings:SmtpAddress SMTPAddress
Settings:User UserInformation
Tasks:Recurrence_DayOfMonth DayOfMonth
Tasks:Recurrence_DayOfWeek DayOfWeek
Tasks:Recurrence_DeadOccur DeadOccur
Tasks:Recurrence_Interval Interval
Tasks:Recurrence_MonthOfYear MonthOfYear
Tasks:Recurrence_Occurrences Occurrences
Tasks:Recurrence_Regenerate Regenerate
Tasks:Recurrence_Start Start
Tasks:Recurrence_Type Type
Tasks:Recurrence_Until Until
Tasks:Recurrence_WeekOfMonth WeekOfMonth
Tasks:Rtf CompressedRTF
Tasks:UTCDueDate UtcDueDate
Tasks:UTCStartDate UtcStartDate
ValidateCert:CheckCrl CheckCRL
"""


class TagInfo:
    """What is known of a tag.

    ``tag`` is the Tag, with ``page``, ``token`` and ``versions`` as it has them. ``type`` is "container", "string",
    "integer", "double", "boolean", "datetime", "bytes" (a byte array, sent as OPAQUE), "flag" (an empty element, which
    says something by being there), or None where no type is given. ``children`` are the tags that may stand in it, in
    requests or responses, and ``parents`` those in which it may stand.
    """

    __slots__ = ("children", "page", "parents", "tag", "token", "type", "versions")

    tag: Tag
    page: int
    token: int
    versions: tuple[str, ...]
    type: str | None
    children: tuple[Tag, ...]
    parents: tuple[Tag, ...]

    def __init__(self, tag: Tag, kind: str | None, children: tuple[Tag, ...], parents: tuple[Tag, ...]) -> None:
        assert tag.page is not None
        assert tag.token is not None
        put = object.__setattr__
        put(self, "tag", tag)
        put(self, "page", tag.page)
        put(self, "token", tag.token)
        put(self, "versions", tag.versions)
        put(self, "type", kind)
        put(self, "children", children)
        put(self, "parents", parents)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a TagInfo is immutable")

    def __repr__(self) -> str:
        return f"<TagInfo {self.tag}, {self.type or 'no type given'}>"


def _read() -> dict[str, TagInfo]:
    kinds: dict[str, str | None] = {}
    children: dict[str, list[Tag]] = {}
    parents: dict[str, list[Tag]] = {name: [] for name in ACTIVESYNC.by_name}
    tag = page = ""
    for line in _TABLE.strip().splitlines():
        if not line.startswith(" "):
            tag, _, kind = line.partition(" ")
            kinds[tag] = None if kind == "-" else kind
            children[tag] = []
            continue
        for word in line.split():
            if word.endswith(":"):
                page = word
            else:
                child = ACTIVESYNC.by_name[page + word]
                children[tag].append(child)
                parents[child].append(ACTIVESYNC.by_name[tag])
    return {
        name: TagInfo(known, kinds[name], tuple(children[name]), tuple(parents[name]))
        for name, known in ACTIVESYNC.by_name.items()
    }


_INFO = _read()

ALIASES = dict([line.split() for line in _ALIASES.strip().splitlines()])
"""Other spellings of tags that are met in the wild ("AirSync:Synchronize"), and the names they stand for ("Sync")."""


def describe(tag: str | None = None, *, page: int | None = None, token: int | None = None) -> TagInfo:
    """What is known of the tag with this name ("AirSync:SyncKey") or, by ``page`` and ``token``, with these numbers.

    A token may have its bits for content and attributes. Raises ValueError where there is no such tag.
    Source: [MS-ASWBXML] section 2.1.2.1, the schemas of the ActiveSync specifications, and their requirements.
    """
    if (tag is None) == (page is None or token is None):
        raise TypeError("describe() takes a name, or page= and token=")
    name = tag
    if page is not None and token is not None:
        name = ACTIVESYNC.by_code.get(page << 6 | token & TOKEN_MASK)
    found = _INFO.get(name or "")
    if found is None:
        raise ValueError(f"{tag!r} is not a tag of ActiveSync" if tag else f"page {page} has no token {token}")
    return found


def may_stand_in(local: str, parent: Tag | None) -> list[Tag]:
    """The tags with this local name (or another spelling of it) that may stand in ``parent``; None: be the root."""
    if parent is None:
        candidates = [info.tag for info in _INFO.values() if info.children and not info.parents]
    else:
        candidates = list(_INFO[parent].children) if parent in _INFO else []
    return [tag for tag in candidates if tag.name == local or ALIASES.get(f"{tag.namespace}:{local}") == tag.name]


__all__ = ["TagInfo", "describe"]
