"""Windows as lines: JSON with everything that is known, text that is safe to print."""

from __future__ import annotations

import io
import json
import math

import pytest

from agent.ship.alert import Alert, AlertSeries
from agent.ship.records import Key
from agent.stats.frame import Content
from agent.stats.histogram import Histogram
from agent.stats.window import Gauge
from agent.view import captures
from agent.view.lines import Printer, json_alert, json_lines, raw_lines, text_alert, text_lines
from collectors.api import Series
from tests import modelled
from tests.captures import NAME, capture
from tests.messages import content, gauge, minute, series

KEY = Key(7, "windows", 0, 0)
HOT = AlertSeries(Series("hw.temperature", "Cel", "gauge", (("hw.name", "cpu\x1b[2J"),)), 91.25, 1000.5)
GONE = AlertSeries(Series("outrider.up", "1", "gauge", ()), None, 1001.0)
ALERT = Alert(
    "gate-7", "hot", "critical", "Too hot", "", "hw.temperature > 85", 1000.5, 1001.0, (HOT, GONE), 3
)


def objects() -> dict[str, dict]:
    return {row["metric"]: row for row in map(json.loads, json_lines("gate-7", minute(1000.0, 0)))}


def test_each_window_says_of_whom_what_and_when() -> None:
    row = objects()["system.network.io"]
    assert row | {"device": "gate-7", "unit": "By", "kind": "counter", "start": 1000.0, "end": 1060.0} == row
    assert row["attributes"] == {"device": "eth0"}
    assert (row["covered"], row["clock"]) == (60.0, "synchronised")


def test_a_gauge_has_count_mean_extremes_and_last() -> None:
    row = objects()["system.cpu.utilization"]
    assert (row["count"], row["min"], row["max"], row["last"]) == (2, 0.1, 0.2, 0.2)
    assert row["mean"] == pytest.approx(0.15)


def test_a_counter_has_delta_rates_and_resets() -> None:
    row = objects()["system.network.io"]
    assert (row["delta"], row["rate"], row["peak"], row["resets"]) == (6e6, 1e5, 3e5, 0)


def test_a_histogram_has_its_quantiles() -> None:
    row = objects()["model.inference.duration"]
    assert (row["count"], row["sum"], row["min"], row["max"]) == (3, 0.53, 0.01, 0.5)
    assert row["p50"] == pytest.approx(0.02, rel=0.011)
    assert row["p999"] >= row["p99"] >= row["p95"] >= row["p90"]
    assert row["scale"] == 5


def test_top_values_come_with_their_counts() -> None:
    row = objects()["model.errors"]
    assert (row["top"], row["other"], row["count"]) == ({"timeout": 3, "oom": 1}, 0, 4)


@pytest.mark.parametrize(
    "summary", [Gauge(0, 0.0, 0.0, 0.0, 0.0), Histogram(), gauge(math.nan), gauge(math.inf)]
)
def test_what_is_not_known_is_null_and_never_zero(summary: Gauge | Histogram) -> None:
    (line,) = json_lines("d", content(0.0, {series("x"): summary}))
    row = json.loads(line)
    assert row["min"] is None
    assert row["max"] is None


def test_json_is_ascii_whatever_the_device_says() -> None:
    (line,) = json_lines("d\x9b\u202e", content(0.0, {series("m\x1b[2J", host="\ud800"): gauge(1.0)}))
    assert line.isascii()
    assert line.isprintable()


def test_text_shows_the_age_and_strips_what_steers_a_terminal() -> None:
    made = content(0.0, {series("m\x1b[2J", "By"): gauge(2048.0)})
    (line,) = text_lines("gate-7", KEY, made, 63.0)
    assert line.startswith("gate-7 3s ago m\ufffd: now 2KiB")
    assert line.isprintable()


def test_text_says_no_data_where_there_is_none() -> None:
    (line,) = text_lines("d", KEY, content(0.0, {series("m"): Gauge(0, 0.0, 0.0, 0.0, 0.0)}), 60.0)
    assert line.endswith(": no data")


