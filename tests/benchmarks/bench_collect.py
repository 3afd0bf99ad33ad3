"""CPU microseconds a poll of each collector costs, as `outrider test --cost` measures it, and all together.

    python tests/benchmarks/bench_collect.py [SECONDS]

The last line is everything together through the runner, as the daemon calls it, the slower collectors at
their own intervals. SECONDS (default 20) is how long each of the two lasts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.cli.cost import Clocks, measure, table
from agent.cli.probe import boot_clock
from collectors.host import Host
from collectors.runner import EVERYTHING, Runner
from collectors.tally import Tally
from tests.collecting import planned

PATIENCE = 10.0


def polled(runner: Runner, seconds: int) -> list[float]:
    """Microseconds of each tick's `Runner.poll`."""
    spent = []
    token = runner.token
    list(runner.poll(boot_clock(), token))
    for _ in range(seconds):
        time.sleep(max(0.0, runner.next_due() - boot_clock()))
        start = time.thread_time_ns()
        list(runner.poll(boot_clock(), token))
        spent.append((time.thread_time_ns() - start) / 1e3)
    return spent


def main(seconds: int) -> None:
    """Print the table."""
    host, clocks = Host(), Clocks(boot_clock, time.process_time, time.sleep)
    for line in table(measure(planned(), host, EVERYTHING, seconds, 1.0, PATIENCE, clocks)):
        print(line)
    runner = Runner(planned(), host, Tally(), boot_clock)
    spent = polled(runner, seconds)
    runner.close()
    print(f"a tick of all together: {median(spent):.0f} us (median), {sum(spent) / len(spent):.0f} us (mean)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
