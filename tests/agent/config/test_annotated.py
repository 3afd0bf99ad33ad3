from __future__ import annotations

import re
from pathlib import Path

from agent.config.annotated import WIDTH, annotated, effective, summary
from agent.config.load import load, load_with_origins
from agent.config.settings import Collect, Config, Polling, collector_names


def test_the_file_sets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    file.write_text(annotated())
    assert load([file]) == Config()


def test_every_setting_in_it_taken_in_is_the_default(tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    file.write_text(re.sub(r"(?m)^#(?=\S+ = )", "", annotated()))
    config, origins = load_with_origins([file])
    assert (
        config._replace(collect=config.collect._replace(collectors=Config().collect.collectors)) == Config()
    )
    for name in collector_names():
        assert config.collect.polling(name) == Config().collect.polling(name)
    assert {key.partition(".")[0] for key in origins} == set(Config._fields)


def test_its_lines_fit_a_terminal() -> None:
    assert max(map(len, annotated().splitlines())) <= WIDTH


def test_what_is_in_effect_can_be_loaded_again(tmp_path: Path) -> None:
    first = tmp_path / "first.toml"
    first.write_text('[collect.collectors]\ncpu.interval = "2s"\n[store]\ntiers = { 4 = "1h" }\n')
    loaded = load_with_origins([first], {"window.span": "5s", "device.name": 'a "b" \\ c'})
    second = tmp_path / "second.toml"
    second.write_text(effective(loaded))
    again = load([second])
    assert again._replace(collect=Collect()) == loaded.config._replace(collect=Collect())
    assert again.collect.polling("cpu") == Polling(enabled=True, interval=2.0)


def test_what_is_in_effect_says_where_it_came_from(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[collect.collectors]\ncpu.interval = "2s"\n')
    lines = effective(load_with_origins([file], {"window.span": "5s"})).splitlines()
    assert 'span = "5s"  # command line' in lines
    assert any(
        re.fullmatch(rf'collectors\.cpu\.interval = "2s" +# {re.escape(str(file))}:2', line) for line in lines
    )
    assert any(re.fullmatch(r'keepalive = "60s" +# default', line) for line in lines)


def test_the_summary_names_what_is_switched_on() -> None:
    collect = Collect(collectors={"cpu": Polling(enabled=False)})
    told = summary(Config(collect=collect))
    assert "cpu" not in told
    assert "memory, network" in told
    assert "mqtt://127.0.0.1:1883" in told
