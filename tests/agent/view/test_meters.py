from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.ship.records import Key
from agent.stats.window import Summary
from agent.view.ink import plain, span
from agent.view.meters import MOST, meters
from agent.view.rows import Board, Row
from collectors.api import Series
from tests.messages import content, gauge
from tests.pictures import NOW, board, series

ROWS = board().rows(NOW, 64)


def lines(rows: list[Row], width: int = 80) -> list[str]:
    return [plain(each) for each in meters(rows, width)]


def made(windows: dict[Series, Summary]) -> list[Row]:
    held = Board()
    held.add(Key(7, "windows", 0, 0), content(NOW - 60, windows))
    return held.rows(NOW, 8)


@given(st.integers(24, 250))
def test_they_fit_any_width(width: int) -> None:
    assert max(span(each) for each in meters(ROWS, width)) <= width


def test_each_kind_that_the_device_has_takes_a_line() -> None:
    words = [each.split()[0] for each in lines(ROWS) if not each.startswith(" ")]
    assert words == ["cpu", "mem", "gpu0", "temp", "net", "fs"]


def test_without_anything_there_is_nothing_and_no_zero() -> None:
    assert lines([]) == []


def test_busy_is_what_is_not_idle_and_each_line_has_an_age() -> None:
    cpu = lines(ROWS)[0]
    assert "20.0%" in cpu
    assert cpu.endswith(" 3s")
    assert next(each for each in lines(ROWS) if each.startswith("temp")).endswith(" 20m")


def cores(count: int) -> dict[Series, Summary]:
    name = "system.cpu.logical.utilization"
    return {series(name, cpu__logical_number=str(n)): gauge(n / count) for n in range(count)}


def test_many_cores_are_a_letter_each() -> None:
    found = lines(made(cores(128)))
    assert sum(letter in "▁▂▃▄▅▆▇█" for each in found for letter in each) == 128
    assert found[-1].endswith(" 127")


def test_few_cores_have_a_bar_each() -> None:
    assert sum(each.count("▕") for each in lines(made(cores(6)))) == 6


def test_more_than_a_few_of_a_kind_are_counted() -> None:
    mounts: dict[Series, Summary] = {
        series("system.filesystem.utilization", system__filesystem__mountpoint=f"/m{n}"): gauge(n / 10)
        for n in range(9)
    }
    found = lines(made(mounts))
    assert len(found) == MOST
    assert "/m8" in found[0]
    assert "and 6 more file systems" in found[-1]


def test_names_of_devices_cannot_steer_the_terminal() -> None:
    found = lines(made({series("hw.temperature", "Cel", hw__name="x\x1b[2Jy"): gauge(40.0)}))
    assert "x\ufffdy 40°C" in found[0]
