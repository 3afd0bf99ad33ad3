from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.view.faults import Fault
from agent.view.ink import plain, span
from agent.view.modelpage import MOST_FAULTS, MOST_MODELS, erring, glance
from agent.view.models import Model
from agent.view.scene import Chosen
from tests.pictures import NOW, chosen, series

ONE = Model("resnet", ("api", "resnet"), series("model.requests"), 3.0, False, 10.0, 0.2, 0.05, 0.2)
FAULT = Fault("api", "a1", 7, NOW - 600, NOW - 60, "no memory\x1b[2J for [*]", "no memory for 7")
TEMPLATE = series("model.errors.template", "{error}", "top", log__name="api")


def lines(*models: Model, width: int = 100) -> list[str]:
    return [plain(each.line) for each in glance(models, width)]


def test_columns_that_no_model_has_are_left_out() -> None:
    heading, titles, row = lines(ONE)
    assert heading.startswith("── models")
    assert titles.split() == ["MODEL", "REQ/S", "ERRORS", "P50", "P99", "AGE"]
    assert row.split() == ["api", "resnet", "10", "20%", "50ms", "200ms", "3s"]
    assert "TOK/S" in lines(ONE, ONE._replace(tokens=5.0))[1]


def test_in_narrow_terminals_the_last_columns_go() -> None:
    assert lines(ONE, width=44)[1].split() == ["MODEL", "REQ/S", "ERRORS", "AGE"]
    assert lines(ONE, width=24)[1].split() == ["MODEL", "AGE"]


def test_a_model_opens_its_series_and_many_are_bounded() -> None:
    entries = glance([ONE] * (MOST_MODELS + 5), 80)
    assert entries[2].series == ONE.series
    assert entries[2].model == "resnet"
    assert plain(entries[-1].line).strip() == "and 5 more models"
    assert glance([], 80) == []


def test_many_errors_are_bad_and_late_ones_are_dim() -> None:
    styles = {piece.text.strip(): piece.style for piece in glance([ONE], 80)[2].line}
    assert styles["20%"] == "bad"
    late = {piece.text.strip(): piece.style for piece in glance([ONE._replace(late=True)], 80)[2].line}
    assert late["20%"] == "late"


def test_a_model_that_drifts_is_marked_and_its_accuracy_told() -> None:
    drifting = ONE._replace(accuracy=0.912, drift=3.2)
    assert lines(drifting)[1].split()[3:5] == ["RIGHT", "DRIFT"]
    styles = {piece.text.strip(): piece.style for piece in glance([drifting], 100)[2].line}
    assert styles["3.20x"] == "bad"
    assert styles["91.2%"] == ""
    calm = {piece.text.strip(): piece.style for piece in glance([ONE._replace(drift=0.4)], 100)[2].line}
    assert calm["0.40x"] == ""


def test_an_error_has_its_text_its_times_and_an_example() -> None:
    first, second = [plain(each.line) for each in erring([FAULT], [TEMPLATE], NOW, 90)[1:]]
    assert first.split()[:4] == ["7", "api", "no", "memory\ufffd"]
    assert first.split()[-3:] == ["since", "22:04:03Z", "1m"]
    assert second.strip() == "such as: no memory for 7"
    assert erring([FAULT], [TEMPLATE], NOW, 90)[1].series == TEMPLATE
    assert erring([], [TEMPLATE], NOW, 90) == []


def test_an_error_whose_text_is_not_known_goes_by_its_identifier() -> None:
    (only,) = erring([FAULT._replace(text="", example="")], [], NOW, 100)[1:]
    assert "a1 (its text was told before" in plain(only.line)
    assert only.series is None


def test_many_errors_are_bounded_and_the_rest_is_counted() -> None:
    entries = erring([FAULT._replace(example="")] * (MOST_FAULTS + 3), [], NOW, 90)
    assert len(entries) == 1 + MOST_FAULTS + 1
    assert plain(entries[-1].line).strip() == "21  of 3 other texts"


@pytest.fixture(scope="module")
def page() -> Chosen:
    return chosen()


@given(width=st.integers(12, 200))
def test_they_fit_any_width(page: Chosen, width: int) -> None:
    entries = [*glance(page.models, width), *erring(page.faults, [], NOW, width)]
    assert max(span(each.line) for each in entries) <= width
