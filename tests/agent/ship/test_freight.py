from __future__ import annotations

import json
from random import Random
from zlib import crc32

import pytest

from agent.ship import protocol as p
from agent.ship.body import encode_body
from agent.ship.freight import MESSAGE_LIMIT, SMALLEST_LIMIT, STRIKES, Freight, Stamp
from agent.ship.outbox import Outbox
from agent.ship.records import Key, Part
from agent.ship.wire import decode_message
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Counter
from collectors.api import Series
from tests.agent.ship.bench import EPOCH, Bench, ack, content, key

LIGHT = Series("light", "lx", "counter", ())
STAMP = Stamp((EPOCH, 1), 5, 1.5)


class Loading:
    """A freight over a bench's outbox and store."""

    def __init__(self, sink: str = "") -> None:
        self.bench = Bench(sink)
        self.refused: list[tuple[Key, str]] = []
        self.outbox: Outbox = self.bench.outbox
        self.freight = Freight(p.Settings("f", "d", sink), self.outbox, self._refuse)

    def _refuse(self, name: Key, digest: bytes, reason: str) -> None:
        self.outbox.refused(name, digest, reason)
        self.refused.append((name, reason))

    def load(self) -> None:
        """Take the backlog and answer the load."""
        asked = self.freight.take("backlog")
        assert asked is not None
        stored = self.bench.stored
        self.freight.loaded(
            p.Loaded(asked.token, {row.key: (row.digest, stored[row.key][1]) for row in asked.rows})
        )


def test_a_message_carries_its_stamp_and_the_claims() -> None:
    made = Loading()
    made.bench.backlog(content(), content())
    made.load()
    packed = made.freight.message(STAMP, live=False)
    assert packed is not None
    message = decode_message(packed[0])
    assert (message.device, message.session, message.seq, message.sent) == ("d", (EPOCH, 1), 5, 1.5)
    assert message.pending == (Key(EPOCH, "windows", 0, 1),)
    assert [part.key for part in message.parts] == [key(0), key(1)]


def noise(count: int) -> Content:
    """Counters of which every number is random, and none repeats."""
    bits = Random(1).getrandbits
    span = Span("boot-1", 0.0, 60.0, 60.0, 1.7e9, "synchronised")
    counters = {
        Series(f"noise.{n}", "1", "counter", ()): Counter(bits(52), float(bits(52)), 0.0, bits(52))
        for n in range(count)
    }
    return Content((Frame(span, counters),))


def test_a_record_of_noise_is_cut_into_messages_that_fill_their_limit_and_keep_to_it() -> None:
    made = Loading()
    body = encode_body(noise(8_000), 3)
    made.bench.backlog(noise(8_000))
    made.load()
    parts: list[Part] = []
    sizes = []
    while made.freight.waiting():
        packed = made.freight.message(STAMP, live=False)
        assert packed is not None
        sizes.append(len(packed[0]))
        parts += decode_message(packed[0]).parts
    assert 95_000 < max(sizes) <= MESSAGE_LIMIT
    assert b"".join(part.data for part in parts) == body
    assert {(part.crc, part.total) for part in parts} == {(crc32(body), len(body))}


def test_one_load_at_a_time() -> None:
    made = Loading()
    made.bench.backlog(*[content(seed=n) for n in range(3)], size=80_000)
    first = made.freight.take("backlog")
    assert first is not None
    assert [row.key for row in first.rows] == [key(0)]
    assert made.freight.take("backlog") is None


def test_the_answer_to_an_earlier_load_is_ignored() -> None:
    made = Loading()
    made.bench.backlog(content())
    asked = made.freight.take("backlog")
    assert asked is not None
    made.freight.clear()
    made.outbox.cut()
    made.freight.loaded(p.Loaded(asked.token, {key(0): (asked.rows[0].digest, content())}))
    assert not made.freight.waiting()
    again = made.freight.take("backlog")
    assert again is not None
    assert again.token != asked.token


def test_fresh_records_are_not_loaded() -> None:
    made = Loading()
    made.bench.backlog(content())
    made.freight.flushed({key(0): content()})
    assert made.freight.take("backlog") is None
    assert made.freight.waiting()


def test_one_off_tombstones_ride_along_once() -> None:
    made = Loading(sink="s")
    made.bench.backlog(content())
    made.outbox.heard(ack(want=[Key(99, "windows", 4, 4)]))
    made.outbox.found(Key(99, "windows", 4, 4), [])
    stones = []
    for _ in range(2):
        packed = made.freight.message(STAMP, live=False)
        assert packed is not None
        stones.append([(each.key, each.reason) for each in decode_message(packed[0]).tombstones])
    assert stones == [[(Key(99, "windows", 4, 4), "unknown")], []]


def test_a_broker_that_takes_less_than_a_head_is_refused() -> None:
    made = Loading()
    made.bench.backlog(content())
    made.freight.begin(600)
    with pytest.raises(OverflowError, match="600 bytes"):
        made.freight.message(STAMP, live=False)


def test_messages_shrink_down_to_a_limit_and_stay_small() -> None:
    freight = Loading().freight
    freight.begin(MESSAGE_LIMIT)
    limits = []
    while freight.shrink(freight.limit):
        limits.append(freight.limit)
    assert limits == [50_000, 25_000, 12_500, SMALLEST_LIMIT]
    freight.begin(MESSAGE_LIMIT)
    assert freight.limit == SMALLEST_LIMIT


def test_a_delivery_forgives_the_strikes() -> None:
    made = Loading()
    made.bench.backlog(content())
    made.load()
    packed = made.freight.message(STAMP, live=False)
    assert packed is not None
    strikes = [made.freight.strike() for _ in range(STRIKES - 1)]
    made.freight.delivered(packed[1])
    strikes += [made.freight.strike() for _ in range(STRIKES)]
    assert strikes == [False] * (2 * STRIKES - 2) + [True]


def test_what_is_shipped_late_is_marked_as_history_and_keeps_its_own_time() -> None:
    """zigbee2mqtt#2586: a delayed message without origin time looks as if it had happened now."""
    made = Loading()
    made.freight = Freight(p.Settings("f", "d", json=True), made.outbox, made._refuse)
    first, second, now = (
        Content(
            (Frame(Span("b", at, at + 60.0, 60.0, 1.7e9, "synchronised"), {LIGHT: Counter(1, 1.0, 1.0, 0)}),)
        )
        for at in (60.0, 120.0, 7200.0)
    )
    made.bench.backlog(first, second)
    [row] = made.bench.backlog(now)
    made.freight.flushed({row.key: now})
    made.freight.take_live(probe=False)
    said = [json.loads(text) for text in texts(made.freight, live=True)]
    made.load()
    said += [json.loads(text) for text in texts(made.freight, live=False)]
    assert [text.get("historical") for text in said] == [None, True, True]
    windows = [window for text in said for window in text["windows"]]
    starts = [1.7e9 + 7200.0, 1.7e9 + 60.0, 1.7e9 + 120.0]
    assert [window["start"] for window in windows] == starts
    assert {window["quality"] for window in windows} == {"synchronised"}


def texts(freight: Freight, *, live: bool) -> list[bytes]:
    """All that there is to send."""
    found = []
    while (packed := freight.message(STAMP, live=live)) is not None:
        found.append(packed[0])
    return found
