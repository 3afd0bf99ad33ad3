"""What a store of 1 MiB keeps of an outage: 88 hours and 30 days of minutes, 120 noisy series.

    python tests/benchmarks/bench_outage.py [--days 30]

112 gauges and counters and 8 histograms of 40 values a minute. Nobody confirms anything. Each count and sum
of what is held is compared with the raw values, exactly, and the quantiles within their error. It takes
about two minutes for 30 days on a quiet machine.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agent.store.sizing import MIB, Limits
from tests.outages import outage

MINUTES = 1440


def main() -> None:
    """Print the figures of both."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--days", type=int, default=30)
    args = words.parse_args()
    for name, minutes in (("88 hours", 88 * 60), (f"{args.days} days", args.days * MINUTES)):
        with tempfile.TemporaryDirectory(prefix="bench-outage-") as place:
            began = process_time()
            found = outage(Path(place) / "state", Limits(MIB), minutes)
            print(f"{name}: {found}; {process_time() - began:.0f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
