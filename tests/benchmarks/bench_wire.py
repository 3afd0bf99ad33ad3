"""Bytes and microseconds of the wire: a minute of 120 noisy series, an idle one, a backlog, a histogram.

    python tests/benchmarks/bench_wire.py

The series are those of the collectors on a board with 8 CPUs, 3 network interfaces, 2 disks and 4
file systems: 70 gauges and 50 counters. Noisy means that every one of them moves, even the limits
and switches that never do on a real host; idle means that three quarters are constant.
"""

from __future__ import annotations

import json
import math
import sys
import time
import zlib
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgpack

from agent.ship.body import decode_body, encode_body, pack
from agent.ship.plain import json_messages
from agent.ship.records import Epoch, Key, Message, Part
from agent.ship.wire import decode_message, encode_message
from agent.ship.words import WORDS
from agent.stats.frame import Content, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Attributes, Kind, Series

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Known = tuple[zstd.ZstdDict, int] | None

DEVICE = "edge-a1b2c3d4e5f6071"
TOPIC = f"outrider/v1/default/{DEVICE}/data"
HEADER = 1 + 2 + 2 + len(TOPIC) + 2 + 1
"""Fixed header with a length of two bytes, topic, packet identifier, no properties."""

EPOCH = 0x9F3B61C204D7
BOOT = "3f2a8b1c-7d4e-4f5a-9b6c-5e0d1a2b3c4d"

# name, unit, smallest and largest mean, noise, attribute key, values
GAUGES: list[tuple[str, str, float, float, float, str, str]] = [
    ("system.cpu.utilization", "1", 1e-3, 0.9, 0.5, "cpu.mode",
     "user nice system idle iowait interrupt steal"),
    ("system.cpu.logical.utilization", "1", 0.05, 0.9, 0.5, "cpu.logical_number", "0 1 2 3 4 5 6 7"),
    ("system.cpu.load_average.1m", "{thread}", 0.2, 6, 0.3, "", ""),
    ("system.cpu.load_average.5m", "{thread}", 0.2, 6, 0.1, "", ""),
    ("system.cpu.load_average.15m", "{thread}", 0.2, 6, 0.05, "", ""),
    ("system.cpu.logical.count", "{cpu}", 4, 8, 0.1, "", ""),
    ("system.process.count", "{process}", 1, 20, 0.4, "process.state", "running blocked"),
    ("system.memory.usage", "By", 1e8, 4e9, 0.05, "system.memory.state", "used free buffers cached"),
    ("system.memory.utilization", "1", 0.2, 0.8, 0.05, "system.memory.state", "used"),
    ("system.memory.limit", "By", 8e9, 8.1e9, 0.01, "", ""),
    ("system.memory.linux.available", "By", 1e9, 4e9, 0.05, "", ""),
    ("system.memory.linux.shared", "By", 1e7, 4e8, 0.05, "", ""),
    ("system.memory.linux.slab.usage", "By", 1e7, 4e8, 0.02, "system.memory.linux.slab.state",
     "reclaimable unreclaimable"),
    ("linux.memory.dirty", "By", 1e5, 4e7, 0.5, "", ""),
    ("system.paging.usage", "By", 1e7, 2e9, 0.05, "system.paging.state", "used free"),
    ("system.paging.utilization", "1", 0.1, 0.9, 0.1, "system.paging.state", "used"),
    ("outrider.memory.usage", "By", 2e7, 3e7, 0.02, "outrider.memory.type", "rss pss"),
    ("outrider.threads", "{thread}", 3, 5, 0.2, "", ""),
    ("outrider.descriptors", "{descriptor}", 20, 40, 0.1, "", ""),
    ("outrider.series.kept", "{series}", 100, 140, 0.1, "", ""),
    ("outrider.up", "1", 0.5, 1, 0.3, "outrider.collector", "cpu memory network storage paging own"),
]  # fmt: skip
MOUNTS = ("/", "/boot/firmware", "/var/lib/docker", "/srv/models")
MOUNTED = [
    ("system.filesystem.utilization", 0.1, 0.9, 0.01),
    ("linux.filesystem.inodes.utilization", 0.01, 0.9, 0.01),
    ("linux.filesystem.read_only", 0.1, 0.9, 0.5),
]
# name, unit, size of a minute's increase as a power of ten, attribute key, values
COUNTERS: list[tuple[str, str, float, str, str]] = [
    ("linux.interrupts", "{interrupt}", 5, "", ""),
    ("linux.context_switches", "{switch}", 5.3, "", ""),
    ("system.process.created", "{process}", 2, "", ""),
    ("system.paging.faults", "{fault}", 4, "system.paging.fault.type", "minor major"),
    ("system.paging.operations", "{operation}", 3, "system.paging.direction", "in out"),
    ("linux.memory.oom_kills", "{process}", 1, "", ""),
    ("outrider.cpu.time", "s", -1.5, "cpu.mode", "user system"),
    ("outrider.wakeups", "{wakeup}", 2, "", ""),
    ("outrider.disk.written", "By", 5, "", ""),
]
NETWORK = [
    ("system.network.io", "By", 6.5), ("system.network.packet.count", "{packet}", 3.5),
    ("system.network.errors", "{error}", 1.0), ("system.network.packet.dropped", "{packet}", 1.3),
]  # fmt: skip
DISK = [
    ("system.disk.io", "By", 7.0), ("system.disk.operations", "{operation}", 3.0),
    ("system.disk.operation_time", "s", 0.5),
]  # fmt: skip


