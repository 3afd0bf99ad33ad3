"""What a device sends, made up for tests: contents, and messages with its own numbering."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from itertools import count

from agent.ship.records import Epoch, Key, Message, Part
from agent.stats.frame import Content, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Kind, Series


def series(name: str, unit: str = "1", kind: Kind = "gauge", **attributes: str) -> Series:
    """A series with its attributes in the order given."""
    return Series(name, unit, kind, tuple(attributes.items()))


def gauge(*values: float) -> Gauge:
    """The window of these values."""
    return Gauge(len(values), sum(values), min(values), max(values), values[-1])


def content(start: float, windows: Mapping[Series, Summary], length: float = 60.0) -> Content:
    """One frame that begins at that wall time; the boot clock is an hour behind it."""
    span = Span("boot-1", 3600.0, 3600.0 + length, length, start - 3600.0, "synchronised")
    return Content((Frame(span, windows),))


def minute(start: float, step: int) -> Content:
    """A minute of one series of each kind; `step` moves the values."""
    return content(
        start,
        {
            series("system.cpu.utilization", mode="user"): gauge(0.1, 0.2 + step / 100),
            series("system.network.io", "By", "counter", device="eth0"): Counter(60, 6e6 + step, 3e5, 0),
            series("model.inference.duration", "s", "histogram"): Histogram.of([0.01, 0.02, 0.5]),
            series("model.errors", "1", "top", source="log"): Top.of([("timeout", 3), ("oom", 1 + step)]),
        },
    )


class Sender:
    """A device that numbers its records; `lost` messages are simply never published by the test."""

    def __init__(self, device: str, epoch: int = 7) -> None:
        self.device = device
        self.epoch = epoch
        self._next = 0
        self._seq = count()

    def skip(self, records: int) -> None:
        """Number that many records that are never sent."""
        self._next += records

    def message(self, *contents: Content, sent: float = 0.0) -> Message:
        """The message that carries these records, one number each; all earlier ones are open."""
        from agent.ship.body import encode_body

        first = self._next
        bodies = [encode_body(each, None) for each in contents]
        self._next += len(bodies)
        parts = [self._part(first + i, body) for i, body in enumerate(bodies)]
        opened = [Key(self.epoch, "windows", n, n) for n in range(max(0, self._next - 16), self._next)]
        epoch = Epoch(self.epoch, None, {}, {"windows": self._next})
        return Message(
            self.device, (self.epoch, 1), next(self._seq), sent, (epoch,), (), tuple(opened), False,
            tuple(parts), (),
        )  # fmt: skip

    def _part(self, number: int, body: bytes) -> Part:
        key = Key(self.epoch, "windows", number, number)
        digest = hashlib.blake2b(repr(key).encode() + body, digest_size=8).digest()
        return Part(key, digest, zlib.crc32(body), len(body), 0, body)
