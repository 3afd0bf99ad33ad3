from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.fleet import DeviceState
from agent.view.ink import plain, span
from agent.view.listing import MARKS, drawn, header, shown, table, titles, worst_first
from agent.view.scene import Listed, Scene
from agent.view.units import NONE
from tests.pictures import CASES, devices, list_of_devices, scene, text_of


@pytest.mark.parametrize("size", ["80x24", "50x14", "120x40", "200x60"])
def test_the_list_is_as_kept(size: str) -> None:
    assert text_of(f"devices-{size}") == (CASES / f"devices-{size}.txt").read_text()


@pytest.fixture(scope="module")
def whole() -> Scene:
    return scene()


@given(width=st.integers(30, 250))
def test_it_fits_any_width(whole: Scene, width: int) -> None:
    of = table(width)
    assert max(span(drawn(each, of)) for each in devices()) <= width
    assert span(titles(of)) <= width
    assert span(header(whole, width)) <= width


def test_states_differ_in_shape_and_word() -> None:
    lines = [plain(each) for each in list_of_devices(80, 24)[2:]]
    assert {each[0] for each in lines} == set(MARKS.values())
    assert {each.split()[1] for each in lines} == set(MARKS)


def test_the_worst_come_first() -> None:
    names = [each.state.name for each in shown(devices(), "")]
    assert names[:3] == ["gate-7-ab12cd", "press-11-09aa3f", "cam-2-77fe01"]
    assert names[-1] == "gate-8-ab12ce"


def test_a_state_of_a_later_version_is_looked_at_first() -> None:
    new = Listed(DeviceState("x", "on-fire", 1.0, 0, 0, 0))
    assert worst_first(new) < worst_first(devices()[0])


@pytest.mark.parametrize(("wanted", "count"), [("GATE", 2), ("plant", 2), ("offline", 1), ("nobody", 0)])
def test_a_filter_looks_at_name_fleet_and_state(wanted: str, count: int) -> None:
    assert len(shown(devices(), wanted)) == count


def test_a_figure_that_is_not_known_is_a_dash() -> None:
    line = plain(drawn(devices()[2], table(120)))
    assert "20%" in line
    assert line.count(NONE) == 2


def test_a_lost_connection_is_said_in_the_place_of_the_broker() -> None:
    line = plain(header(scene()._replace(link="cannot connect to x\x1b[2J"), 100))
    assert "! cannot connect to x\ufffd" in line
    assert "127.0.0.1" not in line
