"""Writes the tables of src/wbxml/knowledge.py, and the facts behind them, from Microsoft's schemas and requirements.

    python tools/knowledge.py FOLDER

FOLDER holds xsd/*.xsd (the schemas of the ActiveSync specifications) and requirements/*.txt (their numbered
requirements, one a line). What is taken from them are facts alone: which element may stand in which, and of which type
it is, each with the schema or the requirement that says so. tests/wbxml/test_knowledge.py compares what the module says
with these facts.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path
from textwrap import wrap
from xml.etree import ElementTree

from wbxml import ACTIVESYNC

ROOT = Path(__file__).parents[1]
FACTS = ROOT / "tests/data/knowledge.tsv"
TABLE = ROOT / "tests/data/codepages.tsv"
MODULE = ROOT / "src/wbxml/knowledge.py"
XS = "{http://www.w3.org/2001/XMLSchema}"

# The code page in which the elements of a command are, as the requirements name the commands.
COMMANDS = {
    "Find": "Find",
    "FolderCreate": "FolderHierarchy",
    "FolderDelete": "FolderHierarchy",
    "FolderSync": "FolderHierarchy",
    "FolderUpdate": "FolderHierarchy",
    "GetHierarchy": "FolderHierarchy",
    "GetItemEstimate": "GetItemEstimate",
    "ItemOperations": "ItemOperations",
    "MeetingResponse": "MeetingResponse",
    "MoveItems": "Move",
    "Ping": "Ping",
    "Provision": "Provision",
    "ResolveRecipients": "ResolveRecipients",
    "Search": "Search",
    "SendMail": "ComposeMail",
    "Settings": "Settings",
    "SmartForward": "ComposeMail",
    "SmartReply": "ComposeMail",
    "Sync": "AirSync",
    "ValidateCert": "ValidateCert",
}
PREFIXES = {name.lower(): name for name in ACTIVESYNC.namespaces.values()} | {"rm": "RightsManagement"}

# [MS-ASDTYPE]'s names of types, and those of XML Schema.
TYPES = {
    "container": "container",
    "string": "string",
    "integer": "integer",
    "unsignedbyte": "integer",
    "unsigned byte": "integer",
    "byte": "integer",
    "unsignedint": "integer",
    "unsignedshort": "integer",
    "int": "integer",
    "short": "integer",
    "boolean": "boolean",
    "datetime": "datetime",
    "compact datetime": "datetime",
    "byte array": "bytes",
    "base64binary": "bytes",
    "emptytag": "flag",
    "empty tag": "flag",
}

Facts = set[tuple[str, str, str, str]]


def from_schemas(folder: Path) -> Facts:
    """Facts (kind, tag, value, source) of the schemas; kind is "in" (value: the parent) or "type"."""
    roots = {}
    prefixes: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.xsd")):
        prefixes[path.name] = {}
        for event, found in ElementTree.iterparse(path, ("start-ns", "end")):
            if event == "start-ns":
                prefix, uri = found
                prefixes[path.name][prefix] = uri
            else:
                root = found
        roots[path.name] = root
    named = {
        (root.get("targetNamespace"), child.get("name")): child
        for root in roots.values()
        for child in root
        if child.tag in (f"{XS}complexType", f"{XS}group", f"{XS}simpleType")
    }
    # Names are spelled by the prefixes of the file in which they stand.
    file_of = {id(node): file for file, root in roots.items() for node in root.iter()}

    def resolved(node: ElementTree.Element, name: str) -> tuple[str, str]:
        file = file_of[id(node)]
        prefix, _, local = name.rpartition(":")
        return prefixes[file].get(prefix, roots[file].get("targetNamespace", "")), local

    def tag_of(element: ElementTree.Element) -> str:
        return ":".join(resolved(element, element.get("name") or element.get("ref", "")))

    def inner(node: ElementTree.Element, seen: tuple[int, ...] = ()) -> list[ElementTree.Element]:
        """The elements that stand directly in this one."""
        found = []
        target = named.get(resolved(node, node.get("type", ""))) if node.tag == f"{XS}element" else None
        for child in [*node, *([target] if target is not None else [])]:
            if child.tag == f"{XS}element":
                found.append(child)
            elif child.tag == f"{XS}group" and child.get("ref"):
                group = named.get(resolved(child, child.get("ref", "")))
                if group is not None and id(group) not in seen:
                    found += inner(group, (*seen, id(group)))
            elif id(child) not in seen:
                found += inner(child, (*seen, id(child)))
        return found

    def restricted(node: ElementTree.Element) -> str:
        """The name of the simple type that an element or a type is."""
        base = node.find(f".//{XS}restriction")
        if base is not None and base.find(f"{XS}maxLength[@value='0']") is not None:
            return "emptytag"
        return base.get("base", "") if base is not None else node.get("type", "")

    def walk(element: ElementTree.Element, depth: int = 0) -> None:
        tag, file = tag_of(element), file_of[id(element)]
        children = inner(element)
        for child in children:
            facts.add(("in", tag_of(child), tag, file))
            if child.get("name") and depth < 20:
                walk(child, depth + 1)
        kind = restricted(element)
        target = named.get(resolved(element, kind))
        if target is not None and target.tag == f"{XS}simpleType":
            kind = restricted(target)
        kind = kind.rpartition(":")[2].lower()
        if children:
            facts.add(("type", tag, "container", file))
        elif kind in TYPES and element.get("name"):
            facts.add(("type", tag, TYPES[kind], file))

    facts: Facts = set()
    for root in roots.values():
        if root.get("targetNamespace") in ACTIVESYNC.namespaces.values():
            for element in root:
                if element.tag == f"{XS}element":
                    walk(element)
    return facts


NAME = r"((?:[a-z0-9]+:)?[A-Z][A-Za-z0-9_]*)(?: ?\([^)]*\))?"
IN_COMMAND = re.compile(rf"Element {NAME} in (\w+) (?:command )?(?:\w+ )*?(?:reques\w*|respons\w*)")
PARENT = re.compile(r"the parent elements? (?:is|are) (.*)")
CHILDREN = re.compile(r"the child elements? (?:is|are) (.*)")
TYPE = re.compile(r"the data type is (?:an? )?([A-Za-z ]+?)(?: ?\(| ?data type|[.\]]|$)")
OPTIONAL = re.compile(
    rf"[Tt]he {NAME} element(?:<\d+>)? is an? (?:\w+ )*?child element of the {NAME} element(?:<\d+>)?"
    r"(?: in (\w+) command)?"
)
VALUE = re.compile(
    rf"^\[In {NAME}\].*?(?:value of th(?:e|is)\b.*?|\belement(?:<\d+>)?) is an? (.{{0,40}}data type.{{0,60}})"
)
CLASSES = {
    "MS-ASAIRS": "AirSyncBase",
    "MS-ASCAL": "Calendar",
    "MS-ASCNTC": "Contacts",
    "MS-ASDOC": "DocumentLibrary",
    "MS-ASEMAIL": "Email",
    "MS-ASNOTE": "Notes",
    "MS-ASPROV": "Provision",
    "MS-ASRM": "RightsManagement",
    "MS-ASTASK": "Tasks",
}


def from_requirements(folder: Path) -> Facts:
    """Facts of the requirements, as from_schemas() has them; the source is the requirement's id."""
    facts: Facts = set()
    for path in sorted(folder.glob("MS-*.txt")):
        home = CLASSES.get(path.stem)
        for line in path.read_text("utf-8").splitlines():
            number, *_, text = line.split("\t")
            found = IN_COMMAND.search(text)
            page = COMMANDS.get(found[2]) if found else None
            if found and page:
                tag = tag_in(found[1], page)
                rest = text[found.end() :]
                parent, children, kind = PARENT.search(rest), CHILDREN.search(rest), TYPE.search(rest)
                if parent and tag:
                    facts |= {("in", tag, other, number) for other in names_in(parent[1], page)}
                elif children and tag:
                    facts |= {("in", other, tag, number) for other in names_in(children[1], page)}
                elif kind and tag and kind[1].lower().strip() in TYPES:
                    facts.add(("type", tag, TYPES[kind[1].lower().strip()], number))
                continue
            value = VALUE.search(text)
            if value and home and (tag := tag_in(value[1], home)) and (kind := type_in(value[2])):
                facts.add(("type", tag, kind, number))
            for found in OPTIONAL.finditer(text):
                page = COMMANDS.get(found[3] or "", home or "")
                tag, parent_tag = tag_in(found[1], page), tag_in(found[2], page)
                if tag and parent_tag:
                    facts.add(("in", tag, parent_tag, number))
    return facts


