"""A daemon's life as its service manager sees it: signals, reload, and a watchdog fed by the living alone."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.config import Config, Faults
from agent.config.fault import Fault, Place
from agent.config.settings import MIB, Broker, Device, Runtime, Store, Window
from agent.daemon import Daemon
from agent.serve import FAILED, Signals, say, serve
from agent.view.broker import free_port

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """Every handler is what it was, once the test is over."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        device=Device(name="dut"),
        broker=Broker(url=f"mqtt://127.0.0.1:{free_port()}"),
        window=Window(1.0),
        store=Store(directory=str(tmp_path / "state"), max_size=MIB),
        runtime=Runtime(str(tmp_path / "runtime")),
    )


class Manager:
    """Stands for systemd: hears all that is said, and answers each `heard` word with a signal."""

    def __init__(self, path: Path, answers: list[tuple[str, signal.Signals]]) -> None:
        self.said: list[str] = []
        self._answers = answers
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while "STOPPING=1" not in self.said:
            lines = self._socket.recv(4096).decode().splitlines()
            self.said += lines
            if self._answers and self._answers[0][0] in lines:
                os.kill(os.getpid(), self._answers.pop(0)[1])

    def all(self) -> list[str]:
        self._thread.join(20)
        self._socket.close()
        return self.said


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Manager]:
    """Makes the service manager, whose watchdog wants to hear of us each 0.1 s."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "200000")

    def make(*answers: tuple[str, signal.Signals]) -> Manager:
        return Manager(tmp_path / "notify", list(answers))

    return make


def test_to_stop_comes_before_to_reload() -> None:
    signals = Signals()
    assert signals.wait(0.0) == ""
    os.kill(os.getpid(), signal.SIGHUP)
    assert signals.wait(5.0) == "reload"
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGTERM)
    assert signals.wait(5.0) == "stop"
    assert signals.wait(0.0) == ""


def test_it_is_ready_then_alive_then_ends(config: Config, manager: Callable[..., Manager]) -> None:
    systemd = manager(("WATCHDOG=1", signal.SIGTERM))
    assert serve(lambda: config) == 0
    said = systemd.all()
    assert said[0] == "READY=1"
    assert said[1].startswith("STATUS=outrider unknown: dut of fleet default: polls each 1 s, windows of 1 s")
    assert said[2:] == ["WATCHDOG=1", "STOPPING=1", "STATUS=writing the last window"]


def test_a_daemon_that_is_not_alive_feeds_no_watchdog(
    config: Config, manager: Callable[..., Manager], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([True, False, False, False])

    def look(_daemon: Daemon) -> bool:
        living = next(looks, None)
        if living is None:
            os.kill(os.getpid(), signal.SIGTERM)
        return bool(living)

    monkeypatch.setattr(Daemon, "look", look)
    systemd = manager()
    assert serve(lambda: config) == 0
    assert systemd.all().count("WATCHDOG=1") == 1


def test_a_reload_begins_anew_in_the_same_process(config: Config, manager: Callable[..., Manager]) -> None:
    configs = [config, config._replace(window=Window(2.0))]
    systemd = manager(("READY=1", signal.SIGHUP), ("READY=1", signal.SIGTERM))
    assert serve(lambda: configs.pop(0)) == 0
    said = systemd.all()
    assert said.index("READY=1") < said.index("RELOADING=1")
    assert [word.partition(", ")[2][:14] for word in said if word.startswith("STATUS=outrider")] == [
        "windows of 1 s",
        "windows of 2 s",
    ]


def test_a_hangup_before_it_is_ready_ends_nothing_and_is_a_reload(
    config: Config, manager: Callable[..., Manager]
) -> None:
    """Mic92/dotfiles PR#5894: an early SIGHUP killed the agent, and a clean exit was not restarted."""
    loads = 0

    def load() -> Config:
        nonlocal loads
        loads += 1
        if loads == 1:
            os.kill(os.getpid(), signal.SIGHUP)
        return config

    systemd = manager(("RELOADING=1", signal.SIGTERM))
    assert serve(load) == 0
    assert loads == 2
    assert systemd.all().count("READY=1") >= 1
    unit = (Path(__file__).parents[2] / "systemd/outrider.service").read_text()
    assert "\nRestart=always\n" in unit


def test_a_bad_file_at_a_reload_keeps_the_old_one(
    config: Config, manager: Callable[..., Manager], capsys: pytest.CaptureFixture[str]
) -> None:
    loads: list[Config] = [config]

    def load() -> Config:
        if loads:
            return loads.pop()
        raise Faults([Fault(Place("outrider.toml", 3), "window.span", "too short", "1s to 1h")])

    systemd = manager(("READY=1", signal.SIGHUP), ("READY=1", signal.SIGTERM))
    assert serve(load) == 0
    assert systemd.all().count("READY=1") == 2
    told = capsys.readouterr().err
    assert "the old one stays in force:\noutrider.toml:3: window.span: too short" in told
    assert told.count("polls each") == 1


def test_a_file_that_cannot_work_at_a_reload_brings_the_old_one_back(
    config: Config, tmp_path: Path, manager: Callable[..., Manager], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    unusable = config._replace(store=config.store._replace(directory=str(tmp_path / "file/state")))
    configs = [config, unusable]
    systemd = manager(("READY=1", signal.SIGHUP), ("READY=1", signal.SIGTERM))
    assert serve(lambda: configs.pop(0)) == 0
    assert systemd.all().count("READY=1") == 2
    assert "cannot start: " + str(tmp_path / "file") in capsys.readouterr().err


def test_without_a_store_there_is_no_daemon(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert serve(lambda: config._replace(store=Store(directory=str(tmp_path / "file/state")))) == FAILED
    assert "outrider: error: cannot start: " in capsys.readouterr().err


def test_the_journal_reads_the_level_from_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    say("warning", "text")
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    say("warning", "text")
    assert capsys.readouterr().err == "outrider: warning: text\n<4>text\n"


def test_what_a_log_says_is_no_escape_sequence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    say("warning", "\x1b]0;evil\x07 \x9b2J\u202e\u2028\r é")
    assert capsys.readouterr().err == "outrider: warning: ?]0;evil? ?2J??? é\n"
