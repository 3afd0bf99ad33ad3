"""What a model in one version was made for, and whether what it is given now is still that.

The reference is a baseline that was given, or the records of the first while, frozen then. What comes is
compared with it, the records of one window after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from agent.stats.baseline import Baseline, BaselineError, Feature, decoded, encoded, summed
from agent.stats.drift import Bounds, Seen, Verdict, judged
from agent.stats.histogram import Histogram
from agent.stats.standard import SCALE, Standard
from agent.stats.topk import Top

FEATURES = 256
"""Features that are followed of a model in one version."""
LEAST = 500
"""Records below which nothing is frozen, however long it took."""
GIVEN, FROZEN, LEARNING = b"G", b"F", b"L"
"""How a stored reference begins: the digest of a baseline that was given, or one that was learned."""
TOLD_AT_ONCE = 10
"""Features of a new baseline that are told in one flush; the others follow, so that no message is large."""
SAVED_EVERY = 900.0
"""Seconds between two times that an unfinished baseline is stored."""


class Settings(NamedTuple):
    """For how long records are collected for a baseline, and compared with it, in s; when that matters."""

    learn: float = 86_400.0
    window: float = 3600.0
    bounds: Bounds = Bounds()


class Turn(NamedTuple):
    """What changed at the end of a window.

    Args:
        verdicts: of all features that could be judged.
        turned: the names of those that drift since now, or do not any more.
        frozen: the baseline, when that is new.
        told: some features of a new baseline, which are to be told.
    """

    verdicts: Mapping[str, Verdict]
    turned: tuple[str, ...] = ()
    frozen: Baseline | None = None
    told: Mapping[str, Feature] = {}


class Reference:
    """The reference of one version.

    Args:
        settings: of the model.
        name, version: what the baseline is called.
        now: s since 1970; the window begins.
        given: the baseline, if there is one.
        stored: what was saved in an earlier life: a baseline that was given then too is not new.
        told: how many of its features were told then.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        version: str,
        now: float,
        given: Baseline | None = None,
        stored: bytes = b"",
        told: int = 0,
    ) -> None:
        self._mark = b"" if given is None else GIVEN + blake2b(repr(given).encode(), digest_size=16).digest()
        self._settings, self.name, self.version = settings, name, version
        self.baseline = given
        self.refused = 0
        self._learned: dict[str, Feature] = {}
        self._since, self._began = now, now
        self._window: dict[str, Feature] = {}
        self._drifted: dict[str, bool] = {}
        known = stored == self._mark
        self._new, self._saved = not known and given is not None, known and given is not None
        self._told = told if known else 0
        self._told_saved = self._told
        self._saved_at = 0.0

    @property
    def features(self) -> Mapping[str, Feature]:
        """The features that are known, with their standards."""
        return self.baseline.features if self.baseline is not None else self._learned

    def standard(self, feature: str) -> Standard | None:
        """The standard of a number, None as long as it has none."""
        known = self.features.get(feature) or self._window.get(feature)
        return known.standard if known is not None and isinstance(known.values, Histogram) else None

    def categories(self, feature: str) -> frozenset[str] | None:
        """The categories of the baseline, None where all may be."""
        known = self.baseline.features.get(feature) if self.baseline is not None else None
        if known is None or not isinstance(known.values, Top) or known.values.other:
            return None
        return frozenset(known.values.counts)

    def begin(self, feature: str, standard: Standard) -> None:
        """Give a number the standard that holds from now on."""
        self.add(feature, Feature(Histogram(SCALE), standard))

    def add(self, feature: str, more: Feature) -> None:
        """Add values; those of another kind or standard than before are refused."""
        for where in (self._window, self._learned) if self.baseline is None else (self._window,):
            before = where.get(feature)
            if before is None and len(where) >= FEATURES:
                self.refused += 1
                return
            try:
                where[feature] = more if before is None else summed(feature, before, more)
            except BaselineError:
                self.refused += 1
                return

    def turn(self, now: float) -> Turn | None:
        """What is found, if the window is over at `now`; the next one begins. What is new is found before."""
        learned = self.baseline is None
        frozen = self._frozen(now)
        if learned and frozen is not None:
            # This window is in the baseline.
            self._window, self._began = {}, now
        told = self._telling()
        if now - self._began < self._settings.window:
            return Turn({}, frozen=frozen, told=told) if told or frozen is not None else None
        verdicts = dict(self._judged())
        decided = {name: each.drifted for name, each in verdicts.items() if each.drifted is not None}
        turned = tuple(name for name, now_so in decided.items() if now_so != self._drifted.get(name, False))
        self._drifted |= decided
        self._window, self._began = {}, now
        return Turn(verdicts, turned, frozen, told)

    def _telling(self) -> dict[str, Feature]:
        """The next features that were not told yet."""
        if self.baseline is None or self._told >= len(self.baseline.features):
            return {}
        names = sorted(self.baseline.features)[self._told : self._told + TOLD_AT_ONCE]
        self._told += len(names)
        return {name: self.baseline.features[name] for name in names}

    def _frozen(self, now: float) -> Baseline | None:
        """The baseline, once: when enough was learned, or was given."""
        if self.baseline is None:
            rows = max((_rows(feature) for feature in self._learned.values()), default=0)
            if now - self._since < self._settings.learn or rows < LEAST:
                return None
            self.baseline = Baseline(self.name, self.version, now, dict(self._learned))
            self._learned = {}
            return self.baseline
        new, self._new = self._new, False
        return self.baseline if new else None

    def _judged(self) -> Iterator[tuple[str, Verdict]]:
        if self.baseline is None:
            return
        nothing = Feature(Histogram(SCALE))
        bounds = self._settings.bounds.shared(len(self.baseline.features))
        for name, feature in self.baseline.features.items():
            window = self._window.get(name)
            if window is None:
                if not self._window:
                    continue
                # All others came: of this one every value is missing.
                rows = max(_rows(each) for each in self._window.values())
                empty = Top() if isinstance(feature.values, Top) else nothing.values
                window = Feature(empty, feature.standard, rows)
            if type(window.values) is type(feature.values) and window.standard == feature.standard:
                yield name, judged(feature.seen, Seen(window.values, window.missing), bounds)

    def save(self, now: float) -> bytes | None:
        """What is to be stored, if that is due: a baseline once it is frozen, and now and then before."""
        done = self.baseline is not None
        if self._saved or (not done and now - self._saved_at < SAVED_EVERY):
            return None
        self._saved, self._saved_at = done, now
        if self._mark:
            return self._mark
        made = self.baseline or Baseline(self.name, self.version, self._since, self._learned)
        mark = FROZEN if done else LEARNING
        try:
            return mark + encoded(made)
        except BaselineError:
            self.refused += 1
            return None

    def save_told(self) -> bytes | None:
        """How many features were told, where that is to be stored."""
        if self._told == self._told_saved:
            return None
        self._told_saved = self._told
        return b"%d" % self._told

    @classmethod
    def restored(cls, settings: Settings, stored: bytes, now: float, told: int = 0) -> Reference:
        """What was saved, of which so many features were told.

        Raises:
            BaselineError: it is none.
        """
        made = decoded(stored[1:])
        if stored[:1] == FROZEN:
            found = cls(settings, made.model, made.version, now, made)
            found._new, found._saved = False, True
            found._told = found._told_saved = told
            return found
        found = cls(settings, made.model, made.version, now)
        found._learned, found._since = dict(made.features), made.made
        return found


def _rows(feature: Feature) -> int:
    return feature.seen.count + feature.missing
