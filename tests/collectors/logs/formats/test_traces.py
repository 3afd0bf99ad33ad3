from __future__ import annotations

import pytest

from collectors.logs.formats.traces import exception_in, head_of
from collectors.logs.tail.joined import JOINT

TRACE = JOINT.join(
    [
        b"ERROR:    Exception in ASGI application",
        b"Traceback (most recent call last):",
        b'  File "x.py", line 1',
        b"torch.cuda.OutOfMemoryError: CUDA out of memory. Tried 20.00 MiB",
    ]
)


def part(line: bytes) -> dict[str, bytes] | None:
    found = exception_in(line)
    return None if found is None else {name: line[begin:end] for name, (begin, end) in found.items()}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (TRACE, {"exception": b"OutOfMemoryError", "message": b"CUDA out of memory. Tried 20.00 MiB"}),
        (b"ValueError: bad input 17", {"exception": b"ValueError", "message": b"bad input 17"}),
        (b"KeyboardInterrupt", {"exception": b"KeyboardInterrupt"}),
        (b"java.lang.IllegalStateException: no", {"exception": b"IllegalStateException", "message": b"no"}),
    ],
)
def test_the_last_line_names_the_exception(line: bytes, expected: dict[str, bytes]) -> None:
    assert part(line) == expected


@pytest.mark.parametrize(
    "line", [b"", b"all is well", b"  ValueError: indented", b"error: something", b"an Error happened"]
)
def test_other_lines_name_none(line: bytes) -> None:
    assert part(line) is None


def test_the_head_of_a_record_is_its_first_line() -> None:
    assert head_of(TRACE) == b"ERROR:    Exception in ASGI application"
    assert head_of(b"one") == b"one"
