"""Settings of the flight recorder."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from agent.config.forms import Choice, Duration, Flag, Size, Whole
from agent.config.patterns import Patterns
from agent.config.section import Setting

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
KIB = 1024


class Recorder(NamedTuple):
    """The flight recorder: an alert, or `outrider record`, keeps every sample around it, from the ring. A
    capture is a record of the stream `samples`: it is sent after everything else.
    """

    enabled: Annotated[bool, Setting(Flag(), "Whether alerts are captured, and people may ask for it.")] = (
        True
    )
    before: Annotated[
        float,
        Setting(
            Duration(0, HOUR), "How far a capture goes back; no further than the ring (ring.keep) reaches."
        ),
    ] = 2 * MINUTE
    after: Annotated[
        float,
        Setting(
            Duration(0, HOUR),
            "How far it goes on. What happens meanwhile belongs to the same capture, which may become "
            "twice as long for it.",
        ),
    ] = MINUTE
    severity: Annotated[
        str,
        Setting(
            Choice("info", "warning", "critical", "none"), "The least severity of an alert that begins one."
        ),
    ] = "warning"
    cooldown: Annotated[
        float, Setting(Duration(0, 30 * DAY), "How long a rule that was captured begins no other capture.")
    ] = HOUR / 2
    per_day: Annotated[
        int, Setting(Whole(0, 288), "Captures in 24 hours, those that people ask for included.")
    ] = 12
    max_size: Annotated[
        int,
        Setting(
            Size(4 * KIB, 900 * KIB),
            "The most that one takes in the store; on the wire it is about half of it. 120 series and 3m "
            "take 17 KB on a quiet host, 53 KB where every series moves all the time. Beyond it, and beyond "
            "50,000 values, the ticks farthest from the trigger are thinned out.",
        ),
    ] = 256 * KIB
    metrics: Annotated[
        tuple[str, ...], Setting(Patterns(), "Keep only what one of these matches; empty: everything.")
    ] = ()
