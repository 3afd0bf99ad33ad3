"""What is followed of a source: positions that are safe whatever a call is doing, and errors of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.parts import FilePart, PipePart, packed, restored
from collectors.logs.tail.pipes import Pipe
from collectors.logs.tail.position import unpack
from collectors.logs.tail.source import Chunk, Limits, Source
from collectors.logs.tail.watch import Watch
from collectors.tally import Tally
from tests.tailing import append


class Rig:
    """The part of one log, as it was stored last."""

    def __init__(self, log: Path) -> None:
        self.tally = Tally()
        self.words: list[str] = []
        self.complaints = Complaints(self.tally, self.words.append)
        self.source = Source("app", (f"{log}*",), start="start")
        self.part = self.begun({})

    def begun(self, stored: dict[str, bytes]) -> FilePart:
        safe, _ = restored("app", stored, self.complaints)
        return FilePart(self.source, Limits(), safe, time.monotonic, time.time, self.complaints)

    def look(self) -> list[Chunk | None]:
        """A look, and one reading of each file that has lines."""
        self.part.look()
        self.part.looked()
        read = []
        for track, chain in list(self.part.ready(time.monotonic())):
            read.append(self.part.read(track, chain, time.monotonic()))
            self.part.taken(chain.family)
        return read

    def offsets(self) -> list[int]:
        places = [unpack(packed(each)) for name, each in self.part.safe.items() if name != "app/"]
        return sorted(place.offset for place in places)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


@pytest.fixture
def rig(log: Path) -> Iterator[Rig]:
    made = Rig(log)
    yield made
    made.part.close()


def test_what_is_safe_goes_on_with_each_chunk_and_as_before_with_a_look(rig: Rig, log: Path) -> None:
    append(log, "one")
    [chunk] = rig.look()
    assert chunk is not None
    assert (chunk.text, rig.offsets()) == (b"one\n", [4])
    before = rig.part.safe["app/"]
    append(log, "two")
    rig.part.look()
    rig.part.looked()
    assert rig.offsets() == [4]
    assert rig.part.safe["app/"] > before  # type: ignore[operator]
    rig.look()
    assert rig.offsets() == [8]


def test_what_a_look_begins_is_safe_at_once_and_what_it_reads_only_when_taken(rig: Rig, log: Path) -> None:
    append(log, "one")
    rig.part.look()
    assert rig.part.safe == {}
    rig.part.looked()
    assert rig.offsets() == [0]
    [(track, chain)] = rig.part.ready(time.monotonic())
    assert rig.part.read(track, chain, time.monotonic()) is not None
    assert rig.offsets() == [0]
    rig.part.settle()
    assert rig.offsets() == [4]


def test_what_was_rotated_is_safe_as_in_another_life(rig: Rig, log: Path) -> None:
    append(log, "one of the old generation, which is long enough to be known")
    rig.look()
    log.rename(f"{log}.1")
    append(log, "one of the new generation")
    rig.part.look()
    rig.part.looked()
    safe = dict(rig.part.safe)
    rig.part.settle()
    assert rig.part.safe == safe
    assert len(safe) == 3


def test_a_file_system_that_fails_in_the_middle_of_a_look_costs_no_line(
    rig: Rig, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, "one")
    rig.look()

    def fails(_: Watch) -> None:
        raise OSError(5, os.strerror(5), str(log))

    with monkeypatch.context() as spoiled:
        spoiled.setattr(Watch, "look", fails)
        assert rig.look() == []
        assert rig.look() == []
        assert rig.words == [f"app: [Errno 5] Input/output error: '{log}'"]
    append(log, "two")
    [chunk] = rig.look()
    assert chunk is not None
    assert chunk.text == b"two\n"
    assert rig.complaints.refused == {}
    counts = [each for each in rig.tally.snapshot() if each.name == "outrider.logs.unreadable"]
    assert [(each.attributes, each.value) for each in counts] == [((("reason", "EIO"),), 2)]


def test_positions_come_back_from_the_store_and_strange_ones_are_told(rig: Rig, log: Path) -> None:
    append(log, "one")
    rig.look()
    stored = {name: packed(place) for name, place in rig.part.safe.items()}
    assert restored("app", stored, rig.complaints)[0] == rig.part.safe
    assert restored("another", stored, rig.complaints) == ({}, {})
    safe, told = restored("app", {**stored, "app/7": b"nonsense"}, rig.complaints)
    assert (safe, told["app/7"]) == (rig.part.safe, 0)
    assert len(rig.words) == 1


def test_a_fifo_has_no_position_and_its_lines_come(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    part = PipePart("app", Pipe(str(path), Limits()), Complaints(Tally(), print))
    assert part.read(100) is None
    with path.open("wb", buffering=0) as writer:
        writer.write(b"one\n")
        chunk = part.read(100)
    assert chunk == Chunk("app", str(path), b"one\n", None, 4)
    part.settle()
    assert part.safe == {}
    part.close()
