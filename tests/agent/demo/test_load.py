from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from agent.demo.inspector import LATE
from agent.demo.load import comes
from agent.demo.stage import Stage
from agent.demo.traffic import Course

Line = dict[str, object]


class Played:
    """What a stage that came to its end wrote."""

    def __init__(self, directory: Path) -> None:
        stage = Stage(directory, Course(calm=1.0, rise=0.5), rate=60.0, size=60_000, seconds=4.0)
        stage.start()
        try:
            assert stage.load.ended(60.0) == 0, stage.load.tail() + stage.server.tail()
        finally:
            stage.stop()
        self.counts: dict[str, int] = json.loads(stage.load.tail())
        self.lines = all_lines(stage.model)
        self.labels = all_lines(stage.labels)
        self.files = sorted(path.name for path in directory.glob("model.log*"))
        self.access = stage.access.read_text().splitlines()
        self.since = [seconds(line) - seconds(self.lines[0]) for line in self.lines]


def all_lines(path: Path) -> list[Line]:
    """Those of the renamed files too, the oldest first."""
    files = sorted(path.parent.glob(f"{path.name}.*"), reverse=True)
    return [json.loads(line) for file in [*files, path] for line in file.read_text().splitlines()]


def seconds(line: Line) -> float:
    return datetime.fromisoformat(str(line["time"]).replace("Z", "+00:00")).timestamp()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("played"))


def test_the_log_says_what_the_clients_were_answered(played: Played) -> None:
    assert Counter(str(line["status"]) for line in played.lines) == played.counts
    assert Counter(line.split('" ')[1].split()[0] for line in played.access) == played.counts
    assert sum(played.counts.values()) > 150


def test_the_log_was_rotated_meanwhile(played: Played) -> None:
    assert played.files[:2] == ["model.log", "model.log.1"]


def test_errors_come_after_the_calm_and_are_real(played: Played) -> None:
    came = {
        kind: [since for since, line in zip(played.since, played.lines, strict=True) if raised(line) == kind]
        for kind in ("InvalidArgument", "ValueError")
    }
    assert all(min(times) > 0.5 for times in came.values())


def raised(line: Line) -> object:
    return line.get("exception")


def test_requests_come_to_wait_for_each_other(played: Played) -> None:
    waits: dict[bool, list[float]] = {False: [], True: []}
    for since, line in zip(played.since, played.lines, strict=True):
        waits[since > 1.0].append(float(str(line["queue_ms"])))
    assert max(waits[True]) > 2 * sorted(waits[False])[len(waits[False]) * 9 // 10]
    assert max(int(str(line.get("batch_size", 0))) for line in played.lines) > 200


def test_labels_tell_what_the_model_was_right_about(played: Played) -> None:
    by_id = {line["request_id"]: line for line in played.lines}
    assert len(played.labels) > 10
    pairs = Counter(by_id[label["request_id"]]["prediction"] == label["label"] for label in played.labels)
    assert pairs[True] / pairs.total() > 0.7
    late = [seconds(label) - seconds(by_id[label["request_id"]]) for label in played.labels]
    assert LATE[0] - 0.1 < min(late)


def test_whether_a_server_comes(port: int) -> None:
    assert not comes(port, 0.0)
