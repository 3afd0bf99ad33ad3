"""A device on a metered link: real store, outbox, link, thread, TLS and Mosquitto, on a clock turned by hand.

It runs in a network namespace of its own, where nft counts what goes over the wire: the judge is the
kernel's firewall, none of our own counts. The loopback there has segments of 1,500 bytes as a modem has.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.ship import protocol as p
from agent.ship.budget import Allowance
from agent.ship.link import CONNECTING, Link
from agent.ship.mqtt import Broker, Ports, Shipper
from agent.ship.outbox import Outbox
from agent.ship.purse import LINK, Purse
from agent.ship.records import Row, union
from agent.ship.wire import decode_message
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Gauge, Summary
from agent.store.flush import Flush
from agent.store.sizing import Limits
from agent.store.store import Store
from agent.stored import StoredRecords
from agent.view.fleet import FleetStore
from collectors.api import Series
from collectors.tally import Tally
from tests.brokers import Options, build
from tests.looping import ended

SPAN, STEP = 60.0, 15.0
WALL = 1_700_000_000.0
TLS_PORT = 8883
TOOLS = ("nft", "ip", "unshare", "mosquitto", "openssl")
PATIENCE = 20.0
RULES = f"""
table inet metered {{
    counter spent {{ }}
    chain out {{
        type filter hook output priority 0; policy accept;
        tcp dport {TLS_PORT} counter name spent
        tcp sport {TLS_PORT} counter name spent
    }}
}}
"""


def can_meter() -> str:
    """Why nothing can be measured here; "" if it can."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    lacking = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if lacking:
        return f"needs {', '.join(lacking)}"
    done = subprocess.run(["unshare", "-n", "nft", "list", "ruleset"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "may not make a network namespace"


def lay_meter() -> None:
    """Make this namespace's loopback and its counter."""
    for command in (
        ["ip", "link", "set", "lo", "mtu", "1500", "gso_max_segs", "1"],
        ["ip", "link", "set", "lo", "up"],
    ):
        subprocess.run(command, check=True)
    subprocess.run(["nft", "-f", "-"], input=RULES.encode(), check=True)


def metered() -> int:
    """Bytes on the wire so far, both ways, by nft: IP headers and all."""
    done = subprocess.run(["nft", "-j", "list", "counters"], capture_output=True, check=True)
    found = [each["counter"] for each in json.loads(done.stdout)["nftables"] if "counter" in each]
    return int(found[0]["bytes"])


class Minute:
    """Contents of so many noisy series, a minute each; twenty are made and taken in turn."""

    def __init__(self, series: int, seed: int = 1) -> None:
        chance = random.Random(seed)
        names = [Series("made.up", "1", "gauge", (("n", str(n)),)) for n in range(series)]
        self._made: list[dict[Series, Summary]] = []
        for _ in range(20):
            windows: dict[Series, Summary] = {}
            for name in names:
                readings = [chance.randrange(1000) / 1000 for _ in range(10)]
                extent = min(readings), max(readings), readings[-1]
                windows[name] = Gauge(60, 6 * sum(readings), *extent)
            self._made.append(windows)

    def content(self, number: int, end: float) -> Content:
        """That of a minute that ends at `end` on the boot clock."""
        span = Span("boot", end - SPAN, end, SPAN, WALL, "synchronised")
        return Content((Frame(span, self._made[number % len(self._made)]),))


class Coverage(NamedTuple):
    """Minutes that were made, that the receiver holds, and in how many records."""

    made: int
    held: int
    records: int


class Receiver:
    """A subscriber on a listener without TLS, which no meter sees, with a fleet store."""

    def __init__(self, port: int, wall: Callable[[], float]) -> None:
        self._store = FleetStore.open(None, "meter")
        self._lock = threading.Lock()
        self._payloads: list[bytes] = []
        self.statuses: list[dict[str, object]] = []
        self._wall = wall
        ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.on_message = self._took
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe("outrider/#", 1)
        # Without pings: paho's clock is that of the device.
        self._client.connect("127.0.0.1", port, keepalive=0)
        self._client.loop_start()
        assert ready.wait(PATIENCE)

    def _took(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/status"):
            self.statuses.append(json.loads(message.payload))
        elif message.topic.endswith("/data"):
            with self._lock:
                self._payloads.append(bytes(message.payload))

    def settle(self) -> None:
        """Apply what came."""
        with self._lock:
            payloads, self._payloads = self._payloads, []
        for payload in payloads:
            self._store.receive(decode_message(payload), self._wall())

    def coverage(self, made: int) -> Coverage:
        """What is held by now."""
        self.settle()
        keys = [key for key in self._store.spans("d", "data") if key.stream == "windows"]
        held = sum(last - first + 1 for _, s in _by_epoch(keys).items() for first, last in union(s))
        return Coverage(made, held, len(keys))

    def holes(self) -> int:
        """Numbers that are called missing."""
        self.settle()
        return len(self._store.holes("d", self._wall() + 3600))

    def close(self) -> None:
        ended(self._client)
        self._store.close()


def _by_epoch(keys: list) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for key in keys:
        found.setdefault(key.epoch, []).append((key.first, key.last))
    return found


class MeteredDevice:
    """One device with a budget. Use as a context; `minute` lets one pass."""

    def __init__(self, directory: Path, allowance: Allowance, series: int) -> None:
        self.now = 1_000.0
        self.allowance = allowance
        self.notices: list[p.Notice] = []
        self.tally = Tally()
        self.made = 0
        self._minutes = Minute(series)
        self._directory = directory
        self._undo = ExitStack()

    def __enter__(self) -> MeteredDevice:
        with self._undo:
            # Pings are due by this clock too.
            real = paho.time_func
            paho.time_func = lambda: self.now
            self._undo.callback(setattr, paho, "time_func", real)
            self._begin()
            self._undo = self._undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def _begin(self) -> None:
        secured = build(
            self._directory / "broker", Options(tls=True, lines=(f"listener {TLS_PORT} 127.0.0.1",))
        )
        secured.broker.start()
        self._undo.callback(secured.broker.stop)
        self.receiver = Receiver(secured.port, lambda: self.wall)
        self._undo.callback(self.receiver.close)
        assert secured.authority is not None
        self._there = Broker(
            "127.0.0.1",
            TLS_PORT,
            "d",
            tls=True,
            ca_file=str(secured.authority.certificate),
            keepalive=self.allowance.keepalive(60),
        )
        self._epochs = itertools.count(1 << 40)
        self.start()
        self._undo.callback(self.stop)

    @property
    def wall(self) -> float:
        return WALL + self.now

    def start(self) -> None:
        """A life of the daemon's parts."""
        state = self._directory / "state"
        limits = Limits(32 << 20)
        self.store = Store.open(state, limits, now=self.wall, new_epoch=lambda: next(self._epochs))
        self.outbox = Outbox("")
        self.purse = Purse(self.allowance, SPAN, "boot")
        settings = p.Settings("f", "d", budget=self.allowance)
        settings = settings._replace(status_every=self.allowance.status_every(settings.status_every))
        self.link = Link(settings, self.outbox, random.Random(1).random, self.purse)
        ports = Ports(
            clock=lambda: self.now,
            wall=lambda: self.wall,
            records=lambda: StoredRecords(state, lambda _key: None),
            tally=self.tally,
            notice=self.notices.append,
            fresh_epoch=lambda: None,
        )
        self.shipper = Shipper(self.link, self._there, ports)
        with self.shipper.lock:
            self.outbox.flushed(self.store.epochs(), self.store.unconfirmed(), ())
        saved = self.store.kept().get(LINK)
        if saved is not None:
            self.purse.restore(saved, self.now)
        self.shipper.start()

    def stop(self) -> None:
        """The end of that life."""
        self.shipper.post(p.Stopping(1.0))
        end = time.monotonic() + PATIENCE
        while not self.shipper.join(0.01):
            assert time.monotonic() < end
            self.now += 0.1
            self.shipper.post(p.Tick())
        self.store.close()

    def backlog(self, minutes: int) -> None:
        """An outage: so many windows are flushed, of which the link hears nothing."""
        for _ in range(minutes):
            self.now += SPAN
            self._flush(told=False)

    def counted(self) -> int:
        """Our own count of all bytes on the wire."""
        counts = {each.name: int(each.value) for each in self.tally.snapshot()}
        return counts["outrider.ship.wire"]

    def minute(self) -> None:
        """A minute passes, and its window is flushed."""
        for _ in range(int(SPAN / STEP)):
            self.now += STEP
            self.shipper.post(p.Tick())
            self._settle()
        self._flush(told=True)
        self._settle()
        self.receiver.settle()

    def _flush(self, *, told: bool) -> None:
        content = self._minutes.content(self.made, self.now)
        with self.shipper.lock:
            confirmed, join, link = self.outbox.settled(), self.outbox.to_join(), self.purse.save()
        flush = Flush(self.wall, {"windows": content}, confirmed, kept={LINK: link}, join=join)
        flushed = self.store.flush(flush)
        self.made += 1
        own = flushed.epochs[0]
        fresh = {row.key: content for row in flushed.added if self._is_fresh(row, own.next["windows"] - 1)}
        with self.shipper.lock:
            self.outbox.flushed(flushed.epochs, flushed.added, flushed.removed)
        if told:
            self.shipper.post(p.Flushed(fresh))

    def _is_fresh(self, row: Row, number: int) -> bool:
        return row.tombstone is None and row.key.first == row.key.last == number

    def _settle(self) -> None:
        """Until the link's thread has nothing to do before the clock goes on."""
        end = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 2:
            time.sleep(0.0005)
            with self.shipper.lock:
                busy = self.shipper._inbox or self.shipper._spent or self.link.state == CONNECTING
                busy = busy or not self.link._turn.quiet()
            quiet = 0 if busy else quiet + 1
            assert time.monotonic() < end, f"state {self.link.state}"
