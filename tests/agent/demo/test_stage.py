from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from agent.demo.stage import Stage, missing
from agent.demo.traffic import Course


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing() == []
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    assert missing() == ["uvicorn"]


def test_what_was_not_started_is_stopped(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Course())
    stage.stop()
    assert not stage.server.started
    assert not stage.load.started
