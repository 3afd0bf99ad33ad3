"""What the views are tested with: a made-up fleet, and its pictures as text files in `cases/view`.

Made up: no device said this. A picture that is to change is written anew by running this file as a
script, and looked at before it is kept.
"""

from __future__ import annotations

import math
from pathlib import Path

from agent.ship.alert import Alert, AlertSeries
from agent.ship.records import Key
from agent.stats.frame import Content, Event
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Counter, Gauge, Summary
from agent.view import listing, page, seriespage, top
from agent.view.captures import Shot, Shots
from agent.view.fleet import DeviceState
from agent.view.gaps import Circumstances, gaps
from agent.view.ink import Line, fit, plain
from agent.view.models import models
from agent.view.paint import across, titles
from agent.view.rows import Board
from agent.view.scene import Chosen, Listed, Scene, Track
from agent.view.standing import standings
from collectors.api import Kind, Series
from collectors.logs.formats.roles import TEMPLATES
from tests.captures import capture
from tests.messages import content, gauge

CASES = Path(__file__).parent / "cases" / "view"
NOW = 1_700_000_043.0


def series(name: str, unit: str = "1", kind: Kind = "gauge", /, **attributes: str) -> Series:
    """A series whose attributes have dots in their names, written as __."""
    return Series(name, unit, kind, tuple((key.replace("__", "."), text) for key, text in attributes.items()))


HEAT = series("hw.temperature", "Cel", hw__id="thermal_zone0/0", hw__name="cpu-thermal")
LATENCY = series("gen_ai.server.request.duration", "s", "histogram", model="llama-3-8b")
ERRORS = series("model.errors", "1", "top", source="log")
RECEIVED = series(
    "system.network.io",
    "By",
    "counter",
    network__interface__name="eth0",
    network__io__direction="receive",
)
SENT = series(
    "system.network.io",
    "By",
    "counter",
    network__interface__name="eth0",
    network__io__direction="transmit",
)
HOT = Alert(
    "gate-7-ab12cd", "too-hot", "critical", "the board will throttle", "https://wiki.example/hot\x1b[2J",
    "hw.temperature > 85 for 2m", NOW - 190, NOW - 3, (AlertSeries(HEAT, 91.5, NOW - 190),), 0,
)  # fmt: skip


def windows(step: int) -> dict[Series, Summary]:
    """Values that move smoothly with the minute; the sensor falls silent half way."""
    wave = 1 + math.sin(step / 5)
    made: dict[Series, Summary] = {
        series("system.cpu.utilization", cpu__mode=mode): gauge(0.02, base + 0.1 * wave)
        for mode, base in (("idle", 0.6), ("system", 0.03), ("user", 0.2))
    }
    made |= {
        series("system.cpu.logical.utilization", cpu__logical_number=str(n)): gauge(
            0.1, 0.12 * n + 0.05 * wave
        )
        for n in range(8)
    }
    made |= {
        series(f"system.cpu.load_average.{span}", "{thread}"): gauge(wave) for span in ("1m", "5m", "15m")
    }
    made |= {flow: Counter(60, size * wave, size / 20, 0) for flow, size in ((RECEIVED, 6e7), (SENT, 2e5))}
    made[series("system.memory.utilization", system__memory__state="used")] = gauge(0.39, 0.41)
    made[series("system.memory.usage", "By", system__memory__state="used")] = gauge(3.1e9, 3.1e9 + 1e7 * step)
    made[series("system.memory.limit", "By")] = gauge(8e9)
    made[series("system.filesystem.utilization", system__filesystem__mountpoint="/")] = gauge(0.93)
    made[series("hw.gpu.utilization", hw__id="GPU-1", hw__name="Orin")] = gauge(0.2, 0.3 * wave)
    made[LATENCY] = Histogram.of([0.1 * wave + 0.01 * n for n in range(100)])
    made |= logged(step)
    made[ERRORS] = Top.of([("timeout", step), ("oom\x1b[2J", 1)])
    made[series("model.accuracy")] = Gauge(0, 0.0, 0.0, 0.0, 0.0)
    made |= {series("outrider.up", outrider__collector=name): gauge(1.0) for name in ("cpu", "memory")}
    made[series("outrider.up", outrider__collector="thermal")] = gauge(1.0 if step < 20 else 0.0)
    if step < 20:
        made[HEAT] = gauge(50.0, 50.0 + step)
    return made


