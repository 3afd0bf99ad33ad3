from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.service import unit
from agent.service.places import Places
from agent.service.unit import Answer

RUNS = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "ActiveEnterTimestamp": "Thu 2026-11-26 10:52:17 UTC",
    "NRestarts": "2",
    "Result": "success",
    "StatusText": "outrider 1.2.3: dut of fleet default",
    "MemoryCurrent": "36175872",
    "MemoryMax": "134217728",
    "CPUUsageNSec": "1500000000",
    "NeedDaemonReload": "no",
}
SECURITY = "\n→ Overall exposure level for outrider.service: 1.2 OK 🙂\n"
DEAD = {**RUNS, "ActiveState": "failed", "SubState": "failed", "Result": "exit-code", "StatusText": ""}


def told(argv: Sequence[str]) -> Answer:
    """Recorded answers of systemd 252."""
    return {
        "systemctl": Answer(0, "".join(f"{key}={value}\n" for key, value in RUNS.items())),
        "systemd-analyze": Answer(0, SECURITY),
        "journalctl": Answer(0, "2026-11-26T10:50:01+0000 dut outrider[9]: store: full\n"),
    }[argv[0]]


def installed(root: Path, version: str) -> Places:
    """Places where that version is installed."""
    places = Places(root)
    site = places.prefix / "lib/python3.11/site-packages"
    (site / "agent").mkdir(parents=True)
    (site / f"outrider-{version}.dist-info").mkdir()
    return places


def test_the_whole_state_in_lines(tmp_path: Path) -> None:
    places = installed(tmp_path, "1.2.3")
    places.drop_ins.mkdir(parents=True)
    (places.drop_ins / "allow-logs.conf").touch()
    assert unit.lines(places, unit.show(told), told) == [
        "service     active (running) since Thu 2026-11-26 10:52:17 UTC, restarted 2 times, enabled",
        "says        outrider 1.2.3: dut of fleet default",
        "version     1.2.3 installed, 1.2.3 running",
        "memory      34.5 MiB of at most 128 MiB",
        "processor   1.50 s in all",
        "exposure    1.2 OK",
        "allowed     logs",
        "last error  2026-11-26T10:50:01+0000 dut outrider[9]: store: full",
    ]


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (RUNS, 0),
        ({**RUNS, "ActiveState": "reloading"}, 0),
        (DEAD, 3),
        ({"LoadState": "not-found"}, 4),
        ({}, 4),
    ],
)
def test_the_exit_code_is_that_of_systemctl(shown: dict[str, str], code: int) -> None:
    assert unit.exit_code(shown) == code


def test_one_that_is_not_installed_says_how_to(tmp_path: Path) -> None:
    assert unit.lines(Places(tmp_path), {}) == [
        "outrider.service is not installed; `sudo outrider service install` does it"
    ]


def test_a_dead_one_says_why_and_that_nothing_runs(tmp_path: Path) -> None:
    assert "failed (failed)" in unit.activity(DEAD)
    assert "result exit-code" in unit.activity(DEAD)
    assert unit.versions(installed(tmp_path, "2.0"), DEAD) == "2.0 installed, none running"


def test_an_older_one_that_still_runs_is_told_apart(tmp_path: Path) -> None:
    said = unit.versions(installed(tmp_path, "2.0"), RUNS)
    assert said.startswith("2.0 installed, 1.2.3 running; `systemctl restart outrider`")
    silent = unit.versions(Places(tmp_path / "none"), {**RUNS, "StatusText": "something else"})
    assert silent.startswith("none installed, unknown running")


@pytest.mark.parametrize("nothing", ["", "[not set]", "18446744073709551615", "infinity"])
def test_a_number_that_systemd_does_not_have_is_not_shown_as_one(nothing: str) -> None:
    assert unit.memory({**RUNS, "MemoryCurrent": nothing}).startswith("not known")
    assert unit.processor({**RUNS, "CPUUsageNSec": nothing}).startswith("not known")
    assert unit.memory({**RUNS, "MemoryMax": nothing}) == "34.5 MiB"


def test_what_cannot_be_asked_is_said_in_its_place() -> None:
    assert (
        unit.exposure(Answer(127, "there is no systemd-analyze")) == "not known: there is no systemd-analyze"
    )
    assert unit.last_error(Answer(1, "No permission")) == "not known: No permission"
    assert unit.last_error(Answer(0, "")).startswith("none ")


def test_a_command_that_is_missing_or_fails_is_an_answer_too() -> None:
    assert unit.ask(["no-such-program"]) == Answer(127, "there is no no-such-program")
    assert unit.ask(["sh", "-c", "echo no >&2; exit 5"]) == Answer(5, "no\n")
    assert shutil.which("true")
    assert unit.ask(["true"]) == Answer(0, "")
