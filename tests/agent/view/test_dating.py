"""What a device tells of its clock dates what it sent before and what it sends later, in whatever order."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator

import pytest

from agent.ship.body import encode_body
from agent.ship.records import Message
from agent.stats.clocks import BOOTS, Clock, clock_event
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.window import Gauge, Summary
from agent.view.fleet import FleetStore
from collectors.api import Series
from tests.messages import Sender, gauge, series

NOW = 1_795_689_600.0
CPU = series("system.cpu.utilization", mode="user")
TOLD = Content(events=(clock_event(Clock("b", NOW, "synchronised"), 900.0),))


def recorded(at: float, boot: str = "b", offset: float = 0.0, quality: str = "unsynchronised") -> Content:
    windows: dict[Series, Summary] = {CPU: gauge(0.5)}
    return Content((Frame(Span(boot, at, at + 60.0, 60.0, offset, quality), windows),))


@pytest.fixture
def store() -> Iterator[FleetStore]:
    made = FleetStore.open(None, "main")
    yield made
    made.close()


def starts(store: FleetStore, since: float = float("-inf")) -> list[float]:
    return [frame.span.wall[0] for _, content in store.contents("gate", since) for frame in content.frames]


def rows(store: FleetStore) -> list[tuple[float, float]]:
    return store._db.execute("SELECT start, finish FROM data ORDER BY first").fetchall()


def test_in_whatever_order_they_come_all_records_of_the_boot_are_dated(store: FleetStore) -> None:
    contents = [recorded(100.0), TOLD, recorded(160.0)]
    for n, order in enumerate(itertools.permutations(range(3))):
        sender = Sender("gate")
        messages = [sender.message(each) for each in contents]
        for place in order:
            store.receive(messages[place]._replace(device=f"gate{n}"), NOW)
        held = list(store.contents(f"gate{n}", NOW))
        spans = [frame.span for _, content in held for frame in content.frames]
        assert [span[1:] for span in spans] == [
            (100.0, 160.0, 60.0, NOW, "synchronised"),
            (160.0, 220.0, 60.0, NOW, "synchronised"),
        ]


def test_it_is_found_by_its_true_time_and_set_not_added(store: FleetStore) -> None:
    sender = Sender("gate")
    store.receive(sender.message(recorded(100.0)), NOW)
    assert (starts(store, NOW), rows(store)) == ([], [(100.0, 160.0)])
    for _ in range(3):
        store.receive(sender.message(TOLD), NOW)
    assert starts(store, NOW) == [NOW + 100.0]
    assert rows(store)[0] == (NOW + 100.0, NOW + 160.0)


def test_what_is_applied_with_the_clock_in_one_message_is_dated(store: FleetStore) -> None:
    outcome = store.receive(Sender("gate").message(recorded(100.0), TOLD), NOW)
    assert [content.wall[0] for _, content in outcome.applied] == [NOW + 100.0, NOW + 900.0]


def test_another_boot_and_another_device_stay_as_they_were(store: FleetStore) -> None:
    sender, other = Sender("gate"), Sender("door")
    store.receive(sender.message(recorded(100.0), recorded(100.0, "c")), NOW)
    store.receive(other.message(recorded(100.0)), NOW)
    store.receive(sender.message(TOLD), NOW)
    assert sorted(starts(store)) == [100.0, NOW + 100.0]
    assert [content.wall[0] for _, content in store.contents("door", 0.0)] == [100.0]


def test_a_record_of_two_boots_is_dated_when_it_is_read(store: FleetStore) -> None:
    both = Content((*recorded(100.0, "a").frames, *recorded(100.0).frames))
    sender = Sender("gate")
    store.receive(sender.message(both), NOW)
    store.receive(sender.message(TOLD), NOW)
    assert sorted(starts(store)) == [100.0, NOW + 100.0]


def test_what_was_surely_dated_is_not_placed(store: FleetStore) -> None:
    sender = Sender("gate")
    store.receive(sender.message(recorded(100.0, offset=NOW, quality="synchronised")), NOW)
    assert store._db.execute("SELECT count(*) FROM placed").fetchone() == (0,)


def test_places_go_with_their_records(store: FleetStore) -> None:
    sender = Sender("gate")
    message = sender.message(recorded(100.0), recorded(160.0))
    store.receive(message._replace(parts=message.parts[:1]), NOW)
    store.receive(joined(message), NOW)
    placed = "SELECT first, begin, stop FROM placed"
    assert store._db.execute(placed).fetchall() == [(0, 100.0, 220.0)]
    store.retain(NOW + 1.0)
    assert store._db.execute(placed).fetchall() == []


def joined(message: Message) -> Message:
    """Both records of a message as the one block that they merge to."""
    span = Span("b", 100.0, 220.0, 120.0, 0.0, "unsynchronised")
    body = encode_body(Content((Frame(span, {CPU: Gauge(2, 1.0, 0.5, 0.5, 0.5)}),)), None)
    part = message.parts[0]
    key = part.key._replace(last=1)
    whole = part._replace(key=key, digest=b"abcdefgh", data=body, total=len(body), crc=zlib.crc32(body))
    return message._replace(seq=9, parts=(whole,))


def test_a_device_that_tells_of_boots_without_end_is_bounded(store: FleetStore) -> None:
    sender = Sender("gate")
    for n in range(3):
        events = [clock_event(Clock(f"b{n}.{m}", NOW, "synchronised"), 1.0) for m in range(BOOTS)]
        store.receive(sender.message(Content(events=tuple(events))), NOW)
    kept = store._db.execute("SELECT boot FROM clocks ORDER BY rowid").fetchall()
    assert [boot for (boot,) in kept] == [f"b2.{m}" for m in range(BOOTS)]


def test_a_clock_that_no_device_of_ours_tells_changes_nothing(store: FleetStore) -> None:
    sender = Sender("gate")
    store.receive(sender.message(recorded(100.0)), NOW)
    lie = TOLD.events[0]
    for attributes in (
        (("boot", "b"), ("offset", "nan"), ("quality", "synchronised")),
        (("boot", "b"), ("offset", "1e308"), ("quality", "synchronised")),
        (("boot", "c"), ("offset", "5"), ("quality", "synchronised")),
    ):
        store.receive(sender.message(Content(events=(lie._replace(attributes=attributes),))), NOW)
    assert starts(store) == [100.0]


def test_a_better_clock_wins_over_a_later_one(store: FleetStore) -> None:
    sender = Sender("gate")
    later = Content(events=(clock_event(Clock("b", 5.0, "unknown"), 2000.0),))
    for content in (recorded(100.0), TOLD, later):
        store.receive(sender.message(content), NOW)
    assert starts(store) == [NOW + 100.0]


def test_events_of_the_boot_are_dated(store: FleetStore) -> None:
    sender = Sender("gate")
    happened = Content(events=(Event("b", 50.0, 0.0, "agent.start", (), ""),))
    store.receive(sender.message(happened), NOW)
    store.receive(sender.message(TOLD), NOW)
    walls = [event.wall for _, content in store.contents("gate", NOW) for event in content.events]
    assert walls == [NOW + 50.0, NOW + 900.0]
