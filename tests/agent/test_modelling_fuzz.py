"""Models of lines that hold anything, over lives whose stored states are torn now and then: never fatal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timezone
from random import Random

import pytest

from agent.config.models import Model, Samples
from agent.config.settings import Config
from agent.logs.following import Following, Told
from agent.logs.models import samples
from agent.modelling import Models
from collectors.logs.formats.format import Field, Format
from collectors.tally import Tally

NOW = 1_800_000_000.0
FLUSHES, LIVES = 4, 3
ROLES = (
    "time", "request", "version", "prediction", "label", "confidence", "feature.temp", "category.site",
    "rank", "correct", "predicted_value", "true_value", "latency", "status",
)  # fmt: skip
FIELDS = tuple(Field(role, role.replace(".", "_")) for role in ROLES)
FORM = Format("any", "json", FIELDS, attributes=("slice",))
KEYS = (*(field.key for field in FORM.fields), "slice", "other")
VALUES: tuple[object, ...] = (
    None, True, False, 0, 1, -1, 3.5, 1e308, -1e308, 1e-320, 10**30, "", "a", "b", "NaN", "Infinity", "null",
    "\u00e9\u2028\x00", "x" * 300, [], {}, [1], {"a": {}},
)  # fmt: skip


def line(random: Random, now: float) -> bytes:
    """A record with some of the fields, of any values, though often with a time and an id that may be."""
    said = {key: value(random) for key in random.sample(KEYS, random.randint(0, len(KEYS)))}
    if random.random() < 0.6:
        said["time"] = now - random.choice((0, 1, 100, 90_000, -100))
    if random.random() < 0.6:
        said["request"] = f"r{random.randint(0, 300)}"
    return json.dumps(said).encode() + b"\n"


def value(random: Random) -> object:
    some = (random.randint(0, 3000), f"c{random.randint(0, 3000)}", str(random.random()))
    return random.choice((*VALUES, *some))


def begun(random: Random, stored: Mapping[str, bytes], now: float) -> tuple[Following, Models]:
    """A model whose settings are other ones in each life, and its log."""
    strata = random.choice(("prediction", "label", "version", "status", "none"))
    settings = Model(
        "any",
        ("api",),
        ranges={"temp": (0.0, 100.0)},
        classes=random.randint(2, 20),
        label_most=200,
        samples=Samples(enabled=True, strata=strata),
    )
    models = Models(Config(model=(settings,)), stored, now, lambda _: None, Tally())
    told = Told("api", (("log.name", "api"),), FORM, (), timezone.utc)
    return Following(told, model=models.of("api")), models


@pytest.mark.parametrize("seed", range(3))
def test_whatever_lines_and_states_hold_is_counted_and_never_fatal(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "HOUR", 1.0)
    random, stored, now, counted = Random(seed), dict[str, bytes](), NOW, 0
    for _ in range(LIVES):
        log, models = begun(random, dict(stored), now)
        for _ in range(FLUSHES):
            lines = [line(random, now) for _ in range(random.choice((1, 10, 300)))]
            log.take(b"".join(lines), now)
            log.flush(now)
            made = models.summed_up(now)
            counted += sum(len(windows) for windows in made.minutes.values())
            stored |= {name: state for name, state in made.states.items() if state is not None}
            for name in [name for name, state in made.states.items() if state is None]:
                stored.pop(name, None)
            now += random.choice((0, 1, 2, 60, 4000, -30))
        for name in random.sample(sorted(stored), min(len(stored), random.choice((0, 0, 1)))):
            stored[name] = stored[name][: random.randint(0, len(stored[name]))]
    assert counted > 0
