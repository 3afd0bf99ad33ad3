from __future__ import annotations

import pytest

from collectors.logs.tail.records import Records, records

TRACE = b"boom\nTraceback (most recent call last):\n  x\nValueError: no\nnext\n"


def test_plain_lines_tell_no_time() -> None:
    assert records(b"a\nb\n", "none", 100, joins=True) == Records(b"a\nb\n", None)
    assert records(b"", "none", 100, joins=True) == Records(b"", None)


def test_a_trace_is_one_record_unless_that_is_not_wanted() -> None:
    found = records(TRACE, "none", 100, joins=True)
    assert found.text == TRACE[:-6].replace(b"\n", b"\x1e") + b"\nnext\n"
    assert records(TRACE, "none", 100, joins=False).text == TRACE


def test_a_record_has_the_time_of_its_first_line() -> None:
    wrapped = b"".join(
        b"2026-11-26T10:00:%02d.000000000Z stdout F %s\n" % (at, line)
        for at, line in enumerate(TRACE.splitlines())
    )
    found = records(wrapped, "cri", 100, joins=True)
    assert found.times is not None
    assert [time % 60 for time in found.times if time is not None] == [0, 4]
    assert found.text.count(b"\n") == 2


@pytest.mark.parametrize("joins", [True, False])
def test_the_last_line_need_not_end_and_long_ones_are_cut(joins: bool) -> None:
    assert records(b"aaaa\nbb", "none", 3, joins=joins).text == b"aaa\nbb\n"
