"""How a row is drawn, in the device page and in `outrider top` alike: pure.

mark  label            value  age  bar of a share, or the range   the last windows
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from agent.view.groups import Group, Labelled, grouped
from agent.view.ink import Ink, Line, line
from agent.view.rows import Row
from agent.view.units import NONE, age, columns, cut, left, right
from collectors.api import Series

LATE, FIRES = "◐", "!"
_EIGHTHS = " ▏▎▍▌▋▊▉"
AGE = 4
VALUE = 11


class Entry(NamedTuple):
    """A line of a page, and the series that it opens; None where it opens none. `capture` is the name of
    that in which it opens it, "" for its windows; `model` that of the model that it opens instead."""

    line: Line
    series: Series | None = None
    capture: str = ""
    model: str = ""


class Across(NamedTuple):
    """Cells of the columns of a row; 0 leaves one out."""

    label: int
    span: int
    spark: int

    @property
    def width(self) -> int:
        """Cells of the whole row."""
        return 2 + self.label + 2 + VALUE + AGE + sum(each + 1 for each in (self.span, self.spark) if each)


def across(width: int) -> Across:
    """How a width is shared: in narrow ones the range goes first, then the sparkline."""
    if width < 40:
        return Across(max(4, width - VALUE - AGE - 4), 0, 0)
    if width < 66:
        spark = max(6, width // 6)
        return Across(width - VALUE - AGE - spark - 5, 0, spark)
    spark = min(64, 18 + max(0, width - 80) // 2)
    span = min(26, 14 + max(0, width - 80) // 8)
    return Across(width - VALUE - AGE - spark - span - 6, span, spark)


def titles(of: Across) -> Line:
    """What stands above the columns."""
    cells = [f"  {left('SERIES', of.label)}", right("NOW", VALUE), right("AGE", AGE)]
    cells += [left("RANGE", of.span)] if of.span else []
    cells += [right("LAST WINDOWS"[: of.spark], of.spark)] if of.spark else []
    return line(Ink(" ".join(cells), "dim"))


def sections(
    rows: Iterable[Row], of: Across, firing: Collection[Series] = (), wanted: str = ""
) -> list[tuple[Group, list[Entry]]]:
    """The entries of each group of rows; only rows that have `wanted` in their names, if it is given."""
    found = []
    for group in grouped(rows):
        kept = [each for each in group.rows if matches(group.name, each, wanted)]
        entries = [entry for each in kept for entry in entries_of(each, of, fires=each.row.series in firing)]
        if entries:
            found.append((group, entries))
    return found


def matches(group: str, each: Labelled, wanted: str) -> bool:
    """Whether the text stands in anything that the row is called."""
    if not wanted:
        return True
    series = each.row.series
    names = (group, each.what, series.name, *(value for _, value in series.attributes))
    return any(wanted.casefold() in name.casefold() for name in names)


def heading(name: str, width: int, more: str = "") -> Line:
    """A rule with a name in it."""
    text = f" {name} " + (f"· {more} " if more else "")
    text = cut(text, max(0, width - 3))
    return line(Ink("──", "dim"), Ink(text, "head"), Ink("─" * max(0, width - 2 - columns(text)), "dim"))


def entries_of(each: Labelled, of: Across, *, fires: bool) -> list[Entry]:
    """The line of a row, and a second one where quantiles or top values need it."""
    row = each.row
    entries = [Entry(_line(each, of, fires=fires), row.series)]
    if row.detail:
        entries.append(Entry(_detail(row, of.width)))
    return entries


def _line(each: Labelled, of: Across, *, fires: bool) -> Line:
    row = each.row
    old = "late" if row.late else ""
    mark = Ink(FIRES, "bad") if fires else Ink(LATE if row.late else " ", old)
    pieces = [mark, Ink(f" {left(each.label(of.label), of.label)} ", old), Ink(right(value(row), VALUE), old)]
    pieces.append(Ink(f" {right(age(row.age), AGE)}", "warn" if row.late else "dim"))
    if of.span:
        pieces += [Ink(" "), *_span(row, of.span)]
    if of.spark:
        pieces.append(Ink(" " + row.spark[-of.spark :].rjust(of.spark), "late" if row.late else "spark"))
    return line(*pieces)


def value(row: Row) -> str:
    """The number that stands for a row, named where it is not simply the last one."""
    if row.empty:
        return NONE
    if row.series.kind == "top":
        return f"{int(sum(count for _, count in row.detail))} seen"
    if row.series.kind == "histogram" and row.detail and row.detail[0][0] == "p50":
        return f"p50 {row.shown(row.detail[0][1])}"
    return row.shown(row.value)


def _span(row: Row, width: int) -> list[Ink]:
    """A bar for a share; for other numbers the range within the latest window."""
    if row.ratio and row.value is not None:
        return bar(row.value, width, "late" if row.late else _strain(row))
    if row.low is not None and row.high is not None and row.low != row.high:
        text = f"{row.shown(row.low)} to {row.shown(row.high)}"
    elif row.series.kind == "counter" and row.high:
        text = f"peak {row.shown(row.high)}"
    else:
        text = ""
    # A number that is cut is another number.
    return [Ink(left(text if columns(text) <= width else "", width), "late" if row.late else "dim")]


def _strain(row: Row) -> str:
    """The style of a share: the fuller the worse, where fullness is what hurts."""
    fills = "idle" not in dict(row.series.attributes).values() and "cpu.util" not in row.series.name
    known = ("memory", "filesystem", "paging", "logical.utilization")
    if not fills or not any(word in row.series.name for word in known):
        return "accent"
    return strain(row.value or 0.0)


def strain(share: float) -> str:
    """The style of a share that hurts when it is full."""
    return "bad" if share >= 0.9 else "warn" if share >= 0.75 else "good"


def bar(share: float, width: int, style: str) -> list[Ink]:
    """A share of one as a bar of `width` cells, to an eighth of a cell, between two edges."""
    room = max(0, width - 2)
    eighths = round(min(1.0, max(0.0, share)) * room * 8)
    full, part = divmod(eighths, 8)
    text = "█" * full + (_EIGHTHS[part] if part else "")
    return [Ink("▕", "dim"), Ink(text, style), Ink(" " * (room - len(text))), Ink("▏", "dim")]


def _detail(row: Row, width: int) -> Line:
    """Quantiles or top values on a line of their own, as many as fit."""
    text = "     "
    for part in row.shown_detail():
        if columns(text) + columns(part) > width:
            break
        text += part + "   "
    return line(Ink(text.rstrip(), "late" if row.late else "dim"))
