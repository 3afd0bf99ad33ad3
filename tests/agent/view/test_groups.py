from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.groups import ORDER, PREFIXES, Labelled, grouped, heading, title
from agent.view.rows import Row
from agent.view.units import columns
from collectors import catalog
from tests.pictures import NOW, board, series

ROWS = board().rows(NOW, 8)


def test_every_row_stands_under_one_heading_in_their_order() -> None:
    groups = grouped(ROWS)
    assert [group.name for group in groups] == [name for name in ORDER if name in {g.name for g in groups}]
    assert sum(len(group.rows) for group in groups) == len(ROWS)


def test_every_heading_is_in_the_order() -> None:
    assert set(PREFIXES.values()) <= set(ORDER)


def test_every_metric_of_a_collector_has_a_heading() -> None:
    names = {metric.name for name in catalog.NAMES for metric in catalog.load(name).metrics}
    assert sorted(name for name in names if heading(name)[0] == "other") == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("system.network.io", ("network", "io")),
        ("hw.temperature", ("temperature", "temperature")),
        ("linux.pressure.cpu.time", ("pressure", "cpu.time")),
        ("model.accuracy", ("model", "accuracy")),
        ("acme.widgets", ("other", "acme.widgets")),
        ("", ("other", "")),
    ],
)
def test_the_heading_is_the_longest_known_beginning(name: str, found: tuple[str, str]) -> None:
    assert heading(name) == found


def test_hardware_is_called_by_its_name_unless_two_share_it() -> None:
    one = series("hw.temperature", "Cel", hw__id="nvme0/1", hw__name="Composite")
    assert title(one) == "temperature Composite"
    row = ROWS[0]._replace(series=one)
    other = row._replace(series=series("hw.temperature", "Cel", hw__id="nvme1/1", hw__name="Composite"))
    (group,) = grouped([row, other])
    assert [each.whose for each in group.rows] == ["nvme0/1 Composite", "nvme1/1 Composite"]


@given(st.text(max_size=30), st.text(max_size=30), st.integers(1, 40))
def test_a_label_keeps_to_its_width(what: str, whose: str, width: int) -> None:
    assert columns(Labelled(ROWS[0], what, whose).label(width)) <= width


def test_of_what_is_kept_longer_than_what() -> None:
    assert Labelled(ROWS[0], "operation time in queue", "sda read").label(20) == "operation … sda read"


def test_the_end_of_whose_it_is_tells_two_apart_where_it_is_narrow() -> None:
    assert (
        Labelled(ROWS[0], "batch size", "model iris 1 greenhouse-1").label(27)
        == "batch s… …is 1 greenhouse-1"
    )


def test_which_model_is_told_only_where_there_are_several() -> None:
    def row(**attributes: str) -> Row:
        return ROWS[0]._replace(series=series("model.requests", "{request}", **attributes))

    one, other = row(log__name="m", model__name="iris", site="a"), row(log__name="m", model__name="iris")
    access, lenet = row(log__name="access"), row(log__name="m", model__name="lenet")
    assert [each.whose for each in grouped([one, other, access])[0].rows] == ["a", "", "access"]
    assert [each.whose for each in grouped([one, lenet])[0].rows] == ["m iris a", "m lenet"]
