"""The picture of `outrider top`: meters, then everything by heading; pure, from a state to lines.

It is what the device page of the view shows, from this device's own polls, without Textual.
"""

from __future__ import annotations

from typing import NamedTuple

from agent.view.clean import clean
from agent.view.ink import Ink, Line, fit, line, spread
from agent.view.listing import MARKS, STYLES
from agent.view.meters import meters
from agent.view.page import TROUBLE, alerts, body, head, standings
from agent.view.paint import across, titles
from agent.view.scene import Chosen
from agent.view.units import NONE, age, clock

KEYS = "↑↓ scroll  / filter  p pause  q quit"
LEAST_WIDTH, LEAST_HEIGHT = 24, 4
SCROLLS = {"down": 1, "j": 1, "up": -1, "k": -1, "page down": 10, " ": 10, "page up": -10}
ENDS = {"home": -(10**6), "g": -(10**6), "end": 10**6, "G": 10**6}


class Top(NamedTuple):
    """All that the picture shows. `now` is the wall clock in s, `source` where the numbers come from.

    `top` is the first line shown; `paused` since when nothing is read any more (wall s), None if it goes on.
    """

    now: float
    source: str
    chosen: Chosen
    top: int = 0
    wanted: str = ""
    typing: bool = False
    paused: float | None = None


def pressed(state: Top, key: str, now: float) -> Top | None:
    """The state after a key; None when it says to end."""
    if state.typing:
        return _typed(state, key)
    if key == "q":
        return None
    if key == "p":
        return state._replace(paused=now if state.paused is None else None)
    if key == "/":
        return state._replace(typing=True, wanted="", top=0)
    if key == "escape":
        return state._replace(wanted="", top=0)
    return state._replace(top=max(0, state.top + SCROLLS.get(key, ENDS.get(key, 0))))


def _typed(state: Top, key: str) -> Top:
    if key in ("enter", "escape"):
        return state._replace(typing=False, wanted=state.wanted if key == "enter" else "")
    if key == "erase":
        return state._replace(wanted=state.wanted[:-1])
    if len(key) == 1 and len(state.wanted) < 64:
        return state._replace(wanted=state.wanted + key, top=0)
    return state


def header(state: Top, width: int) -> Line:
    """Which device, where its numbers come from, and the time."""
    device = state.chosen.listed.state
    mark = Ink(f"{MARKS.get(device.state, NONE)} ", STYLES.get(device.state, "dim"))
    name = line(Ink("outrider top  ", "title"), mark, Ink(clean(device.name), "title"))
    paused = [] if state.paused is None else [Ink(f"PAUSED for {age(state.now - state.paused)}  ", "warn")]
    right_side = line(*paused, Ink(clock(state.now), "dim"))
    return spread((*name, Ink(f"  {clean(state.source)}", "dim")), right_side, width)


def document(state: Top, width: int) -> list[Line]:
    """Everything below the header, as long as it is."""
    chosen, at = state.chosen, state.now if state.paused is None else state.paused
    if state.wanted or state.typing:
        rows = body(chosen, at, width, state.wanted)
        return [titles(across(width)), *(each.line for each in rows)]
    trouble = [each for each in chosen.standings if each.state in TROUBLE]
    entries = alerts(chosen.listed.alerts, at, width) + standings("does not answer", trouble, width)
    recording = [line(Ink(f"◆ {clean(chosen.recording, 300)}", "warn"))] if chosen.recording else []
    rest = chosen._replace(listed=chosen.listed._replace(alerts=()))
    rest = rest._replace(standings=tuple(each for each in chosen.standings if each.state not in TROUBLE))
    lines = [*head(chosen, width)[1:], *recording, *meters(chosen.rows, width)]
    lines += [each.line for each in entries]
    return [*lines, (), titles(across(width)), *(each.line for each in body(rest, at, width))]


def render(state: Top, width: int, height: int) -> list[Line]:
    """Exactly `height` lines of at most `width` cells each."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return [fit(line("too small"), width), *[()] * (height - 1)]
    lines = document(state, width)
    room = height - 2
    top = max(0, min(state.top, len(lines) - room))
    shown = lines[top : top + room]
    shown += [()] * (room - len(shown))
    below = len(lines) - top - room
    return [fit(each, width) for each in (header(state, width), *shown, _foot(state, below, width))]


def deepest(state: Top, width: int, height: int) -> int:
    """The largest `top` that still fills the picture."""
    return max(0, len(document(state, width)) - max(0, height - 2))


def _foot(state: Top, below: int, width: int) -> Line:
    keys = line(Ink(KEYS, "dim"))
    if state.typing or state.wanted:
        told = line(
            Ink(f" /{clean(state.wanted)}{'_' if state.typing else ''}", "accent"), Ink("  Esc: all", "dim")
        )
    else:
        told = line(Ink(f" {below} more lines ↓" if below > 0 else "", "dim"))
    return spread(told, keys, width)
