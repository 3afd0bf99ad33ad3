from __future__ import annotations

from pathlib import Path

import pytest

from collectors.logs.tail.chain import Chain, Family
from collectors.logs.tail.complaints import Complaints
from collectors.logs.tail.looks import Looks
from collectors.logs.tail.position import Position
from collectors.logs.tail.proof import Proof
from collectors.logs.tail.track import Track
from collectors.tally import Tally

IDLE = 10.0
NOW = 1000.0


class Source:
    """Paths, and the chains of those that are followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chains: dict[str, Chain] = {}
        self.said: list[str] = []
        self.complaints = Complaints(Tally(), self.said.append)
        self.looks = Looks(self.chains, IDLE, self.complaints)

    def path(self, name: str) -> str:
        path = self.folder / name
        path.touch()
        return str(path)

    def follow(self, path: str, *, grown: float) -> Track:
        """Follow what is there, which grew last at that time."""
        track = Track(1, Position(path, 0, 0, 0, Proof(), 0))
        track.live, track.grown = True, grown
        chain = self.chains[path] = Chain(path, Family(path))
        chain.tracks.append(track)
        return track

    def seen(self, *paths: str, now: float, changed: bool = False) -> list[str]:
        return list(self.looks.at(list(paths), {str(self.folder)} if changed else set(), now))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def test_what_nobody_follows_yet_is_looked_at_each_time(source: Source) -> None:
    path = source.path("a.log")
    assert [source.seen(path, now=NOW + at) for at in (0, 0.1, 0.2)] == [[path]] * 3


def test_the_longer_a_file_is_quiet_the_more_seldom_it_is_looked_at(source: Source) -> None:
    path = source.path("a.log")
    source.follow(path, grown=NOW - 32)
    assert [at for at in range(8) if source.seen(path, now=NOW + at)] == [0, 2, 5]
    source.follow(path, grown=NOW - 1e6)
    assert [at for at in range(10, 40) if source.seen(path, now=NOW + at)] == [10, 20, 30]


def test_all_that_is_followed_in_a_folder_that_changed_is_looked_at(source: Source) -> None:
    one, two = source.path("a.log"), source.path("b.log")
    source.follow(one, grown=NOW - 1e6)
    source.follow(two, grown=NOW - 1e6)
    assert source.seen(one, two, now=NOW) == [one, two]
    assert source.seen(one, two, now=NOW + 1) == []
    Path(two).unlink()
    found = source.looks.at([one], {str(source.folder)}, NOW + 2)
    assert found[one] is not None
    assert found[two] is None


def test_where_a_file_was_rotated_away_the_path_is_looked_at_each_time(source: Source) -> None:
    path = source.path("a.log")
    track = source.follow(path, grown=NOW - 1e6)
    assert source.seen(path, now=NOW) == [path]
    assert source.seen(path, now=NOW + 1) == []
    track.live = False
    assert source.seen(path, now=NOW + 1) == [path]


def test_what_cannot_be_read_is_told_and_looked_at_seldom(source: Source) -> None:
    path = str(source.folder / "loop.log")
    Path(path).symlink_to(path)
    assert source.seen(path, now=NOW) == []
    assert source.said == [source.complaints.refused[path]]
    Path(path).unlink()
    assert source.seen(path, now=NOW + IDLE / 2) == []
    assert source.looks.at([path], set(), NOW + IDLE) == {path: None}
    assert source.complaints.refused == {}
