"""Where each element may stand, as the project's Models declare it: what rules.py holds the requirements against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from activesync import commands, items, status
from activesync.calendars.recurrence import DAYS
from activesync.check import tables
from activesync.commands import FILTERS
from activesync.items import Weekday
from activesync.query import COMMAND_CODES, PARAMETER_TAGS
from wbxml import ACTIVESYNC, AirSync, Model, Notes, Tag
from wbxml import _kernel_py as kernel
from wbxml.codepages import VERSIONS

KINDS = {
    kernel.STR: "string",
    kernel.INT: "integer",
    kernel.BOOL: "boolean",
    kernel.FLAG: "flag",
    kernel.BYTES: "bytes",
    kernel.DATETIME: "datetime",
    kernel.INT_ENUM: "integer",
    kernel.STR_ENUM: "string",
    kernel.MODEL: "container",
}


@dataclass(frozen=True)
class Declaration:
    """What one field of a Model says of an element; for a wrapper of a list, ``wrapper`` is true.

    ``model`` and ``name`` say where it stands; a mutation replaces it by another one (mutate.py). A row of another
    table, of statuses, tags or commands, is one, too: its number or action is the ``kind`` then.
    """

    model: str
    name: str
    tag: Any
    kind: str
    many: bool = False
    versions: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    wrapper: bool = False


@dataclass(frozen=True)
class Place:
    """An element within a request or an answer: the command's name or the item's class, and the tags above it.

    ``outer`` are the declarations of those: an element is in no version that one of them is not in.
    """

    command: str
    direction: str
    above: tuple[Tag, ...]
    versions: tuple[str, ...]
    what: Declaration
    outer: tuple[Declaration, ...] = ()

    @property
    def tag(self) -> Tag:
        tag: Tag = self.what.tag
        return tag

    @property
    def parent(self) -> Tag | None:
        return self.above[-1] if self.above else None


Change = Callable[[Declaration], Declaration | None]
"""What a mutation makes of a declaration: another one, or None for one that is gone."""


def roots() -> Iterator[tuple[str, str, Any]]:
    """The Models at the root of documents: a command's name, "request" or "response", and the Model."""
    seen = set()
    for value in vars(commands).values():
        if isinstance(value, type) and issubclass(value, commands.Command) and value is not commands.Command:
            yield value.name, "request", value
            if value.response not in seen:
                seen.add(value.response)
                yield value.name, "response", value.response


