"""The Models against Microsoft's catalogue of requirements: see rules.py."""

from __future__ import annotations

import pytest

from .catalogue import every_id, requirements
from .judge import judge
from .mutate import falls
from .places import world
from .reasons import DIFFERENCES

GROUPS = sorted({one.group for one in requirements()})


@pytest.mark.parametrize("group", GROUPS)
def test_the_models_keep_to_what_the_catalogue_says(group: str) -> None:
    verdicts = {one.id: judge(one, world()) for one in requirements() if one.group == group}
    differing = [id_ for id_, verdict in verdicts.items() if verdict is not None and not verdict.kept]
    assert sorted(set(differing) - DIFFERENCES.keys()) == []
    assert [id_ for id_ in DIFFERENCES if id_ in verdicts and id_ not in differing] == []


def test_differences_are_of_the_catalogue() -> None:
    assert DIFFERENCES.keys() <= every_id()


def test_every_rule_reads_something() -> None:
    from .judge import RULES

    texts = [one.text for one in requirements()]
    assert [pattern.pattern for pattern, _ in RULES if not any(map(pattern.match, texts))] == []


def test_a_changed_declaration_is_noticed() -> None:
    """One requirement of each rule and aspect; make spec-mutate takes two hundred at random."""
    tried = {}
    for one in requirements():
        verdict = judge(one, world())
        if verdict is not None and verdict.kept:
            tried.setdefault((one.document, verdict.aspect), (one.id, verdict))
    assert [id_ for id_, verdict in tried.values() if not falls(id_, verdict)] == []
