"""The tick: one thread that polls the collectors, folds their readings and ends the windows.

Exactly one thread ticks at a time. When a collector hangs, the supervisor takes it out and starts
another thread; the old one finds itself superseded when its call returns, and ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from agent.stats.fold import Fold
from agent.stats.frame import Frame
from agent.stats.ring import Ring
from agent.stats.watch import Watch
from collectors.api import Reading
from collectors.runner import Runner, Superseded, Transition

# A tick later than this, in s, comes after a gap: a suspended machine.
LATE = 1.0
# Two clocks that are read within so many s are read at one moment; how often to try.
AT_ONCE, TRIES = 0.01, 5
NOTHING: Mapping[str, bytes | None] = MappingProxyType({})


class Clocks(NamedTuple):
    """The clocks of a host, in s, and what is known of the wall clock ("synchronised", ...)."""

    boot: Callable[[], float]
    wall: Callable[[], float]
    quality: Callable[[], str]

    def offset(self) -> float:
        """Wall clock less boot clock, both read at one moment: this thread may be held up between two
        readings, and that would look like a step of the clock."""
        best, found = float("inf"), 0.0
        for _ in range(TRIES):
            before, wall, after = self.boot(), self.wall(), self.boot()
            if after - before < best:
                best, found = after - before, wall - before
            if best < AT_ONCE:
                break
        return found


class Closed(NamedTuple):
    """A window that ended: `early` says why if it was before its time; what collectors went through;
    the states of alert rules that are other than before, None for one that has none any more."""

    frame: Frame
    early: str
    transitions: tuple[Transition, ...]
    alerts: Mapping[str, bytes | None] = NOTHING


class Judge(Protocol):
    """Whoever looks at each reading as it comes; called in the poll thread, returns at once."""

    def begin(self, now: float, wall: float, late: float) -> None:
        """A tick at `now` on the boot clock, so many s later than it was due."""
        ...

    def pace(self, intervals: Mapping[str, float], off: Mapping[str, str]) -> None:
        """How far apart the readings of each collector are from now on, and why some have none."""
        ...

    def take(self, source: str, reading: Reading) -> None:
        """A reading of this tick."""
        ...

    def end(self) -> None:
        """The tick is over."""
        ...

    def states(self) -> Mapping[str, bytes | None]:
        """What the store must learn with the window that ends."""
        ...


class Poller:
    """Owns the tick; `closed` is called with each window as it ends."""

    def __init__(
        self,
        runner: Runner,
        fold: Fold,
        ring: Ring | None,
        watch: Watch,
        clocks: Clocks,
        closed: Callable[[Closed], None],
        interval: float,
        judge: Judge | None = None,
    ) -> None:
        """`interval` is how often a tick is due, in s. Without a `judge` nothing is judged."""
        self._interval = interval
        self._longest = 2 * interval
        self._runner = runner
        self._fold = fold
        self._ring = ring
        self._watch = watch
        self._clocks = clocks
        self._closed = closed
        self._judge = judge
        # A lock that is only free after `stop`: waiting for it costs a third of waiting for an Event.
        self._stop = threading.Lock()
        self._stop.acquire()
        self._thread: threading.Thread | None = None
        self._last = self.beat = clocks.boot()
        self.due = self._last
        watch.begin(self._last, self._last + clocks.offset())

    def start(self) -> None:
        """Tick from now on, in a thread of its own."""
        self._begin(self._runner.token)

    def watch_over(self, now: float) -> bool:
        """Leave a thread behind whose collector is past its deadline, and tick on in another.

        Returns:
            Whether one was left behind.
        """
        busy = self._runner.busy()
        if busy is None or self._clocks.boot() < busy.deadline:
            return False
        token = self._runner.abandon(busy, now)
        if token is not None:
            self._begin(token)
        return token is not None

    def stop(self, patience: float) -> bool:
        """End the tick and the window in progress. A collector that hangs is left after `patience` s.

        Returns:
            Whether nothing polls any more: the ring may be closed then.
        """
        self._stop.release()
        thread = self._thread
        if thread is not None:
            thread.join(patience)
            busy = self._runner.busy()
            if thread.is_alive() and busy is not None:
                self._runner.abandon(busy, self._clocks.boot())
        self._end_window(self._clocks.boot(), "stop")
        return thread is None or not thread.is_alive()

    def _begin(self, token: int) -> None:
        self._thread = threading.Thread(target=self._run, args=(token,), name="poll", daemon=True)
        self._thread.start()

    def _run(self, token: int) -> None:
        while True:
            now = self._clocks.boot()
            self.beat = now
            # A collector that was never polled is due since ever; the tick is late from now on only.
            self.due = max(now, min(self._runner.next_due(), self._watch.due()))
            if self._stop.acquire(timeout=max(0.0, self.due - now)):
                self._stop.release()
                return
            try:
                self._tick(self._clocks.boot(), token)
            except Superseded:
                return

    def _tick(self, now: float, token: int) -> None:
        """Poll what is due, keep it, and end the window if it is over or the wall clock stepped."""
        readings, judge = [], self._judge
        if self._runner.comply(now):
            self._paced()
        if judge is not None:
            late = now - self.due
            judge.begin(now, now + self._clocks.offset(), late if late > LATE else 0.0)
        for each in self._runner.poll(now, token):
            self._fold.add(each[0], now, each[1])
            if judge is not None:
                judge.take(*each)
            readings.append(each)
        if judge is not None:
            judge.end()
        if readings:
            # A gap (a collector that hung, a suspended machine) is not time that was watched.
            self._watch.watched(min(now - self._last, self._longest))
            self._last = now
            if self._ring is not None:
                self._ring.write(now, readings)
        if self._watch.stepped(now, now + self._clocks.offset()):
            self._end_window(now, "clock step")
        elif now >= self._watch.due():
            self._end_window(now, "")

    def _paced(self) -> None:
        """The governor has changed the intervals: a longer one is no gap."""
        self._longest = 2 * self._interval * self._runner.stretch
        if self._judge is not None:
            self._judge.pace(self._runner.intervals, self._runner.off)

    def _end_window(self, now: float, early: str) -> None:
        frame = Frame(self._watch.end(now, self._clocks.quality()), self._fold.close())
        self._watch.begin(now, now + self._clocks.offset())
        alerts = self._judge.states() if self._judge is not None else NOTHING
        self._closed(Closed(frame, early, tuple(self._runner.transitions()), alerts))
