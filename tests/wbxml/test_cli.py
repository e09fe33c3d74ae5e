"""The command line `wbxml`."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wbxml
from wbxml.cli import main

from .samples import HEADER, MICROSOFT, capture, document

CONTACT = MICROSOFT / "aswbxml-3-contact.wbxml"
XML = '<?xml version="1.0"?>\n<Sync xmlns="AirSync">\n  <SyncKey>ü</SyncKey>\n</Sync>\n'
NOT_WBXML = "not WBXML: the version byte must be 0x00 to 0x03, found 0x3C at offset 0"
DATA = document("45 4B 03 C3 BC 00 01 01")


class Run:
    """Runs the command in this process, with bytes as its input."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> None:
        self._monkeypatch = monkeypatch
        self._capture = capture

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> tuple[int, bytes, str]:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        found = self._capture.readouterr()
        return code, found.out, found.err.decode()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    return Run(monkeypatch, capfdbinary)


def test_decode(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.wbxml"
    path.write_bytes(DATA)
    for arguments, stdin in (([path], b""), ([], DATA), (["-"], DATA)):
        assert run("decode", *arguments, stdin=stdin) == (0, XML.encode(), "")
    compact = b'<?xml version="1.0"?>\n<Sync xmlns="AirSync"><SyncKey>\xc3\xbc</SyncKey></Sync>\n'
    assert run("decode", "--compact", path) == (0, compact, "")
    assert run("decode", "--indent", "4", path)[1].splitlines()[2].startswith(b"    <SyncKey>")


def test_encode(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(XML, "utf-8")
    assert run("encode", path) == (0, DATA, "")
    assert run("encode", stdin=XML.encode()) == (0, DATA, "")
    assert run("encode", "--hex", path) == (0, DATA.hex().encode() + b"\n", "")
    code, out, _ = run("encode", "--json", path)
    assert (code, json.loads(out)) == (0, {"size": len(DATA), "wbxml": base64.b64encode(DATA).decode()})


def test_output_to_a_file(run: Run, tmp_path: Path) -> None:
    binary, text, dumped = tmp_path / "b", tmp_path / "c", tmp_path / "d"
    assert run("encode", "-o", binary, stdin=XML.encode()) == (0, b"", "")
    assert binary.read_bytes() == DATA
    assert run("decode", binary, "--output", text) == (0, b"", "")
    assert text.read_text("utf-8") == XML
    assert run("dump", binary, "-o", dumped) == (0, b"", "")
    assert dumped.read_text("utf-8") == wbxml.dump(DATA)


def test_a_file_is_not_written_where_the_data_is_bad(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_text("as it was")
    assert run("decode", "-o", path, stdin=b"<html>")[0] == 1
    assert path.read_text() == "as it was"


def test_decode_as_json(run: Run) -> None:
    data = document("45 4B 03 C3 BC 00 01 06 00 15 50 C3 02 61 62 01 00 00 49 03 61 00 07 C3 01 62 01 01")
    code, out, _ = run("decode", "--json", stdin=data)
    assert code == 0
    assert json.loads(out) == {
        "version": "1.3",
        "public_id": 1,
        "charset": "UTF-8",
        "root": {
            "tag": "AirSync:Sync",
            "offset": 4,
            "content": [
                {"tag": "AirSync:SyncKey", "offset": 5, "text": "ü"},
                {"tag": "AirSync:Responses", "offset": 11},
                {"tag": "ComposeMail:Mime", "offset": 14, "opaque": "YWI="},
                {
                    "tag": "AirSync:Delete",
                    "offset": 22,
                    "content": [{"text": "a"}, {"tag": "AirSync:Add", "offset": 26}, {"opaque": "Yg=="}],
                },
            ],
        },
    }
    assert run("decode", "--json", "--compact", stdin=data)[1].count(b"\n") == 1


def test_deep_json(run: Run) -> None:
    data = HEADER + b"\x45" * 255 + b"\x05" + b"\x01" * 255
    for layout in ("--compact", "--indent=1"):
        code, out, _ = run("decode", "--json", layout, stdin=data)
        assert (code, out.count(b"AirSync:Sync")) == (0, 256)


@pytest.mark.parametrize(
    "text", ["03016a0005", "03 01 6A 00 05\n", "0x03,0x01,0x6a,0x00,0x05", r"\x03\x01\x6a\x00\x05", "03:01-6a 00\r\n05"]
)
def test_hexadecimal_input(run: Run, text: str) -> None:
    expected = b'<?xml version="1.0"?>\n<Sync xmlns="AirSync"/>\n'
    assert run("decode", "--hex", stdin=text.encode()) == (0, expected, "")
    assert run("dump", "--hex", stdin=text.encode()) == (0, wbxml.dump(document("05")).encode(), "")


def test_dump(run: Run) -> None:
    assert run("dump", CONTACT) == (0, wbxml.dump(CONTACT.read_bytes()).encode(), "")
    assert run("dump", stdin=b"<html>")[0] == 0  # whatever the bytes
    assert run("dump") == (0, wbxml.dump(b"").encode(), "")


@pytest.mark.parametrize("option", ["--colour", "--color"])
def test_colour_can_be_asked_for(run: Run, option: str) -> None:
    coloured = wbxml.dump(DATA, colour=True).encode()
    assert run("dump", option, "always", stdin=DATA)[1] == coloured
    assert run("dump", f"{option}=never", stdin=DATA)[1] == wbxml.dump(DATA).encode()


def test_dump_as_json(run: Run) -> None:
    data = document("45 03 C3 BC 00 C3 01 FF 02")
    code, out, _ = run("dump", "--json", stdin=data)
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"offset": 0, "bytes": "03", "kind": "version", "value": "1.3"},
        {"offset": 1, "bytes": "01", "kind": "public_id", "value": 1},
        {"offset": 2, "bytes": "6a", "kind": "charset", "value": 106},
        {"offset": 3, "bytes": "00", "kind": "string_table", "value": {"base64": ""}},
        {"offset": 4, "bytes": "45", "kind": "tag", "page": 0, "tag": "AirSync:Sync", "value": 5},
        {"offset": 5, "bytes": "03c3bc00", "kind": "str_i", "value": "ü"},
        {"offset": 9, "bytes": "c301ff", "kind": "opaque", "value": {"base64": "/w=="}},
        {"offset": 12, "bytes": "02", "kind": "unknown", "expected": "the number of a character, which is cut off"},
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["decode"], b"", "stdin: the document ends too early at offset 0; `wbxml dump` shows what there is"),
        (
            ["decode"],
            b"<html>\n",
            f"stdin: {NOT_WBXML}; `wbxml dump` shows what there is",
        ),
        (
            ["decode", "--hex"],
            b"03 0",
            "stdin: not hexadecimal digits, two for each byte; `wbxml dump` shows what there is",
        ),
        (["dump", "--hex"], b"nonsense", "stdin: not hexadecimal digits, two for each byte"),
        (["dump", "--hex"], b"\xff\xfe", "stdin: not hexadecimal digits, two for each byte"),
        (["encode"], b"", "stdin: line 1, column 1: no element found"),
        (
            ["encode"],
            b"<Add\n/>",
            (
                "stdin: line 1, column 1: Add has no namespace, and it is not the root of a command; "
                "Add is a tag of AirSync and FolderHierarchy and AirSyncBase"
            ),
        ),
    ],
)
def test_bad_data(run: Run, arguments: list[str], stdin: bytes, message: str) -> None:
    assert run(*arguments, stdin=stdin) == (1, b"", f"wbxml: {message}\n")


