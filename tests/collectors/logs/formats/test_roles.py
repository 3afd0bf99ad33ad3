from __future__ import annotations

import pytest

from collectors.logs.formats.roles import NUMBERS, is_role, metrics, role_of


def test_the_metric_of_a_latency_is_that_of_the_family() -> None:
    assert role_of("latency", "http").metric == "http.server.request.duration"
    assert role_of("latency", "gen_ai").metric == "gen_ai.server.request.duration"
    assert role_of("queue", "http").metric == "model.queue.duration"


def test_durations_are_histograms_of_seconds() -> None:
    assert {(role.kind, role.unit) for role in NUMBERS.values() if role.use == "duration"} == {
        ("histogram", "s")
    }
    assert {role.kind for role in NUMBERS.values() if role.use == "level"} == {"gauge"}
    assert {role.kind for role in NUMBERS.values() if role.use in ("sum", "flag")} == {"counter"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("latency", True),
        ("model", True),
        ("time", True),
        ("feature.a-b", True),
        ("feature.", False),
        ("x", False),
    ],
)
def test_roles(name: str, expected: bool) -> None:
    assert is_role(name) is expected


def test_features_are_values_of_their_own() -> None:
    assert role_of("feature.temp", "model")[:3] == ("value", "model.feature.temp", "1")
    with pytest.raises(KeyError):
        role_of("colour", "model")


def test_every_metric_is_described_with_what_tells_its_series_apart() -> None:
    found = {metric.name: metric for metric in metrics()}
    assert found["model.tokens"].attributes == ("model.name", "model.version", "gen_ai.token.type")
    assert found["model.cache.lookups"].attributes[-1] == "result"
    assert found["gen_ai.server.request.duration"].kind == "histogram"
    assert found["model.errors.template"].attributes == ()
