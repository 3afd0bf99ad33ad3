"""Settings of models: which logs tell of one, what it was made for, and what is kept of its records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import inf, isfinite
from types import MappingProxyType
from typing import Annotated, NamedTuple

from agent.config.allowance import Allowance
from agent.config.fault import Refusal, Refused, quoted
from agent.config.formats import keys
from agent.config.forms import Choice, Duration, Flag, Schema, Text, Whole, text
from agent.config.names import Name, Path
from agent.config.quantity import Rate
from agent.config.section import Pairs, Section, Setting, section

MODELS = 32
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MB = 1000**2
FEATURE = r"[A-Za-z0-9_.-]{1,64}"


class Extent:
    """The least and the largest value, "-40..85"; one of them may be left out."""

    def read(self, value: object) -> tuple[float, float]:
        """Both, infinite where left out."""
        parts = value.split("..") if isinstance(value, str) else []
        try:
            low, high = (float(part) if part.strip() else None for part in parts)
        except ValueError:
            raise Refused(Refusal(f"{quoted(value)} is no range", self.allowed())) from None
        if not all(each is None or isfinite(each) for each in (low, high)) or low is high is None:
            raise Refused(Refusal(f"{quoted(value)} is no range", self.allowed()))
        extent = (-inf if low is None else low, inf if high is None else high)
        if extent[0] > extent[1]:
            raise Refused(Refusal(f"{quoted(value)} holds nothing", self.allowed()))
        return extent

    def allowed(self) -> str:
        """The grammar."""
        return 'LOW..HIGH, such as "-40..85", or with one of them alone, "0.."'

    def show(self, value: object) -> str:
        """In TOML."""
        ends = value if isinstance(value, tuple) else ()
        return text("..".join("" if abs(each) == inf else f"{each:g}" for each in ends))

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"type": "string", "pattern": r"^[^.]*(\.[0-9]+)?\.\.[^.]*(\.[0-9]+)?$"}


class Samples(NamedTuple):
    """Whole records of a model, few of many, each with the number that it stands for, redacted. They are
    records of people's data: nothing is kept unless this is switched on.
    """

    enabled: Annotated[bool, Setting(Flag(), "Whether any are kept.")] = False
    strata: Annotated[
        str,
        Setting(
            Choice("prediction", "label", "version", "status", "none"),
            "Of what each kind has its fair share, however rare it is; failed requests are one of their own.",
        ),
    ] = "prediction"
    each: Annotated[int, Setting(Whole(0, 100), "Records of each of these kinds in an hour, by chance.")] = 4
    errors: Annotated[int, Setting(Whole(0, 100), "Failed requests in an hour, by chance.")] = 8
    edges: Annotated[
        int,
        Setting(
            Whole(0, 100),
            "Records in an hour of each edge: the slowest, the least confident, those out of a range, and "
            "with a class or category that was never seen.",
        ),
    ] = 2
    budget: Annotated[
        Rate,
        Setting(
            Allowance(1000, 10**10),
            "The most that all of them may take in the store; beyond it, fewer are kept.",
        ),
    ] = Rate(MB, "day")


class Model(NamedTuple):
    """A model, as its logs tell of it: how good it is, what it is given, and whether that is still what it
    was made for.
    """

    name: Annotated[
        str,
        Setting(
            Name(), "What it is called: model.name of its series, unless its lines have another.", '"iris"'
        ),
    ]
    logs: Annotated[
        tuple[str, ...],
        Setting(
            keys(),
            "The [[logs]] that tell of it. Predictions and labels are joined by request, whichever of them "
            "has which.",
            '["api"]',
        ),
    ] = ()
    process: Annotated[
        str,
        Setting(
            Text(128),
            "The process that serves it, by the name in collectors.processes.watch: its use of CPU, memory "
            "and GPU is shown with the model.",
        ),
    ] = ""
    baseline: Annotated[
        str,
        Setting(
            Path(),
            "A file made by `outrider baseline`, by which drift is told; empty: the first records (`learn`).",
        ),
    ] = ""
    learn: Annotated[
        float,
        Setting(
            Duration(MINUTE, 30 * DAY),
            "Without a baseline: for how long records are collected for one, of each version anew. It is "
            "then frozen, and shipped.",
        ),
    ] = DAY
    drift_window: Annotated[
        float,
        Setting(
            Duration(10, 7 * DAY), "The records of so long are compared with the baseline, again and again."
        ),
    ] = HOUR
    constant: Annotated[
        float,
        Setting(Duration(MINUTE, 30 * DAY), "A feature that did not change for so long is told of."),
    ] = HOUR
    ranges: Annotated[
        Mapping[str, tuple[float, float]],
        Setting(
            Pairs(Extent(), 200, FEATURE, "names of features"),
            "Where a feature's values must lie; others are counted as out of range.",
            'temperature = "-40..85"',
        ),
    ] = MappingProxyType({})
    classes: Annotated[
        int,
        Setting(Whole(2, 60), "Classes that are told apart, those that come first; the rest is `other`."),
    ] = 20
    label_wait: Annotated[
        float,
        Setting(
            Duration(MINUTE, 7 * DAY),
            "How long a prediction waits for its label, and a label for its prediction.",
        ),
    ] = DAY
    label_most: Annotated[
        int,
        Setting(
            Whole(100, 1_000_000),
            "How many wait at most, of both together: about 10 bytes each in the store, 50 in memory.",
        ),
    ] = 50_000
    samples: Samples = Samples()


@cache
def model_section() -> Section:
    """The settings of one model."""
    return section(Model)
