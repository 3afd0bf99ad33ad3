"""Runs the collectors: schedule, errors, durations, and a collector that hangs.

The only place with a broad `except`: whatever a collector raises becomes `outrider.up` = 0 with a
reason, and costs that collector's reading only.

Two threads work on a runner. The poll thread calls `poll(now, token)` whenever `next_due()` comes.
The supervisor asks `busy()` every few seconds; when the deadline it names has passed, it calls
`abandon`, which hands out a new token, and starts a new poll thread with it. The old thread finds
itself superseded when its collector answers one day, puts that back into service, and ends.

    new --> ok <--> failing   raised: closed, opened again after 1, 2, 4 ... intervals, at most 60 s
             ^  <-> absent    NoData: looked for again after 60 s
             |  <-> governed  switched off by the governor: closed, until it is switched on again
             +----> stale     no answer: not polled until it answers; from the second time on it
                              is left alone for 60, 120, 240 s ..., at most an hour

What the governor asks for (`govern`, from any thread) is done by the poll thread when it next calls `comply`.

Polls lie on multiples of their interval on the boot clock, so that the machine wakes once for all;
those missed in a suspend are skipped.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from typing import NamedTuple

from collectors.api import Collector, Metric, NoData, Reading, Series
from collectors.host import Host, printable
from collectors.schedule import KEY, Cost, Entry, Plan, Regime, State
from collectors.selection import Selection
from collectors.tally import Tally

DEADLINE = 10.0
DEADLINE_POLLS = 5
BACKOFF = 60.0
LOOK_AGAIN = 60.0
STALE_FIRST = 60.0
STALE_MOST = 3600.0
REPORT = 10.0
MAX_TRANSITIONS = 1000

OWN = "runner"
"""The name of the runner's own readings."""

SOURCE = "the runner"
UP = Metric(
    "outrider.up", "1", "gauge", KEY, SOURCE, "1 while the collector answers, else 0; absent: nothing."
)
DURATION = Metric("outrider.collect.duration", "s", "histogram", KEY, SOURCE, "Time one poll took.")
ERRORS = Metric("outrider.collect.errors", "{error}", "counter", KEY, SOURCE, "Polls that raised an error.")
ABSENCES = Metric(
    "outrider.collect.absences", "{absence}", "counter", KEY, SOURCE, "Readings that could not be had."
)
STALES = Metric("outrider.collect.stale", "{hang}", "counter", KEY, SOURCE, "Polls given up as hung.")
UNCLOSED = Metric(
    "outrider.collect.unclosed", "{error}", "counter", (), SOURCE, "Collectors that failed to close."
)
EVERYTHING = Selection()
METRICS = (UP, DURATION, ERRORS, ABSENCES, STALES, UNCLOSED)


class Superseded(Exception):  # noqa: N818 - not an error: this thread's work is done by another
    """Raised by `poll` in a thread that was abandoned: end it; it delivers nothing."""


class Busy(NamedTuple):
    """The call in progress: `since` and `deadline` are on the runner's clock."""

    name: str
    since: float
    deadline: float


class Transition(NamedTuple):
    """A collector changed its state at `at` on the boot clock. `up` is None where nobody is to answer."""

    name: str
    at: float
    state: State
    reason: str

    @property
    def up(self) -> bool | None:
        """Whether it answers; None: there is nothing to answer, or nobody asks."""
        return None if self.state in ("absent", "governed") else self.state == "ok"


_Outcome = tuple[Collector | None, Reading | None, State, str]  # what is open after it, ..., the reason


