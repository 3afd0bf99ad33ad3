"""Which series are kept: by the names of metrics and the values of attributes, absences with them."""

from __future__ import annotations

import pytest

from collectors.api import Absence, Metric, Reading, Series
from collectors.selection import Patterns, Selection, Sieve

IO = Metric("system.network.io", "By", "counter", ("network.interface.name", "way"), "nowhere", "Bytes.")
ERRORS = Metric(
    "system.network.errors", "{error}", "counter", ("network.interface.name",), "nowhere", "Errors."
)
LOAD = Metric("linux.load", "1", "gauge", (), "nowhere", "Load.")
METRICS = (IO, ERRORS, LOAD)


def series(*names: str) -> tuple[Series, ...]:
    """Two of each interface, and one without attributes."""
    each = [
        one
        for name in names
        for one in (
            IO.of(**{"network.interface.name": name, "way": "in"}),
            ERRORS.of(**{"network.interface.name": name}),
        )
    ]
    return (*each, LOAD.of())


ALL = series("eth0", "veth1", "wlan0")


ANY = Patterns()


def sieve(metrics: Patterns = ANY, **interfaces: tuple[str, ...]) -> Sieve:
    found = Selection(metrics, {"network.interface.name": Patterns(**interfaces)}).sieve(METRICS)
    assert found is not None
    return found


def kept(found: Sieve) -> list[object]:
    """The values left of 0, 1, 2, ... for ALL."""
    return list(found(Reading(ALL, range(len(ALL)))).values)


@pytest.mark.parametrize(
    ("include", "exclude", "values"),
    [
        (("eth*",), (), [0, 1, 6]),
        ((), ("veth*",), [0, 1, 4, 5, 6]),
        (("*eth?",), ("veth*",), [0, 1, 6]),
        (("[ew]*",), (), [0, 1, 4, 5, 6]),
        (("ETH0",), (), [6]),
        ((), ("*",), [6]),
    ],
)
def test_an_attribute_is_judged_where_a_series_has_it(
    include: tuple[str, ...], exclude: tuple[str, ...], values: list[object]
) -> None:
    found = sieve(include=include, exclude=exclude)
    assert kept(found) == values
    assert found.excluded == len(ALL) - len(values)


def test_metrics_are_judged_by_name_and_both_must_hold() -> None:
    assert kept(sieve(Patterns(exclude=("linux.*",)))) == [0, 1, 2, 3, 4, 5]
    assert kept(sieve(Patterns(include=("system.network.io", "linux.*")), include=("eth0",))) == [0, 6]


def test_the_same_tuple_comes_back_for_the_same_tuple() -> None:
    found = sieve(exclude=("veth*",))
    first = found(Reading(ALL, range(7))).series
    assert found(Reading(ALL, range(7))).series is first
    other = found(Reading(series("eth0", "veth1"), range(5)))
    assert [each.name for each in other.series] == [IO.name, ERRORS.name, LOAD.name]
    assert found.excluded == 2


def test_where_all_is_kept_the_collectors_own_tuple_goes_on() -> None:
    assert sieve(exclude=("docker*",))(Reading(ALL, range(7))).series is ALL


def test_nothing_is_asked_where_no_pattern_can_concern_the_metrics() -> None:
    assert Selection().sieve(METRICS) is None
    assert Selection(Patterns(), {"cpu.mode": Patterns(("idle",))}).sieve(METRICS) is None
    assert Selection(Patterns(), {"network.interface.name": Patterns()}).sieve(METRICS) is None
    assert Selection(Patterns((), ("x",))).sieve(METRICS) is not None


def left(found: Sieve, *whats: str) -> list[str]:
    absences = tuple(Absence(what, "broken") for what in whats)
    return [absence.what for absence in found(Reading(ALL, range(7), absences)).absences]


def test_absences_go_with_the_devices_and_metrics_that_are_left_out() -> None:
    found = sieve(Patterns(exclude=("system.network.errors",)), exclude=("veth*",))
    whats = ("eth0", "veth1", "system.network.errors", "system.network.io", "linux.load", "something else")
    assert left(found, *whats) == ["eth0", "system.network.io", "linux.load", "something else"]


def test_a_device_without_series_goes_by_its_name() -> None:
    assert left(sieve(exclude=("veth*",)), "veth9", "eth9") == ["eth9"]
    assert left(sieve(include=("eth*",)), "veth9", "eth9") == ["veth9", "eth9"]
    found = sieve(Patterns(include=("linux.*",)), exclude=("system.*",))
    assert found(Reading((LOAD.of(),), [1], (Absence(IO.name, "broken"),))).absences == ()
