"""Which paths of a source are looked at when: all in a folder that changed, those of quiet files seldom."""

from __future__ import annotations

import os
from collections.abc import Mapping

from collectors.logs.tail.chain import Chain
from collectors.logs.tail.complaints import GONE, Complaints

Stats = dict[str, os.stat_result | None]
"""What is at a path; None: nothing."""
CALM = 16
"""A file that was quiet for so many seconds is looked at once a second."""


class Looks:
    """Looks at the paths of one source.

    Args:
        chains: by path, as they are when paths are looked at.
        idle: how seldom, at most, a path is looked at, in s.
        complaints: is told what is wrong.
    """

    def __init__(self, chains: Mapping[str, Chain], idle: float, complaints: Complaints) -> None:
        self._chains, self._idle, self._complaints = chains, idle, complaints
        self._due: dict[str, float] = {}

    def at(self, paths: list[str], changed: set[str], now: float) -> Stats:
        """What is at those of the paths that are due at `now`, in s by any clock; `changed` are the folders
        that are not as they were."""
        seen: Stats = {}
        due = self._due
        if len(due) > len(paths) or changed:
            paths = sorted(self._chains.keys() | set(paths))
            self._due = due = {path: due[path] for path in paths if path in due}
        for path in paths:
            if (
                now >= due.get(path, 0.0)
                or (changed and os.path.dirname(path) in changed)
                or self._led_astray(path)
            ):
                try:
                    seen[path] = os.stat(path)
                except OSError as error:
                    if error.errno in GONE:
                        seen[path] = None
                        self._complaints.well(path)
                    else:
                        self._complaints.error(path, error)
                due[path] = now + self._pause(path, now)
        return seen

    def _led_astray(self, path: str) -> bool:
        """Whether what a path led to was rotated away: what it leads to now must be followed before that is
        rotated away in its turn."""
        chain = self._chains.get(path)
        return chain is not None and chain.live is None

    def _pause(self, path: str, now: float) -> float:
        chain = self._chains.get(path)
        if path in self._complaints.refused:
            return self._idle
        if chain is None or not chain.steady:
            return 0.0
        return min((now - chain.tracks[0].grown) / CALM, self._idle)
