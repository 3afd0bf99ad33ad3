from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import example as given_example
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ship import limits
from agent.ship.body import WireError, decode_body, encode_body, pack, unpack
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series
from tests.contents import BOOT, contents, example
from tests.golden import CASES, plain

SPAN = Span(BOOT, 10.0, 70.0, 60.0, 1.7e9, "synchronised")


FLAT = Gauge(1, 1.0, 1.0, 1.0, 1.0)


def one(summary: Summary, kind: Any = "gauge") -> Content:
    return Content((Frame(SPAN, {Series("m", "1", kind, ()): summary}),))


def back(summary: Summary, kind: Any = "gauge", digits: int | None = 3) -> Any:
    frame = decode_body(encode_body(one(summary, kind), digits)).frames[0]
    return next(iter(frame.windows.values()))


def spoken(content: Content) -> Content:
    """The content as UTF-8 carries it: what stands for undecodable bytes is spelled out."""

    def say(value: Any) -> Any:
        if isinstance(value, str):
            return value.encode("utf-8", "backslashreplace").decode()
        if isinstance(value, dict):
            return {say(k): say(v) for k, v in value.items()}
        if isinstance(value, tuple):
            found = tuple(say(v) for v in value)
            return type(value)(*found) if hasattr(value, "_fields") else found
        return value

    said: Content = say(content)
    return said


@given(contents)
@given_example(example())
def test_without_digits_a_body_comes_back_exactly(content: Content) -> None:
    assert decode_body(encode_body(content, None)) == spoken(content)


@given(contents)
def test_the_order_of_series_does_not_change_the_bytes(content: Content) -> None:
    turned = Content(
        tuple(Frame(f.span, dict(reversed(list(f.windows.items())))) for f in content.frames),
        content.events,
        content.dropped,
    )
    assert encode_body(turned, 3) == encode_body(content, 3)


def near(found: float, true: float, by: float = 0.005) -> bool:
    return math.isclose(found, true, rel_tol=by * 1.0001, abs_tol=1e-320)


@given(contents)
@given_example(example())
def test_with_three_digits_all_is_within_half_a_percent_and_counts_are_exact(content: Content) -> None:
    content = spoken(content)
    found = decode_body(encode_body(content, 3))
    assert found.dropped == content.dropped
    for frame, true in zip(found.frames, content.frames, strict=True):
        assert same_times(frame.span, true.span)
        assert frame.windows.keys() == true.windows.keys()
        for series, summary in true.windows.items():
            check(frame.windows[series], summary)


def same_times(found: Span, true: Span) -> bool:
    times = zip(found[1:5], true[1:5], strict=True)
    return found.boot == true.boot and all(math.isclose(a, b, abs_tol=0.0011) for a, b in times)


def ulps(value: float) -> float:
    return 2 * math.ulp(value)


def check(found: Any, true: Any) -> None:
    if isinstance(true, Gauge):
        assert found.count == true.count
        mean = max(true.low, min(true.high, true.total / true.count))
        assert near(found.total / found.count, mean)
        assert all(near(a, b) for a, b in zip(found[2:], true[2:], strict=True))
        assert found.low - ulps(found.low) <= found.total / found.count <= found.high + ulps(found.high)
        assert found.low <= found.last <= found.high
    elif isinstance(true, Counter):
        assert (found.count, found.resets) == (true.count, true.resets)
        whole = true.delta < 2**53 and true.delta.is_integer()
        assert found.delta == true.delta if whole else near(found.delta, true.delta)
        assert near(found.rate, true.rate)
    elif hasattr(true, "scale"):
        assert found._replace(total=0.0, low=0.0, high=0.0) == true._replace(total=0.0, low=0.0, high=0.0)
        assert near(found.low, true.low)
        assert near(found.high, true.high)
        if true.count:
            assert near(found.total / true.count, max(true.low, min(true.high, true.total / true.count)))
    else:
        assert found == true


@pytest.mark.parametrize("digits", [1, 2, 3, 6, 15])
@pytest.mark.parametrize("value", [1e-300, 0.1, 123456.0, -0.07, 1.7e308, -1.7976931348623157e308, 5e-324])
def test_digits_are_kept_as_many_as_asked_for(value: float, digits: int) -> None:
    found = back(Gauge(1, value, value, value, value), digits=digits)
    step = 0.5 * 10.0 ** (1 - digits)
    assert near(found.last, value, step * 1.01) or abs(value) > 1.7e308


