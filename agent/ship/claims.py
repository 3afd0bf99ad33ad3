"""What a message claims beside its records: pure arithmetic on intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from agent.ship.records import Epoch, Key, Spans, union


class Claims(NamedTuple):
    """What a message says beside its records; see `records.Message`."""

    epochs: tuple[Epoch, ...]
    pending: tuple[Key, ...]
    open: tuple[Key, ...]
    more: bool


def explained(epochs: Sequence[Epoch], named: set[int]) -> tuple[Epoch, ...]:
    """The own epoch and those named, with every empty one that came before any of them.

    A sink asks for the numbers of an epoch that it never heard of, and learns with them what
    came before; an epoch without numbers would hide all that came before it.
    """
    chosen: list[Epoch] = []
    empty_before: int | None = None
    for epoch in epochs:
        if not chosen or epoch.id in named or epoch.id == empty_before:
            chosen.append(epoch)
            empty_before = epoch.prev if not any(epoch.prev_next.values()) else None
    return tuple(chosen)


def joined(keys: list[Key], rank: Mapping[int, int], most: int) -> tuple[tuple[Key, ...], bool]:
    """At most so many intervals: nearest joined across gaps, then the oldest streams left out."""
    streams: dict[tuple[int, str], Spans] = {}
    for key in keys:
        streams.setdefault((key.epoch, key.stream), []).append((key.first, key.last))
    streams = {name: union(spans) for name, spans in streams.items()}
    excess = sum(map(len, streams.values())) - most
    if excess > 0:
        _close_gaps(streams, excess)
    newest = sorted(streams, key=lambda name: rank[name[0]], reverse=True)
    kept = newest[:most]
    pending = (Key(e, s, a, b) for e, s in kept for a, b in streams[e, s])
    return tuple(pending), len(kept) < len(newest)


def _close_gaps(streams: dict[tuple[int, str], Spans], excess: int) -> None:
    """Join the `excess` nearest neighbours of one stream across the gap between them, in place."""
    gaps = sorted(
        (right[0] - left[1], name, left[1])
        for name, spans in streams.items()
        for left, right in pairwise(spans)
    )
    closed: dict[tuple[int, str], Spans] = {}
    for width, name, end in gaps[:excess]:
        closed.setdefault(name, []).append((end, end + width))
    for name, bridges in closed.items():
        streams[name] = union([*streams[name], *bridges])
