"""Documents that we did not make, and what a Model may have to say about one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import wbxml

DATA = Path(__file__).parent.parent / "data"


def sogo(name: str) -> bytes:
    """What went over the wire between a client and a SOGo server: "FolderSync-initial.request"."""
    return (DATA / "sogo" / f"{name}.wbxml").read_bytes()


def microsoft(name: str) -> bytes:
    """An example of Microsoft's specifications as WBXML: "ascal-4.2-sync-response"."""
    return wbxml.from_xml((DATA / "microsoft" / f"{name}.xml").read_bytes())


def faults(model: wbxml.Model) -> list[object]:
    """All that stands in ``unknown`` and ``problems`` of a Model and of the Models in it."""
    found: list[object] = [*model.unknown, *model.problems]
    for field in dataclasses.fields(model):  # type: ignore[arg-type]
        value = getattr(model, field.name)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, wbxml.Model):
                found += faults(part)
    return found


def texts(data: bytes) -> list[tuple[str, str | None]]:
    """The elements of a document with their text, in their order."""
    return [(element.tag.name, element.text) for element in wbxml.decode(data).root.iter()]