def test_a_gauge_around_zero_keeps_signs_and_order() -> None:
    found = back(Gauge(4, 0.2, -3.14159, 2.71828, 0.0))
    assert (found.low, found.high, found.last) == (-3.14, 2.72, 0.0)
    assert found.total == pytest.approx(0.2)


def test_a_sum_that_rounding_carried_past_the_extremes_is_no_fault() -> None:
    found = back(Gauge(3, 0.1 + 0.1 + 0.1, 0.1, 0.1, 0.1))
    assert found == Gauge(3, 0.1 * 3, 0.1, 0.1, 0.1)


def test_times_are_cut_to_milliseconds_and_neighbours_still_meet() -> None:
    first = Frame(SPAN._replace(start=1.0004, end=2.00049), {})
    second = Frame(SPAN._replace(start=2.00049, end=3.1), {})
    found = decode_body(encode_body(Content((first, second)), 3)).frames
    assert [(f.span.start, f.span.end) for f in found] == [(1.0, 2.0), (2.0, 3.1)]


def test_nothing_makes_an_empty_body() -> None:
    assert decode_body(encode_body(Content(), 3)) == Content()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (one(Gauge(1, math.nan, 0.0, 0.0, 0.0)), "range"),
        (one(Gauge(1, 1.0, 1.0, 1.0, math.inf)), "range"),
        (one(Gauge(1, 1.0, 2.0, 1.0, 1.0)), "range"),
        (one(Counter(1, math.nan, 1.0, 0)), "type"),
        (one(Counter(1, math.nan, 1.0, 0), "counter"), "range"),
        (Content(events=(Event(BOOT, 0.0, 0.0, "e", (), "x" * 1025),)), "too_large"),
        (Content(events=(Event(BOOT, 0.0, 0.0, "e", (), ""),) * 1001), "too_large"),
        (Content((Frame(SPAN, {Series("é" * 513, "1", "gauge", ()): FLAT}),)), "too_large"),
        (Content((Frame(SPAN, {Series("m", "1", "gauge", (("k", "v"),) * 2): FLAT}),)), "range"),
        (Content((Frame(SPAN._replace(end=9.0), {}),)), "range"),
        (Content((Frame(SPAN._replace(offset=math.nan), {}),)), "range"),
        (Content((Frame(SPAN._replace(end=1.7e308), {}),)), "range"),
        (Content(events=(Event(BOOT, 0.0, -1e13, "e", (), ""),)), "range"),
        (Content(dropped=-1), "range"),
        (one(Gauge(-1, 1.0, 1.0, 1.0, 1.0)), "range"),
        (one(Counter(1, 1.0, 1.0, 2**60), "counter"), "range"),
        (one(Histogram(count=5), "histogram"), "range"),
        (one(Histogram.of([1.0])._replace(positive={2**31: 1}), "histogram"), "range"),
        (one(Histogram.of([1.0])._replace(scale=6), "histogram"), "range"),
        (one(Top({"a": -1}), "top"), "range"),
        (Content((Frame(SPAN, {}),) * 4097), "too_large"),
    ],
)
@pytest.mark.parametrize("digits", [None, 3])
def test_what_no_reader_would_take_is_not_written(content: Content, reason: str, digits: int | None) -> None:
    with pytest.raises(WireError) as caught:
        encode_body(content, digits)
    assert caught.value.reason == reason


def test_more_windows_than_a_reader_takes_are_refused_at_once() -> None:
    series = {Series("m", "1", "gauge", (("i", str(i)),)): Gauge(1, 1.0, 1.0, 1.0, 1.0) for i in range(5000)}
    content = Content((Frame(SPAN, series),) * 14)
    with pytest.raises(WireError, match="numbers in a body") as caught:
        encode_body(content, 3)
    assert caught.value.reason == "too_large"


def fields_of(content: Content, digits: int | None = 3) -> dict[str, Any]:
    fields: dict[str, Any] = msgpack.unpackb(encode_body(content, digits))
    return fields


def refused(fields: dict[str, Any]) -> str:
    with pytest.raises(WireError) as caught:
        decode_body(msgpack.packb(fields))
    return caught.value.reason


