"""The command that tells what a server is, what is not in order there, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from ..client import Client
from ..commands import COMMANDS, EASProvisionDoc, FilterType, ProvisionResponse
from ..errors import (
    ActiveSyncError,
    AddressError,
    AuthenticationError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    ForbiddenError,
    HTTPError,
    NotActiveSyncError,
    NotFoundError,
    PasswordExpiredError,
    RedirectError,
    ServerBusyError,
    StatusError,
    TimedOutError,
    TransportError,
    VersionError,
)
from ..plain import plain_fields
from ..session import NO_POLICY
from .account import Account, account_options
from .certificate import Seen, look
from .output import clean, emit, facts, size, table


@click.command(
    epilog="""\b
Examples:
  activesync probe --url https://mail.example.com --user alice
  activesync --profile work probe --json"""
)
@account_options
def probe(account: Account, as_json: bool) -> None:
    """Tell what the server is: certificate, versions, commands, policy, and what is not in order.

    It also shows whether user and password are right, and what to do where something is not in order. It ends with the
    exit code of the first failure.
    """
    found = Found()
    if seen := look(account.url, account.verify, account.certificate, min(account.timeout, 10.0)):
        found.certified(seen)
    with account.client() as eas:
        found.ask(eas)
    emit(as_json, found.data, lambda: _draw(found))
    if found.failure is not None:
        raise found.failure


class Found:
    """What has been found out so far. ``data`` is for --json; ``failure`` is the first thing that failed."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {"problems": []}
        self.asked = "not asked"
        self.failure: ActiveSyncError | None = None

    def certified(self, seen: Seen) -> None:
        """Takes down the server's certificate."""
        trouble = seen.trouble(datetime.now(UTC))
        self.data["certificate"] = {
            "subject": seen.subject,
            "issuer": seen.issuer,
            "names": seen.names,
            "valid_from": seen.since,
            "valid_until": seen.until,
            "trusted": seen.code is None,
        }
        if trouble:
            self._problem("certificate", *trouble)

    def ask(self, eas: Client) -> None:
        """Asks the server for everything, as far as it answers."""
        first = eas.session.url
        self.data["host"] = eas.session.host
        steps = {"options": self._options, "policy": self._policy, "folders": self._folders}
        for name, step in steps.items():
            try:
                step(eas)
            except ActiveSyncError as error:
                self._failed(name, error, eas)
                if not isinstance(error, StatusError):
                    break
        if eas.session.url != first:
            self.data["moved_to"] = eas.session.url
            self._problem(
                "address", f"the server has moved to {eas.session.url}", "give that address by --url from now on"
            )
        if (days := eas.password_expires) is not None:
            self._problem("password", f"the password expires in {days} days", "set another one before that")

    def _options(self, eas: Client) -> None:
        offer = eas.options()
        missing = sorted(set(COMMANDS) - set(offer.commands)) if offer.commands else []
        self.data |= {
            "host": eas.session.host,
            "version": offer.version,
            "versions": offer.versions,
            "commands": offer.commands,
            "commands_missing": missing,
        }

    def _policy(self, eas: Client) -> None:
        self.data["policy"] = None
        self.asked = "not known"
        answer: ProvisionResponse = eas.run(eas.session.first_provision())
        if answer.remote_wipe or answer.account_only_remote_wipe:
            self.asked = "the server asks for a wipe of this device"
            return
        policy = answer.policies[0] if answer.policies else None
        if policy is not None and policy.data is not None and policy.data.eas_provision_doc is not None:
            self.asked = "see below"
            self.data["policy"] = plain_fields(policy.data.eas_provision_doc)
            self.data["policy_in_words"] = list(in_words(policy.data.eas_provision_doc))
        # Of a policy, status 2 says that there is none for this client ([MS-ASPROV] section 2.2.2.54.1).
        elif answer.status in (None, 1) and (policy is None or policy.status in (None, 1, 2)):
            self.asked = "none"
        else:
            self.asked = f"unknown: the server answers with status {(policy and policy.status) or answer.status}"

    def _folders(self, eas: Client) -> None:
        self.data["folders"] = len(eas.folders())
        self.data["provisioning"] = eas.session.policy_key != NO_POLICY

    def _failed(self, step: str, error: ActiveSyncError, eas: Client) -> None:
        told = self.data["problems"]
        if not (isinstance(error, CertificateError) and told):  # which the certificate itself has said, and better
            self._problem(step, str(error), advice(error, eas.session.device_id))
        self.failure = self.failure or error

    def _problem(self, about: str, what: str, then: str) -> None:
        self.data["problems"].append({"about": about, "what": what, "advice": then})


