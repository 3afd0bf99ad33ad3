"""A model as its settings want it: which baseline, and samples or none."""

from __future__ import annotations

from pathlib import Path

from agent.config.models import Model, Samples
from agent.config.settings import Config
from agent.logs.measures import Info, info_of
from agent.planned import known, model_of
from agent.stats.baseline import Baseline, encoded
from tests.agent.logs.models.test_inputs import baseline, normal, rows

NOW = 1_800_000_000.0


def given(path: Path, model: str) -> str:
    made: Baseline = baseline({"temp": normal(1000)})._replace(model=model)
    path.write_bytes(encoded(made))
    return str(path)


def test_a_baseline_that_cannot_be_used_is_said_and_the_model_learns(tmp_path: Path) -> None:
    right = given(tmp_path / "right.json", "iris")
    for path, said in (
        (right, []),
        (given(tmp_path / "other.json", "roses"), ["is of the model roses"]),
        (str(tmp_path / "none.json"), ["No such file"]),
        (__file__, ["no JSON"]),
    ):
        told: list[str] = []
        model_of(Model("iris", ("api",), baseline=path), Config(), {}, NOW, told.append)
        assert len(told) == len(said)
        assert all(part in text for part, text in zip(said, told, strict=True))


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
