from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from agent.cli import demo, main
from agent.service.child import Child
from tests.terminals import PLAIN, Terminal
from tests.waiting import until

START = [sys.executable, "-m", "agent", "demo"]
WITHOUT_TEXTUAL = """
import sys
sys.modules["textual"] = None
from agent.cli import main
sys.exit(main(["demo", "--without-model"]))
"""
BARE = [sys.executable, "-c", WITHOUT_TEXTUAL]


class Running:
    """A demo with its temporary directories below `directory`."""

    def __init__(self, directory: Path, arguments: list[str]) -> None:
        self.directory = directory
        environ = {**os.environ, "TMPDIR": str(directory), "TERM": "xterm"}
        self.process = subprocess.Popen(
            [*START, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        self.said = [self.process.stderr.readline()]
        while not self.said[-1].startswith("view "):
            self.said.append(self.process.stderr.readline())
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def line(self) -> str:
        """The next line the view prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the demo alone; its exit status."""
        self.process.send_signal(number)
        _, self.last = self.process.communicate(timeout=30)
        return self.process.returncode

    def left(self) -> list[str]:
        """What is still there of it: processes and files."""
        _, alive = psutil.wait_procs(self.family, timeout=10)
        return [" ".join(p.cmdline()) for p in alive] + [str(path) for path in self.directory.iterdir()]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_with(tmp_path, "--json", "--without-model") as shown:
        yield shown


@contextmanager
def running_with(directory: Path, *arguments: str) -> Iterator[Running]:
    shown = Running(directory, list(arguments))
    try:
        yield shown
    finally:
        if shown.process.poll() is None:
            os.killpg(shown.process.pid, signal.SIGKILL)
            shown.process.communicate()


def test_it_says_what_it_starts(running: Running) -> None:
    broker, daemon, view = running.said
    assert re.match(r"broker  (mosquitto|iotcore) at mqtt://127\.0\.0\.1:\d+ ", broker)
    assert re.match(r"daemon  one window each 1s, files in \S*/outrider-demo-\w+, pid \d+", daemon)
    assert view.startswith("view    outrider view --broker mqtt://127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_it(running: Running, number: signal.Signals) -> None:
    first = json.loads(running.line())
    assert {"device", "metric", "start", "end", "kind"} <= first.keys()
    assert running.end(number) == 0
    assert running.last.splitlines()[1:] == []
    assert "outrider view: subscribed" in running.last
    assert running.left() == []


def test_a_daemon_that_ends_early_is_said_with_its_last_lines(running: Running) -> None:
    daemon = int(running.said[1].rpartition(" ")[2])
    running.line()
    os.kill(daemon, signal.SIGKILL)
    _, said = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert "outrider demo: daemon ended with -9" in said
    assert running.left() == []


def test_children_do_not_outlive_a_killed_demo(running: Running) -> None:
    running.line()
    running.process.kill()
    running.process.communicate()
    _, alive = psutil.wait_procs(running.family, timeout=10)
    assert [process.cmdline() for process in alive] == []


@pytest.mark.onnxruntime
def test_a_model_serves_requests_meanwhile(tmp_path: Path) -> None:
    with running_with(tmp_path, "--json", "--calm", "10m") as running:
        found = re.match(
            r"model   http://127\.0\.0\.1:(\d+)/predict, well for 600 s, pid (\d+)", running.said[2]
        )
        assert found
        until(lambda: any('"status":200' in log.read_text() for log in tmp_path.glob("*/model.log")))
        assert psutil.Process(int(found[2])) in running.family
        assert running.end(signal.SIGTERM) == 0
        assert running.left() == []


@pytest.mark.onnxruntime
def test_a_model_that_ends_early_is_said(tmp_path: Path) -> None:
    with running_with(tmp_path, "--json") as running:
        os.kill(int(running.said[2].rpartition(" ")[2]), signal.SIGKILL)
        _, said = running.process.communicate(timeout=30)
        assert running.process.returncode == 1
        assert "outrider demo: model's server ended with -9" in said
        assert running.left() == []


def test_a_package_that_the_model_lacks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert demo.stage_of(tmp_path, 60.0) is None
    assert capsys.readouterr().err == (
        "outrider demo: no model without onnxruntime: pip install 'outrider[demo]'\n"
    )


@pytest.mark.parametrize("key", ["\x03", "q"])
def test_in_a_terminal_it_is_the_view_and_a_key_ends_all(tmp_path: Path, key: str) -> None:
    with Terminal([*START, "--without-model"], environ={**PLAIN, "TMPDIR": str(tmp_path)}) as terminal:
        terminal.until("online")
        terminal.press("\r")
        terminal.until("load average 1m")
        terminal.press(key)
        assert terminal.end() == 0
    assert list(tmp_path.iterdir()) == []


def test_without_textual_it_is_top_of_the_demos_daemon(tmp_path: Path) -> None:
    with Terminal(BARE, environ={**PLAIN, "TMPDIR": str(tmp_path)}) as terminal:
        terminal.until("pip install 'outrider[view]'")
        terminal.until("outrider top")
        terminal.until("daemon ")
        terminal.press("q")
        assert terminal.end() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_view_that_ends_by_itself_ends_the_demo(tmp_path: Path) -> None:
    for code, answer in ((0, 0), (130, 0), (141, 0), (1, 1)):
        view = Child("view", [sys.executable, "-c", f"raise SystemExit({code})"], tmp_path / "log")
        view.start()
        assert demo.watch(view, []) == answer


def test_whatever_ended_unasked_is_said_beside_a_failed_view(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys; sys.exit('no such device')"
    daemon = Child("daemon", [sys.executable, "-c", code], tmp_path / "daemon.log")
    view = Child("view", ["sleep", "60"], tmp_path / "view.log")
    for child in (daemon, view):
        child.start()
    assert demo.watch(view, [daemon]) == 1
    assert capsys.readouterr().err == "outrider demo: daemon ended with 1\nno such device\n"
    assert view.ended() == -signal.SIGTERM


def test_a_taken_port_is_said(tmp_path: Path, running: Running) -> None:
    port = running.said[0].partition("127.0.0.1:")[2].split()[0]
    done = subprocess.run([*START, "--port", port], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} is taken by another program" in done.stderr


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--port", "70000"], "'70000' is no port, allowed: 1 to 65535"),
        (["--port", "mqtt"], "'mqtt' is no port"),
        (["--span", "0.5s"], '"0.5s" is too small, allowed: 1s to 1h'),
        (["--calm", "soon"], "'soon' is not a duration, allowed: 0s, 30s, 5m"),
        (["--span", "soon"], '"soon" is no duration, allowed: 1s to 1h'),
    ],
)
def test_a_wrong_argument_is_said_before_anything_is_started(
    words: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demo", *words])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert part in said
    assert "daemon  " not in said
