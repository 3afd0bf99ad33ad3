"""A reference by itself: when a window ends, what cannot be added, what is stored."""

from __future__ import annotations

import numpy as np
import pytest

from agent.logs.models.reference import FEATURES, LEAST, SAVED_EVERY, Reference, Settings
from agent.stats.baseline import BaselineError, Feature
from agent.stats.histogram import Histogram
from agent.stats.standard import SCALE, Standard
from agent.stats.topk import Top

SETTINGS = Settings(learn=100.0, window=10.0)
RANDOM = np.random.default_rng(3)


def numbers(count: int, mean: float = 0.0) -> Feature:
    return Feature(Standard().histogram(RANDOM.normal(mean, 1.0, count)))


def test_a_window_ends_when_it_is_over() -> None:
    reference = Reference(SETTINGS, "m", "1", 0.0)
    reference.add("x", numbers(10))
    assert reference.turn(9.0) is None
    turn = reference.turn(10.0)
    assert turn == ({}, (), None)
    assert reference.turn(19.0) is None


def test_too_few_records_are_no_baseline() -> None:
    reference = Reference(SETTINGS, "m", "1", 0.0)
    reference.add("x", numbers(LEAST - 1))
    assert reference.turn(1000.0) == ({}, (), None)
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


def test_what_is_no_reference_is_refused() -> None:
    with pytest.raises(BaselineError):
        Reference.restored(SETTINGS, b"L[]", 0.0)
