"""The joined record of a model: all that its logs, its process and its device tell of it, of some time; pure.

What the logs tell are series of `agent.logs.measures`; which logs and which process are the model's, they
tell too (`measures.INFO`). A part that nobody tells of is None or empty, never zero.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from agent.logs import measures
from agent.logs.measures import NAME, VERSION, Info, Known, added, baseline_of, info_of, known
from agent.logs.windows import Windows
from agent.stats.baseline import Feature
from agent.stats.frame import Event
from agent.stats.histogram import Histogram
from agent.stats.quality import Calibration, Classified, Errors, classified, top_accuracy
from agent.stats.topk import Top
from agent.stats.window import Gauge, merge
from agent.view.inputs import Input, inputs, since
from agent.view.rows import Window
from collectors.api import Attributes, Series

LOG, WATCH = "log.name", "process.watch"
KEYS = (LOG, NAME, VERSION)
"""What tells models apart; further attributes are slices."""
DEVICE = (
    "hw.gpu.utilization",
    "hw.gpu.memory.utilization",
    "hw.gpu.throttled",
    "hw.throttled",
    "hw.power",
    "hw.temperature",
    "linux.cpu.throttles",
    "linux.cpu.throttled.time",
)
"""What of the device bears on how fast a model is."""
ELSEWHERE = ("model.feature.", "outrider.")
"""Inputs have a place of their own, and how the agent itself fares is no matter of the model."""
VALUES = (measures.NUMBERS.name, measures.CATEGORIES.name, measures.FAULTS.name)
MOST_PARTS = 64


class Quality(NamedTuple):
    """How good a model is; None where there are no pairs of prediction and truth, or none that tell it."""

    classes: Classified | None = None
    top: Mapping[int, float] = {}
    calibration: Calibration | None = None
    errors: tuple[Errors, ...] = ()


class Part(NamedTuple):
    """One version, and one slice of it: from when to when it was seen (wall s), and how good it was."""

    version: str
    slice: str
    first: float
    last: float
    quality: Quality


class Joined(NamedTuple):
    """A model, from when to when (wall s). `inputs` are those of the newest version, `version`; `samples` and
    `events` are the newest first."""

    name: str
    start: float
    end: float
    info: Info
    version: str
    parts: tuple[Part, ...]
    quality: Quality
    labels: Mapping[str, int]
    delay: Histogram | None
    inputs: tuple[Input, ...]
    together: Top | None
    samples: tuple[Event, ...]
    events: tuple[Event, ...]


Held = Mapping[Series, Sequence[Window]]
"""The windows of series, of each the oldest first."""


def named(series: Series, known: Mapping[str, Info]) -> str:
    """The model that a series is of: by its own words, else the one that its log tells of, else the log."""
    about = dict(series.attributes)
    log = about.get(LOG, "")
    told = (name for name, info in known.items() if log in info.logs)
    return about.get(NAME) or next(told, log)


def concerns(series: Series, name: str, info: Info) -> bool:
    """Whether a series tells how fast a model is, or on what it runs; quality and inputs are told apart."""
    about = dict(series.attributes)
    if measures.owner(series) is not None or series.name.startswith(ELSEWHERE):
        return False
    if about.get(NAME) or LOG in about:
        return _told_by(about, name, info)
    if WATCH in about:
        return bool(info.process) and about[WATCH] == info.process
    return series.name in DEVICE


def _told_by(about: Mapping[str, str], name: str, info: Info) -> bool:
    """Whether a series is of the model, or of its logs and of none by name."""
    whose, log = about.get(NAME), about.get(LOG, "")
    return whose == name if whose else log in info.logs or log == name != ""


def whose(series: Collection[Series], name: str) -> Info:
    """Which logs and which process are a model's: as it is told, else the logs of its own series."""
    told = info_of(series).get(name)
    if told is not None:
        return told
    own = (dict(each.attributes) for each in series)
    return Info(tuple(sorted({about[LOG] for about in own if about.get(NAME) == name and LOG in about})), "")


def total(windows: Sequence[Window]) -> Window:
    """Windows as one."""
    if len(windows) == 1:
        return windows[0]
    start, end = min(each.start for each in windows), max(each.end for each in windows)
    covered = min(sum(each.covered for each in windows), end - start)
    return Window(windows[-1].key, start, end, covered, reduce(merge, [each.summary for each in windows]))


