"""Figures of quality, as lines."""

from __future__ import annotations

import pytest

from agent.stats.histogram import Histogram
from agent.stats.quality import Bin, Calibration, Errors, classified
from agent.view.ink import plain, span
from agent.view.joined import Quality
from agent.view.paint import Entry
from agent.view.qualitypage import MOST, bounded, good, labels

PAIRS = classified({("a", "a"): 3, ("a", "b"): 1, ("b", "c"): 1})


def told(entries: list[Entry]) -> list[str]:
    return [plain(each.line) for each in entries]


def test_of_classes_each_has_its_numbers_and_what_has_no_meaning_a_dash() -> None:
    lines = told(good(Quality(PAIRS, {1: 0.6, 2: 0.8, 3: 1.0}), 90))
    assert "5 pairs" in lines[0]
    assert "top 1 60%" in lines[1]
    assert "top 2" not in lines[1]
    assert "top 3 100%" in lines[1]
    rows = {each.split()[0]: each.split()[1:5] for each in lines[2:]}
    assert rows["a"] == ["4", "1.000", "0.750", "0.857"]
    assert rows["c"][1:] == ["0.000", "\N{EN DASH}", "0.000"]


def test_calibration_and_errors_of_numbers_have_theirs() -> None:
    calibration = Calibration({9: Bin(2, 1.9, 1)}, 0.5)
    sums = Errors(0.0, 2, 3.0, 5.0, 1.0, 4.0, 4.0, 10.0)
    lines = told(good(Quality(None, {}, calibration, (sums,)), 90))
    assert lines[1].split() == [
        "ECE", "0.450", "Brier", "0.250", "MAE", "1.50", "RMSE", "1.58", "bias", "0.50", "R²", "-1.500",
    ]  # fmt: skip
    assert "2 pairs" in lines[0]
    two = told(good(Quality(None, {}, None, (sums, sums._replace(center=5.0))), 90))
    assert "MAE around 5" in two[1]


def test_of_no_pairs_nothing_is_told() -> None:
    assert good(Quality(), 90) == []
    assert labels({}, None, 90) == []
    assert labels({"joined": 0}, Histogram(), 90) == []


def test_labels_and_how_late_they_come() -> None:
    _, line = told(labels({"joined": 1200, "repeated_label": 3}, Histogram.of([60.0] * 10), 90))
    assert line.split()[:5] == ["joined", "1,200", "repeated", "label", "3"]
    assert "p50 late 60" in line


def test_many_classes_are_bounded() -> None:
    many = classified({(f"c{n}", f"c{n}"): n + 1 for n in range(MOST + 2)})
    assert told(good(Quality(many), 90))[-1].strip() == "and 2 more classes"
    assert bounded([], MOST, "x") == []


@pytest.mark.parametrize("width", [30, 60, 61, 80, 120])
def test_it_fits_any_width_with_whole_numbers(width: int) -> None:
    entries = good(Quality(PAIRS), width)
    assert max(span(each.line) for each in entries) <= width
    if width >= 60:
        assert told(entries)[-3].split()[1:5] == ["4", "1.000", "0.750", "0.857"]
