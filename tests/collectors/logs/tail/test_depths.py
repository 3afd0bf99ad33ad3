from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from collectors.logs.tail.depths import Depths
from collectors.logs.tail.medium import STEP, medium_of
from collectors.logs.tail.proof import HEAD, WINDOW, Proof, digest, ladder

BANNER = b"a banner that the service prints at each start, before any time\n" * 20
BODY = b"".join(b"%07d a line of a model that answers requests\n" % number for number in range(40_000))
TEXT = BANNER + BODY
OTHER = BANNER + BODY[::-1]


def read_to(text: bytes, offset: int) -> tuple[int, Proof]:
    return offset, Proof(ladder(text[:HEAD]), digest(text[max(0, offset - WINDOW) : offset]))


def asked(depths: Depths, path: Path, known: Sequence[tuple[int, Proof]]) -> bool | None:
    """What it says in one look, of a medium that is at its start afterwards."""
    depths.renew()
    medium = medium_of(os.open(path, os.O_RDONLY))
    status = medium.status()
    try:
        answer = depths.known((status.st_dev, status.st_ino), medium, known)
        assert medium.read(0, 300) == TEXT[:300]
        return answer
    finally:
        medium.close()


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "app.log.1.gz"
    path.write_bytes(gzip.compress(TEXT, 1))
    return path


def test_of_files_that_begin_alike_the_end_of_what_was_read_tells(packed: Path) -> None:
    far = [read_to(OTHER, size) for size in (len(TEXT), 700_000, 2_000)]
    assert asked(Depths(), packed, [read_to(OTHER, 1_000_000), read_to(TEXT, 900_000)]) is True
    assert asked(Depths(), packed, far) is False
    assert asked(Depths(), packed, [*far, read_to(TEXT, 500_000)]) is True
    assert asked(Depths(), packed, []) is False


def test_a_look_decompresses_so_much_and_the_next_goes_on(packed: Path) -> None:
    depths = Depths(STEP)
    known = [read_to(TEXT, len(TEXT))]
    answers = [asked(depths, packed, known) for _ in range(12)]
    waits = answers.index(True)
    assert len(TEXT) // STEP <= waits <= len(TEXT) // STEP + 2
    assert answers == [None] * waits + [True] * (12 - waits)
    depths.close()


def test_what_turns_out_to_be_known_meanwhile_is_compared_from_the_start(packed: Path) -> None:
    depths = Depths(STEP)
    known = [read_to(OTHER, 800_000)]
    assert asked(depths, packed, known) is None
    known = [read_to(OTHER, 800_000), read_to(OTHER, 900_000)]
    while asked(depths, packed, known) is None:
        pass
    known.append(read_to(TEXT, 400_000))
    while (answer := asked(depths, packed, known)) is None:
        pass
    assert answer is True
    depths.close()


def test_what_is_not_asked_for_again_is_let_go(packed: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    depths = Depths(STEP)
    assert asked(depths, packed, [read_to(TEXT, len(TEXT))]) is None
    assert len(os.listdir("/proc/self/fd")) == before + 1
    depths.renew()
    depths.renew()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_that_cannot_be_decompressed_is_no_known_one(packed: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:-5000])
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="not decompressed"):
        asked(Depths(), packed, [read_to(TEXT, len(TEXT))])
    assert len(os.listdir("/proc/self/fd")) == before
