"""The baseline that a model's settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.config.models import Model
from agent.stats.baseline import LARGEST, Baseline, BaselineError, decoded


def baseline_of(settings: Model, say: Callable[[str], object]) -> Baseline | None:
    """The baseline that a model's settings name; None, and the reason said, where it cannot be used."""
    if not settings.baseline:
        return None
    try:
        with Path(settings.baseline).open("rb") as file:
            found = decoded(file.read(LARGEST + 1))
    except (OSError, BaselineError) as error:
        say(f"model {settings.name}: the baseline {settings.baseline} cannot be used: {error}")
        return None
    if found.model not in ("", settings.name):
        say(f"model {settings.name}: the baseline {settings.baseline} is of the model {found.model}")
        return None
    return found
