"""Rows of tables and sentences that are set in another way than their like: what rules.py does not read."""

from __future__ import annotations

import re

from .catalogue import Requirement
from .judge import NAMESPACES, SPELLINGS, TYPES, Element, Verdict, names, rests, rule
from .places import World


@rule(
    r"None ?\[ ?Element (?P<name>[\w:]+) in (?P<command>\w+) command(?: \w+)*? (?P<way>request|response)[^\]]*?(?:the )?(?:has no )?data ty"
)
def without_a_type(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That the element is there or not, and holds no text."""
    places = Element(requirement, found["name"], world, found["command"]).of(found["way"]).places
    empty = [place for place in places if place.what.kind == "flag"]
    return Verdict(bool(empty), "kind", rests(empty or places)) if places else None


@rule(
    r"\[Tag name\] (?P<name>\w+) *\[Token\] *0x(?P<token>\w+)(?: \[supports protocol versions\] (?P<versions>.*?))?\s*$"
)
def token_alone(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """The rows of [MS-ASWBXML] that name no versions, or are set without their spaces."""
    namespace = requirement.title.rpartition(":")[2].strip()
    row = world.tags.get(f"{namespace}:{found['name']}")
    return Verdict(row.kind == str(int(found["token"], 16)), "kind", (row,)) if row is not None else None


@rule(r"(?:None ?\[ ?)?Elem+ent (?P<name>\w+) in (?P<command>\w+) command request \(section [\d.]+\)(?P<rest>.*)")
@rule(
    r"(?:None ?\[ ?)?Element (?P<name>\w+) in (?P<command> ?)(?:command request \(section 2\.2\.1\.2\))?(?P<rest>[ ,，]*(?:the|has).*)"
)
def misprinted(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """Rows of a command's tables with a letter too many, without the command, or with what they say before the element."""
    element = Element(requirement, found["name"], world, found["command"].strip() or requirement.group).of("request")
    said = found["rest"]
    if not element.places:
        return None
    if "no child element" in said:
        return Verdict(all(place.what.kind != "container" for place in element.places), "kind", rests(element.places))
    if "parent element is" in said:
        under = element.under(*names(said.partition("parent element is")[2]))
        return Verdict(bool(under), "parent", rests(under)) if under else None
    if "child element" in said:
        listed = [name.rpartition(":")[2] for name in names(said)]
        inside = [
            place
            for place in world.places
            if place.parent is not None and place.parent.name == element.name and place.command == requirement.group
        ]
        fitting = [place for place in inside if place.tag.name in {SPELLINGS.get(name, name) for name in listed}]
        kept = {place.tag.name for place in fitting} >= {SPELLINGS.get(name, name) for name in listed}
        return Verdict(kept, "parent", rests(fitting)) if fitting else None
    if "data type is container" in said or "data type is string" in said:
        kind = "container" if "container" in said else "string"
        return Verdict(all(place.what.kind == kind for place in element.places), "kind", rests(element.places))
    if re.search(r"number allowed is 0\W+1\b", said):
        return Verdict(not any(place.what.many for place in element.places), "many", rests(element.places))
    return None


@rule(r"The value of this element ?\[(?P<name>[\w:]+) ?(?:\([\w ]+\))?\] is (?:an? )?(?P<type>\w+)")
@rule(r"The value of this (?:element )?\[(?:The |the )?(?P<name>[\w:]+)(?: element)?\] is (?:an? )?(?P<type>\w+)")
@rule(r"The (?P<name>[\w:]+) element \[?is a (?P<type>container) ")
def typed(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    kinds = TYPES.get(found["type"].lower())
    if kinds is None or not element.places:
        return None
    fitting = [place for place in element.places if place.what.kind in kinds]
    return Verdict(bool(fitting), "kind", rests(fitting or element.places))


@rule(r"The (?P<parent>\w+) element (?:can )?(?:has|have) the following child element:? ?\]?\s*(?P<name>\w+) \(section")
@rule(r"The (?P<parent>\w+) element (?:can|MUST) contain the following child element: (?P<name>\w+) \(section")
@rule(r"\[The (?P<parent>\w+) element has the following child element:\] (?P<name>\w+) \(section")
@rule(r"A command request has (?:a minimum of one|zero or more) (?P<name>\w+) elements? per (?P<parent>\w+) element")
def listed_alone(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    under = Element(requirement, found["name"], world).under(found["parent"])
    return Verdict(all(place.what.many for place in under), "many", rests(under)) if under else None


# -- What an element is, said of "it" ---------------------------------------------------------------------------------

_IT = r"(?:It|This(?: element)?) ?\[ ?(?:[Tt]he )?(?P<name>[\w:]+)(?: \(\w+\)| \(\w+ Namespace\))?(?: element)? ?\]"


@rule(_IT + r" is distinguished only by the presence or absence of the <")
def presence(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    flags = [place for place in element.places if place.what.kind == "flag"]
    return Verdict(bool(flags), "kind", rests(flags or element.places)) if element.places else None


@rule(_IT + r" is (?:defined as )?an element (?:in|of) the (?P<namespace>\w+) namespace")
@rule(r"It is defined as an element in the (?P<namespace>\w+) namespace(?P<name>)")
def defined(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"] or requirement.title, world)
    among = [place for place in element.places if place.tag.namespace == found["namespace"]]
    return Verdict(True, "tag", rests(among)) if among else None


@rule(_IT + r" is the top-level element in the XML stream")
def top(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    roots = [place for place in world.places if not place.above and place.tag.name == found["name"]]
    return Verdict(True, "tag", rests(roots)) if roots else None


@rule(
    _IT
    + r" (?:contains|specifies|represents|sets|is used in ActiveSync command|is a unique identifier|can contain any string)"
)
@rule(r"The (?P<name>[\w:]+) element specifies (?:the|a|whether)")
def said_of_it(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    return Verdict(True, "tag", rests(element.places)) if element.places else None


@rule(
    r"The definition of (?:the|this) (?P<name>\w+)? ?element (?:\[\w+\] )?differs according to the context in which it"
)
def differs(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """That the element stands in more than one place: in several commands, or beneath several others."""
    among = world.by_name.get(found["name"] or requirement.title.partition(" ")[0].partition("(")[0], [])
    places = {(place.command, place.direction, place.parent) for place in among}
    return Verdict(len(places) > 1, "tag", rests(among)) if among else None


@rule(r"The top-level (?P<name>[\w:]+) element cannot be ghosted")
def never_ghosted(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """It is always among what a client keeps, where it says what it keeps."""
    under = Element(requirement, found["name"], world).under("Supported")
    return Verdict(True, "tag", rests(under)) if under else None


@rule(r"The value of the (?P<name>[\w:]+) element is an? (?P<type>unsignedShort|string)\b")
def typed_by_schema(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    kinds = TYPES[found["type"].lower()]
    fitting = [place for place in element.places if place.what.kind in kinds]
    return Verdict(bool(fitting), "kind", rests(fitting or element.places)) if element.places else None


@rule(
    r"A command (?:request|response) has (?:a maximum of one|only one|only) (?P<name>\w+) child element per (?P<parent>\w+) element"
)
def one_a_parent(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    under = Element(requirement, found["name"], world).under(found["parent"])
    return Verdict(all(not place.what.many for place in under), "many", rests(under)) if under else None


@rule(
    r"Element (?P<name>\w+) in (?P<command>\w+) command [\w ]*?request(?: and response)? ?\([^)]*\),? ?the parent (?:elements?|lement) (?:is|are) (?P<parents>.*)"
)
def misprinted_parent(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    under = Element(requirement, found["name"], world, found["command"]).of("request").under(*names(found["parents"]))
    return Verdict(True, "parent", rests(under)) if under else None


@rule(r"Protocol version 16\. 1 supports this \[(?P<name>\w+)\] element")
def in_16_1(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    places = Element(requirement, found["name"], world).places
    return Verdict(any("16.1" in place.versions for place in places), "versions", rests(places)) if places else None


@rule(
    r"Elements referenced in this section ?\[[\d.]+\] that are not defined in the (?P<namespace>\w+) namespace use the namespace prefixes"
)
def lent(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """Of a command: that its root is of its namespace, and all other elements of namespaces that have a prefix."""
    mine = [place for place in world.places if place.command == requirement.group]
    roots = [place for place in mine if not place.above]
    if not roots:
        return None
    known = {NAMESPACES.get(place.tag.namespace.lower()) == place.tag.namespace for place in mine}
    kept = known == {True} and all(place.tag.namespace == found["namespace"] for place in roots)
    return Verdict(kept, "tag", rests(roots))


@rule(
    r"The (?P<name>\w+) element is not supported by certain protocol versions \[(?P<version>[\d.]+)\] as a child of the (?P<parent>\w+) element"
)
def not_in_some(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    under = Element(requirement, found["name"], world).under(found["parent"])
    if not under:
        return None
    kept = not any(found["version"] in place.versions for place in under)
    return Verdict(kept, "no versions", (*rests(under), *(one for place in under for one in place.outer)))
