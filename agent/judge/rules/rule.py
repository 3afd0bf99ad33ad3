"""A rule of an alert, as data: which series it is about, what it makes of their values, and what it compares.

`agent.judge.rules.grammar` reads one from a text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from collectors.api import Kind, Series

OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        ">=": operator.ge,
        "<=": operator.le,
        "==": operator.eq,
        "!=": operator.ne,
        ">": operator.gt,
        "<": operator.lt,
    }
)


class Selector(NamedTuple):
    """Which series are meant: a metric's name or pattern, and patterns of attributes that must be there."""

    metric: str
    attributes: tuple[tuple[str, str], ...] = ()

    def names(self, metric: str) -> bool:
        """Whether a metric of this name is meant."""
        return fnmatchcase(metric, self.metric)

    def matches(self, series: Series) -> bool:
        """Whether this series is meant."""
        if not fnmatchcase(series.name, self.metric):
            return False
        if not self.attributes:
            return True
        found = dict(series.attributes)
        return all(key in found and fnmatchcase(found[key], want) for key, want in self.attributes)

    def __str__(self) -> str:
        inner = ", ".join(f'{key}="{pattern}"' for key, pattern in self.attributes)
        return f"{self.metric}{{{inner}}}" if inner else self.metric


class Rule(NamedTuple):
    """What makes an alert.

    With an `op` it is a threshold: a value of a series for which `op` holds against `level`, for
    `seconds`. Without one it is an absence: no value for `seconds`. `level` and `clear` are in `unit`,
    a base unit, empty where none was written: the series' own is meant then. `rate` says that the
    level was written as one a second, so that counters are meant, and gauges of such a unit. `clear` is
    the level that ends the alert, itself included; None where `op` alone decides.

    With a `function` ("p99", "mean") it compares what that makes of a histogram. With a `whole` it compares
    a share: the growth of the counters `selector` in that of the counters `whole`, of each group of
    series that have the attributes `by` in common.
    """

    selector: Selector
    op: str = ""
    level: float = 0.0
    unit: str = ""
    rate: bool = False
    seconds: float = 0.0
    clear: float | None = None
    function: str = ""
    whole: Selector | None = None
    by: tuple[str, ...] = ()

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """All that it looks at."""
        return (self.selector,) if self.whole is None else (self.selector, self.whole)

    def fits(self, series: Series) -> bool:
        """Whether the rule compares values of this series itself: its name, attributes, kind and unit."""
        if self.whole is not None or not self.selector.matches(series):
            return False
        return not self.op or self.compares(series.kind, series.unit)

    def compares(self, kind: Kind, unit: str) -> bool:
        """Whether its level can be held to series of this kind and unit."""
        if self.whole is not None:
            return kind == "counter"
        if kind not in (("histogram",) if self.function else ("gauge", "counter")):
            return False
        if self.rate and kind != "counter":
            return unit.endswith("/s") and self.unit in ("", unit[:-2])
        return self.unit in ("", unit)

    def holds(self, value: float) -> bool:
        """Whether this value is beyond the level."""
        return OPERATORS[self.op](value, self.level)

    def is_over(self, value: float) -> bool:
        """Whether this value ends an alert that fires."""
        if self.clear is None:
            return not self.holds(value)
        return value <= self.clear if self.op in (">", ">=") else value >= self.clear
