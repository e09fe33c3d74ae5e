"""What is new in an inbox of Exchange Online, signed in by OAuth with msal. docs/exchange-online.md has the set-up.

pip install activesync msal
python exchange_online.py alice@example.com --client-id 00000000-0000-0000-0000-000000000000 --tenant example.com
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msal

from activesync import ActiveSyncError, Client
from activesync.auth import bearer

SCOPES = ["https://outlook.office.com/EAS.AccessAsUser.All"]


def tokens(app: Any, user: str) -> Callable[[], str]:
    """A function that gives a token that is valid now: of the cache, refreshed, or by a code that the user types in."""

    def token() -> str:
        accounts = app.get_accounts(username=user)
        found = app.acquire_token_silent(SCOPES, account=accounts[0]) if accounts else None
        if not found:
            flow = app.initiate_device_flow(scopes=SCOPES)
            if "message" not in flow:
                raise SystemExit(f"no sign-in: {flow.get('error_description', flow.get('error', 'unknown'))}")
            print(flow["message"], file=sys.stderr, flush=True)  # where to go, and the code to type there
            found = app.acquire_token_by_device_flow(flow)
        if "access_token" not in found:
            raise SystemExit(f"no token: {found.get('error_description', found.get('error', 'unknown'))}")
        return str(found["access_token"])

    return token


def main() -> int:
    """The exit code: 0, or that of the error."""
    parser = argparse.ArgumentParser(description="Prints what is new in the inbox of a mailbox in Exchange Online.")
    parser.add_argument("user", help="such as alice@example.com")
    parser.add_argument("--client-id", required=True, help="the id of your application in Microsoft Entra")
    parser.add_argument("--tenant", default="organizations", help="its domain or id")
    parser.add_argument("--url", default="https://outlook.office365.com")
    parser.add_argument("--store", type=Path, default=Path("exchange_online.db"))
    parser.add_argument("--allow-http", action="store_true", help="for a server of tests")
    given = parser.parse_args()
    app = msal.PublicClientApplication(given.client_id, authority=f"https://login.microsoftonline.com/{given.tenant}")
    try:
        with Client(
            given.url, given.user, auth=bearer(tokens(app, given.user)), store=given.store, allow_http=given.allow_http
        ) as eas:
            for page in eas.sync("inbox"):
                for change in page.changes:
                    print(
                        type(change).__name__, change.server_id, getattr(getattr(change, "item", None), "subject", "")
                    )
    except ActiveSyncError as error:
        print(f"exchange_online: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
