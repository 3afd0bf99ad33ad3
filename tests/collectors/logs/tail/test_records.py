from __future__ import annotations

from collectors.logs.tail.records import Records, records

TRACE = b"boom\nTraceback (most recent call last):\n  x\nValueError: no\nnext\n"


def test_plain_lines_tell_no_time() -> None:
    assert records(b"a\nb\n", "none", 100, joins=True) == Records([b"a\n", b"b\n"], None)
    assert records(b"", "none", 100, joins=True) == Records([], None)


def test_a_trace_is_one_record_unless_that_is_not_wanted() -> None:
    found = records(TRACE, "none", 100, joins=True)
    assert found.lines == [TRACE[:-6].replace(b"\n", b"\x1e") + b"\n", b"next\n"]
    assert len(records(TRACE, "none", 100, joins=False).lines) == 5


def test_a_record_has_the_time_of_its_first_line() -> None:
    wrapped = b"".join(
        b"2026-11-26T10:00:%02d.000000000Z stdout F %s\n" % (at, line)
        for at, line in enumerate(TRACE.splitlines())
    )
    found = records(wrapped, "cri", 100, joins=True)
    assert found.times is not None
    assert [time % 60 for time in found.times if time is not None] == [0, 4]
    assert len(found.lines) == 2
