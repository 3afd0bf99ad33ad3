"""`outrider top` as a real process, in a terminal and in a pipe, beside a daemon and without one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.view.console import LEAVE
from tests.daemons import Daemon
from tests.terminals import Terminal

TOP = [sys.executable, "-m", "agent", "top"]


def where(state: Path, runtime: Path) -> list[str]:
    return ["--state-dir", str(state), "--runtime-dir", str(runtime)]


def once(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TOP, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def daemon(tmp_path: Path, port: int) -> Iterator[Daemon]:
    """A daemon without a broker, which has ticked."""
    made = Daemon(tmp_path, ["--broker", f"mqtt://127.0.0.1:{port}", "--span", "1s", "--device", "dut"])
    yield made.start()
    made.close()


def test_in_a_pipe_it_is_one_picture_of_the_daemons_polls(daemon: Daemon) -> None:
    done = once("--device", "dut", *where(daemon.state, daemon.runtime))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"● dut  daemon {daemon.child.pid}" in done.stdout
    assert "\x1b" not in done.stdout
    assert "── cpu " in done.stdout
    assert "outrider.up" not in done.stdout  # it is the list of collectors


def test_without_a_daemon_it_says_so_and_collects_by_itself(tmp_path: Path) -> None:
    done = once("--once", *where(tmp_path / "state", tmp_path / "run"))
    assert done.returncode == 0
    assert "no daemon (" in done.stdout
    assert any(line.startswith("mem ") for line in done.stdout.splitlines())
    assert "● ok      memory" in done.stdout
    assert not (tmp_path / "run").exists()


def test_the_absence_of_what_the_host_has_not_has_its_reason(tmp_path: Path) -> None:
    done = once("--once", "--poll", *where(tmp_path / "state", tmp_path / "run"))
    assert "no daemon (--poll)" in done.stdout
    assert "○ absent  processes      no process is watched" in done.stdout


def test_in_a_terminal_it_obeys_keys_and_gives_the_terminal_back(daemon: Daemon) -> None:
    with Terminal([*TOP, *where(daemon.state, daemon.runtime)], (80, 24)) as terminal:
        terminal.until("more lines")
        terminal.press("p")
        terminal.until("PAUSED")
        terminal.press("p/load\r")
        terminal.until("/load")
        terminal.press("\x1b")
        terminal.until("more lines")
        terminal.press("q")
        assert terminal.end() == 0
    assert terminal.seen.endswith(LEAVE)
    assert "Traceback" not in terminal.seen


def test_a_bad_configuration_is_said(tmp_path: Path) -> None:
    path = tmp_path / "outrider.toml"
    path.write_text("[window]\nspan = 'soon'\n")
    done = once("--once", "--config", str(path))
    assert done.returncode == 78
    assert "window.span" in done.stderr
