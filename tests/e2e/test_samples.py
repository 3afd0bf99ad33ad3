"""Samples of whole records on the whole way: where they are switched on, redacted, each with its weight."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from agent.cli import main
from agent.logs.measures import SAMPLE
from agent.stats.frame import Event
from tests.brokers import Secured
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.endings import ended
from tests.tailing import append
from tests.waiting import until

HURRY = """
import sys
from agent.logs.models import samples
samples.HOUR = 2.0
from agent.cli import main
sys.exit(main(sys.argv[4:]))
"""
"""Who samples by the hour does it each two seconds: then a test need not wait for an hour."""

FOLLOWED = """
[[logs]]
name = "pets"
paths = ["FOLDER/pets.log"]
format = "json"
from = "start"
[[logs]]
name = "plants"
paths = ["FOLDER/plants.log"]
format = "json"
from = "start"
[[model]]
name = "pets"
logs = ["pets"]
samples.enabled = true
[[model]]
name = "plants"
logs = ["plants"]
"""
SECRETS = ("eve@example.org", "sk-proj-abcdefghijklmnopqrstuvwx", "hunter2")
KINDS = {"cat": 900, "dog": 90, "fox": 10}


def record(kind: str) -> str:
    mail, key, word = SECRETS
    said = {"user": mail, "key": key, "note": f"password={word}"}
    return json.dumps({"time": time.time(), "prediction": kind, "latency_ms": 5.0, "status": 200, **said})


def test_samples_reach_the_sink_and_the_export_redacted_with_their_weights(
    sinks: OpenSink,
    daemons: OpenDaemon,
    broker: Secured,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    words = configured(broker.url)
    with Path(words[1]).open("a") as file:
        file.write(FOLLOWED.replace("FOLDER", str(tmp_path)))
    sink = sinks(broker.url).start().subscribed()
    daemon = daemons(words, (sys.executable, "-c", HURRY)).start()
    lines = [record(kind) for kind, count in KINDS.items() for _ in range(count)]
    for log in ("pets", "plants"):
        append(tmp_path / f"{log}.log", *lines)
    with closing(sink.fleet()) as fleet:

        def found() -> list[Event]:
            contents = fleet.contents(DEVICE, 0.0)
            return [each for _, content in contents for each in content.events if each.name == SAMPLE]

        def weights() -> dict[str, float]:
            told: dict[str, float] = {}
            for about in (dict(event.attributes) for event in found()):
                told[about["stratum"]] = told.get(about["stratum"], 0.0) + float(about["weight"])
            return told

        until(lambda: sum(weights().values()) >= sum(KINDS.values()) - 0.5, weights)
        ended(daemon, fleet, DEVICE)
        assert {kind: round(weight) for kind, weight in weights().items()} == KINDS
        shipped = found()
        everything = repr(list(fleet.contents(DEVICE, 0.0)))
    assert {dict(event.attributes)["model.name"] for event in shipped} == {"pets"}
    export = tmp_path / "export.json"
    assert main(["spool", "export", str(export), "--state-dir", str(daemon.state), *words]) == 0
    exported = [json.loads(line) for line in export.read_text().splitlines()]
    texts = [each["text"] for each in exported if each.get("event") == SAMPLE]
    assert texts == [event.text for event in shipped]
    assert "[email]" in everything
    assert not any(secret in everything for secret in SECRETS)
