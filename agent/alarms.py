"""What the daemon does about its alert rules: judge each reading, keep the states, tell the link and people.

    poll thread   readings -> rules -> changes: to the writer (events and states, one transaction), to the
                  link (what is retained), to the log

All is called in the poll thread but `restore`, which comes before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from agent.config.settings import Alert as Setting
from agent.flush.writer import Judged
from agent.judge.alerts import Alerts, Change
from agent.judge.allowance import Allowance
from agent.judge.rules.grammar import parse
from agent.ship import protocol as shipped
from agent.ship.alert import WORST, Alert, AlertSeries
from agent.stats.frame import Event
from collectors.api import Attributes, Reading, Series
from collectors.tally import Tally

KEY = "outrider.alert."
MOST_ATTRIBUTES = 24


class Elsewhere(NamedTuple):
    """Readings that are made beside the collectors, whose counters begin at zero when they appear.

    `intervals` are the seconds between two of each source, which stay as they are when the governor slows
    collectors; `readings` gives what came since it was asked last, with when that was on the boot clock.
    """

    intervals: Mapping[str, float] = MappingProxyType({})
    readings: Callable[[], Iterable[tuple[float, str, Reading]]] = tuple


NOWHERE = Elsewhere()


class Outlets(NamedTuple):
    """Whom to tell; each returns at once. `keep` is the writer's, `post` the link's, `say` the log's."""

    keep: Callable[[Judged], None]
    post: Callable[[shipped.Event], None]
    say: Callable[[str, str], None]
    tally: Tally


class Alarms:
    """The rules of a configuration, told of every reading."""

    def __init__(
        self,
        settings: Sequence[Setting],
        intervals: Mapping[str, float],
        device: str,
        boot: str,
        outlets: Outlets,
        elsewhere: Elsewhere = NOWHERE,
    ) -> None:
        """`intervals` are the seconds between two readings of each collector.

        Raises:
            ValueError: a rule never went through the loader, and is none.
        """
        self._settings = {each.name: each for each in settings}
        self._rules = {each.name: parse(each.when, each.clear) for each in settings}
        self._elsewhere = elsewhere
        self._intervals = {**intervals, **elsewhere.intervals}
        self._device = device
        self._boot = boot
        self._outlets = outlets
        self._now = self._wall = 0.0
        self._alerts = Alerts({}, {}, boot, {})
        self._allowance = Allowance()

    def restore(self, states: Mapping[str, bytes], now: float, wall: float) -> None:
        """Go on from what the store kept, and tell the link the state of every rule."""
        fresh = frozenset(self._elsewhere.intervals)
        self._alerts = Alerts(self._rules, self._intervals, self._boot, states, fresh)
        self._outlets.post(shipped.Alerts({name: self._alert(name) for name in self._rules}))
        self.begin(now, wall)
        self.end()

    def begin(self, now: float, wall: float, late: float = 0.0) -> None:
        """A tick at `now` on the boot clock, `wall` s since 1970, so many s after it was due."""
        self._now, self._wall = now, wall
        self._alerts.begin(now, wall, late)
        if redated := self._alerts.redated():
            self._outlets.post(shipped.Alerts({name: self._alert(name) for name in redated}))

    def pace(self, intervals: Mapping[str, float], off: Mapping[str, str]) -> None:
        """How far apart the readings of each collector are from now on, and why some have none."""
        self._alerts.pace({**intervals, **self._elsewhere.intervals}, off)

    def take(self, source: str, reading: Reading) -> None:
        """A reading of this tick."""
        changes = self._alerts.take(source, reading)
        if changes:
            self._tell(changes)

    def end(self) -> None:
        """The tick is over, but for what was read elsewhere."""
        for at, source, reading in self._elsewhere.readings():
            self._alerts.read_at(at)
            self.take(source, reading)
        changes = self._alerts.end()
        if changes:
            self._tell(changes)

    def states(self) -> Mapping[str, bytes | None]:
        """What the store must learn with the window that ends."""
        self._allowance.renew(self._now)
        self._outlets.tally.set("outrider.alerts.refused", self._alerts.refused())
        return self._alerts.states()

    def _tell(self, changes: Sequence[Change]) -> None:
        events = tuple(self._events(changes))
        names = dict.fromkeys(change.rule for change in changes)
        self._outlets.post(shipped.Alerts({name: self._alert(name) for name in names}))
        self._outlets.keep(Judged(events, self._alerts.states()))
        for name in names:
            self._say(name, [change for change in changes if change.rule == name])

    def _alert(self, name: str) -> Alert | None:
        """What is retained of a rule while it fires."""
        firing = self._alerts.firing(name)
        if not firing:
            return None
        setting = self._settings[name]
        return Alert(
            device=self._device,
            rule=name,
            severity=setting.severity,
            summary=setting.summary,
            runbook=setting.runbook,
            when=setting.when,
            since=min(each.since for each in firing),
            at=self._wall,
            series=tuple(AlertSeries(*each) for each in firing[:WORST]),
            more=max(0, len(firing) - WORST),
        )

    def _events(self, changes: Sequence[Change]) -> Iterator[Event]:
        """Those that their rules have an allowance for."""
        for change in changes:
            omitted = self._allowance.take(change.rule)
            if omitted is None:
                self._outlets.tally.add("outrider.events.dropped")
            else:
                yield self._event(change, omitted)

    def _event(self, change: Change, omitted: int) -> Event:
        """`omitted` changes of the rule before this one were left out."""
        setting = self._settings.get(change.rule)
        series, value = change.series, change.value
        attributes: Attributes = (
            (KEY + "rule", change.rule),
            (KEY + "severity", setting.severity if setting else ""),
            (KEY + "metric", series.name),
            (KEY + "value", "" if value is None else f"{value:.6g}"),
            *(((KEY + "omitted", str(omitted)),) if omitted else ()),
            *series.attributes[:MOST_ATTRIBUTES],
        )
        text = change.reason or (setting.summary or setting.when if setting else "")
        offset = self._wall - self._now
        return Event(self._boot, self._now, offset, f"alert.{change.state}", attributes, text)

    def _say(self, name: str, changes: Sequence[Change]) -> None:
        """One line a rule and tick, however many its series are."""
        setting = self._settings.get(name)
        first = changes[-1]
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        why = first.reason or (setting.when if setting else "")
        text = f"alert {name} {first.state}: {described(first.series, first.value)}{more} ({why})"
        self._outlets.say("warning" if first.state == "fired" else "info", text)


def described(series: Series, value: float | None) -> str:
    """A series and its value for people."""
    inner = ", ".join(f"{key}={text}" for key, text in series.attributes)
    unit = "" if series.unit in ("", "1") else f" {series.unit}"
    per_second = "/s" if series.kind == "counter" else ""
    what = f"{series.name}{{{inner}}}" if inner else series.name
    return f"{what} has no value" if value is None else f"{what} is {value:.6g}{unit}{per_second}"
