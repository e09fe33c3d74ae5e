"""What requirements list: namespaces and their prefixes, the values of an element, the elements of a command or a
specification, and the versions in which some elements stand in another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from wbxml.codepages import VERSIONS

from .catalogue import Requirement
from .judge import NAMESPACES, SPELLINGS, Element, Verdict, names, rests, rule
from .places import Place, World
from .places import world as today

# -- Namespaces -------------------------------------------------------------------------------------------------------

_URI = r"(?:is used for )?[Nn]amespace URI(?: is)?:?\]?\s+\"?(?P<namespace>[A-Z]\w+)"


@rule(r"(?:The )?[Pp]refix \"(?P<prefix>\w+)\" " + _URI)
@rule(r"(?:None|The null) (?P<prefix>)prefix " + _URI)
@rule(r"\[Prefix is ?:? ?\] ?\(?(?P<prefix>\w+)\)? ?\[ ?and " + _URI)
@rule(r"The \(?(?P<prefix>\w+)\)? prefix associates (?P<namespace>\w+)")
def prefix(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That a code page has the namespace's name, and that the prefix, where there is one, is that of this page."""
    rows = tuple(row for row in world.tags.values() if row.tag.namespace.lower() == found["namespace"].lower())
    kept = found["prefix"] in ("", "none", "None") or {row.tag.namespace for row in rows} == {
        NAMESPACES.get(SPELLINGS.get(found["prefix"], found["prefix"]))
    }
    return Verdict(kept, "row", rows) if rows else None


