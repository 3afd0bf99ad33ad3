from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import logs, main

LINES = (
    b'{"ts":"2026-11-23T00:00:00Z","latency_ms":5,"status":"ok"}\n'
    b'{"ts":"2026-11-23T00:00:01Z","latency_ms":7,"status":"error","msg":"\\u001b[2Jboom"}\n'
    b"plain \x1b[31m text\n"
)


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "api.jsonl"
    path.write_bytes(LINES)
    return str(path)


def test_it_says_what_each_line_became(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "explain", log]) == 0
    told = capsys.readouterr().out
    assert "format: api: 2 of the first 3 lines" in told
    assert "latency=0.005" in told
    assert "3 lines, 1 not understood" in told
    assert 'latency = "latency_ms in ms"' in told
    assert "\x1b" not in told


def test_as_json(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "explain", log, "--json", "--lines", "1"]) == 0
    line, whole = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["became"]["latency"] == 0.005
    assert (whole["lines"], whole["missed"], whole["not_understood"]) == (3, 1, ["plain \x1b[31m text"])
    assert whole["units"]["latency"] == "s"
    assert whole["lines_per_second"] > 0
    (durations,) = [each for each in whole["series"] if each["metric"] == "model.request.duration"]
    assert durations["count"] == 2


def test_a_format_that_does_not_fit_fails(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "explain", log, "--format", "uvicorn"]) == 1
    assert "3 not understood" in capsys.readouterr().out


def test_a_format_that_does_not_exist_names_those_that_do(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "explain", log, "--format", "colour"]) == 1
    assert "uvicorn" in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "explain", "/nowhere/at.log"]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_file_that_nothing_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_bytes(b"nobody knows\n")
    assert main(["logs", "explain", str(tmp_path / "x")]) == 1
    assert "no format fits" in capsys.readouterr().err


def test_a_format_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.log").write_bytes(b"took 5 for resnet\n")
    (tmp_path / "c.toml").write_text(
        '[[format]]\nname = "mine"\nkind = "regex"\n'
        'patterns = ["took (?P<latency_ms>[0-9]+) for (?P<model>[a-z]+)"]\n'
    )
    command = ["logs", "explain", str(tmp_path / "x.log"), "--config", str(tmp_path / "c.toml")]
    assert main([*command, "--format", "mine"]) == 0
    assert "model=resnet  latency=0.005" in capsys.readouterr().out
    assert main(command) == 0
    assert "to use it: --format mine" in capsys.readouterr().out


def test_a_long_file_comes_in_chunks_of_whole_lines(tmp_path: Path) -> None:
    text = b"".join(b"x" * (at % 5000) + b"\n" for at in range(3000))
    (tmp_path / "x").write_bytes(text + b"end")
    found = list(logs.chunks(str(tmp_path / "x")))
    assert len(found) >= 3
    assert b"".join(found) == text + b"end"
    assert all(chunk.endswith(b"\n") for chunk in found[:-1])
