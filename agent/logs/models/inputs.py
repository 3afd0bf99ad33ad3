"""What a model is given, and says: its features by column, what is wrong with them, and their drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.logs import measures
from agent.logs.limits import MINUTE
from agent.logs.models.reference import GIVEN, Reference, Settings, Turn
from agent.logs.models.rows import Categories, Classes, Numbers, Rows
from agent.logs.windows import Windows, grown
from agent.stats.baseline import Baseline, BaselineError, Feature
from agent.stats.bins import Floats, Ints, distinct
from agent.stats.bins import Rows as Cells
from agent.stats.distinct import Distinct, of_columns, of_texts
from agent.stats.feature import FINE, MISSING, PAIRS, Codes, Run, prolonged
from agent.stats.feature import Inputs as Sorted
from agent.stats.feature import Numbers as Summed
from agent.stats.histogram import Histogram
from agent.stats.standard import Standard
from agent.stats.window import Gauge, merge_into
from collectors.api import Attributes
from collectors.logs.formats.classes import folded

HOUR = 3600.0
KEYS = ("log.name", "model.name", "model.version")
"""What tells inputs apart: not slices, for each has all features."""
VERSIONS = 8
"""Models and versions whose inputs are followed at a time; further ones are counted in `refused`."""
PILOT = 50
"""Numbers of a feature that tell its standard, where there is no baseline."""
HELD = 4096
"""Rows that are held back for it at most."""
TOGETHER = 16
"""Sets of numbers that are summed up apart; more are handed over before the flush."""
TOLD = "/told"
"""Behind the name of a stored reference: how many of its features were told."""
PREDICTION, CONFIDENCE = "prediction", "confidence"
"""What a model says is looked at as what it is given is, by these names."""


class Found(NamedTuple):
    """What is told beside the windows: of which model and version, and what turned."""

    model: Attributes
    turn: Turn


class _Version:
    """All that is known of the inputs of one model in one version."""

    def __init__(self, reference: Reference, now: float) -> None:
        self.reference = reference
        self.runs: dict[str, Run | None] = {}
        self.distinct: dict[str, Distinct] = {}
        self.hour = now // HOUR
        self.summed: dict[tuple[tuple[str, Standard], ...], Summed] = {}
        """Of numbers with their standards that come together, by minute, since they were handed over."""
        self.held: dict[str, list[tuple[Ints, Floats, Codes]]] = {}


class Inputs:
    """The inputs of one model, over all of its versions.

    Args:
        name: what it is called.
        settings: of its reference.
        ranges: where values of a feature must lie.
        constant: s after which an unchanged value is told of.
        given: a baseline, for the version that it names, or for all if it names none.
        stored: what `changes` gave in an earlier life.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        ranges: Mapping[str, tuple[float, float]],
        constant: float,
        given: Baseline | None = None,
        stored: Mapping[str, bytes] | None = None,
    ) -> None:
        self._name, self._settings, self._given = name, settings, given
        self._ranges, self._constant = ranges, constant
        self._stored = dict(stored or {})
        self._versions: dict[Attributes, _Version] = {}
        self._minutes: dict[int, Windows] = {}
        self.fresh: list[Attributes] = []
        """Models and versions that were not seen before, until they are told."""
        self.refused = 0
        self.faults: list[str] = []

    def take(self, rows: Rows, now: float) -> None:
        """Count inputs of records that were read at `now`."""
        owners = [tuple(pair for pair in each if pair[0] in KEYS) for each in rows.attributes]
        numbers = {owner: number for number, owner in enumerate(dict.fromkeys(owners))}
        table = np.array([numbers[owner] for owner in owners] or [0], np.int64)
        own = table[rows.groups]
        given, says = _given(rows), _says(rows)
        for owner, number in numbers.items():
            mine = own == number
            inputs, outputs = np.flatnonzero(mine & given), np.flatnonzero(mine & says)
            version = self._version(owner, now) if len(inputs) or len(outputs) else None
            if version is None:
                continue
            if len(inputs):
                self._inputs(owner, version, rows, inputs)
            if len(outputs):
                self._outputs(owner, version, rows, outputs)

    def _version(self, owner: Attributes, now: float) -> _Version | None:
        found = self._versions.get(owner)
        if found is not None:
            return found
        if len(self._versions) >= VERSIONS:
            self.refused += 1
            return None
        version = dict(owner).get("model.version", "")
        found = self._versions[owner] = _Version(self._reference(owner, version, now), now)
        return found

    def _reference(self, owner: Attributes, version: str, now: float) -> Reference:
        given = self._given if self._given is not None and self._given.version in ("", version) else None
        stored, told = (self._stored.pop(f"{key_of(owner)}{part}", None) for part in ("", TOLD))
        count = int(told) if told is not None and told.isdigit() else 0
        if stored is None:
            self.fresh.append(owner)
        elif given is None and not stored.startswith(GIVEN):
            try:
                return Reference.restored(self._settings, stored, now, count)
            except BaselineError as error:
                self.faults.append(f"the stored baseline of {self._name} cannot be read: {error}")
        return Reference(self._settings, self._name, version, now, given, stored or b"", count)

    def _inputs(self, owner: Attributes, version: _Version, rows: Rows, mine: Ints) -> None:
        minutes, times = (rows.times[mine] // MINUTE).astype(np.int64), rows.times[mine]
        least = int(minutes.min())
        cells = Sorted(minutes - least)
        self._numbers(owner, version, rows.numbers, mine, minutes, times)
        for category in rows.categories:
            self._categories(owner, version, category, mine, cells, least, times)
        self._together(owner, rows, mine, cells, least)

    def _numbers(
        self,
        owner: Attributes,
        version: _Version,
        numbers: Sequence[Numbers],
        mine: Ints,
        minutes: Ints,
        times: Floats,
    ) -> None:
        which = slice(None) if numbers and len(mine) == len(numbers[0].values) else mine
        ready: list[tuple[Numbers, Standard]] = []
        columns = [number.values[which] for number in numbers]
        for number, values, hashes in zip(numbers, columns, of_columns(columns), strict=True):
            name, codes = number.name, number.codes[which]
            version.runs[name] = prolonged(version.runs.get(name), values, times)
            version.distinct.setdefault(name, Distinct()).add(hashes)
            standard = version.reference.standard(name)
            if standard is not None:
                ready.append((Numbers(name, values, codes), standard))
                continue
            held = version.held.setdefault(name, [])
            held.append((minutes, values, codes))
            if sum(len(each) for each, _, _ in held) >= HELD:
                self._settle(owner, version, name)
        if ready:
            self._sum_up(owner, version, ready, Cells(minutes))

    def _sum_up(
        self, owner: Attributes, version: _Version, ready: Sequence[tuple[Numbers, Standard]], cells: Cells
    ) -> None:
        """Add numbers whose standard is known."""
        key = tuple((number.name, standard) for number, standard in ready)
        summed = version.summed.get(key)
        if summed is None:
            if len(version.summed) >= TOGETHER:
                self._hand_over(owner, version)
            extents = [self._ranges.get(name, (-inf, inf)) for name, _ in key]
            summed = version.summed[key] = Summed([standard for _, standard in key], extents)
        summed.add(cells, [number.values for number, _ in ready], [number.codes for number, _ in ready])

    def _settle(self, owner: Attributes, version: _Version, name: str, least: int = PILOT) -> None:
        """Find the standard of a number in what was held back, if it is enough, and count that."""
        held = version.held[name]
        values = np.concatenate([each for _, each, _ in held])
        if np.count_nonzero(np.isfinite(values)) < least and len(values) < HELD:
            return
        del version.held[name]
        standard = Standard.of(values)
        version.reference.begin(name, standard)
        minutes = np.concatenate([each for each, _, _ in held])
        codes = np.concatenate([each for _, _, each in held])
        self._sum_up(owner, version, [(Numbers(name, values, codes), standard)], Cells(minutes))

    def _hand_over(self, owner: Attributes, version: _Version) -> None:
        """What was made of numbers becomes windows, and is compared."""
        summed, version.summed = version.summed, {}
        for key, numbers in summed.items():
            for (minute, place), window in numbers.windows().items():
                name, standard = key[place]
                own = self._minutes.setdefault(minute, {})
                missing = sum(count for fault, count in window.faults.items() if fault != "range")
                version.reference.add(name, Feature(window.values, standard, missing))
                if isinstance(window.values, Histogram) and window.values.count:
                    merge_into(own, measures.of_numbers(owner, name, standard, window.values))
                merge_into(own, _faults(owner, name, window.faults))

    def _categories(
        self,
        owner: Attributes,
        version: _Version,
        category: Categories,
        mine: Ints,
        cells: Sorted,
        least: int,
        times: Floats,
    ) -> None:
        name, names = category.name, category.classes.names
        numbers = category.classes.numbers[mine]
        there = numbers != 0
        seen = distinct(numbers[there])
        hashes = of_texts(names[at] for at in seen.tolist())
        version.distinct.setdefault(name, Distinct()).add(hashes)
        table = np.full(len(names), np.nan)
        table[seen] = hashes.astype(np.float64)
        version.runs[name] = prolonged(version.runs.get(name), table[numbers], times)
        known = version.reference.categories(name)
        for cell, window in cells.categories(numbers, names, known).items():
            own = self._minutes.setdefault(least + cell, {})
            missing = window.faults.get("missing", 0)
            version.reference.add(name, Feature(window.values, missing=missing))
            merge_into(own, {measures.series(measures.CATEGORIES, owner, name): window.values})
            merge_into(own, _faults(owner, name, window.faults))

    def _together(self, owner: Attributes, rows: Rows, mine: Ints, cells: Sorted, least: int) -> None:
        names = [*(each.name for each in rows.numbers), *(each.name for each in rows.categories)]
        absent = [each.codes[mine] == MISSING for each in rows.numbers]
        absent += [each.classes.numbers[mine] == 0 for each in rows.categories]
        if not any(column.any() for column in absent):
            return
        for cell, top in cells.together(np.column_stack(absent), names, PAIRS).items():
            merge_into(
                self._minutes.setdefault(least + cell, {}), {measures.series(measures.TOGETHER, owner): top}
            )

    def _outputs(self, owner: Attributes, version: _Version, rows: Rows, mine: Ints) -> None:
        """What the model says: rows without it say nothing."""
        if rows.predictions is not None:
            told = mine[rows.predictions.numbers[mine] != 0]
            if len(told):
                minutes = (rows.times[told] // MINUTE).astype(np.int64)
                least = int(minutes.min())
                named = Classes(folded(rows.predictions.numbers), rows.predictions.names)
                category = Categories(PREDICTION, named)
                self._categories(
                    owner, version, category, told, Sorted(minutes - least), least, rows.times[told]
                )
        for name, column in ((CONFIDENCE, rows.confidence), (PREDICTION, rows.predicted)):
            if column is not None:
                told = mine[~np.isnan(column[mine])]
                if len(told):
                    times = rows.times[told]
                    number = Numbers(name, column, np.full(len(column), FINE, np.uint8))
                    minutes = (times // MINUTE).astype(np.int64)
                    self._numbers(owner, version, [number], told, minutes, times)

    def flush(self, now: float) -> tuple[dict[int, Windows], list[Found]]:
        """The windows since the last flush, by minute, and what was found of drift."""
        found = []
        own = self._minutes.setdefault(int(now // MINUTE), {})
        for owner, version in self._versions.items():
            for name in list(version.held):
                self._settle(owner, version, name)
            self._hand_over(owner, version)
            self._unchanged(own, owner, version, now)
            self._told_apart(own, owner, version, now)
            turn = version.reference.turn(now)
            if turn is not None:
                found.append(Found(owner, turn))
                for name, verdict in turn.verdicts.items():
                    for score in verdict.scores:
                        series = measures.series(measures.DRIFT, owner, name, score.test)
                        own[series] = _gauge(score.ratio)
        if not own:
            del self._minutes[int(now // MINUTE)]
        minutes, self._minutes = self._minutes, {}
        return minutes, found

    def _unchanged(self, own: Windows, owner: Attributes, version: _Version, now: float) -> None:
        for name, run in version.runs.items():
            if run is not None and run.count > 1 and now - run.since >= self._constant:
                own[measures.series(measures.CONSTANT, owner, name)] = _gauge(now - run.since)

    def _told_apart(self, own: Windows, owner: Attributes, version: _Version, now: float) -> None:
        """How many different values an hour had, when it is over."""
        if now // HOUR == version.hour:
            return
        version.hour = now // HOUR
        for name, values in version.distinct.items():
            own[measures.series(measures.DISTINCT, owner, name)] = _gauge(float(values.count))
        version.distinct = {}

    def changes(self, now: float) -> dict[str, bytes | None]:
        """What is to be stored with the windows of `flush`, by name."""
        found: dict[str, bytes | None] = {}
        for owner, version in self._versions.items():
            key, reference = key_of(owner), version.reference
            found |= {key: reference.save(now), f"{key}{TOLD}": reference.save_told()}
        return {name: state for name, state in found.items() if state is not None}

    def references(self) -> Iterator[tuple[Attributes, Reference]]:
        """The reference of each model and version."""
        for owner, version in self._versions.items():
            yield owner, version.reference


def _given(rows: Rows) -> NDArray[np.bool_]:
    """Rows that have any feature: a line that tells of something else lacks all of them."""
    found = np.zeros(rows.size, np.bool_)
    for number in rows.numbers:
        found |= number.codes != MISSING
        if found.all():
            return found
    for category in rows.categories:
        found |= category.classes.numbers != 0
    return found


def _says(rows: Rows) -> NDArray[np.bool_]:
    """Rows in which the model says something."""
    found = np.zeros(rows.size, np.bool_)
    if rows.predictions is not None:
        found |= rows.predictions.numbers != 0
    for column in (rows.predicted, rows.confidence):
        if column is not None:
            found |= ~np.isnan(column)
    return found


def key_of(owner: Attributes) -> str:
    """What the reference of a model and version is stored by."""
    parts = dict(owner)
    return f"{parts.get('model.name', '')}@{parts.get('model.version', '')}".replace("/", "_")


def _faults(owner: Attributes, name: str, faults: Mapping[str, int]) -> Windows:
    return {
        measures.series(measures.FAULTS, owner, name, fault): grown(count, count)
        for fault, count in faults.items()
    }


def _gauge(value: float) -> Gauge:
    return Gauge(1, value, value, value, value)
