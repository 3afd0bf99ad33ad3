"""What is remembered of one rule, of each of its series, and of how a source lays its values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.judge import saved
from agent.judge.rule import OPERATORS, Rule
from collectors.api import Series

SERIES = 256
"""Series watched for one rule; further ones are counted."""

OK, PENDING, FIRING = range(3)


class Watch:
    """One series of one rule. `at` is when its last total was read, `before` when it last was beyond
    the level, both on the boot clock; `offset`, by which clock `since` is told, None where that was another
    boot's; `seen`, on the watched clock, when it last had a value, None before
    its first; `gone`, when its collector left it out. `dropped`: its rule does not know it any more."""

    __slots__ = ("at", "before", "dropped", "gone", "held", "judged", "longest", "offset", "seen", "series",
                 "since", "source", "state", "total", "value")  # fmt: skip

    def __init__(self, judged: Judged, series: Series, seen: float | None = None) -> None:
        self.judged = judged
        self.series = series
        self.source = ""
        self.longest = 0.0
        self.state = OK
        self.held = 0.0
        self.before: float | None = None
        self.since = 0.0
        self.offset: float | None = None
        self.value: float | None = None
        self.seen = seen
        self.gone: float | None = None
        self.dropped = False
        self.total: float | None = None
        self.at = 0.0


class Judged:
    """A rule and its series. `never` stands for all of them while an absence's rule has seen none;
    `said` is what the store knows, but for values, None if that is not known."""

    __slots__ = ("name", "never", "rule", "said", "watches")

    def __init__(self, name: str, rule: Rule) -> None:
        self.name = name
        self.rule = rule
        self.watches: dict[Series, Watch] = {}
        self.never: Watch | None = None
        self.said: tuple[object, ...] | None = ()

    def drop(self, watch: Watch) -> None:
        """Forget a series."""
        watch.dropped = True
        del self.watches[watch.series]

    def rows(self) -> list[saved.Row]:
        """What is worth keeping, what fires first."""
        kept = sorted((w for w in self.watches.values() if w.state != OK), key=lambda w: -w.state)
        return [saved.Row(w.series, w.state == FIRING, w.held, w.since, w.value, w.offset) for w in kept]


class Match:
    """A series and the rules that speak of it: those that watch it, and those that have no room for it."""

    __slots__ = ("series", "waiting", "watches")

    def __init__(self, series: Series, rules: Iterable[Judged]) -> None:
        fitting = [judged for judged in rules if judged.rule.fits(series)]
        self.series = series
        self.watches = [judged.watches[series] for judged in fitting if series in judged.watches]
        self.waiting = [judged for judged in fitting if series not in judged.watches]

    def seat(self) -> None:
        """Watch it for each rule that has room by now, or that dropped it meanwhile."""
        for watch in [watch for watch in self.watches if watch.dropped]:
            self.watches.remove(watch)
            self.waiting.append(watch.judged)
        for judged in [judged for judged in self.waiting if len(judged.watches) < SERIES]:
            watch = judged.watches.get(self.series) or Watch(judged, self.series)
            judged.watches[self.series] = watch
            self.watches.append(watch)
            self.waiting.remove(judged)


class Layout:
    """What a source's tuple of series means to the rules, by the place of a value. `series` is None
    where the next reading must be laid out again, whatever it lists."""

    __slots__ = ("absences", "counters", "gauges", "matches", "refused", "series")

    def __init__(self, series: tuple[Series, ...]) -> None:
        self.series: tuple[Series, ...] | None = series
        self.matches: dict[Series, Match] = {}
        self.gauges: list[tuple[int, Callable[[float, float], bool], float, Watch]] = []
        self.counters: list[tuple[int, Watch]] = []
        self.absences: list[tuple[int, Watch]] = []
        self.refused = 0

    def add(self, place: int, match: Match) -> None:
        """The series at this place, as it is matched."""
        self.matches[match.series] = match
        self.refused += len(match.waiting)
        for watch in match.watches:
            rule = watch.judged.rule
            if not rule.op:
                self.absences.append((place, watch))
            elif match.series.kind == "counter":
                self.counters.append((place, watch))
            else:
                self.gauges.append((place, OPERATORS[rule.op], rule.level, watch))
