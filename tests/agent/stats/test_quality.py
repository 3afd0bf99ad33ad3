"""Quality from sums: as scikit-learn and river tell it of real predictions, and what has no meaning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stats import outcomes
from agent.stats.quality import (
    MISTAKEN,
    OTHER,
    Average,
    Calibration,
    Class,
    Errors,
    classified,
    merged,
    top_accuracy,
)
from tests.labelled import Labelled, anomalies, confusion_of, digits, shuttle

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=30)
both = pytest.mark.parametrize("pairs", [digits, anomalies], ids=["digits", "shuttle"])


def counted(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {pair: pairs.count(pair) for pair in pairs}


@pytest.mark.science
@both
def test_classes_are_as_scikit_learn_tells_them(pairs: Callable[[], Labelled]) -> None:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    one = pairs()
    found = classified(confusion_of(one))
    assert found.count == len(one.truth)
    assert found.accuracy == pytest.approx(accuracy_score(one.truth, one.predicted))
    each = precision_recall_fscore_support(one.truth, one.predicted, zero_division=np.nan)
    rows = [(c.precision, c.recall, c.f1, c.support) for c in found.classes]
    assert list(zip(*rows, strict=True)) == [pytest.approx(column) for column in each]
    for name, average in (("macro", found.macro), ("weighted", found.weighted)):
        told = precision_recall_fscore_support(one.truth, one.predicted, average=name, zero_division=np.nan)
        assert average == pytest.approx(told[:3])


@pytest.mark.science
def test_a_stream_of_windows_is_as_river_tells_it() -> None:
    from river import metrics

    one = digits()
    names = [str(n) for n in range(10)]
    stream = {
        "accuracy": metrics.Accuracy(),
        "macro": metrics.MacroF1(),
        "weighted": metrics.WeightedF1(),
        "precision": metrics.MacroPrecision(),
        "recall": metrics.WeightedRecall(),
    }
    total = merged([])
    for start in range(0, len(one.truth), 100):
        truth, predicted = one.truth[start : start + 100], one.predicted[start : start + 100]
        for each in stream.values():
            for y, p in zip(truth.tolist(), predicted.tolist(), strict=True):
                each.update(y, p)
        cells = np.zeros(len(truth), np.int64)
        total = merged(
            [
                total,
                *outcomes.confusions(cells, truth, predicted, truth == predicted, names, other=10).values(),
            ]
        )
        ours = classified(total)
        mine = (ours.accuracy, ours.macro.f1, ours.weighted.f1, ours.macro.precision, ours.weighted.recall)
        assert mine == pytest.approx([each.get() for each in stream.values()])


@pytest.mark.science
def test_calibration_is_as_scikit_learn_tells_it() -> None:
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss

    one = anomalies()
    found = Calibration()
    for part in outcomes.calibrations(np.arange(len(one.truth)) % 7, one.confidence, one.right)[0].values():
        found = found.merged(part)
    true, stated = calibration_curve(one.right, one.confidence, n_bins=10)
    weights = [n for n in np.histogram(one.confidence, np.linspace(0, 1, 11))[0] if n]
    assert found.ece == pytest.approx(np.average(np.abs(true - stated), weights=weights))
    assert found.brier == pytest.approx(brier_score_loss(one.truth, one.probabilities[:, 1]))
    assert found.ece is not None
    assert found.ece > 0.001


@pytest.mark.science
def test_the_first_k_are_as_scikit_learn_tells_them() -> None:
    from sklearn.metrics import top_k_accuracy_score

    one = digits()
    order = np.argsort(one.probabilities, axis=1, kind="stable")[:, ::-1]
    rank = np.argmax(order == one.truth[:, None], axis=1) + 1
    found = outcomes.ranks(np.zeros(len(rank), np.int64), rank, 5)[0]
    told = top_accuracy(found, len(rank))
    expected = {k: top_k_accuracy_score(one.truth, one.probabilities, k=k) for k in range(1, 6)}
    assert told == pytest.approx(expected)
    assert told[1] < told[2] < told[5] < 1


@pytest.mark.science
@pytest.mark.parametrize("offset", [0.0, 1e6], ids=["near zero", "far from zero"])
def test_regression_is_as_scikit_learn_and_river_tell_it(offset: float) -> None:
    from river import metrics
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    table = shuttle()[:5000]
    truth = table[:, 8] + offset
    predicted = LinearRegression().fit(table[::4, :4], truth[::4]).predict(table[:, :4])
    found = Errors(center=offset)
    for part in outcomes.errors(np.arange(5000) % 9, truth, predicted, offset)[0].values():
        found = found.merged(part)
    assert found.mae == pytest.approx(mean_absolute_error(truth, predicted))
    assert found.rmse == pytest.approx(root_mean_squared_error(truth, predicted))
    assert found.bias == pytest.approx(np.mean(predicted - truth))
    assert found.r2 == pytest.approx(r2_score(truth, predicted))
    streams = (metrics.MAE(), metrics.RMSE(), metrics.R2())
    for each in streams:
        for y, p in zip(truth.tolist(), predicted.tolist(), strict=True):
            each.update(y, p)
    assert (found.mae, found.rmse) == pytest.approx([each.get() for each in streams[:2]])
    assert found.r2 == pytest.approx(streams[2].get(), abs=1e-4)


@given(PAIRS, PAIRS)
def test_confusions_merge_by_addition(a: list[tuple[str, str]], b: list[tuple[str, str]]) -> None:
    assert classified(merged([counted(a), counted(b)])) == classified(counted(a + b))


def test_what_has_no_meaning_is_none() -> None:
    none = classified({})
    assert (none.count, none.accuracy, none.macro) == (0, None, Average(None, None, None))
    never = classified({("a", "b"): 3})
    assert never.classes == (Class("a", 3, 0, 0), Class("b", 0, 3, 0))
    assert [(c.precision, c.recall, c.f1) for c in never.classes] == [(None, 0.0, 0.0), (0.0, None, 0.0)]
    assert never.macro == (0.0, 0.0, 0.0)
    assert (Calibration().ece, Calibration().brier) == (None, None)
    assert (Errors().mae, Errors().rmse, Errors().bias, Errors().r2) == (None, None, None, None)
    assert top_accuracy({}, 0) == {}


def test_truths_that_do_not_vary_leave_nothing_to_explain() -> None:
    same = outcomes.errors(np.zeros(3, np.int64), np.full(3, 300.1), np.array([300.0, 301.0, 302.0]), 0.0)[0][
        0
    ]
    assert same.mae == pytest.approx(2.9 / 3)
    assert same.r2 is None


def test_nameless_classes_are_one_and_accuracy_stays_exact() -> None:
    found = classified({("a", "a"): 5, (OTHER, OTHER): 2, (OTHER, MISTAKEN): 1, ("a", OTHER): 2})
    assert found.accuracy == pytest.approx(0.7)
    assert found.classes == (Class("a", 7, 5, 5), Class(OTHER, 3, 5, 2))


def test_errors_around_different_centers_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="around 1 and 2"):
        Errors(1.0).merged(Errors(2.0))
