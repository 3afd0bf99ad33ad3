"""A reference by itself: when a window ends, what cannot be added, what is stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from agent.logs.models.reference import FEATURES, LEAST, SAVED_EVERY, TOLD_AT_ONCE, Reference, Settings
from agent.stats.baseline import Baseline, BaselineError, Feature
from agent.stats.bins import Floats
from agent.stats.histogram import Histogram
from agent.stats.standard import SCALE, Standard
from agent.stats.topk import Top
from tests.agent.stats.test_drift import drawn

SETTINGS = Settings(learn=100.0, window=10.0)
RANDOM = np.random.default_rng(3)


def numbers(count: int, mean: float = 0.0) -> Feature:
    return Feature(Standard().histogram(RANDOM.normal(mean, 1.0, count)))


def test_a_window_ends_when_it_is_over() -> None:
    reference = Reference(SETTINGS, "m", "1", 0.0)
    reference.add("x", numbers(10))
    assert reference.turn(9.0) is None
    turn = reference.turn(10.0)
    assert turn == ({}, (), None, {})
    assert reference.turn(19.0) is None


def test_too_few_records_are_no_baseline() -> None:
    reference = Reference(SETTINGS, "m", "1", 0.0)
    reference.add("x", numbers(LEAST - 1))
    assert reference.turn(1000.0) == ({}, (), None, {})
    reference.add("x", numbers(1))
    turn = reference.turn(1001.0)
    assert turn is not None
    assert turn.frozen is reference.baseline is not None


def test_what_does_not_add_up_is_refused() -> None:
    reference = Reference(SETTINGS, "m", "1", 0.0)
    reference.add("x", numbers(10))
    reference.add("x", Feature(Top({"a": 1})))
    reference.add("x", Feature(Histogram(SCALE), Standard(1.0, 2.0)))
    for number in range(FEATURES):
        reference.add(f"f{number}", numbers(1))
    assert reference.refused == 3
    assert len(reference.features) == FEATURES


def test_an_unfinished_baseline_is_stored_now_and_then_and_goes_on() -> None:
    reference = Reference(SETTINGS, "m", "1", 1000.0)
    reference.add("x", numbers(300))
    stored = reference.save(1000.0)
    assert stored is not None
    assert reference.save(1000.0 + SAVED_EVERY - 1) is None
    again = Reference.restored(SETTINGS, stored, 1050.0)
    again.add("x", numbers(300))
    assert again.turn(1059.0) is None
    turn = again.turn(1101.0)
    assert turn is not None
    assert turn.frozen is not None
    assert turn.frozen.features["x"].seen.count == 600
    frozen = again.save(1101.0)
    assert frozen is not None
    assert again.save(1e6) is None, "once"
    assert Reference.restored(SETTINGS, frozen, 2000.0).baseline == turn.frozen


def test_a_new_baseline_is_told_some_features_at_a_time_over_restarts() -> None:
    reference = Reference(SETTINGS, "m", "1", 0.0)
    names = [f"f{number:02}" for number in range(2 * TOLD_AT_ONCE + 5)]
    for name in names:
        reference.add(name, numbers(LEAST))
    told: list[str] = []
    stored, count = b"", 0
    for at in (101.0, 102.0, 103.0):
        turn = reference.turn(at)
        assert turn is not None
        assert len(turn.told) <= TOLD_AT_ONCE
        assert (turn.frozen is not None) == (at == 101.0)
        told += turn.told
        stored = reference.save(at) or stored
        saved = reference.save_told()
        assert saved is not None
        assert reference.save_told() is None
        count = int(saved)
        reference = Reference.restored(SETTINGS, stored, at, count)
    assert told == names
    assert reference.turn(104.0) is None
    assert count == len(names)


def test_what_is_no_reference_is_refused() -> None:
    with pytest.raises(BaselineError):
        Reference.restored(SETTINGS, b"L[]", 0.0)


SHAPES: tuple[Callable[[int], Floats], ...] = (
    lambda n: RANDOM.normal(300, 1, n),
    lambda n: RANDOM.lognormal(0, 2, n),
    lambda n: RANDOM.poisson(3, n).astype(np.float64),
    lambda n: RANDOM.exponential(1, n) * (RANDOM.random(n) < 0.2),
    RANDOM.random,
)


@pytest.mark.parametrize(("size", "windows"), [(200, 400), (100_000, 200)])
def test_windows_of_fifty_features_without_drift_raise_an_alarm_in_a_hundredth(
    size: int, windows: int
) -> None:
    """Of a window as a whole: that any of its features is called drifted."""
    features, wholes = {}, {}
    for number in range(50):
        draw = SHAPES[number % len(SHAPES)]
        values = draw(2000)
        standard = Standard.of(values)
        features[f"f{number}"] = Feature(standard.histogram(values), standard)
        wholes[f"f{number}"] = standard.histogram(draw(50_000))
    reference = Reference(SETTINGS, "m", "1", 0.0, Baseline("m", "1", 0.0, features))
    alarms = 0
    for window in range(1, windows + 1):
        for name, whole in wholes.items():
            window_of = drawn(RANDOM, size, whole).values
            reference.add(name, Feature(window_of, features[name].standard))
        turn = reference.turn(10.0 * window)
        assert turn is not None
        assert len(turn.verdicts) == len(features)
        alarms += any(verdict.drifted for verdict in turn.verdicts.values())
    assert alarms <= windows / 100


def test_a_shift_of_one_of_fifty_features_is_found_in_a_thousand_records() -> None:
    standard = Standard(300.0, 1.0)

    def normal(count: int, mean: float = 300.0) -> Feature:
        return Feature(standard.histogram(RANDOM.normal(mean, 1.0, count)), standard)

    given = Baseline("m", "1", 0.0, {f"f{number}": normal(2000) for number in range(50)})
    reference = Reference(SETTINGS, "m", "1", 0.0, given)
    reference.add("f0", normal(1000, 301.0))
    for number in range(1, 50):
        reference.add(f"f{number}", normal(1000))
    turn = reference.turn(10.0)
    assert turn is not None
    assert turn.turned == ("f0",)
