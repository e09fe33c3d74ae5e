"""Models: a class that says, once, what an element holds.

    class Folder(Model, tag=FolderHierarchy.Add):
        server_id: str | None = field(FolderHierarchy.ServerId)
        type: int | None = field(FolderHierarchy.Type)

Each class is a dataclass with slots and keyword arguments. Its fields, in their order, are its child elements in
their order on the wire; the annotation gives the type. On first use the class is compiled into a Plan, by which both
kernels decode and encode without a tree in between. What dataclass() makes is made on first use too: it takes most of
a millisecond a class, and of the hundred classes of a protocol a program needs a few.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import sys
import threading
import types
import typing
from datetime import datetime
from typing import Any, dataclass_transform

from .codepages import VERSIONS, Tag
from .errors import Problem
from .kernel import kernel

if typing.TYPE_CHECKING:
    from collections.abc import Iterable

    from ._kernel_py import Plan, PlanField

# Here at run time, too: the annotations of Model are evaluated.
Element = kernel.Element

_COMPILING = threading.RLock()


def field(
    tag: Tag | None = None,
    *,
    within: Tag | None = None,
    flag: bool = False,
    compact: bool = False,
    since: str | None = None,
    until: str | None = None,
) -> Any:
    """A field of a Model.

    ``tag`` is its element; a field that holds Models may leave it out, and then each Model brings its own. ``within``
    names the element around the items of a list. ``flag`` makes a bool of an element's presence alone. ``compact``
    writes a datetime as 20041225T083500Z in place of 2004-12-25T08:35:00.000Z. ``since`` and ``until`` narrow the
    protocol versions that have it, which otherwise are those of the tag.

    Raises TypeError or ValueError where these do not go together; what depends on the annotation is told on first use.
    """
    for version in (since, until):
        if version is not None and version not in VERSIONS:
            raise ValueError(f"{version!r} is not a protocol version: {', '.join(VERSIONS)}")
    for one in (tag, within):
        if one is not None and not isinstance(one, Tag):
            raise TypeError(f"a field's tag must be a Tag such as wbxml.AirSync.SyncKey, not {one!r}")
    return _Declared(tag, within, flag, compact, since, until)


class _Declared:
    """What field() was told."""

    __slots__ = ("compact", "flag", "since", "tag", "until", "within")

    def __init__(
        self, tag: Tag | None, within: Tag | None, flag: bool, compact: bool, since: str | None, until: str | None
    ) -> None:
        self.tag = tag
        self.within = within
        self.flag = flag
        self.compact = compact
        self.since = since
        self.until = until

    def versions(self, tags: list[Tag]) -> tuple[str, ...]:
        first = VERSIONS.index(self.since) if self.since else 0
        last = VERSIONS.index(self.until) if self.until else len(VERSIONS) - 1
        return tuple(v for v in VERSIONS[first : last + 1] if any(v in tag.versions for tag in tags))


@dataclasses.dataclass(slots=True, kw_only=True)
class Field:
    """A field as the kernels take it: its annotation resolved, see _kernel_py.PlanField."""

    name: str
    kind: int
    tag: Tag | None
    within: Tag | None
    many: bool
    optional: bool
    versions: tuple[str, ...]
    plans: tuple[Plan, ...]
    enum: dict[Any, Any]
    compact: bool
    pages: dict[int, Plan]


class _LazyPlan:
    """Stands in each Model class for its Plan, until the Plan is asked for and takes its place."""

    def __get__(self, instance: object, cls: ModelType) -> Plan:
        return _compile(cls)


class _Lazy:
    """Stands in a Model class for something that dataclass() makes, until it is asked for and takes its place."""

    __slots__ = ("_name", "_owner")

    def __set_name__(self, owner: ModelType, name: str) -> None:
        self._owner = owner
        self._name = name

    def __get__(self, instance: object, cls: type) -> Any:
        _make(self._owner)
        made = self._owner.__dict__[self._name]
        return made.__get__(instance, cls) if hasattr(made, "__get__") else made


# What dataclass() makes. A class may bring methods and a docstring of its own.
_MADE = ["__doc__", "__eq__", "__init__", "__dataclass_fields__", "__dataclass_params__"]
if sys.version_info >= (3, 13):
    _MADE.append("__replace__")

# The fields of Model itself.
_EVERY = ("unknown", "problems")


class ModelType(type):
    """The type of Model classes: makes each a dataclass, and keeps what field() was told."""

    __wbxml_tag__: Tag | None
    __wbxml_fields__: dict[str, _Declared]

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], tag: Tag | None = None) -> ModelType:
        if tag is not None and not isinstance(tag, Tag):
            raise TypeError(f"{name}: tag must be a Tag such as wbxml.AirSync.Sync, not {tag!r}")
        if "__slots__" in body:
            raise TypeError(f"{name}: the slots of a Model are its fields")
        inherited: dict[str, _Declared] = {}
        for base in reversed(bases):
            inherited.update(getattr(base, "__wbxml_fields__", {}))
            if tag is None:
                tag = getattr(base, "__wbxml_tag__", None)
        own = {key: value for key, value in body.items() if isinstance(value, _Declared)}
        body = dict(body)  # it may be the caller's
        body["__wbxml_tag__"] = tag
        body["__wbxml_fields__"] = inherited | own
        body["__wbxml_plan__"] = _LazyPlan()
        for key in _MADE:
            body.setdefault(key, _Lazy())
        body.setdefault("__match_args__", ())
        # Defaults give way to slots; those of inherited fields are there.
        for key in own if bases else _EVERY:
            del body[key]
        body["__slots__"] = tuple(key for key in own if key not in inherited) if bases else _EVERY
        cls = super().__new__(mcs, name, bases, body)
        annotations = _annotations(cls)
        for key, text in annotations.items():
            if key not in own and key not in _EVERY and "ClassVar" not in text:
                raise TypeError(f"{name}.{key}: every attribute of a Model is made by field()")
        for key in own:
            if key not in annotations:
                raise TypeError(f"{name}.{key}: a field needs an annotation, which gives its type")
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], tag: Tag | None = None) -> None:
        super().__init__(name, bases, body)


def _make(cls: ModelType) -> None:
    """Gives the class what dataclass() makes of one with the same fields."""
    texts: dict[str, str] = {}
    annotations: dict[str, Any] = {}
    for one in reversed(cls.__mro__):
        if isinstance(one, ModelType):
            texts |= _annotations(one)
            annotations |= _unevaluated(one)
    body: dict[str, Any] = dict.fromkeys(_EVERY, ())
    body |= {key: _default(declared, texts[key]) for key, declared in cls.__wbxml_fields__.items()}
    body["__annotations__"] = {key: annotations[key] for key in body}
    body |= {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    if hasattr(cls, "__post_init__"):
        body["__post_init__"] = cls.__post_init__
    made: type = dataclasses.dataclass(kw_only=True, repr=False)(type(cls.__name__, (), body))
    for key in _MADE:
        if isinstance(cls.__dict__[key], _Lazy):  # or the class's own, or made by another thread meanwhile
            setattr(cls, key, made.__dict__[key])


def _unevaluated(cls: type) -> dict[str, Any]:
    """The class's own annotations as they stand in it."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def _annotations(cls: type) -> dict[str, str]:
    """The class's own annotations as text, whatever the module's way of keeping them."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return {
            key: str(value)
            for key, value in annotationlib.get_annotations(cls, format=annotationlib.Format.STRING).items()
        }
    return {key: value if isinstance(value, str) else _spelling(value) for key, value in _unevaluated(cls).items()}


def _spelling(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) and not typing.get_args(annotation) else str(annotation)


def _default(declared: _Declared, annotation: str) -> Any:
    if annotation.startswith("list[") and not annotation.endswith("| None"):
        return dataclasses.field(default_factory=list)
    return False if declared.flag else None


@dataclass_transform(kw_only_default=True)
class Model(metaclass=ModelType):
    """Base of Models: a dataclass with slots and keyword arguments whose fields are elements.

    ``unknown`` are the child Elements that the class does not describe; they are written again when it is encoded.
    ``problems`` tells of values that did not fit: their fields are None.
    """

    unknown: tuple[Element, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        shown = [
            f"{one.name}={value!r}"
            for one in dataclasses.fields(self)  # type: ignore[arg-type]
            if (value := getattr(self, one.name)) is not one.default and value != () and value != []
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        values = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}  # type: ignore[arg-type]
        # An Element cannot be pickled, its Document can.
        values["unknown"] = [(element.document, element.offset) for element in self.unknown]
        return (_restore, (type(self), values))


def _restore(cls: type[Model], values: dict[str, Any]) -> Model:
    places: list[tuple[Any, int]] = values["unknown"]
    values["unknown"] = tuple(
        next(element for element in document.root.iter() if element.offset == offset) for document, offset in places
    )
    return cls(**values)


def _compile(cls: ModelType) -> Plan:
    """The Plan of a Model class, compiled together with those of all Models in its fields.

    Raises TypeError or ValueError where the class does not hold together.
    """
    with _COMPILING:
        made: dict[ModelType, Plan] = {}
        plan = _plan(cls, made)  # one that is there already where another thread has just compiled it
        _decide(made.values())
        # Only whole Plans are shown to others: another thread might use one at once.
        for one, its in made.items():
            type.__setattr__(one, "__wbxml_plan__", its)
        return plan


def _plan(cls: ModelType, made: dict[ModelType, Plan]) -> Plan:
    known = made.get(cls) or cls.__dict__.get("__wbxml_plan__")
    if known is not None and not isinstance(known, _LazyPlan):
        return known
    plan = made[cls] = kernel.Plan(cls, cls.__wbxml_tag__)
    try:
        hints = typing.get_type_hints(cls)
    except NameError as error:
        raise TypeError(
            f"{cls.__name__}: an annotation names {error.name!r}, which its module does not have"
        ) from error
    plan.define(
        [
            _field(f"{cls.__name__}.{name}", name, declared, hints[name], made)
            for name, declared in cls.__wbxml_fields__.items()
        ]
    )
    return plan


def _field(where: str, name: str, declared: _Declared, hint: Any, made: dict[ModelType, Plan]) -> Field:
    members, optional = _members(hint)
    many = len(members) == 1 and typing.get_origin(members[0]) is list
    if many:
        members, _ = _members(typing.get_args(members[0])[0])
    models = [member for member in members if isinstance(member, ModelType)]
    kind = kernel.MODEL if models else _kind(where, members, declared)
    if models:
        if len(models) != len(members):
            raise TypeError(f"{where}: Models and other types cannot be mixed")
        if many and declared.tag is not None:
            raise TypeError(f"{where}: each Model in a list brings its own tag; the element around them is within=")
        for model in models:
            if model.__wbxml_tag__ is None and (many or declared.tag is None):
                raise TypeError(f"{where}: {model.__name__} has no tag")
        if not many and len(models) > 1 and declared.tag is None:
            raise TypeError(f"{where}: a choice of Models needs the tag of the element that holds one of them")
    elif declared.tag is None:
        raise TypeError(f"{where}: field() needs a tag")
    if declared.within is not None and not many:
        raise TypeError(f"{where}: within= is for lists")
    plans = tuple(_plan(model, made) for model in models)
    tag = declared.tag if declared.tag is not None or many else plans[0].tag
    if declared.within is not None:
        tags = [declared.within]
    elif tag is not None:
        tags = [tag]
    else:
        tags = [model.__wbxml_tag__ for model in models if model.__wbxml_tag__ is not None]
    return Field(
        name=name,
        kind=kind,
        tag=tag,
        within=declared.within,
        many=many,
        optional=optional,
        versions=declared.versions(tags),
        plans=plans,
        enum=_values(members[0]) if kind in (kernel.INT_ENUM, kernel.STR_ENUM) else {},
        compact=declared.compact,
        pages={},  # filled in by _decide, when all Plans are there
    )


def _members(hint: Any) -> tuple[list[Any], bool]:
    """The members of a union without None, and whether None was among them."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = list(typing.get_args(hint))
        found = [member for member in members if member is not types.NoneType]
        return found, len(found) < len(members)
    return [hint], False


