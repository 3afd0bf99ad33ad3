"""What is taken from a server's page: which of its metrics, under which names of ours, as which series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from collectors.api import Attributes, Series
from collectors.endpoints.exposition import Page
from collectors.endpoints.naming import base_of, named
from collectors.endpoints.points import Point, classic
from collectors.endpoints.presets import PRESETS, Entry, Preset

BORN = "process_start_time_seconds"
"""When the server's process began, s since 1970: most client libraries tell it."""
OTHER = "other"
_NOTHING = Preset("", "", (), ())
_PARTS = ("_bucket", "_sum", "_count")
_NO_NUMBERS = ("_created", "_info")
"""What ends so says when a total began to be counted, or something in words, beside a 1."""

Clean = Callable[[str, str], str]
"""What may be kept of a label: its name, its text."""
_Rows = Mapping[str, Mapping[Attributes, float]]


class Choice(NamedTuple):
    """What the configuration asks for.

    Args:
        preset: its name; "" for none.
        include: patterns of further metrics, by the server's names; without a preset, none means all.
        exclude: patterns of metrics that are left out; they win.
        labels: patterns of further labels that tell series apart; for metrics that no preset knows, none
            means all.
        attributes: those of all series.
        most: series that are told apart; the rest is `other`.
    """

    preset: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    attributes: Attributes = ()
    most: int = 200


class Points(NamedTuple):
    """What a page says.

    Args:
        points: those of the preset first.
        born: when the process began, as far as it tells.
        other: series that have no place of their own.
        refused: what was left out: histograms that contradict themselves, and what has no place at all.
        missing: the preset's metrics that are not there, by the newest of their names.
    """

    points: tuple[Point, ...]
    born: float | None
    other: int
    refused: int
    missing: tuple[str, ...]


def as_is(_: str, text: str) -> str:
    """A label's text, unchanged."""
    return text


