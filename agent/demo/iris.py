"""The 150 flowers that Fisher measured: what is sent to the model, and what is true of it.

R. A. Fisher, The use of multiple measurements in taxonomic problems, Annals of Eugenics 7 (1936) 179-188;
without the two faults of the copy at UCI.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")
"""By the number that the model knows them by."""


class Flower(NamedTuple):
    """One flower.

    Args:
        features: cm by name, in the order of `FEATURES`.
        species: one of `SPECIES`.
    """

    features: dict[str, float]
    species: str


def flowers() -> tuple[Flower, ...]:
    """All of them, in Fisher's order."""
    with Path(__file__).with_name("iris.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(
            Flower({name: float(row[name]) for name in FEATURES}, row["species"])
            for row in csv.DictReader(rows)
        )
