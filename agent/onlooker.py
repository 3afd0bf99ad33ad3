"""This device as `outrider top` sees it: from the daemon's ring and store, or by collecting itself.

ring     each poll of the last minutes, gauges and counters, as fresh as the daemon's last tick
store    what is no number of a tick (histograms, top values), events with the reasons of absences,
         which alert rules fire, and whether a capture is under way; read again when it was written
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType

from agent.config.plans import plans, selection
from agent.config.settings import Config
from agent.daemon import RING
from agent.flush.recorder import STATE as CAPTURES
from agent.identity import boot_id, device_name
from agent.judge import saved
from agent.observed import host
from agent.poller import Clocks, Closed, Poller
from agent.ship.alert import WORST, Alert, AlertSeries
from agent.ship.records import Key
from agent.stats.capture import Capture, under_way
from agent.stats.fold import Fold
from agent.stats.frame import Content, Event
from agent.stats.ring import Ring
from agent.stats.ringfile import RingError
from agent.stats.watch import Watch
from agent.store.errors import CorruptRow, StoreError
from agent.store.files import holder
from agent.store.layout import FILE
from agent.store.reader import Reader
from agent.view.fleet import DeviceState
from agent.view.models import models
from agent.view.rows import KEPT, Board, Row
from agent.view.scene import Chosen, Listed
from agent.view.standing import standings
from agent.view.ticks import Ticks
from collectors.runner import Runner
from collectors.tally import Tally

SPARK = 64
LATEST = 10.0
"""Seconds without a tick after which no daemon is taken to write the ring."""

STORE_EVERY = 10.0
"""Seconds between two looks at the store, at least, and only if it was written since: each copies it, in
memory."""

ROWS = 600
OWN = "own"


class Onlooker:
    """Looks at one ring and, if there is one, one store.

    `source` says in words where the numbers come from. `fault` is why the ring or the store could not
    be read at the last look, "" if both could.
    """

    def __init__(self, config: Config, clocks: Clocks, ring: Path, store: Path | None, source: str) -> None:
        self._config = config
        self._clocks = clocks
        self._ring, self._store = ring, store
        self._name = config.device.name or device_name(host(config))
        self._ticks = Ticks()
        self._polls, self._windows = Board(), Board()
        self._alerts: tuple[Alert, ...] = ()
        self._capture: Capture | None = None
        self._written: tuple[int, ...] = ()
        self._ticked: float | None = None
        self._stored = float("-inf")
        self.source = source
        self.fault = ""

    def add(self, key: Key, content: Content) -> None:
        """A window or events that come from no store."""
        self._windows.add(key, content)

    def look(self) -> None:
        """Read what is new."""
        self.fault = ""
        boot = self._clocks.boot()
        try:
            snapshot = Ring.view(self._ring)
        except (OSError, RingError) as error:
            self.fault = f"{self._ring}: {error}"
        else:
            for key, content in self._ticks.new(snapshot, self._clocks.offset()):
                self._polls.add(key, content)
            self._ticked = snapshot.times[-1] if snapshot.times else self._ticked
        if self._store is not None and boot - self._stored >= STORE_EVERY:
            written = _written(self._store)
            if not written or written != self._written:
                self._stored, self._written = boot, written
                self._read_store(self._store)
        self._polls.expire(KEPT)
        self._windows.expire(KEPT)

    def _read_store(self, directory: Path) -> None:
        since = self._clocks.wall() - KEPT
        self._windows = Board()
        try:
            with closing(Reader.copy(directory)) as reader:
                for stored in reader.stored(since, streams=("windows", "events", "alerts")):
                    if stored.row.tombstone is None:
                        self._windows.add(stored.row.key, stored.content())
                self._alerts = self._firing(reader.states("alert"))
                captures = reader.states("kept").get(CAPTURES, b"")
                self._capture = under_way(captures, boot_id(host(self._config)))
        except (StoreError, CorruptRow, OSError) as error:
            self.fault, self._written = str(error), ()

    def _firing(self, states: dict[str, bytes]) -> tuple[Alert, ...]:
        """The rules that fire, as the store kept them with the last window."""
        boot, now = boot_id(host(self._config)), self._clocks.wall()
        found = []
        for rule in self._config.alert:
            _, rows = saved.load(states.get(rule.name, b""), boot)
            firing = [row for row in rows if row.fires]
            series = tuple(AlertSeries(row.series, row.value, row.since) for row in firing[:WORST])
            if firing:
                since = min(row.since for row in firing)
                about = (rule.severity, rule.summary, rule.runbook, rule.when)
                found.append(Alert(self._name, rule.name, *about, since, now, series))
        return tuple(found)

    def chosen(self, now: float) -> Chosen:
        """The page of this device, `now` in wall s."""
        rows = tuple(self._merged(now))
        events = self._windows.events
        age = None if self._ticked is None else max(0.0, self._clocks.boot() - self._ticked)
        state = "never" if age is None else "online" if age < LATEST else "stale"
        listed = Listed(DeviceState(self._name, state, age, 0, 0, 0), self._config.device.fleet, self._alerts)
        fault = (self.fault,) if self.fault else ()
        if fault:
            listed = listed._replace(state=listed.state._replace(state="degraded"))
        refused = self._polls.refused + self._windows.refused
        standing = standings(rows, events, now)
        return Chosen(
            listed,
            rows,
            standing,
            events,
            fault,
            refused=refused,
            recording=self._recording(),
            models=models(self._windows.windows, now),
            faults=self._windows.faults,
        )

    def _recording(self) -> str:
        """The capture that is under way, in words; "" for none."""
        capture = self._capture
        left = 0.0 if capture is None else capture.end - self._clocks.boot()
        if capture is None or left <= 0:
            return ""
        why = " ".join(word for word in (capture.trigger.cause, capture.trigger.text) if word)
        return f"the flight recorder captures {capture.id} for {left:.0f} s more: {why}"

    def _merged(self, now: float) -> Iterable[Row]:
        """Every series once: of those that the ring has, the polls; of the rest, the windows."""
        polls = self._polls.rows(now, SPARK)
        known = {row.series for row in polls}
        return [*polls, *self._windows.rows(now, SPARK, known)]


class Alone:
    """Collects in this process, into a ring in memory, while no daemon does: from `start` to `close`."""

    def __init__(self, config: Config, clocks: Clocks, why: str) -> None:
        """`why` there is no daemon to look at."""
        self._directory = Path(tempfile.mkdtemp(prefix="outrider-top-"))
        where, boot = host(config), boot_id(host(config))
        ring = self._ring = Ring.open(self._directory / RING, boot, ROWS, config.collect.max_series)
        tally = Tally()
        chosen = [plan for plan in plans(config) if plan.registration.name != OWN]
        common = config.collect
        self._runner = Runner(
            chosen, where, tally, clocks.boot, common.interval, common.hang_after, selection(config)
        )
        watch = Watch(boot, config.window.span)
        fold = Fold(common.max_series)
        self._poller = Poller(self._runner, fold, ring, watch, clocks, self._closed, common.interval)
        self._clocks, self._boot = clocks, boot
        self._number = 0
        source = f"no daemon ({why}): reading by itself"
        self.onlooker = Onlooker(config, clocks, self._directory / RING, None, source)

    def look(self) -> None:
        """Read what is new; leave behind what hangs."""
        self._poller.watch_over(self._clocks.boot())
        offset = self._clocks.offset()
        events = tuple(
            Event(self._boot, state.at, offset, f"collector.{state.state}", _about(state.name), state.reason)
            for state in self._runner.states()
            if state.state not in ("new", "ok")
        )
        self.onlooker.add(Key(0, "events", 0, 0), Content(events=events))
        self.onlooker.look()

    def _closed(self, closed: Closed) -> None:
        """A window ended: what no ring keeps is in it. Called in the thread that polls."""
        self._number += 1
        self.onlooker.add(Key(0, "windows", self._number, self._number), Content((closed.frame,)))

    def __enter__(self) -> Alone:
        self._poller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._poller.stop(1.0):
            self._ring.close()
        self._runner.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def _written(directory: Path) -> tuple[int, ...]:
    """When each file of a store was written, in ns; nothing where they cannot be seen."""
    with suppress(OSError):
        return tuple((directory / f"{FILE}{end}").stat().st_mtime_ns for end in ("", "-wal"))
    return ()


def _about(collector: str) -> tuple[tuple[str, str], ...]:
    return (("outrider.collector", collector),)


def daemon_here(config: Config, boot: Callable[[], float]) -> str:
    """Why there is no daemon to look at; "" if there is one that wrote its ring just now."""
    path = Path(config.runtime.directory) / RING
    try:
        snapshot = Ring.view(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    except RingError as error:
        return str(error)
    if snapshot.boot != boot_id(host(config)) or not snapshot.times:
        return f"{path} is of another boot"
    age = boot() - snapshot.times[-1]
    return "" if age < max(LATEST, 5 * config.collect.interval) else f"{path} is {age:.0f} s old"


def daemon_words(config: Config) -> str:
    """The daemon that is looked at, for people."""
    pid = holder(Path(config.store.directory))
    return f"daemon {pid}" if pid is not None else "the daemon's ring"
