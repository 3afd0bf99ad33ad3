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
NUMBERS = 20_000
"""Totals and buckets that are remembered of a process: what is not there at the moment is forgotten first."""
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
        self.totals: dict[int, float | Buckets] = {}
        self.whole = at is not None
        self.forgot = False


class Look:
    """One look at a server, in progress: asks how each total grew. `since` is the time of the look before, on
    the clock of `Turn.look`; None where there was none."""

    def __init__(self, process: _Process, since: float | None) -> None:
        self._process = process
        self.since = since
        # By the hash of name and labels: a server may make these as long as it likes.
        self._seen: dict[int, float | Buckets] = {}
        self._found: dict[int, Grown | GrownBuckets | None] = {}

    def total(self, key: Key, value: float) -> Grown | None:
        """How a total grew; None where nothing is known of it before."""
        mark = hash(key)
        if mark not in self._found:
            before, self._found[mark], self._seen[mark] = self._before(mark, 0.0), None, value
            if isinstance(before, float):
                amount, self._seen[mark], reset = increase(before, value)
                self._found[mark] = Grown(amount, reset)
        found = self._found[mark]
        return found if isinstance(found, Grown) else None

    def buckets(self, key: Key, value: Buckets) -> GrownBuckets | None:
        """How a histogram grew; None where nothing is known of it before, or its bounds are others."""
        mark = hash(key)
        if mark not in self._found:
            none = Buckets(value.bounds, (0,) * len(value.counts), 0.0)
            before, self._seen[mark] = self._before(mark, none), value
            self._found[mark] = grown(before, value) if isinstance(before, Buckets) else None
        found = self._found[mark]
        return found if isinstance(found, GrownBuckets) else None

    def end(self, *, whole: bool) -> None:
        """Remember what was seen for the next look; `whole` says that it was all there is."""
        process, kept = self._process, dict(self._seen)
        room = NUMBERS - sum(map(_size, kept.values()))
        for mark, value in reversed(process.totals.items()):
            if mark not in kept:
                room -= _size(value)
                if room < 0:
                    process.forgot = True
                    break
                kept[mark] = value
        # What was seen last comes last, and is forgotten last.
        process.totals = dict(reversed(kept.items()))
        process.whole = whole and not process.forgot

    def _before(self, mark: int, nothing: float | Buckets) -> float | Buckets | None:
        """The value before; of a total that is new in a process that was looked at all along, nothing."""
        before = self._process.totals.get(mark)
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


def _size(value: float | Buckets) -> int:
    return len(value.counts) if isinstance(value, Buckets) else 1


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
