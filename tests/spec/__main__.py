"""make spec: which of the requirements that bind a client are shown by a test, and why the others are not.

    python -m tests.spec [--json] [--all] [GROUP ...]

Counts are by command and specification. A requirement is shown by a test that names it (``@pytest.mark.spec``) or,
where a rule reads it (rules.py), by the Models. --all lists every one that is not shown, with the reason. An id that is
in no catalogue, or a test that names more than eight, makes it fail.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from .catalogue import Requirement, every_id, requirements
from .judge import judge
from .marks import marked
from .places import world
from .reasons import DIFFERENCES, reason

Row = tuple[Requirement, str, str]


def rows(named: dict[str, list[str]]) -> list[Row]:
    """Each requirement with what shows it ("test", "models" or "") and, where nothing does, why not."""
    today, found = world(), []
    for one in requirements():
        verdict = judge(one, today)
        by = "test" if one.id in named else "models" if verdict is not None and verdict.kept else ""
        why = "" if by else DIFFERENCES.get(one.id) or ("the Models differ" if verdict is not None else reason(one))
        found.append((one, by, why))
    return found


def table(found: list[Row]) -> str:
    """How many are shown, group by group, and why the others are not."""
    groups = sorted({one.group for one, _, _ in found})
    lines = ["| | shown by tests | by the Models | not shown | of | |", "|---|--:|--:|--:|--:|--:|"]
    for group in groups:
        by = Counter(how for one, how, _ in found if one.group == group)
        total = sum(by.values())
        share = 100 * (total - by[""]) // total
        lines.append(f"| {group} | {by['test']} | {by['models']} | {by['']} | {total} | {share} % |")
    lines += ["", "| why not | |", "|---|--:|"]
    lines += [f"| {why} | {count} |" for why, count in Counter(why for _, by, why in found if not by).most_common()]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.spec", description="Which requirements are shown by tests.")
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    parser.add_argument("--all", action="store_true", help="list each requirement that is not shown")
    parser.add_argument("groups", nargs="*", help="commands or specifications; all by default")
    options = parser.parse_args()
    named, crowded = marked()
    unknown = sorted(named.keys() - every_id())
    found = [row for row in rows(named) if not options.groups or row[0].group in options.groups]
    if options.json:
        print(
            json.dumps(
                [{"id": one.id, "group": one.group, "by": by, "why_not": why} for one, by, why in found], indent=1
            )
        )
    else:
        if options.all:
            for one, by, why in found:
                if not by:
                    print(f"{one.id} ({one.group}): {why}: {one.text[:160]}")
        print(table(found))
        for id_ in unknown:
            print(f"unknown: {id_}, named by {', '.join(named[id_])}")
        for test in crowded:
            print(f"too many requirements for one test: {test}")
        shown = sum(bool(by) for _, by, _ in found)
        print(f"shown {shown} of {len(found)} ({100 * shown // max(len(found), 1)} %)")
    return 1 if unknown or crowded else 0


if __name__ == "__main__":
    sys.exit(main())
