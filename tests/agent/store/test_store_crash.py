"""The writer killed at a chosen system call: what it said was stored is there, and nothing is torn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.ship.records import is_block
from agent.stats.window import Gauge
from agent.store.flush import Flush
from tests.agent.store.device import LIMITS, Device, content

ROOT = Path(__file__).resolve().parents[3]

# Flushes for ever and says after each how many numbers are durable.
WRITER = """
import os, sys
from pathlib import Path
from tests.agent.store.device import Device, LIMITS
device = Device(Path(sys.argv[1]), LIMITS)
given = 0
while True:
    settled = [(row.key, row.digest) for row in device.index.values()][::2]
    device.flush(float(given + 1), confirmed=settled, positions={"log": str(given).encode()})
    given += 1
    os.write(1, f"{given}\\n".encode())
    if given % 40 == 0:
        device.reopen()
        device.flush(None)
"""


def killed(directory: Path, call: str, at: int) -> int:
    """How many numbers the writer had stored for sure when it was killed at the `at`-th such call."""
    run = subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", os.devnull),
            *("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={at}"),
            *(sys.executable, "-c", WRITER, str(directory)),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode in (-9, 137), run.stderr.decode()
    lines = run.stdout.split()
    return int(lines[-1]) if lines else 0


@pytest.mark.strace
@pytest.mark.parametrize(
    ("call", "at"),
    [("pwrite64", at) for at in (1, 40, 801, 830, 859, 893, 911, 1203)]
    + [("fdatasync", at) for at in (1, 4, 7, 30, 77)],
)
def test_what_was_stored_survives_a_kill_at_any_call(tmp_path: Path, call: str, at: int) -> None:
    """telegraf#802: a buffer that outlives a restart, without an option for it, took eight years."""
    stored = killed(tmp_path / "state", call, at)
    with Device(tmp_path / "state", LIMITS, first_epoch=9001) as device:
        assert device.store.set_aside is None
        found = device.store._connection.execute("SELECT count(*) FROM epochs").fetchone()[0]
        device.apply(Flush(device.now, {"windows": content(device.now, 0.0)}))
        last = int(device.store.positions().get("log", b"-1"))
        total = sum_of_numbers(device)
        tokens = last + 1
        assert tokens in (stored, stored + 1), f"{found} lives"
        assert total == tokens * (tokens + 1) / 2


def sum_of_numbers(device: Device) -> float:
    """The sum of all values stored; every row must be sound, and rows must tile each life."""
    total = 0.0
    ends: dict[int, int] = {}
    for head in device.heads():
        assert head.reason is not None or is_block(head.first, head.last)
        assert head.first == ends.get(head.life, 0)
        ends[head.life] = head.last + 1
        for frame in device.store._rows.read(head).frames:
            total += sum(window.total for window in frame.windows.values() if isinstance(window, Gauge))
    following = {life.life - 1: life.prev_next.get("windows", 0) for life in device.store._lives.known}
    assert all(ends.get(life, 0) == end for life, end in following.items() if life)
    return total
