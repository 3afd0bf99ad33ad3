from __future__ import annotations

from agent.ship.blocks import NO_BLOCKS, blocks
from agent.ship.records import Epoch, Key

OWN = 7


def rows(*spans: tuple[int, int], epoch: int = OWN) -> list[Key]:
    return [Key(epoch, "windows", first, last) for first, last in spans]


def own(following: int) -> Epoch:
    return Epoch(OWN, None, {}, {"windows": following})


def test_without_a_grain_nothing_waits() -> None:
    assert blocks(rows((0, 0)), 1, own(1), ()) is NO_BLOCKS


def test_rows_of_a_block_that_grows_wait_and_it_is_known_when_the_next_number_completes_it() -> None:
    found = blocks(rows((4, 4), (5, 5)), 4, own(6), ())
    assert (sorted(found.growing), found.joinable, found.soon) == (rows((4, 4), (5, 5)), (), None)
    assert blocks(rows((4, 4), (5, 5), (6, 6)), 4, own(7), ()).soon == Key(OWN, "windows", 4, 7)


def test_a_complete_block_is_to_be_joined_and_its_rows_wait_for_that() -> None:
    found = blocks(rows((0, 1), (2, 2), (3, 3), (4, 4)), 4, own(5), ())
    assert found.joinable == (Key(OWN, "windows", 0, 3),)
    assert found.fine == frozenset(rows((0, 1), (2, 2), (3, 3)))


def test_what_is_as_coarse_as_it_gets_is_free() -> None:
    found = blocks(rows((0, 3), (4, 4), (6, 6)), 4, own(8), ())
    assert (found.growing, found.joinable) == (frozenset(), ())


def test_a_block_that_was_given_up_is_free() -> None:
    block = Key(OWN, "windows", 0, 3)
    assert blocks(rows((0, 0), (1, 1), (2, 2), (3, 3)), 4, own(4), {block}).fine == frozenset()


def test_former_lives_do_not_grow_and_go_first() -> None:
    found = blocks([*rows((0, 0), (1, 1)), *rows((0, 0), (1, 1), epoch=3)], 2, own(2), ())
    assert [block.epoch for block in found.joinable] == [3, OWN]
    assert blocks(rows((4, 4), (5, 5), epoch=3), 8, own(2), ()).joinable == (Key(3, "windows", 0, 7),)
    assert blocks(rows((4, 4), (6, 6), epoch=3), 8, own(2), ()).joinable == ()
