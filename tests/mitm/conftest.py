"""The embedded server, and a folder for mitmproxy's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from activesync.commands import EASProvisionDoc
from activesync.testing import EASServer, sample_mailbox

_HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """True, which leaves this folder out, unless an argument names it or something inside.

    mitmproxy needs another Python than these tests' oldest: `make mitmproxy` has an environment with it.
    """
    named = (Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(_HERE) for path in named) else True


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy but those that a test starts."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[EASServer]:
    """A server that compresses, and wants its policy to be agreed to."""
    with EASServer(
        sample_mailbox(mails=20, contacts=5, events=5, tasks=3, notes=2), policy=EASProvisionDoc(), compress=True
    ) as running:
        yield running
