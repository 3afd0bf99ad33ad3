"""The models of a configuration: made of its settings, asked by the thread that follows logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from agent.config.models import Model as Settings
from agent.config.settings import Config
from agent.logs.limits import MINUTE
from agent.logs.measures import Windows, of_info
from agent.logs.models.model import Model, Plan, Said, below
from agent.logs.models.outcomes import Limits
from agent.logs.models.reference import Settings as Reference
from agent.logs.models.samples import Settings as Samples
from agent.stats.baseline import LARGEST, Baseline, BaselineError, decoded
from agent.stats.window import merge_into
from collectors.logs.redact import Redactor
from collectors.tally import Tally

ROOM = "model"
"""Under which the states of models are stored, beside the positions of logs."""


class Made(NamedTuple):
    """What became of all models since they were asked last: windows by their start (s since 1970), what
    happened, and what is to be stored with both."""

    minutes: Mapping[float, Windows]
    said: tuple[Said, ...]
    states: Mapping[str, bytes | None]


class Models:
    """All models.

    Args:
        config: names them, and their logs.
        stored: what was stored in an earlier life, by name, among other things.
        now: s since 1970.
        say: is told once of each baseline that cannot be used.
        tally: counts under `outrider.models.*`.
    """

    def __init__(
        self,
        config: Config,
        stored: Mapping[str, bytes],
        now: float,
        say: Callable[[str], object],
        tally: Tally,
    ) -> None:
        self._tally = tally
        self._models = {
            settings.name: Model(_plan(config, settings, say), below(f"{ROOM}/{settings.name}/", stored), now)
            for settings in config.model
        }
        self._of = {log: settings.name for settings in config.model for log in settings.logs}
        self._known = [
            of_info((("model.name", settings.name),), settings.logs, settings.process)
            for settings in config.model
        ]
        own = {settings.name for settings in config.model}
        self._stale = [
            name for name in stored if name.startswith(f"{ROOM}/") and name.split("/")[1] not in own
        ]

    def of(self, log: str) -> Model | None:
        """The model that a log tells of, None where it is none's."""
        name = self._of.get(log)
        return None if name is None else self._models[name]

    def summed_up(self, now: float) -> Made:
        """All that was made of records until now."""
        minutes: dict[float, Windows] = {}
        said: list[Said] = []
        states: dict[str, bytes | None] = dict.fromkeys(self._stale)
        self._stale = []
        for name, model in self._models.items():
            made = model.flush(now)
            for minute, windows in made.minutes.items():
                merge_into(minutes.setdefault(minute * MINUTE, {}), windows)
            said += made.events
            states |= {f"{ROOM}/{name}/{key}": state for key, state in model.changes(now).items()}
            self._tally.set("outrider.models.refused", model.refused, **{"model.name": name})
        for known in self._known:
            merge_into(minutes.setdefault(now // MINUTE * MINUTE, {}), known)
        return Made(minutes, tuple(said), states)


def _plan(config: Config, settings: Settings, say: Callable[[str], object]) -> Plan:
    kept = settings.samples
    redactor = Redactor(config.redact.patterns, config.redact.allow)
    return Plan(
        settings.name,
        Limits(settings.classes, settings.label_most, settings.label_wait),
        Reference(settings.learn, settings.drift_window),
        settings.ranges,
        settings.constant,
        baseline_of(settings, say),
        Samples(kept.strata, kept.each, kept.errors, kept.edges, round(kept.budget.a_day))
        if kept.enabled
        else None,
        redactor.text,
    )


def baseline_of(settings: Settings, say: Callable[[str], object]) -> Baseline | None:
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