@rule(
    r"Elements referenced in this section(?: ?\[[\d.]+\])?,? are defined in the (?P<namespace>\w+) namespace, except where otherwise"
)
def namespace_around(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """Of an element that another namespace lends to the command: that it stands in one of the command's own."""
    among = [place.outer[-1] for place in Element(requirement, requirement.title, world).places if place.outer]
    around = tuple(dict.fromkeys(what for what in among if what.tag.namespace == found["namespace"]))
    return Verdict(True, "tag", around) if around else None


# -- Values -----------------------------------------------------------------------------------------------------------


def _numbers(text: str) -> set[int]:
    """The numbers of "0, 1, 2", "0~23", "0-9", "between 0 to 6, except for 4" or "among 0, 1 and 20"."""
    kept, _, without = text.partition("except for")
    found = {int(number) for number in re.findall(r"\d+", kept)}
    if span := re.search(r"(\d+) ?(?:~|-| to | and (?=\d+$)) ?(\d+)", kept):
        found |= {*range(int(span[1]), int(span[2]) + 1)}
    return found - {int(number) for number in re.findall(r"\d+", without)}


@rule(
    r"The (?:value of (?:this element ?\[(?P<it>[\w:]+)\]|the (?P<name>[\w:]+) element) MUST be|following table "
    r"(?:lists|shows|defines)(?: the)?(?: possible)? ?valid values|following table lists the possible values)"
    r".*?\[(?:[Tt]he value is )?(?P<values>[^\]]*\d[^\]]*)\](?P<more> \[or the sum)?"
)
def one_of(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That the Models name all of the values, and no other one that a request may give the element."""
    places = Element(requirement, found["it"] or found["name"] or requirement.title, world).places
    listed = _numbers(found["values"])
    known = [place for place in places if place.what.values]
    if not known:
        truths = [place for place in places if place.what.kind == "boolean"]
        return Verdict(listed == {0, 1}, "kind", rests(truths)) if truths else None
    reserved = {
        int(row.kind)
        for row in world.limits
        if row.model == "reserved" and any(row.name.endswith(str(place.tag)) for place in known)
    }
    kept = all(listed - reserved == {int(value) for value in place.what.values} - reserved for place in known)
    return Verdict(kept, "values", rests(known))


# -- Elements ---------------------------------------------------------------------------------------------------------


@rule(r"The following table lists the elements ?\[(?P<listed>[^\]]*)\] that are used in (?P<command>\w+) command")
@rule(r"The following table summarizes the set of common XML schema elements? ?\[(?P<listed>[^\]]*)\](?P<command>)")
def elements(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That every element of the list is in a Model of the command or of the specification's items."""
    tags = {row.tag.name for row in today().tags.values()}
    listed = [name for name in names(found["listed"]) if name.rpartition(":")[2] in tags]  # the others are misprints
    inside = {name: Element(requirement, name, world, found["command"]).places for name in listed}
    fitting = [place for places in inside.values() for place in places]
    return Verdict(all(inside.values()), "tag", rests(fitting)) if fitting else None


# -- Versions ---------------------------------------------------------------------------------------------------------


def _versions(text: str) -> list[str]:
    return [version for version in re.findall(r"\d\d?\.\d", text) if version in VERSIONS]


def _only_in(places: Iterable[Place], versions: list[str]) -> bool:
    """Whether all stand in these versions, and in none before the first of them; texts end at the version they know."""
    return all(
        {*versions} <= {*place.versions} and min(place.versions, key=VERSIONS.index) == versions[0] for place in places
    )


_AS_A_CHILD = (
    r"(?:is|are) supported as (?:an? )?(?P<way>child|parent)(?: elements?)? of the (?P<parent>\w+) element only when"
)


@rule(
    r"The (?P<listed>[\w:, \[\]]+?) elements? " + _AS_A_CHILD + r"(?: the)? protocol versions? (?P<versions>.*) is used"
)
@rule(
    r"The following elements are supported as an? (?P<way>child) elements of the (?P<parent>\w+) element only when protocol version "
    r"(?P<versions>.*) is used: (?P<listed>.*)"
)
def children_only_in(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    listed = names(re.sub(r"\[[^\]]*\]", "", found["listed"]))
    versions = sorted(_versions(found["versions"]), key=VERSIONS.index)
    above = (found["parent"],) if found["way"] == "child" else listed
    inside = listed if found["way"] == "child" else [found["parent"]]
    parents = [*above, "ApplicationData"] if above == ("Change",) else [*above]
    under = {name: Element(requirement, name, world).under(*parents) for name in inside}
    fitting = [place for places in under.values() for place in places]
    if not fitting or not versions:
        return None
    return Verdict(all(under.values()) and _only_in(fitting, versions), "versions", rests(fitting))


@rule(
    r"(?:When synchronizing the \w+ class: )?(?:When protocol version (?P<before>.*?) is used, )?[Tt]he (?P<listed>[\w:]+(?: element and the \w+)?) element (?:is|are) not supported "
    r"as an? child(?: elements?)? of the (?P<parent>\w+) element(?: (?:when the|in) protocol versions? (?P<after>.*))?"
)
def child_not_in(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    versions = _versions(found["before"] or found["after"] or "")
    under = [Element(requirement, name, world).under(found["parent"]) for name in names(found["listed"])]
    fitting = [place for places in under for place in places]
    if not all(under) or not versions:
        return None
    kept = not any(version in place.versions for place in fitting for version in versions)
    return Verdict(kept, "no versions", (*rests(fitting), *(one for place in fitting for one in place.outer)))


@rule(
    r"The (?:(?P<namespace>\w+):)?(?P<name>\w+) element.*? (?:is|are) used instead of the (?:(?P<old_namespace>\w+):)(?P<old>\w+) element"
    r".* (?:in|with) protocol version(?:version)?s? (?P<versions>.*)"
)
@rule(
    r"In protocol version (?P<versions>[\d.]+): The \[?(?:calendar:UID element is used instead of the email:GlobalObjId element; the\] )?"
    r"(?P<namespace>\w+):(?P<name>\w+) element is used instead of the (?P<old_namespace>\w+):(?P<old>\w+) element"
)
def instead_of(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That the new element is in each of these versions, and the old one in none that it has taken over."""
    new = Element(requirement, f"{found['namespace']}:{found['name']}", world).places
    old = Element(requirement, f"{found['old_namespace']}:{found['old']}", world).places
    versions = _versions(found["versions"])
    if not new or not versions:
        return None
    there = any({*versions} <= {*place.versions} for place in new)
    gone = not any(version in place.versions for place in old for version in versions)
    return Verdict(there and gone, "versions", rests(new))


@rule(r"The functionality of conversations is supported only by protocol versions (?P<versions>.*)\.")
@rule(
    r"Therefore, the elements \[(?P<listed>[^\]]*)\] that are defined by this specification MUST be used with protocol version (?P<versions>[^f]*)"
)
@rule(
    r"The \[?(?P<listed>airsyncbase:BodyPart) element, as .*are supported only by protocol versions (?P<versions>.*)\."
)
@rule(
    r"The \[.*\] (?P<listed>airsyncbase:BodyPartPreference) element, as .*are supported only by protocol versions (?P<versions>.*)\."
)
def conversations(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That no element of conversations is in a version before these."""
    listed = names(found.groupdict().get("listed") or "ConversationId, ConversationIndex, ConversationMode")
    listed = [name.rpartition(":")[2] for name in listed if name not in ("Status", "Options")]
    fitting = [place for name in listed for place in world.by_name.get(name, [])]
    first = min(_versions(found["versions"]), key=VERSIONS.index)
    kept = all(VERSIONS.index(version) >= VERSIONS.index(first) for place in fitting for version in place.versions)
    return Verdict(kept, "no versions", rests(fitting)) if fitting else None
