"""Contents of records, drawn by hypothesis or made up in full: every kind, several frames, events."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from agent.ship.records import STREAMS, Epoch, Key, Message, Part, Tombstone
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Attributes, Series

BOOT = "3f2a8b1c-0d4e-4f5a-9b6c-123456789abc"
EPOCH = 0x123456789ABC

words = st.one_of(
    st.sampled_from(["cpu", "a\nb", "", "é\udc80", "system.cpu.utilization", "x" * 1024]),
    st.text(st.characters(codec="utf-8"), max_size=12),
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**40)
moderate = st.floats(-1e12, 1e12) | st.floats(1e-9, 1e-3) | st.integers(-1000, 1000).map(float)


def attributes() -> st.SearchStrategy[Attributes]:
    """A few attributes, no key twice."""
    pairs = st.dictionaries(words, words, max_size=3)
    return pairs.map(lambda found: tuple(found.items()))


def _gauge(values: list[float], count: int) -> Gauge:
    return Gauge(len(values) + count, sum(values) / len(values) * (len(values) + count), *_extent(values))


def _extent(values: list[float]) -> tuple[float, float, float]:
    return min(values), max(values), values[-1]


gauges = st.builds(_gauge, st.lists(moderate, min_size=1, max_size=5), counts)
deltas = st.integers(0, 2**53).map(float) | st.floats(0, 1e18)
counters = st.builds(Counter, counts, deltas, st.floats(0, 1e18), counts)
values = st.floats() | st.floats(1e-3, 10.0) | st.just(0.0)
histograms = st.builds(Histogram.of, st.lists(values, max_size=20), st.integers(-10, 5)).filter(
    lambda h: abs(h.total) < 1e300
)
tops = st.builds(Top, st.dictionaries(words, st.integers(1, 2**40), max_size=4), counts)
SUMMARIES: dict[Any, st.SearchStrategy[Summary]] = {
    "gauge": gauges,
    "counter": counters,
    "histogram": histograms,
    "top": tops,
}


@st.composite
def windows(draw: st.DrawFn) -> dict[Series, Summary]:
    """Up to six series of any kind; names and attributes repeat."""
    found: dict[Series, Summary] = {}
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(sorted(SUMMARIES)))
        series = Series(draw(words), draw(words), kind, draw(attributes()))
        found[series] = draw(SUMMARIES[kind])
    return found


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """A span somewhere in the life of a boot."""
    start, length = draw(st.floats(0, 1e8)), draw(st.floats(0, 1e6))
    boot = draw(st.sampled_from([BOOT, "boot-1", BOOT.upper()]))
    quality = draw(st.sampled_from(["synchronised", "unsynchronised", "unknown", "new"]))
    return Span(boot, start, start + length, draw(st.floats(0, 1e6)), draw(st.floats(-1e10, 1e10)), quality)


events = st.builds(
    Event, st.just(BOOT), st.floats(0, 1e8), st.floats(-1e10, 1e10), words, attributes(), words
)
contents = st.builds(
    Content,
    st.lists(st.builds(Frame, spans(), windows()), max_size=3).map(tuple),
    st.lists(events, max_size=3).map(tuple),
    counts,
)

NUMBER = st.integers(0, 2**53 - 1)
keys = st.tuples(st.integers(0, 2**48), st.sampled_from(STREAMS), counts, counts).map(
    lambda k: Key(k[0], k[1], k[2], k[2] + k[3])
)
streams = st.dictionaries(st.sampled_from(STREAMS), NUMBER)
epochs = st.builds(Epoch, st.integers(0, 2**48), st.none() | NUMBER, streams, streams)
stones = st.builds(Tombstone, keys, words, NUMBER, NUMBER, numbers, numbers)


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """A part that may be a whole body."""
    data = draw(st.binary(max_size=50))
    before, after = draw(st.integers(0, 50)), draw(st.integers(0, 50))
    total = before + len(data) + after
    crc = draw(st.integers(0, 2**32 - 1))
    if len(data) == total:
        from zlib import crc32

        crc = crc32(data)
    return Part(draw(keys), draw(st.binary(min_size=8, max_size=8)), crc, total, before, data)


def some(strategy: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple of a few."""
    return st.lists(strategy, max_size=most).map(tuple)


