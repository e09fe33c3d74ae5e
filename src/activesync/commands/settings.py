"""Settings: out-of-office replies, what the server knows of device and user. Source: [MS-ASCMD] section 2.2.1.18."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from wbxml import Model, field
from wbxml import Settings as Page

from .command import Command


class OofState(IntEnum):
    """Whether replies are sent: [MS-ASCMD] section 2.2.3.124."""

    DISABLED = 0
    ENABLED = 1
    SCHEDULED = 2


class OofMessage(Model, tag=Page.OofMessage):
    """The reply to those to whom it applies: the own organisation, known others, or unknown others.

    ``body_type`` is "Text" or "HTML".
    """

    applies_to_internal: bool = field(Page.AppliesToInternal, flag=True)
    applies_to_external_known: bool = field(Page.AppliesToExternalKnown, flag=True)
    applies_to_external_unknown: bool = field(Page.AppliesToExternalUnknown, flag=True)
    enabled: bool | None = field(Page.Enabled)
    reply_message: str | None = field(Page.ReplyMessage)
    body_type: str | None = field(Page.BodyType)


class Oof(Model):
    """The out-of-office replies: what Get brings and Set takes. The times count where the state is SCHEDULED."""

    oof_state: OofState | None = field(Page.OofState)
    start_time: datetime | None = field(Page.StartTime)
    end_time: datetime | None = field(Page.EndTime)
    messages: list[OofMessage] = field()


class OofGet(Model):
    """Asks for the replies as "Text" or "HTML"."""

    body_type: str | None = field(Page.BodyType)


class OofRequest(Model, tag=Page.Oof):
    """Asks for the out-of-office replies, or sets them."""

    get: OofGet | None = field(Page.Get)
    set: Oof | None = field(Page.Set)


class OofResponse(Model, tag=Page.Oof):
    """The out-of-office replies, where they were asked for."""

    status: int | None = field(Page.Status)
    get: Oof | None = field(Page.Get)


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


class SettingsResponse(Model, tag=Page.Settings):
    """The answers to the parts of the request, each with a status of its own."""

    status: int | None = field(Page.Status)
    oof: OofResponse | None = field()
    device_information: DeviceInformationResponse | None = field()
    user_information: UserInformationResponse | None = field()


class Settings(Command[SettingsResponse], tag=Page.Settings):
    """Asks for settings or sets them; several at once if need be."""

    name = "Settings"
    response = SettingsResponse

    oof: OofRequest | None = field()
    device_information: DeviceInformationRequest | None = field()
    user_information: UserInformationRequest | None = field()
