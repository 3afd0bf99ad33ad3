"""What the daemon said of its own bounds: what its governor holds back, what goes to flash and wire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from agent.config.quantity import show_rate
from agent.config.settings import Config
from agent.doctor.finding import Finding
from agent.flash import Flash
from agent.judge.thrift import KEPT, Thrift
from agent.ship.budget import Saved
from agent.ship.purse import LINK
from agent.stats.frame import Event
from agent.store.errors import CorruptRow, StoreError
from agent.store.reader import Reader
from collectors.host import Host
from collectors.schedule import KEY

KB, MB = 1e3, 1e6
RAISE = "find out what costs so much (`outrider test --cost`), or raise limits.{}"
FEWER = "a longer window.span or fewer series (`metrics.exclude`) send less; or raise ship.budget"
SPARE = "a longer window.span or fewer series write less; or raise store.write_budget"


def examine(config: Config, host: Host, now: float) -> Iterator[Finding]:
    """Look into the store for what the newest daemon said; nothing is found where there is no store."""
    directory = Path(config.store.directory)
    try:
        with closing(Reader.copy(directory)) as reader:
            kept = reader.states("kept")
            events = [
                event
                for stored in reader.stored(streams=("events",))
                if stored.row.tombstone is None
                for event in stored.content().events
            ]
    except (StoreError, CorruptRow, OSError):
        return
    yield from governed(events)
    yield from flash(config, kept.get(KEPT, b""), Flash(host, directory), now)
    yield from wire(config, kept.get(LINK, b""))


def governed(events: Sequence[Event]) -> Iterator[Finding]:
    """The limits that are passed, and the collectors that are switched off, since the newest start."""
    steps: dict[str, Event] = {}
    off: dict[str, str] = {}
    for event in events:
        told = dict(event.attributes)
        if event.name == "agent.start":
            steps, off = {}, {}
        elif event.name.startswith("governor."):
            steps[told.get("limit", "")] = event
        elif event.name.startswith("collector."):
            off.pop(told.get(KEY[0], ""), None)
            if event.name == "collector.governed":
                off[told.get(KEY[0], "")] = event.text
    held = {limit: event for limit, event in steps.items() if dict(event.attributes).get("step") != "0"}
    for limit, event in held.items():
        yield Finding("limits", "warning", f"the daemon does with less: {event.text}", RAISE.format(limit))
    for name, why in off.items():
        yield Finding("readings", "note", f"{name} is {why}")


def flash(config: Config, state: bytes, counts: Flash, now: float) -> Iterator[Finding]:
    """What was written within 24 hours, by the daemon and by all, beside the budget."""
    budget = config.store.write_budget
    thrift = Thrift(budget.a_day)
    thrift.restore(state, now)
    if not state:
        return
    whole = (
        f"{thrift.device / MB:.1f} MB by all on {counts.device}" if counts.device else f"all: {counts.why}"
    )
    text = (
        f"written in 24 hours: {thrift.spent / MB:.1f} MB by the daemon, {whole}; "
        f"store.write_budget is {show_rate(budget)}"
    )
    thrift.look(0.0, counts.counted())
    if thrift.thrifty:
        yield Finding("flash", "warning", f"{text}: commits are delayed", SPARE)
    else:
        yield Finding("flash", "ok", text)


def wire(config: Config, state: bytes) -> Iterator[Finding]:
    """What was spent of the link's budget as of the last flush, and how coarse windows are for it."""
    if config.ship.budget is None or not state:
        return
    try:
        account = Saved.load(state).account
    except ValueError as error:
        yield Finding("budget", "warning", f"{error}; the daemon counts all as spent")
        return
    told = show_rate(config.ship.budget)
    spent = f"{account.spent / KB:.1f} KB"
    text = f"spent on the wire in the last {told.partition('/')[2]}: {spent}, ship.budget is {told}"
    if account.grain > 1:
        text += f"; {account.grain} windows are shipped as one"
    if account.left:
        yield Finding("budget", "ok", text)
    else:
        yield Finding("budget", "warning", f"{text}; nothing more goes until there is room", FEWER)
