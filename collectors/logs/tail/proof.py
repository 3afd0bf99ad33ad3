"""Which content a file holds: its inode alone does not say, as inodes are used again and files are cut.

Digests, never the text itself: positions are kept, and a log may hold what nobody wants kept.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal, NamedTuple, Protocol

RUNGS = (16, 24, 32, 40, 48, 56, 64, 96, 128, 192, 256, 512, 1024)
"""Lengths of the head that are digested, as it grows: a shorter copy is known by a lower rung."""
STEP = 8
"""A file that is no more than that longer than the rung it is compared at is as good as compared."""
HEAD = RUNGS[-1]
WINDOW = 256
"""Bytes before the offset that are digested."""
STRONG = 256
"""So many equal bytes are no accident; two services of one kind begin their logs with the same words."""
WEAK = 64

Likeness = Literal["other", "shorter", "same"]


class Content(Protocol):
    """What can be looked at: a file, or what a compressed one holds."""

    def head(self) -> bytes:
        """The first `HEAD` bytes, or all there are."""

    def before(self, offset: int) -> bytes | None:
        """At most `WINDOW` bytes before `offset`; None: there is less than that."""


class Proof(NamedTuple):
    """What is known of the content of a file that was read up to an offset.

    `rungs` are the digests of as many of `RUNGS` as the file had bytes when it was looked at, `before` the
    digest of what stands before the offset, empty at offset 0.
    """

    rungs: tuple[bytes, ...] = ()
    before: bytes = b""

    @property
    def length(self) -> int:
        """Bytes of the head that are proved."""
        return RUNGS[len(self.rungs) - 1] if self.rungs else 0

    def within(self, head: bytes) -> Proof:
        """As much of it as a file tells that begins with `head`: a copy may have been made before the log was
        looked at, and be shorter than what is known of its head."""
        return self._replace(rungs=self.rungs[: rungs_within(len(head))])

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with `head` may hold this content: as far as both are known."""
        known = min(len(self.rungs), rungs_within(len(head)))
        return not known or digest(head[: RUNGS[known - 1]]) == self.rungs[known - 1]

    def like(self, offset: int, content: Content, least: int = WEAK) -> Likeness:
        """What another file holds: this content at least up to the offset ("same"), only its beginning
        ("shorter"), or something else. Fewer than `least` equal bytes are no proof, unless they are all."""
        head = content.head()
        known = min(len(self.rungs), rungs_within(len(head)))
        if not self.begins(head) or (not known and not offset):
            return "other"
        before = content.before(offset)
        if before is None:
            equal = RUNGS[known - 1] if known else 0
            return "shorter" if equal and (equal >= least or len(head) - equal < STEP) else "other"
        if offset and digest(before) != self.before:
            return "other"
        equal = max(min(offset, WINDOW), RUNGS[known - 1] if known else 0)
        whole = offset and content.before(offset + 1) is None
        return "same" if equal >= least or whole else "other"


def digest(data: bytes) -> bytes:
    """Six bytes that another text has by one chance in 2^48."""
    return blake2b(data, digest_size=6).digest()


def rungs_within(length: int) -> int:
    """How many rungs a head of so many bytes reaches."""
    return sum(rung <= length for rung in RUNGS)


def ladder(head: bytes) -> tuple[bytes, ...]:
    """The digests of every rung that `head` reaches."""
    return tuple(digest(head[:rung]) for rung in RUNGS if rung <= len(head))
