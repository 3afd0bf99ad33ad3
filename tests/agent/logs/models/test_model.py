"""A model over its logs: events, what is stored, and that a life goes on where the last one stood."""

from __future__ import annotations

import numpy as np

from agent.logs.measures import added, baseline_of, known
from agent.logs.models.inputs import Inputs
from agent.logs.models.model import Model, Plan, Said
from agent.logs.models.reference import Settings
from agent.logs.models.samples import Settings as Sampled
from tests.agent.logs.models.test_inputs import NOW, OWNER, baseline, normal, rows
from tests.agent.logs.models.test_outcomes import rows as pairs

PLAN = Plan("iris", reference=Settings(learn=600.0, window=60.0))


def names(said: tuple[Said, ...]) -> list[str]:
    return [each.name for each in said]


def test_versions_baselines_and_drifts_are_told_once_with_evidence() -> None:
    plan = PLAN._replace(baseline=baseline({"temp": normal(5000)}))
    model = Model(plan, {}, NOW)
    model.take(rows({"temp": normal(1000)}), NOW)
    first = model.flush(NOW + 1)
    assert names(first.events) == ["model.version", "model.baseline"]
    [shipped] = baseline_of(added(first.minutes.values())).values()
    assert shipped["temp"].seen.count == 5000
    model.take(rows({"temp": normal(1000, 3.0)}), NOW + 30)
    [drift] = model.flush(NOW + 61).events
    told = dict(drift.attributes)
    assert (drift.stream, drift.name, told["feature"], told["drifted"]) == (
        "events",
        "model.drift",
        "temp",
        "true",
    )
    assert float(told["score"]) > float(told["threshold"])
    assert told["n"] == "2000"
    assert drift.text.startswith("temp has drifted: ")
    assert set(OWNER) <= set(drift.attributes)
    model.take(rows({"temp": normal(2000)}), NOW + 90)
    [back] = model.flush(NOW + 122).events
    assert "is as it was again" in back.text


def test_a_life_goes_on_where_the_last_one_stood() -> None:
    first = Model(PLAN, {}, NOW)
    first.take(pairs(2, ids=["r1", "r2"], predictions="ab"), NOW)
    first.take(rows({"temp": normal(300)}), NOW)
    first.flush(NOW)
    stored = {name: state for name, state in first.changes(NOW).items() if state is not None}
    assert {name.split("/")[0] for name in stored} == {"outcomes", "reference"}
    second = Model(PLAN, stored, NOW + 10)
    second.take(pairs(2, ids=["r1", "r2"], labels="aa"), NOW + 10)
    second.take(rows({"temp": normal(300)}, at=NOW + 10), NOW + 10)
    made = second.flush(NOW + 10)
    assert names(made.events) == [], "no version is new"
    assert known(added(made.minutes.values()))[pairs_owner()].confusion == {("a", "a"): 1, ("a", "b"): 1}


def pairs_owner() -> tuple[tuple[str, str], ...]:
    return (("log.name", "api"), ("model.name", "iris"), ("model.version", "1"))


def test_what_was_stored_and_cannot_be_read_is_an_event() -> None:
    model = Model(PLAN, {"outcomes/3": b"rubbish", "reference/iris@1": b"rubbish"}, NOW)
    model.take(rows({"temp": normal(100)}), NOW)
    said = model.flush(NOW).events
    assert [each.name for each in said].count("model.fault") == 2
    assert model.changes(NOW)["outcomes/3"] is None


def test_samples_are_events_of_their_own_stream() -> None:
    model = Model(PLAN._replace(samples=Sampled(edges=0)), {}, NOW)
    few = rows({"temp": [1.0, 2.0]})
    model.take(few._replace(line=lambda row: b"line %d" % row, failed=np.array([True, False])), NOW)
    said = [each for each in model.flush(NOW + 3600).events if each.stream == "samples"]
    assert sorted(each.text for each in said) == ["line 0", "line 1"]
    assert {dict(each.attributes)["weight"] for each in said} == {"1"}
    assert {dict(each.attributes)["stratum"] for each in said} == {"failed", "all"}


def test_what_is_refused_is_counted() -> None:
    model = Model(PLAN, {}, NOW)
    model.take(pairs(1, predicted=[1e300], true=[-1e300]), NOW)
    assert model.refused == 1
    assert isinstance(Inputs("x", Settings(), {}, 1.0), Inputs)
