"""What stands where a feature's number belongs: a number, nothing, or something that is none."""

from __future__ import annotations

import re
from enum import Enum
from math import isnan

import numpy as np
from numpy.typing import NDArray

States = NDArray[np.uint8]
FINE, MISSING, TYPE, NAN, INFINITE = range(5)
"""A number; none; a text, truth value or object; what says that it is no number; beyond a double. As in
`agent.stats.feature`."""

STATES = ("number", "missing", "type", "nan", "infinite")
"""In a word."""

NOTHING = frozenset({"", "null", "none", "nil"})
NANS = frozenset({"nan", "+nan", "-nan"})
INFINITIES = re.compile(r"[+-]?(?:inf(?:inity)?|(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?)", re.ASCII)
"""Texts that are infinite; numbers only as far as `float` finds them so."""


class Strange(Enum):
    """What a line has where a text, a number or a truth value could be."""

    HUGE = "a number beyond a double"
    OTHER = "an object, a list, or a text that is no UTF-8"


def state_of(value: object, number: float) -> int:
    """The state of a feature that has this value, None where it has none, of which `number` was made."""
    if not isnan(number):
        return FINE
    if value is None:
        return MISSING
    if isinstance(value, str):
        return _of_text(value.strip().lower())
    if isinstance(value, bool) or value is Strange.OTHER:
        return TYPE
    return INFINITE


def _of_text(text: str) -> int:
    if text in NOTHING:
        return MISSING
    if text in NANS:
        return NAN
    return INFINITE if len(text) <= 64 and INFINITIES.fullmatch(text) else TYPE
