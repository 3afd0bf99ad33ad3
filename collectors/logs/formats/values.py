"""Numbers as servers print them, to base units: `12.5`, `36ms`, `1.2s`, `3m2s`, `50.263µs`, `0.0%`."""

from __future__ import annotations

import re
from math import isfinite, nan
from types import MappingProxyType

SECONDS = MappingProxyType(
    {
        "ns": 1e-9,
        "us": 1e-6,
        "\N{MICRO SIGN}s": 1e-6,
        "\N{GREEK SMALL LETTER MU}s": 1e-6,
        "ms": 1e-3,
        "s": 1.0,
        "m": 60.0,
        "h": 3600.0,
        "d": 86400.0,
        "msec": 1e-3,
        "msecs": 1e-3,
        "millis": 1e-3,
        "millisecond": 1e-3,
        "milliseconds": 1e-3,
        "usec": 1e-6,
        "usecs": 1e-6,
        "micros": 1e-6,
        "microsecond": 1e-6,
        "microseconds": 1e-6,
        "nsec": 1e-9,
        "nsecs": 1e-9,
        "nanos": 1e-9,
        "nanosecond": 1e-9,
        "nanoseconds": 1e-9,
        "sec": 1.0,
        "secs": 1.0,
        "second": 1.0,
        "seconds": 1.0,
        "min": 60.0,
        "minutes": 60.0,
        "hours": 3600.0,
    }
)
"""Seconds in a unit of time."""

SCALES = MappingProxyType({**SECONDS, "%": 0.01, "percent": 0.01, "pct": 0.01, "1": 1.0})
"""What a number in this unit is multiplied by; a bare number has the unit `1` of what is counted."""

LONGEST = 64
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?([a-zA-Z\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}]+)", re.ASCII)


def number(value: object, scale: float = 1.0) -> float:
    """A value as the log has it in base units; NaN where it is no finite number.

    Args:
        value: a number, or text with or without a unit of its own, which wins over `scale`.
        scale: what a bare number is multiplied by.
    """
    if isinstance(value, str):
        return _text(value, scale)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _scaled(value, scale)
    return nan


def _scaled(value: float, scale: float) -> float:
    try:
        result = float(value) * scale
    except OverflowError:
        return nan
    return result if isfinite(result) else nan


def _text(value: str, scale: float) -> float:
    if len(value) > LONGEST:
        return nan
    if _NUMBER.fullmatch(value):
        return _scaled(float(value), scale)
    if value.endswith("%") and _NUMBER.fullmatch(value[:-1].rstrip(" ")):
        return _scaled(float(value[:-1]), 0.01)
    return _duration(value)


def _duration(value: str) -> float:
    """A duration as Go and Rust print it: one or more parts, each with its unit."""
    sign = -1.0 if value.startswith("-") else 1.0
    total, place = 0.0, int(value.startswith(("+", "-")))
    while place < len(value):
        part = _PART.match(value, place)
        if part is None or part[2] not in SECONDS:
            return nan
        total += float(part[1]) * SECONDS[part[2]]
        place = part.end()
    return sign * total if isfinite(total) and value[1:] else nan


_GLUED = re.compile(r"(?:time|latency|duration|elapsed|took|wait)(ms|us|ns)$", re.ASCII)
CAMEL = MappingProxyType({"responseTime": "ms"})
"""Names whose unit is a convention: loggers of JavaScript (pino-http, express-winston) write it in ms."""


def unit_of(name: str) -> str:
    """The unit that a field's name ends in (`latency_ms`, `tookMs`, `elapsedms`, `wait_seconds`), or ""."""
    tail = re.split(r"[_.\-\s]|(?<=[a-z0-9])(?=[A-Z])", name)[-1].lower()
    if tail != name.lower() and tail in SCALES and tail not in ("m", "d", "h", "1"):
        return tail
    glued = _GLUED.search(name.lower())
    return glued[1] if glued is not None else CAMEL.get(name.rpartition(".")[2], "")


FLAGS = MappingProxyType(
    {"hit": 1.0, "true": 1.0, "yes": 1.0, "1": 1.0, "miss": 0.0, "false": 0.0, "no": 0.0, "0": 0.0}
)


def flag(value: object) -> float:
    """1.0 for a hit, 0.0 for a miss, NaN for anything else."""
    return FLAGS.get(str(value).lower(), nan) if isinstance(value, (str, int, float)) else nan
