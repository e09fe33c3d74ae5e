"""The examples in Markdown files, run as they are written.

- ``python`` blocks run from top to bottom as one program; so do ``pycon`` blocks, among them, which are typed at the
  prompt (``>>> ``) and print what is shown.
- ``console`` blocks run as one shell program each: every line that starts with ``$ ``, and the next ones after a
  backslash. The lines under a command are what it prints, with ``...`` for any text; without such lines it may print
  what it likes. Commands that set something up or never end are left out (see NOT_RUN).
- ``sh`` blocks are the same without ``$ `` and without output.
- A block right after ``<!-- not run: why -->`` is not run.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
NOT_RUN = ("make", "pip", "git", "cd", "python3 -m venv", "activesync demo", "activesync serve")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the number of its first line in the file, and its text."""

    language: str
    line: int
    text: str

    def commands(self) -> list[tuple[str, str]]:
        """The shell commands to run, each with the output that is printed under it ("" for none)."""
        prompt = "$ " if self.language == "console" else ""
        text = self.text.replace("\\\n", "\0")
        if not prompt:
            found = [(line, "") for line in text.splitlines() if line and not line.startswith("#")]
        else:
            found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
        return [(command.replace("\0", "\\\n"), output) for command, output in found if not command.startswith(NOT_RUN)]


def blocks(document: Path) -> list[Block]:
    """The blocks that are to be run."""
    text = document.read_text("utf-8")
    return [
        Block(found["language"], text.count("\n", 0, found.start("text")) + 1, found["text"])
        for found in re.finditer(
            r"^(?P<left_out><!-- not run: .+ -->\n)?```(?P<language>python|pycon|console|sh)\n(?P<text>.*?)^```$",
            text,
            re.MULTILINE | re.DOTALL,
        )
        if not found["left_out"]
    ]


def matches(printed: str, expected: str) -> bool:
    """Whether the text is what was expected, where ``...`` stands for any text and spaces at the ends do not count."""

    def tidy(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    pattern = ".*?".join(re.escape(part) for part in tidy(expected).split("..."))
    return re.fullmatch(pattern, tidy(printed), re.DOTALL) is not None


def run_python(document: Path) -> None:
    """Runs the blocks in Python. Raises AssertionError where one prints something else than is shown."""
    names: dict[str, object] = {"__name__": "__main__"}
    parser = doctest.DocTestParser()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    told: list[str] = []
    for block in blocks(document):
        if block.language == "python":
            # Lines are numbered as in the file, for the traceback.
            exec(compile("\n" * (block.line - 1) + block.text, document, "exec"), names)
        elif block.language == "pycon":
            test = parser.get_doctest(block.text, names, document.name, str(document), block.line - 1)
            runner.run(test, out=told.append, clear_globs=False)
            names = test.globs
    assert not told, "".join(told)


def run_commands(document: Path, folder: Path) -> None:
    """Runs the commands in ``folder``. Raises AssertionError where one fails or prints something else than is shown."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for block in blocks(document):
        if block.language.startswith("py") or not (commands := block.commands()):
            continue
        # Each command's output ends with a NUL.
        program = "".join(f"{command}\nprintf '\\0'\n" for command, _ in commands)
        done = subprocess.run(
            ["sh", "-e", "-c", program],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
        )
        told = f"{document.name}, line {block.line}:\n{done.stdout}{done.stderr}".replace("\0", "")
        assert done.returncode == 0, told
        for (command, expected), printed in zip(commands, done.stdout.split("\0"), strict=False):
            assert not expected or matches(printed, expected), f"{command}\nprints\n{printed}\nnot\n{expected}"
