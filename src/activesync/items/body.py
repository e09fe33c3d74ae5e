"""What all classes of item have alike: bodies, attachments, places, and how much of them is asked for.

Source: [MS-ASAIRS].
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from wbxml import AirSyncBase, Email2, ItemOperations, Model, field

if TYPE_CHECKING:
    from email.message import EmailMessage


class BodyType(IntEnum):
    """The form of a body: [MS-ASAIRS] section 2.2.2.41."""

    PLAIN_TEXT = 1
    HTML = 2
    RTF = 3
    MIME = 4


class MIMESupport(IntEnum):
    """Which mails are sent as MIME where the preference is MIME: [MS-ASCMD] section 2.2.3.110."""

    NEVER = 0
    SIGNED_OR_ENCRYPTED = 1
    ALWAYS = 2


class AttachmentMethod(IntEnum):
    """How an attachment is attached: [MS-ASAIRS] section 2.2.2.31.2."""

    NORMAL = 1
    EMBEDDED_MESSAGE = 5
    OLE = 6


class BodyPreference(Model, tag=AirSyncBase.BodyPreference):
    """The form in which bodies are wanted, up to ``truncation_size`` bytes.

    With ``all_or_none`` a body that is longer is left out; ``preview`` asks for that many characters of it.
    """

    type: BodyType | None = field(AirSyncBase.Type)
    truncation_size: int | None = field(AirSyncBase.TruncationSize)
    all_or_none: bool | None = field(AirSyncBase.AllOrNone)
    preview: int | None = field(AirSyncBase.Preview, since="14.1")


class BodyPartPreference(Model, tag=AirSyncBase.BodyPartPreference):
    """The form in which the part of a mail that is new in its conversation is wanted. Only HTML is allowed."""

    type: BodyType | None = field(AirSyncBase.Type)
    truncation_size: int | None = field(AirSyncBase.TruncationSize)
    all_or_none: bool | None = field(AirSyncBase.AllOrNone)
    preview: int | None = field(AirSyncBase.Preview)


class Body(Model, tag=AirSyncBase.Body):
    """The text of an item; RTF is base64, MIME the whole message.

    ``estimated_data_size`` is what the whole body takes, in bytes. In the multipart form of an answer ``part`` is where
    the data stands.
    """

    type: BodyType | None = field(AirSyncBase.Type)
    estimated_data_size: int | None = field(AirSyncBase.EstimatedDataSize)
    truncated: bool | None = field(AirSyncBase.Truncated)
    data: str | None = field(AirSyncBase.Data)
    part: int | None = field(ItemOperations.Part)
    preview: str | None = field(AirSyncBase.Preview)

    def message(self) -> EmailMessage:
        """The mail that a body of type MIME holds, of a truncated one as far as it goes. Raises ValueError for others.

        What a mail should not have does not raise: it stands in the message's ``defects``.
        """
        from email import message_from_bytes, policy  # takes 10 ms

        if self.type is not BodyType.MIME or self.data is None:
            held = "no data" if self.data is None else f"a body of type {self.type}"
            raise ValueError(f"only a body of type MIME holds a mail, this is {held}")
        return message_from_bytes(self.data.encode(), policy=policy.default)


class BodyPart(Model, tag=AirSyncBase.BodyPart):
    """What a mail adds to its conversation. ``status`` 176 says that it is too long to be told apart."""

    status: int | None = field(AirSyncBase.Status)
    type: BodyType | None = field(AirSyncBase.Type)
    estimated_data_size: int | None = field(AirSyncBase.EstimatedDataSize)
    truncated: bool | None = field(AirSyncBase.Truncated)
    data: str | None = field(AirSyncBase.Data)
    part: int | None = field(ItemOperations.Part)
    preview: str | None = field(AirSyncBase.Preview)


class Attachment(Model, tag=AirSyncBase.Attachment):
    """An attachment of an item. ``file_reference`` is what to fetch it by.

    ``display_name`` is what its sender calls it, which may be a path to somewhere: ``file_name`` is to save it under.
    """

    display_name: str | None = field(AirSyncBase.DisplayName)
    file_reference: str | None = field(AirSyncBase.FileReference)
    client_id: str | None = field(AirSyncBase.ClientId)
    method: AttachmentMethod | None = field(AirSyncBase.Method)
    estimated_data_size: int | None = field(AirSyncBase.EstimatedDataSize)
    content_id: str | None = field(AirSyncBase.ContentId)
    content_location: str | None = field(AirSyncBase.ContentLocation)
    is_inline: bool | None = field(AirSyncBase.IsInline)
    um_att_duration: int | None = field(Email2.UmAttDuration)
    um_att_order: int | None = field(Email2.UmAttOrder)

    @property
    def file_name(self) -> str:
        """The last part of the name, without what no file system takes; "attachment" where nothing is left."""
        last = re.split(r"[/\\]", self.display_name or "")[-1]
        return re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", last).strip(" .")[:200] or "attachment"


class AttachmentAdd(Model, tag=AirSyncBase.Add):
    """An attachment that a client gives to a draft or an event, from 16.0 on."""

    client_id: str | None = field(AirSyncBase.ClientId, since="16.0")
    method: AttachmentMethod | None = field(AirSyncBase.Method, since="16.0")
    content_type: str | None = field(AirSyncBase.ContentType, since="16.0")
    content_id: str | None = field(AirSyncBase.ContentId, since="16.0")
    content: bytes | None = field(AirSyncBase.Content, since="16.0")
    display_name: str | None = field(AirSyncBase.DisplayName, since="16.0")
    content_location: str | None = field(AirSyncBase.ContentLocation, since="16.0")
    is_inline: bool = field(AirSyncBase.IsInline, flag=True, since="16.0")


class AttachmentDelete(Model, tag=AirSyncBase.Delete):
    """An attachment that a client takes away, from 16.0 on."""

    file_reference: str | None = field(AirSyncBase.FileReference, since="16.0")


class Location(Model, tag=AirSyncBase.Location):
    """A place, from 16.0 on. The five numbers are decimal text: degrees, and metres."""

    display_name: str | None = field(AirSyncBase.DisplayName)
    annotation: str | None = field(AirSyncBase.Annotation)
    street: str | None = field(AirSyncBase.Street)
    city: str | None = field(AirSyncBase.City)
    state: str | None = field(AirSyncBase.State)
    country: str | None = field(AirSyncBase.Country)
    postal_code: str | None = field(AirSyncBase.PostalCode)
    latitude: str | None = field(AirSyncBase.Latitude)
    longitude: str | None = field(AirSyncBase.Longitude)
    accuracy: str | None = field(AirSyncBase.Accuracy)
    altitude: str | None = field(AirSyncBase.Altitude)
    altitude_accuracy: str | None = field(AirSyncBase.AltitudeAccuracy)
    location_uri: str | None = field(AirSyncBase.LocationUri)
