"""Content views for mitmproxy: requests and answers of ActiveSync as XML that can be edited, and as a dump.

    mitmweb -s "$(python -m activesync.mitm)"

mitmproxy loads :mod:`activesync.mitm.addon` so, the one module here that imports it. The views are plain objects that
anything may call which has the bytes, and what mitmproxy calls their metadata.
"""

from .views import DocumentView, DumpView

__all__ = ["DocumentView", "DumpView"]
