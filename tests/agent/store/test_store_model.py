"""The store against a model under random actions: numbers tile, sums add up, the index follows."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.ship.records import Key, is_block, union
from agent.stats.frame import Content
from agent.stats.window import Gauge
from agent.store.errors import StoreError
from agent.store.flush import Flush
from agent.store.layout import Head
from tests.agent.store.device import LIMITS, SERIES, Device, content, kept

STREAMS = ("windows", "samples")


class StoreAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.device = Device(self.directory, LIMITS._replace(policies=kept(2000.0)))
        self.given: dict[Key, int] = {}
        self.confirmed: set[Key] = set()
        self.token = 0

    def teardown(self) -> None:
        self.device.store.close()
        shutil.rmtree(self.directory)

    @rule(
        streams=st.sets(st.sampled_from(STREAMS)),
        after=st.sampled_from([1.0, 10.0, 10.0, 10.0, 60.0, 500.0, 1500.0, -300.0]),
        step=st.sampled_from([0.0, 0.0, 0.0, 5.0]),
        fresh=st.sampled_from([False] * 9 + [True]),
        confirm=st.randoms(use_true_random=False),
    )
    def flush(
        self, streams: set[str], after: float, step: float, fresh: bool, confirm: random.Random
    ) -> None:
        self.device.now += after
        start = self.device.now - 10.0
        contents: dict[str, Content] = {}
        for stream in sorted(streams):
            self.token += 1
            contents[stream] = content(start, float(self.token), offset=1000.0 + step)
        settled = [row for row in self.device.index.values() if confirm.random() < 0.2]
        wrong = [(row.key, b"01234567") for row in list(self.device.index.values())[-2:]]
        confirmed = [*wrong, *((row.key, row.digest) for row in settled)]
        flushed = self.device.apply(Flush(self.device.now, contents, confirmed, fresh_epoch=fresh))
        own = flushed.epochs[0]
        for stream, value in contents.items():
            number = own.next[stream] - 1
            key = Key(own.id, stream, number, number)
            assert key not in self.given
            self.given[key] = int(value.frames[0].windows[SERIES].total)  # type: ignore[union-attr]
        self.confirmed |= {
            Key(*row.key[:2], n, n) for row in settled for n in range(row.key.first, row.key.last + 1)
        }

    @rule(after=st.integers(1, 400))
    def fail(self, after: int) -> None:
        left = [after]

        def interrupt() -> int:
            left[0] -= 1
            return left[0] == 0

        before = self.device.rows()
        self.device.store._connection.set_progress_handler(interrupt, 1)
        try:
            self.device.store.flush(Flush(self.device.now, {"windows": content(self.device.now)}))
        except StoreError:
            done = False
        else:
            done = True
        self.device.store._connection.set_progress_handler(None, 0)
        if done:
            # It was in time after all: take note as after any flush.
            own = self.device.store.epochs()[0]
            number = own.next["windows"] - 1
            self.given[Key(own.id, "windows", number, number)] = 1
            self.device.index = {row.key: row for row in self.device.store.unconfirmed()}
        else:
            assert self.device.rows() == before

    @rule()
    def restart(self) -> None:
        self.device.reopen()

    @precondition(lambda self: self.device.index)
    @rule(pick=st.integers(0, 1 << 30))
    def quarantine(self, pick: int) -> None:
        keys = list(self.device.index)
        self.device.flush(None, quarantine=[keys[pick % len(keys)]])

    @invariant()
    def index_is_in_step(self) -> None:
        assert self.device.index == {row.key: row for row in self.device.store.unconfirmed()}

    @invariant()
    def numbers_tile_and_sums_add_up(self) -> None:
        heads = self.device.heads()
        ids = {life.life: life.id for life in self.device.store._lives.known}
        held: dict[tuple[int, str], list[tuple[int, int]]] = {}
        for head in heads:
            spans = held.setdefault((ids[head.life], head.stream), [])
            assert not spans or spans[-1][1] < head.first
            spans.append((head.first, head.last))
            if head.reason is None:
                self._check_sum(ids[head.life], head)
        for key in self.given:
            there = any(first <= key.first <= last for first, last in held.get((key.epoch, key.stream), []))
            assert there or key in self.confirmed, f"{key} vanished and was never confirmed"
        for epoch in self.device.store.epochs()[:1]:
            for stream, following in epoch.next.items():
                assert union(held[epoch.id, stream])[-1][1] == following - 1

    def _check_sum(self, epoch: int, head: Head) -> None:
        assert is_block(head.first, head.last)
        windows = [frame.windows[SERIES] for frame in self.device.store._rows.read(head).frames]
        gauges = [window for window in windows if isinstance(window, Gauge)]
        tokens = [self.given[Key(epoch, head.stream, n, n)] for n in range(head.first, head.last + 1)]
        assert sum(gauge.total for gauge in gauges) == sum(tokens)
        assert sum(gauge.count for gauge in gauges) == len(tokens)


StoreAgainstModel.TestCase.settings = settings(
    max_examples=25, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreAgainstModel = StoreAgainstModel.TestCase
