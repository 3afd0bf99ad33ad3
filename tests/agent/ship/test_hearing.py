from __future__ import annotations

import pytest

from agent.ship import protocol as p
from agent.ship.ack import encode_ack
from agent.ship.hearing import EPOCH_EVERY, HEAR_EVERY, LOOKUPS, WANTS_EVERY, Hearing
from agent.ship.outbox import Outbox
from agent.ship.records import Ack, Epoch, Held, Key
from tests.agent.ship.bench import EPOCH, ack, key

TOPIC = "outrider/v1/f/d/ack/s"


class Ear:
    """A hearing of the sink "s" over an outbox with one epoch, and what was said."""

    def __init__(self) -> None:
        outbox = Outbox("s")
        outbox.flushed((Epoch(EPOCH, None, {}, {"windows": 500}),), (), ())
        self.said: list[tuple[str, str, str]] = []
        self.hearing = Hearing("s", TOPIC, outbox, self.say)

    def say(self, level: str, name: str, reason: str, _text: str) -> None:
        self.said.append((level, name, reason))

    def hears(self, what: Ack | bytes, now: float, topic: str = TOPIC, epoch: int = EPOCH) -> list[p.Command]:
        payload = what if isinstance(what, bytes) else encode_ack(what, 4096)
        return self.hearing.received(p.Received(topic, payload), now, epoch)


@pytest.mark.parametrize(
    ("payload", "topic", "said"),
    [
        (encode_ack(ack(), 4096), "outrider/v1/f/d/ack/other", ("debug", "strange", "topic")),
        (encode_ack(ack(sink="t"), 4096), TOPIC, ("warning", "strange", "sink")),
        (b"\xc1", TOPIC, ("warning", "strange", "malformed")),
    ],
)
def test_what_is_none_of_ours_is_said_and_ignored(
    payload: bytes, topic: str, said: tuple[str, str, str]
) -> None:
    ear = Ear()
    assert ear.hears(payload, 10.0, topic) == []
    assert ear.said == [said]


def test_one_right_after_another_is_not_read() -> None:
    ear = Ear()
    ear.hears(ack(), 10.0)
    ear.hears(b"\xc1", 10.0 + HEAR_EVERY / 2)
    assert ear.said == [("debug", "strange", "too_often")]


def test_what_is_wanted_is_looked_up_once_a_minute_and_bounded() -> None:
    ear = Ear()
    wants = [key(n) for n in range(0, 4 * LOOKUPS, 2)]
    assert len(ear.hears(ack(want=wants), 10.0)) == LOOKUPS
    assert ear.hears(ack(want=wants), 10.0 + WANTS_EVERY - 1) == []
    assert ear.hears(ack(want=[key(7)]), 10.0 + WANTS_EVERY) == [p.Lookup(Key(EPOCH, "windows", 7, 7))]


def test_a_fresh_epoch_is_asked_for_once_an_epoch_and_seldom() -> None:
    ear = Ear()
    more = Ack("s", (Held(EPOCH, "windows", ((0, 900),), ((0, 900),), None),), ())
    assert ear.hears(more, 10.0) == [p.FreshEpoch()]
    assert ear.hears(more, 10.0 + EPOCH_EVERY) == []
    assert ear.hears(more, 11.0 + EPOCH_EVERY, epoch=78) == [p.FreshEpoch()]
    assert ear.hears(more, 20.0 + EPOCH_EVERY, epoch=79) == []
