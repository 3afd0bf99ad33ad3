from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.captures import Shots
from agent.view.gaps import Gap
from agent.view.ink import plain, span
from agent.view.scene import Track
from agent.view.seriespage import capture, page
from collectors.api import Series
from tests.captures import BYTES
from tests.captures import HEAT as MEASURED
from tests.captures import capture as capture_of
from tests.pictures import CASES, ERRORS, HEAT, LATENCY, NOW, RECEIVED, text_of, track

TRACKS = {each.name: track(each) for each in (HEAT, RECEIVED, LATENCY, ERRORS)}


@pytest.mark.parametrize("size", ["80x24", "50x14", "120x40", "200x60"])
@pytest.mark.parametrize("kind", ["gauge", "counter", "histogram", "top-values"])
def test_the_page_is_as_kept(kind: str, size: str) -> None:
    assert text_of(f"{kind}-{size}") == (CASES / f"{kind}-{size}.txt").read_text()


@given(st.sampled_from(sorted(TRACKS)), st.integers(30, 200), st.integers(4, 60))
def test_it_fits_any_terminal(name: str, width: int, height: int) -> None:
    lines = page(TRACKS[name], width, height)
    assert len(lines) == height
    assert max(map(span, lines)) <= width
    assert all(plain(each).isprintable() for each in lines)


def text(name: str) -> str:
    return "\n".join(plain(each) for each in page(TRACKS[name], 120, 40))


def test_a_gap_has_its_reason_in_full_and_a_line_in_the_table() -> None:
    shown = text("hw.temperature")
    assert "20m  no data: collector thermal failing: OSError: [Errno 5] Input/output error" in shown
    assert "21:54:00  · 20m: collector" in shown


def test_a_window_that_stands_for_several_says_so_in_the_table() -> None:
    row, held, known, *_ = TRACKS["hw.temperature"]
    coarse = Gap(held[-2].start, held[-2].end, "made coarser (age, by store)")
    lines = page(Track(row, held, known, (coarse,)), 120, 40)
    assert [text for each in lines if "  = 1m: made coarser" in (text := plain(each))]


def test_values_have_unit_and_age() -> None:
    shown = text("hw.temperature")
    assert "now 69°C" in shown
    assert "◐ 20m ago" in shown
    assert "a window each 60s" in shown


@pytest.mark.parametrize(("series", "title"), [(MEASURED, "VALUE"), (BYTES, "RATE")])
def test_a_capture_shows_each_poll_once(series: Series, title: str) -> None:
    made = Shots(series)
    made.add(capture_of())
    (shot,) = made.newest
    assert shot.row is not None
    shown = "\n".join(plain(each) for each in capture(shot, shot.row, NOW, 100, 200))
    assert "  a poll each 1s" in shown
    assert [word for word in ("MEAN", "MIN", "MAX", "PEAK", "VALUE", "RATE") if word in shown] == [title]
    assert not any(f"  {word} " in shown.split("┤")[0] for word in ("mean", "min", "max", "peak"))


def test_quantiles_and_top_values_of_the_latest_window_are_bars() -> None:
    assert "p99.9" in text("gen_ai.server.request.duration")
    assert "latest window: 100 values" in text("gen_ai.server.request.duration")
    assert "timeout" in text("model.errors")


def test_a_series_without_windows_says_so() -> None:
    bare = Track(TRACKS["hw.temperature"].row, ())
    assert "no window yet" in "\n".join(plain(each) for each in page(bare, 80, 24))
