"""One generation of one file: where it stands, and the next lines of it."""

from __future__ import annotations

from typing import NamedTuple

from collectors.logs.tail import joined, wrapped
from collectors.logs.tail.lines import Lines, whole
from collectors.logs.tail.medium import Medium
from collectors.logs.tail.position import Ended, Position
from collectors.logs.tail.proof import HEAD, RUNGS, WINDOW, digest, ladder
from collectors.logs.tail.source import Limits, Source

HOLE = bytes(4096)  # so many zeros are no text: a file was cut under a writer that goes on behind
RAW = 1


class Changed(Exception):  # noqa: N818 - said of the file
    """Raised where the file does not hold what was read of it: it was cut, or is another."""


class Part(NamedTuple):
    """What one reading gave: lines, when each was written, bytes read; how many lines were cut, were torn,
    were not wrapped; bytes left out."""

    text: bytes
    times: list[float | None] | None
    size: int
    cut: int = 0
    torn: int = 0
    malformed: int = 0
    dropped: int = 0


class Track:
    """Follows one generation; `medium` is where its content is read from now, None: not open.

    Nothing is kept of what is not yet a whole line: it is read again when there is more.

    `looked` is when the file was last written as of the last look; `written` becomes the same only once it
    was seen that it still holds this generation.

    Args:
        key: its number among the positions of its source.
        position: where it stands.
    """

    __slots__ = (
        "begun", "checked", "device", "ended", "grown", "inode", "key", "last", "live", "looked", "lost",
        "medium", "more", "offset", "path", "pending", "proof", "real", "rejected", "size", "skipping",
        "spent", "wrapper", "written",
    )  # fmt: skip

    def __init__(self, key: int, position: Position) -> None:
        self.key = key
        self.path = position.path
        self.device = position.device
        self.inode = position.inode
        self.offset = position.offset
        self.proof = position.proof
        self.written = self.looked = position.written
        self.live = position.live
        self.skipping = position.skipping
        self.ended = position.ended
        self.begun = position.begun
        self.medium: Medium | None = None
        self.real = position.path
        self.wrapper: wrapped.Wrapper | None = None
        self.size = max(position.size, position.offset)
        self.more = self.size > self.offset
        self.pending = False
        self.last = False
        self.spent = False
        self.checked = False
        self.grown = 0.0
        self.lost: float | None = None
        self.rejected: set[tuple[int, int]] = set()

    @property
    def file(self) -> tuple[int, int]:
        """Device and inode."""
        return self.device, self.inode

    @property
    def missing(self) -> bool:
        """It was rotated away, and nobody knows where to."""
        return self.medium is None and not (self.live or self.spent)

    @property
    def unsure(self) -> bool:
        """It has changed since it was read."""
        return self.looked != self.written or self.size != self.offset

    @property
    def unproved(self) -> bool:
        """Nothing is known of its content: its inode, which may be used again, says nothing."""
        return not (self.proof.rungs or self.offset)

    def position(self, ended: tuple[Ended, ...]) -> Position:
        """Where it stands now."""
        return Position(
            self.path, self.device, self.inode, self.offset, self.proof, self.written,
            self.live, self.skipping, ended, self.begun, max(self.size, self.offset),
        )  # fmt: skip

    def use(self, medium: Medium) -> None:
        """Read from there on; what was open before is closed."""
        self.close()
        self.medium = medium
        self.checked = False
        self.more = True
        self.lost = None

    def close(self) -> None:
        """Give the descriptor back."""
        if self.medium is not None:
            self.medium.close()
            self.medium = None

    def meet(self, head: bytes) -> None:
        """Look at the head of a file, and remember more of it where it has grown.

        Raises:
            Changed: it is another.
        """
        if not self.proof.begins(head) or len(head) < self.proof.length:
            raise Changed
        if len(head) >= next((rung for rung in RUNGS if rung > self.proof.length), HEAD + 1):
            self.proof = self.proof._replace(rungs=ladder(head))
        if self.wrapper is None and (b"\n" in head or len(head) == HEAD):
            self.wrapper = wrapped.wrapper_of(head)
        self.checked = self.proof.length == HEAD

    def holds(self, medium: Medium) -> bool:
        """Whether a plain file that bears its inode holds what was read of it."""
        if self.unproved:
            return True
        return not medium.packed and self.proof.like(self.offset, medium, 0) == "same"

    def read(self, source: Source, limits: Limits, *, quiet: bool) -> Part:
        """The next lines; `more` says afterwards whether there may be others at once.

        `quiet`: nothing came for a while, so that the last record is whole.

        Raises:
            Changed: the file holds something else.
            OSError: it cannot be read.
            ValueError: it cannot be decompressed.
        """
        medium = self.medium
        if medium is None or not medium.reach(self.offset):
            return Part(b"", None, 0)
        if medium.packed and medium.size() < self.offset:
            # A copy that was made before the last lines were read: there is nothing more in it.
            self.last, self.more = True, False
            return Part(b"", None, 0)
        back = min(self.offset, WINDOW)
        data = medium.read(self.offset - back, back + limits.block)
        if back == self.offset:
            self.meet(data[:HEAD])
        elif not self.checked:
            self.meet(medium.head())
        if len(data) < back or (back and self.proof.before and digest(data[:back]) != self.proof.before):
            raise Changed
        self.written = self.looked
        block = data[back:]
        full = len(block) == limits.block
        self.more = full
        if block.startswith(HOLE) or (block[:1] == b"\0" and not self.skipping):
            return self._over_zeros(medium, data, back)
        part, used, skipping = self._lines(block, source, limits, quiet=quiet or self.last, full=full)
        self.advance(data, back + used)
        self.skipping = skipping
        self.pending = used < len(block) and not (full or quiet)
        if used and self.last:
            self.more = True
        return part

    def _over_zeros(self, medium: Medium, data: bytes, back: int) -> Part:
        """Go over a hole, or over zeros."""
        zeros = len(data) - back - len(data[back:].lstrip(b"\0"))
        there = max(medium.data_after(self.offset), self.offset + zeros)
        skipped, self.offset = there - self.offset, there
        before = medium.before(there)
        if before is None:
            raise Changed
        self.proof = self.proof._replace(before=digest(before))
        self.more = True
        return Part(b"", None, skipped, dropped=skipped)

    def advance(self, data: bytes, end: int) -> None:
        """`end` bytes of `data`, which begins the window before the offset, are done with."""
        self.offset += end - min(self.offset, WINDOW)
        if end:
            self.proof = self.proof._replace(before=digest(data[max(0, end - WINDOW) : end]))

    def _lines(
        self, block: bytes, source: Source, limits: Limits, *, quiet: bool, full: bool
    ) -> tuple[Part, int, int]:
        """The lines of a block, the bytes used of it, and the new `skipping`."""
        wrapper = self.wrapper or "none" if source.wrapper == "auto" else source.wrapper
        # A wrapped line is longer than what it wraps; it is cut inside.
        limit = limits.line if wrapper == "none" else limits.block - 1
        cut = whole(block, limit, skipping=bool(self.skipping & RAW), last=self.last)
        skipping = RAW if cut.skipping else 0
        part = Part(cut.text, None, cut.used, cut.cut, cut.torn, 0, cut.dropped)
        if wrapper != "none" and cut.text:
            return self._unwrapped(part, cut, wrapper, source, limits, quiet=quiet, full=full)
        used = cut.used
        if source.join and cut.text:
            text, kept, more_cut = joined.join_text(
                cut.text, limits.line, last=quiet or cut.skipping, full=full
            )
            for _ in range(kept):
                used = block.rfind(b"\n", 0, used - 1) + 1
            part = part._replace(text=text, size=used, cut=part.cut + more_cut)
        return part, used, skipping | (self.skipping & ~RAW)

    def _unwrapped(
        self, part: Part, cut: Lines, wrapper: wrapped.Wrapper, source: Source, limits: Limits,
        *, quiet: bool, full: bool,
    ) -> tuple[Part, int, int]:  # fmt: skip
        base = cut.used - len(cut.text) if not (cut.torn or cut.cut) else 0
        inner = self.skipping & ~RAW
        found = wrapped.unwrap(cut.text, wrapper, limits.line, inner, force=self.last)
        if not found.used and full:
            found = wrapped.unwrap(cut.text, wrapper, limits.line, inner, force=True)
        used = cut.used if found.used == len(cut.text) else base + found.used
        lines, times, cuts = found.lines, found.times, part.cut + found.cut
        if source.join and lines:
            records = joined.join(lines, limits.line, last=quiet or cut.skipping)
            kept = found.clean_end(len(lines) - records.kept) if records.kept else None
            if records.kept and (kept is None or (not kept and full)):
                records = joined.join(lines, limits.line, last=True)
            elif kept is not None:
                used = base + kept
            lines, times = records.records, [times[first] for first in records.firsts]
            cuts += records.cut
        skipping = found.skipping | (RAW if cut.skipping else 0)
        text = b"".join(lines)
        return Part(text, times, used, cuts, part.torn, found.malformed, part.dropped), used, skipping
