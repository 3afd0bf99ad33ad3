from __future__ import annotations

import tracemalloc
from datetime import timezone

import pytest

from agent.logs.digest import Digest, Minute
from agent.logs.limits import DAY, DEFAULT, Limits
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge
from collectors.api import Series
from collectors.logs.formats.columns import LABELS
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.lines import Lines
from collectors.logs.formats.times import Near

NOW = 1_800_000_000.0
FORM = Format(
    "x",
    "json",
    (
        Field("time", "t"),
        Field("model", "m"),
        Field("status", "s"),
        Field("latency", "l"),
        Field("queue_length", "q"),
        Field("output_tokens", "n"),
        Field("cache", "c"),
        Field("message", "msg"),
    ),
)
SOURCE = (("log", "api"),)


class Log:
    """A log, its reader and its digest."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.lines = Lines(FORM)
        self.digest = Digest(FORM, self.lines.labels, SOURCE, limits)

    def read(self, text: str, now: float = NOW) -> None:
        self.digest.take(self.lines.read(text.encode(), Near(timezone.utc, now)), now)

    def only(self) -> Minute:
        (minute,) = self.digest.flush()
        return minute


def found(minute: Minute, name: str, **attributes: str) -> object:
    wanted = {(key.replace("_", "."), value) for key, value in attributes.items()}
    summaries = [
        summary
        for series, summary in minute.windows.items()
        if series.name == name and wanted <= set(series.attributes)
    ]
    assert len(summaries) == 1, f"{name}{attributes} in {list(minute.windows)}"
    return summaries[0]


def test_lines_become_histograms_gauges_and_counters() -> None:
    log = Log()
    log.read(
        '{"m":"a","s":"ok","l":0.5,"q":3,"n":10,"c":true}\n{"m":"a","s":"ok","l":"250ms","q":1,"n":5,"c":"miss"}\n'
    )
    minute = log.only()
    assert minute.start == NOW // 60 * 60
    assert found(minute, "model.request.duration", model_name="a") == Histogram.of([0.5, 0.25])
    assert found(minute, "model.queue.length") == Gauge(2, 4.0, 1.0, 3.0, 1.0)
    assert found(minute, "model.tokens") == Counter(2, 15.0, 0.25, 0)
    assert found(minute, "model.cache.lookups", result="hit") == Counter(1, 1.0, 1 / 60, 0)
    assert found(minute, "model.cache.lookups", result="miss") == Counter(1, 1.0, 1 / 60, 0)
    assert found(minute, "model.requests", status="ok") == Counter(2, 2.0, 2 / 60, 0)
    assert all(series.attributes[0] == ("log", "api") for series in minute.windows)


def test_failures_are_errors_by_type() -> None:
    log = Log()
    log.read('{"s":"500"}\n{"s":"500"}\n{"s":"404"}\n')
    minute = log.only()
    assert found(minute, "model.errors", error_type="500") == Counter(2, 2.0, 2 / 60, 0)
    assert found(minute, "model.requests", status="404") == Counter(1, 1.0, 1 / 60, 0)


def test_a_line_counts_at_its_own_time() -> None:
    log = Log()
    log.read("".join(f'{{"t":{NOW - minutes * 60},"l":1}}\n' for minutes in (0, 5, 5, 1439)))
    starts = {minute.start: found(minute, "model.requests").count for minute in log.digest.flush()}  # type: ignore[attr-defined]
    assert starts == {NOW // 60 * 60 - 60 * minutes: count for minutes, count in ((0, 1), (5, 2), (1439, 1))}
    assert log.digest.tally[2:] == (0, 0)


@pytest.mark.parametrize("astray", [NOW - DAY - 120, NOW + 180])
def test_a_line_that_is_too_late_or_ahead_counts_when_it_is_read(astray: float) -> None:
    log = Log()
    log.read(f'{{"t":{astray},"l":1}}\n{{"l":1}}\nplain\n')
    assert log.only().start == NOW // 60 * 60
    assert log.digest.tally == (3, 1, 1, 1)


def test_chunks_that_wait_are_summed_up_as_one() -> None:
    text = "".join(f'{{"m":"m{at % 30}","l":{at % 17}.5,"s":"ok"}}\n' for at in range(500))
    one, many = Log(), Log(Limits(rows=7))
    one.read(text)
    for line in text.splitlines(keepends=True):
        many.read(line)
    assert one.digest.flush() == many.digest.flush()


def test_no_more_groups_than_the_limit_and_other() -> None:
    log = Log(Limits(groups=3))
    log.read("".join(f'{{"m":"m{at}","l":1}}\n' for at in range(100)))
    names = {dict(series.attributes)["model.name"] for series in log.only().windows}
    assert names == {"m0", "m1", "m2", "other"}


def test_what_was_flushed_is_not_flushed_again() -> None:
    log = Log()
    log.read('{"l":1}\n')
    assert log.digest.flush() != []
    assert log.digest.flush() == []


def test_levels_of_a_cache_are_no_requests() -> None:
    log = Log()
    log.read('{"q":1}\n')
    assert list(log.only().windows) == [Series("model.queue.length", "{request}", "gauge", SOURCE)]


def test_texts_of_errors_are_counted_by_template_and_redacted() -> None:
    log = Log()
    log.read(
        "".join(
            f'{{"s":"error","msg":"user u{at}@example.com not found after {at} ms"}}\n' for at in range(100)
        )
    )
    (template,) = log.digest.templates.top()
    assert (template.count, template.text) == (100, "user [email] not found after * ms")
    assert template.example == "user [email] not found after 0 ms"
    assert found(log.only(), "model.errors.template") == Top({template.identity: 100}, 0)


def test_only_so_many_texts_of_a_chunk_are_looked_at() -> None:
    log = Log(Limits(messages=10))
    log.read("".join('{"s":"error","msg":"boom"}\n' for at in range(100)))
    assert log.digest.templates.top()[0].count == 10
    assert log.digest.templates.other == 90
    assert found(log.only(), "model.errors", error_type="error").count == 100  # type: ignore[attr-defined]


def test_memory_stays_flat_with_10_000_distinct_texts() -> None:
    log = Log()
    for start in range(0, 10_000, 500):
        words = ("".join(chr(97 + int(digit)) for digit in str(start + at)) for at in range(500))
        log.read("".join(f'{{"s":"error","m":"{word}","msg":"failed on {word}"}}\n' for word in words))
        log.digest.flush()
    assert len(log.digest.templates.top()) <= Limits().templates
    assert len(log.digest.templates._found) <= 2 * Limits().templates
    assert len(log.lines.labels) <= 2 * LABELS + 1


def test_texts_of_errors_do_not_wait_with_their_records() -> None:
    log = Log()
    tracemalloc.start()
    try:
        for start in range(0, 4_000, 100):
            log.read("".join(f'{{"s":"error","msg":"{start + at} {"x" * 4_000}"}}\n' for at in range(100)))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert log.digest.tally.lines == 4_000
    # All of them are 16 MB; the texts whose template is remembered are 1 MB.
    assert held < 4 << 20


def test_attributes_are_redacted() -> None:
    log = Log()
    log.read('{"m":"mail a.b@example.com","l":1}\n')
    assert {dict(series.attributes)["model.name"] for series in log.only().windows} == {"mail [email]"}


def test_minutes_that_wait_are_known_before_they_are_summed_up() -> None:
    log = Log()
    for minute in (1, 1, 2, 9):
        log.read(f'{{"t": {NOW - 60 * minute}, "s": "ok"}}\n{{"t": {NOW - 60 * minute}, "s": "ok"}}\n')
    assert log.digest.minutes == 3
    log.read("".join(f'{{"t": {NOW - 60 * minute}, "s": "ok"}}\n' for minute in range(6)))
    assert log.digest.minutes == 7
    log.digest.lately()
    log.digest.lately()
    assert log.digest.minutes == 7, "summed up, too"
    assert len(log.digest.flush()) == 7
    assert log.digest.minutes == 0
