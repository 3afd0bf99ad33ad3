"""Logs, by the format of their lines."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from agent.tables.choice import Choice, Names
from agent.tables.chunk import TableError, categories
from agent.tables.lines import read
from collectors.logs.formats.format import Format, field_of

FORM = Format(
    "mine",
    "json",
    (
        field_of("feature.length", "in.length"),
        field_of("latency", "took_ms"),
        field_of("confidence", "sure in %"),
    ),
)
LOG = b"""{"in": {"length": 5.1}, "took_ms": 3, "sure": 80}
{"in": {}, "took_ms": 3, "sure": 90}
not this
"""


def test_what_the_format_says() -> None:
    troubles = Counter[str]()
    (chunk,) = read([LOG], FORM, Names(Choice()), troubles)
    assert chunk.rows == 2
    assert set(chunk.columns) == {"length", "confidence"}
    np.testing.assert_array_equal(chunk.columns["length"], [5.1, np.nan])
    np.testing.assert_allclose(np.asarray(chunk.columns["confidence"], float), [0.8, 0.9])
    assert troubles == {"lines that are not understood": 1}


def test_categories_and_predictions() -> None:
    form = Format("mine", "logfmt", (field_of("category.land", "land"), field_of("prediction", "said")))
    log = b"land=de said=cat\nland=fr\n" + b"".join([b"land=l%d said=dog\n" % n for n in range(2000)])
    (chunk,) = read([log], form, Names(Choice()), Counter())
    counts = categories(chunk.columns["land"])
    assert (counts["de"], counts["fr"], counts["l7"], counts["other"]) == (1, 1, 1, 2002 - 1024)
    assert categories(chunk.columns["prediction"]) == {"cat": 1, "": 1, "dog": 2000}


def test_a_format_without_features_is_said() -> None:
    with pytest.raises(TableError, match="no field that is a feature"):
        list(
            read([LOG], Format("bare", "json", (field_of("latency", "took_ms"),)), Names(Choice()), Counter())
        )
