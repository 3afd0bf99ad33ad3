from __future__ import annotations

from pathlib import Path

import pytest

from collectors.logs.tail.medium import Medium, medium_of, open_safely
from collectors.logs.tail.start import clock_of, first_since, line_start


def opened(path: Path, data: bytes) -> Medium:
    path.write_bytes(data)
    return medium_of(open_safely(str(path), [str(path.parent)]).descriptor)


def stamped(line: bytes) -> float | None:
    word = line.split()[0] if line.split() else b""
    return float(word) if word.isdigit() else None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (0, 0)),
        (b"half", (0, 0)),
        (b"one\n", (4, 0)),
        (b"one\nhalf", (4, 0)),
        (b"x" * 50, (50, 1)),
    ],
)
def test_the_start_of_the_line_at_the_end(data: bytes, expected: tuple[int, int], tmp_path: Path) -> None:
    medium = opened(tmp_path / "log", data)
    assert line_start(medium, len(data), 20) == expected
    medium.close()


@pytest.mark.parametrize("wanted", [0, 1, 777, 40_000, 79_999, 80_000, 100_000])
@pytest.mark.parametrize("stamp_each", [1, 7])
def test_the_first_line_since(wanted: int, stamp_each: int, tmp_path: Path) -> None:
    lines = [
        b"%d a line of that second\n" % number if number % stamp_each == 0 else b"  a line without a time\n"
        for number in range(80_000)
    ]
    medium = opened(tmp_path / "log", b"".join(lines))
    at = first_since(medium, medium.size(), wanted, stamped)
    expected = next((n for n in range(80_000) if n >= wanted and n % stamp_each == 0), 80_000)
    assert at == len(b"".join(lines[:expected]))
    medium.close()


def test_lines_that_tell_no_time(tmp_path: Path) -> None:
    medium = opened(tmp_path / "log", b"no time\n" * 50_000)
    assert first_since(medium, medium.size(), 5.0, stamped) is None
    medium.close()


def test_a_wrapper_tells_the_time() -> None:
    line = b"2026-11-26T10:00:00Z stdout F text\n"
    assert clock_of("cri", lambda _: 1.0)(line) == 1795687200.0
    assert clock_of("none", lambda _: 1.0)(line) == 1.0
