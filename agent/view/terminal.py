"""The live view's picture: pure, from a state and a size to lines of text.

    header      broker, fleet, how many devices are online, stale, offline, never seen
    devices     mark, name, state, age, what is lost or missing
    series      of the chosen device: value, age, mean, least, highest, the last windows
    foot        the latest notice, and the keys

Shape says what colour says: the picture reads the same without any.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from agent.view.clean import clean
from agent.view.fleet import DeviceState
from agent.view.rows import Row
from agent.view.units import NONE, age, columns, cut, left, right

MARKS = {"online": "●", "degraded": "▲", "stale": "◐", "offline": "○"}
NEVER = "\N{EN DASH}"
COLOURS = {"online": "32", "degraded": "33", "stale": "33", "offline": "31"}
BOLD, DIM, LATE, CHOSEN = "1", "2", "33", "7"
KEYS = "↑↓ move  Enter series  Esc back  / filter  q quit"
FOOT_LINES = 1
LEAST_WIDTH, LEAST_HEIGHT = 24, 4


class Screen(NamedTuple):
    """All that the picture shows.

    `now` is the wall clock in s; `link` the subscriber's state, `place` broker and fleet. `focus` is
    "devices" or "series"; `top` the first line of the series shown. `filter` hides rows of the
    focused list without that text, `typing` says that it is being typed.
    """

    now: float
    place: str
    link: str
    devices: tuple[DeviceState, ...]
    chosen: str | None
    rows: tuple[Row, ...]
    focus: str = "devices"
    top: int = 0
    filter: str = ""
    typing: bool = False
    notice: str = ""
    colour: bool = False


class Widths(NamedTuple):
    """Cells of the series table's columns; 0 leaves a column out."""

    name: int
    now: int
    age: int
    mean: int
    low: int
    high: int
    spark: int


