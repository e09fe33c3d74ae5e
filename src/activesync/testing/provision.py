"""Provision as the server does it, and who must go through it. Source: [MS-ASPROV] sections 2.2.2 and 3.1.5."""

from __future__ import annotations

import secrets

from ..commands import (
    POLICY_TYPE,
    DeviceInformationResponse,
    PolicyData,
    PolicyRequest,
    PolicyResponse,
    Provision,
    ProvisionResponse,
)
from .call import Call, problems
from .device import Offer

_SUCCESS, _PROTOCOL_ERROR = 1, 2
# Of a Policy ([MS-ASPROV] section 2.2.2.54.1).
_NO_POLICY, _UNKNOWN_TYPE, _WRONG_KEY = 2, 3, 5
# Of a client that has not applied the policy, and of all commands ([MS-ASCMD] section 2.2.2).
_NOT_FULLY_PROVISIONABLE, _INFORMATION_REQUIRED = 139, 165
_REMOTE_WIPE, _NOT_PROVISIONED, _POLICY_REFRESH, _INVALID_KEY = 140, 142, 143, 144


def refusal(call: Call, policy_key: str | None) -> int:
    """The Status that sends a device to Provision first, 0 where it may go on."""
    if call.device.wipe:
        return _REMOTE_WIPE
    if call.rules.policy is None:
        return 0
    if policy_key in (None, "", "0"):
        return _NOT_PROVISIONED
    if policy_key != call.device.policy_key:
        return _INVALID_KEY
    return _POLICY_REFRESH if call.device.policy != call.rules.policy else 0


def provision(call: Call, request: Provision) -> ProvisionResponse:
    """The policy with a key for its acknowledgement, or the key that stays, or the demand for a wipe."""
    device = call.device
    if problems(request, request.device_information, *request.policies):
        return ProvisionResponse(status=_PROTOCOL_ERROR)
    acknowledged = request.remote_wipe or request.account_only_remote_wipe
    if acknowledged is not None:
        device.wiped = acknowledged.status == _SUCCESS
        device.wipe = None
        device.policy_key = None
        return ProvisionResponse(status=_SUCCESS)
    if device.wipe:
        return ProvisionResponse(
            status=_SUCCESS,
            remote_wipe=device.wipe == "device",
            account_only_remote_wipe=device.wipe == "account",
        )
    information = None
    if request.device_information is not None and call.version >= "14.1":
        device.information = request.device_information.set
        information = DeviceInformationResponse(status=_SUCCESS)
    if len(request.policies) != 1:
        return ProvisionResponse(device_information=information, status=_PROTOCOL_ERROR)
    asked = request.policies[0]
    initial = asked.policy_key is None
    if initial and call.version >= "14.1" and (device.information is None or not device.information.model):
        return ProvisionResponse(status=_INFORMATION_REQUIRED)
    if not initial and asked.status not in (1, 2):
        # 3 and 4: the client has not applied the policy, and this server lets nobody in who has not.
        return ProvisionResponse(status=_NOT_FULLY_PROVISIONABLE)
    answer = _offer(call, asked) if initial else _acknowledge(call, asked)
    return ProvisionResponse(device_information=information, status=_SUCCESS, policies=[answer])


def _offer(call: Call, asked: PolicyRequest) -> PolicyResponse:
    if asked.policy_type != POLICY_TYPE:
        return PolicyResponse(policy_type=asked.policy_type, status=_UNKNOWN_TYPE)
    policy = call.rules.policy
    if policy is None:
        return PolicyResponse(policy_type=POLICY_TYPE, status=_NO_POLICY)
    offer = call.device.offer = Offer(policy, _new_key())
    return PolicyResponse(
        policy_type=POLICY_TYPE,
        status=_SUCCESS,
        policy_key=offer.key,
        data=PolicyData(eas_provision_doc=policy),
    )


def _acknowledge(call: Call, asked: PolicyRequest) -> PolicyResponse:
    device, offer = call.device, call.device.offer
    if offer is None or asked.policy_key != offer.key:
        return PolicyResponse(policy_type=POLICY_TYPE, status=_WRONG_KEY)
    # An acknowledgement whose answer was lost comes again, and gets the same key.
    offer.final_key = offer.final_key or _new_key()
    device.policy, device.policy_key = offer.policy, offer.final_key
    return PolicyResponse(policy_type=POLICY_TYPE, status=_SUCCESS, policy_key=offer.final_key)


def _new_key() -> str:
    """A policy key: a number of 32 bits, in decimal ([MS-ASPROV] section 2.2.2.42)."""
    while (key := str(secrets.randbits(32))) == "0":
        pass
    return key
