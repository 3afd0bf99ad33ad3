"""The simulation bites: with one rule of the algebra loosened it soon finds a number miscounted.

A rule that could be taken out unseen would mean that the small world does not test it. Rules whose
absence takes rare luck to show have tests of their own, beside the code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.ship.outbox import Outbox
from agent.ship.records import Key, Spans, Tombstone
from agent.ship.settling import SETTLED
from agent.store import coarsen
from agent.store.errors import StoreCorrupt
from agent.store.layout import Head
from agent.view.settle import Ledger
from tests.torture.simulate import run
from tests.torture.world import ViolationError

Patch = pytest.MonkeyPatch


def free_merging_of_neighbours(patch: Patch) -> None:
    def neighbours(heads: list[Head], *_: int) -> list[list[Head]]:
        data = [head for head in heads if head.reason is None]
        return [data[at : at + 3] for at in range(0, len(data), 3)]

    patch.setattr(coarsen, "halves", neighbours)


def a_puback_counts_for_what_was_merged_since(patch: Patch) -> None:
    def lenient(box: Outbox, key: Key, digest: bytes) -> None:
        for other, entry in box._entries.items():
            if other[:2] == key[:2] and other.first <= key.first and key.last <= other.last:
                entry.state = SETTLED

    patch.setattr(Outbox, "sent", lenient)


def tombstones_go_unsaid(patch: Patch) -> None:
    def silent(_ledger: Ledger, _stone: Tombstone) -> Spans:
        return []

    patch.setattr(Ledger, "bury", silent)


def finer_data_stays_beside_its_block(patch: Patch) -> None:
    run_query = Ledger._run

    def keeping(ledger: Ledger, query: str, key: Key, *values: object) -> object:
        if query.startswith("DELETE FROM data") and "BETWEEN" in query:
            return None
        return run_query(ledger, query, key, *values)

    patch.setattr(Ledger, "_run", keeping)


def storms(place: Path) -> None:
    """A few short ones: most rules break in the first."""
    for seed in range(2, 6):
        run(place / str(seed), 1_200, seed)


@pytest.mark.parametrize(
    ("loosen", "finding"),
    [
        (free_merging_of_neighbours, StoreCorrupt),
        (a_puback_counts_for_what_was_merged_since, ViolationError),
        (tombstones_go_unsaid, ViolationError),
        (finer_data_stays_beside_its_block, (ViolationError, sqlite3.IntegrityError)),
    ],
)
def test_without_this_rule_the_world_breaks(
    tmp_path: Path,
    monkeypatch: Patch,
    loosen: Callable[[Patch], None],
    finding: type[Exception] | tuple[type[Exception], ...],
) -> None:
    loosen(monkeypatch)
    with pytest.raises(finding):
        storms(tmp_path)
