"""A byte budget on a real TLS connection, counted by the kernel's firewall: the shorter version of
`tests/benchmarks/bench_budget.py`, in hours for days.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.metered import can_meter

BENCH = Path(__file__).parents[1] / "benchmarks/bench_budget.py"


@pytest.mark.skipif(can_meter() != "", reason=f"{can_meter()}: nothing can be measured")
@pytest.mark.parametrize(("case", "hours"), [(0, 24.0), (1, 6.0)])
def test_the_kernels_count_stays_within_the_budget_and_uses_nine_tenths_of_it(
    case: int, hours: float
) -> None:
    """netdata#15730: a byte budget per link."""
    command = [sys.executable, str(BENCH), "--only", str(case), "--hours", str(hours), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(done.stdout.splitlines()[-1])
    assert 0.9 <= found["used"] <= 1.0 + found["burst"]
    assert found["covered"] >= 0.9
    assert found["holes"] == 0
    assert abs(found["ours"] - 1.0) < 0.02
