"""How numbers, ages and names look to a person: short, aligned, with units people read.

Only the terminal shows these; everything that a machine reads keeps base units.
"""

from __future__ import annotations

import math
import time
import unicodedata

from agent.view.clean import ELLIPSIS, clean

NONE = "\N{EN DASH}"
"""No data: never a zero in its place."""

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("", "k", "M", "G", "T", "P")
_SMALL = ((1e-6, "ns", 1e9), (1e-3, "µs", 1e6), (1.0, "ms", 1e3), (120.0, "s", 1.0))
_LONG = ((7200.0, "min", 60.0), (172800.0, "h", 3600.0), (math.inf, "d", 86400.0))
_PREFIXED = frozenset(("Hz", "W", "J", "V", "A", "bit"))


def short(number: float) -> str:
    """Three significant digits without an exponent where that fits in seven characters."""
    size = abs(number)
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    if size == 0 or (size < 1e6 and float(number).is_integer()):
        return f"{int(number)}"
    if size < 0.001 or size >= 1e6:
        return f"{number:.1e}"
    digits = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.1 else 3
    return f"{number:.{digits}f}"


def human(value: float | None, unit: str, *, ratio: bool = False) -> str:
    """A value with its unit, such as "3.2%", "1.5GiB", "12.1ms", "54°C"; a dash for None.

    `unit` is a UCUM code, with "/s" behind it for rates. `ratio` says that a "1" is a share of one.
    """
    if value is None:
        return NONE
    unit = clean(unit)
    base, per, rest = unit.partition("/")
    suffix = per + rest
    if not math.isfinite(value):
        return short(value)
    if (base == "1" and ratio and not suffix) or unit == "s/s":  # seconds of work in each second
        return f"{short(round(value * 100, 9))}%"
    if base == "By":
        return _scaled(value, _BINARY, 1024.0) + suffix
    if base == "s" and not suffix:
        return _duration(value)
    if base == "Cel":
        return f"{short(value)}°C{suffix}"
    if base in _PREFIXED:
        return _scaled(value, _DECIMAL, 1000.0) + unit
    if base == "1" or base.startswith("{"):
        return _scaled(value, _DECIMAL, 1000.0) + suffix
    return short(value) + cut(unit, 8)


def tariff(size: float) -> str:
    """Bytes as tariffs and `ship.budget` count them, in thousands: "5.09 KB", "10 MB"."""
    number = _scaled(size, ("", "K", "M", "G", "T"), 1000.0)
    return f"{number} B" if number[-1].isdigit() else f"{number[:-1]} {number[-1]}B"


def _scaled(value: float, prefixes: tuple[str, ...], step: float) -> str:
    """The value with the prefix that leaves at least one digit before the point."""
    level = 0
    while abs(value) >= step * 0.9995 and level < len(prefixes) - 1:
        value /= step
        level += 1
    return short(value) + prefixes[level]


def _duration(seconds: float) -> str:
    if seconds == 0:
        return "0s"
    for limit, name, factor in _SMALL:
        if abs(seconds) < limit:
            return short(round(seconds * factor, 9)) + name
    for limit, name, divisor in _LONG:
        if abs(seconds) < limit:
            return short(round(seconds / divisor, 9)) + name
    return short(seconds) + "s"


def age(seconds: float | None) -> str:
    """How old something is, in at most four characters up to 99 days; a dash for never.

    A clock that runs ahead is not hidden: what lies in the future has a plus.
    """
    if seconds is None:
        return NONE
    if seconds <= -1.0:
        return "+" + age(-seconds)
    for limit, name, divisor in ((60.0, "s", 1.0), (3600.0, "m", 60.0), (86400.0, "h", 3600.0)):
        if seconds < limit:
            return f"{int(max(seconds, 0.0) // divisor)}{name}"
    return f"{int(seconds // 86400)}d"


def columns(text: str) -> int:
    """How many terminal cells the text takes: two for a wide letter, none for a combining mark."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells, ending in an ellipsis where something is missing."""
    if columns(text) <= width:
        return text
    if width <= 0:
        return ""
    room, kept = width - 1, []
    for letter in text:
        room -= _cells(letter)
        if room < 0:
            break
        kept.append(letter)
    return "".join(kept) + ELLIPSIS


def tail(text: str, width: int) -> str:
    """The end of a text in at most `width` cells, after an ellipsis where something is missing."""
    if columns(text) <= width:
        return text
    if width <= 0:
        return ""
    room, first = width - 1, len(text)
    while (room := room - _cells(text[first - 1])) >= 0:
        first -= 1
    return ELLIPSIS + text[first:]


def left(text: str, width: int) -> str:
    """Cut or filled with blanks on the right to exactly `width` cells."""
    text = cut(text, width)
    return text + " " * (width - columns(text))


def right(text: str, width: int) -> str:
    """Cut or filled with blanks on the left to exactly `width` cells."""
    text = cut(text, width)
    return " " * (width - columns(text)) + text


def clock(at: float) -> str:
    """The time of day (UTC) of a wall time in s; where no calendar has that, of the nearest."""
    return time.strftime("%H:%M:%SZ", time.gmtime(max(0.0, min(at, 2**40))))
