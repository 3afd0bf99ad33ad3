"""Names of classes and categories as numbers, so that columns of them are numbers too."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from collectors.logs.formats.hashes import hash_of
from collectors.logs.formats.words import Ints

MOST = 1024
"""Classes that have names, beside `other`."""
NONE, OTHER = 0, 1
"""Numbers of no class at all, and of the class `other`."""
NAMELESS = 1 << 40
"""From here on are the numbers of classes that have no name: as many, as there may be of them."""


class Classes(dict[str, int]):
    """Numbers for names, given in turn; `names[number]` is the name. What comes when there are MOST is told
    apart by numbers from NAMELESS on, below 2^53, so that a double holds them.

    Args:
        names: those of an earlier time, which keep their numbers.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names) or ["", "other"]
        super().__init__({name: number for number, name in enumerate(self.names)})

    def __missing__(self, name: str) -> int:
        if len(self.names) >= MOST + 2:
            return nameless(name)
        self[name] = number = len(self.names)
        self.names.append(name)
        return number


def nameless(name: str) -> int:
    """The number of a class that has no name, from `NAMELESS` on: the same wherever it is met."""
    return NAMELESS + (hash_of(name.encode("utf-8", "surrogatepass")) >> 12)


def folded(numbers: Ints) -> Ints:
    """The same with `OTHER` for all that have no name."""
    found: Ints = np.where(numbers >= NAMELESS, OTHER, numbers)
    return found
