from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from agent.service.child import Child

PARENT = """
import sys
from pathlib import Path
from agent.service.child import Child
child = Child("sleeper", ["sleep", "600"], Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
sys.stdin.read()
"""

DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
signal.pause()
"""


def python(code: str, log: Path) -> Child:
    child = Child("script", [sys.executable, "-c", code], log)
    child.start()
    return child


def test_its_output_and_status_are_kept(tmp_path: Path) -> None:
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    child = python(code, tmp_path / "log")
    assert child.ended(within=30) == 3
    assert set(child.tail().splitlines()) == {"one", "two"}


def test_only_the_last_lines_are_told(tmp_path: Path) -> None:
    child = python("for n in range(50_000): print(n)", tmp_path / "log")
    assert child.ended(within=30) == 0
    assert child.tail(2) == "49998\n49999"


def test_one_that_does_not_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = python(DEAF, tmp_path / "log")
    while child.tail() != "up":
        assert child.ended(within=0.01) is None
    assert child.stop(grace=0.1) == -signal.SIGKILL


def test_one_that_is_stopped_by_a_signal_still_ends(tmp_path: Path) -> None:
    child = Child("sleeper", ["sleep", "600"], tmp_path / "log")
    child.start()
    child.signal(signal.SIGSTOP)
    assert child.stop() == -signal.SIGTERM
    assert child.stop() == -signal.SIGTERM, "a second stop changes nothing"


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        sleeper = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        try:
            sleeper.wait(timeout=10)
        except psutil.TimeoutExpired:
            sleeper.kill()
            pytest.fail("the child outlived its parent")


def test_asking_for_one_that_was_not_started_says_so(tmp_path: Path) -> None:
    child = Child("sleeper", ["sleep"], tmp_path / "log")
    assert not child.started
    assert child.tail() == ""
    with pytest.raises(RuntimeError, match="sleeper: not started"):
        child.stop()
