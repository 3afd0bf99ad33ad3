from __future__ import annotations

from collections import Counter
from statistics import mean

import pytest

from agent.demo.iris import FEATURES, SPECIES, flowers

# Fisher's own table of means, in cm.
MEANS = {
    "setosa": (5.006, 3.428, 1.462, 0.246),
    "versicolor": (5.936, 2.770, 4.260, 1.326),
    "virginica": (6.588, 2.974, 5.552, 2.026),
}


def test_fifty_flowers_of_each_species() -> None:
    assert Counter(flower.species for flower in flowers()) == dict.fromkeys(SPECIES, 50)


@pytest.mark.parametrize("species", SPECIES)
def test_they_are_fishers(species: str) -> None:
    mine = [flower.features for flower in flowers() if flower.species == species]
    assert [mean(f[name] for f in mine) for name in FEATURES] == pytest.approx(MEANS[species], abs=1e-9)
