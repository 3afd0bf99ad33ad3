from __future__ import annotations

from math import nan

import numpy as np

from collectors.logs.formats.columns import LABELS, OTHER, UNTIMED, Labels, batch_of
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.record import Record

FORM = Format("x", "json", (Field("model", "m"), Field("status", "s"), Field("latency", "l")))


def test_records_become_columns() -> None:
    records = [Record(120.5, ("a", "ok"), (1.0,), ""), Record(None, ("b", "error"), (nan,), "boom")]
    labels = Labels(FORM)
    batch = batch_of(records, labels, 1, 4, [1], [b"x", b"y"])
    assert batch.minutes.tolist() == [2, UNTIMED]
    assert [labels.texts[label] for label in batch.labels] == [("a", "ok"), ("b", "error")]
    assert np.array_equal(batch.numbers[0], [1.0, nan], equal_nan=True)
    assert batch.messages == [(1, "boom")]
    assert (batch.lines, batch.missed, batch.samples) == (4, 2, [b"x", b"y"])


def test_no_records_are_columns_too() -> None:
    batch = batch_of([], Labels(FORM), 1, 0, [], [])
    assert [len(column) for column in (batch.minutes, batch.labels, *batch.numbers)] == [0, 0, 0]


def test_labels_are_bounded_and_keep_the_status() -> None:
    labels = Labels(FORM)
    for number in range(5 * LABELS):
        labels[f"model {number}", "ok"]
    assert len(labels.texts) == LABELS + 1
    assert labels.texts[labels["one more", "ok"]] == (OTHER, "ok")
    assert labels.folded > 0


def test_labels_are_bounded_even_where_every_status_is_another() -> None:
    labels = Labels(FORM)
    for number in range(5 * LABELS):
        labels["m", f"status {number}"]
    assert len(labels) == len(labels.texts) <= 2 * LABELS + 1
    assert labels.texts[labels["m", "one more"]] == (OTHER, OTHER)
