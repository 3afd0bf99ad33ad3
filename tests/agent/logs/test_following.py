from __future__ import annotations

import json
from datetime import timezone

import pytest

from agent.logs.digest import Minute
from agent.logs.following import Following, Stamp, Told
from agent.logs.log import MISFIT, PATIENCE
from agent.stats.window import Counter
from collectors.logs.formats.format import Field, Format
from collectors.logs.formats.guess import SAMPLE
from collectors.logs.formats.presets import PRESETS

NOW = 1_800_000_000.0
ACCESS = b'INFO:     127.0.0.1:58964 - "GET /v1/predict HTTP/1.1" 200 OK\n'


def following(form: Format | str) -> Following:
    return Following(Told("api", (("log.name", "api"),), form, (), timezone.utc))


def line(**fields: object) -> bytes:
    return json.dumps({"time": NOW, "status": "ok", **fields}).encode() + b"\n"


def counted(minutes: list[Minute], name: str = "model.requests") -> int:
    return sum(
        summary.count
        for minute in minutes
        for series, summary in minute.windows.items()
        if series.name == name and isinstance(summary, Counter)
    )


def names(minutes: list[Minute]) -> set[str]:
    return {series.name for minute in minutes for series in minute.windows}


def test_the_format_is_found_in_the_first_lines_and_no_line_is_lost_for_it() -> None:
    log = following("auto")
    for at in range(3):
        log.take(ACCESS, NOW + at)
    assert log.found == ""
    assert counted(log.flush(NOW + 3)) == 3
    assert "log api is read as uvicorn: 3 of the first 3 lines" in log.found
    log.take(ACCESS * 2, NOW + 4)
    assert counted(log.flush(NOW + 5)) == 2


def test_a_field_that_early_lines_lack_is_found_later() -> None:
    log = following("json")
    log.take(line(), NOW)
    assert counted(log.flush(NOW)) == 1
    log.take(line(latency_ms=3) * 2, NOW)
    minutes = log.flush(NOW)
    assert counted(minutes) == 2
    assert "model.request.duration" in names(minutes)
    assert "latency from latency_ms" in log.found
    assert log.tally.lines == 3


def test_durations_without_a_unit_are_told_to_be_taken_in_seconds() -> None:
    log = following("json")
    log.take(line(took=19.6, queue_ms=3) * 3, NOW)
    log.flush(NOW)
    assert "latency from took in s, as it tells no unit, queue from queue_ms" in log.found


@pytest.mark.parametrize("form", ["json", "auto"])
def test_fields_that_have_no_place_are_told(form: str) -> None:
    log = following(form)
    log.take(line(status="ok", features={f"f{at}": at for at in range(200)}) * 20, NOW)
    log.flush(NOW + 1)
    assert "but for 74 fields beyond the first 128" in log.found


def test_it_is_looked_for_ever_more_seldom() -> None:
    log = following("json")
    found = set()
    for at in range(2 * SAMPLE):
        log.take(line(**{"latency_ms": at} if at > SAMPLE else {}), NOW)
        log.flush(NOW)
        found.add(log.found)
    assert len(found) == 1, "after so many lines it is sure"
    assert log.tally.lines == 2 * SAMPLE


def test_what_fits_nothing_is_told_with_its_first_line_and_looked_at_again() -> None:
    log = following("auto")
    log.take(b"the weather of bob@example.org is fine\n" * (MISFIT - 1), NOW)
    log.flush(NOW)
    assert log.misfit == ""
    log.take(b"rain\n" * (SAMPLE - MISFIT + 1), NOW)
    assert log.flush(NOW) == []
    assert log.misfit == "the weather of [email] is fine"
    assert log.tally.missed == SAMPLE
    log.take(ACCESS * 5, NOW)
    assert counted(log.flush(NOW)) == 5
    assert log.misfit == ""


def test_what_came_lately_is_told_once_and_flushed_too() -> None:
    log = following(PRESETS["uvicorn"])
    assert log.lately(NOW) == {}
    log.take(ACCESS * 3, NOW)
    assert counted([Minute(0.0, log.lately(NOW + PATIENCE))]) == 3
    assert log.lately(NOW + PATIENCE) == {}
    assert counted(log.flush(NOW)) == 3


def test_old_lines_are_not_of_late() -> None:
    log = following(Format("x", "json", (Field("time", "time"), Field("status", "status"))))
    log.lately(NOW)
    log.take(json.dumps({"time": NOW - 3600, "status": "ok"}).encode() + b"\n", NOW)
    assert log.lately(NOW) == {}
    assert counted(log.flush(NOW)) == 1


def test_a_line_tells_when_it_was_written() -> None:
    own = Stamp("auto", (), timezone.utc)
    assert own.time(b"no time\n", NOW) is None
    assert own.time(line(time="2027-01-15T08:00:00Z"), NOW) == NOW
    assert own.time(line(time="2027-01-15T08:00:01Z"), NOW) == NOW + 1
    nginx = Stamp(PRESETS["nginx"], (), timezone.utc)
    stamped = b'127.0.0.1 - - [15/Jan/2027:08:00:02 +0000] "GET / HTTP/1.1" 200 2 "-" "curl/8"\n'
    assert nginx.time(stamped, NOW) == NOW + 2
