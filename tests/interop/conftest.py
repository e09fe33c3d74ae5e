"""One SOGo for the whole run, a fresh user for each test that wants one, and clients of both kinds."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from activesync import Client

from ..blocking import Blocking
from .clients import Connect, Tell
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


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way by a proxy that the environment names: it leads nowhere from this machine's loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.delenv("no_proxy", raising=False)


@pytest.fixture(params=[Client, Blocking], ids=["Client", "AsyncClient"])
def connect(request: pytest.FixtureRequest, sogo: SOGoServer) -> Iterator[Connect]:
    """Opens clients: the test runs once with Client, and once with AsyncClient behind the same face."""
    with ExitStack() as stack:

        def connect(user: User, password: str | None = None, *, url: str | None = None, **options: Any) -> Client:
            if url is None:
                url, options = sogo.url, {"allow_http": True} | options
            client = request.param(url, user.name, user.password if password is None else password, **options)
            stack.callback(client.close)
            return cast(Client, client)

        yield connect


_TOLD = pytest.StashKey[dict[str, None]]()


@pytest.fixture
def tell(pytestconfig: pytest.Config) -> Tell:
    """Has a line printed at the end of the run."""
    told = pytestconfig.stash.setdefault(_TOLD, {})

    def tell(line: str) -> None:
        told[line] = None

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    told = config.stash.get(_TOLD, {})
    if told:
        terminalreporter.section("SOGo")
        for line in told:
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report, with the end of SOGo's log where the test failed."""
    report = yield
    server = getattr(item, "funcargs", {}).get("sogo")
    if report.when == "call" and report.failed and isinstance(server, SOGoServer):
        report.sections.append(("SOGo's log", server.log()))
    return report
