"""A message is applied whole: parts, epochs, what it says last, and what is missing then."""

from __future__ import annotations

from zlib import crc32

import pytest

from agent.ship.body import encode_body
from agent.ship.limits import WireError
from agent.ship.records import Key, Message, Part
from agent.stats.frame import Content, Frame, Span
from agent.stats.window import Gauge
from agent.view import reception
from agent.view.fleet import FleetStore
from agent.view.reception import LEAST_PART, PARTS_KEPT, SAID_AT_ONCE, TWINS
from agent.view.settle import HOLE_AFTER
from collectors.api import Series
from tests.agent.view.speaker import ONE, THREE, TWO, WALL, Device, epoch, part


@pytest.fixture
def device() -> Device:
    return Device(FleetStore.open(None, "main"))


def test_a_record_in_parts_is_unseen_until_it_is_whole_in_whatever_order(device: Device) -> None:
    whole = part(0)
    third = len(whole.data) // 3
    pieces = [
        whole._replace(offset=start, data=whole.data[start:end])
        for start, end in ((0, third), (third, 2 * third), (2 * third, len(whole.data)))
    ]
    assert device.says(pieces[2]).applied == ()
    assert device.says(pieces[0]).applied == ()
    assert device.says(pieces[2]).applied == ()
    assert device.total() == 0
    assert len(device.says(pieces[1]).applied) == 1
    assert device.total() == 1


def test_parts_of_two_encodings_never_mix(device: Device) -> None:
    whole = part(0)
    half = len(whole.data) // 2
    first = whole._replace(data=whole.data[:half])
    second = whole._replace(offset=half, data=whole.data[half:], crc=whole.crc ^ 1)
    assert device.says(first, second).applied == ()


def test_parts_that_do_not_make_what_was_sent_are_said_and_not_kept(device: Device) -> None:
    outcome = device.says(part(0)._replace(crc=7))
    assert [n.name for n in outcome.notices] == ["malformed"]
    assert device.total() == 0


def test_unfinished_parts_of_a_device_are_bounded(device: Device) -> None:
    for n in range(40):
        key = Key(ONE, "windows", n, n)
        device.says(Part(key, b"12345678", 1, 200_000, 0, bytes(50_000)))
    kept = device.store._db.execute("SELECT sum(length(data)), max(first) FROM parts").fetchone()
    assert kept[0] <= 1_000_000
    assert kept[1] == 39


def test_many_small_parts_of_a_device_are_bounded(device: Device) -> None:
    key = Key(ONE, "windows", 0, 0)
    for start in range(0, 10_000, 1000):
        device.says(*[Part(key, b"12345678", 1, 200_000, start + n, b"") for n in range(1000)])
    assert device.store._db.execute("SELECT count(*) FROM parts").fetchone()[0] <= PARTS_KEPT / LEAST_PART


def test_a_message_whose_records_hold_numbers_without_end_is_not_decoded_to_the_end(device: Device) -> None:
    series = [Series("x", "1", "gauge", (("n", str(n)),)) for n in range(100)]
    frames = [
        Frame(
            Span("b", n, n + 1.0, 1.0, WALL, "unknown"), dict.fromkeys(series, Gauge(1, 1.0, 1.0, 1.0, 1.0))
        )
        for n in range(400)
    ]
    data = encode_body(Content(tuple(frames)), 3)
    keys = [Key(ONE, "windows", n, n) for n in range(20)]
    outcome = device.says(*[Part(key, b"%08d" % key.first, crc32(data), len(data), 0, data) for key in keys])
    assert 4 <= len(outcome.applied) < 8
    assert outcome.notices[-1].name == "excess"


def test_epochs_that_all_have_one_past_do_not_multiply(device: Device) -> None:
    outcome = device.says(epochs=tuple(epoch(n, 0, prev=ONE) for n in range(1000, 1500)))
    assert [n.name for n in outcome.notices].count("restored") == SAID_AT_ONCE
    assert outcome.notices[-1].name == "excess"
    assert device.store.devices(device.now)[0].restored <= 500 * TWINS


def test_pasts_that_run_in_a_circle_end(device: Device) -> None:
    circle = (epoch(ONE, 3, prev=TWO, ended=3), epoch(TWO, 3, prev=ONE, ended=3))
    device.says(epochs=circle)
    device.later(HOLE_AFTER)
    device.says(epochs=circle)
    assert {hole.epoch for hole in device.store.holes("d", device.now)} == {ONE, TWO}


