"""What `outrider top` reads of a daemon that runs here: its ring, its store, or nothing of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.config import load
from agent.config.settings import Config
from agent.control_socket import ask
from agent.identity import boot_id
from agent.judge import saved
from agent.judge.rules.grammar import parse
from agent.onlooker import Alone, Onlooker, daemon_here
from agent.poller import Clocks
from agent.stats.ring import Ring
from agent.view.standing import UP
from collectors.api import Reading
from collectors.host import Host
from tests.daemons import Daemon
from tests.histories import windows_pass
from tests.messages import series
from tests.waiting import until

BUSY = series("system.cpu.utilization")
RULE = '[[alert]]\nname = "any"\nwhen = "system.cpu.logical.count > 0"\nsummary = "there is a CPU"\n'


def boot_clock() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


CLOCKS = Clocks(boot_clock, time.time, lambda: "unknown")


def configured(tmp_path: Path, text: str = "") -> Config:
    path = tmp_path / "outrider.toml"
    path.write_text(text)
    places = {"store.directory": str(tmp_path / "state"), "runtime.directory": str(tmp_path / "runtime")}
    return load([str(path)], {**places, "device.name": "dut", "window.span": "1s"})


@pytest.fixture
def daemon(tmp_path: Path, port: int) -> Iterator[Daemon]:
    (tmp_path / "outrider.toml").write_text(RULE)
    words = ["--config", str(tmp_path / "outrider.toml"), "--span", "1s", "--device", "dut"]
    made = Daemon(tmp_path, [*words, "--broker", f"mqtt://127.0.0.1:{port}"])
    yield made.start()
    made.close()


def test_ring_and_store_of_a_daemon_make_one_page(daemon: Daemon, tmp_path: Path) -> None:
    config = configured(tmp_path, RULE)
    windows_pass(daemon.state, 3)
    assert daemon_here(config, boot_clock) == ""
    looker = Onlooker(config, CLOCKS, daemon.runtime / "ring", daemon.state, "daemon")
    looker.look()
    chosen = looker.chosen(time.time())
    kinds = {row.series.kind for row in chosen.rows}
    assert {"gauge", "counter", "histogram"} <= kinds
    assert len({row.series for row in chosen.rows}) == len(chosen.rows)
    assert chosen.listed.state[:2] == ("dut", "online")
    assert any(event.name == "agent.start" for event in chosen.events)
    assert {each.name for each in chosen.standings if each.state == "absent" and each.reason}
    (alert,) = chosen.listed.alerts
    assert (alert.rule, alert.summary, alert.series[0].series.name) == (
        "any",
        "there is a CPU",
        "system.cpu.logical.count",
    )


def test_a_capture_that_is_under_way_is_told_until_it_is_over(daemon: Daemon, tmp_path: Path) -> None:
    """Of the alert whose capture began with the daemon somebody wants two seconds more; then none is told."""
    config = configured(tmp_path, RULE)
    windows_pass(daemon.state, 1)
    for _ in ask(daemon.runtime, {"ask": "record", "after": 0.0, "note": "the fan rattled"}, 20.0):
        break
    looker = Onlooker(config, CLOCKS, daemon.runtime / "ring", daemon.state, "daemon")
    looker.look()
    told = looker.chosen(time.time()).recording
    assert told.startswith("the flight recorder captures 20")
    assert " s more: alert.fired any" in told
    assert told.endswith("; the fan rattled")
    later = Clocks(lambda: boot_clock() + 3600.0, time.time, lambda: "unknown")
    looker = Onlooker(config, later, daemon.runtime / "ring", daemon.state, "daemon")
    looker.look()
    assert looker.chosen(time.time()).recording == ""


def test_a_store_is_read_again_only_once_it_was_written(daemon: Daemon, tmp_path: Path) -> None:
    config = configured(tmp_path, RULE)
    passed = [0.0]
    clocks = Clocks(lambda: boot_clock() + passed[0], time.time, lambda: "unknown")
    windows_pass(daemon.state, 2)
    looker = Onlooker(config, clocks, daemon.runtime / "ring", daemon.state, "daemon")
    looker.look()
    first = looker._windows
    looker.look()
    assert looker._windows is first, "at most each ten seconds"
    windows_pass(daemon.state, 3)
    passed[0] = 11.0
    looker.look()
    assert looker._windows is not first
    assert daemon.stop() == 0
    passed[0] = 22.0
    looker.look()
    last = looker._windows
    passed[0] = 33.0
    looker.look()
    assert looker._windows is last, "nobody wrote"


def ring(tmp_path: Path, at: float) -> Config:
    """A configuration whose ring was last written then."""
    config = configured(tmp_path)
    Path(config.runtime.directory).mkdir()
    made = Ring.open(Path(config.runtime.directory) / "ring", boot_id(Host("/")), 100)
    made.write(at, [("cpu", Reading((BUSY,), [0.5]))])
    made.close()
    return config


def test_why_there_is_no_daemon(tmp_path: Path) -> None:
    assert "No such file" in daemon_here(configured(tmp_path), boot_clock)
    config = ring(tmp_path, boot_clock() - 60.0)
    assert daemon_here(config, boot_clock).endswith("is 60 s old")
    (Path(config.runtime.directory) / "ring").write_bytes(b"no ring")
    assert "too few for its head" in daemon_here(config, boot_clock)


def test_a_daemon_that_fell_silent_is_stale_and_its_values_age(tmp_path: Path) -> None:
    config = ring(tmp_path, boot_clock() - 60.0)
    looker = Onlooker(config, CLOCKS, Path(config.runtime.directory) / "ring", None, "daemon")
    looker.look()
    chosen = looker.chosen(time.time())
    assert chosen.listed.state.state == "stale"
    assert [round(row.age / 10) for row in chosen.rows] == [6]


def test_a_ring_that_cannot_be_read_is_said_and_costs_the_rest_nothing(tmp_path: Path) -> None:
    looker = Onlooker(configured(tmp_path), CLOCKS, tmp_path / "none", tmp_path / "nowhere", "daemon")
    looker.look()
    chosen = looker.chosen(time.time())
    assert chosen.listed.state.state == "degraded"
    assert str(tmp_path) in chosen.reasons[0]
    assert chosen.rows == ()


def test_alone_it_collects_as_the_daemon_does_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Alone(configured(tmp_path), CLOCKS, "a test") as alone:

        def seen() -> bool:
            alone.look()
            rows = alone.onlooker.chosen(time.time()).rows
            return {"gauge", "counter", "histogram"} <= {row.series.kind for row in rows}

        until(seen)
        chosen = alone.onlooker.chosen(time.time())
        assert {row.series.name for row in chosen.rows} > {UP, "system.memory.usage"}
        assert {each.state for each in chosen.standings} == {"ok", "absent"}
        assert all(each.reason for each in chosen.standings if each.state == "absent")
    assert [path.name for path in tmp_path.iterdir()] == ["outrider.toml"]


def test_only_what_fires_is_an_alert(tmp_path: Path) -> None:
    looker = Onlooker(configured(tmp_path, RULE), CLOCKS, tmp_path / "none", None, "")
    boot, rule = boot_id(Host("/")), parse("system.cpu.logical.count > 0", "")
    rows = (saved.Row(BUSY, False, 3.0, 0.0, 1.0), saved.Row(BUSY, True, 0.0, 7.0, 2.0))
    assert looker._firing({}) == looker._firing({"any": saved.dump(rule, boot, rows[:1])}) == ()
    (alert,) = looker._firing({"any": saved.dump(rule, boot, rows)})
    assert (alert.since, alert.series[0].value) == (7.0, 2.0)
