"""`outrider explain-drift` on the real stores of a device and of a sink."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from math import inf
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.explain import DRIFTED, EVER, FAILED, FROZEN, HOUR, STABLE, UNKNOWN, gathered, times
from agent.logs import measures
from agent.stats.frame import Content, Event
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from agent.view.explained import Explained, explained
from agent.view.fleet import FleetStore
from tests import modelled
from tests.agent.store.device import Device
from tests.messages import Sender, content
from tests.source import ROOT


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state directory of a device whose model's inputs shifted ten minutes ago."""
    directory = tmp_path_factory.mktemp("explain")
    with Device(directory / "state", Limits(4 * MIB, (), settle=0)) as opened:
        opened.now = time.time()
        end = opened.now - 30.0
        for each in modelled.minutes(end):
            opened.apply(Flush(end, {"windows": each}))
        opened.apply(Flush(end, {"events": Content(events=modelled.events(end))}))
        opened.apply(Flush(end, {"samples": Content(events=modelled.samples(end))}))
        yield opened.directory


def configured(state: Path, text: str = "") -> list[str]:
    file = state.parent / "outrider.toml"
    file.write_text(text)
    file.chmod(0o600)
    return ["--config", str(file), "--state-dir", str(state)]


def run(state: Path, *words: str, config: str = "") -> int:
    return main(["explain-drift", *words, *configured(state, config)])


def test_the_exit_code_says_whether_it_drifts(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(state, "temperature", "--last", "9m") == DRIFTED == 10
    assert capsys.readouterr().out.startswith("temperature of iris 2: drifted since 20")
    assert run(state, "site") == STABLE == 0
    assert capsys.readouterr().out.startswith("site of iris 2: stable\n")
    assert run(state, "temperature", "--last", "10s") == UNKNOWN == 20
    assert capsys.readouterr().out.startswith("temperature of iris 2: unknown: no window has it")


def test_as_long_as_the_window_of_the_model_unless_asked(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = '[[logs]]\nname = "api"\npaths = ["/x"]\n'
    model = f'{logs}[[model]]\nname = "iris"\nlogs = ["api"]\ndrift_window = "300s"\n'
    assert run(state, "temperature", "--json", config=model) == DRIFTED
    assert json.loads(capsys.readouterr().out)["window"]["values"] == 5 * modelled.ROWS
    assert run(state, "temperature", "--json") == DRIFTED
    assert json.loads(capsys.readouterr().out)["window"]["values"] == 30 * modelled.ROWS


def test_what_is_not_known_is_said_with_what_is(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(state, "humidity") == FAILED == 1
    assert "no" not in (told := capsys.readouterr()).out
    assert "nothing is known of a feature humidity; known: iris: site, temperature" in told.err
    assert run(state, "site", "--model", "other") == FAILED
    assert "known: iris" in capsys.readouterr().err


def test_a_terminal_without_unicode_gets_ascii(state: Path) -> None:
    words = [sys.executable, "-m", "agent", "explain-drift", "temperature", *configured(state)]
    about = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(words, cwd=ROOT, env=about, capture_output=True, check=False)
    assert done.returncode == DRIFTED, done.stderr
    assert done.stdout.isascii()
    assert b"####" in done.stdout


def test_a_fleet_is_judged_as_one_from_the_store_of_a_sink(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end = time.time()
    with closing(FleetStore.open(tmp_path / "fleet.db", "main")) as store:
        for name, steps in (("gate-1", modelled.SHIFT), ("gate-2", modelled.MINUTES), ("press", 0)):
            sender = Sender(name)
            for each in list(modelled.minutes(end))[:steps]:
                store.receive(sender.message(each), end)
    fleet = ("--fleet", str(tmp_path / "fleet.db"))
    assert run(state, "temperature", "--json", *fleet) == DRIFTED
    found = json.loads(capsys.readouterr().out)
    assert found["devices"] == {"gate-1": False, "gate-2": True}
    assert found["window"]["values"] == (20 + 30) * modelled.ROWS
    assert found["baseline"]["values"] == 5000
    assert run(state, "temperature", *fleet, "--devices", "*-1") == STABLE
    assert run(state, "temperature", *fleet, "--devices", "press") == FAILED
    assert run(state, "temperature", "--fleet", str(tmp_path / "none.db")) == FAILED
    assert "no such file" in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()


DAY = 86_400.0


def test_of_long_ago_only_the_baseline_is_read() -> None:
    """Ten days: version 1 and another one were seen between, and a block reaches over most of it."""
    now, model = 1.8e9, modelled.of("2")
    told = (("model.name", "iris"), ("model.version", "2"))
    baseline = content(now - 9 * DAY, measures.of_baseline(model, modelled.baseline().features))
    between = [content(now - days * DAY, modelled.minute(0)) for days in (8, 5, 3)]
    block = content(now - 8.9 * DAY, modelled.minute(31), 8.5 * DAY)
    late = [content(now - 60.0 * minutes, modelled.minute(31)) for minutes in (20, 10)]
    event = Event("boot", 0.0, now - 9 * DAY + 30, FROZEN, told, "2 features")
    held = {"windows": [baseline, block, *between, *late], "events": [Content(events=(event,))]}
    asked: list[tuple[float, float]] = []

    def read(stream: str, begin: float, end: float) -> Iterator[Content]:
        asked.append((begin, end))
        for each in held.get(stream, []):
            if each.wall[1] >= begin and each.wall[0] <= end:
                yield each

    found = explained([gathered("", "temperature", read, now - HOUR)], "iris", "temperature")
    assert found.comparison.verdict.reference == 5000
    assert found.comparison.verdict.window == 2 * modelled.ROWS
    assert [(part.version, part.first) for part in found.parts] == [("2", now - 9 * DAY)]
    assert sum(end - begin for begin, end in asked[1:2]) < DAY
    assert known_rows(found) == 3 * modelled.ROWS, "the block counts once"


def known_rows(found: Explained) -> int:
    """Pairs of prediction and truth in all that was read."""
    return sum(part.quality.classes.count for part in found.parts if part.quality.classes is not None)


def test_where_nobody_said_when_a_baseline_was_told_all_is_read() -> None:
    assert list(times([], 1000.0)) == [(EVER, inf)]
    (begin, end), rest = times([5e6], 9e6)
    assert begin < 5e6 < end
    assert rest == (9e6, inf)
    assert list(times([9e6 + 1], 9e6)) == [(9e6 + 1 - 3600, 9e6), (9e6, inf)]
    spans = list(times([float(at) for at in range(0, 10**6, 100)], 1e9))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