def test_files_that_cannot_be_used(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert run("decode", missing) == (2, b"", f"wbxml: {missing}: No such file or directory\n")
    assert run("decode", tmp_path) == (2, b"", f"wbxml: {tmp_path}: Is a directory\n")
    target = tmp_path / "no" / "such" / "folder"
    assert run("decode", CONTACT, "-o", target) == (2, b"", f"wbxml: {target}: No such file or directory\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["decode", "a", "b"],
        ["decode", "--nonsense"],
        ["decode", "--indent", "-1"],
        ["decode", "--indent", "x"],
        ["decode", "--indent", "1", "--compact"],
        ["encode", "--hex", "--json"],
        ["dump", "--colour", "sometimes"],
    ],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, b"")
    assert err.startswith("usage: wbxml")
    assert "Traceback" not in err


def test_help(run: Run) -> None:
    for arguments in (["--help"], ["decode", "-h"], ["encode", "-h"], ["dump", "-h"]):
        code, out, err = run(*arguments)
        assert (code, err) == (0, "")
        assert b"examples:" in out
        assert b"exit codes: 0 done" in out


def test_version(run: Run) -> None:
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith(b"wbxml (activesync ")
    assert f"kernel: {wbxml.__impl__})".encode() in out


def test_there_and_back(run: Run) -> None:
    data = capture("Sync-email-mime.response")
    code, xml, _ = run("decode", stdin=data)
    assert code == 0
    assert run("encode", stdin=xml) == (0, data, "")


