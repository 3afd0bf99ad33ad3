"""What keeps records on the device on purpose, and until when, as the store has it for people. Pure."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

HOLDS = "holds"
"""The name of its state in the store."""


class Holds(NamedTuple):
    """Until when, in s on the clock of `boot`, records wait for the wall clock, and the device rests from
    the link; None where they do not."""

    boot: str
    clock: float | None = None
    rest: float | None = None

    def dump(self) -> bytes | None:
        """As it is stored; None while nothing is held."""
        if self.clock is None and self.rest is None:
            return None
        return json.dumps(self._asdict(), separators=(",", ":")).encode()

    @classmethod
    def load(cls, state: bytes) -> Holds:
        """From the store.

        Raises:
            ValueError: it is none.
        """
        try:
            holds = cls(**json.loads(state))
            sound = all(each is None or math.isfinite(each) for each in holds[1:])
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise ValueError(f"no state of what is held: {error}") from error
        if not (sound and isinstance(holds.boot, str)):
            raise ValueError("no state of what is held")
        return holds
