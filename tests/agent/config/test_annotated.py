from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.config.annotated import WIDTH, annotated
from agent.config.collected import Picked, collector_names
from agent.config.load import load, load_with_origins
from agent.config.options import options
from agent.config.profiles import PROFILES
from agent.config.section import Section, section
from agent.config.settings import Config

SETTING = re.compile(r"(?m)^#(?=\[|[\w.]+ = )")


def test_the_file_sets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    file.write_text(annotated())
    assert load([file]) == Config()


def test_every_setting_in_it_taken_in_is_the_default_or_an_example(tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    file.write_text(SETTING.sub("", annotated()))
    config, origins, _ = load_with_origins([file])
    for name in collector_names():
        polling, due = config.polling(name), Config().polling(name)
        assert polling[:2] == due[:2]
        assert polling.options == due.options or name == "processes"
    (watch,) = config.polling("processes").options.watch
    assert watch.name == "model server"
    (alert,) = config.alert
    assert (alert.name, alert.when) == ("hot", "hw.temperature > 85 for 2m")
    (form,) = config.format
    assert (form.name, form.fields) == ("mine", {"latency": "took in ms"})
    assert config.attributes == {"network.interface.name": Picked()}
    assert config.device.tags == {"rack": "3"}
    default = Config()
    (logs,) = config.logs
    assert (logs.name, logs.paths, logs.start) == ("api", ("/var/log/api/*.log",), "end")
    given = config._replace(collectors=default.collectors, attributes=default.attributes)
    (endpoint,) = config.endpoint
    assert (endpoint.name, endpoint.url) == ("chat", "http://127.0.0.1:8000/metrics")
    (model,) = config.model
    assert (model.name, model.logs, model.ranges) == ("iris", ("api",), {"temperature": (-40.0, 85.0)})
    given = given._replace(model=(), alert=(), format=(), logs=(), endpoint=())
    assert given._replace(device=default.device) == default
    assert {re.split(r"[.[]", key)[0] for key in origins} == set(Config._fields)


def test_every_setting_is_in_it() -> None:
    shown = set(re.findall(r"(?m)^#(\w+)", annotated()))

    def walk(of: Section) -> None:
        for field in of.fields.values():
            assert field.name in shown or not field.form
            if field.section or field.items:
                walk(field.section or field.items.section())  # type: ignore[union-attr]

    walk(section(Config))
    for name in collector_names():
        walk(options(name) or section(Picked))


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_stands_in_its_file_with_the_reason(name: str, tmp_path: Path) -> None:
    text = annotated(name, PROFILES[name])
    file = tmp_path / "outrider.toml"
    file.write_text(text)
    _, origins, _ = load_with_origins([file])
    assert set(origins) == {change.key for change in PROFILES[name].changes}
    assert text.count(f"\n# {name}: ") == len(origins)
    assert max(map(len, text.splitlines())) <= WIDTH


def test_its_lines_fit_a_terminal() -> None:
    assert max(map(len, annotated().splitlines())) <= WIDTH
