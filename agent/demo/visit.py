"""One request at the model: what it asked, what it was answered, and how long each phase took."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from agent.demo.model import Model, Prediction
from agent.demo.query import Query, query

Fields = dict[str, object]


class Visit:
    """A request that has come in.

    Args:
        body: what it brought.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._began = time.perf_counter()
        self._spent: dict[str, float] = {}
        self._asked: Query | None = None
        self._first: Prediction | None = None

    def waited(self, seconds: float) -> None:
        """Note how long it was in the queue."""
        self._spent["queue"] = seconds

    def run(self, model: Model) -> object:
        """Read the body, run the model, and give the answer, ready for JSON.

        Raises:
            QueryError, ValueError, InvalidArgument: what was asked cannot be answered.
        """
        with self._phase("preprocess"):
            asked = self._asked = query(self._body)
        with self._phase("inference"):
            if asked.many:
                return {"species": [model.predict(features).species for features in asked.flowers]}
            self._first = model.predict(asked.flowers[0])
            return self._first._asdict()

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._spent[name] = time.perf_counter() - began

    def fields(self) -> Fields:
        """What the log says of it, as far as it came: phases in ms, prediction and features."""
        latency = {"latency": time.perf_counter() - self._began}
        found: Fields = {
            f"{name}_ms": round(1000 * span, 3) for name, span in (latency | self._spent).items()
        }
        if self._asked:
            found["batch_size"] = len(self._asked.flowers)
        if self._first:
            found["prediction"] = self._first.species
            found["confidence"] = round(self._first.confidence, 4)
        if self._asked and not self._asked.many:
            found["features"] = writable(self._asked.flowers[0])
        return found


def writable(features: dict[str, float]) -> Fields:
    """JSON has no word for what is not finite."""
    return {name: value if math.isfinite(value) else str(value) for name, value in features.items()}
