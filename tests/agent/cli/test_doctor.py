"""The verb as a person runs it: words, JSON, and an exit code by severity."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli.doctor import CODES, as_text
from agent.doctor import Finding
from tests.brokers import Secured


@pytest.fixture
def words(tmp_path: Path, repository: Path) -> list[str]:
    """`outrider doctor` with directories of its own, as root where the tests are."""
    command = [sys.executable, "-m", "agent", "doctor", "--as-root", "--device", "d"]
    return [*command, "--state-dir", str(tmp_path / "state"), "--runtime-dir", str(tmp_path / "run")]


def run(words: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*words, *more], capture_output=True, text=True, check=False)


def test_a_broker_that_is_not_there_is_a_problem_and_exit_code_20(words: list[str], port: int) -> None:
    done = run(words, "--broker", f"mqtt://127.0.0.1:{port}")
    assert done.returncode == CODES["problem"]
    assert "PROBLEM" in done.stdout
    assert "1 problem" in done.stdout.splitlines()[-1]


def test_json_has_an_object_a_finding(words: list[str], broker: Secured) -> None:
    done = run(words, "--json", "--broker", broker.url)
    found = [Finding(**json.loads(line)) for line in done.stdout.splitlines()]
    checks = {each.check for each in found}
    assert {"clock", "permissions", "disk", "limits", "daemon", "readings", "gpu", "logs", "broker"} <= checks
    assert "acknowledged" in found[-1].text
    assert done.returncode in (CODES["ok"], CODES["warning"])


def test_offline_leaves_the_broker_alone(words: list[str], port: int) -> None:
    done = run(words, "--offline", "--json", "--broker", f"mqtt://127.0.0.1:{port}")
    assert {json.loads(line)["check"] for line in done.stdout.splitlines()}.isdisjoint({"broker"})


def test_endpoints_of_this_host_are_asked_offline_too(words: list[str], tmp_path: Path, port: int) -> None:
    file = tmp_path / "outrider.toml"
    one = '[[endpoint]]\nname = "{}"\nurl = "http://{}:{}/metrics"\nremote = {}\n'
    file.write_text(
        one.format("chat", "127.0.0.1", port, "false") + one.format("far", "192.0.2.1", 80, "true")
    )
    done = run(words, "--offline", "--json", "--config", str(file))
    found = [Finding(**json.loads(line)) for line in done.stdout.splitlines()]
    (asked,) = [each for each in found if each.check == "endpoints"]
    assert asked.text.startswith("endpoint chat: ")
    assert asked.level == "problem"


def test_a_bad_configuration_is_exit_code_78(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[broker]\nurl = 5\n")
    assert run(words, "--config", str(tmp_path / "bad.toml")).returncode == 78


def test_advice_stands_below_what_was_found() -> None:
    lines = list(as_text(Finding("disk", "warning", "little room " * 20, "make room")))
    assert lines[0].startswith("WARNING  disk")
    assert lines[-1].strip() == "-> make room"
    assert max(map(len, lines)) <= 100


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_the_services_user() -> None:
    code = "from agent.cli.doctor import become; import os; become('nobody'); print(os.getuid())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "65534"


def test_a_name_of_any_bytes_reaches_no_terminal_as_it_is() -> None:
    odd = "\udcff\x1b[31mred"
    lines = list(as_text(Finding("logs", "note", f"may not read {odd}", f"chmod {odd}")))
    assert all(line.isprintable() and "??[31mred" in line for line in lines)
    assert len(lines) == 2
