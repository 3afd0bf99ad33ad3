"""Drift: found where it matters, not where chance explains it, whatever the size of a window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.stats.drift import Bounds, Score, Seen, judged
from agent.stats.histogram import Histogram
from agent.stats.standard import NEAR, SCALE, Standard
from agent.stats.topk import Top
from tests.labelled import shuttle

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

DRAWS: dict[str, Draw] = {
    "normal": lambda random, n: random.normal(300, 1, n),
    "lognormal": lambda random, n: random.lognormal(0, 2, n),
    "counts": lambda random, n: random.poisson(3, n).astype(np.float64),
    "mostly zero": lambda random, n: random.exponential(1, n) * (random.random(n) < 0.2),
}
WINDOWS = 1000
FALSE_ALARMS = WINDOWS // 100


def seen(values: Floats, standard: Standard, missing: int = 0) -> Seen:
    return Seen(standard.histogram(values), missing)


def drawn(random: np.random.Generator, n: int, of: Histogram) -> Seen:
    """Another window of `n` values of a distribution: as many of each bucket as chance gives."""
    buckets = [*of.negative.values(), of.zero, *of.positive.values()]
    counts = random.multinomial(n, np.array(buckets) / of.count).tolist()
    negative = dict(zip(of.negative, counts, strict=False))
    positive = dict(zip(of.positive, counts[len(of.negative) + 1 :], strict=True))
    return Seen(of._replace(negative=negative, zero=counts[len(negative)], positive=positive, count=n))


@pytest.mark.parametrize("name", DRAWS)
def test_small_windows_without_drift_raise_hardly_an_alarm(name: str) -> None:
    random = np.random.default_rng(11)
    raised = 0
    for _ in range(10):
        reference = DRAWS[name](random, 2000)
        standard = Standard.of(reference)
        known = seen(reference, standard)
        windows = [seen(DRAWS[name](random, 200), standard) for _ in range(WINDOWS // 10)]
        raised += sum([judged(known, window).drifted is True for window in windows])
    assert raised <= FALSE_ALARMS


@pytest.mark.parametrize("size", [200, 100_000])
@pytest.mark.parametrize("known", [1_000, 100_000])
def test_windows_of_any_size_without_drift_raise_hardly_an_alarm(size: int, known: int) -> None:
    random = np.random.default_rng(12)
    whole = Standard(300.0, 1.0).histogram(random.normal(300, 1, 200_000))
    raised = 0
    for _ in range(20):
        reference = drawn(random, known, whole)
        windows = [drawn(random, size, whole) for _ in range(WINDOWS // 20)]
        raised += sum([judged(reference, window).drifted is True for window in windows])
    assert raised <= FALSE_ALARMS


@pytest.mark.parametrize(("known", "size"), [(3000, 200), (3000, 100_000), (500, 1000)])
def test_categories_without_drift_raise_hardly_an_alarm(known: int, size: int) -> None:
    random = np.random.default_rng(13)
    shares = 1 / np.arange(1, 41) ** 1.3
    shares /= shares.sum()

    def window(n: int) -> Seen:
        counts = enumerate(random.multinomial(n, shares).tolist())
        return Seen(Top.of([(f"c{place}", count) for place, count in counts]), int(random.binomial(n, 0.02)))

    raised = 0
    for _ in range(20):
        reference = window(known)
        raised += sum([judged(reference, window(size)).drifted is True for _ in range(WINDOWS // 20)])
    assert raised <= FALSE_ALARMS


@pytest.mark.parametrize("changed", ["shifted", "wider", "narrower", "half gone to two", "heavy tail"])
def test_a_drift_is_found_in_a_thousand_values(changed: str) -> None:
    random = np.random.default_rng(14)
    for _ in range(20):
        reference, window = random.normal(300, 1, 1000), random.normal(300, 1, 1000)
        if changed == "shifted":
            window += 1
        elif changed == "heavy tail":
            window[:150] += random.choice([-8, 8], 150)
        elif changed == "half gone to two":
            window[::2] = 302
        else:
            window = 300 + (window - 300) * (1.8 if changed == "wider" else 0.5)
        standard = Standard.of(reference)
        verdict = judged(seen(reference, standard), seen(window, standard))
        assert verdict.drifted
        assert verdict.worst == max(verdict.scores, key=lambda score: score.score / score.threshold)


@pytest.mark.science
def test_the_evidence_is_what_scipy_tells() -> None:
    from scipy.stats import ks_2samp, wasserstein_distance

    random = np.random.default_rng(15)
    reference, window = random.normal(300, 1, 1000), random.normal(301, 1, 1000)
    standard = Standard.of(reference)
    verdict = judged(seen(reference, standard), seen(window, standard))
    scores = {score.test: score for score in verdict.scores}
    assert scores["kolmogorov_smirnov"].score == pytest.approx(
        ks_2samp(reference, window).statistic, abs=0.01
    )
    moved = wasserstein_distance(reference, window) / standard.spread
    assert verdict.distances["wasserstein"] == pytest.approx(moved, abs=0.01)
    assert (verdict.reference, verdict.window) == (1000, 1000)


@pytest.mark.science
def test_real_sensors_drift_where_anomalies_are_not_among_the_normal() -> None:
    table = shuttle()
    normal, anomalies = (table[table[:, -1] == anomaly] for anomaly in (0, 1))
    mixed = np.random.default_rng(16).permutation(normal)
    for column in range(9):
        standard = Standard.of(mixed[::2, column])
        reference = seen(mixed[::2, column], standard)
        assert judged(reference, seen(mixed[1::2, column], standard)).drifted is False
    standard = Standard.of(mixed[:, 8])
    verdict = judged(seen(mixed[:, 8], standard), seen(anomalies[:, 8], standard))
    assert verdict.drifted
    assert verdict.worst is not None
    assert verdict.worst.ratio > 5


def test_a_large_window_is_not_blamed_for_what_nobody_would_notice() -> None:
    random = np.random.default_rng(17)
    standard = Standard(0.0, 1.0)
    reference = seen(random.normal(0, 1, 200_000), standard)
    assert judged(reference, seen(random.normal(0.05, 1, 200_000), standard)).drifted is False
    strict = Bounds(distance=0.01, stability=0.001)
    assert judged(reference, seen(random.normal(0.05, 1, 200_000), standard), strict).drifted is True


def test_too_little_is_no_verdict() -> None:
    standard = Standard(0.0, 1.0)
    much, little = seen(np.zeros(1000), standard), seen(np.full(49, 9.0), standard)
    for verdict in (judged(much, little), judged(little, much), judged(much, Seen(Histogram(SCALE)))):
        assert (verdict.drifted, verdict.worst) == (None, None)


def test_what_is_missing_now_and_was_not_is_a_drift_even_if_nothing_is_left() -> None:
    random = np.random.default_rng(18)
    standard = Standard(0.0, 1.0)
    reference = seen(random.normal(0, 1, 10_000), standard, missing=100)
    some = judged(reference, seen(random.normal(0, 1, 500), standard, missing=50))
    assert some.drifted
    assert some.worst is not None
    assert some.worst.test == "missing"
    assert some.worst.score == pytest.approx(50 / 550 - 100 / 10_100)
    assert judged(reference, seen(random.normal(0, 1, 500), standard, missing=7)).drifted is False
    nothing = judged(reference, Seen(Histogram(SCALE), 300))
    assert nothing.drifted
    assert [score.test for score in nothing.scores] == ["missing"]


def test_other_categories_and_other_shares_are_drifts() -> None:
    reference = Seen(Top({"de": 600, "fr": 300, "it": 100}))
    assert judged(reference, Seen(Top({"de": 118, "fr": 61, "it": 21}))).drifted is False
    moved = judged(reference, Seen(Top({"de": 60, "fr": 120, "it": 20})))
    assert moved.worst is not None
    assert (moved.drifted, moved.worst.test) == (True, "population_stability")
    unseen = judged(reference, Seen(Top({"de": 570, "fr": 285, "it": 95, "xx": 50})))
    score = next(score for score in unseen.scores if score.test == "unseen")
    assert unseen.drifted
    assert score.score == 0.05
    assert score.ratio > 1


def test_rare_categories_of_a_long_list_are_no_news() -> None:
    rare = {f"name{n}": 1 for n in range(300)}
    reference = Seen(Top({"often": 700, **rare}))
    fresh = {f"other{n}": 1 for n in range(60)}
    verdict = judged(reference, Seen(Top({"often": 140, **fresh})))
    assert verdict.drifted is False
    purged = judged(Seen(Top({"often": 700}, 300)), Seen(Top({"often": 140, **fresh})))
    assert "unseen" not in {score.test for score in purged.scores}


def test_one_category_alone_has_nothing_to_compare() -> None:
    verdict = judged(Seen(Top({"de": 600})), Seen(Top({"de": 200})))
    assert verdict.drifted is False
    assert {score.test for score in verdict.scores} == {"missing", "unseen"}


def test_thresholds_know_the_window() -> None:
    standard = Standard(0.0, 1.0)
    random = np.random.default_rng(19)
    reference = seen(random.normal(0, 1, 10_000), standard)
    found = [
        {s.test: s for s in judged(reference, seen(random.normal(0, 1, n), standard)).scores}
        for n in (100, 1000, 10_000)
    ]
    for test in ("kolmogorov_smirnov", "population_stability", "missing"):
        thresholds = [scores[test].threshold for scores in found]
        assert thresholds[0] >= thresholds[1] >= thresholds[2]
        assert thresholds[0] > thresholds[2] or test == "missing"
    assert found[2]["population_stability"].threshold == 0.1
    assert Score("x", 3.0, 2.0).ratio == 1.5


def test_numbers_are_not_compared_with_categories() -> None:
    with pytest.raises(TypeError, match="cannot be compared"):
        judged(Seen(Histogram.of([1.0] * 100)), Seen(Top({"de": 100})))


def test_near_the_center_is_one_bucket() -> None:
    standard = Standard(0.0, 1.0)
    assert judged(seen(np.full(500, NEAR), standard), seen(np.full(500, -NEAR), standard)).drifted is False
