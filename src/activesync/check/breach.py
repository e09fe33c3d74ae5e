"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that a request must not be: the requirement, and what is wrong in a sentence, with the place of it."""

    requirement: str
    message: str
    offset: int
