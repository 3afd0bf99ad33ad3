"""A sheet gives ticks back: exactly where all is exact, else as near as frames do, in fewer bytes."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship import limits
from agent.ship.bits import BitWriter, Room
from agent.ship.body import decode_body, encode_body, pack
from agent.ship.decimals import Decimals
from agent.ship.limits import WireError
from agent.ship.sheet import is_sheet, read_sheet, write_sheet
from agent.stats.frame import Content, Frame, Span
from agent.stats.histogram import Histogram, held
from agent.stats.window import Counter, Gauge, Summary
from collectors.api import Series
from tests.contents import BOOT

HEAT = Series("hw.temperature", "Cel", "gauge", ())
LOAD = Series("system.cpu.utilization", "1", "gauge", (("cpu.mode", "user"),))
BYTES = Series("system.network.io", "By", "counter", ())
TIME = Series("outrider.cpu.time", "s", "counter", ())
TABLE = {"g": [HEAT, LOAD], "c": [TIME, BYTES]}
SERIES = (HEAT, LOAD, BYTES, TIME)


def summary(series: Series, value: float, length: float) -> Summary:
    if series.kind == "gauge":
        return Gauge(1, value, value, value, value)
    return Counter(1, abs(value), held(abs(value) / length), 0)


def tick(start: float, end: float, values: dict[Series, float], offset: float = 1.7e9) -> Frame:
    span = Span(BOOT, start, end, end - start, offset, "synchronised")
    return Frame(span, {series: summary(series, value, end - start) for series, value in values.items()})


def walk(frames: int, values: Any) -> tuple[Frame, ...]:
    times = [100.0 + 1.0003 * n for n in range(frames + 1)]
    return tuple(tick(a, b, values(n)) for n, (a, b) in enumerate(pairwise(times)))


numbers = st.floats(-1e12, 1e12) | st.integers(-1000, 1000).map(float) | st.sampled_from([0.0, 1e-300, 5.5])
ticks = st.lists(st.dictionaries(st.sampled_from(SERIES), numbers, max_size=4), min_size=2, max_size=12).map(
    lambda found: walk(len(found), found.__getitem__)
)


@given(ticks)
def test_exact_ticks_come_back_exactly(frames: tuple[Frame, ...]) -> None:
    assert is_sheet(frames)
    assert decode_body(encode_body(Content(frames), None)).frames == frames


@given(ticks)
def test_cut_ticks_are_within_half_a_percent_and_whole_increases_exact(frames: tuple[Frame, ...]) -> None:
    found = decode_body(encode_body(Content(frames), 3)).frames
    for cut, true in zip(found, frames, strict=True):
        assert cut.windows.keys() == true.windows.keys()
        assert abs(cut.span.end - true.span.end) <= 0.0006
        assert cut.span.covered == cut.span.end - cut.span.start
        for series, one in true.windows.items():
            near(cut.windows[series], one)


def near(cut: Any, true: Any) -> None:
    if isinstance(true, Gauge):
        assert math.isclose(cut.last, true.last, rel_tol=0.00501)
        assert cut == Gauge(1, cut.last, cut.last, cut.last, cut.last)
    else:
        assert cut.delta == true.delta or not true.delta.is_integer()
        assert math.isclose(cut.delta, true.delta, rel_tol=0.00501)
        assert math.isclose(cut.rate, true.rate, rel_tol=0.007, abs_tol=1e-300)


@given(ticks)
def test_the_order_of_series_in_a_frame_does_not_change_the_bytes(frames: tuple[Frame, ...]) -> None:
    turned = tuple(frame._replace(windows=dict(reversed(list(frame.windows.items())))) for frame in frames)
    assert encode_body(Content(turned), 3) == encode_body(Content(frames), 3)


def changed(frames: tuple[Frame, ...], **span: Any) -> tuple[Frame, ...]:
    last = frames[-1]
    return (*frames[:-1], last._replace(span=last.span._replace(**span)))


PLAIN = walk(3, lambda n: {HEAT: 50.0 + n, BYTES: 100.0})


@pytest.mark.parametrize(
    "frames",
    [
        PLAIN[:1],
        changed(PLAIN, offset=1.0),
        changed(PLAIN, boot="another"),
        changed(PLAIN, quality="unknown"),
        changed(PLAIN, covered=0.5),
        (*PLAIN, Frame(PLAIN[0].span, {HEAT: Gauge(2, 3.0, 1.0, 2.0, 2.0)})),
        (*PLAIN, Frame(PLAIN[0].span, {BYTES: Counter(1, 5.0, 9.0, 0)})),
        (*PLAIN, Frame(PLAIN[0].span, {BYTES: Counter(1, 5.0, 5.0 / PLAIN[0].span.covered, 1)})),
        (*PLAIN, Frame(PLAIN[0].span, {HEAT._replace(kind="histogram"): Histogram.of([1.0])})),
    ],
)
def test_what_is_no_tick_goes_as_frames_and_comes_back(frames: tuple[Frame, ...]) -> None:
    assert not is_sheet(frames)
    assert decode_body(encode_body(Content(frames), None)).frames == frames


def test_a_capture_of_a_quiet_host_takes_a_third_of_the_bytes_that_frames_take() -> None:
    random = Random(1)
    level = {Series(f"m{n}", "1", "gauge", ()): random.uniform(1, 100) for n in range(120)}

    def drift(_: int) -> dict[Series, float]:
        for series in list(level)[:30]:
            level[series] += random.gauss(0, 0.5)
        return dict(level)

    frames = walk(180, drift)
    sheet = pack(encode_body(Content(frames), 3))
    apart = sum(len(pack(encode_body(Content((frame,)), 3))) for frame in frames)
    # One window that is no tick, and all of them are written frame by frame.
    framed = pack(encode_body(Content(changed(frames, covered=0.5)), 3))
    told = f"{len(sheet)} bytes as a sheet, {len(framed)} as frames, {apart} one by one"
    assert 3 * len(sheet) < len(framed) < apart, told


def test_a_sheet_holds_no_more_windows_than_frames_do() -> None:
    values = dict.fromkeys([Series(f"m{n}", "1", "gauge", ()) for n in range(300)], 1.0)
    decode_body(encode_body(Content(walk(170, lambda _: values)), 3))
    with pytest.raises(WireError, match="more than 262144 numbers"):
        encode_body(Content(walk(180, lambda _: values)), 3)


def sheet_of(*columns: list[int], count: int = 2) -> list[Any]:
    out = BitWriter(Room())
    out.number(count)
    for column in columns:
        out.column(column)
    return [out.done()[0]]


# Ends 1 s and 2 s, a second long each; one series, in both frames.
TIMES: list[list[int]] = [[1000], [1000], [1000, 1000]]
BOTH: list[list[int]] = [[0], [2], [1, 1]]
ONE = {"c": [BYTES]}


def test_a_sheet_by_hand() -> None:
    block = sheet_of(*TIMES, *BOTH, [1], [0], [7, 8])
    found = read_sheet(block, ONE, Decimals(3), Room())
    assert found == [
        (0.0, 1.0, {BYTES: Counter(1, 7.0, 7.0, 0)}),
        (1.0, 2.0, {BYTES: Counter(1, 8.0, 8.0, 0)}),
    ]
    stepped = sheet_of(*TIMES, *BOTH, [1], [1], [7], [1])
    assert read_sheet(stepped, ONE, Decimals(3), Room()) == found


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ([], "malformed"),
        (["text"], "type"),
        (sheet_of(count=0), "range"),
        (sheet_of(count=limits.FRAMES + 1), "range"),
        (sheet_of([1000], [-1000], [1000, 0]), "range"),
        (sheet_of([2**60], [0], [1, 1]), "range"),
        (sheet_of(*TIMES, [1], [2], [1, 1]), "range"),
        (sheet_of(*TIMES, [0], [3], [1, 1, 1]), "range"),
        (sheet_of(*TIMES, [0], [2], [1, 2]), "range"),
        (sheet_of(*TIMES, [0], [2], [1, 0]), "range"),
        (sheet_of(*TIMES, *BOTH, [1], [0], [2**54, 0]), "range"),
        (sheet_of(*TIMES, *BOTH, [1], [1], [2**53], [1]), "range"),
        (sheet_of(*TIMES, *BOTH, [0], [0], [2**60, 0]), "range"),
        (sheet_of(*TIMES, *BOTH, [1]), "malformed"),
    ],
)
def test_a_sheet_that_is_none_is_refused(block: list[Any], reason: str) -> None:
    with pytest.raises(WireError) as caught:
        read_sheet(block, ONE, Decimals(3), Room())
    assert caught.value.reason == reason


def test_a_tick_shorter_than_a_millisecond_keeps_a_length() -> None:
    frames = (tick(1.0, 1.0001, {BYTES: 5.0}), tick(1.0001, 2.0, {BYTES: 5.0}))
    short, _ = decode_body(encode_body(Content(frames), 3)).frames
    assert short.span.covered == pytest.approx(0.001)


def test_without_any_window_the_ticks_are_still_there() -> None:
    frames = walk(4, lambda _: {})
    assert (
        decode_body(encode_body(Content(frames), 3)).frames
        == decode_body(encode_body(Content(frames), 6)).frames
    )
    assert len(read_sheet(list(write_sheet(frames, {}, None, Room())), {}, None, Room())) == 4
