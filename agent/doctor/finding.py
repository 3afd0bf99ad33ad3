"""What an examination says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Level = Literal["ok", "note", "warning", "problem"]
LEVELS: tuple[Level, ...] = ("ok", "note", "warning", "problem")
"""From best to worst. A note needs nothing done; a warning costs something some day; a problem now."""


class Finding(NamedTuple):
    """One thing that was looked at: what was found, and what to do if anything is to be done."""

    check: str
    level: Level
    text: str
    advice: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """The worst level of all; "ok" of none."""
    return max((each.level for each in findings), key=LEVELS.index, default="ok")
