"""What is wrong with logs: said once each, counted always."""

from __future__ import annotations

from collections.abc import Callable
from errno import EACCES, ELOOP, ENOENT, ENOTDIR, EPERM, errorcode

from collectors.host import printable
from collectors.logs.tail.medium import Refused
from collectors.logs.tail.track import Part, Track
from collectors.tally import Tally

MOST = 256
GONE = frozenset((ENOENT, ENOTDIR))
DENIED = frozenset((EACCES, EPERM))


class Complaints:
    """Says what is wrong, once for each path until it is well again, and counts it.

    Args:
        tally: counts.
        say: is told in words.
    """

    def __init__(self, tally: Tally, say: Callable[[str], object]) -> None:
        self._tally = tally
        self._say = say
        self.refused: dict[str, str] = {}
        """What is not read now by path, and why; at most `MOST`."""
        self.closed: set[str] = set()
        """Those of them that may not be read, and may be later."""
        self._beyond: dict[str, int] = {}
        for name in ("read", "dropped", "lost", "behind"):
            tally.describe(f"outrider.logs.{name}", "By")

    def count(self, name: str, n: float = 1, **attributes: str) -> None:
        """Count something."""
        if n:
            self._tally.add(name, n, **attributes)

    def error(self, path: str, error: OSError) -> None:
        """A path cannot be read. That it is not there is no error."""
        if error.errno in GONE:
            return
        code = errorcode.get(error.errno or 0, "other")
        reason = error.reason if isinstance(error, Refused) else "loop" if error.errno == ELOOP else code
        self.refuse(path, printable(f"{path}: {error.strerror}"), reason)
        if error.errno in DENIED and not isinstance(error, Refused) and path in self.refused:
            self.closed.add(path)

    def broken(self, source: str, error: OSError) -> None:
        """A file system failed where none should; what belongs to the source is looked at anew."""
        self.refuse(source, printable(f"{source}: {error}"), errorcode.get(error.errno or 0, "other"))

    def damaged(self, path: str, error: ValueError) -> None:
        """A compressed file cannot be read."""
        self.refuse(path, printable(f"{path}: {error}"), "damaged")

    def strange(self, name: str, error: ValueError) -> None:
        """A stored position cannot be understood; its file is taken for a new one."""
        self._tally.add("outrider.logs.unreadable", reason="position")
        self._say(printable(f"{name}: {error}"))

    def well(self, path: str) -> None:
        """A path can be read."""
        self.refused.pop(path, None)
        self.closed.discard(path)

    def refuse(self, path: str, words: str, reason: str) -> None:
        """Something cannot be read now."""
        self._tally.add("outrider.logs.unreadable", reason=reason)
        if path not in self.refused and len(self.refused) < MOST:
            self.refused[path] = words
            self._say(words)

    def beyond(self, source: str, beyond: int, most: int) -> None:
        """So many paths of a source are not followed."""
        before = self._beyond.get(source, 0)
        if beyond and not before:
            self._say(f"{source}: {most} files are followed, at least {beyond} more are not")
        if beyond != before:
            self._tally.set("outrider.logs.beyond", beyond)
        self._beyond[source] = beyond

    def lost(self, track: Track, path: str, reason: str, size: int) -> None:
        """The rest of a generation is not to be had: of it, at least what was seen and not read is lost."""
        self._tally.add("outrider.logs.unfound", reason=reason)
        missing = max(0, size - track.offset)
        self.count("outrider.logs.lost", missing)
        if missing:
            self._say(
                printable(f"{path}: {missing} bytes are lost, they were rotated away and are not found")
            )

    def part(self, part: Part) -> None:
        """What was read, and what of it was left out."""
        self.count("outrider.logs.read", part.size)
        self.count("outrider.logs.cut", part.cut)
        self.count("outrider.logs.torn", part.torn)
        self.count("outrider.logs.unwrapped", part.malformed)
        self.count("outrider.logs.dropped", part.dropped)
