"""Runs the command line as people do: in this process, as a program in a pipe, or on a terminal."""

from __future__ import annotations

import os
import pty
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
    return kept | {"PYTHONIOENCODING": "utf-8"} | values


def in_pipe(*arguments: str, env: Mapping[str, str], text: str = "") -> Ended:
    """Runs a command as a program whose input and output are pipes."""
    done = subprocess.run(
        [*PROGRAM, *arguments], env=dict(env), input=text, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def on_terminal(
    *arguments: str, env: Mapping[str, str], typed: Sequence[tuple[str, str]] = (), stdout: str | None = None
) -> Ended:
    """Runs a command on a terminal. ``typed`` are pairs: when the first is read, the second is typed.

    ``stdout`` names a file for the standard output, while the errors stay on the terminal.
    """
    waiting = list(typed)
    pid, terminal = pty.fork()
    if pid == 0:  # the program
        try:
            if stdout is not None:
                os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
            os.execve(PROGRAM[0], [*PROGRAM, *arguments], dict(env) | {"TERM": "xterm", "COLUMNS": "120"})
        finally:
            os._exit(127)
    out = b""
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        out += piece
        if waiting and waiting[0][0].encode() in out:
            os.write(terminal, waiting.pop(0)[1].encode())
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Ended(code, out.decode())
