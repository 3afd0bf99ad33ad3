"""The share of some counters' growth in that of others, by groups of their series. Pure.

Growth is what came between two neighbouring readings of one source. A group has a share only where its whole
grew, and only where the growth of each of its counters is known: not in the reading in which one of
them appeared, went back or was missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

from agent.judge.watch import Judged, Watch
from agent.stats.totals import usable
from collectors.api import Attributes, Series
from collectors.schedule import KEY


class Role(NamedTuple):
    """What a counter is to a rule: in the part, in the whole or in both of a group."""

    judged: Judged
    group: Attributes
    in_part: bool
    in_whole: bool


def role(judged: Judged, series: Series) -> Role | None:
    """The role of a series, None where the rule is about no share, or not about this one."""
    rule = judged.rule
    if rule.whole is None or series.kind != "counter":
        return None
    in_part, in_whole = rule.selector.matches(series), rule.whole.matches(series)
    if not (in_part or in_whole):
        return None
    has = dict(series.attributes)
    group = tuple((name, has[name]) for name in rule.by if name in has)
    return Role(judged, group, in_part, in_whole)


class Group:
    """The places of a group's counters, and its watch, None while there is no room for it."""

    __slots__ = ("part", "watch", "whole")

    def __init__(self) -> None:
        self.part: list[int] = []
        self.whole: list[int] = []
        self.watch: Watch | None = None


class Share:
    """One rule's share in one source. `totals` are those of the reading at `at` (boot clock), by place."""

    __slots__ = ("at", "groups", "judged", "places", "refused", "totals")

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self.groups: dict[Attributes, Group] = {}
        self.places: dict[int, Series] = {}
        self.refused = 0
        self.totals: Mapping[int, float] = {}
        self.at = 0.0

    def add(self, place: int, series: Series, role: Role) -> None:
        """The counter at this place, and what it is to the rule."""
        group = self.groups.setdefault(role.group, Group())
        self.places[place] = series
        if role.in_part:
            group.part.append(place)
        if role.in_whole:
            group.whole.append(place)

    def seat(self, source: str, before: Share | None) -> None:
        """All are added: watch the groups that there is room for, and go on from the totals of `before`."""
        for attributes, group in self.groups.items():
            if group.whole:
                group.watch = self.judged.seat(self._named(source, attributes))
                self.refused += group.watch is None
        if before is not None:
            known = {before.places[place]: total for place, total in before.totals.items()}
            self.totals = {place: known[each] for place, each in self.places.items() if each in known}
            self.at = before.at

    def begin(self, places: Iterable[int], at: float) -> None:
        """These counters stood at zero at the reading before, at `at` on the boot clock."""
        self.totals = {**self.totals, **dict.fromkeys(places, 0.0)}
        self.at = at

    def watches(self) -> list[Watch]:
        """Those of its groups."""
        return [group.watch for group in self.groups.values() if group.watch is not None]

    def take(self, values: Sequence[Any], now: float) -> Iterator[tuple[Watch, float]]:
        """A reading at `now`: the groups that have a share, and how large it is."""
        before, passed = self.totals, now - self.at
        totals = {place: float(values[place]) for place in self.places if usable(values[place])}
        self.totals, self.at = totals, now
        for group in self.groups.values():
            watch = group.watch
            if watch is None or not 0 < passed <= 2 * watch.longest:
                continue
            part, whole = _growth(group.part, before, totals), _growth(group.whole, before, totals)
            if part is not None and whole and isfinite(value := part / whole):
                yield watch, value

    def _named(self, source: str, group: Attributes) -> Series:
        """What stands for a group: the same group of two sources is two."""
        rule = self.judged.rule
        (key,) = KEY
        own = () if key in rule.by else ((key, source),)
        return Series(f"share({rule.selector}, {rule.whole})", "1", "gauge", (*own, *group))


def _growth(places: Sequence[int], before: Mapping[int, float], now: Mapping[int, float]) -> float | None:
    """What counters grew by, None where that is not known of one.

    One that is listed but has no total, now as before, is left out; where none has any, nothing is known.
    """
    there = [place for place in places if place in before or place in now]
    if not there and places:
        return None
    grown = 0.0
    for place in there:
        old, new = before.get(place), now.get(place)
        if old is None or new is None or new < old:
            return None
        grown += new - old
    return grown
