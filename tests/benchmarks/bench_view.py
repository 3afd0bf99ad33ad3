"""What the terminal view and `outrider top` cost: start, memory, CPU, and bytes to the terminal.

A daemon of this machine and Mosquitto run beside them; the terminal is a pseudo-terminal of 80x24. Bytes
are what a line to the device would carry: until the page has stood for 6 s, and then each second, with
windows of 60 s (where only ages and the clock change) and of 1 s (where every number does).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil

from agent.cli.demo import daemon_of
from agent.view.broker import Broker
from tests.terminals import PLAIN, Terminal

IDLE = float(os.environ.get("OUTRIDER_BENCH_IDLE", "20"))
"""Seconds that the bytes are counted."""

SETTLE = 6.0
COLOURED = {**PLAIN, "TERM": "xterm-256color"}


class Figures(NamedTuple):
    """s to the first picture, MiB of memory (PSS), CPU share of one core, bytes: at first, and each s."""

    start: float
    memory: float
    cpu: float
    first: int
    second: float


def measure(command: Sequence[str], until: str, keys: str = "", page: str = "") -> Figures:
    """Run it in a terminal; open its page by `keys`, wait for `page`, then count."""
    began = time.monotonic()
    with Terminal(command, (80, 24), COLOURED) as terminal:
        terminal.until(until)
        start = time.monotonic() - began
        terminal.press(keys)
        terminal.until(page)
        collect(terminal, SETTLE)
        first = len(terminal.seen.encode())
        process = psutil.Process(terminal.pid)
        before = process.cpu_times()
        count = collect(terminal, IDLE)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        figures = Figures(start, process.memory_full_info().pss / 2**20, used / IDLE, first, count / IDLE)
        terminal.press("q")
        terminal.end()
    return figures


def collect(terminal: Terminal, seconds: float) -> int:
    """Read for so long; how many bytes came."""
    end, count = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        count += terminal.read(left)
    return count


def row(name: str, figures: Figures) -> str:
    """A line of the table."""
    start, memory, cpu, first, second = figures
    return f"{name:34} {start:7.2f} s {memory:7.1f} MiB {100 * cpu:6.1f} % {first:9,} B {second:9,.0f} B/s"


def main() -> None:
    """Print the table."""
    agent = [sys.executable, "-m", "agent"]
    print(f"{'80x24':34} {'start':>9} {'memory':>11} {'CPU':>8} {'at first':>11} {'then':>13}")
    for span in ("60s", "1s"):
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outrider-bench-")))
            broker = stack.enter_context(Broker(directory))
            daemon = daemon_of(directory, broker.url, span)
            daemon.start()
            stack.callback(daemon.stop)
            view = [*agent, "view", "--broker", broker.url]
            print(row(f"view, devices, windows of {span}", measure(view, "online")))
            if span == "1s":
                print(
                    row(f"view, a device, windows of {span}", measure(view, "online", "\r", "load average"))
                )
            places = ["--state-dir", str(directory / "state"), "--runtime-dir", str(directory / "run")]
            print(row(f"top, windows of {span}", measure([*agent, "top", *places], "daemon ")))


if __name__ == "__main__":
    main()
