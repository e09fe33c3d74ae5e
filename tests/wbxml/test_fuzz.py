"""The fuzzers' corpus, once more: what they found, and one document at least of each construct."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.check import check

CORPUS = sorted((Path(__file__).parents[1] / "fuzz" / "corpus").glob("*"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_corpus(path: Path) -> None:
    check(path.read_bytes())