messages = st.builds(
    Message,
    st.sampled_from(["gate-7", "ü" * 128, "a b"]),
    st.tuples(NUMBER, NUMBER),
    NUMBER,
    numbers,
    some(epochs),
    some(keys),
    some(keys),
    st.booleans(),
    some(parts()),
    some(stones),
)


def example() -> Content:
    """Every kind, two frames around a step of the clock, one event: for golden files and mutations."""
    summaries: list[Summary] = [
        Gauge(60, 12.5, 0.0, 0.75, 0.25),
        Gauge(60, 40.0, 0.25, 1.0, 0.7),
        Gauge(60, -63.0, -12.5, 4.0, -3.25),
        Counter(60, 123456789.0, 4567890.0, 1),
        Counter(60, 1.2345, 0.5, 0),
        Histogram.of([0.011, 0.012, 0.5, 0.0, -1.0, float("nan")]),
        Top({"timeout": 3, "out of\nmemory": 1}, 2),
    ]
    series = [
        Series("system.cpu.utilization", "1", "gauge", (("cpu.mode", "user"),)),
        Series("system.cpu.utilization", "1", "gauge", (("cpu.mode", "idle"),)),
        Series("hw.temperature", "Cel", "gauge", (("hw.id", "out"),)),
        Series("system.network.io", "By", "counter", (("network.interface.name", "eth0"),)),
        Series("system.disk.io_time", "s", "counter", (("system.device", "sda"),)),
        Series("model.inference.duration", "s", "histogram", ()),
        Series("model.errors", "1", "top", (("source", "log"),)),
    ]
    first: dict[Series, Summary] = dict(zip(series, summaries, strict=True))
    second: dict[Series, Summary] = {
        series: summary for series, summary in first.items() if series.kind != "counter"
    }
    frames = (
        Frame(Span(BOOT, 3600.0, 3630.5, 30.25, 1.7e9, "unsynchronised"), first),
        Frame(Span(BOOT, 3630.5, 3660.0, 29.5, 1.7e9 + 5.125, "synchronised"), second),
    )
    event = Event(BOOT, 3630.5, 1.7e9, "outrider.clock.step", (("by", "5.125 s"),), "the clock was set")
    return Content(frames, (event,), 3)


def example_message(body: bytes) -> Message:
    """A message with every field in use that carries this body whole, and a piece of another."""
    import zlib

    before = 0xFEDCBA987654
    key = Key(EPOCH, "windows", 17, 17)
    return Message(
        device="gate-7-4f2c",
        session=(EPOCH, 3),
        seq=42,
        sent=1700003660.25,
        epochs=(
            Epoch(EPOCH, before, {"windows": 900, "events": 4, "samples": 0}, {"windows": 18, "events": 1}),
            Epoch(before, None, {}, {"windows": 900, "events": 4, "samples": 0}),
        ),
        pending=(Key(EPOCH, "events", 0, 0), Key(before, "windows", 640, 899)),
        open=(Key(EPOCH, "windows", 0, 15), Key(EPOCH, "windows", 16, 16)),
        more=True,
        parts=(
            Part(key, b"\x01\x02\x03\x04\x05\x06\x07\x08", zlib.crc32(body), len(body), 0, body),
            Part(Key(before, "windows", 512, 639), b"abcdefgh", 0x12345678, 9, 3, b"piece"),
        ),
        tombstones=(Tombstone(Key(before, "windows", 0, 511), "full", 512, 700_000, 1.69e9, 1.6900307e9),),
    )
