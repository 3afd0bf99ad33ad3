"""What a daemon makes of logs that are broken or planted: counted, told, never fatal; others go on."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.agreement import of_device
from tests.e2e.conftest import OpenDaemon
from tests.e2e.test_servers import seen
from tests.waiting import until

GOOD = 50
CONFIGURATION = """
[window]
span = "1s"
[collectors.own]
interval = "1s"
[broker]
url = "mqtt://127.0.0.1:1"
[[logs]]
name = "api"
paths = ["LOGS/*.log"]
from = "start"
format = "json"
"""
ODD = (
    b'{"status": "ok", "text": "' + b"x" * 10_000_000 + b'"}',
    b"[" * 60_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b"\x1b[2J\x1b]0;title\x07\x1b[31m\x00\xff\xfe" * 100,
)
STRANGE = (
    b'{"status": "ok", "status": "twice"}',
    b'{"status": "ok", "id": 18446744073709551615, "latency_ms": 1e999}',
    b'{"status": "ok", "latency_ms": "soon"}',
    b'{"status": 7e400}',
)


def lines(state: Path) -> int:
    """Requests with the status of the good lines."""
    return seen(state, "api").statuses["fine"]


def series(state: Path, name: str) -> set[str]:
    """The reasons under which something was counted."""
    return {
        dict(each.attributes).get("reason", "")
        for content in of_device(state).contents.values()
        for frame in content.frames
        for each in frame.windows
        if each.name == name
    }


def test_odd_lines_and_planted_files_are_counted_and_the_others_go_on(
    daemons: OpenDaemon, tmp_path: Path
) -> None:
    logs, secret = tmp_path / "logs", tmp_path / "secret"
    logs.mkdir()
    good = [json.dumps({"status": "fine", "latency_ms": n}).encode() for n in range(GOOD)]
    secret.write_bytes(b"\n".join(good) + b"\n")
    (logs / "planted.log").symlink_to(secret)
    (logs / "device.log").symlink_to("/dev/zero")
    os.mkfifo(logs / "fifo.log")
    with (logs / "a.log").open("wb") as file:
        for each in (*ODD, *STRANGE, *ODD):
            file.write(each + b"\n")
        file.write(b"\n".join(good) + b"\n")
    configuration = tmp_path / "outrider.toml"
    configuration.write_text(CONFIGURATION.replace("LOGS", str(logs)))
    daemon = daemons(["--config", str(configuration)]).start()
    until(lambda: lines(daemon.state) >= GOOD, lambda: seen(daemon.state, "api").statuses)
    until(lambda: {"link", "kind"} <= series(daemon.state, "outrider.logs.unreadable"))
    for name in ("outrider.logs.cut", "outrider.logs.dropped"):
        until(lambda name=name: bool(series(daemon.state, name)), lambda name=name: name)  # type: ignore[misc]
    assert daemon.stop() == 0
    assert lines(daemon.state) == GOOD, "what a link leads to is not read"
    said = daemon.log.read_text()
    assert "planted.log" in said
    assert "fifo.log" in said
    assert "\x1b" not in said
