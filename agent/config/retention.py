"""How long and how much is kept of each stream, and what goes first when there is no room.

The forms and settings of `[retention.windows]`, `[retention.events]`, `[retention.alerts]` and
`[retention.samples]`.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from agent.config.fault import Refusal, Refused, quoted
from agent.config.forms import Choice, Duration, Schema, Size, Whole
from agent.config.section import Setting

HOUR, DAY = 3600.0, 86400.0
KIB, GIB = 1024, 1024**3
_PER_CENT = r"(?:100|[1-9][0-9]?)\s*%"


class Portion(NamedTuple):
    """A part of the store: so many per cent of `store.max_size`, or so many bytes."""

    per_cent: int = 0
    size: int = 0

    def of(self, total: int) -> int:
        """The same in bytes, of a store of `total` bytes."""
        return self.size or total * self.per_cent // 100


class Portions(NamedTuple):
    """A whole number of per cent, or a size within bounds."""

    sizes: Size

    def read(self, value: object) -> Portion:
        """The portion."""
        if isinstance(value, str) and re.fullmatch(_PER_CENT, value.strip()):
            return Portion(per_cent=int(value.strip().rstrip("%")))
        try:
            return Portion(size=self.sizes.read(value))
        except Refused as refused:
            if isinstance(value, str) and value.rstrip().endswith("%"):
                raise Refused(Refusal(f"{quoted(value)} is no share", self.allowed())) from None
            again = (refusal._replace(allowed=self.allowed()) for refusal in refused.refusals)
            raise Refused(*again) from None

    def allowed(self) -> str:
        """Both ways to write it."""
        return f'"1%" to "100%" of store.max_size, or {self.sizes.allowed()}'

    def show(self, value: object) -> str:
        """In TOML."""
        portion = value if isinstance(value, Portion) else Portion()
        return self.sizes.show(portion.size) if portion.size else f'"{portion.per_cent}%"'

    def schema(self) -> Schema:
        """In JSON schema."""
        return {"anyOf": [{"type": "string", "pattern": f"^{_PER_CENT}$"}, self.sizes.schema()]}


MAX_AGE = Setting(
    Duration(HOUR, 3650 * DAY), "What is older is deleted; what nobody confirmed by then is said to be lost."
)
MAX_SIZE = Setting(
    Portions(Size(16 * KIB, 64 * GIB)),
    "The most of this stream, as contents and 128 bytes a record; beyond it `at_limit` holds.",
)
PRIORITY = Setting(
    Whole(0, 9),
    "Without room for all, streams of lower priority are dropped first, and sent last.",
)
DROP = Setting(
    Choice("drop_oldest", "drop_newest"),
    "What to do at the limit: drop the oldest, or not keep what is new. Both leave a tombstone.",
)
COARSEN = Setting(
    Choice("coarsen", "drop_oldest", "drop_newest"),
    "What to do at the limit: merge neighbouring windows, and drop the oldest only when all is merged; drop "
    "the oldest at once; or not keep what is new. What is dropped leaves a tombstone.",
)


class Windows(NamedTuple):
    """The summaries of all series."""

    max_age: Annotated[float, MAX_AGE] = 400 * DAY
    max_size: Annotated[Portion, MAX_SIZE] = Portion(per_cent=100)
    priority: Annotated[int, PRIORITY] = 5
    at_limit: Annotated[str, COARSEN] = "coarsen"


class Events(NamedTuple):
    """What happened once: starts, absences, losses (`outrider ledger`)."""

    max_age: Annotated[float, MAX_AGE] = 400 * DAY
    max_size: Annotated[Portion, MAX_SIZE] = Portion(per_cent=10)
    priority: Annotated[int, PRIORITY] = 7
    at_limit: Annotated[str, DROP] = "drop_oldest"


class Alerts(NamedTuple):
    """Each change of an alert rule: kept longest, dropped last."""

    max_age: Annotated[float, MAX_AGE] = 1000 * DAY
    max_size: Annotated[Portion, MAX_SIZE] = Portion(per_cent=10)
    priority: Annotated[int, PRIORITY] = 9
    at_limit: Annotated[str, DROP] = "drop_oldest"


class Samples(NamedTuple):
    """Raw material, such as each second around an alert: the first to go."""

    max_age: Annotated[float, MAX_AGE] = 30 * DAY
    max_size: Annotated[Portion, MAX_SIZE] = Portion(per_cent=25)
    priority: Annotated[int, PRIORITY] = 1
    at_limit: Annotated[str, DROP] = "drop_oldest"


class Retention(NamedTuple):
    """What is kept of each stream, and what goes first. Windows are merged before anything is dropped;
    what the far side has confirmed goes before what it has not, whatever the priorities.
    """

    windows: Windows = Windows()
    events: Events = Events()
    alerts: Alerts = Alerts()
    samples: Samples = Samples()
