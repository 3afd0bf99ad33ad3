"""The time a line tells of itself: ISO 8601, the access logs' form, klog, syslog, seconds since 1970.

A time without a zone is local; one without a year is the latest that does not lie in the future. In the
hour that daylight saving repeats, the reading is taken that lies nearer to the time of reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import NamedTuple

DAY = 86400.0
LONGEST = 48
_ZONE = r" ?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
_CLOCK = r"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = MappingProxyType({name: number for number, name in enumerate(_MONTHS, 1)})
FORMS = tuple(
    re.compile(form + _ZONE, re.ASCII)
    for form in (
        rf"(?P<Y>\d{{4}})[-/](?P<m>\d\d)[-/](?P<d>\d\d)(?:[T ]| - ){_CLOCK}",
        rf"(?P<d>\d\d)/(?P<b>[A-Za-z]{{3}})/(?P<Y>\d{{4}}):{_CLOCK}",
        rf"(?P<m>\d\d)-?(?P<d>\d\d) {_CLOCK}",
        rf"(?P<b>[A-Za-z]{{3}})  ?(?P<d>\d\d?) {_CLOCK}",
        rf"(?P<b>[A-Za-z]{{3}})  ?(?P<d>\d\d?),? (?P<Y>\d{{4}}) {_CLOCK}",
    )
)
"""Each as a whole; the seconds stand right behind the minutes in all of them."""
_EPOCH = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)


class Near(NamedTuple):
    """What a line leaves open: the zone of the device, and when it was read (s since 1970)."""

    zone: tzinfo
    now: float


def moment(value: object, near: Near) -> float | None:
    """The time in s since 1970, None where it is none.

    Numbers are seconds, or milli-, micro- or nanoseconds where seconds would lie beyond the year 5138.
    """
    if isinstance(value, str):
        if len(value) > LONGEST:
            return None
        for form in FORMS:
            if found := form.fullmatch(value):
                return _calendar(found.groupdict(), near)
        return epoch(float(value)) if _EPOCH.fullmatch(value) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e20:
        return epoch(float(value))
    return None


def epoch(value: float) -> float | None:
    """Seconds since 1970 from a number of any unit; None: it is none of our days."""
    while value >= 1e11:
        value /= 1000.0
    return value if value >= 1e8 else None


def _calendar(part: dict[str, str | None], near: Near) -> float | None:
    """The time of a form's parts: Y, m or b (a month's name), d, H, M, S, f (fraction), zone.

    Year and zone are settled by the minute alone, so that all times of a minute lie in one.
    """

    def whole(name: str) -> int:
        return int(part.get(name) or 0)

    name = part.get("b")
    month = MONTHS.get(name.lower(), 0) if name else whole("m")
    if whole("S") > 60:
        return None
    # A leap second counts as the one before, so that it stays in its minute.
    second = min(whole("S"), 59) + float(f"0.{part['f'] or 0}")

    def at(year: int) -> float | None:
        try:
            naive = datetime(year, month, whole("d"), whole("H"), whole("M"))  # noqa: DTZ001 - placed next
            return _placed(naive, part["zone"], near)
        except (ValueError, OverflowError, OSError):
            return None

    minute = at(whole("Y")) if part.get("Y") else _without_year(at, near)
    return None if minute is None else minute + second


def _without_year(at: Callable[[int], float | None], near: Near) -> float | None:
    this = datetime.fromtimestamp(near.now, near.zone).year
    tried = [found for year in range(this + 1, this - 5, -1) if (found := at(year)) is not None]
    return next((found for found in tried if found <= near.now + DAY), None)


def _placed(naive: datetime, zone: str | None, near: Near) -> float:
    """A calendar time in its own zone, or in the device's."""
    if zone:
        return naive.replace(tzinfo=_fixed(zone)).timestamp()
    first = naive.replace(tzinfo=near.zone, fold=0).timestamp()
    second = naive.replace(tzinfo=near.zone, fold=1).timestamp()
    return min(first, second, key=lambda at: abs(at - near.now)) if second > first else first


def _fixed(zone: str) -> tzinfo:
    if zone[0] not in "+-":
        return timezone.utc
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return timezone(-ahead if zone[0] == "-" else ahead)
