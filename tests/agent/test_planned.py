"""A model as its settings want it: which baseline, and samples or none."""

from __future__ import annotations

from pathlib import Path

from agent.config.models import Model, Samples
from agent.config.settings import Config
from agent.logs.measures import Info, info_of
from agent.planned import known, model_of
from agent.stats.baseline import encoded
from tests.agent.logs.models.test_inputs import baseline, normal, rows

NOW = 1_800_000_000.0


def test_a_given_baseline_is_the_models(tmp_path: Path) -> None:
    path = tmp_path / "iris.json"
    path.write_bytes(encoded(baseline({"temp": normal(1000)})._replace(model="iris")))
    for file, references in ((path, [True]), (tmp_path / "none.json", [False])):
        model = model_of(Model("iris", ("api",), baseline=str(file)), Config(), {}, NOW, str)
        model.take(rows({"temp": [1.0, 2.0]}), NOW)
        assert [each.baseline is not None for _, each in model._inputs.references()] == references


def test_samples_are_kept_where_they_are_switched_on() -> None:
    for enabled, count in ((False, 0), (True, 2)):
        settings = Model("iris", ("api",), samples=Samples(enabled=enabled, edges=0))
        model = model_of(settings, Config(), {}, NOW, str)
        model.take(rows({"temp": [1.0, 2.0]}), NOW)
        said = model.flush(NOW + 3600).events
        assert [each.stream for each in said].count("samples") == count


def test_what_the_settings_tell_is_known_of_it() -> None:
    told = known(Model("iris", ("api", "labels"), process="server"))
    assert info_of(told) == {"iris": Info(("api", "labels"), "server")}
