from __future__ import annotations

import pytest

from agent.ledger import Entry, event_of
from agent.ship.records import Key
from agent.stats.frame import Event
from agent.view.gaps import Circumstances, Gap, Loss, coarser, collector_reason, collectors_of, gaps
from agent.view.rows import Window
from collectors.api import Series
from tests.messages import gauge
from tests.pictures import series

CPU = series("system.cpu.utilization", cpu__mode="idle")


def window(number: int, minute: int, epoch: int = 7) -> Window:
    return Window(Key(epoch, "windows", number, number), 60.0 * minute, 60.0 * minute + 60, 60.0, gauge(1.0))


def event(name: str, at: float, text: str, collector: str = "cpu") -> Event:
    return Event("boot", at, 0.0, name, (("outrider.collector", collector),), text)


def only(held: list[Window], known: Circumstances, now: float = 360.0, of: Series = CPU) -> Gap:
    (gap,) = gaps(of, held, now, known)
    return gap


BEFORE, AFTER = [window(0, 0), window(1, 1)], [window(4, 4), window(5, 5)]


def test_windows_side_by_side_have_no_gap() -> None:
    assert gaps(CPU, [window(n, n) for n in range(6)], 362.0, Circumstances()) == []
    assert gaps(CPU, [], 0.0, Circumstances()) == []


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (
            Circumstances(losses=(Loss(Key(7, "windows", 2, 3), "full\x1b[2J"),)),
            "lost on the device: full\ufffd",
        ),
        (Circumstances(missing=(Key(7, "windows", 2, 2),)), "not received"),
        (Circumstances(missing=(Key(8, "windows", 2, 2),)), "not received, or not known to this view"),
        (Circumstances(), "not received, or not known to this view"),
    ],
)
def test_numbers_that_lack_say_why(known: Circumstances, reason: str) -> None:
    assert only(BEFORE + AFTER, known) == Gap(120.0, 240.0, reason)


def test_numbers_without_a_lack_mean_that_the_source_was_silent() -> None:
    later = [window(2, 4), window(3, 5)]
    assert only(BEFORE + later, Circumstances()).reason == "its source was silent"
    failing = event("collector.failing", 130.0, "OSError: gone")
    known = Circumstances(events=(failing, event("collector.failing", 130.0, "other", "memory")))
    assert only(BEFORE + later, known).reason == "collector cpu failing: OSError: gone"


def test_another_epoch_means_that_the_agent_was_down() -> None:
    later = [window(0, 4, epoch=8), window(1, 5, epoch=8)]
    assert only(BEFORE + later, Circumstances()).reason == "the agent was down"
    stopped = Event("boot", 121.0, 0.0, "agent.stop", (), "told to stop")
    assert (
        only(BEFORE + later, Circumstances(events=(stopped,))).reason == "the agent was down (told to stop)"
    )


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Circumstances("offline"), "the device is offline"),
        (Circumstances(newest=120.0), "the device is silent"),
        (Circumstances(newest=360.0), "its source is silent"),
        (Circumstances(events=(event("collector.absent", 100.0, "no CPU"),)), "collector cpu absent: no CPU"),
    ],
)
def test_silence_at_the_end_is_a_gap_up_to_now(known: Circumstances, reason: str) -> None:
    assert only(BEFORE, known) == Gap(120.0, 360.0, reason)


def test_what_came_from_before_a_crash_with_the_first_windows_after_it_is_of_the_life_before() -> None:
    later = [window(2, 4), window(3, 5)]
    for at, reason in ((200.0, "the agent was down"), (90.0, "its source was silent")):
        start = Event("boot", at, 0.0, "agent.start", (), "")
        assert only(BEFORE + later, Circumstances(events=(start,))).reason == reason


def test_a_collector_that_answered_before_is_no_reason() -> None:
    told = (event("collector.failing", 10.0, "once"), event("collector.ok", 20.0, ""))
    assert collector_reason(CPU, 120.0, 240.0, told) == ""
    assert collector_reason(CPU, 15.0, 240.0, told) == "collector cpu failing: once"


def test_of_several_collectors_only_one_that_spoke_since_is_believed() -> None:
    heat = series("hw.temperature", "Cel", hw__id="x")
    assert len(collectors_of(heat)) > 1
    name = collectors_of(heat)[0]
    told = (event("collector.absent", 5.0, "nothing here", name),)
    assert collector_reason(heat, 100.0, 200.0, told) == ""
    assert collector_reason(heat, 4.0, 200.0, told) == f"collector {name} absent: nothing here"


def test_a_foreign_metric_has_no_collector_but_the_one_it_names() -> None:
    assert collectors_of(series("acme.widgets")) == ()
    assert collectors_of(series("outrider.up", outrider__collector="gpu")) == ("gpu",)


def test_what_came_late_within_a_block_makes_no_gap() -> None:
    block = Window(Key(7, "windows", 0, 3), 0.0, 240.0, 240.0, gauge(1.0))
    late = Window(Key(7, "windows", 4, 4), 60.0, 120.0, 0.0, gauge(2.0))
    held = [block, late, window(5, 4), window(6, 5)]
    assert gaps(CPU, held, 362.0, Circumstances()) == []
    assert [gap[:2] for gap in gaps(CPU, [block, late], 900.0, Circumstances())] == [(240.0, 900.0)]


def told(entry: Entry) -> Event:
    return event_of(entry, "boot", 400.0, 0.0)


def test_what_was_lost_before_it_had_a_number_is_told_by_the_ledger() -> None:
    held = [window(0, 0), window(1, 1), window(2, 4), window(3, 5)]
    lost = Entry("lost", "windows", "unwritten", "writer", 2, None, (120.0, 240.0))
    reason = "lost on the device: unwritten, by writer"
    assert only(held, Circumstances(events=(told(lost),))) == Gap(120.0, 240.0, reason)
    for other in (
        lost._replace(stream="events"),
        lost._replace(what="merged"),
        lost._replace(span=(0.0, 120.0)),
        lost._replace(span=None),
    ):
        assert only(held, Circumstances(events=(told(other),))).reason == "its source was silent"


def test_a_window_that_stands_for_several_says_why_as_far_as_it_is_known() -> None:
    block = Window(Key(7, "windows", 0, 7), 0.0, 480.0, 480.0, gauge(1.0))
    held = [block, *(window(n, n) for n in range(8, 14))]
    merged = Entry("merged", "windows", "space", "store", 8, 4000, (0.0, 480.0))
    assert coarser(held, [told(merged)]) == [Gap(0.0, 480.0, "made coarser (space, by store)")]
    assert coarser(held, []) == [Gap(0.0, 480.0, "made coarser")]
    assert coarser(held[1:], [told(merged)]) == []
    assert coarser([], []) == []
