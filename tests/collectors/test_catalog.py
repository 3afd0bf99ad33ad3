"""What holds for every collector: golden cases, layouts, descriptors, memory."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import tracemalloc
from pathlib import Path

import pytest

from collectors import catalog
from collectors.api import Reading
from collectors.host import Host
from collectors.tally import Tally

TESTS = Path(__file__).parent.parent
CASES = sorted(path.parent for name in catalog.NAMES for path in TESTS.glob(f"cases/{name}/*/expected.json"))
UNIT = re.compile(r"1|s|By|\{[a-z]+\}")
# What a process has used and opened is its own at every moment.
ALIVE = ("outrider.cpu.time", "outrider.wakeups")


def shown(reading: Reading, folder: Path) -> dict[str, object]:
    """A reading as the golden files have it, without the folder it was read in."""
    values = {}
    for series, value in zip(reading.series, reading.values, strict=True):
        attributes = ",".join(f"{key}={text}" for key, text in series.attributes)
        values[f"{series.name}{{{attributes}}} {series.unit}"] = "alive" if series.name in ALIVE else value
    absences = [[what, reason.replace(str(folder), "")] for what, reason in reading.absences]
    return {"values": values, "absences": absences}


def polled(case: Path, folder: Path) -> dict[str, object]:
    """What the case's collector makes of its files: `first`, then (in place) `then`, or a whole host."""
    whole = case / "host"
    source = TESTS / "hosts" / whole.read_text().strip() if whole.exists() else case / "first"
    shutil.copytree(source, folder)
    opened = catalog.load(case.parent.name).open(Host(folder, ticks=100, page=4096), Tally())
    try:
        reading = opened.collect(100.0)
        if (case / "then").exists():
            shutil.copytree(case / "then", folder, dirs_exist_ok=True)
            reading = opened.collect(101.0)
        return shown(reading, folder)
    finally:
        opened.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_case_reads_as_expected(case: Path, tmp_path: Path) -> None:
    assert polled(case, tmp_path / "host") == json.loads((case / "expected.json").read_text())


def test_every_case_folder_is_complete() -> None:
    folders = [path for name in catalog.NAMES for path in TESTS.glob(f"cases/{name}/*")]
    assert sorted(folders) == CASES
    assert [case for case in folders if not (case / "about.txt").exists()] == []


@pytest.mark.parametrize("name", catalog.NAMES)
def test_a_collector_describes_what_it_reads(name: str) -> None:
    registration = catalog.load(name)
    declared = {metric.name: metric for metric in registration.metrics}
    assert registration.name == name
    assert len(declared) == len(registration.metrics)
    opened = registration.open(Host(), Tally())
    reading = opened.collect(0.0)
    opened.close()
    assert len(reading.series) == len(reading.values)
    assert len(set(reading.series)) == len(reading.series)
    for series in reading.series:
        metric = declared[series.name]
        assert (series.unit, series.kind) == (metric.unit, metric.kind)
        assert tuple(key for key, _ in series.attributes) == metric.attributes
        assert UNIT.fullmatch(series.unit)


@pytest.mark.parametrize("name", catalog.NAMES)
def test_the_layout_is_the_same_object_while_nothing_changes(name: str) -> None:
    opened = catalog.load(name).open(Host(), Tally())
    first, second = opened.collect(0.0), opened.collect(1.0)
    opened.close()
    assert first.series is second.series


def test_this_machine_gives_a_useful_number_of_series() -> None:
    opened = [catalog.load(name).open(Host(), Tally()) for name in catalog.NAMES if name != "filesystem"]
    total = sum(len(each.collect(0.0).series) for each in opened)
    for each in opened:
        each.close()
    assert total >= 40


@pytest.mark.parametrize("name", catalog.NAMES)
def test_no_descriptor_is_left_open(name: str) -> None:
    host, registration = Host(), catalog.load(name)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(1000 // len(catalog.NAMES)):
        opened = registration.open(host, Tally())
        opened.collect(0.0)
        opened.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_stays_flat_over_fifty_thousand_polls(board: Host) -> None:
    names = [name for name in catalog.NAMES if name not in ("own", "filesystem")]
    opened = [catalog.load(name).open(board, Tally()) for name in names]

    def poll(times: int) -> int:
        for each in opened:
            for _ in range(times):
                each.collect(0.0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = poll(3_000)
        after = poll(50_000 // len(opened))
    finally:
        tracemalloc.stop()
        for each in opened:
            each.close()
    # One small object kept a poll would be more than a megabyte; what else the process does meanwhile
    # (caches, threads of earlier tests) moves the figure by up to 15 KB.
    assert after - before < 100_000


def test_a_slow_collector_never_runs_faster_than_the_common_interval() -> None:
    assert catalog.interval("cpu", 1.0) == 1.0
    assert catalog.interval("filesystem", 1.0) == 30.0
    assert catalog.interval("filesystem", 60.0) == 60.0
    assert set(catalog.SLOW) <= set(catalog.NAMES)


def test_an_unknown_collector_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="no collector 'gpu'; there are: cpu"):
        catalog.load("gpu")
