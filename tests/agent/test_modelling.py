"""The models of a configuration: whose logs, what is stored and forgotten."""

from __future__ import annotations

from agent.config.models import Model, Samples
from agent.config.settings import Config
from agent.logs.measures import Info, info_of
from agent.modelling import AT_ONCE, Models
from collectors.tally import Tally
from tests.agent.logs.models.test_inputs import rows
from tests.agent.logs.models.test_outcomes import rows as pairs

NOW = 1_800_000_000.0


def models(*settings: Model, stored: dict[str, bytes] | None = None) -> tuple[Models, list[str]]:
    said: list[str] = []
    return Models(Config(model=settings), stored or {}, NOW, said.append, Tally()), said


def test_logs_of_one_model_are_joined_and_others_are_none() -> None:
    both, _ = models(Model("iris", ("api", "labels"), process="server"))
    assert both.of("api") is both.of("labels") is not None
    assert both.of("access") is None
    model = both.of("api")
    assert model is not None
    model.take(pairs(1, ids=["r"], predictions="a"), NOW)
    model.take(pairs(1, ids=["r"], labels="a"), NOW)
    made = both.summed_up(NOW)
    assert [each.name for each in made.said] == ["model.version"]
    assert any(series.name == "model.confusion" for windows in made.minutes.values() for series in windows)
    assert all(name.startswith("model/iris/") for name in made.states)
    assert both.summed_up(NOW).said == ()


def test_with_every_window_it_is_told_who_tells_of_a_model_and_what_serves_it() -> None:
    both, _ = models(Model("iris", ("api", "labels"), process="server"), Model("bare"))
    for _ in range(2):
        (windows,) = both.summed_up(NOW + 7).minutes.values()
        assert info_of(windows) == {"iris": Info(("api", "labels"), "server"), "bare": Info((), "")}


def test_the_states_of_a_model_that_is_none_any_more_are_forgotten() -> None:
    both, _ = models(Model("iris", ("api",)), stored={"model/gone/outcomes/0": b"x", "api/1": b"y"})
    assert both.summed_up(NOW).states == {"model/gone/outcomes/0": None}


def test_the_samples_of_an_hour_are_handed_over_some_at_a_time() -> None:
    kept = Samples(enabled=True, each=100, edges=0)
    names = [f"model {number}" for number in range(3)]
    many, _ = models(*(Model(name, (name,), samples=kept) for name in names))
    for name in names:
        model = many.of(name)
        assert model is not None
        model.take(rows({"temp": [1.0] * 50}), NOW)
    counts = [
        [each.stream for each in many.summed_up(NOW + 3600 + 60 * minute).said].count("samples")
        for minute in range(4)
    ]
    assert counts == [AT_ONCE, 150 - AT_ONCE, 0, 0]
