"""Provision: what the server demands of the device, and the key that says so. Source: [MS-ASPROV] section 2.2.2.

Phase one asks for the policy, phase two acknowledges it with the temporary key of phase one; a wipe is asked for and
acknowledged with the same elements. This library only tells of a wipe: it erases nothing.
"""

from __future__ import annotations

from enum import IntEnum

from wbxml import Model, field
from wbxml import Provision as Page

from .command import Command
from .policy import EASProvisionDoc
from .settings import DeviceInformationRequest, DeviceInformationResponse

POLICY_TYPE = "MS-EAS-Provisioning-WBXML"
"""The form of policy document that 12.0 and later send."""


class PolicyApplied(IntEnum):
    """How far a client has applied a policy: [MS-ASPROV] section 2.2.2.54.1. Most servers let nobody in but with 1."""

    FULLY = 1
    PARTLY = 2
    NOT = 3
    BY_THIRD_PARTY = 4


class PolicyData(Model, tag=Page.Data):
    """The policy document."""

    eas_provision_doc: EASProvisionDoc | None = field()


class PolicyResponse(Model, tag=Page.Policy):
    """A policy with its key, or the status that says why there is none."""

    policy_type: str | None = field(Page.PolicyType)
    status: int | None = field(Page.Status)
    policy_key: str | None = field(Page.PolicyKey)
    data: PolicyData | None = field()


class ProvisionResponse(Model, tag=Page.Provision):
    """The policies, or the demand to erase all data of the device or of this account."""

    device_information: DeviceInformationResponse | None = field()
    status: int | None = field(Page.Status)
    policies: list[PolicyResponse] = field(within=Page.Policies)
    remote_wipe: bool = field(Page.RemoteWipe, flag=True)
    account_only_remote_wipe: bool = field(Page.AccountOnlyRemoteWipe, flag=True)


class PolicyRequest(Model, tag=Page.Policy):
    """Asks for a policy, or acknowledges it: then with its temporary key and how far it was applied."""

    policy_type: str | None = field(Page.PolicyType)
    policy_key: str | None = field(Page.PolicyKey)
    status: int | None = field(Page.Status)


class RemoteWipe(Model, tag=Page.RemoteWipe):
    """Whether the device has erased its data: 1 yes, 2 no."""

    status: int | None = field(Page.Status)


class AccountOnlyRemoteWipe(Model, tag=Page.AccountOnlyRemoteWipe):
    """Whether the device has erased the data of this account: 1 yes, 2 no."""

    status: int | None = field(Page.Status)


class Provision(Command[ProvisionResponse], tag=Page.Provision):
    """Asks for policies, acknowledges them, or acknowledges a wipe.

    ``device_information`` belongs into the first request from 14.1 on, and into no other.
    """

    name = "Provision"
    response = ProvisionResponse

    device_information: DeviceInformationRequest | None = field(since="14.1")
    policies: list[PolicyRequest] = field(within=Page.Policies)
    remote_wipe: RemoteWipe | None = field()
    account_only_remote_wipe: AccountOnlyRemoteWipe | None = field()
