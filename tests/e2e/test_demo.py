"""The demo's model in trouble, watched by the real daemon: nothing is counted but what happened."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.demo.stage import Stage
from agent.demo.traffic import Course
from agent.demo.watched import settings
from agent.ship.alert import Alert, parse_alert
from agent.stats import window
from tests.brokers import Secured
from tests.daemons import Daemon
from tests.e2e.conftest import OpenDaemon
from tests.e2e.test_alerts import Ear
from tests.histories import reading
from tests.waiting import until

pytestmark = pytest.mark.onnxruntime

# Rules are judged by a reading of logs each half second instead of each 10 s.
HASTY = """
import runpy, sys
from agent import tailing
tailing.LIVE = 0.5
sys.argv = sys.argv[3:]
runpy.run_module("agent", run_name="__main__")
"""

BEYOND = {"model-slow": 0.25, "model-fails": 0.05, "model-wrong": 0.15}
"""The alerts, and what their series are above; that of drift takes a window of 20 s."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, Course(calm=0.5, rise=0.5))
    yield made
    made.stop()


@pytest.fixture
def daemon(
    stage: Stage,
    broker: Secured,
    daemons: OpenDaemon,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> Daemon:
    stage.prepare()
    words, path = configured(broker.url), tmp_path / "outrider.toml"
    text = path.read_text().replace('confirm = "sink:main"', 'confirm = "broker"')
    path.write_text(text + settings(stage).replace(" for 10s", "").replace(" for 20s", ""))
    return daemons(words, [sys.executable, "-c", HASTY]).start()


def test_alerts_fire_and_every_request_is_counted_once(stage: Stage, broker: Secured, daemon: Daemon) -> None:
    with closing(Ear(broker)) as ear:
        stage.start()
        until(lambda: fired(ear).keys() >= BEYOND.keys(), daemon.child.tail)
        for name, least in BEYOND.items():
            assert all(each.value is not None and each.value > least for each in fired(ear)[name].series)
    stage.stop()
    answered = json.loads(stage.load.tail())
    until(lambda: counted(daemon.state, "model") == answered, lambda: str(answered))
    until(lambda: judged(daemon.state) == told(stage), lambda: f"{judged(daemon.state)}, {told(stage)}")
    assert daemon.stop() == 0
    assert judged(daemon.state) == told(stage)
    assert counted(daemon.state, "model") == counted(daemon.state, "access") == answered


def fired(ear: Ear) -> dict[str, Alert]:
    """Each alert as it was when it was heard for the first time; it may be over by now."""
    return {name: parse_alert(payload) for name, payload in reversed(ear.heard) if payload}


def told(stage: Stage) -> Counter[str]:
    """How many answers were right and wrong, as the two logs say."""
    records = {
        log: [
            json.loads(line)
            for path in log.parent.glob(f"{log.name}*")
            for line in path.read_text().splitlines()
        ]
        for log in (stage.model, stage.labels)
    }
    said = {each["request_id"]: each["prediction"] for each in records[stage.model] if "prediction" in each}
    labels = {each["request_id"]: each["label"] for each in records[stage.labels]}
    both = said.keys() & labels.keys()
    return Counter("right" if said[request] == labels[request] else "wrong" for request in both)


def judged(state: Path) -> Counter[str]:
    """The same as the store has it."""
    found: Counter[str] = Counter()
    with reading(state) as reader:
        for stored in reader.stored(streams=("windows",)):
            for frame in stored.content().frames:
                for series, summary in frame.windows.items():
                    if series.name == "model.pairs" and isinstance(summary, window.Counter):
                        found[dict(series.attributes)["result"]] += int(summary.delta)
    return found


def counted(state: Path, log: str) -> dict[str, int]:
    """Requests of a log by status, as they stand in the store."""
    found: Counter[str] = Counter()
    with reading(state) as reader:
        for stored in reader.stored(streams=("windows",)):
            for frame in stored.content().frames:
                for series, summary in frame.windows.items():
                    labels = dict(series.attributes)
                    if series.name == "model.requests" and labels["log.name"] == log:
                        assert isinstance(summary, window.Counter)
                        found[labels["status"]] += int(summary.delta)
    return dict(found)
