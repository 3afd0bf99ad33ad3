"""An answer goes at once if it may, else the latest when the interval is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.view.pace import Every, Pace


def test_the_first_goes_at_once_and_the_latest_of_the_rest_after_the_interval() -> None:
    pace = Pace(5.0)
    pace.offer("a", b"1", 0.0)
    assert pace.take(0.0) == [("a", b"1")]
    pace.offer("a", b"2", 1.0)
    pace.offer("a", b"3", 2.0)
    assert pace.take(4.9) == []
    assert pace.wait(4.0) == 1.0
    assert pace.take(5.0) == [("a", b"3")]


def test_topics_do_not_wait_for_each_other() -> None:
    pace = Pace(5.0)
    pace.offer("a", b"1", 0.0)
    assert pace.take(0.0) == [("a", b"1")]
    pace.offer("b", b"2", 1.0)
    assert pace.take(1.0) == [("b", b"2")]


def test_a_silent_topic_is_forgotten() -> None:
    pace = Pace(5.0)
    pace.offer("a", b"1", 0.0)
    pace.take(0.0)
    assert pace.take(5.0) == []
    assert pace.wait(5.0) == float("inf")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3))))
def test_never_two_within_an_interval_and_the_last_always_goes(steps: list[tuple[str, float]]) -> None:
    pace = Pace(5.0)
    now = 0.0
    latest: dict[str, bytes] = {}
    sent: dict[str, tuple[float, bytes]] = {}
    for number, (topic, pause) in enumerate(steps):
        now += pause
        latest[topic] = payload = str(number).encode()
        pace.offer(topic, payload, now)
        for name, got in pace.take(now):
            assert name not in sent or now - sent[name][0] >= 5.0 - 1e-9
            sent[name] = (now, got)
    for name, got in pace.take(now + 5.0):
        sent[name] = (now + 5.0, got)
    assert {name: got for name, (_, got) in sent.items()} == latest


def test_a_chore_is_due_at_once_then_every_period_and_when_the_clock_went_back() -> None:
    chore = Every(30.0)
    assert [chore.due(now) for now in (1000.0, 1029.9, 1030.0, 1031.0, 900.0, 901.0)] == [
        True, False, True, False, True, False,
    ]  # fmt: skip
    assert [Every(30.0, 1000.0).due(now) for now in (1000.0, 1029.9, 1030.0)] == [False, False, True]
