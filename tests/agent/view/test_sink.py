"""What a sink prints: one clean line an occurrence, and a summary at the end."""

from __future__ import annotations

import io

from agent.ship.records import Key
from agent.view.sink import Journal, summary
from collectors.tally import Tally
from tests.messages import minute

KEY = Key(7, "windows", 4, 4)


def test_a_notice_is_one_line_without_anything_that_steers_the_terminal() -> None:
    out = io.StringIO()
    Journal(out, verbose=False).say("restored", "gate-7", "two\nlines \x1b[2J")
    assert out.getvalue() == "outrider sink: restored gate-7: two\ufffdlines \ufffd\n"


def test_records_are_printed_only_if_asked_for() -> None:
    quiet, talking = io.StringIO(), io.StringIO()
    Journal(quiet, verbose=False).applied("gate-7", KEY, minute(0.0, 0))
    Journal(talking, verbose=True).applied("gate-7", KEY, minute(0.0, 0))
    assert quiet.getvalue() == ""
    assert talking.getvalue() == "outrider sink: held gate-7: windows 4-4, 4 series\n"


def test_the_summary_counts_refusals_by_reason() -> None:
    tally = Tally()
    tally.add("outrider.sink.messages", 3)
    tally.add("outrider.sink.records", 2)
    tally.add("outrider.sink.refused", 2, reason="zstd")
    tally.add("outrider.sink.refused", reason="device")
    assert summary(tally) == "ended; 3 messages, 2 new records, 3 refused (device 1, zstd 2)"


def test_an_idle_sink_says_so() -> None:
    assert summary(Tally()) == "ended; 0 messages, 0 new records, 0 refused"
