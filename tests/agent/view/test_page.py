from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.alert import AlertSeries
from agent.ship.records import Key
from agent.view.ink import plain, span
from agent.view.page import SILENT, alerts, body, happened, head, standings
from agent.view.rows import Board
from agent.view.scene import Chosen
from agent.view.standing import Standing
from tests import modelled
from tests.messages import content
from tests.pictures import CASES, EVENTS, HEAT, HOT, NOW, chosen, devices, series, text_of


@pytest.mark.parametrize("size", ["80x24", "50x14", "120x40", "200x60"])
def test_the_page_is_as_kept(size: str) -> None:
    assert text_of(f"device-{size}") == (CASES / f"device-{size}.txt").read_text()


@pytest.fixture(scope="module")
def page() -> Chosen:
    return chosen()


@given(width=st.integers(24, 250))
def test_it_fits_any_width(page: Chosen, width: int) -> None:
    lines = [*head(page, width), *(each.line for each in body(page, NOW, width))]
    assert max(map(span, lines)) <= width


def words(width: int = 120, wanted: str = "") -> list[str]:
    return [plain(each.line) for each in body(chosen(), NOW, width, wanted)]


def test_nothing_foreign_steers_the_terminal() -> None:
    assert all(each.isprintable() for each in words())


def test_what_fires_and_what_fails_comes_first_with_what_to_do() -> None:
    lines = words()
    assert lines[0].startswith("── alerts ")
    assert any("see https://wiki.example/hot" in each for each in lines[:6])
    assert any("thermal_zone0/temp" in each for each in lines[:10])


def test_an_alert_opens_its_series() -> None:
    assert body(chosen(), NOW, 80)[1].series == HEAT


def test_the_value_of_a_share_is_per_cent() -> None:
    share = AlertSeries(series("share(model.errors, model.requests)"), 0.058, NOW)
    lines = [plain(each.line) for each in alerts([HOT._replace(series=(share,))], NOW, 80)]
    assert any(each.strip().startswith("5.80%  share(model.errors") for each in lines)


def test_every_absence_has_its_reason_in_full() -> None:
    reason = "no driver: " + "one of many words " * 9
    one = Standing("gpu_nvidia", "absent", reason.strip(), 60.0, None)
    text = " ".join(plain(each.line) for each in standings("collectors", [one], 60))
    assert text.count("words") == 9


def test_events_are_told_the_latest_first() -> None:
    lines = [plain(each.line) for each in happened(EVENTS, NOW, 100)]
    assert [each.split()[1] for each in lines[1:]] == [
        "model.error",
        "collector.failing",
        "collector.absent",
        "agent.start",
    ]


def test_a_filter_shows_rows_alone() -> None:
    lines = words(wanted="thermal")
    assert [each for each in lines if not each.startswith("──")] == [lines[1]]
    assert "temperature cpu-thermal" in lines[1]


def test_a_device_without_windows_says_so() -> None:
    assert [plain(each.line).strip() for each in body(Chosen(devices()[2]), NOW, 80)] == [SILENT]


def test_the_head_tells_reasons_losses_and_what_was_left_out() -> None:
    listed = devices()[3]._replace(state=devices()[3].state._replace(state="degraded"))
    lines = [plain(each) for each in head(Chosen(listed, reasons=("store: full\n",), refused=7), 120)]
    assert lines[1].startswith("▲ store: full\ufffd; 1,440 lost; 1 restored; 7 windows beyond")


def test_what_quality_is_made_of_is_found_and_does_not_stand_in_the_way() -> None:
    held = Board()
    held.add(Key(7, "windows", 0, 0), content(NOW - 60, modelled.minute(20)))
    made = chosen()._replace(rows=tuple(held.rows(NOW, 64)))
    text = "\n".join(plain(each.line) for each in body(made, NOW, 100))
    assert "  requests 200" in text
    assert "confusion" not in text
    found = "\n".join(plain(each.line) for each in body(made, NOW, 100, "confusion"))
    assert found.count("  confusion ") == 3
