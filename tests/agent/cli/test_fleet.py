"""`sink` and `view` as real processes against a real broker."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from agent.cli import main
from agent.ship.wire import encode_message
from agent.view.fleet import FleetStore
from tests.brokers import Secured
from tests.looping import looping
from tests.messages import Sender, minute
from tests.terminals import Terminal

PATIENCE = 20.0
WITHOUT_TEXTUAL = """
import sys
sys.modules["textual"] = None
from agent.cli import main
sys.exit(main(sys.argv[1:]))
"""
OLD_SCREEN = "\x1b[?1049l"
KILLED_BEFORE_ACKNOWLEDGING = """
import os, signal, sys
from agent.cli import main
from agent.view import subscriber
subscriber.Client.ack = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(sys.argv[1:]))
"""


class Process:
    """A verb in a process of its own, and the lines it prints."""

    def __init__(self, *command: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )

    def line(self, part: str, *, error: bool = False) -> str:
        """The next line with this part in it."""
        stream = self.popen.stderr if error else self.popen.stdout
        assert stream is not None
        deadline, seen = time.monotonic() + PATIENCE, []
        while time.monotonic() < deadline and select.select([stream], [], [], PATIENCE)[0]:
            line = stream.readline().decode()
            if part in line:
                return line
            if not line:
                break
            seen.append(line)
        pytest.fail(f"{part!r} is not among {seen}; ended with {self.popen.poll()}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Signal it; its exit code and what it still printed."""
        self.popen.send_signal(number)
        out, _ = self.popen.communicate(timeout=PATIENCE)
        return self.popen.returncode, out.decode()

    def close(self) -> None:
        self.popen.kill()
        self.popen.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    with ExitStack() as running:

        def begin(*command: str) -> Process:
            process = Process(*command)
            running.callback(process.close)
            return process

        yield begin


@pytest.fixture
def publish(broker: Secured) -> Iterator[Callable[[str, bytes], None]]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    with looping(client):
        yield lambda topic, payload: client.publish(topic, payload, qos=1).wait_for_publish(PATIENCE)


TOPIC = "outrider/v1/lab/gate-7/data"


def held(path: Path) -> int:
    store = FleetStore.open(path, "main")
    try:
        return len(list(store.contents("gate-7", 0.0)))
    finally:
        store.close()


