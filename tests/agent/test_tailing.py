"""The thread that follows logs: real files, its hand-over to the writer, what it says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import remarks, summing, tailing
from agent.config.collected import Metrics
from agent.config.logs import Logs
from agent.config.quantity import Rate
from agent.config.settings import Alert, Config
from agent.flush.feed import Fed
from agent.logs import following, pace
from agent.logs.digest import Minute
from agent.logs.log import Room
from agent.poller import Clocks
from agent.stats.window import Counter
from agent.tailing import Outlets, Positions, Tailing
from collectors.api import Attributes, Reading
from collectors.logs.tail.source import Limits
from collectors.tally import Tally
from tests.waiting import until


class Rig:
    """A log, and who follows it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tally = Tally()
        self.events: list[tuple[str, str, Attributes]] = []
        self.lines: list[str] = []
        self.positions: dict[str, bytes] = {}
        self.began: list[Tailing] = []
        self.begun: list[Callable[[], Positions]] = []

    def follow(
        self,
        config: Config = Config(),  # noqa: B008
        others: int = 0,
        *,
        lost: bool = False,
        **settings: object,
    ) -> Tailing:
        logs = Logs("api", (str(self.path),), multiline=False, **{"start": "start", **settings})  # type: ignore[arg-type]
        clocks = Clocks(time.monotonic, time.time, lambda: "synchronised")
        outlets = Outlets(
            lambda *event: self.events.append(event),
            lambda _, text: self.lines.append(text),
            self.tally,
            self.begun.append,
        )
        alert = Alert("a", "model.errors > 1")
        config = config._replace(logs=(logs, *config.logs), alert=(alert,))
        tail = Tailing(config, clocks, outlets, lambda: others)
        tail.start(self.positions, lost=lost)
        self.began.append(tail)
        return tail

    def stored(self, fed: Fed) -> int:
        """Requests in what was handed over, whose positions are stored with it."""
        self.keep(fed.positions)
        return requests(fed)

    def keep(self, positions: Positions) -> None:
        for name, position in positions.items():
            if position is None:
                del self.positions[name]
            else:
                self.positions[name] = position

    def write(self, count: int, **fields: object) -> None:
        with self.path.open("a") as file:
            for _ in range(count):
                file.write(json.dumps({"time": time.time(), "status": "ok", **fields}) + "\n")

    def counted(self, name: str) -> float:
        return sum(each.value for each in self.tally.snapshot() if each.name == name)


def requests(fed: Fed) -> int:
    return sum(
        summary.count
        for dated in fed.dated
        for series, summary in dated.windows.items()
        if series.name == "model.requests" and isinstance(summary, Counter)
    )


def handed_over(tail: Tailing) -> Fed:
    """The next that has something: a file is not looked at each time that the writer asks."""
    while not (fed := tail.gather(10)).dated:
        time.sleep(0.01)
    return fed


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "api.log")
    yield rig
    for tail in rig.began:
        assert tail.stop(10)


def test_what_is_handed_over_is_counted_once_over_lives(rig: Rig) -> None:
    rig.write(100)
    first = rig.follow()
    assert rig.stored(first.gather(10)) == 100
    rig.write(10)
    lost = 0  # the flushes fail, and what was handed over is not stored with its positions
    while lost < 10:
        lost += requests(first.gather(10))
    assert first.stop(10)
    rig.write(5)
    second = rig.follow()
    assert rig.stored(second.gather(10)) == 15
    assert rig.stored(second.gather(10)) == 0
    assert "log api is read as json" in rig.lines[0]
    assert [name for name, *_ in rig.events] == ["logs.format", "logs.format"]
    assert lost == 10
    assert rig.counted("outrider.logs.lines") == 125


@pytest.mark.parametrize("start", ["end", "start"])
def test_who_is_killed_in_the_first_window_goes_on_where_the_first_look_began(rig: Rig, start: str) -> None:
    rig.write(100)
    first = rig.follow(start=start)
    until(lambda: bool(rig.begun))
    rig.keep(rig.begun[0]())
    assert rig.begun[0]() == {}
    rig.write(10)
    handed_over(first)
    assert first.stop(10)  # nothing of it was stored
    rig.path.rename(rig.path.with_name("api.log.1"))
    rig.write(5)
    rig.path.rename(rig.path.with_name("api.log.2"))
    second = rig.follow(start=start)
    wanted, found = 15 if start == "end" else 115, 0
    while found < wanted:
        found += rig.stored(handed_over(second))
    assert found == wanted


