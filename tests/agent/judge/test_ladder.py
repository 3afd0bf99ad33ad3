from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.judge.ladder import EASY, Ladder, Pace

PACE = Pace(past=30.0, settle=60.0, calm=300.0, longest=4800.0)
LOOK = 10.0


def climbed(
    ladder: Ladder, values: Iterable[float | None], highest: int = 9, start: float = 0.0
) -> list[tuple[float, int]]:
    """When it moved, and where to: a look each 10 s."""
    moved = []
    for number, value in enumerate(values):
        now = start + LOOK * number
        if ladder.look(now, value, highest):
            moved.append((now, ladder.step))
    return moved


def after(ladder: Ladder, load: Callable[[int], float], seconds: float) -> list[tuple[float, int]]:
    """The same, where the value depends on the step."""
    times = (LOOK * number for number in range(int(seconds / LOOK)))
    return [(now, ladder.step) for now in times if ladder.look(now, load(ladder.step), 9)]


def test_a_step_comes_after_a_while_past_the_limit_and_the_next_one_when_it_has_settled() -> None:
    assert climbed(Ladder(1.0, PACE), [2.0] * 20) == [(30.0, 1), (90.0, 2), (150.0, 3)]


def test_a_spike_is_no_reason() -> None:
    assert climbed(Ladder(1.0, PACE), [2.0, 2.0, 2.0, 1.0] * 50) == []


def test_it_comes_down_a_step_at_a_time_after_long_calm() -> None:
    ladder = Ladder(1.0, PACE)
    climbed(ladder, [2.0] * 11)
    assert climbed(ladder, [0.1] * 90, start=110.0) == [(410.0, 1), (710.0, 0)]


def test_between_the_bounds_nothing_moves() -> None:
    ladder = Ladder(1.0, PACE)
    climbed(ladder, [2.0] * 5)
    assert climbed(ladder, [EASY, 1.0, 0.9] * 100, start=50.0) == []
    assert ladder.step == 1


def test_what_cannot_be_read_moves_nothing_and_is_no_calm() -> None:
    ladder = Ladder(1.0, PACE)
    assert climbed(ladder, [2.0, 2.0, None] * 50) == []
    climbed(ladder, [2.0] * 5)
    assert climbed(ladder, [0.1, 0.1, None] * 100, start=50.0) == []


def test_it_never_goes_above_the_highest_step() -> None:
    assert climbed(Ladder(1.0, PACE), [2.0] * 100, highest=2) == [(30.0, 1), (90.0, 2)]
    assert climbed(Ladder(1.0, PACE), [2.0] * 100, highest=0) == []


def test_a_load_that_only_the_higher_step_can_hold_is_tried_ever_more_seldom() -> None:
    ladder = Ladder(1.0, PACE)
    moves = after(ladder, lambda step: 0.5 if step else 2.0, 86_400.0)
    down = [at for at, step in moves if step == 0]
    waits = [later - earlier for earlier, later in pairwise(down)]
    assert waits[0] < 800
    assert all(later >= earlier for earlier, later in pairwise(waits))
    assert waits[-1] > PACE.longest
    assert len(moves) < 50, "a day of flapping"


def test_after_a_long_time_of_health_the_calm_is_short_again() -> None:
    ladder = Ladder(1.0, PACE)
    after(ladder, lambda step: 0.5 if step else 2.0, 7200.0)
    assert ladder.calm > PACE.calm
    climbed(ladder, [0.1] * 1000, start=7200.0)
    assert ladder.step == 0
    climbed(ladder, [2.0] * 5, start=30_000.0)
    assert ladder.calm == PACE.calm


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0.0, 3.0)), max_size=400))
def test_whatever_comes_each_move_is_one_step_with_its_reason(values: list[float | None]) -> None:
    ladder, last = Ladder(1.0, PACE), -1e9
    for number, value in enumerate(values):
        before = ladder.step
        moved = ladder.look(LOOK * number, value, 5)
        assert ladder.step == before + moved
        assert 0 <= ladder.step <= 5
        if moved:
            assert value is not None
            assert value > 1.0 if moved > 0 else value < EASY
            assert LOOK * number - last >= 30.0
            last = LOOK * number
