from __future__ import annotations

import pytest

from collectors.logs.formats.format import Field, Format, field_of, scale_of


@pytest.mark.parametrize(
    ("role", "spec", "expected"),
    [
        ("latency", "took in ms", Field("latency", "took", 1e-3)),
        ("latency", "latency_ms", Field("latency", "latency_ms", 1e-3)),
        ("latency", "took", Field("latency", "took", 1.0)),
        ("latency", "a in b in us", Field("latency", "a in b", 1e-6)),
        ("cache_usage", "usage in %", Field("cache_usage", "usage", 0.01)),
        ("model", "name_ms", Field("model", "name_ms", 1.0)),
        ("feature.x", "f.x_ms", Field("feature.x", "f.x_ms", 1.0)),
        ("output_tokens", "n_s", Field("output_tokens", "n_s", 1.0)),
    ],
)
def test_a_field_as_it_is_written(role: str, spec: str, expected: Field) -> None:
    assert field_of(role, spec) == expected


@pytest.mark.parametrize(
    ("role", "spec"),
    [
        ("colour", "x"),
        ("latency", "x in parsecs"),
        ("latency", ""),
        ("latency", "k" * 200),
        ("latency", 'a"b'),
        ("latency", "a\x1b"),
    ],
)
def test_what_is_no_field_says_why(role: str, spec: str) -> None:
    with pytest.raises(ValueError, match=r"role|unit|key"):
        field_of(role, spec)


def test_a_unit_that_does_not_fit_the_role_changes_nothing() -> None:
    assert scale_of("latency", "%") == 1.0
    assert scale_of("cache_usage", "ms") == 1.0


def test_the_parts_of_a_format() -> None:
    form = Format(
        "x", "json", (Field("time", "t"), Field("model", "m"), Field("latency", "l")), attributes=("route",)
    )
    assert [field.key for field in form.numbers] == ["l"]
    assert [field.role for field in form.texts] == ["model", "attribute:route"]
    assert form.key("time") == "t"
    assert form.key("message") is None
