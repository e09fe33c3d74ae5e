"""The commands that ask a server something, or set something, and show the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from ..commands import (
    GALEntry,
    Oof,
    OofMessage,
    OofState,
    SearchResult,
    UserInformation,
)
from ..errors import UsageError
from ..hierarchy import Hierarchy
from ..plain import plain_fields
from .account import Account, account_options
from .output import clean, emit, facts, table
from .sync import choose, filter_option


def _command(name: str, example: str) -> Callable[[Callable[..., None]], click.Command]:
    return click.command(name, epilog=f"\b\nExample:\n  activesync {name} {example}")


# folders, estimate


@_command("folders", "--url https://mail.example.com --user alice")
@account_options
def folders(account: Account, as_json: bool) -> None:
    """Show the folders of the mailbox."""
    with account.client() as eas:
        hierarchy = eas.folders()
    tree = list(hierarchy.tree())
    data = [{**plain_fields(one), "class": one.item_class, "depth": depth} for depth, one in tree]
    rows = [
        ("  " * depth + clean(one.name), one.type.name.lower().replace("_", " "), one.item_class, one.collection_id)
        for depth, one in tree
    ]
    emit(as_json, {"folders": data}, lambda: table(("Folder", "Type", "Class", "Id"), rows))


@_command("estimate", "--url https://mail.example.com --user alice --store alice.db inbox")
@click.argument("names", metavar="[FOLDER]...", nargs=-1)
@filter_option
@account_options
def estimate(account: Account, as_json: bool, names: tuple[str, ...], filter_type: Any) -> None:
    """Tell how many items the next sync would bring.

    FOLDER is a name, a role such as inbox, or an id; none stands for all.
    """
    with account.client() as eas:
        chosen = choose(eas.folders(), names)
        found = [(folder, eas.estimate(folder, filter_type=filter_type)) for folder in chosen]
    total = sum(count for _, count in found)
    data = {
        "folders": [{"collection_id": one.collection_id, "name": one.name, "estimate": count} for one, count in found],
        "total": total,
    }
    rows: list[tuple[object, ...]] = [(one.name, count) for one, count in found]
    emit(as_json, data, lambda: table(("Folder", "Items"), [*rows, ("Total", total)], numbers="Items"))


# search


@_command("search", "--url https://mail.example.com --user alice --gal smith")
@click.argument("text")
@click.option("--gal", is_flag=True, help="Search the address list for people, not the mailbox for mails.")
@click.option("--folder", help="Search this folder alone: a name, a role or an id.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show no more than this.")
@account_options
def search(account: Account, as_json: bool, text: str, gal: bool, folder: str | None, limit: int) -> None:
    """Search the mailbox for mails, or the address list for people."""
    if gal and folder:
        raise UsageError("--folder is for mails: an address list has none")
    with account.client() as eas:
        if gal:
            people = eas.search_gal(text, limit=limit)
            emit(as_json, {"results": people}, lambda: _draw_people(people))
        else:
            hierarchy = eas.folders()
            mails = eas.search(text, folder=choose(hierarchy, [folder])[0] if folder else None, limit=limit)
            emit(as_json, {"results": mails}, lambda: _draw_mails(mails, hierarchy))


def _draw_people(people: Iterable[GALEntry]) -> None:
    table(
        ("Name", "E-mail", "Phone", "Company", "Title"),
        [
            (one.display_name, one.email_address, one.phone or one.mobile_phone, one.company, one.title)
            for one in people
        ],
    )


def _draw_mails(mails: Iterable[SearchResult], hierarchy: Hierarchy) -> None:
    rows = []
    for mail in mails:
        item: Any = mail.properties
        folder = hierarchy.get(mail.collection_id or "")
        rows.append(
            (
                _time(getattr(item, "date_received", None)),
                getattr(item, "from_", None),
                getattr(item, "subject", None),
                folder.name if folder else None,
            )
        )
    table(("Received", "From", "Subject", "Folder"), rows)


def _time(when: datetime | None) -> str | None:
    """The time where the user is, to the minute."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M") if when else None


# oof


_AUDIENCES = ("applies_to_internal", "applies_to_external_known", "applies_to_external_unknown")


