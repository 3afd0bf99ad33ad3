from __future__ import annotations

import os
import resource
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Reading
from collectors.host import Host
from collectors.own import FIXED, SELDOM, Own, parse_stat
from collectors.tally import Tally


def values(reading: Reading) -> dict[tuple[str, str], object]:
    return {
        (series.name, series.attributes[0][1] if series.attributes else ""): value
        for series, value in zip(reading.series, reading.values, strict=True)
    }


def test_it_agrees_with_psutil() -> None:
    process = psutil.Process()
    found = values(Own(Host(), Tally()).collect(0.0))
    assert found["outrider.cpu.time", "user"] == pytest.approx(process.cpu_times().user, abs=0.5)
    assert found["outrider.threads", ""] == process.num_threads()
    assert found["outrider.memory.usage", "rss"] == pytest.approx(process.memory_info().rss, rel=0.1)
    assert found["outrider.memory.usage", "pss"] == pytest.approx(process.memory_full_info().pss, rel=0.1)
    assert found["outrider.descriptors", ""] == process.num_fds() - 1  # psutil counts the one it lists with
    assert found["outrider.disk.written", ""] == pytest.approx(process.io_counters().write_bytes, abs=1 << 20)


def test_time_is_exact_to_the_microsecond(board: Host) -> None:
    seen = resource.getrusage(resource.RUSAGE_SELF)
    found = values(Own(board, Tally(), lambda _: seen).collect(0.0))
    assert found["outrider.cpu.time", "user"] == seen.ru_utime
    assert found["outrider.cpu.time", "system"] == seen.ru_stime
    assert found["outrider.wakeups", ""] == seen.ru_nvcsw


def test_proportional_memory_is_read_once_a_minute_only(board: Host) -> None:
    opened = Own(board, Tally())
    read = [values(opened.collect(at))["outrider.memory.usage", "pss"] for at in (5.0, 15.0, 5.0 + SELDOM)]
    assert [value is None for value in read] == [False, True, False]


def test_the_whole_tally_is_published_and_extends_the_layout(board: Host) -> None:
    tally = Tally()
    tally.describe("outrider.spool.size", "By")
    opened = Own(board, tally)
    assert opened.collect(0.0).series is FIXED
    tally.add("outrider.wire.rejected", 2, reason="too_large")
    first = opened.collect(1.0)
    tally.set("outrider.spool.size", 7)
    tally.add("outrider.wire.rejected", reason="too_large")
    second = opened.collect(2.0)
    assert second.series[: len(first.series)] == first.series
    assert [tuple(each) for each in second.series[len(FIXED) :]] == [
        ("outrider.wire.rejected", "{count}", "counter", (("reason", "too_large"),)),
        ("outrider.spool.size", "By", "gauge", ()),
    ]
    assert list(second.values[len(FIXED) :]) == [3, 7]
    assert opened.collect(3.0).series is second.series


def test_a_name_with_brackets_and_blanks_is_passed_over() -> None:
    text = Path(f"/proc/{os.getpid()}/stat").read_bytes()
    odd = text.replace(text[text.index(b"(") : text.rindex(b")") + 1], b"(a) R 1 (b c)")
    assert parse_stat(odd) == parse_stat(text)


@pytest.mark.parametrize("text", [b"", b"1 (x) S", b"1 (x) " + b"y " * 50])
def test_a_malformed_stat_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="/proc/self/stat: malformed"):
        parse_stat(text)


@given(st.binary(max_size=300))
def test_any_bytes_give_numbers_or_a_value_error(text: bytes) -> None:
    try:
        threads, pages = parse_stat(text)
    except ValueError:
        return
    assert min(threads, pages) >= 0
    assert max(threads, pages) < 1 << 64
