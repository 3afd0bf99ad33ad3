"""What a collector is: metrics described once, and one method that reads them.

A collector is one module with a `COLLECTOR` of type `Registration`. The runner opens it, calls
`collect` at its interval and turns whatever it raises into `outrider.up` = 0, a reason and a
duration; a collector itself never catches what it cannot mend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from collectors.host import Host
from collectors.tally import Tally

Kind = Literal["gauge", "counter", "histogram", "top"]
Attributes = tuple[tuple[str, str], ...]


class Series(NamedTuple):
    """One stream of numbers: a metric and the attributes that tell it from its siblings."""

    name: str
    unit: str
    kind: Kind
    attributes: Attributes


class Metric(NamedTuple):
    """A metric as the reference prints it: described here, once, beside the code that reads it."""

    name: str
    unit: str
    kind: Kind
    attributes: tuple[str, ...]
    source: str
    brief: str

    def of(self, **attributes: str) -> Series:
        """The series of this metric with these attribute values (keys as declared, in order).

        Raises:
            KeyError: a declared attribute has no value, or a value has no declared attribute.
        """
        if len(attributes) != len(self.attributes):
            raise KeyError(f"{self.name} takes {self.attributes}, not {tuple(attributes)}")
        return Series(
            self.name, self.unit, self.kind, tuple((key, attributes[key]) for key in self.attributes)
        )


class Absence(NamedTuple):
    """A reading that could not be had, and why: `what` is a metric's or a device's name."""

    what: str
    reason: str


class Reading(NamedTuple):
    """One poll of one collector.

    `series` is the *same tuple object* as in the poll before while nothing appeared or vanished:
    whoever receives it compares by identity. `values[i]` belongs to `series[i]`; a gauge is a
    float or int, a counter the running total as the source counts it, a histogram a sequence of
    values since the poll before, a top a sequence of (value, count) since the poll before.
    None is a value that is absent this time; never a zero in its place.
    """

    series: tuple[Series, ...]
    values: Sequence[object]
    absences: tuple[Absence, ...] = ()


class NoData(Exception):  # noqa: N818 - not an error: nothing there to read
    """Raised by `open` or `collect`: this host has nothing of the kind; said once, not an error."""


class Collector(Protocol):
    """The one method, and the end."""

    def collect(self, now: float) -> Reading:
        """Read once. `now` is the boot clock in seconds.

        Raises:
            NoData: nothing there on this host.
            OSError, ValueError: the reading failed; the runner reports it.
        """
        ...

    def close(self) -> None:
        """Give the kept descriptors back."""
        ...


class Registration(NamedTuple):
    """How the runner knows a collector.

    `open` takes the host, the tally and the collector's options: the structure of `collectors.options`
    that bears its name, or None for a collector without any.
    """

    name: str
    brief: str
    metrics: tuple[Metric, ...]
    open: Callable[[Host, Tally, Any], Collector]
