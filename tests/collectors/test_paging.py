from __future__ import annotations

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.host import Host
from collectors.paging import KEYS, SERIES, Paging, parse


def test_it_agrees_with_psutil() -> None:
    opened = Paging(Host())
    reading, seen = opened.collect(0.0), psutil.swap_memory()
    opened.close()
    assert list(reading.values[2:4]) == [seen.sin / 4096, seen.sout / 4096]


def test_faults_are_split_into_minor_and_major() -> None:
    text = b"pgfault 100\npgmajfault 10\npswpin 1\npswpout 2\noom_kill 3\n"
    assert parse(text) == ([90, 10, 1, 2, 3], ())


def test_counters_torn_apart_leave_the_minor_faults_unknown() -> None:
    assert parse(b"pgfault 1\npgmajfault 10\npswpin 1\npswpout 2\noom_kill 3\n")[0][0] is None


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ValueError, match="/proc/vmstat: malformed"):
        parse(b"")


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.binary(max_size=24))))
def test_any_lines_give_values_or_a_value_error(lines: list[tuple[bytes, bytes]]) -> None:
    try:
        values, _ = parse(b"\n".join(key + b" " + rest for key, rest in lines))
    except ValueError:
        return
    assert len(values) == len(SERIES)
    assert all(each is None or each >= 0 for each in values)
