"""Settings: out-of-office replies, what the server knows of device and user. Source: [MS-ASCMD] section 2.2.1.18."""

from __future__ import annotations

from wbxml import Model, RightsManagement, field
from wbxml import Settings as Page

from .command import Command
from .oof import OofRequest, OofResponse


class DeviceInformation(Model):
    """What a client tells of its device. In 14.1 and later it goes into the first Provision as well."""

    model: str | None = field(Page.Model)
    imei: str | None = field(Page.IMEI)
    friendly_name: str | None = field(Page.FriendlyName)
    os: str | None = field(Page.OS)
    os_language: str | None = field(Page.OSLanguage)
    phone_number: str | None = field(Page.PhoneNumber)
    user_agent: str | None = field(Page.UserAgent)
    enable_outbound_sms: bool | None = field(Page.EnableOutboundSMS)
    mobile_operator: str | None = field(Page.MobileOperator)


class DeviceInformationRequest(Model, tag=Page.DeviceInformation):
    """Sets what the server knows of the device."""

    set: DeviceInformation | None = field(Page.Set)


class DeviceInformationResponse(Model, tag=Page.DeviceInformation):
    """Whether the server has taken it."""

    status: int | None = field(Page.Status)


class EmailAddresses(Model, tag=Page.EmailAddresses):
    """The addresses of a user or, from 14.1 on, of one of the user's accounts."""

    smtp_addresses: list[str] = field(Page.SMTPAddress)
    primary_smtp_address: str | None = field(Page.PrimarySmtpAddress)


class Account(Model, tag=Page.Account):
    """One account of the user."""

    account_id: str | None = field(Page.AccountId)
    account_name: str | None = field(Page.AccountName)
    user_display_name: str | None = field(Page.UserDisplayName)
    send_disabled: bool | None = field(Page.SendDisabled)
    email_addresses: EmailAddresses | None = field()


class UserInformation(Model):
    """What the server knows of the user: addresses up to 14.0, accounts from 14.1 on."""

    email_addresses: EmailAddresses | None = field()
    accounts: list[Account] = field(within=Page.Accounts)


class UserInformationRequest(Model, tag=Page.UserInformation):
    """Asks what the server knows of the user."""

    get: bool = field(Page.Get, flag=True)


class UserInformationResponse(Model, tag=Page.UserInformation):
    """What the server knows of the user."""

    status: int | None = field(Page.Status)
    get: UserInformation | None = field(Page.Get)


class DevicePassword(Model):
    """The password that unlocks a device whose user has forgotten it; it shows in no repr."""

    password: str | None = field(Page.Password)

    def __repr__(self) -> str:
        return "DevicePassword(password=...)"


class DevicePasswordRequest(Model, tag=Page.DevicePassword):
    """Leaves the recovery password with the server."""

    set: DevicePassword | None = field(Page.Set)


class DevicePasswordResponse(Model, tag=Page.DevicePassword):
    """Whether the server keeps it."""

    status: int | None = field(Page.Status)


class RightsManagementTemplate(Model, tag=RightsManagement.RightsManagementTemplate):
    """A template of rights with which a mail can be sent: [MS-ASRM] section 2.2.2.17."""

    template_id: str | None = field(RightsManagement.TemplateID)
    template_name: str | None = field(RightsManagement.TemplateName)
    template_description: str | None = field(RightsManagement.TemplateDescription)


class RightsManagementInformation(Model):
    """The templates of rights that the user may use, at most 20."""

    templates: list[RightsManagementTemplate] | None = field(within=RightsManagement.RightsManagementTemplates)


class RightsManagementInformationRequest(Model, tag=Page.RightsManagementInformation):
    """Asks for the templates of rights, from 14.1 on."""

    get: bool = field(Page.Get, flag=True)


class RightsManagementInformationResponse(Model, tag=Page.RightsManagementInformation):
    """The templates of rights."""

    status: int | None = field(Page.Status)
    get: RightsManagementInformation | None = field(Page.Get)


class SettingsResponse(Model, tag=Page.Settings):
    """The answers to the parts of the request, each with a status of its own."""

    status: int | None = field(Page.Status)
    oof: OofResponse | None = field()
    device_password: DevicePasswordResponse | None = field()
    device_information: DeviceInformationResponse | None = field()
    user_information: UserInformationResponse | None = field()
    rights_management_information: RightsManagementInformationResponse | None = field()


class Settings(Command[SettingsResponse], tag=Page.Settings):
    """Asks for settings or sets them; several at once if need be."""

    name = "Settings"
    response = SettingsResponse

    rights_management_information: RightsManagementInformationRequest | None = field()
    oof: OofRequest | None = field()
    device_password: DevicePasswordRequest | None = field()
    device_information: DeviceInformationRequest | None = field()
    user_information: UserInformationRequest | None = field()
