"""The models of a configuration: made of its settings, asked by the thread that follows logs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from agent.config.settings import Config
from agent.logs.limits import MINUTE
from agent.logs.stored import below
from agent.logs.windows import Windows
from agent.stats.window import merge_into
from collectors.tally import Tally

if TYPE_CHECKING:
    from agent.logs.models.model import Model, Said

ROOM = "model"
"""Under which the states of models are stored, beside the positions of logs."""

AT_ONCE, SIZE = 80, 64_000
"""Samples, and characters of them, that are handed over at a time: an hour's of many models come at once."""


class Made(NamedTuple):
    """What became of all models since they were asked last: windows by their start (s since 1970), what
    happened, and what is to be stored with both."""

    minutes: Mapping[float, Windows]
    said: tuple[Said, ...]
    states: Mapping[str, bytes | None]


class Models:
    """All models.

    Args:
        config: names them, and their logs.
        stored: what was stored in an earlier life, by name, among other things.
        now: s since 1970.
        say: is told once of each baseline that cannot be used.
        tally: counts under `outrider.models.*`.
    """

    def __init__(
        self,
        config: Config,
        stored: Mapping[str, bytes],
        now: float,
        say: Callable[[str], object],
        tally: Tally,
    ) -> None:
        self._tally = tally
        self._models: dict[str, Model] = {}
        self._known: list[Windows] = []
        if config.model:
            # A megabyte of code, for those who have a model.
            from agent.planned import known, model_of

            for settings in config.model:
                states = below(f"{ROOM}/{settings.name}/", stored)
                self._models[settings.name] = model_of(settings, config, states, now, say)
                self._known.append(known(settings))
        self._samples: deque[Said] = deque()
        self._of = {log: settings.name for settings in config.model for log in settings.logs}
        own = {settings.name for settings in config.model}
        self._stale = [
            name for name in stored if name.startswith(f"{ROOM}/") and name.split("/")[1] not in own
        ]

    def of(self, log: str) -> Model | None:
        """The model that a log tells of, None where it is none's."""
        name = self._of.get(log)
        return None if name is None else self._models[name]

    def summed_up(self, now: float) -> Made:
        """All that was made of records until now."""
        minutes: dict[float, Windows] = {}
        said: list[Said] = []
        states: dict[str, bytes | None] = dict.fromkeys(self._stale)
        self._stale = []
        for name, model in self._models.items():
            made = model.flush(now)
            for minute, windows in made.minutes.items():
                merge_into(minutes.setdefault(minute * MINUTE, {}), windows)
            said += [each for each in made.events if each.stream != "samples"]
            self._samples += [each for each in made.events if each.stream == "samples"]
            states |= {f"{ROOM}/{name}/{key}": state for key, state in model.changes(now).items()}
            self._tally.set("outrider.models.refused", model.refused, **{"model.name": name})
            self._tally.set("outrider.models.unsaved", model.unsaved, **{"model.name": name})
            self._tally.set("outrider.models.left_out", model.left_out, **{"model.name": name})
        for known in self._known:
            merge_into(minutes.setdefault(now // MINUTE * MINUTE, {}), known)
        return Made(minutes, (*said, *self._some_samples()), states)

    def _some_samples(self) -> Iterator[Said]:
        """The first of the samples that wait, as many as one flush may take."""
        count, size = 0, 0
        while self._samples and count < AT_ONCE and size < SIZE:
            count, size = count + 1, size + len(self._samples[0].text)
            yield self._samples.popleft()