@dataclass(frozen=True)
class World:
    """All that requirements are held against: where elements may stand, the statuses that are known by their scopes and
    codes, the tags by their spellings, the numbers of commands and parameters, and what the check of requests allows.
    """

    places: tuple[Place, ...]
    statuses: dict[tuple[str, int], Declaration]
    tags: dict[str, Declaration]
    numbers: dict[str, Declaration]
    limits: tuple[Declaration, ...]

    @cached_property
    def own_names(self) -> dict[str, set[str]]:
        """The names of the elements that each command has outside of items."""
        found: dict[str, set[str]] = {}
        for place in self.places:
            found.setdefault(place.command, set()).add(place.tag.name)
        return found

    @cached_property
    def by_name(self) -> dict[str, list[Place]]:
        """The places by the names of their elements."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.tag.name, []).append(place)
        return found


@cache
def world() -> World:
    """What the project declares today."""
    return changed_world(lambda declaration: declaration)


def changed_world(change: Change) -> World:
    """The same with what a mutation makes of each declaration."""

    def table(entries: Iterable[tuple[Any, Declaration]]) -> dict[Any, Declaration]:
        return {key: what for key, one in entries if (what := change(one)) is not None}

    scopes = dict.fromkeys(scope for scope, _ in status._TABLE)
    return World(
        tuple(_found(change)),
        table(
            ((scope, known.code), Declaration("status", f"{scope} {known.code}", None, known.action.name))
            for scope in scopes
            for known in status.statuses(scope)
        ),
        table(
            (str(tag), Declaration("codepages", str(tag), tag, str(tag.token), versions=tuple(sorted(tag.versions))))
            for tag in ACTIVESYNC.by_name.values()
        ),
        table(
            (name, Declaration("query", name, None, str(number)))
            for name, number in (*COMMAND_CODES.items(), *PARAMETER_TAGS.items())
        ),
        tuple(what for one in _limits() if (what := change(one)) is not None),
    )


def _limits() -> Iterator[Declaration]:
    """The rows of the check of requests: ``name`` is the path of the element, ``kind`` what it may be."""
    for bound in tables.BOUNDS:
        yield Declaration("bound", bound.path, bound.requirement, f"{bound.what} {bound.least} to {bound.most}")
    for row in tables.NEVER:
        yield Declaration("never", row.path, row.requirement, f"never since {row.since}")
    for one in tables.RESERVED:
        yield Declaration("reserved", one.path, one.requirement, one.value)
    for path, (needed, why, allowed, why_not) in tables.TYPES.items():
        yield Declaration("needed", path, why, f"needed {' '.join(map(str, needed))}")
        yield Declaration("allowed", path, why_not, f"allowed {' '.join(map(str, allowed))}")
    for cls, since in tables.CLASSES.items():
        yield Declaration("class", cls, None, since)
    for day in Weekday:
        yield Declaration("day", day.name.capitalize(), None, str(1 << DAYS.index(day.name[:2])))
    for cls, known in FILTERS.items():
        yield Declaration("filter", str(cls), None, " ".join(str(int(one)) for one in known))


def _found(change: Change) -> Iterator[Place]:
    for command, direction, model in roots():
        root = model.__wbxml_plan__.tag
        known = tuple(version for version in VERSIONS if version in root.versions) or VERSIONS
        what = change(Declaration(model.__name__, "", root, "container", False, known, ()))
        if what is not None:
            versions = _both(VERSIONS, what)
            yield Place(command, direction, (), versions, what)
            yield from _within(command, direction, (what.tag,), versions, model, (), change, (what,))
    for model in dict.fromkeys(items.MODELS.values()):
        # There is a class for notes since 14.0: the fields that others have, too, begin with it.
        known = tuple(sorted(Notes.Subject.versions, key=VERSIONS.index)) if model is items.Note else VERSIONS
        data = change(Declaration(model.__name__, "", AirSync.ApplicationData, "container", False, known, ()))
        if data is not None:
            yield from _within(model.__name__, "item", (data.tag,), data.versions, model, (), change, (data,))


def _within(
    command: str,
    direction: str,
    above: tuple[Tag, ...],
    versions: tuple[str, ...],
    model: type[Model],
    outer: tuple[type[Model], ...],
    change: Change,
    outers: tuple[Declaration, ...] = (),
) -> Iterator[Place]:
    plan: Any = model.__wbxml_plan__  # type: ignore[attr-defined]
    for field in plan.fields:
        allowed = versions
        inner, around = above, outers
        if field.within is not None:
            wrapper = change(_declared(model, field, field.within, wrapper=True))
            if wrapper is None:
                continue
            allowed = _both(allowed, wrapper)
            yield Place(command, direction, above, allowed, wrapper, outers)
            inner, around = (*above, wrapper.tag), (*outers, wrapper)
        models = [plan_.cls for plan_ in field.plans]
        tags = [field.tag] if field.tag is not None else [cls.__wbxml_plan__.tag for cls in models]
        for number, tag in enumerate(tags):
            what = change(_declared(model, field, tag))
            if what is None:
                continue
            found = _both(allowed, what)
            yield Place(command, direction, inner, found, what, around)
            if what.kind == "container":
                for cls in models if field.tag is not None else [models[number]]:
                    # An item has places of its own; a Model that may hold itself is looked into once.
                    if cls not in items.MODELS.values() and cls not in outer:
                        deeper = (*inner, what.tag)
                        yield from _within(
                            command, direction, deeper, found, cls, (*outer, model), change, (*around, what)
                        )


def _both(versions: tuple[str, ...], what: Declaration) -> tuple[str, ...]:
    return tuple(version for version in versions if version in what.versions)


def _declared(model: type[Model], field: Any, tag: Tag, *, wrapper: bool = False) -> Declaration:
    kind = "container" if wrapper else "compact" if field.compact else KINDS[field.kind]
    if kind == "bytes" and not tag.binary:
        kind = "base64"
    many = field.many and not wrapper
    values = tuple(field.enum)
    versions = tuple(field.versions)
    if kind == "container" and tag.versions:
        # A Model's fields are held to their versions when it is written, and so is the element that they stand in.
        versions = tuple(version for version in versions if version in tag.versions)
    return Declaration(model.__name__, field.name, tag, kind, many, versions, values, wrapper)
