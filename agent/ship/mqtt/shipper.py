"""The link's thread: performs the link's commands, and tells it what happened.

One thread owns the connection and the store's reader. It sleeps in `poll` on the socket and an
event descriptor until the next moment that matters: paho's own loop would wake up each second.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable
from threading import Lock, Thread
from typing import NamedTuple, Protocol

from agent.ship import protocol as p
from agent.ship.link import Link
from agent.ship.mqtt.connection import Broker, Connection, refusal, trust_of
from agent.ship.records import Key, Row
from collectors.tally import Tally

# How long the thread may be at work between two sleeps, and at a connection: a resolver that asks
# dead servers and a name with many dead addresses take minutes.
WORK_GRACE = 60.0
CONNECT_GRACE = 600.0


class Records(Protocol):
    """The store as the link's thread reads it; opened and closed in that thread."""

    def read(self, key: Key) -> p.Record | None:
        """Digest and content of a record; None if it is not there or cannot be had now."""
        ...

    def overlapping(self, wanted: Key) -> list[Row] | None:
        """The rows that overlap an interval; None if the store cannot say now."""
        ...

    def close(self) -> None:
        """Give the reader back."""
        ...


class Ports(NamedTuple):
    """What the thread is given: clocks in s, the store, and whom to tell.

    `clock` is the boot clock, `wall` seconds since 1970. `notice` and `fresh_epoch` are called in
    the link's thread and must return at once.
    """

    clock: Callable[[], float]
    wall: Callable[[], float]
    records: Callable[[], Records]
    tally: Tally
    notice: Callable[[p.Notice], None]
    fresh_epoch: Callable[[], None]