def test_a_sink_is_ready_keeps_and_ends_in_order(
    broker: Secured, start: Callable[..., Process], publish: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "fleet.db"
    sink = start("-m", "agent", "sink", "--store", str(path), "--broker", broker.url, "-v", "--retain", "0")
    sink.line("outrider sink: subscribed ")
    publish(TOPIC, encode_message(Sender("gate-7").message(minute(0.0, 0))))
    sink.line("held gate-7: windows 0-0")
    publish(TOPIC, b"garbage")
    sink.line("refused gate-7: ")
    code, rest = sink.end()
    assert code == 0
    assert "1 messages, 1 new records, 1 refused" in rest
    assert held(path) == 1


def test_a_sink_killed_between_commit_and_acknowledgement_counts_once(
    broker: Secured, start: Callable[..., Process], publish: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "fleet.db"
    options = (
        "sink",
        "--store",
        str(path),
        "--broker",
        broker.url,
        "-v",
        "--retain",
        "0",
        "--group",
        "keepers",
    )
    first = start("-c", KILLED_BEFORE_ACKNOWLEDGING, *options)
    first.line("subscribed")
    payload = encode_message(Sender("gate-7").message(minute(0.0, 0)))
    publish(TOPIC, payload)
    assert first.popen.wait(PATIENCE) == -signal.SIGKILL
    assert held(path) == 1
    second = start("-m", "agent", *options)
    second.line("subscribed")
    publish(TOPIC, payload)  # a device that was not answered sends again
    publish(TOPIC, encode_message(Sender("gate-8").message(minute(0.0, 0))))
    second.line("refused gate-7: device")  # the broker keeps the order: the repeat was taken before
    assert held(path) == 1
    assert "0 new records" in second.end(signal.SIGINT)[1]


def test_old_records_are_ended(
    broker: Secured, start: Callable[..., Process], publish: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "fleet.db"
    store = FleetStore.open(path, "main")
    store.receive(Sender("gate-7").message(minute(0.0, 0)), 0.0)
    store.close()
    sink = start("-m", "agent", "sink", "--store", str(path), "--broker", broker.url)
    sink.line("retention ended 1 records")
    sink.end()
    assert held(path) == 0


def test_json_lines_come_one_a_series_and_a_closed_pipe_ends_quietly(
    broker: Secured, start: Callable[..., Process], publish: Callable
) -> None:
    view = start("-m", "agent", "view", "--json", "--broker", broker.url, "--device", "gate-7")
    view.line("subscribed", error=True)
    sender, now = Sender("gate-7"), time.time()
    publish(TOPIC, encode_message(sender.message(minute(now - 60, 0))))
    rows = [json.loads(view.line("{")) for _ in range(4)]
    assert {row["kind"] for row in rows} == {"gauge", "counter", "histogram", "top"}
    assert {row["device"] for row in rows} == {"gate-7"}
    assert view.popen.stdout is not None
    view.popen.stdout.close()
    publish(TOPIC, encode_message(sender.message(minute(now, 1))))
    assert view.popen.wait(PATIENCE) == 141
    assert view.popen.stderr is not None
    assert b"Traceback" not in view.popen.stderr.read()


def test_once_ends_after_a_record_in_lines_for_people(
    broker: Secured, start: Callable[..., Process], publish: Callable
) -> None:
    view = start("-m", "agent", "view", "--once", "--broker", broker.url)
    view.line("subscribed", error=True)
    publish(TOPIC, encode_message(Sender("gate-7").message(minute(time.time() - 60, 0))))
    assert "system.cpu.utilization mode=user: now 20%" in view.line("system.cpu")
    assert view.popen.wait(PATIENCE) == 0


def test_the_view_in_the_terminal_draws_obeys_keys_and_gives_it_back(
    broker: Secured, publish: Callable
) -> None:
    with Terminal([sys.executable, "-m", "agent", "view", "--broker", broker.url]) as terminal:
        terminal.until("no device yet")
        payload = encode_message(Sender("gate-7").message(minute(time.time() - 60, 0)))
        # The picture stands before the subscription does, and what nobody subscribed to is gone.
        terminal.until("gate-7", lambda: publish(TOPIC, payload))
        terminal.press("\r")
        terminal.until("utilization user")
        terminal.press("/duration\r")
        terminal.until("/duration")
        terminal.press("\r")
        terminal.until("latest window: 3 values")
        terminal.press("q")
        assert terminal.end() == 0
    assert "Traceback" not in terminal.seen
    assert OLD_SCREEN in terminal.seen


def test_without_textual_it_says_how_to_install_it() -> None:
    with Terminal([sys.executable, "-c", WITHOUT_TEXTUAL, "view"]) as terminal:
        assert terminal.end() == 1
    assert "pip install 'outrider[view]'" in terminal.seen
    assert "Traceback" not in terminal.seen


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["sink"], "--store"),
        (["sink", "--store", "x", "--broker", "http://x"], "mqtt://host"),
        (["sink", "--store", "x", "--fleet", "a/b"], "cannot stand in a topic"),
        (["sink", "--store", "x", "--retain", "soon"], "30d"),
        (["view", "--broker", "mqtt://user:secret@x"], "password_file"),
        (["view", "--ca-file", "/absent.pem"], "/absent.pem cannot be read: No such file"),
    ],
)
def test_a_wrong_argument_says_what_is_allowed(
    words: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert part in message
    assert "secret" not in message


def test_a_store_that_cannot_be_opened_names_the_file(tmp_path: Path, start: Callable[..., Process]) -> None:
    path = tmp_path / "fleet.db"
    path.write_text("this is no database, and long enough to be looked at as one" * 20)
    sink = start("-m", "agent", "sink", "--store", str(path))
    assert str(path) in sink.line("outrider sink:", error=True)
    assert sink.popen.wait(PATIENCE) == 1


def test_a_password_file_open_to_others_is_refused(tmp_path: Path, start: Callable[..., Process]) -> None:
    path = tmp_path / "password"
    path.write_text("secret\n")
    path.chmod(0o644)
    view = start("-m", "agent", "view", "--json", "--user", "u", "--password-file", str(path))
    assert "chmod 600" in view.line("outrider view:", error=True)
    assert view.popen.wait(PATIENCE) == 1


@pytest.mark.parametrize("verb", ["sink", "view"])
def test_help_has_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    assert f"outrider {verb}" in capsys.readouterr().out.split("examples:")[1]
