"""Numbers that are texts, most with a unit of their own, of many lines at once: `36ms`, `12.5`, `0.5%`."""

from __future__ import annotations

from math import nan

import numpy as np

from collectors.logs.formats.digits import numbers
from collectors.logs.formats.values import LONGEST, SECONDS, number
from collectors.logs.formats.words import Floats, Ints, Text, head_of

UNITS = 8
"""Different units that are looked at in one chunk; further ones are read one at a time."""


def amounts(text: Text, begins: Ints, ends: Ints, scale: float) -> Floats:
    """What `values.number` gives for texts between these places.

    Args:
        text: the chunk.
        begins: where the texts begin.
        ends: where they end.
        scale: what a bare number is multiplied by.
    """
    found = numbers(text, begins, plain=True)
    sizes = ends - found.ends
    left = found.read & (sizes >= 0) & (sizes <= 8) & (ends - begins <= LONGEST)
    units = head_of(text, found.ends, np.clip(sizes, 0, 8))[0]
    factors = np.full(len(begins), nan)
    for _ in range(UNITS):
        if not left.any():
            break
        same = left & (units == (unit := units[np.argmax(left)]))
        factors[same] = factor(
            int(unit).to_bytes(8, "little").rstrip(b"\0").decode("utf-8", "replace"), scale
        )
        left ^= same
    result: Floats = found.values * factors
    for row in np.flatnonzero(factors != factors).tolist():  # noqa: PLR0124 - NaN
        result[row] = number(written(text, int(begins[row]), int(ends[row])), scale)
    return result


def factor(unit: str, scale: float) -> float:
    """What a number with this unit is multiplied by; NaN where it is none."""
    if not unit:
        return scale
    return 0.01 if unit.lstrip(" ") == "%" else SECONDS.get(unit.removeprefix(" "), nan)


def written(text: Text, begin: int, end: int) -> str:
    """A text of JSON, between its quotes."""
    import msgspec

    part = text.part(begin, end)
    return msgspec.json.decode(b'"%b"' % part, type=str) if b"\\" in part else part.decode()
