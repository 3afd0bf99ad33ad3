"""What is remembered of one rule, and of each of its series."""

from __future__ import annotations

from agent.judge import saved
from agent.judge.rules.rule import Rule
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

    def seat(self, series: Series) -> Watch | None:
        """The watch of a series, a new one where there is room; None where there is none."""
        found = self.watches.get(series)
        if found is None and len(self.watches) < SERIES:
            found = self.watches[series] = Watch(self, series)
        return found

    def drop(self, watch: Watch) -> None:
        """Forget a series."""
        watch.dropped = True
        del self.watches[watch.series]

    def rows(self) -> list[saved.Row]:
        """What is worth keeping, what fires first."""
        kept = sorted((w for w in self.watches.values() if w.state != OK), key=lambda w: -w.state)
        return [saved.Row(w.series, w.state == FIRING, w.held, w.since, w.value, w.offset) for w in kept]
