"""How long until data flow again after each fault of the network or the broker, by default settings.

    python tests/benchmarks/bench_faults.py [SECONDS]

Each fault lasts so many seconds (75 unless said otherwise: longer than every time-out) and has a network
namespace of its own (root, nft), so all run side by side. In the end the sink holds all that the device
holds, to the last bit, or the fault's line says what is wrong.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.faults import FAULTS, WITHIN, alone

SECONDS = 75


def line(fault: str, seconds: int) -> str:
    """One fault's row of the table."""
    try:
        recovery = alone(fault, seconds, patient=True)
    except AssertionError as error:
        return f"{fault:20} failed: {str(error).strip().splitlines()[-1]}"
    return f"{fault:20} {recovery.flow:8.1f} {recovery.all:8.1f} {recovery.windows:8d}"


def main() -> None:
    """Print the table."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    print(f"faults of {seconds} s; data must flow again within {WITHIN:g} s; nothing may be lost")
    print(f"{'fault':20} {'flow, s':>8} {'all, s':>8} {'windows':>8}")
    with ThreadPoolExecutor(len(FAULTS)) as pool:
        for row in pool.map(lambda fault: line(fault, seconds), FAULTS):
            print(row, flush=True)


if __name__ == "__main__":
    main()
