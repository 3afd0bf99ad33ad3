"""The list of devices: which, in what order, and how one is drawn; pure.

Shape says what colour says: each state has a mark and a word of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from agent.view.alerts import SEVERITIES
from agent.view.clean import clean
from agent.view.ink import Ink, Line, line, spread
from agent.view.scene import Listed, Scene
from agent.view.units import NONE, age, clock, human, left, right

MARKS = {"online": "●", "degraded": "▲", "resting": "◌", "stale": "◐", "offline": "○", "never": NONE}
STYLES = {
    "online": "good",
    "degraded": "warn",
    "resting": "good",
    "stale": "warn",
    "offline": "bad",
    "never": "dim",
}
SEVERITY_MARKS = {"critical": "‼", "warning": "!", "info": "i"}
SEVERITY_STYLES = {"critical": "bad", "warning": "warn", "info": "accent"}
FAULTS = (("LOST", 7), ("HOLES", 7), ("RESTORED", 10))
FIGURES = {"CPU": ("1", 6), "MEM": ("1", 6), "GPU": ("1", 6), "TEMP": ("Cel", 7)}
"""The few figures of a device that a wide list shows: unit and cells of each."""

EMPTY = "no device yet: nothing is published here, or it is in another fleet"
_STATES = ("offline", "stale", "degraded", "never", "resting", "online")


class Table(NamedTuple):
    """Cells of the columns of the list; 0 leaves one out."""

    name: int
    fleet: int
    alerts: int
    faults: bool
    figures: bool


def table(width: int) -> Table:
    """How a width is shared: the name gets what is left."""
    if width < 66:
        alerts = 8 if width >= 40 else 4
        return Table(max(6, width - 2 - 9 - 6 - alerts), 0, alerts, faults=False, figures=False)
    figures = width >= 98
    fleet = min(20, 9 + max(0, width - 80) // 8)
    taken = 2 + 9 + fleet + 6 + 8 + sum(size for _, size in FAULTS)
    taken += sum(size for _, size in FIGURES.values()) if figures else 0
    return Table(min(64, width - taken), fleet, 8, faults=True, figures=figures)


def worst_first(each: Listed) -> tuple[int, int, int, str]:
    """The order of the list: what is critical, then what is not there, then what fires, then the names."""
    severity = min((rank(alert.severity) for alert in each.alerts), default=len(SEVERITIES) + 1)
    state = _STATES.index(each.state.state) if each.state.state in _STATES else 0
    return (0 if severity == 0 else 1, state, severity, each.state.name)


def rank(severity: str) -> int:
    """0 for the worst; words that are not known here come last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def shown(devices: Sequence[Listed], wanted: str) -> list[Listed]:
    """The devices that have this text in their name, fleet or state, the worst first."""
    text = wanted.casefold()
    kept = [
        each
        for each in devices
        if not text
        or any(text in part.casefold() for part in (each.state.name, each.fleet, each.state.state))
    ]
    return sorted(kept, key=worst_first)


def titles(of: Table) -> Line:
    """What stands above the columns."""
    text = f"  {left('STATE', 9)}{left('DEVICE', of.name)}"
    text += left("FLEET", of.fleet) if of.fleet else ""
    text += right("AGE", 6)
    if of.figures:
        text += "".join(right(name, size) for name, (_, size) in FIGURES.items())
    text += right("ALERTS"[: of.alerts - 1], of.alerts)
    if of.faults:
        text += "".join(right(name, size) for name, size in FAULTS)
    return line(Ink(text, "dim"))


def drawn(each: Listed, of: Table) -> Line:
    """One device."""
    state, name = each.state, left(clean(each.state.name), of.name - 1) + " "
    style = STYLES.get(state.state, "dim")
    pieces = [Ink(f"{MARKS.get(state.state, NONE)} {left(state.state, 9)}", style)]
    pieces.append(Ink(name, "title" if each.alerts or state.state != "online" else ""))
    if of.fleet:
        pieces.append(Ink(left(clean(each.fleet) or NONE, of.fleet - 1) + " ", "dim"))
    pieces.append(Ink(right(age(state.age), 6), "warn" if state.state == "stale" else ""))
    if of.figures:
        pieces.append(Ink("".join(_figures(each)), "dim" if state.state != "online" else ""))
    pieces.append(_alerts(each, of.alerts))
    if of.faults:
        counts = (state.lost, state.holes, state.restored)
        sizes = (size for _, size in FAULTS)
        pieces += [
            Ink(right(f"{n:,}", size), "warn" if n else "dim") for n, size in zip(counts, sizes, strict=True)
        ]
    return line(*pieces)


def _figures(each: Listed) -> list[str]:
    return [
        right(human(each.figures.get(name), unit, ratio=True), size) for name, (unit, size) in FIGURES.items()
    ]


def _alerts(each: Listed, width: int) -> Ink:
    """How many fire, marked by the worst of them."""
    if not each.alerts:
        return Ink(right("0", width), "dim")
    worst = min(each.alerts, key=lambda alert: rank(alert.severity)).severity
    text = f"{SEVERITY_MARKS.get(worst, '!')} {len(each.alerts)}"
    return Ink(right(text, width), SEVERITY_STYLES.get(worst, "warn"))


def header(scene: Scene, width: int) -> Line:
    """Broker and fleet, how many devices are how, and the time; or why there is no connection."""
    counts = {name: sum(each.state.state == name for each in scene.devices) for name in MARKS}
    tally = [Ink(f"{n} {MARKS[name]}  ", STYLES[name]) for name, n in counts.items() if n or name == "online"]
    firing = sum(len(each.alerts) for each in scene.devices)
    if firing:
        tally.append(Ink(f"{firing} !  ", "bad"))
    link = scene.link == "subscribed"
    where = Ink(clean(scene.place), "dim") if link else Ink(f"! {clean(scene.link)}", "bad")
    return spread(line(Ink("outrider ", "title"), where), line(*tally, clock(scene.now)), width)
