from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from agent.ship import plain
from agent.ship.limits import WireError
from agent.ship.plain import json_messages, parse_status, status_json
from agent.ship.records import Key
from agent.stats.frame import Content, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.window import Counter, Gauge
from collectors.api import Series
from tests.captures import capture
from tests.contents import BOOT, EPOCH, contents, example

KEY = Key(EPOCH, "windows", 4, 7)
SESSION = (EPOCH, 3)
README = Path(plain.__file__).with_name("README.md")


def texts(content: Content, digits: int | None = 3) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    sent = list(json_messages("gate-7", KEY, content, digits))
    return [json.loads(text, parse_constant=refuse) for text in sent]


def test_a_record_reads_as_a_list_of_windows_with_wall_times() -> None:
    (text,) = texts(example())
    assert {key: text[key] for key in ("device", "stream", "first", "last", "part", "dropped")} == {
        "device": "gate-7", "stream": "windows", "first": 4, "last": 7, "part": [1, 1], "dropped": 3,
    }  # fmt: skip
    window = next(w for w in text["windows"] if w["attributes"] == {"cpu.mode": "user"})
    assert window == {
        "metric": "system.cpu.utilization", "attributes": {"cpu.mode": "user"}, "unit": "1", "kind": "gauge",
        "start": 1700003600.0, "end": 1700003630.5, "covered": 30.25, "quality": "unsynchronised",
        "count": 60, "mean": 0.208, "min": 0, "max": 0.75, "last": 0.25,
    }  # fmt: skip
    assert text["events"][0]["name"] == "outrider.clock.step"


def test_whole_numbers_are_exact_and_quantiles_are_there() -> None:
    (text,) = texts(example())
    by_name = {window["metric"]: window for window in text["windows"]}
    assert by_name["system.network.io"]["delta"] == 123456789
    assert by_name["system.disk.io_time"]["delta"] == 1.23
    assert by_name["model.errors"]["top"] == {"timeout": 3, "out of\nmemory": 1}
    assert by_name["model.inference.duration"]["p50"] == pytest.approx(0.011, rel=0.02)
    assert by_name["model.inference.duration"]["nonfinite"] == 1


@pytest.mark.parametrize(
    ("counter", "covered", "rate", "peak"),
    [
        (Counter(3, 60.0, 4.0, 0), 30.0, 2, 4),
        (Counter(1, 600.0, 4.0, 0), 30.0, 4, 4),
        (Counter(3, 60.0, 4.0, 0), 0.0, None, 4),
        (Counter(0, 0.0, 0.0, 0), 30.0, None, None),
    ],
)
def test_a_counter_has_its_mean_rate_and_its_highest(
    counter: Counter, covered: float, rate: float | None, peak: float | None
) -> None:
    series = Series("system.network.io", "By", "counter", ())
    frame = Frame(Span(BOOT, 0.0, 30.0, covered, 1.7e9, "synchronised"), {series: counter})
    (window,) = texts(Content((frame,)))[0]["windows"]
    assert (window["rate"], window["peak"]) == (rate, peak)


@given(contents)
def test_any_content_is_valid_json_without_nan(content: Content) -> None:
    found = texts(content)
    windows = [window for text in found for window in text["windows"]]
    assert len(windows) == sum(len(frame.windows) for frame in content.frames)
    assert sum(len(text["events"]) for text in found) == len(content.events)


def test_a_long_record_becomes_several_texts_that_stand_alone() -> None:
    series = [Series("m", "1", "gauge", (("i", str(i)),)) for i in range(2000)]
    span = Span(BOOT, 0.0, 60.0, 60.0, 1.7e9, "synchronised")
    content = Content((Frame(span, dict.fromkeys(series, Gauge(1, 1.0, 1.0, 1.0, 1.0))),))
    sent = list(json_messages("gate-7", KEY, content))
    assert max(map(len, sent)) < 70_000
    found = [json.loads(text) for text in sent]
    assert [text["part"] for text in found] == [[n, len(sent)] for n in range(1, len(sent) + 1)]
    seen = [window["attributes"]["i"] for text in found for window in text["windows"]]
    assert sorted(seen, key=int) == [str(i) for i in range(2000)]


def test_an_empty_histogram_has_no_extremes_and_no_quantiles() -> None:
    series = Series("m", "s", "histogram", ())
    content = Content((Frame(Span(BOOT, 0.0, 1.0, 1.0, 0.0, "unknown"), {series: Histogram()}),))
    window = texts(content)[0]["windows"][0]
    assert [window[key] for key in ("count", "min", "max", "p50", "p99")] == [0, None, None, None, None]


