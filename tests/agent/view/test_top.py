from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.ink import plain, span
from agent.view.top import Top, deepest, document, header, pressed, render
from tests.pictures import CASES, NOW, chosen, text_of

STATE = Top(NOW, "daemon 4711", chosen())


def after(*keys: str) -> Top:
    state = STATE
    for key in keys:
        found = pressed(state, key, NOW)
        assert found is not None
        state = found
    return state


@pytest.mark.parametrize("size", ["80x24", "50x14", "120x40", "200x60"])
def test_the_picture_is_as_kept(size: str) -> None:
    assert text_of(f"top-{size}") == (CASES / f"top-{size}.txt").read_text()


@given(st.integers(1, 200), st.integers(1, 60), st.integers(0, 200))
def test_it_fits_any_terminal(width: int, height: int, top: int) -> None:
    lines = render(STATE._replace(top=top), width, height)
    assert len(lines) == height
    assert max(map(span, lines)) <= width
    assert all(plain(each).isprintable() for each in lines)


def test_q_ends_but_is_a_letter_in_a_filter() -> None:
    assert pressed(STATE, "q", NOW) is None
    assert after("/", "q").wanted == "q"


def test_a_filter_shows_the_series_with_that_text() -> None:
    state = after("/", *"ethx", "erase", "enter")
    shown = "\n".join(plain(each) for each in document(state, 100))
    assert (state.wanted, state.typing) == ("eth", False)
    assert "io eth0 receive" in shown
    assert "load average" not in shown
    assert after("/", "e", "escape").wanted == after("/", "e", "enter", "escape").wanted == ""


def test_what_does_not_answer_stands_once_with_its_reason() -> None:
    shown = [plain(each) for each in document(STATE, 120)]
    assert sum("✗ failing thermal" in each for each in shown) == 1
    assert sum("○ absent  gpu_nvidia" in each for each in shown) == 1
    assert any("no NVIDIA driver" in each for each in shown)


def test_a_capture_that_is_under_way_stands_above_the_meters() -> None:
    told = "the flight recorder captures one\x1b[2J for 42 s more: command"
    shown = [plain(each) for each in document(STATE._replace(chosen=chosen()._replace(recording=told)), 120)]
    place = next(n for n, each in enumerate(shown) if each.startswith("◆ the flight recorder captures one"))
    assert "42 s more" in shown[place]
    assert all(each.isprintable() for each in shown)
    assert [*shown[:place], *shown[place + 1 :]] == [plain(each) for each in document(STATE, 120)]


def test_a_pause_is_said_with_its_age_and_goes_on() -> None:
    paused = after("p")
    assert "PAUSED for 5s" in plain(header(paused._replace(now=NOW + 5), 100))
    assert document(paused._replace(now=NOW + 5), 100) == document(paused, 100)
    assert after("p", "p").paused is None


def test_scrolling_goes_to_the_last_line() -> None:
    deep = deepest(STATE, 80, 24)
    last = plain(document(STATE, 80)[-1])
    assert plain(render(after("G")._replace(top=deep), 80, 24)[-2]) == last
    assert after("G", "g").top == after("k").top == 0
    assert after("j", "page down").top == 11
