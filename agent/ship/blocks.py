"""Which windows wait to be shipped as one: blocks of `grain` that grow, or that the store shall join."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import NamedTuple

from agent.ship.records import Epoch, Key


class Blocks(NamedTuple):
    """`growing` are rows of blocks that get more numbers, `joinable` the blocks to be joined, oldest
    first, and `fine` the rows of those; `soon` is the block that the next number completes, if any."""

    growing: frozenset[Key]
    joinable: tuple[Key, ...]
    fine: frozenset[Key]
    soon: Key | None


NO_BLOCKS = Blocks(frozenset(), (), frozenset(), None)


def blocks(rows: Iterable[Key], grain: int, own: Epoch, given_up: Collection[Key]) -> Blocks:
    """Sort data rows of `windows` that are not sent yet; those in blocks `given_up` are free to go."""
    if grain == 1:
        return NO_BLOCKS
    within: dict[Key, list[Key]] = {}
    for row in rows:
        base = row.first - row.first % grain
        if row.last < base + grain - 1 or row.first > base:
            within.setdefault(row._replace(first=base, last=base + grain - 1), []).append(row)
    following = own.next.get("windows", 0)
    growing = {block for block in within if block.epoch == own.id and block.last >= following}
    joinable = sorted(
        (block for block in within.keys() - growing - set(given_up) if _pairs(within[block])),
        key=lambda block: (block.epoch == own.id, block.first),
    )
    return Blocks(
        frozenset(row for block in growing for row in within[block]),
        tuple(joinable),
        frozenset(row for block in joinable for row in within[block]),
        next((block for block in growing if block.last == following), None),
    )


def _pairs(rows: list[Key]) -> bool:
    """Whether two of them are the halves of one aligned block."""
    return any(_halves(left, right) for left, right in pairwise(sorted(rows)))


def _halves(left: Key, right: Key) -> bool:
    size = left.last - left.first + 1
    return (
        right.first == left.last + 1 and right.last - right.first + 1 == size and left.first % (2 * size) == 0
    )
