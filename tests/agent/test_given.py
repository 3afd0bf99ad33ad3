"""A baseline that settings name: there, readable, of this model."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import given as module
from agent.config.models import Model
from agent.given import baseline_of
from agent.stats.baseline import encoded
from tests.agent.logs.models.test_inputs import baseline, normal
from tests.deadmount import dead_mount


def given(path: Path, model: str) -> str:
    path.write_bytes(encoded(baseline({"temp": normal(1000)})._replace(model=model)))
    return str(path)


def test_a_baseline_that_cannot_be_used_is_said_and_is_none(tmp_path: Path) -> None:
    for path, said in (
        ("", []),
        (given(tmp_path / "right.json", "iris"), []),
        (given(tmp_path / "any.json", ""), []),
        (given(tmp_path / "other.json", "roses"), ["is of the model roses"]),
        (str(tmp_path / "none.json"), ["No such file"]),
        (__file__, ["no JSON"]),
    ):
        told: list[str] = []
        found = baseline_of(Model("iris", ("api",), baseline=path), told.append)
        assert (found is None) == (bool(said) or not path)
        assert all(part in text for part, text in zip(said, told, strict=True))


@pytest.mark.fuse
def test_a_baseline_on_a_disk_that_hangs_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    told: list[str] = []
    with dead_mount(tmp_path / "dead") as dead:
        assert baseline_of(Model("iris", ("api",), baseline=str(dead.file)), told.append) is None
        dead.revive()
    assert told == [
        f"model iris: the baseline {dead.file} cannot be used: its disk has not answered for 0.2 s"
    ]
