"""Samples of rows: fair of each kind, edges, redacted, within a budget, an hour at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agent.logs.models.rows import Classes, Numbers, Rows
from agent.logs.models.samples import Kept, Samples, Settings
from agent.stats.feature import FINE, MISSING
from agent.stats.reservoir import Sample
from collectors.logs.redact import Redactor

NOW = 1_800_000_000.0
NAMES = ["", "other", "cat", "dog", "fox"]
OWNER = (("log.name", "api"), ("model.name", "pets"), ("model.version", "1"))


def rows(
    kinds: list[int], line: Callable[[int], bytes] = lambda row: b"record %d" % row, **more: Any
) -> Rows:
    count = len(kinds)
    return Rows(
        np.full(count, NOW),
        np.zeros(count, np.int64),
        [OWNER],
        more.pop("failed", np.zeros(count, np.bool_)),
        predictions=Classes(np.array(kinds, np.int64), NAMES),
        line=line,
        **more,
    )


def samples(settings: Settings, **ranges: tuple[float, float]) -> Samples:
    return Samples(settings, ranges, Redactor().text, NOW, np.random.default_rng(5))


def by_stratum(found: list[Sample]) -> Counter[str]:
    return Counter(each.edge or each.stratum for each in found)


def test_each_kind_has_its_share_and_its_weight() -> None:
    one = samples(Settings(edges=0))
    one.take(rows([2] * 900 + [3] * 90 + [4] * 2, failed=np.arange(992) % 100 == 0))
    assert one.flush(NOW + 60) == []
    found = one.flush(NOW + 3600)
    assert by_stratum(found) == {"cat": 4, "dog": 4, "fox": 2, "failed": 8}
    weights = dict.fromkeys(NAMES, 0.0) | {"failed": 0.0}
    for each in found:
        weights[each.stratum] += each.weight
    told = {name: weight for name, weight in weights.items() if weight}
    assert told == pytest.approx({"cat": 891, "dog": 89, "fox": 2, "failed": 10})
    assert one.flush(NOW + 7200) == []


def test_edges_are_kept_for_what_they_are() -> None:
    one = samples(Settings(each=0, errors=0, edges=1), temp=(0.0, 10.0))
    one.take(rows([2]))
    one.take(
        rows(
            [2, 3, 2, 2],
            latency=np.array([0.1, 0.2, 9.0, 0.1]),
            confidence=np.array([0.2, 0.9, 0.9, 0.9]),
            numbers=(
                Numbers(
                    "temp",
                    np.array([1.0, 2.0, np.nan, 30.0]),
                    np.array([FINE, FINE, MISSING, FINE], np.uint8),
                ),
            ),
        )
    )
    found = {each.edge: each.record.text for each in one.flush(NOW + 3600)}
    assert found == {
        "slowest": "record 2",
        "least_confident": "record 0",
        "out_of_range": "record 3",
        "unseen": "record 1",
    }


def test_a_record_is_redacted_and_cut_and_says_whose_it_is() -> None:
    one = samples(Settings(edges=0))
    one.take(rows([2], lambda _: b'{"user": "bob@example.org", "x": "' + b"y" * 5000 + b'"}'))
    [found] = one.flush(NOW + 3600)
    kept: Kept = found.record
    assert kept.text.startswith('{"user": "[email]", "x": "yyy')
    assert len(kept.text) == 2048
    assert kept.attributes == OWNER


def test_a_line_that_only_tells_a_label_is_no_record() -> None:
    one = samples(Settings())
    one.take(rows([0, 0]))
    assert one.flush(NOW + 3600) == []


def test_the_budget_of_a_day_holds_and_weights_stay_right() -> None:
    one = samples(Settings(each=16, edges=0, a_day=2000))
    spent = 0
    for hour in range(1, 48):
        one.take(rows([2, 3] * 500, lambda _: b"z" * 50))
        found = one.flush(NOW + 3600 * hour)
        size = sum(len(each.record.text) + 64 for each in found)
        spent += size if hour <= 24 else 0
        if found:
            assert sum(each.weight for each in found) == pytest.approx(1000)
    assert 1000 < spent <= 2000
    assert one.left_out > 0


def test_what_was_spent_of_the_day_outlives_a_restart_and_a_day_it_does_not() -> None:
    stored, found = None, []
    for hour in range(1, 60):
        one = Samples(Settings(edges=0, a_day=1000), {}, str, NOW + 3600 * (hour - 1), stored=stored)
        assert one.changes() is None
        one.take(rows([2] * 4, lambda _: b"z" * 61))
        found.append(len(one.flush(NOW + 3600 * hour)))
        stored = one.changes() or stored
    assert sum(found[:24]) * 125 <= 1000
    assert sum(found[:4]) == sum(found[:24]) > 0
    assert sum(found[24:]) > 0


LATE = pytest.param(b"[1" + b"0" * 400 + b", [86400.0, 0, [0]]]", id="a number beyond a double")


@pytest.mark.parametrize(
    "stored", [b"", b"{}", b"[1e999, 0]", b"[1, [9, 0, [-4]]]", b"[" * 9999, b"\xff", LATE]
)
def test_what_is_no_such_state_is_begun_anew(stored: bytes) -> None:
    one = Samples(Settings(edges=0), {}, str, NOW, stored=stored)
    one.take(rows([2] * 3))
    assert len(one.flush(NOW + 3600)) == 3


def test_by_version() -> None:
    one = samples(Settings(by="version", each=2, edges=0))
    one.take(rows([2, 3, 4]))
    assert by_stratum(one.flush(NOW + 3600)) == {"1": 2}
