"""Boards that boot with a wrong clock: their rows are as old as they are, and nothing is lost for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ship.records import union
from agent.stats.clocks import Clock
from agent.stats.frame import Content, Event, Frame, Span
from agent.stats.window import Gauge
from agent.store.audit import audit
from agent.store.dating import MOST_ERAS
from agent.store.flush import Flush
from agent.store.reader import Reader
from agent.store.sizing import MIB, Limits
from tests.agent.store.device import SERIES, START, Device, kept

LIMITS = Limits(max_size=MIB, tiers=((2, 100.0), (8, 1000.0)), policies=kept(5000.0), settle=3)
TRUE = START - 1000.0
"""Wall clock less boot clock, truly: the board is up for 1000 s at START."""


class Board:
    """A store whose boot clock goes on by 10 s a flush, under a wall clock that may be wrong by anything."""

    def __init__(self, directory: Path, limits: Limits = LIMITS) -> None:
        self.device = Device(directory, limits)
        self.uptime = 1000.0
        self.boot = "boot-1"
        self.offset, self.quality = TRUE, "synchronised"

    def content(self) -> Content:
        span = Span(self.boot, self.uptime - 10.0, self.uptime, 10.0, self.offset, self.quality)
        return Content((Frame(span, {SERIES: Gauge(1, 1.0, 1.0, 1.0, 1.0)}),))

    def flush(self, times: int = 1) -> None:
        """Windows of 10 s each; what is to be told is told, as the writer does."""
        for _ in range(times):
            self.uptime += 10.0
            now = Clock(self.boot, self.offset, self.quality)
            contents = {"windows": self.content()}
            told = self.device.store.clock_to_tell(now, contents.values())
            trusted = self.quality != "unsynchronised"
            self.device.now = self.uptime + self.offset
            self.device.apply(Flush(self.device.now, contents, clock=told, trusted=trusted))

    def step(self, offset: float, quality: str) -> None:
        self.offset, self.quality = offset, quality

    def spans(self) -> list[tuple[float, float]]:
        """The wall spans of all windows as a reader finds them, by the true boot clock."""
        with_reader = Reader.open(self.device.directory)
        try:
            stored = list(with_reader.stored(streams=("windows",)))
        finally:
            with_reader.close()
        return [(each.start - TRUE, each.end - TRUE) for each in stored]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    board = Board(tmp_path / "state")
    yield board
    board.device.store.close()


WRONG = [
    pytest.param(0.0, "unsynchronised", id="boots in 1970"),
    pytest.param(2**31 + 1000.0, "unsynchronised", id="boots in 2038"),
    pytest.param(TRUE - 90 * 86400.0, "unsynchronised", id="boots at its last shutdown's time"),
    pytest.param(TRUE - 90 * 86400.0, "unknown", id="is behind and nobody says so"),
]


@pytest.mark.parametrize(("offset", "quality"), WRONG)
def test_clock_jump_of_a_board_without_a_real_time_clock_loses_nothing_by_age(
    board: Board, offset: float, quality: str
) -> None:
    """telegraf#5335, #2221, netdata#4109: a step of hours or years wiped stores and stopped collection."""
    board.step(offset, quality)
    board.flush(100)
    board.step(TRUE, "synchronised")
    board.flush(100)
    assert not any(row.tombstone for row in board.device.rows())
    assert board.device.covered() == [(0, 199)]
    spans = board.spans()
    assert spans == sorted(spans)
    assert [round(edge, 3) for edge in (spans[0][0], spans[-1][1])] == [1000.0, 3000.0]
    assert all(abs(after[0] - before[1]) < 1e-3 for before, after in itertools.pairwise(spans))