def logged(step: int) -> dict[Series, Summary]:
    """What the logs of two models told in a minute."""
    api = {"log__name": "api", "model__name": "resnet"}
    grown = {"200": 640.0 - step, "503": 10.0 + step}
    made: dict[Series, Summary] = {
        series("model.requests", "{request}", "counter", **api, status=status): _grown(count)
        for status, count in grown.items()
    }
    made[series("model.errors", "{error}", "counter", **api, **{"error.type": "503"})] = _grown(grown["503"])
    made[series("model.request.duration", "s", "histogram", **api)] = Histogram.of(
        [0.03 + 0.001 * n for n in range(200)]
    )
    made[TEMPLATES.of()._replace(attributes=(("log.name", "api"),))] = Top({"3f9a": 9, "77c0": 1 + step}, 2)
    llm = {"log__name": "vllm", "model__name": "llama-3-8b"}
    output = series("model.tokens.rate", "{token}/s", "gauge", **llm, **{"gen_ai.token.type": "output"})
    made[output] = gauge(311.0)
    made[series("model.queue.length", "{request}", **llm)] = gauge(4.0)
    made[series("model.cache.hit_ratio", "1", **llm)] = gauge(0.81)
    return made


def _grown(count: float) -> Counter:
    return Counter(int(count), count, count / 60, 0)


ABSENT = (("outrider.collector", "gpu_nvidia"),)
EVENTS = (
    Event("boot-1", 0.0, NOW - 2403, "agent.start", (), "started"),
    Event("boot-1", 1.0, NOW - 2403, "collector.absent", ABSENT, "no NVIDIA driver"),
    Event(
        "boot-1", 1200.0, NOW - 1203, "collector.failing", (("outrider.collector", "thermal"),),
        "OSError: [Errno 5] Input/output error: /sys/class/thermal/thermal_zone0/temp",
    ),
    Event(
        "boot-1", 1500.0, NOW - 2403, "model.error",
        (
            ("log.name", "api"),
            ("error.template", "3f9a"),
            ("error.example", "no memory\x1b[2J for batch 7 of [email]"),
        ),
        "no memory for batch [*] of [*]",
    ),
)  # fmt: skip


def board(only: Series | None = None) -> Board:
    """Forty minutes, of which four are missing."""
    made = Board(only, 360 if only else None)
    for step in range(40):
        if not 28 <= step < 32:
            made.add(Key(7, "windows", step, step), content(NOW - 2403 + 60 * step, windows(step)))
    made.add(Key(7, "events", 0, 2), Content(events=EVENTS))
    return made


def devices() -> tuple[Listed, ...]:
    """One in each state, one with an alert, one with a name that steers terminals."""
    figures = {"CPU": 0.42, "MEM": 0.41, "TEMP": 69.0}
    return (
        Listed(DeviceState("cam-2-77fe01", "stale", 251.0, 12, 3, 0), "lab"),
        Listed(DeviceState("gate-7-ab12cd", "online", 3.0, 0, 4, 0), "lab", (HOT,), figures),
        Listed(DeviceState("gate-8-ab12ce", "online", 4.0, 0, 0, 0), "lab", (), {"CPU": 0.03, "MEM": 0.2}),
        Listed(DeviceState("press-11-09aa3f", "offline", 7300.0, 1440, 0, 1), "plant-north-2"),
        Listed(DeviceState("robot-3", "degraded", 9.0, 0, 0, 0), "plant-north-2"),
        Listed(DeviceState("日本-\u202eevil", "never", None, 0, 0, 0)),
        Listed(DeviceState("meter-5-3c11d0", "resting", 1500.0, 0, 0, 0), "lab"),
    )


