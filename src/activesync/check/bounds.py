"""The rules of tables.py, held against all elements of a request in one walk."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final

from wbxml import AirSync, Element

from .breach import Breach
from .tables import BOUNDS, BYTES, CHARACTERS, CLASSES, COUNT, NEVER, RESERVED, TYPES, VALUE, Bound, Never, Reserved

Row = Bound | Never | Reserved
_UNITS: Final = {CHARACTERS: "characters", BYTES: "bytes", VALUE: "as its value"}


def bounded(root: Element, version: str) -> Iterator[Breach]:
    """What breaks a row of the tables."""
    counts: Counter[Bound] = Counter()
    waiting = [(root, "")]
    while waiting:
        parent, above = waiting.pop()
        within: Counter[Bound] = Counter()
        for child in parent:
            if len(child):
                waiting.append((child, str(parent.tag)))
            elif child.tag == AirSync.Class and version < (since := CLASSES.get(child.text or "", "")):
                message = f"the class {child.text} is there from {since} on, and not in {version}"
                yield Breach("MS-ASCMD_R6298", message, child.offset)
            rules = _rules().get(str(child.tag))
            if rules is None:
                continue
            for rule in rules:
                place, _, _ = rule.path.rpartition("/")
                if place and place != str(parent.tag):
                    continue
                if isinstance(rule, Never):
                    if version >= rule.since:
                        when = f"in {version}" if rule.since else "in any version"
                        yield Breach(rule.requirement, f"a request holds no {child.tag} {when}", child.offset)
                elif isinstance(rule, Reserved):
                    if (child.text or "") == rule.value and rule.version in ("", version):
                        when = f" in {version}" if rule.version else ""
                        message = f"a request{when} has no {child.tag.name} {child.text or 'that is empty'}"
                        yield Breach(rule.requirement, message, child.offset)
                elif rule.what == COUNT:
                    found = within if place else counts
                    found[rule] += 1
                    if found[rule] == rule.most + 1:
                        where = f"one {parent.tag}" if place else "one request"
                        message = f"more than {rule.most} {child.tag} in {where}: at most {rule.most}"
                        yield Breach(rule.requirement, message, child.offset)
                else:
                    yield from _measured(rule, child)
        if str(parent.tag) in ("Calendar:Recurrence", "Tasks:Recurrence"):
            yield from _recurrence(parent, above)


@cache
def _rules() -> dict[str, list[Row]]:
    """The rows by their element."""
    found: dict[str, list[Row]] = {}
    for row in (*BOUNDS, *NEVER, *RESERVED):
        found.setdefault(row.path.rpartition("/")[2], []).append(row)
    return found


def _measured(rule: Bound, element: Element) -> Iterator[Breach]:
    text = element.text or ""
    if rule.what == VALUE:
        if not re.fullmatch(r"\s*-?\d{1,18}\s*", text, re.ASCII):
            return  # what is no number is told elsewhere
        size = int(text)
    else:
        size = len(text) if rule.what == CHARACTERS else len(text.encode("utf-8", "surrogatepass"))
    if not rule.least <= size <= rule.most:
        allowed = f"at most {rule.most}" if not rule.least or size > rule.most else f"at least {rule.least}"
        message = f"{element.tag} has {size} {_UNITS[rule.what]}: {allowed}"
        yield Breach(rule.requirement, message, element.offset)


def _recurrence(element: Element, above: str) -> Iterator[Breach]:
    """What the Type of a recurrence needs, and what it does not allow."""
    namespace = element.tag.namespace
    text = element.findtext(f"{namespace}:Type")
    if text is None or not text.isdecimal() or above == "Email:Recurrences":
        return
    kind = int(text)
    until, occurrences = (element.find(f"{namespace}:{name}") for name in ("Until", "Occurrences"))
    if until is not None and occurrences is not None:
        which = "MS-ASCAL_R341" if namespace == "Calendar" else "MS-ASTASK_R215"
        yield Breach(which, "a recurrence has Until or Occurrences, not both", until.offset)
    for path, (needed, why_needed, allowed, why_not) in TYPES.items():
        if path.partition(":")[0] != namespace:
            continue
        there = element.find(path)
        name = path.rpartition(":")[2]
        if there is None and kind in needed:
            yield Breach(why_needed, f"a recurrence of Type {kind} has a {name}", element.offset)
        elif there is not None and kind not in allowed and why_not:
            yield Breach(why_not, f"a recurrence of Type {kind} has no {name}", there.offset)


__all__ = ["bounded"]