class Shipper:
    """The link's thread. `post`, `beat`, `alive` and `join` are for other threads.

    `lock` is held while the link, and so the outbox, is at work: whoever else touches the outbox
    takes it.
    """

    def __init__(self, link: Link, broker: Broker, ports: Ports) -> None:
        self.lock = Lock()
        self.beat_due = ports.clock() + WORK_GRACE
        self._link = link
        self._broker = broker
        self._trust = trust_of(broker)
        self._ports = ports
        self._inbox: deque[p.Event] = deque()
        self._wakeup = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._connection: Connection | None = None
        self._spent = 0
        self._wake_at: float | None = None
        self._ping_at: float | None = None
        self._ended = False
        self._thread = Thread(target=self._run, name="link", daemon=True)
        for name in ("sent", "received", "wire"):
            ports.tally.describe(f"outrider.ship.{name}", "By")

    def start(self) -> None:
        """Begin; nothing is sent before the first `Flushed`."""
        self._thread.start()

    def post(self, event: p.Event) -> None:
        """Tell the link something, from any thread; returns at once."""
        if not self._ended:
            self._inbox.append(event)
            os.eventfd_write(self._wakeup, 1)

    def alive(self) -> bool:
        """Whether the thread is there and not late: it promised its next beat by `beat_due`."""
        return self._thread.is_alive() and self._ports.clock() < self.beat_due

    def join(self, timeout: float) -> bool:
        """Wait for the end after `Stopping`; False if it did not come in time."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            return False
        if self._wakeup >= 0:
            self._ended = True
            os.close(self._wakeup)
            self._wakeup = -1
        return True

    def _run(self) -> None:
        records = self._ports.records()
        try:
            while not self._ended:
                self._sleep()
                self._work(records)
        finally:
            if self._connection is not None:
                self._connection.close(clean=False)
            records.close()

    def _sleep(self) -> None:
        """Until something is posted, the socket is ready or a moment comes that was asked for."""
        moments = [at for at in (self._wake_at, self._ping_at) if at is not None]
        now = self._ports.clock()
        seconds = max(0.0, min(moments) - now) if moments else None
        # A broker that never stops sending must not keep us from all else.
        buffered = self._connection is not None and self._connection.buffered()
        if buffered:
            seconds = 0.0
        self.beat_due = now + (seconds if seconds is not None else float("inf")) + WORK_GRACE
        self._register()
        # Rounded up: a poll that returns a millisecond early would run twice.
        ready = dict(self._poll.poll(None if seconds is None else int(seconds * 1000) + 1))
        self.beat_due = self._ports.clock() + WORK_GRACE
        if ready.pop(self._wakeup, 0):
            os.eventfd_read(self._wakeup)
        for events in ready.values() or ([select.POLLIN] if buffered else []):
            self._advance(events)

    def _register(self) -> None:
        self._poll = select.poll()
        self._poll.register(self._wakeup, select.POLLIN)
        sock = self._connection.fileno() if self._connection is not None else None
        if self._connection is not None and sock is not None:
            self._poll.register(sock, self._connection.interest())

    def _advance(self, ready: int) -> None:
        if self._connection is not None:
            self._connection.advance(ready)
            self._touched()

    def _touched(self) -> None:
        """Bytes went over the socket: a ping is due only after so much silence from now on."""
        if self._connection is not None:
            self._connection.count()
            self._spent += self._connection.take_spent()
            # A broker may say 0: no pings at all.
            wait = self._connection.keepalive
            self._ping_at = self._ports.clock() + wait + 0.1 if wait else None

    def _work(self, records: Records) -> None:
        """Let the link take what happened, one event at a time, and do what it says."""
        now = self._ports.clock()
        if self._connection is not None and self._ping_at is not None and now >= self._ping_at:
            self._connection.keep_alive()
            self._touched()
        if self._wake_at is not None and now >= self._wake_at:
            self._wake_at = None
            self._handle(p.Tick(), records)
        while (event := self._next_event()) is not None:
            self._handle(event, records)

    def _next_event(self) -> p.Event | None:
        """What was spent goes first, then what the connection says; one given up says nothing more."""
        if self._spent:
            spent, self._spent = self._spent, 0
            return p.Spent(spent)
        if self._connection is not None and self._connection.events:
            return self._connection.events.popleft()
        return self._inbox.popleft() if self._inbox and not self._ended else None

    def _handle(self, event: p.Event, records: Records) -> None:
        self._count_event(event)
        with self.lock:
            commands = self._link.handle(event, self._ports.clock(), self._ports.wall())
        for command in commands:
            self._perform(command, records)
        if any(isinstance(command, (p.Publish, p.Subscribe)) for command in commands):
            self._touched()

    def _perform(self, command: p.Command, records: Records) -> None:
        if isinstance(command, p.Notice):
            self._ports.tally.add(f"outrider.ship.{command.name}", reason=command.reason)
            self._ports.notice(command)
        elif isinstance(command, p.Wake):
            self._wake_at = command.at
        elif isinstance(command, p.Connect):
            self._open(command)
        elif isinstance(command, p.Disconnect):
            self._drop(clean=command.clean)
        elif isinstance(command, p.Load):
            found = {row.key: records.read(row.key) for row in command.rows}
            self._inbox.append(p.Loaded(command.token, {k: r for k, r in found.items() if r is not None}))
        elif isinstance(command, p.Lookup):
            rows = records.overlapping(command.wanted)
            if rows is not None:
                self._inbox.append(p.Found(command.wanted, rows))
        elif isinstance(command, p.FreshEpoch):
            self._ports.fresh_epoch()
        elif isinstance(command, p.Ended):
            self._ended = True
        elif self._connection is not None:
            self._send(self._connection, command)

    def _send(self, connection: Connection, command: p.Publish | p.Subscribe) -> None:
        if isinstance(command, p.Publish):
            self._ports.tally.add("outrider.ship.publishes")
            connection.publish(command)
        else:
            connection.subscribe(command)

    def _open(self, command: p.Connect) -> None:
        self._drop(clean=False)
        self._ports.tally.add("outrider.ship.connections")
        self.beat_due = self._ports.clock() + CONNECT_GRACE
        connection = Connection(self._broker, self._trust, command, self._ports.tally)
        try:
            connection.open(command.protocol)
        except (OSError, ValueError) as error:
            self._inbox.appendleft(refusal(error))
            self._spent += connection.take_spent()
            return
        finally:
            self.beat_due = self._ports.clock() + WORK_GRACE
        self._connection = connection
        self._touched()

    def _drop(self, *, clean: bool) -> None:
        if self._connection is not None:
            self._connection.close(clean=clean)
            self._spent += self._connection.take_spent()
        self._connection = self._ping_at = None

    def _count_event(self, event: p.Event) -> None:
        if isinstance(event, p.Puback):
            outcome = "failed" if event.code >= p.FAILURE else "unheard" if event.code else "accepted"
            self._ports.tally.add("outrider.ship.pubacks", outcome=outcome)
