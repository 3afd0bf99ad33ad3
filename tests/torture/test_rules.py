"""Each rule of the algebra is needed: without it the small world soon finds a number miscounted.

These are the looser rules that the design names in brackets, and a few of their neighbours. A rule
that could be taken out unseen would mean that the simulation does not test it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.ship.outbox import SETTLED, Claims, Outbox
from agent.ship.records import Key, Spans, Tombstone
from agent.store import coarsen
from agent.store.layout import Head
from agent.view.reception import Reception
from agent.view.settle import Ledger
from tests.torture.simulate import run
from tests.torture.world import ViolationError

STEPS = 12_000
Patch = pytest.MonkeyPatch


def prev_in_the_first_message_only(patch: Patch) -> None:
    claims = Outbox.claims

    def forgetful(box: Outbox) -> Claims:
        told = getattr(box, "told", False)
        box.told = True  # type: ignore[attr-defined]
        found = claims(box)
        bare = tuple(e._replace(prev=None, prev_next={}) for e in found.epochs)
        return found._replace(epochs=bare) if told else found

    patch.setattr(Outbox, "claims", forgetful)


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


def late_messages_speak(patch: Patch) -> None:
    patch.setattr(Reception, "_speaks_last", lambda _: True)


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


@pytest.mark.parametrize(
    "loosen",
    [
        prev_in_the_first_message_only,
        free_merging_of_neighbours,
        a_puback_counts_for_what_was_merged_since,
        late_messages_speak,
        tombstones_go_unsaid,
        finer_data_stays_beside_its_block,
    ],
)
def test_without_this_rule_the_world_breaks(
    tmp_path: Path, monkeypatch: Patch, loosen: Callable[[Patch], None]
) -> None:
    loosen(monkeypatch)
    with pytest.raises((ViolationError, Exception)) as broken:
        run(tmp_path, STEPS, 1)
    print(loosen.__name__, type(broken.value).__name__, broken.value)
