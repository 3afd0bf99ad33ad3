"""Models beside a store that fails or breaks: what waits for labels stays with what was counted of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from agent.config.models import Model, Samples
from agent.config.settings import Config
from agent.flush.feed import Dated, Fed, Said
from agent.logs.models.model import Model as Taking
from agent.modelling import Models
from agent.stats.reservoir import Edge, Item, Sampled, Stratum, estimated
from agent.store.errors import StoreCorrupt, StoreError, StoreFull
from agent.store.flush import Flush, Flushed
from agent.store.reader import Reader
from agent.store.store import Store
from collectors.tally import Tally
from tests.agent.flush.rig import OFFSET, Rig, taken
from tests.agent.logs.models.test_outcomes import rows
from tests.agent.logs.models.test_samples import rows as recorded
from tests.torture.labels import counted
from tests.waiting import until

MINUTE, HOUR = 60.0, 3600.0
NONE = Samples()
FLUSHES, HOURS, REQUESTS = 3, 40, 300


class Life:
    """A writer whose feed is a model, from what the store has of it; each window's end gathers."""

    def __init__(self, directory: Path, *errors: StoreError, kept: Samples = NONE) -> None:
        self.rig = Rig(directory)
        self.rig.writer.feeds = (self,)
        self._errors, self._real = list(errors), self.rig.writer._open
        self.rig.writer._open = self._opened
        self.rig.writer.start()
        assert self.rig.writer.ready.wait(20)
        config = Config(model=(Model("iris", ("api",), samples=kept),))
        self._models = Models(config, self.rig.writer.positions, OFFSET, print, Tally())
        self.now = OFFSET

    def _opened(self) -> Store:
        store = self._real()
        real = store.flush

        def flush(what: Flush) -> Flushed:
            # The first flush of a life has no window yet.
            if self._errors and what.contents["windows"].frames:
                error = self._errors.pop(0)
                store._database.damaged = isinstance(error, StoreCorrupt)
                raise error
            return real(what)

        store.flush = flush  # type: ignore[method-assign, assignment]
        return store

    def gather(self, patience: float) -> Fed:
        """As of `Feed`."""
        made = self._models.summed_up(self.now)
        dated = tuple(Dated(start, MINUTE, False, windows) for start, windows in made.minutes.items())
        return Fed(dated=dated, positions=made.states, said=tuple(Said(*each) for each in made.said))

    @property
    def model(self) -> Taking:
        """The model."""
        found = self._models.of("api")
        assert found is not None
        return found

    def window(self, predictions: Sequence[int] = (), labels: Sequence[int] = ()) -> None:
        """A window ends in which predictions or labels of these requests were read."""
        model = self.model
        said, told = ([f"r{number}" for number in numbers] for numbers in (predictions, labels))
        model.take(rows(len(said), at=OFFSET, ids=said, predictions="a" * len(said)), OFFSET)
        model.take(rows(len(told), at=OFFSET, ids=told, labels="a" * len(told)), OFFSET)
        self.rig.window()
        taken(self.rig)

    def end(self) -> Mapping[str, int]:
        """It ends in good order; what the store holds of labels."""
        assert self.rig.writer.stop(20)
        found = counted(self.rig.contents())
        assert found.outcomes["joined"] == found.confusion["a", "a"]
        return found.outcomes


def test_a_flush_that_fails_costs_no_pair_and_counts_none_twice(tmp_path: Path) -> None:
    full = [StoreFull("the disk is full; free space") for _ in range(3)]
    life = Life(tmp_path / "state", *full)
    life.window(predictions=range(100))
    life.window(labels=range(50))
    life.window(labels=range(40, 60))
    assert life.rig.contents() == []
    life.window(labels=range(60, 90))
    assert life.end() == {"joined": 90, "repeated_label": 10}
    after = Life(tmp_path / "state")
    after.window(labels=range(100))
    assert after.end() == {"joined": 100, "repeated_label": 100}


