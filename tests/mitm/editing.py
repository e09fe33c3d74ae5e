"""A script for mitmproxy that edits what goes by, through the view, as its console does with what a person types."""

import logging
import os

from mitmproxy import contentviews, http

VIEW = "ActiveSync"
_log = logging.getLogger(__name__)


def _edit(message: http.Message, flow: http.HTTPFlow, old: str, new: str) -> None:
    shown = contentviews.prettify_message(message, flow, "auto")
    assert shown.view_name == VIEW
    assert isinstance(contentviews.registry[VIEW], contentviews.InteractiveContentview)
    if old in shown.text:
        try:
            edited = shown.text.replace(old, new)
            message.content = contentviews.reencode_message(edited, message, flow, shown.view_name)
        except ValueError as error:
            _log.info("refused: %s", error)


def request(flow: http.HTTPFlow) -> None:
    """Searches for something else than is asked for."""
    _edit(flow.request, flow, "agenda", os.environ["EDITED_QUERY"])
    _edit(flow.request, flow, ">broken<", "><broken<")


def response(flow: http.HTTPFlow) -> None:
    """Gives the inbox another name."""
    _edit(flow.response, flow, "<DisplayName>Inbox<", "<DisplayName>Nicht alles, aber vieles &amp; Übriges<")
