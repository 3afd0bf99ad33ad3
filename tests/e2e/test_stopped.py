"""An hour of a log that was written, rotated and compressed while the daemon stood still: each minute has
its lines, its rate and its whole time, in the store, in what `history` prints, and at a sink."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections import Counter as Counts
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from agent.stats.frame import Content
from agent.stats.window import Counter
from tests.agreement import of_device
from tests.brokers import Secured
from tests.e2e.conftest import DEVICE, OpenDaemon, OpenSink
from tests.waiting import until

MINUTES, EACH, BEFORE = 60, 30, 7
REQUESTS = "model.requests"


class Minute(NamedTuple):
    """What is known of one: its lines, and its length and covered time in s."""

    lines: int
    length: float
    covered: float


def minutes(contents: Iterable[Content], first: float) -> dict[int, Minute]:
    """Of each minute after `first`, s since 1970, what the windows say."""
    lines: Counts[int] = Counts()
    spans: dict[int, tuple[float, float]] = {}
    for content in contents:
        for frame in content.frames:
            for series, summary in frame.windows.items():
                if series.name == REQUESTS and isinstance(summary, Counter):
                    start, end = frame.span.wall
                    at = round((start - first) / 60)
                    length, covered = spans.get(at, (0.0, 0.0))
                    lines[at] += int(summary.delta)
                    spans[at] = (max(length, end - start), covered + frame.span.covered)
    return {at: Minute(lines[at], *map(round, span)) for at, span in spans.items()}


def rates(home: Path, state: Path, first: float) -> dict[int, float]:
    """Lines a second of each minute, as `history` prints them."""
    words = [sys.executable, "-m", "agent", "history", REQUESTS, "--last", "2h", "--json"]
    words += ["--state-dir", str(state), "--runtime-dir", str(home)]
    said = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    each = [json.loads(line) for line in said.splitlines()]
    return {
        round((one["start"] - first) / 60): one["delta"] / one["covered"] for one in each if one["covered"]
    }


def test_an_hour_while_it_stood_still_is_counted_by_the_minute(
    daemons: OpenDaemon,
    sinks: OpenSink,
    broker: Secured,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
) -> None:
    log = tmp_path / "api.log"
    words = configured(broker.url)
    with Path(words[1]).open("a") as file:
        file.write(f'[[logs]]\nname = "api"\npaths = ["{log}"]\nfrom = "start"\nformat = "json"\n')
    sink = sinks(broker.url).start().subscribed()
    first = (time.time() // 60 - MINUTES - 1) * 60

    def write(minute: int, count: int) -> None:
        with log.open("a") as file:
            for n in range(count):
                at = first + 60 * minute + 60 * n / count
                file.write(json.dumps({"time": at, "status": "ok", "latency_ms": 10 + n}) + "\n")

    write(-1, BEFORE)
    daemon = daemons(words).start()
    until(lambda: minutes(of_device(daemon.state).contents.values(), first).get(-1, (0,))[0] == BEFORE)
    assert daemon.stop() == 0
    for minute in range(MINUTES):
        write(minute, EACH)
    rotated = log.with_name("api.log.1.gz")
    rotated.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    log.touch()

    expected = {-1: Minute(BEFORE, 60, 60)} | {at: Minute(EACH, 60, 60) for at in range(MINUTES)}
    daemon.start()

    def found() -> dict[int, Minute]:
        return minutes(of_device(daemon.state).contents.values(), first)

    until(lambda: sum(each.lines for each in found().values()) == BEFORE + MINUTES * EACH, found)
    assert found() == expected
    shown = rates(daemon.runtime, daemon.state, first)
    assert {at: shown[at] for at in range(MINUTES)} == dict.fromkeys(range(MINUTES), EACH / 60)
    with closing(sink.fleet()) as fleet:

        def received() -> dict[int, Minute]:
            return minutes((content for _, content in fleet.contents(DEVICE, 0.0)), first)

        until(lambda: received() == expected, received)
