"""A private SOGo for one test run: ActiveSync over http and https, with IMAP, DAV and SMTP beside it.

Everything runs as user ``sogo`` on free ports of loopback and keeps its state in one folder; nothing of the machine's
own configuration is read or changed. ``install.sh`` installs what is needed; starting it takes root.
"""

import glob
import os
import shutil
from base64 import b64encode
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from .daemons import Daemons, StartError, listens
from .dav import Dav
from .imap import Mailbox

DOMAIN = "example.test"
FOLDERS = ("INBOX", "Drafts", "Sent", "Trash", "Junk", "Templates")

_ETC = Path(__file__).parent / "etc"
_ACCOUNT = "sogo"


@dataclass(frozen=True, kw_only=True)
class User:
    """One account, known to SOGo, to IMAP and to the global address list."""

    name: str
    password: str = field(repr=False)
    given_name: str
    surname: str

    @property
    def mail(self) -> str:
        """The e-mail address."""
        return f"{self.name}@{DOMAIN}"

    @property
    def display_name(self) -> str:
        """The name as the global address list shows it."""
        return f"{self.given_name} {self.surname}"

    @property
    def authorization(self) -> str:
        """The value of an HTTP Authorization header."""
        return "Basic " + b64encode(f"{self.name}:{self.password}".encode()).decode()