def pairs(key: str, values: str) -> list[Attributes]:
    return [((key, value),) for value in values.split()] if key else [()]


def gauges() -> Iterator[tuple[Series, float, float, float]]:
    for name, unit, least, most, noise, key, values in GAUGES:
        for attributes in pairs(key, values):
            yield Series(name, unit, "gauge", attributes), least, most, noise
    for mount in MOUNTS:
        on = ("system.filesystem.mountpoint", mount)
        for state in ("used", "free", "reserved"):
            usage = (on, ("system.filesystem.state", state))
            yield Series("system.filesystem.usage", "By", "gauge", usage), 1e8, 1e11, 0.01
        for name, least, most, noise in MOUNTED:
            yield Series(name, "1", "gauge", (on,)), least, most, noise


def counters() -> Iterator[tuple[Series, float]]:
    kind: Kind = "counter"
    for name, unit, size, key, values in COUNTERS:
        for attributes in pairs(key, values):
            yield Series(name, unit, kind, attributes), size
    for device in ("eth0", "wlan0", "docker0"):
        for way in ("receive", "transmit"):
            for name, unit, size in NETWORK:
                at = (("network.interface.name", device), ("network.io.direction", way))
                yield Series(name, unit, kind, at), size
    for device in ("mmcblk0", "nvme0n1"):
        for way in ("read", "write"):
            for name, unit, size in DISK:
                yield Series(name, unit, kind, (("system.device", device), ("disk.io.direction", way))), size
        yield Series("system.disk.io_time", "s", kind, (("system.device", device),)), 0.5


def gauge(random: Random, unit: str, mean: float, noise: float) -> Gauge:
    values = [max(0.0, mean * (1 + random.gauss(0, noise))) for _ in range(60)]
    if unit == "By":
        values = [float(round(value / 4096) * 4096) for value in values]
    elif unit.startswith("{") and unit != "{thread}":
        values = [float(round(value)) for value in values]
    return Gauge(60, math.fsum(values), min(values), max(values), values[-1])


def counter(random: Random, unit: str, size: float) -> Counter:
    level = 10 ** (size + random.uniform(-1, 1)) / 60
    steps = [level * random.lognormvariate(0, 1) for _ in range(60)]
    steps = [round(step, 3) if unit == "s" else float(round(step)) for step in steps]
    return Counter(60, math.fsum(steps), max(steps), 0)


def minute(seed: int, *, idle: bool = False) -> Content:
    """A minute of the 120 series; of an idle host three quarters do not move."""
    random = Random(seed)
    windows: dict[Series, Summary] = {}
    for series, least, most, noise in gauges():
        mean = math.exp(random.uniform(math.log(least), math.log(most)))
        windows[series] = gauge(random, series.unit, mean, 0 if idle and random.random() < 0.75 else noise)
    for series, size in counters():
        still = idle and random.random() < 0.75
        windows[series] = Counter(60, 0.0, 0.0, 0) if still else counter(random, series.unit, size)
    start = 12345.678901 + 60 * seed
    span = Span(BOOT, start, start + 60.000123, 60.0, 1.7e9 + 0.123456, "synchronised")
    return Content((Frame(span, windows),))


