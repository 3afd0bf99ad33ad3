"""Collectors opened as the daemon opens them, with their default options."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

from collectors import catalog
from collectors.api import Collector
from collectors.host import Host
from collectors.options import OPTIONS
from collectors.schedule import Plan
from collectors.tally import Tally


def opened(name: str, host: Host, tally: Tally | None = None, options: Any = None) -> Collector:
    """The collector of that name; `options` in place of the defaults."""
    found = options or OPTIONS.get(name)
    return catalog.load(name).open(host, tally or Tally(), found)


def from_plain(structure: Any, values: Any) -> Any:
    """Options of the type `structure` from plain JSON: lists become tuples, objects named tuples."""
    if isinstance(values, list):
        inner = (*get_args(structure), None)[0]  # of tuple[Process, ...] it is Process
        return tuple(from_plain(inner, each) for each in values)
    if not isinstance(values, dict):
        return values
    types = get_type_hints(structure)
    return structure(**{key: from_plain(types[key], value) for key, value in values.items()})


def planned(common: float = 1.0) -> list[Plan]:
    """Every collector there is, at its default interval and options."""
    return [
        Plan(catalog.load(name), catalog.interval(name, common), OPTIONS.get(name)) for name in catalog.NAMES
    ]
