"""The daemon: the one place that wires collectors, windows, store and link, and watches over them.

    main thread   signals, requests (`agent.control_socket`), watchdog, what hangs; wakes each few s
    poll          ticks: collectors -> fold -> ring, and the end of each window (`agent.poller`)
    writer        one transaction a window (`agent.flush.writer`)
    link          the broker (`agent.ship.mqtt`)
    logs          model logs, where some are followed (`agent.tailing`)
    endpoints     pages of model servers, where some are fetched (`agent.scraping`)

All but the first are daemon threads, and the process ends by `os._exit` after its last flush: a hung
driver, disk or broker delays the end by its share of a few seconds and no more.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from agent import uplink
from agent.alarms import Alarms, Outlets
from agent.beside import Beside
from agent.config.plans import plans, selection
from agent.config.settings import Config
from agent.control_socket import ControlSocket
from agent.flash import Flash
from agent.flush.leftover import Leftover
from agent.flush.recorder import Place, Recorder
from agent.flush.shipping import Shipping
from agent.flush.wear import Wear
from agent.flush.writer import Begun, Writer
from agent.governing import Governing, ruled
from agent.governing import Outlets as Looks
from agent.identity import boot_id, device_name
from agent.judge.thrift import OWED, Thrift
from agent.ledger import Entry
from agent.poller import Clocks, Closed, Poller
from agent.ship import protocol as shipped
from agent.ship.budget import Allowance
from agent.ship.link import Link
from agent.ship.mqtt import Ports, Shipper
from agent.ship.outbox import Outbox
from agent.ship.purse import LINK, Purse
from agent.stats.fold import Fold
from agent.stats.ring import Ring
from agent.stats.watch import Watch
from agent.store.sizing import Limits, Policy
from agent.store.store import Store
from agent.stored import StoredRecords
from agent.trust import Trust
from collectors.host import Host
from collectors.runner import REPORT, Runner
from collectors.tally import Tally

RING = "ring"
# How long each part may take at the end, in s: together below the 5 s that a stop may take.
LAST_POLL, LAST_FLUSH, LAST_LOOK, LAST_WORDS = 1.0, 1.5, 0.5, 1.5
POLL_LATE = 60.0

Say = Callable[[str, str], None]


class Daemon:
    """All parts of one configuration, from `start` to `stop`."""

    def __init__(self, config: Config, host: Host, tally: Tally, say: Say) -> None:
        """`say(level, text)` logs a line.

        Raises:
            OSError: the host gives no boot id.
        """
        self.config = config
        self._say = say
        self._tally = tally
        self.name = config.device.name or device_name(host)
        self._trust = Trust.of(host)
        self.clocks = Clocks(
            lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
            time.time,
            lambda: self._trust.quality(self.clocks.wall()),
        )
        boot = boot_id(host)
        self._sink = config.ship.confirm.partition(":")[2]
        self._outbox = Outbox(self._sink)
        self._fold = Fold(config.collect.max_series)
        self._runner = self._make_runner(host)
        budget = uplink.allowance(config)
        self._purse = Purse(budget, config.window.span, boot)
        self._shipper = self._make_shipper(budget)
        link, wait = self._shipper, config.ship.clock_wait
        self._shipping = Shipping(self._outbox, link.lock, link.post, self._purse, tally, wait)
        self._wear = Wear(self._thrift(), lambda: Flash(host, Path(config.store.directory)), tally)
        leftover, ring = self._open_ring(boot)
        self._ring = ring
        self._writer = self._make_writer(boot, ring)
        self._writer.leftover = leftover
        event, kept = self._writer.event, lambda: self._fold.kept
        self._beside = Beside(config, self.clocks, event, say, tally, kept, self._begun)
        self._writer.feeds = self._beside.parts
        self._alarms = self._make_alarms(boot)
        self._governing = self._make_governing(host)
        watch = Watch(boot, config.window.span)
        self._poller = Poller(
            self._runner,
            self._fold,
            ring,
            watch,
            self.clocks,
            self._closed,
            config.collect.interval,
            self._alarms if config.alert else None,
        )
        self.condition: tuple[str, ...] = ()
        """What is the matter, in words, as of the last look."""
        self._cut = 0
        self._silent = False
        self.control: ControlSocket | None = None

    def start(self, why: str) -> None:
        """Open the store, begin the epoch with an event that says why, and let everything run.

        Raises:
            StoreError: the store cannot be opened.
            ValueError: its limits are impossible.
        """
        self._writer.event("agent.start", why, _labels(self.config))
        self._writer.start()
        self._writer.ready.wait()
        if self._writer.fault is not None:
            raise self._writer.fault
        self._alarms.restore(self._writer.alerts, self.clocks.boot(), self.clocks.wall())
        self._shipper.start()
        self._beside.start(self._writer.positions, lost=self._writer.lost)
        self._poller.start()
        self.control = self._open_control()
        # What lives now lives long: the collector of garbage need not look at it again.
        gc.collect()
        gc.freeze()

    def succeed(self, former: Daemon) -> None:
        """Before `start`: what the life before this one spent on the link, now that it has stopped, is known
        to the byte; the store has it as of the last flush, and more than that to be safe."""
        self._writer.spent = former.spent()

    def spent(self) -> dict[str, bytes]:
        """The state of the link's budget, as the store keeps it."""
        with self._shipper.lock:
            state = self._purse.save(ended=self._silent)
        return {LINK: state} if state is not None else {}

    def look(self) -> bool:
        """Look after the threads: leave a hung collector behind; whether all that must live does."""
        now = self.clocks.boot()
        if self._poller.watch_over(now):
            self._say("warning", "a collector does not answer; it is left behind and the others go on")
        states = self._runner.states()
        stale = [f"collector {each.name}: {each.reason}" for each in states if each.state == "stale"]
        store = [f"store: {self._writer.degraded}"] if self._writer.degraded else []
        flash = ("flash.budget",) if self._wear.thrifty else ()
        clock = ("clock.unsynchronised",) if self._shipping.waits else ()
        condition = (
            *store,
            *stale,
            *self._governing.look(now),
            *flash,
            *clock,
            *self._beside.look(now),
        )
        if condition != self.condition:
            self.condition = condition
            self._shipper.post(shipped.Condition(condition))
        dead = [name for name, lives in self._vital(now) if not lives]
        for name in dead:
            self._say("error", f"the {name} thread is dead or stuck")
        return not dead

    def stop(self, why: str) -> None:
        """End the window, write it, send it if the broker listens, and say goodbye."""
        self._writer.event("agent.stop", why)
        if self.control is not None:
            self.control.close()
        polls_no_more = self._poller.stop(LAST_POLL)
        if not self._writer.stop(LAST_FLUSH):
            self._say("error", "the last window could not be written in time")
        self._beside.stop(LAST_LOOK)
        if self._ring is not None:
            self._ring.settle()
            if polls_no_more:
                self._ring.close()
        self._shipper.post(shipped.Stopping(LAST_WORDS))
        self._silent = self._shipper.join(LAST_WORDS + 0.3)
        self._runner.close()
        # After a reload all of this is garbage, and that of the next life is not to be added to it.
        gc.unfreeze()

    def _begun(self, take: Callable[[], Mapping[str, bytes | None]]) -> None:
        self._writer.put(Begun(take))

    def _vital(self, now: float) -> list[tuple[str, bool]]:
        return [
            ("poll", now < self._poller.due + POLL_LATE),
            ("writer", self._writer.alive(now)),
            ("link", self._shipper.alive()),
        ]

    def _closed(self, closed: Closed) -> None:
        beside, refused = self._beside, self._fold.refused + self._beside.refused
        self._tally.set("outrider.series.kept", self._fold.kept + beside.kept)
        self._tally.set("outrider.series.refused", refused)
        if refused > self._cut:
            cut, self._cut = refused - self._cut, refused
            span = closed.frame.span.wall
            self._writer.enter(Entry("cut", "windows", "max_series", "fold", cut, span=span))
        excluded = self._runner.excluded()
        if excluded is not None or beside.excluded:
            self._tally.set("outrider.series.excluded", (excluded or 0) + beside.excluded)
        self._tally.set("outrider.values.unusable", self._fold.unusable)
        self._writer.put(closed)

    def _make_runner(self, host: Host) -> Runner:
        hang_after, report = self.config.collect.hang_after, min(REPORT, self.config.window.span)
        return Runner(
            plans(self.config),
            host,
            self._tally,
            self.clocks.boot,
            report,
            hang_after,
            selection(self.config),
            time.process_time,
        )

    def _make_writer(self, boot: str, ring: Ring | None) -> Writer:
        clocks, tally = self.clocks, self._tally
        place = Place(ring.path if ring else None, self.config.ring.keep, boot)
        recorder = Recorder(self.config.recorder, place, clocks, tally)
        return Writer(self._open_store, self._shipping, clocks, boot, tally, self._say, self._wear, recorder)

    def _make_alarms(self, boot: str) -> Alarms:
        outlets = Outlets(self._writer.put, self._shipper.post, self._say, self._tally)
        intervals = self._runner.intervals
        return Alarms(self.config.alert, intervals, self.name, boot, outlets, self._beside.elsewhere)

    def _thrift(self) -> Thrift:
        return Thrift(self.config.store.write_budget.a_day)

    def _make_governing(self, host: Host) -> Governing:
        outlets = Looks(self._writer.event, self._writer.tighten, self._say, self._tally)
        seen = ruled(self.config.alert, plans(self.config))
        return Governing(self.config.limits, seen, self._runner, host, time.process_time, outlets)

    def _make_shipper(self, budget: Allowance | None) -> Shipper:
        config, broker = self.config, self.config.broker
        settings = shipped.Settings(
            fleet=config.device.fleet,
            device=self.name,
            sink=self._sink,
            json=config.ship.payload == "json",
            digits=config.ship.digits or None,
            in_flight=broker.in_flight,
            ack_timeout=broker.ack_timeout,
            connect_timeout=broker.connect_timeout,
            backoff_min=broker.backoff_min,
            backoff_max=broker.backoff_max,
            protocol={"auto": None, "5": 5, "3.1.1": 4}[broker.protocol],
            site=config.device.site,
            tags=config.device.tags,
            priorities={name: kept.priority for name, kept in config.retention._asdict().items()},
            budget=budget,
        )
        if budget is not None:
            settings = settings._replace(status_every=budget.status_every(settings.status_every))
        there = uplink.broker(config, f"outrider-{self.name}")
        ports = Ports(
            self.clocks.boot,
            self.clocks.wall,
            lambda: StoredRecords(Path(config.store.directory), self._shipping.quarantine),
            self._tally,
            self._noticed,
            self._begin_epoch,
        )
        link = Link(settings, self._outbox, random.SystemRandom().random, self._purse)
        return Shipper(link, there, ports)

    def _noticed(self, notice: shipped.Notice) -> None:
        if notice.level != "debug":
            self._say(notice.level, notice.text)
        if notice.key is not None:
            self._writer.enter(Entry("refused", notice.key.stream, notice.reason, "link"))
        elif notice.level in ("warning", "error") or notice.name == "grain":
            self._writer.event(f"ship.{notice.name}", notice.text, (("reason", notice.reason),))

    def _begin_epoch(self) -> None:
        self._shipping.begin_epoch()

    def _open_store(self) -> Store:
        store = self.config.store
        tiers = tuple((tier.windows, tier.age) for tier in store.tiers)
        limits = Limits(
            store.max_size, tiers, _policies(self.config), burst=round(OWED * self._wear.thrift.a_day)
        )
        owner = f"{self.config.device.fleet}/{self.name}"
        opened = Store.open(
            Path(store.directory), limits, now=self.clocks.wall(), new_epoch=_new_epoch, owner=owner
        )
        self._trust.floor = opened.surely()
        return opened

    def _open_control(self) -> ControlSocket | None:
        """Listen for people on this device who ask for a capture; without, all else goes on."""
        directory = Path(self.config.runtime.directory)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            return ControlSocket(directory, self._writer.put)
        except OSError as error:
            text = f"runtime.directory {directory}: {error.strerror}; nobody can ask for a capture"
            self._say("warning", text)
            return None

    def _open_ring(self, boot: str) -> tuple[Leftover | None, Ring | None]:
        """What an earlier life left in the ring, and the ring of this one."""
        config = self.config
        if not config.ring.enabled:
            return None, None
        directory = Path(config.runtime.directory)
        rows = max(1, int(config.ring.keep / config.collect.interval))
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            leftover = Leftover(directory / RING, boot, 2 * config.collect.interval, config.window.span)
            ring = Ring.open(directory / RING, boot, rows, config.collect.max_series)
        except OSError as error:
            self._tally.add("outrider.ring.failed")
            text = f"runtime.directory {directory}: {error.strerror}; there is no ring until a restart"
            self._say("error", text)
            return None, None
        if ring.reason:
            self._say("info", f"the ring of the last {config.ring.keep:g} s begins anew: {ring.reason}")
        leftover.ring = ring
        return leftover, ring


def _labels(config: Config) -> tuple[tuple[str, str], ...]:
    """Site and tags as attributes of an event."""
    site = (("device.site", config.device.site),) if config.device.site else ()
    return site + tuple((f"device.tag.{key}", value) for key, value in config.device.tags.items())


def _policies(config: Config) -> dict[str, Policy]:
    """What the store keeps of each stream."""
    return {
        name: Policy(kept.max_age, kept.max_size.of(config.store.max_size), kept.priority, kept.at_limit)
        for name, kept in config.retention._asdict().items()
    }


def _new_epoch() -> int:
    """A number no other life has: 48 random bits, exact in JSON too."""
    return random.SystemRandom().randrange(1, 1 << 48)