def test_rows_of_1970_end_by_their_true_age(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(100)
    board.step(TRUE, "synchronised")
    board.flush(380)
    assert board.device.covered()[0][0] == 0
    board.flush(200)
    grave = board.device.rows()[0].tombstone
    assert grave is not None
    assert grave.reason == "expired"
    oldest = min(start for start, _ in board.spans()[1:])
    assert board.uptime - oldest == pytest.approx(5000.0, abs=700.0)


def test_rows_of_1970_become_coarser_by_their_true_age(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(8)
    assert all(first == last for first, last in board.device.spans())
    board.step(TRUE, "synchronised")
    board.flush(20)
    assert (0, 1) in board.device.spans()
    assert board.device.spans()[-1] == (27, 27)


def test_a_merged_block_of_both_times_is_one_window(board: Board) -> None:
    """The wall clock stepped between them, but it is known by now when the earlier ones were."""
    board.step(0.0, "unsynchronised")
    board.flush(4)
    board.step(TRUE, "synchronised")
    board.flush(120)
    head = next(head for head in board.device.heads() if head.last - head.first == 7)
    content = board.device.store._rows.read(head)
    assert [frame.span for frame in content.frames] == [
        Span("boot-1", 1000.0, 1080.0, 80.0, TRUE, "synchronised")
    ]


def test_while_the_clock_is_surely_wrong_a_leap_is_never_believed(board: Board) -> None:
    board.flush(20)
    board.step(2**31 + 1000.0, "unsynchronised")
    board.flush(300)
    assert not any(row.tombstone for row in board.device.rows())
    assert board.device.covered() == [(0, 319)]


def test_the_clock_is_told_once_when_it_is_right_and_there_is_something_to_date(board: Board) -> None:
    now = Clock("boot-1", TRUE, "synchronised")
    assert board.device.store.clock_to_tell(now, ()) is None
    board.flush(3)
    assert board.device.store.clocks == {}
    board.step(0.0, "unsynchronised")
    board.flush()
    assert board.device.store.clocks == {"boot-1": now}
    board.step(TRUE, "synchronised")
    assert board.device.store.clock_to_tell(now, (board.content(),)) is None
    board.step(TRUE + 5.0, "synchronised")
    board.flush()
    assert board.device.store.clocks == {"boot-1": now._replace(offset=TRUE + 5.0)}


def test_a_wrong_clock_is_told_to_nobody(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(2)
    board.step(500.0, "unsynchronised")
    board.flush(2)
    assert board.device.store.clocks == {}


def test_what_was_better_known_is_not_overridden(board: Board) -> None:
    board.flush(2)
    board.step(TRUE + 400.0, "unknown")
    board.flush(2)
    assert board.device.store.clocks["boot-1"].offset == TRUE
    assert [round(start) for start, _ in board.spans()] == [1000, 1020, 1030]


def test_a_restart_in_the_same_boot_knows_what_was_told_and_what_was_not(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(3)
    board.device.reopen()
    board.flush(3)
    board.device.reopen()
    board.step(TRUE, "synchronised")
    board.flush(1)
    assert [round(start) for start, _ in board.spans()] == [1000, 1010, 1020, 1030, 1040, 1050, 1060]
    board.device.reopen()
    assert board.device.store.clock_to_tell(Clock("boot-1", TRUE, "synchronised"), ()) is None


def test_another_boot_is_dated_by_its_own_clock(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(3)
    board.device.reopen()
    board.boot, board.uptime = "boot-2", 5.0
    board.step(TRUE + 1030.0, "synchronised")
    board.flush(1)
    starts = [start for start, _ in board.spans()]
    assert starts[0] == pytest.approx(1000.0 - TRUE)
    assert starts[-1] == pytest.approx(1035.0)


def test_the_newest_surely_dated_row_is_found(board: Board) -> None:
    assert board.device.store.surely() == 0.0
    board.flush(3)
    assert board.device.store.surely() == pytest.approx(TRUE + 1030.0)
    board.device.reopen()
    board.step(0.0, "unsynchronised")
    board.boot = "boot-2"
    board.flush(3)
    assert board.device.store.surely() == pytest.approx(TRUE + 1030.0)


def test_a_window_of_history_is_asked_for_by_true_time(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(10)
    board.step(TRUE, "synchronised")
    board.flush(1)
    reader = Reader.open(board.device.directory)
    found = list(reader.stored(TRUE + 1041.0, TRUE + 1059.0))
    reader.close()
    assert [each.row.key.first for each in found] == [4, 5]
    assert [each.content().frames[0].span.offset for each in found] == [TRUE, TRUE]


def test_digests_stay_what_they_were(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(6)
    before = [row.digest for row in board.device.rows()]
    board.step(TRUE, "synchronised")
    board.flush(1)
    assert [row.digest for row in board.device.rows()][:6] == before
    found = audit(board.device.directory)
    assert (found.records, found.faults) == (7, ())


def test_a_clock_that_keeps_jumping_has_a_bounded_past(board: Board) -> None:
    for n in range(MOST_ERAS + 40):
        board.step(5000.0 * n, "unsynchronised")
        board.flush()
    kept = board.device.store._states.all("era")
    assert len(kept) == MOST_ERAS
    board.step(TRUE, "synchronised")
    board.flush()
    dated = [start for start, _ in board.spans()][-MOST_ERAS:]
    assert dated == pytest.approx([1000.0 + 10 * n for n in range(41, 41 + MOST_ERAS)], abs=1e-3)


def test_eras_and_clocks_go_with_the_last_row_of_their_life(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(2)
    board.step(TRUE, "synchronised")
    board.flush(1)
    for boot in range(2, 7):
        board.device.reopen()
        board.boot = f"boot-{boot}"
        rows = board.device.index.values()
        board.device.apply(Flush(board.device.now, confirmed=[(row.key, row.digest) for row in rows]))
        board.flush(150)
    assert list(board.device.store.clocks) == []
    lives = {int(name) >> 32 & 0xFFFFFFF for name in board.device.store._states.all("era")}
    assert min(lives) == board.device.store._lives.known[-1].life


def test_events_are_dated_too(board: Board) -> None:
    board.step(0.0, "unsynchronised")
    happened = Content(events=(Event("boot-1", 1005.0, 0.0, "made.up", (), ""),))
    board.device.apply(Flush(1005.0, {"events": happened}, trusted=False))
    board.step(TRUE, "synchronised")
    board.flush()
    reader = Reader.open(board.device.directory)
    [stored] = reader.stored(streams=("events",))
    reader.close()
    assert (stored.start, stored.content().events[0].wall) == (TRUE + 1005.0, TRUE + 1005.0)


def test_what_an_undone_transaction_told_is_forgotten(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.step(0.0, "unsynchronised")
    board.flush(2)
    board.step(TRUE, "synchronised")
    monkeypatch.setattr(board.device.store._rows, "add", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        board.flush()
    monkeypatch.undo()
    now = Clock("boot-1", TRUE, "synchronised")
    assert board.device.store.clock_to_tell(now, ()) == now
    assert board.device.store.clocks == {}
    assert union(board.device.spans()) == [(0, 1)]