def _kind(where: str, members: list[Any], declared: _Declared) -> int:
    scalars: dict[Any, int] = {
        str: kernel.STR,
        int: kernel.INT,
        bool: kernel.BOOL,
        bytes: kernel.BYTES,
        datetime: kernel.DATETIME,
    }
    if len(members) == 1:
        member = members[0]
        if declared.flag:
            if member is bool:
                return kernel.FLAG
        elif member in scalars:
            return scalars[member]
        elif isinstance(member, type) and issubclass(member, enum.Enum):
            if issubclass(member, int):
                return kernel.INT_ENUM
            if issubclass(member, str):
                return kernel.STR_ENUM
    names = ", ".join([kind.__name__ for kind in scalars])
    raise TypeError(f"{where}: a field's type is one of {names}, an IntEnum, a StrEnum, a Model or a list of these")


def _values(members: type[enum.Enum]) -> dict[Any, Any]:
    base = int if issubclass(members, int) else str
    return {base(member.value): member for member in members}


def _decide(plans: Iterable[Plan]) -> None:
    """Fills in, for each choice of Models, the code pages that only one of them has elements of, with its Plan."""
    for plan in plans:
        for one in plan.fields:
            if one.kind != kernel.MODEL or one.many or len(one.plans) < 2:
                continue
            owners: dict[int, list[Plan]] = {}
            for alternative in one.plans:
                for page in {tag.code >> 6 for inner in alternative.fields for tag in _tags(inner)}:
                    owners.setdefault(page, []).append(alternative)
            one.pages.update({page: found[0] for page, found in owners.items() if len(found) == 1})


def _tags(one: PlanField) -> list[Tag]:
    """The tags under which a field's elements stand."""
    if one.within is not None:
        return [one.within]
    if one.tag is not None:
        return [one.tag]
    return [plan.tag for plan in one.plans if plan.tag is not None]


__all__ = ["Model", "Problem", "field"]
