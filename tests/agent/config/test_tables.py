from __future__ import annotations

import re

import pytest

from agent.config.fault import Expanded, Refused
from agent.config.forms import Duration
from agent.config.tables import Tier, Tiers

FORM = Tiers(4096, Duration(60, 1e9))


def test_tiers_come_finest_first() -> None:
    assert FORM.read({"1024": "30d", "8": "6h"}) == (Tier(8, 21_600.0), Tier(1024, 2_592_000.0))


def test_no_tiers_keep_every_window() -> None:
    assert FORM.read({}) == ()
    assert FORM.show(()) == "{}"


@pytest.mark.parametrize("size", ["1", "3", "8192", "08", "-2", "2.0", "eight", ""])
def test_only_powers_of_two_within_bounds_are_sizes(size: str) -> None:
    with pytest.raises(Refused) as raised:
        FORM.read({size: "1h"})
    assert raised.value.refusals[0].inside == (size,)


def test_every_part_at_fault_is_named() -> None:
    with pytest.raises(Refused) as raised:
        FORM.read({"3": "1h", "8": "2h", "16": "2h", "32": "never"})
    assert [refusal.inside for refusal in raised.value.refusals] == [("3",), ("32",), ("16",)]


def test_an_age_from_a_variable_is_shown_as_it_is_written() -> None:
    value = {"4": "2h", "8": Expanded("1h", written="${AGE}")}
    with pytest.raises(Refused, match=re.escape('"${AGE}" is not above that of 4 windows')):
        FORM.read(value)