class SOGoServer:
    """A SOGo that runs from start() to stop(), or as a context manager.

    Attributes, there from start() on:
        url        ActiveSync straight from SOGo, over http
        tls_url    ActiveSync through nginx, over https and under Exchange's path
        ca_file    the certificate to trust for it: self-signed, for 127.0.0.1 and localhost
        imap_port  IMAP without TLS
        fast       whether SOGo runs without its pauses before IMAP commands, which make a large mailbox 18 times
                   slower; False where there is no C compiler
        log_file   SOGo's own log
        users      every User by name; alice and bob exist from the start
    """

    url: str
    tls_url: str
    ca_file: str
    log_file: str
    imap_port: int
    fast: bool

    def __init__(self, *, debug: bool = False) -> None:
        """Starts nothing yet. With `debug`, log() also has each request and answer as libwbxml reads them."""
        self.users: dict[str, User] = {}
        self._debug = debug
        self._daemons: Daemons | None = None
        self._smtp: Controller | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def alice(self) -> User:
        """The first user."""
        return self.users["alice"]

    @property
    def bob(self) -> User:
        """The second user, for mail between two."""
        return self.users["bob"]

    def start(self) -> None:
        """Nothing; every part answers afterwards.

        Errors: StartError, which names the part that failed. Then, as after Ctrl-C, nothing is left running.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Nothing; every process has ended and its files are removed. Harmless when called again."""
        daemons, self._daemons = self._daemons, None
        smtp, self._smtp = self._smtp, None
        if daemons is not None:
            daemons.stop()
        if smtp is not None:
            smtp.stop()

    def add_user(self, name: str | None = None, *, given_name: str = "Una", surname: str = "User") -> User:
        """A new account with an empty mailbox, ready for ActiveSync.

        Its very first ActiveSync request must not run beside another one of it: each makes SOGo create the user's cache
        table, and all but the first then end with HTTP 501.

        Arguments: `name` of small letters and digits, made up if None; the other names are shown in the address list.
        """
        name = name or f"user{len(self.users)}"
        if not (name.isascii() and name.isalnum() and name == name.lower()) or name in self.users:
            raise ValueError(f"user name {name!r}: it takes small letters and digits only, and each name once")
        user = User(name=name, password=f"{name}-pw", given_name=given_name, surname=surname)
        columns = {
            "c_uid": user.name,
            "c_name": user.name,
            "c_password": user.password,
            "c_cn": user.display_name,
            "displayname": user.display_name,
            "mail": user.mail,
            "givenname": user.given_name,
            "sn": user.surname,
            "o": "Example Limited",
        }
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in columns.values())
        self._sql(f"INSERT INTO sogo_users ({', '.join(columns)}) VALUES ({values});")
        self.users[name] = user
        with self.imap(user) as mailbox:
            mailbox.prime(FOLDERS)
        return user

    def imap(self, user: User) -> Mailbox:
        """A new IMAP connection of the user, to be used as a context manager."""
        return Mailbox(self.imap_port, user.name, user.password)

    def dav(self, user: User) -> Dav:
        """The user's contacts and calendar over DAV."""
        return Dav(self._sogo_port, user.name, user.authorization)

    def log(self, lines: int = 40) -> str:
        """The last lines of SOGo's own log."""
        return self._running.log("sogo", lines)

    @property
    def _running(self) -> Daemons:
        if self._daemons is None:
            raise RuntimeError("the server is not running: call start() first")
        return self._daemons

    def _start(self) -> None:
        if os.geteuid() != 0:
            raise StartError("the servers run under an account of their own: start the tests as root")
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not programs or not os.path.exists("/usr/sbin/sogod"):
            raise StartError("SOGo is not installed: run install.sh, which stands beside this file, as root")
        self._daemons = daemons = Daemons(_ACCOUNT)
        root = daemons.root
        self._sogo_port, tls_port, self.imap_port, smtp_port, sql_port = range(daemons.port, daemons.port + 5)
        self.url = f"http://127.0.0.1:{self._sogo_port}/SOGo/Microsoft-Server-ActiveSync"
        self.tls_url = f"https://127.0.0.1:{tls_port}/Microsoft-Server-ActiveSync"
        self.ca_file = f"{root}/tls.crt"
        self.log_file = f"{root}/log/sogo.log"
        self._psql = (
            f"{programs[-1]}/psql -X -q -v ON_ERROR_STOP=1 -h {root}/run -p {sql_port} -U sogo -d postgres".split()
        )

        daemons.folder("mail")
        daemons.folder("run")
        ports = {"sogo": self._sogo_port, "tls": tls_port, "imap": self.imap_port}
        for name in ("dovecot.conf", "nginx.conf"):
            text = _Configuration((_ETC / name).read_text()).substitute(ports, root=root, account=_ACCOUNT)
            daemons.file(name, text)

        daemons.start("memcached", "/usr/bin/memcached", *f"-s {root}/run/memcached.sock -m 64 -U 0".split())
        daemons.start("dovecot", "/usr/sbin/dovecot", "-F", "-c", f"{root}/dovecot.conf")
        self._make_certificate()
        daemons.start("nginx", "/usr/sbin/nginx", "-e", "stderr", "-c", f"{root}/nginx.conf")
        daemons.run(f"{programs[-1]}/initdb", *f"-D {root}/sql -U sogo -A trust -E UTF8 --locale=C.UTF-8 -N".split())
        daemons.start(
            "postgres",
            f"{programs[-1]}/postgres",
            *f"-D {root}/sql -k {root}/run -p {sql_port} -c listen_addresses=127.0.0.1".split(),
            # Throw-away data: nothing needs to survive a crash.
            *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
            # Its children leave its process group; SIGQUIT lets it end them itself, at once.
            signal="QUIT",
        )
        smtp = Controller(_Delivery(self), hostname="127.0.0.1", port=smtp_port)
        smtp.start()
        self._smtp = smtp
        daemons.wait("dovecot", lambda: listens(self.imap_port))
        daemons.wait("nginx", lambda: listens(tls_port))
        daemons.wait("memcached", (root / "run" / "memcached.sock").exists)
        daemons.wait("postgres", self._sql_answers)
        self._sql((_ETC / "users.sql").read_text())
        self.add_user("alice", given_name="Alice", surname="Archer")
        self.add_user("bob", given_name="Bob", surname="Baker")
        self._start_sogo(f"postgresql://sogo:sogo@127.0.0.1:{sql_port}/postgres", smtp_port)
        daemons.wait("sogo", self._sogo_answers)

    def _start_sogo(self, database: str, smtp_port: int) -> None:
        root = self._running.root
        source = (
            f'({{type=sql; id=users; displayName=Users; viewURL="{database}/sogo_users"; '
            "canAuthenticate=YES; isAddressBook=YES; userPasswordAlgorithm=plain;})"
        )
        settings = {
            "WONoDetach": "YES",
            "WOPort": f"127.0.0.1:{self._sogo_port}",
            "WOPidFile": f"{root}/run/sogo.pid",
            "WOLogFile": "-",
            "WOWorkersCount": "4",
            "WOListenQueueSize": "64",
            "WOWatchDogRequestTimeout": "30",
            "SxVMemLimit": "2048",
            "SOGoProfileURL": f"{database}/sogo_user_profile",
            "OCSFolderInfoURL": f"{database}/sogo_folder_info",
            "OCSSessionsFolderURL": f"{database}/sogo_sessions_folder",
            "OCSEMailAlarmsFolderURL": f"{database}/sogo_alarms_folder",
            "SOGoUserSources": source,
            "SOGoMemcachedHost": f"{root}/run/memcached.sock",
            "SOGoIMAPServer": f"imap://127.0.0.1:{self.imap_port}",
            "SOGoMailingMechanism": "smtp",
            "SOGoSMTPServer": f"smtp://127.0.0.1:{smtp_port}",
            "SOGoMailDomain": DOMAIN,
            "SOGoMailSpoolPath": f"{root}/run",
            "SOGoVacationEnabled": "YES",
            "SOGoTimeZone": "UTC",
            "SOGoLanguage": "English",
            # Held requests: how long at most, and how often SOGo looks for changes meanwhile, in seconds.
            "SOGoMaximumPingInterval": "60",
            "SOGoMaximumSyncInterval": "60",
            "SOGoInternalSyncInterval": "5",
            # The client's window alone limits a page.
            "SOGoMaximumSyncWindowSize": "0",
            "SOGoEASSearchInBody": "YES",
            "SOGoEASDebugEnabled": "YES" if self._debug else "NO",
        }
        library = self._compile_nowait()
        self.fast = library is not None
        words = [word for name, value in settings.items() for word in (f"-{name}", value)]
        environment = {} if library is None else {"LD_PRELOAD": str(library)}
        self._launch = partial(self._running.start, "sogo", "/usr/sbin/sogod", *words, environment=environment)
        self._launch()

    def kill(self) -> None:
        """Nothing, once SOGo itself has been killed; IMAP, database and nginx stay."""
        self._running.kill("sogo")

    def start_again(self) -> None:
        """Nothing, once SOGo answers again after kill()."""
        self._launch()
        self._running.wait("sogo", self._sogo_answers)

    def _compile_nowait(self) -> Path | None:
        """The library that takes away SOGo's pauses, or None where it cannot be compiled: it is for speed alone."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            return None
        # A copy: the account may not be allowed to read the project's folder.
        source = self._running.file("nowait.c", (_ETC / "nowait.c").read_text())
        library = source.with_suffix(".so")
        try:
            self._running.run(compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source))
        except StartError:
            return None
        return library

    def _make_certificate(self) -> None:
        root = self._running.root
        self._running.run(
            *("openssl", "req", "-x509", "-days", "2", "-nodes"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            # Python 3.13 checks strictly: a certificate that is its own authority must say that it may sign.
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
            *("-keyout", f"{root}/tls.key", "-out", f"{root}/tls.crt"),
        )

    def _sql(self, statements: str) -> None:
        self._running.run(*self._psql, text=statements)

    def _sql_answers(self) -> bool:
        try:
            self._sql("SELECT 1;")
        except StartError:
            return False
        return True

    def _sogo_answers(self) -> bool:
        """Whether a user's OPTIONS succeeds, which takes SOGo, its database and its directory of users."""
        connection = HTTPConnection("127.0.0.1", self._sogo_port, timeout=30)
        try:
            connection.request(
                "OPTIONS", "/SOGo/Microsoft-Server-ActiveSync", headers={"Authorization": self.alice.authorization}
            )
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


class _Configuration(Template):
    """A template with ``@{…}``: nginx needs the dollar sign for itself."""

    delimiter = "@"


class _Delivery:
    """Takes the mail that SOGo sends and puts it into the inboxes of those it is for (hooks of aiosmtpd)."""

    def __init__(self, server: SOGoServer) -> None:
        self._server = server

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        name, _, domain = address.partition("@")
        if domain != DOMAIN or name not in self._server.users:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        for address in envelope.rcpt_tos:
            with self._server.imap(self._server.users[address.partition("@")[0]]) as mailbox:
                mailbox.append([envelope.content])
        return "250 OK"