class Plan:
    """What is taken from one endpoint. It remembers who has a place, so that series stay what they are."""

    def __init__(self, choice: Choice, clean: Clean = as_is) -> None:
        self._choice = choice
        self._clean = clean
        self._preset = PRESETS[choice.preset] if choice.preset else _NOTHING
        self._known = {base_of(name) for entry in self._preset.entries for name in entry.names}
        self._constant = {pair for entry in self._preset.entries for pair in entry.attributes}
        self._seated: dict[Series, Series] = {}

    def wanted(self, name: str) -> bool:
        """Whether samples of this name are to be read."""
        stems = (name[: -len(part)] for part in _PARTS if name.endswith(part))
        return name == BORN or self._is_chosen(name) or any(map(self._is_chosen, stems))

    def read(self, page: Page) -> Points:
        """What the page says, in names of ours."""
        rows: dict[str, Mapping[Attributes, float]] = {}
        for name, found in page.samples.items():
            # Some servers write a counter under both of its names.
            rows.setdefault(base_of(name), found)
        points: list[Point] = []
        refused, missing = 0, []
        there = {*rows, *map(base_of, page.kinds)}
        for entry in self._preset.entries:
            family = next((each for each in map(base_of, entry.names) if _is_there(each, there)), None)
            if family is None:
                missing.append(entry.names[0])
            elif not self._is_excluded(family):
                refused += self._add(points, page, rows, entry, family, own=False)
        for family, kind in self._others(page):
            for entry in named(family, kind, page.units.get(family, "")):
                name = family if entry.kind == "histogram" else base_of(entry.names[0])
                refused += self._add(points, page, rows, entry, name, own=True)
        seated, other, left_out = self._seat(points)
        born = page.samples.get(BORN, {}).get(())
        return Points(seated, born, other, refused + left_out, tuple(dict.fromkeys(missing)))

    def _is_excluded(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._choice.exclude)

    def _is_included(self, name: str) -> bool:
        if not self._choice.include:
            return not self._choice.preset
        return any(fnmatchcase(name, pattern) for pattern in self._choice.include)

    def _is_chosen(self, name: str) -> bool:
        base = base_of(name)
        if self._is_excluded(name) or self._is_excluded(base):
            return False
        return base in self._known or self._is_included(name) or self._is_included(base)

    def _others(self, page: Page) -> Iterator[tuple[str, str]]:
        """Families that no entry of the preset knows, and of which kind they are."""
        seen = {BORN, *self._known}
        for name in page.samples:
            family, kind = _family(name, page.kinds)
            if family not in seen and not name.endswith(_NO_NUMBERS):
                seen.add(family)
                if not self._is_excluded(family) and (self._is_included(family) or self._is_included(name)):
                    yield family, kind

    def _add(
        self, points: list[Point], page: Page, rows: _Rows, entry: Entry, family: str, *, own: bool
    ) -> int:
        """The points of one entry; returns how many histograms contradict themselves."""
        refused = 0
        if entry.kind == "histogram":
            for labels, buckets in classic(page, family):
                if buckets is None:
                    refused += 1
                else:
                    series = self._series(entry, labels, own=own)
                    points.append(Point((family, labels), series, buckets, entry.scale))
            return refused
        for labels, value in rows.get(family, {}).items():
            if set(entry.when) <= set(labels):
                series = self._series(entry, labels, own=own)
                points.append(Point((family, labels), series, value, entry.scale))
        return refused

    def _series(self, entry: Entry, labels: Attributes, *, own: bool) -> Series:
        """The series of a sample with these labels: who it is about first, as with logs."""
        texts = {label: text for label, text in labels if text}
        known = dict((*self._preset.labels, *entry.labels))
        more = {label: label for label in texts if label not in known and self._is_kept(label, own=own)}
        kept = tuple(
            (key, self._clean(label, texts[label])) for label, key in (known | more).items() if label in texts
        )
        attributes = (*self._choice.attributes, *kept, *entry.attributes)
        return Series(entry.metric, entry.unit, entry.kind, attributes)

    def _is_kept(self, label: str, *, own: bool) -> bool:
        if not self._choice.labels:
            return own
        return any(fnmatchcase(label, pattern) for pattern in self._choice.labels)

    def _seat(self, found: list[Point]) -> tuple[tuple[Point, ...], int, int]:
        """The points with a series that has a place: its own, or that of the others of its metric."""
        there = dict.fromkeys(point.series for point in found)
        seats = {series: series for series in self._seated if series in there}
        for series in there:
            if len(seats) >= self._choice.most:
                break
            seats.setdefault(series, series)
        self._seated = dict(seats)
        others: set[Series] = set()
        for series in there:
            if series not in seats:
                other = self._other(series)
                if other in others or len(others) < self._choice.most:
                    seats[series] = other
                    others.add(other)
        points = tuple(p._replace(series=seats[p.series]) for p in found if p.series in seats)
        return points, len(there) - len(self._seated), len(found) - len(points)

    def _other(self, series: Series) -> Series:
        """The series of all that have no place: whatever the server's labels say, it is `other`."""
        fixed = len(self._choice.attributes)
        rest = tuple(
            pair if pair in self._constant else (pair[0], OTHER) for pair in series.attributes[fixed:]
        )
        return series._replace(attributes=series.attributes[:fixed] + rest)


def _is_there(name: str, names: Iterable[str]) -> bool:
    return name in names or any(name + part in names for part in _PARTS)


def _family(name: str, kinds: Mapping[str, str]) -> tuple[str, str]:
    """The family of a sample and its kind, as the page tells it."""
    for family in (name, base_of(name)):
        if family in kinds:
            return base_of(family), kinds[family]
    for part in _PARTS:
        family = name[: -len(part)]
        if name.endswith(part) and kinds.get(family) in ("histogram", "summary"):
            return family, kinds[family]
    return base_of(name), "counter" if name.endswith("_total") else "unknown"
