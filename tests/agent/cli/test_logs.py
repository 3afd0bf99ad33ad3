from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import logs, main
from agent.config import load
from agent.config.settings import Config

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
    pasted = config_of(capsys.readouterr().out, tmp_path)
    assert pasted.logs[0].format == "mine"
    assert not pasted.format


def config_of(told: str, tmp_path: Path) -> Config:
    """What is told to be pasted, as a configuration; where a format of ones own is used, beside that."""
    head, _, text = told.partition("to paste into the configuration:\n")
    assert head
    (tmp_path / "pasted.toml").write_text(text)
    beside = [tmp_path / "c.toml"] if (tmp_path / "c.toml").exists() else []
    config = load([*beside, tmp_path / "pasted.toml"])
    return config._replace(format=tuple(form for form in config.format if form.name != "mine"))


def test_what_is_printed_to_paste_is_configuration(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "explain", log]) == 0
    made = config_of(capsys.readouterr().out, tmp_path)
    assert (made.logs[0].paths, made.logs[0].format) == ((log,), "api")
    assert made.format[0].fields["latency"] == "latency_ms in ms"
    (tmp_path / "link").mkdir()
    (tmp_path / "link/access.log").symlink_to(tmp_path / "access.log")
    (tmp_path / "access.log").write_text('INFO:     10.0.0.1:4242 - "GET / HTTP/1.1" 200 OK\n' * 9)
    assert main(["logs", "explain", str(tmp_path / "link/access.log")]) == 0
    preset = config_of(capsys.readouterr().out, tmp_path)
    assert (preset.logs[0].format, preset.logs[0].roots, preset.format) == ("uvicorn", (str(tmp_path),), ())


def test_what_is_left_open_is_told_with_the_rows_that_settle_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.log"
    path.write_text('{"took": 19.6, "zone": "a\\u001b[2J", "exc": "ValueError"}\n' * 3)
    assert main(["logs", "explain", str(path)]) == 0
    told = capsys.readouterr().out
    assert '  latency = "took in ms"    latency = "took in us"' in told
    assert '  exc, such as ValueError: exception = "exc"' in told
    assert '  zone, such as a\N{REPLACEMENT CHARACTER}: attributes = ["zone"]' in told
    assert config_of(told, tmp_path).format[0].fields["latency"] == "took in s"
    (tmp_path / "c.toml").write_text(told.partition("to paste into the configuration:\n")[2])
    settled = [str(path), "--config", str(tmp_path / "c.toml"), "--format", "own", "--json", "--lines", "0"]
    assert main(["logs", "explain", *settled]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["assumed_in_s"] == []
    assert [each["key"] for each in whole["without_a_role"]] == ["zone", "exc"]


def test_lines_that_docker_wrapped_are_explained_as_they_were_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'INFO:     10.0.0.1:4242 - "GET / HTTP/1.1" 200 OK\n'
    line = json.dumps({"log": text, "stream": "stdout", "time": "2026-11-26T10:00:00.5Z"})
    (tmp_path / "a-json.log").write_text(f"{line}\n" * 9)
    assert main(["logs", "explain", str(tmp_path / "a-json.log")]) == 0
    told = capsys.readouterr().out
    assert "format: uvicorn: 9 of the first 9" in told
    assert "9 lines, 0 not understood, 0 without a time" in told


def test_a_long_file_comes_in_chunks_of_whole_lines(tmp_path: Path) -> None:
    text = b"".join(b"x" * (at % 5000) + b"\n" for at in range(3000))
    (tmp_path / "x").write_bytes(text + b"end")
    found = list(logs.chunks(str(tmp_path / "x")))
    assert len(found) >= 3
    assert b"".join(found) == text + b"end"
    assert all(chunk.endswith(b"\n") for chunk in found[:-1])