def test_names_made_up_without_end_are_refused(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "DEVICES", 3)
    for name in ("a", "b", "c"):
        device.store.status(name, {"state": "online"}, device.now)
    with pytest.raises(WireError, match="too_large"):
        device.says(part(0))
    assert [each.name for each in device.store.devices(device.now)] == ["a", "b", "c"]


def test_a_number_nobody_accounts_for_is_a_hole_after_a_minute(device: Device) -> None:
    device.says(part(0), part(2), epochs=(epoch(ONE, 4),), pending=((3, 3),))
    assert device.store.holes("d", device.now) == []
    device.later(HOLE_AFTER)
    outcome = device.says(epochs=(epoch(ONE, 4),), pending=((3, 3),))
    assert outcome.ack is not None
    assert outcome.ack.want == (Key(ONE, "windows", 1, 1),)
    device.says(part(1), epochs=(epoch(ONE, 4),), pending=((3, 3),))
    assert device.store.holes("d", device.now) == []


def test_a_late_message_does_not_speak_for_the_device(device: Device) -> None:
    device.says(part(0), epochs=(epoch(ONE, 1),))
    device.says(epochs=(epoch(ONE, 3),), pending=((1, 2),), seq=50)
    device.says(epochs=(epoch(ONE, 2),), seq=20)
    assert device.store.spans("d", "missing") == []


def test_the_end_of_the_epoch_before_is_known_from_any_message(device: Device) -> None:
    """The first messages of an epoch may be lost: `prev` stands in all of them."""
    device.says(part(0))
    outcome = device.says(part(7, epoch=TWO), epochs=(epoch(TWO, 8, ONE, 4),), pending=((0, 6),))
    device.later(HOLE_AFTER)
    outcome = device.says(epochs=(epoch(TWO, 8, ONE, 4),), pending=((0, 6),))
    assert outcome.ack is not None
    assert outcome.ack.want == (Key(ONE, "windows", 1, 3),)


def test_with_more_an_unlisted_stream_of_an_older_epoch_is_not_judged(device: Device) -> None:
    device.says(part(0))
    device.says(epochs=(epoch(TWO, 1, ONE, 4),), pending=((0, 0),), more=True)
    device.later(HOLE_AFTER)
    device.says(epochs=(epoch(TWO, 1, ONE, 4),), pending=((0, 0),), more=True)
    assert device.store.holes("d", device.now) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_epochs_with_one_past_tell_of_a_store_put_back(device: Device, order: tuple[int, int]) -> None:
    lives = [(epoch(TWO, 1, ONE, 4),), (epoch(THREE, 1, ONE, 4),)]
    assert device.says(epochs=lives[order[0]]).notices == ()
    assert [n.name for n in device.says(epochs=lives[order[1]]).notices] == ["restored"]
    assert device.says(epochs=lives[order[1]]).notices == ()


def test_numbers_above_where_the_successor_saw_the_end_tell_of_it_too(device: Device) -> None:
    device.says(part(9))
    outcome = device.says(epochs=(epoch(TWO, 1, ONE, 5),))
    assert [n.name for n in outcome.notices] == ["restored"]


def test_the_same_in_the_other_order_of_arrival(device: Device) -> None:
    assert device.says(epochs=(epoch(TWO, 1, ONE, 5),)).notices == ()
    outcome = device.says(part(9))
    assert [n.name for n in outcome.notices] == ["restored"]


def test_new_windows_after_a_store_was_put_back_are_no_repeats(device: Device) -> None:
    device.says(*[part(n) for n in range(6)])
    device.says(part(0, epoch=TWO), epochs=(epoch(TWO, 1, ONE, 3),))
    assert device.total() == 7


def test_with_more_a_stream_listed_as_open_alone_is_not_judged(device: Device) -> None:
    """Its pending numbers may be among those that were left out."""
    device.says(part(0))
    for _ in range(2):
        message = Message(
            "d", (TWO, 1), 1, device.now, (epoch(TWO, 1, ONE, 4), epoch(ONE, 4)),
            (Key(TWO, "windows", 0, 0),), (Key(ONE, "windows", 3, 3),), True, (), (),
        )  # fmt: skip
        device.store.receive(message, device.now)
        device.later(HOLE_AFTER)
    assert device.store.holes("d", device.now) == []
