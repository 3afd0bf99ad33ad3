"""The newest rows of a ring, as the whole of it has them."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from agent.stats import ringtail
from agent.stats.ringfile import STEP, Header, Place, RingError, snapshot_of
from agent.stats.ringmap import RingMap
from agent.stats.ringtail import CHUNK, tail_of
from collectors.api import Series

LOAD = Series("load", "1", "gauge", (("cpu", "0"),))
LATE = Series("late", "1", "gauge", ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ring"


def written(path: Path, ticks: int, rows: int) -> RingMap:
    table = {LOAD: Place(3, 0), LATE: Place(5, ticks - 2)}
    ring = RingMap.begin(path, Header(rows, STEP, 0, 0, 0, 0, 0, "boot"), table)
    for tick in range(ticks):
        ring.put(float(tick), array("f", [tick] * STEP).tobytes())
    return ring


@pytest.mark.parametrize("rows", [50, 300, 1000])
@pytest.mark.parametrize("ticks", [0, 1, 3, 64, 65, 299, 300, 301, 340, 997])
def test_the_tail_is_the_end_of_the_whole(path: Path, rows: int, ticks: int) -> None:
    written(path, ticks, rows)
    whole = snapshot_of(path)
    for back in (0, 10, 100, 5000):
        tail = tail_of(path, ticks - back)
        assert (tail.boot, tail.end, tail.series) == (whole.boot, whole.end, whole.series)
        assert tail.times == whole.times[len(whole.times) - len(tail.times) :]
        assert [at for at in whole.times if at >= ticks - back] == [
            at for at in tail.times if at >= ticks - back
        ]
        assert tail.read(LATE) == whole.read(LATE)
        assert list(tail.rows_from(0)) == list(whole.rows_from(tail.end - len(tail.times)))


def test_no_more_is_read_than_was_asked_for(path: Path) -> None:
    written(path, 3000, 3600)
    assert len(tail_of(path, 2900.0).times) <= 100 + CHUNK


def test_rows_so_wide_that_they_are_too_many_bytes_are_fewer(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = written(path, 500, 1000)
    monkeypatch.setattr(ringtail, "LARGEST_TAIL", 20 * ring.head.stride)
    assert tail_of(path, 0.0).times == [float(at) for at in range(480, 500)]


def test_rows_overwritten_meanwhile_are_left_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = written(path, 100, 100)
    read = ringtail._newest

    def slowly(*words: object) -> bytes:
        found = read(*words)  # type: ignore[arg-type]
        for tick in range(100, 130):
            ring.put(float(tick), array("f", [tick] * STEP).tobytes())
        return found

    monkeypatch.setattr(ringtail, "_newest", slowly)
    assert tail_of(path, 0.0).times == [float(at) for at in range(31, 100)]


def test_a_table_that_changes_all_the_time_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = written(path, 10, 100)
    read = ringtail._newest

    def changing(*words: object) -> bytes:
        ring.with_table({LOAD: Place(4, 0)})
        return read(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(ringtail, "_newest", changing)
    with pytest.raises(RingError, match="changed 5 times"):
        tail_of(path, 0.0)


def test_what_is_no_ring_is_refused(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        tail_of(path, 0.0)
    path.write_bytes(b"x" * 200)
    with pytest.raises(RingError, match="does not begin as a ring"):
        tail_of(path, 0.0)
