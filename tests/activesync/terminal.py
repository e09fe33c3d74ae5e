"""Runs the command line as people do: in this process, as a program in a pipe, or on a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from activesync.cli.app import app

PROGRAM = (sys.executable, "-m", "activesync")


@dataclass
class Ended:
    """How a program has ended, and what it has printed."""

    code: int
    out: str
    err: str = ""

    @property
    def failure(self) -> str:
        """What a failed command says: one line on stderr, and nothing else."""
        assert self.code != 0
        assert self.out == ""
        assert self.err.startswith("activesync: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("activesync: ").rstrip("\n")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """Runs a command in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        app.main([*arguments])
    found = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return Ended(end.value.code, found.out, found.err)


def environment(**values: str) -> dict[str, str]:
    """The environment of a program of its own: this one's, without what it says of accounts and proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ACTIVESYNC_") and not name.lower().endswith("_proxy")
    }
    # Whose machine this is may have a keyring, and be asked to open it.
    mine = {"PYTHONIOENCODING": "utf-8", "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return kept | mine | values


def in_pipe(*arguments: str, env: Mapping[str, str], text: str = "") -> Ended:
    """Runs a command as a program whose input and output are pipes."""
    done = subprocess.run(
        [*PROGRAM, *arguments], env=dict(env), input=text, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    return Ended(done.returncode, done.stdout, done.stderr)


# Makes a terminal for a program, and passes on what is typed and what is shown. A process of its own: this one may have
# threads, and must not fork. Where the tests run in the background, SIGINT is ignored, and that is inherited.
_TERMINAL = """
import os, pty, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""


def on_terminal(
    *arguments: str, env: Mapping[str, str], typed: Sequence[tuple[str, str]] = (), stdout: str | None = None
) -> Ended:
    """Runs a command on a terminal. ``typed`` are pairs: when the first is shown, the second is typed.

    ``stdout`` names a file for the standard output, while the errors stay on the terminal.
    """
    pytest.importorskip("pty", reason="there are no terminals of this kind here")
    waiting = list(typed)
    command = [*PROGRAM, *arguments]
    if stdout is not None:
        command = ["/bin/sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", stdout, *command]
    program = subprocess.Popen(
        [sys.executable, "-c", _TERMINAL, *command],
        env=dict(env) | {"TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    out = b""
    with program:
        try:
            while piece := program.stdout.read(1 << 16):
                out += piece
                if waiting and waiting[0][0].encode() in out:
                    program.stdin.write(waiting.pop(0)[1].encode())
        except BaseException:  # else the end of a test that takes too long would wait for the program
            program.kill()
            raise
    return Ended(program.returncode, out.decode())