def type_in(text: str) -> str | None:
    """The type that such words name."""
    for words, kind in (
        (r"(?i)compact date ?time|dateTime", "datetime"),
        (r"(?i)byte array", "bytes"),
        (r"\bboolean\b", "boolean"),
        (r"\bdouble\b", "double"),
        (r"\b(?:integer|unsigned ?byte|byte|unsigned ?int)\b", "integer"),
        (r"\bstring\b", "string"),
    ):
        if re.search(words, text):
            return kind
    return None


def tag_in(name: str, page: str) -> str | None:
    """The tag with this name, prefixed or in this page, or None."""
    prefix, _, local = name.rpartition(":")
    tag = f"{PREFIXES.get(prefix, prefix) if prefix else page}:{local}"
    return tag if tag in ACTIVESYNC.by_name else None


def names_in(text: str, page: str) -> list[str]:
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]|<\d+>", " ", text)
    found = [tag_in(name, page) for name in re.findall(r"(?:[a-z0-9]+:)?[A-Z][A-Za-z0-9_]*", text)]
    return [tag for tag in found if tag]


# Facts that neither says in so many words.
BY_HAND: Facts = {
    ("in", "Calendar:ClientUid", "AirSync:ApplicationData", "[MS-ASCAL] 2.2.2.13"),
    ("in", "Find:GalSearchCriterion", "Find:ExecuteSearch", "[MS-ASCMD] 2.2.3.74"),
    ("in", "Find:Query", "Find:GalSearchCriterion", "[MS-ASCMD] 2.2.3.139.1"),
    ("in", "Find:Options", "Find:GalSearchCriterion", "[MS-ASCMD] 2.2.3.125.2"),
}

