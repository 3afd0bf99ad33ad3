from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import Faults, load
from agent.config.recording import Recorder


def loaded(tmp_path: Path, text: str) -> Recorder:
    file = tmp_path / "outrider.toml"
    file.write_text(f"[recorder]\n{text}\n")
    return load([str(file)]).recorder


def test_alerts_are_captured_unless_it_is_switched_off(tmp_path: Path) -> None:
    found = loaded(tmp_path, "")
    assert (found.enabled, found.before, found.after, found.severity) == (True, 120.0, 60.0, "warning")
    assert not loaded(tmp_path, "enabled = false").enabled


def test_settings_are_taken_in_their_units(tmp_path: Path) -> None:
    text = 'before = "30s"\nafter = 5\ncooldown = "1d"\nmax_size = "64 KiB"\nmetrics = ["hw.*"]\nper_day = 2'
    found = loaded(tmp_path, text)
    assert found[1:] == (30.0, 5.0, "warning", 86_400.0, 2, 65_536, ("hw.*",))


@pytest.mark.parametrize(
    "text",
    [
        'before = "2h"',
        'severity = "bad"',
        "per_day = 1000",
        'max_size = "2 MiB"',
        "metrics = [1]",
        "older = 1",
    ],
)
def test_what_is_out_of_bounds_is_a_fault(tmp_path: Path, text: str) -> None:
    with pytest.raises(Faults, match="recorder"):
        loaded(tmp_path, text)
