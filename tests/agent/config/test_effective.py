from __future__ import annotations

import re
from pathlib import Path

from agent.config.collected import Polling
from agent.config.effective import effective, summary
from agent.config.load import Loaded, load, load_with_origins
from agent.config.logs import Logs
from agent.config.models import Model
from agent.config.quantity import Rate
from agent.config.settings import Alert, Config, Observed, Ship

TEXT = """\
[collectors]
cpu.interval = "2s"
containers.units = ["a*", "$$b"]
[[collectors.processes.watch]]
name = "x"
unit = "x.service"
[store]
tiers = { 4 = "1h" }
[device.tags]
"rack.no" = "3"
[attributes."network.interface.name"]
exclude = ["veth*"]
[[alert]]
name = "hot"
when = "hw.temperature{hw.name='cpu*'} > 85 Cel for 2m"
[retention.samples]
max_size = "1 MiB"
"""


def test_what_is_in_effect_can_be_loaded_again(tmp_path: Path) -> None:
    first = tmp_path / "first.toml"
    first.write_text(TEXT)
    loaded = load_with_origins([first], {"window.span": "5s", "device.name": 'a "b" \\ c'})
    second = tmp_path / "second.toml"
    second.write_text(effective(loaded))
    again = load([second])
    assert again._replace(collectors={}) == loaded.config._replace(collectors={})
    for name in ("cpu", "containers", "processes", "own"):
        assert again.polling(name) == loaded.config.polling(name)


def test_what_is_in_effect_says_where_it_came_from(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(TEXT)
    lines = effective(load_with_origins([file], {"window.span": "5s"})).splitlines()

    def origin(line: str) -> list[str]:
        return [found[1] for each in lines if (found := re.fullmatch(rf"{re.escape(line)} +# (.*)", each))]

    assert origin('span = "5s"') == ["command line"]
    assert origin('keepalive = "60s"') == ["default"]
    assert origin('interval = "2s"') == [f"{file}:2"]
    assert origin('units = ["a*", "$$b"]') == [f"{file}:3"]
    assert origin('unit = "x.service"') == [f"{file}:6"]
    assert origin('tags."rack.no" = "3"') == [f"{file}:10"]
    assert origin('exclude = ["veth*"]') == [f"{file}:12"]
    assert origin('severity = "warning"') == ["default", "default"]  # of the recorder, and of the alert
    assert lines.count("[[alert]]") == lines.count("[[collectors.processes.watch]]") == 1


def test_the_summary_names_what_is_switched_on() -> None:
    told = summary(
        Loaded(Config(collectors={"cpu": Polling(enabled=False)}, alert=(Alert("hot", "m > 1"),)), {})
    )
    assert "cpu" not in told
    assert "memory, network" in told
    assert "mqtt://127.0.0.1:1883" in told
    assert "alerts   hot" in told
    assert not {"logs", "pages", "models"} & set(told.split())
    followed = Config(logs=(Logs("api", ("/a",), format="json"), Logs("b", ("/b",))), model=(Model("churn"),))
    told = summary(Loaded(followed, {}))
    assert "  logs     api (json), b (auto)\n  models   churn\n" in told
    assert "host" not in told.replace("named after the host", "")
    assert "host     /host" in summary(Loaded(Config(host=Observed("/host")), {}))
    assert "budget   none on the link, 50 MB/day on the disk" in told
    metered = summary(Loaded(Config(ship=Ship(budget=Rate(200_000, "day"))), {}))
    assert "budget   200 KB/day on the link" in metered


VARIABLES = """\
[device]
name = "gate-${NUMBER}"
site = "a$$b"
tags.key = "${SECRET}"
[broker]
url = "mqtt://${HOST:-localhost}:1883"
keepalive = "${KEEPALIVE}"
[store]
directory = "/var/${SECRET}"
tiers = { 4 = "${AGE}" }
[metrics]
exclude = ["${SECRET}.*", "a"]
[[alert]]
name = "${SECRET}"
when = "m{a='${SECRET}'} > 1"
"""
ENVIRONMENT = {"NUMBER": "7", "SECRET": "hunter2", "HOST": "hunter2", "KEEPALIVE": "77s", "AGE": "2h"}


def test_values_with_variables_are_shown_as_they_are_written(tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(VARIABLES)
    loaded = load_with_origins([first], environment=ENVIRONMENT)
    told = effective(loaded)
    assert "hunter2" not in told + summary(loaded)
    lines = [line.split("  # ")[0].rstrip() for line in told.splitlines()]
    assert {'name = "gate-${NUMBER}"', 'keepalive = "${KEEPALIVE}"', 'site = "a$$b"'} <= set(lines)
    assert {'tiers = { 4 = "${AGE}" }', 'exclude = ["${SECRET}.*", "a"]'} <= set(lines)
    second.write_text(told)
    assert load([second], environment=ENVIRONMENT)._replace(collectors={}) == loaded.config
    assert 'broker   "mqtt://${HOST:-localhost}:1883"' in summary(loaded)
