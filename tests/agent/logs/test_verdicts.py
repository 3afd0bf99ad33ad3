"""Verdicts from windows: of a device, and of a fleet as of all its values."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.logs import measures
from agent.logs.measures import Inputs, added, known
from agent.logs.verdicts import compared, of_fleet, verdicts
from agent.logs.windows import Windows, grown
from agent.stats.baseline import Feature
from agent.stats.bins import Floats
from agent.stats.drift import DEFAULT, Seen, judged
from agent.stats.standard import Standard
from agent.stats.topk import Top
from collectors.api import Attributes

MODEL: Attributes = (("model.name", "iris"), ("model.version", "1"))
STANDARD = Standard(300.0, 1.0)
NORMAL = np.random.default_rng(7).normal(300, 1, 4000)
REFERENCE = Feature(STANDARD.histogram(NORMAL), STANDARD)
SITES = Feature(Top({"north": 600, "south": 400}))


def windows(temperature: Floats, sites: dict[str, int], missing: int = 0) -> Windows:
    """Of one device."""
    return {
        **measures.of_numbers(MODEL, "temp", STANDARD, STANDARD.histogram(temperature)),
        measures.series(measures.CATEGORIES, MODEL, "site"): Top(sites),
        measures.series(measures.FAULTS, MODEL, "temp", "missing"): grown(missing, missing),
        measures.series(measures.FAULTS, MODEL, "temp", "range"): grown(5, 5.0),
    }


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 900), min_size=1, max_size=5), st.floats(-1, 1), st.integers(0, 1000))
def test_drift_of_a_fleet_is_that_of_all_its_values(cuts: list[int], by: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(300 + by, 1, 1000)
    parts = np.split(values, sorted(cuts))
    fleet = added(windows(part, {"north": 1 + n, "east": 2}, n) for n, part in enumerate(parts))
    found = verdicts({"temp": REFERENCE, "site": SITES}, known(fleet)[MODEL])
    missing = sum(range(len(parts)))
    whole = judged(REFERENCE.seen, Seen(STANDARD.histogram(values), missing))
    assert found["temp"].verdict == whole
    sites = Top({"north": missing + len(parts), "east": 2 * len(parts)})
    assert found["site"].verdict == judged(SITES.seen, Seen(sites))


def test_a_shift_is_found_and_none_where_there_is_none() -> None:
    for by, drifted in ((0.0, False), (1.0, True)):
        values = np.random.default_rng(3).normal(300 + by, 1, 1000)
        found = known(windows(values, {"north": 1}))[MODEL]
        assert verdicts({"temp": REFERENCE}, found)["temp"].verdict.drifted is drifted


def test_what_cannot_be_compared_is_unknown_and_says_why() -> None:
    other = Inputs({Standard(0.0, 2.0): STANDARD.histogram(NORMAL)})
    category = Inputs(categories=Top({"north": 100}))
    for reference, window, why in (
        (None, category, "there is no baseline"),
        (REFERENCE, None, "no window has it"),
        (REFERENCE, other, "its windows are of another baseline"),
        (REFERENCE, category, "it was a number in the baseline, and is a category"),
        (SITES, other, "it was a category in the baseline, and is a number"),
    ):
        found = compared(reference, window, DEFAULT)
        assert found.verdict.drifted is None
        assert found.fault == why
    assert compared(None, category, DEFAULT).window == Seen(Top({"north": 100}))


def test_a_feature_that_is_always_missing_now_has_drifted() -> None:
    found = compared(REFERENCE, Inputs(faults={"missing": 90, "nan": 10, "range": 7}), DEFAULT)
    assert found.window is not None
    assert found.window.missing == 100
    assert found.verdict.drifted


def test_a_baseline_that_all_were_given_counts_once_and_learned_ones_add_up() -> None:
    learned = Feature(STANDARD.histogram(NORMAL[:500]), STANDARD, 3)
    assert of_fleet([REFERENCE, REFERENCE, REFERENCE]) == REFERENCE
    both = of_fleet([REFERENCE, learned, REFERENCE])
    assert both is not None
    assert (both.seen.count, both.missing) == (4500, 3)
    other = Feature(Standard().histogram(NORMAL[:10]), Standard())
    assert of_fleet([other, REFERENCE, SITES]) == REFERENCE
    assert of_fleet([SITES, Feature(Top({"east": 7}), missing=1)]) == Feature(
        Top({"north": 600, "south": 400, "east": 7}), missing=1
    )
    assert of_fleet([]) is None
