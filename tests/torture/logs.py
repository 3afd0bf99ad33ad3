"""Services that write and rotate their logs, and a real daemon on them that is killed again and again.

    python tests/torture/logs.py --seconds 60 --rate 20000 --seed 1

In the end the windows of its store must add up to the lines that were written, and to their serials: each
line was counted exactly once. Only what was written between a copy and the cut after it may be missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.stats.window import Counter as Grown
from tests.agreement import of_device
from tests.daemons import Daemon
from tests.loglines import faults, followed, sums
from tests.torture import logwriter

OFTEN = 0.005
"""A log is rotated every few seconds: each generation has to be quiet for one before the next is begun."""
OLD = 600.0
"""Seconds for which a rotated file is there: who is killed every few seconds falls behind."""
CATCH_UP = 120.0
CONFIGURATION = """
[window]
span = "2s"
[store]
write_budget = "1 TB/day"
[broker]
url = "mqtt://127.0.0.1:1"
"""


class Result(NamedTuple):
    """What was written; how often it was killed; how long it took to catch up, s; what is wrong; what the
    daemon itself counted under `outrider.logs.*`, by metric and attributes; how many bytes it said are lost.
    A kill takes what was counted since the last window, and not what was said."""

    told: dict[str, dict[str, Any]]
    kills: int
    behind: float
    faults: list[str]
    counted: Counter[str]
    lost: int


def lives(daemon: Daemon, writer: subprocess.Popen[bytes], random: Random) -> Iterator[None]:
    """Kill it at random moments, and start it again, as long as the writer writes."""
    while writer.poll() is None:
        time.sleep(random.uniform(0.2, 6.0))
        daemon.kill()
        yield
        daemon.start()


def run(folder: Path, seconds: float, rate: int, seed: int, old: float = OLD) -> Result:
    """Write, rotate and kill; then wait until all is counted. Rotated files are deleted after `old` s."""
    logs, home = folder / "logs", folder / "daemon"
    logs.mkdir()
    (folder / "outrider.toml").write_text(CONFIGURATION + followed(logs))
    home.mkdir()
    numbers = map(str, (seconds, rate, seed, OFTEN, old))
    command = [sys.executable, logwriter.__file__, str(logs), *numbers]
    with closing(Daemon(home, ["--config", str(folder / "outrider.toml")])) as daemon:
        daemon.start()
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            kills = sum(1 for _ in lives(daemon, writer, Random(seed)))
            assert writer.stdout is not None
            told = json.loads(writer.stdout.read())
        ended, wrong = time.monotonic(), [""]
        while wrong and time.monotonic() - ended < CATCH_UP:
            time.sleep(1.0)
            wrong = faults(sums(of_device(daemon.state).contents.values()), told)
        behind = time.monotonic() - ended
        daemon.stop()
        wrong = faults(sums(of_device(daemon.state).contents.values()), told)
        sys.stdout.write("".join(f"{line}\n" for line in _warnings(daemon.log)))
        counted, lost = _counted(daemon.state), _lost(daemon.log)
    return Result(told, kills, behind, wrong, counted, lost)


def _counted(state: Path) -> Counter[str]:
    """What was read, lost, not found and the like, over all lives."""
    found: Counter[str] = Counter()
    for content in of_device(state).contents.values():
        for frame in content.frames:
            for series, summary in frame.windows.items():
                if series.name.startswith("outrider.logs.") and isinstance(summary, Grown):
                    words = " ".join(value for _, value in series.attributes)
                    found[f"{series.name} {words}".strip()] += int(summary.delta)
    return found


def _lost(log: Path) -> int:
    """Bytes that it said are lost, over all lives."""
    return sum(map(int, re.findall(r": (\d+) bytes are lost", log.read_text())))


def _warnings(log: Path) -> list[str]:
    """The first things that it warned of."""
    lines = log.read_text().splitlines()
    return [line for line in lines if ("warning" in line or "error" in line) and "broker" not in line][:10]


def main() -> int:
    """Run; 1 where a line is not counted once."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--old", type=float, default=OLD, help="s after which rotated files are deleted")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        result = run(Path(folder), chosen.seconds, chosen.rate, chosen.seed, chosen.old)
    said = result.told.values()
    rotations = sum((Counter(each["rotations"]) for each in said), Counter())
    window = sum(len(each["window"]) for each in said)
    print(f"{sum(each['lines'] for each in said)} lines, {window} between copy and cut, {result.kills} kills")
    print(f"rotations: {dict(rotations)}; all counted {result.behind:.0f} s after the last line")
    print(f"the daemon counted: {dict(sorted(result.counted.items()))}")
    print(f"the daemon said that {result.lost} bytes are lost")
    print("\n".join(result.faults) or "each line was counted exactly once")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
