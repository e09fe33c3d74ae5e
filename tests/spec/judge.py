"""How a requirement is held against the Models: by rules, which limits.py, lists.py, rules.py and strays.py add.

A rule is a pattern of Microsoft's wording and a function. The function is given what the pattern found and gives a
Verdict: whether it is so, and the declarations that it rests on, which mutate.py changes to see that the rule notices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from wbxml import ACTIVESYNC

from .catalogue import COMMANDS, OTHERS, Requirement
from .places import Declaration, Place, World
from .places import world as today

NAMESPACES = {tag.namespace.lower(): tag.namespace for tag in ACTIVESYNC.by_name.values()} | {
    "rm": "RightsManagement",
    "poom": "Tasks",
}
CLASSES = {
    "Calendar": ("CalendarEvent",),
    "Contacts": ("Contact",),
    "E-mail": ("Email",),
    "Notes": ("Note",),
    "Tasks": ("Task",),
}
OWN = {
    "MS-ASAIRS": ("AirSyncBase", "ItemOperations"),
    "MS-ASCAL": ("Calendar", "AirSyncBase"),
    "MS-ASCNTC": ("Contacts", "Contacts2", "AirSyncBase"),
    "MS-ASDOC": ("DocumentLibrary",),
    "MS-ASEMAIL": ("Email", "Email2", "Tasks", "RightsManagement", "AirSyncBase"),
    "MS-ASNOTE": ("Notes", "AirSyncBase"),
    "MS-ASPROV": ("Provision", "Settings"),
    "MS-ASRM": ("RightsManagement",),
    "MS-ASTASK": ("Tasks", "AirSyncBase"),
}
"""The namespaces that a specification means where it names none."""
PAGES = {
    "Sync": ("AirSync",),
    "FolderSync": ("FolderHierarchy",),
    "FolderCreate": ("FolderHierarchy",),
    "FolderDelete": ("FolderHierarchy",),
    "FolderUpdate": ("FolderHierarchy",),
    "GetItemEstimate": ("GetItemEstimate", "AirSync"),
    "Search": ("Search",),
    "Find": ("Find",),
    "Settings": ("Settings",),
    "Provision": ("Provision",),
}
"""The code pages of the commands."""
TYPES = {
    "compact datetime": ("compact",),
    "byte array": ("bytes",),
    # Data that is not sent as OPAQUE is sent as base64.
    "string": ("string", "base64", "compact"),
    "integer": ("integer", "boolean"),
    # Some booleans are typed so, and are then 0 or 1.
    "unsignedbyte": ("integer", "boolean"),
    "unsignedshort": ("integer",),
    "unsignedint": ("integer",),
    "boolean": ("boolean", "flag"),
    "datetime": ("datetime", "compact"),
    "double": ("string",),  # sent as decimal text
    "guid": ("string",),
    "timezone": ("base64",),
    "container": ("container",),
    "base64": ("base64",),
    "empty tag": ("flag",),
    "none": ("flag",),
}


SPELLINGS = {
    "airsycnbase": "airsyncbase",
    "AllowWifi": "AllowWiFi",
    "DayofMonth": "DayOfMonth",
    "DevicePassoword": "DevicePassword",
    "MonthofYear": "MonthOfYear",
    "GALSearchCriterion": "GalSearchCriterion",
    "OofMessge": "OofMessage",
    "Setttings": "Settings",
}
"""Misprints of the catalogue, and the one name that is written in two ways."""


@dataclass(frozen=True)
class Verdict:
    """Whether the Models keep to a requirement; ``aspect`` is what of the declarations says so."""

    kept: bool
    aspect: str
    rests_on: tuple[Declaration, ...]


class Element:
    """The places of the element that a requirement speaks of."""

    def __init__(self, requirement: Requirement, name: str, world: World, command: str = "") -> None:
        if command in COMMANDS and requirement.group in COMMANDS:
            requirement = replace(requirement, group=command)
        found = re.match(r"(?:(\w+):)?\s*(\w+)\s*(?:\(([^)]*)\))?", name.strip())
        self.name = SPELLINGS.get(found[2], found[2]) if found else name
        namespace = NAMESPACES.get((found[1] or "").lower()) if found else None
        qualifiers = [found[3]] if found and found[3] else []
        title = re.match(r"(?:\w+:)?\s*(\w+)\s*\(([^)]*)\)", requirement.title)
        if title and title[1] == self.name:
            qualifiers.append(title[2])
        # Whether none of the specification's own namespaces has such an element: then it is one of AirSyncBase.
        own = [namespace for namespace in OWN.get(requirement.document, ()) if namespace != "AirSyncBase"]
        self.foreign = not any(f"{namespace}:{self.name}" in ACTIVESYNC.by_name for namespace in own)
        # Which elements are meant does not depend on what a mutation takes away.
        self.own_names = today().own_names
        among = today().by_name.get(self.name, [])
        self.carried = len({place.tag.namespace for place in among if place.direction == "item"}) == 1
        self.places = [
            place for place in world.by_name.get(self.name, []) if self._fits(requirement, place, namespace, qualifiers)
        ]

    def _fits(self, requirement: Requirement, place: Place, namespace: str | None, qualifiers: list[str]) -> bool:
        if place.tag.name != self.name or (namespace and place.tag.namespace != namespace):
            return False
        own = OWN.get(requirement.document)
        if not namespace and own:
            # Another one's elements have its name in the title.
            named = self.foreign or any("Namespace" in qualifier for qualifier in qualifiers)
            if place.tag.namespace not in (own if named or own[-1] != "AirSyncBase" or len(own) == 1 else own[:-1]):
                return False
        group = requirement.group
        # What no command has of its own may be of an item that it carries, where no two have such an element.
        carried = place.direction == "item" and self.carried and self.name not in self.own_names.get(group, ())
        if group in COMMANDS and place.command != group and not carried:
            return False
        if group in CLASSES and place.direction == "item" and place.command not in CLASSES[group]:
            return False
        for qualifier in qualifiers:
            words = re.findall(r"\w+", qualifier)
            if "Namespace" in words:
                if place.tag.namespace.lower() not in [word.lower() for word in words]:
                    return False
            elif not any(word in COMMANDS or word in OTHERS for word in words):
                parents = [tag.name for tag in place.above]
                if words and not any(word in parents for word in words) and words[0][:1].isupper():
                    return False
        return True

    def of(self, direction: str) -> Element:
        """Those in requests or in answers, where the direction is said."""
        narrowed = Element.__new__(Element)
        narrowed.name = self.name
        wanted = [way for way in ("request", "response") if way in direction]
        narrowed.places = [
            place for place in self.places if not wanted or place.direction == "item" or place.direction in wanted
        ]
        return narrowed

    def under(self, *parents: str) -> list[Place]:
        """Those whose parent has one of the names."""
        names = [SPELLINGS.get(name, name) for name in (parent.rpartition(":")[2] for parent in parents)]
        return [place for place in self.places if place.parent is not None and place.parent.name in names]


Rule = Callable[[Requirement, "re.Match[str]", World], Verdict | None]
RULES: list[tuple[re.Pattern[str], Rule]] = []


def rule(pattern: str) -> Callable[[Rule], Rule]:
    """Makes a function the rule for texts that begin so."""

    def add(function: Rule) -> Rule:
        RULES.append((re.compile(pattern, re.DOTALL), function))
        return function

    return add


def judge(requirement: Requirement, world: World) -> Verdict | None:
    """The verdict of the first rule that the text fits and that knows the element; None where there is none."""
    from . import limits, lists, rules, strays  # noqa: F401 - they add themselves

    for pattern, function in RULES:
        if found := pattern.match(requirement.text):
            verdict = function(requirement, found, world)
            if verdict is not None:
                return verdict
    return None


def rests(places: Iterable[Place]) -> tuple[Declaration, ...]:
    """The declarations of places, each once."""
    return tuple(dict.fromkeys(place.what for place in places))


def names(text: str) -> list[str]:
    """The elements that a text lists, each before its section in brackets, without what is in other brackets."""
    text = re.sub(r"\((?:\[[^\]]*\] )?section [^)]*\)|\(section[^)]*\)|<\d+>", ",", text)
    text = re.sub(r"\([^)]*\)", "", text)
    return [
        word for word in re.findall(r"(?:\w+:)?[A-Z]\w+", text) if not re.fullmatch(r"MS|AS[A-Z]+|None|The|In|If", word)
    ]
