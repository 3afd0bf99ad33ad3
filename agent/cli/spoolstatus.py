"""`outrider spool status`: what waits to be confirmed and why, the link's budget, and the flash's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent.config.quantity import Rate
    from agent.ship.budget import Account
    from agent.store.reader import Reader


class Written(NamedTuple):
    """Bytes of the last 24 hours, as the last state that was worth keeping had them: by the daemon, and to
    its block device by anyone; the day's budget, and what could be written now (below 0 it is owed)."""

    process: int
    device: int
    budget: int
    left: int


class Moment(NamedTuple):
    """Now: wall clock in s, and `uptime` in s on the clock of `boot`."""

    wall: float
    boot: str
    uptime: float


def show(reader: Reader, rate: Rate, now: Moment, *, as_json: bool) -> int:
    """Print it, for people or as one JSON object; `rate` is the budget of writes."""
    waiting, account, written = _waiting(reader), _account(reader), _written(reader, rate, now.wall)
    held = _held(reader, now)
    if as_json:
        budget = account._asdict() if account is not None else None
        flash = written._asdict() if written is not None else None
        until = {name: now.wall + left for name, left in held.items()}
        found = {"waiting": waiting, "held": until, "budget": budget, "flash": flash}
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        lines = (*_lines(waiting), *_why(held, now), _budget(account), _flash(written, rate))
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _waiting(reader: Reader) -> dict[str, dict[str, float]]:
    """Of each stream what is not confirmed: records, bytes, and since when (wall s)."""
    found: dict[str, dict[str, float]] = {}
    for stored in reader.stored(bodies=False):
        if not stored.row.confirmed:
            each = found.setdefault(stored.row.key.stream, {"records": 0, "bytes": 0, "since": stored.start})
            each["records"] += 1
            each["bytes"] += stored.row.size
            each["since"] = min(each["since"], stored.start)
    return found


def _held(reader: Reader, now: Moment) -> dict[str, float]:
    """What keeps records here on purpose ("clock", "rest"), as the last flush knew it, and for how many s
    more; nothing that is over, or of another boot."""
    from agent.ship.holds import HOLDS, Holds

    state = reader.states("kept").get(HOLDS)
    try:
        holds = Holds.load(state) if state is not None else Holds("")
    except ValueError as error:
        sys.stderr.write(f"outrider spool: {error}\n")
        return {}
    if holds.boot != now.boot:
        return {}
    left = (("clock", holds.clock), ("rest", holds.rest))
    return {name: until - now.uptime for name, until in left if until is not None and until > now.uptime}


def _why(held: dict[str, float], now: Moment) -> Iterator[str]:
    """Why records wait, and until when."""
    from agent.ledger import utc

    words = {
        "clock": "records wait for the wall clock, which is surely wrong (ship.clock_wait)",
        "rest": "the device rests between two connections, to stay within ship.budget",
    }
    for name, left in held.items():
        yield f"{words[name]}: for {left:.0f} s more at most, until {utc(now.wall + left)}"


def _account(reader: Reader) -> Account | None:
    """The budget as the last flush knew it; None without one."""
    from agent.ship.budget import Saved
    from agent.ship.purse import LINK

    state = reader.states("kept").get(LINK)
    try:
        return Saved.load(state).account if state is not None else None
    except ValueError as error:
        sys.stderr.write(f"outrider spool: {error}; the daemon counts all as spent\n")
        return None


def _written(reader: Reader, rate: Rate, now: float) -> Written | None:
    """What the daemon kept of its writes; None where it has not yet."""
    from agent.judge.thrift import KEPT, Thrift

    state = reader.states("kept").get(KEPT)
    if state is None:
        return None
    thrift = Thrift(rate.a_day)
    thrift.restore(state, now)
    return Written(thrift.spent, thrift.device, round(thrift.a_day), round(thrift.left))


def _flash(written: Written | None, rate: Rate) -> str:
    from agent.config.quantity import show_rate

    budget = f"store.write_budget {show_rate(rate)}"
    if written is None:
        return f"{budget}: nothing is known yet of what was written"
    left = f"{written.left:,} left now" if written.left >= 0 else f"{-written.left:,} owed"
    device = f", {written.device:,} to the device by anyone" if written.device else ""
    return f"{budget}: {written.process:,} bytes written in 24 hours{device}; {left}"


def _lines(waiting: dict[str, dict[str, float]]) -> list[str]:
    from agent.ledger import utc

    return [
        f"{stream}: {each['records']:.0f} record{'s' * (each['records'] != 1)}, {each['bytes']:,.0f} bytes, "
        f"not confirmed yet; the oldest of {utc(each['since'])}"
        for stream, each in waiting.items()
    ] or ["everything is confirmed"]


def _budget(account: Account | None) -> str:
    from agent.config.quantity import Rate, period_of, show_rate

    if account is None:
        return "no budget (ship.budget)"
    budget = show_rate(Rate(account.limit, period_of(account.per)))
    grain = f"; {account.grain} windows are shipped as one" if account.grain > 1 else ""
    spent = f"budget {budget}: {account.spent:,} bytes spent, {account.left:,} left of the last"
    return f"{spent} {budget.partition('/')[2]}, as of the last flush{grain}"
