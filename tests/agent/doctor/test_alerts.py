"""Rules that fit, that name nothing, and that compare with another unit."""

from __future__ import annotations

from agent.config.settings import Alert
from agent.doctor.alerts import examine
from collectors.api import Series

HEAT = Series("hw.temperature", "Cel", "gauge", (("hw.id", "a"), ("hw.name", "cpu")))
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
