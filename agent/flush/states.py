"""States of other parts that go with a flush: what changed waits, what is stored is known too, for a store
that has to be begun anew."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice


class States:
    """States by name; None: there is no such any more."""

    def __init__(self) -> None:
        self._waiting: dict[str, bytes | None] = {}
        self._stored: dict[str, bytes] = {}

    def begin(self, stored: Mapping[str, bytes]) -> None:
        """The store that was opened has these."""
        self._stored = dict(stored)

    @property
    def stored(self) -> Mapping[str, bytes]:
        """What the store holds."""
        return self._stored

    def note(self, changed: Mapping[str, bytes | None]) -> None:
        """What is other than before; it waits for the next flush."""
        self._waiting.update(changed)

    def some(self, most: int) -> dict[str, bytes | None]:
        """What waits, as far as it goes into one flush."""
        return dict(islice(self._waiting.items(), most))

    def all(self) -> dict[str, bytes | None]:
        """What waits."""
        return dict(self._waiting)

    def written(self, states: Mapping[str, bytes | None]) -> None:
        """These are stored."""
        for name, state in states.items():
            del self._waiting[name]
            if state is None:
                self._stored.pop(name, None)
            else:
                self._stored[name] = state

    def anew(self) -> None:
        """The store was begun anew: all that is known waits for it."""
        self._waiting = {**self._stored, **self._waiting}