#: What to do about a failure, by its kind; the first that fits counts.
_ADVICE: tuple[tuple[type[ActiveSyncError], str], ...] = (
    (PasswordExpiredError, "set another password, and give that"),
    (
        AuthenticationError,
        (
            "look at both: the user may have to be the whole address, or DOMAIN\\user; try --ntlm where the"
            " server takes NTLM. Exchange Online takes no passwords: put a token into ACTIVESYNC_TOKEN"
        ),
    ),
    (
        ForbiddenError,
        (
            "ask the administrator whether ActiveSync is switched on for the user, and whether the device {device} is"
            " blocked or in quarantine"
        ),
    ),
    (NotFoundError, "look at the address: the path is mostly /Microsoft-Server-ActiveSync, and is added by itself"),
    (
        RedirectError,
        (
            "the password goes to no other site without your consent: give that address by --url, if it is one of your"
            " organisation's, over https"
        ),
    ),
    (CertificateError, "ask the server's administrator; --ca-file names an authority of your own"),
    (AddressError, "look for a slip in the address, and whether this machine is online, or needs a VPN"),
    (ConnectError, "look at host and port; a firewall may be in between, or a proxy be needed (HTTPS_PROXY)"),
    (TimedOutError, "try again later, or with a longer --timeout; a firewall may drop the connection"),
    (ConnectionLostError, "try again; if it goes on, look at what is between: a proxy, a firewall, a load balancer"),
    (NotActiveSyncError, "something else than ActiveSync answers, such as a page to sign in: look at the address"),
    (VersionError, "this client speaks 12.1 and later: the server needs an update"),
)

#: What to do about a status of [MS-ASCMD] section 2.2.2: of the codes, those that say that a person must act.
_OF_STATUS = {
    126: "ask the administrator to switch ActiveSync on for this user",
    127: "ask the administrator for the address of the server that has the mailbox",
    128: "ask the administrator for the address of the server that has the mailbox",
    129: "the device {device} is blocked or in quarantine: ask the administrator to allow it, among the mobile devices"
    " of the mailbox; a new device may have to wait some minutes until it is known",
    130: "ask the administrator which rights the user lacks",
    131: "ask the administrator to enable the account",
    139: "the policy demands what this client does not say of itself: ask the administrator to allow devices that do"
    " not apply it in full",
    140: "the administrator has asked for the data to be erased: nothing was erased here; ask him to withdraw it",
    141: "the server takes no devices that do not provision: ask the administrator what it expects",
    145: "the server takes no devices that are managed elsewhere: ask the administrator",
    177: "the user has as many devices as he may: remove old ones, in Outlook on the web under Mobile devices, or ask"
    " the administrator; the same --store keeps this one the same device",
}


def advice(error: ActiveSyncError, device: str | None) -> str:
    """What a person can do about the failure."""
    named = device or "of this client"
    if isinstance(error, ServerBusyError):
        pause = f"wait {error.retry_after:.0f} s" if error.retry_after else "wait some minutes"
        why = f" ({error.throttle})" if error.throttle else ""
        return f"the server holds this user or device back{why}: {pause}, and ask less often"
    if isinstance(error, HTTPError) and error.status == 456:
        return "the account is blocked: sign in on the server's web page, or ask the administrator"
    if isinstance(error, StatusError):
        return _OF_STATUS.get(error.status, "look the status up in [MS-ASCMD], or ask the administrator").format(
            device=named
        )
    for kind, words in _ADVICE:
        if isinstance(error, kind):
            return words.format(device=named)
    if isinstance(error, TransportError | HTTPError):
        return "try again later; if it goes on, ask the server's administrator"
    return "the server does not keep to the protocol: tell its administrator"


