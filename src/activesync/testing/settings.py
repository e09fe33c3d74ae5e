"""Settings as the server does it. Source: [MS-ASCMD] sections 2.2.1.18, 2.2.3.122 and 2.2.3.177.15."""

from __future__ import annotations

import html
from dataclasses import replace

from ..commands import (
    Account,
    DeviceInformationRequest,
    DeviceInformationResponse,
    DevicePasswordRequest,
    DevicePasswordResponse,
    EmailAddresses,
    Oof,
    OofMessage,
    OofRequest,
    OofResponse,
    OofState,
    RightsManagementInformation,
    RightsManagementInformationRequest,
    RightsManagementInformationResponse,
    Settings,
    SettingsResponse,
    UserInformation,
    UserInformationRequest,
    UserInformationResponse,
)
from .call import Call, problems
from .content import text_of

_SUCCESS, _PROTOCOL_ERROR, _INVALID, _CONFLICTING = 1, 2, 5, 6
_AUDIENCES = ("applies_to_internal", "applies_to_external_known", "applies_to_external_unknown")


def settings(call: Call, request: Settings) -> SettingsResponse:
    """The answers to the parts of the request."""
    if problems(request):
        return SettingsResponse(status=_PROTOCOL_ERROR)
    return SettingsResponse(
        status=_SUCCESS,
        oof=None if request.oof is None else _oof(call, request.oof),
        device_password=_password(call, request.device_password),
        device_information=_device(call, request.device_information),
        user_information=_user(call, request.user_information),
        rights_management_information=_rights(call, request.rights_management_information),
    )


def _oof(call: Call, request: OofRequest) -> OofResponse:
    if problems(request, request.get, request.set) or (request.get is None) == (request.set is None):
        return OofResponse(status=_PROTOCOL_ERROR)
    kept = call.mailbox.oof
    if request.get is not None:
        form = "HTML" if (request.get.body_type or "").lower() == "html" else "Text"
        return OofResponse(
            status=_SUCCESS, get=replace(kept, messages=[_in_form(message, form) for message in kept.messages])
        )
    assert request.set is not None
    status = _refusal(request.set)
    if status == _SUCCESS:
        call.mailbox.oof = _merged(kept, request.set)
    return OofResponse(status=status)


def _in_form(message: OofMessage, form: str) -> OofMessage:
    text = message.reply_message
    if text is not None and message.body_type is not None and message.body_type.lower() != form.lower():
        text = html.escape(text, quote=False) if form == "HTML" else text_of(text)
    return replace(message, reply_message=text, body_type=None if text is None else form)


def _refusal(asked: Oof) -> int:
    if asked.oof_state is OofState.SCHEDULED:
        if asked.start_time is None or asked.end_time is None or asked.end_time <= asked.start_time:
            return _INVALID
    elif (asked.start_time is None) != (asked.end_time is None):
        return _INVALID
    audiences = [_audience(message) for message in asked.messages]
    if problems(*asked.messages) or None in audiences:
        return _PROTOCOL_ERROR
    return _CONFLICTING if len(set(audiences)) < len(audiences) else _SUCCESS


def _audience(message: OofMessage) -> str | None:
    """Whom a message is for: exactly one of three (section 2.2.3.123, R3517)."""
    named = [name for name in _AUDIENCES if getattr(message, name)]
    return named[0] if len(named) == 1 else None


def _merged(kept: Oof, asked: Oof) -> Oof:
    given = {_audience(message): message for message in asked.messages}
    return Oof(
        oof_state=kept.oof_state if asked.oof_state is None else asked.oof_state,
        start_time=asked.start_time or kept.start_time,
        end_time=asked.end_time or kept.end_time,
        messages=[given.get(_audience(message), message) for message in kept.messages],
    )


def _device(call: Call, request: DeviceInformationRequest | None) -> DeviceInformationResponse | None:
    if request is None:
        return None
    if request.set is None or problems(request, request.set):
        return DeviceInformationResponse(status=_PROTOCOL_ERROR)
    call.device.information = request.set
    return DeviceInformationResponse(status=_SUCCESS)


def _password(call: Call, request: DevicePasswordRequest | None) -> DevicePasswordResponse | None:
    if request is None:
        return None
    if request.set is None or problems(request, request.set) or request.set.password is None:
        return DevicePasswordResponse(status=_PROTOCOL_ERROR)
    # An empty one takes back what was there ([MS-ASCMD] section 2.2.3.132.3).
    call.device.recovery_password = request.set.password or None
    return DevicePasswordResponse(status=_SUCCESS)


def _rights(
    call: Call, request: RightsManagementInformationRequest | None
) -> RightsManagementInformationResponse | None:
    if request is None:
        return None
    if not request.get or problems(request):
        return RightsManagementInformationResponse(status=_PROTOCOL_ERROR)
    found = RightsManagementInformation(templates=list(call.mailbox.rights_templates))
    return RightsManagementInformationResponse(status=_SUCCESS, get=found)


def _user(call: Call, request: UserInformationRequest | None) -> UserInformationResponse | None:
    if request is None:
        return None
    if not request.get:
        return UserInformationResponse(status=_PROTOCOL_ERROR)
    mailbox = call.mailbox
    if call.version < "14.1":
        # Accounts have come with 14.1; before, the addresses stand alone.
        found = UserInformation(email_addresses=EmailAddresses(smtp_addresses=[mailbox.address]))
    else:
        addresses = EmailAddresses(smtp_addresses=[mailbox.address], primary_smtp_address=mailbox.address)
        found = UserInformation(accounts=[Account(user_display_name=mailbox.name, email_addresses=addresses)])
    return UserInformationResponse(status=_SUCCESS, get=found)
