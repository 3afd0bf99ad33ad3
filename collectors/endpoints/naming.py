"""Names of metrics that no preset knows: the server's own, without what our units and kinds say already."""

from __future__ import annotations

from collectors.endpoints.presets import Entry

UNITS = {
    "seconds": ("s", 1.0),
    "milliseconds": ("s", 1e-3),
    "ms": ("s", 1e-3),
    "microseconds": ("s", 1e-6),
    "us": ("s", 1e-6),
    "nanoseconds": ("s", 1e-9),
    "ns": ("s", 1e-9),
    "bytes": ("By", 1.0),
    "ratio": ("1", 1.0),
    "percent": ("1", 0.01),
    "celsius": ("Cel", 1.0),
    "watts": ("W", 1.0),
    "joules": ("J", 1.0),
}
"""What a name ends in, or `# UNIT` says: the base unit, and the factor to it."""


def base_of(name: str) -> str:
    """The name of a counter's family: without `_total`, which not all servers write."""
    return name[: -len("_total")] if name.endswith("_total") and len(name) > len("_total") else name


def named(name: str, kind: str, unit: str) -> tuple[Entry, ...]:
    """What a metric of the server becomes, by its own name: `app:queue_time_ms` is `app.queue_time` in s.

    A summary's quantiles cannot be added up; its sum and count become two counters. What is neither a
    number nor a total (information, sets of states) becomes nothing.
    """
    stem, _, word = name.rpartition("_")
    base, scale = UNITS.get(unit) or (UNITS.get(word, ("1", 1.0)) if stem else ("1", 1.0))
    ours = stem if stem and word in UNITS else name
    ours = ours.strip(":").replace(":", ".")
    if kind == "counter":
        return (Entry((name,), ours, base, "counter", scale),)
    if kind in ("gauge", "unknown", "untyped"):
        return (Entry((name,), ours, base, "gauge", scale),)
    if kind == "histogram":
        return (Entry((name,), ours, base, "histogram", scale),)
    if kind == "summary":
        return (
            Entry((f"{name}_sum",), f"{ours}.sum", base, "counter", scale),
            Entry((f"{name}_count",), f"{ours}.count", "1", "counter"),
        )
    return ()