def test_the_printer_prints_only_the_devices_asked_for() -> None:
    out = io.StringIO()
    printer = Printer(out, "gate-*", lambda: 60.0, json=True)
    for device in ("gate-7", "cam-1"):
        printer.applied(device, KEY, minute(0.0, 0))
    assert printer.records == 1
    assert {json.loads(line)["device"] for line in out.getvalue().splitlines()} == {"gate-7"}


def test_an_alert_is_an_object_without_a_metric() -> None:
    row = json.loads(json_alert(ALERT, fires=True))
    head = {name: value for name, value in row.items() if name != "series"}
    assert head == {
        "device": "gate-7", "alert": "hot", "state": "firing", "severity": "critical", "summary": "Too hot",
        "runbook": "", "when": "hw.temperature > 85", "since": 1000.5, "more": 3,
    }  # fmt: skip
    assert [(each["metric"], each["value"], each["since"]) for each in row["series"]] == [
        ("hw.temperature", 91.25, 1000.5),
        ("outrider.up", None, 1001.0),
    ]
    over = json.loads(json_alert(ALERT, fires=False))
    assert (over["state"], over["series"], over["more"]) == ("cleared", [], 0)


def test_an_alert_in_words_is_safe_to_print() -> None:
    text = text_alert(ALERT, fires=True)
    assert text.startswith("gate-7 alert hot fires (critical): Too hot; hw.temperature")
    assert "91.25 Cel" in text
    assert text.endswith("no value; 3 more")
    assert text.isprintable()
    assert (
        text_alert(ALERT._replace(summary=""), fires=False) == "gate-7 alert hot is over: hw.temperature > 85"
    )


def test_the_printer_prints_alerts_of_the_devices_asked_for() -> None:
    out = io.StringIO()
    printer = Printer(out, "gate-*", lambda: 1000.0, json=True)
    printer.alerted(ALERT, True)
    printer.alerted(ALERT._replace(device="press-1"), True)
    printer.alerted(ALERT, False)
    assert [json.loads(line)["state"] for line in out.getvalue().splitlines()] == ["firing", "cleared"]
    assert printer.records == 0
    words = io.StringIO()
    Printer(words, "*", lambda: 1000.0, json=False).alerted(ALERT, True)
    assert words.getvalue() == text_alert(ALERT, fires=True) + "\n"


@pytest.mark.parametrize(("as_json", "lines"), [(True, 3), (False, 1)])
def test_a_capture_is_printed_as_one_and_never_as_windows(as_json: bool, lines: int) -> None:
    out = io.StringIO()
    Printer(out, "*", lambda: 0.0, json=as_json).applied("gate-7", Key(7, "samples", 0, 0), capture())
    said = out.getvalue().splitlines()
    assert len(said) == lines
    assert all(NAME in line for line in said)
    assert not any('"count"' in line or '"mean"' in line for line in said)


def test_words_of_a_capture_cannot_steer_a_terminal() -> None:
    (line,) = captures.text_lines("gate\x1b[2J", capture(rule="hot\x1b[2J", id="\x1b]0;x"))
    assert "\x1b" not in line
    assert list(captures.text_lines("gate", capture()._replace(events=()))) == [
        "gate samples that no capture tells of"
    ]


def test_samples_of_models_are_events_beside_a_capture_or_alone() -> None:
    alone = Content(events=modelled.samples(1000.0))
    found = [json.loads(line) for line in raw_lines("d", alone, json=True)]
    assert [each["event"] for each in found] == ["model.sample"] * 3
    assert found[0]["text"] == modelled.TEXT
    (first, *_) = raw_lines("d\x1b", alone, json=False)
    assert first == f"d\ufffd sample of iris: {modelled.TEXT}"
    both = capture()._replace(events=(*capture().events, *alone.events))
    heads = [json.loads(line) for line in raw_lines("d", both, json=True)]
    assert sum("event" in each for each in heads) == 3
    assert sum("samples" in each for each in heads) == len(list(raw_lines("d", capture(), json=True))) - 1
