"""The documentation as a site: that its reference has what the packages offer, and that its pages are in the menu."""

from __future__ import annotations

import re
from pathlib import Path

import activesync
import wbxml

from .examples import ROOT

DOCS = ROOT / "docs"
API = {path.stem: path.read_text("utf-8") for path in (DOCS / "api").glob("*.md")}


def test_every_page_is_in_the_menu() -> None:
    menu = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    assert menu == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


def test_the_reference_has_all_public_names_of_wbxml() -> None:
    told = set(re.findall(r"^::: wbxml\.\w+\.(\w+)$", API["wbxml"], re.MULTILINE))
    pages = {name for name in wbxml.__all__ if isinstance(getattr(wbxml, name), type(wbxml.AirSync))}
    assert told - {"CodePage"} == set(wbxml.__all__) - pages - {"ACTIVESYNC", "DEFAULT"}


def test_the_reference_names_only_what_is_there() -> None:
    for text in API.values():
        for name in re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE):
            module = ROOT / "src" / Path(*name.split("."))
            source = module.parent.with_suffix(".py")
            made = re.compile(rf"^(class|(async )?def) {module.name}\b", re.MULTILINE)
            there = module.with_suffix(".py").exists() or (module / "__init__.py").exists()
            assert there or made.search(source.read_text("utf-8")), name


def test_the_reference_has_the_modules_of_all_public_names_of_activesync() -> None:
    told = set(re.findall(r"^::: (activesync[\w.]+)$", "\n".join(API.values()), re.MULTILINE))
    modules = {module.rpartition(".")[0] for module in told} | told
    missing = {
        name: module
        for name in activesync.__all__
        if (module := getattr(getattr(activesync, name), "__module__", "")).startswith("activesync")
        and module not in modules
    }
    assert missing == {}
