"""What is seen of columns."""

from __future__ import annotations

import numpy as np
import pytest

from agent.stats.standard import Standard
from agent.tables.chunk import Chunk
from agent.tables.survey import Column, Survey


def test_cells_are_told_apart() -> None:
    column = Column()
    column.take(["1", "2.5", "", "inf", "much"])
    column.take(["1", "nan", "-7", "much"])
    assert (column.numbers, column.infinite, column.texts, column.count) == (5, 1, 2, 7)
    assert (column.low, column.high, column.fractions) == (-7.0, 2.5, True)
    assert column.distinct.count == 4


def test_the_standard_is_that_of_all_though_they_are_in_order() -> None:
    values = np.sort(np.random.default_rng(1).normal(300, 10, 200_000))
    column = Column()
    for part in np.split(values, 20):
        column.take(part)
    whole = Standard.of(values)
    assert column.standard.center == pytest.approx(whole.center, abs=0.05 * whole.spread)
    assert column.standard.spread == pytest.approx(whole.spread, rel=0.05)
    assert column.distinct.count == pytest.approx(200_000, rel=0.1)


def test_columns_of_all_rows() -> None:
    survey = Survey()
    survey.take(Chunk(2, {"a": ["1", "2"]}))
    survey.take(Chunk(1, {"a": ["3"], "b": ["x"]}))
    assert survey.rows == 3
    assert {name: column.count for name, column in survey.columns.items()} == {"a": 3, "b": 1}
