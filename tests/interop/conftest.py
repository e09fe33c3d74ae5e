"""One SOGo for the whole run, and a fresh user for each test that wants one."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from .sogo import SOGoServer, User

_HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """True, which leaves this folder out, unless an argument names it or something inside.

    They need root and Debian packages: ``pytest`` and ``pytest tests`` must work without either.
    """
    named = (Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(_HERE) for path in named) else True


@pytest.fixture(scope="session")
def sogo() -> Iterator[SOGoServer]:
    """A running SOGo with the users alice and bob. Tests that change anything take a `user` of their own."""
    with SOGoServer() as server:
        yield server


@pytest.fixture
def user(sogo: SOGoServer) -> User:
    """A user whom no other test knows, with empty mailboxes, address book and calendar (about 50 ms)."""
    return sogo.add_user()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report, with the end of SOGo's log where the test failed."""
    report = yield
    server = getattr(item, "funcargs", {}).get("sogo")
    if report.when == "call" and report.failed and isinstance(server, SOGoServer):
        report.sections.append(("SOGo's log", server.log()))
    return report