def chosen() -> Chosen:
    """The page of the device with the alert."""
    held = board()
    rows = tuple(held.rows(NOW, 64))
    about = (standings(rows, held.events, NOW), held.events, (), ("site hall 3", "line=4"))
    chosen = Chosen(devices()[1], rows, *about)
    return chosen._replace(models=models(held.windows, NOW), faults=held.faults)


def track(of: Series) -> Track:
    """One series of it."""
    held = board(of).held(of)
    row = next(row for row in board().rows(NOW, 64) if row.series == of)
    known = Circumstances("online", (), (Key(7, "windows", 28, 31),), EVENTS, NOW - 3)
    return Track(row, held, tuple(gaps(of, held, NOW, known)))


def shots(of: Series) -> tuple[Shot, ...]:
    """Two captures of the device, with what they have of this series."""
    made = Shots(of)
    made.add(capture())
    made.add(capture("20231114T220000Z-0001", rule="", by="command", metric=""))
    return made.newest


def marked_series(width: int, height: int) -> list[Line]:
    """The third page, of a series with a capture."""
    found = tuple(shot for shot in shots(HEAT) if shot.held)
    return seriespage.page(track(HEAT)._replace(captures=found), width, height)


def capture_of_series(width: int, height: int) -> list[Line]:
    """The capture itself."""
    shot = shots(HEAT)[0]
    assert shot.row is not None
    return seriespage.capture(shot, shot.row, NOW, width, height)


def scene() -> Scene:
    """All of it, with a notice."""
    notice = "cam-2-77fe01: restored: epochs 1f and 2e have one past"
    return Scene(NOW, "mqtt://127.0.0.1:1883 lab", "subscribed", devices(), notice, chosen(), track(HEAT))


def list_of_devices(width: int, height: int) -> list[Line]:
    """The first page."""
    of = listing.table(width)
    shown = [listing.drawn(each, of) for each in listing.shown(devices(), "")]
    return [listing.header(scene(), width), listing.titles(of), *shown][:height]


def page_of_device(width: int, height: int) -> list[Line]:
    """The second page."""
    entries = page.body(chosen(), NOW, width)
    head = [*page.head(chosen(), width), titles(across(width))]
    return [*head, *(each.line for each in entries)][:height]


def page_of_series(of: Series, width: int, height: int) -> list[Line]:
    """The third."""
    return seriespage.page(track(of), width, height)


def top_of_device(width: int, height: int) -> list[Line]:
    """What `outrider top` would show of it."""
    return top.render(top.Top(NOW, "daemon 4711", chosen()), width, height)


SIZES = ((80, 24), (50, 14), (120, 40), (200, 60))
PICTURES = {
    f"{name}-{width}x{height}": draw(width, height)
    for width, height in SIZES
    for name, draw in (
        ("devices", list_of_devices),
        ("device", page_of_device),
        ("gauge", lambda w, h: page_of_series(HEAT, w, h)),
        ("counter", lambda w, h: page_of_series(RECEIVED, w, h)),
        ("histogram", lambda w, h: page_of_series(LATENCY, w, h)),
        ("top-values", lambda w, h: page_of_series(ERRORS, w, h)),
        ("top", top_of_device),
        ("marked", marked_series),
        ("capture", capture_of_series),
    )
}


def text(lines: list[Line], width: int) -> str:
    """A picture as its file has it."""
    return "".join(f"{plain(fit(each, width)).rstrip()}\n" for each in lines)


def text_of(name: str) -> str:
    """A picture by its name, such as "device-80x24"."""
    return text(PICTURES[name], int(name.rpartition("-")[2].partition("x")[0]))


if __name__ == "__main__":
    CASES.mkdir(parents=True, exist_ok=True)
    for each in PICTURES:
        (CASES / f"{each}.txt").write_text(text_of(each))
