"""What a check finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that a request must not be: the requirement, and what is wrong in a sentence, with the place of it."""

    requirement: str
    message: str
    offset: int


def repeated(names: Iterable[str | None]) -> list[str]:
    """The names that are there more than once, each once; None is no name."""
    return [name for name, count in Counter(names).items() if name is not None and count > 1]
