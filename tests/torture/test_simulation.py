"""Ten thousand steps of the small world; a million are run by `make torture`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.simulate import run


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_number_counts_twice_is_lost_unsaid_or_wrongly_missed(tmp_path: Path, seed: int) -> None:
    world = run(tmp_path, 2_500, seed)
    assert world.steps == 2_500
    assert world.serial > 1_000
    assert world.counts.keys() >= {"device put back", "sink put back", "sink crashed", "flush crashed"}
    assert world.counts.keys() >= {"merged for budget", "waited for the clock", "grain 16"}