class Runner:
    """Polls the collectors of `plans` in turn.

    Args:
        plans: registrations with the seconds between their polls, and their options.
        host: what they read.
        tally: where errors are counted; also given to the collectors.
        clock: seconds on any clock that only goes forward; times the calls.
        report: seconds between the runner's own readings.
        hang_after: seconds after which a call is given up, or `DEADLINE_POLLS` intervals if longer.
        selection: which series are kept.
        cpu: CPU seconds of the process, for `costs`; None: costs are not measured.
    """

    def __init__(
        self,
        plans: Iterable[Plan],
        host: Host,
        tally: Tally,
        clock: Callable[[], float],
        report: float = REPORT,
        hang_after: float = DEADLINE,
        selection: Selection = EVERYTHING,
        cpu: Callable[[], float] | None = None,
    ) -> None:
        self._cpu = cpu
        self._regime = self._obeyed = Regime()
        self._hang_after = hang_after
        self._entries = [Entry(plan, selection) for plan in plans]
        self._sieve = selection.sieve(METRICS)
        self._host = host
        self._tally = tally
        self._clock = clock
        self._report = report
        self._report_due = 0.0
        self._lock = Lock()
        self._token = 0
        self._current: Entry | None = None
        self._since = 0.0
        self._transitions: deque[Transition] = deque(maxlen=MAX_TRANSITIONS)
        self._changed = False
        attributes = [each.attributes for each in self._entries]
        self._series: tuple[Series, ...] = (
            *(UP.of(**each) for each in attributes),
            *(DURATION.of(**each) for each in attributes),
        )
        for metric in (ERRORS, ABSENCES, STALES, UNCLOSED):
            tally.describe(metric.name, metric.unit)

    @property
    def token(self) -> int:
        """What the poll thread of now passes to `poll`."""
        return self._token

    @property
    def intervals(self) -> dict[str, float]:
        """Seconds between two readings, by the names that `poll` gives them."""
        return {**{each.name: each.interval for each in self._entries}, OWN: self._report}

    @property
    def stretch(self) -> float:
        """How many times longer than configured the least lengthened interval of those that run is."""
        running = (each.interval / each.configured for each in self._entries if not each.off)
        return min(running, default=1.0)

    @property
    def off(self) -> Mapping[str, str]:
        """Why collectors are switched off, by name."""
        return self._obeyed.off

    def costs(self) -> list[Cost]:
        """What each collector costs; the poll that opens one does not count."""
        return [Cost(each.name, each.configured, each.cost) for each in self._entries]

    def govern(self, regime: Regime) -> None:
        """Ask for other intervals, and for collectors to be off; from any thread."""
        self._regime = regime

    def comply(self, now: float) -> bool:
        """Take over what was asked for; for the poll thread, before `poll`.

        Returns:
            Whether anything is other than before.
        """
        regime, before = self._regime, self._obeyed
        if regime is before:
            return False
        self._obeyed = regime
        with self._lock:
            for entry in self._entries:
                entry.obey(regime, regime.reopen != before.reopen and not entry.off, now)
        return True

    def next_due(self) -> float:
        """When to call `poll` next, on the boot clock; infinity if there is nothing to poll."""
        return min((each.due for each in self._entries if not each.hung), default=math.inf)

    def poll(self, now: float, token: int) -> Iterator[tuple[str, Reading]]:
        """Collect all that is due at `now` (boot clock, s), in turn; last the runner's own reading.

        Each reading is handed over as it comes: one that hangs does not cost those before it.

        Raises:
            Superseded: this thread was abandoned.
        """
        for entry in self._entries:
            if entry.due <= now and not entry.hung:
                outcome = self._attempt(entry, self._begin(entry, token), now)
                self._end(entry, token, outcome, now)
                reading = outcome[1]
                if reading is not None:
                    yield entry.name, reading
        if now >= self._report_due or self._changed:
            yield OWN, self._own(now)

    def busy(self) -> Busy | None:
        """The call in progress, and when it is to be given up."""
        with self._lock:
            entry = self._current
            if entry is None:
                return None
            deadline = self._since + max(self._hang_after, DEADLINE_POLLS * entry.configured)
            return Busy(entry.name, self._since, deadline)

    def abandon(self, busy: Busy, now: float) -> int | None:
        """Give up the call that `busy()` showed; the next poll thread passes the new token.

        Args:
            busy: the call, past its deadline.
            now: the boot clock in seconds.

        Returns:
            The token of the thread to start; None if the call was answered in the meantime.
        """
        with self._lock:
            entry = self._current
            if entry is None or (entry.name, self._since) != busy[:2]:
                return None
            entry.hung = True
            entry.collector = None  # the abandoned thread has it, and closes it when it comes back
            delay = min(STALE_FIRST * 2 ** min(entry.stales - 1, 10), STALE_MOST) if entry.stales else 0.0
            entry.stales += 1
            entry.next_after(now, delay)
            self._current = None
            self._token += 1
            self._tally.add(STALES.name, 1, **entry.attributes)
            self._change(entry, "stale", f"no answer for {self._clock() - busy.since:.0f} s", now)
            return self._token

    def transitions(self) -> list[Transition]:
        """The changes of state since the last call, oldest first (at most 1,000); the first `ok` is none."""
        found = []
        while self._transitions:
            found.append(self._transitions.popleft())
        return found

    def states(self) -> list[Transition]:
        """How each collector does now, and since when."""
        return [Transition(each.name, each.at, each.state, each.reason) for each in self._entries]

    def excluded(self) -> int | None:
        """Series that the selection left out of the last readings; None where it leaves out none ever."""
        sieves = [sieve for sieve in (self._sieve, *(each.sieve for each in self._entries)) if sieve]
        return sum(sieve.excluded for sieve in sieves) if sieves else None

    def close(self) -> None:
        """Close every collector but one whose call is in progress; any thread in `poll` is superseded."""
        with self._lock:
            self._token += 1
            left = [each for each in self._entries if each.collector and each is not self._current]
            collectors = [each.collector for each in left]
            for entry in left:
                entry.collector = None
        for collector in collectors:
            self._shut(collector)

    def _begin(self, entry: Entry, token: int) -> Collector | None:
        with self._lock:
            if token != self._token:
                raise Superseded(entry.name)
            self._current = entry
            self._since = self._clock()
            return entry.collector

    def _attempt(self, entry: Entry, collector: Collector | None, now: float) -> _Outcome:
        state: State = "failing"
        if entry.off or entry.reopen:
            entry.reopen = False
            self._shut(collector)
            collector = None
        if entry.off:
            return None, None, "governed", entry.off
        measures, began = self._cpu if collector is not None else None, 0.0
        try:
            if collector is None:
                collector = entry.registration.open(self._host, self._tally, entry.options)
            if measures is not None:
                began = measures()
            reading = collector.collect(now)
            if measures is not None:
                entry.spent(measures() - began)
            return collector, entry.sieve(reading) if entry.sieve else reading, "ok", ""
        except NoData as absence:
            state, reason = "absent", str(absence)
        except Exception as error:  # noqa: BLE001 - any fault of a collector costs its reading alone
            reason = f"{type(error).__name__}: {error}"
        self._shut(collector)
        return None, None, state, printable(reason)

    def _end(self, entry: Entry, token: int, outcome: _Outcome, now: float) -> None:
        with self._lock:
            if token == self._token:
                self._current = None
                if outcome[2] != "governed":
                    entry.seconds.append(self._clock() - self._since)
                self._settle(entry, outcome, now)
                return
            entry.hung = False
        self._shut(outcome[0])
        raise Superseded(entry.name)

    def _settle(self, entry: Entry, outcome: _Outcome, now: float) -> None:
        entry.collector, reading, state, reason = outcome
        entry.failures = entry.failures + 1 if state == "failing" else 0
        entry.next_after(now, self._delay(entry, state))
        if state == "governed":
            entry.due = math.inf
        if state == "failing":
            self._tally.add(ERRORS.name, 1, **entry.attributes)
        if reading is not None and reading.absences:
            self._tally.add(ABSENCES.name, len(reading.absences), **entry.attributes)
        if state != entry.state:
            self._change(entry, state, reason, now)

    def _delay(self, entry: Entry, state: State) -> float:
        if state == "absent":
            return LOOK_AGAIN
        return min(entry.interval * 2 ** min(entry.failures - 1, 10), BACKOFF) if entry.failures else 0.0

    def _change(self, entry: Entry, state: State, reason: str, now: float) -> None:
        if not (entry.state == "new" and state == "ok"):
            self._transitions.append(Transition(entry.name, now, state, reason))
        entry.state, entry.reason, entry.at = state, reason, now
        self._changed = True

    def _shut(self, collector: Collector | None) -> None:
        if collector is None:
            return
        try:
            collector.close()
        except Exception:  # noqa: BLE001 - it is given up; what it could not give back is counted
            self._tally.add(UNCLOSED.name)

    def _own(self, now: float) -> Reading:
        """`outrider.up` and the durations since the last report of every collector."""
        self._changed = False
        self._report_due = (math.floor(now / self._report + 1e-6) + 1) * self._report
        values: list[object] = [each.up() for each in self._entries]
        for entry in self._entries:
            values.append(entry.seconds or None)
            entry.seconds = []
        reading = Reading(self._series, values)
        return self._sieve(reading) if self._sieve else reading
