"""The errors of models from a real store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import main
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.topk import Top
from agent.stats.window import Counter, Summary
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from collectors.api import Series
from tests.agent.store.device import Device

MINUTE = 60.0


def counted(name: str, log: str, key: str, value: str) -> Series:
    return Series(name, "{error}", "counter", (("log.name", log), (key, value)))


def grown(count: int) -> Counter:
    return Counter(count, float(count), count / MINUTE, 0)


def windows(log: str) -> dict[Series, Summary]:
    return {
        counted("model.requests", log, "status", "200"): grown(90),
        counted("model.requests", log, "status", "503"): grown(10),
        counted("model.errors", log, "error.type", "503"): grown(8),
        counted("model.errors", log, "error.type", "ValueError"): grown(2),
        Series("model.errors.template", "{error}", "top", (("log.name", log),)): Top({"a1": 7, "b2": 2}, 1),
        Series("model.errors", "{error}", "counter", (("endpoint.name", "tgi"),)): grown(1),
        Series("model.labels", "{label}", "counter", (("log.name", "labels"),)): grown(1),
        Series("system.cpu.utilization", "1", "counter", ()): grown(1),
    }


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """Ten minutes of two logs, and what an event of long ago tells of a template."""
    with Device(tmp_path / "state", Limits(MIB, (), settle=0)) as opened:
        opened.now = time.time()
        about = (("log.name", "api"), ("error.template", "a1"), ("error.example", "no memory: 7 MiB"))
        told = Event("boot", 0.0, opened.now - 9e4, "model.error", about, "no memory: \x1b[2J[*] MiB")
        opened.apply(Flush(opened.now, {"events": Content(events=(told,))}))
        for minute in range(10, 0, -1):
            start = opened.now - MINUTE * minute
            span = Span("boot", 0.0, MINUTE, MINUTE, start, "synchronised")
            frame = Frame(span, {**windows("api"), **windows("batch")})
            opened.apply(Flush(opened.now, {"windows": Content((frame,))}))
        yield opened


def run(device: Device, *words: str) -> int:
    file = device.directory.parent / "empty.toml"
    file.touch(0o600)
    return main(["errors", *words, "--config", str(file), "--state-dir", str(device.directory)])


def test_it_tells_how_many_of_which_kind_and_with_which_words(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(device, "--log", "api") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    head, *lines = told.splitlines()
    assert head == "api: 100 errors, 10 a minute; 1000 requests (10.00%)"
    words = [line.split() for line in lines]
    assert ["status", "503", "100", "10.00%"] in words
    assert ["error", "ValueError", "20", "20.00%"] in words
    (first,) = [each for each in words if each[:1] == ["70"]]
    assert first[3:6] == ["api:", "no", "memory:"]
    assert first[1] < first[2]
    assert ["such", "as:", "no", "memory:", "7", "MiB"] in words
    assert any(each[0] == "20" and "b2" in each for each in words if each)
    assert ["10", "of", "other", "templates"] in words


def test_a_log_that_tells_of_neither_has_no_zeros(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--log", "labels") == 0
    assert capsys.readouterr().out == "labels: tells of no request and no error\n"


def test_as_json_of_all_logs_or_some_time(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logs = {each["log"]: each for each in found if each["kind"] == "log"}
    assert logs["batch"]["errors"] == logs["api"]["errors"] == 100
    assert (logs["tgi"]["errors"], logs["tgi"]["requests"]) == (10, 0)
    assert (logs["labels"]["errors"], logs["labels"]["requests"]) == (None, None)
    assert logs["api"]["seconds"] == pytest.approx(600.0)
    (top,) = [each for each in found if each["kind"] == "template" and each["example"]]
    assert (top["log"], top["identity"], top["count"]) == ("api", "a1", 70)
    assert top["last"] - top["first"] == pytest.approx(600.0)
    assert run(device, "--json", "--last", "90s", "--log", "batch") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["requests"] for each in found if each["kind"] == "log"] == [200]
    assert {each["log"] for each in found if "log" in each} == {"batch"}


def test_without_a_log_it_fails_and_says_so(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(device, "--log", "none") == 1
    assert "nothing of the log none since" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["errors", "--state-dir", str(tmp_path / "none")]) == 1
    assert "is there a daemon with this state directory?" in capsys.readouterr().err
