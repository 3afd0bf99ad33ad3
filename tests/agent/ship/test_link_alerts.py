"""Alerts through the link: ahead of all else, again with each connection, beside a full window."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent.ship import protocol as p
from agent.ship.alert import Alert, parse_alert
from agent.ship.retained import HUSH
from tests.agent.ship.bench import Bench, content, notices, only


def alert(rule: str) -> Alert:
    return Alert("d", rule, "warning", "hot", "", "hw.temperature > 85", 1.7e9, 0.0, ())


def fires(*rules: str) -> p.Alerts:
    return p.Alerts({rule: alert(rule) for rule in rules})


def over(*rules: str) -> p.Alerts:
    return p.Alerts(dict.fromkeys(rules))


def said(commands: Sequence[p.Command]) -> list[str]:
    """Topics below the device's, in the order they went, with "-" before an empty payload."""
    sent = only(p.Publish, commands)
    return [("" if each.payload else "-") + each.topic.removeprefix("outrider/v1/f/d/") for each in sent]


def test_nothing_is_said_before_the_epoch_is_committed() -> None:
    bench = Bench()
    assert bench.tell(fires("hot")) == []
    bench.flush(content())
    commands = bench.connect()
    assert said(commands) == ["alert/hot", "status", "data"]
    (first, *_) = only(p.Publish, commands)
    assert first.retain
    assert parse_alert(first.payload).rule == "hot"


def test_quiet_rules_are_said_after_the_live_message_and_before_the_backlog() -> None:
    bench = Bench()
    bench.backlog(content())
    bench.tell(over("a", "b"))
    bench.tell(fires("hot"))
    bench.flush(content())
    bench.connect()
    bench.answer_all()
    assert said(bench.commands) == ["alert/hot", "status", "data", "-alert/a", "-alert/b", "data"]


def test_a_crossing_and_its_end_go_at_once_and_what_flaps_later() -> None:
    bench = Bench()
    bench.begin(content())
    assert said(bench.tell(fires("hot"), after=5.0)) == ["alert/hot"]
    assert said(bench.tell(over("hot"), after=1.0)) == ["-alert/hot"]
    bench.answer_all()
    commands = bench.tell(fires("hot"), after=1.0)
    assert said(commands) == []
    (wake,) = only(p.Wake, commands)
    assert wake.at == bench.now - 2.0 + HUSH
    assert said(bench.tell(p.Tick(), after=HUSH - 2.0)) == ["alert/hot"]


def test_a_full_window_of_data_leaves_a_place_for_an_alert() -> None:
    bench = Bench(in_flight=1)
    bench.flush(content())
    bench.connect()
    assert said(bench.unanswered) == ["status"]
    assert said(bench.tell(fires("hot"))) == ["alert/hot"]
    assert said(bench.tell(fires("dark"))) == []
    assert said(bench.answer()) == ["alert/dark"]


def test_a_broker_that_takes_one_at_a_time_gets_one_at_a_time() -> None:
    bench = Bench()
    bench.flush(content())
    bench.connect(receive_maximum=1)
    assert said(bench.tell(fires("hot"))) == []
    assert said(bench.answer()) == ["alert/hot"]


@pytest.mark.parametrize("cleared", [False, True])
def test_after_a_reconnect_it_is_said_again_as_it_is_now(cleared: bool) -> None:
    bench = Bench()
    bench.begin(content())
    bench.tell(fires("hot"))
    bench.tell(p.Lost("closed", "gone"))
    if cleared:
        bench.tell(over("hot"))
    bench.tell(p.Tick(), after=200.0)
    bench.connect()
    bench.answer_all()
    again = said(bench.commands)[-3:]
    assert sorted(again) == sorted(["-alert/hot" if cleared else "alert/hot", "status", "data"])


def test_a_refusal_of_the_moment_is_tried_again_and_one_of_the_rules_is_not() -> None:
    bench = Bench()
    bench.begin(content())
    bench.tell(fires("hot"))
    commands = bench.answer(0x97)
    assert ("error", "failed", "quota_exceeded") in notices(commands)
    assert said(bench.tell(p.Tick(), after=200.0)) == ["alert/hot"]
    assert ("error", "failed", "not_authorised") in notices(bench.answer(0x87))
    assert said(bench.tell(p.Tick(), after=600.0)) == []


def test_a_broker_of_small_packets_is_told_of() -> None:
    bench = Bench()
    bench.flush(content())
    bench.connect(maximum_packet_size=120)
    said_of = [each.text for each in only(p.Notice, bench.tell(fires("hot"))) if "alert hot" in each.text]
    assert said_of == ["alert hot takes 210 bytes, the broker 73"]


def test_an_alert_goes_while_the_daemon_ends() -> None:
    bench = Bench()
    bench.begin(content())
    bench.tell(p.Stopping(5.0))
    assert said(bench.tell(fires("hot"))) == ["alert/hot"]
