"""Pairs of one record, of two, of two files, over a crash; classes, numbers, and right or wrong alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agent.logs.measures import Known, added, known
from agent.logs.models.outcomes import ANYWHERE, GROUPS, Limits, Outcomes
from agent.logs.models.rows import Classes, Rows
from agent.logs.windows import Windows
from agent.stats.quality import OTHER, classified
from collectors.api import Attributes
from collectors.logs.formats.hashes import request_of

NOW = 1_800_000_000.0
OWN: Attributes = (("model.name", "iris"),)
IRIS: Attributes = (("log.name", "api"), ("model.name", "iris"), ("model.version", "1"))


def classes(names: Sequence[str]) -> Classes:
    known_names = ["", *sorted(set(names) - {""})]
    return Classes(np.array([known_names.index(name) for name in names], np.int64), known_names)


def rows(
    count: int,
    *,
    at: float = NOW,
    ids: Sequence[str] | None = None,
    predictions: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    confidence: Sequence[float] | None = None,
    attributes: Attributes = IRIS,
    **more: Sequence[float],
) -> Rows:
    return Rows(
        np.full(count, at),
        np.zeros(count, np.int64),
        [attributes],
        np.zeros(count, np.bool_),
        None if ids is None else np.array([request_of(each) for each in ids], np.uint64),
        None if predictions is None else classes(predictions),
        None if labels is None else classes(labels),
        confidence=None if confidence is None else np.array(confidence),
        **{name: np.array(values, np.float64) for name, values in more.items()},  # type: ignore[arg-type]
    )


def found(outcomes: Outcomes, now: float = NOW) -> Windows:
    return added(outcomes.flush(now).values())


def of(windows: Windows, model: Attributes = IRIS) -> Known:
    return known(windows).get(model, Known())


def test_a_record_that_tells_both_is_a_pair() -> None:
    outcomes = Outcomes(OWN, Limits())
    outcomes.take(rows(3, predictions="aab", labels="abb", confidence=[0.9, 0.8, 0.7]), NOW)
    one = of(found(outcomes))
    assert one.confusion == {("a", "a"): 1, ("b", "a"): 1, ("b", "b"): 1}
    assert one.calibration is not None
    assert one.calibration.count == 3
    assert found(outcomes) == {}


def test_a_label_from_another_file_is_joined_and_its_delay_told() -> None:
    outcomes = Outcomes(OWN, Limits())
    outcomes.take(rows(2, ids=["r1", "r2"], predictions="ab", confidence=[0.9, 0.6]), NOW)
    assert found(outcomes) == {}
    other = (("log.name", "labels"),)
    outcomes.take(rows(3, at=NOW + 90, ids=["r2", "r1", "x"], labels="bba", attributes=other), NOW + 90)
    minutes = outcomes.flush(NOW + 90)
    assert list(minutes) == [(NOW + 90) // 60], "when it was told"
    one = of(added(minutes.values()))
    assert one.confusion == {("b", "b"): 1, ("b", "a"): 1}
    assert one.delay is not None
    assert (one.delay.count, one.delay.low) == (2, 90.0)
    assert of(added(minutes.values()), OWN).labels == {"joined": 2}


def test_each_pair_counts_once_over_a_crash() -> None:
    stored: dict[str, bytes] = {}

    def save(outcomes: Outcomes) -> None:
        for name, state in outcomes.changes(NOW).items():
            if state is None:
                del stored[name]
            else:
                stored[name] = state

    first = Outcomes(OWN, Limits())
    first.take(rows(2, ids=["r1", "r2"], predictions="ab"), NOW)
    save(first)
    first.take(rows(1, ids=["r1"], labels="a"), NOW + 10)
    assert of(found(first)).confusion == {("a", "a"): 1}, "and it crashed before this was stored"
    second = Outcomes(OWN, Limits(), stored=stored)
    second.take(rows(1, ids=["r1"], labels="a"), NOW + 20)
    assert of(found(second)).confusion == {("a", "a"): 1}
    save(second)
    third = Outcomes(OWN, Limits(), stored=stored)
    third.take(rows(2, ids=["r1", "r2"], labels="aa"), NOW + 30)
    windows = found(third)
    assert of(windows).confusion == {("a", "b"): 1}, "classes mean what they meant, and the group too"
    assert of(windows, OWN).labels == {"joined": 1, "repeated_label": 1}


def test_classes_beyond_the_most_are_nameless_and_accuracy_stays_exact() -> None:
    outcomes = Outcomes(OWN, Limits(classes=2))
    outcomes.take(rows(6, predictions="abcdcd", labels="abcddc"), NOW)
    confusion = of(found(outcomes)).confusion
    assert classified(confusion).accuracy == pytest.approx(4 / 6)
    assert confusion[OTHER, OTHER] == 2


def test_numbers_and_classes_do_not_mix() -> None:
    outcomes = Outcomes(OWN, Limits(), center=10.0)
    outcomes.take(rows(3, predicted=[1.0, 12.0, np.nan], true=[2.0, 10.0, 4.0]), NOW)
    outcomes.take(rows(1, ids=["q"], predicted=[7.5]), NOW)
    outcomes.take(rows(1, ids=["q"], true=[8.0]), NOW + 1)
    [errors] = of(found(outcomes, NOW + 1)).errors.values()
    assert (errors.center, errors.count) == (10.0, 3)
    assert errors.mae == pytest.approx(3.5 / 3)
    assert errors.bias == pytest.approx(0.5 / 3)


def test_a_class_and_a_number_of_one_request_are_no_pair() -> None:
    outcomes = Outcomes(OWN, Limits(wait=60.0))
    outcomes.take(rows(2, ids=["q", "r"], predictions="ab"), NOW)
    outcomes.take(rows(2, ids=["q", "s"], true=[119.0, 0.0]), NOW + 1)
    outcomes.take(rows(1, ids=["s"], labels="a"), NOW + 1)
    told = of(found(outcomes, NOW + 120), OWN)
    assert told.labels == {"unlabelled": 2, "unknown": 3}
    assert told.confusion == {}


@pytest.mark.parametrize("lost", ["classes", "groups", ""])
def test_what_waited_is_counted_though_its_names_were_lost_or_are_fewer(lost: str) -> None:
    before = Outcomes(OWN, Limits())
    before.take(rows(1, predictions="r", attributes=OWN), NOW)
    before.take(rows(9, ids="abcdefghi", predictions="rstuvwxyz"), NOW)
    stored = {name: state for name, state in before.changes(NOW).items() if state is not None}
    stored[lost] = b"[["
    after = Outcomes(OWN, Limits(classes=2), stored=stored)
    after.take(rows(9, ids="abcdefghi", labels="rstuvwxyz"), NOW + 1)
    told = found(after, NOW + 1)
    owner = ANYWHERE if lost == "groups" else IRIS
    assert sum(of(told, owner).confusion.values()) == 9
    assert of(told, OWN).labels == {"joined": 9}


def test_right_or_wrong_alone_is_accuracy() -> None:
    outcomes = Outcomes(OWN, Limits())
    outcomes.take(rows(4, right=[1.0, 0.0, 1.0, np.nan], rank=[1.0, 3.0, np.nan, 99.0]), NOW)
    one = of(found(outcomes))
    assert classified(one.confusion).accuracy == pytest.approx(2 / 3)
    assert one.ranks == {1: 1, 3: 1}


def test_groups_are_bounded() -> None:
    outcomes = Outcomes(OWN, Limits())
    for number in range(GROUPS + 10):
        outcomes.take(rows(1, predictions="a", labels="a", attributes=(("model.name", f"m{number}"),)), NOW)
    models = known(found(outcomes))
    assert len(models) == GROUPS
    assert models[("model.name", "other"),].confusion == {("a", "a"): 11}


def test_what_was_stored_by_somebody_else_is_told_and_deleted() -> None:
    outcomes = Outcomes(OWN, Limits(), stored={"0": b"rubbish", "classes": b"[1", "groups": b"3"})
    assert "cannot be read" in outcomes.fault
    assert outcomes.changes(NOW)["0"] is None
    outcomes.take(rows(1, predictions="a", labels="a"), NOW)
    assert of(found(outcomes)).confusion == {("a", "a"): 1}
