from __future__ import annotations

import pytest

from agent.stats.frame import Content
from agent.view.figures import Figures, figures
from tests.messages import content, gauge
from tests.pictures import series, windows


def test_a_record_gives_the_few_figures_people_look_for() -> None:
    found = figures(content(0.0, windows(0)))
    assert found == {
        "CPU": pytest.approx(1 - 0.36),
        "MEM": pytest.approx(0.4),
        "GPU": pytest.approx(0.25),
        "TEMP": 50.0,
    }


def test_of_several_the_highest_counts() -> None:
    two = {
        series("hw.temperature", "Cel", hw__id=name): gauge(heat) for name, heat in (("a", 40.0), ("b", 80.0))
    }
    assert figures(content(0.0, two)) == {"TEMP": 80.0}
    assert figures(Content()) == {}


def test_a_figure_is_shown_while_it_is_fresh() -> None:
    held = Figures(1, 180.0)
    held.take("gate-7", content(0.0, windows(0)), 1000.0)
    held.take("gate-8", content(0.0, windows(0)), 1000.0)
    assert set(held.of("gate-7", 1179.0)) == {"CPU", "MEM", "GPU", "TEMP"}
    assert held.of("gate-7", 1180.0) == held.of("gate-7", 999.0) == held.of("gate-8", 1000.0) == {}


def test_of_a_record_with_late_windows_the_latest_counts() -> None:
    hot, cold = (
        content(at, {series("hw.temperature", "Cel"): gauge(value)})
        for at, value in ((60.0, 80.0), (0.0, 20.0))
    )
    assert figures(Content((*hot.frames, *cold.frames))) == {"TEMP": 80.0}
