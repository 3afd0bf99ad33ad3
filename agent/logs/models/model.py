"""One model over all of its logs: what is made of its records, and what is to be stored with that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from agent.logs import measures
from agent.logs.models.inputs import Found, Inputs
from agent.logs.models.outcomes import Limits, Outcomes
from agent.logs.models.reference import Settings
from agent.logs.models.rows import Rows
from agent.logs.models.samples import Kept, Samples
from agent.logs.models.samples import Settings as Sampled
from agent.logs.stored import below
from agent.logs.windows import Windows
from agent.stats.baseline import Baseline
from agent.stats.drift import Verdict
from agent.stats.histogram import Histogram
from agent.stats.window import merge_into
from collectors.api import Attributes

OUTCOMES, REFERENCE, SAMPLES = "outcomes", "reference", "samples"
LONGEST = 1024


class Plan(NamedTuple):
    """What is to be made of a model's records.

    Args:
        name: what it is called.
        outcomes: bounds of joining.
        reference: of its baseline and drift.
        ranges: where the values of a feature must lie.
        constant: s after which an unchanged value is told of.
        baseline: that was given.
        samples: what is kept of whole records; None: nothing.
        clean: takes out of a record what may not be kept.
    """

    name: str
    outcomes: Limits = Limits()
    reference: Settings = Settings()
    ranges: Mapping[str, tuple[float, float]] = {}
    constant: float = 3600.0
    baseline: Baseline | None = None
    samples: Sampled | None = None
    clean: Callable[[str], str] = str


class Said(NamedTuple):
    """Something that happened once: its stream, and an event's name, text and attributes."""

    stream: str
    name: str
    text: str
    attributes: Attributes


class Made(NamedTuple):
    """What became of the records since the last flush: windows by minute, and what happened."""

    minutes: Mapping[int, Windows]
    events: tuple[Said, ...]


class Model:
    """Quality, inputs and drift of one model.

    Args:
        plan: what is made.
        stored: what `changes` gave in an earlier life.
    """

    def __init__(self, plan: Plan, stored: Mapping[str, bytes], now: float) -> None:
        own = (("model.name", plan.name),)
        self.name = plan.name
        center = _center(plan.baseline)
        self._outcomes = Outcomes(own, plan.outcomes, center, below(f"{OUTCOMES}/", stored))
        self._inputs = Inputs(
            plan.name,
            plan.reference,
            plan.ranges,
            plan.constant,
            plan.baseline,
            below(f"{REFERENCE}/", stored),
        )
        self._samples = (
            None
            if plan.samples is None
            else Samples(plan.samples, plan.ranges, plan.clean, now, stored=stored.get(SAMPLES))
        )
        self._faults = [self._outcomes.fault] if self._outcomes.fault else []
        self._unsaved = False

    def take(self, rows: Rows, now: float) -> None:
        """Count records that were read at `now`, s since 1970."""
        self._outcomes.take(rows, now)
        self._inputs.take(rows, now)
        if self._samples is not None:
            self._samples.take(rows)

    def flush(self, now: float) -> Made:
        """The windows of all records since the last flush, and what happened."""
        minutes = self._outcomes.flush(now)
        of_inputs, found = self._inputs.flush(now)
        for minute, windows in of_inputs.items():
            merge_into(minutes.setdefault(minute, {}), windows)
        events = [*self._versions(), *(said for each in found for said in _told(each)), *self._sampled(now)]
        for each in found:
            if each.turn.told:
                minutes.setdefault(int(now // 60), {}).update(
                    measures.of_baseline(each.model, each.turn.told)
                )
        faults, self._faults = [*self._faults, *self._inputs.faults], []
        self._inputs.faults = []
        events += [Said("events", "model.fault", text, (("model.name", self.name),)) for text in faults]
        return Made(minutes, tuple(events))

    def changes(self, now: float) -> dict[str, bytes | None]:
        """What is to be stored with the windows of `flush`, by name; None: it is to be forgotten."""
        own = {f"{OUTCOMES}/{name}": state for name, state in self._outcomes.changes(now).items()}
        before, self._unsaved = self._unsaved, self.unsaved > 0
        if self._unsaved and not before:
            self._faults.append(
                "what waits for labels takes more than its share of store.write_budget: until there is room, "
                "a crash or a restart forgets it"
            )
        own |= {f"{REFERENCE}/{name}": state for name, state in self._inputs.changes(now).items()}
        spent = None if self._samples is None else self._samples.changes()
        return own if spent is None else own | {SAMPLES: spent}

    @property
    def unsaved(self) -> int:
        """Rows that wait for labels and that a crash would forget."""
        return self._outcomes.unsaved

    @property
    def refused(self) -> int:
        """Rows, features and versions beyond a bound, and pairs without a usable number."""
        references = sum(reference.refused for _, reference in self._inputs.references())
        return self._outcomes.refused + self._inputs.refused + references

    @property
    def left_out(self) -> int:
        """Samples that the budget of the day had no room for."""
        return 0 if self._samples is None else self._samples.left_out

    def _sampled(self, now: float) -> Iterator[Said]:
        for sample in self._samples.flush(now) if self._samples is not None else ():
            kept: Kept = sample.record
            why = (
                ("weight", f"{sample.weight:.6g}"),
                ("stratum", sample.stratum),
                *((("edge", sample.edge),) if sample.edge else ()),
            )
            yield Said("samples", measures.SAMPLE, kept.text, (*kept.attributes, *why))

    def _versions(self) -> list[Said]:
        fresh, self._inputs.fresh = self._inputs.fresh, []
        said = []
        for owner in fresh:
            version = dict(owner).get("model.version", "")
            text = f"model {self.name} is seen in version {version or '(it tells none)'} for the first time"
            said.append(Said("events", "model.version", text, owner))
        return said


def _told(found: Found) -> list[Said]:
    """Events of drifts that begin or end, with their evidence, and of a baseline that is frozen."""
    said = []
    if found.turn.frozen is not None:
        count = len(found.turn.frozen.features)
        said.append(
            Said("events", "model.baseline", f"{count} features are the baseline from now on", found.model)
        )
    for name in found.turn.turned:
        verdict = found.turn.verdicts[name]
        worst = verdict.worst
        if worst is not None:
            evidence = (
                ("feature", name),
                ("test", worst.test),
                ("score", f"{worst.score:.4g}"),
                ("threshold", f"{worst.threshold:.4g}"),
                ("n", str(verdict.window)),
                ("drifted", "true" if verdict.drifted else "false"),
            )
            said.append(Said("events", "model.drift", _words(name, verdict), (*found.model, *evidence)))
    return said


def _words(name: str, verdict: Verdict) -> str:
    worst = verdict.worst
    if worst is None:
        return name
    what = "has drifted" if verdict.drifted else "is as it was again"
    return (
        f"{name} {what}: {worst.test} {worst.score:.3g}, threshold {worst.threshold:.3g}, "
        f"{verdict.window} values against {verdict.reference}"
    )[:LONGEST]


def _center(baseline: Baseline | None) -> float:
    """Near the true numbers of a regression: where the baseline's predictions lie."""
    known = baseline.features.get("prediction") if baseline is not None else None
    return known.standard.center if known is not None and isinstance(known.values, Histogram) else 0.0
