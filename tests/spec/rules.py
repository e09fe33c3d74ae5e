"""What a requirement says of an element, read from its text, and whether the Models keep to it."""

from __future__ import annotations

import re

from .catalogue import COMMANDS, OTHERS, Requirement
from .judge import OWN, PAGES, SPELLINGS, TYPES, Element, Verdict, names, rests, rule
from .places import Place, World

# -- Versions ---------------------------------------------------------------------------------------------------------


def _in_version(among: list[Place], found: re.Match[str]) -> Verdict | None:
    if not among:
        return None
    supported = [place for place in among if found["version"] in place.versions]
    if "not" not in found["not"] and "'t" not in found["not"]:
        return Verdict(bool(supported), "versions", rests(supported))
    return Verdict(not supported, "no versions", (*rests(among), *(one for place in among for one in place.outer)))


DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SUPPORT = r"(?:\[[^\]]*\] ?)?Protocol version (?P<version>[\d.]+) (?P<not>does ?n[o'].?t? ?supports? |doens't support |(?:does )?supports? )"


@rule(
    _SUPPORT + r"this \[{0,2}(?P<name>.+?)\]? ?\]? element"
    r"(?:,? (?:\[as\] |as )?(?:a )?child (?:element )?of (?:the )?(?P<parent>[\w:, ]+?)(?: elements?)?)?\s*\.?\s*(?:<\d+>)?$"
)
def version(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    among = element.places
    if found["parent"]:
        parents = re.findall(r"(?:\w+:)?[A-Z]\w+", found["parent"])
        among = element.under(*parents)
    verdict = _in_version(among, found)
    if verdict is None and not found["parent"]:
        return _tag_in_version(requirement, element.name, found, world)
    return verdict


def _tag_in_version(requirement: Requirement, name: str, found: re.Match[str], world: World) -> Verdict | None:
    """For an element that no Model has: what its code page says of it."""
    pages = PAGES.get(requirement.group) or OWN.get(requirement.document, ())
    rows = tuple(row for page in pages if (row := world.tags.get(f"{page}:{name}")) is not None)
    if not rows:
        return None
    there = any(found["version"] in row.versions for row in rows)
    negative = "'t" in found["not"] or "not" in found["not"]
    return Verdict(there != negative, "no versions" if negative else "versions", rows)


@rule(_SUPPORT + r"this \[(?P<name>\w+)\] (?:command|element)\.?")
def version_of_command(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    roots = [place for place in world.places if place.command == found["name"] and not place.above]
    return _in_version(roots, found)


# -- The tables of elements in [MS-ASCMD] -----------------------------------------------------------------------------

TABLE = (
    r"\[?\s*Element (?P<name>[\w:]+(?: ?\([\w ]+\))?)(?: \[?[\w ]*\]?)?? in (?P<command>\w+) command(?: \w+)*? (?P<way>request"
    r"(?: and response)?|response)\s*(?:\(section\s*[\d.]+\))?[\w ]*?,? "
)


@rule(TABLE + r"the parent elements? (?:is|are)\s*(?P<parents>.*)$")
def parents(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world, found["command"]).of(found["way"])
    listed = names(found["parents"])
    if not element.places or not listed:
        return None
    under = [element.under(name) for name in listed]
    return Verdict(all(under), "parent", rests(place for some in under for place in some))


@rule(TABLE + r"the child elements? (?:is|are)\s*(?P<children>.*)$")
def children(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world, found["command"]).of(found["way"])
    listed = names(found["children"])
    if not element.places or not listed:
        return None
    inside = [place for place in world.places if place.command == found["command"] and place.parent is not None]
    inside = [place for place in inside if place.direction in found["way"] and place.parent.name == element.name]  # type: ignore[union-attr]
    known = {place.tag.name for place in inside}
    wanted = {name.rpartition(":")[2] for name in listed}
    return Verdict(wanted <= known, "parent", rests(place for place in inside if place.tag.name in wanted))


def _childless(element: Element) -> Verdict | None:
    if not element.places:
        return None
    return Verdict(all(place.what.kind != "container" for place in element.places), "kind", rests(element.places))


@rule(r"None\s*\[?\s*" + TABLE.removeprefix(r"\[?\s*") + r"?has no child element")
@rule(
    r"None\s*\[\s*Element (?P<name>[\w:]+(?: ?\([\w ]+\))?) in (?P<command>\w+) command (?P<way>request|response).*has no child"
)
@rule(TABLE + r"(?:there is no|has no) child element")
def childless(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    return _childless(Element(requirement, found["name"], world, found["command"]).of(found["way"]))


@rule(TABLE + r"the data type is (?P<type>.*)$")
def data_type(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    return _typed(Element(requirement, found["name"], world, found["command"]).of(found["way"]), found["type"])


@rule(TABLE + r"the number allowed is (?P<number>.*)$")
def number(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world, found["command"]).of(found["way"])
    bounds = re.match(r"\s*(\d)\s*(?:\.\.\.|…|..)\s*(\w)", found["number"])
    if not element.places or not bounds:
        return None
    several = bounds[2] not in "01"
    fitting = [place for place in element.places if place.what.many == several]
    return Verdict(bool(fitting), "many", rests(element.places))


@rule(r"Element (?P<name>[\w:]+) is used in \[(?P<command>\w+) command\] (?P<way>[\w ]+?), refer")
def used(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    ways = [way for way in ("request", "response") if way in found["way"].lower()]
    if not element.places or not ways:
        return None
    under = [[place for place in element.places if place.direction == way] for way in ways]
    return Verdict(all(under), "parent", rests(place for some in under for place in some))


# -- Sentences --------------------------------------------------------------------------------------------------------


_OUTSIDE = ("itemoperations", "meetingresponse", "composemail", "resolverecipients", "validatecert", "moveitems")
"""The prefixes of elements in the commands that do not count."""


def _typed(element: Element, said: str) -> Verdict | None:
    kinds = next((kinds for name, kinds in TYPES.items() if name in said.lower()), None)
    if not element.places or kinds is None:
        return None
    # Numbers and booleans are sent as strings, and some elements are two things by their context.
    fitting = [place for place in element.places if place.what.kind in kinds]
    return Verdict(bool(fitting), "kind", rests(fitting or element.places))


@rule(
    r"(?:\[[\w ]+\] )?(?:The|A|An) (?:top-level )?(?P<name>[\w:]+)(?: ?\([^)]*\))? element(?:\s*\(\[?[^)]*\))? is an? "
    r"(?P<need>optional|required)(?: container)?(?: ?\([^)]*\))?(?: child)?(?: element)?,?(?: and)?(?: child)? (?:element )?of "
    r"(?:the |an? )?(?P<parents>.+)$"
)
@rule(
    r"(?:It|This element|This) ?\[ ?(?:[Tt]he )?(?P<name>[\w:]+)(?: element)? ?\] is an? (?P<need>optional |required )?child(?: element)? of (?:the |an? )?"
    r"(?P<parents>.+)$"
)
@rule(
    r"\[?(?:the|The) (?P<name>[\w:]+) element(?: is)?\]? ?(?:is )?an? (?P<need>optional |required )?child(?: element)? of (?:the |an? )?(?P<parents>.+)$"
)
@rule(
    r"(?:\[[\w ]+\] )?(?:The|A|An) (?:top-level )?(?P<name>[\w:]+)(?: ?\([^)]*\))? element(?:\s*\(\[?[^)]*\))? is a "
    r"(?P<need>)(?:container )?child(?: element)? of (?:the |an? )?(?P<parents>.+)$"
)
def child_of(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    listed = [
        name
        for sentence in [
            re.split(r"(?:\.|,)? (?:that|which|and contains|and is used|if|when|as specified|for)\b", found["parents"])[
                0
            ]
        ]
        for name, is_one in re.findall(r"((?:\w+:)?[A-Z]\w+) (element)?", re.sub(r"\((?:[^)]*)\) ?", "", sentence))
        if (is_one or name not in (*COMMANDS, *OTHERS)) and name.partition(":")[0] not in _OUTSIDE
    ]
    ways = [way for way in ("request", "response") if way in found["parents"].split(" that ")[0]]
    if not element.places or not listed:
        return None
    under = [place for place in element.under(*listed) if not ways or place.direction in (*ways, "item")]
    wanted = {SPELLINGS.get(name, name) for name in (name.rpartition(":")[2] for name in listed)}
    all_there = {place.parent.name for place in under if place.parent} >= wanted
    return Verdict(bool(under) and all_there, "parent", rests(under))


@rule(
    r"(?:It|The (?:\w+:)?\w+ element|This element)\s*(?:\[(?:[Tt]he )?(?P<it>[\w:]+)(?: element| \(\w+ Namespace\))? ?\])? ?is defined (?:as an element )?(?:in|of) the "
    r"(?P<namespace>\w+)(?: XML)? namespace"
)
def namespace(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    told = found["it"] or re.match(r"(?:It|The|This) ?([\w:]+)?", found[0])[1] or requirement.title  # type: ignore[index]
    element = Element(requirement, told if told != "element" else requirement.title, world)
    among = [place for place in element.places if place.tag.namespace.lower() == found["namespace"].lower()]
    return Verdict(True, "tag", rests(among)) if among else None


@rule(
    r"(?:All e|E)lements referenced in this section(?: \[[\d.]+\])?,? are (?:all )?defined in the (?P<namespace>\w+) namespace"
)
def namespace_of_section(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, requirement.title, world)
    among = [place for place in element.places if place.tag.namespace.lower() == found["namespace"].lower()]
    return Verdict(True, "tag", rests(among)) if among else None


@rule(
    r"The value of (?:this element ?(?:\[(?:the )?(?P<it>[\w:]+) ?(?:element)?\])?|the (?P<name>[\w:]+) element)\s*(?:\([^)]*\))? is (?:an? )?"
    r"(?P<type>[\w ]+?)(?: data)? (?:type|value)"
)
@rule(r"(?:The|This|This element) ?\[?(?P<name>[\w:]+)?(?: element)?\]?(?P<it>) is an? (?P<type>[\w ]+?) data type")
@rule(r"The (?P<name>[\w:]+) element(?P<it>) is (?P<type>container) data type")
@rule(r"The value of this \[(?P<name>[\w:]+)\] element(?P<it>) is an? (?P<type>[\w ]+?)(?: data type)?, as specified")
def value_type(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    said = next(
        (kind for kind in ("compact datetime", "byte array") if kind in requirement.text.lower()), found["type"]
    )
    return _typed(Element(requirement, found["it"] or found["name"] or requirement.title, world), said)


@rule(
    r"A command request(?: \[or response\]| or response)? (?:has|MUST have|can have) (?:a maximum of one|only one|at most one|no "
    r"more than one) (?P<name>[\w:]+)(?: child)? element per (?:the )?(?P<parent>[\w:]+) element"
)
@rule(r"A command request(?: \[or response\])? has a maximum of one (?P<name>\w+) element per (?P<parent>command)")
@rule(r"A maximum of one (?P<name>[\w:]+) child element is allowed per (?P<parent>[\w:]+) element")
@rule(
    r"The result of including more than one (?P<name>[\w:]+)(?: child)? element per (?P<parent>[\w:]+)(?: element)? is undefined"
)
@rule(r"The (?P<parent>[\w:]+) element (?:MUST|can) have a maximum of one (?P<name>[\w:]+) element")
def at_most_one(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    under = element.places if found["parent"] == "command" else element.under(found["parent"])
    return Verdict(all(not place.what.many for place in under), "many", rests(under)) if under else None


@rule(
    r"(?:This element|The (?:top-level )?(?P<name>[\w:]+) element)\s*(?:\[(?P<it>[\w: ]+)\])?\s*(?:\([^)]*\) ?)?can be ghosted"
)
def ghosted(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["it"] or found["name"] or requirement.title, world)
    under = element.under("Supported")
    return Verdict(True, "parent", rests(under)) if under else None


@rule(
    r"\[The (?P<parent>[\w:]+) element can have the following child elements?:\]\s*(?P<name>[\w:]+)\s*(?:\([^)]*\))*\s*(?:[:<]|$)"
)
@rule(r"\[The (?P<parent>[\w:]+) element can have the following child elements?:\]\s*(?P<name>[\w:]+)\s*\([^)]*\)\s*$")
def listed_child(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    under = Element(requirement, found["name"], world).under(found["parent"])
    return Verdict(True, "parent", rests(under)) if under else None


@rule(
    r"The (?P<name>\w+) element is (?:a|the) (?:required )?(?:top-level|required) element in (?P<command>\w+) command requests"
)
def top_level(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    roots = [place for place in world.places if not place.above and place.tag.name == found["name"]]
    return Verdict(True, "tag", rests(roots)) if roots else None


@rule(r"\[(?:The )?[Vv]alues? ?(?:is)?\]?\s*(?P<value>-?\d+)\]? ?\[?(?:means|meaning|is|represents)\]?")
@rule(r"(?:The )?[Vv]alue (?P<value>-?\d+) (?:menas|means|represents)")
@rule(r"(?:The )?[Vv]alue (?:is )?(?P<value>-?\d+) and (?:is )?[Mm]eaning (?:is )?")
@rule(r"The value (?P<value>\d) \((?:TRUE|FALSE)\) indicates")
@rule(r"(?:The value of |)[\w:]* ?(?:is )?(?P<value>\d) identifies")
@rule(r"The value of [\w:]+ is (?P<value>\d+) (?:\(\w+\) )?(?:means|identifies)")
@rule(r"(?:The value of (?:the )?[\w:]+(?: element)? is|(?:The )?[Vv]alue(?: is)?) (?P<value>\d+) (?:means|indicates)")
@rule(r"\[The value\] (?P<value>\d+) \[of (?:the )?\w+ element\] mean(?:s|ing)")
@rule(r"Yes\. \[Applies to \w+, if FilterType is (?P<value>\d+),")
def value(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, requirement.title, world)
    known = [place for place in element.places if place.what.values]
    truths = [place for place in element.places if place.what.kind == "boolean"]
    if not known and truths:
        return Verdict(found["value"] in ("0", "1"), "kind", rests(truths))
    if not known:
        return None
    having = [place for place in known if int(found["value"]) in place.what.values]
    return Verdict(bool(having), "values", rests(known))


# -- Tables of numbers ------------------------------------------------------------------------------------------------


@rule(
    r"\[Tag name\] (?P<name>\w+)(?: ?-? ?see note \d+ following this table)? +\[Token\] +0x(?P<token>\w+) \[supports protocol versions\] (?P<versions>.*?)\s*$"
)
def token(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    namespace = requirement.title.rpartition(":")[2].strip()
    row = world.tags.get(f"{namespace}:{SPELLINGS.get(found['name'], found['name'])}")
    if row is None:
        return None
    listed = set(re.findall(r"\d+\.\d", found["versions"] or ""))
    return Verdict(row.kind == str(int(found["token"], 16)) and listed <= {*row.versions}, "kind", (row,))


@rule(r"(?:.*?)\[(?:the|The) (?:meaning|cause|resolution) of (?:the )?[Ss]tatus value (?P<code>\d+)")
def status_value(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """What a status means, why it comes or what to do: that the table has it, in the scope of the command."""
    code, group = int(found["code"]), requirement.group
    scopes = [scope for scope, known in world.statuses if known == code]
    if group == "Status codes":
        fitting = [scope for scope in scopes if scope == ""]
    else:
        fitting = [
            scope for scope in scopes if scope.partition(" ")[0] in (group, "Policy") or (scope == "" and code == 1)
        ]
    rows = tuple(world.statuses[scope, code] for scope in fitting)
    return Verdict(True, "row", rows) if rows else None


@rule(
    r"(?:It \[)?(?:The|This) (?P<parent>[\w:]+) element\]? ?(?:,? if present,)?,? ?(?:can |MUST )?(?:have|has|contains?) the following (?:required and optional )?child"
    r" elements?(?: in (?:a|the) [\w ]*?(?:request|response)| in (?:the following|this) order)?:? ?\s*\[(?P<children>[^\]]*)\]"
)
def list_of_children(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """All in the list stand in the element, in this order where the text says so."""
    listed = [name.strip().rpartition(":")[2] for name in re.split(r",| and ", found["children"]) if name.strip()]
    parent = Element(requirement, found["parent"], world)
    inside = [place for place in world.places if any(place.above == (*one.above, one.tag) for one in parent.places)]
    fitting = [place for place in inside if place.tag.name in listed]
    if not fitting:
        return None
    kept = {place.tag.name for place in fitting} >= {SPELLINGS.get(name, name) for name in listed}
    if "order" in found[0]:
        order = list(dict.fromkeys(place.tag.name for place in fitting))
        kept = kept and order == listed
    return Verdict(kept, "parent", rests(fitting))


@rule(
    r"(?:\[(?:the )?(?P<it>\w+) ?(?:element)? ?\] )?As an? (?:optional )?child element of the (?P<parent>\w+) element[^,]*(?:, (?:the )?(?P<name>[\w:]+) element|\.)"
)
def as_a_child(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    under = Element(requirement, found["it"] or found["name"] or requirement.title, world).under(found["parent"])
    return Verdict(True, "parent", rests(under)) if under else None


@rule(
    r"None ?\[ ?Elem+ent (?P<name>[\w:]+) in (?P<command>\w+) command request(?: \(section [\d.]+\))?,? has no [Pp]arent element"
)
def without_a_parent(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    roots = [place for place in world.places if not place.above and place.tag.name == found["name"]]
    return Verdict(True, "tag", rests(roots)) if roots else None


@rule(
    r"\[?(?:(?:If|if) the value (?:of this element )?is (?:set to )?(?:TRUE|FALSE|0|1)|(?:A|a) value of [01] \((?:TRUE|FALSE|zero)|"
    r"(?:A|An) [\w:]+ element value of [01] \((?:TRUE|FALSE|zero)[^)]*\) indicates|A nonzero value indicates)"
)
def truth(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """What yes and no mean: that the element is read as one of them."""
    places = Element(requirement, requirement.title, world).places
    if not places or any(place.what.values for place in places):
        return None  # 0 and 1 are among the values of an enumeration
    truths = [place for place in places if place.what.kind == "boolean"]
    return Verdict(bool(truths), "kind", rests(truths or places))


@rule(r"\[The value\] ?(?P<value>\d+) ?\[means\] ?(?P<name>\w+)")
@rule(r"\[The value\] ?(?P<value>\d+) \[means\](?P<name>\w+)")
@rule(r"The value of DayOfWeek is (?P<value>\d+) means (?P<name>\w+)")
@rule(r"The value (?P<value>\d+) (?:means|and [Mm]eaning is) (?P<name>\w+day)")
def day(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    """The days of a week, which DayOfWeek sums up: as the rules of a calendar have them."""
    if "DayOfWeek" not in requirement.title or requirement.title.startswith("First"):
        return None
    rows = tuple(row for row in world.limits if row.model == "day")
    meant = {"Weekdays": DAYS[1:6], "Weekend": (DAYS[0], DAYS[6])}.get(found["name"], (found["name"],))
    wanted = sum(int(row.kind) for row in rows if row.name in meant and row.kind.isdigit())
    return Verdict(wanted == int(found["value"]), "kind", rows) if rows else None


@rule(r"\[(?:Command|Parameter)\] (?P<name>\w+) ")
def of_a_query(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    row = world.numbers.get(found["name"])
    return Verdict(True, "row", (row,)) if row is not None else None


# -- Lists of elements ------------------------------------------------------------------------------------------------


@rule(r"\[The \w+ group identifies the following elements as being part of the \w+ group:\]\s*(?P<name>[\w:]+)")
@rule(r"(?:As|For) a top-level element of the [\w ]+ class, the (?P<name>[\w:]+) element")
@rule(r"\[When the Type element is set to \d, [\w ]+, the following elements are supported:?\]\s*(?P<name>[\w:]+)")
@rule(r"\[The (?P<name>\w+) element\] specifies ")
@rule(r"\[The element (?P<name>[\w:]+)(?: ?'s? ?description)? ?(?:is)? ?:?\s*\]")
@rule(r"\[(?P<name>\w+)\] specifies ")
@rule(r"The element (?P<name>[\w:]+) specifies")
@rule(r"(?P<name>[\w:]+) \(section [\d.]+\) ?(?:—|–|-|:) ? ?(?:This element|One instance)")
@rule(r"The (?P<name>\w+) \(section [\d.]+\) (?:contains|element deletes) ")
@rule(r"(?P<name>[\w:]+) \((?:\[MS-\w+\] )?section [\d.]+\), in a (?:Sync )?command (?:request|response)")
@rule(r"\[Element\] (?P<name>[\w:]+) \([^)]*\):? ?(?:\[(?:is described as|is)\])?")
@rule(r"(?P<name>[\w:]+) \(\[MS-\w+\] section [\d.]+\):? (?:This element is optional|One instance of this element)")
@rule(r"The (?P<name>[\w:]+) \(section [\d.]+\) element ? ?[Ss]pecifies")
@rule(r"(?:It|This) ?\[ ?(?P<name>[\w:]+) ?\] is used in ActiveSync command")
@rule(r"(?:The )?(?:element )?(?P<name>[\w:]+)\s+\((?:\[[\w-]+\] )?section [\d.]+\)(?: element)? [Ss]pecifies ")
@rule(
    r"\[(?:For all values|When [\w ]*the Type element)[^\]]*following elements are (?:optional|supported):?\]\s*(?P<name>[\w:]+)"
)
@rule(r"(?P<name>[\w:]+) \(section [\d.]+\)(?:: One instance of this element| — This element) is ")
@rule(r"Command (?:requests|responses) can include the (?P<name>[\w:]+) element\.")
@rule(r"The (?P<name>[\w:]+) \(section [\d.]+\) element specifies ")
@rule(r"(?P<name>[\w:]+) \(section [\d.]+\)\. This element is ")
@rule(r"(?:The )?(?P<name>[\w:]+)(?: element)? \(section [\d.]+\):? ?(?:This element is (?:optional|required)\.?)?\s*$")
@rule(r"(?:It|This element)\s*\[(?P<name>[\w:]+)\] is used in ActiveSync command requests")
@rule(r"The (?P<name>[\w:]+) element is an empty tag element")
@rule(r"The (?P<name>[\w:]+) element specifies ")
@rule(r"The (?P<name>[\w:]+) element is used in the following command requests")
@rule(
    r"(?:The|A|An) (?P<name>[\w:]+)(?: ?\([^)]*\))? element(?:\s*\(\[?[^)]*\))? is an? (?:optional|required)(?: container)?"
    r"(?:\s*\([^)]*\))? element"
)
@rule(r"The (?P<name>[\w:]+) element is an optional (?:top-level )?(?:element|container)")
def there(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    return Verdict(True, "tag", rests(element.places)) if element.places else None


@rule(r"The (?P<name>[\w:]+) element (?:MUST|can) have no child elements")
def no_children(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    return _childless(Element(requirement, found["name"], world))


@rule(r"(?:\[The )?[Vv]alid values? (?P<values>\[[^\]]*\])? ?for (?:the )?(?P<name>\w+)(?: element)? (?:are|is)")
def valid_values(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    element = Element(requirement, found["name"], world)
    numbers = {int(number) for number in re.findall(r"-?\d+", found["values"] or "")}
    if not element.places or not numbers or ">" in (found["values"] or ""):
        return None
    if numbers == {0, 1}:
        kinds = ("boolean", "integer")
        return Verdict(any(place.what.kind in kinds for place in element.places), "kind", rests(element.places))
    known = [place for place in element.places if place.what.values]
    return Verdict(any(numbers <= {*place.what.values} for place in known), "values", rests(known)) if known else None


@rule(r"The (?P<name>[\w:]+) element is a (?P<type>container|boolean)\b")
@rule(r"None \[Element (?P<name>\w+) in (?P<command>\w+) command (?:request|response)[^\]]*has no type")
def kind_alone(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    said = found["type"] if "type" in found.groupdict() else "none"
    return _typed(Element(requirement, found["name"], world), said)


@rule(r"The (?P<namespace>\w+) namespace is the primary namespace for this section")
@rule(r"It \[(?P<name>\w+) element\] is the top-level element in the XML stream")
def root(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    roots = [place for place in world.places if not place.above and place.command == requirement.group]
    if not roots:
        return None
    wanted = found.groupdict()
    kept = all(
        place.tag.name == wanted["name"] if wanted.get("name") else place.tag.namespace == wanted["namespace"]
        for place in roots
    )
    return Verdict(kept, "tag", rests(roots))


@rule(
    r"\[This algorithm supports\] \[Code page\] (?P<page>\d+) ?\[that indicates\] \[XML namespace\] (?P<namespace>\w+)"
)
def code_page(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    rows = tuple(row for row in world.tags.values() if row.tag.namespace == found["namespace"])
    return Verdict({row.tag.page for row in rows} == {int(found["page"])}, "row", rows) if rows else None


@rule(r"\[The following are the peer elements of the (?P<one>\w+) element:\]\s*(?P<name>[\w:]+)")
def peers(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    parents = {place.parent for place in Element(requirement, found["one"], world).places}
    beside = [place for place in Element(requirement, found["name"], world).places if place.parent in parents]
    return Verdict(True, "parent", rests(beside)) if beside else None


@rule(r"\[The numeric code of command\] (?P<name>\w+) \[is\] (?P<number>\d+)")
@rule(r"\[Tag value of\] (?P<number>\d+) \[corresponds to parameter name\] (?P<name>\w+)")
def number_in_a_query(requirement: Requirement, found: re.Match[str], world: World) -> Verdict | None:
    row = world.numbers.get(found["name"])
    return Verdict(row.kind == found["number"], "kind", (row,)) if row is not None else None
