from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.files import MOST_AT_ONCE, MOST_ROTATED, Files, file_of
from collectors.logs.tail.position import Position
from collectors.logs.tail.proof import Proof
from collectors.logs.tail.track import Track
from collectors.tally import Tally


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files((str(tmp_path),), 2, Complaints(Tally(), print))


def used(files: Files, path: Path, key: int, *, live: bool = True) -> Track:
    path.write_bytes(b"x\n")
    opened = files.open(str(path))
    assert opened is not None
    track = Track(key, Position(str(path), *opened.file, 0, Proof(), 0, live=live))
    files.use(track, opened)
    return track


def test_those_read_longest_ago_are_closed_but_not_rotated_ones(files: Files, tmp_path: Path) -> None:
    tracks = [used(files, tmp_path / str(number), number, live=number > 0) for number in range(4)]
    files.touch(tracks[1])
    files.close_some()
    assert [track.medium is not None for track in tracks] == [True, True, False, False]
    assert all(files.holder(track.file) is track for track in tracks)
    files.close()
    assert not any(track.medium for track in tracks)


def test_a_thousand_files_that_are_met_at_once_are_no_thousand_descriptors(
    files: Files, tmp_path: Path
) -> None:
    tracks = []
    for number in range(50):
        tracks.append(used(files, tmp_path / str(number), number, live=number > 2))
        files.relieve()
        assert tracks[-1].medium is not None
        assert sum(track.medium is not None for track in tracks) <= 2 * MOST_AT_ONCE
    assert all(track.medium is not None for track in tracks[:3])
    files.close()


def test_only_those_that_were_rotated_away_crowd(files: Files, tmp_path: Path) -> None:
    for number in range(30):
        used(files, tmp_path / str(number), number, live=number >= 2 * MOST_ROTATED - 1)
    assert not files.crowded
    used(files, tmp_path / "last", 30, live=False)
    assert files.crowded
    files.close()


def test_a_file_holds_one_generation(files: Files, tmp_path: Path) -> None:
    first, second = used(files, tmp_path / "a", 1), used(files, tmp_path / "b", 2)
    file = second.file
    files.drop(second)
    assert not files.taken(file)
    files.hold(first, file)
    assert files.holder(file) is first
    assert not files.taken(file_of((tmp_path / "a").stat()))
    files.close()


def test_nothing_stays_open(files: Files, tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(10):
        used(files, tmp_path / str(number), number)
    files.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert files.open("/etc/hostname") is None
