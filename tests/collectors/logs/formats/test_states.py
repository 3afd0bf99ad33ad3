from __future__ import annotations

from math import nan

import pytest

from agent.stats import feature
from collectors.logs.formats import states
from collectors.logs.formats.states import FINE, INFINITE, MISSING, NAN, TYPE, Strange, state_of
from collectors.logs.formats.values import number


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (1.5, FINE), ("1.5", FINE), (0, FINE),
        (None, MISSING), ("", MISSING), ("None", MISSING),
        ("NaN", NAN), ("-nan", NAN),
        ("inf", INFINITE), ("-Infinity", INFINITE), ("1e999", INFINITE),
        (Strange.HUGE, INFINITE), (10**400, INFINITE),
        ("high", TYPE), (True, TYPE), (Strange.OTHER, TYPE), ("x" * 1000, TYPE), ("9" * 1000, TYPE),
    ],
)  # fmt: skip
def test_the_state_of_what_stands_where_a_number_belongs(value: object, state: int) -> None:
    assert state_of(value, number(value)) == state


def test_a_number_that_its_unit_makes_too_large_is_infinite() -> None:
    assert state_of(1e308, nan) == INFINITE


def test_states_have_the_numbers_of_faults_in_statistics() -> None:
    for name in ("FINE", "MISSING", "TYPE", "NAN", "INFINITE"):
        assert getattr(states, name) == getattr(feature, name)
