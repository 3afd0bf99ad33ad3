"""What a model's log may hold that it should not: a real daemon counts it, says so, and lives on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from agent.cli import main
from agent.logs import measures
from agent.stats.baseline import Baseline, Feature, encoded
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from agent.stats.topk import CAP, Top
from agent.stats.window import Counter as Grown
from agent.stats.window import Gauge
from collectors.api import Series
from tests.agreement import of_device
from tests.e2e.conftest import OpenDaemon
from tests.tailing import append
from tests.torture.labels import counted
from tests.waiting import until

SECRET = "eve@example.org"
SERIES = 1000
FOLLOWED = """
[collect]
max_series = SERIES
[collectors.own]
interval = "1s"
[[logs]]
name = "odd"
paths = ["FOLDER/odd.log"]
format = "odd"
from = "start"
[[logs]]
name = "wide"
paths = ["FOLDER/wide.log"]
format = "json"
from = "start"
[[format]]
name = "odd"
kind = "json"
[format.fields]
time = "time"
request = "id"
version = "version"
prediction = "prediction"
label = "label"
confidence = "confidence"
"feature.temp" = "temp"
"category.site" = "site"
[[model]]
name = "odd"
logs = ["odd"]
baseline = "FOLDER/odd.json"
[[model]]
name = "wide"
logs = ["wide"]
baseline = "FOLDER/roses.json"
"""


def line(number: int, **more: object) -> str:
    """A request as it should be, but for `more`."""
    good = {"time": time.time(), "id": f"r{number}", "prediction": "ant", "confidence": 0.9}
    return json.dumps({**good, "temp": 20.0 + number % 3, "site": "a", **more})


def odd() -> Iterator[str | bytes]:
    """All that is odd, a line each."""
    yield from (line(number) for number in range(200))
    yield from (line(1000 + number, temp="hot") for number in range(300))
    for number, text in enumerate(("NaN", "Infinity", "-inf", "nan", "1e999")):
        yield line(2000 + number, temp=text)
    yield from (line(3000 + at, temp=number) for at, number in enumerate((1e308, -1e308, 5e-324, 10**400)))
    yield from (line(4000 + at, temp=strange) for at, strange in enumerate((True, {"a": 1}, [1], None)))
    yield from (line(10_000 + number, prediction=f"class {number}") for number in range(10_000))
    yield from (line(30_000 + number, site=f"site {number}") for number in range(3000))
    yield from (line(40_000 + number, version=f"v{number}") for number in range(40))
    strange: list[object] = [SECRET, f"password={SECRET}", "x" * 9000, "\x1b[2J\x00", {}, [], None, True, 7]
    for at, each in enumerate(strange):
        yield line(50_000 + at, prediction=each, site=each)
        yield line(50_100 + at, id=each)
    yield from (line(60_000 + at, confidence=wrong) for at, wrong in enumerate((7, -1, "high", "NaN", 1e300)))
    yield from (json.dumps({"time": time.time(), "id": f"s{at}", "label": "ant"}) for at in range(50))
    yield from (json.dumps({"time": time.time(), "id": f"r{at % 100}", "label": "new"}) for at in range(200))
    yield from (line(at) for at in range(100))
    times: list[object] = [0, -5, 4e9, "yesterday", 1e300, None]
    yield from (line(70_000 + at, time=wrong) for at, wrong in enumerate(times))
    yield from (b"\xff\xfe\x00 no text", b"{", b"[]", b"null")
    yield from (b'{"temp":' + b"[" * 5000, b'{"id":"r' + b"9" * 70_000)


def wide() -> Iterator[str]:
    """Two lines of very many features, and more such as them that lack them."""
    many, more_yet = ({f"f{number}": 1 for number in range(count)} for count in (5_000, 10_000))
    for number in range(300):
        more = many if number == 3 else more_yet if number == 4 else {"f1": number}
        yield json.dumps({"time": time.time(), "prediction": "ant", "status": 200, "features": more})


def baseline(path: Path, model: str) -> None:
    """Of a temperature in Fahrenheit."""
    values = Histogram.of([(number - 50) / 25 for number in range(100)], 2)
    path.write_bytes(encoded(Baseline(model, "", 0.0, {"temp": Feature(values, Standard(68.0, 4.0))})))


def told(state: Path) -> dict[Series, float]:
    """What counters grew by, and what gauges were last, over all windows."""
    found: dict[Series, float] = {}
    for content in of_device(state).contents.values():
        for frame in content.frames:
            for series, window in frame.windows.items():
                if isinstance(window, Grown):
                    found[series] = found.get(series, 0.0) + window.delta
                elif isinstance(window, Gauge):
                    found[series] = window.last
    return found


def of_daemon(found: Mapping[Series, float]) -> dict[tuple[str, ...], float]:
    """What it counted of logs and models, by name and the log's or model's name."""
    return {
        (series.name, *(value for _, value in series.attributes)): value
        for series, value in found.items()
        if series.name.startswith(("outrider.logs.", "outrider.models."))
    }


def faults(found: Mapping[Series, float], feature: str) -> dict[str, float]:
    """What is wrong with the values of a feature of the odd model."""
    every = ((dict(each.attributes), each.name, value) for each, value in found.items())
    return {
        about["fault"]: value
        for about, name, value in every
        if name == measures.FAULTS.name and about["feature"] == feature and about["log.name"] == "odd"
    }


def test_what_is_odd_is_counted_and_said_and_never_fatal(
    daemons: OpenDaemon,
    configured: Callable[[str], list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = configured("mqtt://127.0.0.1:1")
    text = FOLLOWED.replace("FOLDER", str(tmp_path)).replace("SERIES", str(SERIES))
    config = Path(words[1])
    config.write_text(config.read_text().replace("1 MiB", "16 MiB") + text)
    baseline(tmp_path / "odd.json", "odd")
    baseline(tmp_path / "roses.json", "roses")
    daemon = daemons(words).start()
    lines = list(odd())
    append(tmp_path / "odd.log", *lines)
    append(tmp_path / "wide.log", *wide())

    def read() -> dict[tuple[str, ...], float]:
        return of_daemon(told(daemon.state))

    until(lambda: read().get(("outrider.logs.lines", "odd"), 0) == len(lines), read)
    until(lambda: read().get(("outrider.logs.lines", "wide"), 0) == 300, read)
    assert daemon.stop() == 0
    found = told(daemon.state)
    counts = of_daemon(found)
    assert counts["outrider.logs.missed", "odd"] == 6
    assert counts["outrider.models.refused", "odd"] > 0
    assert not any(name[0] == "outrider.logs.failed" for name in counts)
    assert faults(found, "temp") == {"type": 303, "nan": 2, "infinite": 4, "missing": 1}
    assert faults(found, "site") == {"missing": 3}
    assert sum("model." in series.name for series in found) < SERIES
    contents = list(of_device(daemon.state).contents.values())
    outcomes = {"joined": 100, "repeated_label": 100, "repeated_prediction": 100}
    assert counted(contents).outcomes == outcomes
    assert SECRET not in repr(contents)
    assert all(
        len(window.counts) <= CAP for content in contents for frame in content.frames
        for window in frame.windows.values() if isinstance(window, Top)
    )  # fmt: skip
    said = daemon.child.tail(99)
    assert said.count("is of the model roses") == 1
    assert "begun anew in" not in said
    assert (
        main(["doctor", "--offline", "--as-root", "--json", "--state-dir", str(daemon.state), *words]) == 20
    )
    doctor = [json.loads(each)["text"] for each in capsys.readouterr().out.splitlines()]
    for part in (
        "model odd: temp is 18.83 in the middle, and lies within 60 and",
        "were beyond a bound, and left out",
        f"model wide: the baseline {tmp_path}/roses.json is of the model roses",
        "log odd: 194 of the last 200 lines are understood",
    ):
        assert any(part in each for each in doctor), doctor