def test_what_is_in_no_flush_when_it_dies_is_counted_by_the_next_life_alone(tmp_path: Path) -> None:
    life = Life(tmp_path / "state", *(StoreFull("full") for _ in range(9)))
    life.window(predictions=range(10))
    life.window(labels=range(5))
    assert life.end() == {}
    after = Life(tmp_path / "state")
    after.window(predictions=range(10), labels=range(5))
    assert after.end() == {"joined": 5}


def test_a_store_that_breaks_takes_what_it_held_and_no_more(tmp_path: Path) -> None:
    life = Life(tmp_path / "state")
    life.window(predictions=range(100))
    life.window(labels=range(50))
    life._errors.append(StoreCorrupt("database disk image is malformed"))
    life.window(labels=range(50, 75))
    life.window(labels=range(20))
    until(lambda: life.rig.counted("outrider.store.set_aside") == 1)
    assert life.end() == {"joined": 25, "repeated_label": 20}
    assert [entry.reason for entry in life.rig.entries()] == ["corrupt"] * 4
    after = Life(tmp_path / "state")
    after.window(labels=range(70, 100))
    assert after.end() == {"joined": 50, "repeated_label": 25}


def test_counts_come_back_without_bias_from_the_samples_in_the_store(tmp_path: Path) -> None:
    """Each hour has other requests; hardly any of them are foxes, of which most come from the north."""
    random = np.random.default_rng(7)
    life = Life(tmp_path / "state", kept=Samples(enabled=True, each=100, errors=20, edges=2))
    truth = []
    for _ in range(HOURS):
        kinds = random.choice([2, 3, 4], REQUESTS, p=[0.7, 0.28, 0.02])
        north = random.random(REQUESTS) < 0.3 + kinds / 20
        failed = random.random(REQUESTS) < 0.05
        lines = [b"north" if each else b"south" for each in north]
        latency = random.exponential(1.0, REQUESTS)
        record = recorded(kinds.tolist(), lines.__getitem__, failed=failed, latency=latency)
        life.model.take(record, life.now)
        truth.append(int(north.sum()))
        life.now += HOUR
        life.rig.now += HOUR
        for _ in range(FLUSHES):
            life.rig.window()
        taken(life.rig)
    assert life.rig.writer.stop(20)
    found = [estimated(each, lambda text: text == "north") for each in sampled(life.rig.directory)]
    assert len(found) == HOURS
    # What is stated holds in 95 of 100 hours: of all together the deviation is known.
    deviation = math.hypot(*((each.high - each.low) / 2 for each in found)) / 1.96
    assert deviation < 0.02 * sum(truth)
    assert abs(sum(each.count for each in found) - sum(truth)) < 4 * deviation
    covered = [each.low <= count <= each.high for each, count in zip(found, truth, strict=True)]
    assert sum(covered) >= 0.8 * HOURS


def sampled(directory: Path) -> list[Sampled]:
    """The samples of each hour, as their events tell them."""
    hours: dict[float, list[dict[str, str]]] = {}
    with closing(Reader.open(directory)) as reader:
        for row in reader.stored(streams=("samples",)):
            for event in row.content().events:
                said = {**dict(event.attributes), "text": event.text}
                hours.setdefault(event.at // HOUR, []).append(said)
    return [_of_hour(said) for said in hours.values()]


def _of_hour(said: list[dict[str, str]]) -> Sampled:
    strata: dict[str, list[Item]] = {}
    edges: dict[str, list[Item]] = {}
    counts: dict[str, float] = {}
    for each in said:
        edge, kind = each.get("edge", ""), each["stratum"]
        (edges if edge else strata).setdefault(edge or kind, []).append(Item(0.0, kind, each["text"]))
        counts[kind] = counts.get(kind, 0.0) + (0.0 if edge else float(each["weight"]))
    return Sampled(
        {kind: Stratum(len(items), round(counts[kind]), tuple(items)) for kind, items in strata.items()},
        {edge: Edge(len(items), tuple(items)) for edge, items in edges.items()},
    )
