"""What requirements say a request may hold, against the tables of activesync.check: how long, how many, how large."""

from __future__ import annotations

import re

from wbxml.codepages import VERSIONS

from .catalogue import Requirement
from .judge import SPELLINGS, Verdict, rule
from .places import Declaration, World

CLASSES = {"email": "Email", "calendar": "Calendar", "tasks": "Tasks"}
NAMESPACES = {"MS-ASCAL": "Calendar", "MS-ASTASK": "Tasks", "MS-ASCNTC": "Contacts"}


def _rows(requirement: Requirement, world: World, kind: str, name: str = "") -> list[Declaration]:
    """The rows of a table that are of this requirement, or of the element of its name or title."""
    element = name or re.match(r"[\w:]*", requirement.title)[0]  # type: ignore[index]
    element = SPELLINGS.get(element.rpartition(":")[2], element.rpartition(":")[2])
    own = NAMESPACES.get(requirement.document)
    return [
        row
        for row in world.limits
        if row.model == kind
        and (row.tag == requirement.id or row.name.rpartition(":")[2] == element)
        and (own is None or own in row.name or row.tag == requirement.id)
    ]


def _of(requirement: Requirement, rows: list[Declaration]) -> list[Declaration]:
    """Those that name the requirement, where some do; else all."""
    return [row for row in rows if row.tag == requirement.id] or rows


@rule(
    r".*?(?:up to(?: a maximum of)?|maximum (?:length|value)[\w ]*? (?:is|of)|not larger than|between (?:zero|-?\d+) and|no more than"
    r"|at most|maximum of|limited to|set from 0 to|minimum value of 0 and a maximum value of|between 0 to) (?P<most>[\d,]+)(?P<unit> KB)?"
)
def largest(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    rows = _of(requirement, _rows(requirement, world, "bound"))
    most = int(found["most"].replace(",", "")) * (1024 if found["unit"] else 1)
    wanted = [row for row in rows if row.kind.endswith(f" {most}")]
    return Verdict(bool(wanted), "kind", tuple(wanted or rows)) if rows else None


@rule(
    r".*?(?:more than one (?P<name>[\w:]+)(?: child)? elements?|[Mm]aximum of (?:one|1) (?P<other>[\w:]+)(?: child)? element)"
)
def one_at_most(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    rows = _of(requirement, _rows(requirement, world, "bound", found["name"] or found["other"]))
    rows = [row for row in rows if not row.kind.startswith(("characters", "bytes", "value"))]
    return Verdict(all(row.kind == "count 0 to 1" for row in rows), "kind", tuple(rows)) if rows else None


@rule(
    r".*?(?:MUST NOT (?:include|contain|be present in|be sent)|not included in command requests|MUST NOT \[?define|MUST not change"
    r"|MUST NOT \[define)"
)
def never(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    name = re.match(r"(?:It|The|\[The)\s?\[?(\w+)", requirement.text)
    rows = _of(requirement, _rows(requirement, world, "never"))
    if not rows and name:
        rows = _of(requirement, _rows(requirement, world, "never", name[1]))
    since = "16.0" if re.search(r"16\.[01]", requirement.text) else ""
    wanted = [row for row in rows if row.kind == f"never since {since}"]
    return Verdict(bool(wanted), "kind", tuple(wanted or rows)) if rows else None


def _types(text: str) -> set[int]:
    return {int(one) for one in re.findall(r"\b(\d)\b", re.sub(r"section [\d.]+", "", text))}


@rule(
    r"(?:A command request(?: \[or response\])? has a minimum of one (?P<name>\w+)(?: child)? element per Recurrence element (?:when|if)"
    r"|The (?P<other>\w+) element MUST (?P<only>only )?be included in requests(?: \[or responses\])? when)(?P<when>.*)"
)
def needed(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    kind = "allowed" if found["only"] else "needed"
    rows = _rows(requirement, world, kind, found["name"] or found["other"])
    types = _types(found["when"])
    kept = bool(rows) and all(row.kind.startswith(kind) and types <= _types(row.kind) for row in rows)
    return Verdict(kept, "kind", tuple(rows)) if rows else None


@rule(r"The (?P<name>\w+) element MUST NOT be included in requests (?:\[or responses\] )?when(?P<when>.*)")
def forbidden(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    rows = _rows(requirement, world, "allowed", found["name"])
    kept = all(row.kind.startswith("allowed") and not _types(found["when"]) & _types(row.kind) for row in rows)
    return Verdict(kept, "kind", tuple(rows)) if rows else None


@rule(
    r"(?P<answer>Yes|No)[.,]+ \[?(?:Applies |\[Applies )to (?P<cls>\w+), if FilterType is (?P<value>\d),?\s*(?:\]|[Ss]tatus|)"
)
def filtered(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    rows = [row for row in world.limits if row.model == "filter" and row.name == CLASSES.get(found["cls"].lower())]
    known = any(found["value"] in row.kind.split() for row in rows)
    return Verdict(known == (found["answer"] == "Yes"), "kind" if known else "row", tuple(rows)) if rows else None


@rule(
    r"For a mailbox search, the classes are supported as follows\. (?:\[Email[^\]]*\] ?)?(?P<cls>\w+)(?: class)? is supported (?:only )?by protocol versions (?P<version>[\d.]+\d)"
)
def of_class(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    rows = tuple(row for row in world.limits if row.model == "class" and row.name == found["cls"])
    kept = all(row.kind in ("", *VERSIONS) and found["version"] >= row.kind for row in rows)
    return Verdict(kept, "kind", rows) if rows else None


@rule(r'The (?:values )?"(?P<one>\w+)"(?:, "\w+")*,? and "(?P<other>\w+)" (?:values )?are valid (?P<only>only|for all)')
def of_classes(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    named = re.findall(r'"(\w+)"', requirement.text)
    rows = tuple(row for row in world.limits if row.model == "class" and row.name in named)
    since = "14.0" if found["only"] == "only" else ""
    return Verdict(len(rows) == len(named) and all(row.kind == since for row in rows), "kind", rows) if rows else None
