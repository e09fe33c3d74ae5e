"""What the command line knows of an account: profiles in a file, passwords in a keyring; and completion by a shell."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.errors
import pytest

from activesync.testing import Answer, EASServer, sample_mailbox

from .terminal import Ended, environment, in_pipe, on_terminal, run

PASSWORD = "Pa55wort-größer"


@pytest.fixture
def server() -> Iterator[EASServer]:
    with EASServer(sample_mailbox("alice", PASSWORD, mails=2, contacts=1, events=1, tasks=1, notes=1)) as server:
        yield server


class Ring(keyring.backend.KeyringBackend):
    """A keyring of these tests."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def _look(self) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked("nobody has opened it")

    def get_password(self, service: str, username: str) -> str | None:
        self._look()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._look()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._look()
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


class Alice:
    """Runs commands in this process, with a file of profiles of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path, server: EASServer) -> None:
        self.capsys = capsys
        self.file = folder / "config.toml"
        self.file.parent.mkdir(exist_ok=True)
        self.write(f'url = "{server.url}"\nuser = "alice"\nallow-http = true\n')

    def write(self, text: str) -> None:
        self.file.write_text(f"[profiles.work]\n{text}", encoding="utf-8")
        self.file.chmod(0o600)

    def __call__(self, *arguments: str) -> Ended:
        ended = run(self.capsys, "--config", str(self.file), "--profile", "work", *arguments)
        assert PASSWORD not in ended.out + ended.err
        return ended


@pytest.fixture
def alice(
    server: EASServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Alice:
    for name in [*os.environ]:
        if name.startswith("ACTIVESYNC_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return Alice(capsys, tmp_path / "settings", server)


# Profiles


def test_a_profile_stands_for_options(alice: Alice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", PASSWORD)
    alice.file.write_text(alice.file.read_text() + 'store = "work.db"\nprotocol = 14.1\ntimeout = 20\n')
    assert alice("folders").code == 0
    assert (alice.file.parent / "work.db").exists()  # beside the file, wherever the command is run
    assert json.loads(alice("probe", "--json").out)["version"] == "14.1"
    assert json.loads(alice("probe", "--json", "--protocol", "16.1").out)["version"] == "16.1"


def test_options_go_before_the_environment_and_that_before_the_profile(
    alice: Alice, server: EASServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def user(*options: str) -> str:
        shown: list[str] = []
        with monkeypatch.context() as patch:
            patch.setattr(server, "answer", lambda request, header: shown.append(header) or Answer(401))
            assert alice("folders", *options).code == 21
        return base64.b64decode(shown[0].removeprefix("Basic ")).decode().partition(":")[0]

    for name in ("of-profile", "of-option"):
        (tmp_path / name).write_text(f"{name}\n")
    alice.write(
        f'url = "{server.url}"\nuser = "profile"\nallow-http = true\npassword-file = "{tmp_path / "of-profile"}"\n'
    )
    assert user() == "profile"
    monkeypatch.setenv("ACTIVESYNC_USER", "environment")
    assert user() == "environment"
    assert user("--user", "option") == "option"
    # The same of passwords: only that of the environment is right, and then only that of the option.
    monkeypatch.setenv("ACTIVESYNC_USER", "alice")
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", PASSWORD)
    assert alice("folders").code == 0
    assert alice("folders", "--password-file", str(tmp_path / "of-option")).code == 21


def test_the_profile_may_come_from_the_environment(alice: Alice, server: EASServer) -> None:
    env = environment(ACTIVESYNC_PROFILE="work", ACTIVESYNC_CONFIG=str(alice.file), ACTIVESYNC_PASSWORD=PASSWORD)
    assert in_pipe("folders", env=env).code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the place for settings is another")
def test_profiles_are_where_settings_are(alice: Alice, tmp_path: Path) -> None:
    place = tmp_path / "config" / "activesync"
    place.mkdir(parents=True)
    shutil.copy(alice.file, place)
    env = environment(XDG_CONFIG_HOME=str(tmp_path / "config"), ACTIVESYNC_PASSWORD=PASSWORD)
    assert in_pipe("--profile", "work", "folders", env=env).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('password = "Pa55wort-größer"', "`activesync login` keeps a password in the system's keyring"),
        ('[profiles.other]\ntoken = "Pa55wort-größer"', "holds a password or token, and must not"),
        ('pass = "x"', "'pass' in profile 'work' is none of allow-http, "),
        ("user = [1]", "'user' in profile 'work' is to be a text"),
        ("user = ", "is no TOML"),
        ('timeout = "long"', "'long' is not a valid float"),
        ("protocol = 2.5", "'2.5'"),
    ],
)
def test_a_profile_that_makes_no_sense(alice: Alice, server: EASServer, text: str, words: str) -> None:
    alice.write(f'url = "{server.url}"\n{text}\n')
    ended = alice("folders", "--user", "alice")
    assert ended.code == 2
    assert words in ended.failure
    assert not server.requests


def test_a_profile_that_is_not_there(alice: Alice, tmp_path: Path) -> None:
    ended = run(alice.capsys, "--config", str(alice.file), "--profile", "home", "folders")
    assert ended.code == 2
    assert ended.failure == f"there is no profile 'home' in {alice.file}; those there are: work"
    ended = run(alice.capsys, "--config", str(tmp_path / "none.toml"), "--profile", "home", "folders")
    assert "No such file" in ended.failure
    alice.file.write_text("profiles = 1\n")
    assert "a profile is a table such as [profiles.work]" in alice("folders").failure


@pytest.mark.skipif(os.name != "posix", reason="no such permissions here")
def test_profiles_that_others_can_write_are_refused(alice: Alice, server: EASServer) -> None:
    alice.file.chmod(0o664)
    ended = alice("folders")
    assert ended.code == 2
    assert f"chmod go-w {alice.file}" in ended.failure
    assert not server.requests


# The keyring


def test_a_password_is_kept_and_taken_from_the_keyring(
    alice: Alice, server: EASServer, ring: Ring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "`activesync login` once" in alice("folders").failure
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    ended = alice("login", "--password-file", str(file))
    assert (ended.code, ended.out) == (0, "The password of alice is right, and is in the keyring.\n")
    assert ring.kept == {(f"activesync {server.host}", "alice"): PASSWORD}
    assert alice("folders").code == 0
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", "wrong")  # another source goes first
    assert alice("folders").code == 21
    monkeypatch.delenv("ACTIVESYNC_PASSWORD")
    # Of another server it is not the password.
    with EASServer(server.mailbox) as other:
        assert "no password" in alice("folders", "--url", other.url).failure
        assert not other.requests
    assert json.loads(alice("logout", "--json").out) == {"user": "alice", "kept": False}
    assert ring.kept == {}
    assert "no password" in alice("folders").failure
    assert "the keyring has no password of alice" in alice("logout").failure


def test_a_wrong_password_is_not_kept(alice: Alice, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", "wrong")
    assert alice("login").code == 21
    assert ring.kept == {}


def test_a_keyring_that_is_locked(alice: Alice, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    ring.locked = True
    assert "no password" in alice("folders").failure
    assert "nobody has opened it" in alice("logout").failure
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", PASSWORD)
    assert "the keyring does not take the password: nobody has opened it" in alice("login").failure
    assert alice("folders").code == 0


def test_without_the_extra(alice: Alice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "no password" in alice("folders").failure
    monkeypatch.setenv("ACTIVESYNC_PASSWORD", PASSWORD)
    assert alice("folders").code == 0
    assert "pip install 'activesync[keyring]'" in alice("login").failure


# Completion


def shim(folder: Path) -> dict[str, str]:
    """An environment in which the shell finds `activesync`."""
    program = folder / "activesync"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m activesync "$@"\n')
    program.chmod(0o755)
    return environment() | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("line", "found"),
    [
        (["pro"], {"probe"}),
        (["lo"], {"login", "logout"}),
        (["sync", "--fil"], {"--filter"}),
        (["sync", "--body", "m"], {"mime"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
        (["--config", "CONFIG", "--profile", "w"], {"work"}),
    ],
)
def test_bash_completes(alice: Alice, tmp_path: Path, line: list[str], found: set[str]) -> None:
    words = ["activesync", *(str(alice.file) if word == "CONFIG" else word for word in line)]
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        'eval "$(activesync completion bash)" || exit 1\n'
        "complete -p activesync >&2 || exit 1\n"
        f"COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}\n"
        "_activesync_completion activesync\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], env=shim(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "_activesync_completion" in done.stderr  # bash knows by what it completes
    assert set(done.stdout.split()) == found


@pytest.mark.parametrize(("shell", "words"), [("zsh", "#compdef activesync"), ("fish", "complete --no-files")])
def test_other_shells_are_told(alice: Alice, tmp_path: Path, shell: str, words: str) -> None:
    ended = run(alice.capsys, "completion", shell)
    assert ended.code == 0
    assert words in ended.out
    assert f"_ACTIVESYNC_COMPLETE={shell}_complete" in ended.out
    if shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(ended.out)
        subprocess.run([shell, "-n", str(file)], check=True, timeout=60)


# Colours


def colours(text: str) -> list[str]:
    return [code for code in text.split("\x1b[")[1:] if code.partition("m")[0].split(";")[0] in COLOURS]


COLOURS = {str(code) for code in (*range(30, 50), *range(90, 108))}


def test_colours_obey_no_color(alice: Alice, tmp_path: Path) -> None:
    base = environment(ACTIVESYNC_CONFIG=str(alice.file), ACTIVESYNC_PROFILE="work", ACTIVESYNC_PASSWORD=PASSWORD)
    shown: dict[str, Any] = {}
    for name, more in (("plain", {}), ("none", {"NO_COLOR": "1"})):
        env = {key: value for key, value in base.items() if key not in ("NO_COLOR", "FORCE_COLOR")} | more
        ended = on_terminal("sync", "--store", str(tmp_path / f"{name}.db"), env=env)
        assert ended.code == 0
        assert "items/s" in ended.out
        assert "left" in ended.out
        shown[name] = colours(ended.out)
    assert shown["plain"]
    assert shown["none"] == []