# Where sources differ, the more special type: a schema of answers types dates and byte arrays as strings.
STRONGEST = ("container", "bytes", "datetime", "boolean", "double", "integer", "string", "flag")

# Spellings that are errors: of tables that are shifted by some tags, of a replacement that went too far, of one key.
ERRORS = {
    "AirNotify:DeivceFriendlyName",
    "AirNotify:Version=",
    "AirSync:MaxEntitys",
    "AirSyncBase:Annontation",
    "ComposeMail:SaveInSentEntitys",
    "Provision:BluetoothEnabled",
    "Provision:DevicePasswordExpirationGrace",
    "Provision:DevicePasswordFrequency",
    "Provision:DevicePolicyRefresh",
    "Provision:DevicePolicyUserAddress",
    "Settings:ihsManagementInformation",
}


def aliases(table: Path) -> dict[str, str]:
    """Other spellings of tags and what they stand for; those left out that are another tag's, or more than one's."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in table.read_text("utf-8").splitlines()[1:]:
        columns = line.split("\t")
        namespace, name, seen = columns[1], columns[3], columns[7]
        for alias in seen.split():
            found[f"{namespace}:{alias}"].add(f"{namespace}:{name}")
    return {
        alias: tags.pop()
        for alias, tags in sorted(found.items())
        if len(tags) == 1 and alias not in ACTIVESYNC.by_name and alias not in ERRORS
    }


def tag_table(facts: list[tuple[str, str, str]]) -> str:
    """The tags, the type of each, and what may stand in it."""
    kinds: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for kind, tag, value in facts:
        if kind == "type":
            kinds[tag].add(value)
        else:
            children[value].add(tag)
    lines = []
    for tag in ACTIVESYNC.by_name.values():
        names = kinds[tag] | ({"container"} if children[tag] else set()) | ({"bytes"} if tag.binary else set())
        kind = min(names, key=STRONGEST.index) if names else "-"
        lines.append(f"{tag} {kind}")
        pages: dict[str, list[str]] = defaultdict(list)
        for child in sorted(children[tag], key=lambda name: ACTIVESYNC.by_name[name].code):
            pages[child.partition(":")[0]].append(child.partition(":")[2])
        for page, inner in pages.items():
            lines += wrap(
                f"{page}: {' '.join(inner)}", 116, initial_indent="    ", subsequent_indent="        ",
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
    return "\n".join(lines)


def with_table(source: str, name: str, table: str) -> str:
    """The module's text with this table in place of the one that it has."""
    start = source.index(f'\n{name} = """\n') + len(f'\n{name} = """\n')
    return source[:start] + table + source[source.index('\n"""\n', start) :]


def main(folder: Path) -> None:
    facts = from_schemas(folder / "xsd") | from_requirements(folder / "requirements") | BY_HAND
    known = ACTIVESYNC.by_name
    facts = {fact for fact in facts if fact[1] in known and (fact[0] == "type" or fact[2] in known)}
    # One source for a fact is enough: a schema, where there is one, else the first requirement.
    best: dict[tuple[str, str, str], str] = {}
    for kind, tag, value, source in sorted(facts, key=lambda fact: (not fact[3].endswith(".xsd"), fact[3])):
        best.setdefault((kind, tag, value), source)
    lines = ["kind\ttag\tvalue\tsource", *["\t".join((*fact, source)) for fact, source in sorted(best.items())]]
    FACTS.write_text("\n".join(lines) + "\n", "utf-8")
    spelled = "\n".join([f"{alias} {tag.partition(':')[2]}" for alias, tag in aliases(TABLE).items()])
    source = with_table(MODULE.read_text("utf-8"), "_TABLE", tag_table(sorted(best)))
    MODULE.write_text(with_table(source, "_ALIASES", spelled), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
