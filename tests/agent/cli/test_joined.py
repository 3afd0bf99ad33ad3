"""The record of a model from a real store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import main
from agent.stats.frame import Content
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from tests import modelled
from tests.agent.store.device import Device


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """Forty minutes of a model, and what was told of it."""
    with Device(tmp_path / "state", Limits(4 * MIB, (), settle=0)) as opened:
        opened.now = end = time.time()
        for each in modelled.minutes(end):
            opened.apply(Flush(end, {"windows": each}))
        opened.apply(Flush(end, {"events": Content(events=modelled.events(end))}))
        opened.apply(Flush(end, {"samples": Content(events=modelled.samples(end))}))
        yield opened


def run(device: Device, *words: str) -> int:
    file = device.directory.parent / "empty.toml"
    file.touch(0o600)
    return main(["history", *words, "--config", str(file), "--state-dir", str(device.directory)])


def test_it_tells_all_of_a_model(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--model", "iris") == 0
    told = capsys.readouterr().out
    words = [line.split() for line in told.splitlines()]
    assert words[0][:2] == ["iris", "2"]
    assert any(each[:2] == ["accuracy", "80.2%"] for each in words)
    assert any(each[:5] == ["▲", "temperature", "20±1.92", "→", "26.1±2.20"] for each in words)
    assert any(each[:5] == ["memory", "usage", "uvicorn", "391MiB", "0s"] for each in words)
    assert "9.2GiB" not in told
    assert told.count("12.5x setosa") == 1


def test_as_json_it_is_one_object(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--model", "iris", "--json") == 0
    (found,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (found["model"], found["version"], found["logs"]) == ("iris", "2", ["api", "labels"])
    assert found["quality"]["classes"]["pairs"] == 4800
    assert set(found["quality"]["classes"]["by_class"]) == set(modelled.CLASSES)
    assert found["label_delay"]["p50"] == pytest.approx(30.0, rel=0.02)
    temperature = found["inputs"][0]
    assert (temperature["feature"], temperature["drifted"]) == ("temperature", True)
    assert temperature["now"]["median"] == pytest.approx(26.0, abs=0.6)
    assert [each["version"] for each in found["versions"]] == ["1", "2"]
    requests = [each for each in found["series"] if each["metric"] == "model.requests"]
    assert {each["attributes"]["status"] for each in requests} == {"200", "503"}
    assert sum(each["delta"] for each in requests) == modelled.MINUTES * modelled.ROWS
    assert [each["event"] for each in found["events"]] == ["model.drift", "model.version"]
    assert len(found["samples"]) == 2


def test_only_some_time_is_told(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--model", "iris", "--json", "--last", "299s") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["quality"]["classes"]["pairs"] == 5 * modelled.ROWS
    assert [each["version"] for each in found["versions"]] == ["2"]


def test_a_model_that_nobody_knows_is_said_with_those_that_are(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(device, "--model", "none") == 1
    assert "nothing is known of the model none in that time; known: b, iris" in capsys.readouterr().err


def test_a_model_and_polls_are_not_asked_together(device: Device) -> None:
    with pytest.raises(SystemExit) as ended:
        run(device, "--model", "iris", "--raw")
    assert ended.value.code == 2
