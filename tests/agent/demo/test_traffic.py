from __future__ import annotations

import math
from random import Random

import pytest

from agent.demo import traffic
from agent.demo.iris import flowers
from agent.demo.traffic import BROKEN, INCHES, SITES, STEADY, Course, measured, next_lot

FLOWER = flowers()[100]
N = 2000


@pytest.mark.parametrize(
    ("elapsed", "trouble"), [(0, 0.0), (60, 0.0), (61.5, 0.05), (75, 0.5), (90, 1.0), (86_400, 1.0)]
)
def test_trouble_comes_after_the_calm(elapsed: float, trouble: float) -> None:
    assert Course().trouble(elapsed) == pytest.approx(trouble)


@pytest.mark.parametrize("site", SITES)
def test_without_trouble_a_flower_is_sent_as_it_was_measured(site: str) -> None:
    random = Random(7)
    assert all(measured(FLOWER, site, 0.0, random) == FLOWER.features for _ in range(N))


def test_one_greenhouse_stays_as_it_was() -> None:
    random = Random(7)
    assert all(measured(FLOWER, STEADY, 1.0, random) == FLOWER.features for _ in range(N))


@pytest.mark.parametrize("trouble", [0.5, 1.0])
def test_a_sensor_breaks(trouble: float) -> None:
    random = Random(7)
    sent = [measured(FLOWER, BROKEN, trouble, random) for _ in range(N)]
    lacking = sum("petal_width" not in features for features in sent) / N
    no_number = sum(math.isnan(features["petal_length"]) for features in sent) / N
    assert lacking == pytest.approx(traffic.FAULTY * trouble / 2, abs=0.03)
    assert no_number == pytest.approx(traffic.FAULTY * trouble / 2, abs=0.03)


@pytest.mark.parametrize("trouble", [0.5, 1.0])
def test_a_gauge_measures_petals_in_inches(trouble: float) -> None:
    random, inches = Random(7), {**FLOWER.features, "petal_length": 2.36, "petal_width": 0.98}
    sent = [measured(FLOWER, INCHES, trouble, random) for _ in range(N)]
    assert all(features in (FLOWER.features, inches) for features in sent)
    assert sum(features == inches for features in sent) / N == pytest.approx(trouble, abs=0.03)


@pytest.mark.parametrize("a_flower", [3e-6, 2e-5, 1e-4, 1e-3])
def test_lots_grow_until_each_takes_as_long_as_it_should_on_any_machine(a_flower: float) -> None:
    lot = traffic.SMALLEST
    for _ in range(30):
        lot = next_lot(lot, lot * a_flower, 1.0)
    expected = max(traffic.SMALLEST, min(traffic.MOST, traffic.BUSY / a_flower))
    assert lot == pytest.approx(expected, rel=0.01)


def test_a_lot_is_doubled_at_most_and_shrinks_at_once() -> None:
    assert next_lot(1000, 0.001, 1.0) == 2000
    assert next_lot(1000, 6.0, 1.0) == traffic.SMALLEST
    assert next_lot(1000, 0.0, 1.0) == 2000
    assert next_lot(1000, 0.1, 0.0) == traffic.SMALLEST
