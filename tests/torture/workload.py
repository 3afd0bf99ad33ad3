"""What the devices of the torture have to do: drawn at random, so that no two stores live alike."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

# How often each span, size, ... is drawn is how often it stands here: short windows die at more points.
SPANS = ("1s", "1s", "1s", "2s")
SIZES = (1, 1, 1, 2, 4)
TIERS = ('{ 8 = "1m" }', '{ 2 = "1m", 16 = "2m" }', '{ 64 = "1h" }')
SINK = "sink:main"
CONFIRMS = (SINK, SINK, SINK, "broker")
COLLECTORS = ("cpu", "network", "storage", "pressure", "thermal", "frequency", "sockets", "filesystem")
RULES = (
    "system.memory.linux.available > 1 B",
    "system.cpu.utilization > 0.2",
    "no made.up for 1s",
    "outrider.up > 2",
)


class Workload(NamedTuple):
    """One device's lot: `size` of its store in MiB, `off` the collectors that it goes without, `rules` of
    its alerts, some of which come and go all the time."""

    span: str = "1s"
    size: int = 1
    tiers: str = TIERS[0]
    confirm: str = SINK
    in_flight: int = 4
    off: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether what is lost behind the broker is sent again: not if its word is taken for arrival."""
        return self.confirm == SINK

    def toml(self) -> str:
        """Its configuration; every number exact on the wire, and little patience with the broker."""
        rules = [f"[[alert]]\nname = \"r{n}\"\nwhen = '{when}'\n" for n, when in enumerate(self.rules)]
        off = [f"[collectors.{name}]\nenabled = false\n" for name in self.off]
        return f"""[window]
span = "{self.span}"
[ship]
confirm = "{self.confirm}"
digits = 0
[store]
max_size = "{self.size} MiB"
tiers = {self.tiers}
[broker]
backoff_min = "100ms"
backoff_max = "1s"
ack_timeout = "5s"
in_flight = {self.in_flight}
{"".join([*off, *rules])}"""


def drawn(random: Random) -> Workload:
    """Any of them."""
    return Workload(
        random.choice(SPANS),
        random.choice(SIZES),
        random.choice(TIERS),
        random.choice(CONFIRMS),
        random.choice((1, 4, 20)),
        tuple(name for name in COLLECTORS if random.random() < 0.3),
        tuple(rule for rule in RULES if random.random() < 0.5),
    )
