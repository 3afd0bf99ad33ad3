"""Drift on the whole way: what a model says shifts, a sink hears of it, and a new version begins anew."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

from agent.logs import measures
from agent.stats.frame import Event
from agent.stats.window import Gauge
from agent.view.fleet import FleetStore
from tests.brokers import Secured
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.endings import ended
from tests.tailing import append
from tests.waiting import until

HURRY = """
import sys
from agent import planned
from agent.logs.models.reference import Settings
planned.Reference = lambda learn, window: Settings(learn / 60, window / 10)
from agent.cli import main
sys.exit(main(sys.argv[4:]))
"""
"""Who learns for at least a minute, and compares for ten seconds, does either in one."""

FOLLOWED = """
[[logs]]
name = "pets"
paths = ["FOLDER/pets.log"]
format = "json"
from = "start"
[[model]]
name = "pets"
logs = ["pets"]
learn = "60s"
drift_window = "10s"
"""
LINES, PAUSE = 300, 0.2


class Pets:
    """A log of what a model says, and what the sink was told of it."""

    def __init__(self, path: Path, fleet: FleetStore) -> None:
        self._path, self._fleet, self._random = path, fleet, Random(3)

    def say(self, version: str, cats: float, confidence: float) -> None:
        """Some predictions, of which such a share is of cats, about as confident."""
        said = (
            {
                "time": time.time(),
                "version": version,
                "prediction": "cat" if self._random.random() < cats else "dog",
                "confidence": round(self._random.uniform(confidence - 0.1, confidence), 3),
                "features": {"weight": self._random.gauss(4.0, 1.0)},
                "latency_ms": 5.0,
            }
            for _ in range(LINES)
        )
        append(self._path, *map(json.dumps, said))

    def events(self, name: str, version: str) -> list[Event]:
        """What the sink has of this name and version."""
        return [
            event
            for _, content in self._fleet.contents(DEVICE, 0.0)
            for event in content.events
            if event.name == name and ("model.version", version) in event.attributes
        ]

    def drifted(self, version: str) -> dict[str, str]:
        """What was told last of each feature whose drift began or ended."""
        told = (dict(event.attributes) for event in self.events("model.drift", version))
        return {about["feature"]: about["drifted"] for about in told}

    def scores(self, version: str) -> dict[str, list[float]]:
        """The scores of its windows by their thresholds, by feature."""
        found: dict[str, list[float]] = {}
        for _, content in self._fleet.contents(DEVICE, 0.0):
            for series, window in (each for frame in content.frames for each in frame.windows.items()):
                about = dict(series.attributes)
                drift = series.name == measures.DRIFT.name and about["model.version"] == version
                if drift and isinstance(window, Gauge):
                    found.setdefault(about["feature"], []).append(window.high)
        return found


def test_what_a_model_says_drifts_and_a_new_version_is_compared_with_itself(
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
    with closing(sink.fleet()) as fleet:
        pets = Pets(tmp_path / "pets.log", fleet)

        def saying(version: str, cats: float, confidence: float, what: Callable[[], bool]) -> None:
            def said() -> bool:
                pets.say(version, cats, confidence)
                time.sleep(PAUSE)
                return what()

            until(said, lambda: (pets.drifted("1"), pets.drifted("2"), daemon.child.tail()))

        saying("1", 0.5, 0.9, lambda: len(pets.events("model.baseline", "1")) == 1)
        saying("1", 0.9, 0.6, lambda: pets.drifted("1") == {"prediction": "true", "confidence": "true"})
        saying("2", 0.9, 0.6, lambda: len(pets.events("model.baseline", "2")) == 1)
        saying("2", 0.9, 0.6, lambda: set(pets.scores("2")) == {"prediction", "confidence", "weight"})
        ended(daemon, fleet, DEVICE)
        assert pets.drifted("2") == {}
        assert max(map(max, pets.scores("2").values())) < 1 < max(pets.scores("1")["confidence"])
        assert [len(pets.events("model.version", version)) for version in "12"] == [1, 1]
        evidence = dict(pets.events("model.drift", "1")[0].attributes)
        assert float(evidence["score"]) > float(evidence["threshold"]) > 0
        assert int(evidence["n"]) > LINES
