"""The script that mitmproxy loads (version 12 or newer): ``mitmproxy -s "$(python -m activesync.mitm)"``.

Another script gets the views by importing ``load`` from here, which mitmproxy calls as it starts.
"""

from typing import Any

from mitmproxy import contentviews
from mitmproxy.exceptions import CommandError

from activesync.mitm import DocumentView, DumpView
from activesync.mitm.views import Metadata


class _RefusedError(CommandError, ValueError):
    """A ValueError, as the interface has it, whose text the console shows; of another it says "unhandled error"."""


class _ConsoleView(DocumentView):
    def reencode(self, prettified: str, metadata: Metadata) -> bytes:
        try:
            return super().reencode(prettified, metadata)
        except ValueError as error:
            raise _RefusedError(str(error)) from error


def load(loader: Any) -> None:
    """Registers both views."""
    contentviews.add(_ConsoleView())
    contentviews.add(DumpView())
