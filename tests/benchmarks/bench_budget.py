"""What a byte budget does: the kernel's count of a simulated day beside the budget, and what arrives.

    python tests/benchmarks/bench_budget.py [--hours 24]

Each device has more to send than fits. The store, the link, its thread, TLS and Mosquitto are real, only the
clock is turned by hand; nft counts every packet of the TLS connection in a network namespace of its own
(needs root). `ours` is our own count beside it, `grain` how many minutes a record that arrived covers on
average; `covered` are the minutes at the receiver of those made, the rest still waits on the device.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.ship.budget import BURST, Allowance
from tests.metered import MeteredDevice, can_meter, lay_meter, metered

DAY, HOUR = 86_400.0, 3600.0
INSIDE = "OUTRIDER_METERED"


class Case(NamedTuple):
    """A budget, the series of the device, and the minutes of an outage before the day."""

    name: str
    allowance: Allowance
    series: int
    outage: int = 0


CASES = (
    Case("200 KB/day", Allowance(200_000, DAY), 120),
    Case("2 MB/day", Allowance(2_000_000, DAY), 240),
    Case("20 MB/day", Allowance(20_000_000, DAY), 2_400),
    Case("2 MB/day, after 88 h", Allowance(2_000_000, DAY), 240, 88 * 60),
)


class Measured(NamedTuple):
    """Bytes, shares, minutes a record; `burst` is the share of this time that the full bucket adds."""

    spent: int
    budget: int
    used: float
    burst: float
    ours: float
    grain: float
    covered: float
    holes: int
    changes: int
    seconds: float


def measure(case: Case, hours: float) -> Measured:
    """So many simulated hours."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        device = MeteredDevice(Path(place), case.allowance, case.series)
        with device:
            device.backlog(case.outage)
            before = metered()
            for _ in range(int(hours * 60)):
                device.minute()
            spent = metered() - before
            covered, holes = device.receiver.coverage(device.made), device.receiver.holes()
            ours = device.counted()
    share = case.allowance.limit * hours * HOUR / case.allowance.period
    return Measured(
        spent,
        round(share),
        spent / share,
        BURST * (case.allowance.limit / share - 1),
        ours / spent,
        covered.held / max(1, covered.records),
        covered.held / covered.made,
        holes,
        sum(notice.name == "grain" for notice in device.notices),
        time.monotonic() - began,
    )


def line(case: Case, of: Measured) -> str:
    """One of the table."""
    return (
        f"{case.name:<22}{case.series:>7}{of.spent:>12,}{of.budget:>12,}{of.used:>8.1%}{of.ours:>9.2%}"
        f"{of.grain:>7.1f}{of.covered:>9.1%}{of.holes:>7}{of.changes:>9}{of.seconds:>7.0f}"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What a byte budget does.")
    parser.add_argument("--hours", type=float, default=24.0, help="simulated (default: 24)")
    parser.add_argument("--only", type=int, metavar="N", help="one case alone")
    parser.add_argument("--json", action="store_true", help="an object a case in place of the table")
    args = parser.parse_args()
    if reason := can_meter():
        print(f"nothing was measured: {reason}")
        return 0
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    lay_meter()
    if not args.json:
        print(
            f"{'budget':<22}{'series':>7}{'on the wire':>12}{'budget':>12}{'used':>8}{'ours':>9}"
            f"{'grain':>7}{'covered':>9}{'holes':>7}{'changes':>9}{'s':>7}"
        )
    for case in CASES if args.only is None else CASES[args.only : args.only + 1]:
        found = measure(case, args.hours)
        print(json.dumps(found._asdict()) if args.json else line(case, found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
