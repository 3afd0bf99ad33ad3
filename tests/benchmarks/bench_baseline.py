"""Rows a second that `outrider baseline` reads, twice each, by kind of file.

    python tests/benchmarks/bench_baseline.py [--rows 100000]

Ten numbers of up to seven digits and a category of four; CPU time of this process, and the most memory it
had.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import time
from importlib.util import find_spec
from pathlib import Path
from sys import path as search
from tempfile import TemporaryDirectory

import numpy as np

if __name__ == "__main__":
    search.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from agent.tables.choice import Choice
from agent.tables.making import made
from agent.tables.source import Source

Columns = dict[str, list[float] | list[str]]


def drawn(rows: int) -> Columns:
    """The table."""
    random = np.random.default_rng(1)
    columns: Columns = {f"x{n}": random.normal(300, 10, rows).round(3).tolist() for n in range(10)}
    return columns | {"country": random.choice(["de", "fr", "jp", "us"], rows).tolist()}


def written(folder: Path, columns: Columns) -> list[Path]:
    """The table as files of each kind."""
    rows = list(zip(*columns.values(), strict=True))
    files = [folder / "table.csv", folder / "table.jsonl"]
    with files[0].open("w", newline="") as text:
        csv.writer(text).writerows([list(columns), *rows])
    with files[1].open("w") as text:
        text.writelines(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
    if find_spec("pyarrow"):
        import pyarrow as pa
        from pyarrow import parquet

        files.append(folder / "table.parquet")
        parquet.write_table(pa.table(columns), files[-1])
    return files


def main() -> None:
    """Print a line for each kind of file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with TemporaryDirectory() as folder:
        for file in written(Path(folder), drawn(rows)):
            began = time.process_time()
            found = made([Source(file)], Choice(), ("bench", "1"), 0.0)
            took = time.process_time() - began
            size = file.stat().st_size / 1e6
            print(f"{file.suffix[1:]:<8} {found.rows / took:>10,.0f} rows/s  {size / took:>6.1f} MB/s")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"at most {most:.0f} MiB, the table itself included")


if __name__ == "__main__":
    main()
