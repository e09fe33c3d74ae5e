"""Writes the tags of mitmproxy's copy of ASWBXML, and what it makes of captured documents.

    python tests/wbxml/aswbxml_reference.py tests/data/mitmproxy/aswbxml.json

It needs mitmproxy in its own environment, and of this project the captures alone.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

SOGO = Path(__file__).parents[1] / "data" / "sogo"
DOCUMENTS = (
    "FolderSync-initial.response",
    "GetItemEstimate.response",
    "Ping-change.response",
    "Provision-1.response",
    "ResolveRecipients.response",
    "Search-GAL.response",
    "Settings-Oof-set.request",
    "Sync-calendar-initial.response",
    "Sync-contacts-initial.response",
    "Sync-email-text.response",
    "Sync-tasks-initial.response",
)


def main() -> None:
    theirs = import_module("mitmproxy.contrib.wbxml.ASCommandResponse")
    made = {name: theirs.ASCommandResponse((SOGO / f"{name}.wbxml").read_bytes()).xmlString for name in DOCUMENTS}
    pages = import_module("mitmproxy.contrib.wbxml.ASWBXML").ASWBXML().codePages
    found = {
        "mitmproxy": version("mitmproxy"),
        "python": sys.version.split()[0],
        "tags": {
            number: {f"0x{token:02X}": name for token, name in page.tokenLookup.items()}
            for number, page in enumerate(pages)
        },
        "documents": made,
    }
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
