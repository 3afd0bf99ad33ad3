from __future__ import annotations

from pathlib import Path

from agent.config import load
from agent.demo.stage import Stage
from agent.demo.traffic import Course
from agent.demo.watched import settings


def test_the_daemon_takes_it(tmp_path: Path) -> None:
    stage, path = Stage(tmp_path, Course()), tmp_path / "outrider.toml"
    path.write_text(settings(stage))
    config = load((path,), {})
    assert [(log.name, log.paths, log.format) for log in config.logs] == [
        ("model", (str(stage.model),), "demo"),
        ("access", (str(stage.access),), "uvicorn"),
    ]
    assert [rule.name for rule in config.alert] == ["model-slow", "model-fails"]