def joined(
    name: str, held: Held, events: Sequence[Event] = (), samples: Sequence[Event] = ()
) -> Joined | None:
    """What these windows and events tell of a model; None where they do not know it.

    Args:
        name: of the model, or of a log that tells of none.
        held: all windows, those of others too.
        events: all of the device.
        samples: the events of the stream of samples.
    """
    own = measured(name, held)
    mine = [each for each in events if dict(each.attributes).get(NAME) == name]
    info = whose(held, name)
    windows = [
        window
        for series, those in held.items()
        if _told_by(dict(series.attributes), name, info)
        for window in (those[0], those[-1])
    ]
    if not windows:
        return None
    parts = parts_of(own)
    # A version that came back counts by when it was seen last.
    version = max(parts, key=lambda part: (part.last, part.first)).version if parts else ""
    whole = known_of(own.values())
    current = of_version(own, version)
    drifts = drifts_of(current)
    begun = {feature: since(drifts, mine, feature, version) for feature, _ in drifts}
    return Joined(
        name,
        min(window.start for window in windows),
        max(window.end for window in windows),
        info,
        version,
        parts,
        quality(whole),
        whole.labels,
        whole.delay,
        inputs(
            known_of(recent(each, begun) for each in current.values()), told_baseline(current), drifts, begun
        ),
        known_of(current.values()).together,
        tuple(_newest(each for each in samples if dict(each.attributes).get(NAME) == name)),
        tuple(_newest(mine)),
    )


Measured = Mapping[Attributes, Mapping[Series, Sequence[Window]]]
"""Of each version and slice, its measures without the attributes of the model."""


def measured(name: str, held: Held) -> Measured:
    """What is measured of a model."""
    found: dict[Attributes, dict[Series, Sequence[Window]]] = {}
    for series, windows in held.items():
        model = measures.owner(series)
        if model is not None and dict(model).get(NAME) == name and series.name != measures.INFO.name:
            bare = series._replace(attributes=series.attributes[len(model) :])
            found.setdefault(model, {})[bare] = windows
    return found


def of_version(own: Measured, version: str) -> Measured:
    """What is measured of one version."""
    return {model: those for model, those in own.items() if dict(model).get(VERSION, "") == version}


def known_of(parts: Iterable[Mapping[Series, Sequence[Window]]]) -> Known:
    """What all of these tell together."""
    return known(added(map(totals, parts))).get((), Known())


def totals(part: Mapping[Series, Sequence[Window]]) -> Windows:
    """The summary of each series over all of its windows."""
    return {series: total(windows).summary for series, windows in part.items()}


def recent(
    part: Mapping[Series, Sequence[Window]], begun: Mapping[str, float | None]
) -> dict[Series, Sequence[Window]]:
    """The same, but of features that drift only the windows since then: what they are now."""
    found = dict(part)
    for series, windows in part.items():
        at = begun.get(dict(series.attributes).get("feature", ""))
        if at is not None and series.name in VALUES:
            found[series] = [each for each in windows if each.end > at] or windows[-1:]
    return found


def told_baseline(current: Measured) -> dict[str, Feature]:
    """The latest that was told."""
    latest: Windows = {}
    for part in current.values():
        latest |= {series: windows[-1].summary for series, windows in part.items()}
    return baseline_of(latest).get((), {})


def drifts_of(current: Measured) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """When (wall s) each feature had which score by each test, the oldest first."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for part in current.values():
        for series, windows in part.items():
            if series.name == measures.DRIFT.name:
                (_, feature), (_, test) = series.attributes
                told = found.setdefault((feature, test), [])
                told += [
                    (each.start, each.summary.last) for each in windows if isinstance(each.summary, Gauge)
                ]
                told.sort()
    return found


def parts_of(own: Measured) -> tuple[Part, ...]:
    """Versions in the order in which they came, and the slices of each."""
    groups: dict[tuple[str, str], list[Mapping[Series, Sequence[Window]]]] = {}
    for model, windows in own.items():
        kept = {each: held for each, held in windows.items() if each.name != measures.LABELS.name}
        if kept:
            about = dict(model)
            cut = " ".join(f"{key}={value}" for key, value in model if key not in KEYS)
            groups.setdefault((about.get(VERSION, ""), cut), []).append(kept)
    found = []
    for (version, cut), those in groups.items():
        ends = [end for part in those for windows in part.values() for end in (windows[0], windows[-1])]
        times = min(each.start for each in ends), max(each.end for each in ends)
        found.append(Part(version, cut, *times, quality(known_of(those))))
    return tuple(sorted(found, key=lambda part: (part.first, part.version, part.slice))[-MOST_PARTS:])


def quality(of: Known) -> Quality:
    """Accuracy, calibration and errors, as far as there are pairs."""
    classes = classified(of.confusion) if of.confusion else None
    ranked = max(classes.count if classes else 0, sum(of.ranks.values()))
    return Quality(
        classes,
        top_accuracy(of.ranks, ranked) if of.ranks else {},
        of.calibration,
        tuple(each for each in of.errors.values() if each.count),
    )


def _newest(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: -event.wall)
