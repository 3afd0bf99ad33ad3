from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.formats.values import flag, number, unit_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("36ms", 0.036),
        ("1.2s", 1.2),
        ("3m2s", 182.0),
        ("1h2m3.5s", 3723.5),
        ("50.263µs", 50.263e-6),
        ("50.263\N{GREEK SMALL LETTER MU}s", 50.263e-6),
        ("5134.98 ms", 5.13498),
        ("12.5", 12.5),
        ("-4", -4.0),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("0.0%", 0.0),
        ("45.5 %", 0.455),
        ("-1.5s", -1.5),
    ],
)
def test_a_text_is_a_number_in_base_units(text: str, expected: float) -> None:
    assert number(text) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "ms",
        "12 apples",
        "1e999",
        "nan",
        "inf",
        "1_000",
        "٣",
        "12ms3",
        "--3s",
        "1" * 65,
        "0x10",
        "1.2.3",
    ],
)
def test_what_is_no_number_is_absent(text: str) -> None:
    assert isnan(number(text))


def test_a_bare_number_has_the_unit_of_its_field_and_a_text_its_own() -> None:
    assert number(12, 1e-3) == 0.012
    assert number("12", 1e-3) == 0.012
    assert number("12s", 1e-3) == 12.0


@pytest.mark.parametrize("value", [True, None, [], 10**400, float("inf"), float("nan")])
def test_what_is_neither_number_nor_text_is_absent(value: object) -> None:
    assert isnan(number(value))


@given(st.text())
def test_any_text_is_a_finite_number_or_absent(text: str) -> None:
    value = number(text)
    assert isnan(value) or abs(value) < float("inf")


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("latency_ms", "ms"),
        ("tookMs", "ms"),
        ("request.elapsedms", "ms"),
        ("wait_usec", "usec"),
        ("req.responseTime", "ms"),
        ("statums", ""),
        ("duration_seconds", "seconds"),
        ("items", ""),
        ("ms", ""),
        ("p99_m", ""),
    ],
)
def test_the_end_of_a_name_tells_its_unit(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_flags_are_hits_misses_or_absent() -> None:
    assert [flag(value) for value in ("HIT", True, 1, "miss", False, 0)] == [1, 1, 1, 0, 0, 0]
    assert isnan(flag("perhaps"))
    assert isnan(flag(None))
