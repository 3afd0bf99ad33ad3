from __future__ import annotations

import json

from agent.cli.listing import latest, poll, poll_json, record, record_json, window
from agent.ship.records import Key, Row, Tombstone
from agent.stats.frame import Frame, Span
from agent.stats.window import Counter
from agent.store.reader import Stored
from collectors.api import Series
from tests.messages import gauge, minute, series

KEY = Key(7, "windows", 8, 15)
START = 1_700_000_000.0


def lines(frame: Frame) -> list[str]:
    return [window(frame, *of) for of in frame.windows.items()]


def test_a_window_shows_time_length_series_and_what_its_kind_knows() -> None:
    shown = [line.split() for line in lines(minute(START, 5).frames[0])]
    assert all(words[:2] == ["2023-11-14T22:13:20Z", "60s"] for words in shown)
    assert shown[0][2:] == [
        *("system.cpu.utilization{mode=user}", "mean", "17.5%", "min", "10%", "max", "25%", "last", "25%"),
    ]
    assert shown[1][2:6] == ["system.network.io{device=eth0}", "delta", "5.72MiB", "rate"]
    assert "p99" in shown[2]
    assert shown[2][-2:] == ["n", "3"]
    assert shown[3][-6:] == ["oom", "6", "timeout", "3", "others", "0"]


def test_strings_from_outside_cannot_steer_the_terminal() -> None:
    nasty = Series("evil\x1b[2Jname", "1", "gauge", (("k\u202e", "v\x07"),))
    span = Span("b", 0.0, 1.0, 1.0, START, "unknown")
    [line] = lines(Frame(span, {nasty: gauge(1.0)}))
    assert line.isprintable()
    assert "\u202e" not in line


def test_only_the_last_window_of_each_series_in_natural_order() -> None:
    frames = [
        Frame(
            Span("b", float(n), n + 1.0, 1.0, START, "unknown"),
            {series("cpu", cpu="10"): gauge(float(n)), series("cpu", cpu="2"): gauge(float(n))},
        )
        for n in range(3)
    ]
    shown = [line.split() for line in latest(frames)]
    assert [(words[0][-3:], words[2]) for words in shown] == [("22Z", "cpu{cpu=2}"), ("22Z", "cpu{cpu=10}")]


def test_no_data_is_said_not_a_zero() -> None:
    span = Span("b", 0.0, 1.0, 0.0, START, "unknown")
    [line] = lines(Frame(span, {series("cpu"): gauge(1.0)._replace(count=0)}))
    assert line.endswith("no data")
    [line] = lines(Frame(span, {series("io", "By", "counter"): Counter(1, 2.0, 0.5, 0)}))
    assert " rate" not in line


def test_a_poll_is_a_line_or_an_object() -> None:
    assert poll(series("mem", "By"), START, 2048.0).split() == ["2023-11-14T22:13:20Z", "mem", "2KiB"]
    assert json.loads(poll_json(series("mem", "By", cpu="1"), START, 2048.0)) == {
        "metric": "mem", "attributes": {"cpu": "1"}, "unit": "By", "kind": "gauge",
        "time": START, "value": 2048.0,
    }  # fmt: skip


def test_a_record_shows_what_it_is_and_whether_it_arrived() -> None:
    data = Stored(Row(KEY, b"12345678", True, 900, None), START, START + 480, None, (START, START + 480), {})
    assert record(data, None).split() == [
        *("7", "windows", "8-15", "data", "confirmed", "900", "B", "2023-11-14T22:13:20Z", "480s"),
    ]
    found = json.loads(record_json(data, None))
    assert (found["kind"], found["first"], found["last"]) == ("data", 8, 15)
    assert found["digest"] == "3132333435363738"


def test_a_tombstone_shows_why_and_how_much() -> None:
    grave = Tombstone(KEY, "full", 3, 1200, START, START + 480)
    lost = Stored(Row(KEY, b"12345678", False, 0, grave), START, START + 480, None, (START, START + 480), {})
    assert record(lost, None).split()[3:8] == ["lost:", "full", "unconfirmed", "1200", "B"]
    found = json.loads(record_json(lost, None))
    assert (found["kind"], found["reason"], found["records"], found["size"]) == ("lost", "full", 3, 1200)


def test_the_last_windows_stand_below_each_other() -> None:
    frame = Frame(
        Span("b", 0.0, 1.0, 1.0, START, "unknown"),
        {series("io", cpu="1"): gauge(1.0), series("a" * 90, cpu="1"): gauge(1.0)},
    )
    assert len({line.index("mean") for line in latest([frame])}) == 1


def test_what_came_late_is_not_the_latest() -> None:
    now, late = (
        Frame(span(START), {series("cpu"): gauge(1.0)}),
        Frame(span(START - 3600.0), {series("cpu"): gauge(9.0)}),
    )
    for order in ((now, late), (late, now)):
        (line,) = latest(order)
        assert line.startswith("2023-11-14T22:13:20Z")


def span(at: float) -> Span:
    return Span("b", 0.0, 60.0, 60.0, at, "unknown")
