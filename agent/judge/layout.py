"""What a source's tuple of series means to the rules: which watches its values are for."""

from __future__ import annotations

from collections.abc import Callable, Collection

from agent.judge.measure import quantile_of
from agent.judge.rules.rule import OPERATORS
from agent.judge.share import Share, role
from agent.judge.watch import SERIES, Judged, Watch
from collectors.api import Series


class Match:
    """A series and the rules that speak of it: those that watch it, those that have no room for it, and
    those in whose share it counts."""

    __slots__ = ("roles", "series", "waiting", "watches")

    def __init__(self, series: Series, rules: Collection[Judged]) -> None:
        fitting = [judged for judged in rules if judged.rule.fits(series)]
        self.series = series
        self.watches = [judged.watches[series] for judged in fitting if series in judged.watches]
        self.waiting = [judged for judged in fitting if series not in judged.watches]
        shares = [judged for judged in rules if judged.rule.whole is not None]
        self.roles = [found for judged in shares if (found := role(judged, series)) is not None]

    def seat(self) -> None:
        """Watch it for each rule that has room by now, or that dropped it meanwhile."""
        for watch in [watch for watch in self.watches if watch.dropped]:
            self.watches.remove(watch)
            self.waiting.append(watch.judged)
        for judged in [judged for judged in self.waiting if len(judged.watches) < SERIES]:
            found = judged.seat(self.series)
            if found is not None:
                self.watches.append(found)
                self.waiting.remove(judged)


class Layout:
    """What is to be done with a source's values, by their place. `series` is None where the next reading must
    be laid out again, whatever it lists; `more` says that there are histograms, shares or counters from
    zero to look at, and `at` when that was done last, on the boot clock."""

    __slots__ = ("absences", "at", "counters", "gauges", "histograms", "matches", "more", "refused", "series",
                 "shares")  # fmt: skip

    def __init__(self, series: tuple[Series, ...]) -> None:
        self.series: tuple[Series, ...] | None = series
        self.matches: dict[Series, Match] = {}
        self.gauges: list[tuple[int, Callable[[float, float], bool], float, Watch]] = []
        self.counters: list[tuple[int, Watch]] = []
        self.histograms: list[tuple[int, float | None, Watch]] = []
        self.shares: dict[Judged, Share] = {}
        self.absences: list[tuple[int, Watch]] = []
        self.refused = 0
        self.more = False
        self.at = 0.0

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
            elif match.series.kind == "histogram":
                self.histograms.append((place, quantile_of(rule.function), watch))
            else:
                self.gauges.append((place, OPERATORS[rule.op], rule.level, watch))
        for each in match.roles:
            self.shares.setdefault(each.judged, Share(each.judged)).add(place, match.series, each)

    def seat(self, source: str, before: Layout | None, *, fresh: bool = False) -> None:
        """All series are added: watch the shares, and go on from what was read by the layout before.

        A counter that is new in a `fresh` source stood at zero when that was read last.
        """
        for judged, found in self.shares.items():
            found.seat(source, before.shares.get(judged) if before is not None else None)
            self.refused += found.refused
        self.more = fresh or bool(self.histograms or self.shares)
        if fresh and before is not None:
            known = before.matches
            for found in self.shares.values():
                found.begin((place for place, each in found.places.items() if each not in known), before.at)
            for _, watch in self.counters:
                if watch.series not in known:
                    watch.total, watch.at = 0.0, before.at
