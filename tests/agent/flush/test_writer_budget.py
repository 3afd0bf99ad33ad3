"""The writer within its budget of writes, and what it knows of the budget of the link."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.flush.waiting import WAITING
from agent.ship.budget import Allowance
from agent.ship.purse import LINK, Purse
from tests.agent.flush.rig import Rig, taken


@pytest.fixture
def spare(tmp_path: Path) -> Iterator[Rig]:
    """A writer whose budget is used up: the next commit is due in an hour."""
    rig = Rig(tmp_path / "state", a_day=1e6)
    rig.writer.start()
    assert rig.writer.ready.wait(20)
    rig.wear.thrift.left = -1e5
    yield rig
    rig.writer.stop(20)


def test_windows_share_a_commit_while_the_budget_is_short_and_all_of_them_are_in_it(spare: Rig) -> None:
    """iotedge#1274 and go.d.plugin#437: flash worn out by hundreds of megabytes a day."""
    before = len(spare.flushes())
    for _ in range(10):
        spare.window()
    taken(spare)
    assert len(spare.flushes()) == before, "none came before its time"
    assert spare.wear.thrifty
    assert spare.writer.stop(20)
    assert spare.total() == 10.0, "an end is no loss"


def test_what_waits_for_the_budget_is_written_when_it_ends(spare: Rig) -> None:
    for _ in range(10):
        spare.window()
    taken(spare)
    spare.window(early="stop")
    taken(spare)
    assert spare.total() == 11.0
    assert len(spare.contents()) == 1
    assert len(spare.contents()[0].frames) == 11


def test_an_hour_without_a_commit_keeps_every_window_covered_and_little_in_memory(spare: Rig) -> None:
    for _ in range(60):
        spare.window()
    taken(spare)
    assert len(spare.writer._waiting.content.frames) <= WAITING
    spare.window(early="stop")
    taken(spare)
    (content,) = spare.contents()
    assert spare.total() == 61.0
    spans = [frame.span for frame in content.frames]
    assert (spans[0].start, spans[-1].end) == (0.0, 61 * 60.0)
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))


def test_an_alert_is_not_committed_ahead_of_its_time_while_the_budget_is_short(spare: Rig) -> None:
    before = len(spare.flushes())
    spare.wear.look(0.0, 0)
    assert spare.wear.thrifty
    spare.judged("alert.fired", hot=b"1")
    taken(spare)
    assert len(spare.flushes()) == before
    spare.window(early="stop")
    taken(spare)
    spare.writer.stop(20)
    assert spare.written() == {"hot": b"1"}
    assert "alert.fired" in spare.events()


def test_the_budget_says_when_it_runs_short_in_an_event_and_in_the_log(spare: Rig) -> None:
    spare.window()
    taken(spare)
    assert [level for level, text in spare.lines if "store.write_budget" in text] == ["warning"]
    spare.window(early="stop")
    taken(spare)
    assert "flash.thrifty" in spare.events()


def test_the_budget_is_known_over_a_restart(spare: Rig) -> None:
    spare.window(early="stop")
    taken(spare)
    left = spare.wear.thrift.left
    spare.writer.stop(20)
    again = Rig(spare.directory, a_day=1e6)
    again.writer.start()
    assert again.writer.ready.wait(20)
    assert again.wear.thrift.left == pytest.approx(left, abs=5e4)
    again.writer.stop(20)


def test_windows_that_wait_never_become_a_record_too_large_for_the_store(spare: Rig) -> None:
    spare.writer._waiting._frame_size = spare.opened[0].share.largest / 3
    for _ in range(12):
        spare.window()
    taken(spare)
    assert len(spare.writer._waiting.content.frames) <= 2


def test_what_a_life_of_this_process_spent_goes_before_what_the_store_knows_of_it(tmp_path: Path) -> None:
    former, fresh = (Purse(Allowance(1_000_000, 86_400.0), boot="boot") for _ in range(2))
    former.advance(1000.0)
    former.spend(5_000)
    first = Rig(tmp_path, purse=former)
    first.writer.start()
    first.window()
    assert first.writer.stop(20)
    second = Rig(tmp_path, purse=fresh)
    state = former.save(ended=True)
    assert state is not None
    second.writer.spent = {LINK: state}
    second.writer.start()
    assert second.writer.ready.wait(20)
    assert fresh.account is not None
    assert fresh.account.spent == 5_000
    assert second.writer.stop(20)
