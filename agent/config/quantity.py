"""Quantities as people write them: "90s", "5m", "1h30m", "2d"; "16 MiB", "500 KB"; "50 MB/day"; "2.5 %".

Plain numbers are seconds and bytes. `show_*` writes a value so that `parse_*` reads the same one.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
BYTES = {
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
}
DURATION_FORM = r"(?:[0-9]{1,12}(?:\.[0-9]{1,20})?\s*(?:ms|s|m|h|d|w)\s*)+"
SIZE_FORM = r"[0-9]{1,15}(?:\.[0-9]{1,9})?\s*(?:[KMGT]i?)?B?"

# A month of 31 days, so that no calendar month sees more.
PERIODS = {"hour": 3600.0, "day": 86400.0, "month": 31 * 86400.0}
RATE_FORM = rf"{SIZE_FORM}\s*/\s*(?:{'|'.join(PERIODS)})"
SHARE_FORM = r"[0-9]{1,6}(?:\.[0-9]{1,9})?\s*%"

_DURATION = re.compile(DURATION_FORM)
_DURATION_PART = re.compile(r"([0-9.]+)\s*(ms|s|m|h|d|w)")
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([kmgt]i?b|b)?", re.IGNORECASE)
_SHARE = re.compile(SHARE_FORM)
_PLAIN = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,20})?")


def parse_duration(value: object) -> float:
    """Seconds.

    Raises:
        ValueError: neither a finite number nor numbers with units.
    """
    number = _number(value)
    if number is not None:
        return number
    text = value.strip() if isinstance(value, str) else ""
    if _PLAIN.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        raise ValueError("not a duration")
    return sum(float(amount) * SECONDS[unit] for amount, unit in _DURATION_PART.findall(text))


def parse_size(value: object) -> int:
    """Bytes; a fraction of a byte is cut off.

    Raises:
        ValueError: neither a finite number nor one with a unit.
    """
    number = _number(value)
    if number is not None:
        return int(number)
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("not a size")
    return int(float(match[1]) * BYTES[(match[2] or "b").lower()])


class Rate(NamedTuple):
    """So many bytes in each `per`: an hour, a day or a month of 31 days."""

    size: int
    per: str

    @property
    def seconds(self) -> float:
        """The period in s."""
        return PERIODS[self.per]

    @property
    def a_day(self) -> float:
        """Bytes in a day."""
        return self.size * PERIODS["day"] / self.seconds


def parse_rate(value: object) -> Rate:
    """Bytes in a period.

    Raises:
        ValueError: not a size, a slash and a period.
    """
    size, slash, per = value.partition("/") if isinstance(value, str) else ("", "", "")
    period = per.strip().lower()
    if not slash or period not in PERIODS:
        raise ValueError("not a rate")
    return Rate(parse_size(size), period)


def parse_share(value: object) -> float:
    """A share, 1 for 100 %.

    Raises:
        ValueError: not a number of per cent.
    """
    if not isinstance(value, str) or not _SHARE.fullmatch(value.strip()):
        raise ValueError("not a share")
    return float(value.strip().removesuffix("%")) / 100.0


def _number(value: object) -> float | None:
    """A TOML number as a float; None for anything else, infinities and NaN among it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int) and value.bit_length() > 64:
        return None
    return float(value) if math.isfinite(value) else None


def show_duration(seconds: float) -> str:
    """The shortest exact way to write it: "60s", "2m", "1h", "1.5s"."""
    for unit, least in (("d", 86400), ("h", 3600), ("m", 120)):
        if seconds >= least and seconds % SECONDS[unit] == 0:
            return f"{int(seconds // SECONDS[unit])}{unit}"
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{seconds!r}s"


def show_size(size: int) -> str:
    """The largest binary unit that is exact: "16 MiB"; else plain bytes."""
    return _exact(size, ("TiB", "GiB", "MiB", "KiB")) or f"{size} B"


def _exact(size: int, units: tuple[str, ...]) -> str:
    """In the first of these units that is exact; "" where none is."""
    for unit in units:
        factor = BYTES[unit.lower()]
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return ""


def show_tariff(size: int) -> str:
    """The largest decimal unit that is exact, as tariffs are written: "10 MB"; else as `show_size`."""
    return _exact(size, ("TB", "GB", "MB", "KB")) or show_size(size)


def show_rate(rate: Rate) -> str:
    """As a tariff: "50 MB/day"."""
    return f"{show_tariff(rate.size)}/{rate.per}"


def period_of(seconds: float) -> str:
    """What a rate's period is called; one that has no name is a duration."""
    return next((name for name, period in PERIODS.items() if period == seconds), show_duration(seconds))


def show_share(share: float) -> str:
    """In per cent: "2.5 %"."""
    return f"{round(100.0 * share, 9):.12g} %"
