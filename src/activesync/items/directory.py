"""What Search finds beside items: people of the address list, files of a library. Source: [MS-ASCMD], [MS-ASDOC]."""

from __future__ import annotations

from datetime import datetime

from wbxml import GAL, DocumentLibrary, Model, field


class GALPicture(Model, tag=GAL.Picture):
    """The photograph of a person, or the status that says why there is none: 173 to 175."""

    status: int | None = field(GAL.Status)
    data: bytes | None = field(GAL.Data)


class GALEntry(Model):
    """A person of the global address list: [MS-ASCMD] section 2.2.3.139.3."""

    display_name: str | None = field(GAL.DisplayName)
    phone: str | None = field(GAL.Phone)
    office: str | None = field(GAL.Office)
    title: str | None = field(GAL.Title)
    company: str | None = field(GAL.Company)
    alias: str | None = field(GAL.Alias)
    first_name: str | None = field(GAL.FirstName)
    last_name: str | None = field(GAL.LastName)
    home_phone: str | None = field(GAL.HomePhone)
    mobile_phone: str | None = field(GAL.MobilePhone)
    email_address: str | None = field(GAL.EmailAddress)
    picture: GALPicture | None = field()


class DocumentEntry(Model):
    """A file or folder of a document library: [MS-ASDOC] section 2.2.2."""

    link_id: str | None = field(DocumentLibrary.LinkId)
    display_name: str | None = field(DocumentLibrary.DisplayName)
    is_folder: bool | None = field(DocumentLibrary.IsFolder)
    creation_date: datetime | None = field(DocumentLibrary.CreationDate)
    last_modified_date: datetime | None = field(DocumentLibrary.LastModifiedDate)
    is_hidden: bool | None = field(DocumentLibrary.IsHidden)
    content_length: int | None = field(DocumentLibrary.ContentLength)
    content_type: str | None = field(DocumentLibrary.ContentType)
