"""Real labelled data with predictions of real models, for the oracles of statistics."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.stats import outcomes
from agent.stats.quality import Confusion, merged


class Labelled(NamedTuple):
    """Pairs: the true class and that of the highest probability, and the probability of each class."""

    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of what was predicted."""
        return self.probabilities.max(axis=1)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether it is true."""
        return self.truth == self.predicted


def shuttle() -> NDArray[np.float64]:
    """49,097 readings of nine sensors of the space shuttle, and whether each is an anomaly (Statlog)."""
    found: Any = find_spec("river")
    file = Path(found.submodule_search_locations[0]) / "datasets" / "shuttle.csv.gz"
    with gzip.open(file, "rt", encoding="ascii") as text:
        return np.loadtxt(text, delimiter=",", skiprows=1)


def _predicted(features: Any, truth: Any) -> Labelled:
    """What naive Bayes predicts that learnt from each fourth row."""
    from sklearn.naive_bayes import GaussianNB

    model = GaussianNB(var_smoothing=1e-3).fit(features[::4], truth[::4])
    probabilities = np.asarray(model.predict_proba(features))
    return Labelled(truth.astype(np.int64), probabilities.argmax(axis=1), probabilities)


@cache
def digits() -> Labelled:
    """1,797 handwritten digits."""
    from sklearn.datasets import load_digits

    data, truth = load_digits(return_X_y=True)
    return _predicted(data, truth)


@cache
def anomalies() -> Labelled:
    """The readings of the shuttle: two classes, one of them rare."""
    table = shuttle()
    return _predicted(table[:, :-1], table[:, -1])


def confusion_of(pairs: Labelled) -> Confusion:
    """The confusion of all pairs, by way of windows of 100."""
    names = [str(number) for number in range(pairs.probabilities.shape[1])]
    cells = np.arange(len(pairs.truth)) // 100
    found = outcomes.confusions(
        cells, pairs.truth, pairs.predicted, pairs.right, [*names, "other"], other=len(names)
    )
    return merged(found.values())