def message(*contents: Content, first: int = 12_345, digits: int | None = 3) -> Message:
    """The message that brings these records, a number each, with one row open before them."""
    parts = []
    for number, content in enumerate(contents, first):
        body, key = encode_body(content, digits), Key(EPOCH, "windows", number, number)
        digest = Random(number).randbytes(8)
        parts.append(Part(key, digest, zlib.crc32(body), len(body), 0, body))
    following = {"windows": first + len(contents), "events": 17, "samples": 0}
    epochs = (Epoch(EPOCH, 0x1A2B3C4D5E6F, {"windows": 41_234, "events": 5}, following),)
    opened = (Key(EPOCH, "windows", first - 1, first - 1),)
    return Message(DEVICE, (EPOCH, 7), 12_400, 1.7e9 + 60.123, epochs, (), opened, False, tuple(parts), ())


def micros(call: Callable[[], object], repeat: int = 60) -> float:
    """The median time of a call in microseconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[repeat // 2] * 1e6


def median(values: Iterator[int]) -> int:
    found = sorted(values)
    return found[len(found) // 2]


def report(title: str, rows: list[tuple[str, str]]) -> None:
    print(f"\n{title}")
    for name, value in rows:
        print(f"  {name:58} {value:>18}")


def sizes(title: str, seeds: range, *, idle: bool = False) -> None:
    contents = [minute(seed, idle=idle) for seed in seeds]
    count = sum(1 for _ in contents[0].frames[0].windows)
    bodies = [encode_body(content, 3) for content in contents]
    payloads = [len(encode_message(message(content))) for content in contents]
    exact = [len(pack(encode_body(content, None))) for content in contents]
    texts = [sum(map(len, json_messages(DEVICE, Key(EPOCH, "windows", 1, 1), c))) for c in contents[:2]]
    report(
        f"{title}: {count} series, bytes (median of {len(seeds)} minutes)",
        [
            ("body, 3 digits", f"{median(map(len, bodies))}"),
            ("body, compressed by itself", f"{median(len(pack(body)) for body in bodies)}"),
            ("message, compressed", f"{median(iter(payloads))}"),
            ("whole MQTT publish", f"{median(iter(payloads)) + HEADER} (most {max(payloads) + HEADER})"),
            ("body in the device's store (exact), compressed", f"{median(iter(exact))}"),
            ('payload = "json"', f"{median(iter(texts))}"),
        ],
    )


def compressions(seeds: range) -> None:
    bodies = [encode_body(minute(seed), 3) for seed in seeds]
    words = zstd.ZstdDict(WORDS, is_raw=True).as_digested_dict
    rows = []
    for known, label in ((None, "nothing known beforehand"), (words, "with the words of version 1")):
        for level in (3, 9, 19):

            def squeeze(body: bytes, level: int = level, known: Known = known) -> bytes:
                return zstd.compress(body, level, zstd_dict=known)

            size = median(len(squeeze(body)) for body in bodies)
            rows.append((f"{label}, level {level}", f"{size} in {micros(lambda: squeeze(bodies[0])):.0f} us"))
    naive = [naive_body(minute(seed)) for seed in seeds]
    size = median(len(zstd.compress(rows, 9)) for rows in naive)
    rows.append(("rows of doubles in MessagePack, level 9", f"{size}"))
    report("A noisy minute's body, compressed in other ways: bytes", rows)


def naive_body(content: Content) -> bytes:
    windows = content.frames[0].windows
    rows = [[s.name, s.unit, s.kind, dict(s.attributes), *windows[s]] for s in windows]
    data: bytes = msgpack.packb(rows)
    return data


def backlog() -> None:
    rows = []
    for count in (1, 10, 60):
        size = len(encode_message(message(*[minute(seed) for seed in range(count)])))
        rows.append((f"{count} records in one message, a record", f"{size / count:.0f}"))
    report("Backlog: bytes", rows)


def speed() -> None:
    content = minute(1)
    body, exact = encode_body(content, 3), encode_body(content, None)
    whole = message(content)
    payload = encode_message(whole)
    report(
        "A noisy minute: microseconds",
        [
            ("encode a body, 3 digits", f"{micros(lambda: encode_body(content, 3)):.0f}"),
            ("encode a body, exact", f"{micros(lambda: encode_body(content, None)):.0f}"),
            ("compress a body for the store", f"{micros(lambda: pack(exact)):.0f}"),
            ("encode a message around it", f"{micros(lambda: encode_message(whole)):.0f}"),
            ("decode a message", f"{micros(lambda: decode_message(payload)):.0f}"),
            ("decode a body, 3 digits", f"{micros(lambda: decode_body(body)):.0f}"),
            ("decode a body, exact", f"{micros(lambda: decode_body(exact)):.0f}"),
        ],
    )


def histograms() -> None:
    rows = []
    for sigma in (0.25, 0.5, 1.0):
        random = Random(1)
        histogram = Histogram.of([random.lognormvariate(-4, sigma) for _ in range(1000)])
        series = [
            Series("gen_ai.server.request.duration", "s", "histogram", (("gen_ai.request.model", m),))
            for m in ("small", "large")
        ]
        span = minute(1).frames[0].span
        one, two = (
            len(encode_body(Content((Frame(span, dict.fromkeys(series[:count], histogram)),)), 3))
            for count in (1, 2)
        )
        rows.append((f"sigma {sigma}, {len(histogram.positive)} buckets", f"{two - one}"))
    report("One more histogram of 1,000 lognormal values in a body: bytes, not compressed", rows)


TICKS = 180


def capture(seed: int, moving: float) -> tuple[Frame, ...]:
    """Three minutes of the 120 series, a frame a second; that share of them moves from tick to tick."""
    random = Random(seed)
    still = {series: summary for series, summary in single(random).items() if random.random() >= moving}
    frames = []
    for tick in range(TICKS):
        start = 12345.678901 + 1.0003 * tick
        span = Span(BOOT, start, start + 1.0, start + 1.0 - start, 1.7e9 + 0.123456, "synchronised")
        windows = {**single(random), **still}
        frames.append(Frame(span, {s: poll(s, one, span.covered) for s, one in windows.items()}))
    return tuple(frames)


def poll(series: Series, value: float, length: float) -> Summary:
    """A window of one tick."""
    counts = series.kind == "counter"
    return Counter(1, value, value / length, 0) if counts else Gauge(1, value, value, value, value)


def single(random: Random) -> dict[Series, float]:
    """A value of each series, as a float32 of the ring has it."""
    values = {
        series: (least + most) / 2 * (1 + random.gauss(0, noise)) for series, least, most, noise in gauges()
    }
    values |= {s: float(round(10**size / 60 * random.lognormvariate(0, 1))) for s, size in counters()}
    return {series: array("f", [value])[0] for series, value in values.items()}


def captures() -> None:
    rows = []
    for moving, name in ((0.25, "a quarter of the series moves"), (1.0, "all series move")):
        frames = capture(1, moving)
        # A window that was not watched in full is no tick: then all of them go frame by frame.
        odd = frames[0]._replace(span=frames[0].span._replace(covered=0.5))
        for ticks, form in ((frames, "as a sheet"), ((odd, *frames[1:]), "frame by frame")):
            wire, store = (len(pack(encode_body(Content(ticks), digits))) for digits in (3, None))
            rows.append((f"{name}, {form}", f"{wire} wire, {store} store"))
    report(f"A capture of the flight recorder: {TICKS} ticks of 120 series, bytes", rows)


def main() -> None:
    print(f"{TOPIC}: {HEADER} bytes around the payload; {json.dumps(zstd.zstd_version)} zstd")
    sizes("Noisy", range(20))
    sizes("Idle", range(20), idle=True)
    compressions(range(8))
    backlog()
    speed()
    histograms()
    captures()


if __name__ == "__main__":
    main()
