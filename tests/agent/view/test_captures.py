"""What a reader makes of a capture, and of what only looks like one."""

from __future__ import annotations

import json

import pytest

from agent.stats.frame import Content
from agent.view.captures import KEPT, Shots, about, captured, json_lines, of
from tests.captures import BYTES, HEAT, NAME, OFFSET, TRIGGER, capture, event


def test_a_record_says_of_what_it_is() -> None:
    found = of(capture())
    assert found is not None
    assert found == captured(event())
    assert (found.id, found.at, found.by, found.rule) == (NAME, TRIGGER + OFFSET, "alert.fired", "too-hot")
    assert (found.before, found.after, found.ticks, found.series, found.cut) == (120.0, 60.0, 181, 2, 0)


def test_another_event_tells_of_none() -> None:
    assert captured(event()._replace(name="agent.start")) is None
    assert of(Content(events=(event()._replace(name="agent.start"),))) is None


@pytest.mark.parametrize("lie", ["", "x", "nan", "inf", "1e300", "-1e300", "9" * 400])
def test_numbers_that_a_device_makes_up_are_bounded(lie: str) -> None:
    found = captured(event(before=lie, ticks=lie, cut=lie))
    assert found is not None
    assert all(abs(number) <= 2**31 for number in (found.before, found.ticks, found.cut))


def test_the_series_that_it_is_about_is_found_among_its_own() -> None:
    found = of(capture())
    assert found is not None
    assert about(found, event(), capture()) == HEAT
    assert about(found._replace(metric="other"), event(), capture()) is None
    assert about(found, event()._replace(attributes=event().attributes[:-1]), capture()) is None


def test_as_json_it_is_what_it_is_of_and_one_object_a_series_without_any_window() -> None:
    head, *rows = map(json.loads, json_lines("dut", capture()))
    assert (head["device"], head["capture"], head["rule"]) == ("dut", NAME, "too-hot")
    assert "metric" in head
    assert [(row["metric"], row["capture"]) for row in rows] == [(HEAT.name, NAME), (BYTES.name, NAME)]
    heat, traffic = (row["samples"] for row in rows)
    assert [value for at, value in heat if at < head["at"]] == [50.0] * 120
    assert [value for at, value in heat if at >= head["at"]] == [90.0] * 61
    assert {value for _, value in traffic} == {1000.0}
    assert not {"count", "mean", "delta"} & rows[0].keys()


def test_a_record_that_tells_of_no_capture_is_printed_without_a_name() -> None:
    rows = [json.loads(line) for line in json_lines("dut", capture()._replace(events=()))]
    assert [row["capture"] for row in rows] == [None, None]


def test_a_view_keeps_the_newest_captures_of_a_device() -> None:
    shots = Shots(HEAT)
    for n in range(KEPT + 3):
        record = capture(f"capture-{n}")
        shots.add(record._replace(events=(record.events[0]._replace(offset=OFFSET + n),)))
    assert [shot.captured.id for shot in shots.newest] == [f"capture-{n}" for n in range(KEPT + 2, 2, -1)]
    assert {len(shot.held) for shot in shots.newest} == {181}


def test_a_capture_without_the_series_has_nothing_of_it() -> None:
    shots = Shots(HEAT._replace(unit="K"))
    shots.add(capture())
    shots.add(Content())
    (shot,) = shots.newest
    assert (shot.about, shot.row, shot.held) == (HEAT, None, ())
