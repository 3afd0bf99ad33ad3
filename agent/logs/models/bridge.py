"""From the columns of a log's format to those of a model's records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.logs.groups import Clean, kept
from agent.logs.limits import MINUTE
from agent.logs.models.model import Model
from agent.logs.models.rows import Categories, Classes, Numbers, Rows
from agent.stats.bins import Floats, Ints
from collectors.api import Attributes
from collectors.logs.formats.classes import Classes as Named
from collectors.logs.formats.classes import folded
from collectors.logs.formats.columns import Batch
from collectors.logs.formats.format import Format
from collectors.logs.formats.roles import CLASSES

LAST = 59.999
"""Seconds into a minute at which a record counts that was read later."""
FEATURE, CATEGORY = "feature.", "category."


def tells(form: Format) -> bool:
    """Whether lines of a format say anything of a model but how fast it was."""
    return bool(form.classes or form.outcomes or form.features or form.key("confidence"))


class Cleaned:
    """The names of a column of classes without what may not be kept, each cleaned once.

    Args:
        known: the names as they are in the lines; more come.
        key: of the field.
        clean: takes out of a field's text what may not be kept.
    """

    def __init__(self, known: Named, key: str, clean: Clean) -> None:
        self._known, self._key, self._clean = known, key, clean
        self._names: list[str] = []

    @property
    def names(self) -> Sequence[str]:
        """The names by number."""
        for name in self._known.names[len(self._names) :]:
            self._names.append(kept(self._clean, self._key, name))
        return self._names


class Watching:
    """Hands the records of one log to their model.

    Args:
        model: takes them.
        form: the log's format.
        source: attributes of the log.
        clean: takes out of a field's text what may not be kept.
    """

    def __init__(self, model: Model, form: Format, source: Attributes, clean: Clean) -> None:
        self._names: list[Cleaned] = []
        self._keys, self._clean = [field.key for field in form.classes], clean
        self._model, self._source, self._own = model, source, (("model.name", model.name),)
        roles = [field.role for field in form.numbers]
        self._features = [
            (role.removeprefix(FEATURE), at) for at, role in enumerate(roles) if FEATURE in role
        ]
        self._places = {role: at for at, role in enumerate(roles)}
        self._outcomes = {field.role: at for at, field in enumerate(form.outcomes)}
        self._classes = [field.role for field in form.classes]

    def name(self, classes: Sequence[Named]) -> None:
        """The classes of the log's columns, from now on."""
        self._names = [
            Cleaned(known, key, self._clean) for known, key in zip(classes, self._keys, strict=True)
        ]

    def takes(self, role: str) -> bool:
        """Whether numbers of this role are summed up by the model: what it is given and says."""
        return role == "confidence" or role.startswith(FEATURE)

    def take(
        self, batch: Batch, minutes: Ints, places: Ints, attributes: Sequence[Attributes], now: float
    ) -> None:
        """As of `agent.logs.digest.Watch`."""
        self._model.take(self._rows(batch, minutes, places, attributes, now), now)

    def _rows(
        self, batch: Batch, minutes: Ints, places: Ints, attributes: Sequence[Attributes], now: float
    ) -> Rows:
        raw = batch.raw
        classes = {
            role: Classes(numbers, known.names)
            for role, numbers, known in zip(self._classes, batch.classes, self._names, strict=True)
        }
        fine = np.zeros(len(minutes), np.uint8)
        states = batch.states or (None,) * len(self._features)
        return Rows(
            # Within its minute as near to the reading as may be: delays of labels are right to seconds.
            np.clip(now, minutes * MINUTE, minutes * MINUTE + LAST),
            places[:, 0],
            [self._called(each) for each in attributes],
            places[:, 2] > 0,
            batch.requests,
            classes.get("prediction"),
            classes.get("label"),
            self._outcome(batch, "predicted_value"),
            self._outcome(batch, "true_value"),
            self._outcome(batch, "correct"),
            self._number(batch, "confidence"),
            self._outcome(batch, "rank"),
            self._number(batch, "latency"),
            tuple(
                Numbers(name, batch.numbers[at], fine if state is None else state)
                for (name, at), state in zip(self._features, states, strict=True)
            ),
            tuple(
                Categories(role.removeprefix(CATEGORY), Classes(folded(each.numbers), each.names))
                for role, each in classes.items()
                if role not in CLASSES
            ),
            (lambda _: b"") if raw is None else raw.line,
        )

    def _called(self, attributes: Attributes) -> Attributes:
        """All of a group: its log, then the model, by its own name if its lines have one, then the rest."""
        named = any(key == "model.name" and value for key, value in attributes)
        return (*self._source, *(() if named else self._own), *attributes)

    def _number(self, batch: Batch, role: str) -> Floats | None:
        at = self._places.get(role)
        return None if at is None else batch.numbers[at]

    def _outcome(self, batch: Batch, role: str) -> Floats | None:
        at = self._outcomes.get(role)
        return None if at is None else batch.outcomes[at]
