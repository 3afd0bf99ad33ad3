"""Settings of what is read: the collectors, how often they run, and which of their series are kept."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from agent.config.forms import Duration, Flag, Whole
from agent.config.options import options
from agent.config.patterns import Patterns
from agent.config.section import Section, Setting, section
from collectors.options import OPTIONS

HOUR = 3600.0


class Polling(NamedTuple):
    """One collector; `options` is its structure of `collectors.options`, None where it has none."""

    enabled: Annotated[bool, Setting(Flag(), "Whether it is polled at all.")] = True
    interval: Annotated[
        float | None,
        Setting(
            Duration(0.1, HOUR),
            "How often it is polled; unless given, as collect.interval says, or 10s to 30s if that is "
            "more often and it reads what changes slowly.",
        ),
    ] = None
    options: Any = None


def collector_names() -> tuple[str, ...]:
    """The collectors there are, in the order of the catalog."""
    from collectors.catalog import NAMES

    return NAMES


@cache
def collector_section(name: str) -> Section:
    """The settings of one collector: how it is polled, then its options."""
    polled, own = section(Polling), options(name)
    if own is None:
        return polled

    def make(**values: Any) -> Polling:
        given = {key: values.pop(key) for key in own.fields if key in values}
        return Polling(**values, options=OPTIONS[name]._replace(**given))

    def get(polling: Polling, key: str) -> Any:
        return getattr(polling.options if key in own.fields else polling, key)

    return Section(own.doc, MappingProxyType({**polled.fields, **own.fields}), make, get)


class Collect(NamedTuple):
    """How often the host is read, and what that may cost."""

    interval: Annotated[
        float, Setting(Duration(0.1, HOUR), "How often collectors are polled, unless they say otherwise.")
    ] = 1.0
    max_series: Annotated[
        int,
        Setting(
            Whole(10, 100_000),
            "Series (metric and attributes) kept at a time; more are counted, not kept. Each costs "
            "about 22 bytes a window in the store and 14 KB an hour in the ring.",
        ),
    ] = 1000
    hang_after: Annotated[
        float,
        Setting(
            Duration(1, HOUR),
            "A collector or a log that does not return for so long is reported as hung and left behind; "
            "the others go on.",
        ),
    ] = 10.0


class Picked(NamedTuple):
    """Patterns of what is kept; the others are counted in `outrider.series.excluded`."""

    include: Annotated[
        tuple[str, ...], Setting(Patterns(), "Keep only what one of these matches; empty: everything.")
    ] = ()
    exclude: Annotated[
        tuple[str, ...], Setting(Patterns(), "Leave out what one of these matches; they win.")
    ] = ()


class Metrics(Picked):
    """Which metrics are kept, by name, whichever collector reads them."""


def attribute_section(_: str) -> Section:
    """The settings of one attribute."""
    return section(Picked)


@cache
def attribute_names() -> tuple[str, ...]:
    """Every attribute that a collector or the runner declares, in order."""
    from collectors import catalog
    from collectors.runner import METRICS

    declared = [metric for name in catalog.NAMES for metric in catalog.load(name).metrics]
    return tuple(sorted({key for metric in (*declared, *METRICS) for key in metric.attributes}))
