from __future__ import annotations

import pytest

from collectors.logs.tail.joined import JOINT, MOST_LINES, SHOWN, join, join_text, one_line

PYTHON = b"""ERROR failed
Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 2, in h
ValueError: bad
INFO next
"""
JAVA = b"""ERROR failed
java.lang.IllegalStateException: bad
\tat com.example.Main.run(Main.java:7)
Caused by: java.io.IOException: worse
\t... 12 more
INFO next
"""
NODE = b"""Error: bad {
    at run (/app/x.js:1:2)
  code: 'E'
}
next
"""


def joined(text: bytes, *, last: bool = True) -> list[bytes]:
    return join(text.splitlines(keepends=True), 10_000, last=last).records


def test_a_python_traceback_and_the_ones_before_it_are_one_record() -> None:
    first, second = joined(PYTHON)
    assert first == PYTHON.removesuffix(b"\nINFO next\n").replace(b"\n", JOINT) + b"\n"
    assert second == b"INFO next\n"


def test_traces_of_java_and_node() -> None:
    assert [record.count(JOINT) for record in joined(JAVA)] == [0, 3, 0]
    assert [record.count(JOINT) for record in joined(NODE)] == [3, 0]


def test_the_last_record_is_kept_back_until_nothing_follows() -> None:
    lines = [b"one\n", b"two\n", b"  more\n"]
    assert join(lines, 100, last=False)[:3] == ([b"one\n"], [0], 2)
    assert join(lines, 100, last=True)[:3] == ([b"one\n", b"two\x1e  more\n"], [0, 1], 0)


@pytest.mark.parametrize(
    "line", [b'{"latency": 3}\n', b'INFO:     10.0.0.1:5 - "GET /v1 HTTP/1.1" 200 OK\n', b'{"a": {}} \r\n']
)
def test_a_line_that_nothing_belongs_to_does_not_wait(line: bytes) -> None:
    assert join_text(b"one\n" + line, 100, last=False, full=False) == (b"one\n" + line, 0, 0)
    assert join([b"one\n", b"  more\n", line], 100, last=False)[:3] == ([b"one\x1e  more\n", line], [0, 2], 0)
    assert join([line, b"  more\n"], 100, last=False).kept == 2, "more did belong to it"


def test_a_record_is_cut_in_bytes_and_lines() -> None:
    assert join([b"one\n", b" two\n"], 5, last=True) == ([b"one\x1e \n"], [0], 0, 1)
    lines = [b"one\n", *[b" more\n"] * MOST_LINES]
    cut = join(lines, 1 << 20, last=True)
    assert (cut.cut, cut.records[0].count(JOINT)) == (1, MOST_LINES - 1)


def test_a_record_that_never_ends_is_not_kept_back_for_ever() -> None:
    lines = [b"one\n", *[b" more\n"] * (MOST_LINES + 1)]
    assert join(lines, 100, last=False).kept == 0


@pytest.mark.parametrize("text", [PYTHON, JAVA, NODE, b"a\nb\n", b" begins inside\nb\n", b"\n\na\n"])
@pytest.mark.parametrize("last", [False, True])
def test_text_is_joined_as_its_lines_are(text: bytes, last: bool) -> None:
    lines = join(text.splitlines(keepends=True), 10_000, last=last)
    assert join_text(text, 10_000, last=last, full=False) == (b"".join(lines.records), lines.kept, lines.cut)


def test_a_full_block_gives_something() -> None:
    assert join_text(b"only one\n", 100, last=False, full=True) == (b"only one\n", 0, 0)
    assert join_text(b"one\n  more\n", 100, last=False, full=True) == (b"one\x1e  more\n", 0, 0)
    assert join_text(b"one\n  more\n", 100, last=False, full=False) == (b"", 2, 0)


def test_for_people_a_record_is_one_line() -> None:
    text = JOINT.join([b"failed", b"  at x", b"ValueError: bad"]).decode()
    assert one_line(f"{text}\r\n\nend") == f"failed{SHOWN}  at x{SHOWN}ValueError: bad{SHOWN}end"
    assert one_line("as it was\t ") == "as it was\t "
