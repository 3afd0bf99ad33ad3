from __future__ import annotations

from math import inf
from pathlib import Path

import pytest

from agent.config import Faults, load
from agent.config.models import Extent, Model
from agent.config.quantity import Rate

LOGS = '[[logs]]\nname = "api"\npaths = ["/a"]\n[[logs]]\nname = "labels"\npaths = ["/b"]\n'


def loaded(tmp_path: Path, text: str) -> tuple[Model, ...]:
    path = tmp_path / "outrider.toml"
    path.write_text(LOGS + text)
    return load([path]).model


def test_a_model(tmp_path: Path) -> None:
    [model] = loaded(
        tmp_path,
        '[[model]]\nname = "iris"\nlogs = ["api", "labels"]\nlearn = "2h"\nranges.temp = "-40..85"\n'
        '[model.samples]\nenabled = true\nbudget = "10 KB/hour"\n',
    )
    assert (model.name, model.logs, model.learn) == ("iris", ("api", "labels"), 7200.0)
    assert model.ranges == {"temp": (-40.0, 85.0)}
    assert (model.samples.enabled, model.samples.budget) == (True, Rate(10_000, "hour"))
    assert model.samples.each == 4


@pytest.mark.parametrize(
    ("written", "extent"),
    [("-40..85", (-40.0, 85.0)), ("0..", (0.0, inf)), ("..1e3", (-inf, 1000.0)), ("1.5..2.5", (1.5, 2.5))],
)
def test_a_range(written: str, extent: tuple[float, float]) -> None:
    assert Extent().read(written) == extent
    assert Extent().read(Extent().show(extent).strip('"')) == extent


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("", "names no log"),
        ('logs = ["ap"]', "there is no log"),
        ('logs = ["api"]\n[[model]]\nname = "y"\nlogs = ["api"]', "is in model[1].logs too"),
        ('logs = ["api"]\nprocess = "server"', "is not watched"),
        ('logs = ["api"]\nranges.temp = "3"', "no range"),
        ('logs = ["api"]\nranges.temp = "3..2"', "holds nothing"),
        ('logs = ["api"]\nranges.temp = ".."', "no range"),
        ('logs = ["api"]\nranges.temp = "nan..2"', "no range"),
        ('logs = ["api"]\nranges."a b" = "1..2"', "a b"),
        ('logs = ["api"]\n[model.samples]\neach = 1000', "1000"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(Faults) as found:
        loaded(tmp_path, f'[[model]]\nname = "x"\n{wrong}\n')
    assert said in str(found.value)
