"""What a daemon's windows say of the lines that `tests/torture/logwriter.py` writes."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from agent.stats.frame import Content
from agent.stats.window import Counter

FORMAT = r"""
[[format]]
name = "serial"
kind = "regex"
patterns = ['(?P<log>\S+) (?P<input_tokens>\d+) (?P<time>\d+\.\d+) x+']
fields = { model = "log", status = "log" }
"""
"""The serial is summed up as tokens: a line that is missed and another that comes twice do not cancel out."""


def followed(folder: Path) -> str:
    """The configuration that follows the writer's logs."""
    paths = f'["{folder}/a*.log", "{folder}/b.log*", "{folder}/c.log"]'
    return f'[[logs]]\nname = "torture"\npaths = {paths}\nfrom = "start"\nformat = "serial"\n{FORMAT}'


class Sums(NamedTuple):
    """Lines, and the sum of their serials, by log."""

    lines: Counts[str]
    serials: Counts[str]


def sums(contents: Iterable[Content]) -> Sums:
    """Over all windows of these records."""
    found = Sums(Counts(), Counts())
    for content in contents:
        for frame in content.frames:
            for series, summary in frame.windows.items():
                model = dict(series.attributes).get("model.name")
                if model is not None and isinstance(summary, Counter):
                    if series.name == "model.requests":
                        found.lines[model] += int(summary.delta)
                    elif series.name == "model.tokens":
                        found.serials[model] += int(summary.delta)
    return found


def faults(found: Sums, written: dict[str, dict[str, object]]) -> list[str]:
    """Logs that were not counted exactly, in words. What was written between a copy and the cut after it may
    be missing."""
    wrong = []
    for name, said in written.items():
        count, window = int(said["lines"]), said["window"]  # type: ignore[call-overload]
        most, least = count, count - len(window)  # type: ignore[arg-type]
        serials = count * (count - 1) // 2
        if not least <= found.lines[name] <= most:
            wrong.append(f"{name}: {found.lines[name]} lines of {least} to {most}")
        if not serials - sum(window) <= found.serials[name] <= serials:  # type: ignore[call-overload]
            wrong.append(f"{name}: serials add up to {found.serials[name]}, not {serials}")
    return wrong + [f"{name} was never written" for name in found.lines.keys() - written.keys()]
