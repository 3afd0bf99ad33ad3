"""Each preset on a page of its server; names are those that logs of the same server become."""

from __future__ import annotations

import pytest

from collectors.api import Kind
from collectors.endpoints.exposition import read
from collectors.endpoints.plan import Choice, Plan, Points
from collectors.endpoints.points import Buckets, Point
from collectors.endpoints.presets import NAMES, PRESETS, metrics
from collectors.logs.formats.roles import ERRORS, LATENCY, NUMBERS, REQUESTS, Role
from tests.source import ROOT

CASES = ROOT / "tests" / "cases" / "endpoints"


def points_of(name: str) -> Points:
    """What the preset makes of its server's page."""
    plan = Plan(Choice(preset=name))
    page = read((CASES / f"{name}.prom").read_bytes(), plan.wanted)
    assert page.malformed == 0
    return plan.read(page)


def line(point: Point) -> str:
    """A number as the file of expectations has it."""
    attributes = ",".join(f"{key}={value}" for key, value in point.series.attributes)
    if isinstance(point.value, Buckets):
        told = " ".join(f"{b:g}:{n}" for b, n in zip(point.value.bounds, point.value.counts, strict=True))
        value = f"{told} sum {point.value.total:g}"
    else:
        value = f"{point.value:.10g}"
    scale = "" if point.scale == 1 else f" * {point.scale:g}"
    return f"{point.series.name} {point.series.unit} {point.series.kind} {{{attributes}}} {value}{scale}"


@pytest.mark.parametrize("name", NAMES)
def test_what_becomes_of_a_servers_page(name: str) -> None:
    found = points_of(name)
    expected = (CASES / f"{name}.txt").read_text().splitlines()
    assert [line(point) for point in found.points] == expected
    assert (found.refused, found.other) == (0, 0)


MISSING = {"llamacpp": ("llamacpp:kv_cache_usage_ratio",)}


@pytest.mark.parametrize("name", NAMES)
def test_no_metric_of_the_preset_is_missing_there(name: str) -> None:
    # Of llama.cpp's newer versions, whose page it is, the cache's usage is gone.
    assert points_of(name).missing == MISSING.get(name, ())


def roles() -> dict[str, tuple[str, Kind]]:
    """Unit and kind of each metric that a line of a log can become."""
    numbers: list[Role] = [role for name, role in NUMBERS.items() if name != "latency"]
    found = {role.metric: (role.unit, role.kind) for role in numbers}
    found |= dict.fromkeys(LATENCY.values(), ("s", "histogram"))
    return found | {metric.name: (metric.unit, metric.kind) for metric in (REQUESTS, ERRORS)}


OWN = {"model.inferences", "model.executions", "model.tokens.duration"}
"""What no line of a log tells."""


@pytest.mark.parametrize("name", NAMES)
def test_names_units_and_kinds_are_those_of_logs(name: str) -> None:
    known = roles()
    for entry in PRESETS[name].entries:
        if entry.metric.endswith(".sum"):
            stem = entry.metric.removesuffix(".sum")
            assert (entry.unit, entry.kind) == ("s", "counter")
            assert stem in OWN or known[stem] == ("s", "histogram")
        elif entry.metric not in OWN:
            assert (entry.unit, entry.kind) == known[entry.metric]


@pytest.mark.parametrize("name", NAMES)
def test_attributes_are_those_of_logs(name: str) -> None:
    told = {key: value for key, value in PRESETS[name].labels}  # noqa: C416 - pairs of a tuple
    assert {"model", "model_name", "deployment"} & told.keys() or name in ("tgi", "llamacpp")
    for entry in PRESETS[name].entries:
        keys = {key for key, _ in entry.attributes} | {key for _, key in entry.labels}
        if entry.metric == "model.requests":
            assert "status" in keys
        elif entry.metric == "model.errors":
            assert keys == {"error.type"}
        elif entry.metric == "model.tokens":
            assert keys == {"gen_ai.token.type"}


@pytest.mark.parametrize("name", NAMES)
def test_what_a_page_becomes_is_listed(name: str) -> None:
    listed = {(each.name, each.unit, each.kind): set(each.attributes) for each in metrics(name)}
    for point in points_of(name).points:
        told = point.series
        assert {key for key, _ in told.attributes} <= listed[told.name, told.unit, told.kind]
