"""make spec-mutate: changes the declarations that verdicts rest on, one requirement at a time, and sees them fall.

python -m tests.spec.mutate [--count 200] [--seed N]
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import replace

from wbxml.codepages import VERSIONS

from .catalogue import requirements
from .judge import Verdict, judge
from .places import Declaration, changed_world, world


def changed(declaration: Declaration, aspect: str) -> Declaration | None:
    """The declaration with another value of the aspect; None where it is gone."""
    if aspect == "versions":
        return replace(declaration, versions=())
    if aspect == "no versions":
        return replace(declaration, versions=VERSIONS)
    if aspect == "many":
        return replace(declaration, many=not declaration.many)
    if aspect == "values":
        return replace(declaration, values=())
    if aspect == "kind":
        return replace(declaration, kind="string" if declaration.kind == "container" else "container")
    return None


def falls(requirement_id: str, verdict: Verdict) -> bool:
    """Whether the verdict is another one once its declarations are changed."""
    requirement = next(one for one in requirements() if one.id == requirement_id)
    targets = set(verdict.rests_on)
    mutated = changed_world(lambda one: changed(one, verdict.aspect) if one in targets else one)
    after = judge(requirement, mutated)
    return after is None or not after.kept


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.spec.mutate", description="Changes declarations at random.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    today = world()
    kept = [(one, verdict) for one in requirements() if (verdict := judge(one, today)) is not None and verdict.kept]
    chosen = random.Random(options.seed).sample(kept, min(options.count, len(kept)))
    survived = [one for one, verdict in chosen if not falls(one.id, verdict)]
    for one in survived:
        print(f"{one.id} still holds: {one.text[:140]}")
    print(f"seed {options.seed}: {len(chosen) - len(survived)} of {len(chosen)} changes were noticed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
