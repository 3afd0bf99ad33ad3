"""Names of metrics that no preset knows."""

from __future__ import annotations

import pytest

from collectors.endpoints.naming import base_of, named


@pytest.mark.parametrize(
    ("name", "kind", "unit", "expected"),
    [
        ("app:queue_time_ms", "histogram", "", [("app.queue_time", "s", "histogram", 0.001)]),
        ("x_seconds", "gauge", "", [("x", "s", "gauge", 1.0)]),
        ("x", "gauge", "milliseconds", [("x", "s", "gauge", 0.001)]),
        (":tensorflow:core:graph_runs", "counter", "", [("tensorflow.core.graph_runs", "1", "counter", 1.0)]),
        ("nv_gpu_memory_used_bytes", "unknown", "", [("nv_gpu_memory_used", "By", "gauge", 1.0)]),
        ("busy_percent", "untyped", "", [("busy", "1", "gauge", 0.01)]),
        ("seconds", "gauge", "", [("seconds", "1", "gauge", 1.0)]),
        (
            "took_us", "summary", "",
            [("took.sum", "s", "counter", 1e-6), ("took.count", "1", "counter", 1.0)],
        ),
        ("build", "info", "", []),
        ("state", "stateset", "", []),
    ],
)  # fmt: skip
def test_names(name: str, kind: str, unit: str, expected: list[tuple[str, str, str, float]]) -> None:
    found = named(name, kind, unit)
    assert [(each.metric, each.unit, each.kind, each.scale) for each in found] == expected


def test_a_summary_is_its_sum_and_count() -> None:
    assert [each.names for each in named("took_us", "summary", "")] == [("took_us_sum",), ("took_us_count",)]


def test_counters_with_and_without_total() -> None:
    assert [base_of(name) for name in ("a_total", "a", "_total")] == ["a", "a", "_total"]
