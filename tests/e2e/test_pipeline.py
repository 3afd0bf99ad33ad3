"""Outages and coarsening on the whole way of the data, in one process on a simulated clock."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from agent.stats.frame import Content, Event
from agent.store.flush import Flush
from agent.store.sizing import MIB, Limits
from agent.store.store import Store
from tests.agreement import disagreements
from tests.pipeline import DEVICE, OFFSET, Pipeline

HOUR = 3600.0
LATEST = 2
"""The newest rows, whose confirmation comes with the next flush."""
LIMITS = Limits(2 * MIB, tiers=((8, 6 * HOUR), (64, 24 * HOUR)), settle=0)
MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def pipelines(tmp_path: Path) -> Iterator[MakePipeline]:
    made: list[Pipeline] = []

    def make(limits: Limits = LIMITS, **more: int) -> Pipeline:
        made.append(Pipeline(tmp_path, limits, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def agree(pipeline: Pipeline) -> None:
    """History and sink are the same, and nothing is missed, lost or set aside."""
    assert disagreements(pipeline.state, pipeline.fleet, DEVICE) == []
    for table in ("missing", "lost", "aside"):
        assert pipeline.fleet.spans(DEVICE, table) == []


def test_a_broker_gone_for_an_hour_costs_nothing_and_the_newest_comes_first(
    pipelines: MakePipeline,
) -> None:
    pipeline = pipelines(largest=8_192)
    for _ in range(10):
        pipeline.window()
    pipeline.lose()
    missed = [pipeline.window() for _ in range(60)]
    assert len(pipeline.held()) == 10
    pipeline.there = True
    before = len(pipeline.arrivals)
    newest = pipeline.window()
    pipeline.until(lambda: len(pipeline.held()) >= 71)
    live, *later = [key for arrival in pipeline.arrivals[before:] for key in arrival.keys]
    assert live in (missed[-1], newest)
    assert [key for key in later if key in missed] == [key for key in missed if key != live]
    agree(pipeline)


def test_what_is_merged_while_its_pubacks_are_cut_counts_once(pipelines: MakePipeline) -> None:
    pipeline = pipelines(largest=8_192)
    pipeline.there = False
    for _ in range(64):
        pipeline.window()
    pipeline.there, pipeline.answers = True, False
    pipeline.until(lambda: len(pipeline.held()) >= 32)
    assert len(pipeline.held()) < 60
    pipeline.lose()
    for _ in range(30):
        pipeline.window(after=HOUR)
    blocks = [key for key in pipeline.rows() if key.last - key.first == 63]
    assert [key.first for key in blocks] == [0]
    pipeline.there = pipeline.answers = True
    pipeline.until(lambda: blocks[0] in pipeline.held() and pipeline.unconfirmed() <= LATEST)
    agree(pipeline)


def test_what_is_merged_between_sending_and_its_puback_is_sent_again(pipelines: MakePipeline) -> None:
    pipeline = pipelines()
    for _ in range(16):
        pipeline.window()
    pipeline.answers = False
    for _ in range(3):
        pipeline.window(after=3 * HOUR)
    pipeline.answers = True
    pipeline.until(lambda: pipeline.unconfirmed() <= LATEST)
    assert any(key.last > key.first for key in pipeline.rows())
    agree(pipeline)


@pytest.mark.parametrize("years", [10, -10, 40])
def test_a_wall_clock_that_jumps_years_and_back_loses_nothing(pipelines: MakePipeline, years: int) -> None:
    pipeline = pipelines(limits=LIMITS._replace(settle=60))
    for leap in (0.0, years * 365 * 24 * HOUR, 0.0):
        pipeline.offset = OFFSET + leap
        for _ in range(5):
            pipeline.window()
    assert pipeline.rows() == pipeline.held()
    assert len(pipeline.held()) == 15
    agree(pipeline)


def test_a_restart_with_a_large_backlog_streams_it_and_never_holds_it_in_memory(
    tmp_path: Path, pipelines: MakePipeline
) -> None:
    """fluent-bit#5166, #2566, vector#26035: a restart loaded the whole backlog into memory."""
    limits = Limits(16 * MIB, (), settle=0)
    chance = Random(1)
    with closing(Store.open(tmp_path / "state", limits, now=OFFSET, new_epoch=lambda: 7)) as store:
        for n in range(240):
            texts = [chance.randbytes(500).hex() for _ in range(70)]
            events = tuple(Event("boot", float(n), OFFSET, "noise", (), text) for text in texts)
            store.flush(Flush(OFFSET + n, {"events": Content(events=events)}))
        backlog = sum(row.size for row in store.unconfirmed())
    tracemalloc.start()
    try:
        pipeline = pipelines(limits)
        pipeline.until(lambda: pipeline.unconfirmed() <= LATEST)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    sys.stdout.write(f"backlog {backlog} bytes in 240 records, at most {peak} bytes of memory\n")
    assert len([key for key in pipeline.held() if key.stream == "events"]) == 240
    assert backlog > 8 * MIB
    assert peak < backlog / 6
