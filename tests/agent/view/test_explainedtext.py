"""Why a feature drifts, in words and bars."""

from __future__ import annotations

import json

import pytest

from agent.logs.verdicts import Comparison, compared
from agent.stats.baseline import Feature
from agent.stats.drift import DEFAULT, Verdict
from agent.stats.topk import Top
from agent.view.explained import Explained, explained
from agent.view.explainedtext import ASCII, UNICODE, as_json, as_text, missing, signs, word
from tests.agent.view.test_explained import told


@pytest.fixture(scope="module")
def drifted() -> Explained:
    return explained([told(lately=9)], "iris", "temperature")


def test_both_histograms_stand_side_by_side_in_the_unit_of_the_feature(drifted: Explained) -> None:
    lines = list(as_text(drifted, 100, UNICODE))
    assert lines[0] == "temperature of iris 2: drifted since 2023-11-14T22:04:20Z"
    assert "baseline, 5,000 values" in lines[2]
    assert lines[2].endswith("2023-11-14T22:04:20Z to 22:13:20Z, 1,080 values")
    row = next(line for line in lines if "24 to 26" in line)
    left, right = row.split("|")
    assert left.count("█") < right.count("█")
    assert right.split()[-1] == "36.2%"
    assert "median and spread: 20 ± 1.92 → 26.1 ± 2.20" in lines
    assert "without a value: 2.44% → 2.44%" in lines


def test_scores_stand_by_their_thresholds_and_what_exceeds_is_marked(drifted: Explained) -> None:
    lines = list(as_text(drifted, 100, UNICODE))
    scores = {tuple(line.split()[1:3]): line.split() for line in lines if line[:1] == "▲"}
    assert set(scores) == {("population", "stability"), ("kolmogorov", "smirnov"), ("outside", "0.1422")}
    assert scores["population", "stability"][-1] == "0.1000"
    assert any("5.99 in the feature's unit" in line for line in lines)
    assert [line.split()[0] for line in lines if "accuracy" in line] == ["1", "2"]
    assert any("slowest" in line and "26.1" in line for line in lines)


def test_a_terminal_without_blocks_gets_ascii(drifted: Explained) -> None:
    assert (signs("utf-8"), signs("ascii"), signs("latin-1"), signs(None)) == (UNICODE, ASCII, ASCII, ASCII)
    text = "\n".join(as_text(drifted, 80, ASCII))
    assert text.isascii()
    assert "20 +- 1.92 -> 26.1 +- 2.20" in text


@pytest.mark.parametrize("width", [80, 120])
def test_bars_fit_the_terminal(drifted: Explained, width: int) -> None:
    assert max(len(line) for line in as_text(drifted, width, UNICODE) if "|" in line) <= width


def test_what_cannot_be_told_says_why() -> None:
    few = Feature(Top({"a": 3}))
    of = Explained("m", "", "x", compared(None, None, DEFAULT), 0.0, 0.0, None, (), (), {})
    assert list(as_text(of, 80, UNICODE)) == ["x of m: unknown: there is no baseline"]
    small = of._replace(comparison=Comparison(few, few.seen, Verdict(None, 3, 3)))
    assert next(as_text(small, 80, UNICODE)) == "x of m: unknown: too few values to tell"
    assert [word(Verdict(each, 0, 0)) for each in (True, False, None)] == ["drifted", "stable", "unknown"]
    assert missing(few.seen) == 0.0
    assert missing(Feature(Top()).seen) is None


def test_of_a_fleet_it_is_told_which_devices_drift_by_themselves(drifted: Explained) -> None:
    lines = list(as_text(drifted._replace(devices={"a": False, "b\x1b": True}), 80, UNICODE))
    assert "by themselves 1 of 2 devices drift: b\ufffd" in lines


def test_what_a_device_wrote_cannot_steer_a_terminal(drifted: Explained) -> None:
    event = drifted.samples[0]._replace(text="\x1b[2J")
    evil = drifted._replace(model="\x1b", version="\x1b", feature="\x1b", samples=(event,))
    assert "\x1b" not in "\n".join(as_text(evil, 80, UNICODE))


def test_as_json_it_has_all_of_it(drifted: Explained) -> None:
    found = json.loads(json.dumps(as_json(drifted), allow_nan=False))
    assert (found["verdict"], found["model"], found["version"]) == ("drifted", "iris", "2")
    assert found["baseline"]["values"] == 5000
    assert found["window"]["median"] == pytest.approx(26, abs=0.6)
    assert sum(row["window"] for row in found["rows"]) == pytest.approx(1.0)
    assert found["rows"][0]["low"] is None
    worst = found["scores"][0]
    assert worst["ratio"] == pytest.approx(worst["score"] / worst["threshold"])
    site = as_json(explained([told()], "iris", "site"))
    assert [(row["name"], row["low"]) for row in site["rows"]] == [("north", None), ("south", None)]  # type: ignore[attr-defined]
    assert as_json(explained([], "iris", "x"))["window"] is None