#: What a policy demands, where the setting has one value alone that demands something.
_DEMANDS: dict[str, tuple[bool, str]] = {
    "device_password_enabled": (True, "the device must have a password"),
    "alphanumeric_device_password_required": (True, "the password has letters and digits"),
    "allow_simple_device_password": (False, "the password is none such as 1111 or 1234"),
    "password_recovery_enabled": (True, "the server keeps a password by which the device can be opened"),
    "require_device_encryption": (True, "what is kept on the device must be encrypted"),
    "require_storage_card_encryption": (True, "what is kept on storage cards must be encrypted"),
    "attachments_enabled": (False, "attachments may not be fetched"),
    "allow_html_email": (False, "mails come as text alone"),
    "require_manual_sync_when_roaming": (True, "abroad, synchronise only when the user asks for it"),
    "require_signed_smime_messages": (True, "mails must be signed"),
    "require_encrypted_smime_messages": (True, "mails must be encrypted"),
}

_NUMBERS: dict[str, Callable[[int], str]] = {
    "min_device_password_length": "the password has {} characters or more".format,
    "min_device_password_complex_characters": "the password has {} kinds of characters or more".format,
    "device_password_expiration": "the password is changed every {} days".format,
    "device_password_history": "the last {} passwords are not used again".format,
    "max_device_password_failed_attempts": "after {} wrong passwords the device erases itself".format,
    "max_inactivity_time_device_lock": "the device locks itself after {} s without use".format,
    "max_attachment_size": lambda value: f"attachments above {size(value)} may not be fetched",
    "max_email_body_truncation_size": "no more than {} characters of a mail's text may be fetched".format,
    "max_email_html_body_truncation_size": "no more than {} characters of a mail's HTML may be fetched".format,
}


def in_words(policy: EASProvisionDoc) -> Iterator[str]:
    """What the policy demands of a device, a sentence each; settings that demand nothing have none."""
    for name, value in plain_fields(policy.effective()).items():
        known = getattr(policy.effective(), name)
        if name in _DEMANDS:
            if known is _DEMANDS[name][0]:
                yield _DEMANDS[name][1]
        elif name in _NUMBERS:
            # -1 is no limit for the sizes of bodies, 0 no demand for the others ([MS-ASPROV] section 2.2.2).
            if isinstance(known, int) and known > 0:
                yield _NUMBERS[name](known)
        elif isinstance(known, FilterType):
            if known is not FilterType.ALL:
                what = "events" if name == "max_calendar_age_filter" else "mails"
                yield f"{what} no older than {known.name.lower().replace('_', ' ')} may be synchronised"
        elif known is False and name.startswith("allow_"):
            yield f"not allowed: {name.removeprefix('allow_').replace('_', ' ')}"
        elif isinstance(value, list) and value:
            yield f"{name.replace('_', ' ')}: {', '.join(map(str, value))}"


def _draw(found: Found) -> None:
    data = found.data
    pairs: list[tuple[str, object]] = [("Server", data["host"])]
    if certificate := data.get("certificate"):
        said = "in order" if certificate["trusted"] else "NOT TO BE TRUSTED"
        pairs.append(
            (
                "Certificate",
                (
                    f"{said}: of {certificate['subject']}, signed by {certificate['issuer']},"
                    f" valid until {certificate['valid_until']:%Y-%m-%d}"
                ),
            )
        )
    if "version" in data:
        pairs += [
            ("Sign-in", "user and password are right"),
            ("Version", f"{data['version']}, of {', '.join(data['versions'])}"),
            ("Commands", ", ".join(data["commands"])),
        ]
        if data["commands_missing"]:
            pairs.append(("Not offered", ", ".join(data["commands_missing"])))
    if "provisioning" in data:
        needed = "required before anything else" if data["provisioning"] else "not required"
        pairs.append(("Provisioning", needed))
    pairs.append(("Policy", found.asked))
    if "folders" in data:
        pairs.append(("Folders", data["folders"]))
    facts(pairs)
    if policy := data.get("policy"):
        table(("Policy", "Value"), [(name.replace("_", " "), _word(value)) for name, value in policy.items()])
        for demand in data["policy_in_words"]:
            click.echo(f"- {clean(demand)}")
    for problem in data["problems"]:
        click.echo(f"Not in order: {clean(problem['what'])}")
        click.echo(f"  What to do: {clean(problem['advice'])}")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, dict)):
        return ", ".join(str(one) for one in value)
    return str(value)


__all__ = ["advice", "in_words", "probe"]
