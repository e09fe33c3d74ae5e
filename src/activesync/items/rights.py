"""What may be done with a protected mail. Source: [MS-ASRM] section 2.2.2.14."""

from __future__ import annotations

from datetime import datetime

from wbxml import Model, RightsManagement, field


class RightsManagementLicense(Model, tag=RightsManagement.RightsManagementLicense):
    """The rights of the user in a protected mail."""

    owner: bool | None = field(RightsManagement.Owner)
    content_owner: str | None = field(RightsManagement.ContentOwner)
    reply_all_allowed: bool | None = field(RightsManagement.ReplyAllAllowed)
    edit_allowed: bool | None = field(RightsManagement.EditAllowed)
    reply_allowed: bool | None = field(RightsManagement.ReplyAllowed)
    forward_allowed: bool | None = field(RightsManagement.ForwardAllowed)
    export_allowed: bool | None = field(RightsManagement.ExportAllowed)
    modify_recipients_allowed: bool | None = field(RightsManagement.ModifyRecipientsAllowed)
    template_id: str | None = field(RightsManagement.TemplateID)
    extract_allowed: bool | None = field(RightsManagement.ExtractAllowed)
    template_description: str | None = field(RightsManagement.TemplateDescription)
    content_expiry_date: datetime | None = field(RightsManagement.ContentExpiryDate)
    template_name: str | None = field(RightsManagement.TemplateName)
    print_allowed: bool | None = field(RightsManagement.PrintAllowed)
    programmatic_access_allowed: bool | None = field(RightsManagement.ProgrammaticAccessAllowed)
