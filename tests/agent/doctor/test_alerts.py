"""Rules that fit, that name nothing, and that compare with another unit."""

from __future__ import annotations

import pytest

from agent.config.settings import Alert
from agent.doctor.alerts import examine
from collectors.api import Metric, Series
from collectors.logs.formats.roles import ERRORS, REQUESTS, metrics

HEAT = Series("hw.temperature", "Cel", "gauge", (("hw.id", "a"), ("hw.name", "cpu")))
MODEL = (REQUESTS, ERRORS, Metric("model.request.duration", "s", "histogram", (), "model logs", "Time."))
ROOM = Series("system.filesystem.usage", "By", "gauge", ())


def test_rules_that_fit_are_counted() -> None:
    alerts = [Alert("hot", "hw.temperature > 85 for 2m"), Alert("gone", "no hw.temperature for 5m")]
    (only,) = examine(alerts, [HEAT, ROOM])
    assert (only.level, only.text) == ("ok", "2 alert rules watch series of this device")


def test_a_name_that_nothing_reads_is_a_warning_with_the_nearest() -> None:
    (only,) = examine([Alert("hot", "hw.temprature > 85")], [HEAT, ROOM])
    assert (only.level, "hw.temprature" in only.text) == ("warning", True)
    assert "hw.temperature" in only.advice


def test_an_attribute_that_matches_nothing_is_a_warning() -> None:
    (only,) = examine([Alert("hot", 'hw.temperature{hw.name="gpu*"} > 85')], [HEAT])
    assert only.level == "warning"


def test_another_unit_is_a_warning_that_names_the_right_one() -> None:
    (only,) = examine([Alert("hot", "hw.temperature > 85 MiB")], [HEAT])
    assert (only.level, "Cel" in only.advice) == ("warning", True)


def test_without_rules_nothing_is_said() -> None:
    assert list(examine([], [HEAT])) == []


def test_what_only_comes_when_it_is_logged_is_known() -> None:
    alerts = [
        Alert("slow", "p99(model.request.duration) > 500ms for 1m"),
        Alert("errors", 'model.errors{log="api"} > 0.5/s for 1m'),
        Alert("share", "share(model.errors, model.requests) by model.name > 5%"),
        Alert("silent", "no model.requests for 5m"),
    ]
    (only,) = examine(alerts, [HEAT], MODEL)
    assert (only.level, only.text) == ("ok", "4 alert rules watch series of this device")
    assert [each.level for each in examine(alerts, [HEAT])] == ["warning"] * 4


def test_a_feature_of_any_name_is_known_to_come() -> None:
    alerts = [Alert("drift", "p50(model.feature.temp) > 5 for 1m")]
    (only,) = examine(alerts, [HEAT], metrics())
    assert (only.level, only.text) == ("ok", "1 alert rules watch series of this device")


@pytest.mark.parametrize(
    ("when", "text", "advice"),
    [
        ("model.request.duration > 500ms", "compares model.request.duration, a histogram", "p99(...)"),
        ("p99(model.errors) > 5", "takes p99 of model.errors, a counter", "without a function"),
        ("p99(model.request.duration) > 5 MiB", "with another unit than its s", "in s"),
        ("share(hw.temperature, model.requests) > 5%", "a share of hw.temperature, a gauge", "of counters"),
        ("share(model.errors, model.request) > 5%", "about model.request, which nothing", "model.requests"),
    ],
)
def test_a_rule_of_the_wrong_kind_is_a_warning_with_the_right_one(when: str, text: str, advice: str) -> None:
    (only,) = examine([Alert("wrong", when)], [HEAT], MODEL)
    assert (only.level, text in only.text, advice in only.advice) == ("warning", True, True), only
