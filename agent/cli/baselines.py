"""How `baseline` shows baselines, how one was made, and whether two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.ledger import utc
from agent.stats.baseline import Baseline, BaselineError, Feature
from agent.stats.drift import DEFAULT, Bounds, Verdict, judged
from agent.stats.histogram import Histogram
from agent.stats.topk import Top
from agent.tables.making import Made
from agent.view.clean import clean
from collectors.logs.formats.roles import FEATURE

TOLD = 5
"""Categories shown of a feature."""
LEFT_OUT = 20
"""Columns that were left out, shown."""


def as_text(baseline: Baseline, distinct: Mapping[str, int] | None = None) -> Iterator[str]:
    """One line a feature; with the counts of different values where they are known."""
    named = f"{clean(baseline.model)} {clean(baseline.version)}".rstrip()
    yield f"{named}: {len(baseline.features)} features, made {utc(baseline.made)}"
    width = max([7, *(len(clean(name)) for name in baseline.features)])
    head = f"  {'feature':<{width}}  {'values':>9}  {'missing':>9}"
    yield head + (f"  {'distinct':>9}" if distinct is not None else "") + "  what"
    for name, feature in sorted(baseline.features.items()):
        row = f"  {clean(name):<{width}}  {feature.seen.count:>9}  {feature.missing:>9}"
        if distinct is not None:
            row += f"  {distinct[name]:>9}"
        yield f"{row}  {_what(feature)}"


def _what(feature: Feature) -> str:
    if isinstance(feature.values, Top):
        top = _most(feature.values)
        told = ", ".join(f"{clean(name, 40)} {count}" for name, count in top[:TOLD])
        rest = feature.values.seen - sum([count for _, count in top[:TOLD]])
        return f"category: {told}" + (f", others {rest}" if rest else "")
    if feature.extent is None:
        return "number"
    low, high = feature.extent
    center, spread = feature.standard
    return f"number around {center:g}, spread {spread:g}, within [{low:.6g}, {high:.6g}]"


def _most(top: Top) -> list[tuple[str, int]]:
    return sorted(top.counts.items(), key=lambda item: (-item[1], item[0]))


def as_json(baseline: Baseline) -> Iterator[dict[str, Any]]:
    """The baseline, then each feature."""
    head = {"model": baseline.model, "version": baseline.version, "made": baseline.made}
    yield {"kind": "baseline", **head, "features": len(baseline.features)}
    for name, feature in sorted(baseline.features.items()):
        about = {"kind": "feature", "feature": name, "values": feature.seen.count, "missing": feature.missing}
        if isinstance(feature.values, Top):
            yield {**about, "top": dict(_most(feature.values)[:TOLD]), "other": feature.values.other}
        else:
            low, high = feature.extent or (None, None)
            yield {**about, **feature.standard._asdict(), "low": low, "high": high}


def made_text(made: Made, output: Path, size: int) -> Iterator[str]:
    """What was made of tables, and what was left out."""
    yield f"{made.rows} rows"
    yield from as_text(made.baseline, {name: column.distinct.count for name, column in made.columns.items()})
    for told in _said(made):
        yield f"  {told['feature']}: {told['said']}"
    for name, why in list(made.left_out.items())[:LEFT_OUT]:
        yield f"  left out: {clean(name) or '(no name)'}: {clean(why)}"
    rest = len(made.left_out) - LEFT_OUT
    if rest > 0:
        yield f"  left out: {rest} more"
    if made.refused:
        yield f"  left out: {made.refused} times a column beyond those"
    for trouble, count in made.troubles.items():
        yield f"  not used: {count} {clean(trouble)}"
    yield f"wrote {clean(str(output))}: {size} bytes"


def _said(made: Made) -> Iterator[dict[str, str]]:
    """What should be looked at before a feature is trusted."""
    for name, column in sorted(made.columns.items()):
        feature = made.baseline.features[name]
        if not FEATURE.fullmatch(f"feature.{name}"):
            yield {"feature": clean(name), "said": "no log can call a feature so; --rename it"}
        if column.distinct.count == 1 and not column.infinite:
            yield {"feature": clean(name), "said": "it is the same in each row"}
        if isinstance(feature.values, Histogram):
            if column.texts:
                yield {
                    "feature": clean(name),
                    "said": f"{column.texts} cells are no numbers; counted as missing",
                }
            if column.infinite:
                yield {"feature": clean(name), "said": f"{column.infinite} are infinite; counted as missing"}


def made_json(made: Made, output: Path, size: int) -> Iterator[dict[str, Any]]:
    """The same as objects."""
    for about in as_json(made.baseline):
        if about["kind"] == "feature":
            column = made.columns[about["feature"]]
            more = {"distinct": column.distinct.count, "texts": column.texts, "infinite": column.infinite}
            yield {**about, **more}
        else:
            yield {**about, "rows": made.rows, "output": str(output), "bytes": size, "refused": made.refused}
    for told in _said(made):
        yield {"kind": "said", **told}
    for name, why in made.left_out.items():
        yield {"kind": "left_out", "column": name, "why": why}
    for trouble, count in made.troubles.items():
        yield {"kind": "trouble", "what": trouble, "count": count}


class Compared(NamedTuple):
    """A feature in two baselines; no verdict where only one has it, `why` tells which."""

    feature: str
    verdict: Verdict | None
    why: str = ""

    @property
    def differs(self) -> bool:
        """Whether it drifted, or only one has it."""
        return self.verdict is None or bool(self.verdict.drifted)


def compared(one: Baseline, two: Baseline) -> Sequence[Compared]:
    """The verdict of each feature, those that drifted first; features of the first share the alarms.

    Raises:
        BaselineError: a feature has two kinds or standards.
    """
    bounds = DEFAULT.shared(len(one.features))
    found = [_compared(name, one, two, bounds) for name in sorted({*one.features, *two.features})]
    return sorted(found, key=lambda each: not each.differs)


def _compared(name: str, one: Baseline, two: Baseline, bounds: Bounds) -> Compared:
    a, b = one.features.get(name), two.features.get(name)
    if a is None or b is None:
        return Compared(name, None, "only the second has it" if a is None else "only the first has it")
    if isinstance(a.values, Histogram) != isinstance(b.values, Histogram):
        raise BaselineError(
            f"{name} is a number in one, and a category in the other: make one --like the other"
        )
    if a.standard != b.standard:
        raise BaselineError(f"{name} has two standards: make one --like the other")
    return Compared(name, judged(a.seen, b.seen, bounds))


def compared_text(found: Sequence[Compared]) -> Iterator[str]:
    """One line a feature."""
    width = max([7, *(len(clean(each.feature)) for each in found)])
    for each in found:
        yield f"{clean(each.feature):<{width}}  {_judgement(each)}"
    drifted = sum([each.differs for each in found])
    yield f"{drifted} of {len(found)} features drifted"


def _judgement(each: Compared) -> str:
    verdict = each.verdict
    if verdict is None:
        return each.why
    if verdict.drifted is None:
        return f"too few values to tell: {verdict.reference} and {verdict.window}"
    told = [
        f"{score.test} {score.score:.3g} (threshold {score.threshold:.3g})"
        for score in verdict.scores
        if score.score > score.threshold
    ]
    if verdict.drifted:
        return "DRIFTED: " + ", ".join(told)
    worst = verdict.worst
    return "the same" + (f": {worst.test} {worst.score:.3g} of {worst.threshold:.3g}" if worst else "")


def compared_json(found: Sequence[Compared]) -> Iterator[dict[str, Any]]:
    """One object a feature."""
    for each in found:
        about: dict[str, Any] = {"feature": each.feature, "differs": each.differs, "why": each.why}
        if each.verdict is not None:
            verdict = each.verdict
            about["drifted"] = verdict.drifted
            about["scores"] = [score._asdict() for score in verdict.scores]
            about["distances"] = dict(verdict.distances)
        yield about
