"""What happened between two looks at a server: how much its totals and histograms grew, restarts included.

Totals are kept for each of a server's processes, as it tells when it began (`process_start_time_seconds`):
several workers behind one port each count for themselves, and a look meets one of them by chance. Where
a server does not tell, there is one process, and a total that falls began anew.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.stats.totals import increase
from collectors.endpoints.points import Buckets, Key

PROCESSES = 8
TOTALS = 4096
"""Totals that are remembered of a process, those that are not there at the moment included."""
NEW = 1.0
"""s by which a process may have begun before the last look, for clocks that are read apart, and be new all
the same: all that it counted is new then."""


class Grown(NamedTuple):
    """What was added to a total, and whether it began anew from zero meanwhile."""

    amount: float
    reset: bool


class GrownBuckets(NamedTuple):
    """What was added to a histogram, and whether it began anew."""

    added: Buckets
    reset: bool


class _Process:
    """The totals of one process as they were last seen. `whole` says that there were no others: what is new
    now was zero then. `forgot` that some were too many to be remembered."""

    __slots__ = ("at", "forgot", "totals", "whole")

    def __init__(self, at: float | None) -> None:
        self.at = at
        self.totals: dict[Key, float | Buckets] = {}
        self.whole = at is not None
        self.forgot = False


class Look:
    """One look at a server, in progress: asks how each total grew. `since` is the time of the look before, on
    the clock of `Turn.look`; None where there was none."""

    def __init__(self, process: _Process, since: float | None) -> None:
        self._process = process
        self.since = since
        self._seen: dict[Key, float | Buckets] = {}
        self._found: dict[Key, Grown | GrownBuckets | None] = {}

    def total(self, key: Key, value: float) -> Grown | None:
        """How a total grew; None where nothing is known of it before."""
        if key not in self._found:
            before = self._before(key, 0.0)
            self._seen[key] = value
            if isinstance(before, float):
                amount, self._seen[key], reset = increase(before, value)
                self._found[key] = Grown(amount, reset)
            else:
                self._found[key] = None
        found = self._found[key]
        return found if isinstance(found, Grown) else None

    def buckets(self, key: Key, value: Buckets) -> GrownBuckets | None:
        """How a histogram grew; None where nothing is known of it before, or its bounds are others."""
        if key not in self._found:
            none = Buckets(value.bounds, (0,) * len(value.counts), 0.0)
            before = self._before(key, none)
            self._seen[key] = value
            self._found[key] = grown(before, value) if isinstance(before, Buckets) else None
        found = self._found[key]
        return found if isinstance(found, GrownBuckets) else None

    def end(self, *, whole: bool) -> None:
        """Remember what was seen for the next look; `whole` says that it was all there is."""
        process = self._process
        gone = [key for key in process.totals if key not in self._seen]
        forgotten = set(gone[: max(0, len(gone) + len(self._seen) - TOTALS)])
        kept = {key: process.totals[key] for key in gone if key not in forgotten}
        process.totals = {**kept, **self._seen}
        process.forgot = process.forgot or bool(forgotten)
        process.whole = whole and not process.forgot

    def _before(self, key: Key, nothing: float | Buckets) -> float | Buckets | None:
        """The value before; of a total that is new in a process that was looked at all along, nothing."""
        before = self._process.totals.get(key)
        return nothing if before is None and self._process.whole else before


class Turn:
    """All that is remembered of one server between looks, of at most so many processes."""

    def __init__(self) -> None:
        self._processes: dict[float | None, _Process] = {}
        self._wall: float | None = None

    def look(self, born: float | None, now: float, wall: float) -> Look:
        """Begin a look at `now` on the boot clock, `wall` s since 1970, at a process that began at `born`."""
        process = self._processes.pop(born, None)
        if process is None:
            began_since = born is not None and self._wall is not None and born > self._wall - NEW
            process = _Process(self._last() if began_since else None)
        look = Look(process, process.at)
        process.at, self._wall = now, wall
        self._processes[born] = process
        for old in list(self._processes)[:-PROCESSES]:
            del self._processes[old]
        return look

    def _last(self) -> float | None:
        """When any process was last looked at."""
        return max((each.at for each in self._processes.values() if each.at is not None), default=None)


def grown(before: Buckets, now: Buckets) -> GrownBuckets | None:
    """What was added to a histogram; None where other bounds leave nothing to compare.

    Where a bucket fell it began anew, and all of it was added.
    """
    if before.bounds != now.bounds:
        return None
    added = tuple(b - a for a, b in zip(before.counts, now.counts, strict=True))
    if min(added) < 0:
        return GrownBuckets(now, reset=True)
    known = before.total is not None and now.total is not None
    total = now.total - before.total if known else None  # type: ignore[operator]
    return GrownBuckets(Buckets(now.bounds, added, total), reset=False)
