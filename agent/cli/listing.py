"""How `history` and `spool` show what the store holds: a window, a record, a poll as one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from agent.ledger import utc
from agent.stats.frame import Frame
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.stats.window import Summary
from agent.store.reader import Stored
from agent.view.captures import Captured
from agent.view.clean import clean
from agent.view.lines import statistics
from agent.view.rows import natural
from agent.view.units import human
from collectors.api import Series

SHOWN = ("mean", "min", "max", "last", "delta", "rate", "peak", "p50", "p90", "p99", "p999")


def name(series: Series) -> str:
    """As people write it: metric{key=value}, safe to print."""
    attributes = ",".join(f"{key}={value}" for key, value in series.attributes)
    return clean(f"{series.name}{{{attributes}}}" if attributes else series.name)


def window(frame: Frame, series: Series, summary: Summary, width: int = 56) -> str:
    """When it began and how long it is, whose it is in `width` columns, and what is known."""
    span = frame.span
    when = f"{utc(span.start + span.offset)} {span.end - span.start:6.0f}s"
    return f"{when}  {name(series):<{width}} {figures(series, summary, span.covered)}"


def latest(frames: Iterable[Frame]) -> Iterator[str]:
    """One line a series: its last window."""
    found: dict[Series, tuple[Frame, Summary]] = {}
    for frame in frames:
        end = frame.span.wall[1]
        # What came late is not the latest.
        later = (s for s in frame.windows if s not in found or found[s][0].span.wall[1] <= end)
        found.update({series: (frame, frame.windows[series]) for series in later})
    width = max((len(name(series)) for series in found), default=0)
    for series in sorted(found, key=natural):
        frame, summary = found[series]
        yield window(frame, series, summary, width)


def figures(series: Series, summary: Summary, covered: float) -> str:
    """The statistics of the window with their unit, by name; those that are unknown are left out."""
    per = {"rate": f"{series.unit}/s", "peak": f"{series.unit}/s"}
    known = [
        f"{what} {human(value, per.get(what, series.unit), ratio=is_share(series.name))}"
        for what, value in statistics(summary, covered).items()
        if what in SHOWN and isinstance(value, (int, float))
    ]
    return "  ".join([*known, *_values(summary)]) or "no data"


def _values(summary: Summary) -> Iterator[str]:
    """Counts: of top values by value, of a histogram's values."""
    if isinstance(summary, Histogram):
        yield f"n {summary.count}"
    elif isinstance(summary, Top):
        for value, count in sorted(summary.counts.items(), key=lambda item: -item[1]):
            yield f"{clean(value)} {count}"
        yield f"others {summary.other}"


def poll(series: Series, at: float, value: float) -> str:
    """One poll of the ring at a wall-clock time in s."""
    return f"{utc(at)}  {name(series):<56} {human(value, series.unit, ratio=is_share(series.name))}"


def poll_json(series: Series, at: float, value: float) -> str:
    """The same as a JSON object."""
    head = {"metric": series.name, "attributes": dict(series.attributes), "unit": series.unit}
    return json.dumps({**head, "kind": series.kind, "time": round(at, 3), "value": value})


def record_json(stored: Stored, refused: str | None) -> str:
    """A record or tombstone as a JSON object; `refused` is why it can never be sent, `size` in bytes, times
    in s since 1970."""
    key, grave = stored.row.key, stored.row.tombstone
    kind: dict[str, object] = {"kind": "data"} if refused is None else {"kind": "data", "refused": refused}
    if grave is not None:
        kind = {"kind": "lost", "reason": grave.reason, "records": grave.records}
    size = stored.row.size if grave is None else grave.size
    span = {"start": stored.start, "end": stored.end, "confirmed": stored.row.confirmed, "size": size}
    return json.dumps({**key._asdict(), **kind, **span, "digest": stored.row.digest.hex()})


def record(stored: Stored, refused: str | None) -> str:
    """Epoch, stream, numbers, what it is, bytes, and the time it covers; `refused` is why it can never be
    sent."""
    key, grave = stored.row.key, stored.row.tombstone
    kind = "data" if grave is None else f"lost: {clean(grave.reason)}"
    kind = kind if refused is None else f"refused: {clean(refused)}"
    mark = "confirmed" if stored.row.confirmed else "unconfirmed"
    size = stored.row.size if grave is None else grave.size
    numbers = f"{key.first}-{key.last}"
    span = f"{utc(stored.start)} {stored.end - stored.start:8.0f}s"
    return f"{key.epoch:20d}  {key.stream:8} {numbers:>15}  {kind:16} {mark:11} {size:8d} B  {span}"


def capture(found: Captured, stored: Stored) -> str:
    """A capture of the flight recorder: its name, what began it, how far it reaches, what it holds, bytes."""
    what = clean(" ".join(word for word in (found.by, found.rule, found.text) if word))
    cut = f"  {found.cut} ticks cut" if found.cut else ""
    joined = f"  {found.joined} more triggers" if found.joined else ""
    return (
        f"{clean(found.id)}  -{found.before:.0f}s +{found.after:.0f}s  {found.ticks:5d} ticks "
        f"{found.series:5d} series  {stored.row.size:8d} B  {what}{cut}{joined}"
    )


def is_share(metric: str) -> bool:
    """Whether a value of unit "1" is a share of one, which people read as per cent."""
    return any(word in metric for word in ("utilization", "ratio"))
