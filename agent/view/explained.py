"""Why a feature drifts: its baseline and what it was lately, on one device or on all of a fleet; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from agent.logs.measures import NAME, added
from agent.logs.measures import known as known_by
from agent.logs.verdicts import UNKNOWN, Comparison, compared, of_fleet
from agent.stats.baseline import Feature
from agent.stats.drift import DEFAULT, Bounds
from agent.stats.frame import Event
from agent.view.inputs import since
from agent.view.joined import (
    Held,
    Measured,
    Part,
    drifts_of,
    known_of,
    measured,
    of_version,
    parts_of,
    told_baseline,
    totals,
)
from agent.view.rows import Window
from collectors.api import Attributes, Series

SAMPLES = 5


class Told(NamedTuple):
    """What a device has told: all windows that are kept, those lately, events and samples; its name in a
    fleet, "" of one alone."""

    device: str
    kept: Held
    lately: Held
    events: Sequence[Event] = ()
    samples: Sequence[Event] = ()


class Explained(NamedTuple):
    """A feature of the newest version of a model.

    Args:
        start, end: of what is compared with the baseline, wall s; equal where there is nothing.
        since: since when it drifts (wall s), None where it does not, or nobody told yet.
        parts: versions and slices of the model.
        samples: records since then, the newest.
        devices: of a fleet, whether it drifts on each by itself.
    """

    model: str
    version: str
    feature: str
    comparison: Comparison
    start: float
    end: float
    since: float | None
    parts: tuple[Part, ...]
    samples: tuple[Event, ...]
    devices: Mapping[str, bool | None]


def features(told: Iterable[Told]) -> dict[str, set[str]]:
    """By model, the features that any device tells of."""
    found: dict[str, set[str]] = {}
    for each in told:
        for name in {dict(series.attributes).get(NAME, "") for series in each.kept} - {""}:
            own = measured(name, each.kept)
            known = chain(known_of(own.values()).features, told_baseline(own))
            found.setdefault(name, set()).update(known)
    return {name: those for name, those in found.items() if those}


def explained(told: Sequence[Told], model: str, feature: str) -> Explained:
    """What became of it: of several devices as of all of their values."""
    own = [measured(model, each.kept) for each in told]
    parts = parts_of(added_up(own))
    version = max(parts, key=lambda part: (part.last, part.first)).version if parts else ""
    current = [of_version(each, version) for each in own]
    lately = [of_version(measured(model, each.lately), version) for each in told]
    baselines = [told_baseline(each) for each in current]
    reference = of_fleet([each[feature] for each in baselines if feature in each])
    bounds = DEFAULT.shared(len(set().union(*baselines)))
    windows = known_by(added(map(totals, chain.from_iterable(each.values() for each in lately))))
    seen = next(iter(windows.values()), None)
    comparison = compared(reference, seen.features.get(feature) if seen is not None else None, bounds)
    ends = [
        window
        for part in chain.from_iterable(each.values() for each in lately)
        for series, held in part.items()
        if dict(series.attributes).get("feature") == feature
        for window in (held[0], held[-1])
    ]
    begun = _since(told, current, feature, version) if comparison.verdict.drifted else None
    return Explained(
        model,
        version,
        feature,
        comparison,
        min((each.start for each in ends), default=0.0),
        max((each.end for each in ends), default=0.0),
        begun,
        parts,
        _samples(told, model, begun),
        {
            each.device: _alone(reference, part, feature, bounds).verdict.drifted
            for each, part in zip(told, lately, strict=True)
            if part and each.device
        },
    )


def _alone(reference: Feature | None, part: Measured, feature: str, bounds: Bounds) -> Comparison:
    return (
        compared(reference, known_of(part.values()).features.get(feature), bounds)
        if part
        else Comparison(None, None, UNKNOWN)
    )


def added_up(own: Sequence[Measured]) -> Measured:
    """What several devices measured, their windows one after another."""
    found: dict[Attributes, dict[Series, list[Window]]] = {}
    for each in own:
        for model, part in each.items():
            for series, windows in part.items():
                found.setdefault(model, {}).setdefault(series, []).extend(windows)
    return {
        model: {series: sorted(windows, key=lambda window: window.start) for series, windows in part.items()}
        for model, part in found.items()
    }


def _since(told: Sequence[Told], current: Sequence[Measured], feature: str, version: str) -> float | None:
    """The first of the devices on which it drifts."""
    found = []
    for each, part in zip(told, current, strict=True):
        model = {dict(one).get(NAME) for one in part}
        mine = [event for event in each.events if dict(event.attributes).get(NAME) in model]
        begun = since(drifts_of(part), mine, feature, version)
        found += [begun] if begun is not None else []
    return min(found, default=None)


def _samples(told: Sequence[Told], model: str, begun: float | None) -> tuple[Event, ...]:
    found = [
        event
        for each in told
        for event in each.samples
        if dict(event.attributes).get(NAME) == model and (begun is None or event.wall >= begun)
    ]
    return tuple(sorted(found, key=lambda event: -event.wall)[:SAMPLES])
