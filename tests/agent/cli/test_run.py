"""`outrider run` ends its process by itself, so each test is a process; tests/e2e has the long ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import main


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", "run", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_bad_configuration_ends_it_with_78_and_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "outrider.toml"
    file.write_text('[window]\nspan = "0s"\n[devise]\n')
    ended = run("--config", file)
    assert ended.returncode == 78
    assert f"{file}:2: window.span: " in ended.stderr
    assert f"{file}:3: devise: " in ended.stderr


def test_a_flag_out_of_range_is_a_fault_of_the_command_line() -> None:
    ended = run("--span", "0s")
    assert ended.returncode == 78
    assert "command line: window.span: " in ended.stderr


def test_a_store_that_cannot_be_opened_ends_it_with_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("--state-dir", tmp_path / "file/state", "--runtime-dir", tmp_path / "runtime")
    assert ended.returncode == 1
    assert f"cannot start: {tmp_path / 'file'}" in ended.stderr


def test_the_help_has_examples_of_every_way_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for flag in ("--config", "--broker", "--state-dir", "--runtime-dir", "--device", "--span"):
        assert flag in told
    assert "outrider run --config ./outrider.toml" in told
