"""Whole records of a model, few of many, with the number that each stands for: redacted, and bounded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.logs.models.rows import Classes, Rows
from agent.stats.bins import Floats, Ints, distinct
from agent.stats.feature import MISSING
from agent.stats.reservoir import Sample, Sampled, halved, samples
from agent.stats.sampling import Sampling
from agent.stats.sliding import Sliding
from collectors.api import Attributes
from collectors.logs.formats.classes import folded

HOUR, DAY = 3600.0, 86_400.0
STRATA = 32
"""Kinds of which each has its share; further ones are one."""
LONGEST = 2048
"""Characters of a record."""
FAILED = "failed"
SLOWEST, LEAST_CONFIDENT, OUTSIDE, UNSEEN = "slowest", "least_confident", "out_of_range", "unseen"
EDGES = (SLOWEST, LEAST_CONFIDENT, OUTSIDE, UNSEEN)


class Settings(NamedTuple):
    """What is kept in an hour.

    Args:
        by: of what each kind has its share: prediction, label, version, status or none.
        each: records of each kind; failed requests are one of their own.
        errors: failed requests.
        edges: of each edge.
        a_day: bytes of all records in 24 hours.
    """

    by: str = "prediction"
    each: int = 4
    errors: int = 8
    edges: int = 2
    a_day: int = 1_000_000


class Kept(NamedTuple):
    """A record: its text, redacted, and what is known of it."""

    text: str
    attributes: Attributes


class Samples:
    """The samples of one model, an hour at a time.

    What an hour kept is in memory until it is over: a crash loses it, and no count. What is spent of the
    day's budget outlives it.

    Args:
        settings: how many.
        ranges: where values of a feature must lie.
        clean: takes out of a record what may not be kept.
        now: s since 1970.
        random: where chance comes from.
        stored: what `changes` gave in an earlier life.
    """

    def __init__(
        self,
        settings: Settings,
        ranges: Mapping[str, tuple[float, float]],
        clean: Callable[[str], str],
        now: float,
        random: np.random.Generator | None = None,
        stored: bytes | None = None,
    ) -> None:
        self._settings, self._ranges, self._clean = settings, ranges, clean
        self._sampling = Sampling(
            random or np.random.default_rng(),
            settings.each,
            STRATA,
            {FAILED: settings.errors},
            dict.fromkeys(EDGES, settings.edges),
        )
        self._hour, self._at = now // HOUR, now
        self._spent, self._changed = _spent(stored, now), False
        self._known: dict[str, set[str]] = {}
        self.left_out = 0
        """Records that were left out for want of budget."""

    def take(self, rows: Rows) -> None:
        """Sample from further rows; a line that only tells a label is none."""
        mine = np.flatnonzero(self._whole(rows))
        if not len(mine):
            return
        strata, names = self._strata(rows)
        scores = {name: column[mine] for name, column in self._scores(rows).items()}

        def record(row: int) -> Kept:
            at = int(mine[row])
            text = self._clean(rows.line(at).decode("utf-8", "replace"))[:LONGEST]
            return Kept(text, rows.attributes[int(rows.groups[at])])

        self._sampling.take(strata[mine], names, scores, record)

    def _whole(self, rows: Rows) -> NDArray[np.bool_]:
        """Which rows are records of a request."""
        found: NDArray[np.bool_] = rows.failed.copy()
        if rows.predictions is not None:
            found |= rows.predictions.numbers != 0
        for column in (rows.predicted, rows.confidence, rows.latency):
            if column is not None:
                found |= ~np.isnan(column)
        for number in rows.numbers:
            found |= number.codes != MISSING
        return found

    def _strata(self, rows: Rows) -> tuple[Ints, list[str]]:
        """The number of each row's kind, and their names; failed ones are the first."""
        numbers, names = self._kinds(rows)
        found: Ints = np.where(rows.failed, 0, numbers + 1)
        return found, [FAILED, *names]

    def _kinds(self, rows: Rows) -> tuple[Ints, list[str]]:
        by = self._settings.by
        classes: Classes | None = {"prediction": rows.predictions, "label": rows.labels}.get(by)
        if classes is not None:
            return folded(classes.numbers), [name or "none" for name in classes.names]
        key = {"version": "model.version"}.get(by)
        if key is None:
            return np.zeros(rows.size, np.int64), ["all"]
        told = [dict(each).get(key, "none") for each in rows.attributes]
        names = list(dict.fromkeys(told))
        table = np.array([names.index(name) for name in told] or [0], np.int64)
        return table[rows.groups], names or ["none"]

    def _scores(self, rows: Rows) -> dict[str, Floats]:
        """How far each row is at each edge; NaN where not at all."""
        found: dict[str, Floats] = {}
        if rows.latency is not None:
            found[SLOWEST] = rows.latency
        if rows.confidence is not None:
            found[LEAST_CONFIDENT] = -rows.confidence
        outside = self._outside(rows)
        if outside is not None:
            found[OUTSIDE] = outside
        unseen = self._unseen(rows)
        if unseen is not None:
            found[UNSEEN] = unseen
        return found

    def _outside(self, rows: Rows) -> Floats | None:
        """By how much of its range a row's worst value lies outside it."""
        worst: Floats | None = None
        for number in rows.numbers:
            if number.name in self._ranges:
                low, high = self._ranges[number.name]
                beyond = np.maximum(low - number.values, number.values - high)
                width = high - low if np.isfinite(high - low) and high > low else 1.0
                score = np.where(beyond > 0, beyond / width, np.nan)
                worst = score if worst is None else np.fmax(worst, score)
        return worst

    def _unseen(self, rows: Rows) -> Floats | None:
        """The first rows with a class or category that this hour's model had never said or been given."""
        columns = [(each.name, each.classes) for each in rows.categories]
        if rows.predictions is not None:
            columns.append(("", rows.predictions))
        found: Floats | None = None
        for name, classes in columns:
            first = name not in self._known
            known = self._known.setdefault(name, set())
            numbers = folded(classes.numbers)
            fresh = [at for at in distinct(numbers).tolist() if at and classes.names[at] not in known]
            known.update(classes.names[at] for at in fresh[: max(0, 1024 - len(known))])
            if fresh and not first:
                score = np.where(np.isin(numbers, fresh), 1.0, np.nan)
                found = score if found is None else np.fmax(found, score)
        return found

    def flush(self, now: float) -> list[Sample]:
        """The samples of an hour that is over at `now`, as far as there is budget; else nothing."""
        self._spent, self._at = self._spent.after(max(0.0, now - self._at)), now
        if now // HOUR == self._hour:
            return []
        self._hour = now // HOUR
        sampled = self._sampling.flush()
        while _size(sampled) > self._settings.a_day - self._spent.total:
            smaller = halved(sampled, [*sampled.strata, *sampled.edges])
            if _count(smaller) == _count(sampled):
                self.left_out += _count(sampled)
                return []
            self.left_out += _count(sampled) - _count(smaller)
            sampled = smaller
        self._spent, self._changed = self._spent.plus(_size(sampled)), True
        return list(samples(sampled))

    def changes(self) -> bytes | None:
        """What is to be stored with the samples of `flush`; None: what was stored still holds."""
        changed, self._changed = self._changed, False
        return json.dumps([self._at, self._spent.saved()]).encode() if changed else None


def _spent(stored: bytes | None, now: float) -> Sliding:
    """What an earlier life took of the budget, as of now."""
    if stored is None:
        return Sliding(DAY)
    try:
        at, saved = json.loads(stored)
        spent = Sliding.load(saved).over(DAY)
        return spent.after(max(0.0, now - float(at)))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return Sliding(DAY)


def _kept(sampled: Sampled) -> Iterator[Kept]:
    for sample in samples(sampled):
        yield sample.record


def _size(sampled: Sampled) -> int:
    """Bytes of all records."""
    return sum(len(kept.text.encode("utf-8", "replace")) + 64 for kept in _kept(sampled))


def _count(sampled: Sampled) -> int:
    return sum(1 for _ in _kept(sampled))
