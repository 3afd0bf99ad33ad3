from __future__ import annotations

from pathlib import Path

import pytest

from collectors.logs.tail.medium import medium_of, open_safely
from collectors.logs.tail.position import Position
from collectors.logs.tail.proof import Proof
from collectors.logs.tail.source import Limits, Source
from collectors.logs.tail.track import Changed, Part, Track

LIMITS = Limits(line=1024, block=4096)
PLAIN = Source("app", ("/x",))
JOINED = Source("app", ("/x",), join=True)


def track_of(path: Path, offset: int = 0) -> Track:
    opened = open_safely(str(path), ["/"])
    track = Track(1, Position(str(path), opened.status.st_dev, opened.status.st_ino, offset, Proof(), 0))
    track.use(medium_of(opened.descriptor))
    return track


def read(track: Track, source: Source = PLAIN, *, quiet: bool = False) -> Part:
    return track.read(source, LIMITS, quiet=quiet)


def test_it_goes_on_where_it_stands_and_says_whether_there_is_more(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"%0999d\n" % number for number in range(6)))
    track = track_of(path)
    assert read(track).text.count(b"\n") == 4
    assert track.more
    assert read(track).text.count(b"\n") == 2
    assert not track.more
    assert track.offset == 6000
    track.close()


def test_another_head_or_another_end_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"first line\n" * 100)
    for data in (b"other line\n" * 100, b"first line\n" * 99 + b"other line\n", b"first line\n"):
        path.write_bytes(b"first line\n" * 100)
        track = track_of(path)
        read(track)
        path.write_bytes(data + b"more\n")
        track.checked = False
        with pytest.raises(Changed):
            read(track)
        track.close()


def test_written_follows_looked_only_when_the_content_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"first line\n" * 10)
    track = track_of(path)
    track.looked = 5
    read(track)
    assert track.written == 5
    path.write_bytes(
        b"something else, and as long as what was there before: a hundred bytes and ten.....\n" * 2
    )
    track.looked = 9
    with pytest.raises(Changed):
        read(track)
    assert track.written == 5
    track.close()


def test_a_record_waits_until_it_is_quiet(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    track = track_of(path)
    assert read(track, JOINED).text == b"one\n"
    assert track.pending
    assert read(track, JOINED, quiet=True).text == b"two\n"
    assert not track.pending
    track.close()


def test_records_inside_wrapped_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    stamp = b"2026-11-26T10:00:0"
    lines = [stamp + b"%dZ stdout F %b\n" % (n, text) for n, text in enumerate((b"a", b"  b", b"c", b"  d"))]
    path.write_bytes(b"".join(lines))
    track = track_of(path)
    part = read(track, JOINED)
    assert (part.text, part.times) == (b"a\x1e  b\n", [1795687200.0])
    assert track.offset == len(lines[0] + lines[1])
    part = read(track, JOINED, quiet=True)
    assert (part.text, part.times) == (b"c\x1e  d\n", [1795687202.0])
    track.close()


def test_a_wrapped_line_longer_than_a_block_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "log"
    piece = b"2026-11-26T10:00:00Z stdout P %b\n" % (b"x" * 900)
    end = b"2026-11-26T10:00:00Z stdout F end\n2026-11-26T10:00:00Z stdout F next\n"
    path.write_bytes(piece * 10 + end)
    track = track_of(path)
    texts: list[bytes] = []
    while track.more or not texts:
        texts.append(read(track).text)
    assert b"".join(texts) == b"x" * 1024 + b"\nnext\n"
    track.close()


def test_a_position_says_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthr")
    track = track_of(path)
    read(track)
    position = track.position(())
    assert (position.offset, position.inode, position.live) == (8, path.stat().st_ino, True)
    again = Track(1, position)
    assert again.position(()) == position
    track.close()
