from __future__ import annotations

import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import cpu
from collectors.api import Reading
from collectors.cpu import Cpu, by_mode, parse, parse_load, passed
from collectors.host import Host
from tests.collectors.conftest import Make

TAIL = "intr 10 0\nctxt 20\nbtime 1\nprocesses 3\nprocs_running 1\nprocs_blocked 0\nsoftirq 9\n"
ROW = st.lists(st.integers(0, 10**9), min_size=8, max_size=8)
WORDS = st.sampled_from(["cpu", "cpu0", "cpu1", "cpux", "intr", "ctxt", "1", "-1", "x", "\n", "9" * 30, "99"])


def value(reading: Reading, name: str, attribute: str = "") -> object:
    for series, each in zip(reading.series, reading.values, strict=True):
        if series.name == name and (not attribute or series.attributes[0][1] == attribute):
            return each
    raise KeyError(name)


def test_it_agrees_with_psutil() -> None:
    opened = Cpu(Host())
    opened.collect(0.0)
    before = psutil.cpu_times()
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        pass
    reading, after = opened.collect(0.3), psutil.cpu_times()
    opened.close()
    total = sum(after[:8]) - sum(before[:8])
    assert value(reading, "system.cpu.utilization", "user") == pytest.approx(
        (after.user - before.user) / total, abs=0.15
    )
    assert value(reading, "system.cpu.utilization", "idle") == pytest.approx(
        (after.idle - before.idle) / total, abs=0.15
    )
    seen = psutil.cpu_stats()
    assert value(reading, "linux.context_switches") == pytest.approx(seen.ctx_switches, rel=0.05)
    assert value(reading, "linux.interrupts") == pytest.approx(seen.interrupts, rel=0.05)
    assert value(reading, "system.cpu.logical.count") == psutil.cpu_count()
    assert value(reading, "system.cpu.load_average.15m") == pytest.approx(psutil.getloadavg()[2], abs=0.5)


@given(ROW, ROW)
def test_the_shares_of_the_modes_add_up_to_one_or_are_unknown(before: list[int], more: list[int]) -> None:
    after = [a + b for a, b in zip(before, more, strict=True)]
    shares = [each for each in by_mode(passed(before, after)) if each is not None]
    if any(more):
        assert sum(shares) == pytest.approx(1.0)
        assert all(0.0 <= each <= 1.0 for each in shares)
    else:
        assert shares == []


@given(ROW, st.integers(0, 7))
def test_a_counter_that_went_back_leaves_the_row_unknown(before: list[int], place: int) -> None:
    after = [each + 100 for each in before]
    after[place] = before[place] - 1
    assert passed(before, after) is None


def test_no_time_between_two_polls_is_said(make: Make) -> None:
    files = {"proc/stat": f"cpu 1 2 3 4 5 6 7 8\n{TAIL}", "proc/loadavg": "0 0 0 1/2 3\n"}
    opened = Cpu(make(files))
    assert opened.collect(0.0).absences == ()
    assert [each.reason for each in opened.collect(1.0).absences] == [cpu.STILL]
    opened.close()


def test_a_cpu_that_comes_back_has_no_share_in_its_first_poll(make: Make) -> None:
    both = f"cpu 1 2 3 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8\ncpu1 1 2 3 4 5 6 7 8\n{TAIL}"
    load = {"proc/loadavg": "0 0 0 1/2 3\n"}
    opened = Cpu(make({"proc/stat": both, **load}))
    first = opened.collect(0.0)
    make({"proc/stat": f"cpu 2 2 3 4 5 6 7 8\ncpu0 2 2 3 4 5 6 7 8\n{TAIL}"})
    without = opened.collect(1.0)
    make({"proc/stat": both.replace("cpu 1", "cpu 9").replace("cpu0 1", "cpu0 9")})
    back = opened.collect(2.0)
    opened.close()
    assert len(without.series) == len(first.series) - 1
    assert value(back, "system.cpu.logical.utilization", "0") == 1.0
    assert value(back, "system.cpu.logical.utilization", "1") is None


def test_two_hundred_and_fifty_six_cpus_are_read(make: Make) -> None:
    rows = "".join(f"cpu{number} 1 2 3 4 5 6 7 8 0 0\n" for number in range(256))
    text = f"cpu 1 2 3 4 5 6 7 8 0 0\n{rows}{TAIL.replace('intr 10', 'intr 10' + ' 0' * 40_000)}"
    opened = Cpu(make({"proc/stat": text, "proc/loadavg": "0 0 0 1/2 3\n"}))
    reading = opened.collect(0.0)
    opened.close()
    assert value(reading, "system.cpu.logical.count") == 256
    assert value(reading, "linux.interrupts") == 10


@pytest.mark.parametrize("text", [b"", b"\n", b"intr 1\n", b"cpu0 1 2 3 4 5 6 7 8\n", b"cpux 1\n"])
def test_a_text_without_the_row_of_all_cpus_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="/proc/stat: malformed"):
        parse(text)


def test_a_cpu_named_twice_is_refused(make: Make) -> None:
    text = f"cpu 1 2 3 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8\ncpu0 1 2 3 4 5 6 7 8\n{TAIL}"
    opened = Cpu(make({"proc/stat": text, "proc/loadavg": "0 0 0 1/2 3\n"}))
    with pytest.raises(ValueError, match="twice"):
        opened.collect(0.0)
    opened.close()


def test_a_missing_total_costs_the_totals_only() -> None:
    _, rows, totals, absences = parse(b"cpu 1 2 3 4 5 6 7 8\nintr 5\nctxt x\n")
    assert rows == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert totals is None
    assert len(absences) == 2


@pytest.mark.parametrize("text", [b"", b"1 2", b"nan 1 1", b"1 nan 1", b"1 inf 1", b"-1 0 0", b"x y z"])
def test_malformed_load_averages_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="/proc/loadavg: malformed"):
        parse_load(text)


@given(st.binary(max_size=300) | st.lists(WORDS, max_size=60).map(lambda words: " ".join(words).encode()))
def test_any_bytes_give_rows_or_a_value_error(text: bytes) -> None:
    try:
        labels, rows, totals, _ = parse(text)
    except ValueError:
        return
    assert len(labels) == len(rows)
    assert labels[0] == b"cpu"
    assert all(row is None or len(row) == 8 for row in rows)
    assert totals is None or (len(totals) == 5 and min(totals) >= 0)


LOADED = st.sampled_from([b"0.10", b"nan", b"inf", b"-1", b"1e308", b"1/2", b"7"])


@given(st.binary(max_size=100) | st.lists(LOADED, max_size=5).map(b" ".join))
def test_any_bytes_give_three_loads_or_a_value_error(text: bytes) -> None:
    try:
        loads = parse_load(text)
    except ValueError:
        return
    assert len(loads) == 3
    assert all(0 <= each < 1e9 for each in loads)
