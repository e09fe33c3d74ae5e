"""People: contacts of the user, and the server's cache of recipients. Source: [MS-ASCNTC]."""

from __future__ import annotations

from datetime import datetime

from wbxml import AirSyncBase, Contacts2, Model, field
from wbxml import Contacts as Page

from .body import Body


class Contact(Model):
    """A person. ``None`` is a property that was not sent; ``picture`` are the bytes of an image of at most 36 kB.

    Of ``birthday`` and ``anniversary`` only the date counts: the time may be 11:59 so that no time zone moves the date.
    """

    first_name: str | None = field(Page.FirstName)
    middle_name: str | None = field(Page.MiddleName)
    last_name: str | None = field(Page.LastName)
    suffix: str | None = field(Page.Suffix)
    title: str | None = field(Page.Title)
    file_as: str | None = field(Page.FileAs)
    alias: str | None = field(Page.Alias)
    weighted_rank: int | None = field(Page.WeightedRank)
    yomi_first_name: str | None = field(Page.YomiFirstName)
    yomi_last_name: str | None = field(Page.YomiLastName)
    yomi_company_name: str | None = field(Page.YomiCompanyName)
    email1_address: str | None = field(Page.Email1Address)
    email2_address: str | None = field(Page.Email2Address)
    email3_address: str | None = field(Page.Email3Address)
    mobile_phone_number: str | None = field(Page.MobilePhoneNumber)
    business_phone_number: str | None = field(Page.BusinessPhoneNumber)
    business2_phone_number: str | None = field(Page.Business2PhoneNumber)
    business_fax_number: str | None = field(Page.BusinessFaxNumber)
    home_phone_number: str | None = field(Page.HomePhoneNumber)
    home2_phone_number: str | None = field(Page.Home2PhoneNumber)
    home_fax_number: str | None = field(Page.HomeFaxNumber)
    car_phone_number: str | None = field(Page.CarPhoneNumber)
    radio_phone_number: str | None = field(Page.RadioPhoneNumber)
    pager_number: str | None = field(Page.PagerNumber)
    assistant_name: str | None = field(Page.AssistantName)
    assistant_phone_number: str | None = field(Page.AssistantPhoneNumber)
    company_name: str | None = field(Page.CompanyName)
    department: str | None = field(Page.Department)
    job_title: str | None = field(Page.JobTitle)
    office_location: str | None = field(Page.OfficeLocation)
    web_page: str | None = field(Page.WebPage)
    business_address_street: str | None = field(Page.BusinessAddressStreet)
    business_address_city: str | None = field(Page.BusinessAddressCity)
    business_address_state: str | None = field(Page.BusinessAddressState)
    business_address_postal_code: str | None = field(Page.BusinessAddressPostalCode)
    business_address_country: str | None = field(Page.BusinessAddressCountry)
    home_address_street: str | None = field(Page.HomeAddressStreet)
    home_address_city: str | None = field(Page.HomeAddressCity)
    home_address_state: str | None = field(Page.HomeAddressState)
    home_address_postal_code: str | None = field(Page.HomeAddressPostalCode)
    home_address_country: str | None = field(Page.HomeAddressCountry)
    other_address_street: str | None = field(Page.OtherAddressStreet)
    other_address_city: str | None = field(Page.OtherAddressCity)
    other_address_state: str | None = field(Page.OtherAddressState)
    other_address_postal_code: str | None = field(Page.OtherAddressPostalCode)
    other_address_country: str | None = field(Page.OtherAddressCountry)
    birthday: datetime | None = field(Page.Birthday)
    anniversary: datetime | None = field(Page.Anniversary)
    spouse: str | None = field(Page.Spouse)
    children: list[str] | None = field(Page.Child, within=Page.Children)
    categories: list[str] | None = field(Page.Category, within=Page.Categories)
    picture: bytes | None = field(Page.Picture)
    nick_name: str | None = field(Contacts2.NickName)
    im_address: str | None = field(Contacts2.IMAddress)
    im_address2: str | None = field(Contacts2.IMAddress2)
    im_address3: str | None = field(Contacts2.IMAddress3)
    mms: str | None = field(Contacts2.MMS)
    manager_name: str | None = field(Contacts2.ManagerName)
    company_main_phone: str | None = field(Contacts2.CompanyMainPhone)
    customer_id: str | None = field(Contacts2.CustomerId)
    government_id: str | None = field(Contacts2.GovernmentId)
    account_name: str | None = field(Contacts2.AccountName)
    body: Body | None = field()
    native_body_type: int | None = field(AirSyncBase.NativeBodyType)
