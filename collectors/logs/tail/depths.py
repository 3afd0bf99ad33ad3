"""Whether files hold what was read already. Compressed ones are decompressed to tell, so much a look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from collectors.logs.tail.medium import STEP, Medium, Packed
from collectors.logs.tail.proof import HEAD, Proof

FAR = 64 * 1024 * 1024
"""So much is decompressed to compare; beyond it a whole equal head will do."""
MOST = 8 * 1024 * 1024
"""Bytes that are decompressed in one look."""
MOST_SETTLED = 256

File = tuple[int, int]
Known = Sequence[tuple[int, Proof]]


class UnderWay(NamedTuple):
    """A compressed file that is compared, and what of the known it does not hold."""

    medium: Packed
    others: set[tuple[int, Proof]]

    def goes_on(self, known: Known) -> bool:
        """Whether all that is to be compared lies ahead: it is read forward only."""
        reached = max((offset for offset, _ in self.others), default=0)
        return all(each[0] > reached or each in self.others for each in known)


class Depths:
    """Compares files with what is known. One of which it is not clear yet is kept open, and gone on with at
    the next look; of one that is known it is remembered, so that it is decompressed once.

    Args:
        most: bytes that are decompressed in one look.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = self._left = most
        self._under_way: dict[File, UnderWay] = {}
        self._asked: set[File] = set()
        self._settled: dict[tuple[File, int, int], None] = {}

    def renew(self) -> None:
        """Another look begins. What the last one did not ask for is let go."""
        for file in self._under_way.keys() - self._asked:
            self._under_way.pop(file).medium.close()
        self._asked.clear()
        self._left = self._most

    def close(self) -> None:
        """Give all descriptors back."""
        self._asked.clear()
        self.renew()

    def known(self, file: File, medium: Medium, known: Known) -> bool | None:
        """Whether a file holds anything that is `known`; None: that is not clear before another look.
        `medium` is the caller's, and at its start, whatever comes of it.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        near = [each for each in known if each[1].begins(medium.head())]
        if not isinstance(medium, Packed):
            return any(holds(medium, *each) for each in near)
        if any(offset > FAR and proof.length == HEAD for offset, proof in near):
            return True
        status = medium.status()
        mark = (file, status.st_size, status.st_mtime_ns)
        if not near or mark in self._settled:
            return bool(near)
        self._asked.add(file)
        found = self._compared(file, medium, sorted(near, key=lambda each: each[0]))
        if found:
            if len(self._settled) >= MOST_SETTLED:
                del self._settled[next(iter(self._settled))]
            self._settled[mark] = None
        return found

    def _compared(self, file: File, medium: Packed, known: Known) -> bool | None:
        begun = self._under_way.pop(file, None)
        if begun is not None and not begun.goes_on(known):
            begun.medium.close()
            begun = None
        begun = begun or UnderWay(medium.again(), set())
        try:
            for each in known:
                if each not in begun.others:
                    if not self._reach(begun.medium, each[0]):
                        self._under_way[file] = begun
                        return None
                    if holds(begun.medium, *each):
                        return True
                    begun.others.add(each)
            return False
        finally:
            if file not in self._under_way:
                begun.medium.close()

    def _reach(self, medium: Packed, offset: int) -> bool:
        """Decompress up to `offset`, as far as this look may."""
        while self._left > 0:
            if medium.reach(offset):
                return True
            self._left -= STEP
        return False


def holds(medium: Medium, offset: int, proof: Proof) -> bool:
    """Whether a file holds what was read up to `offset`, or its beginning."""
    return proof.like(offset, medium) != "other"
