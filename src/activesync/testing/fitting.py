"""What of an item a protocol version knows: a server sends no more than that."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from wbxml import Model

from ..items import BusyStatus, MeetingRequest

M = TypeVar("M", bound=Model)


@cache
def fields_of(model: type[Model], version: str) -> tuple[str, ...]:
    """The names of the fields of a Model that are written in this version."""
    names = []
    for name, declared in model.__wbxml_fields__.items():
        tag = declared.within or declared.tag
        # A field without a tag holds Models, each of which brings its own: that is looked at with the value.
        if tag is None or version in declared.versions([tag]):
            names.append(name)
    return tuple(names)


def fitting(model: M, version: str) -> M:
    """A copy of a Model without what this version does not know."""
    values: dict[str, Any] = {}
    for name in fields_of(type(model), version):
        value = getattr(model, name)
        if value is None:
            continue
        if isinstance(value, list):
            value = [fitting(one, version) if isinstance(one, Model) else one for one in value if _known(one, version)]
        elif isinstance(value, Model):
            if not _known(value, version):
                continue
            value = fitting(value, version)
        elif value is BusyStatus.WORKING_ELSEWHERE and version < "16.0":
            value = BusyStatus.BUSY  # [MS-ASCAL] section 2.2.2.8: no client of before knows the other
        values[name] = value
    if isinstance(model, MeetingRequest) and version >= "16.0" and values.get("uid"):
        values.pop("global_obj_id", None)  # [MS-ASEMAIL] section 2.2.2.37, R12540
    return type(model)(**values)


def _known(value: object, version: str) -> bool:
    tag = type(value).__wbxml_tag__ if isinstance(value, Model) else None
    return tag is None or version in tag.versions
