from __future__ import annotations

from datetime import timezone

from agent.logs.limits import Limits
from agent.logs.log import AT_ONCE, FEW, MISFIT, NARROW, PATIENCE, WIDE, Log
from agent.logs.models.model import Model, Plan
from agent.stats.window import Counter
from collectors.logs.formats.columns import LABELS
from collectors.logs.formats.format import Field, Format

NOW = 1_800_000_000.0
FORM = Format("x", "json", (Field("time", "t"), Field("status", "s"), Field("message", "m")))
LINE = b'{"s":"ok"}\n'


def log() -> Log:
    return Log(FORM, (("log", "x"),), timezone.utc)


def counts(one: Log) -> dict[float, int]:
    """Requests by minute, from now."""
    return {
        minute.start - NOW: sum(w.count for w in minute.windows.values() if isinstance(w, Counter))
        for minute in one.flush()
    }


def test_what_was_taken_is_in_the_windows_of_the_next_flush() -> None:
    one = log()
    for at in range(5):
        one.take(LINE * 10, NOW + at)
    one.take(b"", NOW + 5)
    assert one.tally.lines == 0, "they wait for each other"
    assert counts(one) == {0.0: 50}
    assert one.tally.lines == 50
    assert one.flush() == []


def test_lines_without_a_time_count_in_the_minute_in_which_they_were_read() -> None:
    one = log()
    one.take(LINE * 3, NOW + 59)
    one.take(LINE * 2, NOW + 61)
    assert counts(one) == {0.0: 3, 60.0: 2}


def test_when_a_line_was_written_stands_in_for_its_own_time() -> None:
    one = log()
    one.take(LINE + b'\n{"s":"ok","t":%d}\n' % (NOW - 600) + LINE, NOW, [NOW - 120, None, NOW - 120, None])
    one.take(LINE, NOW)
    assert counts(one) == {-600.0: 1, -120.0: 1, 0.0: 2}
    assert one.tally.untimed == 2


def test_a_few_lines_wait_for_the_end_of_their_minute_many_not_long_and_very_many_not_at_all() -> None:
    one = log()
    one.take(LINE, NOW)
    one.take(LINE, NOW + 59)
    assert one.tally.lines == 0
    many, very_many = FEW // len(LINE) + 1, NARROW.usual // len(LINE) + 1
    one.take(LINE * many, NOW + 60)
    assert one.tally.lines == 2
    one.take(LINE, NOW + 60 + PATIENCE - 1)
    assert one.tally.lines == 2
    one.take(LINE, NOW + 60 + PATIENCE)
    assert one.tally.lines == 2 + many + 2
    one.take(LINE * very_many, NOW + 61 + PATIENCE)
    one.take(LINE, NOW + 61 + PATIENCE + AT_ONCE)
    assert one.tally.lines == 2 + many + 2 + very_many + 1


def test_lines_of_a_backlog_are_read_more_of_them_together() -> None:
    one = log()
    one.take(LINE * (NARROW.usual // len(LINE) + 1), NOW)
    assert one.tally.lines == 0
    one.take(LINE * ((NARROW.behind - NARROW.usual) // len(LINE) + 1), NOW)
    assert one.tally.lines > NARROW.behind // len(LINE)


def test_lines_of_a_model_wait_for_more_of_them() -> None:
    form = FORM._replace(fields=(*FORM.fields, Field("prediction", "p")))
    one = Log(form, (("log", "x"),), timezone.utc, model=Model(Plan("iris"), {}, NOW))
    one.take(LINE * (NARROW.behind // len(LINE) + 1), NOW)
    assert one.tally.lines == 0
    one.take(LINE * ((WIDE.behind - NARROW.behind) // len(LINE) + 1), NOW)
    assert one.tally.lines > WIDE.behind // len(LINE)


def test_a_format_that_does_not_fit_is_told_with_the_first_line_redacted() -> None:
    one = log()
    one.take(b"from 10.0.0.1\n" * (MISFIT - 1), NOW)
    one.flush()
    assert one.misfit == ""
    one.take(b"other\n", NOW)
    one.flush()
    assert one.misfit == "from [ip]"
    one.take(LINE, NOW)
    one.flush()
    assert one.misfit == ""


def test_texts_of_errors_are_told() -> None:
    one = log()
    one.take(b'{"s":"error","m":"boom 1"}\n', NOW)
    one.flush()
    assert [(each.text, each.count) for each in one.templates()] == [("boom *", 1)]


def test_names_of_yesterday_do_not_make_those_of_today_others() -> None:
    one = Log(FORM._replace(attributes=("v",)), (), timezone.utc, Limits(groups=2))
    for version in range(3 * LABELS):
        one.take(b'{"s":"ok","v":"r%d"}\n' % version, NOW)
        if version % 2:
            windows = [series for minute in one.flush() for series in minute.windows]
            assert {dict(series.attributes)["v"] for series in windows} == {f"r{version - 1}", f"r{version}"}