def test_a_newer_minor_version_is_read_past_what_it_added() -> None:
    fields = fields_of(example())
    fields["v"] = [1, 7, "rc"]
    fields["new"] = {"a": [1, 2]}
    fields["t"]["new"] = 1
    fields["t"]["k"].append(["sketch", 1])
    fields["t"]["n"] += "\nmodel.sketch"
    fields["f"][0]["sketch"] = [b"\x01", 5]
    fields["f"][0]["s"].append("more")
    fields["f"][0]["g"] += [b"", "", 5]
    fields["e"][0].append("more")
    assert refused(fields) == "malformed"  # a metric needs its unit and shape, which are bits
    fields["t"]["k"].pop()
    fields["t"]["n"] = fields["t"]["n"].rpartition("\n")[0]
    assert decode_body(msgpack.packb(fields)) == decode_body(encode_body(example(), 3))


def test_series_of_a_kind_that_a_newer_minor_version_added_are_left_out() -> None:
    fields = fields_of(example())
    assert fields["t"]["k"][-1][0] == "t"
    fields["t"]["k"][-1][0] = "sketch"
    for frame in fields["f"]:
        frame["sketch"] = frame.pop("t")
    found = decode_body(msgpack.packb(fields))
    kinds = {series.kind for frame in found.frames for series in frame.windows}
    assert kinds == {"gauge", "counter", "histogram"}


@pytest.mark.parametrize("version", [[2, 0], [0, 1], [], None, 1, "1", [True]])
def test_another_major_version_is_refused(version: Any) -> None:
    assert refused({**fields_of(example()), "v": version}) == "version"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"q": 16}, "range"),
        ({"q": 0}, "range"),
        ({"t": []}, "type"),
        ({"f": [1]}, "type"),
        ({"x": -1}, "range"),
        ({"x": 1.5}, "type"),
        ({"u": [b"12345678901234567"]}, "too_large"),
        ({"u": []}, "range"),
        ({"e": [[0, 0, 0, "n", ["k"], ""]]}, "malformed"),
        ({"e": [[0, 0, 0, "n", [], "x" * 1025]]}, "too_large"),
        ({"e": [[0, 0, 0, "n", ["k", "v"] * 33, ""]]}, "too_large"),
        ({"e": [[0]] * 1001}, "too_large"),
        ({"f": [{"s": [0, 10, -1, 0, 0, 0]}]}, "range"),
        ({"f": [{"s": [0, 10, 1, 0, 0, 3]}]}, "range"),
        ({"f": [{"s": [0, 10, 1, 0, 2**60, 0]}]}, "range"),
        ({"f": [{"s": [0, 10]}]}, "malformed"),
        ({"f": [{"s": [0, 10, 1, 0, 0, 0], "g": []}]}, "malformed"),
        ({"f": [{"s": [0, 10, 1, 0, 0, 0], "g": [b""]}]}, "malformed"),
        ({"f": [{"s": [0, 10, 1, 0, 0, 0], "g": ["text"]}]}, "type"),
    ],
)
def test_a_field_out_of_bounds_is_refused_with_a_reason(change: dict[str, Any], reason: str) -> None:
    assert refused({**fields_of(example()), **change}) == reason


def test_a_table_that_names_a_series_twice_is_refused() -> None:
    series = [Series("a", "1", "gauge", ()), Series("b", "1", "gauge", ())]
    fields = fields_of(Content((Frame(SPAN, dict.fromkeys(series, Gauge(1, 1.0, 1.0, 1.0, 1.0))),)))
    fields["t"]["n"] = "a\na"
    assert refused(fields) == "malformed"


def outcome(data: bytes) -> str:
    try:
        decode_body(data)
    except WireError as error:
        return error.reason
    return "range"


@settings(max_examples=300)
@given(st.data())
def test_no_change_of_bytes_does_worse_than_a_refusal(data: st.DataObject) -> None:
    good = bytearray(encode_body(example(), data.draw(st.sampled_from([None, 3]))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(good) - 1))
        good[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        if not good:
            break
    assert outcome(bytes(good)) in limits.REASONS


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_body(data)


def test_a_body_packs_and_unpacks() -> None:
    body = encode_body(example(), None)
    assert unpack(pack(body)) == body
    assert len(pack(body)) < len(body)


@pytest.mark.parametrize("name", ["v1-body-exact", "v1-body-3"])
def test_bodies_of_version_1_are_read_for_ever(name: str) -> None:
    body = unpack((CASES / f"{name}.bin").read_bytes())
    assert plain(decode_body(body)) == json.loads(Path(CASES / f"{name}.json").read_text())
