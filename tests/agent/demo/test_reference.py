from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.models import Model as Settings
from agent.demo.stage import Stage
from agent.demo.traffic import Course
from agent.given import baseline_of
from agent.stats.topk import Top

pytestmark = pytest.mark.onnxruntime


def test_the_daemon_takes_what_the_model_was_made_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Course())
    stage.prepare()
    said: list[str] = []
    found = baseline_of(Settings("iris", baseline=str(stage.baseline)), said.append)
    assert said == []
    assert found is not None
    assert (found.model, found.version) == ("iris", "1")
    features = found.features
    assert set(features) == {
        "sepal_length", "sepal_width", "petal_length", "petal_width", "prediction", "confidence",
    }  # fmt: skip
    assert features["petal_length"].extent == pytest.approx((1.0, 6.9))
    predictions = features["prediction"].values
    assert isinstance(predictions, Top)
    assert sum(predictions.counts.values()) == 150
