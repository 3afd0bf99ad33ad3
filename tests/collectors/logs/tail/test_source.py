from __future__ import annotations

from collectors.logs.tail.lines import whole
from collectors.logs.tail.source import Limits, Source


def test_by_default_a_full_block_always_holds_a_whole_or_a_cut_line() -> None:
    limits = Limits()
    assert limits.block >= 2 * limits.line
    assert whole(b"x" * limits.block, limits.line).used == limits.line


def test_a_source_without_more_begins_at_the_end_and_tells_no_time() -> None:
    source = Source("app", ("/var/log/app.log",))
    assert source.start == "end"
    assert source.time_of(b"2026-11-26T10:00:00Z") is None
