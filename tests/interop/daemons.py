"""The servers of one test run as processes: started under another account, watched while they start, always ended."""

import os
import pwd
import random
import shutil
import signal as signals
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_START_TIMEOUT = 60.0
"""Seconds until a process must answer: generous, since a busy machine is no failure."""

_PORT_BLOCKS = range(20_000, 32_000, 10)
"""The first ports of blocks of ten, all below those that Linux gives to outgoing connections (32768 and up)."""

_REAPER = """
victims=
while read -r signal group; do victims="$signal:$group $victims"; done
for victim in $victims; do kill -s "${victim%%:*}" -- "-${victim#*:}"; done
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do rm -rf "$1" && exit; sleep 0.1; done
"""
"""Is told each process group as it is started, and ends them all, the last one first, when its input ends.
The input ends with Daemons.stop(), and just as well with the death of this process, be it by SIGKILL."""


class StartError(RuntimeError):
    """A process could not be started; the text names it and shows the end of its log."""


class Daemons:
    """A folder below /tmp that belongs to `account`, a block of free ports, and the processes that use them.

    Attributes: `root` the folder, with `root/log` inside for everybody's logs; `port` the first of ten ports.
    """

    def __init__(self, account: str) -> None:
        """Makes the folder and claims the ports; errors: KeyError for an unknown account, StartError without ports."""
        self._account = pwd.getpwnam(account)
        # Not in the folder that TMPDIR names: the path of a Unix socket may have 107 bytes, and some are deep below.
        self.root = Path(tempfile.mkdtemp(prefix=f"{account}-", dir="/tmp"))
        self._reaper = subprocess.Popen(
            ["/bin/sh", "-c", _REAPER, "reaper", str(self.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._claim, self.port = _claim_ports()
        os.chown(self.root, self._account.pw_uid, self._account.pw_gid)
        self.folder("log")

    def folder(self, name: str) -> Path:
        """A new folder of the account below `root`."""
        path = self.root / name
        path.mkdir(mode=0o700)
        os.chown(path, self._account.pw_uid, self._account.pw_gid)
        return path

    def file(self, name: str, text: str) -> Path:
        """A new file below `root` that the account alone can read."""
        path = self.root / name
        path.touch(mode=0o600)
        path.write_text(text)
        os.chown(path, self._account.pw_uid, self._account.pw_gid)
        return path

    def run(self, *command: str, text: str = "") -> str:
        """What the command printed when it had ended; `text` is its input.

        Errors: StartError where it failed, with all it printed.
        """
        done = subprocess.run(
            # The reaper does not know it: should this process be killed meanwhile, Linux kills the command.
            ("setpriv", "--pdeathsig", "KILL", *command),
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=self.root,
            env=self._environment({}),
            user=self._account.pw_uid,
            group=self._account.pw_gid,
            extra_groups=[],
        )
        if done.returncode:
            raise StartError(f"{command[0]} ended with code {done.returncode}:\n{done.stdout}")
        return done.stdout

    def start(self, name: str, *command: str, signal: str = "KILL", environment: dict[str, str] | None = None) -> None:
        """Nothing; the process runs in a process group of its own, its output goes to ``log/{name}.log``.

        `signal` ends it. SIGKILL by default: there is nothing to save.
        """
        with (self.root / "log" / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.root,
                env=self._environment(environment or {}),
                user=self._account.pw_uid,
                group=self._account.pw_gid,
                extra_groups=[],
            )
        self._started[name] = process
        assert self._reaper.stdin is not None
        self._reaper.stdin.write(b"%s %d\n" % (signal.encode(), process.pid))
        self._reaper.stdin.flush()

    def kill(self, name: str) -> None:
        """Nothing, once the process and its children have been ended by SIGKILL; it may be started again."""
        process = self._started[name]
        os.killpg(process.pid, signals.SIGKILL)
        process.wait()

    def wait(self, name: str, answers: Callable[[], bool]) -> None:
        """Nothing, as soon as `answers` says so of the process.

        Errors: StartError where the process ended or a minute went by.
        """
        process = self._started[name]
        deadline = time.monotonic() + _START_TIMEOUT
        while not answers():
            if process.poll() is not None:
                raise StartError(f"{name} ended with code {process.returncode} while starting:\n{self.log(name)}")
            if time.monotonic() > deadline:
                raise StartError(f"{name} did not answer within {_START_TIMEOUT:.0f} s:\n{self.log(name)}")
            time.sleep(0.02)

    def log(self, name: str, lines: int = 40) -> str:
        """The last lines of a process's log."""
        return "\n".join((self.root / "log" / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Nothing; every process has ended and the folder is removed. Harmless when called again."""
        self._reaper.communicate()
        for process in self._started.values():
            process.wait()
        self._claim.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        """Nothing of the caller's environment: proxies and certificate files named in it are not for the servers."""
        here = str(self.root)
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": path, "HOME": here, "TMPDIR": here, "LANG": "C.UTF-8", "TZ": "UTC"} | more


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the port of loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _claim_ports() -> tuple[socket.socket, int]:
    """A socket that holds the claim while it is open, and the first of ten ports that nobody uses.

    Free ports alone are not enough: another run could choose the same ones before the servers listen. So a run first
    takes a name in Linux's abstract socket namespace, which one process can have at a time, and which ends with it.
    """
    for block in random.sample(_PORT_BLOCKS, len(_PORT_BLOCKS)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0activesync-interop-{block}")
            for port in range(block, block + _PORT_BLOCKS.step):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
        else:
            return claim, block
    raise StartError(f"no ten free ports in a row from {_PORT_BLOCKS.start} to {_PORT_BLOCKS.stop}")
