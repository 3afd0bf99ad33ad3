"""The picture, as a text file for each size; and that it is never wider or taller than the terminal.

A new golden file is written by running this file as a script, and looked at before it is kept.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ship.records import Key
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from agent.view.fleet import DeviceState
from agent.view.rows import Board
from agent.view.terminal import Screen, deepest, render
from agent.view.units import NONE, columns
from collectors.api import Series
from tests.messages import content, gauge, series

CASES = Path(__file__).parents[2] / "cases" / "view"
NOW = 1_700_000_043.0
SGR = re.compile(r"\x1b\[[0-9;]*m")

DEVICES = (
    DeviceState("cam-2-77fe01", "stale", 251.0, 12, 3, 0),
    DeviceState("gate-7-ab12cd", "online", 3.0, 0, 0, 0),
    DeviceState("press-11-09aa3f", "offline", 7300.0, 1440, 0, 1),
    DeviceState("日本-\u202eevil", "never", None, 0, 0, 0),
)


def _windows(step: int) -> dict[Series, Summary]:
    """Made-up values that move smoothly with the minute."""
    wave = 1 + math.sin(step / 5)
    made: dict[Series, Summary] = {
        series("system.cpu.utilization", mode=mode): gauge(0.02, base + 0.1 * wave)
        for mode, base in (("idle", 0.6), ("system", 0.03), ("user", 0.2))
    }
    made |= {
        series("system.network.io", "By", "counter", device="eth0", direction=way): Counter(
            60, size * wave, size / 20, 0
        )
        for way, size in (("receive", 6e7), ("transmit", 2e5))
    }
    made[series("system.memory.usage", "By", state="used")] = gauge(3.1e9, 3.1e9 + 1e7 * step)
    made[series("outrider.process.uptime", "s")] = gauge(60.0 * step)
    made[series("gen_ai.server.request.duration", "s", "histogram", model="llama-3-8b")] = Histogram.of(
        [0.1 * wave + 0.01 * n for n in range(100)]
    )
    made[series("model.errors", "1", "top", source="log")] = Top.of([("timeout", step), ("oom\x1b[2J", 1)])
    made[series("model.accuracy")] = Gauge(0, 0.0, 0.0, 0.0, 0.0)
    if step < 20:
        made[series("hw.temperature", "Cel", sensor="cpu-thermal")] = gauge(50.0, 50.0 + step)
    return made


def screen(*, colour: bool = False) -> Screen:
    """Forty minutes with a gap of four, and a sensor that fell silent half way."""
    board = Board()
    for step in range(40):
        if not 28 <= step < 32:
            board.add(Key(7, "windows", step, step), content(NOW - 2403 + 60 * step, _windows(step)))
    return Screen(
        NOW, "mqtt://127.0.0.1:1883 lab", "subscribed", DEVICES, "gate-7-ab12cd", tuple(board.rows(NOW, 60)),
        notice="cam-2-77fe01: restored: epochs 1f and 2e have one past", colour=colour,
    )  # fmt: skip


CASE_STATES = {
    "80x24": (screen(), 80, 24),
    "120x40": (screen(), 120, 40),
    "80x24-filter": (screen()._replace(focus="series", filter="system", typing=True, top=4), 80, 24),
    "80x24-empty": (
        screen()._replace(
            devices=(), chosen=None, rows=(), notice="", link="cannot connect to 127.0.0.1:1883"
        ),
        80,
        24,
    ),
    "50x14": (screen(), 50, 14),
}


@pytest.mark.parametrize("case", CASE_STATES)
def test_the_picture_is_as_kept(case: str) -> None:
    assert "\n".join(render(*CASE_STATES[case])) + "\n" == (CASES / f"{case}.txt").read_text()


@given(st.integers(1, 200), st.integers(1, 60), st.integers(0, 100))
def test_it_fits_any_terminal(width: int, height: int, top: int) -> None:
    lines = render(screen()._replace(top=top), width, height)
    assert len(lines) == height
    assert max(map(columns, lines)) <= width


@given(st.integers(20, 200), st.integers(3, 60))
def test_colour_adds_nothing_but_colour(width: int, height: int) -> None:
    coloured = render(screen(colour=True), width, height)
    assert [SGR.sub("", line) for line in coloured] == render(screen(), width, height)


def test_states_differ_in_shape() -> None:
    marks = {line[1] for line in render(screen(), 80, 24)[2:6]}
    assert marks == {"●", "◐", "○", NONE}


def test_nothing_foreign_steers_the_terminal() -> None:
    assert all(line.isprintable() for line in render(screen(), 120, 60))


def test_the_deepest_position_shows_the_last_line_at_the_bottom() -> None:
    state = screen()
    state = state._replace(top=deepest(state, 80, 24))
    lines = render(state, 80, 24)
    assert "39min" in lines[-2]


if __name__ == "__main__":
    CASES.mkdir(parents=True, exist_ok=True)
    for name, (state, width, height) in CASE_STATES.items():
        (CASES / f"{name}.txt").write_text("\n".join(render(state, width, height)) + "\n")
