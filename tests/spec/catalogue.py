"""Microsoft's catalogue of requirements, as far as it binds a client of the commands that this project has.

tests/data/spec holds the tables of the interoperability tests' specifications: one line a requirement, with its id, the
section that it is from, whom it binds, and its text, which begins with the title of that section in brackets.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "spec"

COMMANDS = ("Sync", "FolderSync", "FolderCreate", "FolderUpdate", "FolderDelete", "GetItemEstimate", "Search", "Find")
COMMANDS += ("Settings", "Provision", "Ping")
"""The commands whose requirements count."""
OTHERS = ("Autodiscover", "GetAttachment", "GetHierarchy", "ItemOperations", "MeetingResponse", "MoveItems")
OTHERS += ("ResolveRecipients", "SendMail", "SmartForward", "SmartReply", "ValidateCert")
ITEMS = {
    "MS-ASAIRS": "Bodies, attachments, locations",
    "MS-ASCAL": "Calendar",
    "MS-ASCNTC": "Contacts",
    "MS-ASCON": "Conversations",
    "MS-ASDOC": "Documents",
    "MS-ASEMAIL": "E-mail",
    "MS-ASNOTE": "Notes",
    "MS-ASRM": "Rights management",
    "MS-ASTASK": "Tasks",
}
"""The specifications of items, and what make spec calls them."""
_NAMES = "|".join(sorted((*COMMANDS, *OTHERS), key=len, reverse=True))


@dataclass(frozen=True)
class Requirement:
    """One requirement: ``title`` is that of its section, ``group`` the command or the kind of items it counts for."""

    id: str
    section: str
    actor: str
    title: str
    text: str
    group: str

    @property
    def document(self) -> str:
        """The specification that it is from, such as "MS-ASCMD"."""
        return self.id.partition("_")[0]


@cache
def requirements() -> tuple[Requirement, ...]:
    """All requirements that bind a client in the specifications and sections that count."""
    found: dict[str, Requirement] = {}
    for name in (*ITEMS, "MS-ASCMD", "MS-ASHTTP", "MS-ASPROV"):
        path = FOLDER / f"{name}.txt"
        rows = [line.split("\t", 3) for line in path.read_text("utf-8").splitlines()]
        groups = _groups(path.stem, rows)
        for id_, section, actor, text in rows:
            group = groups.get(section)
            if group and actor in ("Client", "Both"):
                title, rest = _split(text)
                # Some stand there twice.
                found.setdefault(id_, Requirement(id_, section, actor, title, rest, group))
    return tuple(found.values())


def by_id() -> dict[str, Requirement]:
    """The requirements by their ids."""
    return {one.id: one for one in requirements()}


def _split(text: str) -> tuple[str, str]:
    # A few titles stand there without "In"; the numbers of notes say nothing.
    text = re.sub(r"<\d+>", "", text)
    found = re.match(r"\s*\[ ?In ([^\]]*)\]\s*", text) or re.match(r"\s*\[(\w+ ?\((?:Find|Search)\))\]\s*", text)
    return (found[1].strip(), text[found.end() :].strip()) if found else ("", text.strip())


def _groups(document: str, rows: list[list[str]]) -> dict[str, str]:
    """What the sections of a specification count for, without those that do not count."""
    sections: dict[str, list[str]] = {}
    for _, section, _, text in rows:
        sections.setdefault(section, []).append(text)
    if document in ITEMS:
        return dict.fromkeys(sections, ITEMS[document])
    if document == "MS-ASHTTP":
        return dict.fromkeys(sections, "Transport")
    if document == "MS-ASPROV":
        return dict.fromkeys(sections, "Provision")
    return {section: group for section, texts in sections.items() if (group := _command(section, texts))}


def _command(section: str, texts: list[str]) -> str:
    """The command of a section of [MS-ASCMD], "" where that is none of those that count."""
    title = _split(texts[0])[0]
    if section.startswith("2.2.2"):
        return "Status codes"
    if section.startswith("2.2.1."):
        return title if title in COMMANDS else ""
    if not section.startswith(("2.2.3.", "3.1.5.")):
        return ""
    # A title such as "Class(Sync)" or "ServerId (FolderCreate)" says it; else what most of the texts speak of.
    inner = re.findall(rf"\b({_NAMES})\b", (re.search(r"\((.*)\)", title) or [""])[0])
    if not inner and title in (*COMMANDS, *OTHERS):
        inner = [title]
    if not inner:
        said = Counter(re.findall(rf"\b({_NAMES})\b (?:\w+ )?(?:command|request|response)", " ".join(texts)))
        inner = [name for name, _ in said.most_common(1)]
    return next((name for name in inner if name in COMMANDS), "")


@cache
def every_id() -> frozenset[str]:
    """The ids of all requirements, those that bind servers and those of other commands too."""
    lines = (line for path in FOLDER.glob("MS-*.txt") for line in path.read_text("utf-8").splitlines())
    return frozenset(line.partition("\t")[0] for line in lines)
