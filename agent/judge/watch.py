"""What is remembered of one rule, of each of its series, and of how a source lays its values out."""

from __future__ import annotations

from collections.abc import Callable

from agent.judge import saved
from agent.judge.rule import OPERATORS, Rule
from collectors.api import Series

SERIES = 256
"""Series watched for one rule; further ones are counted."""

OK, PENDING, FIRING = range(3)


class Watch:
    """One series of one rule. `at` is when its last total was read, `before` when it last was beyond
    the level, both on the boot clock; `seen`, on the watched clock, when it last had a value, None before
    its first; `gone`, when its collector left it out."""

    __slots__ = ("at", "before", "gone", "held", "judged", "longest", "seen", "series", "since", "source",
                 "state", "total", "value")  # fmt: skip

    def __init__(self, judged: Judged, series: Series, seen: float | None = None) -> None:
        self.judged = judged
        self.series = series
        self.source = ""
        self.longest = 0.0
        self.state = OK
        self.held = 0.0
        self.before: float | None = None
        self.since = 0.0
        self.value: float | None = None
        self.seen = seen
        self.gone: float | None = None
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

    def rows(self) -> list[saved.Row]:
        """What is worth keeping, what fires first."""
        kept = sorted((w for w in self.watches.values() if w.state != OK), key=lambda w: -w.state)
        return [saved.Row(w.series, w.state == FIRING, w.held, w.since, w.value) for w in kept]


class Layout:
    """What a source's tuple of series means to the rules, by the place of a value."""

    __slots__ = ("absences", "counters", "gauges", "refused", "series")

    def __init__(self, series: tuple[Series, ...]) -> None:
        self.series = series
        self.gauges: list[tuple[int, Callable[[float, float], bool], float, Watch]] = []
        self.counters: list[tuple[int, Watch]] = []
        self.absences: list[tuple[int, Watch]] = []
        self.refused = 0

    def add(self, place: int, watch: Watch) -> None:
        """A rule speaks of the series at this place."""
        rule = watch.judged.rule
        if not rule.op:
            self.absences.append((place, watch))
        elif watch.series.kind == "counter":
            self.counters.append((place, watch))
        else:
            self.gauges.append((place, OPERATORS[rule.op], rule.level, watch))
