"""What a request must keep to, looked at before it is sent, with the requirement of Microsoft's that says so.

It looks at the document, whoever made it, and so serves those who read other people's requests as well: breaches()
gives all of them, check() raises at the first. What a version does not have at all is refused when a Model is encoded.
Only what a request MUST keep to is looked at, not what it SHOULD.

tables.py lists what can be said in a line: lengths, ranges, how many, and what no request holds. sync.py, items.py and
others.py hold the rules that take more. Sources: [MS-ASCMD], [MS-ASCAL], [MS-ASCNTC], [MS-ASEMAIL], [MS-ASTASK],
[MS-ASAIRS] and [MS-ASPROV], by the ids of their requirements.
"""

from __future__ import annotations

from collections.abc import Iterator

from wbxml import AirSync, Document, Find, GetItemEstimate, Ping, Provision, Search, Settings

from ..errors import RequestError
from . import others
from .bounds import bounded
from .breach import Breach
from .sync import sync

_RULES = {
    AirSync.Sync: sync,
    Find.Find: others.find,
    GetItemEstimate.GetItemEstimate: others.get_item_estimate,
    Ping.Ping: others.ping,
    Provision.Provision: others.provision,
    Search.Search: others.search,
    Settings.Settings: others.settings,
}


def check(document: Document, version: str) -> None:
    """Raises RequestError for the first breach in a request of this protocol version."""
    for breach in breaches(document, version):
        raise RequestError(breach.requirement, breach.message)


def breaches(document: Document, version: str) -> Iterator[Breach]:
    """All breaches in a request of this protocol version, in no certain order."""
    root = document.root
    yield from bounded(root, version)
    rules = _RULES.get(root.tag)
    if rules is not None:
        yield from rules(root, version)


__all__ = ["Breach", "breaches", "check"]
