"""Which rules fire: a state for each rule and series, told of every reading as it comes. Pure.

    ok --beyond the level--> pending --for long enough--> firing --at the clear level--> ok
             ^                  |
             +---not beyond-----+

A value that is missing, NaN or infinite changes nothing: it is not zero, and it clears nothing. Time that
was not watched (a suspend, a restart, a collector that hung) never counts as time that something lasted.
An absence fires for each series that had a value and has none any more, and for the rule itself while
no series has had any.

A reading that comes less often than configured (the governor lengthens intervals) lasts as long as one that
comes in time: `pace` says how far apart they are. One whose collector was switched off is as absent as any;
an absence that fires for that says so.

A firing series that its collector does not list any more is cleared after `GONE`; one that nothing is
heard of, after `FORGOTTEN`. An absence goes that way only where another series of its rule has values.

Matching is done when a collector's tuple of series changes, for the series that are new in it. A tick
costs a comparison for each series that a rule speaks of; without rules nobody calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from agent.judge import saved
from agent.judge.layout import Layout, Match
from agent.judge.measure import measured
from agent.judge.rules.rule import Rule
from agent.judge.watch import FIRING, OK, PENDING, Judged, Watch
from agent.stats.frame import MAX_STEP
from collectors.api import Reading, Series

GONE, FORGOTTEN = 300.0, 86400.0
INTERVAL = 10.0  # of a source that nothing was said of
EARLY = 0.1  # s that a duration may fall short of for polls that come a little early
INFINITY = float("inf")


class Firing(NamedTuple):
    """A series that fires: its last value (of a counter, a second), None for an absence; since, in wall s."""

    series: Series
    value: float | None
    since: float


class Change(NamedTuple):
    """A series began to fire, or does not any more; `reason` where that was not for its value, or where it is
    known why there is none."""

    rule: str
    state: Literal["fired", "cleared"]
    series: Series
    value: float | None
    reason: str = ""


class Alerts:
    """All rules of a device. One thread calls `begin`, `take` for each reading, and `end`, each tick."""

    def __init__(
        self,
        rules: Mapping[str, Rule],
        intervals: Mapping[str, float],
        boot: str,
        states: Mapping[str, bytes],
        fresh: Collection[str] = frozenset(),
    ) -> None:
        """`intervals` are the seconds between two readings of each source; `states` is what `states`
        gave before a restart. A rule that is not as it was begins anew. `fresh` are the sources of which a
        counter begins at zero when it appears."""
        self._intervals = intervals
        self._fresh = fresh
        self._off: Mapping[str, str] = {}
        self._boot = boot
        self._rules = {name: Judged(name, rule) for name, rule in rules.items()}
        self._layouts: dict[str, Layout] = {}
        self._now = self._wall = self._offset = 0.0
        self._dated_by: float | None = None
        self._redated: set[str] = set()
        self._last: float | None = None
        self._watched = 0.0
        self._sweep_due = 0.0
        self._changes: list[Change] = []
        self._stale: set[str] = set()
        for name, blob in states.items():
            self._restore(name, blob)
        for judged in self._rules.values():
            if not judged.rule.op and not judged.watches:
                self._begin_never(judged)

    def begin(self, now: float, wall: float, late: float = 0.0) -> None:
        """A tick at `now` on the boot clock, `wall` s since 1970, so many s later than it was due."""
        if self._last is not None:
            self._watched += max(0.0, now - self._last - late)
        self._last = self._now = now
        self._wall, self._offset = wall, wall - now
        if self._dated_by is None or abs(self._offset - self._dated_by) > MAX_STEP:
            self._dated_by = self._offset
            self._date()

    def read_at(self, at: float) -> None:
        """What is taken from now on was read at `at` on the boot clock, before this tick."""
        self._now = at

    def redated(self) -> set[str]:
        """The rules of which something fires since another time than was said: the wall clock stepped."""
        names, self._redated = self._redated, set()
        return names

    def pace(self, intervals: Mapping[str, float], off: Mapping[str, str]) -> None:
        """The seconds between two readings of each source are these from now on; `off` says why there are
        none of some."""
        self._intervals, self._off = intervals, off
        for judged in self._rules.values():
            for watch in judged.watches.values():
                if watch.source:
                    watch.longest = self._longest(watch.source)
        self._sweep_due = 0.0

    def take(self, source: str, reading: Reading) -> Sequence[Change]:
        """A reading of this tick; what it changed."""
        layout = self._layouts.get(source)
        if layout is None or layout.series is not reading.series:
            layout = self._laid_out(source, reading.series)
        values = reading.values
        if len(values) != len(reading.series):
            return ()
        for place, holds, level, watch in layout.gauges:
            value: Any = values[place]
            if isinstance(value, (float, int)) and -INFINITY < value < INFINITY:
                if holds(value, level):
                    self._beyond(watch, value)
                elif watch.state:
                    self._within(watch, value)
        if layout.counters:
            self._count(layout.counters, values)
        if layout.more:
            self._measure(layout, values)
        for place, watch in layout.absences:
            value = values[place]
            if value is None or (isinstance(value, float) and not -INFINITY < value < INFINITY):
                continue
            watch.seen = self._watched
            if watch.state or watch.judged.never is not None:
                self._present(watch)
        return self._taken() if self._changes else ()

    def end(self) -> Sequence[Change]:
        """The tick is over: what is absent by now, and what was not heard of for long."""
        if self._watched >= self._sweep_due:
            self._sweep_due = INFINITY
            for judged in self._rules.values():
                for watch in list(judged.watches.values()):
                    self._sweep(judged, watch)
        return self._taken() if self._changes else ()

    def firing(self, rule: str) -> tuple[Firing, ...]:
        """The series that fire for a rule, the worst first; empty for a rule that is not known."""
        judged = self._rules.get(rule)
        if judged is None:
            return ()
        found = [Firing(w.series, w.value, w.since) for w in judged.watches.values() if w.state == FIRING]
        sign = 1.0 if judged.rule.op in ("<", "<=") else -1.0
        return tuple(sorted(found, key=lambda each: (sign * (each.value or 0.0), each.since, each.series)))

    def refused(self) -> int:
        """Series that no rule watches for want of room."""
        return sum(layout.refused for layout in self._layouts.values())

    def states(self) -> dict[str, bytes | None]:
        """What the store must learn to keep the states over a restart: those that are other than before."""
        found: dict[str, bytes | None] = dict.fromkeys(self._stale)
        self._stale.clear()
        for judged in self._rules.values():
            rows = judged.rows()
            outline = tuple(row[:4] for row in rows)
            if outline != judged.said:
                judged.said = outline
                found[judged.name] = saved.dump(judged.rule, self._boot, rows) if rows else None
        return found

    # --- what a value means

    def _count(self, counters: Sequence[tuple[int, Watch]], values: Sequence[Any]) -> None:
        """Counters by their rate since the reading before; one that went back began anew."""
        now = self._now
        for place, watch in counters:
            total = values[place]
            if not isinstance(total, (float, int)) or not -INFINITY < total < INFINITY:
                continue
            before, passed = watch.total, now - watch.at
            watch.total, watch.at = total, now
            if before is None or total < before or not 0 < passed <= 2 * watch.longest:
                continue
            rate = (total - before) / passed
            if watch.judged.rule.holds(rate):
                self._beyond(watch, rate)
            elif watch.state:
                self._within(watch, rate)

    def _measure(self, layout: Layout, values: Sequence[Any]) -> None:
        """What rules make of histograms, and shares of counters."""
        layout.at = self._now
        for place, quantile, watch in layout.histograms:
            value = measured(values[place], quantile)
            if value is not None:
                self._compare(watch, value)
        for share in layout.shares.values():
            for watch, value in share.take(values, self._now):
                self._compare(watch, value)

    def _compare(self, watch: Watch, value: float) -> None:
        if watch.judged.rule.holds(value):
            self._beyond(watch, value)
        elif watch.state:
            self._within(watch, value)

    def _beyond(self, watch: Watch, value: float) -> None:
        watch.value, watch.seen = value, self._watched
        if watch.state == FIRING:
            return
        if watch.state == OK:
            watch.state, watch.held = PENDING, 0.0
        elif watch.before is not None:
            watch.held += min(self._now - watch.before, watch.longest)
        watch.before = self._now
        if watch.held >= watch.judged.rule.seconds - EARLY:
            self._fire(watch)

    def _within(self, watch: Watch, value: float) -> None:
        """A value that is not beyond the level, of a series that is pending or fires."""
        watch.value, watch.seen = value, self._watched
        if watch.state == PENDING:
            watch.state = OK
        elif watch.judged.rule.is_over(value):
            self._clear(watch)

    def _present(self, watch: Watch) -> None:
        """A series of an absence's rule has a value."""
        judged = watch.judged
        if watch.state == FIRING:
            self._clear(watch)
        if judged.never is not None:
            if judged.never.state == FIRING:
                self._clear(judged.never)
            judged.drop(judged.never)
            judged.never = None

    def _fire(self, watch: Watch) -> None:
        watch.state, watch.since, watch.offset = FIRING, self._wall, self._offset
        self._sweep_due = 0.0
        reason = "" if watch.judged.rule.op else self._off.get(watch.source, "")
        self._changes.append(Change(watch.judged.name, "fired", watch.series, watch.value, reason))

    def _date(self) -> None:
        """Say since when by the clock as it is now, not as it was when an alert of this boot began."""
        firing = (w for judged in self._rules.values() for w in judged.watches.values() if w.state == FIRING)
        for watch in firing:
            by = 0.0 if watch.offset is None else self._offset - watch.offset
            if abs(by) > MAX_STEP:
                watch.since, watch.offset = watch.since + by, self._offset
                self._redated.add(watch.judged.name)

    def _clear(self, watch: Watch, reason: str = "") -> None:
        watch.state, watch.before = OK, None
        self._sweep_due = 0.0
        self._changes.append(Change(watch.judged.name, "cleared", watch.series, watch.value, reason))

    def _taken(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes

    # --- what time means

    def _sweep(self, judged: Judged, watch: Watch) -> None:
        """Fire or end what is due, and note when to look at this series again."""
        if watch.seen is None:
            return
        if watch.state == FIRING:
            due = self._end_of(judged, watch, watch.seen)
            if self._watched >= due:
                self._clear(watch, "nothing was heard of it for long")
                judged.drop(watch)
                if watch.source in self._layouts:  # it may be listed still, without a value
                    self._layouts[watch.source].series = None
                return
        elif judged.rule.op:
            return
        else:
            due = watch.seen + max(judged.rule.seconds, watch.longest) - EARLY
            if self._watched >= due:
                self._fire(watch)
                return
        self._sweep_due = min(self._sweep_due, due)

    def _end_of(self, judged: Judged, watch: Watch, seen: float) -> float:
        """When an alert ends of which nothing is heard."""
        if judged.rule.op:
            return seen + FORGOTTEN if watch.gone is None else watch.gone + GONE
        others = any(w.state == OK and w.seen is not None for w in judged.watches.values())
        return seen + FORGOTTEN if others else INFINITY

    # --- which series

    def _laid_out(self, source: str, series: tuple[Series, ...]) -> Layout:
        """Match the rules with what a source lists now; what it listed before is matched already."""
        before = self._layouts.get(source)
        known = before.matches if before is not None else {}
        layout, present = Layout(series), frozenset(series)
        for each, match in known.items():
            if each not in present:
                self._vanish(match.watches, source)
        longest = self._longest(source)
        for place, each in enumerate(series):
            match = known.get(each) or Match(each, self._rules.values())
            match.seat()
            for watch in match.watches:
                watch.source, watch.longest, watch.gone = source, longest, None
            layout.add(place, match)
        layout.seat(source, before, fresh=source in self._fresh)
        self._lay_shares(source, longest, before, layout)
        self._layouts[source] = layout
        self._sweep_due = 0.0
        return layout

    def _lay_shares(self, source: str, longest: float, before: Layout | None, layout: Layout) -> None:
        there = [watch for share in layout.shares.values() for watch in share.watches()]
        if before is not None:
            left = {watch for share in before.shares.values() for watch in share.watches()}.difference(there)
            self._vanish(left, source)
        for watch in there:
            watch.source, watch.longest, watch.gone = source, longest, None

    def _longest(self, source: str) -> float:
        """The longest that two readings may lie apart and still be neighbours."""
        return 2 * self._intervals.get(source, INTERVAL) + 1.0

    def _vanish(self, watches: Iterable[Watch], source: str) -> None:
        """The source does not list them any more: what fires is kept for a while, an absence counts on."""
        for watch in watches:
            if not watch.judged.rule.op or watch.source != source or watch.dropped:
                continue
            if watch.state == FIRING:
                watch.gone = self._watched if watch.gone is None else watch.gone
            else:
                watch.judged.drop(watch)

    # --- over a restart

    def _restore(self, name: str, blob: bytes) -> None:
        """Take a state from before a restart, if its rule is as it was."""
        mark, rows = saved.load(blob, self._boot)
        judged = self._rules.get(name)
        if judged is None:
            self._stale.add(name)
        else:
            judged.said = None
        if judged is None or mark != saved.mark(judged.rule):
            fired = [row for row in rows if row.fires]
            self._changes += [
                Change(name, "cleared", r.series, r.value, "the rule is not as it was") for r in fired
            ]
            return
        for row in rows:
            watch = judged.watches[row.series] = Watch(judged, row.series, 0.0)
            watch.state = FIRING if row.fires else PENDING
            watch.held, watch.since, watch.value, watch.offset = row.held, row.since, row.value, row.offset
            if row.series == _all(judged.rule):
                judged.never = watch

    def _begin_never(self, judged: Judged) -> None:
        series = _all(judged.rule)
        judged.never = judged.watches[series] = Watch(judged, series, 0.0)


def _all(rule: Rule) -> Series:
    """What stands for all series of an absence's rule."""
    return Series(rule.selector.metric, "", "gauge", rule.selector.attributes)