def test_a_number_that_json_cannot_say_is_refused() -> None:
    series = Series("m", "1", "counter", ())
    frame = Frame(Span(BOOT, 0.0, 1.0, 1.0, 0.0, "unknown"), {series: Counter(1, 1.0, float("inf"), 0)})
    for digits in (None, 3):
        with pytest.raises(WireError) as caught:
            texts(Content((frame,)), digits)
        assert caught.value.reason == "range"


def test_a_status_says_who_since_when_and_why() -> None:
    payload = status_json("gate-7", SESSION, "degraded", ["store_full"], 1.7e9 + 0.1234)
    assert payload.startswith(b'{"v":[1,1],"device":"gate-7","state":"degraded"')
    assert parse_status(payload) == {
        "v": [1, 1], "device": "gate-7", "state": "degraded", "session": [EPOCH, 3],
        "reasons": ["store_full"], "at": 1700000000.123,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "json"),
        (b"[" * 100_000, "too_large"),
        (b"[" * 50_000, "json"),
        (b'{"v":[1,0],"at":NaN}', "json"),
        (b'"online"', "type"),
        (b'{"v":[2,0]}', "version"),
        (b'{"v":[1,0]}', "type"),
        (b'{"v":[1,0],"device":"a/b"}', "name"),
        (b'{"v":[1,0],"device":"a","state":"asleep"}', "range"),
        (b'{"v":[1,0],"device":"a","state":"online"}', "type"),
        (b'{"v":[1,0],"device":"a","state":"online","session":[-1,0]}', "range"),
        (b'{"v":[1,0],"device":"a","state":"online","session":[1.5,0]}', "type"),
        (b"\xff\xfe", "json"),
    ],
)
def test_a_status_that_is_none_is_refused_with_a_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_status(payload)
    assert caught.value.reason == reason


def keys_of(value: Any) -> set[str]:
    """The keys of our own objects; those of `attributes` and `top` are the user's."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    inner = [keys_of(each) for key, each in value.items() if key not in ("attributes", "top")]
    return set(value).union(*inner)


def test_every_key_of_the_json_is_in_the_readme() -> None:
    found = keys_of(texts(example())) | keys_of(json.loads(status_json("gate-7", SESSION, "online", [], 0.0)))
    written = set(re.findall(r"`([a-z0-9_]+)`", README.read_text()))
    assert found <= written


def test_a_capture_is_samples_and_no_windows() -> None:
    texts = [json.loads(text) for text in json_messages("d", Key(1, "samples", 4, 4), capture())]
    (text,) = texts
    assert "windows" not in text
    assert [(each["metric"], len(each["samples"])) for each in text["samples"]] == [
        ("hw.temperature", 181), ("system.network.io", 181),
    ]  # fmt: skip
    assert text["samples"][0]["samples"][119:121] == [[1_699_999_999.0, 50], [1_700_000_000.0, 90]]
    assert {value for _, value in text["samples"][1]["samples"]} == {1000}
    assert [event["name"] for event in text["events"]] == ["recorder.capture"]


def test_a_long_capture_is_several_objects_a_series() -> None:
    many = capture()._replace(frames=capture().frames * 12)
    texts = [json.loads(text) for text in json_messages("d", Key(1, "samples", 4, 4), many)]
    counts = [len(each["samples"]) for text in texts for each in text["samples"]]
    assert (max(counts), sum(counts)) == (1000, 2 * 12 * 181)


@pytest.mark.parametrize(
    "more",
    [
        {"state": "resting"},
        {"until": "soon"},
        {"every": -1.0},
        {"until": 1e300},
        {"budget": 5},
        {"budget": {"limit": 1}},
        {"budget": {"limit": 1, "per": 1, "spent": "x", "left": 1, "grain": 1}},
    ],
)
def test_what_a_status_says_of_its_budget_is_not_trusted(more: dict[str, object]) -> None:
    sound = {"v": [1, 0], "device": "d", "state": "online", "session": [1, 1], "reasons": [], "at": 1.0}
    account = {"limit": 9, "per": 1.5, "spent": 2, "left": 7, "grain": 4}
    resting = {**sound, "state": "resting", "until": 9.0, "budget": account}
    assert parse_status(json.dumps(resting).encode())["budget"] == account
    with pytest.raises(WireError):
        parse_status(json.dumps({**sound, **more}).encode())
