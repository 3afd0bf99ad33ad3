"""A model as its settings want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.config.models import Model as Settings
from agent.config.settings import Config
from agent.given import baseline_of
from agent.logs.measures import of_info
from agent.logs.models.model import Model, Plan
from agent.logs.models.outcomes import Limits
from agent.logs.models.reference import Settings as Reference
from agent.logs.models.samples import Settings as Samples
from agent.logs.windows import Windows
from collectors.logs.redact import Redactor

WRITTEN = 1 / 4
"""The share of `store.write_budget` that rows which wait for labels may take, of all models together."""


def model_of(
    settings: Settings,
    config: Config,
    stored: Mapping[str, bytes],
    now: float,
    say: Callable[[str], object],
) -> Model:
    """A model of the configuration, at `now` (s since 1970), with what was stored of it in an earlier life,
    by name; `say` is told of a baseline that cannot be used."""
    return Model(_plan(settings, config, say), stored, now)


def known(settings: Settings) -> Windows:
    """What the settings themselves tell of it."""
    return of_info((("model.name", settings.name),), settings.logs, settings.process)


def _plan(settings: Settings, config: Config, say: Callable[[str], object]) -> Plan:
    kept = settings.samples
    redactor = Redactor(config.redact.patterns, config.redact.allow)
    written = WRITTEN * config.store.write_budget.a_day / max(len(config.model), 1)
    return Plan(
        settings.name,
        Limits(settings.classes, settings.label_most, settings.label_wait, written),
        Reference(settings.learn, settings.drift_window),
        settings.ranges,
        settings.constant,
        baseline_of(settings, say),
        Samples(kept.strata, kept.each, kept.errors, kept.edges, round(kept.budget.a_day))
        if kept.enabled
        else None,
        redactor.text,
    )
