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
        ("labels", (str(stage.labels),), "demo-labels"),
    ]
    assert [rule.name for rule in config.alert] == [
        "model-slow",
        "model-fails",
        "model-drifts",
        "model-wrong",
    ]
    [model] = config.model
    assert (model.logs, model.baseline) == (("model", "labels"), str(stage.baseline))
    assert str(stage.port) in config.polling("processes").options.watch[0].match