def test_where_a_log_stood_is_lost_it_begins_at_the_end_and_that_is_said(rig: Rig) -> None:
    rig.write(100)
    tail = rig.follow(start="start", lost=True)
    until(lambda: bool(rig.begun))
    rig.write(5)
    found = 0
    while found < 5:
        found += requests(handed_over(tail))
    assert requests(tail.gather(10)) == 0
    assert rig.lines[0] == tailing.LOST


def test_positions_that_went_with_lines_are_not_stored_again(rig: Rig) -> None:
    rig.write(100)
    first = rig.follow()
    assert rig.stored(first.gather(10)) == 100
    assert rig.begun[0]() == {}


def test_the_first_of_a_minute_covers_it_and_what_follows_does_not(rig: Rig) -> None:
    at = (time.time() // 60 - 30) * 60
    rig.write(3, time=at)
    tail = rig.follow()
    [dated] = handed_over(tail).dated
    assert (dated.start, dated.length, dated.first) == (at, 60.0, True)
    rig.write(3, time=at)
    [dated] = handed_over(tail).dated
    assert (dated.start, dated.length, dated.first) == (at, 60.0, False)


def test_alert_rules_hear_of_it_within_seconds(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailing, "LIVE", 0.1)
    monkeypatch.setattr(following, "PATIENCE", 0.1)
    # However seldom a quiet log is looked at.
    monkeypatch.setattr(pace, "SELDOM", 3600.0)
    monkeypatch.setattr(tailing, "REST", 3600.0)
    began = time.monotonic()
    tail = rig.follow(format="json")
    heard: list[Reading] = []
    times: list[float] = []

    def told() -> bool:
        for at, _, reading in tail.elsewhere.readings():
            heard.append(reading)
            times.append(at)
        return any(reading.series for reading in heard)

    until(lambda: bool(heard) or told() or bool(heard))
    rig.write(4, error="out of memory", status="error")
    until(told)
    names = [series.name for series in heard[-1].series]
    assert heard[-1].values[names.index("model.errors")] == 4.0
    moments = [began, *times, time.monotonic()]
    assert moments == sorted(moments)


def test_errors_are_told_by_template_once(rig: Rig) -> None:
    rig.write(3, status="error", error="no memory for bob@example.org: 7 MiB")
    tail = rig.follow()
    tail.gather(10)
    rig.write(1, status="error", error="no memory for eve@example.org: 8 MiB")
    tail.gather(10)
    [(text, attributes)] = [(text, dict(given)) for name, text, given in rig.events if name == "model.error"]
    assert attributes["error.example"] == "no memory for [email]: 7 MiB"
    assert attributes["log.name"] == "api"
    assert "7" not in text


def test_only_series_that_the_configuration_picks_are_handed_over(rig: Rig) -> None:
    rig.write(3, status="error", error="out of memory", latency_ms=3)
    tail = rig.follow(Config(metrics=Metrics((), ("model.errors*",))))
    [dated] = tail.gather(10).dated
    assert {series.name for series in dated.windows} == {"model.requests", "model.request.duration"}
    assert (tail.admission.kept, tail.admission.excluded) == (2, 2)
    assert [name for name, *_ in rig.events] == ["logs.format"]


def test_series_of_logs_have_the_room_that_others_leave(rig: Rig) -> None:
    for model in range(9):
        rig.write(1, model=f"m{model}")
    config = Config()
    tail = rig.follow(config, config.collect.max_series - 4)
    assert sum(len(dated.windows) for dated in tail.gather(10).dated) == 4
    assert (tail.admission.kept, tail.admission.refused) == (4, 5)


def test_an_error_that_still_comes_is_told_again_now_and_then(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remarks, "RETOLD", -120.0)  # an error counts from the beginning of its minute
    rig.write(1, status="error", error="no memory")
    tail = rig.follow()
    for _ in range(3):
        tail.gather(10)
    assert [name for name, *_ in rig.events].count("model.error") == 3
    budget = Rate(200_000, "day")
    other = rig.follow(Config(ship=Config().ship._replace(budget=budget)))
    for _ in range(3):
        other.gather(10)
    assert [name for name, *_ in rig.events].count("model.error") == 4


def test_a_format_that_does_not_fit_is_a_condition(rig: Rig) -> None:
    rig.write(100)
    tail = rig.follow(format="vllm")
    tail.gather(10)
    [said] = tail.look(time.monotonic())
    assert said.startswith('logs: nothing of api is understood, such as: {"time"')
    assert rig.lines == [said]
    tail.gather(10)
    assert rig.lines == [said]
    assert rig.counted("outrider.logs.missed") == 100


def test_a_backlog_waits_in_the_file(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many minutes would be much memory, and one transaction of all of them."""
    monkeypatch.setattr("agent.logs.log.NARROW", Room(1, 1))
    began = (time.time() // 60 - 600) * 60
    for minute in range(600):
        rig.write(2, time=began + 60 * minute, padding="x" * 2000)
    tail = rig.follow(format="json")
    found, most, left = 0, 0, []
    while found < 1200:
        fed = tail.gather(10)
        found += rig.stored(fed)
        most = max(most, len(fed.dated))
        left.append(rig.counted("outrider.logs.behind"))
    assert found == 1200
    assert left[0] > left[-1] == 0, "how far it is behind is told"
    most_of_block = Limits().block // 4000 + 1
    assert most <= summing.MINUTES + 2 * most_of_block, "the first block waits until the format is known"


def test_a_log_with_lines_of_any_time_keeps_no_other_waiting(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.logs.log.NARROW", Room(1, 1))
    monkeypatch.setattr(summing, "MINUTES", 8)
    monkeypatch.setattr(tailing, "LIVE", 0.0)
    for at in range(400):
        rig.write(1, time=time.time() - 60 * at, padding="x" * 2000)
    other = tmp_path / "other.log"
    other.touch()
    logs = Logs("other", (str(other),), multiline=False, format="uvicorn", start="start")
    tail = rig.follow(Config(logs=(logs,)), format="json")
    until(lambda: rig.counted("outrider.logs.read") > 0)
    other.write_text('INFO:     127.0.0.1:51000 - "GET /x HTTP/1.1" 200 OK\n')

    def told() -> bool:
        return any(
            ("log.name", "other") in series.attributes
            for _, _, reading in tail.elsewhere.readings()
            for series in reading.series
        )

    # Though the writer asks for nothing meanwhile.
    until(told)


def test_after_the_end_there_is_nothing(rig: Rig) -> None:
    rig.write(5)
    tail = rig.follow()
    assert requests(tail.gather(10)) == 5
    assert tail.stop(10)
    assert tail.gather(0.1) == Fed()
    assert tail.look(time.monotonic()) == ()


def test_an_error_that_nobody_foresaw_is_told_and_all_is_begun_anew(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "AGAIN", 0.5)
    rig.write(5)
    with monkeypatch.context() as spoiled:
        spoiled.setattr(tailing, "sources", lambda *_: 1 / 0)
        tail = rig.follow()
        until(lambda: bool(rig.lines))
        assert "division by zero" in rig.lines[0]
        assert tail.look(time.monotonic()) == ("logs: ZeroDivisionError: division by zero",)
        assert rig.stored(tail.gather(10)) == 0
    until(lambda: tail.look(time.monotonic()) == ())
    assert rig.stored(tail.gather(10)) == 5
    assert rig.counted("outrider.logs.failed") >= 1


@pytest.mark.parametrize("raises", ["take", "flush"])
def test_lines_that_fail_twice_are_left_out(rig: Rig, monkeypatch: pytest.MonkeyPatch, raises: str) -> None:
    """No such line is known: made up, as those that were known are mended."""
    monkeypatch.setattr(tailing, "AGAIN", 0.2)
    take, flush = following.Following.take, following.Following.flush
    poisoned = set()

    def taken(self: following.Following, text: bytes, *rest: Any) -> None:
        if b"poison" in text:
            poisoned.add(self)
            if raises == "take":
                raise ZeroDivisionError
        take(self, text, *rest)

    def flushed(self: following.Following, now: float) -> list[Minute]:
        if self in poisoned and raises == "flush":
            raise ZeroDivisionError
        return flush(self, now)

    monkeypatch.setattr(following.Following, "take", taken)
    monkeypatch.setattr(following.Following, "flush", flushed)
    rig.write(3)
    tail = rig.follow()
    assert rig.stored(tail.gather(10)) == 3
    rig.write(1, error="poison")
    until(lambda: rig.stored(tail.gather(1)) == 0 and rig.counted("outrider.logs.left_out") > 0)
    assert rig.counted("outrider.logs.left_out") == len(rig.path.read_text().splitlines(keepends=True)[3])
    rig.write(2)
    found = 0

    def come() -> bool:
        nonlocal found
        found += rig.stored(tail.gather(1))
        return found == 2

    until(come)
    assert [name for name, _, _ in rig.events if name == "logs.left_out"] == ["logs.left_out"]
    assert tail.stop(10)
    again = rig.follow()
    assert rig.stored(again.gather(10)) == 0, "nor are they read after a restart"


def test_a_key_that_no_format_can_name_ends_no_log(rig: Rig) -> None:
    rig.write(5, **{'"latency': 1.0, "late\x1bncy": 2.0})
    tail = rig.follow(format="auto")
    until(lambda: requests(tail.gather(10)) == 5)
    assert rig.counted("outrider.logs.failed") == 0
