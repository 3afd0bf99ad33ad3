"""A device of which only the shipping is real: outbox, link and thread; and fake brokers."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, BinaryIO

from agent.ship import protocol as p
from agent.ship.link import Link
from agent.ship.mqtt import Broker, Ports, Shipper
from agent.ship.outbox import Outbox
from agent.ship.records import Epoch, Key, Row
from agent.stats.frame import Content
from collectors.tally import Tally
from tests.agent.ship.bench import EPOCH, content, key
from tests.listening import Listener

PATIENCE = 20.0


def boot_clock() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Watched(Outbox):
    """An outbox that tells of each row that is sent."""

    def __init__(self, sink: str, told: Callable[[object], None]) -> None:
        super().__init__(sink)
        self._told = told

    def sent(self, key: Key, digest: bytes) -> None:
        super().sent(key, digest)
        self._told(("sent", key.first))


class Stored:
    """A store in memory, as the link's thread reads it."""

    def __init__(self) -> None:
        self.records: dict[Key, tuple[Row, Content]] = {}

    def read(self, key: Key) -> p.Record | None:
        found = self.records.get(key)
        return (found[0].digest, found[1]) if found else None

    def overlapping(self, wanted: Key) -> list[Row] | None:
        return [row for row, _ in self.records.values() if row.key[:2] == wanted[:2]]

    def close(self) -> None:
        pass


class Device:
    """Runs a `Shipper` inside `with`; `wait` returns what it is told, in order."""

    def __init__(self, broker: Broker, sink: str = "", **settings: Any) -> None:
        self.events: queue.Queue[object] = queue.Queue()
        self.tally = Tally()
        self.stored = Stored()
        self.outbox = Watched(sink, self.events.put)
        self.next = 0
        quick = p.Settings("f", broker.client_id, sink, backoff_min=0.05, backoff_max=0.2)
        link = Link(quick._replace(**settings), self.outbox, lambda: 0.5)
        ports = Ports(
            clock=boot_clock,
            wall=time.time,
            records=lambda: self.stored,
            tally=self.tally,
            notice=self.events.put,
            fresh_epoch=self._fresh_epoch,
        )
        self.shipper = Shipper(link, broker, ports)

    def _fresh_epoch(self) -> None:
        self.events.put("fresh epoch")

    def __enter__(self) -> Device:
        self.shipper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shipper.post(p.Stopping(1.0))
        assert self.shipper.join(PATIENCE)

    def flush(self, *contents: Content, told: bool = True) -> None:
        """A flush of these records; if not `told`, they are backlog."""
        numbers = range(self.next, self.next + len(contents))
        rows = [Row(key(n), b"digest%02d" % n, confirmed=False, size=100, tombstone=None) for n in numbers]
        self.next += len(rows)
        self.stored.records |= {row.key: (row, each) for row, each in zip(rows, contents, strict=True)}
        with self.shipper.lock:
            self.outbox.flushed((Epoch(EPOCH, None, {}, {"windows": self.next}),), rows, ())
        if told:
            self.shipper.post(p.Flushed({row.key: each for row, each in zip(rows, contents, strict=True)}))

    def wait(self, wanted: Callable[[object], bool]) -> object:
        """The next thing told that fits; what comes before it is passed over."""
        end = time.monotonic() + PATIENCE
        seen = []
        while (left := end - time.monotonic()) > 0:
            try:
                seen.append(self.events.get(timeout=left))
            except queue.Empty:
                break
            if wanted(seen[-1]):
                return seen[-1]
        raise AssertionError(f"not told within {PATIENCE:g} s; only {seen}")

    def wait_sent(self, number: int) -> None:
        """Until the broker has the record of this number."""
        self.wait(lambda told: told == ("sent", number))

    def wait_notice(self, name: str, reason: str = "") -> p.Notice:
        """Until the link says this."""

        def fits(told: object) -> bool:
            return isinstance(told, p.Notice) and told.name == name and reason in ("", told.reason)

        found = self.wait(fits)
        assert isinstance(found, p.Notice)
        return found

    def count(self, name: str) -> float:
        """The total of a counter over its attributes."""
        return sum(each.value for each in self.tally.snapshot() if each.name == name)


class FakeBroker(Listener):
    """A server that answers each packet by `answer(packet type, body)`; None closes, b"" is mute. With a
    context it speaks TLS."""

    def __init__(
        self, answer: Callable[[int, bytes], bytes | None], context: ssl.SSLContext | None = None
    ) -> None:
        super().__init__()
        self._answer = answer
        self._context = context

    def took(self, connection: socket.socket) -> None:
        """Answer it in a thread of its own."""
        threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        try:
            while head := stream.read(1):
                reply = self._answer(head[0], stream.read(_length(stream)))
                if reply is None:
                    break
                connection.sendall(reply)
        except (OSError, ValueError):
            pass  # the client hung up, or the test closed everything
        finally:
            stream.close()
            connection.close()


def _length(stream: BinaryIO) -> int:
    length, shift = 0, 0
    while True:
        byte = stream.read(1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return length


def mqtt_311(packet: int, body: bytes) -> bytes | None:
    """A broker of 3.1.1 that acknowledges everything and says so when it is asked for MQTT 5."""
    kind = packet >> 4
    if kind == 1:
        return b"\x20\x02\x00\x00" if body[6] == 4 else b"\x20\x02\x00\x01"
    if kind == 3:
        topic = int.from_bytes(body[:2], "big")
        return b"\x40\x02" + body[2 + topic : 4 + topic]
    return b""


def closes_on_5(packet: int, body: bytes) -> bytes | None:
    """The same, of the kind that closes the connection when it is asked for MQTT 5."""
    return None if packet >> 4 == 1 and body[6] == 5 else mqtt_311(packet, body)


def mute(_packet: int, _body: bytes) -> bytes | None:
    """A broker that takes everything and answers nothing."""
    return b""


def some() -> Content:
    """Any record."""
    return content(50)
