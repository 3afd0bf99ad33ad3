"""What holds for every collector: golden cases, layouts, descriptors, memory."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from collectors import catalog
from collectors.api import Collector, NoData, Reading
from collectors.host import Host
from collectors.options import OPTIONS
from tests.casebook import TESTS, Case, cases, every_case
from tests.collecting import opened

CASES = every_case()
UNIT = re.compile(r"1|A|By|By/s|Cel|Hz|J|V|W|dB|dB\[mW\]|rpm|s|\{[a-z]+\}")
# What reads a library finds the fake one only in a process of its own, and what runs a program has none in
# a case, where it would be broken and run: gpu_nvidia/test_gpu_nvidia.py and test_cellular.py hold the same
# of them.
HERE = [name for name in catalog.NAMES if name not in ("gpu_nvidia", "cellular")]
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


def polled(case: Case, folder: Path) -> dict[str, object]:
    """What the case's collector makes of its files: `first`, then (in place) `then`."""
    collector = None
    try:
        collector = opened(case.collector, case.laid(folder), options=case.options)
        reading = collector.collect(100.0)
        if case.go_on(folder):
            reading = collector.collect(101.0)
        return shown(reading, folder)
    except NoData as absence:
        return {"nothing": str(absence).replace(str(folder), "")}
    finally:
        if collector is not None:
            collector.close()


def readable(name: str, folder: Path) -> Callable[[], Collector]:
    """Opens the collector where it has something to read: on this host, or on one of its cases."""
    hosts = [(Host(), OPTIONS.get(name))]
    hosts += [(case.laid(folder / case.name), case.options) for case in cases(name)]
    for host, options in hosts:
        with contextlib.suppress(NoData):
            collector = opened(name, host, options=options)
            try:
                if collector.collect(0.0).series:
                    return partial(opened, name, host, options=options)
            finally:
                collector.close()
    raise AssertionError(f"{name} reads something neither here nor in any of its cases")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.collector}-{case.name}")
def test_a_case_reads_as_expected(case: Case, tmp_path: Path) -> None:
    assert polled(case, tmp_path / "host") == json.loads((case.folder / "expected.json").read_text())


def test_every_case_folder_is_complete() -> None:
    folders = [path for name in catalog.NAMES for path in TESTS.glob(f"cases/{name}/*")]
    assert sorted(folders) == sorted(case.folder for case in CASES)
    assert [case for case in folders if not (case / "about.txt").exists()] == []


@pytest.mark.parametrize("name", HERE)
def test_a_collector_describes_what_it_reads(name: str, tmp_path: Path) -> None:
    registration = catalog.load(name)
    declared = {metric.name: metric for metric in registration.metrics}
    assert registration.name == name
    assert len(declared) == len(registration.metrics)
    collector = readable(name, tmp_path)()
    reading = collector.collect(0.0)
    collector.close()
    assert len(reading.series) == len(reading.values)
    assert len(set(reading.series)) == len(reading.series)
    for series in reading.series:
        metric = declared[series.name]
        assert (series.unit, series.kind) == (metric.unit, metric.kind)
        assert tuple(key for key, _ in series.attributes) == metric.attributes
        assert UNIT.fullmatch(series.unit)


@pytest.mark.parametrize("name", HERE)
def test_the_layout_is_the_same_object_while_nothing_changes(name: str, tmp_path: Path) -> None:
    collector = readable(name, tmp_path)()
    first, second = collector.collect(0.0), collector.collect(1.0)
    collector.close()
    assert first.series is second.series


def test_this_machine_gives_a_useful_number_of_series() -> None:
    total = 0
    for name in catalog.NAMES:
        with contextlib.suppress(NoData):
            collector = opened(name, Host())
            total += len(collector.collect(0.0).series) if name != "filesystem" else 0
            collector.close()
    assert total >= 40


@pytest.mark.parametrize("name", HERE)
def test_no_descriptor_is_left_open(name: str, tmp_path: Path) -> None:
    opening = readable(name, tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(1000 // len(catalog.NAMES)):
        collector = opening()
        collector.collect(0.0)
        collector.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_stays_flat_over_twenty_five_thousand_polls(board: Host) -> None:
    every = [opened(name, board) for name in ("cpu", "memory", "network", "storage", "paging")]

    def poll(times: int) -> int:
        for each in every:
            for _ in range(times):
                each.collect(0.0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = poll(1_000)
        after = poll(25_000 // len(every))
    finally:
        tracemalloc.stop()
        for each in every:
            each.close()
    # One small object kept a poll would be more than a megabyte; what else the process does meanwhile
    # (caches, threads of earlier tests) moves the figure by up to 120 KB.
    assert after - before < 500_000


def test_a_slow_collector_never_runs_faster_than_the_common_interval() -> None:
    assert catalog.interval("cpu", 1.0) == 1.0
    assert catalog.interval("filesystem", 1.0) == 30.0
    assert catalog.interval("filesystem", 60.0) == 60.0
    assert set(catalog.SLOW) <= set(catalog.NAMES)


def test_an_unknown_collector_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="no collector 'gpu'; there are: cpu"):
        catalog.load("gpu")
