"""Models and other values of this package as what JSON can say: dict, list, str, int, float, bool."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, TypeAlias

from wbxml import Element, Model, Problem

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"


def plain(value: object) -> Plain:
    """The value in the words of JSON.

    A Model or dataclass becomes a dict of its fields in their order, without the underscore that keeps some names clear
    of Python's ("from_" is "from"), and "cls" is "class". What stands for an element that was not sent is left out:
    None, a flag that is False, a list that is empty unless its field tells an empty list from none. Dates are ISO 8601
    in UTC with milliseconds, which sort as text; bytes are base64; numbers with a name go by their name in lower case
    ("plain_text"). Elements that no field describes stand under "unknown", values that did not fit under "problems".

    Raises TypeError for a value that has no place in JSON.
    """
    if isinstance(value, IntEnum):
        return value.name.lower()
    if value is None or isinstance(value, (str, int, float)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Element):
        return _element(value)
    if isinstance(value, Problem):
        return {"tag": str(value.tag), "expected": value.expected, "value": plain(value.value)}
    if isinstance(value, Model) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        return plain_fields(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Iterable):
        return [plain(one) for one in value]
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def plain_fields(value: Any) -> dict[str, Plain]:
    """What plain() makes of a Model or of an instance of a dataclass; {} for None."""
    found: dict[str, Plain] = {}
    if value is None:
        return found
    for field in dataclasses.fields(value):
        one = getattr(value, field.name)
        if one is None or (isinstance(value, Model) and _absent(field, one)):
            continue
        name = field.name.rstrip("_")
        found["class" if name == "cls" else name] = plain(one)
    return found


def _absent(field: dataclasses.Field[Any], value: object) -> bool:
    if value is False:
        return field.default is False
    if value == [] or value == ():
        return field.default_factory is list or field.default == ()
    return False


def _element(element: Element) -> Plain:
    found: dict[str, Plain] = {"tag": str(element.tag)}
    if len(element):
        found["elements"] = [_element(child) for child in element]
    elif element.text is not None:
        found["text"] = element.text
    elif element.data is not None:
        found["data"] = base64.b64encode(element.data).decode()
    return found


__all__ = ["Plain", "plain", "plain_fields"]
