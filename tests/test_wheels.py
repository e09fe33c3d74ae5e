"""What is released: the wheels that cibuildwheel is told to build, and the workflows that build and publish them.

The workflows do not run here. What can be checked of them without is: that they say what they should, that what they
name is there, and that no job may do more than its work.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"]]

PYTHONS = ("cp311", "cp312", "cp313", "cp314", "cp314t", "cp315", "cp315t")
# What each machine of the workflow builds: its platform and architecture as cibuildwheel has them, and the wheels' own.
RUNNERS = {
    "ubuntu-24.04": ("linux", "x86_64", ("manylinux_x86_64", "musllinux_x86_64")),
    "ubuntu-24.04-arm": ("linux", "aarch64", ("manylinux_aarch64", "musllinux_aarch64")),
    "macos-15": ("macos", "arm64", ("macosx_arm64",)),
    "macos-15-intel": ("macos", "x86_64", ("macosx_x86_64",)),
    "windows-2025": ("windows", "AMD64", ("win_amd64",)),
}


def steps(workflow: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOWS[workflow]["jobs"][job].get("steps", [])
    return found


def uses(workflow: str, job: str) -> list[str]:
    return [step["uses"].partition("@")[0] for step in steps(workflow, job) if "uses" in step]


@pytest.mark.parametrize("runner", RUNNERS)
def test_cibuildwheel_builds_for_every_interpreter(runner: str) -> None:
    platform, arch, tags = RUNNERS[runner]
    options = ["--print-build-identifiers", "--platform", platform, "--archs", arch]
    done = subprocess.run([sys.executable, "-m", "cibuildwheel", *options, ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {f"{python}-{tag}" for python, tag in itertools.product(PYTHONS, tags)}


def test_every_wheel_has_a_machine_and_is_waited_for() -> None:
    assert set(WORKFLOWS["ci"]["jobs"]["wheels"]["strategy"]["matrix"]["os"]) == RUNNERS.keys()
    count = len(PYTHONS) * sum(len(tags) for _, _, tags in RUNNERS.values()) + 1  # the pure one
    assert f'test "$(ls dist/*.whl | wc -l)" = {count}\n' in steps("ci", "collect")[-2]["run"]


def test_versions_are_the_same_everywhere() -> None:
    classifiers = PYPROJECT["project"]["classifiers"]
    told = {found[1] for one in classifiers if (found := re.fullmatch(r"Programming .* :: (3\.\d+)", one))}
    tested = WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert {f"cp{version.replace('.', '')}" for version in tested} == set(PYTHONS)
    assert told == {version.removesuffix("t") for version in tested}
    assert PYPROJECT["project"]["requires-python"] == f">={min(told, key=lambda version: int(version[2:]))}"
    assert any("Free Threading" in one for one in classifiers) == any(version.endswith("t") for version in tested)


def test_wheels_are_tested_with_all_that_the_tests_need() -> None:
    config = PYPROJECT["tool"]["cibuildwheel"]
    assert config["test-command"] == "python -m pytest"
    assert (config["environment"], config["test-environment"]) == ({"WBXML_BUILD": "c"}, {"WBXML_IMPL": "c"})
    assert [name for name in config["test-sources"] if not (ROOT / name).exists()] == []
    manifest = (ROOT / "MANIFEST.in").read_text("utf-8")
    grafted = re.findall(r"^graft (\S+)$", manifest, re.MULTILINE)
    assert {*grafted, "src", "pyproject.toml", "setup.py", "README.md"} <= set(config["test-sources"])


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_a_job_names_what_is_there(workflow: str, job: str) -> None:
    jobs = WORKFLOWS[workflow]["jobs"]
    told = jobs[job]
    needs = told.get("needs", [])
    assert {needs} if isinstance(needs, str) else set(needs) <= jobs.keys()
    assert "uses" in told or told["timeout-minutes"]
    matrix = told.get("strategy", {}).get("matrix", {})
    text = yaml.safe_dump(told)
    assert set(re.findall(r"\$\{\{ matrix\.([\w-]+) }}", text)) == matrix.keys()
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"\bmake ([a-z][a-z0-9-]*)", text) + [
        one.partition(" ")[0] for one in matrix.get("target", [])
    ]
    assert [name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    for extra in re.findall(r'"\.\[(\w+)]"', text):
        assert extra in PYPROJECT["project"]["optional-dependencies"]
    if "uses" in told:
        assert (ROOT / told["uses"]).is_file()


def test_actions_are_pinned_to_a_version() -> None:
    found = [step["uses"] for name, job in JOBS for step in steps(name, job) if "uses" in step]
    assert len(found) > 10
    assert [one for one in found if not re.fullmatch(r"(actions|pypa)/[\w-]+@v\d+(\.\d+\.\d+)?", one)] == []


def test_no_job_may_do_more_than_its_work() -> None:
    assert [workflow["permissions"] for workflow in WORKFLOWS.values()] == [{"contents": "read"}] * len(WORKFLOWS)
    more = {
        job: WORKFLOWS[name]["jobs"][job]["permissions"]
        for name, job in JOBS
        if "permissions" in WORKFLOWS[name]["jobs"][job]
    }
    assert more == {"publish": {"id-token": "write", "attestations": "write"}}
    text = "".join(path.read_text("utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))
    assert "secrets." not in text
    assert "pull_request_target" not in text
    # A title or a name of a branch that is put into a script could be a command.
    assert re.findall(r"run:.*\$\{\{ *github\.", text) == []
    for name, job in JOBS:
        for step in steps(name, job):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_only_what_was_tested_is_published() -> None:
    release, ci = WORKFLOWS["release"], WORKFLOWS["ci"]
    assert release[True] == {"push": {"tags": ["v*"]}}  # YAML takes "on" for a truth
    assert "workflow_call" in ci[True]
    assert release["jobs"]["build"] == {"needs": "version", "uses": "./.github/workflows/ci.yml"}
    publish = release["jobs"]["publish"]
    assert (publish["needs"], publish["environment"]["name"]) == ("build", "pypi")
    assert uses("release", "publish") == [
        "actions/download-artifact",
        "actions/attest-build-provenance",
        "pypa/gh-action-pypi-publish",
    ]
    assert steps("release", "publish")[-1]["with"] == {"packages-dir": "dist", "attestations": True}
    assert set(ci["jobs"]["collect"]["needs"]) == ci["jobs"].keys() - {"collect"}
    assert steps("release", "publish")[0]["with"]["name"] == steps("ci", "collect")[-1]["with"]["name"]
    assert any("twine check --strict" in step.get("run", "") for step in steps("ci", "collect"))