def _date(context: click.Context, option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # One without a zone is the user's local time.
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is no date such as 2026-08-01 or 2026-08-01T18:00") from error


@_command("oof", "--text 'Back on Monday' --from 2026-08-01 --until 2026-08-10T08:00")
@click.option("--text", help="Reply with this text to everybody.")
@click.option("--html", help="Reply with this HTML to everybody.")
@click.option("--from", "start", metavar="DATE", callback=_date, help="Reply from this time on; only with --until.")
@click.option("--until", "end", metavar="DATE", callback=_date, help="Reply until this time; begins now, or at --from.")
@click.option("--off", is_flag=True, help="Reply to nobody.")
@account_options
def oof(
    account: Account,
    as_json: bool,
    text: str | None,
    html: str | None,
    start: datetime | None,
    end: datetime | None,
    off: bool,
) -> None:
    """Show the out-of-office replies, or set them.

    Dates are local time, or have a zone: 2026-08-01, 2026-08-01T18:00, 2026-08-01T18:00+02:00.
    """
    message = html if text is None else text
    if off and (message is not None or start or end):
        raise UsageError("--off stands alone")
    if text is not None and html is not None:
        raise UsageError("give --text or --html, not both")
    if message is None and (start or end):
        raise UsageError("--from and --until say when to reply: say what, too, by --text or --html")
    if start and not end:
        raise UsageError("--from needs --until: the protocol knows no absence without an end")
    if end and end <= (start or datetime.now(UTC)):
        raise UsageError("--until is not after --from, or is past")
    with account.client() as eas:
        if off:
            eas.set_oof(None)
        elif message is not None:
            eas.set_oof(
                Oof(
                    oof_state=OofState.SCHEDULED if end else OofState.ENABLED,
                    start_time=(start or datetime.now(UTC)) if end else None,
                    end_time=end,
                    messages=[
                        OofMessage(
                            **{audience: True},
                            enabled=True,
                            reply_message=message,
                            body_type="HTML" if text is None else "Text",
                        )
                        for audience in _AUDIENCES
                    ],
                )
            )
        replies = eas.oof(body_type="Text" if html is None else "HTML")
    emit(as_json, replies, lambda: _draw_oof(replies))


def _draw_oof(replies: Oof) -> None:
    state = replies.oof_state
    scheduled = state is OofState.SCHEDULED
    words = {OofState.DISABLED: "off", OofState.ENABLED: "on", OofState.SCHEDULED: "on for a time"}
    facts(
        [
            ("Out of office", "unknown" if state is None else words[state]),
            ("From", _time(replies.start_time) if scheduled else None),
            ("Until", _time(replies.end_time) if scheduled else None),
        ]
    )
    rows = []
    for message in replies.messages:
        audience = "own organisation" if message.applies_to_internal else "known others"
        if message.applies_to_external_unknown:
            audience = "all others" if not message.applies_to_external_known else "known and all others"
        sent = message.enabled and state is not OofState.DISABLED
        rows.append((audience, "yes" if sent else "no", message.reply_message))
    if rows:
        table(("Reply to", "Sent", "Text"), rows)


# settings


@_command("settings", "--url https://mail.example.com --user alice --friendly-name 'Archive of Alice'")
@click.option("--model", help="Tell the server that the device is this model.")
@click.option("--friendly-name", help="Tell the server this name of the device.")
@click.option("--os", help="Tell the server the device's operating system.")
@click.option("--os-language", help="Tell the server the device's language.")
@click.option("--phone-number", help="Tell the server the device's telephone number.")
@account_options
def settings(account: Account, as_json: bool, **device: str | None) -> None:
    """Show the user's addresses, and describe the device."""
    told: dict[str, Any] = {name: value for name, value in device.items() if value is not None}
    with account.client() as eas:
        sent = None
        if told:
            sent = replace(eas.session.device, **told)
            eas.device_information(sent)
        user = eas.user_information()
    emit(as_json, {"user": user, "device": sent}, lambda: _draw_settings(user, told))


def _draw_settings(user: UserInformation, told: dict[str, str]) -> None:
    rows = []
    if user.email_addresses:
        rows.append(("", user.email_addresses.primary_smtp_address, ", ".join(user.email_addresses.smtp_addresses)))
    for account in user.accounts:
        addresses = account.email_addresses
        rows.append(
            (
                account.user_display_name or account.account_name or account.account_id or "",
                addresses.primary_smtp_address if addresses else None,
                ", ".join(addresses.smtp_addresses) if addresses else "",
            )
        )
    table(("User", "Primary address", "Addresses"), rows)
    for name, value in told.items():
        click.echo(f"Told the server: {name.replace('_', ' ')} is {clean(value)}")


__all__ = ["estimate", "folders", "oof", "search", "settings"]
