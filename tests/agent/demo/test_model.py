from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest

from agent.demo.iris import FEATURES, SPECIES, flowers
from agent.demo.model import InvalidArgument, Model, mended
from agent.demo.traffic import CM_PER_INCH, PETALS
from tests.source import ROOT


@pytest.fixture(scope="module")
def model() -> Model:
    return Model()


def test_it_knows_most_irises(model: Model) -> None:
    right = sum(model.predict(flower.features).species == flower.species for flower in flowers())
    assert right == 142


def test_what_it_says_of_one(model: Model) -> None:
    said = model.predict(dict(zip(FEATURES, (5.1, 3.5, 1.4, 0.2), strict=True)))
    assert said.species == "setosa"
    assert said.confidence == max(said.probabilities.values()) == pytest.approx(0.8755, abs=1e-4)
    assert tuple(said.probabilities) == SPECIES
    assert sum(said.probabilities.values()) == pytest.approx(1.0)


def test_petals_in_inches_make_it_wrong_and_no_less_sure(model: Model) -> None:
    right, sure, before = 0, [], []
    for features, species in flowers():
        said = model.predict({**features, **{name: features[name] / CM_PER_INCH for name in PETALS}})
        right += said.species == species
        sure.append(said.confidence)
        before.append(model.predict(features).confidence)
    assert right == 50
    assert mean(sure) == pytest.approx(mean(before), abs=0.01)


def test_a_missing_feature_is_an_error_of_onnxruntime(model: Model) -> None:
    with pytest.raises(InvalidArgument, match=r"index: 1 Got: 3 Expected: 4"):
        model.predict({"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_named(model: Model, value: float) -> None:
    features = {**flowers()[0].features, "petal_length": value, "sepal_width": value}
    with pytest.raises(ValueError, match="input is not finite: sepal_width, petal_length"):
        model.predict(features)


def test_onnxruntime_keeps_no_files_to_report_from(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "home")}
    environ = {name: value for name, value in environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    for name in ("tmp", "home"):
        (tmp_path / name).mkdir()
    code = "from agent.demo.model import Model; Model()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
    assert [path for name in ("tmp", "home") for path in (tmp_path / name).iterdir()] == []


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="is not the file that the demo knows"):
        mended(b"\x08\x03\x12\x0bOnnxMLTools")
