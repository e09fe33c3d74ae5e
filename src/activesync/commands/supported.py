"""Supported: which properties a client keeps, and so deletes when it leaves them out of a Change.

Those that are not named are ghosted: left out, they stay as they are on the server. No Supported at all ghosts nothing,
an empty one everything; it counts only with SyncKey "0". Source: [MS-ASCMD] section 2.2.3.179.
"""

from __future__ import annotations

from wbxml import Calendar, Contacts, Contacts2, Model, field


class SupportedContacts(Model):
    """The properties of contacts that the client keeps."""

    anniversary: bool = field(Contacts.Anniversary, flag=True)
    assistant_name: bool = field(Contacts.AssistantName, flag=True)
    assistant_phone_number: bool = field(Contacts.AssistantPhoneNumber, flag=True)
    birthday: bool = field(Contacts.Birthday, flag=True)
    business2_phone_number: bool = field(Contacts.Business2PhoneNumber, flag=True)
    business_address_city: bool = field(Contacts.BusinessAddressCity, flag=True)
    business_address_country: bool = field(Contacts.BusinessAddressCountry, flag=True)
    business_address_postal_code: bool = field(Contacts.BusinessAddressPostalCode, flag=True)
    business_address_state: bool = field(Contacts.BusinessAddressState, flag=True)
    business_address_street: bool = field(Contacts.BusinessAddressStreet, flag=True)
    business_fax_number: bool = field(Contacts.BusinessFaxNumber, flag=True)
    business_phone_number: bool = field(Contacts.BusinessPhoneNumber, flag=True)
    car_phone_number: bool = field(Contacts.CarPhoneNumber, flag=True)
    categories: bool = field(Contacts.Categories, flag=True)
    children: bool = field(Contacts.Children, flag=True)
    company_name: bool = field(Contacts.CompanyName, flag=True)
    department: bool = field(Contacts.Department, flag=True)
    email1_address: bool = field(Contacts.Email1Address, flag=True)
    email2_address: bool = field(Contacts.Email2Address, flag=True)
    email3_address: bool = field(Contacts.Email3Address, flag=True)
    file_as: bool = field(Contacts.FileAs, flag=True)
    first_name: bool = field(Contacts.FirstName, flag=True)
    home2_phone_number: bool = field(Contacts.Home2PhoneNumber, flag=True)
    home_address_city: bool = field(Contacts.HomeAddressCity, flag=True)
    home_address_country: bool = field(Contacts.HomeAddressCountry, flag=True)
    home_address_postal_code: bool = field(Contacts.HomeAddressPostalCode, flag=True)
    home_address_state: bool = field(Contacts.HomeAddressState, flag=True)
    home_address_street: bool = field(Contacts.HomeAddressStreet, flag=True)
    home_fax_number: bool = field(Contacts.HomeFaxNumber, flag=True)
    home_phone_number: bool = field(Contacts.HomePhoneNumber, flag=True)
    job_title: bool = field(Contacts.JobTitle, flag=True)
    last_name: bool = field(Contacts.LastName, flag=True)
    middle_name: bool = field(Contacts.MiddleName, flag=True)
    mobile_phone_number: bool = field(Contacts.MobilePhoneNumber, flag=True)
    office_location: bool = field(Contacts.OfficeLocation, flag=True)
    other_address_city: bool = field(Contacts.OtherAddressCity, flag=True)
    other_address_country: bool = field(Contacts.OtherAddressCountry, flag=True)
    other_address_postal_code: bool = field(Contacts.OtherAddressPostalCode, flag=True)
    other_address_state: bool = field(Contacts.OtherAddressState, flag=True)
    other_address_street: bool = field(Contacts.OtherAddressStreet, flag=True)
    pager_number: bool = field(Contacts.PagerNumber, flag=True)
    picture: bool = field(Contacts.Picture, flag=True)
    radio_phone_number: bool = field(Contacts.RadioPhoneNumber, flag=True)
    spouse: bool = field(Contacts.Spouse, flag=True)
    suffix: bool = field(Contacts.Suffix, flag=True)
    title: bool = field(Contacts.Title, flag=True)
    web_page: bool = field(Contacts.WebPage, flag=True)
    yomi_company_name: bool = field(Contacts.YomiCompanyName, flag=True)
    yomi_first_name: bool = field(Contacts.YomiFirstName, flag=True)
    yomi_last_name: bool = field(Contacts.YomiLastName, flag=True)
    account_name: bool = field(Contacts2.AccountName, flag=True)
    company_main_phone: bool = field(Contacts2.CompanyMainPhone, flag=True)
    customer_id: bool = field(Contacts2.CustomerId, flag=True)
    government_id: bool = field(Contacts2.GovernmentId, flag=True)
    im_address: bool = field(Contacts2.IMAddress, flag=True)
    im_address2: bool = field(Contacts2.IMAddress2, flag=True)
    im_address3: bool = field(Contacts2.IMAddress3, flag=True)
    manager_name: bool = field(Contacts2.ManagerName, flag=True)
    mms: bool = field(Contacts2.MMS, flag=True)
    nick_name: bool = field(Contacts2.NickName, flag=True)


class SupportedCalendar(Model):
    """The properties of events that the client keeps."""

    all_day_event: bool = field(Calendar.AllDayEvent, flag=True)
    attendees: bool = field(Calendar.Attendees, flag=True)
    busy_status: bool = field(Calendar.BusyStatus, flag=True)
    categories: bool = field(Calendar.Categories, flag=True)
    disallow_new_time_proposal: bool = field(Calendar.DisallowNewTimeProposal, flag=True)
    dt_stamp: bool = field(Calendar.DtStamp, flag=True)
    end_time: bool = field(Calendar.EndTime, flag=True)
    exceptions: bool = field(Calendar.Exceptions, flag=True)
    location: bool = field(Calendar.Location, flag=True)
    meeting_status: bool = field(Calendar.MeetingStatus, flag=True)
    organizer_email: bool = field(Calendar.OrganizerEmail, flag=True)
    organizer_name: bool = field(Calendar.OrganizerName, flag=True)
    recurrence: bool = field(Calendar.Recurrence, flag=True)
    reminder: bool = field(Calendar.Reminder, flag=True)
    response_requested: bool = field(Calendar.ResponseRequested, flag=True)
    sensitivity: bool = field(Calendar.Sensitivity, flag=True)
    start_time: bool = field(Calendar.StartTime, flag=True)
    subject: bool = field(Calendar.Subject, flag=True)
    timezone: bool = field(Calendar.Timezone, flag=True)
    uid: bool = field(Calendar.UID, flag=True)
