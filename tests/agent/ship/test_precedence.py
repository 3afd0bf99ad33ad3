"""Who goes before whom: otel#12788, two lanes, live first."""

from __future__ import annotations

from agent.ship.blocks import NO_BLOCKS, Blocks, blocks
from agent.ship.precedence import Precedence
from agent.ship.records import Epoch, Key

OWN = 7


def key(first: int, last: int | None = None, *, stream: str = "windows", epoch: int = OWN) -> Key:
    return Key(epoch, stream, first, first if last is None else last)


def made(grain: int = 1, live: tuple[Key, ...] = (), found: Blocks = NO_BLOCKS, **next_: int) -> Precedence:
    own = Epoch(OWN, 3, {}, next_ or {"windows": 12, "events": 12, "samples": 3})
    return Precedence(
        (own, Epoch(3, None, {}, {})), frozenset(live), grain, found, {"alerts": 9, "events": 7}
    )


def test_live_windows_go_before_the_backlog_and_raw_material_last() -> None:
    live, old, older = key(11), key(4), key(9, epoch=3)
    raw = key(2, stream="samples")
    order = made(live=(live, raw)).sorted([raw, old, live, older])
    assert order[::-1] == [live, older, old, raw]


def test_within_a_lane_the_streams_of_a_higher_priority_go_first() -> None:
    alert, event, window = key(1, stream="alerts"), key(3, stream="events"), key(0)
    assert made().sorted([window, event, alert])[::-1] == [alert, event, window]


def test_the_newest_block_is_live_until_the_next_is_complete() -> None:
    newest, before = key(8, 11), key(4, 7)
    assert [made(4, windows=n).lane(newest) for n in (12, 15, 16)] == ["live", "live", "backlog"]
    assert made(4, windows=12).lane(before) == "backlog"


def test_events_wait_for_the_block_that_grows_and_alerts_do_not() -> None:
    window, event, alert = key(11), key(11, stream="events"), key(0, stream="alerts")
    grows = blocks([window], 8, Epoch(OWN, 3, {}, {"windows": 12}), ())
    assert made(8, found=grows).sorted([window, event, alert]) == [alert]
    assert made(8).sorted([event]) == [event]
