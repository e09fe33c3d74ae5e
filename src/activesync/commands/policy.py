"""The policy document: what a server demands of a device. Source: [MS-ASPROV] section 2.2.2.28."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import IntEnum
from typing import Any

from wbxml import Model, field
from wbxml import Provision as Page

from .options import FilterType


class AllowBluetooth(IntEnum):
    """How far Bluetooth may be used: [MS-ASPROV] section 2.2.2.2."""

    DISABLED = 0
    HANDS_FREE_ONLY = 1
    ALLOWED = 2


class SignedSMIMEAlgorithm(IntEnum):
    """The algorithm for signing: [MS-ASPROV] section 2.2.2.50."""

    SHA1 = 0
    MD5 = 1


class EncryptionSMIMEAlgorithm(IntEnum):
    """The algorithm for encrypting: [MS-ASPROV] section 2.2.2.48."""

    TRIPLE_DES = 0
    DES = 1
    RC2_128_BIT = 2
    RC2_64_BIT = 3
    RC2_40_BIT = 4


class AlgorithmNegotiation(IntEnum):
    """Which other algorithm a client may choose where a recipient's certificate calls for it: [MS-ASPROV] 2.2.2.13."""

    NONE = 0
    STRONG_ONLY = 1
    ANY = 2


class EASProvisionDoc(Model, tag=Page.EASProvisionDoc):
    """A policy. ``None`` is a setting that it does not have, and so no limit.

    ``max_inactivity_time_device_lock`` is in seconds, ``max_attachment_size`` in bytes, ``device_password_expiration``
    in days. These three, ``min_device_password_length`` and ``max_device_password_failed_attempts`` may also come as an
    empty element, which means None and is told in ``problems``. The settings of a password count only with
    ``device_password_enabled``.
    """

    device_password_enabled: bool | None = field(Page.DevicePasswordEnabled)
    alphanumeric_device_password_required: bool | None = field(Page.AlphanumericDevicePasswordRequired)
    password_recovery_enabled: bool | None = field(Page.PasswordRecoveryEnabled)
    require_storage_card_encryption: bool | None = field(Page.RequireStorageCardEncryption)
    attachments_enabled: bool | None = field(Page.AttachmentsEnabled)
    min_device_password_length: int | None = field(Page.MinDevicePasswordLength)
    max_inactivity_time_device_lock: int | None = field(Page.MaxInactivityTimeDeviceLock)
    max_device_password_failed_attempts: int | None = field(Page.MaxDevicePasswordFailedAttempts)
    max_attachment_size: int | None = field(Page.MaxAttachmentSize)
    allow_simple_device_password: bool | None = field(Page.AllowSimpleDevicePassword)
    device_password_expiration: int | None = field(Page.DevicePasswordExpiration)
    device_password_history: int | None = field(Page.DevicePasswordHistory)
    allow_storage_card: bool | None = field(Page.AllowStorageCard)
    allow_camera: bool | None = field(Page.AllowCamera)
    require_device_encryption: bool | None = field(Page.RequireDeviceEncryption)
    allow_unsigned_applications: bool | None = field(Page.AllowUnsignedApplications)
    allow_unsigned_installation_packages: bool | None = field(Page.AllowUnsignedInstallationPackages)
    min_device_password_complex_characters: int | None = field(Page.MinDevicePasswordComplexCharacters)
    allow_wifi: bool | None = field(Page.AllowWiFi)
    allow_text_messaging: bool | None = field(Page.AllowTextMessaging)
    allow_pop_imap_email: bool | None = field(Page.AllowPOPIMAPEmail)
    allow_bluetooth: AllowBluetooth | None = field(Page.AllowBluetooth)
    allow_irda: bool | None = field(Page.AllowIrDA)
    require_manual_sync_when_roaming: bool | None = field(Page.RequireManualSyncWhenRoaming)
    allow_desktop_sync: bool | None = field(Page.AllowDesktopSync)
    max_calendar_age_filter: FilterType | None = field(Page.MaxCalendarAgeFilter)
    allow_html_email: bool | None = field(Page.AllowHTMLEmail)
    max_email_age_filter: FilterType | None = field(Page.MaxEmailAgeFilter)
    max_email_body_truncation_size: int | None = field(Page.MaxEmailBodyTruncationSize)
    max_email_html_body_truncation_size: int | None = field(Page.MaxEmailHTMLBodyTruncationSize)
    require_signed_smime_messages: bool | None = field(Page.RequireSignedSMIMEMessages)
    require_encrypted_smime_messages: bool | None = field(Page.RequireEncryptedSMIMEMessages)
    require_signed_smime_algorithm: SignedSMIMEAlgorithm | None = field(Page.RequireSignedSMIMEAlgorithm)
    require_encryption_smime_algorithm: EncryptionSMIMEAlgorithm | None = field(Page.RequireEncryptionSMIMEAlgorithm)
    allow_smime_encryption_algorithm_negotiation: AlgorithmNegotiation | None = field(
        Page.AllowSMIMEEncryptionAlgorithmNegotiation
    )
    allow_smime_soft_certs: bool | None = field(Page.AllowSMIMESoftCerts)
    allow_browser: bool | None = field(Page.AllowBrowser)
    allow_consumer_email: bool | None = field(Page.AllowConsumerEmail)
    allow_remote_desktop: bool | None = field(Page.AllowRemoteDesktop)
    allow_internet_sharing: bool | None = field(Page.AllowInternetSharing)
    unapproved_in_rom_application_list: list[str] | None = field(
        Page.ApplicationName, within=Page.UnapprovedInROMApplicationList
    )
    approved_application_list: list[str] | None = field(Page.Hash, within=Page.ApprovedApplicationList)

    def effective(self) -> EASProvisionDoc:
        """What the policy asks for in the end: [MS-ASPROV] sections 2.2.2.12, 2.2.2.16, 2.2.2.25 to 2.2.2.36.

        Where it asks for no password, what it says of passwords is left out. What it does not say has its default where
        the specification names one, and what is no limit is None.
        """
        if not self.device_password_enabled:
            return replace(self, **dict.fromkeys(_OF_PASSWORDS))
        said = {name: value for name, value in _DEFAULTS.items() if getattr(self, name) is None}
        lock, length = self.max_inactivity_time_device_lock, self.min_device_password_length
        return replace(
            self,
            **said,
            max_inactivity_time_device_lock=None if lock is not None and lock >= _NEVER else lock,
            min_device_password_length=None if length == 1 else length,
        )

    def differences(self, other: EASProvisionDoc) -> dict[str, tuple[Any, Any]]:
        """The settings that differ by their names, each with its value here and in the other policy."""
        pairs = ((one.name, getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return {name: (mine, others) for name, mine, others in pairs if mine != others}


_NEVER = 9999
_DEFAULTS: dict[str, Any] = {
    "allow_simple_device_password": True,
    "alphanumeric_device_password_required": False,
    "device_password_expiration": 0,
    "device_password_history": 0,
    "password_recovery_enabled": False,
}
_OF_PASSWORDS = (
    *_DEFAULTS,
    "max_device_password_failed_attempts",
    "min_device_password_complex_characters",
    "min_device_password_length",
)
