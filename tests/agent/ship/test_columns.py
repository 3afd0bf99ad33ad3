from __future__ import annotations

from typing import Any

import pytest

from agent.ship.bits import BitWriter, Room
from agent.ship.columns import CODECS, read_block, write_block
from agent.ship.decimals import Decimals
from agent.ship.limits import WireError
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge
from collectors.api import Kind, Series

KINDS: dict[str, tuple[Kind, Any]] = {
    "g": ("gauge", Gauge(3, 6.0, 1.0, 3.0, 2.0)),
    "c": ("counter", Counter(3, 1234567.0, 5000.0, 0)),
    "h": ("histogram", Histogram.of([1.0, 2.0, -3.0, 0.0])),
    "t": ("top", Top({"a": 2, "b": 1}, 5)),
}
EXACT, CUT = None, Decimals(3)


def many(letter: str, count: int = 5) -> list[Series]:
    return [Series(f"m{i}", "1", KINDS[letter][0], ()) for i in range(count)]


def test_every_kind_has_a_codec() -> None:
    assert CODECS.keys() == KINDS.keys()


@pytest.mark.parametrize("letter", KINDS)
@pytest.mark.parametrize("decimals", [EXACT, CUT])
def test_only_the_series_of_this_frame_are_said(letter: str, decimals: Decimals | None) -> None:
    series, summary = many(letter), KINDS[letter][1]
    windows = {series[1]: summary, series[4]: summary}
    block = write_block(letter, series, windows, decimals, Room())
    found = read_block(letter, block, series, decimals, Room())
    assert [one for one, _ in found] == [series[1], series[4]]
    if letter in "ct" or decimals is EXACT:
        assert dict(found) == windows


@pytest.mark.parametrize("letter", KINDS)
def test_no_windows_make_no_block(letter: str) -> None:
    assert write_block(letter, many(letter), {}, CUT, Room()) is None


def test_a_summary_of_another_kind_is_refused() -> None:
    series = many("g")
    with pytest.raises(WireError, match="m0 is a gauge, not Counter"):
        write_block("g", series, {series[0]: Counter(1, 1.0, 1.0, 0)}, CUT, Room())


def block_of(*columns: list[int], count: int = 1, texts: str = "") -> list[Any]:
    out = BitWriter(Room())
    out.number(count)
    for column in columns:
        out.column(column)
    return [*out.done(), texts] if texts else [out.done()[0]]


@pytest.mark.parametrize(
    ("letter", "block", "reason"),
    [
        ("g", block_of(count=6), "range"),
        ("g", block_of(count=-1), "range"),
        ("g", block_of([6]), "range"),
        ("g", block_of([0]), "range"),
        ("g", block_of([1], [-1]), "range"),
        ("g", block_of([1], [2**60]), "range"),
        ("c", block_of([1], [1], [-2]), "range"),
        ("h", block_of([1], [6]), "range"),
        ("h", block_of([1], [5], [0], [0], [4097]), "range"),
        ("h", block_of([1], [5], [0], [0], [1], [2**31]), "range"),
        ("h", block_of([1], [5], [0], [0], [2], [2**31 - 1], [1], [1, 1]), "range"),
        ("h", block_of([1], [5], [0], [0], [2], [0], [0], [1, 1]), "range"),
        ("h", block_of([1], [5], [0], [0], [1], [0], [0]), "range"),
        ("h", block_of([1], [5], [0], [0], [2], [0], [1], [2**52, 2**52 + 1], [0]), "range"),
        ("t", block_of([1], [0], [2], [1, 1], texts="a\na"), "malformed"),
        ("t", block_of([1], [0], [2], [1, 1], texts="a"), "malformed"),
        ("t", block_of([1], [0], [1], [-1], texts="a"), "range"),
    ],
)
def test_columns_out_of_bounds_are_refused_with_a_reason(letter: str, block: list[Any], reason: str) -> None:
    with pytest.raises(WireError) as caught:
        read_block(letter, block, many(letter), CUT, Room())
    assert caught.value.reason == reason


def test_a_gauge_whose_extremes_are_crossed_is_refused_in_both_forms() -> None:
    series = many("g", 1)
    good = write_block("g", series, {series[0]: Gauge(1, 1.0, 1.0, 2.0, 1.0)}, EXACT, Room())
    assert good is not None
    doubles = bytearray(good[1])
    doubles[0::4], doubles[1::4] = doubles[1::4], doubles[0::4]
    with pytest.raises(WireError, match="smallest value is above its largest"):
        read_block("g", [good[0], bytes(doubles)], series, EXACT, Room())
    crossed = Gauge(1, 1.0, 2.0, 1.0, 1.0)
    for decimals in (EXACT, CUT):
        with pytest.raises(WireError, match="smallest value is above its largest"):
            write_block("g", series, {series[0]: crossed}, decimals, Room())


def test_a_thousand_values_of_a_histogram_stay_below_two_hundred_bytes() -> None:
    from random import Random

    random = Random(1)
    histogram = Histogram.of([random.lognormvariate(-4, 0.5) for _ in range(1000)])
    series = many("h", 1)
    block = write_block("h", series, {series[0]: histogram}, CUT, Room())
    assert block is not None
    assert len(block[0]) <= 200
