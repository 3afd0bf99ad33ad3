"""The baseline that a model's settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from agent.config.models import Model
from agent.stats.baseline import LARGEST, Baseline, BaselineError, decoded
from collectors.aside import Aside

PATIENCE = 3.0
"""Seconds that a disk may take."""


def baseline_of(settings: Model, say: Callable[[str], object]) -> Baseline | None:
    """The baseline that a model's settings name; None, and the reason said, where it cannot be used."""
    if not settings.baseline:
        return None
    disk: Aside[bytes] = Aside("its disk", PATIENCE, monotonic)
    try:
        found = decoded(disk(lambda: _read(Path(settings.baseline))))
    except (OSError, BaselineError) as error:
        say(f"model {settings.name}: the baseline {settings.baseline} cannot be used: {error}")
        return None
    finally:
        disk.close()
    if found.model not in ("", settings.name):
        say(f"model {settings.name}: the baseline {settings.baseline} is of the model {found.model}")
        return None
    return found


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
