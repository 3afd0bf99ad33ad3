"""What is sent at which moment, and when it goes wrong: pure, so that it can be tested without waiting.

Three greenhouses send a flower each now and then. After the calm, trouble rises from nothing to its whole:

- greenhouse-2: a sensor breaks. Its requests lack a petal's width, or have no number for its length.
- greenhouse-3: a new gauge measures petals in inches. The model is as sure as before, and wrong.
- archive: someone sends old flowers by the thousand, and all others wait behind them.
"""

from __future__ import annotations

import math
from random import Random
from typing import NamedTuple

from agent.demo.iris import Flower

STEADY, BROKEN, INCHES = SITES = ("greenhouse-1", "greenhouse-2", "greenhouse-3")
ARCHIVE = "archive"
RATE = 20.0
"""Requests a second, of all greenhouses together."""
FAULTY = 0.4
"""The share of the broken sensor's requests that are faulty, in the end."""
CM_PER_INCH = 2.54
PETALS = ("petal_length", "petal_width")


class Course(NamedTuple):
    """How the demo goes.

    Args:
        calm: seconds without trouble.
        rise: seconds that trouble takes to become what it will be.
    """

    calm: float = 60.0
    rise: float = 30.0

    def trouble(self, elapsed: float) -> float:
        """From 0, none, to 1, `elapsed` seconds after the start."""
        return min(1.0, max(0.0, (elapsed - self.calm) / self.rise))


def measured(flower: Flower, site: str, trouble: float, random: Random) -> dict[str, float]:
    """The features that a greenhouse sends of a flower."""
    features = dict(flower.features)
    if site == BROKEN and random.random() < FAULTY * trouble:
        if random.random() < 0.5:
            del features["petal_width"]
        else:
            features["petal_length"] = math.nan
    if site == INCHES and random.random() < trouble:
        features.update({name: round(features[name] / CM_PER_INCH, 2) for name in PETALS})
    return features


SMALLEST, MOST = 100, 40_000
"""Flowers that the archive sends at once."""
BUSY = 0.6
"""Seconds that a lot of the archive takes the model, in the end."""


def next_lot(flowers: int, took: float, trouble: float) -> int:
    """How many flowers the archive sends after so many took it `took` seconds; at most twice as many."""
    wanted = flowers * BUSY * trouble / max(took, 1e-3)
    return max(SMALLEST, min(MOST, int(wanted), 2 * flowers))
