"""Models: whether a baseline can be used and is theirs, whether rows, labels and features come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from agent.config.models import Model
from agent.config.quantity import show_size
from agent.config.settings import Config
from agent.doctor.finding import Finding
from agent.given import baseline_of
from agent.logs.measures import INFO, NAME, Inputs, known
from agent.logs.verdicts import NO_VALUE
from agent.logs.windows import Windows
from agent.stats.baseline import Baseline, Feature
from agent.stats.histogram import Histogram
from agent.stats.window import Gauge, merge_into
from agent.store.errors import CorruptRow, StoreError
from agent.store.reader import Reader

LOOKED = 6 * 3600.0
"""Seconds of history that are looked at."""
AN_ENTRY = 10
"""Bytes in the store of what waits for its label."""
SHOWN = 4
MAKE = "`outrider baseline` makes one; until then the first records of each version become one"
LIKE = "was it made of the same features, by these names? `outrider baseline --show` lists them"
UNIT = "is it in another unit than what the baseline was made of?"
LATER = "does its log come (see logs above), and does the format tell prediction, label or features?"
JOIN = "do both logs tell the same request, and is the log of predictions among the model's `logs`?"
TOLD = "name the log that tells them in the model's `logs`, with a field whose role is `label`"
ROOM = "a larger label_most, if store.max_size has room for it"
TYPE = "`outrider logs explain` shows which field a format takes for it"


class Told(NamedTuple):
    """What the store has of one model, over its versions: counts and inputs, and what was refused of it."""

    labels: Mapping[str, int] = {}
    inputs: Mapping[str, Inputs] = {}
    pairs: int = 0
    rows: bool = False
    refused: float = 0.0


def examine(config: Config, now: float) -> Iterator[Finding]:
    """Look at each model in turn, and at what the store has of it."""
    windows = stored(Path(config.store.directory), now - LOOKED)
    for model in config.model:
        yield from of_settings(model, config)
        if windows is None:
            yield Finding("models", "note", f"model {model.name}: there is no store yet that tells of it")
            continue
        given = baseline_of(model, lambda _: None)
        yield from of_told(model, told(model, windows), given)


def stored(directory: Path, since: float) -> Windows | None:
    """All windows of models since then, added up; None where there is no store that can be read."""
    total: Windows = {}
    try:
        with closing(Reader.copy(directory)) as reader:
            for each in reader.stored(since):
                if each.row.tombstone is None:
                    for frame in each.content().frames:
                        own = {of: one for of, one in frame.windows.items() if NAME in dict(of.attributes)}
                        merge_into(total, own)
    except (StoreError, CorruptRow, OSError):
        return None
    return total


def told(model: Model, windows: Windows) -> Told:
    """What they tell of a model."""
    own = (NAME, model.name)
    mine = {of: one for of, one in windows.items() if own in of.attributes and of.name != INFO.name}
    labels: dict[str, int] = {}
    inputs: dict[str, Inputs] = {}
    pairs = 0
    for each in known(mine).values():
        pairs += sum(each.confusion.values()) + sum(errors.count for errors in each.errors.values())
        for outcome, count in each.labels.items():
            labels[outcome] = labels.get(outcome, 0) + count
        for name, one in each.features.items():
            inputs[name] = _both(inputs.get(name, Inputs()), one)
    refused = sum(
        one.last
        for of, one in mine.items()
        if of.name == "outrider.models.refused" and isinstance(one, Gauge)
    )
    rows = any(not of.name.startswith("outrider.") for of in mine)
    return Told(labels, inputs, pairs, rows, refused)


def _both(one: Inputs, two: Inputs) -> Inputs:
    """A feature of two versions."""
    numbers = dict(one.numbers)
    for standard, values in two.numbers.items():
        numbers[standard] = values.merged(numbers[standard]) if standard in numbers else values
    tops = [each.categories for each in (one, two) if each.categories is not None]
    faults = {name: one.faults.get(name, 0) + two.faults.get(name, 0) for name in {*one.faults, *two.faults}}
    return Inputs(numbers, tops[0].merged(tops[1]) if len(tops) > 1 else next(iter(tops), None), faults)


def of_settings(model: Model, config: Config) -> Iterator[Finding]:
    """Whether its baseline can be used, and whether what waits for labels has room."""
    said: list[str] = []
    if model.baseline and baseline_of(model, said.append) is not None:
        yield Finding("models", "ok", f"model {model.name}: the baseline {model.baseline} can be used")
    for text in said:
        yield Finding("models", "problem", text, MAKE)
    size = model.label_most * AN_ENTRY
    if size > config.store.max_size / 4:
        text = (
            f"model {model.name}: what waits for labels may take {show_size(size)} of the "
            f"{show_size(config.store.max_size)} of the store, and push windows out"
        )
        yield Finding("models", "warning", text, "a smaller label_most, or a larger store.max_size")


def of_told(model: Model, found: Told, given: Baseline | None) -> Iterator[Finding]:
    """What came of it, and what did not."""
    of = f"model {model.name}"
    if not found.rows:
        yield Finding("models", "warning", f"{of}: nothing of it came in the last 6 h", LATER)
        return
    yield from _labels(of, found)
    came = [name for name, inputs in found.inputs.items() if _values(inputs)]
    yield from _features(of, model, found, came)
    if given is not None:
        yield from _held(of, given, found, came)
    if found.refused:
        text = f"{of}: {found.refused:,.0f} rows, features or versions were beyond a bound, and left out"
        yield Finding("models", "warning", text, "fewer features, classes or versions")


def _labels(of: str, found: Told) -> Iterator[Finding]:
    """Whether labels come, and find their predictions."""
    labels = found.labels
    unknown, joined = labels.get("unknown", 0), labels.get("joined", 0)
    if found.pairs and unknown <= joined:
        yield Finding("models", "ok", f"{of}: {found.pairs:,} predictions were judged by their labels")
    elif unknown:
        text = f"{of}: {unknown:,} labels came that no prediction waited for, {joined:,} that one did"
        yield Finding("models", "warning" if joined else "problem", text, f"later than label_wait? {JOIN}")
    elif labels.get("unlabelled") and not found.pairs:
        text = f"{of}: {labels['unlabelled']:,} predictions left without a label, and none got one"
        yield Finding("models", "warning", text, JOIN)
    elif not found.pairs:
        text = f"{of}: no label has met its prediction yet, so its quality is not known"
        yield Finding("models", "note", text, TOLD)
    if labels.get("crowded"):
        text = f"{of}: {labels['crowded']:,} that waited for labels had to go before their time"
        yield Finding("models", "warning", text, ROOM)


def _features(of: str, model: Model, found: Told, came: Sequence[str]) -> Iterator[Finding]:
    """Whether features have values, and those are there that the settings name."""
    for name, inputs in found.inputs.items():
        faults = {fault: count for fault, count in inputs.faults.items() if fault in NO_VALUE}
        bad, good = sum(faults.values()), _values(inputs)
        if bad > good:
            worst = max(faults, key=lambda fault: faults[fault])
            text = f"{of}: of the feature {name} {bad:,} of {bad + good:,} values are none, mostly {worst}"
            yield Finding("models", "warning", text, TYPE)
    never = [name for name in model.ranges if name not in found.inputs]
    if never:
        text = f"{of}: `ranges` names features that never came: {_few(never)}"
        yield Finding("models", "warning", text, TYPE)
    if came:
        yield Finding("models", "ok", f"{of}: {len(came)} features have values, predictions among them")


def _held(of: str, given: Baseline, found: Told, came: Sequence[str]) -> Iterator[Finding]:
    """Whether what comes is what the baseline was made of."""
    absent = [name for name in given.features if name not in found.inputs]
    fresh = [name for name in came if name not in given.features]
    if absent:
        text = f"{of}: of the baseline's features these never came: {_few(absent)}"
        yield Finding("models", "problem" if len(absent) == len(given.features) else "warning", text, LIKE)
    if fresh:
        text = f"{of}: the baseline lacks these, so no drift of them is told: {_few(fresh)}"
        yield Finding("models", "note", text, LIKE)
    for name in came:
        feature, inputs = given.features.get(name), found.inputs[name]
        if feature is not None and (fault := _strange(feature, inputs)):
            yield Finding("models", "warning", f"{of}: {name} {fault}", UNIT)


def _strange(feature: Feature, inputs: Inputs) -> str:
    """How a feature's values differ from the baseline's as no drift would; "" if they do not."""
    if isinstance(feature.values, Histogram) != bool(inputs.numbers):
        was, is_now = ("numbers", "categories") if inputs.numbers == {} else ("categories", "numbers")
        return f"has {was} in the baseline, and {is_now} come"
    values = inputs.numbers.get(feature.standard)
    middle = values.quantile(0.5) if values is not None else None
    if middle is None or feature.extent is None:
        return ""
    center, spread = feature.standard
    low, high = feature.extent
    middle = center + spread * middle
    if low <= middle <= high:
        return ""
    return f"is {middle:.4g} in the middle, and lies within {low:.4g} and {high:.4g} in the baseline"


def _values(inputs: Inputs) -> int:
    """How many usable values a feature had."""
    top = inputs.categories.seen if inputs.categories is not None else 0
    return top + sum(values.count for values in inputs.numbers.values())


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