# In a process of its own.


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "wbxml", *arguments]
    return subprocess.run(command, check=False, capture_output=True, timeout=60, **options)


def test_as_a_module() -> None:
    result = process("decode", "--compact", str(CONTACT))
    assert result.returncode == 0
    assert result.stdout.decode() == wbxml.to_xml(CONTACT.read_bytes()) + "\n"
    assert process("decode", "-").stderr == (
        b"wbxml: stdin: the document ends too early at offset 0; `wbxml dump` shows what there is\n"
    )


def test_in_a_poor_locale() -> None:
    # XML and JSON are UTF-8, whatever the terminal's encoding.
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert process("decode", input=DATA, env=environment).stdout == XML.encode()
    assert process("dump", input=DATA, env=environment).stdout == wbxml.dump(DATA).encode()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_reader_that_goes_away() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "wbxml", "dump", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        running.stdin.write(HEADER + b"\x45" + b"\x05" * 50_000 + b"\x01")
        running.stdin.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 0


def on_a_terminal(*arguments: str, stdin: bytes, **environment: str) -> bytes:
    """What the command writes to a terminal, with its errors."""
    pty = pytest.importorskip("pty")
    main_side, terminal = pty.openpty()
    try:
        variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
        subprocess.run(
            [sys.executable, "-m", "wbxml", *arguments],
            input=stdin,
            stdout=terminal,
            stderr=terminal,
            env={**variables, "TERM": "xterm", **environment},
            check=False,
            timeout=60,
        )
        os.set_blocking(main_side, False)
        found = b""
        while True:
            try:
                found += os.read(main_side, 65536)
            except OSError:
                return found
    finally:
        os.close(main_side)
        os.close(terminal)


def test_a_terminal_gets_colours() -> None:
    assert b"\x1b[36m<AirSync:Sync>\x1b[0m" in on_a_terminal("dump", stdin=DATA)
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        found = on_a_terminal("dump", stdin=DATA, **environment)
        assert b"<AirSync:Sync>" in found
        assert b"\x1b" not in found
    assert b"\x1b" in on_a_terminal("dump", stdin=DATA, NO_COLOR="")  # empty: not set
    assert b"\x1b" not in on_a_terminal("dump", "--colour=never", stdin=DATA)


def test_a_terminal_gets_no_bytes() -> None:
    found = on_a_terminal("encode", stdin=XML.encode())
    assert found == b"wbxml: WBXML is no text for a terminal: give -o FILE or --hex, or pipe it elsewhere\r\n"
    assert on_a_terminal("encode", "--hex", stdin=XML.encode()) == DATA.hex().encode() + b"\r\n"
