from __future__ import annotations

import pytest

from agent.store.sizing import LEAST_FRAMES, LOG_LIMIT, MIB, SHARED_MEMORY, WRITTEN, share_of


@pytest.mark.parametrize("size", [MIB, MIB + 1, 3 * MIB + 77, 16 * MIB, 64 * MIB, 1 << 34])
def test_database_log_and_shared_memory_never_exceed_the_limit(size: int) -> None:
    share = share_of(size)
    total = share.pages * 1024 + share.log_size + SHARED_MEMORY
    assert size - 4096 < total <= size
    assert share.log_size <= LOG_LIMIT
    # One block of shared memory is enough for the log; a second one would not be accounted for.
    assert share.frames <= 4062
    assert share.largest < share.log_size // 5


def test_a_huge_store_is_not_written_in_advance_to_the_end() -> None:
    assert share_of(64 << 30).grown == 256 * 1024
    assert share_of(16 * MIB).grown == share_of(16 * MIB).pages


def test_a_checkpoint_comes_before_it_would_write_more_than_it_may() -> None:
    share = share_of(16 * MIB)
    assert share.checkpoint == share.frames // 3
    assert share_of(16 * MIB, 500_000).checkpoint * WRITTEN == pytest.approx(500_000, rel=0.01)
    assert share_of(16 * MIB, 1000).checkpoint == LEAST_FRAMES
    assert share_of(MIB, 1 << 30).checkpoint == share_of(MIB).frames // 3


def test_too_small_is_refused_by_name_and_bound() -> None:
    with pytest.raises(ValueError, match=r"store\.max_size: 1048575 bytes .* 1048576; raise it"):
        share_of(MIB - 1)
