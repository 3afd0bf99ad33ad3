"""A fair sample, whatever the order."""

from __future__ import annotations

import numpy as np

from agent.tables.sample import Sample


def test_few_numbers_are_all_kept() -> None:
    sample = Sample(10)
    sample.add(np.arange(4.0))
    sample.add(np.arange(4.0, 10.0))
    assert sorted(sample.values) == list(range(10))


def test_every_part_of_a_sorted_stream_has_its_share() -> None:
    sample = Sample(4096)
    for start in range(0, 1_000_000, 7919):
        sample.add(np.arange(start, min(start + 7919, 1_000_000), dtype=float))
    assert len(sample.values) == 4096
    assert len(np.unique(sample.values)) == 4096
    counts = np.histogram(sample.values, 10, (0, 1e6))[0]
    # Five deviations of a share of a tenth.
    assert abs(counts - 409.6).max() < 5 * (4096 * 0.09) ** 0.5


def test_the_same_stream_gives_the_same_sample() -> None:
    one, two = Sample(100), Sample(100)
    for sample in (one, two):
        sample.add(np.arange(1000.0))
    assert one.values.tolist() == two.values.tolist()
