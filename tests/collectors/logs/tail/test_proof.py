from __future__ import annotations

import pytest

from collectors.logs.tail.proof import HEAD, RUNGS, STRONG, WINDOW, Proof, digest, ladder, rungs_within

LONG = bytes(range(256)) * 16


class Text:
    """A content in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def head(self) -> bytes:
        return self.data[:HEAD]

    def before(self, offset: int) -> bytes | None:
        return self.data[max(0, offset - WINDOW) : offset] if offset <= len(self.data) else None


def proof(data: bytes, offset: int) -> Proof:
    return Proof(ladder(data[:HEAD]), digest(data[max(0, offset - WINDOW) : offset]) if offset else b"")


@pytest.mark.parametrize("length", [0, 15, 16, 100, 1023, 1024, 5000])
def test_a_ladder_has_the_rungs_that_a_head_reaches(length: int) -> None:
    rungs = ladder((LONG * 2)[:length])
    assert len(rungs) == rungs_within(length) == sum(rung <= length for rung in RUNGS)
    assert Proof(rungs).length == max((rung for rung in RUNGS if rung <= length), default=0)


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (LONG, "same"),
        (LONG + b"more", "same"),
        (LONG[:3000], "same"),
        (LONG[:2000], "shorter"),
        (LONG[:70], "shorter"),
        (LONG[:63], "shorter"),
        (LONG[:40] + b"x" * 10, "other"),
        (LONG[:15], "other"),
        (b"", "other"),
        (b"x" + LONG, "other"),
        (LONG[:2900] + b"x" * 1000, "other"),
    ],
)
def test_what_another_file_holds(data: bytes, likeness: str) -> None:
    assert proof(LONG, 3000).like(3000, Text(data)) == likeness


def test_few_equal_bytes_are_no_proof_unless_little_is_asked() -> None:
    banner = b"INFO: started\n"
    assert proof(banner, len(banner)).like(len(banner), Text(banner + b"more")) == "other"
    assert proof(banner, len(banner)).like(len(banner), Text(banner + b"more"), least=0) == "same"
    long = LONG[: STRONG - 1]
    assert proof(long, len(long)).like(len(long), Text(long + b"more"), STRONG) == "other"
    assert proof(long, len(long)).like(len(long), Text(long), STRONG) == "same"


def test_of_an_empty_file_nothing_is_known() -> None:
    assert Proof().like(0, Text(LONG)) == "other"
    assert Proof().begins(LONG)
