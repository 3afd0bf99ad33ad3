"""Which rows of a chunk are kept as samples: found by column, so that the others cost next to nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from agent.stats.bins import Floats, Ints
from agent.stats.reservoir import Edge, Item, Sampled, Stratum, returned

OTHER = "other"


class Sampling:
    """Samples of the rows since the last `flush`.

    Args:
        random: where keys come from.
        most: records that are kept of a stratum.
        strata: strata that are told apart; further ones are one, `OTHER`.
        own: how many are kept of a stratum, where it is another number.
        edges: how many are kept at each edge.
    """

    def __init__(
        self,
        random: np.random.Generator,
        most: int,
        strata: int,
        own: Mapping[str, int] | None = None,
        edges: Mapping[str, int] | None = None,
    ) -> None:
        self._random, self._most, self._limit = random, most, strata
        self._own, self._edge_sizes = own or {}, edges or {}
        self._clear()

    def _clear(self) -> None:
        self._strata: dict[str, Stratum] = {}
        self._edges = {name: Edge(most) for name, most in self._edge_sizes.items()}

    def take(
        self,
        strata: Ints,
        names: Sequence[str],
        scores: Mapping[str, Floats],
        record: Callable[[int], Any],
    ) -> None:
        """Sample from further rows.

        Args:
            strata: the number of each row's stratum.
            names: of the strata, by number.
            scores: how far each row is at an edge, by the edge's name; NaN where not at all.
            record: makes a row's record; called for rows that are kept alone, for now.
        """
        keys = self._random.random(len(strata))
        counts = np.bincount(strata, minlength=len(names))
        called = [self._name(name) if counts[number] else "" for number, name in enumerate(names)]
        free = np.ones(len(strata), np.bool_)

        def item(row: int, score: float = 0.0) -> Item:
            return Item(float(keys[row]), called[strata[row]], record(row), score)

        for name, edge in self._edges.items():
            if name in scores:
                rows = _furthest(edge, np.where(free, scores[name], np.nan))
                free[rows] = False
                self._edges[name], displaced = edge.plus(
                    [item(row, float(scores[name][row])) for row in rows.tolist()]
                )
                returned(self._strata, displaced)
        self._chance(strata, keys, free, called, item)

    def _chance(
        self, strata: Ints, keys: Floats, free: Any, called: Sequence[str], item: Callable[[int], Item]
    ) -> None:
        """Rows that are at no edge: those of each stratum with the smallest keys."""
        counts = np.bincount(strata[free], minlength=len(called))
        for number in np.flatnonzero(counts).tolist():
            stratum = self._strata[called[number]]
            full = len(stratum.items) >= stratum.most
            limit = stratum.items[-1].key if full and stratum.items else 1.0
            rows = np.flatnonzero((strata == number) & free & (keys < limit))
            if len(rows) > stratum.most:
                rows = rows[np.argpartition(keys[rows], stratum.most)[: stratum.most]]
            self._strata[called[number]] = stratum.plus(map(item, rows.tolist()), int(counts[number]))

    def _name(self, name: str) -> str:
        """The name of a row's stratum; that of `OTHER` beyond the limit."""
        if name not in self._strata and len(self._strata) >= self._limit:
            name = OTHER
        if name not in self._strata:
            self._strata[name] = Stratum(self._own.get(name, self._most))
        return name

    def flush(self) -> Sampled:
        """What was kept since the last flush."""
        found = Sampled(self._strata, self._edges)
        self._clear()
        return found


def _furthest(edge: Edge, scores: Floats) -> Ints:
    """The rows that take a place at an edge, the furthest first."""
    full = len(edge.items) >= edge.most
    limit = edge.items[-1].score if full and edge.items else -np.inf
    rows = np.flatnonzero(scores > limit if full else scores >= limit)
    return rows[np.argsort(-scores[rows], kind="stable")[: edge.most]]