def widths(width: int) -> Widths:
    """How a width is shared: below 64 cells only name, value and age are shown."""
    if width < 64:
        return Widths(max(4, width - 16), 9, 4, 0, 0, 0, 0)
    spark = max(8, 14 + (width - 80) * 2 // 5)
    return Widths(width - 45 - spark, 9, 4, 8, 8, 9, spark)


def render(screen: Screen, width: int, height: int) -> list[str]:
    """Exactly `height` lines of at most `width` cells each (colour codes take none)."""
    ink = _Ink(colour=screen.colour)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return [cut("too small", width), *[""] * (height - 1)]
    head = [_header(screen, width, ink), *_devices(screen, width, _device_lines(screen, height), ink)]
    body = _series(screen, width, height - len(head) - FOOT_LINES, ink)
    lines = [*head, *body][: max(0, height - FOOT_LINES)]
    lines += [""] * (height - FOOT_LINES - len(lines))
    return [*lines, _foot(screen, width, ink)][:height]


def deepest(screen: Screen, width: int, height: int) -> int:
    """The largest `top` that still fills the series' part of the picture."""
    head = 2 + max(1, _device_lines(screen, height)) + 2 + FOOT_LINES
    lines = series_lines(screen.rows, widths(width), _Ink(colour=False))
    return max(0, len(lines) - max(0, height - head))


def _device_lines(screen: Screen, height: int) -> int:
    """How many devices to list: all of a few, a third of the screen of many."""
    return max(1, min(len(screen.devices), (height - 6) // 3))


class _Ink:
    """SGR around a text, or nothing."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code and text else text


def _header(screen: Screen, width: int, ink: _Ink) -> str:
    counts = [(state, sum(d.state == state for d in screen.devices)) for state in (*MARKS, "never")]
    tally = "  ".join(f"{n} {MARKS.get(state, NEVER)}" for state, n in counts if n or state == "online")
    clock = time.strftime("%H:%M:%SZ", time.gmtime(screen.now))
    end = f"  {tally}   {clock} "
    link = "" if screen.link == "subscribed" else f"  ! {clean(screen.link)}"
    room = width - columns(end) - 10
    place = left(f"{clean(screen.place)}{link}", max(0, room))
    shown = ink(LATE, place) if link else ink(DIM, place)
    return cut(" outrider", width) if room < 0 else ink(BOLD, " outrider") + " " + shown + end


def _devices(screen: Screen, width: int, count: int, ink: _Ink) -> list[str]:
    """The titles and the devices around the chosen one."""
    name = max(12, width - 46)
    titles = "".join(right(text, 9) for text in ("LOST", "HOLES", "RESTORED"))
    title = cut(f"   {left('DEVICE', name)} {left('STATE', 8)} {right('AGE', 5)}{titles}", width)
    if not screen.devices:
        return [ink(DIM, title), cut("   no device yet: nothing published, or in another fleet", width)]
    place = next((i for i, d in enumerate(screen.devices) if d.name == screen.chosen), 0)
    first = max(0, min(place - count // 2, len(screen.devices) - count))
    shown = screen.devices[first : first + count]
    lines = [_device(screen, device, name, width, ink) for device in shown]
    return [ink(DIM, title), *lines]


def _device(screen: Screen, device: DeviceState, name: int, width: int, ink: _Ink) -> str:
    here = device.name == screen.chosen
    mark = ink(COLOURS.get(device.state, DIM), MARKS.get(device.state, NEVER))
    faults = "".join(right(f"{n:,}", 9) for n in (device.lost, device.holes, device.restored))
    text = f" {left(clean(device.name), name)} {left(device.state, 8)} {right(age(device.age), 5)}{faults}"
    text = cut(text, width - 2)
    if here and screen.focus == "devices":
        text = ink(CHOSEN, text)
    elif here:
        text = ink(BOLD, text)
    return ("▸" if here else " ") + mark + text


def _series(screen: Screen, width: int, height: int, ink: _Ink) -> list[str]:
    """The rule with the device's name, the titles, and as many lines as fit from `top` on."""
    if height <= 0:
        return []
    across = widths(width)
    lines = series_lines(screen.rows, across, ink)
    room = max(0, height - 2)
    top = max(0, min(screen.top, len(lines) - room))
    rule = _rule(screen, width, len(lines) - top - room, ink)
    return [rule, ink(DIM, _titles(across)), *lines[top : top + room]]


def _rule(screen: Screen, width: int, below: int, ink: _Ink) -> str:
    text = f" {clean(screen.chosen)} · {len(screen.rows)} series " if screen.chosen else " no device chosen "
    if screen.filter or screen.typing:
        text += f"· /{clean(screen.filter)}{'_' if screen.typing else ''} "
    more = f" {below} more ↓ " if below > 0 else ""
    rule = "──" + cut(text, max(0, width - 4 - columns(more)))
    rule += "─" * (width - columns(rule) - columns(more) - (2 if more else 0)) + more + ("──" if more else "")
    return ink(BOLD if screen.focus == "series" else DIM, cut(rule, width))


def _titles(across: Widths) -> str:
    cells = [left(" SERIES", across.name + 1), right("NOW", across.now), right("AGE", across.age)]
    if across.spark:
        cells += [right("MEAN", across.mean), right("MIN", across.low), right("MAX", across.high)]
        cells.append(left("LAST WINDOWS", across.spark))
    return " ".join(cells)


def series_lines(rows: Sequence[Row], across: Widths, ink: _Ink) -> list[str]:
    """The table's lines: a metric's line, its series below, and a second line where a row has detail."""
    lines: list[str] = []
    for name, group in groupby(rows, key=lambda row: row.series.name):
        members = list(group)
        label = f" {clean(name)}"
        alone = len(members) == 1 and not members[0].series.attributes
        if not alone or columns(label) > across.name + 1:
            lines.append(_metric(label, members[0], across, ink))
            label = ""
        for row in members:
            lines += _row(label if alone else _label(row), row, across, ink)
    return lines


def _metric(label: str, row: Row, across: Widths, ink: _Ink) -> str:
    """The line above the series of a metric: its name, and which attributes the lines below list."""
    width = sum(across) + sum(1 for each in across if each)
    label = cut(label, width)
    keys = " ".join(clean(key) for key, _ in row.series.attributes)
    return ink(BOLD, label) + ink(DIM, cut(f"  {keys}" if keys else "", width - columns(label)))


def _label(row: Row) -> str:
    return "   " + " ".join(clean(value) for _, value in row.series.attributes)


def _row(label: str, row: Row, across: Widths, ink: _Ink) -> list[str]:
    """A series: the numbers of its latest window, dimmed and marked when that is old."""
    empty = row.now is row.mean is row.high is None and not row.detail
    now = NONE if empty else _shown(row, row.now)
    label = ("◐" + label[1:]) if row.late else label
    texts = [left(label, across.name + 1), right(now, across.now)]
    tail = ""
    if across.spark:
        numbers = ((row.mean, across.mean), (row.low, across.low), (row.high, across.high))
        tail = " " + " ".join(right(_shown(row, value), width) for value, width in numbers)
        tail += " " + row.spark[-across.spark :].rjust(across.spark)
    old = DIM if row.late else ""
    aged = ink(LATE if row.late else DIM, right(age(row.age), across.age))
    first = ink(old, " ".join(texts)) + " " + aged + ink(old, tail)
    return [first, *_detail(row, across, ink)]


def _shown(row: Row, value: float | None) -> str:
    """A value of the row; blank for what its kind does not know."""
    return "" if value is None else row.shown(value)


def _detail(row: Row, across: Widths, ink: _Ink) -> list[str]:
    """Quantiles or top values on a line of their own, as many as fit."""
    if not row.detail:
        return []
    width = sum(across) + sum(1 for each in across if each)
    text = "     "
    for part in row.shown_detail():
        if columns(text) + columns(part) > width:
            break
        text += part + "   "
    return [ink(DIM, text.rstrip())]


def _foot(screen: Screen, width: int, ink: _Ink) -> str:
    room = width - columns(KEYS) - 3
    if room < 8:
        return ink(DIM, cut(f" {KEYS}", width))
    notice = left(f" {clean(screen.notice)}", room)
    return ink(LATE, notice) + "  " + ink(DIM, KEYS)
