from __future__ import annotations

from collectors.logs.formats.columns import LABELS, OTHER, Labels
from collectors.logs.formats.format import Field, Format

FORM = Format("x", "json", (Field("model", "m"), Field("status", "s"), Field("latency", "l")))


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
