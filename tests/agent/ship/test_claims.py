from __future__ import annotations

from agent.ship.claims import explained, joined
from agent.ship.records import Epoch, Key


def test_an_empty_epoch_before_one_that_is_named_is_explained_too() -> None:
    epochs = [
        Epoch(4, 3, {"windows": 2}, {}),
        Epoch(3, 2, {}, {"windows": 2}),
        Epoch(2, 1, {"windows": 9}, {}),
    ]
    assert [epoch.id for epoch in explained(epochs, {3})] == [4, 3, 2]
    assert [epoch.id for epoch in explained(epochs, set())] == [4]


def test_the_nearest_intervals_are_joined_first() -> None:
    keys = [Key(1, "windows", n, n) for n in (0, 2, 9, 20)]
    assert joined(keys, {1: 0}, 2) == ((Key(1, "windows", 0, 9), Key(1, "windows", 20, 20)), False)


def test_the_oldest_streams_are_left_out_and_that_is_said() -> None:
    keys = [Key(epoch, "windows", 0, 0) for epoch in (1, 2, 3)]
    assert joined(keys, {3: 0, 2: -1, 1: -2}, 2) == ((keys[2], keys[1]), True)
