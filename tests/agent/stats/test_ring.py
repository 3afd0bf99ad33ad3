"""The 1 s ring: what it keeps, restarts, other readers, damage, and columns that come and go."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from agent.stats.ring import Ring
from agent.stats.ringfile import STEP, RingError
from collectors.api import Kind, Reading, Series

BOOT = "5ac4c3f1-0b7d-4d3f-9a53-5d6a0c1d3f00"


def series(name: str, kind: Kind = "gauge") -> Series:
    return Series(name, "1", kind, (("place", "here"),))


LOAD, TEMPERATURE = series("load"), series("temperature")
SENT, ERRORS = series("sent", "counter"), series("errors", "counter")
TIME = series("time", "histogram")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ring"


def opened(path: Path, rows: int = 8, max_series: int = 64, boot: str = BOOT) -> Ring:
    return Ring.open(path, boot, rows, max_series)


def test_gauges_are_kept_as_they_are_and_counters_as_increases(path: Path) -> None:
    ring = opened(path)
    layout = (LOAD, SENT, TIME, ERRORS)
    rows: list[list[object]] = [[0.5, 2**40, [1.0], 1], [0.25, 2**40 + 3, [], 1], [4, 2**40 + 4, None, 3]]
    for second, values in enumerate(rows):
        ring.write(float(second), [("source", Reading(layout, values))])
    assert ring.read(LOAD) == [(0.0, 0.5), (1.0, 0.25), (2.0, 4.0)]
    assert ring.read(SENT) == [(1.0, 3.0), (2.0, 1.0)]
    assert ring.read(ERRORS) == [(1.0, 0.0), (2.0, 2.0)]
    assert ring.read(TIME) == []
    assert ring.read(LOAD, since=1.0) == [(1.0, 0.25), (2.0, 4.0)]


def test_the_oldest_row_makes_way_for_the_newest(path: Path) -> None:
    ring = opened(path, rows=4)
    for second in range(11):
        ring.write(float(second), [("source", Reading((LOAD,), [second * 2]))])
    # One row less than the capacity: the oldest slot is the one written next.
    assert ring.read(LOAD) == [(8.0, 16.0), (9.0, 18.0), (10.0, 20.0)]


def test_a_source_polled_rarely_is_absent_in_between(path: Path) -> None:
    ring = opened(path)
    fast, slow = (LOAD,), (TEMPERATURE, SENT)
    for second in range(6):
        tick = [("fast", Reading(fast, [second]))]
        if second % 3 == 0:
            tick.append(("slow", Reading(slow, [40.0 + second, second * 10])))
        ring.write(float(second), tick)
    assert len(ring.read(LOAD)) == 6
    assert ring.read(TEMPERATURE) == [(0.0, 40.0), (3.0, 43.0)]
    assert ring.read(SENT) == [(3.0, 30.0)]


def test_absent_and_unusable_values_are_no_values(path: Path) -> None:
    ring = opened(path)
    layout = (LOAD, SENT, ERRORS)
    rows: list[list[object]] = [
        [1.0, 10, 5],
        [None, None, 6],
        [math.nan, math.nan, 7],
        ["x", "x", 8],
        [10**400, 30, 1],
        [1e300, 40, 2],
    ]
    for second, values in enumerate(rows):
        ring.write(float(second), [("source", Reading(layout, values))])
    ring.write(6.0, [("source", Reading(layout, [1.0]))])
    assert ring.read(LOAD) == [(0.0, 1.0)]
    assert ring.read(SENT) == [(4.0, 20.0), (5.0, 10.0)]
    assert ring.read(ERRORS) == [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (4.0, 1.0), (5.0, 1.0)]


def test_a_layout_that_changes_keeps_columns_and_the_base_of_counters(path: Path) -> None:
    ring = opened(path)
    ring.write(0.0, [("source", Reading((LOAD, SENT), [1.0, 10]))])
    ring.write(1.0, [("source", Reading((SENT, ERRORS, LOAD), [15, 1, 2.0]))])
    ring.write(2.0, [("source", Reading((ERRORS, LOAD), [3, 3.0]))])
    ring.write(3.0, [("source", Reading((SENT, ERRORS, LOAD), [99, 4, 4.0]))])
    assert ring.read(LOAD) == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    assert ring.read(SENT) == [(1.0, 5.0)]
    assert ring.read(ERRORS) == [(2.0, 2.0), (3.0, 1.0)]


def test_a_restart_goes_on_where_the_ring_was(path: Path) -> None:
    ring = opened(path)
    assert ring.reason == "no ring was there"
    for second in range(3):
        ring.write(float(second), [("source", Reading((LOAD, SENT), [second, second]))])
    ring.close()
    ring = opened(path)
    assert ring.reason is None
    ring.write(9.0, [("source", Reading((SENT, LOAD), [50, 7.0]))])
    assert ring.read(LOAD) == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (9.0, 7.0)]
    assert ring.read(SENT) == [(1.0, 1.0), (2.0, 1.0)]


def test_what_is_kept_is_written_with_the_next_tick_or_when_nothing_ticks_any_more(path: Path) -> None:
    ring = opened(path)
    ring.write(0.0, [("source", Reading((LOAD,), [1.0]))])
    ring.kept = 0.5
    assert ring.snapshot().kept == 0.0
    ring.write(1.0, [("source", Reading((LOAD,), [1.0]))])
    assert ring.snapshot().kept == 0.5
    ring.kept = 1.5
    ring.settle()
    ring.kept = 1.0
    ring.settle()
    ring.close()
    assert Ring.view(path).kept == 1.5


@pytest.mark.parametrize(
    ("rows", "max_series", "boot", "reason"),
    [(8, 64, "another", "of another boot"), (9, 64, BOOT, "not 9 rows"), (8, 32, BOOT, "of at most 32")],
)
def test_another_boot_or_shape_begins_anew(
    path: Path, rows: int, max_series: int, boot: str, reason: str
) -> None:
    ring = opened(path)
    ring.write(0.0, [("source", Reading(tuple(series(f"s{n}") for n in range(40)), [1.0] * 40))])
    ring.close()
    ring = opened(path, rows, max_series, boot)
    assert ring.reason is not None
    assert reason in ring.reason
    assert ring.snapshot().times == []
    assert ring.snapshot().boot == boot


@pytest.mark.parametrize(
    ("at", "damage", "reason"),
    [
        (0, b"SOMETHIN", "does not begin as a ring"),
        (8, b"\x63\0\0\0", "version 99"),
        (12, b"\xff\xff\xff\x7f", "asks for"),
        (16, b"\x07\0\0\0", "asks for"),
        (24, b"\xff\xff\xff\xff", "another checksum"),
        (28, b"\1\2\3\4", "another checksum"),
        (100, b"\xff\xff\xff", "another checksum"),
    ],
)
def test_a_damaged_ring_is_begun_anew_and_refused_to_readers(
    path: Path, at: int, damage: bytes, reason: str
) -> None:
    ring = opened(path)
    ring.write(0.0, [("source", Reading((LOAD,), [1.0]))])
    ring.close()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(damage)
    with pytest.raises(RingError, match=reason):
        Ring.view(path)
    ring = opened(path)
    assert ring.reason is not None
    assert reason in ring.reason
    ring.write(1.0, [("source", Reading((LOAD,), [2.0]))])
    assert ring.read(LOAD) == [(1.0, 2.0)]


@pytest.mark.parametrize("size", [0, 50, 5000])
def test_a_cut_or_overlong_ring_is_begun_anew(path: Path, size: int) -> None:
    opened(path).close()
    whole = path.stat().st_size
    os.truncate(path, size if size < 5000 else whole + 8)
    ring = opened(path)
    assert ring.reason is not None
    assert path.stat().st_size == whole


def test_a_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"not yours")
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        opened(path)
    assert target.read_bytes() == b"not yours"


def test_the_file_is_readable_by_its_group_only(path: Path) -> None:
    opened(path)
    assert path.stat().st_mode & 0o137 == 0


def test_no_room_for_the_file_is_an_error_before_anything_is_mapped(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    code = (
        "import resource, signal, sys; from pathlib import Path; from agent.stats.ring import Ring\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {hard}))\n"
        "Ring.open(Path(sys.argv[1]), 'boot', 3600, 64)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert soft != 100_000
    assert "OSError: [Errno 27]" in done.stderr
    assert not path.exists()


def test_a_ring_that_cannot_grow_goes_on_with_what_it_has(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = opened(path)
    first, more = tuple(series(f"s{n}") for n in range(STEP)), tuple(series(f"t{n}") for n in range(5))
    ring.write(0.0, [("a", Reading(first, [1.0] * STEP))])

    def full(_file: int, _offset: int, _size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    ring.write(1.0, [("a", Reading(first, [2.0] * STEP)), ("b", Reading(more, [3.0] * 5))])
    assert ring.fault is not None
    assert "no room for 64 columns: No space left" in ring.fault
    assert ring.refused == 5
    assert ring.read(first[-1]) == [(0.0, 1.0), (1.0, 2.0)]
    assert ring.read(more[0]) == []


def test_the_ring_grows_by_32_columns_and_keeps_its_rows(path: Path) -> None:
    ring = opened(path, rows=5)
    layouts = [tuple(series(f"s{n}") for n in range(count)) for count in (10, 40, 64)]
    for second in range(9):
        layout = layouts[second // 3]
        ring.write(float(second), [("source", Reading(layout, [float(second)] * len(layout)))])
    assert ring.read(layouts[0][0]) == [(5.0, 5.0), (6.0, 6.0), (7.0, 7.0), (8.0, 8.0)]
    assert ring.read(layouts[1][39]) == [(5.0, 5.0), (6.0, 6.0), (7.0, 7.0), (8.0, 8.0)]
    assert ring.read(layouts[2][63]) == [(6.0, 6.0), (7.0, 7.0), (8.0, 8.0)]


def test_series_beyond_the_bound_are_refused(path: Path) -> None:
    ring = opened(path, max_series=32)
    many = tuple(series(f"s{n}") for n in range(40))
    for second in range(2):
        ring.write(float(second), [("source", Reading(many, [1.0] * 40))])
    assert ring.refused == 8
    assert len(ring.snapshot().series) == 32
    assert ring.read(many[39]) == []


def test_the_column_of_a_series_long_gone_is_taken_without_its_values(path: Path) -> None:
    ring = opened(path, rows=8, max_series=32)
    for second in range(100):
        one = series(f"short lived {second}")
        ring.write(float(second), [("source", Reading((LOAD, one), [float(second), -float(second)]))])
    assert ring.refused == 0
    assert ring.read(series("short lived 99")) == [(99.0, -99.0)]
    assert ring.read(series("short lived 95")) == [(95.0, -95.0)]
    assert ring.read(series("short lived 3")) == []
    assert len(ring.read(LOAD)) == 7


def test_names_of_any_length_and_letters_are_kept(path: Path) -> None:
    ring = opened(path)
    layout = tuple(Series(f"s{n}", "1", "gauge", (("name", "\udcff é" * 300),)) for n in range(20))
    ring.write(0.0, [("source", Reading(layout, [1.0] * 20))])
    assert Ring.view(path).series == layout


READER = """
import sys
from pathlib import Path
from agent.stats.ring import Ring
from agent.stats.ringfile import RingError
ring, seen = Path(sys.argv[1]), 0
print("reading", flush=True)
while seen < 200_000:
    try:
        view = Ring.view(ring)
    except RingError:
        continue
    times = view.times
    assert times == sorted(times), "rows out of order"
    assert len(set(times)) == len(times), "a row twice"
    for series in view.series:
        for at, value in view.read(series):
            assert value == at % 4096 + int(series.name[1:]), ("torn", series.name, at, value)
            seen += 1
"""


def test_another_process_reads_whole_rows_while_rows_and_columns_are_written(path: Path) -> None:
    ring = opened(path, rows=30, max_series=256)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stderr is not None
        assert reader.stdout.readline() == "reading\n"
        second = 0
        layout: tuple[Series, ...] = ()
        while reader.poll() is None:
            count = second // 50 % 200 + 1
            if len(layout) != count:
                layout = tuple(series(f"s{n}") for n in range(count))
            ring.write(
                float(second), [("source", Reading(layout, [second % 4096 + n for n in range(count)]))]
            )
            second += 1
        assert reader.returncode == 0, reader.stderr.read()
    assert second > 100
